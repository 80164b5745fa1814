"""The shipped lifters' networks see each person as a camera turned towards them would.

What `cameras.turned` computes, for a network and a clip: key points to the network's numbers, its
numbers to poses in mm. For networks of single frames, and for networks over time, which see each
frame of a window turned towards its own person. Also what other normalisations share with them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.cameras.turned import blank_frames, network_input, predict_units, turn_towards
from posebook.datasets.readers.files import number
from posebook.errors import InputError
from posebook.geometry import bone_lengths, root_relative
from posebook.lifting.house_clip import FEWEST_JOINTS, INVENTED, HouseClip
from posebook.lifting.notes import Note
from posebook.shapes import Pose3D, Seen
from posebook.skeletons import HOUSE

#: Frames that go through a network at once: bounds the memory, changes no number that matters.
BATCH = 8192
#: The sum of the 16 bones of the house skeleton in an average adult, mm. A picture does not say
#: how large a person is; every pose is scaled to this size.
BONES_MM = 3900.0
#: Frames per second that a network over time is trained with. A faster clip is taken apart into
#: several slower ones, which are lifted one by one: its even and its odd frames, for instance. In a
#: slower clip neighbours say too little, and each frame is lifted by itself.
SLOWEST, FASTEST = 8.0, 60.0
#: Windows of slow clips that go through a network over time at once.
WINDOWS = 256
AVERAGE_SIZE = Note(
    "size",
    "a picture does not tell it; the person is taken to be of average size. With --height, lengths "
    "and distances are this person's own.",
)


@dataclass(frozen=True)
class Answer:
    """What a network says of a clip.

    pose_mm  (frames, 17, 3)  house joints, camera axes, mm, hip at 0; NaN where there is no pose
    root_mm  (frames, 3)      where the network puts the hip; None where it does not say
    notes    what was assumed for this network
    """

    pose_mm: Pose3D
    root_mm: Float[Tensor, "frames 3"] | None = None
    notes: tuple[Note, ...] = ()


def person_view(
    network: nn.Module, settings: Mapping[str, Any], tensors: Mapping[str, Tensor], clip: HouseClip
) -> Answer:
    """`network_input` in, poses in units out; the size is that of an average adult."""

    def answer(inputs: Tensor, seen: Seen) -> Pose3D:
        return in_batches(lambda batch: predict_units(network, batch), inputs)

    return _turned(settings, clip, answer)


def person_view_clip(
    network: nn.Module, settings: Mapping[str, Any], tensors: Mapping[str, Tensor], clip: HouseClip
) -> Answer:
    """The same with `network.lift`, which takes whole clips of any length.

    Frames without a person are empty (`blank_frames`) and bridged by what their neighbours show.
    """
    rate = clip.rate

    def answer(inputs: Tensor, seen: Seen) -> Pose3D:
        inputs = blank_frames(inputs, seen, FEWEST_JOINTS)
        if rate < SLOWEST:
            return in_batches(lambda batch: predict_units(_each_alone(network), batch), inputs)
        apart = math.ceil(rate / FASTEST - 1e-6)
        units = inputs.new_zeros(len(inputs), len(HOUSE), 3)
        with torch.no_grad():
            for first in range(min(apart, len(inputs))):
                units[first::apart] = predict_units(network.lift, inputs[first::apart])
        return units

    return _turned(settings, clip, answer)


def _each_alone(network: nn.Module) -> Callable[[Tensor], Pose3D]:
    """Every frame as a clip of one frame: its window holds nothing but that frame, repeated."""

    def lift(inputs: Tensor) -> Pose3D:
        length = network.receptive_field
        windows = (w.unsqueeze(1).expand(-1, length, -1, -1) for w in inputs.split(WINDOWS))
        return torch.cat([network(window, step=length).squeeze(1) for window in windows])

    return lift


def _turned(
    settings: Mapping[str, Any], clip: HouseClip, answer: Callable[[Tensor, Seen], Pose3D]
) -> Answer:
    """Poses from `answer`: network inputs (frames, 18, 3) and joints seen to poses in units."""
    rays = clip.camera.rays(clip.keypoints_px.nan_to_num())
    seen = clip.seen & torch.isfinite(rays).all(-1)
    view = turn_towards(rays.nan_to_num(), seen)
    known = torch.full((len(clip),), clip.camera_known)
    inputs = network_input(view, seen, clip.origin == INVENTED, known).float()
    units = answer(inputs, seen & ~clip.heap.unsqueeze(-1)).double()
    absolute_mm = view.pose_from_units(units, unit_mm_of(settings, units))
    return Answer(root_relative(absolute_mm, HOUSE).float(), notes=(AVERAGE_SIZE,))


def unit_mm_of(settings: Mapping[str, Any], units: Pose3D) -> Float[Tensor, " frames"]:
    """Millimetres in a unit, where the bones of each pose add up to an average adult's."""
    bones_mm = number(settings.get("bones_mm", BONES_MM), "normalisation", "bones_mm")
    if not 500 < bones_mm < 20_000:  # of nobody's body
        raise InputError(f"bones_mm is {bones_mm:g}; expected the bones of a person, in mm")
    return bones_mm / bone_lengths(units, HOUSE).sum(-1).clamp_min(1e-6)


def in_batches(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    with torch.no_grad():
        parts = [function(part) for part in inputs.split(BATCH)]
    return torch.cat(parts) if parts else torch.zeros(0, len(HOUSE), 3)
