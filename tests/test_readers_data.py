"""`load` by name, the data cards, and `posebook data check`."""

import subprocess
import sys

import asf_writer
import h36m_writer
import pytest
from keypoint_writer import openpose, person

from posebook import cli, datasets, paths
from posebook.datasets import cards, clips, folders, loading
from posebook.datasets.people import synthetic
from posebook.errors import InputError


def test_every_data_set_has_a_card_and_every_card_is_whole():
    names = [card.name for card in cards.cards()]
    assert names == list(cards.ORDER) and len(set(names)) == len(names)
    for card in cards.cards():
        assert card.text.startswith(f"# {card.title}") and "## How to get it" in card.text
        assert card.licence and card.needs
        assert card.reader in ("yes", "pictures"), card.name
        assert all(need in ("needed", "wished") or need.startswith("only") for _, need, _ in
                   card.files)  # fmt: skip
    readme = (paths.DATA / "README.md").read_text()
    assert all(f"[{name}]({name}.md)" in readme for name in names)


def test_what_the_command_prints():
    assert all(name in cards.listing() for name in cards.ORDER)
    assert "vision.imar.ro" in cards.info("human36m") and "licence:" in cards.info("human36m")
    for function in (cards.info, folders.make):
        with pytest.raises(InputError, match="no data set is called 'h37m'; there are synthetic"):
            function("h37m")
    with pytest.raises(InputError, match="human36m cannot be made here"):
        folders.make("human36m")


@pytest.mark.parametrize("name", [card.name for card in cards.cards() if card.reader != "yes"])
def test_a_set_of_pictures_says_what_reads_it(name, tmp_path):
    with pytest.raises(InputError, match=rf"{name}: holds people in pictures.*pictures.load"):
        datasets.load(name, tmp_path)
    with pytest.raises(InputError) as caught:
        datasets.pictures.load(name, tmp_path)
    advice = "make" if name.startswith("rendered") else "info"
    assert str(tmp_path) in str(caught.value) and f"posebook data {advice}" in str(caught.value)
    assert not folders.check(name, tmp_path).complete


@pytest.mark.parametrize("name", [card.name for card in cards.cards() if card.reader == "yes"])
def test_every_other_one_has_a_reader(name, tmp_path):
    (tmp_path / "empty").mkdir()
    try:
        datasets.load(name, tmp_path / "empty", split="test")
    except InputError as error:
        assert "yet to come" not in str(error) and str(tmp_path) in str(error)


def loaded_by(code: str) -> set[str]:
    """The modules that a new process has imported after `code`."""
    code += "; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_list_of_data_sets_needs_neither_torch_nor_numpy():
    assert "posebook.datasets.cards" not in loaded_by("import posebook.datasets")
    found = loaded_by(
        "import posebook.cli; from posebook.datasets import cards; "
        "print(cards.listing()); print(cards.info('human36m'))"
    )
    assert "posebook.datasets.cards" in found and not found & {"torch", "numpy"}


def test_one_person_needs_no_matching(tmp_path):
    for people in (1, 2):
        folder = openpose(
            tmp_path / f"{people}",
            {n: [one + 400 * k for k in range(people)] for n, one in enumerate(person(4, 25))},
        )
        found = loaded_by(
            f"from posebook import datasets; datasets.read_keypoints({str(folder)!r})"
        )
        assert ("scipy.optimize" in found) == (people == 2)


def test_the_names_of_the_package_are_those_of_its_modules():
    assert datasets.load is loading.load and datasets.Clip is clips.Clip
    assert set(datasets.__all__) <= set(dir(datasets))
    with pytest.raises(AttributeError, match="no attribute 'loads'"):
        datasets.loads  # noqa: B018


def test_unknown_names_and_missing_roots(tmp_path):
    with pytest.raises(InputError, match="no data set is called 'x'; there are synthetic"):
        datasets.load("x")
    for name in ("human36m", "cmu", "bvh", "custom"):
        with pytest.raises(InputError, match="needs root="):
            datasets.load(name)
        with pytest.raises(InputError, match="no such file or folder"):
            datasets.load(name, tmp_path / "none", split="test")


def test_check_human36m(tmp_path):
    h36m_writer.write(tmp_path)
    found = folders.check("human36m", tmp_path)
    assert not found.complete and "without S5, S6, S7, S8" in str(found)
    every = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
    h36m_writer.write(tmp_path, subjects=every)
    found = folders.check("human36m", tmp_path)
    assert found.complete and str(found).endswith("\ncomplete")
    (tmp_path / "data_3d_h36m.npz").unlink()
    found = folders.check("human36m", tmp_path)
    assert not found.complete and "MISSING data_3d_h36m.npz" in str(found)
    with pytest.raises(InputError, match="is a file"):
        folders.check("human36m", tmp_path / "data_2d_h36m_gt.npz")


