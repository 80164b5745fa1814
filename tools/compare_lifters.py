"""Methods side by side: the chapters as experiments, one table.

    python tools/compare_lifters.py --data synthetic
    python tools/compare_lifters.py --data human36m --root DIR --seeds 0 1 2
    python tools/compare_lifters.py --group unpaired --data human36m --root DIR

Every row is a chapter run headlessly at the `laptop` profile with an equal training budget on one
core, ablations left out; what it wrote is then loaded as any lifter, lifts the test people, and is
scored under one common protocol (`posebook.metrics.ambiguity`). A run that is finished is not made
again, one that was killed goes on: the same command fills the table up. With --held-out the
chapters train without S8 and are scored on S8: for choosing settings.
"""

import argparse
import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from posebook import datasets, evaluation, geometry, lifting, metrics, paths, results
from posebook.chapters import parameters as chapter_parameters
from posebook.chapters.run import record_of
from posebook.datasets.clips import PoseDataset
from posebook.errors import InputError
from posebook.figures import Table
from posebook.metrics import ambiguity, smoothing
from posebook.skeletons import HOUSE


@dataclass(frozen=True)
class Method:
    """A chapter and its parameters.

    poses   shown in training: about what the group's minutes are worth on one core of the machine
            on which the book's own tables were made
    smooth  also scored after the best smoothing over time (`posebook.metrics.smoothing`)
    """

    name: str
    chapter: str
    poses: int
    parameters: dict = field(default_factory=dict)
    smooth: bool = False


@dataclass(frozen=True)
class Group:
    """Methods that learn from the same. `chapter` is where the ledger keeps their numbers; `metric`
    says that their poses are in mm by themselves, so that these are scored, too."""

    chapter: str
    minutes: int
    methods: tuple[Method, ...]
    metric: bool = True


UNSUPERVISED = (
    Method("Kudo 2018", "adversarial_lifting", 4_000_000),
    Method("Kudo 2018, supervised", "adversarial_lifting", 20_000_000, dict(mode="supervised")),
    Method("Yu 2021, adv", "ambiguity_aware", 1_800_000, dict(variant="adv", batch_size=256)),
    Method("Yu 2021, best", "ambiguity_aware", 1_300_000, dict(variant="best", batch_size=256)),
    Method("ElePose 2022", "elepose", 1_800_000),
    Method("ElePose 2022, no bone ratios", "elepose", 1_800_000, dict(bone_prior="none")),
    Method("Martinez 2017, supervised", "simple_baseline", 2_400_000),
)
UNPAIRED = (
    Method("RepNet 2019", "repnet", 2_600_000, smooth=True),
    Method("Video GAN", "video_gan", 3_000_000, dict(compare_with_single=False), smooth=True),
    Method("Martinez 2017, supervised, 15 min", "simple_baseline", 7_200_000),
)
VIDEO = (
    Method("Martinez 2017, supervised", "simple_baseline", 2_400_000, smooth=True),
    *(
        Method(
            f"VideoPose3D 2019, {frames} frames", "temporal_convolutions", poses,
            dict(receptive_field=frames, width=256), smooth=True,
        )
        for frames, poses in ((1, 4_500_000), (27, 3_200_000), (81, 1_200_000))
    ),
    Method(
        "VideoPose3D 2019, 27 shuffled frames", "temporal_convolutions", 3_200_000,
        dict(receptive_field=27, width=256, shuffled=True),
    ),
)  # fmt: skip
GROUPS = {
    "unsupervised": Group("comparison", 5, UNSUPERVISED, metric=False),  # 2D alone
    "video": Group("comparison_video", 5, VIDEO),  # pairs of 2D and 3D, in time
    "unpaired": Group("comparison_unpaired", 15, UNPAIRED),  # 2D, and 3D that is not paired with it
}
SHOWN = (
    "P-MPJPE", "P-MPJPE, reflections allowed", "N-MPJPE", "MPJPE", "MPJPE, mirrored by facing",
    "MPJPE, mirror oracle", "nose before chest", "MPJPE, own scale", "velocity error",
)  # fmt: skip


def folder_of(options: argparse.Namespace, method: Method, seed: int) -> Path:
    name = method.name.lower().replace(", ", "_").replace(" ", "_")
    return options.out / place_of(options) / name / f"seed{seed}"


def place_of(options: argparse.Namespace) -> str:
    place = options.data + ("" if options.keypoints == "true" else f"_{options.keypoints}")
    return f"{place}_held_out" if options.held_out else place


