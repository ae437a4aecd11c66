"""Notebook 4 as its readers meet it: empty, filled rightly, filled wrongly.
And its picture of TensorBoard's page, which shows the page's own runs."""

import ast
import json

import numpy as np
import pytest
import torch
from PIL import Image

from bookbuild.pages import ROOT, code_cells, find_page
from labs import LabTests

HOLES = ("cnn", "move", "report", "read", "choose")
PICTURE = ROOT / "chapters/figures/tensorboard.png"

RIGHT = {
    "cnn": """
def my_cnn():
    return nn.Sequential(
        nn.ZeroPad2d(2), nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(7 * 7 * 32, 10))
""", "move": """
def my_move(pictures, most, generator):
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
""", "report": """
def my_report(log, net, values, step):
    for name in values:
        log.add_scalar(name, values[name], global_step=step)
    for name, array in net.named_parameters():
        log.add_histogram("weights/" + name, array, global_step=step)
    return len(values) + len(list(net.parameters()))
""", "read": """
def my_read(folder, tag):
    files = EventAccumulator(folder, size_guidance={"scalars": 10**6})
    events = files.Reload().Scalars(tag)
    pairs = np.array([(e.step, e.value) for e in events])
    return pairs[:, 0].astype(int), pairs[:, 1]
""", "choose": """
def my_choose(results):
    def score(setting):
        mean = sum(results[setting]) / len(results[setting])
        return mean if mean == mean else -1
    return max(results, key=score)
"""}

WRONG = {
    "cnn": ("""
def my_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.Flatten(), nn.Linear(1568, 10))
""", "ReLU after both convolutions is missing"), "move": ("""
def my_move(pictures, most, generator):
    shifts = torch.randint(-most, most + 1, (len(pictures), 2),
                           generator=generator).tolist()
    return torch.stack([p.roll(s, (1, 2)) for p, s in zip(pictures, shifts)])
""", "came in on the other"), "report": ("""
def my_report(log, net, values, step):
    for name, value in values.items():
        log.add_scalar(name, value)
    for name, array in net.named_parameters():
        log.add_histogram("weights/" + name, array)
    return len(values) + len(list(net.parameters()))
""", "without a step"), "read": ("""
def my_read(folder, tag):
    events = EventAccumulator(folder).Reload().Scalars(tag)
    return (np.array([e.step for e in events]),
            np.array([e.value for e in events]))
""", "keeps no more than a fixed number"), "choose": ("""
def my_choose(results):
    return max(results, key=lambda setting: max(results[setting]))
""", "mean")}


class TestNotebook4(LabTests):
    page = "notebook_4_augmentation_logging"
    holes, right, wrong = HOLES, RIGHT, WRONG
    broken = ("read", "def my_read(folder, tag):\n"
              "    return EventAccumulator(folder).Scalars(tag)\n",
              "It raised KeyError")
    begin = """
import io, json, re, subprocess, sys, time, warnings
import numpy as np, torch
from torch import nn
from torch.nn import functional as F
from torch.utils.tensorboard import SummaryWriter
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator)
from scratch.selfcheck import check
from scratch.checks import notebook_4 as checks
rng = np.random.default_rng(0)
X = torch.tensor(rng.random((200, 1, 28, 28)), dtype=torch.float32)
y = torch.tensor(rng.integers(0, 10, 200))
X_val, y_val = X[:50], y[:50]
"""
    needed = ("def mlp(", "def hurried(", "def look(", "def train(",
              "def serve(", "def ask(")

    @pytest.fixture(autouse=True)
    def in_a_folder_of_its_own(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def trained(self, space, folder="run", **changed):
        torch.manual_seed(0)
        with space["SummaryWriter"](folder) as log:
            return space["train"](space["cnn"](), 0.003, True, 0, log,
                                  passes=2, **changed)

    @pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
    def test_the_log_has_what_the_loop_saw(self, capsys, filled):
        _, space = self.run(capsys, filled)
        seen = self.trained(space)
        assert [len(values) for values in seen.values()] == [8, 2, 2, 2]
        for tag, values in seen.items():
            steps, logged = space["read"]("run", tag)
            assert np.array_equal(logged, np.float32(values))
            assert steps.tolist() == (list(range(1, 9)) if len(steps) == 8
                                      else [4, 8])

    def test_validation_pictures_teach_nothing_and_are_moved_once(
            self, capsys):
        _, space = self.run(capsys, {})
        one, two = space["hurried"](space["X"]), space["hurried"](space["X"])
        assert torch.equal(one, two) and not torch.equal(one, space["X"])
        first = self.trained(space, "first")["loss/training"]
        space["y_val"] = (space["y_val"] + 1) % 10
        space["X_hurried"] = -space["X_hurried"]
        assert first == self.trained(space, "second", every=1)["loss/training"]

    def test_without_moves_the_pictures_are_as_they_are(self, capsys):
        _, space = self.run(capsys, {})

        def none(*_):
            raise AssertionError("moved")
        space["move"] = none
        with space["SummaryWriter"]("plain") as log:
            space["train"](space["cnn"](), 0.003, False, 0, log, passes=1)

    def test_the_two_nets_have_the_weights_that_the_title_names(
            self, capsys):
        for filled in ({}, RIGHT):
            _, space = self.run(capsys, filled)
            sizes = [space["count"](space[net]()) for net in ("cnn", "mlp")]
            assert sizes == [20_746, 52_650]
            assert round(sizes[0] / sizes[1], 2) == 0.39

    @pytest.mark.slow
    def test_the_server_tells_what_the_loop_saw_and_ends(self, capsys):
        _, space = self.run(capsys, {})
        seen = self.trained(space, "runs/one")
        server, address = space["serve"]("runs")
        try:
            for tag, values in seen.items():
                points = space["ask"](address, "one", tag)
                assert np.array_equal(points[:, 1], np.float32(values))
            with pytest.raises(TimeoutError, match="no loss of one"):
                space["ask"](address, "one", "loss", patience=0.3)
        finally:
            server.terminate()
            server.communicate()
        assert server.returncode is not None

    @pytest.mark.slow
    def test_a_server_that_does_not_start_says_why(self, capsys):
        _, space = self.run(capsys, {})
        with pytest.raises(RuntimeError, match="did not start"):
            space["serve"]("runs", "--xyz")


def test_the_picture_of_tensorboard_shows_the_runs_of_the_stored_page():
    [told] = [output["data"]["text/plain"] for cell in code_cells(find_page(
        "notebook_4_augmentation_logging").stored())
        if "log.add_images(" in cell.source for output in cell.outputs
        if "data" in output]
    stored = {f"{run} {tag}": value for run, values in
              ast.literal_eval(told).items() for tag, value in values.items()}
    with Image.open(PICTURE) as picture:
        shown = json.loads(picture.text["values"])
        assert picture.width >= 800 and picture.height >= 600
    assert stored.keys() == shown.keys() and len(stored) == 8
    for name, value in stored.items():
        # As many digits as the picture shows, or python
        # chapters/figures/make_tensorboard.py
        assert abs(shown[name] - value) < 5e-5, name
    assert PICTURE.stat().st_size <= 150_000
