"""A claim or a measured number that is wrong never reaches a reader.

The book's own pages are corrupted, in a copy, and what must notice does:

- the page must run again (`make book` runs it; `make test` and CI, which wants
  nothing to run in a clone, are red), and Sphinx by itself refuses the page;
- the run fails at the claim, and `make book` with it;
- Sphinx warns, and a warning is an error;
- `make lint` finds it.

Runs are dear, so a few pages run in truth, up to the first claim. For all
other claims the call that the page would make is made with the values that
its last run recorded.
"""

import ast
import copy
import functools
import os
import random
import re
import shutil
import subprocess
import sys
import warnings

import jupyter_book.sphinx
import nbformat
import numpy as np
import pytest

from bookbuild import build, fingerprint
from bookbuild.checked import claims_of
from bookbuild.execute import refuse_unstable
from bookbuild.lint import page_problems
from bookbuild.pages import (
    ROOT,
    PageError,
    code_cells,
    find_page,
    pages_of,
    read_page,
    reading,
)
from scratch.claims import ClaimError, claim

SEED = 3
COPIED = ("_config.yml", "_toc.yml", "course.yml", "genindex.md",
          "references.bib", "requirements.txt", "pyproject.toml")
# A page that is being written is as nobody ran it yet; test_book tells.
PAGES = [page for page in pages_of() if page.code
         and not fingerprint.stale(page)]
STEMS = [page.stem for page in PAGES]
CLAIMING = [page.stem for page in PAGES if "claim(" in "".join(page.code)]
ROLE = re.compile(r"(\{glue:text\}`([^`:]+):?([^`]*)`)")

every_page = pytest.mark.parametrize("stem", STEMS)
every_page_that_claims = pytest.mark.parametrize("stem", CLAIMING)


class Copy:
    """A copy of the book, to be corrupted."""

    def __init__(self, root):
        self.root = root
        for name in ("chapters", "notebooks", "code"):
            shutil.copytree(ROOT / name, root / name, ignore=
                            shutil.ignore_patterns("__pycache__"))
        for name in COPIED:
            shutil.copy(ROOT / name, root / name)
        (root / "data").symlink_to(ROOT / "data")

    def page(self, stem):
        """A page as it is now."""
        return find_page(stem, self.root)

    def text(self, stem):
        return (self.root / self.page(stem).path).read_text("utf-8")

    def edit(self, stem, old, new):
        """Replace what stands once in a page."""
        text = self.text(stem)
        assert text.count(old) == 1
        (self.root / self.page(stem).path).write_text(
            text.replace(old, new), "utf-8")

    def edit_store(self, stem, change):
        """Change a stored notebook by hand."""
        page = self.page(stem)
        stored = page.stored()
        change(stored)
        page.store.write_text(nbformat.v4.writes(stored) + "\n", "utf-8")

    def pretend_run(self, stem, change=lambda stored: None):
        """Store what a run of the page as it is would, changed."""
        page = self.page(stem)
        stored = page.stored()
        for cell, source in zip(code_cells(stored), page.code, strict=True):
            cell.source = source
        change(stored)
        old = stored.metadata.book.fingerprint
        stored.metadata.book.fingerprint = fingerprint.fingerprint(
            page, fingerprint.files_of(old))
        fingerprint.seal(stored)
        page.store.write_text(nbformat.v4.writes(stored) + "\n", "utf-8")
        assert self.why(stem) == []

    def why(self, stem):
        """Why a page would run again."""
        return fingerprint.stale(self.page(stem))

    def make_book(self):
        return subprocess.run(
            [sys.executable, "-m", "bookbuild.build"], text=True,
            cwd=self.root, capture_output=True, env=os.environ | {
                "PYTHONPATH": str(self.root / "code")})

    def read(self, stem, monkeypatch):
        """Read a page as Sphinx does, when it runs by itself."""
        monkeypatch.setitem(reading, "root", self.root)
        monkeypatch.setitem(reading, "page", self.page(stem).path)
        return read_page(self.text(stem))


@pytest.fixture
def book(tmp_path):
    return Copy(tmp_path)


def chance(stem, kind):
    return random.Random(f"{SEED} {stem} {kind}")


def some(things, count, stem, kind):
    """As many of these things, at random, or all where there are fewer."""
    return chance(stem, kind).sample(things, min(count, len(things)))


# ---- claims --------------------------------------------------------------

def is_claim(node):
    return (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            and node.func.id == "claim")


