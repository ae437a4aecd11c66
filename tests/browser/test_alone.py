"""The site alone: from a folder, below any address, without a network, on a
slow phone."""

from math import inf
from time import monotonic
from urllib.parse import unquote, urlsplit

import pytest
from browsing import PHONE, listen, packed, settle

pytestmark = pytest.mark.browser

SLOW = 4             # times slower than this machine at its best
IN_SIGHT = 1500      # milliseconds to the largest part of the first screen
SHIFT = 0.02         # layout shift, of the page's own doing
WEIGHT = 1_000_000   # bytes on the way, all pictures included
PATIENCE = 60        # seconds to try: others may be at work on this machine

# Milliseconds that one and the same work takes: on average, and at best.
WORK = """() => {
    const times = [...Array(40)].map(() => {
        const began = performance.now();
        let sum = 0;
        for (let i = 0; i < 3e6; i++) sum += Math.sqrt(i);
        return performance.now() - began + 0 * sum;
    });
    return [times.reduce((a, b) => a + b) / times.length, Math.min(...times)];
}"""

WATCH = """
    window.painted = [0]; window.shifts = [];
    new PerformanceObserver(list => {
        for (const e of list.getEntries()) painted.push(e.startTime);
    }).observe({type: "largest-contentful-paint", buffered: true});
    new PerformanceObserver(list => {
        // nobody touches the page; what asks it questions counts as touching
        for (const e of list.getEntries())
            shifts.push([e.value, ...e.sources.map(s =>
                (s.node?.outerHTML ?? s.node?.textContent ?? "").slice(0, 80))
            ]);
    }).observe({type: "layout-shift", buffered: true});"""

TO_THE_END = """async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += 600) {
        scrollTo(0, y);
        await new Promise(done => requestAnimationFrame(
            () => setTimeout(done, 30)));
    }
    const ends = performance.now() + 5000;
    while (performance.now() < ends && [...document.images].some(
            image => image.checkVisibility() && !image.complete))
        await new Promise(done => setTimeout(done, 50));
    await new Promise(done => requestAnimationFrame(
        () => setTimeout(done, 50)));
}"""


@pytest.fixture(scope="module")
def pace():
    """A function of a page: how many times slower the machine is at present
    than at its best moment so far."""
    best = float("inf")

    def now(page):
        nonlocal best
        average, shortest = page.evaluate(WORK)
        best = min(best, shortest)
        return average / best

    return now


def on_a_slow_phone(browser, url, pace):
    """Open a page and read it to its end. Returns (milliseconds until the
    largest part of the first screen stood, layout shift, what shifted, the
    page's problems, its requests). If the machine grew faster meanwhile, so
    that the phone was no slow one, the milliseconds are infinitely many."""
    screen = {"width": PHONE["width"], "height": PHONE["height"]}
    options = {name: value for name, value in PHONE.items()
               if name not in screen}
    context = browser.new_context(viewport=screen, **options)
    try:
        page = context.new_page()
        listen(page)
        page.add_init_script(WATCH)
        cpu = context.new_cdp_session(page)
        page.wait_for_timeout(500)  # the last try's page may be closing
        # Others at work here slow the phone down by themselves.
        before = pace(page)
        cpu.send("Emulation.setCPUThrottlingRate",
                 {"rate": max(1, SLOW / before)})
        page.goto(url, wait_until="commit")
        # What is painted later than this is too late at any speed.
        page.wait_for_function(f"performance.now() > {IN_SIGHT + 100}")
        cpu.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        grew_faster = pace(page) < before / 1.25
        page.wait_for_load_state("load")
        page.evaluate("async () => { if (window.MathJax && MathJax.startup)"
                      " await MathJax.startup.promise; }")
        page.evaluate(TO_THE_END)
        shifts = page.evaluate("shifts")
        painted = inf if grew_faster else page.evaluate("painted.at(-1)")
        return (painted, sum(s[0] for s in shifts), shifts, page.problems,
                page.requests)
    finally:
        context.close()


@pytest.mark.quiet
def test_a_slow_phone_shows_a_page_soon_keeps_it_still_and_loads_little(
        browser, site, address, page_path, pace):
    ends = monotonic() + PATIENCE
    while True:
        painted, shift, shifts, problems, requests = on_a_slow_phone(
            browser, address + page_path, pace)
        if (0 < painted <= IN_SIGHT and shift <= SHIFT) or monotonic() > ends:
            break
    assert 0 < painted <= IN_SIGHT
    assert shift <= SHIFT, shifts
    assert problems == []
    files = {unquote(urlsplit(url).path) for url in requests
             if url.startswith(address)}
    root = urlsplit(address).path
    assert sum(len(packed(site / name.removeprefix(root)))
               for name in files) <= WEIGHT


def test_a_page_opens_from_a_folder_without_a_network(visit, site, page_path):
    page = visit((site / page_path).as_uri(), offline=True)
    assert page.problems == []
    assert [url for url in page.requests
            if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("where", ["served", "from a folder"])
def test_search_finds_and_leads_there(visit, site, where):
    page = (visit("search.html") if where == "served" else
            visit((site / "search.html").as_uri(), offline=True))
    field = page.locator(".bd-search-container input[type=search]")
    field.fill("perceptron")
    field.press("Enter")
    first = page.locator("#search-results ul.search > li a").first
    first.wait_for()
    page.wait_for_function("""() => /finished|found/i.test(
        document.querySelector("#search-results .search-summary")
            .textContent)""")
    page.wait_for_timeout(500)  # excerpts come last
    assert page.locator("#search-results ul.search > li").count() > 5
    excerpts = page.locator("#search-results p.context").count()
    assert (excerpts > 5) == (where == "served")
    first.click()
    page.wait_for_load_state("load")
    settle(page)
    assert page.locator("h1").count() == 1
    assert page.locator(".highlighted").count() > 0
    assert page.problems == []


@pytest.mark.parametrize("where", ["served", "from a folder"])
def test_the_keyboard_alone_searches_from_any_page(visit, site, where):
    path = "chapters/notation.html"
    page = (visit(path) if where == "served" else
            visit((site / path).as_uri(), offline=True))
    page.keyboard.press("Control+k")
    page.keyboard.type("gradient")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=gradient*")
    page.locator("#search-results ul.search > li a").first.wait_for()
    page.wait_for_timeout(500)
    assert page.problems == []
