"""Lifted poses as files: the rigid body, the BVH, gaps, place and upright, npz and json."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from posebook import key_points
from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, Motion
from posebook.datasets.people import synthetic
from posebook.datasets.readers.bvh import read_bvh
from posebook.errors import InputError
from posebook.export import pose_files
from posebook.export.bvh import _zxy_degrees, bvh_text
from posebook.export.rigid_body import JOINTS, rig
from posebook.geometry import euler_to_matrix
from posebook.lifting import placing
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE


@pytest.fixture(scope="module")
def one_body() -> torch.Tensor:
    """Forty unrelated poses, all with the first one's bone lengths: (40, 17, 3), world mm."""
    poses = synthetic.sample_poses(40, torch.Generator().manual_seed(3)).double()
    joints = [poses[:, 0]]
    for parent, child in HOUSE.bones:
        side = {"right_": "left_"}.get(HOUSE.joints[child][:6], "")
        like = HOUSE.index(side + HOUSE.joints[child][6:]) if side else child
        length = (poses[0, like] - poses[0, HOUSE.parent_indices[like]]).norm()
        joints.append(
            joints[parent]
            + length * torch.nn.functional.normalize(poses[:, child] - poses[:, parent], dim=-1)
        )
    return torch.stack(joints, 1)


# ------------------------------------------------------------------------------------- rigid body


def test_a_rigid_person_is_kept_exactly(one_body):
    body = rig(one_body)
    assert body.moved_mm < 1e-6
    assert (body.house_mm - one_body).abs().max() < 1e-6


def test_turns_are_rotations(one_body):
    turns = rig(one_body).turns
    assert (turns @ turns.mT - torch.eye(3)).abs().max() < 1e-9
    assert (torch.linalg.det(turns) - 1).abs().max() < 1e-9


def test_bones_that_breathe_get_their_mean_and_keep_their_direction(one_body):
    generator = torch.Generator().manual_seed(0)
    breathing = one_body + 15 * torch.randn(one_body.shape, generator=generator).double()
    body = rig(breathing)
    assert 1 < body.moved_mm < 60
    for parent, child in HOUSE.bones:
        given = breathing[:, child] - breathing[:, parent]
        kept = body.house_mm[:, child] - body.house_mm[:, parent]
        assert torch.cosine_similarity(given, kept, dim=-1).min() > 1 - 1e-9
        assert kept.norm(dim=-1).std() < 1e-6
    left, right = (HOUSE.index(f"{side}_knee") for side in ("left", "right"))
    hips = [HOUSE.index(f"{side}_hip") for side in ("left", "right")]
    thighs = [
        (body.house_mm[0, k] - body.house_mm[0, h]).norm()
        for k, h in zip((left, right), hips, strict=True)
    ]
    assert thighs[0] == pytest.approx(thighs[1].item())


def _stick(pose: dict[str, tuple[float, float, float]]) -> torch.Tensor:
    """A standing person who faces -y (world, z up), joints moved as `pose` says."""
    at = {
        "hip": (0, 0, 900), "right_hip": (-130, 0, 900), "right_knee": (-130, 0, 450),
        "right_foot": (-130, 0, 0), "left_hip": (130, 0, 900), "left_knee": (130, 0, 450),
        "left_foot": (130, 0, 0), "spine": (0, 0, 1150), "thorax": (0, 0, 1400),
        "neck_nose": (0, -50, 1500), "head": (0, 0, 1620), "left_shoulder": (150, 0, 1400),
        "left_elbow": (450, 0, 1400), "left_wrist": (700, 0, 1400),
        "right_shoulder": (-150, 0, 1400), "right_elbow": (-450, 0, 1400),
        "right_wrist": (-700, 0, 1400),
    } | pose  # fmt: skip
    return torch.tensor([[at[joint] for joint in HOUSE.joints]], dtype=torch.float64)


def _turned(body, name: str) -> float:
    """By how many degrees a joint is turned from the rest pose in the first frame."""
    turn = body.turns[0, [joint.name for joint in JOINTS].index(name)]
    return math.degrees(math.acos(float(((turn.trace() - 1) / 2).clamp(-1, 1))))


