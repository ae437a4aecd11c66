"""First weights of chapter 4: their laws, and the signal they keep."""

import math

import numpy as np
import pytest
import torch

from scratch import init

DRAWN = {"xavier": lambda i, o: 2 / (i + o), "he": lambda i, o: 2 / i}


@pytest.mark.parametrize("name", ["zeros", *DRAWN])
def test_weights_have_the_shape_that_a_linear_layer_keeps(name):
    weights = getattr(init, name)(np.random.default_rng(0), 3, 5)
    assert weights.shape == (3, 5)
    assert weights.dtype == np.float64


def test_zeros_are_zero_and_draw_nothing():
    rng = np.random.default_rng(0)
    assert not init.zeros(rng, 4, 2).any()
    assert rng.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize("inputs, outputs", [(300, 700), (700, 300)])
@pytest.mark.parametrize("name", DRAWN)
def test_mean_and_variance_are_the_derived_ones(name, inputs, outputs):
    weights = getattr(init, name)(np.random.default_rng(1), inputs, outputs)
    variance = DRAWN[name](inputs, outputs)
    # 210,000 draws know a variance to about 0.3%.
    assert weights.var() == pytest.approx(variance, rel=0.015)
    assert abs(weights.mean()) < 5 * math.sqrt(variance / weights.size)


def test_xavier_is_uniform_and_fills_its_bounds():
    weights = init.xavier(np.random.default_rng(2), 200, 400)
    bound = math.sqrt(6 / 600)
    assert 0.999 * bound < weights.max() < bound
    assert -bound < weights.min() < -0.999 * bound
    counts, _ = np.histogram(weights, bins=10, range=(-bound, bound))
    assert counts == pytest.approx(weights.size / 10, rel=0.05)


def test_he_is_normal():
    weights = init.he(np.random.default_rng(3), 400, 500) * math.sqrt(200)
    assert np.mean(np.abs(weights) < 1) == pytest.approx(0.6827, abs=0.005)
    assert np.mean(np.abs(weights) > 2) == pytest.approx(0.0455, abs=0.003)


@pytest.mark.parametrize("name, torchs", [
    ("xavier", torch.nn.init.xavier_uniform_),
    ("he", lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"))])
def test_quantiles_equal_those_of_torch(name, torchs):
    ours = getattr(init, name)(np.random.default_rng(4), 500, 300)
    torch.manual_seed(0)
    theirs = torchs(torch.empty(300, 500)).numpy()  # torch keeps (out, in)
    at = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]
    np.testing.assert_allclose(np.quantile(ours, at),
                               np.quantile(theirs, at), atol=0.02 * ours.std())


@pytest.mark.parametrize("name", DRAWN)
def test_the_generator_decides(name):
    draw = getattr(init, name)
    first, again, other = (draw(np.random.default_rng(seed), 3, 4)
                           for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("inputs, outputs, named", [
    (0, 3, "inputs"), (-1, 3, "inputs"), (3, 0, "outputs"),
    (3, -2, "outputs")])
@pytest.mark.parametrize("name", ["zeros", *DRAWN])
def test_a_layer_without_units_is_refused(name, inputs, outputs, named):
    with pytest.raises(ValueError, match=rf"^{named}: expected .* above 0"):
        getattr(init, name)(np.random.default_rng(0), inputs, outputs)


@pytest.mark.parametrize("inputs, outputs", [(1, 1), (1, 3), (3, 1)])
@pytest.mark.parametrize("name", ["zeros", *DRAWN])
def test_a_single_unit_is_enough(name, inputs, outputs):
    weights = getattr(init, name)(np.random.default_rng(0), inputs, outputs)
    assert np.isfinite(weights).all()
