import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import weakref
from unittest.mock import Mock

import pytest
from conftest import BOOK, FRONT, Book, page_text

from bookbuild import build, execute, fingerprint, kernel
from bookbuild.pages import PageError, pages_of, with_outputs, write


def forget_orphans(book):
    pages = pages_of(book.root)
    build.forget_orphans(book.root, pages, pages)


def add(book, name, text):
    path = book.root / "chapters" / f"{name}.md"
    path.write_text(path.read_text() + text)


def stored(book, name):
    return json.loads((book.root / f"notebooks/{name}.ipynb").read_text())


def html(book, name):
    return (book.root / f"_build/html/chapters/{name}.html").read_text("utf-8")


# ---- what make book does -------------------------------------------------

def test_a_copy_of_a_built_book_executes_nothing(book):
    assert book.executed() == set()
    assert "<h1>Welcome" in html(book, "index")


def test_outputs_stand_on_the_page(built_once):
    assert ">42\n" in html(built_once, "two")
    assert "ran in" in html(built_once, "two")


def test_a_changed_module_runs_the_pages_that_reach_it(book):
    book.edit("code/scratch/ones.py", "return 1", "return 2")
    ran = book.build()
    assert ran.stdout.splitlines()[-2:] == [
        "executed: 1 of 2 pages", "executed: one (scratch.ones changed)"]


def test_prose_reaches_site_and_notebook_without_a_run(book):
    add(book, "one", "\n\nA new sentence.\n")
    assert book.executed() == set()
    assert "A new sentence." in str(stored(book, "one")["cells"][-1])
    assert "A new sentence." in html(book, "one")


@pytest.fixture(scope="module")
def settled(tmp_path_factory, built_once):
    """A book whose last build is its own (a copy has other times), for tests
    that build it once more."""
    book = built_once.copy(tmp_path_factory.mktemp("settled") / "book")
    assert book.executed() == set()
    return book


def test_nothing_changed_starts_no_sphinx(settled):
    page = settled.root / "_build/html/chapters/one.html"
    text = page.read_text()
    page.write_text("as it was left")
    ran = settled.build()
    assert ran.stdout.splitlines()[-1] == "executed: 0 of 2 pages"
    assert page.read_text() == "as it was left"
    page.write_text(text)


