"""Heat maps: how a joint's place becomes a map, and how a map becomes a place again.

Source: A. Newell, K. Yang, J. Deng 2016, arXiv:1603.06937; X. Zhou et al. 2017, arXiv:1704.02447,
and its published code; refinement by a parabola: F. Zhang et al. 2020, arXiv:1910.06278. Taught in
08_stacked_hourglass.

Places are px of the map, x right, y down, (0, 0) in the top left corner: the pixel in row i and
column j has its middle at (j + 0.5, i + 0.5). A place in the picture, divided by the stride, is the
place in the map. Much published code puts the middle at (j, i) instead, which shifts a person by
half a pixel of the map (two pixels of a picture); `half_pixel=False` does as that code does.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Pose2D

HeatMaps = Float[Tensor, "*batch joints rows columns"]

#: Zhou's Gaussian, 7 x 7 with four digits, one quadrant of it: the peak is the last number.
_ZHOU = (
    (0.0529, 0.1197, 0.1954, 0.2301),
    (0.1197, 0.2709, 0.4421, 0.5205),
    (0.1954, 0.4421, 0.7214, 0.8494),
    (0.2301, 0.5205, 0.8494, 1.0000),
)
#: Its standard deviation in px of the map. The published option says 1.
ZHOU_SIGMA = 1.75

# ------------------------------------------------------------------------------------- to maps


def gaussian_maps(
    places: Pose2D, size: tuple[int, int], sigma: float | int = 1.75, *, half_pixel: bool = True
) -> HeatMaps:
    r"""One Gaussian a joint, its peak at the very place: (..., joints, rows, columns).

    places      (..., joints, 2)  px of the map; NaN: not labelled, the map is zero
    size        (rows, columns)
    sigma       standard deviation, px of the map
    half_pixel  False: the middle of a pixel is at whole numbers, as in bzhao96's pose_resnet
    Maths: :math:`\exp(-\lVert p-p_j\rVert^2/(2\sigma^2))`, nowhere cut off.
    """
    middle = 0.5 if half_pixel else 0.0
    along = []
    for axis, count in ((1, size[0]), (0, size[1])):
        pixels = torch.arange(count, dtype=places.dtype, device=places.device) + middle
        along.append(torch.exp(-(pixels - places[..., axis, None]).square() / (2 * sigma**2)))
    maps = along[0].unsqueeze(-1) * along[1].unsqueeze(-2)  # (..., rows, 1) x (..., 1, columns)
    return maps.nan_to_num(0.0)


def zhou_maps(places: Pose2D, size: tuple[int, int], *, released: bool = False) -> HeatMaps:
    """Zhou's target: a table of 7 x 7 numbers with its peak of 1 in the joint's pixel.

    places    (..., joints, 2)  px of the map; NaN: not labelled, the map is zero
    size      (rows, columns)
    released  as the published code draws it: the last row and column of the table are lost, and a
              joint that is 3 px or more beyond an edge leaves its map empty
    The table is a Gaussian of standard deviation 1.75 px, rounded to four digits.
    """
    quadrant = torch.tensor(_ZHOU, dtype=places.dtype, device=places.device)
    table = torch.cat([quadrant, quadrant[:, :-1].flip(1)], 1)
    table = torch.cat([table, table[:-1].flip(0)], 0)
    return _stamp(places.floor(), size, table, last=2 if released else 3)


def window_maps(places: Pose2D, size: tuple[int, int], sigma: int = 2) -> HeatMaps:
    """The target of Zhou's later code: a Gaussian that is cut off at three standard deviations.

    places  (..., joints, 2)  px of the map, rounded to the nearest pixel; NaN: the map is zero
    sigma   standard deviation, px of the map
    """
    reach = 3 * sigma
    along = torch.arange(-reach, reach + 1, dtype=places.dtype, device=places.device)
    one = torch.exp(-along.square() / (2 * sigma**2))
    return _stamp((places + 0.5).trunc(), size, one.unsqueeze(-1) * one, last=reach)


def _stamp(peaks: Pose2D, size: tuple[int, int], table: Tensor, last: int) -> HeatMaps:
    """The table with its middle at each peak; `last` is how far it is drawn right and down."""
    reach = len(table) // 2
    rows, columns = (torch.arange(count, device=peaks.device) for count in size)
    x, y = (peaks[..., axis].nan_to_num(-1e6).long()[..., None] for axis in (0, 1))
    row, column = rows - y + reach, columns - x + reach  # (..., rows), (..., columns)
    inside_row = (row >= 0) & (row <= reach + last)
    inside_column = (column >= 0) & (column <= reach + last)
    top = len(table) - 1
    drawn = table[row.clamp(0, top).unsqueeze(-1), column.clamp(0, top).unsqueeze(-2)]
    return drawn * (inside_row.unsqueeze(-1) & inside_column.unsqueeze(-2))


# ----------------------------------------------------------------------------------- from maps


def peaks(maps: HeatMaps) -> Int[Tensor, "*batch joints 2"]:
    """Column and row of each map's largest value, the first one if there are several."""
    best = maps.flatten(-2).argmax(-1)
    columns = maps.shape[-1]
    return torch.stack([best % columns, best // columns], -1)


def scores(maps: HeatMaps) -> Float[Tensor, "*batch joints"]:
    """Each map's largest value."""
    return maps.flatten(-2).amax(-1)


def fractional_peaks(maps: HeatMaps) -> Pose2D:
    """`peaks` as Zhou's later code has them: the row is not rounded down, and is up to 0.98 px too
    large. Its 2D answers and its accuracy use them."""
    best, columns = maps.flatten(-2).argmax(-1), maps.shape[-1]
    return torch.stack([(best % columns).double(), best.double() / columns], -1)


def _beside(maps: HeatMaps, at: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Values at the peak (..., 1), one before and one after it along x and y (..., 2 each), and
    whether the peak has neighbours on all sides (..., 1)."""
    rows, columns = maps.shape[-2:]
    x, y = at[..., 0], at[..., 1]
    inside = (x > 0) & (x < columns - 1) & (y > 0) & (y < rows - 1)
    flat, place = maps.flatten(-2), torch.where(inside, y * columns + x, 0)

    def value(shift: int) -> Tensor:
        index = (place + shift).clamp(0, rows * columns - 1)
        return flat.gather(-1, index.unsqueeze(-1))

    before = torch.cat([value(-1), value(-columns)], -1)
    after = torch.cat([value(1), value(columns)], -1)
    return value(0), before, after, inside.unsqueeze(-1)


def quarter_pixel(maps: HeatMaps, *, released: bool = False) -> Pose2D:
    """The peak, moved by 0.25 px towards its larger neighbours: (..., joints, 2), px of the map.

    released  as in the published code, which reads the map with rows and columns exchanged
    A peak at the edge of its map is not moved; of equal neighbours the right or lower one counts.
    """
    at = peaks(maps)
    if released:  # rows read as columns: only a map as high as it is wide can be read so
        if maps.shape[-1] != maps.shape[-2]:
            raise InputError("heat maps: read with rows and columns exchanged, so must be square")
        _, before, after, inside = _beside(maps.mT, at)
    else:
        _, before, after, inside = _beside(maps, at)
    moved = torch.where(after >= before, 0.25, -0.25) * inside
    return at + moved.to(maps.dtype) + 0.5


def parabola(maps: HeatMaps, *, logits: bool = False, half_pixel: bool = True) -> Pose2D:
    r"""The top of the parabola through the logarithms at the peak and beside it: (..., joints, 2).

    logits      the maps are logarithms already, as a network answers that was trained by
                `losses.cross_entropy`
    half_pixel  False: the middle of a pixel is at whole numbers, as in much published code
    The logarithm of a Gaussian is a parabola, so its place is found exactly, up to rounding. A peak
    at the edge of its map, or beside a value that is not positive, is not moved.
    Maths: :math:`\frac{\ell_+-\ell_-}{2(2\ell_0-\ell_+-\ell_-)}`.
    """
    at = peaks(maps)
    middle, before, after, inside = _beside(maps, at)
    if not logits:
        inside = inside & (before > 0) & (after > 0)
        middle, before, after = (v.clamp_min(1e-30).log() for v in (middle, before, after))
    bend = 2 * middle - before - after
    inside = inside & (bend > 0)
    moved = torch.where(inside, (after - before) / (2 * torch.where(inside, bend, 1.0)), 0.0)
    return at + moved + (0.5 if half_pixel else 0.0)


def flip_test(
    network: Callable[[Tensor], HeatMaps], pictures: Tensor, mirror: Sequence[int]
) -> HeatMaps:
    """The mean of a picture's maps and of its mirror image's, turned back and sides exchanged.

    network   (batch, 3, H, W) -> (batch, joints, rows, columns)
    mirror    `Skeleton.mirror`: for each joint the one on the other side
    Logarithms may be averaged as well as probabilities. Depth maps too: a mirror image changes
    no depth.
    """
    mirrored = network(pictures.flip(-1)).flip(-1)
    return (network(pictures) + mirrored[:, list(mirror)]) / 2
