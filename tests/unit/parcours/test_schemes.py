"""Who may follow which parcours, from when and for how long: a decision table for each scheme.

Each line reads: from this day to that one, for a pupil of whom this is vouched, the answer is "open", or the
code of the refusal and the rule it rests on.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.parcours import Caution, Diploma, ParcoursState, Scheme
from contracts.parcours_commands import Declared
from services.parcours import rules
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening, check
from services.parcours.events import Opened
from services.parcours.refusals import Refused
from services.parcours.rules import Duration, Regulation
from tests.unit.parcours.given import PARCOURS, REGULATION, act, day, of, on, open_parcours, refusal_of

VOLUNTEER: dict[str, Any] = {"volunteer": True}
BAC_PRO_2023: dict[str, Any] = {"volunteer": True, "diploma": "BAC_PRO", "session": 2023}
CAP_2025: dict[str, Any] = {"volunteer": True, "diploma": "CAP", "session": 2025}
TRIED: dict[str, Any] = {"volunteer": True, "solutions_tried": True}
FIFTEEN: dict[str, Any] = {"volunteer": True, "age": 15}


def answer(scheme: str, starts: str, ends: str, declared: dict[str, Any], gpds: str | None = None) -> tuple[str, str]:
    """ "open", or the code of the refusal; and the rule it rests on."""
    parcours, code = Parcours(PARCOURS), Scheme(scheme)
    asked = Opening(code, day(starts), day(ends), Declared(**declared), day(gpds) if gpds else None)
    try:
        state = parcours.open(of(code), asked, REGULATION, act(on(starts)))
    except Refused as refusal:
        if not refusal.remedy or parcours.pending:
            pytest.fail("a refusal says what would be acceptable, and leaves nothing half done")
        return refusal.code, refusal.basis.rule if refusal.basis else ""
    assert state is ParcoursState.OPEN
    return "open", ""


@pytest.mark.parametrize(
    ("starts", "ends", "declared", "expected"),
    [
        # T8: four months from the pupil's own start, the last day included
        ("04/09/2023", "03/01/2024", BAC_PRO_2023, ("open", "")),
        ("04/09/2023", "04/01/2024", BAC_PRO_2023, ("too_long", "AE-05")),
        ("04/09/2023", "03/02/2024", BAC_PRO_2023, ("too_long", "AE-05")),
        ("04/09/2023", "04/09/2023", BAC_PRO_2023, ("open", "")),
        ("04/09/2023", "03/09/2023", BAC_PRO_2023, ("end_before_start", "")),
        # months that have no such day end on their last one
        ("31/10/2023", "29/02/2024", BAC_PRO_2023, ("open", "")),
        ("31/10/2023", "01/03/2024", BAC_PRO_2023, ("too_long", "AE-05")),
        ("31/10/2024", "28/02/2025", BAC_PRO_2023 | {"session": 2024}, ("open", "")),
        ("31/10/2024", "01/03/2025", BAC_PRO_2023 | {"session": 2024}, ("too_long", "AE-05")),
        # not before the rentrée of its year
        ("03/09/2023", "03/10/2023", BAC_PRO_2023, ("starts_before_rentree", "AE-05")),
        ("28/08/2025", "03/10/2025", CAP_2025, ("starts_before_rentree", "AE-05")),
        ("01/09/2025", "31/12/2025", CAP_2025, ("open", "")),
        # T10: of the session before last, or of one to come; with a job; in training
        ("01/09/2025", "31/12/2025", CAP_2025 | {"session": 2024}, ("not_the_last_session", "AE-03")),
        ("01/09/2025", "31/12/2025", CAP_2025 | {"session": 2026}, ("not_the_last_session", "AE-03")),
        ("01/09/2025", "31/12/2025", CAP_2025 | {"in_job": True}, ("in_job", "AE-03")),
        ("01/09/2025", "31/12/2025", CAP_2025 | {"in_training": True}, ("in_training", "AE-03")),
        # T11: the result of the exam is not asked for; all four diplomas do
        ("01/09/2025", "31/12/2025", CAP_2025 | {"diploma": "BMA"}, ("open", "")),
        ("01/09/2025", "31/12/2025", CAP_2025 | {"diploma": "DTMS"}, ("open", "")),
        ("01/09/2025", "31/12/2025", CAP_2025 | {"diploma": None}, ("cycle_not_finished", "AE-03")),
        ("01/09/2025", "31/12/2025", CAP_2025 | {"volunteer": False}, ("not_a_volunteer", "AE-03")),
        # in July the session of the year is over: the rentrée is what is waited for
        ("07/07/2025", "31/10/2025", CAP_2025, ("starts_before_rentree", "AE-05")),
        ("31/07/2025", "31/10/2025", CAP_2025, ("starts_before_rentree", "AE-05")),
        # the scheme's own days
        ("27/07/2023", "03/10/2023", BAC_PRO_2023, ("scheme_not_in_force", "AE-05")),
        ("09/12/2025", "08/04/2026", CAP_2025, ("open", "")),
        ("10/12/2025", "31/01/2026", CAP_2025, ("scheme_not_in_force", "AE-05")),
    ],
)
def test_ambition_emploi(starts: str, ends: str, declared: dict[str, Any], expected: tuple[str, str]) -> None:
    assert answer("AMBITION_EMPLOI", starts, ends, declared) == expected


@pytest.mark.parametrize(
    ("starts", "ends", "declared", "expected"),
    [
        ("09/12/2025", "31/01/2026", CAP_2025, ("scheme_not_in_force", "AE-21")),
        ("10/12/2025", "09/04/2026", CAP_2025, ("open", "")),
        ("10/12/2025", "10/04/2026", CAP_2025, ("too_long", "AE-21")),
        ("06/07/2026", "01/10/2026", CAP_2025 | {"session": 2026}, ("starts_before_rentree", "AE-22")),
        ("31/08/2026", "01/10/2026", CAP_2025 | {"session": 2026}, ("starts_before_rentree", "AE-22")),
        ("06/07/2026", "01/10/2026", CAP_2025 | {"session": 2027}, ("not_the_last_session", "AE-22")),
        ("06/07/2026", "01/10/2026", CAP_2025 | {"session": 2024}, ("not_the_last_session", "AE-22")),
        ("01/09/2026", "31/12/2026", CAP_2025 | {"session": 2026}, ("open", "")),
        ("01/09/2026", "31/12/2026", CAP_2025, ("not_the_last_session", "AE-22")),
        ("10/12/2025", "09/04/2026", CAP_2025 | {"in_job": True}, ("in_job", "AE-21")),
        ("10/12/2025", "09/04/2026", CAP_2025 | {"in_training": True}, ("in_training", "AE-21")),
        ("10/12/2025", "09/04/2026", CAP_2025 | {"diploma": None}, ("cycle_not_finished", "AE-22")),
        ("10/12/2025", "09/04/2026", CAP_2025 | {"volunteer": False}, ("not_a_volunteer", "AE-23")),
    ],
)
def test_avenir_pro_plus(starts: str, ends: str, declared: dict[str, Any], expected: tuple[str, str]) -> None:
    assert answer("AVENIR_PRO_PLUS", starts, ends, declared) == expected


@pytest.mark.parametrize(
    ("starts", "ends", "declared", "expected"),
    [
        ("06/10/2025", "19/12/2025", TRIED, ("open", "")),
        ("06/10/2025", "03/07/2026", TRIED, ("open", "")),
        ("25/08/2025", "19/12/2025", TRIED, ("open", "")),
        # no number is in the texts, but an end is asked for, and it follows the start
        ("06/10/2025", "31/12/2026", TRIED, ("open", "")),
        # however long, it ends with the school year that follows: a later end has a mistyped year (TDO-06b)
        ("06/10/2025", "31/07/2027", TRIED, ("open", "")),
        ("06/10/2025", "01/08/2027", TRIED, ("too_long", "TDO-06b")),
        ("31/07/2026", "31/07/2027", TRIED, ("open", "")),
        ("31/07/2026", "01/08/2027", TRIED, ("too_long", "TDO-06b")),
        ("01/08/2026", "31/07/2028", TRIED, ("open", "")),
        ("06/10/2025", "19/12/2925", TRIED, ("too_long", "TDO-06b")),
        ("06/10/2025", "31/12/9999", TRIED, ("too_long", "TDO-06b")),
        ("06/10/2025", "05/10/2025", TRIED, ("end_before_start", "")),
        ("06/10/2025", "19/12/2025", TRIED | {"volunteer": False}, ("not_a_volunteer", "TDO-11")),
        ("06/10/2025", "19/12/2025", VOLUNTEER, ("solutions_not_tried", "TDO-05")),
        ("06/03/2023", "19/06/2023", TRIED, ("scheme_not_in_force", "TDO-06")),
    ],
)
def test_tous_droits_ouverts(starts: str, ends: str, declared: dict[str, Any], expected: tuple[str, str]) -> None:
    assert answer("TDO", starts, ends, declared) == expected


@pytest.mark.parametrize(
    ("starts", "ends", "declared", "gpds", "expected"),
    [
        ("06/10/2025", "05/10/2026", FIFTEEN, "30/09/2025", ("open", "")),
        ("06/10/2025", "06/10/2026", FIFTEEN, "30/09/2025", ("too_long", "TDO-32")),
        ("29/02/2024", "28/02/2025", FIFTEEN, "29/02/2024", ("open", "")),
        ("29/02/2024", "01/03/2025", FIFTEEN, "29/02/2024", ("too_long", "TDO-32")),
        ("06/10/2025", "19/12/2025", FIFTEEN | {"age": 14}, "30/09/2025", ("too_young", "TDO-30")),
        ("06/10/2025", "19/12/2025", VOLUNTEER, "30/09/2025", ("too_young", "TDO-30")),
        ("06/10/2025", "19/12/2025", FIFTEEN, None, ("gpds_missing", "TDO-31")),
        ("06/10/2025", "19/12/2025", FIFTEEN, "07/10/2025", ("gpds_missing", "TDO-31")),
        ("06/10/2025", "19/12/2025", FIFTEEN, "30/09/0025", ("gpds_unlikely", "")),
        ("06/10/2025", "19/12/2025", FIFTEEN | {"volunteer": False}, "30/09/2025", ("not_a_volunteer", "TDO-30")),
    ],
)
def test_pafi(starts: str, ends: str, declared: dict[str, Any], gpds: str | None, expected: tuple[str, str]) -> None:
    assert answer("PAFI", starts, ends, declared, gpds) == expected


@pytest.mark.parametrize(
    ("scheme", "starts", "session", "reason", "remedy"),
    [
        (
            "AVENIR_PRO_PLUS",
            "06/07/2026",
            2026,
            "Un parcours AvenirPro+ commence à partir de la rentrée qui suit la session d’examen : pour la session"
            " 2026, le 01/09/2026.",
            "Choisissez un début à partir du 01/09/2026, ou corrigez l’année de la session.",
        ),
        (
            "AMBITION_EMPLOI",
            "08/07/2024",
            2024,
            "Un parcours Ambition emploi commence à partir de la rentrée qui suit la session d’examen : pour la session"
            " 2024, le 02/09/2024.",
            "Choisissez un début à partir du 02/09/2024, ou corrigez l’année de la session.",
        ),
        (
            "AVENIR_PRO_PLUS",
            "24/08/2026",
            2026,
            "Un parcours AvenirPro+ commence à partir de la rentrée : cette année-là, le 01/09/2026.",
            "Choisissez un début à partir du 01/09/2026.",
        ),
        (
            "AMBITION_EMPLOI",
            "06/07/2026",
            2026,
            "Le parcours Ambition emploi ne peut pas commencer le 06/07/2026.",
            "Depuis le 10/12/2025, ouvrez un parcours AvenirPro+, à partir du 01/09/2026.",
        ),
        (
            "AMBITION_EMPLOI",
            "05/01/2026",
            2025,
            "Le parcours Ambition emploi ne peut pas commencer le 05/01/2026.",
            "Depuis le 10/12/2025, ouvrez un parcours AvenirPro+.",
        ),
    ],
)
def test_a_start_before_the_rentree_is_told_from_which_day_it_may_be(
    scheme: str, starts: str, session: int, reason: str, remedy: str
) -> None:
    refusal = refused(scheme, starts, session)
    assert (refusal.reason, refusal.remedy) == (reason, remedy)


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_day_that_a_refused_start_is_sent_to_is_one_that_is_taken(year: int, month: int) -> None:
    """Whatever the month: nobody who does as they are told is refused again."""
    scheme, first = Scheme.AVENIR_PRO_PLUS if year > 2025 else Scheme.AMBITION_EMPLOI, date(year, month, 7)
    asked = Opening(scheme, first, first, Declared(volunteer=True, diploma="CAP", session=year))
    try:
        check(REGULATION, asked, first)
    except Refused as refusal:
        if refusal.code == "scheme_not_in_force":
            return
        number, month_of, of_year = refusal.remedy.split("à partir du ")[1][:10].split("/")
        later = date(int(of_year), int(month_of), int(number))
        check(REGULATION, replace(asked, starts_on=later, ends_on=later), first)


def refused(scheme: str, starts: str, session: int) -> Refused:
    """What a start on that day is refused with, for a pupil of this session."""
    asked = Opening(Scheme(scheme), day(starts), day(starts), Declared(**CAP_2025 | {"session": session}))
    with pytest.raises(Refused) as found:
        check(REGULATION, asked, day(starts))
    return found.value


def test_the_four_months_past_december_are_allowed_and_said_so() -> None:
    """AMB-4: some read the text as "September to December"."""
    late = Parcours(PARCOURS)
    asked = Opening(Scheme.AMBITION_EMPLOI, day("04/09/2023"), day("03/01/2024"), Declared(**BAC_PRO_2023))
    late.open(of(Scheme.AMBITION_EMPLOI), asked, REGULATION, act(on("04/09/2023")))
    (opened,) = late.pending
    assert isinstance(opened, Opened)
    assert opened.cautions == (Caution.ENDS_AFTER_DECEMBER,)
    assert opened.last_day == date(2024, 1, 3)
    assert opened.rule.version == date(2023, 7, 28)


def test_an_academie_may_set_a_longest_duration_for_tdo() -> None:
    """TDO-06b: no number was found, so it is a parameter; what it refuses is not shown as law."""
    tdo = REGULATION.scheme(Scheme.TDO, day("06/10/2025"))
    assert tdo
    basis = rules.Basis("TDO-06", "RECALLED", "")
    stricter = Regulation([replace(tdo, duration=Duration(6, basis))], REGULATION.delays, {})
    asked = Opening(Scheme.TDO, day("06/10/2025"), day("06/04/2026"), Declared(**TRIED))
    with pytest.raises(Refused) as refused:
        Parcours(PARCOURS).open(of(Scheme.TDO), asked, stricter, act())
    assert refused.value.code == "too_long"
    assert refused.value.basis
    assert refused.value.basis.shown == "Paramètre fixé par l’académie"


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("05/10/2023", "start_unlikely"),
        ("06/10/2023", "open"),
        ("06/10/2026", "open"),
        ("07/10/2026", "start_unlikely"),
        ("06/10/2925", "start_unlikely"),
        ("31/12/9999", "start_unlikely"),
    ],
)
def test_a_start_far_from_today_has_a_mistyped_year(starts: str, expected: str) -> None:
    parcours = Parcours(PARCOURS)
    asked = Opening(Scheme.TDO, day(starts), day(starts), Declared(**TRIED))
    assert refusal_of(lambda: parcours.open(of(Scheme.TDO), asked, REGULATION, act(on("06/10/2025")))) == expected


def test_an_extension_keeps_to_the_latest_end_too() -> None:
    parcours = open_parcours("06/10/2025", "19/12/2025", Scheme.TDO)
    for ends in ("01/08/2027", "19/12/2925", "31/12/9999"):
        with pytest.raises(Refused) as refused:
            parcours.extend(day(ends), REGULATION, act(on("06/12/2025")))
        assert refused.value.code == "too_long"
        assert "31/07/2027" in refused.value.reason
        assert refused.value.basis
        assert refused.value.basis.shown == "Paramètre fixé par l’académie"
    assert parcours.extend(day("31/07/2027"), REGULATION, act(on("06/12/2025"))) is ParcoursState.OPEN


def test_rules_that_say_nothing_of_likely_days_are_read_and_bounded_all_the_same(tmp_path: Path) -> None:
    """A file that an académie wrote before."""
    ours = ("likely = ", "latest_end = ", "renewal = ", "replaces = ")
    before = [line for line in rules.FILE.read_text().splitlines() if not line.startswith(ours)]
    (tmp_path / "rules.toml").write_text("\n".join(before))
    asked = Opening(Scheme.TDO, day("06/10/2025"), day("01/08/2027"), Declared(**TRIED))
    with pytest.raises(Refused) as refused:
        Parcours(PARCOURS).open(of(Scheme.TDO), asked, rules.load(tmp_path / "rules.toml"), act())
    assert refused.value.code == "too_long"


def test_what_is_not_confirmed_is_never_shown_as_law() -> None:
    bases = [
        basis
        for scheme in REGULATION.schemes
        for basis in (
            scheme.basis,
            scheme.renewal,
            scheme.latest_end.basis,
            *(need.basis for need in scheme.needs),
            *(each.basis for each in (scheme.duration, scheme.share, scheme.earliest, scheme.replaces) if each),
        )
    ]
    for basis in bases:
        assert (basis.shown == basis.source != "") == basis.status.startswith("CONFIRMED")


def test_a_parcours_keeps_the_rules_of_the_day_it_started() -> None:
    """Ambition emploi opened before 10 December 2025 may be extended after it."""
    parcours = open_parcours("01/12/2025", "31/01/2026")
    assert parcours.extend(day("31/03/2026"), REGULATION, act(on("15/01/2026"))) is ParcoursState.OPEN


def test_every_scheme_and_diploma_is_in_the_tables() -> None:
    assert {scheme.code for scheme in REGULATION.schemes} == set(Scheme)
    assert {Diploma(name) for name in ("BAC_PRO", "CAP", "BMA", "DTMS")} == set(Diploma)
