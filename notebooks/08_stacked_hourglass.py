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
#     id: stacked_hourglass
#     title: Stacked hourglass
#     level: intermediate
#     prerequisites: [skeletons_and_axes, datasets]
#     minutes: {ci: 0.5, laptop: 5, full: 400}
#     device: cpu
#     data: [rendered_plain, rendered_wild, mpii]
#     paper: arXiv:1603.06937
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 8 · Stacked hourglass
#
# Every chapter so far began with key points: somebody had marked the joints in the picture, or somebody else's
# program had found them. From here on we find them ourselves. **A picture goes in, and the joints come out.**
#
# The obvious network would answer with 32 numbers, an x and a y for each of sixteen joints. Newell, Yang and Deng
# asked for something else in 2016: a second picture for each joint, bright where the joint is. Their network looks
# at the person again and again, coarsely and finely in turn. Most detectors of the following years answer with such
# pictures.
#
# Below are the pictures. The people in them are rendered, so that every joint is known exactly, and so that you need
# no download.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * turn a joint into a heat map, and a heat map back into a joint, to a small part of a pixel;
# * recognise the half-pixel slip that much published code has, and say what it costs;
# * write the hourglass, a recursive network, and say what its two paths are for;
# * explain intermediate supervision, and write both losses: the published squared error and a cross-entropy;
# * score a detector by PCKh, and say which four choices its name leaves open;
# * measure what a network that learned from quiet pictures is worth in busy ones.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "auto"  # auto, cpu or cuda
out_dir = None  # None: runs/stacked_hourglass/<time>/
data = "rendered_plain"
root = None  # folder of the data set, where it needs one
# None below: the profile decides (in the next cells)
size = None  # side of the pictures that the network sees, px
stacks = None  # hourglasses in a row
modules = None  # residual blocks in each place of an hourglass
features = None  # channels, a multiple of 4
sigma = None  # standard deviation of the target's bump, px of the heat map
loss = None  # cross_entropy or squared_error
batch_size = None
learning_rate = None
samples = None  # training budget of the main run: pictures shown, all epochs together
ablation_share = None  # training budget of each short training, as a share of the main run's
ablations = True  # False: leave out the short trainings, as batch runs do
held_out = False  # True: score on the validation people, to choose settings

# %% tags=["setup"]
import math
import time
from functools import partial

import torch
from skimage import data as photographs_of
from torch import Tensor, nn
from torch.nn import functional

from posebook import detection, figures, paths, results, training
from posebook.course import check, guessed
from posebook.datasets import pictures
from posebook.datasets.pictures import crops, loading
from posebook.datasets.pictures.augmentation import (
    ZHOU_2017_TORCH,
    Augmentation,
    as_input,
)
from posebook.datasets.pictures.batches import CropBatches
from posebook.datasets.pictures.people import HIDDEN, PicturePeople
from posebook.detection.trained import keep_detector
from posebook.errors import InputError
from posebook.methods import precision
from posebook.methods.stacked_hourglass import heatmaps, losses
from posebook.methods.stacked_hourglass.inputs import OURS
from posebook.methods.stacked_hourglass.network import Hourglass, StackedHourglass
from posebook.metrics import pictures as picture_metrics
from posebook.shapes import Pose2D
from posebook.skeletons import MPII_16

# %% tags=["setup"]
choices = {  # `full`: as published
    "ci": dict(
        size=64, stacks=2, modules=1, features=32, levels=3, sigma=1.0, loss="cross_entropy",
        batch=16, rate=1e-2, samples=1_680, share=0.05, people=120,
    ),
    "laptop": dict(
        size=64, stacks=2, modules=1, features=64, levels=3, sigma=1.0, loss="cross_entropy",
        batch=32, rate=2e-2, samples=44_000, share=0.08, people=10**9,
    ),
    "full": dict(
        size=256, stacks=2, modules=2, features=256, levels=4, sigma=1.75, loss="squared_error",
        batch=6, rate=2.5e-4, samples=60 * 22_246, share=0.02, people=10**9,
    ),
}[profile]  # fmt: skip
size, levels, stride = size or choices["size"], choices["levels"], 4
stacks, modules = stacks or choices["stacks"], modules or choices["modules"]
features, sigma = features or choices["features"], sigma or choices["sigma"]
loss = loss or choices["loss"]
batch_size = batch_size or choices["batch"]
learning_rate = learning_rate or choices["rate"]
samples = samples or choices["samples"]
ablation_share = ablation_share or choices["share"]

device = training.pick_device(device)
book = results.Results("stacked_hourglass", out_dir, profile=profile, seed=seed, device=device)
out_dir = book.out_dir

# %% [markdown]
# ## The data
#
# There are two sets, and both are drawn by this book. In **rendered_plain** one whole person stands in the middle of
# a quiet room, and the camera is upright. In **rendered_wild** the rooms are full and the streets are sunny. Things
# and other people hide the person, the picture's edge cuts them off, and the film is dark, blurred or noisy. The test
# people have other bodies, other movements and other textures than the training people, and their pictures were
# drawn before any network was trained on them.
#
# The joints are the sixteen of MPII, a set of photographs by which detectors have been measured since 2014.


# %%
def people_of(name: str, split: str) -> PicturePeople:
    """A set of people in pictures, with MPII's sixteen joints."""
    rendered = name in loading.RENDERED
    found = pictures.load(name, root if name == data else None, split, size if rendered else None)
    return found.as_joints(MPII_16)


