"""Random edits of a small book: no page stale, no run needless.

After each edit the book is brought up to date, and compared with an oracle
that knows nothing of fingerprints. It takes the code cells from the pages'
text with a regular expression and executes every page anew, in a process of
its own, with `exec`. A page is stale when its stored outputs are not those.

A run was needed when the page is new, its cells are others than before, or
something it can reach was edited: a module (import statements are followed in
the modules' text, and sys.modules must agree), a library, a file it opened.
All other runs are needless.

So that a minute suffices, the stale pages run in such processes too; at the
end some pages run in real kernels, which must give the same notebooks.
"""

import functools
import json
import os
import random
import re
import subprocess
import sys

import pytest
from nbformat import v4

from bookbuild import build, execute, fingerprint
from bookbuild.pages import ROOT, PageError, code_cells, pages_of

SEED, EACH = 20, 5
PAGES, MODULES, FILES, LIBRARIES = 12, 12, 4, ("rulers", "scales")
KINDS = ("module body", "module docstring", "module comment", "data byte",
         "pin", "prose", "tag", "caption", "cells reordered", "page renamed",
         "page removed", "page added", "module deleted")
CELL = re.compile(r"^```\{code-cell\} ipython3\n(?:---\n.*?^---\n)?(.*?)\n```$",
                  re.M | re.S)

# Reads [[name, cells]] and writes {name: what came of executing them}, each
# list of cells in a fork that has loaded nothing.
RUNNER = """
import ast, builtins, contextlib, io, json, os, sys
from bookbuild.kernel import watch_files
root = os.environ["BOOK"]
sys.path[:0] = [root + "/code", root + "/libraries"]
sys.dont_write_bytecode = True

def run(cells, opened, space):
    outputs, plain = [], io.open
    def noting(path, *rest, **more):
        if isinstance(path, str) and path.startswith(root + "/data"):
            opened.add(os.path.relpath(path, root))
        return plain(path, *rest, **more)
    builtins.open = noting
    for cell in cells:
        tree, said = ast.parse(cell), io.StringIO()
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(said):
            exec(compile(tree, "cell", "exec"), space)
            value = last and eval(compile(ast.Expression(last.value), "cell",
                                          "eval"), space)
        outputs.append([said.getvalue(), repr(value)])
    return outputs

for name, cells in json.load(sys.stdin):
    if pid := os.fork():
        os.waitpid(pid, 0)
        continue
    watched, opened = watch_files(root), set()
    try:
        result = {"outputs": run(cells, opened, {})}
    except Exception as error:
        result = {"error": repr(error)}
    print(json.dumps([name, result | {
        "files": watched, "opened": sorted(opened),
        "modules": [m for m in sys.modules if m.split(".")[0] == "scratch"]}]))
    sys.stdout.flush()
    os._exit(0)
"""


def run_all(root, pages):
    ran = subprocess.run(
        [sys.executable, "-S", "-c", RUNNER], input=json.dumps(pages),
        text=True, capture_output=True, check=True, env=os.environ | {
            "BOOK": str(root), "PYTHONPATH": str(ROOT / "code"),
            "PYTHONDONTWRITEBYTECODE": "1"})
    return dict(json.loads(line) for line in ran.stdout.splitlines())


def run_pages(pages):
    """In place of kernels: run pages, store what went well."""
    results = run_all(pages[0].root, [[page.stem, page.code]
                                      for page in pages]) if pages else {}

    def run_cells(page, notebook, names, progress):
        result = results[page.stem]
        if "error" in result:
            raise PageError(f"{page.path}: {result['error']}")
        for cell, (said, value) in zip(code_cells(notebook),
                                       result["outputs"]):
            cell.outputs = [v4.new_output("stream", text=said)] * bool(said)
            if value != "None":
                cell.outputs.append(v4.new_output(
                    "execute_result", {"text/plain": value}))
        notebook.metadata.language_info = {"name": "python"}
        return result | {"megabytes": 1, "seconds": 1.0}

    failures = []
    for page in pages:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(execute, "run_cells", run_cells)
            try:
                execute.store(page, execute.execute(page))
            except PageError as error:
                failures.append(str(error))
    return failures


