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
#     id: in_the_wild
#     title: From your photograph to people in space
#     level: intermediate
#     prerequisites: [metrics_and_protocols, cameras_and_depth]
#     minutes: {ci: 0.4, laptop: 3, full: 6}
#     device: cpu
#     data: [rendered_wild, rendered_plain]
#     paper: arXiv:2006.10204
#     updated: 2026-11-29
# ---

# %% [markdown] tags=["hook"]
# # 17 · From your photograph to people in space
#
# So far somebody else marked the joints. Here nobody does. A photograph goes in, a *detector* finds the people and
# their joints in it, and a *lifter* gives the third dimension. That is what each of the five projects behind this book
# shows first, and what its users then try with pictures of their own.
#
# **A pose comes out of every photograph. How far off is it, and whose fault is that?** The detector saw a wrist in the
# wrong place. The lifter had never seen somebody crouch. Nobody knew the camera, or how tall the person is. Here we
# measure each of them, on people of whom everything is known.

# %% [markdown] tags=["goals"]
# **After this chapter you can**
#
# * lead a photograph of your own through every step, and say what each step assumes;
# * place a lifted pose before a camera, by least squares, and say what decides how far away it stands;
# * split the error of the whole into parts: key points, hidden legs, camera, height;
# * tell from a bad pose whether the detector or the lifter is to blame;
# * film somebody so that it works.

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")  # ci, laptop or full
seed = 0
device = "auto"  # the networks of this chapter run on the CPU
out_dir = None  # None: runs/in_the_wild/<time>/
data = "rendered_wild"  # people of whom everything is known; or rendered_plain
root = None  # folder with pictures of these people, as `posebook data make` writes it; None: drawn here
photograph = None  # path of a photograph of your own; None: the two that come with scikit-image
film = None  # path of a film of your own; None: a rendered one
detector_name = (
    None  # blazepose, movenet, stacked_hourglass, or a file; None: the best that is here
)
lifter_name = "simple_baseline"  # a shipped lifter, or a file
height_m = None  # how tall the person on your photograph is, m, where you know it
# None below: as the profile says (the next cell)
people = None  # how many rendered people
size = None  # of their pictures, px

# %% tags=["setup"]
import math
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy
import torch
from PIL import Image
from torch import Tensor

from posebook import datasets, detection, export, figures, lifting, metrics, results
from posebook.cameras import Camera
from posebook.course import check, guessed
from posebook.datasets.pictures.picture_files import PictureFiles
from posebook.datasets.pictures.rendered import DOMAINS, rendered_picture
from posebook.datasets.pictures.rendered_films import rendered_film
from posebook.detection.shipped import about_default, default
from posebook.errors import InputError
from posebook.lifting.placing import height_of, place_root
from posebook.metrics import ambiguity
from posebook.metrics.pictures import LIMBS
from posebook.skeletons import HOUSE, conversion

# %% tags=["setup"]
choices = {
    "ci": dict(people=8, size=192, tried=3, frames=12),
    "laptop": dict(people=90, size=256, tried=30, frames=50),
    "full": dict(people=400, size=256, tried=100, frames=100),
}[profile]
people, size = people or choices["people"], size or choices["size"]
if data not in DOMAINS:
    raise InputError(f"data is '{data}', expected {' or '.join(DOMAINS)}")
book = results.Results("in_the_wild", out_dir, profile=profile, seed=seed, device="cpu")
out_dir = book.out_dir
detector = default() if detector_name is None else detection.load(detector_name)
lifter = lifting.load(lifter_name)
print(f"detector: {detector.name}, weights {detector.sha256[:12]}; lifter: {lifter.name}")
if detector_name is None and about_default():
    print(f"The detector is {about_default()}")

# %% [markdown]
# ## From a picture to key points
#
# A detector answers two questions: *where are people?* and *where are this person's joints?* BlazePose, which is free
# and quick, has a network for each. The first looks at the whole picture made small, then at parts of it. The second
# looks at a square around one person. Chapter 8 trains a network of the second kind. It needs one person in the middle.


# %% tags=["setup"]
def photographs(given: str | None) -> dict[str, Tensor]:
    """Pictures (height, width, 3), by name."""
    if given is not None:
        return {Path(given).name: PictureFiles([Path(given)])[0]}
    from skimage import data as skimage_data

    both = {"camera": skimage_data.camera(), "astronaut": skimage_data.astronaut()}
    return {n: torch.from_numpy(numpy.array(Image.fromarray(p).convert("RGB")))
            for n, p in both.items()}  # fmt: skip


pictures = photographs(photograph)
main = next(iter(pictures))
found_in = {name: detector.detect(picture) for name, picture in pictures.items()}
figures.show(
    figures.pose_2d(
        found_in[main].keypoints_px, detector.skeleton, image=pictures[main].numpy(),
        title=f"{main}: everything that {detector.name} says, sure or not",
    ),
    alt=f"The photograph {main} with all key points that the detector gives drawn over it.",
)  # fmt: skip

# %% [markdown]
# A network that answers with 33 joints always answers with 33. Where the legs are outside the picture, it guesses. So
# every joint comes with a **score** from 0 to 1, and what has less than a threshold counts as *not seen*. Too low a
# threshold believes guesses; too high a one throws away what is right. The book takes 0.3.

# %% tags=["setup"]
BELIEVED = 0.3


def person_of(found: detection.Found, row: int, picture: Tensor, camera: Camera | None = None):
    """One person as a clip of one frame: joints that are not believed are missing."""
    scores = found.scores[row : row + 1]
    points_px = torch.where((scores >= BELIEVED)[..., None], found.keypoints_px[row], torch.nan)
    tall, wide = picture.shape[:2]
    return datasets.Clip("", found.skeleton, camera, points_px, scores, size_px=(wide, tall))


