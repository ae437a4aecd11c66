"""The book for e-readers: `make epub` writes _build/epub/book.epub, EPUB 3.

    python -m bookbuild.epub

Like the site it is made from the stored outputs; stale pages run first. A
reader may run no script: formulas are MathML, folded parts <details>, and of
frames to step through it has the stills that print shows.
"""

import functools
import html
import posixpath
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from docutils import nodes
from sphinx.builders.epub3 import Epub3Builder
from sphinx.errors import ExtensionError, SphinxError
from sphinx.util.math import get_node_equation_number

from bookbuild import address
from bookbuild.build import bring_up_to_date, one_at_a_time
from bookbuild.editions import run_sphinx, split
from bookbuild.look import MACROS
from bookbuild.pages import ROOT, PageError, pages_of

EBOOK = Path(__file__).parent / "ebook"  # what the book carries with it
# Extensions of the site alone: buttons, scripts, its theme and its manners.
SITE = ("sphinx_togglebutton", "sphinx_copybutton", "sphinx_jupyterbook_latex",
        "bookbuild.look", "bookbuild.plain", "bookbuild.share")
# What a reader for whom pictures, or formulas, are read aloud may expect.
ACCESS = {"accessMode": ("textual", "visual"),
          "accessModeSufficient": ("textual,visual", "textual"),
          "accessibilityFeature": (
              "alternativeText", "MathML", "structuralNavigation",
              "tableOfContents", "index"),
          "accessibilityHazard": ("none",),
          "accessibilitySummary": (
              "Every figure has an alternative text that tells its finding. "
              "Formulas are MathML. Nothing moves, and nothing needs a "
              "script.",)}


# ---- the command ----------------------------------------------------------

def make_epub(root=ROOT):
    """Run what is stale, write the book; return its path."""
    with one_at_a_time(root):
        pages = pages_of(root)
        bring_up_to_date(root, pages, pages)
        out = root / "_build" / "epub-pages"
        shutil.rmtree(out, ignore_errors=True)
        write_pages(root, out)
        check(out / "book.epub")
        target = root / "_build" / "epub" / "book.epub"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(out / "book.epub", target)
    return target


def write_pages(root, out):
    """Write the pages, and their archive out/book.epub."""
    run_sphinx(root, "epub", out, "bookbuild.epub", without=SITE)


def check(book):
    """Have EPUBCheck read the book, where it is installed; say so if not."""
    command = checker()
    if not command:
        print("EPUBCheck is not here, so the book was not checked "
              "(Debian's package: epubcheck)")
        return
    done = subprocess.run([*command, "--failonwarnings", str(book)],
                          text=True, capture_output=True)
    if done.returncode != 0:
        found = re.findall(r"^(?:ERROR|FATAL|WARNING).*", done.stderr, re.M)
        raise PageError("the EPUB is not fit to read ({} faults):\n{}".format(
            len(found), "\n".join(found[:20]) or done.stderr))


def checker():
    """The command that starts EPUBCheck; [] where it isn't installed."""
    found = shutil.which("epubcheck")
    if not found:
        return []
    # Debian installs the archive itself, which Linux alone can't start.
    archive = Path(found).resolve()
    return ["java", "-jar", str(archive)] if archive.suffix == ".jar" else [
        found]


# ---- the settings ---------------------------------------------------------

class Builder(Epub3Builder):
    """Sphinx's builder, and what EPUBCheck misses in its work."""

    def get_toc(self):
        super().get_toc()
        for node in self.refnodes:  # chapters/../genindex.xhtml
            node["refuri"] = posixpath.normpath(node["refuri"])

    def build_content(self):
        for picture in Path(self.outdir, "_images").glob("*.svg"):
            # No definition outside the book; a space's outline is empty.
            text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", picture.read_text("utf-8"))
            text = re.sub(r'<path id="([^"]+)" transform="[^"]*"/>',
                          r'<g id="\1"/>', text)
            text = re.sub(r"<path clip-path=[^>]*/>", lambda path: path[0]
                          if " d=" in path[0] else "", text)
            picture.write_text(text, "utf-8")
        # Sphinx adds the index to the pages to read; the list has it already.
        listed = self.refnodes
        self.refnodes = [node for node in listed
                         if node["refuri"] != "genindex.xhtml"]
        super().build_content()
        self.refnodes = listed
        self.change("content.opf", r'(<item [^>]*href="([^"]+\.xhtml)"[^>]*?) />',
                    self.with_formulas)
        said = "".join(f'    <meta property="schema:{name}">{words}</meta>\n'
                       for name, values in ACCESS.items() for words in values)
        self.change("content.opf", "  </metadata>", f"{said}  </metadata>")

    def build_toc(self):
        super().build_toc()
        self.change("toc.ncx", '(name="dtb:uid" content=)"[^"]*"',
                    rf'\1"{self.config.epub_identifier}"')

    def change(self, name, pattern, by):
        path = Path(self.outdir, name)
        text, count = re.subn(pattern, by, path.read_text("utf-8"))
        if not count:
            raise ExtensionError(f"{name}: {pattern!r} is nowhere in it")
        path.write_text(text, "utf-8")

    def with_formulas(self, match):
        """A page of the list, with the word that it has formulas."""
        page = Path(self.outdir, match[2])
        formulas = page.exists() and "<math" in page.read_text("utf-8")
        return match[1] + (' properties="mathml" />' if formulas else " />")


