"""An id or a source that tells who the pupil is is not taken: it would be kept for ever."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.incoming import Opaque
from services.intake import opaque
from services.intake.ordinary_words import ORDINARY_WORDS

CONTRACT: TypeAdapter[str] = TypeAdapter(Opaque)


def said_by_the_contract(text: str) -> bool:
    try:
        return CONTRACT.validate_python(text) == text
    except ValidationError:
        return False


@pytest.mark.parametrize(
    "text",
    ["vs-1", "/etablissements/0310000G/pronote", "urn:x:1", "https://vs.example.org/a", "a" * 128, f"/{'a' * 127}"],
)
def test_ordinary_identifiers_are_well_formed(text: str):
    assert opaque.well_formed(text)
    assert said_by_the_contract(text)


@pytest.mark.parametrize(
    "text", ["", " a", "a b", "é", "a;b", "-a", "//a", "/", "a" * 129, f"/{'a' * 128}", "a\n", f"{'a' * 128}\n", 'a"b']
)
def test_free_text_is_not(text: str):
    assert not opaque.well_formed(text)
    assert not said_by_the_contract(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("abs-123456789AB-1", ()),
        ("abs-123456789ab-1", ()),
        ("dupont-1", ("Dupont", None)),
        ("abs.DUPONT.3", ("Dupont", None)),
        ("enrol-le-gall-2", ("Le Gall", None)),
        ("legall2025", ("Le Gall", None)),
        ("xcharlottex", (None, "Charlotte")),
        ("herve-1", (None, "Hervé")),
    ],
)
def test_the_ine_and_the_names_of_the_pupil_are_seen(text: str, names: tuple[str | None, ...]):
    assert opaque.names_pupil(text, "123456789AB", names)


@pytest.mark.parametrize(
    ("text", "names", "school"),
    [
        ("release-4", ("Lea", None), ""),
        ("vs-0001", ("Dupont", "Jean"), ""),
        ("validation-12", ("Ali", None), ""),
        ("saint-martin-12", ("Martin", None), "Collège Saint-Martin"),
        ("a-1", ("A", None), ""),
    ],
)
def test_a_chance_resemblance_is_let_through(text: str, names: tuple[str | None, ...], school: str):
    assert not opaque.names_pupil(text, "123456789AB", names, school)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("vie-scolaire-0319001R-17", ("VIE", "Camille")),
        ("vie-scolaire-0319001R-17", ("VIÉ", "Camille")),
        ("abs-2025-10-06-matin-0042", ("MATIN", "Zoé")),
        ("absence.2025.mars.12", ("MARS", "Louis")),
        ("/pronote/absences/janvier", ("JANVIER", None)),
        ("absence20250112janvier", ("JANVIER", "Zoé")),
        ("absence-vendredi-3", ("VENDRE", "Zoé")),
        ("export-avril-12", ("DUPONT", "Avril")),
        ("saint-martin-mars-12", ("MARS", "Martin")),
        ("urn:test:essai-1", ("TEST", "Zoé")),
    ],
)
def test_a_word_that_ids_are_made_of_names_nobody(text: str, names: tuple[str | None, ...]):
    assert not opaque.names_pupil(text, "123456789AB", names, "Collège Saint-Martin")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("vie-camille-3", ("VIE", "Camille")),
        ("jo-vie-3", ("VIE", "Jo")),
        ("absence-mars-avril-3", ("MARS", "Avril")),
        ("absence-matin-durand", ("DURAND", "Zoé")),
        ("absence-janvier-louis", ("JANVIER", "Louis")),
        ("absence-de-la-vie", ("De La Vie", "Zoé")),
        ("absence-matin-legrand", ("Matin-Legrand", "Zoé")),
        ("avril-dupont-12", ("DUPONT", "Avril")),
    ],
)
def test_but_a_name_beside_it_does(text: str, names: tuple[str | None, ...]):
    assert opaque.names_pupil(text, "123456789AB", names)


WORDS = st.lists(st.sampled_from(sorted(ORDINARY_WORDS)) | st.integers(0, 9999).map(str), min_size=1, max_size=6)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=12)


@given(WORDS, st.sampled_from(sorted(ORDINARY_WORDS)), NAMES, st.sampled_from("-./:_"))
def test_ordinary_words_and_numbers_alone_name_no_pupil(words: list[str], last: str, first: str, separator: str):
    assume(first not in ORDINARY_WORDS)
    assert not opaque.names_pupil(separator.join(words), "123456789AB", (last.upper(), first.title()))


@given(WORDS, NAMES, st.integers(0, 6), st.sampled_from("-./:_"))
def test_among_ordinary_words_any_other_name_is_seen(words: list[str], name: str, place: int, separator: str):
    assume(name not in ORDINARY_WORDS)
    text = separator.join([*words[:place], name, *words[place:]])
    assert opaque.names_pupil(text, "123456789AB", (name.upper(), None))
    assert opaque.names_pupil(text, "123456789AB", (None, name.title()))


@pytest.mark.parametrize("text", ["abs-123456789AB", "0123456789k.2", "x/1234A56789B"])
def test_an_ine_of_whatever_form_is_seen(text: str):
    assert opaque.holds_an_ine(text)


@pytest.mark.parametrize(
    "text",
    ["0310000G-0000001", "abs-20251006-M", "123456789abc", "3f2a1b4c-0000-4000-8000-123456789012", "17650000001"],
)
def test_a_number_a_school_and_a_uuid_are_none(text: str):
    assert not opaque.holds_an_ine(text)


def test_what_looks_like_an_ine_is_not_quoted_back():
    assert opaque.harmless("abs-123456789AB", {}) is None
    assert opaque.harmless("0310000G-0000001", {}) == "0310000G-0000001"


def test_what_is_also_a_value_is_not_quoted_back():
    assert opaque.harmless("abs-1234567", {"ine": "1234567"}) is None
    assert opaque.harmless("0310000G-2025-10-06", {"uai": "0310000G", "date": "2025-10-06"}) is not None


def test_in_a_refused_event_names_are_judged_together():
    assert opaque.harmless("mars-louis-1", {"last_name": "MARS", "first_name": "Louis"}) is None
    assert opaque.harmless("jo-vie-1", {"last_name": "VIE", "first_name": "Jo"}) is None
    assert opaque.harmless("absence-mars-1", {"last_name": "MARS", "first_name": "Louis"}) is not None
