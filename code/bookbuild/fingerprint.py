"""What a page's outputs depend on, and whether it has changed since.

A fingerprint is a flat dictionary, from the name of a thing to a hash of it:
the code cells, each scratch module reached (its syntax tree, docstrings left
out), each file of the book that the run opened and each folder it listed, the
pinned version of each library reached. A page is run again exactly when two
fingerprints differ.

    python -m bookbuild.fingerprint PAGE    what a page depends on, and why
                                            it will or won't run
"""

import ast
import hashlib
import json
import re
import sys
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.metadata import packages_distributions

import grimp

from bookbuild.kernel import state
from bookbuild.pages import PageError, code_cells, find_page

PACKAGE = "scratch"
ACTING = {"raises-exception", "skip-execution"}  # tags that change a run
DOCS = {"__doc__", "help", "getdoc", "doctest"}  # names that read docstrings


def fingerprint(page, files=()):
    """Fingerprint of a page, as it would be stored after a run now.

    files: names of the book's files that a run of the page opens, and of the
    folders that it lists, which end in "/".
    """
    code = page.code
    # An acting tag joins its cell.
    cells = [cell.source + "".join(f"\0{tag}" for tag in sorted(
        ACTING & set(cell.metadata.get("tags", []))))
        for cell in code_cells(page.notebook)]
    found = {"cells": digest("\0".join(cells))}
    imported = set(imports("\n".join(code), page.path))
    reads_docs = names_docs("\n".join(code))
    for module in modules_of(page):
        path = module_path(page.root, module)
        source = path.read_text(encoding="utf-8")
        imported |= imports(source, path)
        tree = syntax(source, reads_docs or names_docs(source))
        if tree not in (syntax(""), syntax('""""""')):
            found[module] = digest(tree)
    found |= {name: file_digest(page.root / name) for name in sorted(files)}
    versions = pins(page.root)
    for library in sorted({name.partition(".")[0] for name in imported}):
        if library == PACKAGE or library in sys.stdlib_module_names:
            continue
        distribution = distribution_of(library)
        if distribution not in versions:
            raise PageError(f"{page.path} reaches {library}, which "
                            "requirements.txt does not pin")
        found[distribution] = versions[distribution]
    return found


def stale(page):
    """Why a page must run, a list of short reasons; empty if it need not."""
    try:
        stored = page.stored()
    except PageError:
        return ["its stored notebook can't be read"]
    if stored is None or not stored.metadata.get("book"):
        return ["never run"]
    if run_edited(stored):
        return [f"in its stored notebook, {what} changed by hand"
                for what in hand_edits(stored)]
    old = stored.metadata.book.fingerprint
    try:
        new = fingerprint(page, files_of(old))
    except PageError as error:  # its run will tell
        return [str(error)]
    return ([f"{name} changed" for name in new if name in old
             and new[name] != old[name]]
            + [f"{name} is new" for name in new if name not in old]
            + [f"{name} is gone" for name in old if name not in new])


def files_of(found):
    """The book's files and folders that a fingerprint holds."""
    return [name for name in found if "/" in name]


def seal(notebook):
    """Note in a notebook's record what the notebook holds: hand edits show."""
    notebook.metadata.book.pop("cells", None)
    notebook.metadata.book.cells = " ".join(contents(notebook))


def hand_edits(stored):
    """What is in a stored notebook and is not as it was stored, by name."""
    names = ["the record"] + [f"cell {number} ({cell.cell_type})" for
                              number, cell in enumerate(stored.cells, 1)]
    was, now = stored.metadata.book.cells.split(), contents(stored)
    found = []
    for kind, a, b, i, j in SequenceMatcher(None, was, now,
                                            autojunk=False).get_opcodes():
        if kind != "equal":
            found += names[i:j]
            found += [f"cell {number} (removed)"
                      for number in range(a + j - i, b)]
    return found


def run_edited(stored):
    """Did a hand change what came out of the run: record, code, outputs?"""
    return ([part for part in stored.metadata.book.cells.split()
             if not part.startswith("m")]
            != [part for part in contents(stored)
                if not part.startswith("m")])


def contents(notebook):
    """A hash of the record and of each cell (code with outputs, or text),
    after a letter for its kind: r, c, m."""
    record = {name: value for name, value in notebook.metadata.book.items()
              if name != "cells"}
    parts = [("record", record)] + [
        (cell.cell_type, [cell.source, cell.get("outputs")])
        for cell in notebook.cells]
    return [kind[0] + digest(json.dumps(part, sort_keys=True))[:8]
            for kind, part in parts]


