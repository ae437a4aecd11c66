"""Few functions for figures: arrays in, one style for print, light and dark.

Figures have no background of their own: paper shows white through them,
and the site turns them for its dark theme. So draw with the colours below
and never with a white that means "nothing here".
"""

import html
import io
import re
from pathlib import Path
from urllib.parse import quote

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib import font_manager

# Okabe & Ito's palette, safe for colour-blind readers. The same thing
# keeps its colour through the book: +1 is BLUE, -1 is ORANGE, and a
# model, its boundary or its theory is INK.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, SKY, YELLOW = "#CC79A7", "#56B4E9", "#E69F00"
INK, GREY = "#333333", "#8A8A8A"
COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW)
MARKERS = ("o", "s", "^", "D", "v", "P")

FONTS = Path(__file__).parent / "fonts"


def set_style():
    """Set the book's figure style: its faces, sizes, colours and formats.

    Inside a notebook, figures become SVG for the web and PDF for print.
    """
    for path in sorted(FONTS.glob("*.ttf")):
        font_manager.fontManager.addfont(path)
    plt.rcParams.update({
        "figure.figsize": (6, 3.2),
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none", "savefig.facecolor": "none",
        "axes.facecolor": "none", "legend.frameon": False,
        "font.family": ["Source Serif 4"], "font.size": 10.5,
        "mathtext.fontset": "stix",
        "axes.prop_cycle": cycler(color=COLORS),
        "axes.spines.top": False, "axes.spines.right": False,
        "axes.edgecolor": GREY, "axes.labelcolor": INK,
        "xtick.color": INK, "ytick.color": INK, "text.color": INK,
        "lines.linewidth": 1.6, "lines.markersize": 5,
        "image.cmap": "gray_r", "image.interpolation": "nearest",
        "svg.hashsalt": "deep learning", "svg.fonttype": "path",
    })
    shell = _notebook_shell()
    if shell is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
        shell.run_line_magic("matplotlib", "inline")
        set_matplotlib_formats("svg", "pdf")


def _notebook_shell():
    from IPython import get_ipython
    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None


def points(ax, X, y, **style):
    """Scatter two classes: +1 blue discs, -1 orange squares.

    X: (n, 2) positions; y: (n,) labels +1 or -1.
    """
    for label, color, marker in ((1, BLUE, "o"), (-1, ORANGE, "s")):
        chosen = X[np.asarray(y) == label]
        ax.plot(chosen[:, 0], chosen[:, 1], marker, color=color,
                **{"ms": 4, "mec": "none", "alpha": 0.85, **style})


def line(ax, w, **style):
    """Draw the line w[0] + w[1] x1 + w[2] x2 = 0 inside the axes' limits.

    w: (3,) weights, the bias first. A zero normal has no line: nothing
    is drawn.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    style = {"color": INK, **style}
    bias, w1, w2 = w
    if w1 == 0 and w2 == 0:
        return
    if abs(w2) >= abs(w1):
        x = np.array([left, right])
        ax.plot(x, -(bias + w1 * x) / w2, **style)
    else:
        x = np.array([low, high])
        ax.plot(-(bias + w2 * x) / w1, x, **style)
    ax.set(xlim=(left, right), ylim=(low, high))


def regions(ax, predict, steps=200):
    """Tint the axes by the sign of predict, +1 blue and -1 orange.

    predict: function from (n, 2) positions to (n,) labels or scores.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    a, b = np.meshgrid(np.linspace(left, right, steps),
                       np.linspace(low, high, steps))
    score = np.asarray(predict(np.column_stack([a.ravel(), b.ravel()])))
    ax.contourf(a, b, np.sign(score).reshape(a.shape), zorder=0,
                levels=[-1.5, 0, 1.5], colors=[ORANGE, BLUE], alpha=0.15)


def images(pictures, titles=None, columns=10, size=0.62):
    """Show pictures in a grid, dark ink for large values; return the figure.

    pictures: (n, H, W) or a list of (H, W) arrays; titles: n short strings.
    """
    rows = -(-len(pictures) // columns)
    height = size * (1.35 if titles is not None else 1.05) * rows
    fig, axes = plt.subplots(rows, columns, squeeze=False,
                             figsize=(size * columns, height))
    for i, ax in enumerate(axes.flat):
        ax.axis("off")
        if i < len(pictures):
            ax.imshow(pictures[i])
            if titles is not None:
                ax.set_title(titles[i], fontsize=9, pad=2)
    return fig


def spread(ax, x, runs, label=None, color=None):
    """Draw the mean of several runs and the band from least to greatest.

    x: (T,) positions; runs: (seeds, T), one row a seed.
    """
    runs = np.asarray(runs)
    mean, = ax.plot(x, runs.mean(0), color=color, label=label)
    ax.fill_between(x, runs.min(0), runs.max(0), lw=0, alpha=0.2,
                    color=mean.get_color())
    return mean


class Frames:
    """Pictures to step through on the web, a strip of stills in print.

    draw: function of (ax, i) that draws frame i; words: one sentence a
    frame, said below it and read out in place of the picture;
    stills: the frames that print shows.
    """

    def __init__(self, draw, words, stills, size=(4.2, 3.4)):
        if not words:
            raise ValueError("words: expected a sentence a frame, got none")
        outside = [i for i in stills if not 0 <= i < len(words)]
        if outside:
            raise ValueError(f"stills: frames 0 to {len(words) - 1} exist, "
                             f"got {outside}")
        self.draw, self.words = draw, words
        self.stills, self.size = stills, size

    def _repr_mimebundle_(self, include=None, exclude=None):
        strip = self._strip()
        svg, pdf = io.StringIO(), io.BytesIO()
        strip.savefig(svg, format="svg")
        strip.savefig(pdf, format="pdf")
        plt.close(strip)
        return {"text/html": self._html(), "image/svg+xml": svg.getvalue(),
                "application/pdf": pdf.getvalue(),
                "text/plain": f"{len(self.words)} frames"}

    def _strip(self):
        width = 6.4 / len(self.stills)
        fig, axes = plt.subplots(1, len(self.stills), squeeze=False,
                                 figsize=(6.4, 0.25 + width * self.size[1]
                                          / self.size[0]))
        for ax, i in zip(axes.flat, self.stills):
            self.draw(ax, i)
            ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
            ax.set_title(f"{i}", fontsize=9)
        return fig

    def _html(self):
        """Frames side by side in a box that scrolls and snaps, so touch
        and arrow keys work without a script; the site's script adds
        buttons where it runs."""
        width, height = (round(96 * side) for side in self.size)
        shown = "".join(
            f'<figure{" class=still" if i in self.stills else ""}>'
            f'<img loading="lazy" width="{width}" height="{height}" '
            f'alt="{text}" src="{self._picture(i)}">'
            f"<figcaption>{text}</figcaption></figure>"
            for i, text in enumerate(map(html.escape, self.words)))
        return ('<div class="frames" tabindex="0" role="group" aria-label='
                f'"{len(self.words)} frames: scroll, swipe or use the arrow '
                f'keys">{shown}</div>')

    def _picture(self, i):
        fig, ax = plt.subplots(figsize=self.size)
        self.draw(ax, i)
        svg = io.StringIO()
        fig.savefig(svg, format="svg", metadata={"Date": None})
        plt.close(fig)
        start = svg.getvalue().index("<svg")
        packed = re.sub(r"\s+", " ", svg.getvalue()[start:])
        return "data:image/svg+xml," + quote(packed, safe=" =:/;,()'\n")
