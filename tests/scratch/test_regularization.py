"""The cures of chapter 6 against sklearn, torch and cases by hand."""

import copy
import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso, Ridge
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from scratch.regularization import (
    Dropout,
    EarlyStopping,
    WeightAverage,
    l1_penalty,
    l2_penalty,
    lasso,
    mean_probabilities,
    ridge,
    smoothed_loss,
    soft_threshold,
    weights_of,
)


def regression(seed=0, n=30, d=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 2
    y = X @ np.array([3.0, -2, 0, 0, 1, 0]) + 5 + rng.normal(size=n)
    return X, y


def net_of(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


# Least squares with penalties


@pytest.mark.parametrize("strength", [1e-3, 0.1, 3.0])
def test_ridge_is_sklearns(strength):
    X, y = regression()
    bias, w = ridge(X, y, strength)
    theirs = Ridge(alpha=strength * len(X)).fit(X, y)
    assert np.allclose(w, theirs.coef_, rtol=1e-9)
    assert bias == pytest.approx(theirs.intercept_, rel=1e-9)


def test_ridge_by_hand():
    # x = -1, 1 and y = 1, 5: H = 1, g = 2, so w = 2 / (1 + 1), bias = 3
    bias, w = ridge(np.array([[-1.0], [1.0]]), np.array([1.0, 5.0]), 1.0)
    assert (bias, w.tolist()) == (3.0, [1.0])


@pytest.mark.parametrize("strength", [0.01, 0.3, 2.0])
def test_lasso_approaches_sklearns(strength):
    X, y = regression()
    bias, w = lasso(X, y, strength, steps=5000)
    theirs = Lasso(alpha=strength, tol=1e-12, max_iter=100_000).fit(X, y)
    assert np.allclose(w, theirs.coef_, atol=1e-8)
    assert bias == pytest.approx(theirs.intercept_, abs=1e-7)
    assert ((w == 0) == (theirs.coef_ == 0)).all()


@pytest.mark.parametrize("solve", [ridge, lasso])
def test_a_constant_added_to_all_targets_goes_into_the_bias_alone(solve):
    X, y = regression()
    bias, w = solve(X, y, 0.5)
    moved, same = solve(X, y + 1000, 0.5)
    assert np.allclose(w, same, atol=1e-9)
    assert moved - bias == pytest.approx(1000)


@pytest.mark.parametrize("solve", [ridge, lasso])
@pytest.mark.parametrize("y, strength, words", [
    (np.zeros(29), 1.0, r"y: expected shape \(30,\)"),
    (np.full(30, np.nan), 1.0, "y: expected finite"),
    (np.zeros(30), 0.0, "strength: expected a number above 0, got 0.0"),
    (np.zeros(30), -1.0, "strength"),
])
def test_solvers_name_what_is_wrong(solve, y, strength, words):
    with pytest.raises(ValueError, match=words):
        solve(regression()[0], y, strength)


@pytest.mark.parametrize("solve", [ridge, lasso])
def test_solvers_refuse_examples_that_are_no_table(solve):
    with pytest.raises(ValueError, match="X: expected one row"):
        solve(np.zeros(30), np.zeros(30), 1.0)


def test_soft_threshold_finds_the_bottom():
    grid = np.linspace(-5, 5, 200_001)
    for value in (-3.0, -0.7, -0.2, 0.0, 0.5, 4.0):
        height = 0.5 * (grid - value) ** 2 + 0.7 * np.abs(grid)
        assert soft_threshold(value, 0.7) == pytest.approx(
            grid[height.argmin()], abs=1e-4)


def test_soft_threshold_is_torchs_softshrink():
    x = np.random.default_rng(0).normal(size=(5, 7))
    theirs = F.softshrink(torch.from_numpy(x), 0.4).numpy()
    assert np.allclose(soft_threshold(x, 0.4), theirs, atol=1e-15)
    assert (soft_threshold(x, 0) == x).all()


def test_soft_threshold_refuses_to_push_outward():
    with pytest.raises(ValueError, match="amount"):
        soft_threshold(np.ones(2), -0.1)


# Penalties of nets


def test_penalties_leave_biases_alone():
    net = net_of()
    assert [tuple(w.shape) for w in weights_of(net)] == [(6, 4), (3, 6)]
    before = l1_penalty(net).item(), l2_penalty(net).item()
    with torch.no_grad():
        net[0].bias += 10
    assert (l1_penalty(net).item(), l2_penalty(net).item()) == before


def test_gradient_of_l2_is_the_weight_and_of_l1_its_sign():
    for penalty, slope in ((l2_penalty, lambda w: w),
                           (l1_penalty, torch.sign)):
        net = net_of()
        penalty(net).backward()
        for w in weights_of(net):
            assert torch.allclose(w.grad, slope(w.detach()), rtol=1e-14)
        assert net[0].bias.grad is None


def test_penalties_by_hand():
    net = nn.Linear(2, 1)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[3.0, -4.0]]))
    assert l2_penalty(net).item() == 12.5
    assert l1_penalty(net).item() == 7


