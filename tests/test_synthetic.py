"""Synthetic people: what they are made of, that they move like people, and the same every time."""

import hashlib
import math
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from posebook import geometry
from posebook.datasets import Motion, load
from posebook.datasets.people import limits, motion_prior, synthetic
from posebook.datasets.people.body import BONES, Body, directions_of, wide_bodies
from posebook.datasets.people.dice import Dice
from posebook.datasets.people.pose_samples import SHARES
from posebook.datasets.people.puppet import pose_of
from posebook.errors import InputError
from posebook.skeletons import HOUSE

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "cmu_as_h36m"
FEET = HOUSE.indices("left_foot", "right_foot")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def wide():
    return synthetic.motions("synthetic_wide", count=60, frames=80, split="train")


@pytest.fixture(scope="module")
def like_human36m():
    return synthetic.motions("synthetic", frames=100)


def test_synthetic_is_shaped_like_human36m():
    train = load("synthetic", split="train", size=5)
    test = load("synthetic", split="test", size=5)
    assert {clip.subject for clip in train} == {"S1", "S5", "S6", "S7", "S8"}
    assert {clip.subject for clip in test} == {"S9", "S11"}
    assert len(train.actions) == 15 and "WalkDog" in train.actions
    assert len(train.clips) == 5 * 15 * 4 and train.frames_per_second == 50
    assert train.keypoints_px.dtype == train.pose_mm.dtype == torch.float32
    assert train.skeleton == HOUSE and train.clips[0].size_px == train.clips[0].camera.size_px


def test_people_stay_in_the_picture():
    points = load("synthetic", split="test", size=50).keypoints_px
    assert ((points > 0) & (points < 1000)).all(-1).double().mean() > 0.995
    wide = load("synthetic_wide", split="test", size=20)
    inside = [
        ((c.keypoints_px > 0) & (c.keypoints_px < torch.tensor(c.size_px))).all(-1).double().mean()
        for c in wide
    ]
    assert torch.stack(inside).mean() > 0.98


def test_bones_keep_their_length_and_a_subject_keeps_its_body(like_human36m, wide):
    bodies = {}
    for motion in (*like_human36m, *wide):
        lengths = geometry.bone_lengths(motion.world_mm, HOUSE)
        assert (lengths - lengths[0]).abs().max() < 1e-6, motion.name
        assert (lengths[0] - bodies.setdefault(motion.subject, lengths[0])).abs().max() < 1e-6
    assert len({round(body.sum().item(), 3) for body in bodies.values()}) == len(bodies)


def test_the_test_people_of_synthetic_are_ordinary_ones():
    for seed in range(3):
        motions = synthetic.motions("synthetic", frames=1, seed=seed)
        size = {m.subject: geometry.bone_lengths(m.world_mm[0], HOUSE).sum() for m in motions}
        train = [size[subject] for subject in synthetic.SUBJECTS["train"]]
        for subject in synthetic.SUBJECTS["test"]:
            assert min(train) < size[subject] < max(train)


def test_bodies_are_as_different_as_people_and_joint_sets():
    lengths = wide_bodies(5000, generator())
    at = dict(zip(BONES, lengths.unbind(-1), strict=True))
    for bone, low, high in (("left_hip", 70, 160), ("right_shoulder", 110, 210)):
        assert at[bone].min() < low and at[bone].max() > high
        assert ((at[bone] > low) & (at[bone] < high)).double().mean() > 0.6
    legs, stature = at["left_knee"] + at["left_foot"], 1 / 0.491
    assert legs.min() > 600 and legs.max() * stature < 2400