class Desk:
    """A book, someone who edits it at random, and what is known of it."""

    def __init__(self, root, seed):
        self.root, self.random = root, random.Random(seed)
        self.serial = 0  # every edit writes something never written before
        self.pages = []
        for name in LIBRARIES:
            self.write(f"libraries/{name}.py", "LENGTH = 1\n")
        self.write("requirements.txt",
                   "".join(f"{name}==1.0\n" for name in LIBRARIES))
        for number in range(FILES):
            self.write(f"data/{number}.txt", f"{number}" * 9)
        self.write("code/scratch/__init__.py", "")
        self.write("code/scratch/tools/__init__.py",
                   '"""Tools."""\nfrom scratch import m1\nUNIT = m1.value()\n')
        self.modules = list(range(MODULES))
        for number in self.modules:
            self.write(self.module(number), self.new_module(number))
        for _ in range(PAGES):
            self.add_page()

    def module(self, number):
        """Where a module lies; the last two are in a package."""
        folder = "tools/" if number >= MODULES - 2 else ""
        return f"code/scratch/{folder}m{number}.py"

    def new_module(self, number):
        """A module that uses up to two of lower number, in some way."""
        lower = self.random.sample(range(number), min(number, 2))
        lines = [f'"""Module {number}."""', "from pathlib import Path"]
        inside, value = [], [str(number)]
        for other in lower:
            if self.random.random() < 0.3:
                inside.append(f"    {self.importing(other)}")
            else:
                lines.append(self.importing(other))
            value.append(f"m{other}.value()")
        if self.random.random() < 0.4:
            inside.append("    DATA = Path(__file__).parents[2 + ('tools' in "
                          "__file__)] / 'data'")
            value.append(f"int(open(str(DATA / '{number % FILES}.txt'))"
                         ".read()[:4])")
        if self.random.random() < 0.3:
            library = self.random.choice(LIBRARIES)
            lines.append(f"import {library}")
            value.append(f"{library}.LENGTH")
        return "\n".join([
            *lines, "", "", "def value():", '    """Its value."""', *inside,
            "    # added up", f"    return {' + '.join(value)}", "", "",
            "def rarely():", f"    {self.importing(lower[0]) if lower else 0}",
            ""])

    def importing(self, number):
        package = "scratch.tools" if "tools" in self.module(number) else (
            "scratch")
        return self.random.choice([
            f"from {package} import m{number}",
            f"import {package}.m{number} as m{number}",
            f"import {package}.m{number}; from {package} import m{number}"])

    def add_page(self):
        self.serial += 1
        used = self.random.sample(self.modules, self.random.choice([1, 2, 3]))
        first = [self.importing(number) for number in used]
        if self.random.random() < 0.25:
            first.append(f"import {self.random.choice(LIBRARIES)}")
        cells = ["\n".join([*first, f"x = {self.serial}"]),
                 "\n".join(["x += 1", f"print('x', x, {self.serial})"]),
                 " + ".join(["x", *(f"m{n}.value()" for n in used)])]
        name = f"page_{self.serial}"
        self.write(f"chapters/{name}.md", (
            "---\nkernelspec: {name: python3, display_name: Python 3, "
            f"language: python}}\n---\n# {name}\n\n" + "\n\n".join(
                f"Words.\n\n```{{code-cell}} ipython3\n---\ntags: [plain]\n"
                f"mystnb: {{figure: {{caption: words}}}}\n---\n{cell}\n```"
                for cell in cells) + "\n"))
        self.pages.append(name)
        self.write_contents()

    def write_contents(self):
        first, *others = self.pages
        self.write("_toc.yml", "format: jb-book\nroot: chapters/" + first
                   + "\nchapters:\n" + "".join(
                       f"  - file: chapters/{name}\n" for name in others))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, name):
        return (self.root / name).read_text(encoding="utf-8")

    def replace(self, name, pattern, new):
        """Replace one of the places where a pattern matches."""
        text = self.read(name)
        match = self.random.choice(list(re.finditer(pattern, text, re.M)))
        self.write(name, text[:match.start()] + new + text[match.end():])

    def edit(self, kind):
        """Edit the book; return what code may see of it: names of modules,
        files and libraries."""
        self.serial += 1
        new, page = f"new {self.serial}", self.random.choice(self.pages)
        number = self.random.choice(self.modules)
        module, chapter = self.module(number), f"chapters/{page}.md"
        match kind:
            case "module body":
                self.replace(module, "return ", f"return {self.serial} + ")
                return {f"m{number}"}
            case "module docstring":
                self.replace(module, '""".*?"""', f'"""{new}"""')
            case "module comment":
                self.replace(module, r"# .*|^\n", f"# {new}\n\n")
            case "data byte":
                name = f"data/{self.random.randrange(FILES)}.txt"
                text = self.read(name)
                at = self.random.randrange(len(text))
                self.write(name, text[:at] + str((int(text[at]) + 1) % 10)
                           + text[at + 1:])
                return {name}
            case "pin":
                library = self.random.choice(LIBRARIES)
                self.replace("requirements.txt", f"^{library}==.*",
                             f"{library}=={self.serial}")
                return {library}
            case "prose":
                self.replace(chapter, r"^Words.*", f"Words, {new}.\n\nMore.")
            case "tag":
                self.replace(chapter, r"tags: .*", f"tags: [{new}]")
            case "caption":
                self.replace(chapter, r"caption: [^}]*", f"caption: {new}")
            case "cells reordered":
                text = self.read(chapter)
                a, b = list(CELL.finditer(text))[1:]
                self.write(chapter, text[:a.start(1)] + b[1]
                           + text[a.end(1):b.start(1)] + a[1] + text[b.end(1):])
            case "page renamed":
                name = f"page_{self.serial}"
                os.rename(self.root / chapter, self.root / f"chapters/{name}.md")
                self.pages[self.pages.index(page)] = name
                self.write_contents()
                return {(page, name)}
            case "page removed":
                (self.root / chapter).unlink()
                self.pages.remove(page)
                self.write_contents()
            case "page added":
                self.add_page()
            case "module deleted":
                number = self.random.choice(  # 1 is used by the package
                    [other for other in self.modules if other != 1])
                (self.root / self.module(number)).unlink()
                self.modules.remove(number)
                return {f"m{number}"}
        return set()

    def forget(self, number):
        """Take out every use of a module."""
        for path in [*self.root.glob("code/scratch/**/*.py"),
                     *self.root.glob("chapters/*.md")]:
            text = re.sub(rf"^( *)(?:import|from) .*\bm{number}\b.*",
                          r"\1pass", path.read_text(), flags=re.M)
            path.write_text(text.replace(f"m{number}.value()", "0"))


