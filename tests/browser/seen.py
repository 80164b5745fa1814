"""What a figure in the browser shows, as something to compare and to wait for."""

#: Milliseconds after which something hangs: no limit here is for a machine that is slow.
HANG_MS = 600_000
_POSITIONS = """JSON.stringify(one._fullData.map(trace => [trace.x, trace.y, trace.z].map(
    axis => axis ? Array.from(axis, v => v === null ? null : +(+v).toFixed(3)) : null)))"""


def positions(plot) -> str:
    """All that a plotly figure draws now, as numbers; a moved joint changes them."""
    return plot.evaluate(f"one => {_POSITIONS}")


def wait_until_moved(plot, before: str) -> None:
    """Wait until a figure draws something else than `before`, which `positions` gave."""
    plot.page.wait_for_function(
        f"([one, before]) => {_POSITIONS} !== before", arg=[plot.element_handle(), before]
    )


def scrub(plot) -> None:
    """Click on the rail of a figure's own slider, and wait until the figure has moved."""
    plot.scroll_into_view_if_needed()
    before = positions(plot)
    rail = plot.locator(".slider-rail-touch-rect").first
    box = rail.bounding_box()
    rail.click(position={"x": 0.6 * box["width"], "y": box["height"] / 2})
    wait_until_moved(plot, before)
