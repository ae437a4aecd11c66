"""Notebook 1 as its readers meet it: empty, filled rightly, filled wrongly."""

import re
from pathlib import Path

import pytest

from bookbuild.pages import ROOT, Page

HOLES = ("unit", "update", "learn", "lift")

RIGHT = {
    "unit": """
def my_unit(w, X):
    return np.array([1 if w[0] + sum(w[1:] * x) >= 0 else -1 for x in X])
""", "update": """
def my_update(w, x, y):
    inputs = np.concatenate([[1.0], x])
    guess = 1 if inputs @ w >= 0 else -1
    return w + (y - guess) / 2 * inputs
""", "learn": """
def my_learn(X, y, epochs=100):
    w, mistakes = np.zeros(len(X[0]) + 1), []
    while len(mistakes) < epochs:
        wrong = 0
        for i in range(len(y)):
            new = update(w, X[i], y[i])
            wrong += int((new != w).any())
            w = new
        mistakes.append(wrong)
        if not wrong:
            return w, mistakes
    return w, mistakes
""", "lift": """
def my_lift(X):
    return np.array([[a * b, a * a, b * b, b, a] for a, b in X])
"""}

WRONG = {
    "unit": ("""
def my_unit(w, X):
    return np.where(X @ w[1:] >= 0, 1, -1)
""", "only the bias can decide"), "update": ("""
def my_update(w, x, y):
    return w + y * np.append(1, x)
""", "was right already"), "learn": ("""
def my_learn(X, y, epochs=100):
    w = np.zeros(X.shape[1] + 1)
    for x, label in zip(X, y):
        w = update(w, x, label)
    return w
""", "Expected two things"), "lift": ("""
def my_lift(X):
    return X ** 2
""", "got shape")}


@pytest.fixture(scope="module")
def cells():
    path = Path("chapters/notebooks/notebook_1_perceptron.md")
    return Page(ROOT, path).code


def run(cells, capsys, filled):
    """Run the lab's holes, checks and solutions with some holes filled.

    Returns the lines printed by each hole's own check, by hole, and the
    functions that the cells below would use.
    """
    space = {"np": __import__("numpy")}
    exec("from scratch.selfcheck import check\n"
         "from scratch.checks.notebook_1 import *", space)
    told = {}
    for cell in cells:
        for hole in HOLES:
            if cell.startswith(f"def my_{hole}("):
                exec(filled.get(hole, cell), space)
            elif cell.startswith(f"passed_{hole} = check("):
                exec(cell, space)
                told[hole] = capsys.readouterr().out
            elif cell.startswith(f"def book_{hole}("):
                exec(cell, space)
                assert "right. All" in capsys.readouterr().out
            elif cell.startswith(joined := f"{hole} = passed_{hole} or "
                                 f"book_{hole}"):
                exec(joined, space)
    return told, [space[hole].__name__ for hole in HOLES]


def test_the_lab_as_published_says_calmly_that_nothing_is_written(
        cells, capsys):
    told, used = run(cells, capsys, {})
    assert told == {hole: f"my_{hole}: not written yet.\n" for hole in HOLES}
    assert used == [f"book_{hole}" for hole in HOLES]


def test_right_answers_are_told_so_and_used_below(cells, capsys):
    told, used = run(cells, capsys, RIGHT)
    for hole in HOLES:
        assert re.fullmatch(rf"my_{hole}: right\. All \d properties hold, on "
                            r"\d+ cases made for this run\.\n", told[hole])
    assert used == [f"my_{hole}" for hole in HOLES]


def test_a_right_answer_alone_is_used_beside_the_books(cells, capsys):
    _, used = run(cells, capsys, {"learn": RIGHT["learn"]})
    assert used == ["book_unit", "book_update", "my_learn", "book_lift"]


@pytest.mark.parametrize("hole", HOLES)
def test_a_wrong_answer_is_told_its_fault_and_the_books_is_used(
        cells, capsys, hole):
    answer, fault = WRONG[hole]
    told, used = run(cells, capsys, RIGHT | {hole: answer})
    assert told[hole].startswith(f"my_{hole}: not yet.")
    assert fault in " ".join(told[hole].split())
    assert "case:" in told[hole] and "book_" not in told[hole]
    assert used[HOLES.index(hole)] == f"book_{hole}"
    assert sum(name.startswith("my_") for name in used) == 3


def test_an_answer_that_raises_does_not_stop_the_cells_below(cells, capsys):
    broken = "def my_unit(w, X):\n    return w @ undefined\n"
    told, used = run(cells, capsys, {"unit": broken})
    assert ("It raised NameError: name 'undefined' is not defined"
            in " ".join(told["unit"].split()))
    assert used[0] == "book_unit"
