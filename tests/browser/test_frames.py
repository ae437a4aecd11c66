"""Pictures to step through: by keyboard, click, slider and finger; from a
folder, without a network and without a script; several on one page."""

import pytest

pytestmark = pytest.mark.browser

WIDGET = ('<div class="frames" tabindex="0" role="group" aria-label="frames">'
          + "".join(f'<figure><img alt="{i}" width="300" height="200" src="'
                    f'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/'
                    f'2000/svg%22/%3E"><figcaption>Words {i}</figcaption>'
                    f"</figure>" for i in range(4)) + "</div>")


@pytest.fixture
def two_widgets(visit, site, tmp_path):
    """A page opened from a folder with two widgets and the book's files."""
    static = (site / "_static").as_uri()
    path = tmp_path / "two.html"
    path.write_text(
        '<!doctype html><html lang="en" data-theme="light"><title>Two</title>'
        f'<link rel="stylesheet" href="{static}/book.css">'
        f'<body><article class="bd-article">{WIDGET}<p>Text.</p>{WIDGET}'
        f'</article><script defer src="{static}/frames.js"></script>', "utf-8")
    return visit(path.as_uri())


class Widget:
    """One box of frames with its bar."""

    def __init__(self, page, number=0):
        self.strip = page.locator(".frames").nth(number)
        self.bar = page.locator(".frames-bar").nth(number)
        self.count = self.strip.locator("> figure").count()
        self.strip.scroll_into_view_if_needed()

    def shown(self):
        """Number of the frame that stands in the box, from its place."""
        return self.strip.evaluate("""strip => {
            const box = strip.getBoundingClientRect();
            return [...strip.children].findIndex(figure => Math.abs(
                figure.getBoundingClientRect().left - box.left) < 3);
        }""")

    def check(self, frame):
        """The picture, the slider, the status and the buttons agree."""
        self.strip.page.wait_for_timeout(120)
        assert self.shown() == frame
        slider = self.bar.locator("input")
        assert int(slider.input_value()) == frame + 1
        place = f"{frame + 1} of {self.count}"
        assert self.bar.locator(".status").inner_text() == place
        words = self.strip.locator("> figure").nth(frame).locator(
            "figcaption").inner_text()
        assert slider.get_attribute("aria-valuetext").split(": ", 1)[0] == place
        assert words.split() == slider.get_attribute(
            "aria-valuetext").split(": ", 1)[1].split()
        ends = [str(frame == 0).lower(), str(frame == self.count - 1).lower()]
        assert [b.get_attribute("aria-disabled")
                for b in self.bar.locator("button").all()] == ends

    def said(self):
        return self.bar.locator("[aria-live=polite]").text_content()


def test_the_book_has_pictures_to_step_through(visit, page_with_frames):
    page = visit(page_with_frames)
    assert page.locator(".frames").count() == page.locator(
        ".frames-bar").count() > 0


def test_the_keyboard_steps_jumps_and_stops_at_the_ends(
        visit, page_with_frames):
    page = visit(page_with_frames)
    widget = Widget(page)
    last = widget.count - 1
    widget.strip.focus()
    for key, frame in (("ArrowLeft", 0), ("ArrowRight", 1), ("ArrowRight", 2),
                       ("ArrowLeft", 1), ("End", last), ("ArrowRight", last),
                       ("Home", 0)):
        page.keyboard.press(key)
        widget.check(frame)


def test_the_buttons_step_by_click_and_by_keyboard(visit, page_with_frames):
    page = visit(page_with_frames)
    widget = Widget(page)
    previous, following = widget.bar.locator("button").all()
    following.click()
    widget.check(1)
    following.click()
    widget.check(2)
    previous.click()
    widget.check(1)
    page.keyboard.press("Enter")     # the button keeps the keyboard
    widget.check(0)
    page.keyboard.press("Enter")     # at the end it stays, and stays focused
    widget.check(0)
    assert previous.evaluate("b => b === document.activeElement")


def test_the_slider_moves_the_picture(visit, page_with_frames):
    page = visit(page_with_frames)
    widget = Widget(page)
    slider = widget.bar.locator("input")
    slider.focus()
    page.keyboard.press("ArrowRight")
    widget.check(1)
    page.keyboard.press("End")
    widget.check(widget.count - 1)


def test_a_step_is_said_with_its_words(visit, page_with_frames):
    page = visit(page_with_frames)
    widget = Widget(page)
    assert widget.said() == ""          # nothing is said on arrival
    widget.strip.focus()
    page.keyboard.press("ArrowRight")
    widget.check(1)
    assert widget.said().startswith(f"2 of {widget.count}: ")


def test_a_finger_swipes_to_the_next_picture(visit, page_with_frames):
    page = visit(page_with_frames, width=390, height=844, has_touch=True,
                 is_mobile=True)
    widget = Widget(page)
    box = widget.strip.bounding_box()
    finger = page.context.new_cdp_session(page)
    x, y = box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"]

    def touch(kind, *places):
        finger.send("Input.dispatchTouchEvent", {
            "type": kind, "touchPoints": [{"x": x, "y": y} for x in places]})

    touch("touchStart", x)
    for step in range(1, 11):
        touch("touchMove", x - step * 0.07 * box["width"])
        page.wait_for_timeout(16)
    touch("touchEnd")
    page.wait_for_timeout(900)
    widget.check(1)
    assert page.evaluate("window.scrollX") == 0


def test_another_width_keeps_the_picture(visit, page_with_frames):
    page = visit(page_with_frames)
    widget = Widget(page)
    widget.bar.locator("button").nth(1).click()
    widget.bar.locator("button").nth(1).click()
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_timeout(200)
    widget.check(2)


def test_frames_work_from_a_folder_without_a_network(
        visit, site, page_with_frames):
    page = visit((site / page_with_frames).as_uri(), offline=True)
    assert page.problems == []
    widget = Widget(page)
    widget.bar.locator("button").nth(1).click()
    widget.check(1)


def test_without_a_script_the_strip_still_scrolls_by_keyboard(
        visit, page_with_frames):
    page = visit(page_with_frames, java_script_enabled=False)
    strip = page.locator(".frames").first
    strip.scroll_into_view_if_needed()
    strip.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(700)
    assert strip.evaluate("s => Math.round(s.scrollLeft / s.clientWidth)") == 1
    assert page.locator(".frames-bar").count() == 0


def test_two_widgets_do_not_move_each_other(two_widgets):
    first, second = Widget(two_widgets, 0), Widget(two_widgets, 1)
    second.bar.locator("button").nth(1).click()
    second.check(1)
    first.check(0)
    first.strip.focus()
    two_widgets.keyboard.press("End")
    first.check(3)
    second.check(1)


def test_frames_do_not_move_by_themselves_nor_glide(visit, page_with_frames):
    page = visit(page_with_frames, reduced_motion="reduce")
    widget = Widget(page)
    page.wait_for_timeout(1500)
    widget.check(0)
    places = page.evaluate("""() => {
        const strip = document.querySelector(".frames");
        document.querySelectorAll(".frames-bar button")[1].click();
        return [strip.scrollLeft, strip.clientWidth];
    }""")
    assert abs(places[0] - places[1]) < 3      # there at once


def test_print_shows_the_stills_and_no_buttons(visit, page_with_frames):
    page = visit(page_with_frames)
    page.emulate_media(media="print")
    strip = page.locator(".frames").first
    stills = strip.locator("> figure.still").count()
    shown = strip.evaluate("s => [...s.children].filter("
                           "f => f.offsetWidth > 0).length")
    assert shown == stills > 0
    assert not page.locator(".frames-bar").first.is_visible()
