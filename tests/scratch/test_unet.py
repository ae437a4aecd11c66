"""The U-Net of chapter 5: shapes, weights, and what a skip carries."""

import pytest
import torch
from torch.nn import functional as F

from scratch.unet import Hourglass, UNet, two_convolutions

NETS = [UNet, Hourglass]


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (1, 1, 8, 12)])
def test_every_pixel_gets_its_scores(kind, shape):
    net = kind(outputs=3)
    assert net(torch.rand(shape)).shape == (shape[0], 3, *shape[2:])


def test_both_kinds_have_the_same_weights():
    shapes = [[p.shape for p in kind(widths=(4, 6, 8)).parameters()]
              for kind in NETS]
    assert shapes[0] == shapes[1]


def by_hand(net, x, skips):
    """Two levels, written out."""
    fine = net.down[0](x)
    coarse = net.down[1](F.max_pool2d(fine, 2))
    up = F.conv_transpose2d(coarse, net.up[0].weight, net.up[0].bias, 2)
    joined = torch.cat([up, fine if skips else up], 1)
    return F.conv2d(net.merge[0](joined), net.head.weight, net.head.bias)


@pytest.mark.parametrize("kind", NETS)
def test_two_levels_are_what_they_are_by_hand(kind):
    torch.manual_seed(0)
    net, x = kind(2, 1, (3, 5)), torch.rand(2, 2, 6, 4)
    torch.testing.assert_close(net(x), by_hand(net, x, kind is UNet))


def test_without_skips_all_goes_through_the_coarsest_level():
    torch.manual_seed(0)
    x = torch.rand(1, 1, 8, 8)
    for kind, free in ((UNet, True), (Hourglass, False)):
        net = kind()
        for p in net.down[-1].parameters():
            torch.nn.init.zeros_(p)     # nothing passes the bottom
        differ = not torch.allclose(net(x), net(torch.flip(x, [3])))
        assert differ == free


def test_the_coarse_levels_are_as_many_as_widths():
    net = UNet(widths=(2, 3, 4, 5))
    assert len(net.down) == 4 and len(net.up) == len(net.merge) == 3
    assert net(torch.rand(1, 1, 16, 8)).shape == (1, 1, 16, 8)


def test_two_convolutions_keep_the_size_and_end_in_relu():
    y = two_convolutions(1, 3)(torch.randn(1, 1, 5, 7))
    assert y.shape == (1, 3, 5, 7) and y.min() >= 0


@pytest.mark.parametrize("shape", [(1, 1, 30, 28), (1, 1, 28, 27)])
def test_sizes_that_do_not_halve_are_refused(shape):
    with pytest.raises(ValueError, match=r"multiples of 4, got \((30|28), "):
        UNet()(torch.rand(shape))
