"""The focal length that a photograph's EXIF data tell, in pixels.

    found = focal_length(content, (width, height))     # found.px, found.text

A file says it in one of two ways: as the focal length that would give the same view on 35 mm film
(FocalLengthIn35mmFilm; most telephones and cameras), or as the focal length in mm and the pixels in
a length of the sensor (FocalLength, FocalPlaneXResolution; older cameras). Source: CIPA DC-008
("Exif"), and for the equivalent, which goes by the picture's diagonal, CIPA DCG-001.

Pictures are resized, cut out and edited afterwards, and editors keep some numbers and renew others.
So what does not agree with itself is passed over, in words, and never believed.
"""

import math
from typing import Any, NamedTuple

from posebook.datasets.pictures.picture_files import opened

_EXIF, _FOCAL, _FOCAL_35, _ZOOM = 0x8769, 0x920A, 0xA405, 0xA404
_PER_UNIT, _PER_UNIT_Y, _UNIT, _WIDE, _TALL = 0xA20E, 0xA20F, 0xA210, 0xA002, 0xA003
#: The diagonal of 35 mm film's picture, 36 x 24 mm.
_DIAGONAL_MM = math.hypot(36, 24)
#: Lenses that draw straight lines straight, as on 35 mm film; fisheye lenses begin below.
_FOCAL_35_MM = (9.0, 4000.0)
_FOCAL_MM = (0.5, 3000.0)
#: Sensors: the longer side, mm, from a telephone's to medium format.
_SENSOR_MM = (4.0, 60.0)
#: mm in each unit: none (which is taken for inches), inch, cm, and two that some cameras write.
_UNITS_MM = {1: 25.4, 2: 25.4, 3: 10.0, 4: 1.0, 5: 1e-3}
#: Shapes of whole sensors. A longer picture was cut from one at top and bottom, a squarer one at
#: its sides, mostly in the camera, which goes on telling the lens's number.
_SQUAREST, _LONGEST = 4 / 3, 3 / 2
#: Shapes that cameras give pictures. In another one, an editor has cut, and may have resized.
_SHAPES, _NEAR = (1.0, 5 / 4, 4 / 3, 3 / 2, 16 / 9), 0.04
#: A picture longer than this is a panorama, put together from several.
_PANORAMA = 2.45
#: Shapes are the same up to rounding to whole pixels, of thumbnails too.
_ALIKE = 0.02
#: How much longer or shorter it may really be, in %: of the equivalent, which is rounded and for
#: pictures cut out in the camera goes by the lens, and of the other way, which editors forget.
_SURE, _LESS_SURE = 5, 10


class FocalLength(NamedTuple):
    """px: of the picture as `picture_files.decoded` gives it; None where the file does not say.

    text: where it comes from and how sure it is, or why it was passed over; '' without any.
    """

    px: float | None
    text: str = ""


def focal_length(content: bytes, size_px: tuple[int, int]) -> FocalLength:
    """The focal length of a photograph, px, from the bytes of its file.

    size_px  (width, height) of the picture; which of the two is which makes no difference, so a
             picture that EXIF turns needs nothing else
    """
    tags = _tags(content)
    given = {_FOCAL_35, _PER_UNIT} & tags.keys()
    if not given:
        return FocalLength(None)
    zoom = _number(tags.get(_ZOOM))
    if zoom is not None and zoom > 0 and abs(zoom - 1) > _ALIKE:
        return _passed(f"a digital zoom of {zoom:.3g} may be in it or not")
    long, short = float(max(size_px)), float(min(size_px))
    if long > _PANORAMA * short:
        return _passed("the picture is as long as a panorama's")
    first = _stored_size(tags) or (long, short)
    alike = abs(first[0] * short - first[1] * long) <= max(_ALIKE * first[0] * short, *first)
    if not alike and not ({long, short} & set(first) and long <= first[0] and short <= first[1]):
        said = f"{first[0]:.0f} x {first[1]:.0f}"
        return _passed(f"the picture was cut out of one of {said} px and resized")
    # Pixels of this picture for one of the first.
    scale = long / first[0] if alike else 1.0
    cut = "" if alike else "; the picture was cut out of a larger one"
    found = _equivalent(tags, first)
    if found.px is None and _PER_UNIT in tags:
        found = _on_the_sensor(tags, first)
    if found.px is None:
        return found
    return FocalLength(found.px * scale, found.text + cut)


