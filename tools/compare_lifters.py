"""Methods that learn from 2D alone, side by side: the chapters as experiments, one table.

    python tools/compare_unsupervised.py --data synthetic
    python tools/compare_unsupervised.py --data human36m --root DIR --seeds 0 1 2

Every row is a chapter run headlessly at the `laptop` profile with a training budget of about five
minutes on one core, ablations left out; what it wrote is then loaded as any lifter, lifts the test
people, and is scored under one common protocol (`posebook.ambiguity`). A run that is finished is
not made again, one that was killed goes on: the same command fills the table up. With --held-out
the chapters train without S8 and are scored on S8: for choosing settings.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch

from posebook import ambiguity, datasets, evaluation, lifting, paths, results, running
from posebook.datasets.clips import PoseDataset
from posebook.figures import Table

CHAPTER = "comparison"


@dataclass(frozen=True)
class Method:
    """A chapter and its parameters. poses: shown in training, about five minutes' worth on one core
    of the machine on which the book's own table was made."""

    name: str
    chapter: str
    poses: int
    parameters: dict = field(default_factory=dict)


METHODS = (
    Method("Kudo 2018", "adversarial_lifting", 4_000_000),
    Method("Kudo 2018, supervised", "adversarial_lifting", 20_000_000, dict(mode="supervised")),
    Method("Yu 2021, adv", "ambiguity_aware", 1_800_000, dict(variant="adv", batch_size=256)),
    Method("Yu 2021, best", "ambiguity_aware", 1_300_000, dict(variant="best", batch_size=256)),
    Method("ElePose 2022", "elepose", 1_800_000),
    Method("ElePose 2022, no bone ratios", "elepose", 1_800_000, dict(bone_prior="none")),
    Method("Martinez 2017, supervised", "simple_baseline", 2_400_000),
)
SHOWN = (
    "P-MPJPE", "P-MPJPE, reflections allowed", "N-MPJPE", "MPJPE", "MPJPE, mirrored by facing",
    "MPJPE, mirror oracle", "nose before chest",
)  # fmt: skip


def folder_of(options: argparse.Namespace, method: Method, seed: int) -> Path:
    name = method.name.lower().replace(", ", "_").replace(" ", "_")
    place = f"{options.data}_held_out" if options.held_out else options.data
    return options.out / place / name / f"seed{seed}"


def finished(folder: Path) -> dict | None:
    """What the run's record says, once it is finished."""
    record = folder / running.RUN_FILE
    told = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    return told if told.get("finished") else None


