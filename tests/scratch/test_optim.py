"""Optimizers of chapter 2 against torch.optim in float64, and by hand."""

import numpy as np
import pytest
import torch

from scratch.optim import (
    SGD,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    clip_by_norm,
    warmup_cosine,
)

PAIRS = {
    "SGD": (lambda p: SGD(p, 0.03),
            lambda p: torch.optim.SGD(p, lr=0.03)),
    "Momentum": (lambda p: Momentum(p, 0.01, momentum=0.8),
                 lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8)),
    "Nesterov": (lambda p: Nesterov(p, 0.01, momentum=0.8),
                 lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.8,
                                           nesterov=True)),
    "Adam": (lambda p: Adam(p, 0.02, betas=(0.8, 0.95), epsilon=1e-6),
             lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95),
                                        eps=1e-6)),
    "AdamW": (lambda p: AdamW(p, 0.02, epsilon=1e-6, weight_decay=0.3),
              lambda p: torch.optim.AdamW(p, lr=0.02, eps=1e-6,
                                          weight_decay=0.3)),
}
CLASSES = (SGD, Momentum, Nesterov, Adam, AdamW)


def rates(step):
    """A learning rate that changes, to see that each step asks for it."""
    return 0.02 / (1 + step / 50)


@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_300_steps_equal_torch(name, scheduled):
    make, make_theirs = PAIRS[name]
    rng = np.random.default_rng(0)
    ours = [rng.normal(size=(3, 2)), rng.normal(size=4),
            np.array(rng.normal())]
    theirs = [torch.tensor(w, requires_grad=True) for w in ours]
    optimizer, their_optimizer = make(ours), make_theirs(theirs)
    for step in range(300):
        if scheduled:
            optimizer.learning_rate = rates(step)
            their_optimizer.param_groups[0]["lr"] = rates(step)
        noise = [rng.normal(size=w.shape) for w in ours]
        optimizer.step([np.sin(w) + 0.3 * z for w, z in zip(ours, noise)])
        for w, z in zip(theirs, noise):
            w.grad = torch.sin(w.detach()) + 0.3 * torch.tensor(z)
        their_optimizer.step()
    for w, their_w in zip(ours, theirs):
        np.testing.assert_allclose(w, their_w.detach(), rtol=1e-11,
                                   atol=1e-13)


def test_defaults_equal_torchs():
    for ours, theirs in ((Adam, torch.optim.Adam),
                         (AdamW, torch.optim.AdamW)):
        w = np.array([1.0, -2.0])
        their_w = torch.tensor(w, requires_grad=True)
        optimizer, their_optimizer = ours([w]), theirs([their_w])
        for g in ([0.3, -2.0], [1e-3, 5.0], [-1.0, 0.0]):
            optimizer.step([np.array(g)])
            their_w.grad = torch.tensor(g, dtype=torch.float64)
            their_optimizer.step()
        np.testing.assert_allclose(w, their_w.detach(), rtol=1e-14)


def test_the_second_momentum_step_by_hand():
    w = np.array([1.0])
    optimizer = Momentum([w], learning_rate=0.1, momentum=0.5)
    optimizer.step([np.array([2.0])])    # v = 2, w = 1 - 0.2
    optimizer.step([np.array([4.0])])    # v = 1 + 4, w = 0.8 - 0.5
    assert w[0] == pytest.approx(0.3, rel=1e-15)


def test_the_second_nesterov_step_by_hand():
    w = np.array([1.0])
    optimizer = Nesterov([w], learning_rate=0.1, momentum=0.5)
    optimizer.step([np.array([2.0])])    # v = 2, w = 1 - 0.1 (2 + 1)
    optimizer.step([np.array([4.0])])    # v = 5, w = 0.7 - 0.1 (4 + 2.5)
    assert w[0] == pytest.approx(0.05, rel=1e-14)


