r"""Lens distortion in the three conventions that published code uses, and its inverse.

A ray is a direction in camera axes as the pair (x/z, y/z); a lens moves it to where the picture
has it. All three conventions are one formula,

.. math:: v \mapsto v\,(1 + k_1 r^2 + k_2 r^4 + k_3 r^6 + w\,q\cdot v) + q\,r^2, \quad r = |v|,

and differ only in the weight w and in how q is made of the tangential terms (p1, p2):

============  ===========  ===  ==================================================================
convention    q            w    used by
============  ===========  ===  ==================================================================
opencv        (p2, p1)     2    OpenCV, Brown 1966: the model the numbers are calibrated for
human36m      (p2, p1)     1    Human3.6M's own tools, Martinez 2017, 3dpose_gan (Kudo 2018)
videopose3d   (p1, p2)     1    VideoPose3D (Pavllo 2019): the two terms change places
============  ===========  ===  ==================================================================

On Human3.6M's cameras they differ by a fraction of a pixel. Taught in 03_cameras_and_depth.
"""

import torch
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Points2D

#: convention: (weight w, whether q is (p2, p1) and not (p1, p2))
CONVENTIONS = {"opencv": (2.0, True), "human36m": (1.0, True), "videopose3d": (1.0, False)}


def check_convention(name: str) -> None:
    if not isinstance(name, str) or name not in CONVENTIONS:
        raise InputError(f"distortion '{name}': expected one of {', '.join(CONVENTIONS)}")


def distort(rays: Points2D, radial: Tensor, tangential: Tensor, convention: str) -> Points2D:
    """Where the lens moves rays (..., 2).

    radial (..., 3) k1, k2, k3 and tangential (..., 2) p1, p2, unitless, broadcast against `rays`
    """
    w, q = _convention(tangential, convention)
    squared = (rays * rays).sum(-1, keepdim=True)
    growth = _radial_growth(squared, radial) + w * (q * rays).sum(-1, keepdim=True)
    return rays * growth + q * squared


def undistort(seen: Points2D, radial: Tensor, tangential: Tensor, convention: str) -> Points2D:
    """The rays (..., 2) that the lens moves to `seen`; NaN where there are none.

    Newton's method from `seen` itself. A lens with barrel distortion folds the picture back at
    some radius, so that no ray reaches the places beyond; a solution on the far side of the fold
    is not one that a camera sees, so it counts as none.
    """
    w, q = _convention(tangential, convention)
    k = radial.unbind(-1)
    fold = fold_radius(radial).unsqueeze(-1)
    tolerance = 64 * torch.finfo(seen.dtype).eps * (1 + seen.abs().amax(-1))
    rays, done = seen, torch.zeros_like(seen[..., 0], dtype=torch.bool)
    for _ in range(50):
        size = torch.linalg.vector_norm(rays, dim=-1, keepdim=True)
        rays = torch.where(size > fold, rays * (fold / size), rays)  # never step over the fold
        squared = (rays * rays).sum(-1)
        growth = _radial_growth(squared.unsqueeze(-1), radial).squeeze(-1) + w * (q * rays).sum(-1)
        miss = rays * growth.unsqueeze(-1) + q * squared.unsqueeze(-1) - seen
        # The Jacobian is growth * I + v a^T + q b^T, with the gradients a of growth and b of r^2.
        steeper = 2 * (k[0] + squared * (2 * k[1] + 3 * squared * k[2])).unsqueeze(-1)
        a, b = rays * steeper + w * q, 2 * rays
        xx = growth + rays[..., 0] * a[..., 0] + q[..., 0] * b[..., 0]
        xy = rays[..., 0] * a[..., 1] + q[..., 0] * b[..., 1]
        yx = rays[..., 1] * a[..., 0] + q[..., 1] * b[..., 0]
        yy = growth + rays[..., 1] * a[..., 1] + q[..., 1] * b[..., 1]
        det = xx * yy - xy * yx
        done = (miss.abs().amax(-1) <= tolerance) & (det > 0) & (growth > 0)
        step = torch.stack(
            [yy * miss[..., 0] - xy * miss[..., 1], xx * miss[..., 1] - yx * miss[..., 0]], -1
        )
        rays = rays - step / det.unsqueeze(-1)
        if (done | ~torch.isfinite(rays).all(-1)).all():
            break  # after the step: it makes what was near enough exact
    return torch.where(done.unsqueeze(-1), rays, torch.nan)


def fold_radius(radial: Tensor) -> Tensor:
    """The ray length (...,) at which the radial terms (..., 3) fold the picture; inf for none.

    It is where d/dr (r + k1 r^3 + k2 r^5 + k3 r^7) first becomes 0.
    """
    steps = torch.tensor([3.0, 5.0, 7.0]).to(radial) * radial
    # With u = 1/r^2 the condition reads u^3 + 3 k1 u^2 + 5 k2 u + 7 k3 = 0: the largest positive
    # u is the smallest radius, and the roots are the eigenvalues of the companion matrix.
    companion = torch.zeros(*radial.shape[:-1], 3, 3, dtype=torch.float64, device=radial.device)
    companion[..., 0, :] = -steps.double()
    companion[..., 1, 0] = companion[..., 2, 1] = 1
    roots = torch.linalg.eigvals(companion)
    real = (roots.imag.abs() < 1e-9) & (roots.real > 1e-9)
    largest = torch.where(real, roots.real, 0.0).amax(-1)
    return torch.where(largest > 0, largest.rsqrt(), torch.inf).to(radial)


def _convention(tangential: Tensor, convention: str) -> tuple[float, Tensor]:
    weight, swapped = CONVENTIONS[convention]
    return weight, tangential.flip(-1) if swapped else tangential


def _radial_growth(squared: Tensor, radial: Tensor) -> Tensor:
    k1, k2, k3 = radial.split(1, dim=-1)
    return 1 + squared * (k1 + squared * (k2 + squared * k3))
