"""Notebook 4's checks tell right from wrong, and name what is wrong."""

import numpy as np
import torch
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from tensorboard.backend.event_processing.event_file_loader import (
    EventFileLoader,
)
from tensorboard.util.tensor_util import make_ndarray
from torch import nn
from torch.nn import functional as F

from labs import CheckTests, verdict
from scratch.checks import notebook_4
from scratch.checks.notebook_4 import CHOOSE, MOVE, NET, READ, REPORT

# The net.


def layers(first=None, bend=nn.ReLU, second=None, last=None, end=()):
    return nn.Sequential(
        first or nn.Conv2d(1, 16, 5, stride=2, padding=2), bend(),
        second or nn.Conv2d(16, 32, 3, stride=2, padding=1), bend(),
        nn.Flatten(), last or nn.Linear(1568, 10), *end)


def net_in_a_chain():
    return layers()


class Pictures(nn.Module):
    """The same as a class, its layers registered in another order."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(1568, 10)
        self.two = nn.Conv2d(16, 32, 3, 2, 1)
        self.one = nn.Conv2d(1, 16, 5, 2, 2)

    def forward(self, X):
        A = torch.relu(self.one(X))
        B = F.relu(self.two(A))
        return self.dense(B.reshape(len(X), -1))


def net_as_a_class():
    return Pictures()


def net_with_padding_of_its_own():
    return nn.Sequential(
        nn.ZeroPad2d(2), nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(1), nn.Linear(7 * 7 * 32, 10))


def net_untrained_layer():
    return nn.ReLU


def net_dense():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(),
                         nn.Linear(64, 10))


def net_without_biases():
    return layers(nn.Conv2d(1, 16, 5, 2, 2, bias=False), nn.ReLU,
                  nn.Conv2d(16, 32, 3, 2, 1, bias=False),
                  nn.Linear(1568, 10, bias=False))


def net_of_five_scores():
    return layers(last=nn.Linear(1568, 5))


def net_of_scores_in_a_column():
    return layers(end=[nn.Unflatten(1, (10, 1))])


def net_without_stride():
    return layers(nn.Conv2d(1, 16, 5, padding=2))


def net_without_padding():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2),
        nn.ReLU(), nn.Flatten(), nn.Linear(800, 10))


def net_of_other_kernels():
    return layers(nn.Conv2d(1, 16, 3, stride=2, padding=1))


def net_with_the_same_number_elsewhere():
    # 416 + 4,640 + 15,690, of which the first is one row.
    net = layers()
    return nn.Sequential(Row(net))


class Row(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.row = nn.Parameter(torch.randn(20_746))
        self.shapes = {k: p.shape for k, p in net.named_parameters()}
        self.net = [net]

    def forward(self, X):
        parts = self.row.split([s.numel() for s in self.shapes.values()])
        return torch.func.functional_call(self.net[0], {
            k: p.view(s) for (k, s), p in zip(self.shapes.items(), parts)},
            (X,))


def net_without_relu():
    return layers(bend=nn.Identity)


def net_without_the_first_relu():
    net = layers()
    net[1] = nn.Identity()
    return net


def net_without_the_second_relu():
    net = layers()
    net[3] = nn.Identity()
    return net


def net_of_tanh():
    return layers(bend=nn.Tanh)


def net_with_a_softmax():
    return layers(end=[nn.Softmax(1)])


def net_with_a_log_softmax():
    return layers(end=[nn.LogSoftmax(1)])


def net_with_a_relu_at_the_end():
    return layers(end=[nn.ReLU()])


def net_padded_on_one_side():
    return nn.Sequential(nn.ZeroPad2d((4, 0, 4, 0)),
                         layers(nn.Conv2d(1, 16, 5, stride=2)))


ONE = layers()


def net_of_another_call():
    return ONE


def net_of_one_seed():
    torch.manual_seed(0)
    return layers()


def net_not_a_number():
    net = layers()
    net[-1].bias.data.fill_(torch.nan)
    return net


def net_returning_scores():
    return layers()(torch.zeros(1, 1, 28, 28))


# Moving pictures.


def cut(pictures, most, generator, mode="constant", top=None, flip=None,
        high=1, sides=2):
    n, _, H, W = pictures.shape
    framed = F.pad(pictures, 4 * (most,), mode=mode)
    corners = torch.randint(2 * most + high, (n, 2), generator=generator)
    if sides == 1:
        corners[:, 1] = corners[:, 0]
    moved = torch.stack([p[:, a:a + H, b:b + W] for p, (a, b)
                         in zip(framed, corners.tolist())])
    mirrored = torch.rand(n, 1, 1, 1, generator=generator) < (
        0.5 if flip is None else flip)
    return torch.where(mirrored, moved.flip(3), moved)


def move_by_cutting(pictures, most, generator):
    return cut(pictures, most, generator)


def move_by_copying(pictures, most, generator):
    moved = torch.zeros_like(pictures)
    H, W = pictures.shape[2:]
    for old, new in zip(pictures, moved):
        if torch.rand((), generator=generator) < 0.5:
            old = old.flip(-1)
        a, b = torch.randint(-most, most + 1, (2,),
                             generator=generator).tolist()
        new[:, max(a, 0):H + min(a, 0), max(b, 0):W + min(b, 0)] = old[
            :, max(-a, 0):H - max(a, 0), max(-b, 0):W - max(b, 0)]
    return moved


def move_by_index(pictures, most, generator):
    n, _, H, W = pictures.shape
    draws = torch.randint(-most, most + 1, (2, n, 1), generator=generator)
    rows = torch.arange(H) - draws[0]
    columns = torch.arange(W) - draws[1]
    inside = (((rows >= 0) & (rows < H))[:, :, None]
              & ((columns >= 0) & (columns < W))[:, None])
    moved = pictures[torch.arange(n)[:, None, None], 0,
                     rows.clamp(0, H - 1)[:, :, None],
                     columns.clamp(0, W - 1)[:, None]] * inside
    mirrored = torch.randint(2, (n, 1, 1), generator=generator).bool()
    return torch.where(mirrored, moved.flip(2), moved)[:, None]


def move_by_numpy(pictures, most, generator):
    seed = int(torch.randint(2**31, (), generator=generator))
    rng = np.random.default_rng(seed)
    X = np.pad(pictures.numpy(), ((0, 0), (0, 0), *2 * [(most, most)]))
    H, W = pictures.shape[2:]
    found = []
    for picture in X:
        a, b = rng.integers(0, 2 * most + 1, 2)
        picture = picture[:, a:a + H, b:b + W]
        found.append(picture[..., ::-1] if rng.random() < 0.5 else picture)
    return torch.tensor(np.array(found))


def move_rolling(pictures, most, generator):
    corners = torch.randint(-most, most + 1, (len(pictures), 2),
                            generator=generator)
    moved = torch.stack([p.roll((a, b), (1, 2)) for p, (a, b)
                         in zip(pictures, corners.tolist())])
    mirrored = torch.rand(len(moved), 1, 1, 1, generator=generator) < 0.5
    return torch.where(mirrored, moved.flip(3), moved)


def move_repeating_the_border(pictures, most, generator):
    return cut(pictures, most, generator, mode="replicate")


def move_upside_down(pictures, most, generator):
    moved = cut(pictures, most, generator, flip=0)
    turned = torch.rand(len(moved), 1, 1, 1, generator=generator) < 0.5
    return torch.where(turned, moved.flip(2), moved)


def move_twice_as_far(pictures, most, generator):
    return cut(pictures, 2 * most, generator)


def move_further_by_one(pictures, most, generator):
    return cut(pictures, most + 1, generator)


def move_never_to_the_end(pictures, most, generator):
    if most == 0:
        return cut(pictures, most, generator)
    return cut(pictures, most, generator, high=0)


def move_never(pictures, most, generator):
    torch.rand((), generator=generator)
    return pictures.clone()


def move_all_alike(pictures, most, generator):
    one = cut(pictures.transpose(0, 1), most, generator)
    return one.transpose(0, 1)


def move_mirroring_all_alike(pictures, most, generator):
    moved = cut(pictures, most, generator, flip=0)
    return moved.flip(3) if torch.rand((), generator=generator) < 0.5 \
        else moved


def move_without_mirror(pictures, most, generator):
    return cut(pictures, most, generator, flip=0)


def move_always_mirrored(pictures, most, generator):
    return cut(pictures, most, generator, flip=1)


def move_seldom_mirrored(pictures, most, generator):
    return cut(pictures, most, generator, flip=0.25)


def move_along_the_diagonal(pictures, most, generator):
    return cut(pictures, most, generator, sides=1)


def move_sideways_only(pictures, most, generator):
    n, *_, W = pictures.shape
    framed = F.pad(pictures, (most, most))
    at = torch.randint(2 * most + 1, (n,), generator=generator).tolist()
    moved = torch.stack([p[:, :, b:b + W] for p, b in zip(framed, at)])
    mirrored = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
    return torch.where(mirrored, moved.flip(3), moved)


def move_mirrored_when_shifted_left(pictures, most, generator):
    n, _, H, W = pictures.shape
    framed = F.pad(pictures, 4 * (most,))
    corners = torch.randint(2 * most + 1, (n, 2), generator=generator)
    # Half of them are mirrored, but which ones is known from the rows.
    return torch.stack([
        (p.flip(2) if a < most or (a == most and b % 2) else p)[
            :, a:a + H, b:b + W]
        for p, (a, b) in zip(framed, corners.tolist())])


def move_mostly_little(pictures, most, generator):
    n, _, H, W = pictures.shape
    framed = F.pad(pictures, 4 * (most,))
    at = most + (torch.randn(n, 2, generator=generator) / 2 * most).round()
    at = at.clamp(0, 2 * most).long()
    moved = torch.stack([p[:, a:a + H, b:b + W] for p, (a, b)
                         in zip(framed, at.tolist())])
    mirrored = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
    return torch.where(mirrored, moved.flip(3), moved)


def move_by_the_pages_luck(pictures, most, generator):
    return cut(pictures, most, None)


def move_by_numpys_luck(pictures, most, generator):
    seed = int(np.random.randint(1000))
    return cut(pictures, most, torch.Generator().manual_seed(seed))


def move_by_no_luck(pictures, most, generator):
    return cut(pictures, most, torch.Generator().manual_seed(0))


def move_by_entropy(pictures, most, generator):
    fresh = torch.Generator()
    fresh.seed()
    return cut(pictures, most, fresh)


def move_in_place(pictures, most, generator):
    pictures.copy_(cut(pictures, most, generator))
    return pictures


def move_in_double(pictures, most, generator):
    return cut(pictures, most, generator).double()


def move_to_numpy(pictures, most, generator):
    return cut(pictures, most, generator).numpy()


def move_framed(pictures, most, generator):
    return F.pad(pictures, 4 * (max(most, 1),))


def move_with_noise(pictures, most, generator):
    moved = cut(pictures, most, generator)
    return moved + 0.01 * torch.rand(moved.shape, generator=generator)


def move_failing_on_none(pictures, most, generator):
    at = torch.randint(1, most + 1, (1,), generator=generator)
    assert at
    return cut(pictures, most, generator)


# The report.


def report_plain(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    for name, array in net.named_parameters():
        log.add_histogram("weights/" + name, array, step)
    return len(values) + len(list(net.parameters()))


def report_by_state(log, net, values, step):
    written = 0
    for name, array in net.state_dict().items():
        log.add_histogram(tag=f"weights/{name}", values=array.numpy(),
                          global_step=step)
        written += 1
    for name in values:
        log.add_scalar(tag=name, scalar_value=torch.tensor(values[name]),
                       global_step=step)
        written += 1
    log.flush()
    return written


def report_without_step(log, net, values, step):
    return report_plain(log, net, values, None)


def report_histograms_without_step(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    for name, array in net.named_parameters():
        log.add_histogram("weights/" + name, array)
    return len(values) + len(list(net.parameters()))


def report_one_step_late(log, net, values, step):
    return report_plain(log, net, values, step + 1)


def report_all_at_once(log, net, values, step):
    log.add_scalars("values", values, step)
    return report_plain(log, net, {}, step) + len(values)


def report_closing(log, net, values, step):
    written = report_plain(log, net, values, step)
    log.close()
    return written


def report_with_text(log, net, values, step):
    log.add_text("values", str(values), step)
    return report_plain(log, net, values, step)


def report_under_other_names(log, net, values, step):
    return report_plain(log, net, {f"scalar/{name}": value for name, value
                                   in values.items()}, step)


def report_other_values(log, net, values, step):
    return report_plain(log, net, {name: 100 * value + 1 for name, value
                                   in values.items()}, step)


def report_scalars_only(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    return len(values) + len(list(net.parameters()))


def report_histograms_only(log, net, values, step):
    report_plain(log, net, {}, step)
    return len(values) + len(list(net.parameters()))


def report_without_biases(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    for name, array in net.named_parameters():
        if "bias" not in name:
            log.add_histogram("weights/" + name, array, step)
    return len(values) + len(list(net.parameters()))


def report_layers_only(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    for k, layer in enumerate(net.chain):
        for name, array in layer.named_parameters():
            log.add_histogram(f"weights/chain.{k}.{name}", array, step)
    return len(values) + len(list(net.parameters()))


def report_bare_names(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    for name, array in net.named_parameters():
        log.add_histogram(name, array, step)
    return len(values) + len(list(net.parameters()))


def report_magnitudes(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value, step)
    for name, array in net.named_parameters():
        log.add_histogram("weights/" + name, array.abs() + 1, step)
    return len(values) + len(list(net.parameters()))


def report_gradients(log, net, values, step):
    for name, array in net.named_parameters():
        log.add_histogram("weights/" + name, array.grad.numpy(), step)
    return report_scalars_only(log, net, values, step)


def report_nothing_back(log, net, values, step):
    report_plain(log, net, values, step)


def report_miscounted(log, net, values, step):
    report_plain(log, net, values, step)
    return len(values) + 1


def report_telling_names(log, net, values, step):
    report_plain(log, net, values, step)
    return list(values)


# Reading back.


def accumulated(folder, tag, **options):
    files = EventAccumulator(folder, **options)
    files.Reload()
    events = files.Scalars(tag)
    return (np.array([e.step for e in events]),
            np.array([e.value for e in events]))


def read_by_accumulator(folder, tag):
    return accumulated(folder, tag, size_guidance={"scalars": 0})


def read_with_much_room(folder, tag):
    return accumulated(folder, tag, size_guidance={
        event_accumulator.SCALARS: 10**6})


def read_by_loader(folder, tag):
    import os
    found = []
    for name in sorted(os.listdir(folder)):
        for event in EventFileLoader(os.path.join(folder, name)).Load():
            for value in event.summary.value:
                if value.tag == tag:
                    found.append((event.step,
                                  make_ndarray(value.tensor).item()))
    steps, values = zip(*found)
    return [np.array(steps), np.array(values, np.float32)]


def read_by_default(folder, tag):
    return accumulated(folder, tag)


def read_without_reload(folder, tag):
    events = EventAccumulator(folder).Scalars(tag)
    return np.array([e.step for e in events]), None


def read_the_first_file(folder, tag):
    import os
    return accumulated(os.path.join(folder, min(os.listdir(folder))), tag,
                       size_guidance={"scalars": 0})


def read_the_last_file(folder, tag):
    import os
    return accumulated(os.path.join(folder, max(os.listdir(folder))), tag,
                       size_guidance={"scalars": 0})


def read_counting(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return np.arange(len(steps)), values


def read_the_other_way(folder, tag):
    return read_by_accumulator(folder, tag)[::-1]


def read_events(folder, tag):
    files = EventAccumulator(folder, size_guidance={"scalars": 0})
    files.Reload()
    return files.Scalars(tag)


def read_lists(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return steps.tolist(), values.tolist()


def read_backward(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return steps[::-1], values[::-1]


def read_sorted_by_value(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return steps, np.sort(values)


def read_another_tag(folder, tag):
    files = EventAccumulator(folder)
    files.Reload()
    return accumulated(folder, files.Tags()["scalars"][-1])


def read_values_twice(folder, tag):
    _, values = read_by_accumulator(folder, tag)
    return values, values


def read_steps_twice(folder, tag):
    steps, _ = read_by_accumulator(folder, tag)
    return steps, steps.astype(float)


def read_without_the_last(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return steps[:-1], values[:-1]


def read_uneven(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return steps, values[:-1]


def read_rounded(folder, tag):
    steps, values = read_by_accumulator(folder, tag)
    return steps, values.round(2)


def read_nothing(folder, tag):
    return np.array([]), np.array([])


# The choice.


def choose_by_mean(results):
    means = {s: np.mean(v) for s, v in results.items()}
    whole = {s: m for s, m in means.items() if m == m}
    return max(whole, key=whole.get)


def choose_by_sorting(results):
    def score(setting):
        values = results[setting]
        return -1 if np.isnan(values).any() else sum(values) / len(values)
    return sorted(results, key=score)[-1]


def choose_by_argmax(results):
    settings = list(results)
    return settings[int(np.nanargmax([np.mean(results[s])
                                      for s in settings]))]


def choose_by_best_run(results):
    return max(results, key=lambda s: np.nanmax(results[s])
               if not np.isnan(results[s]).any() else 0)


def choose_by_worst_run(results):
    return max(results, key=lambda s: np.min(results[s])
               if not np.isnan(results[s]).any() else 0)


def choose_smallest(results):
    return min(results, key=lambda s: np.mean(results[s])
               if not np.isnan(results[s]).any() else 2)


def choose_by_sum(results):
    return max(results, key=lambda s: sum(results[s])
               if not np.isnan(results[s]).any() else 0)


def choose_ignoring_nan(results):
    return max(results, key=lambda s: np.nanmean(results[s]))


def choose_with_nan(results):
    return max(results, key=lambda s: np.mean(results[s]))


def choose_nan_as_zero(results):
    return max(results, key=lambda s: np.mean(np.nan_to_num(
        results[s], nan=0.94)))


def choose_last_comparison(results):
    best = None
    for setting, values in results.items():
        if best is None or not np.mean(values) <= np.mean(results[best]):
            best = setting
    return best


def choose_first(results):
    return next(iter(results))


def choose_the_mean(results):
    return max(np.mean(v) for v in results.values())


def choose_scores(results):
    return max(results.items(), key=lambda item: np.mean(item[1]))


def choose_rate(results):
    return choose_by_mean(results)[0]


RIGHT = [
    (NET, net_in_a_chain), (NET, net_as_a_class),
    (NET, net_with_padding_of_its_own),
    (MOVE, move_by_cutting), (MOVE, move_by_copying), (MOVE, move_by_index),
    (MOVE, move_by_numpy),
    (REPORT, report_plain), (REPORT, report_by_state),
    (READ, read_by_accumulator), (READ, read_with_much_room),
    (READ, read_by_loader),
    (CHOOSE, choose_by_mean), (CHOOSE, choose_by_sorting),
    (CHOOSE, choose_by_argmax)]

# What the reader is told, at the least.
WRONG = [
    (NET, net_untrained_layer, "Expected a net"),
    (NET, net_returning_scores, "Expected a net"),
    (NET, net_dense, "where the layers described have"),
    (NET, net_without_biases, "58 biases are missing"),
    (NET, net_of_five_scores, "Expected ten for each"),
    (NET, net_of_scores_in_a_column, "Expected ten for each"),
    (NET, net_without_stride, "shapes cannot be multiplied"),
    (NET, net_without_padding, "where the layers described have"),
    (NET, net_of_other_kernels, "where the layers described have"),
    (NET, net_with_the_same_number_elsewhere, "but not the layers"),
    (NET, net_without_relu, "after both convolutions is missing"),
    (NET, net_without_the_first_relu, "after the first convolution"),
    (NET, net_without_the_second_relu, "after the second convolution"),
    (NET, net_of_tanh, "isn't what the layers described give"),
    (NET, net_with_a_softmax, "No score is negative"),
    (NET, net_with_a_log_softmax, "logarithms of probabilities"),
    (NET, net_with_a_relu_at_the_end, "No score is negative"),
    (NET, net_padded_on_one_side, "isn't what the layers described give"),
    (NET, net_of_another_call, "same weights"),
    (NET, net_of_one_seed, "Was a seed set"),
    (NET, net_not_a_number, "not finite"),
    (MOVE, move_rolling, "came in on the other"),
    (MOVE, move_repeating_the_border, "repeats the border"),
    (MOVE, move_upside_down, "stands on its head"),
    (MOVE, move_twice_as_far, "went further than"),
    (MOVE, move_further_by_one, "went further than"),
    (MOVE, move_never_to_the_end, "none went up|none went left"),
    (MOVE, move_never, "The whole batch was moved alike"),
    (MOVE, move_all_alike, "The whole batch was moved alike"),
    (MOVE, move_mirroring_all_alike, "mirrored, or none"),
    (MOVE, move_without_mirror, "mirrored, or none"),
    (MOVE, move_always_mirrored, "mirrored, or none"),
    (MOVE, move_seldom_mirrored, "should be one half"),
    (MOVE, move_along_the_diagonal, "along a diagonal"),
    (MOVE, move_sideways_only, "equally far up or down"),
    (MOVE, move_mirrored_when_shifted_left, "three draws"),
    (MOVE, move_mostly_little, "should be equally likely"),
    (MOVE, move_by_the_pages_luck, "all of the page shares"),
    (MOVE, move_by_numpys_luck, "all of the page shares"),
    (MOVE, move_by_no_luck, "Another generator moved"),
    (MOVE, move_by_entropy, "differently"),
    (MOVE, move_in_place, "in place"),
    (MOVE, move_in_double, "came back as float64"),
    (MOVE, move_to_numpy, "as a tensor, got ndarray"),
    (MOVE, move_framed, "came back in shape"),
    (MOVE, move_with_noise, "isn't its original"),
    (MOVE, move_failing_on_none, "It raised"),
    (REPORT, report_without_step, "without a step"),
    (REPORT, report_histograms_without_step, "histogram .* without a step"),
    (REPORT, report_one_step_late, "where it is step"),
    (REPORT, report_all_at_once, "add_scalars"),
    (REPORT, report_closing, "closed the log"),
    (REPORT, report_with_text, "add_text"),
    (REPORT, report_under_other_names, "the values are called"),
    (REPORT, report_other_values, "another value was written"),
    (REPORT, report_scalars_only, "No histogram"),
    (REPORT, report_histograms_only, "the values are called"),
    (REPORT, report_without_biases, "biases are missing"),
    (REPORT, report_layers_only, "Expected one for each array"),
    (REPORT, report_bare_names, "after weights/"),
    (REPORT, report_magnitudes, "other numbers were written"),
    (REPORT, report_gradients, "It raised AttributeError"),
    (REPORT, report_nothing_back, "returned None"),
    (REPORT, report_miscounted, "It says that it wrote"),
    (REPORT, report_telling_names, "number of things written, got list"),
    (READ, read_by_default, "keeps no more than a fixed number"),
    (READ, read_without_reload, "It raised"),
    (READ, read_the_first_file, "Only the first came back"),
    (READ, read_the_last_file, "Only the second came back"),
    (READ, read_counting, "counted from zero"),
    (READ, read_the_other_way, "finite|steps|values"),
    (READ, read_events, "Expected two arrays|as a row"),
    (READ, read_lists, "NumPy array with one axis, got list"),
    (READ, read_backward, "another order"),
    (READ, read_sorted_by_value, "not at their steps"),
    (READ, read_another_tag, "came back|others than those"),
    (READ, read_values_twice, "The steps are others"),
    (READ, read_steps_twice, "Steps came back where"),
    (READ, read_without_the_last, "points were written, and"),
    (READ, read_uneven, "steps and .* values came back"),
    (READ, read_rounded, "The values are others"),
    (READ, read_nothing, "No steps came back"),
    (CHOOSE, choose_by_best_run, "greater mean|single run"),
    (CHOOSE, choose_by_worst_run, "smallest mean|greater mean|worst run"),
    (CHOOSE, choose_smallest, "smallest mean"),
    (CHOOSE, choose_by_sum, "having more runs"),
    (CHOOSE, choose_ignoring_nan, "has broken down"),
    (CHOOSE, choose_with_nan, "broken"),
    (CHOOSE, choose_nan_as_zero, "has broken down"),
    (CHOOSE, choose_last_comparison, "broken"),
    (CHOOSE, choose_first, "smallest mean|greater mean"),
    (CHOOSE, choose_the_mean, "one of the settings"),
    (CHOOSE, choose_scores, "one of the settings"),
    (CHOOSE, choose_rate, "one of the settings"),
]


class TestChecks(CheckTests):
    properties = (NET, MOVE, REPORT, READ, CHOOSE)
    right, wrong = RIGHT, WRONG
    secrets = (r"torch\.|np\.|nn\.(?!Module)|F\.|\w\(|\w\[|[<>+-]=|=[=<>]|"
               r"guidance")


def test_checking_draws_no_number_from_the_pages_luck(capsys):
    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    for properties, answer in RIGHT:
        verdict(capsys, answer, properties)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_the_scores_that_nets_are_held_against_are_pytorchs():
    for seed in range(10):
        torch.manual_seed(seed)
        net = layers().double()
        X = notebook_4._pictures(np.random.default_rng(seed))
        weights = [p.detach().numpy() for p in net.parameters()]
        assert [w.shape for w in weights] == notebook_4.SHAPES
        assert np.allclose(notebook_4._scores(weights, X),
                           net(torch.tensor(X)).detach().numpy(),
                           rtol=1e-12, atol=1e-14)


def test_the_readers_usual_room_is_as_told_and_is_given_back():
    usual = dict(event_accumulator.DEFAULT_SIZE_GUIDANCE)
    assert usual["scalars"] == 10_000
    with notebook_4._few_kept():
        assert event_accumulator.DEFAULT_SIZE_GUIDANCE["scalars"] == 20
    assert usual == event_accumulator.DEFAULT_SIZE_GUIDANCE


def test_a_told_folder_can_be_made_again():
    folder = notebook_4.Folder([("a", 0.5, 3)], [("a", 0.25, 4)])
    again = eval(repr(folder), {"Folder": notebook_4.Folder})
    assert again != folder
    for one in (folder, again):
        steps, values = read_by_accumulator(one, "a")
        assert steps.tolist() == [3, 4] and values.tolist() == [0.5, 0.25]
