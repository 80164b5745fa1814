"""Lifted people to files: each one's in a folder, and a page with everybody beside them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.export.csv_table import write_csv
from posebook.export.folders import (
    PEOPLE_FILM,
    check_folder,
    check_people_film,
    check_place,
    folder_names,
)
from posebook.export.formats import NAMES
from posebook.export.gltf import write_gltf
from posebook.export.lift_result import Lift, LiftResult
from posebook.export.mp4 import write_mp4
from posebook.export.page import look_of, write_page
from posebook.export.people_page import NAME as PEOPLE_PAGE
from posebook.export.people_page import film_of, together_mm, write_people_page
from posebook.export.photographs import Shown
from posebook.export.playing import Footage
from posebook.export.pose_files import read_bvh_back, rigid, write_bvh, write_json, write_npz
from posebook.export.trc import write_trc
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses


def written(
    shown: Sequence[Shown], source: Path, out: Path | None, notes: tuple[Note, ...], pictures: bool,
    extras: Sequence[str], footage: Footage,
) -> LiftResult:  # fmt: skip
    """The files of everybody: in the folder itself, or in one of their own in it."""
    folder = out or paths.new_run("lift")
    if len(shown) == 1:
        only = _one(shown[0], folder, footage, extras)
        return LiftResult((only,), (*notes, *_stale(folder, ())))
    folder.mkdir(parents=True, exist_ok=True)
    everybody = [one.poses for one in shown]
    with paths.alone_in(folder):
        check_folder(folder, source)
        names = folder_names([poses.clip for poses in everybody])
        for name in names:
            check_place(folder / name, extras)
        paths.keep_no_folder(folder / PEOPLE_PAGE)
        had_film = check_people_film(folder, extras)
        lifts = [
            _one(one, folder / name, footage, extras)
            for one, name in zip(shown, names, strict=True)
        ]
        page = None
        if pictures or any("/person " in poses.clip for poses in everybody):
            images = [one.picture for one in shown] if pictures else None
            page = write_people_page(folder / PEOPLE_PAGE, everybody, names, images, footage)
        film = None
        if "poses.mp4" in extras and page is not None and len(set(map(film_of, everybody))) == 1:
            world_mm, image = together_mm(everybody), shown[0].picture
            film = write_mp4(folder / PEOPLE_FILM, everybody, world_mm, footage, image=image)
        elif had_film:
            (folder / PEOPLE_FILM).unlink(missing_ok=True)
    return LiftResult(tuple(lifts), (*notes, *_stale(folder, names)), page, film)


def _stale(folder: Path, names: Sequence[str]) -> list[Note]:
    """A note on people of an earlier lift, with other options, whose folders are still there."""
    there = sorted(path.parent.name for path in folder.glob("*/poses.json"))
    left = [name for name in there if name not in names]
    if not left:
        return []
    text = f"of an earlier lift are still in {paths.shown(folder)}: {', '.join(left[:5])}"
    text += ", ..." if left[5:] else ""
    return [Note("left over", f"{text}; they are not of this one.", dict(people=len(left)))]


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
        if "poses.mp4" in extras:
            footage, look = footage or Footage(), look_of(poses)
            world_mm = poses.world_mm.unsqueeze(1)
            write_mp4(part / "poses.mp4", [poses], world_mm, footage, image=image, **look)
        for name in before.difference(names):
            (folder / name).unlink(missing_ok=True)
    return Lift(poses, tuple(folder / name for name in names))
