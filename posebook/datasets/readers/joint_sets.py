"""Which joint set a file holds: from what it says, else from how many joints there are.

A count is not always enough: 17 joints are COCO's in a detector's file and Human3.6M's in a
lifter's. Then the format decides, or the points themselves (see `looks_like_house`), and the note
that comes back says what was assumed.
"""

import re

import numpy

from posebook.datasets.readers.files import listed
from posebook.errors import InputError
from posebook.skeletons import (
    BODY_25,
    BODY_25B,
    CMU_31,
    COCO_17,
    HOURGLASS_16,
    HOUSE,
    HUMANEVA_15,
    LSP_14,
    MEDIAPIPE_33,
    MPI_INF_3DHP_28,
    MPII_16,
    MPII_17_KUDO,
    OPENPOSE_COCO_18,
    OPENPOSE_MPI_15,
    POSETRACK_17,
    SKELETONS,
    Skeleton,
)

#: Other names that people and files give to joint sets.
ALIASES: dict[str, Skeleton] = {
    "coco": COCO_17, "coco17": COCO_17, "cocodataset": COCO_17, "posetrack": POSETRACK_17,
    "h36m": HOUSE, "human36m": HOUSE, "h36m17": HOUSE, "house": HOUSE, "posebook": HOUSE,
    "mpii": MPII_16, "mpii16": MPII_16, "mpii17": MPII_17_KUDO, "lsp": LSP_14, "lsp14": LSP_14,
    "openpose": BODY_25, "body25": BODY_25, "openposebody25": BODY_25,
    "coco18": OPENPOSE_COCO_18, "openposecoco": OPENPOSE_COCO_18,
    "mpi": OPENPOSE_MPI_15, "mpi15": OPENPOSE_MPI_15, "openposempi": OPENPOSE_MPI_15,
    "mediapipe": MEDIAPIPE_33, "blazepose": MEDIAPIPE_33, "posetrack18": POSETRACK_17,
    "mpiinf3dhp": MPI_INF_3DHP_28, "3dhp": MPI_INF_3DHP_28, "cmu": CMU_31, "humaneva": HUMANEVA_15,
}  # fmt: skip
#: The joint sets of each count, the likeliest first; where there are two, the points decide.
_BY_COUNT = {
    14: (LSP_14,), 15: (OPENPOSE_MPI_15, HUMANEVA_15), 16: (MPII_16, HOURGLASS_16),
    17: (COCO_17, HOUSE, POSETRACK_17),
    18: (OPENPOSE_COCO_18,), 25: (BODY_25, BODY_25B), 28: (MPI_INF_3DHP_28,), 31: (CMU_31,),
    33: (MEDIAPIPE_33,),
}  # fmt: skip
#: Sets whose first 17 joints are COCO's: Halpe-26, Halpe-136, COCO-WholeBody.
_COCO_FIRST = {26: "Halpe-26", 136: "Halpe-136", 133: "COCO-WholeBody", 23: "COCO and feet"}
_SAME_JOINT = {
    "ankle": "foot", "pelvis": "hip", "root": "hip", "hips": "hip", "top_head": "head_top",
    "headtop": "head_top", "head_tip": "head_top", "mid_hip": "hip", "midhip": "hip",
    "neck_base": "neck_nose", "necknose": "neck_nose", "bottom_head": "neck",
    "head_bottom": "upper_neck", "m_hip": "hip", "c_hip": "hip", "center_hip": "hip",
    "centre_hip": "hip", "hip_center": "hip", "hip_centre": "hip", "hjc": "hip", "kjc": "knee",
    "ajc": "foot", "sjc": "shoulder", "ejc": "elbow", "wjc": "wrist",
}  # fmt: skip
#: Parts of the body that follow a side without a gap: 'lknee', 'leftknee', 'kneel'.
_PARTS = (
    "hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist", "eye", "ear", "heel", "hand",
    "toe", "bigtoe", "smalltoe", "hjc", "kjc", "ajc", "sjc", "ejc", "wjc",
)  # fmt: skip
_GLUED = re.compile(rf"(left|right|l|r)({'|'.join(_PARTS)})")

_KNOWN = {joint for skeleton in SKELETONS.values() for joint in skeleton.joints}


