"""Attacks of chapter 8 against torchattacks, scipy and cases by hand."""

import math

import numpy as np
import pytest
import torch
import torchattacks
from scipy import optimize
from torch import nn

from scratch.attacks import (
    L2,
    PGD,
    Attacked,
    Linf,
    Penalty,
    fgsm,
    input_gradient,
    lead,
    per_example,
    square_search,
    toward,
)
from scratch.train import Batches, softmax_loss

N = 12          # no power of two: a mean over it rounds


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4 * 4 * 4, 5)).double().eval()


@pytest.fixture
def x():
    g = torch.Generator().manual_seed(1)
    return torch.rand(N, 1, 8, 8, generator=g, dtype=torch.float64)


labels = torch.arange(N) % 5
wanted = (labels + 2) % 5


class Linear(nn.Module):
    """Two classes, scores 0 and w·x + b, for inputs of any shape."""

    def __init__(self, w, b=0.0):
        super().__init__()
        self.w, self.b = torch.as_tensor(w, dtype=torch.float64), b

    def forward(self, x):
        score = x.flatten(1) @ self.w + self.b
        return torch.stack([torch.zeros_like(score), score], 1)


def theirs_on(attack, x, labels, seed=None):
    if seed is not None:
        torch.manual_seed(seed)
    return attack(x, labels)


def targeted(attack):
    attack.set_mode_targeted_by_label(quiet=True)
    return attack


# One step, many steps: torchattacks, same seed, net and radius


@pytest.mark.parametrize("radius", [0.01, 0.1, 0.5])
def test_the_fast_sign_equals_torchattacks(net, x, radius):
    theirs = torchattacks.FGSM(net, eps=radius)(x, labels)
    assert torch.equal(fgsm(net, x, labels, radius), theirs)


def test_the_targeted_fast_sign_equals_torchattacks(net, x):
    theirs = targeted(torchattacks.FGSM(net, eps=0.1))(x, wanted)
    assert torch.equal(fgsm(net, x, wanted, 0.1, toward), theirs)


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_projected_steps_equal_torchattacks(net, x, seed, dtype):
    net, x = net.to(dtype), x.to(dtype)
    theirs = theirs_on(torchattacks.PGD(net, eps=0.1, alpha=0.03, steps=9),
                       x, labels, seed)
    ours = PGD(Linf(0.1), 0.03, 9, seed)(net, x, labels)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("seed", [0, 7])
def test_projected_steps_in_l2_equal_torchattacks(net, x, seed):
    theirs = theirs_on(torchattacks.PGDL2(net, eps=0.7, alpha=0.2, steps=9),
                       x, labels, seed)
    ours = PGD(L2(0.7), 0.2, 9, seed)(net, x, labels)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_targeted_projected_steps_equal_torchattacks(net, x):
    for theirs, ball, step in (
            (torchattacks.PGD(net, eps=0.1, alpha=0.03, steps=9),
             Linf(0.1), 0.03),
            (torchattacks.PGDL2(net, eps=0.7, alpha=0.2, steps=9),
             L2(0.7), 0.2)):
        theirs = theirs_on(targeted(theirs), x, wanted, 3)
        ours = PGD(ball, step, 9, 3, toward)(net, x, wanted)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("price, steps", [(10.0, 90), (30.0, 40)])
def test_the_penalty_form_equals_torchattacks(net, x, price, steps):
    # Theirs reads a score below zero as zero, and stops early where the
    # cost rises; so scores are lifted, pixels inside, and the rate small.
    lifted = nn.Sequential(net, Lift(50.0))
    inside = 0.05 + 0.9 * x
    said = lifted(inside).argmax(1)
    theirs = torchattacks.CW(lifted, c=price, steps=steps,
                             lr=0.02)(inside, said)
    ours = Penalty(price, steps, 0.02, edge=0)(lifted, inside, said)
    assert (ours != inside).any(dim=(1, 2, 3)).any()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