def test_one_step_with_the_penalty_is_sgds_weight_decay():
    X, t = torch.randn(5, 4).double(), torch.tensor([0, 1, 2, 0, 1])
    ours, theirs = net_of(), net_of()
    a = torch.optim.SGD(ours.parameters(), 0.3)
    b = torch.optim.SGD([
        {"params": weights_of(theirs), "weight_decay": 0.2},
        {"params": [w for w in theirs.parameters() if w.ndim == 1]}], 0.3)
    (F.cross_entropy(ours(X), t) + 0.2 * l2_penalty(ours)).backward()
    F.cross_entropy(theirs(X), t).backward()
    a.step()
    b.step()
    for w, v in zip(ours.parameters(), theirs.parameters()):
        assert torch.allclose(w, v, rtol=1e-12)


# Early stopping


def test_it_stops_after_so_many_scores_without_a_gain():
    stopping, net = EarlyStopping(patience=2), net_of()
    answers = [stopping.note(s, net) for s in (0.1, 0.5, 0.4, 0.6, 0.6, 0.2)]
    assert answers == [False, False, False, False, False, True]
    assert stopping.best == 0.6


def test_the_first_of_equal_bests_comes_back_whatever_came_after():
    stopping, net = EarlyStopping(patience=3), net_of()
    for k, score in enumerate((0.1, 0.9, 0.9, 0.3)):
        with torch.no_grad():
            net[0].bias.fill_(k)
        stopping.note(score, net)
    stopping.restore(net)
    assert (net[0].bias == 1).all()


def test_it_restores_buffers_too():
    net = nn.BatchNorm1d(2)
    stopping = EarlyStopping(1)
    stopping.note(1.0, net)
    before = copy.deepcopy(net.state_dict())
    net(torch.randn(8, 2) + 5)
    stopping.restore(net)
    assert all(torch.equal(before[k], v)
               for k, v in net.state_dict().items())


def test_it_names_what_is_wrong():
    with pytest.raises(ValueError, match="patience"):
        EarlyStopping(0)
    with pytest.raises(ValueError, match="score"):
        EarlyStopping(1).note(math.nan, net_of())
    with pytest.raises(RuntimeError, match="restore"):
        EarlyStopping(1).restore(net_of())


# Dropout


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9])
def test_the_expectation_survives(share):
    torch.manual_seed(0)
    x = torch.full((200_000,), 3.0, dtype=torch.float64)
    out = Dropout(share)(x)
    spread = 3 * math.sqrt(share / (1 - share) / len(x))
    assert abs(out.mean().item() - 3) <= 4 * spread
    assert abs((out == 0).double().mean().item() - share) < 0.005
    kept = out[out != 0]
    assert torch.allclose(kept, torch.full_like(kept, 3 / (1 - share)))


def test_its_spread_is_torchs():
    torch.manual_seed(0)
    x = torch.ones(100_000, dtype=torch.float64)
    ours, theirs = Dropout(0.3)(x), nn.Dropout(0.3)(x)
    assert ours.unique().tolist() == pytest.approx(theirs.unique().tolist())
    assert ours.var().item() == pytest.approx(theirs.var().item(), rel=0.02)


