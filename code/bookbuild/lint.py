"""The rules of pages that a machine can check: python -m bookbuild.lint.

Beside them it runs ruff (code), import-linter (rows of the package) and
codespell (spelling).
"""

import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise

from bookbuild.numbers import typed_numbers
from bookbuild.pages import ROOT, PageError, code_cells, pages_of
from bookbuild.quotation import problems as quotation_problems

FIRST, LINE, CELL = 10, 72, 30  # lines, characters, lines

FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*\s*$", re.M | re.S)
LABELS = (
    re.compile(r"^\(([^)\s]+)\)=\s*$", re.M),
    re.compile(r"^:(?:label|name):\s*(\S+)\s*$", re.M),
    re.compile(r"^\$\$\s*\(([^)\s]+)\)\s*$", re.M),
    re.compile(r"\}\$\$\s*\(([^)\s]+)\)\s*$", re.M),
)
GLUED = re.compile(r"\{glue(?::\w+)?\}[` ](?:\S*::)?([\w-]+)")
CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
ENTRY = re.compile(r"^@\w+\{\s*([^,\s]+)\s*,", re.M)
EXERCISE = re.compile(
    r"^`{3,}\{exercise\}[ \t]*(★*)[^\n]*\n(?:\s*:\w+:[^\n]*\n)*?"
    r"\s*:label:\s*(\S+)", re.M)
SOLUTION = re.compile(r"\{solution(?:-start)?\}\s*(\S+)")
GLOSSARY = re.compile(r"^(`{3,})\{glossary\}\s*\n(.*?)^\1\s*$", re.M | re.S)
NAMED = re.compile(r"\{(?:term|index)\}`(?:[^`<]*<)?([^`<>]+)")


def page_problems(page):
    """What is wrong with one page: a list of lines, each naming its place."""
    text = (page.root / page.path).read_text(encoding="utf-8")
    return (cell_problems(page) + figure_problems(page, text)
            + exercise_problems(page, text) + number_problems(page))


def number_problems(page):
    """Measured numbers are glued (bookbuild.numbers tells the rule), and what
    is glued is shown: a number typed in its place would leave it unused."""
    found = [f"{page.path}: {number} is typed, not glued: … {words}"
             for words, number in typed_numbers(page)]
    text = (page.root / page.path).read_text(encoding="utf-8")
    shown = set(GLUED.findall(text))
    stored = page.stored() if page.store.exists() else None
    return found + [f"{page.path}: {key} is glued and shown nowhere"
                    for key in (glued_keys(stored) if stored else ())
                    if key not in shown]


def glued_keys(stored):
    """Names of the numbers that the stored cells glued, in order."""
    metadata = [output.get("metadata", {}) for cell in code_cells(stored)
                for output in cell.outputs]
    return [each["scrapbook"]["name"] for each in metadata
            if "scrapbook" in each and "claim" not in each]


def cell_problems(page):
    found = []
    for number, cell in numbered_cells(page):
        where = f"{page.path}: code cell {number}"
        lines = cell.source.split("\n")
        if len(lines) > CELL:
            found.append(f"{where} has {len(lines)} lines, at most {CELL}")
        found += [f"{where}: a line of {len(line)} characters, at most "
                  f"{LINE}: {line.strip()}" for line in lines
                  if len(line) > LINE]
        if "sys.path" in cell.source:
            found.append(f"{where} changes sys.path; packages are installed")
        if re.search(r"^\s*[!%]", cell.source, re.M):
            found.append(f"{where} uses a shell command or a magic")
        if number == 1:
            if len(lines) > FIRST:
                found.append(f"{where}, the first, has {len(lines)} lines, "
                             f"at most {FIRST}")
            if not re.search(r"\bstart\(seed=\d+\)", cell.source):
                found.append(f"{where}, the first, must call start(seed=…)")
    return found


def numbered_cells(page):
    cells = [c for c in page.notebook.cells if c.cell_type == "code"]
    return enumerate(cells, 1)


