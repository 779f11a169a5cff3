"""What a fit is worth, in rows and words."""

from dataclasses import dataclass

from qrexplore.learn import Examination


@dataclass(frozen=True)
class EstimateRow:
    """What is known of one parameter, in words.

    Attributes
    ----------
    path, label
        Which one.
    number
        Its value with the error; empty unless learned.
    range
        Where it is, at the level of the examination; before the data, unless they tell anything.
    verdict
        ``learned``, ``weak`` or ``not learned``.
    ratio
        Width after over width before the data.
    """

    path: str
    label: str
    number: str
    range: str
    verdict: str
    ratio: float


def estimate_rows(examined: Examination) -> tuple[EstimateRow, ...]:
    """Give a row for each parameter, in their order."""
    return tuple(
        EstimateRow(one.path, one.label, one.number, one.range, one.verdict, float(one.ratio))
        for one in examined.estimates
    )
