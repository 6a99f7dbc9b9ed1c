"""Each e-mail about a parcours or a delay, read by the person it is written to."""

from datetime import UTC, date, datetime

import pytest

from contracts.delays import DelayKind
from contracts.directory import Role
from services.notifications.facts import (
    DelayApproaching,
    DelayReached,
    Fact,
    OutcomeMissing,
    ParcoursOpened,
    ReviewOverdue,
    Share,
    StatusExpired,
    StatusExpiring,
)
from services.notifications.wording import delays, french
from services.notifications.wording.parcours import share_in_french
from services.projections.web import words_parcours
from tests.unit.notifications.given import DELAY, PARCOURS, SHARE, school
from tests.unit.notifications.letters import DECEMBER, ENDS, STARTS, body, letter, read, subject

HEAD, COORDINATOR, DCIO = Role.CHEF_ETAB, Role.COORD_MLDS, Role.DCIO
MISSION_LOCALE, CFA = Role.MISSION_LOCALE, Role.CFA
WHERE = school()
FILE = "dossier 2C6D-8E1F, Lycée Les Coteaux"


def expiring(days: int = 30, scheme: str = "AMBITION_EMPLOI", last_day: date | None = None) -> StatusExpiring:
    return StatusExpiring(scheme=scheme, days=days, ends_on=ENDS, last_day=last_day, share=SHARE)


def opened(**more: date) -> ParcoursOpened:
    return ParcoursOpened(scheme="TDO", starts_on=STARTS, ends_on=ENDS, share=Share(0, 115), **more)


def delay(kind: DelayKind, days: int | None = None) -> Fact:
    dates = {"since": date(2025, 10, 31), "until": ENDS}
    return DelayReached(kind=kind, **dates) if days is None else DelayApproaching(kind=kind, days=days, **dates)


def said(fact: Fact, role: Role, at: datetime = DECEMBER) -> str:
    return read(letter(fact, role, where=WHERE, at=at))


def test_a_parcours_opened() -> None:
    fact = opened(last_day=date(2026, 1, 7), next_review_on=date(2025, 10, 8))
    text = said(fact, DCIO)
    assert subject(letter(fact, DCIO, where=WHERE)) == f"Ouverture d’un parcours Tous droits ouverts : {FILE}"
    assert (
        "Un élève d’un établissement de votre secteur entre dans un parcours Tous droits ouverts, qui va du lundi 8 "
        "septembre 2025 au mercredi 31 décembre 2025." in text
    )
    assert "Prolongation possible : jusqu’au mercredi 7 janvier 2026 au plus tard" in text
    assert "Premier point d’étape : au plus tard le mercredi 8 octobre 2025" in text
    assert "Périodes en entreprise (PFMP) : aucune prévue pour l’instant" in text
    assert "Rien ne vous est demandé pour l’instant." in text
    assert (
        "L’identité de l’élève et les partenaires du parcours ne sont visibles qu’après connexion. Ils ne figurent "
        "jamais dans nos courriels." in text
    )


@pytest.mark.parametrize("last_day", [None, ENDS])
def test_no_extension_is_promised_where_none_is_known(last_day: date | None) -> None:
    assert "Prolongation" not in said(opened(**({"last_day": last_day} if last_day else {})), HEAD)


def test_a_status_that_ends_in_thirty_days() -> None:
    text = said(expiring(), COORDINATOR)
    assert (
        subject(letter(expiring(), COORDINATOR, where=WHERE, at=DECEMBER))
        == f"Fin d’un parcours Ambition emploi dans 30 jours : {FILE}"
    )
    for expected in (
        "Un élève d’un établissement que vous accompagnez suit un parcours Ambition emploi qui se termine dans 30 "
        "jours, le mercredi 31 décembre 2025.",
        "Temps restant : 30 jours",
        "28 jours sur 115, soit 24 % du parcours (76 jours au plus)",
        "prolonger le parcours, si sa durée maximale le permet",
        "le clore, en indiquant ce que devient l’élève",
        "préparer le relais avec la mission locale",
        "Si rien n’est décidé d’ici là, le parcours prendra fin de lui-même le mercredi 31 décembre 2025 au soir",
    ):
        assert expected in text
    assert f"https://suite.example.org/parcours/{PARCOURS}" in body(letter(expiring(), COORDINATOR), "plain")


def test_only_those_who_decide_are_given_the_choices() -> None:
    assert "vous pouvez : - prolonger" in said(expiring(7), HEAD)
    assert "- prolonger" not in said(expiring(7), MISSION_LOCALE)
    assert "pour préparer ensemble le relais" in said(expiring(7), MISSION_LOCALE)


