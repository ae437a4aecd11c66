"""What is stored stays whole, whatever ends a build; nothing is left running.

Every process of a book's build knows the book by its PYTHONPATH: so they are
found, also those whose parent is gone.
"""

import contextlib
import errno
import os
import random
import re
import shutil
import signal
import subprocess
import time

import psutil
import pytest
from conftest import Book, page_text

from bookbuild import build
from bookbuild.fingerprint import hand_edits
from bookbuild.pages import code_cells, pages_of

KILLS = 10  # a seed
ENDS = 10  # seconds within which every process of a killed build must end


def processes(book, kind=""):
    """The book's processes that run, of one module or kernel if asked."""
    found = []
    for process in psutil.process_iter():
        try:
            if (process.environ().get("PYTHONPATH", "").startswith(
                    str(book.root)) and kind in " ".join(process.cmdline())
                    and process.status() != psutil.STATUS_ZOMBIE):
                found.append(process)
        except psutil.Error:
            pass
    return found


PAGE, KERNEL = "bookbuild.execute", "ipykernel_launcher"


def wait_until(true, seconds=30):
    """What a function returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (result := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return result


def begin(book, *arguments):
    return subprocess.Popen(
        **book.command("-m", "bookbuild.build", *arguments),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def end(book, process, number=None):
    """Send a signal to a build, if any; its status and what it said."""
    if number:
        process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    wait_until(lambda: not processes(book), ENDS)
    return process.returncode, said


def bytes_of(book):
    return {path.stem: path.read_bytes()
            for path in book.root.glob("notebooks/*.ipynb")}


def runs_of(book):
    """What came out of each stored run; its text is Sphinx's matter, which a
    killed build may leave to the next."""
    stored = {page.stem: page.stored() for page in pages_of(book.root)}
    return {name: (notebook.metadata.book.seconds,
                   [(cell.source, cell.outputs)
                    for cell in code_cells(notebook)])
            for name, notebook in stored.items() if notebook}


def assert_whole(book):
    """Each stored notebook is one that a run stored: its outputs are those of
    its code, which prints what it says."""
    for page in pages_of(book.root):
        if stored := page.stored():
            assert hand_edits(stored) == []
            code, = code_cells(stored)
            assert code.outputs[0].text == f"{code.source[7:-2]}\n"


def numbered(book, version):
    for name in ("one", "two"):
        book.write(f"chapters/{name}.md", page_text(
            name, [f"print('{name} {version}')"]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_moments_lose_nothing(book, tmp_path, seed):
    choose, version = random.Random(seed), 0
    numbered(book, version)
    began = time.monotonic()
    assert book.build().returncode == 0
    length = time.monotonic() - began
    for _ in range(KILLS):
        if not any(book.why(name) for name in ("one", "two")):
            version += 1
            numbered(book, version)
        before = runs_of(book)
        done = [name for name in before if not book.why(name)]
        building = begin(book)
        time.sleep(choose.uniform(0, length))
        number = choose.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
        victims = processes(book, PAGE) + processes(book, KERNEL)
        with contextlib.suppress(psutil.NoSuchProcess):
            if victims and choose.random() < 0.5:
                choose.choice(victims).kill()
            else:
                building.send_signal(number)
        end(book, building)
        assert_whole(book)
        after = runs_of(book)
        assert [after[name] for name in done] == [before[name]
                                                  for name in done]
    missing = {name for name in ("one", "two") if book.why(name)}
    # Each in a process of its own: in ours, what Sphinx loaded for another
    # book would show on the pages.
    assert f"executed: {len(missing)} of 2 pages" in book.build().stdout

    other = Book(tmp_path / "other")
    for name in ("chapters", "notebooks"):
        shutil.rmtree(other.root / name, ignore_errors=True)
        shutil.copytree(book.root / name, other.root / name)
    assert "executed: 0 of 2 pages" in other.build().stdout
    for path in (other.root / "_build/html/chapters").glob("*.html"):
        assert site_text(path) == site_text(
            book.root / "_build/html/chapters" / path.name)


def site_text(path):
    """A page of the site; the first build of all gives style sheets that it
    makes itself no version."""
    return re.sub(r"\?v=\w+", "", path.read_text("utf-8"))


SLEEP = "import time\ntime.sleep(60)"


def asleep(book):
    """Give the book a page that ends and one that sleeps; a build that has
    come to both."""
    book.edit("chapters/one.md", "sums.two()", "sums.two() + 1")
    book.edit("chapters/two.md", "6 * 7", SLEEP)
    building = begin(book)
    wait_until(lambda: not book.why("one") and processes(book, KERNEL))
    return building


@pytest.mark.parametrize("number, said", [
    (signal.SIGINT, "Interrupted. Pages that had ended are stored"),
    (signal.SIGTERM, ""), (signal.SIGKILL, "")])
def test_nothing_survives_a_build_that_is_ended(book, number, said):
    before = bytes_of(book)
    status, output = end(book, asleep(book), number)
    assert status != 0 and said in output and "Traceback" not in output
    assert bytes_of(book)["two"] == before["two"]
    assert book.why("one") == [] and book.why("two") == ["cells changed"]


@pytest.mark.parametrize("kind, said", [
    (PAGE, "chapters/two.md: its run ended with status -9"),
    (KERNEL, "the kernel died")])  # in the first cell, if it was slow
def test_a_run_that_is_killed_is_told_and_leaves_nothing(book, kind, said):
    building = asleep(book)
    wait_until(lambda: len(processes(book, KERNEL))
               == len(processes(book, PAGE)) == 1)
    victim, = processes(book, kind)
    victim.kill()
    status, output = end(book, building)
    assert status == 1 and said in output
    assert book.why("one") == []


@pytest.mark.parametrize("last, status", [
    ("1", 0), ("import os\nos.kill(os.getpid(), 9)", 1)])
def test_what_a_page_starts_ends_with_it(book, last, status):
    book.edit("chapters/two.md", "6 * 7", "import subprocess\n"
              f"x = subprocess.Popen(['sleep', '60'])\n{last}")
    assert end(book, begin(book))[0] == status


def test_of_two_builds_at_once_the_second_waits_and_finds_all_done(book):
    numbered(book, 1)
    both = [begin(book), begin(book)]
    ended = sorted((end(book, process) for process in both),
                   key=lambda result: len(result[1]))
    assert [status for status, _ in ended] == [0, 0], ended
    assert "executed: 2 of 2 pages" in ended[0][1] + ended[1][1]
    assert "executed: 0 of 2 pages" in ended[0][1] + ended[1][1]
    assert "another build of this book is under way" in (
        ended[0][1] + ended[1][1])


def test_half_a_site_is_built_anew(book):
    """What a build that was killed may leave: no word that it ended, pages
    cut short and newer than their sources, a memory that knows them all."""
    assert book.build().returncode == 0
    (book.root / "_build/inputs.json").unlink()
    page = book.root / "_build/html/chapters/one.html"
    whole = page.read_text()
    page.write_text(whole[:99])
    assert book.build().returncode == 0
    assert site_text(page) == re.sub(r"\?v=\w+", "", whole)


def test_what_a_killed_run_left_half_written_is_swept_away(book):
    path = book.root / "notebooks/.two.ipynb.abc"
    path.write_text("{")
    build.forget_orphans(book.root, *[pages_of(book.root)] * 2)
    assert not path.exists()
    assert len(bytes_of(book)) == 2


NO_ROOM = f"""
import os
def full(handle):
    raise OSError({errno.ENOSPC}, os.strerror({errno.ENOSPC}))
