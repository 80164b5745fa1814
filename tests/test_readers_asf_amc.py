"""ASF/AMC: forward kinematics against scipy, and CMU's own files against clips that others made."""

import re
from pathlib import Path

import asf_writer
import numpy as np
import pytest
from bvh_writer import HOUSE_KEYS

from posebook import datasets
from posebook.datasets.readers import asf_amc
from posebook.errors import InputError
from posebook.skeletons import CMU_31, HOUSE

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "cmu"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="CMU files are not beside the repo")


def write(folder: Path, asf: str, amc: str) -> Path:
    (folder / "07.asf").write_text(asf)
    (folder / "07_01.amc").write_text(amc)
    return folder / "07_01.amc"


@pytest.mark.parametrize("degrees", [True, False])
def test_joints_are_where_the_files_say(tmp_path, degrees):
    asf, amc, truth = asf_writer.write(degrees=degrees)
    motion = asf_amc.read_amc(write(tmp_path, asf, amc))
    for joint, key in HOUSE_KEYS.items():
        found = motion.world_mm[:, HOUSE.index(joint)].numpy()
        assert np.linalg.norm(found - truth[key], axis=-1).max() < 0.05, joint
    assert (motion.frames_per_second, motion.subject, motion.action) == (120.0, "07", "07_01")
    assert any("120 frames/s assumed" in note for note in motion.notes)
    assert asf_amc.read_amc(tmp_path / "07_01.amc", fps=60).frames_per_second == 60


def test_a_bone_that_the_file_never_moves_stays_at_rest(tmp_path):
    asf, amc, _ = asf_writer.write()
    amc = "\n".join(line for line in amc.splitlines() if not line.startswith("lwrist"))
    motion = asf_amc.read_amc(write(tmp_path, asf, amc))
    assert any("kept as at rest: lwrist" in note for note in motion.notes)
    assert motion.world_mm.isfinite().all()


def test_a_frame_with_a_line_missing_is_empty(tmp_path):
    asf, amc, _ = asf_writer.write()
    lines = amc.splitlines()
    lines.remove(next(line for line in reversed(lines) if line.startswith("upperback")))
    motion = asf_amc.read_amc(write(tmp_path, asf, "\n".join(lines)))
    assert len(motion) == 4 and motion.world_mm.isfinite().all()
    assert any("last frame, 5, lacks 1 of" in note for note in motion.notes)
    lines = amc.splitlines(keepends=True)
    lines.remove(next(line for line in lines if line.startswith("upperback")))
    motion = asf_amc.read_amc(write(tmp_path, asf, "".join(lines)))
    assert motion.world_mm.isnan().flatten(1).all(1).tolist() == [True] + [False] * 4
    assert any("1 of 5 frames do not say" in note for note in motion.notes)


def test_a_motion_cut_at_any_place_says_so(tmp_path):
    """A cut between two frames, or between two lines of the only one, cannot be seen."""
    asf, amc, _ = asf_writer.write(frames=3)
    starts = {amc.index(f"\n{number}\n") + 1 for number in (2, 3)}
    whole = len(asf_amc.read_amc(write(tmp_path, asf, amc)).notes)
    for end in range(amc.index("\n2\n") - 100, len(amc), 31):
        if end in starts or (end < min(starts) and amc[end - 1] == "\n"):
            continue
        path = write(tmp_path, asf, amc[:end])
        try:
            notes = asf_amc.read_amc(path).notes
        except InputError as error:
            assert end < amc.index("\n2\n") + 3, error
            continue
        cut = [note for note in notes if "cut short" in note]
        unmoved = end < amc.index("\n2\n") and any("never moved" in note for note in notes)
        assert len(cut) == 1 and len(notes) == whole + 1 + unmoved, (end, notes)


@pytest.mark.parametrize(
    ("number", "empty", "says"),
    [
        ("9", 4, "4 frame numbers between 1 and 9 are missing"),
        ("4", 0, "1 frame numbers do not follow"),
        ("1", 0, "1 frame numbers do not follow"),
        ("9" * 30, 0, "1 frame numbers do not follow"),
    ],
)
def test_frame_numbers_that_are_not_in_a_row(tmp_path, number, empty, says):
    asf, amc, _ = asf_writer.write()
    amc = amc.replace("\n5\n", f"\n{number}\n")
    motion = asf_amc.read_amc(write(tmp_path, asf, amc))
    assert len(motion) == 5 + empty and any(says in note for note in motion.notes)
    assert int(motion.world_mm.isnan().all(-1).all(-1).sum()) == empty


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (r"(name lfemur\n.*\n +length) \S+", r"without length or direction .damaged..: lfemur"),
        (r"(name ltibia\n +direction) .*", r"without length or direction .damaged..: ltibia"),
        (r"(name head\n +direction) \S+", r"direction is not 1 long.*: head"),
    ],
)
def test_bones_that_look_damaged_are_said(tmp_path, change, says):
    asf, amc, _ = asf_writer.write()
    assert not asf_amc.read_asf(write(tmp_path, asf, amc).with_name("07.asf")).doubts
    value = "0 0 0" if "ltibia" in change else "0" if "lfemur" in change else "9"
    path = write(tmp_path, re.sub(change, rf"\1 {value}", asf), amc)
    notes = " ".join(asf_amc.read_asf(path.with_name("07.asf")).doubts)
    assert re.search(says, notes)
    path = write(tmp_path, re.sub(r"(name lfemur\n.*\n +length) \S+", r"\1 0.4", asf), amc)
    assert "left and right that differ" in asf_amc.read_asf(path.with_name("07.asf")).doubts[0]
    write(tmp_path, re.sub(r"(name lfemur\n.*\n +length) \S+", r"\1 -2", asf), amc)
    with pytest.raises(InputError, match="length of 'lfemur' is -2"):
        asf_amc.read_amc(path)


