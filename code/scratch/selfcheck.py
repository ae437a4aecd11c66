"""Tells a reader's function right from wrong by what it does.

A lab leaves a function to its reader and calls `check` on what came. The
function is tried on random cases made for that run, and its behaviour is
compared with properties that any right answer has, however it is written.
A property is a function (call, rng): it makes one case, calls the
reader's function through `call`, and says with `expect` what must hold.
What it says describes behaviour; the code of an answer stays a secret.
"""

import copy
import io
import linecache
import sys
import textwrap
import time
import traceback
from contextlib import redirect_stdout

import numpy as np


def check(function, properties, cases=20, seconds=5, seed=None):
    """Print whether a reader's function is right, and return it if it is.

    properties: functions (call, rng), each tried on `cases` cases;
    seconds: what one call may take; seed: of the cases, new ones each
    time if None. Prints "not written yet" for an empty function, and
    else what held or the first thing that didn't, with its case.
    Returns the function, or None; never raises for what a reader wrote.
    """
    name = getattr(function, "__name__", "your answer")
    if not callable(function):
        print(f"{name}: not yet. Expected a function, got {_show(function)}")
        return None
    if _is_empty(function):
        print(f"{name}: not written yet.")
        return None
    rng, call = np.random.default_rng(seed), Call(function, name, seconds)
    for held, hold in enumerate(properties):
        try:
            for _ in range(cases):
                hold(call, rng)
        except Wrong as wrong:
            print(f"{name}: not yet. {held} of {len(properties)} properties "
                  f"hold; the next doesn't.\n{textwrap.fill(str(wrong), 72)}"
                  f"{call.told()}")
            return None
    print(f"{name}: right. All {len(properties)} properties held, in "
          f"{call.count} calls on cases made for this run.")
    return function


class Wrong(Exception):
    """What a reader's function did wrong, in a sentence."""


class TimeUp(BaseException):
    """Passes every `except Exception` of a reader on its way out."""


def expect(holds, otherwise):
    """Raise Wrong, saying `otherwise`, unless `holds`."""
    if not holds:
        raise Wrong(otherwise)


def expect_array(value, shape, what="the answer"):
    """Raise Wrong unless value is a NumPy array of finite numbers."""
    expect(isinstance(value, np.ndarray), f"Expected {what} as a NumPy "
           f"array of shape {shape}, got {type(value).__name__}.")
    expect(value.shape == shape, f"Expected {what} in shape {shape}, got "
           f"shape {value.shape}.")
    expect(value.dtype.kind in "fiu" and np.isfinite(value).all(),
           f"Expected {what} to be finite numbers.")


class Call:
    """A reader's function, called with care.

    Arguments go in as copies and what the function prints is dropped.
    Raises Wrong where the function raises, returns None, changes an
    argument or takes too long. A loop written in Python is stopped at
    its next line; one long call inside NumPy, or a loop whose bare
    `except:` catches everything, is left to Jupyter's stop button.
    """

    def __init__(self, function, name, seconds):
        self.function, self.name, self.seconds = function, name, seconds
        self.count, self.given, self.result = 0, (), None

    def __call__(self, *given):
        self.count, self.given, self.result = self.count + 1, given, None
        passed = copy.deepcopy(given)
        try:
            with redirect_stdout(io.StringIO()):
                self.result = self._timed(passed)
        except TimeUp:
            raise Wrong(f"It was still running after {self.seconds} "
                        "seconds. Will its loop ever end?") from None
        except (Exception, SystemExit) as error:
            raise Wrong(f"It raised {type(error).__name__}: {error}"
                        + self._place(error)) from None
        expect(all(map(_same, passed, given)), "It changed one of its "
               "arguments in place: whoever called it still needs the old "
               "values.")
        expect(self.result is not None, "It returned None. Does every way "
               "through it end in a return?")
        return self.result

    def _timed(self, passed):
        deadline = time.monotonic() + self.seconds

        def watch(frame, event, arg):
            if time.monotonic() > deadline:
                raise TimeUp
            return watch

        before = sys.gettrace()
        sys.settrace(watch)
        try:
            return self.function(*passed)
        finally:
            sys.settrace(before)

    def _place(self, error):
        """The line of the reader's own code that raised, if it is known."""
        own = getattr(getattr(self.function, "__code__", None),
                      "co_filename", None)
        lines = [linecache.getline(own, frame.lineno).strip() for frame
                 in traceback.extract_tb(error.__traceback__)
                 if frame.filename == own]
        return f"  (in the line: {lines[-1]})" if any(lines[-1:]) else ""

    def told(self):
        """The latest call and what came of it, to be printed."""
        case = f"{self.name}({', '.join(map(_show, self.given))})"
        lines = [("case:     ", case)]
        if self.result is not None:
            lines.append(("returned: ", _show(self.result)))
        return "".join("\n" + textwrap.fill(
            text, 72, initial_indent="  " + head, subsequent_indent=12 * " ")
            for head, text in lines)


