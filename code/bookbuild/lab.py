"""Open a page's notebook in JupyterLab: python -m bookbuild.lab PAGE.

What opens is a copy in mine/, for the reader to change. It is made once: a
copy that is there is the reader's, and is opened as it is.
"""

import os
import sys

from bookbuild.pages import ROOT, PageError, find_page


def own_copy(page):
    """(path, whether it was made now) of the reader's copy of a page."""
    if page.stored() is None:
        raise PageError(f"{page.path} has no notebook; " + (
            f"run its cells with: make page P={page.stem}" if page.code
            else "it has no code"))
    path = page.root / "mine" / page.store.name
    path.parent.mkdir(exist_ok=True)
    try:
        with open(path, "xb") as file:
            file.write(page.store.read_bytes())
        return path, True
    except FileExistsError:
        return path, False


def main():
    try:
        if len(sys.argv) < 2 or not sys.argv[1]:
            raise PageError("Which page? make lab P=01_perceptrons")
        page = find_page(sys.argv[1], ROOT)
        path, made = own_copy(page)
    except PageError as error:
        sys.exit(f"\n{error}")
    name = path.relative_to(ROOT)
    print(f"{name}: a copy of the page, yours to change" if made else
          f"{name}: your copy, as you left it (move it away, and the page's "
          "present notebook takes its place)", flush=True)
    os.chdir(ROOT)
    os.execv(sys.executable, [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}",
        *sys.argv[2:], str(path)])


if __name__ == "__main__":
    main()
