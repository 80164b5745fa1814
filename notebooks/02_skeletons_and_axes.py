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
#     id: skeletons_and_axes
#     title: Joints, sides and axes
#     level: beginner
#     prerequisites: [quickstart]
#     minutes: {ci: 0.2, laptop: 0.5, full: 0.5}
#     device: cpu
#     data: [synthetic]
#     paper: 10.1109/TPAMI.2013.248
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 2 · Joints, sides and axes
#
# A detector hands you seventeen points. A lifter wants seventeen points. You plug one into the
# other, nothing complains, and the person in 3D has an ear where the hip should be. **What went
# wrong, and how could you have noticed?**
#
# It is the commonest bug of this field, and it never raises an exception: two arrays of the same
# shape that mean different things. Towards the end of this chapter stands a picture of it. First the
# four things that have to agree: names, sides, axes and units.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * name the seventeen joints of this book's skeleton, and find any of them without a bare number;
# * say whose left is left, in the world and in the picture;
# * move a pose between a camera's axes (x right, y down, z forward) and the world's (z up);
# * turn another joint set (COCO, MPII, LSP, OpenPose) into ours, and say which joints were
#   *invented* on the way and what that costs in millimetres;
# * write the checks that catch a wrong joint order before it costs you a week.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "cpu"
out_dir = None  # None: runs/skeletons_and_axes/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
step = None  # use every step-th frame; None: as the profile says

# %%
import torch
from torch import Tensor

from posebook import datasets, figures, geometry, metrics, results
from posebook.course import check, guessed
from posebook.datasets import layouts
from posebook.skeletons import (
    BODY_25,
    COCO_17,
    HOUSE,
    LSP_14,
    MPII_16,
    OPENPOSE_COCO_18,
    conversion,
)

book = results.Results("skeletons_and_axes", out_dir, profile=profile, seed=seed, device=device)
step = step or {"ci": 50, "laptop": 10, "full": 5}[profile]
people = datasets.load(data, root=root, split="test", keypoints=keypoints, seed=seed)
clip = people.where(lambda clip: clip.action == "Walking").clips[0].every(10)
print(f"{people.name}: {len(people.clips)} clips, {len(people)} frames; here: {clip.name}")

# %% [markdown]
# ## A person, as data
#
# Before any formula, look at one. The person walks past a camera; the truth in 3D is known because
# the data are made, not measured (chapter 4 says how). Warm lines with round joints are the
# person's own **left**; cool lines with square joints are the person's own **right**.

# %%
moment = len(clip) // 2
figures.show(
    figures.pose_2d(
        clip.keypoints_px[moment], size_px=clip.size_px, names=True, title="What the camera sees"
    ),
    alt="Seventeen named joints of a walking person in a square picture, left side warm, right side cool.",
)

# %%
figures.show(
    figures.pose_3d(clip.pose_mm[moment], title="Where the joints are, in the camera's axes"),
    alt="The same walking person as a stick figure in space, with axes in millimetres.",
)

# %% [markdown] tags=["notation"]
# ## Names, shapes, units
#
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $X$ | `pose_mm` | (frames, 17, 3) | mm | joints in a camera's axes: x right, y down, z forward |
# | $P$ | `world_mm` | (frames, 17, 3) | mm | joints in the world: right-handed, z up |
# | $x$ | `keypoints_px` | (frames, 17, 2) | px | joints in the picture: x right, y down, origin top left |
# | $W$ | `weights` | (target joints, source joints) | none | a conversion between two joint sets |
#
# Two rules hold in the whole book. **Every length in 3D is in millimetres**, and the name says so.
# **Joints have names**: an array has none, so a `Skeleton` keeps them beside it, in the array's
# order, with each joint's parent. You ask it for a place, and never write the place yourself.
#
# The skeleton that the whole book uses is called `HOUSE`. It has the seventeen joints of Human3.6M:

# %%
for joint, parent in zip(HOUSE.joints, HOUSE.parents, strict=True):
    print(f"{HOUSE.index(joint):2d}  {joint:15s} hangs on {parent or '(nothing: it is the root)'}")

