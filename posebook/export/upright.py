"""One clip of key points, or one motion under a camera, to 3D poses that stand upright.

Short gaps are filled, joints converted by name, the lifter asked, the pose placed where it is seen
and turned upright, and scored where the truth is known. Everything that was filled, invented or
assumed is said in words, in `Poses.notes`.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, Motion
from posebook.errors import InputError
from posebook.evaluation import scores_of
from posebook.key_points import (
    ASSUMED_FRAMES_PER_SECOND,
    LONGEST_GAP_S,
    fill_gaps,
    guessed_size,
)
from posebook.lifting.placing import place_root, stand_up, upright_from
from posebook.lifting.poses import ORIGINS, Poses
from posebook.skeletons import HOUSE, Conversion, conversion

#: How near a camera comes that motion capture is shown to: about as in Human3.6M's room.
NEAREST_MM = 4500.0
SEEN, INVENTED, FILLED, MISSING = range(len(ORIGINS))


def camera_around(motion: Motion, margin: float = 0.9) -> tuple[Camera, str]:
    """The first camera of Human3.6M, moved until the whole motion lies in its picture.

    Its lens and its tilt stay. margin: the part of the half picture that may be used.
    """
    camera = human36m_rig("S1")[0]
    points = motion.world_mm.double().flatten(0, 1)
    points = points[torch.isfinite(points).all(-1)]
    if not len(points):
        raise InputError(f"{motion.name}: no joint is known in any frame")
    target = (points.amin(0) + points.amax(0)) / 2
    seen = (points - target) @ camera.rotation.T
    edge = torch.tensor(camera.size_px) - camera.centre_px
    reach = margin * torch.minimum(edge, camera.centre_px) / camera.focal_px
    needed = (seen[:, :2].abs() / reach).amax(-1) - seen[:, 2]
    distance = max(float(needed.max()), NEAREST_MM)
    position = target - distance * camera.rotation[2]
    told = (
        f"Seen by a camera with the lens and tilt of Human3.6M's camera {camera.name}, "
        f"{distance / 1000:.1f} m from the middle of the motion; what it sees is exact."
    )
    return replace(camera, position_mm=position), told


def lift_clip(
    clip: Clip,
    lifter: Any,
    *,
    camera: Camera | None = None,
    input: str = "",
    notes: Sequence[str] = (),
) -> Poses:
    """Lift one clip, in any joint set.

    camera  intrinsics, where the clip has no camera of its own
    notes   what has been said already; the clip's own notes are not repeated
    """
    if not ((clip.confidence > 0) & torch.isfinite(clip.keypoints_px).all(-1)).any():
        raise InputError(f"{input or clip.name}: no joint is marked in any frame; nothing to lift")
    told = list(notes)
    points, trust, filled = fill_gaps(clip.keypoints_px, clip.confidence, clip.frames_per_second)
    clip = replace(clip, keypoints_px=points, confidence=trust)
    if filled.any():
        told.append(
            f"Gaps: {int(filled.sum())} joint positions in {int(filled.any(-1).sum())} of "
            f"{len(clip)} frames were missing for at most {LONGEST_GAP_S:g} s; filled in a "
            "straight line."
        )
    change = conversion(clip.skeleton, HOUSE)
    keypoints_px, confidence = change(clip.keypoints_px, clip.confidence)
    origin = _origins(change, filled, confidence)
    if clip.skeleton != HOUSE:
        ever = (origin == INVENTED).any(0).tolist()
        made = {j: how for j, how in change.invented.items() if ever[HOUSE.index(j)]}
        told.append(f"Joints: {replace(change, invented=made).describe()}.")
    told += _what_is_missing(origin)
    if not clip.frames_per_second and len(clip) > 1:
        rate = f"{ASSUMED_FRAMES_PER_SECOND:g}"
        told.append(f"Time: the frames per second are not known; {rate} are assumed.")
    clip, eye, said = _camera(clip, camera)
    told.append(said)

    lifted = lifter.lift(clip)
    said_already = {note.partition(":")[0] for note in told}
    told += [note for note in lifted.notes if note.partition(":")[0] not in said_already]
    hip = HOUSE.index("hip")
    pose_mm = lifted.pose_mm - lifted.pose_mm[:, hip : hip + 1]
    rate = clip.frames_per_second or ASSUMED_FRAMES_PER_SECOND
    root_mm = place_root(pose_mm, keypoints_px.to(pose_mm), confidence, eye, rate)
    nowhere = ~torch.isfinite(root_mm).all(-1) & torch.isfinite(pose_mm).flatten(1).all(-1)
    if nowhere.any():
        pose_mm = torch.where(nowhere[:, None, None], torch.nan, pose_mm)
        told.append(
            f"Place: in {int(nowhere.sum())} of {len(clip)} frames the key points do not say how "
            "far away the person is; no pose there."
        )
    if not torch.isfinite(pose_mm).flatten(1).all(-1).any():
        why = [note for note in (*lifted.notes, *told) if note.endswith("no pose there.")]
        raise InputError(
            f"{input or clip.name}: no frame gives a pose; "
            f"{why[0] if why else 'expected key points of a person'}"
        )
    # A camera that does not say how it is turned has the identity, and would look straight up.
    known = not torch.equal(eye.rotation, torch.eye(3, dtype=torch.float64))
    tilt, said = (eye.rotation.T, "the camera's tilt is known") if known else _tilt(pose_mm, origin)
    told.append(f"Upright: {said}; the floor is where the lower foot mostly is.")
    world_mm, rotation, place_mm = stand_up(pose_mm + root_mm.unsqueeze(1), tilt)
    name = getattr(lifter, "name", type(lifter).__name__)
    return Poses(
        input=input or clip.name,
        clip=clip.name,
        lifter=name,
        frames_per_second=clip.frames_per_second or None,
        pose_mm=pose_mm,
        root_mm=root_mm,
        world_mm=world_mm,
        keypoints_px=keypoints_px,
        confidence=confidence,
        origin=origin,
        input_px=clip.keypoints_px,
        input_skeleton=clip.skeleton,
        camera=eye,
        camera_rotation=rotation,
        camera_place_mm=place_mm,
        truth_mm=clip.pose_mm,
        notes=tuple(told),
        scores=() if clip.pose_mm is None else tuple(scores_of(pose_mm, clip, name)),
    )


def _tilt(pose_mm: Tensor, origin: Tensor) -> tuple[Tensor | None, str]:
    """Camera axes to world axes for a camera of unknown tilt, and what that rests on."""
    found = upright_from(pose_mm, origin != MISSING)
    if found is None:
        return None, "the camera is taken to have been held level (a tilted one tilts the pose)"
    rotation, count = found
    down = math.degrees(math.asin(-rotation[2, 2].item()))
    looks = f"{abs(down):.0f} degrees {'down' if down > 0 else 'up'}"
    return rotation, (
        f"the camera's tilt is not known; in {count} frames the person stands straight and is "
        f"taken to stand vertically, so the camera looks {looks}"
    )


def _origins(change: Conversion, filled: Tensor, confidence: Tensor) -> Tensor:
    """(frames, 17): how each house joint's key point came about, as in `ORIGINS`."""
    leans_on = (change.weights != 0).to(torch.float32)
    leans_on_filled = (filled.to(torch.float32) @ leans_on.T) > 0
    origin = torch.full(confidence.shape, SEEN)
    origin[:, [HOUSE.index(joint) for joint in change.invented]] = INVENTED
    origin[leans_on_filled & (origin == SEEN)] = FILLED
    origin[confidence <= 0] = MISSING
    return origin


