"""Make the book: run the pages that are stale, then Sphinx, then say so.

    python -m bookbuild.build            all of it
    python -m bookbuild.build PAGE       one page, run and built
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from bookbuild.execute import ENVIRONMENT, store, with_text_of
from bookbuild.fingerprint import stale
from bookbuild.pages import (
    ROOT,
    PageError,
    find_page,
    pages_of,
    reading,
    write,
)

WORKERS = 2  # pages run at a time, each on one core
INPUTS = ("genindex.md", "_config.yml", "_toc.yml", "course.yml",
          "references.bib", "requirements.txt", "pyproject.toml",
          "chapters", "code", "data", "notebooks")


def make_book(root=ROOT, only=None):
    """Run what is stale, build the site; return (pages, executed).

    only: a Page; then no other page is run or written.
    """
    with one_at_a_time(root):
        site = root / "_build" / "html"
        done = root / "_build" / "inputs"
        if only is None and done.exists() and (site / "index.html").exists():
            seen, count = done.read_text().split()
            if seen == inputs_digest(root):
                return int(count), []
        pages = [page for page in pages_of(root) if page.code]
        wanted = [only] if only else pages
        executed = run_stale(wanted)
        for page in wanted:
            if page.code:
                refresh_text(page)
        done.unlink(missing_ok=True)
        if only:
            drafts = {page.stem for page in pages
                      if page.stem != only.stem and stale(page)}
            run_sphinx(root, site, only, drafts)
        else:
            forget_orphans(root, pages)
            run_sphinx(root, site)
            write(done, f"{inputs_digest(root)} {len(pages)}\n")
        return len(pages), executed


@contextlib.contextmanager
def one_at_a_time(root):
    """Hold the book's lock; a second build waits for the first."""
    (root / "_build").mkdir(exist_ok=True)
    with open(root / "_build" / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build of this book is under way: waiting for it",
                  flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def inputs_digest(root):
    """Hash of the name, size and time of everything a build reads."""
    seen = hashlib.sha256()
    for name in INPUTS:
        top = root / name
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts:
                at = path.stat()
                seen.update(f"{path.relative_to(root)} {at.st_size} "
                            f"{at.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def run_stale(pages):
    """Run the stale ones of these pages; return [(page, why)].

    Raises PageError with every failure's message when all have ended.
    """
    todo = [(page, why) for page in pages if page.code and (why := stale(page))]
    if failures := run_pages([page for page, _ in todo]):
        raise PageError("\n\n".join(failures))
    return todo


def run_pages(pages, into=None):
    """Run pages, two at a time; return what went wrong, a text a failure.

    A page that fails does not stop the others: what went well is stored, in
    the folder `into` where one is given.
    """
    children = set()
    with runs_shown() as show, ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(run_page, page, show, children, into)
                for page in pages]
        try:
            return [text for job in jobs if (text := job.result())]
        except BaseException:
            for child in list(children):
                child.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def run_page(page, show, children, into):
    """Run a page in a process of its own; return its error, "" if none."""
    update = show(page.stem, expected_seconds(page))
    command = [sys.executable, "-m", "bookbuild.execute", page.path.as_posix(),
               "--root", str(page.root)]
    child = subprocess.Popen(
        command + (["--into", str(into)] if into else []), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | ENVIRONMENT)
    children.add(child)
    errors = []
    listener = threading.Thread(
        target=lambda: errors.append(child.stderr.read()))
    listener.start()
    for line in child.stdout:
        cell, cells = line.split()
        update(int(cell), int(cells))
    child.wait()
    listener.join()
    children.discard(child)
    update(None, None)
    if child.returncode == 0:
        return ""
    return errors[0].strip() or (f"{page.path}: its run ended with status "
                                 f"{child.returncode}")


def expected_seconds(page):
    """What the last run took, or None where no run is known."""
    try:
        return page.stored().metadata.book.seconds
    except (PageError, AttributeError):
        return None


@contextlib.contextmanager
def runs_shown():
    """A progress bar a page under way, plain lines where there is no terminal.

    Yields show(name, expected seconds or None), which returns
    update(cell, cells); update(None, None) when the run is over.
    """
    if not Console().is_terminal:
        def show(name, expected):
            began = time.monotonic()
            hint = f", about {expected:.0f} s" if expected else ""
            print(f"running {name}{hint}", flush=True)

            def update(cell, cells):
                if cell is None:
                    print(f"ended   {name} after "
                          f"{time.monotonic() - began:.0f} s", flush=True)
            return update
        yield show
        return
    columns = (TextColumn("{task.description}"), BarColumn(),
               TextColumn("cell {task.completed}/{task.total}"),
               TimeElapsedColumn(), TextColumn("{task.fields[hint]}"))
    with Progress(*columns) as progress:
        def show(name, expected):
            hint = f"of about {expected:.0f} s" if expected else ""
            task = progress.add_task(name, total=None, hint=hint)

            def update(cell, cells):
                if cell is None:
                    progress.remove_task(task)
                else:
                    progress.update(task, completed=cell, total=cells)
            return update
        yield show


def refresh_text(page):
    """Bring a page's prose into its stored notebook, outputs untouched."""
    stored = page.stored()
    fresh = with_text_of(page, stored)
    if fresh != stored:
        store(page, fresh)


def forget_orphans(root, pages):
    """Delete stored notebooks that no page of the book owns."""
    owned = {page.store for page in pages}
    for path in (root / "notebooks").glob("*.ipynb"):
        if path not in owned:
            path.unlink()
            print(f"removed {path.relative_to(root)}: no page has that name")


def run_sphinx(root, site, only=None, drafts=()):
    """Build the site; warnings are errors.

    A build that fails leaves no memory of what it read, so that the next one
    meets the same fault again; the site that was there stays.
    only: write this page alone, and read the stems in `drafts` as they are,
    without outputs; warnings are then shown and no errors.
    """
    from jupyter_book.sphinx import build_sphinx

    doctrees = root / "_build" / ".doctrees"
    reading["drafts"] = frozenset(drafts)
    result = build_sphinx(
        str(root), str(site), path_config=root / "_config.yml", noconfig=True,
        confoverrides={"external_toc_path": (root / "_toc.yml").as_posix(),
                       "latex_individualpages": False},
        doctreedir=str(doctrees), quiet=True, warningiserror=not drafts,
        filenames=[str(root / only.path)] if only else None)
    if result != 0 or drafts:
        shutil.rmtree(doctrees, ignore_errors=True)
    if result != 0:
        raise PageError("Sphinx stopped at the fault printed above")
    if not (site / "index.html").exists():
        write(site / "index.html", '<meta http-equiv="refresh" content="0; '
              'url=chapters/index.html">\n')


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else None
    try:
        only = find_page(name) if name else None
        count, executed = make_book(ROOT, only)
    except PageError as error:
        sys.exit(f"\n{error}")
    except OSError as error:
        sys.exit(f"\nThe book can't be built: {error}. What was built and "
                 "stored before is untouched.")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Pages that had ended are stored; the next "
                 "run goes on from there.")
    target = only.path.with_suffix(".html") if only else Path("index.html")
    print(f"\nthe book: {Path('_build/html') / target}")
    print(f"executed: {len(executed)} of {count} pages")
    for page, why in executed:
        print(f"executed: {page.stem} ({', '.join(why[:3])})")


if __name__ == "__main__":
    main()