# %% [markdown]
# ## Whose left?
#
# *Left* is always the person's own left. A picture has no such notion: a person who faces the
# camera has the left hand on the right-hand side of the picture.

# %% [markdown] tags=["predict"]
# **Predict first.** Of all frames of these data, in what share is the person's left shoulder
# further to the *right* in the picture than the right shoulder: about 0.1, 0.5 or 0.9? Four cameras
# stand around the person. Put your guess in `guess`.

# %% tags=["predict"]
guess = None  # your guess, between 0 and 1

# %% tags=["run", "reveal"]
seen = people.every(step)
left, right = HOUSE.indices("left_shoulder", "right_shoulder")
crossed = (seen.keypoints_px[:, left, 0] > seen.keypoints_px[:, right, 0]).float().mean().item()
print(f"left shoulder on the picture's right in {crossed:.0%} of the frames; {guessed(guess)}")

# %% [markdown]
# With cameras all around, people face us as often as they turn their backs. So "left is where x is
# small" is as good as a coin, and a detector that confuses the sides makes an error that no look at
# one joint can reveal.
#
# **Mirroring.** A mirrored person is a possible person, so flipping doubles the training data. But
# a mirror exchanges sides: x changes its sign *and* left and right joints change places. Whoever
# forgets the second half trains on people whose left arm is called right.


# %%
def flip(pose: Tensor) -> Tensor:
    """Mirror a root-relative pose (..., 17, 3): x changes sign, left and right change places."""
    flipped = pose[..., list(HOUSE.mirror), :].clone()
    flipped[..., 0] *= -1
    return flipped


relative_mm = geometry.root_relative(clip.pose_mm, HOUSE)
half_flipped_mm = relative_mm * torch.tensor([-1.0, 1.0, 1.0])

# %% tags=["check", "nbval-check-output"]
assert torch.equal(flip(flip(relative_mm)), relative_mm), "two mirrors must cancel"
assert torch.equal(flip(relative_mm), HOUSE.flip(relative_mm))
lengths_mm = geometry.bone_lengths(relative_mm, HOUSE)
assert torch.allclose(geometry.bone_lengths(flip(relative_mm), HOUSE).sum(-1), lengths_mm.sum(-1))
print("flip: ok")

# %% [markdown]
# ## Two sets of axes
#
# A camera looks along its own z; its x is to the right and its y **down**, as rows of a picture are
# counted. Motion capture stands on a floor, so its z is **up**. Between them lie a rotation $R$ and
# the place $C$ of the camera: $X = R\,(P - C)$, and back, $P = R^\top X + C$.
#
# The check below uses what cannot depend on axes: distances, and which way is up.

# %%
camera = clip.camera
world_mm = camera.to_world(clip.pose_mm)
print("camera axes, head of frame 0:", clip.pose_mm[0, HOUSE.index("head")].round().tolist(), "mm")
print("world axes,  head of frame 0:", world_mm[0, HOUSE.index("head")].round().tolist(), "mm")

# %% tags=["check", "nbval-check-output"]
assert torch.allclose(camera.to_camera(world_mm), clip.pose_mm, atol=0.01)
assert torch.allclose(torch.linalg.det(camera.rotation), torch.ones((), dtype=torch.float64))
head, foot = HOUSE.indices("head", "left_foot")
assert (world_mm[:, head, 2] > world_mm[:, foot, 2]).all(), "in the world, up is +z"
assert (clip.pose_mm[:, head, 1] < clip.pose_mm[:, foot, 1]).all(), "in the camera, down is +y"
print("axes: ok")

# %%
figures.show(
    figures.pose_3d(world_mm[moment], frame="world", title="The same person in the world's axes"),
    alt="The walking person upright over a floor grid, vertical axis z up, in millimetres.",
)

# %% [markdown]
# ## From their joints to ours
#
# COCO marks ears, eyes and a nose, but neither pelvis nor spine; MPII marks a pelvis but no spine;
# LSP has fourteen joints. To use any of them we need our seventeen. A joint of the same name is
# copied. A missing one is **invented** from others: the pelvis, for one, as the point half way
# between the hips.
#
# All of that is one matrix. Row $i$ of $W$ says of which source joints the target joint $i$ is
# made, and with what weights:
#
# $$ y_i = \sum_j W_{ij}\,x_j, \qquad \sum_j W_{ij} = 1 .$$
#
# That each row sums to one is what makes the conversion honest: move the person by $t$, and every
# converted joint moves by $t$ too. The same matrix serves 2D and 3D, since a weighted mean of
# points projects (almost) to the weighted mean of their pictures.


