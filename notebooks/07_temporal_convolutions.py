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
#     id: temporal_convolutions
#     title: Temporal convolutions
#     level: intermediate
#     prerequisites: [simple_baseline]
#     minutes: {ci: 0.3, laptop: 5, full: 1440}
#     device: cpu
#     data: [synthetic, human36m]
#     paper: 10.1109/CVPR.2019.00794
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 7 · Temporal convolutions
#
# A single picture leaves depth open. The pictures before and after it help a little: an arm that swings forward
# now was somewhere else before. In 2019 Pavllo, Feichtenhofer, Grangier and Auli let a network look at 243 frames
# at once. That is nearly five seconds at 50 frames a second.
#
# **What does a lifter gain by seeing the past and the future?** The paper reports less error and less jitter. We
# test both.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * explain how dilated filters see hundreds of frames with a handful of layers;
# * train on overlapping windows without copying them, and say which computations they share;
# * lift a clip of any length, and explain what happens at its ends;
# * run the causal form frame by frame, with the same numbers as on the whole clip;
# * compare a velocity error with a position error, and with the velocity error of a plain smoother;
# * learn from clips without 3D, by projecting the pose back into the picture.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "auto"  # auto, cpu or cuda
out_dir = None  # None: runs/temporal_convolutions/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
# None below: as the profile says (the next cell)
receptive_field = None  # frames: 1, 9, 27, 81 or 243
width = None  # channels of each layer
batch_size = None  # output frames
learning_rate = 1e-3
dropout = None  # share of units dropped
poses = None  # training budget of the main run: poses shown, all epochs together
shuffled = False  # True: the main run is the control, in which the frames of a clip are mixed
labelled = None  # shares of the clips that keep their 3D in the last part, such as "0.01 0.1"
labelled_poses = None  # training budget of the plain run, and of each run of the last part
held_out = False  # True: train without subject S8 and score on S8, to choose settings
ablations = True  # False: only the plain and the main run

# %% tags=["setup"]
import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from posebook import datasets, evaluation, figures, lifting, metrics, paths, results, training
from posebook.course import check, guessed
from posebook.datasets.windows import Windows
from posebook.errors import InputError
from posebook.lifting.trained import keep_lifter
from posebook.methods.supervised_losses import mpjpe_loss
from posebook.methods.temporal_convolutions import losses
from posebook.methods.temporal_convolutions.batch_norm import (
    batch_norm_momentum,
    recompute_statistics,
    set_batch_norm_momentum,
)
from posebook.methods.temporal_convolutions.clips import Frames, OtherViews, anywhere, lift_frames
from posebook.methods.temporal_convolutions.losses import project_to_screen
from posebook.methods.temporal_convolutions.network import (
    FILTER_WIDTHS,
    Stream,
    VideoPose3D,
    inflated,
)
from posebook.metrics import smoothing
from posebook.skeletons import HOUSE

# %% tags=["setup"]
choices = {  # the paper's settings are `full`
    "ci": dict(
        field=27, width=64, batch_size=128, dropout=0.1, poses=90_000, clips=7,
        labelled="0.1", labelled_poses=12_000,
    ),
    "laptop": dict(
        field=27, width=128, batch_size=256, dropout=0.1, poses=1_000_000, clips=1,
        labelled="0.1", labelled_poses=150_000,
    ),
    "full": dict(
        field=243, width=1024, batch_size=1024, dropout=0.25, poses=80 * 3_119_488, clips=1,
        labelled="0.01 0.1 0.5", labelled_poses=20 * 3_119_488,
    ),
}[profile]  # fmt: skip
receptive_field = receptive_field or choices["field"]
width = width or choices["width"]
batch_size = batch_size or choices["batch_size"]
dropout = choices["dropout"] if dropout is None else dropout
poses = poses or choices["poses"]
labelled = labelled or choices["labelled"]
labelled_poses = labelled_poses or choices["labelled_poses"]
PART = 20 if profile == "ci" else 50  # steps between two checkpoints

device = training.pick_device(device)
book = results.Results("temporal_convolutions", out_dir, profile=profile, seed=seed, device=device)
out_dir = book.out_dir

# %% [markdown]
# ## The data
#
# The network learns from time, so clips keep all their frames. Five people are for training. Two others, S9 and
# S11, are for testing. (At `ci` only every seventh training clip is used.)

# %%
source = dict(root=root, keypoints=keypoints, seed=seed)
train_people, test_people = datasets.train_and_test(data, held_out=held_out, **source)
chosen = {id(clip) for clip in train_people.clips[:: choices["clips"]]}
train_people = train_people.where(lambda clip: id(clip) in chosen)
train, test = Frames(train_people), Frames(test_people)  # all clips, one after the other
print(f"{train_people.name}: {len(train)} training frames of {len(train_people.clips)} clips")
print(f"{len(test)} frames for test")

# %% tags=["setup"]
most = max(max(1, round(float(share) * len(train_people.clips))) for share in labelled.split())
if ablations and most == len(train_people.clips):
    raise InputError(f"labelled is '{labelled}': of {most} clips none is left without 3D")

# %% [markdown]
# The key points are in *screen units*: pixels from the picture's centre, divided by half the picture's **width**
# along both axes. So x runs from -1 to 1.
#
# A *window* is the frame whose pose we want and the frames around it, 27 in all (243 at `full`). Near the ends of a
# clip the window reaches beyond the clip. There we repeat the first or the last frame; this is called *padding*. The
# figure shows the left wrist in the window around a clip's first frame. The first half of the window is padding.

