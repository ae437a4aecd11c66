"""course.yml holds the public calendar of the course, bad ones are refused in
one clear sentence, and the directives render what the file says."""

import datetime
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from bookbuild.course import CourseError, load_course

ROOT = Path(__file__).parents[2]

# The calendar as the course's own page prints it, links left out: week, day
# and date, topic, what is due, points.
COURSE_PAGE = """
1 | Tue Sep 8 | Perceptrons | |
1 | - | Notebook 1: perceptrons | |
1 | Thu Sep 10 | Gradient descent | |
2 | Tue Sep 15 | Backpropagation of error | |
2 | - | Notebook 2: MLP in Pytorch | |
2 | Thu Sep 17 | Multi-layer perceptrons | |
3 | Tue Sep 22 | Convolutional nets | Homework 1 | 15
3 | - | Notebook 3: Image Classification | |
3 | Thu Sep 24 | regularization | |
4 | Tue Sep 29 | Data augmentation & generalization | |
4 | - | Notebook 4: CNNs & Logging | |
4 | Thu Oct 1 | Adversarial examples | |
4 | - | Notebook 5: adversarial examples | |
5 | Tue Oct 6 | Generative adversarial networks (GANS) | Homework 2 | 15
5 | - | Notebook 6: GANs | |
5 | Thu Oct 8 | Unsupervised methods | |
5 | - | Notebook 7: autoencoders | |
6 | Tue Oct 13 | Diffusion models | |
6 | Tue Oct 15 | Diffusion models | |
6 | - | Diffusion notebook | |
7 | Tue Oct 20 | Midterm Review | |
7 | Thu Oct 22 | Midterm | Midterm | 20
8 | Tue Oct 27 | recurrent nets | |
8 | Thu Oct 29 | LSTMs | |
8 | - | Notebook 8: RNNs | |
9 | Tue Nov 3 | Attention networks | Homework 3 | 15
9 | Thu Nov 5 | Embeddings | |
10 | Tue Nov 10 | Transformers | |
10 | Thu Nov 12 | Variational Autoencoders | |
11 | Tue Nov 17 | Tokenization of Image and Audio | |
11 | Thu Nov 19 | Language Modeling of Image & Audio | Homework 4 | 15
12 | Tue Nov 24 | Copying, Copyright, and Generative Modeling | |
12 | Thu Nov 26 | Thanksgiving Holiday: No class | |
13 | Tue Dec 1 | Deep RL | |
13 | Thu Dec 3 | Learning Policy Gradients (RL) | |
14 | Tue Dec 8 | RL from Human Feedback | Homework 5 | 15
14 | Thu Dec 10 | Final exam review | |
?? | Dec 17-23 | FINAL EXAM | Final exam | 20
"""
PRINTED = [[cell.strip() for cell in line.split("|")]
           for line in COURSE_PAGE.strip().splitlines()]
SLIP = "Tue Oct 15"  # a Thursday in 2026


@pytest.fixture(scope="module")
def course():
    return load_course(ROOT / "course.yml")


# ---- the term of the course -------------------------------------------

def test_every_row_of_the_course_page_is_there_in_its_order(course):
    def words(topic):
        topic = re.sub(r", (first|second) part$", "", topic)
        return topic.casefold().replace("&", "and")

    assert [(str(row.week or "??"), words(row.topic), row.due or "",
             str(row.points or "")) for row in course.calendar] == [
        (week, words(topic), due, points)
        for week, _, topic, due, points in PRINTED]


def test_every_date_of_the_course_page_is_kept_and_its_slip_mended(course):
    for row, (_, printed, *_) in zip(course.calendar, PRINTED, strict=True):
        if row.kind == "notebook":
            assert printed == "-" and row.date is None
        elif row.topic == "Final exam":
            assert printed == "Dec 17-23"
            assert (row.date, row.until) == (datetime.date(2026, 12, 17),
                                             datetime.date(2026, 12, 23))
        else:
            day, rest = printed.split(" ", 1)
            date = datetime.datetime.strptime(f"{rest} 2026", "%b %d %Y")
            assert row.date == date.date()
            assert row.day == ("Thu" if printed == SLIP else day)


def test_classes_meet_on_tuesdays_and_thursdays_for_fourteen_weeks(course):
    meetings = [row for row in course.calendar if row.date and row.week]
    first = datetime.date(2026, 9, 8)
    assert first.isoweekday() == 2
    assert [row.date for row in meetings] == [
        first + datetime.timedelta(days=7 * week + day)
        for week in range(14) for day in (0, 2)]
    assert [row.week for row in meetings] == [
        week for week in range(1, 15) for _ in range(2)]