rows, clips = [], {}
for name, found in found_in.items():
    for row in range(len(found.scores)):
        sure = found.scores[row] >= BELIEVED
        if sure.sum() < len(sure) / 3:
            continue
        who = name if not row else f"{name}, person {row + 1}"
        clips[who] = person_of(found, row, pictures[name])
        body = [j for j in detector.skeleton.joints if j in HOUSE.joints]
        seen = sure[detector.skeleton.indices(*body)]
        unseen = [j.replace("_", " ") for j, s in zip(body, seen.tolist(), strict=True) if not s]
        rows.append([who, f"{int(sure.sum())} of {len(sure)}", ", ".join(unseen) or "none"])
if not clips:
    raise InputError(f"{', '.join(pictures)}: nobody is found by {detector.name}")
figures.Table(("who", "joints believed", "joints of the body that are not"), rows)

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $p_j$ | `keypoints_px` | (17, 2) | px | key points of the house joints, origin at the picture's top left |
# | $c_j$ | `confidence` | (17,) | none | scores from 0 to 1; 0 where a joint is not seen |
# | $f, o$ | `focal_px`, `centre_px` | (2,) | px | focal length; where the optical axis meets the picture |
# | $u_j$ | `rays` | (17, 2) | none | $(p_j-o)/f$: the direction in which a joint is seen |
# | $X_j$ | `pose_mm` | (17, 3) | mm | what the lifter gives: camera axes (x right, y down, z away), hip at 0 |
# | $t$ | `root_mm` | (3,) | mm | where the hip is, camera axes |
#
# ## From key points to a person in a place
#
# **Convert.** The detector's joints become the seventeen house joints. Some are made up: the pelvis is put between the
# hips, the spine between pelvis and thorax (chapter 2).
#
# **Guess the camera.** A file without data on its lens leaves us a guess: $f$ is 1.2 times the longer side of the
# picture, and $o$ its middle (chapter 3).
#
# **Lift.** A network of chapter 6 gives $X_j$ about the hip.
#
# **Place.** The person stands where $X_j + t$ is seen at $p_j$. With $t=(t_x,t_y,t_z)$ that is
#
# $$ \frac{X^x_j+t_x}{X^z_j+t_z}=u^x_j \quad\Longrightarrow\quad t_x-u^x_j\,t_z = u^x_jX^z_j-X^x_j, $$
#
# and the same for $y$: two *linear* equations a joint for three unknowns. We weight each by how sure its joint is, and
# solve by least squares.


# %% tags=["core"]
def place(
    pose_mm: Tensor, keypoints_px: Tensor, confidence: Tensor, focal_px: Tensor, centre_px: Tensor
) -> Tensor:
    """Where the hip (3,) must be, mm, for a pose (17, 3) to be seen at key points (17, 2)."""
    seen = (confidence > 0) & torch.isfinite(keypoints_px).all(-1)
    rays = ((keypoints_px - centre_px) / focal_px)[seen]
    pose, weight = pose_mm[seen], confidence[seen].sqrt()
    one, zero = torch.ones_like(weight), torch.zeros_like(weight)
    left = torch.stack([
        torch.stack([one, zero, -rays[:, 0]], -1),  # the equations in x
        torch.stack([zero, one, -rays[:, 1]], -1),  # and in y
    ])  # fmt: skip
    right = (rays * pose[:, 2:] - pose[:, :2]).T
    return torch.linalg.lstsq(
        (weight[:, None] * left).flatten(0, 1), (weight * right).flatten()[:, None]
    ).solution[:, 0]


# %% [markdown]
# Three checks whose answers you can predict. A pose that was projected from a place goes back to this place, and an
# unseen joint changes nothing. The same picture of somebody twice as tall puts them twice as far away. The same
# picture with half the focal length puts them about half as far.

# %% tags=["check", "nbval-check-output"]
draw = torch.Generator().manual_seed(0)
some_mm = 400 * torch.randn(17, 3, generator=draw, dtype=torch.float64)
some_mm = some_mm - some_mm[0]
there_mm = torch.tensor([600.0, -200.0, 5000.0], dtype=torch.float64)
focal_px, centre_px = torch.tensor([[1200.0, 1200.0], [500.0, 400.0]], dtype=torch.float64)
absolute_mm = some_mm + there_mm
some_px = focal_px * absolute_mm[:, :2] / absolute_mm[:, 2:] + centre_px
certain = torch.rand(17, generator=draw, dtype=torch.float64)
lens = focal_px, centre_px
assert torch.allclose(place(some_mm, some_px, certain, *lens), there_mm, atol=1e-6)
less = torch.where(torch.arange(17) < 5, 0.0, certain)
assert torch.allclose(place(some_mm, some_px, less, *lens), there_mm, atol=1e-6)
assert torch.allclose(place(2 * some_mm, some_px, certain, *lens), 2 * there_mm, atol=1e-6)
nearer = place(some_mm, some_px, certain, focal_px / 2, centre_px)[2] / there_mm[2]
assert 0.4 < nearer < 0.6
theirs = place_root(some_mm[None], some_px[None], certain[None], Camera(*lens), 1.0)
assert torch.allclose(theirs[0], there_mm, atol=1e-6)
print("back to its place; twice as tall, twice as far; half the lens, about half as far: ok")

# %% [markdown]
# Now the photograph. All that was assumed is in the notes: read them before the pose.

# %% tags=["setup"]
height_mm = None if height_m is None else 1000 * float(height_m)
lifted = {who: lifter.lift(clip, height_mm=height_mm) for who, clip in clips.items()}
for who, answer in list(lifted.items())[:1]:
    print(f"{who}:")
    for note in answer.notes:
        print("*", note)

# %% tags=["check"]
for who, answer in lifted.items():
    ready = answer.clip
    own = place(
        answer.pose_mm[0].double(), ready.keypoints_px[0],
        ready.confidence[0],
        ready.camera.focal_px, ready.camera.centre_px,
    )  # fmt: skip
    print(
        f"{who}: {own[2] / 1000:.2f} m away by `place`, {answer.root_mm[0, 2] / 1000:.2f} m by the package"
    )

