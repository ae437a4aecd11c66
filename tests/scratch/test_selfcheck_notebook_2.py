"""Notebook 2's checks tell right from wrong, and name what is wrong."""

import re

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from labs import CheckTests, verdict
from scratch.checks import notebook_2
from scratch.checks.notebook_2 import (
    COUNT,
    FORWARD,
    LOSS,
    MEASURE,
    SPLIT,
    STEP,
)

# The forward pass: right answers, written differently.

def forward_in_three_lines(net, X):
    hidden = torch.tanh(net.first(X))
    hidden = torch.tanh(net.second(hidden))
    return net.last(hidden)[:, 0]


def forward_by_squeeze(net, X):
    return net.last(net.second(net.first(X).tanh()).tanh()).squeeze(1)


def forward_by_matrices(net, X):
    A = torch.tanh(X @ net.first.weight.T + net.first.bias)
    B = nn.functional.tanh(F.linear(A, net.second.weight, net.second.bias))
    return B @ net.last.weight[0] + net.last.bias


def forward_by_sequential(net, X):
    steps = nn.Sequential(net.first, nn.Tanh(), net.second, nn.Tanh(),
                          net.last, nn.Flatten(0))
    return steps(X)


# Wrong ones.

def hidden_of(net, X):
    return torch.tanh(net.second(torch.tanh(net.first(X))))


def forward_column(net, X):
    return net.last(hidden_of(net, X))


def forward_sigmoid(net, X):
    return torch.sigmoid(net.last(hidden_of(net, X)))[:, 0]


def forward_tanh_at_the_end(net, X):
    return torch.tanh(net.last(hidden_of(net, X)))[:, 0]


def forward_sign(net, X):
    return torch.sign(net.last(hidden_of(net, X)))[:, 0]


def forward_without_tanh(net, X):
    return net.last(net.second(net.first(X)))[:, 0]


def forward_without_first_tanh(net, X):
    return net.last(torch.tanh(net.second(net.first(X))))[:, 0]


def forward_without_second_tanh(net, X):
    return net.last(net.second(torch.tanh(net.first(X))))[:, 0]


def forward_relu(net, X):
    return net.last(torch.relu(net.second(torch.relu(net.first(X)))))[:, 0]


def forward_sigmoid_inside(net, X):
    return net.last(torch.sigmoid(net.second(torch.sigmoid(
        net.first(X)))))[:, 0]


def forward_detached(net, X):
    return forward_in_three_lines(net, X).detach()


def forward_without_recording(net, X):
    with torch.no_grad():
        return forward_in_three_lines(net, X)


def forward_numpy(net, X):
    return forward_in_three_lines(net, X).detach().numpy()


def forward_calls_itself(net, X):
    return net(X)


def forward_all_in_one(net, X):
    return forward_in_three_lines(net, X).mean()


def forward_minus_the_mean(net, X):
    z = forward_in_three_lines(net, X)
    return z - z.mean() + z[0]


def forward_wrong_order(net, X):
    return net.first(net.second(net.last(X)))[:, 0]


def forward_without_biases(net, X):
    A = torch.tanh(X @ net.first.weight.T)
    B = torch.tanh(A @ net.second.weight.T)
    return (B @ net.last.weight.T)[:, 0]


def forward_weights_detached(net, X):
    A = torch.tanh(net.first(X)).detach()
    return net.last(torch.tanh(net.second(A)))[:, 0]


def forward_without_hidden_biases(net, X):
    A = torch.tanh(net.first(X) + 0 * net.first.bias)
    B = torch.tanh(net.second(A) - net.second.bias + 0 * net.second.bias)
    return net.last(B)[:, 0]


def forward_over_zero(net, X):
    z = forward_in_three_lines(net, X)
    return z / (z - z)


# The count.

def count_plain(net):
    return sum(p.numel() for p in net.parameters())


def count_by_loop(net):
    total = 0
    for p in net.parameters():
        size = 1
        for side in p.shape:
            size *= side
        total += size
    return total


