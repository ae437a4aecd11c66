"""The perceptron: one unit, its learning rule, and what to do when no line
separates. The home of every definition is chapter 1."""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from scratch.inputs import check_classes, check_examples, check_positive, check_shape


def with_bias(X: np.ndarray) -> np.ndarray:
    """Put the bias input x0 = 1 in front of every example.

    X: (n, d); returns (n, d + 1).
    """
    return np.column_stack([np.ones(len(X)), X])


def unit(w: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Answer +1 where w . x >= 0 and -1 elsewhere: sign(0) is +1.

    w: (d + 1,) weights, the bias first; X: (n, d); returns (n,) ints.
    Raises ValueError where the two don't fit. Rosenblatt (1958).
    """
    check_examples(X)
    check_shape("w", w, (np.shape(X)[1] + 1,))
    return np.where(with_bias(X) @ w >= 0, 1, -1)


def count_mistakes(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> int:
    """Count the examples that a unit gets wrong: the 0/1 loss.

    w: (d + 1,); X: (n, d); y: (n,) labels +1 or -1.
    Raises ValueError for bad examples, labels or weights.
    """
    check_examples(X, y)
    return int((unit(w, X) != y).sum())


def margin(w: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    """Measure how far the worst example lies on the right side of w.

    The distance is taken among the inputs with x0 = 1, so the whole of w
    is scaled to length 1; it is negative where an example is wrong.
    w: (d + 1,); X: (n, d); y: (n,) labels +1 or -1. Novikoff (1962).
    Raises ValueError for bad examples, labels or weights.
    """
    check_examples(X, y)
    check_shape("w", w, (np.shape(X)[1] + 1,))
    check_positive("length of w", np.linalg.norm(w))
    return float((y * (with_bias(X) @ w)).min() / np.linalg.norm(w))


def visit(X: np.ndarray, y: np.ndarray, w: np.ndarray,
          learning_rate: float, rng: np.random.Generator | None,
          ) -> Iterator[tuple[int, bool, np.ndarray]]:
    """Go through the examples once, correcting w after each mistake.

    X: (n, d + 1), x0 = 1 included; y: (n,); w: (d + 1,), not changed;
    rng: shuffles the examples, None keeps their order. Yields for each
    example its index, whether it was wrong, and the weights after it.
    """
    order = range(len(X)) if rng is None else rng.permutation(len(X))
    for i in order:
        guess = 1 if X[i] @ w >= 0 else -1
        wrong = bool(guess != y[i])
        if wrong:
            w = w + learning_rate * y[i] * X[i]
        yield i, wrong, w


class Training(NamedTuple):
    """Weights, whether an epoch passed without a mistake, and the number
    of mistakes in each epoch."""

    w: np.ndarray
    converged: bool
    mistakes: list


def train_perceptron(X: np.ndarray, y: np.ndarray, epochs: int = 100,
                     learning_rate: float = 1.0,
                     start: np.ndarray | None = None,
                     rng: np.random.Generator | None = None) -> Training:
    """Correct w after each mistake until an epoch has none.

    X: (n, d); y: (n,) labels +1 or -1; start: (d + 1,) first weights,
    zeros if None; rng: shuffles every epoch, None keeps the order.
    After the last epoch it stops, warns with a RuntimeWarning and
    returns converged=False. Raises ValueError for bad input.
    """
    check_examples(X, y)
    check_positive("epochs", epochs)
    check_positive("learning_rate", learning_rate)
    w = np.zeros(np.shape(X)[1] + 1) if start is None else start
    check_shape("start", w, (np.shape(X)[1] + 1,))
    mistakes = []
    inputs = with_bias(X)
    for _ in range(epochs):
        mistakes.append(0)
        for _, wrong, w in visit(inputs, y, w, learning_rate, rng):
            mistakes[-1] += wrong
        if mistakes[-1] == 0:
            return Training(w, True, mistakes)
    warnings.warn(f"no separating line after {epochs} epochs: the last "
                  f"one made {mistakes[-1]} mistakes", RuntimeWarning,
                  stacklevel=2)
    return Training(w, False, mistakes)


def train_pocket(X: np.ndarray, y: np.ndarray, epochs: int = 100,
                 learning_rate: float = 1.0,
                 rng: np.random.Generator | None = None) -> np.ndarray:
    """Keep the weights that made the fewest mistakes on all examples.

    X: (n, d); y: (n,) labels +1 or -1; returns (d + 1,) weights.
    Raises ValueError for bad input. Gallant (1990), with ratchet, but
    counting the mistakes after every update.
    """
    check_examples(X, y)
    check_positive("epochs", epochs)
    check_positive("learning_rate", learning_rate)
    w = pocket = np.zeros(np.shape(X)[1] + 1)
    fewest = count_mistakes(w, X, y)
    inputs = with_bias(X)
    for _ in range(epochs):
        for _, wrong, w in visit(inputs, y, w, learning_rate, rng):
            here = count_mistakes(w, X, y) if wrong else fewest
            if here < fewest:
                pocket, fewest = w, here
    return pocket


def train_averaged(X: np.ndarray, y: np.ndarray, epochs: int = 10,
                   learning_rate: float = 1.0,
                   rng: np.random.Generator | None = None) -> np.ndarray:
    """Average the weights after every visit of an example.

    X: (n, d); y: (n,) labels +1 or -1; returns (d + 1,) weights.
    Raises ValueError for bad input. Freund and Schapire (1999).
    """
    check_examples(X, y)
    check_positive("epochs", epochs)
    check_positive("learning_rate", learning_rate)
    w = total = np.zeros(np.shape(X)[1] + 1)
    inputs = with_bias(X)
    for _ in range(epochs):
        for _, _, w in visit(inputs, y, w, learning_rate, rng):
            total = total + w
    return total / (epochs * len(X))


def pick_class(W: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Name the class whose weights score highest, the first among equals.

    W: (K, d + 1), one row a class; X: (n, d); returns (n,) ints below K.
    Raises ValueError where the two don't fit.
    """
    check_examples(X)
    check_shape("W", W, (len(W), np.shape(X)[1] + 1))
    return (with_bias(X) @ W.T).argmax(axis=1)


def visit_classes(X: np.ndarray, labels: np.ndarray, W: np.ndarray,
                  rng: np.random.Generator | None,
                  ) -> Iterator[tuple[int, bool, np.ndarray]]:
    """Go through the examples once, correcting two rows a mistake.

    X: (n, d + 1), x0 = 1 included; labels: (n,) ints below K;
    W: (K, d + 1), not changed. Yields as visit does.
    """
    order = range(len(X)) if rng is None else rng.permutation(len(X))
    for i in order:
        guess = (W @ X[i]).argmax()
        wrong = bool(guess != labels[i])
        if wrong:
            W = W.copy()
            W[labels[i]] += X[i]
            W[guess] -= X[i]
        yield i, wrong, W


def train_classes(X: np.ndarray, labels: np.ndarray, classes: int,
                  epochs: int = 10,
                  rng: np.random.Generator | None = None) -> np.ndarray:
    """Average one row of weights a class after every visit.

    X: (n, d); labels: (n,) ints from 0 to classes - 1; returns
    (classes, d + 1). Raises ValueError for bad input. Crammer and Singer
    (2003), their update of the winner alone, and the average of visits.
    """
    check_examples(X)
    check_classes("labels", labels, len(X), classes)
    check_positive("epochs", epochs)
    W = total = np.zeros((classes, np.shape(X)[1] + 1))
    inputs = with_bias(X)
    for _ in range(epochs):
        for _, _, W in visit_classes(inputs, labels, W, rng):
            total = total + W
    return total / (epochs * len(X))