class Lift(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, scores):
        return scores + self.by


def test_at_the_edge_of_the_box_only_ours_moves(x):
    # A picture of zeros: theirs can't leave it, the slope of tanh is zero.
    net, black = Linear(torch.ones(64), -1.0), torch.zeros_like(x)
    zeros = torch.zeros(N, dtype=torch.long)
    theirs = torchattacks.CW(nn.Sequential(net, Lift(5.0)), c=50, steps=300,
                             lr=0.05)
    theirs.set_device("cpu")
    assert torch.equal(theirs(black, zeros), black)
    ours = Penalty(50, 300, 0.05)(net, black, zeros)
    assert (net(ours).argmax(1) == 1).all()
    # the nearest: 1/64 in every pixel, of length 1/8
    length = ours.flatten(1).norm(dim=1)
    assert (length >= 1 / 8).all() and (length < 1.2 / 8).all()


# What the attacks are made of


def test_the_gradient_is_that_of_autograd_and_leaves_the_weights_alone(net, x):
    g = input_gradient(net, x, labels)
    probe = x.clone().requires_grad_()
    nn.functional.cross_entropy(net(probe), labels).backward()
    torch.testing.assert_close(g, probe.grad)
    for p in net.parameters():
        p.grad = None
    input_gradient(net, x, labels)
    assert all(p.grad is None for p in net.parameters())
    assert not x.requires_grad


def test_the_gradient_is_that_of_differences(net, x):
    g, h = input_gradient(net, x, labels), 1e-6
    for place in ((0, 0, 3, 3), (5, 0, 0, 7)):
        up, down = x.clone(), x.clone()
        up[place] += h
        down[place] -= h
        slope = (softmax_loss(net(up), labels)
                 - softmax_loss(net(down), labels)) / (2 * h)
        assert abs(slope - g[place]) < 1e-8


def test_the_lead_by_hand():
    scores = torch.tensor([[3.0, 1.0, -2.0], [-5.0, -4.0, -7.0]])
    assert lead(scores, torch.tensor([0, 0])).tolist() == [2.0, -1.0]
    assert lead(scores, torch.tensor([2, 1])).tolist() == [-5.0, 1.0]


def test_values_take_the_shape_of_their_examples():
    assert per_example(torch.ones(3), torch.ones(3, 2, 5)).shape == (3, 1, 1)


@pytest.mark.parametrize("ball, norm", [(Linf(0.3), torch.inf), (L2(0.3), 2)])
def test_starts_and_projections_lie_in_the_ball(ball, norm):
    g = torch.Generator().manual_seed(0)
    x = torch.zeros(50, 4, 5, dtype=torch.float64)
    start = ball.draw(x, g)
    sizes = start.flatten(1).norm(norm, dim=1)
    assert (sizes <= 0.3 + 1e-12).all() and sizes.max() > 0.25
    assert torch.allclose(ball.project(start), start)
    far = ball.project(1e4 * start)
    assert torch.allclose(far.flatten(1).norm(norm, dim=1),
                          torch.full((50,), 0.3, dtype=torch.float64))


@pytest.mark.parametrize("ball, norm", [(Linf(0.5), np.inf), (L2(0.5), 2)])
def test_no_point_of_the_ball_is_nearer_than_the_projection(ball, norm):
    outside = torch.tensor([[1.0, -0.2, 0.6]], dtype=torch.float64)
    projected = ball.project(outside)[0].numpy()
    found = optimize.minimize(
        lambda p: ((p - outside[0].numpy()) ** 2).sum(), np.zeros(3),
        constraints={"type": "ineq", "fun": lambda p: (
            0.5 - np.abs(p) if norm == np.inf else 0.25 - p @ p)})
    np.testing.assert_allclose(projected, found.x, atol=1e-5)


