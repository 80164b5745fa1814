"""What was swept is in the table: mean and spread over seeds, two sweeps side by side."""

import json
import statistics

import pytest
from swept_runs import row, rows, run, swept_widths

from posebook import paths, results
from posebook.chapters.sweeps import reading, tables
from posebook.results import paired, sweep_tables, swept


@pytest.fixture
def swept_folder(tmp_path):
    return swept_widths(tmp_path)


def test_mean_and_spread_over_seeds_and_baselines_once(swept_folder):
    found = rows(swept_folder, ["width"], metrics=["MPJPE"])
    told = [(row.by, row.number.method, row.text, list(row.values)) for row in found]
    assert told == [
        (("64",), "m", "51.0 ± 1.0 mm", [0, 1, 2]),
        (("128",), "m", "61.0 ± 1.0 mm", [0, 1, 2]),
        (None, "mean pose", "90.0 ± 0.0 mm", [0, 1, 2]),
    ]
    assert found[0].folders == tuple(f"seed={seed},width=64" for seed in range(3))
    assert found[0].spread == statistics.stdev([50, 51, 52])
    each = rows(swept_folder, ["width", "seed"], metrics=["MPJPE"], methods=["m"])
    assert [(row.by, row.text) for row in each][:2] == [
        (("64", "0"), "50.0 mm"), (("64", "1"), "51.0 mm")
    ]  # fmt: skip
    assert swept.differing(reading.runs_in(swept_folder)[0]) == ["width"]


def test_what_is_pooled_and_what_is_missing_is_told(swept_folder):
    text, notes = tables.of_folders([swept_folder], tables.Asked(by=["chapter"]))
    assert "56.0 ± 5.5 mm" not in text  # of six runs; three seeds, each a mean of two
    assert "56.0 ± 1.0 mm" in text
    assert notes[:2] == [
        "±: one standard deviation over seeds",
        "rows pool runs that also differ in width (64, 128): tell them apart with --by "
        "chapter,width",
    ]
    assert notes[2:] == [
        "not in the table: seed=3,width=64: failed: cell 3 failed: no luck",
        "not in the table: seed=4,width=64: cut short",
    ]


def test_runs_with_the_same_parameters_count_once(swept_folder):
    run(swept_folder / "again", 0, 50.0, width=64)
    assert len(rows(swept_folder, ["width"], metrics=["MPJPE"])[0].folders) == 3


def test_runs_without_a_record_are_read(tmp_path):
    """As a notebook leaves them, and as older versions did."""
    for seed in (0, 1):
        run(tmp_path / str(seed), seed, 50.0 + seed)
        (tmp_path / str(seed) / "run.json").unlink()
    (found,) = rows(tmp_path, ["width"], metrics=["P-MPJPE"])
    assert found.by == ("",) and found.text == "25.2 ± 0.4 mm"
    (tmp_path / "1" / "run.json").write_text("{")
    runs, damaged = reading.runs_in(tmp_path)
    assert len(runs) == 2 and "run.json" in damaged[0]
    assert swept.unfinished(runs) == ["1: its record is damaged"]


def test_runs_without_a_record_are_not_taken_for_one(tmp_path):
    """Their chapter's defaults are not known to be theirs; their mean says so."""
    for name, value in (("a", 50.0), ("b", 60.0)):
        run(tmp_path / name, 0, value, chapter="simple_baseline")
        (tmp_path / name / "run.json").unlink()
    runs, _ = reading.runs_in(tmp_path)
    assert [one.parameters for one in runs] == [{"seed": 0}, {"seed": 0}]
    text, notes = tables.of_folders([tmp_path], tables.Asked(metrics=["MPJPE"], methods=["m"]))
    assert "| m | MPJPE | 55.0 mm | 0 | a b |" in text
    assert notes == ["no parameters are known of a, b: rows pool them"]


def test_a_sweeps_runs_have_names_and_those_to_come_are_known(tmp_path):
    run(tmp_path / "quick,seed=0", 0, 50.0)
    cells = [
        dict(folder=f"{name},seed=0", chapter="trial", name=name, parameters={"seed": 0})
        for name in ("quick", "slow")
    ]
    about = {"format": "posebook sweep 1", "of": "x", "profile": "ci", "comparison": {}}
    paths.write_text(tmp_path / "sweep.json", json.dumps(about | {"cells": cells}))
    found, _ = reading.runs_in(tmp_path)
    assert [(one.name, one.state) for one in found] == [
        ("quick", "finished"), ("slow", "not begun")
    ]  # fmt: skip
    assert swept.differing(found) == ["name"]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([50, 51, 52, 53, 54], [40, 42, 41, 44, 43], "the second is lower"),
        ([40, 42, 41, 44, 43], [50, 51, 52, 53, 54], "the second is higher"),
        ([50, 51, 52, 53, 54], [49, 53, 50, 55, 54], "cannot tell: the interval holds 0"),
        ([50, 51, 52, 53], [40, 41, 42, 43], "cannot tell: 4 of at least 5 pairs of seeds"),
        ([50], [40], "cannot tell: 1 of at least 5 pairs of seeds"),
        ([50, 50, 50, 50, 50], [49, 49, 49, 49, 49], "the second is lower"),
        ([90, 90, 91, 90, 90], [90, 90, 91, 90, 90], "the same"),
        ([90, 90, 91], [90, 90], "the same"),
    ],
)
def test_what_may_be_said_of_two_sweeps(first, second, verdict):
    (found,) = paired.paired([row(first)], [row(second)])
    assert found.verdict == verdict


