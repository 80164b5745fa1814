"""What a figure in the browser shows, as something to compare."""


def positions(plot) -> str:
    """All that a plotly figure draws now, as numbers; a moved joint changes them."""
    return plot.evaluate(
        """one => JSON.stringify(one._fullData.map(trace => [trace.x, trace.y, trace.z].map(
            axis => axis ? Array.from(axis, v => v === null ? null : +(+v).toFixed(3)) : null)))"""
    )