@pytest.mark.parametrize("role", [HEAD, COORDINATOR, MISSION_LOCALE])
def test_who_may_extend_reads_until_when(role: Role) -> None:
    text = said(expiring(7, last_day=date(2026, 1, 7)), role)
    assert "prolonger le parcours, jusqu’au mercredi 7 janvier 2026 au plus tard" in text
    assert "Si rien n’est décidé d’ici là, le parcours prendra fin de lui-même" in text


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("role", [HEAD, COORDINATOR, MISSION_LOCALE])
@pytest.mark.parametrize("scheme", ["AMBITION_EMPLOI", "AVENIR_PRO_PLUS", "PAFI"])
def test_no_extension_is_offered_at_the_last_day_there_can_be(scheme: str, role: Role, kind: str) -> None:
    text = read(letter(expiring(7, scheme, last_day=ENDS), role, where=WHERE, at=DECEMBER), kind)
    assert "prolonger le parcours" not in text
    assert "Ce parcours va déjà jusqu’à son dernier jour possible : il ne peut plus être prolongé." in text
    assert "Si rien n’est décidé" not in text, "nothing that is decided lets it go on"
    assert "Le parcours prendra fin au plus tard le mercredi 31 décembre 2025 au soir" in text
    assert ("clore le parcours, en indiquant ce que devient l’élève" in text) == (role is not MISSION_LOCALE)


def test_where_no_text_sets_how_long_it_lasts_no_limit_is_spoken_of() -> None:
    assert "- prolonger le parcours ; - le clore" in said(expiring(7, "TDO"), HEAD)


def test_of_a_reminder_that_says_no_last_day_the_page_knows_until_when() -> None:
    """One that was stored before it was told."""
    text = said(expiring(7, "PAFI"), HEAD)
    assert "si sa durée maximale le permet (le dossier indique jusqu’à quand)" in text


@pytest.mark.parametrize(
    ("at", "when"),
    [
        (datetime(2025, 12, 29, 8, tzinfo=UTC), "dans 2 jours, le mercredi 31 décembre 2025"),
        (datetime(2025, 12, 29, 23, 30, tzinfo=UTC), "demain, mercredi 31 décembre 2025"),
        (datetime(2025, 12, 31, 8, tzinfo=UTC), "aujourd’hui, mercredi 31 décembre 2025"),
    ],
)
def test_the_days_left_are_those_of_the_day_it_is_written(at: datetime, when: str) -> None:
    assert f"se termine {when}." in said(expiring(7), HEAD, at)


@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        ("TDO", "parcours Tous droits ouverts"),
        ("PAFI", "parcours aménagé de formation initiale (PAFI)"),
        ("AMBITION_EMPLOI", "parcours Ambition emploi"),
        ("AVENIR_PRO_PLUS", "parcours AvenirPro+"),
    ],
)
def test_schemes_have_their_full_names(scheme: str, name: str) -> None:
    assert f"suit un {name} qui se termine" in said(expiring(7, scheme), HEAD)
    assert f"Dispositif : {name}" in said(StatusExpired(scheme=scheme, ends_on=ENDS), DCIO)


@pytest.mark.parametrize(
    ("scheme", "loses"), [("TDO", False), ("PAFI", False), ("AMBITION_EMPLOI", True), ("AVENIR_PRO_PLUS", True)]
)
def test_only_who_had_left_school_loses_a_pupil_s_status(scheme: str, loses: bool) -> None:
    """TDO-07, TDO-33: the others stay pupils of their school."""
    before, after = said(expiring(7, scheme), HEAD), said(StatusExpired(scheme=scheme, ends_on=ENDS), HEAD)
    assert ("perdra le statut scolaire" in before, "statut scolaire qui y était attaché" in after) == (loses, loses)
    assert ("restera scolarisé dans son établissement" in before) == (not loses)


def test_a_status_that_expired() -> None:
    fact = StatusExpired(scheme="PAFI", ends_on=ENDS)
    assert "qui s’est terminé le mercredi 31 décembre 2025 sans avoir été clos." in said(fact, HEAD)
    assert "Un rappel vous sera adressé chaque semaine" in said(fact, COORDINATOR)
    assert "chaque semaine" not in said(fact, MISSION_LOCALE)
    assert "plateforme de suivi et d’appui aux décrocheurs (PSAD)" in said(fact, DCIO)


@pytest.mark.parametrize(
    ("weeks", "ago"), [(1, "il y a une semaine"), (2, "il y a deux semaines"), (30, "il y a 30 semaines")]
)
def test_an_outcome_still_missing(weeks: int, ago: str) -> None:
    fact = OutcomeMissing(scheme="TDO", weeks=weeks, ends_on=ENDS)
    text = said(fact, HEAD)
    assert f"qui s’est terminé {ago}, le mercredi 31 décembre 2025." in text
    assert "clore le parcours avec « situation inconnue »" in text
    assert "Les rappels s’arrêteront dès que le parcours sera clos." in text


def test_a_review_overdue() -> None:
    text = said(ReviewOverdue(scheme="TDO", review_on=date(2025, 12, 1)), COORDINATOR)
    assert "Un point d’étape devait se tenir au plus tard le lundi 1er décembre 2025 ; il n’est pas noté" in text


