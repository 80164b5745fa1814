"""The book as `make lab` opens it: pictures show, controls live, and git sees no change."""

import re
from pathlib import Path

import nbformat
import pytest
from seen import HANG_MS, positions, scrub

from posebook import chapters, figures
from posebook.datasets.people import synthetic
from posebook.figures import showing

PLOTLY = "application/vnd.plotly.v1+json"
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def open_notebook(watched, lab, name: str) -> None:
    watched.page.goto(lab.address(name))
    watched.page.wait_for_selector(f"{NOTEBOOK} .jp-Cell")
    # The notice about news, and whether a kernel is ready, do not matter to what is stored.
    watched.page.wait_for_selector(f"{NOTEBOOK} .jp-Notebook-ExecutionIndicator[data-status=idle]")


def pictures_of(notebook, *, folded: bool) -> tuple[int, int]:
    """How many stored outputs JupyterLab should draw with plotly, and how many as an image.

    folded  count those of cells whose outputs are folded away
    """
    plots = images = 0
    for cell in notebook.cells:
        if cell.metadata.get("jupyter", {}).get("outputs_hidden", False) != folded:
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            plots += PLOTLY in data
            images += PLOTLY not in data and any(mime.startswith("image/") for mime in data)
    return plots, images


def test_stored_pictures_show(chapter, watched, lab):
    stored = nbformat.read(chapter.notebook, 4)
    (plots, images), (more, _) = (pictures_of(stored, folded=folded) for folded in (False, True))
    assert plots + images > 0, "a chapter without a picture"
    open_notebook(watched, lab, chapter.notebook.name)
    page = watched.page
    found = page.locator(f"{NOTEBOOK} .jp-OutputArea .js-plotly-plot")
    page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length >= count",
        arg=[f"{NOTEBOOK} .jp-OutputArea .js-plotly-plot .main-svg", plots],
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
    # What is folded away is drawn when a reader opens it: the code first, then what it shows.
    folded = page.locator(f"{NOTEBOOK} .jp-Placeholder:visible")
    while folded.count():
        folded.first.click()
    page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length >= count",
        arg=[f"{NOTEBOOK} .jp-OutputArea .js-plotly-plot .main-svg", plots + more],
    )
    assert found.count() == plots + more
    assert watched.errors == [] and watched.outside == []


def run_all(page, *, failing: bool = False) -> None:
    """Run > Run All Cells, until every prompt is a number again; an error in a cell fails.

    failing  an output that cannot be shown is no failure here
    """
    page.wait_for_function("document.body.innerText.includes('(ipykernel) | Idle')")
    page.click('.lm-MenuBar-itemLabel:text-is("Run")')
    page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
    waiting = """selector => Array.from(document.querySelectorAll(selector)).some(
        prompt => prompt.innerText.includes('*'))"""
    prompts = f"{NOTEBOOK} .jp-CodeCell .jp-InputPrompt"
    page.wait_for_function(waiting, arg=prompts)
    page.wait_for_function(f"s => !({waiting})(s)", arg=prompts)
    if failing:
        return
    failed = page.locator(f'{NOTEBOOK} [data-mime-type="application/vnd.jupyter.stderr"]')
    errors = page.locator(f'{NOTEBOOK} [data-mime-type="application/vnd.jupyter.error"]')
    assert errors.count() == 0, errors.first.inner_text()
    assert failed.count() == 0, failed.first.inner_text()


