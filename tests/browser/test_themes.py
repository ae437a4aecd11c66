"""Light, dark and paper are all designed."""

import io

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


def pixels(locator):
    """The picture of an element as (rows, columns, 3) from 0 to 1."""
    shot = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(shot) / 255


def figures(page):
    """The figures that are seen: not those in a folded solution, and of
    frames the first alone."""
    return page.locator(".bd-article figure:not(figure + figure) "
                        "> img:not(.photo):visible")


@pytest.mark.parametrize("theme, paper", [("light", 1.0), ("dark", 0.1)])
def test_figures_stand_on_the_page_itself(visit, page_with_figure, theme,
                                          paper):
    page = visit(page_with_figure, theme=theme)
    background = page.evaluate(
        "getComputedStyle(document.body).backgroundColor")
    ground = np.array([int(n) for n in background[4:-1].split(",")]) / 255
    assert np.allclose(ground, paper, atol=0.03)
    for figure in figures(page).all():
        corner = pixels(figure)[:2, :2].reshape(-1, 3)
        assert np.allclose(corner, ground, atol=0.03), \
            figure.get_attribute("alt")


def test_dark_figures_are_light_ink_in_their_own_hues(visit,
                                                      page_with_figure):
    light = visit(page_with_figure)
    dark = visit(page_with_figure, theme="dark")
    for i in range(min(3, figures(light).count())):
        if figures(light).nth(i).evaluate("i => !!i.closest('.frames')"):
            continue
        a, b = pixels(figures(light).nth(i)), pixels(figures(dark).nth(i))
        # A figure may begin between two rows of pixels: one has a row more.
        assert max(abs(n - m) for n, m in zip(a.shape, b.shape)) <= 1
        rows, columns = np.minimum(a.shape, b.shape)[:2]
        a, b = a[:rows, :columns], b[:rows, :columns]
        assert a.mean() > 0.6 > 0.4 > b.mean()
        ink = a.max(-1) < 0.3                     # dark strokes turn light
        assert b[ink].mean() > 0.6
        for one, other in ((0, 2), (2, 0)):       # red stays red, blue blue
            strong = a[..., one] - a[..., other] > 0.5
            if strong.sum() > 50:
                assert (b[..., one] > b[..., other])[strong].mean() > 0.95


def test_a_photograph_is_not_turned(visit, page_with_figure):
    page = visit(page_with_figure, theme="dark")
    seen = page.evaluate("""() => {
        const photo = document.querySelector("figure img").cloneNode();
        photo.className = "photo";
        document.querySelector("figure").append(photo);
        return getComputedStyle(photo).filter;
    }""")
    assert "invert" not in seen


def test_the_readers_choice_of_theme_is_kept(visit, page_path):
    page = visit(page_path)
    button = page.locator(".theme-switch-button").first
    if not button.count():
        return
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
        button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_print_is_dark_ink_on_paper_from_the_dark_theme_too(visit, page_path):
    page = visit(page_path, theme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector("
                         "'.bd-article, body')).color") == "rgb(0, 0, 0)"
    assert page.locator("h1").first.is_visible()
    for part in (".bd-sidebar-primary", ".bd-header-article",
                 ".bd-sidebar-secondary"):
        for found in page.locator(part).all():
            assert not found.is_visible()


def test_nothing_moves_for_a_reader_who_asked_for_stillness(visit, page_path):
    page = visit(page_path, reduced_motion="reduce")
    moving = page.eval_on_selector_all("body *", """all => all.filter(e => {
        const s = getComputedStyle(e);
        return s.transitionDuration.split(", ").some(t => parseFloat(t) > 0)
            || s.animationName !== "none" || s.scrollBehavior === "smooth";
    }).map(e => e.outerHTML.slice(0, 100))""")
    assert moving == []
