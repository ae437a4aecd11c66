"""What Notebook 4 checks: a net of 20,746 weights, pictures moved by luck,
a report to a log, a log read back from its files, and a choice.

Scores are held against sums written out here in NumPy; a moved picture
against all the ways in which it may have been moved; a log against what was
written to it, in event files that are made for the check.
"""

import os
import tempfile
from contextlib import contextmanager
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from tensorboard.backend.event_processing import event_accumulator
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from scratch.checks.kept import Kept, Luck
from scratch.selfcheck import Wrong, expect, expect_array, same


class Parts(Kept, nn.Module):
    """Layers of the given sizes and an array, their numbers quarters."""

    def __init__(self, sizes, extra, seed):
        super().__init__()
        self.told = f"Parts({sizes}, {extra}, seed={seed})"
        rng = np.random.default_rng(seed)
        # skip_init draws no random number: a check must not use up the page's.
        self.chain = nn.ModuleList(
            nn.utils.skip_init(nn.Linear, m, n)
            for m, n in pairwise(sizes))
        self.scale = nn.Parameter(torch.empty(extra))
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(torch.tensor(rng.integers(-6, 7, tuple(p.shape)) / 4))


class Log(Kept):
    """Takes what a SummaryWriter takes, and remembers it."""

    def __init__(self):
        self.told = "Log()"
        self.scalars, self.histograms, self.others = [], [], []

    def add_scalar(self, tag, scalar_value, global_step=None, *_, **__):
        self.scalars.append((tag, scalar_value, global_step))

    def add_histogram(self, tag, values, global_step=None, *_, **__):
        if isinstance(values, torch.Tensor):
            values = values.detach().numpy()
        self.histograms.append((tag, np.array(values), global_step))

    def flush(self):
        """Nothing waits to be written."""

    def __getattr__(self, name):
        if not name.startswith(("add_", "close")):
            raise AttributeError("a SummaryWriter has no attribute "
                                 f"{name!r}")
        return lambda *_, **__: self.others.append(name)


class Folder(str):
    """A folder with event files: one for each part of what is written.

    parts: lists of (tag, value, step). Its place ends with the process.
    """

    def __new__(cls, *parts):
        place, names = tempfile.mkdtemp(dir=_place().name), []
        for number, part in enumerate(parts):
            with SummaryWriter(place) as log:
                for tag, value, step in part:
                    log.add_scalar(tag, value, step)
            # Written within a second, they would be in no sure order.
            [written] = set(os.listdir(place)) - set(names)
            names.append(f"events.out.tfevents.{1700000000 + number}.check")
            os.rename(os.path.join(place, written),
                      os.path.join(place, names[-1]))
        made = super().__new__(cls, place)
        made.told = f"Folder({', '.join(map(repr, parts))})"
        return made

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return self.told


@cache
def _place():
    return tempfile.TemporaryDirectory(prefix="notebook-4-")


def _close(a, b, within=1e-4):
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool(
        (np.abs(a - b) <= within * (1 + np.abs(b))).all())


def _seed(rng):
    return int(rng.integers(1, 1000))


# The net.

WEIGHTS = 20_746
SHAPES = [(16, 1, 5, 5), (16,), (32, 16, 3, 3), (32,), (10, 1568), (10,)]


def _net(call):
    with torch.random.fork_rng(devices=[]):
        return _nets(call, 1)[0]


def _nets(call, n):
    nets = [call() for _ in range(n)]
    for net in nets:
        _is_a_net(net)
    return nets


def _is_a_net(net):
    expect(isinstance(net, nn.Module), "Expected a net, an nn.Module, got "
           f"{type(net).__name__}.")


def _asked(net, X):
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            Z = net(torch.tensor(X, dtype=torch.float32))
    except Exception as error:
        raise Wrong(f"Asked for the scores of {len(X)} pictures, shape "
                    f"{X.shape}, the net raised {type(error).__name__}: "
                    f"{error}") from None
    expect(isinstance(Z, torch.Tensor), "Expected the net's scores as a "
           f"tensor, got {type(Z).__name__}.")
    return Z.double().numpy()


