"""The training loop for PyTorch nets, written out once and imported from
then on. Its home is chapter 4."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from scratch.inputs import (
    check_logits,
    check_pass,
    check_positive,
    check_step_loss,
    check_targets,
)


class Batches:
    """Mini-batches of examples, in a new random order at each pass.

    X: (n, …) tensor of examples; labels: (n, …) tensor of what goes with
    each; size: examples in a batch, the last one of a pass holding the
    rest; seed of the order. Iterating makes one pass of (X, labels)
    pairs; `len` counts its batches. Raises ValueError where X and labels
    don't match, where there are none, or for a size not above 0.
    """

    def __init__(self, X: torch.Tensor, labels: torch.Tensor, size: int,
                 seed: int = 0):
        check_positive("size", size)
        check_targets("labels", len(labels), len(X))
        self.X, self.labels, self.size = X, labels, size
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return math.ceil(len(self.X) / self.size)

    def __iter__(self) -> Iterator:
        order = torch.randperm(len(self.X), generator=self.generator)
        for rows in order.split(self.size):
            yield self.X[rows], self.labels[rows]


def softmax_loss(logits: torch.Tensor,
                 labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy in nats of scores that no softmax was taken of.

    logits: (n, C); labels: (n,) whole numbers from 0 to C - 1. Equals
    torch.nn.functional.cross_entropy. Raises ValueError for labels out
    of range, other shapes, and rows that are probabilities already.
    """
    check_logits(logits.detach().cpu().numpy(), labels.cpu().numpy())
    return F.cross_entropy(logits, labels)


def accuracy(net: torch.nn.Module, X: torch.Tensor,
             labels: torch.Tensor) -> float:
    """Share of examples whose largest score is that of their label.

    X: (n, …) examples for net, which gives (n, C) scores and is left in
    eval mode; labels: (n,) int64. Works through 1,000 examples at once.
    """
    net.eval()
    with torch.no_grad():
        right = sum(
            int((net(some).argmax(1) == theirs).sum())
            for some, theirs in zip(X.split(1000), labels.split(1000)))
    return right / len(X)


@dataclass
class History:
    """What fit saw: losses, one a step; scores, one a pass, as measured;
    seconds of processor time that training took up to each pass's end."""

    losses: list
    scores: list
    seconds: list


def fit(net: torch.nn.Module, batches: Iterable,
        optimizer: torch.optim.Optimizer, epochs: int,
        loss_of: Callable = softmax_loss, measure: Callable | None = None,
        scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
        ) -> History:
    """Train a net by mini-batches; return its History.

    batches: gives (inputs, targets) at each pass over it, such as Batches
    or a DataLoader; epochs: how many passes; loss_of: function of the
    net's output and the targets, a scalar tensor; measure: function of
    the net, called after each pass in eval mode and without gradients;
    scheduler: takes a step after each of the optimizer's. The net is in
    train mode while it trains and left in eval mode.

    Raises FloatingPointError that names the step whose loss is NaN or
    infinite, before the weights take it in; ValueError where a pass has
    no batch, as the second over a generator, or epochs is not above 0.
    """
    check_positive("epochs", epochs)
    history, spent = History([], [], []), 0.0
    for epoch in range(1, epochs + 1):
        net.train()
        steps, began = len(history.losses), time.process_time()
        for inputs, targets in batches:
            optimizer.zero_grad()
            loss = loss_of(net(inputs), targets)
            history.losses.append(loss.item())
            check_step_loss(history.losses, epoch)
            loss.backward()
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
        check_pass(len(history.losses) - steps, epoch)
        spent += time.process_time() - began
        history.seconds.append(spent)
        net.eval()
        if measure is not None:
            with torch.no_grad():
                history.scores.append(measure(net))
    return history