def figure_problems(page, text):
    """Each figure has a caption that begins with its finding, and alt text."""
    found = []
    stored = page.stored() if page.store.exists() else None
    outputs = [c.outputs for c in code_cells(stored)] if stored else []
    for (number, cell), made in zip(numbered_cells(page), outputs):
        draws = any(kind.startswith("image/") for output in made
                    for kind in output.get("data", {}))
        if not draws or "remove-cell" in cell.metadata.get("tags", []):
            continue
        settings = cell.metadata.get("mystnb", {})
        figure = settings.get("figure", {})
        where = f"{page.path}: the figure of code cell {number}"
        if not figure.get("name", "").startswith("fig-"):
            found.append(f"{where} has no name fig-…")
        if not figure.get("caption", "").startswith("**"):
            found.append(f"{where} has no caption that begins with its "
                         "**finding**")
        if len(settings.get("image", {}).get("alt", "")) < 20:
            found.append(f"{where} has no alt text")
    for match in re.finditer(r"^`{3,}\{(figure|image)\}(.*?)^`{3,}\s*$", text,
                             re.M | re.S):
        if not re.search(r"^:alt: .{20,}", match[2], re.M):
            found.append(f"{page.path}: {{{match[1]}}}"
                         f"{match[2].splitlines()[0]} has no alt text")
    found += [f"{page.path}: {match[0]} has no alt text"
              for match in re.finditer(r"!\[\s*\]\([^)]*\)", text)]
    return found


def exercise_problems(page, text):
    """★ and ★★ have solutions; every exercise has stars."""
    solved = set(SOLUTION.findall(text))
    found = []
    for stars, label in EXERCISE.findall(text):
        if not 1 <= len(stars) <= 3:
            found.append(f"{page.path}: exercise {label} has {len(stars)} "
                         "stars, expected one to three")
        elif len(stars) < 3 and label not in solved:
            found.append(f"{page.path}: exercise {label} has no solution")
    return found


def labels_of(page):
    """Every label a page defines, in order."""
    text = (page.root / page.path).read_text(encoding="utf-8")
    found = [label for pattern in LABELS for label in pattern.findall(text)]
    return found + [name for _, cell in numbered_cells(page) if (
        name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"))]


def book_problems(root=ROOT):
    """What is wrong between pages: labels used twice, unknown citations,
    definitions that differ from their quotation."""
    pages, found = pages_of(root), []
    where = [(label, page.path) for page in pages for label in labels_of(page)]
    count = Counter(label for label, _ in where)
    for label, times in count.items():
        if times > 1:
            places = ", ".join(str(path) for name, path in where
                               if name == label)
            found.append(f"label {label} is used {times} times: {places}")
    entries = ENTRY.findall((root / "references.bib").read_text("utf-8"))
    found += [f"references.bib: two entries {key}"
              for key, times in Counter(entries).items() if times > 1]
    cited = set()
    for page in pages:
        text = (root / page.path).read_text(encoding="utf-8")
        for keys in CITATION.findall(text):
            for key in (key.strip() for key in keys.split(",")):
                cited.add(key)
                if key not in entries:
                    found.append(f"{page.path}: references.bib has no {key}")
    found += [f"references.bib: nothing cites {key}" for key in entries
              if key not in cited]
    return found + glossary_problems(root, pages) + quotation_problems(root)


def glossary_problems(root, pages):
    """Terms stand in the order of the alphabet, and each is met outside of
    the glossary: linked by {term}, or an entry of the index."""
    texts = {page.path: (root / page.path).read_text(encoding="utf-8")
             for page in pages}
    met = {name.casefold() for text in texts.values()
           for name in NAMED.findall(GLOSSARY.sub("", text))}
    found = []
    for path, text in texts.items():
        terms = [line for match in GLOSSARY.finditer(text)
                 for line in re.findall(r"^\S.*", match[2], re.M)]
        found += [f"{path}: {after} stands after {term}"
                  for term, after in pairwise(terms)
                  if after.casefold() < term.casefold()]
        found += [f"{path}: no page links to {term}, nor does the index"
                  for term in terms if term.casefold() not in met]
    return found


def main():
    bin = sys.executable.rpartition("/")[0]
    tools = ([f"{bin}/ruff", "check", "."], [f"{bin}/lint-imports"],
             [f"{bin}/codespell"])
    failed = False
    for command in tools:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if ran.returncode:
            failed = True
            print(ran.stdout + ran.stderr)
    try:
        found = [line for page in pages_of() for line in page_problems(page)]
        found += book_problems()
    except PageError as error:
        found = [str(error)]
    print("\n".join(found) or "pages: nothing found")
    sys.exit(bool(found or failed))


if __name__ == "__main__":
    main()
