"""Sound as numbers: quantization, the short-time spectrum, mel bands.

Appendix A derives each. Waves are arrays (…, samples); spectra are
(…, frequencies, frames), as in librosa and PyTorch.
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from scratch.inputs import check_finite, check_positive, check_shape
from scratch.sound import (
    check_bank,
    check_frames,
    check_magnitudes,
    check_samples,
    check_spectrum,
)


def snr(wave, heard):
    """Return by how many decibels a wave exceeds the error in another.

    wave, heard: arrays of one shape. Identical ones give infinity.
    Raises ValueError for two shapes, NaN, and a wave of zeros.
    """
    check_finite("wave", wave)
    check_shape("heard", heard, np.shape(wave))
    signal, noise = np.sum(wave**2), np.sum((heard - wave)**2)
    check_positive("power of the wave", signal)
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise))


def quantize(wave, bits):
    """Round to the nearest of 2**bits values, evenly spaced in [-1, 1].

    Raises ValueError for NaN, for a sample beyond 1, for no bit.
    """
    check_samples(wave, bits)
    step = 2 / 2**bits
    level = np.floor(np.clip(wave, -1, 1 - step / 2) / step)
    return step * (level + 0.5)


def mu_law_encode(wave, bits=8):
    """Return whole numbers from 0 to 2**bits - 1, finer near silence.

    Raises ValueError for NaN, for a sample beyond 1, for no bit.
    Source: Smith (1957); ITU-T G.711 draws the curve in straight pieces.
    """
    check_samples(wave, bits)
    top = 2**bits - 1
    bent = np.sign(wave) * np.log1p(top * np.abs(wave)) / np.log1p(top)
    return np.floor((bent + 1) / 2 * top + 0.5).astype(np.int64)


def mu_law_decode(codes, bits=8):
    """Return the samples between -1 and 1 that the codes stand for."""
    top = 2**bits - 1
    bent = np.asarray(codes) / top * 2 - 1
    return np.sign(bent) * np.expm1(np.abs(bent) * np.log1p(top)) / top


def hann(size):
    """Return the periodic Hann window, (size,): zero at its first sample."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def stft(wave, size=256, hop=64, window=None):
    """Return the short-time spectrum, complex, (…, size // 2 + 1, frames).

    wave: (…, samples), framed by size // 2 zeros on each side, so that
    frame t lies around sample t hop. window: (size,), Hann by default.
    Raises ValueError for an odd size, a hop that is not 1 to size // 2.
    """
    check_frames(size, hop)
    window = hann(size) if window is None else window
    edges = [(0, 0)] * (np.ndim(wave) - 1) + [(size // 2, size // 2)]
    frames = sliding_window_view(np.pad(wave, edges), size, axis=-1)
    spectrum = np.fft.rfft(frames[..., ::hop, :] * window)
    return spectrum.swapaxes(-1, -2)


def istft(spectrum, samples, hop=64, window=None):
    """Return the wave (samples,) whose short-time spectrum is nearest.

    spectrum: (size // 2 + 1, frames), whether or not a wave has it;
    window: the one of stft. Source: Griffin and Lim (1984), equation 6.
    Raises ValueError for frames that are not as many as the wave needs.
    """
    size = 2 * (len(spectrum) - 1)
    check_frames(size, hop)
    window = hann(size) if window is None else window
    check_spectrum(spectrum, samples, hop)
    wave = np.zeros(samples + 2 * size)
    weight = np.zeros(samples + 2 * size)
    for t, frame in enumerate(np.fft.irfft(spectrum.T, n=size)):
        here = slice(t * hop, t * hop + size)
        wave[here] += window * frame
        weight[here] += window**2
    inside = slice(size // 2, size // 2 + samples)
    return wave[inside] / weight[inside]


def griffin_lim(magnitudes, samples, hop=64, steps=32, seed=0):
    """Return a wave with nearly these magnitudes, and its errors.

    magnitudes: (frequencies, frames), the magnitudes of a short-time
    spectrum; steps: inversions, from random phases.
    Returns wave (samples,) and a list of distances between the wave's
    magnitudes and the given ones, one a step, as a share of the given.
    Source: Griffin and Lim (1984).
    Raises ValueError for negative magnitudes and for no step.
    """
    check_positive("steps", steps)
    check_magnitudes(magnitudes)
    size = 2 * (len(magnitudes) - 1)
    twice = np.full((len(magnitudes), 1), 2.0)   # f and -f, but for
    twice[[0, -1]] = 1                        # the first and the last
    rng = np.random.default_rng(seed)
    turn = np.exp(2j * np.pi * rng.random(magnitudes.shape))
    errors = []
    for _ in range(steps):
        wave = istft(magnitudes * turn, samples, hop)
        spectrum = stft(wave, size, hop)
        got = np.abs(spectrum)
        errors.append(float(np.sqrt(
            np.sum(twice * (got - magnitudes)**2)
            / np.sum(twice * magnitudes**2))))
        turn = spectrum / np.maximum(got, 1e-12)
    return wave, errors


def hertz_to_mel(hertz):
    """Return the pitch in mel: 1000 Hz is about 1000 mel."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def mel_to_hertz(mel):
    """Return the frequency that has a pitch."""
    return 700 * (10**(np.asarray(mel) / 2595) - 1)


def mel_filterbank(bands, size, rate):
    """Return (bands, size // 2 + 1): triangles, evenly spaced in mel.

    Each rises from its lower neighbor's peak to 1 and falls to zero at
    its upper neighbor's. Raises ValueError for so many bands that one
    of them holds no frequency of the spectrum.
    """
    check_positive("bands", bands)
    frequency = np.arange(size // 2 + 1) * rate / size
    corner = mel_to_hertz(np.linspace(0, hertz_to_mel(rate / 2),
                                      bands + 2))[:, None]
    rising = (frequency - corner[:-2]) / (corner[1:-1] - corner[:-2])
    falling = (corner[2:] - frequency) / (corner[2:] - corner[1:-1])
    bank = np.maximum(0, np.minimum(rising, falling))
    check_bank(bank)
    return bank


def mel_spectrogram(wave, rate, bands=32, size=256, hop=64):
    """Return the power in mel bands, (…, bands, frames); see stft."""
    power = np.abs(stft(wave, size, hop))**2
    return mel_filterbank(bands, size, rate) @ power


class LogMel(torch.nn.Module):
    """Waves (B, samples) in, log power in mel bands (B, bands, T) out.

    The floor is added to the power before the logarithm. Gradients pass.
    """

    def __init__(self, rate, bands=32, size=256, hop=64, floor=1e-3):
        super().__init__()
        self.size, self.hop, self.floor = size, hop, floor
        bank = torch.tensor(mel_filterbank(bands, size, rate))
        self.register_buffer("bank", bank.float())
        self.register_buffer("window", torch.hann_window(size))

    def forward(self, waves):
        spectrum = torch.stft(
            waves, self.size, self.hop, window=self.window,
            pad_mode="constant", return_complex=True)
        power = spectrum.real**2 + spectrum.imag**2
        return torch.log(self.bank @ power + self.floor)