def calls(page):
    """[(number of the code cell, its source, the call, its record)] for the
    claims whose words stand in the page; a few are made in loops, with words
    that vary."""
    records = {record["claim"]: record for record in claims_of(page.stored())}
    return [(number, source, node, records[node.args[0].value])
            for number, source in enumerate(page.code, 1)
            for node in ast.walk(ast.parse(source))
            if is_claim(node) and isinstance(node.args[0], ast.Constant)]


def bounds(record):
    """The bounds of a record as `claim` takes them."""
    if "±" in record["bound"]:
        near, within = record["bound"].split(" ± ")
        return {"near": float(near), "within": float(within)}
    return {word: float(number) for word, number in (
        part.split() for part in record["bound"].split(" and "))}


def keywords(node, **values):
    node.keywords = [ast.keyword(name, ast.Constant(value))
                     for name, value in values.items()]


def turned(node, record):
    """The bound is turned round."""
    old = bounds(record)
    if "near" in old:  # as far off as it had to be near
        keywords(node, above=old["near"] + old["within"])
    else:
        keywords(node, **{{"above": "below", "below": "above"}[name]: value
                          for name, value in old.items()})


def tightened(node, record):
    """The bound is set past what was measured."""
    low, high = min(record["values"]), max(record["values"])
    old, margin = bounds(record), 1e-4 * (1 + abs(low) + abs(high))
    if "above" in old:
        keywords(node, **old | {"above": high + margin})
    elif "below" in old:
        keywords(node, **old | {"below": low - margin})
    else:
        keywords(node, near=high + 3 * margin, within=margin)


def moved(node, record):
    """The value is moved out of the bound."""
    old, values = bounds(record), record["values"]
    shift = (-1 - max(values) + old["above"] if "above" in old else
             1 - min(values) + old["below"] if "below" in old else
             1 - min(values) + old["near"] + old["within"])
    node.args[1] = ast.Call(
        ast.parse("np.add", mode="eval").body,
        [node.args[1], ast.Constant(shift)], [])


def undefined(node, record):
    """One seed more has no value."""
    node.args[1] = ast.parse(
        f"np.append({ast.unparse(node.args[1])}, np.nan)", mode="eval").body


WRONG = [turned, tightened, moved, undefined]


def replayed(node, record, wrong=lambda node, record: None):
    """Make a page's call with the values of its record, corrupted."""
    node = copy.deepcopy(node)
    node.args[1] = ast.parse(repr(record["values"]), mode="eval").body
    keywords(node, **bounds(record))
    wrong(node, record)
    eval(ast.unparse(node), {"claim": claim, "np": np})


def test_no_page_is_left_out():
    assert len(CLAIMING) >= 5


@every_page_that_claims
def test_what_a_page_claims_is_recorded_and_holds(stem):
    page = find_page(stem)
    made = [node for source in page.code for node in ast.walk(
        ast.parse(source)) if is_claim(node)]
    assert 0 < len(made) <= len(claims_of(page.stored()))
    assert len(calls(page)) == sum(
        isinstance(node.args[0], ast.Constant) for node in made) >= 1
    for _, _, node, record in calls(page):
        replayed(node, record)


@every_page_that_claims
@pytest.mark.parametrize("wrong", WRONG)
def test_a_claim_that_is_wrong_can_not_pass(stem, wrong, book, monkeypatch):
    page = find_page(stem)
    for _, _, node, record in calls(page):
        with pytest.raises(ClaimError) as told:
            replayed(node, record, wrong)
        assert_told(str(told.value), record, wrong)

    number, source, node, record = chance(stem, wrong).choice(calls(page))
    assert "cells changed" not in book.why(stem)
    corrupt(book, stem, source, node, record, wrong)
    assert "cells changed" in book.why(stem)
    with pytest.raises(PageError, match=re.escape(
            f"{page.path}: code cell {number} is not the one whose outputs "
            f"are stored; run its cells with: make page P={stem}")):
        book.read(stem, monkeypatch)


def assert_told(message, record, wrong):
    """Does a failed claim name itself, its value and its bound?"""
    what, value, bound = re.search(
        r'claim "(.+)" failed: got (\S+) \(value \d+ of \d+\), expected (.+)',
        message).groups()
    assert what == record["claim"]
    assert (value == "nan") == (wrong is undefined)
    if wrong in (turned, tightened):
        assert float(value) in record["values"]
        assert bound != record["bound"]
    else:
        assert float(value) not in record["values"]
        assert bound == record["bound"]


def corrupt(book, stem, source, node, record, wrong):
    """Write a wrong claim into a page's cell."""
    node, segment = copy.deepcopy(node), ast.get_source_segment(source, node)
    wrong(node, record)
    assert source.count(segment) == 1
    book.edit(stem, source, source.replace(segment, ast.unparse(node)))


