"""Where the time of `posebook lift PICTURE` goes: CPU seconds of each stage, photographs and films.

    python benchmarks/pictures.py [--detector blazepose] [--frames 150] [--runs 3]

The photographs are scikit-image's, the films are rendered, of one person and of three, 720 px, 25
frames a second. CPU seconds are those of this process, on one thread, and of the ffmpeg that it
waits for; the median of several runs after one to warm up. What a process pays once, such as
importing torch and reading weights, is not in them. Beside the seconds stands each stage's share of
the whole. The exit status is 1 where one of `MOST` is missed: a photograph's files by the clock, on
a quiet machine, and a frame of a film of one person up to poses.npz in CPU seconds.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import imageio_ffmpeg
import numpy
import skimage.data
import torch
from PIL import Image

from posebook import detection, export
from posebook.datasets.pictures import film_files, picture_files, rendered_films
from posebook.detection import appearance, film_points, in_films
from posebook.export import command, films, photographs, writing
from posebook.lifting import Lifter

MOST = {"photograph": 1.5, "film": 0.12}
#: Stages: where the function stands that takes the time, and its name. What one takes inside
#: another counts for the inner one alone.
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "read the file": ((picture_files, "decoded"), (film_files, "read")),
    "small photograph": ((photographs, "_small"),),
    "find key points": ((in_films.InFilm, "detect"),),
    "clothes": ((appearance, "looks"),),
    "keep what is found": ((film_points, "find"),),
    "who is who": ((films, "_numbers"),),
    "network of the lifter": ((Lifter, "lift"),),
    "place, stand up": ((command, "lift_upright"), (photographs, "lift_upright")),
    "rigid body": ((writing, "rigid"),),
    "poses.bvh": ((writing, "write_bvh"), (writing, "read_bvh_back")),
    "poses.npz": ((writing, "write_npz"),),
    "poses.json": ((writing, "write_json"),),
    "poses.html": ((writing, "write_page"), (writing, "write_people_page")),
    "poses.mp4": ((writing, "write_mp4"),),
}
#: Stages that come after poses.npz: a page and a film have their own price.
APART = ("poses.html", "poses.mp4")
REST = "everything else"


class Clock:
    """CPU seconds by stage, of this process and of those that it has waited for."""

    def __init__(self):
        self.took: dict[str, float] = {}
        self._stack, self._last = [REST], self._now()

    def _now(self) -> float:
        now = os.times()
        return now.user + now.system + now.children_user + now.children_system

    def _turn(self) -> None:
        now = self._now()
        self.took[self._stack[-1]] = self.took.get(self._stack[-1], 0.0) + now - self._last
        self._last = now

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def wrapped(*arguments: Any, **options: Any) -> Any:
            self._turn()
            self._stack.append(stage)
            try:
                return work(*arguments, **options)
            finally:
                self._turn()
                self._stack.pop()

        return wrapped


def stages(
    source: Path, folder: Path, detector: Any, write: str | None
) -> tuple[dict[str, float], float]:
    """CPU seconds by stage of one lift, and its seconds by the clock."""
    places = [(stage, *place) for stage, own in STAGES.items() for place in own]
    places.append(("find key points", type(detector), "detect"))
    before = [(owner, name, getattr(owner, name)) for _, owner, name in places]
    clock = Clock()
    try:
        for stage, owner, name in places:
            setattr(owner, name, clock.timed(stage, getattr(owner, name)))
        start = time.perf_counter()
        export.lift_file(source, folder, detector=detector, write=write)
        clock._turn()
        return clock.took, time.perf_counter() - start
    finally:
        for owner, name, work in reversed(before):
            setattr(owner, name, work)


def write_film(path: Path, people: int, frames: int) -> Path:
    """So many people who walk, rendered for two seconds and played again and again."""
    rendered_films.KINDS["some"] = rendered_films.KINDS["six"][:people]
    film = rendered_films.rendered_film("some", 25, 240, 1)
    forth = [*film.pictures, *film.pictures[::-1]]
    writing = imageio_ffmpeg.write_frames(
        str(path), (240, 240), fps=25, macro_block_size=2,
        output_params=["-vf", "scale=720:720:flags=bicubic", "-crf", "20"],
    )  # fmt: skip
    writing.send(None)
    for number in range(frames):
        writing.send(numpy.ascontiguousarray(forth[number % len(forth)]))
    writing.close()
    return path


def report(name: str, runs: list[tuple[dict[str, float], float]], frames: int) -> float:
    """Print the stages; seconds by the clock of a photograph, CPU seconds a frame of a film."""
    took = {
        stage: statistics.median(run.get(stage, 0.0) for run, _ in runs)
        for stage in (*STAGES, REST)
    }
    apart = {stage: took.pop(stage) for stage in APART}
    whole, clock = sum(took.values()), statistics.median(seconds for _, seconds in runs)
    each = f", {whole / frames:.3f} a frame" if frames > 1 else ""
    print(f"\n{name}: {whole:.2f} CPU s to poses.npz{each}; all by the clock {clock:.2f} s")
    for stage, seconds in sorted(took.items(), key=lambda item: -item[1]):
        if seconds >= 0.005:
            print(f"  {stage:22s} {seconds:6.2f} s {100 * seconds / whole:5.1f} %")
    for stage, seconds in apart.items():
        share = f" {1000 * seconds / frames:5.1f} ms a frame" if frames > 1 else ""
        print(f"  apart: {stage:15s} {seconds:6.2f} s{share}")
    return whole / frames if frames > 1 else clock


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--detector", default="blazepose")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    detector = detection.load(given.detector)
    missed = []
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sources = []
        for name in ("astronaut", "camera"):
            path = folder / f"{name}.jpg"
            Image.fromarray(getattr(skimage.data, name)()).save(path, quality=95)
            sources.append((name, path, 1, "photograph"))
        for people in (1, 3):
            path = write_film(folder / f"{people}.mp4", people, given.frames)
            sources.append((f"film of {people}", path, given.frames, "film"))
        for name, path, frames, kind in sources:
            write = None if kind == "photograph" else "mp4"
            runs = [
                stages(path, folder / f"{name} {run}", detector, write)
                for run in range(given.runs + 1)
            ]
            found = report(f"{name} ({path.suffix[1:]})", runs[1:], frames)
            if found > MOST[kind] and name != "film of 3":
                missed.append(f"{name}: {found:.2f} s, at most {MOST[kind]}")
    print("\n" + ("\n".join(["missed:", *missed]) if missed else "all within what is asked"))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
