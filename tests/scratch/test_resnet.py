"""Plain and residual nets of chapter 5: shapes, counts, and identity."""

import pytest
import torch
from torch.nn import functional as F

from scratch.resnet import PlainBlock, ResidualBlock, ResNet

BLOCKS = [PlainBlock, ResidualBlock]


def weighted_layers(net):
    return [m for m in net.modules()
            if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("blocks, depth", [(1, 8), (3, 20), (5, 32), (9, 56)])
def test_depth_is_six_a_block_and_two(block, blocks, depth):
    assert len(weighted_layers(ResNet(block, blocks))) == depth


def test_both_kinds_have_the_same_weights():
    counts = [[p.shape for p in ResNet(block, 2).parameters()]
              for block in BLOCKS]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("size", [8, 7])
def test_a_stride_halves_and_rounds_up(block, size):
    y = block(3, 5, 2)(torch.rand(2, 3, size, size))
    assert y.shape == (2, 5, 4, 4)
    assert block(5, 5)(y).shape == y.shape


def test_a_residual_block_begins_as_the_identity():
    x = torch.rand(2, 4, 6, 6)
    assert torch.equal(ResidualBlock(4, 4)(x), x)


def test_a_residual_block_that_shrinks_begins_as_every_other_pixel():
    x = torch.rand(2, 4, 7, 7)
    y = ResidualBlock(4, 6, 2)(x)
    assert torch.equal(y[:, :4], x[:, :, ::2, ::2])
    assert not y[:, 4:].any()


def test_a_plain_block_is_two_convolutions_and_a_residual_one_adds():
    torch.manual_seed(0)
    plain, residual = PlainBlock(3, 3), ResidualBlock(3, 3)
    residual.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 5, 5)
    z = F.conv2d(x, plain.first.weight, plain.first.bias, padding=1).relu()
    z = F.conv2d(z, plain.second.weight, plain.second.bias, padding=1)
    torch.testing.assert_close(plain(x), z.relu())
    torch.testing.assert_close(residual(x), (x + z).relu())


def test_blame_passes_a_residual_block_unchanged_at_first():
    x = torch.rand(1, 3, 4, 4, requires_grad=True)
    ResidualBlock(3, 3)(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x))


def test_the_second_convolution_learns_though_it_begins_at_zero():
    torch.manual_seed(0)
    block = ResidualBlock(3, 3)
    block(torch.rand(1, 3, 4, 4)).sum().backward()
    assert block.second.weight.grad.abs().max() > 0


def test_weights_begin_with_hes_variance_and_biases_at_zero():
    torch.manual_seed(0)
    block = PlainBlock(32, 64)
    assert block.first.weight.var().item() == pytest.approx(
        2 / (9 * 32), rel=0.05)
    assert not block.first.bias.any() and not block.second.bias.any()


def test_scores_come_one_a_class_for_any_size_of_image():
    net = ResNet(ResidualBlock, 1, (4, 6), inputs=2, classes=7)
    for size in (5, 12):
        assert net(torch.rand(3, 2, size, size)).shape == (3, 7)


def test_widths_decide_where_it_shrinks():
    net = ResNet(PlainBlock, 2, (4, 8))
    assert [b.stride for b in net.blocks] == [1, 1, 2, 1]


def test_no_blocks_are_refused():
    with pytest.raises(ValueError, match=r"blocks: expected .* above 0"):
        ResNet(PlainBlock, 0)
