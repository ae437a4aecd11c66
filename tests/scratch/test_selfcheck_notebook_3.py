"""Notebook 3's checks tell right from wrong, and name what is wrong."""

import hashlib
import io
import os
import pickle
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from labs import CheckTests, verdict
from scratch.checks import notebook_3
from scratch.checks.notebook_3 import (
    CURVE,
    INTERVAL,
    ITEM,
    RESUME,
    SAVE,
    SPLIT,
)

# The split.


def cut(rows, sizes, seed):
    rows = np.random.default_rng(seed).permutation(rows)
    a, b, c = np.cumsum(sizes)
    return rows[:a], rows[a:b], rows[b:c]


def first_rows(pictures):
    first = {}
    for row, picture in enumerate(pictures):
        first.setdefault(picture.tobytes(), row)
    return list(first.values())


def split_by_bytes(pictures, sizes, seed):
    return cut(first_rows(pictures), sizes, seed)


def split_by_hash(pictures, sizes, seed):
    last = {hashlib.sha256(p.tobytes()).digest(): row
            for row, p in enumerate(pictures)}
    return [part.tolist() for part in cut(list(last.values()), sizes, seed)]


def split_by_unique(pictures, sizes, seed):
    flat = pictures.reshape(len(pictures), -1)
    _, rows = np.unique(flat, axis=0, return_index=True)
    return cut(rows, sizes, seed)


def split_by_comparing(pictures, sizes, seed):
    rows = []
    for row in np.random.RandomState(seed).permutation(len(pictures)):
        if not any((pictures[row] == pictures[r]).all() for r in rows):
            rows.append(row)
    a, b, c = np.cumsum(sizes)
    return np.array(rows[:a]), np.array(rows[a:b]), np.array(rows[b:c])


def split_with_copies(pictures, sizes, seed):
    return cut(np.arange(len(pictures)), sizes, seed)


def split_copies_together(pictures, sizes, seed):
    # A group stays together, and counts twice in its part.
    groups = {}
    for row, picture in enumerate(pictures):
        groups.setdefault(picture.tobytes(), []).append(row)
    groups = sorted(groups.values(), key=len, reverse=True)
    parts, sizes = [[], [], []], list(sizes)
    for group in groups:
        k = int(np.argmax([s - len(p) for s, p in zip(sizes, parts)]))
        parts[k] += group[:sizes[k] - len(parts[k])]
    return parts


def split_dropping_all_copies(pictures, sizes, seed):
    seen = [p.tobytes() for p in pictures]
    return cut([r for r, p in enumerate(seen) if seen.count(p) == 1],
               sizes, seed)


def split_by_sum(pictures, sizes, seed):
    first = {}
    for row, picture in enumerate(pictures):
        first.setdefault(int(picture.sum()), row)
    return cut(list(first.values()), sizes, seed)


def split_in_order(pictures, sizes, seed):
    rows = np.array(first_rows(pictures))
    a, b, c = np.cumsum(sizes)
    return rows[:a], rows[a:b], rows[b:c]


def split_shuffling_within(pictures, sizes, seed):
    rng = np.random.default_rng(seed)
    return [rng.permutation(p) for p in split_in_order(pictures, sizes, seed)]


def split_by_another_luck(pictures, sizes, seed):
    return cut(first_rows(pictures), sizes, None)


def split_a_fixed_test_part(pictures, sizes, seed):
    rows = first_rows(pictures)
    a, b, _ = cut(rows[sizes[2]:], (*sizes[:2], 0), seed)
    return a, b, np.array(rows[:sizes[2]])


def split_two_parts(pictures, sizes, seed):
    return split_by_bytes(pictures, sizes, seed)[:2]


def split_the_rest_to_the_last(pictures, sizes, seed):
    a, b, _ = split_by_bytes(pictures, sizes, seed)
    rest = sorted(set(first_rows(pictures)) - {*a, *b})
    return a, b, np.array(rest)


def split_pictures_themselves(pictures, sizes, seed):
    return [pictures[p] for p in split_by_bytes(pictures, sizes, seed)]


def split_overlapping(pictures, sizes, seed):
    rows = np.random.default_rng(seed).permutation(first_rows(pictures))
    return [rows[:size] for size in sizes]