# %% tags=["setup"]
who, answer = next(iter(lifted.items()))
unsure = [j for j, s in zip(HOUSE.joints, answer.seen[0].tolist(), strict=True) if not s]
unsure = sorted({*unsure, *answer.invented})
clip = clips[who]
figures.show(
    figures.three_panels(
        clip.keypoints_px[0], answer.pose_mm[0], input_skeleton=clip.skeleton, invented=unsure,
        title=f"{who}: believed, and lifted",
        note="Hollow joints and dotted bones were not seen.",
    ),
    alt="Left the believed key points of the photograph; beside them the lifted stick figure from "
    "the camera and from the side, with the joints that nobody saw drawn hollow.",
)  # fmt: skip

# %% [markdown] tags=["predict"]
# **Predict first.** Five things stand between this photograph and the true pose:
#
# 1. the *detector's* errors in the joints that are seen;
# 2. *legs* out of the picture (say, everything below the hips);
# 3. the unknown *camera*;
# 4. the unknown *height* of the person;
# 5. the *lifter* itself, which errs even when all of this is known.
#
# Which two cost most in MPJPE, the distance of joints from the truth with the hips together?

# %% tags=["predict"]
largest, second = None, None  # your guess: "detector", "legs", "camera", "height", "lifter"

# %% [markdown]
# ## People of whom everything is known
#
# Photographs come without truth. Rendered people have it: chapter 8 introduces them. Each picture here is a piece cut
# out of a larger photograph, as a detector would cut it. We pretend that the whole was taken with a lens between 24 and
# 85 mm (of a 36 mm wide picture, as on the box of a camera), and it is the camera of that whole photograph which is
# known or not.


# %% tags=["setup"]
class Case(NamedTuple):
    """A rendered person. keypoints_px and camera are those of the whole photograph."""

    picture: Tensor  # (size, size, 3), what the detector sees
    corner_px: Tensor  # (2,) where its top left corner is in the photograph
    keypoints_px: Tensor  # (17, 2)
    visible: Tensor  # (17,)
    truth_mm: Tensor  # (17, 3) camera axes, absolute
    camera: Camera


def drawn(number: int) -> tuple[Tensor, ...]:
    """Picture, key points, visible joints, joints in space, focal length and centre in px."""
    if root is not None:
        one = pictures_in_root.rows([number])
        fx, fy, cx, cy = one.camera[0].double()
        parts = one.keypoints_px[0], one.visible[0] == 2, one.pose_mm[0]
        return (
            one.pictures[int(one.picture[0])],
            *parts,
            torch.stack([fx, fy]),
            torch.stack([cx, cy]),
        )
    made = rendered_picture(data, number, size, "test")
    arrays = (made.rgb.copy(), made.keypoints_px, made.visible, made.pose_mm)
    return *map(torch.from_numpy, arrays), made.camera.focal_px, made.camera.centre_px


def case_of(number: int, random: torch.Generator) -> Case:
    picture, points, visible, truth_mm, focal, middle = drawn(number)
    points = points[: len(HOUSE)].double()
    lens_mm = math.exp(math.log(24) + float(torch.rand((), generator=random)) * math.log(85 / 24))
    # As wide as this lens makes it, and wide enough for the person to be in it.
    half = max(float(focal[0]) * 18 / lens_mm, 1.05 * float((points - middle).abs().max()))
    whole = torch.full((2,), half, dtype=torch.float64)
    eye = Camera(focal, whole, (round(2 * half), round(2 * half)))
    corner, joints = whole - middle, slice(len(HOUSE))
    return Case(picture, corner, points + corner, visible[joints], truth_mm[joints].double(), eye)


# %% tags=["setup"]
if root is not None:
    pictures_in_root = datasets.pictures.load(data, root, split="test", size=size).thinned(people)
    people = len(pictures_in_root)
random = torch.Generator().manual_seed(seed)
cases = [case_of(number, random) for number in range(people)]
truth_mm = torch.stack([case.truth_mm for case in cases])
relative_mm = truth_mm - truth_mm[:, :1]
print(
    f"{len(cases)} people, {truth_mm[:, 0, 2].min() / 1000:.1f} to {truth_mm[:, 0, 2].max() / 1000:.1f} m away"
)

# %% [markdown]
# Which of the people found is *the* person? The one who is most alike, by **OKS**, the object keypoint similarity of
# COCO: each joint counts $e^{-d^2/2s^2w^2}$, where $d$ is how far it is off, $s^2$ the area that the person covers, and
# $w$ a width for each kind of joint, since hips are harder to mark than wrists. A person with less than 0.5 was not found.


# %% tags=["core"]
WIDTHS = 2 * torch.tensor([0.079, 0.072, 0.062, 0.107, 0.087, 0.089], dtype=torch.float64)
OF_A_BOX = 0.53  # the part of their box that people cover


def oks(found_px: Tensor, true_px: Tensor) -> Tensor:
    """Similarity, 0 to 1, of limb joints (..., 12, 2) with the truth (12, 2)."""
    low, high = true_px.amin(0), true_px.amax(0)
    area = OF_A_BOX * (high - low).prod()
    off_px = torch.linalg.vector_norm(found_px - true_px, dim=-1)
    return torch.exp(-(off_px**2) / (2 * area * WIDTHS.repeat_interleave(2) ** 2)).mean(-1)


# %% tags=["check", "nbval-check-output"]
limbs = HOUSE.indices(*LIMBS)
true_px = 100 * torch.rand(12, 2, generator=draw, dtype=torch.float64)
assert float(oks(true_px, true_px)) == 1
assert float(oks(true_px + 1e4, true_px)) < 1e-6
assert math.isclose(float(oks(3 * (true_px + 2), 3 * true_px)), float(oks(true_px + 2, true_px)))
print("itself 1, somewhere else 0, and the same at any size: ok")