def parameters_of(options: argparse.Namespace, method: Method, seed: int) -> dict:
    """What the chapter is run with."""
    parameters = dict(method.parameters, data=options.data, seed=seed)
    parameters |= dict(keypoints=options.keypoints)
    parameters |= dict(poses=max(1, round(options.share * method.poses)))
    parameters |= dict(held_out=options.held_out, ablations=False)
    if options.root:
        parameters["root"] = str(options.root.resolve())
    return parameters


def record(options: argparse.Namespace, method: Method, seed: int) -> dict | None:
    """Of the run that was begun; InputError where it is not the run that these options ask for."""
    folder, wanted = folder_of(options, method, seed), parameters_of(options, method, seed)
    return record_of(folder, method.chapter, "laptop", wanted)


def run_method(options: argparse.Namespace, method: Method, seed: int) -> None:
    """One chapter in a process of its own, with one thread; a killed one goes on."""
    folder, begun = folder_of(options, method, seed), record(options, method, seed)
    if begun and begun["finished"]:
        return
    parameters = parameters_of(options, method, seed)
    words = [word for item in parameters.items() for word in ("-p", *map(str, item))]
    if begun:
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


def people(options: argparse.Namespace, trained_on: bool = False) -> PoseDataset:
    """The people that every method is scored on, or trained on; at most 60,000 frames."""
    split = "train" if options.held_out or trained_on else "test"
    found = datasets.load(options.data, root=options.root, split=split, keypoints=options.keypoints)
    if options.held_out:
        found = found.where(lambda clip: (clip.subject == "S8") != trained_on)
    return found.every(-(-len(found) // 60_000))


def scores(
    pose: torch.Tensor, test: PoseDataset, metric: bool
) -> dict[str, tuple[float, str, str]]:
    """Under the common protocol, and how unsteady it is in time: name -> value, unit, protocol."""
    rows = ambiguity.common_scores(pose, test.pose_mm)
    found = {name: (value, unit, protocol) for name, value, unit, protocol in rows}
    protocol = found["MPJPE"][2]
    if metric:
        own = metrics.Protocol(
            joints="17", root="hip", alignment="root", scale="metric", average="frame"
        )
        protocol = str(own)
        found["MPJPE, own scale"] = (metrics.score(pose, test.pose_mm, own), "mm", protocol)
    else:
        pose = ambiguity.at_true_scale(pose, test.pose_mm)
    about_hip = (geometry.root_relative(each, HOUSE) for each in (pose, test.pose_mm))
    steps = metrics.velocity_error(*about_hip, test.clip_of_frame).nanmean().item()
    return found | {"velocity error": (steps, "mm/frame", protocol)}


def lift(folder: Path, method: Method, test: PoseDataset) -> torch.Tensor:
    """(frames, 17, 3): every clip; of the shuffled control, in an order that tells nothing."""
    lifter = lifting.load(folder / f"{method.chapter}.safetensors")
    draw, lifted = torch.Generator().manual_seed(0), []
    for clip in test:
        order = torch.arange(len(clip))
        if method.parameters.get("shuffled"):
            order = torch.randperm(len(clip), generator=draw)
        mixed = replace(
            clip, keypoints_px=clip.keypoints_px[order], confidence=clip.confidence[order]
        )
        lifted.append(lifter.lift(mixed).pose_mm[order.argsort()])
    return torch.cat(lifted)


def training_seconds(folder: Path) -> float:
    """How long the chapter's main loop took: what its numbers say."""
    return max((n.seconds for n in results.read(folder / "results.json")), default=0.0)


def collect(options: argparse.Namespace) -> Table:
    """Score what is finished; keep the means and spreads over the seeds for the ledger."""
    test, group = people(options), GROUPS[options.group]
    flat = torch.cat([evaluation.zero_depth(clip, clip) for clip in test])
    mean = evaluation.mean_pose(people(options, trained_on=True).pose_mm).expand_as(test.pose_mm)
    fixed = {"truth": test.pose_mm, "zero depth": flat, "mean pose": mean}
    rows = {name: [scores(pose, test, group.metric)] for name, pose in fixed.items()}
    seconds: dict[str, list[float]] = {}
    seeds: dict[str, list[str]] = {}
    for method, seed in itertools.product(group.methods, options.seeds):
        folder = folder_of(options, method, seed)
        if not (record(options, method, seed) or {}).get("finished"):
            continue
        poses = {method.name: lift(folder, method, test)}
        if method.smooth:
            given = poses[method.name], test.clip_of_frame
            window = smoothing.best_window(given[0], test.pose_mm, given[1])
            poses[f"{method.name}, smoothed"] = smoothing.smoothed(*given, window)
        for name, pose in poses.items():
            rows.setdefault(name, []).append(scores(pose, test, group.metric))
            seconds.setdefault(name, []).append(training_seconds(folder))
            seeds.setdefault(name, []).append(str(seed))
    split = "S8" if options.held_out else "test"
    folder = options.out / f"{place_of(options)}_{split}_{options.group}_table"
    book = results.Results(group.chapter, folder, profile="laptop", seed=0, device="cpu")
    shown = [metric for metric in SHOWN if metric in rows["truth"][0]]
    lines = []
    for name, found in rows.items():
        line = [name, len(found)]
        for metric in shown:
            values = [one[metric][0] for one in found]
            mean = statistics.mean(values)
            spread = statistics.stdev(values) if len(values) > 1 else None
            _, unit, protocol = found[0][metric]
            note = f"mean of seeds {', '.join(seeds[name])}" if name in seeds else ""
            data = test.name + ("" if options.keypoints == "true" else f", {options.keypoints} 2D")
            kept = dict(data=data, split=split, method=name, note=note)
            kept |= dict(seconds=statistics.mean(seconds.get(name, [0])))
            book.add(metric, mean, unit, protocol=protocol, **kept)
            if spread is not None:
                book.add(f"{metric}, spread", spread, unit, protocol=protocol, **kept)
            line.append(f"{mean:.1f}" + (f" ± {spread:.1f}" if spread is not None else ""))
        lines.append([*line, f"{statistics.mean(seconds[name]):.0f}" if name in seconds else ""])
    caption = f"{test.name}, {split}, {len(test)} frames; mm, ± over seeds; seconds of training"
    return Table(("method", "runs", *shown, "s"), lines, caption)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--group", choices=GROUPS, default="unsupervised", help="which methods (%(default)s)")
    add("--data", default="synthetic", help="synthetic or human36m (%(default)s)")
    add("--keypoints", default="true", help="2D for training and test (%(default)s)")
    add("--root", type=Path, help="the folder of the data, where it needs one")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--share", type=float, default=1.0, help="part of the budget (%(default)s)")
    add("--held-out", action="store_true", help="train without S8, score on S8")
    add("--only", nargs="+", help="methods whose name contains one of these words")
    add("--jobs", type=int, default=2, help="runs side by side, one core each (%(default)s)")
    add("--out", type=Path, default=paths.runs() / "comparison", help="where the runs go")
    add("--table", action="store_true", help="run nothing; the table of what is finished")
    options = parser.parse_args()
    try:
        compare(options)
    except (InputError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def checked(options: argparse.Namespace) -> list[tuple[Method, int]]:
    """The runs that are asked for; InputError for what would go wrong only after hours."""
    if not math.isfinite(options.share) or options.share <= 0:
        raise InputError(f"--share is {options.share}, expected a number greater than 0")
    if options.jobs < 1:
        raise InputError(f"--jobs is {options.jobs}, expected 1 or more")
    for seed in options.seeds:
        chapter_parameters.value("seed", str(seed), 0)
    if options.out.exists() and not options.out.is_dir():
        raise InputError(f"--out is {paths.shown(options.out)}, a file; expected a folder")
    methods = GROUPS[options.group].methods
    for word in options.only or []:
        if not any(word.lower() in method.name.lower() for method in methods):
            known = "; ".join(method.name for method in methods)
            raise InputError(f"--only is '{word}', expected a part of one of these names: {known}")
    every = [(method, seed) for seed in options.seeds for method in methods]
    for job in every:  # all of them: the table shows what is finished
        record(options, *job)
    words = [word.lower() for word in options.only or [""]]
    return [job for job in every if any(word in job[0].name.lower() for word in words)]


def compare(options: argparse.Namespace) -> None:
    options.seeds = list(dict.fromkeys(options.seeds))
    chosen = checked(options)
    if not options.table:
        people(options)  # data that cannot be read are told before anything is run
        with ThreadPoolExecutor(options.jobs) as pool:
            for waiting in [pool.submit(run_method, options, *job) for job in chosen]:
                waiting.result()
    print(collect(options))


if __name__ == "__main__":
    main()
