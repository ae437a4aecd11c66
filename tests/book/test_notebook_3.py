"""Notebook 3 as its readers meet it: empty, filled rightly, filled wrongly."""

import hashlib
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from labs import LabTests
from scratch import data

HOLES = ("split", "item", "save", "resume", "curve", "interval")

RIGHT = {
    "split": """
def my_split(pictures, sizes, seed):
    flat = np.asarray(pictures).reshape(len(pictures), -1)
    _, rows = np.unique(flat, axis=0, return_index=True)
    np.random.default_rng(seed).shuffle(rows)
    a, b, c = sizes
    return [rows[:a], rows[a:a + b], rows[a + b:a + b + c]]
""", "item": """
def my_item(self, i):
    pixels = (self.pictures[i].astype(np.float32) - self.mean)
    pixels = np.float32(pixels / self.deviation)
    return torch.from_numpy(pixels).unsqueeze(0), self.labels[i].item()
""", "save": """
def my_save(path, epoch, net, optimizer, generator):
    beside = path + ".new"
    with open(beside, "wb") as file:
        torch.save(dict(epoch=epoch, net=net.state_dict(),
                        optimizer=optimizer.state_dict(),
                        generator=generator.get_state(),
                        luck=torch.get_rng_state()), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    return path
""", "resume": """
def my_resume(path, net, optimizer, generator):
    with open(path, "rb") as file:
        state = torch.load(file, weights_only=True)
    torch.set_rng_state(state["luck"])
    generator.set_state(state["generator"])
    for part, name in ((net, "net"), (optimizer, "optimizer")):
        part.load_state_dict(state[name])
    return state["epoch"]
""", "curve": """
def my_curve(confidence, right, bins):
    place = np.minimum(np.floor(confidence * bins), bins - 1).astype(int)
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=v, minlength=bins)
            for v in (confidence, right)]
    means = [s / np.maximum(count, 1) for s in sums]
    return np.column_stack([*means, count])
""", "interval": """
def my_interval(values, level):
    return stats.t.interval(level, len(values) - 1, loc=np.mean(values),
                            scale=stats.sem(values))
"""}

WRONG = {
    "split": ("""
def my_split(pictures, sizes, seed):
    rows = np.random.default_rng(seed).permutation(len(pictures))
    a, b, c = np.cumsum(sizes)
    return rows[:a], rows[a:b], rows[b:c]
""", "That is a leak"), "item": ("""
def my_item(self, i):
    picture = torch.tensor(self.pictures[i], dtype=torch.float32)
    return (picture - self.mean) / self.deviation, int(self.labels[i])
""", "axis of the channels is missing"), "save": ("""
def my_save(path, epoch, net, optimizer, generator):
    torch.save({"epoch": epoch, "net": net.state_dict(),
                "optimizer": optimizer.state_dict(),
                "generator": generator.get_state(),
                "luck": torch.get_rng_state()}, path)
    return path
""", "written over in place"), "resume": ("""
def my_resume(path, net, optimizer, generator):
    state = torch.load(path, weights_only=False)
    net.load_state_dict(state["net"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    torch.set_rng_state(state["luck"])
    return state["epoch"]
""", "it was run"), "curve": ("""
def my_curve(confidence, right, bins):
    table = np.zeros((bins, 3))
    for b in range(bins):
        inside = (b / bins <= confidence) & (confidence < (b + 1) / bins)
        if inside.any():
            table[b] = (confidence[inside].mean(), right[inside].mean(),
                        inside.sum())
    return table
""", "in the last bin"), "interval": ("""
def my_interval(values, level):
    reach = stats.norm.ppf((1 + level) / 2) * np.std(values, ddof=1)
    reach = reach / np.sqrt(len(values))
    return np.mean(values) - reach, np.mean(values) + reach
""", "normal distribution's")}

BEGIN = """
import hashlib, os
import numpy as np, torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from scipy import stats
from scratch import data
from scratch.selfcheck import check
from scratch.checks import notebook_3 as checks
"""


@pytest.fixture(scope="module")
def spaces():
    """The names of the page with no hole filled, and with all."""
    kept = {}

    def names(capsys, kind):
        if kind not in kept:
            lab = TestNotebook3()
            lab.needed = ("def mark(", "copied = luck.choice", "marks = ",
                          "sizes = 4000", "class Garments",
                          "mean = float(pictures", "def begin(",
                          "def go_on(", "def ece(", "def temperature(")
            filled = RIGHT if kind == "reader's" else {}
            kept[kind] = lab.run(capsys, filled)[1]
        return kept[kind]
    return names


