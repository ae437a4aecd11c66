"""The book with the newest versions of what it uses: make newest

In a copy of the book, below _build/newest, each pin of requirements.txt is
loosened to "this or newer" (HELD names the limits), the newest versions that
go together are set up, every page is run, and the tests and the lint follow.
The book itself, its pins and its stored notebooks stay as they are. What
failed or came out otherwise stands in the report.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bookbuild.issue import Report
from bookbuild.pages import ROOT, PageError

# Jupyter Book 2 is another program, which knows nothing of Sphinx; what it
# brings holds Sphinx and its themes back.
HELD = {"jupyter-book": "<2"}
PIN = re.compile(r"^([\w.-]+)==([\w.+!-]+)", re.M)
PINNED = ("requirements.txt", "requirements-nodeps.txt",
          "binder/requirements.txt")
LEFT = (".git", ".venv", ".venv.old", "_build", "mine", "__pycache__")
STEPS = {  # what is tried, in this order, as words for Python
    "every page, run again": ["-m", "bookbuild.fresh"],
    "the tests": ["-m", "pytest", "-n", "2", "--dist", "loadfile", "-m",
                  "not browser", "--ignore=tests/editions", "--maxfail=50"],
    "the lint": ["-m", "bookbuild.lint"]}
LINES = 60  # of what a step printed, in the report


def loosened(text):
    """Requirements whose pins became lower bounds."""
    def loose(match):
        name, version = match.groups()
        return f"{name}>={version}" + (f",{HELD[name]}" if name in HELD else "")
    return PIN.sub(loose, text)


def repinned(text, versions):
    """Requirements with the versions that were set up, as pins."""
    def pin(match):
        name, old = match.groups()
        return f"{name}=={versions.get(canonical(name), old)}"
    return PIN.sub(pin, text)


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def differences(old, versions):
    """Lines "name: 1.0 → 1.1" of the pins that are another now."""
    pairs = [(name, was, versions.get(canonical(name), was))
             for name, was in PIN.findall(old)]
    return [f"{name}: {was} → {now}" for name, was, now in pairs
            if was != now.partition("+")[0]]


def copy(root):
    """A copy of the book without its environment and its site."""
    place = root / "_build" / "newest"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(root, place / "book", symlinks=True,
                    ignore=shutil.ignore_patterns(*LEFT))
    return place / "book"


def set_up(book, python):
    """An environment with the newest versions; {name: version}.

    The pins of the copy are rewritten to these, for a page that reaches a
    library without a pin does not run.
    """
    texts = {name: (book / name).read_text("utf-8") for name in PINNED
             if (book / name).exists()}
    for name in ("requirements.txt", "requirements-nodeps.txt"):
        if name in texts:
            (book / name).write_text(loosened(texts[name]), "utf-8")
    ran = subprocess.run(["bash", "code/bookbuild/setup.sh", python], cwd=book,
                         text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    if ran.returncode != 0:
        raise PageError("the newest versions do not go together:\n"
                        + ran.stdout)
    listed = subprocess.run([".venv/bin/python", "-m", "pip", "list",
                             "--format=json", "--disable-pip-version-check"],
                            cwd=book, text=True, capture_output=True,
                            check=True).stdout
    versions = {canonical(each["name"]): each["version"].partition("+")[0]
                for each in json.loads(listed)}
    for name, text in texts.items():
        (book / name).write_text(repinned(text, versions), "utf-8")
    return versions


def attempt(book, words):
    """(did it go well, its last lines, seconds) of one step in the copy."""
    began = time.monotonic()
    ran = subprocess.run([".venv/bin/python", *words], cwd=book, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = ran.stdout.strip().splitlines()[-LINES:]
    return ran.returncode == 0, "\n".join(lines), time.monotonic() - began


def try_all(root=ROOT, python=sys.executable, steps=None):
    """Set up, try each step, write the report; return whether all went well.
    """
    report = Report(root, "newest", "The book with the newest versions")
    old = (root / "requirements.txt").read_text("utf-8")
    book = copy(root)
    try:
        versions = set_up(book, python)
    except PageError as error:
        return told(report, [fenced("Setting up", False, str(error))], False)
    newer = differences(old, versions)
    parts = ["Newer than the pins: " + ("; ".join(newer) or "nothing") + "."]
    well = True
    for title, words in (STEPS if steps is None else steps).items():
        good, said, seconds = attempt(book, words)
        well &= good
        parts.append(fenced(f"{title}, {seconds:.0f} s", good, said))
    return told(report, parts, well)


def fenced(title, good, said):
    mark = "went well" if good else "did not go well"
    return f"**{title}: {mark}**" + ("" if good else f"\n\n```text\n{said}\n```")


def told(report, parts, well):
    text = "\n\n".join(parts)
    print(text)
    report.write(text, trouble=not well)
    return well


def main():
    # Not the environment's own Python: its place is below this book.
    python = str(Path(sys.base_prefix, "bin", "python3"))
    sys.exit(0 if try_all(python=python) else 1)


if __name__ == "__main__":
    main()
