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
#     id: cameras_and_depth
#     title: Cameras and depth
#     level: beginner
#     prerequisites: [skeletons_and_axes]
#     minutes: {ci: 0.2, laptop: 0.5, full: 0.5}
#     device: cpu
#     data: [synthetic]
#     paper: 10.1016/0734-189X(85)90094-5
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 3 · Cameras and depth
#
# You have a photograph of a person, and a perfect detector that marks every joint to a thousandth
# of a pixel. **How far is the left hand from the camera? Is it in front of the belly or behind the
# back?**
#
# The picture does not say, and no detector, however good, will make it say. This chapter shows how
# much a picture leaves open, in millimetres, and what is left to close the gap.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * project a pose into a picture and take a pixel back to its ray, lens distortion included;
# * say which of a pose's 51 numbers a picture fixes and which it does not;
# * build thousands of poses with the same picture *and* the same bone lengths;
# * say what an unknown focal length and an unknown body size cost, in millimetres;
# * name what constrains depth after all.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "cpu"
out_dir = None  # None: runs/cameras_and_depth/<time>/
data = "synthetic"
root = None  # folder of the data set, where it needs one
keypoints = "true"
step = None  # use every step-th frame; None: as the profile says
joint = "left_wrist"  # the joint that the slider moves
action = "Greeting"  # of the person we look at; the first action where there is none of that name

# %%
import ipywidgets
import plotly.graph_objects as go
import torch
from torch import Tensor

from posebook import cameras, datasets, figures, geometry, metrics, results, training
from posebook.course import check, guessed
from posebook.datasets import detector_errors
from posebook.figures.parts import layout
from posebook.skeletons import HOUSE

book = results.Results("cameras_and_depth", out_dir, profile=profile, seed=seed, device=device)
step = step or {"ci": 50, "laptop": 10, "full": 2}[profile]
generator = training.seed_everything(seed)
people = datasets.load(data, root=root, split="test", keypoints=keypoints, seed=seed).every(step)


def faces_us(clip: datasets.Clip) -> float:
    """How far the left shoulder is to the right of the right one in the picture, px."""
    left, right = HOUSE.indices("left_shoulder", "right_shoulder")
    return (clip.keypoints_px[:, left, 0] - clip.keypoints_px[:, right, 0]).mean().item()


clip = max([c for c in people if c.action == action] or list(people), key=faces_us)
camera = clip.camera
print(f"{people.name}: {len(people.clips)} clips, {len(people)} frames; here: {clip.name}")

# %% [markdown]
# ## One person, one camera
#
# Before any formula: the person, and the camera that looks at them. The pyramid is what the camera
# sees: its tip is the lens, its base the picture.

# %%
moment = len(clip) // 2
pose_mm = clip.pose_mm[moment].double()
figures.show(
    figures.rig(
        [camera], camera.to_world(pose_mm), title="A person, and the camera that sees them"
    ),
    alt="A stick figure standing on a floor grid, and some metres away a camera as a small pyramid "
    "whose base faces the person.",
)

# %%
figures.show(
    figures.pose_2d(camera.project(pose_mm), size_px=camera.size_px, title="What the camera sees"),
    alt="The picture of that camera: seventeen joints of the person, left side warm, right side cool.",
)

# %% [markdown] tags=["notation"]
# ## From the world to the picture
#
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $P$ | `world_mm` | (..., 17, 3) | mm | joints in the world, z up |
# | $R, C$ | `camera.rotation`, `camera.position_mm` | (3, 3), (3,) | none, mm | extrinsics: how the camera is turned, where it stands |
# | $X$ | `pose_mm` | (..., 17, 3) | mm | joints in the camera's axes: x right, y down, z forward |
# | $v$ | `rays` | (..., 17, 2) | none | $(X/Z,\ Y/Z)$: how far right and down a joint lies for each mm forward |
# | $f, c$ | `focal_px`, `centre_px` | (2,), (2,) | px | intrinsics: focal length and principal point |
# | $x$ | `keypoints_px` | (..., 17, 2) | px | joints in the picture |
#
# Three steps, and each does one thing:
#
# $$ X = R\,(P - C) \qquad v = \frac{1}{Z}\begin{pmatrix} X \\ Y \end{pmatrix} \qquad x = f\,v + c . $$
#
# The first moves the world into the camera's axes: it can be undone. So can the third, which
# counts in pixels. **The second divides by $Z$, and that is where the depth is lost.** Textbooks
# write the last step with the matrix $K$; it holds the same four numbers:

# %%
print("focal_px ", camera.focal_px.round(decimals=1).tolist(), "px")
print("centre_px", camera.centre_px.round(decimals=1).tolist(), "px, of a picture", camera.size_px)
print("matrix K ", camera.matrix.round(decimals=1).tolist())
hip_mm = pose_mm[HOUSE.index("hip")]
print(f"the person stands {hip_mm[2] / 1000:.2f} m in front of it")

# %% [markdown]
# Here is the core of the chapter: the way into the picture, and the way back. Look at what each
# asks for. `back_project` wants something that no picture has.


# %% tags=["core"]
def project(pose_mm: Tensor, focal_px: Tensor, centre_px: Tensor) -> Tensor:
    """Where a pinhole camera sees points (..., 3), mm, in its axes: (..., 2), px."""
    rays = pose_mm[..., :2] / pose_mm[..., 2:]
    return focal_px * rays + centre_px


