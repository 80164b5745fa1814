"""Other bodies under other cameras, and the distance to the nearest pose that was seen before."""

import pytest
import torch
from shipped_lifters import other_bodies

from posebook.cameras import human36m_rig
from posebook.datasets.clips import Motion, PoseDataset
from posebook.datasets.people import synthetic
from posebook.skeletons import HOUSE


@pytest.fixture(scope="module")
def dataset() -> PoseDataset:
    """Two motions of three poses each, seen by two cameras."""
    poses = synthetic.sample_poses(6, torch.Generator().manual_seed(1)).double()
    clips = [
        Motion(f"S9/{action}", part, 50.0, subject="S9", action=action).seen_by(camera)
        for action, part in (("walk", poses[:3]), ("sit", poses[3:]))
        for camera in human36m_rig("S9")[:2]
    ]
    return PoseDataset("trial", "test", tuple(clips))


def _directions(world_mm):
    parents, children = zip(*HOUSE.bones, strict=True)
    bones = world_mm[:, children] - world_mm[:, parents]
    return torch.nn.functional.normalize(bones, dim=-1), bones.norm(dim=-1)


def test_each_motion_is_found_once(dataset):
    motions = other_bodies.motions_of(dataset)
    assert [motion.action for motion in motions] == ["walk", "sit"]
    there = dataset.clips[1].camera.to_world(dataset.clips[1].pose_mm)
    assert (motions[0].world_mm - there).abs().max() < 1e-6


def test_other_bodies_keep_directions_and_have_the_widths_asked_for(dataset):
    other = other_bodies.other_bodies(dataset, seed=0, bodies=5, cameras=2)
    assert len(other.clips) == 2 * 5 * 2
    original = other_bodies.motions_of(dataset)[0]
    directions, lengths = _directions(original.world_mm)
    hips, shoulders = [], []
    for clip in other.clips[:10:2]:  # the first motion on each body
        world = clip.camera.to_world(clip.pose_mm)
        moved, changed = _directions(world)
        assert (moved - directions).norm(dim=-1).max() < 1e-6
        factor = changed / lengths
        for bone, joint in enumerate(HOUSE.bone_names):
            twin = HOUSE.bone_names.index(joint.replace("left", "right"))
            if joint.endswith(("knee", "foot", "elbow", "wrist")):
                assert factor[:, bone].min() >= 0.85 and factor[:, bone].max() <= 1.15
                assert torch.allclose(factor[:, bone], factor[:, twin])
            elif joint in ("spine", "thorax", "neck_nose", "head"):
                assert torch.allclose(factor[:, bone], torch.ones(3).double())
        assert torch.allclose(world[..., 2].amin(-1), original.world_mm[..., 2].amin(-1))
        hips.append(other_bodies.half_width(world, "hip").item())
        shoulders.append(other_bodies.half_width(world, "shoulder").item())
    assert sorted(hips) == pytest.approx([70, 92.5, 115, 137.5, 160], abs=0.1)
    assert sorted(shoulders) == pytest.approx([110, 135, 160, 185, 210], abs=0.1)


def test_other_bodies_are_seen_whole_and_alike_each_time(dataset):
    one, two = (other_bodies.other_bodies(dataset, seed=4, cameras=1) for _ in range(2))
    other = other_bodies.other_bodies(dataset, seed=5, cameras=1)
    assert torch.equal(one.keypoints_px, two.keypoints_px)
    assert not torch.equal(one.keypoints_px, other.keypoints_px)
    for clip in one:
        width, height = clip.size_px
        points = clip.keypoints_px
        assert (clip.confidence == 1).all()
        assert (points >= 0).all() and (points <= torch.tensor([width, height])).all()


def test_nearest_pose_sees_through_body_facing_and_place():
    poses = synthetic.sample_poses(30, torch.Generator().manual_seed(2))
    lengths = torch.full((len(HOUSE.bones),), 200.0)
    reference = other_bodies.same_body_and_facing(poses, lengths)
    factors = torch.linspace(0.8, 1.2, len(HOUSE.bones))
    turned = other_bodies.resized(poses, factors) @ torch.tensor(
        [[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0], [0.0, 0.0, 1.0]]
    )
    same = other_bodies.same_body_and_facing(turned + 500, lengths)
    assert other_bodies.nearest_mm(same, reference, chunk=7).max() < 0.01
    raised = same.clone()
    raised[:, HOUSE.index("head"), 2] += 17.0  # one of 17 joints, by 17 mm
    assert other_bodies.nearest_mm(raised, same).tolist() == pytest.approx([1.0] * 30, abs=1e-3)
