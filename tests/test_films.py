"""Films read one picture after the other: what they hold, how they are turned, and what is none."""

import shutil
import tracemalloc

import film_writer as writer
import numpy as np
import pytest
from film_writer import RATE, TALL, WIDE, counting, number_of
from PIL import Image

from posebook.datasets.pictures import ffmpeg, film_files
from posebook.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def plain(folder):
    return writer.write(folder / "plain.mp4", counting(50))


def numbers(film, start=0):
    return [number_of(picture) for picture in film.pictures(start)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", ()),
        ("a.webm", ("-deadline", "realtime", "-b:v", "1M")),
        ("a.avi", ("-q:v", "2")),
        ("called.jpg", ("-f", "mov", "-movflags", "faststart")),
        ("spaces & 'quotes' %d.mp4", ()),
    ],
)
def test_every_container(folder, name, options):
    path = writer.write(folder / name, counting(30), options=options)
    film = film_files.read(path)
    assert film.size_px == (WIDE, TALL) and film.frames_per_second == pytest.approx(RATE, rel=1e-3)
    found = numbers(film)
    assert abs(len(found) - 30) <= 1 and abs(film.frames - 30) <= 1 and film.notes == ()
    assert np.abs(np.array(found[:29]) - np.arange(29)).max() <= 1
    assert film_files.is_film(path)


def test_an_animated_gif_is_a_film_and_one_that_stands_still_is_none(folder):
    path, still = folder / "moves.gif", folder / "still.gif"
    first, *others = map(Image.fromarray, counting(12))
    first.save(path, save_all=True, append_images=others, duration=40)
    first.save(still)
    assert film_files.is_film(path) and not film_files.is_film(still)
    film = film_files.read(path)
    assert (film.size_px, film.frames_per_second, film.frames) == ((WIDE, TALL), 25, 12)
    assert numbers(film) == [*range(12)]
    assert numbers(film_files.read(shutil.copy(path, folder / "moves.mp4")), 5) == [*range(5, 12)]
    with pytest.raises(InputError, match="seems to be a GIF picture"):
        film_files.read(still)
    path.write_bytes(path.read_bytes()[:900])
    assert not film_files.is_film(path) or len(numbers(film_files.read(path))) < 12


def test_reading_goes_on_from_any_picture(plain):
    film = film_files.read(plain)
    assert numbers(film) == list(range(50))
    assert numbers(film, 37) == list(range(37, 50)) and numbers(film, 50) == []
    first = next(film.pictures())
    assert first.shape == (TALL, WIDE, 3) and first[2, 2].tolist() == pytest.approx(
        [230, 20, 20], abs=12
    )


@pytest.mark.parametrize(
    ("degrees", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (-90, (0, 1))]
)
def test_a_film_is_turned_as_it_asks(folder, plain, degrees, corner):
    """Where the red corner lies: (down, right)."""
    film = film_files.read(writer.turned(folder / f"turned{degrees}.mp4", plain, degrees))
    assert film.size_px == ((WIDE, TALL) if degrees % 180 == 0 else (TALL, WIDE))
    picture = next(film.pictures(10))
    down, right = corner
    red = picture[-3 if down else 2, -3 if right else 2]
    assert red[0] > 200 and red[1] < 50


def test_pixels_that_are_not_square(folder):
    path = writer.write(folder / "wide.mp4", counting(3), options=["-vf", "setsar=2/1"])
    assert film_files.read(path).size_px == (2 * WIDE, TALL)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_rate_that_varies(folder, suffix):
    """Ten pictures at the full rate, then ten at a third of it: each is shown when it should be."""
    path = writer.at_times(
        folder / f"varies.{suffix}", counting(20), "if(lt(N,10),N,10+3*(N-10))", ["-bf", "0"]
    )
    film = film_files.read(path)
    assert film.frames_per_second == pytest.approx(RATE, rel=0.002)
    (note,) = film.notes
    assert "frame rate varies" in note and "20 pictures" in note
    found = numbers(film)
    wanted = [n if n < 10 else 10 + round((n - 10) / 3) for n in range(len(found))]
    assert 36 <= len(found) <= 40 and np.abs(np.array(found) - wanted).max() <= 1


def test_a_few_lost_pictures_are_repeated_and_not_spoken_of(folder):
    path = writer.at_times(folder / "lost.mp4", counting(50), "N+gte(N,25)", ["-bf", "0"])
    film = film_files.read(path)
    found = numbers(film)
    assert film.notes == () and abs(len(found) - 51) <= 1
    assert abs(found[40] - 39) <= 1


