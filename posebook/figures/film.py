"""A motion as a film (mp4, gif), drawn by matplotlib: one plotly still a frame would take a second
each."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.errors import InputError
from posebook.figures.parts import (
    COLOUR,
    SYMBOL,
    Frame,
    checked,
    flat,
    to_plot,
)
from posebook.figures.showing import described
from posebook.figures.space import box, facing, footing, travel
from posebook.figures.strokes import along, strokes
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE, Skeleton

_MARKS = {"circle": "o", "square": "s", "diamond": "D"}


def film(
    path: str | Path,
    pose_mm: Pose3D,
    skeleton: Skeleton = HOUSE,
    *,
    frames_per_second: float | int,
    alt: str,
    keypoints_px: Pose2D | None = None,
    truth_mm: Pose3D | None = None,
    frame: Frame = "camera",
    invented: Collection[str] = (),
    title: str = "",
    size_px: tuple[int, int] = (640, 400),
) -> Path:
    """Write a film of a motion; about 0.1 s of work a frame. The alt text goes beside it (.txt).

    path          .mp4 (h264) or .gif; written under a temporary name, then renamed
    pose_mm       (frames, joints, 3), mm, in `frame` axes; NaN: missing
    keypoints_px  (frames, joints, 2), px, shown beside the pose
    A walk of more than 2 m is drawn relative to the hip.
    """
    described(alt)  # before the work, not after it
    for what, motion in (("pose", pose_mm), ("truth", truth_mm), ("keypoints", keypoints_px)):
        if motion is None:
            continue
        checked(motion, skeleton, what)
        if motion.dim() != 3 or not len(motion) == len(pose_mm) > 0:
            raise InputError(
                f"film: {what} has shape {tuple(motion.shape)}; expected (frames, joints, axes), "
                "as many frames of everything"
            )
    sheet = sheet_of(size_px, title)
    points = to_plot(pose_mm, frame)
    true = None if truth_mm is None else to_plot(truth_mm, frame)
    seen = None if keypoints_px is None else flat(keypoints_px)
    if travel(points) > 2000:
        centre = footing(points, skeleton)
        points, true = points - centre, None if true is None else true - centre
    places = (1, 2) if seen is not None else (1, 1)
    space = sheet.add_subplot(*places, places[1], projection="3d")
    _set_up(space, points if true is None else _both(points, true), frame, points[0], skeleton)
    moving = [] if true is None else [(true, joint_lines(space, skeleton, (), 3, truth=True))]
    moving += [(points, joint_lines(space, skeleton, invented, 3))]
    if seen is not None:
        flat_axes = sheet.add_subplot(*places, 1)
        _picture_axes(flat_axes, seen)
        moving += [(seen, joint_lines(flat_axes, skeleton, invented, 2))]
    sheet.subplots_adjust(left=0.09, right=0.97, bottom=0.1, top=0.93, wspace=0.02)

    def draw(i: int) -> list[Any]:
        changed = []
        for where, lines in moving:
            for line, joints in lines:
                part = along(where[i], joints)
                line.set_data(part[:, 0], part[:, 1])
                if part.shape[1] == 3:
                    line.set_3d_properties(part[:, 2])
                changed.append(line)
        return changed

    return written(sheet, draw, len(points), path, frames_per_second, alt)


def sheet_of(size_px: tuple[int, int], title: str) -> Any:
    """An empty matplotlib figure, width and height in px, with a title."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not all(16 <= side <= 8000 for side in size_px):
        raise InputError(f"size_px is {size_px}; expected sides of 16 to 8000 px")
    sheet = Figure(figsize=tuple(2 * (side // 2) / 100 for side in size_px), dpi=100)  # h264: even
    FigureCanvasAgg(sheet)
    if title:
        sheet.suptitle(literally(title), fontsize=10, wrap=True)
    return sheet


def literally(text: str) -> str:
    """Text from anywhere, for matplotlib, which takes what stands between two $ for a formula."""
    return str(text).replace("$", r"\$")


def written(
    sheet: Any,
    draw: Callable[[int], list[Any]],
    count: int,
    path: str | Path,
    frames_per_second: float | int,
    alt: str,
) -> Path:
    """`count` states of a matplotlib figure as .mp4 or .gif, and the alt text beside it.

    draw  the number of a frame -> the artists that it has changed
    """
    alt, path = described(alt), Path(path)
    if path.suffix.lower() not in (".mp4", ".gif"):
        raise InputError(f"{path}: expected a name that ends in .mp4 or .gif")
    if count < 1 or not 0.1 <= frames_per_second <= 1000:
        raise InputError(
            f"{path}: {count} frames, {frames_per_second} in a second; expected at least one, "
            "and 0.1 to 1000"
        )
    beside = path.with_suffix(".txt")
    if beside.exists() and not any(path.with_suffix(kind).exists() for kind in (".mp4", ".gif")):
        raise InputError(f"{beside}: is there, but no film; expected a name that is free")
    import matplotlib
    from matplotlib import animation

    made = animation.FuncAnimation(sheet, draw, frames=count, blit=False)
    if path.suffix.lower() == ".mp4":
        import imageio_ffmpeg

        tool = {"animation.ffmpeg_path": imageio_ffmpeg.get_ffmpeg_exe()}
        writer: Any = animation.FFMpegWriter(
            fps=frames_per_second, codec="h264", extra_args=["-pix_fmt", "yuv420p", "-crf", "26"]
        )
    else:
        tool, writer = {}, animation.PillowWriter(fps=min(frames_per_second, 50))
    with matplotlib.rc_context(tool), paths.replacing(path) as temporary:
        made.save(temporary, writer=writer, dpi=100)
    paths.write_text(beside, alt + "\n")
    return path


def _both(a: Any, b: Any) -> Any:
    import numpy as np

    return np.concatenate([a, b])


def _set_up(space: Any, points: Any, frame: Frame, first: Any, skeleton: Skeleton) -> None:
    """Equal axes in mm, seen from the front side."""
    import numpy as np

    low, high = box(points)
    space.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    space.set_box_aspect(high - low, zoom=1.12)
    front = facing(first, skeleton) if frame == "world" else None
    toward = -90.0 if front is None else float(np.degrees(np.arctan2(front[1], front[0])))
    space.view_init(elev=12, azim=toward + 32)
    for axis, label in zip("xyz", ("x", "z" if frame == "camera" else "y", "up"), strict=True):
        getattr(space, f"set_{axis}label")(f"{label} (mm)", fontsize=7, labelpad=-4)
        space.tick_params(axis=axis, labelsize=6, pad=-2)
        getattr(space, f"{axis}axis").set_major_locator(_every(500, high - low))
    space.grid(True, alpha=0.3)


def _every(step: float | int, span: Any) -> Any:
    from matplotlib.ticker import MultipleLocator

    return MultipleLocator(step * max(1, round(float(span.max()) / 2500)))


def _picture_axes(axes: Any, seen: Any) -> None:
    import numpy as np

    finite = seen.reshape(-1, 2)
    finite = finite[np.isfinite(finite).all(-1)]
    low, high = (finite.min(0), finite.max(0)) if len(finite) else (np.zeros(2), np.ones(2))
    margin = 0.08 * float((high - low).max()) + 1
    axes.set(xlim=(low[0] - margin, high[0] + margin), ylim=(high[1] + margin, low[1] - margin))
    axes.set_aspect("equal")
    axes.set_xlabel("x, right (px)", fontsize=7)
    axes.set_ylabel("y, down (px)", fontsize=7)
    axes.tick_params(labelsize=6)


def joint_lines(
    axes: Any, skeleton: Skeleton, invented: Collection[str], depth: int, truth: bool = False
) -> list[tuple[Any, tuple[int, ...]]]:
    """matplotlib lines of a body: strokes, then the joints of each side."""
    made = []
    nothing = ([],) * depth
    for stroke in strokes(skeleton, invented):
        style = ":" if stroke.invented else ("--" if truth else "-")
        colour = COLOUR["truth" if truth else stroke.side]
        made.append(
            (axes.plot(*nothing, style, color=colour, lw=1.3 if truth else 2)[0], stroke.joints)
        )
    for side in ("left", "right", "middle"):
        for guess in (False, True):
            joints = tuple(
                i
                for i, joint in enumerate(skeleton.joints)
                if skeleton.side(joint) == side and (joint in invented) == guess
            )
            if joints:
                colour = COLOUR["truth" if truth else side]
                line = axes.plot(
                    *nothing, _MARKS[SYMBOL[side]], ms=3 if truth else 4, color=colour,
                    mfc="white" if guess else colour,
                )[0]  # fmt: skip
                made.append((line, joints))
    return made
