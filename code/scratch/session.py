"""The first line of every page: fix the luck, the threads and the look."""

import os
import random
import warnings

import numpy as np
import torch

from scratch import plots


def start(seed=0):
    """Prepare a page to run: seeds, threads, figure style; return the device.

    Seeds Python's, NumPy's and PyTorch's global generators with `seed`
    (an int from 0 to 2**32 - 1), keeps PyTorch on one thread (two threads
    on a busy pair of cores are slower and add their own rounding), and
    sets the style of figures and of printed numbers.

    Returns a `torch.device`: the GPU where there is one, else the CPU.
    Raises ValueError for a seed that NumPy can't take.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"seed: expected a whole number, got {seed!r}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed: expected 0 <= seed < 2**32, got {seed}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 1)))
    # NumPy 2 prints np.float64(0.5); a page prints 0.5.
    np.set_printoptions(legacy="1.25", precision=4, suppress=True)
    plots.set_style()
    warnings.simplefilter("once")
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