def test_a_t_pose_is_the_rest_pose():
    body = rig(_stick({}))
    for joint in JOINTS:
        assert _turned(body, joint.name) < 5, joint.name  # neck and head lean a little


@pytest.mark.parametrize(
    ("moved", "name"),
    [
        ({"left_foot": (130, 450, 450)}, "LeftLeg"),  # heel to the back: the knee turns, no more
        ({"right_foot": (-130, 450, 450)}, "RightLeg"),
        ({"left_wrist": (450, -250, 1400)}, "LeftForeArm"),  # hand to the front
        ({"right_wrist": (-450, -250, 1400)}, "RightForeArm"),
    ],
)
def test_a_bent_hinge_turns_the_hinge_alone(moved, name):
    body = rig(_stick(moved))
    for joint in JOINTS:
        if joint.name == name:
            assert _turned(body, name) == pytest.approx(90, abs=1)
        elif not joint.name.startswith(("Neck", "Head")):
            assert _turned(body, joint.name) < 1, joint.name


def test_straight_back_limbs_are_defined():
    folded = {"left_elbow": (-150, 0, 1400), "left_wrist": (100, 0, 1400)}
    body = rig(_stick(folded))
    assert torch.isfinite(body.turns).all()
    assert (
        body.house_mm[0, HOUSE.index("left_elbow")] - torch.tensor([-150.0, 0, 1400])
    ).norm() < 1


def test_poses_with_gaps_are_refused(one_body):
    broken = one_body.clone()
    broken[3, 4] = torch.nan
    with pytest.raises(InputError, match="finite"):
        rig(broken)


# -------------------------------------------------------------------------------------------- BVH


def _plain_bvh(text: str) -> tuple[dict[str, np.ndarray], float]:
    """Joint places (frames, 3) by name, cm, by the book: a reader of this test's own."""
    head, motion = text.split("MOTION")
    words, joints, open_joints = head.split()[1:], [], []
    while words:
        word = words.pop(0)
        if word in ("ROOT", "JOINT", "End"):
            name = words.pop(0)
            parent = open_joints[-1] if open_joints else None
            name = f"{parent['name']}_End" if word == "End" else name
            joints.append({"name": name, "parent": parent, "channels": []})
        elif word == "{":
            open_joints.append(joints[-1])
        elif word == "}":
            open_joints.pop()
        elif word == "OFFSET":
            open_joints[-1]["offset"] = np.array([float(words.pop(0)) for _ in range(3)])
        elif word == "CHANNELS":
            open_joints[-1]["channels"] = [words.pop(0) for _ in range(int(words.pop(0)))]
    lines = motion.strip().splitlines()
    assert lines[0].startswith("Frames:") and lines[1].startswith("Frame Time:")
    rows = np.array([[float(v) for v in line.split()] for line in lines[2:]])
    assert len(rows) == int(lines[0].split()[1])
    column, places = 0, {}
    for joint in joints:
        place = np.broadcast_to(joint["offset"], (len(rows), 3)).copy()
        turn = np.broadcast_to(np.eye(3), (len(rows), 3, 3))
        for channel in joint["channels"]:
            axis, values = "XYZ".index(channel[0]), rows[:, column]
            column += 1
            if channel.endswith("position"):
                place[:, axis] = values
                continue
            step, angle = np.zeros((len(rows), 3, 3)), np.radians(values)
            i, j = (axis + 1) % 3, (axis + 2) % 3
            step[:, axis, axis] = 1
            step[:, i, i] = step[:, j, j] = np.cos(angle)
            step[:, j, i], step[:, i, j] = np.sin(angle), -np.sin(angle)
            turn = turn @ step
        if joint["parent"] is not None:
            above = joint["parent"]
            place = above["place"] + np.einsum("fij,fj->fi", above["turn"], place)
            turn = above["turn"] @ turn
        joint["place"], joint["turn"] = place, turn
        places[joint["name"]] = place
    assert column == rows.shape[1]
    return places, float(lines[1].split()[2])


def test_bvh_says_what_the_body_does(one_body):
    body = rig(one_body)
    places, frame_time = _plain_bvh(bvh_text(body, 50.0))
    assert frame_time == pytest.approx(0.02)
    names = {joint.at: joint.name for joint in reversed(JOINTS)} | {"head": "Head_End"}
    for index, joint in enumerate(HOUSE.joints):
        x, y, z = one_body[:, index].numpy().T / 10
        assert np.abs(places[names[joint]] - np.stack([x, z, -y], 1)).max() < 1e-3, joint


