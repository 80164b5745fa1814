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
#     id: simple_baseline
#     title: A simple baseline
#     level: intermediate
#     prerequisites: [skeletons_and_axes, cameras_and_depth, datasets, metrics_and_protocols]
#     minutes: {ci: 0.3, laptop: 5, full: 240}
#     device: cpu
#     data: [synthetic, human36m]
#     paper: arXiv:1705.03098
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 6 · A simple baseline
#
# By 2017, the best systems that found people in 3D learned from pictures. Martinez, Hossain, Romero
# and Little threw the picture away. They kept only where the joints are in it, a few dozen numbers,
# gave them to a plain network that any student could have written, and beat nearly all of them.
#
# **How much of a person's 3D pose is in the 2D joints alone?** Below is all that the network gets
# to see, and what it is asked for.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * prepare 2D and 3D poses for a network, and say why depth is asked for relative to the hip;
# * write Martinez's network and its training step from memory;
# * train it in minutes, and put its error beside baselines that never trained and beside the paper's;
# * say what batch normalisation, dropout, max-norm and the residual sums each contribute here;
# * look at its worst poses and name what went wrong.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "auto"  # auto, cpu or cuda
out_dir = None  # None: runs/simple_baseline/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
# None below: as the profile says (the next cell)
width = None  # units in each layer
blocks = 2
batch_size = None
learning_rate = 1e-3
dropout = None  # share of units dropped
max_norm = None  # keep every weight matrix at a Frobenius norm of at most 1
poses = None  # training budget of the main run: poses shown, all epochs together
ablation_share = None  # training budget of each ablation, as a share of the main run's
ablations = True  # False: leave them out, as batch runs do
held_out = False  # True: train without S8 and score on S8, to choose settings

# %%
import math
from functools import partial

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
from posebook.lifting.trained import keep_lifter
from posebook.methods.simple_baseline.network import Martinez
from posebook.skeletons import HOUSE

# %% tags=["setup"]
choices = {  # the paper's settings are `full`
    "ci": dict(width=128, batch_size=64, dropout=0.1, max_norm=False, poses=100_000, share=1 / 5),
    "laptop": dict(
        width=512, batch_size=256, dropout=0.25, max_norm=False, poses=1_200_000, share=1 / 8
    ),
    "full": dict(
        width=1024, batch_size=64, dropout=0.5, max_norm=True, poses=200 * 1_559_744, share=1 / 20
    ),
}[profile]
width = width or choices["width"]
batch_size = batch_size or choices["batch_size"]
dropout = choices["dropout"] if dropout is None else dropout
max_norm = choices["max_norm"] if max_norm is None else max_norm
poses = poses or choices["poses"]
ablation_share = ablation_share or choices["share"]

device = training.pick_device(device)
book = results.Results("simple_baseline", out_dir, profile=profile, seed=seed, device=device)
out_dir = book.out_dir

# %% [markdown]
# ## The data
#
# Seven people, S1 to S11, move in front of four cameras. Five are for training. The test people, S9
# and S11, are never seen before the end. Whoever wants to choose settings needs other people for it:
# `-p held_out True` trains without S8 and scores on S8, so that the test people choose nothing. At
# `laptop`, frames are thinned out: neighbours in time are nearly the same pose.

# %%
most_frames = {"ci": 20_000, "laptop": 60_000, "full": 10**9}[profile]
source = dict(root=root, keypoints=keypoints, seed=seed)
train, test = datasets.train_and_test(data, held_out=held_out, **source)
train, test = train.thinned(most_frames), test.thinned(most_frames)
print(
    f"{train.name}: {len(train)} training frames of {len(train.clips)} clips, {len(test)} for test"
)

# %%
frame = len(test) // 3
figures.show(
    figures.pose_2d(
        test.keypoints_px[frame], size_px=test.clips[0].size_px, title="All that the network sees"
    ),
    alt="Seventeen joints of a person in a picture, the person's left warm, the right cool.",
)

