"""Key points that say little are lifted with a note."""

import pytest
import torch

from posebook.datasets.clips import Clip
from posebook.lifting.house_clip import house_clip
from posebook.lifting.lifter import _somebody
from posebook.skeletons import HOUSE


def notes_of(points: torch.Tensor) -> list[str]:
    seen = torch.isfinite(points).all(-1).float()
    _, notes = house_clip(Clip("", HOUSE, 25.0, points, seen, size_px=(1000, 1000)))
    return [str(note) for note in notes if note.kind == "evidence"]


@pytest.mark.parametrize("turn", [0.0, 0.7, 1.5708])
def test_joints_on_a_line_and_people_of_a_few_pixels_are_said(turn):
    person = _somebody().keypoints_px[:1].repeat(4, 1, 1)
    assert notes_of(person) == []
    assert notes_of(person / 40 + 500) == [
        "Evidence: in 4 of 4 frames people are under 24 px tall, where a joint one pixel off turns "
        "a bone: these poses are a guess."
    ]
    line = torch.tensor([[turn]]).cos(), torch.tensor([[turn]]).sin()
    person[1:3] = 300 + 20 * torch.arange(17.0)[:, None] * torch.cat(line, -1)
    (note,) = notes_of(person)
    assert note.startswith("Evidence: in 2 of 4 frames all joints lie on one line")
    person[0, 1:] = torch.nan  # one joint alone is no line
    assert notes_of(person)[0].startswith("Evidence: in 2 of 4 frames")
