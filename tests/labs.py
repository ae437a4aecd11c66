"""What the tests of all labs have in common.

A lab's page has holes, my_x; each is checked, has the book's answer, book_x,
and the cells below use x, the reader's answer where it passed, else the
book's. `class TestNotebook3(LabTests)` and `class TestChecks3(CheckTests)`,
each with what its base asks for, are tested by the methods here.
"""

import re
from pathlib import Path

from bookbuild.pages import ROOT, Page
from scratch.selfcheck import check


def verdict(capsys, function, properties, **options):
    """(returned, printed) of a check."""
    returned = check(function, properties, **options)
    return returned, capsys.readouterr().out


class LabTests:
    """A lab as its readers meet it: empty, filled rightly, filled wrongly.

    page: its name below chapters/notebooks, without .md; holes: their names;
    right: {hole: an answer}; wrong: {hole: (an answer, words of the fault it
    is told)}; broken: (hole, an answer that raises, words it is told); begin:
    what the page's first cells import; needed: words of the other cells
    that holes, checks or answers rest on.
    """

    begin = ""
    needed = ()

    def run(self, capsys, filled):
        """Run holes, checks and the book's answers, with some holes filled.

        Returns what each hole's own check printed, by hole, and the names
        that the cells below would see.
        """
        space, told = {}, {}
        exec(self.begin, space)
        for cell in Page(ROOT, Path("chapters/notebooks",
                                    f"{self.page}.md")).code:
            for hole in self.holes:
                if f"def my_{hole}(" in cell:
                    exec(filled.get(hole, cell), space)
                elif cell.startswith(f"passed_{hole} = check("):
                    exec(cell, space)
                    told[hole] = capsys.readouterr().out
                elif f"def book_{hole}(" in cell:
                    exec(cell, space)
                    assert "right. All" in capsys.readouterr().out
                elif cell.startswith(joined := f"{hole} = passed_{hole} or "
                                     f"book_{hole}"):
                    exec(joined, space)
            if any(words in cell for words in self.needed):
                exec(cell, space)
        return told, space

    def used(self, space):
        return [space[hole].__name__ for hole in self.holes]

    def test_the_lab_as_published_says_calmly_that_nothing_is_written(
            self, capsys):
        told, space = self.run(capsys, {})
        assert told == {hole: f"my_{hole}: not written yet.\n"
                        for hole in self.holes}
        assert self.used(space) == [f"book_{hole}" for hole in self.holes]

    def test_right_answers_are_told_so_and_used_below(self, capsys):
        told, space = self.run(capsys, self.right)
        for hole in self.holes:
            assert re.fullmatch(
                rf"my_{hole}: right\. All \d+ properties hold, on \d+ cases "
                r"made for this run\.\n", told[hole]), told[hole]
        assert self.used(space) == [f"my_{hole}" for hole in self.holes]

    def test_a_right_answer_alone_is_used_beside_the_books(self, capsys):
        alone = self.holes[-1]
        _, space = self.run(capsys, {alone: self.right[alone]})
        assert self.used(space) == [
            f"{'my' if hole == alone else 'book'}_{hole}"
            for hole in self.holes]

    def test_a_wrong_answer_is_told_its_fault_and_the_books_is_used(
            self, capsys):
        assert self.wrong.keys() == set(self.holes)
        for hole, (answer, fault) in self.wrong.items():
            told, space = self.run(capsys, self.right | {hole: answer})
            assert told[hole].startswith(f"my_{hole}: not yet."), hole
            assert fault in " ".join(told[hole].split()), told[hole]
            assert "case:" in told[hole] and "book_" not in told[hole], hole
            used = self.used(space)
            assert used[self.holes.index(hole)] == f"book_{hole}"
            assert sum(name.startswith("my_") for name in used) == (
                len(self.holes) - 1)

    def test_an_answer_that_raises_does_not_stop_the_cells_below(
            self, capsys):
        hole, answer, said = self.broken
        told, space = self.run(capsys, {hole: answer})
        assert said in " ".join(told[hole].split())
        assert self.used(space)[self.holes.index(hole)] == f"book_{hole}"


class CheckTests:
    """A lab's checks tell right from wrong, and name what is wrong.

    properties: all the tuples of properties of scratch.checks; right: (
    properties, answer) pairs; wrong: (properties, answer, pattern of what is
    told) triples; secrets: a pattern of what no sentence may give away;
    seconds: what a check may take.
    """

    secrets = r"np\.|\w\(|\w\[|[<>+-]=|=[=<>]"
    seconds = 60

    def before(self):
        """What has to be done before each check."""

    def test_right_answers_pass_however_they_are_written(self, capsys):
        for properties, answer in self.right:
            for seed in range(3):
                self.before()
                returned, printed = verdict(capsys, answer, properties,
                                            seed=seed, seconds=self.seconds)
                assert returned is answer, printed
                assert re.fullmatch(
                    rf"{answer.__name__}: right\. All {len(properties)} "
                    rf"properties hold, on \d+ cases made for this run\.\n",
                    printed)

    def test_wrong_answers_are_told_what_is_wrong_and_not_what_is_right(
            self, capsys):
        for properties, answer, told in self.wrong:
            for seed in range(3):
                self.before()
                returned, printed = verdict(capsys, answer, properties,
                                            seed=seed, seconds=self.seconds)
                assert returned is None, (answer.__name__, seed)
                first, *rest = printed.splitlines()
                assert re.fullmatch(
                    rf"{answer.__name__}: not yet\. \d+ of {len(properties)} "
                    r"properties hold\.", first)
                said = " ".join("\n".join(rest).split("  case:")[0].split())
                assert re.search(told, said), printed
                if "It raised" not in said:
                    assert not re.search(self.secrets, said), said
                assert max(map(len, rest)) <= 72, printed

    def test_the_list_of_wrong_answers_covers_every_property(self, capsys):
        broken = set()
        for properties, answer, _ in self.wrong:
            for one in properties:
                self.before()
                if one not in broken and verdict(
                        capsys, answer, (one,), seed=0,
                        seconds=self.seconds)[0] is None:
                    broken.add(one)
        assert broken >= set(sum(self.properties, ()))
