"""Automatic differentiation on NumPy arrays, each derivative beside its
forward line. The home of every definition is chapter 3."""

import numpy as np

from scratch import inputs, unchanged


class Tensor:
    """An array that remembers what it was computed from.

    data: an array of float64 or float32, shared and not copied, or what
    NumPy makes an array of; other numbers become float64. With
    requires_grad, `backward` of a result adds that result's derivative to
    `grad`, an array of the shape of `data` (None before). Tensors on the
    way get theirs too, for whoever holds them.
    parents: pairs of a tensor and the function that turns the gradient of
    this one into a share of that tensor's.

    Operators: + - * / ** @ and [index]; methods: exp, log, tanh, sigmoid,
    relu, sum, mean, max, reshape, transpose. Numbers and arrays beside a
    tensor become constants in its precision. Raises TypeError for data
    that are no numbers, and for integers with requires_grad.
    """

    __array_ufunc__ = None  # array + tensor: the tensor adds

    def __init__(self, data, requires_grad: bool = False, parents: tuple = ()):
        self.data = inputs.as_floats("data", data, requires_grad)
        self.parents = parents if any(p.requires_grad for p, _ in parents) else ()
        self.requires_grad = requires_grad or self.parents != ()
        self.grad, self.prints = None, fingerprints(self)

    def receive(self, g) -> None:
        """Add g, in the shape and precision of data, to the gradient."""
        g = np.array(unbroadcast(g, self.shape), self.data.dtype)
        self.grad = g if self.grad is None else self.grad + g

    def backward(self) -> None:
        """Add the derivative of this number to `grad` of what it is from.

        The graph is let go on the way: it serves once. Raises ValueError
        for more than one number, RuntimeError where no tensor requires a
        gradient, the graph was used before, or an array in it has been
        changed since. Then no gradient has been touched.
        """
        inputs.check_loss(self.shape, self.requires_grad)
        nodes = order(self)
        self.receive(np.ones(self.shape))
        while nodes:
            node = nodes.pop()
            for parent, derivative in node.parents:
                if parent.requires_grad:
                    parent.receive(derivative(node.grad))
            node.parents = ()


def order(loss: Tensor) -> list[Tensor]:
    """List what a loss was computed from, each tensor after its parents.

    A stack instead of recursion: a chain may be of any length. Raises
    RuntimeError for a graph that is used up, or an array changed since.
    """
    nodes, stack = {}, [loss]
    while stack:
        node = stack[-1]
        missing = [parent for parent, _ in node.parents if parent not in nodes]
        stack += missing
        if not missing:
            unchanged.check_unchanged(node.shape, node.prints, fingerprints(node))
            nodes[stack.pop()] = True
    return list(nodes)


def fingerprints(node: Tensor) -> list[str]:
    """Fingerprints of a result and of the leaves it is from; of a leaf, none."""
    family = (node, *(parent for parent, _ in node.parents if not parent.parents))
    return [unchanged.fingerprint(t.data) for t in family if node.parents]


def unbroadcast(g, shape: tuple[int, ...]):
    """Sum g over the axes along which shape was repeated."""
    new = g.ndim - len(shape)
    repeated = [i for i, n in enumerate(g.shape) if i < new or n != shape[i - new]]
    return g.sum(axis=tuple(repeated)).reshape(shape) if repeated else g


def record(data, *parents) -> Tensor:
    """Make a result that knows its parents, if one of them needs it."""
    return Tensor(data, parents=parents)


def pair(a, b, check=inputs.check_broadcast) -> list[Tensor]:
    """Make tensors of two operands and check that their shapes fit.

    What is no tensor becomes a constant in the other's precision.
    """
    like = a if isinstance(a, Tensor) else b
    a, b = (t if isinstance(t, Tensor) else Tensor(inputs.as_floats(
        "operand", t).astype(like.data.dtype, copy=False)) for t in (a, b))
    check(a.shape, b.shape)
    return a, b


def add(a, b) -> Tensor:
    a, b = pair(a, b)
    return record(a.data + b.data, (a, lambda g: g), (b, lambda g: g))


def subtract(a, b) -> Tensor:
    a, b = pair(a, b)
    return record(a.data - b.data, (a, lambda g: g), (b, lambda g: -g))


def multiply(a, b) -> Tensor:
    a, b = pair(a, b)
    return record(a.data * b.data, (a, lambda g: g * b.data), (b, lambda g: g * a.data))


def divide(a, b) -> Tensor:
    a, b = pair(a, b)
    y = a.data / b.data
    return record(y, (a, lambda g: g / b.data), (b, lambda g: -g * y / b.data))