def back_project(
    keypoints_px: Tensor, depth_mm: Tensor, focal_px: Tensor, centre_px: Tensor
) -> Tensor:
    """The points (..., 3), mm, that are seen at pixels (..., 2) and lie depth_mm (...) ahead."""
    rays = (keypoints_px - centre_px) / focal_px
    directions = torch.cat([rays, torch.ones_like(rays[..., :1])], dim=-1)
    return directions * depth_mm[..., None]


# %% [markdown]
# (The lens distortion is left out until its own section; it moves rays one to one, so nothing that
# is said here depends on it.)
#
# Two checks whose answers you can predict. There and back again, *with the true depth*, changes
# nothing. And with **any other** depth, the picture changes nothing.

# %% tags=["check", "nbval-check-output"]
lens = camera.focal_px, camera.centre_px
seen_px = project(pose_mm, *lens)
assert torch.allclose(back_project(seen_px, pose_mm[:, 2], *lens), pose_mm, atol=1e-6)

made_up_mm = 1000 + 9000 * torch.rand(17, generator=generator, dtype=torch.float64)
nonsense_mm = back_project(seen_px, made_up_mm, *lens)
assert torch.allclose(project(nonsense_mm, *lens), seen_px, atol=1e-9)
print("project(back_project(x)) = x: ok, and at any depth")

# %% [markdown] tags=["predict"]
# **Predict first.** We push the whole person 100 mm *away from the camera*, and then, instead, 100
# mm *to the right*. How many pixels does the picture move, on average over the joints, in each
# case? Put your guesses below.

# %% tags=["predict"]
away_guess_px = None  # your guess, in pixels
right_guess_px = None


# %% tags=["run", "reveal"]
def moved_px(shift_mm: list[float]) -> float:
    """Mean distance in the picture when every joint moves by the same (x, y, z), mm."""
    shifted_mm = pose_mm + torch.tensor(shift_mm, dtype=torch.float64)
    return torch.linalg.vector_norm(project(shifted_mm, *lens) - seen_px, dim=-1).mean().item()


away_px, right_px = moved_px([0, 0, 100]), moved_px([100, 0, 0])
print(f"100 mm away:         {away_px:4.1f} px; {guessed(away_guess_px)}")
print(f"100 mm to the right: {right_px:4.1f} px; {guessed(right_guess_px)}")

# %% tags=["check", "nbval-check-output"]
assert away_px < right_px / 3, "depth hides in the picture: this is what the book is about"
print("depth hides: ok")

# %% [markdown]
# Moving away shows only through perspective: everything shrinks a little towards the principal
# point. A detector's own error is no smaller.

# %% [markdown]
# ## Slide a joint along its ray
#
# Now for one joint at a time. All points of a ray fall on the same pixel, so a joint may slide
# along its ray as it likes. Move the slider (click on it, then use the arrow keys): in the space
# on the right the hand wanders off, and in the picture on the left **nothing happens**.
#
# What does change is the length of the bone that the joint hangs on. Keep an eye on it.


# %%
def slid(joint: str, offset_mm: float) -> Tensor:
    """The pose with one joint moved along its ray until it is `offset_mm` deeper."""
    place = HOUSE.index(joint)
    moved_mm = pose_mm.clone()
    deeper_mm = pose_mm[place, 2] + offset_mm
    moved_mm[place] = back_project(seen_px[place], deeper_mm, *lens)
    return moved_mm


def headline(joint: str, offset_mm: float) -> str:
    """What the slider says of its place: the picture's movement, the bone's length."""
    moved_mm = slid(joint, offset_mm)
    moves_px = torch.linalg.vector_norm(project(moved_mm, *lens) - seen_px, dim=-1).max()
    bone = HOUSE.bone_names.index(joint)
    before, now = (geometry.bone_lengths(p, HOUSE)[bone] for p in (pose_mm, moved_mm))
    return (
        f"{joint.replace('_', ' ')} {offset_mm:+.0f} mm: "
        f"picture moves {moves_px:.3f} px, bone {now:.0f} mm (was {before:.0f})"
    )


offsets_mm = list(range(-600, 601, 50))


def sliding(joint: str) -> go.Figure:
    """One joint on its ray, with a slider."""
    slides_mm = torch.stack([slid(joint, offset) for offset in offsets_mm])
    sheet = figures.animate(
        slides_mm, project(slides_mm, *lens), truth_mm=pose_mm.expand_as(slides_mm), follow=False
    )
    x, y, z = slides_mm[[0, -1], HOUSE.index(joint)].float().numpy().T
    sheet.add_scatter3d(
        x=x, y=z, z=-y, mode="lines", name="the ray", line=dict(color="#8A8F98", width=4)
    )
    sheet.layout.scene.camera.eye = dict(x=2.7, y=-1.2, z=0.4)  # from the side, where depth shows
    sheet.layout.updatemenus = ()  # it is moved by hand
    sheet.layout.sliders[0].update(x=0.02, len=0.96, currentvalue_prefix="")
    for offset, place in zip(offsets_mm, sheet.layout.sliders[0].steps, strict=True):
        place.label = headline(joint, offset)
    return sheet


