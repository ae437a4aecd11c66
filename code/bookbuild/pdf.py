"""The book in print: `make pdf` writes _build/pdf/book.pdf, with XeLaTeX.

    python -m bookbuild.pdf

Like the site it is made from the stored outputs; stale pages run first. As a
Sphinx extension, this module makes of Sphinx's one long document a printed
book: parts, boxes, solutions at the end, and the numbers of the site.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from pygments.style import Style
from pygments.token import Comment, Keyword, Number, Operator, String
from sphinx import addnodes
from sphinx.builders.latex.nodes import thebibliography
from sphinx.errors import SphinxError
from sphinx.util import texescape

from bookbuild.build import bring_up_to_date, one_at_a_time
from bookbuild.editions import run_sphinx, split
from bookbuild.look import MACROS
from bookbuild.pages import ROOT, PageError, pages_of

PRINT = Path(__file__).parent / "print"  # what TeX is told
TOOLS = ("xelatex", "latexmk", "makeindex", "fc-list")
PACKAGES = " ".join((PRINT / "packages").read_text("utf-8").split())
LINE = 72  # characters that fit on a line of a table
WIDE = 5  # points by which a line or a page may stand out
SOLUTIONS = "solutions"  # their chapter's name among the documents
HIDDEN = {"tag_hide-input", "tag_hide-cell"}


# ---- the command ----------------------------------------------------------

def make_pdf(root=ROOT):
    """Run what is stale, typeset the book; return (path, number of pages)."""
    refuse_without_tex()
    with one_at_a_time(root):
        pages = pages_of(root)
        bring_up_to_date(root, pages, pages)
        latex = root / "_build" / "latex"
        write_latex(root, latex)
        typeset(latex)
        log = (latex / "book.log").read_text("utf-8", "replace")
        if found := faults(log):
            raise PageError("the PDF is not fit to print ({}):\n{}".format(
                latex / "book.log", "\n".join(found)))
        target = root / "_build" / "pdf" / "book.pdf"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(latex / "book.pdf", target)
    return target, int(re.search(r"\((\d+) pages?, ", log)[1])


def refuse_without_tex():
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        raise PageError(f"The PDF needs TeX, and {missing[0]} is not here: "
                        f"install the packages {PACKAGES} "
                        "(Debian's names).")


def write_latex(root, latex):
    """Write the book as LaTeX, laid out by us instead of by Jupyter Book."""
    run_sphinx(root, "latex", latex, "bookbuild.pdf",
               without=["sphinx_jupyterbook_latex"])


def typeset(latex):
    """Run TeX until page numbers and index are settled."""
    done = subprocess.run(
        ["latexmk", "-xelatex", "-interaction=nonstopmode", "-halt-on-error",
         "-file-line-error", "-quiet", "book.tex"], cwd=latex, text=True,
        env=os.environ | {"max_print_line": "1000"}, capture_output=True)
    if done.returncode != 0:
        log = latex / "book.log"
        said = log.read_text("utf-8", "replace") if log.exists() else ""
        at = re.search(r"^\S+:\d+: .*(\n.*){0,6}", said, re.M)
        raise PageError(
            f"TeX stopped: {at[0] if at else done.stderr[-800:]}\n(A file "
            f"that is not found is in one of the packages {PACKAGES}.)")


def faults(log):
    """What TeX's log says that a reader would see."""
    wide = [f"{match[0]}" for match in re.finditer(
        r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)\).*", log)
        if float(match[1]) > WIDE]
    seen = re.findall(
        r"Missing character: .*|LaTeX Warning: (?:Reference|Citation|Hyper "
        r"reference|Label) .*(?:undefined|multiply defined).*", log)
    return list(dict.fromkeys(wide + seen))


# ---- the settings ---------------------------------------------------------

class Ink(Style):
    """The colors of code, those of the site's light theme."""

    styles: ClassVar = {
        Keyword: "#8f2d1c", Operator.Word: "#8f2d1c", String: "#40610f",
        Number: "#1c5c7a", Comment: "italic #686259"}


class box(nodes.Element):
    """Something set apart, as the LaTeX environment `kind`.

    Its first child is its heading.
    """


class heading(nodes.TextElement):
    pass


def setup(app):
    # After the table of contents has named the first page.
    app.connect("config-inited", set_defaults, priority=950)
    # After all extensions: titles, numbers and references are set by then.
    app.connect("doctree-resolved", bind, priority=950)
    app.add_node(box, latex=(visit_box, depart_box))
    app.add_node(heading, latex=(visit_heading, depart_heading))
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}