def _same(a, b):
    return np.array_equal(np.asarray(a), np.asarray(b))


def _show(value, most=400):
    if isinstance(value, tuple):
        return f"({', '.join(map(_show, value))})"
    text = repr(value)
    if isinstance(value, np.ndarray):
        text = f"array({value.tolist()})"
    return text if len(text) <= most else text[:most] + " …"


def _documented():
    """An empty function with a docstring, to compare with."""


def _is_empty(function):
    code = getattr(function, "__code__", None)
    empty = (_documented.__code__.co_code, (lambda: None).__code__.co_code)
    return (code is not None and code.co_code in empty
            and set(code.co_consts) <= {None, function.__doc__})


# Notebook 1. All numbers in these cases are whole, so that sums are exact
# in any order and an input can lie exactly on the boundary.

def _whole(rng, *shape):
    return rng.integers(-4, 5, shape).astype(float)


def _score(w, x):
    return w[0] + sum(a * b for a, b in zip(w[1:], x, strict=True))


def _side(w, x):
    return 1 if _score(w, x) >= 0 else -1


def _on_the_boundary(rng):
    d = rng.integers(1, 6)
    w, x = _whole(rng, d + 1), _whole(rng, d)
    w[0] -= _score(w, x)
    return w, x


def _unit_case(rng):
    n, d = rng.integers(1, 5), rng.integers(1, 6)
    return _whole(rng, d + 1), _whole(rng, n, d)


def one_label_a_row(call, rng):
    w, X = _unit_case(rng)
    labels = call(w, X)
    expect_array(labels, (len(X),), "one label for each row of X")
    expect(set(labels.tolist()) <= {-1, 1},
           "Some label is neither +1 nor -1.")


def rows_are_strangers(call, rng):
    w, X = _unit_case(rng)
    alone = [call(w, row[None])[0] for row in X]
    expect(_same(call(w, X), alone),
           "A row gets another label in company than alone.")


def zero_input_follows_the_bias(call, rng):
    w, X = _unit_case(rng)
    expect((call(w, 0 * X) == _side(w[:1], [])).all(),
           "For inputs that are all zeros, only the bias can decide, and "
           "it didn't.")


def boundary_is_plus_one(call, rng):
    w, x = _on_the_boundary(rng)
    expect(call(w, x[None])[0] == 1, "An input exactly on the boundary "
           "got -1; chapter 1 gave the boundary to +1.")


def length_of_w_is_irrelevant(call, rng):
    w, X = _unit_case(rng)
    expect(_same(call(w, X), call(8 * w, X)),
           "Weights eight times as long gave other labels: the boundary "
           "must stay where it is.")


def every_side_is_right(call, rng):
    w, X = _unit_case(rng)
    expect(_same(call(w, X), [_side(w, x) for x in X]),
           "Some input got the label of the other side.")


def _update_case(rng, mistaken):
    d = rng.integers(1, 6)
    w, x = _whole(rng, d + 1), _whole(rng, d)
    return w, x, -_side(w, x) if mistaken else _side(w, x)


