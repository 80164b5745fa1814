# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   posebook:
#     id: elepose
#     title: ElePose
#     level: advanced
#     prerequisites: [skeletons_and_axes, cameras_and_depth, datasets, metrics_and_protocols, simple_baseline, adversarial_lifting, ambiguity_aware]
#     minutes: {ci: 0.3, laptop: 5, full: 300}
#     device: cpu
#     data: [synthetic, human36m]
#     paper: 10.1109/CVPR52688.2022.00652
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 16 · ElePose
#
# Two pictures of a person. In the first, an upright person is seen by a camera that hangs high and looks down. In
# the second, a person leans towards a camera at the height of their hips. Both pictures are the same, joint for
# joint. **Is the person leaning, or is the camera tilted?**
#
# One picture cannot answer this, but many can. If people seen from all sides all seem to lean towards the camera,
# then the camera is tilted. Wandt, Little and Rhodin used this to learn 3D from nothing but single 2D poses.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * explain what a normalising flow is, check that it is a density, draw poses from it and rank poses;
# * write the paper's training step: lift, set upright, spin, look again, and ask how likely that is;
# * train a lifter on 2D poses alone, and explain what each score takes from the truth;
# * read the mean elevation of the cameras that the network found, and explain what decides its sign;
# * name the 3D that hides in a method "without 3D", and measure what it is worth.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "auto"  # auto, cpu or cuda
out_dir = None  # None: runs/elepose/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
bone_prior = "published"  # published, own or none: what is known of bones beforehand
elevation = "learned"  # learned or fixed: where the tilt of the camera comes from
bases = 26  # principal components that the flow sees, of 34
# None below: the profile decides (in the next cells)
width = None  # units of a hidden layer of the lifter
flow_width = None  # and of the flow's subnets
batch_size = None
learning_rate = None
flow_learning_rate = None
consistency = None  # weight of the three losses of coming back
start_elevation = 0.0  # radians, added to the elevation before training
leftover = None  # deviation that the prior allows beside the components; inf: no charge
poses = None  # training budget of the lifter: poses shown, all epochs together
flow_poses = None  # and of the flow
ablation_share = None  # training budget of each ablation, as a share of the main run's
ablations = True  # False: leave them out, as batch runs do
held_out = False  # True: to choose settings, train without subject S8 and score on S8

# %% tags=["setup"]
import math
from functools import partial
from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional

from posebook import (
    datasets,
    evaluation,
    figures,
    geometry,
    lifting,
    metrics,
    paths,
    results,
    training,
)
from posebook.course import check, guessed
from posebook.datasets.batches import Batches
from posebook.errors import InputError
from posebook.key_points import root_centred
from posebook.lifting.trained import keep_lifter
from posebook.methods.elepose import flow
from posebook.methods.elepose import losses as elepose_losses
from posebook.methods.elepose import step as elepose_step
from posebook.methods.elepose.flow import PosePrior
from posebook.methods.elepose.network import ElePoseLifter, learning_rate_factor
from posebook.metrics import ambiguity
from posebook.skeletons import HOUSE

# %% tags=["setup"]
as_published = profile == "full"
choices = {  # the paper's settings are `full`
    "ci": dict(
        width=128, flow_width=64, rate=2e-3, flow_rate=5e-3, consistency=10.0, frames=6_000,
        leftover=0.002, batch_size=128, poses=84_000, flow_poses=96_000, share=0.05, flow_share=0.1,
    ),
    "laptop": dict(
        width=256, flow_width=128, rate=1e-3, flow_rate=5e-3, consistency=10.0, frames=40_000,
        leftover=0.002, batch_size=128, poses=500_000, flow_poses=600_000, share=1 / 6, flow_share=0.5,
    ),
    "full": dict(
        width=1024, flow_width=1024, rate=2e-4, flow_rate=1e-4, consistency=1.0, frames=10**9,
        leftover=math.inf, batch_size=256, poses=100 * 1_559_744, flow_poses=110 * 1_559_744, share=1 / 20,
        flow_share=0.5,
    ),
}[profile]  # fmt: skip
batch_size = batch_size or choices["batch_size"]
width = width or choices["width"]
flow_width = flow_width or choices["flow_width"]
learning_rate = learning_rate or choices["rate"]
flow_learning_rate = flow_learning_rate or choices["flow_rate"]
consistency = choices["consistency"] if consistency is None else consistency
leftover = leftover or choices["leftover"]
leftover = None if math.isinf(leftover) else leftover
poses = poses or choices["poses"]
flow_poses = flow_poses or choices["flow_poses"]
ablation_share = ablation_share or choices["share"]
if elevation not in ("learned", "fixed"):
    raise InputError(f"elevation is '{elevation}', expected learned or fixed")
if bone_prior not in elepose_step.BONE_PRIORS:
    known = ", ".join(elepose_step.BONE_PRIORS)
    raise InputError(f"bone_prior is '{bone_prior}', expected one of {known}")

# %% tags=["setup"]
device = training.pick_device(device)
book = results.Results("elepose", out_dir, profile=profile, seed=seed, device=device)
out_dir = book.out_dir
HIP, HEAD = HOUSE.indices("hip", "head")
source = dict(root=root, keypoints=keypoints, seed=seed)
train, test = datasets.train_and_test(data, held_out=held_out, **source)
train, test = train.thinned(choices["frames"]), test.thinned(choices["frames"])
print(
    f"{train.name}: {len(train)} training frames of {len(train.clips)} clips, {len(test)} for test"
)


def true_elevation(people: datasets.PoseDataset) -> Tensor:
    """(frames,) radians: the angle between the ray to the hip and the floor; below 0: looks down."""
    angles = []
    for clip in people:
        hip_mm = clip.pose_mm[:, HIP].double()
        in_world = functional.normalize(hip_mm, dim=-1) @ clip.camera.rotation.double()
        angles.append(torch.asin(in_world[:, 2]))
    return torch.cat(angles).float()


def rotated(pose: Tensor, degrees: float, axis: str) -> Tensor:
    """The pose (joints, 3), turned; above 0 about x: its head comes towards the camera."""
    angle = torch.tensor([math.radians(degrees)])
    return pose @ geometry.euler_to_matrix(angle, axis).to(pose).mT


truth_mm = geometry.root_relative(test.pose_mm, HOUSE).float()
standing = int((-truth_mm[:, HEAD, 1]).nan_to_num(0).argmax())
level_mm = rotated(truth_mm[standing], math.degrees(true_elevation(test)[standing]), "x")

# %% [markdown]
# ## One picture, two explanations
#
# Here are the two people of the question, first from the side, then as a camera sees them.

# %%
leaning_mm = rotated(level_mm, 40, "x")
figures.show(
    figures.compare(
        {
            "upright, from the side": rotated(level_mm, 90, "y"),
            "leaning, from the side": rotated(leaning_mm, 90, "y"),
            "upright, from hip height": level_mm,
            "upright, from 40° above; leaning, from hip height": leaning_mm,
        },
        turn=0,
        title="Two people, and what the camera sees of them",
        note="In the views from the side, the camera is to the left.",
    ),
    alt="Four drawings of one pose. From the side, the upright person stands straight, and the "
    "leaning person is tilted by 40 degrees, head towards the camera. In the camera's picture, the "
    "leaning person looks shorter, with the head lower over the chest.",
)

