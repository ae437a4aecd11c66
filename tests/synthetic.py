"""A book of any length made from ours, to time how building grows.

    python tests/synthetic.py FOLDER [PAGES]

The blocks of our pages (paragraphs, formulas, boxes, exercises, cells with
their stored outputs) are taken round and round, and cut into pages. Labels,
keys and figures are other ones at each round, so that nothing is the same
twice; references go across the pages, as ours do.
"""

import copy
import itertools
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bookbuild.execute import number_cells, store
from bookbuild.fingerprint import files_of, fingerprint
from bookbuild.pages import ROOT, Page, code_cells, pages_of

WORDS, CELLS = 6000, 48  # of a page; words are counted outside its cells
FRONT = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
---
"""
PARTS = ("_config.yml", "references.bib", "requirements.txt", "course.yml",
         "genindex.md", "pyproject.toml", "code", "data")
FENCE = re.compile(r"(`{3,}|:{3,}|\$\$)")
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
LABEL = re.compile(r"\b(?:sec|eq|fig|tab|thm|def|ex)-[a-z0-9-]+\b")
DEFINED = re.compile(r"^\((\S+)\)=|\$\$ \((\S+)\)$|:(?:label|name): (\S+)"
                     r"|^    name: (\S+)", re.MULTILINE)
REFERENCE = re.compile(r"\{(?:ref|eq|numref|prf:ref|doc|term)\}"
                       r"`(?:[^`<]*<)?([^`>]+)>?`")
GLUE = re.compile(r"\{glue:text\}`([^`:]+)[^`]*`")


@dataclass
class Block:
    """Some lines of a page that belong together, the cells among them with
    their outputs."""

    text: str
    outputs: list = field(default_factory=list)  # of each code cell

    @property
    def words(self):
        return len(CELL.sub("", self.text).split())

    def keys(self):
        return {name for output in itertools.chain(*self.outputs)
                if (name := glued(output))}

    def renamed(self, suffix):
        """The same block under other names, with figures of its own."""
        text = LABEL.sub(rf"\g<0>-{suffix}", self.text)
        text = GLUE.sub(lambda m: m[0].replace(m[1], f"{m[1]}-{suffix}", 1),
                        text)
        outputs = copy.deepcopy(self.outputs)
        for output in itertools.chain(*outputs):
            if name := glued(output):
                output.metadata.scrapbook.name = f"{name}-{suffix}"
            if "image/svg+xml" in output.get("data", {}):
                output.data["image/svg+xml"] += f"<!-- {suffix} -->"
        return Block(text, outputs)


def glued(output):
    return output.get("metadata", {}).get("scrapbook", {}).get("name")


def blocks_of(page):
    """The blocks of one of our pages, its front matter left out."""
    outputs = iter([cell.outputs for cell in code_cells(page.stored())])
    text = (page.root / page.path).read_text("utf-8").split("---\n", 2)[2]
    for part in together(split(text)):
        cells = len(CELL.findall(part))
        yield Block(re.sub("^# ", "## ", part, flags=re.MULTILINE)
                    if not cells else part,
                    list(itertools.islice(outputs, cells)))


def split(text):
    """Cut a page at its blank lines, but not inside a fence."""
    part, closing = [], None
    for line in text.splitlines():
        if closing:
            if re.match(closing, line):
                closing = None
        elif fence := FENCE.match(line):
            # the same sign, at least as often, and nothing after it
            mark = fence[1]
            closing = (r"\$\$" if mark == "$$"
                       else re.escape(mark) + rf"{mark[0]}*\s*$")
        if line or closing:
            part.append(line)
        elif part:
            yield "\n".join(part)
            part = []
    if part:
        yield "\n".join(part)


def together(parts):
    """Join an exercise and its solution."""
    held, open_ = "", False
    for part in parts:
        if "{solution-start}" in part:
            open_ = True
        elif not open_ and held:
            yield held
            held = ""
        held = f"{held}\n\n{part}".strip()
        if "{solution-end}" in part:
            open_ = False
    if held:
        yield held


def endless(root):
    """The blocks of our pages that have outputs, round after round."""
    found = [list(blocks_of(page)) for page in pages_of(root)
             if page.store.exists()]
    for number in itertools.count(1):
        for blocks in found:
            yield from (block.renamed(number) for block in blocks)


def filled(blocks):
    """The next page: blocks until it has its words and its cells."""
    page, words, cells = [], 0, 0
    while words < WORDS or cells < CELLS:
        block = next(blocks)
        if (cells + len(block.outputs) <= CELLS if block.outputs
                else words < WORDS):
            page.append(block)
            words += block.words
            cells += len(block.outputs)
    return page


def without_dangling(text, labels, keys):
    """The text without references to what the cutting left out."""
    text = REFERENCE.sub(lambda m: m[0] if m[1] in labels else m[1], text)
    return GLUE.sub(lambda m: m[0] if m[1] in keys else "one", text)


def make(target, pages, root=ROOT):
    """Write a book of so many pages, that needs no run, into `target`."""
    for name in PARTS:
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(
            root / name, target / name)
    (target / "chapters").mkdir()
    blocks = endless(root)
    contents = [filled(blocks) for _ in range(pages)]
    names = [f"page_{number:03}" for number in range(1, pages + 1)]
    labels = {next(filter(None, found)) for page in contents for block in page
              for found in DEFINED.findall(block.text)}
    for name, page in zip(names, contents):
        keys = set().union(*(block.keys() for block in page))
        text = "\n\n".join(block.text for block in page)
        (target / f"chapters/{name}.md").write_text(
            f"{FRONT}(sec-{name})=\n# {name}\n\n## From here\n\n"
            f"{without_dangling(text, labels, keys)}\n", encoding="utf-8")
    write_frame(target, names)
    for name, page in zip(names, contents):
        write_store(Page(target, Path(f"chapters/{name}.md")), page,
                    next(p for p in pages_of(root) if p.store.exists()))


def write_frame(target, names):
    for name, text in {
            "index": "# Synthetic\n\n{cite}`rosenblatt1958perceptron`\n",
            "bibliography": "# Bibliography\n\n```{bibliography}\n```\n"
            }.items():
        (target / f"chapters/{name}.md").write_text(text, encoding="utf-8")
    (target / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\nparts:\n"
        "  - caption: Pages\n    numbered: true\n    chapters:\n" + "".join(
            f"      - file: chapters/{name}\n" for name in names)
        + "  - caption: Reference\n    chapters:\n"
        "      - file: chapters/bibliography\n      - file: genindex\n",
        encoding="utf-8")


def write_store(page, blocks, model):
    """Store a page's outputs as its run would have; model: one of ours."""
    notebook = copy.deepcopy(page.notebook)
    notebook.metadata.pop("source_map")
    outputs = itertools.chain(*(block.outputs for block in blocks))
    for cell, given in zip(code_cells(notebook), outputs, strict=True):
        cell.outputs = given
    number_cells(notebook)
    record = model.stored().metadata
    notebook.metadata.language_info = record.language_info
    notebook.metadata.book = record.book | {
        "page": page.path.as_posix(),
        "fingerprint": fingerprint(page, files_of(record.book.fingerprint))}
    store(page, notebook)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir()
    make(folder, int(sys.argv[2]) if len(sys.argv) > 2 else 60)
