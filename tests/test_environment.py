"""pyproject.toml is the source of what is needed; the other two files must say the same."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]


def requirements(lines) -> dict[str, Requirement]:
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


NEEDED = requirements(PROJECT["dependencies"])
TESTS = requirements(PROJECT["optional-dependencies"]["test"])


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
    assert lines[1:3] == ["pip", "pip:"]
    assert lines[0] == f"python{PROJECT['requires-python']}"
    wanted = requirements(line for line in lines[3:] if not line.startswith("-"))
    assert {n: str(r) for n, r in wanted.items()} == {n: str(r) for n, r in NEEDED.items()}
    assert "--constraint constraints.txt" in lines and "-e ." in lines


@pytest.mark.parametrize("name", sorted(NEEDED | TESTS))
def test_the_pin_lies_in_the_range(name):
    assert (NEEDED | TESTS)[name].specifier.contains(pins()[name])


def test_pins_hold_everywhere():
    assert str(pins()["torch"]) == "2.13.0", "without +cpu, so that it resolves on every platform"
    assert not any(pin.local for pin in pins().values())
    assert "posebook" not in pins() and "pip" not in pins()
    makefile = (CHECKOUT / "Makefile").read_text()
    assert re.findall(r"torch==[\d.]+", makefile) == [f"torch=={pins()['torch']}"]


def test_the_pinned_set_is_whole():
    """Whatever is needed by what is needed has a pin, so that two installs are the same."""
    seen: set[tuple[str, str]] = set()
    waiting = [(name, extra) for name, r in (NEEDED | TESTS).items() for extra in {"", *r.extras}]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for line in distribution(name).requires or []:
            below = Requirement(line)
            if below.marker is None or below.marker.evaluate({"extra": extra}):
                inner = canonicalize_name(below.name)
                waiting += [(inner, e) for e in {"", *below.extras}]
    allowed = {"setuptools"}  # the build backend and torch bring it; any version does
    missing = {name for name, _ in seen} - pins().keys() - allowed
    assert not missing


def test_python_is_asked_for_once():
    assert PROJECT["requires-python"] == ">=3.11"
    assert "(3, 11)" in (CHECKOUT / "Makefile").read_text()
