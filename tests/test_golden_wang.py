"""Wang et al. 2019 against arrays that the released code computed: views, networks, search, files.

The camera and its lens are compared in test_golden_others, Procrustes in test_golden_metrics, and
Martinez's constants, normalisation, joints and learning rate in test_golden_martinez.
"""

from dataclasses import replace

import pytest
import torch
from golden_arrays import golden, largest

from posebook.datasets.published import wang2019
from posebook.geometry import root_relative
from posebook.methods.label_generator import search
from posebook.methods.label_generator.network import LabelGenerator, Reconstruction, ViewSynthesis
from posebook.methods.label_generator.released import load_reconstruction, load_view_synthesis
from posebook.methods.label_generator.right_view import (
    HUMAN36M,
    RELEASED_RIGHT_VIEW,
    RELEASED_SEARCH,
    SHIFT_MM,
    disparity_error,
    relative_disparity,
    stereo_pair,
)
from posebook.methods.simple_baseline.network import Standardiser
from posebook.metrics import mpjpe
from posebook.skeletons import HOUSE, WANG_17

ARRAYS = golden("wang2019")
NORMS = ("bn", "bn1_0", "bn2_0", "bn1_1", "bn2_1")
COARSE, PIXELS = ARRAYS["geo_coarse"], ARRAYS["geo_uv"]
ON_WANG = dict(skeleton=WANG_17)


def about_hip(points):
    return root_relative(points, WANG_17)


# ------------------------------------------------------------------------------------------ views


def test_joints():
    assert WANG_17.index("hip") == 10 and set(WANG_17.joints) == set(HOUSE.joints)
    short = {"sho": "shoulder", "elb": "elbow", "wri": "wrist", "hip": "hip", "kne": "knee",
             "ank": "foot"}  # fmt: skip
    sides = [j.partition("_") for j in WANG_17.joints if WANG_17.side(j) != "middle"]
    with wang2019.numpy.load(wang2019.Path(__file__).parent / "golden/wang2019.npz") as arrays:
        named = [n for n in arrays["pose_names"].tolist() if n[0] in "rl" and n[1:] in short]
    assert [(n[0], short[n[1:]]) for n in named] == [(side[0], part) for side, _, part in sides]


def test_right_view():
    camera = RELEASED_RIGHT_VIEW
    assert largest(camera.matrix - ARRAYS["stereo_K"]) == 0
    assert ARRAYS["stereo_dx"].item() == SHIFT_MM
    left, right = stereo_pair(ARRAYS["pose_cam"], camera)
    assert largest(left - ARRAYS["stereo_left"]) < 1e-9
    assert largest(right - ARRAYS["stereo_right"]) < 1e-9
    assert largest(left[..., 1] - right[..., 1]) == 0, "v is the same in both"
    assert largest(about_hip(left) - ARRAYS["stereo_left_rooted"]) < 1e-9
    assert largest(about_hip(right) - ARRAYS["stereo_right_rooted"]) < 1e-9
    found = relative_disparity(left, right, WANG_17)
    assert largest(found - ARRAYS["stereo_rel_disparity"]) < 1e-9
    depth = ARRAYS["pose_cam"][..., 2]
    formula = camera.focal_px[0] * SHIFT_MM * (1 / depth - 1 / depth[:, 10:11])
    assert largest(found - formula) < 1e-9


def test_the_shift_is_an_argument_and_the_lens_stays_out():
    bent = replace(HUMAN36M, radial=torch.tensor([-0.2, 0.2, 0.0]))
    for camera in (HUMAN36M, bent):
        left, right = stereo_pair(ARRAYS["pose_cam"], camera, -250.0)
        straight = stereo_pair(ARRAYS["pose_cam"], HUMAN36M, -250.0)
        assert largest(left - straight[0]) == 0 and largest(right - straight[1]) == 0
    twice = relative_disparity(*stereo_pair(ARRAYS["pose_cam"], HUMAN36M, 1000.0), WANG_17)
    once = relative_disparity(*stereo_pair(ARRAYS["pose_cam"], HUMAN36M, 500.0), WANG_17)
    assert largest(twice - 2 * once) < 1e-9


def test_a_copy_of_the_left_view_passes_the_released_measure():
    left, right = ARRAYS["stereo_left_rooted"], ARRAYS["stereo_right_rooted"]
    head = torch.linalg.vector_norm(right[:, 0] - right[:, 1], dim=-1)
    assert largest(head - ARRAYS["stereo_head_px"]) < 1e-9
    off = torch.linalg.vector_norm(left - right, dim=-1)
    pckh = (off <= 0.5 * head.unsqueeze(-1)).double().mean().item()
    assert pckh == ARRAYS["stereo_pckh_copy_left"].item() == 1
    # What this book reports instead is not 0 for it.
    found = disparity_error(left, right, WANG_17).mean(-1)
    assert found.tolist() == pytest.approx([1.9, 6.4, 1.2], abs=0.3)
    assert largest(disparity_error(right, right, WANG_17)) == 0


