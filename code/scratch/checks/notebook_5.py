"""What Notebook 5 checks: a gradient-sign step, the way back into a ball,
projected steps from a random start, an aim, decibels, a step of adversarial
training, and robust accuracy.

A goal that is handed to an attack is a polynomial whose gradient is known
here, and remembers where it was asked; so each point of an attack's way can
be held against the one before. A step of training is held against the same
step taken by formulas.
"""

from itertools import pairwise

import numpy as np
import torch

from scratch.checks.kept import Kept, Luck
from scratch.selfcheck import Wrong, expect, same


class Goal(Kept):
    """Sum of slope * x - bend * x^2 / 2, to be raised.

    slope and bend: nested lists of x's shape. It remembers the points, of
    those that want a gradient, at which it was asked.
    """

    def __init__(self, slope, bend):
        self.told = f"Goal({slope}, {bend})"
        self.slope, self.bend = torch.tensor(slope), torch.tensor(bend)
        self.asked = []

    def __call__(self, x):
        if x.requires_grad:
            self.asked.append(x.detach().clone())
        return (self.slope * x - self.bend * x.square() / 2).sum()

    def gradient(self, x):
        return self.slope - self.bend * x


class Line(Kept, torch.nn.Module):
    """A linear net, two inputs to three scores, its weights quarters.

    With `left`, gradients of a step before lie in its weights. It is told
    with a name, for the optimizer that comes after it in the call.
    """

    def __init__(self, seed, left=False):
        super().__init__()
        self.told = f"(net := Line({seed}{', left=True' * left}))"
        rng = np.random.default_rng(seed)
        self.weight = torch.nn.Parameter(_quarters(rng, (3, 2)))
        if left:
            self.weight.grad = _quarters(rng, (3, 2)) + 5
        self.asked = []

    def forward(self, x):
        self.asked.append(x.detach().clone())
        return x @ self.weight.T


class Steps(Kept, torch.optim.SGD):
    """Plain gradient descent on a net's weights, with a rate of 1/8."""

    told = "Steps(net)"

    def __init__(self, net):
        super().__init__(net.parameters(), lr=0.125)


class Pull(Kept):
    """An attack: adds the weights of each label to its example.

    Like attacks that call backward, it leaves gradients in the net.
    """

    told = "Pull()"

    def __init__(self):
        self.labels = []

    def __call__(self, net, x, labels):
        self.labels.append(labels.clone())
        for p in net.parameters():
            p.grad = torch.full_like(p, 3) if p.grad is None else p.grad + 3
        return (x + net.weight[labels] + 0.5).detach()


