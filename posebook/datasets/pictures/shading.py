"""Light: a sun or lamp with its shadows, a sky above and a floor below. All of it linear.

Source of the sums: Lambert's law, and a hemisphere of light around it. A shadow map is the scene
rasterised from the light's side (Williams 1978, doi:10.1145/965139.807402), looked up at several
places around each point, so that shadows have soft edges (percentage-closer filtering: Reeves,
Salesin and Cook 1987).
"""

from dataclasses import dataclass

import numpy
from jaxtyping import Float, Int
from numpy import ndarray

from posebook.datasets.pictures.rasteriser import dot, rasterise

Points = Float[ndarray, "points 3"]


@dataclass(frozen=True)
class Light:
    """towards (3,): unit, to the sun or lamp, world axes; the others: linear RGB.

    key           on a surface that faces the light
    above, below  on a surface that faces the sky, or the floor; between them in between
    soft_mm       how far around a point its shadow is looked up
    """

    towards: Float[ndarray, "3"]
    key: Float[ndarray, "3"]
    above: Float[ndarray, "3"]
    below: Float[ndarray, "3"]
    soft_mm: float | int = 20.0


@dataclass(frozen=True)
class ShadowMap:
    """What the light sees. axes (3, 3): rows across, down and away from the light."""

    axes: Float[ndarray, "3 3"]
    corner: Float[ndarray, "2"]
    mm_per_sample: float | int
    depth_mm: Float[ndarray, "rows columns"]


#: A surface casts no shadow on what lies this little behind it, in samples of the map.
_SLACK = 2.0
_AROUND = numpy.array([[-0.9, -0.3], [0.3, -0.9], [0.9, 0.3], [-0.3, 0.9]])


def shadow_map(
    light: Light,
    vertices_mm: Float[ndarray, "vertices 3"],
    faces: Int[ndarray, "faces 3"],
    side: int,
) -> ShadowMap:
    """The map of all that casts a shadow: world axes, `side` samples square."""
    away = -light.towards
    across = numpy.cross(away, [0.0, 0.0, 1.0])
    across /= max(numpy.linalg.norm(across), 1e-9)
    axes = numpy.stack([across, numpy.cross(away, across), away])
    seen = vertices_mm @ axes.T
    low, high = seen.min(0), seen.max(0)
    scale = max(float((high - low)[:2].max()) / (side - 2), 1e-3)
    corner = low[:2] - scale
    depth = seen[:, 2] - low[2] + 1
    _, near = rasterise(
        (seen[:, :2] - corner) / scale, depth, faces, (side, side), perspective=False, cull=True
    )
    return ShadowMap(axes, corner, scale, near + (low[2] - 1))


def lit(
    shadows: ShadowMap, points_mm: Points, normals: Points, soft_mm: float | int
) -> Float[ndarray, " points"]:
    """How much of the light reaches points in the world, 0 to 1."""
    scale = shadows.mm_per_sample
    seen = (points_mm + (1.2 * scale) * normals) @ shadows.axes.T.astype(numpy.float32)
    limit = seen[:, 2] - (_SLACK * scale + soft_mm)
    places = (seen[:, :2] - shadows.corner.astype(numpy.float32)) / numpy.float32(scale)
    side = len(shadows.depth_mm)
    flat = shadows.depth_mm.ravel()
    reach = max(soft_mm / scale, 0.7)
    free = numpy.zeros(len(points_mm), numpy.float32)
    for dx, dy in reach * _AROUND:
        column, row = (
            (places[:, 0] + dx).astype(numpy.int64),
            (places[:, 1] + dy).astype(numpy.int64),
        )
        within = (column >= 0) & (row >= 0) & (column < side) & (row < side)
        depth = flat[numpy.where(within, row * side + column, 0)]
        free += ~within | (depth >= limit)
    return free / len(_AROUND)


def irradiance(
    light: Light,
    normals: Points,
    free: Float[ndarray, " points"],
    openness: Float[ndarray, " points"],
) -> Points:
    """Light that arrives (points, 3). free: of the key light; openness: of the light around."""
    facing = dot(normals, light.towards.astype(numpy.float32)[None]).clip(0) * free
    up = ((0.5 + 0.5 * normals[:, 2]) * openness)[:, None]
    down = ((0.5 - 0.5 * normals[:, 2]) * openness)[:, None]
    key, above, below = (
        each.astype(numpy.float32) for each in (light.key, light.above, light.below)
    )
    return facing[:, None] * key + up * above + down * below


def creases(depth_mm: Float[ndarray, "rows columns"], reach: int) -> Float[ndarray, "rows columns"]:
    """How open each sample is to the light around, 0 to 1: less where its surroundings are nearer.

    Source: unsharp masking of the depth buffer, Luft, Colditz and Deussen 2006. It separates limbs
    of one colour, as the narrow space between them does.
    """
    from scipy.ndimage import uniform_filter

    around = uniform_filter(depth_mm, 2 * reach + 1, mode="nearest")
    behind = (depth_mm - around).clip(0, 120) / 120
    return (1 - 0.75 * behind).astype(numpy.float32)
