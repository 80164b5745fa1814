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
#     id: pose_resnet
#     title: Pose ResNet
#     level: intermediate
#     prerequisites: [skeletons_and_axes, datasets, metrics_and_protocols, stacked_hourglass]
#     minutes: {ci: 0.5, laptop: 5, full: 1200}
#     device: cpu
#     data: [rendered_plain, rendered_wild, mpii, human36m_pictures]
#     paper: arXiv:1804.06208
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 9 · Pose ResNet
#
# Where is this person's left wrist? The answer is two numbers, x and y. So a network could simply output two numbers
# for each joint. Nearly all good networks do something else. For each joint they paint a picture, a *heat map*, that
# is bright where the joint is. Only then do they turn the picture into two numbers. That looks like a detour. **What
# do heat maps buy?**
#
# In 2018 Xiao, Wu and Wei asked how simple a network for key points may be. They took a ResNet, a network that
# classifies photographs. They replaced its last layer by three layers that enlarge its small map. That was all, and
# it was as good as the best of its time. We build their network, as the project bzhao96 later used it to feed its
# lifters. Then we replace the heat maps by plain coordinates, and measure what is lost.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * turn a classifier into a network for key points, and count its 52,991,825 weights;
# * turn a heat map into a place that is finer than its pixels, and find the slip in a released version;
# * measure what heat maps buy, with the same body and the same pictures;
# * improve a trained network at test time, with a mirror and with a second scale, and say what that costs.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "auto"  # auto, cpu or cuda
out_dir = None  # None: runs/pose_resnet/<time>/
data = "rendered_plain"  # or rendered_wild, mpii, human36m_pictures ...
root = None  # folder of the data set, where it needs one
keypoints = "true"  # pictures come with their true key points only
weights = None  # your file to start from: a ResNet of ImageNet, or a whole pose ResNet
# None below: the profile decides (in the next cells)
crop = None  # height x width of the crops, px: 256x256, 256x192, 384x384 ...
depth = None  # layers of the ResNet: 18, 34, 50, 101 or 152
width = None  # channels of its first part; 64 as published
batch_size = None
learning_rate = None
samples = None  # training budget of the main run: crops shown, all epochs together
ablation_share = None  # training budget of each network that is compared, as a share of that
ablations = True  # False: only the main run
held_out = False  # True: score on the validation people, to choose settings

# %% tags=["setup"]
import math
from functools import partial
from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn import functional

from posebook import detection, figures, paths, results, training
from posebook.course import check, guessed
from posebook.datasets import pictures as picture_sets
from posebook.datasets.pictures import augmentation, crops
from posebook.datasets.pictures.batches import CropBatches
from posebook.detection.trained import keep_detector
from posebook.methods import precision
from posebook.methods.pose_resnet import soft_argmax as package_soft_argmax
from posebook.methods.pose_resnet import weights as published_weights
from posebook.methods.pose_resnet.network import STRIDE, PoseResNet
from posebook.methods.stacked_hourglass import heatmaps, inputs
from posebook.methods.stacked_hourglass import losses as hourglass_losses
from posebook.metrics import pictures as scores
from posebook.shapes import Pose2D
from posebook.skeletons import HOUSE

# %% tags=["setup"]
choices = {  # `full`: Xiao et al. 2018 on MPII
    "ci": dict(
        crop="64x64", depth=18, width=16, deconv=32, batch=16, rate=3e-3, samples=3_600, share=0.1,
    ),
    "laptop": dict(
        crop="64x64", depth=18, width=16, deconv=64, batch=32, rate=1e-2, samples=84_000, share=0.1,
    ),
    "full": dict(
        crop="256x256", depth=101, width=64, deconv=256, batch=128, rate=1e-3,
        samples=140 * 22_246, share=1.0,
    ),
}[profile]  # fmt: skip
height_px, width_px = map(int, (crop or choices["crop"]).split("x"))
SIZE = (width_px, height_px)
depth = depth or choices["depth"]
width = width or choices["width"]
batch_size = batch_size or choices["batch"]
learning_rate = learning_rate or choices["rate"]
samples = samples or choices["samples"]
ablation_share = ablation_share or choices["share"]
SIGMA = 2.0 if profile == "full" else 1.0  # of the target, px of the map
REACH = round(2.5 * SIGMA)  # of the soft-argmax, px of the map

device = training.pick_device(device)
book = results.Results("pose_resnet", out_dir, profile=profile, seed=seed, device=device)
out_dir = book.out_dir
network_of = partial(
    PoseResNet, depth=depth, joints=len(HOUSE), width=width, deconv=choices["deconv"]
)

# %% [markdown]
# ## The pictures
#
# By default the people are rendered. `rendered_plain` shows one whole person before a quiet background.
# `rendered_wild` has everything that makes photographs hard: furniture, other people, shadows, blur. The people of
# the test set are other bodies in other poses. The joints are the house's 17. For training we cut a larger square
# around each person, so that the crops can be turned and moved.

