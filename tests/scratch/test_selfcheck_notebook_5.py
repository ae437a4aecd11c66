"""Notebook 5's checks tell right from wrong, and name what is wrong."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from bookbuild.pages import ROOT
from labs import CheckTests, verdict
from scratch import attacks, audio
from scratch.checks import notebook_5
from scratch.checks.notebook_5 import (
    AIM,
    FGSM,
    HARDEN,
    PGD,
    PROJECT,
    ROBUST,
    SNR,
)
from scratch.selfcheck import _show


def slope(goal, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(goal(x), x)[0]


# One step.

def fgsm_plain(goal, x, radius, box):
    return (x + radius * slope(goal, x).sign()).clamp(*box).detach()


def fgsm_backward(goal, x, radius, box):
    at = x.clone().requires_grad_()
    goal(at).backward()
    low, high = box
    with torch.no_grad():
        moved = at + radius * torch.sign(at.grad)
        return torch.minimum(torch.maximum(
            moved, torch.tensor(low)), torch.tensor(high))


def fgsm_by_change(goal, x, radius, box):
    change = torch.zeros_like(x).requires_grad_()
    goal(x + change).backward()
    return torch.clip(x + radius * change.grad.sign(), box[0], box[1])


def fgsm_down(goal, x, radius, box):
    return (x - radius * slope(goal, x).sign()).clamp(*box)


def fgsm_without_clamp(goal, x, radius, box):
    return x + radius * slope(goal, x).sign()


def fgsm_between_0_and_1(goal, x, radius, box):
    return (x + radius * slope(goal, x).sign()).clamp(0, 1)


def fgsm_between_minus_1_and_1(goal, x, radius, box):
    return (x + radius * slope(goal, x).sign()).clamp(-1, 1)


def fgsm_without_sign(goal, x, radius, box):
    return (x + radius * slope(goal, x)).clamp(*box)


def fgsm_of_length_radius(goal, x, radius, box):
    g = slope(goal, x)
    return (x + radius * g / g.norm()).clamp(*box)


def fgsm_without_radius(goal, x, radius, box):
    return (x + slope(goal, x).sign()).clamp(*box)


def fgsm_nothing(goal, x, radius, box):
    return x.clamp(*box)


def fgsm_two_signs(goal, x, radius, box):
    up = slope(goal, x) >= 0
    return torch.where(up, x + radius, x - radius).clamp(*box)


def fgsm_with_graph(goal, x, radius, box):
    x = x.detach().requires_grad_()
    g, = torch.autograd.grad(goal(x), x)
    return (x + radius * g.sign()).clamp(*box)


def fgsm_asking_the_inputs(goal, x, radius, box):
    x.requires_grad_()
    goal(x).backward()
    return (x + radius * x.grad.sign()).clamp(*box).detach()


def fgsm_asking_without_a_gradient_left(goal, x, radius, box):
    g, = torch.autograd.grad(goal(x.requires_grad_()), x)
    return (x + radius * g.sign()).clamp(*box).detach()


def fgsm_leaving_a_gradient(goal, x, radius, box):
    y = fgsm_asking_the_inputs(goal, x, radius, box)
    x.requires_grad_(False)
    return y


def fgsm_cleaning_up(goal, x, radius, box):
    y = fgsm_leaving_a_gradient(goal, x, radius, box)
    x.grad = None
    return y


def fgsm_to_numpy(goal, x, radius, box):
    return fgsm_plain(goal, x, radius, box).numpy()


def fgsm_the_gradient(goal, x, radius, box):
    return slope(goal, x).sign().sum(0)


def fgsm_in_place(goal, x, radius, box):
    x += radius * slope(goal, x).sign()
    return x.clamp_(*box)


# The way back.

def project_by_change(at, x, radius, box):
    change = (at - x).clamp(-radius, radius)
    return (x + change).clamp(*box)


def project_box_first(at, x, radius, box):
    at = at.clamp(*box)
    return torch.minimum(torch.maximum(at, x - radius), x + radius)


def project_between_limits(at, x, radius, box):
    low = (x - radius).clamp(min=box[0])
    high = (x + radius).clamp(max=box[1])
    return torch.where(at < low, low, torch.where(at > high, high, at))


def project_ball_only(at, x, radius, box):
    return x + (at - x).clamp(-radius, radius)


def project_box_only(at, x, radius, box):
    return at.clamp(*box)


def project_around_zero(at, x, radius, box):
    return at.clamp(-radius, radius).clamp(*box)


def project_change_alone(at, x, radius, box):
    return (at - x).clamp(-radius, radius)


def project_turned(at, x, radius, box):
    return (x - (at - x).clamp(-radius, radius)).clamp(*box)


def project_exchanged(at, x, radius, box):
    return (at + (x - at).clamp(-radius, radius)).clamp(*box)


def project_home(at, x, radius, box):
    return x.clone()


def project_as_a_whole(at, x, radius, box):
    change = at - x
    most = change.abs().amax()
    return (x + change * (radius / most).clamp(max=1)).clamp(*box)


def project_onto_the_surface(at, x, radius, box):
    return (x + radius * (at - x).sign()).clamp(*box)


def project_by_length(at, x, radius, box):
    change = at - x
    return (x + change * radius / change.norm()).clamp(*box)


def project_numbers_only(at, x, radius, box):
    radius = float(torch.as_tensor(radius).max())
    return project_by_change(at, x, radius, box)


def project_to_a_list(at, x, radius, box):
    return project_by_change(at, x, radius, box).tolist()


# Many steps.

def walk(goal, x, radius, box, steps, generator, start=None, length=2.5,
         up=1, sign=torch.sign, back=project_by_change, at_clean=False):
    if start is None:
        start = torch.empty_like(x).uniform_(-1, 1, generator=generator)
    at = project_by_change(x + radius * start, x, radius, box)
    for _ in range(steps):
        g = slope(goal, x if at_clean else at)
        new = at + up * length * radius / steps * sign(g)
        at = (back(new, at if back is project_around_here else x, radius, box))
    return at.detach()


def project_around_here(at, x, radius, box):
    return project_by_change(at, x, radius, box)


def pgd_plain(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator)


def pgd_by_change(goal, x, radius, box, steps, generator):
    low, high = box
    change = radius * (2 * torch.rand(x.shape, generator=generator) - 1)
    for _ in range(steps):
        at = torch.clip(x + change, low, high).requires_grad_()
        goal(at).backward()
        with torch.no_grad():
            change = at - x + 2.5 * radius / steps * at.grad.sign()
            change = torch.minimum(torch.maximum(
                change, torch.as_tensor(-radius)), torch.as_tensor(radius))
    return torch.clip(x + change, low, high)


def pgd_by_numpy(goal, x, radius, box, steps, generator):
    rng = np.random.default_rng(int(torch.randint(
        2**31, (), generator=generator)))
    start = torch.tensor(rng.uniform(-1, 1, x.shape), dtype=x.dtype)
    return walk(goal, x, radius, box, steps, generator, start)


def pgd_from_the_clean(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, torch.zeros_like(x))


def pgd_from_one_side(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator,
                torch.rand(x.shape, generator=generator))


def pgd_from_alike_rows(goal, x, radius, box, steps, generator):
    start = 2 * torch.rand(x.shape[1:], generator=generator) - 1
    return walk(goal, x, radius, box, steps, generator, start)


def pgd_from_alike_entries(goal, x, radius, box, steps, generator):
    start = 2 * torch.rand((len(x), 1), generator=generator) - 1
    return walk(goal, x, radius, box, steps, generator, start.expand_as(x))


def pgd_from_a_coin(goal, x, radius, box, steps, generator):
    start = 2 * torch.randint(2, x.shape, generator=generator) - 1
    return walk(goal, x, radius, box, steps, generator, start)


def pgd_from_a_bell(goal, x, radius, box, steps, generator):
    start = torch.randn(x.shape, generator=generator) / 3
    return walk(goal, x, radius, box, steps, generator, start.clamp(-1, 1))


def pgd_by_the_pages_luck(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator,
                2 * torch.rand(x.shape) - 1)


def pgd_of_one_seed(goal, x, radius, box, steps, generator):
    return pgd_plain(goal, x, radius, box, steps,
                     torch.Generator().manual_seed(0))


def pgd_of_entropy(goal, x, radius, box, steps, generator):
    luck = torch.Generator()
    luck.seed()
    return pgd_plain(goal, x, radius, box, steps, luck)


def pgd_started_outside_the_box(goal, x, radius, box, steps, generator):
    at = x + radius * (2 * torch.rand(x.shape, generator=generator) - 1)
    for _ in range(steps):
        at = at + 2.5 * radius / steps * slope(goal, at).sign()
        at = project_by_change(at, x, radius, box)
    return at


def pgd_started_outside_the_ball(goal, x, radius, box, steps, generator):
    start = 2 * torch.rand(x.shape, generator=generator) - 1
    at = (x + 3 * radius * start).clamp(*box)
    for _ in range(steps):
        at = at + 2.5 * radius / steps * slope(goal, at).sign()
        at = project_by_change(at, x, radius, box)
    return at


def pgd_down(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, up=-1)


def pgd_without_sign(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, sign=lambda g: g)


def pgd_around_the_point(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator,
                back=project_around_here, length=2.5)


def pgd_without_the_box(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator,
                back=project_ball_only)


def pgd_without_way_back(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator,
                back=lambda at, x, radius, box: at)


def pgd_too_short(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, length=1)


def pgd_too_long(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, length=2.5 * steps)


def pgd_of_the_radius(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, length=steps)


def pgd_of_half_steps(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, length=1.25)


def pgd_one_fewer(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps - 1, generator,
                length=2.5 * (steps - 1) / steps)


def pgd_clean_gradient(goal, x, radius, box, steps, generator):
    return walk(goal, x, radius, box, steps, generator, at_clean=True)


def pgd_with_graph(goal, x, radius, box, steps, generator):
    return pgd_plain(goal, x, radius, box, steps, generator).requires_grad_()


def pgd_start_only(goal, x, radius, box, steps, generator):
    start = 2 * torch.rand(x.shape, generator=generator) - 1
    return project_by_change(x + radius * start, x, radius, box)


# The aim.

def aim_by_scatter(scores, wanted, enough):
    return attacks.lead(scores, wanted).clamp(max=enough)


def aim_by_mask(scores, wanted, enough):
    own = F.one_hot(wanted, scores.shape[1]).bool()
    rivals = scores.masked_fill(own, -1e9).max(1).values
    return torch.minimum(scores[own] - rivals, torch.tensor(enough))


def aim_by_sorting(scores, wanted, enough):
    top = scores.topk(2, dim=1)
    own = scores[torch.arange(len(scores)), wanted]
    rival = torch.where(top.indices[:, 0] == wanted, top.values[:, 1],
                        top.values[:, 0])
    return enough - torch.relu(enough - (own - rival))


def aim_turned(scores, wanted, enough):
    return (-attacks.lead(scores, wanted)).clamp(max=enough)


def aim_own_rival(scores, wanted, enough):
    own = scores.gather(1, wanted[:, None])[:, 0]
    return (own - scores.amax(1)).clamp(max=enough)


def aim_over_the_batch(scores, wanted, enough):
    own = scores.gather(1, wanted[:, None])[:, 0]
    return (own - scores.max()).clamp(max=enough)


def aim_score_alone(scores, wanted, enough):
    return scores.gather(1, wanted[:, None])[:, 0].clamp(max=enough)


def aim_over_the_mean(scores, wanted, enough):
    own = scores.gather(1, wanted[:, None])[:, 0]
    rest = (scores.sum(1) - own) / (scores.shape[1] - 1)
    return (own - rest).clamp(max=enough)


def aim_without_end(scores, wanted, enough):
    return attacks.lead(scores, wanted)


def aim_cut_from_below(scores, wanted, enough):
    lead = attacks.lead(scores, wanted)
    return torch.maximum(lead, torch.tensor(enough)) if enough < 50 else lead


def aim_of_both_sides(scores, wanted, enough):
    return attacks.lead(scores, wanted).clamp(-1, enough)


def aim_summed(scores, wanted, enough):
    return aim_by_scatter(scores, wanted, enough).sum()


def aim_detached(scores, wanted, enough):
    return aim_by_scatter(scores.detach(), wanted, enough)


def aim_straight_through(scores, wanted, enough):
    lead = attacks.lead(scores, wanted)
    return lead + (lead.clamp(max=enough) - lead).detach()


def aim_twice_as_steep(scores, wanted, enough):
    value = aim_by_scatter(scores, wanted, enough)
    return 2 * value - value.detach()


def aim_to_numpy(scores, wanted, enough):
    return aim_by_scatter(scores.detach(), wanted, enough).numpy()


# Decibels.

def powers(waves, heard):
    return waves.square().sum(1), (heard - waves).square().sum(1)


def snr_of_sums(waves, heard):
    signal, noise = powers(waves, heard)
    return 10 * torch.log10(signal / noise)


def snr_of_means(waves, heard):
    noise = (waves - heard).pow(2).mean(-1)
    return 10 * (waves.pow(2).mean(-1).log10() - noise.log10())


def snr_of_norms(waves, heard):
    return 20 * torch.log10(waves.norm(dim=1) / (heard - waves).norm(dim=1))


def snr_by_hand(waves, heard):
    return torch.tensor([audio.snr(a, b) for a, b in zip(
        waves.double().numpy(), heard.double().numpy())])


def snr_turned(waves, heard):
    return -snr_of_sums(waves, heard)


def snr_twenty(waves, heard):
    return 2 * snr_of_sums(waves, heard)


def snr_half(waves, heard):
    return snr_of_sums(waves, heard) / 2


def snr_bels(waves, heard):
    return snr_of_sums(waves, heard) / 10


def snr_natural(waves, heard):
    return snr_of_sums(waves, heard) * math.log(10)


def snr_nats(waves, heard):
    signal, noise = powers(waves, heard)
    return torch.log(signal / noise)


def snr_unsquared(waves, heard):
    return 10 * torch.log10(waves.abs().sum(1)
                            / (heard - waves).abs().sum(1))


def snr_of_the_heard(waves, heard):
    return 10 * torch.log10(powers(waves, heard)[0] / heard.square().sum(1))


def snr_from_the_heard(waves, heard):
    return 10 * torch.log10(heard.square().sum(1) / powers(waves, heard)[1])


def snr_sum_by_mean(waves, heard):
    return 10 * torch.log10(waves.square().sum(1)
                            / (heard - waves).square().mean(1))


def snr_mean_by_sum(waves, heard):
    return 10 * torch.log10(waves.square().mean(1)
                            / (heard - waves).square().sum(1))


def snr_whole_batch(waves, heard):
    signal, noise = powers(waves, heard)
    return (10 * torch.log10(signal.sum() / noise.sum())).expand(len(waves))


def snr_shared_noise(waves, heard):
    signal, noise = powers(waves, heard)
    return 10 * torch.log10(signal / noise.mean())


def snr_one_number(waves, heard):
    return snr_of_sums(waves, heard).mean()


def snr_floored(waves, heard):
    return snr_of_sums(waves, heard).clamp(max=19)


def snr_to_a_list(waves, heard):
    return snr_of_sums(waves, heard).tolist()


# A step of adversarial training.

def trained(net, optimizer, x, labels, attack, clear="after", sign=1,
            loss_of=F.cross_entropy, on="attacked"):
    if clear == "before":
        optimizer.zero_grad()
    at = attack(net, x, labels)
    if clear == "after":
        optimizer.zero_grad()
    loss = loss_of(net(x if on == "clean" else at), labels)
    if on == "both":
        loss = (loss + loss_of(net(x), labels)) / 2
    (sign * loss).backward()
    optimizer.step()
    return loss.item()


def harden_plain(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, attack)


def harden_late_clearing(net, optimizer, x, labels, attack):
    loss = F.cross_entropy(net(attack(net, x, labels)), labels)
    net.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def harden_by_grad(net, optimizer, x, labels, attack):
    scores = net(attack(net, x, labels).detach())
    loss = -scores.log_softmax(1)[range(len(x)), labels].mean()
    weights = list(net.parameters())
    for p, g in zip(weights, torch.autograd.grad(loss, weights)):
        p.grad = g
    optimizer.step()
    return loss.detach()


def harden_on_the_clean(net, optimizer, x, labels, attack):
    attack(net, x, labels)
    return trained(net, optimizer, x, labels, lambda *_: None, on="clean")


def harden_without_attack(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, lambda net, x, labels: x)


def harden_cleared_before(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, attack, clear="before")


def harden_never_cleared(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, attack, clear="never")


def harden_upward(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, attack, sign=-1)


def harden_on_the_sum(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, attack,
                   loss_of=lambda z, k: F.cross_entropy(
                       z, k, reduction="sum"))


def harden_on_both(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels, attack, on="both")


def harden_without_step(net, optimizer, x, labels, attack):
    at = attack(net, x, labels)
    return F.cross_entropy(net(at), labels).item()


def harden_attacking_twice(net, optimizer, x, labels, attack):
    attack(net, x, labels)
    return trained(net, optimizer, x, labels, attack)


def harden_with_other_labels(net, optimizer, x, labels, attack):
    return trained(net, optimizer, x, labels,
                   lambda net, x, labels: attack(net, x, (labels + 1) % 3))


def harden_stepping_twice(net, optimizer, x, labels, attack):
    loss = trained(net, optimizer, x, labels, attack)
    optimizer.step()
    return loss


def harden_needing_a_step_before(net, optimizer, x, labels, attack):
    for p in net.parameters():
        p.grad.zero_()
    return trained(net, optimizer, x, labels, attack)


def harden_graph(net, optimizer, x, labels, attack):
    at = attack(net, x, labels)
    optimizer.zero_grad()
    loss = F.cross_entropy(net(at), labels)
    loss.backward()
    optimizer.step()
    return loss


def harden_telling_the_clean(net, optimizer, x, labels, attack):
    clean = F.cross_entropy(net(x), labels).item()
    trained(net, optimizer, x, labels, attack)
    return clean


def harden_telling_afterward(net, optimizer, x, labels, attack):
    at = attack(net, x, labels)
    trained(net, optimizer, at, labels, lambda net, x, labels: x)
    return F.cross_entropy(net(at), labels).item()


def harden_telling_words(net, optimizer, x, labels, attack):
    return f"loss {trained(net, optimizer, x, labels, attack)}"


def harden_returning_nothing(net, optimizer, x, labels, attack):
    trained(net, optimizer, x, labels, attack)


# Robust accuracy.

def table(net, x, labels, attacks):
    inputs = [x, *(attack(net, x, labels) for attack in attacks)]
    return torch.stack([net(at).argmax(1) == labels for at in inputs])


def robust_by_table(net, x, labels, attacks):
    return table(net, x, labels, attacks).all(0).double().mean().item()


def robust_by_loop(net, x, labels, attacks):
    held = net(x).argmax(1) == labels
    for attack in attacks:
        held &= net(attack(net, x, labels)).argmax(1) == labels
    return held.sum() / len(x)


def robust_by_example(net, x, labels, attacks):
    count = 0
    for one, label in zip(x, labels):
        one, label = one[None], label[None]
        count += all(int(net(at).argmax()) == int(label) for at in
                     [one, *(a(net, one, label) for a in attacks)])
    return count / len(x)


def robust_of_those_still_right(net, x, labels, attacks):
    n, held = len(x), net(x).argmax(1) == labels
    for attack in attacks:
        x, labels = x[held], labels[held]
        held = net(attack(net, x, labels)).argmax(1) == labels
    return float(held.sum()) / n


def robust_by_no_grad(net, x, labels, attacks):
    held = torch.ones(len(x), dtype=torch.bool)
    for attack in [lambda net, x, labels: x, *attacks]:
        at = attack(net, x, labels)
        with torch.no_grad():
            held &= net(at).argmax(1) == labels
    return held.double().mean().item()


def robust_without_gradients(net, x, labels, attacks):
    with torch.no_grad():
        return robust_by_table(net, x, labels, attacks)


def robust_in_inference(net, x, labels, attacks):
    with torch.inference_mode():
        return robust_by_table(net, x, labels, attacks)


def robust_of_the_right(net, x, labels, attacks):
    rows = table(net, x, labels, attacks)
    return float(rows.all(0).sum() / rows[0].sum())


def robust_without_untouched(net, x, labels, attacks):
    rows = table(net, x, labels, attacks)
    return float((rows[1:] if len(rows) > 1 else rows)
                 .all(0).double().mean())


def robust_mean(net, x, labels, attacks):
    rows = table(net, x, labels, attacks)
    return float((rows[1:] if len(rows) > 1 else rows).double().mean())


def robust_mean_of_all(net, x, labels, attacks):
    return float(table(net, x, labels, attacks).double().mean())


def robust_best_attack(net, x, labels, attacks):
    return float(table(net, x, labels, attacks).double().mean(1).min())


def robust_untouched(net, x, labels, attacks):
    return float(table(net, x, labels, []).double().mean())


def robust_last_attack(net, x, labels, attacks):
    return robust_by_table(net, x, labels, attacks[-1:])


def robust_first_attack(net, x, labels, attacks):
    return robust_by_table(net, x, labels, attacks[:1])


def robust_any(net, x, labels, attacks):
    rows = table(net, x, labels, attacks)
    return float((rows[1:] if len(rows) > 1 else rows)
                 .any(0).double().mean())


def robust_fallen(net, x, labels, attacks):
    return 1 - robust_by_table(net, x, labels, attacks)


def robust_percent(net, x, labels, attacks):
    return 100 * robust_by_table(net, x, labels, attacks)


def robust_count(net, x, labels, attacks):
    return int(table(net, x, labels, attacks).all(0).sum())


def robust_vector(net, x, labels, attacks):
    return table(net, x, labels, attacks).all(0)


def robust_needing_attacks(net, x, labels, attacks):
    rows = torch.stack([net(a(net, x, labels)).argmax(1) == labels
                        for a in attacks])
    return float((rows.all(0) & (net(x).argmax(1) == labels))
                 .double().mean())


RIGHT = [
    (FGSM, fgsm_plain), (FGSM, fgsm_backward), (FGSM, fgsm_by_change),
    (FGSM, fgsm_cleaning_up),
    (PROJECT, project_by_change), (PROJECT, project_box_first),
    (PROJECT, project_between_limits),
    (PGD, pgd_plain), (PGD, pgd_by_change), (PGD, pgd_by_numpy),
    (AIM, aim_by_scatter), (AIM, aim_by_mask), (AIM, aim_by_sorting),
    (SNR, snr_of_sums), (SNR, snr_of_means), (SNR, snr_of_norms),
    (SNR, snr_by_hand),
    (HARDEN, harden_plain), (HARDEN, harden_late_clearing),
    (HARDEN, harden_by_grad),
    (ROBUST, robust_by_table), (ROBUST, robust_by_loop),
    (ROBUST, robust_by_example), (ROBUST, robust_of_those_still_right),
    (ROBUST, robust_by_no_grad)]

# What the reader is told, at the least.
WRONG = [
    (FGSM, fgsm_down, "against the gradient"),
    (FGSM, fgsm_without_clamp, "outside the box"),
    (FGSM, fgsm_between_0_and_1, "was cut to 0 to 1|outside the box|"
     "Not every entry|against the gradient"),
    (FGSM, fgsm_between_minus_1_and_1, "was cut to -1 to 1|outside the box|"
     "Not every entry"),
    (FGSM, fgsm_without_sign, "Only the sign counts"),
    (FGSM, fgsm_of_length_radius, "Not every entry"),
    (FGSM, fgsm_without_radius, "a step of 1|Not every entry"),
    (FGSM, fgsm_nothing, "Nothing was changed"),
    (FGSM, fgsm_two_signs, "sign of zero is zero"),
    (FGSM, fgsm_with_graph, "hangs on the graph"),
    (FGSM, fgsm_asking_the_inputs, "switched on requires_grad"),
    (FGSM, fgsm_asking_without_a_gradient_left, "switched on requires_grad"),
    (FGSM, fgsm_leaving_a_gradient, "left a gradient there"),
    (FGSM, fgsm_to_numpy, "as a tensor, got ndarray"),
    (FGSM, fgsm_the_gradient, "came back in shape"),
    (FGSM, fgsm_in_place, "in place"),
    (PROJECT, project_ball_only, "outside the box"),
    (PROJECT, project_box_only, "further from its clean value"),
    (PROJECT, project_around_zero, "lies around zero"),
    (PROJECT, project_change_alone, "change alone|outside the box"),
    (PROJECT, project_turned, "sign turned"),
    (PROJECT, project_exchanged, "further from its clean value"),
    (PROJECT, project_home, "all the way back"),
    (PROJECT, project_as_a_whole, "shortened the change as a whole"),
    (PROJECT, project_onto_the_surface, "a nearer point"),
    (PROJECT, project_by_length, "a nearer point"),
    (PROJECT, project_numbers_only, "one row for each example"),
    (PROJECT, project_to_a_list, "as a tensor, got list"),
    (PGD, pgd_from_the_clean, "started at the clean inputs"),
    (PGD, pgd_from_one_side, "same side"),
    (PGD, pgd_from_alike_rows, "Entries started alike"),
    (PGD, pgd_from_alike_entries, "Entries started alike"),
    (PGD, pgd_from_a_coin, "isn't uniform"),
    (PGD, pgd_from_a_bell, "isn't uniform"),
    (PGD, pgd_by_the_pages_luck, "all of the page shares"),
    (PGD, pgd_of_one_seed, "Another generator"),
    (PGD, pgd_of_entropy, "two different starts"),
    (PGD, pgd_started_outside_the_box, "start lies outside the box"),
    (PGD, pgd_started_outside_the_ball, "started outside the ball"),
    (PGD, pgd_down, "walked down"),
    (PGD, pgd_without_sign, "Only the sign counts"),
    (PGD, pgd_around_the_point, "not around the last point"),
    (PGD, pgd_without_the_box, "outside the box"),
    (PGD, pgd_without_way_back, "further from its clean value|outside"),
    (PGD, pgd_too_short, "steps are too short"),
    (PGD, pgd_too_long, "as all should be together|A step did not lead"),
    (PGD, pgd_of_the_radius, "as long as the radius"),
    (PGD, pgd_of_half_steps, "did not lead from one point"),
    (PGD, pgd_one_fewer, "steps were wanted"),
    (PGD, pgd_clean_gradient, "step after step"),
    (PGD, pgd_with_graph, "hangs on the graph"),
    (PGD, pgd_start_only, "never asked for the gradient"),
    (AIM, aim_turned, "sign is turned"),
    (AIM, aim_own_rival, "own rivals"),
    (AIM, aim_over_the_batch, "among all examples|own rivals"),
    (AIM, aim_score_alone, "wanted class alone"),
    (AIM, aim_over_the_mean, "mean of the other scores"),
    (AIM, aim_without_end, "still counts with all its lead"),
    (AIM, aim_cut_from_below, "cut from below|as if it led"),
    (AIM, aim_of_both_sides, "less the best of the others|no further"),
    (AIM, aim_summed, r"Expected a number for each example, shape"),
    (AIM, aim_detached, "No gradient"),
    (AIM, aim_straight_through, "still has a slope"),
    (AIM, aim_twice_as_steep, "the slope should be 1"),
    (AIM, aim_to_numpy, "Expected a tensor"),
    (SNR, snr_turned, "turned over"),
    (SNR, snr_twenty, "either 20 with the root"),
    (SNR, snr_half, "factor 10 that belongs"),
    (SNR, snr_bels, "bels"),
    (SNR, snr_natural, "powers of ten"),
    (SNR, snr_nats, "natural one, and its factor"),
    (SNR, snr_unsquared, "not squared"),
    (SNR, snr_of_the_heard, "taken for the noise"),
    (SNR, snr_from_the_heard, "signal is the clean wave"),
    (SNR, snr_sum_by_mean, "sum was divided by a mean"),
    (SNR, snr_mean_by_sum, "mean was divided by a sum"),
    (SNR, snr_whole_batch, "It isn't ten times|powers of all waves"),
    (SNR, snr_shared_noise, "It isn't ten times"),
    (SNR, snr_one_number, "Expected a number for each wave"),
    (SNR, snr_floored, "It isn't ten times|20 decibels"),
    (SNR, snr_to_a_list, "Expected a tensor"),
    (HARDEN, harden_on_the_clean, "on the clean examples"),
    (HARDEN, harden_without_attack, "never called"),
    (HARDEN, harden_cleared_before, "Clear them after the attack"),
    (HARDEN, harden_never_cleared, "never cleared"),
    (HARDEN, harden_upward, "step went up"),
    (HARDEN, harden_on_the_sum, "losses of the batch were added"),
    (HARDEN, harden_on_both, "Clean examples were mixed in"),
    (HARDEN, harden_without_step, "weights did not change"),
    (HARDEN, harden_attacking_twice, "called 2 times"),
    (HARDEN, harden_with_other_labels, "other labels"),
    (HARDEN, harden_stepping_twice, "isn't one step"),
    (HARDEN, harden_needing_a_step_before, "It raised"),
    (HARDEN, harden_graph, "A number was asked for"),
    (HARDEN, harden_telling_the_clean, "that of the clean"),
    (HARDEN, harden_telling_afterward, "before the step"),
    (HARDEN, harden_telling_words, "as a number, got str"),
    (HARDEN, harden_returning_nothing, "returned None"),
    (ROBUST, robust_of_the_right, "divide by all"),
    (ROBUST, robust_without_untouched, "wrong untouched"),
    (ROBUST, robust_mean, "averaged"),
    (ROBUST, robust_mean_of_all, "averaged"),
    (ROBUST, robust_best_attack, "best single attack"),
    (ROBUST, robust_untouched, "changed nothing"),
    (ROBUST, robust_last_attack, "Only the last|best single"),
    (ROBUST, robust_first_attack, "Only the first|best single"),
    (ROBUST, robust_any, "survives some attack"),
    (ROBUST, robust_fallen, "share that fell"),
    (ROBUST, robust_percent, "percent"),
    (ROBUST, robust_count, "number of examples"),
    (ROBUST, robust_vector, "Expected a number"),
    (ROBUST, robust_needing_attacks, "It raised"),
    (ROBUST, robust_without_gradients, "gradients are switched off"),
    (ROBUST, robust_in_inference, "gradients are switched off"),
]


class TestChecks(CheckTests):
    properties = (FGSM, PROJECT, PGD, AIM, SNR, HARDEN, ROBUST)
    right, wrong = RIGHT, WRONG
    secrets = r"torch\.|np\.|F\.|\w\(|\w\[|[<>+-]=|=[=<>]|clamp|sign\("


def test_checking_draws_no_number_from_the_pages_luck(capsys):
    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    for properties, answer in RIGHT:
        verdict(capsys, answer, properties)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_the_formulas_of_the_training_step_are_pytorchs():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        net, _, x, labels, _ = notebook_5._to_train(rng, before=False)
        for mean in (True, False):
            loss = F.cross_entropy(net(x), labels,
                                   reduction="mean" if mean else "sum")
            g, = torch.autograd.grad(loss, net.weight)
            assert torch.allclose(g, notebook_5._gradient(
                net.weight, x, labels, mean), atol=1e-6)
        assert abs(F.cross_entropy(net(x), labels).item()
                   - notebook_5._loss(net.weight, x, labels)) < 1e-6


def test_a_goals_gradient_is_as_told():
    rng = np.random.default_rng(0)
    for shape in ((2, 3), (4, 1), (40, 30)):
        goal = notebook_5._goal(rng, shape)
        x = torch.tensor(rng.normal(size=shape), dtype=torch.float32)
        assert torch.allclose(slope(goal, x), goal.gradient(x), atol=1e-6)
        again = eval(goal.told, {"Goal": notebook_5.Goal})
        assert torch.equal(again.slope, goal.slope)
        assert torch.equal(again.bend, goal.bend)


def imported():
    """What the page says to import before a case is pasted."""
    text = Path(ROOT, "chapters/notebooks/notebook_5_adversarial_examples"
                ".md").read_text(encoding="utf-8")
    line, = re.findall(r"`(from scratch\.checks\.notebook_5 import .+?)`",
                       text)
    names = {"tensor": torch.tensor}
    exec(line, names)
    return names


def test_what_is_told_can_be_made_again():
    names = imported()
    net = notebook_5.Line(7, left=True)
    for thing in (net, notebook_5.Luck(3), notebook_5.Pull(),
                  notebook_5.Shift(4), notebook_5.Steps(net),
                  notebook_5.Table(5, 3), notebook_5.Line(8)):
        again = eval(repr(thing), names)
        assert type(again) is type(thing) and repr(again) == repr(thing)
    again = eval(repr(net), names)
    assert torch.equal(again.weight, net.weight)
    assert torch.equal(again.weight.grad, net.weight.grad)
    assert notebook_5.Line(8).weight.grad is None
    table = notebook_5.Table(5, 3)
    again = eval(repr(table), names)
    assert torch.equal(again.scores, table.scores)
    assert torch.equal(again.labels, table.labels)


@pytest.mark.parametrize("properties, answer", [
    (properties, answer) for properties, answer, told in WRONG
    if properties in (AIM, HARDEN, ROBUST)
    and not re.search("raised|None", told)],
    ids=lambda value: getattr(value, "__name__", ""))
def test_a_case_pasted_into_a_cell_fails_as_it_was_told(
        capsys, properties, answer):
    for seed in range(3):
        printed = verdict(capsys, answer, properties, seed=seed)[1]
        case, returned = printed.split("case:")[1].split("returned:")
        assert "…" not in case
        names = imported() | {answer.__name__: answer}
        again = eval(" ".join(case.split()), names)
        assert ("".join(_show(again).split())
                == "".join(returned.split())), answer.__name__


def test_the_pasted_training_step_is_the_one_checked(capsys):
    ends = []

    def spy(net, optimizer, x, labels, attack):
        loss = harden_never_cleared(net, optimizer, x, labels, attack)
        ends.append(net.weight.detach().clone())
        return loss

    for seed in range(5):
        ends.clear()
        printed = verdict(capsys, spy, HARDEN, seed=seed)[1]
        case = printed.split("case:")[1].split("returned:")[0]
        names = imported() | {"spy": spy}
        eval(" ".join(case.split()), names)
        assert torch.equal(ends[-1], ends[-2])
        assert not torch.equal(names["net"].weight,
                               eval(names["net"].told, names).weight)


def test_a_table_is_right_where_its_fate_says():
    for seed in range(5):
        for count in (0, 3):
            table = notebook_5.Table(seed, count)
            rows, n = table.fate.shape
            assert rows == count + 1
            for k, fate in enumerate(table.fate):
                x = torch.arange(k * n, (k + 1) * n).view(-1, 1).float()
                right = table(x).argmax(1) == table.labels
                assert right.tolist() == fate.tolist()
