"""Triangles to samples: which triangle each sample of a picture shows, and how far away it is.

A row of samples crosses a triangle in one stretch. So the work is one step for each triangle and
row, and one for each covered sample, whatever the triangles' sizes. The nearest triangle wins by
a whole number: the bits of its depth, then its own number. Bits of positive floats sort as the
floats do, so the order of work changes nothing.
Source: edge functions, Pineda 1988, doi:10.1145/54852.378457; perspective-correct interpolation,
Heckbert and Moreton 1991. Axes: picture x right, y down; sample (row, column) lies at its middle,
(column + 0.5, row + 0.5).
"""

import numpy
from jaxtyping import Bool, Float, Int
from numpy import ndarray

Vertices = Float[ndarray, "vertices 2"]
Faces = Int[ndarray, "faces 3"]

#: Samples within this many pixels of an edge belong to both of its sides: no seam stays open.
_SEAM_PX = 1e-7
_EMPTY = numpy.uint64(0xFFFFFFFFFFFFFFFF)


def rasterise(
    vertices_px: Vertices,
    depth_mm: Float[ndarray, " vertices"],
    faces: Faces,
    size: tuple[int, int],
    *,
    perspective: bool = True,
    cull: bool | Bool[ndarray, " faces"] = False,
) -> tuple[Int[ndarray, "rows columns"], Float[ndarray, "rows columns"]]:
    """The nearest triangle of each sample, -1 where there is none, and its depth, mm (inf there).

    vertices_px  (V, 2)  px    depth_mm  (V,)  along the view, over 0    faces  (F, 3)
    size         (width, height)
    perspective  True: 1/depth is linear in the picture; False: depth is (parallel rays)
    cull         leave out triangles seen from behind, all or these (F,); the corners of a triangle
                 run anticlockwise as seen from outside
    A triangle with a corner at depth 0 or nearer, or not finite, is left out.
    """
    width, height = size
    keys = numpy.full(width * height, _EMPTY)
    x, y = vertices_px.astype(numpy.float64).T
    depth = depth_mm.astype(numpy.float64)
    sound = numpy.isfinite(x) & numpy.isfinite(y) & (depth > 0)
    whole = sound[faces[:, 0]] & sound[faces[:, 1]] & sound[faces[:, 2]]
    x, y, depth = (numpy.where(sound, each, 1.0) for each in (x, y, depth))
    fx, fy = x[faces], y[faces]
    (x0, x1, x2), (y0, y1, y2) = fx.T, fy.T
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    top = numpy.ceil(_least(fy) - 0.5).clip(0, height)
    rows = numpy.floor(_most(fy) - 0.5).clip(-1, height - 1) - top + 1
    across = (_most(fx) >= 0.5) & (_least(fx) <= width - 0.5)
    drawn = across & (rows > 0) & ((area < 0) | ((area > 0) & ~numpy.asarray(cull))) & whole
    chosen = numpy.flatnonzero(drawn)
    if len(chosen):
        value = 1 / depth if perspective else depth
        plane = _plane(fx[chosen], fy[chosen], value[faces[chosen]], area[chosen])
        spans = _spans(fx[chosen], fy[chosen], area[chosen], top[chosen], rows[chosen], width)
        _keep_nearest(keys, spans, plane, chosen, width, perspective)
    hit = keys != _EMPTY
    index = numpy.where(hit, (keys & numpy.uint64(0xFFFFFFFF)).astype(numpy.int64), -1)
    near = (keys >> numpy.uint64(32)).astype(numpy.uint32).view(numpy.float32)
    near = numpy.where(hit, near, numpy.float32(numpy.inf))
    return index.reshape(height, width), near.reshape(height, width)


def _least(corners: ndarray) -> ndarray:
    """The least of each row of three: much quicker than numpy's own along so short an axis."""
    return numpy.minimum(numpy.minimum(corners[:, 0], corners[:, 1]), corners[:, 2])


def _most(corners: ndarray) -> ndarray:
    return numpy.maximum(numpy.maximum(corners[:, 0], corners[:, 1]), corners[:, 2])


def dot(a: Float[ndarray, "n 3"], b: Float[ndarray, "#n 3"]) -> Float[ndarray, " n"]:
    """Scalar products of rows."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def blend(
    weights: Float[ndarray, "n 3"],
    values: Float[ndarray, "vertices k"],
    corners: Int[ndarray, "n 3"],
) -> Float[ndarray, "n k"]:
    """What the corners' values (V, k) come to inside of triangles, by barycentric weights."""
    found = weights[:, :1] * values[corners[:, 0]]
    found += weights[:, 1:2] * values[corners[:, 1]]
    found += weights[:, 2:] * values[corners[:, 2]]
    return found


