"""The published site: what is offered is there, and what is there is offered."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import Book

from bookbuild import publish
from bookbuild.pages import ROOT, PageError

NOON = 1_800_000_000  # January 15, 2027


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tiny book with the mark on two pages."""
    book = Book(tmp_path_factory.mktemp("published"))
    book.edit("_config.yml", "bookbuild.plain]",
              "bookbuild.plain, bookbuild.share]")
    book.write("chapters/index.md", "# Welcome\n\nSee {ref}`sec-one`.\n\n"
               f"{publish.MARK}\n\nMore.\n")
    book.edit("chapters/one.md", "# one\n", f"# one\n\n{publish.MARK}\n")
    book.write("LICENSE", "Do what you like.\n")
    book.write("binder/requirements.txt", "numpy==2.4.6\nmyst-nb==1.4.0\n")
    assert book.executed() == {"one", "two"}
    return book


@pytest.fixture
def book(built, tmp_path):
    copy = built.copy(tmp_path / "book")
    (copy.root / "_build").mkdir()
    shutil.copytree(built.root / "_build/html", copy.root / "_build/html")
    return copy


def made(book, name, size):
    """Put a file where make would have made it."""
    path = book.root / publish.MADE[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOON, NOON))


def page(book, name="chapters/index.html", site="site"):
    return (book.root / "_build" / site / name).read_text("utf-8")


def words(text):
    """The offers of a page, as a reader sees them."""
    return [re.sub("<[^>]*>", "", found).replace("&nbsp;", " ")
            for found in re.findall(r'<p class="page-downloads">(.*?)</p>',
                                    text)]


def test_a_book_built_by_itself_offers_nothing(built):
    for name in ("chapters/index.html", "chapters/one.html"):
        text = page(built, name, "html")
        assert "Download:" not in text and "book.pdf" not in text
        assert publish.MARK in text


def test_what_is_there_is_offered_with_size_and_day(book):
    made(book, "book.pdf", 2_849_000)
    made(book, "book.epub", 340_400)
    site, offers = publish.assemble(book.root)
    assert site == book.root / "_build/site"
    assert set(offers) == {"book.pdf", "book.epub", "notebooks.zip"}
    [said] = words(page(book))
    assert re.fullmatch(
        r"Download: PDF \(2\.8 MB, January 15, 2027\), "
        r"EPUB \(340 KB, January 15, 2027\), notebooks with code and "
        r"data, as a zip \(\d+ KB, \w+ \d+, 20\d\d\)\.", said), said
    assert words(page(book, "chapters/one.html")) == [said]
    assert publish.MARK not in page(book)
    assert 'href="../book.pdf" download' in page(book)
    for name, size in offers.items():
        assert (site / name).stat().st_size == size


def test_a_day_that_all_have_is_said_once(book):
    for name in publish.MADE:
        made(book, name, 2_000_000)
    site, _ = publish.assemble(book.root)
    for name in publish.OFFERS:
        os.utime(site / name, (NOON, NOON))
    assert re.sub("<[^>]*>|&nbsp;", "", publish.offered(site, "")).startswith(
        "Download, made on January 15, 2027: PDF (2.0MB), EPUB (2.0MB), "
        "notebooks")
    assert publish.offered(site, "").count("<time") == 1


@pytest.mark.parametrize("name, gone, said", [
    ("book.epub", "book.pdf", "EPUB"), ("book.pdf", "book.epub", "PDF")])
def test_what_is_not_there_is_not_offered(book, name, gone, said):
    made(book, name, 1000)
    _, offers = publish.assemble(book.root)
    assert set(offers) == {name, "notebooks.zip"}
    [line] = words(page(book))
    assert line.startswith(f"Download: {said} (1 KB, ") and "zip" in line
    assert gone not in page(book)


def test_an_offer_that_is_gone_the_next_time_is_gone_from_the_site(book):
    (book.root / "_build/site.new/old").mkdir(parents=True)  # a killed run's
    made(book, "book.pdf", 1000)
    site, _ = publish.assemble(book.root)
    assert not (site / "old").exists()
    (book.root / publish.MADE["book.pdf"]).unlink()
    site, _ = publish.assemble(book.root)
    assert not (site / "book.pdf").exists()
    assert "PDF" not in words(page(book))[0]
    assert not (book.root / "_build/site.new").exists()


def test_the_built_pages_stay_as_they_are(book):
    before = page(book, site="html")
    publish.assemble(book.root)
    assert page(book, site="html") == before
    names = [path.name for path in (book.root / "_build/site").iterdir()]
    assert not [name for name in names if name.startswith(".")]
    assert "chapters" in names and "index.html" in names


def test_without_built_pages_nothing_is_published(tmp_path):
    with pytest.raises(PageError, match="make book"):
        publish.assemble(tmp_path)


def test_a_site_that_offers_nothing_anywhere_is_refused(book):
    for path in (book.root / "_build/html").rglob("*.html"):
        path.write_text(path.read_text("utf-8").replace(publish.MARK, ""))
    with pytest.raises(PageError, match="no page bears the mark"):
        publish.assemble(book.root)
    assert not (book.root / "_build/site").exists()


@pytest.mark.parametrize("count, said", [
    (1, "1 KB"), (1499, "1 KB"), (1501, "2 KB"), (999_499, "999 KB"),
    (999_500, "1.0 MB"), (2_849_000, "2.8 MB"), (25_060_000, "25.1 MB")])
def test_sizes_are_said_as_people_say_them(count, said):
    assert publish.size(count).replace("&nbsp;", " ") == said