def power(a, b) -> Tensor:
    """a to the b. Where a is 0, so is the derivative by b, as in torch."""
    a, b = pair(a, b)
    y, less = a.data**b.data, b.data - (b.data != 0)
    return record(y, (a, lambda g: g * b.data * a.data**less),
                  (b, lambda g: g * y * np.log(a.data + (a.data == 0))))


def matmul(a, b) -> Tensor:
    """Matrix product over the last two axes; those before broadcast."""
    a, b = pair(a, b, inputs.check_matmul)
    return record(a.data @ b.data,
                  (a, lambda g: g @ b.data.mT), (b, lambda g: a.data.mT @ g))


def exp(a: Tensor) -> Tensor:
    y = np.exp(a.data)
    return record(y, (a, lambda g: g * y))


def log(a: Tensor) -> Tensor:
    return record(np.log(a.data), (a, lambda g: g / a.data))


def tanh(a: Tensor) -> Tensor:
    y = np.tanh(a.data)
    return record(y, (a, lambda g: g * (1 - y * y)))


def sigmoid(a: Tensor) -> Tensor:
    """1 / (1 + exp(-a)), with no exponential of a positive number."""
    e = np.exp(-np.abs(a.data))
    y = np.where(a.data >= 0, 1, e) / (1 + e)
    return record(y, (a, lambda g: g * y * (1 - y)))


def relu(a: Tensor) -> Tensor:
    """max(a, 0); at the kink the derivative is 0, as in torch."""
    return record(np.maximum(a.data, 0), (a, lambda g: g * (a.data > 0)))


def total(a: Tensor, axis=None, keepdims: bool = False) -> Tensor:
    """Sum over axis: None for all, a number, or a tuple of numbers."""
    y = a.data.sum(axis, keepdims=True)
    return record(y if keepdims else y.squeeze(axis), (
        a, lambda g: np.broadcast_to(g.reshape(y.shape), a.shape)))


def mean(a: Tensor, axis=None, keepdims: bool = False) -> Tensor:
    y = total(a, axis, keepdims)
    return y / (a.data.size / y.data.size)


def largest(a: Tensor, axis=None, keepdims: bool = False) -> Tensor:
    """Maximum over axis; equal winners share its gradient equally.

    So do torch.amax and torch.max without an axis; torch.max with one
    gives all to a single winner.
    """
    y = a.data.max(axis, keepdims=True)
    won = a.data == y
    return record(y if keepdims else y.squeeze(axis), (
        a, lambda g: g.reshape(y.shape) * won / won.sum(axis, keepdims=True)))


def reshape(a: Tensor, *shape) -> Tensor:
    return record(a.data.reshape(*shape), (a, lambda g: g.reshape(a.shape)))


def transpose(a: Tensor, *axes: int) -> Tensor:
    """Reorder the axes as in NumPy; without axes, reverse them."""
    axes = np.arange(a.data.ndim)[list(axes) or slice(None, None, -1)]
    return record(a.data.transpose(axes), (a, lambda g: g.transpose(np.argsort(axes))))


def pick(a: Tensor, index) -> Tensor:
    """a[index] for any index of NumPy's; what is picked twice adds up."""
    def derivative(g):
        whole = np.zeros_like(a.data)
        np.add.at(whole, index, g)
        return whole
    return record(a.data[index], (a, derivative))


def concatenate(tensors, axis: int = 0) -> Tensor:
    """Join tensors along an axis that they have, as np.concatenate."""
    ends = np.cumsum([t.shape[axis] for t in tensors])[:-1]
    return record(np.concatenate([t.data for t in tensors], axis), *(
        (t, lambda g, i=i: np.split(g, ends, axis)[i]) for i, t in enumerate(tensors)))


for name, rule in zip(("add", "sub", "mul", "truediv", "pow", "matmul"),
                      (add, subtract, multiply, divide, power, matmul)):
    setattr(Tensor, f"__{name}__", rule)
    setattr(Tensor, f"__r{name}__", lambda b, a, rule=rule: rule(a, b))
Tensor.exp, Tensor.log, Tensor.tanh, Tensor.sigmoid = exp, log, tanh, sigmoid
Tensor.relu, Tensor.sum, Tensor.mean, Tensor.max = relu, total, mean, largest
Tensor.reshape, Tensor.transpose, Tensor.__getitem__ = reshape, transpose, pick
Tensor.__neg__, Tensor.shape = lambda a: 0 - a, property(lambda a: a.data.shape)
Tensor.__repr__ = lambda a: f"Tensor({a.data})"
