"""What a chapter inlines is what the package holds: its core cells, run here, against posebook.

Neither may import the other: a core cell stands alone, and the package never reads a notebook.
"""

import ast
import builtins
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from unittest import mock

import numpy
import pytest
import torch

from posebook import cameras, chapters, geometry, metrics, shapes, skeletons
from posebook.cameras import lenses
from posebook.datasets.people import body
from posebook.lifting import placing
from posebook.methods.adversarial_lifting import losses as adversarial_lifting_losses
from posebook.methods.adversarial_lifting import network as adversarial_lifting_network
from posebook.methods.adversarial_lifting import protocol
from posebook.methods.adversarial_lifting import step as adversarial_lifting_step
from posebook.methods.ambiguity_aware import losses as ambiguity_aware_losses
from posebook.methods.ambiguity_aware import network as ambiguity_aware_network
from posebook.methods.ambiguity_aware import sampling
from posebook.methods.ambiguity_aware import step as ambiguity_aware_step
from posebook.methods.elepose import flow
from posebook.methods.elepose import losses as elepose_losses
from posebook.methods.elepose import network as elepose_network
from posebook.methods.elepose import step as elepose_step
from posebook.methods.label_generator import right_view as label_views
from posebook.methods.label_generator import search as label_search
from posebook.methods.pose_resnet import network as pose_resnet_network
from posebook.methods.pose_resnet import soft_argmax as pose_resnet_soft_argmax
from posebook.methods.repnet import network as repnet_network
from posebook.methods.repnet import step as repnet_step
from posebook.methods.simple_baseline import network as simple_baseline_network
from posebook.methods.simple_baseline.network import Standardiser
from posebook.methods.stacked_hourglass import heatmaps
from posebook.methods.stacked_hourglass import losses as stacked_hourglass_losses
from posebook.methods.stacked_hourglass import network as stacked_hourglass_network
from posebook.methods.temporal_convolutions import losses as temporal_convolutions_losses
from posebook.methods.temporal_convolutions import network as temporal_convolutions_network
from posebook.methods.video_gan import losses as video_gan_losses
from posebook.methods.video_gan import network as video_gan_network
from posebook.methods.video_gan import step as video_gan_step
from posebook.methods.weak_supervision import losses as weak_supervision_losses
from posebook.methods.weak_supervision import skeleton as weak_supervision_skeleton
from posebook.methods.weak_supervision import targets as weak_supervision_targets
from posebook.metrics import joint_errors, pictures

# What a core cell may use without importing it. Nothing of posebook's but names of shapes.
GIVEN = {
    "torch": torch,
    "nn": torch.nn,
    "functional": torch.nn.functional,
    "math": math,
    "np": numpy,
    "Tensor": torch.Tensor,
    **{name: value for name, value in vars(shapes).items() if name[0].isupper()},
}
COMPARISONS: dict[str, Callable[[SimpleNamespace], None]] = {}


def parity(chapter_id: str):
    """Register the comparison of one chapter's core, given as a namespace, with the package."""

    def register(compare: Callable[[SimpleNamespace], None]):
        COMPARISONS[chapter_id] = compare
        return compare

    return register


def core_text(chapter: chapters.Chapter) -> str:
    cells = chapters.load(chapter.source).cells
    return "\n\n".join(c.source for c in cells if "core" in c.metadata.get("tags", []))


def core_of(text: str) -> SimpleNamespace:
    """The names that core cells define, run in a namespace that holds only GIVEN."""
    space = dict(GIVEN)
    exec(compile(text, "core", "exec"), space)
    return SimpleNamespace(**{k: v for k, v in space.items() if k not in GIVEN})


def borrowed(text: str) -> set[str]:
    """Names that the text uses and neither defines nor is given, and its imports of posebook."""
    tree = ast.parse(text)
    defined = set(GIVEN) | set(dir(builtins))
    used, imported = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for alias in node.names:
                defined.add(alias.asname or alias.name.partition(".")[0])
                whole = module or alias.name
                if whole.partition(".")[0] == "posebook" and whole != "posebook.shapes":
                    imported.add(whole)
    return (used - defined) | imported


# --- the comparisons, one function for each chapter with a core --------------------------------


def some_pose_mm(*shape: int) -> torch.Tensor:
    """Points some metres in front of a camera."""
    return 500 * torch.randn(*shape, 3, dtype=torch.float64) + torch.tensor([0.0, 0.0, 5000.0])


