"""The printed book beside the site: nothing lost, nothing raw.

Needs `make book pdf` and Debian's poppler-utils; BOOK_BUILD names another
folder to look at. Nothing is skipped.
"""

import contextlib
import os
import re
import subprocess
import zlib
from pathlib import Path

import pytest
import yaml

from bookbuild import pdf
from bookbuild.pages import ROOT

BUILD = Path(os.environ.get("BOOK_BUILD", ROOT / "_build"))
BOOK = BUILD / "pdf" / "book.pdf"


def read(name):
    return (BUILD / "latex" / name).read_text("utf-8", "replace")


def said(*command):
    return subprocess.run(command, check=True, text=True,
                          capture_output=True).stdout


@pytest.fixture(scope="module")
def site():
    """The HTML of all pages."""
    return "".join(path.read_text("utf-8") for path in sorted(
        (BUILD / "html" / "chapters").rglob("*.html")))


@pytest.fixture(scope="module")
def words():
    return said("pdftotext", "-layout", str(BOOK), "-")


def printed_numbers(kind):
    """Numbers of the captions of figures (lof) or tables (lot)."""
    return sorted(re.findall(
        rf"writefile{{{kind}}}.*?numberline {{([A-Z]?[\d.]+)}}", read("book.aux")))


def test_figures_are_those_of_the_site_with_their_numbers(site):
    shown = re.findall(r'caption-number">Fig\. ([A-Z]?[\d.]+)', site)
    assert len(shown) > 50
    assert printed_numbers("lof") == sorted(shown)


def test_pictures_are_as_many_and_vector_but_for_a_screen(site):
    drawn = re.findall(r"\\sphinxincludegraphics(?:\[[^]]*\])?{{(.*?)}(\.\w+)}",
                       read("book.tex"))
    assert len(drawn) == len(re.findall(r'<figure class="align-', site))
    assert [name for name, kind in drawn if kind != ".pdf"] == ["tensorboard"]


def test_equations_have_the_numbers_of_the_site(site):
    shown = set(re.findall(r'class="eqno">\(([A-Z]?[\d.]+)\)', site))
    printed = re.findall(r"newlabel{equation:[^}]*}{{([A-Z]?[\d.]+)}",
                         read("book.aux"))
    assert len(printed) > 50
    assert set(printed) == shown


def test_the_log_names_no_fault():
    assert pdf.faults(read("book.log")) == []


def test_nothing_runs_off_a_page():
    for page in said("pdftotext", "-bbox", str(BOOK), "-").split("<page ")[1:]:
        width, height = (float(re.search(rf'{side}="([\d.]+)"', page)[1])
                         for side in ("width", "height"))
        words = re.findall(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" '
                           r'xMax="([\d.-]+)" yMax="([\d.-]+)">(.*)<', page)
        off = [word for left, top, right, bottom, word in words
               if not (float(left) > 40 and float(right) < width - 40
                       and float(top) > 40 and float(bottom) < height - 40)]
        assert off == []


@pytest.mark.parametrize("raw", [
    r"\?\?", r"^ *:::", r"^ *`{3,}\{", r"\{(ref|numref|eq|term|doc|cite:?\w*"
    r"|glue:?\w*|index|prf:ref)\}`", r"<Figure size", r"undefined"])
def test_nothing_is_raw(words, raw):
    found = [line for line in words.splitlines()
             if re.search(raw, line)]
    if raw == "undefined":
        found = [line for line in found if "Reference" in line]
    assert found == []


def test_fonts_are_embedded():
    fonts = said("pdffonts", str(BOOK)).splitlines()[2:]
    assert all(line.split()[-5] == "yes" for line in fonts)
    assert {"SourceSerif4-Regular", "SourceCodePro-Regular"} <= {
        line.split()[0].split("+")[-1] for line in fonts}


def test_title_and_bookmarks():
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    assert re.search(rf"Title: +{re.escape(config['title'])}\n",
                     said("pdfinfo", str(BOOK)))
    outline = said("pdftohtml", "-xml", "-i", "-l", "1", "-stdout",
                   str(BOOK)).partition("<outline>")[2]
    for entry in ("Foundations", "Perceptrons", "Solutions", "Glossary",
                  "Bibliography", "Index"):
        assert f">{entry}<" in re.sub(r">[\d.]+ *", ">", outline), entry


def test_solutions_are_gathered_at_the_end(site, words):
    solved = len(re.findall(r'class="solution ', site))
    assert len(re.findall(r"^ *Solution to Exercise", words, re.M)) == solved
    assert len(re.findall(r"Solution on page \d+", words)) == solved
    assert words.index("Solution to Exercise") > words.rindex(
        "Solution on page")


def test_pictures_say_what_they_show():
    alts = 0
    for stream in re.findall(rb"stream\r?\n(.*?)endstream",
                             BOOK.read_bytes(), re.S):
        with contextlib.suppress(zlib.error):
            alts += zlib.decompressobj().decompress(stream).count(
                b"/Span <</Alt <FEFF")
    assert alts == len(re.findall(r"\\bookalttext{", read("book.tex"))) > 50
