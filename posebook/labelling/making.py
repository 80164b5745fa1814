"""Labels of some people: a lifter's pose, the geometric search, a score and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy
import torch
from torch import Tensor

from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.geometry import bone_lengths
from posebook.labelling.people import People, Span
from posebook.lifting import Lifter
from posebook.lifting.continuity import STILLS_PER_SECOND
from posebook.lifting.house_clip import FILLED, SEEN, HouseClip, house_clip
from posebook.lifting.placing import place_root
from posebook.methods.label_generator.pictures import GIVEN
from posebook.methods.label_generator.search import MOST_WILD_MM, WILD, Depths, search_rays
from posebook.skeletons import HOUSE

#: The frame in which a network sees everybody: a picture of this size, with the camera that this
#: book takes for a picture of which nothing but the size is known.
FRAME = Camera.guess((1000, 1000), name="frame")
#: A label is doubtful where its left and right bones differ by more than this part of them,
MOST_ASKEW = 0.35
#: and where less than this part of the source's joints is marked.
FEWEST_MARKED = 0.5
FLAGS = {
    "no_pose": "too few joints in sight for a pose; no label",
    "no_solution": "no hip, or no distance at which the pose fits the picture; no label",
    "at_bound": "the best distance is the nearest or the farthest that was tried",
    "few_joints": f"less than {FEWEST_MARKED:.0%} of the joints are marked",
    "askew": f"left and right bones differ by more than {MOST_ASKEW:.0%}",
}
#: What halves the score: so many mm that the search moves a joint, such a difference of bones.
#: On the test people of CMU's motions, seen by Human3.6M's cameras, score and error go together
#: with a rank correlation of -0.49 where key points are exact, and -0.39 with simulated detector
#: errors; the tenth with the lowest score has 1.7 and 1.4 times the mean error.
_HALF_MOVED_MM, _HALF_ASYMMETRY = 60.0, 0.3


@dataclass(frozen=True)
class Method:
    """How labels are made.

    lifter   that gives the coarse pose
    search   whether the geometric search follows; depths: its candidates; most_mm: its limit
    """

    lifter: Lifter
    search: bool = True
    depths: Depths = WILD
    most_mm: float = MOST_WILD_MM


def labels_of(people: People, method: Method, span: Span) -> dict[str, Any]:
    """The labels of a span of `people`, or of a part of one of separate pictures: arrays by name.

    pose_mm, coarse_mm     (n, 17, 3) float32: house joints about the hip, camera axes, mm, after
                           and before the search; pose_mm is NaN where there is no label
    root_mm                (n, 3) float32: where the hip is; pose_mm + root_mm is seen exactly at
                           the key points of the marked joints
    camera, camera_rule    (n, 4) fx, fy, cx, cy, px of the picture; (n,) which of `pictures.RULES`
    counted                (n, 17) bool: joints that the search took from the picture
    moved_mm               (n,) by how much the search moves a joint, mean over the counted ones
    off_px, left_off_px    (n,) mean distance in the picture from the counted key points, of the
                           coarse pose at the root that was found, and of the label
    asymmetry              (n,) mean difference of left and right bones, as a part of their mean
    score                  (n,) from 0, no label, to 1
    each of `FLAGS`        (n,) bool
    """
    rows = slice(span.first, span.end)
    ready = _ready(people, rows, span)
    answer = method.lifter.answer(ready)
    empty = ready.few | ready.heap | ~torch.isfinite(answer.pose_mm).all((-1, -2))
    coarse = torch.where(empty[:, None, None], torch.nan, answer.pose_mm.double())
    rays = ready.camera.rays(ready.keypoints_px)
    counted = (ready.origin == SEEN) | (ready.origin == FILLED)
    # Without the hip nothing can be about it: then it is the one between the hips that counts.
    hip = HOUSE.index("hip")
    counted[:, hip] = ready.seen[:, hip]
    found = search_rays(coarse, rays, method.depths, method.most_mm, seen=counted)
    if method.search:
        pose, root = found.pose_mm, found.root_mm
        bad = found.no_solution & ~empty
        bound = found.at_bound
    else:
        pose = coarse
        sure = ready.confidence * counted
        root = place_root(coarse, ready.keypoints_px, sure, ready.camera, STILLS_PER_SECOND)
        bad = bound = torch.zeros_like(empty)
    focal = people.intrinsics.focal_px[rows]
    off = _off_px(coarse, found.root_mm if method.search else root, rays, focal, counted)
    marked = (people.confidence[rows] > 0).double().mean(-1)
    moved = found.objective_mm / counted.sum(-1).clamp_min(1)
    asymmetry = asymmetry_of(pose)
    good = torch.isfinite(pose).all((-1, -2)) & torch.isfinite(root).all(-1)
    # Where the hip is not seen nothing was searched, so that nothing speaks for or against it.
    score = (
        marked
        * 0.5 ** (moved.nan_to_num(0.0) / _HALF_MOVED_MM)
        * 0.5 ** (asymmetry / _HALF_ASYMMETRY)
    )
    arrays = dict(
        pose_mm=torch.where(good[:, None, None], pose, torch.nan).float(),
        coarse_mm=coarse.float(), root_mm=torch.where(good[:, None], root, torch.nan).float(),
        camera=torch.cat([focal, people.intrinsics.centre_px[rows]], -1),
        camera_rule=people.intrinsics.rule[rows].to(torch.int8),
        counted=counted, moved_mm=moved.float(), off_px=off.float(),
        left_off_px=_off_px(pose, root, rays, focal, counted).float(), asymmetry=asymmetry.float(),
        score=torch.where(good, score, 0.0).float(),
        no_pose=empty, no_solution=bad, at_bound=bound, few_joints=marked < FEWEST_MARKED,
        askew=asymmetry > MOST_ASKEW,
    )  # fmt: skip
    return {name: array.numpy() for name, array in arrays.items()}


def asymmetry_of(pose: Tensor) -> Tensor:
    """(n,) mean over left and right bones of their difference, as a part of their mean; NaN where
    there is no pose."""
    lengths = bone_lengths(pose, HOUSE)
    names = HOUSE.bone_names
    left = [n for n, name in enumerate(names) if name.startswith("left_")]
    right = [names.index(names[n].replace("left_", "right_")) for n in left]
    ours, theirs = lengths[:, left], lengths[:, right]
    return ((ours - theirs).abs() / ((ours + theirs) / 2).clamp_min(1e-6)).mean(-1)


def _ready(people: People, rows: slice, span: Span) -> HouseClip:
    """The rows as a lifter takes them, all in one frame: what a camera of `FRAME` would see."""
    clip = Clip(
        name=people.name,
        skeleton=people.skeleton,
        # Of separate pictures nothing is carried from one to the next.
        frames_per_second=span.rate if span.film else STILLS_PER_SECOND,
        keypoints_px=people.rays[rows] * FRAME.focal_px + FRAME.centre_px,
        confidence=people.confidence[rows],
        camera=FRAME,
    )
    ready, _ = house_clip(clip, min_confidence=0.0)
    # Of all people, not of these rows: a label must not depend on who is labelled with it.
    return replace(ready, camera_known=bool((people.intrinsics.rule == GIVEN).all()))


def _off_px(pose: Tensor, root: Tensor, rays: Tensor, focal_px: Tensor, counted: Tensor) -> Tensor:
    """(n,) mean distance from the counted key points, px of the picture; NaN without a pose."""
    absolute = pose.double() + root.double().unsqueeze(1)
    seen = absolute[..., :2] / absolute[..., 2:]
    off = torch.linalg.vector_norm((seen - rays) * focal_px.unsqueeze(1), dim=-1)
    count = counted.sum(-1)
    total = torch.where(counted, off, 0.0).sum(-1)
    return torch.where(count > 0, total / count.clamp_min(1), torch.nan)


def joined(parts: list[Mapping[str, numpy.ndarray]]) -> dict[str, numpy.ndarray]:
    """The arrays of several parts, one after the other."""
    return {name: numpy.concatenate([part[name] for part in parts]) for name in parts[0]}
