"""Runs as sweeps leave them, and rows of their tables: what tests of results share."""

import json

from posebook import paths, results
from posebook.chapters.sweeps import reading
from posebook.results import swept


def run(
    folder, seed, value, *, method="m", state="finished", base=90.0, chapter="trial", **parameters
):
    """As `posebook run` leaves a folder: a method, and a baseline that learns nothing."""
    book = results.Results(chapter, folder, profile="ci", seed=seed, device="cpu")
    about = dict(protocol="root-aligned", data="d", split="test", seconds=1.0)
    book.add("MPJPE", value, "mm", method=method, **about)
    book.add("P-MPJPE", value / 2, "mm", method=method, **about)
    book.add("MPJPE", base, "mm", method="mean pose", **about)
    record = dict(chapter=chapter, profile="ci", parameters=dict(seed=seed, **parameters))
    record |= dict(finished=state == "finished", seconds=1.0)
    record |= dict(failed="cell 3 failed: no luck") if state == "failed" else {}
    paths.write_text(folder / "run.json", json.dumps(record))


def rows(folder, by, **more):
    return swept.rows(reading.runs_in(folder)[0], by, **more)


def row(values, method="m", by=("64",), unit="mm"):
    number = results.Number(
        "MPJPE", 1.0, unit, "p", "d", "test", method, "trial", "ci", 0, versions={}
    )
    return swept.Row(by, number, {seed: float(v) for seed, v in enumerate(values)}, ())


def swept_widths(folder):
    """Two widths, three seeds; width 64 is 10 mm better; one run failed, one was cut short."""
    for width in (64, 128):
        for seed in range(3):
            value = 50 + seed + (10 if width == 128 else 0)
            run(folder / f"seed={seed},width={width}", seed, value, width=width)
    run(folder / "seed=3,width=64", 3, 1.0, state="failed", width=64)
    run(folder / "seed=4,width=64", 4, 1.0, state="cut short", width=64)
    return folder
