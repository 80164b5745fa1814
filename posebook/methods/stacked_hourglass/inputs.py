"""From the bytes of a picture to what a network takes: order of the colours, scale, mean, spread.

Each published network has its own way, and gives nonsense under another's. Taught in
08_stacked_hourglass.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class PictureInput:
    """(byte / divisor - mean) / spread, channel by channel.

    blue_first   the network takes blue, green, red, as OpenCV reads files
    divisor      of the bytes 0 to 255
    mean, spread of the three channels in the network's order
    """

    blue_first: bool = False
    divisor: float = 255.0
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    spread: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __call__(
        self, pictures: UInt8[Tensor, "batch height width 3"]
    ) -> Float[Tensor, "batch 3 height width"]:
        """Pictures of bytes, red, green, blue, as a batch of float32."""
        if self.blue_first:
            pictures = pictures.flip(-1)
        spread = torch.tensor(self.spread, device=pictures.device)
        offset = torch.tensor(self.mean, device=pictures.device) / spread
        # The channels stay last in memory, as the networks want them.
        return (pictures / (self.divisor * spread) - offset).permute(0, 3, 1, 2)


#: What our own training uses; the published ways by name.
OURS = PictureInput()
ZHOU = PictureInput(True, 256.0, (0.0, 0.0, 0.0))
#: Zhou's later code puts ImageNet's mean and spread, of red first, to channels of blue first.
ZHOU_LATER = PictureInput(True, 256.0, *_IMAGENET)
IMAGENET = PictureInput(False, 255.0, *_IMAGENET)
BZHAO96 = PictureInput(
    False, 255.0, (0.44488, 0.27744, 0.26169), (0.25467, 0.26579, 0.24355)
)  # of every 100th frame of Human3.6M
