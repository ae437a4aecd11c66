"""Losses of chapter 2 against torch in float64 and numbers by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from scratch import losses

MARGINS = np.array([-30.0, -2.5, -1.0, -1e-9, 0.0, 0.4, 1.5, 3.0, 40.0])
ORACLES = {
    "squared": lambda m: functional.mse_loss(m, torch.ones_like(m)),
    "hinge": lambda m: functional.relu(1 - m).mean(),
    "logistic": lambda m: functional.softplus(-m, threshold=1000).mean(),
}
ALL = ("zero_one", *ORACLES)


def test_values_worked_by_hand():
    margins = np.array([2.0, 0.0, -1.0])
    assert losses.zero_one(margins) == 2 / 3
    assert losses.squared(margins) == (1 + 1 + 4) / 3
    assert losses.hinge(margins) == (0 + 1 + 2) / 3
    by_hand = (math.log(1 + math.exp(-2)) + math.log(2)
               + math.log(1 + math.e)) / 3
    assert losses.logistic(margins) == pytest.approx(by_hand, rel=1e-15)


@pytest.mark.parametrize("shape", [(9,), (3, 3)])
@pytest.mark.parametrize("name", ORACLES)
def test_value_and_gradient_equal_torch(name, shape):
    margins = MARGINS.reshape(shape)
    theirs = torch.tensor(margins, requires_grad=True)
    value = ORACLES[name](theirs)
    value.backward()
    assert getattr(losses, name)(margins) == pytest.approx(
        value.item(), rel=1e-14)
    gradient = getattr(losses, f"{name}_gradient")(margins)
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, theirs.grad, rtol=1e-13, atol=0)


def test_the_logistic_loss_survives_margins_of_a_thousand():
    margins = np.array([-1000.0, 1000.0])
    assert losses.logistic(margins) == 500
    np.testing.assert_array_equal(losses.logistic_gradient(margins),
                                  [-0.5, 0])


def test_a_tiny_logistic_loss_is_not_rounded_to_zero():
    assert losses.logistic(np.array([50.0])) == pytest.approx(
        math.exp(-50), rel=1e-12, abs=0)


def test_the_hinge_is_flat_at_its_kink():
    np.testing.assert_array_equal(
        losses.hinge_gradient(np.array([1.0, np.nextafter(1, 0)])),
        [0, -0.5])


def test_a_margin_of_zero_is_a_mistake():
    assert losses.zero_one(np.array([0.0, 1e-300, -1e-300, 5])) == 0.5


def test_each_surrogate_lies_on_or_above_the_count():
    m = np.linspace(-4, 4, 801)
    for one in m:
        count = losses.zero_one(np.array([one]))
        assert losses.squared(np.array([one])) >= count
        assert losses.hinge(np.array([one])) >= count
        assert losses.logistic(np.array([one])) / math.log(2) >= count


@pytest.mark.parametrize("name", [*ALL, *(f"{n}_gradient" for n in ORACLES)])
@pytest.mark.parametrize("bad, told", [
    (np.array([]), "margins: expected at least one, got none"),
    (np.array([1.0, np.nan]), r"margins: .* got nan at index \(1,\)"),
    (np.array([[np.inf]]), r"margins: .* got inf at index \(0, 0\)"),
    (np.array(["one"]), "margins: expected numbers"),
])
def test_bad_margins_are_refused_by_name(name, bad, told):
    with pytest.raises(ValueError, match=told):
        getattr(losses, name)(bad)
