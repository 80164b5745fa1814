"""Metrics and Procrustes against the numbers of the code that introduced them."""

import math

import pytest
import torch
from golden_arrays import golden, largest

from posebook import metrics
from posebook.geometry import procrustes

ARRAYS = golden("metrics")
CASES = ("rand", "equal", "mirror", "simil", "planarpred", "linepred", "negpred", "zeropred")
FUNCTIONS = {
    "mpjpe": metrics.mpjpe,
    "p_mpjpe": metrics.p_mpjpe,
    "n_mpjpe": metrics.n_mpjpe_uncentred,
    "repnet_3dpe_reflection_best": metrics.p_mpjpe_reflected,
    "velocity": lambda prediction, truth: metrics.velocity_error(prediction[0], truth[0]),
}


def poses(case):
    target = ARRAYS["rand_target"]
    made = {"equal": target, "negpred": -ARRAYS["rand_pred"]}
    return made.get(case, ARRAYS.get(f"{case}_pred")), target


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("metric", FUNCTIONS)
def test_metric(case, metric):
    if f"{case}_{metric}" not in ARRAYS:
        assert (case, metric) == ("zeropred", "repnet_3dpe_reflection_best")
        return
    expected = ARRAYS[f"{case}_{metric}"].item()
    found = FUNCTIONS[metric](*poses(case)).nanmean().item()
    if math.isnan(expected):  # the reference divides by zero; ours has a value, tested below
        assert case == "zeropred" and math.isfinite(found)
    else:
        assert found == pytest.approx(expected, abs=1e-9)


def test_all_joints_in_one_place_have_a_defined_value():
    prediction, target = poses("zeropred")
    spread = (target - target.mean(-2, keepdim=True)).norm(dim=-1).mean(-1)
    assert largest(metrics.p_mpjpe(prediction, target) - spread) < 1e-12
    to_origin = target.norm(dim=-1).mean(-1)
    assert largest(metrics.n_mpjpe_uncentred(prediction, target) - to_origin) < 1e-12


def test_a_mirror_image_is_an_error_unless_reflections_are_asked_for():
    assert metrics.p_mpjpe(*poses("mirror")).min() > 0.1
    assert metrics.p_mpjpe_reflected(*poses("mirror")).max() < 1e-9


@pytest.mark.parametrize("case", ("wm", "wm2"))
def test_weighted(case):
    prediction, truth, weights = (ARRAYS[f"{case}_{part}"] for part in ("pred", "target", "w"))
    found = metrics.weighted_mpjpe(prediction, truth, weights).mean()
    assert found.item() == pytest.approx(ARRAYS[f"{case}_value"].item(), abs=1e-12)


@pytest.mark.parametrize(
    ("case", "source", "scale"),
    [("scale", "proc_Y", True), ("rigid", "proc_Y", False), ("mirror", "proc_mirror_Y", True)],
)
def test_procrustes_of_martinez(case, source, scale):
    arrays = golden("wang2019")
    pose, target = arrays[source], arrays["proc_X"]
    fit = procrustes(pose, target, scale=scale)
    assert largest(fit.rotation - arrays[f"proc_{case}_R"]) < 1e-12
    assert fit.scale.item() == pytest.approx(arrays[f"proc_{case}_b"].item(), abs=1e-12)
    assert torch.linalg.det(fit.rotation).item() == pytest.approx(1, abs=1e-12)
    found = metrics.p_mpjpe(pose, target, scale=scale).item()
    assert found == pytest.approx(arrays[f"proc_{case}_pampjpe"].item(), abs=1e-9)
    if case != "mirror":
        assert largest(fit.translation - arrays[f"proc_{case}_c"]) < 1e-9
        assert largest(fit.apply(pose) - arrays[f"proc_{case}_Z"]) < 1e-9
        wrong = (fit.apply(pose) - target).square().sum() / (target - target.mean(0)).square().sum()
        assert wrong.item() == pytest.approx(arrays[f"proc_{case}_d"].item(), abs=1e-12)


def test_elepose():
    arrays = golden("elepose")
    prediction, truth = (arrays[k].unflatten(1, (3, 17)).mT for k in ("m_pred", "m_gt"))
    expected = {
        "m_pa_reflect": metrics.p_mpjpe_reflected,
        "m_pa_noreflect": metrics.p_mpjpe,
        "m_nmpjpe_normratio": metrics.n_mpjpe_norm_ratio,
        "m_nmpjpe_ls": metrics.n_mpjpe,
    }
    for name, function in expected.items():
        assert largest(function(prediction, truth) - arrays[name]) < 1e-9, name


def test_yu():
    arrays = golden("yu2021")
    prediction, truth = arrays["pm_pred"], arrays["pm_gt"]
    root = 13  # Yu's pelvis
    centred = [pose - pose[:, root : root + 1] for pose in (prediction, truth)]
    expected = {
        "pm_pmpjpe": metrics.p_mpjpe(prediction, truth),
        "pm_mpjpe_rootc": metrics.mpjpe(*centred),
        "pm_nmpjpe_ls": metrics.n_mpjpe(prediction, truth, root),
    }
    for name, found in expected.items():
        assert found.mean().item() == pytest.approx(arrays[name].item(), abs=1e-9), name
