"""How long the book takes: `make bench`. The median of some runs is printed.

A benchmark and no test: figures depend on the machine, so nothing fails here.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import synthetic
from bookbuild.pages import ROOT
from scratch import autograd, data, layers, losses, optim

RUNS, FEW = 5, 3  # FEW where one takes a quarter of a minute or more
PAGES = 60  # of the long book
GROWTH = (10, 20, 40)  # pages: a book, twice and four times as much
# What `make book` does when all pages are run, but for the plain notebooks.
SPHINX = """
from pathlib import Path
from bookbuild import build, plain
plain.write_notebooks = lambda *_: None
Path("_build").mkdir(exist_ok=True)
build.run_sphinx(Path.cwd(), Path.cwd() / "_build/.doctrees")
"""


def main():
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python "
          f"{platform.python_version()}; median of {RUNS} runs (least, most) "
          "where no other number is named")
    with tempfile.TemporaryDirectory() as folder:
        our_book(clone(Path(folder) / "book"))
    with tempfile.TemporaryDirectory() as folder:
        long_book(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        growth(Path(folder))
    show("make test", 90, lambda: subprocess.run(
        ["make", "-C", ROOT, "test"], check=True, capture_output=True))
    torch.set_num_threads(1)
    assert np.allclose(train_ours(), train_torch())
    ratios = [seconds(train_ours) / seconds(train_torch) for _ in range(RUNS)]
    line("logistic regression on digits, our Adam against torch.optim's",
         ratios, "×", 2)
    for precision in (np.float64, np.float32):
        ours, theirs = engines(precision)
        assert np.allclose(ours(), theirs(), atol=1e-5)
        line("a net of 784, 256 and 10, batch of 256, forward and backward, "
             f"our engine against torch's, {np.dtype(precision)}",
             [seconds(ours) / seconds(theirs) for _ in range(20)], "×", 2)


def engines(precision):
    """Two functions, ours and torch's, that take the same net's gradients and
    return that of its first weights."""
    rng = np.random.default_rng(0)
    X = rng.random((256, 784)).astype(precision)
    labels = rng.integers(10, size=256)
    net = layers.Sequential(
        layers.Linear(784, 256, rng), autograd.Tensor.relu,
        layers.Linear(256, 10, rng))
    for parameter in net.parameters():
        parameter.data = parameter.data.astype(precision)
    weights = [torch.tensor(p.data, requires_grad=True)
               for p in net.parameters()]
    inputs, targets = torch.tensor(X), torch.tensor(labels)

    def ours():
        for parameter in net.parameters():
            parameter.grad = None
        layers.cross_entropy(net(X), labels).backward()
        return net.parameters()[0].grad

    def theirs():
        for weight in weights:
            weight.grad = None
        W, b, V, c = weights
        logits = (inputs @ W + b).relu() @ V + c
        torch.nn.functional.cross_entropy(logits, targets).backward()
        return W.grad.numpy()
    return ours, theirs


def our_book(book):
    page = book / "chapters/02_gradient_descent.md"
    module = book / "code/scratch/selfcheck.py"
    show("fresh clone to HTML, after installs", 60,
         lambda: build(book), lambda: forget_build(book))
    show("nothing changed", 1, lambda: build(book))
    show("one paragraph changed", 6, lambda: build(book), edits(page))
    show("one paragraph changed, make page P=02", 6,
         lambda: build(book, "02"), edits(page))
    said = []
    show("one module changed, and its page run", None,
         lambda: said.append(build(book)),
         edits(module, "\nNUMBER = {}\n"), FEW)
    print("   " + said[-1][said[-1].index("executed:"):].strip())


def long_book(folder):
    """Sixty pages of 6,000 words and 48 cells, which need no run."""
    synthetic.make(folder, PAGES)
    words = PAGES * synthetic.WORDS
    page = folder / "chapters/page_030.md"
    build(folder)  # the notebooks get their text
    name = f"{PAGES} pages of {synthetic.WORDS:,} words: "
    show(name + "Sphinx alone", 0.1 * words / 1000, lambda: sphinx(folder),
         lambda: forget_build(folder), FEW)
    show(name + "Sphinx alone, one paragraph changed", 6,
         lambda: sphinx(folder), edits(page))
    show(name + "make book", None, lambda: build(folder),
         lambda: forget_build(folder), FEW)
    show(name + "make book, nothing changed", 1, lambda: build(folder))
    show(name + "make book, one paragraph changed", 6,
         lambda: build(folder), edits(page))


def growth(folder):
    """What a book of once, twice and four times the pages costs: seconds of
    processor, which other work on the machine moves less than the clock."""
    costs = {}
    for pages in GROWTH:
        book = folder / f"of-{pages}"
        book.mkdir()
        synthetic.make(book, pages)
        build(book)  # the notebooks get their text
        forget_build(book)
        for what, action in (("site", build), ("PDF", pdf), ("EPUB", epub)):
            began = processor()
            action(book)
            costs.setdefault(f"{what}, seconds of processor", []).append(
                processor() - began)
        for what, place in (("site", "html"), ("PDF", "pdf/book.pdf"),
                            ("EPUB", "epub/book.epub")):
            costs.setdefault(f"{what}, MB", []).append(
                size(book / "_build" / place))
    for what, values in costs.items():
        print(f"{' / '.join(map(str, GROWTH))} pages of "
              f"{synthetic.WORDS:,} words: {what}: "
              + " / ".join(f"{value:.1f}" for value in values)
              + f"; four times the pages cost {values[-1] / values[0]:.2f} "
              "times; to reach: 4", flush=True)


def pdf(book):
    return python(book, "-m", "bookbuild.pdf")


def epub(book):
    return python(book, "-m", "bookbuild.epub")


def size(path):
    """Megabytes of a file or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def edits(path, change="\n\nParagraph {}.\n"):
    """A function that changes a file, each time in another way."""
    text, numbers = path.read_text(encoding="utf-8"), iter(range(100))
    return lambda: path.write_text(text + change.format(next(numbers)),
                                   encoding="utf-8")


