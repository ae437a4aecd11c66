"""`make` on a machine that lacks something: one sentence, nothing lost."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """A clone with an environment made for other pins."""
    root = tmp_path / "clone"
    (root / "code/bookbuild").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt",
                 "requirements-nodeps.txt", "pyproject.toml",
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


# A Python that makes environments in which pip only says something.
STUB = """case "$*" in
*'import sys; '*|*'import venv'*) exit 0;;
'-m venv .venv')
  mkdir -p .venv/bin
  printf '#!/bin/sh\\necho "$@" >> asked\\necho "{said}"\\nexit {status}\\n' \
    > .venv/bin/python
  chmod +x .venv/bin/python;;
*) echo "unexpected: $*" >&2; exit 1;;
esac"""


def stub(tmp_path, said, status):
    return fake(tmp_path / "bin", "python3",
                STUB.format(said=said, status=status))


def test_a_set_up_that_went_well_is_done_once(clone, tmp_path):
    path = stub(tmp_path, "installed", 0)
    for _ in range(2):
        ran = make(clone, "setup", PATH=path)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert not (clone / ".venv.old").exists()
        assert not (clone / ".venv/kept").exists()
    assert (clone / "asked").read_text() == (
        "-m pip install --disable-pip-version-check -q -r requirements.txt\n"
        "-m pip install --disable-pip-version-check -q --no-deps "
        "-r requirements-nodeps.txt\n")


@pytest.mark.parametrize("said, told", [
    ("OSError: [Errno 28] No space left on device",
     "The disk is full. Nothing was changed."),
    ("ERROR: Invalid requirement",
     "could not be installed, for the reason above. Nothing was changed."),
    ("ERROR: no matching distribution (from versions: none)",
     "could not be fetched: is there a network? Nothing was changed."),
])
def test_a_set_up_that_fails_tells_why_and_changes_nothing(
        clone, tmp_path, said, told):
    ran = make(clone, "setup", PATH=stub(tmp_path, said, 1))
    assert ran.returncode != 0
    assert said in ran.stderr and told in ran.stderr
    assert untouched(clone)


def test_what_a_killed_set_up_had_set_aside_comes_back(clone, tmp_path):
    (clone / ".venv").rename(clone / ".venv.old")
    (clone / ".venv/bin").mkdir(parents=True)
    assert make(clone, "setup", PATH=stub(tmp_path, "no", 1)).returncode != 0
    assert untouched(clone)
    assert sorted(os.listdir(clone / ".venv")) == ["kept", "pins"]


def test_a_python_without_venv_is_told_what_to_install(clone, tmp_path):
    path = fake(tmp_path / "bin", "python3",
                "case \"$2\" in *venv*) exit 1;; esac")
    ran = make(clone, "setup", PATH=path)
    assert "'python3' has no venv module; on Debian and Ubuntu: " in ran.stderr
    assert untouched(clone)


@pytest.mark.parametrize("version, told", [
    ("3, 10, 14", "The book needs Python 3.11 or newer"),
    ("3, 11, 0", "Setting up takes 3,000 MB"),
])
def test_python_3_11_is_the_first_that_will_do(clone, tmp_path, version, told):
    path = fake(tmp_path / "bin", "python3",
                f"exec {sys.executable} -c 'import sys; sys.version_info = "
                f"({version}); exec(sys.argv[1])' \"$2\"")
    fake(tmp_path / "bin", "df", 'echo h; echo "/dev/x 9 9 2048000 99% /"')
    ran = make(clone, "setup", PATH=path)
    assert told in ran.stderr
    assert untouched(clone)


def test_a_set_up_environment_is_left_alone(clone):
    pins = subprocess.run(
        "cat requirements.txt requirements-nodeps.txt pyproject.toml | sha256sum "
        "| cut -d' ' -f1",
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
        "cat requirements.txt requirements-nodeps.txt pyproject.toml | sha256sum "
        "| cut -d' ' -f1",
        shell=True, cwd=clone, text=True, capture_output=True).stdout.strip()
    (clone / ".venv/pins").write_text(f"{pins} {clone}\n")
    assert "Which page? make page P=" in make(clone, "page").stderr
