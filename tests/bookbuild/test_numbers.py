"""The rule that tells a measured number from a constant of the text."""

from pathlib import Path

import pytest

from bookbuild.numbers import typed_numbers
from bookbuild.pages import Page

PAGE = """---
kernelspec: {name: python3, display_name: Python 3, language: python}
constants: {784: pixels of a picture}
---
# A page

%s

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: "**A finding.** %s"
---
share, examples = 0.25, 8_000
mask, turn = 0x1F4, 2.5j
```
"""


def numbers(tmp_path, prose, caption=""):
    (tmp_path / "page.md").write_text(PAGE % (prose, caption), "utf-8")
    return [number for _, number in
            typed_numbers(Page(tmp_path, Path("page.md")))]


@pytest.mark.parametrize("prose, number", [
    ("It gets 91.8% right.", "91.8%"),
    ("It gets 92 percent right.", "92 percent"),
    ("A loss of 0.34 is left.", "0.34"),
    ("It made 355 mistakes.", "355"),
    ("It made 12,345 mistakes.", "12,345"),
    ("It ran for 17 seconds.", "17 seconds"),
    ("It is 2.5 times as fast.", "2.5 times"),
    ("It took 310 MB.", "310 MB"),
    ("- a list, and 0.7 in it", "0.7"),
    ("```{margin}\nIt gets 0.7 right.\n```", "0.7"),
    ("```{exercise} ★ Try\n:label: ex-a\nGet 0.7 right.\n```", "0.7"),
    ("| a table | 0.7 |", "0.7"),
    ("It needed 1,998 steps, not a year.", "1,998"),
    ("There were 2150 of them.", "2150"),
    ("It made 101 mistakes.", "101"),
    ("It is 120 times as fast.", "120 times"),
    ("It is 2.6× as fast.", "2.6×"),
    ("It took 3 minutes.", "3 minutes"),
    ("A quarter is not 0.251.", "0.251"),
    ("Nor are three quarters 74.9%.", "74.9%"),
    ("The rest of a number is one in percent only: 0.75.", "0.75"),
    ("The rest of a number is one in percent only: 75.0.", "75.0"),
    ("An imaginary 2.5 is none.", "2.5"),
])
def test_a_measured_number_in_prose_is_found(tmp_path, prose, number):
    assert numbers(tmp_path, prose) == [number]


def test_the_words_before_a_number_are_told(tmp_path):
    (tmp_path / "page.md").write_text(PAGE % (
        "One two three four five six seven eight nine 0.7 ten.", ""))
    assert typed_numbers(Page(tmp_path, Path("page.md"))) == [
        ("three four five six seven eight nine 0.7", "0.7")]


def test_a_measured_number_in_a_caption_is_found(tmp_path):
    assert numbers(tmp_path, "", "It gets 91.8% right.") == ["91.8%"]


@pytest.mark.parametrize("prose", [
    "Two layers, 3 inputs and 64 units.",
    "It gets {glue:text}`right:.1f`% right.",
    "At $p = 0.5$ it is largest, and `0.75` is code.",
    "$$\nx = 0.125\n$$ (eq-x)",
    "A share of 0.25, that is 25%, or 75% without it, of 8,000 examples.",
    "Each picture has 784 pixels.",
    "{cite:t}`a1958b` learned 123 stimuli, 4.5% of them wrong.",
    "In 1958, and again in 1969, nobody knew.",
    "See section 4.3 and sections 6.1 to 6.4, or chapter 12.",
    "Three times, and 2 points in the plane.",
    "(sec-4.5)=\n## A title",
    "See [this](https://example.org/v0.25/0.75.html).",
    "```python\nx = 0.123\n```",
    "```python\nx = 0.123\n\ny = 0.456\n```",
    "It is 25 percent, a rate of 0.25% and 500 masks.",
    "It made 100 mistakes.",
    "Words. <!-- 0.123 -->",
    "```{figure} x.svg\n:width: 150\nWords.\n```",
    "At https://example.org/?x=0.75 it stands, and <https://a.org/?y=0.75>.",
    "$$\nx = 0.125\n\ny = 0.375\n$$",
    "150. The last item of a long list.",
    "A pocket machine of type XR-4090.",
])
def test_a_constant_of_the_text_is_left_alone(tmp_path, prose):
    assert numbers(tmp_path, prose) == []


def test_a_page_without_code_is_not_looked_at(tmp_path):
    (tmp_path / "page.md").write_text("# A page\n\nIt takes 91.8%.\n")
    assert typed_numbers(Page(tmp_path, Path("page.md"))) == []
