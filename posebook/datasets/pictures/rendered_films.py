"""Rendered films of several people who walk, with all that is known about them.

    film = rendered_film("crossing")
    film.pictures[t]               # (size, size, 3) uint8 RGB
    film.keypoints_px[t, person]   # house joints and landmarks, the truth

A film is a function of (kind, frames, size, seed) and of nothing else. `found_in` makes of it what
a detector with known faults would find.
"""

from dataclasses import dataclass, replace

import numpy
import torch
from jaxtyping import Bool, Float, UInt8
from numpy import ndarray

from posebook.cameras import Camera
from posebook.datasets.people.body import Body as Bones
from posebook.datasets.people.body import wide_bodies
from posebook.datasets.people.dice import Dice
from posebook.datasets.people.gait import gait
from posebook.datasets.people.puppet import pose_of
from posebook.datasets.pictures import film as films
from posebook.datasets.pictures import places, poses
from posebook.datasets.pictures.body import LANDMARKS, load_body
from posebook.datasets.pictures.body_shape import random_person
from posebook.datasets.pictures.dressing import Member, dressed, moved
from posebook.datasets.pictures.scene import Person, Scene, draw_people
from posebook.datasets.pictures.textures import Random
from posebook.errors import InputError
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE

FRAMES_PER_SECOND = 12.5
#: How far away the middle of the room is, and how high the camera stands, mm.
_AWAY_MM, _EYE_MM = 6500.0, 1500.0
#: The picture shows so much of the room's middle, mm.
_SHOWN_MM = 5200.0
_LOW = "low"