# %% tags=["setup"]
convert = conversion(detector.skeleton, HOUSE)


class Detected(NamedTuple):
    """What the detector finds of one person, in px of the whole photograph; alike: OKS."""

    clip: datasets.Clip
    alike: float


def detected(case: Case, picture: Tensor | None = None, scale: float = 1.0) -> Detected | None:
    """The person as the detector finds them; None: nobody like them.

    picture, scale  another picture than the case's, `scale` times as large
    """
    picture = case.picture if picture is None else picture
    found = detector.detect(picture)
    if not len(found.scores):
        return None
    found = replace(found, keypoints_px=found.keypoints_px.double() / scale + case.corner_px)
    points_px, _ = convert(found.keypoints_px, found.scores.double())
    alike = oks(points_px[:, limbs].nan_to_num(1e6), case.keypoints_px[limbs])
    row = int(alike.argmax())
    clip = person_of(found, row, picture)
    enough = (found.scores[row] >= BELIEVED).sum() >= len(detector.skeleton) / 3
    size_px = case.camera.size_px
    fits = alike[row] >= 0.5 and enough
    return Detected(replace(clip, size_px=size_px), float(alike[row])) if fits else None


seen_as = [detected(case) for case in cases]
kept = [number for number, one in enumerate(seen_as) if one is not None]
if not kept:
    raise InputError(f"{detector.name} finds none of {len(cases)} people in {data}")
found_share = 100 * len(kept) / len(cases)
book.add("found", found_share, "%", protocol="OKS of at least 0.5, 12 joints", data=data,
         split="test", method="detector")  # fmt: skip
print(f"{detector.name} finds {len(kept)} of {len(cases)} ({found_share:.0f} %)")

# %% [markdown]
# ## One cause at a time, then all together
#
# Everybody who was found is lifted several times. First with true key points, true camera and true height: what
# is left is the lifter's own error. Then one thing is taken away, and last all of them, one after the other. Scores:
#
# * **MPJPE**, hips together, in mm as they come out;
# * **P-MPJPE**: turned and scaled onto the truth; it forgives size, tilt and much of a wrong camera;
# * **place**: how far the hip is from where it truly is, in percent of the true distance.

# %% tags=["setup"]
BELOW = HOUSE.indices(*(f"{side}_{j}" for side in ("left", "right") for j in ("knee", "foot")))


def true_clip(case: Case, legs: bool = True) -> datasets.Clip:
    """True key points of the joints in the picture, and what is hidden in it, too."""
    confidence = torch.ones(1, len(HOUSE), dtype=torch.float64)
    if not legs:
        confidence[:, BELOW] = 0
    points_px = torch.where((confidence > 0)[..., None], case.keypoints_px, torch.nan)
    return datasets.Clip("", HOUSE, None, points_px, confidence, size_px=case.camera.size_px)


def lift_all(clips: dict[int, datasets.Clip], camera: bool, height: bool):
    """Poses (n, 17, 3) and places (n, 3) of cases by their numbers, mm."""
    answers = []
    for number, clip in clips.items():
        eye = cases[number].camera if camera else None
        tall_mm = height_of(relative_mm[number][None]) if height else None
        answers.append(lifter.lift(clip, eye, height_mm=tall_mm))
    return (torch.cat([answer.pose_mm.double() for answer in answers]),
            torch.cat([answer.root_mm.double() for answer in answers]))  # fmt: skip


given = {
    "true": {n: true_clip(cases[n]) for n in kept},
    "no legs": {n: true_clip(cases[n], legs=False) for n in kept},
    "detector": {n: seen_as[n].clip for n in kept},
}
WAYS = {  # key points, camera known, height known
    "all is known": ("true", True, True),
    "detector's key points": ("detector", True, True),
    "legs out of the picture": ("no legs", True, True),
    "camera unknown": ("true", False, True),
    "height unknown": ("true", True, False),
    "detector, camera unknown": ("detector", False, True),
    "detector, camera and height unknown": ("detector", False, False),
}
lifted_as = {way: lift_all(given[points], *known) for way, (points, *known) in WAYS.items()}

# %% tags=["setup"]
MPJPE = metrics.Protocol(joints="17", root="hip", alignment="root", scale="metric", average="frame")
SHAPE = metrics.Protocol(
    joints="17", root="hip", alignment="procrustes", scale="least_squares", average="frame"
)
PLACE = "distance of the hip from its true place, over its true distance; median of people"
truths_mm, true_roots_mm = relative_mm[kept], truth_mm[kept, 0]
table = {}
for way, (poses_mm, roots_mm) in lifted_as.items():
    off = (roots_mm - true_roots_mm).norm(dim=-1) / true_roots_mm.norm(dim=-1)
    table[way] = {
        "MPJPE": metrics.score(poses_mm, truths_mm, MPJPE),
        "P-MPJPE": metrics.score(poses_mm, truths_mm, SHAPE),
        "place": 100 * float(off.median()),
    }
mean_mm = relative_mm.mean(0).expand_as(truths_mm)
flat_mm = truths_mm * torch.tensor([1.0, 1.0, 0.0])
for way, poses_mm in {"mean pose": mean_mm, "zero depth": flat_mm}.items():
    table[way] = {
        "MPJPE": metrics.score(poses_mm, truths_mm, MPJPE),
        "P-MPJPE": metrics.score(poses_mm, truths_mm, SHAPE),
    }
for way, row in table.items():
    for metric, value in row.items():
        under = {"MPJPE": MPJPE, "P-MPJPE": SHAPE, "place": PLACE}[metric]
        unit = "%" if metric == "place" else "mm"
        book.add(metric, value, unit, protocol=under, data=data, split="test", method=way)