@pytest.mark.parametrize(
    ("kind", "role", "days", "opening", "law"),
    [
        (
            DelayKind.RETURN_INTERVIEW,
            DCIO,
            5,
            "Un jeune d’un établissement de votre secteur a demandé à reprendre une formation ; sa demande a été reçue "
            "le vendredi 31 octobre 2025. L’entretien doit avoir lieu au plus tard le mercredi 31 décembre 2025.",
            "articles D. 122-3-3 et D. 122-3-7",
        ),
        (
            DelayKind.APPRENTICE_WITHOUT_CONTRACT,
            CFA,
            15,
            "Un apprenti de votre CFA est en formation sans contrat d’apprentissage depuis le vendredi 31 octobre",
            "article L. 6222-12-1",
        ),
        (
            DelayKind.APPRENTICE_AFTER_RUPTURE,
            HEAD,
            None,
            "Le CFA pouvait le garder en formation jusqu’au mercredi 31 décembre 2025 ; aucun nouveau contrat",
            "article L. 6225-3-1",
        ),
        (
            DelayKind.OF_SUMMONS,
            MISSION_LOCALE,
            None,
            "Faute de solution, sa situation devait être transmise à la présidence du conseil départemental",
            "articles L. 114-1 et R. 114-7",
        ),
        (
            DelayKind.RETURN_INTERVIEW,
            COORDINATOR,
            5,
            "Un jeune d’un établissement que vous accompagnez a demandé à reprendre une formation",
            "Voyez avec le CIO si la date de l’entretien est fixée",
        ),
        (
            DelayKind.OF_SUMMONS,
            COORDINATOR,
            None,
            "Un jeune d’un établissement que vous accompagnez a été convoqué par la mission locale",
            "voyez avec la mission locale où en est la transmission",
        ),
    ],
)
def test_a_delay(kind: DelayKind, role: Role, days: int | None, opening: str, law: str) -> None:
    fact = delay(kind, days)
    text = said(fact, role)
    assert opening in text
    assert law in text
    assert (f"https://suite.example.org/delais/{DELAY}" in body(letter(fact, role), "plain")) is (role is not CFA)
    assert ("Temps restant" in text) is (days is not None)
    assert ("délai dépassé" in subject(letter(fact, role))) is (days is None)


@pytest.mark.parametrize("kind", DelayKind)
def test_a_delay_has_one_name_in_e_mails_and_on_pages(kind: DelayKind) -> None:
    """Two services say it, each in its own words otherwise: neither reads the other's."""
    assert delays.KINDS[kind].name == words_parcours.KINDS[kind]
    assert delays.KINDS[kind].starts == words_parcours.KIND_STARTS[kind]
    text, about = said(delay(kind, 15), COORDINATOR), subject(letter(delay(kind, 15), COORDINATOR, at=DECEMBER))
    assert f"Objet : {words_parcours.KINDS[kind]}" in text
    assert f"{words_parcours.KIND_STARTS[kind]} : vendredi 31 octobre 2025" in text
    assert about.startswith(f"{words_parcours.KINDS[kind]}, encore 30 jours : ")


def test_those_who_cannot_note_it_themselves_are_told_whom_to_tell() -> None:
    text = said(delay(DelayKind.APPRENTICE_WITHOUT_CONTRACT, 15), CFA)
    assert "dites-le à l’établissement, qui le notera dans le dossier" in text


@pytest.mark.parametrize("days", [5, None])
@pytest.mark.parametrize(
    ("kind", "missing", "whom"),
    [
        (DelayKind.RETURN_INTERVIEW, "au CIO et à la MLDS que ce rappel est adressé", "avec le CIO de"),
        (DelayKind.OF_SUMMONS, "à la mission locale, au CIO et à la MLDS", "avec la mission locale de votre secteur"),
    ],
)
def test_a_head_told_for_want_of_a_partner_reads_who_is_missing_and_whom_to_ask(
    kind: DelayKind, missing: str, whom: str, days: int | None
) -> None:
    text = said(delay(kind, days), HEAD)
    for expected in (
        "Un jeune de votre établissement",
        missing,
        "pour votre établissement : c’est pourquoi vous le recevez",
        f"prenez contact {'sans attendre ' if days is None else ''}{whom}",
        "La personne qui tient l’annuaire de l’académie peut y ajouter",
        "Faute de partenaire connu pour l’établissement",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (Share(28, 115, 76), "28 jours sur 115, soit 24 % du parcours (76 jours au plus)"),
        (Share(28, 115), "28 jours sur 115, soit 24 % du parcours"),
        (Share(1, 115, 76), "1 jour sur 115, soit 1 % du parcours (76 jours au plus)"),
        (Share(0, 115, 76), "aucune prévue pour l’instant (76 jours au plus)"),
        (Share(0, 0), "aucune prévue pour l’instant"),
    ],
)
def test_the_share_in_placement(share: Share, words: str) -> None:
    assert " ".join(share_in_french(share).split()) == words


def test_days_and_months_in_french() -> None:
    assert french.day_in_french(date(2026, 2, 1)) == "dimanche 1er\u00a0février\u00a02026"
    assert french.month_in_french("2025-08") == "août\u00a02025"
    assert [french.number_in_french(number) for number in (4, 10, 11)] == ["quatre", "dix", "11"]
