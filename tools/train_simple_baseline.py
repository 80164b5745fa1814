"""Train the shipped lifter `simple_baseline`, on people of `synthetic_wide` and nothing else.

    python tools/train_simple_baseline.py                 # writes data/lifters/simple_baseline.*
    python tools/train_simple_baseline.py --help          # size, length, folders

Every epoch draws new people, new cameras and new mistakes of detectors, so none is seen twice. The
run is resumed where it was killed by the same command. About 40 minutes on one core.

The network is Martinez et al. 2017 (arXiv:1705.03098) without max-norm and dropout. Its input is
not the paper's, pixels of the whole picture, but the person as a camera turned towards them would
see them (posebook/cameras/turned.py); the model card says what that changes.
"""

import argparse
import copy
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from posebook import lifting, paths, results, training
from posebook.cameras import Cameras, bounding_ball, random_cameras
from posebook.cameras.turned import PersonView, network_input, predict_units, turn_towards
from posebook.datasets.batches import Batches
from posebook.datasets.layouts import landmarks
from posebook.datasets.people.synthetic import sample_poses
from posebook.geometry import aligned_distances, bone_lengths, procrustes
from posebook.lifting.person_view import FEWEST_JOINTS
from posebook.methods.simple_baseline.network import Martinez
from posebook.skeletons import HOUSE, Skeleton, conversion, skeleton

#: Share of the training views that come as each joint set.
LAYOUTS = {
    "human36m_17": 0.6, "coco_17": 0.12, "body_25": 0.08, "openpose_coco_18": 0.04,
    "mpii_16": 0.08, "lsp_14": 0.05, "mpi_inf_3dhp_17": 0.03,
}  # fmt: skip
#: Share of the training views, and options of `random_cameras`: a room with cameras on its walls;
#: any camera; cameras held by people in odd places.
CAMERAS = (
    (0.45, dict(field_of_view_deg=(40, 55), elevation_deg=(0, 22), roll_deg=3, fill=(0.25, 0.9))),
    (0.40, dict()),
    (0.15, dict(elevation_deg=(-30, 80), roll_deg=20, fill=(0.3, 1.2), nearest_mm=1500)),
)
CHUNK = 20_000


@dataclass(frozen=True)
class Quality:
    """How good the keypoints are: shares of the views.

    known    intrinsics are known                 noisy    jitter, outliers, left/right swaps
    missing  single joints are lost               cut_off  an edge of the picture cuts the person
    """

    known: float = 0.6
    noisy: float = 0.35
    missing: float = 0.2
    cut_off: float = 0.1


PERFECT = Quality(known=1, noisy=0, missing=0, cut_off=0)


def draw_views(
    count: int, generator: torch.Generator, quality: Quality, layouts: dict[str, float]
) -> dict[str, Tensor]:
    """People as the network sees them, and what it should say.

    inputs (count, 18, 3) as `cameras.turned.network_input`; units (count, 17, 3) and unit_mm
    (count,) as `PersonView.pose_to_units`. `count` is met but for a few poses too near to a camera.
    """
    parts = []
    for layout, part in layouts.items():
        for share, options in CAMERAS:
            wanted = round(count * part * share)
            for start in range(0, wanted, CHUNK):
                size = min(CHUNK, wanted - start)
                parts.append(_draw_chunk(size, generator, quality, layout, options))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _draw_chunk(
    count: int, generator: torch.Generator, quality: Quality, layout: str, options: dict
) -> dict[str, Tensor]:
    world_mm = sample_poses(count, generator)
    centre_mm, radius_mm = bounding_ball(world_mm)
    beside = 150 * torch.randn(count, 3, generator=generator)
    cameras = random_cameras(
        count, generator, target_mm=centre_mm + beside, radius_mm=radius_mm, **options
    )
    pose_mm = cameras.to_camera(world_mm)
    in_front = (pose_mm[..., 2] > 300).all(-1)
    known = torch.rand(count, generator=generator) < quality.known
    marked = landmarks(pose_mm, skeleton(layout))
    rays = assumed_rays(marked, cameras, known, generator)
    seen = (marked[..., 2] > 100) & what_is_missing(rays, quality, generator)
    rays = rays + mistakes(rays, skeleton(layout), quality, generator)
    change = conversion(skeleton(layout))
    rays, confidence = change(rays, seen.to(rays))
    seen = confidence > 0
    view = turn_towards(rays.nan_to_num(), seen)
    # Where the intrinsics are guessed, the turn is off by what nobody can know: the answer asked
    # for is the pose as a camera sees it that really is turned towards the person.
    true_rays, _ = change(marked[..., :2] / marked[..., 2:].clamp_min(100))
    true_view = turn_towards(true_rays, seen)
    turned = PersonView(
        view.keypoints,
        torch.where(known[:, None, None], view.rotation, true_view.rotation),
        torch.where(known, view.spread, true_view.spread),
    )
    units, unit_mm = turned.pose_to_units(pose_mm)
    usable = in_front & (seen.sum(-1) >= FEWEST_JOINTS)
    invented = torch.tensor([joint in change.invented for joint in HOUSE.joints])
    inputs = network_input(view, seen, invented, known)
    return dict(inputs=inputs[usable], units=units[usable], unit_mm=unit_mm[usable])


