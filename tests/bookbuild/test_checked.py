import nbformat
import pytest

from bookbuild.checked import checked_cell, claims_of, digits, measured

CLAIM = {"claim": "a | b, points", "bound": "above -1",
         "values": [1.0, 2.5, -0.5]}


def test_a_page_without_claims_gets_no_list():
    assert checked_cell([]) is None


def test_claims_are_listed_in_the_order_of_their_cells():
    outputs = [nbformat.v4.new_output("display_data", {}, metadata=metadata)
               for metadata in ({"claim": CLAIM}, {}, {"claim": {"n": 2}})]
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("text"),
        nbformat.v4.new_code_cell("1", outputs=outputs)])
    assert claims_of(notebook) == [CLAIM, {"n": 2}]


def test_a_row_shows_claim_values_and_bound():
    text = checked_cell([CLAIM]).source
    assert ("| a \\| b, points | 1 (−0.5 to 2.5, 3 values) | above\xa0−1 |"
            in text)


@pytest.mark.parametrize("value, shown", [
    (355.0, "355"), (0.0312345, "0.0312"), (-2.0, "−2"), (12.345, "12.3"),
    (8091.4, "8,091"), (1e-16, "1e−16"), (0.0, "0"),
])
def test_three_digits_are_shown(value, shown):
    assert digits(value) == shown


def test_one_value_stands_alone():
    assert measured([0.5]) == "0.5"
