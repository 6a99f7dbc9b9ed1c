"""Days, months and numbers as French sentences say them."""

from datetime import date

NBSP = "\u00a0"

_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_NUMBERS = ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")


def number_in_french(number: int) -> str:
    """Small numbers in letters, as in running text."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def month_in_french(month: str) -> str:
    """`2025-10` -> `octobre 2025`."""
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1]}{NBSP}{year}"


def day_in_french(day: date) -> str:
    """`mercredi 31 décembre 2025`."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{_WEEKDAYS[day.weekday()]} {number}{NBSP}{_MONTHS[day.month - 1]}{NBSP}{day.year}"


def days_in_french(number: int) -> str:
    """`1 jour`, `30 jours`."""
    return f"{number}{NBSP}{'jour' if number < 2 else 'jours'}"


def spaced(text: str) -> str:
    """A colon stays on the line of the word before it."""
    return text.replace(" :", f"{NBSP}:")


def weeks_in_french(number: int) -> str:
    """`une semaine`, `deux semaines`."""
    return "une semaine" if number == 1 else f"{number_in_french(number)} semaines"


def soon_in_french(left: int) -> str:
    """When a day comes that is so many days away: `dans 30 jours`, `demain`, `aujourd’hui`."""
    return {0: "aujourd’hui", 1: "demain"}.get(left, f"dans {days_in_french(left)}")
