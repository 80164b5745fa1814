"""Human3.6M's archives out of what h36m-fetch leaves: `posebook data make human36m --root`.

The poses of each camera are brought into the world by the published calibration; the cameras of a
take must then agree. Key points are the file's own, and the lens is the one that they were
projected with. What is in an annot.h5: `readers.h36m_fetch`; what is written: `human36m_writer`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy
import torch

from posebook import paths
from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.published import human36m, human36m_writer
from posebook.datasets.readers import h36m_fetch
from posebook.datasets.readers.files import frame_rate, listed
from posebook.datasets.readers.h36m_fetch import Annotations
from posebook.datasets.readers.human36m_archives import action_of
from posebook.errors import InputError
from posebook.skeletons import HOUSE

NAME = "Human3.6M by h36m-fetch"
TERMS = f"{human36m.TERMS}; not to be passed on"
#: The cameras of one take may differ by this much, and key points from the projected joints.
MOST_MM = 5.0
MOST_PX = 5.0
_LENSES = ("none", "human36m", "videopose3d")


@dataclass(frozen=True)
class Take:
    """One take, its cameras combined.

    frame     (frames,)  those that every camera has       lost  rows that not every camera has
    world_mm  (frames, 17, 3) float64, by the first camera
    px        camera -> (frames, 17, 2)
    apart_mm  the largest distance between two cameras' joints
    error_px  lens -> (median, largest) distance of each camera's key points from the projected
              joints
    """

    name: str
    subject: str
    universal: bool
    frame: numpy.ndarray
    world_mm: torch.Tensor
    px: dict[str, torch.Tensor]
    lost: int
    apart_mm: float
    error_px: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)


def combine(found: Annotations) -> Take:
    """The frames that all cameras of a take have, in the world; InputError where they disagree."""
    frame = None
    for view in found.views.values():
        frame = view.frame if frame is None else numpy.intersect1d(frame, view.frame)
    if not len(frame):
        raise InputError(f"{found.path}: no frame is in every camera; expected the same in all")
    world_mm, first, apart_mm = None, "", 0.0
    px: dict[str, torch.Tensor] = {}
    for name, view in found.views.items():
        rows = numpy.isin(view.frame, frame)
        own = _camera(found.subject, name, "none").to_world(torch.from_numpy(view.pose_mm[rows]))
        px[name] = torch.from_numpy(view.px[rows])
        if world_mm is None:
            world_mm, first = own, name
            continue
        apart = float(torch.linalg.vector_norm(own - world_mm, dim=-1).max())
        if apart > MOST_MM:
            bones = " (of the universal skeleton; there is no pose/3d)" if found.universal else ""
            raise InputError(
                f"{found.path}: poses{bones} of cameras {first} and {name} are up to {apart:.1f} mm"
                f" apart in the world; expected at most {MOST_MM:g} mm"
            )
        apart_mm = max(apart_mm, apart)
    errors = {lens: _errors(found.subject, lens, world_mm, px) for lens in _LENSES}
    for name in px:
        best = min(errors[lens][name][0] for lens in _LENSES)
        if best > MOST_PX and not found.universal:
            raise InputError(
                f"{found.path}: key points of camera {name} are {best:.1f} px from the projected "
                f"joints; expected at most {MOST_PX:g} px"
            )
    lost = sum(len(view.frame) - len(frame) for view in found.views.values())
    return Take(
        found.take, found.subject, found.universal, frame, world_mm, px, lost, apart_mm, errors
    )


def _camera(subject: str, name: str, lens: str) -> Camera:
    """A camera of Human3.6M by its number; lens: how its distortion is meant, or 'none'."""
    convention = "human36m" if lens == "none" else lens
    (camera,) = (each for each in human36m_rig(subject, convention) if each.name == name)
    if lens == "none":
        camera = replace(camera, radial=torch.zeros(3), tangential=torch.zeros(2))
    return camera


def _errors(
    subject: str, lens: str, world_mm: torch.Tensor, px: dict[str, torch.Tensor]
) -> dict[str, tuple[float, float]]:
    errors = {}
    for name, points in px.items():
        camera = _camera(subject, name, lens)
        away = camera.project(camera.to_camera(world_mm)) - points
        away = torch.linalg.vector_norm(away, dim=-1)
        errors[name] = float(away.median()), float(away.max())
    return errors


def make(root: Path | str, out: Path | str) -> str:
    """Write the archives of every annot.h5 below `root` into the folder `out`; says what is there.

    A file of another origin in `out` is never replaced, and nothing is written where one annot.h5
    is damaged: the InputError tells of the first, and how many there are.
    """
    out = Path(out)
    human36m_writer.may_write(out, NAME)
    takes, notes, bad = [], [], []
    for path in h36m_fetch.find(root):
        try:
            if _left_out(path):
                notes.append("S11 Directions is left out (its recording is damaged)")
            else:
                takes.append(combine(h36m_fetch.read(path)))
        except InputError as error:
            bad.append(str(error))
    if bad:
        rest = f" (and {len(bad) - 1} more files that cannot be used)" if len(bad) > 1 else ""
        raise InputError(bad[0] + rest)
    if not takes:
        raise InputError(f"{root}: nothing but S11's Directions, which is left out")
    dataset = dataset_of(takes, notes)
    files = human36m_writer.write(dataset, out)
    lines = [f"{dataset.name}: {len(takes)} takes, {len(dataset)} frames in {len(dataset.clips)} "
             f"clips, {dataset.frames_per_second:g} frames/s"]  # fmt: skip
    return "\n".join([*lines, *dataset.notes, *map(paths.shown, files)])


def dataset_of(takes: list[Take], notes: list[str]) -> PoseDataset:
    """Clips of every take and camera, with notes on all that was found out on the way."""
    name, notes = NAME, [*notes]
    steps = [numpy.diff(take.frame) for take in takes if len(take.frame) > 1]
    gaps = numpy.concatenate(steps) if steps else numpy.array([5])
    rate = human36m.FRAMES_PER_SECOND / float(numpy.median(gaps))
    rate = frame_rate(rate, f"frames {numpy.median(gaps):g} of 50 a second apart")
    if gaps.min() != gaps.max():
        name += ", frames unevenly spaced"
        notes.append(
            f"frames are {gaps.min()} to {gaps.max()} of 50 a second apart, not evenly: fit for "
            f"methods of single frames only; {rate:g} frames/s is the median's"
        )
    universal = [f"{take.subject} {take.name}" for take in takes if take.universal]
    if universal:
        name += ", universal skeleton"
        notes.append(
            f"bones are those of the universal skeleton, not the subject's (no pose/3d), in "
            f"{len(universal)} of {len(takes)} takes: {listed(universal, 4)}"
        )
    notes.append(
        "takes are numbered as by h36m-fetch ('Walking 1'), which is not VideoPose3D's numbering"
    )
    if lost := sum(take.lost for take in takes):
        notes.append(f"{lost} rows left out: not every camera of the take has that frame")
    few = [f"{take.subject} {take.name} ({len(take.px)})" for take in takes if len(take.px) < 4]
    if few:
        notes.append(f"fewer than four cameras: {listed(few, 4)}")
    compared = [take.apart_mm for take in takes if len(take.px) > 1]
    if compared:
        notes.append(f"cameras of a take agree within {max(compared):.3f} mm in the world")
    if len(compared) < len(takes):
        notes.append(f"{len(takes) - len(compared)} takes have one camera: nothing to compare")
    errors = {
        lens: [both for take in takes for both in take.error_px[lens].values()] for lens in _LENSES
    }
    lens = min(_LENSES, key=lambda each: max(errors[each]))
    median, largest = (max(each) for each in zip(*errors[lens], strict=True))
    notes.append(
        "key points fit the joints projected "
        + ("without lens distortion" if lens == "none" else f"with distortion as in {lens}")
        + f": median of the worst clip {median:.3f} px, largest distance {largest:.3f} px"
    )
    clips = tuple(clip for take in takes for clip in _clips(take, lens, rate))
    return PoseDataset(name, "all", clips, TERMS, tuple(notes))


def _clips(take: Take, lens: str, rate: float) -> Iterator[Clip]:
    for name, points in take.px.items():
        camera = _camera(take.subject, name, lens)
        yield Clip(
            f"{take.subject}/{take.name}/{name}", HOUSE, rate, points.float(),
            torch.ones(points.shape[:2]), camera.to_camera(take.world_mm).float(), camera,
            camera.size_px, take.subject, action_of(take.name),
        )  # fmt: skip


def _left_out(path: Path) -> bool:
    """S11's Directions: its second subaction, or where there is none, parts of two takes."""
    return h36m_fetch.take_of(path) in (("S11", "Directions", "2"), ("S11", "Directions", ""))