def _pictures(rng):
    return rng.integers(-8, 9, (int(rng.integers(2, 5)), 1, 28, 28)) / 8


def _convolved(X, W, b, padding):
    X = np.pad(X, ((0, 0), (0, 0), *2 * [(padding, padding)]))
    views = sliding_window_view(X, W.shape[2:], (2, 3))[:, :, ::2, ::2]
    return np.einsum("bchwij,ocij->bohw", views, W) + b[:, None, None]


def _relu(Z):
    return np.maximum(Z, 0)


def _as_they_are(Z):
    return Z


def _scores(weights, X, bends=(_relu, _relu)):
    W, b, V, c, U, d = weights
    A = bends[0](_convolved(X, W, b, 2))
    B = bends[1](_convolved(A, V, c, 1))
    return B.reshape(len(X), -1) @ U.T + d


def ten_scores_a_picture(call, rng):
    net, X = _net(call), _pictures(rng)
    Z = _asked(net, X)
    expect(Z.shape == (len(X), 10), f"{len(X)} pictures of shape (1, 28, 28) "
           f"gave scores of shape {Z.shape}. Expected ten for each, shape "
           f"({len(X)}, 10).")
    expect(np.isfinite(Z).all(), "Some score is not finite.")


def it_has_the_weights_asked_for(call, rng):
    shapes = [tuple(p.shape) for p in _net(call).parameters()]
    found = sum(int(np.prod(shape)) for shape in shapes)
    expect(found != WEIGHTS - 58, f"The net has {found:,} weights: the 58 "
           "biases are missing.")
    listed = ", ".join(map(str, shapes))
    expect(found == WEIGHTS, f"The net has {found:,} weights, where the "
           f"layers described have {WEIGHTS:,}. Its arrays have the shapes "
           f"{listed}.")
    expect(sorted(shapes) == sorted(SHAPES), "The number of weights is "
           f"right, but not the layers: the arrays have the shapes {listed}.")


def each_call_builds_a_fresh_net(call, rng):
    with torch.random.fork_rng(devices=[]):
        a, b = (list(net.parameters()) for net in _nets(call, 2))
    expect(not any(p is q for p in a for q in b), "Two calls gave the same "
           "weights to two nets: whoever trains the one trains the other.")
    expect(not all(map(same, a, b)), "Two nets began with equal weights, "
           "though the luck had gone on. Was a seed set inside?")


def the_scores_are_those_of_the_layers(call, rng):
    net, X = _net(call), _pictures(rng)
    Z = _asked(net, X)
    by_shape = {tuple(p.shape): p.detach().double().numpy()
                for p in net.parameters()}
    expect(set(by_shape) == set(SHAPES), "Its arrays have other shapes than "
           "those of the layers described.")
    weights = [by_shape[shape] for shape in SHAPES]
    right = _scores(weights, X)
    expect((Z < 0).any() or not (right < 0).any(), "No score is negative. "
           "Did a function bend the last layer's sums, too? Scores are left "
           "as they are.")
    summed = np.log(np.exp(Z).sum(1))
    expect(not _close(summed, np.zeros(len(X)), 1e-3), "The scores are "
           "logarithms of probabilities: the softmax belongs to the loss.")
    for bends, fault in (
            ((_as_they_are, _relu), "after the first convolution"),
            ((_relu, _as_they_are), "after the second convolution"),
            ((_as_they_are, _as_they_are), "after both convolutions")):
        other = _scores(weights, X, bends)
        expect(_close(right, other) or not _close(Z, other), "These are the "
               f"scores of a net whose ReLU {fault} is missing.")
    expect(_close(Z, right), "Some score isn't what the layers described "
           "give, in their order.")


# Moving pictures.

