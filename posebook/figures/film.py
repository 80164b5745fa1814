"""Films (mp4, gif) drawn by matplotlib: one plotly still a frame would take a second each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.errors import InputError
from posebook.figures.parts import COLOUR, SYMBOL
from posebook.figures.showing import described
from posebook.figures.strokes import strokes
from posebook.skeletons import Skeleton

_MARKS = {"circle": "o", "square": "s", "diamond": "D"}


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


def joint_lines(axes: Any, skeleton: Skeleton) -> list[tuple[Any, tuple[int, ...]]]:
    """matplotlib lines of a body in 2D: strokes, then the joints of each side."""
    made = [
        (axes.plot([], [], "-", color=COLOUR[stroke.side], lw=2)[0], stroke.joints)
        for stroke in strokes(skeleton)
    ]
    for side, symbol in SYMBOL.items():
        joints = tuple(i for i, j in enumerate(skeleton.joints) if skeleton.side(j) == side)
        if joints:
            line = axes.plot([], [], _MARKS[symbol], ms=4, color=COLOUR[side])[0]
            made.append((line, joints))
    return made
