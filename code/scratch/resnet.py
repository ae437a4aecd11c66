"""Plain and residual convolutional networks of any depth. The home of every
definition is chapter 5."""

import torch
from torch import nn
from torch.nn import functional as F

from scratch.inputs import check_positive


class PlainBlock(nn.Module):
    """Two 3×3 convolutions with ReLUs, the first with a stride.

    (B, inputs, H, W) -> (B, outputs, H / stride, W / stride), rounded up.
    Weights are He's, biases start at zero.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.outputs, self.stride = outputs, stride
        self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        for layer in (self.first, self.second):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def branch(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(x)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.branch(x))


class ResidualBlock(PlainBlock):
    """A block that adds to its input what its two convolutions find.

    The second one starts at zero, so at first the block passes its input
    on. He et al. (2016a), with the shortcut of their option A, which has
    no weights; the start at zero is after Zhang et al. (2019).
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__(inputs, outputs, stride)
        nn.init.zeros_(self.second.weight)

    def shortcut(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, :, ::self.stride, ::self.stride]
        new = self.outputs - x.shape[1]
        return F.pad(x, (0, 0, 0, 0, 0, new)) if new else x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.shortcut(x) + self.branch(x))


class ResNet(nn.Module):
    """A stem, equally many blocks of each width, a mean over places, scores.

    block: PlainBlock or ResidualBlock; blocks: how many for each of
    widths, the first of a new width halving height and width. With three
    widths it has 6 blocks + 2 layers of weights, as in He et al. (2016a).
    (B, inputs, H, W) -> (B, classes).
    """

    def __init__(self, block: type, blocks: int,
                 widths: tuple = (8, 16, 32), inputs: int = 1,
                 classes: int = 10):
        super().__init__()
        check_positive("blocks", blocks)
        self.stem = nn.Conv2d(inputs, widths[0], 3, padding=1)
        before, steps = widths[0], []
        for width in widths:
            for _ in range(blocks):
                steps.append(block(before, width, 1 + (width > before)))
                before = width
        self.blocks = nn.Sequential(*steps)
        self.head = nn.Linear(before, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.blocks(torch.relu(self.stem(x)))
        return self.head(x.mean((2, 3)))