def _batch(rng, n, most):
    H, W = (int(k) for k in rng.integers(2 * most + 3, 2 * most + 6, 2))
    X = rng.permuted(np.tile(np.arange(1, H * W + 1), (n, 1)), axis=1)
    return torch.tensor(X.reshape(n, 1, H, W) / 8, dtype=torch.float32)


def _moved(call, X, most, seed):
    before = torch.get_rng_state(), repr(np.random.get_state())
    Y = call(X, most, Luck(seed))
    expect(torch.equal(torch.get_rng_state(), before[0])
           and repr(np.random.get_state()) == before[1], "It drew from the "
           "luck that all of the page shares. Draw from the generator that "
           "is handed over.")
    expect(isinstance(Y, torch.Tensor), "Expected the moved pictures as a "
           f"tensor, got {type(Y).__name__}.")
    expect(Y.shape == X.shape, f"Pictures of shape {tuple(X.shape)} came "
           f"back in shape {tuple(Y.shape)}.")
    expect(Y.dtype == X.dtype, "Pictures in single precision came back as "
           f"{str(Y.dtype)[6:]}.")
    return Y


def _candidates(X, most, mode):
    """((down, right, mirrored), pictures) of every way to move them all."""
    edges = ((0, 0), (0, 0), (most, most), (most, most))
    H, W = X.shape[2:]
    for mirrored in (False, True):
        padded = np.pad(X[..., ::-1] if mirrored else X, edges, mode=mode)
        for a in range(2 * most + 1):
            for b in range(2 * most + 1):
                yield ((most - a, most - b, mirrored),
                       padded[:, :, a:a + H, b:b + W])


def _moves(X, Y, most, mode="constant"):
    """How each picture was moved, a row (down, right, mirrored) each; -99
    where it is none of the moves allowed."""
    X, Y = X.numpy(), Y.numpy()
    found = np.full((len(X), 3), -99)
    for move, pictures in _candidates(X, most, mode):
        found[(pictures == Y).all((1, 2, 3))] = move
    return found


def _told_moves(call, X, most, seed):
    Y = _moved(call, X, most, seed)
    found = _moves(X, Y, most)
    lost = found[:, 0] == -99
    if not lost.any():
        return found
    for mode, fault in (
            ("wrap", "What left a picture on one side came in on the other. "
             "From outside comes background, zeros."),
            ("edge", "What came in from outside repeats the border. From "
             "outside comes background, zeros.")):
        expect((_moves(X, Y, most, mode)[:, 0] == -99).any(), fault)
    expect((_moves(X, Y, 2 * most + 1)[:, 0] == -99).any(), "Some picture "
           f"went further than {most} to a side.")
    upright = torch.where(torch.tensor(lost)[:, None, None, None],
                          Y.flip(2), Y)
    expect((_moves(X, upright, most)[:, 0] == -99).any(), "Some picture "
           "stands on its head. A mirror swaps left and right alone.")
    expect(False, "Some picture isn't its original moved by whole pixels, "
           "mirrored or not, with zeros from outside.")


def pictures_keep_their_shape(call, rng):
    most = int(rng.integers(1, 3))
    _moved(call, _batch(rng, int(rng.integers(2, 6)), most), most, _seed(rng))


def each_is_its_own_picture_moved(call, rng):
    most = int(rng.integers(1, 3))
    X = _batch(rng, int(rng.integers(2, 6)), most)
    _told_moves(call, X, most, _seed(rng))


def each_has_luck_of_its_own(call, rng):
    found = _told_moves(call, _batch(rng, 60, 1), 1, _seed(rng))
    expect(len(np.unique(found, axis=0)) > 1, "The whole batch was moved "
           "alike. Each picture has luck of its own.")
    for column, what in ((0, "up or down"), (1, "to the side")):
        expect(len(np.unique(found[:, column])) > 1, "The whole batch went "
               f"equally far {what}. Each picture has luck of its own.")
    expect(len(np.unique(found[:, 2])) > 1, "All pictures of the batch were "
           "mirrored, or none. Each has luck of its own.")
    expect((abs(found[:, 0]) != abs(found[:, 1])).any(), "All pictures went "
           "along a diagonal: up or down and to the side are two draws.")