# %%
split = "val" if held_out or data in ("mpii", "coco", "ai_challenger") else "test"
held_px = {"ci": 64, "laptop": 64, "full": max(SIZE)}[profile]  # in memory; crops are enlarged
train, test = (
    picture_sets.load(data, root, part, held_px).as_joints(HOUSE) for part in ("train", split)
)
held = train.crops([round(1.5 * held_px * side / max(SIZE)) for side in SIZE], context=1.5)
test_crops = test.crops(SIZE)
print(f"{train.name}: {len(train)} people for training, {len(test)} for {test.split}")
figures.show(
    figures.picture_sheet(
        test_crops.pictures[:8], test_crops.keypoints_px[:8], HOUSE,
        title="Eight test people and their true joints",
    ),
    alt="Eight small rendered pictures of one person each, with the skeleton drawn over them. "
    "Left limbs are orange, right limbs blue.",
)  # fmt: skip

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $I$ | `pictures` | (batch, 3, height, width) | none | crops of people, mean taken off |
# | $x_j$ | `keypoints_px` | (batch, 17, 2) | px | true places in the crop; (0, 0) is its top left corner |
# | | `labelled` | (batch, 17) | none | which joints are known |
# | $H_j$ | `maps` | (batch, 17, height / 4, width / 4) | none | the network's heat map of each joint |
# | $T_j$ | `target` | the same | none | a Gaussian around the true place |
# | $\sigma$ | `SIGMA` | () | px of the map | its standard deviation |
# | $\hat x_j$ | `places` | (batch, 17, 2) | px of the map | the answer; times the *stride* of 4 it is px of the crop |
#
# ## From a classifier to heat maps
#
# A ResNet makes its maps smaller and smaller: the last one has 1/32 of the picture's height and width, but 2048
# channels. It says well *what* is in the picture, and only roughly *where*. The head brings the place back. It has
# three *deconvolutions* (transposed convolutions). Each spreads every pixel over 4 x 4 pixels of a map twice as
# large. Together they enlarge by 8, so a heat map has a quarter of the picture's height and width. A last convolution
# of 1 x 1 gives one map for each joint.


# %% tags=["core"]
def heat_map_head(inputs: int, joints: int, channels: int = 256) -> nn.Sequential:
    """(batch, inputs, h, w) -> (batch, joints, 8 h, 8 w)."""
    layers = []
    for _ in range(3):
        # Stride 2, 4 x 4 weights, 1 px cut off at each edge: exactly twice as large.
        enlarge = nn.ConvTranspose2d(inputs, channels, 4, stride=2, padding=1, bias=False)
        layers += [enlarge, nn.BatchNorm2d(channels), nn.ReLU()]
        inputs = channels
    return nn.Sequential(*layers, nn.Conv2d(channels, joints, 1))


# %% tags=["check", "nbval-check-output"]
with torch.device("meta"):  # shapes without numbers: nothing is computed
    published = PoseResNet(101, joints=17)
    for name, (high, wide) in {
        "256x192": (64, 48),
        "256x256": (64, 64),
        "384x384": (96, 96),
    }.items():
        high_px, wide_px = map(int, name.split("x"))
        assert published(torch.empty(2, 3, high_px, wide_px)).shape == (2, 17, high, wide)
assert sum(p.numel() for p in published.parameters()) == 52_991_825
small, ours = PoseResNet(18, 17, width=8, deconv=12).eval(), heat_map_head(64, 17, 12).eval()
ours.load_state_dict(
    dict(zip(ours.state_dict(), [*small.deconv_layers.state_dict().values(),
                                 *small.final_layer.state_dict().values()], strict=True))
)  # fmt: skip
some = torch.rand(2, 3, 64, 96)
with torch.no_grad():
    assert torch.allclose(ours(small.body(some)), small(some), atol=1e-6)
print("52,991,825 weights with 101 layers; the head is equal to posebook.methods.pose_resnet: ok")

# %% [markdown]
# ## What the maps learn
#
# The target of a joint is a Gaussian with its peak of 1 at the true place. The paper takes the mean squared
# difference over all pixels of all maps. At `full` we do the same.
#
# Short trainings need another loss, as chapter 8 found. Nearly all pixels of a target are 0. So a map of zeros has a
# small squared error, and a network stays there for long. At `ci` and `laptop` we read a map as logarithms of
# probabilities over its pixels (a *softmax*), and take the cross-entropy with the target. Then a map must put its
# probability somewhere.


# %% tags=["core"]
def map_loss(maps: Tensor, target: Tensor, labelled: Tensor, squared: bool) -> Tensor:
    """maps, target (batch, joints, rows, columns); labelled (batch, joints)."""
    if squared:  # as published: every pixel of every map counts alike
        return functional.mse_loss(maps, target)
    known = labelled & (target.sum((-1, -2)) > 0)
    share = target[known].flatten(1)  # (known joints, pixels)
    share = share / share.sum(-1, keepdim=True)
    return -(share * maps[known].flatten(1).log_softmax(-1)).sum() / known.sum().clamp_min(1)


