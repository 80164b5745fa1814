"""Run: the loop around the loop; Batches: every frame once, in an order that a seed fixes."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy
import pytest
import torch

from posebook import training
from posebook.datasets.batches import Batches
from posebook.errors import InputError
from posebook.methods import precision


def train(folder, epochs, *, seed=3, stop_after=None, poison=None, hang_in=None, fused=None):
    """A small network with dropout, batch norm, a schedule and shuffling: all that has a state."""
    shuffle = training.seed_everything(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 16), torch.nn.BatchNorm1d(16), torch.nn.Dropout(0.5),
        torch.nn.Linear(16, 1),
    )  # fmt: skip
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01, fused=fused)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, [2, 4])
    seen = torch.randn(320, 4)
    batches = Batches(dict(seen=seen, wanted=seen.sum(1, keepdim=True)), 32, shuffle)
    state = dict(net=net, optimisers=[optimiser, {"schedule": schedule}], batches=batches)
    run = training.Run(folder, seed=seed, device="cpu", state=state)
    for epoch in run.epochs(epochs):
        for batch in batches:
            noise = 0.1 * float(numpy.random.rand())
            loss = (net(batch["seen"]) - batch["wanted"]).square().mean() + noise
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            run.log(loss)
        schedule.step()
        if epoch == hang_in:
            time.sleep(36_000)  # until it is killed
        if epoch == poison:
            run.log({"held_out_mm": torch.tensor(float("nan"))})
        if epoch == stop_after:
            break
    return run, net


def same(one, other) -> bool:
    (run, net), (run2, net2) = one, other
    weights = zip(net.state_dict().values(), net2.state_dict().values(), strict=True)
    return run.history == run2.history and all(torch.equal(a, b) for a, b in weights)


@pytest.mark.parametrize("fused", (None, True))
def test_resumed_run_ends_like_an_uninterrupted_one(tmp_path, fused):
    whole = train(tmp_path / "whole", 6, fused=fused)
    # An epoch that was left half way counts for nothing: its numbers come from doing it again.
    train(tmp_path / "cut", 6, stop_after=3, fused=fused)
    assert same(whole, train(tmp_path / "cut", 6, fused=fused))


def test_a_finished_run_is_loaded_not_trained(tmp_path):
    whole = train(tmp_path / "run", 4)
    before = (tmp_path / "run" / training.CHECKPOINT).stat().st_mtime_ns
    assert same(whole, train(tmp_path / "run", 4))
    assert (tmp_path / "run" / training.CHECKPOINT).stat().st_mtime_ns == before


def test_another_seed_gives_another_result(tmp_path):
    assert not same(train(tmp_path / "a", 2), train(tmp_path / "b", 2, seed=4))


@pytest.mark.slow
def test_kill_9_and_resume(tmp_path):
    code = (
        "import sys; from pathlib import Path; import test_training; "
        "test_training.train(Path(sys.argv[1]), 8, hang_in=4)"
    )
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(__file__)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "killed")],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    log = tmp_path / "killed" / "log.csv"
    hangs = time.monotonic() + 1000
    while not (log.exists() and len(log.read_text().splitlines()) > 3):
        assert process.poll() is None and time.monotonic() < hangs
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(log.read_text().splitlines()) < 9, "it was not killed before its end"
    assert same(train(tmp_path / "killed", 8), train(tmp_path / "whole", 8))


def test_nan_stops_with_a_clear_error_and_keeps_the_last_checkpoint(tmp_path):
    with pytest.raises(FloatingPointError, match=r"'held_out_mm' is nan in epoch 2, step 10"):
        train(tmp_path, 5, poison=2)
    saved = torch.load(tmp_path / training.CHECKPOINT, weights_only=True)
    assert saved["epoch"] == 2


def test_log_takes_weighted_means_by_name(tmp_path):
    run = training.Run(tmp_path, device="cpu", state={})
    for _ in run.epochs(2):
        run.log({"mm": torch.tensor(1.0), "px": 5}, weight=3)
        run.log({"mm": 5.0})
    assert run.history == [{"mm": 2.0, "px": 5.0}] * 2
    with open(tmp_path / "log.csv", newline="") as file:
        assert [float(row["mm"]) for row in csv.DictReader(file)] == [2.0, 2.0]
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(tmp_path)).Reload()
    assert [(point.step, point.value) for point in board.Scalars("mm")] == [(0, 2.0), (1, 2.0)]


def test_stop_ends_after_this_epoch(tmp_path):
    run = training.Run(tmp_path, device="cpu", state={})
    for epoch in run.epochs(10):
        run.log(1.0)
        if epoch == 1:
            run.stop()
    assert run.epoch == 2 and len(run.history) == 2


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    train(tmp_path / "run", 1)
    with pytest.raises(InputError, match="written with seed 3"):
        train(tmp_path / "run", 2, seed=4)
    run = training.Run(tmp_path / "run", seed=3, device="cpu", state=dict(net=torch.nn.ReLU()))
    with pytest.raises(InputError, match="choose another folder"):
        list(run.epochs(2))
    (tmp_path / "run" / training.CHECKPOINT).write_bytes(b"half a file")
    with pytest.raises(InputError, match="not a readable checkpoint"):
        train(tmp_path / "run", 2)


def test_what_has_no_state_is_named(tmp_path):
    with pytest.raises(TypeError, match=r"state 'more\.rate' is a float"):
        training.Run(tmp_path, device="cpu", state=dict(more=dict(rate=0.1)))


def test_a_device_that_is_not_there():
    with pytest.raises(InputError, match="device 'cuda:77'"):
        training.pick_device("cuda:77")
    assert training.pick_device("cpu").type == "cpu"


@pytest.mark.parametrize(
    ("size", "drop_last", "lengths"), [(4, False, [4, 4, 2]), (4, True, [4, 4]), (10, True, [10])]
)
def test_batches_give_every_frame_once(size, drop_last, lengths):
    frames = torch.arange(10)
    generator = torch.Generator().manual_seed(0)
    batches = Batches(dict(frame=frames, double=2 * frames), size, generator, drop_last)
    seen = list(batches)
    assert [len(batch["frame"]) for batch in seen] == lengths and len(batches) == len(lengths)
    assert all(torch.equal(2 * batch["frame"], batch["double"]) for batch in seen)
    together = torch.cat([batch["frame"] for batch in seen])
    assert len(together.unique()) == sum(lengths) and not torch.equal(
        together, frames[: sum(lengths)]
    )


def test_batches_go_on_where_they_were():
    def make():
        return Batches(dict(frame=torch.arange(50)), 50, torch.Generator().manual_seed(5))

    first, second = make(), make()
    one = [next(iter(first))["frame"] for _ in range(3)]
    next(iter(second))
    kept = second.state_dict()
    third = make()
    third.load_state_dict(kept)
    assert torch.equal(next(iter(third))["frame"], one[1])
    assert not torch.equal(one[0], one[1])


def test_batches_in_order_without_a_generator():
    batches = Batches(dict(frame=torch.arange(5)), 2)
    assert [batch["frame"].tolist() for batch in batches] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("tensors", "size", "drop_last"),
    [
        ({}, 4, False),
        ({"a": torch.zeros(3), "b": torch.zeros(4)}, 2, False),
        ({"a": torch.zeros(3)}, 0, False),
        ({"a": torch.zeros(3)}, 4, True),
        ({"a": torch.zeros(0)}, 4, False),
    ],
)
def test_batches_that_cannot_be(tensors, size, drop_last):
    with pytest.raises(InputError, match="batches:"):
        Batches(tensors, size, None, drop_last)


@pytest.mark.parametrize(
    ("able", "kind"),
    [({"amx_bf16": True}, torch.bfloat16), ({"bf16": True}, torch.bfloat16),
     ({"avx2": True, "amx_bf16": False}, torch.float32), ({}, torch.float32)],
)  # fmt: skip
def test_bfloat16_only_where_it_is_quick(able, kind, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    layer, numbers = torch.nn.Linear(3, 3), torch.rand(2, 3)
    with precision.mixed(torch.device("cpu")):
        answer = layer(numbers)
    assert answer.dtype == kind and layer.weight.dtype == torch.float32
    assert torch.allclose(answer.float(), layer(numbers), atol=0.02)


def test_a_torch_that_cannot_say_takes_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not precision.multiplies_bfloat16(torch.device("cpu"))