def setup(app):
    app.add_builder(Builder, override=True)
    app.add_html_math_renderer("mathml", (visit_math, None),
                               (visit_displaymath, None))
    app.connect("config-inited", set_defaults, priority=950)
    app.add_node(folded, html=(visit_folded, depart_folded))
    app.add_node(summary, html=(visit_summary, depart_summary))
    app.connect("doctree-resolved", fold_solutions, priority=950)
    app.connect("html-page-context", tidy, priority=950)
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}


def set_defaults(app, config):
    config.html_math_renderer = "mathml"
    config.html_permalinks = False
    config.html_domain_indices = False
    config.html_static_path = [str(EBOOK / "static")]
    config.templates_path = []
    config.html_css_files = []
    config.epub_css_files = [("book.css", {})]
    config.epub_basename = "book"
    config.epub_title = config.project
    config.epub_author = config.epub_publisher = config.author
    config.epub_copyright = config.copyright
    config.version = tomllib.loads(Path(app.srcdir, "pyproject.toml").read_text(
        "utf-8"))["project"]["version"]
    config.epub_language = "en"
    config.epub_identifier = address.site(Path(app.srcdir)) or (
        f"urn:x-book:{nodes.make_id(config.project)}")
    config.epub_scheme = "URL"
    config.epub_description = "An executable textbook of deep learning"
    config.epub_cover = ("_static/cover.png", "epub-cover.html")
    config.epub_show_urls = "no"
    config.epub_tocdepth = 2
    config.nb_code_prompt_show = "Show the code"
    config.pygments_style = "bookbuild.pdf.Ink"
    # Vector pictures; of frames to step through, their stills; of a sound,
    # its words (a reader need play none, and few play WAV).
    config.nb_mime_priority_overrides = [("epub", "image/svg+xml", 1),
                                         ("epub", "text/markdown", 2)]


# ---- formulas -------------------------------------------------------------

@functools.cache
def engine():
    """A JavaScript engine with Temml, which turns TeX into MathML."""
    from py_mini_racer import MiniRacer
    engine = MiniRacer()
    script = (EBOOK / "temml.min.js").read_text("utf-8")
    engine.eval(script.replace("var temml", "globalThis.temml", 1))
    return engine


@functools.cache
def mathml(tex, display):
    """A formula as MathML; raises ExtensionError for one that is no TeX."""
    from py_mini_racer import JSEvalException
    macros = {rf"\{name}": value[0] if isinstance(value, tuple) else value
              for name, value in MACROS.items()}
    try:
        said = engine().call("temml.renderToString", tex, {
            "displayMode": display, "macros": macros, "xml": True,
            "throwOnError": True, "strict": True, "wrap": "tex"})
    except JSEvalException as error:
        reason = str(error).strip().splitlines()[0]
        raise ExtensionError(f"a formula that is no TeX: {tex!r} "
                             f"({reason})") from error
    return said.replace("<math ", '<math alttext="{}" '.format(
        html.escape(" ".join(tex.split()))), 1)


def visit_math(self, node):
    self.body.append(self.starttag(node, "span", "", CLASS="math"))
    self.body.append(f"{mathml(node.astext(), False)}</span>")
    raise nodes.SkipNode


def visit_displaymath(self, node):
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})</span>')
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    for part in parts:
        if "\\\\" in part and "\\begin" not in part:
            part = rf"\begin{{aligned}}{part}\end{{aligned}}"
        self.body.append(mathml(part, True))
    self.body.append("</div>")
    raise nodes.SkipNode


# ---- pages ----------------------------------------------------------------

class folded(nodes.Element):
    """What a reader opens: a summary and what follows it."""


class summary(nodes.TextElement):
    pass


def visit_folded(self, node):
    self.body.append(self.starttag(node, "details", CLASS="solution"))


def depart_folded(self, node):
    self.body.append("</details>\n")


def visit_summary(self, node):
    self.body.append("<summary>")


def depart_summary(self, node):
    self.body.append("</summary>\n")


def fold_solutions(app, doctree, docname):
    for node in list(doctree.findall(
            lambda node: type(node).__name__ == "solution_node")):
        title, content = split(node)
        node.replace_self(folded("", summary("", "", *title), *content,
                                 ids=node["ids"] or [node["label"]]))


def tidy(app, pagename, templatename, context, doctree):
    """Mend what the extensions leave in a page; one style sheet is enough."""
    body = context.get("body") or ""
    # sphinx-proof and sphinx-exercise give every box's content one id
    body = re.sub(r' id="(?:(?:proof|exercise|solution)-content|proof)"', "",
                  body)
    body = re.sub(r"<script.*?</script>\s*", "", body, flags=re.S)
    # a role that went out of use
    body = body.replace(' role="doc-biblioentry"', "")
    # a summary may hold no paragraph, and there are two, one for a script
    body = re.sub(r"<summary [^>]*>\s*<p[^>]*>(.*?)</p>.*?</summary>",
                  r"<summary>\1</summary>", body, flags=re.S)
    body = re.sub(r'<p class="sidebar-title"></p>\s*', "", body)
    # a table wider than the screen moves inside itself
    body = re.sub(r"<table.*?</table>", r'<div class="wide">\g<0></div>', body,
                  flags=re.S)
    context["body"] = body
    context["css_files"] = [file for file in context["css_files"]
                            if str(file.filename).endswith(("/book.css",
                                                            "pygments.css"))]
    context["script_files"] = []


def main():
    try:
        path = make_epub()
    except SphinxError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the next run goes on from there.")
    print(f"\nthe book: {path.relative_to(ROOT)}, "
          f"{path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
