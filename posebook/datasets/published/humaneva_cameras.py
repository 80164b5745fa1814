r"""HumanEva-I's three colour cameras: where they stand, and the lens that the key points tell.

Places are numbers that VideoPose3D publishes for S1, S2 and S3 (camera-to-world quaternions and
positions), so that poses in camera axes are the same here and there. It needs no lens and gives
none, but the archives do: every true key point is a joint seen by a camera whose place is
known, and

.. math:: u = f\,D(x/z;\ k_1, k_2, p_1, p_2) + c

has eight unknowns for thousands of them. `fitted` finds them by least squares; the distance that
is left, in pixels, says whether places, poses and key points belong together.
Sources: Sigal et al. 2010, doi:10.1007/s11263-009-0273-6; Pavllo et al. 2019, arXiv:1811.11742;
the lens is Brown's (`lenses`, 'opencv').
"""

from dataclasses import dataclass, replace

import numpy
import torch

from posebook.cameras import Camera
from posebook.geometry import quaternion_to_matrix

NAMES = ("C1", "C2", "C3")
SIZE_PX = (640, 480)
#: For each subject and camera: the camera-to-world quaternion w x y z, then the position x y z
#: in the world in mm (z up).
PLACES = {
    "S1": (
      (0.424207, -0.4983646, -0.5802981, 0.4847012, 4062.227, 663.2477, 1528.397),
      (0.6503354, -0.7481602, -0.0919284, 0.0941766, 844.8131, -3805.2092, 1504.9929),
      (0.0664734, -0.0690535, 0.7416416, -0.6639132, -797.67377, 3916.3174, 1433.6602),
    ),
    "S2": (
      (0.4214752, -0.4961493, -0.5838273, 0.4851187, 4112.9121, 626.4929, 1545.2988),
      (0.6501393, -0.7476588, -0.0954617, 0.0959808, 923.574, -3877.9243, 1504.5518),
      (0.0699353, -0.0712403, 0.7421637, -0.662742, -781.4915, 3838.8853, 1444.9929),
    ),
}  # fmt: skip
PLACES["S3"] = PLACES["S1"]
#: Key points further than this from where the fitted lens has them, on average (median): the lens
#: is not known then.
MOST_PX = 5.0
_MOST_POINTS, _FEWEST_POINTS = 20_000, 60
#: How large the lens terms k1, k2, p1, p2 may well be: what few key points leave open stays small.
_LIKELY = (0.5, 0.5, 0.01, 0.01)


@dataclass(frozen=True)
class Lens:
    """What a camera is but for its place. median_px: how far the key points are from it."""

    focal_px: numpy.ndarray
    centre_px: numpy.ndarray
    terms: numpy.ndarray
    median_px: float


def placed(subject: str) -> tuple[Camera, ...]:
    """The three cameras where they stood for S1, S2 or S3, behind a lens that is only a guess."""
    cameras = []
    for name, place in zip(NAMES, torch.tensor(PLACES[subject], dtype=torch.float64), strict=True):
        rotation = quaternion_to_matrix(place[:4]).T
        guess = Camera.guess(SIZE_PX, name)
        cameras.append(replace(guess, rotation=rotation, position_mm=place[4:]))
    return tuple(cameras)


def with_lens(camera: Camera, lens: Lens) -> Camera:
    """The camera behind a fitted lens."""
    k1, k2, p1, p2 = torch.from_numpy(lens.terms)
    return replace(
        camera,
        focal_px=torch.from_numpy(lens.focal_px),
        centre_px=torch.from_numpy(lens.centre_px),
        radial=torch.stack([k1, k2, torch.zeros_like(k1)]),
        tangential=torch.stack([p1, p2]),
    )


def fitted(rays: numpy.ndarray, seen_px: numpy.ndarray) -> Lens | None:
    """The lens that has these rays at these places in the picture.

    rays      (points, 2)  directions x/z, y/z in camera axes
    seen_px   (points, 2)  px
    returns   None where fewer than 60 points are known, or no lens brings half of them within
              MOST_PX
    Least squares in which points far off count less, in proportion to how far (Huber's loss).
    """
    from scipy.optimize import least_squares  # slow to import, and only needed here

    known = numpy.isfinite(rays).all(-1) & numpy.isfinite(seen_px).all(-1)
    rays, seen_px = rays[known], seen_px[known]
    if len(rays) < _FEWEST_POINTS:
        return None
    step = -(-len(rays) // _MOST_POINTS)
    rays, seen_px = rays[::step].astype(numpy.float64), seen_px[::step].astype(numpy.float64)

    def misses(first: numpy.ndarray) -> numpy.ndarray:
        values = numpy.append(first, numpy.zeros(8 - len(first)))
        # The lens terms have likely sizes, which pull on them as one key point each would.
        return numpy.append(_bent(rays, values) - seen_px, values[4:] / _LIKELY)

    values = numpy.array([1.2 * max(SIZE_PX)] * 2 + [side / 2 for side in SIZE_PX] + [0.0] * 4)
    try:
        with numpy.errstate(all="ignore"):
            for free in (4, 8):  # first without lens terms
                values[:free] = least_squares(misses, values[:free], loss="huber", x_scale="jac").x
    except (ValueError, numpy.linalg.LinAlgError):  # points that no number can hold
        return None
    median = float(numpy.median(numpy.linalg.norm(_bent(rays, values) - seen_px, axis=-1)))
    if not median <= MOST_PX or values[:2].min() <= 0:
        return None
    return Lens(values[:2], values[2:4], values[4:], median)


def _bent(rays: numpy.ndarray, values: numpy.ndarray) -> numpy.ndarray:
    """(points, 2) px of rays; values: two focal lengths, the centre, k1, k2, p1 and p2."""
    x, y = rays.T
    k1, k2, p1, p2 = values[4:]
    squared = x * x + y * y
    radial = 1 + k1 * squared + k2 * squared**2
    across = x * radial + 2 * p1 * x * y + p2 * (squared + 2 * x * x)
    down = y * radial + p1 * (squared + 2 * y * y) + 2 * p2 * x * y
    return values[:2] * numpy.stack([across, down], -1) + values[2:4]
