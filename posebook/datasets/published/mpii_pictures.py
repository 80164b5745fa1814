"""MPII Human Pose with its photographs, in the three forms in which people have its marks.

    annot/train.h5, annot/valid.h5   the halves of Tompson et al. as Newell et al. gave them away:
                                     imgname, part (n, 16, 2), center, scale, visible, normalize
    annotations/mpii_train.json, mpii_val.json   the same halves, as mmpose and others have them;
                                     mpii_gt_val.mat beside it has the boxes of the heads
    mpii_human_pose_v1_u12_1.mat     the release itself (see `readers.mpii_release`)
    images/015601864.jpg             the photographs

A person's square: the centre is moved down by 15 times the scale, and the scale grows by a quarter,
as everybody does, once: the HDF5 files have it done. Its side is 200 px times the scale. The marks
count pixels from 1, as MATLAB does, so that half a pixel is taken off.
Sources: Andriluka et al. 2014, doi:10.1109/CVPR.2014.471; Newell et al. 2016, arXiv:1603.06937.
"""

from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.pictures.people import HIDDEN, SEEN, PicturePeople, of_arrays
from posebook.datasets.published.coco_pictures import plain
from posebook.datasets.published.mpii import NAME, TERMS
from posebook.datasets.readers import mpii_release
from posebook.datasets.readers.files import listed, read_json, short
from posebook.datasets.readers.matlab import read_hdf5, read_mat
from posebook.datasets.readers.picture_folders import pictures_of
from posebook.errors import InputError
from posebook.skeletons import MPII_16

SPLITS = ("train", "val")
#: From a pixel's number, counted from 1, to its middle.
FROM_ONE = -0.5
#: A head's length is this share of the diagonal of its box.
HEAD_SHARE = 0.6
_H5 = "MPII's HDF5: imgname, part, center, scale"
_JSON = "MPII's JSON: a list of image, center, scale, joints, joints_vis"
_FOLDERS = ["images", "mpii_human_pose_v1/images", "."]


def read(root: Path, split: str = "train", name: str = "mpii") -> PicturePeople:
    """People of the training or validation half. The test half has no published marks."""
    if split not in SPLITS:
        raise InputError(f"split is '{split}'; mpii has marks for train and val")
    h5, json, mat = files(root, split)
    if h5:
        fields, note = _of_h5(h5), ""
    elif json:
        fields, note = _of_json(json, split), ""
    elif mat:
        fields, note = _of_release(mat, root, split)
    else:
        raise InputError(
            f"{root}: no annot/{_h5_name(split)}, annotations/mpii_{split}.json or "
            f"{mpii_release.FILE}; `posebook data info mpii` says how to get them"
        )
    return _people(fields, root, split, (note,) if note else ())


def files(root: Path, split: str) -> tuple[Path | None, Path | None, Path | None]:
    """The HDF5 file, the JSON file and the release's .mat of a folder, as far as there are any."""

    def first(*names: str) -> Path | None:
        found = (root / name for name in names)
        return next((path for path in found if path.is_file()), None)

    h5, mat = _h5_name(split), mpii_release.FILE
    return (
        first(f"annot/{h5}", h5),
        first(f"annotations/mpii_{split}.json", f"annot/{split}.json", f"annot/mpii_{split}.json",
              f"mpii_{split}.json"),
        first(mat, f"mpii_human_pose_v1_u12_2/{mat}", f"annot/{mat}", f"annotations/{mat}"),
    )  # fmt: skip


def _h5_name(split: str) -> str:
    return {"train": "train.h5", "val": "valid.h5"}[split]


def _of_h5(path: Path) -> dict[str, Any]:
    names = ["imgname", "part", "center", "scale", "visible", "normalize"]
    held = read_hdf5(path, _H5, names)
    part = held.get("part", numpy.zeros(0))
    count = len(part) if part.ndim else 0
    shapes = dict(part=(count, 16, 2), center=(count, 2), scale=(count,))
    for name, shape in shapes.items():
        array = held.get(name)
        if array is None or array.dtype.kind not in "fiu" or array.shape != shape or not count:
            has = "none" if array is None else f"{array.dtype} {array.shape}"
            raise InputError(f"{path}: {name} is {has}; expected {_H5}")
    part = part.astype(numpy.float64)
    visible = held.get("visible")
    seen = (
        numpy.ones(part.shape[:2])
        if visible is None or visible.shape != part.shape[:2]
        else (visible)
    )
    head = held.get("normalize")
    return dict(
        names=_texts(held.get("imgname"), count, path),
        points=part,
        # A joint that nobody marked is at (0, 0).
        visible=numpy.where(part[..., 0] > 1, numpy.where(seen > 0, SEEN, HIDDEN), 0),
        centre=held["center"].astype(numpy.float64),
        scale=held["scale"].astype(numpy.float64),
        head=None if head is None or head.shape != (count,) else head.astype(numpy.float64),
    )


def _texts(array: numpy.ndarray | None, count: int, path: Path) -> list[str]:
    """Names that are texts, or rows of the numbers of their letters."""
    if array is not None and array.shape == (count,) and array.dtype.kind == "U":
        return [str(name) for name in array]
    if array is not None and array.ndim == 2 and len(array) == count and array.dtype.kind in "fiu":
        letters = numpy.clip(numpy.nan_to_num(array), 0, 127).astype(numpy.uint8)
        return [row.tobytes().rstrip(b"\0 ").decode("ascii") for row in letters]
    has = "none" if array is None else f"{array.dtype} {array.shape}"
    raise InputError(f"{path}: imgname is {has}; expected {count} names")