# %% tags=["setup"]
wrist, reach = HOUSE.index("left_wrist"), 13
row = [max(0, frame) for frame in range(-reach, reach + 1)]
figures.show(
    figures.loss_curves(
        {
            "frame": list(range(-reach, reach + 1)),
            "x": test.seen[row, wrist, 0].tolist(),
            "y": test.seen[row, wrist, 1].tolist(),
        },
        x="frame",
        unit="screen units",
        title="A window of 27 frames around a clip's first",
    ),
    alt="The wrist's x and y over 27 frames. Both are flat before frame 0, where the first frame is "
    "repeated, and change slowly after it.",
)

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $x$ | `keypoints` | (batch, frames, 17, 2) | screen | joints in the picture |
# | $y$ | `pose_mm` | (batch, positions, 17, 3) | mm | true pose about the hip, camera axes |
# | $\hat y$ | the network's output | (batch, positions, 17, 3) | mm | predicted pose |
# | $w_i$ | `filter_widths` | (layers,) | none | number of taps of each filter over time |
# | $d_i$ | `apart` | () | frames | distance from one tap to the next: $w_0 \cdots w_{i-1}$ |
# | $R$ | `receptive_field` | () | frames | frames that one pose is made from: $w_0 w_1 \cdots$ |
#
# ## The method
#
# A filter over time with three *taps* has weights for three frames. Suppose that the taps of the next filter are
# three frames apart. Such a filter is called *dilated*. The two filters together see nine frames. A third filter,
# with taps nine frames apart, makes it 27. So the *receptive field*, the number of frames that one pose depends on,
# grows by multiplication, while the cost grows by addition.
#
# Nothing is padded inside the network. So each layer loses frames at the edges, and the residual sum takes only the
# middle of its input.
#
# In training we want only one pose from each window. A dilated network then wastes most of its work: it computes the
# first layer at every frame, but one pose needs it only at every third. So the authors' code has a second form of the
# network, called *strided*. There each filter moves by its own length. This form has the same weights and gives the
# same pose.


# %% tags=["core"]
class Filter(nn.Module):
    """(batch, inputs, frames) -> (batch, channels, fewer frames)."""

    def __init__(self, inputs: int, channels: int, taps: int, dropout: float, apart=1, stride=1):
        super().__init__()
        self.convolution = nn.Conv1d(
            inputs, channels, taps, dilation=apart, stride=stride, bias=False
        )
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.dropout(functional.relu(self.norm(self.convolution(hidden))))


class Block(nn.Module):
    """The middle of the input, plus two filters on the input; nothing comes after the sum."""

    def __init__(self, channels: int, taps: int, apart: int, dropout: float, strided: bool):
        super().__init__()
        form = dict(stride=taps) if strided else dict(apart=apart)
        self.wide = Filter(channels, channels, taps, dropout, **form)
        self.narrow = Filter(channels, channels, 1, dropout)
        self.first = taps // 2 if strided else taps // 2 * apart  # the first middle frame
        self.step = taps if strided else 1  # from one middle frame to the next

    def forward(self, hidden: Tensor) -> Tensor:
        change = self.narrow(self.wide(hidden))
        middle = hidden[:, :, self.first :: self.step][:, :, : change.shape[2]]
        return middle + change


# %% tags=["core"]
class TemporalNetwork(nn.Module):
    """(batch, frames, 17, 2) screen units -> (batch, frames - R + 1, 17, 3) mm.

    strided  windows of R frames -> (batch, 1, 17, 3): the same weights and pose, less work
    """

    def __init__(self, filter_widths: tuple, channels: int, dropout: float, strided: bool = False):
        super().__init__()
        first_stride = filter_widths[0] if strided else 1
        self.expand = Filter(34, channels, filter_widths[0], dropout, stride=first_stride)
        apart = [math.prod(filter_widths[:i]) for i in range(1, len(filter_widths))]
        self.blocks = nn.ModuleList(
            Block(channels, taps, d, dropout, strided)
            for taps, d in zip(filter_widths[1:], apart, strict=True)
        )
        self.shrink = nn.Linear(channels, 51)

    def forward(self, keypoints: Tensor) -> Tensor:
        hidden = self.expand(keypoints.flatten(2).mT)
        for block in self.blocks:
            hidden = block(hidden)
        return 1000 * self.shrink(hidden.mT).unflatten(2, (17, 3))


# %% tags=["check", "nbval-check-output"]
strided = TemporalNetwork((3, 3, 3), 1024, 0.25, strided=True).eval()
torch.manual_seed(0)
ours = TemporalNetwork((3, 3, 3), 1024, 0.25).eval()
theirs = VideoPose3D((3, 3, 3), 1024).eval()
for other in (strided, theirs):
    other.load_state_dict(ours.state_dict())
some = torch.randn(1, 40, 17, 2)
with torch.no_grad():
    assert torch.allclose(ours(some), theirs(some), atol=0.05)
    one_by_one = torch.cat([strided(some[:, i : i + 27]) for i in range(40 - 26)], 1)
    assert torch.allclose(ours(some), one_by_one, atol=0.05)
print("dilated and strided give the same poses")
print("equal to posebook.methods.temporal_convolutions.network: ok")

# %% [markdown] tags=["predict"]
# **Predict first.** The network for 27 frames, with the paper's 1024 channels, has 8.6 million weights. Another
# network sees the same 27 frames without holes, by three filters with 3, 7 and 19 adjacent taps. How many
# million weights does it have?

# %% tags=["predict"]
guess_millions = None  # your guess

# %% tags=["reveal", "nbval-check-output"]
count = sum(p.numel() for p in ours.parameters())
dense = sum(p.numel() for p in VideoPose3D((3, 3, 3), dense=True).parameters())
print(f"{count:,} weights, {dense:,} without holes; {guessed(guess_millions)}")