RUN = {stem: wrong for stem, wrong in zip(  # their first claims come soon
    ["02_gradient_descent", "01_perceptrons", "how_a_number_is_measured",
     "notebook_1_perceptron"], WRONG) if stem in CLAIMING}


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """What `make book` says of a book in which the first claim of each page
    in RUN is wrong: (the process that ended, {stem: (path, cell, record)})."""
    book, said = Copy(tmp_path_factory.mktemp("failing")), {}
    for stem, wrong in RUN.items():
        page = book.page(stem)
        number, source, node, record = calls(page)[0]
        corrupt(book, stem, source, node, record, wrong)
        said[stem] = page.path, number, record
    (book.root / "_toc.yml").write_text(
        "format: jb-book\nroot: chapters/index\nchapters:\n" + "".join(
            f"  - file: {page.path.with_suffix('')}\n"
            for page in map(book.page, RUN)))
    stores = {path: path.read_bytes() for path in
              book.root.glob("notebooks/*")}
    ran = book.make_book()
    assert all(path.read_bytes() == old for path, old in stores.items())
    assert not (book.root / "_build/html").exists()
    return ran, said


@pytest.mark.slow
@pytest.mark.parametrize("stem", RUN)
def test_a_failing_claim_stops_make_book(stem, failing):
    ran, (path, number, record) = failing[0], failing[1][stem]
    assert ran.returncode == 1
    message, = re.findall(
        rf"^{re.escape(str(path))}:\d+: code cell {number} failed$.*?"
        r"^ClaimError: (.+?)$", ran.stderr, re.M | re.S)
    assert_told(message, record, RUN[stem])


# ---- cells edited and not run --------------------------------------------

def cell_of(page, kind):
    """(number, source) of a page's code cell that chance chooses, among those
    that stand in its text once and are no first cell."""
    found = [(number, source) for number, source in enumerate(page.code, 1)
             if number > 1 and page.code.count(source) == 1]
    return chance(page.stem, kind).choice(found)


def glue_call(page, kind):
    """(number of the cell, its source, the call, its key), of those that name
    the key."""
    return chance(page.stem, kind).choice([
        (number, source, match[0], match[1])
        for number, source in enumerate(page.code, 1)
        for match in re.finditer(r'glue\("([\w-]+)"', source)])


def claim_deleted(book, page):
    number, source, node, _ = chance(page.stem, "deleted").choice(calls(page))
    book.edit(page.stem, source, source.replace(
        ast.get_source_segment(source, node), "pass"))
    return f"code cell {number} is not the one"


def cell_deleted(book, page):
    text = book.text(page.stem)
    number, source, _, _ = calls(page)[-1]
    start = text.rindex("```{code-cell}", 0, text.index(source))
    end = text.index("```", text.index(source)) + 3
    book.edit(page.stem, text[start:end], "")
    return (f"code cell {number} is not the one" if number < len(page.code)
            else f"has {number - 1} code cells, its stored notebook {number}")


def cell_edited(book, page):
    number, source = cell_of(page, "edited")
    book.edit(page.stem, source, f"{source}\nlast = 1")
    return f"code cell {number} is not the one"


def comment_edited(book, page):
    number, source = cell_of(page, "comment")
    book.edit(page.stem, source, f"{source}  # as it should be")
    return f"code cell {number} is not the one"


def key_renamed(book, page):
    number, source, old, key = glue_call(page, "renamed")
    book.edit(page.stem, source, source.replace(old, f'glue("{key}-2"'))
    return f"code cell {number} is not the one"


@every_page_that_claims
@pytest.mark.parametrize("edit", [claim_deleted, cell_deleted, cell_edited,
                                  comment_edited, key_renamed])
def test_a_cell_that_was_not_run_is_noticed(stem, edit, book, monkeypatch):
    page = book.page(stem)
    said = edit(book, page)
    assert "cells changed" in book.why(stem)
    with pytest.raises(PageError) as told:
        book.read(stem, monkeypatch)
    assert str(page.path) in str(told.value)
    assert said in str(told.value)


# ---- the stored notebook edited by hand ----------------------------------

def outputs(stored, wanted):
    """[(number of the cell, cell, output)] for the outputs wanted."""
    return [(number, cell, output)
            for number, cell in enumerate(stored.cells, 1)
            if cell.cell_type == "code" for output in cell.outputs
            if wanted(output)]


def glued(output):
    """The key of a glued number, None for other outputs."""
    metadata = output.get("metadata", {})
    return ("claim" not in metadata
            and metadata.get("scrapbook", {}).get("name"))