# %%
figures.show(
    figures.pose_3d(
        geometry.root_relative(test.pose_mm[frame], HOUSE), title="What it is asked for"
    ),
    alt="The same person's joints in space, in the camera's axes, around the hip.",
)

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $x$ | `keypoints_px` | (frames, 16, 2) | px | joints in the picture, absolute, without neck/nose |
# | $Y$ | `relative_mm` | (frames, 16, 3) | mm | joints minus the hip, camera axes, without the hip |
# | $\tilde x, \tilde y$ | `keypoints`, `target` | (batch, 32), (batch, 48) | none | the same, standardised |
# | $\mu, \sigma$ | `mean`, `deviation` | (32,) or (48,) | px or mm | of the training set, for each coordinate |
# | $W$ | `weight` | (out, in) | none | a layer's matrix |
#
# Three choices of the paper deserve a look:
#
# * **The input keeps its place in the picture.** Subtracting the hip looks tidy, but where a person
#   stands in the picture says how obliquely the camera sees them.
# * **The output is relative to the hip.** Absolute depth cannot be had from one picture; see chapter 3.
# * **Input and output joints differ.** The detector of the time marked no neck/nose, so it is left
#   out of the input; the hip is the origin, so it is left out of the output.


# %%
INPUT = [joint for joint in HOUSE.joints if joint != "neck_nose"]
OUTPUT = [joint for joint in HOUSE.joints if joint != "hip"]


def inputs_and_targets(poses_seen: datasets.PoseDataset) -> tuple[Tensor, Tensor]:
    """(frames, 32) px and (frames, 48) mm, not standardised; frames with gaps are left out."""
    keypoints_px = poses_seen.keypoints_px[:, HOUSE.indices(*INPUT)].flatten(1)
    relative_mm = geometry.root_relative(poses_seen.pose_mm, HOUSE)
    return keypoints_px, relative_mm[:, HOUSE.indices(*OUTPUT)].flatten(1)


keypoints_px, relative_mm = inputs_and_targets(train)
whole = torch.isfinite(keypoints_px).all(1) & torch.isfinite(relative_mm).all(1)
keypoints_px, relative_mm = keypoints_px[whole], relative_mm[whole]
mean_px, deviation_px = keypoints_px.mean(0), keypoints_px.std(0, correction=0)
mean_mm, deviation_mm = relative_mm.mean(0), relative_mm.std(0, correction=0)
keypoints_in = (keypoints_px - mean_px) / deviation_px
targets = (relative_mm - mean_mm) / deviation_mm

# %% [markdown]
# Each coordinate is standardised with the **training** set's mean and deviation, so that a wrist,
# which wanders half a metre, and a hip, which hardly moves, count alike in the loss.

# %% tags=["check", "nbval-check-output"]
assert torch.allclose(targets.mean(0), torch.zeros(48), atol=1e-3)
assert torch.allclose(targets.std(0, correction=0), torch.ones(48), atol=1e-3)
assert torch.allclose(targets * deviation_mm + mean_mm, relative_mm, atol=0.1)
print("standardised and back: ok")

# %% [markdown]
# ## The method
#
# One layer is: a linear map, batch normalisation, ReLU, dropout. Two such layers with a sum around
# them make a *block*. The network is one layer in, two blocks, one linear map out:
#
# $$ h_0 = L(\tilde x), \qquad h_{i+1} = h_i + L_2\big(L_1(h_i)\big), \qquad \hat y = W h_2 + b . $$
#
# *Max-norm* divides a matrix by its Frobenius norm whenever that exceeds one. The loss is the mean
# square error over the 48 standardised numbers.


# %% tags=["core"]
class CappedLinear(nn.Linear):
    """W x + b, where W as a whole is scaled down to a Frobenius norm of at most 1 (max-norm)."""

    def __init__(self, inputs: int, outputs: int, max_norm: bool):
        super().__init__(inputs, outputs)
        self.max_norm = max_norm
        for numbers, fan in ((self.weight, inputs), (self.bias, outputs)):
            std = math.sqrt(2 / fan)
            nn.init.trunc_normal_(numbers, std=std, a=-2 * std, b=2 * std)

    def forward(self, x: Tensor) -> Tensor:
        if not self.max_norm:
            return super().forward(x)
        flat = self.weight.flatten()
        norm = (flat @ flat).sqrt().clamp(min=1)  # the norm; its gradient is cheaper like this
        return functional.linear(x, self.weight) / norm + self.bias  # cheaper than with W / norm


