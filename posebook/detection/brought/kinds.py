"""What kind of network a file holds: told from what comes out of it, or said by the user.

`--detector FILE.onnx` is told from the shapes of its answers to a grey picture. `FILE.onnx:WORDS`
says what cannot be told: a kind of `KINDS`, a joint set, colours, WIDTHxHEIGHT, with commas
between. So the file and what is said of it stay one word, wherever a detector is named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy

from posebook.datasets.published.ai_challenger import AIC_14
from posebook.datasets.readers import joint_sets
from posebook.detection.brought import people_rows
from posebook.detection.brought.inputs import COLOURS
from posebook.detection.brought.networks import Slot
from posebook.errors import InputError
from posebook.files import listed
from posebook.skeletons import SKELETONS, Skeleton


class Kind(NamedTuple):
    """A kind of network: what it is; the size of picture it takes where its file leaves that open;
    how its numbers are meant; and whether it looks at one person at a time."""

    words: str
    size: tuple[int, int]
    colours: str
    blue_first: bool = False
    one_person: bool = True


KINDS = {
    "simcc": Kind("RTMPose, SimCC: two rows a joint", (192, 256), "imagenet"),
    "heatmaps": Kind("HRNet and its like: a map a joint", (192, 256), "imagenet"),
    "udp": Kind("ViTPose: a map a joint, corners on corners", (192, 256), "imagenet"),
    "movenet": Kind("MoveNet for one person", (256, 256), "bytes"),
    "posenet": Kind("PoseNet: a map and offsets a joint", (257, 257), "signed"),
    "blazepose": Kind("BlazePose's second network", (256, 256), "unit"),
    "yolo": Kind("YOLO-pose", (640, 640), "unit", False, False),
    "rtmo": Kind("RTMO: boxes, and key points", (640, 640), "bytes", True, False),
    "multipose": Kind("MoveNet for several people", (256, 256), "bytes", False, False),
}
#: 14 joints in the order of mmpose's and other networks that learned from CrowdPose.
CROWDPOSE_14 = Skeleton(
    "crowdpose_14",
    ("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
     "left_hip", "right_hip", "left_knee", "right_knee", "left_foot", "right_foot", "head_top",
     "neck"),
    ("neck", "neck", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "neck",
     "neck", "left_hip", "right_hip", "left_knee", "right_knee", "neck", None),
    None,
    "CrowdPose, Li et al. 2019 (its ankles are called left_foot, right_foot here)",
)  # fmt: skip
_OTHER_SETS = {"crowdpose": CROWDPOSE_14, "crowdpose_14": CROWDPOSE_14, "aic": AIC_14}
#: Numbers of joints that a network of people may have.
COUNTS = (14, 15, 16, 17, 18, 23, 25, 26, 28, 31, 33, 133, 136)


@dataclass(frozen=True)
class Said:
    """What the user says of a network; None: nothing."""

    kind: str | None = None
    skeleton: Skeleton | None = None
    size: tuple[int, int] | None = None
    colours: str | None = None
    blue_first: bool | None = None


def said(words: str | None, where: str) -> Said:
    """What the words after a file's name say; InputError for one that is not known."""
    found: dict = {}
    for word in filter(None, (part.strip().lower() for part in (words or "").split(","))):
        if word in KINDS:
            given = dict(kind=word)
        elif word in COLOURS:
            given = dict(colours=word)
        elif word in ("rgb", "bgr"):
            given = dict(blue_first=word == "bgr")
        elif match := re.fullmatch(r"(\d{1,4})x(\d{1,4})", word):
            given = dict(size=(int(match[1]), int(match[2])))
        else:
            given = dict(skeleton=_joint_set(word, where))
        if found.keys() & given:
            raise InputError(f"{where}:{words}: says {next(iter(given))} twice")
        found |= given
    return Said(**found)


def _joint_set(word: str, where: str) -> Skeleton:
    if word in _OTHER_SETS:
        return _OTHER_SETS[word]
    try:
        return joint_sets.named(word)
    except InputError:
        raise InputError(
            f"{where}: '{word:.40}' is not known; expected a kind ({', '.join(KINDS)}), a joint "
            f"set (coco, mpii, crowdpose, aic, ...), colours ({', '.join(COLOURS)}, rgb, bgr), "
            "or WIDTHxHEIGHT"
        ) from None


def skeleton_of(joints: int, given: Skeleton | None, where: str) -> tuple[Skeleton, int]:
    """The joint set of so many joints, and how many of them it takes from the front."""
    if given is not None and given.name in SKELETONS:
        return joint_sets.of_count(joints, where, given.name)[:2]
    if given is not None:
        if joints != len(given):
            raise InputError(f"{where}: has {joints} joints; {given.name} has {len(given)}")
        return given, joints
    try:
        return joint_sets.of_count(joints, where)[:2]
    except InputError:
        raise InputError(
            f"{where}: finds {joints} points each; expected the joints of people: "
            f"{', '.join(map(str, COUNTS))}"
        ) from None


def usual_size(outputs: list[Slot], kind: str | None) -> tuple[int, int]:
    """Width and height to try where a file leaves them open."""
    if kind is not None:
        return KINDS[kind].size
    names, ranks = {slot.name for slot in outputs}, [len(slot.shape) for slot in outputs]
    first = outputs[0].shape if outputs else ()
    if names >= {"simcc_x", "simcc_y"} or ranks == [3, 3]:
        return KINDS["simcc"].size
    if names >= {"dets", "keypoints"} or ranks == [3, 4]:
        return KINDS["rtmo"].size
    if first[-2:] == (6, 56) or first[-2:] == (17, 3):
        return KINDS["multipose"].size
    if ranks and ranks[0] in (2, 3):
        return KINDS["yolo"].size
    return KINDS["heatmaps"].size


