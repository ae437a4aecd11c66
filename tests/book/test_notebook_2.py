"""Notebook 2 as its readers meet it: empty, filled rightly, filled wrongly."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from bookbuild.pages import ROOT, Page

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


@pytest.fixture(scope="module")
def cells():
    path = Path("chapters/notebooks/notebook_2_nn.md")
    return Page(ROOT, path).code


def run(cells, capsys, filled):
    """Run the lab's holes, checks and solutions with some holes filled.

    Returns the lines printed by each hole's own check, by hole, and the
    names that the cells below would see.
    """
    space = {}
    exec("import numpy as np, torch\nfrom torch import nn\n"
         "from torch.nn import functional as F\nfrom scratch import data\n"
         "from scratch.inputs import check_finite\n"
         "from scratch.selfcheck import check\n"
         "from scratch.checks import notebook_2 as checks", space)
    told = {}
    for cell in cells:
        if cell.startswith("class MLP") or "def train(" in cell:
            exec(cell, space)
        for hole in HOLES:
            if f"def my_{hole}(" in cell:
                exec(filled.get(hole, cell), space)
            elif cell.startswith(f"passed_{hole} = check("):
                exec(cell, space)
                told[hole] = capsys.readouterr().out
            elif cell.startswith(f"def book_{hole}("):
                exec(cell, space)
                assert "right. All" in capsys.readouterr().out
            elif cell.startswith(f"{hole} = passed_{hole} or book_{hole}"):
                exec(cell, space)
    return told, space


def used(space):
    return [space[hole].__name__ for hole in HOLES]


def test_the_lab_as_published_says_calmly_that_nothing_is_written(
        cells, capsys):
    told, space = run(cells, capsys, {})
    assert told == {hole: f"my_{hole}: not written yet.\n" for hole in HOLES}
    assert used(space) == [f"book_{hole}" for hole in HOLES]


def test_right_answers_are_told_so_and_used_below(cells, capsys):
    told, space = run(cells, capsys, RIGHT)
    for hole in HOLES:
        assert re.fullmatch(rf"my_{hole}: right\. All \d properties hold, on "
                            r"\d+ cases made for this run\.\n", told[hole])
    assert used(space) == [f"my_{hole}" for hole in HOLES]
    assert space["MLP"].forward is space["my_forward"]


@pytest.mark.parametrize("hole", HOLES)
def test_a_wrong_answer_is_told_its_fault_and_the_books_is_used(
        cells, capsys, hole):
    answer, fault = WRONG[hole]
    told, space = run(cells, capsys, RIGHT | {hole: answer})
    assert told[hole].startswith(f"my_{hole}: not yet.")
    assert fault in " ".join(told[hole].split())
    assert "case:" in told[hole] and "book_" not in told[hole]
    assert used(space)[HOLES.index(hole)] == f"book_{hole}"
    assert sum(name.startswith("my_") for name in used(space)) == 5


def test_an_answer_that_raises_does_not_stop_the_cells_below(cells, capsys):
    broken = "def my_forward(net, X):\n    return net.third(X)\n"
    told, space = run(cells, capsys, {"forward": broken})
    assert ("It raised AttributeError: 'Layers' object has no attribute "
            "'third'" in " ".join(told["forward"].split()))
    assert used(space)[0] == "book_forward"


@pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
def test_the_loop_trains_on_one_part_and_only_looks_at_the_others(
        cells, capsys, filled):
    _, space = run(cells, capsys, filled)
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
        cells, capsys):
    _, space = run(cells, capsys, {})
    X, y, *_ = space["prepare"]("gaussians", seed=0)
    X[7] = torch.nan
    with pytest.raises(ValueError, match="the loss of step 1: expected "
                       "finite numbers, got nan"):
        space["train"](space["MLP"](3, 2), X, y, [])


def test_the_two_nets_have_the_weights_that_the_title_names(cells, capsys):
    _, space = run(cells, capsys, {})
    assert [space["count"](space["MLP"](*size))
            for size in (space["small"], space["big"])] == [20, 1321]
