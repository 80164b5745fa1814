"""Broken pictures and films: each is read, or refused in one line. All of it: `break_media.py`."""

import random
import socket

import break_media
import media_mutations
import numpy as np
import pytest
import torch

from posebook.datasets.pictures import film_files, picture_files
from posebook.errors import InputError

PICTURES = media_mutations.pictures()


def read(path):
    """What becomes of a file: the pictures that come out of it, or one line."""
    try:
        if film_files.is_film(path):
            return sum(1 for _ in film_files.read(path).pictures())
        picture = picture_files.PictureFiles([path])[0]
        assert picture.dtype == torch.uint8 and picture.shape[2] == 3
        return 1
    except InputError as error:
        assert "\n" not in str(error) and path.name in str(error)
        return str(error)


@pytest.mark.parametrize("name", PICTURES)
def test_broken_pictures(tmp_path, name):
    dice = random.Random(name)
    path = tmp_path / name.replace(".gif", ".bin")  # an animation that is damaged is still a film
    path.write_bytes(PICTURES[name])
    assert read(path) == (4 if name == "animated.gif" else 1)
    for _ in range(12):
        path.write_bytes(media_mutations.broken(PICTURES[name], dice))
        if not film_files.is_film(path):
            read(path)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_broken_films(tmp_path, suffix):
    dice, path = random.Random(suffix), tmp_path / f"film.{suffix}"
    raw = np.asarray(media_mutations.scene()).tobytes() * 4
    good = media_mutations.encoded(path, raw, media_mutations.FILMS[suffix])
    assert read(path) == 4
    for _ in range(5):
        path.write_bytes(media_mutations.broken(good, dice))
        read(path)


def test_what_is_no_film_opens_no_other(tmp_path):
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    others = f"http://127.0.0.1:{listening.getsockname()[1]}/film.mp4"
    for name, content in media_mutations.playlists(others):
        path = tmp_path / name
        path.write_bytes(content)
        assert "expected a film" in str(read(path)), name
    with pytest.raises(BlockingIOError):
        listening.accept()


def test_the_tool_tells_what_does_not_hold(tmp_path, monkeypatch):
    path = tmp_path / "plain.jpg"
    path.write_bytes(PICTURES["plain.jpg"])

    def breaks(*_, **__):
        raise KeyError("a bug")

    monkeypatch.setattr(break_media, "peak_bytes", lambda: 0)
    monkeypatch.setattr(break_media.export, "lift_file", breaks)
    assert break_media.lifted(path, tmp_path / "out")["wrong"] == "no line of its own"
