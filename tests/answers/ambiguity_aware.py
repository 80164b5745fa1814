"""Answers to chapter 15's exercises."""

import torch
from exercise_stubs import stub

from posebook.methods.ambiguity_aware import losses, sampling

MIRROR = torch.diag(torch.tensor([1.0, 1.0, -1.0]))
POSE_MM = 400 * torch.randn(17, 3, generator=torch.Generator().manual_seed(0))
DICE = torch.Generator().manual_seed(0)
MADE_UP = 0.3 * torch.randn(8, 17, 3, generator=DICE)
MADE_UP[:, 0] = 0
VIEW = losses.view_rotation(sampling.random_views(8, DICE))
PICTURE = MADE_UP[..., :2] / (MADE_UP[..., 2:] + 10)
#: What the chapter itself gives to the checks.
GIVEN = dict(one_mm=POSE_MM - POSE_MM[0], made_up=MADE_UP, made_up_picture=PICTURE, new_view=VIEW)


def offsets(first, new):
    return dict(first_offset=first, new_offset=new)


def agreeing(times, farther=0.0):
    """So many times the true depths in the first picture, and what follows in the new one."""
    first = times * MADE_UP[..., 2] + farther
    z = (10 + first).unsqueeze(-1)
    pose = torch.cat([z * PICTURE, z], -1)
    return offsets(first, ((pose - pose[:, :1]) @ VIEW.mT)[..., 2])


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
    ("15.1", stub("15", "view_of_mirror_image"), "not attempted"),
    ("15.1", view(lambda r: r), "The two pictures differ"),
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
    ("15.4", offsets(None, None), "not attempted"),
    ("15.4", agreeing(0.0), "right"),
    ("15.4", agreeing(-1.0), "right"),
    ("15.4", agreeing(1.0), "that lifter is good"),
    ("15.4", agreeing(1.0, farther=0.25), "off by 0.00 only: that lifter"),
    ("15.4", offsets(torch.zeros(8, 17), torch.zeros(8, 17)), "They do not agree in space"),
    ("15.4", offsets(torch.zeros(8, 17), None), "still None"),
    ("15.4", offsets(torch.zeros(8), torch.zeros(8)), "of shape (8, 17)"),
]
