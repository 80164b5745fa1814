"""The label card: how many labels, which flags, what bodies, the best and the worst as pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import torch

from posebook import paths
from posebook.figures.cells import Cell, sheet
from posebook.figures.pages import Heading, Picture, page
from posebook.figures.parts import Look, flat, names_of, to_plot
from posebook.figures.sheets import worst
from posebook.figures.space import rooted
from posebook.geometry import bone_lengths, root_relative
from posebook.labelling.making import FLAGS
from posebook.methods.label_generator.pictures import RULES
from posebook.metrics import mpjpe, p_mpjpe
from posebook.skeletons import HOUSE, Skeleton, conversion
from posebook.tables import Table

SHOWN = 6
#: What the legend of a sheet calls the poses that are drawn dashed.
_DASHED = "truth (dashed)"
_HEADINGS = {
    "intrinsics": "Where the intrinsics come from",
    "flag": "Flags",
    "of all labels": "Quality",
    "bone, mm": "Lengths of bones",
    "action": "Errors against the truth",
}
_WHAT = {
    "moved_mm": "how far the search moves a joint, mm",
    "off_px": "coarse pose off the key points, px",
    "left_off_px": "label off the key points, px",
    "asymmetry_percent": "left and right bones differ by, %",
    "height_mm": "sum of the bones, mm",
    "distance_m": "distance, m",
    "score": "score",
}


def numbers(arrays: Mapping[str, numpy.ndarray]) -> dict[str, Any]:
    """The card's numbers: counts, flags, quantiles, bones, and errors where there is a truth."""
    good = numpy.isfinite(arrays["pose_mm"]).all((1, 2))
    count, labels = len(good), int(good.sum())
    pose = torch.from_numpy(arrays["pose_mm"][good]).double()
    values = {name: arrays[name][good] for name in ("moved_mm", "off_px", "left_off_px", "score")}
    values["asymmetry_percent"] = 100 * arrays["asymmetry"][good]
    values["height_mm"] = bone_lengths(pose, HOUSE).sum(-1).numpy()
    values["distance_m"] = arrays["root_mm"][good, 2] / 1000
    lengths = bone_lengths(pose, HOUSE).numpy()
    rules = {rule: int((arrays["camera_rule"] == n).sum()) for n, rule in enumerate(RULES)}
    made: dict[str, Any] = dict(people=count, labels=labels, intrinsics=rules)
    made["flags"] = {flag: int(arrays[flag].sum()) for flag in FLAGS}
    made["quantiles"] = {n: _quantiles(values[n]) for n in _WHAT}
    made["bones_mm"] = {
        bone: _quantiles(lengths[:, number]) for number, bone in enumerate(HOUSE.bone_names)
    }
    if "true_mm" in arrays:
        made["errors_mm"] = _errors(arrays, good)
    return made


def report(made: Mapping[str, Any]) -> str:
    """The card as text for a terminal."""
    return "\n\n".join(map(str, _tables(made)))


