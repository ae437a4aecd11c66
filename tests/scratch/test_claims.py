import math

import pytest

from scratch import claims
from scratch.claims import ClaimError, claim


def test_a_claim_that_holds_for_all_seeds_says_nothing():
    assert claim("it rises", [0.1, 0.2, 0.3], above=0) is None
    assert claim("it is two", 2.01, near=2, within=0.02) is None
    assert claim("it is two", [1.5, 2.5], near=2, within=0.5) is None
    assert claim("it lies between", [1.5], above=1, below=2) is None


@pytest.mark.parametrize("values, bounds, said", [
    ([0.5, -0.1, 2], {"above": 0},
     r'claim "it" failed: got -0.1 \(value 2 of 3\), expected above 0'),
    ([0.0], {"above": 0}, "got 0"),
    ([3], {"below": 3}, "got 3 .* expected below 3"),
    ([2.03], {"near": 2, "within": 0.02}, "expected 2 ± 0.02"),
    ([1, math.nan], {"above": 0}, r"got nan \(value 2 of 2\)"),
    ([math.inf], {"above": 0}, "got inf"),
    ([5], {"above": 1, "below": 2}, "expected above 1 and below 2"),
    ([0], {"above": 1, "below": 2}, "expected above 1 and below 2"),
    ([-math.inf], {"below": 0}, "got -inf"),
    ([1.97], {"near": 2, "within": 0.02}, "got 1.97 .* expected 2 ± 0.02"),
    ([1.23457], {"above": 1.23458}, "got 1.23457 .* expected above 1.23458"),
    ([1.23459], {"below": 1.23458}, "got 1.23459 .* expected below 1.23458"),
    ([1], {"near": 1.23456, "within": 0.123}, "expected 1.23456 ± 0.123"),
])
def test_a_claim_that_fails_names_itself_value_and_bound(values, bounds, said):
    with pytest.raises(ClaimError, match=said):
        claim("it", values, **bounds)


@pytest.mark.parametrize("values, bounds", [
    ([1], {}), ([], {"above": 0}), ([[1]], {"above": 0}),
    ([1], {"near": 1}), ([1], {"within": 1}),
    ([1], {"near": 1, "within": 1, "above": 0}),
])
def test_a_claim_without_value_or_bound_is_refused(values, bounds):
    with pytest.raises(ValueError, match="expected"):
        claim("it", values, **bounds)


class Shell:
    """As much of a notebook's shell as keeping a claim asks for."""

    def __init__(self):
        self.display_pub, self.published = self, []

    def publish(self, data, metadata):
        self.published.append((data, metadata))


def test_a_claim_is_kept_with_the_output_of_its_cell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(claims, "get_ipython", lambda: shell)
    claim("it rises", [0.1, 1 / 3], above=0)
    (data, metadata), = shell.published
    assert metadata["claim"] == {"claim": "it rises", "bound": "above 0",
                                 "values": [0.1, 0.333333]}
    hidden = "application/papermill.record/"  # MyST-NB shows no such output
    assert metadata["scrapbook"] == {"name": "claim: it rises",
                                     "mime_prefix": hidden}
    assert set(data) == {f"{hidden}text/plain"}


def test_a_claim_that_failed_is_not_kept(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(claims, "get_ipython", lambda: shell)
    with pytest.raises(ClaimError):
        claim("it rises", [-1], above=0)
    assert shell.published == []
