"""Smoothing against the normal law, scipy and cases by hand."""

import numpy as np
import pytest
import torch
from scipy import stats

from scratch.smoothing import certified_radius, noisy_counts


class Line:
    """Two classes, scores 0 and 3 x_1 + 4 x_2 + b."""

    def __init__(self, b):
        self.b = b

    def __call__(self, x):
        score = x @ torch.tensor([3.0, 4.0], dtype=torch.float64) + self.b
        return torch.stack([torch.zeros_like(score), score], 1)


def test_counts_under_noise_are_those_of_the_normal_law():
    net = Line(-3.0)
    x = torch.tensor([[0.5, 0.5], [0.2, 0.1]], dtype=torch.float64)
    sigma, draws = 0.5, 4000
    counts = noisy_counts(net, x, sigma, draws)
    assert (counts.sum(1) == draws).all()
    share = counts[:, 1].numpy() / draws
    law = stats.norm.cdf(net(x)[:, 1].numpy() / (5 * sigma))
    error = np.sqrt(law * (1 - law) / draws)
    assert (np.abs(share - law) < 4 * error).all()


def test_counts_depend_on_the_seed_alone():
    net, x = Line(-2.0), torch.full((20, 2), 0.3, dtype=torch.float64)
    first = noisy_counts(net, x, 0.5, 50, seed=1)
    torch.manual_seed(99)
    assert torch.equal(noisy_counts(net, x, 0.5, 50, seed=1), first)
    assert not torch.equal(noisy_counts(net, x, 0.5, 50, seed=2), first)


@pytest.mark.parametrize("doubt", [0.001, 0.05])
def test_the_bound_is_clopper_and_pearsons(doubt):
    hits, draws, sigma = np.array([60, 90, 99, 100]), 100, 0.25
    low = [stats.binomtest(int(k), draws, alternative="greater")
           .proportion_ci(1 - doubt, "exact").low for k in hits]
    ours = certified_radius(torch.tensor(hits), draws, sigma, doubt)
    expected = sigma * stats.norm.ppf(np.maximum(low, 0.5))
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_all_hits_by_hand():
    # n hits of n: the bound is doubt^(1/n)
    radius = certified_radius(torch.tensor([100]), 100, 0.5, 0.001)
    assert abs(radius[0] - 0.5 * stats.norm.ppf(0.001 ** 0.01)) < 1e-12


def test_few_hits_certify_nothing():
    none = certified_radius(torch.tensor([0, 10, 52]), 100, 0.5)
    assert none.tolist() == [0, 0, 0]


def test_a_line_is_certified_up_to_its_distance_and_not_beyond():
    # Smoothing a line gives the same line, so the radius is known.
    net = Line(-2.0)
    x = torch.tensor([[0.5, 0.4], [0.3, 0.4], [0.45, 0.2]]).double()
    distance = net(x)[:, 1].numpy() / 5
    hits = noisy_counts(net, x, 0.25, 5000)[:, 1]
    radius = certified_radius(hits, 5000, 0.25)
    assert (radius <= distance).all()
    assert (radius > distance - 0.25 * 0.12).all()


def test_bad_input_is_named():
    net, x = Line(0.0), torch.zeros(1, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"^sigma"):
        noisy_counts(net, x, 0, 10)
    with pytest.raises(ValueError, match=r"^draws"):
        noisy_counts(net, x, 1, 0)
    with pytest.raises(ValueError, match="hits: expected counts from 0 to 5"):
        certified_radius(torch.tensor([6]), 5, 1.0)
    with pytest.raises(ValueError, match=r"^doubt"):
        certified_radius(torch.tensor([6]), 10, 1.0, 1.5)