@pytest.mark.parametrize("ball, dual", [(Linf(1), 1), (L2(1), 2)])
def test_the_steepest_change_gains_the_dual_norm(ball, dual):
    g = torch.randn(6, 7, generator=torch.Generator().manual_seed(0),
                    dtype=torch.float64)
    gain = (g * ball.steepest(g)).sum(1)
    torch.testing.assert_close(gain, g.norm(dual, dim=1))


def test_a_zero_gradient_or_change_makes_no_nan():
    for ball in (Linf(0.5), L2(0.5), L2(0), Linf(0)):
        zero = torch.zeros(2, 3)
        assert not ball.steepest(zero).any()
        assert not ball.project(zero).any()


# What they do


@pytest.mark.parametrize("attack, norm, radius", [
    (PGD(Linf(0.1), 0.05, 5), torch.inf, 0.1), (PGD(L2(0.5), 0.3, 5), 2, 0.5)])
def test_attacked_pictures_lie_in_ball_and_box(net, x, attack, norm, radius):
    at = attack(net, x, labels)
    assert at.min() >= 0 and at.max() <= 1 and not at.requires_grad
    sizes = (at - x).flatten(1).norm(norm, dim=1)
    assert (sizes <= radius + 1e-12).all()


def test_another_box_holds(net, x):
    at = PGD(Linf(0.5), 0.2, 5, box=(-1.0, 1.5))(net, 2.5 * x - 1, labels)
    assert at.min() == -1 and at.max() == 1.5


def test_on_a_linear_net_one_step_moves_the_score_by_the_l1_norm():
    w = torch.randn(64, generator=torch.Generator().manual_seed(0),
                    dtype=torch.float64)
    net, x = Linear(w), torch.full((1, 64), 0.5, dtype=torch.float64)
    before = net(x)[0, 1]
    after = net(fgsm(net, x, torch.tensor([1]), 0.1))[0, 1]
    assert abs((before - after) - 0.1 * w.abs().sum()) < 1e-12
    wanted = net(fgsm(net, x, torch.tensor([1]), 0.1, toward))[0, 1]
    assert abs((wanted - before) - 0.1 * w.abs().sum()) < 1e-12


def test_the_penalty_finds_the_distance_to_a_line():
    w = torch.tensor([3.0, -4.0])
    net, x = Linear(w, 0.3), torch.tensor([[0.5, 0.4]], dtype=torch.float64)
    far = float((w.double() @ x[0] + 0.3) / 5)      # score over length
    at = Penalty(price=1, steps=500, rate=0.01)(net, x, torch.tensor([1]))
    assert far <= float((at - x).norm()) < 1.05 * far


def test_the_penalty_leaves_what_it_cannot_fool():
    net, x = Linear([1.0, 1.0], 5.0), torch.full((1, 2), 0.5).double()
    assert torch.equal(Penalty()(net, x, torch.tensor([1])), x)


def test_attacked_batches_meet_the_net_as_it_then_is(net, x):
    batches = Batches(x, labels, 4, seed=0)
    attack = PGD(Linf(0.1), 0.05, 2)
    attacked = list(Attacked(batches, net, attack))
    again = list(Batches(x, labels, 4, seed=0))
    for k, ((at, theirs), (plain, own)) in enumerate(zip(attacked, again)):
        assert torch.equal(theirs, own)
        assert torch.equal(at, PGD(Linf(0.1), 0.05, 2, seed=k + 1)(
            net, plain, own))
    both = Attacked(Batches(x, labels, N, seed=0), net, attack)
    assert len(both) == 1 and len(Attacked(batches, net, attack)) == 3
    for p in net.parameters():
        p.data *= 0
    flat, _ = next(iter(both))      # no gradient: only the random start
    assert torch.equal(flat, PGD(Linf(0.1), 0.0, 1, seed=1)(
        net, *next(iter(Batches(x, labels, N, seed=0)))))


