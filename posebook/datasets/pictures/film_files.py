"""Films, one picture after the other, decoded by the ffmpeg that comes with imageio.

    film = film_files.read("walk.mp4")
    film.size_px, film.frames_per_second, film.frames
    for picture in film.pictures():    # (height, width, 3) uint8 RGB
        ...

One picture is held at a time, so an hour of film takes no more memory than a second of it. Pictures
are turned as the file asks, and pixels that are not square are made so. The rate is constant: where
a film's own is not, pictures are repeated or left out, and `Film.notes` says it. An animated GIF is
a film, too. Only containers of films are opened, and only the one file: never a playlist that names
others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy
import torch
from torch import Tensor

from posebook.datasets.pictures import picture_files
from posebook.datasets.pictures.ffmpeg import ONE_THREAD, Ffmpeg
from posebook.datasets.readers.content import HEAD, seems
from posebook.errors import InputError
from posebook.files import read_bytes, regular

SUFFIXES = (".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2v",
            ".vob", ".ts", ".mts", ".m2ts", ".wmv", ".asf", ".flv", ".3gp", ".3g2", ".ogv",
            ".mxf", ".dv")  # fmt: skip
#: ffmpeg's names of the containers that are opened.
_CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,flv,ogg,mxf,dv,"
               "h264,hevc,m4v,ivf,nut,rm,wtv,y4m,yuv4mpegpipe,gif")  # fmt: skip
_EXPECTED = "a film (MP4, MOV, MKV, WebM, AVI, ...)"
#: A picture of more is not decoded: 8K has 33 million.
MOST_PIXELS = 36_000_000
_MOST_BYTES, _MOST_GIF_BYTES = 1 << 42, 1 << 28
#: Rates beyond these are taken for damage.
_SLOWEST, _FASTEST = 0.01, 1000.0
#: Rates that cameras have. Times in whole milliseconds give them up to this part of them.
_USUAL = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0, 120.0, 240.0)
_ROUNDED = 0.0005
#: The rate is constant where no picture is further than this part of a step from its place.
_OFF_PLACE = 0.6
#: A film in which so small a part of the pictures is missing is not said to vary.
_A_SLIP = 0.02
#: A film whose rate is not constant may become so many times as many pictures, and this many more.
_MOST_REPEATS, _FEW = 10, 1000
#: Pictures that end so much earlier than the file says are cut short: a part of it, and seconds.
_SHORT_BY, _SHORT_BY_S = 0.05, 1.0
#: The pixels of a film are at most so many times as wide as tall, or as tall as wide.
_MOST_STRETCHED = 4


@dataclass(frozen=True)
class Film:
    """A film that can be read.

    size_px            width and height, as it is shown
    frames_per_second  constant; None where the file does not say
    frames             how many pictures to expect; damaged films have fewer
    notes              what was done to its rate, and what is wrong with the file
    """

    path: Path
    size_px: tuple[int, int]
    frames_per_second: float | None
    frames: int
    notes: tuple[str, ...] = ()
    _filters: str = ""

    def pictures(self, start: int = 0) -> Iterator[Tensor]:
        """(height, width, 3) uint8 RGB of each picture from number `start` on.

        They end where the file does, and where no more of it can be decoded.
        """
        yield from _decoded(self.path, self._filters, start)

    def recipe(self, start: int) -> tuple[list[str], str]:
        """What ffmpeg is told, so that its first picture is number `start`: options, filters."""
        return _recipe(self.path, self._filters, start)

    def lacking(self, count: int) -> tuple[str, ...]:
        """Words on a film of which only so many pictures came out; none where they are all."""
        if count >= (1 - _A_SLIP) * self.frames - 2:
            return ()
        return (
            f"{self.path.name}: only {count} of about {self.frames} pictures can be decoded; the "
            "file is damaged.",
        )


def is_film(path: Path) -> bool:
    """Whether a file is a film's container, or is called as if it were one."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as opened:
            head = opened.read(64)
    except OSError:
        return False
    found = seems(head, path)
    if _moves(path, head):
        return True
    return path.suffix.lower() in SUFFIXES or (found is not None and "film (" in found[0])