def test_vectors_of_the_release():
    for order in wang2019.ORDERS:
        flat = wang2019.flattened(ARRAYS["stereo_left"].numpy(), order)
        assert (flat == ARRAYS[f"stereo_left_{order}"].numpy()).all()
        assert (wang2019.unflattened(flat, 2, order) == ARRAYS["stereo_left"].numpy()).all()
    pair = torch.cat([ARRAYS["stereo_left_rooted"], ARRAYS["stereo_right_rooted"]], 1)
    assert largest(pair.flatten(1) - ARRAYS["stereo_pair_rooted_interleaved"]) == 0
    roots = [20, 21, 54, 55]
    assert largest(ARRAYS["stereo_pair_rooted_interleaved"][:, roots]) == 0


# -------------------------------------------------------------------------------------- statistics


def test_normalisation():
    points, mean, std, out = (
        torch.from_numpy(wang2019.unflattened(ARRAYS[f"norm_{key}"].numpy(), 2, "planar").copy())
        for key in ("in_planar", "mean", "std", "out")
    )
    held = Standardiser.of(points)
    assert largest(held.mean - mean) < 1e-9 and largest(held.std - std) < 1e-9
    assert largest(held(points) - out) < 1e-9
    assert largest(held(points)[:, 10]) == 0, "slots 10 and 27"
    # Whatever a network says of the root comes back as exactly 0.
    assert largest(held.inverse(torch.ones_like(points))[:, 10] - mean[10]) == 0


def test_the_right_view_has_statistics_of_its_own():
    """The release brings the right view back to pixels with the left view's."""
    order = WANG_17.indices(*HOUSE.joints)
    poses = ARRAYS["pose_cam"][:, order]
    left, right = stereo_pair(poses, HUMAN36M)
    generator = LabelGenerator(8).double().eval()
    generator.learn_statistics(left, right, poses)
    expected = Standardiser.of(root_relative(right, HOUSE))
    assert largest(generator.right.std - expected.std) == 0
    assert largest(generator.right.std - generator.left.std) > 1
    for network in (generator.view, generator.pose):
        torch.nn.init.zeros_(network.last.weight)
        torch.nn.init.zeros_(network.last.bias)
    # A network that says 0 says the training mean; and where the picture is, is nothing to it.
    for moved in (left, left + 300.0):
        assert largest(generator.right_view(moved) - expected.mean) < 1e-9
        mean_mm = root_relative(poses, HOUSE).mean(0)
        assert largest(generator(moved) - mean_mm) < 1e-9
    assert largest(generator(left)[:, HOUSE.index("hip")]) == 0


# ---------------------------------------------------------------------------------------- networks


def stored(name, **flags):
    """A small network with the stored weights, in float64, its input and its target."""
    arrays = {k.removeprefix(f"net_{name}_"): v.double() for k, v in ARRAYS.items()
              if k.startswith(f"net_{name}_")}  # fmt: skip
    if name == "l2r":
        network = ViewSynthesis(16, dropout=0.0, **flags).double()
        load_view_synthesis(network, arrays)
        values = [arrays[key].unflatten(1, (2, 17)).mT for key in ("x", "target")]
    else:
        network = Reconstruction(16, dropout=0.0, **flags).double()
        load_reconstruction(network, arrays)
        values = [arrays["x"].unflatten(1, (34, 2)), arrays["target"].unflatten(1, (17, 3))]
    return network, *values


def released(name, values):
    """A network's answer as the release's vector: planar of the view synthesis."""
    return (values.mT if name == "l2r" else values).flatten(1)


@pytest.mark.parametrize("name", ("l2r", "rec"))
def test_networks(name):
    for max_norm in (True, False):
        network, inputs, target = stored(name, max_norm=max_norm)
        found = network.eval()(inputs)
        expected = ARRAYS[f"net_{name}_eval_{'maxnorm' if max_norm else 'nomaxnorm'}"]
        assert largest(released(name, found) - expected) < 1e-5
    network, inputs, target = stored(name)
    loss = torch.nn.functional.mse_loss(network.eval()(inputs), target)
    assert loss.item() == pytest.approx(ARRAYS[f"net_{name}_eval_loss"].item(), abs=1e-6)
    found = network.train()(inputs)
    assert largest(released(name, found) - ARRAYS[f"net_{name}_train_maxnorm_nodrop"]) < 1e-5
    loss = torch.nn.functional.mse_loss(found, target)
    assert loss.item() == pytest.approx(ARRAYS[f"net_{name}_train_loss"].item(), abs=1e-6)
    loss.backward()
    gradient = network.last.weight.grad.T
    if name == "l2r":
        gradient = gradient.unflatten(1, (17, 2)).mT.flatten(1)
    assert largest(gradient - ARRAYS[f"net_{name}_grad_w4"]) < 1e-6
    norm = network.first[0].weight.grad.norm().item()
    assert norm == pytest.approx(ARRAYS[f"net_{name}_grad_w1_norm"].item(), abs=1e-6)
    layers = [network.first, *(layer for block in network.blocks for layer in block)]
    for layer, key in zip(layers, NORMS, strict=True):
        moved, kept = layer[1], 0.99 * ARRAYS[f"net_{name}_{key}_var"].double()
        assert largest(moved.running_mean - ARRAYS[f"net_{name}_after_{key}_mean"]) < 1e-6
        biased = kept + (moved.running_var - kept) * 4 / 5  # of the batch of 5
        assert largest(biased - ARRAYS[f"net_{name}_after_{key}_var"]) < 1e-6


