"""The rasteriser against a slow ray caster, and by hand where the answer is known."""

import numpy
import pytest

from posebook.datasets.pictures.rasteriser import barycentric, corner_normals, rasterise

SIZE = (24, 17)


def cast_rays(vertices_px, depth_mm, faces, size, perspective):
    """Möller and Trumbore 1997 for every sample and triangle: nearest triangle and its depth."""
    width, height = size
    columns, rows = numpy.meshgrid(numpy.arange(width) + 0.5, numpy.arange(height) + 0.5)
    flat = numpy.stack([columns, rows], -1).reshape(-1, 2)
    if perspective:  # a camera with focal length 1 px: the corner at (x z, y z, z)
        corners = numpy.concatenate([vertices_px, numpy.ones((len(depth_mm), 1))], 1)
        corners, origin = corners * depth_mm[:, None], numpy.zeros((len(flat), 3))
        rays = numpy.concatenate([flat, numpy.ones((len(flat), 1))], 1)
    else:
        corners = numpy.concatenate([vertices_px, depth_mm[:, None]], 1)
        origin = numpy.concatenate([flat, numpy.zeros((len(flat), 1))], 1)
        rays = numpy.tile([0.0, 0.0, 1.0], (len(flat), 1))
    index, depth = numpy.full(len(flat), -1), numpy.full(len(flat), numpy.inf)
    for face, (a, b, c) in enumerate(corners[faces]):
        p = numpy.cross(rays, c - a)
        area = p @ (b - a)
        with numpy.errstate(all="ignore"):
            u = ((origin - a) * p).sum(1) / area
            q = numpy.cross(origin - a, b - a)
            v, t = (q * rays).sum(1) / area, q @ (c - a) / area
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < depth) & (area != 0)
        index[hit], depth[hit] = face, t[hit]
    return index.reshape(height, width), depth.reshape(height, width)


def soup(seed, count=40, spread=12.0):
    """Triangles of all sizes that overlap, cross each other and leave the picture."""
    numbers = numpy.random.default_rng(seed)
    middle = numbers.uniform(-4, 28, (count, 1, 2))
    corners = middle + numbers.normal(0, spread, (count, 3, 2)) * numbers.uniform(
        0, 1, (count, 1, 1)
    )
    depth = numbers.uniform(800, 4000, count * 3)
    return corners.reshape(-1, 2), depth, numpy.arange(count * 3).reshape(-1, 3)


@pytest.mark.parametrize("perspective", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_equals_a_ray_caster(seed, perspective):
    scene = soup(seed)
    index, depth = rasterise(*scene, SIZE, perspective=perspective)
    wanted, far = cast_rays(*scene, SIZE, perspective)
    assert (wanted >= 0).mean() > 0.3
    numpy.testing.assert_array_equal(index, wanted)
    seen = index >= 0
    numpy.testing.assert_allclose(depth[seen], far[seen], rtol=1e-5)
    assert numpy.isinf(depth[~seen]).all()


def test_no_seam_opens_and_no_order_matters():
    """A sheet of triangles that share edges covers each sample, in whatever order they come."""
    numbers = numpy.random.default_rng(0)
    lines = numpy.arange(9.0)
    points = numpy.stack(numpy.meshgrid(lines, lines), -1).reshape(-1, 2)
    points = (points - 1) * 4 + numbers.uniform(-1, 1, points.shape)
    corner = (numpy.arange(8)[:, None] * 9 + numpy.arange(8)).reshape(-1)
    faces = numpy.concatenate(
        [corner[:, None] + numpy.array([0, 1, 9]), corner[:, None] + numpy.array([1, 10, 9])]
    )
    depth = numbers.uniform(900, 1100, len(points))
    index, near = rasterise(points, depth, faces, (20, 20))
    assert (index >= 0).all()
    order = numbers.permutation(len(faces))
    other, same = rasterise(points, depth, faces[order], (20, 20))
    numpy.testing.assert_array_equal(near, same)
    assert (order[other] == index).mean() > 0.99  # a sample on an edge belongs to both sides


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        ({}, 10),
        ({"depth": [1000.0, 1000.0, 0.0]}, 0),
        ({"depth": [1000.0, 1000.0, -5.0]}, 0),
        ({"x": numpy.nan}, 0),
        ({"x": 8.0}, 0),
    ],
    ids=["sound", "at the camera", "behind it", "not finite", "a line"],
)
def test_only_what_lies_in_front_is_drawn(change, covered):
    points = numpy.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    if change.get("x") == 8.0:
        points[2] = [8.0, 0.0]
    elif "x" in change:
        points[2, 0] = change["x"]
    depth = numpy.array(change.get("depth", [1000.0] * 3))
    index, _ = rasterise(points, depth, numpy.array([[0, 1, 2]]), (6, 6))
    assert (index >= 0).sum() == covered


def test_what_is_seen_from_behind_can_be_left_out():
    """In a picture y runs down: from outside, corners run anticlockwise."""
    outside = numpy.array([[0, 2, 1]])
    points = numpy.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    depth = numpy.full(3, 1000.0)
    assert (rasterise(points, depth, outside, (4, 4), cull=True)[0] >= 0).any()
    assert (rasterise(points, depth, outside[:, ::-1], (4, 4), cull=True)[0] == -1).all()
    corners = numpy.concatenate([points, depth[:, None]], 1)
    assert corner_normals(corners, outside)[0, 2] == -1  # towards the camera


def test_weights_undo_perspective():
    """Half way along an edge that runs away, the picture shows a point nearer than its middle."""
    points, depth = numpy.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]]), numpy.array([1e3, 3e3, 1e3])
    weights = barycentric(
        points, depth, numpy.array([[0, 1, 2]]), numpy.zeros(1, int), numpy.array([[4.5, 0.0]])
    )
    numpy.testing.assert_allclose(weights, [[0.75, 0.25, 0.0]])
    assert weights[0] @ depth == pytest.approx(1500)  # as 1/depth says: the harmonic mean