def all_moves_come_equally_often(call, rng):
    found = _told_moves(call, _batch(rng, 900, 1), 1, _seed(rng))
    for column, way, back in ((0, "down", "up"), (1, "right", "left")):
        shares = {where: np.mean(found[:, column] == amount)
                  for amount, where in ((1, way), (-1, back), (0, "nowhere"))}
        for where, share in shares.items():
            expect(share > 0, f"Of 900 pictures, none went {where}, where "
                   f"one pixel {way}, one {back} and none are equally "
                   "likely.")
        for where, share in shares.items():
            # Five standard errors of a third.
            expect(abs(share - 1 / 3) < 0.08, f"Of 900 pictures that may go "
                   f"by one pixel, {share:.0%} went {where}. All three "
                   "amounts should be equally likely.")
    expect(abs(found[:, 2].mean() - 0.5) < 0.085, f"{found[:, 2].mean():.0%} "
           "of 900 pictures were mirrored. The chance should be one half.")
    cells = [np.mean((found == move).all(1)) for move in
             np.ndindex(3, 3, 2) for move in [np.subtract(move, (1, 1, 0))]]
    expect(min(cells) > 0.015, "Some way to move a picture hardly comes: "
           "up or down, to the side and mirroring are three draws that know "
           "nothing of each other.")


def the_generator_decides(call, rng):
    X, seed = _batch(rng, 12, 1), _seed(rng)
    a, b, c = (_moves(X, _moved(call, X, 1, s), 1)
               for s in (seed, seed, seed + 1))
    expect(same(a, b), "The same generator state moved the same pictures "
           "differently.")
    expect(not same(a, c), "Another generator moved the pictures in the "
           "same way.")


def no_room_means_no_shift(call, rng):
    _told_moves(call, _batch(rng, 4, 0), 0, _seed(rng))


# The report.

def _report_case(rng):
    sizes = tuple(int(n) for n in rng.integers(1, 5, rng.integers(2, 4)))
    extra = tuple(int(n) for n in rng.integers(1, 4, rng.integers(1, 3)))
    names = rng.permutation(["loss/validation", "accuracy/validation",
                             "accuracy/moved", "rate"])
    values = {str(name): float(rng.integers(1, 100)) / 64
              for name in names[:rng.integers(1, 5)]}
    return Parts(sizes, extra, _seed(rng)), values, int(rng.integers(1, 500))


def _reported(call, net, values, step):
    log = Log()
    call(log, net, values, step)
    expect("add_scalars" not in log.others, "It wrote with add_scalars, "
           "which makes a run of its own for each value. Write one scalar "
           "after the other.")
    expect("close" not in log.others, "It closed the log, which the next "
           "step still needs.")
    for extra in log.others[:1]:
        expect(False, f"It wrote something with {extra}, where scalars and "
               "histograms were asked for.")
    return log


def every_value_is_a_scalar(call, rng):
    net, values, step = _report_case(rng)
    log = _reported(call, net, values, step)
    found = [tag for tag, *_ in log.scalars]
    expect(sorted(found) == sorted(values), f"Scalars were written under "
           f"{found}, where the values are called {list(values)}.")
    for tag, value, _ in log.scalars:
        expect(_close(float(value), values[tag]), f"Under {tag} another "
               "value was written.")


def every_array_is_a_histogram(call, rng):
    net, values, step = _report_case(rng)
    found = _reported(call, net, values, step).histograms
    right = {f"weights/{name}": p.detach().numpy()
             for name, p in net.named_parameters()}
    tags = [tag for tag, *_ in found]
    expect(tags, "No histogram was written.")
    missing = sorted(set(right) - set(tags))
    expect(any("bias" in tag for tag in tags), "The histograms of the "
           "biases are missing.")
    expect(sorted(tags) == sorted(right), f"Histograms were written under "
           f"{tags}. Expected one for each array that the net learns, under "
           f"the array's name after weights/, such as {missing[:1]}.")
    for tag, array, _ in found:
        expect(_close(array.reshape(-1), right[tag].reshape(-1)),
               f"Under {tag} other numbers were written than the net's.")


