"""What a page claims, checked where it is measured and listed at its end."""

import numpy as np
from IPython import get_ipython


class ClaimError(AssertionError):
    """A measured value that is not within the bound the page claims."""


def claim(what, values, above=None, below=None, near=None, within=None):
    """Refuse a claim that fails for any seed; list one that holds.

    what: the claim in words, the same at each run.
    values: a number, or (seeds,) numbers, one a seed; none may be NaN.
    above, below: bounds that every value must lie strictly inside.
    near, within: the value expected, and how far off it may be.

    Raises ClaimError naming claim, value and bound, and ValueError where
    no bound, or no value, is given. In a notebook the claim is kept with
    the cell's output; the book lists it under "What was checked here".
    """
    values = np.atleast_1d(np.asarray(values, dtype=float))
    if values.ndim != 1 or values.size == 0:
        raise ValueError("values: expected a number, or one a seed, got "
                         f"shape {values.shape}")
    if (near is None) != (within is None):
        raise ValueError("near and within: expected both or neither")
    one_sided = above is not None or below is not None
    if one_sided == (near is not None):
        raise ValueError("expected above, below or both, or near and within")
    holds, bounds = np.isfinite(values), []
    if above is not None:
        holds &= values > above
        bounds.append(f"above {above:.6g}")
    if below is not None:
        holds &= values < below
        bounds.append(f"below {below:.6g}")
    if near is not None:
        holds &= np.abs(values - near) <= within
        bounds.append(f"{near:.6g} ± {within:.3g}")
    bound = " and ".join(bounds)
    if not holds.all():
        seed = int(np.argmin(holds))
        raise ClaimError(f'claim "{what}" failed: got {values[seed]:.6g} '
                         f"(value {seed + 1} of {values.size}), expected "
                         f"{bound}")
    _keep({"claim": what, "bound": bound,
           "values": [float(f"{value:.6g}") for value in values]})


def _keep(record):
    """Publish a record beside the cell's output, where no reader sees it."""
    shell = get_ipython()
    if shell is not None:
        prefix = "application/papermill.record/"
        shell.display_pub.publish(
            data={f"{prefix}text/plain": repr(record["values"])},
            metadata={"scrapbook": {"name": f"claim: {record['claim']}",
                                    "mime_prefix": prefix},
                      "claim": record})
