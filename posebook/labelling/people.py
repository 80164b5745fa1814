"""People with 2D labels, from any source, as one table: the input of `posebook label`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from posebook import datasets
from posebook.cameras import Camera
from posebook.datasets import cards
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.datasets.pictures import loading as pictures
from posebook.datasets.pictures.people import SEEN, PicturePeople
from posebook.datasets.pictures.picture_files import PictureFiles, size_of
from posebook.datasets.readers.files import existing, listed
from posebook.errors import InputError
from posebook.key_points import from_0_to_1, guessed_size
from posebook.lifting.continuity import as_stills
from posebook.methods.label_generator.pictures import GIVEN, Intrinsics, intrinsics
from posebook.skeletons import HOUSE, Skeleton, conversion

#: A picture has the wrong size where more than this part of all key points lies outside it.
_MOST_OUTSIDE = 0.25


class Span(NamedTuple):
    """Rows that go together: a film, or a run of separate pictures.

    first, end  the first row, and the one behind the last
    film        whether they follow each other
    rate        frames per second of a film; None: nobody knows
    """

    first: int
    end: int
    film: bool = False
    rate: float | None = None


@dataclass(frozen=True)
class People:
    """One row a person in one picture, or in one frame of a film.

    keypoints_px  (n, joints, 2) float64 px of the picture; NaN where a joint is not marked
    confidence    (n, joints)    from 0 to 1; 0 where a joint is not marked
    rays          (n, joints, 2) x/z, y/z of each key point, lens undone
    intrinsics    of each person's picture, and the rule that gave them
    names         of each row's picture or clip; frame: (n,) its number there, from 0
    spans         all rows, in order
    pose_mm       (n, 17, 3) true house joints, camera axes, mm; None: no truth
    actions       of each row, '' where it has none
    """

    name: str
    terms: str
    skeleton: Skeleton
    keypoints_px: Tensor
    confidence: Tensor
    rays: Tensor
    intrinsics: Intrinsics
    names: tuple[str, ...]
    frame: Tensor
    spans: tuple[Span, ...]
    pose_mm: Tensor | None
    actions: tuple[str, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.keypoints_px)


def gather(
    source: str,
    root: Path | None = None,
    split: str | None = None,
    *,
    keypoints: str = "true",
    layout: str | None = None,
    size: Any = None,
    camera: Camera | None = None,
    min_confidence: float = 0.0,
) -> People:
    """The people of a data set, by its name, or of a file or folder of key points.

    split           of a data set; None: everybody, or 'train' where there are pictures
    camera          intrinsics, where the source has none of its own
    min_confidence  joints with less, on a scale from 0 to 1, are not marked
    """
    if str(source) in cards.ORDER and not (root is None and Path(source).exists()):
        held = _data_set(str(source), root, split, keypoints)
        if isinstance(held, PicturePeople):
            return of_pictures(held, camera, min_confidence)
        return of_clips(held.clips, held.name, held.terms, held.notes, camera, min_confidence)
    path = existing(source, f"key points, or a data set: {listed(cards.ORDER, 20)}")
    clips = datasets.read_any(path, layout=layout, size=size, person="all")
    if any(isinstance(clip, Motion) for clip in clips):
        raise InputError(f"{path}: is motion in 3D already; expected key points in pictures")
    return of_clips(clips, path.name, "the terms of the file", (), camera, min_confidence)


def _data_set(
    name: str, root: Path | None, split: str | None, keypoints: str
) -> PoseDataset | PicturePeople:
    only = cards.card(name).reader == "pictures"
    with_pictures = name in pictures.NAMES and root is not None and (Path(root) / "images").is_dir()
    if only or with_pictures:
        if keypoints != "true":
            raise InputError(f"{name}: no key points '{keypoints}'; people in pictures have 'true'")
        return pictures.load(name, root, split or "train")
    return datasets.load(name, root, split or "all", keypoints)


def of_clips(
    clips: Sequence[Clip],
    name: str,
    terms: str = "",
    notes: tuple[str, ...] = (),
    camera: Camera | None = None,
    min_confidence: float = 0.0,
) -> People:
    """The people of clips, which all have one joint set; as in `gather`."""
    clips = [clip for clip in clips if len(clip)]
    sets = {clip.skeleton.name: clip.skeleton for clip in clips}
    if len(sets) != 1:
        raise InputError(f"{name}: people in {listed(sets) or 'no'} joints; expected one joint set")
    skeleton = next(iter(sets.values()))
    points = torch.cat([clip.keypoints_px.double() for clip in clips])
    confidence, said = from_0_to_1(torch.cat([clip.confidence.double() for clip in clips]))
    points, confidence = _marked(points, confidence, min_confidence, name)
    spans, rays, focal, centre, rule, names, frame, actions = [], [], [], [], [], [], [], []
    first = 0
    for clip in clips:
        rows = slice(first, first + len(clip))
        first = rows.stop
        film = len(clip) > 1 and not as_stills(clip)[1]
        eyes, lens = _intrinsics(clip, points[rows], confidence[rows] > 0, camera, film)
        rays.append(eyes.rays(points[rows]) if lens is None else lens.rays(points[rows]))
        for held, values in ((focal, eyes.focal_px), (centre, eyes.centre_px), (rule, eyes.rule)):
            held.append(values)
        names += [clip.name] * len(clip)
        actions += [clip.action] * len(clip)
        frame.append(torch.arange(len(clip)))
        if not film and spans and not spans[-1].film:
            spans[-1] = spans[-1]._replace(end=rows.stop)
        else:
            spans.append(Span(rows.start, rows.stop, film, clip.frames_per_second))
    notes += tuple(dict.fromkeys(note for clip in clips for note in clip.notes))
    notes += (f"confidences: {said}",) if said else ()
    return People(
        name, terms, skeleton, points, confidence, torch.cat(rays),
        Intrinsics(torch.cat(focal), torch.cat(centre), torch.cat(rule)), tuple(names),
        torch.cat(frame), tuple(spans), _truth(clips, skeleton), tuple(actions), notes,
    )  # fmt: skip


def of_pictures(
    held: PicturePeople, camera: Camera | None = None, min_confidence: float = 0.0
) -> People:
    """People in pictures; as in `gather`."""
    confidence = held.visible.double() / SEEN
    points, confidence = _marked(held.keypoints_px.double(), confidence, min_confidence, held.name)
    size = None if held.camera is not None or camera is not None else _sizes(held)
    eyes = intrinsics(points, confidence > 0, size, camera)
    if held.camera is not None:
        own = held.camera.double()
        known = torch.isfinite(own).all(-1)
        wide = known.unsqueeze(-1)
        eyes = Intrinsics(
            torch.where(wide, own[:, :2], eyes.focal_px),
            torch.where(wide, own[:, 2:], eyes.centre_px),
            torch.where(known, GIVEN, eyes.rule),
        )
    rays = camera.rays(points) if camera is not None and held.camera is None else eyes.rays(points)
    pose_mm = held.pose_mm
    if pose_mm is not None:
        pose_mm = conversion(held.skeleton, HOUSE)(pose_mm)[0]
    number = torch.zeros(len(held), dtype=torch.int64)
    return People(
        held.name, held.terms, held.skeleton, points, confidence, rays, eyes,
        held.names, number, (Span(0, len(held)),), pose_mm,
        held.actions or ("",) * len(held), held.notes,
    )  # fmt: skip


def _marked(points: Tensor, confidence: Tensor, least: float, name: str) -> tuple[Tensor, Tensor]:
    """Key points and confidences, without joints of too little."""
    there = torch.isfinite(points).all(-1) & (confidence > 0)
    kept = there & (confidence >= least)
    if there.any() and not kept.any():
        highest = confidence[there].max().item()
        raise InputError(
            f"{name}: no joint has a confidence of {least:g}, the highest is {highest:.2g}; "
            f"--min-confidence {highest / 2:.1g} would take the better ones"
        )
    if not kept.any():
        raise InputError(f"{name}: not one joint is marked; expected key points of people")
    nowhere = torch.where(kept.unsqueeze(-1), points, torch.nan)
    return nowhere, torch.where(kept, confidence, 0.0)


def _intrinsics(
    clip: Clip, points: Tensor, seen: Tensor, given: Camera | None, film: bool
) -> tuple[Intrinsics, Camera | None]:
    """The clip's intrinsics by the rule, and the camera whose lens has to be undone."""
    known = clip.camera or given
    if known is not None:
        return intrinsics(points, seen, camera=known), known
    size = clip.size_px
    if size is None and film:
        # One camera for all of a film: the rule by the box would give each frame another one.
        size = guessed_size(points, clip.name or "clip")
    if size is None:
        return intrinsics(points, seen), None
    edge = torch.tensor(size, dtype=torch.float64)
    outside = ((points < -0.1 * edge) | (points > 1.1 * edge)).any(-1)[seen].double().mean().item()
    if outside > _MOST_OUTSIDE:
        raise InputError(
            f"{clip.name}: {100 * outside:.0f} % of the key points lie outside a picture of "
            f"{size[0]} x {size[1]} px; give its size with --size WIDTHxHEIGHT"
        )
    return intrinsics(points, seen, edge.expand(len(points), 2)), None


def _sizes(held: PicturePeople) -> Tensor | None:
    """Width and height of each person's picture, where pictures are files."""
    if not isinstance(held.pictures, PictureFiles):
        return None
    annotated = held.pictures.sizes_px or [None] * len(held.pictures)
    sizes = [own or size_of(path) for own, path in zip(annotated, held.pictures.paths, strict=True)]
    return torch.tensor(sizes, dtype=torch.float64)[held.picture]


def _truth(clips: Sequence[Clip], skeleton: Skeleton) -> Tensor | None:
    if any(clip.pose_mm is None for clip in clips):
        return None
    pose_mm = torch.cat([clip.pose_mm for clip in clips])
    return pose_mm if skeleton == HOUSE else conversion(skeleton, HOUSE)(pose_mm)[0]
