"""Whether other programs read what `posebook lift` writes, and whether a course works; a check
before a release.

    python tools/release_checks.py [--folder build/release_checks] [--python python3.11]
    python tools/release_checks.py --only course      (or: files)

Blender (bpy) reads the BVH and the glTF, OpenSim the TRC, pandas the CSV, and Khronos' validator
looks at the glTF. Each Python program gets an environment of its own in the folder, since they do
not go together; the validator is an npm package. The first run installs them, which downloads about
600 MB. What each reads is compared with poses.npz, for a clip, one with frames without anybody, one
of motion capture, and single photographs. `course_checks` says what is asked of a course.

A line for each: `ok`, `BAD`, or `---` where a program could not be installed here. Exit status 0
where all are ok, 1 where one is bad, 3 where nothing is bad and not all could be asked.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course_checks

from posebook.export.rigid_body import JOINTS

CHECKOUT = Path(__file__).resolve().parents[1]
SAMPLES, READERS = CHECKOUT / "data" / "samples", Path(__file__).parent / "other_readers"
#: A joint may be so far off, mm: files are text or 32 bits.
MOST_MM = 0.1
_INSTALL_S, _ASK_S = 3600, 1200


@dataclass(frozen=True)
class Program:
    """name: its package; script: in `READERS`; words: what follows the folder that it reads."""

    name: str
    script: str
    words: tuple[str, ...] = ()


def clips(folder: Path) -> dict[str, list[str]]:
    """{name: what is lifted, and with which options}."""
    whole = SAMPLES / "motion_alphapose.json"
    people = json.loads(whole.read_text())
    pictures = sorted({one["image_id"] for one in people}, key=lambda name: (len(name), name))
    empty = {*pictures[40:65], pictures[-1]}
    gap = folder / "gap.json"
    gap.write_text(json.dumps([one for one in people if one["image_id"] not in empty]))
    return {
        "clip": [str(whole), "--size", "1000x1002", "--fps", "25"],
        "gap": [str(gap), "--size", "1000x1002", "--fps", "29.97"],
        "motion": [str(SAMPLES / "motion.bvh")],
        "photographs": [str(SAMPLES / "photographs_coco.json")],
    }


def lifted(folder: Path) -> Iterator[Path]:
    """Lift the samples, all formats; the folders with files in them."""
    for name, words in clips(folder).items():
        out = folder / "lifted" / name
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, "-m", "posebook.cli", "lift", *words, "--out", str(out),
                   "--write", "trc,gltf,csv"]  # fmt: skip
        subprocess.run(command, check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
        yield from sorted(path.parent for path in out.rglob("poses.npz"))


def environment(folder: Path, python: str, package: str) -> tuple[list[str], str]:
    """(how to run a script with that package, '') or ([], why it cannot be had)."""
    place = folder / package
    program = place / "bin" / "python"
    if (place / "installed").exists():
        return [str(program)], ""
    shutil.rmtree(place, ignore_errors=True)
    steps = [
        [python, "-m", "venv", str(place)],
        [str(program), "-m", "pip", "install", "-q", "--only-binary=:all:", package],
    ]
    if why := _failed(steps):
        return [], why
    (place / "installed").touch()
    return [str(program)], ""


def validator(folder: Path) -> tuple[list[str], str]:
    """The same for the validator of glTF."""
    place = folder / "gltf-validator"
    place.mkdir(exist_ok=True)
    if not (place / "node_modules").exists():
        steps = [["npm", "install", "--silent", "--prefix", str(place), "gltf-validator"]]
        if why := _failed(steps):
            return [], why
    return ["node"], ""


def _failed(steps: list[list[str]]) -> str:
    """Run commands one after another; the last line of the first that fails."""
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=_INSTALL_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{step[0]}: {error}"
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()] or ["no word"]
            return f"{Path(step[0]).name}: {said[-1].strip():.200}"
    return ""


def asked(run: list[str], program: Program, folder: Path, place: Path) -> Iterator[tuple[str, str]]:
    """(what was read by what, what is wrong or '') for the files of one folder."""
    command = [*run, str(READERS / program.script), str(place), *program.words]
    at = folder / program.name
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_S, cwd=at)
    except subprocess.TimeoutExpired:
        yield program.name, f"no answer in {_ASK_S} s"
        return
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"program"')]
    for line in map(json.loads, lines):
        what = f"{line['program']}: {line['file']}"
        if "off_mm" in line:
            what += f", at most {line['off_mm']:.4f} mm off"
        wrong = line.get("wrong") or (["too far"] if line.get("off_mm", 0) > MOST_MM else [])
        yield what, "; ".join(wrong)
    if done.returncode or not lines:
        said = [text for text in done.stderr.splitlines() if text.strip()] or ["no word"]
        yield program.name, f"failed: {said[-1]:.300}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "build" / "release_checks")
    parser.add_argument("--python", default=sys.executable, help="that makes the environments")
    parser.add_argument("--only", choices=("files", "course"))
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    bad = left_out = 0
    if options.only != "course":
        bad, left_out = files(folder, options.python)
    if options.only != "files":
        found = course(folder, options.python)
        bad, left_out = bad + found[0], left_out + found[1]
    return 1 if bad else 3 if left_out else 0


def course(folder: Path, python: str) -> tuple[int, int]:
    """How much of a course is bad, and how much could not be asked."""
    left_out = 0
    told = list(_told(course_checks.at_ci(folder)))
    run, why = environment(folder, python, "nbgrader")
    if run:
        told += _told(course_checks.with_nbgrader(folder, run))
    else:
        print(f"--- nbgrader: not installed: {why}", flush=True)
        left_out = 1
    return sum(map(bool, told)), left_out


def _told(rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    for what, wrong in rows:
        print(f"{'BAD' if wrong else 'ok '} course: {what}{f': {wrong}' * bool(wrong)}", flush=True)
        yield wrong


def files(folder: Path, python: str) -> tuple[int, int]:
    """The same for what `posebook lift` writes."""
    bones = {joint.at: joint.name for joint in reversed(JOINTS)} | {"head": "HeadEnd"}
    (folder / "bones.json").write_text(json.dumps(bones))
    places = list(lifted(folder))
    bad = left_out = 0
    for program in (
        Program("bpy", "blender.py", (str(folder / "bones.json"),)),
        Program("opensim", "opensim_trc.py"),
        Program("pandas", "pandas_csv.py"),
        Program("gltf-validator", "gltf_validator.js"),
    ):
        if program.name == "gltf-validator":
            run, why = validator(folder)
        else:
            run, why = environment(folder, python, program.name)
        if not run:
            print(f"--- {program.name}: not installed: {why}", flush=True)
            left_out += 1
            continue
        for place in places:
            name = place.relative_to(folder / "lifted").as_posix()
            for what, wrong in asked(run, program, folder, place):
                print(f"{'BAD' if wrong else 'ok '} {name:<28}{what}{f': {wrong}' * bool(wrong)}",
                      flush=True)  # fmt: skip
                bad += bool(wrong)
    return bad, left_out


if __name__ == "__main__":
    sys.exit(main())
