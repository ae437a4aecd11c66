"""The self-check tells right from wrong by behaviour, and keeps the answer."""

import signal
import threading
import time

import numpy as np
import pytest
import torch

from labs import CheckTests, verdict
from scratch import perceptron
from scratch.checks.notebook_1 import LEARN, LIFT, UNIT, UPDATE
from scratch.selfcheck import Wrong, check, expect_array

X_SEEN = np.array([[5.0, 7.0], [2.0, 6.0]])


# Right answers to the unit, written differently.

def unit_by_matrix(w, X):
    return np.where(X @ w[1:] + w[0] >= 0, 1, -1)


def unit_by_loop(w, X):
    labels = []
    for x in X:
        total = w[0]
        for j in range(len(x)):
            total += w[j + 1] * x[j]
        labels.append(-1 if total < 0 else 1)
    return np.array(labels)


def unit_by_bias_input(w, X):
    inputs = np.hstack([np.ones((len(X), 1)), X])
    return 2 * (inputs @ w >= 0).astype(int) - 1


def unit_of_floats(w, X):
    return np.copysign(1.0, np.einsum("j,ij->i", w[1:], X) + w[0] + 0.0)


# Wrong ones.

def unit_without_bias(w, X):
    return np.where(X @ w[1:] >= 0, 1, -1)


def unit_with_bias_last(w, X):
    return np.where(X @ w[:-1] + w[-1] >= 0, 1, -1)


def unit_strict(w, X):
    return np.where(X @ w[1:] + w[0] > 0, 1, -1)


def unit_sign_of_zero_is_zero(w, X):
    return np.sign(X @ w[1:] + w[0])


def unit_flipped(w, X):
    return np.where(X @ w[1:] + w[0] <= 0, 1, -1)


def unit_score(w, X):
    return X @ w[1:] + w[0]


def unit_booleans(w, X):
    return X @ w[1:] + w[0] >= 0


def unit_zero_and_one(w, X):
    return (X @ w[1:] + w[0] >= 0).astype(int)


def unit_list(w, X):
    return unit_by_matrix(w, X).tolist()


def unit_column(w, X):
    return unit_by_matrix(w, X)[:, None]


def unit_of_two_features(w, X):
    return np.where(w[0] + w[1] * X[:, 0] + w[2] * X[:, 1] >= 0, 1, -1)


def unit_thresholded_at_one(w, X):
    return np.where(X @ w[1:] + w[0] >= 1, 1, -1)


def unit_of_the_mean(w, X):
    score = X @ w[1:]
    return np.where(score - score.mean() + w[0] >= 0, 1, -1)


def unit_that_subtracts_the_bias(w, X):
    return np.where(X @ w[1:] - w[0] >= 0, 1, -1)


def unit_that_remembers(w, X):
    if np.array_equal(X, X_SEEN):
        return np.array([1, 1])
    return np.ones(len(X), int)


def unit_that_normalizes_in_place(w, X):
    w /= np.abs(w).max() + 1
    return unit_by_matrix(w, X)


def unit_without_return(w, X):
    np.where(X @ w[1:] + w[0] >= 0, 1, -1)


def unit_wrong_shape(w, X):
    return np.where(X @ w >= 0, 1, -1)


def unit_words(w, X):
    return np.array(["+1"] * len(X))


def unit_all_one(w, X):
    return 1


# One update.

def update_plain(w, x, y):
    inputs = np.concatenate([[1.0], x])
    if y * (1 if w @ inputs >= 0 else -1) > 0:
        return w
    return w + y * inputs


def update_by_factor(w, x, y):
    guess = 1 if w[0] + x @ w[1:] >= 0 else -1
    return w + (y - guess) / 2 * np.append(1, x)


def update_by_loop(w, x, y):
    new, score = w.copy(), w[0]
    for j in range(len(x)):
        score += w[j + 1] * x[j]
    wrong = score < 0 if y == 1 else score >= 0
    if wrong:
        new[0] += y
        for j in range(len(x)):
            new[j + 1] += y * x[j]
    return new


def raised(w, x, y):
    return w + y * np.append(1, x)


def scored(w, x):
    return w[0] + x @ w[1:]


def update_always(w, x, y):
    return raised(w, x, y)


def update_away(w, x, y):
    return 2 * w - update_plain(w, x, y)


