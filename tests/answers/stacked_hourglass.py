"""Answers to chapter 8's exercises."""

import torch

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


#: What the chapter itself gives to the checks.
GIVEN = dict()
ROWS = [
    ("8.1", dict(my_pckh=lambda a, t, h: float("nan")), "not attempted"),
    ("8.1", dict(my_pckh=pckh), "right"),
    ("8.1", dict(my_pckh=lambda *given: float(right(*given).nanmean())), "counts alike"),
    ("8.1", dict(my_pckh=all_joints), "hip and thorax"),
    ("8.1", dict(my_pckh=unknown_as_wrong), "are not known"),
    ("8.1", dict(my_pckh=lambda a, t, h: pckh(a, t, 0.6 * h)), "0.49 heads away"),
    ("8.2", dict(last_alone=lambda f, m, t, n: sum(f(x, t, n) for x in m)), "not attempted"),
    ("8.2", dict(last_alone=last), "right"),
    ("8.2", dict(last_alone=lambda f, m, t, n: f(m[0], t, n)), "the first stack's"),
    ("8.2", dict(last_alone=lambda f, m, t, n: f(m[-1], t, n) / len(m)), "the last stack's own"),
    ("8.2", dict(last_alone=lambda f, m, t, n: f(m[-1], t, n > -1)), "as they came"),
]
