"""The plain notebook: a page that any Jupyter opens, with no directive left.

sphinx-tojupyter writes a page's text from the resolved document: references,
glued numbers, theorems and equations become ordinary Markdown. Here its
document is prepared (captions and alt text under their cells, solutions
folded), its text is tidied, and the two are joined: text from Sphinx, code
and outputs from the store. A page's notebook is written whenever its HTML is.
"""

import html
import re
import tomllib
from functools import partial

import nbformat
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell

from bookbuild.address import repository
from bookbuild.execute import store, with_text_of
from bookbuild.kernel import state
from bookbuild.pages import (
    SETUP,
    PageError,
    code_cells,
    code_of,
    pages_of,
    reading,
)

BUILDER = "jupyter"  # sphinx-tojupyter's name for its builder
GROUP = r"(\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})"  # three braces deep
HIDDEN = {"remove-cell", "remove-input", "hide-input", "hide-cell"}
SETUP_CODE = '''\
# Finds the book's code, whose version this notebook belongs to, or gets it.
import importlib.util, subprocess, sys
from pathlib import Path
HOME, VERSION = "{home}", "{version}"
def is_book(folder):
    project = folder / "pyproject.toml"
    return ((folder / "code/scratch").is_dir() and project.exists()
            and f'version = "{VERSION}"' in project.read_text("utf-8"))
here = Path.cwd().resolve()
folders = [here / "book", here, *here.parents]
if found := importlib.util.find_spec("scratch"):
    folders.insert(0, Path(found.origin).resolve().parents[2])
book = next((f for f in folders if is_book(f)), here / "book")
if not is_book(book) and not HOME:
    raise ModuleNotFoundError(
        f"expected the book, version {VERSION}, in this folder or one above "
        f"{here}: put this notebook in the book's folder mine/")
for branch in ["--branch", f"v{VERSION}"], []:
    if not is_book(book):  # before its release a version is on the branch
        subprocess.run(["git", "clone", "-q", "--depth=1", *branch, HOME,
                        str(book)], capture_output=True)
if not is_book(book):
    raise ModuleNotFoundError(
        f"could not get version {VERSION} from {HOME} into {book}: is there "
        "a network, and nothing else in that folder?")
if HOME and not importlib.util.find_spec("myst_nb"):  # as on Colab
    pins = (book / "requirements.txt").read_text("utf-8").split()
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *[
        pin for pin in pins if pin.startswith("myst-nb==")]], check=True)
sys.path.insert(0, str(book / "code"))'''


def setup(app):
    app.setup_extension("sphinx_tojupyter")
    app.connect("config-inited", set_writer)
    # After the other extensions: their titles and numbers are set by then.
    app.connect("doctree-resolved", prepare, priority=900)
    app.connect("builder-inited", start_list)
    app.connect("html-page-context", note_written)
    # Before the extension that copies the notebooks into the site.
    app.connect("build-finished", write_notebooks, priority=400)
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": False}


def set_writer(app, config):
    config.tojupyter_lang_synonyms = ["python", "ipython", "ipython3"]
    config.tojupyter_drop_solutions = False
    config.tojuyter_drop_html_raw = False  # spelled so in sphinx-tojupyter


def start_list(app):
    app.plain_pages = set()


def note_written(app, docname, template, context, doctree):
    if doctree is not None:
        app.plain_pages.add(docname)


def write_notebooks(app, exception):
    """Bring the text of each page that was written into its notebook."""
    if exception is not None or app.builder.format != "html":
        return
    pages = pages_of(app.srcdir)
    stems = {page.stem for page in pages if page.store.exists()}
    site, app.builder = app.builder, app.registry.create_builder(
        app, BUILDER, app.env)
    app.builder.outdir = site.outdir.parent / ".text"
    try:
        app.builder.init()
        app.builder.prepare_writing(set())
        for page in pages:
            name = page.path.with_suffix("").as_posix()
            if name in app.plain_pages and page.code:
                write_notebook(app, page, name, stems)
    finally:
        app.builder = site


def write_notebook(app, page, name, stems):
    doctree = app.env.get_and_resolve_doctree(name, app.builder)
    app.builder.write_doc(name, doctree)
    path = app.builder.outdir / f"{name}{app.builder.out_suffix}"
    text = nbformat.v4.reads(path.read_text(encoding="utf-8"))
    stored = page.stored()
    if code_of(stored) != page.code:
        return  # the page was edited while it ran: the next build's matter
    fresh = join(page, stored, text, stems)
    if fresh != stored:
        store(page, fresh)
        name = page.store.relative_to(page.root).as_posix()
        reading["stored"][name] = state(page.store)


def is_plain(notebook):
    """Does a stored notebook hold its page's text as Sphinx resolved it?"""
    return len(code_cells(notebook)) < sum(
        cell.cell_type == "code" for cell in notebook.cells)


# ---- the document, before sphinx-tojupyter writes it ---------------------

