"""What a page says of itself to the world, and where the world finds it.

Under the title of a page with code: its notebook, in Binder, in Colab, as a
file. At its foot: links to edit it and to report a mistake, and the day it
last changed. In its head: what a shared link shows. Beside the pages: a page
for addresses that lead nowhere, and a sitemap.

What needs an address is there when the address is known (bookbuild.address).
The days come from git, in builds for publication alone, which SITE_URL marks:
any other build gives the same bytes in every clone, with or without history.
"""

import os
import re
import subprocess
from datetime import date
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

from docutils import nodes

from bookbuild import address, pages

CARD = "card.png"  # of web/static: the picture beside a shared link
WEB = Path(__file__).parent / "web" / "static"
LENGTH = 200  # characters of a description, at most


def setup(app):
    # A setting of the site: where an address changed, every page is written.
    app.add_config_value("book_addresses", {}, "html")
    app.connect("config-inited", note_addresses)
    app.connect("html-collect-pages", lost_page)
    app.connect("html-page-context", add_launch, priority=600)
    app.connect("html-page-context", add_foot, priority=600)
    app.connect("html-page-context", add_head, priority=600)
    app.connect("build-finished", write_map)
    app.connect("build-finished", root_lost_page)
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}


def note_addresses(app, config):
    root = Path(app.srcdir)
    ref, can_edit = address.reference(root)
    config.html_baseurl = address.site(root)
    config.book_addresses = {
        "title": address.settings(root, "title") or config.html_title,
        "repository": address.repository(root), "ref": ref,
        "can_edit": can_edit, "home": address.repository(root, {}),
        "changed": last_changes(root) if os.environ.get("SITE_URL") else {}}
    # jupyter-book hands it to the theme, whose buttons lead to the source
    # of a page and not to its notebook.
    config.html_theme_options.pop("repository_url", None)


def last_changes(root):
    """{page: the day of its last commit, such as 2026-01-31}; empty where
    git, or a whole history, is missing."""
    def git(*words):
        ran = subprocess.run(["git", *words], cwd=root, capture_output=True,
                             text=True)
        return ran.stdout if ran.returncode == 0 else ""
    try:
        if git("rev-parse", "--is-shallow-repository").strip() != "false":
            return {}
        log = git("-c", "core.quotePath=false", "log", "--format=@%cs",
                  "--name-only", "--relative", "--", "chapters")
    except OSError:  # no git
        return {}
    found, day = {}, ""
    for line in log.splitlines():
        if line.startswith("@"):
            day = line[1:]
        elif line:
            found.setdefault(line, day)
    return dict(sorted(found.items()))


def is_site(app):
    return app.builder.name == "html"


# ---- in a page -------------------------------------------------------------

def add_launch(app, name, template, context, doctree):
    """Under the title of a page with code: where its notebook opens."""
    if not is_site(app) or doctree is None or "body" not in context:
        return
    page = pages.Page(Path(app.srcdir), Path(f"{name}.md"))
    if page.stem in pages.reading["drafts"] or not page.store.exists():
        return
    known = app.config.book_addresses
    url, ref, path = known["repository"], known["ref"], (
        f"notebooks/{page.store.name}")
    links = []
    if url:
        links.append(("Binder", address.binder(url, ref, path),
                      "Run this page in the browser, with Binder"))
        if known["home"] and (there := address.colab(url, ref, path)):
            links.append(("Colab", there, "Run this page in Google Colab"))
    launch = "".join(f'<a href="{escape(there)}" title="{said}">{word}</a> '
                     for word, there, said in links)
    own = context["pathto"](f"_notebooks/{page.store.name}", 1)
    words = "or download the" if links else "Download this page as a"
    block = ('<nav class="page-launch" aria-label="Run this page">'
             + (f"<span>Run in</span> {launch}" if links else "")
             + f'<span>{words}</span> <a download href="{escape(own)}" '
             'title="Download this page as a Jupyter notebook, outputs '
             'included">notebook</a></nav>')
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{block}", 1)


def add_foot(app, name, template, context, doctree):
    """At the foot of a page: the day it changed, and where to change it."""
    path = Path(f"{name}.md")
    if (not is_site(app) or doctree is None or "body" not in context
            or not Path(app.srcdir, path).exists() or name == "genindex"):
        return
    known, parts = app.config.book_addresses, []
    if day := known["changed"].get(path.as_posix()):
        parts.append(f'Last changed on <time datetime="{day}">'
                     f"{spelled(day)}</time>.")
    if (url := known["repository"]) and address.is_github(url):
        where = f"{quote(known['ref'])}/{quote(path.as_posix())}"
        parts.append(
            f'<a href="{url}/edit/{where}">Edit this page</a>'
            if known["can_edit"] else
            f'<a href="{url}/blob/{where}">Source of this page</a>')
        parts.append(f'<a href="{url}/issues/new?title='
                     f'{quote(f"{path.stem}: ", safe="")}">'
                     "Report a mistake</a>")
    if parts:
        context["body"] += (
            f'<p class="page-record page-source">{" ".join(parts)}</p>')


