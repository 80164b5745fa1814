"""Methods side by side: the chapters as experiments, one table.

    posebook sweep tools/sweeps/unsupervised.toml --out OUT
    posebook sweep tools/sweeps/video.toml -p data human36m -p root DIR -p seed 0-2 --out OUT
    python tools/compare_lifters.py OUT

The sweep runs every method's chapter with an equal training budget; killed, the same command goes
on. This tool loads what the finished runs wrote as any lifter, lifts the test people, and scores
all under one common protocol (`posebook.metrics.ambiguity`). The numbers go into the folder
OUT_table, for the ledger. With `-p held_out true`, the chapters trained without S8 and are scored
on S8: for choosing settings.

The sweep's file may say in `[comparison]`: `ledger`, the name under which the ledger keeps the
numbers (else the file's own); `own_scale = true` where poses are in mm by themselves, so that these
are scored, too; `smoothed`, the runs that are also scored after the best smoothing over time.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from posebook import datasets, evaluation, geometry, lifting, metrics, paths, results
from posebook.chapters.sweeps import folder, reading
from posebook.datasets.clips import PoseDataset
from posebook.errors import InputError
from posebook.files import LINE, YES_OR_NO, Kind, check
from posebook.metrics import ambiguity, smoothing
from posebook.results import swept
from posebook.results.swept import Run
from posebook.skeletons import HOUSE
from posebook.tables import Table

SHOWN = (
    "P-MPJPE", "P-MPJPE, reflections allowed", "N-MPJPE", "MPJPE", "MPJPE, mirrored by facing",
    "MPJPE, mirror oracle", "nose before chest", "MPJPE, own scale", "velocity error",
)  # fmt: skip
_COMPARISON = {
    "ledger": LINE,
    "own_scale": YES_OR_NO,
    "smoothed": Kind("a list of runs' names", lambda value: isinstance(value, list)),
}
#: Parameters that decide whom the lifters are scored on: one value in all runs.
_OF_THE_PEOPLE = ("data", "root", "keypoints", "held_out")


@dataclass(frozen=True)
class Compared:
    """A sweep of which all runs are of the same people.

    runs    that are finished
    people  values of `_OF_THE_PEOPLE`
    """

    out: Path
    runs: list[Run]
    ledger: str
    own_scale: bool
    smoothed: list[str]
    people: Mapping[str, Any]

    @property
    def split(self) -> str:
        return "S8" if self.people["held_out"] else "test"


def read(out: Path) -> Compared:
    """A sweep's folder; InputError where its people differ."""
    record = folder.read(out)
    about, names = record["comparison"], [cell["name"] for cell in record["cells"]]
    expected = f"no more than {', '.join(_COMPARISON)}"
    check(about, _COMPARISON, [], f"{paths.shown(out)}: [comparison]", expected)
    every, damaged = reading.runs_in(out)
    print(*damaged, sep="\n", end="\n" if damaged else "", file=sys.stderr)
    runs = [run for run in every if run.state == "finished" and run.name]
    runs.sort(key=lambda run: (names.index(run.name), run.seed))  # as in the sweep's file
    if not runs:
        raise InputError(f"{paths.shown(out)}: no run is finished yet")
    people = {name: runs[0].parameters.get(name) for name in _OF_THE_PEOPLE}
    for run in runs:
        for name, value in people.items():
            if run.parameters.get(name) != value:
                raise InputError(
                    f"{paths.shown(out)}: runs differ in {name} ({value}, "
                    f"{run.parameters.get(name)}); a table is of one"
                )
    if mixed := swept.pooled(runs, ["name"]):
        raise InputError(f"{paths.shown(out)}: runs of one name differ in {', '.join(mixed)}, too")
    return Compared(
        out,
        runs,
        about.get("ledger", record["of"]),
        about.get("own_scale", False),
        about.get("smoothed", []),
        people,
    )


