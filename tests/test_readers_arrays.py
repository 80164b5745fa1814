"""Bare arrays: shapes, names beside them, key points or positions, unit and axes, CSV."""

from pathlib import Path

import h36m_writer
import numpy as np
import pytest
import torch
from keypoint_writer import lose, person

from posebook import datasets
from posebook.datasets import Clip, Motion
from posebook.errors import InputError
from posebook.skeletons import BODY_25, COCO_17, HOUSE, LSP_14, MPII_16

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="data are not beside the repo")


@pytest.mark.parametrize(
    ("joints", "skeleton"), [(14, LSP_14), (16, MPII_16), (17, COCO_17), (25, BODY_25)]
)
@pytest.mark.parametrize("flat", [False, True])
def test_key_points_by_their_count(tmp_path, joints, skeleton, flat):
    points = person(5, joints)[..., :2]
    np.save(tmp_path / "a.npy", points.reshape(5, -1) if flat else points)
    (clip,) = datasets.read_any(tmp_path / "a.npy")
    assert isinstance(clip, Clip) and clip.skeleton == skeleton
    assert np.allclose(clip.keypoints_px.numpy(), points, atol=1e-3)
    assert any(f"{joints} joints taken to be {skeleton.name}" in note for note in clip.notes)


def test_17_joints_are_told_apart_by_where_they_are(tmp_path):
    picture = h36m_writer.seen(h36m_writer.person(6), "S1")[0]
    np.save(tmp_path / "house.npy", picture)
    assert datasets.read_any(tmp_path / "house.npy")[0].skeleton == HOUSE
    assert datasets.read_any(tmp_path / "house.npy", layout="coco")[0].skeleton == COCO_17
    np.save(tmp_path / "coco.npy", person(6)[..., :2])
    assert datasets.read_any(tmp_path / "coco.npy")[0].skeleton == COCO_17


def test_confidence_as_a_third_number_or_beside(tmp_path):
    people = lose(person(4), 0.3)
    np.save(tmp_path / "a.npy", people)
    beside = {"joints": np.array(COCO_17.joints), "frames_per_second": 25.0, "size_px": [640, 480]}
    seen = {"keypoints_px": people[..., :2], "confidence": people[..., 2]}
    np.savez(tmp_path / "b.npz", **seen, **beside)
    for name in ("a.npy", "b.npz"):
        (clip,) = datasets.read_any(tmp_path / name)
        missing = people[..., 2] == 0
        assert clip.keypoints_px[torch.from_numpy(missing)].isnan().all()
        assert np.allclose(clip.confidence.numpy(), people[..., 2], atol=1e-5)
    assert (clip.frames_per_second, clip.size_px, clip.skeleton) == (25.0, (640, 480), COCO_17)
    assert not any("taken to be" in note for note in clip.notes)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1000.0])
@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1)])
def test_positions_in_any_unit_and_axes(tmp_path, scale, axes):
    metres = h36m_writer.person(6).astype(np.float64)
    sign = np.array([1, 1, 1]) if axes == (0, 1, 2) else np.array([1, 1, -1])
    np.save(tmp_path / "a.npy", metres[..., axes] * sign * scale)
    (motion,) = datasets.read_any(tmp_path / "a.npy", fps=30)
    assert isinstance(motion, Motion) and motion.skeleton == HOUSE
    assert np.allclose(motion.world_mm.numpy(), 1000 * metres, atol=0.5)
    assert motion.frames_per_second == 30


def test_positions_by_the_names_this_package_writes(tmp_path):
    metres = h36m_writer.person(6).astype(np.float64)
    lying = 1000 * metres[..., (0, 2, 1)] * (1, -1, 1)  # camera axes: y down
    np.savez(tmp_path / "a.npz", pose_mm=lying, joints=np.array(HOUSE.joints))
    np.savez(tmp_path / "b.npz", world_mm=1000 * metres, pose_mm=lying, fps=50)
    for name in ("a.npz", "b.npz"):
        (motion,) = datasets.read_any(tmp_path / name)
        assert np.allclose(motion.world_mm.numpy(), 1000 * metres, atol=0.1), name
    assert motion.frames_per_second == 50


def test_an_archive_of_many_motions(tmp_path):
    clips = {f"train/walking_{i}": 1000 * h36m_writer.person(4 + i) for i in range(3)}
    np.savez(tmp_path / "a.npz", **clips, count=3)
    motions = datasets.read_motion(tmp_path / "a.npz")
    assert [(m.name, len(m)) for m in motions] == [(k, len(v)) for k, v in clips.items()]


def test_32_joints_are_human36m(tmp_path):
    metres = h36m_writer.person(3)
    np.save(tmp_path / "a.npy", 1000 * h36m_writer.of_32(metres))
    (motion,) = datasets.read_motion(tmp_path / "a.npy")
    assert motion.skeleton == HOUSE
    assert np.allclose(motion.world_mm.numpy(), 1000 * metres, atol=0.1)


