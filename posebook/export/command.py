"""From a file of key points, or of motion capture, to lifted poses in four files.

`lift_file` is what `posebook lift` does: read, choose a person, lift and stand upright
(`lift_upright`), write. Everything that was chosen, filled, invented or assumed is in words in
`Poses.notes`.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from posebook import datasets, lifting, paths
from posebook.cameras import Camera
from posebook.datasets.clips import Clip, Motion
from posebook.datasets.readers.files import existing, frame_rate, number, picture_size
from posebook.errors import InputError
from posebook.evaluation import score_table
from posebook.export import options
from posebook.export.page import write_page
from posebook.export.people_page import NAME as PEOPLE_PAGE
from posebook.export.people_page import write_people_page
from posebook.export.pose_files import read_bvh_back, write_bvh, write_json, write_npz
from posebook.export.upright import camera_around, lift_upright
from posebook.files import MOST_BYTES, read_record
from posebook.lifting.continuity import as_stills
from posebook.lifting.notes import Note, of_input
from posebook.lifting.poses import Poses

#: A file with more clips than this is lifted in part: each page takes 5 MB.
MOST_FOLDERS = 24
NAMES = ("poses.npz", "poses.json", "poses.bvh", "poses.html")


@dataclass(frozen=True)
class Lift:
    """One person's poses, and the files they were written to."""

    poses: Poses
    files: tuple[Path, ...]

    def lines(self) -> list[str]:
        count = len(self.poses)
        lines = [f"{count} frame{'s' * (count != 1)} lifted with {self.poses.lifter}"]
        lines += [f"- {note}" for note in self.poses.notes]
        if self.poses.scores:
            lines += ["", str(score_table(self.poses.scores))]
        return lines + [""] + [f"{path.suffix[1:]:<5} {paths.shown(path)}" for path in self.files]


@dataclass(frozen=True)
class LiftResult:
    """What `lift_file` wrote, and what to tell the one who asked for it.

    lifts  one for each person, film or motion that was lifted; mostly one
    notes  what was left out of the file
    page   the one page with everybody, where there are several people
    """

    lifts: tuple[Lift, ...]
    notes: tuple[Note, ...] = ()
    page: Path | None = None

    @property
    def poses(self) -> Poses:
        return self.lifts[0].poses

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for lift in self.lifts for path in lift.files)

    def __str__(self) -> str:
        """The report, for people."""
        lines = [str(note) for note in self.notes]
        for count, lift in enumerate(self.lifts, 1):
            if len(self.lifts) > 1:
                lines += ["", f"== {count} of {len(self.lifts)}: {lift.poses.clip}"]
            lines += lift.lines()
        if self.page is not None:
            lines += ["", "everybody on one page:", f"html  {paths.shown(self.page)}"]
        return "\n".join(lines)


