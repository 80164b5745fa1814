"""What the numbers of a lifter's network mean: how key points become its input, its output a pose.

A trained lifter names one of these kinds (`NORMALISATIONS`):

    person_view          people as a camera turned towards them sees them (the shipped baseline)
    person_view_clip     the same of whole clips, for a network over time (shipped for clips)
    standardised_pixels  absolute pixels minus mean over deviation, as in Martinez et al. 2017
    root_centred         joints relative to the hip, over a length of the person's picture, for
                         methods that learn from 2D alone and know no millimetres
    screen_clip          whole clips in screen units, as in VideoPose3D (Pavllo et al. 2019)
    half_pictures        joints relative to the hip, over half the picture's width (RepNet as in
                         bzhao96), metres out: people near and far differ, as they do in pictures
    human36m_view        as Human3.6M's camera would see it, millimetres out: the label generator of
                         Wang et al. 2019, whose network has its statistics inside
    one_camera           whole clips, redrawn as one plain camera would see them; absolute poses
                         in metres out (the video GAN of bzhao96)

Each is a function of a network, its settings (the header's `normalisation`), its tensors (means,
deviations) and a `HouseClip`, and gives an `Answer`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.cameras import normalise_screen
from posebook.datasets.readers.files import frame_rate, number
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.key_points import bridge_frames, complete, extent_of, guessed_size, root_centred
from posebook.lifting.house_clip import HouseClip
from posebook.lifting.notes import Note
from posebook.lifting.person_view import (
    AVERAGE_SIZE,
    BATCH,
    Answer,
    in_batches,
    person_view,
    person_view_clip,
    unit_mm_of,
)
from posebook.methods.label_generator.right_view import HUMAN36M
from posebook.methods.repnet import inputs as repnet_inputs
from posebook.shapes import Pose2D
from posebook.skeletons import HOUSE

#: Key points are not divided by a length that goes into the person's extent more often than this.
MOST_LENGTHS = 50
#: A clip whose frame rate differs from the training's by a larger factor is refused.
SLOWEST = 100

Settings = Mapping[str, Any]
Tensors = Mapping[str, Tensor]

# ---------------------------------------------------------------------------- standardised pixels


def standardised_pixels(
    network: nn.Module, settings: Settings, tensors: Tensors, clip: HouseClip
) -> Answer:
    """Martinez et al. 2017: pixels minus mean over standard deviation in, mm likewise out.

    A missing joint is put at its mean place. Joints that the network does not predict are 0.
    """
    inputs, outputs = (HOUSE.indices(*settings[f"{end}_joints"]) for end in ("input", "output"))
    mean, std = tensors["mean_px"], tensors["std_px"]
    keypoints = (clip.keypoints_px[:, inputs] - mean) / std.clamp_min(1e-9)
    usable = clip.seen[:, inputs].unsqueeze(-1) & (std > 0)
    keypoints = torch.where(usable, keypoints, 0.0).float()
    answer = in_batches(network, keypoints)
    pose_mm = torch.zeros(len(clip), len(HOUSE), 3)
    pose_mm[:, outputs] = answer * tensors["std_mm"] + tensors["mean_mm"]
    return Answer(root_relative(pose_mm, HOUSE))


# ------------------------------------------------------------------------------- about the hip


def in_root_centred(
    network: nn.Module, settings: Settings, tensors: Tensors, clip: HouseClip
) -> Answer:
    """`root_centred` key points in, `network.lift`, and the answer at the size of an average adult.

    The picture is taken as it is: no camera enters. Missing joints are `complete`d.
    """
    factor = number(settings["factor"], "normalisation", "factor")
    if not 1e-3 <= factor <= 1e3:
        raise InputError(f"factor is {factor:g}; expected a number from 0.001 to 1000")
    points, notes = _completed(clip, tensors)
    keypoints = root_centred(points, scale=settings["scale"], factor=factor, per=settings["per"])
    keypoints = keypoints.nan_to_num()
    # How many of the lengths that the key points are divided by go into the person.
    lengths = extent_of(keypoints, torch.ones_like(clip.seen)) / factor
    useless = ((lengths == 0) | (lengths > MOST_LENGTHS)) & torch.isfinite(points).all((-1, -2))
    useless &= ~clip.heap
    if count := int(useless.sum()):
        text = (
            f"in {count} of {len(clip)} frames the head lies on the hip in the picture, or nearly, "
            "and the key points are divided by that length; no pose there."
        )
        notes.append(Note("length", text, dict(frames=count, of=len(clip)), empty=True))
    units = root_relative(in_batches(network.lift, keypoints.float()).double(), HOUSE)
    pose_mm = units * unit_mm_of(settings, units)[:, None, None]
    pose_mm = torch.where(useless[:, None, None], torch.nan, pose_mm)
    return Answer(pose_mm.float(), notes=(*notes, AVERAGE_SIZE))


def _completed(clip: HouseClip, tensors: Tensors) -> tuple[Pose2D, list[Note]]:
    """The clip's key points with missing joints `complete`d, NaN where too few are seen; notes."""
    missing = ~clip.seen & ~clip.few.unsqueeze(-1)
    notes = []
    if count := int(missing.any(-1).sum()):
        text = (
            f"{count} of {len(clip)} frames lack a joint, and the network needs all 17; what lacks "
            "was put where the mean training pose, laid over the joints that are seen, has it."
        )
        notes.append(Note("completed", text, dict(frames=count, of=len(clip))))
    points = complete(clip.keypoints_px, clip.seen, tensors["mean_place"])
    return torch.where(clip.few[:, None, None], torch.nan, points), notes


