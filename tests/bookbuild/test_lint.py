"""Each rule of the lint is broken once, and found."""

from pathlib import Path

import nbformat
import pytest

from bookbuild.lint import book_problems, page_problems
from bookbuild.pages import Page

FRONT = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
---
"""
FIRST = """```{code-cell} ipython3
from scratch.session import start
device = start(seed=0)
```
"""
FIGURE = """```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-line
    caption: "**It rises.** Left to right."
  image:
    alt: "A line that rises from left to right."
---
plot()
```
"""


def found_in(root, text, name="one"):
    """Problems of a page with this text, whose every cell drew a figure."""
    path = root / "chapters" / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(FRONT + text, encoding="utf-8")
    page = Page(root, Path("chapters") / path.name)
    notebook = page.notebook
    for cell in notebook.cells:
        if cell.cell_type == "code" and "plot" in cell.source:
            cell.outputs = [nbformat.v4.new_output(
                "display_data", {"image/svg+xml": "<svg/>"})]
    page.store.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, page.store)
    return page_problems(Page(root, page.path))


def test_a_page_that_keeps_the_rules_is_left_alone(tmp_path):
    assert found_in(tmp_path, FIRST + "\nText.\n\n" + FIGURE) == []


@pytest.mark.parametrize("text, fault", [
    (FIRST.replace("device", "# no\n" * 9 + "device"), "has 11 lines, at most 10"),
    (FIRST.replace("device = start(seed=0)", "pass"), "must call start"),
    (FIRST + "\nText.\n\n```{code-cell} ipython3\n" + "a = 1\n" * 31 + "```\n",
     "code cell 2 has 31 lines, at most 30"),
    (FIRST + "\nText.\n\n```{code-cell} ipython3\n" + "a" * 73 + "\n```\n",
     "a line of 73 characters"),
    (FIRST.replace("from scratch", "import sys; sys.path.append('.')\nfrom scratch"),
     "changes sys.path"),
    (FIRST.replace("from scratch", "!pip install numpy\nfrom scratch"),
     "a shell command or a magic"),
    (FIRST + "\nText.\n\n" + FIGURE.replace("fig-line", "line"), "no name fig-"),
    (FIRST + "\nText.\n\n" + FIGURE.replace("**", ""), "no caption that begins"),
    (FIRST + "\nText.\n\n" + FIGURE.replace("alt:", "width:"), "no alt text"),
    (FIRST + "\n![](map.svg)\n", "has no alt text"),
    (FIRST + "\nIt gets 91.8% right.\n", "91.8% is typed, not glued"),
    (FIRST + "\n```{figure} map.svg\n:name: fig-map\nA map.\n```\n",
     "{figure} map.svg has no alt text"),
    (FIRST + "\n```{exercise} ★ Try\n:label: ex-try\nTry.\n```\n",
     "exercise ex-try has no solution"),
    (FIRST + "\n```{exercise} Try\n:label: ex-try\nTry.\n```\n", "has 0 stars"),
])
def test_a_broken_rule_is_found(tmp_path, text, fault):
    found = found_in(tmp_path, text)
    assert len(found) == 1 and fault in found[0], found


def test_an_open_exercise_needs_no_solution(tmp_path):
    open_one = "\n```{exercise} ★★★ Try\n:label: ex-try\nTry.\n```\n"
    assert found_in(tmp_path, FIRST + open_one) == []


@pytest.fixture
def book(tmp_path):
    def write(pages, bib="", module=""):
        (tmp_path / "chapters").mkdir()
        (tmp_path / "code/scratch").mkdir(parents=True)
        (tmp_path / "code/scratch/sums.py").write_text(module)
        (tmp_path / "references.bib").write_text(bib)
        (tmp_path / "_toc.yml").write_text(
            "format: jb-book\nroot: chapters/p0\nchapters:\n" + "".join(
                f"  - file: chapters/p{i}\n" for i in range(1, len(pages))))
        for i, text in enumerate(pages):
            (tmp_path / f"chapters/p{i}.md").write_text(text, encoding="utf-8")
        return book_problems(tmp_path)
    return write


@pytest.mark.parametrize("first, second", [
    ("(sec-a)=\n# A\n", "(sec-a)=\n# B\n"),
    ("# A\n\n$$\nx = 1\n$$ (sec-a)\n", "(sec-a)=\n# B\n"),
    ("# A\n\n```{prf:theorem} T\n:label: sec-a\nT.\n```\n", "(sec-a)=\n# B\n"),
])
def test_a_label_used_twice_is_found(book, first, second):
    found, = book([first, second])
    assert found.startswith("label sec-a is used 2 times")


def test_a_citation_without_an_entry_is_found(book):
    found, = book(["# A\n\n{cite:t}`a2020b, c2021d`\n", "# B\n"],
                  bib="@book{a2020b,\n title={T}}\n")
    assert found == "chapters/p0.md: references.bib has no c2021d"


def test_an_entry_that_nothing_cites_is_found(book):
    found, = book(["# A\n", "# B\n"], bib="@book{a2020b,\n title={T}}\n")
    assert found == "references.bib: nothing cites a2020b"


ONE = "```{glossary}\nbias\n  A weight.\n\nUnit\n  Has a {term}`bias`.\n```\n"


def test_a_glossary_in_order_whose_terms_are_met_is_left_alone(book):
    assert book(["# A\n\nA {term}`bias` of {index}`units <unit>`.\n",
                 "# B\n\n" + ONE]) == []


def test_a_term_that_only_the_glossary_uses_is_found(book):
    found, = book(["# A\n\nA {index}`unit`.\n", "# B\n\n" + ONE])
    assert found == ("chapters/p1.md: no page links to bias, nor does the "
                     "index")


def test_a_term_out_of_order_is_found(book):
    found, = book(["# A\n\n{index}`bias`, {term}`units <unit>`\n",
                   "# B\n\n" + ONE.replace("bias\n  A weight.\n\nUnit",
                                          "Unit\n  A sum.\n\nbias")])
    assert found == "chapters/p1.md: bias stands after Unit"


def cell(code):
    return FRONT + f"# A\n\n```{{code-cell}} ipython3\n{code}\n```\n"


MODULE = '''def two(x: int) -> int:
    """Two of x."""
    y: int = 2 * x
    return y
'''


def test_hints_and_docstrings_are_no_difference(book):
    assert book([cell("def two(x):\n    # why\n    y = 2 * x\n    return y"),
                 "# B\n"], module=MODULE) == []


def test_a_quotation_that_differs_is_found_with_the_difference(book):
    found, = book([cell("def two(x):\n    y = 3 * x\n    return y"), "# B\n"],
                  module=MODULE)
    assert found.startswith("scratch.sums.two differs from its quotation in "
                            "chapters/p0.md")
    assert "-    y = 3 * x\n+    y = 2 * x" in found


def test_a_definition_that_no_chapter_quotes_is_found(book):
    assert book(["# A\n", "# B\n"], module=MODULE) == [
        "scratch.sums.two is quoted by no chapter"]


def test_a_name_with_two_homes_is_found(book):
    page = cell("def two(x):\n    y = 2 * x\n    return y")
    found, = book([page, page], module=MODULE)
    assert found == ("scratch.sums.two is defined 2 times, in chapters/p0.md "
                     "and chapters/p1.md")
