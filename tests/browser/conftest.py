"""What the tests in a browser share: pages by name, the served book, a visit.

Every page of the book is opened. Nothing is skipped: without Chromium or a
built book, tests fail.
"""

import contextlib
import http.server
import threading
from pathlib import Path

import pytest
from browsing import (
    BELOW,
    CHROMIUM,
    SITE,
    Served,
    chromium,
    open_page,
    pages_with,
    site_pages,
)


def pytest_generate_tests(metafunc):
    """`page_path`: every page. `page_with_…`: those that hold such a thing.

    The tests of a file that look at one page run one after the other and
    may share a visit (`opened`).
    """
    for name, found in (("page_path", site_pages),
                        ("page_with_frames",
                         lambda: pages_with('class="frames"')),
                        ("page_with_figure", lambda: pages_with("<figure"))):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, found() or ["none found"],
                                 scope="module")


@pytest.fixture(scope="session")
def site():
    """The folder of the built book."""
    return SITE


@pytest.fixture(scope="session")
def address():
    """The address of the served book."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"There is no built book in {SITE}: run make book first.",
                    pytrace=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{BELOW}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.fail(f"Chromium is missing at {CHROMIUM}: install Debian's "
                    "package chromium.", pytrace=False)
    with chromium() as found:
        yield found


# Marks one element of each look: colors, its own and those behind it, size
# and weight of its text, kind.
SAMPLE = """() => {
    const looks = new Set();
    for (const e of document.querySelectorAll("body *")) {
        delete e.dataset?.sample;
        if (e.localName.startsWith("mjx") || e.closest("math, script, svg")
            || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())
            || !e.checkVisibility())
            continue;  // a formula has the color of its line
        const own = getComputedStyle(e), behind = [];
        for (let up = e; up; up = up.parentElement) {
            const {backgroundColor: ground, opacity} = getComputedStyle(up);
            behind.push(ground, opacity);
            if (/^rgb\\(/.test(ground)) break;
        }
        const look = [own.color, own.fontSize, own.fontWeight, e.localName,
                      ...behind].join();
        if (looks.has(look)) continue;
        looks.add(look);
        e.dataset.sample = "";
    }
}"""


@pytest.fixture(scope="session")
def faults():
    """faults(page): axe's report on the page as it stands, "" if clean.

    Its rule on contrast takes a minute over all the words of a chapter. It
    is asked about one element of each look: same colors, size and weight.
    """
    from axe_playwright_python.sync_playwright import Axe
    axe = Axe()
    violations = {"resultTypes": ["violations"]}

    def faults(page):
        page.evaluate(SAMPLE)
        return "".join(
            results.generate_report() for results in (
                axe.run(page, options=violations | {
                    "rules": {"color-contrast": {"enabled": False}}}),
                axe.run(page, {"include": [["[data-sample]"]]},
                        violations | {"runOnly": ["color-contrast"]}))
            if results.violations_count)
    return faults


@pytest.fixture
def visit(browser, address):
    """visit(path, width=…, theme=…, …) opens a page of the book, for one
    test; the options are those of `open_page`."""
    with contextlib.ExitStack() as contexts:
        def visit(path, **options):
            page = open_page(browser, path if "://" in path
                             else address + path, **options)
            contexts.callback(page.context.close)
            return page
        yield visit


@pytest.fixture(scope="module")
def opened(browser, address, page_path):
    """A page as a reader at a desk first sees it, for all tests of a file
    that leave it as it was."""
    page = open_page(browser, address + page_path)
    yield page
    page.context.close()
