"""Make a lifter that a chapter wrote one of those that come with posebook.

    python tools/ship_lifter.py runs/comparison/synthetic/elepose_2022/seed0

The run must be whole. Its file goes to data/lifters under its chapter's name, in half precision;
its header says by which command it was made and how it scores on the test people of `synthetic`
under the common protocols of `posebook.ambiguity`. What it scores in half precision is printed, for
the card, with --root on other people as well.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from posebook import ambiguity, datasets, evaluation, lifting, paths, running
from posebook.datasets.clips import PoseDataset
from posebook.errors import InputError


def scores(lifter: lifting.Lifter | None, test: PoseDataset) -> list[dict]:
    """Of a lifter; of zero depth for None."""
    lift = evaluation.zero_depth if lifter is None else lambda clip, _: lifter.lift(clip).pose_mm
    pose = torch.cat([lift(clip, clip) for clip in test])
    about = dict(data=test.name, split="test", method=lifter.name if lifter else "zero depth")
    return [
        dict(metric=metric, value=value, unit=unit, protocol=protocol, **about)
        for metric, value, unit, protocol in ambiguity.common_scores(pose, test.pose_mm)
    ]


def command_of(run: dict) -> str:
    words = [f"-p {name} {value}" for name, value in run["parameters"].items() if name != "root"]
    return " ".join(["posebook run", run["chapter"], "--profile", run["profile"], *words])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("run", type=Path, help="folder of a finished run")
    add("--root", type=Path, help="archives in Human3.6M's layout, to measure on as well")
    add("--out", type=Path, default=paths.DATA / "lifters")
    options = parser.parse_args()
    try:
        run = json.loads((options.run / running.RUN_FILE).read_text(encoding="utf-8"))
        if not run["finished"]:
            raise InputError(f"{options.run}: the run is not finished")
        chapter = run["chapter"]
        made = lifting.load(options.run / f"{chapter}.safetensors")
        tests = [datasets.load("synthetic", split="test")]
        if options.root:
            tests.append(datasets.load("human36m", root=options.root, split="test"))
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    header = made.header | dict(name=chapter, made_by=command_of(run))
    lifter = replace(made, header=header)
    header["metrics"] = scores(lifter, tests[0])
    file = lifter.save(options.out / f"{chapter}.safetensors", torch.float16)
    shipped = lifting.load(file)
    print(f"{paths.shown(file)}: {file.stat().st_size / 1e6:.2f} MB")
    for test in tests:
        for row in [*scores(shipped, test), *scores(None, test)]:
            print(
                f"{row['data']}, {row['method']}: {row['metric']} {row['value']:.1f} {row['unit']}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
