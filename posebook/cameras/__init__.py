"""Cameras: one with its lens, many as tensors.

`camera` has the pinhole camera, `many` random ones, `lenses` what glass adds, `human36m` the
calibration of Human3.6M's rigs, `turned` a person as a camera turned towards them sees them.
"""

from posebook.cameras.camera import Camera, denormalise_screen, human36m_rig, normalise_screen
from posebook.cameras.many import Cameras, bounding_ball, random_cameras, random_rig

__all__ = [
    "Camera", "Cameras", "bounding_ball", "denormalise_screen", "human36m_rig", "normalise_screen",
    "random_cameras", "random_rig",
]  # fmt: skip
