"""`people.html`: everybody of a film or photograph in one picture and one scene, where there are
several people.

Each person has a folder with files of their own; this page shows who is who, and where they are to
each other. All stand in the axes of the first: one camera saw them, and its tilt is the first
person's. How far apart they are hangs on the distances, which are the least certain thing here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.export.page import AXES, MOST_FRAMES, most_frames
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE, Skeleton

NAME = "people.html"
#: The figure shows so many people at most, the most prominent; the table has all.
_MOST_PEOPLE = 8


def write_people_page(
    path: Path,
    people: Sequence[Poses],
    folders: Sequence[str],
    images: Sequence[Any] | None = None,
) -> Path:
    """One page for the lifts of a file.

    people   their poses, the most prominent of each film or photograph first
    folders  where each one's own files are, beside the page
    images   the photograph that each is in
    """
    films: dict[str, list[Poses]] = {}
    behind: dict[str, Any] = {}
    for poses, image in zip(people, images or [None] * len(people), strict=True):
        films.setdefault(_film(poses.clip), []).append(poses)
        behind[_film(poses.clip)] = image
    parts: list[Any] = [
        f"{len(people)} people were lifted. Each has a folder beside this page, with a page, an "
        "array file, a JSON and a BVH of their own."
        + (f" Their key points were found by {people[0].detector}." if people[0].detector else "")
    ]
    for name, own in films.items():
        if len(own) > 1:
            parts += [figures.Heading(name)] * (len(films) > 1) + _picture(own, behind[name])
    rows = [
        (one.clip.removeprefix(_film(one.clip)).strip("/") or one.clip, f"{folder}/poses.html",
         f"{int(_there(one).sum())} of {len(one)}", _away(one))
        for one, folder in zip(people, folders, strict=True)
    ]  # fmt: skip
    headers = ("who", "own page", "frames with a pose", "distance from the camera")
    parts += [figures.Heading("Everybody"), figures.Table(headers, rows)]
    title = f"{Path(people[0].input).name}: {len(people)} people lifted from 2D to 3D"
    return figures.page(path, title, parts, footer="Made by posebook.")


def _film(clip: str) -> str:
    """'walk/person 2' -> 'walk'."""
    return clip.rpartition("/")[0] or clip


def _there(poses: Poses) -> Tensor:
    return torch.isfinite(poses.world_mm).flatten(1).all(-1)


def _away(poses: Poses) -> str:
    depth = poses.root_mm[:, 2][torch.isfinite(poses.root_mm[:, 2])]
    return f"{float(depth.median()) / 1000:.1f} m" if len(depth) else "not known"


def _picture(people: list[Poses], image: Any) -> list[Any]:
    """The figure of a film or a photograph with several people in it."""
    shown = people[:_MOST_PEOPLE]
    first = shown[0]
    rotation, shift = first.camera_rotation, first.camera_place_mm
    together = [
        (one.pose_mm + one.root_mm.unsqueeze(1)) @ rotation.to(one.pose_mm).mT
        + shift.to(one.pose_mm)
        for one in shown
    ]
    world_mm = torch.cat(together, 1)
    points = torch.cat([one.input_px.to(world_mm) for one in shown], 1)
    house, marked = (_several(s, len(shown)) for s in (HOUSE, first.input_skeleton))
    alt = (
        f"{len(shown)} stick figures in one scene, left sides orange, right sides blue, where the "
        "camera saw them; on the left their key points in the picture."
    )
    note = f"Shown: the first {len(shown)} of {len(people)} people." if people[len(shown) :] else ""
    title = "Everybody in the picture, and lifted to 3D"
    if len(first) > 1:
        figure = figures.animate(
            world_mm, points, house, input_skeleton=marked, frame="world", follow=False,
            frames_per_second=first.rate, size_px=first.camera.size_px, labels=AXES,
            most_frames=min(MOST_FRAMES, most_frames(first.input_skeleton, False, len(shown))),
            title=title, note=note,
        )  # fmt: skip
        return [figures.Picture(figure, alt)]
    seen = figures.pose_2d(
        points[0], marked, image=image, size_px=first.camera.size_px, title=title, note=note
    )
    solid = figures.pose_3d(world_mm[0], house, frame="world", labels=AXES, title="Lifted to 3D")
    return [figures.Picture(seen, alt), figures.Picture(solid, alt)]


def _several(skeleton: Skeleton, people: int) -> Skeleton:
    """A joint set that holds so many people, one after the other; the first keeps its names."""
    names = [
        joint if n == 0 else f"{joint}_{n + 1}" for n in range(people) for joint in skeleton.joints
    ]
    parents = [
        parent if n == 0 or parent is None else f"{parent}_{n + 1}"
        for n in range(people)
        for parent in skeleton.parents
    ]
    return Skeleton(f"{skeleton.name}_x{people}", tuple(names), tuple(parents), skeleton.root)
