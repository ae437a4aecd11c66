"""The engine of chapter 3 against torch in float64, against differences, and
by hand."""

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scratch import autograd
from scratch.autograd import Tensor, concatenate
from scratch.gradcheck import check_gradient


def both(*arrays):
    """The same arrays as our tensors and as torch's, all with gradients."""
    return ([Tensor(a.copy(), requires_grad=True) for a in arrays],
            [torch.tensor(a, requires_grad=True) for a in arrays])


def agree(ours, theirs, leaves, their_leaves, **tolerance):
    """Values equal torch's, and so do gradients of a weighted sum of them."""
    tolerance = {"rtol": 1e-9, "atol": 1e-11, **tolerance}
    weights = np.cos(np.arange(ours.data.size)).reshape(ours.shape)
    assert isinstance(ours.data, np.ndarray)
    np.testing.assert_allclose(ours.data, theirs.detach(), **tolerance)
    (ours * weights).sum().backward()
    (theirs * torch.tensor(weights)).sum().backward()
    for leaf, their_leaf in zip(leaves, their_leaves):
        their = np.zeros(leaf.shape) if their_leaf.grad is None \
            else their_leaf.grad
        mine = np.zeros(leaf.shape) if leaf.grad is None else leaf.grad
        assert isinstance(mine, np.ndarray) and mine.shape == leaf.shape
        np.testing.assert_allclose(mine, their, **tolerance)


# One operation at a time: (arrays' shapes, ours, torch's)
ONE = {
    "add": ([(2, 3), (2, 3)], lambda a, b: a + b, None),
    "add, broadcast": ([(2, 3), (3,)], lambda a, b: a + b, None),
    "add, both broadcast": ([(2, 1, 3), (4, 1)], lambda a, b: a + b, None),
    "add a number to an array": ([(), (2, 3)], lambda a, b: a + b, None),
    "add a number": ([(2, 3)], lambda a: a + 2, None),
    "add to a number": ([(2, 3)], lambda a: 2.5 + a, None),
    "subtract": ([(2, 3), (1, 3)], lambda a, b: a - b, None),
    "subtract from a number": ([(2, 3)], lambda a: 1 - a, None),
    "negate": ([(2, 3)], lambda a: -a, None),
    "multiply": ([(2, 3), (2, 1)], lambda a, b: a * b, None),
    "multiply a number": ([(2,)], lambda a: 3 * a, None),
    "divide": ([(2, 3), (3,)], lambda a, b: a / (2 + b * b), None),
    "divide a number": ([(2, 3)], lambda a: 2 / (2 + a * a), None),
    "power": ([(2, 3)], lambda a: a ** 3, None),
    "negative power": ([(2, 3)], lambda a: (1 + a * a) ** -1.5, None),
    "power of a number": ([(2, 3)], lambda a: 2 ** a, None),
    "power of tensors": ([(2, 3), (3,)], lambda a, b: (1 + a * a) ** b, None),
    "power zero": ([(2, 3)], lambda a: a ** 0, None),
    "matrix product": ([(2, 3), (3, 4)], lambda a, b: a @ b, None),
    "batched product": ([(5, 2, 3), (5, 3, 4)], lambda a, b: a @ b, None),
    "batch times matrix": ([(5, 2, 3), (3, 4)], lambda a, b: a @ b, None),
    "matrix times batch": ([(2, 3), (5, 3, 4)], lambda a, b: a @ b, None),
    "products broadcast": ([(6, 1, 2, 3), (5, 3, 4)],
                           lambda a, b: a @ b, None),
    "exp": ([(2, 3)], lambda a: a.exp(), None),
    "log": ([(2, 3)], lambda a: (1 + a * a).log(), None),
    "tanh": ([(2, 3)], lambda a: a.tanh(), None),
    "sigmoid": ([(2, 3)], lambda a: a.sigmoid(), None),
    "relu": ([(4, 5)], lambda a: a.relu(), None),
    "sum": ([(2, 3)], lambda a: a.sum(), None),
    "sum of an axis": ([(2, 3, 4)], lambda a: a.sum(1), None),
    "sum kept": ([(2, 3, 4)], lambda a: a.sum(-1, True), None),
    "sum of two axes": ([(2, 3, 4)], lambda a: a.sum((0, -1)), None),
    "sum of all, kept": ([(2, 3)], lambda a: a.sum(keepdims=True),
                         lambda a: a.sum((0, 1), keepdim=True)),
    "mean": ([(2, 3)], lambda a: a.mean(), None),
    "mean of an axis": ([(2, 3, 4)], lambda a: a.mean(1), None),
    "mean kept": ([(2, 3)], lambda a: a.mean(axis=0, keepdims=True),
                  lambda a: a.mean(0, keepdim=True)),
    "mean of two axes": ([(2, 3, 4)], lambda a: a.mean((0, 2)), None),
    "max": ([(2, 3)], lambda a: a.max(), None),
    "max of an axis": ([(2, 3, 4)], lambda a: a.max(1),
                       lambda a: a.amax(1)),
    "max of two axes, kept": (
        [(2, 3, 4)], lambda a: a.max(axis=(0, 2), keepdims=True),
        lambda a: a.amax((0, 2), keepdim=True)),
    "reshape": ([(2, 6)], lambda a: a.reshape(3, 4), None),
    "reshape by a tuple": ([(2, 6)], lambda a: a.reshape((4, -1)), None),
    "reshape to a row": ([(4,)], lambda a: a.reshape(1, -1), None),
    "transpose": ([(2, 3)], lambda a: a.transpose(), lambda a: a.mT),
    "transpose all": ([(2, 3, 4)], lambda a: a.transpose(),
                      lambda a: a.permute(2, 1, 0)),
    "transpose, turned": ([(2, 3, 4)], lambda a: a.transpose(2, 0, 1),
                          lambda a: a.permute(2, 0, 1)),
    "transpose, from the right": (
        [(2, 3, 4)], lambda a: a.transpose(0, -1, -2),
        lambda a: a.permute(0, -1, -2)),
    "row": ([(4, 3)], lambda a: a[2], None),
    "from the end": ([(4, 3)], lambda a: a[-1], None),
    "entry": ([(4, 3)], lambda a: a[2, 1], None),
    "slice": ([(4, 3)], lambda a: a[1:, ::2], None),
    "new axis": ([(4, 3)], lambda a: a[:, None], None),
    "rows, repeated": ([(4, 3)], lambda a: a[[0, 2, 0, 0]], None),
    "entries, repeated": ([(4, 3)], lambda a: a[[0, 1, 1], [2, 0, 0]], None),
    "mask": ([(4, 3)], lambda a: a[np.eye(4, 3) > 0],
             lambda a: a[torch.eye(4, 3) > 0]),
    "concatenate": ([(2, 3), (4, 3)], lambda a, b: concatenate([a, b]),
                    lambda a, b: torch.cat([a, b])),
    "concatenate columns": (
        [(2, 3), (2, 1)], lambda a, b: concatenate([a, b, a], axis=-1),
        lambda a, b: torch.cat([a, b, a], -1)),
    "used twice": ([(2, 3)], lambda a: a * a + a, None),
    "used as both factors": ([(3, 3)], lambda a: a @ a, None),
}


