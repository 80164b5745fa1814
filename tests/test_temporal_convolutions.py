"""The temporal network: what must hold for any input, the statistics' cure, streams, lifting."""

from dataclasses import replace

import pytest
import torch
from golden_arrays import largest

from posebook import lifting
from posebook.cameras import normalise_screen
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.lifting import lifter_files
from posebook.methods.temporal_convolutions import network as temporal_convolutions_network
from posebook.methods.temporal_convolutions.batch_norm import (
    recompute_statistics,
    set_batch_norm_momentum,
)
from posebook.methods.temporal_convolutions.network import (
    FILTER_WIDTHS,
    PIECE,
    Stream,
    VideoPose3D,
    inflated,
)
from posebook.skeletons import COCO_17, HOUSE

ARGUMENTS = dict(filter_widths=[3, 3], channels=8)


def settled(seed: int = 0, **arguments) -> VideoPose3D:
    """An untrained network with statistics of some data, in evaluation mode."""
    torch.manual_seed(seed)
    network = VideoPose3D(**ARGUMENTS | arguments)
    some = torch.randn(20, network.receptive_field, 17, 2)
    recompute_statistics(network, [some], lambda n, batch: n(batch, step=n.receptive_field))
    return network.requires_grad_(False)


# ----------------------------------------------------------------------------------------- network


@pytest.mark.parametrize("frames", FILTER_WIDTHS)
@pytest.mark.parametrize("causal", (False, True))
def test_a_pose_depends_on_its_window_and_on_nothing_else(frames, causal):
    network = settled(filter_widths=FILTER_WIDTHS[frames], causal=causal).double()
    length = frames + 30
    seen = torch.randn(1, length, 17, 2, dtype=torch.float64, requires_grad=True)
    before, after = network.padding
    network(seen)[0, 7].sum().backward()  # the pose of frame `before` + 7
    felt = seen.grad[0].abs().sum((1, 2)) > 0
    assert felt.nonzero().flatten().tolist() == list(range(7, 7 + before + after + 1))


@pytest.mark.parametrize("step", (1, 2, 3, 9, 27, 81, 243, 54))
def test_a_step_leaves_poses_out_and_changes_none(step):
    for causal in (False, True):
        network = settled(filter_widths=FILTER_WIDTHS[243], channels=4, causal=causal).double()
        seen = torch.randn(2, 243 + 2 * step, 17, 2, dtype=torch.float64)
        whole = network(seen)[:, ::step]
        found = network(seen, step=step)
        assert found.shape[1] == 3
        assert largest(found - whole) < 1e-9


def test_dense_filters_reach_as_far():
    network = settled(filter_widths=[3, 3, 3], dense=True).double()
    assert [taps for taps, _ in network.filters] == [3, 7, 19]
    seen = torch.randn(1, 40, 17, 2, dtype=torch.float64)
    assert network(seen).shape == (1, 14, 17, 3)
    assert largest(network(seen, step=9) - network(seen)[:, ::9]) < 1e-9


def test_statistics_of_windows_and_of_the_strided_form_differ_only_in_training():
    network = settled(filter_widths=[3, 3, 3])
    seen = torch.randn(4, 27, 17, 2)
    assert largest(network(seen, step=27) - network(seen)) < 1e-3  # mm, float32
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    network.train()
    # Batch norm sees 9, 3 and 1 positions of each window here, and 25, 19 and 1 there.
    assert largest(network(seen, step=27) - network(seen)) > 1


def test_clips_of_any_length():
    network = settled(filter_widths=[3, 3, 3])
    seen = torch.randn(PIECE + 60, 17, 2)
    whole = network.lift(seen)
    assert whole.shape == (PIECE + 60, 17, 3)
    assert largest(whole[13:-13] - network(seen.unsqueeze(0))[0]) < 1e-2
    for frames in (0, 1, 2, 26, 27):
        assert network.lift(seen[:frames]).shape == (frames, 17, 3)
    still = network.lift(seen[:1])
    assert largest(network.lift(seen[:1].repeat(50, 1, 1)) - still) < 1e-2
    with pytest.raises(InputError, match="a window has 27"):
        network(seen[None, :26])
    for step in (0, -1):
        with pytest.raises(InputError, match=f"step {step}: expected 1 or more"):
            network(seen[None, :30], step=step)


