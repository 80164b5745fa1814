"""People in pictures: rendered here, or marked by hand in photographs.

`load` gives a set of pictures by its name. `people.PicturePeople` is the one form in memory,
`crops` cuts people out of pictures, `augmentation` varies the crops for training.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from posebook.datasets.pictures.loading import load  # imports torch and every reader

    return load
