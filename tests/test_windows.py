"""Windows by index: edges, mirroring, order, sharing, memory maps."""

import numpy as np
import pytest
import torch
from golden_arrays import golden, largest

from posebook.datasets.windows import Order, Windows, labelled_part
from posebook.errors import InputError
from posebook.methods.temporal_convolutions.losses import flip_intrinsics
from posebook.methods.temporal_convolutions.network import VideoPose3D
from posebook.skeletons import HOUSE

ARRAYS = golden("videopose3d")
LENGTHS = [10, 7]


def published(**options) -> Windows:
    """The two sequences of the golden arrays, with a padding of 4 and batches of 8."""
    seen, true = (torch.cat([ARRAYS[f"gen_seq{n}d_{clip}"] for clip in (0, 1)]) for n in (2, 3))
    options = dict(size=8, padding=(4, 4)) | options
    return Windows(dict(seen=seen), dict(true=true), LENGTHS, **options)


def their_items(windows: Windows) -> torch.Tensor:
    """Our item numbers in the published order: of each clip all plain, then all mirrored."""
    items = torch.arange(windows.plain)
    of_clip = [items[windows.frames_of(items)[1] == clip] for clip in (0, 1)]
    return torch.cat([torch.cat([each, each + windows.plain]) for each in of_clip])


def test_published_batches():
    windows = published()
    batches, items, last = ARRAYS["gen_nbatches"].tolist()
    assert (len(windows), windows.count) == (batches, items)
    order = torch.from_numpy(np.random.RandomState(1234).permutation(items))
    parts = their_items(windows)[order].split(8)
    assert len(parts[-1]) == last
    batch = windows.take(parts[0])
    assert largest(batch["seen"] - ARRAYS["gen_2d_b0"]) == 0
    assert largest(batch["true"] - ARRAYS["gen_3d_b0"]) == 0
    # The sequences were seen by two cameras; mirrored windows have mirrored cameras.
    cameras = torch.stack([ARRAYS[f"S1_cam{number}_intrinsic9"] for number in (0, 1)])
    found = flip_intrinsics(cameras[batch["clip"]], batch["mirrored"])
    assert largest(found - ARRAYS["gen_cam_b0"]) < 1e-7


def test_published_chunks_of_three_frames():
    windows = published(outputs=3, mirror=None, size=100)
    (batch,) = windows
    first, clip, _ = windows.frames_of(torch.arange(windows.count))
    start = first - torch.tensor([0, 10])[clip]
    pairs = ARRAYS["gen_stride3_pairs"]
    assert torch.equal(torch.stack([clip, start, start + 3], 1), pairs[:, :3])
    assert largest(batch["seen"] - ARRAYS["gen_stride3_2d_b0"]) == 0
    assert largest(batch["true"] - ARRAYS["gen_stride3_3d_b0"]) == 0


@pytest.mark.parametrize("causal", (False, True))
def test_published_whole_clips(causal):
    """A whole clip is one item with as many outputs as it has frames."""
    clip = ARRAYS["gen_seq2d_0"]
    windows = Windows(
        dict(seen=clip), dict(true=ARRAYS["gen_seq3d_0"]), [10], 10,
        (8, 0) if causal else (4, 4), outputs=10, mirror=None if causal else HOUSE,
    )  # fmt: skip
    seen = torch.cat([batch["seen"] for batch in windows])
    assert largest(seen - ARRAYS["gen_un_causal_2d" if causal else "gen_un_2d"]) == 0
    if not causal:
        true = torch.cat([batch["true"] for batch in windows])
        assert largest(true - ARRAYS["gen_un_3d"]) == 0


def test_published_subsets():
    for frames, kept, start in ARRAYS["subset_start_examples"].tolist():
        assert labelled_part(frames, 0.1) == slice(start, start + kept)
    assert labelled_part(7, 1.0) == slice(0, 7)
    with pytest.raises(InputError, match="at least one frame"):
        labelled_part(7, 0.01)


@pytest.mark.parametrize("count", (1, 2, 5, 64, 1000, 4097))
def test_an_order_is_a_permutation(count):
    order = Order(count, torch.Generator().manual_seed(count))(torch.arange(count))
    assert torch.equal(order.sort().values, torch.arange(count))


def test_an_order_looks_random_and_changes():
    generator = torch.Generator().manual_seed(0)
    places = torch.arange(20_000)
    one, other = (Order(20_000, generator)(places).double() for _ in range(2))
    for numbers in (one, other):
        assert abs(torch.corrcoef(torch.stack([places.double(), numbers]))[0, 1]) < 0.03
        # Neighbours in the order are as far apart as two numbers drawn at random: a third.
        assert (numbers.diff().abs().mean() / 20_000).item() == pytest.approx(1 / 3, abs=0.01)
        batch_means = numbers.view(-1, 100).mean(1)
        assert batch_means.std().item() == pytest.approx(20_000 / 12**0.5 / 10, rel=0.2)
    assert (one == other).sum() < 10


