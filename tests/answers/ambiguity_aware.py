"""Answers to chapter 15's exercises."""

import torch

from posebook.methods.ambiguity_aware import losses

MIRROR = torch.diag(torch.tensor([1.0, 1.0, -1.0]))
POSE_MM = 400 * torch.randn(17, 3, generator=torch.Generator().manual_seed(0))
#: What the chapter itself gives to the checks.
GIVEN = dict(one_mm=POSE_MM - POSE_MM[0])


def steps(released, in_time):
    return dict(steps_released=released, steps_in_time=in_time)


def view(of):
    return dict(view_of_mirror_image=of)


def loss(of):
    """of(mean, deviation, prior's mean, prior's deviation)"""

    def prior_loss(middle, mean, std):
        return of(middle.mean(), middle.std(), mean, torch.as_tensor(std))

    return dict(prior_loss=prior_loss)


def unlike(m, s, mean, std):
    return (s**2 + (m - mean) ** 2) / (2 * std**2) - 0.5


ROWS = [
    ("15.1", view(lambda r: r), "not attempted"),
    ("15.1", view(lambda r: MIRROR @ r @ MIRROR), "right"),
    ("15.1", view(lambda r: r.mT), "The two pictures differ"),
    ("15.1", view(lambda r: -(MIRROR @ r)), "The two pictures differ"),
    ("15.1", view(lambda r: r @ MIRROR), "a reflection, not a rotation"),
    ("15.1", view(lambda r: 2 * r), "no rotation"),
    ("15.1", view(lambda r: r[0]), "The shape is"),
    ("15.2", steps(None, None), "not attempted"),
    ("15.2", steps(600, 800), "right"),
    ("15.2", steps(600, None), "still None"),
    ("15.2", steps(800, 800), "800 is not what the released code does"),
    ("15.2", steps(600, 1000), "does not fit blocks of five"),
    ("15.2", steps(800, 600), "does not fit blocks of five"),
    ("15.3", loss(lambda m, s, mean, std: m * float("nan")), "not attempted"),
    ("15.3", dict(prior_loss=lambda m, a, b: losses.prior_loss(m, (a, b))), "right"),
    ("15.3", loss(lambda *v: torch.log(v[3] / v[1]) + unlike(*v)), "right"),
    ("15.3", loss(unlike), "spreads three times as far"),
    ("15.3", loss(lambda *v: torch.log(v[1] / v[3]) + unlike(*v)), "spreads three times as far"),
    ("15.3", loss(lambda *v: torch.log(v[3] / v[1]) + unlike(*v) + 0.5), "prior's mean and spread"),
    ("15.3", loss(lambda m, s, mean, std: (m - mean) ** 2 / (2 * std**2)), "three times as far"),
]
