"""What was checked here: a page's claims, listed at its end from the record."""

from nbformat.v4 import new_markdown_cell


def claims_of(notebook):
    """The claims that the stored cells made, in order: dictionaries with
    claim, bound and values, as scratch.claims publishes them."""
    return [output.metadata["claim"] for cell in notebook.cells
            if cell.cell_type == "code" for output in cell.outputs
            if "claim" in output.get("metadata", {})]


def checked_cell(claims):
    """A Markdown cell with a table of claims; None where there are none."""
    if not claims:
        return None
    rows = ["## What was checked here", "",
            "Each claim was tested where it stands, for every seed, when the "
            "page ran; had one failed, there would be no page.", "",
            ":::{table}", ":class: claims", "",
            "| Claim | Measured | Had to be |", "| :--- | :--- | :--- |"]
    rows += [f"| {cell(claim['claim'])} | {measured(claim['values'])} | "
             f"{together(claim['bound'])} |" for claim in claims]
    return new_markdown_cell("\n".join([*rows, ":::"]))


def measured(values):
    """One value, or the mean of several with the least and the greatest."""
    if len(values) == 1:
        return digits(values[0])
    mean = sum(values) / len(values)
    return (f"{digits(mean)} ({digits(min(values))} to {digits(max(values))}, "
            f"{len(values)} values)")


def digits(value):
    """Three significant digits, whole numbers whole, a true minus."""
    whole = value == int(value) or abs(value) >= 100
    text = f"{value:,.0f}" if whole and abs(value) < 1e6 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def together(bound):
    """A bound whose words and numbers stay on one line, with a true minus."""
    bound = bound.replace("-", "\N{MINUS SIGN}")
    return " and ".join(part.replace(" ", "\N{NO-BREAK SPACE}")
                        for part in bound.split(" and "))


def cell(text):
    return text.replace("|", "\\|")
