"""A pose from a detector that gives depth: no lifter is asked.

Such a network (chapter 10) answers as if the camera were far away: places in the picture and depths
under one scale, px. One number makes millimetres of them, and a picture does not tell it.
"""

import torch
from torch import Tensor, nn

from posebook.geometry import bone_lengths, root_relative
from posebook.lifting.house_clip import HouseClip
from posebook.lifting.lifter import Lifter
from posebook.lifting.notes import Note
from posebook.lifting.person_view import AVERAGE_SIZE, BONES_MM, Answer
from posebook.skeletons import HOUSE, conversion


class FromDepth(Lifter):
    """The pose that a detector gave for one picture, in place of a lifter's.

    name     the detector's
    pose_px  (1, joints, 3)  in the detector's joint set: x right, y down, depth away from the
             camera, all in px of the picture, about any point
    """

    def __init__(self, name: str, pose_px: Tensor):
        super().__init__(dict(name=name), nn.Identity(), dict(pose_px=pose_px))

    def answer(self, clip: HouseClip) -> Answer:
        """The pose scaled until its bones add up to an average adult's."""
        house_px, _ = conversion(clip.input_skeleton, HOUSE)(self.tensors["pose_px"].double())
        lengths = bone_lengths(house_px, HOUSE).sum(-1)
        scale = BONES_MM / lengths.clamp_min(torch.finfo(lengths.dtype).tiny)
        pose_mm = root_relative(house_px, HOUSE) * scale[:, None, None]
        text = (
            "the detector's own, as if the camera were far away. Joints that count as not seen "
            "stand where it put them all the same."
        )
        return Answer(pose_mm.float(), notes=(Note("depth", text), AVERAGE_SIZE))