class Dropout(nn.Module):
    """In training each unit is 0 with probability `share`; the others grow to keep the mean."""

    def __init__(self, share: float):
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = torch.rand_like(x) >= self.share
        return x * kept.to(x).div_(1 - self.share)


# %% tags=["core"]
class SimpleLifter(nn.Module):
    """Standardised key points (batch, 32) to joints relative to the hip (batch, 48), also so."""

    def __init__(self, width: int, blocks: int, dropout: float, max_norm: bool):
        super().__init__()

        def layer(inputs: int) -> nn.Sequential:
            linear = CappedLinear(inputs, width, max_norm)
            norm = nn.BatchNorm1d(width, eps=1e-3, momentum=0.01)
            return nn.Sequential(linear, norm, nn.ReLU(), Dropout(dropout))

        self.first = layer(32)
        self.blocks = nn.ModuleList(
            nn.Sequential(layer(width), layer(width)) for _ in range(blocks)
        )
        self.last = CappedLinear(width, 48, max_norm)

    def forward(self, keypoints: Tensor) -> Tensor:
        hidden = self.first(keypoints)
        for block in self.blocks:
            hidden = hidden + block(hidden)  # the residual sum
        return self.last(hidden)


# %% [markdown]
# Two things to check at once. The paper's network has a known number of weights; and ours must do
# the same as the package's own, which later chapters import, when both are given the same weights.

# %% tags=["check", "nbval-check-output"]
torch.manual_seed(0)
ours = SimpleLifter(width=1024, blocks=2, dropout=0.5, max_norm=True).eval()
assert sum(p.numel() for p in ours.parameters()) == 4_291_632, "the paper's size"
theirs = Martinez(width=1024, blocks=2, dropout=0.5, max_norm=True).eval()
theirs.load_state_dict(ours.state_dict())
some = torch.randn(4, 32)
with torch.no_grad():
    assert torch.allclose(ours(some), theirs(some.view(4, 16, 2)).flatten(1), atol=1e-5)
print("4,291,632 weights; equal to posebook.methods.simple_baseline.network: ok")

# %% [markdown]
# ## Training
#
# The loop is plain: shuffle, step, look. `training.Run` carries the seed, the progress bar, the log
# and a checkpoint after each epoch, so that a killed run goes on where it was. The learning rate
# falls to zero along a cosine at `ci` and `laptop`, because there are few steps; at `full` it falls
# as in the paper, by 4 % each 100,000 steps.


# %%
def rate_factor(step: int, steps: int) -> float:
    """What the learning rate is multiplied by at this step of so many."""
    if profile == "full":
        return 0.96 ** (step / 100_000)
    return 0.5 * (1 + math.cos(math.pi * min(step / steps, 1)))


def predict_mm(lifter: nn.Module, keypoints_px: Tensor) -> Tensor:
    """(frames, 32) px -> (frames, 17, 3) mm, relative to the hip, camera axes."""
    lifter.to(device).eval()
    standard = ((keypoints_px - mean_px) / deviation_px).to(device)
    with torch.no_grad():
        out = torch.cat([lifter(chunk).flatten(1) for chunk in standard.split(16_384)]).cpu()
    lifter.train()
    pose_mm = torch.zeros(len(out), len(HOUSE), 3)  # the hip stays at 0
    pose_mm[:, HOUSE.indices(*OUTPUT)] = (out * deviation_mm + mean_mm).view(-1, 16, 3)
    return pose_mm