def visit_box(self, node):
    self.body.append(f"\n\\begin{{{node['kind']}}}"
                     f"{{{self.hypertarget_to(node, anchor=True)}{{}}")


def depart_box(self, node):
    self.body.append(f"\\end{{{node['kind']}}}\n")


def visit_heading(self, node):
    pass


def depart_heading(self, node):
    self.body.append("}\n")


def set_defaults(app, config):
    """Sphinx's settings for print, and what TeX needs beside the text."""
    title, author = (texescape.escape(words, "xelatex")
                     for words in (config.project, config.author))
    broken = title.replace(", ", r",\\ ")  # on the title page
    fonts = Path(app.srcdir, "code", "scratch", "fonts")
    style = PRINT / "book.sty"
    config.latex_engine = "xelatex"
    config.latex_documents = [(config.root_doc, "book.tex", title, author,
                               "manual", False)]
    config.latex_additional_files = [
        str(path) for path in [style, *sorted(fonts.glob("*.ttf"))]]
    config.latex_use_xindy = False
    config.latex_domain_indices = False
    config.latex_show_urls = "no"
    config.latex_table_style = ["booktabs"]
    config.pygments_style = "bookbuild.pdf.Ink"
    config.latex_elements = {
        "papersize": "a4paper", "pointsize": "10pt",
        "extraclassoptions": "openany", "fncychap": "", "fontpkg": "",
        "figure_align": "H", "fvset": r"\fvset{fontsize=\small}",
        "maketitle": r"\booktitlepage",
        "tableofcontents": r"\bookcontents", "preamble": "\n".join([
            r"\usepackage{book}",
            rf"\hypersetup{{pdftitle={{{title}}},pdfauthor={{{author}}}}}",
            rf"\newcommand{{\bookyear}}{{{config.copyright}}}",
            rf"\newcommand{{\booktitle}}{{{broken}}}",
            *map(command, MACROS, MACROS.values())]),
        "printindex": r"\clearpage\phantomsection\label{genindex::doc}"
                      r"\printindex",
        "sphinxsetup": "verbatimforcewraps=true, verbatimwrapslines=true, "
                       "verbatimhintsturnover=false, verbatimvisiblespace={}, "
                       "hmargin={38mm,38mm}, vmargin={30mm,32mm}, "
                       "TitleColor={HTML}{262422}, "
                       "InnerLinkColor={HTML}{8f2d1c}, "
                       "OuterLinkColor={HTML}{8f2d1c}, "
                       "VerbatimColor={HTML}{f7f5f1}, "
                       "VerbatimBorderColor={HTML}{f7f5f1}, "
                       "pre_border-width=0pt, pre_padding=5pt",
    }


def command(name, value):
    """A command of the book's in TeX, whether or not TeX has one so named."""
    body, count = value if isinstance(value, tuple) else (value, 0)
    return (rf"\providecommand{{\{name}}}{{}}"
            rf"\renewcommand{{\{name}}}[{count}]{{{body}}}")


# ---- the document ---------------------------------------------------------

def bind(app, doctree, docname):
    """Make a book of the document that Sphinx put together for LaTeX."""
    if app.builder.name != "latex":
        return
    for node in doctree.findall(nodes.Element):
        for child in node.children:
            child.parent = node  # Sphinx left it at the page by itself
    for node in list(doctree.findall(nodes.raw)):
        if "html" in node["format"].split():
            node.parent.remove(node)
    number(app.env, doctree)
    for kind, change in CHANGES.items():
        for node in list(doctree.findall(
                lambda node, kind=kind: type(node).__name__ == kind)):
            node.replace_self(change(app.env, node))
    for cell in list(doctree.findall(is_cell)):
        name_hidden_input(cell)
        set_off_outputs(cell)
    for term in list(doctree.findall(nodes.term)):
        index_below(term)
    for table in doctree.findall(nodes.table):
        set_widths(table)
    for image in list(doctree.findall(nodes.image)):
        say_in_words(image)
    into_parts(app.env, doctree)


def number(env, doctree):
    """Have figures, tables and formulas bear the numbers of the site."""
    for kind, name, counter in (
            (nodes.figure, "figure", "figure"), (nodes.table, "table", "table"),
            (nodes.math_block, "displaymath", "equation")):
        for node in list(doctree.findall(kind)):
            if at := number_of(env, node, name):
                say_before(node, rf"\renewcommand{{\the{counter}}}{{{at}}}")


def say_before(node, text):
    """Tell TeX something before a node: at the end of the paragraph there,
    if there is one, for a blank line would set a formula apart from it."""
    at = node.parent.index(node)
    before = at - 1
    while before >= 0 and isinstance(node.parent[before], nodes.target):
        before -= 1
    if before >= 0 and isinstance(node.parent[before], nodes.paragraph):
        node.parent[before] += tex(text)
    else:
        node.parent.insert(at, tex(text))


