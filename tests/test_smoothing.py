"""Smoothing over time: what a parabola leaves alone, what noise loses, and clips kept apart."""

import inspect

import pytest
import torch

from posebook import metrics
from posebook.errors import InputError
from posebook.metrics import smoothing


def paths(seed=0):
    """Two clips of 40 and 3 frames; the first on a parabola, the second standing elsewhere."""
    times = torch.arange(40.0)[:, None, None]
    moving = 3 * times - 0.1 * times.square() + torch.randn(1, 17, 3, generator=_draw(seed))
    truth_mm = torch.cat([moving, torch.full((3, 17, 3), 5000.0)])
    return truth_mm, torch.tensor([0] * 40 + [1] * 3)


def _draw(seed):
    return torch.Generator().manual_seed(seed)


def test_a_parabola_stays_and_clips_do_not_mix():
    truth_mm, clips = paths()
    for window in (3, 9, 41, 501):
        found = smoothing.smoothed(truth_mm, clips, window)
        assert torch.allclose(found, truth_mm, atol=1e-2), window


def test_noise_is_lost_and_the_best_window_is_long():
    truth_mm, clips = paths()
    noisy_mm = truth_mm + 10 * torch.randn(truth_mm.shape, generator=_draw(1))

    def error(pose_mm):
        return metrics.velocity_error(pose_mm, truth_mm, clips).nanmean().item()

    window = smoothing.best_window(noisy_mm, truth_mm, clips)
    assert window > 15
    assert error(smoothing.smoothed(noisy_mm, clips, window)) < 0.3 * error(noisy_mm)


def test_short_clips_and_bad_windows():
    one = torch.randn(3, 17, 3, generator=_draw(2))
    clips = torch.tensor([0, 1, 1])
    assert torch.equal(smoothing.smoothed(one, clips, 9), one)
    for window in (1, 2, 8, -3):
        with pytest.raises(InputError, match=f"window {window}: expected an odd number"):
            smoothing.smoothed(one, clips, window)
    with pytest.raises(InputError, match="window 5.5"):
        inspect.unwrap(smoothing.smoothed)(one, clips, 5.5)


def test_what_cannot_be_smoothed_is_refused():
    pose_mm, clips = paths()
    assert smoothing.smoothed(pose_mm[:0], clips[:0], 9).shape == (0, 17, 3)
    assert smoothing.smoothed(pose_mm.clone().requires_grad_(), clips, 9).shape == pose_mm.shape
    with pytest.raises(InputError, match="43 poses, but the clips of 5 frames"):
        inspect.unwrap(smoothing.smoothed)(pose_mm, clips[:5], 9)
    for lost in (torch.nan, torch.inf):
        holed = pose_mm.clone()
        holed[20, 3, 0] = lost  # far from the ends: a filter would spread it silently
        with pytest.raises(InputError, match="poses of 1 of 43 frames are not finite"):
            smoothing.smoothed(holed, clips, 9)
    with pytest.raises(InputError, match="no windows"):
        smoothing.best_window(pose_mm, pose_mm, clips, ())