def test_the_interval_is_that_of_a_paired_t_test():
    first, second = [50, 51, 52, 53, 54, 57.5], [49, 53, 50, 55, 54, 52]
    (found,) = paired.paired([row(first)], [row(second)])
    # scipy.stats.ttest_rel(second, first).confidence_interval(0.95)
    assert found.interval == pytest.approx((-3.7136107, 2.2136107), abs=1e-6)
    assert found.mean == pytest.approx(statistics.fmean(second) - statistics.fmean(first))


def test_rows_are_paired_by_what_they_are_of():
    """Seeds that both have; methods of the same name; of two chapters, the two that are left."""
    first = [row([1, 2, 3]), row([9], "mean pose", None), row([5], by=("128",))]
    second = [row([1, 4], "other"), row([9], "mean pose", None)]
    found = paired.paired(first, second)
    told = [(d.first and d.first.number.method, d.second and d.second.number.method,
             len(d.differences), d.verdict) for d in found]  # fmt: skip
    assert told == [
        ("m", "other", 2, "cannot tell: 2 of at least 5 pairs of seeds"),
        ("mean pose", "mean pose", 1, "the same"),
        ("m", None, 0, "only in the first"),
    ]


def test_a_baseline_is_a_pair_with_itself_whatever_else_was_swept():
    """It holds for every width of the first sweep; the second has one width alone."""
    first = [row([1, 2]), row([3, 4], by=("128",)), row([9, 9], "mean pose", None)]
    second = [row([1, 2]), row([9, 9], "mean pose")]
    for one, other in ((first, second), (second, first)):
        told = [(d.second and d.second.number.method, d.verdict) for d in paired.paired(one, other)]
        assert ("mean pose", "the same") in told and len(told) == 3


def test_what_is_said_of_a_papers_figure_stands_below_the_table(tmp_path):
    book = results.Results("trial", tmp_path / "a", profile="ci", seed=0, device="cpu")
    book.add(
        "MPJPE",
        50.0,
        "mm",
        method="m",
        protocol="p",
        data="d",
        split="test",
        paper=37.1,
        note="paper: Human3.6M; figure not verified",
    )
    _, notes = tables.of_folders([tmp_path], tables.Asked())
    assert "paper: Human3.6M; figure not verified" in notes


def test_what_two_sweeps_differ_in_is_told(swept_folder, tmp_path):
    other = tmp_path.with_name(f"{tmp_path.name}_slow")
    for seed in (0, 1):
        run(other / f"seed={seed}", seed, 40.0 + seed, width=64, rate=0.1)
    _, notes = tables.of_folders([swept_folder, other], tables.Asked(by=["width"]))
    assert notes[:2] == [
        f"the two differ in rate: {swept_folder.name} has none; {other.name} has 0.1",
        f"the two differ in seed: {swept_folder.name} has 0, 1, 2; {other.name} has 0, 1",
    ]


def test_of_a_sweep_the_command_tells_means(posebook, swept_folder):
    about = {"format": "posebook sweep 1", "of": "x", "profile": "ci", "comparison": {}}
    paths.write_text(swept_folder / "sweep.json", json.dumps(about | {"cells": []}))
    _, text, _ = posebook("results", swept_folder)
    assert "| 64 | m | MPJPE | 51.0 ± 1.0 mm |" in text


def test_digits_of_an_interval_are_those_of_its_difference():
    (found,) = paired.paired([row([50, 51, 52, 53, 54])], [row([51, 54, 53, 57, 55])])
    line = sweep_tables.compared([found], ["width"], ["a", "b"]).splitlines()[-1]
    assert "| +2.0 mm | +0.2 to +3.8 | 5 |" in line


def test_a_parameter_that_was_left_alone_is_the_default(tmp_path):
    for seed in (0, 1):
        run(tmp_path / "a" / f"{seed}", seed, 50.0, dropout=None)
        run(tmp_path / "b" / f"{seed}", seed, 50.0, dropout=0.0)
    _, notes = tables.of_folders([tmp_path / "a", tmp_path / "b"], tables.Asked())
    assert "the two differ in dropout: a has default; b has 0.0" in notes


