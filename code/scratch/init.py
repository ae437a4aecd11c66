"""How weights begin: each function draws the weights of one layer, in the
shape that Linear keeps them. Their home is chapter 4."""

import math

import numpy as np

from scratch.inputs import check_positive


def zeros(rng: np.random.Generator, inputs: int,
          outputs: int) -> np.ndarray:
    """All weights zero: for biases and last layers, never for two layers.

    Returns (inputs, outputs); rng is not used. Units that begin alike
    stay alike: see chapter 4. Raises ValueError for counts not above 0.
    """
    check_positive("inputs", inputs)
    check_positive("outputs", outputs)
    return np.zeros((inputs, outputs))


def xavier(rng: np.random.Generator, inputs: int,
           outputs: int) -> np.ndarray:
    """Uniform weights of variance 2 / (inputs + outputs).

    Returns (inputs, outputs). Keeps the variance of values and gradients
    level where the activation's slope is near 1, as tanh's is around 0.
    Equals torch.nn.init.xavier_uniform_ in distribution. Glorot and
    Bengio (2010), equation 16. Raises ValueError for counts not above 0.
    """
    check_positive("inputs", inputs)
    check_positive("outputs", outputs)
    bound = math.sqrt(6 / (inputs + outputs))
    return rng.uniform(-bound, bound, (inputs, outputs))


def he(rng: np.random.Generator, inputs: int, outputs: int) -> np.ndarray:
    """Normal weights of variance 2 / inputs, for layers that follow a ReLU.

    Returns (inputs, outputs). Equals torch.nn.init.kaiming_normal_ in
    distribution. He et al. (2015), equation 10. Raises ValueError for
    counts not above 0.
    """
    check_positive("inputs", inputs)
    check_positive("outputs", outputs)
    return rng.normal(0, math.sqrt(2 / inputs), (inputs, outputs))
