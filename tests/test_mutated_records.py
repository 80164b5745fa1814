"""A few hundred damaged copies of every record that posebook reads back: each is read, or refused
with one line that a terminal only shows. The files of other programs: `test_mutations`.
"""

import json
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutations
import pytest
import safetensors.torch
import torch
from test_mutations import lifter, mutate_lifter

from posebook import chapters, lifting, results
from posebook.chapters import run
from posebook.chapters.sweeps import folder, reading
from posebook.datasets.published import human36m
from posebook.errors import InputError
from posebook.export.options import camera_of
from posebook.methods import network_files
from posebook.results import swept

FILES = 200
CAMERA = {
    "focal_px": [1145.0, 1143.0], "centre_px": [512.0, 515.0], "size_px": [1000, 1002],
    "radial": [-0.2, 0.25, 0.0], "tangential": [0.0, 0.0], "distortion": "opencv",
    "rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "position_mm": [0.0, 10.0, 4000.0],
    "name": "a camera", "ray_limit": None,
}  # fmt: skip
NUMBER = {
    "metric": "MPJPE", "value": 52.14, "unit": "mm", "protocol": "aligned", "data": "synthetic",
    "split": "test", "method": "Martinez", "chapter": "simple_baseline", "profile": "ci", "seed": 0,
    "device": "cpu", "seconds": 1.5, "versions": {"python": "3.11"}, "baseline": 60.0, "paper": 45,
    "note": "a note", "code": "abc1234", "frames": 100, "by_action": {"Walking": 50.0},
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A good record, and what reads its file; what comes out is text, or None."""

    name: str
    content: object
    read: Callable[[Path], str | None]


def tables_of(path: Path) -> str:
    numbers = results.read(path)
    forms = [results.table(numbers, form) for form in ("md", "text", "html")]
    rows = forms[0].splitlines()
    assert len(rows) == len(numbers) + 2 or not numbers, "a name broke the table"
    return " ".join(forms) + results.records(numbers, "csv") + results.records(numbers, "json")


def ledger(path: Path) -> str:
    return " ".join(str(number) + number.key for number in results.ledger_numbers(path))


def run_record(path: Path) -> str:
    begun = run._begun(path.parent, chapters.find("quickstart"))
    assert begun["parameters"].keys() <= chapters.find("quickstart").parameters.keys()
    return f"{begun['chapter']} {begun['profile']}"


def source(path: Path) -> str:
    found = human36m.read_source(path.parent)
    for camera in human36m._cameras(found)("S1", "Walking"):
        finite(camera)
    return f"{found.name} {found.terms}"


def finite(camera) -> None:
    away = camera.project(torch.tensor([[0.0, 0.0, 4000.0], [300.0, -900.0, 5000.0]]).double())
    assert away.isfinite().all()


def intrinsics(path: Path) -> str:
    camera = camera_of(path, (1000, 1000))
    finite(camera)
    return camera.name


def sweep(path: Path) -> str:
    folder.read(path.parent)
    runs, _ = reading.runs_in(path.parent, defaults=False)
    swept.differing(runs)
    return " ".join(f"{run.folder} {run.name} {run.chapter} {run.seed} {run.state}" for run in runs)


RECORDS = [
    Record("results.json", [NUMBER, NUMBER], tables_of),
    Record("ledger.jsonl", NUMBER, ledger),
    Record(
        "run.json",
        dict(chapter="quickstart", profile="ci", parameters={"seed": 1, "data": "synthetic"},
             finished=False, seconds=2.0),
        run_record,
    ),
    Record(
        "source.json",
        {"source": "a test", "frames_per_second": 25, "terms": "free", "notes": ["a note"],
         "cameras": {"S1": [CAMERA, CAMERA]}},
        source,
    ),
    Record("camera.json", CAMERA, intrinsics),
    Record(
        "sweep.json",
        {"format": "posebook sweep 1", "of": "quickstart", "profile": "ci", "comparison": {},
         "cells": [{"folder": "seed=1", "chapter": "quickstart", "name": "",
                    "parameters": {"seed": 1}}] * 2},
        sweep,
    ),
]  # fmt: skip


def is_shown_only(text: str) -> bool:
    """No control character, no half of a surrogate pair, nothing that turns the direction."""
    kinds = {unicodedata.category(letter) for letter in text.replace("\n", "")}
    return not kinds & {"Cc", "Cs"} and "\u202e" not in text


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_damaged_records_are_read_or_refused(record, tmp_path, capsys):
    path = tmp_path / record.name
    good = json.dumps(record.content).encode()
    path.write_bytes(good)
    assert record.read(path)
    refused = 0
    for number in range(FILES):
        damaged = mutations.mutate_json(good, random.Random(f"{record.name} {number}"))
        path.write_bytes(damaged)
        try:
            said = record.read(path)
        except InputError as error:
            said = str(error)
            refused += 1
            assert "\n" not in said and 10 < len(said) < 700, (number, said)
        except Exception as error:
            raise AssertionError(f"{record.name} {number}: {damaged[:2000]}") from error
        assert is_shown_only(said), (number, said)
    assert refused > FILES / 4, "damage that is hardly ever noticed tests little"


def test_damaged_headers_of_lifters_are_read_or_refused(tmp_path):
    lifter(tmp_path)
    path = tmp_path / "a.safetensors"
    good = path.read_bytes()
    assert lifting.load(path).name == "untrained"
    refused = 0
    for number in range(FILES // 2):
        path.write_bytes(mutate_lifter(good, random.Random(f"lifter {number}")))
        try:
            found = lifting.load(path)
            assert is_shown_only(found.name)
            network_files.numbers(found.header)
        except InputError as error:
            refused += 1
            assert is_shown_only(str(error)) and "\n" not in str(error)
    assert refused > FILES / 8


def test_a_header_that_no_json_may_be(tmp_path):
    path = tmp_path / "a.safetensors"
    for text in ("[" * 3000, '{"a":' * 3000, "9" * 5000, "null", '"\\ud800"', "{}", "\x00", "NaN"):
        path.write_bytes(safetensors.torch.save({"a": torch.zeros(1)}, {"posebook": text}))
        with pytest.raises(InputError, match="a.safetensors"):
            lifting.load(path)
