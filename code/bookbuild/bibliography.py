"""The bibliography in alphabetical order, institutions among the people.

pybtex sorts by what the file says, so a name that braces hold together, such
as {International Telecommunication Union}, would come after Z.
"""

from pybtex.plugin import register_plugin
from pybtex.style.formatting import plain
from pybtex.style.sorting import author_year_title

NAME = "book"


class SortingStyle(author_year_title.SortingStyle):
    def person_key(self, person):
        return super().person_key(person).translate({ord("{"): "", ord("}"): ""})


class Style(plain.Style):
    default_sorting_style = NAME


def setup(app):
    register_plugin("pybtex.style.sorting", NAME, SortingStyle)
    register_plugin("pybtex.style.formatting", NAME, Style)
    app.connect("config-inited", set_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def set_style(app, config):
    config.bibtex_default_style = NAME
