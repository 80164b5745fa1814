"""Pictures in, people with key points out: `found` is the one interface, `detector` the networks of
this book and `detector_files` their files; `blazepose` and `movenet` are others', whose `weights`
are fetched. Chapter 10's network is a detector that also gives depth."""

from posebook.detection.detector import Detector, keypoints_of
from posebook.detection.found import AnyDetector, Found
from posebook.detection.shipped import SHIPPED, load

__all__ = ["SHIPPED", "AnyDetector", "Detector", "Found", "keypoints_of", "load"]
