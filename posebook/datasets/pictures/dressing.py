"""Dressed people: bodies in poses, and what they wear.

Posing many people at once costs a tenth of posing them one by one. So pictures that follow each
other share a crowd, which is posed together: picture `index` shows member `index % CROWD`, and
other members stand about in it, in other clothes.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy
import torch
from jaxtyping import Float
from numpy import ndarray

from posebook.datasets.pictures import body_shape, clothes, poses
from posebook.datasets.pictures.body import LANDMARKS, TRUNK, Body, load_body
from posebook.datasets.pictures.materials import Material
from posebook.datasets.pictures.scene import Mesh, Person
from posebook.datasets.pictures.textures import Random
from posebook.skeletons import HOUSE

CROWD = 32
#: The points that are known of a person: house joints, then landmarks of head, feet and hands.
POINTS = (*HOUSE.joints, *LANDMARKS)
_HAIR = ("hair_short", "hair_long")
_OPEN = ("skirt", "skirt_long", *_HAIR)
#: Hair lies over what it sinks into by this part of the person's height.
_HAIR_OVER = 0.015


@dataclass(frozen=True)
class Member:
    """Somebody in a pose, not yet dressed; world axes, mm, z up, the hip over the origin."""

    who: body_shape.Person
    vertices_mm: Float[ndarray, "vertices 3"]
    points_mm: Float[ndarray, "points 3"]
    laid: Float[ndarray, "vertices 4"]


@lru_cache(maxsize=2)
def crowd(domain: str, split: str, number: int, single: float, detail: str) -> tuple[Member, ...]:
    """The people of pictures CROWD * number and on. single: see `poses.pose`."""
    body = load_body(detail)
    first = CROWD * number
    seeds = [poses.seed_of(domain, split, first + k, "person") for k in range(CROWD)]
    dice = [numpy.random.Generator(numpy.random.PCG64(seed)) for seed in seeds]
    people = [
        body_shape.random_person(torch.Generator().manual_seed(seed), split) for seed in seeds
    ]
    found = [poses.pose(split, first + k, single, random) for k, random in enumerate(dice)]
    turned = [poses.turned(pose, random) for pose, random in zip(found, dice, strict=True)]
    posed = body.posed_many(
        torch.stack([person.coefficients for person in people]),
        torch.stack(turned),
        torch.tensor([0.0, 0.0, 1.0]).expand(CROWD, 3),
        loose_mm=float(dice[0].uniform(2, 18)),
    )
    marks = torch.stack([posed.landmarks_mm[name] for name in LANDMARKS], 1)
    points = torch.cat([posed.joints_mm, marks], 1).numpy()
    along = body.along.expand(CROWD, -1)[..., None]
    laid = torch.cat([posed.rest_mm, along], -1).numpy()
    vertices = posed.vertices_mm.numpy()
    return tuple(map(Member, people, vertices, points, laid))


def dressed(random: Random, member: Member, detail: str) -> Person:
    """A member of a crowd in random clothes, the lowest point on the floor."""
    body, who = load_body(detail), member.who
    worn = _worn(random, who)
    shown = _shown(detail, worn)
    bare = clothes.skin(random)
    chest = 0.62 * float(member.laid[:, 1].max())
    bottom = clothes.bottoms(random, bare.colour)
    kinds: dict[str, Material] = {
        "skin": bare,
        "eyes": clothes.eyes(),
        "shirt": clothes.shirt(random, chest, bare.colour),
        "shoes": clothes.shoes(random),
        "trousers": bottom,
    }
    cut = clothes.hair(random, {"old": 0.75, "adult": 0.05}.get(who.age, 0.0))
    materials = [kinds.get(region, cut if "hair" in region else bottom) for region in body.REGIONS]
    lift = numpy.zeros(3, numpy.float32)
    lift[2] = -member.vertices_mm[shown.corners, 2].min()
    mesh = Mesh(
        member.vertices_mm + lift,
        shown.faces,
        shown.regions,
        member.laid,
        tuple(materials),
        numpy.isin(shown.regions, [body.REGIONS.index(name) for name in _OPEN]),
        (_HAIR_OVER * who.height_mm * shown.hair).astype(numpy.float32),
    )
    points = member.points_mm + lift
    head = _head(mesh.vertices_mm, points, shown.skull)
    return Person(mesh, points, POINTS, shown.corners, head, who.height_mm)


def moved(person: Person, by_mm: Float[ndarray, "3"]) -> Person:
    """The person somewhere else."""
    mesh = replace(person.mesh, vertices_mm=person.mesh.vertices_mm + by_mm)
    return replace(person, mesh=mesh, points_mm=person.points_mm + by_mm)


def _worn(random: Random, who: body_shape.Person) -> tuple[str, ...]:
    """The regions of the mesh that somebody shows."""
    skirts = 0.25 if who.sex == "female" else 0.0
    bottom = "trousers"
    if random.random() < skirts:
        bottom = "skirt" if random.random() < 0.7 else "skirt_long"
    worn = ["skin", "eyes", "shirt", bottom]
    if random.random() < (0.6 if who.sex == "female" else 0.06):
        worn.append("hair_long")
    elif who.sex == "female" or who.age != "old" or random.random() < 0.6:
        worn.append("hair_short")
    if random.random() < 0.92:
        worn.append("shoes")
    return tuple(worn)


@dataclass(frozen=True)
class _Shown:
    """Triangles that somebody in these clothes shows, their corners, and corners of bare head.

    hair (vertices,): whether a corner is hair's
    """

    faces: ndarray
    regions: ndarray
    corners: ndarray
    skull: ndarray
    hair: ndarray


@lru_cache(maxsize=64)
def _shown(detail: str, worn: tuple[str, ...]) -> _Shown:
    body: Body = load_body(detail)
    places = body.faces_of(worn)
    faces = body.faces[places].numpy()
    skin = [body.REGIONS.index(name) for name in ("skin", "eyes")]
    bare = numpy.unique(body.faces.numpy()[numpy.isin(body.regions.numpy(), skin)])
    skull = bare[body.part.numpy()[bare] == TRUNK]
    regions = body.regions[places].numpy().astype(numpy.int64)
    hair = numpy.zeros(len(body.part), bool)
    hair[faces[numpy.isin(regions, [body.REGIONS.index(name) for name in _HAIR])]] = True
    return _Shown(faces, regions, numpy.unique(faces), skull, hair)


def _head(vertices: ndarray, points: ndarray, skull: ndarray) -> ndarray:
    """Corners of the head, from the chin up: those around the line from neck to crown."""
    neck, crown = points[POINTS.index("upper_neck")], points[POINTS.index("head_top")]
    line = crown - neck
    away = vertices[skull] - (neck + crown) / 2
    length = numpy.linalg.norm(line)
    along = away @ line / length
    near = (numpy.linalg.norm(away, axis=1) < length) & (along > -0.75 * length)
    return skull[near]
