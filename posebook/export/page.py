"""`poses.html`: the lifted pose to turn and scrub, the key points beside it, what it rests on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.errors import printable
from posebook.evaluation import score_table
from posebook.export.formats import ABOUT, NAMES
from posebook.export.playing import Footage, player
from posebook.geometry import root_relative
from posebook.lifting.house_clip import ORIGINS
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE

#: A joint is drawn as invented where it was not marked in more than this part of the frames.
_MOSTLY = 0.5
#: Whoever moves further than this over the floor is followed: a pose should fill its picture, and a
#: path hangs on distances, which are the least certain thing here.
_STAYS_MM = 600.0


def write_page(
    path: Path,
    poses: Poses,
    *,
    image: Any = None,
    footage: Footage | None = None,
    files: Sequence[str] = NAMES,
) -> Path:
    """One page, no network, at most 15 MB.

    image    a photograph to draw the key points on
    footage  the film that the person is in, and what of it to show
    files    names of all files that are written together
    """  # fmt: skip
    name = _name(poses)
    parts: list[Any] = [_introduction(poses), _figure(poses, image, footage or Footage())]
    if poses.scores:
        parts += [figures.Heading("How far it is from the truth"), score_table(poses.scores)]
    parts += [figures.Heading("What was chosen, invented, filled and assumed")]
    parts += [str(note) for note in (*(footage.notes if footage else ()), *poses.notes)]
    parts += [figures.Heading("Where each joint came from"), _origins(poses)]
    parts += [
        figures.Heading("The files beside this page"),
        figures.Table(
            ("file", "what is in it"),
            [(name, ABOUT[name]) for name in files if name != path.name],
        ),
    ]
    return figures.page(path, f"{name}: lifted from 2D to 3D", parts, footer="Made by posebook.")


def _name(poses: Poses) -> str:
    """The file's name, and which person or film of it, where that is not all of the file."""
    name = printable(Path(poses.input).name)
    clip = poses.clip.removeprefix(Path(name).stem).strip("/")
    return f"{name}, {clip}" if clip else name


def _introduction(poses: Poses) -> str:
    count = len(poses)
    rate = f" at {poses.frames_per_second:g} frames per second" if poses.frames_per_second else ""
    how_long = f"{count} frames{rate}" if count > 1 else "One frame"
    found = f" The key points were found by {poses.detector}." if poses.detector else ""
    compared = (
        " Beside the lifted pose, dashed and black, stands the true one, its hip put on the "
        "lifted hip."
        if poses.truth_mm is not None
        else ""
    )
    return (
        f"{how_long}, lifted by {poses.lifter}.{found} Turn the pose with the mouse, a finger or "
        f"the arrow keys.{compared}"
    )


def _figure(poses: Poses, image: Any, footage: Footage) -> figures.Player:
    """Film or photograph with the key points, and the pose beside it."""
    look = look_of(poses)
    return player(
        [poses],
        poses.world_mm.unsqueeze(1),
        footage,
        image=image,
        alt=_alt(poses, look["invented"]),
        caption="Key points in the picture, and lifted to 3D",
        **look,
    )


def look_of(poses: Poses) -> dict[str, Any]:
    """How one person is drawn: the truth beside them, what was invented, whether to follow them."""
    invented = [
        joint
        for joint, share in zip(HOUSE.joints, _shares(poses), strict=True)
        if share[0] + share[2] < _MOSTLY
    ]
    truth_mm = _truth(poses)
    return dict(
        truth_mm=None if truth_mm is None else truth_mm.unsqueeze(1),
        invented=invented,
        follow=_path_mm(poses) > _STAYS_MM,
    )


def _path_mm(poses: Poses) -> float:
    """The longer side of the rectangle on the floor that the hip's path fits in."""
    path = poses.world_mm[:, HOUSE.index("hip"), :2]
    path = path[torch.isfinite(path).all(-1)]
    return float((path.amax(0) - path.amin(0)).max())


def _truth(poses: Poses) -> Tensor | None:
    """The true pose in world axes, its hip on the lifted one's."""
    if poses.truth_mm is None:
        return None
    relative = root_relative(poses.truth_mm, HOUSE).to(poses.world_mm)
    turned = relative @ poses.camera_rotation.to(poses.world_mm).T
    return turned + poses.world_mm[:, [HOUSE.index("hip")]]


def _shares(poses: Poses) -> list[list[float]]:
    """For each joint, the part of the frames with a pose in which it was seen, invented, filled,
    missing."""
    origin = poses.origin[torch.isfinite(poses.world_mm).flatten(1).all(-1)]
    kinds = [(origin == kind).double().mean(0) for kind in range(len(ORIGINS))]
    return torch.stack(kinds, -1).tolist()


def _origins(poses: Poses) -> figures.Table | str:
    if not poses.origin.any():
        return "Every joint was marked in every frame."
    rows = []
    for joint, shares in zip(HOUSE.joints, _shares(poses), strict=True):
        rows.append([joint.replace("_", " "), *(f"{100 * share:.0f} %" for share in shares)])
    headers = ("joint", "marked", "invented from others", "filled gap", "missing, guessed")
    return figures.Table(
        headers, rows, "Part of the frames with a pose in which each joint's key point was"
    )


def _alt(poses: Poses, invented: list[str]) -> str:
    """What the pictures show, for somebody who cannot see them."""
    somebody = torch.isfinite(poses.world_mm).flatten(1).all(-1)
    first = poses.world_mm[int(somebody.nonzero()[0])]
    where = dict(zip(HOUSE.joints, first.tolist(), strict=True))
    hip, feet = where["hip"][2], (where["left_foot"][2] + where["right_foot"][2]) / 2
    raised = [
        f"the {side} hand is above the head"
        for side in ("left", "right")
        if where[f"{side}_wrist"][2] > where["head"][2]
    ]
    leaning = "upright" if where["thorax"][2] - hip > 300 else "bent over or lying"
    made = f" Invented or guessed: {', '.join(invented).replace('_', ' ')}." if invented else ""
    return (
        f"A stick figure of 17 joints, left side orange, right side blue, in {len(poses)} frames. "
        f"In the first one the trunk is {leaning}, the hip {abs(hip - feet):.0f} mm above the "
        f"ankles{''.join(', ' + item for item in raised)}.{made}"
    )
