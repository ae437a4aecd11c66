"""`make lab`: a page's notebook in JupyterLab, and the reader's copy safe."""

import sys

import pytest

from bookbuild import lab
from bookbuild.pages import PageError


def test_the_copy_is_made_once_and_never_overwritten(book):
    page = book.page("one")
    path, made = lab.own_copy(page)
    assert made and path == book.root / "mine/one.ipynb"
    assert path.read_bytes() == page.store.read_bytes()
    path.write_text("mine", "utf-8")
    assert lab.own_copy(page) == (path, False)
    assert path.read_text("utf-8") == "mine"


def test_a_page_without_a_notebook_is_told_so(book):
    with pytest.raises(PageError, match="it has no code"):
        lab.own_copy(book.page("index"))
    book.page("one").store.unlink()
    with pytest.raises(PageError, match="make page P=one"):
        lab.own_copy(book.page("one"))


def test_jupyterlab_opens_the_copy(book, monkeypatch, capsys):
    calls, folders = [], []
    monkeypatch.setattr(lab, "ROOT", book.root)
    monkeypatch.setattr(lab.os, "chdir", folders.append)
    monkeypatch.setattr(lab.os, "execv", lambda *call: calls.append(call))
    monkeypatch.setattr(sys, "argv", ["lab", "on", "--no-browser"])
    for said in ("a copy of the page", "your copy, as you left it"):
        lab.main()
        program, words = calls.pop()
        assert program == sys.executable
        assert words[1:3] == ["-m", "jupyterlab"]
        assert words[3:] == [f"--ServerApp.root_dir={book.root}", "--no-browser",
                             str(book.root / "mine/one.ipynb")]
        assert folders.pop() == book.root
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("words, said", [
    ([], "Which page?"), ([""], "Which page?"), (["none"], "P=none: expected")])
def test_which_page_is_asked_in_a_sentence(book, monkeypatch, words, said):
    monkeypatch.setattr(lab, "ROOT", book.root)
    monkeypatch.setattr(sys, "argv", ["lab", *words])
    with pytest.raises(SystemExit, match=said):
        lab.main()
