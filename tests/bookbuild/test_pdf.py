"""The book in print, as far as LaTeX's source: no TeX is needed here."""

import re
import warnings

import pytest
from conftest import FRONT, Book, forget
from docutils import nodes

from bookbuild import pdf
from bookbuild.pages import PageError

CONFIG = """
title: Tiny, but Printed
only_build_toc_files: true
execute: {execute_notebooks: "off"}
bibtex_bibfiles: [references.bib]
sphinx:
  extra_extensions: [sphinx_proof, sphinx_exercise, bookbuild.extension]
  config:
    nb_custom_formats: {".md": ["bookbuild.pages.read_page", {}, false]}
    bibtex_reference_style: author_year
    math_numfig: true
    numfig_secnum_depth: 1
"""
TOC = """
format: jb-book
root: chapters/index
parts:
  - caption: At first
    chapters:
      - file: chapters/before
  - caption: In the middle
    numbered: true
    chapters:
      - file: chapters/one
        sections:
          - file: chapters/notebooks/lab
  - caption: At last
    chapters:
      - file: chapters/end
"""
DRAWN = """
```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-NAME
    caption: "**NAME** is drawn."
  image:
    alt: "NAME in words é."
tags: [hide-input]
---
import base64
from IPython.display import display
secret = "of NAME"
display({"application/pdf": base64.b64encode(b"%PDF NAME").decode(),
         "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>",
         "text/plain": "<Figure size 1x1>"}, raw=True)
```
"""
ONE = FRONT + """(sec-one)=
# One

See {ref}`the lab <sec-lab>`, {numref}`fig-solved`, {prf:ref}`thm-one`,
{ref}`ex-one`, {eq}`eq-one`, {cite:t}`doe1999thing` and {term}`thing`.

$$ x = 1 $$ (eq-one)

```{prf:theorem} Of $x$
:label: thm-one
It is so.
```

```{prf:proof}
It could not be otherwise.
```

```{margin}
At the side.
```

:::{admonition} What we own
:class: tip
A box.
:::

```{exercise} ★ Draw
:label: ex-one
Draw it.
```

```{solution-start} ex-one
:class: dropdown
```

Here it is.
""" + DRAWN.replace("NAME", "solved") + """
```{solution-end}
```

## After it

| word | what is said of it at length |
| --- | --- |
| thing | WORDS |

```{table} Two **things**
:name: tab-one

| this | that |
| --- | --- |
| 1 | 2 |
```
""".replace("WORDS", "many words " * 12) + DRAWN.replace("NAME", "last") + """
```{code-cell} ipython3
print("printed")
```
"""
PAGES = {
    "before": "# Before\n\nNothing yet.\n",
    "one": ONE,
    "notebooks/lab": "(sec-lab)=\n# A lab\n\n## Its part\n\nTry.\n",
    "end": "(sec-end)=\n# The end\n\n```{glossary}\nthing\n  It is *one*.\n"
           "```\n\n```{bibliography}\n```\n",
}
ENTRY = ("@misc{doe1999thing, author = {Doe, Jo}, title = {A thing}, "
         "year = {1999}}\n")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """LaTeX's source of a tiny book with a bit of everything."""
    book = Book(tmp_path_factory.mktemp("printed"), PAGES)
    for name, text in (("_config.yml", CONFIG), ("_toc.yml", TOC),
                       ("references.bib", ENTRY),
                       ("requirements.txt", "ipython==9.18.1\n")):
        book.write(name, text)
    book.run_stale()
    forget()
    with warnings.catch_warnings(action="ignore"):  # those of Sphinx
        pdf.write_latex(book.root, book.root / "_build" / "latex")
    return (book.root / "_build/latex/book.tex").read_text("utf-8")


def in_order(text, *parts):
    places = [text.index(part) for part in parts]
    assert places == sorted(places), parts


def test_parts_hold_their_chapters_and_the_last_the_solutions(printed):
    in_order(printed, r"\begin{document}", r"\chapter{Welcome}",
             r"\bookpart{At first}", r"\chapter{Before}",
             r"\bookpart{In the middle}", r"\chapter{One}",
             r"\section{After it}", r"\chapter{A lab}", r"\section{Its part}",
             r"\bookpart{At last}", r"\chapter{Solutions}",
             r"\section{One}", r"\chapter{The end}", r"\printindex")


def test_only_numbered_pages_bear_numbers(printed):
    depths = re.findall(r"secnumdepth}{(-?\d)}.*?\\chapter{(.*?)}", printed,
                        re.S)
    assert {name for depth, name in depths if depth == "3"} == {"One"}


def test_a_solution_is_gathered_and_its_exercise_leads_to_it(printed):
    place = re.search(r"\\booksolved{(.*?)}", printed)[1]
    assert rf"\label{{\detokenize{{{place}}}}}" in printed
    in_order(printed, r"\begin{bookexercise}", r"\booksolved",
             r"\chapter{Solutions}", r"\begin{booksolution}", "Here it is.")


def test_figures_keep_the_numbers_of_the_site(printed):
    """The solution's figure comes later in print, and has the first number.
    """
    captions = re.findall(r"thefigure}{([\d.]+)}.*?\\caption{.*?{(\w+)}",
                          printed, re.S)
    assert captions == [("1.2", "last"), ("1.1", "solved")]
    assert r"\renewcommand{\theequation}{1.1}" in printed
    in_order(printed, r"\renewcommand{\thetable}{1.1}", r"\sphinxcaption{Two",
             r"\label{\detokenize{chapters/one:tab-one}}")