@pytest.mark.parametrize("name", ONE)
def test_each_operation_equals_torch(name):
    shapes, ours, theirs = ONE[name]
    for seed in range(3):
        rng = np.random.default_rng(seed)
        arrays = [np.array(rng.normal(size=shape)) for shape in shapes]
        leaves, their_leaves = both(*arrays)
        agree(ours(*leaves), (theirs or ours)(*their_leaves), leaves,
              their_leaves)


@pytest.mark.parametrize("name", ONE)
def test_each_operation_equals_differences(name):
    shapes, ours, _ = ONE[name]
    rng = np.random.default_rng(7)
    arrays = [np.array(rng.normal(size=shape)) for shape in shapes]
    for i in range(len(arrays)):
        def loss(array, i=i):
            given = [Tensor(a) for a in arrays]
            given[i] = Tensor(array, requires_grad=True)
            result = ours(*given)
            weights = np.cos(np.arange(result.data.size))
            return (result * weights.reshape(result.shape)).sum(), given[i]

        def gradient(array, loss=loss):
            result, leaf = loss(array)
            result.backward()
            return leaf.grad

        check_gradient(lambda array, loss=loss: float(loss(array)[0].data),
                       gradient, arrays[i])


# Random graphs: a program is a list of (operation, operands, setting), chosen
# while torch runs it, and run again by our engine.

def small(t):
    """Keep values where exp and powers don't explode."""
    return t.tanh() * 2