def update_in_place(w, x, y):
    if not np.array_equal(update_plain(w, x, y), w):
        w += y * np.append(1, x)
    return w


def update_boundary_is_a_mistake(w, x, y):
    return raised(w, x, y) if y * scored(w, x) <= 0 else w


def update_boundary_is_right(w, x, y):
    return raised(w, x, y) if y * scored(w, x) < 0 else w


def update_forgets_the_bias(w, x, y):
    new = update_plain(w, x, y).copy()
    new[0] = w[0]
    return new


def update_on_right_answers(w, x, y):
    return (raised(w, x, y) if np.array_equal(update_plain(w, x, y), w)
            else w)


def update_half_a_step(w, x, y):
    return (w + update_plain(w, x, y)) / 2


def update_ignores_the_label(w, x, y):
    moved = not np.array_equal(update_plain(w, x, y), w)
    return w + np.append(1, x) if moved else w


def update_of_its_own_direction(w, x, y):
    moved = not np.array_equal(update_plain(w, x, y), w)
    length = 1 + x @ x
    return w + y * np.append(length, 0 * x) if moved else w


def update_drops_the_bias(w, x, y):
    return update_plain(w, x, y)[1:]


def update_list(w, x, y):
    return list(update_plain(w, x, y))


def update_at_zero_only(w, x, y):
    return raised(w, x, y) if not w.any() and y == -1 else w


# Learning.

def learn_plain(X, y, epochs=100):
    w, mistakes = np.zeros(X.shape[1] + 1), []
    for _ in range(epochs):
        count = 0
        for x, label in zip(X, y):
            new = update_plain(w, x, label)
            count += not np.array_equal(new, w)
            w = new
        mistakes.append(count)
        if count == 0:
            break
    return w, mistakes


def learn_by_while(X, y, epochs=100):
    inputs = np.column_stack([np.ones(len(X)), X])
    w, mistakes = 0 * inputs[0], []
    while len(mistakes) < epochs and (not mistakes or mistakes[-1] > 0):
        mistakes.append(0)
        for i in range(len(y)):
            if (inputs[i] @ w >= 0) != (y[i] > 0):
                w, mistakes[-1] = w + y[i] * inputs[i], mistakes[-1] + 1
    return w, mistakes


def learn_with_arrays(X, y, epochs=100):
    w, mistakes = learn_by_while(X, y, epochs)
    return w.astype(int), np.array(mistakes)


def learn_to_a_list(X, y, epochs=100):
    return list(learn_plain(X, y, epochs))


def learn_like_the_package(X, y, epochs=100):
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w, _, mistakes = perceptron.train_perceptron(X, y, epochs)
    return w, mistakes


def learn_forever(X, y, epochs=100):
    w, mistakes = learn_plain(X, y, 1)
    while mistakes[-1] > 0:
        mistakes.append(learn_plain(X, y, len(mistakes) + 1)[1][-1])
    return w, mistakes


def learn_one_epoch(X, y, epochs=100):
    return learn_plain(X, y, 1)


def learn_never_early(X, y, epochs=100):
    w, mistakes = learn_plain(X, y, epochs)
    return w, mistakes + [0] * (epochs - len(mistakes))


def learn_without_last_zero(X, y, epochs=100):
    w, mistakes = learn_plain(X, y, epochs)
    return w, [count for count in mistakes if count]


def learn_counting_afterwards(X, y, epochs=100):
    w, _ = learn_plain(X, y, epochs)
    return w, [int((unit_by_matrix(learn_plain(X, y, k + 1)[0], X) != y)
                   .sum()) for k in range(epochs)]


def learn_in_one_batch(X, y, epochs=100):
    w, mistakes = np.zeros(X.shape[1] + 1), []
    inputs = np.column_stack([np.ones(len(X)), X])
    for _ in range(epochs):
        wrong = unit_by_matrix(w, X) != y
        w = w + y[wrong] @ inputs[wrong]
        mistakes.append(int(wrong.sum()))
        if not wrong.any():
            break
    return w, mistakes


def learn_backward(X, y, epochs=100):
    return learn_plain(X[::-1], y[::-1], epochs)


def learn_from_ones(X, y, epochs=100):
    w, mistakes = learn_plain(X, y, epochs)
    return w + 1, mistakes


def learn_one_too_many(X, y, epochs=100):
    return learn_plain(X, y, epochs + 1)