def assumed_rays(
    pose_mm: Tensor, cameras: Cameras, known: Tensor, generator: torch.Generator
) -> Tensor:
    """The rays (n, joints, 2) that a lifter would assume, with its guess where it knows no better.

    The guess is `Camera.guess`, for a picture that may have been cropped before.
    """
    rays = pose_mm[..., :2] / pose_mm[..., 2:].clamp_min(100)
    longer = cameras.size_px.amax(-1, keepdim=True)
    like = dict(generator=generator, device=generator.device)
    cropped = 0.1 * torch.randn(len(rays), 2, **like)
    cropped *= torch.rand(len(rays), 1, **like) < 0.3
    scale = (cameras.focal_px / (1.2 * longer)).to(rays)
    guessed = rays * scale.unsqueeze(1) + cropped.unsqueeze(1)
    return torch.where(known[:, None, None], rays, guessed)


def what_is_missing(rays: Tensor, quality: Quality, generator: torch.Generator) -> Tensor:
    """Joints seen (n, joints): single ones lost, or all beyond an edge of the picture."""
    count, joints = rays.shape[:2]

    def even(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    lost = (even(1) < quality.missing) & (even(joints) < 0.7 * even(1) ** 2)
    # The edge runs through the person, most often below the waist and never above the neck.
    along = torch.where(even(1) < 0.75, rays[..., 1], rays[..., 0] * (even(1) - 0.5).sign())
    low, high = along.amin(-1, keepdim=True), along.amax(-1, keepdim=True)
    beyond = (even(1) < quality.cut_off) & (along > low + (0.3 + 0.7 * even(1)) * (high - low))
    return ~lost & ~beyond


def mistakes(
    rays: Tensor, layout: Skeleton, quality: Quality, generator: torch.Generator
) -> Tensor:
    """What a detector adds to the places (n, joints, 2): jitter, outliers, left/right swaps."""
    count, joints = rays.shape[:2]

    def even(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    noisy = even(1) < quality.noisy
    spread = (rays - rays.mean(1, keepdim=True)).square().sum(-1).mean(1).sqrt()[:, None]
    size = spread * noisy * (0.005 + 0.07 * even(1) ** 2)
    size = size * torch.where(even(joints) < 0.02, 8.0, 1.0)
    jitter = size.unsqueeze(-1) * torch.randn(count, joints, 2, generator=generator)
    swapped = (noisy & (even(1) < 0.03)).unsqueeze(-1)
    swap = layout.swap_sides(rays) - rays
    part = torch.tensor([any(p in j for p in ("hip", "knee", "foot")) for j in layout.joints])
    part = torch.where(even(1) < 0.5, part, ~part).unsqueeze(-1)
    return jitter + swap * (swapped & part)


def loss_of(predicted: Tensor, units: Tensor, unit_mm: Tensor, aligned: float) -> Tensor:
    """Mean joint distance, in metres at the person's true size, as it is and after alignment.

    The second part forgives a pose that is turned as a whole. The alignment is taken as given
    when the gradient is.
    """
    size = unit_mm[:, None, None] / 1000
    plain = torch.linalg.vector_norm((predicted - units) * size, dim=-1).mean()
    if not aligned:
        return plain
    with torch.no_grad():
        fit = procrustes(predicted, units)
    fitted = fit.apply(predicted)
    return plain + aligned * torch.linalg.vector_norm((fitted - units) * size, dim=-1).mean()


class Average:
    """A running mean of a network's weights; what is shipped is the mean, not the last step."""

    def __init__(self, network: torch.nn.Module, decay: float = 0.9995):
        self.decay = decay
        self.steps = 0
        self.weights = {n: t.detach().clone() for n, t in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        self.steps += 1
        new = 1 - min(self.decay, self.steps / (self.steps + 20))
        pairs = [(self.weights[name], t) for name, t in network.state_dict().items()]
        mine, theirs = zip(*[pair for pair in pairs if pair[1].is_floating_point()], strict=True)
        torch._foreach_lerp_(mine, theirs, new)

    def state_dict(self) -> dict:
        return dict(steps=torch.tensor(self.steps), **self.weights)

    def load_state_dict(self, state: dict) -> None:
        state = dict(state)
        self.steps = int(state.pop("steps"))
        self.weights = state


def learning_rate(step: int, steps: int, warm_up: int = 500) -> float:
    """Part of the highest rate: up in a straight line, then down along half a cosine."""
    down = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    return min(1.0, (step + 1) / warm_up) * down


def train(options: argparse.Namespace) -> lifting.Lifter:
    """The whole run; `options` are those of the command line."""
    draw = training.seed_everything(options.seed)
    torch.set_num_threads(options.threads)
    arguments = dict(
        input_joints=len(HOUSE) + 1, output_joints=len(HOUSE), input_dimensions=3,
        width=options.width, blocks=options.blocks, dropout=options.dropout, max_norm=False,
    )  # fmt: skip
    network = Martinez(**arguments)
    average = Average(network)
    optimiser = torch.optim.AdamW(
        network.parameters(), options.rate, weight_decay=options.decay, fused=True
    )
    steps = options.epochs * (options.views // options.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: learning_rate(s, steps))
    state = dict(
        network=network, average=average, optimiser=optimiser, schedule=schedule, draw=draw
    )
    run = training.Run(options.out, seed=options.seed, device="cpu", state=state)
    torch.set_num_threads(options.threads)
    held_out = _held_out(options.seed, Quality(), LAYOUTS)
    perfect = _held_out(options.seed, PERFECT, {HOUSE.name: 1.0})
    for _ in run.epochs(options.epochs):
        views = draw_views(options.views, draw, Quality(), LAYOUTS)
        network.train()
        for batch in Batches(views, options.batch, draw, drop_last=True):
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
                predicted = network(batch["inputs"])
            loss = loss_of(predicted.float(), batch["units"], batch["unit_mm"], options.aligned)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            average.update(network)
            run.log(dict(loss_mm=1000 * loss.detach()))
        network.eval()
        judged = copy.deepcopy(network)
        judged.load_state_dict(average.weights)
        run.log(dict(held_out_mm=p_mpjpe(judged, held_out), perfect_mm=p_mpjpe(judged, perfect)))
    network.load_state_dict(average.weights)
    network.eval().requires_grad_(False)
    header = dict(
        name="simple_baseline",
        network={"class": "Martinez", "arguments": arguments},
        skeleton=HOUSE.name,
        normalisation=dict(kind="person_view", bones_mm=average_size(network, perfect)),
        data="synthetic_wide (posebook.datasets.people.synthetic.sample_poses), nothing else",
        licence="MIT; the prior of synthetic_wide: data/prior/README.md",
        metrics=[
            number("simple_baseline", "held out, exact key points", p_mpjpe(network, perfect)),
            number("simple_baseline", "held out, as in training", p_mpjpe(network, held_out)),
        ],
        training={name: value for name, value in vars(options).items() if name not in _PLACES},
        seconds=round(run.seconds),
    )
    return lifting.Lifter(header, network)


def _held_out(seed: int, quality: Quality, layouts: dict[str, float]) -> dict[str, Tensor]:
    """People that training does not see: their generator is another."""
    return draw_views(8_000, torch.Generator().manual_seed(1_000_000 + seed), quality, layouts)


@torch.no_grad()
def p_mpjpe(network: torch.nn.Module, views: dict[str, Tensor]) -> float:
    """Mean over views and 17 joints of the distance after Procrustes, mm."""
    units = predict_units(network, views["inputs"])
    return float((aligned_distances(units, views["units"]).mean(-1) * views["unit_mm"]).mean())


@torch.no_grad()
def average_size(network: torch.nn.Module, views: dict[str, Tensor]) -> float:
    """The sum of bones that a lifted pose is scaled to: the median person's, mm.

    Measured on lifted poses, since what the network is not sure of comes out short.
    """
    units = predict_units(network, views["inputs"])
    return round(float((bone_lengths(units, HOUSE).sum(-1) * views["unit_mm"]).median()), 1)


def number(lifter: str, split: str, value: float) -> dict:
    """A line of the header's metrics."""
    return results.Number(
        "P-MPJPE", value, "mm", "Procrustes-aligned, 17 joints, frame mean, least-squares scale",
        data="synthetic_wide", split=split, method=lifter, chapter=lifter,
        profile=results.OF_A_FILE, versions=results.versions(), code=results.code(),
    ).to_dict()  # fmt: skip


_PLACES = ("out", "file", "threads")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--epochs", type=int, default=45, help="draws of new views (%(default)s)")
    add("--views", type=int, default=400_000, help="views in an epoch (%(default)s)")
    add("--batch", type=int, default=1024, help="views in a step (%(default)s)")
    add("--width", type=int, default=1024, help="units of a hidden layer (%(default)s)")
    add("--blocks", type=int, default=2, help="residual blocks (%(default)s)")
    add("--dropout", type=float, default=0.0, help="probability to drop a unit (%(default)s)")
    add("--rate", type=float, default=2e-3, help="highest learning rate (%(default)s)")
    add("--decay", type=float, default=1e-2, help="weight decay (%(default)s)")
    add("--aligned", type=float, default=0.5, help="weight of the aligned loss (%(default)s)")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=1, help="CPU threads (%(default)s)")
    add(
        "--bfloat16", action=argparse.BooleanOptionalAction, default=True,
        help="multiply matrices in bfloat16: three times faster on CPUs that can, slower on others",
    )  # fmt: skip
    add("--out", type=Path, default=paths.runs() / "simple_baseline_lifter", help="checkpoints")
    add("--file", type=Path, default=lifting.SHIPPED["simple_baseline"], help="the lifter")
    options = parser.parse_args()
    lifter = train(options)
    lifter.save(options.file, weights=torch.float16)
    print(f"{paths.shown(options.file)}: {lifter.header['metrics']}")


if __name__ == "__main__":
    main()