def test_bvh_has_what_retargeting_looks_for(one_body):
    text = bvh_text(rig(one_body), 30.0)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "HIERARCHY" and lines[1] == "ROOT Hips"
    known = "LeftUpLeg LeftLeg LeftFoot RightUpLeg RightLeg RightFoot Spine Neck Head LeftArm "
    for name in (known + "LeftForeArm LeftHand RightArm RightForeArm RightHand").split():
        assert f"JOINT {name}" in lines
    assert lines.count("End Site") == 5
    channels = [line for line in lines if line.startswith("CHANNELS")]
    assert channels[0] == "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    assert set(channels[1:]) == {"CHANNELS 3 Zrotation Xrotation Yrotation"}


def test_bvh_is_read_back_by_our_own_reader(one_body, tmp_path):
    body = rig(one_body)
    path = tmp_path / "poses.bvh"
    path.write_text(bvh_text(body, 30.0))
    motion = read_bvh(path)
    assert motion.frames_per_second == pytest.approx(30, abs=1e-3)
    assert (motion.world_mm - body.house_mm).abs().max() < 0.1


def test_angles_do_not_jump_while_a_person_turns(one_body):
    """Twice about the vertical in steps of 10 degrees: no angle may leap by a whole turn."""
    angle = torch.deg2rad(torch.arange(0, 720, 10).double())
    x, y, z = one_body[:1].expand(len(angle), 17, 3).unbind(-1)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    turning = torch.stack([cos * x - sin * y, sin * x + cos * y, z], -1)
    rows = bvh_text(rig(turning), 30.0).splitlines()[-len(angle) :]
    angles = np.array([[float(v) for v in row.split()] for row in rows])[:, 3:]
    assert np.abs(np.diff(angles, axis=0)).max() < 60


def _nearest_in_turn(angles: torch.Tensor) -> torch.Tensor:
    """Frame after frame, the nearer of the two ways to write a rotation: plain, and slow."""
    other = torch.stack([angles[..., 0] + 180, 180 - angles[..., 1], angles[..., 2] + 180], -1)
    angles = angles.clone()
    for frame in range(1, len(angles)):
        before = angles[frame - 1]
        ways = [a + 360 * torch.round((before - a) / 360) for a in (angles[frame], other[frame])]
        one, two = ((way - before).abs().sum(-1, keepdim=True) for way in ways)
        angles[frame] = torch.where(two < one, ways[1], ways[0])
    return angles


def test_angles_along_time_are_those_of_a_loop():
    """Joints that tumble: they change sides and go round many times."""
    draw = torch.Generator().manual_seed(0)
    steps = 25 * torch.randn(400, 12, 3, dtype=torch.float64, generator=draw)
    turns = euler_to_matrix(torch.deg2rad(steps.cumsum(0)), "zxy")
    alone = torch.stack([_zxy_degrees(turn[None])[0] for turn in turns])  # no frame before
    found, expected = _zxy_degrees(turns), _nearest_in_turn(alone)
    assert (found - expected).abs().max() < 1e-9
    assert found.abs().max() > 360 and found[..., 1].abs().max() > 90
    assert (euler_to_matrix(torch.deg2rad(found), "zxy") - turns).abs().max() < 1e-9
    assert torch.equal(_zxy_degrees(turns[:1])[0], alone[0])


# --------------------------------------------------------------------------- gaps, place, upright


def _clip(frames: int = 12, rate: float | None = 20.0) -> Clip:
    across = torch.arange(frames).float()
    points = torch.stack([10 * across, 200 + 0 * across], -1).unsqueeze(1).repeat(1, 17, 1)
    return Clip("walk", HOUSE, rate, points, torch.ones(frames, 17))


def _hole(clip: Clip, frames: slice, joint: int) -> Clip:
    points, trust = clip.keypoints_px.clone(), clip.confidence.clone()
    points[frames, joint], trust[frames, joint] = torch.nan, 0.0
    return replace(clip, keypoints_px=points, confidence=trust)


