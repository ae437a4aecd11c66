"""Draw the picture that stands beside a shared link, card.png of the site, and
the cover of the book for e-readers.

Run it after a change of the title:
    python chapters/figures/make_card.py
"""

import matplotlib.pyplot as plt
import numpy as np

from bookbuild.address import settings
from bookbuild.pages import ROOT
from scratch.plots import BLUE, INK, ORANGE, set_style

CARD = ROOT / "code/bookbuild/web/static/card.png"
COVER = ROOT / "code/bookbuild/ebook/static/cover.png"
WIDTH, HEIGHT = 12, 6.3  # inches of 100 pixels: the shape that sites show


def clouds(ax):
    """Two classes of points and the line that a machine found."""
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, (90, 2))
    side = points @ [1.0, 0.8]
    up, down = points[side > 0.16], points[side < -0.16]
    ax.plot(*up.T, "o", color=BLUE, ms=11, mec="none")
    ax.plot(*down.T, "s", color=ORANGE, ms=10, mec="none")
    ax.plot([-0.85, 0.85], [1.0625, -1.0625], color=INK, lw=3.5,
            solid_capstyle="round")
    ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
    ax.axis("off")


def draw(title):
    set_style()
    fig = plt.figure(figsize=(WIDTH, HEIGHT), dpi=100, facecolor="white",
                     layout="none")
    clouds(fig.add_axes((0.53, 0.09, 0.43, 0.82)))
    first, rest = title.split(", ", 1)
    fig.text(0.06, 0.60, first, size=50, color=INK, va="bottom")
    fig.text(0.06, 0.55, rest.replace(" to ", "\nto "), size=29, color=INK,
             va="top", linespacing=1.05)
    return fig


def draw_cover(title):
    """The same in the shape of a book."""
    set_style()
    fig = plt.figure(figsize=(8, 12), dpi=100, facecolor="white",
                     layout="none")
    clouds(fig.add_axes((0.08, 0.06, 0.84, 0.56)))
    first, rest = title.split(", ", 1)
    fig.text(0.09, 0.83, first, size=52, color=INK, va="bottom")
    fig.text(0.09, 0.80, rest.replace(" to ", "\nto "), size=30, color=INK,
             va="top", linespacing=1.05)
    return fig


if __name__ == "__main__":
    for path, figure in ((CARD, draw), (COVER, draw_cover)):
        figure(settings(ROOT, "title")).savefig(
            path, facecolor="white", metadata={"Software": None})
