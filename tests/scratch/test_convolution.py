"""Convolution of chapter 5 against torch in float64, and by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from scratch import convolution
from scratch.autograd import Tensor
from scratch.convolution import (
    conv2d,
    conv_transpose2d,
    correlate,
    correlate_fast,
    correlate_matrix,
    fold_back,
    output_size,
    receptive_field,
    unfold,
    weight_gradient,
)
from scratch.gradcheck import check_gradient

WAYS = [correlate, correlate_matrix, correlate_fast]
swept = settings(max_examples=40, deadline=None, derandomize=True,
                 database=None)


@st.composite
def cases(draw):
    """Images, weights and settings whose window fits."""
    whole = st.integers
    stride, dilation = draw(whole(1, 3)), draw(whole(1, 3))
    padding, groups = draw(whole(0, 3)), draw(whole(1, 3))
    h, w = draw(whole(1, 3)), draw(whole(1, 4))
    H, W = (max(1, dilation * (k - 1) + 1 - 2 * padding) + draw(whole(0, 5))
            for k in (h, w))
    B, c, o = (draw(whole(1, 3)) for _ in range(3))
    rng = np.random.default_rng(draw(whole(0, 10**6)))
    x = rng.normal(size=(B, c * groups, H, W))
    weight = rng.normal(size=(o * groups, c, h, w))
    return x, weight, (stride, padding, dilation, groups)


def torchs(x, weight, settings, bias=None):
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    return F.conv2d(*tensors, bias, *settings), tensors


@swept
@given(cases())
def test_all_three_ways_give_torchs_values(case):
    expected = torchs(*case)[0].detach().numpy()
    for way in WAYS:
        got = way(*case[:2], *case[2])
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


@swept
@given(cases())
def test_both_gradients_and_the_bias_are_torchs(case):
    x, weight, settings = case
    bias = np.cos(np.arange(len(weight)))
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    y = F.conv2d(*theirs, *settings)
    mix = np.sin(1 + np.arange(y.numel())).reshape(y.shape)
    (y * torch.tensor(mix)).sum().backward()
    ours = [Tensor(a, requires_grad=True) for a in (x, weight, bias)]
    z = conv2d(*ours, *settings)
    np.testing.assert_allclose(z.data, y.detach(), rtol=1e-10, atol=1e-12)
    (z * mix).sum().backward()
    for mine, their in zip(ours, theirs):
        assert mine.grad.shape == mine.shape
        np.testing.assert_allclose(mine.grad, their.grad,
                                   rtol=1e-9, atol=1e-11)


@swept
@given(cases())
def test_unfold_is_torchs_and_fold_back_its_transpose(case):
    x, weight, (stride, padding, dilation, _) = case
    kernel, rest = weight.shape[2:], (stride, padding, dilation)
    columns = unfold(x, kernel, *rest)
    theirs = F.unfold(torch.tensor(x), kernel, dilation, padding, stride)
    np.testing.assert_array_equal(columns, theirs)
    back = fold_back(columns, x.shape[2:], kernel, *rest)
    theirs = F.fold(theirs, x.shape[2:], kernel, dilation, padding, stride)
    np.testing.assert_allclose(back, theirs, rtol=1e-10, atol=1e-12)


@swept
@given(cases())
def test_the_transposed_convolution_is_torchs_and_the_adjoint(case):
    x, weight, (stride, padding, dilation, groups) = case
    settings = case[2]
    Ax = correlate_fast(x, weight, *settings)
    y = np.random.default_rng(1).normal(size=Ax.shape)
    Aty = conv_transpose2d(y, weight, x.shape[2:], *settings)
    assert Aty.shape == x.shape
    assert np.sum(Ax * y) == pytest.approx(np.sum(x * Aty),
                                           rel=1e-9, abs=1e-9)
    # what the stride skipped at the far ends, torch has to be told
    extra = [n - ((m - 1) * stride - 2 * padding + dilation * (k - 1) + 1)
             for n, m, k in zip(x.shape[2:], y.shape[2:], weight.shape[2:])]
    if max(extra) < max(stride, dilation):
        theirs = F.conv_transpose2d(
            torch.tensor(y), torch.tensor(weight), None, stride, padding,
            extra, groups, dilation)
        np.testing.assert_allclose(Aty, theirs, rtol=1e-9, atol=1e-11)


@swept
@given(cases())
def test_output_size_is_what_torch_makes(case):
    x, weight, (stride, padding, dilation, _) = case
    sizes = tuple(output_size(n, k, stride, padding, dilation)
                  for n, k in zip(x.shape[2:], weight.shape[2:]))
    assert sizes == torchs(*case)[0].shape[2:]


@pytest.mark.parametrize("settings, size", [
    ((5, 3), 3), ((5, 3, 2), 2), ((6, 3, 2), 2), ((5, 3, 1, 1), 5),
    ((7, 3, 1, 0, 2), 3), ((5, 3, 1, 0, 2), 1), ((28, 5, 1, 2), 28),
    ((28, 2, 2), 14), ((1, 1), 1)])
def test_sizes_counted_by_hand(settings, size):
    assert output_size(*settings) == size


def test_a_window_slides_without_turning():
    x = np.arange(1.0, 6).reshape(1, 1, 1, 5)
    weight = np.array([1.0, 10, 100]).reshape(1, 1, 1, 3)
    for way in WAYS:
        np.testing.assert_array_equal(way(x, weight).ravel(),
                                      [321, 432, 543])


def test_gradients_agree_with_differences():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(4, 1, 3, 2))
    mix = rng.normal(size=(2, 4, 3, 3))
    rest = 2, 1, 1, 2
    check_gradient(lambda a: float(np.sum(mix * correlate(a, weight, *rest))),
                   lambda a: conv_transpose2d(mix, weight, (5, 4), *rest), x)
    check_gradient(lambda a: float(np.sum(mix * correlate(x, a, *rest))),
                   lambda a: weight_gradient(mix, x, (3, 2), *rest), weight)


def test_the_inputs_stay_as_they_are():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(1, 2, 4, 4)), rng.normal(size=(2, 2, 3, 3))
    before = x.copy(), weight.copy()
    for way in WAYS:
        y = way(x, weight)
        conv_transpose2d(y, weight, (4, 4))
        weight_gradient(y, x, (3, 3))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(weight, before[1])


def test_single_precision_stays_single():
    x, weight = np.ones((1, 1, 4, 4), "f"), np.ones((2, 1, 3, 3), "f")
    y = correlate_fast(x, weight, padding=1)
    assert y.dtype == np.float32
    assert conv_transpose2d(y, weight, (4, 4), padding=1).dtype == np.float32
    assert weight_gradient(y, x, (3, 3), padding=1).dtype == np.float32


@pytest.mark.parametrize("layers, seen", [
    ([(3, 1, 1)], (3, 1)), ([(3, 1, 1)] * 2, (5, 1)),
    ([(3, 1, 1)] * 3, (7, 1)), ([(3, 1, 1), (2, 2, 1), (3, 1, 1)], (8, 2)),
    ([(3, 1, 2)], (5, 1)), ([(3, 2, 1)] * 3, (15, 8)), ([], (1, 1)),
    ([(1, 1, 1)] * 9, (1, 1)), ([(3, 1, 1), (3, 1, 2), (3, 1, 4)], (15, 1))])
def test_receptive_fields_counted_by_hand(layers, seen):
    assert receptive_field(layers) == seen


@swept
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3),
                          st.integers(1, 3)), min_size=1, max_size=4))
def test_the_receptive_field_is_where_the_gradient_is_not_zero(layers):
    size, step = receptive_field(layers)
    x = torch.ones(1, 1, 1, size + step, dtype=torch.float64,
                   requires_grad=True)
    y = x
    for kernel, stride, dilation in layers:
        y = F.conv2d(y, torch.ones(1, 1, 1, kernel, dtype=torch.float64),
                     None, (1, stride), 0, (1, dilation))
    assert y.shape[-1] == 2
    for place in range(2):
        seen = torch.autograd.grad(y[..., place].sum(), x,
                                   retain_graph=True)[0].flatten().nonzero()
        assert seen.min() == place * step
        assert seen.max() == place * step + size - 1


@pytest.mark.parametrize("call, message", [
    (lambda: output_size(4, 5), "kernel: expected a window of at most the 4 "
     "pixels that image and padding have, got one that spans 5"),
    (lambda: output_size(4, 3, dilation=2), "spans 5"),
    (lambda: output_size(4, 3, stride=0), "stride: expected .* above 0"),
    (lambda: output_size(4, 0), "kernel: expected .* above 0"),
    (lambda: output_size(4, 3, dilation=0), "dilation: expected .* above 0"),
    (lambda: output_size(4, 3, padding=-1), "padding: expected 0 <= padding"),
])
def test_sizes_that_cannot_be_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape, groups", [
    ((4, 2, 3, 3), 1), ((4, 3, 3, 3), 2), ((3, 2, 3, 3), 2)])
def test_channels_that_do_not_fit_are_refused(way, shape, groups):
    with pytest.raises(ValueError, match=r"^weight: expected shape"):
        way(np.ones((1, 4 if groups == 2 else 3, 5, 5)), np.ones(shape),
            groups=groups)


@pytest.mark.parametrize("way", WAYS)
def test_groups_below_one_are_refused(way):
    with pytest.raises(ValueError, match="groups: expected a number above 0"):
        way(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), groups=0)


def test_padding_comes_off_again():
    x = np.arange(12.0).reshape(1, 1, 3, 4)
    for padding in (0, 1, 2):
        padded = convolution.zero_pad(x, padding)
        assert padded.sum() == x.sum()
        np.testing.assert_array_equal(convolution.unpad(padded, padding), x)