def learn_weights_only(X, y, epochs=100):
    return learn_plain(X, y, epochs)[0]


def learn_total(X, y, epochs=100):
    w, mistakes = learn_plain(X, y, epochs)
    return w, sum(mistakes)


kept = {}


def learn_from_where_it_was(X, y, epochs=100):
    w = kept.get(X.shape[1], np.zeros(X.shape[1] + 1))
    mistakes = []
    for _ in range(epochs):
        mistakes.append(0)
        for x, label in zip(X, y):
            new = update_plain(w, x, label)
            mistakes[-1] += not np.array_equal(new, w)
            w = new
        if mistakes[-1] == 0:
            break
    kept[X.shape[1]] = w
    return w, mistakes


def learn_sorting_in_place(X, y, epochs=100):
    X.sort(axis=0)
    return learn_plain(X, y, epochs)


def learn_weights_of_the_first_epoch(X, y, epochs=100):
    return learn_plain(X, y, 1)[0], learn_plain(X, y, epochs)[1]


# The lift.

def lift_columns(X):
    a, b = X[:, 0], X[:, 1]
    return np.column_stack([a, b, a * a, b * b, a * b])


def lift_other_order(X):
    return np.array([[u * v, v**2, u**2, v, u] for u, v in X])


def lift_by_products(X):
    squares = X[:, [0, 0, 1]] * X[:, [0, 1, 1]]
    return np.hstack([squares, X])


def lift_at_another_scale(X):
    return lift_by_products(X) * [1, 2, 1, 1, 1]


def lift_of_sums(X):
    return np.array([[u * v, u**2 + v**2, u**2 - v**2, v, u]
                     for u, v in X])


def lift_without_product(X):
    a, b = X.T
    return np.column_stack([a, b, a * a, b * b, (a + b) * 2])


def lift_squares_alone(X):
    a, b = X.T
    return np.column_stack([a * a, b * b, a * b, a * a, b * b])


def lift_absolute(X):
    a, b = X.T
    return np.column_stack([a, b, abs(a), abs(b), a * b])


def lift_three(X):
    return np.column_stack([X**2, X[:, 0] * X[:, 1]])


def lift_centered(X):
    return lift_columns(X - X.mean(axis=0))


def lift_cubes(X):
    a, b = X.T
    return np.column_stack([a, b, a**3, b**3, a * b])


RIGHT = [(UNIT, unit_by_matrix), (UNIT, unit_by_loop), (UNIT, perceptron.unit),
         (UNIT, unit_by_bias_input), (UNIT, unit_of_floats),
         (UPDATE, update_plain), (UPDATE, update_by_factor),
         (UPDATE, update_by_loop), (LEARN, learn_plain),
         (LEARN, learn_by_while), (LEARN, learn_with_arrays),
         (LEARN, learn_to_a_list),
         (LEARN, learn_like_the_package), (LIFT, lift_columns),
         (LIFT, lift_other_order), (LIFT, lift_by_products)]

