"""results.json and the ledger: no number without its protocol, none that is not a number."""

import json
import math
import re
from dataclasses import replace

import pytest

from posebook import results
from posebook.errors import InputError
from posebook.results import kept

FACTS = dict(protocol="root-aligned, 17 joints", data="synthetic", split="test", method="Martinez")


def some(folder, **header):
    header = dict(profile="laptop", seed=0, device="cpu") | header
    book = results.Results("simple_baseline", folder, **header)
    book.add("MPJPE", 52.14, "mm", **FACTS, baseline=120, paper=62.9, seconds=3)
    book.add("PCK", 0.8123, "", **FACTS)
    return book


def test_file_says_everything(tmp_path):
    some(tmp_path)
    records = json.loads((tmp_path / "results.json").read_text())
    assert [record["metric"] for record in records] == ["MPJPE", "PCK"]
    wanted = dict(FACTS, value=52.14, unit="mm", baseline=120, paper=62.9, profile="laptop", seed=0)
    assert wanted.items() <= records[0].items()
    assert records[0]["device"] == "cpu" and records[0]["seconds"] == 3
    assert {"python", "torch", "posebook"} <= records[0]["versions"].keys()
    assert results.read(tmp_path / "results.json")[0] == some(tmp_path / "again").numbers[0]


def test_old_files_are_still_read(tmp_path):
    """With every field, and null where there is nothing."""
    old = dict(
        FACTS, metric="MPJPE", value=1.0, unit="mm", chapter="trial", profile="ci", seed=0,
        device="cpu", seconds=1.0, versions={"torch": "2"}, baseline=None, paper=None, note="",
    )  # fmt: skip
    (tmp_path / "results.json").write_text(json.dumps([old]))
    assert results.read(tmp_path / "results.json")[0].to_dict().items() <= old.items()


def test_a_number_says_its_code_and_comes_back_whole(tmp_path, monkeypatch):
    number = some(tmp_path).numbers[0]
    assert number.code == results.code()
    whole = replace(number, frames=3, by_action={"walk": 1.5}, code="abc1234")
    assert results.Number.from_dict(json.loads(json.dumps(whole.to_dict()))) == whole
    assert results.read(some(tmp_path / "again").write())[0].baseline == 120
    assert "paper" not in some(tmp_path).numbers[1].to_dict()
    results.code.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert results.code() == "", "no git, no commit"
    results.code.cache_clear()


def test_a_number_known_in_whole_units_says_no_more():
    about = dict(chapter="trial", profile="lifter")
    whole, exact = (results.Number("MPJPE", v, "mm", **FACTS, **about) for v in (83, 83.0))
    assert (whole.text, exact.text) == ("83 mm", "83.0 mm")
    assert whole.key.endswith("@lifter")


def test_the_numbers_of_one_method_for_a_header(tmp_path):
    book = some(tmp_path)
    book.add("MPJPE", 99, "mm", **FACTS | dict(method="zero depth"))
    assert [(n["metric"], n["method"]) for n in book.of("Martinez")] == [
        ("MPJPE", "Martinez"),
        ("PCK", "Martinez"),
    ]


def test_the_same_number_again_replaces_the_first(tmp_path):
    book = some(tmp_path)
    book.add("MPJPE", 50.0, "mm", **FACTS)
    assert [(n.metric, n.value) for n in book.numbers] == [("PCK", 0.8123), ("MPJPE", 50.0)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_result(tmp_path, value):
    with pytest.raises(FloatingPointError, match="MPJPE of Martinez"):
        some(tmp_path).add("MPJPE", value, "mm", **FACTS)


def test_a_new_folder_for_each_run(tmp_path):
    folders = {some(None).out_dir for _ in range(3)}
    assert len(folders) == 3 and all((f / "results.json").exists() for f in folders)


def test_unknown_profile(tmp_path):
    with pytest.raises(InputError, match="profile is 'fast'"):
        some(tmp_path, profile="fast")


def test_tables(tmp_path):
    book = some(tmp_path)
    for form in ("md", "html", "text"):
        # A page does not part a number from its unit.
        text = results.table(book.numbers, form).replace("&nbsp;", " ").replace("\xa0", " ")
        assert "52.1 mm" in text and "62.9 mm" in text and "0.812" in text
        assert "root-aligned, 17 joints" in text
    assert book._repr_html_().startswith("<table>")
    assert "note" not in results.table(book.numbers), "a column that no row fills"
    assert "<b>" not in results.table(
        [book.add("MPJPE", 1, "mm", **FACTS | dict(method="<b>"))], "html"
    )


def test_for_programs_every_digit(tmp_path):
    numbers = some(tmp_path).numbers
    lines = results.records(numbers, "csv").splitlines()
    assert lines[0].startswith("metric,value,unit,protocol") and ",52.14," in "," + lines[1]
    assert json.loads(results.records(numbers, "json"))[0]["value"] == 52.14


def test_collect_reads_a_tree(tmp_path):
    some(tmp_path / "a")
    some(tmp_path / "b" / "c")
    found, damaged = results.collect_runs(tmp_path)
    assert {run: len(numbers) for run, numbers in found.items()} == {"a": 2, "b/c": 2}
    assert damaged == []
    with pytest.raises(InputError, match="no such file or folder"):
        results.collect_runs(tmp_path / "nowhere")


def test_one_damaged_file_stops_no_table(tmp_path):
    some(tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "results.json").write_text("[" * 100_000)
    found, damaged = results.collect_runs(tmp_path)
    assert list(found) == ["a"]
    assert len(damaged) == 1 and "b/results.json: JSON nested too deeply" in damaged[0]
    with pytest.raises(InputError, match="JSON nested too deeply"):
        results.collect_runs(tmp_path / "b")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("value", ["x", None, True, [], {}, math.nan, math.inf, 1e300, 10**400, 10**5000]),
        ("seed", [1.5, "0", None, True, 10**400]),
        ("baseline", ["x", [], {}, math.nan, 1e300, True]),
        ("paper", ["x", [], -1e300]),
        ("seconds", ["x", {}, math.inf]),
        ("frames", ["x", 1.5, []]),
        ("versions", ["x", [], {"a": 1}, {"a": {"b": "c"}}, {"a\n": "b"}]),
        ("by_action", [1, {"a": "x"}, {"a": None}, {"\x1b[2J": 1.0}]),
        *(
            (name, [None, 1, [], {}, "a\nb", "\x1b[31m", "\x00", "\ud800", "\u202e", "x" * 2000])
            for name in ("metric", "unit", "protocol", "data", "split", "method", "note", "code")
        ),
    ],
)
def test_every_field_is_checked_when_a_record_is_read_back(tmp_path, field, values):
    record = some(tmp_path).numbers[0].to_dict()
    file = tmp_path / "results.json"
    for value in values:
        try:
            file.write_text(json.dumps([record | {field: value}]))
        except ValueError:  # Python writes no integer of 5,000 digits
            file.write_text(json.dumps([record | {field: 7}]).replace(": 7", ": " + "9" * 5000))
        with pytest.raises(InputError, match=rf"results\.json: a number: {field} is"):
            results.read(file)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"metric": "MPJPE"}]', '{"a": 1}', "\x00"])
