"""What Notebook 1 checks: the unit, one update, learning, and the lift.

All numbers in these cases are whole, so that sums are exact in any order
and an input can lie exactly on the boundary. The answers they are held
against are written out here in plain Python, apart from the package.
"""

import numpy as np

from scratch.selfcheck import expect, expect_array, same


def _whole(rng, *shape):
    return rng.integers(-4, 5, shape).astype(float)


def _score(w, x):
    return w[0] + sum(a * b for a, b in zip(w[1:], x, strict=True))


def _side(w, x):
    return 1 if _score(w, x) >= 0 else -1


def _on_the_boundary(rng):
    d = rng.integers(1, 6)
    w, x = _whole(rng, d + 1), _whole(rng, d)
    x[0] = x[0] or 2
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
    expect(same(call(w, X), alone),
           "A row gets another label in company than alone.")


def zero_input_follows_the_bias(call, rng):
    w, X = _unit_case(rng)
    w[0] = w[0] or -2
    expect((call(w, np.zeros_like(X)) == _side(w[:1], [])).all(),
           "For inputs that are all zeros, only the bias can decide, and "
           "it didn't.")


def boundary_is_plus_one(call, rng):
    w, x = _on_the_boundary(rng)
    expect(call(w, x[None])[0] == 1, "An input exactly on the boundary "
           "was not labeled +1; chapter 1 gave the boundary to +1.")


def length_of_w_is_irrelevant(call, rng):
    w, X = _unit_case(rng)
    expect(same(call(w, X), call(8 * w, X)),
           "Weights eight times as long gave other labels: the boundary "
           "must stay where it is.")


def every_side_is_right(call, rng):
    w, X = _unit_case(rng)
    expect(same(call(w, X), [_side(w, x) for x in X]),
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
    expect(_score(w, x) == 0 or same(call(w, x, y), w),
           f"The example (label {y:+d}) was right already, yet the weights "
           "changed.")


def boundary_counts_as_plus_one(call, rng):
    w, x = _on_the_boundary(rng)
    expect(same(call(w, x, 1), w), "An input exactly on the boundary is "
           "labeled +1, so with y = +1 it is no mistake; yet the weights "
           "changed.")
    expect(not same(call(w, x, -1), w), "An input exactly on the boundary "
           "is labeled +1, so with y = -1 it is a mistake; yet the weights "
           "stayed.")


def zero_input_moves_only_the_bias(call, rng):
    w, x, _ = _update_case(rng, mistaken=True)
    y = -_side(w[:1], [])
    new = call(w, np.zeros_like(x), y)
    expect(same(new[1:], w[1:]) and (new[0] - w[0]) * y > 0,
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


def _replay(X, y, epochs):
    w, counts = [0.0] * (X.shape[1] + 1), []
    while len(counts) < epochs and 0 not in counts:
        counts.append(0)
        for x, label in zip(X, y, strict=True):
            if _side(w, x) != label:
                counts[-1] += 1
                w = [a + label * b for a, b in zip(w, [1, *x], strict=True)]
    return w, counts


def _learned(call, X, y, epochs):
    result = call(X, y, epochs)
    two = isinstance(result, (tuple, list)) and len(result) == 2
    expect(two, "Expected two things: the weights, and the list of mistakes "
           "in each epoch.")
    w, counts = result
    expect_array(w, (X.shape[1] + 1,), "the weights")
    counts = np.asarray(counts)
    expect(counts.ndim == 1 and counts.dtype.kind in "iu", "Expected the "
           "mistakes as a list of whole numbers, one for each epoch.")
    return w, counts.tolist()


def weights_and_mistakes_come_back(call, rng):
    X, y = _learn_case(rng)
    _learned(call, X, y, 5)


def all_plus_one_needs_no_lesson(call, rng):
    X, y = _learn_case(rng)
    w, counts = _learned(call, X, abs(y), 5)
    expect(counts == [0] and not w.any(), "Zero weights answer +1 to "
           "everything. Where every label is +1, one epoch without a mistake "
           "should be all, and the weights still zero.")


def separable_examples_are_separated(call, rng):
    X, _ = _learn_case(rng)
    # Odd at the bias and even elsewhere: no example scores exactly zero.
    hidden = 2 * rng.integers(-2, 3, X.shape[1] + 1)
    hidden[0] += 1
    y = np.array([_side(hidden, x) for x in X])
    w, counts = _learned(call, X, y, 5000)
    expect([_side(w, x) for x in X] == y.tolist(), "Some weights make no "
           "mistake on these examples, but those that came back do, with "
           "5,000 epochs allowed.")
    expect(counts[-1:] == [0], "The examples are separated, but the last "
           "number in the list isn't the zero of an epoch without mistakes.")
    expect(counts.count(0) == 1, "It went on after an epoch without "
           "mistakes.")


def gives_up_at_the_limit(call, rng):
    X, y = _learn_case(rng)
    epochs = int(rng.integers(1, 9))
    _, counts = _learned(call, np.vstack([X, X[:1]]),
                         np.append(y, -y[0]), epochs)
    expect(len(counts) == epochs, "One input has both labels here, so "
           f"every epoch has a mistake. With epochs = {epochs} it should "
           f"report {epochs} of them; it reported {len(counts)}.")
    expect(0 not in counts, "One input has both labels here, yet it reports "
           "an epoch without mistakes.")


def same_examples_same_story(call, rng):
    X, y = _learn_case(rng)
    (w, counts), (again, recount) = (_learned(call, X, y, 4)
                                     for _ in range(2))
    expect(same(w, again) and counts == recount, "Called twice on the same "
           "examples, it gave two different results: does something "
           "survive the first call?")


def mistakes_are_counted_when_met(call, rng):
    X, y = _learn_case(rng)
    epochs = int(rng.integers(1, 9))
    w, counts = _learned(call, X, y, epochs)
    right, recount = _replay(X, y, epochs)
    expect(counts == recount, "The numbers of mistakes are not those of "
           "examples taken in order, each judged by the weights of that "
           "moment, starting from zero weights.")
    expect(same(w, right), "The mistakes are counted right, but the weights "
           "that came back are not those after the last epoch.")


def five_features_a_row(call, rng):
    X = _whole(rng, rng.integers(1, 6), 2)
    expect_array(call(X), (len(X), 5), "five features for each row")


def rows_are_lifted_one_by_one(call, rng):
    X = _whole(rng, 4, 2)
    alone = [call(row[None])[0] for row in X]
    expect(same(call(X), alone),
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


def the_five_are_there(call, rng):
    X = _whole(rng, 3, 2)
    five = [*X.T, *(X**2).T, X.prod(axis=1)]
    expect(sorted(call(X).T.tolist()) == sorted(map(list, five)), "Weights "
           "on these features could draw every boundary, but some feature is "
           "not one of the five: is it multiplied by a number, or a mix?")


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
        old_lines_are_still_there, circles_become_flat, crosses_become_flat,
        the_five_are_there)
