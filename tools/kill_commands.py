"""Kill posebook's commands at random moments, type them again, and compare with undisturbed runs.

    .venv/bin/python tools/kill_commands.py                       # all six, 50 moments each
    .venv/bin/python tools/kill_commands.py data lift --moments 10

A folder is killed in several times in a row (`--in-a-row`), each time by the same command, which is
then left alone to finish. Four moments of ten lie in the first two seconds, the others anywhere in
the time that the command takes; those of `resumed` lie behind its first checkpoint. SIGKILL goes to
the command alone: what it has started is left to notice, as when the memory runs out.

What must hold: the command never refuses what it left behind, a folder of archives never passes
for whole before it is, the end result is that of an undisturbed run, and no hidden file is left. A
line for each command; exit status 1 where something did not hold. Not a test: it takes half an
hour on two quiet cores.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

CHECKOUT = Path(__file__).resolve().parents[1]
SAMPLES = CHECKOUT / "data" / "samples"
ARCHIVES = ("source.json", "data_2d_h36m_gt.npz", "data_3d_h36m.npz")
#: What a run measures of itself, or says of the machine: not of its result.
_OF_THE_RUN = ("seconds", "code", "versions")


@dataclass(frozen=True)
class Command:
    """words   as typed, but for --out
    after      a file in the folder that must be there before a kill
    """

    words: tuple[str, ...]
    after: str = ""


COMMANDS = {
    "run": Command(("run", "quickstart", "--profile", "ci")),
    "resumed": Command(("run", "simple_baseline", "--profile", "ci"), "main/checkpoint.pt"),
    "lift": Command(("lift", str(SAMPLES / "motion_alphapose.json"), "--size", "1000x1002")),
    "people": Command(("lift", str(SAMPLES / "photographs_coco.json"), "--person", "all")),
    "label": Command(("label", "synthetic", "--split", "test")),
    "data": Command(("data", "make", "synthetic", "--frames", "2000")),
}


def start(command: Command, folder: Path) -> subprocess.Popen:
    words = [sys.executable, "-m", "posebook.cli", *command.words, "--out", str(folder)]
    return subprocess.Popen(
        words, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(command: Command, folder: Path) -> str:
    """Run to the end; what it said where it failed, else nothing."""
    process = start(command, folder)
    _, words = process.communicate()
    return f"status {process.returncode}: {words.strip()[-400:]}" if process.returncode else ""


def kill_at(command: Command, folder: Path, moment: float) -> str:
    """Start, kill after so many seconds; what it said where it had ended in an error by then."""
    process = start(command, folder)
    if command.after:
        while process.poll() is None and not (folder / command.after).exists():
            time.sleep(0.02)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.kill()
    _, words = process.communicate()
    if process.returncode > 0 and "this run is finished" not in words:
        return f"status {process.returncode}: {words.strip()[-400:]}"
    return ""


def _plain(record: Any) -> Any:
    """A JSON value without what a run measures of itself."""
    if isinstance(record, dict):
        return {name: _plain(v) for name, v in record.items() if name not in _OF_THE_RUN}
    return [_plain(each) for each in record] if isinstance(record, list) else record


def _checkpoint(path: Path) -> Any:
    saved = torch.load(path, map_location="cpu", weights_only=True)
    return {name: saved[name] for name in ("epoch", "seed", "history", "state", "random")}


#: How files of a kind are read to be compared; others are compared byte by byte.
_READ: dict[str, Callable[[Path], Any]] = {
    "results.json": lambda path: _plain(json.loads(path.read_text(encoding="utf-8"))),
    "run.json": lambda path: _plain(json.loads(path.read_text(encoding="utf-8"))),
    ".pt": _checkpoint,
    ".safetensors": load_file,
    # A notebook and its page hold how long cells took, and ids that are drawn anew.
    ".ipynb": lambda path: len(json.loads(path.read_text(encoding="utf-8"))["cells"]),
    ".html": lambda path: path.stat().st_size > 10_000,
}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def files(folder: Path) -> dict[str, Path]:
    """All but TensorBoard's logs, of which each start writes one of its own."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {n: path for n, path in found.items() if path.is_file() and "tfevents" not in n}


def difference(made: Path, wanted: Path) -> str:
    """What differs between two folders, in words; nothing where they hold the same result."""
    ours, theirs = files(made), files(wanted)
    if ours.keys() != theirs.keys():
        return f"other files: {', '.join(sorted(ours.keys() ^ theirs.keys()))}"
    for name, path in ours.items():
        read = _READ.get(path.name) or _READ.get(path.suffix) or Path.read_bytes
        if not same(read(path), read(theirs[name])):
            return f"{name} differs"
    return ""


def passes_for_whole(folder: Path, wanted: Path) -> bool:
    """Whether archives that a kill left would be taken for complete, and are not these."""
    if not (folder / ARCHIVES[-1]).exists():
        return False  # nobody reads archives without the motion
    return any(
        not (folder / name).exists() or (folder / name).read_bytes() != (wanted / name).read_bytes()
        for name in ARCHIVES
    )


def torture(name: str, moments: int, in_a_row: int, dice: random.Random, place: Path) -> list[str]:
    """Kill one command; what did not hold."""
    command, wrong = COMMANDS[name], []
    wanted = place / "undisturbed"
    began = time.monotonic()
    if failed := finish(command, wanted):
        return [f"undisturbed: {failed}"]
    seconds = time.monotonic() - began
    left, count = moments, 0
    while left > 0:
        count += 1
        folder, told = place / f"killed{count}", []
        for _ in range(min(in_a_row, left)):
            left -= 1
            early = dice.random() < 0.4
            moment = dice.uniform(0.0, 2.0 if early and not command.after else seconds)
            told.append(f"{moment:.2f} s")
            if failed := kill_at(command, folder, moment):
                wrong.append(f"{folder.name}, after {', '.join(told)}: {failed}")
            if name == "data" and passes_for_whole(folder, wanted):
                wrong.append(f"{folder.name}, after {', '.join(told)}: passes for whole")
        failed = finish(command, folder)
        if "this run is finished" in failed:  # it had come to its end before the last kill
            failed = ""
        if failed := failed or difference(folder, wanted):
            wrong.append(f"{folder.name}, killed at {', '.join(told)}: {failed}")
    verdict = f"{len(wrong)} DID NOT HOLD" if wrong else "all went on, same result"
    print(
        f"{name:<8} {moments} kills in {count} folders, undisturbed {seconds:.0f} s: {verdict}",
        flush=True,
    )
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("--moments", type=int, default=50, help="kills of each command")
    parser.add_argument("--in-a-row", type=int, default=5, help="kills in one folder")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if unknown := set(given.commands) - COMMANDS.keys():
        parser.error(f"no command {', '.join(sorted(unknown))}; there are {', '.join(COMMANDS)}")
    wrong = []
    for name in given.commands or COMMANDS:
        with tempfile.TemporaryDirectory(prefix="posebook-kills-") as place:
            dice = random.Random(f"{given.seed} {name}")
            found = torture(name, given.moments, given.in_a_row, dice, Path(place))
        wrong += found
        for line in found:
            print(f"  {line}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
