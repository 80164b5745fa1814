"""What the columns of a text table are: joints and axes, the frame, the person.

One row a frame, `left_knee_x, left_knee_y, left_knee_confidence, ...`; or one row a joint, with
columns `joint, x, y`, perhaps with a unit, `x_mm`; or DeepLabCut's header of three or four lines.
Other columns are passed over.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy

from posebook.datasets.readers.files import listed
from posebook.datasets.readers.text_tables import LAYOUT, is_data, number, numbers, rows_of
from posebook.errors import InputError

_SCORE = "confidence|conf|score|likelihood|visibility|visible|vis|presence|probability|prob"
_ENDS = re.compile(rf"(.*?)(?:[ _.\-:/|]*({_SCORE}|x|y|z|c)|[ _.\-:/|]+(v|p))", re.IGNORECASE)
_BEGINS = re.compile(rf"({_SCORE}|x|y|z|c|v|p)(?:[ _.\-:/|\[]+(.+?)\]?|(\d+))", re.IGNORECASE)
_WITH_UNIT = re.compile(r"([xyz])[ _.\-:/|(\[]+(mm|cm|m|px)[)\]]?", re.IGNORECASE)
_FRAME = ("frame", "frameid", "frameidx", "frameindex", "framenumber", "frameno", "framenum",
          "framecount", "frames", "image", "imageid", "imagename", "img", "imgname", "picture",
          "file", "filename", "filepath", "unnamed0", "imagepath", "path")  # fmt: skip
_TIME = ("time", "timestamp", "timestampms", "timems", "timesec", "times", "t", "seconds", "ms")
_PERSON = ("trackid", "track", "trackingid", "personid", "person", "personidx", "individual",
           "individuals", "individualid", "animal", "subject", "subjectid", "identity", "playerid",
           "player", "pid", "objectid", "instance", "instanceid", "idx", "id")  # fmt: skip
_JOINT = ("joint", "jointname", "landmark", "landmarkname", "bodypart", "bodyparts", "keypoint",
          "keypointname", "keypointid", "keypointidx", "landmarkid", "landmarkidx", "jointid",
          "node", "part", "partname", "marker", "markername", "point", "pointname",
          "name")  # fmt: skip
#: What may follow x, y and z in the titles of a table with a joint in each row; where there are
#: several, the first is taken: places in space rather than in a picture.
_UNITS = ("", "mm", "cm", "m", "px")
_LONGEST_TITLE = 200
_DLC = ("scorer", "individuals", "bodyparts", "coords")


@dataclass(frozen=True)
class Columns:
    """A table whose columns are understood, a row for each person in each frame.

    values      (rows, joints, 2 or 3), or (rows, numbers) where nothing says what a joint is
    confidence  (rows, joints) or None; names: of the joints, or None
    frames      what the file calls each row's frame; who: and its person; '' for nobody, or None
    unit        of x, y and z, where their titles say it: one of `_UNITS`, else ''
    """

    values: numpy.ndarray
    confidence: numpy.ndarray | None = None
    names: list[str] | None = None
    frames: list[str] | None = None
    who: list[str] | None = None
    unit: str = ""


def read(path: Path, letters: int | None = None) -> Columns:
    """The table of a text file, or of so many letters at its beginning."""
    rows = rows_of(path, letters)
    if rows and rows[0][0].lower() in _DLC:
        return deeplabcut(*_dlc_header(rows, path), path)
    head = next((n for n, row in enumerate(rows[:20]) if _is_header(row)), None)
    if head is not None:
        return _titled(rows[head], [row for row in rows[head + 1 :] if any(map(_given, row))], path)
    if rows and _counts(rows[0]) and len(rows) > 1:  # what pandas calls columns without names
        rows = rows[1:] if rows[0][0] else [row[1:] for row in rows[1:]]
    start = next((n for n, row in enumerate(rows) if is_data(row)), len(rows))
    if start == len(rows):
        raise InputError(f"{path}: no rows of numbers; expected {LAYOUT}")
    if start and any(_axis(title) for title in rows[start - 1]):
        raise InputError(f"{path}: titles {listed(rows[start - 1], 6)}; expected {LAYOUT}")
    values, text = numbers(rows[start:], path, start + 1)
    return Columns(values[:, ~text])


def _given(cell: str) -> bool:
    value = number(cell)
    return value is not None and math.isfinite(value)


def _counts(row: list[str]) -> bool:
    """Whether a row is 0, 1, 2, ... or 1, 2, 3, ..., perhaps behind an empty cell."""
    row = row[1:] if row and not row[0] else row
    return len(row) >= 10 and any(
        row == [str(n + first) for n in range(len(row))] for first in (0, 1)
    )


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def _axis(title: str) -> tuple[str, str] | None:
    """('left_knee', 'x') of 'left_knee_x', 'x_left_knee', 'x12'; ('mm', 'x') of 'x_mm'; or 'c'."""
    title = title[:_LONGEST_TITLE].strip().strip("#").strip()
    if match := _WITH_UNIT.fullmatch(title):
        joint, axis = match[2].lower(), match[1]
    elif match := _ENDS.fullmatch(title):
        joint, axis = match[1], match[2] or match[3]
    elif match := _BEGINS.fullmatch(title):
        joint, axis = match[2] or match[3], match[1]
    else:
        return None
    axis = axis.lower()
    return joint.strip(" _.-:/|"), axis if axis in "xyz" else "c"


def _is_header(row: list[str]) -> bool:
    """Whether a row is titles: an x and a y, of joints or by themselves, and hardly a number."""
    axes = [found[1] for title in row if (found := _axis(title))]
    return {"x", "y"} <= set(axes) and 4 * sum(map(_given, row)) < len(row)


def _titled(titles: list[str], rows: list[list[str]], path: Path) -> Columns:
    """Columns sorted by the joint and axis that their titles name."""
    if not rows:
        raise InputError(f"{path}: titles, but no rows of numbers; expected {LAYOUT}")
    values, _ = numbers(rows, path, 2)
    if len(titles) == values.shape[1] - 1:
        titles = ["", *titles]  # a nameless index in front
    while len(titles) > values.shape[1] and not titles[-1]:
        titles = titles[:-1]
    if len(titles) != values.shape[1]:
        raise InputError(f"{path}: {len(titles)} titles over {values.shape[1]} columns")
    joints: dict[str, dict[str, int]] = {}
    for column, title in enumerate(titles):
        if (found := _axis(title)) and _plain(title) not in (*_FRAME, *_TIME, *_PERSON):
            joints.setdefault(found[0], {}).setdefault(found[1], column)
    scores = {"c": joints[""]["c"]} if "c" in joints.get("", {}) else {}
    joints = {name: axes for name, axes in joints.items() if {"x", "y"} <= axes.keys()}
    frames, who = _column(titles, rows, _FRAME), _person(titles, rows)
    if frames is None:
        frames = _column(titles, rows, _TIME)
    if joints and joints.keys() <= set(_UNITS):  # x and y by themselves: a row is a joint
        names = _column(titles, rows, _JOINT)
        if names is None:
            raise InputError(f"{path}: titles {listed(titles, 6)}; expected {LAYOUT}")
        unit = next(unit for unit in _UNITS if unit in joints)
        axes = scores | joints[unit]  # a confidence by itself belongs to each unit
        return replace(_long(values, axes, names, frames, who, path), unit=unit)
    joints.pop("", None)
    if not joints:
        raise InputError(f"{path}: titles {listed(titles, 6)}; expected {LAYOUT}")
    return _sorted(values, joints, frames, _trusted(who, frames))


def _sorted(
    values: numpy.ndarray, joints: dict[str, dict[str, int]], frames: list[str] | None,
    who: list[str] | None,
) -> Columns:  # fmt: skip
    names: list[str] | None = list(joints)
    ends = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    if len(names) > 3 and all(ends) and len({end[1] for end in ends}) == 1:
        names.sort(key=lambda name: int(re.fullmatch(r".*?(\d+)", name)[1]))  # joints by number
        joints, names = {name: joints[name] for name in names}, None
    axes = "xyz" if all("z" in axes for axes in joints.values()) else "xy"
    columns = [[found[axis] for axis in axes] for found in joints.values()]
    confidence = None
    if all("c" in found for found in joints.values()):
        confidence = values[:, [found["c"] for found in joints.values()]]
    return Columns(values[:, columns], confidence, names, frames, who)


def _column(titles: list[str], rows: list[list[str]], called: Sequence[str]) -> list[str] | None:
    """The cells of the column with the first of these titles; '' for rows that are short."""
    plain = [_plain(title) for title in titles]
    for name in called:
        if name in plain:
            place = plain.index(name)
            return [_whole(row[place]) if place < len(row) else "" for row in rows]
    if called is _FRAME and plain[0] == "":
        return [_whole(row[0]) for row in rows]
    return None


def _whole(cell: str) -> str:
    """'12.0' as '12'; anything else as it is."""
    return re.sub(r"^(\d+)\.0*$", r"\1", cell)


def _person(titles: list[str], rows: list[list[str]]) -> list[str] | None:
    """Who each row is: the column named so, passing over one that counts rows."""
    for name in _PERSON:
        cells = _column(titles, rows, (name,))
        if cells is not None and (len(set(cells)) < len(cells) or len(cells) == 1):
            return cells
    return None


def _trusted(who: list[str] | None, frames: list[str] | None) -> list[str] | None:
    """People, where frames say when; a lone column `id` without frames counts frames."""
    if who is None or frames is not None or len(set(who)) <= max(1, len(who) // 2):
        return who
    return None


def _long(
    values: numpy.ndarray, axes: dict[str, int], names: list[str], frames: list[str] | None,
    who: list[str] | None, path: Path,
) -> Columns:  # fmt: skip
    """A row for each joint, as a row for each person in each frame."""
    if frames is None:
        raise InputError(f"{path}: a joint in each row, but no column 'frame'; expected {LAYOUT}")
    keys = list(zip(frames, who or [""] * len(frames), strict=True))
    row_of = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    joints = list(dict.fromkeys(names))
    if all(name.isdecimal() for name in joints):
        joints.sort(key=int)
    if len(keys) > len(row_of) * len(joints):
        raise InputError(f"{path}: joints come twice in a frame; expected a column 'person'")
    wide = [axis for axis in "xyz" if axis in axes]
    table = numpy.full((len(row_of), len(joints), len(wide)), numpy.nan)
    confidence = numpy.zeros((len(row_of), len(joints)))
    place = {name: number for number, name in enumerate(joints)}
    for row, (key, name) in enumerate(zip(keys, names, strict=True)):
        at = row_of[key], place[name]
        table[at] = [values[row, axes[axis]] for axis in wide]
        confidence[at] = values[row, axes["c"]] if "c" in axes else 1.0
    named = None if all(name.isdecimal() for name in joints) else joints
    return Columns(
        table,
        confidence if "c" in axes else None,
        named,
        [frame for frame, _ in row_of],
        None if who is None else [one for _, one in row_of],
    )


# -------------------------------------------------------------------------------------- DeepLabCut


def _dlc_header(
    rows: list[list[str]], path: Path
) -> tuple[list[tuple[str, ...]], numpy.ndarray, list[str]]:
    """(individual, bodypart, coordinate) of each column, the numbers, and each row's frame."""
    heads = {rows[n][0].lower(): rows[n] for n in range(min(4, len(rows)))
             if rows[n][0].lower() in _DLC}  # fmt: skip
    below = rows[len(heads) :]
    if not {"bodyparts", "coords"} <= heads.keys() or not below:
        raise InputError(
            f"{path}: begins as DeepLabCut's table does; expected its lines scorer, bodyparts, "
            "coords, and rows of numbers"
        )
    coords = heads["coords"]
    first = next((n for n, cell in enumerate(coords) if cell.lower() in ("x", "y")), len(coords))
    wide = len(coords)
    who = heads.get("individuals", [""] * wide)
    if not len(who) == len(heads["bodyparts"]) == wide or first == wide:
        raise InputError(f"{path}: DeepLabCut's header lines differ in length")
    columns = list(zip(who, heads["bodyparts"], coords, strict=True))[first:]
    padded = [row + [""] * (wide - len(row)) for row in below]
    values, _ = numbers([row[first:wide] for row in padded], path, len(heads) + 1)
    if values.shape[1] < len(columns):
        values = numpy.pad(
            values, ((0, 0), (0, len(columns) - values.shape[1])), constant_values=numpy.nan
        )
    return columns, values, ["/".join(filter(None, row[:first])) for row in padded]


