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
#     minutes: {ci: 0.4, laptop: 1.5, full: 6}
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
# **A pose comes out of nearly every photograph. How far off is it, and whose fault is that?** The detector saw a wrist in
# the wrong place. Legs were out of the picture. The lifter never learned such a pose. Nobody knew the camera, or how
# tall the person is. Here we measure each of these, on people of whom everything is known.

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
device = "cpu"  # the networks of this chapter run there
out_dir = None  # None: runs/in_the_wild/<time>/
data = "rendered_wild"  # people of whom everything is known; or rendered_plain
root = None  # folder with pictures of these people, as `posebook data make` writes it; None: drawn here
keypoints = "true"  # of the synthetic people under the camera that looks down
photograph = None  # path of a photograph of your own; None: the two that come with scikit-image
film = None  # path of a film of your own; None: a rendered one
detector_name = (
    None  # blazepose, movenet, stacked_hourglass, or a file; None: the best that is here
)
lifter_name = "simple_baseline"  # a shipped lifter, or a file
intrinsics = None  # fx,fy,cx,cy of your photograph, px; None: from its file, or a guess
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
from posebook.datasets.pictures import exif
from posebook.datasets.pictures.picture_files import PictureFiles
from posebook.datasets.pictures.rendered import DOMAINS, rendered_picture
from posebook.datasets.pictures.rendered_films import rendered_film
from posebook.detection.shipped import about_default, default
from posebook.errors import InputError
from posebook.export import options
from posebook.lifting.placing import height_of, place_root
from posebook.metrics import ambiguity
from posebook.metrics.pictures import LIMBS
from posebook.paths import DATA
from posebook.skeletons import HOUSE, conversion