def _what_is_missing(origin: Tensor) -> list[str]:
    """What to say about joints that nobody marked and no rule could invent."""
    missing = origin == MISSING
    nobody = missing.all(-1)
    never = [j for j, gone in zip(HOUSE.joints, missing.all(0).tolist(), strict=True) if gone]
    told = []
    if never:
        names = ", ".join(name.replace("_", " ") for name in never)
        when = " in every frame" if len(origin) > 1 else ""
        told.append(f"Missing{when}: {names}. The lifter guessed them from the others.")
    at_times = missing[~nobody].any(-1).sum().item() if not never else 0
    if at_times:
        share = missing[~nobody].double().mean().item()
        told.append(
            f"Missing: {at_times} of {len(origin)} frames lack a joint ({100 * share:.0f} % of all "
            "joints); the lifter guessed them from the others."
        )
    if nobody.any():
        count = f"{int(nobody.sum())} of {len(origin)}"
        told.append(f"Nobody: {count} frames have nobody in them; no pose there.")
    return told


def _check_size(clip: Clip, size_px: tuple[int, int]) -> None:
    """A picture that most of the person lies outside of was given the wrong size."""
    points = clip.keypoints_px[torch.isfinite(clip.keypoints_px).all(-1)]
    edge = torch.tensor(size_px).to(points)
    outside = ((points < -0.1 * edge) | (points > 1.1 * edge)).any(-1).double().mean().item()
    if outside > 0.25:
        x, y = points.amax(0).tolist()
        raise InputError(
            f"{clip.name}: {100 * outside:.0f} % of the key points lie outside a picture of "
            f"{size_px[0]} x {size_px[1]} px (they reach to {x:.0f}, {y:.0f}); give its size with "
            "--size WIDTHxHEIGHT"
        )


def _camera(clip: Clip, given: Camera | None) -> tuple[Clip, Camera, str]:
    """The clip with its camera or the given one, the camera that places the pose, what to say."""
    if clip.camera is not None:
        return clip, clip.camera, "Camera: its intrinsics are known."
    if given is not None:
        size = given.size_px or clip.size_px
        fx, fy = given.focal_px.tolist()
        said = f"Camera: the intrinsics given (focal length {fx:.0f}, {fy:.0f} px)."
        given = replace(given, size_px=size)
        return replace(clip, camera=given, size_px=size), given, said
    size = clip.size_px
    if size is not None:
        _check_size(clip, size)
    if size is None:
        size = guessed_size(clip.keypoints_px, clip.name or "clip")
        about = f"the picture's size is not known and taken to be {size[0]} x {size[1]} px, with"
    else:
        about = f"the picture is {size[0]} x {size[1]} px;"
    guessed = Camera.guess(size)
    said = (
        f"Camera: {about} a focal length of {guessed.focal_px[0]:.0f} px assumed; a wrong size or "
        "focal length changes how far away the person is, and turns and bends the pose by some cm."
    )
    return clip, guessed, said