@pytest.mark.parametrize(("outputs", "step"), [(1, 1), (4, 1), (3, 9), (2, 3)])
def test_every_frame_is_asked_for(outputs, step):
    lengths, frames = [50, 31, 1], 82
    truth = torch.arange(frames).double().view(-1, 1, 1).expand(-1, 17, 3).contiguous()
    windows = Windows(
        dict(seen=truth[..., :2]), dict(true=truth), lengths, 12, (13, 13), outputs=outputs,
        step=step, mirror=None, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    asked, clips = [], torch.repeat_interleave(torch.arange(3), torch.tensor(lengths))
    for batch in windows:
        middle = batch["seen"][:, 13 : 13 + (outputs - 1) * step + 1 : step]
        assert torch.equal(middle, batch["true"][..., :2]), "a window surrounds what it is asked"
        assert batch["seen"].shape[1] == 27 + (outputs - 1) * step
        frame = batch["true"][:, :, 0, 0].long()
        assert (clips[frame] == batch["clip"].unsqueeze(1)).all(), "no window leaves its clip"
        asked.append(frame.flatten())
    times = torch.bincount(torch.cat(asked), minlength=frames)
    inside = torch.ones(frames, dtype=torch.bool)
    inside[[0, 49, 50, 80, 81]] = False  # first and last frames stand for those beyond
    assert (times[inside] == 1).all() and (times >= 1).all()


def test_a_window_that_shares_work_gives_the_same_poses_and_slopes():
    network = VideoPose3D((3, 3, 3), channels=6).double().eval()
    seen = torch.randn(60, 17, 2, dtype=torch.float64)
    found, slopes = [], []
    for outputs, step in ((1, 1), (4, 9), (3, 3)):
        windows = Windows(dict(seen=seen), {}, [60], 999, (13, 13), outputs=outputs, step=step)
        items = torch.tensor([windows.plain // 2, windows.plain + 3])
        batch = windows.take(items)["seen"]
        shared = network(batch, step=step if step > 1 else 27)
        alone = torch.cat(
            [network(w) for w in batch.unfold(1, 27, step).movedim(-1, 2).unbind(1)], 1
        )
        assert largest((shared - alone).detach()) < 1e-9
        for poses in (shared, alone):
            network.zero_grad()
            poses.square().mean().backward()
            slopes.append(network.expand.convolution.weight.grad.clone())
        assert largest((slopes[-2] - slopes[-1]) / slopes[-1].abs().max()) < 1e-12
        found.append(shared)


def test_a_resumed_run_goes_on_with_the_same_order():
    one, other = (published(generator=torch.Generator().manual_seed(3)) for _ in range(2))
    list(one)
    other.load_state_dict(one.state_dict())
    for a, b in zip(one, other, strict=True):
        assert torch.equal(a["seen"], b["seen"])


def test_a_memory_map_is_read_as_the_tensor_itself(tmp_path):
    seen = torch.randn(40, 17, 2)
    np.save(tmp_path / "seen.npy", seen.numpy())
    options = dict(lengths=[40], size=8, padding=(4, 4))
    file = torch.from_numpy(np.load(tmp_path / "seen.npy", mmap_mode="c"))
    windows = Windows(dict(seen=file), {}, **options).to("cpu")
    assert windows.tensors["seen"].data_ptr() == file.data_ptr(), "a map is not copied into memory"
    for one, other in zip(windows, Windows(dict(seen=seen), {}, **options), strict=True):
        assert torch.equal(one["seen"], other["seen"])
    assert np.array_equal(np.load(tmp_path / "seen.npy"), seen.numpy()), "the file is as it was"


def test_items_that_are_not_there_are_refused():
    windows = Windows(dict(seen=torch.zeros(9, 17, 2)), {}, [4, 5], 4, (1, 1), mirror=None)
    assert windows.take(torch.arange(0))["seen"].shape == (0, 3, 17, 2)
    for item in (-1, 9, 100):
        with pytest.raises(InputError, match="numbered from 0 to 8"):
            windows.take(torch.tensor([0, item]))


def test_what_does_not_fit_is_refused():
    seen = torch.zeros(9, 17, 2)
    with pytest.raises(InputError, match="clips of 8 frames"):
        Windows(dict(seen=seen), {}, [8], 4, (1, 1))
    with pytest.raises(InputError, match="size 0"):
        Windows(dict(seen=seen), {}, [9], 0, (1, 1))
    with pytest.raises(InputError, match="do not fill one batch"):
        Windows(dict(seen=seen), {}, [9], 32, (1, 1), drop_last=True)
    with pytest.raises(InputError, match="padding"):
        Windows(dict(seen=seen), {}, [9], 4, (-1, 1))
    for targets in (dict(seen=torch.zeros(9, 17, 3)), dict(clip=torch.zeros(9, 17, 3))):
        with pytest.raises(InputError, match="taken twice"):
            Windows(dict(seen=seen), targets, [9], 4, (1, 1))
    with pytest.raises(InputError, match="path has shape .*; expected the 17 joints"):
        Windows(dict(seen=seen), dict(path=torch.zeros(9, 1, 3)), [9], 4, (1, 1))
    for share in (torch.nan, torch.inf, -1.0, 0.0, 2.0):
        with pytest.raises(InputError, match="at least one frame"):
            labelled_part(9, share)
