"""The book for e-readers, from a tiny book; EPUBCheck is not needed here."""

import stat
import warnings
import zipfile
from xml.etree import ElementTree

import pytest
from conftest import Book, forget
from sphinx.errors import ExtensionError
from test_pdf import CONFIG, ENTRY, PAGES, TOC

from bookbuild import epub
from bookbuild.look import MACROS
from bookbuild.pages import PageError

MATH = "{http://www.w3.org/1998/Math/MathML}"
FRAMES = """
```{code-cell} ipython3
from IPython.display import display
display({"text/html": "<div class='frames'>moves</div>",
         "image/svg+xml": "<!DOCTYPE svg PUBLIC 'x' 'y'>"
                          "<svg xmlns='http://www.w3.org/2000/svg'/>",
         "text/plain": "3 frames"}, raw=True)
```

$$
a &= b \\\\
c &= d
$$
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """{name: text} of a tiny book with a bit of everything."""
    book = Book(tmp_path_factory.mktemp("readable"),
                PAGES | {"one": PAGES["one"] + FRAMES})
    for name, text in (("_config.yml", CONFIG), ("_toc.yml", TOC),
                       ("references.bib", ENTRY),
                       ("requirements.txt", "ipython==9.18.1\n"),
                       ("pyproject.toml", '[project]\nversion = "7.8.9"\n')):
        book.write(name, text)
    book.run_stale()
    forget()
    out = book.root / "_build" / "epub-pages"
    with warnings.catch_warnings(action="ignore"):  # those of Sphinx
        epub.write_pages(book.root, out)
    with zipfile.ZipFile(out / "book.epub") as archive:
        return {name: archive.read(name).decode("utf-8", "replace")
                for name in archive.namelist()}


def test_a_formula_is_mathml_with_its_source_and_number(pages):
    one = pages["chapters/one.xhtml"]
    assert 'alttext="x = 1"' in one and "<mi>x</mi>" in one
    assert '<span class="eqno">(1.1)</span>' in one


def test_a_formula_of_two_lines_has_two(pages):
    one = ElementTree.fromstring(pages["chapters/one.xhtml"])
    assert [len(list(table)) for table in one.iter(f"{MATH}mtable")] == [2]


def test_the_list_names_the_pages_with_formulas_alone(pages):
    listed = pages["content.opf"]
    assert 'href="chapters/one.xhtml" media-type="application/xhtml+xml" ' \
        'properties="mathml"' in listed
    assert listed.count('properties="mathml"') == sum(
        "<math" in text for name, text in pages.items()
        if name.endswith(".xhtml"))


def test_a_solution_and_hidden_code_open_without_a_script(pages):
    one = ElementTree.fromstring(pages["chapters/one.xhtml"])
    html = "{http://www.w3.org/1999/xhtml}"
    folded = list(one.iter(f"{html}details"))
    said = ["".join(node.find(f"{html}summary").itertext()).strip()
            for node in folded]
    assert said[0].startswith("Solution to") and "Draw" in said[0]
    assert "Here it is." in "".join(folded[0].itertext())
    assert "Show the code" in said
    assert not list(one.iter(f"{html}script"))


def test_of_frames_the_stills_are_there(pages):
    one = pages["chapters/one.xhtml"]
    assert "<div class='frames'" not in one and ">3 frames" not in one
    assert one.count("<img") == 3


def test_pictures_name_no_definition_outside_the_book(pages):
    drawn = [text for name, text in pages.items() if name.endswith(".svg")]
    assert drawn and not any("DOCTYPE" in text for text in drawn)


def test_version_and_name_stand_in_the_list(pages):
    assert ">7.8.9<" in pages["content.opf"]
    assert "urn:x-book:tiny-but-printed" in pages["content.opf"]
    assert 'content="urn:x-book:tiny-but-printed"' in pages["toc.ncx"]


@pytest.mark.parametrize("name", MACROS)
def test_the_commands_of_the_book_are_known(name):
    argument = "{x}" if isinstance(MACROS[name], tuple) else ""
    drawn = ElementTree.fromstring(epub.mathml(rf"\{name}{argument}", False))
    assert "".join(drawn.itertext()).strip()


@pytest.mark.parametrize("tex", [r"\frac{1}", "{x", r"\nonesuch{x}", "x^a^b"])
def test_a_formula_that_is_no_tex_is_named(tex):
    with pytest.raises(ExtensionError, match="a formula that is no TeX"):
        epub.mathml(tex, True)


def test_what_a_formula_says_survives_quotes_and_signs():
    drawn = ElementTree.fromstring(epub.mathml(r'a < b \text{ "so" } & c'
                                               .replace("& ", ""), False))
    assert drawn.get("alttext") == r'a < b \text{ "so" } c'


def checker(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_fault_that_epubcheck_finds_stops_the_book(tmp_path, monkeypatch):
    checker(tmp_path, "epubcheck",
            "echo 'ERROR(RSC-001): a.xhtml: no such file' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(PageError, match=r"1 faults.*\n.*no such file"):
        epub.check(tmp_path / "book.epub")


def test_without_epubcheck_the_book_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    epub.check(tmp_path / "book.epub")
    assert "was not checked" in capsys.readouterr().out


def test_debians_archive_is_started_by_java(tmp_path, monkeypatch):
    checker(tmp_path, "epubcheck.jar", "")
    (tmp_path / "epubcheck").symlink_to("epubcheck.jar")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert epub.checker() == ["java", "-jar",
                              str((tmp_path / "epubcheck.jar").resolve())]