def test_sizes():
    for name, network in (("l2r", ViewSynthesis()), ("rec", Reconstruction())):
        count = sum(parameter.numel() for parameter in network.parameters())
        assert count == ARRAYS[f"net_{name}_params_1024"].item()
    assert Reconstruction(8, stereo=False)(torch.zeros(2, 17, 2)).shape == (2, 17, 3)


# ------------------------------------------------------------------------------------------ search


@pytest.mark.parametrize("exhaustive", (True, False), ids=("every candidate", "halved"))
def test_search(exhaustive):
    fx, fy, cx, cy = ARRAYS["geo_fx_fy_cx_cy"].tolist()
    assert RELEASED_SEARCH.matrix.tolist() == [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]
    assert list(search.RELEASED) == ARRAYS["geo_range"].tolist()
    found = search.search(COARSE, PIXELS, RELEASED_SEARCH, exhaustive=exhaustive, **ON_WANG)
    assert found.depth_mm.tolist() == ARRAYS["geo_dz"].tolist() == [4962, 3511, 7199]
    assert largest(found.objective_mm - ARRAYS["geo_objective"]) < 1e-9
    assert found.at_bound.tolist() == [False, False, True], "the third stands 8 m away"
    assert not found.no_solution.any()
    assert largest(found.pose_mm - ARRAYS["geo_refined"]) < 1e-9
    absolute = found.pose_mm + found.root_mm.unsqueeze(1)
    assert largest(absolute - ARRAYS["geo_refined_abs"]) < 1e-9
    assert largest(found.pose_mm[..., 2] - COARSE[..., 2]) == 0, "depths stay"
    for name, pose_mm in (("before", COARSE), ("after", found.pose_mm)):
        seen = RELEASED_SEARCH.project(pose_mm + found.root_mm.unsqueeze(1))
        off = torch.linalg.vector_norm(seen - PIXELS, dim=-1).mean(-1)
        assert largest(off - ARRAYS[f"geo_reproj_{name}_px"]) < 1e-9
        error = mpjpe(pose_mm, ARRAYS["geo_true_rel"])
        assert largest(error - ARRAYS[f"geo_mpjpe_{name}"]) < 1e-9
    assert ARRAYS["geo_reproj_after_px"].max() < 1e-9


@pytest.mark.parametrize("exhaustive", (True, False), ids=("every candidate", "halved"))
def test_search_of_the_wild_script(exhaustive):
    rays = search.rays_about_hip(PIXELS, RELEASED_SEARCH, WANG_17)
    given = dict(most_mm=search.MOST_WILD_MM, exhaustive=exhaustive, **ON_WANG)
    found = search.search_rays(COARSE, rays, **given)
    assert found.depth_mm.tolist() == ARRAYS["geo_dz_noprincipal"].tolist() == [4952, 3487, 7199]
    assert largest(found.objective_mm - ARRAYS["geo_obj_noprincipal"]) < 1e-9
    assert largest(found.pose_mm - ARRAYS["geo_refined_noprincipal"]) < 1e-9


def test_curve_and_closed_form():
    rays = RELEASED_SEARCH.rays(PIXELS)
    curve = search.curve(COARSE, rays, **ON_WANG)
    assert curve.shape == (3, 4400)
    assert largest(curve[:, ::100] - ARRAYS["geo_curve_every100"]) < 1e-9
    assert (curve.diff(n=2) > -1e-9).all(), "E is convex"
    depth = search.least_squares_depth(COARSE, rays, WANG_17)
    assert largest(depth - ARRAYS["geo_dz_lsq"]) < 1e-9


@pytest.mark.parametrize("exhaustive", (True, False), ids=("every candidate", "halved"))
def test_no_solution_is_no_label(exhaustive):
    """The release returns a collapsed pose here, of depth 0."""
    assert ARRAYS["geo_fail_dz"].item() == 0
    coarse, pixels = ARRAYS["geo_fail_coarse"].unsqueeze(0), PIXELS[:1]
    found = search.search(coarse, pixels, RELEASED_SEARCH, exhaustive=exhaustive, **ON_WANG)
    least = search.curve(coarse, RELEASED_SEARCH.rays(pixels), **ON_WANG).min().item()
    assert least == pytest.approx(ARRAYS["geo_fail_curve_min"].item(), abs=1e-6)
    assert found.objective_mm.item() == pytest.approx(least, abs=1e-6)
    assert found.no_solution.all() and not found.at_bound.any()
    assert found.pose_mm.isnan().all() and found.root_mm.isnan().all()