os.fsync = full
"""


class Disk:
    """A disk with a book on it: a small one of its own where we may mount
    one, else the fault is acted."""

    def __init__(self, place, book):
        place.mkdir()
        self.real = not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "none", place],
            capture_output=True).returncode
        self.place, self.book = place, book.copy(place / "book")

    def fill(self):
        if not self.real:
            self.book.write("code/sitecustomize.py", NO_ROOM)
            return
        with open(self.place / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def free(self):
        (self.place / "filler").unlink(missing_ok=True)
        (self.book.root / "code/sitecustomize.py").unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path, built_once):
    disk = Disk(tmp_path / "disk", built_once)
    yield disk
    if disk.real:
        subprocess.run(["umount", "-l", disk.place], check=True)


def test_a_full_disk_is_told_and_leaves_all_whole(disk):
    book = disk.book
    before = bytes_of(book)
    book.edit("chapters/two.md", "6 * 7", "6 * 8")
    book.edit("chapters/index.md", "Welcome", "Greeted")
    disk.fill()
    ran = book.build()
    assert ran.returncode == 1
    assert "No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert bytes_of(book) == before
    assert len(os.listdir(book.root / "notebooks")) == 2
    disk.free()
    assert book.executed() == {"two"}
    assert "Greeted" in (
        book.root / "_build/html/chapters/index.html").read_text()
    if disk.real:  # this time where Sphinx writes
        book.edit("chapters/index.md", "# Greeted", "# Hailed\n\n```text\n"
                  + "on and on\n" * 3000 + "```\n\n## More")
        disk.fill()
        assert book.build().returncode == 1
        disk.free()
        assert book.executed() == set()
        assert "Hailed" in (
            book.root / "_build/html/chapters/index.html").read_text()