@parity("quickstart")
def quickstart(core):
    one, other = some_pose_mm(9, 17), some_pose_mm(9, 17)
    assert torch.allclose(core.mean_joint_error(one, other), metrics.mpjpe(one, other))


@parity("skeletons_and_axes")
def skeletons_and_axes(core):
    house = list(skeletons.HOUSE.joints)
    for source in (skeletons.COCO_17, skeletons.HOUSE):
        ours = skeletons.conversion(source, skeletons.HOUSE)
        # The package's rules, as the chapter writes rules: joint -> first choices of weights.
        rows = zip(house, ours.weights.tolist(), strict=True)
        rules = {
            joint: [{n: w for n, w in zip(source.joints, row, strict=True) if w != 0}]
            for joint, row in rows
        }
        weights = core.conversion_weights(list(source.joints), house, rules)
        assert torch.equal(weights, ours.weights)
    absent = core.conversion_weights(
        ["nose"], ["nose", "left_toe"], {"left_toe": [{"left_foot": 1}]}
    )
    assert absent.tolist() == [[1.0], [0.0]]


@parity("cameras_and_depth")
def cameras_and_depth(core):
    for camera in cameras.human36m_rig("S1"):
        plain = replace(camera, radial=torch.zeros(3).double(), tangential=torch.zeros(2).double())
        lens = plain.focal_px, plain.centre_px
        pose_mm = some_pose_mm(6, 17)
        seen_px = core.project(pose_mm, *lens)
        assert torch.allclose(seen_px, plain.project(pose_mm), atol=1e-9)
        depth_mm = pose_mm[..., 2]
        there = core.back_project(seen_px, depth_mm, *lens)
        assert torch.allclose(there, plain.back_project(seen_px, depth_mm), atol=1e-6)
        rays = 0.3 * torch.randn(50, 2, dtype=torch.float64).clamp(-1, 1)
        for convention in lenses.CONVENTIONS:
            bent = core.distort(rays, camera.radial, camera.tangential, convention)
            ours = lenses.distort(rays, camera.radial, camera.tangential, convention)
            assert torch.allclose(bent, ours, atol=1e-12)
            straight = core.undistort(bent, camera.radial, camera.tangential, convention)
            assert torch.allclose(straight, rays, atol=1e-6)


@parity("datasets")
def datasets_chapter(core):
    directions = torch.nn.functional.normalize(some_pose_mm(5, 16), dim=-1)
    lengths_mm = 100 + 300 * torch.rand(5, 16, dtype=torch.float64)
    rebuilt_mm = core.forward_kinematics(directions, lengths_mm, skeletons.HOUSE.bones)
    assert torch.allclose(rebuilt_mm, body.forward_kinematics(directions, lengths_mm))


@parity("metrics_and_protocols")
def metrics_and_protocols(core):
    truth = some_pose_mm(20, 17)
    truth = truth - truth[:, :1]
    guess = 0.8 * truth + 60 * torch.randn(20, 17, 3, dtype=torch.float64)
    guess = guess - guess[:, :1]
    guess[0], guess[1] = 0, truth[1] * torch.tensor([1.0, 1.0, -1.0])  # collapsed; mirrored
    for scale in (True, False):
        ours = metrics.p_mpjpe(guess, truth, scale=scale)
        assert torch.allclose(core.p_mpjpe(guess, truth, scale=scale), ours, atol=1e-6)
    ours = metrics.p_mpjpe_reflected(guess, truth)
    assert torch.allclose(core.p_mpjpe(guess, truth, reflections=True), ours, atol=1e-6)
    guess, truth = guess[1:], truth[1:]
    assert torch.allclose(core.mpjpe(guess, truth), metrics.mpjpe(guess, truth))
    assert torch.allclose(core.n_mpjpe(guess, truth), metrics.n_mpjpe(guess, truth))
    ratio = core.n_mpjpe(guess, truth, rule="norm_ratio")
    assert torch.allclose(ratio, metrics.n_mpjpe_norm_ratio(guess, truth))
    steps = metrics.velocity_error(guess, truth)[1:]
    assert torch.allclose(core.velocity_error(guess, truth), steps)
    distances = metrics.joint_distances(guess, truth)
    assert torch.allclose(core.pck(guess, truth, 80.0), metrics.pck(distances, 80.0))
    assert torch.allclose(core.auc(guess, truth), metrics.auc(distances))


