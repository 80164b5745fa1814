"""Weights of others: fetched, checked, kept; each way in which that fails is one line.

No network is asked: in the client's place stands a script that copies an archive made here.
"""

import hashlib
import io
import sys
import tarfile
import zipfile

import pytest
from typer.testing import CliRunner

from posebook import cli, detection, paths
from posebook.detection import fetching, litert, weights
from posebook.errors import InputError

CONTENT = {"in/a.tflite": b"the first file", "in/b.tflite": b"and the second"}


def packed(kind: str, content=CONTENT) -> bytes:
    held = io.BytesIO()
    if kind == "pip":
        with zipfile.ZipFile(held, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=held, mode="w:gz") as archive:
            for name, data in content.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


@pytest.fixture(params=["pip", "npm"])
def shop(request, tmp_path, monkeypatch):
    """Weights called 'mine' and a client that gives what `archive` holds, or runs `script`."""
    kind = request.param
    suffix = {"pip": ".whl", "npm": ".tgz"}[kind]
    archive, script = tmp_path / f"archive{suffix}", tmp_path / "client.py"
    archive.write_bytes(packed(kind))
    script.write_text("import shutil, sys\nshutil.copy(*sys.argv[1:])\n")
    command = (sys.executable, str(script), str(archive), "{folder}")
    monkeypatch.setitem(fetching.CLIENTS, kind, (command, suffix, "the client is not there"))
    files = {
        name.partition("/")[2]: weights.File(name, len(data), hashlib.sha256(data).hexdigest())
        for name, data in CONTENT.items()
    }
    mine = weights.Weights("mine", "here", "MIT", kind, "mine==1", 1000, files)
    monkeypatch.setitem(weights.WEIGHTS, "mine", mine)
    return archive, script, mine


def test_weights_are_fetched_once_and_read(shop, capfd):
    archive, script, mine = shop
    with pytest.raises(InputError, match="`posebook detectors get mine` fetches them"):
        weights.read("mine")
    assert not weights.are_here("mine")
    assert "SHA-256 as expected" in weights.get("mine")
    assert weights.read("mine") == {"a.tflite": b"the first file", "b.tflite": b"and the second"}
    assert weights.are_here("mine")
    assert sorted(p.name for p in mine.folder.iterdir()) == ["a.tflite", "b.tflite"]
    assert mine.folder.is_relative_to(paths.cache())
    archive.unlink()  # nothing is fetched again
    assert "already" in weights.get("mine")
    assert capfd.readouterr().err.count("fetches mine==1") == 1


def test_damaged_weights_are_refused_and_fetched_anew(shop):
    mine = shop[2]
    weights.get("mine")
    (mine.folder / "b.tflite").write_bytes(b"and the sec0nd")
    with pytest.raises(InputError, match=r"b\.tflite: not the file that mine needs.*detectors get"):
        weights.read("mine")
    assert "damaged" in str(weights.listing())
    weights.get("mine")
    assert weights.read("mine")["b.tflite"] == b"and the second"


FAILING = {
    "no network": ("import sys\nprint('ERROR: No matching distribution', file=sys.stderr)\n"
                   "sys.exit(1)\n", "could not fetch mine==1: No matching distribution; `posebook "
                   "detectors get mine` tries again"),
    "no way there": ("print('WARNING: Retrying after connection broken by NewConnectionError')\n"
                     "print('ERROR: No matching distribution found')\nraise SystemExit(1)",
                     "could not fetch mine==1: its registry cannot be reached; `posebook"),
    "no reason": ("raise SystemExit(3)", "it gave no reason"),
    "nothing fetched": ("print('all is well')", "could not fetch mine==1: all is well"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILING)
def test_a_failed_fetch_is_one_line_and_leaves_nothing(shop, case):
    _, script, mine = shop
    text, said = FAILING[case]
    script.write_text(text)
    with pytest.raises(InputError) as caught:
        weights.get("mine")
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert list(mine.folder.iterdir()) == []


def test_a_client_that_is_not_there(shop, monkeypatch):
    mine = shop[2]
    _, suffix, absent = fetching.CLIENTS[mine.client]
    monkeypatch.setitem(fetching.CLIENTS, mine.client, (("no-such-client",), suffix, absent))
    with pytest.raises(InputError, match="mine: the client is not there; `posebook detectors get"):
        weights.get("mine")
    assert list(mine.folder.iterdir()) == []


ALTERED = {
    "another content": ({**CONTENT, "in/a.tflite": b"The first file"}, "its SHA-256 is"),
    "a larger file": ({**CONTENT, "in/a.tflite": b"x" * 9999}, "has 9999 bytes; expected 14 bytes"),
    "a file is missing": ({"in/a.tflite": b"the first file"}, "in/b.tflite is not in it"),
}


@pytest.mark.parametrize("case", [*ALTERED, "no archive", "cut short"])
def test_what_is_not_the_expected_file_is_refused(shop, case):
    archive, _, mine = shop
    weights.get("mine")
    (mine.folder / "a.tflite").unlink()
    if case in ALTERED:
        content, said = ALTERED[case]
        archive.write_bytes(packed(mine.client, content))
    else:
        whole = packed(mine.client)
        archive.write_bytes(b"<html>" * 50 if case == "no archive" else whole[: len(whole) // 2])
        said = "not a whole package"
    with pytest.raises(InputError) as caught:
        weights.get("mine")
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert [path.name for path in mine.folder.iterdir()] == ["b.tflite"], "what was there stays"


def test_the_commands(shop, capsys):
    run = CliRunner().invoke
    assert "mine" in run(cli.app, ["detectors", "list"]).output
    assert "SHA-256 as expected" in run(cli.app, ["detectors", "get", "mine"]).output
    wrong = run(cli.app, ["detectors", "get", "nobody"])
    assert isinstance(wrong.exception, InputError)
    assert "no weights are fetched for 'nobody'; there are blazepose" in str(wrong.exception)


def test_what_is_known_of_each_detector():
    for name, known in weights.WEIGHTS.items():
        assert known.name == name and known.kept_size < known.size and known.licence
        assert all(len(file.sha256) == 64 for file in known.files.values())
        with pytest.raises(InputError, match=f"`posebook detectors get {name}`"):
            detection.load(name)


def test_without_the_package_that_runs_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match="needs the package ai-edge-litert: python -m pip install"):
        litert.network(b"", "finder.tflite")


def test_the_cache_is_where_the_system_has_caches(monkeypatch, tmp_path):
    assert paths.cache() == tmp_path / "cache"
    monkeypatch.delenv("POSEBOOK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert paths.cache() == tmp_path / "x" / "posebook"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert paths.cache().parts[-2:] == ("Caches", "posebook")
    assert not paths.cache().is_relative_to(paths.CHECKOUT)
