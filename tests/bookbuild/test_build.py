import json
import os
import shutil

import pytest

from bookbuild.pages import write

FAIL = """

```{code-cell} ipython3
def share(cake, guests):
    return cake / guests
share(1, 0)
```
"""


def add(book, name, text):
    path = book.root / "chapters" / f"{name}.md"
    path.write_text(path.read_text() + text)


def stored(book, name):
    return json.loads((book.root / f"notebooks/{name}.ipynb").read_text())


def test_a_copy_of_a_built_book_executes_nothing(book):
    shutil.rmtree(book.root / "_build")
    assert book.executed() == set()
    assert "<h1>Welcome" in (book.root / "_build/html/chapters/index.html"
                             ).read_text()


def test_outputs_stand_on_the_page(book):
    html = (book.root / "_build/html/chapters/two.html").read_text()
    assert ">42\n" in html
    assert "ran in" in html


def test_nothing_changed_starts_no_sphinx(book):
    (book.root / "_config.yml").touch()  # a copy has other times
    book.build()
    page = book.root / "_build/html/chapters/one.html"
    page.write_text("as it was left")
    ran = book.build()
    assert ran.stdout.splitlines()[-1] == "executed: 0 of 2 pages"
    assert page.read_text() == "as it was left"


def test_a_changed_cell_runs_its_page_alone(book):
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    assert book.executed() == {"two"}
    assert stored(book, "two")["cells"][-1]["outputs"][0]["data"][
        "text/plain"] == ["48"]


def test_a_changed_module_runs_the_pages_that_reach_it(book):
    book.edit("code/scratch/ones.py", "return 1", "return 2")
    ran = book.build()
    assert ran.stdout.splitlines()[-1] == "executed: one (scratch.ones changed)"


def test_a_docstring_and_a_comment_run_nothing(book):
    book.edit("code/scratch/sums.py", '"""Two."""', '"""1 + 1."""  # why')
    assert book.executed() == set()


def test_a_changed_pin_runs_the_pages_that_reach_the_library(book):
    book.edit("chapters/two.md", "from pathlib import Path", "import numpy")
    assert book.executed() == {"two"}
    book.edit("requirements.txt", "2.4.6", "2.4.5")
    assert book.executed() == {"two"}


def test_changed_data_run_the_pages_that_open_them(book):
    folder = book.root / "data"
    book.edit("chapters/two.md", "6 * 7",
              f"Path({str(folder)!r}, 'few.txt').read_text()")
    assert book.executed() == {"two"}
    book.write("data/few.txt", "1 2 4\n")
    assert book.executed() == {"two"}
    assert book.executed() == set()


def test_prose_reaches_site_and_notebook_without_a_run(book):
    add(book, "one", "\n\nA new sentence.\n")
    assert book.executed() == set()
    assert "A new sentence." in str(stored(book, "one")["cells"][-1])
    assert "A new sentence." in (book.root / "_build/html/chapters/one.html"
                                 ).read_text()


def test_a_library_without_a_pin_is_refused(book):
    book.edit("chapters/two.md", "from pathlib import Path", "import torch")
    ran = book.build()
    assert ran.returncode == 1
    assert "chapters/two.md reaches torch, which" in ran.stderr


def test_a_failing_cell_is_named_every_time_and_stores_nothing(book):
    before = stored(book, "one")
    add(book, "one", FAIL)
    for _ in range(2):
        ran = book.build()
        assert ran.returncode == 1
        assert "chapters/one.md:18: code cell 3 failed" in ran.stderr
        assert "return cake / guests" in ran.stderr
        assert "ZeroDivisionError: division by zero" in ran.stderr
        assert "\x1b" not in ran.stderr
    assert stored(book, "one") == before


def test_a_failing_page_does_not_stop_the_others(book):
    add(book, "one", FAIL)
    book.edit("chapters/two.md", "6 * 7", "6 * 9")
    assert book.build().returncode == 1
    assert "54" in str(stored(book, "two"))


def test_a_page_over_its_time_is_stopped_and_its_budget_named(book):
    book.edit("chapters/two.md", "6 * 7", "import time\ntime.sleep(60)")
    book.edit("chapters/two.md", "---\nkernelspec",
              "---\nbudget: {seconds: 2, why: a test}\nkernelspec")
    ran = book.build()
    assert ran.returncode == 1
    assert ("chapters/two.md:14: code cell 2 was under way when the page's "
            "budget of 2 s was used up") in ran.stderr


def test_a_page_over_its_memory_is_refused(book):
    book.edit("chapters/two.md", "---\nkernelspec",
              "---\nbudget: {megabytes: 10, why: a test}\nkernelspec")
    book.edit("chapters/two.md", "6 * 7", "6 * 6")
    ran = book.build()
    assert "its budget is 10 MB" in ran.stderr


def test_a_budget_of_its_own_needs_a_reason(book):
    book.edit("chapters/two.md", "---\nkernelspec",
              "---\nbudget: {seconds: 400}\nkernelspec")
    book.edit("chapters/two.md", "6 * 7", "6 * 6")
    assert "needs a `why`" in book.build().stderr


