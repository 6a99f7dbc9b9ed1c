"""Invented people and identifiers in their true forms. No name here is anyone's."""

import random

from contracts.identifiers import UAI_LETTERS

FIRST_NAMES = (
    "Adèle", "Aminata", "Anaïs", "Aurèle", "Bastien", "Capucine", "Célian", "Chiara", "Clélia", "Côme",
    "Dalia", "Élouan", "Émeline", "Enzo", "Esteban", "Fanny", "Gaëtan", "Garance", "Hédi", "Héloïse",
    "Ilyès", "Inès", "Jade", "Joachim", "Kenza", "Léonie", "Lilou", "Loïc", "Lubin", "Maëlys",
    "Malik", "Margot", "Mathéo", "Nahia", "Naïm", "Noémie", "Octave", "Ophélie", "Paola", "Quentin",
    "Raphaëlle", "Rayan", "Romane", "Sacha", "Salomé", "Samy", "Soline", "Tiago", "Violette", "Yaëlle",
)  # fmt: skip
_STARTS = (
    "Bar", "Cas", "Dur", "Fon", "Gal", "Lab", "Mar", "Per", "Rou", "Ser", "Tar", "Val", "Vil", "Bel", "Cam",
)  # fmt: skip
_ENDS = (
    "agnac", "abère", "anel", "étoux", "iac", "ignol", "irac", "onnet", "ouzel", "uscat", "ergues", "ieyre",
)  # fmt: skip
LAST_NAMES = tuple(start + end for start in _STARTS for end in _ENDS)
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_FORMER_BASE = 0.08  # pupils who still carry an INE of the former academic base


def uai(department: str, number: int) -> str:
    """The UAI of the `number`-th school of a département, with its check letter (rules ID-01, ID-02)."""
    digits = f"{int(department):03d}{number:04d}"
    return digits + UAI_LETTERS[int(digits) % 23]


def ine(rng: random.Random, number: int, *, apprentice: bool = False) -> str:
    """The INE of the `number`-th pupil, in one of the three forms; no two numbers share one (ID-03)."""
    order = f"{number % 100_000_000:08d}"
    if apprentice:
        return f"{rng.randrange(10)}{order[:3]}A{order[3:]}{rng.choice(_LETTERS)}"
    if rng.random() < _FORMER_BASE:
        return f"16{order}{rng.choice(_LETTERS)}"
    return f"{rng.randrange(10)}{order}{rng.choice(_LETTERS)}{rng.choice(_LETTERS)}"


def full_name(rng: random.Random) -> tuple[str, str]:
    """A first name and a last name."""
    return rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