def _moves(path: Path, head: bytes) -> bool:
    """Whether a file is a GIF of several pictures."""
    if not head.startswith(b"GIF8"):
        return False
    try:
        return picture_files.holds_several(read_bytes(path, _EXPECTED, _MOST_GIF_BYTES))
    except Exception:  # a damaged one makes Pillow raise a dozen kinds
        return False


def read(path: Path | str) -> Film:
    """A film, after one pass over the file that reads the time of each picture and decodes one.

    InputError, one line, for what is no film, holds no picture, or cannot be decoded.
    """
    path = regular(path, _EXPECTED, _MOST_BYTES)
    with path.open("rb") as opened:
        head = opened.read(HEAD)
    found = seems(head, path)
    if found is not None and "film (" not in found[0] and not _moves(path, head):
        raise InputError(f"{path}: seems to be {found[0]}; expected {_EXPECTED}")
    if b"\x00" not in head[:4096]:
        raise InputError(f"{path}: is text, and no film; expected {_EXPECTED}")
    times_s, duration_s, faults = _times(path)
    rate, constant = _rate(times_s)
    notes = [f"{path.name}: {text}." for text in _short(times_s, duration_s, faults)]
    base = Fraction(rate or 30.0).limit_denominator(100_000)
    step = f"setpts=N/({base})/TB"
    filters, frames = step, len(times_s)
    if not constant and rate is not None:
        frames = round((times_s[-1] - times_s[0]) * rate) + 1
        if frames <= _MOST_REPEATS * len(times_s) + _FEW:
            filters = f"fps={base},{step}"
            if abs(frames - len(times_s)) > _A_SLIP * len(times_s):
                notes.append(
                    f"{path.name}: its frame rate varies; its {len(times_s)} pictures are shown "
                    f"{rate:.4g} times a second, repeated or left out where need be."
                )
        else:
            frames = len(times_s)
            notes.append(
                f"{path.name}: the times of its pictures leave gaps too long to be meant; taken as "
                f"{rate:.4g} pictures a second."
            )
    first = next(_decoded(path, filters, 0), None)
    if first is None:
        raise InputError(
            f"{path}: none of its {len(times_s)} pictures can be decoded{_because(faults)}; "
            f"expected {_EXPECTED}"
        )
    tall, wide = first.shape[:2]
    return Film(path, (wide, tall), rate, frames, tuple(notes), filters)


def _recipe(path: Path, filters: str, start: int) -> tuple[list[str], str]:
    """ffmpeg's options for reading a file, and the filters that make its pictures square."""
    later = f",select=gte(n\\,{start}),setpts=PTS-STARTPTS" if start else ""
    most = _MOST_STRETCHED
    # The width is rounded as the height is kept: one that is square already is not scaled at all.
    square = f",scale=w='max(1,round(iw*clip(sar,1/{most},{most})))':h=ih,setsar=1"
    options = ["-max_pixels", str(MOST_PIXELS), *_opened(path)]
    return options, f"{filters}{later}{square}"


def _decoded(path: Path, filters: str, start: int) -> Iterator[Tensor]:
    """Pictures from number `start` on, as ffmpeg hands them over: each with its own size."""
    options, filters = _recipe(path, filters, start)
    writing = ["-fps_mode", "passthrough", "-f", "image2pipe", "-c:v", "ppm", *ONE_THREAD, "-"]
    with Ffmpeg(path, options, ["-vf", filters, *writing]) as running:
        while True:
            words = [running.line() for _ in range(3)]  # P6, then width and height, then 255
            size = re.fullmatch(rb"P6\n([0-9]{1,6}) ([0-9]{1,6})\n255\n", b"".join(words))
            if size is None:
                return
            wide, tall = map(int, size.groups())
            if wide * tall > _MOST_STRETCHED * MOST_PIXELS:
                return
            content = running.read(3 * wide * tall)
            if len(content) < 3 * wide * tall:
                return
            yield torch.from_numpy(numpy.frombuffer(content, numpy.uint8).reshape(tall, wide, 3))


