"""Networks of chapters 8 to 10 beyond the golden arrays: files of weights, places, behaviour."""

import copy
from itertools import product

import pytest
import torch
from torch import nn

from posebook.errors import InputError
from posebook.methods.pose_resnet import weights as resnet_weights
from posebook.methods.pose_resnet.network import PoseResNet
from posebook.methods.pose_resnet.soft_argmax import expected_place, soft_argmax
from posebook.methods.stacked_hourglass import heatmaps, inputs
from posebook.methods.stacked_hourglass import lean as lean_steps
from posebook.methods.stacked_hourglass import weights as hourglass_weights
from posebook.methods.stacked_hourglass.lean import norm_relu_conv
from posebook.methods.stacked_hourglass.network import Residual, StackedHourglass
from posebook.methods.weak_supervision import losses as weak_losses
from posebook.methods.weak_supervision import skeleton, targets
from posebook.methods.weak_supervision import weights as zhou_weights
from posebook.methods.weak_supervision.network import DepthHourglass, DepthMapResNet
from posebook.skeletons import HOUSE, MPII_16

SMALL = dict(stacks=2, modules=2, features=8)


# ------------------------------------------------------------------------------ files of weights


def zhou_names(stacks: int, modules: int, depth: bool) -> list[str]:
    """The layers of Zhou's network by the published names, in no matter what order."""

    def residual(start: str, widens: bool = False) -> list[str]:
        parts = ["bn", "bn1", "bn2", "conv1", "conv2", "conv3"] + ["conv4"] * widens
        return [f"{start}.{part}" for part in parts]

    def hourglass(start: str, levels: int) -> list[str]:
        places = ["up1_", "low1_", "low3_"] + ["low2_"] * (levels == 1)
        names = [
            n for p, k in product(places, range(modules)) for n in residual(f"{start}.{p}.{k}")
        ]
        return names + (hourglass(f"{start}.low2", levels - 1) if levels > 1 else [])

    names = ["conv1_", "bn1", *residual("r1", True), *residual("r4"), *residual("r5", True)]
    for stack in range(stacks):
        names += hourglass(f"hourglass.{stack}", 4)
        names += [f"lin_.{stack}.0", f"lin_.{stack}.1", f"tmpOut.{stack}"]
        names += [f"ll_.{stack}", f"tmpOut_.{stack}"] * (depth or stack < stacks - 1)
    for block in range(stacks * modules):
        names += residual(f"Residual.{block}")
    if depth:
        names += ["reg"] + [n for block in range(4 * modules) for n in residual(f"reg_.{block}")]
    return names


def written(path, names: list[str], network: nn.Module, prefix: str = "", start: str = ""):
    """The network's numbers under Zhou's names, checked to be all of them."""
    named = {}
    wanted = network.state_dict()
    for layer, part in product(
        names, ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    ):
        modules = sum(name.startswith("Residual.") for name in names) // 6 // 2
        ours = hourglass_weights._of_zhou(f"{layer}.{part}", modules)
        ours = ours if ours.startswith("depth.") else f"{start}{ours}"
        if ours in wanted:
            named[f"{prefix}{layer}.{part}"] = torch.rand_like(wanted[ours].float())
    assert len(named) == len(wanted), "each of our numbers has one published name"
    torch.save(dict(state_dict=named, epoch=3), path)
    return named


def test_zhou_in_2d(tmp_path):
    network, path = StackedHourglass(**SMALL), tmp_path / "hg.pth"
    named = written(path, zhou_names(2, 2, depth=False), network, prefix="module.")
    hourglass_weights.read(path, network)
    state = network.state_dict()
    assert torch.equal(state["stacks.1.2.norm2.bias"], named["module.Residual.3.bn1.bias"]), (
        "the second block after the second hourglass"
    )
    assert torch.equal(
        state["stacks.0.0.inner.inner.inner.inner.1.conv3.weight"],
        named["module.hourglass.0.low2.low2.low2.low2_.1.conv3.weight"],
    )
    with pytest.raises(InputError, match="this StackedHourglass"):
        hourglass_weights.read(path, StackedHourglass(stacks=2, modules=2, features=16))
    with pytest.raises(InputError, match=r"has no stacks\.2"):
        hourglass_weights.read(path, StackedHourglass(stacks=3, modules=2, features=8))


