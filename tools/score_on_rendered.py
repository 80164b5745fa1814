"""PCKh of detectors on the test people of the rendered sets that ship.

    python tools/score_on_rendered.py stacked_hourglass RUN/after_*.safetensors

The pictures have 64 px and were drawn before any training. Everybody is cut out by the set's own
box. PCKh is MPII's. The last number is the lenient one of chapter 8.
"""

import argparse
from collections.abc import Sequence

from posebook import detection, results
from posebook.datasets import pictures
from posebook.metrics.pictures import pckh, pckh_neck

SETS = ("rendered_plain", "rendered_wild")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("detectors", nargs="+", metavar="DETECTOR", help="a shipped one, or a file")
    parser.add_argument("--keep", action="store_true", help="put it into data/ledger.jsonl")
    options = parser.parse_args(words)
    numbers = []
    for detector in map(detection.load, options.detectors):
        for name in SETS:
            people = pictures.load(name, split="test").as_joints(detector.skeleton)
            found_px, _ = detection.keypoints_of(people, detector)
            truth = (people.keypoints_px, people.head_px, detector.skeleton)
            number = results.Number(
                "PCKh@0.5", pckh(found_px, *truth), "%",
                "as MPII defines it: 14 joints, less than half a head length",
                data=name, split="test", method=detector.name, chapter=detector.name,
                profile=results.OF_A_FILE, frames=len(people), versions=results.versions(),
                code=results.code(),
            )  # fmt: skip
            lenient = pckh_neck(found_px, people.keypoints_px, detector.skeleton)
            print(f"{number}; lenient {lenient:.1f} %")
            numbers.append(number)
    if options.keep:
        results.keep(numbers)


if __name__ == "__main__":
    main()
