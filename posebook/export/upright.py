"""A lifted clip stood upright: world axes, z up, the floor at 0; scored where truth is known."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, Motion
from posebook.errors import InputError
from posebook.evaluation import scores_of
from posebook.key_points import MIN_CONFIDENCE, extent_of
from posebook.lifting import Lifted, Lifter, low_pass
from posebook.lifting.continuity import STILLS_PER_SECOND, changes_of_side
from posebook.lifting.house_clip import MISSING
from posebook.lifting.notes import Note
from posebook.lifting.person_view import SLOWEST
from posebook.lifting.placing import stand_up
from posebook.lifting.plausible import as_person
from posebook.lifting.poses import Poses
from posebook.lifting.tilt import Person, tilt_from
from posebook.skeletons import HOUSE, conversion

#: How near a camera comes that motion capture is shown to: about as in Human3.6M's room.
NEAREST_MM = 4500.0
#: Nobody is lifted from further away: a person is then 10 px tall behind a lens of 6,000 px.
FARTHEST_MM = 1e6
#: A person of fewer pixels is no picture of a pose.
SMALLEST_PX = 3.0
#: The lowest joint of people who walk, sit or bend stays within this.
_STEADY_CM = 30
#: The part of the half picture that the motion may fill.
_USED = 0.9


def camera_around(motion: Motion) -> tuple[Camera, Note]:
    """The first camera of Human3.6M, moved until the whole motion lies in its picture.

    Its lens and its tilt stay.
    """
    camera = human36m_rig("S1")[0]
    points = motion.world_mm.double().flatten(0, 1)
    points = points[torch.isfinite(points).all(-1)]
    if not len(points):
        raise InputError(f"{motion.name}: no joint is known in any frame")
    target = (points.amin(0) + points.amax(0)) / 2
    seen = (points - target) @ camera.rotation.T
    edge = torch.tensor(camera.size_px) - camera.centre_px
    reach = _USED * torch.minimum(edge, camera.centre_px) / camera.focal_px
    needed = (seen[:, :2].abs() / reach).amax(-1) - seen[:, 2]
    distance = max(float(needed.max()), NEAREST_MM)
    position = target - distance * camera.rotation[2]
    text = (
        f"the motion is seen by a camera with the lens and tilt of Human3.6M's camera "
        f"{camera.name}, {distance / 1000:.1f} m from its middle; what it sees is exact."
    )
    return replace(camera, position_mm=position), Note("view", text)


def lift_upright(
    clip: Clip,
    lifter: Lifter,
    *,
    camera: Camera | None = None,
    input: str = "",
    notes: Sequence[Note] = (),
    min_confidence: float = MIN_CONFIDENCE,
    height_mm: float | None = None,
    joint_set_given: bool = False,
    up: str | None = None,
    detected: bool = False,
    smooth: str = "none",
) -> Poses:
    """Lift one clip, in any joint set, and stand the person upright.

    camera     intrinsics, where the clip has no camera of its own
    notes      those of the reader and of the command
    joint_set_given, up, detected    as in `plausible.as_person`, which looks at the clip first
    min_confidence, height_mm        as in `Lifter.lift`
    smooth     a key of `low_pass.STRENGTHS`
    """
    if not ((clip.confidence > 0) & torch.isfinite(clip.keypoints_px).all(-1)).any():
        raise InputError(f"{input or clip.name}: no joint is marked in any frame; nothing to lift")
    clip, read = as_person(
        clip, camera, min_confidence=min_confidence, joint_set_given=joint_set_given, up=up,
        detected=detected,
    )  # fmt: skip
    lifted = lifter.lift(clip, camera, min_confidence=min_confidence, height_mm=height_mm)
    ready, pose_mm, root_mm = lifted.clip, lifted.pose_mm, lifted.root_mm
    _check_distance(input or clip.name, lifted)
    notes = [
        *notes,
        *read,
        *lifted.notes,
        *changes_of_side(ready.input_px, ready.input_skeleton, ready.frames_per_second),
    ]
    if (cutoffs := low_pass.STRENGTHS[smooth]) is not None:
        pose_mm, root_mm = low_pass.smooth_motion(pose_mm, root_mm, ready.rate, cutoffs)
        if note := low_pass.note_of(smooth, len(clip), ready.rate):
            notes.append(note)
    window = getattr(lifter.network, "receptive_field", 1)
    if 1 < len(clip) < window and ready.rate >= SLOWEST:
        text = f"the lifter looks at {window} frames at a time, and there are {len(clip)}."
        notes.append(Note("time", text))
    nowhere = ~torch.isfinite(root_mm).all(-1) & ~lifted.empty
    if count := int(nowhere.sum()):
        pose_mm = torch.where(nowhere[:, None, None], torch.nan, pose_mm)
        text = (
            f"in {count} of {len(clip)} frames the key points do not say how far away the person "
            "is; no pose there."
        )
        notes.append(Note("place", text, dict(frames=count, of=len(clip)), empty=True))
    if not torch.isfinite(pose_mm).flatten(1).all(-1).any():
        why = [note.text for note in notes if note.empty]
        why = why[0] if why else "expected key points of a person"
        raise InputError(f"{input or clip.name}: no frame gives a pose; {why}")
    truth_mm = clip.pose_mm
    if truth_mm is not None and clip.skeleton != HOUSE:
        truth_mm, _ = conversion(clip.skeleton, HOUSE)(truth_mm)
        text = f"given in {clip.skeleton.name} and converted by joint names before it is compared."
        notes.append(Note("truth", text))
    poses = Poses(
        input=input or clip.name,
        clip=clip.name,
        lifter=lifter.name,
        frames_per_second=ready.frames_per_second,
        pose_mm=pose_mm,
        root_mm=root_mm,
        world_mm=pose_mm,  # not yet: see below
        keypoints_px=ready.keypoints_px,
        confidence=ready.confidence,
        origin=ready.origin,
        input_px=ready.input_px,
        input_skeleton=ready.input_skeleton,
        camera=ready.camera,
        camera_rotation=torch.eye(3),
        camera_place_mm=torch.zeros(3),
        truth_mm=truth_mm,
        notes=tuple(notes),
        scores=() if clip.pose_mm is None else tuple(scores_of(pose_mm, clip, lifter.name)),
    )
    if _known(poses.camera):
        text = "the camera's tilt is known; the floor is where the lowest joint mostly is."
        return _stood(poses, poses.camera.rotation.T, Note("upright", text))
    return _stood(poses, *_tilt([] if _are_stills(poses) else [_person(poses)]))


def _check_distance(name: str, lifted: Lifted) -> None:
    """Refuse a person too far away, or too small, for any camera to show."""
    advice = "Are these pixels, and not parts of a picture? Are --size and --intrinsics right?"
    away_mm = lifted.root_mm[:, 2]
    away_mm = away_mm[torch.isfinite(away_mm)]
    if len(away_mm) and away_mm.median() > FARTHEST_MM:
        raise InputError(
            f"{name}: the person would stand {away_mm.median() / 1e6:.1f} km away, further than a "
            f"camera shows anybody. {advice}"
        )
    extent_px = extent_of(lifted.clip.keypoints_px, lifted.seen)
    extent_px = extent_px[extent_px > 0]
    size_px = float(extent_px.median()) if len(extent_px) else SMALLEST_PX
    if size_px < SMALLEST_PX:
        raise InputError(f"{name}: the person is {size_px:.2g} px tall. {advice}")


def stand_together(everybody: Sequence[Poses]) -> list[Poses]:
    """The same poses; those of people before one camera stood upright by one tilt of it.

    Several people show better how the camera was held than each by themselves. Those of one picture
    or film are called ".../person 1" and so on.
    """
    views: dict[str, list[int]] = {}
    for number, poses in enumerate(everybody):
        view, several, _ = poses.clip.rpartition("/person ")
        if several and not _known(poses.camera) and not _are_stills(poses):
            views.setdefault(view, []).append(number)
    stood = list(everybody)
    for numbers in views.values():
        if len(numbers) > 1:
            rotation, said = _tilt([_person(stood[number]) for number in numbers])
            for number in numbers:
                stood[number] = _stood(stood[number], rotation, said)
    return stood


def _stood(poses: Poses, rotation: Tensor | None, said: Note) -> Poses:
    """Poses stood up with a rotation of camera axes to world axes; None: the camera is level."""
    absolute_mm = poses.pose_mm + poses.root_mm.unsqueeze(1)
    world_mm, rotation, place_mm = stand_up(absolute_mm, rotation)
    notes = [note for note in poses.notes if note.kind not in (said.kind, "floor")]
    notes = (*notes, said, *_off_the_floor(world_mm))
    return replace(poses, world_mm=world_mm, camera_rotation=rotation, camera_place_mm=place_mm,
                   notes=notes)  # fmt: skip


def _off_the_floor(world_mm: Tensor) -> list[Note]:
    """A note where the lowest joint rises and sinks by more than people who walk or sit do."""
    lowest = world_mm[torch.isfinite(world_mm).flatten(1).all(-1)][..., 2].amin(-1).double()
    if len(lowest) < 2:
        return []
    low, high = (round(float(lowest.quantile(part)) / 10) for part in (0.02, 0.98))
    if high - low < _STEADY_CM:
        return []
    text = (
        f"the lowest joint is between {low} and {high} cm above the floor: the person jumps, "
        "climbs or lies down, or else the camera moved (put it on a tripod), or the tilt is wrong."
    )
    return [Note("floor", text, dict(lowest_cm=low, highest_cm=high))]


def _known(camera: Camera) -> bool:
    """Whether a camera says how it is turned. The identity would look straight up: it says not."""
    return not torch.equal(camera.rotation, torch.eye(3, dtype=torch.float64))


def _are_stills(poses: Poses) -> bool:
    """Whether the frames are separate pictures, each with a camera of its own."""
    return len(poses) > 1 and poses.frames_per_second == STILLS_PER_SECOND


def _person(poses: Poses) -> Person:
    return Person(poses.pose_mm, poses.root_mm, poses.origin != MISSING)


def _tilt(people: Sequence[Person]) -> tuple[Tensor | None, Note]:
    """Camera axes to world axes for a camera of unknown tilt, and what that rests on."""
    found = tilt_from(people)
    floor = "the floor is where the lowest joint mostly is"
    if found is None:
        text = (
            f"the camera is taken to have been held level (a tilted one tilts the pose); {floor}."
        )
        return None, Note("upright", text)
    degrees, off, sure = round(found.down_deg), round(found.off_deg), round(100 * found.sure)
    much = f"{abs(degrees)} degree{'s' * (abs(degrees) != 1)}"
    looks = f"{much} {'down' if degrees > 0 else 'up'}" if degrees else "level"
    who = f"the posture of {found.people} people" if found.people > 1 else "the person's posture"
    who += ", and from the floor under their feet" if found.floor else ""
    word = "sure" if sure >= 95 else "fairly sure" if sure >= 80 else "unsure"
    text = (
        f"the camera's tilt is not known; from {who}, it looks {looks}, give or take {off} "
        f"({word}); a camera that stands still is taken for granted; {floor}."
    )
    counts = dict(down=degrees, off=off, sure=sure, people=found.people)
    return found.rotation, Note("upright", text, counts)