def _equivalent(tags: dict[int, Any], first: tuple[float, float]) -> FocalLength:
    """From the focal length on 35 mm film, for a picture of `first` (longer, shorter) px."""
    film_mm, lens_mm = _number(tags.get(_FOCAL_35)), _number(tags.get(_FOCAL))
    if film_mm is None or not _FOCAL_35_MM[0] <= film_mm <= _FOCAL_35_MM[1]:
        said = "none" if film_mm is None else f"{film_mm:.4g} mm"
        return _passed(f"its equivalent on 35 mm film is {said}")
    if lens_mm and not 0.4 <= film_mm / lens_mm <= 20:
        return _passed(f"{lens_mm:.4g} mm do not go with {film_mm:.4g} mm on 35 mm film")
    long, short = first
    shape = min(max(long / short, _SQUAREST), _LONGEST)
    whole = long if long / short >= shape else short * shape
    px = film_mm / _DIAGONAL_MM * math.hypot(whole, whole / shape)
    text = f"{film_mm:.4g} mm on 35 mm film, sure to about {_SURE} %"
    return FocalLength(px, text)


def _on_the_sensor(tags: dict[int, Any], first: tuple[float, float]) -> FocalLength:
    """From the focal length and the pixels in a length of the sensor."""
    lens_mm = _number(tags.get(_FOCAL))
    if lens_mm is None or not _FOCAL_MM[0] <= lens_mm <= _FOCAL_MM[1]:
        said = "none" if lens_mm is None else f"{lens_mm:.4g} mm"
        return _passed(f"its focal length is {said}")
    across, down = _number(tags[_PER_UNIT]), _number(tags.get(_PER_UNIT_Y))
    unit_mm = _UNITS_MM.get(int(_number(tags.get(_UNIT)) or 2))
    if not across or across < 0 or unit_mm is None:
        return _passed("the pixels on its sensor are not numbers")
    if down is not None and not 0.8 <= down / across <= 1.25:
        return _passed("the pixels on its sensor are not square")
    if not any(abs(first[0] / first[1] / shape - 1) < _NEAR for shape in _SHAPES):
        return _passed("no camera gives a picture this shape, so it was edited")
    sensor_mm = first[0] / across * unit_mm
    if not _SENSOR_MM[0] <= sensor_mm <= _SENSOR_MM[1]:
        return _passed(f"the sensor would be {sensor_mm:.3g} mm wide")
    text = f"{lens_mm:.4g} mm before a sensor {sensor_mm:.3g} mm wide, sure to about {_LESS_SURE} %"
    return FocalLength(lens_mm * first[0] / sensor_mm, text)


def _passed(why: str) -> FocalLength:
    return FocalLength(None, f"the focal length in the EXIF data is passed over: {why}")


def _tags(content: bytes) -> dict[int, Any]:
    """The EXIF data that matter here; none where there are none, or where they are damaged."""
    try:
        with opened(content) as picture:
            if picture.format == "PNG" and not any("exif" in str(key) for key in picture.info):
                return {}  # Pillow would decode the whole picture to look behind it
            found = dict(picture.getexif().get_ifd(_EXIF))
    except Exception:  # damaged metadata make Pillow raise a dozen kinds
        return {}
    wanted = (_FOCAL, _FOCAL_35, _ZOOM, _PER_UNIT, _PER_UNIT_Y, _UNIT, _WIDE, _TALL)
    return {tag: found[tag] for tag in wanted if tag in found}


def _stored_size(tags: dict[int, Any]) -> tuple[float, float] | None:
    """(longer, shorter) side, px, as the camera or an editor says; None where it is not said."""
    sides = [_number(tags.get(tag)) for tag in (_WIDE, _TALL)]
    if any(side is None or not 1 <= side <= 1e6 for side in sides):
        return None
    return max(sides), min(sides)


def _number(value: Any) -> float | None:
    """A finite number, also where a tag holds several or text; None where there is none."""
    if isinstance(value, tuple | list):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None