def test_a_file_that_is_no_results(tmp_path, text):
    file = tmp_path / "results.json"
    file.write_text(text)
    with pytest.raises(InputError, match=r"results\.json: "):
        results.read(file)


def test_ledger_keeps_one_line_for_each_number(tmp_path, monkeypatch):
    file = tmp_path / "ledger.jsonl"
    monkeypatch.setattr(kept, "LEDGER", file)
    results.keep(some(tmp_path / "a").numbers, file)
    results.keep(some(tmp_path / "b", seed=1).numbers, file)
    results.keep(some(tmp_path / "c").numbers, file)
    assert len(file.read_text().splitlines()) == 4
    found = results.ledger("simple_baseline/martinez/synthetic/test/mpjpe")
    assert found.text == "52.1 mm" and found.seed == 0
    assert str(found) == (
        "52.1 mm MPJPE, root-aligned, 17 joints, synthetic test, laptop profile, seed 0"
    )
    assert results.ledger("simple_baseline/martinez/synthetic/test/mpjpe#1").seed == 1
    with pytest.raises(InputError, match=r"simple_baseline has simple_baseline/martinez/"):
        results.ledger("simple_baseline/martinez/synthetic/test/pjpe")


def test_ledger_does_not_choose_between_protocols(tmp_path, monkeypatch):
    file = tmp_path / "ledger.jsonl"
    monkeypatch.setattr(kept, "LEDGER", file)
    book = some(tmp_path)
    book.add("MPJPE", 60, "mm", **FACTS | dict(protocol="root-aligned, 16 joints"))
    results.keep(book.numbers, file)
    with pytest.raises(InputError, match="stands for 2 numbers"):
        results.ledger("simple_baseline/martinez/synthetic/test/mpjpe")


def test_means_and_spreads_of_a_chapter(tmp_path):
    header = dict(profile="laptop", seed=0, device="cpu")
    book = results.Results("simple_baseline", tmp_path, **header)
    file = tmp_path / "ledger.jsonl"
    book.add("MPJPE", 45.67, "mm", **FACTS)
    book.add("MPJPE, spread", 0.52, "mm", **FACTS)
    book.add("PCK", 90, "%", **FACTS)
    book.add("PCK", 10, "%", **FACTS | dict(split="S8"))
    results.keep(book.numbers, file)
    assert results.kept_means("simple_baseline", file) == {
        ("synthetic", "Martinez", "MPJPE"): "45.7 ± 0.5",
        ("synthetic", "Martinez", "MPJPE, spread"): "0.5",
        ("synthetic", "Martinez", "PCK"): "90.0",
    }
    assert results.kept_means("repnet", file) == {}
    for seed, value in ((1, 92), (2, 97)):
        later = results.Results("simple_baseline", tmp_path, **header | dict(seed=seed))
        later.add("PCK", value, "%", **FACTS)
        results.keep(later.numbers[-1:], file)
    means = results.kept_means("simple_baseline", file)
    assert means["synthetic", "Martinez", "PCK"] == "93.0 ± 3.6"


def test_the_ledger_of_the_book_can_be_read():
    keys = [number.key for number in results.ledger_numbers()]
    assert all(re.fullmatch("[0-9a-f]{7,}(-dirty)?", n.code) for n in results.ledger_numbers())
    assert len(keys) == len(set(keys)), "two protocols under one key: give the metrics other names"
