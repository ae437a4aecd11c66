"""Notebook 1 as its readers meet it: empty, filled rightly, filled wrongly."""

from labs import LabTests

HOLES = ("unit", "update", "learn", "lift")

RIGHT = {
    "unit": """
def my_unit(w, X):
    return np.array([1 if w[0] + sum(w[1:] * x) >= 0 else -1 for x in X])
""", "update": """
def my_update(w, x, y):
    inputs = np.concatenate([[1.0], x])
    guess = 1 if inputs @ w >= 0 else -1
    return w + (y - guess) / 2 * inputs
""", "learn": """
def my_learn(X, y, epochs=100):
    w, mistakes = np.zeros(len(X[0]) + 1), []
    while len(mistakes) < epochs:
        wrong = 0
        for i in range(len(y)):
            new = update(w, X[i], y[i])
            wrong += int((new != w).any())
            w = new
        mistakes.append(wrong)
        if not wrong:
            return w, mistakes
    return w, mistakes
""", "lift": """
def my_lift(X):
    return np.array([[a * b, a * a, b * b, b, a] for a, b in X])
"""}

WRONG = {
    "unit": ("""
def my_unit(w, X):
    return np.where(X @ w[1:] >= 0, 1, -1)
""", "only the bias can decide"), "update": ("""
def my_update(w, x, y):
    return w + y * np.append(1, x)
""", "was right already"), "learn": ("""
def my_learn(X, y, epochs=100):
    w = np.zeros(X.shape[1] + 1)
    for x, label in zip(X, y):
        w = update(w, x, label)
    return w
""", "Expected two things"), "lift": ("""
def my_lift(X):
    return X ** 2
""", "got shape")}


class TestNotebook1(LabTests):
    page = "notebook_1_perceptron"
    holes, right, wrong = HOLES, RIGHT, WRONG
    broken = ("unit", "def my_unit(w, X):\n    return w @ undefined\n",
              "It raised NameError: name 'undefined' is not defined")
    begin = ("import numpy as np\nfrom scratch.selfcheck import check\n"
             "from scratch.checks.notebook_1 import *")
