"""`people.html`: everybody of a film or photograph in one picture and one scene, where there are
several people.

Each person has a folder with files of their own; this page shows who is who, and where they are to
each other. All stand in the axes of the first: one camera saw them, and its tilt is the first
person's. How far apart they are hangs on the distances, which are the least certain thing here.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.export.playing import Footage, player, there
from posebook.lifting.poses import Poses
from posebook.tables import Link

NAME = "people.html"


def write_people_page(
    path: Path,
    people: Sequence[Poses],
    folders: Sequence[str],
    images: Sequence[Any] | None = None,
    footage: Footage | None = None,
) -> Path:
    """One page for the lifts of a file.

    people   their poses, the most prominent of each film or photograph first
    folders  where each one's own files are, beside the page
    images   the photograph that each is in
    footage  the film that all are in
    """
    footage = footage or Footage()
    films: dict[str, list[Poses]] = {}
    behind: dict[str, Any] = {}
    for poses, image in zip(people, images or [None] * len(people), strict=True):
        films.setdefault(film_of(poses), []).append(poses)
        behind[film_of(poses)] = image
    parts: list[Any] = [
        f"{len(people)} people were lifted. Each has a folder beside this page, with a page, an "
        "array file, a JSON and a BVH of their own."
        + (f" Their key points were found by {people[0].detector}." if people[0].detector else "")
    ]
    for name, own in films.items():
        parts += [figures.Heading(name)] * (len(films) > 1)
        parts.append(_figure(own, behind[name], footage, len(films)))
    rows = [
        (_who(one, len(films) > 1), Link(f"{folder}/poses.html"),
         f"{int(there(one).sum())} of {len(one)}", _away(one))
        for one, folder in zip(people, folders, strict=True)
    ]  # fmt: skip
    headers = ("who", "own page", "frames with a pose", "distance from the camera")
    parts += [figures.Heading("Everybody"), figures.Table(headers, rows)]
    if footage.notes:
        parts += [figures.Heading("How they were found"), *map(str, footage.notes)]
    title = f"{Path(people[0].input).name}: {len(people)} people lifted from 2D to 3D"
    return figures.page(path, title, parts, footer="Made by posebook.")


def film_of(poses: Poses) -> str:
    """'walk/person 2' -> 'walk'."""
    return re.sub("/person [0-9]+$", "", poses.clip)


def _who(poses: Poses, several: bool) -> str:
    """'person 2', or 'walk, person 2' where there are several films."""
    film = film_of(poses)
    person = poses.clip.removeprefix(film).strip("/")
    return ", ".join(filter(None, [film if several or not person else "", person]))


def _away(poses: Poses) -> str:
    depth = poses.root_mm[:, 2][torch.isfinite(poses.root_mm[:, 2])]
    return f"{float(depth.median()) / 1000:.1f} m" if len(depth) else "not known"


def together_mm(people: Sequence[Poses]) -> Tensor:
    """(frames, people, 17, 3) world mm: all in the axes of the first."""
    rotation, shift = people[0].camera_rotation, people[0].camera_place_mm
    return torch.stack(
        [
            (one.pose_mm + one.root_mm.unsqueeze(1)) @ rotation.to(one.pose_mm).mT
            + shift.to(one.pose_mm)
            for one in people
        ],
        1,
    )


def _figure(people: list[Poses], image: Any, footage: Footage, share: int) -> figures.Player:
    """The figure of a film or a photograph with several people in it."""
    count = f"{len(people)} stick figures" if len(people) > 1 else "A stick figure"
    alt = (
        f"{count} in one scene, left sides orange, right sides blue, where the "
        "camera saw them; beside them their key points in the picture."
    )
    return player(
        people,
        together_mm(people),
        footage,
        image=image,
        share=share,
        alt=alt,
        caption="Everybody in the picture, and lifted to 3D",
    )
