"""Make the book: run the pages that are stale, then Sphinx, then say so.

    python -m bookbuild.build            all of it
    python -m bookbuild.build PAGE       one page, run and built
"""

import contextlib
import fcntl
import itertools
import json
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

from bookbuild import address
from bookbuild.execute import ENVIRONMENT
from bookbuild.fingerprint import hand_edits, stale
from bookbuild.kernel import state
from bookbuild.pages import (
    ROOT,
    Page,
    PageError,
    code_of,
    find_page,
    pages_of,
    reading,
    write,
)

WORKERS = 2  # pages run at a time, each on one core
INPUTS = ("genindex.md", "_config.yml", "_toc.yml", "course.yml",
          "references.bib", "requirements.txt", "pyproject.toml",
          "chapters", "code", "data", "notebooks")
PUBLISHED = "the environment"  # among the inputs


def make_book(root=ROOT, only=None):
    """Run what is stale, build the site; return (pages, executed).

    only: a Page; then no other page is run or written.
    """
    build = root / "_build"
    with one_at_a_time(root):
        before, last = inputs(root), last_inputs(build)
        if (only is None and last == before
                and (build / "html/index.html").exists()):
            # Each page with code has its notebook, and nothing else has.
            return sum(name.endswith(".ipynb") for name in last), []
        pages = pages_of(root)
        wanted = [only] if only else touched(pages, last, before)
        executed = bring_up_to_date(root, pages, wanted)
        if only:
            # The next build of the book will write this page again.
            note_inputs(build, last and {
                name: at for name, at in last.items()
                if name != only.path.as_posix()})
            run_sphinx_for(only, pages)
        else:
            forget_orphans(root, pages, wanted)
            note_inputs(build, None)
            forget_changed(build / ".doctrees", last, before)
            stores = {name: at for name, at in inputs(root).items()
                      if name.startswith("notebooks/")}
            run_sphinx(root, build / ".doctrees")
            forget_html(build / "html", pages)
            # What changed while this build ran is for the next one.
            note_inputs(build, {name: at for name, at in before.items()
                                if not name.startswith("notebooks/")}
                        | stores | reading["stored"])
        return sum(page.store.exists() for page in pages), executed


def touched(pages, last, now):
    """The pages that may have to run, or whose notebook may be another's.

    last, now: the book's inputs at the last build that came to its end, and
    as they are. Where nothing but pages and notebooks changed, these are the
    pages among what changed, and those whose run opened some of it, which
    their fingerprints name; else all of them.
    """
    if last is None:
        return pages
    changed = [name for name in now.keys() | last.keys()
               if now.get(name) != last.get(name)]
    if not all(name.startswith(("chapters/", "notebooks/"))
               for name in changed):
        return pages
    opened = [f'"{name}"' for path in map(Path, changed) for name in (
        path.as_posix(), f"{path.parent.as_posix()}/")]

    def may_run(page):
        store = page.store.relative_to(page.root).as_posix()
        if page.path.as_posix() in changed or store in changed:
            return True
        text = page.store.read_text("utf-8") if page.store.exists() else ""
        return any(name in text for name in opened)

    return [page for page in pages if may_run(page)]


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


def inputs(root):
    """Everything a build reads: {name: the file's state}, and what stands in
    the environment."""
    found = {PUBLISHED: published(root)}
    for name in INPUTS:
        top = root / name
        for path in top.rglob("*") if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                found[path.relative_to(root).as_posix()] = state(path)
    return found


def published(root):
    """What a build takes from the environment, and from git if it is told to:
    addresses, and the commit whose history dates the pages."""
    commit = ""
    if os.environ.get("SITE_URL"):
        with contextlib.suppress(OSError):  # no git
            commit = subprocess.run(
                ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True,
                text=True).stdout.strip()
    return [address.repository(root), *address.reference(root),
            address.site(root), commit]


