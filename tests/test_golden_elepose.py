"""ElePose's normalisation, flow, cycle, losses and sizes against the published code's.

The arrays are coordinate-major (x0 ... x16, y0 ... y16) and have the right arm before the left;
ours are joint-major, in house order.
"""

import pytest
import torch
from golden_arrays import golden, largest

from posebook import metrics
from posebook.geometry import euler_to_matrix
from posebook.methods.elepose import losses, step
from posebook.methods.elepose.flow import Flow, PosePrior, principal_components
from posebook.methods.elepose.network import ElePoseLifter, learning_rate_factor
from posebook.skeletons import HOUSE

ARRAYS = golden("elepose")
LIMBS = ("shoulder", "elbow", "wrist")
THEIRS = (*HOUSE.joints[:11], *(f"{side}_{limb}" for side in ("right", "left") for limb in LIMBS))
TO_HOUSE = [THEIRS.index(joint) for joint in HOUSE.joints]


def house(rows: torch.Tensor) -> torch.Tensor:
    """(n, 34), (n, 51) or (n, 3, 17) of theirs as (n, 17, 2 or 3) of ours."""
    if rows.dim() == 2:
        rows = rows.unflatten(1, (-1, 17))
    return rows.mT[:, TO_HOUSE]


def theirs(poses: torch.Tensor) -> torch.Tensor:
    """The inverse: (n, 17, 2) of ours as (n, 34) of theirs."""
    return poses[:, HOUSE.indices(*THEIRS)].mT.flatten(1)


def test_orders_go_there_and_back():
    rows = ARRAYS["norm_train"]
    assert torch.equal(theirs(house(rows)), rows)
    assert not torch.equal(house(rows).mT.flatten(1), rows), "the orders must differ"


# ------------------------------------------------------------------------ normalisation and PCA


def test_normalisation():
    keypoints_px = house(ARRAYS["raw_px"])
    hip, head = HOUSE.indices("hip", "head")
    away_px = torch.linalg.vector_norm(keypoints_px[:, head] - keypoints_px[:, hip], dim=-1)
    assert away_px.mean().item() == pytest.approx(ARRAYS["mean_head_root_px"].item(), abs=1e-9)
    for scale_px, name in ((away_px.mean(), "norm_train"), (145.5329587164913, "norm_test_145p53")):
        found = losses.normalise(keypoints_px, scale_px)
        assert largest(found - house(ARRAYS[name])) < 1e-12, name


def test_principal_components_up_to_sign():
    rows = ARRAYS["norm_train"]
    mean, components, singular = principal_components(rows)
    assert largest(mean - ARRAYS["pca_mean"]) < 1e-12
    assert largest(singular - ARRAYS["pca_singular"]) < 1e-12
    known = ARRAYS["pca_components"]
    signs = (components * known).sum(-1).sign()
    apart = components * signs.unsqueeze(-1) - known
    assert largest(apart[:32]) < 1e-9
    # Nothing varies along the last two: the hip is always 0. They may be any basis of that plane.
    assert largest(components[32:] @ known[:32].mT) < 1e-9


def test_coefficients_of_the_prior():
    prior = PosePrior(bases=26, width=4).double().fit_components(house(ARRAYS["norm_train"]))
    components = theirs(prior.components.unflatten(1, (17, 2)))
    signs = (components * ARRAYS["pca_components"][:26]).sum(-1).sign()
    found = prior.coefficients(house(ARRAYS["norm_train"])[:8])
    assert largest(found * signs - ARRAYS["latent26"]) < 1e-12
    assert largest(theirs(prior.mean.view(1, 17, 2))[0] - ARRAYS["pca_mean"]) < 1e-12


# ----------------------------------------------------------------------------------------- flow