# %%
def train_lifter(build, name: str, budget: float) -> tuple[nn.Module, training.Run]:
    """Train what `build()` makes on `budget` poses, in a folder of its own."""
    shuffle = training.seed_everything(seed)
    lifter = build()
    size = min(batch_size, len(targets))
    pairs = dict(keypoints=keypoints_in, target=targets)
    batches = Batches(pairs, size, shuffle, drop_last=True)
    epochs = max(1, round(budget / len(targets)))
    steps = epochs * len(batches)
    # fused: the same step of Adam, in one pass over the weights.
    optimiser = torch.optim.Adam(lifter.parameters(), lr=learning_rate, fused=True)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_factor(step, steps))
    state = dict(lifter=lifter, optimiser=optimiser, scheduler=scheduler, batches=batches)
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    for _ in run.epochs(epochs):
        for batch in batches:
            loss = functional.mse_loss(lifter(batch["keypoints"]).flatten(1), batch["target"])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            scheduler.step()
            run.log(loss)
    return lifter, run


# %% [markdown] tags=["predict"]
# **Predict first.** Someone who answers every picture with the mean training pose is off by well over
# ten centimetres at each joint. What will the network manage, in mm? Write it down.

# %% tags=["predict"]
guess_mm = None  # your guess: mean distance per joint, in mm

# %% tags=["run"]
lifter, run = train_lifter(
    lambda: SimpleLifter(width, blocks, dropout, max_norm), "main", budget=poses
)
print(f"{run.epoch} epochs of {len(targets)} poses in {run.seconds:.0f} s")

# %%
figures.show(
    figures.loss_curves(
        {"loss": [row["loss"] for row in run.history]}, title="Training loss, standardised units"
    ),
    alt="The loss falls steeply in the first epochs, then flattens.",
)

# %% [markdown]
# ## The result
#
# Scores are in millimetres, each with its protocol. Beside the network stand three that never
# trained: the mean pose of the training set, the *zero-depth* pose (the picture itself, at the true
# distance, with every joint as far away as the hip), and the same network with fresh weights.


# %%
truth_mm = geometry.root_relative(test.pose_mm, HOUSE)
test_px, _ = inputs_and_targets(test)
seen_whole = torch.isfinite(test_px).all(1)  # a detector may have missed joints
truth_mm, test_px, clip_of_frame = (
    values[seen_whole] for values in (truth_mm, test_px, test.clip_of_frame)
)
actions = [clip.action for clip in test.clips]

shared = dict(joints="17", root="hip")
rigid = dict(alignment="root", scale="metric")
similar = dict(alignment="procrustes", scale="least_squares")
PROTOCOLS = {
    "MPJPE": metrics.Protocol(average="frame", **rigid, **shared),
    "P-MPJPE": metrics.Protocol(average="frame", **similar, **shared),
    "MPJPE, action mean": metrics.Protocol(average="action", **rigid, **shared),  # the paper's
    "P-MPJPE, action mean": metrics.Protocol(average="action", **similar, **shared),
}
by_clip = dict(clip_of_frame=clip_of_frame, actions=actions)
facts = dict(data=test.name, split=test.split)

# %%
training.seed_everything(seed)
untrained = SimpleLifter(width, blocks, dropout, max_norm)
mean_pose_mm = torch.zeros(len(HOUSE), 3)
mean_pose_mm[HOUSE.indices(*OUTPUT)] = mean_mm.view(-1, 3)
predictions_mm = {
    "Martinez": predict_mm(lifter, test_px),
    "untrained": predict_mm(untrained, test_px),
    "mean pose": mean_pose_mm.expand_as(truth_mm),
    "zero depth": torch.cat([evaluation.zero_depth(clip, clip) for clip in test])[seen_whole],
}
paper_mm = {"MPJPE, action mean": 45.5, "P-MPJPE, action mean": 37.1}
notes = {
    "MPJPE, action mean": "paper: Human3.6M, 2D from the truth",
    "P-MPJPE, action mean": "paper: Human3.6M, 2D from the truth; figure not verified",
}