def violations(directions: torch.Tensor) -> dict[str, torch.Tensor]:
    """By how much each limit is overstepped (...,): radians, or a sine for the knees' forward."""

    def over(angle: torch.Tensor, most: float) -> torch.Tensor:
        return (angle - math.radians(most)).clamp(min=0)

    bone = dict(zip(BONES, directions.unbind(-2), strict=True))
    right, forward, up = limits.pelvis_axes(directions)
    found = {}
    for (upper, lower), degrees in limits.BETWEEN.items():
        found[lower] = over((bone[upper] * bone[lower]).sum(-1).clamp(-1, 1).acos(), degrees)
    for side in ("left", "right"):
        thigh, shank = bone[f"{side}_knee"], bone[f"{side}_foot"]
        angles = limits.hip_angles(thigh, right, forward, up)
        swing, aside = (angle.squeeze(-1) for angle in angles)
        found[f"{side} hip forward"] = over(swing, limits.HIP_FORWARD)
        found[f"{side} hip backward"] = over(-swing, limits.HIP_BACKWARD)
        found[f"{side} hip aside"] = over(aside.abs(), limits.HIP_ASIDE)
        ahead = torch.nn.functional.normalize(torch.linalg.cross(right, thigh), dim=-1)
        sine = (shank * ahead).sum(-1)
        found[f"{side} knee forward"] = (sine - limits.KNEE_FORWARD).clamp(min=0)
    return found


@pytest.mark.parametrize("name", [*SHARES, "prior and all else"])
def test_joints_stay_within_their_limits(name):
    if name in SHARES:
        body = Body(wide_bodies(400, generator()))
        time = 10 * torch.rand(400, 1, generator=generator(1), dtype=torch.float64)
        pose = pose_of(SHARES[name][0](Dice(400, generator(2)), time, body), body.lengths_mm)[:, 0]
        # The strings alone keep nearly everybody within; the limits see to the rest.
        moved = (limits.limited(pose, body.lengths_mm) - pose).abs().amax((1, 2)) > 1
        assert moved.double().mean() < 0.02
        pose = limits.limited(pose, body.lengths_mm)
    else:
        pose = synthetic.sample_poses(3000, generator()).double()
    over = violations(directions_of(pose))
    # In float32, and in the share of the people whose whole body is tipped over, a little more.
    allowed = 1e-6 if name in SHARES else 1e-3
    for limit, excess in over.items():
        assert excess.max() < allowed, limit


def test_limits_bring_back_what_is_out_and_leave_the_rest():
    straight = torch.zeros(16, 3, dtype=torch.float64)
    straight[:, 2] = 1.0
    for bone, direction in {"right_hip": (1, 0, 0), "left_hip": (-1, 0, 0)}.items():
        straight[BONES.index(bone)] = torch.tensor(direction).double()
    for bone in ("right_knee", "right_foot", "left_knee", "left_foot"):
        straight[BONES.index(bone)] = torch.tensor([0.0, 0.0, -1.0]).double()
    assert torch.allclose(limits.enforce(straight), straight)
    broken = straight.clone()
    broken[BONES.index("left_foot")] = torch.tensor([0.0, 0.8, -0.6]).double()  # knee forward
    broken[BONES.index("head")] = torch.tensor([0.0, 0.0, -1.0]).double()  # neck folded over
    out = {limit for limit, excess in violations(broken).items() if excess > 0}
    assert out == {"left knee forward", "head"}
    mended = limits.enforce(broken)
    assert all(excess < 1e-9 for excess in violations(mended).values())
    same = [b for b in BONES if b not in ("left_foot", "head")]
    index = [BONES.index(bone) for bone in same]
    assert torch.allclose(mended[index], straight[index])


def test_feet_are_on_the_floor(like_human36m, wide):
    for motion in (*like_human36m, *wide):
        lowest = motion.world_mm[..., 2].amin(-1)
        assert lowest.min() > 15, motion.name
        foot = motion.world_mm[:, FEET, 2].amin(-1)
        if motion.action not in ("Jumping", "Running", "Lying", "Tumbling", "Fitted"):
            assert foot.max() - foot.min() < 90, motion.name  # a heel's rise; no flight
    airborne = [m for m in wide if m.action == "Jumping"]
    assert any(m.world_mm[:, FEET, 2].amin() + 50 < m.world_mm[:, FEET, 2].amax() for m in airborne)


@cache
def gaits(frames: int = 150):
    """Everybody's walk."""
    people = [p for p in synthetic.cast("synthetic") if p.action == "Walking"]
    worlds = synthetic.world_of(people, frames)
    return [Motion(p.name, world, 50.0) for p, world in zip(people, worlds, strict=True)]