def count_by_vector(net):
    return len(nn.utils.parameters_to_vector(net.parameters()))


def count_with_numpy(net):
    return np.sum([p.nelement() for p in net.parameters()])


def count_arrays(net):
    return len(list(net.parameters()))


def count_weights_only(net):
    return sum(p.numel() for p in net.parameters() if p.ndim > 1)


def count_first_sides(net):
    return sum(len(p) for p in net.parameters())


def count_tensor(net):
    return sum(torch.tensor(p.numel()) for p in net.parameters())


def count_of_two_hidden_layers(net):
    a, b = len(net.first.bias), len(net.second.bias)
    return (a + 2) * (b + 3) - 5


def count_linear_layers_only(net):
    return sum(p.numel() for m in net.modules() if isinstance(m, nn.Linear)
               for p in m.parameters())


def count_module_by_module(net):
    return sum(p.numel() for _, m in net.named_modules(remove_duplicate=False)
               for p in m.parameters(recurse=False))


def count_twenty(net):
    return 20


def count_float(net):
    return float(count_plain(net))


def count_one_more(net):
    return count_plain(net) + 1


# The loss.

def loss_softplus(z, y):
    return F.softplus(-y * z).mean()


def loss_bce(z, y):
    return F.binary_cross_entropy_with_logits(z, (y + 1) / 2)


def loss_logsigmoid(z, y):
    return -F.logsigmoid(y * z).mean()


def loss_logaddexp(z, y):
    m = y * z
    return torch.logaddexp(torch.zeros_like(m), -m).sum() / len(m)


def loss_by_chapter_two(z, y):
    m = y * z
    return (torch.clamp(-m, min=0) + torch.log1p(torch.exp(-abs(m)))).mean()


def loss_by_hand(z, y):
    total = 0
    for score, label in zip(z, y):
        m = label * score
        total = total + (torch.log1p(torch.exp(-m)) if m > 0
                         else -m + torch.log1p(torch.exp(m)))
    return total / len(y)


def loss_sum(z, y):
    return F.softplus(-y * z).sum()


def loss_each(z, y):
    return F.softplus(-y * z)


def loss_wrong_sign(z, y):
    return F.softplus(y * z).mean()


def loss_sigmoid_first(z, y):
    return F.softplus(-y * torch.sigmoid(z)).mean()


def loss_bce_sigmoid_twice(z, y):
    return F.binary_cross_entropy_with_logits(torch.sigmoid(z), (y + 1) / 2)


def loss_bce_without_sigmoid(z, y):
    return F.binary_cross_entropy(z, (y + 1) / 2)


def loss_bce_of_probabilities(z, y):
    return F.binary_cross_entropy(torch.sigmoid(z), (y + 1) / 2)


def loss_bce_labels_as_they_are(z, y):
    return F.binary_cross_entropy_with_logits(z, y)


def loss_naive(z, y):
    return torch.log(1 + torch.exp(-y * z)).mean()


def loss_squared(z, y):
    return ((z - y) ** 2).mean()


def loss_squared_of_sigmoid(z, y):
    return (0.5 * (torch.sigmoid(z) - (y + 1) / 2) ** 2).mean()


def loss_hinge(z, y):
    return torch.relu(1 - y * z).mean()


def loss_item(z, y):
    return loss_softplus(z, y).item()


def loss_detached(z, y):
    return loss_softplus(z.detach(), y)


def loss_numpy(z, y):
    return np.logaddexp(0, -(y * z).detach().numpy()).mean()


def loss_zero_one(z, y):
    return (y * z <= 0).float().mean()


def loss_in_bits(z, y):
    return loss_softplus(z, y) / np.log(2)


def loss_positive_labels_only(z, y):
    return F.softplus(-z).mean()


def loss_of_the_mean_margin(z, y):
    return F.softplus(-(y * z).mean())


def loss_of_each_label_apart(z, y):
    of_each = [F.softplus(-label * z[y == label]).mean()
               for label in (1, -1) if (y == label).any()]
    return sum(of_each) / len(of_each)