def number_edited(stored, luck):
    number, _, output = luck.choice(outputs(stored, glued))
    kind, = output.data
    output.data[kind] = str(1 + 2 * float(output.data[kind]))
    return number


def key_edited(stored, luck):
    number, _, output = luck.choice(outputs(stored, glued))
    output.metadata.scrapbook.name += "-2"
    return number


def claims_in(stored):
    return outputs(stored, lambda output: "claim" in output.get(
        "metadata", {}))


def value_edited(stored, luck):
    number, _, output = luck.choice(claims_in(stored))
    output.metadata.claim["values"][0] *= 1.01
    output.metadata.claim["values"][0] += 0.01
    return number


def bound_edited(stored, luck):
    number, _, output = luck.choice(claims_in(stored))
    output.metadata.claim.bound = "above 0.123"
    return number


def claim_dropped(stored, luck):
    number, cell, output = luck.choice(claims_in(stored))
    cell.outputs.remove(output)
    return number


def outputs_dropped(stored, luck):
    number, cell, _ = luck.choice(claims_in(stored))
    cell.outputs = []
    return number


def figure_edited(stored, luck):
    number, _, output = luck.choice(outputs(
        stored, lambda output: "image/svg+xml" in output.get("data", {})))
    output.data["image/svg+xml"] += "<!-- as it should be -->"
    return number


def text_edited(stored, luck):
    number, _, output = luck.choice(outputs(
        stored, lambda output: "text" in output
        or output.output_type == "execute_result"))
    if "text" in output:
        output.text += "0"
    else:
        output.data["text/plain"] += "0"
    return number


def seconds_edited(stored, luck):
    stored.metadata.book.seconds /= 2


def fingerprint_edited(stored, luck):
    name = luck.choice(sorted(stored.metadata.book.fingerprint))
    stored.metadata.book.fingerprint[name] = "0123456789abcdef"


BY_HAND = [number_edited, key_edited, value_edited, bound_edited,
           claim_dropped, outputs_dropped, figure_edited, text_edited,
           seconds_edited, fingerprint_edited]


@every_page_that_claims
@pytest.mark.parametrize("edit", BY_HAND)
def test_what_a_hand_changed_in_the_store_is_named(
        stem, edit, book, monkeypatch):
    cells = []
    book.read(stem, monkeypatch)
    book.edit_store(stem, lambda stored: cells.append(
        edit(stored, chance(stem, edit.__name__))))
    what = f"cell {cells[0]} (code)" if cells[0] else "the record"
    assert book.why(stem) == [
        f"in its stored notebook, {what} changed by hand"]
    with pytest.raises(PageError, match=re.escape(
            f"notebooks/{stem}.ipynb: {what} changed by hand; run its cells "
            f"with: make page P={stem}")):
        book.read(stem, monkeypatch)


def test_a_store_without_its_record_is_refused_and_other_words_are_not(
        book, monkeypatch):
    def reword(stored):
        next(cell for cell in stored.cells
             if cell.cell_type == "markdown").source += " Other words."

    stem = STEMS[0]
    book.edit_store(stem, reword)
    book.read(stem, monkeypatch)  # the words that are read are the page's
    book.edit_store(stem, lambda stored: stored.metadata.pop("book"))
    assert book.why(stem) == ["never run"]
    with pytest.raises(PageError, match=re.escape(
            f"notebooks/{stem}.ipynb: the record of its run is missing; run "
            f"its cells with: make page P={stem}")):
        book.read(stem, monkeypatch)


# ---- glued numbers -------------------------------------------------------

def roles(page):
    """[(role, key, format)] for the numbers that a page shows once."""
    found = ROLE.findall((page.root / page.path).read_text("utf-8"))
    keys = [key for _, key, _ in found]
    return [each for each in found if keys.count(each[1]) == 1]


def value_of(stored, key):
    """(cell, output, kind, text) of a glued number."""
    (_, cell, output), = outputs(stored, lambda output: glued(output) == key)
    (kind, text), = output.data.items()
    return cell, output, kind, text


def wrong_key(book, page, role, key):
    book.edit(page.stem, role, role.replace(key, f"{key}-2"))
    return f"No key '{key}-2' found"


def wrong_format(book, page, role, key):
    book.edit(page.stem, role, f"{{glue:text}}`{key}:.2q`")
    return "Failed to format text/plain data: Unknown format code 'q'"


def missing_after_the_run(book, page, role, key):
    def forget(stored):
        cell, output, _, _ = value_of(stored, key)
        cell.outputs.remove(output)
    book.pretend_run(page.stem, forget)
    return f"No key '{key}' found"