# %%
for metric, protocol in PROTOCOLS.items():
    scores = {
        method: metrics.score(predicted_mm, truth_mm, protocol, **by_clip)
        for method, predicted_mm in predictions_mm.items()
    }
    for method, score_mm in scores.items():
        quoted = dict(paper=paper_mm.get(metric), note=notes.get(metric, ""))
        book.add(
            metric, score_mm, "mm", protocol=protocol, method=method, seconds=run.seconds,
            baseline=scores["mean pose"], **(quoted if method == "Martinez" else {}), **facts,
        )  # fmt: skip
    if metric == "MPJPE":
        print(f"the network: {scores['Martinez']:.0f} mm MPJPE; {guessed(guess_mm)}")
    if metric in paper_mm:
        gap_mm = scores["Martinez"] - paper_mm[metric]
        print(f"{metric} on {test.name}: {gap_mm:+.1f} mm from the paper's figure on Human3.6M")
book

# %% [markdown] tags=["result"]
# Read the gap to the paper's figure with care. The paper trained on a million and a half poses for
# two hundred epochs, on Human3.6M, and averages over actions first, as our last two rows do. Unless you run
# `full` on Human3.6M, our figure is for other data and minutes of training. What can be compared is the *shape* of the table: the network removes most of the
# mean pose's error, and it does so from the joints alone.
#
# Which movements are hard?

# %%
error_mm = metrics.mpjpe(predictions_mm["Martinez"], truth_mm)
by_action = {
    action: error_mm[torch.tensor([a == action for a in actions])[clip_of_frame]].mean().item()
    for action in sorted(set(actions))
}
by_action = dict(sorted(by_action.items(), key=lambda item: item[1]))
figures.show(
    figures.bars(by_action, unit="mm", title="MPJPE by action, people never seen"),
    alt="Bars of the error by action, from the easiest on one end to the hardest on the other.",
)

# %% [markdown] tags=["failures"]
# ## Failures
#
# The worst poses, one from each of the worst clips. A rule names the cause (`ambiguity.CAUSES`). Look for
# two: a limb that points towards the camera instead of away (*depth flip*: the picture is nearly the same),
# and a posture that training hardly had.

# %%
figures.show(
    figures.failures(
        predictions_mm["Martinez"],
        truth_mm,
        test.keypoints_px[seen_whole],
        clip_of_frame=clip_of_frame,
        aligned=False,
    ),
    alt="Six pairs: the 2D input, and beside it the prediction over the black, dashed truth.",
)

# %% [markdown] tags=["ablation"]
# ## Take one thing away
#
# The network has four ingredients beside its linear layers. We take each away, or put it in where it
# was left out, and train all variants, the unchanged one too, on the same small share of the main
# run's budget. Differences in a short training are not differences in a long one: dropout and max-norm
# slow learning down, and pay off late if at all.

# %%
variants = {
    "unchanged": {},
    "max-norm " + ("off" if max_norm else "on"): dict(max_norm=not max_norm),
    "no batch norm": dict(batch_norm=False),
    "no dropout": dict(dropout=0.0),
    "dropout 0.5" if dropout != 0.5 else "dropout 0.25": dict(
        dropout=0.5 if dropout != 0.5 else 0.25
    ),
    "no residual sums": dict(residual=False),
}
if not ablations:
    variants = {}
unchanged = dict(width=width, blocks=blocks, dropout=dropout, max_norm=max_norm)


class Flat(nn.Module):
    """The package's network behind the same flat input as ours."""

    def __init__(self, **settings):
        super().__init__()
        self.net = Martinez(**settings)

    def forward(self, keypoints: Tensor) -> Tensor:
        return self.net(keypoints.view(-1, 16, 2)).flatten(1)


ablation_mm = {}
for name, change in variants.items():
    settings = unchanged | change
    variant, variant_run = train_lifter(
        partial(Flat, **settings), name.replace(" ", "_"), budget=poses * ablation_share
    )
    protocol, method = PROTOCOLS["MPJPE"], f"{name}, {ablation_share:.2f} of the budget"
    ablation_mm[name] = metrics.score(predict_mm(variant, test_px), truth_mm, protocol)
    took = dict(seconds=variant_run.seconds)
    book.add("MPJPE", ablation_mm[name], "mm", protocol=protocol, method=method, **took, **facts)

# %%
if ablations:
    figures.show(
        figures.bars(ablation_mm, unit="mm", title="MPJPE after a short training"),
        alt="Bars of the test error for the unchanged network and for each variant.",
    )

