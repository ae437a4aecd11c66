"""Notebook 2 as its readers meet it: empty, filled rightly, filled wrongly."""

import numpy as np
import pytest
import torch

from labs import LabTests

HOLES = ("forward", "count", "loss", "step", "split", "measure")

RIGHT = {
    "forward": """
def my_forward(net, X):
    for layer in (net.first, net.second):
        X = torch.tanh(layer(X))
    return net.last(X).squeeze(-1)
""", "count": """
def my_count(net):
    return sum(p.nelement() for p in net.parameters())
""", "loss": """
def my_loss(z, y):
    return -F.logsigmoid(y * z).mean()
""", "step": """
def my_step(net, optimizer, X, y):
    for p in net.parameters():
        p.grad = None
    cost = loss(net(X), y)
    cost.backward()
    optimizer.step()
    return cost.item()
""", "split": """
def my_split(X, y, share, seed):
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))
    cut = len(X) - round(share * len(X))
    a, b = X[rows[:cut]], X[rows[cut:]]
    m, s = a.mean(0), a.std(0)
    return (a - m) / s, y[rows[:cut]], (b - m) / s, y[rows[cut:]]
""", "measure": """
@torch.no_grad()
def my_measure(net, X, y):
    z = net(X)
    answers = torch.where(z < 0, -1.0, 1.0)
    return loss(z, y).item(), (answers == y).double().mean().item()
"""}

WRONG = {
    "forward": ("""
def my_forward(net, X):
    return net.last(torch.tanh(net.second(torch.tanh(net.first(X)))))
""", "came as a column"), "count": ("""
def my_count(net):
    return len(list(net.parameters()))
""", "number of arrays"), "loss": ("""
def my_loss(z, y):
    return F.softplus(-y * torch.sigmoid(z)).mean()
""", "sigmoid"), "step": ("""
def my_step(net, optimizer, X, y):
    cost = loss(net(X), y)
    cost.backward()
    optimizer.step()
    return cost.item()
""", "Nobody forgot"), "split": ("""
def my_split(X, y, share, seed):
    X = (X - X.mean(0)) / X.std(0)
    rows = np.random.default_rng(seed).permutation(len(X))
    cut = round(share * len(X))
    return X[rows[cut:]], y[rows[cut:]], X[rows[:cut]], y[rows[:cut]]
""", "That is a leak"), "measure": ("""
def my_measure(net, X, y):
    z = net(X)
    return loss(z, y).item(), ((z >= 0) == (y > 0)).float().mean().item()
""", "Measure without recording")}


class TestNotebook2(LabTests):
    page = "notebook_2_nn"
    holes, right, wrong = HOLES, RIGHT, WRONG
    broken = ("forward", "def my_forward(net, X):\n    return net.third(X)\n",
              "It raised AttributeError: 'Layers' object has no attribute "
              "'third'")
    begin = """
import numpy as np, torch
from torch import nn
from torch.nn import functional as F
from scratch import data
from scratch.inputs import check_finite
from scratch.selfcheck import check
from scratch.checks import notebook_2 as checks
"""
    needed = ("class MLP", "def train(", "def prepare(", "small, big = (3",
              "MLP.forward = ")

    def test_the_net_has_the_readers_forward(self, capsys):
        _, space = self.run(capsys, RIGHT)
        assert space["MLP"].forward is space["my_forward"]

    @pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
    def test_the_loop_trains_on_one_part_and_only_looks_at_the_others(
            self, capsys, filled):
        _, space = self.run(capsys, filled)
        X, y, X_new, y_new = space["prepare"]("gaussians", seed=3)
        ends = []
        for watched in ([(X, y)], [(X, y), (X_new, -y_new)]):
            torch.manual_seed(0)
            story = space["train"](space["MLP"](3, 2), X, y, watched, steps=40)
            assert story.shape == (2, len(watched), 2)
            ends.append(story[:, 0])
        assert np.array_equal(*ends)
        assert ends[0][1, 0] < ends[0][0, 0]


    def test_a_loss_that_is_no_number_stops_the_loop_and_names_the_step(
            self, capsys):
        _, space = self.run(capsys, {})
        X, y, *_ = space["prepare"]("gaussians", seed=0)
        X[7] = torch.nan
        with pytest.raises(ValueError, match="the loss of step 1: expected "
                           "finite numbers, got nan"):
            space["train"](space["MLP"](3, 2), X, y, [])


    def test_the_two_nets_have_the_weights_that_the_title_names(
            self, capsys):
        _, space = self.run(capsys, {})
        assert [space["count"](space["MLP"](*size))
                for size in (space["small"], space["big"])] == [20, 1321]