def header(joints, axes) -> str:
    return ",".join(f"{joint}_{axis}" for joint in joints for axis in axes)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_with_titles(tmp_path, mark):
    people = lose(person(4), 0.2)
    rows = [header(COCO_17.joints, ("x", "y", "confidence"))]
    rows += [",".join("" if v == 0 else f"{v:.3f}" for v in frame.reshape(-1)) for frame in people]
    rows = [f"{'frame' if i == 0 else i - 1},{row}" for i, row in enumerate(rows)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows).replace(",", mark))
    (clip,) = datasets.read_any(path)
    assert clip.skeleton == COCO_17 and clip.keypoints_px.shape == (4, 17, 2)
    seen = people[..., 2] > 0
    assert np.allclose(clip.keypoints_px.numpy()[seen], people[..., :2][seen], atol=0.01)
    assert ((clip.confidence > 0).numpy() == seen).all()


def test_csv_of_deeplabcut(tmp_path):
    people = person(3)
    joints = [joint for joint in COCO_17.joints for _ in range(3)]
    rows = [
        "scorer," + ",".join(["net"] * 51),
        "bodyparts," + ",".join(joints),
        "coords," + ",".join(["x", "y", "likelihood"] * 17),
        *(f"{n}," + ",".join(f"{v:.3f}" for v in one.reshape(-1)) for n, one in enumerate(people)),
    ]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    (clip,) = datasets.read_keypoints(tmp_path / "a.csv")
    assert clip.skeleton == COCO_17
    assert np.allclose(clip.confidence.numpy(), people[..., 2], atol=1e-3)


def test_csv_of_bare_numbers_and_of_positions(tmp_path):
    metres = h36m_writer.person(3)
    np.savetxt(tmp_path / "bare.csv", 1000 * metres.reshape(3, -1), delimiter=",")
    np.savetxt(tmp_path / "named.csv", metres.reshape(3, -1), delimiter=",",
               header=header(HOUSE.joints, "xyz"), comments="")  # fmt: skip
    for name in ("bare.csv", "named.csv"):
        (motion,) = datasets.read_any(tmp_path / name)
        assert np.allclose(motion.world_mm.numpy(), 1000 * metres, atol=0.1), name


def npy(array):
    return lambda path: np.save(path.with_suffix(".npy"), array, allow_pickle=True)


def text(content: str, ending: str = ".csv"):
    return lambda path: path.with_suffix(ending).write_text(content)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (npy(np.zeros((4, 19, 2))), "19 joints"),
        (npy(np.zeros((4, 17, 5))), r"shape \(4, 17, 5\)"),
        (npy(np.zeros(7)), r"shape \(7,\)"),
        (npy(np.zeros((2, 3, 17, 2))), "one person"),
        (npy(np.full((4, 17, 2), np.nan)), "nobody"),
        (npy(np.full((4, 17, 3), np.nan)), "not one position is finite"),
        (npy(np.zeros((0, 17, 2))), "numbers"),
        (npy(np.array(["a"])), "numbers"),
        (npy(np.array({"a": 1}, dtype=object)), "dict"),
        (npy(np.full((4, 17, 3), 1e300)), "fits no unit|finite"),
        (npy(np.zeros((4, 23))), "say layout="),
        (text("a,b\n1,2\n3"), "row 3 has 1 cells"),
        (text("a,b\n1,2\n"), "left_knee_x"),
        (text("nothing"), "no rows of numbers"),
        (text(""), "empty"),
        (text("1,2,3\n", ".dat"), "3 numbers in a row"),
        (lambda path: np.savez(path.with_suffix(".npz"), a=3), "expected keypoints_px"),
        (lambda path: np.savez(path.with_suffix(".npz"), keypoints=np.zeros((3, 17, 2)),
                               confidence=np.zeros(9)), "confidence does not fit"),
    ],
)  # fmt: skip
def test_one_line_says_what_is_wrong(tmp_path, write, says):
    write(tmp_path / "broken")
    (path,) = tmp_path.iterdir()
    with pytest.raises(InputError, match=says) as error:
        datasets.read_any(path)
    assert "broken" in str(error.value) and "\n" not in str(error.value)


def test_key_points_and_positions_do_not_pass_for_each_other(tmp_path):
    np.save(tmp_path / "a.npy", person(4)[..., :2])
    np.save(tmp_path / "b.npy", h36m_writer.person(4))
    with pytest.raises(InputError, match="read_keypoints"):
        datasets.read_motion(tmp_path / "a.npy")
    with pytest.raises(InputError, match="read_motion"):
        datasets.read_keypoints(tmp_path / "b.npy")
    with pytest.raises(InputError, match="read_any: options colour"):
        datasets.read_any(tmp_path / "a.npy", colour=1)


@needs_shared
def test_files_of_others():
    (clip,) = datasets.read_any(SHARED / "mpii_poses.npy")
    assert len(clip) == 19_919 and clip.skeleton == HOUSE
    motions = datasets.read_any(SHARED / "cmu" / "cmu_h36m17.npz")
    assert len(motions) == 96 and all(m.skeleton == HOUSE for m in motions)
    worst = max(float((m.world_mm - torch.from_numpy(a)).abs().max()) for m, a in zip(
        motions, np.load(SHARED / "cmu" / "cmu_h36m17.npz").values(), strict=True))  # fmt: skip
    assert worst < 1e-3