def test_long_filters_are_given_fewer_frames_at_once(monkeypatch):
    """A small file may name a filter of ten thousand taps, which see 340,000 numbers a frame."""
    network = settled(filter_widths=[9, 3]).double()
    seen = torch.randn(50, 17, 2, dtype=torch.float64)
    whole, most = network.lift(seen), []
    monkeypatch.setattr(temporal_convolutions_network, "MOST_SEEN", 9 * 34 * 7)
    taps_of = temporal_convolutions_network.taps_of

    def watched(*arguments):
        found = taps_of(*arguments)
        most.append(found.numel())
        return found

    monkeypatch.setattr(temporal_convolutions_network, "taps_of", watched)
    assert largest(network.lift(seen) - whole) < 1e-9
    assert len(most) == 2 * 8 and max(most) <= (7 + 2 * 9) * 9 * 34


def test_recomputed_statistics_are_those_of_the_final_weights():
    """Each filter's output, before its norm is scaled, has mean 0 and variance 1 on the data."""
    network = settled(filter_widths=[3, 3, 3], channels=16)
    seen = 3 + 2 * torch.randn(600, 27, 17, 2)
    set_batch_norm_momentum(network, 0.001)
    network.train()
    for batch in seen.split(60):
        network(batch, step=27)
    filters = [network.expand, *(f for b in network.blocks for f in (b.wide, b.narrow))]
    norms = [each.norm for each in filters]
    found = {}

    def watch(each, inputs, _) -> None:
        matrix = each.convolution.weight.transpose(1, 2).flatten(1)
        rows = each.norm(inputs[0].flatten(0, -2) @ matrix.T)
        found[each] = (rows.var(0, correction=0) - 1).abs().max().item()

    def spread() -> float:
        """How far the furthest channel is from variance 1."""
        found.clear()
        hooks = [each.register_forward_hook(watch) for each in filters]
        network.eval()(seen, step=27)
        for hook in hooks:
            hook.remove()
        assert len(found) == len(filters)
        return max(found.values())

    assert spread() > 0.5, "a momentum of 0.001 leaves them where they were"
    recompute_statistics(network, seen.split(100), lambda n, batch: n(batch, step=27))
    assert spread() < 0.1
    assert not network.training and {n.momentum for n in norms} == {0.001}


def test_statistics_stay_where_there_are_none_to_be_had():
    network = settled()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    lost = torch.full((20, 9, 17, 2), torch.nan)

    def show(network, batch):
        network(batch)
        if len(batch) == 21:
            raise KeyboardInterrupt

    for batches, error in (
        ([], InputError),
        ([lost], InputError),
        ([torch.randn(21, 9, 17, 2)], KeyboardInterrupt),
    ):
        with pytest.raises(error):
            recompute_statistics(network, batches, show)
        after = network.state_dict()
        assert all(torch.equal(after[name], values) for name, values in before.items())
        assert not any(module.training for module in network.modules())
        assert {network.expand.norm.momentum, network.blocks[0].wide.norm.momentum} == {0.1}


@pytest.mark.parametrize("frames", (1, 9, 27))
def test_a_stream_answers_as_the_whole_clip_does(frames):
    network = settled(filter_widths=FILTER_WIDTHS[frames], causal=True).double()
    people = torch.randn(3, 70, 17, 2, dtype=torch.float64)
    stream = Stream(network)
    found = torch.stack([stream.push(frame) for frame in people.unbind(1)], 1)
    expected = torch.stack([network.lift(clip) for clip in people])
    assert largest(found - expected) < 1e-9
    # What it keeps does not grow with the clip.
    assert sum(memory.shape[1] for memory in stream.memories) <= 2 * frames + 2


def test_a_stream_refuses_what_it_cannot_follow():
    with pytest.raises(InputError, match="look into the future"):
        Stream(settled())
    with pytest.raises(InputError, match="evaluation mode"):
        Stream(VideoPose3D((3, 3), channels=4, causal=True))
    network = settled(causal=True)
    stream = Stream(network)
    for first in (torch.zeros(2, 16, 2), torch.zeros(17, 2)):
        with pytest.raises(InputError, match="expected .* 17, 2"):
            stream.push(first)
    two = torch.randn(2, 17, 2)
    pose_mm = stream.push(two)  # what was refused has left no trace
    for people in (two[:1], torch.cat([two, two]), two[:0]):
        with pytest.raises(InputError, match=r"expected \(2, 17, 2\), the same people"):
            stream.push(people)
    assert torch.allclose(stream.push(two), pose_mm, atol=0.1)
    network.train()
    with pytest.raises(InputError, match="evaluation mode"):
        stream.push(two)


# ----------------------------------------------------------------------------------------- lifting


@pytest.fixture(scope="module")
def clip():
    return synthetic.make(size=60).clips[3]


def lifter(**arguments) -> lifting.Lifter:
    arguments = ARGUMENTS | arguments
    header = dict(
        name="trial",
        network={"class": "VideoPose3D", "arguments": arguments},
        skeleton=HOUSE.name,
        normalisation=dict(kind="screen_clip", frames_per_second=50.0),
        data="none",
        licence="MIT",
        metrics=[],
    )
    clips = synthetic.make(size=60).clips
    place = normalise_screen(clips[0].keypoints_px, *clips[0].size_px).mean(0).float()
    return lifting.Lifter(header, settled(**arguments), dict(mean_place=place))


