"""Lifted people to files: each one's in a folder, and a page with everybody beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.evaluation import score_table
from posebook.export.csv_table import write_csv
from posebook.export.folders import check_folder, check_place, folder_names
from posebook.export.formats import NAMES
from posebook.export.gltf import write_gltf
from posebook.export.page import write_page
from posebook.export.people_page import NAME as PEOPLE_PAGE
from posebook.export.people_page import write_people_page
from posebook.export.photographs import Shown
from posebook.export.playing import Footage
from posebook.export.pose_files import read_bvh_back, rigid, write_bvh, write_json, write_npz
from posebook.export.trc import write_trc
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses


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


def written(
    shown: Sequence[Shown], source: Path, out: Path | None, notes: tuple[Note, ...], pictures: bool,
    extras: Sequence[str], footage: Footage,
) -> LiftResult:  # fmt: skip
    """The files of everybody: in the folder itself, or in one of their own in it."""
    folder = out or paths.new_run("lift")
    if len(shown) == 1:
        only = _one(shown[0], folder, footage, extras)
        return LiftResult((only,), notes)
    folder.mkdir(parents=True, exist_ok=True)
    everybody = [one.poses for one in shown]
    with paths.alone_in(folder):
        check_folder(folder, source)
        names = folder_names([poses.clip for poses in everybody])
        for name in names:
            check_place(folder / name, extras)
        paths.keep_no_folder(folder / PEOPLE_PAGE)
        lifts = [
            _one(one, folder / name, footage, extras)
            for one, name in zip(shown, names, strict=True)
        ]
        page = None
        if pictures or any("/person " in poses.clip for poses in everybody):
            images = [one.picture for one in shown] if pictures else None
            page = write_people_page(folder / PEOPLE_PAGE, everybody, names, images, footage)
    return LiftResult(tuple(lifts), notes, page)


def _one(shown: Shown, folder: Path, footage: Footage, extras: Sequence[str]) -> Lift:
    return write_files(shown.poses, folder, image=shown.picture, footage=footage, extras=extras)


def write_files(
    poses: Poses,
    folder: Path,
    *,
    image: Any = None,
    footage: Footage | None = None,
    extras: Sequence[str] = (),
) -> Lift:
    """All files, written in a hidden folder and then moved; the BVH is read back.

    image, footage  the photograph, or the film, to draw on the page
    extras  names of the files beside the four: values of `formats.ON_REQUEST`. Those that an
            earlier lift wrote, and this one does not, are removed: they would show its poses
    What the files have to say about themselves is added to the notes.
    """  # fmt: skip
    names = (*NAMES, *extras)
    # The JSON first: it says whose folder this is, should the process end between two renames.
    order = sorted(names, key=lambda name: not name.endswith(".json"))
    with paths.staged(folder, order) as part:
        # Another command may have written meanwhile.
        before = check_folder(folder, Path(poses.input), extras)
        body, notes = rigid(poses, [name for name in names if name.endswith((".bvh", ".glb"))])
        bvh = write_bvh(part / "poses.bvh", poses, body)
        apart = (read_bvh_back(bvh) - body.house_mm).abs().max().item()
        if not apart < 1.0:
            raise RuntimeError(f"poses.bvh is {apart:.1f} mm off when read back: a bug of posebook")
        poses = replace(poses, notes=(*poses.notes, *notes))
        write_npz(part / "poses.npz", poses, body.house_mm)
        write_page(part / "poses.html", poses, image=image, footage=footage, files=names)
        write_json(part / "poses.json", poses, body.house_mm, names)
        if "poses.trc" in extras:
            write_trc(part / "poses.trc", poses)
        if "poses.glb" in extras:
            write_gltf(part / "poses.glb", poses, body)
        if "poses.csv" in extras:
            write_csv(part / "poses.csv", poses)
        for name in before.difference(names):
            (folder / name).unlink(missing_ok=True)
    return Lift(poses, tuple(folder / name for name in names))
