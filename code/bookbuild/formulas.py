r"""How much room a formula within a line will take, told from its TeX.

MathJax sets formulas when the text has long been on the screen. A formula
that keeps its room from the start doesn't push the words around it.
"""

import re

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|\s+|.", re.S)
NAMES = {"log", "exp", "max", "min", "sin", "cos", "tanh", "lim", "ln", "det",
         "Var", "Cov", "KL", "sign", "diag", "softmax", "argmin", "argmax",
         "gelu", "relu"}
WORDS = {"text", "mathrm", "operatorname", "mathtt", "mathbf", "textbf",
         "textit"}
ACCENTS = {"hat", "bar", "tilde", "vec", "dot", "mathbb", "mathcal",
           "boldsymbol", "widehat", "overline", "mathit", "big", "Big",
           "bigl", "bigr", "Bigl", "Bigr", "left", "right", "displaystyle",
           "nolimits", "limits", "middle", "underline", "mathsf"}
RELATIONS = {*"=<>:", "le", "ge", "ne", "neq", "in", "to", "approx", "sim",
             "leftarrow", "rightarrow", "mapsto", "equiv", "leq", "geq",
             "ll", "gg", "mid", "parallel", "propto", "subset"}
OPERATIONS = {"+": 1.22, "-": 1.22, "*": 0.94, "pm": 1.22, "times": 1.22,
              "circ": 0.94, "cdot": 0.72, "odot": 1.22, "oplus": 1.22}
WIDTHS = {",": 0.44, ";": 0.44, ".": 0.28, "!": 0.28, "'": 0.3, "/": 0.5,
          "(": 0.39, ")": 0.39, "[": 0.28, "]": 0.28, "|": 0.28, "m": 0.88,
          "w": 0.72, "i": 0.35, "j": 0.41, "l": 0.3, "t": 0.36, "r": 0.45,
          "f": 0.55, "\\,": 0.17, "\\;": 0.28, "\\:": 0.22, "\\!": -0.17,
          "\\|": 0.5, "\\{": 0.5, "\\}": 0.5, "quad": 1, "qquad": 2,
          "ldots": 1.34, "dots": 1.34, "cdots": 1.34, "sum": 1.22,
          "prod": 1.11, "int": 0.72, "infty": 1, "partial": 0.57,
          "nabla": 0.83, "lVert": 0.5, "rVert": 0.5, "lvert": 0.28,
          "rvert": 0.28, "RR": 0.72, "EE": 0.67, "PP": 0.61, "ell": 0.42,
          "top": 0.78, "prime": 0.28, "omega": 0.62, "langle": 0.39,
          "rangle": 0.39, "lfloor": 0.44, "rfloor": 0.44, "lceil": 0.44,
          "rceil": 0.44, "Rightarrow": 1.56, "implies": 2.1, "iota": 0.35}


def width(tex):
    """Width of a formula within a line, in em of its own type."""
    tokens = [token for token in TOKEN.findall(tex) if not token.isspace()]
    return _row(tokens, 1)


def _group(tokens):
    """The next token, or what stands between the next pair of braces."""
    first = tokens.pop(0) if tokens else ""
    if first != "{":
        return [first] if first else []
    inner, depth = [], 1
    while tokens:
        token = tokens.pop(0)
        depth += (token == "{") - (token == "}")
        if depth == 0:
            break
        inner.append(token)
    return inner


def _row(tokens, scale):
    tokens, total, script, spaced = list(tokens), 0.0, 0.0, False
    while tokens:
        token = tokens.pop(0)
        name = token.removeprefix("\\") if token[1:].isalpha() else token
        if token in "^_":       # one above the other: the wider counts
            wide = _row(_group(tokens), 0.71 * scale if scale == 1
                        else 0.5) + 0.05
            total += max(0, wide - script)
            script = max(script, wide)
            continue
        script = 0.0
        # signs stand close at the beginning, after another, and in scripts
        close, spaced = scale < 1 or not spaced, True
        if token == "{":
            tokens.insert(0, token)
            total += _row(_group(tokens), scale)
        elif name in ("frac", "tfrac", "dfrac", "binom"):
            above, below = _group(tokens), _group(tokens)
            part = 0.71 if scale == 1 else 0.5
            total += max(_row(above, part), _row(below, part)) + 0.24
        elif name == "sqrt":
            total += 0.83 * scale + _row(_group(tokens), scale)
        elif name in ("norm", "abs"):
            bars = 1.0 if name == "norm" else 0.56
            total += bars * scale + _row(_group(tokens), scale)
        elif name in ("underbrace", "overbrace"):
            total += _row(_group(tokens), scale)
        elif name in WORDS and token[0] == "\\":
            total += 0.5 * scale * len("".join(_group(tokens))) + 0.08
        elif name in NAMES and token[0] == "\\":
            total += (0.46 * len(name) + 0.13) * scale
        elif name in ACCENTS and token[0] == "\\":
            spaced = not close
        elif name in RELATIONS:
            total += (0.78 if scale < 1 else 1.33) * scale
            spaced = False
        elif name in OPERATIONS:
            total += OPERATIONS[name] * scale - (0.44 * scale if close else 0)
            spaced = False
        else:
            total += WIDTHS.get(name, WIDTHS.get(token, (
                0.5 if token.isdigit() else 0.75 if token.isupper()
                else 0.56))) * scale
            spaced = token not in "([,"
    return total