def write(
    folder: Path, arrays: Mapping[str, numpy.ndarray], about: Mapping[str, Any],
    skeleton: Skeleton, files: tuple[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Write the card's numbers as JSON, then its page; the page is the last file of a folder."""
    made = numbers(arrays)
    paths.write_text(folder / files[0], json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    by = f"{about['by']}, {'then the geometric search' if about['search'] else 'no search'}"
    parts = [
        f"{made['labels']} labels of {made['people']} people: {about['source']} "
        f"({about['terms'] or 'terms not stated'}). Made by {by}.",
        "A label is as large as an average adult: a picture does not tell the size. Its distance "
        "is right only as far as the intrinsics are. Rows are those of labels.npz.",
        *(
            part
            for table in _tables(made)
            for part in (Heading(_HEADINGS[table.headers[0]]), table)
        ),
    ]
    score = torch.from_numpy(arrays["score"])
    good = torch.from_numpy(numpy.isfinite(arrays["pose_mm"]).all((1, 2)))
    for title, value in (("The worst labels", -score), ("The best labels", score)):
        chosen = worst(torch.where(good, value + 1, torch.nan), None, SHOWN)
        if chosen:
            figure = _sheet(arrays, chosen, skeleton)
            alt = (
                f"{title.lower()} by their score, {len(chosen)} of them: the key points, the label "
                "beside them, and dashed behind it the pose before the search"
            )
            parts += [Heading(title), Picture(figure, alt)]
    page(folder / files[1], f"Labels of {about['source']}", parts)
    return made


def _tables(made: Mapping[str, Any]) -> list[Table]:
    count = max(1, made["people"])
    flags = [(flag, made["flags"][flag], 100 * made["flags"][flag] / count, what)
             for flag, what in FLAGS.items()]  # fmt: skip
    rows = [(_WHAT[name], *values) for name, values in made["quantiles"].items()]
    bones = [(bone.replace("_", " "), *values) for bone, values in made["bones_mm"].items()]
    high = ("5 %", "median", "95 %")
    rules = [(rule, found) for rule, found in made["intrinsics"].items() if found]
    tables = [
        Table(("intrinsics", "people"), rules),
        Table(("flag", "people", "%", "what it means"), flags),
        Table(("of all labels", *high), rows, digits=2),
        Table(("bone, mm", *high), bones),
    ]
    if "errors_mm" in made:
        held = [(action, *values) for action, values in made["errors_mm"].items()]
        headers = ("action", "people", "MPJPE before (mm)", "after", "P-MPJPE before (mm)", "after")
        tables.append(Table(headers, held, "17 joints, about the hip, mean over people"))
    return tables


def _errors(arrays: Mapping[str, numpy.ndarray], good: numpy.ndarray) -> dict[str, list]:
    """{action: people, MPJPE and P-MPJPE, each before and after the search}; 'all' first."""
    true = root_relative(torch.from_numpy(arrays["true_mm"]).double(), HOUSE)
    good = good & torch.isfinite(true).all(-1).all(-1).numpy()
    actions = arrays.get("action", numpy.full(len(good), ""))
    made = {}
    for action in ("all", *sorted(set(actions[good].tolist()) - {""})):
        rows = good & ((actions == action) | (action == "all"))
        if not rows.any():
            continue
        found = [torch.from_numpy(arrays[n][rows]).double() for n in ("coarse_mm", "pose_mm")]
        scores = [f(pose, true[rows]).mean().item() for f in (mpjpe, p_mpjpe) for pose in found]
        made[action] = [int(rows.sum()), *(round(score, 3) for score in scores)]
    return made


def _quantiles(values: numpy.ndarray) -> list[float | None]:
    values = values[numpy.isfinite(values)]
    if not len(values):
        return [None] * 3
    return [round(float(v), 4) for v in numpy.quantile(values.astype(float), (0.05, 0.5, 0.95))]


def _sheet(arrays: Mapping[str, numpy.ndarray], chosen: list[int], skeleton: Skeleton) -> Any:
    """The key points as house joints, the label, and behind it, dashed, the coarse pose."""
    points = torch.from_numpy(arrays["keypoints_px"][chosen])
    seen = torch.from_numpy(arrays["confidence"][chosen])
    if skeleton != HOUSE:
        points, seen = conversion(skeleton, HOUSE)(points, seen)
    points = torch.where((seen > 0).unsqueeze(-1), points, torch.nan)
    names = names_of(HOUSE)
    label, coarse = (
        rooted(to_plot(torch.from_numpy(arrays[name][chosen]), "camera"), HOUSE)
        for name in ("pose_mm", "coarse_mm")
    )
    cells, several = [], len(set(arrays["name"].tolist())) > 1
    for place, row in enumerate(chosen):
        flags = [flag.replace("_", " ") for flag in FLAGS if arrays[flag][row]]
        name = f"{arrays['name'][row]!s:.24}" if several else ""
        caption = ", ".join([f"row {row}", *filter(None, [name]), *flags,
                             f"score {arrays['score'][row]:.2f}",
                             f"moved {arrays['moved_mm'][row]:.0f} mm"])  # fmt: skip
        bodies = [
            (coarse[place], Look(True, 3.5, 1.8), [f"before the search: {n}" for n in names]),
            (label[place], Look(size=5.5, line=3.4, sheer=True), names),
        ]
        cells.append(Cell(caption, bodies, flat(points[place]), [f"{n} (input)" for n in names]))
    figure = sheet(cells, HOUSE, min(2, len(cells)), 60, "", "")
    before = "before the search (dashed)"
    return figure.for_each_trace(lambda trace: trace.update(name=before), dict(name=_DASHED))
