"""What the numbers of a table are: how many belong to a joint, and whether they are positions.

Two numbers a joint are places in a picture. Three are a position in space, unless the third is a
confidence (between 0 and 1, beside larger coordinates) or a depth beside places in a picture.
"""

from dataclasses import replace

import numpy

from posebook.datasets.readers import joint_sets
from posebook.datasets.readers.tables import KEYPOINT_KEYS, POSITION_KEYS, Table
from posebook.datasets.readers.text_tables import LAYOUT
from posebook.errors import InputError
from posebook.skeletons import MEDIAPIPE_33

#: Numbers in a row, where the file does not say what is a joint: (joints, numbers for each).
_FLAT = {
    28: (14, 2), 32: (16, 2), 34: (17, 2), 36: (18, 2), 50: (25, 2), 56: (28, 2), 62: (31, 2),
    42: (14, 3), 48: (16, 3), 51: (17, 3), 54: (18, 3), 75: (25, 3), 84: (28, 3), 93: (31, 3),
    96: (32, 3), 64: (32, 2), 66: (33, 2), 99: (33, 3), 132: (33, 4), 30: (15, 2), 45: (15, 3),
}  # fmt: skip
#: The hips' depth in MediaPipe's landmarks is 0, but for so much of the person's extent.
_AT_HIP = 0.05


def in_joints(table: Table, layout: str | None) -> Table:
    """The same with (rows, joints, 2 or 3), where the file had rows of numbers; a depth beside
    places in a picture is left out."""
    if table.values.ndim == 2:
        wide = table.values.shape[1]
        names = layout or table.layout
        joints = len(joint_sets.named(names)) if names else len(table.names or ()) or None
        if joints is None and table.frames is None:
            if wide - 1 in _FLAT and wide not in _FLAT and _counts_up(table.values[:, 0]):
                table = replace(table, values=table.values[:, 1:])  # the frame's number in front
                wide -= 1
            joints = _FLAT.get(wide, (None,))[0]
        if joints is None or wide not in (2 * joints, 3 * joints, 4 * joints):
            raise InputError(
                f"{table.where}: {wide} numbers in a row are no joint set known; say layout=; or "
                f"give {LAYOUT}"
            )
        values = table.values.reshape(len(table.values), joints, -1)
        if values.shape[2] == 4:
            table = replace(table, confidence=values[..., 3])
        table = replace(table, values=values[..., :3])
    if table.values.shape[2] == 3 and table.key not in POSITION_KEYS and _is_picture(table):
        table = replace(table, values=table.values[..., :2])
    return table


def _counts_up(column: numpy.ndarray) -> bool:
    return bool(len(column) > 1 and (numpy.diff(column) > 0).all() and (column % 1 == 0).all())


def _is_picture(table: Table) -> bool:
    """Whether x and y are places in a picture and z a depth about the hips: MediaPipe's landmarks.

    Its world landmarks, in metres about the hips, are positions: there x and y are 0 at the hips,
    too.
    """
    joints = table.values.shape[1]
    names = [joint_sets.our_name(name) for name in table.names or ()]
    if joints == len(MEDIAPIPE_33) and not names:
        names = list(MEDIAPIPE_33.joints)
    if not {"left_hip", "right_hip"} <= set(names):
        return False
    hips = table.values[:, [names.index("left_hip"), names.index("right_hip")]].mean(1)
    with numpy.errstate(all="ignore"):
        extent = numpy.linalg.norm(joint_sets.spread(table.values[..., :2]), axis=-1)
        part = numpy.abs(hips) / extent[:, None]
    part = part[numpy.isfinite(part).all(1)]
    if not len(part):
        return False
    across, _, deep = numpy.median(part, axis=0)
    return bool(deep < _AT_HIP and numpy.median(part[:, :2].max(1)) >= _AT_HIP)


def is_positions(table: Table) -> bool:
    if table.values.shape[2] == 2 or table.key in KEYPOINT_KEYS:
        return False
    if table.key in POSITION_KEYS:
        return True
    with numpy.errstate(invalid="ignore"):
        third = table.values[..., 2]
        third = third[numpy.isfinite(third)]
        flat = table.values[..., :2]
        flat = flat[numpy.isfinite(flat)]
    between = len(third) > 0 and third.min() >= 0 and third.max() <= 1.001
    return not (between and len(flat) > 0 and numpy.abs(flat).max() > 20)
