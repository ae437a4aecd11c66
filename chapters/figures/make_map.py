"""Draw the map of the book: map.svg for the web, map.pdf for print.

Run it after a change of parts, weeks or titles:
    python chapters/figures/make_map.py
"""

import itertools
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Arc, Circle, FancyArrowPatch, Rectangle

from scratch.plots import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, YELLOW, set_style

WIDTH, ROW = 5.3, 1.06          # inches: the page, and one part
PICTURE, TEXT = 0.95, 2.02       # inches from the left


def foundations(ax):
    """Two classes and the line that a machine found."""
    rng = np.random.default_rng(5)
    points = rng.uniform(-1, 1, (34, 2))
    side = points @ [1.0, 0.8]
    up, down = points[side > 0.22], points[side < -0.22]
    ax.plot(*up.T, "o", color=BLUE, ms=3.4, mec="none")
    ax.plot(*down.T, "s", color=ORANGE, ms=3.2, mec="none")
    ax.plot([-0.8, 0.8], [1, -1], color=INK, lw=1.4)


def seeing(ax):
    """A picture on a grid and the small window that slides over it."""
    grid = np.add.outer((np.arange(7) - 3) ** 2, (np.arange(7) - 3) ** 2)
    for (i, j), r in np.ndenumerate(grid):
        ink = np.exp(-((np.sqrt(r) - 2.2) ** 2) / 0.6)
        ax.add_patch(Rectangle((-1 + j * 2 / 7, -1 + i * 2 / 7), 2 / 7, 2 / 7,
                               fc=INK, alpha=0.06 + 0.7 * ink, lw=0))
    ax.add_patch(Rectangle((-1 + 6 / 7, -1 + 6 / 7), 6 / 7, 6 / 7,
                           fc=BLUE, alpha=0.25, lw=0))
    ax.add_patch(Rectangle((-1 + 6 / 7, -1 + 6 / 7), 6 / 7, 6 / 7,
                           fc="none", ec=BLUE, lw=1.8))


def generating(ax):
    """Noise on the left becomes a shape on the right."""
    rng = np.random.default_rng(2)
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    ring = 0.8 * np.column_stack([np.cos(angle), np.sin(angle)])
    noise = np.clip((0.55 - ring[:, :1]) / 1.5, 0, 1) ** 1.6
    points = ring + 0.36 * noise * rng.standard_normal(ring.shape)
    for (x, y), n in zip(points, noise[:, 0]):
        ax.plot(x, y, "o", color=GREEN, ms=2.9, mec="none",
                alpha=1 - 0.65 * n)


def sequences(ax):
    """Five states in a row, each fed by the last; the end looks back."""
    x = np.linspace(-0.92, 0.92, 5)
    for a, b in itertools.pairwise(x):
        ax.add_patch(FancyArrowPatch(
            (a + 0.12, -0.45), (b - 0.12, -0.45), arrowstyle="-|>",
            mutation_scale=6, color=INK, lw=1, shrinkA=0, shrinkB=0))
    for a, weight in zip(x[:-1], (0.35, 1, 0.35, 0.6)):
        ax.add_patch(Arc(((a + x[4]) / 2, -0.3), x[4] - a, 1.3 * (x[4] - a)
                         / (x[4] - x[0]) + 0.55, theta1=0, theta2=180,
                         color=PURPLE, lw=0.6 + 1.6 * weight, alpha=0.9))
    for a in x:
        ax.add_patch(Circle((a, -0.45), 0.12, fc=INK, lw=0))