def test_saved_and_loaded_lifts_the_same(clip, tmp_path):
    for causal in (False, True):
        trial = lifter(causal=causal)
        again = lifting.load(trial.save(tmp_path / f"{causal}.safetensors"))
        assert torch.equal(again.lift(clip).pose_mm, trial.lift(clip).pose_mm)
    straight = trial.network.lift(normalise_screen(clip.keypoints_px, *clip.size_px).float())
    assert largest(trial.lift(clip).pose_mm - straight) > 1, "the mirror image has its say too"


def test_a_mirrored_clip_is_the_mirrored_motion(clip):
    mirrored_px = HOUSE.swap_sides(clip.keypoints_px)
    mirrored_px[..., 0] = clip.size_px[0] - mirrored_px[..., 0]
    one, other = (lifter().lift(c) for c in (clip, replace(clip, keypoints_px=mirrored_px)))
    assert largest(HOUSE.flip(other.pose_mm) - one.pose_mm) < 0.1
    assert (one.pose_mm[:, 0] == 0).all()


def test_other_frame_rates_are_brought_to_the_trained_one_and_back(clip):
    trial = lifter()
    one, other = trial.lift(clip), trial.lift(clip.every(2))
    assert other.pose_mm.shape == (30, 17, 3)
    assert any("25 frames/s; interpolated to the 50" in str(note) for note in other.notes)
    step = (one.pose_mm[2:] - one.pose_mm[:-2]).norm(dim=-1).mean()
    apart = (other.pose_mm - one.pose_mm[::2]).norm(dim=-1).mean()
    as_it_is = trial.lift(replace(clip.every(2), frames_per_second=None)).pose_mm
    assert apart < 0.2 * step and apart < 0.5 * (as_it_is - one.pose_mm[::2]).norm(dim=-1).mean()


def test_missing_joints_empty_frames_and_other_joint_sets(clip):
    trial = lifter()
    confidence = clip.confidence.clone()
    confidence[:, 13], confidence[20:45], confidence[:2] = 0, 0, 0
    lifted = trial.lift(replace(clip, confidence=confidence))
    gone = torch.zeros(60, dtype=torch.bool)
    gone[20:45], gone[:2] = True, True
    assert torch.equal(lifted.empty, gone)
    coco = replace(clip, skeleton=COCO_17, size_px=None, camera=None)
    lifted = trial.lift(coco)
    assert torch.isfinite(lifted.pose_mm).all()
    assert any("Picture: of unknown size" in str(note) for note in lifted.notes)
    assert trial.lift(replace(clip.every(60))).pose_mm.shape == (1, 17, 3)


@pytest.mark.parametrize(
    "widths", [[3] * 65, [3] * 12, [2, 3], 3, [3.0], "333", [True], [], [10**9]]
)
def test_altered_filter_widths_are_refused(widths):
    header = dict(network={"class": "VideoPose3D", "arguments": dict(filter_widths=widths)})
    with pytest.raises(InputError, match="filter_widths"):
        lifter_files.build_network("altered", header, {})


@pytest.mark.parametrize("causal", (False, True))
def test_an_inflated_network_says_what_its_single_frame_says(causal):
    torch.manual_seed(0)
    single = VideoPose3D((1, 1, 1), 16, causal=causal).eval()
    network = inflated(single, (3, 5, 3)).eval()
    clip = torch.randn(20, 17, 2)
    with torch.no_grad():
        assert torch.allclose(network.lift(clip), single.lift(clip), atol=1e-3)
    assert network.receptive_field == 45 and network.causal == causal
    spread = inflated(single, (3, 5, 3), spread=True).eval()
    still = clip[:1].expand(200, 17, 2)
    shaken = still + 0.3 * torch.randn(200, 17, 2)
    with torch.no_grad():
        assert torch.allclose(spread.lift(still), single.lift(still), atol=1e-3)
        shaking = [each.lift(shaken).diff(dim=0).norm() for each in (spread, single)]
    assert shaking[0] < 0.5 * shaking[1], "it averages over time"
    dense = inflated(VideoPose3D((1, 1), 8, dense=True).eval(), (3, 3))
    assert dense.dense and dense.filters == [(3, 1), (7, 1)], "as the network it is made of"
    with pytest.raises(InputError, match="expected a network of 4 filters of width 1"):
        inflated(single, (3, 3, 3, 3))
    with pytest.raises(InputError, match="expected a network of 3 filters"):
        inflated(network, (3, 3, 3))
