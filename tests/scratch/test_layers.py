"""Layers of chapter 3 against torch in float64, and by hand."""

import numpy as np
import pytest
import torch

from scratch.autograd import Tensor
from scratch.layers import Linear, Sequential, uniform
from scratch.optim import SGD


def as_torch(layer):
    """torch's Linear with our weights; theirs are stored transposed."""
    theirs = torch.nn.Linear(*layer.weight.shape, dtype=torch.float64)
    theirs.weight.data = torch.tensor(layer.weight.data.T.copy())
    theirs.bias.data = torch.tensor(layer.bias.data.copy())
    return theirs


def test_a_net_equals_torch_through_twenty_steps():
    rng = np.random.default_rng(0)
    first, second = Linear(3, 5, rng), Linear(5, 2, rng)
    net = Sequential(first, Tensor.tanh, second)
    theirs = torch.nn.Sequential(as_torch(first), torch.nn.Tanh(),
                                 as_torch(second))
    X, T = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    ours = SGD([p.data for p in net.parameters()], learning_rate=0.3)
    their_optimizer = torch.optim.SGD(theirs.parameters(), lr=0.3)
    for _ in range(20):
        for parameter in net.parameters():
            parameter.grad = None
        their_optimizer.zero_grad()
        ((net(X) - T) ** 2).mean().backward()
        ((theirs(torch.tensor(X)) - torch.tensor(T)) ** 2).mean().backward()
        ours.step([parameter.grad for parameter in net.parameters()])
        their_optimizer.step()
    np.testing.assert_allclose(net(X).data,
                               theirs(torch.tensor(X)).detach(), rtol=1e-10)


def test_a_layer_by_hand():
    layer = Linear(2, 3, None, initialize=lambda rng, inputs, outputs:
                   np.arange(6.0).reshape(inputs, outputs))
    layer.bias.data += [10, 20, 30]
    assert layer(np.array([[1.0, 2.0]])).data.tolist() == [[16, 29, 42]]
    assert layer(np.ones((4, 5, 2))).shape == (4, 5, 3)
    assert all(p.requires_grad for p in layer.parameters())


def test_parameters_come_in_the_order_of_the_steps_and_nested():
    rng = np.random.default_rng(0)
    a, b, c = Linear(2, 3, rng), Linear(3, 3, rng), Linear(3, 1, rng)
    net = Sequential(a, Tensor.relu, Sequential(b, Tensor.tanh), c)
    expected = [a.weight, a.bias, b.weight, b.bias, c.weight, c.bias]
    assert all(p is q for p, q in zip(net.parameters(), expected,
                                      strict=True))
    assert Sequential(Tensor.tanh).parameters() == []
    x = np.ones((1, 2))
    assert net(x).data == c((b((a(x)).relu())).tanh()).data


def test_the_first_weights_fill_torchs_bound_evenly():
    drawn = uniform(np.random.default_rng(0), 16, 5000)
    assert drawn.shape == (16, 5000)
    assert abs(drawn).max() == pytest.approx(0.25, abs=1e-4)
    assert abs(drawn).max() <= 0.25
    assert drawn.mean() == pytest.approx(0, abs=2e-3)
    assert drawn.std() == pytest.approx(0.25 / np.sqrt(3), rel=0.01)
    layer = Linear(16, 5000, np.random.default_rng(0))
    assert layer.weight.data.tolist() == drawn.tolist()
    assert layer.bias.data.tolist() == [0] * 5000


def test_precision_is_the_initializers():
    layer = Linear(4, 2, np.random.default_rng(0), lambda *given:
                   uniform(*given).astype(np.float32))
    result = layer(np.ones((3, 4)))
    assert result.data.dtype == np.float32
    assert layer.bias.data.dtype == np.float32


def test_examples_of_another_width_are_told():
    layer = Linear(3, 2, np.random.default_rng(0))
    with pytest.raises(ValueError, match="the first has 4 columns, the "
                                         "second 3 rows"):
        layer(np.ones((5, 4)))


def test_a_layer_of_one_input_has_its_bias():
    layer = Linear(1, 3, np.random.default_rng(0))
    assert layer.bias.data.tolist() == [0, 0, 0]
    assert layer(np.ones((2, 1))).shape == (2, 3)
