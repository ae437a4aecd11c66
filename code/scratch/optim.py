"""Optimizers: each turns gradients into steps, in place. Their home is
chapter 2. Change `learning_rate` between steps to follow a schedule."""

import math

import numpy as np

from scratch.inputs import (
    check_finite,
    check_gradients,
    check_parameters,
    check_positive,
    check_range,
)


class SGD:
    """Gradient descent: w <- w - learning_rate g.

    parameters: list of arrays of floats, updated in place. `step` takes
    one gradient of the same shape for each. Every optimizer here raises
    ValueError for parameters that can't be updated in place, gradients
    that don't fit or aren't finite, and a learning_rate not above 0.
    Equals torch.optim.SGD. Robbins and Monro (1951).
    """

    def __init__(self, parameters: list, learning_rate: float):
        check_parameters(parameters)
        check_positive("learning_rate", learning_rate)
        self.parameters = parameters
        self.learning_rate = learning_rate

    def step(self, gradients: list) -> None:
        check_gradients(gradients, self.parameters)
        for w, g in zip(self.parameters, gradients):
            w -= self.learning_rate * g


class Momentum:
    """Gradient descent with a velocity: v <- momentum v + g, then
    w <- w - learning_rate v.

    0 <= momentum < 1. Equals torch.optim.SGD with momentum. Polyak (1964).
    """

    def __init__(self, parameters: list, learning_rate: float,
                 momentum: float = 0.9):
        check_parameters(parameters)
        check_positive("learning_rate", learning_rate)
        check_range("momentum", momentum, 0, 1)
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.velocities = [np.zeros_like(w) for w in parameters]

    def step(self, gradients: list) -> None:
        check_gradients(gradients, self.parameters)
        for w, g, v in zip(self.parameters, gradients,
                           self.velocities):
            v *= self.momentum
            v += g
            w -= self.learning_rate * v


class Nesterov:
    """Momentum whose gradient is taken where the velocity leads.

    The parameters are the points looked ahead to, as in torch.optim.SGD
    with nesterov=True, which it equals. Nesterov (1983).
    """

    def __init__(self, parameters: list, learning_rate: float,
                 momentum: float = 0.9):
        check_parameters(parameters)
        check_positive("learning_rate", learning_rate)
        check_range("momentum", momentum, 0, 1)
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.velocities = [np.zeros_like(w) for w in parameters]

    def step(self, gradients: list) -> None:
        check_gradients(gradients, self.parameters)
        for w, g, v in zip(self.parameters, gradients,
                           self.velocities):
            v *= self.momentum
            v += g
            w -= self.learning_rate * (g + self.momentum * v)


class Adam:
    """A step of its own for every weight, from running averages.

    betas: how much the averages of g and of g^2 keep at each step.
    Equals torch.optim.Adam. Kingma and Ba (2015), algorithm 1.
    """

    def __init__(self, parameters: list, learning_rate: float = 1e-3,
                 betas: tuple = (0.9, 0.999), epsilon: float = 1e-8):
        check_parameters(parameters)
        check_positive("learning_rate", learning_rate)
        check_range("betas[0]", betas[0], 0, 1)
        check_range("betas[1]", betas[1], 0, 1)
        check_positive("epsilon", epsilon)
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.betas, self.epsilon = betas, epsilon
        self.means = [np.zeros_like(w) for w in parameters]
        self.squares = [np.zeros_like(w) for w in parameters]
        self.steps = 0

    def step(self, gradients: list) -> None:
        check_gradients(gradients, self.parameters)
        beta1, beta2 = self.betas
        self.steps += 1
        for w, g, a, q in zip(self.parameters, gradients,
                              self.means, self.squares):
            a += (1 - beta1) * (g - a)
            q += (1 - beta2) * (g * g - q)
            a_hat = a / (1 - beta1**self.steps)
            q_hat = q / (1 - beta2**self.steps)
            scale = np.sqrt(q_hat) + self.epsilon
            w -= self.learning_rate * a_hat / scale


class AdamW(Adam):
    """Adam whose weight decay stays out of the averages.

    weight_decay: share of w taken away at each step, in units of the
    learning rate, 0 or more. Equals torch.optim.AdamW.
    Loshchilov and Hutter (2019), algorithm 2, whose decay is not
    multiplied by the learning rate.
    """

    def __init__(self, parameters: list, learning_rate: float = 1e-3,
                 betas: tuple = (0.9, 0.999), epsilon: float = 1e-8,
                 weight_decay: float = 1e-2):
        super().__init__(parameters, learning_rate, betas, epsilon)
        check_range("weight_decay", weight_decay, 0, math.inf)
        self.weight_decay = weight_decay

    def step(self, gradients: list) -> None:
        check_gradients(gradients, self.parameters)
        for w in self.parameters:
            w *= 1 - self.learning_rate * self.weight_decay
        super().step(gradients)


def clip_by_norm(gradients: list, max_norm: float) -> float:
    """Shorten all gradients together to max_norm, in place.

    gradients: list of arrays of floats. Returns their norm before.
    Equals torch.nn.utils.clip_grad_norm_. Pascanu et al. (2013).
    Raises ValueError for NaN, infinity, or a max_norm not above 0.
    """
    check_positive("max_norm", max_norm)
    norm = math.sqrt(sum(float(np.sum(g * g)) for g in gradients))
    check_finite("gradients", norm)
    for g in gradients:
        g *= min(1, max_norm / (norm + 1e-6))
    return norm


def warmup_cosine(step: int, peak: float, warmup: int, total: int,
                  floor: float = 0.0) -> float:
    """Learning rate of a step: a ramp up to peak, half a cosine down.

    step counts from 0; the peak is at step == warmup, the floor from
    step == total on. Loshchilov and Hutter (2017), equation 5, with the
    ramp of Goyal et al. (2017). Raises ValueError for a step below 0, a
    peak not above 0, or warmup not below total.
    """
    check_range("step", step, 0, math.inf)
    check_positive("peak", peak)
    check_range("warmup", warmup, 0, total)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = min(1, (step - warmup) / (total - warmup))
    return floor + (peak - floor) * (1 + math.cos(math.pi * done)) / 2