# One step; the lab's own loss is at hand.

loss = loss_softplus


def step_plain(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    cost.backward()
    optimizer.step()
    return cost.item()


def step_wiping_by_hand(net, optimizer, X, y):
    for p in net.parameters():
        p.grad = None
    cost = F.softplus(-y * net(X)).mean()
    cost.backward()
    optimizer.step()
    return float(cost.detach())


def step_wiping_late(net, optimizer, X, y):
    net.train()
    cost = loss(net(X), y)
    optimizer.zero_grad(set_to_none=False)
    cost.backward()
    optimizer.step()
    return cost.detach().numpy().item()


def step_wiping_twice(net, optimizer, X, y):
    cost = step_plain(net, optimizer, X, y)
    net.zero_grad()
    return cost


def step_forgets_nothing(net, optimizer, X, y):
    cost = loss(net(X), y)
    cost.backward()
    optimizer.step()
    return cost.item()


def step_wipes_at_the_end_only(net, optimizer, X, y):
    cost = step_forgets_nothing(net, optimizer, X, y)
    optimizer.zero_grad()
    return cost


def step_wipes_in_between(net, optimizer, X, y):
    cost = loss(net(X), y)
    cost.backward()
    optimizer.zero_grad()
    optimizer.step()
    return cost.item()


def step_without_backward(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    optimizer.step()
    return cost.item()


def step_without_step(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    cost.backward()
    return cost.item()


def step_before_backward(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    optimizer.step()
    cost.backward()
    return cost.item()


def step_twice(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    cost.backward()
    optimizer.step()
    optimizer.step()
    return cost.item()


def step_of_the_sum(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss_sum(net(X), y)
    cost.backward()
    optimizer.step()
    return cost.item() / len(y)


def step_telling_the_sum(net, optimizer, X, y):
    return step_plain(net, optimizer, X, y) * len(y)


def step_uphill(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    (-cost).backward()
    optimizer.step()
    return cost.item()


def step_returning_a_tensor(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(net(X), y)
    cost.backward()
    optimizer.step()
    return cost


def step_returning_nothing(net, optimizer, X, y):
    step_plain(net, optimizer, X, y)


def step_measuring_after(net, optimizer, X, y):
    step_plain(net, optimizer, X, y)
    with torch.no_grad():
        return loss(net(X), y).item()


def step_with_its_own_rate(net, optimizer, X, y):
    return step_plain(net, torch.optim.SGD(net.parameters(), lr=0.01), X, y)


def step_on_the_first_row(net, optimizer, X, y):
    return step_plain(net, optimizer, X[:1], y[:1])


def step_without_recording(net, optimizer, X, y):
    with torch.no_grad():
        return step_plain(net, optimizer, X, y)


def step_of_a_sigmoid(net, optimizer, X, y):
    optimizer.zero_grad()
    cost = loss(torch.sigmoid(net(X)), y)
    cost.backward()
    optimizer.step()
    return cost.item()


def step_returning_words(net, optimizer, X, y):
    return f"{step_plain(net, optimizer, X, y):.4f}"


def step_returning_zero(net, optimizer, X, y):
    return 0 * step_plain(net, optimizer, X, y)


def step_half_forgets(net, optimizer, X, y):
    for p in net.parameters():
        if p.grad is not None:
            p.grad *= 0.5
    cost = step_forgets_nothing(net, optimizer, X, y)
    optimizer.zero_grad()
    return cost


momentum = {}


def step_that_remembers(net, optimizer, X, y):
    cost = step_plain(net, optimizer, X, y)
    if momentum.get("net") is net:
        optimizer.step()
    momentum["net"] = net
    return cost


# The split.

def split_plain(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    mean, spread = X[old].mean(0), X[old].std(0)
    return (X[old] - mean) / spread, y[old], (X[new] - mean) / spread, y[new]


def split_by_mask(X, y, share, seed):
    held = np.zeros(len(X), bool)
    rng = np.random.RandomState(seed)
    held[rng.choice(len(X), int(share * len(X)), replace=False)] = True
    X = (X - X[~held].mean(axis=0)) / X[~held].std(axis=0, ddof=1)
    return [X[~held], y[~held], X[held], y[held]]


def split_by_label(X, y, share, seed):
    rng = np.random.default_rng(seed)
    order = np.lexsort([rng.random(len(X)), y])
    every = np.arange(len(X)) % round(1 / share) == rng.integers(round(1 / share))
    old, new = order[~every], order[every]
    mean, spread = X[old].mean(0), X[old].std(0)
    return (X[old] - mean) / spread, y[old], (X[new] - mean) / spread, y[new]


def split_with_leak(X, y, share, seed):
    X = (X - X.mean(0)) / X.std(0)
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    return X[old], y[old], X[new], y[new]


def split_with_half_a_leak(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    X = (X - X[old].mean(0)) / X.std(0)
    return X[old], y[old], X[new], y[new]


def split_scaled_apart(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    a, b = X[old], X[new]
    return ((a - a.mean(0)) / a.std(0), y[old],
            (b - b.mean(0)) / b.std(0), y[new])


def split_unscaled(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    return X[old], y[old], X[new], y[new]


def split_scaled_as_one_column(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    X = (X - X[old].mean()) / X[old].std()
    return X[old], y[old], X[new], y[new]


def split_without_shuffling(X, y, share, seed):
    cut = round(share * len(X))
    mean, spread = X[cut:].mean(0), X[cut:].std(0)
    X = (X - mean) / spread
    return X[cut:], y[cut:], X[:cut], y[:cut]


def split_by_another_luck(X, y, share, seed):
    return split_plain(X, y, share, None)


def split_in_blocks(X, y, share, seed):
    cut = round(share * len(X))
    at = np.random.default_rng(seed).integers(len(X) - cut)
    held = np.zeros(len(X), bool)
    held[at:at + cut] = True
    X = (X - X[~held].mean(0)) / X[~held].std(0)
    return X[~held], y[~held], X[held], y[held]


def split_labels_left_behind(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    X_train, _, X_new, _ = split_plain(X, y, share, seed)
    cut = round(share * len(X))
    return X_train, y[np.sort(order[cut:])], X_new, y[np.sort(order[:cut])]


def split_two_parts(X, y, share, seed):
    X_train, _, X_new, _ = split_plain(X, y, share, seed)
    return X_train, X_new


def split_other_order(X, y, share, seed):
    X_train, y_train, X_new, y_new = split_plain(X, y, share, seed)
    return X_train, X_new, y_train, y_new


def split_the_other_way(X, y, share, seed):
    X_train, y_train, X_new, y_new = split_plain(X, y, share, seed)
    return X_new, y_new, X_train, y_train


def split_with_replacement(X, y, share, seed):
    rng = np.random.default_rng(seed)
    cut = round(share * len(X))
    old = rng.integers(len(X), size=len(X) - cut)
    new = rng.integers(len(X), size=cut)
    mean, spread = X[old].mean(0), X[old].std(0)
    return (X[old] - mean) / spread, y[old], (X[new] - mean) / spread, y[new]


def split_held_out_taught(X, y, share, seed):
    X_train, y_train, X_new, _ = split_plain(X, y, share, seed)
    return X_train, y_train, X_train[:len(X_new)], y_train[:len(X_new)]


def split_in_place(X, y, share, seed):
    np.random.default_rng(seed).shuffle(X)
    return split_plain(X, y, share, seed)


def split_squared_spread(X, y, share, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    new, old = np.split(order, [round(share * len(X))])
    X = (X - X[old].mean(0)) / X[old].var(0)
    return X[old], y[old], X[new], y[new]


def split_squashed(X, y, share, seed):
    return split_plain(np.log1p(X - X.min(0)), y, share, seed)


# Measuring.

def measure_plain(net, X, y):
    with torch.no_grad():
        z = net(X)
    right = (z >= 0) == (y > 0)
    return loss(z, y).item(), right.float().mean().item()


def measure_in_inference_mode(net, X, y):
    net.eval()
    with torch.inference_mode():
        z = net(X)
        answers = torch.where(z >= 0, 1.0, -1.0)
        return float(loss(z, y)), int((answers == y).sum()) / len(y)


def measure_by_numpy(net, X, y):
    with torch.no_grad():
        z = net(X).numpy()
    y = y.numpy()
    return [np.logaddexp(0, -y * z).mean(), np.mean((z < 0) == (y < 0))]


@torch.no_grad()
def measure_decorated(net, X, y):
    z = net(X)
    return (F.softplus(-y * z).mean().item(),
            sum(int((s >= 0) == (t > 0)) for s, t in zip(z, y)) / len(y))


def measure_recording(net, X, y):
    z = net(X)
    return loss(z, y).item(), ((z >= 0) == (y > 0)).float().mean().item()


def measure_teaching(net, X, y):
    cost = step_plain(net, torch.optim.SGD(net.parameters(), 0.1), X, y)
    return cost, measure_plain(net, X, y)[1]


def measure_leaving_gradients(net, X, y):
    loss(net(X), y).backward()
    return measure_plain(net, X, y)


def measure_percent(net, X, y):
    cost, right = measure_plain(net, X, y)
    return cost, 100 * right


def measure_mistakes(net, X, y):
    cost, right = measure_plain(net, X, y)
    return cost, 1 - right


def measure_sum(net, X, y):
    cost, right = measure_plain(net, X, y)
    return cost * len(y), right


def measure_half(net, X, y):
    with torch.no_grad():
        z = net(X)
    return loss(z, y).item(), ((z > 0.5) == (y > 0)).float().mean().item()


def measure_sign(net, X, y):
    with torch.no_grad():
        z = net(X)
    return loss(z, y).item(), (torch.sign(z) == y).float().mean().item()


def measure_zero_and_one(net, X, y):
    with torch.no_grad():
        z = net(X)
    return loss(z, y).item(), ((z >= 0).float() == y).float().mean().item()


def measure_tensors(net, X, y):
    with torch.no_grad():
        z = net(X)
        return loss(z, y), ((z >= 0) == (y > 0)).float().mean()


def measure_accuracy_only(net, X, y):
    return measure_plain(net, X, y)[1]


def measure_other_order(net, X, y):
    return measure_plain(net, X, y)[::-1]


def measure_of_a_sigmoid(net, X, y):
    with torch.no_grad():
        z = torch.sigmoid(net(X))
    return loss(z, y).item(), ((z >= 0.5) == (y > 0)).float().mean().item()


RIGHT = [
    (FORWARD, forward_in_three_lines), (FORWARD, forward_by_squeeze),
    (FORWARD, forward_by_matrices), (FORWARD, forward_by_sequential),
    (COUNT, count_plain), (COUNT, count_by_loop), (COUNT, count_by_vector),
    (COUNT, count_with_numpy),
    (LOSS, loss_softplus), (LOSS, loss_bce), (LOSS, loss_logsigmoid),
    (LOSS, loss_logaddexp), (LOSS, loss_by_chapter_two), (LOSS, loss_by_hand),
    (STEP, step_plain), (STEP, step_wiping_by_hand), (STEP, step_wiping_late),
    (STEP, step_wiping_twice),
    (SPLIT, split_plain), (SPLIT, split_by_mask), (SPLIT, split_by_label),
    (MEASURE, measure_plain), (MEASURE, measure_in_inference_mode),
    (MEASURE, measure_by_numpy), (MEASURE, measure_decorated)]

# What the reader is told, at the least.
WRONG = [
    (FORWARD, forward_column, "came as a column"),
    (FORWARD, forward_sigmoid, "been through a sigmoid"),
    (FORWARD, forward_tanh_at_the_end, "been through a tanh"),
    (FORWARD, forward_sign, "been through a sign"),
    (FORWARD, forward_without_tanh, "without the tanh after"),
    (FORWARD, forward_without_first_tanh, "without the tanh after its first"),
    (FORWARD, forward_without_second_tanh, "without the tanh after its second"),
    (FORWARD, forward_relu, "bend with ReLU"),
    (FORWARD, forward_sigmoid_inside, "bend with the sigmoid"),
    (FORWARD, forward_detached, "don't know how they were computed"),
    (FORWARD, forward_without_recording, "don't know how they were computed"),
    (FORWARD, forward_numpy, "as a tensor, got ndarray"),
    (FORWARD, forward_calls_itself, "It raised NotImplementedError"),
    (FORWARD, forward_all_in_one, "one score for each row"),
    (FORWARD, forward_minus_the_mean, "in company"),
    (FORWARD, forward_wrong_order, "It raised RuntimeError"),
    (FORWARD, forward_without_biases, "should be 3"),
    (FORWARD, forward_weights_detached, "no gradient reaches it"),
    (FORWARD, forward_without_hidden_biases, "three layers in order"),
    (FORWARD, forward_over_zero, "not finite"),
    (COUNT, count_arrays, "number of arrays"),
    (COUNT, count_weights_only, "biases are missing"),
    (COUNT, count_first_sides, "first sides"),
    (COUNT, count_tensor, "whole number, got Tensor"),
    (COUNT, count_of_two_hidden_layers, "It raised AttributeError"),
    (COUNT, count_linear_layers_only, "not all counted"),
    (COUNT, count_module_by_module, "counted twice"),
    (COUNT, count_twenty, "is another|missing|first sides"),
    (COUNT, count_float, "whole number, got float"),
    (COUNT, count_one_more, "is another"),
    (LOSS, loss_sum, "sum over the examples"),
    (LOSS, loss_each, "one number, the mean"),
    (LOSS, loss_wrong_sign, "cost more"),
    (LOSS, loss_sigmoid_first, "Did a sigmoid"),
    (LOSS, loss_bce_sigmoid_twice, "Did a sigmoid"),
    (LOSS, loss_bce_without_sigmoid, "It raised RuntimeError"),
    (LOSS, loss_bce_of_probabilities, "should cost 1000"),
    (LOSS, loss_bce_labels_as_they_are, "all labels are"),
    (LOSS, loss_naive, "overflowed"),
    (LOSS, loss_squared, "no opinion"),
    (LOSS, loss_squared_of_sigmoid, "Did a sigmoid"),
    (LOSS, loss_hinge, "no opinion"),
    (LOSS, loss_item, "as a tensor, got float"),
    (LOSS, loss_detached, "doesn't know how it was computed"),
    (LOSS, loss_numpy, "as a tensor, got"),
    (LOSS, loss_zero_one, "doesn't know how it was computed"),
    (LOSS, loss_in_bits, "no opinion"),
    (LOSS, loss_positive_labels_only, "cost more|all labels are"),
    (LOSS, loss_of_the_mean_margin, "all labels are|isn't the mean"),
    (LOSS, loss_of_each_label_apart, "isn't the mean"),
    (STEP, step_forgets_nothing, "Nobody forgot"),
    (STEP, step_wipes_at_the_end_only, "Nobody forgot"),
    (STEP, step_wipes_in_between, "No weight moved"),
    (STEP, step_without_backward, "No weight moved"),
    (STEP, step_without_step, "No weight moved"),
    (STEP, step_before_backward, "No weight moved"),
    (STEP, step_twice, "twice as far"),
    (STEP, step_of_the_sum, "a sum where the mean|twice as far"),
    (STEP, step_telling_the_sum, "sum over the examples"),
    (STEP, step_uphill, "uphill"),
    (STEP, step_returning_a_tensor, "came back as a tensor"),
    (STEP, step_returning_nothing, "returned None"),
    (STEP, step_measuring_after, "after the step"),
    (STEP, step_with_its_own_rate, "one step of this optimizer"),
    (STEP, step_on_the_first_row, "one step of this optimizer"),
    (STEP, step_without_recording, "It raised RuntimeError"),
    (STEP, step_of_a_sigmoid, "went through a sigmoid"),
    (STEP, step_that_remembers, "three in a row"),
    (STEP, step_returning_words, "number, got str"),
    (STEP, step_returning_zero, "is not the mean logistic"),
    (STEP, step_half_forgets, "changed where this one went"),
    (SPLIT, split_with_leak, "a leak"),
    (SPLIT, split_with_half_a_leak, "standard deviation 1"),
    (SPLIT, split_scaled_apart, "of its own"),
    (SPLIT, split_unscaled, "nothing was scaled"),
    (SPLIT, split_scaled_as_one_column, "mean 0"),
    (SPLIT, split_without_shuffling, "Every seed holds out the same"),
    (SPLIT, split_by_another_luck, "two different splits"),
    (SPLIT, split_in_blocks, "neighbors"),
    (SPLIT, split_labels_left_behind, "label of another row"),
    (SPLIT, split_two_parts, "Expected four arrays"),
    (SPLIT, split_other_order, "got shape"),
    (SPLIT, split_the_other_way, "got shape|training part"),
    (SPLIT, split_with_replacement, "came back twice"),
    (SPLIT, split_held_out_taught, "came back twice"),
    (SPLIT, split_in_place, "in place"),
    (SPLIT, split_squared_spread, "standard deviation 1"),
    (SPLIT, split_squashed, "as a whole"),
    (MEASURE, measure_recording, "Measure without recording"),
    (MEASURE, measure_teaching, "no longer held out"),
    (MEASURE, measure_leaving_gradients, "left gradients behind"),
    (MEASURE, measure_percent, "as a share"),
    (MEASURE, measure_mistakes, "share of wrong answers"),
    (MEASURE, measure_sum, "sum over the examples"),
    (MEASURE, measure_half, "divides at zero"),
    (MEASURE, measure_sign, "exactly zero answers"),
    (MEASURE, measure_zero_and_one, "divides at zero|share of wrong"),
    (MEASURE, measure_tensors, "plain number, got Tensor"),
    (MEASURE, measure_accuracy_only, "Expected two numbers"),
    (MEASURE, measure_other_order, "first number|sum over"),
    (MEASURE, measure_of_a_sigmoid, "first number|sum over"),
]

class TestChecks(CheckTests):
    properties = (FORWARD, COUNT, LOSS, STEP, SPLIT, MEASURE)
    right, wrong = RIGHT, WRONG
    secrets = r"torch\.|np\.|nn\.|\w\(|\w\[|[<>+-]=|=[=<>]|\.T\b"


def test_a_case_that_is_told_can_be_made_again(capsys):
    _, printed = verdict(capsys, forward_without_tanh, FORWARD, seed=0)
    case = " ".join(printed.split("case:")[1].split("returned:")[0].split())
    net, X = eval(case.removeprefix("forward_without_tanh"),
                  vars(notebook_2) | {"tensor": torch.tensor})
    again = forward_without_tanh(net, X).detach()
    shown = printed.split("returned:")[1].split("grad_fn")[0]
    assert np.allclose(again.numpy(), np.array(
        re.findall(r"-?\d+\.\d*", shown), float), atol=1e-3)


def test_checking_draws_no_number_from_the_pages_luck(capsys):
    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    for properties, answer in RIGHT[::4]:
        verdict(capsys, answer, properties)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_the_slopes_that_steps_are_held_against_are_pytorchs():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        net, X, y = notebook_2._case(rng)
        net.double()
        X, y = X.double(), y.double()
        F.softplus(-y * net(X)).mean().backward()
        for ours, p in zip(notebook_2._slopes(net.weights(), X, y),
                           net.parameters()):
            assert np.allclose(ours, p.grad.numpy(), rtol=1e-12, atol=1e-15)
