"""What a run costs more in a sweep than by itself: `posebook sweep` against `posebook run`.

    python benchmarks/sweep.py [--cells 4] [--rounds 3]

In turns, a chapter that does next to nothing is run by `posebook run`, by a sweep of one cell, and
by a sweep of several on one worker. What the several take more than the one, cell by cell, is a run
in a sweep; the rest, dask's start and end, is once a sweep. The exit status is 1 where a run in a
sweep takes more than 3 % of 30 s longer than one by itself.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

PROMISED = 0.03 * 30  # s
CHAPTER = """\
# ---
# jupyter:
#   kernelspec: {display_name: Python 3 (ipykernel), language: python, name: python3}
#   posebook: {id: nothing, title: Nothing, level: beginner, prerequisites: [], device: cpu,
#     minutes: {ci: 0.1, laptop: 0.1, full: 0.1}, data: [], paper: "", updated: "2026-11-29"}
# ---

# %% tags=["parameters"]
profile = "ci"
seed = 0
out_dir = None

# %%
print(seed)
"""


def posebook(*words: object) -> float:
    """The seconds that a command took."""
    started = time.monotonic()
    command = [sys.executable, "-m", "posebook.cli", *map(str, words), "--profile", "ci"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def round_of(chapter: Path, folder: Path, cells: int) -> tuple[float, float, float]:
    """Seconds of a run by itself, of one in a sweep, and of what a sweep costs once."""
    alone = posebook("run", chapter, "--out", folder / "alone")
    sweep = ("sweep", chapter, "--jobs", 1, "--out")
    one = posebook(*sweep, folder / "one", "-p", "seed", 0)
    several = posebook(*sweep, folder / "several", "-p", "seed", f"0-{cells - 1}")
    inside = (several - one) / (cells - 1)
    return alone, inside, one - inside


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cells", type=int, default=4, help="of the longer sweep (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="medians of so many (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        chapter = Path(made) / "90_nothing.py"
        chapter.write_text(CHAPTER, encoding="utf-8")
        rounds = [
            round_of(chapter, Path(made) / str(number), max(2, options.cells))
            for number in range(options.rounds)
        ]
    alone, inside, once = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"a run by itself {alone:.2f} s, in a sweep {inside:.2f} s: {inside - alone:+.2f} s a run"
    )
    print(
        f"at most {PROMISED:.2f} s, 3 % of a run of 30 s; dask itself, once a sweep: {once:.1f} s"
    )
    return 1 if inside - alone > PROMISED else 0


if __name__ == "__main__":
    sys.exit(main())