def test_thanksgiving_is_the_fourth_thursday_of_november(course):
    holiday, = [row for row in course.calendar if row.kind == "holiday"]
    thursdays = [day for day in range(1, 31)
                 if datetime.date(2026, 11, day).isoweekday() == 4]
    assert holiday.date == datetime.date(2026, 11, thursdays[3])


@pytest.mark.parametrize("kind, number", [
    ("lecture", 24), ("notebook", 9), ("review", 2), ("exam", 2),
    ("holiday", 1)])
def test_the_term_has_the_kinds_of_rows_it_should(course, kind, number):
    assert sum(row.kind == kind for row in course.calendar) == number


def test_five_homeworks_and_two_exams_list_115_points_of_which_100_count(
        course):
    assert [row.due for row in course.homeworks] == [
        f"Homework {n}" for n in range(1, 6)]
    assert [row.due_page for row in course.homeworks] == [
        f"homework/homework_{n}" for n in range(1, 6)]
    assert [row.points for row in course.due] == [15, 15, 20, 15, 15, 15, 20]
    assert (course.listed, course.counted, course.total) == (115, 100, 100)


def test_every_class_that_teaches_or_reviews_has_a_page(course):
    for row in course.calendar:
        assert bool(row.page) == (row.kind not in ("exam", "holiday"))


def test_chapters_are_numbered_in_the_order_of_the_lectures(course):
    numbers = [row.page[:3] for row in course.calendar
               if row.kind == "lecture"]
    assert numbers == [f"{n:02d}_" for n in range(1, 25)]


def test_every_chapter_and_notebook_of_the_book_is_in_the_calendar(course):
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    written = set(re.findall(
        r"file: chapters/(\d\d_\w+|(?:notebooks|homework|reviews)/\w+)", toc))
    named = {page for row in course.calendar
             for page in (row.page, row.due_page)}
    assert written and written <= named


def test_what_the_course_leaves_open_is_open_here(course):
    assert [name for name, text in course.facts.items()
            if text == "To be determined"] == [
        "Teaching assistants", "Class day and time", "Location",
        "Office hours", "Computing resources"]


# ---- bad input ----------------------------------------------------------

GOOD = """
facts: {Course: Knots, Room: "[here](http://localhost/)"}
grading: {homeworks_counted: 1, total: 3}
calendar:
  - {week: 1, day: Tue, date: 2026-09-08, kind: lecture, topic: Bends, page: bends}
  - {week: 1, kind: notebook, topic: Tying, page: tying}
  - {week: 2, day: Tue, date: 2026-09-15, kind: lecture, topic: Hitches,
     page: hitches, due: Homework 1, points: 2}
  - {week: 3, day: Tue, date: 2026-09-22, kind: review, topic: Loops,
     due: Homework 2, points: 1, due_page: homework_2}
  - {week: null, day: Wed, date: 2026-09-30, until: 2026-10-02, kind: exam,
     topic: Exam, due: Exam, points: 1}
"""


