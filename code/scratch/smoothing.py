"""Randomized smoothing: a certificate that no change of a picture below some
length can fool the smoothed net. Its home is chapter 8."""

from collections.abc import Callable

import torch
from scipy import stats

from scratch.inputs import check_positive, check_range


def noisy_counts(net: Callable, x: torch.Tensor, sigma: float, draws: int,
                 seed: int = 0) -> torch.Tensor:
    """Count how often each class wins under normal noise, shape (n, C).

    x: (n, …); sigma: the noise's standard deviation, in units of x.
    """
    check_positive("sigma", sigma)
    check_positive("draws", draws)
    generator, counts = torch.Generator(x.device).manual_seed(seed), 0
    with torch.no_grad():
        for _ in range(draws):
            noise = torch.empty_like(x).normal_(generator=generator)
            scores = net(x + sigma * noise)
            counts = counts + torch.nn.functional.one_hot(
                scores.argmax(1), scores.shape[1])
    return counts


def certified_radius(hits, draws: int, sigma: float, doubt: float = 0.001):
    """L2 radius within which the smoothed net's answer can't change.

    hits: (n,) how often the answer won, in draws that did not choose it;
    doubt: probability, over the draws, that a radius is too large.
    Returns (n,), 0 for none. Cohen et al. (2019), section 3.2.2.
    """
    check_range("doubt", doubt, 1e-12, 1)
    hits = torch.as_tensor(hits).cpu().numpy()
    if (hits < 0).any() or (hits > draws).any():
        raise ValueError("hits: expected counts from 0 to "
                         f"{draws}, got {hits.min()} to {hits.max()}")
    bound = stats.beta.ppf(doubt, hits, draws - hits + 1)
    bound[hits == 0] = 0
    return sigma * stats.norm.ppf(bound.clip(0.5, 1))