heads = ("what is known", "MPJPE (mm)", "P-MPJPE (mm)", "place (%)")
rows = [[way, *(row.get(metric) for metric in ("MPJPE", "P-MPJPE", "place"))]
        for way, row in table.items()]  # fmt: skip
figures.Table(heads, rows, f"{len(kept)} people of {data} whom {detector.name} finds")

# %% tags=["reveal"]
own_mm = table["all is known"]["MPJPE"]
costs = {
    "lifter": own_mm,
    "detector": table["detector's key points"]["MPJPE"] - own_mm,
    "legs": table["legs out of the picture"]["MPJPE"] - own_mm,
    "camera": table["camera unknown"]["MPJPE"] - own_mm,
    "height": table["height unknown"]["MPJPE"] - own_mm,
}
order = sorted(costs, key=costs.get, reverse=True)
print(f"{order[0]} and {order[1]} cost most; {guessed(largest, second)}")
figures.show(
    figures.bars(
        {name: costs[name] for name in costs}, "mm", highlight=order[:2],
        title="What each cause adds to the MPJPE",
        note="The lifter's bar is its error when all is known; the others are what is added to it.",
    ),
    alt="Bars of the MPJPE that each cause adds: " + ", ".join(
        f"{name} {value:.0f} mm" for name, value in costs.items()),
)  # fmt: skip

# %% [markdown] tags=["result"]
# Read the table from above.
#
# * *Mean pose* and *zero depth* know nothing of the third dimension. Every other line beats them.
# * **When all is known, the lifter errs least of all.** (It learned from people who move like these. More on that below.)
# * **The detector and hidden legs cost most, and both bend the pose:** P-MPJPE, which forgives size and place, sees
#   them, too. No number that you could type in mends them; a better picture does.
# * **An unknown height only scales.** P-MPJPE does not see it at all.
# * **An unknown camera hardly bends the pose, and moves the person by a large part of the distance.** The lens of a
#   telephone and that of a portrait differ by a factor of three, and our guess lies in between.
# * The causes do not simply add up: errors in all directions hide each other.

# %% [markdown] tags=["failures"]
# ## Failures, and whose fault they are
#
# A wrong pose (P-MPJPE of 90 mm or more) is the **lifter's** if perfect key points of the same person give a pose that
# is wrong, too: three quarters as far off, or more. Else it is the **detector's**. A rule names the cause. *Sides
# changed*: with left and right exchanged the key points would be twice as near. *Guessed*: a third or more of the
# limb joints are hidden or outside the picture. *Misplaced*: all other key points. The lifter's causes are those of
# chapter 12.

# %% tags=["setup"]
WRONG_MM = 90
by_true = metrics.p_mpjpe(lifted_as["all is known"][0], truths_mm)
by_found = metrics.p_mpjpe(lifted_as["detector's key points"][0], truths_mm)
found_px = {}
for n in kept:
    points_px = seen_as[n].clip.keypoints_px[0].double()
    found_px[n] = convert(points_px[None], seen_as[n].clip.confidence.double())[0][0]


def blame(row: int) -> tuple[str, str]:
    """Whose fault, and the cause, for a row of `kept`."""
    n = kept[row]
    if by_found[row] < WRONG_MM:
        return "nobody's", "right, or nearly"
    if by_true[row] >= 0.75 * by_found[row]:
        pose_mm = lifted_as["all is known"][0][row]
        return "lifter", ambiguity.cause(pose_mm, truths_mm[row])
    true_px = cases[n].keypoints_px
    off_px, crossed_px = (
        (points - true_px)[limbs].norm(dim=-1).nanmean()
        for points in (found_px[n], found_px[n][list(HOUSE.mirror)])
    )
    if crossed_px < 0.5 * off_px:
        return "detector", "sides changed"
    if cases[n].visible[limbs].double().mean() <= 2 / 3:
        return "detector", "guessed"
    return "detector", "misplaced"


blames = [blame(row) for row in range(len(kept))]
counts = {("detector", "not found"): len(cases) - len(kept)}
for one in blames:
    counts[one] = counts.get(one, 0) + 1
rows = [[*one, count] for one, count in sorted(counts.items(), key=lambda item: -item[1])]
for fault in ("lifter", "detector"):
    share = 100 * sum(c for (whose, _), c in counts.items() if whose == fault) / len(cases)
    book.add(f"wrong by the {fault}", share, "%", data=data, split="test", method="detector",
             protocol=f"share of all people; P-MPJPE of {WRONG_MM} mm or more, or not found")  # fmt: skip
figures.Table(("whose fault", "cause", "people"), rows, f"{len(cases)} people of {data}")

# %% tags=["setup"]
of_cause: dict[tuple[str, str], int] = {}  # the worst of each cause: a row of `kept`
for row in by_found.argsort(descending=True).tolist():
    if blames[row][0] != "nobody's":
        of_cause.setdefault(blames[row], row)
lost = [n for n in range(len(cases)) if n not in kept][:1]  # and one who was not found
shown = [kept[row] for row in of_cause.values()] + lost
nothing = torch.full((len(HOUSE), 2), torch.nan, dtype=torch.float64)
found_there = [found_px.get(n, nothing) - cases[n].corner_px for n in shown]
words = [f"{whose}: {why}, {by_found[row]:.0f} mm" for (whose, why), row in of_cause.items()]
if shown:
    figures.show(
        figures.picture_sheet(
            torch.stack([cases[n].picture for n in shown]),
            torch.stack(found_there).float(),
            HOUSE,
            truth_px=torch.stack(
                [cases[n].keypoints_px - cases[n].corner_px for n in shown]
            ).float(),
            captions=words + ["detector: not found"] * len(lost),
            columns=3,
            title="The worst of each cause: key points over the truth",
        ),
        alt="Pictures of rendered people, the key points found over the true ones, black and dashed; "
        "under each whose fault it is, the cause, and the P-MPJPE.",
    )

