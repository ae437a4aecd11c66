"""Losses of a margin m = y (w . x), for labels y = +1 and -1: how wrong a
score is, and which way it should move. The home of each is chapter 2."""

import numpy as np

from scratch.inputs import check_margins


def zero_one(margins: np.ndarray) -> float:
    """Share of margins that are zero or negative: the mistakes.

    margins: any shape, at least one. A margin of exactly zero rests on
    the rule for the sign of zero alone and counts as a mistake, whatever
    the label, so that the loss depends on the margin only. There is no
    gradient to go with it: it is zero wherever it exists. Raises
    ValueError for empty margins, NaN or infinity.
    """
    check_margins(margins)
    return float(np.mean(margins <= 0))


def squared(margins: np.ndarray) -> float:
    """Mean of (1 - m)^2, which is the squared error of the score.

    margins: any shape, at least one. Raises ValueError for empty margins,
    NaN or infinity.
    """
    check_margins(margins)
    return float(np.mean((1 - margins) ** 2))


def squared_gradient(margins: np.ndarray) -> np.ndarray:
    """Derivative of squared for each margin, in the shape of margins."""
    check_margins(margins)
    return -2 * (1 - margins) / margins.size


def hinge(margins: np.ndarray) -> float:
    """Mean of max(0, 1 - m): no loss from a margin of 1 on.

    margins: any shape, at least one. Raises ValueError for empty margins,
    NaN or infinity.
    """
    check_margins(margins)
    return float(np.mean(np.maximum(0, 1 - margins)))


def hinge_gradient(margins: np.ndarray) -> np.ndarray:
    """Derivative of hinge for each margin; at the kink, 0 of [-1, 0]."""
    check_margins(margins)
    return np.where(margins < 1, -1.0, 0.0) / margins.size


def logistic(margins: np.ndarray) -> float:
    """Mean of log(1 + exp(-m)), in nats, for margins of any size.

    margins: any shape, at least one. Raises ValueError for empty margins,
    NaN or infinity.
    """
    check_margins(margins)
    return float(np.mean(np.logaddexp(0, -margins)))


def logistic_gradient(margins: np.ndarray) -> np.ndarray:
    """Derivative of logistic for each margin: minus sigma(-m), over n."""
    check_margins(margins)
    return -np.exp(-np.logaddexp(0, margins)) / margins.size
