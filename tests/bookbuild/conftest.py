"""A tiny book of its own, built by a copy of bookbuild."""

import gc
import os
import shutil
import subprocess
import sys
import warnings
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx_external_toc import collectors

from bookbuild import build, fingerprint
from bookbuild.pages import find_page, pages_of

# Tests set what they need of these; a workflow has some of them set.
for name in ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_REF",
             "SITE_URL"):
    os.environ.pop(name, None)

BOOK = Path(__file__).resolve().parents[2]

FRONT = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
---
"""
CONFIG = """
title: Tiny
only_build_toc_files: true
execute: {execute_notebooks: "off"}
sphinx:
  extra_extensions: [bookbuild.extension, bookbuild.plain]
  config:
    nb_custom_formats: {".md": ["bookbuild.pages.read_page", {}, false]}
"""
FILES = {
    "_config.yml": CONFIG,
    "requirements.txt": "numpy==2.4.6\n",
    "pyproject.toml": '[project]\nversion = "1.2.3"\n',
    "data/few.txt": "1 2 3\n",
    "code/scratch/__init__.py": "",
    "code/scratch/session.py":
        "def start(seed=0):\n    return 'cpu'\n",
    "code/scratch/sums.py":
        "from scratch import ones\n\n\ndef two():\n"
        '    """Two."""\n    return ones.one() + ones.one()\n',
    "code/scratch/ones.py": "def one():\n    return 1\n",
    "chapters/index.md": "# Welcome\n\nSee {ref}`sec-one`.\n",
}
PAGES = {"one": ["from scratch import sums\nfrom scratch.session import start",
                 "sums.two()"],
         "two": ["from scratch.session import start\ndevice = start(seed=0)",
                 "6 * 7"]}


def page_text(name, cells, front=FRONT):
    return f"{front}(sec-{name})=\n# {name}\n" + "".join(
        f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells)


class Book:
    def __init__(self, root, pages=PAGES):
        """Write a book. pages: {name: its code cells, or its whole text}."""
        self.root = root
        shutil.copytree(BOOK / "code" / "bookbuild", root / "code/bookbuild",
                        ignore=shutil.ignore_patterns("web", "__pycache__"))
        for name, text in FILES.items():
            self.write(name, text)
        for name, page in pages.items():
            self.write(f"chapters/{name}.md", page if isinstance(page, str)
                       else page_text(name, page))
        self.write("_toc.yml", "format: jb-book\nroot: chapters/index\n"
                   "chapters:\n" + "".join(f"  - file: chapters/{name}\n"
                                           for name in pages))

    def copy(self, root):
        """A copy as a clone gives it, without the site."""
        shutil.copytree(self.root, root, symlinks=True,
                        ignore=shutil.ignore_patterns("_build"))
        copy = object.__new__(Book)
        copy.root = root
        return copy

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    # In this process, which saves each build the imports:

    def page(self, name):
        """A page as it is now."""
        forget()
        return find_page(name, self.root)

    def why(self, name):
        """Why the page would run now."""
        return fingerprint.stale(self.page(name))

    def run_stale(self):
        """Run what is stale; the stems of the pages that ran. No Sphinx."""
        forget()
        pages = pages_of(self.root)
        return {page.stem for page, _ in build.bring_up_to_date(
            self.root, pages, pages)}

    def executed(self, only=None):
        """Build; the stems of the pages that ran."""
        forget()
        page = only and find_page(only, self.root)
        with warnings.catch_warnings(action="ignore"):  # those of Sphinx
            _, executed = build.make_book(self.root, page)
        return {page.stem for page, _ in executed}

    # As a reader does it:

    def command(self, *arguments):
        """What Popen needs to run Python in this book."""
        return {"args": [sys.executable, *arguments], "cwd": self.root,
                "env": os.environ | {"PYTHONPATH": str(self.root / "code")},
                "text": True}

    def run(self, *arguments):
        return subprocess.run(**self.command(*arguments), capture_output=True,
                              timeout=60)

    def build(self, *arguments):
        return self.run("-m", "bookbuild.build", *arguments)

    def jupyter_book(self):
        """What `jupyter-book build .` does, and nothing of ours around it.

        bookbuild is imported first only to save a second: see there.
        """
        return self.run("-c", "import bookbuild; from jupyter_book.cli.main "
                        "import main; main(['build', '.'])")


def forget():
    """What a process may remember while a book stays as it is."""
    fingerprint.pins.cache_clear()
    fingerprint.module_graph.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def sphinx_meets_the_living():
    """sphinx-external-toc asks every object of the process whether it is its
    own; what a library that other tests loaded has let go can't answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collectors, "gc", SimpleNamespace(
            get_objects=lambda: [one for one in gc.get_objects()
                                 if type(one) not in weakref.ProxyTypes]))
        yield


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("tiny"))
    assert book.executed() == {"one", "two"}
    return book


@pytest.fixture
def book(tmp_path, built_once):
    """A tiny book of the test's own, whose pages ran."""
    return built_once.copy(tmp_path / "book")
