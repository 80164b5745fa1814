"""A body of capsules, until the real one is here."""

from types import SimpleNamespace

import numpy
import torch

from posebook.skeletons import HOUSE

REGIONS = ("skin", "shirt", "trousers", "hair", "shoes")
_BONES = [
    ("hip", "thorax", 130, "shirt"), ("neck_nose", "head", 85, "skin"),
    ("left_hip", "left_knee", 75, "trousers"), ("left_knee", "left_foot", 55, "trousers"),
    ("right_hip", "right_knee", 75, "trousers"), ("right_knee", "right_foot", 55, "trousers"),
    ("left_shoulder", "left_elbow", 50, "shirt"), ("left_elbow", "left_wrist", 40, "skin"),
    ("right_shoulder", "right_elbow", 50, "shirt"), ("right_elbow", "right_wrist", 40, "skin"),
]  # fmt: skip
_R, _S = 16, 16


class Body:
    names = (*HOUSE.joints, "head_top", "upper_neck")

    def posed(self, coefficients, pose_mm):
        pose = pose_mm.numpy().astype(float)
        verts, rest, faces, regions = [], [], [], []
        for a, b, radius, region in _BONES:
            p, q = pose[HOUSE.index(a)], pose[HOUSE.index(b)]
            d = q - p
            length = numpy.linalg.norm(d)
            d = d / length
            u = numpy.cross(d, [0.3, 0.5, 0.8])
            u /= numpy.linalg.norm(u)
            v = numpy.cross(d, u)
            t = numpy.linspace(-1, 1, _R)
            phi = numpy.linspace(0, 2 * numpy.pi, _S, endpoint=False)
            along = (t + 1) / 2 * (length + 2 * radius * 0.6) - radius * 0.6
            r = radius * (1 - abs(t) ** 6) ** 0.5 + 1e-3
            grid = p + along[:, None, None] * d + r[:, None, None] * (
                numpy.cos(phi)[None, :, None] * u + numpy.sin(phi)[None, :, None] * v
            )
            start = sum(len(x) for x in verts)
            verts.append(grid.reshape(-1, 3))
            rest.append(
                numpy.stack(
                    [
                        numpy.cos(phi)[None] * r[:, None],
                        numpy.sin(phi)[None] * r[:, None],
                        along[:, None] + 0 * phi,
                    ],
                    -1,
                ).reshape(-1, 3)
            )
            i, j = numpy.meshgrid(numpy.arange(_R - 1), numpy.arange(_S), indexing="ij")
            n = (j + 1) % _S
            k = start + i * _S
            f = numpy.stack([k + j, k + n, k + _S + j, k + n, k + _S + n, k + _S + j], -1)
            faces.append(f.reshape(-1, 3))
            regions.append(numpy.full(len(f.reshape(-1, 3)), REGIONS.index(region)))
        top = pose[10] + (pose[10] - pose[9]) * 0.2
        return SimpleNamespace(
            vertices_mm=numpy.concatenate(verts).astype(numpy.float32),
            faces=numpy.concatenate(faces),
            regions=numpy.concatenate(regions),
            rest_mm=numpy.concatenate(rest).astype(numpy.float32),
            points_mm=numpy.concatenate([pose, top[None], pose[9:10]]).astype(numpy.float32),
            head=numpy.arange(_R * _S, 2 * _R * _S),
        )
