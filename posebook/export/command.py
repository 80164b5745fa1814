"""From a film, a photograph, key points or motion capture to lifted poses in files.

`lift_file` is what `posebook lift` does: read, choose a person, lift and stand upright
(`lift_upright`), write. Everything that was chosen, filled, invented or assumed is in words in
`Poses.notes`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from posebook import datasets, lifting
from posebook.cameras import Camera
from posebook.datasets.clips import Clip, Motion
from posebook.datasets.readers.files import existing, frame_rate, picture_size
from posebook.errors import InputError
from posebook.export import films, options, photographs, picture_folders
from posebook.export.folders import check_folder
from posebook.export.lift_result import LiftResult
from posebook.export.photographs import Shown
from posebook.export.playing import Footage, span_of, there
from posebook.export.upright import camera_around, lift_upright, stand_together
from posebook.export.writing import written
from posebook.lifting.continuity import as_stills, sides_mended
from posebook.lifting.notes import Note, of_input
from posebook.lifting.poses import Poses

#: A file with more clips than this is lifted in part.
MOST_FOLDERS = 24


def lift_file(
    input: Path | str,
    out: Path | str | None = None,
    lifter: Any = None,
    *,
    detector: Any = None,
    layout: str | None = None,
    size: str | Sequence[int] | None = None,
    intrinsics: str | Path | Sequence[float] | Camera | None = None,
    fps: float | int | str | None = None,
    person: int | str | None = None,
    height: float | str | None = None,
    min_confidence: float | str | None = None,
    up: str | None = None,
    unit: str | float | None = None,
    names: str | dict[str, str] | None = None,
    image: Any = None,
    excerpt: str | Sequence[float] | None = None,
    write: str | Sequence[str] | None = None,
    smooth: str | None = None,
) -> LiftResult:
    """Lift key points, motion capture or a photograph; write poses.npz, .bvh, .html, .json.

    input       any key-point file that `datasets.read_any` knows, or a BVH, an AMC beside its ASF,
                positions (.npz, .npy, .csv): these are seen by a Human3.6M-like camera, lifted,
                and scored against themselves. Or a photograph, a folder of photographs, or a film:
                a detector finds the people in it and their key points
    out         folder; made if need be. None: a new `runs/lift/<time>/`. A file with several films,
                pictures or motions, or with person='all', gets a folder in it for each;
                several people get a page with all of them beside it, people.html
    lifter      name of a shipped lifter, a file, or a Lifter; None: `lifting.default_for` the clip,
                or the depth that a detector gives
    detector    of pictures: its name, its file, or an `AnyDetector`; None: the best that is here
    layout      joint set of the file, where the file does not say
    size        width and height of the picture, (w, h) or 'WxH'
    intrinsics  'fx,fy,cx,cy' in pixels, a JSON file as `Camera.to_dict` writes it, or a Camera
    fps         frames per second, 0.01 to 100000; it wins over what the file says
    person      which person, where there are several: 1, 2, ... or 'all'; None: everybody of a
                picture or a film; of other files see `datasets.read_keypoints`
    height      how tall the person is, standing, in metres; scales the person and the distance
    min_confidence  from 0 to 1: joints with less count as not seen; None: 0.3
    up          the axis that points up: of motion capture x, y, z, -x, -y or -z; of key points y
                where y is counted upwards, -y where it is not
    unit, names of motion capture, as in `datasets.read_motion`; names may be one text,
                'left_knee=NAME,right_knee=NAME'
    image       a photograph to draw a single frame on
    excerpt     what pages show first of a motion, and of its film: '12-18' or (12, 18), in s; None:
                where most people are seen
    write       what is written besides: 'trc', 'gltf', 'csv', 'mp4', with commas between
    smooth      'none', 'light' or 'strong': how much motion is smoothed, see `lifting.low_pass`;
                None: light

    A film that was cut short, by a kill or a full disk, is gone on with by the same call: what was
    found is kept in the folder. Without `out`, the newest such folder is taken.

    A folder belongs to the input that was first lifted into it: lifting the same file again
    replaces its results, each in one step, and any other file is refused with an InputError.
    """
    source = existing(input, "a file or folder with key points, a motion, or a picture")
    size, fps = picture_size(size, "--size"), frame_rate(fps, "--fps")
    camera = options.camera_of(intrinsics, size)
    height_mm, min_confidence = options.height_mm(height), options.confidence(min_confidence)
    names, extras = options.joint_names(names), options.on_request(write)
    footage = Footage(chosen_s=options.excerpt_s(excerpt))
    if out is not None:
        check_folder(Path(out), source, extras)
    given = lifting.load(lifter) if isinstance(lifter, (str, Path)) else lifter
    how = dict(camera=camera, min_confidence=min_confidence, height_mm=height_mm)
    idle = dict(person=person, size=size, intrinsics=intrinsics, unit=unit, names=names,
                layout=layout, fps=fps, up=up, excerpt=excerpt, smooth=smooth)  # fmt: skip
    options.smoothing(smooth)
    if pictures := films.are(source):
        place = out and Path(out)
        found = films.found(source, detector, place, person, fps, footage.chosen_s)
        clips, out, seer, footage, notes = found
        left = _left_out(source, len(clips))
        notes = (*options.without_effect("films", **idle), *notes, *left)
        shown, passed = _everybody(
            clips[:MOST_FOLDERS], given, seer, input=str(source), smooth=smooth, **how
        )
        notes += passed
        footage.notes += (*left, *passed)
        seen = sum(there(one.poses).astype(int) for one in shown)
        footage.shared = span_of(seen, shown[0].poses.rate, footage)
    elif pictures := detector is not None or picture_folders.are(source):
        who = options.person_in_picture(person)
        shown, notes = photographs.lifted(source, detector, given, MOST_FOLDERS, person=who, **how)
        notes = (*options.without_effect("pictures", **idle), *notes)
    else:
        found = datasets.read_any(source, layout=layout, size=size, fps=fps, person=person, up=up,
                                  unit=unit, names=names)  # fmt: skip
        if not found:
            raise InputError(f"{source}: nothing to lift in it; expected key points or a motion")
        motion = isinstance(found[0], Motion)
        notes = _left_out(source, len(found))
        notes += options.without_effect("motion capture" if motion else "key points", **idle)
        up = None if motion else options.up_of_key_points(up)
        how |= dict(input=str(source), joint_set_given=layout is not None, up=up, smooth=smooth)
        shown = []
        for item in found[:MOST_FOLDERS]:
            poses = _lifted(item, given, **how)
            # A file with one thing in it needs no name for it, unless somebody was left out.
            alone = len(found) == 1 and "person" not in item.name
            shown.append(Shown(replace(poses, clip=source.stem if alone else item.name), image))
    together = stand_together([one.poses for one in shown])
    shown = [one._replace(poses=poses) for one, poses in zip(shown, together, strict=True)]
    if height_mm is not None and len(shown) > 1:
        text = f"all {len(shown)} people are taken to be as tall as given; --person picks one."
        notes = (*notes, Note("size", text))
    out = None if out is None else Path(out)
    return written(shown, source, out, notes, pictures, extras, footage)


def _everybody(
    clips: Sequence[Clip], given: Any, detector: str, **how: Any
) -> tuple[list[Shown], tuple[Note, ...]]:
    """The people of a film, lifted; who gives no pose is named in a note, if others do."""
    shown: list[Shown] = []
    passed: list[Note] = []
    for clip in clips:
        try:
            poses = _lifted(clip, given, detected=True, **how)
            shown.append(Shown(replace(poses, clip=clip.name, detector=detector)))
        except InputError as error:
            if len(clips) == 1:
                raise
            passed.append(Note("passed over", f"{clip.name}: {error}"))
    if not shown:
        raise InputError(f"{how['input']}: none of {len(clips)} people gives a pose; "
                         f"{passed[0].text}")  # fmt: skip
    return shown, tuple(passed)


def _lifted(item: Clip | Motion, given: Any, smooth: str | None, **how: Any) -> Poses:
    """One clip or motion, lifted and stood upright."""
    clip, notes = _clip_of(item)
    exact = isinstance(item, Motion)
    if not exact:
        clip, stills = as_stills(clip)
        if stills or len(clip) == 1:
            notes += options.without_effect("separate pictures", smooth=smooth)
            smooth = "none"
        clip, sides = (clip, []) if stills else sides_mended(clip, how["min_confidence"])
        notes += (*stills, *sides)
    chosen = given or lifting.default_for(clip, exact=exact)
    smooth = options.smoothing(smooth)
    return lift_upright(clip, chosen, notes=notes, smooth=smooth, **how)


def _left_out(source: Path, count: int) -> tuple[Note, ...]:
    if count <= MOST_FOLDERS:
        return ()
    text = f"{count} clips in {source}; the first {MOST_FOLDERS} are lifted."
    return (Note("left out", text, dict(clips=count - MOST_FOLDERS, of=count)),)


def _clip_of(item: Clip | Motion) -> tuple[Clip, tuple[Note, ...]]:
    """What to lift, and the notes of the reader and of the camera."""
    if isinstance(item, Clip):
        return item, of_input(item.notes)
    camera, note = camera_around(item)
    return item.seen_by(camera), (*of_input(item.notes), note)