# What the reader is told, at the least.
WRONG = [
    (UNIT, unit_without_bias, "only the bias can decide"),
    (UNIT, unit_with_bias_last, "only the bias can decide"),
    (UNIT, unit_strict, "exactly on the boundary"),
    (UNIT, unit_sign_of_zero_is_zero, r"exactly on the boundary|neither \+1 nor -1"),
    (UNIT, unit_flipped, "bias"),
    (UNIT, unit_score, r"neither \+1 nor -1"),
    (UNIT, unit_booleans, "numbers, got values of type bool"),
    (UNIT, unit_zero_and_one, r"neither \+1 nor -1"),
    (UNIT, unit_list, "got list"),
    (UNIT, unit_column, "got shape"),
    (UNIT, unit_of_two_features, "It raised IndexError|boundary|side"),
    (UNIT, unit_thresholded_at_one, "bias|boundary|eight times"),
    (UNIT, unit_of_the_mean, "in company than alone"),
    (UNIT, unit_that_subtracts_the_bias, "only the bias can decide"),
    (UNIT, unit_that_remembers, "bias"),
    (UNIT, unit_that_normalizes_in_place, "in place"),
    (UNIT, unit_without_return, "returned None"),
    (UNIT, unit_wrong_shape, "It raised ValueError: matmul"),
    (UNIT, unit_words, "finite numbers"),
    (UNIT, unit_all_one, "got int"),
    (UPDATE, update_always, "was right already"),
    (UPDATE, update_away, "toward"),
    (UPDATE, update_in_place, "in place"),
    (UPDATE, update_boundary_is_a_mistake, r"so with y = \+1 it is no mistake"),
    (UPDATE, update_boundary_is_right, "so with y = -1 it is a mistake"),
    (UPDATE, update_forgets_the_bias, "only the bias"),
    (UPDATE, update_on_right_answers, "was right already"),
    (UPDATE, update_half_a_step, "not as far"),
    (UPDATE, update_ignores_the_label, "toward"),
    (UPDATE, update_of_its_own_direction, "right angles"),
    (UPDATE, update_drops_the_bias, "got shape"),
    (UPDATE, update_list, "got list"),
    (UPDATE, update_at_zero_only, "boundary|only the bias|toward"),
    (LEARN, learn_one_epoch, "those that came back do|last number"),
    (LEARN, learn_never_early, "should be all"),
    (LEARN, learn_without_last_zero, "list of whole numbers|should be all"),
    (LEARN, learn_counting_afterwards, "should be all|went on"),
    (LEARN, learn_in_one_batch, "taken in order"),
    (LEARN, learn_backward, "taken in order"),
    (LEARN, learn_from_ones, "still zero"),
    (LEARN, learn_one_too_many, "should report"),
    (LEARN, learn_weights_only, "Expected two things"),
    (LEARN, learn_total, "list of whole numbers"),
    (LEARN, learn_from_where_it_was, "survive|still zero"),
    (LEARN, learn_sorting_in_place, "in place"),
    (LEARN, learn_weights_of_the_first_epoch, "those that came back|last epoch"),
    (LIFT, lift_without_product, "cross"),
    (LIFT, lift_squares_alone, "could draw"),
    (LIFT, lift_absolute, "circle"),
    (LIFT, lift_three, "got shape"),
    (LIFT, lift_centered, "in company"),
    (LIFT, lift_cubes, "circle"),
    (LIFT, lift_at_another_scale, "not one of the five"),
    (LIFT, lift_of_sums, "not one of the five"),
]

class TestChecks(CheckTests):
    properties = (UNIT, UPDATE, LEARN, LIFT)
    right, wrong = RIGHT, WRONG
    # calls, indices, operators, NumPy
    secrets = r"np\.|\w\(|\w\[|[@*/]|[<>+-]=|=[=<>]|\bdot\b|\bw\b|\bx\b"

    def before(self):
        kept.clear()


def test_an_answer_that_never_ends_is_told_that_it_is_still_running(capsys):
    returned, printed = verdict(capsys, learn_forever, LEARN, seed=0,
                                seconds=0.3)
    assert returned is None and "still running" in printed


def test_an_empty_hole_is_called_not_written_yet(capsys):
    def documented(w, X):
        """What it should do."""
        ...

    def bare(w, X):
        pass

    for hole in (documented, bare):
        assert verdict(capsys, hole, UNIT) == (
            None, f"{hole.__name__}: not written yet.\n")


def test_a_constant_is_an_answer_and_no_empty_hole(capsys):
    def constant(w, X):
        """Always the same."""
        return 5

    printed = verdict(capsys, constant, UNIT)[1]
    assert "got int" in " ".join(printed.split())


def test_what_is_no_function_is_told_so(capsys):
    assert verdict(capsys, 3, UNIT) == (
        None, "your answer: not yet. Expected a function, got 3\n")


def test_an_exception_is_told_with_its_type_line_and_case(capsys):
    def broken(w, X):
        spoiled = X.no_such_thing
        return spoiled

    returned, printed = verdict(capsys, broken, UNIT)
    assert returned is None
    assert "It raised AttributeError" in printed
    assert "spoiled = X.no_such_thing" in printed
    assert "case:     broken(array([" in printed
    assert "selfcheck" not in printed and "Traceback" not in printed


@pytest.mark.parametrize("stop", [SystemExit, RecursionError, AssertionError])
def test_no_exception_of_the_reader_comes_through(capsys, stop):
    def broken(w, X):
        raise stop("so there")

    assert f"{stop.__name__}: so there" in verdict(capsys, broken, UNIT)[1]


@pytest.mark.parametrize("body", ["while True: pass",
                                  "while True:\n  try: X.no\n"
                                  "  except Exception: pass"])