# %% tags=["core"]
def conversion_weights(source: list[str], target: list[str], rules: dict) -> Tensor:
    """The matrix (target joints, source joints) that turns one joint set into another.

    rules  {target joint: [{source joint: weight}, ...]}; the first whose joints all exist is used
    A target joint without a namesake or a rule gets a row of zeros: it cannot be had.
    """
    weights = torch.zeros(len(target), len(source), dtype=torch.float64)
    for row, joint in enumerate(target):
        namesake = [{joint: 1.0}] if joint in source else []
        for rule in namesake + rules.get(joint, []):
            if all(needed in source for needed in rule):
                for needed, weight in rule.items():
                    weights[row, source.index(needed)] = weight
                break
    return weights


# %% [markdown]
# Here are rules that anybody would try for the joints that COCO does not mark: the nose stands for
# neck/nose, and the top of the head lies above the ears, on the line that comes from the shoulders.
# The book's own table, `posebook.skeletons.conversion`, has the same form; its weights for the head
# were fitted, so that they land as near as a weighted mean can.

# %%
between = {"left_hip": 0.25, "right_hip": 0.25, "left_shoulder": 0.25, "right_shoulder": 0.25}
simple_rules = {
    "hip": [{"left_hip": 0.5, "right_hip": 0.5}],
    "spine": [between],
    "thorax": [{"left_shoulder": 0.5, "right_shoulder": 0.5}],
    "neck_nose": [{"nose": 1.0}],
    "head": [
        {"left_ear": 0.75, "right_ear": 0.75, "left_shoulder": -0.25, "right_shoulder": -0.25}
    ],
}
weights = conversion_weights(list(COCO_17.joints), list(HOUSE.joints), simple_rules)
print(conversion(COCO_17, HOUSE).describe())

# %% tags=["check", "nbval-check-output"]
torch.manual_seed(0)
points = torch.randn(5, 17, 3, dtype=torch.float64)
shift = torch.tensor([10.0, -20.0, 30.0], dtype=torch.float64)
assert torch.allclose(weights.sum(-1), torch.ones(17, dtype=torch.float64))
assert torch.allclose(weights @ (points + shift), weights @ points + shift)
same = conversion_weights(list(HOUSE.joints), list(HOUSE.joints), {})
assert torch.equal(same, torch.eye(17, dtype=torch.float64)), "ours to ours must change nothing"
print("conversion: ok")

# %% [markdown]
# ## What the conversion costs
#
# The synthetic person lets us measure it. We mark the person as each data set would (its nose, eyes
# and ears are built on the 3D head), convert back, and look how far each joint lands from the
# truth. Copied joints cost nothing; invented ones cost what is printed.
#
# Beside it stands the mistake of the hook: COCO's seventeen joints taken for ours, unconverted.

# %%
truth_mm = seen.pose_mm
protocol = metrics.Protocol(
    joints=HOUSE.joints, skeleton=HOUSE, root=None, alignment="none", scale="true", average="frame"
)
everything = dict(protocol=protocol, data=seen.name, split="test")
invented_mm = {}
for layout in (COCO_17, BODY_25, OPENPOSE_COCO_18, MPII_16, LSP_14):
    marked_mm = layouts.landmarks(truth_mm, layout)
    convert = conversion(layout, HOUSE)
    converted_mm, _ = convert(marked_mm)
    distance_mm = torch.linalg.vector_norm(converted_mm - truth_mm, dim=-1).mean(0)
    invented_mm[layout.name] = {j: distance_mm[HOUSE.index(j)].item() for j in convert.invented}
    book.add("MPJPE", distance_mm.mean(), "mm", method=f"{layout.name}, converted", **everything)
    worst = max(invented_mm[layout.name], key=invented_mm[layout.name].get)
    print(
        f"{layout.name:17s} worst invented joint: {worst}, {distance_mm[HOUSE.index(worst)]:.0f} mm"
    )

