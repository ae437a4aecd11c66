"""Run one page in a clean kernel and store it.

    python -m bookbuild.execute PAGE

What went wrong is told on stderr and by the exit status; the store is
replaced only by a run that went well.
"""

import argparse
import contextlib
import copy
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

from bookbuild.fingerprint import (
    digest,
    file_digest,
    fingerprint,
    hand_edits,
    modules_of,
    seal,
)
from bookbuild.kernel import BOOK, REPORT, state
from bookbuild.pages import (
    ROOT,
    PageError,
    code_cells,
    find_page,
    pages_of,
    write,
)

# One thread a page (two on busy cores are slower), and the same bytes twice:
# sets in one order, no date in figures.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
               "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
               "SOURCE_DATE_EPOCH": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
NO_NUMBER = re.compile(r"(?:[\w.]+\()?-?(?:nan|inf)\)?")  # np.float64(nan)
PATIENCE = 8  # times its budget by the clock: slow cores, held by others too
TIMING = "timing"  # tag of a cell whose output is another at each run


def execute(page, progress=lambda cell, cells: None):
    """Run a page's cells in order in a fresh kernel; return the notebook.

    progress: called with the number of the cell that starts, and of cells.
    Raises PageError naming page, line and cell: a cell that fails, one that
    takes too long or too much memory, a kernel that dies, output that could
    not be the same twice.
    """
    notebook = copy.deepcopy(page.notebook)
    lines = notebook.metadata.pop("source_map")
    names = [f"{page.path}:{line}: code cell" for line, cell
             in zip(lines, notebook.cells) if cell.cell_type == "code"]
    names = [f"{name} {number}" for number, name in enumerate(names, 1)]
    # As things are before the run: what changes under it makes it stale.
    found = fingerprint(page)
    run = run_cells(page, notebook, names, progress)
    if run["megabytes"] > page.budget[1]:
        raise PageError(f"{page.path} used {run['megabytes']:.0f} MB, its "
                        f"budget is {page.budget[1]:g} MB")
    if hidden := sorted(set(run["modules"]) - set(modules_of(page))):
        raise PageError(f"{page.path} loads {hidden[-1]}, which no import "
                        "statement that it reaches names: write one, so that "
                        "a change of that module is noticed")
    for name, cell in zip(names, code_cells(notebook)):
        refuse_unstable(cell, name)
    number_cells(notebook)
    notebook.metadata.book = {
        "page": page.path.as_posix(), "seconds": round(run["seconds"], 1),
        "megabytes": round(run["megabytes"]),
        "fingerprint": found | {
            name: file_digest(page.root / name)
            if at == state(page.root / name) else "changed during the run"
            for name, at in run["files"].items()}}
    return notebook


def refuse_slow(page, notebook):
    """Refuse a run that took more than the page's budget of seconds: one
    that is to be stored, and not one that only tells of its results on
    whatever machine that is."""
    if notebook.metadata.book["seconds"] > page.budget[0]:
        raise PageError(f"{page.path} took "
                        f"{notebook.metadata.book['seconds']:.0f} s of a core, "
                        f"its budget is {page.budget[0]:g} s")


def run_cells(page, notebook, names, progress):
    """Run a notebook's cells in a kernel that ends with them.

    names: what to call each code cell in a message. Returns the kernel's
    report: the book's files it opened, the modules it held, its megabytes
    and seconds of processor.
    """
    seconds = PATIENCE * page.budget[0]
    began, started = time.monotonic(), []

    def start_cell(cell, cell_index, **_):
        started.append(names[len(started)])
        progress(len(started), len(names))

    with tempfile.TemporaryDirectory() as folder:
        report, workplace = Path(folder) / "report", Path(folder) / "work"
        workplace.mkdir()
        # In place of the settings for figures that this machine may have.
        (workplace / "matplotlibrc").touch()
        client = NotebookClient(
            notebook, kernel_name="python3", record_timing=False,
            coalesce_streams=True,
            # Asked to leave, one kernel in three takes seconds to do so.
            shutdown_kernel="immediate",
            timeout_func=lambda cell: max(
                0.1, seconds - (time.monotonic() - began)),
            on_cell_execute=start_cell,
            extra_arguments=["--IPKernelApp.extensions=bookbuild.kernel",
                             "--IPKernelApp.log_level=40",
                             "--HistoryManager.enabled=False"],
            resources={"metadata": {"path": str(workplace)}})
        kernel = client.create_kernel_manager()
        # Sockets here, and no ports: another kernel may take one meanwhile.
        kernel.transport, kernel.ip = "ipc", f"{folder}/socket"
        kernel.connection_file = f"{folder}/kernel.json"
        try:
            client.execute(env=os.environ | ENVIRONMENT | {
                BOOK: str(page.root), REPORT: str(report),
                "IPYTHONDIR": folder, "SCRATCH_DATA": str(page.root / "data")})
            return json.loads(report.read_text())
        except CellExecutionError as error:
            raise PageError(f"{started[-1]} failed\n{error}") from error
        except CellTimeoutError as error:
            raise PageError(
                f"{started[-1]} was under way after {seconds:g} s, which is "
                f"{PATIENCE} times the page's budget") from error
        except (DeadKernelError, RuntimeError) as error:
            raise PageError(f"{(started or names)[-1]}: the kernel died "
                            "(killed, or out of memory)") from error
        finally:
            end(kernel)


