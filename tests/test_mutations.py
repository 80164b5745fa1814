"""510 damaged files for every reader, 40 for newer ones: each is read, or refused in one line.

Never another exception, never a hang (5 s of work for a file, a minute on the clock), never more
than a few GB of memory, never anything run. How many there were, and how many were read and how
many refused, is printed for each reader:

    python -m pytest tests/test_mutations.py -q
    POSEBOOK_MUTATIONS=2000 python -m pytest tests/test_mutations.py -q -k weights

Each damage has a number, and comes out the same every time (`damage`).
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asf_writer
import bvh_writer
import h36m_writer
import humaneva_writer
import keypoint_writer as kw
import mat_writer
import mutations
import numpy as np
import pytest
import safetensors.torch
import torch
from bvh_writer import Style
from newer_formats import NEWER, Reader
from test_detection import untrained
from test_photographs import colours
from test_pictures import turned_exif

from posebook import datasets, detection, lifting
from posebook.datasets.pictures import picture_files
from posebook.datasets.published import humaneva_cameras
from posebook.datasets.readers.skeletool import read_cameras
from posebook.errors import InputError
from posebook.methods import network_files
from posebook.methods.simple_baseline.network import Martinez
from posebook.skeletons import COCO_17, HOUSE, MPII_16

FILES = 510
NEWER_FILES = 40  # of readers that share most of their code with others
SECONDS = 100  # of one core: only what hangs takes as long
MEMORY = 6 << 30

pytestmark = pytest.mark.slow


def openpose_file(folder: Path) -> None:
    content = {"people": [{"pose_keypoints_2d": kw.flat(kw.person(1, 25, seed)[0])}
                          for seed in (0, 1)]}  # fmt: skip
    kw.dump(folder / "a.json", content)


def openpose_folder(folder: Path) -> None:
    people, other = kw.person(4, 25), kw.person(4, 25, seed=2, start=(700, 200))
    kw.openpose(folder / "film", {n: [people[n], other[n]] for n in range(4)})


def coco(folder: Path) -> None:
    people = kw.person(4)
    people[..., 2] = 2
    kw.dump(folder / "a.json", kw.coco([(f"f_{n}.jpg", [one]) for n, one in enumerate(people)]))


def alphapose(folder: Path) -> None:
    frames = {f"{n}.jpg": [one, one + 300] for n, one in enumerate(kw.person(4))}
    kw.dump(folder / "a.json", kw.alphapose(frames))


def mmpose(folder: Path) -> None:
    kw.dump(folder / "a.json", kw.mmpose([[one] for one in kw.person(4)]))


def bvh(folder: Path) -> None:
    (folder / "a.bvh").write_text(bvh_writer.write(Style(positions="moving"), frames=3)[0])


def asf_amc(folder: Path) -> None:
    asf, amc, _ = asf_writer.write(frames=3)
    (folder / "07.asf").write_text(asf)
    (folder / "07_01.amc").write_text(amc)


def npz(folder: Path) -> None:
    people = kw.person(4)
    np.savez(folder / "a.npz", keypoints_px=people[..., :2], confidence=people[..., 2],
             joints=np.array(COCO_17.joints), fps=25.0, size_px=[640, 480])  # fmt: skip
    np.savez(folder / "b.npz", world_mm=1000 * h36m_writer.person(3), fps=50)
    two = {"one": 1000 * h36m_writer.person(3), "two": 1000 * h36m_writer.person(2)}
    np.savez_compressed(folder / "c.npz", **two)


def npy(folder: Path) -> None:
    np.save(folder / "a.npy", kw.person(4))
    np.save(folder / "b.npy", h36m_writer.person(3))
    np.save(folder / "c.npy", kw.person(4)[..., :2].reshape(4, -1).astype(np.float32))


def csv(folder: Path) -> None:
    people, metres = kw.person(4), h36m_writer.person(3)
    titles = [f"{joint}_{axis}" for joint in COCO_17.joints for axis in ("x", "y", "c")]
    np.savetxt(folder / "a.csv", people.reshape(4, -1), "%.2f", ",", header=",".join(titles),
               comments="")  # fmt: skip
    titles = [f"{joint}_{axis}" for joint in HOUSE.joints for axis in "xyz"]
    np.savetxt(folder / "b.csv", metres.reshape(3, -1), "%.3f", ";", header=";".join(titles),
               comments="")  # fmt: skip
    np.savetxt(folder / "c.csv", people[..., :2].reshape(4, -1), "%.1f", "\t")


def archives(folder: Path) -> None:
    h36m_writer.write(folder, subjects=("S1",), takes=("Walking 1",))
    source = {"source": "a test", "frames_per_second": 25, "cameras": "Human3.6M", "terms": ""}
    (folder / "source.json").write_text(json.dumps(source))


def humaneva(folder: Path) -> None:
    humaneva_writer.write(folder, subjects=("Train/S1",), takes=("Box 1 chunk0",))


def humaneva_source(folder: Path) -> None:
    humaneva(folder)
    source = {"source": "a test", "frames_per_second": 25, "cameras": "HumanEva-I", "terms": ""}
    (folder / "source.json").write_text(json.dumps(source))


def hourglass(folder: Path) -> None:
    truth = h36m_writer.write(folder, subjects=("S1",), takes=("Walking 1",))
    mat_writer.hourglass(folder, truth)
    for file in sorted((folder / "S1" / "StackedHourglass").iterdir())[1:]:
        file.unlink()  # one camera is enough to damage


def mpii(folder: Path) -> None:
    mat_writer.mpii(folder / "a.npy", 12)
    mat_writer.mpii(folder / "b.npy", 12, MPII_16, flat=False)


def lsp(folder: Path) -> None:
    mat_writer.lsp(folder / "a" / "joints.mat", 6)
    mat_writer.lsp(folder / "b" / "joints.mat", 6, extended=True)


def lsp_73(folder: Path) -> None:
    mat_writer.lsp(folder / "a" / "joints.mat", 6, v73=True)


def mpi_inf_3dhp(folder: Path) -> None:
    mat_writer.mpi_inf_3dhp(folder, takes=("S7/Seq1",), frames=2, cameras=9)


def film_of_the_test_set(folder: Path) -> None:
    mat_writer.film_of_the_test_set(folder / "TS1" / "annot_data.mat")


def video(folder: Path) -> None:
    metadata = {"layout_name": "coco", "num_joints": 17,
                "video_metadata": {"a": {"w": 1280, "h": 720}}}  # fmt: skip
    points = kw.person(3)[..., :2].astype(np.float32)
    held = {"a": {"custom": [points]}}
    np.savez(folder / "data_2d_custom_a.npz", metadata=metadata, positions_2d=held)


def lifter(folder: Path) -> None:
    arguments = dict(
        input_joints=18, output_joints=17, input_dimensions=3, output_dimensions=3, width=4
    )
    header = dict(name="untrained", network={"class": "Martinez", "arguments": arguments},
                  skeleton=HOUSE.name, normalisation={"kind": "person_view"}, data="none",
                  licence="MIT", metrics=[])  # fmt: skip
    lifting.Lifter(header, Martinez(**arguments).eval()).save(folder / "a.safetensors")


def detector(folder: Path) -> None:
    untrained().save(folder / "a.safetensors")


def photographs(folder: Path) -> None:
    colours("RGB").save(folder / "a.jpg", progressive=True, exif=turned_exif(6))
    colours("P").save(folder / "a.png")
    colours("I;16").save(folder / "a.tif", compression="tiff_lzw")


def as_picture(path: Path) -> tuple[torch.Tensor]:
    return (picture_files.decoded(path.read_bytes(), f"{path}"),)


def mutate_lifter(content: bytes, rng: random.Random) -> bytes:
    """Damaged bytes; or another header or tensor under a checksum that fits."""
    length = int.from_bytes(content[:8], "little")
    if rng.random() < 0.4:
        head, rest = content[: length + 8], content[length + 8 :]
        return mutations.mutate_text(head, rng) + rest
    fields = json.loads(content[8 : length + 8])
    header = json.loads(fields["__metadata__"]["posebook"])
    tensors = safetensors.torch.load(content)
    if rng.random() < 0.7:
        header = mutations.mutate_tree(header, rng)
    else:
        name = rng.choice(sorted(tensors))
        array = tensors[name].numpy()
        tensors[name] = torch.from_numpy(np.ascontiguousarray(
            mutations.mutate_array(array, rng).astype(np.float32)))  # fmt: skip
    if isinstance(header, dict):
        header.pop("checksum", None)
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            header["checksum"] = network_files.checksum(header, tensors)
    return safetensors.torch.save(tensors, {"posebook": json.dumps(header)})


def as_lift_reads(path: Path) -> list:
    """Whatever is in the file, as `posebook lift` takes it."""
    return datasets.read_any(path, size=None, person=None)


READERS = [
    Reader("bvh", bvh, {"*.bvh": mutations.mutate_text}, as_lift_reads),
    Reader("asf", asf_amc, {"*.asf": mutations.mutate_text},
           lambda path: datasets.read_any(path.with_name("07_01.amc"))),
    Reader("amc", asf_amc, {"*.amc": mutations.mutate_text}, as_lift_reads),
    Reader("openpose file", openpose_file, {"*.json": mutations.mutate_json}, as_lift_reads),
    Reader("openpose folder", openpose_folder, {"film/*.json": mutations.mutate_json},
           lambda path: datasets.read_any(path.parent)),
    Reader("coco json", coco, {"*.json": mutations.mutate_json}, as_lift_reads),
    Reader("alphapose json", alphapose, {"*.json": mutations.mutate_json}, as_lift_reads),
    Reader("mmpose json", mmpose, {"*.json": mutations.mutate_json}, as_lift_reads),
    Reader("npz plain", npz, {"*.npz": mutations.mutate_npz}, as_lift_reads),
    Reader("npz pickled archive", archives,
           {"*.npz": mutations.mutate_npz, "source.json": mutations.mutate_json},
           lambda path: datasets.load("human36m", path.parent, split="all")),
    Reader("humaneva archives", humaneva, {"*.npz": mutations.mutate_npz},
           lambda path: datasets.load("humaneva", path.parent)),
    Reader("humaneva source", humaneva_source, {"source.json": mutations.mutate_json},
           lambda path: datasets.load("humaneva", path.parent)),
    Reader("hourglass h5", hourglass, {"S1/*/*.h5": mutations.mutate_hdf5},
           lambda path: datasets.load("human36m", path.parents[2], keypoints="hourglass_h5")),
    Reader("mpii npy", mpii, {"*.npy": mutations.mutate_npy},
           lambda path: datasets.load("mpii", path)),
    Reader("lsp mat", lsp, {"*/joints.mat": mutations.mutate_mat},
           lambda path: datasets.load("lsp", path, split="all")),
    Reader("lsp mat 7.3", lsp_73, {"*/joints.mat": mutations.mutate_hdf5},
           lambda path: datasets.load("lsp", path, split="all")),
    Reader("3dhp annotations", mpi_inf_3dhp, {"S7/*/annot.mat": mutations.mutate_mat},
           lambda path: datasets.load("mpi_inf_3dhp", path.parents[2], split="test")),
    Reader("3dhp calibration", mpi_inf_3dhp, {"S7/*/camera.calibration": mutations.mutate_text},
           read_cameras),
    Reader("3dhp test film", film_of_the_test_set, {"TS1/*.mat": mutations.mutate_hdf5},
           lambda path: datasets.load("mpi_inf_3dhp", path.parents[1], split="official_test")),
    Reader("npz pickled video", video, {"*.npz": mutations.mutate_npz}, as_lift_reads),
    Reader("npy", npy, {"*.npy": mutations.mutate_npy}, as_lift_reads),
    Reader("csv", csv, {"*.csv": mutations.mutate_text}, as_lift_reads),
    Reader("lifter", lifter, {"*.safetensors": mutate_lifter}, lifting.load),
]  # fmt: skip


def check_sound(found: object) -> None:
    """What a reader gives keeps its word: missing is NaN and 0, the rest is finite."""
    for one in found if isinstance(found, list | datasets.PoseDataset) else []:
        if isinstance(one, datasets.Motion):
            assert not one.world_mm.isinf().any() and not one.world_mm.isnan().all()
            assert one.world_mm.shape[1:] == (len(one.skeleton), 3)
            continue
        assert one.keypoints_px.shape == (*one.confidence.shape, 2)
        assert one.confidence.shape == (len(one), len(one.skeleton))
        if one.pose_mm is not None:
            assert one.pose_mm.shape == (*one.confidence.shape, 3)
            assert not one.pose_mm.isinf().any()
        seen = one.confidence > 0
        assert one.keypoints_px[seen].isfinite().all() and one.keypoints_px[~seen].isnan().all()
        assert (one.confidence >= 0).all() and torch.isfinite(one.confidence).all()
        assert not (one.keypoints_px == 0).all(-1).any()


@contextmanager
def limits() -> Iterator[None]:
    """Stop a reader that takes more than SECONDS or MEMORY."""

    def stop(*_) -> None:
        raise TimeoutError(f"over {SECONDS} s")

    before = [signal.signal(kind, stop) for kind in (signal.SIGALRM, signal.SIGPROF)]
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before[0])
        signal.signal(signal.SIGPROF, before[1])
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def damage(reader: Reader, good: dict[Path, bytes], number: int) -> tuple[Path, bytes]:
    """(which file, its new content) of the numbered damage."""
    rng = random.Random(f"{reader.name} {number}")
    path = rng.choice(sorted(good))
    change = next(c for pattern, c in reader.damage.items() if path.match(pattern))
    return path, change(good[path], rng)


PICTURES = [
    Reader("detector", detector, {"*.safetensors": mutate_lifter}, detection.load),
    Reader("photographs", photographs,
           dict.fromkeys(("*.jpg", "*.png", "*.tif"), mutations.mutate_text), as_picture),
]  # fmt: skip


@pytest.fixture
def lenses_fitted_once(monkeypatch):
    """A lens is fitted again only where a damage has changed what it is fitted to."""
    fitted, known = humaneva_cameras.fitted, {}

    def once(*points: np.ndarray) -> humaneva_cameras.Lens | None:
        key = tuple((array.dtype, array.shape, array.tobytes()) for array in points)
        if key not in known:
            known[key] = fitted(*points)
        return known[key]

    monkeypatch.setattr(humaneva_cameras, "fitted", once)


CASES = [(reader, FILES) for reader in READERS]
CASES += [(reader, NEWER_FILES) for reader in (*NEWER, *PICTURES)]


@pytest.mark.parametrize(("reader", "files"), CASES, ids=[reader.name for reader, _ in CASES])
@pytest.mark.usefixtures("lenses_fitted_once")
def test_damaged_files_are_read_or_refused(reader, files, tmp_path, capsys):
    files = int(os.environ.get("POSEBOOK_MUTATIONS", files))
    reader.write(tmp_path)
    good = {path: path.read_bytes() for pattern in reader.damage for path in tmp_path.glob(pattern)}
    for path in good:
        assert reader.read(path)  # the good files are good
    read = refused = 0
    slowest = 0.0
    for number in range(files):
        path, content = damage(reader, good, number)
        path.write_bytes(content)
        start = time.process_time()
        with limits():
            try:
                check_sound(reader.read(path))
                read += 1
            except InputError as error:
                refused += 1
                assert "\n" not in str(error) and 10 < len(str(error)) < 1500, (number, error)
            except BaseException as error:
                kept = shutil.copy(path, tmp_path.parent / f"kept_{path.name}")
                raise AssertionError(
                    f"{reader.name} {number}: {type(error).__name__} {error} ({kept})"
                ) from error
        slowest = max(slowest, time.process_time() - start)
        path.write_bytes(good[path])
    with capsys.disabled():  # the count, one line for each reader
        print(
            f"\n{reader.name}: {files} damaged files, {read} read, {refused} refused, "
            f"slowest {slowest:.2f} s"
        )
    assert read > files / 51 and refused > files * reader.refused, (
        "damage that is always, or never, noticed tests little"
    )
