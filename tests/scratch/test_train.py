"""The training loop of chapter 4 against a loop by hand, PyTorch's own
parts and planted faults."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from scratch.train import Batches, History, accuracy, fit, softmax_loss


def points(n=20, seed=0):
    g = torch.Generator().manual_seed(seed)
    X = torch.randn(n, 3, generator=g, dtype=torch.float64)
    return X, (X[:, 0] > 0).long()


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def squared(output, target):
    return ((output - target) ** 2).mean()


class Watching(nn.Module):
    """One weight; notes the mode and whether gradients are on."""

    def __init__(self, start=2.0):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(start, dtype=torch.float64))
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled()))
        return self.w * x


# Batches


def test_a_pass_shows_every_example_once_with_its_own_label():
    X = torch.arange(10.0)[:, None]
    passed = list(Batches(X, torch.arange(10), size=4))
    assert [len(x) for x, _ in passed] == [4, 4, 2]
    for x, labels in passed:
        assert torch.equal(x[:, 0], labels.to(x.dtype))
    everyone = torch.cat([labels for _, labels in passed])
    assert sorted(everyone.tolist()) == list(range(10))


@pytest.mark.parametrize("size, count", [(1, 10), (3, 4), (5, 2), (10, 1),
                                         (99, 1)])
def test_its_length_is_the_number_of_batches(size, count):
    X = torch.arange(10)
    batches = Batches(X, X, size)
    assert len(batches) == len(list(batches)) == count


def test_each_pass_has_an_order_of_its_own_and_the_seed_decides():
    X = torch.arange(50)
    orders = {seed: [torch.cat([x for x, _ in pass_]).tolist()
                     for pass_ in (list(batches), list(batches))]
              for seed in (0, 1) for batches in [Batches(X, X, 7, seed)]}
    again = Batches(X, X, 7)
    assert orders[0][0] != orders[0][1] != list(range(50))
    assert orders[0] != orders[1]
    assert orders[0] == [torch.cat([x for x, _ in again]).tolist()
                         for _ in range(2)]


def test_the_global_generator_is_left_alone():
    X = torch.arange(9)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    list(Batches(X, X, 2))
    assert torch.equal(before, torch.get_rng_state())


def test_batches_equal_those_of_a_data_loader():
    X, labels = points()
    for seed in range(3):
        sampler = RandomSampler(
            X, generator=torch.Generator().manual_seed(seed))
        loader = DataLoader(TensorDataset(X, labels), 6, sampler=sampler)
        ours = Batches(X, labels, 6, seed)
        for (x, y), (u, v) in zip(loader, ours, strict=True):
            assert torch.equal(x, u) and torch.equal(y, v)


@pytest.mark.parametrize("examples, labels", [(3, 2), (2, 3), (0, 0)])
def test_examples_without_their_labels_are_refused(examples, labels):
    with pytest.raises(ValueError, match="labels: expected one for each "
                       f"example, got {labels} for {examples}"):
        Batches(torch.zeros(examples, 2), torch.zeros(labels), 1)


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_of_none_is_refused(size):
    with pytest.raises(ValueError, match=r"^size: expected"):
        Batches(torch.zeros(3, 2), torch.zeros(3), size)


# softmax_loss, accuracy


def test_the_loss_and_its_gradient_are_torchs():
    X, labels = points()
    logits = [X.clone().requires_grad_() for _ in range(2)]
    ours = softmax_loss(logits[0], labels)
    theirs = F.cross_entropy(logits[1], labels)
    ours.backward()
    theirs.backward()
    assert torch.equal(ours, theirs)
    assert torch.equal(logits[0].grad, logits[1].grad)


def test_labels_out_of_range_and_probabilities_are_refused():
    X, labels = points()
    with pytest.raises(ValueError, match=r"labels: .* 0 to 2, got 3"):
        softmax_loss(X, labels + 2)
    with pytest.raises(ValueError, match="leave the softmax out"):
        softmax_loss(torch.softmax(X, 1), labels)


def test_accuracy_counts_over_all_pieces_in_eval_mode_without_gradients():
    net = Watching(-1.0)
    X = torch.zeros(2500, 2, dtype=torch.float64)
    X[:, 0] = 1                        # class 1 has the larger score
    labels = torch.zeros(2500, dtype=torch.int64)
    labels[:700] = 1
    labels[2400:2410] = 1
    net.train()
    assert accuracy(net, X, labels) == 710 / 2500
    assert net.seen == [(False, False)] * 3
    assert not net.training


# fit


def test_two_steps_worked_by_hand():
    # loss (w x - y)^2, w = 2: gradient 2 (w x - y) x
    net = Watching(2.0)
    batches = [(torch.tensor([1.0]), torch.tensor([1.0])),
               (torch.tensor([2.0]), torch.tensor([0.0]))]
    history = fit(net, batches, torch.optim.SGD(net.parameters(), 0.1), 1,
                  loss_of=squared)
    # w = 2 - 0.1 * 2 = 1.8, loss 1; then (3.6)^2, w = 1.8 - 0.1 * 14.4
    assert history.losses == pytest.approx([1.0, 12.96])
    assert net.w.item() == pytest.approx(0.36)


def test_it_equals_a_loop_by_hand_with_its_schedule():
    X, labels = points()
    ours, theirs = small_net(), small_net()
    optimizers = [torch.optim.Adam(net.parameters(), 0.05)
                  for net in (ours, theirs)]
    schedules = [torch.optim.lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + t))
                 for o in optimizers]
    history = fit(ours, Batches(X, labels, 8, seed=1), optimizers[0], 3,
                  scheduler=schedules[0])
    losses = []
    batches = Batches(X, labels, 8, seed=1)
    for _ in range(3):
        for x, y in batches:
            optimizers[1].zero_grad()
            loss = F.cross_entropy(theirs(x), y)
            loss.backward()
            optimizers[1].step()
            schedules[1].step()
            losses.append(loss.item())
    assert history.losses == losses
    for a, b in zip(ours.parameters(), theirs.parameters()):
        assert torch.equal(a, b)
    assert schedules[0].get_last_lr() == pytest.approx([0.05 / 10])


def test_it_learns():
    X, labels = points(200)
    net = small_net()
    history = fit(net, Batches(X, labels, 20),
                  torch.optim.Adam(net.parameters(), 0.05), 10,
                  measure=lambda net: accuracy(net, X, labels))
    assert history.losses[-1] < 0.3 * history.losses[0]
    assert history.scores[-1] > 0.95


def test_it_trains_in_train_mode_and_measures_in_eval_mode():
    net = Watching(1.0)
    x = torch.ones(2, 1, dtype=torch.float64)
    net.eval()
    history = fit(net, [(x, x), (x, x)],
                  torch.optim.SGD(net.parameters(), 0.1), 2,
                  loss_of=squared, measure=lambda net: float(net(x).sum()))
    assert net.seen == [(True, True), (True, True), (False, False)] * 2
    assert history.scores == [2.0, 2.0]
    assert not net.training


def test_without_a_measure_there_are_no_scores_and_the_net_is_in_eval_mode():
    net = Watching(1.0)
    x = torch.ones(2, 1, dtype=torch.float64)
    history = fit(net, [(x, x)], torch.optim.SGD(net.parameters(), 0.1), 3,
                  loss_of=squared)
    assert isinstance(history, History)
    assert history.scores == [] and len(history.losses) == 3
    assert len(history.seconds) == 3 and not net.training


def test_seconds_add_up_and_leave_measuring_out(monkeypatch):
    clock = iter([10.0, 12.0, 100.0, 103.0])
    monkeypatch.setattr("time.process_time", lambda: next(clock))
    net = Watching(1.0)
    x = torch.ones(2, 1, dtype=torch.float64)
    history = fit(net, [(x, x)], torch.optim.SGD(net.parameters(), 0.1), 2,
                  loss_of=squared)
    assert history.seconds == [2.0, 5.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_stops_and_names_the_step(bad):
    net = Watching(1.0)
    x = torch.ones(1, dtype=torch.float64)
    losses = iter([1.0, 1.0, 1.0, bad])
    with pytest.raises(FloatingPointError,
                       match=f"the loss is {bad} at step 4, in pass 2"):
        fit(net, [(x, x), (x, x), (x, x)],
            torch.optim.SGD(net.parameters(), 0.1), 2,
            loss_of=lambda output, _: next(losses) * output.sum() / output.sum()
            .detach())
    # three steps down the slope of w / w₀, and not a fourth
    w = 1.0
    for _ in range(3):
        w -= 0.1 / w
    assert net.w.item() == pytest.approx(w)


def test_a_step_too_long_is_named():
    X, labels = points()
    net = small_net()
    X[3] = math.nan
    with pytest.raises(FloatingPointError, match="nan at step"):
        fit(net, Batches(X, labels, 4),
            torch.optim.SGD(net.parameters(), 0.1), 1)


def test_a_generator_gives_a_single_pass_and_the_second_says_so():
    net = Watching(1.0)
    x = torch.ones(2, 1, dtype=torch.float64)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with pytest.raises(ValueError, match=r"batches: .* pass 2.*generator"):
        fit(net, ((x, x) for _ in range(3)), optimizer, 2, loss_of=squared)
    with pytest.raises(ValueError, match=r"batches: .* in pass 1"):
        fit(net, [], optimizer, 1, loss_of=squared)


@pytest.mark.parametrize("epochs", [0, -1])
def test_no_passes_at_all_are_refused(epochs):
    net = Watching()
    with pytest.raises(ValueError, match=r"^epochs: expected"):
        fit(net, [], torch.optim.SGD(net.parameters(), 0.1), epochs)


def test_labels_out_of_range_stop_a_training():
    X, labels = points()
    with pytest.raises(ValueError, match=r"labels: .* from 0 to 1, got 2"):
        net = small_net()
        fit(net, Batches(X, labels * 2, 20),
            torch.optim.SGD(net.parameters(), 0.1), 1)


def test_the_same_seeds_give_the_same_weights():
    weights = []
    for _ in range(2):
        X, labels = points()
        net = small_net()
        fit(net, Batches(X, labels, 8, seed=2),
            torch.optim.AdamW(net.parameters(), 0.01), 3)
        weights.append(np.concatenate(
            [p.detach().numpy().ravel() for p in net.parameters()]))
    np.testing.assert_array_equal(*weights)