def refused(tmp_path, text):
    path = tmp_path / "course.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError) as caught:
        load_course(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_good_course_is_read(tmp_path):
    path = tmp_path / "course.yml"
    path.write_text(GOOD, encoding="utf-8")
    course = load_course(path)
    assert len(course.calendar) == 5 and course.total == 3
    assert issubclass(CourseError, ValueError)


@pytest.mark.parametrize("old, new, told", [
    ("week: 1, day: Tue", "wek: 1, day: Tue",
     "row 1 of the calendar (Bends): expected keys among date, day, due, "
     "due_page, kind, page, points, topic, until, week, got 'wek'"),
    ("topic: Bends, ", "",
     "row 1 of the calendar: topic: expected a value, got none"),
    ("day: Tue, date: 2026-09-08, ", "day: Tue, ",
     "row 1 of the calendar (Bends): date: expected a value, got none"),
    ("day: Tue, date: 2026-09-08", "date: 2026-09-08",
     "row 1 of the calendar (Bends): day: expected a value, got none"),
    ("day: Tue, date: 2026-09-15", "day: Thu, date: 2026-09-15",
     "row 3 of the calendar (Hitches): day: expected Tue, which is what "
     "2026-09-15 is, got 'Thu'"),
    ("date: 2026-09-15", "date: Sep 15",
     "row 3 of the calendar (Hitches): date: expected a date such as "
     "2026-09-08, got 'Sep 15'"),
    ("date: 2026-09-15", "date: 2026-09-15 12:00:00",
     "date: expected a date such as 2026-09-08, got datetime.datetime("),
    ("date: 2026-09-15", "date: 2026-09-31",
     "course.yml: expected YAML, got an error: day is out of range"),
    ("date: 2026-09-22", "date: 2026-09-15",
     "row 4 of the calendar (Loops): date: expected a day after 2026-09-15, "
     "the date above it, got 2026-09-15"),
    ("week: 3", "week: 1",
     "row 4 of the calendar (Loops): week: expected 2 or later, since week 2 "
     "is above it, got 1"),
    ("week: 3", "week: three",
     "week: expected a whole number above 0, got 'three'"),
    ("week: 3", "week: true", "week: expected a whole number above 0, got "
     "True"),
    ("kind: review", "kind: party",
     "row 4 of the calendar (Loops): kind: expected one of lecture, "
     "notebook, review, exam, holiday, got 'party'"),
    ("page: hitches", "page: bends",
     "row 3 of the calendar (Hitches): page: expected each name once, got "
     "'bends' again, first in row 1"),
    ("due: Homework 2", "due: Homework 1",
     "row 4 of the calendar (Loops): due: expected each name once"),
    ("page: hitches", "page: hitches.md",
     "page: expected a page's name without .md, got 'hitches.md'"),
    ("due: Homework 2, points: 1", "due: Homework 2",
     "points: expected a value beside due: Homework 2, got none"),
    ("due: Homework 1, points: 2", "points: 2",
     "due: expected a value beside points: 2, got none"),
    ("topic: Bends, ", "topic: Bends, due_page: h, ",
     "due: expected a value beside due_page: h, got none"),
    ("topic: Tying, ", "topic: Tying, until: 2026-09-10, ",
     "date: expected a value beside until: 2026-09-10, got none"),
    ("points: 2", "points: 0",
     "points: expected a whole number above 0, got 0"),
    ("until: 2026-10-02", "until: 2026-09-30",
     "until: expected a day after 2026-09-30, got 2026-09-30"),
    ("total: 3", "total: 4",
     "grading: total: expected 3, the points of the best 1 homeworks and the "
     "exams, got 4"),
    ("homeworks_counted: 1", "homeworks_counted: 3",
     "grading: homeworks_counted: expected at most 2, the homeworks in the "
     "calendar, got 3"),
    ("Course: Knots", "Course: 7", "facts: Course: expected text, got 7"),
    ("{Course: Knots, Room: \"[here](http://localhost/)\"}", "{}",
     "facts: expected at least one entry, got {}"),
    ("  - {week: 1, kind: notebook, topic: Tying, page: tying}", "  - tying",
     "row 2 of the calendar: expected the keys kind, topic, week, got "
     "'tying'"),
    ("grading:", "marking:", "expected keys among calendar, facts, grading, "
     "got 'marking'"),
    ("calendar:", "calendar: {", "course.yml: expected YAML, got an error"),
])
def test_a_bad_course_is_refused_in_one_sentence(tmp_path, old, new, told):
    assert GOOD.count(old) == 1
    message = refused(tmp_path, GOOD.replace(old, new))
    assert message.startswith("course.yml")
    assert told in message


def test_an_empty_course_and_a_missing_one_are_refused(tmp_path):
    assert "got None" in refused(tmp_path, "")
    with pytest.raises(CourseError, match=r"expected a file in .*found none"):
        load_course(tmp_path / "elsewhere" / "course.yml")


# ---- the directives, in a small book ---------------------------------------

def plain(element):
    return "".join(element.itertext()).replace("\N{NO-BREAK SPACE}", " ")


class Book:
    """A book of one calendar, and of the pages it is given."""

    def __init__(self, root):
        self.root = root
        (root / "chapters").mkdir()
        self.write("course.yml", GOOD)
        self.write("index.rst", "Knots\n=====\n\n.. toctree::\n   :glob:\n\n"
                   "   chapters/*\n")
        self.write("chapters/calendar.rst", "Calendar\n========\n\n"
                   ".. course-calendar::\n\n.. course-due::\n\n"
                   ".. course-facts::\n")

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def build(self, builder="xml"):
        """Build, warnings being errors; return the pages that were read."""
        read = set()
        with patch_docutils(), docutils_namespace():
            app = Sphinx(self.root, None, self.root / "out",
                         self.root / "doctrees", builder, status=None,
                         warningiserror=True, confoverrides={
                             "extensions": ["bookbuild.calendar"],
                             "xml_pretty": False})
            app.connect("source-read", lambda app, name, text: read.add(name))
            app.build()
        return read - {"index"}  # its glob is read every time

    def tables(self):
        """For each table its rows; for each row (class, texts, links)."""
        tree = ElementTree.parse(self.root / "out/chapters/calendar.xml")
        return [[(row.get("classes"), [plain(entry) for entry in row],
                  [link.get("refuri") for link in row.iter("reference")])
                 for row in table.iter("row")]
                for table in tree.iter("table")]


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_the_calendar_has_a_header_and_a_row_for_each_of_the_course(book):
    book.build()
    assert [(name, texts) for name, texts, _ in book.tables()[0]] == [
        (None, ["Week", "Date", "Topic", "Due", "Points"]),
        ("course-lecture", ["1", "Tue Sep 8", "Bends", "", ""]),
        ("course-notebook", ["1", "", "Tying", "", ""]),
        ("course-lecture", ["2", "Tue Sep 15", "Hitches", "Homework 1", "2"]),
        ("course-review", ["3", "Tue Sep 22", "Loops", "Homework 2", "1"]),
        ("course-exam", ["", "Wed Sep 30 to Fri Oct 2", "Exam", "Exam",
                         "1"])]


def test_what_is_due_adds_up_with_the_weakest_homework_dropped(book):
    book.build()
    assert [texts for _, texts, _ in book.tables()[1]] == [
        ["Due", "Date", "Points"],
        ["Homework 1", "Tue Sep 15", "2"],
        ["Homework 2", "Tue Sep 22", "1"],
        ["Exam", "Wed Sep 30 to Fri Oct 2", "1"],
        ["All of it", "", "4"],
        ["What counts: the best 1 of 2 homeworks, and the exams", "", "3"]]


def test_a_topic_becomes_a_link_when_its_page_joins_the_book(book):
    def links():
        return [link for table in book.tables() for *_, links in table
                for link in links]

    book.write("chapters/splices.rst", "Splices\n=======\n")
    book.build()
    page = (book.root / "out/chapters/calendar.xml").read_text()
    assert links() == [] and page.count("course-unwritten") == 5
    book.write("chapters/hitches.rst", "Hitches\n=======\n")
    book.write("chapters/homework_2.rst", "Homework\n========\n")
    assert book.build() == {"chapters/calendar", "chapters/hitches",
                            "chapters/homework_2"}
    assert links() == ["hitches", "homework_2", "homework_2"]
    (book.root / "chapters/hitches.rst").unlink()
    assert book.build() == {"chapters/calendar"}
    assert links() == ["homework_2", "homework_2"]


def test_a_moved_date_reaches_the_page_and_nothing_else_is_read(book):
    book.write("chapters/bends.rst", "Bends\n=====\n")
    book.build()
    book.write("course.yml", GOOD.replace("day: Tue, date: 2026-09-22",
                                          "day: Wed, date: 2026-09-23"))
    assert book.build() == {"chapters/calendar"}
    assert "Wed Sep 23" in book.tables()[0][4][1]


def test_a_bad_course_stops_the_build_even_where_no_page_shows_it(book):
    (book.root / "chapters/calendar.rst").unlink()
    book.write("course.yml", GOOD.replace("day: Tue, date: 2026-09-22",
                                          "day: Tue, date: 2026-09-23"))
    with pytest.raises(CourseError, match=r"Loops.*expected Wed.*got 'Tue'"):
        book.build()


def test_facts_are_printed_in_order_with_their_links(book):
    book.write("course.yml", GOOD.replace("[here](http://localhost/)",
                                          "`here <http://localhost/>`__"))
    book.build()
    tree = ElementTree.parse(book.root / "out/chapters/calendar.xml")
    facts, = tree.iter("definition_list")
    assert [term.text for term in facts.iter("term")] == ["Course", "Room"]
    assert [link.get("refuri") for link in facts.iter("reference")] == [
        "http://localhost/"]


def test_tables_carry_the_classes_that_the_style_sheet_needs(book):
    book.build("html")
    page = (book.root / "out/chapters/calendar.html").read_text()
    assert re.search(r'<table class="course-table course-calendar ', page)
    assert '<th class="head"><p>Week</p></th>' in page
    assert re.search(r'<tr class="[^"]*course-lecture', page)


def test_the_file_of_the_term_says_what_it_said_when_read_back(course):
    # nothing is lost on the way from the file to the rows
    data = yaml.safe_load((ROOT / "course.yml").read_text(encoding="utf-8"))
    for row, raw in zip(course.calendar, data["calendar"], strict=True):
        assert {key: value for key, value in vars(row).items()
                if value is not None} == {
            key: value for key, value in raw.items() if value is not None}