def split_one_twice(pictures, sizes, seed):
    a, b, c = split_by_bytes(pictures, sizes, seed)
    return np.append(a[:-1], a[0]), b, c


def split_numbered_anew(pictures, sizes, seed):
    return cut(np.arange(len(first_rows(pictures))), sizes, seed)


# One item.

def item_plain(self, i):
    picture = torch.tensor(self.pictures[i], dtype=torch.float32)
    return ((picture - self.mean) / self.deviation)[None], int(self.labels[i])


def item_by_numpy(self, i):
    picture = (self.pictures[i] - self.mean) / self.deviation
    return [torch.from_numpy(picture).float().unsqueeze(0),
            self.labels[i].item()]


def item_reshaped(self, i):
    picture = torch.as_tensor(self.pictures[i]).double()
    picture = ((picture - self.mean) / self.deviation).float()
    return picture.reshape(1, *picture.shape), int(self.labels[i])


def item_no_channel(self, i):
    return item_plain(self, i)[0][0], int(self.labels[i])


def item_channel_last(self, i):
    return item_plain(self, i)[0][0][..., None], int(self.labels[i])


def item_double(self, i):
    return item_plain(self, i)[0].double(), int(self.labels[i])


def item_wrapped(self, i):
    pixels = self.pictures[i] - np.uint8(self.mean)
    return (torch.tensor(pixels[None] / self.deviation, dtype=torch.float32),
            int(self.labels[i]))


def item_not_scaled(self, i):
    return item_plain(self, i)[0] * self.deviation, int(self.labels[i])


def item_not_shifted(self, i):
    return (item_plain(self, i)[0] + self.mean / self.deviation,
            int(self.labels[i]))


def item_as_it_is(self, i):
    return (torch.tensor(self.pictures[i], dtype=torch.float32)[None],
            int(self.labels[i]))


def item_by_255(self, i):
    return item_as_it_is(self, i)[0] / 255, int(self.labels[i])


def item_by_255_first(self, i):
    picture = item_by_255(self, i)[0]
    return (picture - self.mean) / self.deviation, int(self.labels[i])


def item_own_scale(self, i):
    p = item_as_it_is(self, i)[0]
    return (p - p.mean()) / p.std(correction=0), int(self.labels[i])


def item_by_variance(self, i):
    return item_plain(self, i)[0] / self.deviation, int(self.labels[i])


def item_clipped(self, i):
    return item_plain(self, i)[0].clamp(-1, 1), int(self.labels[i])


def item_label_as_tensor(self, i):
    return item_plain(self, i)[0], torch.tensor(self.labels[i])


def item_label_of_numpy(self, i):
    return item_plain(self, i)[0], self.labels[i]


def item_next_label(self, i):
    return item_plain(self, i)[0], int(self.labels[i - 1])


def item_picture_only(self, i):
    return item_plain(self, i)[0]


def item_numpy_picture(self, i):
    return item_plain(self, i)[0].numpy(), int(self.labels[i])


def item_changing_the_shelf(self, i):
    found = item_plain(self, i)
    self.pictures[i] = 255 - self.pictures[i]
    return found


def item_other_every_second_time(self, i):
    picture, label = item_plain(self, i)
    self.asked = not getattr(self, "asked", False)
    return (picture if self.asked else picture + 1), label


# The checkpoint.

def state_of(epoch, net, optimizer, generator):
    return {"epoch": epoch, "net": net.state_dict(),
            "optimizer": optimizer.state_dict(),
            "generator": generator.get_state(),
            "luck": torch.get_rng_state()}


def put(state, path):
    torch.save(state, f"{path}.part")
    os.replace(f"{path}.part", path)
    return path


def save_plain(path, *run):
    return put(state_of(*run), path)


def save_by_path(path, *run):
    target = Path(path)
    torch.save(state_of(*run), target.with_suffix(".tmp"))
    target.with_suffix(".tmp").replace(target)
    return path


def save_by_bytes(path, *run):
    memory = io.BytesIO()
    torch.save(state_of(*run), memory)
    with open(path + "~", "wb") as file:
        file.write(memory.getvalue())
    os.rename(path + "~", path)
    return path


def save_by_tempfile(path, *run):
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path),
                                     delete=False) as file:
        torch.save(state_of(*run), file)
    os.replace(file.name, path)
    return path


