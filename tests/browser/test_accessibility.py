"""Every page for everybody: axe's rules, and a keyboard alone."""

import pytest

pytestmark = pytest.mark.browser


def test_axe_finds_nothing_in_light_in_dark_and_on_a_phone(
        visit, faults, page_path):
    page = visit(page_path, reduced_motion="reduce")
    assert faults(page) == ""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert faults(page) == ""
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(200)
    assert faults(page) == ""


def test_the_first_stop_of_the_keyboard_skips_to_the_text(visit, page_path):
    page = visit(page_path, reduced_motion="reduce")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#main-content"
    box = page.locator(".skip-link").bounding_box()
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main-content')"
                         ".contains(document.activeElement)")


def test_the_keyboards_place_is_always_seen(visit, page_path):
    page = visit(page_path, reduced_motion="reduce")
    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        state = page.evaluate("""() => {
            const e = document.activeElement;
            if (e === document.body) return null;
            const seen = getComputedStyle(e);
            const box = e.getBoundingClientRect();
            return {ring: seen.outlineStyle !== "none"
                          && parseFloat(seen.outlineWidth) >= 2,
                    there: box.bottom > 0 && box.top < innerHeight,
                    html: e.outerHTML.slice(0, 100)};
        }""")
        if state is None:
            break
        if not (state["ring"] and state["there"]):
            unseen.append(state)
    assert unseen == []
