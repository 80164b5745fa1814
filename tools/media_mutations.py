"""Pictures and films, and ways to break them: bytes, pieces, sizes that their headers say.

`pictures` and `films` give good files by name; `broken` makes worse ones of any of them; `odd`
gives what is called a picture or a film and is none, or is one at the edge of what can be.
"""

import io
import random
import re
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator

import imageio_ffmpeg
import numpy
from PIL import Image, features

WIDE, TALL, RATE = 96, 72, 12
#: A film's container, and the options that write it.
FILMS = {
    "mp4": ["-c:v", "libx264"], "mov": ["-c:v", "mpeg4"], "mkv": ["-c:v", "libx264"],
    "webm": ["-c:v", "libvpx-vp9"], "avi": ["-c:v", "mjpeg"], "ts": ["-c:v", "mpeg2video"],
    "flv": ["-c:v", "flv1"], "mpg": ["-c:v", "mpeg2video", "-r", "25"],
}  # fmt: skip
SIZES = (0, 1, 7, 255, 4096, 20_000, 32_767, 65_535)


def scene(wide: int = WIDE, tall: int = TALL, number: int = 0) -> Image.Image:
    """A coloured picture with edges."""
    y, x = numpy.mgrid[:tall, :wide]
    shades = numpy.stack([x * 3 + number * 9, y * 3, (x // 8 + y // 8) % 2 * 200], -1)
    return Image.fromarray((shades % 256).astype(numpy.uint8))


def pictures() -> dict[str, bytes]:
    """Good pictures of every kind, by file name."""
    plain = scene()
    several = [scene(number=number) for number in range(4)]
    deep = Image.fromarray((numpy.mgrid[:TALL, :WIDE][1] * 600).astype(numpy.uint16))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a maker"
    more = dict(save_all=True, append_images=several[1:], duration=40)
    kinds: dict[str, tuple[Image.Image, dict]] = {
        "plain.jpg": (plain, dict(quality=90)),
        "exif.jpg": (plain, dict(exif=exif)),
        "progressive.jpg": (plain, dict(progressive=True)),
        "cmyk.jpg": (plain.convert("CMYK"), {}),
        "plain.png": (plain, {}),
        "alpha.png": (plain.convert("RGBA"), {}),
        "palette.png": (plain.convert("P"), dict(transparency=3)),
        "deep.png": (deep, {}),
        "animated.png": (several[0], more),
        "plain.webp": (plain, dict(exif=exif)),
        "lossless.webp": (plain.convert("RGBA"), dict(lossless=True)),
        "animated.webp": (several[0], more),
        "plain.gif": (plain, {}),
        "animated.gif": (several[0], more),
        "plain.bmp": (plain, {}),
        "plain.tiff": (plain, {}),
        "packed.tiff": (plain, dict(compression="tiff_lzw")),
        "pages.tiff": (several[0], dict(save_all=True, append_images=several[1:])),
        "cmyk.tiff": (plain.convert("CMYK"), {}),
        "float.tiff": (plain.convert("F"), {}),
        "plain.ppm": (plain, {}),
    }
    if features.check("jpg_2000"):
        kinds["plain.jp2"] = (plain, {})
    if features.check("avif"):
        kinds["plain.avif"] = (plain, {})
    return {name: _stored(picture, name, **how) for name, (picture, how) in kinds.items()}


def _stored(picture: Image.Image, name: str, **how) -> bytes:
    held = io.BytesIO()
    kind = Image.registered_extensions()[f".{name.rpartition('.')[2]}"]
    picture.save(held, kind, **how)
    return held.getvalue()


def films(folder, count: int = 8) -> dict[str, bytes]:
    """Good films of every container, by file name; written in a folder."""
    raw = b"".join(scene(number=number).tobytes() for number in range(count))
    made = {}
    for suffix, options in FILMS.items():
        made[f"film.{suffix}"] = encoded(folder / f"film.{suffix}", raw, options)
    made["turned.mp4"] = _remuxed(folder, "film.mp4", "turned.mp4", ["-display_rotation", "-90"])
    made["tilted.mov"] = _remuxed(folder, "film.mov", "tilted.mov", ["-display_rotation", "-45"])
    made["fast.mp4"] = encoded(folder / "fast.mp4", raw, FILMS["mp4"], rate="1000000")
    made["slow.mkv"] = encoded(folder / "slow.mkv", raw, FILMS["mkv"], rate="1/600")
    return made


def encoded(path, raw: bytes, options: list[str], rate: str = str(RATE)) -> bytes:
    _ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDE}x{TALL}", "-r", rate, "-i", "-",
            "-pix_fmt", "yuvj420p" if "mjpeg" in options else "yuv420p", *options, str(path),
            given=raw)  # fmt: skip
    return path.read_bytes()


def _remuxed(folder, source: str, name: str, options: list[str]) -> bytes:
    _ffmpeg(*options, "-i", str(folder / source), "-c", "copy", str(folder / name))
    return (folder / name).read_bytes()


def _ffmpeg(*words: str, given: bytes = b"") -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *words]
    subprocess.run(command, input=given, check=True)