def test_a_dead_kernel_is_told(book):
    book.edit("chapters/two.md", "6 * 7", "import os\nos.kill(os.getpid(), 9)")
    assert ("chapters/two.md:13: code cell 2: the kernel died"
            in book.build().stderr)


@pytest.mark.parametrize("code, fault", [
    ("import sys\nprint('hm', file=sys.stderr)", "wrote to stderr"),
    ("object()", "prints a memory address"),
])
def test_output_that_has_no_place_is_refused(book, code, fault):
    book.edit("chapters/two.md", "6 * 7", code)
    ran = book.build()
    assert ran.returncode == 1
    assert f"code cell 2 {fault}" in ran.stderr


def test_sphinx_alone_refuses_cells_without_their_outputs(book):
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    ran = book.jupyter_book()
    assert ran.returncode != 0
    assert ("chapters/two.md: code cell 2 is not the one whose outputs are "
            "stored; run its cells with: make page P=two") in (
                ran.stdout + ran.stderr)


def test_sphinx_alone_refuses_a_page_that_never_ran(book):
    (book.root / "notebooks/two.ipynb").unlink()
    ran = book.jupyter_book()
    assert ran.returncode != 0
    assert "chapters/two.md has no stored outputs" in ran.stdout + ran.stderr


def test_sphinx_alone_builds_what_is_stored(book):
    shutil.rmtree(book.root / "_build")
    ran = book.jupyter_book()
    assert ran.returncode == 0, ran.stderr
    assert ">42\n" in (book.root / "_build/html/chapters/two.html").read_text()


def test_a_warning_of_sphinx_is_an_error_every_time(book):
    add(book, "two", "\n\n{ref}`sec-nowhere`\n")
    for _ in range(2):
        ran = book.build()
        assert ran.returncode == 1
        assert "sec-nowhere" in ran.stdout + ran.stderr
    book.edit("chapters/two.md", "{ref}`sec-nowhere`", "here")
    assert book.executed() == set()


def test_an_unreadable_store_names_its_cure(book):
    book.write("notebooks/two.ipynb", '{"cells": [')
    alone = book.jupyter_book()
    assert alone.returncode != 0
    assert "mend it with: make page P=two" in alone.stdout + alone.stderr
    assert book.build("two").returncode == 0


def test_a_stored_output_changed_by_hand_is_run_again(book):
    book.edit("notebooks/two.ipynb", '"42"', '"43"')
    assert book.executed() == {"two"}
    assert "42" in str(stored(book, "two"))


def test_a_page_removed_takes_its_notebook_with_it(book):
    book.edit("_toc.yml", "  - file: chapters/two\n", "")
    assert book.executed() == set()
    assert not (book.root / "notebooks/two.ipynb").exists()


def test_one_page_can_be_named_by_its_beginning(book):
    book.edit("chapters/one.md", "sums.two()", "sums.two() + 1")
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    ran = book.build("tw")
    assert ran.returncode == 0, ran.stderr
    assert "executed: two" in ran.stdout and "executed: one" not in ran.stdout


def test_an_unknown_page_is_told_which_there_are(book):
    ran = book.build("nine")
    assert ran.returncode == 1
    assert "P=nine: expected the name of one page" in ran.stderr
    assert "one" in ran.stderr and "two" in ran.stderr


def test_a_page_missing_from_disk_is_named(book):
    (book.root / "chapters/two.md").unlink()
    assert "chapters/two.md: _toc.yml names this page" in book.build().stderr


def test_checking_a_page_stores_nothing(book):
    before = stored(book, "two")
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    ran = book.run("-m", "bookbuild.execute", "two", "--check")
    assert ran.returncode == 0, ran.stderr
    assert stored(book, "two") == before


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


def test_why_names_what_a_page_depends_on_and_what_changed(book):
    said = book.run("-m", "bookbuild.fingerprint", "one").stdout
    assert "one will not run" in said
    assert {line.split()[0] for line in said.splitlines()[:-1]} == {
        "cells", "scratch.ones", "scratch.session", "scratch.sums"}
    book.edit("code/scratch/ones.py", "return 1", "return 2")
    said = book.run("-m", "bookbuild.fingerprint", "one").stdout
    assert "* scratch.ones" in said
    assert said.splitlines()[-1] == "one will run: scratch.ones changed"


def test_a_fresh_run_of_an_unchanged_book_finds_nothing(book):
    ran = book.run("-m", "bookbuild.fresh")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "fresh: 2 pages run, 0 changed, 0 failed" in ran.stdout


def test_a_fresh_run_tells_old_and_new_and_keeps_nothing_unless_told(book):
    book.edit("notebooks/two.ipynb", '"42"', '"43"')
    ran = book.run("-m", "bookbuild.fresh")
    assert ran.returncode == 1
    assert "two: code cell 2, output (text/plain): 43 → 42" in ran.stdout
    assert "43" in str(stored(book, "two"))
    book.run("-m", "bookbuild.fresh", "two", "--keep")
    assert "42" in str(stored(book, "two"))
