"""What a page shows of other pages stays true when those change."""

import shutil

import pytest
from conftest import CONFIG, Book

FIGURE = "\n```{{figure}} {0}.svg\n:name: fig-{0}\nThe {0}.\n```\n"
POINTS = "\n".join([
    "(sec-two)=", "# two", "See {ref}`sec-late`, {numref}`fig-late`,",
    "{eq}`eq-late`, {numref}`sec-late`, {ref}`ex-late`.", ""])
SHOWN = {  # kind: a change of page one, and what page two shows then
    "outline": ("# one", "# eins", "eins"),
    "title": ("## Late", "## Later", ">Later<"),
    "figure": ("Figures.\n", "Figures.\n" + FIGURE.format("new"), "Fig. 1.2"),
    "equation": ("Formulas.\n", "Formulas.\n\n$$0$$ (eq-new)\n", "(1.2)"),
    "section": ("Sections.\n", "## New\n\nText.\n", "Section 1.2"),
    "exercise": ("Exercises.\n", "```{exercise}\n:label: ex-new\nTry.\n```\n",
                 "Exercise 1.2"),
}


@pytest.fixture(scope="module")
def referring(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("referring"), {
        "one": "(sec-one)=\n# one\n\nFigures.\n" + FIGURE.format("late")
        + "\nFormulas.\n\n$$1$$ (eq-late)\n\nExercises.\n\n"
        "```{exercise}\n:label: ex-late\nTry again.\n```\n\nSections.\n\n"
        "(sec-late)=\n## Late\n\nText.\n",
        "two": POINTS})
    for name in ("late", "new"):
        book.write(f"chapters/{name}.svg", '<svg xmlns="http://www.w3.org/'
                   '2000/svg" width="1pt" height="1pt"></svg>')
    book.write("_config.yml", CONFIG.replace(
        "extra_extensions: [", "extra_extensions: [sphinx_exercise, ").replace(
        "plain]", "plain, bookbuild.references, bookbuild.speed]")
        + "    math_numfig: true\n    numfig: true\n")
    book.write("_toc.yml", "format: jb-book\nroot: chapters/index\nparts:\n"
               "  - numbered: true\n    chapters:\n"
               "      - file: chapters/one\n      - file: chapters/two\n")
    assert book.build().returncode == 0
    return book


@pytest.mark.parametrize("kind", SHOWN)
def test_a_change_reaches_the_pages_that_show_it(referring, kind):
    old, new, shown = SHOWN[kind]
    page = referring.root / "_build/html/chapters/two.html"
    text = (referring.root / "chapters/one.md").read_text("utf-8")
    assert shown not in page.read_text("utf-8")
    referring.edit("chapters/one.md", old, new)
    assert referring.build().returncode == 0
    assert shown in page.read_text("utf-8")
    referring.write("chapters/one.md", text)
    assert referring.build().returncode == 0
    assert shown not in page.read_text("utf-8")


def test_a_paragraph_writes_no_other_page_again(referring):
    page = referring.root / "_build/html/chapters/two.html"
    before = page.stat().st_mtime_ns
    referring.edit("chapters/one.md", "Figures.\n", "Figures!\n")
    assert referring.build().returncode == 0
    assert page.stat().st_mtime_ns == before
    referring.edit("chapters/one.md", "Figures!\n", "Figures.\n")


def test_speed_changes_no_byte_of_the_site(referring, tmp_path):
    slow = referring.copy(tmp_path / "slow")
    slow.edit("_config.yml", ", bookbuild.speed", "")
    sites = []
    for book in (referring, slow):
        shutil.rmtree(book.root / "_build", ignore_errors=True)
        assert book.build().returncode == 0
        site = book.root / "_build/html"
        sites.append({path.relative_to(site): path.read_bytes()
                      for path in site.rglob("*")
                      if path.suffix in (".html", ".js", ".svg")})
    assert sites[0] == sites[1]
    memories = [book.root / "_build/.doctrees/environment.pickle"
                for book in (referring, slow)]
    assert memories[0].stat().st_size < memories[1].stat().st_size