def test_the_second_adam_step_by_hand():
    w = np.array([1.0])
    optimizer = Adam([w], learning_rate=0.1, betas=(0.5, 0.75))
    # a = 2, q = 4, corrected 4 and 16: the step is 0.1 * 4 / 4
    optimizer.step([np.array([4.0])])
    assert w[0] == pytest.approx(0.9, rel=1e-8)
    # a = 1 - 1 = 0, corrected 0: no step at all
    optimizer.step([np.array([-2.0])])
    assert w[0] == pytest.approx(0.9, rel=1e-8)
    # a = 0 + 3 = 3 over 1 - 1/8; q = 4 * 9/16 + 4 * 3/16 + 36 / 4
    # = 12 over 1 - 27/64: 0.1 * (24/7) / sqrt(768/37)
    optimizer.step([np.array([6.0])])
    assert w[0] == pytest.approx(
        0.9 - 0.1 * (24 / 7) / np.sqrt(768 / 37), rel=1e-8)


def test_the_second_adamw_step_by_hand():
    w = np.array([1.0])
    optimizer = AdamW([w], learning_rate=0.1, betas=(0.5, 0.75),
                      weight_decay=0.5)
    # 1 * 0.95 - 0.1, then 0.85 * 0.95 and a step of 0
    optimizer.step([np.array([4.0])])
    optimizer.step([np.array([-2.0])])
    assert w[0] == pytest.approx(0.85 * 0.95, rel=1e-8)


def test_adams_first_step_has_the_size_of_the_learning_rate():
    w = np.zeros(3)
    Adam([w], learning_rate=0.01).step([np.array([1e4, -1.0, 1e-3])])
    np.testing.assert_allclose(w, [-0.01, 0.01, -0.01], rtol=1e-4)


@pytest.mark.parametrize("kind", CLASSES)
def test_parameters_change_in_place_and_gradients_do_not(kind):
    w, g = np.ones((2, 2)), np.full((2, 2), 0.5)
    optimizer = kind([w], learning_rate=0.1)
    optimizer.step([g])
    assert optimizer.parameters[0] is w
    assert (w < 1).all()
    np.testing.assert_array_equal(g, np.full((2, 2), 0.5))


@pytest.mark.parametrize("kind", CLASSES)
def test_float32_parameters_stay_float32(kind):
    w = np.ones(3, dtype=np.float32)
    kind([w], learning_rate=0.1).step([np.ones(3, dtype=np.float32)])
    assert w.dtype == np.float32


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("rate", [0, -0.1, np.nan])
def test_a_learning_rate_not_above_zero_is_refused(kind, rate):
    with pytest.raises(ValueError, match=r"learning_rate: .* above 0"):
        kind([np.ones(2)], learning_rate=rate)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("gradients, told", [
    ([np.array([1.0, np.nan])], r"gradients\[0\]: .* nan at index \(1,\)"),
    ([np.array([np.inf, 1.0])], r"gradients\[0\]: .* inf"),
    ([np.ones(3)], r"gradients\[0\]: expected shape \(2,\)"),
    ([np.ones((2, 1))], r"gradients\[0\]: expected shape \(2,\)"),
    ([1.0], r"gradients\[0\]: expected shape \(2,\)"),
    ([], "gradients: expected 1, .* got 0"),
    ([np.ones(2), np.ones(2)], "gradients: expected 1, .* got 2"),
])
def test_bad_gradients_are_refused_and_change_nothing(kind, gradients,
                                                      told):
    w = np.ones(2)
    optimizer = kind([w], learning_rate=0.1)
    with pytest.raises(ValueError, match=told):
        optimizer.step(gradients)
    np.testing.assert_array_equal(w, [1, 1])


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("parameters, told", [
    (np.ones(2), "parameters: expected a list .* got ndarray"),
    ([], "parameters: expected a list .* got an empty one"),
    ([np.array([1, 2])], r"parameters\[0\]: .* floats, got int64"),
    ([[1.0, 2.0]], r"parameters\[0\]: .* floats, got list"),
    ([np.ones(1), np.array([np.nan])], r"parameters\[1\]: .* nan"),
])
def test_parameters_that_cannot_change_in_place_are_refused(
        kind, parameters, told):
    with pytest.raises(ValueError, match=told):
        kind(parameters, learning_rate=0.1)


