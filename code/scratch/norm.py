"""Normalization: over the batch, the features, groups of channels, and by
the root of the mean square alone. The home of all is chapter 7."""

import torch
from torch import nn

from scratch.inputs import check_positive, check_range


def standardize(x: torch.Tensor, dims, eps: float = 1e-5) -> tuple:
    """Take off the mean over dims and divide by the spread.

    The spread is the root of the variance, with divisor n, plus eps.
    Returns z, shaped as x, and the spread with 1 in place of dims.
    """
    spread = torch.sqrt(x.var(dims, correction=0, keepdim=True) + eps)
    return (x - x.mean(dims, keepdim=True)) / spread, spread


def standardize_back(g: torch.Tensor, z: torch.Tensor, spread: torch.Tensor,
                     dims) -> torch.Tensor:
    """Return dL/dx from g = dL/dz, where z, spread = standardize(x, dims).

    Exact for any eps. Ioffe and Szegedy (2015), section 3, in one line.
    """
    along = (g * z).mean(dims, keepdim=True)
    return (g - g.mean(dims, keepdim=True) - z * along) / spread


class BatchNorm(nn.Module):
    """Standardize each feature over the batch, then gain * z + shift.

    x: (B, features, …), more than one number a feature in train mode.
    There, running averages of mean and variance move by the share
    momentum toward the batch's, the variance with divisor n - 1; in eval
    mode they take the batch's place. Equals torch.nn.BatchNorm1d and
    BatchNorm2d. Ioffe and Szegedy (2015). Raises ValueError for another
    number of features and for a batch without a variance.
    """

    def __init__(self, features: int, momentum: float = 0.1,
                 eps: float = 1e-5):
        super().__init__()
        check_positive("features", features)
        check_range("momentum", momentum, 0, 1)
        self.momentum, self.eps = momentum, eps
        self.gain = nn.Parameter(torch.ones(features))
        self.shift = nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))

    @torch.no_grad()
    def note(self, x: torch.Tensor, dims) -> None:
        """Move the running averages toward those of the batch."""
        self.mean += self.momentum * (x.mean(dims) - self.mean)
        self.variance += self.momentum * (x.var(dims) - self.variance)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _check_features(x, len(self.gain), self.training)
        dims = [0, *range(2, x.ndim)]
        shape = (-1,) + (1,) * (x.ndim - 2)
        if self.training:
            z, _ = standardize(x, dims, self.eps)
            self.note(x, dims)
        else:
            spread = torch.sqrt(self.variance + self.eps)
            z = (x - self.mean.view(shape)) / spread.view(shape)
        return z * self.gain.view(shape) + self.shift.view(shape)


class LayerNorm(nn.Module):
    """Standardize each example over its features, the last dimension.

    x: (…, features). Equals torch.nn.LayerNorm. Ba, Kiros and Hinton
    (2016). Raises ValueError for another number of features.
    """

    def __init__(self, features: int, eps: float = 1e-5):
        super().__init__()
        check_positive("features", features)
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(features))
        self.shift = nn.Parameter(torch.zeros(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _check_last(x, len(self.gain))
        z, _ = standardize(x, -1, self.eps)
        return z * self.gain + self.shift


class GroupNorm(nn.Module):
    """Standardize each example over each group of neighboring channels.

    x: (B, features, …); groups divides features. Gain and shift are one a
    channel. Equals torch.nn.GroupNorm. Wu and He (2018). Raises
    ValueError for groups that don't divide and other features.
    """

    def __init__(self, groups: int, features: int, eps: float = 1e-5):
        super().__init__()
        check_positive("groups", groups)
        _check_groups(groups, features)
        self.groups, self.eps = groups, eps
        self.gain = nn.Parameter(torch.ones(features))
        self.shift = nn.Parameter(torch.zeros(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _check_features(x, len(self.gain))
        shape = (-1,) + (1,) * (x.ndim - 2)
        together = x.reshape(len(x), self.groups, -1)
        z = standardize(together, 2, self.eps)[0].reshape(x.shape)
        return z * self.gain.view(shape) + self.shift.view(shape)


class RMSNorm(nn.Module):
    """Divide each example by the root of its features' mean square.

    x: (…, features). No mean is taken off, no shift added. Equals
    torch.nn.RMSNorm with the same eps. Zhang and Sennrich (2019). Raises
    ValueError for another number of features.
    """

    def __init__(self, features: int, eps: float = 1e-6):
        super().__init__()
        check_positive("features", features)
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _check_last(x, len(self.gain))
        size = torch.sqrt((x * x).mean(-1, keepdim=True) + self.eps)
        return x / size * self.gain


def _check_features(x, features, training=False):
    if x.ndim < 2 or x.shape[1] != features:
        raise ValueError(f"x: expected {features} features, shape (B, "
                         f"{features}, …), got shape {tuple(x.shape)}")
    if training and x.numel() == x.shape[1]:
        raise ValueError(
            "x: expected more than one number a feature, which a "
            "variance needs in train mode, got shape "
            f"{tuple(x.shape)}: take larger batches, or call eval()")


def _check_last(x, features):
    if x.ndim < 1 or x.shape[-1] != features:
        raise ValueError(f"x: expected {features} features in the last "
                         f"dimension, got shape {tuple(x.shape)}")


def _check_groups(groups, features):
    if features % groups:
        raise ValueError(f"groups: expected a divisor of {features} "
                         f"features, got {groups}")
