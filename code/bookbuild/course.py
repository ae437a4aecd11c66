"""The term as data: course.yml read and checked.

A mistake in the file is told in one sentence that names the row, what came
and what was expected. course.yml itself says what each key means.
"""

import datetime
from dataclasses import dataclass, fields
from pathlib import Path

import yaml
from sphinx.errors import SphinxError

KINDS = ("lecture", "notebook", "review", "exam", "holiday")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class CourseError(SphinxError, ValueError):
    """A course.yml that can't be used."""

    category = "The book can't be built"


@dataclass(frozen=True)
class Row:
    """One line of the calendar."""

    week: int | None
    kind: str
    topic: str
    day: str | None = None
    date: datetime.date | None = None
    until: datetime.date | None = None
    page: str | None = None
    due: str | None = None
    points: int | None = None
    due_page: str | None = None


TYPES = {"week": int, "points": int,
         "date": datetime.date, "until": datetime.date}  # the rest is text
EXPECTED = {int: "a whole number above 0", str: "text",
            datetime.date: "a date such as 2026-09-08"}


@dataclass(frozen=True)
class Course:
    """Facts in the order they are printed, the grading rule, the calendar."""

    facts: dict[str, str]
    homeworks_counted: int
    total: int
    calendar: tuple[Row, ...]

    @property
    def due(self) -> list[Row]:
        """The rows on which something is handed in."""
        return [row for row in self.calendar if row.due]

    @property
    def homeworks(self) -> list[Row]:
        """What is due outside the exams."""
        return [row for row in self.due if row.kind != "exam"]

    @property
    def listed(self) -> int:
        """Points of everything that is due."""
        return sum(row.points for row in self.due)

    @property
    def counted(self) -> int:
        """Points that count: the best homeworks and the exams."""
        points = sorted(row.points for row in self.homeworks)
        return self.listed - sum(points[:-self.homeworks_counted])


def load_course(path: str | Path) -> Course:
    """Read and check course.yml.

    Raises CourseError naming file, row, what came and what was expected.
    """
    path = Path(path)
    file = path.name
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CourseError(f"{file}: expected a file in {path.parent}, found "
                          "none") from None
    except (yaml.YAMLError, ValueError) as error:  # no YAML, or no such day
        raise CourseError(f"{file}: expected YAML, got an error: "
                          f"{' '.join(str(error).split())}") from None
    check_keys(file, data, {"facts", "grading", "calendar"})
    facts, grading, rows = data["facts"], data["grading"], data["calendar"]
    check_keys(f"{file}, grading", grading, {"homeworks_counted", "total"})
    for key, value in grading.items():
        check_type(f"{file}, grading", key, value, int)
    for key, value, kind in (("facts", facts, dict), ("calendar", rows, list)):
        if not isinstance(value, kind) or not value:
            raise CourseError(f"{file}, {key}: expected at least one entry, "
                              f"got {value!r}")
    for name, value in facts.items():
        check_type(f"{file}, facts", name, value, str)
    rows = [read_row(place(file, number, row), row)
            for number, row in enumerate(rows, start=1)]
    check_order(file, rows)
    course = Course(facts, calendar=tuple(rows), **grading)
    check_grading(file, course)
    return course


def place(file: str, number: int, row: object) -> str:
    """Say where: course.yml, row 3 of the calendar (Gradient descent)."""
    topic = (row.get("topic") if isinstance(row, dict)
             else getattr(row, "topic", None))
    return (f"{file}, row {number} of the calendar"
            + (f" ({topic})" if topic else ""))


def read_row(where: str, row: dict) -> Row:
    """Check one row by itself."""
    check_keys(where, row, {"week", "kind", "topic"},
               {field.name for field in fields(Row)})
    for key, value in row.items():
        if not (key == "week" and value is None):
            check_type(where, key, value, TYPES.get(key, str))
    if row["kind"] not in KINDS:
        raise CourseError(f"{where}: kind: expected one of "
                          f"{', '.join(KINDS)}, got {row['kind']!r}")
    if row["kind"] != "notebook" or "date" in row:
        check_date(where, row)
    for key, other in (("due", "points"), ("points", "due"),
                       ("due_page", "due"), ("day", "date"),
                       ("until", "date")):
        if key in row and other not in row:
            raise CourseError(f"{where}: {other}: expected a value beside "
                              f"{key}: {row[key]}, got none")
    for key in ("page", "due_page"):
        if row.get(key, "").endswith(".md"):
            raise CourseError(f"{where}: {key}: expected a page's name "
                              f"without .md, got {row[key]!r}")
    return Row(**row)


def check_keys(where: str, mapping: object, needed: set, known: set = ()):
    """Refuse what is no mapping, an unknown key and a missing one."""
    known = known or needed
    if not isinstance(mapping, dict):
        raise CourseError(f"{where}: expected the keys "
                          f"{', '.join(sorted(needed))}, got {mapping!r}")
    for key in mapping:
        if key not in known:
            raise CourseError(f"{where}: expected keys among "
                              f"{', '.join(sorted(known))}, got {key!r}")
    for key in sorted(needed):
        if key not in mapping:
            raise CourseError(f"{where}: {key}: expected a value, got none")


def check_type(where: str, key: str, value: object, kind: type):
    """Refuse a value of another type, an empty text, a number below 1."""
    # type() and not isinstance: True is an int, a time of day is a date
    if type(value) is not kind or value == "" or (kind is int and value < 1):
        raise CourseError(f"{where}: {key}: expected {EXPECTED[kind]}, "
                          f"got {value!r}")


def check_date(where: str, row: dict):
    """Refuse a date that is missing, is not its weekday, or ends early."""
    for key in ("day", "date"):
        if key not in row:
            raise CourseError(f"{where}: {key}: expected a value, got none")
    day = DAYS[row["date"].weekday()]
    if row["day"] != day:
        raise CourseError(f"{where}: day: expected {day}, which is what "
                          f"{row['date']} is, got {row['day']!r}")
    if "until" in row and row["until"] <= row["date"]:
        raise CourseError(f"{where}: until: expected a day after "
                          f"{row['date']}, got {row['until']}")


def check_order(file: str, rows: list[Row]):
    """Refuse weeks or dates that go back, and anything named twice."""
    week, date, seen = 0, datetime.date.min, {}
    for number, row in enumerate(rows, start=1):
        where = place(file, number, row)
        if row.week is not None and row.week < week:
            raise CourseError(f"{where}: week: expected {week} or later, "
                              f"since week {week} is above it, got "
                              f"{row.week}")
        if row.date is not None and row.date <= date:
            raise CourseError(f"{where}: date: expected a day after {date}, "
                              f"the date above it, got {row.date}")
        week = row.week or week
        date = row.until or row.date or date
        for key in ("page", "due", "due_page"):
            name = getattr(row, key)
            if name and (key, name) in seen:
                raise CourseError(f"{where}: {key}: expected each name once, "
                                  f"got {name!r} again, first in row "
                                  f"{seen[key, name]}")
            seen[key, name] = number


def check_grading(file: str, course: Course):
    """Refuse a grading rule that the calendar's points don't make."""
    if course.homeworks_counted > len(course.homeworks):
        raise CourseError(f"{file}, grading: homeworks_counted: expected at "
                          f"most {len(course.homeworks)}, the homeworks in "
                          f"the calendar, got {course.homeworks_counted}")
    if course.counted != course.total:
        raise CourseError(f"{file}, grading: total: expected "
                          f"{course.counted}, the points of the best "
                          f"{course.homeworks_counted} homeworks and the "
                          f"exams, got {course.total}")