def deeplabcut(
    columns: list[tuple[str, ...]], values: numpy.ndarray, frames: list[str], path: Path
) -> Columns:
    """DeepLabCut's table, a row for each individual in each frame.

    columns  (individual or '', bodypart, 'x', 'y' or 'likelihood') of each column of `values`
    """
    place = {
        (who, part, coord.lower()): column for column, (who, part, coord) in enumerate(columns)
    }
    people = list(dict.fromkeys(who for who, _, _ in columns))
    parts = list(dict.fromkeys(part for _, part, _ in columns))
    # Bodyparts of nobody in particular stand under 'single': corners of a room, say.
    whole = [who for who in people if all((who, part, "x") in place for part in parts)]
    if not whole and people:
        most = max(sum((who, part, "x") in place for part in parts) for who in people)
        whole = [who for who in people if sum((who, p, "x") in place for p in parts) == most]
        parts = [part for part in parts if (whole[0], part, "x") in place]
    if not whole or any((who, part, "y") not in place for who in whole for part in parts):
        raise InputError(f"{path}: DeepLabCut's columns lack an x or y of a bodypart")
    scored = all((who, part, "likelihood") in place for who in whole for part in parts)
    tables, scores = [], []
    for who in whole:
        tables.append(values[:, [[place[who, part, axis] for axis in "xy"] for part in parts]])
        if scored:
            scores.append(values[:, [place[who, part, "likelihood"] for part in parts]])
    rows = numpy.concatenate(tables)
    there = numpy.isfinite(rows).any((1, 2))
    frames_of_rows = [frame for _ in whole for frame in frames]
    several = len(whole) > 1 or whole[0] != ""
    return Columns(
        rows,
        numpy.concatenate(scores) if scored else None,
        parts,
        frames_of_rows,
        [who if seen else "" for who, seen in
         zip((who for who in whole for _ in frames), there, strict=True)] if several else None,
    )  # fmt: skip
