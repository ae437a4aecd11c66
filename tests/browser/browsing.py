"""The built book, a server for it, and Chromium to look at it.

The book under _build/html is looked at; BOOK_SITE names another folder. It is
served packed and below /a/b/, since a site may lie anywhere, and Chromium
finds no other host, so nothing can lean on one.
"""

import contextlib
import gzip
import http.server
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = Path(os.environ.get(
    "BOOK_SITE", Path(__file__).parents[2] / "_build" / "html"))
CHROMIUM = "/usr/bin/chromium"
BELOW = "/a/b/"
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css",
         ".js": "text/javascript", ".svg": "image/svg+xml",
         ".woff": "font/woff", ".woff2": "font/woff2", ".png": "image/png"}
PACKED = (".woff", ".woff2", ".png", ".jpg")  # gzip would gain nothing
PHONE = {"width": 390, "height": 844, "is_mobile": True, "has_touch": True,
         "device_scale_factor": 2}


def site_pages():
    """Every page of the book, as a path below the site; index.html, the
    door, only leads to one of them."""
    return sorted(path.relative_to(SITE).as_posix()
                  for path in SITE.rglob("*.html")
                  if not path.relative_to(SITE).parts[0].startswith("_")
                  and 'http-equiv="refresh"' not in path.read_text("utf-8"))


def pages_with(text):
    return [page for page in site_pages()
            if text in (SITE / page).read_text("utf-8")]


def packed(file):
    """What a server sends of a file."""
    content = file.read_bytes()
    return content if file.name.endswith(PACKED) else gzip.compress(content)


class Served(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        file = SITE / path.removeprefix(BELOW)
        if file.is_dir():
            file /= "index.html"
        found = path.startswith(BELOW) and file.is_file()
        body = packed(file) if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", KINDS.get(
            file.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        if found and not file.name.endswith(PACKED):
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the page was closed
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def chromium():
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage",
                  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"])
        yield found
        found.close()


def open_page(browser, url, width=1400, height=900, theme="light", before="",
              **options):
    """A page of the book, or at another address, loaded and settled.

    What went wrong while it loaded is in the page's `problems`, what it
    asked for in `requests`. before: a script that runs first. Other options
    go to Playwright's new_context; the caller closes the context.
    """
    context = browser.new_context(viewport={"width": width, "height": height},
                                  color_scheme=theme, **options)
    page = context.new_page()
    listen(page)
    if before:
        page.add_init_script(before)
    page.goto(url, wait_until="load")
    settle(page)
    return page


def listen(page):
    page.problems, page.requests = [], []
    page.on("console", lambda message: page.problems.append(
        f"console {message.type}: {message.text}")
        if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.problems.append(
        f"script error: {error}"))
    page.on("requestfailed", lambda request: page.problems.append(
        f"failed: {request.url[:200]}"))
    page.on("response", lambda response: page.problems.append(
        f"{response.status}: {response.url[:200]}")
        if response.status >= 400 else None)
    page.on("request", lambda request: page.requests.append(request.url))


def settle(page):
    """Wait until faces are in, mathematics is set and pictures are loaded."""
    page.wait_for_function("() => document.body !== null")
    page.evaluate("""async () => {
        document.querySelectorAll("img[loading=lazy]")
                .forEach(image => { image.loading = "eager"; });
        if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
        await document.fonts.ready;
        await Promise.all([...document.images].map(
            image => image.decode().catch(() => {})));
    }""")


def unfold(page):
    """Open what folds: solutions and hidden code."""
    page.evaluate("""() => {
        document.querySelectorAll(".bd-article details")
                .forEach(details => { details.open = true; });
        document.querySelectorAll(".toggle-hidden button.toggle-button")
                .forEach(button => button.click());
    }""")