def test_walking_feet_alternate_stand_still_and_carry_the_body_on():
    for motion in gaits():
        feet = motion.world_mm[:, FEET]
        speed = 50 * torch.linalg.vector_norm(feet.diff(dim=0), dim=-1)
        still = speed < 30
        assert 0.2 < still.double().mean() < 0.7
        # An ankle rests until its heel rises over the toes, half way through the stand.
        assert still.any(-1).double().mean() > 0.5
        alone = still[still.sum(-1) == 1].double().argmax(-1)
        changes = (alone.diff() != 0).sum()
        assert 3 <= changes <= 9, motion.name  # steps in three seconds
        hip = motion.world_mm[:, 0, :2]
        walked = torch.linalg.vector_norm(hip.diff(dim=0), dim=-1).sum() / 3
        assert 500 < walked < 2200, motion.name


def test_arms_swing_against_the_legs():
    for motion in gaits():
        pose = motion.world_mm - motion.world_mm[:, :1]
        right = torch.nn.functional.normalize(pose[:, 1] - pose[:, 4], dim=-1)
        forward = torch.stack([-right[:, 1], right[:, 0]], -1)

        def ahead(one: str, other: str, pose=pose, forward=forward):
            apart = pose[:, HOUSE.index(one)] - pose[:, HOUSE.index(other)]
            return (apart[:, :2] * forward).sum(-1)

        feet, hands = ahead("left_foot", "right_foot"), ahead("left_wrist", "right_wrist")
        assert torch.corrcoef(torch.stack([feet, hands]))[0, 1] < -0.5


def test_fitted_motion_is_smooth_and_its_feet_hardly_skate():
    fitted = [
        m for m in synthetic.motions("synthetic_wide", count=60, frames=250) if m.action == "Fitted"
    ]
    assert len(fitted) > 10
    world = torch.stack([m.world_mm for m in fitted])
    jerk = torch.linalg.vector_norm(world.diff(n=2, dim=1), dim=-1) * 50**2 / 1000
    assert jerk.quantile(0.99) < 60  # m/s2; a runner's foot reaches about 100
    feet = world[:, 1:, FEET]
    low = feet[..., 2] < feet[..., 2].amin(1, keepdim=True) + 12
    speed = 50 * torch.linalg.vector_norm(world.diff(dim=1)[:, :, FEET], dim=-1)
    assert speed[low].median() < 150


def test_seated_people_sit():
    for motion in synthetic.motions("synthetic", subjects=["S1", "S9"], frames=50):
        if motion.action in ("Sitting", "Eating"):
            hip, knee = (motion.world_mm[:, HOUSE.index(j), 2] for j in ("hip", "left_knee"))
            assert (hip - knee).abs().max() < 320, motion.name


def some_bytes() -> str:
    """A fingerprint of a little of everything."""
    motions = synthetic.motions("synthetic_wide", count=12, frames=30, seed=3)
    views = synthetic.make("synthetic", "test", 5, keypoints="detected", seed=3)
    poses = synthetic.sample_poses(500, generator(3))
    digest = hashlib.sha256()
    tensors = [views.keypoints_px, views.pose_mm, views.confidence, poses]
    for tensor in [motion.world_mm for motion in motions] + tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_another_process():
    code = "import test_synthetic; print(test_synthetic.some_bytes())"
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    assert process.stdout.strip() == some_bytes()
    one, other = (
        synthetic.motions("synthetic_wide", count=1, frames=9, seed=s)[0].world_mm for s in (3, 4)
    )
    assert not torch.equal(one, other)


#: Left wrist of S9 in its third frame, and of the first fitted clip in its last: mm.
WRITTEN_DOWN = {
    "Discussion": (3.11642, -45.79497, 941.10765),
    "SittingDown": (158.52297, -382.03088, 230.20342),
    "Walking": (615.98395, 1235.23278, 820.73724),
    "Fitted": (291.12579, -547.33782, 862.03819),
}