# %% [markdown]
# In a running notebook, the list under the figure lets you pick another joint. A second figure then
# appears below it.

# %%
figures.show_live(
    sliding(joint),
    dict(
        joint=ipywidgets.Dropdown(
            options=[(name.replace("_", " "), name) for name in HOUSE.bone_names],
            value=joint,
            description="another joint:",
            style={"description_width": "initial"},
        )
    ),
    sliding,
    alt="Left, the picture of the person, in which every joint is in its place. Right, the same "
    "person in space: one joint has slid away from the dashed truth along its ray, "
    "and the bone that holds it has changed its length.",
)

# %% [markdown]
# **Every joint has a slider like that one.** A pose has 17 × 3 numbers, a picture gives 17 × 2.
# What is missing is one number for each joint: its depth.

# %% [markdown]
# ## What that leaves open, in millimetres
#
# Some answers that need no learning show what is at stake. All are about the hip, as nearly every
# score of this field is (chapter 5): how far are the joints, relative to the hip, from where they
# are?
#
# * **zero depth**: a person of cardboard. Every joint is put at the hip's depth, on its own ray.
# * **depth at random**: every joint is on its own ray, up to half a metre before or behind the
#   hip.
# * **mean pose**: the picture is not looked at; everybody gets the average pose of other people.


# %%
def along_rays(depth_mm: Tensor) -> Tensor:
    """Joints (frames, 17, 3), mm, on the true rays of all our frames, at these depths."""
    rays = people.pose_mm.double()[..., :2] / people.pose_mm.double()[..., 2:]
    return torch.cat([rays, torch.ones_like(rays[..., :1])], -1) * depth_mm[..., None]


truth_mm = people.pose_mm.double()
relative_mm = geometry.root_relative(truth_mm, HOUSE)
hip_depth_mm = truth_mm[:, HOUSE.index("hip"), 2]
flat_mm = along_rays(hip_depth_mm[:, None].expand(-1, 17))
chance = torch.rand(truth_mm.shape[:2], generator=generator, dtype=torch.float64) - 0.5
chance[:, HOUSE.index("hip")] = 0  # the hip stays where it is
random_mm = along_rays(hip_depth_mm[:, None] + 1000 * chance)
others = datasets.load(data, root=root, split="train", keypoints=keypoints, seed=seed).every(step)
others_mm = geometry.root_relative(others.pose_mm.double(), HOUSE)
mean_mm = others_mm.mean(0).expand_as(truth_mm)

# %%
facts = dict(data=people.name, split="test")
about_hip = dict(joints="17", root="hip", average="frame")
by_root = metrics.Protocol(alignment="root", scale="true", **about_hip)
by_shape = metrics.Protocol(alignment="procrustes", scale="least_squares", **about_hip)
answers = {"zero depth": flat_mm, "random depth": random_mm, "mean pose": mean_mm}
for name, guess_mm in answers.items():
    for metric, protocol in (("MPJPE", by_root), ("P-MPJPE", by_shape)):
        value_mm = metrics.score(guess_mm, truth_mm, protocol)
        book.add(metric, value_mm, "mm", method=name, protocol=protocol, **facts)
off_mm = (geometry.root_relative(flat_mm, HOUSE) - relative_mm).abs().mean((0, 1))
print(
    f"zero depth is off by {off_mm[0]:.0f} mm in x, {off_mm[1]:.0f} in y, {off_mm[2]:.0f} in depth"
)
book

# %% [markdown]
# Two readings. The cardboard person is nearly right in x and y: almost all of its error is depth.
# And putting every joint on its proper ray is no merit in itself: with depths at random it scores
# worse than the mean pose, which has never seen the picture.
#
# Remember the zero-depth line. It is the score to beat in every chapter: whoever does not beat it
# has not learned any depth.

# %% [markdown]
# ## Twice as large, twice as far
#
# Now the second thing that a picture hides. Scale the person *and* the distance by the same
# factor: $v = X/Z$ stays what it was. A doll in the hand and a giant on the horizon have the same
# picture.

# %% tags=["check", "nbval-check-output"]
for factor in (0.1, 2.0, 50.0):
    assert torch.allclose(project(factor * pose_mm, *lens), seen_px, atol=1e-9)
print("size and distance: one picture, ok")

# %% [markdown]
# So whoever tells you a distance has assumed a size, and a focal length, since a longer lens also
# makes things large. How much does a wrong assumption cost? We take the **true** pose,
# root-relative, and ask only how far away it must stand to be seen where it is seen. That is
# linear: from $x + t_x = u\,(z + t_z)$ and $y + t_y = v\,(z + t_z)$ each joint gives two equations
# for the hip's place $t$.


# %%
def place(relative_mm: Tensor, rays: Tensor) -> Tensor:
    """Where the hip must be, (frames, 3), mm, for poses (frames, 17, 3) to be seen along `rays`."""
    (u, v), (x, y, z) = rays.unbind(-1), relative_mm.unbind(-1)
    one, zero = torch.ones_like(u), torch.zeros_like(u)
    rows = torch.cat([torch.stack([one, zero, -u], -1), torch.stack([zero, one, -v], -1)], 1)
    targets = torch.cat([u * z - x, v * z - y], 1)
    return torch.linalg.lstsq(rows, targets.unsqueeze(-1)).solution.squeeze(-1)


