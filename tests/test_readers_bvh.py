"""BVH: every exporter's names, channels, units and axes, against forward kinematics by scipy."""

import bvh_writer
import numpy as np
import pytest
import torch
from bvh_writer import Style

from posebook import datasets
from posebook.datasets.readers import bvh
from posebook.errors import InputError
from posebook.skeletons import HOUSE

# Straight up the back, this body's chest is 0.54 and its spine 0.19 of the way: the chest is taken.


def read(tmp_path, style: Style, **options):
    text, truth = bvh_writer.write(style)
    path = tmp_path / "take.bvh"
    path.write_text(text)
    return bvh.read_bvh(path, **options), truth


def worst_mm(motion, truth) -> dict[str, float]:
    worst = {}
    for joint, key in bvh_writer.HOUSE_KEYS.items():
        found = motion.world_mm[:, HOUSE.index(joint)].numpy()
        worst[joint] = float(np.linalg.norm(found - truth[key], axis=-1).max())
    return worst


@pytest.mark.parametrize("names", bvh_writer.NAMES)
def test_names_of_every_exporter(tmp_path, names):
    motion, truth = read(tmp_path, Style(names))
    worst = worst_mm(motion, truth)
    by_place = any("the head is 'spine.006'" in note for note in motion.notes)
    assert by_place == (names == "blender")  # its names do not say which spine is the head
    assert max(worst.values()) < 0.01, worst
    assert motion.frames_per_second == pytest.approx(30, abs=1e-4)


