"""Folders of rendered pictures: made by several processes, gone on with where they were cut."""

import hashlib
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import connection
from pathlib import Path
from typing import Any

from tqdm import tqdm

from posebook import paths
from posebook.datasets.pictures import packed
from posebook.datasets.pictures.body import FILE
from posebook.datasets.pictures.rendered import SIZES, VERSION, rendered_picture
from posebook.errors import InputError

#: Pictures in a file.
SHARD = 128
#: What all files of a folder have alike: the domain, and what its pictures were drawn with.
_SAME = ("domain", "version", "body")
#: Of ten pictures, so many are to train, to choose settings, and to test.
SHARES = {"train": 8, "val": 1, "test": 1}
#: Fewer pictures than this are not worth other processes, which take seconds to start.
_ALONE = 200


def make(domain: str, folder: Path, count: int, size: int = 128, jobs: int | None = None) -> str:
    """So many pictures of a domain, in files `train-128px-0000000.npz`; says what there is.

    The files have the form of `packed`. Files that are there already and whole are kept: so a
    command that was cut goes on, and a longer one adds to it. A folder may hold several sizes of
    one domain, and nothing else.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise InputError(f"--size {size}: expected {SIZES[0]} to {SIZES[1]} pixels")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{paths.shown(folder)}: is a file; expected a folder for the pictures")
    folder.mkdir(parents=True, exist_ok=True)
    with paths.alone_in(folder):
        paths.remove_unfinished(folder)
        wanted = list(_shards(domain, count, size))
        _may_write(folder, wanted[0])
        todo = [about for about in wanted if not _is_there(folder, about)]
        done = count - sum(about["count"] for about in todo)
        with tqdm(total=count, initial=done, unit="picture", desc=domain) as bar:
            for made in _made(folder, todo, jobs):
                bar.update(made)
    counts = dict.fromkeys(SHARES, 0)
    for about in wanted:
        counts[about["split"]] += about["count"]
    halves = ", ".join(f"{number} {split}" for split, number in counts.items() if number)
    kept = f"; {done} were there" if done else ""
    return f"{domain}: {count} pictures of {size} px ({halves}){kept}\n{paths.shown(folder)}"


def _shards(domain: str, count: int, size: int) -> Iterator[dict[str, Any]]:
    """What is in each file: about eight tenths train, the rest shared by val and test."""
    body = hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]
    test = val = count // 10
    for split, number in (("train", count - val - test), ("val", val), ("test", test)):
        for first in range(0, number, SHARD):
            yield dict(
                domain=domain,
                split=split,
                size=size,
                first=first,
                count=min(SHARD, number - first),
                version=VERSION,
                body=body,
            )


def _file(folder: Path, about: dict[str, Any]) -> Path:
    return folder / f"{about['split']}-{about['size']}px-{about['first']:07d}.npz"


def _may_write(folder: Path, about: dict[str, Any]) -> None:
    """Refuse a folder that holds other pictures: nothing that is there is replaced."""
    for file in sorted(folder.glob("*.npz")):
        there = packed.about(file)
        if there is None or any(there.get(key) != about[key] for key in _SAME):
            raise InputError(
                f"{paths.shown(file)}: is not a file of {about['domain']} as it is drawn now; "
                "expected an empty folder as --out"
            )


def _is_there(folder: Path, about: dict[str, Any]) -> bool:
    there = packed.about(_file(folder, about)) or {}
    return all(there.get(key) == value for key, value in about.items())


def _made(folder: Path, todo: list[dict[str, Any]], jobs: int | None) -> Iterator[int]:
    """Make files, and give the number of pictures of each one that is finished."""
    jobs = min(jobs or _cores(), len(todo))
    if jobs < 2 or sum(about["count"] for about in todo) < _ALONE:
        yield from (_make_one(folder, about) for about in todo)
        return
    # Not forked: torch's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_end_with_parent) as pool:
        try:
            for future in as_completed([pool.submit(_make_one, folder, about) for about in todo]):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _make_one(folder: Path, about: dict[str, Any]) -> int:
    numbers = range(about["first"], about["first"] + about["count"])
    made = (rendered_picture(about["domain"], k, about["size"], about["split"]) for k in numbers)
    packed.write(_file(folder, about), made, about)
    return about["count"]


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    import torch

    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()
