"""What the columns mean: half-days, dates, yes and no, reasons, as French schools write them."""

from datetime import UTC, date, datetime

import pytest

from contracts.identifiers import Period
from contracts.incoming import EnrolStudent, ReportAbsence
from contracts.school import PupilStatus, ReasonCategory
from services.intake.codes import Code
from services.intake.csv_rows import ABSENCES, STUDENTS
from services.intake.drafts import Draft
from services.intake.verdicts import Refusal

ABSENCE = {
    "ine": "123456789AB",
    "uai": "0310000G",
    "date": "06/10/2025",
    "demi_journee": "M",
    "justifiee": "N",
    "motif": "",
}
STUDENT = {
    "ine": "123456789AB",
    "uai": "0310000G",
    "nom": "MARTIN",
    "prenom": "Zoé",
    "date_naissance": "03/02/2009",
    "classe": "2MELEC",
    "mef": "",
    "statut": "scolaire",
}


def absence(**values: str) -> ReportAbsence:
    draft = ABSENCES.draft(ABSENCE | values)
    assert isinstance(draft, Draft)
    assert isinstance(draft.data, ReportAbsence)
    return draft.data


def student(**values: str) -> EnrolStudent:
    draft = STUDENTS.draft(STUDENT | values)
    assert isinstance(draft, Draft)
    assert isinstance(draft.data, EnrolStudent)
    return draft.data


@pytest.mark.parametrize("written", ["M", "m", "matin", "Matin", " MATIN"])
def test_the_morning(written: str):
    assert absence(demi_journee=written).period is Period.MORNING


@pytest.mark.parametrize("written", ["AM", "am", "A", "a", "apres-midi", "après-midi", "Après-Midi", "APRES MIDI"])
def test_the_afternoon(written: str):
    assert absence(demi_journee=written).period is Period.AFTERNOON


@pytest.mark.parametrize("written", ["06/10/2025", "6/10/2025", "2025-10-06"])
def test_days(written: str):
    assert absence(date=written).date == date(2025, 10, 6)


@pytest.mark.parametrize(
    "written", ["O", "o", "oui", "OUI", "1", "vrai", "Vrai", "(oui)", "✓", "✔", "✔\ufe0f", "☑", "✅", "√"]
)
def test_justified(written: str):
    assert absence(justifiee=written).justified


@pytest.mark.parametrize("written", ["N", "non", "0", "faux", ""])
def test_not_justified(written: str):
    assert not absence(justifiee=written).justified


@pytest.mark.parametrize(
    ("motif", "category"),
    [
        ("", None),
        ("Maladie avec certificat", ReasonCategory.HEALTH),
        ("RDV médical", ReasonCategory.HEALTH),
        ("orthodontiste", ReasonCategory.HEALTH),
        ("soins", ReasonCategory.HEALTH),
        ("Maladie d'un proche", ReasonCategory.HEALTH),
        ("Réunion de famille", ReasonCategory.FAMILY),
        ("décès du grand-père", ReasonCategory.FAMILY),
        ("sœur", ReasonCategory.FAMILY),
        ("grève SNCF", ReasonCategory.TRANSPORT),
        ("Bus en panne", ReasonCategory.TRANSPORT),
        ("Stage en entreprise", ReasonCategory.SCHOOL_ACTIVITY),
        ("PFMP", ReasonCategory.SCHOOL_ACTIVITY),
        ("Convocation préfecture", ReasonCategory.ADMINISTRATIVE),
        ("JDC", ReasonCategory.ADMINISTRATIVE),
        ("raison personnelle", ReasonCategory.OTHER),
        ("a oublié", ReasonCategory.OTHER),
    ],
)
def test_a_reason_becomes_a_category(motif: str, category: ReasonCategory | None):
    assert absence(motif=motif).category is category


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("06/10/2025 08:30", datetime(2025, 10, 6, 6, 30, tzinfo=UTC)),
        ("06/10/2025 8h30", datetime(2025, 10, 6, 6, 30, tzinfo=UTC)),
        ("06/12/2025 08:30:15", datetime(2025, 12, 6, 7, 30, 15, tzinfo=UTC)),
        ("06/10/2025", datetime(2025, 10, 5, 22, 0, tzinfo=UTC)),
        ("2025-10-06T08:30", datetime(2025, 10, 6, 6, 30, tzinfo=UTC)),
        ("2025-10-06 08:30:00", datetime(2025, 10, 6, 6, 30, tzinfo=UTC)),
        ("2025-10-06T08:30:00Z", datetime(2025, 10, 6, 8, 30, tzinfo=UTC)),
        ("2025-10-06T08:30:00+05:00", datetime(2025, 10, 6, 3, 30, tzinfo=UTC)),
        ("", None),
    ],
)
def test_the_moment_a_row_was_touched_is_in_paris_time(written: str, moment: datetime | None):
    draft = ABSENCES.draft(ABSENCE | {"maj": written})
    assert isinstance(draft, Draft)
    assert draft.time == moment


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f", "\u2009", "\t"])
def test_identifiers_are_taken_in_lower_case_and_with_spaces_of_any_kind(space: str):
    data = absence(ine=f"123{space}456{space}789 ab", uai=f"031{space}0000{space}g")
    assert (data.ine, data.uai) == ("123456789AB", "0310000G")


