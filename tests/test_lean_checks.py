"""The tests check types of every function of posebook, and sizes of arrays where it names them."""

from collections.abc import Callable, Iterator

import lean_checks
import pytest
import torch
from jaxtyping import Float, TypeCheckError
from torch import Tensor

from posebook import metrics, paths
from posebook.datasets.clips import Clip
from posebook.datasets.readers import files
from posebook.shapes import Points3D, Pose3D
from posebook.skeletons import HOUSE


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        (Pose3D, True),
        (Pose3D | None, True),
        (dict[str, tuple[int, Float[Tensor, "3"]]], True),
        (Callable[[Points3D], None], True),
        (Callable[[int], Iterator[Points3D]], True),
        ("Clip", True),
        (list["Clip"], True),
        (Tensor, False),
        (None, False),
        (dict[str, list[int]] | None, False),
        (Callable[..., int], False),
        (list[Clip], False),
    ],
)
def test_annotations_with_sizes_are_found(annotation, found):
    assert lean_checks.has_sizes(annotation) is found


def test_wrong_types_and_sizes_are_refused():
    pose_mm = torch.zeros(4, 17, 3)
    for wrong in (
        lambda: files.plain_digits(5),  # no array: beartype alone
        lambda: HOUSE.index(5),  # a method
        lambda: paths.shown(5),
        lambda: Clip(5, HOUSE, None, pose_mm[..., :2], torch.ones(4, 17)),  # a dataclass's own
        lambda: metrics.mpjpe(pose_mm[..., :2], pose_mm[..., :2]),
        lambda: metrics.mpjpe(pose_mm, pose_mm[:, :16]),  # each alone is a pose
    ):
        with pytest.raises(TypeCheckError):
            wrong()
