"""What a page's outputs depend on, and whether it has changed since.

A fingerprint is a flat dictionary, from the name of a thing to a hash of it:
the code cells, each scratch module reached (its syntax tree, docstrings left
out), each data file the run opened, the pinned version of each library
reached. A page is run again exactly when two fingerprints differ.

    python -m bookbuild.fingerprint PAGE    what a page depends on, and why
                                            it will or won't run
"""

import ast
import hashlib
import json
import re
import sys
from functools import lru_cache
from importlib.metadata import packages_distributions

import grimp

from bookbuild.pages import PageError, code_of, find_page

PACKAGE = "scratch"
UNREADABLE = "its stored notebook can't be read"


def fingerprint(page, data_files=()):
    """Fingerprint of a page, as it would be stored after a run now.

    data_files: names inside data/ that a run of the page opens.
    """
    code = page.code
    found = {"cells": digest("\0".join(code))}
    imported = imports("\n".join(code), page.path)
    modules = reached(page.root, imported)
    for module in modules:
        path = module_path(page.root, module)
        found[module] = digest(syntax(path.read_text(encoding="utf-8")))
        imported |= imports(path.read_text(encoding="utf-8"), path)
    for name in sorted(data_files):
        path = page.root / "data" / name
        found[f"data/{name}"] = (digest(path.read_bytes())
                                 if path.exists() else "missing")
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
        return [UNREADABLE]
    if stored is None:
        return ["never run"]
    record = stored.metadata.get("book", {})
    old = record.get("fingerprint")
    if old is None or record.get("outputs") != outputs_digest(stored):
        return ["its stored notebook was changed by hand"]
    if code_of(stored) != page.code:
        return ["its cells changed"]
    new = fingerprint(page, data_of(old))
    return ([f"{name} changed" for name in new if name in old
             and new[name] != old[name]]
            + [f"{name} is new" for name in new if name not in old]
            + [f"{name} is gone" for name in old if name not in new])


def data_of(found):
    """Names inside data/ that a fingerprint holds."""
    return [name.removeprefix("data/") for name in found
            if name.startswith("data/")]


def outputs_digest(notebook):
    """Hash of a notebook's code cells and outputs."""
    cells = [[c.source, c.outputs] for c in notebook.cells
             if c.cell_type == "code"]
    return digest(json.dumps(cells, sort_keys=True))


def digest(content):
    if isinstance(content, str):
        content = content.encode()
    return hashlib.sha256(content).hexdigest()[:16]


def syntax(source):
    """A module's syntax tree as text, without comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef,
                             ast.AsyncFunctionDef)):
            strip_docstring(node)
    return ast.dump(tree)


def strip_docstring(node):
    first = node.body[0] if node.body else None
    if (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)):
        node.body = node.body[1:] or [ast.Pass()]


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
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_path(root, module):
    path = root / "code" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def reached(root, imported):
    """The modules of scratch that these imports reach, transitively."""
    graph = module_graph(root)
    start = {name for name in imported if name in graph.modules}
    # `from scratch.data import load` names a function: its module counts.
    start |= {name.rpartition(".")[0] for name in imported
              if name.rpartition(".")[0] in graph.modules}
    start.discard(PACKAGE)
    found = set(start)
    for module in start:
        found |= graph.find_upstream_modules(module)
    return sorted(found - {PACKAGE})


@lru_cache
def module_graph(root):
    sys.path.insert(0, str(root / "code"))
    try:
        return grimp.build_graph(PACKAGE, cache_dir=None)
    finally:
        sys.path.remove(str(root / "code"))


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
        stored = None if reasons[:1] == [UNREADABLE] else page.stored()
        record = stored.metadata.get("book", {}) if stored else {}
        old = record.get("fingerprint", {})
        for name, value in fingerprint(page, data_of(old)).items():
            mark = " " if old.get(name) == value else "*"
            print(f"{mark} {name:<28} {value}")
    except PageError as error:
        sys.exit(str(error))
    print(f"{page.stem} will run: " + "; ".join(reasons) if reasons
          else f"{page.stem} will not run: nothing it depends on has changed")


if __name__ == "__main__":
    main()
