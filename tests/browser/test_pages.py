"""Every page, as it loads: sound, its own, narrow enough, light enough."""

import gzip
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.browser


def test_a_page_loads_without_a_fault(visit, address, page_path):
    page = visit(page_path)
    assert page.problems == []
    foreign = [url for url in page.requests
               if not url.startswith((address, "data:", "blob:"))]
    assert foreign == []


def test_the_door_leads_to_the_first_page(visit, address):
    page = visit("index.html")
    page.wait_for_url(f"{address}chapters/index.html")
    assert page.title()


def test_a_page_opens_from_a_folder(visit, site, page_path):
    page = visit((site / page_path).as_uri())
    assert page.problems == []
    assert [url for url in page.requests
            if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_page_has_one_title_and_every_picture_has_words(visit, page_path):
    page = visit(page_path)
    assert page.locator("h1").count() == 1
    wordless = page.eval_on_selector_all(
        "img", "all => all.filter(i => !i.hasAttribute('alt')"
        " || (!i.alt.trim() && !i.closest('.navbar-brand')))"
        ".map(i => i.outerHTML.slice(0, 120))")
    assert wordless == []


def test_the_ids_of_a_page_are_unique(visit, page_path):
    page = visit(page_path)
    assert page.eval_on_selector_all(
        "[id]", "all => all.map(e => e.id).filter("
        "(id, i, ids) => ids.indexOf(id) !== i)") == []


@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_a_page_never_scrolls_sideways(visit, page_path, width):
    page = visit(page_path, width=width)
    page.evaluate("document.querySelectorAll('details')"
                  ".forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("window.scrollTo(50, 0)")
    assert page.evaluate("window.scrollX") == 0


def test_lines_of_text_have_65_to_75_characters(visit, page_with_math):
    page = visit(page_with_math)
    wide = page.evaluate("""() => {
        // a run of English, set in a paragraph of the page
        const p = document.querySelector(".bd-article section > p");
        const span = document.createElement("span");
        span.style.whiteSpace = "nowrap";
        span.textContent = "Two networks are trained once each. One gets " +
            "more of the test digits right than the other. Is it better?";
        p.append(span);
        const one = span.getBoundingClientRect().width
                    / span.textContent.length;
        span.remove();
        return p.getBoundingClientRect().width / one;
    }""")
    assert 65 <= wide <= 75


def test_a_page_and_all_it_needs_weigh_less_than_a_megabyte(
        visit, site, address, page_path):
    page = visit(page_path)
    files = {unquote(urlsplit(url).path).lstrip("/") or "index.html"
             for url in page.requests if url.startswith(address)}
    weight = 0
    for name in files:
        content = (site / name).read_bytes()
        packed = name.endswith((".woff", ".woff2", ".png", ".jpg"))
        weight += len(content) if packed else len(gzip.compress(content))
    assert weight < 1_000_000


def test_text_and_code_are_set_in_the_books_own_faces(visit, page_path):
    page = visit(page_path)
    faces = page.evaluate("""() => [...document.fonts]
        .filter(face => face.status === "loaded").map(face => face.family)""")
    assert any("Source Serif 4" in face for face in faces)
    if page.locator(".bd-article pre").count():
        assert any("Source Code Pro" in face for face in faces)
    assert not any("Awesome" in face for face in faces)


def test_mathematics_is_set_with_local_faces(visit, address, page_with_math):
    page = visit(page_with_math)
    written = page.locator(".bd-article :is(div, span).math").count()
    assert page.locator(".bd-article mjx-container").count() >= written > 0
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    faces = [url for url in page.requests if "/woff-v2/" in url]
    assert faces
    assert all(url.startswith(address) for url in faces)


def test_a_page_without_mathematics_does_not_load_its_script(
        visit, page_path):
    page = visit(page_path)
    if page.locator(".bd-article .math").count() == 0:
        assert not [url for url in page.requests if "mathjax" in url]


def test_wide_formulas_and_tables_can_be_scrolled_by_keyboard(
        visit, page_with_math):
    page = visit(page_with_math, width=320)
    unreachable = page.evaluate("""() =>
        [...document.querySelectorAll(".bd-article *")].filter(e =>
            ["auto", "scroll"].includes(getComputedStyle(e).overflowX)
            && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
            && e.tabIndex < 0 && !e.querySelector("a, button, [tabindex='0']"))
        .map(e => e.outerHTML.slice(0, 120))""")
    assert unreachable == []