def prepare(app, doctree, docname):
    if app.builder.name != BUILDER:
        return
    numbers = app.env.toc_fignumbers.get(docname, {})
    tex = (app.config["mathjax3_config"] or {}).get("tex", {})
    for node in list(doctree.findall(nodes.math)) + list(
            doctree.findall(nodes.math_block)):
        written = expanded(node.astext(), tex.get("macros", {}))
        node.clear()
        node.append(nodes.Text(written))
    for node in list(doctree.findall(nodes.raw)):
        node.parent.remove(node)  # scripts of the site
    for table in list(doctree.findall(nodes.table)):
        title_below(table, numbers.get("table", {}))
        marks_into_text(table)
    for cell in list(doctree.findall(is_cell)):
        captions_below(cell, numbers.get("figure", {}))
    for node in list(doctree.findall(nodes.Element)):
        kind = type(node).__name__
        if kind == "exercise_enumerable_node":
            node.replace_self(exercise(node, numbers.get("exercise", {})))
        elif kind == "proof_node":  # its text begins with "Proof."
            node.replace_self(unwrapped(node.children))
        elif kind != "solution_node" and isinstance(
                node, nodes.Admonition | nodes.sidebar):
            node.replace_self(quoted(node))
    for node in list(doctree.findall(nodes.Element)):
        if type(node).__name__ == "solution_node":
            node.replace_self(solution(node))


def expanded(tex, macros):
    """TeX with the book's own commands written out: Colab, VS Code and GitHub
    know none that another cell defines.

    macros: {name: definition or [definition, number of arguments]}.
    """
    for name, definition in macros.items():
        body, count = (definition if isinstance(definition, list | tuple)
                       else (definition, 0))
        command = re.compile(rf"\\{name}(?![A-Za-z])")
        while command.search(tex):
            tex, found = re.subn(
                command.pattern + count * rf"\s*{GROUP}",
                partial(filled, body), tex)
            if not found:
                raise PageError(f"\\{name} needs {count} arguments in braces "
                                f"in the formula {tex}")
    return tex


def filled(body, match):
    """A command's definition with the arguments that a match found."""
    return "{" + re.sub("#([1-9])", lambda mark: match[int(mark[1])][1:-1],
                        body) + "}"


def quoted(node):
    """An admonition or a note in the margin as a quotation."""
    title, rest = [], node.children
    if rest and isinstance(rest[0], nodes.title):
        title, rest = rest[:1], rest[1:]
    elif not isinstance(node, nodes.sidebar):
        title = [nodes.title("", type(node).__name__.capitalize())]
    return [raw("<blockquote>"), *[
        nodes.paragraph("", "", nodes.strong("", one.astext()))
        for one in title if one.astext()], *rest, raw("</blockquote>")]


def is_cell(node):
    return isinstance(node, nodes.container) and "cell" in node["classes"]


def title_below(table, numbers):
    """A table's title as a line under it; Markdown's tables have none."""
    if isinstance(table.children[0], nodes.title):
        title = table.children[0]
        table.remove(title)
        number = ".".join(map(str, numbers.get(table["ids"][0], ())))
        table.parent.insert(table.parent.index(table) + 1, nodes.paragraph(
            "", "", nodes.emphasis("", f"Table {number}"), nodes.Text(" "),
            *[child.deepcopy() for child in title.children]))


def marks_into_text(table):
    """In a table sphinx-tojupyter puts the marks of code and emphasis before
    the table: write them into the words."""
    marks = {nodes.literal: "`", nodes.emphasis: "*", nodes.strong: "**"}
    for node in list(table.findall(
            lambda node: isinstance(node, tuple(marks)))):
        mark = marks[type(node)]
        node.replace_self(nodes.Text(f"{mark}{node.astext()}{mark}"))
    for node in list(table.findall(nodes.Text)):
        node.parent.replace(node, nodes.Text(node.replace("\n", " ")))


def captions_below(cell, numbers):
    """Put each figure's caption and alt text under the cell that draws it.

    sphinx-tojupyter leaves out what a cell puts out, captions with it.
    """
    place = cell.parent.index(cell) + 1
    for figure in cell.findall(nodes.figure):
        captions = list(figure.findall(nodes.caption))
        if not captions:
            continue
        number = ".".join(map(str, numbers.get(figure["ids"][0], ())))
        text = nodes.paragraph("", "", nodes.emphasis(
            "", f"Fig. {number}"), nodes.Text(" "),
            *[child.deepcopy() for child in captions[0].children])
        cell.parent.insert(place, [*anchors(figure), text, *in_words(figure)])


def in_words(figure):
    alts = [image["alt"] for image in figure.findall(nodes.image)
            if image.get("alt")]
    return [part for alt in alts[:1] for part in folded(
        "The figure in words",
        [nodes.paragraph("", html.escape(alt, quote=False))])]


