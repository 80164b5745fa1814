"""What `posebook label` does: gather people, make labels piece by piece, write the card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch

from posebook import lifting, paths
from posebook.datasets.published import wang2019
from posebook.datasets.readers.files import number, picture_size
from posebook.errors import InputError
from posebook.export import options
from posebook.export.folders import check_place
from posebook.labelling import card, folder
from posebook.labelling.making import Method
from posebook.labelling.people import gather
from posebook.lifting.lifter import FOR_EXACT, shipped
from posebook.methods.label_generator.search import WILD, Depths
from posebook.skeletons import HOUSE, WANG_17, conversion

#: Files in the release's layouts, on request: of those who have a label.
LAYOUTS = {"wild": "wild.npy", "unity": "unity.npy"}


@dataclass(frozen=True)
class Labelled:
    """What a run has made.

    arrays   all labels, one row a person; see `making.labels_of` and `folder`
    numbers  of the card; files: what lies in the folder
    """

    out_dir: Path
    arrays: dict[str, numpy.ndarray]
    numbers: dict[str, Any]
    files: tuple[Path, ...]

    def __str__(self) -> str:
        lines = [f"{self.numbers['labels']} labels of {self.numbers['people']} people", ""]
        lines += [card.report(self.numbers), ""]
        return "\n".join([*lines, *(paths.shown(file) for file in self.files)])


def label(
    source: str | Path,
    out: str | Path,
    by: Any = None,
    *,
    root: Path | str | None = None,
    split: str | None = None,
    keypoints: str = "true",
    search: bool = True,
    depths: Any = None,
    layout: str | None = None,
    size: Any = None,
    intrinsics: Any = None,
    min_confidence: Any = None,
    write: Any = None,
) -> Labelled:
    """3D labels for the people of a data set or of a file of key points, into a folder.

    source      name of a data set, as in `posebook data list`, or a file or folder that
                `datasets.read_any` takes
    out         folder. One that was begun with the same input and settings is gone on with; one
                that is finished is read; any other is refused with an InputError
    by          what gives the coarse poses: a shipped lifter's name, a file that a chapter wrote
                (such as chapter 11's generator), or a Lifter; None: the one for exact key points
    root, split, keypoints  of a data set; split None: everybody, or 'train' of a set of pictures
    search      whether the geometric search follows
    depths      'FIRST,LAST' or 'FIRST,LAST,STEP', mm: the distances that it tries; None: `WILD`
    layout, size, intrinsics, min_confidence  as in `export.lift_file`. Whose intrinsics are not
                known, gets them from `label_generator.pictures`
    write       'wild', 'unity', with commas between: the labels in the release's layouts, too
    """
    size = picture_size(size, "--size")
    camera = options.camera_of(intrinsics, size)
    extras = _layouts(write)
    method = Method(_lifter(by), search, _depths(depths))
    place = Path(out)
    check_place(place)
    people = gather(
        str(source), None if root is None else Path(root), split, keypoints=keypoints,
        layout=layout, size=size, camera=camera,
        min_confidence=options.confidence(min_confidence),
    )  # fmt: skip
    place.mkdir(parents=True, exist_ok=True)
    with paths.alone_in(place):
        arrays = folder.fill(place, people, method)
        for name in extras:
            _WRITERS[name](place / LAYOUTS[name], arrays)
        if (place / folder.CARD).exists():
            made = card.numbers(arrays)
        else:
            files = folder.NUMBERS, folder.CARD
            about = folder.about(people, method)
            made = card.write(place, arrays, about, people.skeleton, files)
        folder.tidy(place)
    names = [folder.LABELS, folder.NUMBERS, folder.CARD, *(LAYOUTS[name] for name in extras)]
    return Labelled(place, arrays, made, tuple(place / name for name in names))


def _lifter(by: Any) -> Any:
    if by is None:
        return shipped(FOR_EXACT)
    return lifting.load(by) if isinstance(by, str | Path) else by


def _depths(given: Any) -> Depths:
    if given is None:
        return WILD
    words = given.split(",") if isinstance(given, str) else list(given)
    if len(words) not in (2, 3):
        raise InputError(f"--depths {given}: expected FIRST,LAST or FIRST,LAST,STEP in mm")
    values = [number(word, "--depths", "a distance") for word in words]
    made = Depths(*values)
    if not (made.step > 0 and 0 < made.first < made.last and made.count <= 10_000_000):
        raise InputError(
            f"--depths {given}: expected 0 < FIRST < LAST and a STEP above 0, mm, such as 500,60000"
        )
    return made


def _layouts(write: Any) -> tuple[str, ...]:
    words = [] if write is None else write.split(",") if isinstance(write, str) else list(write)
    words = [word.strip().lower() for word in words]
    if unknown := [word for word in words if word not in LAYOUTS]:
        raise InputError(f"--write {unknown[0]:.40}: expected some of {', '.join(LAYOUTS)}")
    return tuple(dict.fromkeys(words))


def _wild(path: Path, arrays: dict[str, numpy.ndarray]) -> None:
    """File name, 2D and 3D, about the hip; joints that are not marked are where the label is."""
    good = numpy.isfinite(arrays["pose_mm"]).all((1, 2))
    pose = torch.from_numpy(arrays["pose_mm"][good]).double()
    absolute = pose + torch.from_numpy(arrays["root_mm"][good]).double().unsqueeze(1)
    camera = torch.from_numpy(arrays["camera"][good]).unsqueeze(1)
    seen = camera[..., :2] * absolute[..., :2] / absolute[..., 2:] + camera[..., 2:]
    turn = conversion(HOUSE, WANG_17)
    points, poses = (turn(values)[0].numpy() for values in (seen, pose))
    names = tuple(arrays["name"][good].tolist())
    wang2019.write_labels(path, wang2019.Labels(names, points, poses))


def _unity(path: Path, arrays: dict[str, numpy.ndarray]) -> None:
    good = numpy.isfinite(arrays["pose_mm"]).all((1, 2))
    absolute = torch.from_numpy(arrays["pose_mm"] + arrays["root_mm"][:, None])[good]
    wang2019.write_unity(path, conversion(HOUSE, WANG_17)(absolute.double())[0].numpy())


_WRITERS = {"wild": _wild, "unity": _unity}
