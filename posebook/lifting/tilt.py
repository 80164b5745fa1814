"""How a camera was held, from the people whom it shows.

Asked is the direction that points up, in camera axes. Every direction that a camera may be held in
is tried, and weighed by three things that are known about people and cameras:

* Most cameras are held level or look down a little; few are turned about their axis.
* Who stands has the middle of their mass above their feet; who sits holds the trunk upright; who
  lies is flat. Which of these somebody does is not known, so all are tried. Source of the masses:
  Winter, "Biomechanics and motor control of human movement".
* Several people, or one who walks about, stand on one floor. A lifter takes everybody to be of
  average size, so each is out by as much as they are larger or smaller. This is the horizon from
  standing people: Criminisi et al. 2000, "Single view metrology"; Hoiem et al. 2008.

What comes out is the mean of the directions that lie together and weigh most, how far they spread
about it, and how much of the weight they have: how exact the answer is, and how sure. The numbers
below were set on people made for validation, never on test people.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy
import torch
from torch import Tensor

from posebook.shapes import Points3D, Pose3D, Rotation, Seen
from posebook.skeletons import HOUSE

#: Degrees that are tried: how far down the camera looks, and how far it is turned about its axis.
_DOWN = numpy.arange(-60.0, 89.0, 2.0)
_ROLL = numpy.arange(-44.0, 45.0, 2.0)
#: (share, mean, deviation) in degrees of how cameras are held.
_DOWN_HELD = ((0.6, 0.0, 2.0), (0.2, 8.0, 9.0), (0.2, 28.0, 20.0))
#: And how they are held before somebody who lies on the floor.
_DOWN_LYING = ((0.2, 5.0, 6.0), (0.8, 28.0, 20.0))
_ROLL_HELD = ((0.9, 0.0, 2.0), (0.1, 0.0, 10.0))
#: How far off, in degrees, the direction is that somebody shows who stands, sits or lies.
_STANDING, _SITTING, _LYING = 5.0, 14.0, 12.0
#: Who stands, but off balance.
_ODD_STANDING = 0.25
#: How likely somebody shows none of them.
_NEITHER = 0.1
#: Somebody's size is not the average by this part (and at times by more), and so is their distance
#: from frame to frame; the lowest joint is off the floor by so many mm.
_SIZES, _ODD, _ODD_SIZES, _FRAMES, _OFF_FLOOR_MM = 0.08, 0.1, 0.35, 0.04, 60.0
#: Frames of one person that are looked at, and for how many independent ones they count.
_MOST_FRAMES, _FRAMES_COUNT = 24, 2.0
#: The cosine of how far off the upright who stands or sits is at most.
_UPRIGHT = math.cos(math.radians(30))
#: All of it together is never more exact than this.
_LEAST_OFF = 2.0
#: Directions within so many degrees of each other (as a cosine) are one answer, and there is none
#: where they have less than this part of all weight.
_TOGETHER, LEAST_SURE = math.cos(math.radians(20)), 0.6

_LIMBS = (
    ("shoulder", "elbow", 0.436, 0.028),
    ("elbow", "wrist", 0.68, 0.022),
    ("hip", "knee", 0.433, 0.1),
    ("knee", "foot", 0.606, 0.061),
)
#: Segments: from, to, where between them the middle of the mass is, and the part of all mass.
_SEGMENTS = (
    ("hip", "thorax", 0.44, 0.497),
    ("neck_nose", "head", 0.5, 0.081),
    *(
        (f"{side}_{a}", f"{side}_{b}", *rest)
        for side in ("left", "right")
        for a, b, *rest in _LIMBS
    ),
)


class Person(NamedTuple):
    """One person before the camera. pose_mm (frames, 17, 3) about the hip, root_mm (frames, 3),
    camera axes; seen (frames, 17): joints that are in the picture."""

    pose_mm: Pose3D
    root_mm: Points3D
    seen: Seen


class Tilt(NamedTuple):
    """rotation: camera axes to world axes, z up; down_deg: how far the camera looks down.

    off_deg  one deviation of what the direction may be off by, if it is about right;
    sure     how likely it is about right, from 0 to 1
    people   who showed what is up;  floor: whether the floor under them says something, too
    """

    rotation: Rotation
    down_deg: float
    off_deg: float
    sure: float
    people: int
    floor: bool


def tilt_from(everybody: Sequence[Person]) -> Tilt | None:
    """How the camera was held that shows these people; None where they do not show it."""
    shown = [_Shown(person) for person in everybody]
    shown = [one for one in shown if one.counts]
    if not shown:
        return None
    ups = _ups()
    postures = [one.posture(ups) for one in shown]
    weight = _held() + sum(own for own, _ in postures)
    first, _, _ = _heaviest(ups, weight)
    on_floor, says = _floor(shown, ups, first)
    up, off_deg, sure = _heaviest(ups, weight + on_floor)
    nearest = (ups @ up).argmax()
    people = sum(explained[nearest] > 0.5 for _, explained in postures)
    if not people or sure < LEAST_SURE:
        return None
    down_deg = math.degrees(math.asin(-up[2]))
    return Tilt(_rotation(up), down_deg, off_deg, sure, int(people), says)


def _ups() -> numpy.ndarray:
    """(directions, 3): what is up, in camera axes, for each way of holding a camera."""
    down, roll = (numpy.radians(each) for each in numpy.meshgrid(_DOWN, _ROLL, indexing="ij"))
    cos = numpy.cos(down)
    ups = numpy.stack([cos * numpy.sin(roll), -cos * numpy.cos(roll), -numpy.sin(down)], -1)
    return ups.reshape(-1, 3)


def _often(degrees: numpy.ndarray, parts: tuple) -> numpy.ndarray:
    """The logarithm of how often cameras are held so."""
    bells = [share / off * numpy.exp(-0.5 * ((degrees - middle) / off) ** 2)
             for share, middle, off in parts]  # fmt: skip
    return numpy.log(sum(bells) + 1e-12)


def _down_of(ups: numpy.ndarray, wanted: tuple, usual: tuple) -> numpy.ndarray:
    """(directions,): the logarithm of how much more often a camera looks so far down."""
    down = numpy.degrees(numpy.arcsin(-ups[:, 2]))
    return _often(down, wanted) - _often(down, usual)


def _held() -> numpy.ndarray:
    """(directions,): the logarithm of how often a camera is held so."""
    return (_often(_DOWN, _DOWN_HELD)[:, None] + _often(_ROLL, _ROLL_HELD)).reshape(-1)


def _heaviest(ups: numpy.ndarray, weight: numpy.ndarray) -> tuple[numpy.ndarray, float, float]:
    """The mean of those directions that lie together and weigh most (weight: a logarithm), the
    deviation from it in degrees, and their part of all weight."""
    share = numpy.exp(weight - weight.max())
    share /= share.sum()
    seeds = ups.reshape(len(_DOWN), len(_ROLL), 3)[::3, 1::3].reshape(-1, 3)
    up = seeds[((seeds @ ups.T > _TOGETHER) @ share).argmax()]
    for _ in range(5):
        near = ups @ up > _TOGETHER
        up = share[near] @ ups[near]
        up /= numpy.linalg.norm(up)
    apart = numpy.degrees(numpy.arccos((ups[near] @ up).clip(-1, 1)))
    sure = float(share[near].sum())
    off_deg = math.sqrt(float(share[near] @ apart**2) / sure)
    return up, math.hypot(off_deg, _LEAST_OFF), sure


def _rotation(up: numpy.ndarray) -> Rotation:
    """Camera axes to world axes: z is up, and y is forward along the floor."""
    up = torch.from_numpy(up)
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    forward = torch.nn.functional.normalize(forward - (forward @ up) * up, dim=0)
    return torch.stack([torch.linalg.cross(forward, up), forward, up])


class _Shown:
    """What one person's frames show."""

    def __init__(self, person: Person):
        whole = torch.isfinite(person.pose_mm).all(-1).all(-1)
        whole &= torch.isfinite(person.root_mm).all(-1)
        frames = whole.nonzero()[:, 0]
        if len(frames) > _MOST_FRAMES:
            frames = frames[torch.linspace(0, len(frames) - 1, _MOST_FRAMES).round().long()]
        pose = person.pose_mm[frames].double()
        seen = person.seen[frames]
        trunk = seen[:, HOUSE.indices("left_shoulder", "right_shoulder", "hip")].all(-1)
        pose, seen = pose[trunk], seen[trunk]
        self.counts = len(pose) > 0
        if not self.counts:
            return
        self.place = (pose + person.root_mm[frames][trunk].double().unsqueeze(1)).numpy()
        self.feet = seen[:, HOUSE.indices("left_foot", "right_foot")].all(-1).numpy()
        self.stand, self.trunk = (_unit(each).numpy() for each in _axes(pose))
        self.straight = _straight(pose).numpy()
        self.flat, self.flatness = _flat(pose)

    def posture(self, ups: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        """(directions,): the logarithm of how well each explains how this person holds itself;
        and from 0 to 1, whether anything explains it then."""
        bent = 1 - self.straight
        stands = numpy.where(self.feet, 0.9 - 0.7 * bent, 0.0)
        sits = numpy.where(self.feet, 0.3 * bent, 0.35)
        lies = numpy.where(self.feet, 0.3 * self.flatness, 0.0)
        lies = lies * numpy.exp(_down_of(ups, _DOWN_LYING, _DOWN_HELD))[:, None]
        standing = ups @ self.stand.T
        known = (
            stands * (1 - _ODD_STANDING) * _bell(standing, _STANDING)
            + stands * _ODD_STANDING * _bell(standing, 2.5 * _STANDING)
            + sits * _bell(ups @ self.trunk.T, _SITTING)
            + lies * _bell(numpy.abs(ups @ self.flat.T), _LYING)
        )
        neither = (_NEITHER + 0.2 * bent) * _bell(numpy.ones(1), 60.0)
        weight = numpy.log(known + neither).mean(1) * min(len(self.stand), _FRAMES_COUNT)
        return weight, (known / (known + neither)).mean(1)

    def upright(self, up: numpy.ndarray) -> numpy.ndarray:
        """(frames,): who stands or sits, if that is up; of others nobody knows what is lowest."""
        return numpy.maximum(self.stand @ up, self.trunk @ up) > _UPRIGHT


def _bell(cosine: numpy.ndarray, degrees: float) -> numpy.ndarray:
    """How likely an angle is, by its cosine, for a direction that is off by so many degrees."""
    wide = math.radians(degrees) ** 2
    return numpy.exp((cosine - 1) / wide) / wide


def _at(pose: Tensor, *joints: str) -> Tensor:
    return pose[:, HOUSE.indices(*joints)].mean(1)


def _unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)


