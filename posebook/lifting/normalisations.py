"""What the numbers of a lifter's network mean: how key points become its input, its output a pose.

A trained lifter names one of these kinds (`NORMALISATIONS`):

    person_view          people as a camera turned towards them sees them (the shipped baseline)
    person_view_clip     the same of whole clips, for a network over time (shipped for clips)
    standardised_pixels  absolute pixels minus mean over deviation, as in Martinez et al. 2017
    root_centred         joints relative to the hip, over a length of the person's picture: methods
                         that learn from 2D alone, to which a picture has no millimetres
    screen_clip          whole clips in screen units, as in VideoPose3D (Pavllo et al. 2019)
    half_pictures        joints relative to the hip, over half the picture's width (RepNet as in
                         bzhao96), metres out: people near and far differ, as they do in pictures
    one_camera           whole clips, redrawn as one plain camera would see them; absolute poses
                         in metres out (the video GAN of bzhao96)

Each takes a lifter (header, network, tensors), a clip in house joints, which joints are seen and
which were invented, and gives poses (frames, 17, 3) in mm about the hip, the hip's place or None,
and what to say to people.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.cameras import normalise_screen
from posebook.datasets.clips import Clip
from posebook.datasets.readers.files import frame_rate, number
from posebook.errors import InputError
from posebook.key_points import bridge_frames, complete, extent_of, in_one_place, root_centred
from posebook.lifting.person_view import (
    AVERAGE_SIZE,
    BATCH,
    FEWEST_JOINTS,
    camera_of,
    in_batches,
    lift_person_view,
    lift_person_view_clip,
    unit_mm_of,
)
from posebook.methods.repnet import inputs as repnet_inputs
from posebook.shapes import Pose2D, Pose3D, Seen
from posebook.skeletons import HOUSE

#: Key points are not divided by a length that goes into the person's extent more often than this.
MOST_LENGTHS = 50
#: A clip whose frame rate differs from the training's by a larger factor is refused.
SLOWEST = 100

# ---------------------------------------------------------------------------- standardised pixels


def _lift_standardised_pixels(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """Martinez et al. 2017: pixels minus mean over standard deviation in, mm likewise out.

    A missing joint is put at its mean place. Joints that the network does not predict are 0.
    """
    told = lifter.header["normalisation"]
    inputs, outputs = (HOUSE.indices(*told[f"{end}_joints"]) for end in ("input", "output"))
    mean, std = lifter.tensors["mean_px"], lifter.tensors["std_px"]
    keypoints = (clip.keypoints_px[:, inputs] - mean) / std.clamp_min(1e-9)
    keypoints = torch.where(seen[:, inputs].unsqueeze(-1) & (std > 0), keypoints, 0.0).float()
    answer = in_batches(lifter.network, keypoints)
    pose_mm = torch.zeros(len(clip), len(HOUSE), 3)
    pose_mm[:, outputs] = answer * lifter.tensors["std_mm"] + lifter.tensors["mean_mm"]
    hip = HOUSE.index("hip")
    return pose_mm - pose_mm[:, hip : hip + 1], None, []


# ------------------------------------------------------------------------------- about the hip


def _lift_root_centred(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """`root_centred` key points in, `network.lift`, and the answer at the size of an average adult.

    The picture is taken as it is: no camera enters. Missing joints are `complete`d.
    """
    told = lifter.header["normalisation"]
    factor = number(told["factor"], "normalisation", "factor")
    if not 1e-3 <= factor <= 1e3:
        raise InputError(f"factor is {factor:g}; expected a number from 0.001 to 1000")
    points, notes = _completed(lifter, clip, seen)
    keypoints = root_centred(points, scale=told["scale"], factor=factor, per=told["per"])
    keypoints = keypoints.nan_to_num()
    lengths = extent_of(keypoints, torch.ones_like(seen)) / factor  # how many go into the person
    useless = ((lengths == 0) | (lengths > MOST_LENGTHS)) & torch.isfinite(points).all((-1, -2))
    useless &= ~in_one_place(clip.keypoints_px, seen)
    if useless.any():
        notes.append(
            f"Length: in {int(useless.sum())} of {len(clip)} frames the head lies on the hip in "
            "the picture, or nearly, and the key points are divided by that length; no pose there."
        )
    units = in_batches(lifter.network.lift, keypoints.float()).double()
    hip = HOUSE.index("hip")
    units = units - units[:, hip : hip + 1]
    pose_mm = units * unit_mm_of(lifter, units)[:, None, None]
    pose_mm = torch.where(useless[:, None, None], torch.nan, pose_mm)
    return pose_mm.float(), None, [*notes, AVERAGE_SIZE]


def _completed(lifter: Any, clip: Clip, seen: Seen) -> tuple[Pose2D, list[str]]:
    """The clip's key points with missing joints `complete`d, NaN where too few are seen; notes."""
    enough = seen.sum(-1) >= FEWEST_JOINTS
    missing = ~seen & enough.unsqueeze(-1)
    notes = []
    if missing.any():
        notes.append(
            f"Missing: {int(missing.any(-1).sum())} of {len(clip)} frames lack a joint, and the "
            "network needs all 17; what lacks was put where the mean training pose, laid over the "
            "joints that are seen, has it."
        )
    points = complete(clip.keypoints_px, seen, lifter.tensors["mean_place"])
    return torch.where(enough[:, None, None], points, torch.nan), notes


# -------------------------------------------------------------------------------- half pictures