# %% tags=["check", "nbval-check-output"]
torch.manual_seed(0)
maps = torch.randn(3, 17, 12, 16, dtype=torch.float64)
places = 12 * torch.rand(3, 17, 2, dtype=torch.float64)
places[0, 4] = torch.nan  # a joint without a label
target, labelled = heatmaps.gaussian_maps(places, (12, 16), 1.0), places.isfinite().all(-1)
assert torch.allclose(
    map_loss(maps, target, labelled, squared=True), hourglass_losses.squared_error([maps], target)
)
assert torch.allclose(
    map_loss(maps, target, labelled, squared=False),
    hourglass_losses.cross_entropy([maps], target, labelled),
)
print("both losses equal to posebook.methods.stacked_hourglass.losses: ok")

# %% [markdown]
# ## From a map to a place
#
# One pixel of a map stands for 4 x 4 pixels of the crop. Taking the brightest pixel (the *arg-max*) rounds to such a
# block. The pixels around the peak know more: their mean place, weighted by their values, lies between pixels. This
# is a *soft-argmax*:
#
# $$ \hat x = \frac{\sum_p w_p\,p}{\sum_p w_p}, \qquad w = \max(H, 0) \text{ in a window around the peak.} $$
#
# The window matters: far away from the peak, small values on many pixels would draw the mean to the middle of the
# map. bzhao96's release has no window. It adds up rows and columns, multiplies the sums by 1000, and takes the mean
# place under their softmax.


# %% tags=["core"]
def soft_argmax(maps: Tensor, reach: int) -> Tensor:
    """(batch, joints, rows, columns) -> (batch, joints, 2) px of the map, a pixel's middle at .5."""
    rows, columns = maps.shape[-2:]
    best = maps.flatten(-2).argmax(-1)
    peak_x, peak_y = best % columns, best // columns
    weight, offsets = maps.clamp_min(0), []
    for peak, count, shape in ((peak_x, columns, (1, -1)), (peak_y, rows, (-1, 1))):
        offset = torch.arange(count, device=maps.device) - peak[..., None]  # px from the peak
        room = torch.minimum(peak, count - 1 - peak).clamp(1, reach)[..., None]
        near = offset.abs() <= room  # near an edge the window is smaller, on both sides
        weight = weight * near.unflatten(-1, shape)
        offsets.append(offset.unflatten(-1, shape))
    total = weight.sum((-1, -2)).clamp_min(1e-12)
    moved = [(weight * offset).sum((-1, -2)) / total for offset in offsets]
    return torch.stack([peak_x + moved[0], peak_y + moved[1]], -1) + 0.5


def released_soft_argmax(maps: Tensor) -> Tensor:
    """As bzhao96 released it; a pixel's middle is at a whole number."""
    places = []
    for sums in (maps.sum(-2), maps.sum(-1)):  # over rows: along x; over columns: along y
        index = torch.arange(sums.shape[-1], dtype=maps.dtype, device=maps.device)
        places.append(((1000 * sums).softmax(-1) * index).sum(-1))
    return torch.stack(places, -1)


# %% [markdown] tags=["predict"]
# **Predict first.** A perfect map of 96 x 96 pixels has its peak at x = 8.325 and y = 75.425. (A pixel's middle is at
# a whole number here.) Which x will the released soft-argmax answer?

# %% tags=["predict"]
released_x = None  # your guess, px of the map

# %% tags=["reveal", "check", "nbval-check-output"]
true = torch.tensor([[[8.325, 75.425]]], dtype=torch.float64)
perfect = heatmaps.gaussian_maps(true, (96, 96), sigma=2.0, half_pixel=False)
released = released_soft_argmax(perfect)
corrected = soft_argmax(perfect, reach=5) - 0.5
assert torch.allclose(released, package_soft_argmax.released_soft_argmax(perfect))
assert torch.allclose(corrected + 0.5, package_soft_argmax.soft_argmax(perfect, reach=5))
print("released: x = {:.3f}, y = {:.3f}".format(*released[0, 0]))
print("corrected: x = {:.3f}, y = {:.3f}".format(*corrected[0, 0]))
print("equal to posebook.methods.pose_resnet.soft_argmax: ok")
print(guessed(released_x))

# %% [markdown]
# The factor 1000 makes the softmax so sharp that one row and one column take all. So the release rounds to whole
# pixels, just as the arg-max does. In a crop of 384 px that is up to 2 px in each direction.
#
# ## The rival: coordinates
#
# The rival has the same body. Then it averages each channel over the last small map, as a classifier does, and one
# linear layer gives 34 numbers. They are learned by their absolute distance from the truth, L1.
#
# A third network stands between the two. It has the head with heat maps. But its answer is the mean place under a
# softmax over the *whole* map, and it learns from coordinates alone, by L1. No target says how a map should look.
# (Sun et al. 2018 call this *integral regression*.) It tells whether the *form* of a map helps, or the *teaching* at
# each pixel.