class Answered(NamedTuple):
    """What a network answered to a grey picture: names and arrays, in an order and a layout of
    their kind's; see `told`."""

    kind: str
    joints: int
    order: tuple[int, ...]
    channels_last: bool = False
    rows: people_rows.Rows | None = None


def told(
    answers: list[numpy.ndarray],
    names: list[str],
    size: tuple[int, int],
    metadata: Mapping[str, str],
    attention: bool,
) -> list[Answered]:
    """All kinds that answers have the shapes of, the likeliest first.

    attention  the network has attention layers: of heat maps, ViTPose's are of the kind 'udp'
    """
    shapes = [answer.shape for answer in answers]
    found = [
        *_landmarks(shapes),
        *_pairs(shapes, names, size),
        *_posenet(shapes, size),
        *_rows(shapes, metadata),
    ]
    maps = [
        (number, shape) for number, shape in enumerate(shapes)
        if len(shape) == 4 and shape[0] >= 1
    ]  # fmt: skip
    for number, shape in reversed(maps):
        for last in (False, True):
            joints, high, wide = (shape[3], *shape[1:3]) if last else shape[1:]
            # Maps of another number beside them, as large, are fields between the joints of many.
            alone = all(
                one == shape or (one[1:3] if last else one[2:]) != (high, wide) for _, one in maps
            )
            if alone and _is_map(joints, wide, high, size):
                kinds = ("udp", "heatmaps") if attention else ("heatmaps", "udp")
                found += [Answered(kind, joints, (number,), last) for kind in kinds]
    return found


def _is_map(joints: int, wide: int, high: int, size: tuple[int, int]) -> bool:
    """Whether (joints, high, wide) are maps of a picture, a half to a sixteenth as large."""
    if joints not in COUNTS:
        return False
    across, down = size[0] / wide, size[1] / high
    return 1 <= across <= 16 and abs(across - down) < 0.1 * across


def _landmarks(shapes: list[tuple[int, ...]]) -> list[Answered]:
    """BlazePose's second network: 39 points of 5 numbers, whether somebody is there, an outline,
    39 maps, 39 places in space."""
    wanted = ((195,), (1,), None, None, (117,))
    if len(shapes) != 5:
        return []
    order: list[int] = []
    for want in wanted:
        fits = [
            number for number, shape in enumerate(shapes)
            if want is not None and shape[1:] == want and number not in order
        ]  # fmt: skip
        order.append(fits[0] if fits else -1)
    for number, shape in enumerate(shapes):
        if len(shape) == 4 and number not in order:
            order[3 if shape[-1] == 39 else 2] = number
    return [] if -1 in order else [Answered("blazepose", 33, tuple(order))]


def _pairs(shapes, names: list[str], size: tuple[int, int]) -> list[Answered]:
    """SimCC's two rows a joint, and RTMO's boxes with key points."""
    found = []
    threes = [number for number, shape in enumerate(shapes) if len(shape) == 3]
    if len(threes) >= 2:
        x, y = threes[:2]
        if [names[number] for number in (x, y)] == ["simcc_y", "simcc_x"]:
            x, y = y, x
        (_, joints, across), (_, others, down) = shapes[x], shapes[y]
        ratio = across / size[0]
        if joints == others and joints in COUNTS and ratio >= 1 and ratio * size[1] == down:
            found.append(Answered("simcc", joints, (x, y)))
    for dets in threes:
        for points, shape in enumerate(shapes):
            alike = len(shape) == 4 and shape[-1] == 3 and shape[:2] == shapes[dets][:2]
            if alike and shapes[dets][-1] == 5 and shape[2] in COUNTS:
                found.append(Answered("rtmo", shape[2], (dets, points)))
    return found


def _posenet(shapes, size: tuple[int, int]) -> list[Answered]:
    """Maps and twice as many offsets, in either layout."""
    found = []
    for one, maps in enumerate(shapes):
        for two, offsets in enumerate(shapes):
            if len(maps) != 4 or len(offsets) != 4:
                continue
            if maps[:3] == offsets[:3] and offsets[3] == 2 * maps[3] and maps[3] == 17:
                found.append(Answered("posenet", 17, (one, two), True))
            elif maps[2:] == offsets[2:] and offsets[1] == 2 * maps[1] and maps[1] == 17:
                found.append(Answered("posenet", 17, (one, two)))
    return found


def _rows(shapes, metadata: Mapping[str, str]) -> list[Answered]:
    """One answer with a row each person: MoveNet's, or YOLO-pose's."""
    if len(shapes) != 1:
        return []
    shape = shapes[0]
    if len(shape) == 4 and shape[1:] == (1, 17, 3):
        return [Answered("movenet", 17, (0,))]
    if len(shape) == 3 and shape[1:] == (6, 56):
        return [Answered("multipose", 17, (0,))]
    rows = people_rows.rows_of(shape, COUNTS, metadata)
    return [Answered("yolo", rows.joints, (0,), rows=rows)] if rows else []


def chosen(
    found: list[Answered], given: Said, answers: list[numpy.ndarray], names: list[str], where: str
) -> Answered:
    """The kind that was said, or the likeliest; InputError where the answers do not have its
    shapes."""
    fits = [one for one in found if given.kind in (None, one.kind)]
    if fits:
        return fits[0]
    shown = "; ".join(
        f"{name} {answer.shape}" for name, answer in zip(names, answers, strict=True)
    )[:160]
    what = f"{given.kind} ({KINDS[given.kind].words})" if given.kind else listed(KINDS)
    raise InputError(
        f"{where}: answers {shown} to a picture: no pose network that is known here; expected "
        f"{what}"
    )