def gaps_filled(clip: Clip) -> tuple:
    return key_points.fill_gaps(clip.keypoints_px, clip.confidence, clip.frames_per_second)


def test_short_gaps_are_bridged_and_long_ones_are_not():
    clip = _clip()
    short = _hole(clip, slice(4, 9), 2)  # five frames at 20 frames/s: 0.25 s
    mended_px, trust, filled = gaps_filled(short)
    assert filled.nonzero().tolist() == [[f, 2] for f in range(4, 9)]
    assert torch.allclose(mended_px, clip.keypoints_px, atol=1e-4)
    assert (trust[4:9, 2] == 0.5).all()

    long = _hole(clip, slice(3, 9), 2)
    mended_px, _, filled = gaps_filled(long)
    assert not filled.any()
    assert torch.isnan(mended_px[3:9, 2]).all()


def test_gaps_at_the_ends_stay_open():
    clip = _hole(_hole(_clip(), slice(0, 2), 0), slice(10, 12), 1)
    mended_px, _, filled = gaps_filled(clip)
    assert not filled.any() and mended_px is clip.keypoints_px


def test_frames_with_nobody_are_bridged():
    values = torch.arange(6.0).reshape(6, 1, 1).repeat(1, 2, 3)
    holed = values.clone()
    holed[0] = holed[2:4] = torch.nan
    bridged, which = key_points.bridge_frames(holed)
    assert which.tolist() == [True, False, True, True, False, False]
    assert torch.allclose(bridged[2:4], values[2:4])
    assert torch.equal(bridged[0], values[1])


@pytest.fixture(scope="module")
def seen() -> Clip:
    """A person who walks through the view of a camera with a lens: 20 frames with 3D truth."""
    pose = synthetic.sample_poses(1, torch.Generator().manual_seed(5)).double()
    path = torch.linspace(0, 800, 20).double()
    walk = pose + torch.stack([path, 0.5 * path, 0 * path], -1).unsqueeze(1)
    return Motion("walk", walk, 25.0).seen_by(human36m_rig()[1])


def test_the_hip_is_put_where_the_key_points_are(seen):
    hip = seen.pose_mm[:, :1]
    place = placing.place_root(
        seen.pose_mm - hip, seen.keypoints_px, seen.confidence, seen.camera, 25.0, smooth_s=0.0
    )
    assert (place - hip[:, 0]).norm(dim=-1).max() < 1e-3
    again = seen.camera.project(seen.pose_mm - hip + place.unsqueeze(1))
    assert (again - seen.keypoints_px).abs().max() < 1e-3


def test_the_place_survives_missing_joints_and_a_frame_without_anybody(seen):
    points, trust = seen.keypoints_px.clone(), seen.confidence.clone()
    points[:, 4:9], trust[:, 4:9] = torch.nan, 0.0
    points[7], trust[7] = torch.nan, 0.0
    hip = seen.pose_mm[:, :1]
    place = placing.place_root(seen.pose_mm - hip, points, trust, seen.camera, 25.0)
    assert torch.isnan(place[7]).all()
    rest = [frame for frame in range(20) if frame != 7]
    assert (place - hip[:, 0])[rest].norm(dim=-1).max() < 30  # smoothed, along a straight walk


def test_a_level_camera_stands_people_upright():
    upright = torch.zeros(2, 17, 3)
    upright[:, HOUSE.index("head"), 1] = -600  # y is down in camera axes
    upright[:, HOUSE.indices("left_foot", "right_foot"), 1] = 900
    world, rotation, shift = placing.stand_up(upright + torch.tensor([50.0, 300.0, 4000.0]))
    assert world[0, HOUSE.index("head")].tolist() == pytest.approx([0, 0, 1500], abs=1e-3)
    assert world[0, HOUSE.index("left_foot"), 2].abs() < 1e-3
    assert torch.linalg.det(rotation) == pytest.approx(1)
    back = (world - shift) @ rotation
    assert torch.allclose(back, upright + torch.tensor([50.0, 300.0, 4000.0]), atol=1e-2)


def test_a_known_tilt_is_used(seen):
    world, _, _ = placing.stand_up(seen.pose_mm, seen.camera.rotation.T)
    truth = seen.camera.to_world(seen.pose_mm)
    apart = (world - truth).reshape(-1, 3)
    assert (apart - apart[0]).abs().max() < 1e-3  # one shift for all: turned just right