@parity("simple_baseline")
def simple_baseline(core):
    for max_norm in (True, False):
        options = dict(width=32, blocks=2, dropout=0.5, max_norm=max_norm)
        theirs = core.SimpleLifter(**options)
        # The package's dropout draws other numbers; the core's in its place shows the rest equal.
        with mock.patch.object(simple_baseline_network, "Dropout", core.Dropout):
            ours = simple_baseline_network.Martinez(**options)
        ours.load_state_dict(theirs.state_dict())
        for mode in (False, True):
            # Training: the same units are dropped, the same statistics are kept.
            answers = []
            for network, shape in ((theirs, (8, 32)), (ours, (8, 16, 2))):
                torch.manual_seed(1)
                seen = torch.randn(8, 32).view(shape)
                answers.append(network.train(mode)(seen).flatten(1))
            assert torch.allclose(*answers, atol=1e-5)
        for one, other in zip(
            theirs.state_dict().values(), ours.state_dict().values(), strict=True
        ):
            assert torch.allclose(one.double(), other.double(), atol=1e-6)
    for dropout in (core.Dropout(0.25), simple_baseline_network.Dropout(0.25)):
        dropped = dropout.train()(torch.ones(1000, 1000))
        assert torch.isclose((dropped == 0).double().mean(), torch.tensor(0.25).double(), atol=5e-3)
        assert torch.allclose(dropped[dropped > 0], torch.tensor(4 / 3))
        assert torch.equal(dropout.eval()(dropped), dropped)
    torch.manual_seed(0)
    first = core.SimpleLifter(width=64, blocks=2, dropout=0.5, max_norm=True)
    torch.manual_seed(0)
    again = simple_baseline_network.Martinez(width=64, blocks=2, dropout=0.5, max_norm=True)
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        # The first weights are drawn alike, not in the same order.
        assert one.shape == other.shape
        assert torch.allclose(one.std(), other.std(), rtol=0.4, atol=1e-6)


@parity("adversarial_lifting")
def adversarial_lifting(core):
    points = 300 + 100 * torch.randn(32, 17, 2)
    keypoints = core.normalised(points, skeletons.HOUSE.index("hip"))
    assert torch.allclose(keypoints, protocol.normalised(points), atol=1e-5)
    pose, angle = torch.randn(32, 17, 3), 6 * torch.rand(3, 32)
    assert torch.allclose(
        core.turned(pose, angle[0]), adversarial_lifting_losses.turned(pose, angle[0])
    )
    heading = skeletons.HOUSE.indices("thorax", "neck_nose", "left_shoulder", "right_shoulder")
    pose[0] = 0  # no heading to speak of
    loss = core.heading_loss(pose, *heading)
    assert torch.allclose(loss, adversarial_lifting_losses.heading_loss(pose), atol=1e-6)

    for batch_norm in (False, True):
        options = dict(width=32, batch_norm=batch_norm)
        ours = (
            adversarial_lifting_network.KudoGenerator(**options),
            adversarial_lifting_network.KudoCritic(**options),
        )
        theirs = core.Perceptron(17, **options), core.Perceptron(1, **options)
        for one, other in zip(ours, theirs, strict=True):
            one.load_state_dict(other.state_dict())
        players = [
            [adversarial_lifting_step.adam(n.parameters(), 1e-2) for n in p] for p in (ours, theirs)
        ]
        for turn in angle:  # three steps, the second with a gate that nobody passes
            cap = 0.2 if turn is angle[1] else 0.9
            ours_logged = adversarial_lifting_step.update(
                *ours, tuple(players[0]), keypoints,
                partial(adversarial_lifting_losses.turned, angle=turn), heading_weight=0.7, cap=cap,
            )  # fmt: skip
            theirs_logged = core.play(
                *theirs, players[1], keypoints, partial(core.turned, angle=turn), heading, 0.7, cap
            )
            for name, other in (
                ("generator", "lifter"), ("critic", "critic"), ("heading", "heading"),
                ("accuracy", "right"),
            ):  # fmt: skip
                assert float(ours_logged[name]) == pytest.approx(
                    float(theirs_logged[other]), abs=1e-5
                )
        for one, other in zip(ours, theirs, strict=True):
            for name, value in one.state_dict().items():
                assert torch.allclose(value, other.state_dict()[name], atol=1e-5), name
    network = core.Perceptron(17, width=32, slope=0.0)
    relu = adversarial_lifting_network.KudoGenerator(width=32, relu=True)
    relu.load_state_dict(network.state_dict())
    assert torch.allclose(network(keypoints), relu(keypoints), atol=1e-6)


