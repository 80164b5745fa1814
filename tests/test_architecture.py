"""Imports run one way, files stay small enough to read, and nothing imports a notebook."""

import ast
from functools import cache
from pathlib import Path

import pytest

from posebook import chapters
from posebook.lifting import SHIPPED

PACKAGE = Path(__file__).resolve().parents[1] / "posebook"

# From the ground up, one name a rank: a module imports from its own name and from those before it.
ORDER = (
    "errors", "shapes", "paths", "files", "skeletons", "tables", "geometry", "results", "training",
    "cameras", "key_points", "metrics", "datasets", "figures", "chapters", "methods", "detection",
    "lifting", "evaluation", "export", "labelling", "course", "doctor", "cli",
)  # fmt: skip
# Methods whose chapters are being written, and what those will name as prerequisites.
COMING: dict[str, list[str]] = {}
# Modules of methods/ that no chapter owns.
SHARED = ("network_files", "supervised_losses")
MOST_NAMES = 24
LARGEST = 300
# A file that is longer, and why it is not two.
LONG = {
    "skeletons.py": "seventeen joint sets: a table, not logic",
}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


@cache
def imports(path: Path) -> frozenset[str]:
    """Names of posebook's own modules that a file imports, anywhere in it."""
    modules = {module_of(source) for source in sources()}
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: write imports in full, from posebook"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules else node.module)
    return frozenset(name for name in found if name.partition(".")[0] == "posebook")


def family(module: str) -> str:
    """'posebook.datasets.clips' -> 'datasets'."""
    return module.split(".")[1] if "." in module else ""


def rank(module: str) -> int:
    name = family(module)
    if not name:  # posebook itself holds the version and imports nothing
        return -1
    assert name in ORDER, (
        f"posebook/{name} has no rank in {Path(__file__).name}: say where it stands"
    )
    return ORDER.index(name)


def complaint_about(module: str, imported: str, prerequisites: dict[str, list[str]]) -> str | None:
    """What is wrong with an arrow from one module to another, or None."""
    if rank(imported) > rank(module):
        return f"{module} imports {imported}, which stands above it"
    ours, theirs = method_of(module), method_of(imported)
    if ours and theirs and ours != theirs and theirs not in prerequisites[ours]:
        return f"{module} imports {imported}, which its chapter does not name as a prerequisite"
    return None


def method_of(module: str) -> str | None:
    """'posebook.methods.repnet.losses' -> 'repnet'; None for what no chapter owns."""
    parts = module.split(".")
    owned = parts[1:2] == ["methods"] and len(parts) > 2 and parts[2] not in SHARED
    return parts[2] if owned else None


@cache
def prerequisites() -> dict[str, list[str]]:
    return COMING | {chapter.id: chapter.prerequisites for chapter in chapters.all_chapters()}


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_no_arrow_runs_upward(path):
    module = module_of(path)
    wrong = [complaint_about(module, other, prerequisites()) for other in imports(path)]
    assert not any(wrong), "; ".join(filter(None, wrong))


@pytest.mark.parametrize(
    ("module", "imported", "wrong"),
    [
        ("posebook.geometry.bones", "posebook.cameras.camera", True),
        ("posebook.figures.charts", "posebook.lifting", True),
        ("posebook.lifting.lifter", "posebook.evaluation", True),
        ("posebook.evaluation", "posebook.lifting.lifter", False),
        ("posebook.methods.video_gan.step", "posebook.methods.repnet.step", False),
        ("posebook.methods.repnet.step", "posebook.methods.video_gan.losses", True),
        ("posebook.methods.elepose.losses", "posebook.methods.supervised_losses", False),
    ],
)
def test_an_arrow_that_runs_upward_is_told(module, imported, wrong):
    assert bool(complaint_about(module, imported, prerequisites())) == wrong


def test_the_top_can_be_taken_in_at_a_glance():
    names = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in sources()}
    assert names - {"__init__"} == set(ORDER)
    assert len(ORDER) <= MOST_NAMES


def test_a_method_is_called_what_its_chapter_is():
    """One word: `posebook run X`, `--lifter X`, data/lifters/X.*, notebooks/NN_X, methods/X."""
    ids = {chapter.id for chapter in chapters.all_chapters()}
    folders = {path.name for path in (PACKAGE / "methods").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= ids | COMING.keys()
    assert not ids & COMING.keys(), "the chapter is there: take it out of COMING"
    assert SHIPPED.keys() <= ids
    for chapter in chapters.all_chapters():
        assert chapter.source.stem == f"{chapter.number}_{chapter.id}"
    for name, file in SHIPPED.items():
        assert file.name == f"{name}.safetensors" and file.with_suffix(".md").exists()


def test_no_circle():
    graph = {module_of(path): imports(path) for path in sources()}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for imported in graph.get(module, ()):
                visit(imported, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_the_package_imports_no_notebook_and_no_test():
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in ("notebooks", "tests", "tools"), path.name


def test_shapes_are_checked_where_they_are_written():
    """`from __future__ import annotations` would turn the shapes into strings that nobody reads."""
    for path in sources():
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_a_file_can_be_read_in_one_sitting(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    name = path.relative_to(PACKAGE).as_posix()
    assert lines <= LARGEST or name in LONG, f"{name} has {lines} lines: is it asking to be two?"
    assert name not in LONG or lines > LARGEST, f"{name} is short again: take it out of LONG"


def test_every_package_is_installed():
    """setuptools is told the packages by name; one that is left out is missing after install."""
    import tomllib

    listed = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {module_of(path) for path in sources() if path.name == "__init__.py"}
    assert set(listed["packages"]) == folders