@pytest.mark.parametrize("order", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
@pytest.mark.parametrize("positions", ["root", "all", "zeros", "moving"])
def test_channels_in_any_order_on_any_joint(tmp_path, order, positions):
    motion, truth = read(tmp_path, Style(order=order, positions=positions))
    assert max(worst_mm(motion, truth).values()) < 0.01


@pytest.mark.parametrize("unit_mm", [1.0, 10.0, 25.4, 1000.0, 25.4 / 0.45])
@pytest.mark.parametrize("up", ["y", "z"])
def test_unit_and_up_are_recognised(tmp_path, unit_mm, up):
    motion, truth = read(tmp_path, Style(unit_mm=unit_mm, up=up))
    limit = 2.0 if unit_mm > 100 else 0.1  # six decimals of a metre
    assert max(worst_mm(motion, truth).values()) < limit
    assert any(note.startswith("unit taken to be") for note in motion.notes)
    assert any(note.startswith(f"up taken to be {up}") for note in motion.notes)


def test_unit_and_up_can_be_given(tmp_path):
    motion, truth = read(tmp_path, Style(unit_mm=10.0), unit=20.0, up="z")
    y_up_mm = 2 * truth["left_knee"] @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    found = motion.world_mm[:, HOUSE.index("left_knee")].numpy()
    assert np.abs(found - y_up_mm).max() < 0.1  # the file's own axes, and twice as large
    with pytest.raises(InputError, match="unit is 'elle'"):
        read(tmp_path, Style(), unit="elle")
    with pytest.raises(InputError, match="up is 'w'"):
        read(tmp_path, Style(), up="w")


@pytest.mark.parametrize("above", [("Reference",), ("Armature", "root"), ("Bip01",)])
def test_a_root_above_the_hips(tmp_path, above):
    motion, truth = read(tmp_path, Style(above=above))
    assert max(worst_mm(motion, truth).values()) < 0.01


@pytest.mark.parametrize("up", ["y", "z"])
def test_a_rest_pose_that_is_no_person(tmp_path, up):
    motion, truth = read(tmp_path, Style(odd_rest=True, up=up))
    assert max(worst_mm(motion, truth).values()) < 0.01
    assert any("mostly stands" in note for note in motion.notes)


def test_names_with_spaces_and_helpers(tmp_path):
    helpers = {"left_hip": "LeftUpLegTwist", "left_wrist": "LeftHandThumb1", "left_foot": "IK_foot"}
    motion, truth = read(tmp_path, Style("biped", spaces=True, extra=helpers))
    assert max(worst_mm(motion, truth).values()) < 0.01


def test_without_end_sites_the_head_is_invented(tmp_path):
    motion, truth = read(tmp_path, Style(ends=False))
    worst = worst_mm(motion, truth)
    assert worst.pop("head") < 150 and max(worst.values()) < 0.01
    assert any(note.startswith("head: as far above") for note in motion.notes)


@pytest.mark.parametrize("neck", ["Pole", "LeftPole"])
def test_without_a_head_by_name(tmp_path, neck):
    """Told by its place; or, where it cannot be (on the left?), left empty beside the rest."""
    text, truth = bvh_writer.write(Style("rokoko"))
    lines = text.replace("Head", "Lamp").replace("Neck", neck).splitlines()
    lines[-2] = " ".join(["1e300"] * len(lines[-2].split()))
    path = tmp_path / "take.bvh"
    path.write_text("\n".join(lines))
    motion = bvh.read_bvh(path)
    assert motion.world_mm[4].isnan().all()
    kept = [0, 1, 2, 3, 5]
    for joint in ("left_knee", "right_wrist", "spine"):
        found = motion.world_mm[kept, HOUSE.index(joint)].numpy()
        assert np.abs(found - truth[bvh_writer.HOUSE_KEYS[joint]][kept]).max() < 0.01
    head = motion.world_mm[kept, HOUSE.index("head")].numpy()
    if neck == "Pole":
        assert np.abs(head - truth["head_top"][kept]).max() < 0.01
        assert any("found by their place" in note for note in motion.notes)
    else:
        assert np.isnan(head).all()
        assert any("left empty" in note for note in motion.notes)


def test_the_face_looks_ahead(tmp_path):
    text, truth = bvh_writer.write(Style())
    path = tmp_path / "take.bvh"
    path.write_text(text)
    motion = bvh.read_bvh(path)
    nose = motion.world_mm[:, HOUSE.index("neck_nose")].numpy() - truth["head"]
    assert np.allclose(np.linalg.norm(nose, axis=-1), 0.7 * 180, atol=0.1)
    up = truth["head_top"] - truth["head"]
    assert np.abs((nose * up).sum(-1)).max() / 180**2 < 0.05  # at right angles to the head
    # The body faces Y-up's +Z, which is our -y; no turn in this file is beyond 90 degrees.
    assert (nose[:, 1] < 0).all()


def test_names_can_be_given(tmp_path):
    text, truth = bvh_writer.write(Style())
    path = tmp_path / "take.bvh"
    path.write_text(text.replace("LeftLeg", "joint_17"))
    with pytest.raises(InputError, match="left_knee"):
        bvh.read_bvh(path)
    motion = bvh.read_bvh(path, names={"left_knee": "joint_17"})
    assert max(worst_mm(motion, truth).values()) < 0.01
    with pytest.raises(InputError, match="no joint is called 'joint_18'"):
        bvh.read_bvh(path, names={"left_knee": "joint_18"})


def test_broken_numbers_become_empty_frames(tmp_path):
    text, _ = bvh_writer.write(Style())
    lines = text.splitlines()
    lines[-2] = " ".join(["nan"] * len(lines[-2].split()))
    path = tmp_path / "take.bvh"
    path.write_text("\n".join(lines))
    motion = bvh.read_bvh(path)
    empty = motion.world_mm.isnan().flatten(1).all(1)
    assert empty.tolist() == [False] * 4 + [True, False]
    assert any("1 of 6 frames" in note for note in motion.notes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t[: len(t) // 2], "HIERARCHY|braces|MOTION"),
        (lambda t: t.replace("Frames: 6", "Frames: 7"), "7 frames"),
        (lambda t: t.replace("Frames: 6", "Frames: 900000000000"), "numbers"),
        (lambda t: t.replace("CHANNELS 3", "CHANNELS 4", 1), "CHANNELS"),
        (lambda t: t.replace("OFFSET", "OFFSET nan", 1), "OFFSET"),
        (lambda t: t[: t.index("MOTION")] + "MOTION\n", "Frames"),
        (lambda t: t.rsplit("\n", 3)[0] + " 12,5\n", "12,5"),
        (lambda t: t.replace("Left", "Links").replace("Right", "Rechts"), "left_foot"),
        (lambda t: t.replace("{", ""), "HIERARCHY|brace"),
        (lambda t: "version https://git-lfs.github.com/spec/v1\n", "Git-LFS"),
        (lambda t: "", "empty"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, change, says):
    path = tmp_path / "take.bvh"
    path.write_text(change(bvh_writer.write(Style())[0]))
    with pytest.raises(InputError, match=says) as error:
        bvh.read_bvh(path)
    assert "take.bvh" in str(error.value) and "\n" not in str(error.value)


def test_a_folder_or_nothing_in_place_of_a_file(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        bvh.read_bvh(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        datasets.read_motion(tmp_path / "none.bvh")


def test_ten_thousand_frames(tmp_path):
    text, _ = bvh_writer.write(Style())
    head, rows = text.split("Frames: 6")
    rows = rows.splitlines()
    long = "\n".join([rows[1], *(rows[2:] * 1667)][: 1 + 10_000])
    path = tmp_path / "long.bvh"
    path.write_text(f"{head}Frames: 10000\n{long}\n")
    motion = bvh.read_bvh(path)
    assert len(motion) == 10_000


def test_load_bvh_sees_each_motion_with_four_cameras(tmp_path):
    (tmp_path / "take.bvh").write_text(bvh_writer.write(Style())[0])
    people = datasets.load("bvh", tmp_path, split="test")
    assert len(people.clips) == 4 and people.skeleton == HOUSE and len(people) == 24
    assert (people.confidence == 1).all() and (people.pose_mm[..., 2] > 1000).all()
    clip = people.clips[0]
    assert torch.allclose(clip.camera.project(clip.pose_mm), clip.keypoints_px, atol=1e-3)
    with pytest.raises(InputError, match="no training half"):
        datasets.load("bvh", tmp_path)