@parity("repnet")
def repnet_chapter(core):
    pose = torch.randn(24, 16, 3, dtype=torch.float64)
    bones = [tuple(repnet_network.JOINTS.index(j) for j in bone) for bone in repnet_network.BONES]
    ours = repnet_network.chain_space(pose, repnet_network.chain_matrix())
    assert torch.allclose(core.chain_space(pose, bones), ours)
    camera = torch.randn(50, 2, 3, dtype=torch.float64)
    ours, _ = repnet_network.complete_camera(camera)
    assert torch.allclose(core.completed(camera), ours, atol=1e-6)

    keypoints, share = 0.2 * torch.randn(24, 16, 2).double(), torch.rand(24).double()
    for adversarial in (True, False):
        networks = [
            (repnet_network.RepNetGenerator(8).double(), repnet_network.RepNetCritic(8).double())
            for _ in range(2)
        ]
        for one, other in zip(*networks, strict=True):
            one.load_state_dict(other.state_dict())
        optimisers = [
            tuple(repnet_step.adam(n.parameters(), 1e-3) for n in its) for its in networks
        ]
        for _ in range(2):
            theirs = core.iteration(
                *networks[0], optimisers[0], keypoints, pose, share, 3, 50.0, adversarial
            )
            ours = repnet_step.update(
                *networks[1], optimisers[1], keypoints, pose, share, critic_steps=3,
                reprojection_weight=50.0, adversarial_weight=float(adversarial),
            )  # fmt: skip
            for name, value in theirs.items():
                assert torch.allclose(value, ours[name], atol=1e-9), name
        for one, other in zip(*networks, strict=True):
            for name, value in one.state_dict().items():
                assert torch.allclose(value, other.state_dict()[name], atol=1e-9), name


@parity("pose_resnet")
def pose_resnet_chapter(core):
    ours = pose_resnet_network.PoseResNet(50, 5, width=4, deconv=6).double().eval()
    theirs = core.heat_map_head(128, 5, 6).double().eval()
    layers = [ours.deconv_layers, ours.final_layer]
    states = [value for layer in layers for value in layer.state_dict().values()]
    theirs.load_state_dict(dict(zip(theirs.state_dict(), states, strict=True)))
    pictures = torch.rand(2, 3, 64, 96, dtype=torch.float64)
    assert torch.allclose(theirs(ours.body(pictures)), ours(pictures))

    maps = torch.randn(4, 5, 9, 14, dtype=torch.float64)
    maps[0, 0], maps[0, 1, 0, 3], maps[1, 2, 8, 13], maps[1, 3, 4, 12] = -1.0, 9.0, 9.0, 9.0
    for reach in (1, 3, 20):
        assert torch.allclose(
            core.soft_argmax(maps, reach), pose_resnet_soft_argmax.soft_argmax(maps, reach=reach)
        )
    released = pose_resnet_soft_argmax.released_soft_argmax
    for many in (maps, maps.double() / 1e4):
        assert torch.allclose(core.released_soft_argmax(many), released(many))

    target = torch.rand(4, 5, 9, 14, dtype=torch.float64)
    target[2, 1] = 0
    labelled = torch.rand(4, 5) > 0.3
    for squared, expected in (
        (True, stacked_hourglass_losses.squared_error([maps], target)),
        (False, stacked_hourglass_losses.cross_entropy([maps], target, labelled)),
    ):
        assert torch.allclose(core.map_loss(maps, target, labelled, squared), expected)
    nobody = torch.zeros_like(labelled)
    assert core.map_loss(maps, target, nobody, squared=False) == 0


