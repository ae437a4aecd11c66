"""Notebook 5 as its readers meet it: empty, filled rightly, filled wrongly.
And its tools, held against chapter 8's, a library's and the appendix's."""

import numpy as np
import pytest
import torch
import torchattacks
from torch import nn
from torch.nn import functional as F

from labs import LabTests
from scratch import attacks, audio, sound

HOLES = ("fgsm", "project", "pgd", "aim", "harden", "snr_db", "robust")

RIGHT = {
    "fgsm": """
def my_fgsm(goal, x, radius, box):
    at = x.clone().requires_grad_()
    goal(at).backward()
    return torch.clip(x + radius * torch.sign(at.grad), *box)
""", "project": """
def my_project(at, x, radius, box):
    change = (at - x).clamp(-radius, radius)
    return (x + change).clamp(*box)
""", "pgd": """
def my_pgd(goal, x, radius, box, steps, generator):
    luck = 2 * torch.rand(x.shape, generator=generator) - 1
    at = project(x + radius * luck, x, radius, box)
    for _ in range(steps):
        at = at.detach().requires_grad_()
        goal(at).backward()
        up = at.detach() + 2.5 * radius / steps * at.grad.sign()
        at = project(up, x, radius, box)
    return at
""", "aim": """
def my_aim(scores, wanted, enough):
    own = F.one_hot(wanted, scores.shape[1]).bool()
    lead = scores[own] - scores.masked_fill(own, -1e9).amax(1)
    return torch.minimum(lead, torch.tensor(enough))
""", "harden": """
def my_harden(net, optimizer, x, labels, attack):
    loss = F.cross_entropy(net(attack(net, x, labels)), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
""", "snr_db": """
def my_snr_db(waves, heard):
    return 20 * torch.log10(waves.norm(dim=1) / (heard - waves).norm(dim=1))
""", "robust": """
def my_robust(net, x, labels, attacks):
    inputs = [x, *(attack(net, x, labels) for attack in attacks)]
    right = torch.stack([net(at).argmax(1) == labels for at in inputs])
    return right.all(0).double().mean().item()
"""}

WRONG = {
    "fgsm": ("""
def my_fgsm(goal, x, radius, box):
    at = x.clone().requires_grad_()
    goal(at).backward()
    return (x - radius * at.grad.sign()).clamp(*box)
""", "against the gradient"), "project": ("""
def my_project(at, x, radius, box):
    return at.clamp(-radius, radius).clamp(*box)
""", "lies around zero"), "pgd": ("""
def my_pgd(goal, x, radius, box, steps, generator):
    at = x
    for _ in range(steps):
        at = at.detach().requires_grad_()
        gradient, = torch.autograd.grad(goal(at), at)
        at = at + 2.5 * radius / steps * gradient.sign()
        at = project(at, x, radius, box)
    return at.detach()
""", "started at the clean inputs"), "aim": ("""
def my_aim(scores, wanted, enough):
    own = scores.gather(1, wanted[:, None])[:, 0]
    return (own - scores.amax(1)).clamp(max=enough)
""", "own rivals"), "harden": ("""
def my_harden(net, optimizer, x, labels, attack):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(attack(net, x, labels)), labels)
    loss.backward()
    optimizer.step()
    return loss.item()
""", "Clear them after the attack"), "snr_db": ("""
def my_snr_db(waves, heard):
    noise = (heard - waves).square().mean(1)
    return 10 * torch.log10(waves.square().sum(1) / noise)
""", "sum was divided by a mean"), "robust": ("""
def my_robust(net, x, labels, attacks):
    held = net(x).argmax(1) == labels
    before = held.sum()
    for attack in attacks:
        held = held & (net(attack(net, x, labels)).argmax(1) == labels)
    return float(held.sum() / before)
""", "divide by all")}