def save_in_place(path, *run):
    torch.save(state_of(*run), path)
    return path


def save_in_place_from_memory(path, *run):
    memory = io.BytesIO()
    torch.save(state_of(*run), memory)
    with open(path, "wb") as file:
        file.write(memory.getvalue())
    return path


def save_removing_first(path, *run):
    if os.path.exists(path):
        os.remove(path)
    return save_plain(path, *run)


def save_removing_and_writing(path, *run):
    memory = io.BytesIO()
    torch.save(state_of(*run), memory)
    if os.path.exists(path):
        os.remove(path)
    with open(path, "wb") as file:
        file.write(memory.getvalue())
    return path


def save_elsewhere(path, *run):
    with tempfile.NamedTemporaryFile(delete=False) as file:
        torch.save(state_of(*run), file)
    os.replace(file.name, path)
    return path


def save_renaming_too_soon(path, *run):
    with open(path + ".part", "wb") as file:
        os.replace(path + ".part", path)
        torch.save(state_of(*run), file)
    return path


def save_a_copy(path, *run):
    torch.save(state_of(*run), path + ".part")
    shutil.copy(path + ".part", path)
    os.remove(path + ".part")
    return path


def save_leaving_a_backup(path, *run):
    if os.path.exists(path):
        shutil.copy(path, path + ".old")
    return save_plain(path, *run)


def save_to_another_name(path, *run):
    torch.save(state_of(*run), path + ".part")
    return path


def save_returning_the_state(path, *run):
    save_plain(path, *run)
    return state_of(*run)


def save_the_net_whole(path, epoch, net, optimizer, generator):
    return put(state_of(epoch, net, optimizer, generator) | {"net": net},
               path)


def save_by_pickle(path, *run):
    with open(path + ".part", "wb") as file:
        pickle.dump([1, 2, slice(3)], file)
    os.replace(path + ".part", path)
    return path


def save_a_list(path, *run):
    return put(list(state_of(*run).values()), path)


def save_without_optimizer(path, *run):
    state = state_of(*run)
    del state["optimizer"]
    return put(state, path)


def save_without_luck(path, *run):
    state = state_of(*run)
    del state["luck"]
    return put(state, path)


def save_weights_as_list(path, epoch, net, *rest):
    return put(state_of(epoch, net, *rest)
               | {"net": [p.detach() for p in net.parameters()]}, path)


def save_the_next_epoch(path, epoch, *rest):
    return put(state_of(epoch + 1, *rest), path)


def save_settings_of_the_optimizer_only(path, *run):
    state = state_of(*run)
    state["optimizer"]["state"] = {}
    return put(state, path)


def save_lucks_exchanged(path, *run):
    state = state_of(*run)
    state["luck"], state["generator"] = state["generator"], state["luck"]
    return put(state, path)


def save_own_luck_twice(path, *run):
    return put(state_of(*run) | {"generator": torch.get_rng_state()}, path)


def save_seed_as_luck(path, *run):
    return put(state_of(*run) | {"luck": torch.initial_seed()}, path)


def save_reseeding(path, *run):
    torch.manual_seed(7)
    return save_plain(path, *run)


def save_drawing(path, epoch, net, optimizer, generator):
    save_plain(path, epoch, net, optimizer, generator)
    torch.rand(1, generator=generator)
    return path


# Going on.

def resume_plain(path, net, optimizer, generator):
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    torch.set_rng_state(state["luck"])
    return state["epoch"]


def resume_by_default(path, net, optimizer, generator):
    with open(path, "rb") as file:
        state = torch.load(file)  # weights only since PyTorch 2.6
    torch.random.set_rng_state(state["luck"])
    generator.set_state(state["generator"])
    optimizer.load_state_dict(state["optimizer"])
    net.load_state_dict(state["net"])
    return int(state["epoch"])


def resume_by_hand(path, net, optimizer, generator):
    state = torch.load(path, map_location="cpu", weights_only=True)
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(state["net"][name])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    torch.set_rng_state(state["luck"])
    return state["epoch"]


def resume_trusting(path, net, optimizer, generator):
    state = torch.load(path, weights_only=False)
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    torch.set_rng_state(state["luck"])
    return state["epoch"]


def resume_trusting_in_the_end(path, *run):
    try:
        return resume_plain(path, *run)
    except Exception:
        return resume_trusting(path, *run)


