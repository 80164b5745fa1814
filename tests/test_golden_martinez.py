"""Martinez's network, normalisation, joints and learning rate against the published code's."""

import pytest
import torch
from golden_arrays import golden, largest

from posebook.methods.simple_baseline.network import (
    INPUT_JOINTS,
    OUTPUT_JOINTS,
    CappedLinear,
    Martinez,
    Standardiser,
    learning_rate_factor,
)
from posebook.metrics.protocols import JOINT_SETS
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32, MPII_16

ARRAYS = golden("wang2019")
# Wang's two networks are the same class: 17 joints of one view to 17 of another, and 2 x 17 of two
# views to 17 in space.
NETWORKS = {"l2r": ((17, 2), (17, 2)), "rec": ((34, 2), (17, 3))}
NORMS = ("bn", "bn1_0", "bn2_0", "bn1_1", "bn2_1")
LINEARS = ("1", "2_0", "3_0", "2_1", "3_1")


def layers(network):
    return [network.first, *(layer for block in network.blocks for layer in block)]


def stored(name, **options):
    """The small network with its stored weights, in float64. TensorFlow keeps (in, out)."""
    (inputs, input_dims), (outputs, output_dims) = NETWORKS[name]
    shape = dict(input_dimensions=input_dims, output_dimensions=output_dims)
    network = Martinez(inputs, outputs, 16, 2, dropout=0.0, **shape, **options).double()

    def put(parameter, key, turned=False):
        value = ARRAYS[f"net_{name}_{key}"].double()
        parameter.data.copy_(value.T if turned else value)

    for layer, linear, norm in zip(layers(network), LINEARS, NORMS, strict=True):
        put(layer[0].weight, f"w{linear}", turned=True)
        put(layer[0].bias, f"b{linear}")
        put(layer[1].weight, f"{norm}_gamma")
        put(layer[1].bias, f"{norm}_beta")
        put(layer[1].running_mean, f"{norm}_mean")
        put(layer[1].running_var, f"{norm}_var")
    put(network.last.weight, "w4", turned=True)
    put(network.last.bias, "b4")
    inputs = ARRAYS[f"net_{name}_x"].double().unflatten(1, NETWORKS[name][0])
    target = ARRAYS[f"net_{name}_target"].double().unflatten(1, NETWORKS[name][1])
    return network, inputs, target


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("max_norm", (True, False))
def test_evaluation(name, max_norm):
    network, inputs, target = stored(name, max_norm=max_norm)
    found = network.eval()(inputs)
    expected = ARRAYS[f"net_{name}_eval_{'maxnorm' if max_norm else 'nomaxnorm'}"]
    assert largest(found.flatten(1) - expected) < 1e-5
    if max_norm:
        loss = (found - target).square().mean()
        assert loss.item() == pytest.approx(ARRAYS[f"net_{name}_eval_loss"].item(), abs=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_step(name):
    network, inputs, target = stored(name)
    found = network.train()(inputs)
    assert largest(found.flatten(1) - ARRAYS[f"net_{name}_train_maxnorm_nodrop"]) < 1e-9
    loss = (found - target).square().mean()
    assert loss.item() == pytest.approx(ARRAYS[f"net_{name}_train_loss"].item(), abs=1e-9)
    loss.backward()
    assert largest(network.last.weight.grad.T - ARRAYS[f"net_{name}_grad_w4"]) < 1e-6
    norm = network.first[0].weight.grad.norm().item()
    assert norm == pytest.approx(ARRAYS[f"net_{name}_grad_w1_norm"].item(), abs=1e-9)
    for layer, key in zip(layers(network), NORMS, strict=True):
        expected = {k: ARRAYS[f"net_{name}_after_{key}_{k}"] for k in ("mean", "var")}
        assert largest(layer[1].running_mean - expected["mean"]) < 1e-6
        # PyTorch keeps the unbiased variance of the batch of 5, TensorFlow the biased one.
        kept = 0.99 * ARRAYS[f"net_{name}_{key}_var"].double()
        biased = kept + (layer[1].running_var - kept) * 4 / 5
        assert largest(biased - expected["var"]) < 1e-6


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_parameter_counts():
    for name, ((inputs, input_dims), (outputs, output_dims)) in NETWORKS.items():
        shape = dict(input_dimensions=input_dims, output_dimensions=output_dims)
        expected = ARRAYS[f"net_{name}_params_1024"].item()
        assert count(Martinez(inputs, outputs, **shape)) == expected
    assert count(Martinez()) == ARRAYS["net_martinez_params_1024"].item() == 4_291_632


def test_normalisation():
    planar = ARRAYS["norm_in_planar"].unflatten(1, (2, 17))
    poses, mean, std, out = (
        planar,
        *(ARRAYS[f"norm_{key}"].unflatten(-1, (2, 17)) for key in ("mean", "std", "out")),
    )
    standardise = Standardiser.of(poses)
    assert largest(standardise.mean - mean) < 1e-9 and largest(standardise.std - std) < 1e-9
    assert largest(standardise(poses) - out) < 1e-9
    assert largest(standardise.inverse(standardise(poses)) - poses) < 1e-9
    assert (standardise(poses)[:, :, 10] == 0).all(), "the root never changes"


def test_joints():
    def of_32(joints):
        return [HUMAN36M_KEPT_OF_32[HOUSE.index(joint)] for joint in joints]

    assert of_32(INPUT_JOINTS) == ARRAYS["mart_joints_2d"].tolist()
    assert of_32(OUTPUT_JOINTS) == ARRAYS["mart_joints_3d"].tolist()
    assert of_32(HOUSE.joints) == ARRAYS["mart_joints_17"].tolist()
    assert of_32(JOINT_SETS["14"]) == ARRAYS["mart_joints_14"].tolist()
    for joints, dimensions in ((INPUT_JOINTS, 2), (OUTPUT_JOINTS, 3)):
        slots = [dimensions * joint + k for joint in of_32(joints) for k in range(dimensions)]
        assert slots == ARRAYS[f"mart_dims_{dimensions}d"].tolist()


def test_order_of_the_hourglass():
    """The detector of the paper answers in MPII's order; it takes MPII's thorax for the spine."""
    mpii = {"spine": "thorax", "thorax": "upper_neck"}
    found = [MPII_16.index(mpii.get(joint, joint)) for joint in INPUT_JOINTS]
    assert found == ARRAYS["mart_sh_to_h36m"].tolist()


def test_learning_rate():
    found = [1e-3 * learning_rate_factor(step) for step in ARRAYS["lr_steps"].tolist()]
    assert largest(torch.tensor(found).double() - ARRAYS["lr_values"]) < 1e-9


def test_the_golden_weights_do_meet_the_cap():
    """Otherwise the golden arrays with and without max-norm would not tell them apart."""
    network, _, _ = stored("l2r")
    norms = [m.weight.norm().item() for m in network.modules() if isinstance(m, CappedLinear)]
    assert min(norms) > 1