def renamed_in_the_run(book, page, role, key):
    def rename(stored):
        value_of(stored, key)[1].metadata.scrapbook.name = f"{key}-2"
    book.pretend_run(page.stem, rename)
    return f"No key '{key}' found"


def glued_twice_in_the_run(book, page, role, key):
    def repeat(stored):
        cell, output, _, _ = value_of(stored, key)
        cell.outputs.append(copy.deepcopy(output))
    book.pretend_run(page.stem, repeat)
    return f"glue key '{key}' duplicate"


MISPLACED = [wrong_key, wrong_format, missing_after_the_run,
             renamed_in_the_run, glued_twice_in_the_run]


def sphinx(root, capfd):
    """Have Sphinx read a book, as `make book` does; what it says."""
    with (pytest.raises(PageError, match="Sphinx stopped at the fault"),
          warnings.catch_warnings(action="ignore")):  # those of Sphinx
        build.run_sphinx(root, root / "_build/.doctrees")
    return capfd.readouterr().err


@pytest.mark.slow
def test_a_number_that_is_not_there_is_an_error(book, monkeypatch, capfd):
    """Five in each page at once; Sphinx is told to go on after a fault, and
    to write no site."""
    monkeypatch.setattr(
        jupyter_book.sphinx, "build_sphinx", functools.partial(
            jupyter_book.sphinx.build_sphinx, keep_going=True,
            builder="dummy"))
    told = {}
    for stem in STEMS:
        page = book.page(stem)
        for wrong, (role, key, _) in zip(MISPLACED, some(
                roles(page), len(MISPLACED), stem, "misplaced")):
            told[stem, wrong.__name__] = page.path, wrong(
                book, page, role, key)
    said = sphinx(book.root, capfd)
    assert {name: message for name, (path, message) in told.items()
            if not re.search(rf"/{path}:\d+: WARNING: {re.escape(message)}",
                             said)} == {}
    assert said.count("WARNING") == len(told) > 4 * len(STEMS)


@pytest.mark.slow
def test_a_number_that_is_not_there_stops_make_book(book):
    page = book.page(STEMS[0])
    message = wrong_key(book, page, *roles(page)[0][:2])
    (book.root / "_toc.yml").write_text(
        f"format: jb-book\nroot: {page.path.with_suffix('')}\n")
    ran = book.make_book()
    assert ran.returncode == 1
    assert re.search(rf"/{page.path}:\d+:{message}", ran.stderr)
    assert "Sphinx stopped at the fault printed above" in ran.stderr


@every_page
@pytest.mark.parametrize("value", ["nan", "-inf", "np.float64(nan)"])
def test_a_number_that_is_none_stops_the_run(stem, value):
    page = find_page(stem)
    stored = page.stored()
    _, key, _ = chance(stem, value).choice(roles(page))
    cell, output, kind, _ = value_of(stored, key)
    refuse_unstable(cell, "code cell")
    output.data[kind] = value
    with pytest.raises(PageError, match=re.escape(
            f"{page.path}: code cell 3 glues {key}, which is {value}")):
        refuse_unstable(cell, f"{page.path}: code cell 3")


# ---- numbers typed by hand -----------------------------------------------

def shown(stored, key, how):
    """A glued number as the page shows it."""
    value = ast.literal_eval(value_of(stored, key)[3])
    return format(int(value) if how.endswith("d") else value, how)


@every_page
def test_a_number_typed_in_the_place_of_a_glued_one_is_found(stem, book):
    page = book.page(stem)
    stored, text = page.stored(), book.text(stem)
    for role, key, how in some(roles(page), 6, stem, "typed"):
        typed = shown(stored, key, how)
        book.edit(stem, role, typed)
        assert f"{page.path}: {key} is glued and shown nowhere" in (
            page_problems(book.page(stem)))
        (book.root / page.path).write_text(text)


@every_page
def test_a_number_typed_into_a_caption_is_found(stem, book):
    page = book.page(stem)
    captions = [cell.metadata.mystnb.figure.caption
                for cell in code_cells(page.notebook)
                if "caption" in cell.metadata.get("mystnb", {}).get(
                    "figure", {})]
    caption = chance(stem, "caption").choice([
        each for each in captions if book.text(stem).count(each) == 1])
    book.edit(stem, caption, f"{caption} In all, 91.37% of them.")
    found, = set(page_problems(book.page(stem))) - set(page_problems(page))
    assert found.startswith(f"{page.path}: 91.37% is typed, not glued")
