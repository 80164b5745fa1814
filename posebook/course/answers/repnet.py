"""Checks of chapter 13's exercises."""

from collections.abc import Callable

import torch
from torch import Tensor

from posebook import figures, metrics
from posebook.course.answers import is_stub
from posebook.course.checking import NotAttempted, Wrong
from posebook.geometry import euler_to_matrix
from posebook.methods.repnet.network import JOINTS, with_hip
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE


def exercise_1(wrong_mm: float | None, right_mm: float | None, train_pose: Pose3D) -> None:
    """Mean lengths of hip plus hip and of hip minus hip, in mm; train_pose (frames, 17, 3), m."""
    if wrong_mm is None and right_mm is None:
        raise NotAttempted
    if wrong_mm is None or right_mm is None:
        raise Wrong("One of the two lengths is still None.")
    one, other = (1000 * train_pose[:, i] for i in HOUSE.indices("right_hip", "left_hip"))
    for name, value, vectors in (
        ("right_mm", float(right_mm), one - other),
        ("wrong_mm", float(wrong_mm), one + other),
    ):
        expected = vectors.norm(dim=-1).mean().item()
        if abs(value - expected) <= 0.01 * expected:
            continue
        if abs(1000 * value - expected) <= 0.01 * expected:
            raise Wrong(f"{name} is in metres; the exercise asks for millimetres.")
        if abs(value - vectors.mean(0).norm().item()) <= 0.01 * expected:
            raise Wrong(
                f"{name} is the length of the mean vector. People face all ways, so their vectors "
                "cancel. Take the length of each first, then the mean."
            )
        raise Wrong(
            f"{name} = {value:.1f} mm does not fit train_pose. Take the right_hip and the left_hip "
            "of each pose, combine the two vectors, and average their lengths."
        )


def exercise_2(
    turned_world: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]], train_pose: Pose3D
) -> None:
    """Poses turned by a rotation, and cameras that see the same picture of them."""
    pose = train_pose[:8, HOUSE.indices(*JOINTS)].double()
    draw = torch.Generator().manual_seed(0)
    camera = torch.randn(8, 2, 3, generator=draw, dtype=torch.float64)
    camera[0] = torch.eye(3, dtype=torch.float64)[:2]  # the first is drawn: seen straight on
    turn = euler_to_matrix(torch.tensor([0.4, 0.9, -0.3], dtype=torch.float64), "xyz")
    new_pose, new_camera = turned_world(pose, camera, turn)
    if is_stub(turned_world, "13"):
        raise NotAttempted
    if new_pose.shape != pose.shape or new_camera.shape != camera.shape:
        raise Wrong(
            f"The shapes are {tuple(new_pose.shape)} and {tuple(new_camera.shape)}; expected "
            f"{tuple(pose.shape)} and {tuple(camera.shape)}."
        )
    if torch.allclose(new_pose, pose @ turn) and not torch.allclose(pose @ turn, pose @ turn.mT):
        raise Wrong("The poses are turned the other way: by the inverse of the rotation.")
    if not torch.allclose(new_pose, pose @ turn.mT):
        off = (new_pose - pose @ turn.mT).abs().amax().item()
        raise Wrong(f"The new poses are not the old ones turned by the rotation: {off:.2g} off.")
    before, after = pose @ camera.mT, new_pose @ new_camera.mT
    if not torch.allclose(before, after):
        flat = {
            name: 1000 * with_hip(torch.cat([seen[:1], torch.zeros_like(seen[:1, :, :1])], -1))[0]
            for name, seen in (("the picture before", before), ("and after", after))
        }
        raise Wrong(
            "The poses are turned, but the new cameras see another picture of them: "
            f"{(after - before).abs().amax():.2g} off.",
            figures.compare(flat, turn=0, title="One pose, seen before and after your turn"),
        )


def exercise_3(largest_gap_m: float | None) -> None:
    """The largest gap between the means of a critic of slope 1 on poses that were all moved."""
    if largest_gap_m is None:
        raise NotAttempted
    gap, expected = float(largest_gap_m), torch.tensor([0.1] * 16).norm().item()
    if gap < expected - 1e-3:
        raise Wrong(
            f"There is a critic of slope 1 that finds a gap of more than {gap:g} m. All 16 joints "
            "move, and the critic may look at all of them."
        )
    if gap > expected + 1e-3:
        raise Wrong(
            f"No critic of slope 1 can find a gap of {gap:g} m: its number changes by no more than "
            "the distance that the pose moves as one point with 48 coordinates."
        )


def exercise_4(camera_scale: float | int | None) -> None:
    """The scale of a weak camera of 1000 px, 4 m away, for key points over 500 px."""
    if camera_scale is None:
        raise NotAttempted
    given = float(camera_scale)
    if not abs(given - 0.5) < 0.005:
        raise Wrong(
            f"With {given:g} per metre, a bone of 0.4 m in the plane of the picture is "
            f"{500 * 0.4 * given:,.0f} px long. How long does a camera of 1000 px see it, 4 m away?"
        )


def exercise_5(
    lazy_generator: Callable[[Tensor], tuple[Tensor, Tensor]], train_pose: Pose3D
) -> None:
    """Poses and cameras that cost nothing in the picture, and are wrong."""
    true_pose = train_pose[:64, HOUSE.indices(*JOINTS)].float()
    seen = 0.445 * true_pose[..., :2]
    pose, camera = lazy_generator(seen.clone())
    if is_stub(lazy_generator, "13"):
        raise NotAttempted
    if pose.shape != true_pose.shape or camera.shape != (len(pose), 2, 3):
        raise Wrong(f"The shapes are {tuple(pose.shape)} and {tuple(camera.shape)}.")
    picture = (pose @ camera.mT - seen).square().mean().item()
    if not picture < 1e-8:
        off_px = 500 * (pose @ camera.mT - seen).norm(dim=-1).mean().item()
        raise Wrong(f"The picture notices: its joints are {off_px:.1f} px off on average.")
    gram = camera @ camera.mT
    shape = 2 * gram / gram.diagonal(dim1=-2, dim2=-1).sum(-1)[:, None, None]
    skew = (shape - torch.eye(2)).flatten(1).norm(dim=-1).mean().item()
    if not skew < 1e-3:
        raise Wrong(f"The camera's term notices: it is {skew:.2f}. Are its rows equally long?")
    off_mm = 1000 * metrics.p_mpjpe(pose.double(), true_pose.double()).mean().item()
    if not off_mm > 20:
        raise Wrong(f"Nothing is wrong with them: their P-MPJPE is {off_mm:.0f} mm.")
