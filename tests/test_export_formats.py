"""`posebook lift --write trc,gltf,csv`: what is in the files, by readers of these tests' own."""

import csv
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from posebook import datasets
from posebook.cameras import human36m_rig
from posebook.datasets.clips import Motion
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.export import options, pose_files, writing
from posebook.export.csv_table import COLUMNS, write_csv
from posebook.export.figure_mesh import rest_m
from posebook.export.gltf import write_gltf
from posebook.export.rigid_body import JOINTS, y_up
from posebook.export.trc import write_trc
from posebook.lifting import placing
from posebook.lifting.house_clip import INVENTED, MISSING
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE

FRAMES = 12


@pytest.fixture(scope="module")
def poses(tmp_path_factory) -> Poses:
    """A person who turns once and a half and walks on, and is not there in two frames."""
    pose = synthetic.sample_poses(1, torch.Generator().manual_seed(4)).double()
    angle = torch.linspace(0, 9.4, FRAMES).double()[:, None]
    x, y, z = pose.expand(FRAMES, 17, 3).unbind(-1)
    turned = [angle.cos() * x - angle.sin() * y, angle.sin() * x + angle.cos() * y, z]
    path = torch.linspace(0, 700, FRAMES).double()
    moved = torch.stack(turned, -1) + torch.stack([path, -path, 0 * path], -1)[:, None]
    seen = Motion("walk", moved, 25.0).seen_by(human36m_rig()[1])
    hip = seen.pose_mm[:, :1]
    world, rotation, shift = placing.stand_up(seen.pose_mm, seen.camera.rotation.T)
    world, confidence = world.clone(), seen.confidence.clone()
    world[[0, 5]] = torch.nan
    origin = torch.zeros(FRAMES, 17)
    origin[:, HOUSE.index("spine")], origin[3, HOUSE.index("left_wrist")] = INVENTED, MISSING
    source = tmp_path_factory.mktemp("made") / "walk.json"
    source.write_text("{}")
    return Poses(
        input=str(source), clip="walk/person 1", lifter="stub", frames_per_second=29.97,
        pose_mm=seen.pose_mm - hip, root_mm=hip[:, 0], world_mm=world,
        keypoints_px=seen.keypoints_px, confidence=confidence, origin=origin,
        input_px=seen.keypoints_px, input_skeleton=HOUSE, camera=seen.camera,
        camera_rotation=rotation, camera_place_mm=shift, notes=(Note("one", "the first"),),
    )  # fmt: skip


# ------------------------------------------------------------------------------------- the option


@pytest.mark.parametrize(
    ("given", "files"),
    [
        (None, ()),
        ("trc", ("poses.trc",)),
        ("CSV, .trc", ("poses.trc", "poses.csv")),
        ("glb,gltf", ("poses.glb",)),
        (["csv", "gltf"], ("poses.glb", "poses.csv")),
        ("bvh,trc,npz", ("poses.trc",)),
    ],
)
def test_which_files_are_asked_for(given, files):
    assert options.on_request(given) == files


@pytest.mark.parametrize("given", ["", "fbx", "trc,", "trc csv", "../trc", ["csv", 3]])
def test_a_format_that_there_is_not(given):
    with pytest.raises(InputError, match="--write is .*expected some of trc, gltf, csv") as error:
        options.on_request(given)
    assert "\n" not in str(error.value)


# -------------------------------------------------------------------------------------------- TRC


