"""Break pictures and films in hundreds of ways, and see that each is read or refused in one line.

    python tools/break_media.py [--count 600] [--seed 0] [--keep DIR]

Each file is lifted as `posebook lift` does it, with a detector that sees somebody in every picture.
What may happen: it is lifted, or refused with one line (`InputError`). What may not: a traceback, a
warning, more than 60 s of computing, more than 2 GB of memory, ffmpeg's counted, a file or an
address opened that the file names, anything written beside the results. A sample of them is also
given to the command itself, which has to end with status 0 or 2.
"""

import argparse
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import media_mutations
import torch

from posebook import export
from posebook.detection import Found
from posebook.detection.found import AnyDetector
from posebook.errors import InputError
from posebook.skeletons import COCO_17

MOST_CPU_S, MOST_BYTES = 60.0, 2 << 30
#: Every so many-th file is also given to the command.
SAMPLE = 40
#: COCO's joints of somebody who stands, in parts of the picture.
STANDING = torch.tensor([
    [50, 10], [52, 8], [48, 8], [55, 9], [45, 9], [60, 25], [40, 25], [65, 40], [35, 40], [66, 55],
    [34, 55], [56, 52], [44, 52], [56, 72], [44, 72], [56, 92], [44, 92],
]) / 100  # fmt: skip


class Sees(AnyDetector):
    """Somebody who stands in the middle of every picture."""

    name, sha256, skeleton = "sees", "0" * 64, COCO_17

    def detect(self, picture: torch.Tensor) -> Found:
        tall, wide = picture.shape[:2]
        points = STANDING[None] * torch.tensor([wide, tall])
        box = torch.tensor([[0.3 * wide, 0.05 * tall, 0.4 * wide, 0.9 * tall]])
        return Found(points, torch.full((1, 17), 0.9), box, COCO_17)


def peak_bytes() -> int:
    """The most memory that this process has had since it was last asked."""
    status = Path("/proc/self/status").read_text()
    Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def lifted(path: Path, out: Path) -> dict:
    """What became of one file, in this process: words, seconds, bytes."""
    peak_bytes()
    before = [resource.getrusage(who) for who in _WHO]
    try:
        done = export.lift_file(path, out, detector=None if path.suffix == ".json" else Sees())
        said = f"lifted: {len(done.lifts)}"
        wrong = "" if all(lift.poses.pose_mm.isfinite().all() for lift in done.lifts) else "NaN"
    except InputError as error:
        said, wrong = f"refused: {error}", "more than one line" if "\n" in str(error) else ""
    except BaseException as error:
        said, wrong = f"{type(error).__name__}: {error}"[:300], "no line of its own"
    after = [resource.getrusage(who) for who in _WHO]
    cpu_s = sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime
                for a, b in zip(before, after, strict=True))  # fmt: skip
    # Of children the system keeps the largest alone.
    most = peak_bytes() + 1024 * after[1].ru_maxrss * (after[1].ru_maxrss > before[1].ru_maxrss)
    return dict(said=said, wrong=wrong, cpu_s=cpu_s, bytes=most)


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def work() -> None:
    """Lift the files whose names come in, a line each; what became of each goes out."""
    import warnings

    warnings.simplefilter("error")
    for line in sys.stdin:
        path, out = map(Path, json.loads(line))
        print(json.dumps(lifted(path, out)), flush=True)
        shutil.rmtree(out, ignore_errors=True)