def named(layout: str) -> Skeleton:
    """A joint set by its own name or one that people use for it: 'coco', 'BODY_25', 'h36m'."""
    key = re.sub(r"[^a-z0-9]", "", str(layout).lower())
    for name, skeleton in SKELETONS.items():
        if re.sub(r"[^a-z0-9]", "", name) == key:
            return skeleton
    if key in ALIASES:
        return ALIASES[key]
    raise InputError(f"no joint set is called '{layout!s:.60}'; there are {', '.join(SKELETONS)}")


def of_names(names: list[str], joints: int, where: str) -> tuple[Skeleton, int, str]:
    """As `of_count`: the joint set of these names in this order, a new one where none of ours fits.

    Some files name more joints than they have places for (hands, toes): the first names count. Sets
    that begin with COCO's 17 (Halpe, COCO-WholeBody) are taken for COCO's.
    """
    if len(names) < joints:
        raise InputError(
            f"{where}: {len(names)} joint names but {joints} joints; expected a name for each, or "
            f"the joint set (layout, --layout)"
        )
    note = ""
    if len(names) > joints:
        note = f"{len(names)} joint names for {joints} joints: the first {joints} names are taken"
    ours = tuple(our_name(name) for name in names[:joints])
    if joints > 17 and ours[:17] == COCO_17.joints:
        return COCO_17, 17, f"{joints} joints, of which the first 17 are COCO's: these are taken"
    if len(set(ours)) < joints or not all(ours):
        raise InputError(f"{where}: joint names {listed(names)}; expected a different one for each")
    for skeleton in SKELETONS.values():
        if skeleton.joints == ours:
            return skeleton, joints, note
    if len(_KNOWN.intersection(ours)) < 3:
        raise InputError(
            f"{where}: joint names {listed(names, 4)}; expected at least three that are known, "
            "such as left_knee, right_wrist, nose"
        )
    parents = tuple(_parent(joint, ours) for joint in ours)
    root = "hip" if "hip" in ours else None
    return Skeleton("named_in_file", ours, parents, root, where), joints, note


def _parent(joint: str, joints: tuple[str, ...]) -> str | None:
    """What a joint hangs on in the first of our sets that has both, so that it can be drawn."""
    for skeleton in (HOUSE, COCO_17, BODY_25, MEDIAPIPE_33):
        if joint in skeleton.joints:
            parent = skeleton.parents[skeleton.index(joint)]
            if parent in joints:
                return parent
    return None


def our_name(name: str) -> str:
    """'Left Ankle', 'LAnkle', 'lankle', 'ankle_left', 'Bob:LAnkle' -> 'left_foot'; 'pelvis' ->
    'hip'."""
    name = str(name).rpartition(":")[2]
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", name)
    words = [word.lower() for word in words]
    words = [part for word in words for part in _apart(word)]
    side = ""
    for word in list(words):
        if word in ("left", "right", "l", "r") and not side:
            side = {"l": "left", "r": "right"}.get(word, word) + "_"
            words.remove(word)
    joint = "_".join(words)
    return side + _SAME_JOINT.get(joint, joint)


def _apart(word: str) -> tuple[str, ...]:
    """'lknee' -> 'l', 'knee'; other words as they are."""
    match = _GLUED.fullmatch(word)
    if match is None:
        return (word,)
    return match[1], *{"bigtoe": ("big", "toe"), "smalltoe": ("small", "toe")}.get(
        match[2], (match[2],)
    )


def of_count(
    joints: int, where: str, layout: str | None = None, points: numpy.ndarray | None = None
) -> tuple[Skeleton, int, str]:
    """(joint set, how many of the file's joints it takes from the front, a note or '').

    layout  what the user or the file says; it must have as many joints as the file
    points  (frames, joints, 2 or 3): asked where several sets have as many joints
    """
    if layout is not None:
        skeleton = named(layout)
        if len(skeleton) != joints and not (skeleton is COCO_17 and joints in _COCO_FIRST):
            raise InputError(
                f"{where}: has {joints} joints; layout {skeleton.name} has {len(skeleton)}"
            )
        return skeleton, len(skeleton), ""
    if joints in _COCO_FIRST:
        note = f"{joints} joints taken to be {_COCO_FIRST[joints]}: its first 17 are COCO's"
        return COCO_17, 17, note
    if joints not in _BY_COUNT:
        counts = ", ".join(f"{count} ({sets[0].name})" for count, sets in _BY_COUNT.items())
        raise InputError(f"{where}: {joints} joints; expected {counts}, or layout=")
    sets = _BY_COUNT[joints]
    skeleton = sets[0]
    if points is not None and joints == 17:
        house = looks_like_house(points) and _has_middles(points)
        skeleton = HOUSE if house else _coco_or_posetrack(points)
    elif points is not None and joints == 16:
        skeleton = _mpii_or_hourglass(points)
    elif points is not None and len(sets) > 1:
        skeleton = min(sets, key=lambda one: _bone(one, points))
    return (
        skeleton,
        joints,
        f"{joints} joints taken to be {skeleton.name} (if not, say which: layout, --layout)",
    )


