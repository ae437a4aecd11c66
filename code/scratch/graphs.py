"""Pictures of computational graphs: a value above each result, or beside a
leaf, in blue; its gradient below, in orange."""

import numpy as np

from scratch import plots

# Operations by the name of the function that made the result
SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷",
         "power": "^", "matmul": "@", "sigmoid": "σ", "total": "Σ",
         "largest": "max"}


class Graph:
    """What a result was computed from, kept for drawing after `backward`.

    result: a tensor, with its graph; names: {tensor: "$w_1$"} for leaves;
    a leaf without a name must be a number and stands for itself. The
    graph is read at once, the gradients when it is drawn.
    """

    def __init__(self, result, names=None):
        self.names = dict(names or {})
        self.nodes = list(_postorder(result))
        self.parents = {node: [parent for parent, _ in node.parents]
                        for node in self.nodes}
        self.signs = {node: _sign(node) for node in self.nodes}
        self.places = _layout(self.nodes, self.parents)
        self.results = [node for node in self.nodes if self.parents[node]]

    def draw(self, ax, values=None, gradients=None, digits=2, size=8,
             room=0.36):
        """Draw into axes; values, gradients: the nodes that show theirs.

        None stands for all nodes. Gradients show once they exist.
        """
        values = self.nodes if values is None else values
        gradients = self.nodes if gradients is None else gradients
        for node, (x, y) in self.places.items():
            constant = self._draw_node(ax, node, self.places, size)
            leaf = not self.parents[node]
            if node in values and not constant:
                ax.text(x - 0.3 * leaf, y + room * (not leaf),
                        _short(node.data, digits), fontsize=size,
                        ha="right" if leaf else "center", color=plots.BLUE,
                        va="center" if leaf else "bottom")
            if node in gradients and node.grad is not None:
                ax.text(x - 0.1 * (not leaf), y - room,
                        _short(node.grad, digits), fontsize=size, va="top",
                        ha="center" if leaf else "left", color=plots.ORANGE)
        across, up = np.array(list(self.places.values())).T
        ax.set(xlim=(-0.9, across.max() + 0.6),
               ylim=(up.min() - 0.9, up.max() + 0.9))
        ax.axis("off")

    def draw_down(self, ax, digits=2, size=10):
        """Draw from top to bottom, where rows of numbers have more room.

        A result has its numbers on its left, a leaf on its right; a first
        operand that stands left of all results has them on its left.
        """
        places = {node: (-y, -x) for node, (x, y) in self.places.items()}
        for node, (x, y) in places.items():
            if self._draw_node(ax, node, places, size):
                continue
            leaf = not self.parents[node]
            beside = x < min(places[n][0] for n in self.results)
            for array, color, turn in ((node.data, plots.BLUE, 1),
                                       (node.grad, plots.ORANGE, -1)):
                if array is None:
                    continue
                right = leaf and not beside
                at = ((x + (0.28 if turn > 0 else 1.75), y) if right else
                      (x - 0.28, y + 0.17 * turn * (not leaf)))
                ax.text(*at, _short(array, digits), color=color,
                        ha="left" if right else "right", va="center",
                        multialignment="right", fontsize=size)
        across, up = np.array(list(places.values())).T
        ax.set(xlim=(across.min() - 1.5, across.max() + 3.1),
               ylim=(up.min() - 0.4, up.max() + 0.4))
        ax.axis("off")

    def _draw_node(self, ax, node, places, size):
        """Draw a node and its arrows; say whether it is a constant."""
        x, y = places[node]
        for parent in self.parents[node]:
            ax.annotate("", (x, y), places[parent], zorder=1,
                        arrowprops={"arrowstyle": "-|>", "lw": 0.8,
                                    "color": plots.GREY, "shrinkA": 9,
                                    "shrinkB": 9, "mutation_scale": 7})
        text = self.signs[node] or self.names.get(node)
        style = "circle" if self.parents[node] else "round"
        constant = text is None
        if constant:
            text = f"{node.data.item():g}"
        ax.text(x, y, text, ha="center", va="center", zorder=3,
                fontsize=size + 1, bbox={
                    "boxstyle": f"{style},pad=0.25", "fc": "none",
                    "ec": "none" if constant else plots.INK, "lw": 0.8})
        return constant


def _postorder(result):
    seen, stack = set(), [(result, False)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent, _ in node.parents[::-1]]


def _sign(node):
    """The operation that made a node, read off its derivative's name."""
    if not node.parents:
        return ""
    name = node.parents[0][1].__qualname__.split(".")[0]
    return SIGNS.get(name, name)


def _layout(nodes, parents):
    """Results in a row, right of what they are from; leaves before or,
    where a result has other parents, below."""
    across, up, rows = {}, {}, 0
    for node in nodes:
        results = [p for p in parents[node] if parents[p]]
        if results:
            across[node] = 1 + max(across[p] for p in results)
            up[node] = np.mean([up[p] for p in results])
        elif parents[node]:
            across[node] = 1
            for leaf in parents[node]:
                if leaf not in across:
                    across[leaf], up[leaf] = 0, -1.1 * rows
                    rows += 1
            up[node] = np.mean([up[p] for p in parents[node]])
        for leaf in parents[node]:
            if leaf not in across:
                across[leaf], up[leaf] = across[node] - 0.62, up[node] - 1.3
    return {node: (across[node], up[node]) for node in nodes}


def _short(array, digits):
    """A few numbers in few letters, a matrix in lines."""
    rows = np.atleast_2d(np.asarray(array))
    return "\n".join("  ".join(f"{value:.{digits}f}".replace("-", "−")
                               for value in row) for row in rows)