def test_zhou_in_3d_and_its_start_from_2d(tmp_path):
    network, path = DepthHourglass(**SMALL, side=64), tmp_path / "hgreg.pth"
    named = written(path, zhou_names(2, 2, depth=True), network, start="places.")
    assert zhou_weights.read(path, network) == "all of it"
    assert torch.equal(network.depth.last.bias.data, named["reg.bias"])
    flat = tmp_path / "flat.pth"
    written(flat, zhou_names(2, 2, depth=False), StackedHourglass(**SMALL))
    before = network.depth.last.weight.clone()
    assert zhou_weights.read(flat, network) == "what 2D needs; depth is new"
    assert torch.equal(network.depth.last.weight, before)


def test_a_whole_network_as_an_object_is_refused(tmp_path):
    torch.save(StackedHourglass(stacks=1, modules=1, features=4), tmp_path / "model.pth")
    with pytest.raises(InputError, match="refused, asks for") as caught:
        hourglass_weights.read(tmp_path / "model.pth", StackedHourglass())
    assert "\n" not in str(caught.value)


def test_imagenet_and_mpii_start_a_pose_resnet(tmp_path):
    tiny = dict(width=4, deconv=8)
    mpii = PoseResNet(18, 16, **tiny).state_dict()
    body = {n: t for n, t in mpii.items() if not n.startswith(("deconv_layers.", "final_layer."))}
    torch.save(body | {"fc.weight": torch.zeros(1000, 32)}, tmp_path / "resnet18.pth")
    torch.save({f"module.{n}": t for n, t in mpii.items()}, tmp_path / "mpii.pth.tar")
    theirs = {
        n.replace("final_layer", "hm"): t for n, t in mpii.items()
    } | {"depth.weight": torch.ones(16, 8, 1, 1), "depth.bias": torch.ones(16)}  # fmt: skip
    torch.save(dict(state_dict=theirs), tmp_path / "fusion.pth")

    network = PoseResNet(18, 17, **tiny)
    head = network.final_layer.weight.clone()
    assert "body" in resnet_weights.read(tmp_path / "resnet18.pth", network)
    assert torch.equal(network.layer3[1].conv2.weight, mpii["layer3.1.conv2.weight"])
    assert "16 joints in the file, 17 here" in resnet_weights.read(
        tmp_path / "mpii.pth.tar", network
    )
    assert torch.equal(network.deconv_layers[3].weight, mpii["deconv_layers.3.weight"])
    assert torch.equal(network.final_layer.weight, head)
    assert resnet_weights.read(tmp_path / "mpii.pth.tar", PoseResNet(18, 16, **tiny)) == "all of it"
    both = DepthMapResNet(18, **tiny)
    assert zhou_weights.read(tmp_path / "fusion.pth", both) == "all of it"
    assert torch.equal(both.places.final_layer.weight.data, mpii["final_layer.weight"])
    assert (both.depth.bias == 1).all()
    assert zhou_weights.read(tmp_path / "mpii.pth.tar", both) == "what 2D needs; depth is new"
    with pytest.raises(InputError, match="a ResNet of 18 layers; the network has 34"):
        resnet_weights.read(tmp_path / "resnet18.pth", PoseResNet(34, 17, **tiny))
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="not the weights of a ResNet"):
        resnet_weights.read(tmp_path / "other.pth", network)


