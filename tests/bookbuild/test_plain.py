"""The plain notebook: resolved text, stored outputs, opened by any Jupyter."""

import json
import subprocess
import sys

import pytest
from conftest import FRONT, Book
from nbformat import v4

from bookbuild import plain
from bookbuild.pages import SETUP, PageError, code_of

PAGE = FRONT + """(sec-drawn)=
# Drawn

The root is {glue:text}`root:.2f`, as {eq}`eq-root` and {ref}`sec-second` say.
See {doc}`plain_page`, {numref}`fig-dot`.[^note]

[^note]: A note.

$$ r = \\norm{x} $$ (eq-root)

```{code-cell} ipython3
:tags: [remove-cell]
from myst_nb import glue
glue("root", 2 ** 0.5, display=False)
```

(sec-second)=
## Second

```{margin}
A note in the margin.
```

:::{admonition} What we own
A root.
:::

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-dot
    caption: "**A dot** of size $\\\\norm{x}$."
  image:
    alt: "A dot in <words>."
tags: [hide-input]
---
from IPython.display import SVG
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
```

```{exercise} How large?
:label: ex-large
Say it.
```

```{solution-start} ex-large
:class: dropdown
```
As large as this:
```{code-cell} ipython3
41 + 1
```
or so.
```{solution-end}
```

| Head | **Bold** |
| :--- | :--- |
| `code` | $x$ |

```{table} Of **two** things
:name: tab-drawn

| this | that |
| --- | --- |
| 1 | 2 |
```
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("drawn"), {
        "drawn": PAGE, "plain_page": "# Plain\n\nText.\n"})
    book.write("chapters/index.md", "# Welcome\n")
    book.write("requirements.txt", "myst-nb==1.4.0\nipython==9.18.1\n")
    book.edit("_config.yml", "extra_extensions: [",
              "extra_extensions: [sphinx_exercise, ")
    book.edit("_config.yml", "  config:\n", "  config:\n"
              "    mathjax3_config: {tex: {macros: {norm: "
              "['\\lVert #1 \\rVert', 1]}}}\n    math_numfig: true\n"
              "    numfig: true\n")
    assert book.executed() == {"drawn"}
    return book


def cells(book):
    return book.page("drawn").stored().cells


def words(book):
    return "\n\n".join(cell.source for cell in cells(book)
                       if cell.cell_type == "markdown")


@pytest.mark.parametrize("text", [
    "The root is 1.41, as [(1)](#equation-eq-root) and [Second](#sec-second)",
    "See Plain, Fig. 1", "A note.", "r = {\\lVert x \\rVert} \\tag{1}",
    "<a id='fig-dot'></a>\n\n*Fig. 1* **A dot** of size $",
    "<details><summary>The figure in words</summary>\n\nA dot in &lt;words&gt;.",
    "<blockquote>\n\nA note in the margin.\n\n</blockquote>",
    "<blockquote>\n\n**What we own**\n\nA root.\n\n</blockquote>",
    "**Exercise 1 (How large?)**\n\nSay it.",
    "<details><summary>Solution to Exercise 1 (How large?)</summary>\n\n"
    "As large as this:\n\n</details>",
    "continued</summary>\n\nor so.\n\n</details>",
    "|Head|**Bold**|", "|`code`|$x$|", "|1|2|\n\n*Table 1* Of **two** things"])
def test_text_is_what_the_page_says(drawn, text):
    assert text in words(drawn)


@pytest.mark.parametrize("text", ["{glue", "{ref}", ":::", "```{", "\\norm",
                                  "newcommand", ".ipynb)"])
def test_no_markup_of_the_book_is_left(drawn, text):
    assert text not in words(drawn)


def test_code_and_outputs_are_those_of_the_run(drawn):
    code = [cell for cell in cells(drawn) if cell.cell_type == "code"]
    assert SETUP in code[0].metadata.tags
    assert [cell.source for cell in code[1:]] == drawn.page("drawn").code
    assert code[3].outputs[0].data["text/plain"] == "42"
    assert "image/svg+xml" in str(code[2].outputs)


def test_plumbing_and_solutions_are_folded(drawn):
    hidden = [cell.metadata.get("jupyter", {}).get("source_hidden", False)
              for cell in cells(drawn) if cell.cell_type == "code"]
    assert hidden == [True, True, True, True]
    assert v4.reads(json.dumps(drawn.page("drawn").stored())).cells


def test_a_second_run_and_build_give_the_same_bytes(drawn):
    path = drawn.page("drawn").store
    before = path.read_bytes()
    path.unlink()
    assert drawn.executed() == {"drawn"}
    after = v4.reads(path.read_text("utf-8"))
    record = v4.reads(before.decode()).metadata.book
    after.metadata.book.seconds = record.seconds  # another run's
    after.metadata.book.megabytes = record.megabytes
    after.metadata.book.cells = record.cells
    assert v4.writes(after) + "\n" == before.decode()


def test_nothing_more_to_do_after_a_build_that_wrote_notebooks(book):
    book.edit("chapters/one.md", "# one", "# One")
    assert book.executed() == set()
    site = book.root / "_build/html/chapters/one.html"
    before = site.stat().st_mtime_ns
    assert book.executed() == set()
    assert site.stat().st_mtime_ns == before


@pytest.mark.parametrize("tex, written", [
    (r"\RR^n", r"{\mathbb{R}}^n"), (r"\RRR", r"\RRR"),
    (r"\norm{x_{i}} + \norm{y}", r"{|x_{i}|} + {|y|}"),
    (r"\norm{\norm{a}}", r"{|{|a|}|}")])
def test_commands_of_the_book_are_written_out(tex, written):
    assert plain.expanded(tex, {"RR": r"\mathbb{R}",
                                "norm": ["|#1|", 1]}) == written


def test_a_command_without_its_braces_is_named():
    with pytest.raises(PageError, match=r"norm needs 1 arguments in braces"):
        plain.expanded(r"\norm x", {"norm": ["|#1|", 1]})


def test_a_text_with_code_that_is_not_the_pages_is_refused(book):
    page = book.page("two")
    text = v4.new_notebook(cells=[v4.new_code_cell("nothing of the page")])
    with pytest.raises(PageError, match="not among its stored ones"):
        plain.join(page, page.stored(), text, set())


# ---- the first cell ------------------------------------------------------

def first_cell(folder, home=""):
    """What the first cell says and finds, run in a folder."""
    source = (plain.SETUP_CODE.replace("{home}", str(home))
              .replace("{version}", "1.2.3"))
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", source + "\nprint(book)"],
        cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("place", [".", "notebooks", "mine/deep"])
def test_the_first_cell_finds_the_book_in_a_folder_above(book, place):
    folder = book.root / place
    folder.mkdir(parents=True, exist_ok=True)
    assert first_cell(folder).stdout.strip() == str(book.root.resolve())


def test_without_the_book_the_first_cell_says_where_to_put_the_notebook(
        tmp_path):
    ran = first_cell(tmp_path)
    assert ran.returncode == 1
    assert "expected the book, version 1.2.3, in this folder" in ran.stderr


def test_another_version_of_the_book_is_not_taken(book):
    book.edit("pyproject.toml", "1.2.3", "1.2.4")
    assert first_cell(book.root).returncode == 1


@pytest.mark.parametrize("url", ["", "https://github.com/owner/name"])
def test_the_first_cell_knows_the_address_in_the_settings_alone(
        book, monkeypatch, url):
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/fork")
    book.edit("_config.yml", "title: Tiny",
              f"title: Tiny\nrepository: {{url: '{url}'}}")
    assert f'HOME, VERSION = "{url}", "1.2.3"' in (
        plain.setup_cell(book.root).source)


@pytest.mark.parametrize("released", [True, False])
def test_away_from_the_book_the_first_cell_gets_this_very_version(
        book, tmp_path, released):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c",
                        *words], cwd=book.root, check=True,
                       capture_output=True)

    book.write("requirements.txt", "numpy\nmyst-nb==1.4.0\n")
    git("init")
    git("add", "-A")
    git("commit", "-m", "one")
    if released:
        git("tag", "v1.2.3")
        book.edit("pyproject.toml", "1.2.3", "2.0.0")
        git("commit", "-a", "-m", "two")
    away = tmp_path / "away"
    away.mkdir()
    for _ in range(2):  # it is there the second time
        ran = first_cell(away, f"file://{book.root}")
        assert ran.stdout.strip() == str(away.resolve() / "book"), ran.stderr
        book.write("gone", "")
    assert '1.2.3' in (away / "book/pyproject.toml").read_text()
    assert code_of(v4.reads((away / "book/notebooks/two.ipynb").read_text()))


def test_a_version_that_can_not_be_had_is_named(book, tmp_path):
    book.edit("pyproject.toml", "1.2.3", "2.0.0")
    ran = first_cell(tmp_path, f"file://{book.root}")
    assert ran.returncode == 1
    assert f"could not get version 1.2.3 from file://{book.root}" in ran.stderr
