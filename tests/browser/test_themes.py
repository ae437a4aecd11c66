"""Light, dark and paper are all designed."""

import io
import subprocess
import unicodedata

import numpy as np
import pytest
from browsing import open_page
from PIL import Image
from scipy.ndimage import maximum_filter

pytestmark = pytest.mark.browser

# Contrast of a figure's words with what is behind them, at least. The least
# are sky blue labels on white (2.3), numbers on a heat map in the dark (2.7).
LEGIBLE = {"light": 2.2, "dark": 2.6}

# The figures that are seen: not those in a folded solution, and of frames
# the first alone.
FIGURES = (".bd-article figure:not(figure + figure) > img:not(.photo):visible")

# Where the words of a drawn figure stand, as shares of its width and height.
WORDS = """async image => {
    const drawing = await (await fetch(image.src)).text();
    if (!drawing.includes("<svg")) return [];
    const box = document.createElement("div");
    box.style = "position: absolute; left: 0; top: 0; visibility: hidden";
    box.innerHTML = drawing.slice(drawing.indexOf("<svg"));
    document.body.append(box);
    const whole = box.firstElementChild.getBoundingClientRect();
    const found = [...box.querySelectorAll("g[id^=text_]")].map(text => {
        const {left, top, width, height} = text.getBoundingClientRect();
        return [(left - whole.left) / whole.width,
                (top - whole.top) / whole.height,
                width / whole.width, height / whole.height];
    }).filter(([x, y, w, h]) => w > 0 && h > 0);
    box.remove();
    return found;
}"""


def pixels(locator):
    """The picture of an element as (rows, columns, 3) from 0 to 1."""
    shot = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(shot) / 255