class TestNotebook3(LabTests):
    page = "notebook_3_image_classification"
    holes, right, wrong = HOLES, RIGHT, WRONG
    broken = ("item", "def my_item(self, i):\n    return self.images[i]\n",
              "It raised AttributeError: 'Shelf' object has no attribute "
              "'images'")
    begin = BEGIN
    needed = ("def mark(",)

    @pytest.mark.parametrize("kind", ["book's", "reader's"])
    def test_no_picture_is_in_two_parts_by_its_hash(
            self, capsys, spaces, kind):
        space = spaces(capsys, kind)
        marks = [{hashlib.sha256(picture.tobytes()).digest()
                  for picture in space["pictures"][rows]}
                 for rows in space["parts"]]
        assert [len(m) for m in marks] == [4000, 2000, 10_000]
        for a, b in itertools.combinations(marks, 2):
            assert not a & b

    @pytest.mark.parametrize("kind", ["book's", "reader's"])
    def test_the_scale_of_all_parts_is_that_of_the_training_part(
            self, capsys, spaces, kind):
        space = spaces(capsys, kind)
        rows = space["parts"][0]
        pixels = space["pictures"][rows].astype(float)
        for part in ("training", "validation", "test"):
            assert np.isclose(space[part].mean, pixels.mean())
            assert np.isclose(space[part].deviation, pixels.std())
        one = space["test"][5][0].double().numpy()[0]
        raw = space["pictures"][space["parts"][2][5]].astype(float)
        assert np.allclose(one, (raw - pixels.mean()) / pixels.std(),
                           atol=1e-5)

    def test_the_books_test_and_validation_pictures_stay_shut(
            self, capsys, spaces):
        drawer = {p.tobytes() for p in spaces(capsys, "book's")["pictures"]}
        for part in ("validation", "test"):
            images, _ = data.load("fashion", part)
            assert not drawer & {image.tobytes() for image in images}

    @pytest.mark.parametrize("kind", ["book's", "reader's"])
    def test_a_run_that_dies_within_a_pass_ends_with_the_same_bits(
            self, capsys, spaces, kind, tmp_path):
        space = spaces(capsys, kind)
        few = [space["training"][i] for i in range(200)]

        class Died(Exception):
            pass

        class Mortal(list):
            left = 450  # items: two passes of 200, and a quarter of one

            def __getitem__(self, i):
                self.left -= 1
                if self.left < 0:
                    raise Died
                return super().__getitem__(i)

        whole, killed = str(tmp_path / "whole"), str(tmp_path / "killed")
        before = torch.get_rng_state()
        undisturbed = space["go_on"](*space["begin"](0, few), whole, 0, 4)
        with pytest.raises(Died):
            space["go_on"](*space["begin"](0, Mortal(few)), killed, 0, 4)
        net, optimizer, loader = space["begin"](1, few)
        done = space["resume"](killed, net, optimizer, loader.generator)
        assert done == 2
        space["go_on"](net, optimizer, loader, killed, done, 4)
        torch.set_rng_state(before)
        for p, q in zip(net.parameters(), undisturbed.parameters()):
            assert torch.equal(p, q)
        assert sorted(os.listdir(tmp_path)) == ["killed", "whole"]

    def test_without_any_one_part_the_run_is_another(
            self, capsys, spaces, tmp_path):
        space, path = spaces(capsys, "book's"), str(tmp_path / "two")
        few = [space["training"][i] for i in range(200)]
        before = torch.get_rng_state()
        space["go_on"](*space["begin"](0, few), path, 0, 2)

        def third_pass(damage):
            net, optimizer, loader = space["begin"](1, few)
            space["resume"](path, net, optimizer, loader.generator)
            damage(net, optimizer, loader)
            space["one_pass"](net, optimizer, loader)
            return torch.nn.utils.parameters_to_vector(net.parameters())

        right = third_pass(lambda *run: None)
        assert torch.equal(right, third_pass(lambda *run: None))
        for damage in (lambda net, o, loader: o.state.clear(),
                       lambda net, o, loader: loader.generator.manual_seed(1),
                       lambda net, o, loader: torch.manual_seed(1),
                       lambda net, o, loader: net[0].bias.data.zero_()):
            assert not torch.equal(right, third_pass(damage))
        torch.set_rng_state(before)

    def test_the_temperature_is_pytorchs_minimum_and_changes_no_answer(
            self, capsys, spaces):
        from scipy.optimize import minimize_scalar
        space, generator = spaces(capsys, "book's"), torch.Generator()
        for seed in range(5):
            scores = 4 * torch.randn(300, 5, dtype=torch.float64,
                                     generator=generator.manual_seed(seed))
            labels = (scores + 6 * torch.randn(
                300, 5, dtype=torch.float64, generator=generator)).argmax(1)
            found = space["temperature"](scores, labels)

            def cost(t, scores=scores, labels=labels):
                return float(functional.cross_entropy(scores / t, labels))

            best = minimize_scalar(cost, bounds=(0.1, 50), method="bounded",
                                   options={"xatol": 1e-10})
            assert abs(found / best.x - 1) < 1e-5
            assert torch.equal((scores / found).argmax(1), scores.argmax(1))

    def test_the_calibration_error_of_a_case_worked_by_hand(
            self, capsys, spaces):
        # Two bins: 0.3 and 0.5-: one right of two; 0.6, 0.8, 1: two of three.
        confidence = np.array([0.25, 0.45, 0.6, 0.8, 1.0])
        right = np.array([True, False, True, True, False])
        space = spaces(capsys, "book's")
        found = space["ece"](space["curve"](confidence, right, 2))
        assert np.isclose(found, 2 / 5 * (0.5 - 0.35) + 3 / 5 * (0.8 - 2 / 3))


@pytest.mark.slow
def test_a_process_killed_from_outside_leaves_a_whole_checkpoint(tmp_path):
    # The book's way of writing, in a process that does nothing else.
    program = """
import os, torch
weights = {str(i): torch.zeros(1000) + i for i in range(50)}
epoch = 0
while True:
    epoch += 1
    torch.save({"epoch": epoch, "net": weights}, "run.pt.part")
    os.replace("run.pt.part", "run.pt")
"""
    path = tmp_path / "run.pt"
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", program],
                                 cwd=tmp_path)
        try:
            while not path.exists():
                assert child.poll() is None
            seen = [torch.load(path, weights_only=True)["epoch"]
                    for _ in range(20)]
        finally:
            child.kill()
            child.wait()
        assert seen == sorted(seen)
        state = torch.load(path, weights_only=True)
        assert state["epoch"] >= seen[-1] and len(state["net"]) == 50
        path.unlink()
