"""How long a file's unit is, and which of its axes points up, by the person in it.

Motion-capture files and bare arrays say neither. A person's legs say the first, and how they stand
says the second; whoever knows better says `unit=` and `up=`.
"""

import math

import torch
from torch import Tensor

from posebook.errors import InputError

UNITS_MM = {"mm": 1.0, "cm": 10.0, "inch": 25.4, "m": 1000.0, "cmu": 25.4 / 0.45}
#: The length of a leg, from hip joint to ankle, that speaks for each unit. People's are between
#: 0.40 and 1.15 m (an adult's about 0.85); the ranges are wider where no other unit is near. 'cmu'
#: is 1/0.45 inch, the unit of CMU's files.
_LEG_IN_UNIT = (
    ("m", 0.3, 2.0), ("cmu", 6.5, 19.0), ("inch", 19.0, 45.0), ("cm", 45.0, 150.0),
    ("mm", 350.0, 1500.0),
)  # fmt: skip
#: Rows take the file's axes to ours (x right, y away, z up) without mirroring.
TO_Z_UP = {
    "y": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "z": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "x": [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
    "-y": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "-z": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
    "-x": [[0, -1, 0], [0, 0, 1], [-1, 0, 0]],
}


def millimetres(
    leg: float, path: str, unit: str | float | int | None, declared_mm: float | None = None
) -> tuple[float, str]:
    """(millimetres per unit of the file, what to say about it).

    leg          length from hip joint to ankle, in the file's unit
    unit         what the user says: mm, cm, inch, m, cmu or millimetres per unit
    declared_mm  what the file says; believed where it makes the legs human
    """
    if unit is not None:
        to_mm = given_unit(unit)
        return to_mm, f"unit as given: {to_mm:g} mm; the legs are then {leg * to_mm:.0f} mm long"
    if declared_mm is not None and 300 <= leg * declared_mm < 1500:
        return declared_mm, f"unit as the file says: {declared_mm:.4g} mm"
    for name, shortest, longest in _LEG_IN_UNIT:
        if shortest <= leg < longest:
            to_mm = UNITS_MM[name]
            return to_mm, f"unit taken to be {name}: the legs are then {leg * to_mm:.0f} mm long"
    raise InputError(
        f"{path}: the legs are {leg:.4g} units long, which fits no unit; say --unit ("
        f"{', '.join(UNITS_MM)} or millimetres per unit)"
    )


def given_unit(unit: str | float | int) -> float:
    """Millimetres per unit, from the unit's name or from the number itself."""
    if isinstance(unit, str) and unit.lower() in UNITS_MM:
        return UNITS_MM[unit.lower()]
    try:
        to_mm = float(unit)
    except (TypeError, ValueError):
        to_mm = math.nan
    if not (math.isfinite(to_mm) and to_mm > 0):
        raise InputError(
            f"unit is '{unit}'; expected {', '.join(UNITS_MM)} or millimetres per unit"
        )
    return to_mm


def given_up(up: str) -> str:
    """The name of an axis that the user gave, checked."""
    if str(up).lower() not in TO_Z_UP:
        raise InputError(f"up is '{up}'; expected {', '.join(TO_Z_UP)}")
    return str(up).lower()


def leg_length(where: dict[str, Tensor]) -> float:
    """Median over frames of hip to knee to ankle, left and right, in the file's unit."""
    lengths = [
        torch.linalg.vector_norm(where[f"{side}_{a}"] - where[f"{side}_{b}"], dim=-1)
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "foot"))
    ]
    return float(torch.stack(lengths).sum(0).nanmedian() / 2)


def stature(where: dict[str, Tensor]) -> Tensor:
    """From between the ankles to between the shoulders, (..., 3)."""
    return (
        where["left_shoulder"] + where["right_shoulder"] - where["left_foot"] - where["right_foot"]
    ) / 2


def along(vector: Tensor) -> tuple[str, bool]:
    """('y', '-z', ...: the axis that a vector mostly points along; whether it clearly does)."""
    index = int(vector.abs().argmax())
    clear = bool(vector[index].abs() > 0.8 * vector.norm())
    return ("-" if vector[index] < 0 else "") + "xyz"[index], clear


def to_z_up(points: Tensor, axis: str) -> Tensor:
    """Points (..., 3) of a file whose `axis` points up, in our world axes."""
    return points @ torch.tensor(TO_Z_UP[axis], dtype=points.dtype).T
