"""Make data/prompts.npz from the Debian package asterisk-core-sounds-en-wav.

    apt-get update && python data/make_prompts.py

The package holds 568 prompts of a telephone exchange, spoken by Allison
Smith, 16 bits at 8 kHz. We keep the ten digits and 26 more, sample by
sample as they are. What each of them says stands in prompts.toml, from
the list core-sounds-en.txt of the package asterisk-core-sounds-en, which
is fetched as well, and compared.
"""

import gzip
import subprocess
import sys
import tempfile
import tomllib
import wave
import zipfile
from pathlib import Path

import numpy as np
from making import DATA, add, compare, fetch

SOUNDS, LIST = "asterisk-core-sounds-en-wav", "asterisk-core-sounds-en"
RATE = 8000


def main():
    listed = tomllib.loads((DATA / "prompts.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as place:
        for package in (LIST, SOUNDS):
            archive = fetch(["apt-get", "download", package],
                            f"{package}_*.deb", place)
            subprocess.run(["dpkg-deb", "--extract", archive, place],
                           check=True)
        said = transcripts(Path(place, "usr/share/doc", LIST,
                                "core-sounds-en.txt.gz"))
        folder = Path(place, "usr/share/asterisk/sounds/en_US_f_Allison")
        waves = [read(folder / f"{name}.wav") for name in listed["words"]]
    words = {name: said[name] for name in listed["words"]}
    with zipfile.ZipFile(DATA / "prompts.npz", "w") as archive:
        add(archive, "waves", np.concatenate(waves), np.int16)
        add(archive, "ends", np.cumsum([len(wave) for wave in waves]),
            np.int32)
    compare("prompts", rate=RATE, words=words)


def transcripts(path):
    """Return {name of a prompt: what it says}, without double spaces."""
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    pairs = [line.split(":", 1) for line in lines
             if ":" in line and not line.startswith(";")]
    return {name: " ".join(text.split()) for name, text in pairs}


def read(path):
    with wave.open(str(path)) as file:
        kind = file.getframerate(), file.getsampwidth(), file.getnchannels()
        if kind != (RATE, 2, 1):
            sys.exit(f"{path.name}: expected {RATE} Hz, 2 bytes, 1 channel, "
                     f"got {kind}")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


if __name__ == "__main__":
    main()
