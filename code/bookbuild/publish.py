"""The site as it is published: `make site` puts it together in _build/site.

    python -m bookbuild.publish

It holds the built pages and, beside them, the book to download: the PDF, the
EPUB, and a zip of the notebooks with the code and the data they need. Pages
that bear the mark MARK offer what is there, with its size and its day; in
_build/html, where nothing is to be had, the mark shows nothing. No script is
needed, so the offer stands when the site is opened from a folder too.
"""

import os
import shutil
import sys
import time
import tomllib
import zipfile
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from bookbuild import address, share
from bookbuild.build import one_at_a_time
from bookbuild.pages import ROOT, PageError

MARK = "<!-- downloads -->"  # in the text of a page
OFFERS = {  # file below the site: what it is called
    "book.pdf": "PDF", "book.epub": "EPUB",
    "notebooks.zip": "notebooks with code and data, as a zip"}
MADE = {"book.pdf": "_build/pdf/book.pdf", "book.epub": "_build/epub/book.epub"}
ZIPPED = {  # what the zip holds: its name there, where that is another
    "LICENSE": "", "LICENSE-TEXT.md": "", "pyproject.toml": "",
    "binder/requirements.txt": "requirements.txt", "code/scratch/**/*": "",
    "data/*": "", "notebooks/*.ipynb": ""}
README = """\
The notebooks of the book
{title}, version {version},
with the code and the data they need.

Have Python 3.11 or newer, and in this folder

    pip install -r requirements.txt
    jupyter lab notebooks

Keep the folders together: a notebook looks for the code in the folder above
it. Then no network is needed. The book's home: {home}
"""


def assemble(root=ROOT):
    """Put the site together; return (its folder, {offer: bytes})."""
    build = root / "_build"
    if not (build / "html/index.html").exists():
        raise PageError("there are no built pages to publish; build them "
                        "with: make book")
    with one_at_a_time(root):
        aside = build / "site.new"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(build / "html", aside,
                        ignore=shutil.ignore_patterns(".*"))
        for name, made in MADE.items():
            if (root / made).exists():
                shutil.copy2(root / made, aside / name)
        zip_notebooks(root, aside / "notebooks.zip")
        offer(aside)
        if dead := dead_links(aside, urlsplit(address.site(root)).path):
            raise PageError("links of the site lead nowhere:\n"
                            + "\n".join(dead[:20]))
        site = build / "site"
        shutil.rmtree(site, ignore_errors=True)
        os.replace(aside, site)
    return site, {name: (site / name).stat().st_size for name in OFFERS
                  if (site / name).exists()}


# ---- the notebooks --------------------------------------------------------

def zip_notebooks(root, target):
    """The notebooks and what they need, in a folder of their own; the same
    bytes for the same files."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    version = project["project"]["version"]
    top = f"notebooks-{version}"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        add(file, f"{top}/README.txt", README.format(
            title=address.settings(root, "title"), version=version,
            home=address.site(root) or address.repository(root)
            or "not known when this was made").encode())
        for pattern, name in ZIPPED.items():
            for path in sorted(root.glob(pattern)):
                if path.is_file() and "__pycache__" not in path.parts:
                    add(file, f"{top}/{name or path.relative_to(root).as_posix()}",
                        path.read_bytes())


def add(file, name, content):
    entry = zipfile.ZipInfo(name)  # of 1980: no day of this machine's
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    file.writestr(entry, content)


# ---- the offer ------------------------------------------------------------

def offer(site):
    """Put the offer where pages bear the mark."""
    marked = 0
    for path in sorted(site.rglob("*.html")):
        text = path.read_text("utf-8")
        if MARK in text:
            marked += 1
            up = "../" * (len(path.relative_to(site).parts) - 1)
            path.write_text(text.replace(MARK, offered(site, up)), "utf-8")
    if not marked:
        raise PageError(f"no page bears the mark {MARK}, so none offers the "
                        "book for download")


def offered(site, up):
    """What a page says of the files that are there, as HTML.

    up: the way from the page to the site's root, such as "../".
    """
    there = {name: (site / name).stat() for name in OFFERS
             if (site / name).exists()}
    days = {name: datetime.fromtimestamp(about.st_mtime, UTC).date().isoformat()
            for name, about in there.items()}
    same = len(set(days.values())) == 1
    parts = [f'<a href="{up}{name}" download>{OFFERS[name]}</a> '
             f"({size(about.st_size)}"
             + ("" if same else f", {dated(days[name])}") + ")"
             for name, about in there.items()]
    made = f", made on {dated(min(days.values()))}" if same else ""
    return (f'<p class="page-downloads">Download{made}: '
            f'{", ".join(parts)}.</p>')


def dated(day):
    return f'<time datetime="{day}">{share.spelled(day)}</time>'


def size(count):
    """Bytes as a person says them: 2.8 MB, 340 KB."""
    if count >= 999_500:
        return f"{count / 1e6:.1f}&nbsp;MB"
    return f"{max(1, round(count / 1e3))}&nbsp;KB"


# ---- links ----------------------------------------------------------------

class Addresses(HTMLParser):
    """Where a page's links, pictures, styles and scripts lead."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs
                       if name in ("href", "src") and value]


def dead_links(site, base=""):
    """Each link to a file that the site doesn't have, with its page.

    base: the path of the site's address, below which the 404 page looks;
    "" where it is unknown.
    """
    dead = []
    for page in sorted(site.rglob("*.html")):
        if page.relative_to(site).parts[0].startswith("_"):
            continue  # a theme's template
        reader = Addresses()
        reader.feed(page.read_text("utf-8"))
        for link in dict.fromkeys(reader.found):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            path = unquote(parts.path)
            target = page.parent / path
            if path.startswith("/"):
                target = (site / path.removeprefix(base)
                          if base and path.startswith(base) else None)
            if target and target.is_dir():
                target /= "index.html"
            if not target or not target.exists():
                dead.append(f"{page.relative_to(site)}: {link}")
    return dead


def main():
    began = time.monotonic()
    try:
        site, offers = assemble()
    except PageError as error:
        sys.exit(f"\n{error}")
    count = sum(path.stat().st_size for path in site.rglob("*")
                if path.is_file())
    if os.environ.get("SITE_URL") and not share.last_changes(ROOT):
        print("The clone's history is cut short (or git is missing): pages do "
              "not say when they last changed")
    print(f"\nthe site: {site.relative_to(ROOT)}, {count / 1e6:.0f} MB, "
          f"put together in {time.monotonic() - began:.0f} s")
    for name in OFFERS:
        said = (size(offers[name]).replace("&nbsp;", " ") if name in offers
                else "not there, so not offered; made by: make "
                + name.rpartition(".")[2])
        print(f"{name}: {said}")


if __name__ == "__main__":
    main()