def tiny_flow() -> Flow:
    """The stored instance: 6 numbers, 2 blocks, 5 hidden units, in float64."""
    flow = Flow(size=6, blocks=2, width=5).double()
    for number, block in enumerate(flow.blocks):
        stored = {
            key.removeprefix(f"flow__module_list.{number}."): value
            for key, value in ARRAYS.items()
            if key.startswith(f"flow__module_list.{number}.")
        }
        block.load_state_dict(
            {
                "scale": stored["global_scale"][0],
                "offset": stored["global_offset"][0],
                "rotation": stored["w_perm"],
                **{key: value for key, value in stored.items() if key.startswith("subnet")},
            }
        )
    return flow


def test_flow_forward():
    flow = tiny_flow()
    z, log_det = flow(ARRAYS["flow_x"])
    assert largest(z - ARRAYS["flow_z"]) < 1e-12
    assert largest(log_det - ARRAYS["flow_logdet"]) < 1e-12
    assert largest(flow.negative_log_likelihood(ARRAYS["flow_x"]) - ARRAYS["flow_nll"]) < 1e-12


def test_flow_inverse():
    values, log_det = tiny_flow().inverse(ARRAYS["flow_z"])
    # Their rotations are float32, so they are orthogonal to 1e-7.
    assert largest(values - ARRAYS["flow_x"]) < 1e-6
    assert largest(log_det - ARRAYS["flow_rev_logdet"]) < 1e-6


def test_log_det_is_that_of_the_jacobian():
    flow = tiny_flow()
    rows = ARRAYS["flow_x"]
    jacobians = torch.func.vmap(torch.func.jacrev(lambda row: flow(row[None])[0][0]))(rows)
    numerical = torch.linalg.slogdet(jacobians).logabsdet
    assert largest(numerical - ARRAYS["flow_logdet"]) < 1e-6
    step = 1e-6
    by_hand = torch.stack(
        [
            (flow(rows + e)[0] - flow(rows - e)[0]) / (2 * step)
            for e in step * torch.eye(6).double()
        ],
        -1,
    )
    assert largest(torch.linalg.slogdet(by_hand).logabsdet - flow(rows)[1]) < 1e-6


def test_sizes():
    sizes = [p.numel() for p in ElePoseLifter().parameters()]
    unused_batch_norm = 5 * 2 * 2 * 1024
    assert [sum(sizes) + unused_batch_norm, sum(sizes)] == ARRAYS["param_counts"].tolist()
    flow = Flow()
    trained = sum(p.numel() for p in flow.parameters())
    rotations = sum(b.numel() for b in flow.buffers())
    # They keep each rotation and its inverse.
    assert [trained + 2 * rotations, trained] == ARRAYS["flow_param_counts"].tolist()


# -------------------------------------------------------------------------------- cycle, losses


class StandIn(torch.nn.Module):
    """The stored network: one hidden layer; answers in house order."""

    def hidden(self, keypoints):
        return torch.tanh(theirs(keypoints) @ ARRAYS["tn_W1"] + ARRAYS["tn_b1"])

    def depths(self, keypoints):
        return (self.hidden(keypoints) @ ARRAYS["tn_Wd"] + ARRAYS["tn_bd"])[:, TO_HOUSE]

    def forward(self, keypoints):
        elevation = self.hidden(keypoints) @ ARRAYS["tn_We"] + ARRAYS["tn_be"]
        return self.depths(keypoints), elevation.squeeze(-1)


KEYPOINTS = house(ARRAYS["cyc_in"])
NOISE, AZIMUTH = ARRAYS["cyc_eps"].squeeze(-1), ARRAYS["cyc_azim"].squeeze(-1)


def stored_cycle() -> losses.Cycle:
    depths, elevation = StandIn()(KEYPOINTS)
    view = losses.random_view(elevation, AZIMUTH, NOISE)
    return losses.cycle(KEYPOINTS, depths, view, StandIn().depths)


