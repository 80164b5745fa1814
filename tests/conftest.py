"""What more than one test needs: places, a small chapter of our own, the chapters there are."""

import sys
from collections.abc import Callable
from pathlib import Path

import lean_checks  # noqa: F401 (before anything of posebook is imported)
import pytest
from hypothesis import HealthCheck, settings

from posebook import chapters, cli, paths

# No test fails because a machine is slow.
settings.register_profile("book", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("book")

CHECKOUT = Path(__file__).resolve().parents[1]

TRIAL = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   posebook:
#     id: trial
#     title: A trial
#     level: beginner
#     prerequisites: []
#     minutes: {ci: 0.1, laptop: 0.2, full: 1}
#     device: cpu
#     data: [synthetic]
#     paper: arXiv:1705.03098
#     updated: 2026-11-21
# ---

# %% [markdown]
# # Does it run?

# %% tags=["parameters"]
import os

profile = os.environ.get("POSEBOOK_PROFILE", "laptop")
seed = 0
device = "cpu"
out_dir = None
data = "synthetic"
root = None
keypoints = "true"
rate = 0.1
hold = ""
fail = ""

# %%
import time
from pathlib import Path

import torch

from posebook import results, training

book = results.Results("trial", out_dir, profile=profile, seed=seed, device=device)

# %%
training.seed_everything(seed)
lifter = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1))
optimiser = torch.optim.Adam(lifter.parameters(), lr=rate)
state = dict(lifter=lifter, optimiser=optimiser)
run = training.Run(book.out_dir / "main", seed=seed, device=device, state=state)
for epoch in run.epochs(8):
    for _ in range(5):
        loss = (lifter(torch.randn(16, 3)) - 1).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        run.log(loss)
    while epoch > 3 and hold and Path(hold).exists():
        time.sleep(0.02)

# %%
if fail:
    raise ValueError(fail)

# %%
book.add("loss", run.history[-1]["loss"], "", protocol="mean of an epoch", data="noise",
         split="train", method="trial", seconds=run.seconds)
"""


@pytest.fixture(autouse=True)
def runs_elsewhere(tmp_path, monkeypatch):
    """No test writes into the reader's runs/, or depends on what the reader has fetched."""
    monkeypatch.setenv("POSEBOOK_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("POSEBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("POSEBOOK_PROFILE", raising=False)


@pytest.fixture(scope="session")
def make_trial() -> Callable[[Path], chapters.Chapter]:
    """A chapter that trains for an instant, in a folder; its knobs make it slow or make it fail."""

    def made(folder: Path) -> chapters.Chapter:
        source = folder / "notebooks" / "90_trial.py"
        source.parent.mkdir()
        source.write_text(TRIAL, encoding="utf-8")
        return chapters.read(source)

    return made


@pytest.fixture
def trial(make_trial, tmp_path) -> chapters.Chapter:
    return make_trial(tmp_path)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; tests that need it skip where it is not."""
    folder = CHECKOUT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the private data folder 'shared' beside the checkout")
    return folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `chapter` runs once for each chapter of the book."""
    if "chapter" in metafunc.fixturenames:
        found = chapters.all_chapters()
        metafunc.parametrize("chapter", found, ids=[chapter.source.stem for chapter in found])


@pytest.fixture
def posebook(monkeypatch, capsys):
    """Call the command in this process: (status, stdout, stderr)."""

    monkeypatch.setattr(paths, "_shown_from", [paths.CHECKOUT])  # which the command changes

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["posebook", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        output = capsys.readouterr()
        return left.value.code or 0, output.out, output.err

    return call
