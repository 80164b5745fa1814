"""Whether people keep their numbers: rendered films of several people, a detector with faults.

    python benchmarks/tracking.py [--seeds 3] [--frames 40] [--size 96]

Films with known truth (`rendered_films`): two who cross, six people, one who leaves and returns.
The true key points are made worse as a detector does: noise, misses, people found twice, legs taken
for a neighbour's, in any order. IDF1 and MOTA of following by motion, by appearance, and by both.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
import torch

from posebook.datasets.pictures.rendered_films import KINDS, RenderedFilm, found_in, rendered_film
from posebook.detection import appearance, tracking
from posebook.detection.likeness import extents, likeness
from posebook.metrics.identities import Identities, identities
from posebook.skeletons import HOUSE
from posebook.tables import Table

WAYS = {"motion": dict(looks=False), "appearance": dict(motion=False), "both": {}}
#: Faults of the detector: none but noise, as `found_in` has them, and many.
FAULTS = {
    "few": dict(misses=0.0, repeats=0.0, mixed=0.0),
    "usual": {},
    "many": dict(noise=0.04, misses=0.2, repeats=0.5, mixed=0.4),
}
#: A person counts as there while so much of them is visible, and as found within this likeness.
SEEN, ALIKE = 0.3, 0.5


def seen_in(film: RenderedFilm, random: numpy.random.Generator, **faults: float) -> list:
    """What `tracking.follow` takes."""
    return [
        tracking.Seen(
            found.keypoints_px,
            found.scores,
            appearance.looks(picture, found.keypoints_px, found.scores, HOUSE),
        )
        for picture, found in zip(film.pictures, found_in(film, random, **faults), strict=True)
    ]


def compared(film: RenderedFilm, frames: list, numbers: list) -> Identities:
    """The numbers given, against who was there."""
    truth, alike = [], []
    for t, seen in enumerate(frames):
        there = numpy.flatnonzero(film.visible[t, :, : len(HOUSE)].mean(1) >= SEEN)
        points = film.keypoints_px[t, there, : len(HOUSE)].astype(float)
        size = extents(points)
        truth.append(there)
        alike.append(
            numpy.array(
                [likeness(p, s, seen.points_px) for p, s in zip(points, size, strict=True)]
            ).reshape(len(there), len(seen.points_px))
        )
    return identities(truth, numbers, alike, ALIKE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--size", type=int, default=96)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for kind in KINDS:
        films = [rendered_film(kind, given.frames, given.size, k) for k in range(given.seeds)]
        for name, faults in FAULTS.items():
            row = [kind, name]
            for how in WAYS.values():
                found = []
                for seed, film in enumerate(films):
                    frames = seen_in(film, numpy.random.default_rng(seed), **faults)
                    numbers = tracking.follow(frames, film.frames_per_second, **how)
                    found.append(compared(film, frames, numbers))
                idf1, mota = (numpy.mean([getattr(f, n) for f in found]) for n in ("idf1", "mota"))
                row.append(f"{idf1:.3f} / {mota:.2f} / {sum(f.switches for f in found)}")
            rows.append(row)
    heads = ["film", "faults", *(f"{way}: IDF1 / MOTA / switches" for way in WAYS)]
    print(f"{given.seeds} films of each kind, {given.frames} frames of {given.size} px")
    print(Table(heads, rows))


if __name__ == "__main__":
    main()