def all_stand_at_their_step(call, rng):
    net, values, step = _report_case(rng)
    log = _reported(call, net, values, step)
    for kind, written in (("scalar", log.scalars),
                          ("histogram", log.histograms)):
        for tag, _, at in written:
            expect(at is not None, f"The {kind} {tag} was written without a "
                   "step. All its points would lie on top of each other.")
            expect(at == step, f"The {kind} {tag} was written at step {at}, "
                   f"where it is step {step}.")


def it_tells_how_much_it_wrote(call, rng):
    net, values, step = _report_case(rng)
    _reported(call, net, values, step)
    expect(not isinstance(call.result, bool) and isinstance(
        call.result, (int, np.integer)), "Expected the number of things "
        f"written, got {type(call.result).__name__}.")
    arrays = len(list(net.parameters()))
    expect(call.result == len(values) + arrays, f"It says that it wrote "
           f"{call.result} things. There were {len(values)} values and "
           f"{arrays} arrays.")


# Reading back.

TAG = "loss/training"


def _points(rng, n, start=0):
    steps = start + np.cumsum(rng.integers(1, 9, n))
    return [(TAG, float(value), int(step)) for value, step in
            zip(rng.random(n).round(4), steps)]


def _others(rng):
    """Another series, among which the one asked for has to be found."""
    return [("accuracy/validation", float(value), step) for step, value in
            enumerate(rng.random(3).round(2))]


def _read(call, folder, written):
    pair = call(folder, TAG)
    expect(isinstance(pair, (tuple, list)) and len(pair) == 2, "Expected two "
           "arrays: the steps, and the values.")
    for array, what in zip(pair, ("steps", "values")):
        expect(isinstance(array, np.ndarray) and array.ndim == 1, "Expected "
               f"the {what} as a row, a NumPy array with one axis, got "
               f"{type(array).__name__}.")
        expect(len(array) > 0 or not written, f"No {what} came back.")
    expect(len(pair[0]) == len(pair[1]), f"{len(pair[0])} steps and "
           f"{len(pair[1])} values came back.")
    return pair


def _as_written(pair, written):
    steps, values = pair
    expect(len(steps) == len(written), f"{len(written)} points were written, "
           f"and {len(steps)} came back.")
    expect_array(steps, (len(written),), "the steps")
    expect_array(values, (len(written),), "the values")
    right = np.array([value for _, value, _ in written])
    at = np.array([step for *_, step in written])
    expect(not (same(steps, np.arange(len(at))) and not same(steps, at)),
           "The steps are counted from zero. Each point knows the step at "
           "which it was written.")
    expect(not _close(values, at, 0) or _close(right, at, 0), "Steps came "
           "back where the values should be.")
    expect(same(steps, at), "The steps are others than those written, or in "
           "another order.")
    expect(_close(values, right, 1e-6), "The values are others than those "
           "written, or not at their steps.")


def steps_and_values_come_back(call, rng):
    written = _points(rng, int(rng.integers(2, 7)))
    _as_written(_read(call, Folder(written + _others(rng)), written), written)


def a_log_in_two_files_is_read_whole(call, rng):
    first = _points(rng, int(rng.integers(2, 5)))
    second = _points(rng, int(rng.integers(2, 5)), start=first[-1][2])
    pair = _read(call, Folder(first, second), first)
    for part, fault in ((first, "first"), (second, "second")):
        expect(len(pair[0]) != len(part) or not same(
            pair[0], [step for *_, step in part]), "This run was interrupted "
               f"and has two files. Only the {fault} came back.")
    _as_written(pair, first + second)