true_rays = truth_mm[..., :2] / truth_mm[..., 2:]
guessed_rays = torch.cat(
    [cameras.Camera.guess(c.size_px).rays(c.camera.project(c.pose_mm.double())) for c in people]
)
size_mm = geometry.bone_lengths(truth_mm, HOUSE).sum(-1)
average_mm = geometry.bone_lengths(others_mm, HOUSE).sum(-1).mean()
resized_mm = relative_mm * (average_mm / size_mm)[:, None, None]
placements = {
    "everything known": place(relative_mm, true_rays),
    "focal length 20 % too long": place(relative_mm, true_rays / 1.2),
    "focal length guessed from the picture's size": place(relative_mm, guessed_rays),
    "body taken to be of average size": place(resized_mm, true_rays),
}

# %%
depth_protocol = (
    "hip depth by least squares on 17 rays, true root-relative pose, mean distance, frame mean"
)
costs_mm = {}
for name, hip_found_mm in placements.items():
    costs_mm[name] = (hip_found_mm[:, 2] - hip_depth_mm).abs().mean().item()
    book.add("depth error", costs_mm[name], "mm", method=name, protocol=depth_protocol, **facts)
figures.show(
    figures.bars(
        costs_mm, unit="mm", title="What an assumption costs: error of the hip's distance"
    ),
    alt="Four bars. With everything known the error is nil; a wrong size of the body costs decimetres, "
    "a focal length that is a fifth too long costs a metre.",
)

# %% [markdown]
# A focal length that is wrong by a fifth moves the person by about a fifth of the distance. That
# is why scores are taken about the hip, and why a lifter that prints a distance for a picture of
# unknown origin should also print what it assumed.
#
# An unknown size costs something *about the hip*, too: even if you knew the shape of the pose
# perfectly, you would print a body of the wrong size.

# %%
sized_mm = metrics.score(resized_mm, truth_mm, by_root)
book.add("MPJPE", sized_mm, "mm", method="true pose, average size", protocol=by_root, **facts)
print(f"the true pose, drawn at average size: {sized_mm:.1f} mm MPJPE")
print(
    f"bones add up to {size_mm.mean():.0f} mm here, to {average_mm:.0f} mm in the people of training"
)

# %% [markdown]
# ## Known bones are not enough
#
# Real people have bones, and bones have lengths. Does that not settle it? Suppose we know every
# bone of this person, to the micrometre. Start at the hip. The knee lies on its own ray, and at a
# known distance from the hip joint: on a sphere. **A ray meets a sphere twice.** The knee is bent
# towards us or away from us, and the picture is the same.
#
# Each of the sixteen bones asks that question anew: nearer or further? Lee and Chen drew this tree
# of answers in 1985. It has $2^{16} = 65\,536$ leaves, few enough to visit all of them.


# %%
def meets(ray: Tensor, centre_mm: Tensor, radius_mm: Tensor) -> Tensor:
    """Depths (..., 2), mm, nearer and further, at which a ray meets a sphere; NaN: it does not."""
    direction = torch.cat([ray, torch.ones(1, dtype=ray.dtype)])
    along, size = (direction * centre_mm).sum(-1), (direction * direction).sum()
    inside = along**2 - size * ((centre_mm**2).sum(-1) - radius_mm**2)
    inside = torch.where(inside > -1e-3, inside.clamp(min=0), torch.nan)  # a touch counts
    return (along[..., None] + inside.sqrt()[..., None] * torch.tensor([-1.0, 1.0])) / size


def leaves(pose_mm: Tensor) -> Tensor:
    """All poses (many, 17, 3) with the rays, the hip and the bone lengths of one pose (17, 3)."""
    rays, lengths_mm = pose_mm[:, :2] / pose_mm[:, 2:], geometry.bone_lengths(pose_mm, HOUSE)
    numbers = torch.arange(2 ** len(HOUSE.bones))
    joints_mm = {HOUSE.index("hip"): pose_mm[HOUSE.index("hip")].expand(len(numbers), 3)}
    for bit, (parent, child) in enumerate(HOUSE.bones):
        depths_mm = meets(rays[child], joints_mm[parent], lengths_mm[bit])
        depth_mm = depths_mm.gather(-1, (numbers >> bit & 1)[:, None]).squeeze(-1)
        ray = torch.cat([rays[child], torch.ones(1, dtype=rays.dtype)])
        joints_mm[child] = depth_mm[:, None] * ray
    poses_mm = torch.stack([joints_mm[i] for i in range(17)], 1)
    return poses_mm[torch.isfinite(poses_mm).all((1, 2))]


# %%
found_mm = leaves(pose_mm)
apart_mm = torch.linalg.vector_norm(found_mm - pose_mm, dim=-1).mean(-1)
print(f"{2 ** len(HOUSE.bones)} answers, of which {len(found_mm)} exist: the other rays miss")
print(
    f"mean distance from the true pose: {apart_mm.mean():.0f} mm, at most {apart_mm.max():.0f} mm"
)

# %% tags=["check", "nbval-check-output"]
again_px = project(found_mm, *lens)
lengths_mm = geometry.bone_lengths(pose_mm, HOUSE)
assert torch.allclose(again_px, seen_px.expand_as(again_px), atol=1e-6), "the same picture"
assert torch.allclose(geometry.bone_lengths(found_mm, HOUSE), lengths_mm, atol=1e-3)
assert apart_mm.min() < 1e-3, "the truth is one of them"
print("same picture, same bones, another pose: ok")

