"""Fit the prior of `synthetic_wide` to motion capture: how people hold themselves, and move.

    python tools/fit_motion_prior.py --root FOLDER                # writes data/prior/
    python tools/fit_motion_prior.py --root FOLDER --held-out S8 --dry   # for choosing settings

FOLDER holds `data_3d_h36m.npz` with CMU motion under Human3.6M's names. Only its training
subjects are read: the others are for testing what was trained on the prior. Two mixtures of
Gaussians are fitted, each after a reduction by principal components: of single poses, and of
windows of 1.3 s. What is written is their weights, means and covariances, no clip. Takes two
minutes on two cores.
"""

import argparse
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from posebook import paths
from posebook.datasets.people.body import BONES, FRACTION_OF_STATURE
from posebook.datasets.people.motion_prior import FILE, RATE, SPAN, cosines
from posebook.datasets.readers.human36m_archives import subjects_of, world_mm
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.geometry import bone_vectors
from posebook.skeletons import HOUSE

SUBJECTS = ("S1", "S5", "S6", "S7", "S8")
#: Settings, chosen on S8 with the others fitted.
POSES = dict(dimensions=32, components=96, pseudo=50.0)
WINDOWS = dict(dimensions=48, components=48, pseudo=50.0)
COSINES, STRIDE = 10, 2
LARGEST_BYTES = 200_000
#: In the windows, directions count by their bone's length, steps and flights by so many metres.
STEP_METRES, FLIGHT_METRES = 0.5, 1.0


def facing(pose: Tensor) -> Tensor:
    """Rotations (..., 3, 3) from the world to the body's frame: rows right, forward, up."""
    right = (pose[..., 1, :] - pose[..., 4, :]) * torch.tensor([1.0, 1.0, 0.0])
    right = torch.nn.functional.normalize(right, dim=-1)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=pose.dtype).expand_as(right)
    return torch.stack([right, torch.linalg.cross(up, right), up], dim=-2)


def both_hands(clip: Tensor) -> tuple[Tensor, Tensor]:
    """A clip and its mirror image."""
    return clip, HOUSE.flip(clip)


def directions(pose: Tensor) -> Tensor:
    return torch.nn.functional.normalize(bone_vectors(pose, HOUSE), dim=-1)


def poses(clips: list[Tensor]) -> Tensor:
    """Bone directions of every frame in the body's frame: (rows, 48)."""
    rows = [
        (directions(clip) @ facing(clip).transpose(-1, -2)).flatten(1)
        for pair in map(both_hands, clips)
        for clip in pair
    ]
    return torch.cat(rows)


def weights() -> Tensor:
    """What each of the 51 channels of a window counts, in metres."""
    lengths = torch.tensor([1.75 * FRACTION_OF_STATURE[bone] for bone in BONES])
    for bone in ("spine", "thorax"):  # the trunk carries head and arms
        lengths[BONES.index(bone)] += 0.3
    steps = torch.tensor([STEP_METRES, STEP_METRES, FLIGHT_METRES])
    return torch.cat([lengths.repeat_interleave(3), steps]).to(torch.float64)


