r"""The geometric search: how far away a coarse pose must be for the picture to show it.

Source: as in `right_view`. The pose's depths about the hip are kept. Only one number is searched,
the hip's distance :math:`d`; x and y are then taken from the picture, so the result is seen exactly
at the key points. With the ray :math:`m_j` of a joint (x/z, y/z), its coarse depth :math:`z_j` and
place :math:`p_j` about the hip (joint 0),

.. math:: E(d) = \sum_j \lVert a_j + b_j d \rVert, \quad
          a_j = m_j z_j - m_0 z_0 - p_j, \quad b_j = m_j - m_0

:math:`E` is convex: :math:`a_j + b_j d` is a straight line in the plane, the length of a vector is
convex, a convex function of a straight line is convex, and so is a sum of convex functions. So once
:math:`E` rises from one candidate to the next it never falls again, and the first such place is the
best candidate. It is found by halving the range: 13 comparisons stand for all 4,400 candidates of
the release, and give the same one. `exhaustive=True` tries every candidate, as the release does.

The search rescales a person, and trusts the key points: with too small a pose the person comes out
too near, and every error of a key point goes into the label. Depths are never corrected.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.cameras import Camera
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.shapes import Pose2D, Pose3D, Seen
from posebook.skeletons import HOUSE, Skeleton

Real = float | int


class Depths(NamedTuple):
    """Candidates for the hip's distance, mm: from `first` to `last`, `step` apart."""

    first: Real
    last: Real
    step: Real = 1

    @property
    def count(self) -> int:
        return int((self.last - self.first) // self.step) + 1

    def at(self, index: Tensor) -> Float[Tensor, "*index"]:
        """The candidates of these numbers, mm, float64."""
        return self.first + self.step * index.double()


#: The release's candidates: 2.8 to 7.2 m, as in Human3.6M's laboratory.
RELEASED = Depths(2800, 7199)
#: For photographs of any kind: from a face before the lens to a player across the field.
WILD = Depths(500, 60_000)
#: A pose whose E is not below this, mm, summed over 17 joints, has no solution: the release's limit
#: for Human3.6M, and its limit for other pictures.
MOST_MM, MOST_WILD_MM = 10_000.0, 2_000.0
#: Bytes that one batch of candidates may take.
BATCH_BYTES = 64 << 20
#: Poses that are halved together: so many fit into a processor's cache.
_TOGETHER = 2048
_MOST_CANDIDATES = 10_000_000


@dataclass(frozen=True)
class Found:
    """What the search says of each pose.

    pose_mm       (poses, joints, 3)  about the hip, camera axes; NaN where there is no solution
    root_mm       (poses, 3)          where the hip is, camera axes; NaN where there is no solution.
                                      pose_mm + root_mm is seen exactly at the key points
    objective_mm  (poses,)            E at the best candidate, summed over the joints; NaN where a
                                      pose cannot be searched: no hip, or fewer than two joints
    no_solution   (poses,)            E is never below the limit, or a joint that counts would be
                                      behind the camera. The release then gives a collapsed pose, or
                                      the depth of the pose before
    at_bound      (poses,)            the best candidate is the nearest or the farthest: the person
                                      may well be nearer, or farther away
    """

    pose_mm: Pose3D
    root_mm: Float[Tensor, "poses 3"]
    objective_mm: Float[Tensor, " poses"]
    no_solution: Bool[Tensor, " poses"]
    at_bound: Bool[Tensor, " poses"]

    @property
    def depth_mm(self) -> Float[Tensor, " poses"]:
        """The hip's distance along the camera's axis; NaN where there is no solution."""
        return self.root_mm[:, 2]


def search(
    coarse_mm: Pose3D,
    keypoints_px: Pose2D,
    camera: Camera,
    depths: Depths = RELEASED,
    most_mm: Real = MOST_MM,
    **options,
) -> Found:
    """The search in one camera's picture; the lens is undone. See `search_rays`."""
    return search_rays(coarse_mm, camera.rays(keypoints_px.double()), depths, most_mm, **options)


def search_rays(
    coarse_mm: Pose3D,
    rays: Pose2D,
    depths: Depths = RELEASED,
    most_mm: Real = MOST_MM,
    *,
    seen: Seen | None = None,
    exhaustive: bool = False,
    skeleton: Skeleton = HOUSE,
) -> Found:
    """The best distance of each pose, and the pose with x and y from the picture.

    coarse_mm   (poses, joints, 3)  camera axes, about the hip, mm
    rays        (poses, joints, 2)  x/z, y/z of each key point: `camera.rays(keypoints_px)`, or
                                    `rays_about_hip`; NaN where a joint is not seen
    depths      the candidates; of two that are equally good the nearer wins
    most_mm     limit for E, summed over all joints; with joints unseen it shrinks in proportion
    seen        (poses, joints)     joints that count; None: all with a ray. The others keep their
                                    coarse place about the hip
    exhaustive  try every candidate, in batches of at most `BATCH_BYTES`, instead of halving

    What comes back does not depend on which poses are searched together. It is in the precision of
    `coarse_mm`; inside, all is float64.
    """
    _check(depths)
    coarse = root_relative(coarse_mm.double(), skeleton)
    there = torch.isfinite(rays).all(-1) & torch.isfinite(coarse).all(-1)
    there = there if seen is None else there & seen
    rays = torch.where(there.unsqueeze(-1), rays.double(), 0.0)
    root = skeleton.index(skeleton.root)
    start, slope = _lines(coarse, rays, root, there)
    index = _every_candidate(start, slope, depths) if exhaustive else _halved(start, slope, depths)
    depth = depths.at(index)
    objective = objective_of(start, slope, depth)
    count = there.sum(-1)
    searchable = there[:, root] & (count >= 2)
    solved = searchable & (objective < most_mm * count / len(skeleton))

    distance = (depth.unsqueeze(-1) + coarse[..., 2]).unsqueeze(-1)
    # What the picture shows is before the camera.
    solved = solved & ((distance.squeeze(-1) > 0) | ~there).all(-1)
    placed = torch.cat([rays * distance, distance], -1)
    root_mm = placed[:, root]
    pose = torch.where(there.unsqueeze(-1), placed - root_mm.unsqueeze(1), coarse)
    pose[..., 2] = coarse[..., 2]
    at_bound = solved & ((index == 0) | (index == depths.count - 1))
    return Found(
        torch.where(solved[:, None, None], pose, torch.nan).to(coarse_mm),
        torch.where(solved[:, None], root_mm, torch.nan).to(coarse_mm),
        torch.where(searchable, objective, torch.nan).to(coarse_mm),
        ~solved,
        at_bound,
    )


def rays_about_hip(
    keypoints_px: Pose2D, camera: Camera, skeleton: Skeleton = HOUSE
) -> Float[Tensor, "*batch joints 2"]:
    """Rays as the release has them for pictures of other cameras: the person is put on the axis.

    No principal point enters. The absolute place that a search then gives is on the axis, too.
    """
    return root_relative(keypoints_px.double(), skeleton) / camera.focal_px


def curve(
    coarse_mm: Pose3D, rays: Pose2D, depths: Depths = RELEASED, skeleton: Skeleton = HOUSE
) -> Float[Tensor, "poses candidates"]:
    """E of every candidate, mm, for a few poses; all joints must have a ray."""
    _check(depths)
    coarse = root_relative(coarse_mm.double(), skeleton)
    there = torch.ones(coarse.shape[:2], dtype=torch.bool)
    lines = _lines(coarse, rays.double(), skeleton.index(skeleton.root), there)
    candidates = depths.at(torch.arange(depths.count))
    return objective_of(*(line.unsqueeze(-1) for line in lines), candidates)


def least_squares_depth(
    coarse_mm: Pose3D, rays: Pose2D, skeleton: Skeleton = HOUSE
) -> Float[Tensor, " poses"]:
    r"""The distance that minimises the sum of SQUARED lengths, mm, in closed form.

    :math:`d = -\sum a_j \cdot b_j / \sum \lVert b_j \rVert^2`. It is the paper's form of the
    objective, and a cross-check: not the minimiser of E.
    """
    coarse = root_relative(coarse_mm.double(), skeleton)
    there = torch.isfinite(rays).all(-1)
    rays = torch.where(there.unsqueeze(-1), rays.double(), 0.0)
    start, slope = _lines(coarse, rays, skeleton.index(skeleton.root), there)
    return -(start * slope).sum((0, 1)) / slope.square().sum((0, 1))


def objective_of(
    start: Float[Tensor, "2 joints *poses"], slope: Float[Tensor, "2 joints *poses"], depth: Tensor
) -> Tensor:
    """E at a distance for each pose. Joints come before poses, which is faster."""
    x, y = (torch.addcmul(a, b, depth) for a, b in zip(start, slope, strict=True))
    return x.square_().addcmul_(y, y).sqrt_().sum(0)


def _lines(coarse: Tensor, rays: Tensor, root: int, there: Tensor) -> tuple[Tensor, Tensor]:
    """a and b of each joint, (2, joints, poses); 0 where a joint does not count."""
    at_depth = rays * coarse[..., 2:]
    start = at_depth - at_depth[:, root : root + 1] - coarse[..., :2]
    slope = rays - rays[:, root : root + 1]
    return tuple(
        torch.where(there.unsqueeze(-1), line, 0.0).permute(2, 1, 0).contiguous()
        for line in (start, slope)
    )


def _every_candidate(start: Tensor, slope: Tensor, depths: Depths) -> Tensor:
    """(poses,) the number of the best candidate; all of them are tried."""
    joints, poses = start.shape[1:]
    best = torch.full((poses,), torch.inf, dtype=torch.float64)
    index = torch.zeros(poses, dtype=torch.int64)
    together = max(1, BATCH_BYTES // (16 * joints))  # pairs of a pose and a candidate
    columns = min(depths.count, together)
    rows = max(1, together // columns)
    for first in range(0, depths.count, columns):
        numbers = torch.arange(first, min(first + columns, depths.count))
        candidates = depths.at(numbers)
        for row in range(0, poses, rows):
            own = slice(row, row + rows)
            lines = (line[..., own].unsqueeze(-1) for line in (start, slope))
            least, place = objective_of(*lines, candidates).min(-1)
            better = least < best[own]  # strictly: on ties the nearest wins
            best[own] = torch.where(better, least, best[own])
            index[own] = torch.where(better, numbers[place], index[own])
    return index


def _halved(start: Tensor, slope: Tensor, depths: Depths) -> Tensor:
    """(poses,) the number of the best candidate: the first from which E does not fall."""
    parts = []
    for first in range(0, start.shape[2], _TOGETHER):
        a, b = (line[..., first : first + _TOGETHER].contiguous() for line in (start, slope))
        low = torch.zeros(a.shape[2], dtype=torch.int64)
        high = torch.full_like(low, depths.count - 1)
        for _ in range((depths.count - 1).bit_length()):
            middle = (low + high) // 2
            falls = objective_of(a, b, depths.at(middle + 1)) < objective_of(
                a, b, depths.at(middle)
            )
            # Where low has met high nothing may move any more.
            low = torch.where(falls & (low < high), middle + 1, low)
            high = torch.where(falls, high, torch.minimum(middle, high))
        parts.append(low)
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64)


def _check(depths: Depths) -> None:
    whole = depths.step > 0 and 0 < depths.first <= depths.last
    if not whole or depths.count > _MOST_CANDIDATES:
        raise InputError(
            f"depths {tuple(depths)}: expected first, last and step in mm, with 0 < first <= last, "
            f"step > 0, and at most {_MOST_CANDIDATES} candidates"
        )
