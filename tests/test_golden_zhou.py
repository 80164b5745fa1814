"""Zhou 2017 against stored arrays: losses, heat maps, decoding, accuracy, MPJPE, networks.

Names that end in `_as_executed` are what the published code does by mistake, `_intended` what it
means to do. Crops and affine maps have their own test.
"""

import numpy as np
import pytest
import torch
from golden_arrays import FOLDER, golden, largest
from torch.nn import functional

from posebook.methods.pose_resnet.network import PoseResNet
from posebook.methods.stacked_hourglass import heatmaps, weights
from posebook.methods.stacked_hourglass.network import Hourglass, Residual, StackedHourglass
from posebook.methods.weak_supervision import losses, skeleton, targets
from posebook.methods.weak_supervision.network import DepthHourglass, DepthMapResNet
from posebook.metrics import mpjpe
from posebook.metrics.pictures import map_accuracy
from posebook.skeletons import MPII_16

ARRAYS = golden("zhou2017")
REG, VAR = ARRAYS["a_geo_regweight"], ARRAYS["a_geo_varweight"]
HIP = MPII_16.index("hip")
SIZE = (64, 64)


def weak(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Places in units of half a side, and which joints are seen, of rows (x, y, seen)."""
    rows = ARRAYS[name]
    return losses.unit_places(rows[..., :2]), rows[..., 2] > 0.5


def nobody(people: int = 8) -> torch.Tensor:
    """Nobody has 3D labels."""
    return torch.zeros(people, dtype=torch.bool)


# --------------------------------------------------------------------------------------- losses


def test_bone_spread_of_each_person():
    places, seen = weak("a_geo_target_xyv")
    assert largest(places - ARRAYS["a_geo_target_after_forward"][..., :2]) < 1e-6
    depths = ARRAYS["a_geo_depth"].clone().requires_grad_()
    each = VAR * losses.bone_spread(depths, places, seen)
    assert largest(each - ARRAYS["a_geo_loss_each"]) < 1e-6
    assert each[6] == 0, "one bone of the legs is all that is seen"
    each.sum().backward()
    assert largest(depths.grad - ARRAYS["a_geo_grad_each_intended"]) < 1e-6
    assert not depths.grad[6].any()


@pytest.mark.parametrize(
    ("kind", "value", "cosine"),
    [("geo", "a_geo_loss_batch", 0.319), ("real", "a_real_loss", None)],
)
def test_geometry_loss_and_both_gradients(kind, value, cosine):
    places, seen = weak(f"a_{kind}_target_xyv")
    found = []
    for loss_of in (losses.geometry_loss, losses.executed_geometry_loss):
        depths = ARRAYS[f"a_{kind}_depth"].clone().requires_grad_()
        loss = VAR * loss_of(depths, places, seen, nobody())
        assert largest(loss - ARRAYS[value]) < 1e-6
        loss.backward()
        found.append(depths.grad)
    assert largest(found[0] - ARRAYS[f"a_{kind}_grad_intended"]) < 1e-7
    assert largest(found[1] - ARRAYS[f"a_{kind}_grad_as_executed"]) < 1e-7
    if cosine is not None:
        alike = functional.cosine_similarity(found[0].flatten(), found[1].flatten(), dim=0)
        assert alike.item() == pytest.approx(cosine, abs=1e-3)
    untouched = MPII_16.indices("thorax", "head")
    assert not found[0][:, untouched].any()


def test_a_mixed_batch():
    rows = ARRAYS["a_mix_target"]
    labelled = torch.arange(8) < 4
    places, seen = losses.unit_places(rows[..., :2]), rows[..., 2] > 0.5
    depths = ARRAYS["a_geo_depth"].clone().requires_grad_()
    geometry = VAR * losses.geometry_loss(depths, places, seen, labelled)
    (only,) = torch.autograd.grad(geometry, depths, retain_graph=True)
    assert not only[labelled].any() and only[~labelled].any()
    loss = REG * losses.depth_loss(depths, rows[..., 2], labelled) + geometry
    assert largest(loss - ARRAYS["a_mix_loss"]) < 1e-6
    loss.backward()
    assert largest(depths.grad - ARRAYS["a_mix_grad_intended"]) < 1e-7


def test_losses_of_the_later_code():
    depths = ARRAYS["a_master_depth"].squeeze(-1).requires_grad_()
    places, seen = ARRAYS["a_master_gt2d"], ARRAYS["a_master_visible"].squeeze(-1) > 0.5
    loss = VAR * losses.geometry_loss(depths, places, seen, nobody(), halved=True)
    assert largest(loss - ARRAYS["a_master_loss"]) < 1e-6
    assert (ARRAYS["a_geo_loss_batch"] / loss).item() == pytest.approx(8, rel=1e-4)
    loss.backward()
    assert largest(depths.grad - ARRAYS["a_master_grad"].squeeze(-1)) < 1e-7

    maps, column, row = (ARRAYS[f"a_mreg_{name}"] for name in ("depthmap", "x", "y"))
    places = torch.stack([column, row], -1)
    flat = row * 8 * 16 + column * 16 + torch.arange(16)
    assert torch.equal(flat, ARRAYS["a_mreg_ind"])
    found = losses.at_places(maps, places)
    assert torch.equal(found, maps.permute(0, 2, 3, 1).flatten(1).gather(1, flat))
    loss = losses.later_depth_loss(
        found, ARRAYS["a_mreg_target"].squeeze(-1), ARRAYS["a_mreg_mask"].bool()
    )
    assert largest(loss - ARRAYS["a_mreg_loss"]) < 1e-6


# ------------------------------------------------------------------------------------ heat maps


def test_targets():
    centres = ARRAYS["b_centres"]
    released = heatmaps.zhou_maps(centres, SIZE, released=True)
    assert torch.equal(released.float(), ARRAYS["b_hm_hg3d_sigma1"])
    whole = heatmaps.zhou_maps(centres[:1], SIZE)[0]
    assert torch.equal(whole[29:36, 29:36], ARRAYS["b_kernel7"])
    assert whole.sum() == ARRAYS["b_kernel7"].sum(), "nothing beyond the table"
    assert torch.equal(whole[29:35, 29:35].float(), released[0, 29:35, 29:35].float())
    later = heatmaps.window_maps(centres, SIZE)
    assert largest(later - ARRAYS["b_hm_master_sigma2"]) < 1e-6
    same = heatmaps.gaussian_maps(centres[:1] + 0.5, SIZE, heatmaps.ZHOU_SIGMA)
    assert largest(same[0, 29:36, 29:36] - ARRAYS["b_kernel7"]) < 6e-5


def test_decoding():
    maps = ARRAYS["c_hm_f16"].float()
    at = heatmaps.peaks(maps)
    assert torch.equal(at.double(), ARRAYS["c_argmax"])
    assert torch.equal(heatmaps.quarter_pixel(maps).double(), ARRAYS["c_refined_intended"])
    released = heatmaps.quarter_pixel(maps, released=True).double()
    assert torch.equal(released, ARRAYS["c_refined_as_executed"])
    assert (released != ARRAYS["c_refined_intended"]).any(-1).sum() == 8
    assert not maps[0, 4].any()
    fraction = at[..., 0] / 64  # the later code divides the index without rounding
    later = torch.stack([at[..., 0].double(), at[..., 1] + fraction.double()], -1)
    assert largest(later - ARRAYS["c_master_get_preds"]) < 1e-12
    assert torch.equal(heatmaps.fractional_peaks(maps).double(), ARRAYS["c_master_get_preds"])


@pytest.mark.parametrize("later", [False, True])
def test_accuracy_on_maps(later):
    joints = MPII_16.indices(*skeleton.ACCURACY_JOINTS)
    truth, predicted = ARRAYS["e_gt_xy"].double(), ARRAYS["e_pred_xy"].double()
    truth = torch.where(ARRAYS["e_gt_visible"].unsqueeze(-1) > 0, truth, torch.nan)
    found = []
    for places in (predicted, truth):
        maps = heatmaps.zhou_maps(places, SIZE, released=True)
        # The later code's accuracy is taken on the same maps, with its fractional rows.
        found.append(heatmaps.fractional_peaks(maps) if later else heatmaps.peaks(maps).double())
    expected = ARRAYS["e_accuracy_master" if later else "e_accuracy"].item()
    assert map_accuracy(*found, joints=joints) == pytest.approx(expected, abs=1e-12)


# --------------------------------------------------------------------------------------- MPJPE


def error_mm(maps: torch.Tensor, depths: torch.Tensor, truth_mm: torch.Tensor, released: bool):
    """The published MPJPE of each pose, mm."""
    places = heatmaps.quarter_pixel(maps, released=released).double()
    pose = skeleton.at_length(targets.pose_in_map(places, depths.double()))
    return mpjpe(pose, truth_mm - truth_mm[:, HIP : HIP + 1])


def test_mpjpe():
    maps = heatmaps.zhou_maps(ARRAYS["f_pred_xy"].double(), SIZE, released=True).float()
    truth_mm = ARRAYS["f_gt_mm"]
    scored = truth_mm.abs().sum((1, 2)) > 0
    assert scored.sum() == ARRAYS["f_count"]
    for released, name in ((False, "f_mpjpe_intended"), (True, "f_mpjpe")):
        found = error_mm(maps, ARRAYS["f_reg"], truth_mm, released)[scored].mean()
        assert largest(found - ARRAYS[name]) < 1e-4


def test_mpjpe_of_the_later_code():
    places = ARRAYS["f_pred_xy"]
    depths = ARRAYS["f_master_depth_at_peak"]
    pose = torch.cat([places / 64, depths.unsqueeze(-1)], -1)
    pose = pose - pose[:, HIP : HIP + 1]
    assert largest(pose - ARRAYS["f_master_preds3d"]) < 1e-6
    house = skeleton.to_house(pose.double())
    assert largest(house - ARRAYS["f_master_converted"]) < 1e-3
    truth_mm = ARRAYS["f_master_gt17_mm"]
    scored = truth_mm.abs().sum((1, 2)) > 0
    assert scored.sum() == ARRAYS["f_master_count"]
    found = mpjpe(house, truth_mm)[scored].mean()
    assert largest(found - ARRAYS["f_master_mpjpe"]) < 1e-3


def test_targets_of_human36m_and_their_own_error():
    keypoints_px, pose_mm = ARRAYS["f_h36m_joint2d"], ARRAYS["f_h36m_joint3d_mono"]
    found = targets.targets_of(keypoints_px, pose_mm)
    assert largest(found.scaled - ARRAYS["f_h36m_pts3d_scaled"]) < 1e-9
    assert largest(found.depths - ARRAYS["f_h36m_outreg"][:, 2]) < 1e-6
    places = 64 * found.places_px / targets.SIDE_PX
    maps = heatmaps.zhou_maps(places, SIZE, released=True).unsqueeze(0).float()
    assert torch.equal(heatmaps.peaks(maps)[0].double(), ARRAYS["f_h36m_peak_xy"])
    assert largest(skeleton.bone_sum(pose_mm) - ARRAYS["f_h36m_bone_sum"]) < 1e-9
    for released, name in ((False, "_intended"), (True, "")):
        error = error_mm(maps, found.depths.unsqueeze(0), pose_mm.unsqueeze(0), released)
        assert largest(error - ARRAYS[f"f_h36m_selfcheck_mpjpe{name}"]) < 1e-3


# ------------------------------------------------------------------------------------- networks


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("hg3d_total", DepthHourglass),
        ("depth_residuals", lambda: DepthHourglass().depth.blocks),
        ("depth_linear", lambda: DepthHourglass().depth.last),
        ("hg2d_2stack", StackedHourglass),
        ("one_hourglass", Hourglass),
        ("residual_256_256", lambda: Residual(256, 256)),
        ("residual_64_128", lambda: Residual(64, 128)),
        ("residual_128_256", lambda: Residual(128, 256)),
        ("residual_128_128", lambda: Residual(128, 128)),
        ("msra18_hm_depth", lambda: DepthMapResNet(18)),
        ("msra18_hm", lambda: PoseResNet(18, 16)),
        ("msra18_deconv", lambda: PoseResNet(18, 16).deconv_layers),
        ("msra50_hm_depth", lambda: DepthMapResNet(50)),
        ("msra50_hm", lambda: PoseResNet(50, 16)),
        ("msra50_deconv", lambda: PoseResNet(50, 16).deconv_layers),
    ],
)
def test_numbers_of_weights(name, build):
    assert count(build()) == ARRAYS[f"g_params_{name}"]


@torch.no_grad()
def test_shapes():
    picture, heat_map = torch.rand(1, 3, 256, 256), (1, 16, 64, 64)
    found, depths = DepthHourglass()(picture)
    shapes = [str(tuple(answer.shape)) for answer in (*found, depths)]
    with np.load(FOLDER / "zhou2017.npz") as arrays:
        assert shapes == arrays["g_shapes_hg3d"].tolist()
        assert shapes[:2] == arrays["g_shapes_hg2d"].tolist()
        for depth in (18, 50):
            maps, depth_maps = DepthMapResNet(depth)(picture)
            assert f"hm{tuple(maps.shape)}" == arrays[f"g_shapes_msra{depth}"][0]
            assert f"depth{tuple(depth_maps.shape)}" == arrays[f"g_shapes_msra{depth}"][1]
    assert tuple(StackedHourglass(stacks=1, features=8)(picture)[0].shape) == heat_map


@pytest.mark.parametrize(
    ("name", "build", "rename"),
    [
        ("residual", lambda: Residual(8, 16), weights.of_residual),
        ("hourglass", lambda: Hourglass(2, 1, 8), weights.of_hourglass),
    ],
)
def test_stored_weights(name, build, rename):
    start = f"g_{name}_w."
    state = {
        rename(key.removeprefix(start)): value
        for key, value in ARRAYS.items()
        if key.startswith(start)
    }
    network = build()
    network.load_state_dict(state)
    network.eval()
    with torch.no_grad():
        found = network(ARRAYS[f"g_{name}_in"])
    assert largest(found - ARRAYS[f"g_{name}_out"]) < 1e-5
