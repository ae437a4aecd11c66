"""A change of a module runs exactly the pages that reach it, in this book.

What a page reaches is found here without the fingerprint: by modulefinder of
the standard library, in the bytecode of the page's cells.
"""

import ast
import shutil
from modulefinder import ModuleFinder

import pytest

from bookbuild import build, fingerprint
from bookbuild.pages import ROOT, pages_of

MODULES = sorted(
    path.relative_to(ROOT / "code").with_suffix("").as_posix().replace("/", ".")
    for path in (ROOT / "code/scratch").rglob("*.py")
    if path.stem != "__init__")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of a copy of the book that need not run."""
    root = tmp_path_factory.mktemp("reach")
    for name in ("chapters", "notebooks", "code"):
        shutil.copytree(ROOT / name, root / name,
                        ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_toc.yml", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    (root / "data").symlink_to(ROOT / "data")
    return [page for page in pages_of(root) if page.code
            and not fingerprint.stale(page)]


@pytest.fixture
def changed(pages, monkeypatch):
    """Change a module by a function of its source; the stems of the pages
    that would run for it, and no other reason."""
    files = {}

    def change(module, edit):
        path = fingerprint.module_path(pages[0].root, module)
        source = files[path] = path.read_text("utf-8")
        before = {page: fingerprint.stale(page) for page in pages}
        path.write_text(edit(source), "utf-8")
        ran = []
        monkeypatch.setattr(build, "run_pages", lambda todo: ran.extend(todo))
        todo = build.run_stale(pages)
        assert [page for page, _ in todo] == ran
        return {page.stem for page, why in todo if why != before[page]}

    yield change
    for path, source in files.items():
        path.write_text(source, "utf-8")


def reaching(module, pages, folder):
    """Stems of the pages that import a module, or one that imports it."""
    found = set()
    for page in pages:
        script = folder / "page.py"
        script.write_text("\n".join(page.code), "utf-8")
        finder = ModuleFinder([str(page.root / "code")])
        finder.run_script(str(script))
        if module in finder.modules:
            found.add(page.stem)
    return found


def one_line(source):
    """The source with one line of a function's body changed."""
    functions = [node for node in ast.walk(ast.parse(source))
                 if isinstance(node, ast.FunctionDef)]
    line = next(node.lineno for function in functions
                for node in function.body
                if node.lineno == node.end_lineno
                and isinstance(node, ast.Return | ast.Assign | ast.Expr))
    lines = source.splitlines()
    lines[line - 1] += "; 'another line'"
    return "\n".join(lines)


def words(source):
    """The source with another docstring, and comments."""
    first = ast.parse(source).body[0]
    assert ast.get_docstring(ast.parse(source))
    rest = "\n".join(source.splitlines()[first.end_lineno:])
    return f'# A comment.\n"""Another docstring."""\n{rest}\n\n# Another.\n'


@pytest.mark.parametrize("module", MODULES)
def test_a_changed_line_runs_the_pages_that_reach_it(
        module, changed, pages, tmp_path):
    assert changed(module, one_line) == reaching(module, pages, tmp_path)


@pytest.mark.parametrize("module", MODULES)
def test_other_words_run_a_page_only_where_they_are_read(
        module, changed, pages, tmp_path):
    path = fingerprint.module_path(ROOT, module)
    # A run that opened the module's file, as for a traceback, read its words.
    opened = {page.stem for page in pages if path.relative_to(ROOT).as_posix()
              in page.stored().metadata.book.fingerprint}
    assert changed(module, words) == (
        reaching(module, pages, tmp_path)
        if "__doc__" in path.read_text("utf-8") else opened)


def test_the_session_reaches_all_pages_and_the_perceptron_some(
        changed, pages):
    everywhere = {page.stem for page in pages}
    assert len(everywhere) >= 5  # no page of the book is left out
    assert changed("scratch.session", one_line) == everywhere
    assert set() < changed("scratch.perceptron", one_line) < everywhere