# %% [markdown]
# ## Keep it
#
# The trained lifter goes into one file, with what it needs to be used: which joints, which
# statistics, which data. `posebook evaluate` and `posebook lift` take it by its path.

# %%
file = keep_lifter(
    lifter.cpu().eval(),
    dict(width=width, blocks=blocks, dropout=dropout, max_norm=max_norm),
    dict(kind="standardised_pixels", input_joints=INPUT, output_joints=OUTPUT),
    dict(
        mean_px=mean_px.view(-1, 2),
        std_px=deviation_px.view(-1, 2),
        mean_mm=mean_mm.view(-1, 3),
        std_mm=deviation_mm.view(-1, 3),
    ),
    title="simple_baseline of chapter 6", train=train, book=book, method="Martinez",
    network_class="Martinez",
)  # fmt: skip
print(f"wrote {paths.shown(file)}, {file.stat().st_size / 1e6:.1f} MB")

# %% tags=["check", "nbval-check-output"]
again = lifting.load(file).lift(test.clips[0])
first = predict_mm(lifter.to(device), inputs_and_targets(test)[0][: len(test.clips[0])])
readable = torch.isfinite(first).all((1, 2)) & seen_whole[: len(first)]
assert torch.allclose(again.pose_mm[readable], first[readable], atol=1.0)
print("the file lifts like the network in memory: ok")

# %% [markdown]
# ## Exercises
#
# **1 · code · easy.** Many lifters see key points relative to the hip. Write `about_hip`. Then the next cell but one
# trains the network with it and without it, on a small share of the budget. Will MPJPE grow, and will
# P-MPJPE? Write down why before you run it.


# %% tags=["exercise"]
def about_hip(keypoints_px: Tensor) -> Tensor:
    """(frames, 32) px, absolute -> (frames, 32) px, relative to the hip."""
    return keypoints_px  # your change


# %% tags=["solution"]
def about_hip(keypoints_px: Tensor) -> Tensor:
    """(frames, 32) px, absolute -> (frames, 32) px, relative to the hip.

    Where a person stands tells how obliquely the camera sees them, and that is lost. Yet on so small
    a budget the network does better without it, since there is less to learn. Whether that holds in
    a long training, only a long training can tell.
    """
    joints_px = keypoints_px.view(-1, 16, 2)
    hip = INPUT.index("hip")
    return (joints_px - joints_px[:, hip : hip + 1]).flatten(1)


# %% tags=["exercise_check"]
check("6.1")


# %% tags=["reveal"]
class Seeing(nn.Module):
    """The network behind a change of its key points: the same numbers in and out as before."""

    def __init__(self, change):
        super().__init__()
        self.net = SimpleLifter(width, blocks, dropout, max_norm)
        self.change = change
        changed_px = change(keypoints_px)
        self.mean_px = changed_px.mean(0)
        self.deviation_px = changed_px.std(0, correction=0).clamp(min=1)  # the hip no longer moves

    def forward(self, keypoints: Tensor) -> Tensor:
        changed_px = self.change(keypoints * deviation_px.to(keypoints) + mean_px.to(keypoints))
        mean, deviation = self.mean_px.to(keypoints), self.deviation_px.to(keypoints)
        return self.net((changed_px - mean) / deviation)


for name, change in {"absolute": lambda px: px, "about the hip": about_hip}.items():
    network, _ = train_lifter(
        partial(Seeing, change), name.replace(" ", "_"), budget=poses * ablation_share
    )
    predicted_mm = predict_mm(network, test_px)
    scores = [metrics.score(predicted_mm, truth_mm, PROTOCOLS[m]) for m in ("MPJPE", "P-MPJPE")]
    print(f"{name:14s} MPJPE {scores[0]:5.1f} mm, P-MPJPE {scores[1]:5.1f} mm")

# %% [markdown]
# **2 · code · medium.** The loss weighs each standardised coordinate alike. Write the loss that is the mean *distance*
# in millimetres instead, from the network's standardised output and target, (batch, 48) each.


