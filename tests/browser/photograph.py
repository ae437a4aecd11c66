"""Photographs every page of the built book: wide, in the dark, on a phone.

    python tests/browser/photograph.py FOLDER [WORD …]

writes FOLDER/PAGE-VIEW-NN.png, sheets of 2,000 pixels, top to
bottom, with all that folds unfolded. With words: only pages whose path holds
one of them. BOOK_SITE names another site than _build/html.
"""

import sys
from pathlib import Path

from browsing import SITE, chromium, settle, site_pages, unfold

SHEET = 2000
VIEWS = {"wide": dict(viewport={"width": 1400, "height": SHEET}),
         "dark": dict(viewport={"width": 1400, "height": SHEET},
                      color_scheme="dark"),
         "phone": dict(viewport={"width": 390, "height": SHEET})}


def photograph(browser, path, view, folder):
    """Write a page's sheets in one view; return how many."""
    context = browser.new_context(reduced_motion="reduce", **VIEWS[view])
    page = context.new_page()
    page.goto((SITE / path).as_uri(), wait_until="load")
    unfold(page)
    settle(page)
    page.wait_for_timeout(300)
    height = page.evaluate("document.documentElement.scrollHeight")
    name = path.removesuffix(".html").replace("/", "-")
    tops = range(0, height, SHEET)
    for number, top in enumerate(tops, 1):
        # A picture of the window: one of the whole page is drawn afresh for
        # each sheet. The last sheet begins with the end of the one before.
        page.evaluate("top => scrollTo(0, top)", top)
        page.screenshot(path=folder / f"{name}-{view}-{number:02}.png")
    context.close()
    return len(tops)


def main(folder, *words):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for path in site_pages():
            if not words or any(word in path for word in words):
                counts = [f"{photograph(browser, path, view, folder)} {view}"
                          for view in VIEWS]
                print(f"{path}: {', '.join(counts)}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