def lift_file(
    input: Path | str,
    out: Path | str | None = None,
    lifter: Any = None,
    *,
    layout: str | None = None,
    size: str | Sequence[int] | None = None,
    intrinsics: str | Path | Sequence[float] | Camera | None = None,
    fps: float | int | str | None = None,
    person: int | str | None = None,
    height: float | str | None = None,
    min_confidence: float | str | None = None,
    up: str | None = None,
    unit: str | float | None = None,
    names: str | dict[str, str] | None = None,
    image: Any = None,
) -> LiftResult:
    """Lift a file of key points, or of motion capture, and write poses.npz, .bvh, .html, .json.

    input       any key-point file that `datasets.read_any` knows, or a BVH, an AMC beside its ASF,
                positions (.npz, .npy, .csv): these are seen by a Human3.6M-like camera, lifted,
                and scored against themselves
    out         folder; made if need be. None: a new `runs/lift/<time>/`. A file with several films,
                pictures or motions, or with person='all', gets a folder in it for each;
                several people get a page with all of them beside it, people.html
    lifter      name of a shipped lifter, a file, or a Lifter; None: `lifting.default_for` the clip
    layout      joint set of the file, where the file does not say
    size        width and height of the picture, (w, h) or 'WxH'
    intrinsics  'fx,fy,cx,cy' in pixels, a JSON file as `Camera.to_dict` writes it, or a Camera
    fps         frames per second, 0.01 to 100000; it wins over what the file says
    person      which person, where there are several; see `datasets.read_keypoints`
    height      how tall the person is, standing, in metres; scales the person and the distance
    min_confidence  from 0 to 1: joints with less count as not seen; None: 0.3
    up          the axis that points up: of motion capture x, y, z, -x, -y or -z; of key points y
                where y is counted upwards, -y where it is not
    unit, names of motion capture, as in `datasets.read_motion`; names may be one text,
                'left_knee=NAME,right_knee=NAME'
    image       a photograph to draw a single frame on

    A folder belongs to the input that was first lifted into it: lifting the same file again
    replaces its results, each in one step, and any other file is refused with an InputError.
    """
    source = existing(input, "a file or folder with key points, or a motion")
    size, fps = picture_size(size, "--size"), frame_rate(fps, "--fps")
    camera = camera_of(intrinsics, size)
    height_mm, min_confidence = options.height_mm(height), options.confidence(min_confidence)
    names = options.joint_names(names)
    if out is not None:
        _check_folder(Path(out), source)
    given = lifting.load(lifter) if isinstance(lifter, (str, Path)) else lifter
    found = datasets.read_any(source, layout=layout, size=size, fps=fps, person=person, up=up,
                              unit=unit, names=names)  # fmt: skip
    if not found:
        raise InputError(f"{source}: nothing to lift in it; expected key points or a motion")
    notes = ()
    if len(found) > MOST_FOLDERS:
        text = f"{len(found)} clips in {source}; the first {MOST_FOLDERS} are lifted."
        notes = (Note("left out", text, dict(clips=len(found) - MOST_FOLDERS, of=len(found))),)
    notes += options.without_effect(
        any(isinstance(item, Motion) for item in found),
        person=person, size=size, intrinsics=intrinsics, unit=unit, names=names,
    )  # fmt: skip
    if not isinstance(found[0], Motion):
        up = options.up_of_key_points(up)
    ready = []
    for item in found[:MOST_FOLDERS]:
        clip, notes_of_input = _clip_of(item)
        exact = isinstance(item, Motion)
        if not exact:
            clip, stills = as_stills(clip)
            notes_of_input += tuple(stills)
        chosen = given or lifting.default_for(clip, exact=exact)
        poses = lift_upright(
            clip, chosen, camera=camera, input=str(source), notes=notes_of_input,
            min_confidence=min_confidence, height_mm=height_mm,
            joint_set_given=layout is not None, up=None if exact else up,
        )  # fmt: skip
        # A file with one thing in it needs no name for it, unless somebody was left out.
        alone = len(found) == 1 and "person" not in item.name
        ready.append(replace(poses, clip=source.stem if alone else item.name))
    folder = Path(out) if out is not None else paths.new_run("lift")
    if len(ready) == 1:
        return LiftResult((write(ready[0], folder, image=image),), notes)
    folder.mkdir(parents=True, exist_ok=True)
    with paths.alone_in(folder):
        _check_folder(folder, source)
        names = _folder_names([item.name for item in found[: len(ready)]])
        for name in names:
            _check_place(folder / name)
        paths.keep_no_folder(folder / PEOPLE_PAGE)
        lifts = [write(poses, folder / name) for poses, name in zip(ready, names, strict=True)]
        page = None
        if any("/person " in poses.clip for poses in ready):
            page = write_people_page(folder / PEOPLE_PAGE, ready, names)
    return LiftResult(tuple(lifts), notes, page)


def _clip_of(item: Clip | Motion) -> tuple[Clip, tuple[Note, ...]]:
    """What to lift, and the notes of the reader and of the camera."""
    if isinstance(item, Clip):
        return item, of_input(item.notes)
    camera, note = camera_around(item)
    return item.seen_by(camera), (*of_input(item.notes), note)


def _folder_names(names: Sequence[str]) -> list[str]:
    """A name for each clip that any file system takes, and no name twice.

    File systems count bytes, not letters, and some take A for a, or one spelling of an accent for
    another.
    """
    made: list[str] = []
    taken: Counter[str] = Counter()
    for name in names:
        letters = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name))
        plain = letters.encode()[:80].decode(errors="ignore").strip("._") or "clip"
        alike = unicodedata.normalize("NFC", plain.casefold())
        taken[alike] += 1
        made.append(f"{plain}~{taken[alike]}" if taken[alike] > 1 else plain)
    return made