class TestNotebook5(LabTests):
    page = "notebook_5_adversarial_examples"
    holes, right, wrong = HOLES, RIGHT, WRONG
    broken = ("snr_db", "def my_snr_db(waves, heard):\n"
              "    return 10 * torch.log10(waves / heard[0, 0, 0])\n",
              "It raised IndexError")
    begin = """
import copy
import numpy as np, torch
from torch import nn
from torch.nn import functional as F
from scratch import attacks, data, sound
from scratch.train import Batches, fit
from scratch.selfcheck import check
from scratch.checks import notebook_5 as checks
from scratch.audio import LogMel, mu_law_decode, mu_law_encode
"""

    def tools(self, capsys, filled=RIGHT):
        """The names that the cells see, and those of the page's own tools."""
        _, space = self.run(capsys, filled)
        for cell in self.cells("def against(", "def shielded(",
                               "def goes_on("):
            exec(cell.split("\nassert ")[0].split("\nagainst(nets")[0], space)
        exec("def radius_at" + self.cells("def radius_at(")[0].split(
            "def radius_at")[1].split("\nfor level")[0], space)
        exec("range_of_air = (-1.0, 1.0)", space)
        return space

    def cells(self, *words):
        from pathlib import Path

        from bookbuild.pages import ROOT, Page
        page = Page(ROOT, Path("chapters/notebooks", f"{self.page}.md"))
        return [next(cell for cell in page.code if w in cell) for w in words]

    @pytest.fixture
    def task(self):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4))
        return net.double(), torch.rand(20, 6).double(), torch.randint(
            4, (20,))

    @pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
    def test_one_step_is_the_librarys(self, capsys, filled, task):
        net, x, labels = task
        space = self.tools(capsys, filled)
        at = space["fgsm"](space["against"](net, labels), x, 0.1, (0, 1))
        assert torch.allclose(at, attacks.fgsm(net, x, labels, 0.1))
        assert torch.allclose(at, torchattacks.FGSM(net, 0.1)(x, labels))

    def test_many_steps_are_the_chapters_from_the_same_start(
            self, capsys, task):
        net, x, labels = task
        space = self.tools(capsys, {})
        for radius, steps in ((0.1, 8), (0.3, 3), (0.02, 20)):
            at = space["pgd"](space["against"](net, labels), x, radius,
                              (0, 1), steps, torch.Generator().manual_seed(5))
            theirs = attacks.PGD(attacks.Linf(radius), 2.5 * radius / steps,
                                 steps, seed=5)(net, x, labels)
            assert torch.allclose(at, theirs, atol=1e-9)

    @pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
    def test_the_aim_is_the_lead_up_to_what_is_enough(self, capsys, filled):
        space = self.tools(capsys, filled)
        scores, wanted = torch.randn(50, 10), torch.randint(10, (50,))
        lead = attacks.lead(scores, wanted)
        assert torch.allclose(space["aim"](scores, wanted, 0.5),
                              lead.clamp(max=0.5))
        assert (lead > 0.5).any()

    @pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
    def test_decibels_are_the_appendixs(self, capsys, filled):
        space = self.tools(capsys, filled)
        waves = torch.tensor(sound.spoken("validation")[0][:5])
        heard = waves + 0.01 * torch.randn_like(waves)
        ours = space["snr_db"](waves, heard).tolist()
        theirs = [audio.snr(a, b) for a, b in zip(waves.double().numpy(),
                                                  heard.double().numpy())]
        assert np.allclose(ours, theirs, atol=1e-3)

    def test_a_change_within_the_radius_is_as_soft_as_stated(self, capsys):
        space = self.tools(capsys)
        waves = torch.tensor(sound.spoken("validation")[0][::40])
        radius = space["radius_at"](waves, 20)
        change = radius * (2 * torch.randint(2, waves.shape) - 1)
        assert torch.allclose(space["snr_db"](waves, waves + change),
                              torch.tensor(20.0), atol=1e-3)

    def test_the_shield_is_the_appendixs_line_and_has_no_slope(self, capsys):
        space = self.tools(capsys)
        wave = torch.linspace(-1, 1, 1001)
        assert np.allclose(space["line"](wave), audio.mu_law_decode(
            audio.mu_law_encode(wave.double().numpy())), atol=1e-5)
        wave.requires_grad_()
        slope, = torch.autograd.grad(space["line"](wave).sum(), wave)
        assert not slope.any()

    def made_on(self, space):
        for tool in ("def attack(", "def made_on("):
            cell, = (part for part in self.cells(tool)[0].split("\n\n")
                     if part.startswith(tool))
            exec(cell, space)
        return space["made_on"]

    def test_attacks_made_elsewhere_suit_every_right_way_to_judge(
            self, capsys):
        space = self.tools(capsys, {})
        made_on = self.made_on(space)
        torch.manual_seed(0)
        net, other = (nn.Linear(12, 3) for _ in range(2))
        waves = torch.rand(30, 12) - 0.5
        labels = net(waves).argmax(1)
        labels[:4] = (labels[:4] + 1) % 3
        for tools in ([], [made_on(net)], [made_on(other, 10)],
                      [made_on(other), made_on(net, 5), made_on(net)],
                      [made_on(net, -10), made_on(net)]):
            values = [answer(net, waves, labels, tools)
                      for answer in (space["book_robust"], of_those_left,
                                     one_by_one)]
            assert values == pytest.approx([values[0]] * 3, abs=0.11)
            assert values[0] <= 26 / 30 + 1e-9
        assert of_those_left(net, waves, labels, tools) == 0

    def test_an_attack_made_elsewhere_is_the_attack_there(self, capsys):
        space = self.tools(capsys, {})
        made_on = self.made_on(space)
        net, other = (nn.Linear(12, 3) for _ in range(2))
        waves, labels = torch.rand(9, 12) - 0.5, torch.randint(3, (9,))
        at = made_on(other, 15, 4, 7)(net, waves, labels)
        theirs = space["attack"](
            other, waves, labels, space["radius_at"](waves, 15),
            (-1.0, 1.0), 4, 7)
        assert torch.equal(at, theirs)

    @pytest.mark.parametrize("filled", [{}, RIGHT], ids=["book's", "reader's"])
    def test_going_on_leaves_the_first_net_as_it_was(
            self, capsys, filled, task):
        net, x, labels = task
        space = self.tools(capsys, filled)
        before = [p.detach().clone() for p in net.parameters()]
        grown = space["goes_on"](net, x, labels, space["untouched"], 0,
                                 passes=40)
        assert all(map(torch.equal, before, net.parameters()))
        assert (F.cross_entropy(grown(x), labels)
                < F.cross_entropy(net(x), labels))


def of_those_left(net, x, labels, attacks):
    """Robust accuracy, each attack made on those still right alone."""
    n, held = len(x), net(x).argmax(1) == labels
    for attack in attacks:
        x, labels = x[held], labels[held]
        held = net(attack(net, x, labels)).argmax(1) == labels
    return float(held.sum()) / n


def one_by_one(net, x, labels, attacks):
    """Robust accuracy, each attack made on one example after another."""
    return np.mean([
        all(bool(net(at).argmax(1) == label) for at in
            [one, *(attack(net, one, label) for attack in attacks)])
        for one, label in zip(x.split(1), labels.split(1))])


def test_no_voice_is_in_two_parts():
    parts = [set(sound.spoken(part)[2]) for part in
             ("train", "validation", "test")]
    assert len(set.union(*parts)) == sum(map(len, parts))
