"""The book's Sphinx extension: stored outputs in, their record shown.

It tells the reader (`pages.read_page`) which page it reads, reads a page
again when its stored outputs changed, prints under each page what its run
took, offers its notebook there, numbers what stands in an appendix by its letter,
keeps section numbers off the labs and punctuation beside its formula.
"""

import re
import shutil
from collections import Counter
from pathlib import Path

from docutils import nodes

from bookbuild import pages
from bookbuild.fingerprint import hand_edits, outputs_digest
from bookbuild.kernel import state
from bookbuild.plain import is_plain
from bookbuild.quotation import LABS

APPENDIX = re.compile(r"(?:^|/)appendix_([a-z])_")


def setup(app):
    app.connect("builder-inited", note_root)
    app.connect("env-get-outdated", changed_outputs)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    # Before every other handler: what they do may read the page.
    app.connect("source-read", note_page, priority=0)
    app.connect("env-check-consistency", take_numbers_off_labs)
    app.connect("env-get-updated", take_back_letters, priority=100)
    app.connect("env-get-updated", number_by_letter, priority=800)
    app.connect("html-page-context", show_record)
    app.connect("html-page-context", hold_to_formulas)
    app.connect("build-finished", copy_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True,
            "version": "1", "env_version": 2}


def note_root(app):
    pages.reading["root"] = Path(app.srcdir)


def note_page(app, docname, content):
    path = Path(app.env.doc2path(docname, base=False))
    pages.reading["page"] = path
    outputs(app.env)[docname] = noted(app.srcdir, path)


def outputs(env):
    """What was noted of each page's stored notebook, in Sphinx's memory."""
    if not hasattr(env, "book_outputs"):
        env.book_outputs = {}
    return env.book_outputs


def noted(srcdir, path):
    """The state of a page's stored notebook, and a hash of its outputs.

    The state is False where the notebook's text is not that of the page; both
    are None where there is or should be no notebook.
    """
    page = pages.Page(Path(srcdir), Path(path))
    at = state(page.store)
    if at is None or page.stem in pages.reading["drafts"]:
        return None, None
    stored = page.stored()
    whole = is_plain(stored) and not hand_edits(stored)
    return at if whole else False, outputs_digest(stored)


def changed_outputs(app, env, added, changed, removed):
    """Pages whose stored outputs are not those they were last read with, or
    whose stored text is not that of the page. A notebook that no one touched
    is not opened."""
    found = []
    for name, (at, digest) in outputs(env).items():
        path = Path(env.doc2path(name, base=False))
        if name in removed or (
                at and at == state(pages.Page(Path(app.srcdir), path).store)):
            continue
        now = noted(app.srcdir, path)
        if now[0] is False or now[1] != digest:
            found.append(name)
        else:
            env.book_outputs[name] = now
    return found


def forget(app, env, docname):
    outputs(env).pop(docname, None)


def merge(app, env, docnames, other):
    outputs(env).update({name: outputs(other)[name] for name in docnames
                         if name in outputs(other)})


def show_record(app, name, template, context, doctree):
    if (app.builder.name != "html" or doctree is None
            or "body" not in context):
        return
    page = pages.Page(Path(app.srcdir), Path(f"{name}.md"))
    if page.stem in pages.reading["drafts"]:
        return
    stored = page.stored()
    if record := stored and stored.metadata.get("book"):
        seconds = max(1, round(record["seconds"]))
        context["body"] += (
            '<p class="page-record">The cells of this page ran in '
            f'{seconds}&nbsp;s on one core and took '
            f'{record["megabytes"]:,}&nbsp;MB of memory. <a download href="'
            f'{context["pathto"](f"_notebooks/{page.store.name}", 1)}">'
            'Download the page as a notebook</a>, outputs included.</p>')


FORMULA = re.compile(
    r'([^\s<>]*)(<span class="math [^>]*>[^<]*</span>)([^\s<>]*)')


def hold_to_formulas(app, name, template, context, doctree):
    """Keep a comma, a bracket or a syllable on the line of the formula it
    touches (a browser breaks lines on both sides of a formula)."""
    if "body" in context:
        context["body"] = FORMULA.sub(
            lambda match: match[0] if match[0] == match[2] else
            f'<span style="white-space: nowrap">{match[0]}</span>',
            context["body"])


def copy_notebooks(app, exception):
    """Put the stored notebooks where the pages link to them."""
    if exception is None and app.builder.name == "html":
        folder = Path(app.outdir, "_notebooks")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in Path(app.srcdir, "notebooks").glob("*.ipynb"):
            shutil.copyfile(path, folder / path.name)


def take_back_letters(app, env):
    """Let Sphinx compare its own numbers with its own of the last build."""
    env.toc_fignumbers |= getattr(env, "book_counted", {})
    return []


def number_by_letter(app, env):
    """Figures, formulas, … of appendix A are A.1, A.2, …. Sphinx counts those
    of all pages outside of chapters in one row; the others keep theirs,
    without gaps."""
    env.book_counted = {name: dict(kinds)
                        for name, kinds in env.toc_fignumbers.items()}
    last = Counter()
    for name, kinds in env.toc_fignumbers.items():
        letter = APPENDIX.search(name)
        for kind, numbers in kinds.items():
            if letter:
                kinds[kind] = {at: (letter[1].upper(), n)
                               for n, at in enumerate(numbers, 1)}
            elif all(len(number) == 1 for number in numbers.values()):
                kinds[kind] = {at: (n,) for n, at in
                               enumerate(numbers, last[kind] + 1)}
                last[kind] += len(numbers)
    return []


def take_numbers_off_labs(app, env):
    """A lab stands under its chapter, whose number its figures carry; its own
    headings need none (Sphinx would count them on: 1.18, 1.19, …)."""
    for name, numbers in env.toc_secnumbers.items():
        if LABS & set(name.split("/")):
            numbers.clear()
            env.titles[name].attributes.pop("secnumber", None)
            for reference in env.tocs[name].findall(nodes.reference):
                reference.attributes.pop("secnumber", None)