# ---------------------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("decode", "within"),
    [
        (heatmaps.parabola, 1e-4),
        (lambda maps: heatmaps.parabola(maps.log(), logits=True), 1e-4),
        (soft_argmax, 0.05),
        (heatmaps.quarter_pixel, 0.37),  # half a pixel without it, along each axis
        (lambda maps: expected_place(maps.log()), 1e-4),
    ],
)
def test_a_place_survives_the_way_to_a_map_and_back(decode, within):
    places = torch.rand(4, 3, 2, generator=torch.Generator().manual_seed(0)).double() * 16 + 16
    maps = heatmaps.gaussian_maps(places, (48, 56), sigma=1.75)
    assert (decode(maps) - places).norm(dim=-1).max() < within


def test_maps_of_nobody_and_of_joints_at_the_edge():
    nowhere = torch.full((1, 2, 2), torch.nan)
    for draw in (heatmaps.gaussian_maps, heatmaps.zhou_maps, heatmaps.window_maps):
        assert not draw(nowhere, (8, 8)).any()
    maps = torch.zeros(1, 1, 8, 8)
    for decode in (heatmaps.parabola, soft_argmax, heatmaps.quarter_pixel):
        assert torch.equal(decode(maps), torch.full((1, 1, 2), 0.5))
    maps[0, 0, 7, 3] = 1
    assert torch.equal(heatmaps.parabola(maps), torch.tensor([[[3.5, 7.5]]]))


def test_the_flip_test_changes_nothing_for_a_network_that_sees_both_sides_alike():
    mirror = torch.tensor([1, 0])

    def network(pictures):  # joint 0 is what is bright, joint 1 what is bright in the mirror
        return torch.stack([pictures[:, 0], pictures[:, 0].flip(-1)], 1)

    pictures = torch.rand(2, 3, 4, 6)
    found = heatmaps.flip_test(network, pictures, mirror.tolist())
    expected = network(pictures)[:, mirror]
    back = network(pictures.flip(-1)).flip(-1)[:, mirror]
    assert torch.allclose(found, (network(pictures) + back) / 2)
    assert found.shape == expected.shape


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (inputs.ZHOU, (30 / 256, 20 / 256, 10 / 256)),
        (inputs.OURS, (10 / 255 - 0.5, 20 / 255 - 0.5, 30 / 255 - 0.5)),
        (inputs.IMAGENET, ((10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224,
                           (30 / 255 - 0.406) / 0.225)),
        (inputs.ZHOU_LATER, ((30 / 256 - 0.485) / 0.229, (20 / 256 - 0.456) / 0.224,
                             (10 / 256 - 0.406) / 0.225)),
    ],
)  # fmt: skip
def test_what_a_network_is_given(kind, expected):
    picture = torch.tensor([10, 20, 30], dtype=torch.uint8).expand(1, 2, 2, 3)
    assert torch.allclose(kind(picture)[0, :, 1, 0], torch.tensor(expected))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: StackedHourglass(features=30),
        lambda: StackedHourglass(stride=8),
        lambda: StackedHourglass(stacks=1, features=4)(torch.zeros(1, 3, 96, 64)),
        lambda: StackedHourglass(stacks=1, features=4)(torch.zeros(1, 3, 0, 64)),
        lambda: PoseResNet(20),
        lambda: PoseResNet(18, width=4, deconv=4)(torch.zeros(1, 3, 70, 64)),
        lambda: DepthHourglass(features=4, side=128)(torch.zeros(2, 3, 64, 64)),
    ],
)
def test_what_cannot_be_is_one_line(wrong):
    with pytest.raises(InputError) as caught:
        wrong()
    assert "\n" not in str(caught.value) and "expected" in str(caught.value)