def test_in_eval_mode_nothing_happens():
    x = torch.randn(4, 5)
    assert torch.equal(Dropout(0.7).eval()(x), x)


def test_every_unit_of_every_example_is_drawn_by_itself():
    torch.manual_seed(0)
    out = Dropout(0.5)(torch.ones(64, 64))
    assert len({tuple(row.tolist()) for row in out}) == 64
    assert len({tuple(row.tolist()) for row in out.T}) == 64


def test_the_gradient_reaches_what_was_kept_alone():
    torch.manual_seed(0)
    x = torch.ones(50, requires_grad=True)
    out = Dropout(0.5)(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_shares_that_leave_nothing_are_refused(share):
    with pytest.raises(ValueError, match="share"):
        Dropout(share)


# Smoothed labels


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.6])
def test_smoothing_is_torchs_in_value_and_gradient(amount):
    torch.manual_seed(0)
    ours = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    labels = torch.tensor([0, 1, 2, 3, 4, 0, 1])
    a = smoothed_loss(ours, labels, amount)
    b = F.cross_entropy(theirs, labels, label_smoothing=amount)
    a.backward()
    b.backward()
    assert a.item() == pytest.approx(b.item(), rel=1e-13)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-15)


def test_smoothing_takes_logits_of_any_size():
    logits = torch.tensor([[1000.0, -1000.0]])
    loss = smoothed_loss(logits, torch.tensor([0]), 0.1)
    assert loss.item() == pytest.approx(0.05 * 2000)


def test_smoothing_names_what_is_wrong():
    logits, labels = torch.randn(3, 4), torch.tensor([0, 1, 2])
    for amount in (-0.1, 1.0):
        with pytest.raises(ValueError, match="amount"):
            smoothed_loss(logits, labels, amount)
    with pytest.raises(ValueError, match="labels"):
        smoothed_loss(logits, labels + 2, 0.1)
    with pytest.raises(ValueError, match="leave the softmax out"):
        smoothed_loss(logits.softmax(1), labels, 0.1)


# Averages


@pytest.mark.parametrize("keep", [None, 0.0, 0.9])
def test_averages_are_torchs(keep):
    net = net_of()
    ours = WeightAverage(net, keep)
    theirs = AveragedModel(net, multi_avg_fn=None if keep is None
                           else get_ema_multi_avg_fn(keep))
    for k in range(6):
        with torch.no_grad():
            for w in net.parameters():
                w += torch.randn_like(w) + k
        ours.update(net)
        theirs.update_parameters(net)
    for a, b in zip(ours.net.parameters(), theirs.module.parameters()):
        assert torch.allclose(a, b, rtol=1e-12)


def test_the_mean_by_hand():
    net = nn.Linear(1, 1, bias=False).double()
    average = WeightAverage(net)
    for value in (1.0, 2.0, 6.0):
        with torch.no_grad():
            net.weight.fill_(value)
        average.update(net)
    assert average.net.weight.item() == pytest.approx(3.0)
    assert net.weight.item() == 6.0


def test_buffers_are_copied():
    net = nn.BatchNorm1d(2)
    average = WeightAverage(net, 0.9)
    net(torch.randn(8, 2) + 5)
    average.update(net)
    assert torch.equal(average.net.running_mean, net.running_mean)
    assert average.net.num_batches_tracked == 1


@pytest.mark.parametrize("keep", [-0.1, 1.0])
def test_an_average_that_never_moves_is_refused(keep):
    with pytest.raises(ValueError, match="keep"):
        WeightAverage(net_of(), keep)


def test_nets_speak_together_by_the_mean_of_their_softmaxes():
    nets, X = [net_of(s) for s in range(3)], torch.randn(5, 4).double()
    nets[1].train()
    together = mean_probabilities(nets, X)
    expected = torch.stack([n(X).softmax(1) for n in nets]).mean(0)
    assert torch.allclose(together, expected, rtol=1e-12)
    assert not together.requires_grad and not nets[1].training
    with pytest.raises(ValueError, match="nets"):
        mean_probabilities([], X)
