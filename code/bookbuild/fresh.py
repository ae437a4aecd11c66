"""Run every page again and tell what came out otherwise than stored.

    python -m bookbuild.fresh [PAGE …] [--keep]

Nothing is stored unless --keep is given. The exit status is 1 when anything
changed or failed.
"""

import argparse
import difflib
import sys
import tempfile
from pathlib import Path

import nbformat

from bookbuild.build import run_pages
from bookbuild.execute import store, timed
from bookbuild.pages import ROOT, PageError, code_cells, find_page, pages_of

GLUED = "application/papermill.record/"


def changes(old, new):
    """What differs between two runs of a page, one line each.

    old and new: notebooks with outputs. Cells tagged `timing` are left out.
    """
    found = []
    cells = [code_cells(notebook) for notebook in (old, new)]
    if len(cells[0]) != len(cells[1]):
        return [f"{len(cells[1])} code cells, stored are {len(cells[0])}"]
    for number, (before, after) in enumerate(zip(*cells), 1):
        if timed(after):
            continue
        ours, theirs = parts(before), parts(after)
        for name in list(ours) + [n for n in theirs if n not in ours]:
            was, now = ours.get(name, "nothing"), theirs.get(name, "nothing")
            if was != now:
                found.append(f"code cell {number}, {name}: "
                             + difference(name, was, now))
    return found


def parts(cell):
    """A cell's outputs by name: each glued number, figure and text."""
    named = {}
    figure = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
    for output in cell.outputs:
        glued = output.get("metadata", {}).get("scrapbook", {}).get("name")
        for kind, content in output.get("data", {}).items():
            if kind.startswith(GLUED):
                named[f"number {glued}"] = content
            elif kind.startswith("image/") or kind.endswith("/pdf"):
                named[f"figure {figure or '(unnamed)'} ({kind})"] = content
            else:
                named[f"output ({kind})"] = content
        if "text" in output:
            named["printed text"] = output.text
    return named


def difference(name, was, now):
    if name.startswith("figure"):
        return "drawn otherwise"
    if "\n" in was + now:
        return "\n" + "\n".join(difflib.unified_diff(
            was.splitlines(), now.splitlines(), "stored", "now", n=0,
            lineterm=""))
    return f"{was} → {now}"


def main():
    asked = argparse.ArgumentParser(prog="bookbuild.fresh", description=__doc__)
    asked.add_argument("pages", nargs="*")
    asked.add_argument("--keep", action="store_true")
    asked = asked.parse_args()
    try:
        pages = ([find_page(name) for name in asked.pages]
                 or [page for page in pages_of(ROOT) if page.code])
        with tempfile.TemporaryDirectory() as folder:
            failures = run_pages(pages, Path(folder))
            count = report(pages, Path(folder), asked.keep)
    except PageError as error:
        sys.exit(str(error))
    print("\n\n".join(failures))
    print(f"fresh: {len(pages)} pages run, {count} changed, "
          f"{len(failures)} failed")
    sys.exit(1 if count or failures else 0)


def report(pages, folder, keep):
    """Print what changed, page by page; return how many pages did."""
    count = 0
    for page in pages:
        path = folder / page.store.name
        if not path.exists():
            continue
        new = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        old = page.stored()
        found = changes(old, new) if old else ["nothing was stored"]
        count += bool(found)
        for line in found:
            print(f"{page.stem}: {line}")
        if keep and found:
            store(page, new)
    return count


if __name__ == "__main__":
    main()
