"""What Notebook 3 checks: the split of a drawer with copies, one item of a
dataset, a checkpoint written and read, the calibration curve, and an
interval over seeds.

The answers are held against plain loops and closed forms written out here;
how a file was written is seen by what lies in the folder meanwhile.
"""

import io
import os
import tempfile
from contextlib import contextmanager, suppress

import numpy as np
import torch
from scipy import stats
from torch import nn

from scratch.checks.kept import Kept, Luck
from scratch.selfcheck import Wrong, expect, expect_array, same

KEYS = ("epoch", "net", "optimizer", "generator", "luck")


class Shelf(Kept):
    """Pictures and labels as a dataset stores them, with no items yet."""

    def __init__(self, pictures, labels, mean, deviation):
        self.pictures = np.array(pictures, np.uint8)
        self.labels = np.array(labels, np.int64)
        self.mean, self.deviation = mean, deviation
        self.told = (f"Shelf({self.pictures.tolist()}, "
                     f"{self.labels.tolist()}, {mean}, {deviation})")


class Net(Kept, nn.Module):
    """One layer from 2 inputs to 3, its weights whole quarters."""

    def __init__(self, seed):
        super().__init__()
        self.told = f"Net(seed={seed})"
        rng = np.random.default_rng(seed)
        # skip_init draws no random number: a check must not use up the page's.
        self.layer = nn.utils.skip_init(nn.Linear, 2, 3)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(_quarters(rng, p.shape))


class Adam(Kept, torch.optim.Adam):
    """PyTorch's, after some steps on gradients drawn by the seed."""

    def __init__(self, net, lr, steps, seed):
        self.told = f"Adam(net, lr={lr}, steps={steps}, seed={seed})"
        super().__init__(net.parameters(), lr)
        rng = np.random.default_rng(seed)
        for _ in range(steps):
            for p in net.parameters():
                p.grad = _quarters(rng, p.shape)
            self.step()
        self.zero_grad()


def _quarters(rng, shape):
    return torch.tensor(rng.integers(-6, 7, tuple(shape)) / 4,
                        dtype=torch.float32)


def _seed(rng):
    return int(rng.integers(1, 1000))


def _close(a, b, within=1e-6):
    a, b = np.asarray(a, float), np.asarray(b, float)
    with np.errstate(invalid="ignore"):
        return a.shape == b.shape and bool(
            (np.abs(a - b) <= within * (1 + np.abs(b))).all())


# The split.