def tokens(ax):
    """A picture cut into patches, a sound cut into bars: one alphabet."""
    colors = [SKY, BLUE, GREEN, BLUE, YELLOW, SKY, GREEN, SKY, ORANGE]
    for k, color in enumerate(colors):
        ax.add_patch(Rectangle((-0.6 + 0.42 * (k % 3), 0.98 - 0.42 *
                                (k // 3) - 0.36), 0.36, 0.36, fc=color, lw=0))
    t = np.arange(17)
    tall = 0.3 * np.abs(np.sin(t / 1.7)) * np.exp(-(t - 8) ** 2 / 70) + 0.03
    palette = [SKY, BLUE, GREEN, YELLOW, ORANGE]
    for k, h in enumerate(tall):
        ax.add_patch(Rectangle((-0.98 + 0.118 * k, -0.7 - h), 0.075, 2 * h,
                               fc=palette[min(4, int(h / 0.075))], lw=0))


def acting(ax):
    """An agent acts on a world, and the world answers with a reward."""
    ax.add_patch(Circle((-0.62, 0), 0.26, fc=BLUE, lw=0))
    ax.add_patch(Rectangle((0.38, -0.26), 0.52, 0.52, fc=ORANGE, lw=0))
    for start, stop in (((-0.55, 0.36), (0.58, 0.36)),
                        ((0.58, -0.36), (-0.55, -0.36))):
        ax.add_patch(FancyArrowPatch(
            start, stop, connectionstyle="arc3,rad=-0.55", arrowstyle="-|>",
            mutation_scale=8, color=INK, lw=1.3, shrinkA=0, shrinkB=0))


PARTS = [
    ("I", "Foundations", (1, 2), foundations,
     "Perceptrons, gradient descent,\n"
     "backpropagation, multi-layer perceptrons"),
    ("II", "Seeing and generalizing", (3, 4), seeing,
     "Convolutional networks, regularization,\n"
     "augmentation, adversarial examples"),
    ("III", "Generating", (5, 6), generating,
     "Adversarial networks, unsupervised\n"
     "methods, diffusion models"),
    ("IV", "Sequences", (8, 9, 10), sequences,
     "Recurrent nets, LSTMs, attention, embeddings,\n"
     "transformers, variational autoencoders"),
    ("V", "Tokens of everything", (11, 12), tokens,
     "Tokens for images and audio, language\n"
     "models of both, copying and copyright"),
    ("VI", "Acting", (13, 14), acting,
     "Deep reinforcement learning, policy\n"
     "gradients, learning from human feedback"),
]


def draw():
    """Six rows from top to bottom, the weeks as stations at the left."""
    height = ROW * len(PARTS) + 0.3
    fig = plt.figure(figsize=(WIDTH, height))
    page = fig.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
    page.axis("off")
    track = 0.52
    stations = []
    for row, (number, name, weeks, picture, topics) in enumerate(PARTS):
        top = ROW * row + (0.3 if row > 2 else 0)
        middle = top + ROW / 2
        places = middle + 0.28 * np.linspace(-1, 1, len(weeks))
        stations += list(zip(weeks, places))
        size = 0.86
        ax = fig.add_axes((PICTURE / WIDTH, 1 - (middle + size / 2) / height,
                           size / WIDTH, size / height),
                          xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
        ax.axis("off")
        picture(ax)
        page.text(TEXT, middle - 0.27, f"{number}. {name}", va="center",
                  fontsize=11.5, fontweight="semibold", color=INK)
        page.text(TEXT, middle - 0.13, topics, va="top", fontsize=10,
                  color=INK, linespacing=1.2)
    midterm = 3 * ROW + 0.15
    stations = sorted([*stations, (7, midterm)])
    page.plot([track, track], [stations[0][1], stations[-1][1]],
              color=GREY, lw=1.2, zorder=1)
    for week, y in stations:
        page.plot(track, y, "o", color=INK, ms=5 if week != 7 else 3.5)
        page.text(track - 0.16, y, f"{week}", ha="right", va="center",
                  fontsize=10, color=INK)
    page.text(PICTURE + 0.06, midterm, "Midterm", va="center", fontsize=10,
              style="italic", color=INK)
    page.text(0.02, 0.06, "Week", va="center", fontsize=10, style="italic",
              color=INK)
    return fig


if __name__ == "__main__":
    set_style()
    plt.rcParams["figure.constrained_layout.use"] = False
    figure = draw()
    here = Path(__file__).parent
    figure.savefig(here / "map.svg", metadata={"Date": None})
    figure.savefig(here / "map.pdf", metadata={"CreationDate": None})