def test_a_unit_that_makes_giants_is_not_believed(tmp_path):
    asf, amc, _ = asf_writer.write()
    motion = asf_amc.read_amc(write(tmp_path, asf.replace("length 0.45", "length 0.0045"), amc))
    assert any("unit taken to be cmu" in note for note in motion.notes)


@pytest.mark.parametrize(
    ("asf_change", "amc_change", "says"),
    [
        (lambda t: t.replace(":bonedata", ":bones"), str, "07.asf: lacks"),
        (
            lambda t: t.replace("direction", "direction x", 1),
            str,
            "07.asf: direction of 'lowerback'",
        ),
        (lambda t: t[: len(t) // 2], str, "07.asf"),
        (lambda t: t.replace("lfemur ltibia", "lfemur lfemur"), str, "07.asf|two parents"),
        (lambda t: t.replace("axis XYZ", "axis XXZ"), str, "axis order"),
        (lambda t: t.replace("tibia", "unterschenkel"), str.upper, "07_01.amc"),
        (str, lambda t: t.replace("root", "hips"), "07_01.amc: line 5"),
        (str, lambda t: t.replace("lfemur ", "lfemur x", 1), "lfemur x"),
        (str, lambda t: "\n".join(t.splitlines()[:3]), "not one frame"),
        (str, lambda t: "", "empty"),
        (str, lambda t: "version https://git-lfs.github.com/spec/v1", "Git-LFS"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, asf_change, amc_change, says):
    asf, amc, _ = asf_writer.write()
    path = write(tmp_path, asf_change(asf), amc_change(amc))
    with pytest.raises(InputError, match=says) as error:
        asf_amc.read_amc(path)
    assert "\n" not in str(error.value)


def test_the_skeleton_has_to_be_there(tmp_path):
    asf, amc, _ = asf_writer.write()
    path = write(tmp_path, asf, amc)
    (tmp_path / "07.asf").rename(tmp_path / "other.asf")
    assert len(asf_amc.read_amc(path)) == 5  # the only skeleton there is
    (tmp_path / "another.asf").write_text(asf)
    with pytest.raises(InputError, match="needs its skeleton, 07.asf"):
        asf_amc.read_amc(path)
    with pytest.raises(InputError, match="give the .amc"):
        datasets.read_motion(tmp_path / "other.asf")


@needs_shared
def test_a_clip_of_cmu_agrees_with_what_others_made_of_it():
    """02_01 is train/walking_1 of the 17-joint clips, from its fourth frame on, each fourth frame.

    Bone directions agree throughout. Places agree up to the waist; above it, that collection lacks
    the bone `thorax` (117 mm), so its upper body is compared after putting the bone back.
    """
    path = SHARED / "02" / "02_01.amc"
    motion = asf_amc.read_amc(path)
    rig, skeleton, _ = asf_amc.read_rig(path)
    x, y, z = (skeleton.millimetres * rig.positions()[0][3::4]).numpy().transpose(2, 0, 1)
    # A joint of CMU's own set is where its bone ends, and so where the bone's children begin.
    chest, thorax = (
        np.stack([x, -z, y], -1)[:, rig.children(CMU_31.index(joint))[0]]
        for joint in ("chest", "thorax")
    )
    others = np.load(SHARED / "cmu_h36m17.npz")["train/walking_1"].astype(np.float64)
    ours = motion.world_mm[3::4].numpy().astype(np.float64)
    assert len(ours) == len(others)
    lacking = thorax - chest
    assert np.linalg.norm(lacking, axis=-1).mean() == pytest.approx(116.7, abs=0.2)
    others[:, HOUSE.index("thorax") :] += lacking[:, None]
    away = np.linalg.norm((ours - ours[:, :1]) - (others - others[:, :1]), axis=-1).mean(0)
    assert away.max() < 6 and away.mean() < 3, dict(zip(HOUSE.joints, away.round(1), strict=True))

    def directions(pose):
        vectors = np.stack([pose[:, child] - pose[:, parent] for parent, child in HOUSE.bones], 1)
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    cosines = np.clip((directions(ours) * directions(others)).sum(-1), -1, 1)
    assert np.degrees(np.arccos(cosines)).mean() < 0.6


@needs_shared
def test_clips_of_cmu_are_people_on_the_floor():
    takes = ["02_01", "02_03", "02_04"]
    people = datasets.load("cmu", SHARED, split="test", subjects=["02"], actions=takes)
    assert (
        len(people.clips) == 4 * 3
        and people.actions == tuple(takes)
        and people.frames_per_second == 120
    )
    assert people.name == "CMU motion capture" and "resale" in people.terms
    clip = people.clips[0]
    world = clip.camera.to_world(clip.pose_mm)
    assert -60 < float(world[..., 2].amin()) < 100 and 1300 < float(world[..., 2].amax()) < 2200
    assert (people.confidence == 1).all()
