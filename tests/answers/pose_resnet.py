"""Answers to chapter 9's exercises."""

import torch


def back(x_of, exchange=True):
    def turned_back(places_px, width_px, mirror):
        x, y = (places_px[:, mirror] if exchange else places_px).unbind(-1)
        return torch.stack([x_of(x, width_px), y], -1)

    return dict(turned_back=turned_back)


WEIGHTS = 16 * 256 * (2048 + 256 + 256)
#: What the chapter itself gives to the checks.
GIVEN: dict = {}
ROWS = [
    ("9.1", dict(enlarging_weights=None), "not attempted"),
    ("9.1", dict(enlarging_weights=WEIGHTS + 3 * 512), "right"),
    ("9.1", dict(enlarging_weights=WEIGHTS), "batch norms are missing"),
    ("9.1", dict(enlarging_weights=WEIGHTS + 3 * 256), "two numbers for each channel"),
    ("9.1", dict(enlarging_weights=WEIGHTS + 3 * 768), "have no bias"),
    ("9.1", dict(enlarging_weights=52_991_825), "is not the number"),
    ("9.2", dict(lost_px=None), "not attempted"),
    ("9.2", dict(lost_px=1.53), "right"),
    ("9.2", dict(lost_px=0.3826), "px of the map"),
    ("9.2", dict(lost_px=1.0), "one coordinate"),
    ("9.2", dict(lost_px=1.633), "root of the mean square"),
    ("9.2", dict(lost_px=2.83), "is not the mean"),
    ("9.3", back(lambda x, width: x, exchange=False), "not attempted"),
    ("9.3", back(lambda x, width: width - x), "right"),
    ("9.3", back(lambda x, width: width - x, exchange=False), "not exchanged"),
    ("9.3", back(lambda x, width: x), "from the other edge"),
    ("9.3", back(lambda x, width: width - 1 - x), "1 px off"),
    ("9.3", back(lambda x, width: x - width), "not the places"),
]
