"""What the web book's look does to formulas, pictures and numbers."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from bookbuild import look
from bookbuild.formulas import width


@pytest.mark.parametrize("tex, room", [
    # from the widths of TeX's own letters, in em: x .57, = .78, 0 and 1 .5,
    # spaces around a relation .28 each, a script .71 of its size
    ("x", 0.57), ("x = 1", 0.57 + 1.33 + 0.5), ("x^2", 0.57 + 0.36 + 0.05),
    (r"\frac{1}{100}", 3 * 0.36 + 0.24), (r"a \quad b", 0.53 + 1 + 0.43),
    ("-1", 0.78 + 0.5), ("", 0)])
def test_a_formulas_room_is_told_within_a_fifth_of_an_em(tex, room):
    assert abs(width(tex) - room) < 0.2


def test_scripts_above_and_below_take_the_room_of_the_wider_one():
    assert width("x_i^{100}") == pytest.approx(width("x^{100}"))


@pytest.mark.parametrize("broken", ["{", "}", "^", r"\frac{1}", "x_", "\\"])
def test_broken_tex_has_a_width_and_stops_no_build(broken):
    assert width(broken) >= 0


@pytest.mark.parametrize("pixels", [
    np.random.default_rng(0).integers(0, 256, (9, 7, 1)).repeat(3, -1),
    np.random.default_rng(1).integers(0, 256, (9, 7, 3)),
    np.random.default_rng(2).integers(0, 256, (9, 7, 4))],
    ids=["gray", "color", "see-through"])
def test_a_packed_picture_keeps_every_pixel_and_is_no_larger(pixels):
    if pixels.shape[-1] == 3:
        pixels = np.dstack([pixels, np.full((9, 7), 255)])
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), "RGBA").save(file, "png")
    before = base64.b64encode(file.getvalue()).decode()
    after = re.sub(".+", look._packed, before)
    assert len(after) <= len(before)
    shown = Image.open(io.BytesIO(base64.b64decode(after))).convert("RGBA")
    assert (np.asarray(shown) == pixels).all()


def test_a_picture_tells_its_size(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    (tmp_path / "a.svg").write_text('<svg width="72pt" height="48px">')
    (tmp_path / "b.svg").write_text('<svg viewBox="0 0 1 1">')
    assert look.picture_size(tmp_path / "a.png") == (30, 20)
    assert look.picture_size(tmp_path / "a.svg") == (96, 48)
    for other in ("b.svg", "none.png"):
        assert look.picture_size(tmp_path / other) is None


@pytest.mark.parametrize("said, printed", [
    ("-0.50", "−0.50"), ("7e-16", "7 · 10<sup>−16</sup>"), ("1,234", "1,234"),
    ("-1.5e+03%", "−1.5 · 10<sup>3</sup>%"), ("Coat", "Coat"),
    ("2-8-1", "2-8-1")])
def test_a_number_is_set_as_a_printer_sets_it(said, printed):
    assert re.sub(".+", look._set_number, said) == printed