# ------------------------------------------------------------------------------------------ files


@pytest.fixture
def poses(seen) -> Poses:
    hip = seen.pose_mm[:, :1]
    world, rotation, shift = placing.stand_up(seen.pose_mm, seen.camera.rotation.T)
    return Poses(
        input="walk.json", clip="walk", lifter="stub", frames_per_second=25.0,
        pose_mm=seen.pose_mm - hip,
        root_mm=hip[:, 0], world_mm=world, keypoints_px=seen.keypoints_px,
        confidence=seen.confidence, origin=torch.zeros(20, 17), input_px=seen.keypoints_px,
        input_skeleton=HOUSE, camera=seen.camera,
        camera_rotation=rotation, camera_place_mm=shift, truth_mm=seen.pose_mm,
        notes=(Note("one", "first"), Note("two", "second")),
    )  # fmt: skip


def test_npz_has_the_documented_keys_and_no_pickles(poses, tmp_path):
    rigid_mm = pose_files.rigid(poses)[0].house_mm
    path = pose_files.write_npz(tmp_path / "poses.npz", poses, rigid_mm)
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == set(pose_files.KEYS)
        assert all(archive[name].dtype != object for name in archive.files)
        assert archive["notes"].tolist() == ["One: first", "Two: second"]
        assert archive["joints"].tolist() == list(HOUSE.joints)
        camera = archive["pose_mm"] + archive["root_mm"][:, None]
        world = camera @ archive["camera_rotation"].T + archive["camera_place_mm"]
        assert np.abs(world - archive["world_mm"]).max() < 0.1  # as KEYS says
        rays = camera @ archive["camera_matrix"].T
        lens_px = 60  # the matrix knows nothing of the lens
        assert np.abs(rays[..., :2] / rays[..., 2:] - archive["keypoints_px"]).max() < lens_px


def test_json_holds_the_same(poses, tmp_path):
    gone = poses.pose_mm.clone()
    gone[3] = torch.nan
    poses = replace(poses, pose_mm=gone)
    rigid_mm = pose_files.rigid(poses)[0].house_mm
    path = pose_files.write_json(tmp_path / "poses.json", poses, rigid_mm)
    record = json.loads(path.read_text())
    assert set(pose_files.KEYS) <= set(record)
    assert record["pose_mm"][3][5] == [None, None, None]
    again = torch.tensor(record["pose_mm"][0])
    assert (again - poses.pose_mm[0]).abs().max() <= 0.051


def test_json_has_the_bytes_of_numbers_rounded_one_by_one(monkeypatch):
    """Also where pieces of a long clip meet, and for what is no number, -0.0 or on the half."""
    monkeypatch.setattr(pose_files, "_PIECE", 7)
    values = np.random.default_rng(0).normal(0, 300, (23, 5, 3)).astype(np.float32)
    values[4, 1] = np.nan, np.inf, -np.inf
    values[6:8] = np.array([-0.01, 0.25, 0.35], np.float32)

    def plain(value, digits):
        if isinstance(value, list):
            return [plain(item, digits) for item in value]
        return round(value, digits) if math.isfinite(value) else None

    for array in (values, values[:, 0, 0], values[:1], values[:, 0].astype(np.float64)):
        for digits in (1, 3):
            expected = json.dumps(plain(array.astype(np.float64).tolist(), digits))
            assert "".join(pose_files._number_lists(array, digits)) == expected
    assert "-0.0," in "".join(pose_files._number_lists(values, 1))


def test_bvh_of_a_clip_with_empty_frames_says_so(poses):
    gone = poses.world_mm.clone()
    gone[5:7] = torch.nan
    body, notes = pose_files.rigid(replace(poses, world_mm=gone))
    assert torch.isfinite(body.house_mm).all()
    assert any("2 of 20 frames" in note.text for note in notes)
    with pytest.raises(InputError, match="no frame"):
        pose_files.rigid(replace(poses, world_mm=gone * torch.nan))


def test_a_guessed_camera_is_plain():
    camera = Camera.guess((640, 480))
    assert not camera.has_distortion
