"""What stands beside the book for Binder and for citing it agrees with it."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import yaml

from bookbuild.address import settings
from bookbuild.pages import ROOT, code_of, pages_of

PIN = re.compile(r"^([\w.-]+)==(\S+)$", re.M)


def pins(name):
    return dict(PIN.findall((ROOT / name).read_text("utf-8")))


def test_binder_installs_what_the_book_pins():
    lent = pins("binder/requirements.txt")
    assert lent and lent.items() <= pins("requirements.txt").items()


def test_binder_takes_the_builds_for_processors():
    lines = (ROOT / "binder/requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("-")] == [
        "--extra-index-url https://download.pytorch.org/whl/cpu"]


def test_binder_has_whatever_a_notebook_imports():
    sources = ["\n".join(code_of(page.stored())) for page in pages_of()
               if page.code] + [path.read_text("utf-8") for path in
                                (ROOT / "code/scratch").rglob("*.py")]
    modules = set()
    for node in (node for text in sources for node in ast.walk(
            ast.parse(text))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module.split(".")[0])
    owners, lent = packages_distributions(), pins("binder/requirements.txt")
    for module in modules - sys.stdlib_module_names - {"scratch"}:
        assert set(owners[module]) & {
            name for name in owners[module]
            if name.lower().replace("_", "-") in lent}, module


def test_binder_has_what_opens_a_notebook():
    assert {"jupyterlab", "ipykernel"} <= pins("binder/requirements.txt").keys()


def test_what_binder_runs_can_be_run():
    for name in ("postBuild", "start"):
        assert os.access(ROOT / "binder" / name, os.X_OK)


def test_binder_installs_the_book_itself_and_nothing_it_has_pinned(tmp_path):
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\necho "$@"\n')
    pip.chmod(0o755)
    ran = subprocess.run([ROOT / "binder/postBuild"], cwd=ROOT, text=True,
                         capture_output=True, env=os.environ | {
                             "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert ran.stdout == "install --no-cache-dir --no-deps -e .\n"


def test_binder_starts_what_it_is_given_on_one_thread():
    ran = subprocess.run(
        [ROOT / "binder/start", "sh", "-c", 'echo "$OMP_NUM_THREADS $1"; '
         "exit 3", "sh", "two words"], text=True, capture_output=True,
        env={"PATH": os.environ["PATH"]})
    assert (ran.stdout, ran.returncode) == ("1 two words\n", 3)


def test_binder_has_a_python_that_the_book_allows():
    [told] = (ROOT / "binder/runtime.txt").read_text("utf-8").split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    least = project["project"]["requires-python"].removeprefix(">=")
    number = [int(part) for part in told.removeprefix("python-").split(".")]
    assert number >= [int(part) for part in least.split(".")]


def test_the_book_is_cited_by_its_title_and_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for entry in (cited, cited["preferred-citation"]):
        assert entry["title"] == settings(ROOT, "title")
        assert entry["version"] == project["project"]["version"]
    book = cited["preferred-citation"]
    assert str(book["year"]) == settings(ROOT, "copyright")
    page = (ROOT / "chapters/how_to_use.md").read_text("utf-8")
    [entry] = re.findall(r"^@book\{.*?^\}", page, re.M | re.S)
    for part in (book["title"], str(book["year"]), book["version"]):
        assert part in entry
