import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import pytest

from contracts import parcours as said
from contracts.catalogue import FLOW, PARCOURS
from contracts.delays import DelayKind, DelayState
from contracts.directory import Role
from services.notifications.audience import audience_of
from services.notifications.facts import DelayApproaching, DelayReached
from services.projections.reading import delays, parcours
from services.projections.web import words_parcours as fr
from services.projections.web.asking_parcours import VIEWS
from services.projections.web.delay_pages import VIEWS as DELAY_VIEWS
from services.projections.web.parcours_list import SORT_NAMES
from services.projections.web.parcours_opening import USUAL_MONTHS

TODAY = date(2025, 12, 8)


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        (said.Scheme, fr.SCHEMES),
        (said.Scheme, fr.SCHEME_MEANINGS),
        (said.ParcoursState, fr.STATES),
        (said.Partner, fr.PARTNERS),
        (said.Outcome, fr.OUTCOMES),
        (said.Why, fr.WHYS),
        (said.Diploma, fr.DIPLOMAS),
        (said.Caution, fr.CAUTIONS),
        (DelayKind, fr.KINDS),
        (DelayKind, fr.KIND_MEANINGS),
        (DelayKind, fr.KIND_STARTS),
        (DelayState, fr.DELAY_STATES),
    ],
)
def test_every_code_has_its_own_words_in_french(codes: type[StrEnum], names: Mapping[str, str]) -> None:
    assert set(names) == {code.value for code in codes}
    assert len(set(names.values())) == len(names)


def test_everything_that_can_happen_has_its_words() -> None:
    shown = [channel for channel in FLOW if channel.stream == PARCOURS and "projections" in channel.consumers]
    told = {channel.contract.FACT for channel in shown}
    assert set(fr.HAPPENED) == told


def test_every_scheme_has_a_word_in_addresses_and_a_usual_length() -> None:
    assert set(fr.SCHEME_SLUGS.values()) == set(said.Scheme) == set(USUAL_MONTHS)


def test_every_state_is_in_a_tab_and_every_order_is_told() -> None:
    assert {state for _, states in VIEWS.values() for state in states} == {each.value for each in said.ParcoursState}
    assert {state for _, states in DELAY_VIEWS.values() for state in states} == {each.value for each in DelayState}
    assert set(SORT_NAMES) == set(parcours.SORTS)
    assert "fin" in delays.SORTS


@pytest.mark.parametrize(
    ("last", "sentence", "cell"),
    [
        (date(2025, 12, 31), "Il reste 23 jours, jusqu’au mercredi 31 décembre 2025 inclus.", "23 jours"),
        (date(2025, 12, 9), "Il reste 1 jour, jusqu’au mardi 9 décembre 2025 inclus.", "1 jour"),
        (TODAY, "C’est le dernier jour : lundi 8 décembre 2025.", "dernier jour"),
        (date(2025, 12, 1), "Fini depuis 7 jours, le lundi 1er décembre 2025.", "fini depuis 7 jours"),
    ],
)
def test_the_days_that_are_left_are_told_in_words(last: date, sentence: str, cell: str) -> None:
    assert fr.countdown(last, TODAY).replace("\u00a0", " ") == sentence
    assert fr.days_left(last, TODAY).replace("\u00a0", " ") == cell


def test_who_is_said_to_be_told_of_a_delay_is_told() -> None:
    called = {
        Role.COORD_MLDS: "au coordonnateur MLDS",
        Role.CHEF_ETAB: "au chef d’établissement",
        Role.DCIO: "au CIO",
        Role.MISSION_LOCALE: "à la mission locale",
        Role.CFA: "au CFA",
    }
    for kind in DelayKind:
        said_of = set(re.split(", | et ", fr.KIND_TOLD[kind]))
        for fact in (
            DelayApproaching(kind=kind, days=5, since=TODAY, until=TODAY),
            DelayReached(kind=kind, since=TODAY, until=TODAY),
        ):
            assert said_of == {called[role] for role in audience_of(fact)}


def test_a_delay_that_is_followed_too_late_promises_no_reminder() -> None:
    kind = DelayKind.RETURN_INTERVIEW
    for last in (TODAY, date(2025, 12, 31)):
        assert fr.started(kind, last, TODAY) == (
            "Le délai est suivi. Les courriels à son sujet iront au coordonnateur MLDS et au CIO."
        )
    assert fr.started(kind, date(2025, 12, 1), TODAY).replace("\u00a0", " ") == (
        "Ce délai est déjà dépassé : le dernier jour était le lundi 1er décembre 2025. Un courriel le signale au "
        "coordonnateur MLDS et au CIO."
    )


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        (date(2025, 12, 9), "Suspendu à partir du 9 déc. 2025 : rien ne sera demandé à l’élève."),
        (TODAY, "Suspendu depuis le 8 déc. 2025 : rien n’est demandé à l’élève."),
    ],
)
def test_a_suspension_to_come_is_not_told_as_one_that_began(since: date, sentence: str) -> None:
    assert fr.suspended(since, TODAY).replace("\u00a0", " ") == sentence


def test_the_share_in_placement_is_told_in_words() -> None:
    assert fr.share(28, 76).replace("\u00a0", " ") == "28 jours sur 76 possibles"
    assert fr.share(1, 1).replace("\u00a0", " ") == "1 jour sur 1 possible"
    assert fr.share(0, None) == "aucun jour"


def test_partners_are_told_once_each() -> None:
    assert fr.partners(["MISSION_LOCALE", "AFPA", "MISSION_LOCALE"]) == "Mission locale, AFPA"
