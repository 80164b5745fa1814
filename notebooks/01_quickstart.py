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
#     id: quickstart
#     title: From a photograph to a person in space
#     level: beginner
#     prerequisites: []
#     minutes: {ci: 0.3, laptop: 0.5, full: 0.5}
#     device: cpu
#     data: [synthetic]
#     paper: arXiv:1705.03098
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 1 · From a photograph to a person in space
#
# A *detector* finds the joints of the man in this photograph, and somebody has marked eleven of them by
# hand. **Which of his hands is nearer to you, and by how many centimetres?** You answer at a glance. The
# marks do not say it: a hand twice as far away, on the same line of sight, would leave the same mark.
#
# This book is about getting that depth back. This chapter does it once, from end to end: a photograph and
# its key points go in, a pose that you can turn with the mouse comes out, and then a person in
# motion, where we know the truth and can say how wrong we are.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * lift a file of 2D key points to 3D, and turn the result;
# * tell what was seen in the picture from what was invented;
# * check a lifted pose against the picture, and against the truth where there is one;
# * say why the first of these checks proves little.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "cpu"
out_dir = None  # None: runs/quickstart/<time>/
data = "synthetic"  # the person in motion
root = None  # folder of the data set, where it needs one
keypoints = "true"
lifter_name = "simple_baseline"  # a shipped lifter, or a file that a chapter wrote
photograph = "camera"  # camera or astronaut
action = "Walking"  # what the person in motion does

# %%
import torch
from skimage import color
from skimage import data as photographs
from torch import Tensor

from posebook import datasets, evaluation, figures, geometry, lifting, metrics, paths, results
from posebook.course import check, guessed
from posebook.detection.shipped import about_default, default
from posebook.errors import InputError
from posebook.skeletons import COCO_17, HOUSE

book = results.Results("quickstart", out_dir, profile=profile, seed=seed, device=device)
if photograph not in ("camera", "astronaut"):
    raise InputError(f"photograph is '{photograph}', expected camera or astronaut")
image = getattr(photographs, photograph)()
people = datasets.read_keypoints(paths.DATA / "samples" / "photographs_coco.json", person="all")
clip = next(person for person in people if photograph in person.name)

# %% [markdown]
# ## Who marks the joints?
#
# A detector does it by itself, and so it works with your photographs: `posebook lift photo.jpg`. Chapter
# 17 leads you through that. Below is what the detector BlazePose finds, if its weights are on this machine.
# Where it is not sure of a joint (a score of less than 0.3), nothing is drawn.

# %%
if about_default():
    print(f"BlazePose is not here. There is {about_default()}")
else:
    detector = default()
    rgb = torch.from_numpy(color.gray2rgb(image)[..., :3].copy())
    found = detector.detect(rgb)
    sure = (found.scores[0] >= 0.3).unsqueeze(-1)
    found_px = torch.where(sure, found.keypoints_px[0], torch.nan)
    title = f"What {detector.name} finds"
    figures.show(
        figures.pose_2d(found_px, detector.skeleton, image=image, title=title),
        alt="The photograph with the joints that a detector found drawn over it: head, arms and trunk.",
    )

# %% [markdown]
# Compare his left elbow with the mark below: a detector errs, and chapter 17 asks what that costs. We go on with the
# marks that a person made, which are the same on every machine.

# %%
figures.show(
    figures.pose_2d(clip.keypoints_px[0], COCO_17, image=image, title="What was marked by hand"),
    alt="A man in a dark coat, seen from his right, bends to a camera on a tripod; marked are his "
    "nose, right eye and ear, shoulders, elbows, wrists and hips. His legs are out of the picture.",
)

