"""Every page for everybody: axe's rules, and a keyboard alone."""

import pytest
from browsing import open_page, unfold

pytestmark = pytest.mark.browser

# Colors as they are seen, and the contrast of two of them (WCAG 2).
COLORS = """
    const paint = document.createElement("canvas").getContext(
        "2d", {willReadFrequently: true});
    const rgba = color => {  // of any CSS color: red, green, blue, alpha
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = color;
        paint.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const ground = e => {    // behind an element
        const layers = [];
        for (; e; e = e.parentElement) {
            const color = rgba(getComputedStyle(e).backgroundColor);
            layers.push(color);
            if (color[3] === 1) break;
        }
        return layers.reverse().reduce((under, over) => under.map(
            (u, i) => i < 3 ? over[i] * over[3] + u * (1 - over[3]) : 1),
            [255, 255, 255, 1]);
    };
    const light = color => color.slice(0, 3).map(c => c / 255).map(
        c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    const contrast = (a, b) => {
        const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
        return (high + .05) / (low + .05);
    };"""

DIM_CODE = f"""() => {{ {COLORS}
    const seen = new Map();
    for (const e of document.querySelectorAll(
            ".bd-article :is(pre, pre *, code, code *)")) {{
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
            continue;
        const color = getComputedStyle(e).color, under = ground(e);
        const key = `${{color}} on ${{under}}`;
        if (!seen.has(key))
            seen.set(key, [contrast(rgba(color), under), e.className,
                           e.textContent.slice(0, 30)]);
    }}
    return [seen.size, [...seen].filter(([, [ratio]]) => ratio < 4.5)];
}}"""

# Everything that the keyboard should reach; what stands in a dialog that is
# closed, or in a column that gives way to a note, isn't shown.
STOPS = """() => {
    const shown = e => e.checkVisibility({visibilityProperty: true})
        && e.getClientRects().length > 0
        && !e.closest("dialog:not([open]), [inert]");
    window.stops = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex], " +
        "audio[controls]")]
        .filter(e => e.tabIndex >= 0 && !e.disabled && shown(e));
    return stops.length;
}"""

WATCH_FOCUS = f"""() => {{ {COLORS}
    window.reached = new Set(); window.unseen = [];
    document.addEventListener("focusin", ({{target: e}}) => {{
        reached.add(e);
        const look = getComputedStyle(e), box = e.getBoundingClientRect();
        let opacity = 1;
        for (let up = e; up; up = up.parentElement)
            opacity *= getComputedStyle(up).opacity;
        // an input in a form may leave the ring to the form
        const ringed = [e, e.closest("form")].find(r => r
            && getComputedStyle(r).outlineStyle !== "none"
            && parseFloat(getComputedStyle(r).outlineWidth) >= 2);
        const ratio = ringed && contrast(
            rgba(getComputedStyle(ringed).outlineColor),
            ground(ringed.parentElement));
        if (!(ratio >= 3 && opacity > .9 && box.width > 0
              && box.bottom > 0 && box.top < innerHeight))
            unseen.push([e.outerHTML.slice(0, 100), ratio, opacity, box.top]);
    }});
}}"""


@pytest.fixture(scope="module")
def still(browser, address, page_path):
    """A page for a reader who asked for stillness, with all unfolded; each
    test leaves it light and wide."""
    page = open_page(browser, address + page_path, reduced_motion="reduce")
    unfold(page)
    page.wait_for_timeout(200)
    yield page
    page.context.close()


def dark(page, on=True):
    page.evaluate("on => { document.documentElement.dataset.theme ="
                  " on ? 'dark' : 'light'; }", on)


def test_axe_finds_nothing_in_light_in_dark_and_on_a_phone(still, faults):
    assert faults(still) == ""
    dark(still)
    try:
        assert faults(still) == ""
        still.set_viewport_size({"width": 390, "height": 844})
        still.wait_for_timeout(250)
        assert faults(still) == ""
    finally:
        dark(still, False)
        still.set_viewport_size({"width": 1400, "height": 900})
        still.wait_for_timeout(250)


def test_every_color_of_code_is_legible_in_light_and_in_dark(still):
    for on in (True, False):
        dark(still, on)
        found, dim = still.evaluate(DIM_CODE)
        assert dim == []
        assert found or not still.locator(".bd-article pre").count()