def write(poses: Poses, folder: Path, *, image: Any = None) -> Lift:
    """All four files, written in a hidden folder and then moved; the BVH is read back.

    What the files have to say about themselves is added to the notes.
    """
    # The JSON first: it says whose folder this is, should the process end between two renames.
    order = sorted(NAMES, key=lambda name: not name.endswith(".json"))
    with paths.staged(folder, order) as part:
        _check_folder(folder, Path(poses.input))  # another command may have written meanwhile
        bvh, rigid_mm, notes = write_bvh(part / "poses.bvh", poses)
        apart = (read_bvh_back(bvh) - rigid_mm).abs().max().item()
        if not apart < 1.0:
            raise RuntimeError(f"poses.bvh is {apart:.1f} mm off when read back: a bug of posebook")
        poses = replace(poses, notes=(*poses.notes, *notes))
        write_npz(part / "poses.npz", poses, rigid_mm)
        write_page(part / "poses.html", poses, image=image)
        write_json(part / "poses.json", poses, rigid_mm)
    return Lift(poses, tuple(folder / name for name in NAMES))


def _check_place(folder: Path) -> None:
    """Refuse a folder that cannot be made or written into, before any work is lost."""
    whole = folder.absolute()
    there = next(place for place in (whole, *whole.parents) if os.path.exists(place))
    if not there.is_dir():
        raise InputError(f"{paths.shown(there)}: is a file; --out expects a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{paths.shown(there)}: must not be written into; choose another --out")
    for name in NAMES:
        paths.keep_no_folder(folder / name)


def _check_folder(folder: Path, source: Path) -> None:
    """Refuse a folder that holds another input's results, too."""
    _check_place(folder)
    # Folders that begin with a dot are what a killed lift left half written. What we must not look
    # into is nobody's results.
    for place in (folder, *folder.glob("[!.]*/")):
        there = [name for name in NAMES if os.path.exists(place / name)]
        if not there:
            if os.path.exists(place / PEOPLE_PAGE) and not any(place.glob("[!.]*/poses.json")):
                raise InputError(f"{place}: holds a {PEOPLE_PAGE} of something else; give another "
                                 "folder with --out, or remove it")  # fmt: skip
            continue
        try:
            first = read_record(place / "poses.json", "what `posebook lift` wrote", MOST_BYTES)[
                "input_path"
            ]
            same = Path(first) == source.resolve()
        except (OSError, ValueError, KeyError, TypeError):  # an InputError is a ValueError
            first, same = "something else", False
        if not same:
            raise InputError(
                f"{place}: holds {there[0]} of {first}; give another folder with --out, or "
                "remove it"
            )


def camera_of(given: Any, size_px: tuple[int, int] | None) -> Camera | None:
    """A camera from 'fx,fy,cx,cy', four numbers, a JSON file or a Camera; None from None.

    A file may carry a rotation (world, z up, to camera axes): then the pose stands as upright as it
    says, and not as a camera held level would see it.
    """
    if given is None or isinstance(given, Camera):
        return given
    if isinstance(given, (str, Path)) and Path(given).suffix.lower() == ".json":
        expected = "a camera: focal_px and centre_px, each two numbers in pixels"
        values = read_record(given, expected)
        if not isinstance(values, dict):
            raise InputError(f"{given}: expected a JSON object with focal_px and centre_px")
        try:
            return Camera.from_dict({"size_px": size_px, **values})
        except InputError as error:
            raise InputError(f"{given}: {error}") from None
    words = str(given).split(",") if isinstance(given, (str, Path)) else list(given)
    if len(words) != 4:
        raise InputError(f"--intrinsics {given}: expected FX,FY,CX,CY in pixels, or a .json file")
    fx, fy, cx, cy = (number(word, "--intrinsics", "a value") for word in words)
    return Camera(torch.tensor([fx, fy]), torch.tensor([cx, cy]), size_px, name="given")
