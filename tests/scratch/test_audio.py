"""Sound as numbers, against librosa, SciPy, PyTorch and hand-made cases."""

import librosa
import numpy as np
import pytest
import torch
from scipy import signal

from scratch import audio, sound

RATE = 8000


@pytest.fixture(scope="module")
def hello():
    return sound.prompts()["hello-world"][0].astype(np.float64)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape)


# ---- signal-to-noise ratio

def test_an_error_of_a_tenth_is_twenty_decibels():
    wave = noise(100)
    assert audio.snr(wave, 1.1 * wave) == pytest.approx(20)
    assert audio.snr(wave, wave + 1) == pytest.approx(
        10 * np.log10(np.mean(wave**2)))


def test_a_perfect_copy_has_an_infinite_ratio():
    assert audio.snr(noise(9), noise(9)) == float("inf")


@pytest.mark.parametrize(("wave", "heard", "said"), [
    (np.ones(3), np.ones(4), r"heard: expected shape \(3,\)"),
    (np.zeros(3), np.ones(3), "power of the wave: expected a number above 0"),
    (np.array([np.nan]), np.ones(1), "wave: expected finite numbers"),
])
def test_a_ratio_that_means_nothing_is_refused(wave, heard, said):
    with pytest.raises(ValueError, match=said):
        audio.snr(wave, heard)


# ---- quantization

def test_two_bits_are_four_values_worked_by_hand():
    wave = np.array([-1, -0.51, -0.5, -0.1, 0, 0.49, 0.5, 1])
    assert audio.quantize(wave, 2).tolist() == [
        -0.75, -0.75, -0.25, -0.25, 0.25, 0.25, 0.75, 0.75]


@pytest.mark.parametrize("bits", [1, 2, 5, 8, 16])
def test_no_sample_moves_by_more_than_half_a_step(bits):
    wave = np.concatenate([noise(1000), [-1, 0, 1]])
    got = audio.quantize(wave, bits)
    assert np.abs(got - wave).max() <= 1 / 2**bits
    assert len(np.unique(got)) <= 2**bits and np.abs(got).max() < 1


@pytest.mark.parametrize("bits", [6, 9, 12])
def test_a_full_sine_has_six_decibels_a_bit(bits):
    wave = np.sin(2 * np.pi * 441.3 * np.arange(80_000) / RATE)
    got = audio.snr(wave, audio.quantize(wave, bits))
    assert got == pytest.approx(6.0206 * bits + 1.7609, abs=0.5)


def test_mu_law_bends_as_librosa_does():
    wave = np.linspace(-1, 1, 1001)
    # librosa's whole numbers come from bins of its own; its curve is ours.
    bent = librosa.mu_compress(wave, mu=255, quantize=False)
    codes = audio.mu_law_encode(wave)
    assert np.array_equal(codes, np.floor((bent + 1) / 2 * 255 + 0.5))
    back = librosa.mu_expand(2 * codes / 255 - 1, mu=255, quantize=False)
    assert np.allclose(audio.mu_law_decode(codes), back, atol=1e-12)


@pytest.mark.parametrize("bits", [1, 2, 4, 7, 8, 10, 12, 16])
def test_every_code_is_its_own_after_decoding(bits):
    codes = np.arange(2**bits)
    wave = audio.mu_law_decode(codes, bits)
    assert wave[[0, -1]] == pytest.approx([-1, 1], abs=1e-14)
    assert (np.diff(wave) > 0).all() and np.abs(wave).max() <= 1
    assert np.array_equal(audio.mu_law_encode(wave, bits), codes)


def test_codes_of_any_whole_numbers_are_decoded_alike():
    codes = np.array([0, 127, 128, 200, 255])
    for kind in (np.uint8, np.int16, np.int64):
        assert np.array_equal(audio.mu_law_decode(codes.astype(kind)),
                              audio.mu_law_decode(codes))


def test_the_spoken_digits_are_decoded_as_taught():
    with np.load(sound.data.verified("spoken")) as arrays:
        codes = arrays["test_codes"]
    assert np.allclose(audio.mu_law_decode(codes),
                       sound.spoken("test")[0], atol=1e-6)


def test_mu_law_keeps_quiet_speech_and_even_steps_lose_it(hello):
    quiet = hello / 100
    by_mu = audio.mu_law_decode(audio.mu_law_encode(quiet))
    assert (audio.snr(quiet, by_mu)
            > audio.snr(quiet, audio.quantize(quiet, 8)) + 20)


@pytest.mark.parametrize("code", [audio.quantize, audio.mu_law_encode])
@pytest.mark.parametrize(("wave", "bits", "said"), [
    ([0.0, 1.01], 8, "wave: expected samples between -1 and 1, got 1.01"),
    ([np.inf], 8, "wave: expected finite numbers"),
    ([0.0], 0, "bits: expected a whole number from 1 to 32, got 0"),
    ([0.0], 2.5, "bits: expected a whole number from 1 to 32, got 2.5"),
])
def test_samples_that_cannot_be_coded_are_refused(code, wave, bits, said):
    with pytest.raises(ValueError, match=said):
        code(np.array(wave), bits)


