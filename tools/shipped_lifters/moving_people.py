"""Windows of motion of people of every kind: a pool made once, then drawn from on any device.

Three sorts of window, shares in `SORTS`: hand-made actions of `synthetic_wide`; motion of its
fitted prior; and single poses of `sample_poses`, which know many more postures than the motion
does, moved as the prior moves: each bone is turned, in the frame of the pelvis, as that bone of a
window of the prior turns. Frame rate, direction of time, body and mirror image are drawn anew for
each window, so that one clip of the pool makes many windows.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from multiprocessing import get_context

import numpy
import torch
from jaxtyping import Float
from torch import Tensor

from posebook.datasets.people import limits, pose_samples
from posebook.datasets.people.body import (
    BONE,
    Body,
    directions_of,
    forward_kinematics,
    levelled,
    unit,
    wide_bodies,
)
from posebook.datasets.people.dice import Dice
from posebook.datasets.people.fitted_motion import draw_pool, fitted_motion
from posebook.datasets.people.puppet import pose_of
from posebook.lifting import person_view
from posebook.skeletons import HOUSE
from shipped_lifters.views import Draw

#: Frames of a clip of the pool, at 50 per second.
FRAMES, RATE = 168, 50.0
#: Frames per second of the windows: any between those, evenly in the logarithm.
SLOWEST, FASTEST = person_view.SLOWEST, person_view.FASTEST
#: Shares of the windows.
SORTS = {"actions": 0.3, "fitted": 0.3, "moved": 0.4}
BACKWARD, LEVEL = 0.25, 0.5
CHUNK = 1000
#: A pool is made in so many parts, each with random numbers of its own.
PARTS = 16


@dataclass
class Pool:
    """What windows are drawn from; directions are float16, the others float32.

    directions  (clips, FRAMES, 16, 3)  unit, world axes, first the actions, then the fitted clips
    way         (clips, FRAMES, 3)      of the hip, leg lengths
    actions     how many of the clips are actions
    bases       (poses, 16, 3)          directions of single poses, pelvis facing +y
    lengths_mm  (bodies, 16)
    """

    directions: Tensor
    way: Tensor
    actions: int
    bases: Tensor
    lengths_mm: Tensor

    def to(self, device: torch.device | str) -> "Pool":
        moved = (self.directions, self.way, self.bases, self.lengths_mm)
        directions, way, bases, lengths_mm = (tensor.to(device) for tensor in moved)
        return Pool(directions, way, self.actions, bases, lengths_mm)


def make_pool(actions: int, fitted: int, poses: int, seed: int, workers: int = 1) -> Pool:
    """A pool of so many clips of either sort and so many single poses, on the CPU.

    workers  processes that make its `PARTS`; their number changes nothing but the time
    """
    counts = [in_parts(count, [1.0] * PARTS) for count in (actions, fitted, poses)]
    orders = [(*part, PARTS * seed + index) for index, part in enumerate(zip(*counts, strict=True))]
    if workers > 1:
        with ProcessPoolExecutor(workers, get_context("spawn")) as processes:
            made = list(processes.map(_part, orders))
    else:
        made = [_part(order) for order in orders]
    acted, dreamt, bases, lengths_mm = (
        [[torch.from_numpy(array) for array in arrays] for arrays in sort]
        for sort in zip(*made, strict=True)
    )
    directions, way = (torch.cat(tensors) for tensors in zip(*acted, *dreamt, strict=True))
    bases, lengths_mm = (
        torch.cat([tensors[0] for tensors in each]) for each in (bases, lengths_mm)
    )
    return Pool(directions, way, actions, bases, lengths_mm)


def _part(order: tuple[int, int, int, int]) -> list[list[numpy.ndarray]]:
    """A part of a pool: directions and way of the actions, of the fitted clips; bases; bodies."""
    torch.set_num_threads(1)
    actions, fitted, poses, seed = order
    generator = torch.Generator().manual_seed(seed)
    acted = _acted(actions, generator)
    dreamt = _dreamt(fitted, generator)
    bases = [
        pose_samples.prior_directions(min(pose_samples.CHUNK, poses - start), generator).half()
        for start in range(0, poses, pose_samples.CHUNK)
    ]
    bodies = wide_bodies(max(100, poses // 4), generator).float()
    parts = acted, dreamt, [torch.cat(bases)], [bodies]
    return [[tensor.numpy() for tensor in tensors] for tensors in parts]


def _acted(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Directions and way of hand-made actions, each from any moment on."""
    made = []
    shares = pose_samples.SHARES
    parts = in_parts(count, [share for _, share in shares.values()])
    for (action, _), people in zip(shares.values(), parts, strict=True):
        if not people:
            continue
        body = Body(wide_bodies(people, generator))
        start = 20 * torch.rand(people, 1, generator=generator, dtype=torch.float64)
        time = start + torch.arange(FRAMES, dtype=torch.float64) / RATE
        strings = action(Dice(people, generator), time, body)
        pose = limits.limited(pose_of(strings, body.lengths_mm), body.lengths_mm.unsqueeze(1))
        made.append(_kept(pose, body))
    return tuple(torch.cat(tensors) for tensors in zip(*made, strict=True))