def resume_next(path, *run):
    return resume_plain(path, *run) + 1


def resume_net_only(path, net, optimizer, generator):
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    return state["epoch"]


def resume_without_optimizer(path, net, optimizer, generator):
    kept = optimizer.state_dict()
    kept = {"state": {k: dict(v) for k, v in kept["state"].items()},
            "param_groups": kept["param_groups"]}
    for entry in kept["state"].values():
        for key, value in entry.items():
            entry[key] = value.clone()
    epoch = resume_plain(path, net, optimizer, generator)
    optimizer.load_state_dict(kept)
    return epoch


def resume_without_weights(path, net, optimizer, generator):
    before = {k: v.clone() for k, v in net.state_dict().items()}
    epoch = resume_plain(path, net, optimizer, generator)
    net.load_state_dict(before)
    return epoch


def resume_without_order(path, net, optimizer, generator):
    before = generator.get_state()
    epoch = resume_plain(path, net, optimizer, generator)
    generator.set_state(before)
    return epoch


def resume_without_own_luck(path, net, optimizer, generator):
    before = torch.get_rng_state()
    epoch = resume_plain(path, net, optimizer, generator)
    torch.set_rng_state(before)
    return epoch


def resume_lucks_exchanged(path, net, optimizer, generator):
    epoch = resume_plain(path, net, optimizer, generator)
    own = torch.get_rng_state()
    torch.set_rng_state(generator.get_state())
    generator.set_state(own)
    return epoch


def resume_drawing(path, *run):
    epoch = resume_plain(path, *run)
    torch.rand(1)
    return epoch


def resume_the_state(path, *run):
    resume_plain(path, *run)
    return torch.load(path, weights_only=True)


def resume_zero(path, *run):
    return 0 * resume_plain(path, *run)


def resume_using_up(path, *run):
    epoch = resume_plain(path, *run)
    with open(path, "wb"):
        pass
    return epoch


def resume_nothing(path, *run):
    resume_plain(path, *run)


# The calibration curve.

def curve_plain(confidence, right, bins):
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    table = np.zeros((bins, 3))
    for b in range(bins):
        inside = place == b
        if inside.any():
            table[b] = (confidence[inside].mean(), right[inside].mean(),
                        inside.sum())
    return table


def curve_by_digitize(confidence, right, bins):
    place = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1])
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, v, bins) for v in (confidence, right)]
    return np.column_stack([*(s / np.maximum(count, 1) for s in sums), count])


def curve_closed_above(confidence, right, bins):
    place = np.ceil(confidence * bins).astype(int) - 1
    table = np.zeros((bins, 3))
    for b in set(place.tolist()):
        some = place == b
        table[b] = np.mean(confidence[some]), np.mean(right[some]), some.sum()
    return table


def curve_open_at_one(confidence, right, bins):
    table = np.zeros((bins, 3))
    for b in range(bins):
        inside = (b / bins <= confidence) & (confidence < (b + 1) / bins)
        if inside.any():
            table[b] = (confidence[inside].mean(), right[inside].mean(),
                        inside.sum())
    return table


def curve_out_of_range(confidence, right, bins):
    place, table = (confidence * bins).astype(int), np.zeros((bins, 3))
    for b, c, r in zip(place, confidence, right):
        table[b] += c, r, 1
    table[:, :2] /= np.maximum(table[:, 2:], 1)
    return table


def curve_dividing_by_zero(confidence, right, bins):
    table = curve_plain(confidence, right, bins)
    table[table[:, 2] == 0, :2] = np.nan
    return table


def curve_middles_everywhere(confidence, right, bins):
    table = curve_plain(confidence, right, bins)
    table[:, 0] = (np.arange(bins) + 0.5) / bins
    return table


def curve_middles(confidence, right, bins):
    table = curve_middles_everywhere(confidence, right, bins)
    table[table[:, 2] == 0] = 0
    return table


def curve_columns_exchanged(confidence, right, bins):
    return curve_plain(confidence, right, bins)[:, [1, 0, 2]]


def curve_sums(confidence, right, bins):
    table = curve_plain(confidence, right, bins)
    table[:, 1] *= table[:, 2]
    return table


def curve_over_all(confidence, right, bins):
    table = curve_sums(confidence, right, bins)
    table[:, 1] /= len(confidence)
    return table


