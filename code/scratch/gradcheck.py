"""Checking a gradient against differences. Its home is chapter 2."""

from collections.abc import Callable

import numpy as np

from scratch.inputs import check_finite, check_positive, check_shape


def numerical_gradient(f: Callable[[np.ndarray], float],
                       w: np.ndarray) -> np.ndarray:
    """Approximate the gradient of f at w by central differences.

    f: function of one array; w: array of any shape, not changed.
    The step, the cube root of the machine's epsilon times the size of
    the coordinate, balances truncation against rounding. Two calls of f
    a coordinate. Raises ValueError for NaN or infinity in w or f.
    """
    check_finite("w", w)
    w = np.array(w, dtype=float)
    gradient = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        here = w[i]
        h = np.finfo(float).eps ** (1 / 3) * max(1, abs(here))
        w[i] = here + h
        above = f(w)
        w[i] = here - h
        below = f(w)
        w[i] = here
        gradient[i] = (above - below) / (2 * h)
    check_finite("f", gradient)
    return gradient


def check_gradient(f: Callable[[np.ndarray], float],
                   gradient: Callable[[np.ndarray], np.ndarray],
                   w: np.ndarray, tolerance: float = 1e-6) -> float:
    """Compare a gradient with central differences; return their distance.

    f and gradient: functions of one array; w: the point, away from kinks
    of f and from places where its gradient vanishes. The distance is
    relative: |a - n| / (|a| + |n|) of the two vectors' lengths.
    Raises ValueError naming the worst coordinate above the tolerance.
    """
    check_positive("tolerance", tolerance)
    ours, numerical = gradient(w), numerical_gradient(f, w)
    check_shape("gradient", ours, np.shape(w))
    apart = np.linalg.norm(ours - numerical)
    size = np.linalg.norm(ours) + np.linalg.norm(numerical)
    error = float(apart / size) if size > 0 else 0.0
    if error > tolerance:
        i = np.unravel_index(np.abs(ours - numerical).argmax(),
                             ours.shape)
        raise ValueError(
            f"gradient: expected {numerical[i]:.6g} at index "
            f"{tuple(map(int, i))} by central differences, got "
            f"{ours[i]:.6g} (relative error {error:.1e})")
    return error
