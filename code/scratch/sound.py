"""The book's sounds, and a player for them: in a page, and in words.

`data/DATA.md` tells where the sounds are from. All of them have RATE
samples a second.
"""

import base64
import html
import io
import re
import wave as riff

import numpy as np

from scratch import data
from scratch.inputs import check_finite

RATE = 8000


def spoken(part="train"):
    """Load spoken digits, zero to nine, in many synthetic voices.

    part: "train", "validation" or "test"; no voice is in two of them.
    Returns waves (n, 4096) float32 between -1 and 1, the word in the
    middle; labels (n,) int64; voices (n,), the names of the voices.
    Raises ValueError for an unknown part, FileNotFoundError for a
    missing file, OSError for a damaged one.
    """
    if part not in data.PARTS:
        raise ValueError("part: expected one of \"train\", \"validation\", "
                         f"\"test\", got {part!r}")
    names = np.array(data.describe("spoken")["voices"])
    with np.load(data.verified("spoken")) as arrays:
        codes, labels, voices = (arrays[f"{part}_{kind}"] for kind in
                                 ("codes", "labels", "voices"))
    # Kept as mu-law codes, a byte a sample (Appendix A has the formula).
    bent = np.arange(256) / 255 * 2 - 1
    table = np.sign(bent) * np.expm1(np.abs(bent) * np.log(256)) / 255
    return (table.astype(np.float32)[codes], labels.astype(np.int64),
            names[voices])


def prompts():
    """Load a telephone exchange's prompts, spoken by Allison Smith.

    Returns {name: (wave, words)}, wave (samples,) float32 between -1 and
    1; "digits/0" to "digits/9" come first. Raises FileNotFoundError for
    a missing file, OSError for a damaged one.
    """
    with np.load(data.verified("prompts")) as arrays:
        waves = np.split(arrays["waves"] / np.float32(32768),
                         arrays["ends"][:-1])
    words = data.describe("prompts")["words"]
    return {name: (wave, said) for wave, (name, said)
            in zip(waves, words.items(), strict=True)}


def clip(wave, rate, words):
    """Return a sound that a page plays, and that prints as its words.

    wave: (samples,) numbers between -1 and 1, at most 30,000 bytes of 16
    bits; rate: samples a second; words: what is to be heard, in words
    for whoever can't hear it. Let it be a cell's value.
    Raises ValueError for another shape, for NaN, for samples beyond 1,
    for a rate that browsers refuse, for no words and for a long sound.
    """
    wave = np.asarray(wave)
    if wave.ndim != 1 or not len(wave):
        raise ValueError("wave: expected one row of samples, shape (n,), "
                         f"got shape {wave.shape}")
    check_finite("wave", wave)
    if np.abs(wave).max() > 1:
        raise ValueError("wave: expected samples between -1 and 1, got "
                         f"{wave[np.abs(wave).argmax()]}; divide by the "
                         "largest, or cut with np.clip")
    if not (isinstance(rate, int) and 3000 <= rate <= 96_000):
        raise ValueError("rate: expected a whole number from 3000 to "
                         f"96000, which browsers play, got {rate!r}")
    if not isinstance(words, str) or not words.strip():
        raise ValueError("words: expected what is to be heard, for whoever "
                         f"can't hear it, got {words!r}")
    if len(wave) > LONGEST:
        raise ValueError(f"wave: expected at most {LONGEST:,} samples, so "
                         f"that pages stay small, got {len(wave):,}")
    return Clips([(_wav(wave, rate), words)])


def together(*clips):
    """Return several clips as one, side by side, to be compared."""
    return Clips([pair for some in clips for pair in some.pairs])


LONGEST = 15_000


class Clips:
    """Sounds, each with its words; Jupyter shows them as players."""

    def __init__(self, pairs):
        self.pairs = pairs

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = "".join(
            '<div class="clip" style="flex:1 1 15rem">'
            '<audio controls preload="metadata" style="width:100%" '
            f'aria-label="{text}" src="data:audio/wav;base64,'
            f'{base64.b64encode(content).decode()}"></audio>'
            f'<p style="margin:.25rem 0 0">{text}</p></div>'
            for content, words in self.pairs
            for text in [html.escape(words)])
        # Of the keys' places inside a player, browsers ring the first alone.
        return {"text/html": "<style>.clip audio:focus-within{outline:2px "
                             "solid;outline-offset:2px}</style>"
                             '<div class="clips" style="display:flex;'
                             f'flex-wrap:wrap;gap:1rem">{shown}</div>',
                "text/markdown": "\n\n".join(
                    f"*\\[sound: {_escaped(words)}\\]*"
                    for _, words in self.pairs),
                "text/plain": repr(self)}

    def __repr__(self):
        return "\n".join(f"[sound: {words}]" for _, words in self.pairs)


# ---- what the functions of scratch.audio refuse

def check_samples(wave, bits):
    """Refuse NaN, samples beyond 1, and numbers of bits that aren't."""
    check_finite("wave", wave)
    largest = np.max(np.abs(wave), initial=0)
    if largest > 1:
        raise ValueError("wave: expected samples between -1 and 1, got "
                         f"{largest}")
    if not (isinstance(bits, (int, np.integer)) and 1 <= bits <= 32):
        raise ValueError("bits: expected a whole number from 1 to 32, got "
                         f"{bits!r}")


def check_frames(size, hop):
    """Refuse windows of an odd size, and hops that leave gaps."""
    if size % 2 or size < 2:
        raise ValueError(f"size: expected an even number, got {size!r}")
    if not 1 <= hop <= size // 2:
        raise ValueError(f"hop: expected 1 to {size // 2}, half a window, "
                         f"so that frames overlap, got {hop!r}")


def check_spectrum(spectrum, samples, hop):
    """Refuse more or fewer frames than the samples have."""
    check_finite("spectrum", spectrum)
    expected = 1 + samples // hop
    if np.ndim(spectrum) != 2 or np.shape(spectrum)[1] != expected:
        raise ValueError(f"spectrum: expected {expected} frames, for "
                         f"{samples} samples at a hop of {hop}, got shape "
                         f"{np.shape(spectrum)}")


def check_magnitudes(magnitudes):
    """Refuse NaN, negative numbers, and nothing but zeros."""
    check_finite("magnitudes", magnitudes)
    if np.min(magnitudes) < 0 or not np.max(magnitudes) > 0:
        raise ValueError("magnitudes: expected none negative and one above "
                         f"0, got {np.min(magnitudes)} to "
                         f"{np.max(magnitudes)}")


def check_bank(bank):
    """Refuse a filterbank with a band that holds no frequency."""
    empty = np.flatnonzero(np.max(bank, axis=1) == 0)
    if empty.size:
        raise ValueError(f"bands: expected fewer than {len(bank)}, for band "
                         f"{empty[0]} holds no frequency; or a larger size")


# ---- the player

def _wav(wave, rate):
    """Return a WAV file, one channel of 16 bits."""
    content = io.BytesIO()
    with riff.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(32767 * wave).astype("<i2").tobytes())
    return content.getvalue()


def _escaped(words):
    return re.sub(r"([\\`*_\[\]<>$#|~^])", r"\\\1", words)