def test_rotations():
    assert largest(euler_to_matrix(ARRAYS["euler_in"], "xyz") - ARRAYS["euler_XYZ"]) < 1e-12
    _, elevation = StandIn()(KEYPOINTS)
    assert largest(elevation - ARRAYS["cyc_elev"].squeeze(-1)) < 1e-12
    tilt = -elevation.mean() + elevation.std() * NOISE
    assert largest(tilt - ARRAYS["cyc_xang"].squeeze(-1)) < 1e-12
    assert largest(losses.random_view(elevation, AZIMUTH, NOISE) - ARRAYS["cyc_R"]) < 1e-12


def test_cycle():
    way = stored_cycle()
    assert largest(way.pose - house(ARRAYS["cyc_p3d"])) < 1e-12
    assert largest(way.turned - house(ARRAYS["cyc_rot"])) < 1e-12
    assert largest(way.seen - house(ARRAYS["cyc_rot2d"])) < 1e-12
    assert largest(way.seen_pose - house(ARRAYS["cyc_p3d_rot"])) < 1e-12
    assert largest(way.back - house(ARRAYS["cyc_back3d"])) < 1e-12
    assert largest(way.back_seen - house(ARRAYS["cyc_back2d"])) < 1e-12
    latent = (theirs(way.seen) - ARRAYS["pca_mean"]) @ ARRAYS["pca_components"][:26].mT
    assert largest(latent - ARRAYS["cyc_latent"]) < 1e-12


def test_losses():
    way = stored_cycle()
    assert losses.pose_loss(way.turned, way.seen_pose).item() == pytest.approx(
        ARRAYS["L3d"].item(), abs=1e-12
    )
    assert losses.keypoint_loss(KEYPOINTS, way.back_seen).item() == pytest.approx(
        ARRAYS["L2d"].item(), abs=1e-12
    )
    assert losses.deformation_loss(way.pose, way.back).item() == pytest.approx(
        ARRAYS["Ldef"].item(), abs=1e-12
    )
    assert losses.bone_loss(way.pose).item() == pytest.approx(ARRAYS["Lbl"].item(), abs=1e-12)


def test_bones():
    pose = house(ARRAYS["cyc_p3d"])
    # Their bones in their order: the arms change places with those of ours.
    order = [THEIRS[1:].index(bone) for bone in HOUSE.bone_names]
    relative = ARRAYS["bone_rel"][:, order]
    assert largest(losses.relative_lengths(pose) - relative) < 1e-12
    ratios = ARRAYS["bone_prior"].new_tensor([losses.BONE_RATIOS[b] for b in HOUSE.bone_names])
    assert torch.equal(ratios, ARRAYS["bone_prior"][order])


class TinyPrior(torch.nn.Module):
    """The tiny flow on the first six of the published components."""

    def forward(self, poses):
        latent = (theirs(poses) - ARRAYS["pca_mean"]) @ ARRAYS["pca_components"][:6].mT
        return tiny_flow().negative_log_likelihood(latent)


def test_one_step():
    found = step.step_losses(StandIn(), TinyPrior(), KEYPOINTS, AZIMUTH, NOISE)
    names = dict(
        flow="Lnll_tiny",
        keypoints="L2d",
        pose="L3d",
        deformation="Ldef",
        bones="Lbl",
        loss="Ltotal",
    )
    assert found.keys() == names.keys()
    for ours, name in names.items():
        assert found[ours].item() == pytest.approx(ARRAYS[name].item(), abs=1e-9), name


def test_learning_rate():
    found = torch.tensor([2e-4 * learning_rate_factor(e) for e in range(100)]).double()
    assert largest(found - ARRAYS["lr_epoch"]) < 1e-10


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("m_pa_reflect", metrics.p_mpjpe_reflected),
        ("m_pa_noreflect", metrics.p_mpjpe),
        ("m_nmpjpe_normratio", metrics.n_mpjpe_norm_ratio),
        ("m_nmpjpe_ls", metrics.n_mpjpe),
    ],
)
def test_metrics(name, metric):
    assert largest(metric(house(ARRAYS["m_pred"]), house(ARRAYS["m_gt"])) - ARRAYS[name]) < 1e-9