def test_pictures_are_vector_and_in_words(printed):
    assert printed.count(r"\sphinxincludegraphics") == 2
    assert set(re.findall(r"{{\w+}(\.\w+)}", printed)) == {".pdf"}
    said = bytes.fromhex(re.findall(r"\\bookalttext{FEFF(\w+)}", printed)[0])
    assert said.decode("utf-16-be") == "last in words é."
    assert "<Figure" not in printed


def test_hidden_input_is_named_not_printed(printed):
    assert "secret" not in printed
    assert len(re.findall(r"\\bookdrawn{\d}{one}", printed)) == 2
    assert printed.count(r"\begin{bookoutput}") == 1


def test_boxes_say_what_they_are(printed):
    assert re.search(r"{bookstatement}{.*?Theorem 1\.1.*?Of", printed)
    assert re.search(r"{bookproof}.*\s+\\sphinxAtStartPar\s+"
                     r"\\sphinxstyleemphasis{Proof.} It could", printed)
    for title, words in ("", "At the side"), ("What we own", "A box"):
        assert re.search(r"\\begin{bookaside}{\\phantomsection{}" + title
                         + r"}\s+\\sphinxAtStartPar\s+" + words, printed)


def test_every_link_has_its_target(printed):
    links = set(re.findall(r"\\hyperref\[(.*?)\]", printed))
    targets = set(re.findall(r"\\label{(\\detokenize{.*?})}", printed))
    assert links and links <= targets | {r"\detokenize{genindex::doc}"}
    for work in re.findall(r"\\hyperlink{(cite.*?)}", printed):
        assert rf"\hypertarget{{{work}}}" in printed


def test_the_bibliography_has_no_numbers(printed):
    assert r"\bibitem" not in printed
    in_order(printed, r"\chapter{The end}", r"\begin{bookwork}", "A thing")


def test_the_index_has_a_term_once(printed):
    assert printed.count(r"\spxentry{thing}") == 1
    assert not re.search(r"\\(?:item\[|sphinxlineitem{).*\\index", printed)


def test_the_tables_of_a_page_are_set_by_their_width(printed):
    in_order(printed, r"\section{After it}", r"\begin{longtable}{\X{",
             r"\sphinxcaption{Two", r"\begin{tabulary}")


@pytest.mark.parametrize("words, kind", [
    ("short | words", ["colwidths-auto"]),
    ("long " * 30 + "| words", ["colwidths-given", "longtable"])])
def test_a_wide_table_shares_the_line(words, kind):
    cells = [nodes.entry("", nodes.paragraph("", word))
             for word in words.split("|")]
    table = nodes.table("", nodes.tgroup(
        "", nodes.colspec(colwidth=1), nodes.colspec(colwidth=1),
        nodes.tbody("", nodes.row("", *cells))), classes=["colwidths-auto"])
    pdf.set_widths(table)
    assert table["classes"] == kind


@pytest.mark.parametrize("words, kind", [
    ("short", ["colwidths-given"]),
    ("long " * 30, ["colwidths-given", "longtable"])])
def test_widths_that_are_given_stay(words, kind):
    table = nodes.table("", nodes.tgroup(
        "", nodes.colspec(colwidth=7), nodes.tbody("", nodes.row(
            "", nodes.entry("", nodes.paragraph("", words))))),
        classes=["colwidths-given"])
    pdf.set_widths(table)
    assert table["classes"] == kind
    assert [column["colwidth"] for column in table.findall(nodes.colspec)] == [7]


def test_without_tex_one_sentence_names_the_packages(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda tool: None)
    with pytest.raises(PageError) as error:
        pdf.make_pdf()
    said = str(error.value)
    assert "texlive-xetex" in said and "latexmk" in said
    assert "\n" not in said and said.count(". ") == 0


@pytest.mark.parametrize("gone", ["xelatex", "latexmk", "makeindex", "fc-list"])
def test_a_tool_that_is_missing_is_named(monkeypatch, gone):
    monkeypatch.setattr("shutil.which", lambda tool: tool != gone or None)
    with pytest.raises(PageError, match=f"needs TeX, and {gone} is not here"):
        pdf.make_pdf()


@pytest.mark.parametrize("line, found", [
    (r"Overfull \hbox (5.01pt too wide) in paragraph at lines 1--2", 1),
    (r"Overfull \hbox (4.99pt too wide) in paragraph at lines 1--2", 0),
    (r"Overfull \vbox (129.2pt too high) has occurred while \output", 1),
    (r"Overfull \vbox (3.6pt too high) detected at line 1", 0),
    (r"Underfull \hbox (badness 10000) in paragraph", 0),
    ("LaTeX Warning: Reference `a' on page 1 undefined on input line 2.", 1),
    ("LaTeX Warning: Label `a' multiply defined.", 1),
    ("Missing character: There is no ☃ in font SourceSerif4!", 1)])
def test_faults_are_what_a_reader_would_see(line, found):
    assert len(pdf.faults(f"text\n{line}\n{line}\nmore\n")) == found


def test_a_command_with_an_argument_is_tex():
    assert pdf.command("norm", (r"\lVert #1 \rVert", 1)) == (
        r"\providecommand{\norm}{}\renewcommand{\norm}[1]{\lVert #1 \rVert}")