def _of_json(path: Path, split: str) -> dict[str, Any]:
    content = read_json(path, _JSON)
    if not isinstance(content, list) or not content:
        raise InputError(f"{path}: is {short(content)}; expected {_JSON}")
    names, points, visible, centre, scale = [], [], [], [], []
    for number, one in enumerate(content):
        where = f"{path}: person {number}"
        if not isinstance(one, dict) or not isinstance(one.get("image"), str):
            raise InputError(f"{where}: is {short(one)}; expected {_JSON}")
        joints = one.get("joints")
        if not isinstance(joints, list) or len(joints) != 16:
            raise InputError(f"{where}: joints is {short(joints)}; expected 16 pairs")
        names.append(one["image"])
        points.append([plain(joint, 2, f"{where}: a joint") for joint in joints])
        visible.append(plain(one.get("joints_vis"), 16, f"{where}: joints_vis"))
        centre.append(plain(one.get("center"), 2, f"{where}: center"))
        scale.append(plain([one.get("scale")], 1, f"{where}: scale")[0])
    places = numpy.array(points)
    marked = (places > 0).all(-1)  # (-1, -1) and (0, 0) are no marks
    head = _heads(path.with_name(f"mpii_gt_{split}.mat"), len(names))
    return _adjusted(
        dict(
            names=names, points=places, centre=numpy.array(centre), scale=numpy.array(scale),
            visible=numpy.where(marked, numpy.where(numpy.array(visible) > 0, SEEN, HIDDEN), 0),
            head=head,
        )
    )  # fmt: skip


def _heads(path: Path, count: int) -> numpy.ndarray | None:
    """(n,) px out of `headboxes_src` (corner, x and y, n) of mpii_gt_val.mat, where it is there."""
    if not path.is_file():
        return None
    held = read_mat(path, "mpii_gt_val.mat with headboxes_src", ["headboxes_src"])
    boxes = held.get("headboxes_src", numpy.zeros(0))
    if boxes.shape != (2, 2, count) or boxes.dtype.kind not in "fiu":
        raise InputError(f"{path}: headboxes_src is {boxes.shape}; expected (2, 2, {count})")
    across = boxes[1].astype(numpy.float64) - boxes[0].astype(numpy.float64)
    return HEAD_SHARE * numpy.linalg.norm(across, axis=0)


def _of_release(path: Path, root: Path, split: str) -> tuple[dict[str, Any], str]:
    """People of the release's training pictures; which of them are the validation half says
    annot/valid.h5 alone."""
    held = mpii_release.read(path)
    listing = next((one for one in (root / "annot/valid.h5", root / "valid.h5") if one.is_file()),
                   None)  # fmt: skip
    marked = (held.visible > 0).any(1) & numpy.isfinite(held.scale)
    keep = marked & (held.training[held.picture] == 1)
    note = "no annot/valid.h5, which lists the validation half: all marked people are in 'train'"
    if listing is not None:
        note = ""
        pairs = read_hdf5(listing, _H5, ["index", "person"])
        if {"index", "person"} - set(pairs):
            raise InputError(f"{listing}: holds {listed(pairs)}; expected index and person")
        held_out = set(zip(pairs["index"].astype(int).tolist(),
                           pairs["person"].astype(int).tolist(), strict=False))  # fmt: skip
        both = zip(held.picture.tolist(), held.person.tolist(), strict=True)
        inside = numpy.array([pair in held_out for pair in both], dtype=bool)
        keep &= inside if split == "val" else ~inside
    elif split == "val":
        raise InputError(f"{root}: no annot/valid.h5, which says who is in the validation half")
    if not keep.any():
        raise InputError(f"{path}: nobody of {split} is marked; expected {mpii_release.EXPECTED}")
    corners = held.head_box[keep]
    fields = dict(
        names=[held.names[index] for index in held.picture[keep]],
        points=held.points[keep], visible=held.visible[keep], centre=held.centre[keep],
        scale=held.scale[keep],
        head=HEAD_SHARE * numpy.linalg.norm(corners[:, 2:] - corners[:, :2], axis=-1),
    )  # fmt: skip
    return _adjusted(fields), note


def _adjusted(fields: dict[str, Any]) -> dict[str, Any]:
    """Centre and scale as the release has them, so that the square holds the whole person."""
    lower = numpy.array([0.0, 15.0]) * fields["scale"][:, None]
    known = fields["centre"][:, :1] > -1
    centre = numpy.where(known, fields["centre"] + lower, fields["centre"])
    return fields | dict(centre=centre, scale=1.25 * fields["scale"])


def _people(
    fields: dict[str, Any], root: Path, split: str, notes: tuple[str, ...]
) -> PicturePeople:
    found = pictures_of(root, _FOLDERS, fields["names"])
    rows = found.rows
    return of_arrays(
        NAME, split, MPII_16, found.files, [fields["names"][row] for row in rows],
        fields["points"][rows] + FROM_ONE, fields["visible"][rows], picture=found.picture,
        centre_px=fields["centre"][rows] + FROM_ONE, side_px=200 * fields["scale"][rows],
        head_px=None if fields["head"] is None else fields["head"][rows],
        terms=TERMS, notes=(*notes, *found.notes), missing=found.missing,
    )  # fmt: skip
