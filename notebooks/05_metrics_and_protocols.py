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
#     id: metrics_and_protocols
#     title: Metrics and protocols
#     level: beginner
#     prerequisites: [cameras_and_depth, datasets]
#     minutes: {ci: 0.3, laptop: 1, full: 2}
#     device: cpu
#     data: [synthetic, human36m]
#     paper: 10.1109/TPAMI.2013.248
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 5 · Metrics and protocols
#
# One network of 2017 is quoted at 62.9 mm, at 45.5 mm and at 34.3 mm, all on Human3.6M. Nobody
# cheated. Another paper reports 46.8 mm. **Is it better or worse?**
#
# A number like these is a prediction, a truth, *and a dozen decisions*: which joints, aligned how,
# scaled by whom, averaged over what. This chapter takes one prediction and lets you watch its
# score change while the prediction stays what it is.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * compute every score of this field, and write the aligned one, P-MPJPE, from memory;
# * say what each score forgives, and find two predictions whose order it turns round;
# * tell 16 from 17 joints, frame means from action means, and mm per frame from mm per second;
# * say what another joint set, missing joints or a real detector cost a lifter;
# * read a published number with a checklist in your hand.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "cpu"
out_dir = None  # None: runs/metrics_and_protocols/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
lifter_name = "simple_baseline"  # a shipped lifter, or the file of one
stride = None  # score every stride-th clip; None: as the profile says
lean_deg = 15.0  # how far the leaning prediction leans
jitter_mm = 25.0  # standard deviation, each axis, of the jittering prediction
smooth_frames = 9  # width of the moving average

# %%
import math
from dataclasses import replace
from itertools import combinations

import plotly.graph_objects as go
import torch
from IPython.display import Markdown
from torch import Tensor

from posebook import datasets, figures, geometry, lifting, metrics, results, training
from posebook.course import check
from posebook.datasets import detector_errors, layouts
from posebook.errors import InputError
from posebook.figures.parts import CURVES, DASHES, layout
from posebook.metrics import Protocol
from posebook.skeletons import BODY_25, COCO_17, HOUSE, LSP_14, MPII_16

book = results.Results("metrics_and_protocols", out_dir, profile=profile, seed=seed, device=device)
generator = training.seed_everything(seed)
stride = stride or {"ci": 13, "laptop": 3, "full": 1}[profile]
options = dict(root=root, keypoints=keypoints, seed=seed)
people = datasets.load(data, split="test", **options)
people = replace(people, clips=people.clips[::stride])
others = datasets.load(data, split="train", **options)
rate = people.frames_per_second
print(f"{people.name}: {len(people.clips)} clips, {len(people)} frames, {rate:g} frames/s")

# %% [markdown]
# ## The predictions
#
# Nine answers to the same clips. The first three are by the lifter that ships with this book: from
# the true 2D, from what a detector makes of it, and the latter smoothed in time. The next two have
# learned nothing about depth. The last four are the *truth, spoilt in one way each*, so that we
# know what is wrong with them, and can watch which score notices.


