"""What is not told of a school, so that no figure names somebody."""

from collections.abc import Mapping, Sequence

FEW = 5
"""Below this many, a figure of one school could name somebody."""


def told(numbers: Mapping[str, int]) -> dict[str, int | None] | None:
    """One figure of each school, None where it is withheld; nothing at all where that would not be enough.

    The sum of a territory is known: less what is told, it is the sum of what is withheld. So none is withheld like
    few, and where that sum still gives somebody away, one school more is withheld, whatever its number: the next in
    order, for a choice by its number would tell something about it. Without another school nothing can be told, the
    sum of the territory neither; unless none of several schools has any.
    """
    quiet = len(numbers) > 1 and not any(numbers.values())
    withheld = [school for school, number in numbers.items() if number < FEW]
    if not quiet and _given_away([numbers[school] for school in withheld]):
        others = [school for school in _after(withheld[-1], list(numbers)) if school not in withheld]
        if not others:
            return None
        withheld.append(others[0])
    return {school: None if school in withheld else number for school, number in numbers.items()}


def _given_away(few: Sequence[int]) -> bool:
    """Whether their sum says what they are: one alone, none at all, or all at the highest.

    All but one at the highest counts as well, for otherwise nothing being told would say that all are.
    """
    return len(few) == 1 or (len(few) > 1 and not 0 < sum(few) < (FEW - 1) * len(few) - 1)


def _after(school: str, schools: Sequence[str]) -> Sequence[str]:
    at = schools.index(school)
    return (*schools[at + 1 :], *schools[:at])