class Book:
    """What stands after each edit, as the oracle sees it."""

    def __init__(self, desk):
        self.desk, self.root = desk, desk.root
        self.cells, self.reach = {}, {}

    def bring_up_to_date(self):
        """What `make book` does before Sphinx; the stems of pages that ran."""
        fingerprint.pins.cache_clear()
        fingerprint.module_graph.cache_clear()
        ran = set()

        def noting(pages):
            ran.update(page.stem for page in pages)
            return run_pages(pages)

        pages, failed = pages_of(self.root), set()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build, "run_pages", noting)
            try:
                build.bring_up_to_date(self.root, pages, pages)
            except PageError as error:
                failed = set(re.findall(r"^chapters/(\w+)", str(error), re.M))
        build.forget_orphans(self.root, pages, pages)
        return ran, failed

    def step(self, edited):
        """Build; (stale pages, needless runs, runs missed) after an edit."""
        for pair in edited:
            if isinstance(pair, tuple):  # a page has another name now
                for known in (self.cells, self.reach):
                    known[pair[1]] = known.pop(pair[0])
        ran, failed = self.bring_up_to_date()
        names = self.desk.pages
        cells = {name: CELL.findall(self.desk.read(f"chapters/{name}.md"))
                 for name in names}
        truth = run_all(self.root, list(cells.items()))
        texts = {path.stem: path.read_text() for path in
                 self.root.glob("code/scratch/**/m*.py")}
        tools = self.desk.read("code/scratch/tools/__init__.py")
        reach = {}
        for name in names:
            found = can_reach("\n".join(cells[name]), texts, tools)
            assert found >= {module.split(".")[-1] for module in
                             truth[name]["modules"]} - {"scratch", "tools"}
            reach[name] = found | set(truth[name]["opened"])
        needed = {name for name in names if cells[name] != self.cells.get(name)
                  or edited & (reach[name] | self.reach.get(name, set()))}
        wrong = {name for name in names if "error" in truth[name]}
        stale = {name for name in set(names) - wrong
                 if stored_outputs(self.root, name) != truth[name]["outputs"]}
        self.cells, self.reach = cells, reach
        return stale | (failed ^ wrong), ran - needed, needed - ran