def _lift_half_pictures(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """`repnet.inputs.about_hip` in, `network.lift`, metres out. Missing joints are `complete`d.

    The network's people are as large as those it was trained on. Pictures are measured by their
    width; one of unknown size is taken to be as wide as those of the training.
    """
    points, notes = _completed(lifter, clip, seen)
    width_px = number(lifter.header["normalisation"]["width_px"], "normalisation", "width_px")
    if not 1 <= width_px <= 100_000:
        raise InputError(f"width_px is {width_px:g}; expected the width of a picture, in px")
    if clip.size_px is not None:
        width_px = clip.size_px[0]
    else:
        notes.append(f"Picture: its size is unknown; it is taken to be {width_px:g} px wide.")
    keypoints = repnet_inputs.about_hip(points, width_px).nan_to_num()
    pose = in_batches(lifter.network.lift, keypoints.float())
    return (1000 * pose).float(), None, notes


# ------------------------------------------------------------------------- whole clips over time


def _lift_screen_clip(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """`normalise_screen` key points of the whole clip in, mm about the hip out.

    Missing joints are `complete`d, frames without a person bridged. A clip with other frames per
    second than the training's is brought to those and back. Mean of the clip and its mirror image.
    """
    told, notes = lifter.header["normalisation"], []
    size = clip.size_px or (clip.camera.size_px if clip.camera is not None else None)
    if size is None:
        size = camera_of(replace(clip, camera=None))[0].size_px
        notes.append(f"Picture: of unknown size, taken to be {size[0]} x {size[1]} px.")
    enough = (seen.sum(-1) >= FEWEST_JOINTS)[:, None, None]
    points = normalise_screen(clip.keypoints_px, *size)
    points = complete(points, seen, lifter.tensors["mean_place"])
    points = bridge_frames(torch.where(enough, points, torch.nan))[0].nan_to_num().float()
    frames = len(points)
    points, said = _at_rate(points, clip.frames_per_second, _rate_of(told))
    notes += said
    network = lifter.network
    with torch.no_grad():
        pose_mm = (network.lift(points) + HOUSE.flip(network.lift(HOUSE.flip(points)))) / 2
    pose_mm[:, HOUSE.index("hip")] = 0  # where its place is trained towards
    return _resampled(pose_mm, frames), None, notes


def _lift_one_camera(
    lifter: Any, clip: Clip, seen: Seen, invented: Sequence[str]
) -> tuple[Pose3D, Tensor | None, list[str]]:
    """The clip as `repnet.inputs.one_camera` sees it in, absolute poses in metres out.

    The lens is undone, and a longer focal length does not look like a nearer person. Missing
    joints are `complete`d, frames without a person bridged, frames per second as in `screen_clip`.
    """
    points, notes = _completed(lifter, clip, seen)
    camera, said = camera_of(clip)
    rays = camera.rays(points.nan_to_num())
    screen = repnet_inputs.one_camera(torch.where(torch.isfinite(points), rays, torch.nan))
    screen = bridge_frames(screen)[0].nan_to_num().float()
    told = lifter.header["normalisation"]
    screen, heard = _at_rate(screen, clip.frames_per_second, _rate_of(told))
    # Windows reach 13 frames to either side; long clips go through in pieces that share those.
    half, parts = repnet_inputs.FRAMES // 2, []
    for start in range(0, len(screen), BATCH):
        first = max(0, start - half)
        piece = screen[first : start + BATCH + half]
        with torch.no_grad():
            parts.append(lifter.network.every_frame(piece)[start - first :][:BATCH])
    pose_mm = torch.cat(parts) if parts else torch.zeros(0, len(HOUSE), 3)
    pose_mm = _resampled(1000 * pose_mm, len(clip))
    root_mm = pose_mm[:, HOUSE.index("hip")]
    return pose_mm - root_mm.unsqueeze(1), root_mm, [*notes, *said, *heard]


def _rate_of(told: dict[str, Any]) -> float:
    return frame_rate(told["frames_per_second"], "frames_per_second")


def _at_rate(
    points: Pose2D, given: float | None, rate: float
) -> tuple[Float[Tensor, "_moments joints 2"], list[str]]:
    """A clip at the frames per second of the training, and what to say if it had others."""
    if not rate / SLOWEST <= (given or rate) <= rate * SLOWEST:
        raise InputError(
            f"{given:g} frames/s, for a network that was trained at {rate:g}; expected "
            f"{rate / SLOWEST:g} to {rate * SLOWEST:g}"
        )
    count = round((len(points) - 1) * rate / (given or rate)) + 1
    if count == len(points) or len(points) < 2:
        return points, []
    note = f"Time: {given:g} frames/s; interpolated to the {rate:g} that the network was trained "
    return _resampled(points, count), [note + "with, and back."]


def _resampled(values: Float[Tensor, "frames joints dims"], count: int) -> Tensor:
    """As many frames over the same time, in straight lines; the ends stay."""
    if len(values) in (0, count):
        return values
    rows = values.flatten(1).T.unsqueeze(0)
    made = nn.functional.interpolate(rows, count, mode="linear", align_corners=True)
    return made.squeeze(0).T.unflatten(1, values.shape[1:])


#: What the numbers of a lifter's network mean.
NORMALISATIONS: dict[str, Callable] = {
    "person_view": lift_person_view,
    "person_view_clip": lift_person_view_clip,
    "standardised_pixels": _lift_standardised_pixels,
    "root_centred": _lift_root_centred,
    "screen_clip": _lift_screen_clip,
    "half_pictures": _lift_half_pictures,
    "one_camera": _lift_one_camera,
}
