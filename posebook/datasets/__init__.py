"""Data sets and files of people in motion, all as the same two things: `Clip` and `Motion`.

`load` gives a data set by name; `read_keypoints`, `read_motion` and `read_any` read single files.
They are in `loading`, the two things and `PoseDataset` in `clips`. Each is imported when it is
first asked for: these modules import torch, which takes seconds, and the list of data sets
(`cards`) needs none of it. Taught in 04_datasets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # so that an editor finds them
    from posebook.datasets.clips import Clip, Motion, PoseDataset
    from posebook.datasets.loading import (
        load,
        read_any,
        read_keypoints,
        read_motion,
        train_and_test,
    )

__all__ = [
    "Clip",
    "Motion",
    "PoseDataset",
    "load",
    "read_any",
    "read_keypoints",
    "read_motion",
    "train_and_test",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "clips" if name[0].isupper() else "loading"
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