def test_the_keyboard_reaches_everything_and_its_place_is_seen(still):
    """Tab from the top to the end: every link, button, field, folded part
    and scrolling box was reached, with a ring around it that stands out."""
    for theme in (True, False):
        dark(still, theme)
        still.evaluate("""() => { document.activeElement.blur();
            getSelection().removeAllRanges(); scrollTo(0, 0); }""")
        count = still.evaluate(STOPS)
        if theme:  # in the dark the first stops alone
            count = min(count, 60)
        else:
            still.evaluate("location.hash = ''")
        still.evaluate(WATCH_FOCUS)
        players = still.locator("audio").count()  # several stops each
        for _ in range(count + 8 * players + 5):
            still.keyboard.press("Tab")
        assert still.evaluate("unseen") == []
        if not theme:
            assert still.evaluate(
                "stops.filter(e => !reached.has(e) && e.isConnected)"
                ".map(e => e.outerHTML.slice(0, 120))") == []


def test_what_can_be_clicked_is_a_link_a_button_or_a_field(still):
    assert still.eval_on_selector_all(
        "[onclick], [role=button]", """all => all.filter(e =>
            !e.matches("a[href], button, input, summary") && e.tabIndex < 0)
            .map(e => e.outerHTML.slice(0, 120))""") == []


def test_frames_and_scrolling_boxes_have_a_name(still):
    """What has a stop of its own says what it is."""
    assert still.eval_on_selector_all(
        ".bd-article [tabindex='0']", """all => all.filter(e =>
            !e.matches("a, button, input, summary")
            && !(e.getAttribute("role") && (e.getAttribute("aria-label")
                 || e.getAttribute("aria-labelledby"))))
            .map(e => e.outerHTML.slice(0, 120))""") == []
    bars = still.locator(".frames-bar")
    assert bars.count() == still.locator(".frames").count()
    assert bars.locator("[aria-live=polite]").count() == bars.count()
    assert bars.locator(":is(button, input):not([aria-label])").count() == 0


def test_nothing_moves_for_a_reader_who_asked_for_stillness(still):
    moving = still.eval_on_selector_all("html, body, body *", """
        all => all.filter(e => {
            const s = getComputedStyle(e);
            return s.transitionDuration.split(", ").some(
                    t => parseFloat(t) > 0)
                || s.animationName !== "none" || s.scrollBehavior === "smooth"
                || e.autoplay || e.tagName === "MARQUEE";
        }).map(e => e.outerHTML.slice(0, 100))""")
    assert moving == []
    assert still.evaluate("document.getAnimations().length") == 0


def test_the_first_stop_of_the_keyboard_skips_to_the_text(visit, page_path):
    page = visit(page_path, reduced_motion="reduce")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#main-content"
    assert page.locator(".skip-link").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main-content')"
                         ".contains(document.activeElement)")


def test_the_keyboard_folds_copies_and_changes_the_theme(visit):
    page = visit("chapters/01_perceptrons.html", reduced_motion="reduce")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    solution = page.locator(".solution button.toggle-button").first
    box = page.locator(".solution").first
    assert "toggle-hidden" in box.get_attribute("class")
    for key in ("Enter", "Space"):
        solution.focus()
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        assert ("toggle-hidden" in box.get_attribute("class")) == (
            key == "Space")
    hidden = page.locator("details.hide").first
    hidden.locator("summary").focus()
    page.keyboard.press("Enter")
    assert hidden.evaluate("d => d.open")
    copy = page.locator("button.copybtn").first
    copy.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    code = page.locator("div.highlight pre").first.inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == code.strip()
    page.locator(".theme-switch-button:visible").first.focus()
    themes = set()
    for _ in range(3):
        page.keyboard.press("Enter")
        themes.add(page.evaluate("document.documentElement.dataset.theme"))
    assert themes == {"light", "dark"}


def test_on_a_phone_the_keyboard_opens_and_leaves_columns_and_search(visit):
    page = visit("chapters/01_perceptrons.html", width=390, height=844,
                 reduced_motion="reduce")
    for button in (".primary-toggle", ".secondary-toggle", ".search-button"):
        opener = page.locator(f"button{button}:visible").first
        opener.focus()
        page.keyboard.press("Enter")
        dialog = page.locator("dialog[open]")
        dialog.wait_for()
        assert dialog.evaluate("d => d.contains(document.activeElement)")
        if dialog.locator("a").count():
            page.keyboard.press("Tab")
            assert dialog.evaluate("d => d.contains(document.activeElement)")
        page.keyboard.press("Escape")
        page.wait_for_timeout(300)
        assert page.locator("dialog[open]").count() == 0
        assert opener.evaluate("b => b === document.activeElement")
