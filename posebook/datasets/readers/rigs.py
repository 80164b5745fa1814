"""A motion-capture skeleton in motion: joints that turn, and where that puts them.

What a BVH or an ASF/AMC file says is one thing: a tree of named joints, each with an offset from
its parent and, per frame, a rotation. `Rig` is that thing, and `positions` moves it. How its
joints become house joints is `rig_to_house`.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Rig:
    """Joints, parents before children, in the file's own unit and axes; float64.

    names     as in the file; an end without a joint of its own (BVH's End Site) is called after
              its parent, with `.end` appended
    parents   index of each joint's parent, -1 for a root
    offsets   (joints, 3)             from the parent, in the rest pose, where no joint turns
    places    (frames, joints, 3)     the same per frame, where the file moves joints; it has the
                                      root's path
    turns     (frames, joints, 3, 3)  each joint's rotation relative to its parent's
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Float[Tensor, "joints 3"]
    places: Float[Tensor, "#frames joints 3"]
    turns: Float[Tensor, "frames joints 3 3"]

    def __len__(self) -> int:
        return len(self.turns)

    def rest(self) -> Float[Tensor, "joints 3"]:
        """Where the joints are when none of them turns and the root is at its offset."""
        where: list[Tensor] = []
        for joint, parent in enumerate(self.parents):
            above = where[parent] if parent >= 0 else torch.zeros(3, dtype=self.offsets.dtype)
            where.append(above + self.offsets[joint])
        return torch.stack(where)

    def positions(self) -> tuple[Float[Tensor, "frames joints 3"], list[Tensor]]:
        """Forward kinematics over all frames at once: positions, and each joint's own axes.

        position = parent's position + parent's axes @ place;  axes = parent's axes @ turn
        """
        frames = len(self)
        where: list[Tensor] = []
        axes: list[Tensor] = []
        for joint, parent in enumerate(self.parents):
            place = self.places[:, joint].expand(frames, 3)
            if parent < 0:
                where.append(place)
                axes.append(self.turns[:, joint])
                continue
            turned = (axes[parent] @ place.unsqueeze(-1)).squeeze(-1)
            where.append(where[parent] + turned)
            axes.append(axes[parent] @ self.turns[:, joint])
        return torch.stack(where, dim=1), axes

    def chain(self, joint: int) -> list[int]:
        """From a joint up to its root, itself first."""
        up = [joint]
        while self.parents[up[-1]] >= 0:
            up.append(self.parents[up[-1]])
        return up

    def children(self, joint: int) -> list[int]:
        return [child for child, parent in enumerate(self.parents) if parent == joint]
