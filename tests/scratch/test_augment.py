"""Augmentation against torchvision, librosa, and cases by hand."""

import itertools

import librosa
import numpy as np
import pytest
import torch

from scratch.audio import stft
from scratch.augment import (
    Augmented,
    Mixup,
    add_noise,
    affine,
    phase_vocoder,
    pitch_shift,
    random_erasing,
    random_moves,
    spec_augment,
    time_stretch,
)
from scratch.train import Batches
from scratch.vision import torchvision

transforms = torchvision.transforms.v2


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=chance(seed), dtype=torch.float64)


# Pictures that move


@pytest.mark.parametrize("shape", [(4, 1, 9, 9), (4, 2, 12, 7)])
def test_affine_is_torchvisions(shape):
    x = pictures(*shape)
    degrees = torch.tensor([0.0, 17, -40, 130]).double()
    shifts = torch.tensor([[2.0, -1], [0, 0], [-3, 2], [1, 1]]).double()
    ours = affine(x, degrees, shifts)
    for i in range(4):
        theirs = transforms.functional.affine(
            x[i], angle=float(degrees[i]), translate=shifts[i].tolist(),
            scale=1.0, shear=[0.0, 0.0],
            interpolation=transforms.InterpolationMode.BILINEAR)
        assert torch.allclose(ours[i], theirs, atol=1e-12)


def test_a_shift_of_whole_pixels_moves_pixels_and_brings_zeros():
    x = pictures(1, 1, 5, 5)
    moved = affine(x, torch.zeros(1).double(),
                   torch.tensor([[2.0, 1.0]]).double())
    assert torch.allclose(moved[0, 0, 1:, 2:], x[0, 0, :-1, :-2])
    assert moved[0, 0, 0].abs().max() < 1e-12
    assert moved[0, 0, :, :2].abs().max() < 1e-12


def test_a_quarter_turn_is_clockwise():
    x = pictures(1, 1, 6, 6)
    turned = affine(x, torch.tensor([90.0]).double(),
                    torch.zeros(1, 2).double())
    assert torch.allclose(turned, torch.rot90(x, -1, (2, 3)), atol=1e-9)


def test_random_moves_stay_within_their_bounds_and_reach_them():
    # one bright point far from the middle tells its angle; at the middle,
    # its shift
    x = torch.zeros(400, 1, 41, 41)
    x[:, 0, 20, 20] = 1
    moved = random_moves(x, 0, 5, chance()) + 1e-12
    row = (moved.sum((1, 3)) * torch.arange(41)).sum(1) - 20
    column = (moved.sum((1, 2)) * torch.arange(41)).sum(1) - 20
    for found in (row, column):
        assert found.abs().max() < 5.001 and found.min() < -4.8
        assert found.max() > 4.8 and abs(found.mean()) < 0.6
    x = torch.zeros(400, 1, 41, 41)
    x[:, 0, 20, 36] = 1
    moved = random_moves(x, 30, 0, chance())
    row = ((moved.sum(3)[:, 0] * torch.arange(41)).sum(1)
           / moved.sum((1, 2, 3)) - 20)
    assert 7.5 < row.max() < 8.2 and -8.2 < row.min() < -7.5    # 16 sin 30°


def test_every_picture_moves_by_its_own_amount():
    x = pictures(1, 1, 9, 9).expand(5, 1, 9, 9)
    moved = random_moves(x, 20, 2, chance())
    assert all((a - b).abs().max() > 0.01
               for a, b in itertools.combinations(moved, 2))


# Erasing


def test_erasing_changes_one_rectangle_of_the_stated_area():
    x = torch.full((500, 1, 40, 40), 2.0)
    hit = (random_erasing(x, 1.0, chance()) != 2)[:, 0]
    share = hit.float().mean((1, 2))
    assert 0.3 < share.max() <= 0.42 and share.min() < 0.02
    for mask in hit:
        rows, columns = mask.any(1), mask.any(0)
        assert torch.equal(mask, rows[:, None] & columns)
        for line in (rows, columns):
            at = line.nonzero()[:, 0]
            assert at.numel() == 0 or at[-1] - at[0] + 1 == at.numel()


@pytest.mark.parametrize("H, W", [(12, 48), (48, 12)])
def test_erasing_reaches_all_sides_of_a_picture_that_is_not_square(H, W):
    hit = random_erasing(torch.full((500, 1, H, W), 2.0), 1.0, chance()) != 2
    rows, columns = hit[:, 0].any(2), hit[:, 0].any(1)
    for line in (rows, columns):
        assert line[:, 0].float().mean() > 0.05
        assert line[:, -1].float().mean() > 0.05
    share = rows.float().mean(), columns.float().mean()
    assert 0.25 < share[0] < 0.6 and 0.25 < share[1] < 0.6