#: Who walks where: (right, back) mm in the room at moments from 0 to 1. The picture ends at 2.6 m
#: to each side of the middle, or so.
KINDS: dict[str, tuple[tuple[tuple[float, float, float], ...], ...]] = {
    "crossing": (
        ((0.0, -1700, -400), (1.0, 1700, -400)),
        ((0.0, 1700, 500), (1.0, -1700, 500)),
    ),
    "six": (
        ((0.0, -2000, -900), (1.0, 1500, -700)),
        ((0.0, 1900, -300), (1.0, -1600, -200)),
        ((0.0, -1200, 300), (1.0, 700, 400)),
        ((0.0, 1200, 900), (1.0, -1100, 800)),
        ((0.0, 300, 1500), (1.0, 1900, 1300)),
        ((0.0, -2100, 2000), (1.0, 200, 1900)),
    ),
    "returns": (
        ((0.0, 600, -200), (0.4, 3600, -200), (0.6, 3600, 100), (1.0, 300, 100)),
        ((0.0, -1800, 300), (1.0, 0, 500)),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class RenderedFilm:
    """People in a film; points are those of `dressing.POINTS`, house joints first.

    pictures      (frames, size, size, 3)
    keypoints_px  (frames, people, points, 2)
    visible       (frames, people, points)  in the picture and hidden by nothing
    pose_mm       (frames, people, points, 3)  camera axes
    camera        the same in all frames
    """

    pictures: UInt8[ndarray, "frames size size 3"]
    keypoints_px: Float[ndarray, "frames people points 2"]
    visible: Bool[ndarray, "frames people points"]
    pose_mm: Float[ndarray, "frames people points 3"]
    camera: Camera
    frames_per_second: float = FRAMES_PER_SECOND


def rendered_film(kind: str, frames: int = 40, size: int = 96, seed: int = 0) -> RenderedFilm:
    """A film of a kind of `KINDS`: two who cross, six people, one who leaves and returns."""
    if kind not in KINDS:
        raise InputError(f"no rendered film is called '{kind}'; there are {', '.join(KINDS)}")
    number = poses.seed_of("film", kind, seed)
    cast = [_walker(path, frames, poses.seed_of(number, k)) for k, path in enumerate(KINDS[kind])]
    return _drawn(cast, _camera(size), size, number, seed)


def film_of(
    world_mm: Pose3D, camera: Camera, size: int, seed: int = 0, frames_per_second: float = 25.0
) -> RenderedFilm:
    """A film of people who move as they are told, in a quiet room.

    world_mm  (people, frames, 17, 3) z up, mm; bodies and clothes are drawn from the seed, so the
              truth is that of the film, and not this; the lowest point is put on the floor
    camera    of a picture of `size` px square, anywhere, held in any way
    """
    number = poses.seed_of("film of", seed)
    over = torch.tensor([1.0, 1.0, 0.0]).to(world_mm)
    cast = [
        _played(one - one[:, :1] * over, (one[:, 0] * over).float().numpy(),
                poses.seed_of(number, k))
        for k, one in enumerate(world_mm)
    ]  # fmt: skip
    film = _drawn(cast, camera, size, number, seed)
    return replace(film, frames_per_second=frames_per_second)


def _drawn(
    cast: list[list[Person]], camera: Camera, size: int, number: int, textures: int
) -> RenderedFilm:
    random = numpy.random.Generator(numpy.random.PCG64(number))
    place = places.quiet_room(random, camera.position_mm.numpy())
    taken = films.gentle(random)
    drawn = [
        draw_people(Scene(people, place, camera, taken, textures, number + t), size, len(people))
        for t, people in enumerate(zip(*cast, strict=True))
    ]
    return RenderedFilm(
        numpy.stack([frame[0].rgb for frame in drawn]),
        numpy.stack([[person.keypoints_px for person in frame] for frame in drawn]),
        numpy.stack([[person.visible for person in frame] for frame in drawn]),
        numpy.stack([[person.pose_mm for person in frame] for frame in drawn]),
        drawn[0][0].camera,
    )


def _camera(size: int) -> Camera:
    """Level, looking along the room's y axis."""
    focal = size * _AWAY_MM / _SHOWN_MM
    rows = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    middle_px = torch.tensor([size / 2, size * 0.42], dtype=torch.float64)
    eye = torch.tensor([0.0, -_AWAY_MM, _EYE_MM], dtype=torch.float64)
    return Camera(torch.full((2,), focal, dtype=torch.float64), middle_px, (size, size),
                  rotation=rows, position_mm=eye)  # fmt: skip


def _walker(path: tuple, frames: int, seed: int) -> list[Person]:
    """Somebody who walks along a path."""
    at, heading = _along(path, frames)
    cos, sin, zero, one = numpy.cos(heading), numpy.sin(heading), 0 * heading, 0 * heading + 1
    rows = [[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]]
    turn = torch.from_numpy(numpy.moveaxis(numpy.array(rows), 2, 0)).float()
    return _played(_steps(frames, seed) @ turn.transpose(1, 2), at, seed)


def _played(pose_mm: Pose3D, at: ndarray, seed: int) -> list[Person]:
    """Somebody in the same clothes, once for each frame.

    pose_mm  (frames, 17, 3) z up, the hip over the origin;  at  (frames, 3) mm: where that is
    """
    body, generator = load_body(_LOW), torch.Generator().manual_seed(seed)
    who, frames = random_person(generator), len(pose_mm)
    posed = body.posed_many(
        who.coefficients.expand(frames, -1),
        pose_mm.float(),
        torch.tensor([0.0, 0.0, 1.0]).expand(frames, 3),
        loose_mm=10.0,
    )
    marks = torch.stack([posed.landmarks_mm[name] for name in LANDMARKS], 1)
    points = torch.cat([posed.joints_mm, marks], 1).numpy()
    laid = torch.cat([posed.rest_mm, body.along.expand(frames, -1)[..., None]], -1).numpy()
    made = []
    for t in range(frames):
        clothes = numpy.random.Generator(numpy.random.PCG64(seed))
        member = Member(who, posed.vertices_mm[t].numpy(), points[t], laid[t])
        made.append(moved(dressed(clothes, member, _LOW), at[t]))
    return made


def _steps(frames: int, seed: int) -> Pose3D:
    """(frames, 17, 3) mm: somebody who walks straight on along x, the hip over the origin."""
    bones = Bones(wide_bodies(1, torch.Generator().manual_seed(seed)))
    time = torch.arange(frames, dtype=torch.float64)[None] / FRAMES_PER_SECOND
    # A circle of a kilometre is straight.
    strings = gait(Dice(1, seeds=[seed % 2**62]), time, bones, radius_mm=(1e6, 1e6))
    walk = pose_of(strings, bones.lengths_mm)[0]
    ahead = walk[-1, 0, :2] - walk[0, 0, :2]
    cos, sin = ahead / torch.linalg.vector_norm(ahead)
    walk = walk - walk[:, :1] * torch.tensor([1.0, 1.0, 0.0])
    turn = torch.tensor([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    return (walk @ turn.T).float()


def _along(path: tuple, frames: int) -> tuple[ndarray, ndarray]:
    """Where somebody is, (frames, 3) mm, and which way they go, rad."""
    when, right, back = numpy.array(path, float).T
    moment = numpy.linspace(0, 1, frames)
    at = numpy.stack([numpy.interp(moment, when, side) for side in (right, back)], 1)
    later = numpy.stack([numpy.interp(moment + 0.01, when, side) for side in (right, back)], 1)
    later[-1] = 2 * at[-1] - at[-2]
    heading = numpy.unwrap(numpy.arctan2(*(later - at).T[::-1]))
    return numpy.pad(at, ((0, 0), (0, 1))).astype(numpy.float32), heading


@dataclass(frozen=True)
class FoundPeople:
    """What a detector finds in a frame, in no order; people (n,): who each is, -1 for nobody."""

    keypoints_px: Float[ndarray, "n 17 2"]
    scores: Float[ndarray, "n 17"]
    people: ndarray


def found_in(
    film: RenderedFilm,
    random: Random,
    *,
    noise: float = 0.02,
    misses: float = 0.05,
    repeats: float = 0.2,
    mixed: float = 0.2,
) -> list[FoundPeople]:
    """House joints of everybody whom a detector with faults would find, frame by frame.

    noise    of each joint, in parts of the person's extent; three times that where it is hidden
    misses   share of people who are not found; nobody is found of whom less than 0.3 is visible
    repeats  share of people near somebody else who are found twice
    mixed    share of people near somebody else whose legs are taken for the other's
    """
    return [_found(film, t, random, noise, misses, repeats, mixed)
            for t in range(len(film.pictures))]  # fmt: skip


def _found(
    film: RenderedFilm, t: int, random: Random, noise: float, misses: float, repeats: float,
    mixed: float,
) -> FoundPeople:  # fmt: skip
    joints = len(HOUSE)
    points, visible = film.keypoints_px[t, :, :joints], film.visible[t, :, :joints]
    low, high = points.min(1), points.max(1)
    size = (high - low).max(-1)
    legs = [j for j, name in enumerate(HOUSE.joints) if name.endswith(("knee", "foot"))]
    made = []
    for one in numpy.flatnonzero(visible.mean(1) >= 0.3):
        near = [k for k in range(len(points)) if k != one and visible[k].any()
                and (low[k] < high[one]).all() and (low[one] < high[k]).all()]  # fmt: skip
        if random.random() < misses:
            continue
        for _ in range(2 if near and random.random() < repeats else 1):
            hidden = ~visible[one]
            spread = noise * size[one] * (1 + 2 * hidden)
            place = points[one] + random.normal(0, 1, (joints, 2)) * spread[:, None]
            if near and random.random() < mixed:
                place[legs] = points[near[0], legs]
            score = numpy.where(hidden, 0.4, 0.85) + random.normal(0, 0.05, joints)
            made.append((place, score.clip(0.05, 1), one))
    random.shuffle(made)
    shape = (-1, joints)
    return FoundPeople(
        numpy.array([place for place, _, _ in made]).reshape(*shape, 2),
        numpy.array([score for _, score, _ in made]).reshape(shape),
        numpy.array([one for _, _, one in made], int),
    )