@parity("video_gan")
def video_gan_chapter(core):
    theirs = core.VideoNetwork(17, 3, 12).double()
    ours = video_gan_network.VideoGenerator(17, 3, 12).double()
    state = theirs.state_dict()
    names = ["first", "wide.0", "same.0", "wide.1", "same.1", "last"]
    layers = [ours.first, *ours.blocks[0], *ours.blocks[1], ours.last]
    for name, layer in zip(names, layers, strict=True):
        layer.weight.data = state[f"{name}.weight"].permute(0, 2, 1).flatten(1)
        layer.bias.data = state[f"{name}.bias"]
    windows = 0.2 * torch.randn(24, 27, 17, 2, dtype=torch.float64)
    assert torch.allclose(theirs(windows), ours(windows))

    whole, seen, camera = 3 * torch.randn(24, 17, 3).double(), windows[:, 13], torch.randn(4)
    expected = video_gan_losses.residual(whole, seen, camera.double().expand(24, 4))
    assert torch.allclose(core.residual(whole, seen, camera.double()), expected)
    assert core.behind(whole) == video_gan_losses.depth_loss(whole) > 0
    assert torch.allclose(
        core.best_root(whole, seen, camera.double()),
        video_gan_losses.best_root(whole, seen, camera.double().expand(24, 4)),
    )
    numbers = torch.randn(24, 3).double()
    assert torch.allclose(
        core.along_ray(numbers, seen[:, 0], camera.double()),
        video_gan_network.along_ray(numbers, seen[:, 0], camera.double()),
    )
    assert torch.allclose(core.jitter(whole), joint_errors.jitter(whole)[1:-1])

    real, share = torch.randn(24, 16, 3).double(), torch.rand(24).double()
    for adversarial, apart in itertools.product((True, False), repeat=2):
        networks = [
            (video_gan_network.VideoGan(8).double(), repnet_network.RepNetCritic(8).double())
            for _ in range(2)
        ]
        for one, other in zip(*networks, strict=True):
            one.load_state_dict(other.state_dict())
        optimisers = [
            tuple(repnet_step.adam(n.parameters(), 1e-3) for n in its) for its in networks
        ]
        for _ in range(2):
            batch = windows, seen, camera.double(), real, share
            generator, critic = networks[0]
            theirs = {}
            if adversarial:
                its = windows, real, share, 3
                theirs = core.teach_critic(generator, critic, optimisers[0][1], *its)
            its = windows[-8:], seen[-8:], camera.double(), 50.0
            loss, logged = core.our_loss(generator, critic, *its, 7.0, adversarial, apart)
            if adversarial and not apart:
                plain, _ = core.our_loss(generator, critic, *its, 0.0, apart=False)
                assert torch.allclose(core.released_loss(generator, critic, *its)[0], plain)
            core.descend(generator, optimisers[0][0], loss)
            theirs |= logged
            ours = video_gan_step.update(
                *networks[1], optimisers[1], *batch, critic_steps=3, reprojection_weight=50.0,
                depth_weight=7.0, adversarial_weight=float(adversarial), apart=apart,
            )  # fmt: skip
            for name, value in theirs.items():
                assert torch.allclose(value, ours[name], atol=1e-9), name
        for one, other in zip(*networks, strict=True):
            for name, value in one.state_dict().items():
                assert torch.allclose(value, other.state_dict()[name], atol=1e-9), name


@parity("ambiguity_aware")
def ambiguity_aware(core):
    generator = torch.Generator().manual_seed(0)
    keypoints = 0.08 * torch.randn(2, 9, 17, 2, generator=generator, dtype=torch.float64)
    rotation = ambiguity_aware_losses.view_rotation(sampling.random_views(9, generator).double())
    mixing = torch.randn(34, 17, generator=generator, dtype=torch.float64)

    def depth_of(seen):
        return torch.tanh(3 * seen.flatten(1) @ mixing)

    trips, cycles = [], []
    for seen in keypoints.clone().requires_grad_(True):
        trips.append(core.round_trip(depth_of, seen, rotation, hip=0))
        cycles.append(ambiguity_aware_losses.cycle(depth_of, seen, rotation))
        for name, pose in cycles[-1]._asdict().items():
            assert torch.allclose(trips[-1][name], pose, atol=1e-12), name
    ours = (
        ambiguity_aware_losses.consistency_3d(cycles[0]),
        ambiguity_aware_losses.consistency_2d(cycles[0], keypoints[0]),
    )
    theirs = core.agreement(trips[0], keypoints[0])
    ours, theirs = (
        (*ours, ambiguity_aware_losses.motion_term(*cycles)),
        (*theirs, core.motion(*trips)),
    )
    mixing.requires_grad_(True)
    way = core.round_trip(depth_of, keypoints[0], rotation, hip=0)
    slopes = [torch.autograd.grad(core.agreement(way, keypoints[0])[0], mixing)[0]]
    way = ambiguity_aware_losses.cycle(depth_of, keypoints[0], rotation)
    slopes.append(torch.autograd.grad(ambiguity_aware_losses.consistency_3d(way), mixing)[0])
    assert torch.allclose(*slopes), "the lines of sight of the relifted pose are held fixed"
    assert torch.allclose(torch.stack(theirs), torch.stack(ours))
    same_adv_step(core, keypoints[0], rotation)