# -------------------------------------------------------------------------------- half pictures


def half_pictures(
    network: nn.Module, settings: Settings, tensors: Tensors, clip: HouseClip
) -> Answer:
    """`repnet.inputs.about_hip` in, `network.lift`, metres out. Missing joints are `complete`d.

    The network's people are as large as those it was trained on. Pictures are measured by their
    width; one of unknown size is taken to be as wide as those of the training.
    """
    points, notes = _completed(clip, tensors)
    width_px = number(settings["width_px"], "normalisation", "width_px")
    if not 1 <= width_px <= 100_000:
        raise InputError(f"width_px is {width_px:g}; expected the width of a picture, in px")
    if clip.size_px is None:
        text = f"its size is unknown; it is taken to be {width_px:g} px wide."
        notes.append(Note("picture", text))
    else:
        width_px = clip.size_px[0]
    keypoints = repnet_inputs.about_hip(points, width_px).nan_to_num()
    pose = in_batches(network.lift, keypoints.float())
    return Answer((1000 * pose).float(), notes=tuple(notes))


def human36m_view(
    network: nn.Module, settings: Settings, tensors: Tensors, clip: HouseClip
) -> Answer:
    """The person as Human3.6M's camera would see them, in px, and the network's own millimetres.

    Who is smaller in that picture than `least_px`, or larger than `most_px`, which are the limits
    of the training, is brought to that limit: people further away than any in the training would be
    nothing that the network knows. Missing joints are `complete`d.
    """
    least, most = (number(settings[k], "normalisation", k) for k in ("least_px", "most_px"))
    if not 1 <= least <= most <= 10_000:
        raise InputError(f"least_px, most_px are {least:g}, {most:g}; expected px of a person")
    points, notes = _completed(clip, tensors)
    about = root_relative(HUMAN36M.focal_px * clip.camera.rays(points), HOUSE).nan_to_num()
    side = extent_of(about, torch.ones_like(clip.seen)).clamp_min(1e-6)
    about = about * (side.clamp(least, most) / side)[:, None, None]
    return Answer(in_batches(network, about.float()), notes=tuple(notes))


# ------------------------------------------------------------------------- whole clips over time


