"""Every stored notebook in JupyterLab: its pictures show; chapter 3 comes alive."""

import re

import nbformat
from seen import positions

from posebook import chapters

PLOTLY = "application/vnd.plotly.v1+json"
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def open_notebook(watched, lab, name: str) -> None:
    watched.page.goto(lab.format(name))
    watched.page.wait_for_selector(f"{NOTEBOOK} .jp-Cell", timeout=60_000)
    # The notice about news, and whether a kernel is ready, do not matter to what is stored.
    watched.page.wait_for_selector(
        f"{NOTEBOOK} .jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000
    )


def pictures_of(notebook) -> tuple[int, int]:
    """How many stored outputs JupyterLab should draw with plotly, and how many as an image."""
    plots = images = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            plots += PLOTLY in data
            images += PLOTLY not in data and any(mime.startswith("image/") for mime in data)
    return plots, images


def test_stored_pictures_show(chapter, watched, lab):
    plots, images = pictures_of(nbformat.read(chapter.notebook, 4))
    assert plots + images > 0, "a chapter without a picture"
    open_notebook(watched, lab, chapter.notebook.name)
    page = watched.page
    found = page.locator(f"{NOTEBOOK} .jp-OutputArea .js-plotly-plot")
    page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length >= count",
        arg=[f"{NOTEBOOK} .jp-OutputArea .js-plotly-plot .main-svg", plots],
        timeout=60_000,
    )
    assert found.count() == plots
    empty = []
    for index in range(plots):
        plot = found.nth(index)
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        drawn = plot.locator(".main-svg, canvas").count()
        if not drawn or box["width"] < 200 or box["height"] < 100:
            empty.append(index)
    assert not empty, f"plots {empty} are not drawn"
    stills = page.locator(f"{NOTEBOOK} .jp-OutputArea img:visible")
    widths = stills.evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(widths) >= images and all(width > 50 for width in widths)
    assert page.locator(f"{NOTEBOOK} .jp-OutputArea .jp-mod-error").count() == 0
    found.first.scroll_into_view_if_needed() if plots else None
    page.wait_for_timeout(500)
    watched.picture(f"lab_{chapter.source.stem}")
    assert watched.errors == [] and watched.outside == []


def run_all(page) -> None:
    """Run > Run All Cells, until every prompt is a number again; an error in a cell fails."""
    page.click('.lm-MenuBar-itemLabel:text-is("Run")')
    page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
    waiting = """selector => Array.from(document.querySelectorAll(selector)).some(
        prompt => prompt.innerText.includes('*'))"""
    prompts = f"{NOTEBOOK} .jp-CodeCell .jp-InputPrompt"
    page.wait_for_function(waiting, arg=prompts, timeout=30_000)
    page.wait_for_function(f"s => !({waiting})(s)", arg=prompts, timeout=180_000)
    failed = page.locator(f'{NOTEBOOK} [data-mime-type="application/vnd.jupyter.stderr"]')
    errors = page.locator(f'{NOTEBOOK} [data-mime-type="application/vnd.jupyter.error"]')
    assert errors.count() == 0, errors.first.inner_text()
    assert failed.count() == 0, failed.first.inner_text()


def test_the_slider_of_chapter_3_moves_the_figure(watched, lab):
    chapter = chapters.find("cameras_and_depth")
    open_notebook(watched, lab, chapter.notebook.name)
    page = watched.page
    run_all(page)
    area = page.locator(f"{NOTEBOOK} .jp-OutputArea", has=page.locator(".widget-slider")).first
    area.scroll_into_view_if_needed()
    plot = area.locator(".js-plotly-plot").first
    plot.wait_for(timeout=30_000)
    handle = area.locator(".widget-slider .noUi-handle").first
    before, value = positions(plot), handle.get_attribute("aria-valuenow")
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([handle, value]) => handle.getAttribute('aria-valuenow') !== value",
        arg=[handle.element_handle(), value],
        timeout=20_000,
    )
    for _ in range(100):
        if positions(plot) != before:
            break
        page.wait_for_timeout(200)
    assert positions(plot) != before, "the slider moved, the figure stood still"
    watched.picture("lab_slider_moved")
    assert watched.errors == [] and watched.outside == []


def test_as_github_shows_it(chapter, watched, tmp_path):
    """GitHub draws stills, HTML without scripts and text, nothing of plotly."""
    notebook = nbformat.read(chapter.notebook, 4)
    bare = [
        cell.source.splitlines()[0]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if PLOTLY in output.get("data", {}) and "image/jpeg" not in output["data"]
    ]
    assert not bare, f"no still beside the plots of: {bare}"  # PNG: JupyterLab would not turn it
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(PLOTLY, None)
    from nbconvert import HTMLExporter

    page = tmp_path / "github.html"
    text, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    page.write_text(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL), encoding="utf-8")
    watched.page.goto(page.as_uri())
    widths = watched.page.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert widths and all(each > 50 for each in widths)
    alts = watched.page.locator("img").evaluate_all("all => all.map(one => one.alt)")
    assert len(alts) == len(widths)
    watched.picture(f"github_{chapter.source.stem}")
    assert watched.outside == []
