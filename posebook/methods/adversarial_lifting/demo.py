"""From OpenPose's or COCO's key points to house joints, as in the demo of Kudo et al. 2018.

It needs the twelve joints of the limbs and the nose; all other joints are computed from them.
Where one is missing, the error names it. Taught in 12_adversarial_lifting.
"""

import torch

from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.shapes import Pose2D
from posebook.skeletons import HOUSE, Conversion, Skeleton

LIMBS = tuple(
    f"{side}_{part}"
    for side in ("right", "left")
    for part in ("hip", "knee", "foot", "shoulder", "elbow", "wrist")
)
NEEDED = (*LIMBS, "nose")
_SHOULDERS = {"left_shoulder": 0.5, "right_shoulder": 0.5}
_HIPS = {"left_hip": 0.5, "right_hip": 0.5}
# Joint -> weights of marked joints, and the same in words.
_RULES = {
    "hip": (_HIPS, "between the hips"),
    "spine": (
        {joint: weight / 2 for joint, weight in (_HIPS | _SHOULDERS).items()},
        "half way from hips to shoulders",
    ),
    "thorax": (_SHOULDERS, "between the shoulders"),
    "neck_nose": ({"nose": 1.0}, "the nose"),
    "head": (
        {"nose": 2.0, "left_shoulder": -0.5, "right_shoulder": -0.5},
        "twice as far from the thorax as the nose",
    ),
}


def demo_conversion(source: Skeleton) -> Conversion:
    """To house joints by the demo's rules; an InputError where the set marks no nose or limb.

    `skeletons.conversion` differs from it at neck_nose and head. It puts them where the house
    skeleton has them: inside the head, and at its top.
    """
    lacking = [joint for joint in NEEDED if joint not in source.joints]
    if lacking:
        raise InputError(
            f"{source.name}: marks no {', '.join(lacking)}; the demo needs the limbs and the nose, "
            "such as OpenPose's BODY_25 and COCO-18, and COCO-17, have"
        )
    weights = torch.zeros(len(HOUSE), len(source), dtype=torch.float64)
    for row, joint in enumerate(HOUSE.joints):
        marked, _ = _RULES.get(joint, ({joint: 1.0}, ""))
        for name, weight in marked.items():
            weights[row, source.index(name)] = weight
    invented = {joint: how for joint, (_, how) in _RULES.items()}
    return Conversion(source, HOUSE, weights, invented, ())


def missing(clip: Clip) -> list[tuple[str, ...]]:
    """For each frame, the needed joints that were not found."""
    demo_conversion(clip.skeleton)  # an InputError names the joints that the joint set lacks
    found = torch.isfinite(clip.keypoints_px).all(-1) & (clip.confidence > 0)
    rows = found[:, clip.skeleton.indices(*NEEDED)].tolist()
    return [tuple(j for j, there in zip(NEEDED, row, strict=True) if not there) for row in rows]


def house_keypoints(clip: Clip) -> Pose2D:
    """(frames, 17, 2) px, house joints by the demo's rules; NaN in frames that lack a needed joint.

    Raises InputError, one line, where no frame has them all.
    """
    lacking = missing(clip)
    if lacking and all(lacking):
        least = min(lacking, key=len)
        which = "" if len(lacking) == 1 else f" in the best of {len(lacking)} frames"
        raise InputError(
            f"{clip.name}: {len(NEEDED) - len(least)} of {len(NEEDED)} joints found{which}; "
            f"{', '.join(least)} missing; expected the twelve joints of the limbs and the nose"
        )
    keypoints_px, _ = demo_conversion(clip.skeleton)(
        clip.keypoints_px.double(), clip.confidence.double()
    )
    whole = torch.tensor([not names for names in lacking], dtype=torch.bool)
    return torch.where(whole[:, None, None], keypoints_px, torch.nan)