# %%
def smooth(pose_mm: Tensor, frames: int) -> Tensor:
    """A moving average over time of (frames, joints, 3); the ends are held."""
    series = pose_mm.flatten(1).T[None]
    held = torch.nn.functional.pad(series, (frames // 2, frames // 2), mode="replicate")
    return torch.nn.functional.avg_pool1d(held, frames, 1)[0].T.view_as(pose_mm)


truth_mm = people.pose_mm.double()
relative_mm = geometry.root_relative(truth_mm, HOUSE)
hip_depth_mm = truth_mm[:, :1, 2:]
flat_mm = truth_mm / truth_mm[..., 2:] * hip_depth_mm  # every joint at the depth of the hip
mean_mm = geometry.root_relative(others.pose_mm.double(), HOUSE).mean(0)
lean = math.radians(lean_deg)
turn = geometry.axis_angle_to_matrix(torch.tensor([lean, 0.0, 0.0], dtype=torch.float64))

noise_mm = jitter_mm * torch.randn(truth_mm.shape, generator=generator, dtype=torch.float64)
noise_mm[:, HOUSE.index("hip")] = 0

lifter = lifting.load(lifter_name)
detections = [detector_errors.detect(clip, generator) for clip in people]
from_detections = [lifter.lift(clip).pose_mm for clip in detections]
predictions = {
    "lifter": torch.cat([lifter.lift(clip).pose_mm for clip in people]),
    "lifter, detected 2D": torch.cat(from_detections),
    "the same, smoothed": torch.cat([smooth(pose, smooth_frames) for pose in from_detections]),
    "zero depth": geometry.root_relative(flat_mm, HOUSE),
    "mean pose": mean_mm.expand_as(truth_mm),
    "truth, leaning": relative_mm @ turn.T,
    "truth, too large": 1.1 * relative_mm,
    "truth, jittering": relative_mm + noise_mm,
    "truth, mirrored": relative_mm * torch.tensor([1.0, 1.0, -1.0]),
}
predictions = {name: pose.double() for name, pose in predictions.items()}

# %%
moment = len(people.clips[0]) // 2
figures.show(
    figures.compare(
        {name: pose[moment] for name, pose in predictions.items()},
        truth_mm=relative_mm[moment],
        turn=60,
        columns=5,
        title="One moment, nine answers, over the truth",
    ),
    alt="Nine stick figures over the dashed truth, seen from the side: the lifter's three, a flat one, "
    "an average one, and the truth leaning, too large, shaken, and mirrored front to back.",
)

# %% [markdown] tags=["notation"]
# ## Names, shapes, units
#
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $\hat X$ | `prediction_mm` | (frames, 17, 3) | mm | predicted joints, camera axes, hip at 0 |
# | $X$ | `target_mm` | (frames, 17, 3) | mm | true joints, the same axes, hip at 0 |
# | $s, R, t$ | `factor, rotation` | (), (3, 3), (3,) | none, none, mm | scale, turn and shift that aligning grants |
# | $d_j$ | `distances_mm` | (frames, 17) | mm | distance of joint $j$ from its truth |
# | MPJPE | `mpjpe` | (frames,) | mm | mean of $d_j$ over the joints: *mean per joint position error* |
# | P-MPJPE | `p_mpjpe` | (frames,) | mm | the same after the best $s, R, t$ of each frame |
# | N-MPJPE | `n_mpjpe` | (frames,) | mm | the same after the best $s$ alone |
#
# All functions give **one value per frame**. How these are averaged is a decision of its own, and
# belongs to the protocol.

# %% [markdown]
# ## The simple ones, on one page
#
# Each is a line or two. A velocity error compares steps from frame to frame: it says how much a
# prediction trembles, which no score of single frames can see. PCK counts joints within 150 mm;
# AUC averages that over the thresholds from 0 to 150 mm. (PCK here is in 3D; in papers about 2D
# the same letters mean pixels.)


# %% tags=["core"]
def mpjpe(prediction_mm: Tensor, target_mm: Tensor) -> Tensor:
    """Mean distance of the joints from their truth, mm, one value per frame."""
    return torch.linalg.vector_norm(prediction_mm - target_mm, dim=-1).mean(-1)


def n_mpjpe(prediction_mm: Tensor, target_mm: Tensor, rule: str = "least_squares") -> Tensor:
    """MPJPE of poses with the hip at 0, after each pose has been scaled to suit its truth."""
    dot = lambda a, b: (a * b).sum((-2, -1), keepdim=True)  # noqa: E731
    if rule == "least_squares":  # the scale that fits best
        factor = dot(prediction_mm, target_mm) / dot(prediction_mm, prediction_mm)
    else:  # "norm_ratio": as large as the truth, whether that fits or not
        factor = (dot(target_mm, target_mm) / dot(prediction_mm, prediction_mm)).sqrt()
    return mpjpe(factor * prediction_mm, target_mm)


def velocity_error(prediction_mm: Tensor, target_mm: Tensor) -> Tensor:
    """Mean error of the joints' steps from frame to frame, mm per frame: (frames - 1,) values."""
    return mpjpe(prediction_mm.diff(dim=0), target_mm.diff(dim=0))


def pck(prediction_mm: Tensor, target_mm: Tensor, threshold_mm: float = 150.0) -> Tensor:
    """Percentage of joints at most so far from their truth, one value per frame."""
    distances_mm = torch.linalg.vector_norm(prediction_mm - target_mm, dim=-1)
    return 100 * (distances_mm <= threshold_mm).double().mean(-1)


def auc(prediction_mm: Tensor, target_mm: Tensor) -> Tensor:
    """The mean PCK over the thresholds 0, 5, ..., 150 mm, percent, one value per frame."""
    return torch.stack([pck(prediction_mm, target_mm, t) for t in range(0, 151, 5)]).mean(0)


# %% [markdown]
# ## P-MPJPE: forgive the turn, the size and the place
#
# Is a pose wrong if it is right but seen from 15 degrees lower? P-MPJPE says no: it first finds
# the turn, scale and shift that bring the prediction nearest to its truth, frame by frame, then
# measures. Finding them has a closed answer. With both poses centred on their mean joint, $A$ and
# $B$,
#
# $$ A^\top B = U S V^\top, \qquad R = U D V^\top, \qquad s = \frac{\mathrm{tr}(S D)}{\lVert A\rVert^2},
# \qquad D = \mathrm{diag}(1, 1, \det(U V^\top)) . $$
#
# $D$ is the small print. Without it, $R$ may be a *reflection*: the best fit would be allowed to
# turn the prediction inside out, like a glove. With it, $R$ is always a turn.


# %% tags=["core"]
def p_mpjpe(
    prediction_mm: Tensor, target_mm: Tensor, scale: bool = True, reflections: bool = False
) -> Tensor:
    """MPJPE, mm, after the best turn, scale and shift of each pose (..., joints, 3).

    scale        False: turn and shift only
    reflections  True: a mirror image will do as well; never what you want, but it is in use
    """
    centred = prediction_mm - prediction_mm.mean(-2, keepdim=True)
    target = target_mm - target_mm.mean(-2, keepdim=True)
    u, s, vt = torch.linalg.svd(centred.mT @ target)
    signs = torch.ones_like(s)
    if not reflections:
        signs[..., 2] = torch.where(torch.linalg.det(u @ vt) < 0, -1.0, 1.0)
    rotation = (u * signs[..., None, :]) @ vt
    aligned = centred @ rotation
    if scale:
        size = (centred * centred).sum((-2, -1)).clamp(min=1e-12)  # all joints in one place: 0
        aligned = ((s * signs).sum(-1) / size)[..., None, None] * aligned
    return torch.linalg.vector_norm(aligned - target, dim=-1).mean(-1)


# %% [markdown] tags=["predict"]
# **Predict first.** Which of the nine answers have a P-MPJPE of 0? And which would, if reflections
# were allowed, too? Write their names down.

# %% tags=["predict"]
zero_when_aligned = set()  # names of predictions
zero_with_mirrors = set()

# %% tags=["run", "reveal"]
for name, pose_mm in predictions.items():
    plain_mm = p_mpjpe(pose_mm, relative_mm).mean().item()
    mirrored_mm = p_mpjpe(pose_mm, relative_mm, reflections=True).mean().item()
    guess = "you guessed 0" if name in zero_when_aligned else ""
    mirrored_guess = "you guessed 0 with reflections" if name in zero_with_mirrors else ""
    print(f"{name:19s} {plain_mm:6.1f} mm, {mirrored_mm:6.1f} mm with reflections   ", end="")
    print(", ".join(filter(None, (guess, mirrored_guess))))

# %% tags=["check", "nbval-check-output", "reveal"]
forgiven = {n for n, p in predictions.items() if p_mpjpe(p, relative_mm).max() < 1e-6}
assert forgiven == {"truth, leaning", "truth, too large"}, forgiven
mirrored = predictions["truth, mirrored"]
assert p_mpjpe(mirrored, relative_mm, reflections=True).max() < 1e-6
assert p_mpjpe(mirrored, relative_mm).mean() > 50
ours = metrics.p_mpjpe(predictions["lifter"], relative_mm)
assert torch.allclose(p_mpjpe(predictions["lifter"], relative_mm), ours, atol=1e-6)
print("P-MPJPE forgives turn, size and place, and no mirror images: ok")

# %% [markdown]
# **Why no reflections?** The mirrored answer takes front for back, in every joint: the very
# mistake that chapter 3 found hardest to avoid. With reflections allowed it is perfect. Two papers
# of this book (RepNet, ElePose) were scored that way; their numbers are lower for it, by how much
# depends on how often a method confuses front and back.
#
# **Degenerate poses.** What if a network, freshly initialised, puts all joints in one place?
# Reference code divides by zero there and prints `nan`, or stops. Ours is defined: nothing can be
# turned or scaled, so the answer is compared with the middle of the truth.

# %% tags=["check", "nbval-check-output"]
collapsed = torch.zeros_like(relative_mm)
spread_mm = (relative_mm - relative_mm.mean(1, keepdim=True)).norm(dim=-1).mean(-1)
assert torch.allclose(p_mpjpe(collapsed, relative_mm), spread_mm)
assert torch.allclose(metrics.p_mpjpe(collapsed, relative_mm), spread_mm)
assert torch.allclose(metrics.n_mpjpe(collapsed, relative_mm), mpjpe(collapsed, relative_mm))
print("all joints in one place: a number, not nan")

# %% [markdown]
# ## One table
#
# Now all scores of all answers. `metrics.evaluate_all` computes what the cells above compute, and
# averages under a `Protocol`, which has no silent defaults and prints itself.

# %%
by_root = Protocol(
    joints="17",
    root="hip",
    alignment="root",
    scale="metric",
    average="frame",
    frames_per_second=rate,
)
where = dict(clip_of_frame=people.clip_of_frame, actions=[clip.action for clip in people])
scores = {}
for name, pose_mm in predictions.items():
    by_lifter = name.startswith(("lifter", "the same"))  # the others were lent the truth's size
    under = by_root if by_lifter else replace(by_root, scale="true")
    found = metrics.evaluate_all(pose_mm, truth_mm, under, **where)
    scores[name] = {score.metric: score for score in found}
print(next(iter(scores["lifter"].values())))


def grid(columns: list[str], rows: dict[str, list[float]], corner: str = "") -> Markdown:
    """A table of numbers for people; the best of each column is bold (of a %, the largest)."""
    lines = [f"| {corner} | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    best = [
        (max if "%" in c else min)(v)
        for c, v in zip(columns, zip(*rows.values(), strict=True), strict=True)
    ]
    for name, values in rows.items():
        bold = ["**" if abs(v - b) < 0.05 else "" for v, b in zip(values, best, strict=True)]
        cells = [f"{mark}{v:.1f}{mark}" for v, mark in zip(values, bold, strict=True)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return Markdown("\n".join(lines))


# %%
shown = [
    "MPJPE", "N-MPJPE", "P-MPJPE", "PCK@150", "AUC", "velocity error", "bone-length error",
    "symmetry error",
]  # fmt: skip
units = [f"{metric} ({scores['lifter'][metric].unit})" for metric in shown]
grid(units, {name: [s[metric].value for metric in shown] for name, s in scores.items()})

# %% [markdown]
# Read it by columns, and ask of each score *what it cannot see*:
#
# * **P-MPJPE** does not see that somebody leans, or is too large.
# * **N-MPJPE** does not see the size, but it sees the leaning.
# * **PCK** does not see anything below 150 mm: two spoilt truths share its full marks.
# * **velocity** alone sees the jitter for what it is, and finds little wrong with a pose that
#   never moves: the mean pose, standing still, beats the lifter on detections.
# * **bone lengths** and **symmetry** catch the cardboard person and the jittering one, and have
#   nothing against a leaning or a mirrored one. Symmetry needs no truth.

# %%
for name in list(predictions)[:5]:
    for metric in shown:
        number = scores[name][metric]
        facts = dict(data=people.name, split="test", method=name, protocol=number.protocol)
        book.add(metric, number.value, number.unit, **facts)
for name in ("truth, leaning", "truth, jittering", "truth, mirrored"):
    for metric in ("MPJPE", "P-MPJPE", "P-MPJPE, reflections allowed", "velocity error"):
        number = scores[name][metric]
        facts = dict(data=people.name, split="test", method=name, protocol=number.protocol)
        book.add(metric, number.value, number.unit, **facts)

# %% [markdown]
# ## Where a ranking flips
#
# If scores forgive different things, they put predictions in different orders. Each line below is
# one answer; its height is its rank under each score, and lines that cross are pairs whose order a
# change of metric turns round.

# %%
columns = ["MPJPE", "N-MPJPE", "P-MPJPE", "AUC", "velocity error"]
better = {m: -1 if scores["lifter"][m].unit == "%" else 1 for m in columns}
rank = {
    m: sorted(predictions, key=lambda name, m=m: better[m] * scores[name][m].value) for m in columns
}
chart = go.Figure(layout=layout("Who is best depends on who asks", height=340, legend=False))
for number, name in enumerate(predictions):
    colour, dash = CURVES[number % len(CURVES)], DASHES[(number + number // 7) % len(DASHES)]
    places = [rank[m].index(name) + 1 for m in columns]
    chart.add_scatter(
        x=columns, y=places, mode="lines+markers+text", line=dict(color=colour, dash=dash, width=3),
        marker=dict(size=9), text=[f"{scores[name][m].value:.0f}" for m in columns],
        textposition="top center", cliponaxis=False,
    )  # fmt: skip
    chart.add_annotation(
        x=1.0, xref="paper", y=places[-1], text=f"  {name}", xanchor="left", showarrow=False,
        font=dict(color=colour),
    )  # fmt: skip
chart.update_layout(
    margin=dict(l=50, r=150, b=40),
    xaxis=dict(side="bottom", showgrid=False),
    yaxis=dict(autorange="reversed", dtick=1, title="rank (1: best)", gridcolor="#E3E6EA"),
)
figures.show(
    chart,
    alt="Nine lines from left to right, one for each answer, with its rank under five scores. Many "
    "lines cross: the leaning truth, in the lower half by MPJPE, is first by P-MPJPE.",
)


# %%
def flips(one: str, other: str) -> list[tuple[str, str]]:
    """Pairs of predictions that two metrics put in opposite order."""
    value = lambda name, m: better[m] * scores[name][m].value  # noqa: E731
    return [
        (a, b)
        for a, b in combinations(predictions, 2)
        if (value(a, one) - value(b, one)) * (value(a, other) - value(b, other)) < -1e-6  # no ties
    ]


pairs = math.comb(len(predictions), 2)
for metric in columns[1:]:
    print(
        f"{len(flips('MPJPE', metric)):2d} of {pairs} pairs change order between MPJPE and {metric}"
    )

# %% tags=["check", "nbval-check-output"]
a, b = scores["truth, jittering"], scores["truth, leaning"]
assert a["MPJPE"].value < b["MPJPE"].value, "A wins as it stands"
assert a["P-MPJPE"].value > b["P-MPJPE"].value, "A loses, aligned"
assert a["velocity error"].value > b["velocity error"].value, "A loses, in motion"
print("A beats B by MPJPE and loses to B by P-MPJPE and velocity: ok")

# %% [markdown]
# The score that sees time turns the most pairs round: answers that hardly move, or move smoothly
# in the wrong place, overtake better ones that tremble. In real life it is about the second and
# the third answer. Smoothing takes out most of the trembling that a detector brings, while the
# joint error moves far less. A table that prints MPJPE alone can hardly tell these two apart;
# anyone who watches the film can.

# %%
for metric in ("MPJPE", "P-MPJPE", "velocity error"):
    plain, smoothed = (scores[n][metric] for n in ("lifter, detected 2D", "the same, smoothed"))
    print(f"{metric:15s} {plain.value:6.2f} -> {smoothed.value:6.2f} {plain.unit} when smoothed")

# %% [markdown]
# ## The same prediction under other protocols
#
# From here on there is **one** prediction, the lifter's, and only the protocol changes.
#
# **Which joints.** About the hip, the hip itself is always right. Whoever counts it (17 joints)
# divides by 17 what others (16 joints) divide by 16. Martinez, and VideoPose3D after it, count it.

# %% [markdown] tags=["predict"]
# **Predict first.** By what factor do the two differ, for any prediction whatever?

# %% tags=["predict"]
factor_guess = None  # (17-joint score) / (16-joint score)

# %% tags=["check", "nbval-check-output", "reveal"]
for pose_mm in predictions.values():
    with_hip = metrics.score(pose_mm, truth_mm, by_root)
    without_hip = metrics.score(pose_mm, truth_mm, replace(by_root, joints="16"))
    assert abs(with_hip / without_hip - 16 / 17) < 1e-9
print("counting the hip: a free 6 %")

# %%
rigid = replace(by_root, alignment="procrustes")
protocols = {
    "MPJPE, 17 joints": by_root,
    "MPJPE, 16 joints": replace(by_root, joints="16"),
    "MPJPE, 14 joints": replace(by_root, joints="14"),
    "MPJPE, wrists only": replace(by_root, joints=("left_wrist", "right_wrist")),
    "MPJPE, mean of actions": replace(by_root, average="action"),
    "MPJPE, about the thorax": replace(by_root, root="thorax"),
    "N-MPJPE": replace(by_root, scale="least_squares"),
    "N-MPJPE, ratio of norms": replace(by_root, scale="norm_ratio"),
    "P-MPJPE, without scale": rigid,
    "P-MPJPE": replace(rigid, scale="least_squares"),
    "P-MPJPE, 14 joints": replace(rigid, scale="least_squares", joints="14"),
    "P-MPJPE, mirrors allowed": replace(
        rigid, scale="least_squares", alignment="procrustes_reflected"
    ),
}
one = predictions["lifter"]
values_mm = {name: metrics.score(one, truth_mm, p, **where) for name, p in protocols.items()}
figures.show(
    figures.bars(values_mm, unit="mm", title="One prediction, twelve scores"),
    alt="Twelve bars for the same prediction. The wrists alone score worst; the fully aligned scores are "
    "far below the plain MPJPE.",
)

# %% [markdown]
# Nothing was retrained between these bars. When two papers differ by a few millimetres, any of
# these gaps may be the reason.
#
# **Whose scale.** A picture does not say how large a person is (chapter 3). The shipped lifter
# says so: it draws everybody at average size. What its MPJPE has above its N-MPJPE is the price of
# that. Papers that lend the prediction the truth's size (a known skeleton, the true depth of the
# root) do not pay it; the protocol must say so.
#
# **N-MPJPE has three readings**, and two agree only while the hip is at 0:

# %% tags=["check", "nbval-check-output"]
least, ratio = n_mpjpe(one, relative_mm), n_mpjpe(one, relative_mm, rule="norm_ratio")
assert torch.allclose(least, metrics.n_mpjpe(one, relative_mm))
assert torch.allclose(ratio, metrics.n_mpjpe_norm_ratio(one, relative_mm))
assert torch.allclose(least, metrics.n_mpjpe_uncentred(one, relative_mm)), "hip at 0: the same"
away_mm = torch.tensor([0.0, 0.0, 5000.0], dtype=torch.float64)
shifted = metrics.n_mpjpe_uncentred(one + away_mm, relative_mm + away_mm)
assert not torch.allclose(least, shifted, atol=1.0), "hip 5 m away: another number"
print("least squares, norm ratio, uncentred: three numbers")

# %% [markdown]
# ### The mean of what?
#
# Human3.6M's fifteen actions are not equally long, so the mean over all frames and the mean of
# fifteen action means differ. Our synthetic actions are equally long; so, to see it, suppose that
# nine frames of ten of the lifter's hardest action were lost. (In Human3.6M, one sequence of S11
# is damaged; most papers drop it, some do not.)

# %%
by_action = metrics.evaluate_all(one, truth_mm, by_root, **where)[0].by_action
worst = max(by_action, key=by_action.get)
position = torch.cat([torch.arange(len(clip)) for clip in people])  # of each frame in its clip
hard = torch.tensor([clip.action == worst for clip in people])[people.clip_of_frame]
kept = ~hard | (position % 10 == 0)
part = where | dict(clip_of_frame=people.clip_of_frame[kept])
for average in ("frame", "action"):
    under = replace(by_root, average=average)
    whole = metrics.score(one, truth_mm, under, **where)
    less = metrics.score(one[kept], truth_mm[kept], under, **part)
    print(f"mean over {average}s: {whole:.1f} mm; with a tenth of {worst}: {less:.1f} mm")

# %% [markdown]
# The action mean hardly notices; the frame mean improves, although the lifter is what it was. This
# is also why a training log and a result table of the same code may disagree: VideoPose3D logs
# frame means and reports action means.
#
# ### Per frame, or per second?
#
# A velocity error of a film at 50 frames/s and of the same film at 10 frames/s: which is larger?
# It depends on what is wrong.

# %%
rows = {}
for name in ("lifter", "truth, jittering", "truth, too large"):
    rows[name] = []
    for every in (1, 2, 5):
        picked = position % every == 0
        step_mm = metrics.velocity_error(
            predictions[name][picked], relative_mm[picked], people.clip_of_frame[picked]
        )
        step_mm = step_mm.nanmean().item()
        rows[name] += [step_mm, step_mm * rate / every]
heads = [f"{rate / n:g} fps, {unit}" for n in (1, 2, 5) for unit in ("mm/frame", "mm/s")]
grid(heads, rows, corner="velocity error")

# %% [markdown]
# Jitter is a matter of frames: per frame it stays the same at any rate, per second it falls as the
# rate does. A wrong size is a matter of motion: per second it stays the same, per frame it grows
# as the rate falls. So a velocity error without its frame rate says nothing, and one per frame
# cannot be converted to another rate.

# %% [markdown]
# ## What the input costs
#
# Papers also differ in what they fed the network. Here the same lifter gets the same people as
# other joint sets mark them: the marks are exact, but some of our joints must be invented (chapter
# 2). Then each joint is out of sight in one clip of ten; then a detector makes its errors.


# %%
def some_missing(clip: datasets.Clip) -> datasets.Clip:
    """Each joint is lost for the whole clip with a chance of one in ten."""
    lost = torch.rand(len(clip.skeleton), generator=generator) < 0.1
    return replace(
        clip,
        keypoints_px=clip.keypoints_px.masked_fill(lost[:, None], torch.nan),
        confidence=clip.confidence.masked_fill(lost, 0.0),
    )


inputs = {
    "exact marks": lambda clip: clip,
    "a joint in ten unseen": some_missing,
    "a detector's errors": lambda clip: detector_errors.detect(clip, generator),
}
by_shape = replace(by_root, alignment="procrustes", scale="least_squares", frames_per_second=None)
costs = {}
for skeleton in (HOUSE, COCO_17, BODY_25, MPII_16, LSP_14):
    marked = [layouts.in_layout(clip, skeleton) for clip in people]
    costs[skeleton.name] = []
    for condition, spoil in inputs.items():
        lifted_mm = torch.cat([lifter.lift(spoil(clip)).pose_mm.double() for clip in marked])
        value_mm = metrics.score(lifted_mm, truth_mm, by_shape, leave_out=True)
        costs[skeleton.name].append(value_mm)
        facts = dict(data=people.name, split="test", protocol=f"{by_shape}, {condition}")
        book.add(f"P-MPJPE, {condition}", value_mm, "mm", method=skeleton.name, **facts)
grid([f"{name} (mm)" for name in inputs], costs, corner="P-MPJPE of the lifter")

# %% [markdown]
# Joints that have to be invented cost this lifter little, since it was trained with such inputs.
# Joints that are not there, and a detector's errors, cost far more. "2D ground truth" and
# "detections" are different sports. So are a detector trained on the very data set and one that
# never saw it. Put the input into the protocol, too.

# %% [markdown] tags=["result"]
# ## The result, and the papers'
#
# The lifter beside what needs no learning, under one protocol:

# %%
table = [n for n in book.numbers if n.metric in ("MPJPE", "N-MPJPE", "P-MPJPE", "velocity error")]
table = [n for n in table if not n.method.startswith("truth")]
Markdown(results.table(table))

# %% [markdown]
# And published numbers, mm, on Human3.6M, S9 and S11. Every row is a correct report. Read the
# columns before the numbers.
#
# | who | 2D input | frames | joints | averaged over | extras | MPJPE | P-MPJPE |
# |---|---|---|---|---|---|---|---|
# | Martinez 2017 | ground truth | 1 | 17 with the hip | 15 actions | | 45.5 | |
# | Martinez 2017 | hourglass, fine-tuned | 1 | 17 with the hip | 15 actions | | 62.9 | |
# | the same, by MMPose | ground truth | 1 | 17 | | no max-norm | 43.4 | 34.3 |
# | Pavllo 2019 | CPN, fine-tuned | 1 | 17 with the hip | 15 actions | flipped copy averaged in | 51.8 | 40.0 |
# | Pavllo 2019 | CPN, fine-tuned | 243 | 17 with the hip | 15 actions | flipped copy averaged in | 46.8 | 36.5 |
# | Pavllo 2019 | ground truth | 243 | 17 with the hip | 15 actions | flipped copy averaged in | 37.2 | 27.2 |
# | the same, by MMPose | CPN | 243 | 17 | | S11 Directions kept, no flip | 47.9 | 38.0 |
# | the same, by MMPose | ground truth | 243 | 17 | | S11 Directions kept, no flip | 37.6 | 28.3 |
#
# Sources: 45.5 and 62.9 as listed by two later repositories (weigq/3d_pose_baseline_pytorch and
# EvoSkeleton); Pavllo's from the official repository's README, the single frame from public
# listings; MMPose's from its model zoo. "Protocol 1" and "Protocol 2" usually mean MPJPE and
# P-MPJPE; in some papers they mean other sets of subjects. So, the question of the hook, is 46.8
# better than 45.5? They answer different questions. With detections (of another detector, and 243
# frames of them) the like of 46.8 is 62.9; on ground truth, the like of 45.5 is 37.2.

# %% [markdown] tags=["ablation"]
# ## Take the forgiveness away
#
# How much of the lifter's error is place, size, turn, and how much is shape? Grant one freedom
# after another, and see what each one was hiding.

# %%
freedoms_mm = {
    "hip on hip": values_mm["MPJPE, 17 joints"],
    "hip on hip, best size": values_mm["N-MPJPE"],
    "best turn and shift, own size": values_mm["P-MPJPE, without scale"],
    "best turn, shift and size": values_mm["P-MPJPE"],
    "best turn, shift and size, or its mirror image": values_mm["P-MPJPE, mirrors allowed"],
}
figures.show(
    figures.bars(freedoms_mm, unit="mm", title="What alignment forgives this lifter"),
    alt="Five bars: granting the best size, or the best turn, takes a part of the error away; granting "
    "both leaves little more than half of it; mirror images take nothing more.",
)

# %% [markdown]
# Size and turn take about as much each: the lifter draws everybody at average size, and cannot see
# exactly how a person leans. What is left when both are granted is shape. That mirror images take
# nothing more away says that this lifter hardly ever takes front for back in a whole body.

# %% [markdown] tags=["failures"]
# ## Failures, named by what would forgive them
#
# The lifter's worst frames, one of each clip, in the layout of all chapters. The caption says
# which freedom would take most of the error away; what none of them takes away is the shape
# itself.

# %%
stages = {
    "wrong size": metrics.n_mpjpe(one, relative_mm),
    "turned as a whole": metrics.p_mpjpe(one, relative_mm, scale=False),
    "turned, and of the wrong size": metrics.p_mpjpe(one, relative_mm),
}
plain_mm = mpjpe(one, relative_mm)
apart_mm = torch.linalg.vector_norm(one - relative_mm, dim=-1)


def cause(frame: int) -> str:
    """The first single freedom that halves the error; else the joint that is furthest off."""
    for name, rest_mm in stages.items():
        if rest_mm[frame] < 0.5 * plain_mm[frame]:
            return name
    return f"wrong shape, {HOUSE.joints[apart_mm[frame].argmax()].replace('_', ' ')} most"


figures.show(
    figures.gallery(
        one,
        relative_mm,
        people.keypoints_px,
        plain_mm,
        cause,
        clip_of_frame=people.clip_of_frame,
        title="The shipped lifter's worst frames, by MPJPE",
    ),
    alt="Six people with the lifted pose over the dashed truth, seen from the side, and beside each the "
    "2D input.",
)

# %% [markdown]
# ## What is not predicted
#
# One more decision hides in papers: what happens to frames in which the detector found nobody?
# Left out silently, they make a method better the more often it gives up. Here they are an error
# until you say so, and then the number says so.

# %%
gave_up = one.clone()
gave_up[: len(one) // 10] = torch.nan
try:
    metrics.score(gave_up, truth_mm, by_root)
except InputError as error:
    print("refused:", error)
print(metrics.evaluate_all(gave_up, truth_mm, by_root, leave_out=True)[0])

# %% [markdown]
# ## Exercises
#
# **1 · code · easy.** Make the lifter's MPJPE smaller without learning anything about poses: find the one factor
# by which to multiply *all* its poses. Then say what that does to its N-MPJPE.

# %% tags=["exercise"]
factors = torch.linspace(0.8, 1.3, 51, dtype=torch.float64)
best_factor = None  # the factor with the smallest MPJPE

# %% tags=["solution"]
tried_mm = torch.stack([mpjpe(f * one, relative_mm).mean() for f in factors])
best_factor = factors[tried_mm.argmin()].item()
before_mm, after_mm = mpjpe(one, relative_mm).mean(), tried_mm.min()
print(f"times {best_factor:.2f}: {before_mm:.1f} -> {after_mm:.1f} mm MPJPE")
same = n_mpjpe(best_factor * one, relative_mm).mean() - n_mpjpe(one, relative_mm).mean()
print(f"N-MPJPE changes by {same.abs():.4f} mm. (The factor was found on the test set: do not.)")

# %% tags=["exercise_check"]
check("5.1")

# %% [markdown]
# **2 · derive · easy.** A paper reports 49.0 mm over 17 joints, "root-aligned". Yours has 51.5 mm over 16. Whose
# is better?

# %% tags=["exercise"]
theirs_over_16_mm = None

# %% tags=["solution"]
theirs_over_16_mm = 49.0 * 17 / 16
print(f"theirs over 16 joints: {theirs_over_16_mm:.1f} mm, so yours, at 51.5, is better")

# %% tags=["exercise_check"]
check("5.2")

# %% [markdown]
# **3 · break it · hard.** Construct a prediction that beats `truth, jittering` under each of the five scores of the
# chart "Who is best depends on who asks", and is useless all the same: nobody could use it to steer a game, or to
# catch a fall, as it happens. It is useless if it is further off than `truth, jittering` where people move most.

# %% tags=["exercise"]
cheat_mm = None  # (frames, 17, 3)

# %% tags=["solution"]
# The truth of a fifth of a second ago: hardly off in any frame, smooth, with perfect bones, and
# always late. Every score of this chapter compares frame with frame; none asks "when".
lag = round(rate / 5)
cheat_mm = relative_mm[torch.arange(len(position)) - position.clamp(max=lag)]
cheat = {s.metric: s for s in metrics.evaluate_all(cheat_mm, truth_mm, by_root, **where)}
for metric in columns:
    print(f"{metric:15s} {cheat[metric].value:6.1f}, jittering {a[metric].value:6.1f}")

# %% tags=["exercise_check"]
check("5.3")

# %% [markdown]
# **4 · recall · medium.** A prediction is the truth, except that each pose is turned by 90° about the vertical. Which
# of the eight scores of the table do not notice?

# %% tags=["exercise"]
notice_nothing = None  # a set of names, such as {"MPJPE"}

# %% tags=["solution"]
notice_nothing = {"P-MPJPE", "bone-length error", "symmetry error"}

# %% tags=["exercise_check"]
check("5.4")

# %% [markdown]
# ## The checklist
#
# Keep it beside you when you read a table, and fill it in when you write one.
#
# 1. **Joints.** How many, which, and is the root counted? (Free 6 %.)
# 2. **Root.** Which joint is at 0? Is the prediction's own root put there, or left where it is?
# 3. **Alignment.** Root, turn, turn and scale? Per frame or per clip? Reflections?
# 4. **Scale.** The method's own millimetres, the truth's, or the best fit? Which N-MPJPE?
# 5. **Average.** Frames, or actions, or subjects? All frames, every 5th, every 64th? What was
# dropped?
# 6. **Not predicted.** Counted, left out, or filled in?
# 7. **Input.** True 2D or detected, by what, trained on what? Boxes, too? How many frames, future
# ones?
# 8. **Help at test time.** Flipped copies, intrinsics, bone lengths, depth of the root?
# 9. **Velocity.** Per frame or per second, at what rate?
# 10. **Selection.** Was the checkpoint chosen on the test set?
#
# `print(protocol)` answers 1 to 5 and 9; the rest has to be said in words.

# %% [markdown]
# ## What to take away
#
# * A score is a prediction, a truth and a protocol. Two scores may be compared if the third
#   agrees.
# * P-MPJPE is ten lines; the line about reflections matters.
# * Every score forgives something. Print at least one that sees place and size, one that sees
#   shape, and, for films, one that sees time.
#
# **What one should not conclude.** That MPJPE is bad and P-MPJPE good, or the other way round:
# they answer different questions. Nor that the flips above are the rule: between two *good*
# lifters the scores mostly agree. Nor that millimetres on synthetic people say much about real
# ones.
#
# **References.** Ionescu et al., *Human3.6M*, TPAMI 2014,
# [10.1109/TPAMI.2013.248](https://doi.org/10.1109/TPAMI.2013.248) · Martinez et al., *A simple yet
# effective baseline*, ICCV 2017, [10.1109/ICCV.2017.288](https://doi.org/10.1109/ICCV.2017.288) ·
# Pavllo et al., *3D human pose estimation in video*, CVPR 2019,
# [10.1109/CVPR.2019.00794](https://doi.org/10.1109/CVPR.2019.00794) · Rhodin et al., *Unsupervised
# geometry-aware representation* (N-MPJPE), ECCV 2018,
# [10.48550/arXiv.1804.01110](https://doi.org/10.48550/arXiv.1804.01110) · Mehta et al.,
# *Monocular 3D human pose estimation in the wild* (3D PCK, AUC), 3DV 2017,
# [10.1109/3DV.2017.00064](https://doi.org/10.1109/3DV.2017.00064) · Umeyama, *Least-squares
# estimation of transformation parameters*, TPAMI 1991,
# [10.1109/34.88573](https://doi.org/10.1109/34.88573).
