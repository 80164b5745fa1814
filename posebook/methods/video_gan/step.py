"""One training iteration of the video GAN: some steps of the critic, then one of both generators.

Source: github.com/bzhao96/3d-human-pose, read for its facts: five steps of the critic for one of
the generator, batches of 64, Adam with beta 0.5 and 0.9 at 1e-4, one optimiser for the pose's and
the root's network. The critic's steps are RepNet's. No network is imported. Taught in
14_video_gan.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.methods.repnet import losses as repnet_losses
from posebook.methods.repnet.step import descend, teach_critic
from posebook.methods.video_gan import losses as video_gan_losses

#: Ours: a joint that is one metre behind the nearest admitted depth costs this much.
DEPTH_WEIGHT = 10.0


def update(
    generator: nn.Module,
    critic: nn.Module,
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    windows: Float[Tensor, "poses 27 joints 2"],
    seen: Float[Tensor, "poses joints 2"],
    camera: Float[Tensor, "*cameras 4"],
    real: Float[Tensor, "poses others 3"],
    share: Float[Tensor, " poses"],
    *,
    critic_steps: int = 5,
    reprojection_weight: float | int = video_gan_losses.REPROJECTION_WEIGHT,
    depth_weight: float | int = DEPTH_WEIGHT,
    adversarial_weight: float | int = 1.0,
    penalty_weight: float | int = repnet_losses.PENALTY_WEIGHT,
    apart: bool = True,
) -> dict[str, Tensor]:
    """`critic_steps` steps of the critic, then one of the generators; what there is to log.

    generator   `relative`: windows -> poses about the hip (poses, 16, 3), metres; `root`: windows
                -> (poses, 3); `join`: root and pose -> absolute poses (poses, joints, 3)
    optimisers  of the generators and of the critic
    windows     key points on the screen: one batch for each step of the critic, one after the
                other. The generators learn from the last of them
    seen        (poses, joints, 2)  the picture that has to come back; in the released code, the
                middle frames of the windows
    camera      (4,) or (poses, 4)  fx, fy, cx, cy in the screen's unit
    real        (poses, 16, 3)  poses about the hip, none of which belongs to one of these windows
    share       (poses,)        drawn evenly from 0 to 1
    adversarial_weight  0: no critic, and so no step of it
    apart       True, ours: the pose network learns from the picture with the root where it fits
                best, and the root network learns with the pose held fixed. Then the critic decides
                size, and the root network decides distance. False, as released: both learn at once.
                Then people grow or shrink to fit the picture, and the root network hardly learns

    The critic sees poses about the hip and never the root.
    """
    learned = windows.chunk(critic_steps)[-1]
    count = len(learned)
    pose = generator.relative(learned)
    logged = {}
    if adversarial_weight:
        logged = teach_critic(
            critic, optimisers[1], generator.relative, windows[: len(windows) - count],
            pose, real, share, steps=critic_steps, penalty_weight=penalty_weight,
        )  # fmt: skip
    root, picture = generator.root(learned), seen[-count:]
    lens = camera.expand(len(windows), 4)[-count:]
    whole = generator.join(root, pose.detach() if apart else pose)
    terms = dict(
        reprojection=video_gan_losses.reprojection_loss(whole, picture, lens),
        depth=video_gan_losses.depth_loss(whole),
    )
    weight = video_gan_losses.REPROJECTION_WEIGHT if apart else reprojection_weight
    loss = weight * terms["reprojection"] + depth_weight * terms["depth"]
    if apart:
        about_hip = generator.join(torch.zeros_like(root), pose)
        best = video_gan_losses.best_root(about_hip.detach(), picture, lens)
        placed = generator.join(best, pose)
        terms["shape"] = video_gan_losses.reprojection_loss(placed, picture, lens)
        loss = loss + reprojection_weight * terms["shape"]
    if adversarial_weight:
        terms["adversarial"] = repnet_losses.generator_loss(critic(pose))
        loss = loss + adversarial_weight * terms["adversarial"]
    descend(generator, optimisers[0], loss)
    return logged | {name: term.detach() for name, term in terms.items()}