# %% [markdown]
# The last picture has two explanations. They differ by one angle, the *elevation* of the camera. The network of
# this chapter predicts this angle, beside a depth for each joint.
#
# ## The data
#
# Seven people move in front of four cameras. Five of them are for training, and **only their 2D key points are
# used**. The 3D truth of the other two serves only to score the result. The people have the names of Human3.6M's:
# S1, S5, S6, S7 and S8 are for training, S9 and S11 for test. (To choose settings, we keep S8 out of the training
# and score on S8: `held_out=True`.)
#
# Key points are taken relative to the hip. They are divided by ten times the distance from head to hip in the
# picture, averaged over the clip. So a person ten *units* away has the head about one unit above the hip. The
# numbers hold neither pixels nor metres.

# %% tags=["setup"]
NORMALISATION = dict(scale="head_hip", factor=0.1, per="clip")


def normalised(people: datasets.PoseDataset) -> Tensor:
    """(frames, 17, 2), unitless, hip at 0, y down; NaN where a joint is missing."""
    return torch.cat([root_centred(c.keypoints_px.float(), **NORMALISATION) for c in people])


seen, test_seen = normalised(train), normalised(test)
seen = seen[torch.isfinite(seen).all((1, 2))]
test_whole = torch.isfinite(test_seen).all((1, 2))  # a detector may have missed joints


