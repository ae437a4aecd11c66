"""Bad input, told clearly: which argument, what came, what was expected."""

import numpy as np


def check_examples(X, y=None):
    """Refuse examples that nothing can be learned from.

    X: (n, d) numbers, n and d at least 1, none of them NaN or infinite;
    y: (n,) labels +1 or -1, where they are given.
    Raises ValueError naming the argument.
    """
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError("X: expected one row an example, shape (n, d), "
                         f"got shape {X.shape}")
    if X.size == 0:
        raise ValueError(f"X: expected at least one example with one "
                         f"feature, got shape {X.shape}")
    check_finite("X", X)
    if y is not None:
        y = np.asarray(y)
        if y.shape != (len(X),):
            raise ValueError(f"y: expected one label for each of the "
                             f"{len(X)} rows of X, got shape {y.shape}")
        strange = y[(y != 1) & (y != -1)]
        if strange.size:
            raise ValueError("y: expected labels +1 and -1, got "
                             f"{strange[0].item()!r}")


def check_finite(name, values):
    """Refuse NaN and infinity; values: array of any shape."""
    values = np.asarray(values)
    if not np.issubdtype(values.dtype, np.number):
        raise ValueError(f"{name}: expected numbers, got {values.dtype}")
    if not np.isfinite(values).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise ValueError(f"{name}: expected finite numbers, got "
                         f"{values[where]} at index {where}")


def check_positive(name, value):
    """Refuse a step size or a count that is zero, negative or NaN."""
    if not value > 0:
        raise ValueError(f"{name}: expected a number above 0, got {value!r}")


def check_shape(name, values, shape):
    """Refuse an array of another shape, NaN and infinity."""
    if np.shape(values) != shape:
        raise ValueError(f"{name}: expected shape {shape}, "
                         f"got shape {np.shape(values)}")
    check_finite(name, values)


def check_classes(name, labels, examples, classes):
    """Refuse labels that are not whole numbers from 0 to classes - 1.

    labels: one for each of the examples.
    """
    check_shape(name, labels, (examples,))
    labels = np.asarray(labels)
    strange = labels[(labels != labels.astype(int)) | (labels < 0)
                     | (labels >= classes)]
    if strange.size:
        raise ValueError(f"{name}: expected whole numbers from 0 to "
                         f"{classes - 1}, got {strange[0].item()!r}")


def check_margins(margins):
    """Refuse margins that no loss can be taken of; margins: any shape."""
    if np.size(margins) == 0:
        raise ValueError("margins: expected at least one, got none")
    check_finite("margins", margins)


def check_range(name, value, low, high):
    """Refuse a number outside low <= value < high, and NaN."""
    if not low <= value < high:
        raise ValueError(f"{name}: expected {low} <= {name} < {high}, "
                         f"got {value!r}")


def check_parameters(parameters):
    """Refuse what an optimizer can't update in place.

    parameters: a list or tuple of arrays of floats, each of any shape.
    """
    if not isinstance(parameters, (list, tuple)) or not parameters:
        came = ("an empty one" if isinstance(parameters, (list, tuple))
                else type(parameters).__name__)
        raise ValueError("parameters: expected a list of arrays, "
                         f"got {came}")
    for i, w in enumerate(parameters):
        if not isinstance(w, np.ndarray) or w.dtype.kind != "f":
            kind = getattr(w, "dtype", type(w).__name__)
            raise ValueError(f"parameters[{i}]: expected an array of "
                             f"floats, got {kind}")
        check_finite(f"parameters[{i}]", w)


def check_gradients(gradients, parameters):
    """Refuse gradients that don't fit their parameters, NaN and infinity."""
    if len(gradients) != len(parameters):
        raise ValueError(f"gradients: expected {len(parameters)}, one for "
                         f"each parameter, got {len(gradients)}")
    for i, (g, w) in enumerate(zip(gradients, parameters)):
        check_shape(f"gradients[{i}]", g, w.shape)
