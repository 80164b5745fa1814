"""`poses.mp4` and `people.mp4`: picture or film with the key points, beside the people who turn.

One frame is held at a time, so an hour takes no more memory than a second of film.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from posebook import paths
from posebook.datasets.pictures import film_strips
from posebook.errors import InputError
from posebook.export.playing import Footage, chosen_span, names_of, playable
from posebook.figures.moving_bodies import Turning, on_picture
from posebook.figures.plane import extent, small_photograph
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE

#: A whole turn takes so long, s; a photograph's film is one turn, with so many frames a second.
_TURN_S, _STILL_RATE = 8.0, 25.0
#: It begins a little to the side, so that depth shows, rad.
_FIRST_YAW = -0.5
#: No side of the picture is longer, px; the scene beside it is as tall, and so wide at least.
_MOST_PX, _LEAST_PX = 640, 320


def write_mp4(
    path: Path,
    people: Sequence[Poses],
    world_mm: Tensor,
    footage: Footage,
    *,
    truth_mm: Tensor | None = None,
    image: Any = None,
    invented: Sequence[str] = (),
    follow: bool = False,
) -> Path:
    """H.264, yuv420p, no sound, at the motion's own rate; what `--excerpt` chose, or all of it.

    people, world_mm, truth_mm, image, invented, follow  as in `playing.player`
    """
    import imageio_ffmpeg

    first = people[0]
    points = torch.stack([one.input_px.to(world_mm) for one in people], 1).numpy()
    world = playable(world_mm, follow)
    truth = None if truth_mm is None else playable(truth_mm, follow)
    still, rate = len(points) == 1, first.rate
    begin, end = 0, len(points)
    if still:
        rate, end = _STILL_RATE, round(_STILL_RATE * _TURN_S)
    elif footage.chosen_s is not None:
        begin, end = chosen_span(footage.chosen_s, len(points), rate)
        end += 1
    picture = None if image is None else small_photograph(image)
    size, place = _view(points, picture.size_px if picture else first.camera.size_px)
    beside = (2 * max(_LEAST_PX // 2, min(size[1], _MOST_PX) // 2), size[1])
    step = max(1, len(world) // 400)
    scene = Turning(world[::step], HOUSE, beside)
    look = dict(names=names_of(people), invented=invented)
    own = dict(names=look["names"])
    if first.input_skeleton == HOUSE:
        own["invented"] = invented
    under = _pictures(footage, picture, begin, size)
    flat = None
    with paths.replacing(path) as part:
        writing = imageio_ffmpeg.write_frames(
            str(part), (size[0] + beside[0], size[1]), fps=rate, codec="libx264", quality=None,
            macro_block_size=2, pix_fmt_in="rgb24", pix_fmt_out="yuv420p", ffmpeg_log_level="error",
            output_params=["-preset", "veryfast", "-crf", "23", "-threads", "1", "-movflags",
                           "+faststart"],
        )  # fmt: skip
        try:
            with closing(writing), closing(under):
                writing.send(None)
                for number, behind in zip(range(begin, end), under, strict=False):
                    t = 0 if still else number
                    yaw = _FIRST_YAW + 2 * math.pi * (number - begin) / rate / _TURN_S
                    if flat is None or not still:
                        flat = on_picture(
                            behind, size, place(points[t]), first.input_skeleton, **own
                        )
                    seen = None if truth is None else truth[t]
                    turned = scene.draw(world[t], yaw, truth=seen, **look)
                    writing.send(numpy.ascontiguousarray(numpy.concatenate([flat, turned], 1)))
        except OSError as error:
            raise InputError(f"{path.name} cannot be written by ffmpeg: {error!s:.200}") from None
    return path


def _view(points: numpy.ndarray, size_px: tuple[int, int] | None) -> tuple[tuple[int, int], Any]:
    """The size of the picture in the film, and what brings key points onto it."""
    corner = numpy.zeros(2)
    if size_px is None:  # what holds all points
        low, high = extent(points)
        room = 0.08 * max(float((high - low).max()), 10.0)
        corner, whole = low - room, high - low + 2 * room
    else:
        whole = numpy.array(size_px, float)
    size = film_strips.small_size((float(whole[0]), float(whole[1])), _MOST_PX)
    if size_px is None or max(size) < _LEAST_PX:  # few px, or other units: made larger
        factor = _MOST_PX / float(whole.max())
        size = tuple(max(2, 2 * round(side * factor / 2)) for side in whole)
    return size, lambda seen: (seen - corner) * (numpy.array(size) / whole)


def _pictures(
    footage: Footage, picture: Any, begin: int, size: tuple[int, int]
) -> Iterator[numpy.ndarray | None]:
    """What lies under the key points, frame after frame, without end; None for nothing."""
    if picture is not None:
        from io import BytesIO

        from PIL import Image

        small = Image.open(BytesIO(picture.content)).convert("RGB").resize(size)
        yield from repeat(numpy.asarray(small))
    elif footage.film is not None:
        last = None
        with suppress(InputError, OSError):  # it was read before, and may be gone since
            for last in film_strips.small_pictures(footage.film, begin, size):
                yield last
        # A film may lack its last pictures: the one before stays.
        yield from repeat(last)
    else:
        yield from repeat(None)
