"""Hands at ease: the mesh has its fingers stretched and spread; people seldom do."""

import numpy as np

#: How far each joint of a finger bends, from the palm outward, in degrees; the thumb bends less.
BEND = (28.0, 32.0, 18.0)
THUMB = (8.0, 12.0, 10.0)


def curled(shapes: np.ndarray, rig: dict[str, np.ndarray], quads: dict) -> np.ndarray:
    """Shapes (people, vertices, 3) with all fingers bent, every person's by the same angles.

    Each joint turns about an axis along the row of knuckles. The axes are those of the mean
    shape, so the bend is linear in the shape, and as many components describe it as before.
    """
    average = shapes.mean(0)
    cube = {name: np.unique(faces) for name, faces in quads.items() if name.startswith("joint")}

    def at(side: str, finger: int, joint: int) -> np.ndarray:
        return cube[f"joint-{side}-finger-{finger}-{joint}"]

    for side in "lr":
        middle = average[at(side, 3, 1)].mean(0)
        row = average[at(side, 2, 1)].mean(0) - average[at(side, 5, 1)].mean(0)
        palm = np.cross(row, average[at(side, 3, 4)].mean(0) - middle)
        if palm @ (average[at(side, 1, 4)].mean(0) - middle) < 0:  # the thumb is before the palm
            palm = -palm
        for finger in range(1, 6):
            way = average[at(side, finger, 4)].mean(0) - average[at(side, finger, 1)].mean(0)
            axis = np.cross(way, palm)
            for joint in (3, 2, 1):  # from the tip inward: what lies further out comes along
                outer = [f"finger{finger}-{bone}.{side.upper()}" for bone in range(joint, 4)]
                moved = sum(rig[bone] for bone in outer)
                some = np.flatnonzero(moved)
                angle = np.radians((THUMB if finger == 1 else BEND)[joint - 1])
                turn = _about(axis / np.linalg.norm(axis), angle) - np.eye(3)
                centre = shapes[:, at(side, finger, joint)].mean(1, keepdims=True)
                step = (shapes[:, some] - centre) @ turn.T
                shapes[:, some] += (moved[some, None] * step).astype(np.float32)
    return shapes


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
