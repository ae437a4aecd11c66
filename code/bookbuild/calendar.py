"""The course's calendar, rendered from course.yml.

Three directives: `{course-calendar}`, every row of the term, each topic a
link to its page once that page is in the book; `{course-due}`, what is handed
in and when; `{course-facts}`, who, when and where.
"""

import datetime
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from bookbuild.course import DAYS, Course, Row, load_course

FILE = "course.yml"
FOLDER = "chapters"  # the pages that course.yml names are below it
# not strftime: Sphinx sets the reader's locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def setup(app):
    app.add_directive("course-calendar", CourseCalendar)
    app.add_directive("course-due", CourseDue)
    app.add_directive("course-facts", CourseFacts)
    app.connect("builder-inited", check)
    app.connect("env-get-outdated", pages_that_link)
    return {"version": "1", "parallel_read_safe": True,
            "parallel_write_safe": True}


def check(app):
    """Refuse a bad course.yml before anything is read."""
    load_course(Path(app.srcdir) / FILE)


def pages_that_link(app, env, added, changed, removed):
    """Pages to read again when a page came or went: a topic may now have a
    page, or have it no longer."""
    if not (added or removed):
        return []
    return [name for name, files in env.dependencies.items()
            if FILE in files and name not in removed]


def say(date: datetime.date) -> str:
    """Tue Sep 8, in one piece: its spaces don't break."""
    return "\N{NO-BREAK SPACE}".join(
        (DAYS[date.weekday()], MONTHS[date.month - 1], str(date.day)))


def when(row: Row) -> str:
    """The day or the days of a row; nothing for a notebook."""
    return " to ".join(say(day) for day in (row.date, row.until) if day)


def table(name: str, columns: dict[str, int], rows: list[nodes.row]):
    """Build a table with a header row; columns: heading -> share of width.

    Class course-table is for what every such table needs (scrolling on a
    phone), `name` for this one.
    """
    group = nodes.tgroup(cols=len(columns))
    group += [nodes.colspec(colwidth=width) for width in columns.values()]
    group += nodes.thead("", line(columns))
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=["course-table", name,
                                           "colwidths-given", "longtable"])


def line(cells, name: str = "") -> nodes.row:
    """Build a table row of texts, nodes or None; name: its class."""
    row = nodes.row("", classes=[name] if name else [])
    for cell in cells:
        text = nodes.paragraph()
        if cell:
            text += cell if isinstance(cell, nodes.Node) else nodes.Text(cell)
        row += nodes.entry("", text)
    return row


class CourseDirective(SphinxDirective):
    """What the directives share: the course, and links to pages that may
    not be written yet."""

    def course(self) -> Course:
        self.env.note_dependency(FILE)
        return load_course(Path(self.env.srcdir) / FILE)

    def link(self, text: str | None, page: str | None) -> nodes.Node | str:
        """Text alone where it has no page, a link where its page is in the
        book, quiet text of class course-unwritten where it is not yet."""
        name = f"{FOLDER}/{page}"
        if page is None:
            return text
        if name not in self.env.found_docs:
            return nodes.inline("", text, classes=["course-unwritten"])
        return addnodes.pending_xref(
            "", nodes.inline("", text), refdomain="std", reftype="doc",
            refdoc=self.env.docname, reftarget=f"/{name}", refexplicit=True,
            refwarn=True)


class CourseCalendar(CourseDirective):
    """Every row of the term."""

    def run(self) -> list[nodes.Node]:
        columns = {"Week": 8, "Date": 18, "Topic": 44, "Due": 20,
                   "Points": 10}
        rows = [line([str(row.week or ""), when(row),
                      self.link(row.topic, row.page),
                      self.link(row.due, row.due_page),
                      str(row.points or "")], f"course-{row.kind}")
                for row in self.course().calendar]
        return [table("course-calendar", columns, rows)]


class CourseDue(CourseDirective):
    """What is handed in, when, and the points it brings."""

    def run(self) -> list[nodes.Node]:
        course = self.course()
        rows = [line([self.link(row.due, row.due_page), when(row),
                      str(row.points)]) for row in course.due]
        best = (f"What counts: the best {course.homeworks_counted} of "
                f"{len(course.homeworks)} homeworks, and the exams")
        rows += [line(["All of it", "", str(course.listed)], "course-total"),
                 line([best, "", str(course.counted)], "course-total")]
        return [table("course-due", {"Due": 50, "Date": 35, "Points": 15},
                      rows)]


class CourseFacts(CourseDirective):
    """Who, when and where."""

    def run(self) -> list[nodes.Node]:
        items = nodes.definition_list(classes=["course-facts"])
        for name, text in self.course().facts.items():
            inline, messages = self.parse_inline(text)
            items += nodes.definition_list_item(
                "", nodes.term("", name), nodes.definition(
                    "", nodes.paragraph("", "", *inline), *messages))
        return [items]