def lightness(colors):
    """Relative luminance of colors (…, 3) from 0 to 1 (WCAG 2)."""
    linear = np.where(colors <= 0.04045, colors / 12.92,
                      ((colors + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(picture):
    """Of a picture of a word: its ink against the most common color."""
    light = lightness(picture).ravel()
    ground = np.median(light)
    ink = light[np.argsort(abs(light - ground))[-max(3, len(light) // 100):]]
    low, high = np.sort([ground, np.median(ink)])
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def day(browser, address, page_path):
    """A page in the light, for all tests of this file that leave it so."""
    page = open_page(browser, address + page_path, device_scale_factor=2)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def night(browser, address, page_path):
    """The same in the dark."""
    page = open_page(browser, address + page_path, theme="dark",
                     device_scale_factor=2)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def shots(day, night):
    """Each figure's (words in its place, picture by day, by night), and
    whether it is one of frames."""
    figures = zip(day.locator(FIGURES).all(), night.locator(FIGURES).all())
    return [(a.get_attribute("alt"), pixels(a), pixels(b),
             a.evaluate("image => !!image.closest('.frames')"),
             a.evaluate(WORDS)) for a, b in figures]


def test_figures_stand_on_the_page_itself(day, night, shots):
    for page, number, paper in (day, 1, 1.0), (night, 2, 0.1):
        background = page.evaluate(
            "getComputedStyle(document.body).backgroundColor")
        ground = np.array([int(n) for n in background[4:-1].split(",")]) / 255
        assert np.allclose(ground, paper, atol=0.03)
        for shot in shots:
            corner = shot[number][:2, :2].reshape(-1, 3)
            assert np.allclose(corner, ground, atol=0.03), shot[0]


def test_the_words_of_figures_are_legible_by_day_and_by_night(shots):
    dim = []
    for number, theme in (1, "light"), (2, "dark"):
        for shot in shots:
            rows, columns = shot[number].shape[:2]
            for x, y, width, height in shot[4]:
                word = shot[number][
                    max(0, int(y * rows)):int((y + height) * rows) + 1,
                    max(0, int(x * columns)):int((x + width) * columns) + 1]
                if word.size and contrast(word) < LEGIBLE[theme]:
                    dim.append((theme, contrast(word), shot[0], x, y))
    assert dim == []


def test_dark_figures_are_light_ink_in_their_own_hues(shots):
    for alt, a, b, frames, _ in [shot for shot in shots if not shot[3]][:3]:
        # A figure may begin between two rows of pixels: one has a row more.
        assert max(abs(n - m) for n, m in zip(a.shape, b.shape)) <= 2, alt
        rows, columns = np.minimum(a.shape, b.shape)[:2]
        a, b = a[:rows, :columns], b[:rows, :columns]
        assert a.mean() > 0.6 > 0.4 > b.mean()
        ink = a.max(-1) < 0.3                     # dark strokes turn light
        assert b[ink].mean() > 0.6
        for one, other in ((0, 2), (2, 0)):       # red stays red, blue blue
            strong = a[..., one] - a[..., other] > 0.5
            if strong.sum() > 50:
                # a thin line may stand two rows of pixels higher or lower
                near = maximum_filter(b[..., one] - b[..., other], 5)
                assert (near > 0)[strong].mean() > 0.95


def test_a_photograph_is_not_turned(visit):
    page = visit("chapters/01_perceptrons.html", theme="dark")
    seen = page.evaluate("""() => {
        const photo = document.querySelector("figure img").cloneNode();
        photo.className = "photo";
        document.querySelector("figure").append(photo);
        return getComputedStyle(photo).filter;
    }""")
    assert "invert" not in seen


def test_the_readers_choice_of_theme_is_kept(visit):
    page = visit("chapters/notation.html")
    button = page.locator(".theme-switch-button").first
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
        button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.goto(page.url.replace("notation", "glossary"))
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def squeezed(text):
    """Text without its spaces, and ligatures taken apart."""
    return "".join(unicodedata.normalize("NFKC", text).split())


# What of a page must stand on paper whole, as texts: lines of code that is
# shown, and what solutions say.
ON_PAPER = """() => {
    const lines = [...document.querySelectorAll(".bd-article pre")]
        .filter(e => !e.closest("details:not([open])"))
        .flatMap(e => e.textContent.split("\\n"));
    const solutions = [...document.querySelectorAll(
            ".solution p:not(.admonition-title)")]
        .filter(p => !p.closest("summary, figcaption")
                     && !p.querySelector(".math, mjx-container"))
        .map(p => p.textContent);
    return [...lines, ...solutions].filter(text => text.trim());
}"""


def test_paper_has_dark_ink_all_code_and_the_solutions_and_no_columns(
        night, tmp_path):
    beside = squeezed(night.locator(".bd-sidebar-primary nav.bd-links")
                      .inner_text())[:100]
    night.pdf(path=tmp_path / "page.pdf", format="A4")
    printed = squeezed(subprocess.run(
        ["pdftotext", "-raw", tmp_path / "page.pdf", "-"], check=True, text=True,
        capture_output=True).stdout)
    assert squeezed(night.locator("h1").first.inner_text())[:-1] in printed
    assert len(beside) > 50 and beside not in printed
    assert [text for text in night.evaluate(ON_PAPER)
            if squeezed(text) not in printed] == []
    try:
        night.emulate_media(media="print", color_scheme="dark")
        night.set_viewport_size({"width": 643, "height": 900})  # A4's text
        assert night.evaluate("getComputedStyle(document.querySelector("
                              "'.bd-article, body')).color") == "rgb(0, 0, 0)"
        for part in (".bd-sidebar-primary", ".bd-header-article",
                     ".bd-sidebar-secondary", ".copybtn", ".frames-bar",
                     ".page-launch"):
            for found in night.locator(part).all():
                assert not found.is_visible()
        cut = night.eval_on_selector_all(
            ".bd-article :is(pre, table, img, mjx-math)", """all =>
            all.filter(e => e.checkVisibility()
                && (e.matches("pre") && (e.scrollWidth > e.clientWidth + 1
                                          || e.scrollHeight > e.clientHeight + 2)
                    || e.getBoundingClientRect().right > innerWidth + 1))
            .map(e => e.outerHTML.slice(0, 100))""")
        assert cut == []
    finally:
        night.emulate_media(media="screen", color_scheme="dark")
        night.set_viewport_size({"width": 1400, "height": 900})
