"""Films (mp4, gif) drawn by matplotlib: one plotly still a frame would take a second each."""

from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from posebook import paths
from posebook.errors import InputError
from posebook.figures.parts import COLOUR, FLOOR, SYMBOL
from posebook.figures.showing import described
from posebook.figures.side_by_side import Motions, panels_of
from posebook.figures.strokes import along, strokes
from posebook.skeletons import HOUSE, Skeleton

_MARKS = {"circle": "o", "square": "s", "diamond": "D"}


def side_by_side_film(
    path: str | Path,
    keypoints_px: Float[Tensor, "frames joints 2"],
    poses_mm: Motions,
    skeleton: Skeleton = HOUSE,
    *,
    frames_per_second: float | int,
    alt: str,
    title: str = "",
    size_px: tuple[int, int] = (960, 300),
) -> Path:
    """`side_by_side` as a film: .mp4 (h264) or .gif. The alt text goes beside it (.txt)."""
    alt, path = described(alt), Path(path)
    panels = panels_of(keypoints_px, poses_mm, skeleton)
    if not all(16 <= side <= 8000 for side in size_px):
        raise InputError(f"size_px is {size_px}; expected sides of 16 to 8000 px")
    if path.suffix.lower() not in (".mp4", ".gif"):
        raise InputError(f"{path}: expected a name that ends in .mp4 or .gif")
    if not 0.1 <= frames_per_second <= 1000:
        raise InputError(f"{path}: {frames_per_second} frames in a second; expected 0.1 to 1000")
    beside = path.with_suffix(".txt")
    if beside.exists() and not any(path.with_suffix(kind).exists() for kind in (".mp4", ".gif")):
        raise InputError(f"{beside}: is there, but no film; expected a name that is free")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sheet = Figure(figsize=tuple(2 * (side // 2) / 100 for side in size_px), dpi=100)  # h264: even
    FigureCanvasAgg(sheet)
    if title:
        sheet.suptitle(_literally(title), fontsize=10, wrap=True)
    moving = []
    for n, panel in enumerate(panels):
        axes = sheet.add_subplot(1, len(panels), n + 1)
        (x, y), half = panel.middle, panel.half
        up = -1 if panel.in_pixels else 1
        axes.set(xlim=(x - half, x + half), ylim=(y - up * half, y + up * half))
        axes.set_aspect("equal")
        axes.set_axis_off()
        label = dict(ha="center", va="top", size=9)
        axes.text(0.5, -0.02, _literally(panel.name), transform=axes.transAxes, **label)
        if panel.floor is not None:
            axes.plot(*panel.floor.T, color=FLOOR, lw=0.8)
        moving += [(panel.points, *line) for line in _lines_of_body(axes, skeleton)]
    sheet.subplots_adjust(left=0.01, right=0.99, bottom=0.1, top=0.9, wspace=0.02)

    def draw(i: int) -> list[Any]:
        for points, line, joints in moving:
            line.set_data(*along(points[i], joints).T)
        return [line for _, line, _ in moving]

    _write(sheet, draw, len(keypoints_px), path, frames_per_second)
    paths.write_text(beside, alt + "\n")
    return path


def _write(sheet: Any, draw: Any, count: int, path: Path, rate: float | int) -> None:
    """`count` states of a matplotlib figure, in one step; draw(i) changes it to the i-th."""
    import matplotlib
    from matplotlib import animation

    made = animation.FuncAnimation(sheet, draw, frames=count, blit=False)
    tool, writer = {}, animation.PillowWriter(fps=min(rate, 50))
    if path.suffix.lower() == ".mp4":
        import imageio_ffmpeg

        tool = {"animation.ffmpeg_path": imageio_ffmpeg.get_ffmpeg_exe()}
        writer = animation.FFMpegWriter(
            fps=rate, codec="h264", extra_args=["-pix_fmt", "yuv420p", "-crf", "26"]
        )
    with matplotlib.rc_context(tool), paths.replacing(path) as temporary:
        made.save(temporary, writer=writer, dpi=100)


def _literally(text: str) -> str:
    """Text from anywhere, for matplotlib, which takes what stands between two $ for a formula."""
    return str(text).replace("$", r"\$")


def _lines_of_body(axes: Any, skeleton: Skeleton) -> list[tuple[Any, tuple[int, ...]]]:
    """Empty matplotlib lines and the joints they pass: strokes, then the joints of each side."""
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