def windows(clips: list[Tensor]) -> Tensor:
    """Cosine coefficients (rows, COSINES * 51) of every window, in its middle frame's axes.

    Channels: 48 of directions; the hip's way in leg lengths, to the right and forward; how high
    the lower foot is off the floor, in leg lengths, where that is more than a heel's rise.
    """
    basis = cosines(torch.arange(SPAN, dtype=torch.float64), COSINES)
    rows = []
    for pair in map(both_hands, clips):
        for clip in pair:
            leg = bone_vectors(clip[:1], HOUSE)[0, 1:3].norm(dim=-1).sum()
            feet = clip[:, HOUSE.indices("left_foot", "right_foot"), 2].amin(-1)
            flight = ((feet - feet.quantile(0.05)) / leg - 0.05).clamp(min=0)
            for start in range(0, len(clip) - SPAN + 1, STRIDE):
                part = clip[start : start + SPAN]
                turn = facing(part[SPAN // 2]).T
                way = ((part[:, 0] - part[SPAN // 2, 0]) @ turn)[:, :2] / leg
                parts = [(directions(part) @ turn).flatten(1), way, flight[start:][:SPAN, None]]
                rows.append((basis.T @ (torch.cat(parts, dim=1) * weights())).flatten())
    return torch.stack(rows)


def log_density(z: Tensor, mixture: dict[str, Tensor]) -> Tensor:
    """(rows, components) log of weight times density."""
    columns = []
    for weight, mean, factor in zip(
        mixture["weights"], mixture["means"], mixture["factors"], strict=True
    ):
        y = torch.linalg.solve_triangular(factor, (z - mean).T, upper=False)
        scale = factor.diagonal().log().sum() + 0.5 * z.shape[1] * math.log(2 * math.pi)
        columns.append(weight.log() - 0.5 * y.square().sum(0) - scale)
    return torch.stack(columns, dim=1)


def fit(rows: Tensor, dimensions: int, components: int, pseudo: float) -> dict[str, Tensor]:
    """Principal components, then a mixture of Gaussians by expectation-maximisation.

    pseudo  so many imagined rows with the covariance of the whole stand behind each component:
            without them it would learn the clips by heart (neighbouring frames are much alike)
    """
    generator = torch.Generator().manual_seed(0)
    mean = rows.mean(0)
    _, basis = torch.linalg.eigh((rows - mean).T @ (rows - mean))
    basis = basis.flip(-1)[:, :dimensions]
    z = (rows - mean) @ basis
    whole = z.T @ z / len(z)
    means = z[torch.randperm(len(z), generator=generator)[:components]]
    for _ in range(15):  # k-means to begin with
        nearest = torch.cdist(z, means).argmin(1)
        member = torch.nn.functional.one_hot(nearest, components).to(z)
        means = (member.T @ z) / member.sum(0).clamp(min=1).unsqueeze(1)
    for _ in range(12):
        size = member.sum(0)
        means = (member.T @ z) / size.clamp(min=1e-9).unsqueeze(1)
        factors = []
        for column, centre in zip(member.T, means, strict=True):
            away = z - centre
            scatter = (away * column.unsqueeze(1)).T @ away
            covariance = (scatter + pseudo * whole) / (column.sum() + pseudo)
            factors.append(torch.linalg.cholesky(covariance + 1e-7 * torch.eye(dimensions)))
        mixture = dict(weights=size / len(z), means=means, factors=torch.stack(factors))
        member = log_density(z, mixture).softmax(1)
    return dict(mean=mean, basis=basis, **mixture)


def report(name: str, model: dict[str, Tensor], fitted: Tensor, held_out: Tensor) -> None:
    for what, rows in (("fitted", fitted), ("held out", held_out)):
        if len(rows):
            z = (rows - model["mean"]) @ model["basis"]
            lost = ((rows - model["mean"]).square().sum(1) - z.square().sum(1)).mean()
            fit_of = log_density(z, model).logsumexp(1).mean()
            print(f"{name}: {what} log density {fit_of:.2f}, lost by projection {lost:.4f}")


def packed(name: str, model: dict[str, Tensor]) -> dict[str, Tensor]:
    """The model in few bytes: 8 bits with one scale per component for basis and factors."""
    row, column = torch.tril_indices(*model["factors"].shape[1:])
    numbers = {
        f"{name}.mean": model["mean"].half(),
        f"{name}.weights": model["weights"].float(),
        f"{name}.means": model["means"].half(),
    }
    bytewise = {"basis": model["basis"].T, "factors": model["factors"][:, row, column]}
    for part, values in bytewise.items():
        scale = values.abs().amax(1, keepdim=True) / 127
        numbers[f"{name}.{part}"] = (values / scale).round().to(torch.int8)
        numbers[f"{name}.{part}.scale"] = scale.float()
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder with data_3d_h36m.npz")
    parser.add_argument("--held-out", nargs="*", default=[], choices=SUBJECTS)
    parser.add_argument("--dry", action="store_true", help="report only, write nothing")
    given = parser.parse_args()
    path = given.root / "data_3d_h36m.npz"
    takes = subjects_of(read_npz(path), "positions_3d", path)
    clips = {
        held: [
            world_mm(array, f"{subject} {take}")[..., :3].to(torch.float64)
            for subject in SUBJECTS
            if (subject in given.held_out) == held
            for take, array in takes[subject].items()
        ]
        for held in (False, True)
    }
    numbers = {}
    for name, rows_of, settings in (("poses", poses, POSES), ("windows", windows, WINDOWS)):
        rows = rows_of(clips[False])
        model = fit(rows, **settings)
        held = rows_of(clips[True]) if clips[True] else rows[:0]
        report(name, model, rows, held)
        numbers |= packed(name, model)
    numbers["windows.weights_of_channels"] = weights().float()
    frames = sum(map(len, clips[False]))
    header = dict(
        what="mixtures of Gaussians over bone directions, of poses and of windows of 1.3 s",
        source="CMU motion capture, mocap.cs.cmu.edu",
        terms="free for any use, no resale of the data itself; credit mocap.cs.cmu.edu",
        fitted_to=f"{frames} frames of {', '.join(s for s in SUBJECTS if s not in given.held_out)}",
        settings=json.dumps(dict(poses=POSES, windows=WINDOWS, cosines=COSINES, rate=RATE)),
    )
    content = save({name: value.contiguous() for name, value in numbers.items()}, header)
    print(f"{len(content)} bytes")
    assert len(content) <= LARGEST_BYTES, "more than the book may ship"
    if not given.dry:
        with paths.replacing(FILE) as temporary:
            temporary.write_bytes(content)
        print(paths.shown(FILE))


if __name__ == "__main__":
    main()