def one_weight_a_feature_and_a_bias(call, rng):
    w, x, y = _update_case(rng, rng.random() < 0.5)
    expect_array(call(w, x, y), w.shape, "the new weights")


def right_example_teaches_nothing(call, rng):
    w, x, y = _update_case(rng, mistaken=False)
    expect(_score(w, x) == 0 or _same(call(w, x, y), w),
           f"The example (label {y:+d}) was right already, yet the weights "
           "changed.")


def boundary_counts_as_plus_one(call, rng):
    w, x = _on_the_boundary(rng)
    expect(_same(call(w, x, 1), w), "An input exactly on the boundary is "
           "labeled +1, so with y = +1 it is no mistake; yet the weights "
           "changed.")
    expect(not _same(call(w, x, -1), w), "An input exactly on the boundary "
           "is labeled +1, so with y = -1 it is a mistake; yet the weights "
           "stayed.")


def zero_input_moves_only_the_bias(call, rng):
    w, x, y = _update_case(rng, mistaken=True)
    y = -_side(w[:1], [])
    new = call(w, 0 * x, y)
    expect(_same(new[1:], w[1:]) and (new[0] - w[0]) * y > 0,
           "After a mistake on an input that is all zeros, only the bias "
           "should move, and toward the label.")


def mistake_moves_its_score_by_the_squared_length(call, rng):
    w, x, y = _update_case(rng, mistaken=True)
    gain = y * (_score(call(w, x, y), x) - _score(w, x))
    expect(gain > 0, f"After a mistake on an example with label {y:+d}, its "
           "score did not move toward its label.")
    expect(gain == 1 + x @ x, "After a mistake the score moved toward the "
           "label, but not as far as one update of chapter 1 moves it.")


def right_angles_do_not_notice(call, rng):
    w, x, y = _update_case(rng, mistaken=True)
    u, v = np.append(1, x), _whole(rng, len(w))
    across = (u @ u) * v - (u @ v) * u
    expect((call(w, x, y) - w) @ across == 0, "A mistake on one input also "
           "moved the score of inputs at right angles to it.")


def _learn_case(rng):
    n, d = rng.integers(2, 8), rng.integers(1, 4)
    return _whole(rng, n, d), rng.choice([-1, 1], n)


def _replay(X, y, limit):
    w, counts = [0.0] * (X.shape[1] + 1), []
    while len(counts) < limit and 0 not in counts:
        counts.append(0)
        for x, label in zip(X, y, strict=True):
            if _side(w, x) != label:
                counts[-1] += 1
                w = [a + label * b for a, b in zip(w, [1, *x], strict=True)]
    return w, counts


def _learned(call, X, y, limit):
    result = call(X, y, limit)
    expect(isinstance(result, tuple) and len(result) == 2, "Expected two "
           "things: the weights, and the list of mistakes in each pass.")
    w, counts = result
    expect_array(w, (X.shape[1] + 1,), "the weights")
    counts = np.asarray(counts)
    expect(counts.ndim == 1 and counts.dtype.kind in "iu", "Expected the "
           "mistakes as a list of whole numbers, one for each pass.")
    return w, counts.tolist()


def weights_and_mistakes_come_back(call, rng):
    X, y = _learn_case(rng)
    _learned(call, X, y, 5)


def all_plus_one_needs_no_lesson(call, rng):
    X, y = _learn_case(rng)
    w, counts = _learned(call, X, abs(y), 5)
    expect(counts == [0] and not w.any(), "Zero weights label everything "
           "+1. Where every label is +1, one pass without a mistake should "
           "be all, and the weights still zero.")