class Leaf(torch.Tensor):
    """A tensor whose gradient is asked for: handed over itself."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    def __new__(cls, values):
        return torch.Tensor._make_subclass(cls, values, True)

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return repr(self.detach().requires_grad_())


class Table(Kept):
    """Scores by heart: example k, a row with the number k, gets row k.

    fate: which of the labels are right untouched (row 0) and after each
    attack, which gives examples of higher numbers; drawn by the seed.
    """

    def __init__(self, seed, attacks):
        self.told = f"Table(seed={seed}, attacks={attacks})"
        rng = np.random.default_rng(seed)
        self.fate = _fates(rng, attacks)
        rows, n = self.fate.shape
        self.labels = torch.tensor(rng.integers(0, 3, n))
        said = self.labels.repeat(rows) + torch.tensor(~self.fate).flatten()
        self.scores = torch.tensor(rng.random((rows * n, 3))).float()
        self.scores[torch.arange(rows * n), said % 3] = 2

    def __call__(self, x):
        return self.scores[x.detach().round().long().view(len(x))]


class Shift(Kept):
    """An attack that turns the number k into k + by.

    It remembers whether it was ever called with gradients switched off.
    """

    def __init__(self, by):
        self.told, self.by, self.blind = f"Shift({by})", by, False

    def __call__(self, net, x, labels):
        self.blind |= not torch.is_grad_enabled()
        return x + self.by


def _quarters(rng, shape):
    return torch.tensor(rng.integers(-8, 9, shape) / 4, dtype=torch.float32)


def _seed(rng):
    return int(rng.integers(1, 1000))


def _close(a, b, within=1e-5):
    return a.shape == b.shape and bool(
        ((a - b).abs() <= within * (1 + b.abs())).all())


def _refuse(got, wrong, right, fault, within=1e-5):
    """Name the fault, unless for this case it makes no difference."""
    expect(_close(wrong, right, 3 * within) or not _close(got, wrong, within),
           fault)


def _expect_tensor(y, x, what="changed inputs"):
    expect(isinstance(y, torch.Tensor), f"Expected the {what} as a tensor, "
           f"got {type(y).__name__}.")
    expect(y.shape == x.shape, f"Inputs of shape {tuple(x.shape)} came back "
           f"in shape {tuple(y.shape)}.")
    expect(torch.isfinite(y.detach()).all(), "Some entry is not finite.")


def _inside(y, box):
    low, high = box
    expect(y.min() >= low - 1e-5 and y.max() <= high + 1e-5, "Some entry "
           f"lies outside the box, {low:g} to {high:g}.")


BOXES = ((0.0, 1.0), (-1.0, 1.0), (-2.0, 3.0))


def _case(rng, shape=None, roomy=False):
    """Inputs in a box, a radius and the box. Radii are multiples of 1/32."""
    low, high = BOXES[rng.integers(3)]
    shape = shape or (int(rng.integers(2, 4)), int(rng.integers(3, 6)))
    x = low + (high - low) * rng.random(shape)
    radius = float(rng.integers(3, 10)) / 32
    if roomy:
        x = low + radius + (high - low - 2 * radius) * rng.random(shape)
    else:  # some entries at the edge of the box, as paper and ink are
        x.flat[:3] = low, high, low
    return torch.tensor(x, dtype=torch.float32), radius, (low, high)


def _goal(rng, shape, bent=True):
    slope = rng.choice([-1, 1], shape) * rng.integers(2, 40, shape) / 16
    bend = rng.integers(1, 3, shape) / 64 if bent else np.zeros(shape)
    return Goal(slope.tolist(), bend.tolist())


# One step.

def _stepped(call, goal, x, radius, box):
    y = call(goal, x, radius, box)
    _expect_tensor(y, x)
    expect(not y.requires_grad, "What came back still hangs on the graph of "
           "its computation. Detach it.")
    return y


def one_step_stays_in_the_box(call, rng):
    x, radius, box = _case(rng)
    _inside(_stepped(call, _goal(rng, x.shape), x, radius, box), box)


def every_entry_goes_as_far_as_it_may(call, rng):
    x, radius, box = _case(rng, roomy=True)
    goal = _goal(rng, x.shape)
    y = _stepped(call, goal, x, radius, box)
    g = goal.gradient(x)
    right = x + radius * g.sign()
    for wrong, fault in (
            (x, "Nothing was changed."),
            (x - radius * g.sign(), "It went down: every entry moved against "
             "the gradient, and the goal fell."),
            ((x + g.sign()).clamp(*box), "It went a step of 1, whatever the "
             "radius."),
            ((x + radius * g).clamp(*box), "It stepped along the gradient "
             "itself, so that entries with a small derivative hardly moved. "
             "Only the sign counts.")):
        _refuse(y, wrong, right, fault)
    expect(_close(y, right), "Not every entry went as far as "
           "the radius lets it, in the direction in which the goal rises.")


def what_does_not_matter_stays(call, rng):
    x, radius, box = _case(rng, roomy=True)
    goal = _goal(rng, x.shape, bent=False)
    goal.slope[:, 0] = 0
    goal.told = f"Goal({goal.slope.tolist()}, {goal.bend.tolist()})"
    y = _stepped(call, goal, x, radius, box)
    expect(_close(y[:, 0], x[:, 0]), "An entry that doesn't matter to the "
           "goal was moved. The sign of zero is zero.")


def the_box_is_the_one_given(call, rng):
    x, radius, box = _case(rng)
    goal = _goal(rng, x.shape)
    y = _stepped(call, goal, x, radius, box)
    right = (x + radius * goal.gradient(x).sign()).clamp(*box)
    for other in BOXES:
        wrong = (x + radius * goal.gradient(x).sign()).clamp(*other)
        _refuse(y, wrong, right, f"It was cut to {other[0]:g} to "
                f"{other[1]:g}, where the box given is {box[0]:g} to "
                f"{box[1]:g}.")
    expect(_close(y, right), "An entry that would leave the box should end "
           "at its edge, and the others where the step took them.")


# The way back.

def _back(call, at, x, radius, box):
    y = call(at, x, radius, box)
    _expect_tensor(y, x, "nearest point")
    return y


def _strayed(rng):
    x, radius, box = _case(rng)
    far = 3 * radius * (2 * rng.random(x.shape) - 1)
    return x + torch.tensor(far, dtype=torch.float32), x, radius, box


def _nearest(at, x, radius, box):
    return torch.minimum(torch.maximum(at, x - radius), x + radius).clamp(*box)


def the_way_back_ends_in_the_box(call, rng):
    case = _strayed(rng)
    _inside(_back(call, *case), case[3])


def the_way_back_ends_in_the_ball(call, rng):
    at, x, radius, box = case = _strayed(rng)
    y, right = _back(call, *case), _nearest(*case)
    _refuse(y, at.clamp(-radius, radius).clamp(*box), right, "It cut the "
            "inputs themselves, so that the ball lies around zero. It lies "
            "around the clean inputs.")
    _refuse(y, (at - x).clamp(-radius, radius), right, "It gave back the "
            "change alone, without the clean inputs to which it belongs.")
    expect(((y - x).abs() <= radius + 1e-5).all(), "Some entry is further "
           f"from its clean value than the radius, {radius:g}.")


def the_way_back_is_the_shortest(call, rng):
    case = at, x, radius, box = _strayed(rng)
    y, right = _back(call, *case), _nearest(*case)
    mirrored = (x - (at - x).clamp(-radius, radius)).clamp(*box)
    shrunk = (x + (at - x) * (radius / (at - x).abs().amax())).clamp(*box)
    for wrong, fault in (
            (mirrored, "The change came back with its sign turned."),
            (x, "It went all the way back to the clean inputs."),
            (shrunk, "It shortened the change as a whole. Each entry may "
             "keep what lies within the radius.")):
        _refuse(y, wrong, right, fault)
    expect(_close(y, right), "There is a nearer point in ball and box: each "
           "entry has to be moved no more than it must.")


def who_is_inside_stays(call, rng):
    x, radius, box = _case(rng, roomy=True)
    at = x + radius * torch.tensor(2 * rng.random(x.shape) - 1).float() * 0.99
    expect(_close(_back(call, at, x, radius, box), at), "A point that was "
           "in ball and box already has been moved.")


def each_may_have_a_radius_of_its_own(call, rng):
    at, x, radius, box = _strayed(rng)
    own = radius * torch.arange(1, len(x) + 1).view(-1, 1) / len(x)
    y = _back(call, at, x, own, box)
    expect(_close(y, _nearest(at, x, own, box)), "The radius may be a tensor "
           "with one row for each example; then each has a ball of its own.")


# Many steps.

def _pages_luck():
    _, numbers, place, *_ = np.random.get_state()
    return torch.get_rng_state().tolist(), numbers.tolist(), place


def _walked(call, rng, shape=None, steps=None, roomy=False, seed=None,
            own=False):
    """What came back, and the points at which the goal was asked."""
    x, radius, box = _case(rng, shape, roomy)
    goal, steps = _goal(rng, x.shape), steps or int(rng.integers(2, 6))
    seed = seed or _seed(rng)
    if own:
        radius = radius * torch.arange(1, len(x) + 1).view(-1, 1) / len(x)
    before = _pages_luck()
    y = call(goal, x, radius, box, steps, Luck(seed))
    expect(_pages_luck() == before, "It drew from the luck that all of the "
           "page shares. Draw from the generator that is handed over.")
    _expect_tensor(y, x)
    expect(not y.requires_grad, "What came back still hangs on the graph of "
           "its computation. Detach it.")
    expect(len(goal.asked) > 0, "It never asked for the gradient of the "
           "goal.")
    return y, goal.asked, goal, x, radius, box, steps


def the_walk_ends_in_ball_and_box(call, rng):
    y, _, _, x, radius, box, _ = _walked(call, rng)
    expect(((y - x).abs() <= radius + 1e-5).all(), "Some entry ended further "
           "from its clean value than the radius. The ball lies around the "
           "clean inputs, not around the last point.")
    _inside(y, box)


def it_starts_at_random(call, rng):
    _, asked, _, x, radius, _, _ = _walked(call, rng, (40, 30), 2, True)
    expect(not all(_close(at, x) for at in asked[:2]), "The gradient was "
           "asked for at the clean inputs, step after step. Ask where the "
           "last step led, first at the random start.")
    change = (asked[0] - x) / radius
    expect(change.abs().max() > 1e-3, "It started at the clean inputs. "
           "Start at a random point of the ball.")
    expect(change.abs().max() <= 1 + 1e-4, "It started outside the ball.")
    expect((change > 0).any() and (change < 0).any(), "All entries started "
           "on the same side of their clean value.")
    spread = torch.stack([change.std(0).mean(), change.std(1).mean()])
    expect((spread > 0.3).all(), "Entries started alike: each entry of each "
           "example has luck of its own.")
    # The standard deviation of a uniform number from -1 to 1 is 0.577.
    expect(abs(float(change.std()) - 0.577) < 0.05
           and abs(float(change.mean())) < 0.09, "The start isn't uniform: "
           "from minus the radius to the radius every change is equally "
           "likely, in every entry.")


def the_start_lies_in_the_box(call, rng):
    _, asked, _, _, _, box, _ = _walked(call, rng)
    low, high = box
    expect(asked[0].min() >= low - 1e-5 and asked[0].max() <= high + 1e-5,
           "The start lies outside the box: the goal was asked about what "
           "is no allowed input.")


def it_takes_the_steps_asked_for(call, rng):
    *_, steps = walk = _walked(call, rng)
    expect(len(walk[1]) == steps, f"The gradient was asked for at "
           f"{len(walk[1])} points, where {steps} steps were wanted.")


def each_step_goes_up_and_back(call, rng):
    y, asked, goal, x, radius, box, steps = _walked(
        call, rng, own=bool(rng.integers(2)))
    size = 2.5 * radius / steps
    for at, new in zip(asked, [*asked[1:], y]):
        g = goal.gradient(at)
        ways = {
            size * g.sign(): "right",
            -size * g.sign(): "It walked down: the goal fell with every "
            "step.",
            radius / steps * g.sign(): "The steps are too short: they are "
            "the radius by their number. Take 2.5 times that.",
            2.5 * radius * g.sign(): "Each step is as long as all should be "
            "together. Divide by their number.",
            radius * g.sign(): "Each step is as long as the radius.",
            size * g: "It stepped along the gradient itself. Only the sign "
            "counts."}
        ends = [(_nearest(at + way, x, radius, box), fault)
                for way, fault in ways.items()]
        right = ends[0][0]
        for wrong, fault in ends[1:]:
            _refuse(new, wrong, right, fault)
        expect(_close(new, right, 1e-4), "A step did not lead from one point "
               "to the next: up by the step's length in every entry, then "
               "back into ball and box.")


def the_generator_decides_the_start(call, rng):
    state, seed = rng.bit_generator.state, _seed(rng)
    starts = []
    for s in (seed, seed, seed + 1):
        rng.bit_generator.state = state
        starts.append(_walked(call, rng, (3, 4), 2, True, s)[1][0])
    expect(same(starts[0], starts[1]), "The same generator state gave two "
           "different starts.")
    expect(not same(starts[0], starts[2]), "Another generator gave the same "
           "start.")


# The aim.

def _scores(rng):
    n, classes = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    scores = torch.stack([_quarters(rng, (classes,)) + 0.0625 * torch.tensor(
        rng.permutation(classes)) for _ in range(n)])
    wanted = torch.tensor(rng.integers(0, classes, n))
    return scores, wanted, float(rng.integers(2, 13)) / 8


def _others(scores, wanted):
    return torch.stack([torch.cat([row[:k], row[k + 1:]]).max()
                        for row, k in zip(scores, wanted)])


def _own(scores, wanted):
    return torch.stack([row[k] for row, k in zip(scores, wanted)])


def _aimed(call, scores, wanted, enough):
    value = call(scores, wanted, enough)
    expect(isinstance(value, torch.Tensor), "Expected a tensor, a number for "
           f"each example, got {type(value).__name__}.")
    expect(tuple(value.shape) == (len(scores),), "Expected a number for each "
           f"example, shape ({len(scores)},), got shape "
           f"{tuple(value.shape)}.")
    return value.detach()


def the_wanted_score_is_held_against_the_best_other(call, rng):
    scores, wanted, _ = _scores(rng)
    value = _aimed(call, scores, wanted, 100.0)
    own, other = _own(scores, wanted), _others(scores, wanted)
    for wrong, fault in (
            (other - own, "The sign is turned: it grows as the wanted class "
             "falls behind."),
            (own - scores.amax(1), "The wanted class was counted among its "
             "own rivals, so it never leads."),
            (own - scores.max(), "The best other score was sought among all "
             "examples. Each has rivals of its own."),
            (own, "This is the score of the wanted class alone. It may rise "
             "while another rises faster."),
            (own - (scores.sum(1) - own) / (scores.shape[1] - 1), "It was "
             "held against the mean of the other scores. The best of them "
             "decides.")):
        _refuse(value, wrong, own - other, fault)
    expect(_close(value, own - other), "It isn't the score of the wanted "
           "class less the best of the others.")


def whoever_leads_enough_is_left_alone(call, rng):
    scores, wanted, enough = _scores(rng)
    scores[0, wanted[0]] = scores[0].max() + enough + 1
    value = _aimed(call, scores, wanted, enough)
    right = (_own(scores, wanted) - _others(scores, wanted))
    expect(not _close(value, right), "An example that leads by more than "
           "enough still counts with all its lead.")
    expect(not _close(value, right.clamp(min=enough)), "It was cut from "
           "below: whoever trails counts as if it led.")
    expect(_close(value, right.clamp(max=enough)), "A lead should count up "
           "to what is enough, and no further.")


def it_can_be_climbed(call, rng):
    scores, wanted, enough = _scores(rng)
    scores[0, wanted[0]] = scores[0].max() + enough + 1
    scores[1, wanted[1]] = scores[1].min() - 1
    scores = Leaf(scores)
    value = call(scores, wanted, enough)
    expect(isinstance(value, torch.Tensor) and value.requires_grad, "No "
           "gradient can be taken: it doesn't hang on the scores.")
    slope, = torch.autograd.grad(value.sum(), scores)
    expect(not slope[0].any(), "An example that leads enough still has a "
           "slope.")
    expect(slope[1, wanted[1]] == 1 and slope[1].sum() == 0, "For an example "
           "that trails, the slope should be 1 for the wanted class and -1 "
           "for its best rival.")


# Decibels.

def _heard(rng, n=None):
    n, T = n or int(rng.integers(2, 5)), int(rng.integers(4, 9))
    waves = rng.normal(size=(n, T)) * rng.uniform(0.05, 0.5, (n, 1))
    noise = rng.normal(size=(n, T)) * rng.uniform(0.005, 0.1, (n, 1))
    return (torch.tensor(waves, dtype=torch.float32),
            torch.tensor(waves + noise, dtype=torch.float32))


def _told_decibels(call, waves, heard):
    value = call(waves, heard)
    expect(isinstance(value, torch.Tensor), "Expected a tensor, a number for "
           f"each wave, got {type(value).__name__}.")
    expect(tuple(value.shape) == (len(waves),), "Expected a number for each "
           f"wave, shape ({len(waves)},), got shape {tuple(value.shape)}.")
    return value.detach().double()


def _power(x):
    return x.double().square().sum(1)


def ten_decibels_are_a_factor_of_ten(call, rng):
    waves, heard = _heard(rng)
    value = _told_decibels(call, waves, heard)
    signal, noise = _power(waves), _power(heard - waves)
    right = 10 * torch.log10(signal / noise)
    sizes = 10 * torch.log10(waves.double().abs().sum(1)
                             / (heard - waves).double().abs().sum(1))
    for wrong, fault in (
            (-right, "The ratio is turned over: a soft noise should give a "
             "large number."),
            (2 * right, "These are decibels of sizes taken from powers: "
             "either 20 with the root or 10 without."),
            (right / 2, "Sizes were taken, with the factor 10 that belongs "
             "to powers."),
            (right / 10, "These are bels. A bel has ten decibels."),
            (torch.log(signal / noise), "The logarithm is the natural one, "
             "and its factor is missing."),
            (10 * torch.log(signal / noise), "The logarithm is the natural "
             "one. Decibels count powers of ten."),
            (sizes, "The samples were not squared. Power is."),
            (2 * sizes, "The samples were not squared. Power is."),
            (10 * torch.log10(signal / _power(heard)), "What is heard was "
             "taken for the noise. The noise is what was added."),
            (10 * torch.log10(_power(heard) / noise), "The signal is the "
             "clean wave, not what is heard."),
            (10 * torch.log10(signal / waves.shape[1] / noise), "A mean was "
             "divided by a sum: take both, or neither, by the number of "
             "samples."),
            (10 * torch.log10(signal / (noise / waves.shape[1])), "A sum was "
             "divided by a mean: take both, or neither, by the number of "
             "samples.")):
        _refuse(value, wrong, right, fault, 1e-3)
    expect(_close(value, right, 1e-3), "It isn't ten times the logarithm, to "
           "base ten, of power by power.")


def every_wave_has_its_own(call, rng):
    waves, heard = _heard(rng, 3)
    value = _told_decibels(call, waves, heard)
    whole = 10 * torch.log10(_power(waves).sum() / _power(heard - waves).sum())
    _refuse(value, whole.expand(3), 10 * torch.log10(
        _power(waves) / _power(heard - waves)), "The powers of all waves "
        "were added before dividing.", 1e-3)
    for k in range(3):
        alone = _told_decibels(call, waves[k:k + 1], heard[k:k + 1])
        expect(_close(alone, value[k:k + 1], 1e-3), "A wave has other "
               "decibels alone than beside others.")


def a_noise_a_tenth_as_large_is_twenty_decibels_down(call, rng):
    waves, _ = _heard(rng)
    value = _told_decibels(call, waves, 1.1 * waves)
    expect(((value - 20).abs() < 1e-2).all(), "A noise of a tenth of the "
           "wave's size has a hundredth of its power: 20 decibels.")


# A step of adversarial training.

def _to_train(rng, before=True):
    net = Line(_seed(rng), left=before)
    n = int(rng.integers(3, 6))
    x, labels = _quarters(rng, (n, 2)), torch.tensor(rng.integers(0, 3, n))
    return net, Steps(net), x, labels, Pull()


def _gradient(weight, x, labels, mean=True):
    """Of the cross-entropy of a linear net: (softmax less one) times x."""
    W, X = weight.detach().double(), x.double()
    error = torch.softmax(X @ W.T, 1)
    error[torch.arange(len(X)), labels] -= 1
    return (error.T @ X / (len(X) if mean else 1)).float()


def _loss(weight, x, labels):
    scores = x.double() @ weight.detach().double().T
    own = scores[torch.arange(len(x)), labels]
    return float((scores.logsumexp(1) - own).mean())


def _hardened(call, case):
    net, optimizer, x, labels, attack = case
    start = net.weight.detach().clone()
    value = call(net, optimizer, x, labels, attack)
    return value, start, net.weight.detach()


def the_net_meets_attacked_examples(call, rng):
    case = _, _, x, labels, attack = _to_train(rng)
    _, start, end = _hardened(call, case)
    expect(attack.labels, "The attack was never called.")
    expect(len(attack.labels) == 1, f"The attack was called "
           f"{len(attack.labels)} times, and attacks are what costs. Keep "
           "what the first call gave.")
    expect(same(attack.labels[0], labels), "The attack was given other "
           "labels than those of the batch.")
    steps = [start - 0.125 * _gradient(start, inputs, labels)
             for inputs in (x, x + start[labels] + 0.5)]
    _refuse(end, *steps, "The step was taken on the clean examples.", 1e-4)


def gradients_begin_at_zero(call, rng):
    case = net, _, x, labels, _ = _to_train(rng)
    left = net.weight.grad.clone()
    _, start, end = _hardened(call, case)
    at = x + start[labels] + 0.5
    right = _gradient(start, at, labels)
    expect(not _close(end, start - 0.125 * (right + 3), 1e-4), "The attack "
           "left gradients in the weights, and the step was taken on "
           "their sum with its own. Clear them after the attack.")
    expect(not _close(end, start - 0.125 * (right + 3 + left), 1e-4), "The "
           "gradients of the step before were never cleared.")
    expect(not same(start, end), "The weights did not change.")


def the_step_goes_down(call, rng):
    case = _, _, x, labels, _ = _to_train(rng)
    _, start, end = _hardened(call, case)
    at = x + start[labels] + 0.5
    right = _gradient(start, at, labels)
    for wrong, fault in (
            (-right, "The step went up: the attack raises the loss, the net "
             "lowers it."),
            (_gradient(start, at, labels, mean=False), "The losses of the "
             "batch were added. Their mean was asked for."),
            ((right + _gradient(start, x, labels)) / 2, "Clean examples were "
             "mixed in. The attacked ones alone were asked for."),
            (right + _gradient(start, x, labels), "Clean examples were "
             "mixed in. The attacked ones alone were asked for.")):
        _refuse(end, start - 0.125 * wrong, start - 0.125 * right, fault,
                1e-4)
    expect(_close(end, start - 0.125 * right, 1e-4), "It isn't one step of "
           "the optimizer on the mean loss of the attacked examples.")


def the_first_step_needs_no_gradient_before_it(call, rng):
    case = _, _, x, labels, _ = _to_train(rng, before=False)
    _, start, end = _hardened(call, case)
    right = _gradient(start, x + start[labels] + 0.5, labels)
    expect(_close(end, start - 0.125 * right, 1e-4), "The first step of a "
           "new net isn't taken on the gradient of the attacked examples.")


def the_loss_comes_back_as_a_number(call, rng):
    case = _, _, x, labels, _ = _to_train(rng)
    value, start, _ = _hardened(call, case)
    expect(not getattr(value, "requires_grad", False), "The loss still hangs "
           "on the graph of its computation. A number was asked for.")
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise Wrong("Expected the loss as a number, got "
                    f"{type(value).__name__}.") from None
    at = x + start[labels] + 0.5
    right, clean = _loss(start, at, labels), _loss(start, x, labels)
    expect(abs(right - clean) < 3e-3 or abs(value - clean) > 1e-3, "The loss "
           "is that of the clean examples.")
    expect(abs(value - right) < 1e-3, "It isn't the mean "
           "loss of the attacked examples, before the step.")


# Robust accuracy.

def _fates(rng, attacks=3):
    """Which of n examples are right untouched and after each attack.

    Drawn until every fault gives a number of its own.
    """
    while True:
        fate = rng.random((attacks + 1, int(rng.integers(14, 24)))) < 0.8
        shares = {round(fate.all(0).mean(), 6): "right"}
        if not attacks or all(
                shares.setdefault(round(wrong, 6), fault) == fault
                for wrong, fault in _mistakes(fate)):
            return fate


def _mistakes(fate):
    """(share, fault) pairs of ways to judge wrongly."""
    right = fate.all(0).mean()
    single = ("The accuracy under the best single attack was taken. One "
              "example may fall to one attack, another to another: ask "
              "example by example.")
    yield 1 - right, "It is the share that fell, not the share that held."
    yield 100 * right, "It came in percent. A share was asked for."
    yield fate.all(0).sum(), ("It is a number of examples. Their share was "
                              "asked for.")
    yield fate[1:].all(0).mean(), (
        "An example that is wrong untouched, but right after every attack, "
        "was counted as right.")
    yield right / fate[0].mean(), (
        "It was divided by the examples that are right untouched. A net "
        "that is wrong from the start is not robust: divide by all.")
    yield fate[1:].mean(), ("The attacks were averaged. An attacker uses "
                            "the one that works.")
    yield fate.mean(), ("All answers were averaged. An attacker uses the "
                        "attack that works.")
    yield fate[1:].mean(1).min(), single
    yield fate.mean(1).min(), single
    yield fate[0].mean(), "The attacks changed nothing."
    yield (fate[0] & fate[-1]).mean(), "Only the last attack counts."
    yield (fate[0] & fate[1]).mean(), "Only the first attack counts."
    yield fate[1:].any(0).mean(), ("An example counts as right if it "
                                   "survives some attack. It has to survive "
                                   "all.")


def _examined(call, table, attacks=None):
    """What came back for a table, under its first attacks, or all."""
    rows, n = table.fate.shape
    x = torch.arange(n, dtype=torch.float32).view(-1, 1)
    tools = [Shift(n * k) for k in range(1, rows)][:attacks]
    value = call(table, x, table.labels, tools)
    expect(not any(tool.blind for tool in tools), "An attack was called "
           "where gradients are switched off. Attacks need them; only your "
           "own questions to the net don't.")
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise Wrong("Expected a number, a share of the examples, got "
                    f"{type(value).__name__}.") from None
    return value


def _is(value, wrong):
    return abs(value - wrong) < 1e-6


def an_example_has_to_survive_everything(call, rng):
    table = Table(_seed(rng), 3)
    value, fate = _examined(call, table), table.fate
    right = fate.all(0).mean()
    for wrong, fault in _mistakes(fate):
        expect(not _is(value, wrong), fault)
    expect(_is(value, right), "It isn't the share of all examples that are "
           "right untouched and after every attack.")


def without_attacks_it_is_accuracy(call, rng):
    table = Table(_seed(rng), 0)
    expect(_is(_examined(call, table), table.fate.mean()), "Without any "
           "attack it should be the accuracy.")


def one_more_attack_never_helps(call, rng):
    table = Table(_seed(rng), 3)
    rows = [_examined(call, table, attacks) for attacks in range(4)]
    expect(all(b <= a + 1e-6 for a, b in pairwise(rows)), "With one "
           "more attack on the list the share rose.")


FGSM = (one_step_stays_in_the_box, every_entry_goes_as_far_as_it_may,
        what_does_not_matter_stays, the_box_is_the_one_given)
PROJECT = (the_way_back_ends_in_the_box, the_way_back_ends_in_the_ball,
           the_way_back_is_the_shortest, who_is_inside_stays,
           each_may_have_a_radius_of_its_own)
PGD = (the_walk_ends_in_ball_and_box, it_starts_at_random,
       the_start_lies_in_the_box, it_takes_the_steps_asked_for,
       each_step_goes_up_and_back, the_generator_decides_the_start)
AIM = (the_wanted_score_is_held_against_the_best_other,
       whoever_leads_enough_is_left_alone, it_can_be_climbed)
SNR = (ten_decibels_are_a_factor_of_ten, every_wave_has_its_own,
       a_noise_a_tenth_as_large_is_twenty_decibels_down)
HARDEN = (the_net_meets_attacked_examples, gradients_begin_at_zero,
          the_step_goes_down, the_first_step_needs_no_gradient_before_it,
          the_loss_comes_back_as_a_number)
ROBUST = (an_example_has_to_survive_everything,
          without_attacks_it_is_accuracy, one_more_attack_never_helps)
