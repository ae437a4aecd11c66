"""Normalization against torch.nn in float64, and cases by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from scratch.gradcheck import numerical_gradient
from scratch.norm import (
    BatchNorm,
    GroupNorm,
    LayerNorm,
    RMSNorm,
    standardize,
    standardize_back,
)

SHAPES = [(6, 5), (4, 5, 7), (3, 5, 4, 2)]


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(shape, generator=generator,
                           dtype=torch.float64) + 2


def same_affine(ours, theirs):
    """Give both layers the same gains and shifts, not those at the start."""
    with torch.no_grad():
        theirs.weight.copy_(draw(len(theirs.weight), seed=8))
        ours.gain.copy_(theirs.weight)
        if getattr(theirs, "bias", None) is not None:
            theirs.bias.copy_(draw(len(theirs.bias), seed=9))
            ours.shift.copy_(theirs.bias)
    return ours.double(), theirs.double()


def results(layer, x):
    """What a layer gives, and all gradients of a weighted sum of it."""
    x = x.clone().requires_grad_()
    out = layer(x)
    (out * draw(*out.shape, seed=7)).sum().backward()
    return [out.detach(), x.grad, *(w.grad for w in layer.parameters())]


def assert_same(ours, theirs, x):
    for a, b in zip(results(ours, x), results(theirs, x), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-11)


# The formula


@pytest.mark.parametrize("dims", [0, 1, [0, 1]])
@pytest.mark.parametrize("eps", [0.0, 1e-5, 0.5])
def test_the_derived_gradient_is_that_of_finite_differences(dims, eps):
    x, weights = draw(4, 3), draw(4, 3, seed=1)
    z, spread = standardize(x, dims, eps)
    ours = standardize_back(weights, z, spread, dims)
    theirs = numerical_gradient(lambda a: float(
        (standardize(torch.tensor(a), dims, eps)[0] * weights).sum()),
        x.numpy())
    assert np.allclose(ours, theirs, atol=1e-7)


def test_standardize_by_hand():
    # mean 3, variance 4 with divisor n
    z, spread = standardize(torch.tensor([1.0, 5.0, 1.0, 5.0]), 0, 0.0)
    assert z.tolist() == [-1, 1, -1, 1] and spread.tolist() == [2]


def test_the_gradient_has_no_part_along_a_constant_or_along_z():
    x, g = draw(8, 3), draw(8, 3, seed=1)
    z, spread = standardize(x, 0, 0.0)
    back = standardize_back(g, z, spread, 0)
    assert torch.allclose(back.sum(0), torch.zeros(3).double(), atol=1e-12)
    assert torch.allclose((back * z).sum(0), torch.zeros(3).double(),
                          atol=1e-12)


# Batch norm


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_torchs_in_both_modes(shape, training):
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}
    ours, theirs = same_affine(BatchNorm(5, momentum=0.3, eps=1e-3),
                               kind[len(shape)](5, momentum=0.3, eps=1e-3))
    for seed in range(3):               # averages that are no longer 0, 1
        ours(draw(*shape, seed=seed)), theirs(draw(*shape, seed=seed))
    assert torch.allclose(ours.mean, theirs.running_mean, rtol=1e-12)
    assert torch.allclose(ours.variance, theirs.running_var, rtol=1e-12)
    assert_same(ours.train(training), theirs.train(training),
                draw(*shape, seed=4))
    assert torch.allclose(ours.variance, theirs.running_var, rtol=1e-12)


def test_running_averages_by_hand():
    # batch 0, 4: mean 2; variance 4 by n and 8 by n - 1
    layer = BatchNorm(1, momentum=0.25)
    layer(torch.tensor([[0.0], [4.0]]))
    assert layer.mean.item() == 0.5                 # 3/4 * 0 + 1/4 * 2
    assert layer.variance.item() == 2.75            # 3/4 * 1 + 1/4 * 8


def test_eval_mode_looks_at_no_other_example_and_moves_no_average():
    layer = BatchNorm(5).double()
    layer(draw(6, 5))
    before = layer.mean.clone(), layer.variance.clone()
    x = draw(6, 5, seed=1)
    alone = torch.cat([layer.eval()(row[None]) for row in x])
    assert torch.allclose(alone, layer(x))
    assert torch.equal(before[0], layer.mean)
    assert torch.equal(before[1], layer.variance)


def test_two_examples_become_plus_and_minus_one():
    out = BatchNorm(5, eps=0).double()(draw(2, 5))
    assert torch.allclose(out.abs(), torch.ones(2, 5).double())


def test_what_is_saved_holds_the_running_averages():
    assert set(BatchNorm(2).state_dict()) == {"gain", "shift", "mean",
                                              "variance"}


def test_no_gradient_flows_into_the_running_averages():
    layer = BatchNorm(5).double()
    layer(draw(6, 5).requires_grad_())
    assert not layer.mean.requires_grad and not layer.variance.requires_grad


# The others


@pytest.mark.parametrize("shape", [(5,), (6, 5), (2, 3, 5)])
def test_layer_norm_is_torchs(shape):
    assert_same(*same_affine(LayerNorm(5, eps=1e-3),
                             nn.LayerNorm(5, eps=1e-3)), draw(*shape))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 7), (4, 6, 3, 2)])
def test_group_norm_is_torchs(groups, shape):
    if shape == (4, 6) and groups == 6:
        return                          # a group of a single number is 0
    assert_same(*same_affine(GroupNorm(groups, 6, eps=1e-3),
                             nn.GroupNorm(groups, 6, eps=1e-3)),
                draw(*shape))


@pytest.mark.parametrize("shape", [(5,), (6, 5), (2, 3, 5)])
def test_rms_norm_is_torchs(shape):
    assert_same(*same_affine(RMSNorm(5, eps=1e-3),
                             nn.RMSNorm(5, eps=1e-3)), draw(*shape))


@pytest.mark.parametrize("ours, theirs", [
    (BatchNorm(6), nn.BatchNorm1d(6)), (LayerNorm(6), nn.LayerNorm(6)),
    (GroupNorm(2, 6), nn.GroupNorm(2, 6)),
    (RMSNorm(6), nn.RMSNorm(6, eps=1e-6))])
def test_the_layers_start_as_torchs_do(ours, theirs):
    x = draw(4, 6).float() * 1e-3           # small, so that eps shows
    assert torch.allclose(ours(x), theirs(x), rtol=1e-5)


# Bad input


@pytest.mark.parametrize("call, words", [
    (lambda: BatchNorm(3)(torch.zeros(4, 5)),
     r"expected 3 features, shape \(B, 3, …\), got shape \(4, 5\)"),
    (lambda: BatchNorm(3)(torch.zeros(1, 3)), "more than one number"),
    (lambda: BatchNorm(3)(torch.zeros(3)), "expected 3 features"),
    (lambda: BatchNorm(3, momentum=1.5), "momentum: expected 0"),
    (lambda: BatchNorm(0), "features: expected a number above 0"),
    (lambda: LayerNorm(3)(torch.zeros(3, 4)), "3 features in the last"),
    (lambda: RMSNorm(3)(torch.zeros(3, 4)), "3 features in the last"),
    (lambda: LayerNorm(0), "features: expected"),
    (lambda: RMSNorm(0), "features: expected"),
    (lambda: GroupNorm(4, 6), "a divisor of 6 features, got 4"),
    (lambda: GroupNorm(0, 6), "groups: expected a number above 0"),
    (lambda: GroupNorm(2, 6)(torch.zeros(2, 4)), "expected 6 features"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_one_example_of_many_places_has_a_variance():
    BatchNorm(3)(torch.randn(1, 3, 2))
    BatchNorm(3).eval()(torch.zeros(1, 3))