def _times(path: Path) -> tuple[numpy.ndarray, float, list[str]]:
    """When each picture is shown, s, in order; how long the file says it is; what is wrong.

    Nothing is decoded: `framecrc` writes a line for each packet.
    """
    unit, decoded, shown = 1.0, [], []
    with Ffmpeg(path, _opened(path), ["-c", "copy", "-f", "framecrc", "-"]) as running:
        while line := running.line():
            if line.startswith(b"#tb 0:"):
                unit = float(Fraction(line.split(b":")[1].strip().decode()))
            elif not line.startswith(b"#"):
                words = [word.strip() for word in line.split(b",")]
                for word, times in zip(words[1:3], (decoded, shown), strict=False):
                    if re.fullmatch(rb"-?[0-9]{1,18}", word):
                        times.append(int(word))
        said = running.said()
    faults = [reason for text in said if (reason := _reason(text))]
    # Pictures may be kept in another order than they are shown in; old containers know only one.
    shown = max(shown, decoded, key=len)
    if not shown:
        raise InputError(f"{path}: holds no picture that can be read{_because(faults)}; expected "
                         f"{_EXPECTED}")  # fmt: skip
    clock = next((found for text in said if (found := _DURATION.search(text))), None)
    duration_s = 0.0
    if clock is not None:
        hours, minutes, seconds = map(float, clock.groups())
        duration_s = 3600 * hours + 60 * minutes + seconds
    return numpy.sort(numpy.array(shown, numpy.int64)) * unit, duration_s, faults


def _rate(times_s: numpy.ndarray) -> tuple[float | None, bool]:
    """Pictures a second, and whether that is constant; None where nothing says it."""
    steps = numpy.diff(times_s)
    steps = steps[steps > 0]
    if not len(steps):
        return None, True
    mean = (times_s[-1] - times_s[0]) / (len(times_s) - 1)
    place = times_s[0] + mean * numpy.arange(len(times_s))
    constant = bool(numpy.abs(times_s - place).max() <= _OFF_PLACE * mean)
    if not constant:
        # That of its quicker parts: the others repeat pictures, which costs nothing.
        quick = numpy.quantile(steps, 0.1, method="nearest")
        mean = steps[numpy.abs(steps - quick) <= 0.2 * quick].mean()
    rate = float(1 / mean)
    rate = next((usual for usual in _USUAL if abs(rate / usual - 1) < _ROUNDED), rate)
    return (rate, constant) if _SLOWEST <= rate <= _FASTEST else (None, True)


def _short(times_s: numpy.ndarray, duration_s: float, faults: list[str]) -> list[str]:
    """Words on a file that ends before it should."""
    step = (times_s[-1] - times_s[0]) / max(len(times_s) - 1, 1)
    shown_s = times_s[-1] - min(times_s[0], 0.0) + step
    lacking = duration_s - shown_s
    cut = [text for text in faults if re.search("partial file|prematurely|truncat", text)]
    if not cut and lacking <= max(_SHORT_BY_S, _SHORT_BY * duration_s):
        return []
    much = f" of {duration_s:.1f} s" if lacking > 0 else ""
    return [f"the file is cut short or damaged: its pictures end after {shown_s:.1f} s{much}"]


def _opened(path: Path) -> list[str]:
    """Options for reading one file and no other."""
    where = f"file:{path.absolute()}"
    return ["-format_whitelist", _CONTAINERS, "-protocol_whitelist", "file", "-i", where,
            "-map", "0:V:0"]  # fmt: skip


_DURATION = re.compile(r"Duration: ([0-9]+):([0-9]+):([0-9.]+)")
#: What ffmpeg says of a file that is damaged, or is none, in its words.
_FAULT = re.compile(
    "not found|[Ii]nvalid|partial|prematurely|truncat|damaged|corrupt|whitelist|too many|exceed"
    "|[Cc]annot|Could not|matches no|unsupported|unknown|overread|error", re.IGNORECASE
)  # fmt: skip
_PLAINER = {
    "Stream map '' matches no streams.": "it has no stream of pictures",
    "Format not on whitelist": "it is no container of a film",
    "moov atom not found": "its index, at the end of the file, is missing: copy it again",
}


def _reason(text: str) -> str:
    """ffmpeg's words without the place in its program; '' where they tell of no fault."""
    text = re.sub(r"^(\[[^]]*\] )+", "", text.strip())
    if not _FAULT.search(text) or text.startswith(("Error", "Last message", "Input", "Stream #")):
        return ""
    plain = next((plainer for start, plainer in _PLAINER.items() if text.startswith(start)), text)
    return plain.rstrip(".")


def _because(faults: list[str]) -> str:
    return f" ({faults[0]:.100})" if faults else " (broken, or cut short?)"
