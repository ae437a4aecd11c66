"""Layers of networks, built on tensors."""

import math

import numpy as np

from scratch.autograd import Tensor
from scratch.inputs import check_logits


def uniform(rng: np.random.Generator, inputs: int, outputs: int) -> np.ndarray:
    """Draw weights evenly between -1 and 1 over the root of inputs.

    Returns (inputs, outputs). The bound is that of torch.nn.Linear. Its
    home is chapter 3.
    """
    bound = 1 / np.sqrt(inputs)
    return rng.uniform(-bound, bound, size=(inputs, outputs))


class Linear:
    """A layer of units without a squashing function: x @ weight + bias.

    initialize: function (rng, inputs, outputs) that returns the weights,
    an array (inputs, outputs); the bias (outputs,) starts at zero. A call
    takes x (..., inputs), a Tensor or an array, and returns (..., outputs).
    Its home is chapter 3.
    """

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator,
                 initialize=uniform):
        self.weight = Tensor(initialize(rng, inputs, outputs),
                             requires_grad=True)
        self.bias = Tensor(np.zeros_like(self.weight.data[0]),
                           requires_grad=True)

    def __call__(self, x) -> Tensor:
        return x @ self.weight + self.bias

    def parameters(self) -> list[Tensor]:
        return [self.weight, self.bias]


class Sequential:
    """Steps done one after another, each a layer or any other callable.

    Its parameters are those of the steps that have some. Its home is
    chapter 3.
    """

    def __init__(self, *steps):
        self.steps = steps

    def __call__(self, x) -> Tensor:
        for step in self.steps:
            x = step(x)
        return x

    def parameters(self) -> list[Tensor]:
        return [parameter for step in self.steps
                if hasattr(step, "parameters")
                for parameter in step.parameters()]


def log_softmax(logits: Tensor) -> Tensor:
    """Logarithm of softmax over the last axis, in nats, for any scores.

    logits: (…, C). The largest score of a row is taken out before the
    exponentials, so none overflows and the logarithm is never of zero.
    Equals torch.log_softmax.
    """
    shifted = logits - logits.data.max(axis=-1, keepdims=True)
    return shifted - shifted.exp().sum(axis=-1, keepdims=True).log()


def softmax(logits: Tensor) -> Tensor:
    """Probabilities over the last axis whose log-odds are differences of
    scores: exp(s_k) over the sum of all. Equals torch.softmax.

    logits: (…, C); returns the same shape. Bridle (1990).
    """
    return log_softmax(logits).exp()


def cross_entropy(logits: Tensor, labels) -> Tensor:
    """Mean surprise at the right classes, in nats: -log softmax there.

    logits: (n, C) scores; labels: (n,) whole numbers from 0 to C - 1.
    Its derivative by the logits is (softmax - one-hot) / n. Equals
    torch.nn.functional.cross_entropy. Raises ValueError for labels out
    of range, other shapes, and rows that are probabilities already.
    """
    check_logits(logits.data, labels)
    chosen = log_softmax(logits)[np.arange(len(labels)), labels]
    return -chosen.mean()


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)), a ReLU with its corner rounded; any shape.

    The larger of x and 0 is taken out before the exponentials. Its
    derivative is the sigmoid. Equals torch.nn.functional.softplus.
    Dugas et al. (2001).
    """
    top = np.maximum(x.data, 0)
    return ((x - top).exp() + np.exp(-top)).log() + top


def silu(x: Tensor) -> Tensor:
    """x sigmoid(x), any shape. Equals torch.nn.functional.silu.

    Hendrycks and Gimpel (2016); Elfwing et al. (2018).
    """
    return x * x.sigmoid()


def gelu(x: Tensor) -> Tensor:
    """x times about the normal distribution function of x; any shape.

    Equals torch.nn.functional.gelu with approximate="tanh", which is
    within 0.0005 of the exact form. Hendrycks and Gimpel (2016).
    """
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1 + inner.tanh())
