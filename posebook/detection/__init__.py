"""Pictures in, people with key points out: `detector` is the one interface, `detector_files` its
files. Chapter 10's network is a detector that also gives depth."""

from posebook.detection.detector import Detector, Found, keypoints_of
from posebook.detection.shipped import SHIPPED, load

__all__ = ["SHIPPED", "Detector", "Found", "keypoints_of", "load"]
