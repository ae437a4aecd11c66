"""Drawn graphs show what was computed, and nothing else."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest

from scratch.autograd import Tensor
from scratch.graphs import Graph


@pytest.fixture
def picture():
    w, x = Tensor(0.5, requires_grad=True), Tensor(-2.0)
    loss = (w * x).sigmoid() ** 2
    graph = Graph(loss, {w: "$w$", x: "$x$"})
    loss.backward()
    return graph


def said(graph, **shown):
    fig, ax = plt.subplots()
    graph.draw(ax, **shown)
    texts = [text.get_text() for text in ax.texts]
    plt.close(fig)
    return [text for text in texts if text]


def test_results_stand_right_of_what_they_are_from(picture):
    for node in picture.nodes:
        for parent in picture.parents[node]:
            assert picture.places[parent][0] < picture.places[node][0]
    assert len(set(picture.places.values())) == len(picture.nodes) == 6


def test_every_value_and_gradient_is_shown_once(picture):
    a = 1 / (1 + 2.718281828459045)             # sigmoid(-1)
    expected = ["$w$", "0.50", f"−{2 * a * a * (1 - a) * 2:.2f}", "$x$",
                "−2.00", "×", "−1.00", f"{2 * a * a * (1 - a):.2f}", "σ",
                f"{a:.2f}", f"{2 * a:.2f}", "2", "^", f"{a * a:.2f}", "1.00"]
    assert sorted(said(picture)) == sorted(expected)


def test_only_the_chosen_nodes_show_their_numbers(picture):
    assert sorted(said(picture, values=[], gradients=[])) == sorted(
        ["$w$", "$x$", "×", "σ", "2", "^"])
    assert "1.00" in said(picture, values=[],
                          gradients=picture.results[-1:])


def test_the_results_come_in_the_order_of_computing(picture):
    assert [picture.signs[node] for node in picture.results] == [
        "×", "σ", "^"]


def test_drawn_downward_a_graph_shows_the_same_numbers(picture):
    fig, (across, down) = plt.subplots(1, 2)
    picture.draw(across)
    picture.draw_down(down)
    texts = [sorted(text.get_text() for text in ax.texts)
             for ax in (across, down)]
    assert texts[0] == texts[1]
    heights = {text.get_text(): text.get_position()[1]
               for text in down.texts}
    assert heights["$w$"] > heights["×"] > heights["σ"] > heights["^"]
    plt.close(fig)