# %% tags=["setup"]
rows = list(of_cause.values())
if rows:
    figures.show(
        figures.gallery(
            lifted_as["detector's key points"][0][rows], truths_mm[rows],
            torch.stack([found_px[kept[row]] for row in rows]), by_found[rows],
            lambda number: ": ".join(blames[rows[number]]),
            count=3, title="The same people in space, by P-MPJPE",
        ),
        alt="Lifted poses in colour over the true ones, black and dashed, with whose fault it is.",
    )  # fmt: skip

# %% [markdown]
# ## How to film somebody so that it works
#
# Which pictures are bad for a detector? We make the same pictures worse, each in one way, and look how many people are
# still found and how wrong their poses become.

# %% tags=["ablation"]
few = cases[:: max(1, len(cases) // choices["tried"])][: choices["tried"]]


def smaller(picture: Tensor, share: float) -> Tensor:
    side = max(1, round(share * picture.shape[0]))
    return torch.from_numpy(numpy.array(Image.fromarray(picture.numpy()).resize((side, side))))


def darker(picture: Tensor) -> Tensor:
    """A fifth of the light, and the grain that comes with it."""
    grain = 4 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed))
    return (picture / 5 + grain).round().clamp(0, 255).byte()


def moved(picture: Tensor, by: float = 0.03) -> Tensor:
    """Everything moves to the side by a part of the picture while the shutter is open."""
    steps = range(max(1, round(by * picture.shape[1])))
    return torch.stack([picture.roll(s, 1).float() for s in steps]).mean(0).byte()


def without_legs(case: Case) -> Tensor:
    """Cut off just below the hips."""
    picture = case.picture.clone()
    hips = case.keypoints_px[HOUSE.indices("left_hip", "right_hip"), 1].amax() - case.corner_px[1]
    picture[max(0, round(float(hips) + 0.03 * len(picture))) :] = 0
    return picture


CONDITIONS = {
    "as it is": lambda case: (case.picture, 1.0),
    "half as large": lambda case: (smaller(case.picture, 1 / 2), 1 / 2),
    "a quarter as large": lambda case: (smaller(case.picture, 1 / 4), 1 / 4),
    "a fifth of the light": lambda case: (darker(case.picture), 1.0),
    "moved while open": lambda case: (moved(case.picture), 1.0),
    "legs cut off": lambda case: (without_legs(case), 1.0),
}

# %% tags=["ablation"]
rows, shares = [], {}
for condition, change in CONDITIONS.items():
    errors, found_now = [], 0
    for case in few:
        one = detected(case, *change(case))
        if one is None:
            continue
        found_now += 1
        pose_mm = lifter.lift(one.clip, case.camera).pose_mm.double()
        truth = (case.truth_mm - case.truth_mm[:1])[None]
        errors.append(float(metrics.p_mpjpe(pose_mm, truth)))
    shares[condition] = 100 * found_now / len(few)
    error = sum(errors) / len(errors) if errors else None
    rows.append([condition, f"{shares[condition]:.0f} %", error])
figures.Table(("picture", "found", "P-MPJPE of those found (mm)"), rows, f"{len(few)} people")

# %% [markdown]
# And the lifter? Most of its training cameras stood at the height of people. Is it out of its depth when a camera looks
# down from high up? Below, people of the synthetic corpus are seen from higher and higher. Key points are perfect, so
# all that is wrong is the lifter's.

# %% tags=["ablation"]
moving = datasets.load("synthetic", split="test", keypoints="true", seed=seed)
moving = moving.thinned(100 if profile == "ci" else 2000)
turned = []
for number, one in enumerate(moving):  # everybody about their hip, turned to another side each
    world = one.camera.to_world(one.pose_mm.double())
    cos, sin = math.cos(2.4 * number), math.sin(2.4 * number)
    about_up = torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=torch.float64)
    turned.append((world - world[:, :1]) @ about_up.T)
standing = datasets.clips.Motion("", torch.cat(turned), 1.0)


