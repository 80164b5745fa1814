"""The two domains of rendered people, as functions of a number.

rendered_plain  the laboratory: one whole person, a quiet room, an upright camera
rendered_wild   the street: rooms and streets of every kind, furniture, other people, cut pictures,
                any camera
A picture is a function of (domain, split, index, size) and of nothing else, so pictures can be
made in any order and in any number of processes.
"""

import math

import numpy
import torch

from posebook.cameras import Camera
from posebook.datasets.pictures import film, places, poses
from posebook.datasets.pictures.dressing import CROWD, crowd, dressed, moved
from posebook.datasets.pictures.furniture import furnished
from posebook.datasets.pictures.scene import Person, Picture, Scene, draw, to_camera
from posebook.datasets.pictures.textures import Random
from posebook.errors import InputError

Range = tuple[float | int, float | int]
DOMAINS = ("rendered_plain", "rendered_wild")
SIZES = (32, 512)
#: Raised whenever the same number gives another picture.
VERSION = 1
_NEAREST_MM = 350.0
#: Share of single poses, the others being moments of actions.
_SINGLE = {"rendered_plain": 0.4, "rendered_wild": 0.75}


def rendered_picture(domain: str, index: int, size: int = 128, split: str = "train") -> Picture:
    """Picture number `index` of a domain and split, `size` pixels square."""
    return draw(scene_of(domain, index, size, split), size)


def scene_of(domain: str, index: int, size: int, split: str) -> Scene:
    """The scene of a picture, before it is drawn."""
    if domain not in DOMAINS:
        raise InputError(f"no rendered domain is called '{domain}'; there are {', '.join(DOMAINS)}")
    if split not in poses.SPLITS:
        raise InputError(f"split '{split}': expected {', '.join(poses.SPLITS)}")
    if not SIZES[0] <= size <= SIZES[1]:
        raise InputError(f"size {size}: expected {SIZES[0]} to {SIZES[1]} pixels")
    seed = poses.seed_of(domain, split, index)
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    make = _plain if domain == "rendered_plain" else _wild
    return Scene(*make(random, split, index, size), _textures(split), seed)


def _plain(random: Random, split: str, index: int, size: int) -> tuple:
    person = _person(random, "rendered_plain", split, index, size)
    eye = _eye(random, person, (3300, 6500), (800, 1800))
    place = places.quiet_room(random, eye)
    place = furnished(random, place, [person], eye, seats_only=True)
    camera = _aim(random, person, eye, roll=0.0, aside=0.05)
    camera = _crop(camera, person, size, random, 1.25, 0.08, 0.03)
    return (person,), place, camera, film.gentle(random)


def _wild(random: Random, split: str, index: int, size: int) -> tuple:
    people = [_person(random, "rendered_wild", split, index, size)]
    heights = (300, 3200) if random.random() < 0.25 else (900, 1800)
    eye = _eye(random, people[0], (1900, 8500), heights)
    others = int(random.choice([0, 1, 2], p=[0.68, 0.25, 0.07]))
    for k in range(others):
        neighbour = index // CROWD * CROWD + (index + 11 * k + 5) % CROWD
        other = _person(random, "rendered_wild", split, neighbour, size)
        people.append(_beside(random, other, eye))
    place = (places.room if random.random() < 0.5 else places.street)(random, eye)
    place = furnished(random, place, people, eye, seats_only=False)
    camera = _aim(random, people[0], eye, roll=random.normal(0, 0.07), aside=0.2)
    margin, spread, aside = (1.3, 0.14, 0.08)
    if random.random() < 0.15:  # part of the person is outside the picture
        margin, spread, aside = (0.85, 0.1, 0.18)
    camera = _crop(camera, people[0], size, random, margin, spread, aside)
    return tuple(people), place, camera, film.any_camera(random, size)


def _person(random: Random, domain: str, split: str, index: int, size: int) -> Person:
    detail = "low" if size <= 128 else "full"
    members = crowd(domain, split, index // CROWD, _SINGLE[domain], detail)
    return dressed(random, members[index % CROWD], detail)


def _textures(split: str) -> int:
    """Each split has walls, floors and prints of its own."""
    return poses.seed_of("textures", split) % 2**32


def _eye(random: Random, person: Person, distance: Range, height: Range) -> numpy.ndarray:
    """Where the camera stands, mm: this far from the person, never among their limbs."""
    reach = float(abs(person.mesh.vertices_mm[:, :2]).max()) + _NEAREST_MM
    away = max(math.exp(random.uniform(*map(math.log, distance))), reach)
    around = random.uniform(0, 2 * math.pi)
    scale = person.height_mm / 1700
    up = scale**0.5 * random.uniform(*height)
    return numpy.array([away * math.cos(around), away * math.sin(around), up])


def _aim(
    random: Random, person: Person, eye: numpy.ndarray, roll: float | int, aside: float | int
) -> Camera:
    """A camera that looks towards the person, not quite at them, tilted by `roll` rad."""
    low, high = person.mesh.vertices_mm.min(0), person.mesh.vertices_mm.max(0)
    target = (low + high) / 2 + numpy.linalg.norm(eye[:2]) * aside * random.uniform(-1, 1, 3) * [
        1,
        1,
        0.4,
    ]
    forward = target - eye
    forward /= numpy.linalg.norm(forward)
    right = numpy.cross(forward, [0.0, 0.0, 1.0])
    right /= numpy.linalg.norm(right)
    down = numpy.cross(forward, right)
    cos, sin = math.cos(roll), math.sin(roll)
    rows = numpy.stack([cos * right + sin * down, cos * down - sin * right, forward])
    return Camera(
        torch.ones(2, dtype=torch.float64),
        torch.zeros(2, dtype=torch.float64),
        rotation=torch.from_numpy(rows),
        position_mm=torch.from_numpy(eye),
    )


def _crop(
    camera: Camera,
    person: Person,
    size: int,
    random: Random,
    margin: float | int,
    spread: float | int,
    aside: float | int,
) -> Camera:
    """The camera whose square picture shows the person's box, wider by `margin` or so.

    spread, aside: how much the margin differs, and the box lies off the middle, in parts
    """
    seen = to_camera(camera, person.mesh.vertices_mm[person.corners])
    rays = seen[:, :2] / numpy.maximum(seen[:, 2:], 0.5 * _NEAREST_MM)
    low, high = rays.min(0), rays.max(0)
    side = float((high - low).max()) * margin * math.exp(spread * random.uniform(-1, 1))
    middle = (low + high) / 2 + side * aside * random.uniform(-1, 1, 2)
    focal = size / side
    return Camera(
        torch.full((2,), focal, dtype=torch.float64),
        torch.from_numpy(size / 2 - focal * middle),
        (size, size),
        rotation=camera.rotation,
        position_mm=camera.position_mm,
    )


def _beside(random: Random, other: Person, eye: numpy.ndarray) -> Person:
    """Another person, put beside, behind or before the first."""
    away = float(numpy.linalg.norm(eye[:2]))
    ahead = -eye[:2] / away
    aside = numpy.array([-ahead[1], ahead[0]]) * (1 if random.random() < 0.5 else -1)
    behind = random.random() < 0.75
    depth = random.uniform(400, 4000) if behind else -random.uniform(0.15, 0.5) * away
    across = random.uniform(350, 1100) if behind else random.uniform(300, 700) * (1 + depth / away)
    return moved(other, numpy.array([*(depth * ahead + across * aside), 0.0], numpy.float32))