def test_trc_is_as_opensim_asks(poses, tmp_path):
    """OpenSim's TRCFileAdapter refuses any other header, and rows with a cell too few or many."""
    lines = write_trc(tmp_path / "poses.trc", poses).read_text().split("\n")
    cells = [line.split("\t") for line in lines]
    assert cells[0] == ["PathFileType", "4", "(X/Y/Z)", "poses.trc"]
    assert cells[1] == [
        "DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate",
        "OrigDataStartFrame", "OrigNumFrames",
    ]  # fmt: skip
    assert cells[2] == ["29.97", "29.97", "12", "17", "m", "29.97", "1", "12"]
    assert cells[3][:6] == ["Frame#", "Time", "Hip", "", "", "RHip"] and len(cells[3]) == 53
    assert cells[4][:6] == ["", "", "X1", "Y1", "Z1", "X2"] and cells[4][-1] == "Z17"
    assert lines[5] == "" and lines[-1] == "" and len(lines) == 6 + FRAMES + 1
    rows = np.array(cells[6:-1], dtype=float)
    assert rows.shape == (FRAMES, 53) and "" not in cells[6]
    assert rows[:, 0].tolist() == list(range(1, FRAMES + 1))
    assert np.allclose(rows[:, 1], np.arange(FRAMES) / 29.97, atol=1e-8)
    x, y, z = poses.world_mm.double().numpy().T
    points = rows[:, 2:].reshape(FRAMES, 17, 3)
    assert np.allclose(points, np.stack([x, z, -y]).T / 1000, atol=1e-6, equal_nan=True)
    assert np.isnan(points[[0, 5]]).all() and np.isfinite(points[1:5]).all()


def test_trc_has_the_names_that_pose2sim_has(poses, tmp_path):
    names = write_trc(tmp_path / "a.trc", poses).read_text().split("\n")[3].split("\t")[2::3]
    named = dict(zip(HOUSE.joints, names, strict=True))
    for ours, theirs in {"right_hip": "RHip", "left_foot": "LAnkle", "thorax": "Neck"}.items():
        assert named[ours] == theirs
    assert named["neck_nose"] not in ("Nose", "Neck") and len(set(names)) == 17


@pytest.mark.parametrize("rate", [0.01, 23.976, 30.0, 59.94005994, 100000.0])
def test_trc_of_any_rate_is_read_back(rate, poses, tmp_path):
    path = write_trc(tmp_path / "poses.trc", replace(poses, frames_per_second=rate))
    (motion,) = datasets.read_any(path)
    assert motion.frames_per_second == pytest.approx(rate, rel=1e-9) and motion.skeleton == HOUSE
    apart = (motion.world_mm - poses.world_mm).abs()
    assert apart[torch.isfinite(apart)].max() < 0.002
    assert torch.equal(torch.isnan(motion.world_mm), torch.isnan(poses.world_mm))


# -------------------------------------------------------------------------------------------- CSV


def test_csv_has_a_row_for_each_joint_in_each_frame(poses, tmp_path):
    with open(write_csv(tmp_path / "poses.csv", poses), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS) and len(rows) == FRAMES * 17
    row = rows[3 * 17 + HOUSE.index("left_wrist")]
    assert (row["frame"], row["person"], row["joint"]) == ("3", "walk/person 1", "left_wrist")
    assert float(row["time_s"]) == pytest.approx(3 / 29.97, abs=1e-6)
    place = [float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")]
    assert np.allclose(place, poses.world_mm[3, HOUSE.index("left_wrist")], atol=0.051)
    seen = [float(row["x_px"]), float(row["y_px"])]
    assert np.allclose(seen, poses.keypoints_px[3, HOUSE.index("left_wrist")], atol=0.0051)
    assert row["origin"] == "missing" and rows[7]["origin"] == "invented"
    gone = rows[5 * 17]
    assert [gone[axis] for axis in ("x_mm", "y_mm", "z_mm")] == ["", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", ""])
def test_a_name_is_one_cell_and_no_formula(start, poses, tmp_path):
    name = f'{start}HYPERLINK("x", 1), 10 % of Fernanda\'s "nan"'
    path = write_csv(tmp_path / "poses.csv", replace(poses, clip=name))
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["person"] for row in rows} == {f"'{name}" if start else name}
    assert len(rows) == FRAMES * 17 and not any(None in row for row in rows)


def test_csv_is_read_back(poses, tmp_path):
    (motion,) = datasets.read_any(write_csv(tmp_path / "poses.csv", poses), fps=29.97)
    assert motion.skeleton == HOUSE and len(motion) == FRAMES
    apart = (motion.world_mm - poses.world_mm).abs()
    assert apart[torch.isfinite(apart)].max() < 0.06
    assert torch.equal(torch.isnan(motion.world_mm), torch.isnan(poses.world_mm))


@pytest.mark.parametrize(("unit", "per_mm"), [("mm", 1), ("cm", 0.1), ("m", 0.001)])
def test_a_table_of_positions_may_say_its_unit(unit, per_mm, poses, tmp_path):
    lines = [f"frame,joint,x ({unit}),y ({unit}),z ({unit})"] if unit == "cm" else [
        f"frame,joint,x_{unit},y_{unit},z_{unit}"]  # fmt: skip
    for frame, pose in enumerate(poses.world_mm[1:5].tolist()):
        lines += [f"{frame},{joint},{','.join(f'{per_mm * v:.5f}' for v in place)}"
                  for joint, place in zip(HOUSE.joints, pose, strict=True)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(lines))
    (motion,) = datasets.read_any(tmp_path / "a.csv")
    assert (motion.world_mm - poses.world_mm[1:5]).abs().max() < 0.1


def test_a_table_of_key_points_may_say_pixels(poses, tmp_path):
    lines = ["frame,joint,x_px,y_px,confidence"]
    for frame, pose in enumerate(poses.keypoints_px[:2].tolist()):
        lines += [f"{frame},{joint},{x},{y},0.5" for joint, (x, y) in zip(HOUSE.joints, pose,
                                                                        strict=True)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(lines))
    (clip,) = datasets.read_any(tmp_path / "a.csv", size=(1000, 1000))
    assert (clip.keypoints_px - poses.keypoints_px[:2]).abs().max() < 1e-3
    assert (clip.confidence == 0.5).all()


# ------------------------------------------------------------------------------------------- glTF

WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}
NUMBERS = {5126: np.dtype("<f4"), 5121: np.dtype("u1")}


