"""`--smooth`: what the filter lets through, at any frame rate, with gaps and at the ends."""

import math

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from posebook import cli, export, paths
from posebook.errors import InputError
from posebook.export import options
from posebook.lifting import low_pass

RATES = (24.0, 50.0, 240.0, 1000.0)


def wave(hz: float, rate: float, seconds: float = 8.0) -> torch.Tensor:
    time = torch.arange(int(seconds * rate), dtype=torch.float64) / rate
    return torch.sin(2 * math.pi * hz * time).unsqueeze(-1)


def passed(paths_, rate, cutoff, known=None):
    known = torch.ones(len(paths_), dtype=torch.bool) if known is None else known
    return low_pass.low_pass(paths_, known, rate, cutoff)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("hz", "gain"), [(0.5, 0.99), (3.0, 0.5), (9.0, 0.012)])
def test_the_cut_off_is_in_hz_whatever_the_frame_rate_and_nothing_is_delayed(rate, hz, gain):
    given = wave(hz, rate)
    middle = slice(len(given) // 4, -len(given) // 4)
    found = passed(given, rate, 3.0)[middle]
    expected = 1 / (1 + (math.sin(math.pi * hz / rate) / math.sin(math.pi * 3 / rate)) ** 4)
    assert expected == pytest.approx(gain, abs=0.02)
    assert torch.allclose(found, expected * given[middle], atol=0.01)


def test_straight_ways_and_ends_stay():
    way = torch.arange(60, dtype=torch.float64)[:, None] * torch.tensor([[3.0, -1.0, 0.5]]) + 7
    assert torch.allclose(passed(way, 30.0, 2.0), way, atol=1e-6)
    assert torch.equal(passed(way, 4.0, 2.0), way)  # no such frequencies in it
    assert torch.equal(passed(way[:2], 30.0, 2.0), way[:2])
    fast = torch.arange(4000, dtype=torch.float64)[:, None]
    assert torch.allclose(passed(fast, 100_000.0, 1.0), fast, atol=1e-3)


def test_gaps_stay_empty_and_are_bridged_only_where_they_are_short():
    rate, given = 30.0, wave(0.5, 30.0)
    known = torch.ones(len(given), dtype=torch.bool)
    known[60:70] = False
    torn = torch.where(known.unsqueeze(-1), given, torch.nan)
    found = passed(torn, rate, 3.0, known)
    assert torch.isnan(found[60:70]).all()
    assert torch.allclose(found[known], given[known], atol=0.03)
    # Somebody who comes back elsewhere is not drawn to where they left.
    known[60:120] = False
    step = torch.where(torch.arange(len(given))[:, None] < 60, 0.0, 1000.0).double()
    found = passed(step, rate, 3.0, known)[known]
    assert torch.allclose(found, step[known], atol=1e-6)


def test_a_pose_and_its_way_have_cut_offs_of_their_own():
    rate = 50.0
    pose = wave(4.5, rate)[:, None].expand(-1, 17, 3).clone()
    root = wave(4.5, rate).expand(-1, 3).clone()
    pose[10], root[10] = torch.nan, torch.nan
    light = low_pass.smooth_motion(pose, root, rate, low_pass.STRENGTHS["light"])
    strong = low_pass.smooth_motion(pose, root, rate, low_pass.STRENGTHS["strong"])
    size = [
        [part.nan_to_num()[50:-50].abs().max().item() for part in one] for one in (light, strong)
    ]
    assert size[0][0] > 0.7 and size[0][1] < 0.25 and size[1][0] < 0.15 and size[1][1] < 0.01
    assert torch.isnan(light[0][10]).all() and torch.isnan(light[1][10]).all()


@pytest.mark.parametrize("wrong", ["medium", "", 3, "0.5"])
def test_other_words_are_refused(wrong):
    with pytest.raises(InputError, match="none or light or strong"):
        options.smoothing(wrong)


def test_the_command_smooths_clips_and_says_so(tmp_path):
    sample = str(paths.DATA / "samples" / "motion_alphapose.json")
    found = {}
    for word in ("none", "light", "strong"):
        words = ["lift", sample, "--size", "1000x1002", "--fps", "25", "--person", "1"]
        out = CliRunner().invoke(
            cli.app, [*words, "--out", str(tmp_path / word), "--smooth", word],
            catch_exceptions=False,
        ).output  # fmt: skip
        assert ("6 Hz" in out) == (word == "light") and ("Smoothing" in out) == (word != "none")
        found[word] = np.load(tmp_path / word / "poses.npz")["pose_mm"]
    bends = [np.nanmean(np.abs(np.diff(found[word], n=2, axis=0))) for word in found]
    assert bends[0] > 1.2 * bends[1] > 1.2 * 1.2 * bends[2]
    assert np.nanmean(np.linalg.norm(found["none"] - found["light"], axis=-1)) < 10


def test_separate_pictures_are_not_smoothed_and_the_option_is_said_to_do_nothing(tmp_path):
    sample = paths.DATA / "samples" / "photographs_coco.json"
    poses = export.lift_file(sample, tmp_path / "a", "simple_baseline", smooth="strong").poses
    plain = export.lift_file(sample, tmp_path / "b", "simple_baseline").poses
    assert torch.equal(poses.pose_mm, plain.pose_mm)
    assert any(note.kind == "no effect" and "--smooth" in note.text for note in poses.notes)
    assert not any(note.kind in ("no effect", "smoothing") for note in plain.notes)