def test_an_edit_that_keeps_size_and_time_is_noticed(settled):
    """By the run, by the book, and by Python, which goes by the same."""
    for name, old, new in [("code/scratch/ones.py", "return 1", "return 3"),
                           ("chapters/index.md", "Welcome", "Greeted")]:
        at = (settled.root / name).stat()
        settled.edit(name, old, new)
        os.utime(settled.root / name, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert settled.executed() == {"one"}
    assert ">6\n" in html(settled, "one")
    assert "<h1>Greeted" in html(settled, "index")


def test_a_clock_set_back_hides_no_edit(settled):
    add(settled, "two", "\n\nAn old sentence.\n")
    settled.edit("_config.yml", "Tiny", "Small")
    os.utime(settled.root / "chapters/two.md", (1, 1))
    os.utime(settled.root / "_config.yml", (1, 1))
    assert settled.executed() == set()
    assert "An old sentence." in html(settled, "two")
    assert "Small" in html(settled, "index")


def test_one_page_is_built_alone_and_the_book_goes_on_from_there(settled):
    before = html(settled, "one")
    add(settled, "two", "\n\nA backdated sentence.\n")
    os.utime(settled.root / "chapters/two.md", (1, 1))
    assert settled.executed("tw") == set()
    assert "A backdated sentence." in html(settled, "two")
    settled.edit("chapters/one.md", "sums.two()", "sums.two() + 1")
    settled.edit("chapters/two.md", "6 * 7", "6 * 8")
    assert settled.executed("tw") == {"two"}
    assert ">48\n" in html(settled, "two")
    assert html(settled, "one") == before
    assert settled.executed() == {"one"}
    assert html(settled, "one") != before


def test_a_change_of_the_extension_reaches_every_page(settled):
    settled.edit("code/bookbuild/extension.py", "ran in", "were done in")
    assert settled.build().returncode == 0
    assert "were done in" in html(settled, "one")
    assert "were done in" in html(settled, "two")


def test_a_page_removed_takes_its_notebook_and_its_html_with_it(settled):
    settled.edit("_toc.yml", "  - file: chapters/two\n", "")
    assert settled.executed() == set()
    assert not (settled.root / "notebooks/two.ipynb").exists()
    assert not (settled.root / "_build/html/chapters/two.html").exists()


def test_a_readers_own_notebook_is_moved_aside_and_never_deleted(
        book, capsys):
    folder = book.root / "notebooks"
    shutil.copy(folder / "one.ipynb", folder / "mine_of_one.ipynb")
    (folder / "notes.ipynb").write_text("not even a notebook")
    for _ in range(2):
        forget_orphans(book)
        shutil.copy(folder / "one.ipynb", folder / "mine_of_one.ipynb")
    forget_orphans(book)
    assert {path.name for path in folder.iterdir()} == {
        "one.ipynb", "two.ipynb"}
    assert {path.name for path in (book.root / "mine").iterdir()} == {
        "notes.ipynb", "mine_of_one.ipynb", "mine_of_one-1.ipynb",
        "mine_of_one-2.ipynb"}
    assert ("moved notebooks/notes.ipynb to mine/notes.ipynb: no page has "
            "that name") in capsys.readouterr().out


def test_after_an_edit_of_text_only_pages_it_may_concern_are_looked_at(
        tmp_path):
    book = Book(tmp_path / "book", {
        "one": ["open('{}/chapters/index.md').read()[2:9]".format(
            tmp_path / "book")],
        "two": ["6 * 7"], "plain": "# Plain\n\nText.\n"})
    book.write("chapters/index.md", "# Welcome\n")
    assert book.executed() == {"one", "two"}
    last = build.inputs(book.root)

    def looked_at():
        return {page.stem for page in build.touched(
            pages_of(book.root), last, build.inputs(book.root))}

    assert looked_at() == set()
    add(book, "two", "\n\nMore.\n")
    assert looked_at() == {"two"}
    book.write("chapters/index.md", "# Goodbye\n")
    assert looked_at() == {"index", "one", "two"}
    assert book.executed() == {"one"}
    assert "Goodbye" in str(stored(book, "one"))
    last = build.inputs(book.root)
    book.write("notebooks/plain.ipynb", "{}")  # no page of it has code
    (book.root / "notebooks/two.ipynb").unlink()
    assert looked_at() == {"plain", "two"}
    assert book.executed() == {"two"}
    assert (book.root / "mine/plain.ipynb").exists()
    last = build.inputs(book.root)
    book.write("data/few.txt", "4\n")
    assert looked_at() == {"index", "one", "two", "plain"}


def test_an_edit_made_while_the_book_is_built_is_for_the_next_build(
        book, monkeypatch):
    monkeypatch.setattr(build, "run_sphinx", lambda root, doctrees: (
        add(book, "index", "\n\nLate.\n")))
    build.make_book(book.root)
    assert build.last_inputs(book.root / "_build") != build.inputs(book.root)


def test_a_page_edited_while_it_runs_keeps_cells_and_outputs_together(
        book, monkeypatch):
    def run(pages):  # each in a process of its own, which reads the page anew
        book.edit("chapters/two.md", "6 * 8", "print(6)")
        page = book.page("two")
        notebook = execute.with_text_of(page, page.stored())
        for cell in notebook.cells:
            cell.outputs = []
        execute.store(page, notebook)

    monkeypatch.setattr(build, "run_pages", run)
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    book.run_stale()
    assert "print(6)" in str(stored(book, "two"))


def test_a_renamed_page_keeps_its_outputs(book):
    os.rename(book.root / "chapters/two.md", book.root / "chapters/three.md")
    book.edit("_toc.yml", "chapters/two", "chapters/three")
    assert book.executed() == set()
    assert stored(book, "three")["metadata"]["book"]["page"] == (
        "chapters/three.md")
    assert ">42\n" in html(book, "three")
    assert not (book.root / "notebooks/two.ipynb").exists()


def test_a_warning_of_sphinx_is_an_error_every_time(book, capfd):
    add(book, "two", "\n\n{ref}`sec-nowhere`\n")
    for _ in range(2):
        with pytest.raises(PageError, match="Sphinx stopped at the fault"):
            book.executed()
        assert "undefined label: 'sec-nowhere'" in capfd.readouterr().err


def test_an_unknown_page_is_told_which_there_are(built_once):
    ran = built_once.build("nine")
    assert ran.returncode == 1
    assert "P=nine: expected the name of one page" in ran.stderr
    assert "one" in ran.stderr and "two" in ran.stderr


def test_a_page_missing_from_disk_is_named(book):
    (book.root / "chapters/two.md").unlink()
    with pytest.raises(PageError, match="names this page"):
        book.executed()


# ---- Sphinx alone --------------------------------------------------------

def test_sphinx_alone_builds_what_is_stored(book):
    ran = book.jupyter_book()
    assert ran.returncode == 0, ran.stderr
    assert ">42\n" in html(book, "two")


def test_sphinx_alone_refuses_cells_without_their_outputs(book):
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    ran = book.jupyter_book()
    assert ran.returncode != 0
    assert ("chapters/two.md: code cell 2 is not the one whose outputs are "
            "stored; run its cells with: make page P=two") in (
                ran.stdout + ran.stderr)


@pytest.mark.parametrize("change, fault", [
    (lambda path: path.unlink(), "chapters/two.md has no stored outputs"),
    (lambda path: path.write_text('{"cells": ['),
     "notebooks/two.ipynb can't be read"),
])
def test_a_page_without_a_store_names_its_cure(book, change, fault):
    change(book.root / "notebooks/two.ipynb")
    page = book.page("two")
    with pytest.raises(PageError, match="with: make page P=two") as told:
        with_outputs(page.notebook, page.stored(), page)
    assert fault in str(told.value)


# ---- runs that fail ------------------------------------------------------

FAILING = {
    "fails": (["def share(cake, guests):\n    return cake / guests\n"
               "share(1, 0)"], FRONT),
    "long": (["import time\ntime.sleep(60)"],
             FRONT.replace("---\nk", "---\nbudget: {seconds: 1, why: x}\nk")),
    "large": (["1"], FRONT.replace(
        "---\nk", "---\nbudget: {megabytes: 10, why: x}\nk")),
    "unargued": (["1"], FRONT.replace(
        "---\nk", "---\nbudget: {seconds: 400}\nk")),
    "deadly": (["1", "import os\nos.kill(os.getpid(), 9)"], FRONT),
    "noisy": (["import sys\nprint('hm', file=sys.stderr)"], FRONT),
    "restless": (["object()"], FRONT),
    "unpinned": (["import torch"], FRONT),
    "secretive": (["import importlib\nimportlib.import_module('scratch.ones')"],
                  FRONT),
}


def test_a_run_over_its_seconds_is_not_stored_but_may_tell_its_results(
        book, monkeypatch, capsys):
    page = book.page("two")
    before = page.store.read_bytes()
    slow = page.stored()
    slow.metadata.book["seconds"] = 151.2
    monkeypatch.setattr(execute, "execute", lambda *_: slow)
    monkeypatch.setattr(sys, "argv", [
        "execute", "two", "--root", str(book.root)])
    with pytest.raises(SystemExit):
        execute.main()
    assert ("chapters/two.md took 151 s of a core, its budget is 150 s"
            in capsys.readouterr().err)
    assert page.store.read_bytes() == before
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--check"])
    execute.main()


def test_seconds_are_the_processors_and_not_the_clocks(book):
    kernel_seconds = book.page("two").stored().metadata.book.seconds
    assert 0 < kernel_seconds < 10
    began = kernel.processor_seconds()
    time.sleep(0.3)
    assert kernel.processor_seconds() - began < 0.2
    subprocess.run([sys.executable, "-c", "while __import__('time')."
                    "process_time() < 0.3: pass"], check=True)
    assert kernel.processor_seconds() - began > 0.3


@pytest.mark.parametrize("work", ["arithmetic", "steps"])
def test_a_slow_core_is_told_by_its_pace(monkeypatch, work):
    if work == "arithmetic":
        monkeypatch.delitem(sys.modules, "torch", raising=False)
    else:
        importlib.import_module("torch")
    usual = min(kernel.pace() for _ in range(9))
    assert 0.2 < usual < 10
    once = getattr(kernel, work)
    monkeypatch.setattr(kernel, work, lambda: [once() for _ in range(10)])
    assert 3 * usual < min(kernel.pace() for _ in range(5)) < 30 * usual


def test_the_pace_draws_no_random_number_of_the_page():
    torch = importlib.import_module("torch")
    before = torch.get_rng_state()
    with torch.no_grad():
        kernel.pace()
    assert (torch.get_rng_state() == before).all()


def test_the_same_work_costs_a_page_the_same_on_a_slow_core(
        monkeypatch, tmp_path):
    shell, written = Mock(), tmp_path / "report"
    for name, stub in {"watch_files": {}, "import_from": None}.items():
        monkeypatch.setattr(kernel, name, Mock(return_value=stub))
    monkeypatch.setenv("JPY_PARENT_PID", str(os.getppid()))
    monkeypatch.setenv("BOOK_REPORT", str(written))
    monkeypatch.setenv("BOOK_ROOT", str(tmp_path))
    # after each cell: seconds used so far on this core, and its pace there
    monkeypatch.setattr(kernel, "processor_seconds",
                        Mock(side_effect=[1, 1, 4, 4, 10, 10]))
    monkeypatch.setattr(kernel, "pace", Mock(side_effect=[1, 3, 2]))
    kernel.load_ipython_extension(shell)
    (_, after_cell), = [c.args for c in shell.events.register.mock_calls]
    after_cell()
    after_cell()
    assert json.loads(written.read_text())["seconds"] == 1 + 3 / 3 + 6 / 2


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A book in which every page but one fails, and its build."""
    book = Book(tmp_path_factory.mktemp("failing"), {
        name: page_text(name, cells, front)
        for name, (cells, front) in FAILING.items()} | {"good": ["6 * 9"]})
    return book, book.build()


@pytest.mark.parametrize("message", [
    "chapters/fails.md:7: code cell 1 failed",
    "return cake / guests",
    "ZeroDivisionError: division by zero",
    "chapters/long.md:8: code cell 1 was under way after 8 s, which is 8 times "
    "the page's budget",
    "MB, its budget is 10 MB",
    "chapters/unargued.md: a budget of its own needs a `why`",
    "chapters/deadly.md:11: code cell 2: the kernel died",
    "code cell 1 wrote to stderr:\nhm",
    "code cell 1 prints a memory address",
    "chapters/unpinned.md reaches torch, which requirements.txt does not pin",
    "chapters/secretive.md loads scratch.ones, which no import statement",
])
def test_a_run_that_fails_is_told(failing, message):
    assert failing[1].returncode == 1
    assert message in failing[1].stderr
    assert "\x1b" not in failing[1].stderr


def test_pages_that_fail_store_nothing_and_do_not_stop_the_others(failing):
    assert os.listdir(failing[0].root / "notebooks") == ["good.ipynb"]
    assert "54" in str(stored(failing[0], "good"))


def test_a_page_that_fails_fails_again(failing):
    ran = failing[0].build("unpinned")
    assert ran.returncode == 1
    assert "chapters/unpinned.md reaches torch" in ran.stderr


def test_a_page_that_can_have_no_fingerprint_is_left_to_its_run(book):
    book.edit("chapters/two.md", "6 * 7", "import torch")
    reason, = book.why("two")
    assert reason.startswith("chapters/two.md reaches torch, which")


def test_checking_a_page_stores_nothing(book):
    before = stored(book, "two")
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    ran = book.run("-m", "bookbuild.execute", "two", "--check")
    assert ran.returncode == 0, ran.stderr
    assert stored(book, "two") == before


# ---- what a page depends on ----------------------------------------------

def test_why_names_what_a_page_depends_on_and_what_changed(book):
    said = book.run("-m", "bookbuild.fingerprint", "one").stdout
    assert "one will not run" in said
    assert {line.split()[0] for line in said.splitlines()[:-1]} == {
        "cells", "scratch.ones", "scratch.session", "scratch.sums"}
    book.edit("code/scratch/ones.py", "return 1", "return 2")
    said = book.run("-m", "bookbuild.fingerprint", "one").stdout
    assert "* scratch.ones" in said
    assert said.splitlines()[-1] == "one will run: scratch.ones changed"


@pytest.mark.parametrize("edit, changed", [
    (("code/scratch/sums.py", "from scratch import ones",
      "from . import ones"), "scratch.sums"),
    (("code/scratch/sums.py", "from scratch import ones",
      "from .ones import one; from scratch import ones"), "scratch.sums"),
    (("chapters/one.md", "ipython3\nsums.two()",
      "ipython3\n:tags: [raises-exception]\nsums.two()"), "cells"),
    (("chapters/one.md", "ipython3\nsums.two()",
      "ipython3\n:tags: [skip-execution]\nsums.two()"), "cells"),
])
def test_what_acts_on_a_run_is_in_the_fingerprint(book, edit, changed):
    book.edit(*edit)
    assert book.why("one") == [f"{changed} changed"]


def test_a_package_counts_where_it_does_something(book):
    assert "scratch" not in fingerprint.fingerprint(book.page("one"))
    book.write("code/scratch/__init__.py", '"""A package."""\n')
    assert book.why("one") == []
    book.write("code/scratch/__init__.py", "LUCK = 7\n")
    assert book.why("one") == ["scratch is new"]


def test_docstrings_count_where_they_are_read(book):
    book.edit("chapters/one.md", "sums.two()", "sums.two.__doc__")
    assert book.run_stale() == {"one"}
    book.edit("code/scratch/sums.py", "Two.", "One and one.")
    assert book.why("one") == ["scratch.sums changed"]
    assert book.why("two") == []


READ = """import inspect, os, traceback
from pathlib import Path
from scratch import ones, session, sums
data = Path({root!r}) / "data"
os.close(os.open(bytes(data / "few.txt"), os.O_RDONLY))
open(os.path.relpath(data / "more.txt"))
(data / "link.txt").read_text()
print(inspect.getsource(sums.two), len(os.listdir(data)))
try:
    open(data / "none.txt")
except FileNotFoundError:
    pass"""


SHOWN = """try:
    session.start(0)
except ZeroDivisionError:
    print(traceback.format_exc())"""


def test_a_file_counts_however_it_is_opened(book):
    book.write("data/more.txt", "")
    book.write("elsewhere/target.txt", "")
    os.symlink(book.root / "elsewhere/target.txt", book.root / "data/link.txt")
    book.write("chapters/two.md", page_text("two", [
        READ.format(root=str(book.root)), SHOWN]))
    book.edit("code/scratch/session.py", "return", "return 1 / seed, ")
    book.edit("code/scratch/ones.py", "def one", "import traceback\n"
              "traceback.format_stack()  # as PyTorch does\n\ndef one")
    assert "two" in book.run_stale()
    assert book.run_stale() == set()
    for name, why in [
            ("data/few.txt", "data/few.txt changed"),
            ("data/more.txt", "data/more.txt changed"),
            ("elsewhere/target.txt", "elsewhere/target.txt changed")]:
        was = (book.root / name).read_text()
        book.write(name, "other")
        assert book.why("two") == [why]
        book.write(name, was)
    book.edit("code/scratch/sums.py", "return ones", "return  ones")
    assert book.why("two") == ["code/scratch/sums.py changed"]  # its text
    book.edit("code/scratch/sums.py", "return  ones", "return ones")
    book.edit("code/scratch/session.py", "seed=0):\n", "seed=0):\n\n")
    assert book.why("two") == ["code/scratch/session.py changed"]  # a line
    book.edit("code/scratch/session.py", "seed=0):\n\n", "seed=0):\n")
    book.edit("code/scratch/ones.py", "as PyTorch", "as Torch")
    assert book.why("two") == []
    book.write("data/none.txt", "")
    assert book.why("two") == ["data/ changed", "data/none.txt changed"]


def test_a_file_changed_during_the_run_makes_the_page_stale(book):
    path = str(book.root / "data/few.txt")
    book.edit("chapters/two.md", "6 * 7", f"open({path!r}).close()\n"
              f"open({path!r}, 'a').close()\nimport os\nos.utime({path!r})")
    assert book.run_stale() == {"two"}
    assert book.why("two") == ["data/few.txt changed"]


# ---- the stored notebook -------------------------------------------------

@pytest.mark.parametrize("old, new, what", [
    ('"42"', '"43"', "cell 4 (code)"),
    ('"6 * 7"', '"6 * 8"', "cell 4 (code)"),
    ('"seconds": ', '"seconds": 1', "the record"),
])
def test_a_hand_edit_of_a_stored_notebook_is_named(book, old, new, what):
    book.edit("notebooks/two.ipynb", old, new)
    assert book.why("two") == [
        f"in its stored notebook, {what} changed by hand"]


def test_a_hand_edit_of_outputs_is_mended_by_a_run(book):
    before = stored(book, "two")
    book.edit("notebooks/two.ipynb", '"42"', '"43"')
    assert book.executed() == {"two"}
    after = stored(book, "two")
    for name in ("seconds", "megabytes", "cells"):  # of another run
        after["metadata"]["book"][name] = before["metadata"]["book"][name]
    assert after == before


def test_a_hand_edit_of_text_is_told_and_mended_without_a_run(book, capsys):
    path = book.root / "notebooks/two.ipynb"
    before = path.read_bytes()
    book.edit("notebooks/two.ipynb", '"# two"', '"# zwei"')
    said = book.run("-m", "bookbuild.fingerprint", "two").stdout
    assert said.splitlines()[-2:] == [
        "* in its stored notebook, cell 2 (markdown) changed by hand: the "
        "next build mends it",
        "two will not run: nothing it depends on has changed"]
    assert book.executed() == set()
    assert ("notebooks/two.ipynb: cell 2 (markdown) changed by hand; it is "
            "mended") in capsys.readouterr().out
    assert path.read_bytes() == before


def test_cells_put_in_or_taken_out_by_hand_are_named(book):
    notebook = stored(book, "two")
    notebook["cells"].insert(0, notebook["cells"].pop())
    book.write("notebooks/two.ipynb", json.dumps(notebook))
    assert book.why("two") == [
        f"in its stored notebook, {what} changed by hand"
        for what in ("cell 1 (code)", "cell 4 (removed)")]


@pytest.mark.parametrize("text", [
    '{"cells": [', "", "[]", "null", "{}", '{"cells": 3}', "\x00", "<<<<<<<",
    '{"cells": [{}], "metadata": {"book": {}}}',
    '{"cells": [], "metadata": {"book": 7}}',
    '{"cells": [3], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'])
def test_an_unreadable_store_is_run_again(book, text):
    book.write("notebooks/two.ipynb", text)
    assert book.why("two") in (["its stored notebook can't be read"],
                               ["never run"])


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "kept.txt"
    path.write_text("old")

    def full(handle):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.txt"]


# ---- the same bytes ------------------------------------------------------

FIGURE = """import matplotlib.pyplot as plt
from scratch import plots
plots.set_style()
fig, ax = plt.subplots()
plots.points(ax, *points())
ax.fill_between([0, 1], [0, 1], alpha=0.5, hatch="/")
ax.set(xlabel=r"$x_1$", title="{'a', 'b'}")
plt.show()"""
POINTS = """import numpy as np
def points():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 2)), np.where(rng.random(40) < 0.5, 1, -1)
print(sorted({"one", "two"}), {"three", "four", "five"})"""


def test_a_page_run_twice_gives_the_same_bytes(tmp_path):
    text = page_text("drawn", [POINTS, FIGURE, "import time\ntime.time()"])
    book = Book(tmp_path, {"drawn": text.replace(
        "ipython3\nimport time", "ipython3\n:tags: [timing]\nimport time")})
    for name in ("plots.py", "fonts"):
        copy = shutil.copytree if name == "fonts" else shutil.copy
        copy(BOOK / "code/scratch" / name, book.root / "code/scratch" / name)
    pins = [line for line in (BOOK / "requirements.txt").read_text().split()
            if "==" in line]
    book.write("requirements.txt", "\n".join(pins))
    assert book.run_stale() == {"drawn"}
    path = book.root / "notebooks/drawn.ipynb"
    before = path.read_bytes()
    outputs = stored(book, "drawn")["cells"][2]["outputs"]
    assert {"image/svg+xml", "application/pdf"} <= outputs[0]["data"].keys()
    assert "code/scratch/fonts/" in stored(
        book, "drawn")["metadata"]["book"]["fingerprint"]
    assert build.run_pages([book.page("drawn")]) == []
    assert path.read_bytes() == before


# ---- fresh ---------------------------------------------------------------

def test_a_fresh_run_tells_old_and_new_and_keeps_nothing_unless_told(book):
    book.edit("notebooks/two.ipynb", '"42"', '"43"')
    ran = book.run("-m", "bookbuild.fresh", "two")
    assert ran.returncode == 1
    assert "two: code cell 2, output (text/plain): 43 → 42" in ran.stdout
    assert "fresh: 1 pages run, 1 changed, 0 failed" in ran.stdout
    assert "43" in str(stored(book, "two"))
    book.run("-m", "bookbuild.fresh", "two", "--keep")
    assert "42" in str(stored(book, "two"))


def test_what_other_libraries_let_go_stops_no_build(tmp_path):
    thing = set()
    gone = [weakref.proxy(thing)]
    del thing
    with pytest.raises(ReferenceError):
        isinstance(gone[0], set)
    assert Book(tmp_path / "book").executed() == {"one", "two"}