def nothing_is_left_out(call, rng):
    written = _points(rng, 60)
    with _few_kept():
        pair = _read(call, Folder(written), written)
    expect(len(pair[0]) == len(written), f"Of {len(written)} points, "
           f"{len(pair[0])} came back. Unless told otherwise, TensorBoard's "
           "reader keeps no more than a fixed number of each series, drawn "
           "by luck: as a rule 10,000, in this check 20.")
    _as_written(pair, written)


@contextmanager
def _few_kept():
    """As if series were so long that the reader thins them out."""
    guidance = event_accumulator.DEFAULT_SIZE_GUIDANCE
    usual = dict(guidance)
    try:
        guidance[event_accumulator.SCALARS] = 20
        yield
    finally:
        guidance.update(usual)


# The choice.

def _results(rng, settings=4, seeds=3):
    rates = rng.permutation([0.001, 0.002, 0.003, 0.005, 0.01, 0.03])
    return {(float(rate), bool(rng.integers(2))):
            [int(k) / 64 for k in rng.choice(np.arange(20, 44), seeds, False)]
            for rate in rates[:settings]}


def _chosen(call, results):
    found = call(results)
    expect(isinstance(found, tuple) and found in list(results), "Expected "
           "one of the settings, a key of the results.")
    return found


def one_setting_comes_back(call, rng):
    _chosen(call, _results(rng))


def the_best_mean_wins(call, rng):
    results = _results(rng)
    means = {s: np.mean(scores) for s, scores in results.items()}
    found = _chosen(call, results)
    top = max(means.values())
    expect(means[found] > min(means.values()) or top == means[found],
           "The setting with the smallest mean was chosen. These are "
           "accuracies.")
    expect(_close(means[found], top, 1e-9), "Another setting has a greater "
           "mean over its seeds.")


def one_lucky_run_is_not_enough(call, rng):
    results = _results(rng)
    lucky, steady, *_ = results
    results[lucky] = [0.5, 0.95, 0.5]
    results[steady] = [0.75, 0.8, 0.75]
    expect(_chosen(call, results) != lucky, "The setting with the best "
           "single run was chosen. Its other runs are poor: that was luck.")
    results[lucky], results[steady] = [0.9, 0.9, 0.7], [0.75, 0.75, 0.76]
    expect(_chosen(call, results) == lucky, "The means decide, not each "
           "setting's worst run.")


def settings_may_have_different_numbers_of_seeds(call, rng):
    results = _results(rng)
    many, few, *_ = results
    results[many], results[few] = [0.75] * 5, [0.875, 0.9]
    expect(_chosen(call, results) == few, "A setting was preferred for "
           "having more runs. Compare means.")


def a_broken_run_rules_a_setting_out(call, rng):
    results = _results(rng, settings=3)
    for broken in results:
        now = {s: list(scores) for s, scores in results.items()}
        now[broken] = [0.95, float("nan"), 0.95]
        found = _chosen(call, now)
        expect(found != broken, "A setting was chosen of which one run has "
               "broken down: its accuracy is nan. The other runs can't make "
               "up for it.")
        left = {s: np.mean(v) for s, v in now.items() if s != broken}
        expect(_close(left[found], max(left.values()), 1e-9), "A broken run "
               "of one setting has changed which of the others wins. Nothing "
               "is greater than nan, and nothing is smaller.")


NET = (ten_scores_a_picture, it_has_the_weights_asked_for,
       the_scores_are_those_of_the_layers, each_call_builds_a_fresh_net)
MOVE = (pictures_keep_their_shape, each_is_its_own_picture_moved,
        no_room_means_no_shift, each_has_luck_of_its_own,
        all_moves_come_equally_often, the_generator_decides)
REPORT = (every_value_is_a_scalar, every_array_is_a_histogram,
          all_stand_at_their_step, it_tells_how_much_it_wrote)
READ = (steps_and_values_come_back, a_log_in_two_files_is_read_whole,
        nothing_is_left_out)
CHOOSE = (one_setting_comes_back, the_best_mean_wins,
          one_lucky_run_is_not_enough,
          settings_may_have_different_numbers_of_seeds,
          a_broken_run_rules_a_setting_out)