def can_reach(text, texts, tools):
    """Modules and libraries that a text imports, and what those import."""
    found, todo = set(), [text]
    while todo:
        lines = re.findall(r"^ *(?:import|from) .*", todo.pop(), re.M)
        if any("tools" in line for line in lines):
            lines.append(tools)
        names = set(re.findall(rf"\b(?:m\d+|{'|'.join(LIBRARIES)})\b",
                               "\n".join(lines))) - found
        found |= names
        todo += [texts[name] for name in names if name in texts]
    return found


def stored_outputs(root, name):
    notebook = json.loads((root / f"notebooks/{name}.ipynb").read_text())
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            said, value = "", "None"
            for output in cell["outputs"]:
                if "text" in output:
                    said = "".join(output["text"])
                else:
                    value = "".join(output["data"]["text/plain"])
            found.append([said, value])
    return found


def faults(book, kinds):
    """Edit a book; yield (kind, what is wrong, pages) for each fault."""
    desk = book.desk
    assert not any(book.step(set()))
    for kind in kinds:
        before = set(desk.modules)
        steps = [book.step(desk.edit(kind))]
        for gone in before - set(desk.modules):
            desk.forget(gone)
            steps.append(book.step({f"m{gone}"}))
        for step in steps:
            for what, pages in zip(("stale", "needless", "missed"), step):
                if pages:
                    yield kind, what, sorted(pages)


@pytest.fixture
def book(tmp_path):
    return Book(Desk(tmp_path, SEED))


@pytest.mark.slow
def test_after_any_edit_no_page_is_stale_and_no_run_was_needless(
        book, monkeypatch):
    order = random.Random(SEED)
    kinds = [kind for _ in range(EACH) for kind in order.sample(
        KINDS, len(KINDS))]
    assert len(kinds) >= 60
    assert list(faults(book, kinds)) == []

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(
        [str(ROOT / "code"), str(book.root / "libraries")]))
    pages, folder = pages_of(book.root)[:4], book.root / "in kernels"
    assert build.run_pages(pages, folder) == []
    for page in pages:
        ours, theirs = page.stored(), v4.reads(
            (folder / page.store.name).read_text())
        for record in (ours.metadata.book, theirs.metadata.book):
            del record["cells"]  # with the text, which Sphinx brings
        assert ours.metadata.book == theirs.metadata.book
        assert [cell.outputs for cell in code_cells(ours)] == [
            cell.outputs for cell in code_cells(theirs)]


def direct(page):
    graph = fingerprint.module_graph(page.root)
    return sorted(name for name in fingerprint.imports(
        "\n".join(page.code), page.path) if name in graph.modules)


def with_metadata(notebook):
    return [v4.new_code_cell(f"{cell.source}{cell.metadata}")
            for cell in code_cells(notebook)]


def in_any_order(notebook):
    return sorted(code_cells(notebook), key=lambda cell: cell.source)


# What a fingerprint might get wrong: the function, what does it wrong, the
# edit that shows it, and how.
BUGS = {
    "only the modules a page names": (
        "modules_of", direct, "module body", "stale"),
    "every module of the book": (
        "modules_of", lambda page: sorted(
            fingerprint.module_graph(page.root).modules),
        "module body", "needless"),
    "comments": ("syntax", lambda source, docstrings=False: source,
                 "module comment", "needless"),
    "docstrings": ("strip_docstring", lambda node: None,
                   "module docstring", "needless"),
    "no data": ("file_digest", lambda path: "", "data byte", "stale"),
    "no pins": ("pins", functools.cache(lambda root: dict.fromkeys(
        LIBRARIES, "1.0")), "pin", "missed"),
    "captions": ("code_cells", with_metadata, "caption", "needless"),
    "tags": ("code_cells", with_metadata, "tag", "needless"),
    "cells in any order": ("code_cells", in_any_order, "cells reordered",
                           "stale"),
    "the page's name": ("adopt", lambda page, notebooks: None,
                        "page renamed", "needless"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_planted_in_the_fingerprint_is_found(bug, book, monkeypatch):
    name, wrong, kind, fault = BUGS[bug]
    place = build if name == "adopt" else fingerprint
    monkeypatch.setattr(place, name, wrong)
    if name == "file_digest":
        monkeypatch.setattr(execute, name, wrong)
    assert fault in [what for _, what, _ in faults(book, [kind] * 4)]