def wait_until_saved(page, file: Path, before: bytes) -> None:
    """Wait until JupyterLab has saved a notebook by itself."""
    for _ in range(HANG_MS // 200):
        if file.read_bytes() != before:
            return
        page.wait_for_timeout(200)
    pytest.fail(f"{file.name} is not saved")


def test_running_a_chapter_changes_nothing_that_git_tracks(watched, lab):
    """Opened, run, saved by itself: in the reader's copy, and nowhere else."""
    chapter = chapters.find("quickstart")
    copy = lab.checkout / "workbook" / chapter.notebook.name
    before = copy.read_bytes()
    open_notebook(watched, lab, chapter.notebook.name)
    run_all(watched.page)
    wait_until_saved(watched.page, copy, before)
    assert lab.git("status", "--porcelain") == ""
    assert [path.name for path in copy.parent.glob("*.py")] == []


def test_controls_of_chapter_3_draw_another_figure_beside_the_first(watched, lab):
    chapter = chapters.find("cameras_and_depth")
    open_notebook(watched, lab, chapter.notebook.name)
    page = watched.page
    run_all(page)
    cell = page.locator(f"{NOTEBOOK} .jp-CodeCell", has=page.locator(".widget-dropdown"))
    first = cell.locator(".js-plotly-plot").first
    scrub(first)
    before = positions(first)
    cell.locator(".widget-dropdown select").select_option("right knee")
    second = cell.locator(".jupyter-widgets .js-plotly-plot")
    second.wait_for()
    assert positions(second) != positions(first)
    scrub(second)
    cell.locator(".widget-dropdown select").select_option("head")
    cell.locator(".jupyter-widgets .js-plotly-plot", has_text="head -600 mm").wait_for()
    assert positions(first) == before and first.bounding_box()["height"] > 300
    watched.picture("lab_controls")
    assert watched.errors == [] and watched.outside == []
    assert lab.git("status", "--porcelain") == ""


def notebook_of(cell):
    kernel = dict(name="python3", display_name="Python 3 (ipykernel)", language="python")
    return nbformat.v4.new_notebook(cells=[cell], metadata=dict(kernelspec=kernel))


SMALL = """
import ipywidgets, torch
from posebook import figures
from posebook.datasets.people import synthetic

person_mm = synthetic.make(size=1).clips[0].pose_mm[:1]
walk_mm = person_mm + 20 * torch.arange(40)[:, None, None] * torch.tensor([1.0, 0, 0])
def draw(start):
    return figures.animate(walk_mm[start : start + 20], title="A person who moves")
start = ipywidgets.IntSlider(max=20)
figures.show_live(draw(0), dict(start=start), draw, alt="A person moves through a room.")
"""


def test_a_figure_stands_where_widgets_do_not_load(watched, lab):
    small = notebook_of(nbformat.v4.new_code_cell(SMALL))
    nbformat.write(small, lab.checkout / "workbook" / "small.ipynb")
    page = watched.page
    page.context.route(re.compile("jupyterlab-manager|anywidget"), lambda route: route.abort())
    open_notebook(watched, lab, "small.ipynb")
    run_all(page, failing=True)
    plot = page.locator(f"{NOTEBOOK} .js-plotly-plot")
    plot.wait_for()
    scrub(plot)
    assert plot.count() == 1 and page.locator(f"{NOTEBOOK} .widget-slider").count() == 0
    watched.picture("lab_without_widgets")


SIZES = f"""() => Array.from(document.querySelectorAll(
    '{NOTEBOOK} .jp-OutputArea-child .js-plotly-plot')).map(one => {{
        const drawn = one.querySelector('.main-svg').getBoundingClientRect();
        const place = one.closest('.jp-OutputArea-child').getBoundingClientRect();
        return [drawn.width / place.width, drawn.height]; }})"""


def test_figures_keep_to_the_width_of_the_page(watched, lab):
    """In a narrow window and in a wide one, and each as high as it was made."""
    pose_mm = synthetic.make(size=1).clips[0].pose_mm[0]
    made = [
        figures.bars({"a": 1.0, "b": 2.0}, "mm", title="A title " * 20),
        figures.overlay(pose_mm, pose_mm, title="A pose over itself"),
        figures.compare({"one": pose_mm, "two": pose_mm}, truth_mm=pose_mm),
    ]
    shown = [
        nbformat.v4.new_output("display_data", data=data, metadata=about)
        for figure in made
        for data, about in showing._outputs(figure, "Bars or a pose.", with_still=False)
    ]
    high = [output.data[PLOTLY]["layout"]["height"] for output in shown if PLOTLY in output.data]
    cell = nbformat.v4.new_code_cell("1", execution_count=1, outputs=shown)
    name = "wide.ipynb"
    nbformat.write(notebook_of(cell), lab.checkout / "workbook" / name)
    open_notebook(watched, lab, name)
    page = watched.page
    for wide in (1000, 1900, 900):
        page.set_viewport_size({"width": wide, "height": 1000})
        page.wait_for_function(
            f"""count => {{ const all = ({SIZES})(); return all.length === count &&
                all.every(([part]) => 0.8 < part && part <= 1.001); }}""",
            arg=len(high),
        )
        assert [round(height) for _, height in page.evaluate(SIZES)] == high
        watched.picture(f"lab_{wide}_wide")


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
    assert all(len(alt) > 30 and "No description" not in alt for alt in alts), alts
    watched.picture(f"github_{chapter.source.stem}")
    assert watched.outside == []