def exercise(node, numbers):
    number = ".".join(map(str, numbers.get(node["label"], ())))
    title = node.children[0].astext().strip()
    title = re.sub(r"^Exercise\s*(%s)?", "", title).strip()
    said = f"Exercise {number} {title}".replace("  ", " ")
    return [*anchors(node), nodes.paragraph("", "", nodes.strong("", said)),
            *unwrapped(node.children[1:])]


def solution(node):
    """A solution's text folded; its cells are folded in their metadata."""
    said, group, out = node.children[0].astext().strip(), [], []
    for child in [*unwrapped(node.children[1:]), None]:
        if child is None or is_cell(child):
            out += folded(said, group) if group else []
            out += [] if child is None else [child]
            said, group = f"{said.removesuffix(', continued')}, continued", []
        else:
            group.append(child)
    return out


def folded(summary, content):
    start = f"<details><summary>{html.escape(summary)}</summary>"
    return [raw(start), *content, raw("</details>")]


def anchors(node):
    return [raw(f"<a id='{name}'></a>") for name in node["ids"][:1]]


def raw(text):
    return nodes.raw("", text, format="html")


def unwrapped(children):
    """Sections without a title of their own, replaced by what they hold."""
    found = []
    for child in children:
        if isinstance(child, nodes.section) and not any(
                isinstance(part, nodes.title) for part in child.children):
            found += unwrapped(child.children)
        else:
            found.append(child)
    return found


# ---- text and outputs joined ---------------------------------------------

def join(page, stored, text, stems):
    """The plain notebook of a page.

    stored: gives outputs and record; text: sphinx-tojupyter's notebook;
    stems: of the pages that have a notebook, so that links lead there.
    Raises PageError when a code cell of the text is none of the page's.
    """
    notebook = with_text_of(page, stored)
    code = code_cells(notebook)
    hidden = solution_cells(page)
    for number, cell in enumerate(code):
        if number in hidden or HIDDEN & set(cell.metadata.get("tags", [])):
            cell.metadata["jupyter"] = {"source_hidden": True}
            cell.metadata["cellView"] = "form"  # Colab's word for it
    cells, done = [setup_cell(page.root)], 0
    for part in text.cells:
        if part.cell_type == "markdown":
            words = tidy(part.source, stems)
            if ANCHOR.fullmatch(cells[-1].source):  # no cell of its own
                words = f"{cells.pop().source}\n\n{words}"
            if words:
                cells.append(new_markdown_cell(words))
            continue
        # A cell of which nothing shows on the page isn't in its text.
        later = [n for n in range(done, len(code))
                 if code[n].source.strip() == part.source.strip()]
        if not later:
            raise PageError(f"{page.path}: its text holds a code cell that is "
                            f"not among its stored ones:\n{part.source}")
        cells += code[done:later[0] + 1]
        done = later[0] + 1
    last = max(n for n, cell in enumerate(cells) if cell.cell_type == "code")
    notebook.cells = cells[:last + 1] + code[done:] + cells[last + 1:]
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    return notebook


def setup_cell(root):
    """The first cell of a plain notebook. It gets the book from the address in
    _config.yml, whatever the environment says: a stored notebook is the same
    wherever it is built."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    source = SETUP_CODE.replace("{version}", project["project"]["version"])
    return new_code_cell(source.replace(
        "{home}", repository(root, environ={})), metadata={
        "tags": [SETUP], "jupyter": {"source_hidden": True},
        "cellView": "form"})


def solution_cells(page):
    """Numbers, from 0, of the code cells that stand in a solution."""
    found, inside, number = set(), False, 0
    for cell in page.notebook.cells:
        if cell.cell_type == "code":
            if inside:
                found.add(number)
            number += 1
        else:
            marks = re.findall(r"\{solution-(start|end)\}", cell.source)
            inside = marks[-1] == "start" if marks else inside
    return found


MACROS = re.compile(r"\A\$\$\n(\\newcommand.*\n)+\$\$\Z")
ANCHOR = re.compile(r"(<a id='[^']*'></a>\s*)+")
LINK = re.compile(r"\[([^\[\]]*)\]\((?:[\w./-]*/)?([\w-]+)\.ipynb(#[^)]*)?\)")
INLINE = re.compile(r"(?<![$\\])\$ +([^$\n]+?) +\$(?!\$)")


def tidy(text, stems):
    """Markdown as a reader writes it: no spaces in $x$, links that lead
    somewhere (to a stored notebook), none to pages without one."""
    def lead(match):
        words, stem, anchor = match.groups()
        return (f"[{words}]({stem}.ipynb{anchor or ''})" if stem in stems
                else words)
    if MACROS.match(text.strip()):
        return ""  # each formula has them written out
    text = INLINE.sub(r"$\1$", LINK.sub(lead, text))
    text = re.sub(r"(?<=\|\n)(?=[^|\n])", "\n", text)  # a table ends
    return re.sub(r"\n{3,}", "\n\n", text).strip()
