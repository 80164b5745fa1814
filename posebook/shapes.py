"""Shapes as types: checked in the tests, free of charge in a student's session."""

from jaxtyping import Bool, Float
from torch import Tensor

Scalar = Float[Tensor, ""]
Matrix3 = Float[Tensor, "3 3"]
Rotation = Float[Tensor, "*#batch 3 3"]
Points2D = Float[Tensor, "*points 2"]
Points3D = Float[Tensor, "*points 3"]
Pose2D = Float[Tensor, "*batch joints 2"]
Pose3D = Float[Tensor, "*batch joints 3"]
Confidence = Float[Tensor, "*batch joints"]
Seen = Bool[Tensor, "*batch joints"]
