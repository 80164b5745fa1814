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
#     id: datasets
#     title: What is in a data set
#     level: beginner
#     prerequisites: [skeletons_and_axes, cameras_and_depth]
#     minutes: {ci: 0.3, laptop: 1, full: 1}
#     device: cpu
#     data: [synthetic, human36m, cmu, bvh]
#     paper: 10.1109/TPAMI.2013.248
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 4 · What is in a data set
#
# Two lifters, one network, one training program. One is right to within a hand's breadth, the other puts
# the legs of seated people where standing people have theirs. **What differs? Only what they were shown.**
#
# A lifter knows no anatomy. What it knows of people is what was in its data: which postures, which bodies,
# seen from where, with whose errors in the key points. So before any training we look.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * read motion capture, Human3.6M archives and detector output into one form, and look inside;
# * check a data set in a few lines: units, axes, bone lengths, floor, frame rate;
# * say how a synthetic person is made, and what it cannot show;
# * carry missing joints as *missing*, and see what a detector's errors look like;
# * measure how far a test set is from a training set before you train anything.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "cpu"
out_dir = None  # None: runs/datasets/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
step = None  # use every step-th frame; None: as the profile says

# %%
import torch
from torch import Tensor

from posebook import datasets, figures, geometry, metrics, paths, results
from posebook.course import check, guessed
from posebook.datasets import cards, detector_errors
from posebook.datasets.people import body
from posebook.errors import InputError
from posebook.skeletons import HOUSE

book = results.Results("datasets", out_dir, profile=profile, seed=seed, device=device)
step = step or {"ci": 50, "laptop": 10, "full": 5}[profile]
train = datasets.load(data, root=root, split="train", keypoints=keypoints, seed=seed)
test = datasets.load(data, root=root, split="test", keypoints=keypoints, seed=seed)
for half in (train, test):
    subjects = sorted({clip.subject for clip in half})
    print(
        f"{half.name} {half.split}: {len(half.clips)} clips, {len(half)} frames, "
        f"{half.frames_per_second:g} frames/s, subjects {', '.join(subjects)}"
    )
print("terms:", train.terms)

# %% [markdown]
# ## Look before you load
#
# One frame of each of a few actions. Turn them with the slider. Does each look like its name? It is the
# first check of any data set, and the one that is skipped most often.