# %% [markdown]
# The two later filters over time have 7 + 19 taps instead of 3 + 3. Each tap costs 1024 x 1024 weights.
#
# ## Windows that share
#
# Windows that overlap can also share the work on the frames that they have in common. The package's network does
# this. It is the same network as the core above. Its argument `step` says how many frames lie between one pose and
# the next.

# %% tags=["check", "nbval-check-output"]
network = VideoPose3D((3, 3, 3), 32).eval()
clip = torch.randn(1, 27 + 4 * 9, 17, 2)
with torch.no_grad():
    whole = network(clip)[:, ::9]  # the dilated form, of which every ninth pose is kept
    shared = network(clip, step=9)  # computes nothing that is not used
    alone = torch.cat([network(clip[:, i : i + 27], step=27) for i in range(0, 37, 9)], 1)
assert torch.allclose(whole, shared, atol=0.05) and torch.allclose(whole, alone, atol=0.05)
print("dilated, strided and shared windows give the same poses: ok")

# %% [markdown]
# ## The paper's training
#
# The loss is the mean distance of joints from the truth, which is MPJPE itself:
#
# $$ L = \overline{\lVert\hat y-y\rVert} , $$
#
# where the bar is the mean over batch and joints. The optimiser is Adam with AMSGrad. Adam divides each step by the
# usual size of the gradient. With AMSGrad this divisor can grow but never falls. Half of the windows are mirrored.
#
# Windows that share work come from few clips at once. As in the paper, our batches take one pose from each of many
# places instead. Such varied batches learned better in the same time. (We compared the two on S8: one of the training
# people, held out for such comparisons, so that the test people stay unseen.) No window is copied: a batch gathers
# its frames by their numbers (`posebook.datasets.windows`).
#
# *Batch norm* keeps a running mean and variance. Its *momentum* is the share that each new batch has in them. It
# falls from 0.1 to 0.001 during training.


