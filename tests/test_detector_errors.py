"""A detector's errors: as large, as rare and as lasting as they are said to be."""

import math
from dataclasses import replace

import pytest
import torch

from posebook.datasets import layouts
from posebook.datasets.detector_errors import Errors, detect
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.skeletons import BODY_25, HOUSE

NONE = Errors(jitter=0.0, blur=0.0, miss=0.0, swap=0.0, outlier=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def clip():
    """A standing person for a minute."""
    person = next(p for p in synthetic.cast("synthetic") if p.action == "Waiting")
    world = synthetic.world_of([person], 3000)[0]
    from posebook.cameras import human36m_rig
    from posebook.datasets import Motion

    return Motion(person.name, world, 50.0).seen_by(human36m_rig("S1")[0])


def off(one, other):
    return torch.linalg.vector_norm(one.keypoints_px - other.keypoints_px, dim=-1)


def test_nonsense_is_refused(clip):
    for nonsense in (dict(slow=2.0), dict(jitter=-1.0), dict(miss=math.nan), dict(blur=math.inf)):
        with pytest.raises(InputError, match="expected a number from 0 on"):
            Errors(**nonsense)
    # At 1e9 frames a second half a second of drift would be gigabytes.
    for rate in (1e9, -5.0, math.nan, math.inf):
        with pytest.raises(InputError, match="frames_per_second"):
            detect(replace(clip, frames_per_second=rate), generator())


def test_a_perfect_detector_changes_nothing(clip):
    seen = detect(clip, generator(), NONE)
    assert torch.equal(seen.keypoints_px, clip.keypoints_px)
    assert (seen.confidence > 0.5).all() and seen.pose_mm is clip.pose_mm
    assert any("detector" in note for note in seen.notes)


def test_jitter_is_a_few_per_cent_of_the_person_and_differs_by_joint(clip):
    seen = detect(clip, generator(), replace(NONE, jitter=0.35))
    points = clip.keypoints_px
    height = (points.amax(1) - points.amin(1)).amax(-1).mean()
    error = off(seen, clip).mean(0) / height
    assert 0.005 < error.mean() < 0.03
    assert error[HOUSE.index("right_knee")] > 1.5 * error[HOUSE.index("neck_nose")]
    double = off(detect(clip, generator(), replace(NONE, jitter=0.7)), clip).mean(0) / height
    assert torch.allclose(double, 2 * error)


def test_jitter_lasts_from_frame_to_frame(clip):
    def correlation(slow: float) -> float:
        seen = detect(clip, generator(), replace(NONE, jitter=0.35, slow=slow))
        error = (seen.keypoints_px - clip.keypoints_px)[:, 3, 0]
        return torch.corrcoef(torch.stack([error[1:], error[:-1]]))[0, 1].item()

    assert abs(correlation(0.0)) < 0.1
    assert correlation(1.0) > 0.9
    assert 0.45 < correlation(0.6) < 0.75


def test_speed_blurs(clip):
    still = replace(clip, keypoints_px=clip.keypoints_px[:1].expand(3000, -1, -1))
    step = torch.arange(3000.0, dtype=torch.float64)[:, None, None] % 2 * 30
    fast = replace(still, keypoints_px=still.keypoints_px + step)
    errors = replace(NONE, jitter=0.1, blur=0.3)
    assert off(detect(fast, generator(), errors), fast).mean() > 3 * (
        off(detect(still, generator(), errors), still).mean()
    )


def test_joints_get_lost_as_often_and_as_long_as_said(clip):
    errors = replace(NONE, miss=0.2, miss_seconds=0.3)
    seen = detect(clip, generator(), errors)
    lost = seen.confidence == 0
    assert torch.equal(lost, seen.keypoints_px.isnan().any(-1))
    assert lost.double().mean() == pytest.approx(0.2 * 0.3, rel=0.3)
    began = (lost[1:] & ~lost[:-1]).sum()
    assert (lost.sum() / began).item() == pytest.approx(0.3 * 50, rel=0.3)


def test_left_and_right_are_exchanged_now_and_then(clip):
    seen = detect(clip, generator(), replace(NONE, swap=0.5, swap_seconds=0.2))
    wrists = HOUSE.indices("left_wrist", "right_wrist")
    swapped = (seen.keypoints_px[:, wrists] == clip.keypoints_px[:, wrists[::-1]]).all(-1).all(-1)
    assert swapped.double().mean() == pytest.approx(0.1, rel=0.5)
    elbows = HOUSE.indices("left_elbow", "right_elbow")
    together = (seen.keypoints_px[:, elbows] == clip.keypoints_px[:, elbows[::-1]]).all(-1).all(-1)
    assert torch.equal(swapped, together)
    knee = HOUSE.index("left_knee")
    assert not torch.equal(swapped, off(seen, clip)[:, knee] > 0)
    assert seen.confidence[swapped][:, wrists].mean() < seen.confidence[~swapped][:, wrists].mean()


def test_outliers_are_far_rare_and_doubted(clip):
    seen = detect(clip, generator(), replace(NONE, outlier=0.5))
    error = off(seen, clip)
    jumped = error > 0
    assert jumped.double().mean() == pytest.approx(0.01, rel=0.2)
    assert error[jumped].median() > 50
    assert seen.confidence[jumped].median() < 0.3 < 0.6 < seen.confidence[~jumped].min()


def test_confidence_hints_at_the_error(clip):
    seen = detect(clip, generator())
    error, found = off(seen, clip), seen.confidence > 0
    pairs = torch.stack([error[found], seen.confidence[found]])
    assert torch.corrcoef(pairs)[0, 1] < -0.3
    assert ((seen.confidence >= 0) & (seen.confidence <= 1)).all()


def test_what_was_missing_stays_missing(clip):
    points, confidence = clip.keypoints_px.clone(), clip.confidence.clone()
    points[:, 5], confidence[:, 5] = torch.nan, 0
    seen = detect(replace(clip, keypoints_px=points, confidence=confidence), generator())
    assert (seen.confidence[:, 5] == 0).all()
    assert seen.keypoints_px[:, 4][seen.confidence[:, 4] > 0].isfinite().all()


def test_any_skeleton_any_length_the_same_every_time(clip):
    short = replace(
        clip,
        keypoints_px=clip.keypoints_px[:1],
        confidence=clip.confidence[:1],
        pose_mm=clip.pose_mm[:1],
    )
    for one in (layouts.in_layout(clip.every(100), BODY_25), short):
        first, again = (detect(one, generator(5)) for _ in range(2))
        assert torch.equal(first.keypoints_px.nan_to_num(-1), again.keypoints_px.nan_to_num(-1))
        assert first.keypoints_px.shape == one.keypoints_px.shape
        assert off(first, one).nan_to_num(0).max() > 0
    empty = replace(short, keypoints_px=short.keypoints_px[:0], confidence=short.confidence[:0])
    assert len(detect(empty, generator())) == 0


def test_detected_is_a_data_set(clip):
    true, seen = (
        synthetic.make("synthetic", "test", 10, keypoints=kind) for kind in ("true", "detected")
    )
    assert torch.equal(true.pose_mm, seen.pose_mm)
    error = torch.linalg.vector_norm(true.keypoints_px - seen.keypoints_px, dim=-1)
    assert 2 < error.nanmedian() < 12
    assert 0.001 < (seen.confidence == 0).double().mean() < 0.05