def parts_of(path: Path) -> tuple[dict, list[np.ndarray]]:
    """The JSON of a .glb and the arrays of its accessors, each checked against the standard."""
    content = path.read_bytes()
    assert struct.unpack("<4sII", content[:12]) == (b"glTF", 2, len(content))
    length, kind = struct.unpack("<I4s", content[12:20])
    assert kind == b"JSON" and length % 4 == 0
    record = json.loads(content[20 : 20 + length])
    size, kind = struct.unpack("<I4s", content[20 + length : 28 + length])
    binary = content[28 + length :]
    assert kind == b"BIN\0" and size == len(binary) and size % 4 == 0
    (buffer,) = record["buffers"]
    assert size - 3 <= buffer["byteLength"] <= size and "uri" not in buffer
    arrays, end = [], 0
    for accessor in record["accessors"]:
        view, kind = record["bufferViews"][accessor["bufferView"]], accessor["componentType"]
        start, width = view["byteOffset"], WIDTHS[accessor["type"]]
        whole = accessor["count"] * width * NUMBERS[kind].itemsize
        assert start % 4 == 0 and start >= end and whole == view["byteLength"]
        end = start + whole
        assert end <= buffer["byteLength"] and "byteOffset" not in accessor
        flat = np.frombuffer(binary[start:end], NUMBERS[kind])
        arrays.append(flat.reshape(-1, width))
        assert np.isfinite(arrays[-1]).all() and len(arrays[-1]) > 0
        for name, least in (("min", arrays[-1].min(0)), ("max", arrays[-1].max(0))):
            if name in accessor:
                assert np.float32(accessor[name]).tolist() == least.tolist()
    return record, arrays


