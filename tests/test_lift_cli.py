"""`posebook lift`: files as other programs write them go in, four files or more come out."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import lift_examples as examples
import numpy as np
import pytest
import torch

from posebook import datasets, export, lifting, paths
from posebook.cameras import Camera
from posebook.datasets.clips import Motion
from posebook.datasets.people import synthetic
from posebook.datasets.readers.bvh import read_bvh
from posebook.errors import InputError
from posebook.export import folders, upright, writing
from posebook.export.formats import ON_REQUEST
from posebook.lifting import Lifted
from posebook.lifting.lifter import _somebody
from posebook.lifting.person_view import Answer
from posebook.methods.simple_baseline.network import Martinez
from posebook.skeletons import HOUSE


class Standing(lifting.Lifter):
    """A lifter that answers the same standing person whatever it sees, and truth where there is."""

    def __init__(self, pose_mm: torch.Tensor):
        super().__init__(dict(name="standing"), torch.nn.Identity())
        self.tensors["pose_mm"] = pose_mm

    def lift(self, clip, camera=None, **options) -> Lifted:
        self.tensors["truth_mm"] = clip.pose_mm
        return super().lift(clip, camera, **options)

    def answer(self, clip) -> Answer:
        truth_mm = self.tensors["truth_mm"]
        if truth_mm is None:
            return Answer(self.tensors["pose_mm"].expand(len(clip), 17, 3).clone())
        return Answer((truth_mm - truth_mm[:, :1]).float())


@pytest.fixture(scope="session")
def walk() -> Motion:
    """Forty frames of one synthetic person who slowly turns and moves on, at 20 frames/s."""
    pose = synthetic.sample_poses(1, torch.Generator().manual_seed(11)).double()
    angle = torch.linspace(0, 1.5, 40).double()[:, None]
    x, y, z = pose.expand(40, 17, 3).unbind(-1)
    turned = torch.stack(
        [angle.cos() * x - angle.sin() * y, angle.sin() * x + angle.cos() * y, z], -1
    )
    path = torch.linspace(0, 600, 40).double()
    return Motion("walk", turned + torch.stack([path, 0 * path, 0 * path], -1)[:, None], 20.0)


@pytest.fixture(scope="session")
def lifter(walk) -> Standing:
    upright = walk.world_mm[0] - walk.world_mm[0, 0]
    x, y, z = upright.unbind(-1)
    return Standing(torch.stack([x, -z, y], -1).float())


@pytest.fixture(scope="session")
def made(walk, tmp_path_factory) -> Path:
    """The files to lift."""
    folder = tmp_path_factory.mktemp("made")
    examples.write_bvhs(walk, folder)
    examples.write_openpose(walk, folder / "openpose")
    examples.write_coco(walk, folder / "coco.json", every=8)
    return folder


@pytest.fixture(scope="session")
def lifter_file(tmp_path_factory) -> Path:
    """A lifter that has learned nothing, as a file."""
    arguments = dict(
        input_joints=18, output_joints=17, input_dimensions=3, output_dimensions=3, width=16
    )
    header = dict(
        name="untrained",
        network={"class": "Martinez", "arguments": arguments},
        skeleton=HOUSE.name,
        normalisation={"kind": "person_view"},
        data="none",
        licence="MIT",
        metrics=[],
    )
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("lifter") / "untrained.safetensors"
    return lifting.Lifter(header, Martinez(**arguments).eval()).save(path)


def _posebook(*words: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "posebook.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=1000)


# ----------------------------------------------------------------------------------- what goes in


@pytest.mark.parametrize("style", [style.name for style in examples.STYLES])
def test_bvh_in_every_style_is_the_same_person(style, made, walk):
    motion = datasets.read_motion(made / f"{style}.bvh")[0]
    assert motion.frames_per_second == pytest.approx(20, abs=1e-3)
    body = examples.rig(walk.world_mm)
    assert (motion.world_mm - body.house_mm).abs().max() < 0.5


def test_motion_capture_is_projected_lifted_and_scored(made, lifter, tmp_path):
    result = export.lift_file(made / "mixamo.bvh", tmp_path / "out", lifter)
    scores = {(s.method, s.metric): s for s in result.poses.scores}
    assert scores["standing", "MPJPE"].value < 0.1  # this lifter knows the truth
    assert scores["zero depth", "MPJPE"].value > 20
    assert "root-aligned" in scores["standing", "MPJPE"].protocol
    text = str(result)
    assert "root-aligned, 17 joints" in text and "P-MPJPE" in text
    with np.load(tmp_path / "out/poses.npz") as found:
        # The world is upright and the person walks as the file says, seen from where it may be.
        truth = read_bvh(made / "mixamo.bvh").world_mm.numpy()
        apart = (found["world_mm"] - truth).reshape(-1, 3)
        assert np.abs(apart - apart.mean(0)).max() < 40
        hip = HOUSE.index("hip")
        assert np.allclose(
            found["truth_mm"] - found["truth_mm"][:, [hip]], found["pose_mm"], atol=0.1
        )


def test_the_whole_motion_is_in_the_picture(walk):
    far = replace(walk, world_mm=walk.world_mm * torch.tensor([12.0, 12.0, 1.0]))
    camera, note = upright.camera_around(far)
    clip = far.seen_by(camera)
    points, size = clip.keypoints_px, torch.tensor(camera.size_px)
    assert (clip.confidence > 0).all() and (points > 0).all() and (points < size).all()
    assert re.search(r"\d\.\d m from", note.text)


def test_openpose_folder_with_holes_and_a_passer_by(made, lifter, tmp_path):
    result = export.lift_file(made / "openpose", tmp_path / "out", lifter)
    text = str(result)
    assert "2 people" in text and "took the most prominent" in text
    assert "filled in a straight line" in text
    assert "invented spine (half way from hips to shoulders)" in text
    assert "frames per second are not known" in text and "focal length" in text
    with np.load(tmp_path / "out/poses.npz") as found:
        assert len(found["pose_mm"]) == 40
        spine, knee = HOUSE.indices("spine", "left_knee")
        assert (found["origin"][:, spine] == 1).mean() > 0.8
        assert set(np.unique(found["origin"][:, knee])) <= {0, 2, 3}
        assert (found["origin"] == 2).any()
        assert np.isfinite(found["rigid_mm"]).all()


def test_all_people_get_a_folder_each(made, lifter, tmp_path):
    """With a file in each format that is asked for; an MP4 takes long, and has tests of its own."""
    asked = {file for name, file in ON_REQUEST.items() if name != "mp4"}
    out = tmp_path / "out"
    result = export.lift_file(
        made / "openpose", out, lifter, fps=25, person="all", write="csv,trc,gltf"
    )
    assert len(result.lifts) >= 2
    assert len({path.parent for path in result.files}) == len(result.lifts)
    for lift in result.lifts:
        assert {path.name for path in lift.files} == {*export.NAMES, *asked}
        assert all(path.exists() for path in lift.files)
        (motion,) = datasets.read_any(lift.files[0].with_name("poses.trc"))
        apart = (motion.world_mm - lift.poses.world_mm).abs()
        assert apart[torch.isfinite(apart)].max() < 0.01 and motion.frames_per_second == 25
    tables = [path.read_text() for path in sorted(out.glob("*/poses.csv"))]
    for lift in result.lifts:
        assert sum(f",{lift.poses.clip}," in table for table in tables) == 1


def test_the_input_is_not_written_over(walk, lifter, tmp_path):
    """A table called as ours is, lifted into its own folder."""
    titles = [f"{joint}_{axis}" for joint in HOUSE.joints for axis in "xyz"]
    table = walk.world_mm.flatten(1).numpy()
    own = tmp_path / "poses.csv"
    np.savetxt(own, table, fmt="%.2f", delimiter=",", header=",".join(titles), comments="")
    before = own.read_bytes()
    with pytest.raises(InputError, match="poses.csv: is there already"):
        export.lift_file(own, tmp_path, lifter, write="csv")
    assert [path.name for path in tmp_path.iterdir()] == ["poses.csv"]
    export.lift_file(own, tmp_path, lifter, write="trc")
    export.lift_file(own, tmp_path, lifter)
    assert own.read_bytes() == before and not (tmp_path / "poses.trc").exists()


def test_coco_says_what_it_invents(made, lifter, tmp_path):
    result = export.lift_file(made / "coco.json", tmp_path / "out", lifter)
    joints = next(note.text for note in result.poses.notes if note.kind == "joints")
    for joint in ("hip", "spine", "thorax", "neck_nose", "head"):
        assert f"{joint} (" in joints


def test_positions_and_key_points_in_arrays(walk, lifter, tmp_path):
    np.save(tmp_path / "motion.npy", walk.world_mm.numpy().astype(np.float32))
    result = export.lift_file(tmp_path / "motion.npy", tmp_path / "a", lifter, fps=20)
    assert result.poses.scores and result.poses.frames_per_second == 20
    silent = export.lift_file(tmp_path / "motion.npy", tmp_path / "c", lifter)
    assert any("frames per second are not known; 30" in n.text for n in silent.poses.notes)
    assert not any(score.unit == "mm/s" for score in silent.poses.scores)
    camera, _ = upright.camera_around(walk)
    points = walk.seen_by(camera).keypoints_px.numpy()
    np.save(tmp_path / "points.npy", points)
    result = export.lift_file(
        tmp_path / "points.npy", tmp_path / "b", lifter, fps=20, size="1000x1002"
    )
    assert len(result.poses) == 40 and not result.poses.scores
    assert any("1000 x 1002" in note.text for note in result.poses.notes)


def test_given_intrinsics_are_used_and_said(made, lifter, tmp_path):
    result = export.lift_file(
        made / "coco.json", tmp_path / "a", lifter, intrinsics="900,901,500,499"
    )
    assert any("900, 901 px" in note.text for note in result.poses.notes)
    tilted = Camera(torch.tensor([900.0, 901]), torch.tensor([500.0, 499]))
    (tmp_path / "camera.json").write_text(json.dumps(tilted.to_dict()))
    again = export.lift_file(
        made / "coco.json", tmp_path / "b", lifter, intrinsics=str(tmp_path / "camera.json")
    )
    assert torch.allclose(again.poses.root_mm, result.poses.root_mm, equal_nan=True)
    twice = export.lift_file(
        made / "coco.json", tmp_path / "c", lifter, intrinsics="1800,1802,500,499"
    )
    near, far = (r.poses.root_mm[..., 2].nanmean() for r in (result, twice))
    assert far / near == pytest.approx(2, rel=0.1)  # twice the focal length, twice as far


# ----------------------------------------------------------------------------------- what comes out


def test_four_files_that_agree(made, lifter, tmp_path):
    out = tmp_path / "out"
    result = export.lift_file(made / "coco.json", out, lifter)
    assert sorted(path.name for path in out.iterdir()) == sorted(export.NAMES)
    found = np.load(out / "poses.npz")
    motion = read_bvh(out / "poses.bvh")
    assert np.abs(motion.world_mm.numpy() - found["rigid_mm"]).max() < 1.0
    record = json.loads((out / "poses.json").read_text())
    assert record["notes"] == [asdict(note) for note in result.poses.notes]
    assert found["notes"].tolist() == [str(note) for note in result.poses.notes]
    assert np.nanmax(np.abs(np.array(record["world_mm"], float) - found["world_mm"])) < 0.06


def test_the_page_needs_no_network_and_says_it_all(made, lifter, tmp_path):
    export.lift_file(made / "openpose", tmp_path / "out", lifter)
    page = (tmp_path / "out/poses.html").read_text()
    body = page[page.index("<body>") : page.index("<script")]
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", body)
    assert "default-src 'none'" in page  # a browser would not let it ask either
    for words in ("most prominent", "invented spine", "filled in a straight line", "Upright"):
        assert words in body


def test_one_frame_is_a_page_too(made, lifter, tmp_path):
    record = json.loads((made / "coco.json").read_text())
    record["images"], record["annotations"] = record["images"][:1], record["annotations"][:1]
    (tmp_path / "one.json").write_text(json.dumps(record))
    result = export.lift_file(tmp_path / "one.json", tmp_path / "out", lifter)
    assert len(result.poses) == 1
    assert "One frame" in (tmp_path / "out/poses.html").read_text()


def test_another_input_does_not_overwrite(made, lifter, tmp_path):
    out = tmp_path / "out"
    export.lift_file(made / "coco.json", out, lifter)
    before = (out / "poses.npz").read_bytes()
    with pytest.raises(InputError, match=r"holds poses\.npz of .*coco\.json"):
        export.lift_file(made / "openpose", out, lifter)
    assert (out / "poses.npz").read_bytes() == before
    export.lift_file(made / "coco.json", out, lifter)  # the same input again is welcome
    everybody = tmp_path / "everybody"
    export.lift_file(made / "openpose", everybody, lifter, person="all")
    with pytest.raises(InputError, match="holds"):
        export.lift_file(made / "coco.json", everybody, lifter)


def test_a_failure_half_way_leaves_the_old_files(made, lifter, tmp_path, monkeypatch):
    out = tmp_path / "out"
    export.lift_file(made / "coco.json", out, lifter)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(writing, "write_page", fail)
    with pytest.raises(OSError, match="disk full"):
        export.lift_file(made / "coco.json", out, lifter, fps=7)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


# ------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(size="wide"), "--size is 'wide'"),
        (dict(fps="1e-300"), "--fps"),
        (dict(intrinsics="900,900"), "--intrinsics"),
        (dict(intrinsics="a,b,c,d"), "--intrinsics"),
        (dict(intrinsics="-1,900,5,5"), "focal_px"),
        (dict(intrinsics="nowhere.json"), "nowhere.json"),
        (dict(fps="-3"), "--fps"),
        (dict(fps="0.001"), "expected 0.01 to 100000"),
        (dict(fps="1_0"), "--fps"),
        (dict(fps="٣٠"), "--fps"),
        (dict(size="١٠٠x١٠٠"), "--size"),
        (dict(person="٣"), "person"),
        (dict(person="9"), "9"),
        (dict(layout="coco_71"), "coco_71"),
        (dict(write="trc,fbx"), "'fbx' is no format"),
    ],
)
def test_mistakes_get_one_line_and_leave_nothing(options, words, made, lifter, tmp_path):
    with pytest.raises(InputError) as error:
        export.lift_file(made / "openpose", tmp_path / "out", lifter, **options)
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_options_that_motion_capture_has_no_use_for_are_said(made, lifter, tmp_path):
    result = export.lift_file(made / "mixamo.bvh", tmp_path / "out", lifter, person=3, size="9x9")
    assert any(n.kind == "no effect" and "--person, --size" in n.text for n in result.notes)


def test_a_picture_that_the_person_is_not_in_has_the_wrong_size(made, lifter, tmp_path):
    with pytest.raises(InputError, match="lie outside a picture of 10 x 10 px"):
        export.lift_file(made / "openpose", tmp_path / "out", lifter, size="10x10")


def test_one_frame_of_motion_capture_has_no_velocity(walk, lifter, tmp_path):
    np.save(tmp_path / "one.npy", walk.world_mm[:1].numpy())
    result = export.lift_file(tmp_path / "one.npy", tmp_path / "out", lifter)
    metrics = {score.metric for score in result.poses.scores}
    assert "MPJPE" in metrics and "velocity error" not in metrics


def _standing(frames: int) -> np.ndarray:
    return _somebody().keypoints_px[:1].repeat(frames, 1, 1).numpy().astype(float)


def _lift(points: np.ndarray, folder: Path, lifter: str = "ambiguity_aware"):
    np.savez(folder / "p.npz", keypoints_px=points)
    return export.lift_file(folder / "p.npz", folder / "out", lifter, layout="human36m_17")


def _two_joints(points):
    points[:, 2:] = np.nan


def _one_place(points):
    points[:] = 300


def _head_on_hip(points):
    points[:, HOUSE.index("head")] = points[:, HOUSE.index("hip")]


def _outside(points):
    points -= 5000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_two_joints, "4 of 4 frames show fewer than 3 joints"),
        (_one_place, "4 of 4 frames show all joints in one place"),
        (_head_on_hip, "in 4 of 4 frames the head lies on the hip"),
        (_outside, "no key point reaches beyond"),
    ],
)
def test_why_there_is_no_pose_is_said(change, says, tmp_path):
    points = _standing(4)
    change(points)
    with pytest.raises(InputError, match=f"p.*{says}") as error:
        _lift(points, tmp_path)
    assert "\n" not in str(error.value)


def test_a_frame_without_a_pose_has_no_place_either(tmp_path):
    points = _standing(4)
    points[1] = 300
    _head_on_hip(points[2:3])
    poses = _lift(points, tmp_path).poses
    lost = [~torch.isfinite(x).flatten(1).all(1) for x in (poses.pose_mm, poses.world_mm)]
    assert lost[0].tolist() == lost[1].tolist() == [False, True, True, False]


def test_folders_of_long_names_can_be_made():
    letters = ["a", "ü", "人", "\U0001f57a"]  # of one to four bytes
    names = folders.folder_names([*(400 * x for x in letters), "a" * 400 + "b", "Ab", "aB", "é"])
    assert len({name.casefold() for name in names}) == 8
    assert max(len(os.fsencode(name)) for name in names) < 100
    assert folders.folder_names(["e\u0301", "\u00e9"]) == ["é", "é~2"]  # one name on a Mac


def test_error_lines_are_lines_and_short():
    error = str(InputError("x" * 5000 + "\nend"))
    assert "\n" not in error and error.endswith("end") and len(error) < 700


def test_the_same_name_elsewhere_is_another_input(made, lifter, tmp_path, monkeypatch):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "kp.json").write_bytes((made / "coco.json").read_bytes())
    monkeypatch.chdir(tmp_path / "one")
    export.lift_file("kp.json", "../out", lifter)
    export.lift_file("kp.json", "../out", lifter)  # the same again replaces its own
    monkeypatch.chdir(tmp_path / "two")
    with pytest.raises(InputError, match="holds"):
        export.lift_file("kp.json", "../out", lifter)


def test_nothing_marked_is_nothing_to_lift(lifter, tmp_path):
    person = {"pose_keypoints_2d": [0.0] * 75}
    (tmp_path / "empty_000_keypoints.json").write_text(json.dumps({"people": [person]}))
    with pytest.raises(InputError, match="empty"):
        export.lift_file(tmp_path / "empty_000_keypoints.json", tmp_path / "out", lifter)


def test_out_must_not_be_a_file(made, lifter, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        export.lift_file(made / "coco.json", tmp_path / "out", lifter)


@pytest.mark.slow
def test_the_command(made, lifter_file, tmp_path):
    done = _posebook("lift", made / "coco.json", "--lifter", lifter_file, "--out", tmp_path / "o")
    assert done.returncode == 0, done.stderr
    assert "5 frames lifted with untrained" in done.stdout and "poses.html" in done.stdout
    assert {path.name for path in (tmp_path / "o").iterdir()} == set(export.NAMES)
    wrong = _posebook("lift", made / "nothing.json", "--lifter", lifter_file)
    assert wrong.returncode == 2 and not wrong.stdout
    assert len(wrong.stderr.strip().splitlines()) == 1 and "nothing.json" in wrong.stderr


def test_a_killed_lift_does_not_stand_in_the_way_of_the_next(made, lifter, tmp_path):
    out = tmp_path / "out"
    left = out / f"{paths.UNFINISHED}killed"
    left.mkdir(parents=True)
    (left / "poses.npz").write_bytes(b"half")
    export.lift_file(made / "coco.json", out, lifter)
    for name in export.NAMES:  # killed between two renames: the first says whose folder it is
        if name != "poses.json":
            (out / name).unlink()
    export.lift_file(made / "coco.json", out, lifter)
    assert {path.name for path in out.iterdir()} == set(export.NAMES)
