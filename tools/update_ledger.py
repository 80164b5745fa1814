"""Put numbers of finished runs into data/ledger.jsonl, so that the book may print them.

python tools/update_ledger.py runs/simple_baseline/<time>/results.json
python tools/update_ledger.py RUN/results.json --only 'simple_baseline/martinez/*'
"""

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path

from posebook import results
from posebook.errors import InputError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, help="results.json of a run, or folders")
    parser.add_argument("--only", action="append", help="keys to take; * stands for anything")
    options = parser.parse_args()
    try:
        found = [results.collect_runs(file) for file in options.files]
        for _, damaged in found:
            print(*damaged, sep="\n", end="\n" if damaged else "", file=sys.stderr)
        numbers = [number for runs, _ in found for own in runs.values() for number in own]
        if options.only:
            numbers = [n for n in numbers if any(fnmatch(n.key, only) for only in options.only)]
        results.keep(numbers)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for number in numbers:
        print(f"{number.key}: {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
