"""The gradient check of chapter 2 against scipy, torch and hand."""

import numpy as np
import pytest
import scipy.optimize
import torch

from scratch.gradcheck import check_gradient, numerical_gradient


def valley(w):
    """Rosenbrock's valley, whose gradient scipy knows."""
    return float(scipy.optimize.rosen(w))


@pytest.mark.parametrize("seed", range(3))
def test_central_differences_equal_an_exact_gradient(seed):
    w = np.random.default_rng(seed).normal(size=6)
    np.testing.assert_allclose(numerical_gradient(valley, w),
                               scipy.optimize.rosen_der(w), rtol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_central_differences_beat_scipys_forward_ones(seed):
    w = np.random.default_rng(seed).normal(size=6)
    exact = scipy.optimize.rosen_der(w)
    forward = scipy.optimize.approx_fprime(w, valley)
    central = numerical_gradient(valley, w)
    assert (np.linalg.norm(central - exact)
            < 0.01 * np.linalg.norm(forward - exact))


def test_the_gradient_has_the_shape_of_its_point():
    M = np.random.default_rng(0).normal(size=(2, 3, 4))
    theirs = torch.tensor(M, requires_grad=True)
    torch.sin(theirs).sum().backward()
    np.testing.assert_allclose(
        numerical_gradient(lambda w: np.sin(w).sum(), M), theirs.grad,
        rtol=1e-8)


def test_large_coordinates_get_larger_steps():
    np.testing.assert_allclose(
        numerical_gradient(lambda w: w[0] ** 2, np.array([1e8])), [2e8],
        rtol=1e-6)


def test_the_point_is_not_changed_and_may_be_whole_numbers():
    w = np.array([1, 2, 3])
    np.testing.assert_allclose(
        numerical_gradient(lambda w: float(w @ w), w), [2, 4, 6],
        rtol=1e-9)
    np.testing.assert_array_equal(w, [1, 2, 3])


def test_a_right_gradient_passes_with_a_small_error():
    w = np.array([0.3, -1.2, 2.0])
    error = check_gradient(valley, scipy.optimize.rosen_der, w)
    assert 0 <= error < 1e-8
    assert scipy.optimize.check_grad(valley, scipy.optimize.rosen_der,
                                     w) < 1e-4


def test_a_sign_wrong_in_one_coordinate_is_named():
    def wrong(w):
        return scipy.optimize.rosen_der(w) * [1, -1, 1]
    with pytest.raises(ValueError, match=r"gradient: expected .* \(1,\)"):
        check_gradient(valley, wrong, np.array([0.3, -1.2, 2.0]))


def test_a_forgotten_factor_of_a_thousandth_is_caught():
    def wrong(w):
        return 1.001 * scipy.optimize.rosen_der(w)
    with pytest.raises(ValueError, match="relative error"):
        check_gradient(valley, wrong, np.array([0.3, -1.2, 2.0]))


def test_the_error_does_not_depend_on_the_scale_of_the_function():
    def tiny(w):
        return 1e-12 * valley(w)

    def wrong(w):
        return -1e-12 * scipy.optimize.rosen_der(w)
    with pytest.raises(ValueError, match="gradient"):
        check_gradient(tiny, wrong, np.array([0.3, -1.2]))


def test_two_zero_gradients_agree():
    w = np.ones(2)
    assert check_gradient(lambda w: 3.0, np.zeros_like, w) == 0


@pytest.mark.parametrize("f, gradient, w, tolerance, told", [
    (valley, scipy.optimize.rosen_der, np.array([np.nan, 1]), 1e-6, "^w:"),
    (lambda w: np.nan, np.zeros_like, np.ones(2), 1e-6, "^f:"),
    (valley, lambda w: np.zeros(3), np.ones(2), 1e-6, "^gradient:.*shape"),
    (valley, lambda w: np.nan * w, np.ones(2), 1e-6, "^gradient:"),
    (valley, scipy.optimize.rosen_der, np.ones(2), 0, "^tolerance:"),
])
def test_bad_input_is_refused_by_name(f, gradient, w, tolerance, told):
    with pytest.raises(ValueError, match=told):
        check_gradient(f, gradient, w, tolerance)