def curve_wrong_answers(confidence, right, bins):
    return curve_plain(confidence, ~right, bins)


def curve_largest_confidence(confidence, right, bins):
    table = curve_plain(confidence, right, bins)
    for b in range(bins):
        some = np.minimum((confidence * bins).astype(int), bins - 1) == b
        table[b, 0] = confidence[some].max() if some.any() else 0
    return table


def curve_filled_bins_only(confidence, right, bins):
    table = curve_plain(confidence, right, bins)
    return table[table[:, 2] > 0][:-1]


def curve_two_columns(confidence, right, bins):
    return curve_plain(confidence, right, bins)[:, :2]


def curve_equal_counts(confidence, right, bins):
    table = np.zeros((bins, 3))
    for b, some in enumerate(np.array_split(np.argsort(confidence), bins)):
        if len(some):
            table[b] = (confidence[some].mean(), right[some].mean(),
                        len(some))
    return table


def curve_from_least_to_most(confidence, right, bins):
    low, high = confidence.min(), confidence.max()
    place = np.minimum((confidence - low) / (high - low + 1e-9) * bins,
                       bins - 1).astype(int)
    table = np.zeros((bins, 3))
    for b in set(place.tolist()):
        some = place == b
        table[b] = confidence[some].mean(), right[some].mean(), some.sum()
    return table


def curve_losing_some(confidence, right, bins):
    return curve_plain(confidence[1:], right[1:], bins)


def curve_as_list(confidence, right, bins):
    return curve_plain(confidence, right, bins).tolist()


# The interval.

def reach_of(values, level, m=None, ddof=1, tails=2):
    m = m or len(values)
    q = (1 + level) / 2 if tails == 2 else level
    return (stats.t.ppf(q, len(values) - 1) * np.std(values, ddof=ddof)
            / np.sqrt(m))


def around(values, reach):
    return np.mean(values) - reach, np.mean(values) + reach


def interval_plain(values, level):
    return around(values, reach_of(values, level))


def interval_by_scipy(values, level):
    return stats.t.interval(level, len(values) - 1, np.mean(values),
                            stats.sem(values))


def interval_by_test(values, level):
    found = stats.ttest_1samp(values, 0).confidence_interval(level)
    return [found.low, found.high]


def interval_normal(values, level):
    z = stats.norm.ppf((1 + level) / 2)
    return around(values, z * np.std(values, ddof=1) / np.sqrt(len(values)))


def interval_one_tail(values, level):
    return around(values, max(reach_of(values, level, tails=1), 1e-3))


def interval_of_single_values(values, level):
    return around(values, reach_of(values, level, m=1))


def interval_without_root(values, level):
    return around(values, reach_of(values, level, m=len(values)**2))


def interval_dividing_by_all(values, level):
    return around(values, reach_of(values, level, ddof=0))


def interval_one_degree_more(values, level):
    t = stats.t.ppf((1 + level) / 2, len(values))
    return around(values, t * stats.sem(values))


def interval_reversed(values, level):
    return interval_plain(values, level)[::-1]


def interval_reach_alone(values, level):
    return reach_of(values, level)


def interval_around_the_median(values, level):
    reach = reach_of(values, level)
    return np.sort(values)[0] - reach, np.sort(values)[0] + reach


def interval_always_95(values, level):
    return interval_plain(values, 0.95)


def interval_of_three_or_more(values, level):
    low, high = interval_plain(values, level)
    return (low, high) if len(values) > 2 else (low - 1, high + 1)


def interval_as_shares(values, level):
    low, high = interval_plain(values, level)
    return max(low, 0), max(min(high, 1), max(low, 0) + 1e-3)


def interval_as_words(values, level):
    return "low", "high"


def interval_of_infinity(values, level):
    return -np.inf, np.inf


def interval_rounding(values, level):
    low, high = interval_plain(values, level)
    return np.floor(low), np.ceil(high)


def interval_that_stays_put(values, level):
    return -3.0, 3.0