def end(kernel):
    """Kill what is left of a kernel, and of what its cells started."""
    group = kernel.provisioner and kernel.provisioner.pgid
    if group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def refuse_unstable(cell, name):
    """Refuse output that has no place on a page, or differs at each run."""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            raise PageError(f"{name} wrote to stderr:\n{output.text}")
        text = output.get("text") or output.get("data", {}).get("text/plain")
        if text and ADDRESS.search(text):
            raise PageError(f"{name} prints a memory address, which differs "
                            f"at each run:\n{text}")
        glued = output.get("metadata", {}).get("scrapbook", {}).get("name")
        for value in output.get("data", {}).values() if glued else ():
            if NO_NUMBER.fullmatch(str(value)):
                raise PageError(f"{name} glues {glued}, which is {value}")


def number_cells(notebook):
    """Name cells and count code cells in order, the same way at each run."""
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    for number, cell in enumerate(code_cells(notebook), 1):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number


def store(page, notebook, folder=None):
    """Write a page's notebook whole, with the bytes nbformat gives it.

    folder: where, if not where the page's notebook is kept.
    """
    with contextlib.suppress(PageError):
        if (old := page.stored()) and old.metadata.get("book"):
            keep_measured(notebook, old)
    seal(notebook)
    path = folder / page.store.name if folder else page.store
    write(path, nbformat.v4.writes(notebook) + "\n")


def keep_measured(new, old):
    """Where a run gave what the last one gave, keep what is measured and
    differs at each run: seconds, megabytes, cells tagged `timing`."""
    def lasting(notebook):
        return [notebook.metadata.book.fingerprint] + [
            [cell.source, timed(cell) or cell.outputs]
            for cell in code_cells(notebook)]

    if hand_edits(old) or lasting(new) != lasting(old):
        return
    for name in ("seconds", "megabytes"):
        new.metadata.book[name] = old.metadata.book[name]
    for cell, before in zip(code_cells(new), code_cells(old)):
        if timed(cell):
            cell.outputs = before.outputs


def timed(cell):
    return TIMING in cell.metadata.get("tags", [])


def with_text_of(page, stored):
    """The stored notebook with the page's present text and cell metadata."""
    fresh = copy.deepcopy(page.notebook)
    fresh.metadata.pop("source_map")
    for cell, old in zip(code_cells(fresh), code_cells(stored)):
        cell.outputs = copy.deepcopy(old.outputs)
    number_cells(fresh)
    fresh.metadata.book = stored.metadata.book | {"page": page.path.as_posix()}
    fresh.metadata.language_info = stored.metadata.language_info
    return fresh


def chosen(pages, commit, count=2):
    """The pages that a commit's hash chooses; another commit, others."""
    return sorted(pages, key=lambda page: digest(commit + page.stem))[:count]


def end_with_parent():
    """End this process when the one that started it is gone, however that
    one ended: it holds the other end of our standard input, and writes
    nothing."""
    def stop(*_):
        raise SystemExit("the build that asked for this run has ended")

    def wait():
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, stop)
    threading.Thread(target=wait, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(prog="bookbuild.execute",
                                     description=__doc__)
    parser.add_argument("page", nargs="?", help="its stem or its path")
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--check", action="store_true",
                        help="store nothing: only see the page run")
    parser.add_argument("--chosen-by", metavar="COMMIT",
                        help="two pages chosen by a hash, in place of PAGE")
    parser.add_argument("--into", type=Path, help="store in this folder")
    parser.add_argument("--leashed", action="store_true",
                        help="end when standard input ends")
    asked = parser.parse_args()
    if asked.leashed:
        end_with_parent()
    try:
        if asked.chosen_by:
            pages = chosen([p for p in pages_of(asked.root) if p.code],
                           asked.chosen_by)
        else:
            pages = [find_page(asked.page or "", asked.root)]
        for page in pages:
            notebook = execute(page, lambda cell, cells: print(
                cell, cells, flush=True))
            if not asked.check:
                refuse_slow(page, notebook)
                store(page, notebook, asked.into)
    except (PageError, OSError) as error:
        text = (str(error) if isinstance(error, PageError)
                else f"{asked.page} could not be run and stored: {error}")
        print(text if sys.stderr.isatty() else ANSI.sub("", text),
              file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
