"""Answers to chapter 8's exercises."""

import torch
from exercise_stubs import stub

from posebook.methods.stacked_hourglass.heatmaps import gaussian_maps
from posebook.skeletons import MPII_16

SCORED = [i for i, joint in enumerate(MPII_16.joints) if joint not in ("hip", "thorax")]


def right(answer_px, truth_px, head_px):
    heads = (answer_px - truth_px).norm(dim=-1) / head_px[:, None]
    counted = (heads < 0.5).double()
    counted[heads.isnan()] = torch.nan
    return 100 * counted[:, SCORED]


def pckh(*given):
    return float(right(*given).nanmean(0).mean())


def all_joints(answer_px, truth_px, head_px):
    heads = (answer_px - truth_px).norm(dim=-1) / head_px[:, None]
    return float(100 * (heads < 0.5).double().mean())


def unknown_as_wrong(*given):
    return float(right(*given).nan_to_num().mean())


def last(loss, found, target, labelled):
    return loss(found[-1], target, labelled)


WANTED = gaussian_maps(torch.tensor([[32.3, 20.6]]), (64, 64), 1.75)[0]


def dot(value):
    maps = torch.zeros(64, 64)
    maps[60, 60] = value
    return maps


#: What the chapter itself gives to the checks.
GIVEN = dict(wanted=WANTED, good=WANTED + 0.05)
ROWS = [
    ("8.1", dict(my_pckh=lambda a, t, h: float("nan")), "not attempted"),
    ("8.1", dict(my_pckh=pckh), "right"),
    ("8.1", dict(my_pckh=lambda *given: float(right(*given).nanmean())), "counts alike"),
    ("8.1", dict(my_pckh=all_joints), "hip and thorax"),
    ("8.1", dict(my_pckh=unknown_as_wrong), "are not known"),
    ("8.1", dict(my_pckh=lambda a, t, h: pckh(a, t, 0.6 * h)), "0.49 heads away"),
    ("8.2", stub("08", "last_alone"), "not attempted"),
    ("8.2", dict(last_alone=lambda f, m, t, n: sum(f(x, t, n) for x in m)), "still sums"),
    ("8.2", dict(last_alone=last), "right"),
    ("8.2", dict(last_alone=lambda f, m, t, n: f(m[0], t, n)), "the first stack's"),
    ("8.2", dict(last_alone=lambda f, m, t, n: f(m[-1], t, n) / len(m)), "the last stack's own"),
    ("8.2", dict(last_alone=lambda f, m, t, n: f(m[-1], t, n > -1)), "as they came"),
    ("8.3", dict(brightest=None, read_px=None), "not attempted"),
    ("8.3", dict(brightest=(10, 5), read_px=(42, 22)), "right"),
    ("8.3", dict(brightest=[10.0, 5.0], read_px=torch.tensor([42, 22])), "right"),
    ("8.3", dict(brightest=(10, 6), read_px=(42, 22)), "another pixel's middle is nearer"),
    ("8.3", dict(brightest=(5, 10), read_px=(42, 22)), "exchanged"),
    ("8.3", dict(brightest=(10, 5), read_px=(40, 20)), "half-pixel slip"),
    ("8.3", dict(brightest=(10, 5), read_px=(44, 24)), "px away from the joint"),
    ("8.3", dict(brightest=(10, 5), read_px=None), "still empty"),
    ("8.4", dict(lean_and_bend=lambda d, s: (float("nan"), float("nan"))), "not attempted"),
    ("8.4", dict(lean_and_bend=lambda d, s: (2 * d / s**2, s**-2)), "right"),
    ("8.4", dict(lean_and_bend=lambda d, s: (d / s**2, s**-2)), "first difference is 0.300"),
    ("8.4", dict(lean_and_bend=lambda d, s: (2 * d / s, 1 / s)), "first difference is -0.514"),
    ("8.4", dict(lean_and_bend=lambda d, s: (2 * d / s**2, 2 / s**2)), "second difference is 2"),
    ("8.5", dict(bad=None), "not attempted"),
    ("8.5", dict(bad=dot(0.01)), "right"),
    ("8.5", dict(bad=WANTED.roll(30, 0)), "Yours costs"),
    ("8.5", dict(bad=dot(4.0)), "Yours costs"),
    ("8.5", dict(bad=torch.zeros(64, 64)), "equally bright"),
    ("8.5", dict(bad=0.1 * WANTED), "0 px away"),
    ("8.5", dict(bad=WANTED[:32]), "a tensor of shape (64, 64)"),
]