def looking_down(degrees: float) -> Camera:
    """A camera 5 m from the hip that looks down on it at an angle."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[1, 0, 0], [0, -sin, -cos], [0, cos, -sin]], dtype=torch.float64)
    return replace(Camera.guess((1000, 1000)), rotation=turn, position_mm=-5000 * turn[2])


by_height = {}
for degrees in (-15, 0, 15, 30, 45, 60, 75):
    above = standing.seen_by(looking_down(degrees))
    error = metrics.p_mpjpe(lifter.lift(above).pose_mm.double(), above.pose_mm)
    by_height[f"{degrees}°"] = float(error.mean())
rows = [[name, error] for name, error in by_height.items()]
figures.Table(
    ("the camera looks down by", "P-MPJPE (mm)"),
    rows,
    "perfect key points; 0°: level with the hips",
)

# %% [markdown]
# So, if you can choose how somebody is filmed:
#
# * **Let them be large.** A person should be at least half as tall as the picture, and 150 px or more.
# * **Light.** A short shutter needs it. Blur and darkness lose more people than anything else here.
# * **Show the feet.** Somebody whose legs are cut off is found less often, and the lifter invents the legs.
# * **Hold the camera level.** The shape of the pose hardly suffers from a camera that looks down. But which way is *up*
#   is then a guess: `posebook lift` takes it from people who stand straight, where there are some.
# * **From an angle.** Exactly from the front, or with an arm hidden behind the trunk, depth hangs on nothing.
# * **Measure them.** `--height 1.82` makes lengths and places this person's own. It costs one number and mends more
#   than any network.
# * **Know the lens.** It hardly changes the pose, but it decides how far away people are. `--intrinsics` takes it.
# * **Tight clothes, a plain background, one person,** where that can be had: then nobody is taken for somebody else.
#
# The first four we have measured here; the fifth is chapter 3's; the sixth and seventh stand in the table of causes. The
# last is what the failures above suggest.

# %% [markdown]
# ## The detector's own third dimension
#
# BlazePose gives places in space, too, in metres about the hips. It learned them from people in photographs to which
# a model of the body had been fitted. Is a lifter worth its while?

# %% tags=["setup"]
if detector.name == "blazepose":
    body = conversion(detector.skeleton, HOUSE)
    own = {}
    for n in kept:
        places = detector.search(cases[n].picture)[1]
        read = detector.read(cases[n].picture, places)
        points_px, _ = body(read.keypoints_px.double() + cases[n].corner_px, read.scores.double())
        alike = oks(points_px[:, limbs].nan_to_num(1e6), cases[n].keypoints_px[limbs])
        row = int(alike.argmax())
        pose_mm, _ = body(read.world_mm[row : row + 1].double(), torch.ones(1, len(body.source)))
        own[n] = pose_mm[0] - pose_mm[0, :1]
    own_mm = torch.stack([own[n] for n in kept])
    for metric, under in {"MPJPE": MPJPE, "P-MPJPE": SHAPE}.items():
        value = metrics.score(own_mm, truths_mm, under)
        table.setdefault("BlazePose's own", {})[metric] = value
        book.add(metric, value, "mm", protocol=under, data=data, split="test",
                 method="BlazePose's own")  # fmt: skip
rows = [[way, table[way]["MPJPE"], table[way]["P-MPJPE"]]
        for way in ("detector, camera and height unknown", "BlazePose's own") if way in table]  # fmt: skip
figures.Table(("third dimension", "MPJPE (mm)", "P-MPJPE (mm)"), rows, f"{len(kept)} people")

# %% [markdown]
# Two different kinds of knowledge, and neither has seen our people. The lifter's training people move like the rendered
# ones, as chapter 8 says; BlazePose's were real. So this table flatters the lifter. On real photographs with measured
# poses the two came out alike.
#
# ## The same photograph, as the five projects show it
#
# **3dpose_gan** shows one pose from 25 sides. Its lifter (chapter 12) has never seen a pose in 3D. **All** lifters of
# the book then get the same key points. Where they differ, at least one of them is wrong; where they agree, all may be.

# %% tags=["setup"]
demo = next(iter(clips))
blind = lifting.load("adversarial_lifting").lift(clips[demo]).pose_mm[0]
figures.show(
    figures.from_all_sides(
        blind / blind.norm(dim=-1).mean(), title=f"{demo}, lifted without any 3D: from all sides"
    ),
    alt="Twenty-five small drawings of one lifted pose, each turned by 15 degrees more.",
)

# %% tags=["setup"]
each = {name: lifting.load(name).lift(clips[demo]).pose_mm[0] for name in lifting.SHIPPED}
figures.show(
    figures.compare(
        {name.replace("_", " "): pose_mm for name, pose_mm in each.items()}, columns=3,
        title=f"{demo}: one set of key points, {len(each)} lifters", note="Turn them all with the slider.",
    ),
    alt="Small drawings of the same person by each lifter of the book, one slider turns them all.",
)  # fmt: skip
apart = torch.stack(list(each.values()))
apart = apart - apart[:, HOUSE.indices("thorax")]  # the hips may be out of the picture
seen = lifted[demo].seen[0]
spread_mm = (apart - apart.mean(0)).norm(dim=-1).mean(0)
print(
    f"apart by {spread_mm[seen].mean():.0f} mm in joints that were seen, "
    f"by {spread_mm[~seen].nan_to_num().mean():.0f} mm in the others"
)

# %% [markdown]
# **bzhao96** shows a film in four panels: the picture, one frame by itself, frames over time, the truth. The whole way
# of a film is `posebook lift film.mp4`: people are found in every frame, followed, numbered, and each is lifted over time
# (chapter 7).


# %% tags=["setup"]
def film_of(given: str | None) -> tuple[Path, object]:
    """A film's file, and the rendered film that it shows, or None."""
    if given is not None:
        return Path(given), None
    import imageio

    made = rendered_film("crossing", choices["frames"], max(size, 192), seed)
    file = out_dir / "film.mp4"
    with imageio.get_writer(
        file, fps=made.frames_per_second, quality=8, macro_block_size=2
    ) as writer:
        for picture in made.pictures:
            writer.append_data(picture)
    return file, made


file, rendered = film_of(film)
with redirect_stderr(StringIO()):  # its progress bar
    in_film = export.lift_file(file, out_dir / "film")
for note in in_film.notes:
    print("*", note)
for one in in_film.lifts:
    there = torch.isfinite(one.poses.pose_mm).flatten(1).all(-1)
    print(f"{one.poses.clip}: {int(there.sum())} of {len(there)} frames have a pose")

# %% tags=["setup"]
poses = in_film.lifts[0].poses
by_frame = datasets.Clip(
    poses.clip, HOUSE, poses.rate, poses.keypoints_px, poses.confidence,
    size_px=poses.camera.size_px,
)  # fmt: skip
panels = {"one frame": lifter.lift(by_frame).pose_mm, "over time": poses.pose_mm}
if rendered is not None:
    joints = slice(len(HOUSE))
    true_px = torch.from_numpy(rendered.keypoints_px[:, :, joints]).double()
    off_px = (true_px - poses.keypoints_px[:, None].double()).norm(dim=-1).nanmean((0, 2))
    person = int(off_px.argmin())
    absolute = torch.from_numpy(rendered.pose_mm[:, person, joints]).to(poses.pose_mm)
    panels["truth"] = absolute - absolute[:, :1]
    moments = torch.linspace(0, len(absolute) - 1, 5).long()[1:4]
    figures.show(
        figures.picture_sheet(
            torch.from_numpy(rendered.pictures)[moments], poses.keypoints_px[moments].float(), HOUSE,
            title=f"{poses.clip} in three moments of the film",
        ),
        alt="Three pictures of a film in which two people cross, with one person's key points over it.",
    )  # fmt: skip
