"""What chapters 7, 12 and 14 do to clips: one tensor for all, hidden arms, smoothing, additions."""

import pytest
import torch

from posebook import datasets
from posebook.methods.adversarial_lifting import additions
from posebook.methods.temporal_convolutions.clips import Frames, OtherViews, lift_frames
from posebook.methods.video_gan import clips, occlusion
from posebook.skeletons import HOUSE


@pytest.fixture(scope="module")
def people():
    return datasets.load("synthetic", split="test", size=3)


def test_clips_lie_one_after_the_other(people):
    ours, theirs = Frames(people), clips.Frames(people)
    assert ours.spans == theirs.spans and len(ours) == len(theirs) == len(people)
    assert [s.stop - s.start for s in ours.spans] == [len(clip) for clip in people]
    order = ours.mixed(0)
    assert not torch.equal(order, torch.arange(len(ours)))
    for span in ours.spans:
        assert order[span].sort().values.tolist() == list(range(span.start, span.stop))
    first, last = ours.spans[1].start, ours.spans[1].stop - 1
    rows = theirs.rows(torch.tensor([first, last]))
    assert rows[0, :14].eq(first).all() and rows[1, 13:].eq(last).all()
    assert rows[0, 14:].tolist() == [min(first + n, last) for n in range(1, 14)]


def test_nobody_turned_is_as_seen(people):
    frames = Frames(people)
    views = OtherViews(frames, share=0.0)
    windows = views.windows(torch.arange(len(frames)), 4, (0, 0))
    windows.mirror = None
    seen, pose_mm = views.take(windows, torch.Generator().manual_seed(0))
    items = torch.randint(windows.count, (4,), generator=torch.Generator().manual_seed(0))
    plain = items % windows.plain < len(frames)
    assert plain.all() and torch.allclose(pose_mm[:, 0, HOUSE.index("hip")], torch.zeros(4, 3))
    frame, _, mirrored = windows.frames_of(items)
    assert torch.allclose(seen[~mirrored, 0], frames.seen[frame[~mirrored]], atol=1e-5)


def test_a_lifted_pose_is_the_mean_with_its_mirror_image():
    class Flat(torch.nn.Module):
        def lift(self, seen):
            return torch.cat([seen + 1, torch.ones_like(seen[..., :1])], -1)

    seen = torch.randn(5, 17, 2)
    lifted = lift_frames(Flat(), seen, [2, 3], "cpu")
    assert torch.allclose(lifted[:, 1:, 0], seen[:, 1:, 0], atol=1e-6), "the 1 along x cancels"
    assert (lifted[:, 0] == 0).all() and torch.allclose(lifted[:, 1:, 1], seen[:, 1:, 1] + 1)


@pytest.mark.parametrize("fill", ["frozen", "bridged"])
def test_a_hidden_arm(fill):
    screen = torch.arange(100.0)[:, None, None] ** 2 * torch.ones(100, 17, 2)
    changed, gone = occlusion.hidden_arm(screen, [slice(0, 100)], 4, fill)
    assert gone.nonzero().flatten()[:4].tolist() == [30, 31, 32, 33]
    assert torch.equal(changed[~gone], screen[~gone])
    others = [j for j in range(17) if j not in occlusion.ARM]
    assert torch.equal(changed[:, others], screen[:, others])
    elbow = changed[30:34, occlusion.ARM[0], 0]
    step = (34.0**2 - 29.0**2) / 5 if fill == "bridged" else 0.0
    assert torch.allclose(elbow, 29.0**2 + step * torch.arange(1, 5))


def test_frozen_limbs_cover_the_middle_of_half_of_the_windows():
    windows = torch.randn(40, 27, 17, 2)
    frozen = occlusion.with_frozen_limbs(windows, torch.Generator().manual_seed(0))
    moved = (frozen != windows).any(-1).any(-1)
    assert moved[:20, 13].all() and not moved[20:].any()


def test_smoothing_leaves_even_motion_alone():
    pose_mm = torch.arange(80.0)[:, None, None].expand(80, 17, 3).clone()
    smooth = clips.smoothed(pose_mm, [slice(0, 80)])
    assert torch.allclose(smooth[13:-13], pose_mm[13:-13], atol=1e-3)


def test_additions():
    draw = torch.Generator().manual_seed(0)
    seen = torch.randn(200, 17, 2)
    mirrored = additions.some_mirrored(seen, draw)
    flipped = (mirrored == HOUSE.flip(seen)).all(-1).all(-1)
    assert 60 < flipped.sum() < 140 and torch.equal(mirrored[~flipped], seen[~flipped])
    pose, down = torch.randn(8, 17, 3), torch.full((8,), 0.2)
    same = additions.looked_down_on(pose, torch.zeros(8), down, down)
    assert torch.allclose(same, pose[..., :2], atol=1e-5)
    network = torch.nn.Linear(1, 1)
    mean = additions.averaging(network, 0.0)
    mean.update_parameters(network)
    with torch.no_grad():
        network.weight.add_(1)
    mean.update_parameters(network)
    assert torch.allclose(mean.module.weight, network.weight), "decay 0 follows at once"
    blurred = additions.ShortSighted(torch.nn.Identity(), draw, 0.03)
    assert 0.025 < (blurred(seen) - seen).std() < 0.035
