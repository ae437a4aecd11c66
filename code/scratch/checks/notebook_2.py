"""What Notebook 2 checks: a net's forward pass, the count of its weights,
the loss, one training step, the split of the data, and measuring.

The answers are held against sums written out here in NumPy, in double
precision, derivatives included; only the reader's functions use PyTorch.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from scratch.selfcheck import expect, expect_array, same


class Kept(nn.Module):
    """A module that a check hands over itself, not a copy: it may learn."""

    def __deepcopy__(self, memo):
        return self


class Layers(Kept):
    """Three layers from 2 inputs over a and b units to 1, no forward yet.

    a, b: hidden units; seed: of the weights, which are whole quarters.
    """

    def __init__(self, a, b, seed):
        super().__init__()
        self.told = f"{type(self).__name__}({a}, {b}, seed={seed})"
        rng = np.random.default_rng(seed)
        self.first, self.second, self.last = (
            _layer(rng, m, n) for m, n in ((2, a), (a, b), (b, 1)))

    def __repr__(self):
        return self.told

    def weights(self):
        """All six arrays as NumPy's, in double precision."""
        return [p.detach().double().numpy().copy() for p in self.parameters()]


class Net(Layers):
    """The same with its forward pass; knows whether it was recorded."""

    recorded = False

    def forward(self, X):
        self.recorded |= torch.is_grad_enabled()
        hidden = torch.tanh(self.second(torch.tanh(self.first(X))))
        return self.last(hidden)[:, 0]


class Parts(Kept):
    """A chain of layers of the given sizes, and an array beside them."""

    def __init__(self, sizes, extra, twice=False):
        super().__init__()
        self.told = f"Parts({sizes}, {extra}, twice={twice})"
        rng = np.random.default_rng(0)
        self.chain = nn.ModuleList(
            _layer(rng, m, n) for m, n in pairwise(sizes))
        self.scale = nn.Parameter(torch.ones(extra))
        if twice:
            self.again = self.chain[0]

    def __repr__(self):
        return self.told


class SGD(torch.optim.SGD):
    """PyTorch's, handed over itself, so that it keeps its net."""

    def __init__(self, net, lr):
        self.told = f"SGD(net, lr={lr})"
        super().__init__(net.parameters(), lr)

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return self.told


def _layer(rng, inputs, outputs):
    # skip_init draws no random number: a check must not use up the page's.
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(_quarters(rng, *p.shape))
    return layer


def _quarters(rng, *shape):
    return torch.tensor(rng.integers(-6, 7, shape) / 4, dtype=torch.float32)


def _shape(rng):
    return int(rng.integers(2, 6)), int(rng.integers(2, 6))


def _seed(rng):
    return int(rng.integers(1000))


def _examples(rng, n=None):
    n = n or int(rng.integers(2, 7))
    y = torch.tensor(rng.choice([-1.0, 1.0], n), dtype=torch.float32)
    return _quarters(rng, n, 2), y


def _case(rng, kind=Net):
    return kind(*_shape(rng), _seed(rng)), *_examples(rng)


def _close(a, b, within=1e-4):
    a, b = np.asarray(a, float), np.asarray(b, float)
    with np.errstate(invalid="ignore"):  # infinity is close to nothing
        return a.shape == b.shape and bool(
            (np.abs(a - b) <= within * (1 + np.abs(b))).all())


def _number(value):
    """A number or tensor as a float; NaN for anything else."""
    if isinstance(value, torch.Tensor):
        return float(value.detach().sum())
    return float(value) if isinstance(value, (float, np.number)) else np.nan


def _forward(weights, X, bends=(np.tanh, np.tanh, lambda z: z)):
    """The activations of all three layers, the scores last."""
    W, b, V, c, U, d = weights
    layers, A = [], np.asarray(X, float)
    for M, bias, bend in zip((W, V, U), (b, c, d), bends):
        A = bend(A @ M.T + bias)
        layers.append(A)
    return layers


def _scores(weights, X, **changed):
    return _forward(weights, X, **changed)[-1][:, 0]


def _loss(scores, y):
    return np.logaddexp(0, -np.asarray(y, float) * scores).mean()