# %%
class Coordinates(nn.Module):
    """Pictures -> places of the joints (batch, joints, 2), px of the crop."""

    def __init__(self, network: PoseResNet):
        super().__init__()
        self.network = network
        channels = self.network.deconv_layers[0].in_channels
        self.network.deconv_layers = self.network.final_layer = nn.Identity()  # not needed
        self.last = nn.Linear(channels, 2 * len(HOUSE))

    def forward(self, pictures: Tensor) -> Tensor:
        pooled = self.network.body(pictures).mean((-1, -2))
        middle_px = pictures.new_tensor(SIZE) / 2
        return middle_px * (1 + self.last(pooled).unflatten(-1, (-1, 2)) / 2)


HEADS = ("heat maps", "mean place", "coordinates")
COLOURS = inputs.IMAGENET if weights else inputs.OURS


def normal(pictures: Tensor) -> Tensor:
    """Pictures in [0, 1] (batch, 3, height, width) as the network takes them."""
    mean, spread = (pictures.new_tensor(v)[:, None, None] for v in (COLOURS.mean, COLOURS.spread))
    return (pictures - mean) / spread


def places_px(head: str, found: Tensor) -> Tensor:
    """What a network of this head answers, as places (batch, joints, 2), px of the crop."""
    if head == "coordinates":
        return found
    if head == "mean place":
        return STRIDE * package_soft_argmax.expected_place(found)
    maps = (
        found if profile == "full" else found.flatten(2).softmax(-1).unflatten(2, found.shape[2:])
    )
    return STRIDE * soft_argmax(maps, REACH)


# %% [markdown]
# ## Training
#
# The loop is the same for all three. A thread makes the next batch while the network trains: it turns, moves, resizes
# and mirrors the crops, and changes their colours. A mirrored person has left and right exchanged. At `ci` and
# `laptop` the rate rises for a twentieth of the training, then falls along a cosine. At `full` it falls as in the
# paper, to a tenth after 90 of 140 epochs and again after 120.


# %%
def rate_factor(progress: float) -> float:
    """What the learning rate is multiplied by, when this share of the training is done."""
    if profile == "full":
        return 0.1 ** ((progress >= 90 / 140) + (progress >= 120 / 140))
    return min(progress / 0.05, 0.5 * (1 + math.cos(math.pi * progress)))


def loss_of(head: str, found: Tensor, keypoints_px: Tensor, labelled: Tensor) -> Tensor:
    if head == "heat maps":
        target = heatmaps.gaussian_maps(keypoints_px / STRIDE, tuple(found.shape[-2:]), SIGMA)
        return map_loss(found, target, labelled, squared=profile == "full")
    apart_px = (places_px(head, found) - keypoints_px).abs()[labelled]
    return apart_px.mean() / STRIDE  # L1, px of a map


# Gentle where training is short: the test people vary as the training people do.
GENTLE = augmentation.Augmentation(scale=0.1, rotation_deg=10.0, shift=0.02, gain=(0.8, 1.2))
HOW = augmentation.ZHOU_2017_RESNET if profile == "full" else GENTLE


def start(network: PoseResNet) -> None:
    """As He et al. 2015: a layer passes on as much variance as it gets."""
    for layer in network.modules():
        if isinstance(layer, nn.ConvTranspose2d):  # 4 of its 16 weights meet in each pixel
            nn.init.normal_(layer.weight, std=math.sqrt(2 / (4 * layer.in_channels)))
        elif isinstance(layer, nn.Conv2d) and layer.kernel_size[0] > 1:
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    nn.init.normal_(network.final_layer.weight, std=0.01)


# %%
def fresh(head: str, name: str) -> tuple[training.Run, SimpleNamespace]:
    """A run in a folder of its own, and what it trains: a killed run goes on where it was."""
    training.seed_everything(seed)
    network = network_of()
    if weights:
        print(f"{paths.shown(weights)}: {published_weights.read(weights, network)}")
    elif profile != "full":
        start(network)
    if head == "coordinates":
        network = Coordinates(network)
    network = network.to(memory_format=torch.channels_last)
    decay = 0.0 if profile == "full" else 0.01
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=decay, fused=True
    )
    batches = CropBatches(held, HOUSE, batch_size, seed, size=SIZE, context=1.5, how=HOW)
    state = dict(network=network, optimiser=optimiser, batches=batches)
    run = training.Run(out_dir / name, seed=seed, device=device, state=state)
    return run, SimpleNamespace(**state)


# %%
def train_network(head: str, name: str, budget: float) -> tuple[nn.Module, training.Run]:
    """Train on `budget` crops, in a folder of its own; gives the network, and the run."""
    run, it = fresh(head, name)
    epochs = max(1, round(budget / (batch_size * len(it.batches))))
    steps = epochs * len(it.batches)
    for epoch in run.epochs(epochs):
        for number, (batch, _, _) in enumerate(it.batches):
            progress = (epoch * len(it.batches) + number + 1) / steps
            for group in it.optimiser.param_groups:
                group["lr"] = learning_rate * rate_factor(progress)
            keypoints_px = batch.keypoints_px.to(run.device)
            labelled = torch.isfinite(keypoints_px).all(-1)
            with precision.mixed(run.device):
                found = it.network(normal(batch.pictures.to(run.device)))
            loss = loss_of(head, found.float(), keypoints_px, labelled)
            it.optimiser.zero_grad()
            loss.backward()
            it.optimiser.step()
            run.log(loss)
    return it.network.cpu().eval(), run


