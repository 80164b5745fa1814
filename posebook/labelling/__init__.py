"""3D labels for pictures that have 2D labels alone: `posebook label`.

`people` gathers key points of any source, `making` labels some of them, `folder` does so piece by
piece into a folder and goes on where it was killed, `card` says what came of it.
Taught in 11_label_generator.
"""

from posebook.labelling.command import label

__all__ = ["label"]
