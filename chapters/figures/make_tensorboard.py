"""Photograph TensorBoard's page with the two runs of Notebook 4:
tensorboard.png, which keeps their last values in its own text, so that a test
can compare them with those of the stored page.

Run it where the page has run anew with other numbers; it needs Chromium:
    python chapters/figures/make_tensorboard.py
"""

import contextlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image, PngImagePlugin
from playwright.sync_api import sync_playwright

from bookbuild.pages import ROOT, find_page

PICTURE = ROOT / "chapters/figures/tensorboard.png"
LAST = "log.add_images("  # in the cell that trains the two runs
ALSO = ("def serve(", "def ask(")
SIZE = {"width": 1000, "height": 1190}
COLORS = 64


def run_cells():
    """Run the page's cells up to the two runs, here; return their names."""
    cells = find_page("notebook_4_augmentation_logging").code
    last = next(i for i, cell in enumerate(cells) if LAST in cell)
    wanted = cells[:last + 1] + [cell for cell in cells[last + 1:]
                                 if any(word in cell for word in ALSO)]
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in wanted:
            exec(compile(cell, "a cell of Notebook 4", "exec"), names)
    return names


def photograph(address):
    """The page of a server, scalars in view, as a picture."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{address}?darkMode=false#timeseries")
        page.wait_for_selector("card-view svg path", timeout=180_000)
        page.get_by_label("Close side pane").click()
        page.locator("button", has_text="Scalars").first.click()
        page.get_by_text("loss", exact=True).click()  # opens the group
        page.wait_for_timeout(5000)  # until all cards are drawn
        shot = page.screenshot()
        browser.close()
    return Image.open(io.BytesIO(shot))


def store(picture, values, path=PICTURE):
    """Write the picture in few colors, the values in its text."""
    text = PngImagePlugin.PngInfo()
    text.add_text("values", json.dumps(values))
    picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(
        path, optimize=True, pnginfo=text)


def main():
    # As bookbuild.execute runs a page: one thread, an empty folder.
    os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg",
                   "SCRATCH_DATA": str(ROOT / "data")}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        names = run_cells()
        server, address = names["serve"]("first")
        try:
            for run, told in names["seen"].items():
                for tag, values in told.items():
                    assert len(names["ask"](address, run, tag)) == len(values)
            picture = photograph(address)
        finally:
            server.terminate()
            server.communicate()
            os.chdir(ROOT)
        store(picture, {f"{run} {tag}": values[-1]
                        for run, told in names["seen"].items()
                        for tag, values in told.items()})
    print(f"{PICTURE.relative_to(Path.cwd())}: "
          f"{PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
