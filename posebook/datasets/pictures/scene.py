"""A scene and the picture of it, with all that is known about it.

People and furniture are meshes, rasterised at four samples a pixel. Walls, floor and sky are
planes, asked for once a pixel. Everything is lit by the same light, then exposed and compressed.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy
from jaxtyping import Bool, Float, Int, UInt8
from numpy import ndarray

from posebook.cameras import Camera
from posebook.datasets.pictures import film as films
from posebook.datasets.pictures import shading
from posebook.datasets.pictures.backdrop import draw_place
from posebook.datasets.pictures.film import Film
from posebook.datasets.pictures.materials import Material, albedo
from posebook.datasets.pictures.places import Box, Place
from posebook.datasets.pictures.rasteriser import (
    barycentric,
    blend,
    corner_normals,
    dot,
    inside,
    rasterise,
)
from posebook.datasets.pictures.textures import bank

#: Samples along a pixel's edge.
FINE = 2
#: How far behind the surface a joint lies at most, in parts of the person's height, where it is
#: seen: joints are inside the body.
_WITHIN = 0.075
_WITHIN_TRUNK = 0.12


@dataclass(frozen=True)
class Mesh:
    """Triangles in the world, mm. material (F,): which of `materials` each is made of.

    laid (V, 4): where each corner is on its cloth, see `materials`
    open (F,): triangles that are seen from both sides: skirts, hair
    over (V,): mm that a corner counts as nearer than it is: hair lies over what it sinks into
    """

    vertices_mm: Float[ndarray, "vertices 3"]
    faces: Int[ndarray, "faces 3"]
    material: Int[ndarray, " faces"]
    laid: Float[ndarray, "vertices 4"]
    materials: tuple[Material, ...]
    open: Bool[ndarray, " faces"]
    over: Float[ndarray, " vertices"]


@dataclass(frozen=True)
class Person:
    """A dressed person. points_mm (J, 3): joints and landmarks of `names`, in the world.

    corners (n,): those of the mesh that triangles use; head (n,): those that are the head
    """

    mesh: Mesh
    points_mm: Float[ndarray, "points 3"]
    names: tuple[str, ...]
    corners: Int[ndarray, " worn"]
    head: Int[ndarray, " bare"]
    height_mm: float


@dataclass(frozen=True)
class Scene:
    """All there is to draw. people: the first one is whom the picture is of."""

    people: tuple[Person, ...]
    place: Place
    camera: Camera
    film: Film
    textures: int
    seed: int


@dataclass(frozen=True)
class Picture:
    """A picture and what is true of its person. names: of the J points, house joints first.

    jpeg          the file; rgb (h, w, 3): what is in it
    keypoints_px  (J, 2); pose_mm (J, 3) camera axes
    visible       (J,): in the picture and not hidden by anything, the person's own body included
    mask          (h, w): pixels that show the person
    box_px        (4,) x, y, width, height of the whole person, also where it leaves the picture
    head_px       0.6 of the diagonal of the head's box, the length that PCKh measures with
    """

    jpeg: bytes
    keypoints_px: Float[ndarray, "points 2"]
    pose_mm: Float[ndarray, "points 3"]
    visible: Bool[ndarray, " points"]
    mask: Bool[ndarray, "rows columns"]
    camera: Camera
    box_px: Float[ndarray, "4"]
    head_px: float
    names: tuple[str, ...]
    facts: dict = field(default_factory=dict)

    @cached_property
    def rgb(self) -> UInt8[ndarray, "rows columns 3"]:
        return films.decode(self.jpeg)


def box_mesh(box: Box) -> Mesh:
    """Six sides of four corners each, so that the edges stay sharp."""
    sides, laid, faces = [], [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            right, up = (axis + 1) % 3, (axis + 2) % 3
            corners = numpy.zeros((4, 3))
            corners[:, axis] = sign
            corners[:, right] = numpy.array([-1, 1, 1, -1]) * sign
            corners[:, up] = [-1, -1, 1, 1]
            start = 4 * len(sides)
            faces += [[start, start + 1, start + 2], [start, start + 2, start + 3]]
            corners = corners * box.half_mm
            flat = corners[:, (right, up)] if axis != 1 else corners[:, (up, right)]
            sides.append(corners)
            laid.append(numpy.pad(flat + 37.0 * start, ((0, 0), (0, 2))))
    cos, sin = numpy.cos(box.turn), numpy.sin(box.turn)
    turn = numpy.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    vertices = numpy.concatenate(sides) @ turn.T + box.middle_mm
    material = Material(box.surface.colours[128], pattern="texture", surface=box.surface)
    laid = numpy.concatenate(laid).astype(numpy.float32)
    one = numpy.zeros(12, numpy.int64)
    vertices = vertices.astype(numpy.float32)
    over = numpy.zeros(len(vertices), numpy.float32)
    return Mesh(vertices, numpy.array(faces), one, laid, (material,), one > 0, over)


def joined(meshes: list[Mesh]) -> tuple[Mesh, Int[ndarray, " faces"]]:
    """Several meshes as one, and which of them each triangle is of."""
    starts = numpy.cumsum([0] + [len(mesh.vertices_mm) for mesh in meshes])
    kinds = numpy.cumsum([0] + [len(mesh.materials) for mesh in meshes])
    whole = Mesh(
        numpy.concatenate([mesh.vertices_mm for mesh in meshes]),
        numpy.concatenate(
            [mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]
        ),
        numpy.concatenate([mesh.material + k for mesh, k in zip(meshes, kinds, strict=False)]),
        numpy.concatenate([mesh.laid for mesh in meshes]),
        tuple(material for mesh in meshes for material in mesh.materials),
        numpy.concatenate([mesh.open for mesh in meshes]),
        numpy.concatenate([mesh.over for mesh in meshes]),
    )
    return whole, numpy.repeat(numpy.arange(len(meshes)), [len(mesh.faces) for mesh in meshes])


def to_camera(camera: Camera, points_mm: Float[ndarray, "*n 3"]) -> Float[ndarray, "*n 3"]:
    """World to camera axes, mm."""
    return (points_mm - camera.position_mm.numpy()) @ camera.rotation.numpy().T


def project(camera: Camera, points_mm: Float[ndarray, "*n 3"]) -> Float[ndarray, "*n 2"]:
    """Camera axes to pixels."""
    with numpy.errstate(all="ignore"):
        rays = points_mm[..., :2] / points_mm[..., 2:]
    return rays * camera.focal_px.numpy() + camera.centre_px.numpy()


def draw(scene: Scene, size: int) -> Picture:
    """The picture of a scene, `size` pixels square, and what is true of its first person."""
    return draw_people(scene, size, 1)[0]


def draw_people(scene: Scene, size: int, count: int) -> list[Picture]:
    """The same, and what is true of each of its first people: one `Picture` for each."""
    random = numpy.random.Generator(numpy.random.PCG64(scene.seed))
    camera, place = scene.camera, scene.place
    meshes = [person.mesh for person in scene.people]
    mesh, owner = joined(meshes + [box_mesh(box) for box in place.boxes])
    corners = to_camera(camera, mesh.vertices_mm)
    corners_px = project(camera, corners) * FINE
    corners[:, 2] -= mesh.over
    samples = (size * FINE, size * FINE)
    index, depth = rasterise(corners_px, corners[:, 2], mesh.faces, samples, cull=~mesh.open)
    shadows = shading.shadow_map(
        place.light, mesh.vertices_mm, mesh.faces, int(numpy.clip(1.5 * size, 96, 512))
    )
    textures = bank(scene.textures)
    light = draw_place(place, camera, size, shadows, textures, _contacts(scene))
    covered = numpy.flatnonzero(index >= 0)
    if len(covered):
        shaded = _shaded(scene, mesh, corners_px, corners[:, 2], index, depth, covered, shadows)
        light = _composed(light, shaded, covered, size)
    rgb = films.develop(light, scene.film, random)
    jpeg = films.encode(rgb, scene.film.quality)
    return [_facts(scene, who, jpeg, index, depth, owner, size) for who in range(count)]


def _contacts(scene: Scene) -> Float[ndarray, "spots 3"]:
    """Where people touch the floor or nearly so: it is darker there."""
    points = numpy.concatenate([person.points_mm[:17] for person in scene.people])
    return points[points[:, 2] < 350]


def _shaded(
    scene: Scene,
    mesh: Mesh,
    corners_px: ndarray,
    corners_depth: ndarray,
    index: ndarray,
    depth: ndarray,
    covered: ndarray,
    shadows: shading.ShadowMap,
) -> Float[ndarray, "samples 3"]:
    """Light that people and furniture send to the camera, at the covered samples."""
    camera, place = scene.camera, scene.place
    face, width = index.ravel()[covered], index.shape[1]
    middle = numpy.stack([covered % width + 0.5, covered // width + 0.5], 1)
    weights = barycentric(corners_px, corners_depth, mesh.faces, face, middle)
    weights = weights.astype(numpy.float32)
    corner = mesh.faces[face]
    normals = _unit(blend(weights, corner_normals(mesh.vertices_mm, mesh.faces), corner))
    points = blend(weights, mesh.vertices_mm, corner)
    laid = blend(weights, mesh.laid, corner)
    view = _unit(points - camera.position_mm.numpy().astype(numpy.float32))
    behind = mesh.open[face] & (dot(normals, view) > 0)
    normals[behind] *= -1
    away = depth.ravel()[covered]
    focal = float(camera.focal_px[0])
    colour = albedo(
        mesh.materials, mesh.material[face], laid, away / numpy.float32(focal), bank(scene.textures)
    )
    free = shading.lit(shadows, points, normals, place.light.soft_mm)
    # The background counts as just behind the people: an outline is no crease.
    near = numpy.minimum(depth, numpy.quantile(away, 0.98) + 60)
    reach = max(1, round(0.035 * focal * FINE * 1700 / float(numpy.median(away)) / 2))
    openness = shading.creases(near, reach).ravel()[covered]
    arriving = shading.irradiance(place.light, normals, free, openness)
    gloss = numpy.array([material.gloss for material in mesh.materials], numpy.float32)
    light = colour * arriving
    shiny = gloss[mesh.material[face]]
    if shiny.any():
        half = _unit(place.light.towards.astype(numpy.float32) - view)
        spot = dot(normals, half).clip(0) ** 16 * free * shiny
        light += spot[:, None] * place.light.key.astype(numpy.float32)
    return light


def _unit(vectors: Float[ndarray, "n 3"]) -> Float[ndarray, "n 3"]:
    return vectors / numpy.maximum(numpy.sqrt(dot(vectors, vectors)), 1e-9)[:, None]


def _composed(light: ndarray, shaded: ndarray, covered: ndarray, size: int) -> ndarray:
    """Means of each pixel's samples, the background where a sample shows nothing else."""
    fine = size * FINE
    pixel = covered // fine // FINE * size + covered % fine // FINE
    count = numpy.bincount(pixel, minlength=size * size)
    summed = numpy.stack(
        [numpy.bincount(pixel, shaded[:, axis], size * size) for axis in range(3)], 1
    )
    rest = 1 - count / FINE**2
    flat = light.reshape(-1, 3) * rest[:, None] + summed / FINE**2
    return flat.reshape(size, size, 3).astype(numpy.float32)


