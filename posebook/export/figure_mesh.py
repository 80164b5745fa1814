"""A body to look at, for a skeleton: a slim double pyramid for each bone, as Blender draws bones.

A viewer shows surfaces, and a skeleton alone is none.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.export.rigid_body import JOINTS, Rig

#: A pyramid is widest at this part of its bone, and there this part of the bone's length wide, but
#: no wider than so many metres from its middle.
_WIDEST_AT, _WIDTH, _MOST_M = 0.15, 0.12, 0.03
#: A bone that is shorter has no surface.
_SHORTEST_M = 0.001


@dataclass(frozen=True)
class Surface:
    """Triangles, three corners in a row each, in the rest pose; metres, Y up.

    joints  the index in `rest_m` of the joint that each corner moves with
    """

    corners_m: Float[Tensor, "corners 3"]
    normals: Float[Tensor, "corners 3"]
    joints: Int[Tensor, " corners"]


def rest_m(body: Rig) -> tuple[list[str], list[int], Float[Tensor, "places 3"]]:
    """(names, parents, places) of the rest pose: the joints, then the ends of the limbs; the lowest
    at height 0. A parent is an index, -1 for the hips."""
    names = [joint.name for joint in JOINTS]
    parents = [names.index(joint.parent) if joint.parent else -1 for joint in JOINTS]
    places: list[Tensor] = []
    for parent, offset in zip(parents, body.offsets_cm, strict=True):
        places.append(offset / 100 + (places[parent] if parent >= 0 else 0.0))
    for name, offset in body.ends_cm.items():
        parents.append(names.index(name))
        places.append(places[parents[-1]] + offset / 100)
    names += [f"{name}End" for name in body.ends_cm]
    rest = torch.stack(places)
    rest[:, 1] -= rest[:, 1].min()
    return names, parents, rest


def surfaces(body: Rig) -> dict[str, Surface]:
    """The figure's left, right and middle."""
    names, parents, rest = rest_m(body)
    made: dict[str, list[tuple[Tensor, int]]] = {"left": [], "right": [], "middle": []}
    for name, parent, end in zip(names, parents, rest, strict=True):
        if parent < 0 or torch.linalg.vector_norm(end - rest[parent]) < _SHORTEST_M:
            continue
        side = {"L": "left", "R": "right"}.get(name[0], "middle")
        side = "middle" if name == "LowerBack" else side
        made[side].append((_double_pyramid(rest[parent], end), parent))
    return {side: _surface(bones) for side, bones in made.items() if bones}


def _double_pyramid(start: Tensor, end: Tensor) -> Tensor:
    """(8, 3, 3): the triangles of a bone, their corners counterclockwise as seen from outside."""
    along = end - start
    length = torch.linalg.vector_norm(along)
    spare = torch.nn.functional.one_hot(along.abs().argmin(), 3).to(along)
    across = torch.nn.functional.normalize(torch.linalg.cross(along, spare), dim=-1)
    over = torch.linalg.cross(along / length, across)
    reach = torch.clamp(_WIDTH * length, max=_MOST_M)
    ring = start + _WIDEST_AT * along + reach * torch.stack([across, over, -across, -over])
    following = ring.roll(-1, 0)
    lower = torch.stack([start.expand(4, 3), following, ring], 1)
    upper = torch.stack([end.expand(4, 3), ring, following], 1)
    return torch.cat([lower, upper])


def _surface(bones: list[tuple[Tensor, int]]) -> Surface:
    triangles = torch.cat([pyramid for pyramid, _ in bones])
    edges = triangles[:, 1:] - triangles[:, :1]
    normals = torch.nn.functional.normalize(torch.linalg.cross(edges[:, 0], edges[:, 1]), dim=-1)
    joints = torch.tensor([joint for pyramid, joint in bones for _ in range(3 * len(pyramid))])
    return Surface(triangles.flatten(0, 1), normals.repeat_interleave(3, 0), joints)