def test_an_endless_loop_is_ended(capsys, body):
    space = {}
    exec("def endless(w, X):\n " + body.replace("\n", "\n "), space)
    began = time.monotonic()
    returned, printed = verdict(capsys, space["endless"], UNIT, seconds=0.1)
    assert time.monotonic() - began < 2
    assert returned is None
    assert "still running after 0.1 seconds" in " ".join(printed.split())


def test_a_call_that_ends_at_the_limit_leaves_no_interrupt_behind(capsys):
    def dawdling(w, X):
        began = time.perf_counter()
        while time.perf_counter() - began < 0.01:
            pass
        return unit_by_matrix(w, X)

    before = signal.getsignal(signal.SIGINT)
    ends = [verdict(capsys, dawdling, UNIT[:1], cases=4, seconds=0.04)[0]
            for _ in range(10)]
    assert set(ends) <= {None, dawdling}
    assert signal.getsignal(signal.SIGINT) is before


def test_an_endless_loop_is_ended_where_interrupts_are_ignored(capsys):
    def endless(w, X):
        while True:
            pass

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _, printed = verdict(capsys, endless, UNIT, seconds=0.1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "still running" in printed


def test_the_stop_button_is_not_taken_for_an_answer():
    def stopped(w, X):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(stopped, UNIT)


def test_outside_the_main_thread_a_right_answer_still_passes(capsys):
    worker = threading.Thread(target=check, args=(unit_by_matrix, UNIT))
    worker.start()
    worker.join()
    assert "right" in capsys.readouterr().out


def test_what_an_answer_prints_is_dropped(capsys):
    def chatty(w, X):
        print("look here")
        return unit_by_matrix(w, X)

    assert "look here" not in verdict(capsys, chatty, UNIT)[1]


def test_cases_are_new_each_time_unless_a_seed_is_given(capsys):
    seen = []

    def spy(w, X):
        seen.append((w.tolist(), X.tolist()))
        return unit_by_matrix(w, X)

    runs = []
    for seed in (None, None, 7, 7):
        seen.clear()
        verdict(capsys, spy, UNIT, seed=seed)
        runs.append(list(seen))
    assert runs[0] != runs[1] and runs[2] == runs[3]


def test_the_case_told_is_the_case_that_failed(capsys):
    def seldom(w, X):
        labels = unit_by_matrix(w, X)
        return -labels if len(X) == 3 and X.shape[1] == 2 else labels

    _, printed = verdict(capsys, seldom, UNIT[2:3], cases=200)
    case = "".join(printed.split("case:")[1].split("returned:")[0].split())
    w, X = eval(case.removeprefix("seldom"), {"array": np.array})
    assert X.shape == (3, 2) and w.shape == (3,)


def asks_for_good(w, X):
    X.requires_grad_()


def leaves_a_gradient(w, X):
    X.requires_grad_().sum().backward()
    X.requires_grad_(False)


def cleans_up(w, X):
    leaves_a_gradient(w, X)
    X.grad = None


def ask_one(X, use, capsys):
    """(returned, printed) of a check whose answer does `use` with X."""
    def answer(w, X):
        use(w, X)
        return 1

    return verdict(capsys, answer, (lambda call, rng: call(1.0, X),))


@pytest.mark.parametrize("use, fault", [
    (asks_for_good, "switched on requires_grad"),
    (leaves_a_gradient, "left a gradient there")])
def test_a_gradient_asked_of_an_argument_for_good_is_told(
        capsys, use, fault):
    returned, printed = ask_one(torch.ones(2), use, capsys)
    assert returned is None and fault in " ".join(printed.split())


def test_a_gradient_asked_of_an_argument_for_a_while_is_no_fault(capsys):
    assert ask_one(torch.ones(2), cleans_up, capsys)[0]


def test_an_argument_that_asks_for_its_gradient_may_go_on(capsys):
    X = torch.ones(2, requires_grad=True)
    X.grad = torch.ones(2)
    assert ask_one(X, asks_for_good, capsys)[0]


@pytest.mark.parametrize("value, told", [
    ([1.0], "got list"), (np.zeros(2), r"got shape \(2,\)"),
    (np.array([np.nan]), "finite"), (np.array(["1"]), "finite")])
def test_expect_array_names_what_came(value, told):
    with pytest.raises(Wrong, match=told):
        expect_array(value, (1,))