# %% tags=["setup"]
choices = {
    "ci": dict(people=8, size=192, tried=2, frames=10),
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
#
# A score says how sure the detector is, not how right. Chapter 1 has marks that a person made in the book's two
# photographs. The second table compares.

# %% tags=["setup"]
BELIEVED = 0.3


def camera_of_picture(name: str) -> Camera | None:
    """What was given, or what the file says of its lens; None: nobody knows."""
    tall, wide = pictures[name].shape[:2]
    if intrinsics is not None or photograph is None:
        return options.camera_of(intrinsics, (wide, tall))
    focal_px = exif.focal_length(Path(photograph).read_bytes(), (wide, tall)).px
    if focal_px is None:
        return None
    return Camera(torch.tensor([focal_px] * 2), torch.tensor([wide, tall]) / 2, (wide, tall))


def person_of(found: detection.Found, row: int, picture: Tensor, camera: Camera | None = None):
    """One person as a clip of one frame: joints that are not believed are missing."""
    scores = found.scores[row : row + 1]
    points_px = torch.where((scores >= BELIEVED)[..., None], found.keypoints_px[row], torch.nan)
    tall, wide = picture.shape[:2]
    return datasets.Clip(
        "", found.skeleton, None, points_px, scores, camera=camera, size_px=(wide, tall)
    )


cameras = {name: camera_of_picture(name) for name in pictures}
rows, clips = [], {}
for name, found in found_in.items():
    for row in range(len(found.scores)):
        sure = found.scores[row] >= BELIEVED
        if sure.sum() < len(sure) / 3:
            continue
        who = name if not row else f"{name}, person {row + 1}"
        clips[who] = person_of(found, row, pictures[name], cameras[name])
        body = [j for j in detector.skeleton.joints if j in HOUSE.joints]
        seen = sure[detector.skeleton.indices(*body)]
        unseen = [j.replace("_", " ") for j, s in zip(body, seen.tolist(), strict=True) if not s]
        rows.append([who, f"{int(sure.sum())} of {len(sure)}", ", ".join(unseen) or "none"])
if not clips:
    raise InputError(f"{', '.join(pictures)}: nobody is found by {detector.name}")
figures.Table(("who", "joints believed", "joints of the body that are not"), rows)

# %% tags=["setup"]
rows = []
if photograph is None:
    by_hand = datasets.read_keypoints(DATA / "samples" / "photographs_coco.json", person="all")
    marks = next(one for one in by_hand if main in one.name)
    to_coco = conversion(detector.skeleton, marks.skeleton)
    there_px, sure = to_coco(found_in[main].keypoints_px.double(), found_in[main].scores.double())
    off_px = (there_px[0] - marks.keypoints_px[0].double()).norm(dim=-1)
    for joint in torch.where(off_px.isfinite(), off_px, -1).argsort(descending=True)[:5].tolist():
        name = marks.skeleton.joints[joint].replace("_", " ")
        rows.append([name, f"{sure[0, joint]:.2f}", off_px[joint].item()])
figures.Table(("joint", "score", "distance from the mark (px)"), rows, f"{main}: the five worst")

# %% [markdown]
# Read the scores beside the distances: some of the joints that are most wrong have the highest scores. (Under a coat, even
# a person marks hips with some doubt. An elbow is another matter.) He bends, seen from the side, with one arm behind
# the other, all in black. No lifter can mend what follows from that.

# %% [markdown] tags=["notation"]
# | symbol | name in code | shape | unit | meaning |
# |---|---|---|---|---|
# | $p_j$ | `keypoints_px` | (17, 2) | px | key points of the house joints, origin at the picture's top left; NaN where not seen |
# | $c_j$ | `confidence` | (17,) | none | scores from 0 to 1; 0 where a joint is not seen |
# | $f, o$ | `focal_px`, `centre_px` | (2,) | px | focal length; where the optical axis meets the picture |
# | $u_j$ | `rays` | (17, 2) | none | $(p_j-o)/f$: the direction in which a joint is seen |
# | $X_j$ | `pose_mm` | (17, 3) | mm | what the lifter gives: camera axes (x right, y down, z away), hip at 0 |
# | $t$ | `root_mm` | (3,) | mm | where the hip is, camera axes |
#
# ## From key points to a person in a place
#
# **Convert.** The detector's joints become the seventeen house joints. Some are made up: the `hip` is put between left and
# right hip, the spine half way up to the thorax (chapter 2).
#
# **Know or guess the camera.** Many files say in their EXIF data which lens took them. Where they do not, $f$ is guessed
# as 1.2 times the longer side of the picture, and $o$ as its middle (chapter 3).
#
# **Lift.** A network of chapter 6 gives $X_j$ about the hip.
#
# **Place.** The person stands where $X_j + t$ is seen at $p_j$. With $t=(t_x,t_y,t_z)$ that is
#
# $$ \frac{X^x_j+t_x}{X^z_j+t_z}=u^x_j \quad\Longrightarrow\quad t_x-u^x_j\,t_z = u^x_jX^z_j-X^x_j, $$
#
# and the same for $y$: two *linear* equations a joint for three unknowns. We weight each by how sure its joint is, and
# solve by least squares. (What is made small is the error of the rays times the distance, not pixels; that is why the
# equations are linear.)
#
# Roughly, $t_z\approx f\,H/h$: the focal length times the height $H$ of the person in mm, over their height $h$ in the
# picture in px. So distance hangs on the camera and on the height alike.


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
# picture with half the focal length puts them about half as far away.

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
print(
    "back to its place; twice as tall, twice as far; half the focal length, about half as far: ok"
)

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
# 1. the *detector's* errors, hidden joints among them;
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
# 85 mm (before a film 36 mm wide, as lenses are named). It is the camera of that whole photograph which is known or not.


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


# %% tags=["setup"]
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
# COCO: each joint counts $e^{-d^2/(2s^2w^2)}$, where $d$ is how far it is off, $s^2$ the area that the person covers (a little
# more than half of the box around these joints), and $w$ a width for each kind of joint, since hips are harder to mark
# than wrists. Hidden joints count, too. With less than 0.5, somebody was found, but not this person's pose.


# %% tags=["core"]
WIDTHS = 2 * torch.tensor([0.079, 0.072, 0.062, 0.107, 0.087, 0.089], dtype=torch.float64)
OF_A_BOX = 0.53  # the part of their box that people cover


def oks(found_px: Tensor, true_px: Tensor, joints=slice(None)) -> Tensor:
    """Similarity, 0 to 1, of limb joints (..., 12, 2) with the truth (12, 2); joints: which count."""
    low, high = true_px.amin(0), true_px.amax(0)
    area = OF_A_BOX * (high - low).prod()
    off_px = torch.linalg.vector_norm(found_px - true_px, dim=-1)
    alike = torch.exp(-(off_px**2) / (2 * area * WIDTHS.repeat_interleave(2) ** 2))
    return alike[..., joints].mean(-1)


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
    """Whoever is most like the person, in px of the whole photograph; alike: OKS."""

    clip: datasets.Clip
    alike: float


def detected(
    case: Case, picture: Tensor | None = None, scale: float = 1.0, joints: list[int] = limbs
) -> Detected | None:
    """The person as the detector finds them; None: it finds nobody.

    picture, scale  another picture than the case's, `scale` times as large
    joints          of the house that are compared, some of the twelve limb joints
    """
    picture = case.picture if picture is None else picture
    found = detector.detect(picture)
    if not len(found.scores):
        return None
    found = replace(found, keypoints_px=found.keypoints_px.double() / scale + case.corner_px)
    points_px, _ = convert(found.keypoints_px, found.scores.double())
    points_px = torch.where(torch.isfinite(points_px), points_px, 1e6)
    kept = [limbs.index(joint) for joint in joints]
    alike = oks(points_px[:, limbs], case.keypoints_px[limbs], kept)
    row = int(alike.argmax())
    clip = person_of(found, row, picture)
    return Detected(replace(clip, size_px=case.camera.size_px), float(alike[row]))


# %% tags=["setup"]
FOUND = 0.5
seen_as = [detected(case) for case in cases]
kept = [n for n, one in enumerate(seen_as) if one is not None and one.alike >= FOUND]
if not kept:
    raise InputError(f"{detector.name} finds none of {len(cases)} people in {data}")
found_share = 100 * len(kept) / len(cases)
nobody = sum(one is None for one in seen_as)
book.add("found", found_share, "%", protocol="OKS of at least 0.5, 12 joints", data=data,
         split="test", method="detector")  # fmt: skip
print(f"{detector.name}: nobody in {nobody} of {len(cases)} pictures, somebody or something else in "
      f"{len(cases) - nobody - len(kept)}, the person in {len(kept)}")  # fmt: skip

# %% [markdown]
# These pictures are hard: many show somebody half hidden, cut by the edge, or among others. On photographs of one
# whole person the same detector finds nearly everybody (its card, `data/detectors/`, has the figures).
#
# ## One cause at a time, then all together
#
# Everybody who was found is lifted several times. First with true key points, true camera and true height: what
# is left is the lifter's own error. Then one thing is taken away, and last all of them, one after the other. Scores:
#
# * **MPJPE**, hips together, in mm as they come out;
# * **P-MPJPE**: turned and scaled onto the truth; it forgives size, tilt and much of a wrong camera;
# * **place**: how far the hip is from where it truly is, in percent of the true distance (the median of people).

# %% tags=["setup"]
BELOW = HOUSE.indices(*(f"{side}_{j}" for side in ("left", "right") for j in ("knee", "foot")))


def true_clip(case: Case, legs: bool = True) -> datasets.Clip:
    """True key points of all joints, also of those hidden or outside the picture."""
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
kept_truths_mm, true_roots_mm = relative_mm[kept], truth_mm[kept, 0]
table = {}
for way, (poses_mm, roots_mm) in lifted_as.items():
    off = (roots_mm - true_roots_mm).norm(dim=-1) / true_roots_mm.norm(dim=-1)
    table[way] = {
        "MPJPE": metrics.score(poses_mm, kept_truths_mm, MPJPE),
        "P-MPJPE": metrics.score(poses_mm, kept_truths_mm, SHAPE),
        "place": 100 * float(off.median()),
    }
mean_mm = relative_mm.mean(0).expand_as(kept_truths_mm)
flat_mm = kept_truths_mm * torch.tensor([1.0, 1.0, 0.0])
for way, poses_mm in {"mean pose": mean_mm, "zero depth": flat_mm}.items():
    table[way] = {
        "MPJPE": metrics.score(poses_mm, kept_truths_mm, MPJPE),
        "P-MPJPE": metrics.score(poses_mm, kept_truths_mm, SHAPE),
    }
for way, row in table.items():
    for metric, value in row.items():
        under = {"MPJPE": MPJPE, "P-MPJPE": SHAPE, "place": PLACE}[metric]
        unit = "%" if metric == "place" else "mm"
        book.add(metric, value, unit, protocol=under, data=data, split="test", method=way)
heads = ("what is known", "MPJPE (mm)", "P-MPJPE (mm)", "place (%)")
rows = [[way, *(row.get(metric) for metric in ("MPJPE", "P-MPJPE", "place"))]
        for way, row in table.items()]  # fmt: skip
causes = figures.Table(heads, rows, f"{len(kept)} people of {data} whom {detector.name} finds")

# %% tags=["reveal"]
causes

# %% tags=["reveal"]
each_mm = {way: metrics.mpjpe(poses_mm, kept_truths_mm) for way, (poses_mm, _) in lifted_as.items()}
ALONE = {
    "detector": "detector's key points",
    "legs": "legs out of the picture",
    "camera": "camera unknown",
    "height": "height unknown",
}
added = {"lifter": each_mm["all is known"]}
added |= {name: each_mm[way] - each_mm["all is known"] for name, way in ALONE.items()}
costs = {name: float(errors.mean()) for name, errors in added.items()}
spread = {name: float(errors.std() / len(errors) ** 0.5) for name, errors in added.items()}
order = sorted(costs, key=costs.get, reverse=True)
print(
    f"most: {', '.join(f'{name} {costs[name]:.0f} mm' for name in order)}; {guessed(largest, second)}"
)
figures.show(
    figures.bars(
        costs, "mm", spread=spread, highlight=order[:3], digits=0,
        title="What each cause adds to the MPJPE",
        note="The lifter: its error when all is known. The others: what is added. ± standard error.",
    ),
    alt="Bars of the MPJPE that each cause adds: " + ", ".join(
        f"{name} {value:.0f} mm" for name, value in costs.items()),
)  # fmt: skip

# %% [markdown] tags=["result"]
# Read the table from above.
#
# * *Mean pose* and *zero depth* know nothing of the third dimension. (*Zero depth* is even given the true x and y.)
# * **The lifter errs when all is known**, though it learned from people who move like these. More on that below.
# * **The detector and hidden legs add as much again each, and both bend the pose:** P-MPJPE, which forgives size and
#   place, sees them, too. No number that you could type in mends them; a better picture does. Look at the standard
#   errors before you put the three in an order. And only people with an OKS of at least 0.5 are in the table: the
#   detector's worst mistakes are not.
# * **An unknown height scales the pose and the distance alike.** P-MPJPE does not see it at all.
# * **An unknown camera hardly bends the pose, and moves the person.** Our lenses lie around the guess, half of them
#   shorter, half longer. The main lens of a telephone is shorter than the guess: with it everybody is put too far away.
# * All together are less than the sum: errors that point in different directions partly cancel.

# %% [markdown] tags=["failures"]
# ## Failures, and whose fault they are
#
# A wrong pose (P-MPJPE of 90 mm or more) is the **lifter's** fault if perfect key points of the same person give a pose
# that is wrong, too: three quarters as far off, or more. Else it is the **picture's** if a third or more of the limb
# joints are hidden or cut off: somebody had to guess. Else it is the **detector's**. *Sides changed*: with left and right
# exchanged the key points would be twice as near. *Misplaced*: all others. The causes of the lifter are those of
# `ambiguity.cause`: *too flat*, for example, has less than two thirds of the true spread of depth. These limits are ours.

# %% tags=["setup"]
WRONG_MM = 90
by_true = metrics.p_mpjpe(lifted_as["all is known"][0], kept_truths_mm)
by_found = metrics.p_mpjpe(lifted_as["detector's key points"][0], kept_truths_mm)
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
        return "lifter", ambiguity.cause(pose_mm, kept_truths_mm[row])
    if cases[n].visible[limbs].double().mean() <= 2 / 3:
        return "picture", "hidden or cut off"
    true_px = cases[n].keypoints_px
    off_px, crossed_px = (
        (points - true_px)[limbs].norm(dim=-1).nanmean()
        for points in (found_px[n], found_px[n][list(HOUSE.mirror)])
    )
    if crossed_px < 0.5 * off_px:
        return "detector", "sides changed"
    return "detector", "misplaced"


# %% tags=["setup"]
blames = [blame(row) for row in range(len(kept))]
counts = {
    ("detector", "nobody found"): nobody,
    ("detector", "somebody else"): len(cases) - nobody - len(kept),
}
for one in blames:
    counts[one] = counts.get(one, 0) + 1
rows = [[*one, count] for one, count in sorted(counts.items(), key=lambda item: -item[1])]
for fault in ("lifter", "picture", "detector"):
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

# %% tags=["setup"]
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
worst = list(of_cause.values())
if worst:
    figures.show(
        figures.gallery(
            lifted_as["detector's key points"][0][worst], kept_truths_mm[worst],
            torch.stack([found_px[kept[row]] for row in worst]), by_found[worst],
            lambda number: ": ".join(blames[worst[number]]),
            count=3, title="The same people in space, by P-MPJPE",
        ),
        alt="Lifted poses in colour over the true ones, black and dashed, with whose fault it is.",
    )  # fmt: skip

# %% [markdown]
# Most bad poses begin in the picture. Look at the one not found: he bends, and leaves the picture with his head. On
# real photographs it was the same. Crowds, people far away, dancers who overlap, somebody upside down, and people seen
# from behind were lost or mixed up by the detectors that we tried. The lifter was to blame for a cyclist seen from behind,
# for a squat seen obliquely and for somebody who sat sideways on the floor; people who stand, walk, ski, kick, sit on
# chairs or do push-ups came out right.
#
# ## How to film somebody so that it works
#
# Which pictures are bad for a detector? We make the same pictures worse, each in one way, and count how many people are
# still found. The last column compares those who are found in both, as it is and changed.

# %% tags=["ablation"]
few = cases[:: max(1, len(cases) // choices["tried"])][: choices["tried"]]


def smaller(picture: Tensor, share: float) -> Tensor:
    side = max(1, round(share * picture.shape[0]))
    return torch.from_numpy(numpy.array(Image.fromarray(picture.numpy()).resize((side, side))))


def darker(picture: Tensor) -> Tensor:
    """A fifth of the light, and grain: bytes stand for about the 2.2th root of light."""
    grain = 4 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(seed))
    return (picture / 5 ** (1 / 2.2) + grain).round().clamp(0, 255).byte()


def blurred(picture: Tensor, by: float = 0.03) -> Tensor:
    """Everything moves to the side by a part of the picture while the shutter is open."""
    half = max(1, round(by * picture.shape[1] / 2))
    return torch.stack([picture.roll(s, 1).float() for s in range(-half, half + 1)]).mean(0).byte()


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
    "moved while open": lambda case: (blurred(case.picture), 1.0),
    "legs cut off": lambda case: (without_legs(case), 1.0),
}

# %% tags=["ablation"]
UPPER = HOUSE.indices(*(j for j in LIMBS if not j.endswith(("hip", "knee", "foot"))))


def error_of(case: Case, one: Detected | None) -> float:
    """P-MPJPE, mm; NaN where the person was not found."""
    if one is None or one.alike < FOUND:
        return math.nan
    pose_mm = lifter.lift(one.clip, case.camera).pose_mm.double()
    return float(metrics.p_mpjpe(pose_mm, (case.truth_mm - case.truth_mm[:1])[None]))


by_condition = {}
for condition, change in CONDITIONS.items():
    joints = (
        UPPER if condition == "legs cut off" else limbs
    )  # legs that are not there count for nobody
    errors = [error_of(case, detected(case, *change(case), joints=joints)) for case in few]
    by_condition[condition] = torch.tensor(errors)
as_it_is = by_condition["as it is"]
rows = []
for condition, errors in by_condition.items():
    both = torch.isfinite(errors) & torch.isfinite(as_it_is)
    more = f"{(errors - as_it_is)[both].mean():+.0f}" if both.any() else "-"
    rows.append([condition, f"{int(torch.isfinite(errors).sum())} of {len(few)}", more])
figures.Table(("picture", "found", "P-MPJPE against as it is (mm)"), rows, "of those found in both")

# %% [markdown]
# And the lifter? Its training cameras mostly stood at the height of people or a little above; few looked down steeply.
# What does it make of a camera that looks down from high up? Below, people of the synthetic corpus are seen from higher and higher. Key points are perfect, so
# all that is wrong is the lifter's.

# %% tags=["ablation"]
moving = datasets.load("synthetic", split="test", keypoints=keypoints, seed=seed)
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
# Measured here (with so few people, a difference of four or five of them is not to be trusted):
#
# * **Fill the picture.** In pictures a quarter as large, half of those found before were lost.
# * **Have a short shutter, and light for it.** Blur costs as many people as a small picture does; darkness alone, few.
# * **Show the feet.** Cut-off legs are invented, and the whole pose suffers.
# * **Tilt matters little for the shape of the pose.** But which way is *up* is then a guess: `posebook lift` takes it from
#   how people stand, where it can.
# * **Measure them.** `--height 1.82` costs one number and takes off more than a good camera does.
# * **Know the lens.** It hardly changes the pose, but it decides how far away people are (`--intrinsics`).
#
# Not measured here, but what failures suggest: film from an angle, so that no arm hides behind the trunk; prefer tight
# clothes, a plain background, and one person at a time.

# %% [markdown]
# ## The detector's own third dimension
#
# BlazePose gives places in space, too, in metres about the hips. It learned them from people in photographs to which
# a model of the body had been fitted. Is a lifter worth its while?

# %% tags=["setup"]
if detector.name == "blazepose":
    blaze = {}
    for n in kept:
        places = detector.search(cases[n].picture)[1]
        read = detector.read(cases[n].picture, places)
        points_px, _ = convert(
            read.keypoints_px.double() + cases[n].corner_px, read.scores.double()
        )
        alike = oks(points_px[:, limbs].nan_to_num(1e6), cases[n].keypoints_px[limbs])
        row = int(alike.argmax())
        pose_mm, _ = convert(
            read.world_mm[row : row + 1].double(), torch.ones(1, len(convert.source))
        )
        blaze[n] = pose_mm[0] - pose_mm[0, :1]
    blaze_mm = torch.stack([blaze[n] for n in kept])
    for metric, under in {"MPJPE": MPJPE, "P-MPJPE": SHAPE}.items():
        value = metrics.score(blaze_mm, kept_truths_mm, under)
        table.setdefault("BlazePose's own", {})[metric] = value
        book.add(metric, value, "mm", protocol=under, data=data, split="test",
                 method="BlazePose's own")  # fmt: skip
rows = [[way, table[way]["MPJPE"], table[way]["P-MPJPE"]]
        for way in ("detector, camera and height unknown", "BlazePose's own") if way in table]  # fmt: skip
figures.Table(("third dimension", "MPJPE (mm)", "P-MPJPE (mm)"), rows, f"{len(kept)} people")

# %% [markdown]
# In the distance of joints they are alike; the shape is a little better after the lifter. But the lifter's training people
# move like the rendered ones (chapter 4's generator moves both), and BlazePose's were real, so the table flatters the
# lifter. What the lifter brings besides: a place before the camera, a height that may be given, and, in films, motion.
#
# ## The same photograph, as the projects show it
#
# **3dpose_gan** shows one pose from 25 sides. Its lifter (chapter 12) has never seen a pose in 3D. Then **the six lifters
# that ship with the book** get the same key points, and give poses of one height. Where they differ, at least one of them
# is wrong; where they agree, all may be.


# %% tags=["setup"]
demo = next(iter(clips))
ONE_HEIGHT_MM = 1700  # video_gan, for one, has no metres of its own
given_px = clips[demo]
blind = lifting.load("adversarial_lifting").lift(given_px, height_mm=ONE_HEIGHT_MM).pose_mm[0]
figures.show(
    figures.from_all_sides(blind, title=f"{demo}, lifted without any 3D: from all sides"),
    alt="Twenty-five small drawings of one lifted pose, each turned by 15 degrees more.",
)

# %% tags=["setup"]
each = {
    name: lifting.load(name).lift(given_px, height_mm=ONE_HEIGHT_MM).pose_mm[0]
    for name in lifting.SHIPPED
}
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
print(f"from the mean of the six, thorax together: {spread_mm[seen].mean():.0f} mm for joints seen")
if not seen.all():
    print(f"and {spread_mm[~seen].mean():.0f} mm for the others")

# %% [markdown]
# **bzhao96** shows a film in four panels: the picture, one frame by itself, frames over time, the truth. The whole way
# of a film is `posebook lift film.mp4`: people are looked for in every frame, followed and numbered, and each is lifted over
# time (chapter 7). Who is hidden or too small for a while has no pose there.


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
over_time = lifting.load("temporal_convolutions").lift(by_frame).pose_mm
panels = {"one frame": lifter.lift(by_frame).pose_mm, "over time": poses.pose_mm}
if rendered is not None:
    joints = slice(len(HOUSE))
    true_px = torch.from_numpy(rendered.keypoints_px[:, :, joints]).double()
    off_px = (true_px - poses.keypoints_px[:, None].double()).norm(dim=-1).nanmean((0, 2))
    person = int(off_px.argmin())
    absolute = torch.from_numpy(rendered.pose_mm[:, person, joints]).to(poses.pose_mm)
    panels["truth"] = absolute - absolute[:, :1]
    moments = torch.linspace(0, len(absolute) - 1, 4).long()[1:3]
    figures.show(
        figures.picture_sheet(
            torch.from_numpy(rendered.pictures)[moments], poses.keypoints_px[moments].float(), HOUSE,
            title=f"{poses.clip} in two moments of the film",
        ),
        alt="Two pictures of a film in which two people cross, with one person's key points over it.",
    )  # fmt: skip
figures.show(
    figures.side_by_side(poses.keypoints_px.float(), panels, frames_per_second=poses.rate,
                         most_frames=8,
                         title=f"Key points, {', '.join(panels)}"),
    alt="Panels that move together: the key points, then the pose of each frame by itself, the pose "
    "over time, and the truth.",
)  # fmt: skip

# %% tags=["setup"]
rows = []
if rendered is not None:
    there = torch.isfinite(panels["over time"]).flatten(1).all(-1)
    there &= torch.isfinite(panels["one frame"]).flatten(1).all(-1)
    spells = there.nonzero()[:, 0] - torch.arange(int(there.sum()))  # alike in unbroken spells
    ways = {
        "one frame by itself": panels["one frame"],
        "over time": over_time,
        "over time, and smoothed lightly": panels["over time"],
    }
    for way, poses_mm in ways.items():
        moved_mm, true_mm = poses_mm[there].double(), panels["truth"][there].double()
        error = metrics.score(moved_mm, true_mm, SHAPE)
        shaking = poses.rate * metrics.velocity_error(moved_mm, true_mm, spells).nanmean()
        rows.append([way, error, float(shaking)])
        book.add("P-MPJPE", error, "mm", protocol=SHAPE, data="rendered film", split="crossing",
                 method=way)  # fmt: skip
figures.Table(("lifted", "P-MPJPE (mm)", "velocity error (mm/s)"), rows, "one film, one person")

# %% [markdown]
# One frame by itself shakes. The network that looks at neighbours shakes less, and a light smoothing (the command's
# default, `--smooth`) takes out most of what is left.

# %% [markdown]
# What does each stage of that way bring? Ten rendered films with known truth went through all of it, with one stage
# left out or known at a time (`tools/score_films.py`; the figures are those of the book's ledger). *Upright* is the MPJPE
# in the axes of the room, in which a wrong tilt counts. Half of the shape's error is the detector's. The tilt that is
# taken from how people stand pays, and so does a known height. Smoothing takes out shaking and costs nothing. The repair
# of left and right had nothing to do in these ten.

# %% tags=["setup"]
kept_means = results.kept_means("in_the_wild")
STAGES = {"MPJPE": "mm", "P-MPJPE": "mm", "upright": "mm", "root": "mm", "velocity": "mm/s"}
ways = {way for films, way, _ in kept_means if films == "rendered films"}
ways = sorted(ways, key=lambda way: (way != "as it comes", way))
rows = [[way, *(kept_means.get(("rendered films", way, m)) for m in STAGES)] for way in ways]
figures.Table(("way", *(f"{m} ({unit})" for m, unit in STAGES.items())), rows, "ten test films")

# %% [markdown]
# The other demos have chapters of their own: **Zhou et al.** get the depth from the picture itself (chapter 10), **Yu et
# al.** lift the poses of LSP (chapter 15). All files of the film are in the run's folder: `film/people.html` shows
# everybody, and each person has a page, arrays and a BVH.
#
# ## Exercises
#
# **1 · recall · easy.** A telephone takes pictures 4,000 px wide. Its lens is said to be "26 mm". Take that to mean: before a
# film 36 mm wide. What is its focal length in px?

# %% tags=["exercise"]
telephone_px = None

# %% tags=["solution"]
telephone_px = 26 / 36 * 4000

# %% tags=["exercise_check"]
check("17.1")

# %% [markdown]
# **2 · derive · medium.** Suppose a lifter took her to be 1.70 m tall and put her 5.0 m away. She is in truth 1.53 m tall, and the
# focal length was taken 1.2 times too long. How far away is she, about?

# %% tags=["exercise"]
away_m = None

# %% tags=["solution"]
away_m = 5.0 * 1.53 / 1.70 / 1.2

# %% tags=["exercise_check"]
check("17.2")

# %% [markdown]
# **3 · code · medium.** Two people found may be the same one, read twice. Write `same(a, b)`: key points `a` and `b`, (17, 2) px
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
# **4 · break it · medium.** Take the true key points of the first rendered person, `true_clip(cases[kept[0]])`, and make the
# *left and right ankle* (`left_foot` and `right_foot` of the house) *change places*. How far off is the pose now, as a P-MPJPE in mm, with the camera and the height
# known as in the first line of the table?

# %% tags=["exercise"]
changed_mm = None

# %% tags=["solution"]
crossed = true_clip(cases[kept[0]])
ankles = HOUSE.indices("left_foot", "right_foot")
crossed.keypoints_px[:, ankles] = crossed.keypoints_px[:, ankles[::-1]]
crossed_mm, _ = lift_all({kept[0]: crossed}, camera=True, height=True)
changed_mm = float(metrics.p_mpjpe(crossed_mm[0], kept_truths_mm[0]))
print(f"{float(by_true[0]):.0f} mm before, {changed_mm:.0f} mm now: two of seventeen joints")

# %% tags=["exercise_check"]
check("17.4")

# %% [markdown]
# ## Everything measured in this chapter

# %% tags=["setup"]
book

# %% [markdown] tags=["takeaway"]
# ## What to take away
#
# * Nearly every photograph gives a pose. The notes say what it rests on: which joints were seen, which camera and which height
#   were assumed. Read them first.
# * Most bad poses begin in the picture: joints that are hidden or cut off, people who are not found at all. A score says
#   how sure a detector is, not how right.
# * An unknown height scales the person and the distance. An unknown camera hardly bends the pose, but moves the person.
# * Ask of a bad pose: would perfect key points have mended it?
#
# **What one should not conclude.** That the numbers hold for your photographs: rendered people move like those the
# lifter learned from, so *its* share is larger on real ones; and their pictures differ from real ones, so the detector's
# share differs, too. Only those whom the detector finds are counted in the table; those not found are the harder ones.
# Nor that BlazePose is the best detector: it is the one that is free, quick and small.

# %% [markdown] tags=["references"]
# **References.** Bazarevsky, Grishchenko, Raveendran, Zhu, Zhang, Grundmann, *BlazePose: on-device real-time body pose
# tracking*, 2020, [arXiv:2006.10204](https://arxiv.org/abs/2006.10204) · Grishchenko et al., *BlazePose GHUM holistic:
# real-time 3D human landmarks and pose estimation*, 2022, [arXiv:2206.11678](https://arxiv.org/abs/2206.11678) · Martinez, Hossain, Romero, Little, *A simple yet
# effective baseline for 3d human pose estimation*, ICCV 2017, [arXiv:1705.03098](https://arxiv.org/abs/1705.03098) · Kudo,
# Ogaki, Matsui, Odagiri, *Unsupervised adversarial learning of 3D human pose from 2D joint locations*, 2018,
# [arXiv:1803.08244](https://arxiv.org/abs/1803.08244) · Lin et al., *Microsoft COCO: common objects in context*, ECCV 2014,
# [arXiv:1405.0312](https://arxiv.org/abs/1405.0312) (OKS: its page on key point evaluation). Photographs:
# `skimage.data.camera` (CC0, Lav Varshney) and `skimage.data.astronaut` (NASA, public domain).