# %%
shown = {}
for clip in train:
    if clip.action not in shown and clip.camera is not None:
        shown[clip.action] = clip.camera.to_world(clip.pose_mm[len(clip) // 2])
row_mm = {name: shown[name] for name in list(shown)[:8]}
figures.show(
    figures.compare(row_mm, frame="world", title="One moment of each of eight actions"),
    alt="Eight stick figures, each under the name of what it does, among them eating and phoning "
    "with a hand at the head; a slider turns them all.",
)

# %% [markdown] tags=["notation"]
# ## One form for all
#
# | name in code | shape | unit | meaning |
# |---|---|---|---|
# | `motion.world_mm` | (frames, 17, 3) | mm | what motion capture gives: joints in the world, z up |
# | `clip.keypoints_px` | (frames, 17, 2) | px | what a camera makes of it; NaN where a joint is missing |
# | `clip.confidence` | (frames, 17) | none | 0 where missing, else up to 1 |
# | `clip.pose_mm` | (frames, 17, 3) | mm | the truth, camera axes, absolute; `None` where nobody knows it |
# | `directions` $d_b$ | (..., 16, 3) | none | unit vector of each bone, parent to child |
# | `lengths_mm` $\ell_b$ | (..., 16) | mm | length of each bone |
#
# A `Motion` is what was measured, a `Clip` what one camera sees of it, a `PoseDataset` a list of clips with
# the same joints. Every reader of the book gives one of these, whatever the file was:

# %%
print(cards.listing())

# %% [markdown]
# ## How a synthetic person is made
#
# A pose is written as the direction of each bone, and a body as the length of each. Start at the hip
# and walk outward along the tree of joints:
#
# $$ X_{\text{child}} = X_{\text{parent}} + \ell_b\, d_b . $$
#
# The same directions with other lengths are the same posture of another person. That one line is why
# directions, not positions, are what is worth storing.


# %% tags=["core"]
def forward_kinematics(directions: Tensor, lengths_mm: Tensor, bones: list) -> Tensor:
    """Directions (..., 16, 3) and lengths (..., 16) mm -> joints (..., 17, 3) mm, hip at 0.

    bones  (parent, child) places of the joints, sorted by child, so that a parent comes first
    """
    steps_mm = directions * lengths_mm.unsqueeze(-1)
    joints_mm = [torch.zeros_like(steps_mm[..., 0, :])]
    for bone, (parent, _) in enumerate(bones):
        joints_mm.append(joints_mm[parent] + steps_mm[..., bone, :])
    return torch.stack(joints_mm, dim=-2)


# %% [markdown]
# Take a real clip of these data apart into directions and lengths, and put it together again.

# %% tags=["check", "nbval-check-output"]
clip = train.clips[0]
vectors_mm = geometry.bone_vectors(clip.pose_mm, HOUSE)
lengths_mm = torch.linalg.vector_norm(vectors_mm, dim=-1)
rebuilt_mm = forward_kinematics(vectors_mm / lengths_mm.unsqueeze(-1), lengths_mm, HOUSE.bones)
relative_mm = geometry.root_relative(clip.pose_mm, HOUSE)
assert torch.allclose(rebuilt_mm, relative_mm, atol=0.1)
package_mm = body.forward_kinematics(vectors_mm / lengths_mm.unsqueeze(-1), lengths_mm)
assert torch.allclose(rebuilt_mm, package_mm)
print("apart and together again: ok")

# %% [markdown]
# Where do the directions come from? In `synthetic` from **hand-made rules**: feet that are planted and lifted in
# turn, hands that wander through regions where hands go, knees that bend one way only. Its larger sister
# `synthetic_wide`, which the shipped lifter was trained on, adds a **prior**: some tens of thousands of numbers,
# fitted to motion capture, that say how people hold themselves. Lengths are drawn from tables of anthropometry. None
# of it is a recording.
#
# ## Checks for any data set
#
# They take a minute and catch most of what goes wrong: metres taken for millimetres, y up taken for z up,
# two skeletons mixed in one file, people who float, a frame rate that was halved.

# %%
in_world = [(c, c.camera.to_world(c.pose_mm)) for c in test.clips[:: max(1, len(test.clips) // 40)]]
stature_mm, wobble_mm, lowest_mm, speed = [], [], [], []
head, feet = HOUSE.index("head"), HOUSE.indices("left_foot", "right_foot")
for clip, world_mm in in_world:
    lengths_mm = geometry.bone_lengths(world_mm, HOUSE)
    stature_mm.append(lengths_mm.median(0).values.sum().item())
    wobble_mm.append(lengths_mm.std(0).amax().item())
    lowest_mm.append(world_mm[:, feet, 2].amin().item())
    hip_mm = world_mm[:, HOUSE.index("hip")]
    steps_mm = torch.linalg.vector_norm(hip_mm.diff(dim=0), dim=-1)
    speed.append(steps_mm.mean().item() * (clip.frames_per_second or 50) / 1000)
checks = figures.Table(
    ["check", "lowest", "highest", "expected"],
    [
        ["sum of all bones (mm)", min(stature_mm), max(stature_mm), "3,000 to 5,000: millimetres"],
        [
            "a bone's length varies in a clip by (mm)",
            min(wobble_mm),
            max(wobble_mm),
            "almost nothing",
        ],
        [
            "lowest ankle of a clip (mm)",
            min(lowest_mm),
            max(lowest_mm),
            "-50 to 250: z is up, the floor at 0",
        ],
        ["speed of the hip (m/s)", min(speed), max(speed), "0 to 4: the frame rate"],
    ],
    digits=2,
)
checks

# %% tags=["check", "nbval-check-output"]
assert min(stature_mm) > 2500 and max(stature_mm) < 5500, "not millimetres?"
assert all((w[:, head, 2] > w[:, feet[0], 2]).float().mean() > 0.8 for _, w in in_world), "z up?"
assert max(speed) < 6, "is the frame rate right?"
print("units, axes, speed: ok")

# %% [markdown] tags=["predict"]
# ## What a detector makes of it
#
# **Predict first.** The same data, as a detector would give them. Which joint will have the largest
# error, and which the smallest?

# %% tags=["predict"]
worst_joint, best_joint = None, None  # two names of HOUSE.joints

# %% tags=["reveal"]
noisy = detector_errors.detect(test.clips[0], torch.Generator().manual_seed(seed))
moved_px = torch.linalg.vector_norm(noisy.keypoints_px - test.clips[0].keypoints_px, dim=-1)
by_joint = {
    joint: moved_px[:, i][torch.isfinite(moved_px[:, i])].median().item()
    for i, joint in enumerate(HOUSE.joints)
}
print(
    f"largest: {max(by_joint, key=by_joint.get)}, smallest: {min(by_joint, key=by_joint.get)}; "
    f"{guessed(worst_joint, best_joint)}"
)
lost = (noisy.confidence == 0).float().mean().item()
print(f"{lost:.1%} of the joints are missing; they are NaN with confidence 0, never (0, 0)")
figures.show(
    figures.bars(
        dict(sorted(by_joint.items(), key=lambda item: item[1])),
        unit="px",
        title="Detector-like errors: the middle error of each joint",
    ),
    alt="Bars of the median pixel error by joint; the joints of the hips and hands are the worst.",
)

# %% [markdown]
# A missing joint that is stored as (0, 0) is the second commonest bug of this field: the top left corner of the
# picture becomes a place where knees are. In this book a missing joint is *not a number*, so whoever
# forgets about it gets NaN, and notices.
#
# ## How far is the test from the training?
#
# For each test pose, look for the most similar training pose, turned about the vertical as it likes: body size
# and facing taken out. That distance says how much a lifter could do by remembering alone.


# %%
def facing_normalised(poses: datasets.PoseDataset) -> Tensor:
    """(frames, 51): root-relative poses on one body, facing one way, world axes, mm."""
    # One camera of each motion is enough: the pose is the same.
    first = {}
    for clip in poses:
        first.setdefault((clip.subject, clip.action, clip.name.rpartition("/")[0]), clip)
    world_mm = torch.cat([c.camera.to_world(c.pose_mm) for c in first.values()])[::step]
    vectors = geometry.bone_vectors(world_mm, HOUSE)
    directions = vectors / torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    pose_mm = body.forward_kinematics(directions, average_lengths_mm.expand(len(directions), -1))
    left, right = HOUSE.indices("left_hip", "right_hip")
    across = pose_mm[:, left] - pose_mm[:, right]
    angle = -torch.atan2(across[:, 1], across[:, 0])
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    x, y, z = pose_mm.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y, z], dim=-1).flatten(1)


average_lengths_mm = geometry.bone_lengths(train.pose_mm[::step], HOUSE).mean(0)
known, asked = facing_normalised(train), facing_normalised(test)


# %%
def nearest(asked: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """MPJPE to the nearest known pose (a lower bound is not claimed: found by Euclidean distance)."""
    place = torch.cat([torch.cdist(part, known).argmin(1) for part in asked.split(2048)])
    difference = (asked - known[place]).view(-1, 17, 3)
    return torch.linalg.vector_norm(difference, dim=-1).mean(-1), place


distance_mm, place = nearest(asked, known)
mean_mm = torch.linalg.vector_norm((asked - known.mean(0)).view(-1, 17, 3), dim=-1).mean(-1)
protocol = metrics.Protocol(
    joints="17",
    root="hip",
    alignment="root",
    scale="one body, facing taken out",
    average="frame",
)
split = dict(protocol=protocol, data=test.name, split="test")
book.add("distance to training", distance_mm.mean(), "mm", method="nearest pose", **split)
book.add("distance to training", mean_mm.mean(), "mm", method="mean pose", **split)
book

# %% [markdown] tags=["result"]
# Read this as a warning label. If the nearest training pose were a few millimetres away, a test would measure
# memory. If it is far, the test asks for more than was shown. The mean pose tells how spread out people are at all.

# %% [markdown] tags=["failures"]
# ## Failures: the poses that nothing prepares for
#
# The test poses that are furthest from all training poses, with their nearest training pose in colour over
# the test pose in black. A lifter trained on these data is on its own here.

# %%
worst = distance_mm.argsort(descending=True)
picked, step_apart = [], max(1, len(asked) // 60)
for i in worst.tolist():  # not six frames of one second
    if all(abs(i - j) > step_apart for j in picked):
        picked.append(i)
    if len(picked) == 6:
        break
to_camera = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])  # z up -> y down, to be drawn
asked_mm, near_mm = (
    values.view(-1, 17, 3)[chosen] @ to_camera
    for values, chosen in ((asked, picked), (known, place[picked]))
)
figures.show(
    figures.gallery(
        near_mm,
        asked_mm,
        asked_mm[..., :2],
        distance_mm[picked],
        title="Far from everything in the training set",
        note="Left: the test pose from the front. Right: the nearest training pose over it.",
    ),
    alt="Six test poses in black with the nearest training pose in colour; arms and legs do not agree.",
)

# %% [markdown] tags=["ablation"]
# ## Take one thing away
#
# Leave out all sitting from the training set. How far away does sitting become?

# %%
sitting = ("Sitting", "SittingDown", "Eating", "Smoking", "Phoning")


def parts(poses: datasets.PoseDataset) -> tuple[datasets.PoseDataset, datasets.PoseDataset]:
    """The clips of these actions, and the others; where there are none, the first action."""
    chosen = sitting if set(sitting) & set(poses.actions) else poses.actions[:1]
    return poses.where(lambda c: c.action in chosen), poses.where(lambda c: c.action not in chosen)


some_test, _ = parts(test)
_, other_train = parts(train)
some = facing_normalised(some_test)
with_mm, _ = nearest(some, known)
without_mm, _ = nearest(some, facing_normalised(other_train))
for method, value in {"all actions": with_mm, "sitting left out": without_mm}.items():
    book.add("distance of sitting to training", value.mean(), "mm", method=method, **split)
figures.show(
    figures.bars(
        {"all actions": with_mm.mean().item(), "left out": without_mm.mean().item()},
        unit="mm",
        title="Sitting people: distance to the nearest training pose",
    ),
    alt="Two bars: without its own actions in training, the distance is larger.",
)

# %% [markdown]
# ## Real files
#
# The same calls read real data. A BVH, written here by hand, is one pelvis with a thigh: the reader finds out the
# unit and the axis that points up, and says so. (Give `posebook lift` such a file, and it will score itself.)

# %%
example = book.out_dir / "two_frames.bvh"
paths.write_text(
    example,
    """HIERARCHY
ROOT Hips
{ OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT LeftUpLeg { OFFSET 10 -5 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftLeg { OFFSET 0 -42 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT LeftFoot { OFFSET 0 -42 0 CHANNELS 3 Zrotation Xrotation Yrotation
        End Site { OFFSET 0 -8 12 } } } }
  JOINT RightUpLeg { OFFSET -10 -5 0 CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT RightLeg { OFFSET 0 -42 0 CHANNELS 3 Zrotation Xrotation Yrotation
      JOINT RightFoot { OFFSET 0 -42 0 CHANNELS 3 Zrotation Xrotation Yrotation
        End Site { OFFSET 0 -8 12 } } } }
}
MOTION
Frames: 2
Frame Time: 0.0333333
0 97 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0
0 97 0  0 0 0  0 -90 0  0 90 0  0 0 0  0 0 0  0 0 0  0 0 0
""",
)
try:
    motion = datasets.read_motion(example)[0]
    print(f"{motion.name}: {len(motion)} frames at {motion.frames_per_second:.0f} frames/s")
except InputError as error:
    print("one line for the user:", str(error).replace(str(example), example.name))

# %% [markdown]
# Human3.6M cannot be shipped; those who have it run this chapter with `-p data human36m -p root FOLDER`. `posebook data
# info human36m` says how to get it, and `posebook data check human36m --root FOLDER` whether a folder is complete.

# %%
print(cards.info("human36m"))

# %% [markdown]
# ## Exercises
#
# **1 · code · medium.** Put the posture of the first test clip on a body whose legs (thigh and shin) are 15 % longer,
# with `forward_kinematics`. By how much does that raise the hip over the ankles? Take the mean over
# frames and both ankles, along the camera's y axis.

# %% tags=["exercise"]
taller_mm = None  # (frames, 17, 3), camera axes, hip at 0
raised_mm = None  # a number

# %% tags=["solution"]
vectors_mm = geometry.bone_vectors(test.clips[0].pose_mm, HOUSE)
lengths_mm = torch.linalg.vector_norm(vectors_mm, dim=-1)
longer = torch.ones(16)
for bone, name in enumerate(HOUSE.bone_names):
    if "knee" in name or "foot" in name:
        longer[bone] = 1.15
taller_mm = forward_kinematics(
    vectors_mm / lengths_mm.unsqueeze(-1), lengths_mm * longer, HOUSE.bones
)
before_mm = geometry.root_relative(test.clips[0].pose_mm, HOUSE)
raised_mm = (taller_mm - before_mm)[:, feet, 1].mean().item()  # y counts down, the hip is at 0
print(f"the hip is {raised_mm:.0f} mm higher over the ankles")

# %% tags=["exercise_check"]
check("4.1")

# %% [markdown]
# **2 · code · easy.** A colleague's file has world coordinates with y up, in metres. Write the two lines that bring it
# into this book's form.

# %% tags=["exercise"]
theirs = torch.tensor([[0.1, 1.7, 0.3]])  # x, y up, z towards the viewer, metres
ours_mm = None

# %% tags=["solution"]
x, y, z = theirs.unbind(-1)
ours_mm = 1000 * torch.stack([x, -z, y], dim=-1)  # right-handed before and after

# %% tags=["exercise_check"]
check("4.2")

# %% [markdown]
# **3 · recall · easy.** Four mistakes, and four rows in the table of checks: `bones` (their sum), `wobble` (how much
# a bone's length varies in a clip), `ankle` (the lowest of a clip), `speed` (of the hip). Which row shows which
# mistake? All clips are of people who walk at 1.3 m/s.

# %% tags=["exercise"]
caught_by = {
    "metres taken for millimetres": None,
    "y up taken for z up": None,
    "two people of different size in one clip, in turn": None,
    "three frames of four dropped, the frame rate kept": None,
}

# %% tags=["solution"]
caught_by = dict(zip(caught_by, ("bones", "ankle", "wobble", "speed"), strict=True))

# %% tags=["exercise_check"]
check("4.3")

# %% [markdown]
# **4 · derive · medium.** In the picture, the x of a knee has the mean 500 px and the standard deviation 40 px. Now the
# knee is missing in one frame of ten, and somebody stores (0, 0) there. Which standard deviation of x do the stored
# numbers have? (A network's input is divided by it; see chapter 6.)

# %% tags=["exercise"]
stored_std_px = None

# %% tags=["solution"]
present, mean_px, std_px = 0.9, 500.0, 40.0
squares_px2 = present * (std_px**2 + mean_px**2)  # the mean of x²; the zeros add nothing
stored_std_px = (squares_px2 - (present * mean_px) ** 2) ** 0.5
print(f"{stored_std_px:.0f} px: what the knee really does is now a quarter as large in the input")

# %% tags=["exercise_check"]
check("4.4")

# %% [markdown]
# **5 · break it · medium.** The four checks catch most mistakes, but not all. Change the motion `whole_mm` so that it
# still passes each of them, and is nevertheless wrong in every frame: even after the best turn, shift and scale of
# each pose it stays 20 mm from the truth on average (P-MPJPE).

# %% tags=["exercise"]
whole_mm = test.clips[0].camera.to_world(test.clips[0].pose_mm)
passing_mm = None  # (frames, 17, 3), world axes, mm

# %% tags=["solution"]
# A mirror image, in which every left joint is a right one; no check of the table looks at sides.
passing_mm = whole_mm * torch.tensor([-1.0, 1.0, 1.0]).to(whole_mm)

# %% tags=["exercise_check"]
check("4.5")

# %% [markdown]
# ## What to take away
#
# * A lifter knows the people it was shown. Look at them.
# * Directions are the posture, lengths are the person.
# * Missing is not zero.
# * The distance from test to training is a number that you can have before any training.
#
# **What one should not conclude.** That synthetic people are people: no clothes, no muscles, no surprises. What is
# measured on them tells whether a method works, not how well it will do on yours.
#
# **References.** Ionescu et al., *Human3.6M*, TPAMI 2014, [10.1109/TPAMI.2013.248](https://doi.org/10.1109/TPAMI.2013.248) ·
# Winter, *Biomechanics and Motor Control of Human Movement*, 2009,
# [10.1002/9780470549148](https://doi.org/10.1002/9780470549148) · Gordon et al., *2012 Anthropometric Survey of U.S. Army
# Personnel* (ANSUR II), 2014 · CMU Graphics Lab Motion Capture Database, mocap.cs.cmu.edu.
