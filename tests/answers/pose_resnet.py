"""Answers to chapter 9's exercises."""

import torch
from exercise_stubs import stub


def back(x_of, exchange=True):
    def turned_back(places_px, width_px, mirror):
        x, y = (places_px[:, mirror] if exchange else places_px).unbind(-1)
        return torch.stack([x_of(x, width_px), y], -1)

    return dict(turned_back=turned_back)


WEIGHTS = 16 * 256 * (2048 + 256 + 256)


def bright(*pixels):
    """Logits that are high at these (row, column) alone."""
    maps = torch.full((24, 24), -20.0)
    for pixel in pixels:
        maps[pixel] = 0.0
    return maps


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
    ("9.3", stub("09", "turned_back"), "not attempted"),
    ("9.3", back(lambda x, width: x, exchange=False), "not the places"),
    ("9.3", back(lambda x, width: width - x), "right"),
    ("9.3", back(lambda x, width: width - x, exchange=False), "not exchanged"),
    ("9.3", back(lambda x, width: x), "from the other edge"),
    ("9.3", back(lambda x, width: width - 1 - x), "1 px off"),
    ("9.3", back(lambda x, width: x - width), "not the places"),
    ("9.4", dict(body_map=None, heat_map=None), "not attempted"),
    ("9.4", dict(body_map=(9, 12), heat_map=(72, 96)), "right"),
    ("9.4", dict(body_map=(12, 9), heat_map=(96, 72)), "`body_map` is wider than high"),
    ("9.4", dict(body_map=(9, 12), heat_map=(9, 12)), "would stand for 32 x 32"),
    ("9.4", dict(body_map=(18, 24), heat_map=(72, 96)), "would stand for 16 x 16"),
    ("9.4", dict(body_map=(9, 12), heat_map=None), "still empty"),
    ("9.5", dict(two_faced=None), "not attempted"),
    ("9.5", dict(two_faced=bright((15, 2), (15, 14))), "right"),
    ("9.5", dict(two_faced=bright((10, 3), (20, 13))), "right"),
    ("9.5", dict(two_faced=bright((15, 8))), "of its probability lies within"),
    ("9.5", dict(two_faced=bright((2, 15), (14, 15))), "Its mean place is (15.5, 8.5)"),
    ("9.5", dict(two_faced=torch.zeros(24, 24)), "Its mean place is (12.0, 12.0)"),
    ("9.5", dict(two_faced=torch.zeros(17, 2)), "a tensor of shape (24, 24)"),
]