def test_a_long_gap_is_not_filled(folder):
    path = writer.at_times(folder / "gap.mp4", counting(20), "N+gte(N,10)*5000", ["-bf", "0"])
    film = film_files.read(path)
    assert "gaps too long to be meant" in film.notes[0]
    assert numbers(film) == list(range(20))


def test_a_rate_that_nobody_knows(folder):
    film = film_files.read(writer.write(folder / "one.mp4", counting(1)))
    assert film.frames_per_second is None and film.frames == len(numbers(film)) == 1


def test_memory_does_not_grow_with_the_film(folder):
    """Of 10 pictures and of 100, as much is held at once."""
    peaks = []
    for count in (10, 100):
        film = film_files.read(writer.write(folder / f"{count}.mp4", counting(count) // 8 * 8))
        tracemalloc.start()
        assert sum(1 for _ in film.pictures()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_a_film_that_is_cut_short_is_read_as_far_as_it_goes(folder):
    noise = np.random.default_rng(0).integers(0, 255, (60, TALL, WIDE, 3), dtype=np.uint8)
    options = ["-movflags", "faststart", "-g", "5"]
    whole = writer.write(folder / "noise.mp4", noise, 20, options).read_bytes()
    path = folder / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    film = film_files.read(path)
    assert "cut short" in film.notes[0] and "of 3.0 s" in film.notes[0]
    assert 15 < sum(1 for _ in film.pictures()) < 45
    assert film.lacking(film.frames) == ()
    assert "only 3 of about" in film.lacking(3)[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"#!/bin/sh\nrm -rf /\n", "is text, and no film"),
        (b"ffconcat version 1.0\nfile 'plain.mp4'\n", "is text, and no film"),
        (b"#EXTM3U\n#EXTINF:10,\nplain.mp4\n#EXT-X-ENDLIST\n", "is text, and no film"),
        (b"#EXTM3U\n#EXTINF:10,\nplain.mp4\n#EXT-X-ENDLIST\n\0", "holds no picture"),
        (b"ffconcat version 1.0\nfile 'plain.mp4'\n\0", "it is no container of a film"),
        (bytes(range(256)) * 40, "holds no picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "seems to be a PNG picture"),
        (b"\0\0\0\x18ftypisom" + bytes(40), "holds no picture"),
        (b"\x1aE\xdf\xa3" + bytes(400), "holds no picture"),
    ],
)
def test_what_is_no_film_is_told_in_one_line(folder, plain, content, said):
    path = folder / "script.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        film_files.read(path)
    assert "script.mp4" in str(error.value) and "expected a film" in str(error.value)
    assert film_files.is_film(path)


def test_a_film_without_pictures(folder, plain):
    sound = folder / "sound.mp4"
    writer.run("-f", "lavfi", "-i", "sine=d=0.2", str(sound))
    with pytest.raises(InputError, match="no stream of pictures"):
        film_files.read(sound)
    cut = folder / "half.mp4"
    cut.write_bytes(plain.read_bytes()[:900])
    with pytest.raises(InputError, match="its index, at the end of the file, is missing"):
        film_files.read(cut)
    whole = bytearray(plain.read_bytes())
    start = whole.index(b"mdat") + 4
    whole[start : whole.index(b"moov") - 4] = bytes(whole.index(b"moov") - 4 - start)
    cut.write_bytes(whole)
    with pytest.raises(InputError, match="can be (read|decoded)"):
        film_files.read(cut)
    with pytest.raises(InputError, match="is a folder"):
        film_files.read(folder)
    assert not film_files.is_film(folder)


def test_pictures_that_are_too_large_are_not_decoded(folder, plain, monkeypatch):
    monkeypatch.setattr(film_files, "MOST_PIXELS", WIDE * TALL - 1)
    with pytest.raises(InputError, match="none of its 50 pictures can be decoded"):
        film_files.read(plain)


def test_ffmpeg_that_stops_is_waited_for_no_longer(folder, plain, monkeypatch):
    silent = folder / "silent"
    silent.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    silent.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "program", lambda: str(silent))
    monkeypatch.setattr(ffmpeg, "LONGEST_WAIT_S", 0.1)
    with pytest.raises(InputError, match=r"no picture came out of it within 0\.1 s"):
        film_files.read(plain)


def test_without_ffmpeg_one_line_says_what_to_do(plain, monkeypatch):
    import imageio_ffmpeg

    def missing():
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", missing)
    with pytest.raises(InputError, match="pip install"):
        film_files.read(plain)