def outputs_digest(notebook):
    """Hash of a notebook's code cells and outputs."""
    cells = [[cell.source, cell.outputs] for cell in code_cells(notebook)]
    return digest(json.dumps(cells, sort_keys=True))


def digest(content):
    if isinstance(content, str):
        content = content.encode()
    return hashlib.sha256(content).hexdigest()[:16]


def file_digest(path):
    """Hash of a file's bytes, or of the names in a folder."""
    return digest_in_state(path, str(state(path)))


@lru_cache(None)
def digest_in_state(path, state):
    """The same, made once for the many pages that open a file."""
    if path.is_dir():
        return digest("\0".join(sorted(
            entry.name for entry in path.iterdir()
            if not entry.name.startswith((".", "__pycache__")))))
    return digest(path.read_bytes()) if path.exists() else "missing"


@lru_cache(None)
def syntax(source, docstrings=False):
    """A module's syntax tree as text, without comments; docstrings only where
    asked for."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not docstrings and isinstance(node, (
                ast.Module, ast.ClassDef, ast.FunctionDef,
                ast.AsyncFunctionDef)):
            strip_docstring(node)
    return ast.dump(tree)


def strip_docstring(node):
    first = node.body[0] if node.body else None
    if (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)):
        node.body = node.body[1:] or [ast.Pass()]


@lru_cache(None)
def names_docs(source):
    """Does this source name something that reads docstrings?"""
    return any(name in DOCS for node in ast.walk(ast.parse(source))
               for name in (getattr(node, "id", None),
                            getattr(node, "attr", None),
                            getattr(node, "name", None)))


@lru_cache(None)
def imports(source, path):
    """Dotted names that a source imports: modules, and names from them."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PageError(f"{path}: its code can't be read as Python: "
                        f"{error.msg}: {(error.text or '').strip()}") from error
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def module_path(root, module):
    path = root / "code" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def modules_of(page):
    """The modules of scratch that a page reaches, transitively, and the
    packages they lie in, whose __init__ runs before them."""
    graph = module_graph(page.root)
    found, todo = set(), {
        # `from scratch.data import load` names a function: its module counts.
        part for name in imports("\n".join(page.code), page.path)
        for part in (name, name.rpartition(".")[0]) if part in graph.modules}
    while todo:
        module = todo.pop()
        found.add(module)
        package = {module.rpartition(".")[0]} - {""}
        todo |= graph.find_modules_directly_imported_by(module) | package
        todo -= found
    return sorted(found)


@lru_cache
def module_graph(root):
    # Found by its name: a package loaded from another book would be taken.
    loaded = {name: sys.modules.pop(name) for name in list(sys.modules)
              if name.partition(".")[0] == PACKAGE}
    sys.path.insert(0, str(root / "code"))
    try:
        return grimp.build_graph(PACKAGE, cache_dir=None)
    except grimp.exceptions.SourceSyntaxError as error:
        raise PageError(str(error)) from error
    finally:
        sys.path.remove(str(root / "code"))
        sys.modules.update(loaded)


@lru_cache
def pins(root):
    """Pinned versions in requirements.txt, by distribution."""
    lines = (root / "requirements.txt").read_text().splitlines()
    pairs = [line.split("#")[0].strip().split("==") for line in lines]
    return {canonical(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


@lru_cache
def distribution_of(library):
    """matplotlib → matplotlib, sklearn → scikit-learn."""
    owners = distributions().get(library, [library])
    return canonical(owners[0])


distributions = lru_cache(packages_distributions)


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def main():
    try:
        page = find_page(sys.argv[1] if len(sys.argv) > 1 else "")
        reasons = stale(page)
        try:
            stored = page.stored()
        except PageError:
            stored = None
        old = stored.metadata.book.fingerprint if stored else {}
        for name, value in fingerprint(page, files_of(old)).items():
            mark = " " if old.get(name) == value else "*"
            print(f"{mark} {name:<28} {value}")
    except PageError as error:
        sys.exit(str(error))
    if reasons:
        print(f"{page.stem} will run: " + "; ".join(reasons))
        return
    for what in hand_edits(stored):
        print(f"* in its stored notebook, {what} changed by hand: the next "
              "build mends it")
    print(f"{page.stem} will not run: nothing it depends on has changed")


if __name__ == "__main__":
    main()
