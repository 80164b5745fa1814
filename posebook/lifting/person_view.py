"""The shipped lifters' networks see each person as a camera turned towards them would.

What `cameras.turned` computes, for a lifter and a clip: key points to the network's numbers, its
numbers to poses in mm. For networks of single frames, and for networks over time, which see each
frame of a window turned towards its own person. Also what other normalisations share with them.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import Camera
from posebook.cameras.turned import blank_frames, network_input, predict_units, turn_towards
from posebook.datasets.clips import Clip
from posebook.datasets.readers.files import number
from posebook.errors import InputError
from posebook.key_points import guessed_size, in_one_place
from posebook.shapes import Pose3D, Seen
from posebook.skeletons import HOUSE

#: With fewer joints than this in sight there is no pose to speak of: the frame stays empty.
FEWEST_JOINTS = 3
#: Frames that go through a network at once: bounds the memory, changes no number that matters.
BATCH = 8192
#: The sum of the 16 bones of the house skeleton in an average adult, mm. A picture does not say
#: how large a person is; every pose is scaled to this size.
BONES_MM = 3900.0
#: Frames per second that a network over time is trained with. Of a faster clip, every second,
#: third, ... frame is a clip by itself; of a slower one, every frame is.
SLOWEST, FASTEST = 8.0, 60.0
AVERAGE_SIZE = "Size: a picture does not tell it; the person is taken to be of average size."


def lift_person_view(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """`network_input` in, poses in units out; the size is that of an average adult."""

    def answer(inputs: Tensor, seen: Seen) -> Pose3D:
        return in_batches(lambda batch: predict_units(lifter.network, batch), inputs)

    return _lift_turned(lifter, clip, seen, invented, answer)


def lift_person_view_clip(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """The same with `network.lift`, which takes whole clips of any length, one frame too.

    Frames without a person are empty (`blank_frames`) and bridged by what their neighbours show.
    """
    rate = clip.frames_per_second or FASTEST
    apart = math.ceil(rate / FASTEST - 1e-6) if rate >= SLOWEST else max(1, len(clip))

    def answer(inputs: Tensor, seen: Seen) -> Pose3D:
        inputs = blank_frames(inputs, seen, FEWEST_JOINTS)
        units = inputs.new_zeros(len(inputs), len(HOUSE), 3)
        with torch.no_grad():
            for first in range(min(apart, len(inputs))):
                units[first::apart] = predict_units(lifter.network.lift, inputs[first::apart])
        return units

    return _lift_turned(lifter, clip, seen, invented, answer)


def _lift_turned(
    lifter: Any,
    clip: Clip,
    seen: Seen,
    invented: Sequence[str],
    answer: Callable[[Tensor, Seen], Pose3D],
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """Poses from `answer`: network inputs (frames, 18, 3) and joints seen to poses in units."""
    camera, notes = camera_of(clip)
    rays = camera.rays(clip.keypoints_px.nan_to_num())
    seen = seen & torch.isfinite(rays).all(-1)
    view = turn_towards(rays.nan_to_num(), seen)
    known = torch.full((len(clip),), clip.camera is not None)
    made_up = torch.tensor([joint in invented for joint in HOUSE.joints])
    inputs = network_input(view, seen, made_up, known).float()
    somewhere = seen & ~in_one_place(clip.keypoints_px, seen).unsqueeze(-1)
    units = answer(inputs, somewhere).double()
    absolute_mm = view.pose_from_units(units, unit_mm_of(lifter, units))
    root_mm = absolute_mm[:, HOUSE.index("hip")]
    notes.append(AVERAGE_SIZE)
    return (absolute_mm - root_mm.unsqueeze(1)).float(), root_mm.float(), notes


def camera_of(clip: Clip) -> tuple[Camera, list[str]]:
    """The clip's camera, or a guess and the words for it."""
    if clip.camera is not None:
        return clip.camera, []
    size = clip.size_px
    size = guessed_size(clip.keypoints_px, clip.name or "clip") if size is None else size
    camera = Camera.guess(size)
    how = "of" if clip.size_px else "taken to be"
    return camera, [
        f"Camera: unknown; in a picture {how} {size[0]} x {size[1]} px a focal length of "
        f"{camera.focal_px[0]:.0f} px is assumed."
    ]


def unit_mm_of(lifter: Any, units: Pose3D) -> Float[Tensor, " frames"]:
    """Millimetres in a unit, where the bones of each pose add up to an average adult's."""
    bones_mm = lifter.header["normalisation"].get("bones_mm", BONES_MM)
    bones_mm = number(bones_mm, "normalisation", "bones_mm")
    if not 500 < bones_mm < 20_000:  # of nobody's body
        raise InputError(f"bones_mm is {bones_mm:g}; expected the bones of a person, in mm")
    parents, children = (list(ends) for ends in zip(*HOUSE.bones, strict=True))
    bones = torch.linalg.vector_norm(units[:, children] - units[:, parents], dim=-1).sum(-1)
    return bones_mm / bones.clamp_min(1e-6)


def in_batches(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    with torch.no_grad():
        parts = [function(part) for part in inputs.split(BATCH)]
    return torch.cat(parts) if parts else torch.zeros(0, len(HOUSE), 3)