def test_of_named_runs_only_what_a_row_pools_is_told(tmp_path):
    """Two chapters, each with a name of its own: nothing is pooled."""
    cells = []
    for chapter in ("one", "two"):
        for seed in (0, 1):
            run(tmp_path / f"{chapter}{seed}", seed, 50.0, chapter=chapter)
            about = dict(chapter=chapter, name=chapter, parameters={"seed": seed})
            cells.append(dict(folder=f"{chapter}{seed}", **about))
    about = {"format": "posebook sweep 1", "of": "x", "profile": "ci", "comparison": {}}
    paths.write_text(tmp_path / "sweep.json", json.dumps(about | {"cells": cells}))
    _, notes = tables.of_folders([tmp_path], tables.Asked(by=["chapter"]))
    assert not [note for note in notes if "pool" in note]


def test_an_empty_folder_is_a_mistake(posebook, tmp_path):
    status, _, error = posebook("results", tmp_path)
    assert status == 2 and "no run in it" in error and len(error.splitlines()) == 1


def test_the_command(posebook, swept_folder):
    status, text, error = posebook("results", swept_folder)
    assert status == 0 and "| chapter | run | width | method |" in text
    assert "not finished: seed=3,width=64: failed: cell 3" in error
    status, text, error = posebook("results", swept_folder, "--by", "width", "--metric", "mpjpe")
    assert status == 0 and text.startswith("root-aligned; d test, ci profile\n\n| width | method |")
    assert "| 64 | m | MPJPE | 51.0 ± 1.0 mm | 0, 1, 2 | seed={0,1,2},width=64 |" in text
    assert "| any | mean pose | MPJPE | 90.0 ± 0.0 mm | 0, 1, 2 | all |" in text
    assert "\n\n- ±: one standard deviation over seeds\n- not in the table: seed=3" in text
    assert "\n- not in the table: seed=4,width=64: cut short" in text and not error
    _, text, error = posebook("results", swept_folder, "--by", "width", "--format", "csv")
    assert "note: not in the table: seed=4,width=64: cut short" in error
    assert text.splitlines()[0].startswith("width,method,metric,mean,spread,unit,protocol")
    _, text, _ = posebook("results", swept_folder, "--method", "m", "--format", "json")
    assert json.loads(text)[0]["mean"] == 51.0


def test_two_folders_and_a_page(posebook, swept_folder, tmp_path):
    other = tmp_path.with_name(f"{tmp_path.name}_other")
    for seed in range(3):
        run(other / f"seed={seed}", seed, 40.0 + seed, width=64)
    page = tmp_path / "page.html"
    words = ["results", swept_folder, other, "--metric", "MPJPE", "--plot", page]
    status, text, error = posebook(*words)
    assert status == 0 and "| width | method | metric |" in text, error
    assert "| 51.0 ± 1.0 mm | 41.0 ± 1.0 mm | -10.0 mm | -10.0 to -10.0 | 3 |" in text
    assert "| cannot tell: 3 of at least 5 pairs of seeds |" in text
    assert "| only in the first |" in text
    html = page.read_text()
    assert html.count("<figure") == 1 and f"and {other.name}: MPJPE on d test" in html
    assert "51.0 ± 1.0 mm" in html and "src=" not in html.partition("<script>")[0]
    run(other / "more", 0, 70.0, width=64, depth=2)
    status, _, error = posebook("results", swept_folder, other, "--by", "width")
    assert status == 2 and "runs also differ in depth; add that to --by" in error


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--by", "widht"], "--by widht: not there (did you mean width?); there are name; chapter"),
        (["--by", ""], "an argument is empty"),
        (["--by", "width,"], "--by : not there"),
        (["--metric", "MPJP"], "--metric MPJP: not there (did you mean MPJPE?)"),
        (["--method", "x"], "--method x: not there; there are m; mean pose"),
        (["--plot", "x.png"], "--plot x.png: expected a FILE.html"),
        (["a", "b"], "3 folders, expected one, or two"),
        (["nowhere"], "nowhere: there is no such file or folder"),
    ],
)
def test_a_mistake_is_one_line(posebook, swept_folder, words, line):
    status, _, error = posebook("results", swept_folder, *words)
    assert status == 2 and line in error and len(error.splitlines()) == 1


def test_a_folder_with_nothing_finished(posebook, tmp_path):
    run(tmp_path / "a", 0, 1.0, state="failed")
    status, _, error = posebook("results", tmp_path, "--by", "seed")
    assert status == 2 and "no finished run with results in it (1 failed)" in error
