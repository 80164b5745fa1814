"""A dressed person out of a body, a pose and chance."""

import numpy
import torch

from posebook.datasets.pictures import clothes
from posebook.datasets.pictures.scene import Mesh, Person
from posebook.datasets.pictures.stand_in import REGIONS, Body
from posebook.datasets.pictures.textures import Random


def dressed(random: Random, pose_mm: torch.Tensor, detail: str = "low") -> Person:
    """A random person in a pose (17, 3), mm, world axes; the lowest point is put on the floor."""
    body = Body()
    posed = body.posed(None, pose_mm)
    materials = (
        clothes.skin(random), clothes.shirt(random, 300.0), clothes.bottoms(random),
        clothes.hair(random, 0.1), clothes.shoes(random),
    )  # fmt: skip
    lift = numpy.array([0, 0, -posed.vertices_mm[:, 2].min()], numpy.float32)
    mesh = Mesh(posed.vertices_mm + lift, posed.faces, posed.regions, posed.rest_mm, materials)
    return Person(mesh, posed.points_mm + lift, body.names, posed.head, 1700.0)