# %% [markdown]
# ## What people cannot do
#
# Most of these poses are not human. A knee bends one way only; the pelvis is one bone, so the two
# hips cannot both swing forward. Each rule prunes the tree.


# %%
def keeps_width(poses_mm: Tensor, part: str) -> Tensor:
    """Left and right hip (or shoulder) are as far apart as they truly are, within 5 %."""
    left, right = HOUSE.indices(f"left_{part}", f"right_{part}")
    width_mm = torch.linalg.vector_norm(poses_mm[:, left] - poses_mm[:, right], dim=-1)
    true_mm = torch.linalg.vector_norm(pose_mm[left] - pose_mm[right])
    return (width_mm / true_mm - 1).abs() < 0.05


def bends_back(poses_mm: Tensor, side: str) -> Tensor:
    """The knee is straight, or it bends so that the heel nears the seat."""
    names = ("left_hip", "right_hip", f"{side}_hip", f"{side}_knee", f"{side}_foot")
    left, right, hip, knee, foot = (poses_mm[:, HOUSE.index(name)] for name in names)
    axis = torch.linalg.cross(knee - hip, foot - knee)
    return torch.nn.functional.cosine_similarity(axis, left - right, dim=-1) > 0


rules = {
    "hips and shoulders keep their widths": lambda p: (
        keeps_width(p, "hip") & keeps_width(p, "shoulder")
    ),
    "knees bend backwards": lambda p: bends_back(p, "left") & bends_back(p, "right"),
}
possible = torch.ones(len(found_mm), dtype=torch.bool)
print(f"{possible.sum():6d} poses with this picture and these bones")
for name, rule in rules.items():
    possible &= rule(found_mm)
    print(f"{possible.sum():6d} left: {name}")