def test_positions_are_those_of_other_machines():
    """Numbers written down once; 1e-4 mm is what the book promises between machines."""
    walk = synthetic.motions("synthetic", subjects=["S9"], frames=3)
    places = {m.action: m.world_mm[2, HOUSE.index("left_wrist")] for m in walk}
    fitted = next(
        m for m in synthetic.motions("synthetic_wide", count=20, frames=70) if m.action == "Fitted"
    )
    places["Fitted"] = fitted.world_mm[69, HOUSE.index("left_wrist")]
    for action, expected in WRITTEN_DOWN.items():
        assert torch.allclose(
            places[action], torch.tensor(expected, dtype=torch.float64), atol=1e-4, rtol=0
        ), (action, places[action].tolist())


def test_clips_do_not_depend_on_their_company(wide):
    alone = synthetic.motions("synthetic_wide", count=7, frames=80, split="train")
    for one, among in zip(alone, wide, strict=False):
        assert one.name == among.name
        assert (one.world_mm - among.world_mm).abs().max() < 1e-6
    people = synthetic.cast("synthetic_wide", "train", synthetic.Size(80, 60))
    backwards = synthetic.world_of(people[::-1], 80)
    assert (backwards[-1] - wide[0].world_mm).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(name="synthetics"), "there are synthetic, synthetic_wide"),
        (dict(split="dev"), "train, test or all"),
        (dict(keypoints="cpn"), "true or detected"),
        (dict(size=0), "at least 1 frame"),
    ],
)
def test_mistakes_get_one_line(given, message):
    with pytest.raises(InputError, match=message):
        synthetic.make(**given)


def test_sampled_poses_are_new_people_every_time():
    poses = synthetic.sample_poses(4000, generator())
    assert poses.shape == (4000, 17, 3) and poses.dtype == torch.float32
    assert poses[:, 0, :2].abs().max() < 1e-2 and poses[..., 2].min() > 10
    lengths = geometry.bone_lengths(poses, HOUSE)
    assert lengths.std(0).min() > 10 and poses.isfinite().all()
    right = poses[:, 1] - poses[:, 4]
    headings = torch.atan2(right[:, 1], right[:, 0])
    assert torch.histc(headings, 8, -torch.pi, torch.pi).min() > 4000 / 8 * 0.7
    assert synthetic.sample_poses(0, generator()).shape == (0, 17, 3)


def test_the_prior_is_small_and_says_where_it_comes_from():
    assert motion_prior.FILE.stat().st_size <= 200_000
    with safe_open(motion_prior.FILE, "pt") as file:
        header = file.metadata()
        numbers = sum(file.get_tensor(key).numel() for key in file.keys())  # noqa: SIM118
    assert "mocap.cs.cmu.edu" in header["source"] and "resale" in header["terms"]
    assert header["fitted_to"].endswith("S1, S5, S6, S7, S8") and numbers < 200_000
    for name in ("poses", "windows"):
        model = motion_prior.mixture(name)
        assert model.weights.sum() == pytest.approx(1, abs=1e-4)
        assert (model.factors.diagonal(dim1=1, dim2=2) > 0).all()


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="CMU motion capture is not on this machine")
def test_real_poses_are_near_sampled_ones():
    """Poses of the fitted subjects, moved to the average body, against 30,000 of the prior's."""
    from posebook.datasets.people.body import forward_kinematics

    truth = load("human36m", root=SHARED, split="train").every(50)
    rows = [clip.camera.to_world(clip.pose_mm.double()) for clip in truth.clips[::4]]
    real = directions_of(torch.cat(rows))
    right = real[:, BONES.index("right_hip")] - real[:, BONES.index("left_hip")]
    right = torch.nn.functional.normalize(right * torch.tensor([1.0, 1.0, 0.0]), dim=-1)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand_as(right)
    frame = torch.stack([right, torch.linalg.cross(up, right), up], dim=1)
    lengths = wide_bodies(2000, generator()).mean(0)
    real = forward_kinematics(real @ frame.mT, lengths)
    drawn = forward_kinematics(motion_prior.sample_directions(30_000, generator()), lengths)
    distance = torch.cdist(real.flatten(1), drawn.flatten(1)).amin(1) / 17**0.5
    assert distance.median() < 70  # mm, root mean square over joints
    shuffled = drawn[:, torch.randperm(17, generator=generator())]
    assert torch.cdist(real.flatten(1), shuffled.flatten(1)).amin(1).median() / 17**0.5 > 150