def test_the_chance_of_erasing_is_kept():
    x = torch.full((2000, 1, 12, 12), 2.0)
    for share in (0.0, 0.3):
        hit = (random_erasing(x, share, chance()) != 2).any(3).any(2).any(1)
        assert hit.float().mean() == pytest.approx(share, abs=0.04)


def test_erased_pixels_are_between_0_and_1_and_new_for_each_picture():
    x = torch.full((40, 1, 20, 20), 2.0)
    out = random_erasing(x, 1.0, chance())
    values = out[out != 2]
    assert values.min() >= 0 and values.max() <= 1 and values.std() > 0.25
    assert len(values.unique()) > 0.9 * len(values)


# Batches


def numbered(n=20, size=6):
    return Batches(torch.arange(n).float(), torch.arange(n), size, seed=3)


def test_augmented_batches_keep_labels_and_order_and_change_each_pass():
    batches = Augmented(numbered(), lambda x, g: x + torch.rand(
        len(x), generator=g), seed=1)
    assert len(batches) == 4
    passes = [list(batches), list(batches)]
    for pairs in passes:
        for inputs, labels in pairs:
            assert torch.equal(inputs.floor().long(), labels)
    first, second = (torch.cat([x for x, _ in pairs]).sort().values
                     for pairs in passes)
    assert not torch.equal(first, second)


def test_the_seed_alone_decides_what_is_changed():
    def run(seed):
        return torch.cat([x for x, _ in Augmented(
            numbered(), lambda x, g: x + torch.rand(len(x), generator=g),
            seed)])
    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_augmented_batches_hold_no_picture_of_another_part():
    # ids go along as labels, so every augmented copy tells its origin
    parts = torch.randperm(60, generator=chance()).split([40, 10, 10])
    x = pictures(60, 1, 8, 8)
    batches = Augmented(Batches(x[parts[0]], parts[0], 16, 0),
                        lambda x, g: random_moves(x, 20, 2, g))
    origins = {int(i) for _ in range(3) for _, ids in batches for i in ids}
    assert origins == set(parts[0].tolist())
    assert not origins & set(torch.cat(parts[1:]).tolist())


def test_augmenting_leaves_the_stored_pictures_as_they_were():
    x = pictures(12, 1, 8, 8)
    before = x.clone()
    for change in (lambda x, g: random_moves(x, 20, 2, g),
                   lambda x, g: random_erasing(x, 1.0, g)):
        list(Augmented(Batches(x, torch.zeros(12), 5), change))
    assert torch.equal(x, before)


def test_a_transform_that_loses_inputs_is_named():
    with pytest.raises(ValueError, match="expected 6 inputs back, got 5"):
        list(Augmented(numbered(), lambda x, g: x[1:]))


def test_mixup_mixes_inputs_and_targets_by_one_share():
    # the label is the input, so the mixed target says where it came from
    labels = torch.arange(10).repeat(3)
    batches = Mixup(Batches(labels.double(), labels, 10), 10, 0.5, seed=2)
    assert len(batches) == 3
    shares = []
    for inputs, targets in batches:
        assert torch.allclose(targets.sum(1), torch.ones(10).double())
        assert ((targets > 0).sum(1) <= 2).all()
        assert torch.allclose(inputs, targets @ torch.arange(10.0).double())
        shares += targets.max(1).values.tolist()
    assert min(shares) < 0.95


def test_mixups_shares_follow_the_beta_distribution():
    labels = torch.tensor([0, 1] * 1500)
    shares = [float(targets.max())
              for _, targets in Mixup(Batches(labels.float(), labels, 2),
                                      2, 0.4, seed=0)]
    # of Beta(a, a) the variance is 1 / (4 (2a + 1)), the mean 1/2; pairs
    # of equal labels, or mixed with themselves, tell nothing
    told = np.array([s for s in shares if s < 1])
    assert len(told) > 300
    assert np.mean((told - 0.5) ** 2) == pytest.approx(1 / 7.2, abs=0.02)


# Sound


def tone(hertz, samples=4096, rate=8000):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(samples) / rate)


def peak(wave, rate=8000):
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 65536))
    return power.argmax() * rate / 65536


def noisy_wave(samples=4096):
    return np.random.default_rng(0).normal(size=samples) + tone(600, samples)


@pytest.mark.parametrize("decibels", [0, 10, 30])
def test_noise_lies_so_many_decibels_below_each_wave(decibels):
    waves = torch.tensor(np.stack([tone(300), 0.1 * tone(700)]))
    noise = add_noise(waves, decibels, chance()) - waves
    found = 10 * torch.log10(waves.square().mean(1) / noise.square().mean(1))
    assert torch.allclose(found, torch.tensor(float(decibels)).double(),
                          atol=0.3)


