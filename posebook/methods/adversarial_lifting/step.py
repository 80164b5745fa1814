"""One step of Kudo et al. 2018: generator and critic look at a batch once, then both may step.

Chapter 12 trains with the step that it shows. Tools and benchmarks import this one, and a test
keeps the two equal. Taught in 12_adversarial_lifting.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from posebook.methods.adversarial_lifting import losses
from posebook.shapes import Pose2D, Pose3D

EPSILON = 1e-8


def adam(
    parameters: Iterable[nn.Parameter],
    rate: float = 2e-4,
    *,
    weight_decay: float = 1e-5,
    chainer_epsilon: bool = False,
) -> torch.optim.Adam:
    r"""The optimiser of both networks: beta 0.5 and 0.999, weight decay added to the gradient.

    chainer_epsilon  divide by :math:`\sqrt v+\epsilon`, as the published code's framework does, and
                     not by :math:`\sqrt{v/(1-\beta_2^t)}+\epsilon`, as PyTorch does. PyTorch gives
                     the former if step t has the epsilon :math:`\epsilon/\sqrt{1-\beta_2^t}`. It
                     matters where gradients are next to nothing, such as those of the hip's
                     coordinates, which are always 0
    """
    made = torch.optim.Adam(
        parameters, rate, betas=(0.5, 0.999), eps=EPSILON, weight_decay=weight_decay, fused=True
    )
    if chainer_epsilon:
        made.register_step_pre_hook(_set_epsilon)
    return made


def _set_epsilon(optimiser: torch.optim.Optimizer, *_: object) -> None:
    for group in optimiser.param_groups:
        step = 1 + max((int(optimiser.state[p].get("step", 0)) for p in group["params"]), default=0)
        group["eps"] = EPSILON / (1 - group["betas"][1] ** step) ** 0.5


def update(
    generator: nn.Module,
    critic: nn.Module,
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    keypoints: Pose2D,
    view: Callable[[Pose3D], Pose2D],
    *,
    heading_weight: float | int = 1.0,
    cap: float | int = losses.CAP,
) -> dict[str, Tensor | float]:
    """One step of both networks on one batch; returns what there is to log.

    generator   2D poses (batch, joints, 2) -> depths (batch, joints), as `KudoGenerator`
    critic      2D poses -> logits (batch,)
    optimisers  of the generator and of the critic
    keypoints   (batch, joints, 2), normalised
    view        what is seen of the lifted poses, such as ``lambda p: turned(p, angle)``

    As in the published code, the critic sees the real batch once and then the new one once. The
    accuracy before the step decides which networks step, and both gradients belong to the weights
    before the step. A network that waits does not count the step in its Adam either.
    """
    depth = generator(keypoints)
    pose = torch.cat([keypoints, depth.unsqueeze(-1)], -1)
    new = view(pose)
    real, fake = critic(keypoints), critic(new)
    right_real, right_fake = losses.accuracies(real, fake)
    accuracy = (right_real + right_fake).item() / 2
    heading = losses.heading_loss(pose)
    adversarial = losses.generator_loss(fake) + heading_weight * heading
    critical = losses.critic_loss(real, fake)
    steps = losses.gate(accuracy, cap)
    players = zip(steps, (generator, critic), (adversarial, critical), optimisers, strict=True)
    stepping = [player for may_step, *player in players if may_step]
    # The gradient of each loss for its own network only: nothing has to be cut or cleared.
    for network, loss, _ in stepping:
        parameters = list(network.parameters())
        slopes = torch.autograd.grad(loss, parameters, retain_graph=True)
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter.grad = slope
    for _, _, optimiser in stepping:
        optimiser.step()
    return dict(
        generator=adversarial.detach(),
        heading=heading.detach(),
        critic=critical.detach(),
        accuracy=accuracy,
        accuracy_real=right_real,
        accuracy_fake=right_fake,
        generator_waits=float(not steps[0]),
        critic_waits=float(not steps[1]),
        depth_spread=depth.detach().std(correction=0),
    )