def screen_clip(
    network: nn.Module, settings: Settings, tensors: Tensors, clip: HouseClip
) -> Answer:
    """`normalise_screen` key points of the whole clip in, mm about the hip out.

    Missing joints are `complete`d, frames without a person bridged. A clip with other frames per
    second than the training's is brought to those and back. Mean of the clip and its mirror image.
    """
    notes = []
    size = clip.size_px or clip.camera.size_px or guessed_size(clip.keypoints_px)
    if clip.size_px is None:
        notes.append(Note("picture", f"of unknown size, taken to be {size[0]} x {size[1]} px."))
    points = normalise_screen(clip.keypoints_px, *size)
    points = complete(points, clip.seen, tensors["mean_place"])
    points = torch.where(clip.few[:, None, None], torch.nan, points)
    points = bridge_frames(points)[0].nan_to_num().float()
    points, at_rate = _at_rate(points, clip.rate, settings)
    with torch.no_grad():
        pose_mm = (network.lift(points) + HOUSE.flip(network.lift(HOUSE.flip(points)))) / 2
    pose_mm[:, HOUSE.index("hip")] = 0  # where its place is trained towards
    return Answer(_resampled(pose_mm, len(clip)), notes=(*notes, *at_rate))


def one_camera(network: nn.Module, settings: Settings, tensors: Tensors, clip: HouseClip) -> Answer:
    """The clip as `repnet.inputs.one_camera` sees it in, absolute poses in metres out.

    The lens is undone, and a longer focal length does not look like a nearer person. Missing
    joints are `complete`d, frames without a person bridged, frames per second as in `screen_clip`.
    """
    points, notes = _completed(clip, tensors)
    rays = clip.camera.rays(points.nan_to_num())
    screen = repnet_inputs.one_camera(torch.where(torch.isfinite(points), rays, torch.nan))
    screen = bridge_frames(screen)[0].nan_to_num().float()
    screen, at_rate = _at_rate(screen, clip.rate, settings)
    # Windows reach 13 frames to either side; long clips go through in pieces that share those.
    half, parts = repnet_inputs.FRAMES // 2, []
    for start in range(0, len(screen), BATCH):
        first = max(0, start - half)
        piece = screen[first : start + BATCH + half]
        with torch.no_grad():
            parts.append(network.every_frame(piece)[start - first :][:BATCH])
    pose_mm = torch.cat(parts) if parts else torch.zeros(0, len(HOUSE), 3)
    pose_mm = _resampled(1000 * pose_mm, len(clip))
    root_mm = pose_mm[:, HOUSE.index("hip")]
    return Answer(pose_mm - root_mm.unsqueeze(1), root_mm, (*notes, *at_rate))


def _at_rate(
    points: Pose2D, given: float, settings: Settings
) -> tuple[Float[Tensor, "_moments joints 2"], list[Note]]:
    """A clip at the frames per second of the training, and a note if it had others."""
    rate = frame_rate(settings["frames_per_second"], "frames_per_second")
    if not rate / SLOWEST <= given <= rate * SLOWEST:
        raise InputError(
            f"{given:g} frames/s, for a network that was trained at {rate:g}; expected "
            f"{rate / SLOWEST:g} to {rate * SLOWEST:g}"
        )
    count = round((len(points) - 1) * rate / given) + 1
    if count == len(points) or len(points) < 2:
        return points, []
    text = (
        f"{given:g} frames/s; interpolated to the {rate:g} that the network was trained with, and "
        "back."
    )
    return _resampled(points, count), [Note("time", text)]


def _resampled(values: Float[Tensor, "frames joints dims"], count: int) -> Tensor:
    """As many frames over the same time, in straight lines; the ends stay."""
    if len(values) in (0, count):
        return values
    rows = values.flatten(1).T.unsqueeze(0)
    made = nn.functional.interpolate(rows, count, mode="linear", align_corners=True)
    return made.squeeze(0).T.unflatten(1, values.shape[1:])


#: What the numbers of a lifter's network mean.
NORMALISATIONS: dict[str, Callable[[nn.Module, Settings, Tensors, HouseClip], Answer]] = {
    "person_view": person_view,
    "person_view_clip": person_view_clip,
    "standardised_pixels": standardised_pixels,
    "root_centred": in_root_centred,
    "screen_clip": screen_clip,
    "half_pictures": half_pictures,
    "human36m_view": human36m_view,
    "one_camera": one_camera,
}