def _dreamt(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Directions and way of motion of the prior, each thousand clips out of windows of its own."""
    made = []
    for start in range(0, count, CHUNK):
        dreams = draw_pool(generator)
        body = Body(wide_bodies(min(CHUNK, count - start), generator))
        dice = Dice(len(body.lengths_mm), generator)
        made.append(_kept(fitted_motion(dice, FRAMES, RATE, body, dreams), body))
    return tuple(torch.cat(tensors) for tensors in zip(*made, strict=True))


def in_parts(count: int, shares: list[float]) -> list[int]:
    """Whole numbers that add up to `count`, as the shares are."""
    edges = [round(count * edge / sum(shares)) for edge in accumulate(shares, initial=0.0)]
    return [high - low for low, high in pairwise(edges)]


def _kept(pose: Tensor, body: Body) -> tuple[Tensor, Tensor]:
    return directions_of(pose).half(), (pose[:, :, 0] / body.leg.unsqueeze(-1)).float()


def draw_people(
    pool: Pool, count: int, frames: int, generator: torch.Generator
) -> Float[Tensor, "windows frames 17 3"]:
    """Windows of people in motion (windows, frames, 17, 3): mm, world axes, float32.

    The generator's device is the pool's. All frames of a window are one body's, and the frame in
    the middle is the one that is asked about.
    """
    even, device = Draw(count, generator).even, generator.device

    def pick(first: int, last: int, rows: int) -> Tensor:
        return torch.randint(first, last, (rows,), generator=generator, device=device)

    clips = len(pool.directions)
    acted, dreamt, moved = in_parts(count, list(SORTS.values()))
    clip = torch.cat([pick(0, pool.actions, acted), pick(pool.actions, clips, dreamt + moved)])
    step = RATE / SLOWEST * (SLOWEST / FASTEST) ** even(1)
    offset = torch.arange(frames, device=device) - frames // 2
    offset = torch.where(even(1) < BACKWARD, -offset, offset)
    reach = frames // 2 * step
    moment = reach + (FRAMES - 1.01 - 2 * reach).clamp_min(0) * even(1) + step * offset
    moment = moment.clamp(0, FRAMES - 1.01)
    directions = unit(_at(pool.directions, clip, moment))
    way = _at(pool.way, clip, moment)
    base = pool.bases[pick(0, len(pool.bases), moved)].float()
    posed = _moved_as(base, directions[acted + dreamt :])
    directions = torch.cat([directions[: acted + dreamt], limits.enforce(posed)])
    directions = levelled(directions, even(1, 1) < LEVEL)
    lengths = pool.lengths_mm[pick(0, len(pool.lengths_mm), count)]
    leg = lengths[:, BONE["left_knee"]] + lengths[:, BONE["left_foot"]]
    pose = forward_kinematics(directions, lengths.unsqueeze(1))
    pose = pose + (way * leg[:, None, None]).unsqueeze(2)
    return torch.where(even(1, 1, 1) < 0.5, HOUSE.flip(pose), pose)


def _at(values: Tensor, clip: Tensor, moment: Tensor) -> Tensor:
    """values[clip] (clips, frames, ...) at moments (windows, n) between frames, in float32."""
    before = moment.floor()
    share = (moment - before).reshape(*moment.shape, *(1,) * (values.ndim - 2))
    before, clip = before.long(), clip.unsqueeze(1)
    return torch.lerp(values[clip, before].float(), values[clip, before + 1].float(), share)


def _moved_as(base: Tensor, motion: Tensor) -> Tensor:
    """Single poses (n, 16, 3), facing +y, moved as the bones (n, frames, 16, 3) of others."""
    right = motion[..., BONE["right_hip"], :2] - motion[..., BONE["left_hip"], :2]
    right = torch.nn.functional.normalize(right, dim=-1).unsqueeze(-2)
    cos, sin = right.unbind(-1)
    local = _about_vertical(motion, cos, -sin)
    middle = local[:, local.shape[1] // 2].unsqueeze(1)
    # The shortest turn that brings a bone from where it is in the middle frame to where it is.
    axis = torch.linalg.cross(middle, local)
    cosine = (middle * local).sum(-1, keepdim=True)
    base = base.unsqueeze(1).expand_as(local)
    along = (axis * base).sum(-1, keepdim=True)
    turned = cosine * base + torch.linalg.cross(axis, base)
    turned = turned + axis * along / (1 + cosine).clamp_min(0.05)
    return _about_vertical(unit(turned), cos, sin)


def _about_vertical(vectors: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    x, y, z = vectors.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y, z], -1)