score_split = "val" if held_out or data == "mpii" else "test"
other_data = "rendered_wild" if data == "rendered_plain" else "rendered_plain"
train, test, other_test = (
    people_of(name, split).thinned(choices["people"] // (1 if split == "train" else 3))
    for name, split in ((data, "train"), (data, score_split), (other_data, score_split))
)
print(f"{train.name}: {len(train)} people for training, {len(test)} for test")
print(f"{other_test.name}: {len(other_test)} more for test")

# %%
some, others = (people.thinned(6).crops(size) for people in (train, other_test))
figures.show(
    figures.picture_sheet(
        torch.cat([some.pictures, others.pictures]),
        torch.cat([some.keypoints_px, others.keypoints_px]),
        columns=6,
        title="What the network sees, and what it should answer",
        note=f"Above: {train.name}. Below: {other_test.name}.",
    ),
    alt="Twelve small pictures of rendered people in two rows, each with a stick figure over the "
    "person. In one row single people stand or sit in quiet rooms; in the other there are "
    "patterned walls, streets, things in front of people, and odd light.",
)

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $I$ | `pictures` | (batch, 3, H, W) | none | the picture, red, green, blue, from -0.5 to 0.5 |
# | $p_j$ | `places` | (batch, 16, 2) | px of the map | where joint $j$ is; x to the right, y down, from the top left corner |
# | | `stride` | () | px | pixels of the picture to one of the map, along each side |
# | $H_j$ | `target` | (batch, 16, h, w) | none | the heat map that we ask for; 1 at the joint, 0 far from it |
# | $\sigma$ | `sigma` | () | px of the map | how wide the bump in it is |
# | $\hat H^{(k)}_j$ | `found[k]` | (batch, 16, h, w) | none | the answer of stack $k$ |
# | $m_j$ | `labelled` | (batch, 16) | none | whether joint $j$ is known |
# | $\ell_0, \ell_-, \ell_+$ | `middle`, `before`, `after` | (batch, 16, …) | none | logarithms at a peak, and one pixel before and after it |
#
# The *middle* of the map's first pixel is at (0.5, 0.5), since its corner is at (0, 0). A place in the picture
# divided by `stride` is then the place in the map. Remember this sentence; we come back to it.

# %% [markdown]
# ## A joint as a picture
#
# The target for a joint is a bump of Gaussian shape around it:
#
# $$ H_j(q) = \exp\!\big(-\lVert q-p_j\rVert^2 / 2\sigma^2\big), $$
#
# where $q$ runs through the middles of all pixels. A joint that nobody marked gets a map of zeros.


# %% tags=["core"]
def target_maps(places: Tensor, rows: int, columns: int, sigma: float) -> Tensor:
    """Places (..., joints, 2), px of the map -> (..., joints, rows, columns), 1 at the place."""
    x = torch.arange(columns, dtype=places.dtype) + 0.5  # the middles of the pixels
    y = torch.arange(rows, dtype=places.dtype) + 0.5
    off_x = x - places[..., 0, None]  # (..., joints, columns)
    off_y = y - places[..., 1, None]  # (..., joints, rows)
    squared = off_y[..., :, None] ** 2 + off_x[..., None, :] ** 2  # (..., joints, rows, columns)
    return torch.exp(-squared / (2 * sigma**2)).nan_to_num(0.0)


# %%
shown = ["head", "right_wrist", "left_wrist", "right_foot", "left_foot"]
one_place = some.keypoints_px[0, MPII_16.indices(*shown)] / stride
side = size // stride  # pixels of a heat map, along each side
figures.show(
    figures.heat_maps(
        target_maps(one_place, side, side, sigma),
        some.pictures[:1],
        places=one_place,
        captions=[name.replace("_", " ") for name in shown],
        title="Five of the sixteen heat maps that we ask for",
        note="White crosses: the true places.",
    ),
    alt="The same person five times in grey. On each a soft bright spot lies over one joint: the "
    "head, each wrist, each foot.",
)

# %% [markdown]
# Why ask for so much when two numbers would do? A heat map can say *here or there*, where two numbers have to say
# something in between. And a convolution that sees a wrist can say so at the place where it sees it. It need not
# learn where in the picture that place is.

# %% [markdown] tags=["predict"]
# **Predict first.** A heat map has one pixel for several pixels of the picture (`stride` of them along each side).
# Suppose the network's maps were perfect, and you read off the middle of the brightest pixel. With a stride of 4, how
# far would you be from the true place on average, in pixels of the picture? And how far if you took the corner of
# that pixel for its middle, as much code does?

# %% tags=["predict"]
guess_middle_px = None  # your guess for the middle, px of the picture
guess_corner_px = None  # and for the corner

# %% [markdown]
# ## A picture as a joint: decoding
#
# The brightest pixel says where the joint is to half a pixel of the map. Its neighbours know more: the joint leans
# towards the brighter one. Two rules use this. The published one moves the place by a **quarter** of a pixel towards
# the brighter neighbour, on each axis. The other remembers that the logarithm of a Gaussian is a **parabola**. A
# parabola through three points has its top at
#
# $$ \frac{\ell_+ - \ell_-}{2\,(2\ell_0 - \ell_+ - \ell_-)} $$
#
# pixels from the middle one. That is exact for our target.


# %% tags=["core"]
def decode(log_maps: Tensor) -> Tensor:
    """Logarithms of heat maps (..., rows, columns) -> places (..., 2), px of the map."""
    rows, columns = log_maps.shape[-2:]
    flat = log_maps.flatten(-2)
    best = flat.argmax(-1, keepdim=True)
    x, y = best % columns, best // columns  # (..., 1) each
    at_edge = (x == 0) | (x == columns - 1) | (y == 0) | (y == rows - 1)
    moved = []
    for step in (1, columns):  # to the neighbours on the right and below
        after = flat.gather(-1, (best + step).clamp(max=rows * columns - 1))
        before = flat.gather(-1, (best - step).clamp(min=0))
        middle = flat.gather(-1, best)
        bend = 2 * middle - after - before
        top = (after - before) / (2 * torch.where(bend > 0, bend, 1.0))
        moved.append(torch.where(at_edge | (bend <= 0), 0.0, top))
    return torch.cat([x, y], -1) + torch.cat(moved, -1) + 0.5  # 0.5: the middle of the pixel


# %% [markdown]
# Three checks. Decoding undoes drawing. A joint in the middle of a pixel stays there. And our cells do what the
# package does, which later chapters import.

# %% tags=["check", "nbval-check-output"]
dice = torch.Generator().manual_seed(0)
places = 1.5 + 13 * torch.rand(200, 16, 2, generator=dice, dtype=torch.float64)
maps = target_maps(places, 16, 16, 1.5)
assert torch.allclose(decode(maps.log()), places, atol=1e-6), "drawn and read again"
pixel = torch.tensor([[[3.5, 8.5]]])
assert torch.equal(decode(target_maps(pixel, 16, 16, 1.0).log()), pixel)
assert torch.allclose(maps, heatmaps.gaussian_maps(places, (16, 16), 1.5))
noisy = torch.randn(8, 16, 16, 12, generator=dice)
assert torch.allclose(decode(noisy), heatmaps.parabola(noisy, logits=True), atol=1e-5)
print("drawn, and read again to a millionth of a pixel; equal to the package: ok")

# %% [markdown]
# Here are five ways to read perfect maps at a stride of 4. The first is what several released programs do: it takes
# the corner of the brightest pixel for its middle, so that everybody moves up and to the left by half a pixel of the
# map. The third is the quarter of a pixel as Zhou's PyTorch code has it. That code reads the map with rows and columns
# exchanged, so it asks the wrong neighbours.


# %%
def corner(maps: Tensor) -> Tensor:
    """The half-pixel slip: the brightest pixel's column and row are taken for the place."""
    return heatmaps.peaks(maps).to(maps)


READINGS = {
    "corner (half-pixel slip)": corner,
    "middle": lambda maps: corner(maps) + 0.5,
    "quarter pixel, as released": partial(heatmaps.quarter_pixel, released=True),
    "quarter pixel": heatmaps.quarter_pixel,
    "parabola": partial(heatmaps.parabola, logits=True),
}


def within(off_px: Tensor) -> str:
    """Mean error and the shares of joints within 1, 2 and 4 px, as a line."""
    known = off_px[off_px.isfinite()]
    shares = [f"{100 * (known <= most).double().mean():5.1f}" for most in (1, 2, 4)]
    return f"{known.mean():5.2f} px off   within 1, 2, 4 px: {', '.join(shares)} %"


# %% tags=["reveal", "nbval-check-output"]
for name, read in READINGS.items():
    print(f"{name:27s} {within(4 * (read(maps.log()) - places).norm(dim=-1))}")

# %% tags=["reveal"]
perfect_px = {
    name: float(4 * (read(maps.log()) - places).norm(dim=-1).mean())
    for name, read in READINGS.items()
}
print(
    f"the middle is {perfect_px['middle']:.1f} px off and the corner "
    f"{perfect_px['corner (half-pixel slip)']:.1f} px; {guessed(guess_middle_px, guess_corner_px)}"
)

# %% [markdown]
# The slip costs about as much as the best refinement wins, and the quarter of the wrong neighbours is worse than none.
# Both are easy to miss. A program that rounds its targets down to whole pixels, too, compares one rounded place with
# another, and its own score shows nothing. Only in the picture do all joints sit two pixels up and to the left. The
# package's functions take `half_pixel=False` or `released=True` where a published network needs it.
#
# ## The network
#
# To tell a left from a right wrist one must see the whole person; to say exactly where it is one must see its edge.
# An **hourglass** does both. It halves the map again and again, until one position sees the whole person, and then
# doubles it again. At each size a second path goes straight **across**, so that no detail is lost on the way down.
#
# All convolutions are in *residual blocks*: batch norm, ReLU and convolution, three times (1 × 1, 3 × 3, 1 × 1),
# added to what came in.


# %% tags=["core"]
class Residual(nn.Module):
    """(batch, channels, h, w) -> the same shape."""

    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.norm1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, half, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, half, 3, padding=1)
        self.norm3, self.conv3 = nn.BatchNorm2d(half), nn.Conv2d(half, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        change = self.conv1(functional.relu(self.norm1(maps)))
        change = self.conv2(functional.relu(self.norm2(change)))
        return maps + self.conv3(functional.relu(self.norm3(change)))


class OneHourglass(nn.Module):
    """Halves a map `levels` times and doubles it again: (batch, channels, h, w), as it came."""

    def __init__(self, levels: int, modules: int, channels: int):
        super().__init__()

        def blocks() -> nn.Sequential:
            return nn.Sequential(*(Residual(channels) for _ in range(modules)))

        self.across, self.down, self.up = blocks(), blocks(), blocks()
        self.inner = OneHourglass(levels - 1, modules, channels) if levels > 1 else blocks()

    def forward(self, maps: Tensor) -> Tensor:
        small = functional.max_pool2d(maps, 2)  # (batch, channels, h / 2, w / 2)
        small = self.up(self.inner(self.down(small)))
        return self.across(maps) + functional.interpolate(small, scale_factor=2)


# %% [markdown]
# The network stands several of these in a row. Before the first, a *stem* brings the picture to the size of the map.
# Behind each, a 1 × 1 convolution answers with sixteen heat maps. The answer is fed back: the next hourglass sees the
# features *and* what the one before it said, so it can look again. A left leg that was found twice can be put right.
#
# `StackedHourglass` in the package is built of the same parts, with less memory. Two checks: it has the published
# number of weights; and a change in the far corner of the picture reaches every place of the map, while it does not
# in the stem alone.

# %% tags=["check", "nbval-check-output"]
torch.manual_seed(0)
ours, theirs = OneHourglass(2, 1, 16).eval(), Hourglass(2, 1, 16).eval()
theirs.load_state_dict(ours.state_dict())
some_maps = torch.randn(2, 16, 16, 16)
with torch.no_grad():
    assert torch.allclose(ours(some_maps), theirs(some_maps), atol=1e-5)

published = StackedHourglass()
assert sum(weights.numel() for weights in published.parameters()) == 12_577_184
small = StackedHourglass(features=16, stacks=1, modules=1).eval()
noise = torch.randn(1, 3, 64, 64, requires_grad=True)
for name, answer in (("stem", small.stem(noise)), ("hourglass", small(noise)[0])):
    noise.grad = None
    answer[0, :, -1, -1].sum().backward()
    sees = bool(noise.grad[0, :, 0, 0].abs().sum() > 0)
    print(f"the {name}'s last position sees the picture's first pixel: {sees}")
print("12,577,184 weights as published; equal to the package: ok")

# %% [markdown]
# ## Two losses, at every stack
#
# **Intermediate supervision**: the answer of *every* stack is compared with the truth, and the losses are added. The
# first stack, far from the end, gets a gradient of its own.
#
# The **published** loss is the squared error, averaged over all pixels of all maps,
#
# $$ L = \sum_k \frac{1}{BJhw} \big\lVert \hat H^{(k)} - H \big\rVert^2 . $$
#
# **Ours** lets the pixels of a map compete. A softmax over the pixels makes a probability of each map, and the
# cross-entropy compares it with the target, which is divided by its own sum $Z_j$:
#
# $$ L = -\sum_k \frac{1}{\sum m} \sum_{j} m_j \sum_q \frac{H_j(q)}{Z_j}\, \log\operatorname{softmax}\!\big(\hat H^{(k)}_j\big)(q) . $$
#
# The network's numbers are then logarithms, up to a constant, and that is what `decode` wants.


# %% tags=["core"]
def squared_error(maps: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """As published; a joint without a label has a target of zeros, and counts."""
    return ((maps - target) ** 2).mean()


def cross_entropy(maps: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """maps, target (batch, joints, h, w), labelled (batch, joints)."""
    target, maps = target.flatten(2), maps.flatten(2)  # (batch, joints, pixels)
    total = target.sum(-1, keepdim=True)
    counts = labelled[..., None] & (total > 0)
    share = torch.where(counts, target / total.clamp(min=1e-12), 0.0)
    return -(share * maps.log_softmax(-1)).sum() / counts.sum().clamp(min=1)


def supervised(loss, found: list[Tensor], target: Tensor, labelled: Tensor) -> Tensor:
    """The loss of every stack's answer, added up."""
    return sum(loss(maps, target, labelled) for maps in found)


# %% [markdown] tags=["predict"]
# **Predict first.** A network that answers 0 everywhere has found nothing. Yet most pixels of a target *are* 0. What
# share of the squared error of "1 everywhere" does "0 everywhere" have: a half, a tenth, a hundredth?

# %% tags=["predict"]
guess_share = None  # your guess, between 0 and 1

# %% tags=["check", "nbval-check-output"]
labelled = torch.ones(200, 16, dtype=torch.bool)
labelled[3, 5] = False
both = [torch.randn(200, 16, 16, 16, dtype=torch.float64, generator=dice) for _ in range(2)]
package = losses.squared_error(both, maps)
assert torch.allclose(supervised(squared_error, both, maps, labelled), package)
package = losses.cross_entropy(both, maps, labelled)
assert torch.allclose(supervised(cross_entropy, both, maps, labelled), package)
best = maps.clamp(min=1e-30).log().requires_grad_()  # where softmax gives the target itself
cross_entropy(best, maps, labelled).backward()
assert best.grad.abs().max() < 1e-9, "nothing is better than the truth"
print("both losses equal the package's; the cross-entropy is least at the truth: ok")

# %% tags=["reveal", "nbval-check-output"]
sharp = target_maps(4 * places, 64, 64, 1.75)  # the published size
nothing, everything = (
    float(squared_error(torch.full_like(sharp, v), sharp, labelled)) for v in (0, 1)
)
print(f"0 everywhere: {nothing:.5f}, 1 everywhere: {everything:.5f}")

# %% tags=["reveal"]
print(f"a share of {nothing / everything:.4f}; {guessed(guess_share)}")

# %% [markdown]
# So "0 everywhere" is nearly as good as the truth, and a network finds that answer in its first steps. To get away
# from it, it has to raise a few pixels among thousands, and the gradient that asks for it is small. The ablation
# below measures how long that takes.
#
# ## Training
#
# A batch is made by a thread of its own while the network works on the one before. Each crop is turned, scaled,
# moved, mirrored (left and right joints change places) and recoloured. So the network sees each of our few pictures
# many times, and never twice the same. At `full` they vary as in Zhou's code: the size by a factor of up to 1.4 either
# way, the rotation by up to 60 degrees. In a training of minutes that much costs more than it brings: there the network
# does not yet learn pictures by heart, and on the validation people it scored better with little variation.

# %%
GENTLE = Augmentation(scale=0.1, rotation_deg=10.0, shift=0.02, gain=(0.8, 1.2))
augmentation = ZHOU_2017_TORCH if profile == "full" else GENTLE
context = 1.5  # the crops in memory show more than the network sees, so that they can be turned


def batches_of(people, seed: int = seed) -> CropBatches:
    held = people.crops(round(size * context), context=context)
    return CropBatches(
        held, MPII_16, min(batch_size, len(people)), seed, size=size, context=context,
        how=augmentation,
    )  # fmt: skip


train_batches = batches_of(train)
one, _, _ = next(iter(train_batches))
figures.show(
    figures.picture_sheet(
        (255 * one.pictures[:8]).byte().permute(0, 2, 3, 1),
        torch.where(one.visible[:8, :, None] > 0, one.keypoints_px[:8], torch.nan),
        title="Eight of a batch, varied",
    ),
    alt="Eight pictures of rendered people, turned, enlarged or made smaller, tinted, some with a "
    "patch of another picture in front. Each stick figure lies over its person.",
)

# %% [markdown]
# The loop is plain. `training.Run` carries the bar, the log and a checkpoint after each epoch; a killed run goes on
# with the same numbers. The learning rate rises in the first steps and then falls to zero along a cosine. Processors
# and graphics cards of the last years multiply *bfloat16*, numbers with three digits, faster than others. Where that
# is so, the network computes in them, and only the loss and the weights keep their seven digits.

# %%
LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}
if loss not in LOSSES:
    raise InputError(f"loss is '{loss}', expected one of {', '.join(LOSSES)}")
shape = dict(
    joints=16, stacks=stacks, modules=modules, features=features, levels=levels, stride=stride
)


def rate_factor(step: int, steps: int) -> float:
    """What the learning rate is multiplied by at this step of so many."""
    if profile == "full":
        return 1.0
    warm = min((step + 1) / (0.05 * steps + 1), 1.0)
    return warm * 0.5 * (1 + math.cos(math.pi * min(step / steps, 1)))


def optimiser_of(network: nn.Module) -> torch.optim.Optimizer:
    if profile == "full":
        return torch.optim.RMSprop(network.parameters(), lr=learning_rate)
    return torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=0.01, fused=True)


# %%
def loss_of(network: nn.Module, batch, score) -> Tensor:
    """What a batch's answer costs; `score` takes all stacks' maps, the target, and who counts."""
    places = batch.keypoints_px / stride
    target = target_maps(places, size // stride, size // stride, sigma).to(device)
    with precision.mixed(device):
        found = network((batch.pictures - 0.5).to(device))
    return score([maps.float() for maps in found], target, (batch.visible > 0).to(device))


def train_network(batches: CropBatches, name: str, budget: float, score):
    """Train a network on `budget` pictures, in a folder of its own; give both."""
    training.seed_everything(seed)
    network = StackedHourglass(**shape)
    batches.load_state_dict({"epoch": 0})
    epochs = max(1, round(budget / (len(batches) * batches.batch)))
    optimiser = optimiser_of(network)
    factor = partial(rate_factor, steps=epochs * len(batches))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    state = dict(network=network, optimiser=optimiser, schedule=schedule, batches=batches)
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    for _ in run.epochs(epochs):
        for batch, _, _ in batches:
            value = loss_of(network, batch, score)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            run.log(value)
    return network.eval(), run


# %% [markdown] tags=["predict"]
# **Predict first.** Somebody who answers every picture with the mean place of each joint has some joints right. The
# score below counts a joint as right if it is less than half a head from the truth. What share will the mean have,
# and what share the network, in percent?

# %% tags=["predict"]
guess_mean_percent = None  # your guess for the mean pose
guess_network_percent = None  # and for the network

# %% tags=["run"]
network, run = train_network(train_batches, "main", samples, partial(supervised, LOSSES[loss]))
weights = sum(values.numel() for values in network.parameters())
print(
    f"{run.epoch} epochs of {len(train_batches) * train_batches.batch} pictures, {weights:,} weights"
)

# %%
figures.show(
    figures.loss_curves(
        {"loss": [row["loss"] for row in run.history]}, title="Training loss, both stacks together"
    ),
    alt="The loss falls fast in the first epochs, then ever more slowly.",
)

# %% [markdown]
# Does the network ever wait for its pictures? Here the two are timed apart, for a few batches. As long as making a
# batch takes less time than learning from it, and there is a second core, it never waits.

# %%
started = time.perf_counter()
few = [batch for batch, _ in zip(train_batches, range(8), strict=False)]
made_ms = 1000 * (time.perf_counter() - started) / len(few)
probe = StackedHourglass(**shape).to(device)
started = time.perf_counter()
for batch, _, _ in few:
    loss_of(probe, batch, partial(supervised, LOSSES[loss])).backward()
learned_ms = 1000 * (time.perf_counter() - started) / len(few)
print(f"a batch of {batch_size}: {made_ms:.0f} ms to make, {learned_ms:.0f} ms to learn from")

# %% [markdown]
# ## The result
#
# **PCKh** is the share of joints that are less than half a head from the truth. Four things make it comparable. As
# MPII defines it: the head's length is 0.6 times the diagonal of the head's box; fourteen joints count, without hip
# and thorax; shares are averaged over joints; and "less than" is meant. A relative of it that is often given the same
# name takes half the distance from thorax to head, counts all joints, and pools them. That is far more lenient, so we
# print it under a name of its own.
#
# We look twice at each picture: as it is, and mirrored. The mirror image's maps are turned back, left and right joints
# change places, and the two answers are averaged. This is the **flip test**.


# %%
def answers(network: nn.Module, people, *, flip: bool = True, stack: int = -1) -> Tensor:
    """The maps (people, 16, h, w) of one stack for crops of everybody, on the CPU."""
    network = network.to(device).eval()
    held = people.crops(size)

    def one_stack(chunk: Tensor) -> Tensor:
        return network(chunk)[stack]

    seeing = partial(heatmaps.flip_test, one_stack, mirror=MPII_16.mirror) if flip else one_stack
    with torch.no_grad():
        chunks = (as_input(held.pictures) - 0.5).split(64)
        return torch.cat([seeing(chunk.to(device)).cpu() for chunk in chunks])


def found_px(maps: Tensor, people, read=None) -> Tensor:
    """Key points (people, 16, 2) in px of the whole pictures, from maps of their crops."""
    read = read or (decode if loss == "cross_entropy" else heatmaps.parabola)
    return crops.points(people.crops(size).matrix.inverse(), read(maps) * stride)


# %%
def mean_pose_px(people) -> Tensor:
    """Each joint's mean place in the crops of the training people, in everybody's picture."""
    mean = train.crops(size).keypoints_px.nanmean(0).expand(len(people), -1, -1)
    return crops.points(people.crops(size).matrix.inverse(), mean)


training.seed_everything(seed)
untrained = StackedHourglass(**shape)
maps_of = {people.name: answers(network, people) for people in (test, other_test)}
found = {
    "hourglass": found_px(maps_of[test.name], test),
    "hourglass, no flip test": found_px(answers(network, test, flip=False), test),
    "hourglass, first stack": found_px(answers(network, test, stack=0), test),
    "untrained": found_px(answers(untrained, test), test),
    "mean pose": mean_pose_px(test),
}
elsewhere = {
    f"hourglass, trained on {train.name}": found_px(maps_of[other_test.name], other_test),
    f"mean pose of {train.name}": mean_pose_px(other_test),
}

# %%
PCKH, LENIENT, PCK = "PCKh@0.5", "PCK, half of thorax to head", "PCK@0.2 of the torso"
METRICS = {
    PCKH: lambda px, people: picture_metrics.pckh(px, people.keypoints_px, people.head_px),
    LENIENT: lambda px, people: picture_metrics.pckh_neck(px, people.keypoints_px, MPII_16),
    PCK: lambda px, people: picture_metrics.pck(px, people.keypoints_px, MPII_16),
}
PROTOCOLS = {
    PCKH: "less than half of 0.6 of the head box's diagonal, mean over 14 joints, as MPII",
    LENIENT: "at most half the distance from thorax to head, 16 joints pooled",
    PCK: "at most 0.2 of left shoulder to right hip, 16 joints pooled",
}
paper = dict(paper=88.4, note="MPII's validation people, as released: two stacks, 180 epochs")
for people, rows in ((test, found), (other_test, elsewhere)):
    scores = {(m, name): METRICS[m](px, people) for name, px in rows.items() for m in METRICS}
    mean_name = next(name for name in rows if name.startswith("mean pose"))
    for (metric, name), value in scores.items():
        quoted = paper if (metric, name) == (PCKH, "hourglass") else {}
        book.add(
            metric, value, "%", protocol=PROTOCOLS[metric], method=name, data=people.name,
            split=score_split, seconds=run.seconds, baseline=scores[metric, mean_name], **quoted,
        )  # fmt: skip
score = {n.method: n.value for n in book.numbers if n.metric == PCKH}
guesses = guessed(guess_mean_percent, guess_network_percent)
print(f"mean pose {score['mean pose']:.0f} %, network {score['hourglass']:.0f} %; {guesses}")
book

# %% [markdown] tags=["result"]
# The paper's number is for photographs, for a network of twelve million weights, and for days of training; ours is
# for small rendered pictures. What can be compared are the rows of the table. The lenient score is far higher than
# PCKh for the same answers, and for the mean pose as well: never compare two scores before you know their rule.
#
# The last rows are the network on the *other* set, whose kind it never saw.
#
# Many of the errors that are left have one cause. A limb is found, but not whether it is the left or the right one: for
# that, somebody has to see the face or the toes, which are a few pixels here. A network that is unsure gives half of
# the probability to each side, and its brightest pixels for the left and the right joint then often coincide. In the
# cross-entropy this costs log 2 for each joint of a pair. The second stack, which sees both answers, does better at it
# than the first.
#
# Which joints are hard?

# %%
errors = picture_metrics.relative_errors(found["hourglass"], test.keypoints_px, test.head_px)
by_joint = picture_metrics.correct_per_joint(errors, 0.5)
halves = {}
for joint in ("head", "upper_neck", "shoulder", "elbow", "wrist", "hip", "knee", "foot"):
    sides = [f"{s}_{joint}" for s in ("left", "right") if f"{s}_{joint}" in MPII_16.joints]
    halves[joint.replace("_", " ")] = by_joint[list(MPII_16.indices(*(sides or [joint])))].mean()
figures.show(
    figures.bars(halves, unit="%", end=100, title=f"PCKh@0.5 by joint, {test.name}"),
    alt="Bars of the share of joints found. Head and neck are found most often, wrists least.",
)

# %% [markdown]
# ### What reading the maps well is worth
#
# The same maps of the trained network, read in five ways. Errors are in pixels of the picture.

# %%
for name, read in READINGS.items():
    off_px = (found_px(maps_of[test.name], test, read) - test.keypoints_px).norm(dim=-1)
    print(f"{name:27s} {within(off_px)}")

# %% [markdown]
# ### Both sets
#
# The ledger of this book keeps the scores of its own runs of this chapter, one number a seed. Each network was trained on the
# set that it is scored on.

# %% tags=["setup"]
kept = [
    n
    for n in results.ledger_numbers()
    if (n.chapter, n.profile, n.split) == ("stacked_hourglass", "laptop", "test")
]
for metric in (PCKH, LENIENT):
    for name in ("rendered_plain", "rendered_wild"):
        for method in ("hourglass", "mean pose", "untrained"):
            values = [
                n.value for n in kept if (n.metric, n.data, n.method) == (metric, name, method)
            ]
            if values:
                listed = ", ".join(f"{value:.1f}" for value in values)
                print(f"{metric:28s} {name:15s} {method:10s} {listed} %")

# %% [markdown]
# And what would an hour buy? The detector that ships with the book has the same layers with twice the channels. It
# learned from pictures twice as large, and from so many of them that it saw each only four times. Here is its score
# on the same test people after each quarter of its training, the last of which is the shipped one.

# %% tags=["setup"]
for name in ("rendered_plain", "rendered_wild"):
    after = {
        n.method: n.value
        for n in results.ledger_numbers()
        if (n.metric, n.data, n.split, n.profile) == (PCKH, name, "test", results.OF_A_FILE)
    }
    shipped = after.pop("stacked_hourglass", math.nan)
    early = ", ".join(f"{after[method]:.1f}" for method in sorted(after))
    print(f"{name:15s} {early}, shipped: {shipped:.1f} %")

# %% [markdown] tags=["failures"]
# ## Failures
#
# The worst people of the test set: the answer in colour, the truth black and dashed. A rule names the cause. *Sides
# exchanged* means that the answer becomes much better when left and right change places. *Hidden* means that most of
# the joints that are wrong are behind something. *Elsewhere* means that most joints are far from the whole person.


# %%
def cause(row: int) -> str:
    """Why a person of the test set was not found, in a word or two."""
    off, truth_px = errors[row], test.keypoints_px[row]
    swapped_px = MPII_16.swap_sides(found["hourglass"], dim=1)[row : row + 1]
    swapped = picture_metrics.relative_errors(
        swapped_px, truth_px[None], test.head_px[row : row + 1]
    )
    if swapped.nanmean() < 0.6 * off.nanmean():
        return "sides exchanged"
    wrong = off >= 0.5
    if (test.visible[row][wrong] == HIDDEN).float().mean() > 0.5:
        return "hidden"
    nearest = torch.cdist(found["hourglass"][row], truth_px[truth_px.isfinite().all(-1)]).amin(-1)
    away = (nearest > test.head_px[row]).float().mean() > 0.5
    return "elsewhere" if away else "odd posture"


# %%
worst = errors.nanmean(1).nan_to_num(-1).argsort(descending=True)[:8]
cut = test.rows(worst).crops(size)
figures.show(
    figures.picture_sheet(
        cut.pictures,
        crops.points(cut.matrix, found["hourglass"][worst]),
        truth_px=cut.keypoints_px,
        captions=[f"{errors[row].nanmean():.1f} heads: {cause(row)}" for row in worst.tolist()],
        title="The eight worst people",
        note="Mean error in head lengths, and its cause.",
    ),
    alt="Eight pictures of people with the network's answer in colour and the truth dashed. Arms "
    "and legs of the answer lie on the wrong side or on something in the background.",
)

# %% [markdown] tags=["ablation"]
# ## Take one thing away: the competition between pixels
#
# We train two networks on the same small share of the main run's budget, one with each loss. Everything else is the
# same. We look at the score, and at the largest number in the answer's maps, on average: the published loss asks for
# a 1.

# %%
short = {}
shares = {"cross-entropy": "cross_entropy", "squared error": "squared_error"} if ablations else {}
for name, kind in shares.items():
    short[name], short_run = train_network(
        train_batches, f"short_{kind}", samples * ablation_share,
        partial(supervised, LOSSES[kind]),
    )  # fmt: skip
    answer = answers(short[name], test, flip=False)
    read = heatmaps.parabola if kind == "squared_error" else decode
    value = METRICS[PCKH](found_px(answer, test, read), test)
    label = f"{name}, {ablation_share:.2f} of the budget"
    book.add(
        PCKH, value, "%", protocol=PROTOCOLS[PCKH], method=label, data=test.name,
        split=score_split, seconds=short_run.seconds, baseline=score["mean pose"],
    )  # fmt: skip
    most = (answer if kind == "squared_error" else answer.flatten(2).softmax(-1)).flatten(2)
    print(f"{label}: PCKh {value:.1f} %, largest number of a map {most.amax(-1).mean():.2f}")

# %%
if ablations:
    chosen = list(MPII_16.indices("head", "left_wrist", "right_foot"))
    drawn = torch.cat(
        [answers(net, test.thinned(1), flip=False)[0, chosen] for net in short.values()]
    )
    figures.show(
        figures.heat_maps(
            drawn,
            columns=3,
            places=(test.thinned(1).crops(size).keypoints_px[0, chosen] / stride).repeat(2, 1),
            captions=[f"{joint}: {name}" for name in short for joint in ("head", "wrist", "foot")],
            title="What each loss has taught in the same number of steps",
        ),
        alt="Three heat maps of each network for one person, white crosses at the true places. The "
        "cross-entropy's bright areas are broad and cover the crosses; the squared error's are "
        "small, and partly elsewhere.",
    )

# %% [markdown]
# In the same number of steps the cross-entropy has passed the mean pose, and the squared error has not. Its maps are
# still faint: where it should answer 1, it answers with a small part of that, as it left zero so slowly. That says
# nothing against the published loss in a long training: there it works, as ten years of detectors show. It says
# that a loss can be right at its minimum and still be slow to get there.
#
# ## Keep it
#
# The trained detector goes into one file, with what it needs to be used. `posebook lift PHOTO --detector FILE` takes
# it: a photograph with one person in the middle goes in, and key points, and from them a pose, come out.

# %%
file = keep_detector(
    network.cpu().eval(), shape, size=size, colours=OURS, skeleton=MPII_16,
    decoding="parabola_of_logits" if loss == "cross_entropy" else "parabola",
    title="stacked hourglass of chapter 8", train=train, book=book, method="hourglass",
)  # fmt: skip
detector = detection.load(file)
print(f"wrote {paths.shown(file)}, {file.stat().st_size / 1e6:.1f} MB")

# %% tags=["check", "nbval-check-output"]
row = 0
seen = test.pictures[int(test.picture[row])]  # the whole picture, as a photograph would come
looked_px = detector.look(test.rows([row]).crops(size).pictures)[0]
in_picture = crops.points(test.rows([row]).crops(size).matrix.inverse(), looked_px)
assert torch.allclose(in_picture[0], found["hourglass"][row], atol=0.05)
print("the file answers as the network in memory: ok")

# %% [markdown]
# Here it is at work: on a picture of the test set, on one of the other set, and on a photograph of a man with a
# camera. The picture may have any size. It is looked at twice, first as a whole, and then more closely where the
# person seems to be.

# %%
cameraman = torch.from_numpy(photographs_of.camera()).unsqueeze(-1).repeat(1, 1, 3)
looked_at = {
    test.name: seen,
    other_test.name: other_test.pictures[int(other_test.picture[0])],
    "a photograph": cameraman,
}
for name, picture in looked_at.items():
    people = detector.detect(picture)
    figures.show(
        figures.pose_2d(
            people.keypoints_px[0], MPII_16, image=picture.numpy(),
            title=f"Found in {name}", note=f"Mean score of the joints: {people.scores.mean():.2f}.",
        ),
        alt=f"A picture of {name} with the sixteen key points that the detector found, joined to a "
        "stick figure.",
    )  # fmt: skip

# %% [markdown]
# Do not be disappointed by the photograph. The network has seen about a thousand rendered pictures for a few minutes.
# On photographs with marks a network of `rendered_plain` does worse than the mean pose, and one of `rendered_wild`
# better: what it learns to overlook matters more than how well it finds joints in quiet rooms. The detector that ships
# with this book has the same layers; it was trained for more than an hour, on pictures twice as large and twenty times
# as many. `posebook lift PHOTO --detector stacked_hourglass` uses it, and its card has all these scores.

# %% [markdown]
# ## Exercises
#
# **1 · code · medium.** Write MPII's PCKh from its definition above. A joint whose truth is NaN is not known and does not count; a
# person whose head length is NaN does not count either. Then the cell after the check answers a question with it: what
# is a training on quiet pictures worth in busy ones, and the other way round? Write down your guess: which of the
# four numbers will be the smallest?

# %% tags=["exercise"]
SCORED = [i for i, joint in enumerate(MPII_16.joints) if joint not in ("hip", "thorax")]


def my_pckh(answer_px: Pose2D, truth_px: Pose2D, head_px: Tensor) -> float:
    """(people, 16, 2) px twice, (people,) px -> percent."""
    return float("nan")  # your score


# %% tags=["solution"]
SCORED = [i for i, joint in enumerate(MPII_16.joints) if joint not in ("hip", "thorax")]


def my_pckh(answer_px: Pose2D, truth_px: Pose2D, head_px: Tensor) -> float:
    """(people, 16, 2) px twice, (people,) px -> percent."""
    heads = (answer_px - truth_px).norm(dim=-1) / head_px[:, None]  # (people, 16); NaN: not known
    right = (heads < 0.5).double()
    right[heads.isnan()] = torch.nan
    return float(100 * right[:, SCORED].nanmean(0).mean())


# %% tags=["exercise_check"]
check("8.1")

# %% tags=["reveal"]
if ablations:
    other_train = people_of(other_data, "train").thinned(choices["people"])
    name = f"short_{other_data}"
    budget, score_of = samples * ablation_share, partial(supervised, cross_entropy)
    short_other, _ = train_network(batches_of(other_train), name, budget, score_of)
    for people, net in ((train, short["cross-entropy"]), (other_train, short_other)):
        for seen_in in (test, other_test):
            answer = found_px(answers(net, seen_in), seen_in, decode)
            value = my_pckh(answer, seen_in.keypoints_px, seen_in.head_px)
            print(
                f"trained shortly on {people.name:15s} tested on {seen_in.name:15s} {value:5.1f} %"
            )

# %% [markdown]
# **2 · code · easy.** What does intermediate supervision buy? Write the loss that looks at the last stack's answer alone, from the
# same arguments as `supervised`. The cell after the check trains with it, on the small budget, and compares it with
# the short training of the ablation. Which will be better after so few steps, and why? And what will the first
# stack's maps look like?


# %% tags=["exercise"]
def last_alone(loss, found: list[Tensor], target: Tensor, labelled: Tensor) -> Tensor:
    return sum(loss(maps, target, labelled) for maps in found)  # your change


# %% tags=["solution"]
def last_alone(loss, found: list[Tensor], target: Tensor, labelled: Tensor) -> Tensor:
    """The first stack's maps are then free to be anything that helps the second."""
    return loss(found[-1], target, labelled)


# %% tags=["exercise_check"]
check("8.2")

# %% [markdown]
# **3 · recall · easy.** A joint is at (42, 23) in the picture, in px, and the stride is 4. Which pixel of the perfect
# heat map is the brightest? Count columns and rows from 0. Where in the picture is the joint if the middle of that
# pixel is read?

# %% tags=["exercise"]
brightest = None  # (column, row)
read_px = None  # (x, y), px of the picture

# %% tags=["solution"]
# In the map the joint is at (10.5, 5.75). Pixel (10, 5) has its middle at (10.5, 5.5).
brightest, read_px = (10, 5), (42, 22)

# %% tags=["exercise_check"]
check("8.3")

# %% [markdown]
# **4 · derive · medium.** Why is the parabola exact? Let the joint lie `right` px of the map to the right of the middle
# of the brightest pixel, in its row. The target is a Gaussian with the standard deviation `sigma`. Derive
# $\ell_+ - \ell_-$ and $2\ell_0 - \ell_+ - \ell_-$, and divide.


# %% tags=["exercise"]
def lean_and_bend(right: float, sigma: float) -> tuple[float, float]:
    """The two differences of logarithms along x."""
    return float("nan"), float("nan")  # your formulas


# %% tags=["solution"]
def lean_and_bend(right: float, sigma: float) -> tuple[float, float]:
    # ln H = -(distance²) / 2 sigma², at the distances 1 - right, right and 1 + right
    return 2 * right / sigma**2, 1 / sigma**2


lean, bend = lean_and_bend(0.3, 1.75)
print(f"the top is {lean / (2 * bend):.3f} px to the right, whatever sigma is")

# %% tags=["exercise_check"]
check("8.4")

# %% [markdown]
# **5 · break it · medium.** Fool the published loss. `good` is the answer of a network that has found the joint: its
# map has the right bump, and is 0.05 too bright everywhere. Make a map that costs less squared error than `good`, and
# whose brightest pixel is more than 20 px of the map away from the joint.

# %% tags=["exercise"]
wanted = target_maps(torch.tensor([32.3, 20.6]), 64, 64, 1.75)  # (64, 64)
good = wanted + 0.05
bad = None  # (64, 64)

# %% tags=["solution"]
bad = torch.zeros(64, 64)
bad[60, 60] = 0.01  # a network that has hardly left "0 everywhere"
for name, maps in (("good", good), ("bad", bad)):
    print(f"{name:4s} squared error {((maps - wanted) ** 2).mean():.5f}")

# %% tags=["exercise_check"]
check("8.5")

# %% tags=["reveal"]
if ablations:
    alone, _ = train_network(
        train_batches, "short_last_alone", samples * ablation_share,
        partial(last_alone, cross_entropy),
    )  # fmt: skip
    for name, net in (("every stack", short["cross-entropy"]), ("the last stack alone", alone)):
        values = [
            METRICS[PCKH](found_px(answers(net, test, stack=k), test, decode), test)
            for k in range(stacks)
        ]
        listed = ", ".join(f"stack {k + 1} {value:.1f} %" for k, value in enumerate(values))
        print(f"loss at {name:20s} PCKh {listed}")

# %% [markdown] tags=["takeaway"]
# ## What to take away
#
# * Ask for a picture, and read the place off it. A heat map may say *here or there*; two numbers cannot.
# * Half a pixel of the map is several pixels of the picture. Say where the middle of a pixel is, once, and keep to it.
# * An hourglass sees the whole person and loses no detail. A second one sees the first one's answer.
# * A loss that is right at its minimum can be slow to get there. Letting pixels compete made minutes enough.
# * "PCKh" is not one number before somebody has said whose head, which joints, and which mean.
#
# **Where we differ from the paper**, unless you run `full` on MPII's photographs: small rendered pictures, few channels, a
# cross-entropy for the squared error, AdamW with a cosine for RMSprop, gentler augmentation, a parabola for the quarter
# of a pixel. Newell et al. stack eight hourglasses; the two here are those of Zhou et al.
#
# **What one should not conclude.** That rendered people are enough: the network has learned what *these* people look
# like, and the other set's rows and the photograph show how far that carries. Nor that squared error is bad: it is
# slow at first, under our settings, and we have measured nothing else. Nor that intermediate supervision is idle: in
# the short training of exercise 2 it hardly mattered to the last stack, but that is one seed, two stacks and few steps.

# %% [markdown] tags=["references"]
# **References.** Newell, Yang, Deng, *Stacked hourglass networks for human pose estimation*, ECCV 2016,
# [arXiv:1603.06937](https://arxiv.org/abs/1603.06937), [10.1007/978-3-319-46484-8_29](https://doi.org/10.1007/978-3-319-46484-8_29) ·
# Zhou, Huang, Sun, Xue, Wei, *Towards 3D human pose estimation in the wild: a weakly-supervised approach*, ICCV 2017,
# [arXiv:1704.02447](https://arxiv.org/abs/1704.02447) · Andriluka, Pishchulin, Gehler, Schiele, *2D human pose
# estimation: new benchmark and state of the art analysis*, CVPR 2014,
# [10.1109/CVPR.2014.471](https://doi.org/10.1109/CVPR.2014.471) · Zhang, Zhu, Dai, Ye, Zhu, *Distribution-aware
# coordinate representation for human pose estimation*, CVPR 2020, [arXiv:1910.06278](https://arxiv.org/abs/1910.06278) (the
# parabola). The photograph is `skimage.data.camera` (CC0, Lav Varshney), as shipped with scikit-image.