@pytest.mark.parametrize("rate", [0.6, 0.8, 1.0, 1.3, 2.0])
@pytest.mark.parametrize("hop", [32, 64])
def test_the_phase_vocoder_is_librosas(rate, hop):
    spectrum = stft(noisy_wave(), hop=hop)
    theirs = librosa.phase_vocoder(spectrum, rate=rate, hop_length=hop,
                                   n_fft=256)
    assert np.allclose(phase_vocoder(spectrum, rate, hop), theirs, atol=1e-9)


def test_spectra_of_several_waves_are_stretched_one_by_one():
    spectra = stft(np.stack([noisy_wave(), tone(440)]))
    together = phase_vocoder(spectra, 1.2)
    assert np.allclose(together[0], phase_vocoder(spectra[0], 1.2))


@pytest.mark.parametrize("rate", [0.7, 1.0, 1.25, 1.6])
def test_stretching_is_librosas(rate):
    wave = noisy_wave()
    theirs = librosa.effects.time_stretch(wave, rate=rate, n_fft=256,
                                          hop_length=64)
    ours = time_stretch(wave, rate)
    assert len(ours) == len(theirs) == round(4096 / rate)
    # librosa adds a frame at the end, where it has one more than needed
    assert np.abs(ours - theirs)[:-192].max() < 1e-3


@pytest.mark.parametrize("rate", [0.7, 1.5])
def test_stretching_changes_how_long_and_not_how_high(rate):
    stretched = time_stretch(tone(440), rate)
    assert len(stretched) == round(4096 / rate)
    assert peak(stretched) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("semitones", [-12, -3, 0, 4, 12])
def test_a_shift_of_pitch_changes_how_high_and_not_how_long(semitones):
    shifted = pitch_shift(tone(440), semitones)
    assert len(shifted) == 4096
    assert peak(shifted) == pytest.approx(440 * 2 ** (semitones / 12),
                                          rel=5e-3)


def test_stretching_by_nothing_changes_nothing():
    wave = noisy_wave()
    assert np.allclose(time_stretch(wave, 1.0), wave)
    assert np.allclose(pitch_shift(wave, 0), wave)


# Masks


def test_masks_are_one_run_of_bands_and_one_of_frames():
    x = torch.randn(300, 20, 30, generator=chance())
    masked = spec_augment(x, 5, 8, chance(1))
    widest = np.zeros(2, dtype=int)
    for before, after in zip(x, masked):
        changed = before != after
        assert torch.allclose(after[changed], before.mean())
        whole = changed.all(1), changed.all(0)
        assert torch.equal(changed, whole[0][:, None] | whole[1])
        for side, line in enumerate(whole):
            at = line.nonzero()[:, 0]
            if at.numel():
                assert at[-1] - at[0] + 1 == at.numel()
            widest[side] = max(widest[side], at.numel())
    assert widest.tolist() == [5, 8]


def test_masks_reach_both_ends():
    x = torch.randn(300, 20, 30, generator=chance())
    changed = spec_augment(x, 5, 8, chance(1)) != x
    bands, frames = changed.all(2), changed.all(1)
    assert bands[:, 0].any() and bands[:, -1].any()
    assert frames[:, 0].any() and frames[:, -1].any()


def test_masks_of_no_width_change_nothing():
    x = torch.randn(3, 20, 30, generator=chance())
    assert torch.equal(spec_augment(x, 0, 0, chance()), x)


# Bad input


@pytest.mark.parametrize("call, words", [
    (lambda: affine(torch.zeros(5, 5), None, None),
     r"pictures: expected shape \(B, C, H, W\), got \(5, 5\)"),
    (lambda: affine(torch.zeros(2, 1, 5, 5), torch.zeros(3),
                    torch.zeros(2, 2)), r"degrees: expected shape \(2,\)"),
    (lambda: affine(torch.zeros(2, 1, 5, 5), torch.zeros(2),
                    torch.zeros(2)), r"shifts: expected shape \(2, 2\)"),
    (lambda: random_erasing(torch.zeros(2, 5, 5), 0.5, chance()),
     "pictures: expected shape"),
    (lambda: random_erasing(torch.zeros(2, 1, 5, 5), 1.5, chance()),
     "chance: expected"),
    (lambda: Mixup(numbered(), 20, 0.0), "alpha: expected a number above 0"),
    (lambda: phase_vocoder(np.zeros((3, 4)), 0), "rate: expected"),
    (lambda: spec_augment(torch.zeros(4, 5), 1, 1, chance()),
     r"spectrograms: expected shape \(B, bands, T\), got \(4, 5\)"),
    (lambda: spec_augment(torch.zeros(1, 4, 5), 5, 1, chance()),
     "bands: expected 0 <= bands < 5"),
    (lambda: spec_augment(torch.zeros(1, 4, 5), 1, 6, chance()),
     "frames: expected 0 <= frames < 6"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
