"""A lifter over time that sees each frame turned towards its person: any clip, one frame too."""

from dataclasses import replace

import pytest
import torch

from posebook import datasets, lifting
from posebook.cameras.turned import blank_frames
from posebook.methods.temporal_convolutions.network import VideoPose3D, inflated
from posebook.skeletons import HOUSE

ARGUMENTS = dict(
    filter_widths=[3, 3, 3], channels=16, input_joints=18, input_dimensions=3, output_scale=1.0
)


@pytest.fixture(scope="module")
def lifter():
    torch.manual_seed(0)
    network = VideoPose3D(**ARGUMENTS).eval().requires_grad_(False)
    header = dict(
        name="a test",
        network={"class": "VideoPose3D", "arguments": ARGUMENTS},
        skeleton=HOUSE.name,
        normalisation=dict(kind="person_view_clip", bones_mm=3900.0),
        data="synthetic",
        licence="MIT",
        metrics=[],
    )
    return lifting.Lifter(header, network)


@pytest.fixture(scope="module")
def clip():
    return datasets.load("synthetic", split="test", subjects=["S9"]).clips[0]


def first(clip, frames):
    return replace(
        clip,
        keypoints_px=clip.keypoints_px[:frames],
        confidence=clip.confidence[:frames],
        pose_mm=None if clip.pose_mm is None else clip.pose_mm[:frames],
    )


def test_a_pose_is_made_of_27_frames_and_not_of_others(lifter, clip):
    whole = lifter.lift(first(clip, 60)).pose_mm
    part = lifter.lift(first(clip, 40)).pose_mm
    assert torch.allclose(whole[:27], part[:27], atol=1e-3)
    assert (whole[:27] != whole[1:28]).any()
    assert (whole[39] - part[39]).abs().max() > 1e-3  # the last frame's window differs


@pytest.mark.parametrize("frames", [1, 2, 13, 30])
def test_clips_of_any_length(lifter, clip, frames):
    lifted = lifter.lift(first(clip, frames))
    assert lifted.pose_mm.shape == (frames, 17, 3)
    assert lifted.pose_mm.isfinite().all() and lifted.root_mm.isfinite().all()


def test_the_mirrored_person_is_the_mirrored_answer(lifter, clip):
    clip = replace(first(clip, 30), camera=None, size_px=(1000, 1000))
    points = HOUSE.swap_sides(clip.keypoints_px)
    mirrored = torch.stack([1000 - points[..., 0], points[..., 1]], -1)
    other = replace(clip, keypoints_px=mirrored)
    pose = lifter.lift(clip).pose_mm
    assert torch.allclose(HOUSE.flip(lifter.lift(other).pose_mm), pose, atol=0.5)


def test_a_frame_without_a_person_is_bridged_by_its_neighbours_and_stays_empty(lifter, clip):
    clip = first(clip, 60)
    points = clip.keypoints_px.clone()
    points[20:40] = torch.nan
    lifted = lifter.lift(replace(clip, keypoints_px=points))
    assert lifted.empty.nonzero().squeeze(-1).tolist() == list(range(20, 40))
    assert lifted.pose_mm[~lifted.empty].isfinite().all()


def test_of_a_fast_clip_every_nth_frame_is_a_clip(lifter, clip):
    clip = first(clip, 60)
    fast = lifter.lift(replace(clip, frames_per_second=100.0)).pose_mm
    half = replace(
        clip, keypoints_px=clip.keypoints_px[::2], confidence=clip.confidence[::2], pose_mm=None
    )
    assert torch.allclose(fast[::2], lifter.lift(half).pose_mm, atol=1e-3)


def test_in_a_very_slow_clip_every_frame_is_alone(lifter, clip):
    clip = first(clip, 5)
    slow = lifter.lift(replace(clip, frames_per_second=1.0)).pose_mm
    assert torch.allclose(slow[:1], lifter.lift(first(clip, 1)).pose_mm, atol=1e-3)


def test_it_is_read_back_from_its_file(lifter, clip, tmp_path):
    clip = first(clip, 10)
    loaded = lifting.load(lifter.save(tmp_path / "a.safetensors"))
    assert torch.equal(loaded.lift(clip).pose_mm, lifter.lift(clip).pose_mm)


def test_empty_frames_say_only_whether_the_intrinsics_are_known():
    seen = torch.ones(2, 17, dtype=torch.bool)
    seen[1, 2:] = False
    kept = blank_frames(torch.full((2, 18, 3), 7.0), seen, 3)
    assert (kept[0] == 7).all() and kept[1, -1, 1] == 7 and kept[1].sum() == 7


def test_inflated_keeps_numbers_per_joint_and_scale():
    single = VideoPose3D(**ARGUMENTS | dict(filter_widths=[1, 1, 1])).eval()
    network = inflated(single, [3, 3, 3]).eval()
    window = torch.randn(2, 27, 18, 3)
    with torch.no_grad():
        assert torch.allclose(network(window, 27), single(window[:, 13:14]), atol=1e-5)


def test_a_slow_clip_is_its_frames_one_by_one(clip):
    """Below 8 frames a second neighbours say nothing: each frame is a clip by itself."""
    lifter = lifting.load("temporal_convolutions")
    slow = replace(clip, frames_per_second=2.0)
    whole = lifter.lift(slow).pose_mm
    for frame in (0, 7, len(clip) - 1):
        rows = slice(frame, frame + 1)
        alone = replace(
            slow, keypoints_px=slow.keypoints_px[rows], confidence=slow.confidence[rows],
            pose_mm=slow.pose_mm[rows],
        )  # fmt: skip
        assert torch.allclose(whole[rows], lifter.lift(alone).pose_mm, atol=0.05)