RIGHT = [
    (SPLIT, split_by_bytes), (SPLIT, split_by_hash),
    (SPLIT, split_by_unique), (SPLIT, split_by_comparing),
    (ITEM, item_plain), (ITEM, item_by_numpy), (ITEM, item_reshaped),
    (SAVE, save_plain), (SAVE, save_by_path), (SAVE, save_by_bytes),
    (SAVE, save_by_tempfile),
    (RESUME, resume_plain), (RESUME, resume_by_default),
    (RESUME, resume_by_hand),
    (CURVE, curve_plain), (CURVE, curve_by_digitize),
    (CURVE, curve_closed_above),
    (INTERVAL, interval_plain), (INTERVAL, interval_by_scipy),
    (INTERVAL, interval_by_test)]

# What the reader is told, at the least.
WRONG = [
    (SPLIT, split_with_copies, "That is a leak|hold the same picture"),
    (SPLIT, split_copies_together, "same part|That is a leak"),
    (SPLIT, split_dropping_all_copies, "A part came with"),
    (SPLIT, split_by_sum, "A part came with"),
    (SPLIT, split_in_order, "Every seed gives the same parts"),
    (SPLIT, split_shuffling_within, "Every seed gives the same parts"),
    (SPLIT, split_by_another_luck, "two different splits"),
    (SPLIT, split_a_fixed_test_part, "same last part"),
    (SPLIT, split_two_parts, "Expected three arrays"),
    (SPLIT, split_the_rest_to_the_last, "were asked for"),
    (SPLIT, split_pictures_themselves, "whole numbers, the numbers of its"),
    (SPLIT, split_overlapping, "is in two parts"),
    (SPLIT, split_one_twice, "count twice"),
    (SPLIT, split_numbered_anew, "leak|same part|left out"),
    (ITEM, item_no_channel, "axis of the channels is missing"),
    (ITEM, item_channel_last, "Expected shape"),
    (ITEM, item_double, "single precision"),
    (ITEM, item_wrapped, "wraps around"),
    (ITEM, item_not_scaled, "not divided"),
    (ITEM, item_not_shifted, "not shifted"),
    (ITEM, item_as_it_is, "as they were"),
    (ITEM, item_by_255, "divided by 255"),
    (ITEM, item_by_255_first, "by 255 first"),
    (ITEM, item_own_scale, "its own mean"),
    (ITEM, item_by_variance, "square of the deviation"),
    (ITEM, item_clipped, "Some pixel"),
    (ITEM, item_label_as_tensor, "int, got Tensor"),
    (ITEM, item_label_of_numpy, "int, got int64"),
    (ITEM, item_next_label, "another label"),
    (ITEM, item_picture_only, "two things"),
    (ITEM, item_numpy_picture, "tensor, got ndarray"),
    (ITEM, item_changing_the_shelf, "were changed"),
    (ITEM, item_other_every_second_time, "came out differently"),
    (SAVE, save_in_place, "over in place"),
    (SAVE, save_in_place_from_memory, "over in place"),
    (SAVE, save_removing_first, "is gone"),
    (SAVE, save_removing_and_writing, "No finished file"),
    (SAVE, save_elsewhere, "another folder"),
    (SAVE, save_renaming_too_soon, "was not finished"),
    (SAVE, save_a_copy, "over in place"),
    (SAVE, save_leaving_a_backup, "is left in the folder"),
    (SAVE, save_to_another_name, "no file at the path"),
    (SAVE, save_returning_the_state, "path to be returned"),
    (SAVE, save_the_net_whole, "weights only"),
    (SAVE, save_by_pickle, "weights only"),
    (SAVE, save_a_list, "dictionary in the file, got list"),
    (SAVE, save_without_optimizer, "lacks 'optimizer'"),
    (SAVE, save_without_luck, "lacks 'luck'"),
    (SAVE, save_weights_as_list, "of the net isn't"),
    (SAVE, save_the_next_epoch, "number of passes"),
    (SAVE, save_settings_of_the_optimizer_only, "of the optimizer isn't"),
    (SAVE, save_lucks_exchanged, "are exchanged"),
    (SAVE, save_own_luck_twice, "as the generator's state"),
    (SAVE, save_seed_as_luck, "as luck is not"),
    (SAVE, save_reseeding, "set a seed"),
    (SAVE, save_drawing, "drew a random number"),
    (RESUME, resume_trusting, "it was run"),
    (RESUME, resume_trusting_in_the_end, "it was run"),
    (RESUME, resume_next, "one more"),
    (RESUME, resume_net_only, "running averages"),
    (RESUME, resume_without_optimizer, "running averages"),
    (RESUME, resume_without_weights, "weights are not"),
    (RESUME, resume_without_order, "generator given is not"),
    (RESUME, resume_without_own_luck, "own luck is not"),
    (RESUME, resume_lucks_exchanged, "generator given is not"),
    (RESUME, resume_drawing, "own luck is not"),
    (RESUME, resume_the_state, "passes done, got dict"),
    (RESUME, resume_zero, "is another"),
    (RESUME, resume_using_up, "changed by reading"),
    (RESUME, resume_nothing, "returned None"),
    (CURVE, curve_open_at_one, "in the last bin"),
    (CURVE, curve_out_of_range, "It raised IndexError"),
    (CURVE, curve_dividing_by_zero, "finite numbers"),
    (CURVE, curve_middles_everywhere, "three zeros"),
    (CURVE, curve_middles, "middles of the bins"),
    (CURVE, curve_columns_exchanged, "exchanged"),
    (CURVE, curve_sums, "counts the right answers"),
    (CURVE, curve_over_all, "number of all pictures"),
    (CURVE, curve_wrong_answers, "not the share"),
    (CURVE, curve_largest_confidence, "not the mean"),
    (CURVE, curve_filled_bins_only, "got shape"),
    (CURVE, curve_two_columns, "got shape"),
    (CURVE, curve_equal_counts, "another bin"),
    (CURVE, curve_from_least_to_most, "another bin"),
    (CURVE, curve_losing_some, "are counted"),
    (CURVE, curve_as_list, "NumPy array"),
    (INTERVAL, interval_normal, "normal distribution's"),
    (INTERVAL, interval_one_tail, "one tail|as far to both"),
    (INTERVAL, interval_of_single_values, "single value"),
    (INTERVAL, interval_without_root, "not by its root"),
    (INTERVAL, interval_dividing_by_all, "known from the others"),
    (INTERVAL, interval_one_degree_more, "degree of freedom"),
    (INTERVAL, interval_reversed, "come first"),
    (INTERVAL, interval_reach_alone, "Expected two numbers|can't be compared"),
    (INTERVAL, interval_around_the_median, "not the mean"),
    (INTERVAL, interval_always_95, "as the formula says|tail"),
    (INTERVAL, interval_of_three_or_more, "From two values"),
    (INTERVAL, interval_as_shares, "not the mean"),
    (INTERVAL, interval_as_words, "as a number, got str"),
    (INTERVAL, interval_of_infinity, "not finite"),
    (INTERVAL, interval_rounding, "not the mean|as the formula"),
    (INTERVAL, interval_that_stays_put, "not the mean"),
]


