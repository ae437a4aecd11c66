"""How long the book takes: `make bench`. Five runs each, the median printed.

A benchmark and no test: figures depend on the machine, so nothing fails here.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from bookbuild.pages import ROOT
from scratch import data, losses, optim

RUNS = 5


def main():
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python "
          f"{platform.python_version()}; median of {RUNS} runs (least, most)")
    with tempfile.TemporaryDirectory() as folder:
        book = clone(Path(folder) / "book")
        page = book / "chapters/02_gradient_descent.md"
        text = page.read_text(encoding="utf-8")
        changes = iter(range(100))

        def change():
            page.write_text(f"{text}\n\nParagraph {next(changes)}.\n",
                            encoding="utf-8")

        show("fresh clone to HTML, after installs", 60,
             lambda: build(book), lambda: forget_build(book))
        show("nothing changed", 5, lambda: build(book))
        show("one paragraph changed", 8, lambda: build(book), change)
    show("make test", 90, lambda: subprocess.run(
        ["make", "-C", ROOT, "test"], check=True, capture_output=True))
    torch.set_num_threads(1)
    assert np.allclose(train_ours(), train_torch())
    ratios = [seconds(train_ours) / seconds(train_torch) for _ in range(RUNS)]
    line("logistic regression on digits, our Adam against torch.optim's",
         ratios, "×", 2)


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


def build(book):
    subprocess.run([sys.executable, "-m", "bookbuild.build"], cwd=book,
                   check=True, capture_output=True,
                   env=os.environ | {"PYTHONPATH": str(book / "code")})


def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def show(what, bound, action, before=lambda: None):
    times = []
    for _ in range(RUNS):
        before()
        times.append(seconds(action))
    line(what, times, "s", bound)


def line(what, values, unit, bound):
    print(f"{what}: {statistics.median(values):.2f} {unit} "
          f"({min(values):.2f}, {max(values):.2f}); to reach: {bound} {unit}",
          flush=True)


if __name__ == "__main__":
    main()