# ---- the short-time spectrum

@pytest.mark.parametrize(("size", "hop"), [(256, 64), (256, 128), (64, 10)])
def test_the_spectrum_is_librosas_and_torchs(hello, size, hop):
    ours = audio.stft(hello, size, hop)
    theirs = librosa.stft(hello, n_fft=size, hop_length=hop,
                          window="hann", pad_mode="constant")
    assert np.allclose(ours, theirs, atol=1e-10)
    third = torch.stft(torch.tensor(hello), size, hop,
                       window=torch.hann_window(size, dtype=torch.double),
                       pad_mode="constant", return_complex=True)
    assert np.allclose(ours, third.numpy(), atol=1e-10)


def test_a_batch_is_transformed_wave_by_wave():
    waves = noise(2, 3, 500)
    got = audio.stft(waves, 64, 16)
    assert got.shape == (2, 3, 33, 32)
    assert np.array_equal(got[1, 2], audio.stft(waves[1, 2], 64, 16))


def test_the_hann_window_is_scipys_periodic_one():
    assert np.allclose(audio.hann(64), signal.get_window("hann", 64))


@pytest.mark.parametrize(("size", "hop", "samples"), [
    (256, 64, 5000), (256, 128, 5001), (64, 10, 777), (64, 32, 64),
    (32, 7, 1000)])
def test_there_and_back_gives_every_sample_again(size, hop, samples):
    wave = noise(samples)
    spectrum = audio.stft(wave, size, hop)
    assert np.allclose(audio.istft(spectrum, samples, hop), wave, atol=1e-12)


def test_the_defaults_of_both_directions_belong_together():
    wave = noise(1000)
    assert np.allclose(audio.istft(audio.stft(wave), 1000), wave)
    power = np.abs(audio.stft(wave)) ** 2
    assert np.allclose(audio.mel_spectrogram(wave, RATE),
                       audio.mel_filterbank(32, 256, RATE) @ power)
    layer = audio.LogMel(RATE)(torch.tensor(wave[None]).float())
    assert np.allclose(layer[0].exp() - 1e-3,
                       audio.mel_spectrogram(wave, RATE), atol=1e-2)


def test_another_window_works_in_both_directions():
    wave, window = noise(1000), signal.get_window("hamming", 64)
    spectrum = audio.stft(wave, 64, 16, window)
    assert np.allclose(audio.istft(spectrum, 1000, 16, window), wave)
    assert not np.allclose(audio.istft(spectrum, 1000, 16), wave)


def test_the_inverse_is_the_least_squares_wave():
    # By brute force: stft is linear in the wave, so solve for it.
    samples, size, hop = 40, 16, 4
    basis = np.array([audio.stft(row, size, hop).ravel()
                      for row in np.eye(samples)]).T
    wanted = noise(9, 11) + 1j * noise(9, 11, seed=1)
    wanted[[0, -1]] = wanted[[0, -1]].real
    # Of the N frequencies, all but the first and last come twice.
    weight = np.full((9, 11), np.sqrt(2))
    weight[[0, -1]] = 1
    weight = weight.ravel()
    left = np.concatenate([weight[:, None] * basis.real,
                           weight[:, None] * basis.imag])
    right = np.concatenate([weight * wanted.real.ravel(),
                            weight * wanted.imag.ravel()])
    best = np.linalg.lstsq(left, right, rcond=None)[0]
    assert np.allclose(audio.istft(wanted, samples, hop), best, atol=1e-10)


def test_a_tone_shows_at_its_frequency_and_time():
    wave = np.zeros(4096)
    wave[2048:] = np.sin(2 * np.pi * 1000 * np.arange(2048) / RATE)
    power = np.abs(audio.stft(wave)) ** 2
    assert power[:, 50].argmax() == 32             # 1000 / (8000 / 256)
    assert power[:, 50].sum() > 1e6 * power[:, 10].sum()


@pytest.mark.parametrize(("given", "said"), [
    (dict(size=255), "size: expected an even number, got 255"),
    (dict(hop=129), "hop: expected 1 to 128, half a window"),
    (dict(hop=0), "hop: expected 1 to 128"),
])
def test_frames_that_leave_gaps_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        audio.stft(noise(1000), **given)


def test_too_many_or_too_few_frames_are_refused():
    spectrum = audio.stft(noise(1000))
    with pytest.raises(ValueError, match="expected 32 frames, for 2000 sa"):
        audio.istft(spectrum, 2000)
    with pytest.raises(ValueError, match="spectrum: expected finite"):
        audio.istft(spectrum * np.nan, 1000)


# ---- magnitudes alone

@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hop", [32, 64, 100, 128])
def test_the_error_never_rises(hello, seed, hop):
    wave = hello[2000:5000]
    wanted = np.abs(audio.stft(wave, hop=hop))
    _, errors = audio.griffin_lim(wanted, len(wave), hop, 20, seed)
    assert (np.diff(errors) <= 1e-12).all() and errors[-1] < errors[0]