# %% [markdown] tags=["predict"]
# **Predict first.** Three networks see the same crops in the same order. The score is PCKh: the share of joints that
# are close to the truth, by the length of the head. Which head will be best after the same number of crops: "heat
# maps", "mean place" or "coordinates"?

# %% tags=["predict"]
best_head = None  # your guess

# %% tags=["run"]
network, run = train_network("heat maps", "main", samples)
print(f"{run.epoch} epochs of {len(train)} people in {run.seconds:.0f} s")

# %% [markdown] tags=["ablation"]
# For the comparison all three get the same budget. In five minutes there is time for a small one, a share of the main
# run's.

# %% tags=["run", "ablation"]
whole = ablation_share == 1
trained = {"heat maps": (network, run)} if whole and ablations else {}
for head in HEADS if ablations else ():
    if head not in trained:
        trained[head] = train_network(
            head, f"compared_{head.replace(' ', '_')}", samples * ablation_share
        )
    print(f"{head}: {trained[head][1].epoch} epochs in {trained[head][1].seconds:.0f} s")

# %%
figures.show(
    figures.loss_curves(
        {"loss": [row["loss"] for row in run.history]},
        title="Training loss of the network with heat maps",
        note="Cross-entropy of a map cannot fall to 0: the target is spread over several pixels."
        if profile != "full" else "Mean squared difference of the maps.",
    ),
    alt="The loss falls steeply in the first epochs, then more and more slowly.",
)  # fmt: skip

# %% [markdown]
# ## The result
#
# The three networks stand beside two answers that have learned nothing from the test picture. The *mean pose* puts
# every joint at its mean place in the training crops. The *untrained* network has heat maps from fresh weights.
#
# A head is short: at the size of these pictures, half a head is a few pixels. PCKh@0.5 is MPII's: 14 joints, head
# length of 0.6 times the diagonal of the head's box. *PCKh, lenient* divides by the distance from thorax to head,
# which is longer, and takes all joints together. The two are not comparable.


# %% tags=["setup"]
def look(network: nn.Module, pictures: Tensor, mirror: bool) -> Tensor:
    """What the network answers for the pictures; with `mirror`, the mean with its mirror image's."""
    if not mirror:
        return network(pictures)
    if not isinstance(network, Coordinates):
        return heatmaps.flip_test(network, pictures, HOUSE.mirror)
    back = network(pictures.flip(-1))[:, list(HOUSE.mirror)]
    back = torch.stack([width_px - back[..., 0], back[..., 1]], -1)
    return (network(pictures) + back) / 2


def answer(network: nn.Module, mirror: bool = True, contexts: tuple[float, ...] = (1.0,)) -> Tensor:
    """Maps or coordinates for all test people, (people, joints, ...), on the CPU.

    contexts  how much of the surroundings each look shows; maps of several looks are averaged
    """
    network, answers = network.to(device).eval(), []
    for context in contexts:
        seen = augmentation.as_input(test.crops(SIZE, context).pictures)
        with torch.no_grad():
            found = [
                look(network, normal(part.to(device)), mirror).cpu() for part in seen.split(64)
            ]
        answers.append(torch.cat(found))
        if context != 1:  # cut the crop out of the map that shows more
            rows, columns = answers[-1].shape[-2:]
            middle, side = torch.tensor([[columns / 2, rows / 2]]), max(columns, rows) / context
            cut = crops.matrix(middle, torch.tensor([side]), torch.zeros(1), (columns, rows))
            cut = cut.expand(len(test), -1, -1)
            answers[-1] = crops.sampled(answers[-1], cut, (columns, rows))
    return torch.stack(answers).mean(0)


# %% tags=["setup"]
truth_px, head_px = test.keypoints_px, test.head_px
PROTOCOLS = {
    "PCKh@0.5": "MPII: closer than 0.5 head lengths, mean over 14 joints",
    "PCKh@0.1": "MPII: closer than 0.1 head lengths, mean over 14 joints",
    "PCKh, lenient": "at most half the distance from thorax to head, 17 joints pooled",
}
PAPER = {"PCKh@0.5": 90.0, "PCKh@0.1": 38.9}  # ResNet-101, 384x384, flip test, MPII val
facts = dict(data=test.name, split=test.split)


def in_picture(places: Tensor) -> Pose2D:
    """From px of the crops to px of the whole pictures."""
    return crops.points(test_crops.matrix.inverse(), places)


def score(method: str, places: Tensor, seconds: float = 0.0, paper: bool = False) -> dict:
    """The scores of places (people, joints, 2), px of the crops; they go into the results."""
    found_px = in_picture(places)
    values = {
        "PCKh@0.5": scores.pckh(found_px, truth_px, head_px, HOUSE),
        "PCKh@0.1": scores.pckh(found_px, truth_px, head_px, HOUSE, threshold=0.1),
        "PCKh, lenient": scores.pckh_neck(found_px, truth_px, HOUSE),
    }
    values = {metric: value for metric, value in values.items() if not math.isnan(value)}
    for metric, value in values.items():  # NaN: the set has no boxes around heads
        quoted = dict(paper=PAPER.get(metric), note="paper: MPII val, 16 joints") if paper else {}
        book.add(
            metric, value, "%", protocol=PROTOCOLS[metric], method=method, seconds=seconds,
            **facts, **quoted,
        )  # fmt: skip
    return values