def _drawer(rng, spare=None):
    """Pictures with copies, three sizes, a seed."""
    distinct = int(rng.integers(12, 20))
    codes = rng.choice(3**6, distinct, replace=False)
    codes = np.append(codes, rng.choice(codes, int(rng.integers(4, 9))))
    codes = rng.permutation(codes)
    # Digits to base 3: many different pictures have equal sums of pixels.
    pictures = (codes[:, None] // 3**np.arange(6) % 3).reshape(-1, 2, 3)
    spare = int(rng.integers(0, 4)) if spare is None else spare
    b, c = (int(rng.integers(2, 5)) for _ in range(2))
    return (pictures.astype(np.uint8), (distinct - spare - b - c, b, c),
            _seed(rng))


def _parts(call, case):
    pictures, sizes, _ = case
    parts = call(*case)
    expect(isinstance(parts, (tuple, list)) and len(parts) == 3,
           "Expected three arrays of row numbers.")
    parts = [np.asarray(part) for part in parts]
    for part, size in zip(parts, sizes):
        expect(part.ndim == 1 and part.dtype.kind in "iu", "Expected each "
               "part as a row of whole numbers, the numbers of its rows, got "
               f"shape {part.shape} of type {part.dtype.name}.")
        expect(((part >= 0) & (part < len(pictures))).all(), "Some row "
               "number is beyond the drawer.")
        expect(len(part) == size, f"A part came with {len(part)} rows, where "
               f"{size} were asked for.")
    return parts


def parts_have_the_sizes_asked_for(call, rng):
    _parts(call, _drawer(rng, spare=3))


def no_picture_is_in_two_parts(call, rng):
    case = _drawer(rng)
    parts, pictures = _parts(call, case), case[0]
    for i, one in enumerate(parts):
        for other in parts[i + 1:]:
            for a in one:
                for b in other:
                    expect(a != b, f"Row {a} is in two parts.")
                    expect(not same(pictures[a], pictures[b]), "That is a "
                           f"leak: rows {a} and {b} hold the same picture, "
                           "and are in different parts.")


def no_picture_is_twice_in_a_part(call, rng):
    case = _drawer(rng)
    for part in _parts(call, case):
        for i, a in enumerate(part):
            for b in part[i + 1:]:
                expect(not same(case[0][a], case[0][b]), f"Rows {a} and {b} "
                       "hold the same picture, and are in the same part: it "
                       "would count twice there.")


def every_picture_can_be_used(call, rng):
    case = _drawer(rng, spare=0)
    try:
        parts = _parts(call, case)
    except Wrong as wrong:
        raise Wrong(f"{wrong} The drawer has as many different pictures as "
                    "the sizes ask for together. Were pictures given up "
                    "that have a copy, or taken for equal though some "
                    "pixel differs?") from None
    used = {case[0][row].tobytes() for part in parts for row in part}
    expect(len(used) == sum(case[1]), "Some picture was left out and another "
           "taken twice.")


def luck_draws_the_parts(call, rng):
    pictures, sizes, seed = _drawer(rng, spare=3)
    drawn = [[part.tolist() for part in _parts(call, (pictures, sizes, s))]
             for s in (seed, seed, seed + 1, seed + 2, seed + 3)]
    expect(drawn[0] == drawn[1], "The same seed gave two different splits.")
    sets = {tuple(tuple(sorted(part)) for part in parts) for parts in drawn}
    expect(len(sets) > 1, "Every seed gives the same parts. Where the rows "
           "come in some order, that is no fair draw.")
    tests = {tuple(sorted(parts[2])) for parts in drawn}
    expect(len(tests) > 1, "Every seed gives the same last part.")


# One item.

def _shelf(rng):
    n, h, w = (int(k) for k in rng.integers(2, 5, 3))
    shelf = Shelf(rng.integers(0, 256, (n, h, w)), rng.integers(0, 10, n),
                  float(rng.integers(70, 150)) + 0.5,
                  float(rng.integers(20, 90)) + 0.25)
    return shelf, int(rng.integers(n))


def _item(call, shelf, i):
    pair = call(shelf, i)
    expect(isinstance(pair, (tuple, list)) and len(pair) == 2, "Expected two "
           "things: the picture, and its label.")
    expect(isinstance(pair[0], torch.Tensor), "Expected the picture as a "
           f"tensor, got {type(pair[0]).__name__}.")
    return pair


def a_picture_has_one_channel(call, rng):
    shelf, i = _shelf(rng)
    picture, _ = _item(call, shelf, i)
    h, w = shelf.pictures.shape[1:]
    expect(picture.shape != (h, w), f"The picture has shape ({h}, {w}): the "
           "axis of the channels is missing in front.")
    expect(picture.shape == (1, h, w), f"Expected shape (1, {h}, {w}), got "
           f"shape {tuple(picture.shape)}.")


def a_picture_is_in_single_precision(call, rng):
    picture, _ = _item(call, *_shelf(rng))
    expect(picture.dtype == torch.float32, "Expected single precision, "
           f"which the net's weights have, got {str(picture.dtype)[6:]}.")


def pixels_are_shifted_and_scaled(call, rng):
    shelf, i = _shelf(rng)
    pixels = shelf.pictures[i].astype(float).reshape(-1)
    got = _item(call, shelf, i)[0].double().numpy().reshape(-1)
    mean, deviation = shelf.mean, shelf.deviation
    for other, fault in (
            ((pixels - pixels.mean()) / pixels.std(), "This picture was "
             "standardized by its own mean and deviation. Use the set's: "
             "how bright a garment is tells something about it."),
            (pixels - mean, "The pixels were shifted by the mean, and not "
             "divided by the deviation."),
            (pixels / deviation, "The pixels were divided by the deviation, "
             "and not shifted by the mean."),
            (pixels / 255, "The pixels were divided by 255. They should be "
             "shifted by the set's mean and divided by its deviation."),
            ((pixels / 255 - mean) / deviation, "The pixels were divided by "
             "255 first; mean and deviation are those of whole pixels."),
            ((pixels - mean) / deviation**2, "The pixels were divided by the "
             "square of the deviation."),
            (pixels, "The pixels came as they were.")):
        expect(not _close(got, other, 1e-4), fault)
    right = (pixels - mean) / deviation
    wrapped = (got > right + 1) & (pixels < mean)
    expect(not wrapped.any(), "Pixels below the mean came out large. They "
           "are stored in a byte, where nothing is below zero: a difference "
           "wraps around.")
    expect(_close(got, right, 1e-4), "Some pixel isn't its value less the "
           "set's mean, divided by the set's deviation.")


def the_label_is_a_whole_number(call, rng):
    shelf, i = _shelf(rng)
    _, label = _item(call, shelf, i)
    expect(isinstance(label, int) and not isinstance(label, bool),
           f"Expected the label as an int, got {type(label).__name__}.")
    expect(label == shelf.labels[i], f"Picture {i} has another label.")


def the_shelf_stays_as_it_is(call, rng):
    shelf, i = _shelf(rng)
    before = shelf.pictures.copy(), shelf.labels.copy()
    first = _item(call, shelf, i)[0].clone()
    expect(same(before[0], shelf.pictures) and same(before[1], shelf.labels),
           "The stored pictures or labels were changed. The next pass would "
           "find something else.")
    expect(same(first, _item(call, shelf, i)[0]), "The same item, asked for "
           "twice, came out differently.")


# The checkpoint.

@contextmanager
def _lucky():
    """Leave PyTorch's own luck as it was: it is the page's."""
    before = torch.get_rng_state()
    try:
        yield
    finally:
        torch.set_rng_state(before)


@contextmanager
def _instead(module, **functions):
    before = {name: getattr(module, name) for name in functions}
    for name, function in functions.items():
        setattr(module, name, function)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(module, name, function)


def _run(rng):
    """How many passes are done, a net, its optimizer, a generator."""
    net, generator = Net(_seed(rng)), Luck(_seed(rng))
    optimizer = Adam(net, float(rng.choice([0.25, 0.5])),
                     int(rng.integers(1, 6)), _seed(rng))
    return int(rng.integers(1, 30)), net, optimizer, generator


def _state(epoch, net, optimizer, generator, luck):
    return dict(zip(KEYS, (epoch, net.state_dict(), optimizer.state_dict(),
                           generator.get_state(), luck)))


def _alike(a, b):
    """Whether two nested states hold equal numbers."""
    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
        return (isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor)
                and a.dtype == b.dtype and torch.equal(a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(
            _alike(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(
            map(_alike, a, b))
    return a == b


@contextmanager
def _folder():
    with _lucky(), tempfile.TemporaryDirectory() as folder:
        yield folder, os.path.join(folder, "run.pt")


def _read(path):
    expect(os.path.exists(path), "There is no file at the path given.")
    try:
        return torch.load(path, weights_only=True)
    except Exception:
        raise Wrong("The file can't be read with weights only: it is "
                    "damaged, or holds more than tensors, numbers, words, "
                    "lists and dictionaries.") from None


def _saved(call, path, run):
    call(path, *run)
    state = _read(path)
    expect(isinstance(state, dict), "Expected a dictionary in the file, got "
           f"{type(state).__name__}.")
    absent = [key for key in KEYS if key not in state]
    expect(not absent, f"The file lacks {', '.join(map(repr, absent))}.")
    return state


def the_path_comes_back(call, rng):
    with _folder() as (_, path):
        expect(call(path, *_run(rng)) == path, "Expected the path to be "
               "returned.")


def weights_and_count_are_in_the_file(call, rng):
    with _folder() as (_, path):
        run = _run(rng)
        state = _saved(call, path, run)
        expect(_alike(state["epoch"], run[0]), "The number of passes in the "
               "file is another.")
        expect(_alike(state["net"], dict(run[1].state_dict())), "What the "
               "file has of the net isn't its state dictionary.")


def the_optimizers_memory_is_in_the_file(call, rng):
    with _folder() as (_, path):
        run = _run(rng)
        state = _saved(call, path, run)
        expect(_alike(state["optimizer"], run[2].state_dict()), "What the "
               "file has of the optimizer isn't its state dictionary, with "
               "the running averages and the count of steps.")


def both_lucks_are_in_the_file(call, rng):
    with _folder() as (_, path):
        run, own = _run(rng), torch.get_rng_state()
        before = run[3].get_state()
        state = _saved(call, path, run)
        expect(torch.equal(own, torch.get_rng_state())
               and torch.equal(before, run[3].get_state()), "Saving drew a "
               "random number, or set a seed. Whoever saves becomes another "
               "run.")
        swapped = (_alike(state["generator"], own)
                   and _alike(state["luck"], before))
        expect(not swapped, "The two states of luck are exchanged.")
        expect(_alike(state["generator"], before), "What the file has as "
               "the generator's state is not the state of the generator "
               "that was given.")
        expect(_alike(state["luck"], own), "What the file has as luck is "
               "not the state of PyTorch's own generator.")


def nothing_else_is_left_in_the_folder(call, rng):
    with _folder() as (folder, path):
        for _ in range(2):
            call(path, *_run(rng))
        left = sorted(set(os.listdir(folder)) - {"run.pt"})
        expect(not left, f"Beside the checkpoint, {left[0] if left else ''} "
               "is left in the folder.")


def a_finished_file_takes_over_the_name(call, rng):
    renamed = []

    def watched(function):
        def rename(source, target, **options):
            if os.path.realpath(target) == os.path.realpath(path):
                try:
                    whole = bool(torch.load(source, weights_only=True))
                except Exception:
                    whole = False
                renamed.append((os.path.realpath(source), whole))
            return function(source, target, **options)
        return rename

    with _folder() as (folder, path):
        torch.save(_state(*_run(rng), torch.get_rng_state()), path)
        old = os.path.join(folder, "old.link")
        os.link(path, old)  # a second name: shows what is written in place
        with open(path, "rb") as file:
            before = file.read()
        with _instead(os, replace=watched(os.replace),
                      rename=watched(os.rename)):
            call(path, *_run(rng))
        with open(old, "rb") as file:
            expect(file.read() == before, "The old checkpoint was written "
                   "over in place. For a while, half a file lies there.")
        expect(renamed, "No finished file took over the old one's name. "
               "Between the old file and the new one there was a moment "
               "with none, or with half of one.")
        source, whole = renamed[-1]
        expect(whole, "The file that took over the name was not finished "
               "at that moment.")
        expect(os.path.dirname(source) == os.path.realpath(folder), "The "
               "new file was written in another folder. On another disk it "
               "couldn't take over the name in one act.")


def a_full_disk_leaves_the_old_file(call, rng):
    def half(what, target, *rest, save=torch.save, **options):
        whole = io.BytesIO()
        save(what, whole)
        some = whole.getvalue()[:len(whole.getvalue()) // 2]
        if hasattr(target, "write"):
            target.write(some)
            target.flush()
        else:
            with open(target, "wb") as file:
                file.write(some)
        raise OSError(28, "No space left on device")

    with _folder() as (_, path):
        run = _run(rng)
        torch.save(_state(*run, torch.get_rng_state()), path)
        with _instead(torch, save=half), suppress(Wrong):
            call(path, run[0] + 1, *run[1:])
        try:
            state = _read(path)
        except Wrong:
            state = {}
        expect(state.get("epoch") in (run[0], run[0] + 1), "In the midst of "
               "writing the disk was full, and the good checkpoint that had "
               "been there is gone.")


# Going on.

def _resumed(call, rng):
    """Save one run, call for another; return state, result and the other."""
    with _folder() as (_, path):
        other, run = _run(rng), _run(rng)
        luck = Luck(_seed(rng)).get_state()
        state = _state(*run, luck)
        torch.save(state, path)
        with open(path, "rb") as file:
            before = file.read()
        done = call(path, *other[1:])
        with open(path, "rb") as file:
            expect(file.read() == before, "The checkpoint was changed by "
                   "reading it.")
        return state, done, other, torch.get_rng_state()


def the_count_of_passes_comes_back(call, rng):
    state, done, _, _ = _resumed(call, rng)
    expect(isinstance(done, int) and not isinstance(done, bool), "Expected "
           f"the number of passes done, got {type(done).__name__}.")
    expect(done != state["epoch"] + 1, "This is one more than the passes "
           "that are done.")
    expect(done == state["epoch"], "The number of passes done is another.")


def the_weights_come_back(call, rng):
    state, _, (_, net, _, _), _ = _resumed(call, rng)
    expect(_alike(dict(state["net"]), dict(net.state_dict())), "The net's "
           "weights are not those of the checkpoint.")


def the_optimizers_memory_comes_back(call, rng):
    state, _, (_, _, optimizer, _), _ = _resumed(call, rng)
    expect(_alike(state["optimizer"], optimizer.state_dict()), "The "
           "optimizer's running averages, count of steps or step size are "
           "not those of the checkpoint.")


def both_lucks_come_back(call, rng):
    state, _, (_, _, _, generator), own = _resumed(call, rng)
    expect(torch.equal(state["generator"], generator.get_state()), "The "
           "generator given is not in the state that the checkpoint has.")
    expect(torch.equal(state["luck"], own), "PyTorch's own luck is not in "
           "the state that the checkpoint has.")


_sprung = []


def spring():
    """What a stranger's file asks the reader to call."""
    _sprung.append(True)


class Trap:
    """Something that calls `spring` when it is read carelessly."""

    def __reduce__(self):
        return spring, ()


def nothing_is_run_that_the_file_brings(call, rng):
    with _folder() as (_, path):
        run = _run(rng)
        state = _state(*run, torch.get_rng_state())
        torch.save(state | {"note": Trap()}, path)
        _sprung.clear()
        with suppress(Wrong):
            call(path, *run[1:])
        expect(not _sprung, "The file held a call, and it was run. Whoever "
               "writes such a file can do with your machine what you can. "
               "Read weights only.")


# The calibration curve.

def _answers(rng, bins=None):
    n, bins = int(rng.integers(3, 30)), bins or int(rng.integers(2, 13))
    # Odd 128ths: none lies on the edge between two of so few bins.
    confidence = (2 * rng.integers(0, 64, n) + 1) / 128
    return confidence, rng.random(n) < confidence, bins


def _table(call, case):
    table = call(*case)
    expect_array(table, (case[2], 3), "the table")
    return np.asarray(table, float)


def _sorted(confidence, right, bins):
    """The curve, picture by picture."""
    found = [[] for _ in range(bins)]
    for c, r in zip(confidence, right):
        for b in range(bins):
            if b / bins <= c < (b + 1) / bins or b == bins - 1 <= c * bins:
                found[b].append((c, r))
                break
    return found


def the_counts_are_right(call, rng):
    case = _answers(rng)
    counts = _table(call, case)[:, 2]
    expect(counts.sum() == len(case[0]), f"{len(case[0])} pictures came, and "
           f"{counts.sum():g} are counted.")
    right = [len(pictures) for pictures in _sorted(*case)]
    expect(same(counts, right), "Some picture is counted in another bin than "
           "its confidence says.")


def certainty_belongs_to_the_last_bin(call, rng):
    confidence, right, bins = _answers(rng)
    confidence[:2] = 1
    counts = _table(call, (confidence, right, bins))[:, 2]
    last = sum(c >= (bins - 1) / bins for c in confidence)
    expect(counts[-1] == last, "A confidence of exactly 1 should be counted "
           "in the last bin.")


def empty_bins_hold_zeros(call, rng):
    confidence, right, _ = _answers(rng)
    table = _table(call, (confidence[:3], right[:3], 12))
    empty = table[table[:, 2] == 0]
    expect((empty == 0).all(), "A bin into which no picture fell should "
           "hold three zeros.")


def confidences_are_averaged(call, rng):
    case = _answers(rng)
    table, found = _table(call, case), _sorted(*case)
    filled = [b for b, pictures in enumerate(found) if pictures]
    means = [np.mean([c for c, _ in found[b]]) for b in filled]
    middles = [(b + 0.5) / case[2] for b in filled]
    shares = [np.mean([r for _, r in found[b]]) for b in filled]
    got = table[filled, 0]
    expect(_close(means, middles) or not _close(got, middles), "The first "
           "column holds the middles of the bins, where the mean of the "
           "confidences in each was asked for.")
    expect(_close(means, shares) or not _close(got, shares), "The first "
           "column holds the shares of right answers: columns one and two "
           "are exchanged.")
    expect(_close(got, means), "The first column is not the mean of the "
           "confidences in each bin.")


def right_answers_are_shares(call, rng):
    case = _answers(rng)
    table, found = _table(call, case), _sorted(*case)
    filled = [b for b, pictures in enumerate(found) if pictures]
    sums = [np.sum([r for _, r in found[b]]) for b in filled]
    shares = [np.mean([r for _, r in found[b]]) for b in filled]
    got = table[filled, 1]
    expect(_close(sums, shares) or not _close(got, sums), "The second column "
           "counts the right answers of each bin; their share was asked for.")
    whole = np.divide(sums, len(case[0]))
    expect(_close(whole, shares) or not _close(got, whole), "The right "
           "answers of each bin were divided by the number of all pictures, "
           "not of those in the bin.")
    expect(_close(got, shares), "The second column is not the share of "
           "right answers in each bin.")


# The interval.

def _limit(m, level):
    """Student's limit for m values, in closed form for 2, 3 and 5."""
    if m == 2:
        return np.tan(np.pi * level / 2)
    if m == 3:
        return level * np.sqrt(2 / (1 - level**2))
    root = np.sqrt(1 - level**2)  # the formula for four degrees of freedom
    return 2 * np.sqrt(np.cos(np.arccos(root) / 3) / root - 1)


def _values(rng, m=None):
    m = m or int(rng.choice([2, 3, 5]))
    values = rng.permutation(100)[:m] / 8 - 4
    return values, float(rng.choice([0.5, 0.8, 0.9, 0.95, 0.99]))


def _ends(call, values, level):
    ends = call(values, level)
    expect(isinstance(ends, (tuple, list, np.ndarray)) and len(ends) == 2,
           "Expected two numbers: the lower end, and the upper.")
    for end in ends:
        expect(isinstance(end, (float, int, np.number)), "Expected each end "
               f"as a number, got {type(end).__name__}.")
        expect(np.isfinite(end), "Some end is not finite.")
    expect(ends[0] < ends[1], "The lower end should come first, and lie "
           "below the upper.")
    return float(ends[0]), float(ends[1])


def two_ends_in_order(call, rng):
    _ends(call, *_values(rng))


def the_middle_is_the_mean(call, rng):
    values, level = _values(rng)
    low, high = _ends(call, values, level)
    expect(_close((low + high) / 2, values.mean()), "The middle of the "
           "interval is not the mean of the values.")


def it_reaches_as_far_as_students_t(call, rng):
    values, level = _values(rng, int(rng.choice([3, 5])))
    low, high = _ends(call, values, level)
    m, s, got = len(values), values.std(ddof=1), (high - low) / 2
    t, z = _limit(m, level), stats.norm.ppf((1 + level) / 2)
    one_tail = stats.t.ppf(level, m - 1)
    for reach, fault in (
            (z * s / np.sqrt(m), "The limit is the normal distribution's. "
             "It forgets that the spread, too, was estimated from these few "
             "values."),
            (one_tail * s / np.sqrt(m), "Only one tail was cut off: too much "
             "is left in the other."),
            (t * s, "This is how far a single value may stray. The mean of "
             "several strays less."),
            (t * s / m, "The spread was divided by the number of values, not "
             "by its root."),
            (t * values.std() / np.sqrt(m), "The squares were divided by the "
             "number of values. One of the deviations is known from the "
             "others, so one fewer counts."),
            (stats.t.ppf((1 + level) / 2, m) * s / np.sqrt(m), "There is "
             "one degree of freedom too many.")):
        expect(not _close(got, reach, 1e-5), fault)
    expect(_close(got, t * s / np.sqrt(m), 1e-5), "The interval does not "
           "reach as far to both sides as the formula says.")


def two_values_are_enough(call, rng):
    values, level = _values(rng, 2)
    reach = _limit(2, level) * values.std(ddof=1) / np.sqrt(2)
    low, high = _ends(call, values, level)
    expect(_close((high - low) / 2, reach, 1e-5), "From two values the "
           "interval reaches another distance than the formula says.")


def shifting_and_scaling_carry_over(call, rng):
    values, level = _values(rng)
    low, high = _ends(call, values, level)
    moved = _ends(call, 4 * values - 3, level)
    expect(_close(moved, (4 * low - 3, 4 * high - 3), 1e-5), "Four times the "
           "values, less three, should have four times the ends, less three.")


SPLIT = (parts_have_the_sizes_asked_for, no_picture_is_in_two_parts,
         no_picture_is_twice_in_a_part, every_picture_can_be_used,
         luck_draws_the_parts)
ITEM = (a_picture_has_one_channel, a_picture_is_in_single_precision,
        pixels_are_shifted_and_scaled, the_label_is_a_whole_number,
        the_shelf_stays_as_it_is)
SAVE = (the_path_comes_back, weights_and_count_are_in_the_file,
        the_optimizers_memory_is_in_the_file, both_lucks_are_in_the_file,
        a_finished_file_takes_over_the_name, a_full_disk_leaves_the_old_file,
        nothing_else_is_left_in_the_folder)
RESUME = (the_count_of_passes_comes_back, the_weights_come_back,
          the_optimizers_memory_comes_back, both_lucks_come_back,
          nothing_is_run_that_the_file_brings)
CURVE = (the_counts_are_right, certainty_belongs_to_the_last_bin,
         empty_bins_hold_zeros, confidences_are_averaged,
         right_answers_are_shares)
INTERVAL = (two_ends_in_order, the_middle_is_the_mean,
            it_reaches_as_far_as_students_t, two_values_are_enough,
            shifting_and_scaling_carry_over)