def _bone(skeleton: Skeleton, points: numpy.ndarray) -> float:
    """The mean length of a bone, if these joints were this set's: a wrong set joins what is far
    apart."""
    parents, children = numpy.array(skeleton.bones).T
    with numpy.errstate(all="ignore"):
        lengths = numpy.linalg.norm(points[:, children] - points[:, parents], axis=-1)
        part = lengths / numpy.linalg.norm(spread(points), axis=-1)[:, None]
    part = part[numpy.isfinite(part)]
    return float(part.mean()) if len(part) else 0.0


def looks_like_house(points: numpy.ndarray) -> bool:
    """Whether 17 joints are Human3.6M's rather than COCO's: joints 1, 2, 3 are then hip, knee and
    ankle, far apart; in COCO they are eyes and an ear, close together."""
    with numpy.errstate(all="ignore"):
        whole = numpy.linalg.norm(spread(points[:, :17]), axis=-1)
        thigh = numpy.linalg.norm(points[:, 2] - points[:, 1], axis=-1)
        shin = numpy.linalg.norm(points[:, 3] - points[:, 2], axis=-1)
        part = (thigh + shin) / whole
    part = part[numpy.isfinite(part)]
    return bool(len(part) == 0 or numpy.median(part) > 0.2)


def _mpii_or_hourglass(points: numpy.ndarray) -> Skeleton:
    """MPII's order, or Human3.6M's joints in it: joints 7 and 8 are then the spine, half way from
    the hips to the shoulders, and the thorax between these; MPII has thorax and neck there."""
    hip, shoulders = points[:, 6], points[:, [12, 13]].mean(1)
    trunk = shoulders - hip
    spine = _median_part(points[:, 7] - (hip + trunk / 2), trunk)
    thorax = _median_part(points[:, 8] - shoulders, trunk)
    return HOURGLASS_16 if max(spine, thorax) < 0.3 else MPII_16


def _coco_or_posetrack(points: numpy.ndarray) -> Skeleton:
    """COCO's order, or PoseTrack's: joints 1 and 2 are the eyes, or the neck and the top of the
    head, which are a third of the trunk apart and more."""
    trunk = points[:, [5, 6]].mean(1) - points[:, [11, 12]].mean(1)
    part = _median_part(points[:, 2] - points[:, 1], trunk)
    return POSETRACK_17 if part > 0.33 else COCO_17


def _has_middles(points: numpy.ndarray) -> bool:
    """Whether joints 0 and 8 are Human3.6M's hip and thorax, midway between both hips and both
    shoulders; in PoseTrack they are the nose and an elbow."""
    apart = [points[:, one] - points[:, pair].mean(1) for one, pair in ((0, [1, 4]), (8, [11, 14]))]
    whole = spread(points[:, :17])
    parts = [_median_part(one, whole) for one in apart]
    return not sum(parts) > 0.2


def _median_part(one: numpy.ndarray, whole: numpy.ndarray) -> float:
    """The length of `one` as a part of that of `whole`, median over frames; NaN: not seen."""
    with numpy.errstate(all="ignore"):
        part = numpy.linalg.norm(one, axis=-1) / numpy.linalg.norm(whole, axis=-1)
    part = part[numpy.isfinite(part)]
    return float(numpy.median(part)) if len(part) else numpy.nan


def spread(points: numpy.ndarray) -> numpy.ndarray:
    """(frames, axes): extent of the known ones of (frames, joints, axes); 0 where there is none."""
    known = numpy.isfinite(points)
    high = numpy.where(known, points, -numpy.inf).max(1)
    low = numpy.where(known, points, numpy.inf).min(1)
    return numpy.where(known.any(1), high - low, 0.0)
