"""Folders of prepared key points: the three formats say the same, and nothing in them is run."""

import json
import os
import pickle

import numpy as np
import pytest
import torch
from test_safe_pickle import Runs

from posebook.datasets.readers import prepared_folder
from posebook.errors import InputError
from posebook.skeletons import COCO_17, HOUSE, YU_17

PIXELS = np.random.default_rng(0).uniform(0, 100, (17, 2))
NORMALISED = (PIXELS - PIXELS[YU_17.index("hip")]) / 500
HELD = {"joints_2d": NORMALISED, "original_joints_2d": PIXELS}


def write(folder, name, held=None):
    held = HELD if held is None else held
    file = folder / name
    if file.suffix == ".npz":
        np.savez(file, **held)
    elif file.suffix == ".json":
        lists = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in held.items()}
        file.write_text(json.dumps(lists))
    else:
        file.write_bytes(pickle.dumps(held, protocol=2))
    return file


@pytest.mark.parametrize("ending", (".pkl", ".pickle", ".npz", ".json"))
def test_every_format(tmp_path, ending):
    write(tmp_path, f"3{ending}")
    (tmp_path / "3.jpg").write_bytes(b"picture")
    (tmp_path / "3_out.jpg").write_bytes(b"made")
    (person,) = prepared_folder.read(tmp_path)
    order = YU_17.indices(*HOUSE.joints)
    assert person.clip.skeleton is HOUSE and person.clip.name == "3"
    assert np.allclose(person.clip.keypoints_px[0], PIXELS[order])
    assert np.allclose(person.normalised, NORMALISED[order])
    assert person.photograph == tmp_path / "3.jpg"
    assert person.clip.confidence.min() == 1


def test_order_of_people_and_the_safer_format_first(tmp_path):
    for name in ("10.pkl", "9.json", "b.npz", "a.npz"):
        write(tmp_path, name)
    other = HELD | {"original_joints_2d": PIXELS + 1}
    write(tmp_path, "9.pkl", other)
    people = prepared_folder.read(tmp_path)
    assert [person.clip.name for person in people] == ["9", "10", "a", "b"]
    assert np.allclose(people[0].clip.keypoints_px[0, 0], PIXELS[YU_17.index("hip")])


def test_other_layouts_missing_joints_and_files_without_pixels(tmp_path):
    points = PIXELS.copy()
    points[HOUSE.index("head")] = np.nan
    write(tmp_path, "1.npz", {"original_joints_2d": points, "layout": "human36m_17"})
    write(tmp_path, "2.json", {"original_joints_2d": PIXELS, "layout": COCO_17.name})
    write(tmp_path, "3.pkl", {"joints_2d": NORMALISED})
    one, two, three = prepared_folder.read(tmp_path)
    assert one.clip.confidence[0, HOUSE.index("head")] == 0 and one.normalised is None
    assert torch.isnan(one.clip.keypoints_px[0, HOUSE.index("head")]).all()
    feet = two.clip.keypoints_px[0, HOUSE.index("left_foot")]
    assert np.allclose(feet, PIXELS[COCO_17.index("left_foot")])
    assert "no pixels" in three.clip.notes[0]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "hostile",
    [
        lambda trace: Runs(os.system, f"touch {trace}"),
        lambda trace: HELD | {"more": Runs(exec, f"open({str(trace)!r}, 'w')")},
        lambda trace: {"joints_2d": Runs(eval, f"open({str(trace)!r}, 'w')")},
        lambda trace: {"joints_2d": np.array([Runs(os.system, f"touch {trace}")], dtype=object)},
    ],
)
def test_what_would_run_is_refused(tmp_path, protocol, hostile):
    trace = tmp_path / "ran"
    (tmp_path / "1.pkl").write_bytes(pickle.dumps(hostile(trace), protocol=protocol))
    with pytest.raises(InputError, match="1.pkl: refused") as error:
        prepared_folder.read(tmp_path)
    assert "\n" not in str(error.value) and not trace.exists()


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ({"joints": PIXELS}, "holds 'joints'; expected original_joints_2d"),
        ({"joints_2d": PIXELS[:14]}, r"shape \(14, 2\); expected \(17, 2\)"),
        ({"joints_2d": PIXELS.T}, r"shape \(2, 17\)"),
        ({"joints_2d": np.zeros((17, 2))}, "in one place"),
        ({"joints_2d": np.full((17, 2), np.nan)}, "fewer than three"),
        ({"joints_2d": "seventeen"}, "expected numbers"),
        (HELD | {"layout": "of my own"}, "1.pkl: no joint set is called"),
        ({"joints_2d": 1e300 * PIXELS}, "1.pkl: joints_2d: coordinates beyond 1e"),
        ({"joints_2d": NORMALISED, "layout": 10**5000}, "1.pkl: refused"),
        ([1, 2], "a list of 2"),
    ],
    ids=range(10),
)
def test_mistakes_get_one_line(tmp_path, held, says):
    write(tmp_path, "1.pkl", held)
    with pytest.raises(InputError, match=says) as error:
        prepared_folder.read(tmp_path)
    assert "\n" not in str(error.value)


def test_folders_that_are_none(tmp_path):
    for path in (tmp_path, tmp_path / "absent", write(tmp_path / "..", "file.json")):
        with pytest.raises(InputError, match="expected a folder"):
            prepared_folder.read(path)
    (tmp_path / "1.pkl").write_bytes(b"not a pickle")
    with pytest.raises(InputError, match="1.pkl"):
        prepared_folder.read(tmp_path)