def score_table(rows: dict[str, dict], first: str, caption: str) -> figures.Table:
    return figures.Table(
        (first, *(f"{metric} (%)" for metric in PROTOCOLS)),
        [[name, *map(found.get, PROTOCOLS)] for name, found in rows.items()],
        caption=f"{test.name} {test.split}, {len(test)} people; {caption}",
    )


# %%
training.seed_everything(seed)
untrained = answer(network_of())
mean_places = train.crops(SIZE).keypoints_px.nanmean(0).expand(len(test), -1, -1)
heat = answer(network)
table = {
    "heat maps": score("heat maps", places_px("heat maps", heat), run.seconds, paper=True),
    "untrained": score("untrained", places_px("heat maps", untrained)),
    "mean pose": score("mean pose", mean_places),
}
score_table(table, "network", f"{samples} crops, mirror test")

# %% tags=["ablation"]
found = {head: answer(other) for head, (other, _) in trained.items()}
compared = {
    head: table["heat maps"]
    if trained[head][0] is network
    else score(
        head if whole else f"{head}, {ablation_share:g} of the budget",
        places_px(head, found[head]),
        trained[head][1].seconds,
    )
    for head in found
}
if compared:
    best = max(compared, key=lambda head: compared[head]["PCKh, lenient"])
    print(f"best: {best} ({guessed(best_head)})")
score_table(compared, "head", f"{samples * ablation_share:.0f} crops each, mirror test")

# %% [markdown] tags=["result"]
# After so few crops the three are alike: all have learned roughly where people are, and none tells left from right.
# What each is worth after the *main run's* budget takes three times as long to measure
# (`-p ablation_share 1 -p data rendered_wild`). The book has done it, and keeps the numbers in its ledger.

# %% tags=["setup"]
DOMAINS = ("rendered_plain", "rendered_wild")
LINES = {
    "pose_resnet": ("heat maps", "mean place", "coordinates", "mean pose", "untrained"),
    "stacked_hourglass": ("hourglass",),
}
kept = {chapter: results.kept_means(chapter) for chapter in LINES}
rows = [
    [method, chapter.replace("_", " "), *cells]
    for chapter, methods in LINES.items()
    for method in methods
    if any(cells := [kept[chapter].get((domain, method, "PCKh@0.5")) for domain in DOMAINS])
]
figures.Table(
    ("method", "chapter", *(f"{domain}, PCKh@0.5 (%)" for domain in DOMAINS)),
    rows,
    caption="laptop profile, test people; each network is trained where it is tested. Where there "
    "is a spread, it is that of three seeds",
)

# %% [markdown] tags=["result"]
# **Over coordinates heat maps bought little:** a few points in the quiet room, nothing in the street. With 150 and 250
# test people and one seed for two of the rows, a few points are within what chance does. What the long training itself
# bought is far more: in it all three learn to tell left from right.
#
# These pictures suit coordinates: one person in the middle, of nearly the same size everywhere. Places vary little
# around the mean pose. A linear layer that begins there has little to learn, and where it is unsure it answers
# something in between. The *mean place* has the form of a heat map, but no target for it, and is the last of the three
# on both sets. The picture below shows what it makes of that freedom: many of its maps are bright on both sides of a
# joint, and only their balance is right. So if anything helps, it is the *teaching* at each pixel, not the form.
#
# What speaks for heat maps, then? They can say *here or there*. Look at the two wrists below, after the short training:
# the network has found both, and does not know which is which. They give a score with each joint. They do not need the
# person in the middle. And published networks, which learn for days from photographs of everybody, nearly all use them.
#
# **Published for MPII.** With 101 layers and 384x384 px the authors report 90.0 % PCKh@0.5 and 38.9 % at 0.1, on
# photographs of everybody and everything. (The 90.0 counts MPII's own joints. Our house joints differ a little.)
# bzhao96 publishes no score for its detector. Ours are small networks on small rendered pictures. The numbers stand
# side by side only to show what was measured by whom.

# %%
person = min(2, len(test) - 1)  # the third of the pictures above
JOINTS = ("head", "left_wrist", "right_wrist", "left_foot", "right_foot")
shown = {
    head: maps[person, HOUSE.indices(*JOINTS)]
    for head, maps in ({"main run": heat} | found).items()
    if maps.dim() == 4
}
figures.show(
    figures.heat_maps(
        torch.cat([maps.flatten(1).softmax(-1).view_as(maps) for maps in shown.values()]),
        test_crops.pictures[person : person + 1],
        places=(test_crops.keypoints_px[person, HOUSE.indices(*JOINTS)] / STRIDE).repeat(
            len(shown), 1
        ),
        captions=[f"{joint.replace('_', ' ')}, {head}" for head in shown for joint in JOINTS],
        title="One person's maps; a white cross is the true place",
    ),
    alt="Three rows of five maps over the same person. In the first row, of the main run, bright "
    "spots are small. In the second, of heat maps after a tenth of the crops, they are broad, and "
    "the maps of both wrists are alike. In the third row, of the network that learned a mean "
    "place, bright blocks and stripes lie far away from the joints, on both sides of them.",
)