def separable_examples_are_separated(call, rng):
    X, hidden = _learn_case(rng)[0], _whole(rng, 4)[:1]
    hidden = np.append(hidden, _whole(rng, X.shape[1]))
    y = np.array([_side(2 * hidden + np.eye(len(hidden))[0], x) for x in X])
    w, counts = _learned(call, X, y, 5000)
    expect([_side(w, x) for x in X] == y.tolist(), "A line separates these "
           "examples, but the weights that came back don't.")
    expect(counts[-1:] == [0], "Its examples are separated, but the last "
           "number in the list isn't the zero of a pass without mistakes.")
    expect(counts.count(0) == 1, "It went on after a pass without mistakes.")


def gives_up_at_the_limit(call, rng):
    X, y = _learn_case(rng)
    limit = int(rng.integers(1, 9))
    _, counts = _learned(call, np.vstack([X, X[:1]]),
                         np.append(y, -y[0]), limit)
    expect(len(counts) == limit, "The same input has both labels here, so "
           f"every pass has a mistake. With limit {limit} it should make "
           f"{limit} passes; it reported {len(counts)}.")
    expect(0 not in counts, "The same input has both labels here, yet it "
           "reports a pass without mistakes.")


def same_examples_same_story(call, rng):
    X, y = _learn_case(rng)
    (w, counts), (again, recount) = (_learned(call, X, y, 4)
                                     for _ in range(2))
    expect(_same(w, again) and counts == recount, "Called twice on the same "
           "examples, it gave two different results: does something "
           "survive the first call?")


def mistakes_are_counted_when_met(call, rng):
    X, y = _learn_case(rng)
    limit = int(rng.integers(1, 9))
    w, counts = _learned(call, X, y, limit)
    right, recount = _replay(X, y, limit)
    expect(counts == recount, "The numbers of mistakes are not those of "
           "examples taken in order, each judged by the weights of that "
           "moment, starting from zero weights.")
    expect(_same(w, right), "The mistakes are counted right, but the weights "
           "that came back are not those after the last pass.")


def five_features_a_row(call, rng):
    X = _whole(rng, rng.integers(1, 6), 2)
    expect_array(call(X), (len(X), 5), "five features for each row")


def rows_are_lifted_one_by_one(call, rng):
    X = _whole(rng, 4, 2)
    alone = [call(row[None])[0] for row in X]
    expect(_same(call(X), alone),
           "A row is lifted to other features in company than alone.")


def _is_flat(call, X, target):
    """Is target a weighted sum of a bias and the features of X?"""
    A = np.column_stack([np.ones(len(X)), call(X)])
    w = np.linalg.lstsq(A, target, rcond=None)[0]
    return np.allclose(A @ w, target, rtol=0, atol=1e-6)


def old_lines_are_still_there(call, rng):
    X = _whole(rng, 12, 2)
    expect(_is_flat(call, X, X @ [1, 2]), "A line that the unit could draw "
           "in the plane can't be drawn with the new features.")


def circles_become_flat(call, rng):
    X, middle = _whole(rng, 12, 2), _whole(rng, 2)
    expect(_is_flat(call, X, ((X - middle) ** 2).sum(1)), "No weights on "
           "the new features put the boundary on a circle.")


def crosses_become_flat(call, rng):
    X = _whole(rng, 12, 2)
    expect(_is_flat(call, X, X[:, 0] * X[:, 1]), "No weights on the new "
           "features put the boundary on the cross of the two axes.")


UNIT = (one_label_a_row, rows_are_strangers, zero_input_follows_the_bias,
        boundary_is_plus_one, length_of_w_is_irrelevant, every_side_is_right)
UPDATE = (one_weight_a_feature_and_a_bias, right_example_teaches_nothing,
          boundary_counts_as_plus_one, zero_input_moves_only_the_bias,
          mistake_moves_its_score_by_the_squared_length,
          right_angles_do_not_notice)
LEARN = (weights_and_mistakes_come_back, all_plus_one_needs_no_lesson,
         separable_examples_are_separated, gives_up_at_the_limit,
         same_examples_same_story, mistakes_are_counted_when_met)
LIFT = (five_features_a_row, rows_are_lifted_one_by_one,
        old_lines_are_still_there, circles_become_flat, crosses_become_flat)