def test_what_is_made_again_gives_the_same_gradients(monkeypatch):
    monkeypatch.setattr(lean_steps, "LARGE", 0)
    torch.manual_seed(0)
    lean = Residual(6, 4).double()
    for parameter in lean.parameters():
        nn.init.normal_(parameter)
    plain, maps = copy.deepcopy(lean), torch.randn(3, 6, 8, 8, dtype=torch.float64)
    found = []
    for block, conv in ((lean, norm_relu_conv), (plain, lambda m, norm, c: c(norm(m).relu()))):
        given = maps.clone().requires_grad_()
        change = given
        for number in (1, 2, 3):
            layers = (getattr(block, f"{kind}{number}") for kind in ("norm", "conv"))
            change = conv(change, *layers)
        (change + block.skip(given)).square().sum().backward()
        found.append([given.grad, *(p.grad for p in block.parameters()), *block.buffers()])
    assert all(torch.allclose(a, b, rtol=1e-9) for a, b in zip(*found, strict=True))
    assert lean.norm2.num_batches_tracked == 1
    assert torch.allclose(lean.eval()(maps), plain.eval()(maps))


def test_small_pictures_keep_large_maps():
    network = StackedHourglass(17, features=8, modules=1, stride=2)
    assert network(torch.zeros(2, 3, 64, 64))[1].shape == (2, 17, 32, 32)


def test_joints_of_human36m_in_mpii_places():
    assert list(skeleton.FROM_HOUSE) == [3, 2, 1, 4, 5, 6, 0, 7, 8, 10, 16, 15, 14, 11, 12, 13]
    pose_mm = torch.randn(3, 17, 3, dtype=torch.float64)
    sixteen = pose_mm[:, list(skeleton.FROM_HOUSE)]
    back = skeleton.to_house(sixteen)
    kept = [HOUSE.index(j) for j in HOUSE.joints if j not in ("spine", "neck_nose")]
    pose_mm = pose_mm - pose_mm[:, :1]
    ratio = back[:, kept[1:]] / pose_mm[:, kept[1:]]
    assert torch.allclose(ratio, ratio[:, :1, :1].expand_as(ratio)), "the same pose, another size"


def test_everybody_comes_out_equally_large():
    child = torch.randn(1, 16, 3, dtype=torch.float64)
    child[:, MPII_16.index("thorax")] = 0
    small, large = skeleton.at_length(child), skeleton.at_length(2 * child + 5)
    assert torch.allclose(small, large)
    assert skeleton.bone_sum(small).item() == pytest.approx(skeleton.LENGTH_MM)


def test_a_bone_seen_along_its_length_has_a_gradient():
    depths = torch.zeros(1, 16, requires_grad=True)
    places = torch.zeros(1, 16, 2)
    places[0, 0, 0] = 0.3
    loss = weak_losses.bone_spread(depths, places, torch.ones(1, 16, dtype=torch.bool)).sum()
    loss.backward()
    assert torch.isfinite(depths.grad).all()


def test_weights_by_somebodys_own_bones_make_them_equal():
    person = torch.randn(1, 16, 3, dtype=torch.float64)
    given = person[..., 2], person[..., :2], torch.ones(1, 16, dtype=torch.bool)
    own = skeleton.groups_of(person)
    assert weak_losses.bone_spread(*given, groups=own).item() == pytest.approx(0, abs=1e-20)
    assert weak_losses.bone_spread(*given).item() > 1e-3
    assert [bone[:2] for bone in own["legs"]] == [bone[:2] for bone in skeleton.GROUPS["legs"]]


def test_targets_of_somebody_far_away_are_the_picture():
    """Without perspective, places are key points, and depths have the picture's scale."""
    pose_mm = torch.randn(2, 16, 3, dtype=torch.float64) * 300
    root, left, right = MPII_16.indices("thorax", "left_shoulder", "right_shoulder")
    pose_mm[:, root] = (pose_mm[:, left] + pose_mm[:, right]) / 2
    keypoints_px = 0.1 * pose_mm[..., :2] + 112
    found = targets.targets_of(keypoints_px, pose_mm)
    assert torch.allclose(found.places_px, keypoints_px)
    relative = pose_mm[..., 2] - pose_mm[:, root, None, 2]
    assert torch.allclose(found.depths, 0.1 * relative / 112)
