"""A U-Net: a network that answers for every pixel. The home of every
definition is chapter 5."""

import torch
from torch import nn
from torch.nn import functional as F


def two_convolutions(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3×3 convolutions, each with a ReLU, that keep height and width."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    """Down by pooling, up by transposed convolutions, and from each level
    of the way down a skip to the same level of the way up.

    widths: channels of each level, the finest first. (B, inputs, H, W) ->
    (B, outputs, H, W). Raises ValueError where H or W is not a multiple
    of 2 to the number of poolings. Ronneberger et al. (2015), with
    padding in place of their cropping.
    """

    def __init__(self, inputs: int = 1, outputs: int = 1,
                 widths: tuple = (8, 16, 32)):
        super().__init__()
        self.multiple = 2 ** (len(widths) - 1)
        self.down = nn.ModuleList(
            two_convolutions(a, b)
            for a, b in zip((inputs, *widths), widths))
        back = list(zip(widths[1:], widths))[::-1]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in back)
        self.merge = nn.ModuleList(
            two_convolutions(2 * b, b) for _, b in back)
        self.head = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if any(n % self.multiple for n in x.shape[2:]):
            raise ValueError(
                f"x: expected height and width in multiples of "
                f"{self.multiple}, got {tuple(x.shape[2:])}")
        skips = []
        for level, convolutions in enumerate(self.down):
            x = convolutions(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        x = skips.pop()
        for up, convolutions in zip(self.up, self.merge):
            x = convolutions(self.join(up(x), skips.pop()))
        return self.head(x)

    def join(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, skip], 1)


class Hourglass(UNet):
    """The same network with as many weights and without skips."""

    def join(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, x], 1)