def same_adv_step(core, keypoints, rotation):
    """Chapter 15's plain step trains as the package's does, with a critic and without."""
    for weight in (1.5, 0.0):
        weights = dict(consistency_3d=0.5, consistency_2d=5.0, adversarial=weight)
        settings = ambiguity_aware_step.Settings(**weights, motion=0.0, scale=False)
        trained = []
        for which in ("core", "package"):
            torch.manual_seed(0)
            lifter = ambiguity_aware_network.YuLifter(width=8, blocks=1, dropout=0.0).double()
            critic = ambiguity_aware_network.YuCritic(width=8, dropout=0.0).double()
            optimisers = {
                who: torch.optim.Adam(network.parameters(), 1e-3)
                for who, network in (("pose", lifter), ("critic", critic))
            }
            networks = ambiguity_aware_step.Networks(lifter, critic)
            batch = dict(keypoints=keypoints, rotation=rotation)
            for i in range(4):
                turn = ambiguity_aware_step.plain_turn(i)
                if which == "core":
                    core.adv_step(
                        lifter, critic, optimisers, keypoints, rotation, 0, weights, turn.critic
                    )
                else:
                    ambiguity_aware_step.step(networks, optimisers, batch, turn, settings)
            trained.append([*lifter.parameters(), *critic.parameters()])
        assert all(torch.allclose(*pair, atol=1e-9) for pair in zip(*trained, strict=True))


@parity("elepose")
def elepose_chapter(core):
    for size in (6, 7):
        theirs = core.CouplingBlock(size, 16).double()
        torch.nn.init.normal_(theirs.scale, 10, 1)
        torch.nn.init.normal_(theirs.offset)
        ours = flow.CouplingBlock(size, 16).double()
        ours.load_state_dict(theirs.state_dict())
        values = torch.randn(9, size, dtype=torch.float64)
        for one, other in zip(theirs(values), ours(values), strict=True):
            assert torch.allclose(one, other)
        assert torch.allclose(theirs.inverse(values), ours.inverse(values)[0])
    assert torch.allclose(theirs.rotation @ theirs.rotation.T, torch.eye(7).double(), atol=1e-5)
    assert torch.linalg.det(theirs.rotation) > 0
    hip = skeletons.HOUSE.index("hip")
    keypoints = 0.05 * torch.randn(11, 17, 2)
    keypoints[:, hip] = 0
    prior = flow.PosePrior(width=8).fit_components(0.05 * torch.randn(60, 17, 2))
    lifter = elepose_network.ElePoseLifter(width=16, start_elevation=-0.2)
    draws = 3 * torch.randn(11), torch.randn(11)
    bone_losses = dict(published=elepose_losses.bone_loss, own=elepose_losses.own_bone_loss)
    weights = elepose_step.WEIGHTS | dict(pose=10.0)
    for (name, bone_loss), learned in itertools.product(bone_losses.items(), (True, False)):
        theirs = core.training_step(
            lifter, prior, keypoints, *draws, bone_loss, hip, weights, learned
        )
        ours = elepose_step.step_losses(
            lifter, prior, keypoints, *draws, bone_prior=name, learned_elevation=learned,
            weights=weights,
        )  # fmt: skip
        assert theirs.keys() == ours.keys()
        for part, loss in theirs.items():
            assert torch.allclose(loss, ours[part], rtol=1e-4), part