def number_of(env, node, name):
    """The number that the site gives a node, such as 1.3; "" for none."""
    numbers = env.toc_fignumbers.get(page_of(node), {}).get(name, {})
    return next((".".join(map(str, numbers[at])) for at in node["ids"]
                 if at in numbers), "")


def page_of(node):
    """Name of the page on which a node stands."""
    while not (isinstance(node, addnodes.start_of_file | nodes.document)):
        node = node.parent
    return node["docname"]


def tex(text):
    return nodes.raw("", text, format="latex")


def boxed(kind, node, title, content):
    """A box in the place of a node, whose links lead to it then."""
    return box("", heading("", "", *title), *content, kind=kind,
               ids=node["ids"])


def statement(env, node):
    """A theorem, definition, …: its kind, its number, its name."""
    title, content = split(node)
    label = f"{node['realtype'].title()} {number_of(env, node, node['countertype'])}"
    return boxed("bookstatement", node, [nodes.strong("", label), *title],
                 content)


def proof(env, node):
    _, content = split(node.children[0])
    first = content[0].children[0]  # its text begins with "Proof."
    content[0].replace(first, [nodes.emphasis("", "Proof."), nodes.Text(
        first.astext().removeprefix("Proof."))])
    return box("", heading(), *content, kind="bookproof", ids=[])


def exercise(env, node):
    title, content = split(node)
    place = boxed("bookexercise", node, headed(nodes.Text(""), title), content)
    place["ids"] = [node["label"]]
    if solved := solution_of(env, node["label"]):
        place += tex(rf"\booksolved{{{page_of(node)}:{solved}}}")
    return place


def solution_of(env, label):
    return next((entry["node"]["label"] for entry
                 in env.sphinx_exercise_registry.values()
                 if entry["node"].get("target_label") == label), None)


def solution(env, node):
    (_, link), content = split(node)
    link.children = headed(nodes.Text(""), list(link.children))
    return boxed("booksolution", node, [nodes.Text("Solution to "), link],
                 content)


def headed(first, title):
    """Exercise 1.2 (★ Title) as Exercise 1.2 ★ Title."""
    label, *words = title
    words = [nodes.Text(word.astext().strip()) if isinstance(word, nodes.Text)
             else word for word in words[1:-1]]
    return [nodes.strong("", label.astext().strip()), tex(r"\quad "), *words]


def exercise_link(env, node):
    target = env.sphinx_exercise_registry[node["refid"]]["docname"]
    return nodes.reference("", "", *node.children, internal=True,
                           refuri=f"%{target}#{node['refid']}")


def aside(env, node):
    title, content = split(node)
    return boxed("bookaside", node, title, content)


CHANGES = {**dict.fromkeys(("theorem_node", "definition_node", "lemma_node",
                            "corollary_node", "proposition_node",
                            "algorithm_node", "example_node", "remark_node"),
                           statement),
           "proof_node": proof, "exercise_latex_number_reference":
           exercise_link, "exercise_enumerable_node": exercise,
           "solution_node": solution, "sidebar": aside, "admonition": aside}


def is_cell(node):
    return isinstance(node, nodes.container) and "cell" in node["classes"]


def name_hidden_input(cell):
    """For code that the site folds away, the place where it is to be read."""
    if not HIDDEN & set(cell["classes"]):
        return
    page = page_of(cell).rpartition("/")[2].replace("_", r"\_")
    place = rf"{{{cell.get('exec_count')}}}{{{page}}}"
    captions = list(cell.findall(nodes.caption))
    for part in list(cell.children):
        if "cell_input" in part["classes"] and captions:
            cell.remove(part)
            captions[0] += tex(rf"\bookdrawn{place}")
        elif "cell_input" in part["classes"]:
            part.replace_self(tex(rf"\bookhidden{place}"))


def set_off_outputs(cell):
    """Printed text looks other than the code that printed it."""
    for part in cell.children:
        if "cell_output" in part.get("classes", ()):
            for text in list(part.findall(nodes.literal_block)):
                text.replace_self([tex(r"\begin{bookoutput}"), text,
                                   tex(r"\end{bookoutput}")])


def index_below(term):
    """A term's index entry with its definition: LaTeX writes what stands in
    a list's label a little otherwise, and would list it twice."""
    for entry in list(term.findall(addnodes.index)):
        entry.parent.remove(entry)
        term.parent.children[-1].children[0].insert(0, entry)


