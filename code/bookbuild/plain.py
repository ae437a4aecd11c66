"""The plain notebook: a page that any Jupyter opens, with no directive left.

sphinx-tojupyter writes a page's text from the resolved document: references,
glued numbers, theorems and equations become ordinary Markdown. Here its
document is prepared (captions and alt text under their cells, solutions
folded), its text is tidied, and the two are joined: text from Sphinx, code
and outputs from the store.
"""

import copy
import html
import re

import nbformat
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell

from bookbuild.pages import PageError, code_of, pages_of

BUILDER = "jupyter"  # sphinx-tojupyter's name for its builder
HIDDEN = {"remove-cell", "remove-input", "hide-input", "hide-cell"}
SETUP = "book-setup"  # tag of the cell that only plain notebooks have
SETUP_CODE = """\
# Finds the package this notebook belongs to: installed, or in a folder above.
import pathlib, sys
from importlib.util import find_spec
if find_spec("scratch") is None:
    above = [p / "code" for p in pathlib.Path.cwd().resolve().parents]
    found = [p for p in above if (p / "scratch" / "session.py").exists()]
    if not found:
        raise ModuleNotFoundError("The book's package scratch is not here: in "
            "the book's folder, run: pip install -r requirements.txt")
    sys.path.append(str(found[0]))"""


def setup(app):
    # After the other extensions: their titles and numbers are set by then.
    app.connect("doctree-resolved", prepare, priority=900)
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}


# ---- the document, before sphinx-tojupyter writes it ---------------------

def prepare(app, doctree, docname):
    if app.builder.name != BUILDER:
        return
    numbers = app.env.toc_fignumbers.get(docname, {})
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
        elif kind == "sidebar":
            node.replace_self(nodes.block_quote("", *[
                child for child in node.children
                if not isinstance(child, nodes.title) or child.astext()]))
    for node in list(doctree.findall(nodes.Element)):
        if type(node).__name__ == "solution_node":
            node.replace_self(solution(node))


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
    return folded("The figure in words",
                  [nodes.paragraph("", alts[0])]) if alts else []


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

def join(page, text):
    """The plain notebook of a page.

    text: sphinx-tojupyter's notebook; cells, outputs and record come from the
    page's stored one. Raises PageError when a code cell of the text is none
    of the page's.
    """
    stored = page.stored()
    code = [c for c in stored.cells if c.cell_type == "code"
            and SETUP not in c.metadata.get("tags", [])]
    hidden = solution_cells(page)
    cells = [new_code_cell(SETUP_CODE, metadata={"tags": [SETUP]})]
    done = 0
    stems = {other.stem for other in pages_of(page.root) if other.code}

    def add_code(until):
        nonlocal done
        while done < until:
            cell = copy.deepcopy(code[done])
            if done in hidden or HIDDEN & set(cell.metadata.get("tags", [])):
                cell.metadata["jupyter"] = {"source_hidden": True}
                cell.metadata["cellView"] = "form"  # Colab's word for it
            cells.append(cell)
            done += 1

    for part in text.cells:
        if part.cell_type == "markdown":
            if words := tidy(part.source, stems):
                cells.append(new_markdown_cell(words))
            continue
        later = [n for n in range(done, len(code))
                 if code[n].source.strip() == part.source.strip()]
        if not later:
            raise PageError(f"{page.path}: its text holds a code cell that is "
                            f"not among its stored ones:\n{part.source}")
        add_code(later[0] + 1)
    add_code(len(code))
    notebook = copy.deepcopy(stored)
    notebook.cells = cells
    for number, cell in enumerate(cells, 1):
        cell.id = f"cell-{number}"
    return notebook


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


LINK = re.compile(r"\[([^\[\]]*)\]\((?:[\w./-]*/)?([\w-]+)\.ipynb(#[^)]*)?\)")
INLINE = re.compile(r"(?<![$\\])\$ +([^$\n]+?) +\$(?!\$)")


def tidy(text, stems):
    """Markdown as a reader writes it: no spaces in $x$, links that lead
    somewhere (to a stored notebook), none to pages without one."""
    def lead(match):
        words, stem, anchor = match.groups()
        return (f"[{words}]({stem}.ipynb{anchor or ''})" if stem in stems
                else words)
    text = INLINE.sub(r"$\1$", LINK.sub(lead, text))
    text = re.sub(r"(?<=\|\n)(?=[^|\n])", "\n", text)  # a table ends
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def without_setup(notebook):
    """The code cells that are the page's own."""
    kept = copy.copy(notebook)
    kept.cells = [c for c in notebook.cells
                  if SETUP not in c.metadata.get("tags", [])]
    return kept


def own_code(notebook):
    return code_of(without_setup(notebook))


def read(path):
    return nbformat.v4.reads(path.read_text(encoding="utf-8"))
