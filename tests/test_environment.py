"""pyproject.toml is the source of what is needed; the other two files must say the same."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import check_pins
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]


def requirements(lines) -> dict[str, Requirement]:
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


NEEDED = requirements(PROJECT["dependencies"])
TESTS = requirements(PROJECT["optional-dependencies"]["test"])
EXTRAS = PROJECT["optional-dependencies"]
PICTURES = requirements([*EXTRAS["pictures"], *EXTRAS["onnx"], *EXTRAS["batch"]])


def pins() -> dict[str, Version]:
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line.strip() and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def conda() -> list[str]:
    """Lines under `dependencies:` of environment.yml, of both lists."""
    text = (CHECKOUT / "environment.yml").read_text()
    lines = text.partition("dependencies:")[2].splitlines()
    return [line.strip().removeprefix("- ") for line in lines if line.strip()]


def test_environment_yml_names_the_same_set():
    lines = conda()
    assert lines[0] == f"python{PROJECT['requires-python']}"
    # Of CPU build, which pip does not take on Linux; of the pinned version, so that pip keeps it.
    assert lines[1] == f"pytorch-cpu={pins()['torch']}"
    assert lines[2:4] == ["pip", "pip:"]
    wanted = requirements(line for line in lines[4:] if not line.startswith("-"))
    needed = {name: str(r) for name, r in NEEDED.items() if name != "torch"}
    assert {name: str(r) for name, r in wanted.items()} == needed
    assert "--constraint constraints.txt" in lines and "-e ." in lines


@pytest.mark.parametrize("name", sorted(NEEDED | TESTS | PICTURES))
def test_the_pin_lies_in_the_range(name):
    assert (NEEDED | TESTS | PICTURES)[name].specifier.contains(pins()[name])


def test_pins_hold_everywhere():
    assert str(pins()["torch"]) == "2.13.0", "without +cpu, so that it resolves on every platform"
    assert not any(pin.local for pin in pins().values())
    assert "posebook" not in pins() and "pip" not in pins()
    makefile = (CHECKOUT / "Makefile").read_text()
    assert re.findall(r"torch==[\d.]+", makefile) == [f"torch=={pins()['torch']}"]


#: What markers ask about, on each Python and system that posebook is for.
ELSEWHERE = [
    dict(python_version=python, python_full_version=f"{python}.0", sys_platform=system,
         platform_system=name, os_name="nt" if system == "win32" else "posix",
         platform_machine="x86_64")
    for python in ("3.11", "3.12", "3.13", "3.14")
    for system, name in (("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows"))
]  # fmt: skip


def test_the_pinned_set_is_whole():
    """Whatever is needed by what is needed has a pin, so that two installs are the same: also on
    other Pythons and systems, as far as the packages that are installed here say what those need.
    """
    seen: set[tuple[str, str]] = set()
    waiting = [
        (name, extra)
        for name, r in (NEEDED | TESTS | PICTURES).items()
        for extra in {"", *r.extras}
    ]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:  # it is needed elsewhere
            continue
        for line in lines:
            below = Requirement(line)
            where = [dict(place, extra=extra) for place in ELSEWHERE]
            if below.marker is None or any(map(below.marker.evaluate, where)):
                inner = canonicalize_name(below.name)
                waiting += [(inner, e) for e in {"", *below.extras}]
    assert not {name for name, _ in seen} - pins().keys()


def test_the_pins_are_for_the_oldest_python_and_the_newest():
    """Debian 12 has 3.11.2. `tools/check_pins.py` asks about every package, and needs a network."""
    asked = 0
    for name, pin in pins().items():
        try:
            found = distribution(name)
        except PackageNotFoundError:  # it is needed elsewhere
            continue
        if Version(found.version).public == str(pin):
            wanted = SpecifierSet(found.metadata["Requires-Python"] or "")
            assert wanted.contains("3.11.0") and wanted.contains("3.14.0"), f"{name}: {wanted}"
            asked += 1
    assert asked > 100


def test_python_is_asked_for_once():
    assert PROJECT["requires-python"] == ">=3.11,<3.15"
    assert "(3, 11) <= sys.version_info < (3, 15)" in (CHECKOUT / "Makefile").read_text()
    assert "needs Python 3.11 to 3.14" in (CHECKOUT / "README.md").read_text()
    admitted = SpecifierSet(PROJECT["requires-python"])
    assert all(admitted.contains(python) for python in check_pins.PYTHONS)
    assert {python.rpartition(".")[0] for python in check_pins.PYTHONS} == {
        f"3.{minor}" for minor in range(30) if admitted.contains(f"3.{minor}.9")
    }