def run(options: argparse.Namespace, method: Method, seed: int) -> None:
    """One chapter in a process of its own, with one thread; a killed one goes on."""
    folder = folder_of(options, method, seed)
    if finished(folder):
        return
    parameters = dict(method.parameters, data=options.data, seed=seed)
    parameters |= dict(poses=round(options.share * method.poses))
    parameters |= dict(held_out=options.held_out, ablations=False)
    if options.root:
        parameters["root"] = str(options.root.resolve())
    words = [word for item in parameters.items() for word in ("-p", *map(str, item))]
    if (folder / running.RUN_FILE).exists():
        words = []  # goes on with what it was begun with
    command = [sys.executable, "-m", "posebook.cli", "run", method.chapter, "--out", str(folder)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with open(folder.parent / f"seed{seed}.log", "a", encoding="utf-8") as log:
        one_thread = dict(os.environ, OMP_NUM_THREADS="1", POSEBOOK_THREADS="1")
        one_thread |= dict(OMP_WAIT_POLICY="PASSIVE", POSEBOOK_STILLS="0")
        done = subprocess.run(
            [*command, "--profile", "laptop", *words], stdout=log, stderr=log, env=one_thread
        )
    said = "done" if done.returncode == 0 else f"FAILED, see {paths.shown(Path(log.name))}"
    print(f"{method.name}, seed {seed}: {said}, {time.monotonic() - started:.0f} s", flush=True)


def people(options: argparse.Namespace) -> PoseDataset:
    """The people that every method is scored on, at most 60,000 frames."""
    split, subjects = ("train", ["S8"]) if options.held_out else ("test", None)
    found = datasets.load(options.data, root=options.root, split=split, subjects=subjects)
    return found.every(-(-len(found) // 60_000))


def scores(pose: torch.Tensor, test: PoseDataset) -> dict[str, tuple[float, str, str]]:
    rows = ambiguity.common_scores(pose, test.pose_mm)
    return {metric: (value, unit, protocol) for metric, value, unit, protocol in rows}


def training_seconds(folder: Path) -> float:
    """How long the chapter's main loop took: what its numbers say."""
    return max((n.seconds for n in results.read(folder / "results.json")), default=0.0)


def collect(options: argparse.Namespace) -> Table:
    """Score what is finished; keep the means and spreads over the seeds for the ledger."""
    test = people(options)
    rows = {"truth": [scores(test.pose_mm, test)]}
    rows["zero depth"] = [scores(torch.cat([evaluation.zero_depth(c, c) for c in test]), test)]
    seconds: dict[str, list[float]] = {}
    seeds: dict[str, list[str]] = {}
    for method in METHODS:
        for seed in options.seeds:
            folder = folder_of(options, method, seed)
            if not finished(folder):
                continue
            lifter = lifting.load(folder / f"{method.chapter}.safetensors")
            lifted = torch.cat([lifter.lift(clip).pose_mm for clip in test])
            rows.setdefault(method.name, []).append(scores(lifted, test))
            seconds.setdefault(method.name, []).append(training_seconds(folder))
            seeds.setdefault(method.name, []).append(str(seed))
    split = "S8" if options.held_out else "test"
    book = results.Results(
        CHAPTER, options.out / f"{options.data}_{split}_table", profile="laptop", seed=0,
        device="cpu",
    )  # fmt: skip
    lines = []
    for name, found in rows.items():
        line = [name, len(found)]
        for metric in SHOWN:
            values = [one[metric][0] for one in found]
            mean = statistics.mean(values)
            spread = statistics.stdev(values) if len(values) > 1 else None
            _, unit, protocol = found[0][metric]
            note = f"mean of seeds {', '.join(seeds[name])}" if name in seeds else ""
            kept = dict(data=test.name, split=split, method=name, note=note)
            kept |= dict(seconds=statistics.mean(seconds.get(name, [0])))
            book.add(metric, mean, unit, protocol=protocol, **kept)
            if spread is not None:
                book.add(f"{metric}, spread", spread, unit, protocol=protocol, **kept)
            line.append(f"{mean:.1f}" + (f" ± {spread:.1f}" if spread is not None else ""))
        lines.append([*line, f"{statistics.mean(seconds[name]):.0f}" if name in seconds else ""])
    caption = f"{test.name}, {split}, {len(test)} frames; mm, ± over seeds; seconds of training"
    return Table(("method", "runs", *SHOWN, "s"), lines, caption)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--data", default="synthetic", help="synthetic or human36m (%(default)s)")
    add("--root", type=Path, help="the folder of the data, where it needs one")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--share", type=float, default=1.0, help="part of the five minutes (%(default)s)")
    add("--held-out", action="store_true", help="train without S8, score on S8")
    add("--only", nargs="+", help="methods whose name contains one of these words")
    add("--jobs", type=int, default=2, help="runs side by side, one core each (%(default)s)")
    add("--out", type=Path, default=paths.runs() / "comparison", help="where the runs go")
    add("--table", action="store_true", help="run nothing; the table of what is finished")
    options = parser.parse_args()
    if not options.table:
        chosen = [
            (method, seed) for seed in options.seeds for method in METHODS
            if not options.only or any(word.lower() in method.name.lower() for word in options.only)
        ]  # fmt: skip
        with ThreadPoolExecutor(options.jobs) as pool:
            for waiting in [pool.submit(run, options, *job) for job in chosen]:
                waiting.result()
    print(collect(options))


if __name__ == "__main__":
    main()
