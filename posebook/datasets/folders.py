"""The files of a data set in a folder: made, where they can be; checked for being whole."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from posebook import paths
from posebook.datasets import motion_folders
from posebook.datasets.cards import card
from posebook.datasets.people import synthetic
from posebook.datasets.pictures import checking
from posebook.datasets.published import (
    bzhao96,
    human36m,
    human36m_fetched,
    human36m_writer,
    humaneva,
    lsp,
    mpi_inf_3dhp,
    mpi_inf_3dhp_mmpose,
    mpii,
)
from posebook.datasets.readers import human36m_detections
from posebook.datasets.readers.asf_amc import find_asf
from posebook.datasets.readers.files import existing, listed
from posebook.datasets.readers.human36m_archives import read_subjects
from posebook.errors import InputError

#: Key points of more frames, 136 bytes each, would be an archive that `read_npz` refuses (4 GiB).
_MOST_FRAMES = 30_000_000


@dataclass
class Check:
    """What `check` found: lines for people; whether nothing needed is missing; whether files were
    read, too."""

    name: str
    lines: list[str] = field(default_factory=list)
    complete: bool = True
    read: bool = True

    def say(self, ok: bool | None, line: str) -> None:
        """ok: True, False (incomplete), or None for something that is merely not there."""
        self.lines.append(f"{ {True: 'ok', False: 'MISSING', None: 'absent'}[ok]:<8}{line}")
        self.complete = self.complete and ok is not False

    def __str__(self) -> str:
        advice = f"NOT complete; `posebook data info {self.name}` says how to get the rest"
        whole = "complete" if self.read else "complete by its names; no file was read"
        return "\n".join([*self.lines, whole if self.complete else advice])


def make(
    name: str,
    out: Path | str | None = None,
    root: Path | str | None = None,
    frames: int | str | None = None,
    size: int | str | None = None,
) -> str:
    """Make the files of a data set that needs nothing from elsewhere; says where they are.

    The synthetic sets are written as archives in Human3.6M's format, with a `source.json` that
    keeps their name; rendered pictures in the form of `pictures.packed`; human36m out of what
    h36m-fetch left in the folder `root`.

    out     a folder; None: `data/cache/<name>` in the checkout
    frames  of the synthetic sets: about so many, over all clips and cameras (`synthetic.size_for`);
            None: the size that `load` gives. Of rendered sets: so many pictures
    size    of rendered pictures, px; None: 128
    """
    one = card(name)
    folder = Path(out) if out is not None else paths.DATA / "cache" / name
    if name in checking.RENDERED:
        return _make_rendered(name, folder, root, frames, size)
    if size is not None:
        raise InputError(f"{name} holds no pictures; --size is for {listed(checking.RENDERED)}")
    if name not in synthetic.NAMES and frames is not None:
        raise InputError(f"{name} is as long as it is; --frames is for {listed(synthetic.NAMES)}")
    if name == "human36m" and root is not None:
        return human36m_fetched.make(root, folder)
    if name not in synthetic.NAMES:
        how = ", or --root with what h36m-fetch left" if name == "human36m" else ""
        raise InputError(
            f"{name} cannot be made here: it needs {one.needs}{how}; "
            f"`posebook data info {name}` says how"
        )
    if root is not None:
        raise InputError(f"{name} is made out of nothing; --root is for human36m")
    size = None if frames is None else synthetic.size_for(name, _count(frames))
    human36m_writer.may_write(folder, *synthetic.NAMES)
    dataset = synthetic.make(name, "all", size)
    files = human36m_writer.write(dataset, folder)
    made = f"{dataset.name}: {len(dataset.clips)} clips, {len(dataset)} frames"
    if frames is not None and len(dataset) != _count(frames):
        made += f" ({_count(frames)} were asked for: all clips are equally long)"
    return "\n".join([made, *map(paths.shown, files)])


def _make_rendered(name: str, folder: Path, root: object, frames, size) -> str:
    from posebook.datasets.pictures import making  # loads the whole drawing

    if root is not None:
        raise InputError(f"{name} is made out of nothing; --root is for human36m")
    side = 128 if size is None else size
    if not re.fullmatch("[0-9]{1,5}", str(side)):
        raise InputError(f"--size {size!s:.40}: expected a whole number of pixels")
    return making.make(name, folder, _count(3000 if frames is None else frames), int(side))


def _count(frames: int | str) -> int:
    """The option --frames as a whole number."""
    if re.fullmatch("[0-9]+", str(frames)) and 1 <= int(str(frames)[:12]) <= _MOST_FRAMES:
        return int(frames)
    raise InputError(f"--frames {frames!s:.40}: expected a whole number from 1 to {_MOST_FRAMES}")


def check(name: str, root: Path | str) -> Check:
    """Whether a folder holds all that a data set should, file by file."""
    one = card(name)
    found = Check(name)
    if name in synthetic.NAMES:
        found.say(True, f"{name} needs no folder: load('{name}') makes it")
        return found
    root = existing(root, f"the folder with {one.title}")
    if one.reader not in ("yes", "pictures"):
        raise InputError(f"{name}: there is no reader yet, so nothing to check against")
    if not root.is_dir():
        raise InputError(f"{root}: is a file; expected the folder with {one.title}")
    if one.reader == "pictures":
        return checking.check(root, found)
    if name in _OTHER_FORMS and _OTHER_FORMS[name](root, found):
        return found
    for pattern, need, what in one.files:
        there = _matching(root, pattern)
        some = f" ({len(there)} files)" if "*" in pattern and there else ""
        found.say(bool(there) or (False if need == "needed" else None), f"{pattern}{some}: {what}")
    found.read = name not in ("cmu", "bvh")
    if found.complete and name in _CHECKS:
        _CHECKS[name](root, found)
    return found


def _matching(root: Path, pattern: str) -> list[Path]:
    """Files of a pattern. One that names its folders is looked for here and one folder down only:
    beside it there may be a million pictures."""
    if "*" not in pattern:
        there = [root / pattern]
    elif "/" in pattern:
        there = sorted([*root.glob(pattern), *root.glob(f"*/{pattern}")])
    else:
        there = sorted(root.rglob(pattern))
    return [path for path in there if os.path.isfile(path)]


def _check_human36m(root: Path, found: Check) -> None:
    """Subjects in each archive, and whose archive it is."""
    source = human36m.read_source(root)
    found.say(True, f"holds {source.name}, {source.frames_per_second:g} frames/s")
    path = root / "data_3d_h36m.npz"
    motion = read_subjects(path, "positions_3d")
    wanted = human36m.SUBJECTS["all"]
    detectors = human36m_detections.names(root)
    archives = [name for name in detectors if name not in human36m_detections.HOURGLASS]
    for archive, key in [(path, "positions_3d")] + [
        (root / f"data_2d_h36m_{name}.npz", "positions_2d") for name in archives
    ]:
        subjects = motion if archive == path else read_subjects(archive, key)
        absent = [subject for subject in wanted if subject not in subjects]
        takes = sum(len(takes) for takes in subjects.values())
        rest = f"; without {listed(absent)}" if absent else ""
        found.say(not absent, f"{archive.name}: {len(subjects)} subjects, {takes} takes{rest}")
        lost = [
            f"{subject} {take}"
            for subject in subjects.keys() & motion.keys()
            for take in motion[subject]
            if take not in subjects[subject]
        ]
        if lost:
            found.say(False, f"{archive.name}: nothing for {listed(sorted(lost), 4)}")
    for name in detectors:
        if name in human36m_detections.HOURGLASS:
            takes = human36m_detections.hourglass_files(root, name)
            absent = [subject for subject in wanted if subject not in {key[0] for key in takes}]
            rest = f"; without {listed(absent)}" if absent else ""
            found.say(not absent, f"{name}: {len(takes)} files{rest}")


def _check_humaneva(root: Path, found: Check) -> None:
    """Halves and people in the motion, takes of each detector, lenses that fit."""
    source = human36m.read_source(root, humaneva.SOURCE)
    found.say(True, f"holds {source.name}, {source.frames_per_second:g} frames/s")
    path = root / "data_3d_humaneva15.npz"
    motion = read_subjects(path, "positions_3d")
    wanted = [half + who for half in humaneva.HALVES["all"] for who in humaneva.SUBJECTS]
    absent = [subject for subject in wanted if subject not in motion]
    rest = f"; without {listed(absent)}" if absent else ""
    takes = sum(len(own) for own in motion.values())
    found.say(not absent, f"{path.name}: {len(motion)} subjects, {takes} takes{rest}")
    for name in humaneva.detectors(root):
        file = root / f"data_2d_humaneva15_{name}.npz"
        seen = read_subjects(file, "positions_2d")
        lost = [
            f"{subject} {take}"
            for subject, own in motion.items()
            for take in own
            if take not in seen.get(subject, {})
        ]
        rest = f"; nothing for {listed(sorted(lost), 4)}" if lost else ""
        found.say(not lost, f"{file.name}: {takes - len(lost)} of {takes} takes{rest}")
    if source.genuine and "gt" in humaneva.detectors(root):
        lenses = humaneva.read_lenses(root)
        found.say(None not in lenses, humaneva.describe(lenses))


def _check_cmu(root: Path, found: Check) -> None:
    """A skeleton for each motion."""
    without = []
    for file in motion_folders.motion_files(root, (".amc",)):
        try:
            find_asf(file)
        except InputError:
            without.append(file.name)
    line = f"no skeleton for {listed(without)}" if without else "a skeleton for each motion"
    found.say(not without, line)


def _check_mpi_inf_3dhp(root: Path, found: Check) -> None:
    """Every sequence of every subject, with its cameras; the films of the test set are extra."""
    films = mpi_inf_3dhp.find(root)
    wanted = [f"{who}/{take}" for who in mpi_inf_3dhp.SUBJECTS["all"]
              for take in mpi_inf_3dhp.SEQUENCES]  # fmt: skip
    absent = [name for name in wanted if name not in films]
    rest = f"; without {listed(absent, 4)}" if absent else ""
    found.say(not absent, f"{len(films)} of {len(wanted)} sequences{rest}")
    without = [
        name for name, path in films.items() if not path.with_name("camera.calibration").is_file()
    ]
    if without:
        found.say(None, f"camera.calibration of {listed(without, 4)}: cameras are then not known")


def _check_people(root: Path, found: Check) -> None:
    """MPII, LSP: who is in the file."""
    reader = {"mpii": mpii, "lsp": lsp}[found.name]
    people = reader.read(root, "all")
    joints = people.skeleton.name
    found.say(True, f"{people.name}: {len(people)} people, joints {joints}")
    if found.name == "lsp":
        checking.say_photographs(root, found, "lspet" if "extended" in people.name else "lsp")


def _check_bzhao96(root: Path, found: Check) -> bool:
    """Human3.6M in the archives of bzhao96; False where the folder holds none of them."""
    if not bzhao96.holds(root):
        return False
    for half, wanted in bzhao96.HALVES.items():
        path = bzhao96.poses_file(root, half)
        if path is None:
            found.say(False, f"h36m_gt_{wanted[0]}.npz: poses, {half}")
            continue
        subjects = read_subjects(path, "pose3d")
        found.say(True, f"{path.name}: poses of {listed(subjects)}")
        there = bzhao96.detectors(root, path)
        what = f"key points of {listed(there) or bzhao96.DETECTOR} for {path.name}"
        found.say(bool(there) or None, what)
    return True


def _check_mmpose(root: Path, found: Check) -> bool:
    """MPI-INF-3DHP as mmpose prepares it; False where the folder holds annot.mat, or none."""
    files = {half: mpi_inf_3dhp_mmpose.find(root, half) for half in ("train", "test")}
    if not any(files.values()) or _matching(root, "S*/Seq*/annot.mat"):
        return False
    for half, path in files.items():
        name = path.name if path else mpi_inf_3dhp_mmpose.FILES[half][0]
        need = False if half == "train" else None
        films = list(mpi_inf_3dhp_mmpose.films(path)) if path else []
        who = f": {listed(dict.fromkeys(film.subject for film in films))}" if films else ""
        found.say(bool(path) or need, f"{name}{who}")
        if films and not all(film.lens for film in films):
            found.say(None, f"cameras_{half}.pkl of some films: cameras are then not known")
    return True


#: Other forms in which a data set is found: whether the folder holds it so, and then its check.
_OTHER_FORMS = {"human36m": _check_bzhao96, "mpi_inf_3dhp": _check_mmpose,
                "mpii": checking.check_mpii}  # fmt: skip
_CHECKS = {
    "human36m": _check_human36m,
    "humaneva": _check_humaneva,
    "mpi_inf_3dhp": _check_mpi_inf_3dhp,
    "cmu": _check_cmu,
    "mpii": _check_people,
    "lsp": _check_people,
}
