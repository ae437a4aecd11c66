"""Run one page in a clean kernel and store it.

    python -m bookbuild.execute PAGE

What went wrong is told on stderr and by the exit status; the store is
replaced only by a run that went well.
"""

import argparse
import copy
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

from bookbuild.fingerprint import digest, fingerprint, outputs_digest
from bookbuild.kernel import DATA, REPORT
from bookbuild.pages import ROOT, PageError, find_page, pages_of, write

# One thread a page (two on busy cores are slower), and the same bytes twice:
# sets in one order, no date in figures.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
               "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0",
               "SOURCE_DATE_EPOCH": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")


def execute(page, progress=lambda cell, cells: None):
    """Run a page's cells in order in a fresh kernel; return the notebook.

    progress: called with the number of the cell that starts, and of cells.
    Raises PageError naming page, line and cell: a cell that fails, a run over
    its budget, a kernel that dies, output that could not be the same twice.
    """
    notebook = copy.deepcopy(page.notebook)
    lines = notebook.metadata.pop("source_map")
    code = [(line, cell) for line, cell in zip(lines, notebook.cells)
            if cell.cell_type == "code"]
    seconds, megabytes = page.budget
    began, current = time.monotonic(), {"number": 0}

    def where(number=None):
        number = number or current["number"]
        return f"{page.path}:{code[number - 1][0]}: code cell {number}"

    def start_cell(cell, cell_index, **_):
        current["number"] += 1
        progress(current["number"], len(code))

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        workplace = Path(folder) / "work"
        workplace.mkdir()
        os.environ.update(ENVIRONMENT | {REPORT: str(report),
                                         DATA: str(page.root / "data")})
        client = NotebookClient(
            notebook, kernel_name="python3", record_timing=False,
            coalesce_streams=True,
            timeout_func=lambda cell: max(
                0.1, seconds - (time.monotonic() - began)),
            on_cell_execute=start_cell,
            extra_arguments=["--IPKernelApp.extensions=bookbuild.kernel",
                             "--IPKernelApp.log_level=40"],
            resources={"metadata": {"path": str(workplace)}})
        try:
            client.execute()
        except CellExecutionError as error:
            raise PageError(f"{where()} failed\n{error}") from error
        except CellTimeoutError as error:
            raise PageError(f"{where()} was under way when the page's budget "
                            f"of {seconds:g} s was used up") from error
        except DeadKernelError as error:
            raise PageError(f"{where()}: the kernel died (killed, or out of "
                            "memory)") from error
        took = time.monotonic() - began
        run = json.loads(report.read_text())

    if run["megabytes"] > megabytes:
        raise PageError(f"{page.path} used {run['megabytes']:.0f} MB, its "
                        f"budget is {megabytes:g} MB")
    for number, (_, cell) in enumerate(code, 1):
        refuse_unstable(cell, where(number))
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    notebook.metadata.book = {
        "page": page.path.as_posix(), "seconds": round(took, 1),
        "megabytes": round(run["megabytes"]),
        "outputs": outputs_digest(notebook),
        "fingerprint": fingerprint(page, run["data"])}
    return notebook


def refuse_unstable(cell, where):
    """Refuse output that has no place on a page, or differs at each run."""
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            raise PageError(f"{where} wrote to stderr:\n{output.text}")
        text = output.get("text") or output.get("data", {}).get("text/plain")
        if text and ADDRESS.search(text):
            raise PageError(f"{where} prints a memory address, which differs "
                            f"at each run:\n{text}")


def store(page, notebook, folder=None):
    """Write a page's notebook whole, with the bytes nbformat gives it.

    folder: where, if not where the page's notebook is kept.
    """
    path = folder / page.store.name if folder else page.store
    write(path, nbformat.v4.writes(notebook) + "\n")


def with_text_of(page, stored):
    """The stored notebook with the page's present text and cell metadata."""
    fresh = copy.deepcopy(page.notebook)
    fresh.metadata.pop("source_map")
    kept = iter([c for c in stored.cells if c.cell_type == "code"])
    for number, cell in enumerate(fresh.cells, 1):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            old = next(kept)
            cell.outputs = old.outputs
            cell.execution_count = old.execution_count
    fresh.metadata.book = stored.metadata.book
    fresh.metadata.language_info = stored.metadata.language_info
    return fresh


def chosen(pages, commit, count=2):
    """The pages that a commit's hash chooses; another commit, others."""
    return sorted(pages, key=lambda page: digest(commit + page.stem))[:count]


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
    asked = parser.parse_args()
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
                store(page, notebook, asked.into)
    except (PageError, OSError) as error:
        text = str(error)
        print(text if sys.stderr.isatty() else ANSI.sub("", text),
              file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