# %%
left_mm, left_apart_mm = found_mm[possible], apart_mm[possible]
order = left_apart_mm.argsort()
chosen = {"the truth": order[0], "half way down": order[len(order) // 2], "the last": order[-1]}
figures.show(
    figures.compare(
        {f"{name}: {left_apart_mm[i]:.0f} mm off": left_mm[i] for name, i in chosen.items()},
        truth_mm=pose_mm,
        turn=75,
        title="One picture, one set of bones, no broken knees: still several people",
        note="Turn them to 0°: there they agree, but for the slight slant of this view.",
    ),
    alt="Three poses seen from the side: the true one, and two that lean and reach another way "
    "although the camera sees the same picture of all three.",
)

# %% [markdown]
# The arms stay as free as they were: to say which way an elbow may bend, one has to know how the
# upper arm is twisted, and joints alone do not tell. **This is what a lifter learns**: not where
# the joints are in the picture, that it is given, but which of these people is the likely one.

# %% [markdown]
# ## The one clue in the picture itself
#
# Mirror a pose in depth: what was in front of the hip goes behind it, x and y stay. A camera with
# parallel rays (an *orthographic* one, or a very long lens) sees no difference at all. A real one
# does, a little, since what is nearer is larger. How large is that clue?


# %%
def from_afar(relative_mm: Tensor, times: float) -> Tensor:
    """Pictures (frames, 17, 2), px, of people in the middle of the picture, at `times` their distance
    and with a lens that is as many times longer, so that they stay as large."""
    ahead = torch.tensor([0.0, 0.0, times], dtype=torch.float64)
    return project(relative_mm + ahead * hip_depth_mm[:, None, None], times * lens[0], lens[1])


def clue(times: float) -> float:
    """How far the joints move in the picture, px, when everybody is mirrored in depth."""
    mirrored_mm = relative_mm * torch.tensor([1.0, 1.0, -1.0])
    moves_px = from_afar(mirrored_mm, times) - from_afar(relative_mm, times)
    return torch.linalg.vector_norm(moves_px[:, 1:], dim=-1).median().item()  # the hip stays


clue_facts = dict(protocol="median distance of 16 joints (no hip), person in mid-picture", **facts)
for name, times in {"mirrored, perspective": 1, "mirrored, no perspective": 1e6}.items():
    book.add("picture moves", clue(times), "px", method=name, **clue_facts)
detected_px = torch.cat([detector_errors.detect(c, generator).keypoints_px for c in people])
noise_px = torch.linalg.vector_norm(detected_px - people.keypoints_px, dim=-1)
noise_px = noise_px[:, 1:].nanmedian().item()
print(f"with perspective:     {clue(1):.1f} px")
print(f"from a million times: {clue(1e6):.1f} px")
print(f"a detector is off by: {noise_px:.1f} px")

# %% [markdown] tags=["ablation"]
# ### Take the perspective away
#
# The clue lives on nearness. Walk away from the person with a lens that grows as you go, so that
# they stay as large in the picture: what is left of it?

# %%
times = [0.5, 0.6, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6]
figures.show(
    figures.loss_curves(
        {
            "distance (m)": [hip_depth_mm.mean().item() * t / 1000 for t in times],
            "a person mirrored in depth": [clue(t) for t in times],
        },
        x="distance (m)",
        unit="the picture moves by (px)",
        levels={"a detector's own error (px)": noise_px},
        title="The further away the camera, the less it tells front from back",
    ),
    alt="A falling curve: how far the picture moves, against the camera's distance. Beyond some metres "
    "it is below the level line of a detector's own error.",
)

# %% [markdown]
# So perspective does tell front from back, for people near the camera and a good detector. Methods
# that leave it out (weak perspective, as in chapter 12) give this clue up and must get the answer
# from elsewhere.

# %% [markdown]
# ## Lenses, and three ways to write one down
#
# A real lens bends rays a little. The common model moves each ray $v$, with $r = |v|$, radially by
# $k_1, k_2, k_3$ and tangentially by $p_1, p_2$:
#
# $$ v \mapsto v\,(1 + k_1 r^2 + k_2 r^4 + k_3 r^6 + w\,q\cdot v) + q\,r^2 . $$
#
# Published code agrees on the letters and not on their meaning: what $q$ is made of, and the
# weight $w$.
#
# | convention | $q$ | $w$ | used by |
# |---|---|---|---|
# | `opencv` | $(p_2, p_1)$ | 2 | OpenCV; what calibration tools print |
# | `human36m` | $(p_2, p_1)$ | 1 | Human3.6M's tools, Martinez 2017 |
# | `videopose3d` | $(p_1, p_2)$ | 1 | Pavllo 2019: the two change places |
#
# Since the lens moves rays one to one, all that was said above holds with it, too.


# %% tags=["core"]
def distort(rays: Tensor, radial: Tensor, tangential: Tensor, convention: str) -> Tensor:
    """Where a lens moves rays (..., 2); radial (3,) and tangential (2,), unitless."""
    p1, p2 = tangential
    weight, q = {
        "opencv": (2.0, torch.stack([p2, p1])),
        "human36m": (1.0, torch.stack([p2, p1])),
        "videopose3d": (1.0, torch.stack([p1, p2])),
    }[convention]
    r2 = (rays * rays).sum(-1, keepdim=True)
    growth = 1 + radial[0] * r2 + radial[1] * r2**2 + radial[2] * r2**3
    growth = growth + weight * (rays * q).sum(-1, keepdim=True)
    return rays * growth + q * r2


def undistort(seen: Tensor, radial: Tensor, tangential: Tensor, convention: str) -> Tensor:
    """The rays (..., 2) that the lens moves to `seen`: guess, look where they land, correct."""
    rays = seen
    for _ in range(30):
        rays = rays + seen - distort(rays, radial, tangential, convention)
    return rays


# %% [markdown]
# There is no formula for the way back, but the lens moves rays so little that guessing and
# correcting finds it. The check: every pixel of a real camera's picture, there and back.

# %%
kept = cameras.human36m_rig("S1")[0]  # one of Human3.6M's own cameras
terms = kept.radial, kept.tangential
width, height = kept.size_px
across, down = torch.meshgrid(
    torch.linspace(0, width, 41, dtype=torch.float64),
    torch.linspace(0, height, 41, dtype=torch.float64),
    indexing="xy",
)
pixels = torch.stack([across, down], -1)
straight = (pixels - kept.centre_px) / kept.focal_px


def picture_of(rays: Tensor, convention: str) -> Tensor:
    return distort(rays, *terms, convention) * kept.focal_px + kept.centre_px


rays_there = undistort(straight, *terms, "human36m")
round_trip_px = (picture_of(rays_there, "human36m") - pixels).abs().max().item()
bent_px = torch.linalg.vector_norm(picture_of(straight, "human36m") - pixels, dim=-1)
lens_protocol = f"41 x 41 pixels of Human3.6M's camera {kept.name}"
pixel_facts = dict(data="human36m camera", split="all", protocol=lens_protocol)
book.add("largest round trip", round_trip_px, "px", method="lens undone", **pixel_facts)
book.add("largest round trip", bent_px.max(), "px", method="lens forgotten", **pixel_facts)
print(
    f"forgetting the lens: {bent_px.mean():.1f} px on average, {bent_px.max():.1f} px in a corner"
)

# %% tags=["check", "nbval-check-output"]
assert round_trip_px < 1e-6
assert torch.allclose(rays_there, kept.rays(pixels), atol=1e-9), "the package's own inverse"
print("lens there and back: ok")

# %% [markdown]
# Now the mistake that this table of conventions invites: the same coefficients, read as another
# convention means them. Here is by how much the picture moves, over the whole of it.

# %%
calibrated = undistort(straight, *terms, "opencv")  # what the calibrated camera sees at each pixel
maps = go.Figure()
for panel, convention in enumerate(("human36m", "videopose3d")):
    moved = torch.linalg.vector_norm(picture_of(calibrated, convention) - pixels, dim=-1)
    axis = "" if panel == 0 else "2"
    maps.add_contour(
        x=pixels[0, :, 0].numpy(), y=pixels[:, 0, 1].numpy(), z=moved.float().numpy(),
        xaxis=f"x{axis}", yaxis=f"y{axis}", coloraxis="coloraxis",
        contours={"showlabels": True, "start": 0.1, "end": 0.9, "size": 0.1},
    )  # fmt: skip
    method = f"{convention} in place of opencv"
    book.add("mean difference", moved.mean(), "px", method=method, **pixel_facts)
    print(f"{method}: {moved.mean():.2f} px on average, {moved.max():.2f} px at most")
maps.update_layout(layout("The same lens coefficients, read by two other conventions", height=380))
for middle, convention in ((0.235, "human36m"), (0.765, "videopose3d")):
    maps.add_annotation(
        text=f"read as {convention}", x=middle, y=1, yanchor="bottom", xref="paper", yref="paper",
        showarrow=False,
    )  # fmt: skip
side = dict(showgrid=False, title={"text": "x, right (px)"})
maps.update_layout(
    coloraxis={
        "colorscale": "Viridis",
        "cmin": 0,
        "cmax": 1,
        "colorbar": {"title": {"text": "px"}},
    },
    margin={"l": 60, "b": 50},
    xaxis=side | {"domain": [0, 0.47]},
    xaxis2=side | {"domain": [0.53, 1]},
    yaxis={"autorange": "reversed", "title": {"text": "y, down (px)"}},
    yaxis2={"autorange": "reversed", "anchor": "x2", "showticklabels": False},
)
figures.show(
    maps,
    alt="Two maps of a picture with contour lines in pixels: reading OpenCV coefficients as Human3.6M "
    "does (left) or as VideoPose3D does (right) moves the picture by fractions of a pixel in the "
    "middle and more towards the edges.",
)

# %% [markdown]
# Fractions of a pixel where people stand. That is less than any detector's error and no reason to
# lose sleep, but it is far more than rounding: if your projection agrees with somebody else's only
# to half a pixel, this is the first place to look.

# %% [markdown] tags=["result"]
# ## The result
#
# Everything measured in this chapter, each number with its protocol:

# %%
book

# %% [markdown]
# **What constrains depth after all?**
#
# | what | what it gives | what it leaves open |
# |---|---|---|
# | the ray | two of three numbers for each joint | one depth for each joint |
# | known bone lengths | two candidates for each joint | which of the two; and lengths are not known |
# | what joints can do | prunes most of the tree | the arms; leaning forward or back |
# | perspective | front from back, near the camera | everything, far from it or under a detector's noise |
# | the next frame | people do not jump from leaf to leaf | where to start |
# | a second camera | everything (exercise 1) | nothing |
# | **having seen people before** | which pose is likely | the unlikely ones |
#
# The rest of the book is about the last line, helped by the others.

# %% [markdown] tags=["failures"]
# ## Failures: where the cardboard person is worst
#
# In the layout of all chapters: the worst frames of the zero-depth answer, one of each clip. What
# do they have in common?

# %%
error_mm = torch.linalg.vector_norm(
    geometry.root_relative(flat_mm, HOUSE) - relative_mm, dim=-1
)  # (frames, joints)


def cause(frame: int) -> str:
    """The joint that is furthest off, and on which side of the hip it truly is."""
    worst = error_mm[frame].argmax().item()
    where = "in front of" if relative_mm[frame, worst, 2] < 0 else "behind"
    return f"{HOUSE.joints[worst].replace('_', ' ')} far {where} the hip"


figures.show(
    figures.gallery(
        flat_mm,
        truth_mm,
        people.keypoints_px,
        error_mm.mean(-1),
        cause,
        clip_of_frame=people.clip_of_frame,
        title="Where zero depth fails most",
    ),
    alt="Six people seen from the side: the flat prediction is a thin upright line of joints, the true "
    "body reaches far towards the camera.",
)

# %% [markdown]
# They bend, sit or reach along the line of sight. Foreshortened limbs are where pictures tell
# least, and where every lifter in this book will have its worst frames, too.

# %% [markdown]
# ## Exercises
#
# **1 · code · hard.** A second camera stands a quarter of a circle further on. Find the joints in space from
# both pictures. (Each ray gives two equations; two rays give four for three unknowns.)

# %% tags=["exercise"]
person_mm = camera.to_world(pose_mm)
middle_mm = person_mm[HOUSE.index("hip")]
quarter = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
second_place_mm = middle_mm + quarter @ (camera.position_mm - middle_mm)
second = cameras.Camera(
    camera.focal_px,
    camera.centre_px,
    rotation=geometry.look_at(second_place_mm, middle_mm),
    position_mm=second_place_mm,
)
pictures_px = [c.project(c.to_camera(person_mm)) for c in (camera, second)]


def triangulate(pictures_px: list[Tensor], views: list[cameras.Camera]) -> Tensor:
    """Joints (17, 3) in the world, mm, from their pictures (17, 2), px, in several cameras."""
    return torch.full((17, 3), torch.nan)  # your solution


# %% tags=["solution"]
def triangulate(pictures_px: list[Tensor], views: list[cameras.Camera]) -> Tensor:
    """Joints (17, 3) in the world, mm, from their pictures (17, 2), px, in several cameras.

    x = u z and y = v z in a camera's axes, with (x, y, z) = R (P - C): (R_x - u R_z) P is known.
    """
    rows, targets = [], []
    for px, view in zip(pictures_px, views, strict=True):
        right, down, forward = view.rotation
        for value, axis in zip(view.rays(px).unbind(-1), (right, down), strict=True):
            row = axis - value[:, None] * forward
            rows.append(row)
            targets.append(row @ view.position_mm)
    rows, targets = torch.stack(rows, 1), torch.stack(targets, 1)
    return torch.linalg.lstsq(rows, targets.unsqueeze(-1)).solution.squeeze(-1)


for sigma_px in (0.0, 5.0):
    blurred_px = [px + sigma_px * torch.randn_like(px) for px in pictures_px]
    missed_mm = triangulate(blurred_px, [camera, second]) - person_mm
    missed_mm = torch.linalg.vector_norm(missed_mm, dim=-1).mean()
    print(f"{sigma_px:.0f} px of noise: {missed_mm:5.1f} mm from the truth")

# %% tags=["exercise_check"]
check("3.1")

# %% [markdown]
# **2 · code · medium.** A detector errs by 5 px in x and in y at every joint (normal distribution). With the true pose
# and the true camera, how far off is the hip's distance then? Use `place`, `true_rays` and
# `relative_mm`; first guess whether it is centimetres or metres.

# %% tags=["exercise"]
sigma_px = 5.0
depth_off_mm = None  # mean error of the hip's depth over all frames

# %% tags=["solution"]
noisy_rays = true_rays + sigma_px / camera.focal_px * torch.randn_like(true_rays)
depth_off_mm = (place(relative_mm, noisy_rays)[:, 2] - hip_depth_mm).abs().mean().item()
print(f"{sigma_px:.0f} px of noise on each joint: hip off by {depth_off_mm:.0f} mm")

# %% tags=["exercise_check"]
check("3.2")

# %% [markdown]
# **3 · recall · easy.** Somebody knows where the hip is in space, and how long the three bones are that lead from
# there to the left foot. In how many ways, at most, can these joints lie so that the picture and the three lengths
# are right?

# %% tags=["exercise"]
leg_poses = None  # a whole number

# %% tags=["solution"]
leg_poses = 2**3  # each bone asks anew: nearer or further?

# %% tags=["exercise_check"]
check("3.3")

# %% [markdown]
# **4 · derive · medium.** The hip lies on the camera's axis, `distance_mm` away. A joint lies `beside_mm` to the
# right of the axis, and `nearer_mm` nearer to the camera than the hip. Now the person is mirrored in depth. By how
# many pixels does the picture of this joint move? Derive the formula, and see what happens to it if the distance
# *and* the focal length grow tenfold.


# %% tags=["exercise"]
def mirror_moves_px(
    focal_px: float, beside_mm: float, nearer_mm: float, distance_mm: float
) -> float:
    return float("nan")  # your formula


# %% tags=["solution"]
def mirror_moves_px(
    focal_px: float, beside_mm: float, nearer_mm: float, distance_mm: float
) -> float:
    # f x / (Z - d) - f x / (Z + d); for a distant camera nearly 2 f x d / Z², so it falls as f / Z²
    return 2 * focal_px * beside_mm * nearer_mm / (distance_mm**2 - nearer_mm**2)


for times in (1, 10):
    moves_px = mirror_moves_px(times * 1145, 300, 200, times * 4000)
    print(f"{times:2d} times as far, as large in the picture: {moves_px:.2f} px")

# %% tags=["exercise_check"]
check("3.4")

# %% [markdown]
# **5 · break it · medium.** A colleague's code exchanges $p_1$ and $p_2$: it gets coefficients in the convention
# `human36m` and applies them as `videopose3d` does. The only test draws the picture of one lens in both ways, and no
# pixel moves. Which tangential coefficients, not both 0, had that lens?

# %% tags=["exercise"]
hiding = None  # (p1, p2), at least one of them 0.001 or more in size

# %% tags=["solution"]
hiding = (0.001, 0.001)  # exchanging equals changes nothing: test with coefficients that differ

# %% tags=["exercise_check"]
check("3.5")

# %% [markdown]
# ## What to take away
#
# * A picture fixes each joint's ray, two numbers of three. Depth is not hidden in the pixels; it
#   is not there.
# * Size, distance and focal length trade against each other: a distance in mm is an assumption in
#   mm.
# * Known bones leave thousands of poses; joint limits leave fewer; perspective helps near the
#   camera.
# * The same five lens coefficients mean three different lenses. Name the convention.
#
# **What one should not conclude.** That lifting is hopeless: the leaves of the tree are far from
# equally likely, and people who have seen people guess well. Nor that perspective is worthless: it
# separates mirror poses whenever the camera is near. And the counts above are for one frame;
# frames in which a person reaches along the line of sight have more leaves far from the truth.
#
# **References.** Lee & Chen, *Determination of 3D human body postures from a single view*, CVGIP
# 1985, [10.1016/0734-189X(85)90094-5](https://doi.org/10.1016/0734-189X%2885%2990094-5) · Taylor,
# *Reconstruction of articulated objects from point correspondences in a single uncalibrated
# image*, CVIU 2000, [10.1006/cviu.2000.0878](https://doi.org/10.1006/cviu.2000.0878) · Hartley &
# Zisserman, *Multiple View Geometry*, 2004,
# [10.1017/CBO9780511811685](https://doi.org/10.1017/CBO9780511811685) · Zhang, *A flexible new
# technique for camera calibration*, TPAMI 2000,
# [10.1109/34.888718](https://doi.org/10.1109/34.888718) · Ionescu et al., *Human3.6M*, TPAMI 2014,
# [10.1109/TPAMI.2013.248](https://doi.org/10.1109/TPAMI.2013.248).
