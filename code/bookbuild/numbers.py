"""Measured numbers typed into prose: found, so that they are glued instead.

The rule. A number that looks measured (a decimal point, a percent sign, a
unit of time or memory, or more than 100) may stand in prose or a caption only
when the reader can see where it is from:

- it is mathematics ($0.5$) or code (`0.5`): a value the text works with;
- the page's code holds it as a constant: a setting, not a result;
- the page's front matter lists it, with what it is, such as
  constants: {784: pixels of a picture};
- its paragraph cites a source: someone else's number;
- it is a year, or the number of a chapter, section, page or the like.

Everything else is glued from the run that measured it. Pages without code
measure nothing and are not looked at.
"""

import io
import re
import tokenize

UNITS = r"%|percent\b|points?\b|seconds?\b|minutes?\b|ms\b|s\b|[kMG]B\b|times\b|×"
NUMBER = re.compile(rf"(?<![\w.,/#-])(\d+(?:,\d{{3}})*(?:\.\d+)?)(?:[\s ]*({UNITS}))?"
                    r"(?![\w/]|\.\d)")
PLACE = re.compile(r"\b(?:chapters?|sections?|pages?|figures?|tables?|equations?|"
                   r"weeks?|version|volume|lemma|theorem|Fig\.|seeds?)\s+"
                   r"(?:[\d.]+(?:,|\s+(?:and|to|or|through))\s+)*$", re.I)
LEFT_OUT = [re.compile(pattern, re.S | re.M) for pattern in (
    r"\A---\n.*?\n---\n", r"<!--.*?-->", r"\$\$.*?\$\$", r"(?<!\\)\$[^$]+\$",
    r"^(`{3,})\{(?:math|glue:math|course-\w+|bibliography)\}.*?^\1\s*$",
    r"^(`{3,})(?!\{)[^\n]*\n.*?^\1\s*$", r"^:[\w-]+:[^\n]*$", r"^[ \t]*`{3,}[^\n]*$",
    r"\{[\w:+-]+\}`[^`]*`", r"`[^`\n]+`", r"\]\([^)]*\)", r"<https?:[^>]*>",
    r"https?://\S+", r"^\([^)\s]+\)=\s*$", r"^\s*\d+\.\s")]
CITED = re.compile(r"\{cite(?::\w+)?\}`")


def typed_numbers(page):
    """[(the words before it, number)] for numbers that are not glued."""
    if not page.code:
        return []
    constants = constants_of(page.code) | {
        float(number) for number in page.notebook.metadata.get(
            "constants", {})}
    found = []
    for paragraph in paragraphs(page):
        if CITED.search(paragraph):
            continue
        text = bare(paragraph)
        for match in NUMBER.finditer(text):
            value = float(match[1].replace(",", ""))
            if measured(match, value, text) and not known(
                    value, match[2], constants):
                found.append((" ".join(text[:match.end()].split()[-8:]),
                              match[0].strip()))
    return found


def paragraphs(page):
    """The page's prose by paragraph, captions included."""
    for cell in page.notebook.cells:
        if cell.cell_type == "markdown":
            yield from re.split(r"\n\s*\n", blank_blocks(cell.source))
        else:
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            if "caption" in figure:
                yield figure["caption"]


def blank_blocks(text):
    """Text without the blocks that hold blank lines of their own."""
    for pattern in LEFT_OUT[:3] + LEFT_OUT[4:6]:
        text = pattern.sub(" ", text)
    return text


def bare(paragraph):
    for pattern in LEFT_OUT:
        paragraph = pattern.sub(" ", paragraph)
    return paragraph


def measured(match, value, text):
    if match[2] in ("times", "×", "point", "points") and "." not in match[1]:
        return value > 100  # "three times", "2 points in the plane"
    if match[2]:
        return True
    if PLACE.search(text[:match.start()]):
        return False
    if "." in match[1]:
        return True
    year = "," not in match[1] and 1500 <= value <= 2099
    return value > 100 and not year


def known(value, unit, constants):
    scales = (1, 100) if unit in ("%", "percent") else (1,)
    return any(abs(value / scale - constant) < 1e-9 * max(1, constant)
               or (scale == 100 and abs(1 - value / 100 - constant) < 1e-9)
               for scale in scales for constant in constants)


def constants_of(cells):
    """Every number that stands in the page's code."""
    numbers = set()
    for source in cells:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NUMBER and not token.string.endswith("j"):
                text = token.string.replace("_", "")
                numbers.add(float(text) if not text.startswith("0x")
                            else int(text, 16))
    return numbers
