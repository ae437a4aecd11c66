"""Checked quotation: an idea's home chapter and the package say the same.

A taught module of `scratch` holds what its home chapter defines in live
cells. Compared are the syntax trees, docstrings and type hints aside.
"""

import ast
import difflib

from bookbuild.fingerprint import PACKAGE, strip_docstring
from bookbuild.pages import ROOT, pages_of

# Modules that serve the pages and are not taught by them.
SERVING = {"__init__", "claims", "data", "graphs", "inputs", "plots", "selfcheck",
           "session", "sound", "unchanged", "vision"}
LABS = {"notebooks", "homework", "reviews"}  # the reader's own code


def problems(root=ROOT):
    """What is not quoted, quoted twice, or quoted wrong: one line each."""
    homes = page_definitions(root)
    owners, found = {}, []
    for path in sorted((root / "code" / PACKAGE).glob("*.py")):
        if path.stem in SERVING:
            continue
        for name, node in definitions(path.read_text(encoding="utf-8")):
            what = f"{PACKAGE}.{path.stem}.{name}"
            if name in owners:
                found.append(f"{what} has two homes: {owners[name]} too")
                continue
            owners[name] = what
            found += compare(what, node, homes.get(name, []))
    return found


def compare(what, node, quotations):
    """Problems of one definition, given [(page, node)] that define its name."""
    if not quotations:
        return [f"{what} is quoted by no chapter"]
    if len(quotations) > 1:
        pages = " and ".join(sorted({str(page) for page, _ in quotations}))
        return [f"{what} is defined {len(quotations)} times, in {pages}"]
    (page, quoted), = quotations
    ours, theirs = bare(node), bare(quoted)
    if ours == theirs:
        return []
    difference = "\n".join(difflib.unified_diff(
        theirs.splitlines(), ours.splitlines(), str(page), what, lineterm=""))
    return [f"{what} differs from its quotation in {page}:\n{difference}"]


def page_definitions(root):
    """{name: [(page path, node)]} over the code cells of all chapters."""
    homes = {}
    for page in pages_of(root):
        if LABS & set(page.path.parts):
            continue
        for name, node in definitions("\n".join(page.code)):
            homes.setdefault(name, []).append((page.path, node))
    return homes


def definitions(source):
    """[(name, node)] of the public functions and classes of a source."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [(node.name, node) for node in ast.parse(source).body
            if isinstance(node, kinds) and not node.name.startswith("_")]


def bare(node):
    """A definition's code without docstrings and type hints."""
    tree = ast.parse(ast.unparse(node))
    for part in ast.walk(tree):
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef,
                             ast.ClassDef)):
            strip_docstring(part)
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
            part.returns = None
        if isinstance(part, ast.arg):
            part.annotation = None
    return ast.unparse(Unhinted().visit(tree))


class Unhinted(ast.NodeTransformer):
    """x: int = 1 becomes x = 1, outside classes, where a hint is a field."""

    def visit_ClassDef(self, node):
        node.body = [part if isinstance(part, ast.AnnAssign)
                     else self.visit(part) for part in node.body]
        return node

    def visit_AnnAssign(self, node):
        if node.value is None:
            return node
        return ast.copy_location(ast.Assign([node.target], node.value), node)