def set_widths(table):
    """Share the line among the columns of a table that is wide, if its
    author did not, and let it go on on the next page: one that may not
    leaves its caption behind."""
    columns = list(table.findall(nodes.colspec))
    widths = [1] * len(columns)
    for row in table.findall(nodes.row):
        for at, cell in enumerate(row.children):
            math = sum(len(part.astext()) for part in cell.findall(nodes.math))
            widths[at] = max(widths[at], len(cell.astext()) - math // 2)
    wide = sum(widths) > LINE
    if "colwidths-given" in table["classes"]:
        table["classes"] += ["longtable"] if wide else []
        return
    table["classes"] = [name for name in table["classes"]
                        if name != "colwidths-auto"]
    table["classes"] += ["colwidths-given", "longtable"] if wide else [
        "colwidths-auto"]
    for column, width in zip(columns, widths, strict=True):
        column["colwidth"] = round(100 * min(width, LINE) ** 0.6)


def say_in_words(image):
    """Have a picture carry its alt text, for those who listen to the PDF."""
    if alt := image.get("alt"):
        at, parent = image.parent.index(image), image.parent
        said = alt.encode("utf-16-be").hex()
        parent.insert(at + 1, tex(r"\bookalttextend{}"))
        parent.insert(at, tex(rf"\bookalttext{{FEFF{said}}}"))


# ---- the order of the book ------------------------------------------------

def into_parts(env, doctree):
    """Parts of chapters: each page a chapter, a lab one after its own."""
    root = next(doctree.findall(nodes.section))
    wrappers = [node for node in root.findall(nodes.compound)
                if "toctree-wrapper" in node["classes"]
                and page_of(node) == doctree["docname"]]
    names = [node.get("caption") for node in env.get_doctree(
        doctree["docname"]).findall(addnodes.toctree)]
    parts = list(zip(names, map(files_in, wrappers), strict=True))
    for node in wrappers:
        node.parent.remove(node)
    entries = list(doctree.findall(thebibliography))
    for node in entries:
        node.parent.remove(node)
    welcome = addnodes.start_of_file("", root, docname=doctree["docname"])
    book = nodes.section("", nodes.title("", env.config.project), ids=[])
    doctree.children = []
    doctree += book
    book += chapter(env, welcome)
    for name, files in parts:
        if files is parts[-1][1]:
            files = [solutions(env, doctree, parts), *files]
        if name:
            book += tex(f"\n\\bookpart{{{name}}}\n")
        for file in files:
            if file["docname"] != "genindex":
                book += chapter(env, file)
    bibliography(doctree, entries)


def files_in(wrapper):
    """A part's pages in order, those below others after them."""
    found = []
    for file in list(wrapper.children):
        if isinstance(file, addnodes.start_of_file):
            wrapper.remove(file)
            inner = [node for node in file.findall(nodes.compound)
                     if "toctree-wrapper" in node["classes"]]
            found.append(file)
            for node in inner:
                found += files_in(node)
                node.parent.remove(node)
    return found


def chapter(env, file):
    """A page with the depth to which its headings bear numbers."""
    depth = 3 if env.toc_secnumbers.get(file["docname"]) else -2
    return [tex(f"\n\\setcounter{{secnumdepth}}{{{depth}}}\n"), file]


def solutions(env, doctree, parts):
    """The chapter of all solutions, those of a page under its title."""
    section = nodes.section("", nodes.title("", "Solutions"), ids=[SOLUTIONS])
    for file in [file for _, files in parts for file in files]:
        found = [node for node in file.findall(box)
                 if node["kind"] == "booksolution"]
        for node in found:
            node.parent.remove(node)
        if found:
            title = env.titles[file["docname"]].astext()
            inner = nodes.section("", nodes.title("", title), *found, ids=[])
            section += addnodes.start_of_file("", inner,
                                              docname=file["docname"])
    return addnodes.start_of_file("", section, docname=SOLUTIONS)


def bibliography(doctree, entries):
    """The works cited, without numbers, on the page that lists them."""
    for citation in [entry for node in entries
                     for entry in node.findall(nodes.citation)]:
        page = next(file for file in doctree.findall(addnodes.start_of_file)
                    if file["docname"] == citation["docname"])
        at = "".join(rf"\hypertarget{{cite.{page['docname']}:{name}}}{{}}"
                     for name in citation["ids"])
        page += box("", heading("", "", tex(at)), *citation.children[1:],
                    kind="bookwork", ids=[])


def main():
    try:
        path, count = make_pdf()
    except SphinxError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run goes on from there.")
    print(f"\nthe book: {path.relative_to(ROOT)}, {count} pages, "
          f"{path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
