"""How long each chapter takes at a profile, against the minutes that its header promises.

    python benchmarks/chapters.py [--profile laptop] [CHAPTER ...]

One run each, since a chapter trains from the beginning; on a machine that does nothing else.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from posebook import chapters
from posebook.chapters import run

#: What every chapter may take at `ci`, kernel included, on two cores.
CI_SECONDS = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", nargs="*", help="numbers or ids; none: all")
    parser.add_argument("--profile", default="ci", choices=("ci", "laptop"))
    options = parser.parse_args()
    picked = [chapters.find(name) for name in options.chapter] or chapters.all_chapters()
    late = 0
    for chapter in picked:
        promised = 60 * chapter.minutes[options.profile]
        limit = CI_SECONDS if options.profile == "ci" else promised
        with tempfile.TemporaryDirectory() as folder:
            done = run.run_chapter(
                chapter, profile=options.profile, out_dir=Path(folder) / "run", quiet=True
            )
        late += done.seconds > limit
        print(
            f"{chapter.number} {chapter.id:24} {done.seconds:6.0f} s, header {promised:4.0f} s"
            + (f"; at most {limit:.0f} s" if done.seconds > limit else ""),
            flush=True,
        )
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