def in_rows(people: Tensor, title: str, note: str = "", columns: int = 4):
    """A figure of normalised poses (people, 17, 2) side by side; the units mean nothing there."""
    wide, tall = 300, 340
    places = torch.arange(len(people))
    middle = torch.stack([(places % columns + 0.5) * wide, (places // columns + 0.45) * tall], -1)
    size_px = (columns * wide, math.ceil(len(people) / columns) * tall)
    placed = 1000 * people + middle[:, None]
    figure = figures.pose_2d(placed, size_px=size_px, title=title, note=note)
    return figure.update_xaxes(visible=False).update_yaxes(visible=False)


# %% tags=["check", "nbval-check-output"]
heads = torch.cat([root_centred(c.keypoints_px, **NORMALISATION)[:, HEAD] for c in train.clips[:1]])
assert (seen[:, HIP] == 0).all()
assert torch.isclose(heads.norm(dim=-1).nanmean(), torch.tensor(0.1).to(heads))
print("hip at 0, the head of a clip 0.1 away on average: ok")

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $x$ | `keypoints` | (batch, 17, 2) | none | normalised key points, hip at 0 |
# | $p$ | `coefficients` | (batch, 26) | none | a picture in principal components |
# | $f, u$ | `flow` | (batch, 26) | none | the flow, and its output $u=f(p)$ |
# | $q$ | `negative_log_likelihood` | (batch,) | none | the density of pictures that the flow gives; the code has $-\log q$ |
# | $d$ | `depths` | (batch, 17) | units | depth of each joint relative to the hip |
# | $\theta$ | `elevation` | (batch,) | radians | the turn about the x axis that sets a pose upright |
# | $\bar\theta, \sigma_\theta$ | `.mean()`, `.std()` | () | radians | mean and standard deviation of $\theta$ over the batch |
# | $z$ | `z` | (batch, 17) | units | distance of each joint from the camera, along its axis |
# | $X$ | `pose` | (batch, 17, 3) | units | the lifted pose about the hip, camera axes |
# | $\alpha$ | `azimuth` | (batch,) | radians | drawn evenly from the circle |
# | $\epsilon$ | `noise` | (batch,) | none | drawn from the standard normal distribution |
# | $R$ | `view` | (batch, 3, 3) | none | the turn from this camera to the next one; $R_x$, $R_y$: about the x and y axes |
# | $Y, y$ | `turned`, `seen_next` | (batch, 17, 3), (batch, 17, 2) | units, none | the turned pose, and its picture |
# | $\hat Y, \hat X, \hat x$ | `lifted_next`, `back`, `back_seen` | as $Y, X, x$ | | lifted from $y$; turned back; projected |
# | $\ell_k, \bar\ell$ | `relative_lengths` | (batch, 16), (batch,) | units | length of bone $k$; the mean bone of the pose |
# | $\rho_k$ | `BONE_RATIOS` | (16,) | none | the wanted $\ell_k/\bar\ell$ |

# %% [markdown]
# ## First stage: what do pictures of people look like?
#
# ### Principal components
#
# A picture has 34 numbers, but joints do not move one by one. *Principal components* are the directions in which
# the training pictures vary most. A singular value decomposition finds them.

# %%
training.seed_everything(seed)
mean, components, singular = flow.principal_components(seen.flatten(1))
share = singular.square() / singular.square().sum()
print(f"the first 5 components hold {100 * share[:5].sum():.0f} % of the variance,")
print(
    f"the first {bases} all but {100 * share[bases:].sum():.2g} %, the last 2 {share[-2:].sum():.0e}"
)

# %%
deviations = singular / math.sqrt(len(seen))
along = [mean + times * deviations[i] * components[i] for i in range(4) for times in (-2, 2)]
figures.show(
    in_rows(
        torch.stack(along).view(-1, 17, 2),
        "The mean picture, two deviations along each of the first four components",
        "In pairs: backwards and forwards along one component.",
    ),
    alt="Four pairs of stick figures. Along the first component left and right change places, as "
    "when somebody turns round. Along the second a person seen from the side turns from facing "
    "left to facing right. Along the third the figure becomes shorter. Along the fourth little "
    "changes.",
)

# %% [markdown] tags=["predict"]
# **Predict first.** The last two of the 34 components hold no variance at all. Which two numbers of a normalised
# picture never change?

# %% tags=["predict"]
never_change = None  # your guess: the name of a joint

# %% tags=["reveal", "check", "nbval-check-output"]
empty = components[-2:].view(2, 17, 2).square().sum((0, 2))
assert HOUSE.joints[int(empty.argmax())] == "hip" and empty.max() > 1.999
print("the two directions without variance are the hip's x and y: ok")
print(guessed(never_change))

# %% [markdown]
# A density must leave such directions out. Where nothing varies, a density can become ever narrower and higher, so
# that the likelihood of the training pictures grows without limit. The paper keeps 26 components.
#
# ### A density that one can evaluate
#
# A *normalising flow* is an invertible network $f$. It is trained so that $u = f(p)$ looks like standard normal
# noise. Because it is invertible, it gives a density. The determinant of its Jacobian accounts for the volume that
# $f$ shrinks or stretches:
#
# $$ -\log q(p) = \tfrac12 \lVert f(p) \rVert^2 - \log \left| \det \frac{\partial f}{\partial p} \right| + \text{const} . $$
#
# A determinant of 26 by 26 for every pose would be expensive. *Coupling* turns it into a sum. One half of the
# numbers passes unchanged. From this half, a network computes by how much each number of the other half is scaled
# and shifted. So the Jacobian is triangular. Then a fixed rotation mixes the halves; it changes no volume. The flow
# is eight such blocks.
#
# The paper takes its blocks from the FrEIA package. We write the block out, because it is what there is to learn.
# Our tests compare it with FrEIA's numbers.


# %% tags=["core"]
class CouplingBlock(nn.Module):
    """(batch, size) -> the same, and the logarithm of how much volume grows, (batch,)."""

    def __init__(self, size: int, width: int):
        super().__init__()
        self.kept = size - size // 2  # how many numbers pass unchanged
        first, answer = nn.Linear(self.kept, width), nn.Linear(width, 2 * (size // 2))
        self.subnet = nn.Sequential(first, nn.ReLU(), answer)
        self.scale = nn.Parameter(torch.full((size,), 2 * math.log(math.expm1(5.0))))  # gives q = 1
        self.offset = nn.Parameter(torch.zeros(size))
        q, r = torch.linalg.qr(torch.randn(size, size))
        q = q * r.diagonal().sign()
        q[:, 0] *= torch.linalg.det(q).sign()  # no reflection
        self.register_buffer("rotation", q)

    def coupling(self, first: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = (0.1 * self.subnet(first)).chunk(2, -1)
        return 2 * torch.tanh(raw), shift  # nothing is scaled by more than e^2

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        first, second = values.split([self.kept, values.shape[1] - self.kept], -1)
        log_scale, shift = self.coupling(first)
        values = torch.cat([first, second * log_scale.exp() + shift], -1)
        q = 0.1 * functional.softplus(self.scale, beta=0.5)
        return (values * q + self.offset) @ self.rotation.T, log_scale.sum(-1) + q.log().sum()

    def inverse(self, values: Tensor) -> Tensor:
        q = 0.1 * functional.softplus(self.scale, beta=0.5)
        values = (values @ self.rotation - self.offset) / q
        first, second = values.split([self.kept, values.shape[1] - self.kept], -1)
        log_scale, shift = self.coupling(first)
        return torch.cat([first, (second - shift) * (-log_scale).exp()], -1)


# %% [markdown]
# Three checks: the inverse undoes the block, the sum is the determinant, and the package's block gives the same.

# %% tags=["check", "nbval-check-output"]
torch.manual_seed(0)
block = CouplingBlock(6, width=32).double()
values = torch.randn(5, 6, dtype=torch.float64)
out, log_det = block(values)
assert torch.allclose(block.inverse(out), values, atol=1e-5)
jacobian = torch.autograd.functional.jacobian(lambda row: block(row[None])[0][0], values[0])
assert torch.isclose(torch.linalg.slogdet(jacobian).logabsdet, log_det[0], atol=1e-5)
theirs = flow.CouplingBlock(6, width=32).double()
theirs.load_state_dict(block.state_dict())
assert all(torch.allclose(*pair) for pair in zip(theirs(values), (out, log_det), strict=True))
print("invertible; log-determinant of the Jacobian; equal to posebook.methods.elepose.flow: ok")

# %% [markdown]
# `PosePrior` stacks eight of the package's blocks behind the principal components. Its training is maximum
# likelihood: it makes the training pictures likely.


# %% tags=["setup"]
def cosine(steps: int, step: int) -> float:
    """What the learning rate is multiplied by: falls to 0 along half a wave."""
    return 0.5 * (1 + math.cos(math.pi * min(step / steps, 1)))


def fresh_prior(bases: int, name: str, budget: float) -> tuple[training.Run, SimpleNamespace]:
    """A run in a folder of its own, and what it trains: a killed run goes on where it was."""
    shuffle = training.seed_everything(seed)
    prior = PosePrior(bases=bases, width=flow_width, leftover=leftover).fit_components(seen)
    batches = Batches(dict(keypoints=seen), min(batch_size, len(seen)), shuffle, drop_last=True)
    epochs = max(1, round(budget / len(seen)))
    optimiser = torch.optim.Adam(prior.parameters(), lr=flow_learning_rate, weight_decay=1e-5)
    # The published flow keeps its learning rate to the end.
    factor = (lambda step: 1.0) if as_published else partial(cosine, epochs * len(batches))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    state = dict(prior=prior, optimiser=optimiser, scheduler=scheduler, batches=batches)
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    return run, SimpleNamespace(**state, epochs=epochs)


def unseen_pictures(prior: PosePrior, device) -> dict[str, Tensor]:
    """How unlikely pictures of the test people are: to look at, nothing is chosen by it."""
    some = test_seen[test_whole][:: max(1, int(test_whole.sum()) // 2000)].to(device)
    with torch.no_grad():
        unlikely = prior.flow.negative_log_likelihood(prior.coefficients(some))
    return {"pictures of people never seen": unlikely.median()}


# %%
def train_prior(bases: int, name: str, budget: float) -> tuple[PosePrior, training.Run]:
    """Fit the components, train the flow on `budget` pictures, freeze both."""
    run, it = fresh_prior(bases, name, budget)
    for _ in run.epochs(it.epochs):
        for batch in it.batches:
            coefficients = it.prior.coefficients(batch["keypoints"])
            loss = it.prior.flow.negative_log_likelihood(coefficients).mean()
            it.optimiser.zero_grad()
            loss.backward()
            it.optimiser.step()
            it.scheduler.step()
            run.log({"training pictures": loss})
        run.log(unseen_pictures(it.prior, run.device))
    return it.prior.requires_grad_(False).eval(), run


prior, flow_run = train_prior(bases, "flow", flow_poses)
print(f"{flow_run.epoch} epochs of {len(seen)} poses in {flow_run.seconds:.0f} s")

# %% [markdown]
# What has the flow learned? It can draw: noise $u$, sent backwards through the flow, becomes a picture of a person
# who never lived.

# %%
drawn = prior.cpu().sample(8, torch.Generator().manual_seed(seed))
figures.show(
    in_rows(drawn, "Eight poses drawn from the flow"),
    alt="Eight drawn stick figures: most could be people who walk, stand or reach, seen from "
    "several sides; a few have limbs that are too short.",
)

# %% [markdown]
# ## Second stage: lift, set upright, look from elsewhere
#
# The lifter gives a depth $d_j$ for each joint and one elevation $\theta$. With the hip at 10 units:
#
# $$ X_j = (z_j x_j,\; z_j y_j,\; z_j) - X_\text{hip}, \qquad z_j = \max(1,\, 10 + d_j), \quad d_\text{hip} = 0 . $$
#
# Then comes the heart of the method. Turn the pose upright by its own elevation $\theta$. Spin it about the upright
# axis by a random angle $\alpha$. Tilt it back by a random elevation: its mean and spread are those of the batch. Now
# look at it with the new camera (read $R$ from right to left):
#
# $$ Y = R X, \qquad R = R_x(-\bar\theta + \sigma_\theta \epsilon)\; R_y(\alpha)\; R_x(\theta) . $$
#
# If depths and elevation are right, the new picture $y$ looks like any picture of a person. The frozen flow says how
# likely it is. Then $y$ is lifted and turned back, as in chapter 15, and must lead to where it came from:
#
# $$ L_{NF} = -\log q(y), \quad L_{2D} = \lVert \hat x - x \rVert_1, \quad L_{3D} = \lVert Y - \hat Y \rVert_2, \quad
# L_{def} = \lVert (X_a - X_b) - (\hat X_a - \hat X_b) \rVert_2 . $$
#
# Each loss is a mean over the batch. $X_a$ and $X_b$ are two poses of the shuffled batch: their difference, too,
# must survive the trip. The last loss says that people have proportions: $L_{bone} = \sum_k (\rho_k - \ell_k /
# \bar\ell)^2$ over the bones. The sum is $L = L_{NF} + L_{2D} + L_{3D} + L_{def} + 50\, L_{bone}$.
#
# (`learned=False` is a simpler variant in the paper. It has no $\theta$, and the tilt is drawn from a fixed range.)


# %% tags=["core"]
def turns(axes: str, *angles: Tensor) -> Tensor:
    """(batch,) radians each -> (batch, 3, 3): "xyx" is Rx(first) Ry(second) Rx(third)."""
    rotation = torch.eye(3).to(angles[0])
    for axis, angle in zip(axes, torch.stack(angles, -1).unbind(-1), strict=True):
        c, s, one, nil = angle.cos(), angle.sin(), torch.ones_like(angle), torch.zeros_like(angle)
        about_x = (one, nil, nil, nil, c, -s, nil, s, c)
        about_y = (c, nil, s, nil, one, nil, -s, nil, c)
        numbers = torch.stack(about_x if axis == "x" else about_y, -1)
        rotation = rotation @ numbers.view(-1, 3, 3)
    return rotation


def back_projected(keypoints: Tensor, depths: Tensor, hip: int) -> Tensor:
    """(batch, joints, 2), (batch, joints) -> (batch, joints, 3), units, about the hip."""
    others = (torch.arange(depths.shape[1], device=depths.device) != hip).to(depths)
    z = (10 + depths * others).clamp(min=1).unsqueeze(-1)
    points = torch.cat([keypoints * z, z], -1)
    return points - points[:, hip : hip + 1]


def project(pose: Tensor) -> Tensor:
    """The picture of a pose whose hip is 10 units from the camera."""
    return pose[..., :2] / (pose[..., 2:] + 10)


# %% tags=["core"]
def training_step(
    lifter, prior, keypoints, azimuth, noise, bone_loss, hip, weights, learned=True
) -> dict[str, Tensor]:
    """The losses of one batch, each a mean over poses, and their weighted sum."""
    depths, elevation = lifter(keypoints)
    pose = back_projected(keypoints, depths, hip)
    if learned:
        view = turns("xyx", -elevation.mean() + elevation.std() * noise, azimuth, elevation)
    else:
        view = turns("xy", noise, azimuth)
    turned = pose @ view.mT
    seen_next = project(turned)
    lifted_next = back_projected(seen_next, lifter(seen_next)[0], hip)
    back = lifted_next @ view
    change = (pose - back)[: len(pose) // 2 * 2]
    losses = dict(
        flow=prior(seen_next).mean(),
        keypoints=(project(back) - keypoints).abs().sum((1, 2)).mean(),
        pose=(turned - lifted_next).flatten(1).norm(dim=1).mean(),
        deformation=(change[0::2] - change[1::2]).flatten(1).norm(dim=1).mean(),
        bones=bone_loss(pose),
    )
    return losses | dict(loss=sum(weights[name] * loss for name, loss in losses.items()))


# %% [markdown]
# Three checks. A lifter that knows the truth must pay nothing for the way there and back. The elevation of a camera
# that looks down must be negative. And the package's step must give the same losses.

# %% tags=["check", "nbval-check-output"]
draw = torch.Generator().manual_seed(0)
true_pose = 0.4 * torch.randn(8, 17, 3, generator=draw, dtype=torch.float64)
true_pose[:, HIP] = 0
angles = torch.rand(8, generator=draw, dtype=torch.float64), torch.zeros(8, dtype=torch.float64)


class Knows(nn.Module):
    """Answers first with the true depths, then with those of the turned pose."""

    def __init__(self):
        super().__init__()
        level = torch.full((8,), -0.2, dtype=torch.float64)
        spun = true_pose @ turns("xyx", -level, angles[0], level).mT
        self.answers = [(true_pose[..., 2], level), (spun[..., 2], level)]

    def forward(self, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        return self.answers.pop(0)


def flat_prior(pictures: Tensor) -> Tensor:
    """Every picture is as likely as every other."""
    return 0 * pictures.sum((1, 2))


WEIGHTS = dict(flow=1.0, keypoints=1.0, pose=1.0, deformation=1.0, bones=50.0)  # the paper's
paid = training_step(
    Knows(), flat_prior, project(true_pose), *angles, lambda pose: pose.new_zeros(()), HIP, WEIGHTS
)
assert all(abs(loss.item()) < 1e-9 for loss in paid.values())
print("the truth costs nothing: ok")

# %% tags=["check", "nbval-check-output"]
up = torch.tensor([0.0, -1.0, 0.0])
seen_from_above = turns("x", torch.tensor([0.5]))[0] @ up  # by a camera that looks down
assert seen_from_above[2] < 0, "the head comes nearer"
assert torch.allclose(turns("x", torch.tensor([-0.5]))[0] @ seen_from_above, up)

torch.manual_seed(0)
small, drawn_angles = ElePoseLifter(width=16), (torch.randn(12), torch.randn(12))
some_prior = PosePrior(width=8).fit_components(0.05 * torch.randn(60, 17, 2))
picture = 0.05 * torch.randn(12, 17, 2)
picture[:, HIP] = 0
ours = training_step(
    small, some_prior, picture, *drawn_angles, elepose_losses.bone_loss, HIP, WEIGHTS
)
theirs = elepose_step.step_losses(small, some_prior, picture, *drawn_angles)
assert WEIGHTS == elepose_step.WEIGHTS and torch.isclose(ours["loss"], theirs["loss"])
print("elevation is negative from above; equal to posebook.methods.elepose.step: ok")

# %% [markdown]
# The flow is frozen now, and the lifter learns with this step. "What we changed", further down, lists what a
# training of minutes needs besides.

# %% tags=["setup"]
BONE_LOSSES = {  # what is known of bones beforehand
    "published": elepose_losses.bone_loss,
    "own": elepose_losses.own_bone_loss,
    "none": lambda pose: pose.new_zeros(()),
}


def fresh_lifter(name: str, budget: float, change: dict) -> tuple[training.Run, SimpleNamespace]:
    """A run in a folder of its own, and what it trains: a killed run goes on where it was.

    change  bone_prior, elevation, start_elevation, or weights of single losses, where they are
            not the chapter's
    """
    bones, tilt_from = (change.pop("bone_prior", bone_prior), change.pop("elevation", elevation))
    start = change.pop("start_elevation", start_elevation)
    coming_back = dict.fromkeys(("keypoints", "pose", "deformation"), consistency)
    shuffle = training.seed_everything(seed)
    lifter = ElePoseLifter(width=width, start_elevation=start)
    draw = torch.Generator().manual_seed(seed + 1)
    batches = Batches(dict(keypoints=seen), min(batch_size, len(seen)), shuffle, drop_last=True)
    epochs = max(1, round(budget / len(seen)))
    optimiser = torch.optim.Adam(lifter.parameters(), lr=learning_rate, weight_decay=1e-5)
    factor = (
        (lambda step: learning_rate_factor(step // len(batches)))
        if as_published
        else partial(cosine, epochs * len(batches))
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    state = dict(
        lifter=lifter, optimiser=optimiser, scheduler=scheduler, batches=batches, draw=draw
    )
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    learned = tilt_from == "learned"
    more = dict(bones=BONE_LOSSES[bones], weights=WEIGHTS | coming_back | change, learned=learned)
    return run, SimpleNamespace(**state, **more, epochs=epochs)


# %% tags=["setup"]
def angles_of_views(count: int, it: SimpleNamespace, device) -> tuple[Tensor, Tensor]:
    """Azimuths (count,), even on the circle, and noise (count,), normal; or tilts if not learned."""
    azimuth = (2 * torch.rand(count, generator=it.draw) - 1) * math.pi
    noise = torch.randn(count, generator=it.draw)
    if not it.learned:
        even = 2 * torch.rand(count, generator=it.draw) - 1
        noise = elepose_losses.FIXED_TILT * even
    return azimuth.to(device), noise.to(device)


def lift(lifter: ElePoseLifter) -> tuple[Tensor, Tensor]:
    """Poses (frames, 17, 3) in units and elevations (frames,) of the test pictures."""
    with torch.no_grad():
        parts = [(lifter.lift(p), lifter(p)[1]) for p in test_seen[test_whole].split(16_384)]
    pose, angle = (torch.cat(values) for values in zip(*parts, strict=True))
    return pose, angle


# %% tags=["run"]
def train_lifter(
    name: str, budget: float, prior: PosePrior, **change
) -> tuple[ElePoseLifter, training.Run]:
    """Train a lifter on `budget` pictures; change: as in `fresh_lifter`."""
    run, it = fresh_lifter(name, budget, change)
    prior.to(run.device)
    for _ in run.epochs(it.epochs):
        for batch in it.batches:
            keypoints = batch["keypoints"]
            azimuth, noise = angles_of_views(len(keypoints), it, run.device)
            losses = training_step(
                it.lifter, prior, keypoints, azimuth, noise, it.bones, HIP, it.weights, it.learned
            )
            it.optimiser.zero_grad()
            losses["loss"].backward()
            it.optimiser.step()
            it.scheduler.step()
            run.log(losses)
    prior.cpu()
    return it.lifter.cpu().eval(), run


lifter, run = train_lifter("main", poses, prior)
print(f"{run.epoch} epochs of {len(seen)} pictures in {run.seconds:.0f} s")

# %% [markdown]
# ## The result
#
# A pose in units has no millimetres, and from far away its mirror image gives the same picture. So each score takes
# something from the truth. P-MPJPE takes place, turn and size. *Reflections allowed* also takes the choice between
# the pose and its mirror image. N-MPJPE takes the size that fits best. MPJPE takes the size in the picture. We
# compare with three baselines that never trained: *zero depth* (the picture itself), the mean pose of the training
# people (which is 3D), and the same network with fresh weights.

# %% tags=["setup"]
label = "ElePose"
if (bone_prior, elevation) != ("published", "learned"):
    label += f", bones {bone_prior}, elevation {elevation}"
scored_mm = truth_mm[test_whole]
clip_of_frame = test.clip_of_frame[test_whole]
actions = [clip.action for clip in test.clips]
training.seed_everything(seed)
untrained = ElePoseLifter(width=width, start_elevation=start_elevation).eval()
pose_units, angle = lift(lifter)
answers = {
    "zero depth": torch.cat([evaluation.zero_depth(clip, clip) for clip in test])[test_whole],
    "mean pose": evaluation.mean_pose(train.pose_mm).float().expand_as(scored_mm),
    "untrained": lift(untrained)[0],
    label: pose_units,
}
by = dict(data=test.name, split=test.split, clip_of_frame=clip_of_frame, actions=actions)
scores = {}
seconds = {label: flow_run.seconds + run.seconds}  # the others never trained
for method, pose in answers.items():
    about = dict(by, seconds=seconds.get(method, 0.0), baseline=scores.get("zero depth"))
    scores[method] = ambiguity.add_scores(book, method, pose, scored_mm, **about)

# %% tags=["setup"]
similar = dict(joints="17", root="hip", average="frame")
released = {
    "P-MPJPE, reflections allowed": (
        metrics.Protocol(alignment="procrustes_reflected", scale="least_squares", **similar), 36.7
    ),
    "N-MPJPE, norm ratio": (
        metrics.Protocol(alignment="root", scale="norm_ratio", **similar), 64.0
    ),
}  # fmt: skip
hip_mm = test.pose_mm[test_whole][:, HIP].float()
straight = geometry.look_at(torch.zeros(3), hip_mm, up=(0.0, -1.0, 0.0))
facing_mm = scored_mm @ straight.mT
for method, pose in answers.items():
    about = dict(data=test.name, split=test.split, method=method, seconds=seconds.get(method, 0.0))
    for metric, (protocol, paper_mm) in released.items():
        score = metrics.score(pose, scored_mm, protocol)
        quoted = dict(paper=paper_mm, note="quoted for Human3.6M, 2D from the truth")
        book.add(
            metric, score, "mm", protocol=protocol, **about, **(quoted if method == label else {})
        )
        scores[method][metric] = score
    pose = pose @ straight.mT if method in ("zero depth", "mean pose") else pose
    protocol = metrics.Protocol(alignment="root", scale="least_squares", **similar)
    name = "N-MPJPE, axes turned to the hip"
    scores[method][name] = metrics.score(pose, facing_mm, protocol)
    protocol = f"{protocol}, axes of a camera that looks at the hip"
    book.add(name, scores[method][name], "mm", protocol=protocol, **about)
caption = f"{test.name} {test.split}, {len(scored_mm)} frames, frame means, 17 joints about the hip"
ambiguity.score_table(scores, book, caption)

# %% [markdown] tags=["result"]
# Read the table row by row. *P-MPJPE* is far below zero depth: depth was learned from pictures alone. *Reflections
# allowed* is hardly lower, and the nose is before the chest. So the network found the pose and not its mirror image.
# (Procrustes minimises squared distances, while the score averages distances. So allowing reflections can even raise
# the score slightly.)
#
# *N-MPJPE* is worse, because it forgives no turn. The last row explains a part of that. A picture about the hip does
# not say where in the whole picture the person stood. So the lifted pose is in the axes of a camera that looks
# straight at the hip. In those axes the error is smaller.
#
# **Published for Human3.6M**, with 2D from the truth: 36.7 mm P-MPJPE with reflections allowed, and 64.0 mm N-MPJPE
# with the ratio of norms as the scale. Our table has both scores.

# %%
parts = {
    "pose": "there and back, 3D",
    "deformation": "pairs, 3D",
    "keypoints": "there and back, 2D",
}
figures.show(
    figures.loss_curves(
        {words: [row[part] for row in run.history] for part, words in parts.items()},
        title="How far a pose is from itself after the round trip",
        unit="units",
    ),
    alt="Three curves fall steeply in the first epoch and slowly afterwards: the losses on poses, "
    "on pairs of poses, and on pictures.",
)

# %% [markdown]
# ### Where is the camera?

# %% tags=["setup"]
true_angle = true_elevation(test)[test_whole]
cameras = torch.cat([torch.full((len(clip),), i) for i, clip in enumerate(test.clips)])[test_whole]
names = [clip.camera.name for clip in test.clips]
looks_down = {}
for name in sorted(set(names)):
    its = torch.tensor([n == name for n in names])[cameras]
    looks_down[f"{name}, truth"] = -torch.rad2deg(true_angle[its]).mean().item()
    looks_down[f"{name}, predicted"] = -torch.rad2deg(angle[its]).mean().item()
how = "per frame, ray from the camera to the hip against the floor"
for method, its in {"untrained": lift(untrained)[1], label: angle}.items():
    apart_deg = torch.rad2deg((its - true_angle).abs()).mean().item()
    right_sign = 100 * (its.sign() == true_angle.sign()).double().mean().item()
    about = dict(data=test.name, split=test.split, method=method, seconds=seconds.get(method, 0.0))
    if elevation == "learned":
        book.add("elevation error", apart_deg, "degrees", protocol=f"mean absolute, {how}", **about)
        book.add("elevation sign", right_sign, "%", protocol=f"share that is right, {how}", **about)
        print(
            f"{method}: off by {apart_deg:.1f} degrees, sign right in {right_sign:.0f} % of frames"
        )
together = torch.corrcoef(torch.stack([angle, true_angle]))[0, 1].item()
print(f"{label}: correlation with the truth, frame by frame: {together:.2f}")

# %%
figures.show(
    figures.bars(
        looks_down,
        unit="degrees",
        highlight=[name for name in looks_down if name.endswith("predicted")],
        title="By how much each of the four cameras looks down",
    ),
    alt="Two bars for each of four cameras. The true angles differ from camera to camera; the "
    "predicted ones are nearly the same for all four, close to the largest true angle.",
)

# %% [markdown]
# The untrained network has a small elevation of the wrong sign. Training found by itself that the cameras look
# down. But the network predicts nearly the same elevation for every camera. It found one mean tilt. The
# correlation shows that it follows single frames to some degree. Still, a well-chosen constant would do no worse.
#
# The sign is not certain either: a mirror image with the negated elevation makes nearly the same pictures. Here the
# start was only a few degrees wrong. Does a network that starts farther on the wrong side come back, too? See "Take
# one thing away".
#
# ### Bone lengths

# %% tags=["setup"]
ratios = {
    "published": [elepose_losses.BONE_RATIOS[bone] for bone in HOUSE.bone_names],
    "truth": elepose_losses.relative_lengths(scored_mm).nanmean(0),
    "lifted": elepose_losses.relative_lengths(pose_units).mean(0),
}
figures.Table(
    ("bone", *ratios),
    [
        [bone.replace("_", " "), *(f"{lengths[i]:.2f}" for lengths in ratios.values())]
        for i, bone in enumerate(HOUSE.bone_names)
    ],
    caption="Length of each bone over the mean bone",
)

# %% [markdown] tags=["failures"]
# ## Failures
#
# Here are the worst poses, one from each of the worst clips, scaled and turned onto the truth. A *mirror image* has
# all depths the wrong way round, a *depth flip* only those of a limb. A pose is *too flat* with less than two thirds
# of the true depth.

# %%
figures.show(
    figures.failures(
        pose_units, scored_mm, test.keypoints_px[test_whole], clip_of_frame=clip_of_frame, count=4
    ),
    alt="Four pairs: the 2D input, and beside it the lifted pose over the black, dashed truth. The "
    "lifted poses are flatter than the truth: limbs that point towards the camera or away from it "
    "come out short.",
)

# %% [markdown]
# ## Why it works, and why poses come out flat
#
# How well does the flow know people whom it has never seen?

# %%
names = ("training pictures", "pictures of people never seen")
figures.show(
    figures.loss_curves(
        {name: [row[name] for row in flow_run.history] for name in names},
        title="The flow learns what pictures of people look like",
        unit="negative log-likelihood",
    ),
    alt="Both curves fall in the first epochs. Then the curve of unseen people stays level, while "
    "that of the training pictures falls further.",
)

# %% [markdown]
# The curve of unseen people becomes flat early: more steps only fit the training people better.
#
# The flow can also rate how likely a picture is. Here are test pictures, ranked.

# %%
with torch.no_grad():
    unlikely = prior(test_seen[test_whole])
order = unlikely.argsort()
ranks = torch.linspace(0, len(order) - 1, 8).long()
figures.show(
    in_rows(
        test_seen[test_whole][order[ranks]],
        "Test pictures from the most likely, top left, to the least, bottom right",
        "Negative log-likelihood: " + ", ".join(f"{unlikely[order[r]]:.0f}" for r in ranks),
    ),
    alt="Eight stick figures in two rows: plain standing ones come first; the last two, crouched "
    "and with an arm high above the head, are the least likely.",
)

# %% [markdown] tags=["predict"]
# Now we send true poses through the method's step and ask the flow how likely the new pictures are. We spin the true
# poses with their own elevation. Then we change one thing at a time: the pose leans, or has half of its depth, or no
# depth, or is mirrored. The mirror image is tried twice: with the elevation as it is, and with the elevation negated.
#
# **Predict first.** Take a mirror image whose elevation is negated too. Which of the five losses could still
# distinguish it from the pose itself?

# %% tags=["predict"]
distinguishes = None  # your guess: flow, keypoints, pose, deformation, bones or none of them

# %% tags=["setup"]
rows = test_whole.nonzero().squeeze(-1)[:: max(1, int(test_whole.sum()) // 2000)]
its_mm, its_seen = truth_mm[rows], test_seen[rows]
sizes = [p[..., :2].norm(dim=-1).mean(-1) for p in (10 * its_seen, its_mm)]
true_units = its_mm * (sizes[0] / sizes[1])[:, None, None]  # as large as in the picture
its_angle = true_elevation(test)[rows]
draw = torch.Generator().manual_seed(seed)
azimuth = (2 * torch.rand(len(rows), generator=draw) - 1) * math.pi


def spun_unlikely(pose: Tensor, angle: Tensor) -> float:
    """Median negative log-likelihood of pictures of poses spun about their upright axis."""
    view = turns("xyx", -angle.mean().expand_as(angle), azimuth, angle)
    with torch.no_grad():
        return prior(project(pose @ view.mT)).median().item()


def deeper(times: float) -> Tensor:
    return true_units * torch.tensor([1.0, 1.0, times])


# %% tags=["reveal"]
with torch.no_grad():
    real = prior(its_seen).median().item()
unlikely = {
    "true poses, spun": spun_unlikely(true_units, its_angle),
    "spun as if leaning by 20 degrees": spun_unlikely(true_units, its_angle + math.radians(20)),
    "depth halved": spun_unlikely(deeper(0.5), its_angle),
    "no depth": spun_unlikely(deeper(0.0), its_angle),
    "mirror image, spun": spun_unlikely(deeper(-1.0), its_angle),
    "mirror image, elevation negated": spun_unlikely(deeper(-1.0), -its_angle),
}
figures.show(
    figures.bars(
        {name: value - real for name, value in unlikely.items()},
        unit="",
        title="How much less likely than real pictures: negative log-likelihood, difference",
        note="Medians over test frames.",
    ),
    alt="Bars. True poses, spun, and poses of half their depth cost least. A mirror image with the "
    "negated elevation and a pose without depth cost a little more. A mirror image with its "
    "elevation as it is costs much, and a leaning pose most.",
)
print(guessed(distinguishes))

# %% [markdown]
# Leaning costs by far the most; so the elevation can be found.
#
# A mirror image with the negated elevation costs a little more than the pose itself. So the **flow** can distinguish
# the two, but barely. It sees perspective: a foot that is nearer looks larger. The losses of coming back and of
# bones are the same for both.
#
# Half of the depth costs no more than the true depth (here even a little less). So likelihood alone makes poses flat.
# A typical picture has an arm or a leg that sticks out somewhere. It is less likely than a picture in which nothing
# sticks out. The losses of coming back and of bones must work against that.

# %% [markdown] tags=["predict"]
# ## Take one thing away
#
# The published bone ratios come from measured people: they are the 3D in a method without 3D.
#
# **Predict first.** Which hurts more, leaving out the ratios or leaving out the flow?

# %% tags=["predict"]
hurts_more = None  # your guess: "bones" or "flow"

# %% [markdown]
# All variants, the unchanged one too, get the same small share of the main run's budget. *Own ratios* is ours. It
# replaces the published ratios by the mean ratios of the batch, left and right together. It assumes that people are
# alike, and needs no measured person.

# %% tags=["ablation", "reveal"]
VARIANTS = {
    "unchanged": {},
    "fixed elevation": dict(elevation="fixed"),
    "no flow": dict(flow=0.0),
    "no bone ratios": dict(bone_prior="none"),
    "own ratios": dict(bone_prior="own"),
    "weights of the paper": dict(keypoints=1.0, pose=1.0, deformation=1.0),
    "34 components": {},
    "starts looking up": dict(start_elevation=0.15),
}
if profile == "ci":  # for time
    VARIANTS = {name: VARIANTS[name] for name in ("unchanged", "no flow", "starts looking up")}
ablation = {}
for name, change in VARIANTS.items() if ablations else ():
    its_prior = prior
    if name == "34 components":
        its_prior, _ = train_prior(34, "flow_34", flow_poses * choices["flow_share"])
    folder, budget = name.replace(" ", "_"), poses * ablation_share
    variant, variant_run = train_lifter(folder, budget, its_prior, **change)
    method = f"{name}, {ablation_share:.2f} of the budget"
    its_pose, its_tilt = lift(variant)
    about = dict(by, seconds=variant_run.seconds)
    ablation[name] = ambiguity.add_scores(book, method, its_pose, scored_mm, **about)
    if change.get("elevation", elevation) == "learned":
        right = 100 * (its_tilt.sign() == true_angle.sign()).double().mean().item()
        about = dict(data=test.name, split=test.split, method=method, seconds=variant_run.seconds)
        book.add("elevation sign", right, "%", protocol=f"share that is right, {how}", **about)
        allowed = ablation[name]["P-MPJPE, reflections allowed"]
        print(f"{name}: sign right in {right:.0f} %, P-MPJPE {allowed:.1f} mm with reflections")

# %% tags=["reveal"]
if ablation:
    figures.show(
        figures.bars(
            {name: its["P-MPJPE"] for name, its in ablation.items()},
            unit="mm",
            highlight="unchanged",
            levels={"zero depth": scores["zero depth"]["P-MPJPE"]},
            title="P-MPJPE after a short training",
        ),
        alt="Bars of P-MPJPE. Without the flow, and when the network starts by looking up, the "
        "bars are longest, far beyond the line of zero depth. With 34 components the bar just "
        "passes the line; with a fixed elevation it stays below. Without bone ratios, and with our "
        "own, the bars are about as short as for the unchanged method.",
    )
print(guessed(hurts_more))

# %% [markdown]
# The flow matters most. Next come the 26 components in place of all 34 (though the flow with 34 had half of the
# budget), the learned elevation, and the weight on coming back. The bone ratios matter least. Without any ratios the
# error grows by a few millimetres. Our own ratios do as well as the published ones. So this 3D can be replaced here.
#
# A network that starts on the wrong side of the elevation stays there and gives mirror images. (Not always: in the
# few, large steps of `ci` it came back.)
#
# ## What we changed
#
# At `ci` and `laptop`, a short training needs:
#
# * narrower networks, smaller batches, and larger learning rates that fall along a cosine;
# * ten times the weight on the three losses of coming back ($L_{2D}$, $L_{3D}$, $L_{def}$). With the paper's weights
#   the likelihood outweighs them at first, and the lifter settles on flat poses that look likely;
# * a charge on what the 26 components leave out, as a Gaussian of standard deviation `leftover` would make. The flow
#   cannot see that part. A joint that always lies between two others, such as the spine, could drift away at no cost.
#
# In all profiles:
#
# * key points are scaled by the mean head-hip distance of their clip, not of the training set;
# * numbers have full precision, not half;
# * the script that trained the published flow was not released, so the flow's settings are those of an older script.
#
# ## Side by side
#
# Chapters 12, 15 and 16 train lifters on pictures alone. How do they compare, on the same people and under the same
# protocol? The sweep `tools/sweeps/unsupervised.toml` ran the chapters at `laptop` widths. Each method got a number of
# poses that takes about five minutes on one idle core, and three seeds (one for ElePose without bone ratios). Zero
# depth needs no training; the two supervised lifters saw the true poses. The real motion is CMU motion capture as
# cameras like Human3.6M's would see it. Two of its people are for test. They are called S9 and S11, as in Human3.6M.

# %% tags=["setup"]
COMPARED = (
    "zero depth",
    "Kudo 2018",
    "Yu 2021, adv",
    "Yu 2021, best",
    "ElePose 2022",
    "ElePose 2022, no bone ratios",
    "Kudo 2018, supervised",
    "Martinez 2017, supervised",
)
PEOPLE = {
    "synthetic": "synthetic people",
    "CMU motion capture (17 joints) in Human3.6M archive format": 'CMU motion capture, its "S9", "S11"',
}
METRICS = (
    "P-MPJPE",
    "P-MPJPE, reflections allowed",
    "N-MPJPE",
    "MPJPE",
    "MPJPE, mirror oracle",
    "nose before chest",
)
kept = results.kept_means("comparison")

figures.Table(
    ("people", "method", *METRICS),
    [
        [words, method, *(kept.get((people, method, metric)) for metric in METRICS)]
        for people, words in PEOPLE.items()
        for method in COMPARED
    ],
    caption="mm, and % for the last column; ± over three seeds; without it one run; – not run",
)

# %% [markdown]
# *P-MPJPE.* All methods are far better than zero depth. Of those that learn from pictures alone, ElePose and `adv`
# lead. At this budget, supervision does not always win: on the synthetic people, Martinez's supervised lifter is
# behind both.
#
# *N-MPJPE and MPJPE.* They forgive no turn, and there supervision is worth more: pictures alone do not teach which
# way is straight on.
#
# *Mirror oracle.* It chooses the better of each pose and its mirror image, and gains almost nothing. All cameras
# look down. Each method is told so or, like ElePose, finds it out from a start near level. With level cameras or a
# start far on the wrong side, the oracle would gain more (chapters 12 and 15, and above).
#
# Two expectations did not hold. Yu's `best` is no better than `adv` here; chapter 15 looks for the reason. And the
# published bone ratios do not help everybody. The synthetic people have those proportions: without the ratios every
# error is larger. In the motion capture, the head is much nearer to the hip. There P-MPJPE is *better* without the
# ratios, while N-MPJPE and MPJPE are worse (one seed).
#
# One warning: each row was trained and tested on people of one kind. Lifters trained on the motion capture, the
# supervised ones too, did about as badly as zero depth on the synthetic people. Hip to head is measured differently
# there, which changes the scale of a picture. But Kudo's lifter, which divides by the mean joint distance, fails as
# well, and we do not know why. Therefore the lifters that come with the book (`posebook lift INPUT --lifter
# elepose`) were trained on people of many kinds.

# %% [markdown]
# ## Keep it
#
# The lifter goes into one file with what is needed to use it. `posebook lift` and `posebook evaluate` take it by its
# path.

# %% tags=["setup"]
file = keep_lifter(
    lifter,
    dict(width=width),
    dict(kind="root_centred", **NORMALISATION),
    dict(mean_place=seen.mean(0)),
    title="elepose of chapter 16", train=train, book=book, method=label,
)  # fmt: skip
print(f"wrote {paths.shown(file)}, {file.stat().st_size / 1e6:.1f} MB")

# %% tags=["check", "nbval-check-output"]
clip = test.clips[0]
again = lifting.load(file).lift(clip)
whole = torch.isfinite(clip.keypoints_px).all((1, 2))
with torch.no_grad():
    first = lifter.lift(test_seen[: len(clip)][whole])
sized = first * (again.pose_mm[whole].norm(dim=(1, 2)) / first.norm(dim=(1, 2)))[:, None, None]
assert not whole.all() or torch.allclose(again.pose_mm, sized, atol=1.0)
print("the file lifts like the network in memory: ok")

# %% [markdown]
# ## Exercises
#
# **1 · derive · easy.** A camera hangs 1.5 m higher than a person's hip. Measured along the floor, it is 5 m away, and it looks
# straight at the hip. Which elevation $\theta$ should a perfect network predict, in radians?

# %% tags=["exercise"]
elevation_rad = None

# %% tags=["solution"]
elevation_rad = -math.atan2(1.5, 5.0)  # negative: the camera looks down

# %% tags=["exercise_check"]
check("16.1")

# %% [markdown]
# **2 · break it · medium.** Where is the density of the flow highest? Near the picture that belongs to $u = 0$. (The highest point of a
# density is its *mode*.) Send $u = 0$ backwards through the flow: `prior.flow.inverse(u)[0]` gives coefficients, and
# `prior.poses(coefficients)` makes a picture of them. Compare its negative log-likelihood with the median over the
# test pictures. What does a lifter do that only maximises likelihood?

# %% tags=["exercise"]
mode_unlikely, median_unlikely = (
    None,
    None,
)  # prior(...) of the mode; median over test_seen[test_whole]

# %% tags=["solution"]
with torch.no_grad():
    mode = prior.poses(prior.flow.inverse(torch.zeros(1, bases))[0])
    mode_unlikely = prior(mode).item()
    median_unlikely = prior(test_seen[test_whole]).median().item()
print(f"the mode {mode_unlikely:.1f}, the median picture {median_unlikely:.1f}")
# Typical pictures are less likely than the mode. So that lifter makes poses that are flatter than people.

# %% tags=["exercise_check"]
check("16.2")

# %% [markdown]
# **3 · code · hard.** Only perspective distinguishes a pose from its mirror image. How large is its effect? Spin the 64 poses of
# `true_units[:64]` by `turns("xyx", -level, spin, level)` with `level` -0.2 and `spin` 1.0 for all. Spin their mirror
# images (`ambiguity.mirrored`) with both angles negated. By how much do the joints of the two pictures differ, on
# average, if the camera is 10 units away from the hip? And if it is 1000 units away? Multiply the pictures by the
# distance, so that the answer is in units on the person.

# %% tags=["exercise"]
differ_near, differ_far = None, None  # mean distance of joints, in units on the person

# %% tags=["solution"]
level, spin = torch.full((64,), -0.2), torch.full((64,), 1.0)
one = true_units[:64] @ turns("xyx", -level, spin, level).mT
twin = ambiguity.mirrored(true_units[:64]) @ turns("xyx", level, -spin, -level).mT


def pictures_differ(distance: float) -> float:
    seen_one, seen_twin = (p[..., :2] * distance / (p[..., 2:] + distance) for p in (one, twin))
    return (seen_one - seen_twin).norm(dim=-1).nanmean().item()


differ_near, differ_far = pictures_differ(10.0), pictures_differ(1000.0)
print(f"{differ_near:.3f} units at 10 units, {differ_far:.5f} at 1000")

# %% tags=["exercise_check"]
check("16.3")

# %% [markdown]
# **4 · recall · easy.** For some picture, a coupling block multiplies the three numbers of its second half by 2, by 0.5
# and by 4. It shifts them by 1, 2 and 3, and rotates the result. (Its $q$ is 1.) By how much does the logarithm of
# volume grow?

# %% tags=["exercise"]
log_volume = None

# %% tags=["solution"]
log_volume = math.log(2 * 0.5 * 4)  # shifts and rotations change no volume

# %% tags=["exercise_check"]
check("16.4")

# %% [markdown] tags=["takeaway"]
# ## What to take away
#
# * A flow is a density that can be evaluated, differentiated and drawn from. It does not see what its components
#   leave out.
# * Spinning a lifted pose and asking whether the new picture is likely teaches depth, if the pose is first set
#   upright by the elevation. The network finds a mean tilt. It finds the right side if it starts near level. If it
#   starts far on the wrong side, it stays there.
# * The most likely picture is not a typical one: likelihood alone makes poses flat. The losses of coming back and of
#   bones work against that.
# * Look twice at "without 3D": the published bone ratios and the distance of ten units are 3D knowledge.
#
# **Where we differ from the paper**: see "What we changed".
#
# **What one should not conclude.** One picture does not give the camera's tilt. A mean tilt is learned from many
# people who do not lean. And one set of ratios does not suit everyone: other laboratories put spine and shoulders
# elsewhere, and the published ratios are then wrong.

# %% [markdown] tags=["references"]
# **References.** Wandt, Little, Rhodin, *ElePose: Unsupervised 3D human pose estimation by predicting
# camera elevation and learning normalizing flows on 2D poses*, CVPR 2022,
# [arXiv:2112.07088](https://arxiv.org/abs/2112.07088),
# [10.1109/CVPR52688.2022.00652](https://doi.org/10.1109/CVPR52688.2022.00652) · Dinh, Sohl-Dickstein, Bengio, *Density
# estimation using Real NVP*, ICLR 2017, [arXiv:1605.08803](https://arxiv.org/abs/1605.08803) ·
# Papamakarios et al., *Normalizing flows for probabilistic modeling and inference*, JMLR 2021,
# [arXiv:1912.02762](https://arxiv.org/abs/1912.02762).