def _axes(pose: Tensor) -> tuple[Tensor, Tensor]:
    """(frames, 3) each: from between the feet to the middle of the mass, and along the trunk."""
    mass = sum(part * ((1 - share) * _at(pose, a) + share * _at(pose, b))
               for a, b, share, part in _SEGMENTS)  # fmt: skip
    return mass - _at(pose, "left_foot", "right_foot"), _at(pose, "thorax") - _at(pose, "hip")


def _straight(pose: Tensor) -> Tensor:
    """(frames,) from 0 to 1: how far the legs are stretched, and the trunk goes on from them."""
    reach = []
    for side in ("left", "right"):
        hip, knee, foot = (_at(pose, f"{side}_{joint}") for joint in ("hip", "knee", "foot"))
        length = (hip - knee).norm(dim=-1) + (knee - foot).norm(dim=-1)
        reach.append((hip - foot).norm(dim=-1) / length.clamp_min(1e-9))
    legs = _unit(_at(pose, "hip") - _at(pose, "left_foot", "right_foot"))
    on = (legs * _unit(_at(pose, "thorax") - _at(pose, "hip"))).sum(-1)
    stretched = ((torch.stack(reach).mean(0) - 0.6) / 0.3).clamp(0, 1)
    return stretched * (on / 0.7).clamp(0, 1)