# %% tags=["run"]
def train_plain(budget: float) -> tuple[nn.Module, training.Run]:
    """The paper's training of the core above, on so many windows."""
    draw = training.seed_everything(seed)
    widths = FILTER_WIDTHS[receptive_field]
    network = TemporalNetwork(widths, width, dropout, strided=True)
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, amsgrad=True, fused=True)
    state = dict(network=network, optimiser=optimiser, draw=draw)
    run = training.Run(out_dir / "plain", seed=seed, device=device, state=state)
    around = (receptive_field // 2, receptive_field // 2)  # frames before and after the middle
    pairs = dict(keypoints=train.seen), dict(pose_mm=train.pose_mm)
    windows = Windows(*pairs, train.lengths, batch_size, around, drop_last=True).to(run.device)
    parts = max(1, round(budget / batch_size / PART))
    for part in run.epochs(parts):
        network.train()
        set_batch_norm_momentum(network, batch_norm_momentum(part, parts))
        for _ in range(PART):
            batch = anywhere(windows, draw)
            loss = mpjpe_loss(network(batch["keypoints"]), batch["pose_mm"]) / 1000
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            run.log(loss)
    return network, run


plain_network, plain_run = train_plain(labelled_poses)
plain = VideoPose3D(FILTER_WIDTHS[receptive_field], width)  # the same, for whole clips
plain.load_state_dict(plain_network.cpu().state_dict())
print(f"trained in {plain_run.seconds:.0f} s on {labelled_poses:,} windows")

# %% [markdown]
# How good is it after so short a training? We lift whole clips of the test people. As in the paper, the answer is
# the mean of two poses: one from the picture and one from its mirror image. We compare with two answers that need no
# training. The *mean pose* is that of the training people. *Zero depth* is the picture itself at the true distance,
# with every joint as far away as the hip. The *velocity error* compares each step from one frame to the next with
# the true step (chapter 5).

# %% tags=["setup"]
shared = dict(joints="17", root="hip", average="frame")
PROTOCOLS = {
    "MPJPE": metrics.Protocol(alignment="root", scale="metric", **shared),
    "P-MPJPE": metrics.Protocol(alignment="procrustes", scale="least_squares", **shared),
}
rate = test_people.frames_per_second
speed = metrics.Protocol(alignment="root", scale="metric", frames_per_second=rate, **shared)
scores, seconds = {}, {}


def lift_test(network: nn.Module, mixed: bool = False) -> Tensor:
    """(frames, 17, 3) mm of the test people; `mixed`: lifted in random order, and put back."""
    chosen = test.mixed(seed) if mixed else torch.arange(len(test))
    pose_mm = torch.empty_like(test.pose_mm)
    pose_mm[chosen] = lift_frames(network, test.seen[chosen], test.lengths, device)
    return pose_mm


def add_scores(method: str, predicted_mm: Tensor) -> None:
    """Put a method's three scores into `scores` and into the run's results."""
    of = test_people.clip_of_frame
    found = {n: metrics.score(predicted_mm, test.pose_mm, p) for n, p in PROTOCOLS.items()}
    steps = metrics.velocity_error(predicted_mm, test.pose_mm, of).nanmean().item()
    scores[method] = found | {"velocity error": steps}
    kept = dict(data=test_people.name, split=test_people.split, method=method)
    for metric, value in scores[method].items():
        unit, protocol = "mm", PROTOCOLS.get(metric)
        if protocol is None:
            unit, protocol = "mm/frame", speed
        took = seconds.get(method)
        book.add(metric, value, unit, protocol=protocol, seconds=took, **kept)


# %% tags=["setup"]
def score_table(methods) -> figures.Table:
    return figures.Table(
        ("method", "MPJPE (mm)", "P-MPJPE (mm)", "velocity error (mm/frame)"),
        [[method, *scores[method].values()] for method in methods],
        caption=f"{test_people.name} {test_people.split}, {len(test)} frames at {rate:g} per "
        "second, frame means, 17 joints about the hip; MPJPE and velocity at the predicted scale",
    )


# %% tags=["setup"]
seconds["plain training"] = plain_run.seconds
predictions_mm = {
    "plain training": lift_test(plain),
    "mean pose": train.pose_mm.mean(0).expand_as(test.pose_mm),
    "zero depth": torch.cat([evaluation.zero_depth(c, c) for c in test_people]).float(),
}
for method, pose_mm in predictions_mm.items():
    add_scores(method, pose_mm)
score_table(predictions_mm)

# %% [markdown] tags=["result"]
# At `laptop` both MPJPE and P-MPJPE of the network are already lower than those of the other two. (At `ci` they are
# not: it has had only a hundred steps.) The paper has 37.2 mm MPJPE for 243 frames with the true 2D of Human3.6M
# (mean of actions). But it trains for a day on a GPU, on three million frames, mirrored ones included.
#
# The last column is different. *Zero depth* knows nothing of depth, and yet its velocity error is the smallest. So a
# small velocity error alone proves nothing.
#
# ## What we add
#
# We have minutes instead of a day, and few clips. So the main run has four additions:
#
# * **A start that works.** First we train a network of one frame. Each of its steps costs a quarter. Then we copy its
#   weights into the network over time (`inflated`). With exact key points they become the middle taps, and the other
#   taps begin at 0. The key points of a detector shake, and the poses would shake with them. So there all taps share
#   the weights evenly: the network begins as an average over time. On S8, each of the two ways was the steadier one
#   for its kind of key points.
# * **Other views.** A window shows which clip it is from. A network that recognises the clip need not look at the
#   motion. So most people are turned about the vertical line through their hips, by any angle, and are projected
#   anew. The camera stays where it is.
# * **A learning rate that falls to zero**, along a cosine.
# * **New statistics.** After a short training with a small momentum, the running mean and variance belong to
#   earlier weights (*stale statistics*). So we compute them anew with the final weights.


# %% tags=["setup"]
SINGLE_SHARE = 0.6  # of the windows are shown to the network of one frame
views = OtherViews(train, share=0.7)  # of the windows are turned


def rate_of(progress: float) -> float:
    """The learning rate's factor when this share of the training is done, 0 to 1."""
    if profile == "full":
        return 0.95 ** (80 * progress)
    return 0.5 * (1 + math.cos(math.pi * progress))


def train_network(name: str, frames: int, mixed: bool = False):
    """A network that sees so many frames; `mixed`: in random order. And its seconds."""
    widths = FILTER_WIDTHS[frames]
    training.seed_everything(seed)  # for the first weights
    network = VideoPose3D((1,) * len(widths), width, dropout)
    if frames == 1:
        run, stale_mm = train_phase(name, network, poses, mixed)
        return network, run.seconds, stale_mm
    first, _ = train_phase(f"{name}_start", network, SINGLE_SHARE * poses, mixed)
    network = inflated(network.cpu(), widths, spread=keypoints != "true")
    run, stale_mm = train_phase(name, network, (1 - SINGLE_SHARE) * poses, mixed)
    return network, first.seconds + run.seconds, stale_mm


# %%
def train_phase(name: str, network: VideoPose3D, budget: float, mixed: bool):
    """Train on `budget` windows; the run, and the test poses before the statistics are computed."""
    draw = training.seed_everything(seed)
    order = train.mixed(seed) if mixed else torch.arange(len(train))
    windows = views.windows(order, batch_size, network.padding)
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, amsgrad=True, fused=True)
    state = dict(network=network, optimiser=optimiser, draw=draw)
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    windows.to(run.device)
    step, steps = network.receptive_field, max(PART, round(budget / batch_size))
    for part in run.epochs(steps // PART):
        network.train()
        set_batch_norm_momentum(network, batch_norm_momentum(part * PART, steps))
        for number in range(PART):
            factor = rate_of((part * PART + number) / steps)
            optimiser.param_groups[0]["lr"] = learning_rate * factor
            keypoints, pose_mm = views.take(windows, draw)
            loss = mpjpe_loss(network(keypoints, step=step), pose_mm) / 1000
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            run.log(loss)
    stale_mm = lift_test(network)
    some = [views.take(windows, draw)[0] for _ in range(40)]
    recompute_statistics(network, some, lambda n, keypoints: n(keypoints, step=step))
    return run, stale_mm


# %% tags=["run"]
lifter, main_seconds, stale_mm = train_network("main", receptive_field, mixed=shuffled)
print(f"trained in {main_seconds:.0f} s on {poses:,} windows")

# %% [markdown] tags=["predict"]
# ## The result
#
# We compare with a single frame: the same network without time, which sees as many poses in about half the time. A
# stronger rival is that network with its poses **smoothed** over time. The smoother is Savitzky and Golay's filter,
# which fits a parabola to the frames around each frame. Any smoother removes jitter. So the video network has learned
# something only if it is better than the smoothed poses. For the filter's length we take the one with the least
# velocity error on these very test people. No real method has that advantage.
#
# **Predict first.** By how many mm is the MPJPE of 27 frames lower than that of one frame, when the 2D is exact?

# %% tags=["predict"]
guess_gain_mm = None  # your guess

# %% tags=["setup"]
predictions_mm |= {"VideoPose3D": lift_test(lifter, mixed=shuffled), "stale statistics": stale_mm}
seconds["VideoPose3D"] = main_seconds
training.seed_everything(seed)
untrained = VideoPose3D(FILTER_WIDTHS[receptive_field], width)
predictions_mm["untrained"] = lift_test(untrained)
window = None
if ablations:
    single, seconds["one frame"], _ = train_network("single", 1)
    predictions_mm["one frame"] = lift_test(single)
    of = test_people.clip_of_frame
    window = smoothing.best_window(predictions_mm["one frame"], test.pose_mm, of)
    predictions_mm["one frame, smoothed"] = smoothing.smoothed(
        predictions_mm["one frame"], of, window
    )
for method, pose_mm in predictions_mm.items():
    if method not in scores:
        add_scores(method, pose_mm)

# %% tags=["reveal"]
if ablations:
    gain_mm = scores["one frame"]["MPJPE"] - scores["VideoPose3D"]["MPJPE"]
    print(f"{receptive_field} frames are {gain_mm:.1f} mm better than one frame")
    print(guessed(guess_gain_mm))

# %%
score_table(sorted(scores, key=lambda method: scores[method]["MPJPE"]))

# %% [markdown] tags=["result"]
# The row *VideoPose3D* is the main run. At `laptop` its 27 frames are a few millimetres better than one frame.
# Smoothing one frame does not achieve that. The 2D is exact here, so there is little jitter to remove. *Stale
# statistics* are the main run's weights before the statistics were computed anew. In the few steps of `ci` the new
# statistics gain several millimetres. At `laptop` they cost one.
#
# Below is the clip whose right wrist moves most in depth. It is a hard one: both networks see which way the wrist
# moves, but not how far.


# %% tags=["setup"]
def path_of(pose_mm: Tensor, frames: slice) -> list[float]:
    """The right wrist's depth about the hip, mm."""
    return pose_mm[frames, HOUSE.index("right_wrist"), 2].tolist()


wrist = HOUSE.index("right_wrist")
swing = [test.pose_mm[span, wrist, 2].std() for span in test.spans]
liveliest = test.spans[max(range(len(swing)), key=swing.__getitem__)]
frames = slice(liveliest.start, min(liveliest.start + 150, liveliest.stop))
drawn = {"truth": test.pose_mm} | {
    name: predictions_mm[name] for name in ("VideoPose3D", "one frame") if name in predictions_mm
}
figures.show(
    figures.loss_curves(
        {"frame": list(range(frames.stop - frames.start))}
        | {name: path_of(pose_mm, frames) for name, pose_mm in drawn.items()},
        x="frame",
        unit="depth about the hip, mm",
        title="A right wrist in time",
    ),
    alt="The depth of a right wrist over a clip. The true wrist swings far towards the camera. Both "
    "networks follow only a part of the way; the video network goes a little further.",
)

# %% [markdown]
# ## Live
#
# A *causal* network looks only at the present and the past. So it can take one frame at a time. It keeps what its
# taps still need, computes nothing twice, and gives the same poses as on the whole clip. (It cannot use the weights
# of a symmetric network, but must be trained as causal. The one below is not trained at all.)

# %% tags=["check", "nbval-check-output"]
causal = VideoPose3D((3, 3, 3), 32, causal=True).eval()
stream = Stream(causal)
with torch.no_grad():
    live = torch.cat([stream.push(frame.unsqueeze(0)) for frame in test.seen[:50]])
    assert torch.allclose(live, causal.lift(test.seen[:50]), atol=0.05)
print("frame by frame equals the whole clip: ok")

# %% [markdown] tags=["failures"]
# ## Failures
#
# The worst poses, one from each of the worst clips. A rule names the cause (`ambiguity.CAUSES`). In a *depth flip* a
# limb points towards the camera instead of away from it, or the other way round. A pose may also be *too flat*, or a
# *mirror image*. Everything else is called an *unusual posture*.

# %% tags=["setup"]
figures.show(
    figures.failures(
        predictions_mm["VideoPose3D"],
        test.pose_mm,
        test.seen,
        clip_of_frame=test_people.clip_of_frame,
        aligned=False,
    ),
    alt="Six of the worst poses, each the 2D input with the lifted pose over the dashed truth. Most "
    "people sit or crouch, or stretch an arm towards the camera; the lifted limbs come out too "
    "short in depth.",
)

# %% [markdown] tags=["ablation"]
# ## Take one thing away
#
# We take time away: the frames of each clip are mixed, in training and in test. The network sees as many frames as
# before, of the same person doing the same thing, but no motion. Whatever it still gains over a single frame is not
# due to motion.

# %% tags=["setup"]
if ablations:
    mixed_network, seconds["shuffled frames"], _ = train_network(
        "shuffled", receptive_field, mixed=True
    )
    add_scores("shuffled frames", lift_test(mixed_network, mixed=True))
    names = ("VideoPose3D", "shuffled frames", "one frame", "one frame, smoothed")
    figures.show(
        figures.bars(
            {name: scores[name]["MPJPE"] for name in names},
            unit="mm",
            title="MPJPE, equal budgets",
            note=f"Smoothed over {window} frames.",
        ),
        alt="Four bars of the test error. The bar of all frames in order is the shortest; shuffled "
        "frames, one frame, and one frame smoothed are about equally long.",
    )

# %% [markdown]
# Mixed frames do about as well as a single one. So what the frames in order gain is due to motion.
#
# ## Clips without 3D
#
# Filming is cheap, motion capture is not. The paper's second idea is to learn also from clips of which only the
# picture is known. It needs four losses, one for each thing that we know:
#
# * Where there is 3D, the **pose** $\hat y$ must be near the truth $y$, as before.
# * A second network of the same form predicts the **path** $\hat r$: where the hip is, seen from the camera. Where
#   there is 3D, $\hat r$ must be near the true path $r$. We divide this error by the true depth $r_z$, so errors of
#   people who are far away count less.
# * Where there is no 3D, we add pose and path and **project** the sum with the camera $\Pi$. The result must be near
#   the given key points $\tilde u$ of the middle frame, in screen units.
# * A very small person near the camera would give the same picture. So the mean **bone lengths** $\bar\ell$ of the
#   clips without 3D must be near those of the clips with 3D.
#
# In the formula, lengths of the body are in metres, and a bar is a mean:
#
# $$ L = \underbrace{\overline{\lVert\hat y-y\rVert} + \overline{\tfrac{1}{r_z}\lVert\hat r-r\rVert}}_{\text{clips with 3D}}
#      + \underbrace{\overline{\lVert\Pi(\hat y+\hat r)-\tilde u\rVert}}_{\text{without}}
#      + \overline{|\bar\ell_{\text{with}} - \bar\ell_{\text{without}}|} . $$
#
# These networks are trained without the start from one frame and without turned people. So compare their scores only
# with each other.


# %% tags=["core"]
def four_losses(pose_mm, path_mm, true_mm, true_path_mm, picture, project, bones) -> Tensor:
    """The first of `pose_mm` and `path_mm` have truth; the rest have a `picture`.

    project  absolute poses in mm -> joints in the picture;  bones  pairs of joints
    """
    known = len(true_mm)

    def away(a: Tensor, b: Tensor) -> Tensor:
        return torch.linalg.vector_norm(a - b, dim=-1)

    starts, ends = (list(joints) for joints in zip(*bones, strict=True))
    length = away(pose_mm[..., starts, :], pose_mm[..., ends, :])
    with_3d, without = length[:known].mean((0, 1)), length[known:].mean((0, 1))
    return (
        away(pose_mm[:known], true_mm).mean() / 1000
        + (away(path_mm[:known], true_path_mm) / true_path_mm[..., 2]).mean()
        + away(project(pose_mm[known:] + path_mm[known:]), picture).mean()
        + (with_3d - without).abs().mean() / 1000
    )


# %% tags=["check", "nbval-check-output"]
pose_mm, path_mm = 300 * torch.randn(6, 2, 17, 3), torch.tensor([0, 0, 4000.0]).expand(6, 2, 1, 3)
some_cameras = views.cameras[:3].unsqueeze(1)
given = pose_mm[:3] + 10, path_mm[:3] + 10, torch.rand(3, 2, 17, 2)
project = partial(project_to_screen, intrinsics=some_cameras)
ours = four_losses(pose_mm, path_mm, *given, project, HOUSE.bones)
theirs = losses.semi_supervised_losses(pose_mm, path_mm, *given, some_cameras)
assert torch.allclose(ours, sum(theirs.values()))
print("equal to posebook.methods.temporal_convolutions.losses: ok")


# %% tags=["setup"]
FIELD = min(27, receptive_field)  # frames that these networks see


def windows_of(clips: list[int]) -> Windows:
    """Training clips by their numbers: pictures in, what is known in the middle frames beside."""
    frames = torch.cat([torch.arange(train.spans[c].start, train.spans[c].stop) for c in clips])
    beside = dict(absolute_mm=train.absolute_mm, picture=train.seen)
    return Windows(
        dict(keypoints=train.seen[frames]),
        {name: values[frames] for name, values in beside.items()},
        [train.lengths[clip] for clip in clips],
        batch_size,
        VideoPose3D(FILTER_WIDTHS[FIELD], 1).padding,
    )


def some_windows(windows: Windows, draw: torch.Generator) -> dict[str, Tensor]:
    """A batch from anywhere, with the true pose about the hip and the true path of the hip."""
    batch = anywhere(windows, draw)
    path_mm = batch["absolute_mm"][..., [HOUSE.index("hip")], :]
    return batch | dict(pose_mm=batch["absolute_mm"] - path_mm, path_mm=path_mm)


def two_networks() -> nn.ModuleDict:
    """One for the pose, and one of the same form for the path."""
    return nn.ModuleDict(
        {
            part: VideoPose3D(FILTER_WIDTHS[FIELD], width, dropout, output_joints=joints)
            for part, joints in (("pose", 17), ("path", 1))
        }
    )


# %%
def loss_with_3d(networks: nn.ModuleDict, batch: dict, path_too: bool) -> Tensor:
    """The first loss alone, or the first two."""
    loss = mpjpe_loss(networks["pose"](batch["keypoints"], step=FIELD), batch["pose_mm"]) / 1000
    if path_too:
        path_mm = networks["path"](batch["keypoints"], step=FIELD)
        loss = loss + losses.trajectory_loss(path_mm, batch["path_mm"])
    return loss


def loss_with_both(networks: nn.ModuleDict, batch: dict, free: dict, cameras: Tensor) -> Tensor:
    """All four losses: of a batch with 3D, and of one without, seen by these cameras."""
    seen = torch.cat([batch["keypoints"], free["keypoints"]])
    lenses = losses.flip_intrinsics(cameras.to(seen)[free["clip"]], free["mirrored"])
    return four_losses(
        networks["pose"](seen, step=FIELD),
        networks["path"](seen, step=FIELD),
        batch["pose_mm"],
        batch["path_mm"],
        free["picture"],
        partial(project_to_screen, intrinsics=lenses.unsqueeze(1)),
        HOUSE.bones,
    )


# %% tags=["setup"]
def train_with_few(name: str, share: float, pictures: bool):
    """Train where a share of the clips have 3D; `pictures`: the others teach by their 2D alone."""
    order = training.seed_everything(seed)
    mixed = torch.randperm(len(train.lengths), generator=order).tolist()
    count = max(1, round(share * len(mixed)))
    known, free = windows_of(mixed[:count]), windows_of(mixed[count:])
    networks = two_networks()
    optimiser = torch.optim.Adam(networks.parameters(), lr=learning_rate, amsgrad=True, fused=True)
    state = dict(networks=networks, optimiser=optimiser, order=order)
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    known.to(run.device), free.to(run.device)
    epochs = max(5, round(labelled_poses / batch_size / PART))
    for epoch in run.epochs(epochs):
        networks.train()
        set_batch_norm_momentum(networks, batch_norm_momentum(epoch, epochs))
        for number in range(PART):
            factor = rate_of((epoch + number / PART) / epochs)
            optimiser.param_groups[0]["lr"] = learning_rate * factor
            batch = some_windows(known, order)
            if pictures and epoch >= epochs // 5:  # first, 3D alone: a path must be somewhere
                other = some_windows(free, order)
                loss = loss_with_both(networks, batch, other, views.cameras[mixed[count:]])
            else:
                loss = loss_with_3d(networks, batch, path_too=pictures)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            run.log(loss)
    some = [some_windows(free if pictures else known, order) for _ in range(40)]
    recompute_statistics(networks["pose"], some, lambda n, b: n(b["keypoints"], step=FIELD))
    return networks["pose"], run


# %% tags=["run"]
for share in map(float, labelled.split() if ablations else ()):
    for pictures in (False, True):
        few, few_run = train_with_few(f"few_{share:g}_{pictures}", share, pictures)
        method = f"{100 * share:g} % of clips with 3D" + (", the rest in 2D" if pictures else "")
        seconds[method] = few_run.seconds
        add_scores(method, lift_test(few))

# %% tags=["setup"]
if ablations:
    figures.show(
        figures.bars(
            {name: row["MPJPE"] for name, row in scores.items() if "of clips" in name},
            unit="mm",
            title="MPJPE, equal numbers of steps",
        ),
        alt="Bars of the test error on synthetic people, for each share of clips with 3D. The bar "
        "with the 2D of the other clips is a little shorter than the bar without it.",
    )

# %% [markdown]
# ## On real motion
#
# So far the motion was synthetic. The sweep `tools/sweeps/video.toml` trained these lifters on real motion
# capture, as Human3.6M's cameras would have seen it, at 30 frames a second. Each was trained on as many poses as an
# idle core handles in about five minutes. This chapter's networks have 256 channels here. Settings were chosen on
# S8, and the scores are of the test people. Chapter 6's lifter is there, too, with and without the best smoothing.
#
# *Own scale* is the pose as predicted, as above. *Simulated 2D* has a detector's errors, in training and in test.

# %% tags=["setup"]
MOTION = "CMU motion capture (17 joints) in Human3.6M archive format"
ROWS = (
    "Martinez 2017, supervised",
    "Martinez 2017, supervised, smoothed",
    "VideoPose3D 2019, 1 frames",
    "VideoPose3D 2019, 1 frames, smoothed",
    "VideoPose3D 2019, 27 frames",
    "VideoPose3D 2019, 27 frames, smoothed",
    "VideoPose3D 2019, 81 frames",
    "VideoPose3D 2019, 81 frames, smoothed",
    "VideoPose3D 2019, 27 shuffled frames",
)
COLUMNS = ("MPJPE, own scale", "P-MPJPE", "velocity error")
kept = results.kept_means("comparison_video")

figures.Table(
    ("method", *COLUMNS, *(f"{column}, simulated 2D" for column in COLUMNS)),
    [
        [
            method.replace(" 1 frames", " 1 frame"),
            *(
                kept.get((people, method, c), "not run")
                for people in (MOTION, MOTION + ", simulated 2D")
                for c in COLUMNS
            ),
        ]
        for method in ROWS
    ],
    caption="mm, and mm per frame of 1/30 s; ± is the spread over three seeds; one run where there is none",
)

# %% [markdown]
# **Exact key points.** 27 frames are a millimetre better than one frame with the same network, and a little
# steadier. (One frame is better than chapter 6's lifter by more than that. The reason is not time but other
# differences, such as the turned people.) No smoother helps. The best length is three frames, and a parabola goes
# through any three points, so it changes nothing.
#
# **A detector's errors.** Now 27 frames are six millimetres better than one frame with the best smoothing, and
# almost as steady without any. Smoothed as well, they are the steadiest of all.
#
# **Shuffled frames** are worse here than a single frame.
#
# **81 frames** are worse than 27. That network saw little more than a third as many poses. So we do not know whether
# the longer window or the shorter training is the reason.
#
# The section "Clips without 3D" asked whether the pictures of such clips help. We now ask this again for real motion,
# with equal numbers of steps.

# %% tags=["setup"]
few = {
    n.method: n.value
    for n in results.ledger_numbers()
    if (n.chapter, n.data, n.metric) == ("temporal_convolutions", MOTION, "MPJPE")
    and "of clips" in n.method
}
if few:
    figures.show(
        figures.bars(
            dict(sorted(few.items(), key=lambda item: (float(item[0].split()[0]), item[0]))),
            unit="mm",
            highlight=[name for name in few if "rest in 2D" in name],
            title="MPJPE by the share of clips that have 3D",
            note="264 clips of real motion; one seed.",
        ),
        alt="Pairs of bars of the test error on real motion, for 1, 10 and 50 % of clips with 3D. The "
        "more clips have 3D, the shorter the bars. In each pair the bar with the others' 2D is longer.",
    )

# %% [markdown]
# On real motion they do not help (`laptop`, width 256, 300,000 poses each). At every share of clips with 3D, MPJPE is
# higher with them. Only P-MPJPE at 1 %, which the figure does not show, is a little lower. On the synthetic people
# above they helped a little. The authors' code states a gain: from 80.7 to 65.2 mm, with true 2D, where a tenth of
# one subject's motion is in 3D. But it trained for two hundred epochs, and ours for minutes.

# %% [markdown]
# ## Keep it
#
# One file holds all that is needed to use the lifter. `posebook lift` and `posebook evaluate` take it by its path.

# %% tags=["setup"]
file = keep_lifter(
    lifter.cpu().eval(),
    dict(filter_widths=list(FILTER_WIDTHS[receptive_field]), channels=width),
    dict(kind="screen_clip", frames_per_second=rate or 50.0),
    dict(mean_place=train.seen.mean(0)),
    title="temporal_convolutions of chapter 7", train=train_people, book=book,
    method="VideoPose3D",
)  # fmt: skip
print(f"wrote {paths.shown(file)}, {file.stat().st_size / 1e6:.1f} MB")

# %% tags=["check", "nbval-check-output"]
clip = test_people.clips[0]
again = lifting.load(file).lift(clip)
if torch.isfinite(clip.keypoints_px).all() and not shuffled:
    assert torch.allclose(again.pose_mm, predictions_mm["VideoPose3D"][: len(clip)], atol=1.0)
print("the file lifts like the network in memory: ok")

# %% [markdown]
# ## Exercises
#
# **1 · derive · medium.** Somebody builds a network of three filters with three taps each, but sets the taps 1, 2 and 4 frames apart
# instead of 1, 3 and 9. From how many frames is one pose made?

# %% tags=["exercise"]
frames_seen = None  # frames

# %% tags=["solution"]
frames_seen = 1 + (3 - 1) * (1 + 2 + 4)  # each filter adds its outer taps

# %% tags=["exercise_check"]
check("7.1")

# %% [markdown]
# **2 · recall · easy.** A network of 27 frames lifts live, at 50 frames per second. How many milliseconds after a frame does the
# pose of that frame come if the network is symmetric, and how many if it is causal? Leave the time for arithmetic
# out.

# %% tags=["exercise"]
symmetric_ms, causal_ms = None, None

# %% tags=["solution"]
around = [VideoPose3D((3, 3, 3), 8, causal=causal).padding for causal in (False, True)]
symmetric_ms, causal_ms = (1000 / 50 * after for _, after in around)  # it waits for frames to come

# %% tags=["exercise_check"]
check("7.2")

# %% [markdown]
# **3 · break it · medium.** A small velocity error alone proves nothing. Show it: make poses of the test people that have a velocity
# error of less than 0.1 mm/frame, and an MPJPE of more than 100 mm. You may use the truth, `test.pose_mm`. Remember
# that both scores move the hip to 0 first.

# %% tags=["exercise"]
steady_mm = None  # (frames, 17, 3) mm

# %% tags=["solution"]
steady_mm = test.pose_mm + 100  # moves every joint by the same vector, 173 mm long
steady_mm[:, HOUSE.index("hip")] = 0  # but the hip: both scores are about the hip

# %% tags=["exercise_check"]
check("7.3")

# %% [markdown]
# **4 · code · easy.** A window is an index, not a copy. Write that index for one clip: for each frame, the numbers of
# the frames in its window. Beyond the ends of the clip the first or the last frame is repeated.


# %% tags=["exercise"]
def window_frames(frames: int, before: int, after: int) -> Tensor:
    """Numbers of frames (frames, before + 1 + after); a causal network has `after` = 0."""
    return torch.full((frames, before + 1 + after), -1)  # your index


# %% tags=["solution"]
def window_frames(frames: int, before: int, after: int) -> Tensor:
    around = torch.arange(-before, after + 1)
    return (torch.arange(frames)[:, None] + around).clamp(0, frames - 1)


# %% tags=["exercise_check"]
check("7.4")

# %% [markdown] tags=["takeaway"]
# ## What to take away
#
# * Taps that lie further and further apart see hundreds of frames at the cost of a few.
# * Windows are an index, not a copy. What they share can be computed once, but varied batches teach more.
# * A video network can overfit by recognising the clip. That is why ours starts from one frame and sees turned
#   people.
# * Measure a video lifter by its velocity error as well. Compare it with a smoothed single-frame lifter, not with
#   a jittery one.
#
# **What one should not conclude.** That more frames are always much better: on the real motion, with exact key
# points, 27 frames gain a millimetre over one. Nor that the network works for any camera: it has learned these.
#
# **Where we differ from the paper.** Unless you run `full`, the networks are smaller, see fewer frames and poses,
# have less dropout, and follow a cosine instead of the paper's learning rates. The main run has, in all profiles,
# new statistics, a start from one frame, turned people, and windows drawn at random in place of epochs. In the part
# on clips without 3D, those clips show the same people (the paper's show others), and a fifth of the steps use 3D
# alone. In scoring, the hip is at 0, while the paper also scores its prediction of the hip.

# %% [markdown] tags=["references"]
# **References.** Pavllo, Feichtenhofer, Grangier, Auli, *3D human pose estimation in video with temporal
# convolutions and semi-supervised training*, CVPR 2019, [arXiv:1811.11742](https://arxiv.org/abs/1811.11742),
# [10.1109/CVPR.2019.00794](https://doi.org/10.1109/CVPR.2019.00794) · Carreira, Zisserman, *Quo vadis, action
# recognition?* (a network over time that starts as one of single frames), CVPR 2017,
# [arXiv:1705.07750](https://arxiv.org/abs/1705.07750) · Savitzky, Golay, *Smoothing and differentiation of data by
# simplified least squares procedures*, Analytical Chemistry 1964,
# [10.1021/ac60214a047](https://doi.org/10.1021/ac60214a047).
