"""Yu et al. 2021, training: the released settings, learning rates, and one step of each kind.

Source: as in `losses`. Taught in 15_ambiguity_aware. No network is imported: the steps take any
networks that give depths, scales and the critic's values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from posebook.methods.ambiguity_aware import losses
from posebook.shapes import Scalar

# ------------------------------------------------------------------------------------- settings


@dataclass(frozen=True)
class Settings:
    """One way of training. `RELEASED` holds the four released ones; `corrected` mends their errors.

    consistency_3d, consistency_2d, adversarial, motion   weights of the lifter's terms
    learning_rate, critic_rate, epochs_per_decay   see `learning_rate_at`
    scale           whether there is a scale network, which takes turns with the lifter
    prior, bone     weights of its two terms
    frames_apart    from a frame to the second frame of the motion term
    motion_form     'all', 'released3', 'vector' or 'byrot' (`losses.motion_term`)
    bone_form       'length' or 'vector' (`losses.bone_term`)
    freeze          'clean' or 'released' (`alternating_turn`)
    compare         'scaled' or 'unscaled': the key points that the round trip must come back to,
                    and that the critic sees as real
    prior_of_m      mean and standard deviation that the scale network's number m should have
    largest         tangents of projections are cut off there (`losses.project`)
    """

    consistency_3d: float | int = 0.5
    consistency_2d: float | int = 5.0
    adversarial: float | int = 1.0
    motion: float | int = 1.0
    learning_rate: float | int = 1e-4
    critic_rate: float | int = 1e-4
    epochs_per_decay: int = 1
    scale: bool = True
    prior: float | int = 0.01
    bone: float | int = 1.0
    frames_apart: int = 5
    motion_form: str = "released3"
    bone_form: str = "vector"
    freeze: str = "released"
    compare: str = "unscaled"
    prior_of_m: tuple[float, float] = losses.RELEASED_PRIOR
    largest: float | None = losses.LARGEST_TANGENT


#: The four released settings, by key points and variant.
RELEASED: dict[tuple[str, str], Settings] = {
    ("true", "adv"): Settings(
        consistency_3d=1.0, consistency_2d=1.0, motion=0.0, scale=False,
        learning_rate=2e-4, critic_rate=2e-4,
    ),
    ("true", "best"): Settings(learning_rate=1.5e-4, epochs_per_decay=5, prior=0.001),
    ("detected", "adv"): Settings(motion=0.0, scale=False),
    # Its name says "tmc", which stands for the motion term, but the term is switched off.
    ("detected", "best"): Settings(motion=0.0, frames_apart=3),
}  # fmt: skip


def corrected(settings: Settings, prior_of_m: tuple[float, float]) -> Settings:
    """The same settings with the terms as the paper describes them.

    The motion term takes all joints, and the bone term compares lengths. The lifter is trained in
    all of its steps. Scaled key points are compared with scaled ones. The prior of the scale
    network's number is `prior_of_m`, measured on the data at hand.
    """
    return replace(
        settings,
        motion=1.0 if settings.scale else 0.0,
        motion_form="all",
        bone_form="length",
        freeze="clean",
        compare="scaled",
        prior_of_m=prior_of_m,
    )


# ------------------------------------------------------------------------------------- schedules


def learning_rate_at(epoch: int, first: float | int, epochs_per_decay: int) -> float:
    """5 % less every so many epochs; as in the released code, epoch 0 already counts as one."""
    return first * 0.95 ** ((epoch + 1) // epochs_per_decay)


@dataclass(frozen=True)
class Turn:
    """What one iteration trains."""

    scale_step: bool
    lifter: bool
    scale: bool
    critic: bool


def plain_turn(iteration: int) -> Turn:
    """The lifter always; the critic after every third of its steps."""
    return Turn(False, True, False, iteration % 3 == 0)


def alternating_turn(iteration: int, freeze: str = "clean") -> Turn:
    """One step of the scale network, then four of the lifter.

    freeze  'clean': as above. 'released': the switch comes one iteration late, so in the first of
            the four the lifter is still frozen, and the lifter's loss trains the scale network
    """
    if freeze not in ("clean", "released"):
        raise ValueError(f"freeze '{freeze}': expected clean or released")
    block, place = divmod(iteration, 5)
    if place == 0:
        return Turn(True, False, True, False)
    late = freeze == "released" and place == 1
    return Turn(False, not late, late, (4 * block + place - 1) % 3 == 0)


# ----------------------------------------------------------------------------------------- steps


@dataclass
class Networks:
    """lifter, critic, scale  as in `network`; scale is None for the variant without it
    factor_of  gives the factor from the number m and the key points (`network.factor_of`)
    """

    lifter: nn.Module
    critic: nn.Module
    scale: nn.Module | None = None
    factor_of: Callable[[Tensor, Tensor], Tensor] | None = None

    def factor(self, keypoints: Tensor) -> Tensor | float:
        """(batch, 1, 1), or 1 without a scale network."""
        if self.scale is None:
            return 1.0
        return self.factor_of(self.scale(keypoints), keypoints).unsqueeze(-1)


def lifter_terms(
    networks: Networks, batch: Mapping[str, Tensor], settings: Settings
) -> tuple[dict[str, Scalar], losses.Cycle, Tensor]:
    """The lifter's unweighted terms, the cycle of the first frames, and their (scaled) key points.

    batch  keypoints (batch, joints, 2); rotation (batch, 3, 3) to the second cameras; with a motion
           term also `next`, the key points of the second frames, which go through in one pass
    """
    size = len(batch["keypoints"])
    frames = [batch["keypoints"]] + ([batch["next"]] if settings.motion else [])
    keypoints = torch.cat(frames)
    scaled = networks.factor(keypoints) * keypoints
    rotation = batch["rotation"].repeat(len(frames), 1, 1)
    ways = losses.cycle(networks.lifter, scaled, rotation, largest=settings.largest).split(size)
    real = (scaled if settings.compare == "scaled" else keypoints)[:size]
    terms = {
        "consistency_3d": losses.consistency_3d(ways[0]),
        "consistency_2d": losses.consistency_2d(ways[0], real),
    }
    if settings.adversarial:
        terms["adversarial"] = losses.adversarial_loss(networks.critic(ways[0].seen))
    if settings.motion:
        terms["motion"] = losses.motion_term(*ways, form=settings.motion_form)
    return terms, ways[0], real.detach()


def scale_terms(
    networks: Networks, batch: Mapping[str, Tensor], settings: Settings
) -> dict[str, Scalar]:
    """The scale network's unweighted terms.

    batch  keypoints, and `far`: key points of other frames of the same clips
    """
    keypoints = torch.cat([batch["keypoints"], batch["far"]])
    middle = networks.scale(keypoints)
    scaled = networks.factor_of(middle, keypoints).unsqueeze(-1) * keypoints
    poses = losses.back_project(scaled, networks.lifter(scaled)).split(len(batch["far"]))
    return {
        "prior": losses.prior_loss(middle, settings.prior_of_m),
        "bone": losses.bone_term(*poses, form=settings.bone_form),
    }


def step(
    networks: Networks,
    optimisers: Mapping[str, torch.optim.Optimizer],
    batch: Mapping[str, Tensor],
    turn: Turn,
    settings: Settings,
) -> dict[str, Scalar]:
    """One iteration of either variant: trains the networks that `turn` names; gives the terms.

    optimisers  'pose', of lifter and scale network together, and 'critic'
    The critic sees the pictures that were projected before the lifter's update. The released code
    lifts once more after the update.
    """
    networks.lifter.requires_grad_(turn.lifter)
    networks.critic.requires_grad_(False)
    if networks.scale is not None:
        networks.scale.requires_grad_(turn.scale)
    if turn.scale_step:
        terms = scale_terms(networks, batch, settings)
    else:
        terms, way, real = lifter_terms(networks, batch, settings)
    loss = sum(getattr(settings, name) * term for name, term in terms.items())
    descend(optimisers["pose"], loss)
    terms = {name: term.detach() for name, term in terms.items()}
    if turn.critic and settings.adversarial:
        networks.critic.requires_grad_(True)
        values = networks.critic(torch.cat([real, way.seen.detach()]))
        loss = losses.critic_loss(*values.split(len(real)))
        descend(optimisers["critic"], loss)
        terms["critic"] = loss.detach()
    return terms


def descend(optimiser: torch.optim.Optimizer, loss: Scalar) -> None:
    """One step; frozen weights have no gradient (None) and do not move."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
