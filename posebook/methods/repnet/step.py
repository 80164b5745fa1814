"""One training iteration of RepNet: some steps of the critic, then one of the generator.

Source: as in `losses`. bzhao96 takes five steps of the critic. The original intends five but takes
one (`critic_steps`). No network is imported. Taught in 13_repnet. Chapter 14's video GAN also uses
`adam`, `teach_critic` and `descend`.
"""

from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.errors import InputError
from posebook.methods.repnet import losses
from posebook.shapes import Pose2D, Pose3D

CRITIC_STEPS = 5
BATCH = 64


def adam(parameters: Iterable[nn.Parameter], rate: float | int = 1e-4) -> torch.optim.Adam:
    """The optimiser of both networks: beta 0.5 and 0.9, no weight decay."""
    return torch.optim.Adam(parameters, rate, betas=(0.5, 0.9), fused=True)


def critic_step(
    critic: nn.Module,
    optimiser: torch.optim.Optimizer,
    real: Pose3D,
    fake: Pose3D,
    share: Float[Tensor, " batch"],
    *,
    penalty_weight: float | int = losses.PENALTY_WEIGHT,
) -> dict[str, Tensor]:
    """One step of the critic on real and generated poses (batch, joints, 3).

    share  (batch,)  the place between them where the penalty is computed, drawn evenly from 0 to 1
    """
    real_score, fake_score = critic(torch.cat([real, fake])).split(len(real))
    distance = -losses.critic_loss(real_score, fake_score)
    penalty = losses.gradient_penalty(critic, losses.between(real, fake, share))
    descend(critic, optimiser, penalty_weight * penalty - distance)
    return dict(distance=distance.detach(), penalty=penalty.detach())


def teach_critic(
    critic: nn.Module,
    optimiser: torch.optim.Optimizer,
    lift: Callable[[Tensor], Tensor],
    early: Tensor,
    last: Float[Tensor, "batch joints 3"],
    real: Float[Tensor, "poses joints 3"],
    share: Float[Tensor, " poses"],
    *,
    steps: int,
    penalty_weight: float | int = losses.PENALTY_WEIGHT,
) -> dict[str, Tensor]:
    """`steps` steps of the critic with a fixed generator; gives the last step's numbers.

    lift         lifts the key points of any number of poses
    early        key points of all batches but the last, one after the other; may be empty
    last         (batch, joints, 3)  the last batch, lifted already; no gradient flows into it
    real, share  (poses, joints, 3), (poses,)  for all batches, as in `update`
    """
    with torch.no_grad():
        fakes = [*lift(early).split(len(last))] if len(early) else []
    fakes.append(last.detach())
    logged = {}
    for batch in zip(real.chunk(steps), fakes, share.chunk(steps), strict=True):
        logged = critic_step(critic, optimiser, *batch, penalty_weight=penalty_weight)
    return logged


def update(
    generator: nn.Module,
    critic: nn.Module,
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    keypoints: Pose2D,
    real: Pose3D,
    share: Float[Tensor, " poses"],
    *,
    critic_steps: int = CRITIC_STEPS,
    reprojection_weight: float | int = losses.REPROJECTION_WEIGHT,
    camera_weight: float | int = 1.0,
    adversarial_weight: float | int = 1.0,
    penalty_weight: float | int = losses.PENALTY_WEIGHT,
) -> dict[str, Tensor]:
    """`critic_steps` steps of the critic, then one of the generator; gives what there is to log.

    generator   keypoints -> (pose (poses, joints, 3), camera (poses, 2, 3)); its method `pose`
                gives the pose alone
    optimisers  of the generator and of the critic
    keypoints   (poses, joints, 2)  one batch for each step; the generator learns from the last
    real        (poses, joints, 3)  real poses, which do not belong to these key points
    share       (poses,)            drawn evenly from 0 to 1
    adversarial_weight  0: no critic, and so no step of the critic

    The generator does not change while the critic takes its steps. So the poses of all these steps
    are lifted at once, without gradients and without cameras, which the critic does not see. Only
    the last batch is lifted with gradients and cameras: the critic's last step and the generator's
    step share it. (The released code lifts each batch separately. It also sends the critic's
    gradients through the generator, where they are discarded.)
    """
    count = len(keypoints)
    fits = critic_steps >= 1 and 0 < count == len(real) == len(share)
    if not fits or count % critic_steps:
        raise InputError(
            f"{critic_steps} steps of the critic on {count} key points, {len(real)} poses and "
            f"{len(share)} shares; expected as many of each, a multiple of the steps"
        )
    learned = keypoints.chunk(critic_steps)[-1]
    pose, camera = generator(learned)
    logged = {}
    if adversarial_weight:
        logged = teach_critic(
            critic, optimisers[1], generator.pose, keypoints[: len(keypoints) - len(learned)],
            pose, real, share, steps=critic_steps, penalty_weight=penalty_weight,
        )  # fmt: skip
    terms = dict(
        reprojection=losses.reprojection_loss(learned, losses.reproject(pose, camera)),
        camera=losses.camera_loss(camera).mean(),
    )
    loss = reprojection_weight * terms["reprojection"] + camera_weight * terms["camera"]
    if adversarial_weight:
        terms["adversarial"] = losses.generator_loss(critic(pose))
        loss = loss + adversarial_weight * terms["adversarial"]
    descend(generator, optimisers[0], loss)
    return logged | {name: term.detach() for name, term in terms.items()}


def descend(network: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of this network; other networks in the loss get no gradient."""
    parameters = list(network.parameters())
    for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = slope
    optimiser.step()
