"""Imports run one way, files stay small enough to read, and nothing imports a notebook."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "posebook"

# A module may import from its own row and from the rows above it. A package's modules share a row.
ROWS = [
    line.split()
    for line in (
        "errors paths shapes human36m_calibration result_tables chapter_parameters",
        "skeletons results",
        "geometry lenses viewpoint",
        "cameras",
        "losses metrics joint_errors protocols ambiguity datasets models figures",
        "placing rigid_body smoothing key_points",
        "person_view normalisations kudo_training kudo_protocol kudo_demo",
        "training lifting lifter_files evaluation evaluation_data bvh_export pose_files",
        "lift_clip lift_page export",
        "execute chapters running",
        "doctor cli",
    )
]
# Families that stand side by side and do not know each other: who -> what it may not import.
APART = {
    "models": {"datasets", "models", "losses", "metrics", "figures"},
    "losses": {"models", "datasets"},
    "metrics": {"models"},
    "datasets": {"models", "losses", "figures"},
    "figures": {"models", "losses"},
}
LARGEST = 300
# A file that is longer, and why it is not two.
LONG = {
    "skeletons.py": "thirteen joint sets: a table, not logic",
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


def row(module: str) -> int:
    name = family(module)
    if not name:  # posebook itself holds the version and imports nothing
        return 0
    found = [index for index, names in enumerate(ROWS) if name in names]
    assert found, f"posebook/{name} has no row in tests/test_architecture.py: say where it stands"
    return found[0]


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_no_arrow_runs_upward(path):
    module = module_of(path)
    for imported in imports(path):
        assert row(imported) <= row(module), f"{module} imports {imported}, which stands above it"
        not_allowed = APART.get(family(module), set())
        itself = imported == module or imported == f"posebook.{family(module)}"
        assert itself or family(imported) not in not_allowed, f"{module} imports {imported}"


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
