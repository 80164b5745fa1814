"""A real browser without the network, and the JupyterLab that `make lab` starts."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from seen import HANG_MS

from posebook import paths

PICTURES = Path(os.environ.get("POSEBOOK_SCREENSHOTS") or paths.CHECKOUT / "runs" / "screenshots")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium here; on Debian: apt-get install chromium fonts-dejavu-core")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=found, args=FLAGS, timeout=HANG_MS)
        yield launched
        launched.close()


@dataclass
class Watched:
    """A page, the errors that its scripts raised, and what it asked the network for."""

    page: Page
    errors: list[str]
    outside: list[str]

    def picture(self, name: str) -> Path:
        """A screenshot in runs/screenshots/, to be looked at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")
        return PICTURES / f"{name}.png"


@pytest.fixture
def watched(browser, request) -> Iterator[Watched]:
    """A new page. Whatever it asks of another machine is refused and written down."""
    failed = request.session.testsfailed
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    context.set_default_timeout(HANG_MS)
    context.set_default_navigation_timeout(HANG_MS)
    found = Watched(context.new_page(), [], [])
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))

    def gate(route) -> None:
        if route.request.url.startswith(("http://127.0.0.1", "file:", "data:", "blob:")):
            route.continue_()
        else:
            found.outside.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    yield found
    if request.session.testsfailed > failed:
        found.picture(f"failed_{request.node.name}")
    context.close()


@dataclass
class Lab:
    """A JupyterLab as `make lab` starts it, in a checkout of its own that git watches."""

    checkout: Path
    port: int

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/{name}?token=tok&reset"

    def git(self, *words: str) -> str:
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        command = ["git", "-c", "user.name=test", "-c", "user.email=test", *words]
        return subprocess.run(
            command, cwd=self.checkout, env=os.environ | own, check=True, capture_output=True,
            text=True,
        ).stdout  # fmt: skip


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Lab(root / "checkout", free.getsockname()[1])
    shutil.copytree(
        paths.NOTEBOOKS, made.checkout / "notebooks",
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )  # fmt: skip
    (made.checkout / "tools").mkdir()
    for name in (
        "Makefile",
        "pyproject.toml",
        "constraints.txt",
        ".gitignore",
        "tools/workbook.py",
    ):
        shutil.copy(paths.CHECKOUT / name, made.checkout / name)
    made.git("init", "-q")
    made.git("add", "-A")
    made.git("commit", "-qm", "the book")
    for plugin, settings in {
        # JupyterLab leaves cells that are out of sight undrawn, which nobody could count.
        "notebook-extension/tracker": {"windowingMode": "none"},
        "docmanager-extension/plugin": {"autosaveInterval": 15},  # seconds
    }.items():
        file = root / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    own = {
        f"JUPYTER_{name}_DIR": str(root / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    own |= {"IPYTHONDIR": str(root / "ipython"), "JUPYTERLAB_SETTINGS_DIR": str(root / "settings")}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces")}
    own |= {"POSEBOOK_PROFILE": "ci", "POSEBOOK_RUNS": str(root / "runs")}
    options = f"--no-browser --ip=127.0.0.1 --port={made.port} --ServerApp.port_retries=0 "
    options += "--IdentityProvider.token=tok --allow-root --LabApp.extension_manager=readonly "
    options += "--LabApp.news_url=None"
    # `-o`: this environment is ready, however new the copied pyproject.toml is.
    command = ["make", "lab", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.ready", f"LAB={options}"]
    with open(root / "lab.log", "w") as log:
        server = subprocess.Popen(
            command, cwd=made.checkout, env=os.environ | own, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{made.port}/api", server, root / "lab.log")
        yield made
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # make and what it started
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + HANG_MS / 1000
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=60):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")