@parity("temporal_convolutions")
def temporal_convolutions(core):
    for widths in ((3, 3, 3), (3, 5), (1, 1)):
        theirs = core.TemporalNetwork(widths, 16, 0.0).double()
        ours = temporal_convolutions_network.VideoPose3D(widths, 16, dropout=0.0).double()
        seen = torch.randn(3, 40, 17, 2, dtype=torch.float64)
        for mode in (True, False):  # the statistics are kept alike, too
            ours.load_state_dict(theirs.state_dict())
            assert torch.allclose(theirs.train(mode)(seen), ours.train(mode)(seen), atol=1e-6)
        for name, value in ours.state_dict().items():
            assert torch.allclose(value, theirs.state_dict()[name]), name
    pose_mm, path_mm = 300 * torch.randn(6, 2, 17, 3), 4000 + torch.randn(6, 2, 1, 3)
    given = pose_mm[:2] + 10, path_mm[:2] + 10, torch.rand(4, 2, 17, 2), torch.rand(4, 1, 9)
    theirs = temporal_convolutions_losses.semi_supervised_losses(pose_mm, path_mm, *given)
    project = partial(temporal_convolutions_losses.project_to_screen, intrinsics=given[-1])
    found = core.four_losses(pose_mm, path_mm, *given[:-1], project, skeletons.HOUSE.bones)
    assert torch.allclose(found, sum(theirs.values()))


@parity("stacked_hourglass")
def stacked_hourglass(core):
    places = 20 * torch.rand(3, 5, 2, dtype=torch.float64) - 2  # some are beyond the edges
    places[0, 0] = torch.nan
    target = core.target_maps(places, 16, 12, 1.3)
    assert torch.allclose(target, heatmaps.gaussian_maps(places, (16, 12), 1.3))
    found = [torch.randn(3, 5, 16, 12, dtype=torch.float64) for _ in range(2)]
    for maps in (*found, target.clamp_min(1e-30).log()):
        assert torch.allclose(core.decode(maps), heatmaps.parabola(maps, logits=True))
    labelled = torch.rand(3, 5) < 0.7
    squared = core.supervised(core.squared_error, found, target, labelled)
    assert torch.allclose(squared, stacked_hourglass_losses.squared_error(found, target))
    for counts in (labelled, torch.zeros(3, 5, dtype=torch.bool)):
        crossed = core.supervised(core.cross_entropy, found, target, counts)
        theirs = stacked_hourglass_losses.cross_entropy(found, target, counts)
        assert torch.allclose(crossed, theirs)
    ours = core.OneHourglass(3, 2, 8)
    package = stacked_hourglass_network.Hourglass(3, 2, 8)
    package.load_state_dict(ours.state_dict())
    seen = torch.randn(2, 8, 16, 16)
    for mode in (False, True):
        assert torch.allclose(ours.train(mode)(seen), package.train(mode)(seen), atol=1e-4)


@parity("weak_supervision")
def weak_supervision(core):
    joints = skeletons.MPII_16
    keypoints_px, pose_mm = 224 * torch.rand(5, 16, 2).double(), some_pose_mm(5, 16)
    ours = weak_supervision_targets.targets_of(keypoints_px, pose_mm, 224)
    bones = [joints.indices(*bone) for bone in weak_supervision_skeleton.BONES]
    shoulders = joints.indices("left_shoulder", "right_shoulder")
    there = bones, joints.index("thorax"), shoulders, 224
    places_px, depths = core.seen_from_far(keypoints_px, pose_mm, *there)
    assert torch.allclose(places_px, ours.places_px) and torch.allclose(depths, ours.depths)

    own = weak_supervision_skeleton.groups_of(pose_mm)
    places, seen = torch.rand(5, 16, 2).double(), torch.rand(5, 16) < 0.7
    depths = (0.5 * torch.randn(5, 16).double()).requires_grad_()
    for groups in (weak_supervision_skeleton.GROUPS, own):
        by_index = [
            (
                joints.indices(*(a for a, _, _ in bones)),
                joints.indices(*(b for _, b, _ in bones)),
                torch.tensor([weight for _, _, weight in bones], dtype=torch.float64),
            )
            for bones in groups.values()
        ]
        each = weak_supervision_losses.bone_spread(depths, places, seen, groups=groups)
        assert torch.allclose(core.bone_spread(depths, places, seen, by_index), each)
        (slope,) = torch.autograd.grad(each.sum(), depths)
        by_hand = core.spread_gradient(depths.detach(), places, seen, by_index)
        assert torch.allclose(by_hand, slope, atol=1e-12)


