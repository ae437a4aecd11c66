"""What the extension adds to a page of the site."""

import re

import pytest

from bookbuild.extension import hold_to_formulas

FORMULA = r'<span class="math notranslate nohighlight">\(p\)</span>'
HELD = '<span style="white-space: nowrap">{}</span>'


@pytest.mark.parametrize("touching", ["{}, ", "({}) ", "{}-value"])
def test_what_touches_a_formula_stays_on_its_line(touching):
    touching = touching.format(FORMULA)
    context = {"body": f"<p>as {touching}</p>"}
    hold_to_formulas(None, "one", "page.html", context, None)
    held = HELD.format(touching.strip())
    assert context["body"].replace(" </p>", "</p>") == f"<p>as {held}</p>"


def test_a_formula_between_spaces_is_left_alone():
    context = {"body": f"<p>as {FORMULA} is</p>"}
    hold_to_formulas(None, "one", "page.html", context, None)
    assert context["body"] == f"<p>as {FORMULA} is</p>"


def test_a_page_offers_its_stored_notebook(built_once):
    page = built_once.root / "_build/html/chapters/one.html"
    link = re.search(r'<a download href="([^"]+)"', page.read_text("utf-8"))
    assert ((page.parent / link[1]).read_bytes()
            == (built_once.root / "notebooks/one.ipynb").read_bytes())
