"""OpenPose with weights of the user's: `prototxt` and `caffemodel` read Caffe's two files, which
`network` runs in torch; `fields` finds people in its maps, `detector` does all of it.

Source: Cao et al. 2017, arXiv:1611.08050, and 2019, arXiv:1812.08008.
"""

from posebook.detection.openpose.detector import OpenPose, is_one, load

__all__ = ["OpenPose", "is_one", "load"]