def spelled(day):
    told = date.fromisoformat(day)
    return f"{told:%B} {told.day}, {told.year}"


# ---- in a page's head ------------------------------------------------------

def add_head(app, name, template, context, doctree):
    if not is_site(app):
        return
    if doctree is not None:
        context["metatags"] = context.get("metatags", "") + (
            tags(app, name, description(doctree)))
    elif name in ("search", "404"):
        context["metatags"] = (context.get("metatags", "")
                               + '<meta name="robots" content="noindex" />\n')
        context["pageurl"] = None


def tags(app, name, words):
    """What search engines and shared links show of a page, described in
    these words."""
    config, front = app.config, name == app.config.root_doc
    title = config.book_addresses["title"] if front else app.env.titles[name].astext()
    found = [("name", "description", words),
             ("property", "og:title", title),
             ("property", "og:description", words),
             ("property", "og:type", "website" if front else "article"),
             ("property", "og:site_name", config.html_title)]
    if base := config.html_baseurl:
        there = base if front else base + app.builder.get_target_uri(name)
        found.append(("property", "og:url", there))
        if (WEB / CARD).exists():
            found += [("property", "og:image", f"{base}_static/{CARD}"),
                      ("property", "og:image:alt",
                       "Two clouds of points, and the line between them"),
                      ("name", "twitter:card", "summary_large_image")]
    return "".join(f'<meta {kind}="{key}" content="{escape(value)}" />\n'
                   for kind, key, value in found if value)


def description(doctree):
    """The first paragraph of a page's text, cut at the end of a sentence or
    a word; "" where there is none."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section) and not any(
                paragraph.findall(lambda node: isinstance(
                    node, nodes.math | nodes.image | nodes.raw))):
            return shortened(" ".join(paragraph.astext().split()))
    return ""


def shortened(text):
    if len(text) <= LENGTH:
        return text
    whole = re.match(rf".{{60,{LENGTH - 1}}}[.?!](?= )", text)
    return whole[0] if whole else text[:LENGTH - 1].rsplit(" ", 1)[0] + "…"


# ---- beside the pages ------------------------------------------------------

def lost_page(app):
    """404.html, which a server shows in place of a page that isn't there."""
    if is_site(app):
        first = app.builder.get_target_uri(app.config.root_doc)
        yield "404", {"title": "Page not found", "body": (
            '<section id="page-not-found"><h1>Page not found</h1>\n'
            "<p>This address leads to no page of the book. The page may have "
            "been renamed, or the link that brought you here is wrong.</p>\n"
            f'<p>Go to the <a href="{first}">first page</a>, look a word up '
            'in the <a href="genindex.html">index</a>, or '
            '<a href="search.html">search the book</a>.</p></section>'),
        }, "page.html"


RELATIVE = re.compile(
    r'((?:\b(?:href|src|action)|data-content_root)(?:=|: ))'
    r'"(?![a-z]+:|[#/])(?:\./)?', re.I)


def root_lost_page(app, exception):
    """A server shows 404.html under any address: its links must begin at the
    server's root, which is known where the site's address is."""
    path = Path(app.outdir, "404.html")
    if (exception is None and is_site(app) and app.config.html_baseurl
            and path.exists()):
        root = urlsplit(app.config.html_baseurl).path
        path.write_text(RELATIVE.sub(rf'\1"{root}', path.read_text("utf-8")),
                        "utf-8")


def write_map(app, exception):
    """sitemap.xml, whose addresses must be whole: none without the site's."""
    if exception is not None or not is_site(app):
        return
    path, base = Path(app.outdir, "sitemap.xml"), app.config.html_baseurl
    if not base:
        path.unlink(missing_ok=True)
        return
    days = app.config.book_addresses["changed"]
    rows = []
    for name in sorted(app.env.found_docs - {"genindex"}):
        day = days.get(f"{name}.md")
        rows.append(f"<url><loc>{escape(base)}"
                    f"{quote(app.builder.get_target_uri(name))}</loc>"
                    + (f"<lastmod>{day}</lastmod>" if day else "") + "</url>")
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(rows) + "\n</urlset>\n", "utf-8")