def test_two_passes_start_from_different_points(net, x):
    both = Attacked([(x, labels)], net, PGD(Linf(0.1), 0.0, 1))
    (first, _), (second, _) = next(iter(both)), next(iter(both))
    assert not torch.equal(first, second)


def test_squares_lower_the_lead_without_a_gradient(net, x):
    said = net(x).argmax(1)
    before = lead(net(x), said)
    few = square_search(net, x, said, 0.2, 20)
    many = square_search(net, x, said, 0.2, 200)
    assert (lead(net(few), said) <= before).all()
    assert lead(net(many), said).mean() < lead(net(few), said).mean()
    assert lead(net(many), said).mean() < before.mean() - 0.1
    assert (many - x).abs().max() <= 0.2 + 1e-12
    assert many.min() >= 0 and many.max() <= 1
    assert torch.equal(few, square_search(net, x, said, 0.2, 20))


def test_a_square_shrinks_stays_inside_and_moves_each_pixel_by_the_radius(x):
    x, tries, radius = x.clamp(0.3, 0.7), 40, 0.2
    asked = []

    def never_better(pictures):     # so each query is one square on x
        asked.append(pictures.clone())
        return torch.zeros(len(pictures), 5, dtype=torch.float64)

    back = square_search(never_better, x, labels, radius, tries)
    assert torch.equal(back, x)
    signs, corners = set(), set()
    for k, at in enumerate(asked[1:]):
        side = max(1, round(4 * (1 - k / tries)))
        moved = at - x
        assert torch.allclose(moved.abs().amax((1, 2, 3)),
                              torch.tensor(radius).double())
        rows, columns = (moved[0, 0].abs().sum(d).nonzero()[:, 0]
                         for d in (1, 0))
        assert rows.tolist() == list(range(rows[0], rows[0] + side))
        assert columns.tolist() == list(range(columns[0], columns[0] + side))
        square = moved[:, :, rows[:, None], columns]
        assert torch.allclose(square, square[:, :, :1, :1])  # one sign each
        assert torch.count_nonzero(moved) == N * side**2
        signs |= set(square[:, 0, 0, 0].sign().tolist())
        corners |= {(0, int(rows[0] == 0)), (1, int(columns[0] == 0)),
                    (2, int(rows[-1] == 7)), (3, int(columns[-1] == 7))}
    assert signs == {-1, 1}
    assert corners == {(k, reached) for k in range(4) for reached in (0, 1)}


def test_a_square_is_kept_only_where_it_lowers_the_lead(net, x):
    said, asked = net(x).argmax(1), []

    def noted(pictures):
        asked.append(pictures.clone())
        return net(pictures)

    best = square_search(noted, x, said, 0.2, 30)
    leads = torch.stack([lead(net(at), said) for at in asked])
    assert torch.equal(lead(net(best), said), leads.min(0).values)


# Clear errors


@pytest.mark.parametrize("attack", [
    lambda n, x: fgsm(n, x, labels, 0.1),
    lambda n, x: PGD(Linf(0.1), 0.1, 1)(n, x, labels),
    lambda n, x: Penalty()(n, x, labels),
    lambda n, x: square_search(n, x, labels, 0.1, 1)])
def test_pixels_up_to_255_are_refused(net, x, attack):
    with pytest.raises(ValueError, match=r"x: expected values from .* divide"):
        attack(net, 255 * x)
    with pytest.raises(ValueError, match="x: expected values"):
        attack(net, x - 0.5)
    with pytest.raises(ValueError, match="x: expected values"):
        attack(net, x + 0.5)
    with pytest.raises(ValueError, match="at least one example"):
        attack(net, x[:0])
    with pytest.raises(ValueError, match="x: expected values"):
        attack(net, x * math.nan)


def test_other_bad_input_is_named(net, x):
    with pytest.raises(ValueError, match="radius: expected 0 or more, got -1"):
        fgsm(net, x, labels, -1)
    with pytest.raises(ValueError, match="labels"):
        fgsm(net, x, labels[:3], 0.1)
