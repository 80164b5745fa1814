"""Long files that are none of anybody's key points: refused early, whatever their size."""

import json

import keypoint_writer as kw
import numpy as np
import pytest

from posebook import datasets, files
from posebook.datasets.readers import arrays, keypoint_files, keypoint_json, table_columns, tables
from posebook.datasets.readers import files as text_files
from posebook.errors import InputError


def _alpha(count, points):
    return [{"image_id": f"{n}.jpg", "keypoints": points} for n in range(count)]


LONG_JSON = {
    "entries of nobody": (_alpha(90, []), "nobody in its first"),
    "names of numbers": ({str(n): 0 for n in range(900)}, "an object with 0, 1"),
    "names of objects": ({f"k{n}": {"a": {}} for n in range(900)}, "an object with k0, k1"),
    "strings": ([""] * 900, "entry 1 is ''"),
    "pairs": ([[[1, 2]]] * 900, "a list of 1"),
    "empty frames": ([{"frame": n, "people": []} for n in range(900)], "nobody in its first"),
}


@pytest.mark.parametrize("case", LONG_JSON)
def test_a_long_json_is_refused_by_its_beginning(tmp_path, monkeypatch, case):
    content, says = LONG_JSON[case]
    monkeypatch.setattr(keypoint_files, "_LONG", 1000)
    monkeypatch.setattr(keypoint_files, "_MANY", 10)
    monkeypatch.setattr(keypoint_files, "parsed", lambda *_: pytest.fail("all of it was parsed"))
    kw.dump(tmp_path / "a.json", content)
    with pytest.raises(InputError, match=says):
        datasets.read_any(tmp_path / "a.json", size="1000x800")


@pytest.mark.parametrize("holder", ["list", "by name", "frames", "coco"])
def test_a_long_json_of_people_is_read_whole(tmp_path, monkeypatch, holder):
    people = kw.person(60, 17)
    people[..., 2] = 2
    entries = [
        {"image_id": f"{n}.jpg", "keypoints": one.reshape(-1).tolist()}
        for n, one in enumerate(people)
    ]
    content = {
        "list": entries,
        "by name": {one["image_id"]: one for one in entries},
        "frames": {"info": {}, "frames": entries},
        "coco": kw.coco([(f"{n}.jpg", [one]) for n, one in enumerate(people)]),
    }[holder]
    kw.dump(tmp_path / "a.json", content)
    (whole,) = datasets.read_any(tmp_path / "a.json")
    monkeypatch.setattr(keypoint_files, "_LONG", 10_000)
    monkeypatch.setattr(keypoint_files, "_MANY", 10)
    (found,) = datasets.read_any(tmp_path / "a.json")
    assert len(found) == 60 and found.keypoints_px.equal(whole.keypoints_px)


@pytest.mark.parametrize(
    ("text", "letters", "held"),
    [
        ("[1, [2, 3], 4]", 11, [1, [2, 3]]),
        ('\n{"a": {"b": 1}, "c" :[2], "d": 3', 26, {"a": {"b": 1}, "c": [2]}),
        ("[1, 2", 100, [1, 2]),
        ("[]", 100, []),
        ("[" * 99_999, 99_999, []),
        ("x", 100, []),
        ("", 100, []),
    ],
)
def test_first_entries_of_json(text, letters, held):
    assert files.first_entries(text, letters) == held


@pytest.mark.parametrize(
    ("name", "most", "content", "says"),
    [
        ("_MOST_IN_PICTURE", 5, {"people": [{"pose_keypoints_2d": []}] * 6}, "6 people in one"),
        ("_MOST_IN_PICTURE", 5, [{"keypoints": []}] * 6, "6 people in one picture"),
        ("_MOST_ENTRIES", 5, [None] * 6, "a list of 6"),
    ],
)
def test_more_people_or_frames_than_anybody_films(tmp_path, monkeypatch, name, most, content, says):
    monkeypatch.setattr(keypoint_json, name, most)
    kw.dump(tmp_path / "a.json", content)
    with pytest.raises(InputError, match=says):
        datasets.read_any(tmp_path / "a.json")


def test_json_of_names_alone_or_without_an_end(monkeypatch):
    monkeypatch.setattr(files, "_MOST_NAMES", 100)
    monkeypatch.setattr(files, "_LONG", 100)
    with pytest.raises(InputError, match="JSON of 101 names"):
        files.parsed(json.dumps({str(n): 0 for n in range(101)}), "x", "a test")
    people = json.dumps(_alpha(101, [1.5] * 51))
    assert len(files.parsed(people + "\n", "x", "a test")) == 101
    with pytest.raises(InputError, match="no bracket at its end; cut short"):
        files.parsed(people[:-3], "x", "a test")


def test_coco_without_key_points_is_refused(tmp_path):
    images = [{"id": n} for n in range(9)]
    marks = [{"image_id": n, "keypoints": []} for n in range(9)]
    kw.dump(tmp_path / "a.json", {"images": images, "annotations": marks})
    with pytest.raises(InputError, match="no annotation has keypoints"):
        datasets.read_any(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.trc"])
@pytest.mark.parametrize("text", ["1," * 60, "a_x," * 30 + "\n1,2\n", "5 " * 60])
def test_a_line_longer_than_any_is_refused(tmp_path, monkeypatch, name, text):
    monkeypatch.setattr(text_files, "_LONGEST_LINE", 100)
    head = "PathFileType\t4\n" if name == "a.trc" else ""
    (tmp_path / name).write_text(head + text)
    with pytest.raises(InputError, match="a line of more than 100 letters"):
        datasets.read_any(tmp_path / name)


def test_a_long_table_is_judged_by_its_beginning(tmp_path, monkeypatch):
    points = kw.person(50, 17)[..., :2].reshape(50, -1)
    np.savetxt(tmp_path / "good.csv", points, delimiter=",")
    (whole,) = datasets.read_any(tmp_path / "good.csv")
    (tmp_path / "bad.csv").write_text("1,2,3\n" * 999)
    monkeypatch.setattr(arrays, "_LONG", 3000)
    (found,) = datasets.read_any(tmp_path / "good.csv")
    assert found.keypoints_px.equal(whole.keypoints_px) and len(found) == 50
    monkeypatch.setattr(tables, "_MOST_JOINTS", 100)
    asked, rows_of = [], table_columns.rows_of
    monkeypatch.setattr(table_columns, "rows_of", lambda *a: asked.append(a[1]) or rows_of(*a))
    with pytest.raises(InputError, match="3 numbers in a row are no joint set"):
        datasets.read_any(tmp_path / "bad.csv")
    assert asked == [3000]