@parity("label_generator")
def label_generator(core):
    camera = label_views.HUMAN36M
    absolute_mm = some_pose_mm(40, 17)
    left_px, right_px = label_views.stereo_pair(absolute_mm, camera, 350.0)
    lens = camera.focal_px, camera.centre_px
    assert torch.allclose(core.right_view(absolute_mm, *lens, 0), left_px)
    assert torch.allclose(core.right_view(absolute_mm, *lens, 350.0), right_px)

    poses = absolute_mm - absolute_mm[:, :1]
    package = Standardiser.of(poses)
    own = core.standardised(poses, package.mean, package.std)
    assert torch.equal(own, package(poses)) and (own[:, 0] == 0).all()
    new = core.share_that_is_new(left_px, right_px)
    disparity = label_views.relative_disparity(left_px, right_px)
    about = geometry.root_relative(right_px, skeletons.HOUSE)[..., 0]
    share = disparity.var(0, correction=0)[1:] / about.var(0, correction=0)[1:]
    assert torch.allclose(new[1:], share) and new[0] == 0

    coarse_mm = 1.02 * poses + 30 * torch.randn(40, 17, 3, dtype=torch.float64)
    coarse_mm = coarse_mm - coarse_mm[:, :1]
    rays = camera.rays(left_px)
    tried = label_search.Depths(4500, 5600, 3)  # narrow: some end at the bound
    depths = tried.at(torch.arange(tried.count))
    curve = core.objective(coarse_mm, rays, depths)
    assert torch.allclose(curve, label_search.curve(coarse_mm, rays, tried))
    found = label_search.search_rays(coarse_mm, rays, tried, most_mm=1e9)
    assert found.at_bound.any() and not found.at_bound.all()
    for rule in (core.every_candidate, core.halved):
        assert torch.equal(rule(coarse_mm, rays, depths), found.depth_mm)


@parity("in_the_wild")
def in_the_wild(core):
    pose_mm = 300 * torch.randn(5, 17, 3, dtype=torch.float64)
    keypoints_px = 500 + 200 * torch.randn(5, 17, 2, dtype=torch.float64)
    confidence = torch.rand(5, 17, dtype=torch.float64)
    confidence[:, :3] = 0
    keypoints_px[:, 3] = torch.nan
    camera = cameras.Camera(*torch.tensor([[900.0, 950.0], [480.0, 510.0]]).double())
    for n in range(5):
        one = pose_mm[n], keypoints_px[n], confidence[n]
        theirs = placing.place_root(*(part[None] for part in one), camera, 1.0)[0]
        if theirs[2] > 100 - pose_mm[n, 4:, 2].amin() + 1:  # the package keeps people in front
            own = core.place(*one, camera.focal_px, camera.centre_px)
            assert torch.allclose(own, theirs, atol=1e-6)
    truth_px = 100 * torch.rand(12, 2, dtype=torch.float64)
    found_px = truth_px + 10 * torch.randn(7, 12, 2, dtype=torch.float64)
    box_px = truth_px.amax(0) - truth_px.amin(0)
    theirs = pictures.limb_oks(found_px, truth_px, box_px)
    assert torch.allclose(core.oks(found_px, truth_px), theirs)
    assert 0.1 < theirs.min() < theirs.max() < 1


# -----------------------------------------------------------------------------------------------


def test_core_equals_the_package(chapter):
    text = core_text(chapter)
    if not text:
        assert chapter.id not in COMPARISONS, "a comparison without a core cell"
        return
    assert not borrowed(text), f"a core cell stands alone, this one borrows {borrowed(text)}"
    longest = max((node.end_lineno - node.lineno + 1 for node in ast.parse(text).body), default=0)
    assert longest <= 60, "the core is one idea in few lines"
    assert chapter.id in COMPARISONS, "write what its core is compared with in this file"
    torch.manual_seed(0)
    COMPARISONS[chapter.id](core_of(text))


def test_comparisons_are_of_this_book():
    assert COMPARISONS.keys() <= {chapter.id for chapter in chapters.all_chapters()}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(x: Pose3D):\n    return torch.sin(x)", set()),
        ("def f(x):\n    y = [i for i in x]\n    return len(y)", set()),
        ("from posebook import losses\nf = losses.g", {"posebook"}),
        ("import posebook.losses as l", {"posebook.losses"}),
        ("def f(x):\n    return reprojection_loss(x)", {"reprojection_loss"}),
    ],
)
def test_what_a_core_borrows_is_seen(text, names):
    assert borrowed(text) == names