class Worker:
    """Another process that lifts; a new one where the last one hung or died."""

    def __init__(self):
        self._process: subprocess.Popen | None = None

    def lift(self, path: Path, out: Path) -> dict:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, __file__, "--work"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True,
            )  # fmt: skip
        timer = threading.Timer(10 * MOST_CPU_S, self._process.kill)
        timer.start()
        try:
            print(json.dumps([str(path), str(out)]), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        timer.cancel()
        if line:
            return json.loads(line)
        self._process.kill()
        return dict(said="", wrong="hung, or died", cpu_s=0.0, bytes=0)


def made(folder: Path, count: int, dice: random.Random, others: str) -> list[Path]:
    """All files: what is odd, what is no file, and so many broken ones."""
    good = media_mutations.pictures()
    work = folder / "work"
    work.mkdir()
    films = media_mutations.films(work)
    shutil.rmtree(work)
    contents = [*good.items(), *films.items(), *media_mutations.odd(others)]
    names = [
        "-leading dash.jpg",
        "two\nlines.png",
        "😀 smile.jpg",
        "a'quote\".mp4",
        "%d.mp4",
        "b:c.mp4",
    ]
    for name in names:
        contents.append((name, films["film.mp4"] if name.endswith("mp4") else good["plain.jpg"]))
    sources = [*good.items()] * 2 + [*films.items()] * 3
    for number in range(count):
        name, content = dice.choice(sources)
        contents.append((f"{number:04d}_{name}", media_mutations.broken(content, dice)))
    paths = []
    for name, content in contents:
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    for name, make in {
        "device.mp4": lambda path: path.symlink_to("/dev/zero"),
        "device.jpg": lambda path: path.symlink_to("/dev/zero"),
        "pipe.mp4": os.mkfifo, "pipe.jpg": os.mkfifo, "folder.mp4": Path.mkdir,
        "huge.jpg": lambda path: _sparse(path, b"\xff\xd8\xff"),
        "huge.gif": lambda path: _sparse(path, b"GIF89a"),
        "huge.mp4": lambda path: _sparse(path, b"\0\0\0\x18ftypisom"),
        "gone.mp4": lambda path: path.symlink_to("nowhere"),
        "link.mp4": lambda path: path.symlink_to("film.mp4"),
    }.items():  # fmt: skip
        make(folder / name)
        paths.append(folder / name)
    return paths


def _sparse(path: Path, head: bytes) -> None:
    """A file of 3 GB that takes no place."""
    path.write_bytes(head)
    os.truncate(path, 3 << 30)


def by_command(path: Path, out: Path) -> str:
    """What is wrong with how the command itself ends; '' where nothing is."""
    command = [sys.executable, "-m", "posebook.cli", "lift", "--detector", "stacked_hourglass",
               "--out", str(out), "--", str(path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=10 * MOST_CPU_S)
    shutil.rmtree(out, ignore_errors=True)
    lines = [line for line in done.stderr.replace("\r", "\n").splitlines() if "frame/s" not in line]
    if "Traceback" in done.stderr or done.returncode not in (0, 2):
        return f"the command: status {done.returncode}: {done.stderr[-300:]}"
    said = [line for line in lines if line.strip() and not line.startswith((" ", "\t"))]
    return f"the command says {len(said)} lines" if done.returncode == 2 and len(said) > 2 else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=600, help="broken files, besides the odd ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="copy what does not hold into this folder")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work()
        return 0
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    others = f"http://127.0.0.1:{listening.getsockname()[1]}/film.mp4"
    found: dict[str, int] = dict(lifted=0, refused=0, wrong=0)
    slowest, largest, worker = (0.0, ""), (0, ""), Worker()
    with tempfile.TemporaryDirectory(prefix="posebook-broken-") as place:
        folder, out = Path(place) / "in", Path(place) / "out"
        folder.mkdir()
        paths = made(folder, given.count, random.Random(given.seed), others)
        before, began = sorted(os.listdir(folder)), time.monotonic()
        for number, path in enumerate(paths):
            done = worker.lift(path, out)
            wrong = done["wrong"]
            if done["cpu_s"] > MOST_CPU_S or done["bytes"] > MOST_BYTES:
                wrong = wrong or f"{done['cpu_s']:.0f} s, {done['bytes'] / 1e6:.0f} MB"
            if not wrong and number % SAMPLE == 0:
                wrong = by_command(path, out)
            try:
                listening.accept()
                wrong = "an address that it names was opened"
            except BlockingIOError:
                pass
            slowest = max(slowest, (done["cpu_s"], path.name))
            largest = max(largest, (done["bytes"], path.name))
            found["wrong" if wrong else done["said"].partition(":")[0]] += 1
            if wrong:
                print(f"{path.name!r}: {wrong}: {done['said']}", flush=True)
                if given.keep and path.is_file() and not path.is_symlink():
                    given.keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, given.keep / path.name)
        if sorted(os.listdir(folder)) != before:
            found["wrong"] += 1
            print("something was written beside the files")
    print(
        f"{len(paths)} files: {found['lifted']} lifted, {found['refused']} refused in one line, "
        f"{found['wrong']} DID NOT HOLD; slowest {slowest[0]:.1f} CPU s ({slowest[1]}), "
        f"largest {largest[0] / 1e6:.0f} MB ({largest[1]}); {time.monotonic() - began:.0f} s"
    )
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