def test_the_error_never_rises_for_magnitudes_that_no_wave_has():
    wanted = np.abs(noise(65, 32))
    _, errors = audio.griffin_lim(wanted, 1000, 32, 30)
    assert (np.diff(errors) <= 1e-12).all() and errors[-1] > 0.05


def test_the_errors_are_those_of_the_waves(hello):
    wave = hello[:2000]
    wanted = np.abs(audio.stft(wave))
    got, errors = audio.griffin_lim(wanted, len(wave), steps=7)
    full = lambda half: np.concatenate([half, half[1:-1]])
    off = full(np.abs(audio.stft(got))) - full(wanted)
    assert errors[-1] == pytest.approx(
        np.linalg.norm(off) / np.linalg.norm(full(wanted)))
    assert len(errors) == 7 and got.shape == wave.shape


def test_thirty_steps_bring_magnitudes_as_near_as_librosas(hello):
    # Momentum off, librosa does the same from other random phases.
    hello = hello[:6000]
    wanted = np.abs(audio.stft(hello))
    ours, _ = audio.griffin_lim(wanted, len(hello), steps=30)
    theirs = librosa.griffinlim(
        wanted, n_iter=30, hop_length=64, momentum=0, random_state=0,
        length=len(hello), pad_mode="constant")
    far = [np.linalg.norm(np.abs(audio.stft(wave)) - wanted)
           / np.linalg.norm(wanted) for wave in (ours, theirs)]
    assert far[0] < 1.5 * far[1] and far[0] < 0.3


def test_a_seed_decides_the_beginning(hello):
    wanted = np.abs(audio.stft(hello[:1500]))
    one, two, other = (audio.griffin_lim(wanted, 1500, steps=2, seed=s)[0]
                       for s in (1, 1, 2))
    assert np.array_equal(one, two) and not np.allclose(one, other)


@pytest.mark.parametrize(("change", "steps", "said"), [
    (lambda a: -a, 3, "magnitudes: expected none negative"),
    (lambda a: 0 * a, 3, "one above 0, got 0.0 to 0.0"),
    (lambda a: a * np.nan, 3, "magnitudes: expected finite"),
    (lambda a: a, 0, "steps: expected a number above 0, got 0"),
    (lambda a: a[:, 1:], 3, "expected 16 frames, for 1000 samples"),
])
def test_magnitudes_that_nothing_has_are_refused(change, steps, said):
    wanted = np.abs(audio.stft(noise(1000)))
    with pytest.raises(ValueError, match=said):
        audio.griffin_lim(change(wanted), 1000, steps=steps)


# ---- mel

def test_pitch_is_librosas_and_comes_back():
    hertz = np.array([0, 31.25, 700, 1000, 4000])
    mel = audio.hertz_to_mel(hertz)
    assert np.allclose(mel, librosa.hz_to_mel(hertz, htk=True))
    assert np.allclose(audio.mel_to_hertz(mel), hertz)


@pytest.mark.parametrize(("bands", "size", "rate"), [
    (32, 256, 8000), (8, 64, 8000), (40, 1024, 16_000)])
def test_the_filterbank_is_librosas(bands, size, rate):
    theirs = librosa.filters.mel(sr=rate, n_fft=size, n_mels=bands,
                                 htk=True, norm=None)
    ours = audio.mel_filterbank(bands, size, rate)
    assert np.allclose(ours, theirs, atol=1e-6)


def test_the_mel_spectrogram_is_librosas(hello):
    theirs = librosa.feature.melspectrogram(
        y=hello, sr=RATE, n_fft=256, hop_length=64, n_mels=32, power=2,
        htk=True, norm=None, pad_mode="constant")
    ours = audio.mel_spectrogram(hello, RATE)
    assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_bank_with_an_empty_band_is_refused():
    with pytest.raises(ValueError, match="bands: expected fewer than 100"):
        audio.mel_filterbank(100, 256, RATE)
    with pytest.raises(ValueError, match="bands: expected a number above 0"):
        audio.mel_filterbank(0, 256, RATE)


def test_the_layer_gives_what_numpy_gives():
    waves = noise(3, 2000)
    ours = np.log(audio.mel_spectrogram(waves, RATE, hop=100) + 1e-3)
    layer = audio.LogMel(RATE, hop=100)
    got = layer(torch.tensor(waves, dtype=torch.float32))
    assert got.shape == (3, 32, 21)
    assert np.allclose(got.numpy(), ours, atol=1e-3)


def test_gradients_pass_through_the_layer_to_the_samples():
    layer = audio.LogMel(RATE, bands=6, size=32, hop=8).double()
    wave = torch.tensor(noise(1, 40), requires_grad=True)
    assert torch.autograd.gradcheck(layer, wave)


def test_silence_has_a_finite_gradient():
    wave = torch.zeros(1, 512, requires_grad=True)
    audio.LogMel(RATE)(wave).sum().backward()
    assert torch.isfinite(wave.grad).all()


def test_the_layer_has_nothing_to_learn_and_keeps_its_bank():
    layer = audio.LogMel(RATE)
    assert not list(layer.parameters())
    assert set(layer.state_dict()) == {"bank", "window"}
