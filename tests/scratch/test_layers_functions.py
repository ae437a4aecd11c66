"""Softmax, its loss and the activations of chapter 4 against torch in
float64, chords, and numbers by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from scratch import layers
from scratch.autograd import Tensor
from scratch.inputs import check_probabilities

SCORES = np.array([[1.0, 2.0, 3.0], [-4.0, 0.0, 0.5], [700.0, -700.0, 0.0],
                   [1000.0, 999.0, -1000.0], [-1e4, -1e4, -1e4]])
POINTS = np.array([-1000.0, -40.0, -3.0, -1.0, -1e-6, 0.0, 1e-6, 0.3, 2.0,
                   7.0, 40.0, 1000.0])
FUNCTIONS = {
    "softplus": lambda x: F.softplus(x, threshold=30),
    "silu": F.silu,
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1)}


def value_and_gradient(f, x, weights):
    """f(x) and the gradient of its weighted sum by x, ours."""
    x = Tensor(x, requires_grad=True)
    y = f(x)
    (y * weights).sum().backward()
    return y.data, x.grad


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_equal_torch(name):
    x = SCORES if "softmax" in name else POINTS
    weights = np.random.default_rng(0).normal(size=x.shape)
    y, g = value_and_gradient(getattr(layers, name), x, weights)
    theirs = torch.tensor(x, requires_grad=True)
    result = FUNCTIONS[name](theirs)
    (result * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(y, result.detach(), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(g, theirs.grad, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [(4,), (2, 4), (3, 2, 4), (5, 1)])
def test_softmax_works_along_the_last_axis_of_any_shape(name, shape):
    x = np.random.default_rng(1).normal(size=shape)
    np.testing.assert_allclose(getattr(layers, name)(Tensor(x)).data,
                               FUNCTIONS[name](torch.tensor(x)), rtol=1e-13)


def test_values_worked_by_hand():
    three = layers.softmax(Tensor(np.log([1.0, 2.0, 5.0]))).data
    np.testing.assert_allclose(three, [1 / 8, 2 / 8, 5 / 8], rtol=1e-15)
    assert layers.softplus(Tensor(0.0)).data == pytest.approx(math.log(2))
    assert layers.silu(Tensor(2.0)).data == pytest.approx(
        2 / (1 + math.exp(-2)))
    by_hand = 0.5 * (1 + math.tanh(math.sqrt(2 / math.pi) * 1.044715))
    assert layers.gelu(Tensor(1.0)).data == pytest.approx(by_hand, rel=1e-15)


def test_gelu_is_near_its_exact_form():
    x = np.linspace(-8, 8, 4001)
    exact = F.gelu(torch.tensor(x)).numpy()
    assert np.abs(layers.gelu(Tensor(x)).data - exact).max() < 5e-4


def test_softplus_has_half_a_slope_at_zero():
    _, g = value_and_gradient(layers.softplus, np.zeros(3), 1.0)
    np.testing.assert_array_equal(g, 0.5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_single_precision_stays_single(name):
    x = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    y = getattr(layers, name)(x)
    y.sum().backward()
    assert y.data.dtype == x.grad.dtype == np.float32


def test_adding_a_constant_to_all_scores_changes_no_probability():
    x = np.random.default_rng(2).normal(size=(3, 4))
    np.testing.assert_allclose(layers.softmax(Tensor(x)).data,
                               layers.softmax(Tensor(x + 500)).data,
                               rtol=1e-12)


def test_loss_and_gradient_equal_torch():
    rng = np.random.default_rng(3)
    for scale in (1, 10, 500):
        x, labels = scale * rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
        ours = Tensor(x, requires_grad=True)
        loss = layers.cross_entropy(ours, labels)
        loss.backward()
        theirs = torch.tensor(x, requires_grad=True)
        expected = F.cross_entropy(theirs, torch.tensor(labels))
        expected.backward()
        assert loss.data == pytest.approx(expected.item(), rel=1e-13)
        np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-11,
                                   atol=1e-16)


def test_the_gradient_is_what_was_said_minus_what_is_true():
    x = Tensor(np.log([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]),
               requires_grad=True)
    loss = layers.cross_entropy(x, np.array([2, 0]))
    loss.backward()
    assert loss.data == pytest.approx(
        -(math.log(5 / 8) + math.log(4 / 8)) / 2, rel=1e-15)
    np.testing.assert_allclose(
        x.grad, np.array([[1, 2, -3], [-4, 3, 1]]) / 16, rtol=1e-14)


def test_a_list_of_labels_will_do():
    x = Tensor([[0.0, 1.0], [3.0, 0.0]])
    assert (layers.cross_entropy(x, [0, 1]).data
            == layers.cross_entropy(x, np.array([0, 1])).data)


@pytest.mark.parametrize("labels, message", [
    ([0, 3], "labels: expected whole numbers from 0 to 2, got 3"),
    ([0, -1], "labels: expected whole numbers from 0 to 2, got -1"),
    ([0.0, 1.0], "labels: expected whole numbers, the classes, got float64"),
    ([True, False], "labels: expected whole numbers, the classes, got bool"),
    ([0], r"labels: expected shape \(2,\), got shape \(1,\)"),
    ([[0], [1]], r"labels: expected shape \(2,\), got shape \(2, 1\)")])
def test_labels_that_are_no_classes_are_refused(labels, message):
    with pytest.raises(ValueError, match=r"^" + message):
        layers.cross_entropy(Tensor(np.zeros((2, 3))), np.array(labels))


@pytest.mark.parametrize("shape", [(3,), (2, 3, 1), (0, 3), (3, 0)])
def test_logits_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"^logits: expected one row an"):
        layers.cross_entropy(Tensor(np.zeros(shape)),
                             np.zeros(shape[:1], int))


def test_probabilities_in_place_of_logits_are_refused():
    x = Tensor(np.random.default_rng(4).normal(size=(6, 3)))
    labels = np.arange(6) % 3
    layers.cross_entropy(x, labels)
    with pytest.raises(ValueError, match="leave the softmax out"):
        layers.cross_entropy(layers.softmax(x), labels)
    with pytest.raises(ValueError, match="leave the softmax out"):
        layers.cross_entropy(
            Tensor(layers.softmax(x).data.astype(np.float32)), labels)


def test_rounding_does_not_hide_probabilities():
    with pytest.raises(ValueError, match="leave the softmax out"):
        layers.cross_entropy(Tensor([[0.7, 0.300004]]), [0])


@pytest.mark.parametrize("logits", [
    [[0.0, 1.0]],              # sums to 1, yet holds a zero
    [[2.0, -1.0]],             # sums to 1, yet has a sign
    [[0.5, 0.5], [0.5, 0.6]],  # not all rows
    [[0.7, 0.3001]]])
def test_scores_that_only_look_like_probabilities_pass(logits):
    logits = Tensor(logits)
    assert np.isfinite(layers.cross_entropy(
        logits, np.zeros(len(logits.data), int)).data)


def test_a_loss_of_nan_scores_is_nan_and_does_not_hide_it():
    assert np.isnan(layers.cross_entropy(
        Tensor([[np.nan, 1.0], [0.0, 1.0]]), np.array([0, 1])).data)


def test_logits_in_place_of_probabilities_are_refused():
    check_probabilities("p", np.array([[0.25, 0.75], [0.0, 1.0]]))
    for wrong in ([2.0, -1.0], [0.5, 0.6], [[0.5, 0.5], [0.2, 0.2]],
                  [1.00001, 0.0]):
        with pytest.raises(ValueError, match=r"p: .* take their softmax"):
            check_probabilities("p", np.array(wrong))
    with pytest.raises(ValueError, match="p: expected finite"):
        check_probabilities("p", np.array([np.nan, 1.0]))