def _flat(pose: Tensor) -> tuple[numpy.ndarray, numpy.ndarray]:
    """(frames, 3) the direction in which the body is thinnest, (frames,) how flat it is, 0 to 1."""
    points = pose - pose.mean(1, keepdim=True)
    values, vectors = torch.linalg.eigh(points.mT @ points)
    thin = (values[:, 0].clamp_min(0) / values[:, 1].clamp_min(1e-9)).sqrt()
    return vectors[..., 0].numpy(), (1.5 - 2 * thin).clamp(0, 1).numpy()


def _floor(
    shown: list[_Shown], ups: numpy.ndarray, first: numpy.ndarray
) -> tuple[numpy.ndarray, bool]:
    """(directions,): the logarithm of how well each puts everybody's feet on one floor; and
    whether that says anything.

    first  what is up as far as the people show by themselves: whose lowest joint that is
    """
    logs, doubts = [], []
    within = numpy.zeros(len(ups))
    for one in shown:
        place = one.place[one.feet & one.upright(first)]
        if not len(place):
            continue
        lowest = (place @ first).argmin(1)
        below = -place[numpy.arange(len(place)), lowest] @ ups.T  # (frames, directions)
        height = numpy.log(below.clip(1.0))
        doubt = numpy.hypot(_FRAMES, _OFF_FLOOR_MM / below.clip(1.0))
        spread = ((height - height.mean(0)) / doubt) ** 2
        within -= 0.5 * spread.mean(0) * min(len(place) - 1, 2 * _FRAMES_COUNT)
        logs.append(numpy.median(height, 0))
        doubts.append(numpy.hypot(_SIZES, _OFF_FLOOR_MM / numpy.median(below, 0).clip(1.0)))
    if not logs:
        return within, False
    logs, doubts = numpy.array(logs), numpy.array(doubts)
    middle = numpy.median(logs, 0)
    off = (logs - middle) / doubts
    odd = numpy.hypot(doubts, _ODD_SIZES)
    bells = (1 - _ODD) / doubts * numpy.exp(-0.5 * off**2)
    bells += _ODD / odd * numpy.exp(-0.5 * ((logs - middle) / odd) ** 2)
    among = numpy.log(bells + 1e-12).sum(0) if len(logs) > 1 else 0.0
    weight = within + among
    return weight, bool(numpy.ptp(weight) > 2.0)
