"""Make the shipped lifters that learned without pairs: those of chapters 12 and 14 to 16.

From 2D alone: chapters 12, 15 and 16. From 2D, and 3D that is not paired with it: 14.

    python tools/train_chapter_lifters.py [--chapters elepose ...] [--root DIR]

Broad people, those of `synthetic_wide`, are before the four cameras of Human3.6M's room, since two
of the methods take cameras to look down by some ten degrees; that is written as archives into
OUT/people. Who lies or bends deep is left out: two of the methods measure people by the distance
from hip to head in the picture, and training goes astray where that all but vanishes.

The sweep `tools/sweeps/chapter_lifters.toml` then trains each chapter on them, in OUT/runs; the
same command goes on where it was killed. What a run wrote goes to data/lifters in half precision,
with the common scores of `posebook.metrics.ambiguity` on the test people of `synthetic` in its
header. They are printed, with --root those on archives as well: for the card.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from posebook import datasets, evaluation, lifting, paths, results
from posebook.cameras import human36m_rig
from posebook.chapters.sweeps import folder, grid, running
from posebook.chapters.sweeps.folder import Place
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.datasets.people import synthetic
from posebook.datasets.published import human36m_writer
from posebook.errors import InputError
from posebook.metrics import ambiguity
from posebook.skeletons import HOUSE

PEOPLE = dict(train=2400, test=400)  # for training, and a quarter of these for testing
UPRIGHT = 0.6  # least height of the head over the hip, of their distance
FRAMES = 40  # of each, at 50 a second
NAME = "synthetic_wide, four cameras"
SWEEP = paths.CHECKOUT / "tools" / "sweeps" / "chapter_lifters.toml"
CHAPTERS = ("adversarial_lifting", "ambiguity_aware", "elepose", "video_gan")


def upright(motion: Motion) -> bool:
    """Whether the head stays well over the hip."""
    hip, head = HOUSE.indices("hip", "head")
    trunk_mm = motion.world_mm[:, head] - motion.world_mm[:, hip]
    return bool((trunk_mm[:, 2] > UPRIGHT * torch.linalg.vector_norm(trunk_mm, dim=-1)).all())


def people() -> Iterator[Clip]:
    """Every such person before four cameras; the subjects of Human3.6M only lend theirs."""
    for split, count in PEOPLE.items():
        motions = synthetic.motions("synthetic_wide", split=split, count=count, frames=FRAMES)
        rooms = synthetic.SUBJECTS[split]
        for number, motion in enumerate(filter(upright, motions)):
            room = rooms[number % len(rooms)]
            centre_mm = motion.world_mm[:, :1].mean(0) * torch.tensor([1.0, 1.0, 0.0])
            motion = replace(motion, world_mm=motion.world_mm - centre_mm)
            name = f"{room}/{motion.action} {number}"
            for camera in human36m_rig(room):
                clip = replace(motion, name=name, subject=room).seen_by(camera)
                yield synthetic.in_float32(clip)


def write_people(folder: Path) -> None:
    if (folder / "source.json").exists():  # is written last
        return
    human36m_writer.write(PoseDataset(NAME, "all", tuple(people()), terms=synthetic.TERMS), folder)


def sweep_of(chapters: list[str], out: Path) -> grid.Sweep:
    """Of these chapters, each in the folder of its name."""
    root = str(out / "people").replace('"', '""')
    whole = grid.planned(str(SWEEP), [f'root="{root}"'])
    cells = [replace(cell, label=cell.name) for cell in whole.cells if cell.name in chapters]
    return replace(whole, cells=tuple(cells))


def scores(lifter: lifting.Lifter | None, test: PoseDataset) -> list[results.Number]:
    """Of a lifter; of zero depth for None."""
    lift = evaluation.zero_depth if lifter is None else lambda clip, _: lifter.lift(clip).pose_mm
    pose = torch.cat([lift(clip, clip) for clip in test])
    method = lifter.name if lifter else evaluation.ZERO_DEPTH
    about = dict(
        data=test.name, split=test.split, method=method, chapter=method,
        profile=results.OF_A_FILE, frames=len(pose), versions=results.versions(),
        code=results.code(),
    )  # fmt: skip
    return [
        results.Number(metric, value, unit, protocol, **about)
        for metric, value, unit, protocol in ambiguity.common_scores(pose, test.pose_mm)
    ]


def ship(place: Place, to: Path, tests: list[PoseDataset]) -> None:
    chapter, given = place.cell.name, place.cell.parameters
    made = lifting.load(place.folder / f"{chapter}.safetensors")
    own = {name: given[name] for name in given if name not in ("data", "root", "ablations")}
    settings = " ".join(f"{name} {value}" for name, value in own.items())
    header = made.header | dict(name=chapter, settings=f"laptop profile, {settings}")
    lifter = replace(made, header=header)
    header["metrics"] = [number.to_dict() for number in scores(lifter, tests[0])]
    file = lifter.save(to / f"{chapter}.safetensors", torch.float16)
    print(f"{paths.shown(file)}: {file.stat().st_size / 1e6:.2f} MB")
    shipped = lifting.load(file)
    for test in tests:
        for number in [*scores(shipped, test), *scores(None, test)]:
            print(f"{number.key}: {number}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--chapters", nargs="+", choices=CHAPTERS, default=list(CHAPTERS))
    add("--root", type=Path, help="archives in Human3.6M's layout, to measure on as well")
    add("--out", type=Path, default=paths.runs() / "chapter_lifters", help="where runs go")
    add("--to", type=Path, default=paths.DATA / "lifters", help="where the lifters go")
    add("--jobs", type=int, default=2, help="chapters side by side (%(default)s)")
    options = parser.parse_args()
    options.out = options.out.resolve()  # chapters run in folders of their own
    try:
        make(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def make(options: argparse.Namespace) -> None:
    sweep, out = sweep_of(options.chapters, options.out), options.out / "runs"
    running.check(options.jobs)  # what is wrong is told before people are made
    folder.places(sweep, out)
    write_people(options.out / "people")
    tests = [datasets.load("synthetic", split="test")]
    if options.root:
        tests.append(datasets.load("human36m", root=options.root, split="test"))
    made = running.run(sweep, out, jobs=options.jobs)
    for place in made:
        if place.state == "finished":
            ship(place, options.to, tests)
        else:
            print(f"{place.cell.name}: {place.state}: {place.reason}", file=sys.stderr)
    sys.exit(0 if all(place.state == "finished" for place in made) else 1)


if __name__ == "__main__":
    main()
