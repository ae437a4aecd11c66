"""Make data/fashion.npz from the Debian package dataset-fashion-mnist.

    apt-get update && python data/make_fashion.py

The package holds all of Fashion-MNIST. We keep the first 20,000 of the
60,000 training images, 18,000 for training and the last 2,000 of them for
validation, and all 10,000 test images, everything in its original order.
"""

import gzip
import hashlib
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from making import fetch, write

PACKAGE = "dataset-fashion-mnist"
# Name, MD5 that its authors publish, and the time in its gzip header.
# Debian takes name and time out of the headers; with both put back the
# files are the original ones, and their MD5 proves it.
ORIGINALS = {
    "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 1504176606),
    "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", 1504176606),
    "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", 1504176627),
    "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", 1504176627),
}


def main():
    with tempfile.TemporaryDirectory() as place:
        package = fetch(["apt-get", "download", PACKAGE],
                        f"{PACKAGE}_*.deb", place)
        subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
        files = Path(place, "usr/share/datasets/fashion-mnist")
        images, labels, test_images, test_labels = [
            read(files / f"{name}.gz", md5, time)
            for name, (md5, time) in ORIGINALS.items()]
    train, validation = slice(18_000), slice(18_000, 20_000)
    write("fashion", {"train": (images[train], labels[train]),
                      "validation": (images[validation], labels[validation]),
                      "test": (test_images, test_labels)})


def read(path, md5, time):
    """Return the array of a file of MNIST's format, an original one only."""
    content = path.read_bytes()
    original = (b"\x1f\x8b\x08\x08" + struct.pack("<I", time) + b"\x00\x03"
                + path.stem.encode() + b"\x00" + content[10:])
    got = hashlib.md5(original, usedforsecurity=False).hexdigest()
    if got != md5:
        sys.exit(f"{path.name}: expected the original file with MD5 {md5}, "
                 f"got {got}")
    plain = gzip.decompress(content)
    dimensions = plain[3]
    shape = struct.unpack(f">{dimensions}I", plain[4:4 + 4 * dimensions])
    return np.frombuffer(plain, np.uint8, offset=4 + 4 * dimensions
                         ).reshape(shape)


if __name__ == "__main__":
    main()