coco_mm = layouts.landmarks(truth_mm, COCO_17)
unconverted_mm = torch.linalg.vector_norm(coco_mm - truth_mm, dim=-1).mean()
book.add("MPJPE", unconverted_mm, "mm", method="coco_17, taken for ours", **everything)
book

# %% [markdown] tags=["result"]
# Converted sets land within a centimetre in the mean over all joints; a set taken for another is off
# by more than the length of a torso. And yet nothing in the arrays' shapes told them apart. This is how the
# mistake looks:

# %%
figures.show(
    figures.overlay(
        coco_mm[0],
        truth_mm[0],
        title="COCO's joints, read as if they were ours",
        note="Black: the truth. The points are right; their names are wrong.",
    ),
    alt="A tangle of warm and cool lines beside the black, dashed skeleton of a standing person.",
)

# %% [markdown] tags=["failures"]
# ## Failures: where inventing goes worst
#
# Each invented joint is a guess about anatomy, so it fails where this person's posture is unlike the
# average one: the spine when the back bends, the top of the head when the head is lowered. These are
# the worst poses after conversion from COCO, in the layout that every chapter uses for its failures. Look
# at the dashed truth beside the grey spine: averaged over seventeen joints it is a few millimetres.

# %%
converted_mm, _ = conversion(COCO_17, HOUSE)(coco_mm)
error_mm = torch.linalg.vector_norm(converted_mm - truth_mm, dim=-1).mean(-1)
figures.show(
    figures.gallery(
        geometry.root_relative(converted_mm, HOUSE),
        geometry.root_relative(truth_mm, HOUSE),
        seen.keypoints_px,
        error_mm,
        clip_of_frame=seen.clip_of_frame,
    ),
    alt="Six poses with bent backs: the invented spine and head stand off from the black truth.",
)

# %% [markdown] tags=["ablation"]
# ## Take one thing away
#
# Take the fitted weights away, and use the rules that anybody would try. Two joints of seventeen
# change, so the mean over joints moves little; the joints themselves move a lot. Means hide such things.

# %%
plain_mm = torch.linalg.vector_norm(weights.to(coco_mm) @ coco_mm - truth_mm, dim=-1).mean(0)
book.add("MPJPE", plain_mm.mean(), "mm", method="coco_17, plain rules", **everything)
figures.show(
    figures.bars(
        {
            f"{joint}, {rules}": values[joint]
            for joint in ("head", "neck_nose")
            for rules, values in {
                "fitted": invented_mm["coco_17"],
                "plain": {j: plain_mm[HOUSE.index(j)].item() for j in HOUSE.joints},
            }.items()
        },
        unit="mm",
        title="Distance of two invented joints from the truth",
    ),
    alt="Four bars: for head and neck/nose, the plain rules land further away than the fitted ones.",
)

# %% [markdown]
# ## Exercises
#
# **1 · code · easy.** HumanEva's skeleton has fifteen joints; its `pelvis` is our hip, and it has `neck` and
# `head`, but no spine. Write the rules that turn it into our seventeen.

# %% tags=["exercise"]
humaneva = [
    "pelvis", "neck", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow",
    "right_wrist", "left_hip", "left_knee", "left_foot", "right_hip", "right_knee", "right_foot",
    "head",
]  # fmt: skip
humaneva_rules = {}  # fill in: hip, spine, thorax, neck_nose

# %% tags=["solution"]
humaneva_rules = {
    "hip": [{"pelvis": 1.0}],
    "spine": [{"pelvis": 0.5, "neck": 0.5}],
    "thorax": [{"neck": 1.0}],
    "neck_nose": [{"neck": 0.5, "head": 0.5}],
}

# %% tags=["exercise_check"]
check("2.1")

# %% [markdown]
# **2 · code · medium.** You are handed an array of 17 key points and no names. Write a check that tells COCO's order
# from ours. (Which of our joints is always in the middle between two others?)


# %% tags=["exercise"]
def looks_like_ours(points: Tensor) -> float:
    """Share of the frames (frames, 17, 2 or 3) in which the joints seem to be in our order."""
    return float("nan")  # your check


