"""The book's data: four generated toy sets, and small sets kept as files.

`data/DATA.md` tells for each file what it is, where it is from and under
which license. Beside a file `digits.npz` lies `digits.toml`: its size, its
SHA-256, the names of its classes and how many pictures each part has.
"""

import hashlib
import os
import tomllib
from functools import cache
from pathlib import Path

import numpy as np

PARTS = ("train", "validation", "test")


def toy(name, examples=200, seed=0):
    """Generate a set of points in the plane with two balanced classes.

    name: "gaussians" (two long blobs side by side, separable by a line),
    "center-surround" (a disc inside a ring), "xor" (four blobs, opposite
    corners alike) or "spirals" (two arms wound around each other).
    The examples come in random order; of an odd number, class +1 gets
    one more.

    Returns X (examples, 2) float64 and y (examples,) int64, +1 or -1.
    Raises ValueError for an unknown name, fewer than 4 examples, or a
    seed that is no whole number from 0 up.
    """
    if name not in TOYS:
        raise ValueError(f"name: expected one of {_listed(TOYS)}, "
                         f"got {name!r}")
    _check_whole("examples", examples, least=4)
    _check_whole("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(examples) % 2 == 0, 1, -1)
    X = TOYS[name](y, rng)
    order = rng.permutation(examples)
    return X[order], y[order].astype(np.int64)


def _gaussians(y, rng):
    # Long along the boundary, narrow across it, four standard deviations
    # from it, and tilted: one look at one example doesn't find the line.
    along = 0.8 * rng.standard_normal(len(y))
    across = y + 0.25 * rng.standard_normal(len(y))
    tilt = np.deg2rad(30)
    return np.column_stack([
        across * np.cos(tilt) - along * np.sin(tilt),
        across * np.sin(tilt) + along * np.cos(tilt)])


def _center_surround(y, rng):
    # The root makes the points even over the disc's and ring's area.
    u = rng.random(len(y))
    radius = np.where(y == 1, 0.9 * np.sqrt(u),
                      np.sqrt(1.2**2 + u * (2**2 - 1.2**2)))
    angle = 2 * np.pi * rng.random(len(y))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _xor(y, rng):
    # Of each class every other example goes right, the others left.
    right = np.where(np.arange(len(y)) // 2 % 2 == 0, 1, -1)
    corners = np.column_stack([right, -y * right])
    return corners + 0.25 * rng.standard_normal((len(y), 2))


def _spirals(y, rng):
    # Each arm makes one and a quarter turns while its radius grows evenly;
    # the second arm is the first, turned by half a circle.
    turn = 0.25 + 1.25 * np.sqrt(rng.random(len(y)))
    angle = 2 * np.pi * turn + np.pi * (y == -1)
    radius = 1.4 * turn
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return X + 0.07 * rng.standard_normal((len(y), 2))


TOYS = {"gaussians": _gaussians, "center-surround": _center_surround,
        "xor": _xor, "spirals": _spirals}


def load(name, part="train", full=False):
    """Load pictures and their labels from the book's data folder.

    name: "digits" or "fashion"; part: "train", "validation" or "test";
    full: the complete set instead of the book's part of it, downloaded
    through torchvision on first use, the last tenth of its training
    pictures being "validation".

    Returns images (n, 28, 28) uint8, 0 for background and 255 for ink,
    and labels (n,) int64, which `classes(name)` puts into words.
    Raises ValueError for an unknown part, or a name that is unknown or
    of no pictures, FileNotFoundError for a missing file, OSError for a
    damaged one, ConnectionError when the complete set can't be
    downloaded.
    """
    about = describe(name)
    if "full" not in about:
        raise ValueError(f"name: expected a set of pictures, got {name!r}, "
                         "whose sounds come from scratch.sound")
    if part not in PARTS:
        raise ValueError(f"part: expected one of {_listed(PARTS)}, "
                         f"got {part!r}")
    if full:
        return _load_full(about["full"], part)
    with np.load(verified(name)) as arrays:
        # Stored column by column: deflate packs garments better that way.
        images = arrays[f"{part}_columns"].transpose(0, 2, 1)
        labels = arrays[f"{part}_labels"]
    return np.ascontiguousarray(images), labels.astype(np.int64)


def classes(name):
    """Return what the labels 0, 1, 2, … of a set mean, a list of words."""
    return describe(name)["classes"]


def folder():
    """Return the data folder: $SCRATCH_DATA, else data/ of the book."""
    return Path(os.environ.get("SCRATCH_DATA")
                or Path(__file__).resolve().parents[2] / "data")


def describe(name):
    """Return what data/NAME.toml says: bytes, sha256, classes, counts, …

    Raises ValueError for a set that isn't there, FileNotFoundError when
    there is no data folder.
    """
    try:
        return tomllib.loads((folder() / f"{name}.toml").read_text("utf-8"))
    except FileNotFoundError:
        # Only now: a page that loads one set should not depend on them all.
        known = sorted(path.stem for path in folder().glob("*.toml"))
    if not known:
        raise FileNotFoundError(
            f"no data in {folder()}: expected the book's folder data/, as "
            "in its repository; set SCRATCH_DATA to where it is")
    raise ValueError(f"name: expected one of {_listed(known)}, got {name!r}")


def verified(name):
    """Return the path of a set's file, its size and SHA-256 being right.

    The file is hashed once a process, and again if it was changed since.
    """
    path, expected = folder() / f"{name}.npz", describe(name)
    mend = (f"get it back with `git checkout -- data/{path.name}`, or make "
            f"it again with `python data/make_{name}.py`")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {mend}")
    stat = path.stat()
    if stat.st_size != expected["bytes"]:
        raise OSError(f"{path} is damaged: expected {expected['bytes']:,} "
                      f"bytes, got {stat.st_size:,}; {mend}")
    got = _sha256(path, stat.st_mtime_ns)
    if got != expected["sha256"]:
        raise OSError(f"{path} is damaged: expected SHA-256 "
                      f"{expected['sha256'][:12]}…, got {got[:12]}…; {mend}")
    return path


@cache
def _sha256(path, changed):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _load_full(kind, part):
    from scratch.vision import torchvision
    place = folder() / "full"
    try:
        whole = getattr(torchvision.datasets, kind)(
            place, train=part != "test", download=True)
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[-1]
        raise ConnectionError(
            f"the complete {kind} could not be downloaded to {place} "
            f"({reason}): check the internet connection, or leave out "
            "full=True to take the book's own part of it") from error
    images, labels = whole.data.numpy(), whole.targets.numpy()
    kept = len(images) * 9 // 10
    cut = {"train": slice(kept), "validation": slice(kept, None),
           "test": slice(None)}[part]
    return images[cut], labels[cut].astype(np.int64)


def _listed(names):
    return ", ".join(f'"{name}"' for name in names)


def _check_whole(name, value, least):
    whole = (isinstance(value, (int, np.integer))
             and not isinstance(value, bool))
    if not whole or value < least:
        raise ValueError(f"{name}: expected a whole number, {least} or "
                         f"more, got {value!r}")
