"""How a number was made: joints, root, alignment, scale, averaging, frames per second.

Two papers' "52 mm" may differ by a joint that is always right, by the scale that the truth lent, or
by how fifteen actions are averaged. A `Protocol` says all of that and is printed with each number.
Taught in 05_metrics_and_protocols.
"""

from dataclasses import dataclass

from posebook.errors import InputError
from posebook.skeletons import HOUSE, Skeleton

#: Sets of house joints that published numbers are averages over, by name.
JOINT_SETS: dict[str, tuple[str, ...]] = {
    "17": HOUSE.joints,  # the hip too, whose root-relative error is always 0
    "16": tuple(j for j in HOUSE.joints if j != "hip"),
    "14": tuple(j for j in HOUSE.joints if j not in ("hip", "spine", "neck_nose")),  # Martinez 2017
}

#: What is done to a prediction before it is compared, and how that is printed.
ALIGNMENTS: dict[str, str] = {
    "none": "not aligned",
    "root": "root-aligned",
    "procrustes": "Procrustes-aligned",
    "procrustes_reflected": "Procrustes-aligned, mirror images allowed",
}
#: The scale rules that `metrics` applies. Any other word says how the prediction got its scale.
APPLIED_SCALES: dict[str, str] = {
    "least_squares": "least-squares scale",
    "norm_ratio": "scale by the ratio of norms",
}
_STATED_SCALES = {"metric": "scale as predicted", "true": "true scale"}


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """All that a joint error depends on beside prediction and truth. There are no silent defaults.

    joints     names, or '17', '16' (no hip) or '14' (no hip, spine, neck_nose)
    root       the joint that alignment 'root' puts at the origin in both poses; or None
    alignment  'none', 'root', 'procrustes' (turn and shift; the scale too where `scale` is
               'least_squares') or 'procrustes_reflected' (which forgives mirror images)
    scale      'metric': the prediction's own millimetres. 'true': it was given the truth's scale
               beforehand. 'least_squares': the scale of each frame that fits the truth best, about
               the root or, with alignment 'none', about the camera. 'norm_ratio': of each frame,
               the ratio of the two poses' norms about the root. Anything else: a method's own rule,
               in its words
    average    'frame': every frame counts once. 'action': the mean of each action's mean, over the
               actions present
    skeleton   the joint set of the arrays
    frames_per_second   needed where a velocity in mm/s enters
    """

    joints: tuple[str, ...] | str
    root: str | None
    alignment: str
    scale: str
    average: str
    skeleton: Skeleton = HOUSE
    frames_per_second: float | int | None = None

    def __post_init__(self):
        if isinstance(self.joints, str):
            _one_of("joints", self.joints, JOINT_SETS)
            object.__setattr__(self, "joints", JOINT_SETS[self.joints])
        _one_of("alignment", self.alignment, ALIGNMENTS)
        _one_of("average", self.average, ("frame", "action"))
        self.skeleton.indices(*self.joints, *([] if self.root is None else [self.root]))
        if self.root is None and (self.alignment == "root" or self.scale == "norm_ratio"):
            raise InputError(f"protocol: alignment '{self.alignment}' needs a root joint")
        if self.scale == "norm_ratio" and self.alignment != "root":
            raise InputError("protocol: scale 'norm_ratio' goes with alignment 'root'")

    @property
    def indices(self) -> list[int]:
        """Places of the joints in the arrays."""
        return self.skeleton.indices(*self.joints)

    def __str__(self) -> str:
        """One line, as it stands behind each number: 'root-aligned, 17 joints, frame mean, ...'."""
        aligned = ALIGNMENTS[self.alignment]
        if self.alignment == "root" and self.root != "hip":
            aligned += f" at {self.root}"
        scale = APPLIED_SCALES.get(self.scale) or _STATED_SCALES.get(self.scale, self.scale)
        average = "frame mean" if self.average == "frame" else "mean of action means"
        parts = [aligned, self._joints(), average, scale]
        if self.skeleton != HOUSE:
            parts.append(f"joint set {self.skeleton.name}")
        if self.frames_per_second is not None:
            parts.append(f"{self.frames_per_second:g} frames/s")
        return ", ".join(parts)

    def _joints(self) -> str:
        left_out = [j for j in self.skeleton.joints if j not in self.joints]
        text = f"{len(self.joints)} joint{'s' if len(self.joints) != 1 else ''}"
        if not left_out:
            return text
        named = f"no {', '.join(left_out)}" if len(left_out) <= 4 else ", ".join(self.joints)
        return f"{text} ({named})"


def _one_of(field: str, value: str, known) -> None:
    if value not in known:
        raise InputError(f"protocol {field} '{value}': expected one of {', '.join(known)}")
