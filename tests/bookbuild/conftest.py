"""A tiny book of its own, built by a copy of bookbuild."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2]

FRONT = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
---
"""
PAGE = """(sec-{name})=
# {name}

```{{code-cell}} ipython3
from scratch.session import start
{imports}
device = start(seed=0)
```

```{{code-cell}} ipython3
{code}
```
"""
CONFIG = """
title: Tiny
only_build_toc_files: true
execute: {execute_notebooks: "off"}
sphinx:
  extra_extensions: [bookbuild.extension]
  config:
    nb_custom_formats: {".md": ["bookbuild.pages.read_page", {}, false]}
"""
FILES = {
    "_config.yml": CONFIG,
    "_toc.yml": "format: jb-book\nroot: chapters/index\nchapters:\n"
                "  - file: chapters/one\n  - file: chapters/two\n",
    "requirements.txt": "numpy==2.4.6\n",
    "data/few.txt": "1 2 3\n",
    "code/scratch/__init__.py": "",
    "code/scratch/session.py":
        "def start(seed=0):\n    return 'cpu'\n",
    "code/scratch/sums.py":
        "from scratch import ones\n\n\ndef two():\n"
        '    """Two."""\n    return ones.one() + ones.one()\n',
    "code/scratch/ones.py": "def one():\n    return 1\n",
    "chapters/index.md": "# Welcome\n\nSee {ref}`sec-one`.\n",
    "chapters/one.md": FRONT + PAGE.format(
        name="one", imports="from scratch import sums", code="sums.two()"),
    "chapters/two.md": FRONT + PAGE.format(
        name="two", imports="from pathlib import Path",
        code="6 * 7"),
}


class Book:
    def __init__(self, root):
        self.root = root
        shutil.copytree(BOOK / "code" / "bookbuild", root / "code/bookbuild",
                        ignore=shutil.ignore_patterns("web", "__pycache__"))
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def run(self, *arguments):
        environment = os.environ | {"PYTHONPATH": str(self.root / "code")}
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.root, text=True,
            env=environment, capture_output=True, timeout=60)

    def build(self, *arguments):
        return self.run("-m", "bookbuild.build", *arguments)

    def jupyter_book(self):
        """What `jupyter-book build .` does, and nothing of ours around it."""
        return self.run("-c", "from jupyter_book.cli.main import main; "
                        "main(['build', '.'])")

    def executed(self):
        """Build; the stems of the pages that were run."""
        ran = self.build()
        assert ran.returncode == 0, ran.stdout + ran.stderr
        lines = ran.stdout.splitlines()
        return {line.split()[1] for line in lines
                if line.startswith("executed: ") and " of " not in line}


@pytest.fixture
def book(tmp_path, built_once):
    """A tiny book of the test's own, already built once."""
    root = tmp_path / "book"
    shutil.copytree(built_once.root, root, symlinks=True)
    copy = object.__new__(Book)
    copy.root = root
    return copy


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("tiny"))
    assert book.executed() == {"one", "two"}
    return book