def _facts(
    scene: Scene, who: int, jpeg: bytes, index: ndarray, depth: ndarray, owner: ndarray, size: int
) -> Picture:
    """What is true of a person, read off the same body that was drawn."""
    person, camera = scene.people[who], scene.camera
    pose = to_camera(camera, person.points_mm)
    px = project(camera, pose)
    ours = (index >= 0) & (owner[index] == who)
    within = inside(px, (size, size)) & (pose[:, 2] > 0)
    column, row = (numpy.where(within, FINE * px[:, axis], 0).astype(int) for axis in (0, 1))
    trunk = numpy.isin(numpy.array(person.names), _TRUNK)
    slack = person.height_mm * numpy.where(trunk, _WITHIN_TRUNK, _WITHIN)
    seen = within & (depth[row, column] > pose[:, 2] - slack)
    worn, head = (
        project(camera, to_camera(camera, person.mesh.vertices_mm[corners]))
        for corners in (person.corners, person.head)
    )
    low, high = worn.min(0), worn.max(0)
    mask = ours.reshape(size, FINE, size, FINE).sum((1, 3)) * 2 >= FINE**2
    return Picture(
        jpeg,
        px.astype(numpy.float32),
        pose.astype(numpy.float32),
        seen,
        mask,
        replace(camera, size_px=(size, size)),
        numpy.array([*low, *(high - low)], numpy.float32),
        0.6 * float(numpy.hypot(*(head.max(0) - head.min(0)))),
        person.names,
    )


_TRUNK = ("hip", "left_hip", "right_hip", "spine", "thorax", "neck_nose")