@pytest.mark.parametrize("make, told", [
    (lambda w: Momentum(w, 0.1, momentum=1), "momentum: .* got 1"),
    (lambda w: Nesterov(w, 0.1, momentum=-0.1), "momentum: .* got -0.1"),
    (lambda w: Nesterov(w, 0.1, momentum=1.5), "momentum: .* got 1.5"),
    (lambda w: Adam(w, betas=(1.0, 0.9)), r"betas\[0\]: .* got 1.0"),
    (lambda w: Adam(w, betas=(0.9, np.nan)), r"betas\[1\]: .* got nan"),
    (lambda w: Adam(w, betas=(0.9, 1.5)), r"betas\[1\]: .* got 1.5"),
    (lambda w: Adam(w, epsilon=0), "epsilon: .* above 0"),
    (lambda w: AdamW(w, weight_decay=-1), "weight_decay: .* got -1"),
])
def test_settings_out_of_range_are_refused_by_name(make, told):
    with pytest.raises(ValueError, match=told):
        make([np.ones(2)])


@pytest.mark.parametrize("size", [1e-3, 0.1, 1.0, 1e3])
def test_clipping_equals_torch(size):
    rng = np.random.default_rng(0)
    ours = [size * rng.normal(size=s) for s in ((3, 2), (4,))]
    theirs = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True)
              for g in ours]
    for w, g in zip(theirs, ours):
        w.grad = torch.tensor(g)
    norm = torch.nn.utils.clip_grad_norm_(theirs, 1.0).item()
    assert clip_by_norm(ours, 1.0) == pytest.approx(norm, rel=1e-14)
    for g, w in zip(ours, theirs):
        np.testing.assert_allclose(g, w.grad, rtol=1e-14)


def test_clipping_keeps_the_direction_of_all_gradients_together():
    gradients = [np.array([3.0]), np.array([[4.0]])]
    assert clip_by_norm(gradients, 1.0) == 5
    assert gradients[0][0] == pytest.approx(0.6, rel=1e-6)
    assert gradients[1][0, 0] == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize("gradients, max_norm, told", [
    ([np.array([np.nan])], 1.0, "gradients: .* got nan"),
    ([np.array([np.inf])], 1.0, "gradients: .* got inf"),
    ([np.ones(2)], 0, "max_norm: .* above 0"),
    ([np.ones(2)], np.nan, "max_norm: .* above 0"),
])
def test_clipping_refuses_bad_input_by_name(gradients, max_norm, told):
    with pytest.raises(ValueError, match=told):
        clip_by_norm(gradients, max_norm)


def test_warmup_then_cosine_equals_torchs_two_schedulers():
    warmup, total, peak, floor = 10, 50, 0.3, 0.01
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)],
                                lr=peak)
    schedule = torch.optim.lr_scheduler
    both = schedule.SequentialLR(optimizer, [
        schedule.LinearLR(optimizer, 1 / (warmup + 1), 1.0, warmup),
        schedule.CosineAnnealingLR(optimizer, total - warmup, floor),
    ], milestones=[warmup])
    for step in range(total + 1):
        assert warmup_cosine(step, peak, warmup, total, floor) == (
            pytest.approx(both.get_last_lr()[0], rel=1e-12))
        optimizer.step()
        both.step()


def test_the_schedule_at_its_four_corners():
    assert warmup_cosine(0, 1.0, 4, 12) == 1 / 5
    assert warmup_cosine(4, 1.0, 4, 12) == 1
    assert warmup_cosine(8, 1.0, 4, 12) == pytest.approx(0.5, rel=1e-15)
    assert warmup_cosine(12, 1.0, 4, 12, floor=0.25) == 0.25
    assert warmup_cosine(99, 1.0, 4, 12, floor=0.25) == 0.25


@pytest.mark.parametrize("arguments, told", [
    ((-1, 0.1, 2, 5), "step: .* got -1"),
    ((0, 0, 2, 5), "peak: .* above 0"),
    ((0, 0.1, 5, 5), "warmup: expected 0 <= warmup < 5, got 5"),
    ((0, 0.1, -1, 5), "warmup: .* got -1"),
])
def test_the_schedule_refuses_bad_input_by_name(arguments, told):
    with pytest.raises(ValueError, match=told):
        warmup_cosine(*arguments)