def broken(content: bytes, dice: random.Random) -> bytes:
    """One to three changes to a picture or a film."""
    for _ in range(dice.choice((1, 1, 2, 3))):
        content = dice.choice(CHANGES)(content, dice)
    return content


def _flipped(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    # Most of what a header says stands near the beginning; of a film, also at its end.
    near = dice.choice((64, 400, len(changed)))
    for _ in range(dice.choice((1, 4, 30))):
        if changed:
            place = dice.randrange(min(near, len(changed)))
            changed[-place - 1 if dice.random() < 0.2 else place] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _truncated(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _moved(content: bytes, dice: random.Random) -> bytes:
    """A piece is left out, doubled, emptied, or put somewhere else."""
    start = dice.randrange(len(content) + 1)
    end = min(len(content), start + dice.choice((1, 4, 64, 2000)))
    piece, rest = content[start:end], content[:start] + content[end:]
    kind = dice.randrange(4)
    if kind == 0:
        return rest
    if kind == 1:
        return content[:end] + piece * dice.choice((1, 50)) + content[end:]
    if kind == 2:
        return content[:start] + bytes(len(piece)) + content[end:]
    place = dice.randrange(len(rest) + 1)
    return rest[:place] + piece + rest[place:]


def _chunks(content: bytes, dice: random.Random) -> bytes:
    """Two pieces that a container names are exchanged: PNG's chunks, RIFF's, MP4's boxes."""
    places = [match.start() for match in _CHUNK.finditer(content)]
    if len(places) < 3:
        return _moved(content, dice)
    one, other = sorted(dice.sample(range(len(places) - 1), 2))
    a, b, c, d = places[one], places[one + 1], places[other], places[other + 1]
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


_CHUNK = re.compile(
    rb"....(?:IHDR|PLTE|tRNS|IDAT|IEND|acTL|fcTL|fdAT|ftyp|moov|mdat|trak|mdia|stbl|stts|stsc|stsz"
    rb"|stco|avcC)|(?:RIFF|LIST|VP8 |VP8L|VP8X|ANIM|ANMF|ALPH|EXIF|strh|strf|idx1|00dc)....",
    re.DOTALL,
)


def _resized(content: bytes, dice: random.Random) -> bytes:
    """Numbers of the header that say how large it is; checksums are made right again."""
    size = dice.choice(SIZES)
    for wide in (WIDE, TALL, WIDE - 1, TALL - 1):
        for form in (">I", "<I", ">H", "<H"):
            wanted = struct.pack(form, wide)
            if wanted in content[:4096] and dice.random() < 0.6:
                content = content.replace(wanted, struct.pack(form, size), 1)
    return _with_checksums(content)


def _with_checksums(content: bytes) -> bytes:
    if not content.startswith(b"\x89PNG"):
        return content
    made, place = content[:8], 8
    while place + 12 <= len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        if place + 12 + length > len(content):
            break
        body = content[place + 4 : place + 8 + length]
        made += content[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return made + content[place:]


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flipped, _flipped, _truncated, _moved, _chunks, _resized, _resized,
)  # fmt: skip


def png(wide: int, tall: int, depth: int = 8, more: bytes = b"") -> bytes:
    """A black PNG of any size that is small as a file; more: chunks behind the header."""
    row = bytes(1 + (wide * depth + 7) // 8)
    pressed, held = zlib.compressobj(9), []
    for _ in range(tall):
        held.append(pressed.compress(row))
    held.append(pressed.flush())
    header = struct.pack(">IIBBBBB", wide, tall, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + (
        chunk(b"IDAT", b"".join(held)) + chunk(b"IEND", b"")
    )  # fmt: skip


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def odd(others: str) -> Iterator[tuple[str, bytes]]:
    """(file name, content): bombs, edges, and what is no picture or film at all.

    others  an address that nobody may open: playlists name it
    """
    text = zlib.compress(bytes(200 << 20))
    yield "one.png", png(1, 1)
    yield "wide.png", png(20_000, 40)
    yield "line.png", png(20_000, 1)
    yield "tall.png", png(1, 20_000)
    yield "hundred_megapixels.png", png(10_000, 10_000)
    yield "too_many.png", png(10_001, 10_000)
    yield "bomb.png", png(30_000, 30_000, 1)
    yield "text_bomb.png", png(9, 9, more=chunk(b"zTXt", b"a\0\0" + text))
    yield "profile_bomb.png", png(9, 9, more=chunk(b"iCCP", b"a\0\0" + text))
    good = pictures()
    for name, place, form in (("plain.gif", 6, "<HH"), ("plain.bmp", 18, "<ii")):
        for size in ((0, 0), (0x7FFF, 0x7FFF), (1, 0x7FFF)):
            content = bytearray(good[name])
            struct.pack_into(form, content, place, *size)
            yield f"{size[0]}x{size[1]}_{name}", bytes(content)
    frames = [scene(8, 8, number) for number in range(3000)]
    yield "frames.gif", _stored(frames[0], "a.gif", save_all=True, append_images=frames[1:])
    yield "frames.png", _stored(frames[0], "a.png", save_all=True, append_images=frames[1:300])
    page, archive = b"<!DOCTYPE html><html><body>404", b"PK\x03\x04" + bytes(60)
    for suffix in ("jpg", "png", "gif", "mp4", "mov", "mkv", "avi", "webm"):
        for name, content in {
            "empty": b"", "script": b"#!/bin/sh\ntouch run\n", "page": page, "archive": archive,
            "null": bytes(5000), "noise": random.Random(suffix).randbytes(5000),
        }.items():  # fmt: skip
            yield f"{name}.{suffix}", content
    yield from playlists(others)
    yield "picture.mp4", good["plain.jpg"]
    yield "animation.mp4", good["animated.gif"]
    yield "animation.avi", good["animated.webp"]


def playlists(others: str) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of what is called a film and names another, at an address."""
    entry = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n" % others.encode()
    concat = b"ffconcat version 1.0\nfile '%s'\n" % others.encode()
    session = (
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
    )
    dash = (
        b'<?xml version="1.0"?><MPD><Period><BaseURL>%s</BaseURL></Period></MPD>' % others.encode()
    )
    for name, content in {
        "hls": entry, "concat": concat, "sdp": session, "dash": dash,
        "asx": b"<asx><entry><ref href='%s'/></entry></asx>" % others.encode(),
        "smil": b"<smil><video src='%s'/></smil>" % others.encode(),
        "redirect": b"RTSPtextRTSP://" + others.encode(),
        "references": b"[reference]\nRef1=" + others.encode(),
    }.items():  # fmt: skip
        for suffix in ("mp4", "mkv", "avi"):
            yield f"{name}.{suffix}", content
            yield f"{name}_null.{suffix}", content + b"\0"