UNARY = {
    "exp": lambda a: small(a).exp(), "tanh": lambda a: a.tanh(),
    "sigmoid": lambda a: a.sigmoid(), "relu": lambda a: a.relu(),
    "log": lambda a: (small(a) ** 2 + 0.5).log(), "neg": lambda a: -a,
    "cube": lambda a: small(a) ** 3, "root": lambda a: (a * a + 1) ** 0.5,
    "number": lambda a: 3 - 2 * a / 5 + 1.5 ** small(a),
}
BINARY = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
    "mul": lambda a, b: small(a) * b, "div": lambda a, b: a / (b * b + 1),
    "pow": lambda a, b: (small(a) ** 2 + 0.5) ** small(b),
}
INDICES = [0, -1, slice(None, None, 2), slice(1, None), [0, 0, -1],
           (Ellipsis, 0), (Ellipsis, None), (slice(None), [0, 0])]


@st.composite
def programs(draw):
    """Arrays to start from, and steps that torch could take."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = st.integers(1, 3)
    arrays = [rng.normal(size=draw(st.lists(sizes, max_size=3)))
              for _ in range(draw(st.integers(1, 4)))]
    pool = [torch.tensor(a) for a in arrays]
    steps = []
    for _ in range(draw(st.integers(1, 12))):
        step = draw(possible(pool))
        steps.append(step)
        pool.append(take(step, pool, theirs=True))
    return arrays, steps


@st.composite
def possible(draw, pool):
    i = draw(st.integers(0, len(pool) - 1))
    a, n = pool[i], pool[i].ndim
    kind = draw(st.sampled_from(["unary", "binary", "matmul", "reduce",
                                 "reshape", "transpose", "index", "join"]))
    if kind == "unary" or (kind in ("transpose", "join", "index") and not n):
        return draw(st.sampled_from(sorted(UNARY))), [i], None
    if kind == "binary":
        fits = [j for j, b in enumerate(pool) if broadcast(a.shape, b.shape)]
        return (draw(st.sampled_from(sorted(BINARY))),
                [i, draw(st.sampled_from(fits))], None)
    if kind == "matmul":
        fits = [j for j, b in enumerate(pool)
                if n > 1 and b.ndim > 1 and a.shape[-1] == b.shape[-2]
                and broadcast(a.shape[:-2], b.shape[:-2])]
        if fits:
            return "matmul", [i, draw(st.sampled_from(fits))], None
        return "exp", [i], None
    if kind == "reduce":
        axes = draw(st.sets(st.integers(0, n - 1), min_size=1)) if n else ()
        axes = tuple(axis - n * draw(st.booleans()) for axis in sorted(axes))
        return (draw(st.sampled_from(["sum", "mean", "max"])), [i],
                (axes, draw(st.booleans())))
    if kind == "reshape":
        shape = draw(st.sampled_from([(-1,), (1, -1), (-1, 1),
                                      a.shape[::-1], (*a.shape, 1)]))
        return "reshape", [i], shape
    if kind == "transpose":
        return "transpose", [i], tuple(draw(st.permutations(range(n))))
    if kind == "index":
        fits = [index for index in INDICES if indexes(a, index)]
        return "index", [i], draw(st.sampled_from(fits))
    axis = draw(st.integers(-n, n - 1))
    rest = [size for k, size in enumerate(a.shape) if k != axis % n]
    fits = [j for j, b in enumerate(pool) if b.ndim == n and rest == [
        size for k, size in enumerate(b.shape) if k != axis % n]]
    return "join", [i, draw(st.sampled_from(fits)), i], axis


def broadcast(a, b):
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return np.prod(shape) < 500


def indexes(a, index):
    try:
        return a[index].numel() > 0
    except IndexError:
        return False


def take(step, pool, theirs):
    name, operands, setting = step
    given = [pool[i] for i in operands]
    if name in UNARY:
        return UNARY[name](*given)
    if name in BINARY:
        return BINARY[name](*given)
    if name == "matmul":
        return given[0] @ given[1]
    if name in ("sum", "mean", "max"):
        axes, kept = setting
        if not theirs:
            return getattr(given[0], name)(axes or None, kept)
        if not axes:
            return given[0].clone()
        name = "amax" if name == "max" else name
        return getattr(given[0], name)(axes, keepdim=kept)
    if name == "reshape":
        return given[0].reshape(setting)
    if name == "transpose":
        return getattr(given[0], "permute" if theirs else name)(*setting)
    if name == "index":
        return given[0][setting]
    return (torch.cat if theirs else concatenate)(given, setting)


def run(program, leaves, theirs):
    """Every value of the program, and one number made of them all."""
    pool = list(leaves)
    for step in program[1]:
        pool.append(take(step, pool, theirs))
    loss = 0
    for k, value in enumerate(pool):
        loss = loss + (small(value) * np.cos(k)).mean()
    return pool, loss


@settings(max_examples=600, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 2**32 - 1))
def test_random_graphs_equal_torch_and_differences(program, seed):
    leaves, their_leaves = both(*program[0])
    pool, loss = run(program, leaves, theirs=False)
    their_pool, their_loss = run(program, their_leaves, theirs=True)
    for value, their_value in zip(pool, their_pool):
        assert value.shape == their_value.shape
        np.testing.assert_allclose(value.data, their_value.detach(),
                                   rtol=1e-9, atol=1e-11)
    loss.backward()
    their_loss.backward()
    for leaf, their_leaf in zip(leaves, their_leaves):
        np.testing.assert_allclose(leaf.grad, their_leaf.grad, rtol=1e-8,
                                   atol=1e-10)
    # along one direction; a kink on the way shows as a jump of the slope
    rng = np.random.default_rng(seed)
    ways = [rng.normal(size=leaf.shape) for leaf in leaves]
    slope = sum(float(np.sum(leaf.grad * way))
                for leaf, way in zip(leaves, ways))

    def along(h):
        moved = [Tensor(leaf.data + h * way)
                 for leaf, way in zip(leaves, ways)]
        return float(run(program, moved, theirs=False)[1].data)

    h = 1e-5
    ahead = (along(h) - along(0)) / h
    behind = (along(0) - along(-h)) / h
    if abs(ahead - behind) < 1e-3 * (1 + abs(slope)):
        assert abs((ahead + behind) / 2 - slope) < 1e-5 * (1 + abs(slope))


def test_a_unit_by_hand():
    # z = 1 * 2 + 0.5 * (-4) + 0 = 0, sigmoid 1/2, loss (1/2 - 1)^2 = 1/4
    x = Tensor(np.array([2.0, -4.0]), requires_grad=True)
    w = Tensor(np.array([1.0, 0.5]), requires_grad=True)
    b = Tensor(0.0, requires_grad=True)
    y = ((w * x).sum() + b).sigmoid()
    loss = (y - 1) ** 2
    loss.backward()
    # dL/dy = 2 (1/2 - 1) = -1, dy/dz = 1/4
    assert float(loss.data) == 0.25
    assert float(b.grad) == -0.25
    assert w.grad.tolist() == [-0.5, 1.0]
    assert x.grad.tolist() == [-0.25, -0.125]
    assert float(y.grad) == -1.0   # results on the way keep theirs


def test_gradients_add_up_over_uses_and_over_backwards():
    a = Tensor(3.0, requires_grad=True)
    (a * a + 2 * a).backward()
    assert float(a.grad) == 8.0
    (a * 5).backward()
    assert float(a.grad) == 13.0
    a.grad = None
    (a * 5).backward()
    assert float(a.grad) == 5.0


def test_a_leaf_is_its_own_derivative():
    a = Tensor(3.0, requires_grad=True)
    a.backward()
    assert a.grad.shape == () and float(a.grad) == 1.0
    b = Tensor([[2.0]], requires_grad=True)
    (3 * b).backward()      # one number in any shape
    assert b.grad.tolist() == [[3.0]]


def test_a_chain_of_any_length_has_a_gradient():
    a = b = Tensor(1.0, requires_grad=True)
    for _ in range(10_000):
        b = b * 1.0001
    b.backward()
    assert float(a.grad) == pytest.approx(1.0001**10_000, rel=1e-9)
    c = a
    for _ in range(100_000):
        c = c + 1
    del c   # nor does letting go of one overflow the stack


def test_a_graph_of_many_paths_is_walked_once():
    a = b = Tensor(1.0, requires_grad=True)
    for _ in range(200):
        b = (b + b) / 2     # 2^200 paths
    b.backward()
    assert float(a.grad) == 1.0


def test_what_needs_no_gradient_gets_none_and_records_nothing():
    x, w = Tensor(np.ones(3)), Tensor(np.ones(3), requires_grad=True)
    assert (x * 2).parents == () and not (x * 2).requires_grad
    y = x * w
    assert y.requires_grad
    y.sum().backward()
    assert x.grad is None and w.grad.tolist() == [1, 1, 1]
    called = []
    autograd.record(2.0, (x, lambda g: called.append(g)),
                    (w, lambda g: g)).backward()
    assert not called


def test_backward_lets_the_graph_go():
    w = Tensor(np.ones(3), requires_grad=True)
    middle = w * 2
    gone = weakref.ref(middle)
    loss = middle.sum()
    del middle
    assert gone() is not None
    loss.backward()
    gc.collect()
    assert gone() is None


def test_arrays_are_shared_and_gradients_are_not():
    array = np.ones(3)
    w, v = Tensor(array, requires_grad=True), Tensor(np.ones(3), True)
    assert w.data is array
    y = w + v
    y.sum().backward()
    w.grad *= 2
    assert v.grad.tolist() == [1, 1, 1] and y.grad.tolist() == [1, 1, 1]
    first = w.grad
    (w * 1).sum().backward()
    assert first.tolist() == [2, 2, 2] and w.grad.tolist() == [3, 3, 3]


def test_precision_is_kept():
    w = Tensor(np.ones(3, np.float32), requires_grad=True)
    x = np.arange(6.0).reshape(2, 3)        # an array of float64
    y = ((w * x + 1).tanh() / 3).exp().sigmoid().max(1) ** 2 - 1
    assert y.data.dtype == np.float32
    y.mean().backward()
    assert w.grad.dtype == np.float32
    v = Tensor(np.ones(3), requires_grad=True)
    (w * v).sum().backward()                # float64 where both meet
    assert v.grad.dtype == np.float64 and w.grad.dtype == np.float32
    assert Tensor(3).data.dtype == np.float64
    assert Tensor([True, False]).data.dtype == np.float64
    assert Tensor(np.ones(2, np.float16)).data.dtype == np.float64
    assert (x @ Tensor(np.ones((3, 1), np.float32))).data.dtype == np.float32


def test_arrays_on_the_left_leave_the_operation_to_the_tensor():
    x = np.arange(4.0).reshape(2, 2) + 1
    w = Tensor(np.ones((2, 2)), requires_grad=True)
    for result, expected in ((x + w, x + 1), (x - w, x - 1), (x * w, x),
                             (x / w, x), (x ** w, x), (x @ w, x @ w.data),
                             (np.float64(2) - w, np.ones((2, 2)))):
        assert isinstance(result, Tensor)
        assert result.data.tolist() == expected.tolist()


def test_the_sigmoid_is_stable_and_exact_in_its_tails():
    x = np.array([-1000.0, -700, -40, 0, 40, 1000])
    (a,), (b,) = both(x)
    agree(a.sigmoid(), b.sigmoid(), [a], [b], atol=0)


def test_kinks_and_ties_are_as_in_torch():
    x = np.array([[0.0, 0.0, -1.0], [2.0, 2.0, 2.0]])
    for ours, theirs in ((lambda t: t.relu(), None),
                         (lambda t: t.max(), None),
                         (lambda t: t.max(1), lambda t: t.amax(1)),
                         (lambda t: t.max((0, 1)), lambda t: t.amax((0, 1)))):
        (a,), (b,) = both(x)
        agree(ours(a), (theirs or ours)(b), [a], [b])


def test_powers_at_zero_are_as_in_torch():
    for exponent in (0.0, 1.0, 2.0, 2.5):
        leaves, theirs = both(np.array([0.0, 2.0]), np.array(exponent))
        agree(leaves[0] ** leaves[1], theirs[0] ** theirs[1], leaves, theirs)


def test_a_tensor_prints_its_values():
    assert repr(Tensor([1.5, 2.0])) == "Tensor([1.5 2. ])"


def test_gradients_through_infinity_and_nan_warn_of_nothing():
    w = Tensor(np.array([[1.0, 2.0]]), requires_grad=True)
    masked = w + np.array([[0.0, -np.inf]])
    masked.exp().sum().backward()
    assert w.grad.tolist() == [[np.e, 0.0]]
    v = Tensor(np.array([np.nan, 1.0]), requires_grad=True)
    (v * 2).sum().backward()
    assert v.grad.tolist() == [2.0, 2.0]


# Clear errors: what came, what was expected, the cure

W = Tensor(np.ones((2, 3)), requires_grad=True)


@pytest.mark.parametrize(("wrong", "kind", "words"), [
    (lambda: Tensor([1, 2], requires_grad=True), TypeError,
     r"data: expected floats with requires_grad=True, got int64.*2\.0"),
    (lambda: Tensor(np.array([True]), requires_grad=True), TypeError,
     "got bool"),
    (lambda: Tensor("three"), TypeError, "data: expected numbers, got str"),
    (lambda: Tensor(None), TypeError, "got NoneType"),
    (lambda: Tensor(W), TypeError, "expected numbers, got Tensor"),
    (lambda: Tensor(1j), TypeError, "got complex"),
    (lambda: Tensor(np.array(["a"])), TypeError, "got <U1"),
    (lambda: W + None, TypeError, "operand: expected numbers, got NoneType"),
    (lambda: "2" * W, TypeError, "operand: expected numbers, got str"),
    (lambda: W + np.ones(2), ValueError,
     r"shapes \(2, 3\) and \(2,\) don't broadcast: counted from the right"),
    (lambda: W - np.ones(2), ValueError, "don't broadcast"),
    (lambda: W * np.ones((3, 3)), ValueError, "don't broadcast"),
    (lambda: W / np.ones(4), ValueError, "don't broadcast"),
    (lambda: W ** np.ones((2, 2, 2)), ValueError, "don't broadcast"),
    (lambda: np.ones(2) + W, ValueError,
     r"shapes \(2,\) and \(2, 3\) don't broadcast"),
    (lambda: W @ np.ones((2, 3)), ValueError,
     r"shapes \(2, 3\) and \(2, 3\) don't fit: the first has 3 columns, "
     "the second 2 rows"),
    (lambda: W @ np.ones(3), ValueError,
     r"two matrices, got shapes \(2, 3\) and \(3,\).*reshape\(1, -1\)"),
    (lambda: np.ones(2) @ W, ValueError, "two matrices"),
    (lambda: Tensor(np.ones((4, 2, 3))) @ np.ones((5, 3, 2)), ValueError,
     r"shapes \(4,\) and \(5,\) don't broadcast"),
    (lambda: (W * 2).backward(), ValueError,
     r"expected one number, a loss, got shape \(2, 3\).*\.mean\(\)"),
    (lambda: Tensor(np.ones((0, 3)), True).backward(), ValueError,
     r"one number, a loss, got shape \(0, 3\)"),
    (lambda: Tensor(2.0).backward(), RuntimeError,
     r"nothing here requires a gradient.*requires_grad=True"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_bad_input_is_told(wrong, kind, words):
    with pytest.raises(kind, match=words):
        wrong()


def test_a_graph_serves_once():
    w = Tensor(np.ones(3), requires_grad=True)
    middle = w * 2
    loss = middle.sum()
    loss.backward()
    before = w.grad.copy()
    with pytest.raises(RuntimeError, match="was used by an earlier backward"):
        loss.backward()
    with pytest.raises(RuntimeError, match="was used by an earlier backward"):
        (middle * 3).sum().backward()
    assert w.grad.tolist() == before.tolist()
    (Tensor(middle.data) * w).sum().backward()      # the cure
    assert w.grad.tolist() == [4, 4, 4]


def change_leaf(w, h, y):
    w.data -= 0.1


def change_one_entry(w, h, y):
    w.data[0, 1] += 1e-9


def turn_rows(w, h, y):
    w.data[:] = w.data[::-1].copy()


def turn_over(w, h, y):
    w.data[:] = w.data.T.copy()


def flip_signs(w, h, y):
    h.data *= -1


def change_output(w, h, y):
    y.data *= 2


def replace_leaf(w, h, y):
    w.data = w.data + 1


@pytest.mark.parametrize("change", [
    change_leaf, change_one_entry, turn_rows, turn_over, flip_signs,
    change_output, replace_leaf], ids=lambda f: f.__name__)
def test_a_change_before_backward_is_told_and_touches_no_gradient(change):
    rng = np.random.default_rng(0)
    w = Tensor(rng.normal(size=(3, 3)), requires_grad=True)
    x = Tensor(rng.normal(size=(3, 3)))
    h = (x @ w).tanh()
    y = h.exp()
    loss = y.sum()
    change(w, h, y)
    with pytest.raises(RuntimeError, match="was changed after it was used"):
        loss.backward()
    assert w.grad is None and h.grad is None and loss.grad is None


def test_a_constant_that_changes_is_told_too():
    w, x = Tensor(np.ones(3), requires_grad=True), np.ones(3)
    loss = (w * x).sum()
    x[1] = 7
    with pytest.raises(RuntimeError, match="was changed after it was used"):
        loss.backward()


def test_a_change_after_backward_is_allowed():
    w = Tensor(np.ones(3), requires_grad=True)
    for _ in range(3):
        w.grad = None
        (w * w).sum().backward()
        w.data -= 0.25 * w.grad
    assert w.data.tolist() == [0.125] * 3