def last_inputs(build):
    """The inputs of the last build that came to its end, None if unknown."""
    try:
        return json.loads((build / "inputs.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def note_inputs(build, found):
    if found is None:
        (build / "inputs.json").unlink(missing_ok=True)
    else:
        write(build / "inputs.json", json.dumps(found, indent=0))


def forget_changed(doctrees, last, now):
    """Have Sphinx read again what changed, whatever the clock says.

    Sphinx goes by times: a file older than its last reading seems unchanged.
    It does not see that its own extensions changed, nor that a build was
    killed and left half a site: after these it starts anew.
    """
    memory = doctrees / "environment.pickle"
    if last is None or not memory.exists():
        shutil.rmtree(doctrees, ignore_errors=True)
        return
    for name in now.keys() | last.keys():
        if (now.get(name) == last.get(name) or name == PUBLISHED
                or name.startswith("notebooks/")):
            continue
        if name.startswith("chapters/") and name.endswith(".md"):
            forget_page(doctrees, name)
        elif (name.startswith("code/bookbuild/") or name == "requirements.txt"
              or now.get(name, [0, 0])[1] < memory.stat().st_mtime_ns):
            shutil.rmtree(doctrees, ignore_errors=True)
            return


def forget_page(doctrees, name):
    (doctrees / name).with_suffix(".doctree").unlink(missing_ok=True)


def bring_up_to_date(root, pages, wanted):
    """Run the stale ones of the wanted pages; return [(page, why)] for those.
    """
    wanted = [page for page in wanted if page.code]
    for page in wanted:
        if not page.store.exists():
            adopt(page, orphans(root, pages, wanted))
    executed = run_stale(wanted)
    for page in wanted:
        for what in hand_edits(page.stored()):
            print(f"{page.store.relative_to(page.root)}: {what} changed by "
                  "hand; it is mended")
    return executed


def orphans(root, pages, wanted):
    """Stored notebooks that no page of the book owns.

    wanted: the pages to look into; what the others own is theirs still.
    """
    owned = {page.store for page in pages if page not in wanted or page.code}
    return sorted(set((root / "notebooks").glob("*.ipynb")) - owned)


def adopt(page, notebooks):
    """Give a page that was renamed the notebook it had: same code."""
    for path in notebooks:
        with contextlib.suppress(PageError):
            if code_of(Page(page.root, Path(path.name)).stored()) == page.code:
                os.replace(path, page.store)
                return


def run_stale(pages):
    """Run the stale ones of these pages; return [(page, why)].

    Raises PageError with every failure's message when all have ended.
    """
    todo = [(page, why) for page in pages if (why := stale(page))]
    if failures := run_pages([page for page, _ in todo]):
        raise PageError("\n\n".join(failures))
    return todo


def run_pages(pages, into=None):
    """Run pages, two at a time; return what went wrong, a text a failure.

    A page that fails does not stop the others: what went well is stored, in
    the folder `into` where one is given.
    """
    # The runs read from `leash`, to which nothing is ever written; they end
    # when `hold` closes, which it does even when this process is killed.
    leash, hold = os.pipe()
    with runs_shown() as show, ThreadPoolExecutor(WORKERS) as pool:
        try:
            jobs = [pool.submit(run_page, page, show, leash, into)
                    for page in pages]
            return [text for job in jobs if (text := job.result())]
        finally:
            os.close(hold)
            pool.shutdown(cancel_futures=True)
            os.close(leash)


def run_page(page, show, leash, into):
    """Run a page in a process of its own; return its error, "" if none."""
    update = show(page.stem, expected_seconds(page))
    command = [sys.executable, "-m", "bookbuild.execute", page.path.as_posix(),
               "--root", str(page.root), "--leashed"]
    errors = []
    # A session of its own: Ctrl-C reaches us alone, and we let go the leash.
    with subprocess.Popen(
            command + (["--into", str(into)] if into else []), text=True,
            stdin=leash, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | ENVIRONMENT, start_new_session=True) as child:
        listener = threading.Thread(
            target=lambda: errors.append(child.stderr.read()))
        listener.start()
        for line in child.stdout:
            cell, cells = line.split()
            update(int(cell), int(cells))
        listener.join()
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


def forget_orphans(root, pages, wanted):
    """Delete the notebooks of pages that are gone, and what a killed run left
    half written. A file that no run wrote under its name is a reader's own,
    and goes to mine/."""
    for path in orphans(root, pages, wanted):
        if own_record(root, path):
            path.unlink()
            print(f"removed {path.relative_to(root)}: no page has that name")
        else:
            aside = free_name(root / "mine" / path.name)
            aside.parent.mkdir(exist_ok=True)
            os.replace(path, aside)
            print(f"moved {path.relative_to(root)} to "
                  f"{aside.relative_to(root)}: no page has that name")
    for path in (root / "notebooks").glob(".*.ipynb.*"):
        path.unlink(missing_ok=True)


def own_record(root, path):
    """Does this notebook bear the record of a page of its name, unchanged?"""
    try:
        stored = Page(root, Path(path.name)).stored()
    except PageError:
        return False
    record = stored.metadata.get("book")
    return bool(record and Path(record.page).stem == path.stem
                and not hand_edits(stored))


def free_name(path):
    """This path, or the first path-1, path-2, … where no file is."""
    names = itertools.chain([path], (
        path.with_stem(f"{path.stem}-{n}") for n in itertools.count(1)))
    return next(name for name in names if not name.exists())


def forget_html(site, pages):
    """Delete what the site holds of pages that the book no longer has."""
    owned = {site / page.path.with_suffix(".html") for page in pages}
    for path in (site / "chapters").rglob("*.html"):
        if path not in owned:
            path.unlink()


def run_sphinx_for(page, pages):
    """Build one page. Sphinx has a memory of its own for this, in which the
    pages that wait for a run may be read as they are."""
    build = page.root / "_build"
    doctrees = build / ".doctrees-page"
    if not doctrees.exists() and (build / ".doctrees").exists():
        shutil.copytree(build / ".doctrees", doctrees)
    forget_page(doctrees, page.path)
    run_sphinx(page.root, doctrees, page, frozenset(
        other.stem for other in pages
        if other.code and other.stem != page.stem and stale(other)))


def run_sphinx(root, doctrees, only=None, drafts=frozenset()):
    """Build the site; warnings are errors.

    doctrees: where Sphinx keeps what it read. A build that fails leaves no
    such memory, so that the next one meets the same fault again; the site
    that was there stays.
    only: write this page alone, and read the stems in `drafts` as they are,
    without outputs; warnings are then shown and no errors.
    """
    from jupyter_book.sphinx import build_sphinx

    site = root / "_build" / "html"
    reading.update(drafts=drafts, stored={})
    result = build_sphinx(
        str(root), str(site), path_config=root / "_config.yml", noconfig=True,
        confoverrides={"external_toc_path": (root / "_toc.yml").as_posix(),
                       "latex_individualpages": False},
        doctreedir=str(doctrees), quiet=True, warningiserror=not drafts,
        filenames=[str(root / only.path)] if only else None)
    if result != 0:
        shutil.rmtree(doctrees, ignore_errors=True)
        if isinstance(result, KeyboardInterrupt):
            raise result
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
    for sentence in address.unknown(ROOT):
        print(sentence)
    print(f"\nthe book: {Path('_build/html') / target}")
    print(f"executed: {len(executed)} of {count} pages")
    for page, why in executed:
        print(f"executed: {page.stem} ({', '.join(why[:3])})")


if __name__ == "__main__":
    main()
