"""Whether the pins hold on every Python and system that posebook is for; a check before a release.

    python -m venv /somewhere/uv && /somewhere/uv/bin/pip install uv
    python tools/check_pins.py --uv /somewhere/uv/bin/uv

It downloads no package: uv reads what each one needs, for another Python than its own too. A line
for each Python and system; exit status 1 where the pins do not resolve, or where a package would be
installed that has no pin.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
#: The first of each, and Debian 12's own. pyproject.toml's `requires-python` admits no others.
PYTHONS = ("3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0")
SYSTEMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)


def names(lines: list[str]) -> set[str]:
    """What is pinned by `name==version`, with or without [extras], as package indexes spell it."""
    found = (re.match(r"([\w.-]+)(\[[\w,.-]+\])?==", line) for line in lines)
    return {re.sub(r"[-_.]+", "-", match[1]).lower() for match in found if match}


def check(uv: str, python: str, system: str) -> str:
    """What is wrong on this Python and system; empty where nothing is."""
    words = [uv, "pip", "compile", "--quiet", "--only-binary", ":all:", "--no-header",
             "--python-version", python, "--python-platform", system,
             "--constraint", "constraints.txt", "--extra", "test", "--extra", "pictures",
             "--extra", "onnx", "--extra", "batch", "pyproject.toml"]  # fmt: skip
    # torch is built for this macOS and newer ones.
    done = subprocess.run(
        words, cwd=CHECKOUT, capture_output=True, text=True,
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"},
    )  # fmt: skip
    if done.returncode:
        return f"does not resolve: {' '.join(done.stderr.split())[:500]}"
    pinned = names((CHECKOUT / "constraints.txt").read_text().splitlines())
    without = sorted(names(done.stdout.splitlines()) - pinned)
    return f"no pin for {', '.join(without)}" if without else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--uv", default="uv", help="the command uv, where it is not on the path")
    uv = parser.parse_args().uv
    wrong = 0
    for python in PYTHONS:
        for system in SYSTEMS:
            found = check(uv, python, system)
            print(f"{'BAD' if found else 'ok '} {python:<8}{system:<25}{found}", flush=True)
            wrong += bool(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