# %% [markdown] tags=["notation"]
# ## What goes in, what comes out
#
# | name in code | shape | unit | meaning |
# |---|---|---|---|
# | `clip.keypoints_px` | (frames, 17, 2) | px | joints in the picture: x right, y **down**, origin top left; not a number where none was marked |
# | `clip.confidence` | (frames, 17) | none | 0: missing, 1: certain |
# | `lifted.pose_mm` | (frames, 17, 3) | mm | joints in the camera's axes: x right, y down, z **forward**, hip at the origin |
#
# The seventeen joints that go in are COCO's, with ears and eyes; the seventeen that come out are
# Human3.6M's, with a spine and a pelvis. The book calls this skeleton `HOUSE`, since everything in it
# uses these joints; chapter 2 introduces it. A trained network, the *lifter*, leads from one to the
# other. Chapter 6 trains one of its kind; here we load the one that ships with the book.

# %%
lifter = lifting.load(lifter_name)
lifted = lifter.lift(clip)
for note in lifted.notes:
    print("*", note)

# %% [markdown] tags=["predict"]
# **Predict first.** Which hand is nearer to the camera, and by how many centimetres? And his legs and
# feet are not in the picture: will the lifter leave them out, or draw them?
#
# In JupyterLab the cells with the answer are folded up, here and in all chapters. Click on the line with
# the three dots to see the code, and below it once more to see what it shows.

# %% tags=["predict"]
nearer_hand, by_cm = None, None  # your guess: "left" or "right", and a number

# %% tags=["reveal"]
missing = [joint for joint, seen in zip(HOUSE.joints, lifted.seen[0], strict=True) if not seen]
unsure = sorted({*missing, *lifted.invented})
pose_mm = lifted.pose_mm[0]
photograph_in_space = figures.pose_3d(
    pose_mm,
    invented=unsure,
    title="The same man, in space",
    note="Hollow joints and dotted bones were not marked by anybody. Turn him with the mouse.",
)
figures.show(
    photograph_in_space,
    alt="A stick figure bends forward with its hands before its face; legs, spine, pelvis and "
    "head are drawn dotted, since nobody marked them.",
)

# %% tags=["reveal"]
hands = {"left": "left_wrist", "right": "right_wrist"}
depth_cm = {side: pose_mm[HOUSE.index(wrist), 2].item() / 10 for side, wrist in hands.items()}
nearer = min(depth_cm, key=depth_cm.get)
gap_cm = abs(depth_cm["left"] - depth_cm["right"])
print(f"his {nearer} hand is nearer, by {gap_cm:.0f} cm; {guessed(nearer_hand, by_cm)}")

# %% [markdown]
# That is the answer to the question at the top, as the lifter sees it. Nobody measured the man, so we
# cannot tell how right it is. Below we lift a person whose truth is known.
#
# And the lifter draws the legs. It was trained on whole people, so it gives a whole person. The parts
# that nobody marked are a guess: they do what they usually do on bodies like this one.
#
# ## First check: does it fit the picture?
#
# Put the pose in front of the camera again and project it. Where do the joints land?

# %%
camera = clip.camera or datasets.clips.Camera.guess(clip.size_px)
back_px = camera.project(lifted.absolute_mm[0].double())
marked = lifted.seen[0] & torch.tensor([joint not in lifted.invented for joint in HOUSE.joints])
house_px = torch.full((len(HOUSE), 2), torch.nan, dtype=torch.float64)
for joint in HOUSE.joints:
    if joint in COCO_17.joints:
        house_px[HOUSE.index(joint)] = clip.keypoints_px[0, COCO_17.index(joint)].double()
off_px = torch.linalg.vector_norm(back_px - house_px, dim=-1)[marked].mean().item()
book.add(
    "reprojection error",
    off_px,
    "px",
    protocol="mean over the joints marked by hand",
    data="photograph",
    split=photograph,
    method=lifter.name,
)
print(
    f"the marked joints land {off_px:.1f} px from their marks, in a picture {clip.size_px[0]} px wide"
)

# %% [markdown]
# That is a few hundredths of the picture's width. It looks like proof, but it is none. Chapter 3 shows
# why: *every* pose whose joints lie on the right lines of sight fits the picture, even a flat one. To
# know whether depth is right, one needs to know the truth.
#
# ## Second check: someone whose truth we know
#
# Here is a person in motion from the synthetic corpus that ships with the book. The lifter has
# not seen these people. The truth is drawn black and dashed.