def _plane(fx: ndarray, fy: ndarray, value: ndarray, area: ndarray) -> ndarray:
    """(3, F): the value is a x + b y + c on each triangle."""
    (x0, x1, x2), (y0, y1, y2), (v0, v1, v2) = fx.T, fy.T, value.T
    a = ((v1 - v0) * (y2 - y0) - (v2 - v0) * (y1 - y0)) / area
    b = ((v2 - v0) * (x1 - x0) - (v1 - v0) * (x2 - x0)) / area
    return numpy.stack([a, b, v0 - a * x0 - b * y0])


def _spans(
    fx: ndarray, fy: ndarray, area: ndarray, top: ndarray, rows: ndarray, width: int
) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Each stretch of samples: its triangle's place, row, first column and length."""
    rows = rows.astype(numpy.int64)
    place = numpy.repeat(numpy.arange(len(rows)), rows)
    row = numpy.arange(len(place)) - numpy.repeat(rows.cumsum() - rows, rows) + top[place]
    first = numpy.full(len(place), 0.5)
    last = numpy.full(len(place), width - 0.5)
    turn = numpy.where(area > 0, 1.0, -1.0)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        # Inside: dx (y - y0) - dy (x - x0) >= 0, so each edge bounds x from one side.
        dx, dy = turn * (fx[:, end] - fx[:, start]), turn * (fy[:, end] - fy[:, start])
        safe = numpy.where(dy == 0, 1.0, dy)
        slope, x0, y0 = dx / safe, fx[:, start], fy[:, start]
        cross = x0[place] + slope[place] * (row + 0.5 - y0[place])
        down = dy[place]
        last = numpy.where(down > 0, numpy.minimum(last, cross + _SEAM_PX), last)
        first = numpy.where(down < 0, numpy.maximum(first, cross - _SEAM_PX), first)
    column = numpy.ceil(first - 0.5).astype(numpy.int64)
    length = numpy.floor(last - 0.5).astype(numpy.int64) - column + 1
    some = length > 0
    return place[some], row[some].astype(numpy.int64), column[some], length[some]


def _keep_nearest(
    keys: ndarray,
    spans: tuple[ndarray, ndarray, ndarray, ndarray],
    plane: ndarray,
    chosen: ndarray,
    width: int,
    perspective: bool,
) -> None:
    """Put the triangle of each covered sample into `keys` where it is the nearest so far."""
    place, row, column, length = spans
    a, b, c = plane[:, place]
    start = b * (row + 0.5) + c + a * (column + 0.5)
    along = numpy.arange(length.sum()) - numpy.repeat(length.cumsum() - length, length)
    value = numpy.repeat(start, length) + numpy.repeat(a, length) * along
    depth = 1 / numpy.maximum(value, 1e-12) if perspective else numpy.maximum(value, 1e-6)
    key = depth.astype(numpy.float32).view(numpy.uint32).astype(numpy.uint64)
    key <<= numpy.uint64(32)
    key |= numpy.repeat(chosen[place].astype(numpy.uint64), length)
    numpy.minimum.at(keys, numpy.repeat(row * width + column, length) + along, key)


def barycentric(
    vertices_px: Vertices,
    depth_mm: Float[ndarray, " vertices"],
    faces: Faces,
    index: Int[ndarray, " samples"],
    points_px: Float[ndarray, "samples 2"],
) -> Float[ndarray, "samples 3"]:
    """Perspective-correct weights (samples, 3) of the corners of each sample's own triangle.

    index      (samples,)    its triangle, as `rasterise` gives it, none of them -1
    points_px  (samples, 2)  where it lies
    """
    corners = faces[index]
    (x0, x1, x2), (y0, y1, y2) = (
        (vertices_px[corners, axis] - points_px[:, None, axis]).T for axis in (0, 1)
    )
    weights = numpy.stack([x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, x0 * y1 - x1 * y0], axis=1)
    weights /= depth_mm[corners]
    return weights / (weights[:, :1] + weights[:, 1:2] + weights[:, 2:])


def corner_normals(
    vertices_mm: Float[ndarray, "vertices 3"], faces: Faces
) -> Float[ndarray, "vertices 3"]:
    """Unit normals (V, 3) of smooth surfaces: the mean of a corner's triangles, by their areas."""
    a, b, c = (vertices_mm[faces[:, corner]] for corner in range(3))
    normal = numpy.cross(b - a, c - a)
    flat = faces.ravel()
    summed = numpy.stack(
        [
            numpy.bincount(flat, numpy.repeat(normal[:, axis], 3), len(vertices_mm))
            for axis in range(3)
        ],
        axis=1,
    )
    length = numpy.sqrt(dot(summed, summed))[:, None]
    return (summed / numpy.maximum(length, 1e-12)).astype(numpy.float32)


def inside(
    points_px: Float[ndarray, "*points 2"], size: tuple[int, int]
) -> Bool[ndarray, "*points"]:
    """Whether points lie in a picture of (width, height)."""
    x, y = points_px[..., 0], points_px[..., 1]
    return (x >= 0) & (y >= 0) & (x < size[0]) & (y < size[1])
