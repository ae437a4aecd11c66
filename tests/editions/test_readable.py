"""The book for e-readers beside the site: nothing lost, nothing that needs a
script or a network.

Needs `make book epub`; `make epub` itself has EPUBCheck read the book.
BOOK_BUILD names another folder to look at. Nothing is skipped.
"""

import os
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bookbuild import epub
from bookbuild.pages import ROOT

BUILD = Path(os.environ.get("BOOK_BUILD", ROOT / "_build"))
BOOK = BUILD / "epub" / "book.epub"
HTML = "{http://www.w3.org/1999/xhtml}"
MATH = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def book():
    """{name: bytes} of all that the book holds."""
    with zipfile.ZipFile(BOOK) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def pages(book):
    """{name: parsed page}; a page that is no XML fails here."""
    return {name: ElementTree.fromstring(text) for name, text in book.items()
            if name.endswith(".xhtml")}


def tags(page, *names):
    return [node for name in names for node in page.iter(f"{HTML}{name}")]


@pytest.fixture(scope="module")
def site():
    """{name: HTML} of all pages."""
    html = BUILD / "html"
    return {path.relative_to(html).with_suffix("").as_posix():
            path.read_text("utf-8") for path in html.rglob("chapters/**/*.html")}


def test_every_page_of_the_site_is_there(pages, site):
    assert {f"{name}.xhtml" for name in site} <= pages.keys()
    assert len(site) > 15


def numbers(text, what):
    return sorted(re.findall(what, text))


def test_figures_tables_formulas_have_the_numbers_of_the_site(book, site):
    for name, text in site.items():
        page = book[f"{name}.xhtml"].decode()
        for what in (r'caption-number">\s*((?:Fig\.|Table) [A-Z]?[\d.]+)',
                     r'class="eqno">\(([A-Z]?[\d.]+)\)',
                     r"(?:Theorem|Exercise|Definition) [A-Z]?[\d.]+"):
            assert numbers(page, what) == numbers(text, what), (name, what)


def test_formulas_are_as_many_and_of_the_same_source(pages, site):
    for name, text in site.items():
        shown = re.findall(r'class="math notranslate nohighlight"', text)
        boxes = [node for node in tags(
            pages[f"{name}.xhtml"], "span", "div") if node.get("class") == "math"]
        assert len(boxes) == len(shown), name
        for node in boxes:
            drawn = list(node.iter(f"{MATH}math"))
            assert drawn and all(part.get("alttext") for part in drawn)
            assert not list(node.iter(f"{MATH}merror"))


def test_pictures_are_there_vector_but_for_a_screen_and_in_words(book, pages, site):
    for name, text in site.items():
        drawn = list(pages[f"{name}.xhtml"].iter(f"{HTML}img"))
        figures = re.findall(r'<figure class="align-', text)
        assert len(drawn) >= len(figures)
        for picture in drawn:
            source = picture.get("src").removeprefix("../").removeprefix("../")
            assert source in book and len(picture.get("alt")) > 30, name
            assert source.endswith((".svg", "tensorboard.png")), name


def test_nothing_needs_a_script_or_another_host(pages):
    for name, page in pages.items():
        assert not list(tags(page, "script", "iframe")), name
        for node in tags(page, "img", "link", "audio"):
            where = node.get("src") or node.get("href") or ""
            assert ":" not in where, (name, where)


def test_solutions_and_hidden_code_are_folded(pages, site):
    for name, text in site.items():
        folded = [node.get("class") for node in pages[f"{name}.xhtml"].iter(
            f"{HTML}details")]
        assert folded.count("solution dropdown") == text.count(
            '<div class="solution dropdown admonition"'), name
        assert all(node.find(f"{HTML}summary") is not None for node in
                   pages[f"{name}.xhtml"].iter(f"{HTML}details"))


@pytest.mark.parametrize("raw", [
    r"\?\?", r"^ *:::", r"`{3,}\{", r"\{(ref|numref|eq|term|doc|cite:?\w*"
    r"|glue:?\w*|index|prf:ref)\}`", r"<Figure size"])
def test_nothing_is_raw(pages, raw):
    for name, page in pages.items():
        words = "".join(text for node in page.iter(f"{HTML}body")
                        for text in node.itertext())
        # A page that teaches how to write pages shows directives as code.
        if name.endswith(("how_to_use.xhtml",)):
            continue
        found = [line for line in words.splitlines() if re.search(raw, line)]
        assert not found, name


def test_the_list_of_contents_leads_to_every_page_once(book, pages):
    listed = re.findall(r'href="([^"#]+)"', book["nav.xhtml"].decode())
    assert set(listed) <= pages.keys()
    spine = re.findall(r'itemref idref="([^"]+)"', book["content.opf"].decode())
    assert len(spine) == len(set(spine))


def test_the_archive_says_what_a_listener_may_expect(book):
    text = book["content.opf"].decode()
    for name, values in epub.ACCESS.items():
        for words in values:
            assert f'property="schema:{name}">{words}<' in text
    assert '<dc:language>en<' in text
