"""A real browser without the network, and a JupyterLab that shows copies of the notebooks."""

import json
import os
import shutil
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
        launched = driver.chromium.launch(executable_path=found, args=FLAGS)
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
def watched(browser) -> Iterator[Watched]:
    """A new page. Whatever it asks of another machine is refused and written down."""
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
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
    context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[str]:
    """The address of a JupyterLab over copies of the notebooks; `{}` stands for the name."""
    root = tmp_path_factory.mktemp("lab")
    folder = root / "notebooks"
    folder.mkdir()
    for notebook in paths.NOTEBOOKS.glob("*.ipynb"):
        shutil.copy(notebook, folder)
    # JupyterLab leaves cells that are out of sight undrawn, which nobody could count.
    settings = root / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        f"JUPYTER_{name}_DIR": str(root / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    own |= {"IPYTHONDIR": str(root / "ipython"), "JUPYTERLAB_SETTINGS_DIR": str(root / "settings")}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces")}
    own |= {"POSEBOOK_PROFILE": "ci", "POSEBOOK_RUNS": str(root / "runs")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=tok"]
    command += ["--allow-root", "--LabApp.extension_manager=readonly", "--LabApp.news_url=None"]
    with open(root / "lab.log", "w") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | own,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api", server, root / "lab.log")
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token=tok&reset"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def wait_for(address: str, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")
