"""`make` on a machine that lacks something: one sentence, nothing lost."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """A clone with an environment made for other pins."""
    root = tmp_path / "clone"
    (root / "code/bookbuild").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "pyproject.toml",
                 "code/bookbuild/setup.sh"):
        shutil.copy(BOOK / name, root / name)
    (root / ".venv").mkdir()
    (root / ".venv/pins").write_text("older pins")
    (root / ".venv/kept").write_text("as it was")
    return root


def make(clone, target="book", *arguments, **environment):
    return subprocess.run(
        ["make", "-C", clone, target, *arguments], text=True, timeout=50,
        capture_output=True, env=os.environ | environment)


def fake(folder, name, script):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def untouched(clone):
    return ((clone / ".venv/kept").read_text() == "as it was"
            and (clone / ".venv/pins").read_text() == "older pins"
            and not (clone / ".venv.old").exists())


def test_an_old_python_is_refused_in_one_sentence(clone, tmp_path):
    old = 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac'
    path = fake(tmp_path / "bin", "python3", old)
    ran = make(clone, PATH=path)
    assert ran.returncode != 0
    assert ("The book needs Python 3.11 or newer; 'python3' is Python 3.9.2"
            in ran.stderr)
    assert untouched(clone)


def test_a_missing_python_is_told(clone):
    ran = make(clone, "book", "PYTHON=python9")
    assert "The book needs Python 3.11 or newer; 'python9' is" in ran.stderr
    assert untouched(clone)


def test_too_little_room_is_told_before_anything_is_done(clone, tmp_path):
    table = 'echo h; echo "/dev/x 9 9 2048000 99% /"'
    ran = make(clone, PATH=fake(tmp_path / "bin", "df", table))
    assert ("Setting up takes 3,000 MB on this disk and 2000 MB are free. "
            "Nothing was changed.") in ran.stderr
    assert untouched(clone)


def test_no_network_is_told_and_the_old_environment_stays(clone):
    ran = make(clone, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1",
               PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="", PIP_TIMEOUT="1",
               PIP_CONFIG_FILE=os.devnull)
    assert ran.returncode != 0
    assert "could not be fetched: is there a network?" in ran.stderr
    assert untouched(clone)


def test_a_set_up_environment_is_left_alone(clone):
    pins = subprocess.run(
        "cat requirements.txt pyproject.toml | sha256sum | cut -d' ' -f1",
        shell=True, cwd=clone, text=True, capture_output=True).stdout.strip()
    (clone / ".venv/pins").write_text(f"{pins} {clone}\n")
    ran = make(clone, "setup", "PYTHON=python9")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_help_works_from_another_folder(clone, tmp_path):
    ran = subprocess.run(["make", "-f", clone / "Makefile", "help"], text=True,
                         cwd=tmp_path, capture_output=True)
    assert "book " in ran.stdout and "lint " in ran.stdout


def test_a_page_must_be_named(clone):
    pins = subprocess.run(
        "cat requirements.txt pyproject.toml | sha256sum | cut -d' ' -f1",
        shell=True, cwd=clone, text=True, capture_output=True).stdout.strip()
    (clone / ".venv/pins").write_text(f"{pins} {clone}\n")
    assert "Which page? make page P=" in make(clone, "page").stderr