def people_of(compared: Compared, trained_on: bool = False) -> PoseDataset:
    """The people that every method is scored on, or trained on; at most 60,000 frames."""
    given = compared.people
    split = "train" if given["held_out"] or trained_on else "test"
    about = dict(root=given["root"], split=split, keypoints=given["keypoints"])
    found = datasets.load(given["data"], **about)
    if given["held_out"]:
        found = found.where(lambda clip: (clip.subject == "S8") != trained_on)
    return found.every(-(-len(found) // 60_000))


def scores(
    pose: torch.Tensor, test: PoseDataset, own_scale: bool
) -> dict[str, tuple[float, str, str]]:
    """Under the common protocol, and how unsteady it is in time: name -> value, unit, protocol."""
    rows = ambiguity.common_scores(pose, test.pose_mm)
    found = {name: (value, unit, protocol) for name, value, unit, protocol in rows}
    protocol = found["MPJPE"][2]
    if own_scale:
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


def lift(out: Path, run: Run, test: PoseDataset) -> torch.Tensor:
    """(frames, 17, 3): every clip; of the shuffled control, in an order that tells nothing."""
    lifter = lifting.load(out / run.folder / f"{run.chapter}.safetensors")
    draw, lifted = torch.Generator().manual_seed(0), []
    for clip in test:
        order = torch.arange(len(clip))
        if run.parameters.get("shuffled"):
            order = torch.randperm(len(clip), generator=draw)
        mixed = replace(
            clip, keypoints_px=clip.keypoints_px[order], confidence=clip.confidence[order]
        )
        lifted.append(lifter.lift(mixed).pose_mm[order.argsort()])
    return torch.cat(lifted)


def collect(compared: Compared) -> str:
    """The table of what is finished; means and spreads over the seeds are kept for the ledger."""
    test, own_scale = people_of(compared), compared.own_scale
    flat = torch.cat([evaluation.zero_depth(clip, clip) for clip in test])
    trained_on = people_of(compared, trained_on=True)
    mean = evaluation.mean_pose(trained_on.pose_mm).expand_as(test.pose_mm)
    fixed = {"truth": test.pose_mm, "zero depth": flat, "mean pose": mean}
    rows = {name: [scores(pose, test, own_scale)] for name, pose in fixed.items()}
    seconds: dict[str, list[float]] = {}
    seeds: dict[str, list[str]] = {}
    for run in compared.runs:
        poses = {run.name: lift(compared.out, run, test)}
        if run.name in compared.smoothed:
            given = poses[run.name], test.clip_of_frame
            window = smoothing.best_window(given[0], test.pose_mm, given[1])
            poses[f"{run.name}, smoothed"] = smoothing.smoothed(*given, window)
        for name, pose in poses.items():
            rows.setdefault(name, []).append(scores(pose, test, own_scale))
            # How long the chapter's main loop took: what its numbers say.
            taken = max((number.seconds or 0.0 for number in run.numbers), default=0.0)
            seconds.setdefault(name, []).append(taken)
            seeds.setdefault(name, []).append(str(run.seed))
    table = compared.out.with_name(f"{compared.out.name}_table")
    book = results.Results(
        compared.ledger, table, profile=compared.runs[0].profile, seed=0, device="cpu"
    )
    shown = [metric for metric in SHOWN if metric in rows["truth"][0]]
    keypoints = compared.people["keypoints"]
    data = test.name + ("" if keypoints == "true" else f", {keypoints} 2D")
    lines = []
    for name, found in rows.items():
        line = [name, len(found)]
        for metric in shown:
            values = [one[metric][0] for one in found]
            mean = statistics.mean(values)
            spread = statistics.stdev(values) if len(values) > 1 else None
            _, unit, protocol = found[0][metric]
            note = f"mean of seeds {', '.join(seeds[name])}" if name in seeds else ""
            kept = dict(data=data, split=compared.split, method=name, note=note)
            kept |= dict(seconds=statistics.mean(seconds.get(name, [0])))
            book.add(metric, mean, unit, protocol=protocol, **kept)
            if spread is not None:
                book.add(f"{metric}, spread", spread, unit, protocol=protocol, **kept)
            line.append(f"{mean:.1f}" + (f" ± {spread:.1f}" if spread is not None else ""))
        lines.append([*line, f"{statistics.mean(seconds[name]):.0f}" if name in seconds else ""])
    about = f"{test.name}, {compared.split}, {len(test)} frames, {book.profile} profile"
    truth = rows["truth"][0]
    units = [f"{metric} ({truth[metric][1]})" for metric in shown]
    made = Table(("method", "runs", *units, "training (s)"), lines, f"{about}; ± over seeds")
    return "\n".join([f"{made}\n", *(f"{metric}: {truth[metric][2]}" for metric in shown)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sweep", type=Path, metavar="OUT", help="the folder of a sweep")
    out = parser.parse_args().sweep.resolve()
    try:
        print(collect(read(out)))
    except (InputError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