# %% [markdown]
# ## What decoding and test time add
#
# The trained network stays as it is. What changes is how its maps are read, and how often it looks. The *mirror* test
# averages the maps of a picture and of its mirror image. bzhao96 tests so. (It looks at one scale only.) The *second
# scale* shows the network a quarter more of the surroundings, so that the person is smaller. Its maps are cut to the
# crop and averaged with the others. Each look costs another pass.

# %%
maps = heat if profile == "full" else heat.flatten(2).softmax(-1).view_as(heat)
decoded = {
    "brightest pixel": heatmaps.peaks(maps) + 0.5,
    "soft-argmax as released": released_soft_argmax(maps) + 0.5,
    "mean of the whole map": package_soft_argmax.expected_place(maps.clamp_min(1e-12).log()),
    "soft-argmax": soft_argmax(maps, REACH),
    "parabola of chapter 8": heatmaps.parabola(maps),
}
rows = {name: score(f"read by: {name}", STRIDE * places) for name, places in decoded.items()}
looks = {
    "one look": dict(mirror=False),
    "two scales": dict(mirror=False, contexts=(1.0, 1.25)),
    "mirror": {},
    "mirror and two scales": dict(contexts=(1.0, 1.25)),
}
rows |= {
    name: score(f"looks: {name}", places_px("heat maps", answer(network, **how)))
    for name, how in looks.items()
}
score_table(rows, "read by, or looks", "reading: with the mirror; looks: read by soft-argmax")

# %% [markdown]
# Look at the strict score, PCKh@0.1: the larger the threshold, the less a fraction of a pixel matters. The release's
# soft-argmax is no better than the brightest pixel, as its whole numbers promised. A mean over the whole map is drawn
# to the middle wherever the network hesitates between two places.
#
# The mirror costs twice the time, two scales cost it again. Whether a scale helps depends on the training: a network
# that has never seen people of that size answers worse, and the mean with it.
#
# ## Failures
#
# These are the worst people, by their mean error in head lengths. Under each picture stands the joint that is
# farthest off. Where exchanging left and right would at least halve a person's error, it says so instead.

# %% tags=["failures"]
found_px = in_picture(places_px("heat maps", heat))
errors = scores.relative_errors(found_px, truth_px, head_px)  # (people, joints), head lengths
swapped = scores.relative_errors(found_px[:, list(HOUSE.mirror)], truth_px, head_px)
worst = torch.argsort(errors.nanmean(1), descending=True)[:8]
captions = []
for person in worst.tolist():
    cause = HOUSE.joints[int(errors[person].nan_to_num(-1).argmax())].replace("_", " ")
    if swapped[person].nanmean() < 0.5 * errors[person].nanmean():
        cause = "left and right exchanged"
    captions.append(f"{errors[person].nanmean():.1f} heads: {cause}")
figures.show(
    figures.picture_sheet(
        test_crops.pictures[worst],
        places_px("heat maps", heat)[worst],
        HOUSE,
        truth_px=test_crops.keypoints_px[worst],
        captions=captions,
        title="The worst people",
    ),
    alt="Eight pictures with the found skeleton in colour over the true one in dashed black. "
    "Most are bent, lying or sitting people, or people whose legs were exchanged.",
)

# %% [markdown]
# ## What we changed
#
# At `full` the network, the loss and the schedule are the paper's. At `ci` and `laptop` the body has 18 layers and a
# quarter of the channels, and the loss is the cross-entropy. The crops have 64 px, of which the body leaves 2 x 2
# pixels. (With `-p crop 128x128` each crop takes more than twice as long. In five minutes that was worse: the network
# had seen too few people to tell left from right.) Since training is short, crops are varied little, and the head
# starts from larger weights than the published 0.001 has. In all profiles:
#
# * a pixel's middle lies at one half, in the targets as well as in the answers. bzhao96 has it at whole numbers;
# * the soft-argmax is the corrected one;
# * crops keep their proportions. bzhao96 stretches each box to a square, and varies crops by mirroring alone;
# * with `weights` you start from a file of yours, as all published versions do: `--profile full -p weights FILE`,
#   where the network has the published size. ImageNet's classifier fills the body. A whole network for MPII (the file
#   that bzhao96 starts from) fills all but the last layer, since its joints are not the house's 17. Only tensors are
#   read from the file; nothing in it is executed.
#
# ## Keep it
#
# One file holds the detector. `posebook lift PHOTO --detector FILE` takes a photograph of one person, and lifts it.

