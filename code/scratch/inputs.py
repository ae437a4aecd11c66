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


def check_logits(logits, labels):
    """Refuse scores and labels that no cross-entropy can be taken of.

    logits: (n, C) array of scores; labels: (n,) whole numbers from 0 to
    C - 1. Rows that are all above 0 and sum to 1 are refused: they are
    probabilities already. NaN passes: the loss will be NaN and tell.
    """
    labels = np.asarray(labels)
    if logits.ndim != 2 or logits.size == 0:
        raise ValueError("logits: expected one row an example and one column "
                         f"a class, shape (n, C), got shape {logits.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels: expected whole numbers, the classes, got "
                         f"{labels.dtype}")
    check_classes("labels", labels, len(logits), logits.shape[1])
    if (logits > 0).all() and np.allclose(logits.sum(1), 1, rtol=0, atol=1e-5):
        raise ValueError("logits: expected scores of any sign and size, got "
                         "rows that sum to 1, which are probabilities: leave "
                         "the softmax out, the loss takes it")


def check_step_loss(losses, epoch):
    """Stop a training whose last loss is NaN or infinite, naming the step.

    losses: those of all steps so far, a list; epoch: the pass, from 1.
    Raises FloatingPointError.
    """
    if not np.isfinite(losses[-1]):
        raise FloatingPointError(
            f"the loss is {losses[-1]} at step {len(losses)}, in pass "
            f"{epoch}: expected a finite number; try a smaller learning "
            "rate, and look for NaN or infinity in the inputs")


def check_pass(batches, epoch):
    """Refuse a pass over no batches; batches: how many there were."""
    if batches == 0:
        raise ValueError(f"batches: expected some in pass {epoch}, got none "
                         "(a generator gives a single pass)")


def check_targets(name, targets, examples):
    """Refuse counts of targets and examples that differ or are zero."""
    if targets != examples or examples == 0:
        raise ValueError(f"{name}: expected one for each example, got "
                         f"{targets} for {examples} examples")


def check_probabilities(name, values):
    """Refuse an array whose last axis is no probability distribution."""
    check_finite(name, values)
    values = np.asarray(values)
    if ((values < 0).any()
            or not np.allclose(values.sum(-1), 1, rtol=0, atol=1e-6)):
        raise ValueError(f"{name}: expected probabilities, which are 0 or "
                         "more and sum to 1, got sums from "
                         f"{values.sum(-1).min():.6g} to "
                         f"{values.sum(-1).max():.6g} and a least value of "
                         f"{values.min():.6g}: if these are logits, take "
                         "their softmax first")


def as_floats(name, values, exact=False):
    """Make an array of float64, or leave one of float32 as it is.

    exact: refuse whole numbers, which can't be moved by a small step.
    Raises TypeError naming what came.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        came = (array.dtype if isinstance(values, np.ndarray)
                else type(values).__name__)
        raise TypeError(f"{name}: expected numbers, got {came}")
    if exact and array.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected floats with requires_grad=True, got "
            f"{array.dtype}: a derivative needs numbers that a small step "
            "can change; write 2.0 for 2, or use .astype(float)")
    return array if array.dtype in (np.float32, np.float64) else (
        array.astype(float))


def check_broadcast(a, b):
    """Refuse two shapes that no operation goes through entry by entry."""
    if any(m != n and 1 not in (m, n) for m, n in zip(a[::-1], b[::-1])):
        raise ValueError(
            f"shapes {a} and {b} don't broadcast: counted from the right, "
            "two sizes must be equal, or one of them 1")


def check_matmul(a, b):
    """Refuse two shapes that have no matrix product."""
    if min(len(a), len(b)) < 2:
        raise ValueError(
            f"@: expected two matrices, got shapes {a} and {b}: make a row "
            "of a vector with .reshape(1, -1), a column with .reshape(-1, 1)")
    if a[-1] != b[-2]:
        raise ValueError(
            f"@: shapes {a} and {b} don't fit: the first has {a[-1]} "
            f"columns, the second {b[-2]} rows, and these must be equal")
    check_broadcast(a[:-2], b[:-2])


def check_loss(shape, requires_grad):
    """Refuse to differentiate what is not one number, or has no parameter."""
    if np.prod(shape) != 1:
        raise ValueError(
            f"backward: expected one number, a loss, got shape {shape}: "
            "make one of it with .mean() or .sum()")
    if not requires_grad:
        raise RuntimeError(
            "backward: nothing here requires a gradient: make parameters "
            "with Tensor(..., requires_grad=True)")
