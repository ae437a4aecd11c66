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


def with_figures(book):
    for name in ("late", "new"):
        book.write(f"chapters/{name}.svg", '<svg xmlns="http://www.w3.org/'
                   '2000/svg" width="1pt" height="1pt"></svg>')
    book.write("_config.yml", CONFIG.replace(
        "extra_extensions: [", "extra_extensions: [sphinx_exercise, ").replace(
        "plain]", "plain, bookbuild.references, bookbuild.speed]")
        + "    math_numfig: true\n    numfig: true\n")
    return book


@pytest.fixture(scope="module")
def referring(tmp_path_factory):
    book = with_figures(Book(tmp_path_factory.mktemp("referring"), {
        "one": "(sec-one)=\n# one\n\nFigures.\n" + FIGURE.format("late")
        + "\nFormulas.\n\n$$1$$ (eq-late)\n\nExercises.\n\n"
        "```{exercise}\n:label: ex-late\nTry again.\n```\n\nSections.\n\n"
        "(sec-late)=\n## Late\n\nText.\n",
        "two": POINTS}))
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


def test_an_appendix_numbers_by_its_letter(tmp_path):
    things = (FIGURE + "\n$$1$$ (eq-{1})\n\n```{{exercise}}\n:label: ex-{1}\n"
              "Try.\n```\n").format
    book = with_figures(Book(tmp_path, {
        "first": "(sec-one)=\n# first\n" + things("new", "first"),
        "appendix_b_words": "# words\n" + things("late", "words"),
        "last": "# last\n" + things("new", "last").replace("fig-new", "fig-x")
        + "\nSee {numref}`fig-late`, {eq}`eq-words`, {ref}`ex-words`.\n"}))
    site = book.root / "_build/html/chapters"
    said = {name: site / f"{name}.html"
            for name in ("first", "appendix_b_words", "last")}

    def shown(name, *texts):
        page = said[name].read_text("utf-8")
        return all(text in page for text in texts)

    assert book.build().returncode == 0
    assert shown("first", "Fig. 1 ", "(1)", "Exercise 1")
    assert shown("appendix_b_words", "Fig. B.1 ", "(B.1)", "Exercise B.1")
    assert shown("last", "Fig. 2 ", "(2)", "Exercise 2")
    assert shown("last", ">Fig. B.1<", "(B.1)", "Exercise B.1")
    written = {name: path.stat().st_mtime_ns for name, path in said.items()}
    book.edit("chapters/first.md", "# first\n", "# first\n\nText.\n")
    assert book.build().returncode == 0
    assert [name for name, path in said.items()
            if path.stat().st_mtime_ns != written[name]] == ["first"]
    book.edit("chapters/appendix_b_words.md", "# words\n",
              "# words\n" + FIGURE.format("new").replace("fig-new", "fig-y"))
    assert book.build().returncode == 0
    assert shown("last", ">Fig. B.2<", "Fig. 2 ")
