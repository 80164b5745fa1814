"""`load` by name, the data cards, and `posebook data check`."""

import asf_writer
import h36m_writer
import pytest
from keypoint_writer import openpose, person

from posebook import datasets, paths
from posebook.datasets import cards
from posebook.errors import InputError


def test_every_data_set_has_a_card_and_every_card_is_whole():
    names = [card.name for card in cards.cards()]
    assert names == list(cards.ORDER) and len(set(names)) == len(names)
    assert set(datasets.READABLE) | set(datasets.PLANNED) == set(names)
    for card in cards.cards():
        assert card.text.startswith(f"# {card.title}") and "## How to get it" in card.text
        assert card.licence and card.needs
        assert (card.reader == "yes") == (card.name in datasets.READABLE)
        assert ("no reader" in card.text) == (card.reader != "yes"), card.name
        assert all(need in ("needed", "wished") or need.startswith("only") for _, need, _ in
                   card.files)  # fmt: skip
    readme = (paths.DATA / "README.md").read_text()
    assert all(f"[{name}]({name}.md)" in readme for name in names)


def test_what_the_command_prints():
    assert all(name in cards.listing() for name in cards.ORDER)
    assert "vision.imar.ro" in cards.info("human36m") and "licence:" in cards.info("human36m")
    for function in (cards.info, cards.make):
        with pytest.raises(InputError, match="no data set is called 'h37m'; there are synthetic"):
            function("h37m")
    with pytest.raises(InputError, match="human36m cannot be made here"):
        cards.make("human36m")


@pytest.mark.parametrize("name", datasets.PLANNED)
def test_a_reader_that_is_yet_to_come_says_so(name, tmp_path):
    with pytest.raises(InputError, match=f"the reader of '{name}' is yet to come"):
        datasets.load(name, tmp_path)
    with pytest.raises(InputError, match="no reader yet"):
        cards.check(name, tmp_path)


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
    found = cards.check("human36m", tmp_path)
    assert not found.complete and "without S5, S6, S7, S8" in str(found)
    every = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
    h36m_writer.write(tmp_path, subjects=every)
    found = cards.check("human36m", tmp_path)
    assert found.complete and str(found).endswith("\ncomplete")
    (tmp_path / "data_3d_h36m.npz").unlink()
    found = cards.check("human36m", tmp_path)
    assert not found.complete and "MISSING data_3d_h36m.npz" in str(found)
    with pytest.raises(InputError, match="is a file"):
        cards.check("human36m", tmp_path / "data_2d_h36m_gt.npz")


def test_check_cmu_and_load_it(tmp_path):
    asf, amc, _ = asf_writer.write()
    (tmp_path / "07").mkdir()
    (tmp_path / "07" / "07_01.amc").write_text(amc)
    assert "MISSING *.asf" in str(cards.check("cmu", tmp_path))
    (tmp_path / "07" / "07.asf").write_text(asf)
    assert cards.check("cmu", tmp_path).complete
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
    assert cards.check("custom", folder).complete


@pytest.mark.slow
@pytest.mark.parametrize("name", ["synthetic", "synthetic_wide"])
def test_making_the_synthetic_sets(tmp_path, name):
    said = cards.make(name, tmp_path)
    assert "data_3d_h36m.npz" in said
    made = datasets.load(name, split="all")
    again = datasets.load("human36m", tmp_path, split="all")
    assert again.name == made.name and len(again.clips) == len(made.clips)
    for one, other in list(zip(made, again, strict=True))[:: len(made.clips) // 20]:
        assert one.name == other.name and one.camera.size_px == other.camera.size_px
        assert (one.pose_mm - other.pose_mm).abs().max() < 0.05
        seen = other.confidence > 0
        assert (one.keypoints_px - other.keypoints_px)[seen].abs().max() < 0.01
