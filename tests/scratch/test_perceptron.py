import warnings

import numpy as np
import pytest
from sklearn.linear_model import Perceptron

from scratch import data
from scratch.perceptron import (
    count_mistakes,
    margin,
    pick_class,
    train_averaged,
    train_classes,
    train_perceptron,
    train_pocket,
    unit,
    visit,
    visit_classes,
    with_bias,
)

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([-1, 1, 1, -1])
TWO = np.array([[5.0, 7.0], [2.0, 6.0]])
TWO_LABELS = np.array([1, -1])


def separable(gap, seed, examples=100, dimensions=3):
    """Points at least `gap` from a plane that is known: X, y and u."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=dimensions + 1)
    u /= np.linalg.norm(u)
    X = rng.uniform(-1, 1, size=(examples, dimensions))
    score = u[0] + X @ u[1:]
    return X[np.abs(score) >= gap], np.sign(score[np.abs(score) >= gap]), u


def overlapping(seed, examples=100):
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(examples) % 2 == 0, 1, -1)
    return rng.normal(size=(examples, 2)) + np.column_stack([y, 0 * y]), y


def quietly(X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return train_perceptron(X, y, **options)


# The unit

def test_the_bias_input_is_one_and_comes_first():
    assert with_bias([[7, 8], [9, 10]]).tolist() == [[1, 7, 8], [1, 9, 10]]


def test_a_score_of_zero_is_answered_plus_one():
    assert unit([0, 0, 0], TWO).tolist() == [1, 1]
    assert unit([-5, 1, 0], [[5, 3], [4.999, 3]]).tolist() == [1, -1]


def test_gates_answer_by_their_truth_tables():
    assert unit([-1.5, 1, 1], CORNERS).tolist() == [-1, -1, -1, 1]
    assert unit([-0.5, 1, 1], CORNERS).tolist() == [-1, 1, 1, 1]


def test_mistakes_are_counted_not_averaged():
    assert count_mistakes([0, 0, 0], CORNERS, XOR) == 2
    assert count_mistakes([-0.5, 1, 1], CORNERS, XOR) == 1


def test_margin_is_a_distance_among_inputs_with_the_bias():
    # (-6, 7, -2): scores 15 and -4, length sqrt(36 + 49 + 4), by hand
    assert np.isclose(margin([-6, 7, -2], TWO, TWO_LABELS), 4 / 89**0.5)
    assert np.isclose(margin([-5, 0, 1], TWO, TWO_LABELS), -1 / 26**0.5)
    assert np.isclose(margin([-60, 70, -20], TWO, TWO_LABELS), 4 / 89**0.5)


# The rule

def test_two_points_are_learned_in_the_seven_updates_worked_by_hand():
    after = [(-5, 0, 1), (-6, -2, -5), (-5, 3, 2), (-6, 1, -4), (-5, 6, 3),
             (-6, 4, -3), (-5, 9, 4), (-6, 7, -2), (-6, 7, -2), (-6, 7, -2)]
    w, seen = np.array([-5.0, 0, 1]), []
    for _ in range(5):
        for _, _, w in visit(with_bias(TWO), TWO_LABELS, w, 1.0, None):
            seen.append(tuple(w))
    assert seen == after
    run = train_perceptron(TWO, TWO_LABELS, start=[-5, 0, 1])
    assert run.mistakes == [1, 2, 2, 2, 0]
    assert run.w.tolist() == [-6, 7, -2]


def test_weights_that_were_handed_out_do_not_change():
    start = np.zeros(3)
    handed = [w for _, _, w in visit(with_bias(TWO), -np.ones(2), start,
                                     1.0, None)]
    assert not start.any() and handed[0].tolist() == [-1, -5, -7]


def test_a_right_answer_changes_nothing():
    w = np.array([-6.0, 7, -2])
    steps = list(visit(with_bias(TWO), TWO_LABELS, w, 1.0, None))
    assert [wrong for _, wrong, _ in steps] == [False, False]
    assert all(after is w for _, _, after in steps)


def test_the_step_size_scales_the_weights_and_nothing_else():
    X, y, _ = separable(0.05, seed=0)
    one, tenth = (train_perceptron(X, y, epochs=2000, learning_rate=rate)
                  for rate in (1, 0.125))  # an eighth is exact in binary
    assert one.mistakes == tenth.mistakes
    assert np.array_equal(0.125 * one.w, tenth.w)


def test_without_a_generator_the_order_is_that_of_the_rows():
    X = with_bias(CORNERS)
    assert [i for i, _, _ in visit(X, XOR, np.zeros(3), 1.0, None)] \
        == [0, 1, 2, 3]


def test_a_generator_shuffles_anew_and_visits_each_example_once():
    rng, X = np.random.default_rng(0), np.ones((50, 3))
    first, second = ([i for i, _, _ in visit(X, np.ones(50), np.zeros(3),
                                             1.0, rng)] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second and first != list(range(50))


def test_weights_equal_those_of_scikit_learn():
    # Its rule also corrects ties, so the first example, met with zero
    # weights, has to be a mistake for ours too: its label is -1.
    for seed in range(5):
        X, y = overlapping(seed)
        X, y = X[::-1], y[::-1]
        assert y[0] == -1
        theirs = Perceptron(max_iter=7, tol=None, shuffle=False).fit(X, y)
        ours = quietly(X, y, epochs=7).w
        assert np.allclose(ours, [theirs.intercept_[0], *theirs.coef_[0]],
                           rtol=0, atol=1e-12)


# The theorem

def test_mistakes_never_exceed_the_bound():
    for seed in range(60):
        dimensions = 1 + seed % 5
        X, y, u = separable(0.05 + 0.01 * (seed % 7), seed,
                            dimensions=dimensions)
        run = train_perceptron(X, y, epochs=3000,
                               rng=np.random.default_rng(seed))
        R = np.linalg.norm(with_bias(X), axis=1).max()
        assert run.converged and count_mistakes(run.w, X, y) == 0
        assert sum(run.mistakes) <= R**2 / margin(u, X, y) ** 2
        assert sum(run.mistakes) > 0 or (y == 1).all()


def test_points_at_right_angles_reach_the_bound():
    w, count = np.zeros(30), 0
    for _ in range(2):
        for _, wrong, w in visit(np.eye(30), -np.ones(30), w, 1.0, None):
            count += wrong
    assert count == 30


# When no line exists

def test_without_a_line_training_stops_and_says_so():
    with pytest.warns(RuntimeWarning, match=r"after 9 epochs.*4 mistakes"):
        run = train_perceptron(CORNERS, XOR, epochs=9)
    assert not run.converged
    assert len(run.mistakes) == 9 and run.mistakes[-1] == 4


def test_with_a_line_training_stops_early_and_says_nothing():
    X, y = data.toy("gaussians")
    run = train_perceptron(X, y, epochs=1000)
    assert run.converged and len(run.mistakes) < 1000
    assert run.mistakes[-1] == 0 and 0 not in run.mistakes[:-1]


def test_the_pocket_is_never_worse_than_any_weights_on_the_way():
    for seed in range(5):
        X, y = overlapping(seed)
        w, counts = np.zeros(3), [count_mistakes(np.zeros(3), X, y)]
        rng = np.random.default_rng(seed)
        for _ in range(5):
            for _, _, w in visit(with_bias(X), y, w, 1.0, rng):
                counts.append(count_mistakes(w, X, y))
        pocket = train_pocket(X, y, epochs=5, rng=np.random.default_rng(seed))
        assert count_mistakes(pocket, X, y) == min(counts) < counts[-1]


def test_the_pocket_gets_three_corners_of_xor():
    pocket = train_pocket(CORNERS, XOR, rng=np.random.default_rng(0))
    assert count_mistakes(pocket, CORNERS, XOR) == 1


def test_the_average_of_two_points_is_the_one_worked_by_hand():
    # From zero: x1 right; x2 wrong, -(1, 2, 6); x1 wrong, +(1, 5, 7);
    # x2 wrong, -(1, 2, 6). After each visit:
    # (0, 0, 0), (-1, -2, -6), (0, 3, 1), (-1, 1, -5).
    average = train_averaged(TWO, TWO_LABELS, epochs=2)
    assert np.allclose(average, np.array([-2, 2, -10]) / 4, rtol=1e-15)


# Several classes

def test_the_highest_score_wins_and_the_first_of_equals():
    W = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 1]])
    assert pick_class(W, [[2, 1], [1, 2], [3, 3]]).tolist() == [0, 1, 0]


def test_a_mistake_moves_the_right_class_up_and_the_winner_down():
    X = with_bias([[2.0, 3.0]])
    (i, wrong, W), = visit_classes(X, [2], np.zeros((3, 3)), None)
    assert (i, wrong) == (0, True)
    assert W.tolist() == [[-1, -2, -3], [0, 0, 0], [1, 2, 3]]


def test_rows_that_were_handed_out_do_not_change():
    start = np.zeros((2, 3))
    handed = [W for _, _, W in visit_classes(with_bias(TWO), [1, 0], start,
                                             None)]
    assert not start.any()
    assert handed[0].tolist() == [[-1, -5, -7], [1, 5, 7]]


def test_two_classes_learn_as_two_copies_of_one_unit():
    X, y = overlapping(seed=0)
    X, y = X[::-1], y[::-1]  # the first example is -1, a mistake for both
    W, w = np.zeros((2, 3)), np.zeros(3)
    steps = zip(visit_classes(with_bias(X), (y < 0) * 1, W, None),
                visit(with_bias(X), y, w, 1.0, None))
    for (_, wrong_W, W), (_, wrong_w, w) in steps:
        assert wrong_W == wrong_w
        assert np.allclose(W, [w, -w], rtol=0, atol=1e-12)


def test_three_blobs_are_learned_and_average_is_over_all_visits():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    X = 3 * np.array([[1, 0], [-1, 1], [-1, -1]])[labels]
    X = X + 0.3 * rng.normal(size=X.shape)
    W = train_classes(X, labels, 3, epochs=5)
    assert (pick_class(W, X) == labels).all()
    running, total = np.zeros((3, 3)), np.zeros((3, 3))
    for _ in range(5):
        for _, _, running in visit_classes(with_bias(X), labels, running,
                                           None):
            total = total + running
    assert np.allclose(W, total / 300, rtol=1e-12)


def test_points_between_two_of_a_class_belong_to_it():
    rng = np.random.default_rng(0)
    for _ in range(50):
        W = rng.normal(size=(5, 4))
        a, b = rng.normal(size=(2, 100, 3))
        same = pick_class(W, a) == pick_class(W, b)
        t = rng.random((100, 1))
        between = pick_class(W, (1 - t) * a + t * b)
        assert (between == pick_class(W, a))[same].all()


# Bad input

TRAINERS = (train_perceptron, train_pocket, train_averaged)
BAD_EXAMPLES = {
    "X: .*finite": ([[1, np.nan], [2, 3]], [1, -1]),
    "X: .*at least one": (np.empty((0, 2)), np.empty(0)),
    "X: .*one row an example": ([1.0, 2.0], [1, -1]),
    "y: .*one label": ([[1, 2], [3, 4]], [1, -1, 1]),
    "y: .*got 0": ([[1, 2], [3, 4]], [1, 0]),
}


@pytest.mark.parametrize("train", TRAINERS)
@pytest.mark.parametrize("message", BAD_EXAMPLES)
def test_bad_examples_are_refused_by_name(train, message):
    with pytest.raises(ValueError, match=message):
        train(*BAD_EXAMPLES[message])


@pytest.mark.parametrize("message", BAD_EXAMPLES)
def test_bad_examples_are_not_counted(message):
    X, y = BAD_EXAMPLES[message]
    for measure in (count_mistakes, margin):
        with pytest.raises(ValueError, match=message):
            measure(np.ones(3), X, y)


@pytest.mark.parametrize("train", TRAINERS)
@pytest.mark.parametrize("bad", (0, -1, float("nan")))
def test_a_step_that_is_not_positive_is_refused(train, bad):
    with pytest.raises(ValueError, match="learning_rate"):
        train(TWO, TWO_LABELS, learning_rate=bad)
    with pytest.raises(ValueError, match="epochs"):
        train(TWO, TWO_LABELS, epochs=bad)


@pytest.mark.parametrize("w", ([1, 2], np.ones((3, 1)), [1, 2, np.inf]))
def test_weights_that_do_not_fit_are_refused(w):
    for call in (lambda: unit(w, TWO),
                 lambda: count_mistakes(w, TWO, TWO_LABELS),
                 lambda: margin(w, TWO, TWO_LABELS)):
        with pytest.raises(ValueError, match=r"^w: expected"):
            call()
    with pytest.raises(ValueError, match=r"^start: expected"):
        train_perceptron(TWO, TWO_LABELS, start=w)


def test_a_unit_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match=r"X: .*finite"):
        unit([1, 2, 3], [[np.nan, 1]])


def test_zero_weights_have_no_margin():
    with pytest.raises(ValueError, match="length of w"):
        margin([0, 0, 0], TWO, TWO_LABELS)


@pytest.mark.parametrize("labels", ([0, 3], [0, -1], [0, 0.5], [0], "ab"))
def test_labels_outside_the_classes_are_refused(labels):
    with pytest.raises(ValueError, match=r"^labels: expected"):
        train_classes(TWO, labels, classes=3)


def test_bad_input_of_several_classes_is_refused():
    with pytest.raises(ValueError, match="epochs"):
        train_classes(TWO, [0, 1], classes=2, epochs=0)
    with pytest.raises(ValueError, match=r"X: .*finite"):
        train_classes([[np.inf, 1]], [0], classes=2)
    with pytest.raises(ValueError, match=r"^W: expected"):
        pick_class(np.ones((3, 2)), TWO)
    with pytest.raises(ValueError, match=r"X: .*finite"):
        pick_class(np.ones((3, 3)), [[np.nan, 1]])
