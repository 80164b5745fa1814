"""Key points and poses of Human3.6M's pictures, in the HDF5 files that go from hand to hand.

    annotSampleTest.h5, annotFullTest.h5    of Zhou et al.'s converter; `istrain` says which half
    annot_train.h5, annot_val.h5            of the label generator's release; a file for each half

    joint_2d (n, 16 or 17, 2)      px of the picture
    joint_3d_mono (n, 16 or 17, 3) camera axes, mm
    id, subject, action, subaction, camera (n,)  whole numbers; bbox is passed over

Pictures are s_SS_act_AA_subact_BB_ca_CC/s_SS_act_AA_subact_BB_ca_CC_NNNNNN.jpg. Sixteen joints are
those of the hourglass, seventeen the house's.
Sources: arXiv:1704.02447 and its converter; arXiv:1904.05512 and its data page. What is in the
files of the second is known from programs of others that read them.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy

from posebook import paths
from posebook.datasets.readers.files import one_of
from posebook.datasets.readers.matlab import read_hdf5
from posebook.errors import InputError
from posebook.skeletons import HOURGLASS_16, HOUSE, Skeleton

ZHOU = ("annotSampleTest.h5", "annotFullTest.h5")
#: Of the label generator's release: the file of each half.
HALVES = {"train": "annot_train.h5", "test": "annot_val.h5"}
#: Px, mm and numbers of frames further out are damage.
_MOST = 1e6
_WHOLE = ("subject", "action", "subaction", "camera", "id")
_EXPECTED = (
    "joint_2d (n, 16 or 17, 2), joint_3d_mono (n, 16 or 17, 3), id, subject, action, subaction, "
    "camera (n,), and istrain where both halves are in one file"
)


@dataclass(frozen=True)
class Annotations:
    """The people of one half.

    table         (n, 5) int64: subject, action, subaction, camera, id (the number of the frame)
    keypoints_px  (n, joints, 2) float64, px of the picture
    pose_mm       (n, joints, 3) float64, camera axes, mm
    """

    skeleton: Skeleton
    table: numpy.ndarray
    keypoints_px: numpy.ndarray
    pose_mm: numpy.ndarray

    @property
    def names(self) -> list[str]:
        """Each picture's name, with its folder."""
        return [name_of(*row) for row in self.table.tolist()]


def name_of(subject: int, action: int, subaction: int, camera: int, frame: int) -> str:
    folder = f"s_{subject:02d}_act_{action:02d}_subact_{subaction:02d}_ca_{camera:02d}"
    return f"{folder}/{folder}_{frame:06d}.jpg"


def find(root: Path, split: str) -> Path | None:
    """The file with 'train' or 'test' in a folder, or in its `annot`; None where there is none."""
    one_of("split", split, HALVES)
    names = (*ZHOU, HALVES[split])
    places = [folder / name for name in names for folder in (root, root / "annot", root / "images")]
    return next((path for path in places if path.is_file()), None)


def read(path: Path, split: str) -> Annotations:
    """The people of one half, checked. A file of one half alone is taken by its name."""
    held = read_hdf5(path, _EXPECTED, [*_WHOLE, "istrain", "joint_2d", "joint_3d_mono"])
    both = path.name not in HALVES.values()
    count = len(held["id"]) if held.get("id") is not None and held["id"].ndim else 0
    joints = held["joint_2d"].shape[1:2] if "joint_2d" in held else ()
    joints = joints[0] if joints and joints[0] in (16, 17) else 16
    shapes = dict.fromkeys((*_WHOLE, "istrain") if both else _WHOLE, (count,))
    shapes |= dict(joint_2d=(count, joints, 2), joint_3d_mono=(count, joints, 3))
    for key, shape in shapes.items():
        array = held.get(key)
        if array is None or array.dtype.kind not in "fiu" or array.shape != shape or not count:
            has = "none" if array is None else f"{array.dtype} {array.shape}"
            raise InputError(f"{path}: {key} is {has}; expected {_EXPECTED}")
        numbers = array.astype(numpy.float64)  # some kinds do not hold the limit itself
        if not (numpy.abs(numbers) <= _MOST).all():
            raise InputError(f"{path}: {key} has numbers beyond {_MOST:g}; expected {_EXPECTED}")
        if len(shape) == 1 and (numbers % 1 != 0).any():
            raise InputError(f"{path}: {key} has other than whole numbers; expected {_EXPECTED}")
    rows = numpy.arange(count)
    if both:
        rows = numpy.flatnonzero(held["istrain"] == (split == "train"))
        if not len(rows):
            raise InputError(f"{path}: nobody of {split} is in it; expected {_EXPECTED}")
    table = numpy.stack([held[key][rows].astype(numpy.int64) for key in _WHOLE], -1)
    points, poses = (held[key][rows].astype(numpy.float64) for key in ("joint_2d", "joint_3d_mono"))
    return Annotations(HOURGLASS_16 if joints == 16 else HOUSE, table, points, poses)


def write(path: Path | str, people: Annotations) -> Path:
    """Write one half as annot_train.h5 or annot_val.h5 are."""
    if Path(path).name not in HALVES.values():
        raise InputError(f"{path}: is called neither {' nor '.join(HALVES.values())}")
    if people.skeleton not in (HOURGLASS_16, HOUSE):
        raise InputError(f"{path}: joints of {people.skeleton.name}; expected the house's 17")
    with paths.replacing(path) as part, h5py.File(part, "w", track_order=True) as file:
        for key, column in zip(_WHOLE, people.table.T, strict=True):
            file[key] = column
        file["joint_2d"], file["joint_3d_mono"] = people.keypoints_px, people.pose_mm
    return Path(path)