def examples():
    """Digits as rows of pixels with a bias, labelled 5 or more, or less."""
    images, labels = data.load("digits")
    X = images.reshape(len(images), -1) / 255
    X = np.column_stack([np.ones(len(X)), X])
    return X, np.where(labels >= 5, 1.0, -1.0)


def batches(count, size=64, epochs=3):
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(count)
        yield from (order[i:i + size] for i in range(0, count, size))


def train_ours():
    X, y = examples()
    w = np.zeros(X.shape[1])
    adam = optim.Adam([w], learning_rate=1e-3)
    for chosen in batches(len(X)):
        x, t = X[chosen], y[chosen]
        slope = losses.logistic_gradient(t * (x @ w))
        adam.step([x.T @ (slope * t)])
    return w


def train_torch():
    """The same loop, batches and precision, with torch's parts."""
    X, y = map(torch.from_numpy, examples())
    w = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
    adam = torch.optim.Adam([w], lr=1e-3)
    for chosen in batches(len(X)):
        x, t = X[chosen], y[chosen]
        adam.zero_grad()
        torch.nn.functional.softplus(-t * (x @ w)).mean().backward()
        adam.step()
    return w.detach().numpy()


def clone(target):
    subprocess.run(["git", "clone", "-q", ROOT, target], check=True)
    return target


def forget_build(book):
    subprocess.run(["rm", "-rf", book / "_build"], check=True)


def build(book, *page):
    return python(book, "-m", "bookbuild.build", *page)


def sphinx(book):
    return python(book, "-c", SPHINX)


def python(book, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=book, check=True, text=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(book / "code")}).stdout


def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def processor():
    """Seconds of processor that ended child processes have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(what, bound, action, before=lambda: None, runs=RUNS):
    times, used = [], []
    for _ in range(runs):
        before()
        began = processor()
        times.append(seconds(action))
        used.append(processor() - began)
    if runs != RUNS:
        what += f" ({runs} runs)"
    line(what, times, "s", bound,
         f", {statistics.median(used):.2f} s of processor")


def line(what, values, unit, bound, more=""):
    print(f"{what}: {statistics.median(values):.2f} {unit} "
          f"({min(values):.2f}, {max(values):.2f}){more}"
          + (f"; to reach: {bound:g} {unit}" if bound else ""), flush=True)


if __name__ == "__main__":
    main()