def placed(record: dict, arrays: list[np.ndarray]) -> tuple[dict, dict]:
    """Where each node is (frames, 3), m, and how it is turned, at the times of the animation."""
    nodes = record["nodes"]
    place = {n: np.array([node.get("translation", [0, 0, 0])]) for n, node in enumerate(nodes)}
    turn = {n: np.array([node.get("rotation", [0, 0, 0, 1])]) for n, node in enumerate(nodes)}
    for animation in record.get("animations", []):
        for channel in animation["channels"]:
            output = arrays[animation["samplers"][channel["sampler"]]["output"]]
            target = channel["target"]
            (place if target["path"] == "translation" else turn)[target["node"]] = output
    where, turned = {}, {}

    def visit(node: int, above: int | None) -> None:
        assert node not in where, "a node hangs on two"
        where[node], turned[node] = place[node], Rotation.from_quat(turn[node])
        if above is not None:
            frames = max(len(where[above]), len(place[node]))
            moved = np.tile(place[node], (frames // len(place[node]), 1))
            where[node] = where[above] + turned[above].apply(moved)
            turned[node] = turned[above] * turned[node]
        for child in nodes[node].get("children", []):
            visit(child, node)

    for root in record["scenes"][record["scene"]]["nodes"]:
        visit(root, None)
    assert where.keys() == set(range(len(nodes)))
    return where, turned


@pytest.fixture(scope="module")
def body(poses):
    return pose_files.rigid(poses)[0]


@pytest.fixture(scope="module")
def glb(poses, body, tmp_path_factory):
    return parts_of(write_gltf(tmp_path_factory.mktemp("glb") / "poses.glb", poses, body))


def test_gltf_moves_as_the_body_does(glb, body):
    record, arrays = glb
    where, _ = placed(record, arrays)
    number = {node["name"]: n for n, node in enumerate(record["nodes"])}
    names = {joint.at: joint.name for joint in reversed(JOINTS)} | {"head": "HeadEnd"}
    expected = y_up(body.house_mm).numpy()
    for index, joint in enumerate(HOUSE.joints):
        apart = 1000 * where[number[names[joint]]] - expected[:, index]
        assert np.abs(apart).max() < 0.1, joint


def test_gltf_is_as_the_standard_asks(glb):
    record, arrays = glb
    (animation,) = record["animations"]
    assert record["asset"]["version"] == "2.0"
    assert record["asset"]["extras"]["notes"] == ["One: the first"]
    targets = [(c["target"]["node"], c["target"]["path"]) for c in animation["channels"]]
    assert len(set(targets)) == len(targets) and (0, "rotation") in targets
    for sampler in animation["samplers"]:
        times, output = arrays[sampler["input"]], arrays[sampler["output"]]
        assert len(times) == len(output) == FRAMES and (np.diff(times[:, 0]) > 0).all()
        assert {"min", "max"} <= record["accessors"][sampler["input"]].keys() and times[0] == 0
        if output.shape[1] == 4:
            assert np.abs(np.linalg.norm(output, axis=1) - 1).max() < 1e-6
            assert (np.sum(output[1:] * output[:-1], axis=1) > 0).all()  # no long way round
    names = [node["name"] for node in record["nodes"]]
    assert len(set(names)) == len(names)


def test_gltf_skin_holds_the_figure(glb, body):
    """Each corner is bound to one joint; the figure of a frame has its tips at the next joints."""
    record, arrays = glb
    (skin,), figure = record["skins"], record["nodes"][-1]
    assert figure["skin"] == figure["mesh"] == 0 and len(record["nodes"]) - 1 not in skin["joints"]
    inverse = arrays[skin["inverseBindMatrices"]].reshape(-1, 4, 4).transpose(0, 2, 1)
    names, _, rest = rest_m(body)
    for joint, matrix in zip(skin["joints"], inverse, strict=True):
        place = rest[names.index(record["nodes"][joint]["name"])].numpy()
        assert np.allclose(matrix @ [*place, 1], [0, 0, 0, 1], atol=1e-6)
    where, turned = placed(record, arrays)
    sides = [material["name"] for material in record["materials"]]
    assert sorted(sides) == ["left", "middle", "right"]
    for primitive in record["meshes"][0]["primitives"]:
        held = {name: arrays[n] for name, n in primitive["attributes"].items()}
        assert {"min", "max"} <= record["accessors"][primitive["attributes"]["POSITION"]].keys()
        assert np.allclose(np.linalg.norm(held["NORMAL"], axis=1), 1, atol=1e-6)
        assert (held["WEIGHTS_0"] == [1, 0, 0, 0]).all() and (held["JOINTS_0"][:, 1:] == 0).all()
        corners, joints = held["POSITION"].reshape(-1, 24, 3), held["JOINTS_0"][::24, 0]
        for bone, joint in zip(corners, joints, strict=True):
            tip = bone[12]
            node = skin["joints"][joint]
            local = inverse[joint] @ [*tip, 1]
            moved = where[node][4] + turned[node][4].apply(local[:3])
            ends = [where[child][4] for child in record["nodes"][node]["children"]]
            assert min(np.linalg.norm(moved - end) for end in ends) < 1e-4
        # Seen from outside, a triangle's corners go round against the clock.
        triangles = held["POSITION"].reshape(-1, 3, 3)
        middles = corners.mean(1).repeat(8, 0)
        assert (np.sum((triangles.mean(1) - middles) * held["NORMAL"][::3], 1) > 0).all()


def test_one_frame_stands_and_does_not_move(poses, tmp_path):
    still = replace(poses, **{name: getattr(poses, name)[3:4] for name in (
        "pose_mm", "root_mm", "world_mm", "keypoints_px", "confidence", "origin", "input_px"
    )})  # fmt: skip
    body = pose_files.rigid(still)[0]
    record, arrays = parts_of(write_gltf(tmp_path / "one.glb", still, body))
    assert "animations" not in record
    where, _ = placed(record, arrays)
    wrist = [node["name"] for node in record["nodes"]].index("LeftHand")
    expected = y_up(body.house_mm)[0, HOUSE.index("left_wrist")].numpy()
    assert np.abs(1000 * where[wrist][0] - expected).max() < 0.1


@pytest.mark.parametrize("rate", [0.01, 59.94005994, 100000.0])
def test_times_of_any_rate_increase(rate, poses, body, tmp_path):
    at_rate = replace(poses, frames_per_second=rate)
    record, arrays = parts_of(write_gltf(tmp_path / "a.glb", at_rate, body))
    times = arrays[record["animations"][0]["samplers"][0]["input"]][:, 0]
    assert (np.diff(times) > 0).all() and times[-1] == pytest.approx((FRAMES - 1) / rate)


def test_a_body_without_a_thigh_is_a_figure_without_one(poses, tmp_path):
    """A bone of no length has no surface and no normals."""
    world = poses.world_mm.clone()
    world[:, HOUSE.index("left_knee")] = world[:, HOUSE.index("left_hip")]
    world[:, HOUSE.index("right_knee")] = world[:, HOUSE.index("right_hip")]
    odd = replace(poses, world_mm=world)
    record, arrays = parts_of(write_gltf(tmp_path / "a.glb", odd, pose_files.rigid(odd)[0]))
    placed(record, arrays)


# ---------------------------------------------------------------------------------- in the folder


def test_files_asked_for_go_when_they_are_asked_for_no_more(poses, tmp_path):
    """Else they would show the poses of an earlier lift beside those of this one."""
    out, extras = tmp_path / "out", ("poses.trc", "poses.glb", "poses.csv")
    lift = writing.write_files(poses, out, extras=extras)
    assert {path.name for path in lift.files} == {path.name for path in out.iterdir()}
    assert len(lift.files) == 7
    assert any("poses.bvh and poses.glb" in note.text for note in lift.poses.notes)
    assert json.loads((out / "poses.json").read_text())["files"] == [p.name for p in lift.files]
    page = (out / "poses.html").read_text()
    assert all(name in page for name in extras)
    (out / "mine.csv").write_text("mine")
    writing.write_files(poses, out, extras=("poses.csv",))
    assert {p.name for p in out.iterdir()} == {*writing.NAMES, "poses.csv", "mine.csv"}
    assert "poses.trc" not in (out / "poses.html").read_text()


def test_a_file_that_no_lift_wrote_is_kept(poses, tmp_path):
    own = tmp_path / "poses.csv"
    own.write_text("mine")
    with pytest.raises(InputError, match="poses.csv: is there already, and no lift wrote it"):
        writing.write_files(poses, tmp_path, extras=("poses.csv",))
    writing.write_files(poses, tmp_path, extras=("poses.trc",))
    writing.write_files(poses, tmp_path)
    assert own.read_text() == "mine" and not (tmp_path / "poses.trc").exists()
    with pytest.raises(InputError, match="no lift wrote it"):
        writing.write_files(poses, tmp_path, extras=("poses.csv",))
    assert own.read_text() == "mine"
