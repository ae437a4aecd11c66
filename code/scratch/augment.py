"""What should not matter, as a change of the training examples: pictures
moved, erased and mixed, sounds stretched, shifted and masked. The home of
all is chapter 7."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from scipy.signal import resample
from torch.nn import functional as F

from scratch.audio import istft, stft
from scratch.inputs import check_positive, check_range, check_shape


def affine(pictures: torch.Tensor, degrees: torch.Tensor,
           shifts: torch.Tensor) -> torch.Tensor:
    """Turn and then shift every picture by an amount of its own.

    pictures: (B, C, H, W); degrees: (B,), clockwise around the middle;
    shifts: (B, 2), pixels to the right and down. Values between pixels
    are interpolated, what comes in from outside is 0. Equals
    torchvision's affine, which moves a whole batch alike.
    """
    _check_pictures(pictures)
    B, _, H, W = pictures.shape
    check_shape("degrees", degrees, (B,))
    check_shape("shifts", shifts, (B, 2))
    angle, (right, down) = torch.deg2rad(degrees), shifts.T
    c, s = torch.cos(angle), torch.sin(angle)
    # Where each new pixel comes from: shift back, then turn back. One
    # unit of the grid is half a side.
    back = torch.stack([
        c, s * H / W, -(c * right + s * down) * 2 / W,
        -s * W / H, c, (s * right - c * down) * 2 / H], 1)
    grid = F.affine_grid(back.view(B, 2, 3), pictures.shape,
                         align_corners=False)
    return F.grid_sample(pictures, grid, align_corners=False)


def random_moves(pictures: torch.Tensor, degrees: float, pixels: float,
                 generator: torch.Generator) -> torch.Tensor:
    """Turn and shift each picture at random, evenly up to these amounts."""
    draw = 2 * torch.rand(len(pictures), 3, generator=generator) - 1
    draw = draw.to(pictures)
    return affine(pictures, degrees * draw[:, 0], pixels * draw[:, 1:])


def random_erasing(pictures: torch.Tensor, chance: float,
                   generator: torch.Generator) -> torch.Tensor:
    """Fill a random rectangle of each picture with random values.

    pictures: (B, C, H, W) between 0 and 1; chance: share of pictures that
    lose one. It covers 2 to 40% of the picture, cut off at the border,
    with sides at a ratio of 0.3 to 1/0.3. Zhong et al. (2020).
    """
    _check_pictures(pictures)
    check_range("chance", chance, 0, 1.0001)
    B, _, H, W = pictures.shape
    u = torch.rand(B, 5, 1, generator=generator).to(pictures).unbind(1)
    area, ratio = 0.02 + 0.38 * u[0], 0.3 ** (1 - 2 * u[1])
    high, wide = H * (area * ratio) ** 0.5, W * (area / ratio) ** 0.5
    row = torch.arange(H, device=pictures.device)
    column = torch.arange(W, device=pictures.device)
    inside = (((row + 0.5 - H * u[2]).abs() < high / 2)[:, :, None]
              & ((column + 0.5 - W * u[3]).abs() < wide / 2)[:, None])
    hit = (inside & (u[4] < chance)[:, :, None])[:, None]
    noise = torch.rand(pictures.shape, generator=generator)
    return torch.where(hit, noise.to(pictures), pictures)


class Augmented:
    """Batches whose inputs are changed anew at each pass, labels kept.

    batches: gives (inputs, labels) at each pass, such as Batches over
    the training part; transform: function of inputs and a
    torch.Generator that returns changed inputs, as many; seed of it.
    """

    def __init__(self, batches: Iterable, transform: Callable, seed: int = 0):
        self.batches, self.transform = batches, transform
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator:
        for inputs, labels in self.batches:
            changed = self.transform(inputs, self.generator)
            _check_kept(changed, labels)
            yield changed, labels


class Mixup:
    """Batches of which each example is mixed with another of its batch.

    batches: gives (inputs, labels), whole numbers below classes; alpha:
    shares are drawn from the Beta distribution (alpha, alpha), one a
    batch. Targets are probabilities (B, classes), mixed as the inputs
    are; torch's cross_entropy takes them. Zhang et al. (2018).
    """

    def __init__(self, batches: Iterable, classes: int, alpha: float,
                 seed: int = 0):
        check_positive("alpha", alpha)
        self.batches, self.classes, self.alpha = batches, classes, alpha
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator:
        for inputs, labels in self.batches:
            targets = F.one_hot(labels, self.classes).to(inputs.dtype)
            share = self.rng.beta(self.alpha, self.alpha)
            other = torch.from_numpy(self.rng.permutation(len(labels)))
            yield (share * inputs + (1 - share) * inputs[other],
                   share * targets + (1 - share) * targets[other])


def add_noise(waves: torch.Tensor, decibels: float,
              generator: torch.Generator) -> torch.Tensor:
    """Add white noise that lies so many decibels below each wave's power.

    waves: (B, samples), each with some power.
    """
    power = waves.square().mean(-1, keepdim=True)
    noise = torch.randn(waves.shape, generator=generator).to(waves)
    return waves + noise * torch.sqrt(power / 10 ** (decibels / 10))


def phase_vocoder(spectrum: np.ndarray, rate: float,
                  hop: int = 64) -> np.ndarray:
    """Play a short-time spectrum at another speed and the same pitches.

    spectrum: (…, frequencies, frames), as stft gives it; rate: above 1
    is faster. Magnitudes are read between frames; phases go on turning
    as fast as the frames say. Equals librosa.phase_vocoder. Flanagan and
    Golden (1966).
    """
    check_positive("rate", rate)
    frequencies, frames = spectrum.shape[-2:]
    at = np.arange(0, frames, rate)
    before, part = at.astype(int), at % 1
    edges = [(0, 0)] * (spectrum.ndim - 1) + [(0, 2)]
    padded = np.pad(spectrum, edges)
    a, b = padded[..., before], padded[..., before + 1]
    expected = np.linspace(0, np.pi * hop, frequencies)[:, None]
    extra = np.angle(b) - np.angle(a) - expected
    extra -= 2 * np.pi * np.round(extra / (2 * np.pi))
    phase = np.cumsum(expected + extra, axis=-1)
    phase = np.concatenate([np.zeros_like(phase[..., :1]),
                            phase[..., :-1]], -1)
    phase += np.angle(spectrum[..., :1])
    size = (1 - part) * np.abs(a) + part * np.abs(b)
    return size * np.exp(1j * phase)


def time_stretch(wave: np.ndarray, rate: float) -> np.ndarray:
    """Return a wave (samples / rate,) that is faster and no higher.

    wave: (samples,), of which spectra are taken in windows of 256, 64
    apart. Equals librosa.effects.time_stretch but for the last window.
    """
    samples = round(len(wave) / rate)
    spectrum = phase_vocoder(stft(wave), rate)
    frames = 1 + samples // 64
    spectrum = np.pad(spectrum, ((0, 0), (0, 2)))[:, :frames]
    return istft(spectrum, samples)


def pitch_shift(wave: np.ndarray, semitones: float) -> np.ndarray:
    """Return a wave that is higher by so many semitones and no faster.

    wave: (samples,). It is stretched and then read faster, which
    moves all frequencies by 2^(semitones/12), formants included.
    """
    rate = 2 ** (-semitones / 12)
    return resample(time_stretch(wave, rate), len(wave))


def spec_augment(spectrograms: torch.Tensor, bands: int, frames: int,
                 generator: torch.Generator) -> torch.Tensor:
    """Mask a run of bands and a run of frames in each spectrogram.

    spectrograms: (B, bands, T), logarithms of power; a mask is up to so
    many wide and holds the spectrogram's mean. Park et al. (2019),
    without the warping of time.
    """
    _check_spectrograms(spectrograms)
    B, M, T = spectrograms.shape
    check_range("bands", bands, 0, M + 1)
    check_range("frames", frames, 0, T + 1)
    u = torch.rand(4, B, 1, generator=generator).to(spectrograms)
    masks = []
    for length, most, (wide, start) in ((M, bands, u[:2]),
                                        (T, frames, u[2:])):
        wide = torch.floor(wide * (most + 1))
        start = torch.floor(start * (length - wide + 1))
        place = torch.arange(length, device=u.device)
        masks.append((place >= start) & (place < start + wide))
    masked = masks[0][:, :, None] | masks[1][:, None]
    mean = spectrograms.mean((1, 2), keepdim=True)
    return torch.where(masked, mean, spectrograms)


def _check_pictures(pictures):
    if pictures.ndim != 4:
        raise ValueError("pictures: expected shape (B, C, H, W), got "
                         f"{tuple(pictures.shape)}")


def _check_spectrograms(spectrograms):
    if spectrograms.ndim != 3:
        raise ValueError("spectrograms: expected shape (B, bands, T), "
                         f"got {tuple(spectrograms.shape)}")


def _check_kept(changed, labels):
    if len(changed) != len(labels):
        raise ValueError(f"transform: expected {len(labels)} inputs "
                         f"back, got {len(changed)}")