def _slopes(weights, X, y):
    """Derivatives of the mean logistic loss, by chapter 3's rule."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    A, B, s = _forward(weights, X)
    delta = (-y / (1 + np.exp(y * s[:, 0])) / len(y))[:, None]
    found = []
    for out, M in ((B, weights[4]), (A, weights[2]), (X, None)):
        found = [delta.T @ out, delta.sum(0), *found]
        if M is not None:
            delta = delta @ M * (1 - out**2)
    return found


def _is_tensor(value, what):
    expect(isinstance(value, torch.Tensor), f"Expected {what} as a tensor, "
           f"got {type(value).__name__}.")


# The forward pass.

def one_score_a_row(call, rng):
    net, X, _ = _case(rng, Layers)
    z, n = call(net, X), len(X)
    _is_tensor(z, "the scores")
    expect(tuple(z.shape) != (n, 1), f"The scores came as a column, shape "
           f"({n}, 1). Labels have shape ({n},), and a column times a row "
           f"is a table of {n} by {n}: take the only column out.")
    expect(tuple(z.shape) == (n,), f"Expected one score for each row, shape "
           f"({n},), got shape {tuple(z.shape)}.")
    expect(bool(torch.isfinite(z).all()), "Some score is not finite.")


def rows_are_strangers(call, rng):
    net, X, _ = _case(rng, Layers)
    together = call(net, X).detach()
    alone = [float(call(net, row[None]).detach()[0]) for row in X]
    expect(_close(together, alone), "A row gets another score in company "
           "than alone.")


def the_last_sum_is_left_alone(call, rng):
    net, X, _ = _case(rng, Layers)
    with torch.no_grad():
        net.last.weight.zero_()
        net.last.bias.fill_(3)
    net.told += " with the last layer's weights 0 and its bias 3"
    z = call(net, X).detach().numpy()
    for name, squashed in (("a sigmoid", 1 / (1 + np.exp(-3))),
                           ("a tanh", np.tanh(3)), ("a sign", 1)):
        expect(not _close(z, np.full(len(X), squashed)), "The scores have "
               f"been through {name}. Leave the last sum as it is: the loss "
               "takes care of the rest.")
    expect(_close(z, np.full(len(X), 3.0)), "Where the last layer has "
           "weights 0 and bias 3, every score should be 3.")


def both_hidden_layers_bend(call, rng):
    net, X, _ = _case(rng, Layers)
    z, weights = call(net, X).detach(), net.weights()
    right, flat = _scores(weights, X), lambda a: a
    for bends, where in (((flat, np.tanh, flat), "first"),
                         ((np.tanh, flat, flat), "second"),
                         ((flat, flat, flat), "first and after the second")):
        other = _scores(weights, X, bends=bends)
        expect(_close(right, other) or not _close(z, other), "These are the "
               f"scores of a net without the tanh after its {where} hidden "
               "layer.")
    for bend, name in ((lambda a: np.maximum(a, 0), "ReLU"),
                       (lambda a: 1 / (1 + np.exp(-a)), "the sigmoid")):
        other = _scores(weights, X, bends=(bend, bend, flat))
        expect(_close(right, other) or not _close(z, other), "The hidden "
               f"layers bend with {name}, where tanh is asked for.")


def blame_can_come_back(call, rng):
    net, X, _ = _case(rng, Layers)
    z = call(net, X)
    expect(z.requires_grad, "The scores don't know how they were computed, "
           "so that no gradient can come back through them. Were they "
           "detached, made anew, or computed without recording?")
    got = torch.autograd.grad(z.sum(), list(net.parameters()),
                              allow_unused=True)
    expect(all(g is not None for g in got), "Some layer has no part in the "
           "scores: no gradient reaches it.")


def every_score_is_right(call, rng):
    net, X, _ = _case(rng, Layers)
    expect(_close(call(net, X).detach(), _scores(net.weights(), X)),
           "Some score isn't what the three layers in order give, with a "
           "tanh after the first and after the second.")


# The count.

def _counted(call, net):
    found = call(net)
    expect(isinstance(found, (int, np.integer)) and not isinstance(
        found, bool), f"Expected a whole number, got {type(found).__name__}.")
    return found


def a_whole_number(call, rng):
    _counted(call, Net(*_shape(rng), _seed(rng)))


def biases_and_entries_count(call, rng):
    net = Net(*_shape(rng), _seed(rng))
    found, arrays = _counted(call, net), net.weights()
    expect(found != len(arrays), f"{found} is the number of arrays. Count "
           "the numbers in them.")
    expect(found != sum(w.size for w in arrays if w.ndim == 2),
           "The biases are missing.")
    expect(found != sum(len(w) for w in arrays), "These are the first sides "
           "of the arrays, added. Count the numbers in them.")
    expect(found == sum(w.size for w in arrays), "The number of weights and "
           "biases of this net is another.")


def every_net_is_counted(call, rng):
    sizes = tuple(int(n) for n in rng.integers(1, 6, rng.integers(2, 6)))
    extra = tuple(int(n) for n in rng.integers(1, 4, rng.integers(1, 4)))
    right = sum(m * n + n for m, n in pairwise(sizes)) + np.prod(extra)
    expect(_counted(call, Parts(sizes, extra)) == right, "This net is a "
           f"chain of layers with {sizes} units and one more array of shape "
           f"{extra}. Its numbers are not all counted, or some twice.")
    expect(_counted(call, Parts(sizes, extra, twice=True)) == right, "One "
           "layer appears in this net under two names. Its weights exist "
           "once, but were counted twice.")


# The loss.

def _scored(rng, n=None, scale=1.0):
    _, y = _examples(rng, n)
    return scale * _quarters(rng, len(y)).requires_grad_(), y


def _charged(call, z, y):
    z = z.detach().requires_grad_()
    cost = call(z, y)
    _is_tensor(cost, "the loss")
    expect(tuple(cost.shape) == (), "Expected one number, the mean over the "
           f"examples, got shape {tuple(cost.shape)}.")
    expect(cost.requires_grad, "The loss doesn't know how it was computed, "
           "so that no gradient can come back from it.")
    return float(cost.detach())


def one_number_for_backward(call, rng):
    _charged(call, *_scored(rng))


def no_opinion_costs_log_two(call, rng):
    _, y = _examples(rng)
    cost = _charged(call, torch.zeros(len(y)), y)
    expect(not _close(cost, len(y) * np.log(2)), "This is the sum over the "
           "examples. Chapter 2's losses are means, so that a step size "
           "keeps its meaning when the number of examples changes.")
    expect(_close(cost, np.log(2)), "Scores of zero have no opinion: each "
           "example should cost log 2, about 0.693, and so should the mean.")


def the_right_side_is_cheaper(call, rng):
    _, y = _examples(rng)
    right, wrong = (_charged(call, side * 2 * y, y) for side in (1, -1))
    expect(right < wrong, "Scores on the side of their labels cost more "
           "than scores on the other side.")


def scores_are_not_squashed_twice(call, rng):
    _, y = _examples(rng)
    cost = _charged(call, -10 * y, y)
    expect(cost > 5, f"Scores of size 10 on the wrong side cost {cost:.2f}; "
           "they should cost about 10. Did a sigmoid squash the scores "
           "before this loss, which is made for scores, saw them?")


def both_labels_are_heard(call, rng):
    z = _quarters(rng, 4) + 0.1
    for label in (1.0, -1.0):
        y = torch.full((4,), label)
        expect(_close(_charged(call, z, y), _loss(z.numpy(), y)), "The loss "
               f"is wrong where all labels are {label:+.0f}. (The labels "
               "are +1 and -1 here, not 1 and 0.)")


def large_scores_stay_finite(call, rng):
    _, y = _examples(rng)
    cost = _charged(call, -1000 * y, y)
    expect(np.isfinite(cost), "Scores of size 1000 on the wrong side cost "
           f"{cost}: an exponential overflowed. Chapter 2 shows a way "
           "around it.")
    expect(_close(cost, 1000), "Scores of size 1000 on the wrong side "
           "should cost 1000.")


def the_mean_is_right(call, rng):
    z, y = _scored(rng)
    expect(_close(_charged(call, z, y), _loss(z.detach().numpy(), y)),
           "This isn't the mean logistic loss of these scores and labels.")


# One step.

def _step_case(rng):
    net, X, y = _case(rng)
    return net, SGD(net, lr=float(rng.choice([0.25, 0.5, 1.0]))), X, y


def _stepped(weights, X, y, rate, times=1):
    slopes = _slopes(weights, X, y)
    return [w - times * rate * g for w, g in zip(weights, slopes)]


def _all_close(a, b):
    return all(map(_close, a, b))


def the_loss_comes_back_as_a_number(call, rng):
    net, optimizer, X, y = _step_case(rng)
    before = net.weights()
    cost = call(net, optimizer, X, y)
    expect(not isinstance(cost, torch.Tensor), "The loss came back as a "
           "tensor. Whoever keeps it keeps the record of the whole step in "
           "memory: return its number alone.")
    expect(isinstance(cost, (float, np.floating)), "Expected the loss as a "
           f"number, got {type(cost).__name__}.")
    was, now = (_loss(_scores(w, X), y) for w in (before, net.weights()))
    expect(_close(was, now) or not _close(cost, now), "This is the loss "
           "after the step. Expected the one before it, which the step was "
           "made from: asking the net again costs another forward pass.")
    expect(not _close(cost, was * len(y)) or _close(was, 0), "This is the "
           "sum over the examples, where the mean was expected.")
    expect(_close(cost, was), "The number is not the mean logistic loss of "
           "the weights before the step.")


def the_weights_move(call, rng):
    net, optimizer, X, y = _step_case(rng)
    before = net.weights()
    call(net, optimizer, X, y)
    expect(not all(map(same, before, net.weights())), "No weight moved. "
           "A step needs gradients, which a backward pass writes, and an "
           "optimizer that is told to move after that; and nobody may wipe "
           "them in between.")


def the_step_is_downhill(call, rng):
    net, optimizer, X, y = _step_case(rng)
    before, rate = net.weights(), optimizer.param_groups[0]["lr"]
    cost = call(net, optimizer, X, y)
    now, n = net.weights(), len(y)
    right, scores = _stepped(before, X, y, rate), _scores(before, X)
    squashed = _loss(1 / (1 + np.exp(-scores)), y)
    expect(_close(squashed, _loss(scores, y)) or not _close(
        _number(cost), squashed), "The scores went through a sigmoid before "
           "this loss, which is made for scores, saw them.")
    for times, fault in (
            (-1, "The weights moved uphill."),
            (2, "The weights moved twice as far as one step goes."),
            (n, "The weights moved as many times too far as there are "
                "examples: a sum where the mean was expected?")):
        other = _stepped(before, X, y, rate, times)
        expect(_all_close(right, other) or not _all_close(now, other), fault)
    expect(_all_close(now, right), "The weights are "
           "not where one step of this optimizer on these examples ends.")


def old_gradients_are_forgotten(call, rng):
    net, optimizer, X, y = _step_case(rng)
    for p in net.parameters():
        p.grad = torch.ones_like(p)
    before, rate = net.weights(), optimizer.param_groups[0]["lr"]
    optimizer.told += " with gradients of 1 left from before"
    call(net, optimizer, X, y)
    right = _stepped(before, X, y, rate)
    expect(not _all_close(net.weights(), [w - rate for w in right]), "An "
           "earlier step had left its gradients, all of them 1, and the "
           "weights moved by the old and the new ones together. Nobody "
           "forgot.")
    expect(_all_close(net.weights(), right), "An earlier step had left its "
           "gradients, and they changed where this one went.")


def a_second_step_begins_anew(call, rng):
    net, optimizer, X, y = _step_case(rng)
    expected, rate = net.weights(), optimizer.param_groups[0]["lr"]
    for _ in range(3):
        call(net, optimizer, X, y)
        expected = _stepped(expected, X, y, rate)
    expect(_all_close(net.weights(), expected), "The first step is right, "
           "but three in a row end somewhere else: does something survive "
           "from one to the next?")


# The split.

def _split_case(rng, fours=None):
    n = 4 * (fours or int(rng.integers(2, 5)))
    share = float(rng.choice([0.25, 0.5]))
    X = np.column_stack([rng.permutation(n) ** 1.5, rng.normal(5, 3, n)])
    y = np.where(np.sin(X[:, 0]) > 0, 1, -1)
    return X.round(2), y, share, _seed(rng)


def _parts(call, case):
    X, _, share, _ = case
    held = round(share * len(X))
    parts = call(*case)
    expect(isinstance(parts, (tuple, list)) and len(parts) == 4, "Expected "
           "four arrays: training examples and labels, then held-out "
           "examples and labels.")
    for part, rows, what in zip(parts, (len(X) - held, len(X) - held, held,
                                        held), ("training examples",
                                "training labels", "held-out examples",
                                "held-out labels")):
        shape = (rows,) if "labels" in what else (rows, 2)
        expect_array(part, shape, "the " + what)
    return parts


def _rows(case, parts):
    """Which rows became training and which held-out ones."""
    X = case[0]
    x = np.concatenate([parts[0][:, 0], parts[2][:, 0]])
    rows = np.empty(len(X), int)
    rows[np.argsort(x)] = np.argsort(X[:, 0])
    return np.split(rows, [len(parts[0])])


def four_arrays_come_back(call, rng):
    case = _split_case(rng)
    _parts(call, case)


def both_parts_go_through_one_scale(call, rng):
    case = _split_case(rng)
    parts = _parts(call, case)
    rows = np.vstack([parts[0], parts[2]]).round(6)
    expect(len(np.unique(rows, axis=0)) == len(rows), "Some row came back "
           "twice. Where it is in both parts, what teaches also judges; "
           "each row has one place.")
    own = [_close(p.mean(0), [0, 0]) and (
        _close(p.std(0), [1, 1]) or _close(p.std(0, ddof=1), [1, 1]))
        for p in (parts[0], parts[2])]
    expect(not all(own), "The held-out part was scaled by a mean and spread "
           "of its own. A net that meets a single new point has no such "
           "numbers: use those of the training part.")
    for old, new in zip(case[0].T, np.vstack([parts[0], parts[2]]).T):
        old, new = np.sort(old), np.sort(new)
        slope = (new[-1] - new[0]) / (old[-1] - old[0])
        expect(slope > 0 and _close(new, new[0] + slope * (old - old[0])),
               "Taken together, the two parts are not the rows that came "
               "in, each column shifted and scaled as a whole.")


def labels_stay_with_their_rows(call, rng):
    case = _split_case(rng)
    parts = _parts(call, case)
    for rows, labels in zip(_rows(case, parts), (parts[1], parts[3])):
        expect(same(labels, case[1][rows]), "Some row has the label of "
               "another row.")


def only_the_training_part_sets_the_scale(call, rng):
    case = _split_case(rng)
    X_train, _, X_new, _ = _parts(call, case)
    both = np.vstack([X_train, X_new])
    expect(not same(np.sort(both, axis=0), np.sort(case[0], axis=0)),
           "The columns came back as they were: nothing was scaled.")
    expect(not _close(both.mean(0), [0, 0]), "The mean was taken over all "
           "rows, held-out ones included. That is a leak: the training part "
           "has been told something about the examples it will be judged by.")
    expect(_close(X_train.mean(0), [0, 0]), "The columns of the training "
           "part should have mean 0.")
    expect(_close(X_train.std(0), [1, 1]) or _close(
        X_train.std(0, ddof=1), [1, 1]), "The columns of the training part "
           "should have standard deviation 1. Was it taken over other rows?")


def luck_draws_the_rows(call, rng):
    X, y, share, _ = _split_case(rng, fours=7)
    drawn = []
    for seed in (0, 0, 1, 2, 3):
        case = X, y, share, seed
        drawn.append(_rows(case, _parts(call, case))[1].tolist())
    expect(drawn[0] == drawn[1], "The same seed gave two different splits.")
    expect(len(set(map(tuple, drawn))) > 1, "Every seed holds out the same "
           "rows. Where the rows come in some order, that is no fair draw.")
    expect(any(sorted(rows) != list(range(min(rows), max(rows) + 1))
               for rows in drawn), "The held-out rows are always "
           "neighbors. Shuffle first.")


# Measuring.

def _measured(call, net, X, y):
    pair = call(net, X, y)
    expect(isinstance(pair, (tuple, list)) and len(pair) == 2, "Expected two "
           "numbers: the loss, and the accuracy.")
    for value, what in zip(pair, ("loss", "accuracy")):
        expect(isinstance(value, (float, int, np.number)), f"Expected the "
               f"{what} as a plain number, got {type(value).__name__}.")
    return pair


def two_plain_numbers(call, rng):
    _measured(call, *_case(rng))


def measuring_does_not_teach(call, rng):
    net, X, y = _case(rng)
    before = net.weights()
    _measured(call, net, X, y)
    expect(all(map(same, before, net.weights())), "The weights changed "
           "while the net was measured. Examples that teach are no longer "
           "held out.")
    expect(all(p.grad is None for p in net.parameters()), "Measuring left "
           "gradients behind, which the next step may pick up.")


def nothing_is_recorded(call, rng):
    net, X, y = _case(rng)
    _measured(call, net, X, y)
    expect(not net.recorded, "While the net was measured, PyTorch recorded "
           "every operation for a backward pass that never comes. Measure "
           "without recording.")


def the_loss_is_the_mean_loss(call, rng):
    net, X, y = _case(rng)
    cost, _ = _measured(call, net, X, y)
    right = _loss(_scores(net.weights(), X), y)
    expect(_close(right, 0) or not _close(cost, right * len(y)), "The loss "
           "is the sum over the examples, where the mean was expected.")
    expect(_close(cost, right), "The first number is not the mean logistic "
           "loss of these examples.")


def accuracy_is_the_share_of_right_answers(call, rng):
    net, X, y = _case(rng)
    _, accuracy = _measured(call, net, X, y)
    right = np.mean((_scores(net.weights(), X) >= 0) == (y.numpy() > 0))
    expect(0 <= accuracy <= 1, "Expected the accuracy as a share, from 0 to "
           f"1, got {accuracy:g}.")
    expect(_close(accuracy, right) or not _close(accuracy, 1 - right), "The "
           "second number is the share of wrong answers.")
    expect(_close(accuracy, right), "The second number is not the share of "
           "rows whose score is on their label's side. A score divides at "
           "zero: below it stands -1, from it on +1.")


def zero_counts_as_plus_one(call, rng):
    net, X, y = _case(rng)
    with torch.no_grad():
        net.last.weight.zero_()
        net.last.bias.zero_()
    net.told += " with the last layer all zeros"
    _, accuracy = _measured(call, net, X, y)
    expect(_close(accuracy, np.mean(y.numpy() > 0)), "A score of exactly "
           "zero answers +1 in this book. Here all scores are zero, so the "
           "accuracy should be the share of +1 among the labels.")


FORWARD = (one_score_a_row, rows_are_strangers, the_last_sum_is_left_alone,
           both_hidden_layers_bend, blame_can_come_back, every_score_is_right)
COUNT = (a_whole_number, biases_and_entries_count, every_net_is_counted)
LOSS = (one_number_for_backward, the_right_side_is_cheaper,
        scores_are_not_squashed_twice, no_opinion_costs_log_two,
        both_labels_are_heard, large_scores_stay_finite, the_mean_is_right)
STEP = (the_weights_move, the_step_is_downhill,
        the_loss_comes_back_as_a_number, old_gradients_are_forgotten,
        a_second_step_begins_anew)
SPLIT = (four_arrays_come_back, both_parts_go_through_one_scale,
         labels_stay_with_their_rows, only_the_training_part_sets_the_scale,
         luck_draws_the_rows)
MEASURE = (two_plain_numbers, measuring_does_not_teach, nothing_is_recorded,
           the_loss_is_the_mean_loss, accuracy_is_the_share_of_right_answers,
           zero_counts_as_plus_one)
