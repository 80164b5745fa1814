"""The temporal network, its schedules and its windows against VideoPose3D's own numbers."""

import pytest
import torch
from golden_arrays import golden, largest

from posebook.errors import InputError
from posebook.methods.temporal_convolutions.batch_norm import batch_norm_momentum
from posebook.methods.temporal_convolutions.network import (
    FILTER_WIDTHS,
    Stream,
    VideoPose3D,
    learning_rate_factor,
)

ARRAYS = golden("videopose3d")


def their_name(name: str) -> str:
    """Where the published code keeps what we call `blocks.1.narrow.norm.bias`."""
    parts = name.split(".")
    if parts[0] == "shrink":
        return name
    kind = {"convolution": "conv", "norm": "bn"}[parts[-2]]
    if parts[0] == "expand":
        return f"expand_{kind}.{parts[-1]}"
    return f"layers_{kind}.{2 * int(parts[1]) + (parts[2] == 'narrow')}.{parts[-1]}"


def published(causal: bool = False) -> VideoPose3D:
    """The small network of the golden arrays, float64."""
    network = VideoPose3D((3, 3, 3), channels=8, causal=causal).double()
    theirs = {k.removeprefix("tm_w/"): v for k, v in ARRAYS.items() if k.startswith("tm_w/")}
    ours = {name: theirs.pop(their_name(name)) for name in network.state_dict()}
    assert not theirs, "every published number is used"
    ours["shrink.weight"] = ours["shrink.weight"].squeeze(-1)  # a filter of width 1
    network.load_state_dict(ours)
    return network.eval()


@pytest.mark.parametrize("causal", (False, True))
def test_whole_clip(causal):
    expected_m = ARRAYS["tm_out_causal" if causal else "tm_out"]
    with torch.no_grad():
        found_m = published(causal)(ARRAYS["tm_in"]) / 1000
    assert found_m.shape == expected_m.shape
    assert largest(found_m - expected_m) < 1e-12


@pytest.mark.parametrize(
    ("start", "causal", "name"),
    [
        (0, False, "tm_out_window0_strided"),
        (5, False, "tm_out_window5_strided"),
        (0, True, "tm_out_causal_window0_strided"),
    ],
)
def test_strided_form(start, causal, name):
    network, window = published(causal), ARRAYS["tm_in"][:, start : start + 27]
    with torch.no_grad():
        for step in (27, 9, 3, 1):  # strided, dilated, and in between: the same numbers
            assert largest(network(window, step=step) / 1000 - ARRAYS[name]) < 1e-12


def test_causal_flag_is_no_switch_on_other_weights():
    """Issues #33, #124 of the published code: symmetric weights give rubbish when causal."""
    assert largest(ARRAYS["tm_out_causal"] - ARRAYS["tm_out"]) > 0.1


def test_stream_is_the_whole_clip():
    """`tm_out_causal` begins at frame 26; the stream begins at once."""
    stream = Stream(published(causal=True))
    found = torch.stack([stream.push(frame) for frame in ARRAYS["tm_in"].unbind(1)], 1)
    assert largest(found[:, 26:] / 1000 - ARRAYS["tm_out_causal"]) < 1e-12


COUNTS = [  # the order of `param_count_names`, which the golden reader leaves out as text
    dict(filter_widths=FILTER_WIDTHS[1]),
    dict(filter_widths=FILTER_WIDTHS[9]),
    dict(filter_widths=FILTER_WIDTHS[27]),
    dict(filter_widths=FILTER_WIDTHS[81]),
    dict(filter_widths=FILTER_WIDTHS[243]),
    dict(filter_widths=FILTER_WIDTHS[27], output_joints=1),
    dict(filter_widths=FILTER_WIDTHS[243], output_joints=1),
    dict(filter_widths=FILTER_WIDTHS[243], input_joints=16),
    dict(filter_widths=FILTER_WIDTHS[27], output_joints=15),
    dict(filter_widths=FILTER_WIDTHS[243]),  # the strided form: the same network here
    dict(filter_widths=FILTER_WIDTHS[27], dense=True),
]


def test_parameter_counts():
    found = []
    with torch.device("meta"):
        for arguments in COUNTS:
            found.append(sum(p.numel() for p in VideoPose3D(**arguments).parameters()))
    assert found == ARRAYS["param_count_values"].tolist()


def test_receptive_fields():
    widths = [(1,), (3,), (1, 1, 1), (3, 3), (3, 3, 3), (3, 3, 7), (3, 5, 5), (3,) * 4, (3,) * 5]
    with torch.device("meta"):
        networks = [VideoPose3D(w, channels=2) for w in widths]
        causal = [VideoPose3D(w, channels=2, causal=True) for w in widths]
    assert [n.receptive_field for n in networks] == ARRAYS["rf_frames"].tolist()
    for frames, network, newest in zip(ARRAYS["rf_frames"].tolist(), networks, causal, strict=True):
        assert network.padding == (frames // 2, frames // 2)
        assert newest.padding == (frames - 1, 0)  # pad + shift and pad - shift, with shift = pad


def test_the_published_helper_for_the_causal_shift_is_not_ours():
    """It multiplies the dilations twice: 91 for 27 frames, where 13 is right."""
    shifts = ARRAYS["rf_causal_shift"].tolist()
    assert (shifts[4], shifts[8], ARRAYS["tm_causal_shift"].item()) == (91, 7381, 91)
    for frames in (27, 243):
        network = VideoPose3D(FILTER_WIDTHS[frames], channels=2, causal=True)
        shift = network.padding[0] - (frames - 1) // 2
        assert shift == (frames - 1) // 2 and shift not in shifts


def test_schedules():
    epochs = ARRAYS["sched_epoch"].tolist()
    momentum = torch.tensor([batch_norm_momentum(e, 80) for e in epochs], dtype=torch.float64)
    assert largest(momentum - ARRAYS["sched_bn_momentum_80ep"]) < 1e-9
    rate = torch.tensor([1e-3 * learning_rate_factor(e) for e in epochs], dtype=torch.float64)
    assert largest(rate - ARRAYS["sched_lr_095"]) < 1e-9


@pytest.mark.parametrize("widths", [(), (3, 2), (0,), (9,) * 9])
def test_impossible_filters_are_refused(widths):
    with pytest.raises(InputError, match="filter_widths"):
        VideoPose3D(widths, channels=2)