figures.show(
    figures.side_by_side(poses.keypoints_px.float(), panels, frames_per_second=poses.rate,
                         most_frames=12,
                         title="Key points, one frame by itself, over time, and the truth"),
    alt="Panels that move together: the key points, then the pose of each frame by itself, the pose "
    "over time, and the truth.",
)  # fmt: skip

# %% tags=["setup"]
rows = []
if rendered is not None:
    there = torch.isfinite(panels["over time"]).flatten(1).all(-1)
    there &= torch.isfinite(panels["one frame"]).flatten(1).all(-1)
    spells = there.nonzero()[:, 0] - torch.arange(int(there.sum()))  # alike in unbroken spells
    for way in ("one frame", "over time"):
        moved_mm, true_mm = panels[way][there].double(), panels["truth"][there].double()
        error = metrics.score(moved_mm, true_mm, SHAPE)
        shaking = poses.rate * metrics.velocity_error(moved_mm, true_mm, spells).nanmean()
        rows.append([way, error, float(shaking)])
        book.add("P-MPJPE", error, "mm", protocol=SHAPE, data="rendered film", split="crossing",
                 method=way)  # fmt: skip
figures.Table(("lifted", "P-MPJPE (mm)", "velocity error (mm/s)"), rows, "one film, one person")

# %% [markdown]
# The other demos have chapters of their own: **Zhou et al.** get the depth from the picture itself (chapter 10), **Yu et
# al.** lift the poses of LSP (chapter 15). All files of the film are in the run's folder: `film/people.html` shows
# everybody, and each person has a page, arrays and a BVH.
#
# ## Exercises
#
# **1.** Recall. A telephone takes pictures 4,000 px wide. Its lens is said to be "26 mm", which means: as on a film 36 mm
# wide. What is its focal length in px?

# %% tags=["exercise"]
telephone_px = None

# %% tags=["solution"]
telephone_px = 26 / 36 * 4000

# %% tags=["exercise_check"]
check("17.1")

# %% [markdown]
# **2.** Derive. The lifter takes everybody to be 1.70 m tall, and puts somebody 5.0 m away. She is in truth 1.53 m tall,
# and the focal length was taken a fifth too long. How far away is she, about?

# %% tags=["exercise"]
away_m = None

# %% tags=["solution"]
away_m = 5.0 * 1.53 / 1.70 / 1.2

# %% tags=["exercise_check"]
check("17.2")

# %% [markdown]
# **3.** Code. Two people found may be the same one, read twice. Write `same(a, b)`: key points `a` and `b`, (17, 2) px
# each with NaN where not seen. They are one person if at least four joints are seen in both and these joints are in the
# median no further apart than a tenth of the longer side of the box around `a`.

# %% tags=["exercise"]
same = None  # def same(a, b): ...


# %% tags=["solution"]
def same(a, b):
    both = torch.isfinite(a).all(-1) & torch.isfinite(b).all(-1)
    if both.sum() < 4:
        return False
    known = a[torch.isfinite(a).all(-1)]
    side = (known.amax(0) - known.amin(0)).max()
    return bool((a - b)[both].norm(dim=-1).median() <= 0.1 * side)


# %% tags=["exercise_check"]
check("17.3")

# %% [markdown]
# **4.** Break it. Take the true key points of the first rendered person, `true_clip(cases[kept[0]])`, and make the
# *left and right ankle change places*. How far off is the pose now, as a P-MPJPE in mm, with the camera and the height
# known as in the first line of the table?

# %% tags=["exercise"]
changed_mm = None

# %% tags=["solution"]
crossed = true_clip(cases[kept[0]])
ankles = HOUSE.indices("left_foot", "right_foot")
crossed.keypoints_px[:, ankles] = crossed.keypoints_px[:, ankles[::-1]]
crossed_mm, _ = lift_all({kept[0]: crossed}, camera=True, height=True)
changed_mm = float(metrics.p_mpjpe(crossed_mm[0], truths_mm[0]))
print(f"{float(by_true[0]):.0f} mm before, {changed_mm:.0f} mm now")

# %% tags=["exercise_check"]
check("17.4")

# %% [markdown] tags=["takeaway"]
# ## What to take away
#
# * Every photograph gives a pose. The notes say what it rests on: which joints were seen, which camera and which height
#   were assumed. Read them first.
# * The detector, not the lifter, is to blame for most bad poses, and hidden legs are guessed by both.
# * An unknown height scales the whole person. An unknown camera hardly bends the pose, but moves the person by a large
#   part of the distance.
# * Ask of a bad pose: would perfect key points have mended it?
#
# **What one should not conclude.** That the numbers hold for your photographs: rendered people move like those the
# lifter learned from, so *its* share is larger on real ones; and their pictures differ from real ones, so the detector's
# share differs, too. Only those whom the detector finds are counted in the table; those not found are the harder ones.
# Nor that BlazePose is the best detector: it is the one that is free, quick and small.

# %% [markdown] tags=["references"]
# **References.** Bazarevsky, Grishchenko, Raveendran, Zhu, Zhang, Grundmann, *BlazePose: on-device real-time body pose
# tracking*, 2020, [arXiv:2006.10204](https://arxiv.org/abs/2006.10204) · Martinez, Hossain, Romero, Little, *A simple yet
# effective baseline for 3d human pose estimation*, ICCV 2017, [arXiv:1705.03098](https://arxiv.org/abs/1705.03098) · Kudo,
# Ogaki, Matsui, Odagiri, *Unsupervised adversarial learning of 3D human pose from 2D joint locations*, 2018,
# [arXiv:1803.08244](https://arxiv.org/abs/1803.08244) · Lin et al., *Microsoft COCO: common objects in context*, ECCV 2014,
# [arXiv:1405.0312](https://arxiv.org/abs/1405.0312) (OKS: its page on key point evaluation). Photographs:
# `skimage.data.camera` (CC0, Lav Varshney) and `skimage.data.astronaut` (NASA, public domain).