@pytest.mark.parametrize("written", ["scolaire", "Élève", "eleve", "STUDENT", ""])
def test_a_pupil(written: str):
    assert student(statut=written).status is PupilStatus.STUDENT


@pytest.mark.parametrize("written", ["apprenti", "Apprentie", "APPRENTICE"])
def test_an_apprentice(written: str):
    assert student(statut=written).status is PupilStatus.APPRENTICE


def test_what_is_not_known_of_a_pupil_is_left_out():
    data = student(nom="", prenom="", date_naissance="", classe="", mef="")
    assert data.model_dump(exclude_none=True).keys() == {"ine", "uai", "status"}


@pytest.mark.parametrize(
    ("values", "column", "code"),
    [
        ({"ine": ""}, "ine", Code.MISSING),
        ({"ine": "123"}, "ine", Code.BAD_INE),
        ({"uai": ""}, "uai", Code.MISSING),
        ({"uai": "0310000A"}, "uai", Code.UAI_CHECK_LETTER),
        ({"uai": "310000G"}, "uai", Code.BAD_UAI),
        ({"date": ""}, "date", Code.MISSING),
        ({"date": "31/02/2025"}, "date", Code.BAD_DATE),
        ({"date": "10/06/25"}, "date", Code.BAD_DATE),
        ({"date": "1759708800"}, "date", Code.BAD_DATE),
        ({"demi_journee": ""}, "demi_journee", Code.MISSING),
        ({"demi_journee": "soir"}, "demi_journee", Code.BAD_HALF_DAY),
        ({"justifiee": "peut-être"}, "justifiee", Code.BAD_YES_NO),
        *(({"justifiee": sign}, "justifiee", Code.BAD_YES_NO) for sign in ("—", "-", "?", "✗", "☒", "☐", "×", "нет")),
        ({"justifiee": "✗ oui"}, "justifiee", Code.BAD_YES_NO),
        ({"demi_journee": "—"}, "demi_journee", Code.BAD_HALF_DAY),
        ({"maj": "hier"}, "maj", Code.BAD_TIME),
        ({"maj": "06/10/2025 25:00"}, "maj", Code.BAD_TIME),
        ({"maj": "2025-13-06T08:30"}, "maj", Code.BAD_TIME),
        ({"maj": "0001-01-01T00:00"}, "maj", Code.BAD_TIME),
        ({"maj": "9999-12-31T23:59:59-12:00"}, "maj", Code.TIME_IN_FUTURE),
    ],
)
def test_an_absence_that_cannot_be_read(values: dict[str, str], column: str, code: Code):
    refusal = ABSENCES.draft(ABSENCE | values)
    assert isinstance(refusal, Refusal)
    assert (refusal.field, refusal.code) == (column, code)


@pytest.mark.parametrize(
    ("values", "column", "code"),
    [
        ({"nom": "x" * 101}, "nom", Code.TOO_LONG),
        ({"prenom": "a\x07b"}, "prenom", Code.CONTROL_CHARACTER),
        ({"date_naissance": "03/02"}, "date_naissance", Code.BAD_DATE),
        ({"classe": "c" * 41}, "classe", Code.TOO_LONG),
        ({"statut": "scola"}, "statut", Code.BAD_STATUS),
        *(({"statut": sign}, "statut", Code.BAD_STATUS) for sign in ("—", "-", "✓", "…")),
    ],
)
def test_a_pupil_that_cannot_be_read(values: dict[str, str], column: str, code: Code):
    refusal = STUDENTS.draft(STUDENT | values)
    assert isinstance(refusal, Refusal)
    assert (refusal.field, refusal.code) == (column, code)


def test_a_row_has_no_id_of_its_own():
    draft = ABSENCES.draft(ABSENCE)
    assert isinstance(draft, Draft)
    assert draft.id is None


def test_every_code_has_both_reasons():
    for code in Code:
        assert code.reason.en
        assert code.reason.fr