# ---- the zip -------------------------------------------------------------

def test_the_notebooks_run_from_the_zip_alone(book, tmp_path):
    book.write("code/scratch/__pycache__/ones.pyc", "")
    site, _ = publish.assemble(book.root)
    with zipfile.ZipFile(site / "notebooks.zip") as file:
        assert file.testzip() is None
        names = set(file.namelist())
        file.extractall(tmp_path / "away")
    top = tmp_path / "away/notebooks-1.2.3"
    assert {f"notebooks-1.2.3/{name}" for name in (
        "README.txt", "LICENSE", "pyproject.toml", "requirements.txt",
        "code/scratch/sums.py", "data/few.txt", "notebooks/one.ipynb",
        "notebooks/two.ipynb")} <= names
    assert not [name for name in names
                if "bookbuild" in name or "__pycache__" in name]
    assert (top / "requirements.txt").read_text() == (
        "numpy==2.4.6\nmyst-nb==1.4.0\n")
    run = ("import nbformat, sys\n"
           "sys.path = [p for p in sys.path if not p.endswith('code')]\n"
           "cells = nbformat.read('one.ipynb', 4).cells\n"
           "for cell in cells:\n"
           "    if cell.cell_type == 'code': exec(cell.source, globals())\n"
           "import scratch; print(scratch.__file__, sums.two())")
    # No book that this Python may have installed is found
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; sys.meta_path = [f for f in "
         f"sys.meta_path if 'editable' not in repr(f).lower()]\n{run}"],
        cwd=top / "notebooks", capture_output=True, text=True,
        env={key: value for key, value in os.environ.items()
             if key != "PYTHONPATH"})
    assert ran.stdout.split() == [
        str((top / "code/scratch/__init__.py").resolve()), "2"], ran.stderr


def test_the_zip_has_the_same_bytes_for_the_same_files(book, tmp_path):
    publish.zip_notebooks(book.root, tmp_path / "a.zip")
    for path in book.root.rglob("*"):
        os.utime(path, (NOON, NOON))
    publish.zip_notebooks(book.root, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as file:
        assert {entry.date_time[0] for entry in file.infolist()} == {1980}
    assert (tmp_path / "a.zip").read_bytes() == (
        tmp_path / "b.zip").read_bytes()


def test_the_zip_tells_where_the_book_is_at_home(book, tmp_path, monkeypatch):
    def readme():
        publish.zip_notebooks(book.root, tmp_path / "a.zip")
        with zipfile.ZipFile(tmp_path / "a.zip") as file:
            return file.read("notebooks-1.2.3/README.txt").decode()

    assert "home: not known" in readme()
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    assert "home: https://github.com/owner/name" in readme()
    monkeypatch.setenv("SITE_URL", "https://example.org/book")
    assert "home: https://example.org/book/" in readme()
    assert "Tiny, version 1.2.3" in " ".join(readme().split())


# ---- links ---------------------------------------------------------------

def test_a_link_that_leads_nowhere_stops_the_site(book):
    path = book.root / "_build/html/chapters/two.html"
    path.write_text(path.read_text("utf-8").replace(
        "</body>", '<a href="gone.html?a#b">x</a></body>'))
    with pytest.raises(PageError, match=r"chapters/two\.html: gone\.html"):
        publish.assemble(book.root)


@pytest.mark.parametrize("link, dead", [
    ("a.html", False), ("a.html#x", False), ("b%20c.html", False),
    ("../top.html", False), (".", False), ("https://example.org/x", False),
    ("//example.org/x", False), ("mailto:a@b.c", False), ("#x", False),
    ("data:,x", False), ("/book/top.html", False), ("/top.html", True),
    ("/etc/passwd", True),
    ("c.html", True), ("../a.html", True), ("pic.png", True)])
def test_what_a_dead_link_is(tmp_path, link, dead):
    for name in ("top.html", "in/a.html", "in/b c.html", "in/index.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    (tmp_path / "in/page.html").write_text(
        f'<a href="{link}">x</a><img src="{link}">')
    base = "/book/" if link.startswith("/book") else "/else/"
    found = publish.dead_links(tmp_path, base)
    assert found == ([f"in/page.html: {link}"] if dead else [])


def test_the_page_for_lost_readers_looks_below_the_sites_address(
        book, monkeypatch):
    monkeypatch.setenv("SITE_URL", "https://example.org/book/")
    assert book.executed() == set()
    site, _ = publish.assemble(book.root)
    assert 'href="/book/chapters/index.html"' in page(book, "404.html")
    assert (site / "sitemap.xml").exists()


# ---- the book itself -----------------------------------------------------

def test_the_front_page_and_the_page_on_use_bear_the_mark():
    for name in ("index", "how_to_use"):
        text = (ROOT / f"chapters/{name}.md").read_text("utf-8")
        assert text.count(f"\n{publish.MARK}\n") == 1


def test_the_command_says_what_is_there_and_what_is_not(
        book, monkeypatch, capsys):
    made(book, "book.pdf", 1000)
    monkeypatch.setattr(publish, "ROOT", book.root)
    monkeypatch.setattr(publish.assemble, "__defaults__", (book.root,))
    publish.main()
    said = capsys.readouterr().out
    assert "the site: _build/site, " in said
    assert "book.pdf: 1 KB" in said
    assert "book.epub: not there, so not offered; made by: make epub" in said
    assert "history" not in said
    monkeypatch.setenv("SITE_URL", "https://example.org/")
    publish.main()
    assert "history is cut short" in capsys.readouterr().out
