"""Rotations, similarity Procrustes, bones, kinematic chain space. Tensors in, tensors out."""

from posebook.geometry.bones import (
    bone_lengths,
    bone_vectors,
    facing_sine,
    kinematic_chain,
    root_relative,
)
from posebook.geometry.fast_procrustes import aligned_distances, aligned_under
from posebook.geometry.procrustes import Similarity, procrustes
from posebook.geometry.rotations import (
    axis_angle_to_matrix,
    euler_to_matrix,
    look_at,
    matrix_to_quaternion,
    quaternion_to_matrix,
)

__all__ = [
    "Similarity",
    "aligned_distances",
    "aligned_under",
    "axis_angle_to_matrix",
    "bone_lengths",
    "bone_vectors",
    "euler_to_matrix",
    "facing_sine",
    "kinematic_chain",
    "look_at",
    "matrix_to_quaternion",
    "procrustes",
    "quaternion_to_matrix",
    "root_relative",
]