# %% tags=["setup"]
file = keep_detector(
    network.cpu(),
    dict(depth=depth, joints=len(HOUSE), width=width, deconv=choices["deconv"]),
    size=SIZE,
    decoding="parabola" if profile == "full" else "parabola_of_logits",
    colours=COLOURS,
    skeleton=HOUSE, title="pose ResNet of chapter 9", train=train, book=book, method="heat maps",
)  # fmt: skip
print(f"wrote {paths.shown(file)}, {file.stat().st_size / 1e6:.1f} MB")

# %% tags=["check", "nbval-check-output"]
again = detection.load(file)
points, sure, _ = again.look(test_crops.pictures[:4])
near = heatmaps.parabola(heat[:4], logits=profile != "full") * STRIDE
assert torch.allclose(points, near, atol=0.1)
print("the file finds what the network in memory finds: ok")

# %% [markdown]
# ## Exercises
#
# **1 · derive · medium.** How many weights do the three enlarging layers of a ResNet-101's head have, their batch norms included? The
# body gives 2048 channels, each layer makes 256.

# %% tags=["exercise"]
enlarging_weights = None  # a whole number

# %% tags=["solution"]
enlarging_weights = 4 * 4 * 256 * (2048 + 256 + 256) + 3 * 2 * 256
# One fifth of the network's 53 million. The first layer alone has 8.4 million of them.

# %% tags=["exercise_check"]
check("9.1")

# %% [markdown]
# **2 · derive · medium.** The released soft-argmax answers in whole pixels of the map. How far off is that on average, in px of a crop
# of 384 x 384 with maps of 96 x 96, if true places lie anywhere within a pixel with equal probability?

# %% tags=["exercise"]
lost_px = None  # mean distance, px of the crop

# %% tags=["solution"]
off = 4 * (torch.rand(1_000_000, 2) - 0.5)  # from -2 to 2 px in each direction
lost_px = off.norm(dim=-1).mean().item()
# On Human3.6M one px of such a crop is a few millimetres: not much, but it is lost for nothing.

# %% tags=["exercise_check"]
check("9.2")

# %% [markdown]
# **3 · code · medium.** Write the mirror test for a network that answers coordinates. You get its answer for the mirrored crop; turn
# it back.


# %% tags=["exercise"]
def turned_back(places_px: Tensor, width_px: float, mirror: list[int]) -> Tensor:
    """Places (people, joints, 2) in a mirrored crop of this width -> places in the crop itself.

    mirror  for each joint the index of the one on the other side
    """
    return places_px  # your places


# %% tags=["solution"]
def turned_back(places_px: Tensor, width_px: float, mirror: list[int]) -> Tensor:
    x, y = places_px[:, mirror].unbind(-1)
    return torch.stack([width_px - x, y], -1)


# %% tags=["exercise_check"]
check("9.3")

# %% [markdown]
# **4 · recall · easy.** A crop is 288 px wide and 384 px high. How large is the last small map of the ResNet's body,
# and how large is a heat map?

# %% tags=["exercise"]
body_map, heat_map = None, None  # (width, height) each, in px of that map

# %% tags=["solution"]
body_map, heat_map = (288 // 32, 384 // 32), (288 // 4, 384 // 4)  # three layers, each doubles

# %% tags=["exercise_check"]
check("9.4")

# %% [markdown]
# **5 · break it · medium.** The network *mean place* learns only where the mean under its softmax is. Make a map that
# costs it nothing for a joint at x = 8.5 and y = 15.5, and that sees nothing there: less than one percent of its
# probability lies within 4 px of the joint.

# %% tags=["exercise"]
two_faced = None  # (24, 24): rows, columns; the softmax over all its pixels is taken

# %% tags=["solution"]
two_faced = torch.full((24, 24), -20.0)
two_faced[15, [2, 14]] = 0.0  # six pixels to the left of the joint, and six to the right

# %% tags=["exercise_check"]
check("9.5")

# %% [markdown] tags=["takeaway"]
# ## What to take away
#
# * A classifier's body and three enlarging layers make a good network for key points.
# * Where one person stands in the middle, plain coordinates do nearly as well as heat maps. Measure before you believe.
# * Left and right are learned last. A training that ends before has learned half.
# * What makes a heat map is its target: it teaches every pixel. A map that learns only where its mean must lie need
#   not be bright at the joint.
# * A map's peak is finer than its pixels, if it is read by its surroundings. A slip in that step costs as much as a
#   pixel.
# * The mirror test costs twice the time and helps a little.
#
# **Where we differ from the paper**: see "What we changed".
#
# **What one should not conclude.** That heat maps are useless: these are small networks, few pictures and minutes of
# training. And a score on rendered people says nothing about photographs: that is another domain.

# %% [markdown] tags=["references"]
# **References.** Xiao, Wu, Wei, *Simple baselines for human pose estimation and tracking*, ECCV 2018,
# [arXiv:1804.06208](https://arxiv.org/abs/1804.06208) · Sun, Xiao, Wei, Liang, Wei, *Integral human pose regression*,
# ECCV 2018, [arXiv:1711.08229](https://arxiv.org/abs/1711.08229) · He, Zhang, Ren, Sun, *Deep residual learning for
# image recognition*, CVPR 2016, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385) · bzhao96,
# [3d-human-pose](https://github.com/bzhao96/3d-human-pose).
