"""A pose from a detector that gives depth: no lifter is asked.

Such a network (chapter 10) answers as if the camera were far away: places in the picture and depths
under one scale, px. One number makes millimetres of them, and a picture does not tell it.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.geometry import bone_lengths, root_relative
from posebook.lifting.house_clip import MISSING, HouseClip
from posebook.lifting.lifter import Lifted, Lifter
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
        text = "the detector's own, as if the camera were far away."
        return Answer(pose_mm.float(), notes=(Note("depth", text), AVERAGE_SIZE))

    def lift(self, clip: Clip, camera: Camera | None = None, **options: Any) -> Lifted:
        """As `Lifter.lift`. Joints that count as not seen stand where the detector put them."""
        lifted = super().lift(clip, camera, **options)
        missing = (lifted.clip.origin[0] == MISSING).tolist()
        names = [joint for joint, gone in zip(HOUSE.joints, missing, strict=True) if gone]
        text = f"{', '.join(names).replace('_', ' ')}. They stand where the detector put them."
        notes = (Note("missing", text) if n.kind == "missing" else n for n in lifted.notes)
        return replace(lifted, notes=tuple(notes))