# %% tags=["solution"]
def looks_like_ours(points: Tensor) -> float:
    """In our order the hip lies half way between the two hips, whatever the pose."""
    hip, left, right = (points[:, i] for i in HOUSE.indices("hip", "left_hip", "right_hip"))
    off = torch.linalg.vector_norm(hip - (left + right) / 2, dim=-1)
    apart = torch.linalg.vector_norm(points.amax(1) - points.amin(1), dim=-1)
    return (off < 0.01 * apart).float().mean().item()


print(f"ours: {looks_like_ours(truth_mm):.2f}, COCO's: {looks_like_ours(coco_mm):.2f}")

# %% tags=["exercise_check"]
check("2.2")

# %% [markdown]
# **3 · recall · easy.** Somebody stands before a level camera and faces it. The left arm is stretched and 550 mm
# long. First it points straight to the person's left, then straight up. Where is the left wrist as seen from the
# left shoulder, in the camera's axes?

# %% tags=["exercise"]
sideways_mm, upwards_mm = None, None  # (x, y, z) each

# %% tags=["solution"]
sideways_mm, upwards_mm = (550, 0, 0), (0, -550, 0)  # y counts down

# %% tags=["exercise_check"]
check("2.3")

# %% [markdown]
# **4 · derive · medium.** The plain rule makes the top of the head of two ears, with the weight 0.75 each, and two
# shoulders, with -0.25 each. Suppose that whoever marks these four joints errs at each by 8 mm along each axis
# (standard deviation; the four errors are independent). By how much does the top of the head err along each axis?

# %% tags=["exercise"]
head_std_mm = None

# %% tags=["solution"]
head_std_mm = 8 * (2 * 0.75**2 + 2 * 0.25**2) ** 0.5  # variances add, each times its weight squared
# More than a marked joint: the rule reaches beyond its marks. One that stays between them, as the
# hip's, errs by less than they do.

# %% tags=["exercise_check"]
check("2.4")

# %% [markdown]
# **5 · break it · medium.** A colleague keeps only two of the chapter's tests of `flip`: two flips cancel, and the
# bones add up to what they did before. Write a `bad_flip` that passes both, changes the pose, and still does not
# do what `flip` does.


# %% tags=["exercise"]
def bad_flip(pose: Tensor) -> Tensor:
    """A root-relative pose (..., 17, 3), mm -> the same shape."""
    return pose  # your flip


# %% tags=["solution"]
def bad_flip(pose: Tensor) -> Tensor:
    return pose * torch.tensor([-1.0, 1.0, 1.0])  # the left arm is now called right


# %% tags=["exercise_check"]
check("2.5")

# %% [markdown]
# ## What to take away
#
# * A pose without its joint names is not data. Keep them together.
# * *Left* is the person's. A mirror exchanges the names as well as the sign of x.
# * Camera axes: x right, y **down**, z forward. World axes: z **up**. Millimetres everywhere.
# * Invented joints are guesses with a known error. Say which they are.
#
# **What one should not conclude.** The costs above are for synthetic faces built by rule on a 3D head. How
# a human annotator or a detector places a "neck" differs by some centimetres from person to person, and that comes
# on top.
#
# **References.** Ionescu et al., *Human3.6M*, TPAMI 2014, [10.1109/TPAMI.2013.248](https://doi.org/10.1109/TPAMI.2013.248) ·
# Lin et al., *Microsoft COCO*, ECCV 2014, [10.1007/978-3-319-10602-1_48](https://doi.org/10.1007/978-3-319-10602-1_48) ·
# Andriluka et al., *2D Human Pose Estimation*, CVPR 2014, [10.1109/CVPR.2014.471](https://doi.org/10.1109/CVPR.2014.471) ·
# Johnson & Everingham, *Clustered Pose and Nonlinear Appearance Models*, BMVC 2010, [10.5244/C.24.12](https://doi.org/10.5244/C.24.12) ·
# Cao et al., *OpenPose*, TPAMI 2019, [10.1109/TPAMI.2019.2929257](https://doi.org/10.1109/TPAMI.2019.2929257).