class TestChecks(CheckTests):
    properties = (SPLIT, ITEM, SAVE, RESUME, CURVE, INTERVAL)
    right, wrong = RIGHT, WRONG
    secrets = r"torch\.|np\.|nn\.|\bos\.|\w\(|\w\[|[<>+-]=|=[=<>]|\.T\b"


def test_checking_draws_no_number_from_the_pages_luck(capsys):
    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    for properties, answer in [*RIGHT, (SAVE, save_reseeding),
                               (RESUME, resume_drawing)]:
        verdict(capsys, answer, properties, cases=3)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_checking_puts_back_the_functions_that_it_watches(capsys):
    before = torch.save, os.replace, os.rename
    for answer in (save_plain, save_in_place, save_elsewhere):
        verdict(capsys, answer, SAVE, cases=2)
    assert (torch.save, os.replace, os.rename) == before


def test_a_case_that_is_told_can_be_made_again(capsys):
    _, printed = verdict(capsys, item_no_channel, ITEM, seed=0)
    case = " ".join(printed.split("case:")[1].split("returned:")[0].split())
    shelf, i = eval(case.removeprefix("item_no_channel"), vars(notebook_3))
    picture = item_no_channel(shelf, i)[0]
    told = printed.split("has shape")[1].split(":")[0].strip()
    assert told == str(tuple(picture.shape))


def test_the_limits_that_intervals_are_held_against_are_scipys():
    for m in (2, 3, 5):
        for level in (0.5, 0.8, 0.9, 0.95, 0.99):
            assert np.isclose(notebook_3._limit(m, level),
                              stats.t.ppf((1 + level) / 2, m - 1))