# %%
test = datasets.load(data, root=root, split="test", keypoints=keypoints, seed=seed)
moving = test.where(lambda clip: clip.action == action).clips[0]
moving = moving.every(max(1, len(moving) // 90))
result = lifter.lift(moving)
truth_mm = geometry.root_relative(moving.pose_mm, HOUSE)
motion = figures.animate(
    result.pose_mm,
    moving.keypoints_px,
    truth_mm=truth_mm,
    size_px=moving.size_px,
    frames_per_second=moving.frames_per_second,
    title=f"{action}: picture, lifted pose, and the truth",
    note="Press play, or drag the slider.",
)
figures.show(
    motion,
    alt="Left, a person's joints in the picture; right, the lifted stick figure in colour over the "
    "dashed black truth, with a play button and a slider below.",
)

# %% [markdown]
# ## How wrong is that?
#
# The number of this field is the **mean per-joint position error** (MPJPE): put both poses on the
# hip, and average the distance between each joint and its true place.
#
# $$ E = \frac{1}{FJ} \sum_{f=1}^{F} \sum_{j=1}^{J} \big\lVert \hat X_{fj} - X_{fj} \big\rVert $$


# %% tags=["core"]
def mean_joint_error(prediction_mm: Tensor, truth_mm: Tensor) -> Tensor:
    """MPJPE of each frame, mm: (frames, joints, 3) twice, both with the hip at 0 -> (frames,)."""
    return torch.linalg.vector_norm(prediction_mm - truth_mm, dim=-1).mean(-1)


# %% tags=["check", "nbval-check-output"]
moved_mm = truth_mm + torch.tensor([3.0, 0.0, 4.0])
error_mm = mean_joint_error(moved_mm, truth_mm)
assert torch.allclose(error_mm, torch.full_like(error_mm, 5.0), atol=1e-3)
assert torch.allclose(error_mm, metrics.mpjpe(moved_mm, truth_mm).to(error_mm), atol=1e-3)
print("moving every joint 3 mm right and 4 mm away is an error of 5 mm: ok")

# %% [markdown]
# A number alone says little. Beside ours stand two that know nothing of depth: *zero depth*, the
# picture itself with every joint as far away as the hip, and the *mean pose* of all these people.
#
# A `Protocol` in the code says how a score is taken: which joints count, which joint both poses are
# put on, and what is forgiven. Scores compare only under the same protocol. Chapter 5 is about that.

# %%
everyone = test.every(10)
truths_mm = geometry.root_relative(everyone.pose_mm, HOUSE)
predictions_mm = {
    lifter.name: torch.cat([lifter.lift(clip).pose_mm for clip in everyone]),
    "zero depth": torch.cat([evaluation.zero_depth(clip, clip) for clip in everyone]),
    "mean pose": truths_mm.mean(0).expand_as(truths_mm),
}
protocol = metrics.Protocol(
    joints="17", root="hip", alignment="root", scale="metric", average="frame"
)
shape_only = metrics.Protocol(
    joints="17", root="hip", alignment="procrustes", scale="least_squares", average="frame"
)
for metric, under in {"MPJPE": protocol, "P-MPJPE": shape_only}.items():
    for method, predicted_mm in predictions_mm.items():
        error = metrics.score(predicted_mm, truths_mm, under, leave_out=True)
        book.add(
            metric, error, "mm", protocol=under, data=everyone.name, split="test", method=method
        )
book

# %% [markdown] tags=["result"]
# P-MPJPE first turns and scales each pose onto the truth, so it scores the *shape* alone. One picture
# does not tell how large a person is, and the lifter takes everybody to be of average size. So a part
# of the MPJPE is the size of the body.

# %% [markdown] tags=["failures"]
# ## Failures
#
# Each chapter shows its worst. Here are the worst poses of these people, at most one from a clip: the
# input on the left, the lifted pose over the truth on the right.

# %%
error_mm = metrics.p_mpjpe(predictions_mm[lifter.name], truths_mm)
figures.show(
    figures.gallery(
        predictions_mm[lifter.name],
        truths_mm,
        everyone.keypoints_px,
        error_mm,
        captions=lambda i: everyone.clips[int(everyone.clip_of_frame[i])].action,
        clip_of_frame=everyone.clip_of_frame,
        title="The worst poses by P-MPJPE",
    ),
    alt="Six people who crouch, sit or bend. Beside each input the lifted pose, in colour, leaves the "
    "dashed truth, mostly with its legs.",
)

# %% [markdown] tags=["ablation"]
# ## Take one thing away
#
# Cover the person's legs: call hips, knees and feet missing, as they are in the photograph. What does
# that cost the joints that are still in sight?

# %%
from dataclasses import replace

legs = [j for j in HOUSE.joints if any(part in j for part in ("hip", "knee", "foot"))]
above = [j for j in HOUSE.joints if j not in legs]
upper_body = metrics.Protocol(
    joints=tuple(above), root="thorax", alignment="root", scale="metric", average="frame"
)


def without(clip: datasets.Clip, joints: list[str]) -> datasets.Clip:
    """The same clip with these joints missing."""
    places = clip.skeleton.indices(*joints)
    keypoints_px, confidence = clip.keypoints_px.clone(), clip.confidence.clone()
    keypoints_px[:, places], confidence[:, places] = torch.nan, 0.0
    return replace(clip, keypoints_px=keypoints_px, confidence=confidence)


covered_mm = torch.cat([lifter.lift(without(clip, legs)).pose_mm for clip in everyone])
for method, predicted_mm in {
    lifter.name: predictions_mm[lifter.name],
    f"{lifter.name}, legs covered": covered_mm,
}.items():
    error = metrics.score(predicted_mm, truths_mm, upper_body, leave_out=True)
    book.add(
        "MPJPE, joints above the hips",
        error,
        "mm",
        protocol=upper_body,
        data=everyone.name,
        split="test",
        method=method,
    )
book

# %% [markdown]
# ## Take it with you
#
# Both figures go into one page that needs no network; the same comes from the command
# `posebook lift my_keypoints.json --out lifted`.

# %%
page = figures.page(
    book.out_dir / "quickstart.html",
    "From a photograph to a person in space",
    [
        "Warm lines are the person's own left, cool lines the right. Turn the figures with the mouse.",
        figures.Heading("A photograph"),
        figures.Picture(
            figures.pose_2d(clip.keypoints_px[0], COCO_17, image=image, title="Marked by hand"),
            alt="The photograph with the marked joints.",
        ),
        figures.Picture(
            photograph_in_space, alt="The lifted pose; joints that nobody marked are hollow."
        ),
        *[f"{note}" for note in lifted.notes],
        "Joints that nobody marked and the network filled in: "
        + ", ".join(missing or ["none"])
        + ".",
        figures.Heading("A motion, with its truth"),
        figures.Picture(motion, alt="An animation of the lifted pose over the dashed truth."),
        figures.Heading("How wrong"),
        figures.Table(
            ["method", "metric", "value (mm)", "protocol"],
            [[n.method, n.metric, n.value, n.protocol] for n in book.numbers if n.unit == "mm"],
        ),
    ],
    footer="posebook, chapter 1. Photographs: scikit-image's camera (CC0, Lav Varshney) and "
    "astronaut (NASA, public domain).",
)
print("wrote", paths.shown(page))

# %% [markdown]
# ## Exercises
#
# **1 · code · easy.** Lift the other photograph, of an astronaut. Her hips are out of the picture too. Which of the
# lifter's seventeen joints had no key point to go by?

# %% tags=["exercise"]
other = None  # the clip of the other photograph, one of `people`
filled_in = []  # the names of the joints that the lifter had to guess

# %% tags=["solution"]
other = next(person for person in people if photograph not in person.name)
answer = lifter.lift(other)
filled_in = [j for j, seen in zip(HOUSE.joints, answer.seen[0], strict=True) if not seen]
print(", ".join(filled_in))

# %% tags=["exercise_check"]
check("1.1")

# %% [markdown]
# **2 · code · medium.** Move the man's marked left wrist 20 px to the right and lift again. How many of the 16 *other*
# joints move by more than 2 mm in space? What does that say about the network?

# %% tags=["exercise"]
moved = None  # the number of other joints that moved

# %% tags=["solution"]
nudged_px = clip.keypoints_px.clone()
nudged_px[0, COCO_17.index("left_wrist")] += torch.tensor([20.0, 0.0]).to(nudged_px)
nudged_mm = lifter.lift(replace(clip, keypoints_px=nudged_px)).pose_mm[0]
distance_mm = torch.linalg.vector_norm(nudged_mm - pose_mm, dim=-1)
distance_mm[HOUSE.index("left_wrist")] = 0
moved = int((distance_mm > 2).sum())
print(f"{moved} other joints moved, the farthest by {distance_mm.max():.0f} mm: the network looks")
print("at the whole body at once, so one joint's place changes where it puts the others")

# %% tags=["exercise_check"]
check("1.2")

# %% [markdown]
# **3 · derive · medium.** Put the man twice as far away without moving a single point of his picture. Start from
# `lifted.absolute_mm[0]`, the lifted joints where the camera sees them.

# %% tags=["exercise"]
far_mm = None  # (17, 3) camera axes, mm: the same picture, twice as far away

# %% tags=["solution"]
far_mm = 2 * lifted.absolute_mm[0]

# %% tags=["exercise_check"]
check("1.3")

# %% [markdown]
# **4 · recall · easy.** A lifter puts a person's left wrist 170 mm away from its truth. The other sixteen joints
# are right. What is the MPJPE of this pose?

# %% tags=["exercise"]
one_wrist_mm = None

# %% tags=["solution"]
one_wrist_mm = 170 / 17  # a mean over all seventeen joints, the hip among them

# %% tags=["exercise_check"]
check("1.4")

# %% [markdown]
# **5 · break it · medium.** Fool the first check. Change the lifted pose so that it fits the picture just as well,
# and yet the question at the top of this chapter gets the opposite answer: the *other* hand is nearer, by at least
# 10 cm. The hip stays where it is. Start from `lifted.absolute_mm[0]`.

# %% tags=["exercise"]
opposite_mm = None  # (17, 3) camera axes, mm

# %% tags=["solution"]
opposite_mm = lifted.absolute_mm[0].clone()
left, right = HOUSE.indices("left_wrist", "right_wrist")
nearer_now, farther_now = sorted((left, right), key=lambda hand: opposite_mm[hand, 2].item())
to_mm = opposite_mm[farther_now, 2] + 200
opposite_mm[nearer_now] *= to_mm / opposite_mm[nearer_now, 2]  # along its own line of sight

# %% tags=["exercise_check"]
check("1.5")

# %% [markdown]
# ## What to take away
#
# * A lifter gives a whole person, whatever it was given. Ask what was seen and what was filled in.
# * Fitting the picture is necessary and nearly worthless as proof. Only the truth tells depth.
# * A number needs its neighbours: zero depth and the mean pose.
#
# **What one should not conclude.** That the man's pose above is right: nobody measured him. And that the
# error on synthetic people is the error on yours: where a detector marks the joints, its errors come on top.
#
# **References.** Martinez, Hossain, Romero, Little, *A simple yet effective baseline for 3d human pose
# estimation*, ICCV 2017, [arXiv:1705.03098](https://arxiv.org/abs/1705.03098). Photographs:
# `skimage.data.camera` (CC0, Lav Varshney) and `skimage.data.astronaut` (NASA, public domain), as shipped with scikit-image,
# [10.7717/peerj.453](https://doi.org/10.7717/peerj.453); joints marked by hand for this book.
