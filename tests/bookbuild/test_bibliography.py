"""The bibliography's order."""

import pytest
from pybtex.database import parse_file, parse_string
from pybtex.plugin import find_plugin

from bookbuild import bibliography
from bookbuild.pages import ROOT


class App:
    def connect(self, event, handler):
        pass


@pytest.fixture
def order():
    bibliography.setup(App())
    style = find_plugin("pybtex.style.formatting", bibliography.NAME)()
    return lambda entries: [entry.key for entry
                            in style.format_bibliography(entries)]


def test_an_institution_stands_among_the_people(order):
    assert order(parse_string("".join(
        f"@misc{{{key}, author={{{name}}}, title={{T}}, year={{1990}}}}"
        for key, name in [("z", "Zou, Hui"), ("u", "{Telephone Union}"),
                          ("a", "Tan, Anna"), ("t", "Teller, Tom")]),
        "bibtex")) == ["a", "u", "t", "z"]


def test_the_books_own_is_in_order(order):
    found = order(parse_file(ROOT / "references.bib", "bibtex"))
    asked = ["itu1988g711", "ioffe2015batch", "student1908probable",
             "sutton2018reinforcement", "zou2023universal"]
    assert sorted(asked, key=found.index) == asked
