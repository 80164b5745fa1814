"""BlazePose, Google's detector of whole bodies: `people` finds everybody, `landmarks` reads one
person, `detector` does both. The weights are fetched, not shipped: see `detection/weights.py`.

Source: Bazarevsky et al. 2020, arXiv:2006.10204, and the settings of MediaPipe 0.10.
"""

from posebook.detection.blazepose.detector import BlazePose, of_files

__all__ = ["BlazePose", "of_files"]
