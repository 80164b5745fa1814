"""Kill a chapter's run with signal 9 at random epochs, resume it, and compare the final numbers.

    python tools/kill_and_resume.py simple_baseline --profile laptop --times 5 -p epochs 12

First one run that is left alone; then, `--times` over, a run that is killed once a random number
of epochs is on disk, and is begun again with the same --out. All must end in the same numbers.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from posebook import results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter")
    parser.add_argument("--profile", default="ci")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of death")
    parser.add_argument("-p", dest="given", nargs=2, action="append", default=[])
    options = parser.parse_args()
    dice = random.Random(options.seed)
    command = [sys.executable, "-m", "posebook.cli", "run", options.chapter]
    command += ["--profile", options.profile]
    for name, value in options.given:
        command += ["-p", name, value]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        subprocess.run([*command, "--out", whole], check=True, stdout=subprocess.DEVNULL)
        wanted, total = numbers(whole), epochs(whole)
        print(f"left alone: {total} epochs, {len(wanted)} numbers", flush=True)
        equal = True
        for turn in range(options.times):
            out = Path(folder) / f"killed{turn}"
            killed_at = kill_at([*command, "--out", out], out, dice.randrange(1, max(total, 2)))
            subprocess.run([*command, "--out", out], check=True, stdout=subprocess.DEVNULL)
            same = numbers(out) == wanted
            equal = equal and same
            print(f"killed with {killed_at} of {total} epochs done, resumed: {verdict(same)}")
            sys.stdout.flush()
    return 0 if equal else 1


def verdict(same: bool) -> str:
    return "identical final numbers" if same else "OTHER final numbers"


def numbers(folder: Path) -> dict[tuple[str, str], float]:
    """Every final number by its key and protocol."""
    return {(n.key, n.protocol): n.value for n in results.read(folder / "results.json")}


def epochs(folder: Path) -> int:
    """Epochs on disk, over all training loops of the chapter."""
    logs = folder.rglob("log.csv") if folder.exists() else []
    return sum(max(0, len(log.read_text().splitlines()) - 1) for log in logs)


def kill_at(command: list, out: Path, count: int) -> int:
    """Start the run and kill it once `count` epochs are on disk; how many there were."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while epochs(out) < count and process.poll() is None:
        time.sleep(0.02)
    if process.poll() is not None:
        raise SystemExit("the run ended before it could be killed; give it more epochs")
    process.send_signal(signal.SIGKILL)
    process.wait()
    return epochs(out)


if __name__ == "__main__":
    sys.exit(main())
