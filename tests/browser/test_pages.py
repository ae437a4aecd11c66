"""Every page, as it loads: sound, its own, narrow enough, in its faces."""

import pytest

pytestmark = pytest.mark.browser
WIDTHS = [320, 390, 768, 1024]

# What of the article reaches beyond the page and can't be scrolled to.
OUTSIDE = """() => {
    const inside = e => { // in a box that scrolls sideways?
        for (let box = e.parentElement; box; box = box.parentElement) {
            if (box === document.body) return false;
            if (/auto|scroll/.test(getComputedStyle(box).overflowX)
                && box.scrollWidth > box.clientWidth) return true;
        }
    };
    return [...document.querySelectorAll(".bd-article *")].filter(e => {
        if (!e.checkVisibility()
            || e.closest("mjx-assistive-mml, .visually-hidden, svg"))
            return false;
        const {left, right, width} = e.getBoundingClientRect();
        return width > 0 && (right > innerWidth + 1 || left < -1)
            && !inside(e);
    }).map(e => e.outerHTML.slice(0, 120));
}"""

# Boxes whose end is cut off or can't be reached by keyboard.
CUT = """() => [...document.querySelectorAll(
        ".bd-article :is(pre, div.math, mjx-container, table, div)")].filter(
    e => {
        if (!e.checkVisibility() || e.scrollWidth <= e.clientWidth + 1
            || e.clientWidth === 0 || e.closest(".visually-hidden"))
            return false;
        const flow = getComputedStyle(e).overflowX;
        if (flow === "visible") return false;
        return !/auto|scroll/.test(flow) || e.tabIndex < 0;
    }).map(e => e.outerHTML.slice(0, 120))"""


def test_a_page_loads_without_a_fault(opened, address):
    assert opened.problems == []
    assert [url for url in opened.requests
            if not url.startswith((address, "data:", "blob:"))] == []


def test_the_door_leads_to_the_first_page(visit, address):
    page = visit("index.html")
    page.wait_for_url(f"{address}chapters/index.html")
    assert page.title()


def test_a_page_has_one_title(opened):
    assert opened.locator("h1").count() == 1


def test_every_picture_is_told_in_a_sentence(opened):
    """A frame is one of many, with words of its own below: less will do."""
    wordless = opened.eval_on_selector_all("img", r"""all => all.filter(i =>
        !i.closest(".navbar-brand")
        && (i.alt.trim().length < (i.closest(".frames") ? 15 : 30)
            || /\.(svg|png|jpe?g)$/.test(i.alt)))
        .map(i => `${i.alt}: ${i.src.slice(-60)}`)""")
    assert wordless == []


def test_pictures_keep_their_place_and_wait_for_the_reader(opened):
    unsized = opened.eval_on_selector_all(".bd-article img", """all =>
        all.filter(i => !i.getAttribute("width") || !i.getAttribute("height")
                        || !/loading="(lazy|eager)"/.test(i.outerHTML))
        .map(i => i.outerHTML.slice(0, 120))""")
    assert unsized == []


def test_the_ids_of_a_page_are_unique(opened):
    assert opened.eval_on_selector_all(
        "[id]", "all => all.map(e => e.id).filter("
        "(id, i, ids) => ids.indexOf(id) !== i)") == []


def test_numbers_in_sentences_are_set_as_a_printer_sets_them(opened):
    """With a minus sign, and powers of ten for what Python calls 7e-16."""
    assert opened.eval_on_selector_all(
        ".pasted-text", r"""all => all.map(e => e.textContent).filter(
        text => /^-[\d.]|\de[-+]?\d/.test(text))""") == []


def test_links_within_the_book_lead_somewhere(opened, site, page_path):
    lost = []
    here = (site / page_path).parent
    for link in opened.eval_on_selector_all(
            "a[href]", "all => all.map(a => a.getAttribute('href'))"):
        path = link.split("#")[0].split("?")[0]
        if path and ":" not in path and not (here / path).exists():
            lost.append(link)
    assert lost == []


def test_lines_of_text_have_65_to_75_characters(opened):
    wide = opened.evaluate("""() => {
        // a run of English, set in a paragraph of the page
        const p = document.querySelector(".bd-article section > p");
        if (!p) return null;
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
    assert wide is None or 65 <= wide <= 75


def test_text_and_code_are_set_in_the_books_own_faces(opened):
    faces = opened.evaluate("""() => [...document.fonts]
        .filter(face => face.status === "loaded").map(face => face.family)""")
    assert any("Source Serif 4" in face for face in faces)
    if opened.locator(".bd-article pre").count():
        assert any("Source Code Pro" in face for face in faces)
    assert not any("Awesome" in face for face in faces)


def test_mathematics_is_set_with_local_faces(opened, address):
    written = opened.locator(".bd-article :is(div, span).math").count()
    if not written:  # then its script isn't loaded
        assert not [url for url in opened.requests if "mathjax" in url]
        return
    assert opened.locator(".bd-article mjx-container").count() >= written
    assert opened.locator("mjx-merror, [data-mjx-error]").count() == 0
    faces = [url for url in opened.requests if "/woff-v2/" in url]
    assert faces
    assert all(url.startswith(address) for url in faces)


def test_formulas_take_the_room_that_was_kept_for_them(opened):
    """Else lines would break anew when they are set, and the page jump."""
    off = opened.eval_on_selector_all(
        ".bd-article span.math[style]", """all => all.filter(
            e => e.querySelector("mjx-math") && e.checkVisibility()).map(e =>
            Math.abs(e.querySelector("mjx-math").getBoundingClientRect().width
                     / parseFloat(getComputedStyle(e).fontSize)
                     - parseFloat(e.style.getPropertyValue("--room"))))""")
    assert not off or sorted(off)[int(0.9 * len(off))] < 0.6   # em


def test_a_page_never_scrolls_sideways_and_hides_nothing(
        visit, page_path, subtests):
    page = visit(page_path)
    page.evaluate("document.querySelectorAll('details')"
                  ".forEach(d => { d.open = true; })")
    for width in WIDTHS:
        with subtests.test(width=width):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(250)  # what scrolls is found out
            assert page.evaluate(
                "document.documentElement.scrollWidth") <= width
            page.evaluate("window.scrollTo(50, 0)")
            assert page.evaluate("window.scrollX") == 0
            assert page.evaluate(OUTSIDE) == []
            assert page.evaluate(CUT) == []
