"""Were arrays changed since they were used? A print of each tells."""

import numpy as np


def fingerprint(array):
    """Give a short text that differs once an array of floats was changed.

    It is the sum of all entries, each weighted by its place, one cheap
    pass. A change that it can't see is one within the sum's rounding.
    """
    if array.size == 0:
        return ""
    # np.dot, unlike @, doesn't warn of infinity
    table = array.reshape(-1, *array.shape[-1:])
    sums = np.dot(table, _places(table.shape[-1], 2, array.dtype))
    return float(np.dot(sums, _places(sums.size, 1, array.dtype))
                 if sums.ndim else sums).hex()


_known_places = {}


def _places(size, turn, dtype):
    """A number for each place, no two alike."""
    known = _known_places.get((turn, dtype), np.empty(0))
    if len(known) < size:
        known = np.cos(turn * np.arange(2 * size)).astype(dtype)
        _known_places[turn, dtype] = known
    return known[:size]


def check_unchanged(shape, before, now):
    """Refuse a result whose parents are gone, or whose arrays are changed.

    before, now: fingerprints when it was computed, and at backward.
    """
    if before and not now:
        raise RuntimeError(
            f"backward: the graph behind a result of shape {shape} was used "
            "by an earlier backward, which let it go: compute the loss "
            "again, or start anew from its value with Tensor(x.data)")
    if before != now:
        raise RuntimeError(
            f"backward: an array behind a result of shape {shape} was "
            "changed after it was used, and its derivative would be wrong: "
            "change arrays after backward, or change a copy")
