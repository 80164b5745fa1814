"""Walls, floor and sky of a place: planes that the ray of each pixel meets."""

import numpy
from jaxtyping import Float
from numpy import ndarray

from posebook.cameras import Camera
from posebook.datasets.pictures.places import ABOVE, FLOOR, Place
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
    origin = camera.position_mm.numpy()
    places = numpy.arange(size) + 0.5
    rays = numpy.empty((size, size, 3))
    rays[..., 0] = ((places - float(camera.centre_px[0])) / float(camera.focal_px[0]))[None]
    rays[..., 1] = ((places - float(camera.centre_px[1])) / float(camera.focal_px[1]))[:, None]
    rays[..., 2] = 1.0
    rays = rays.reshape(-1, 3) @ camera.rotation.numpy()
    rays[abs(rays) < 1e-9] = 1e-9
    # The box is seen from inside, so a ray leaves it through the nearest of three sides.
    reach = (numpy.where(rays > 0, place.high_mm, place.low_mm) - origin) / rays
    axis = reach.argmin(1)
    every = numpy.arange(len(rays))
    if place.outdoors:
        wall = reach[:, :2].argmin(1)
        floor = (rays[:, 2] < 0) & (reach[:, 2] < reach[every, wall])
        axis = numpy.where(floor, 2, wall)
    along = reach[every, axis]
    side = 2 * axis + (rays[every, axis] > 0)
    points = origin + along[:, None] * rays
    flat = numpy.where((axis == 2)[:, None], points[:, :2], points[:, [0, 2]])
    flat = numpy.where((axis == 0)[:, None], points[:, 1:], flat)
    if place.outdoors:
        side = _sky(place, rays, points, flat, side, textures)
    steep = numpy.maximum(abs(rays[every, axis]) / numpy.sqrt((rays**2).sum(1)), 0.05)
    mm_per_px = along / float(camera.focal_px[0]) / numpy.sqrt(steep)
    colour = _colours(place, side, flat, mm_per_px, textures)
    normals = _NORMALS[side]
    points = points.astype(numpy.float32)
    free = lit(shadows, points, normals, place.light.soft_mm)
    open_to = numpy.ones(len(points), numpy.float32)
    floor = numpy.flatnonzero(side == FLOOR)
    for spot in contacts_mm:
        away = ((points[floor, :2] - spot[:2].astype(numpy.float32)) ** 2).sum(1)
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
    flat[sky] = (4000 / over[:, None] ** 0.5 * rays[:, :2] / abs(rays[:, :2]).max(1)[:, None])[sky]
    return numpy.where(sky, ABOVE, side)


def _colours(
    place: Place, side: ndarray, flat: ndarray, mm_per_px: ndarray, textures: ndarray
) -> Float[ndarray, "pixels 3"]:
    rows = numpy.array([surface.texture for surface in place.surfaces])[side]
    per_mm = 1 / numpy.array([surface.mm_per_texel for surface in place.surfaces])[side]
    grey = look_up(textures, rows, flat * per_mm[:, None], mm_per_px * per_mm)
    colour = numpy.stack([surface.colours for surface in place.surfaces])[side, grey]
    for panel in place.panels:
        there = (side == panel.side) & (flat >= panel.low_mm).all(1) & (flat < panel.high_mm).all(1)
        there = numpy.flatnonzero(there)
        if len(there):
            per = 1 / panel.surface.mm_per_texel
            laid = (flat[there] - panel.low_mm) * per
            grey = look_up(textures, panel.surface.texture, laid, mm_per_px[there] * per)
            colour[there] = panel.surface.colours[grey]
    return colour