def test_check_cmu_and_load_it(tmp_path):
    asf, amc, _ = asf_writer.write()
    (tmp_path / "07").mkdir()
    (tmp_path / "07" / "07_01.amc").write_text(amc)
    assert "MISSING *.asf" in str(folders.check("cmu", tmp_path))
    (tmp_path / "07" / "07.asf").write_text(asf)
    assert folders.check("cmu", tmp_path).complete
    people = datasets.load("cmu", tmp_path, split="test")
    assert (people.clips[0].subject, people.clips[0].action) == ("07", "07_01")
    assert len(people.clips) == 4 and people.clips[0].notes
    with pytest.raises(InputError, match="there are subjects 07"):
        datasets.load("cmu", tmp_path, split="test", subjects=["08"])
    with pytest.raises(InputError, match="no training half"):
        datasets.load("cmu", tmp_path, split="train")
    assert len(datasets.read_any(tmp_path / "07")) == 1  # a folder of motions


def test_custom_is_any_file_of_key_points(tmp_path):
    folder = openpose(tmp_path / "mine", {n: [one] for n, one in enumerate(person(4, 25))})
    people = datasets.load("custom", folder, split="test", size=(640, 480))
    assert people.name == "mine" and len(people) == 4 and people.clips[0].size_px == (640, 480)
    with pytest.raises(InputError, match="no 3D truth"):
        people.pose_mm  # noqa: B018
    assert folders.check("custom", folder).complete


@pytest.mark.slow
@pytest.mark.parametrize("name", ["synthetic", "synthetic_wide"])
def test_making_the_synthetic_sets(tmp_path, name):
    output = folders.make(name, tmp_path)
    assert "data_3d_h36m.npz" in output
    made = datasets.load(name, split="all")
    again = datasets.load("human36m", tmp_path, split="all")
    assert again.name == made.name and len(again.clips) == len(made.clips)
    for one, other in list(zip(made, again, strict=True))[:: len(made.clips) // 20]:
        assert one.name == other.name and one.camera.size_px == other.camera.size_px
        assert (one.pose_mm - other.pose_mm).abs().max() < 0.05
        seen = other.confidence > 0
        assert (one.keypoints_px - other.keypoints_px)[seen].abs().max() < 0.01


@pytest.mark.parametrize(
    ("name", "asked", "made"),
    [
        ("synthetic", 1, 420),  # the fewest: 105 clips of one frame, four cameras
        ("synthetic", 1000, 840),
        ("synthetic", 105_000, 105_000),  # the default
        ("synthetic", 1_000_000, 999_600),
        ("synthetic_wide", 1, 2),
        ("synthetic_wide", 50_000, 50_000),  # the default
        ("synthetic_wide", 1_000_000, 1_000_000),
    ],
)
def test_frames_in_all_become_clips_of_equal_length(name, asked, made):
    size = synthetic.size_for(name, asked)
    views = 4 if name == "synthetic" else 1
    assert views * len(synthetic.cast(name, size=size)) * size.frames == made
    if asked > 50_000:
        assert 0.8 < size.frames / synthetic.DEFAULT[name].frames < 1.25


def test_data_make_with_a_number_of_frames(tmp_path, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["posebook", "data", "make", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code or 0, capsys.readouterr()

    out = ("--out", tmp_path / "made")
    status, output = call("synthetic", "--frames", 1000, *out)
    assert status == 0
    assert "synthetic: 420 clips, 840 frames (1000 were asked for" in output.out
    made = datasets.load("human36m", tmp_path / "made", split="all")
    assert made.name == "synthetic" and len(made) == 840 and len(made.clips) == 420
    status, output = call("synthetic", "--frames", 420, *out)  # its own archives are replaced
    assert status == 0 and "420 clips, 420 frames\n" in output.out
    assert len(datasets.load("human36m", tmp_path / "made", split="all")) == 420
    assert len(list((tmp_path / "made").iterdir())) == 3
    for bad in ("0", "-5", "x", "1.5", "1e6", "30000001", "9" * 5000, "nan", "٥"):
        status, output = call("synthetic", "--frames", bad, "--out", tmp_path / "bad")
        assert status == 2 and output.err.count("\n") == 1 and "--frames" in output.err, bad
    status, output = call("human36m", "--frames", 10)
    assert status == 2 and "--frames is for synthetic" in output.err
    assert not (tmp_path / "bad").exists()


def test_making_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    folders.make("synthetic", tmp_path, frames=420)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fails(*_, **__):
        raise OSError("the disk is full")

    monkeypatch.setattr("numpy.savez_compressed", fails)
    with pytest.raises(OSError, match="full"):
        folders.make("synthetic", tmp_path, frames=840)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
