"""Every lifter that comes with posebook: it lifts people that it has not seen, and has a card."""

import pytest
import torch

from posebook import datasets, evaluation, lifting
from posebook.lifting import lifter_files
from posebook.methods import network_files
from posebook.metrics import ambiguity


@pytest.fixture(scope="module")
def people():
    test = datasets.load("synthetic", split="test")
    return test.every(20)


@pytest.mark.parametrize("name", lifting.SHIPPED)
def test_it_beats_zero_depth_and_faces_the_right_way(name, people):
    lifter = lifting.load(name)
    pose = torch.cat([lifter.lift(clip).pose_mm for clip in people])
    flat = torch.cat([evaluation.zero_depth(clip, clip) for clip in people])
    found, zero = (
        {metric: value for metric, value, *_ in ambiguity.common_scores(p, people.pose_mm)}
        for p in (pose, flat)
    )
    assert found["P-MPJPE"] < 0.6 * zero["P-MPJPE"]
    assert found["nose before chest"] > 95


@pytest.mark.parametrize("name", lifting.SHIPPED)
def test_file_and_card_say_what_it_is(name):
    path = lifting.SHIPPED[name]
    assert path.stat().st_size < 20_000_000
    header, tensors = lifter_files.read(path)
    assert header["name"] == name
    assert header["data"].startswith("synthetic") and "MIT" in header["licence"]
    numbers = network_files.numbers(header)
    assert numbers and all(n.protocol and n.method == n.chapter == name for n in numbers)
    weights = [tensor for key, tensor in tensors.items() if key.startswith("network.")]
    assert all(tensor.dtype == torch.float16 for tensor in weights)
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert card.startswith(f"# Model card: {name}\n")
    for words in ("## Make it again", "## What not to expect", "licence"):
        assert words in card


@pytest.mark.parametrize("older", [{"MPJPE": "52.1 mm MPJPE, root-aligned"}, [{"metric": "MPJPE"}]])
def test_files_whose_metrics_are_of_an_older_form_are_read(older, tmp_path):
    header, tensors = lifter_files.read(lifting.SHIPPED["adversarial_lifting"])
    file = lifter_files.write(tmp_path / "old.safetensors", header | {"metrics": older}, tensors)
    assert lifting.load(file).header["metrics"] == older
    assert network_files.numbers(lifter_files.read(file)[0]) == []
