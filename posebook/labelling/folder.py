"""A folder of labels, made piece by piece: killed at any moment, the same command goes on.

    about.json        what the labels are of, and how they are made; written first
    pieces/00000.npz  labels of some hundred people each, in order; gone when all is done
    labels.npz        all labels, one row a person
    card.html, .json  the label card; written last: a folder that has it is finished

Nothing in these files depends on when they were made or how often the command was killed.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
import torch
from tqdm.auto import tqdm

from posebook import __version__, paths
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.files import read_record
from posebook.labelling.making import FLAGS, Method, joined, labels_of
from posebook.labelling.people import People, Span
from posebook.methods import network_files

FORMAT = "posebook labels 1"
ABOUT, PIECES, LABELS, CARD = "about.json", "pieces", "labels.npz", "card.html"
NUMBERS = "card.json"
#: People in a piece: some seconds of work. A film is never cut, since a lifter may look along it.
PIECE = 500


def about(people: People, method: Method) -> dict[str, Any]:
    """What decides every number in the folder."""
    tensors = network_files.state_of(method.lifter.network, torch.float32) | dict(
        method.lifter.tensors
    )
    return dict(
        format=FORMAT, posebook=__version__, source=people.name, terms=people.terms,
        people=len(people), skeleton=people.skeleton.name, key_points=_hash(people),
        by=method.lifter.name, weights=network_files.checksum({}, tensors), search=method.search,
        depths_mm=list(method.depths), most_mm=method.most_mm, piece=PIECE,
        notes=list(people.notes),
    )  # fmt: skip


def pieces(people: People) -> list[list[Span]]:
    """The spans of each piece: separate pictures by `PIECE`, films whole."""
    made: list[list[Span]] = [[]]
    held = 0
    for span in people.spans:
        step = span.end - span.first if span.film else PIECE
        for first in range(span.first, span.end, step):
            part = span._replace(first=first, end=min(first + step, span.end))
            if held and held + part.end - part.first > PIECE:
                made.append([])
                held = 0
            made[-1].append(part)
            held += part.end - part.first
    return made


def fill(folder: Path, people: People, method: Method) -> dict[str, numpy.ndarray]:
    """Make the labels that the folder lacks, and give all of them. The folder must be held."""
    paths.remove_unfinished(folder)
    given = json.loads(json.dumps(about(people, method)))
    keep(folder, given)
    if (folder / LABELS).exists():
        return _read(folder / LABELS, len(people))
    plan = pieces(people)
    places = [folder / PIECES / f"{number:05d}.npz" for number in range(len(plan))]
    sizes = [sum(span.end - span.first for span in spans) for spans in plan]
    kept = [place.exists() for place in places]
    done = sum(size for size, there in zip(sizes, kept, strict=True) if there)
    with tqdm(total=len(people), initial=done, unit=" people", desc="labels") as bar:
        for place, spans, size, there in zip(places, plan, sizes, kept, strict=True):
            if there:
                continue
            write(place, joined([labels_of(people, method, span) for span in spans]))
            bar.update(size)
    parts = [_read(place, size) for place, size in zip(places, sizes, strict=True)]
    arrays = dict(_of_people(people)) | joined(parts)
    write(folder / LABELS, arrays)
    return arrays


def tidy(folder: Path) -> None:
    """Remove the pieces, which the finished labels hold."""
    shutil.rmtree(folder / PIECES, ignore_errors=True)


def keep(folder: Path, given: Mapping[str, Any]) -> None:
    """Write what a folder is about; InputError where it is about something else."""
    path = folder / ABOUT
    if not path.exists():
        others = [name for name in (LABELS, CARD, NUMBERS, PIECES) if (folder / name).exists()]
        if others:
            raise InputError(
                f"{paths.shown(folder)}: holds {others[0]}, but no {ABOUT}; choose another --out"
            )
        paths.write_text(path, json.dumps(given, indent=1, ensure_ascii=False) + "\n")
        return
    held = read_record(path, "what `posebook label` wrote")
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise InputError(f"{paths.shown(path)}: not in the format '{FORMAT}'; choose another --out")
    other = [key for key, value in given.items() if held.get(key) != value]
    if other:
        raise InputError(
            f"{paths.shown(folder)}: holds labels of another {_WORDS.get(other[0], other[0])} "
            f"({held.get(other[0])!s:.60}, not {given[other[0]]!s:.60}); choose another --out"
        )


def write(path: Path, arrays: Mapping[str, numpy.ndarray]) -> None:
    """An .npz, in one step; the same arrays give the same bytes."""
    with paths.replacing(path) as part, open(part, "wb") as file:
        numpy.savez_compressed(file, **arrays)


def _read(path: Path, count: int) -> dict[str, numpy.ndarray]:
    arrays = read_npz(path)
    lengths = {len(array) if getattr(array, "ndim", 0) else 0 for array in arrays.values()}
    if lengths != {count} or not {"pose_mm", "score", *FLAGS} <= arrays.keys():
        raise InputError(
            f"{paths.shown(path)}: damaged, holds other than {count} labels; remove it, and the "
            "command makes it again"
        )
    return {name: array.copy() for name, array in arrays.items()}  # which may be written to


def _of_people(people: People) -> Iterator[tuple[str, numpy.ndarray]]:
    """What the labels say of their input."""
    yield "name", numpy.array(people.names, dtype=str)
    yield "frame", people.frame.numpy()
    yield "keypoints_px", people.keypoints_px.float().numpy()
    yield "confidence", people.confidence.float().numpy()
    if any(people.actions):
        yield "action", numpy.array(people.actions, dtype=str)
    if people.pose_mm is not None:
        yield "true_mm", people.pose_mm.float().numpy()


def _hash(people: People) -> str:
    """Of everything that labels are made from."""
    digest = hashlib.sha256(repr((people.names, people.actions, people.spans)).encode())
    eyes = people.intrinsics
    for tensor in (people.keypoints_px, people.confidence, people.rays, eyes.focal_px,
                   eyes.centre_px, eyes.rule, people.frame, people.pose_mm):  # fmt: skip
        if tensor is not None:
            digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


_WORDS = {"key_points": "input", "by": "lifter", "weights": "lifter", "posebook": "version"}
