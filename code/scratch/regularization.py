"""Cures for a fit that is too good: penalties, early stopping, dropout,
smoothed labels, averages of weights and of nets. Their home is chapter 6."""

import copy
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scratch.inputs import (
    check_examples,
    check_finite,
    check_logits,
    check_positive,
    check_range,
    check_shape,
)


def ridge(X: np.ndarray, y: np.ndarray, strength: float) -> tuple:
    """Least squares with an L2 penalty that leaves the bias alone.

    Minimizes 1/(2n) |X w + bias - y|^2 + strength/2 |w|^2 exactly.
    X: (n, d); y: (n,); strength above 0. Returns the bias, a number, and
    w (d,). Equals sklearn's Ridge with alpha = n strength. Hoerl and
    Kennard (1970). Raises ValueError for other shapes, NaN, infinity.
    """
    check_examples(X)
    check_shape("y", y, (len(X),))
    check_positive("strength", strength)
    middle, level = X.mean(0), y.mean()
    C = X - middle
    H = C.T @ C / len(X)
    g = C.T @ (y - level) / len(X)
    w = np.linalg.solve(H + strength * np.eye(len(H)), g)
    return level - middle @ w, w


def soft_threshold(values: np.ndarray, amount: float) -> np.ndarray:
    """Move every value toward 0 by amount, those nearer than that onto 0.

    The minimizer of 1/2 (w - value)^2 + amount |w| for each value.
    values: any shape; amount: 0 or more.
    """
    check_range("amount", amount, 0, math.inf)
    return np.sign(values) * np.maximum(np.abs(values) - amount, 0)


def lasso(X: np.ndarray, y: np.ndarray, strength: float,
          steps: int = 2000) -> tuple:
    """Least squares with an L1 penalty that leaves the bias alone.

    Minimizes 1/(2n) |X w + bias - y|^2 + strength |w|_1 by so many steps
    of descent, each followed by soft_threshold. Shapes and errors as in
    ridge. Approaches sklearn's Lasso with alpha = strength. Tibshirani
    (1996); the iteration is ISTA, in Beck and Teboulle (2009).
    """
    check_examples(X)
    check_shape("y", y, (len(X),))
    check_positive("strength", strength)
    middle, level = X.mean(0), y.mean()
    C = X - middle
    H = C.T @ C / len(X)
    g = C.T @ (y - level) / len(X)
    rate = 1 / np.linalg.eigvalsh(H)[-1]
    w = np.zeros(len(H))
    for _ in range(steps):
        w = soft_threshold(w - rate * (H @ w - g), rate * strength)
    return level - middle @ w, w


def weights_of(net: nn.Module) -> list:
    """The parameters of a net that penalties act on: all but biases.

    A bias has one dimension, a matrix or a filter more.
    """
    return [w for w in net.parameters() if w.ndim > 1]


def l2_penalty(net: nn.Module) -> torch.Tensor:
    """Half the sum of the squared weights, biases left out: a scalar."""
    return sum((w * w).sum() for w in weights_of(net)) / 2


def l1_penalty(net: nn.Module) -> torch.Tensor:
    """Sum of the magnitudes of the weights, biases left out: a scalar."""
    return sum(w.abs().sum() for w in weights_of(net))


class EarlyStopping:
    """Keep the weights of the best score; say when to stop waiting.

    patience: how many scores in a row may fail to beat the best. Of equal
    scores the first is kept. Prechelt (1998). Raises ValueError for a
    score that is NaN or infinite, or a patience not above 0.
    """

    def __init__(self, patience: int):
        check_positive("patience", patience)
        self.patience, self.waited = patience, 0
        self.best, self.weights = -math.inf, None

    def note(self, score: float, net: nn.Module) -> bool:
        """Note a score, higher being better; True when it is time."""
        check_finite("score", score)
        self.waited += 1
        if score > self.best:
            self.best, self.waited = score, 0
            self.weights = copy.deepcopy(net.state_dict())
        return self.waited >= self.patience

    def restore(self, net: nn.Module) -> None:
        """Give the net the weights of the best score back."""
        if self.weights is None:
            raise RuntimeError("restore: expected a score noted before, "
                               "got none")
        net.load_state_dict(self.weights)


class Dropout(nn.Module):
    """Set a share of the inputs to 0 at random, in train mode only.

    share: probability to be dropped, 0 <= share < 1. What stays is
    divided by 1 - share, so that the expectation stays too; in eval mode
    the input passes as it is. Any shape. Equals torch.nn.Dropout in
    distribution. Srivastava et al. (2014), section 10, whose p is the
    probability to be kept.
    """

    def __init__(self, share: float):
        super().__init__()
        check_range("share", share, 0, 1)
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        kept = torch.rand_like(x) >= self.share
        return x * kept / (1 - self.share)


def smoothed_loss(logits: torch.Tensor, labels: torch.Tensor,
                  amount: float) -> torch.Tensor:
    """Cross-entropy whose targets give amount / C to every one of C classes.

    logits: (n, C); labels: (n,) whole numbers; 0 <= amount < 1. The label
    keeps 1 - amount and its share of the rest. Equals
    torch.nn.functional.cross_entropy with label_smoothing = amount.
    Szegedy et al. (2016), section 7. Raises ValueError as softmax_loss.
    """
    check_range("amount", amount, 0, 1)
    check_logits(logits.detach().cpu().numpy(), labels.cpu().numpy())
    log_p = F.log_softmax(logits, dim=1)
    at_label = log_p.gather(1, labels[:, None])[:, 0]
    return -((1 - amount) * at_label
             + amount * log_p.mean(dim=1)).mean()


class WeightAverage:
    """The average of a net's weights along its training, itself a net.

    keep: how much of the average an update keeps, 0 <= keep < 1, for a
    running average; None for the mean of all updates. The first update
    copies the weights. Parameters are averaged, buffers copied. Equals
    torch.optim.swa_utils.AveragedModel, with get_ema_multi_avg_fn(keep)
    or without. Polyak and Juditsky (1992); Izmailov et al. (2018).
    """

    def __init__(self, net: nn.Module, keep: float | None = None):
        if keep is not None:
            check_range("keep", keep, 0, 1)
        self.net, self.keep, self.updates = copy.deepcopy(net), keep, 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take the weights that net has now into the average."""
        keep = self.keep
        if keep is None or self.updates == 0:
            keep = self.updates / (self.updates + 1)
        for a, w in zip(self.net.parameters(), net.parameters()):
            a += (1 - keep) * (w - a)
        for a, b in zip(self.net.buffers(), net.buffers()):
            a.copy_(b)
        self.updates += 1


@torch.no_grad()
def mean_probabilities(nets: list, X: torch.Tensor) -> torch.Tensor:
    """What several nets say together: the mean of their softmaxes.

    nets: at least one, left in eval mode, each giving (n, C) logits for
    X. Returns (n, C) probabilities. Hansen and Salamon (1990).
    """
    if not nets:
        raise ValueError("nets: expected at least one, got none")
    return sum(F.softmax(net.eval()(X), dim=1)
               for net in nets) / len(nets)
