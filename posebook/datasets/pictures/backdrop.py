"""Walls, floor and sky of a place: planes that the ray of each pixel meets."""

import numpy
from jaxtyping import Float
from numpy import ndarray

from posebook.cameras import Camera
from posebook.datasets.pictures.places import ABOVE, FLOOR, Place
from posebook.datasets.pictures.rasteriser import dot
from posebook.datasets.pictures.shading import ShadowMap, irradiance, lit
from posebook.datasets.pictures.textures import SIDE, look_up

_NORMALS = numpy.array(
    [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], numpy.float32
)


def draw_place(
    place: Place,
    camera: Camera,
    size: int,
    shadows: ShadowMap,
    textures: ndarray,
    contacts_mm: Float[ndarray, "spots 3"],
) -> Float[ndarray, "rows columns 3"]:
    """Light from the place behind everything, linear RGB. contacts_mm: where people stand."""
    origin = camera.position_mm.numpy().astype(numpy.float32)
    focal, middle = float(camera.focal_px[0]), camera.centre_px.numpy()
    places = numpy.arange(size) + 0.5
    rays = numpy.ones((size, size, 3), numpy.float32)
    rays[..., 0] = ((places - middle[0]) / focal)[None]
    rays[..., 1] = ((places - middle[1]) / focal)[:, None]
    rays = rays.reshape(-1, 3) @ camera.rotation.numpy().astype(numpy.float32)
    rays[abs(rays) < 1e-7] = 1e-7
    # The box is seen from inside, so a ray leaves it through the nearest of three sides.
    ends = numpy.where(rays > 0, place.high_mm.astype(numpy.float32), place.low_mm)
    x, y, z = ((ends - origin) / rays).T.astype(numpy.float32)
    wall = numpy.minimum(x, y)
    level = (z < wall) & (rays[:, 2] < 0) if place.outdoors else z < wall
    axis = numpy.where(level, 2, (y < x).astype(numpy.int64))
    along = numpy.where(level, z, wall)
    steep = rays[numpy.arange(len(rays)), axis]
    side = 2 * axis + (steep > 0)
    points = origin + along[:, None] * rays
    # On each wall: places along it and up; on the floor: x and y.
    flat = numpy.stack(
        [numpy.where(axis == 0, points[:, 1], points[:, 0]),
         numpy.where(level, points[:, 1], points[:, 2])], 1
    )  # fmt: skip
    if place.outdoors:
        side = _sky(place, rays, points, flat, side, textures)
    steep = numpy.maximum(abs(steep) / numpy.sqrt(dot(rays, rays)), 0.05)
    mm_per_px = along / numpy.float32(focal) / numpy.sqrt(steep)
    colour = _colours(place, side, flat, mm_per_px, textures)
    normals = _NORMALS[side]
    free = lit(shadows, points, normals, place.light.soft_mm)
    open_to = numpy.ones(len(points), numpy.float32)
    floor = numpy.flatnonzero(side == FLOOR)
    for spot in contacts_mm:
        away = (points[floor, 0] - spot[0]) ** 2 + (points[floor, 1] - spot[1]) ** 2
        open_to[floor] *= 1 - 0.45 * numpy.exp(-away / 150.0**2)
    light = colour * irradiance(place.light, normals, free, open_to)
    if place.outdoors:
        sky = side == ABOVE
        light[sky] = colour[sky]
    return light.reshape(size, size, 3).astype(numpy.float32)


def _sky(
    place: Place, rays: ndarray, points: ndarray, flat: ndarray, side: ndarray, textures: ndarray
) -> ndarray:
    """Sides with the sky where a ray passes over a wall; writes the sky's places into `flat`."""
    # The tops of walls go up and down as a row of a texture does.
    step = (flat[:, 0] / 150).astype(numpy.int64) % SIDE
    uneven = textures[4, step].astype(numpy.float64) / 255  # a row of clouds
    sky = (side < FLOOR) & (points[:, 2] > place.high_mm[2] * (0.5 + 0.8 * uneven))
    sky |= side == ABOVE
    over = numpy.maximum(rays[:, 2] / numpy.hypot(rays[:, 0], rays[:, 1]), 0.02)
    across = numpy.maximum(abs(rays[:, 0]), abs(rays[:, 1]))
    flat[sky] = ((4000 / numpy.sqrt(over) / across)[:, None] * rays[:, :2])[sky]
    return numpy.where(sky, ABOVE, side)


def _colours(
    place: Place, side: ndarray, flat: ndarray, mm_per_px: ndarray, textures: ndarray
) -> Float[ndarray, "pixels 3"]:
    rows = numpy.array([surface.texture for surface in place.surfaces])[side]
    per_mm = numpy.array([1 / surface.mm_per_texel for surface in place.surfaces], numpy.float32)
    per_mm = per_mm[side]
    grey = look_up(textures, rows, flat * per_mm[:, None], mm_per_px * per_mm)
    colour = numpy.stack([surface.colours for surface in place.surfaces])[side, grey]
    along, up = flat.T
    for panel in place.panels:
        (low, bottom), (high, top) = panel.low_mm, panel.high_mm
        there = (side == panel.side) & (along >= low) & (along < high) & (up >= bottom) & (up < top)
        there = numpy.flatnonzero(there)
        if len(there):
            per = 1 / panel.surface.mm_per_texel
            laid = ((flat[there] - panel.low_mm) * per).astype(numpy.float32)
            grey = look_up(textures, panel.surface.texture, laid, mm_per_px[there] * per)
            colour[there] = panel.surface.colours[grey]
    return colour
