"""Chromium, and the built book served on this machine.

Every page under _build/html is opened; BOOK_SITE names another folder to
look at. Nothing is skipped: without Chromium or a built book, tests fail.
"""

import contextlib
import functools
import http.server
import os
import threading
from pathlib import Path

import pytest

SITE = Path(os.environ.get(
    "BOOK_SITE", Path(__file__).parents[2] / "_build" / "html"))
CHROMIUM = "/usr/bin/chromium"


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


def pytest_generate_tests(metafunc):
    """`page_path`: every page. `page_with_…`: those that hold such a thing."""
    for name, found in (("page_path", site_pages),
                        ("page_with_math", lambda: pages_with('class="math')),
                        ("page_with_frames",
                         lambda: pages_with('class="frames"')),
                        ("page_with_figure", lambda: pages_with("<figure"))):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, found() or ["none found"])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site():
    """The folder of the built book."""
    return SITE


@pytest.fixture(scope="session")
def faults():
    """faults(page): axe's report on the page as it stands, "" if clean."""
    from axe_playwright_python.sync_playwright import Axe
    axe = Axe()

    def faults(page):
        results = axe.run(page)
        return results.generate_report() if results.violations_count else ""
    return faults


@pytest.fixture(scope="session")
def address():
    """The address of the served book."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"There is no built book in {SITE}: run make book first.",
                    pytrace=False)
    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.fail(f"Chromium is missing at {CHROMIUM}: install Debian's "
                    "package chromium.", pytrace=False)
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """visit(path, width=…, theme=…, …) opens a page of the book.

    What went wrong while it loaded is in the page's `problems`, what it
    asked for in `requests`. Other options go to Playwright's new_context.
    """
    with contextlib.ExitStack() as contexts:
        def visit(path, width=1400, height=900, theme="light", **options):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme, **options)
            contexts.callback(context.close)
            page = context.new_page()
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
            page.on("request", lambda request: page.requests.append(
                request.url))
            page.goto(path if "://" in path else address + path,
                      wait_until="load")
            settle(page)
            return page
        yield visit


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
