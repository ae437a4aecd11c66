"""Pages and their stored notebooks: where they lie, what they hold.

A page is a MyST file named in _toc.yml. A page with code cells has a stored
notebook, notebooks/<stem>.ipynb, which holds the page's text, its cells and
their outputs, and a record of the run. MyST-NB reads every page through
`read_page`, which puts the stored outputs in; nothing is executed there.
"""

import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from sphinx.errors import SphinxError

from bookbuild.checked import checked_cell, claims_of

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEGABYTES = 150, 1500  # a page's budget, unless its front matter asks
SETUP = "book-setup"  # tag of a cell that only the plain notebook has
RECORD = {"page": str, "seconds": float, "megabytes": int, "cells": str,
          "fingerprint": dict}  # of a run, in a notebook's metadata.book


class PageError(SphinxError):
    """A page that can't be built; the message names it and the cure."""

    category = "The book can't be built"


@dataclass(frozen=True)
class Page:
    """One page of the book. path: relative to root, such as
    chapters/01_perceptrons.md."""

    root: Path
    path: Path

    @property
    def stem(self):
        return self.path.stem

    @property
    def store(self):
        """Path of the stored notebook; it need not exist."""
        return self.root / "notebooks" / f"{self.stem}.ipynb"

    @cached_property
    def notebook(self):
        """The page as a notebook without outputs."""
        try:
            text = (self.root / self.path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise PageError(f"{self.path}: _toc.yml names this page, but "
                            "there is no such file") from None
        return parse(text, self.path)

    @property
    def code(self):
        """Source of each code cell, in order."""
        return code_of(self.notebook)

    @property
    def budget(self):
        """(seconds, megabytes) that a run of the page may take."""
        asked = self.notebook.metadata.get("budget", {})
        if asked and not asked.get("why"):
            raise PageError(f"{self.path}: a budget of its own needs a `why` "
                            "in the front matter, beside seconds or megabytes")
        return (asked.get("seconds", SECONDS),
                asked.get("megabytes", MEGABYTES))

    def stored(self):
        """The stored notebook, or None where there is none.

        Raises PageError where the file can't be read as one of ours.
        """
        try:
            notebook = nbformat.v4.reads(self.store.read_text("utf-8"))
            record = notebook.metadata.get("book")
            for name, kind in RECORD.items():
                if record and not isinstance(record[name], kind):
                    raise ValueError(f"its record has no proper {name}")
            for cell in notebook.cells:
                needed = {"source", "metadata"} | (
                    {"outputs", "execution_count"}
                    if cell.cell_type == "code" else set())
                if needed - cell.keys():
                    raise ValueError("a cell is not whole")
            return notebook
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, AttributeError, TypeError,
                OSError) as error:
            raise PageError(
                f"{self.store.relative_to(self.root)} can't be read ({error}); "
                f"mend it with: make page P={self.stem}") from error


def pages_of(root=ROOT):
    """Every page that _toc.yml names, in reading order."""
    from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml

    try:
        site = parse_toc_yaml(root / "_toc.yml")
    except (MalformedError, FileNotFoundError) as error:
        raise PageError(f"_toc.yml: {error}") from error
    names = [n for n in ordered(site, site.root.docname) if n != "genindex"]
    pages = [Page(root, Path(f"{name}.md")) for name in names]
    stems = [page.stem for page in pages]
    twice = {stem for stem in stems if stems.count(stem) > 1}
    if twice:
        raise PageError(f"_toc.yml: two pages are called {sorted(twice)[0]}; "
                        "a stored notebook is found by the page's name alone")
    return pages


def ordered(site, name):
    yield name
    document = site.get(name) or site[name]
    for tree in document.subtrees:
        for item in tree.items:
            if str(item) in site:
                yield from ordered(site, str(item))


def find_page(name, root=ROOT):
    """The page called `name`: a stem (01_perceptrons), a beginning of one
    that fits a single page (01), or a path."""
    pages = pages_of(root)
    stem = Path(name).stem if name.endswith(".md") else name
    exact = [page for page in pages if page.stem == stem]
    fits = exact or [page for page in pages if page.stem.startswith(stem)]
    if name and len(fits) == 1:
        return fits[0]
    raise PageError(f"P={name}: expected the name of one page, one of "
                    + ", ".join(page.stem for page in fits or pages))


SYNTAX = MdParserConfig(enable_extensions=["colon_fence", "dollarmath"])


def parse(text, path="page"):
    """A MyST page as a notebook, with the line each cell starts on."""
    try:
        return read_myst_markdown_notebook(text, config=SYNTAX,
                                           add_source_map=True)
    except Exception as error:
        # myst_nb raises its own and YAML's errors; none names the page.
        raise PageError(f"{path}: {error}") from error


def code_cells(notebook):
    """The code cells that are the page's own."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"
            and SETUP not in cell.metadata.get("tags", [])]


def code_of(notebook):
    return [cell.source for cell in code_cells(notebook)]


def with_outputs(notebook, stored, page):
    """Give a page's cells the outputs of the same cells in the store.

    notebook: as `parse` returns it; changed and returned.
    Raises PageError when there is no store or a cell differs.
    """
    code = code_cells(notebook)
    if not code:
        return notebook
    cure = f"run its cells with: make page P={page.stem}"
    if stored is None:
        raise PageError(f"{page.path} has no stored outputs; {cure}")
    kept = code_cells(stored)
    for number, (cell, old) in enumerate(zip(code, kept), 1):
        if cell.source != old.source:
            raise PageError(f"{page.path}: code cell {number} is not the one "
                            f"whose outputs are stored; {cure}")
        cell.outputs = old.outputs
        cell.execution_count = old.execution_count
    if len(code) != len(kept):
        raise PageError(f"{page.path} has {len(code)} code cells, its stored "
                        f"notebook {len(kept)}; {cure}")
    return notebook


# MyST-NB hands its readers the text alone. Sphinx reads a page right after
# announcing it (`source-read`), in the same process: the extension notes it.
# drafts: stems of pages that may be read without outputs (`make page` reads
# the other pages too, in whatever state they are).
# stored: state of each notebook whose text this build wrote, by name.
reading = {"root": ROOT, "page": None, "drafts": frozenset(), "stored": {}}


def read_page(text):
    """The reader that _config.yml names for every .md page."""
    page = Page(reading["root"], reading["page"])
    if page.stem in reading["drafts"]:
        return parse(text, page.path)
    stored = page.stored()
    notebook = with_outputs(parse(text, page.path), stored, page)
    if stored:
        refuse_edited(page, stored)
    if stored and (listed := checked_cell(claims_of(stored))):
        notebook.cells.append(listed)
        notebook.metadata.source_map.append(text.count("\n"))
    return notebook


def refuse_edited(page, stored):
    """Refuse a store that is not as a run left it (`make book` runs such a
    page again; this is for Sphinx by itself)."""
    from bookbuild.fingerprint import hand_edits, run_edited  # they import us

    if not stored.metadata.get("book"):
        fault = "the record of its run is missing"
    elif run_edited(stored):
        fault = f"{', '.join(hand_edits(stored)[:3])} changed by hand"
    else:
        return
    raise PageError(f"{page.store.relative_to(page.root)}: {fault}; run its "
                    f"cells with: make page P={page.stem}")


def write(path, text):
    """Replace a file whole: write aside, flush to disk, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o644)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
