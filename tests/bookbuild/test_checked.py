import nbformat
import pytest

from bookbuild.checked import (
    checked_cell,
    claims_of,
    digits,
    measured,
    together,
)

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


def test_every_claim_has_its_row_in_a_table_that_the_style_knows():
    lines = checked_cell([CLAIM, CLAIM | {"claim": "another"}]
                         ).source.splitlines()
    assert lines[0] == "## What was checked here"
    at = lines.index(":::{table}")
    assert lines[at + 1:at + 4] == [
        ":class: claims", "", "| Claim | Measured | Had to be |"]
    assert [line.split(" | ")[0] for line in lines[at + 5:-1]] == [
        "| a \\| b, points", "| another"]
    assert lines[-1] == ":::"


def test_a_bound_breaks_only_between_its_parts():
    assert together("above -1 and below 2") == "above\xa0−1 and below\xa02"
    assert together("1 ± 0.1") == "1\xa0±\xa00.1"


@pytest.mark.parametrize("value, shown", [
    (355.0, "355"), (0.0312345, "0.0312"), (-2.0, "−2"), (12.345, "12.3"),
    (8091.4, "8,091"), (1e-16, "1e−16"), (0.0, "0"), (999.6, "1,000"),
    (99.96, "100"), (2e6, "2e+06"),
])
def test_three_digits_are_shown(value, shown):
    assert digits(value) == shown


def test_one_value_stands_alone():
    assert measured([0.5]) == "0.5"


def test_several_values_are_told_by_mean_least_and_greatest():
    assert measured([3.0, 1.0]) == "2 (1 to 3, 2 values)"