# %% tags=["exercise"]
def distance_loss(output: Tensor, target: Tensor) -> Tensor:
    return output.new_tensor(float("nan"))  # your loss, in mm


# %% tags=["solution"]
def distance_loss(output: Tensor, target: Tensor) -> Tensor:
    difference_mm = (output - target) * deviation_mm.to(output)
    return torch.linalg.vector_norm(difference_mm.view(-1, 16, 3), dim=-1).mean()


# %% tags=["exercise_check"]
check("6.2")

# %% [markdown]
# **3 · recall · easy.** A unit has the value 3.0 when it reaches `Dropout(0.25)`. Which values can come out in
# training? Which value comes out in use, after `eval()`?

# %% tags=["exercise"]
in_training = None  # a set of numbers
in_use = None  # a number

# %% tags=["solution"]
in_training, in_use = {0.0, 3.0 / 0.75}, 3.0  # kept with probability 0.75, so that the mean stays 3

# %% tags=["exercise_check"]
check("6.3")

# %% [markdown]
# **4 · derive · medium.** Many people can have the same picture (chapter 3). Suppose that for one picture the left
# wrist is 200 mm behind the hip in 70 % of the training frames, and 200 mm in front of it in the other 30 %. Which
# depth does a network learn that makes the mean *square* error as small as possible? And which depth makes the mean
# *distance* as small as possible? Behind the hip counts positive.

# %% tags=["exercise"]
by_squares_mm, by_distances_mm = None, None

# %% tags=["solution"]
by_squares_mm = 0.7 * 200 - 0.3 * 200  # the mean: a depth that no training frame has
by_distances_mm = 200  # the median: what most of the frames have

# %% tags=["exercise_check"]
check("6.4")

# %% [markdown]
# **5 · break it · hard.** The network is trained by its loss and judged by MPJPE, and the two may disagree. Construct
# the errors of two poses, so that the loss prefers the first, although its joints are on average at least three times
# as far from their truth as those of the second.

# %% tags=["exercise"]
preferred_mm, other_mm = None, None  # (48,) each: prediction minus truth, as `OUTPUT` orders it

# %% tags=["solution"]
# A square counts one large error more than many small ones.
preferred_mm, other_mm = 0.1 * deviation_mm, torch.zeros(48)
other_mm[:3] = 0.41 * deviation_mm[:3]  # one joint of sixteen
for error_mm in (preferred_mm, other_mm):
    loss, distance_mm = (error_mm / deviation_mm).square().mean(), error_mm.view(16, 3).norm(dim=-1)
    print(f"loss {loss:.4f}, {distance_mm.mean():.1f} mm")

# %% tags=["exercise_check"]
check("6.5")

# %% [markdown]
# ## What to take away
#
# * A plain network that sees only joints removes most of the error that the mean pose makes.
# * Depth is learned from *posture*, not seen: the worst poses are those with a rare posture or a twin.
# * An ablation means something only at its own budget, and under one protocol.
#
# **Where we differ from the paper**, unless you run `full` on Human3.6M: fewer poses and steps, a smaller
# network, a cosine for the learning rate, less dropout, no max-norm (both slow a short training
# down, as the ablation shows). We print the mean over frames beside the paper's mean over actions.
#
# **What one should not conclude.** That 2D is all one needs: this network has seen only people like these,
# under cameras like these, in absolute pixels. Move the camera, and it fails. The lifter that ships
# with this book, of the same layers, turns the camera towards the person first and is trained on
# bodies and cameras of every kind; its model card says how it does elsewhere.
#
# **References.** Martinez, Hossain, Romero, Little, *A simple yet effective baseline for 3d human pose
# estimation*, ICCV 2017, [arXiv:1705.03098](https://arxiv.org/abs/1705.03098),
# [10.1109/ICCV.2017.288](https://doi.org/10.1109/ICCV.2017.288) · He et al., *Deep residual learning*, CVPR 2016,
# [10.1109/CVPR.2016.90](https://doi.org/10.1109/CVPR.2016.90) · Ioffe & Szegedy, *Batch normalization*, ICML 2015,
# [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
