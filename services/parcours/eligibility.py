"""Whether a parcours may open: who, from when, how long. Each refusal names its rule. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from contracts.identifiers import SCHOOL_YEAR_STARTS_IN
from contracts.parcours import Caution, Scheme
from contracts.parcours_commands import Declared
from services.parcours.refusals import NAMES, Refused, check_likely, written
from services.parcours.rules import Need, Regulation, SchemeRules, last_session


@dataclass(frozen=True, slots=True)
class Opening:
    """What is asked: a scheme, from one day to another, and what is vouched for."""

    scheme: Scheme
    starts_on: date
    ends_on: date
    declared: Declared
    gpds_on: date | None = None


def check(regulation: Regulation, asked: Opening, today: date) -> SchemeRules:
    """The scheme's rules, if the parcours may open. Raises Refused with the first rule it breaks."""
    if asked.ends_on < asked.starts_on:
        raise Refused(
            "end_before_start",
            "La fin du parcours précède son début.",
            f"Choisissez une fin à partir du {written(asked.starts_on)}.",
        )
    scheme = _in_force(regulation, asked)
    check_likely("start_unlikely", "Le début du parcours", asked.starts_on, regulation.likely.around(today))
    check_gpds(regulation, asked.gpds_on, today)
    _check_session(regulation, scheme, asked)
    for need in scheme.needs:
        _NEEDS[need.what](asked, need)
    _check_start(regulation, scheme, asked)
    check_length(scheme, asked.starts_on, asked.ends_on)
    return scheme


def check_gpds(regulation: Regulation, gpds_on: date | None, today: date) -> None:
    """Whether the day of a GPDS, if there is one, is one that people mean; it may be planned. Raises Refused."""
    if gpds_on:
        check_likely("gpds_unlikely", "La date du GPDS", gpds_on, regulation.likely.around(today))


def check_length(scheme: SchemeRules, starts_on: date, ends_on: date) -> None:
    """Whether the scheme allows such a length (AE-05, AE-21, TDO-32; AMB-4, AMB-6; TDO-06b). Raises Refused."""
    last = scheme.last_day(starts_on)
    if ends_on <= last:
        return
    if scheme.duration:
        raise Refused(
            "too_long",
            f"Un parcours {NAMES[scheme.code]} dure {scheme.duration.months} mois au plus.",
            f"Pour un début le {written(starts_on)}, choisissez une fin au plus tard le {written(last)}.",
            scheme.duration.basis,
        )
    raise Refused(
        "too_long",
        f"Un parcours {NAMES[scheme.code]} commencé le {written(starts_on)} se termine au plus tard le"
        f" {written(last)}.",
        "Vérifiez l’année de la fin ; pour aller plus loin, ouvrez ensuite un autre parcours.",
        scheme.latest_end.basis,
    )


def cautions(scheme: SchemeRules, starts_on: date, ends_on: date) -> tuple[Caution, ...]:
    """What is allowed and worth a second look: some read the four months as ending in December (AMB-4, AE-11)."""
    if scheme.earliest and ends_on > date(last_session(starts_on), 12, 31):
        return (Caution.ENDS_AFTER_DECEMBER,)
    return ()


def _in_force(regulation: Regulation, asked: Opening) -> SchemeRules:
    found = regulation.scheme(asked.scheme, asked.starts_on)
    if found:
        return found
    versions = [each for each in regulation.schemes if each.code is asked.scheme]
    late = [each for each in versions if each.valid_to and asked.starts_on > each.valid_to]
    successor = next(
        (each for each in regulation.schemes if each.replaces and each.replaces.code is asked.scheme), None
    )
    if late and successor:
        first = _first_day(regulation, successor, asked)
        since = f", à partir du {written(first)}" if first and asked.starts_on < first else ""
        remedy = f"Depuis le {written(successor.valid_from)}, ouvrez un parcours {NAMES[successor.code]}{since}."
    elif late:
        remedy = "Choisissez un autre type de parcours."
    else:
        remedy = f"Choisissez un début à partir du {written(min(each.valid_from for each in versions))}."
    raise Refused(
        "scheme_not_in_force",
        f"Le parcours {NAMES[asked.scheme]} ne peut pas commencer le {written(asked.starts_on)}.",
        remedy,
        versions[-1].basis,
    )


def _of_this_year(asked: Opening) -> bool:
    """Whether the exam is that of the year of the start and not the last one yet: until July, with its school year."""
    return asked.declared.session == asked.starts_on.year > last_session(asked.starts_on)


def _first_day(regulation: Regulation, scheme: SchemeRules, asked: Opening) -> date | None:
    """From which day on the scheme may start, after the session the pupil is of."""
    of_year = date(asked.starts_on.year, SCHOOL_YEAR_STARTS_IN, 1) if _of_this_year(asked) else asked.starts_on
    return regulation.earliest(scheme, of_year)


def _check_session(regulation: Regulation, scheme: SchemeRules, asked: Opening) -> None:
    # Before what is asked of the pupil: in July it would refuse the session that has just been as not being the last.
    first = _first_day(regulation, scheme, asked)
    if scheme.earliest and first and _of_this_year(asked):
        raise Refused(
            "starts_before_rentree",
            f"Un parcours {NAMES[scheme.code]} commence à partir de la rentrée qui suit la session d’examen : pour la"
            f" session {asked.declared.session}, le {written(first)}.",
            f"Choisissez un début à partir du {written(first)}, ou corrigez l’année de la session.",
            scheme.earliest.basis,
        )


def _check_start(regulation: Regulation, scheme: SchemeRules, asked: Opening) -> None:
    earliest = regulation.earliest(scheme, asked.starts_on)
    if scheme.earliest and earliest and asked.starts_on < earliest:
        raise Refused(
            "starts_before_rentree",
            f"Un parcours {NAMES[scheme.code]} commence à partir de la rentrée : cette année-là, le"
            f" {written(earliest)}.",
            f"Choisissez un début à partir du {written(earliest)}.",
            scheme.earliest.basis,
        )


def _volunteer(asked: Opening, need: Need) -> None:
    if not asked.declared.volunteer:
        raise Refused(
            "not_a_volunteer",
            "L’élève doit être volontaire.",
            "Recueillez son accord, puis cochez « L’élève est volontaire ».",
            need.basis,
        )


def _solutions_tried(asked: Opening, need: Need) -> None:
    if not asked.declared.solutions_tried:
        raise Refused(
            "solutions_not_tried",
            "Ce parcours s’adresse aux élèves pour qui les solutions internes n’ont pas suffi.",
            "Essayez d’abord une solution dans l’établissement, ou indiquez que c’est fait.",
            need.basis,
        )


def _last_session(asked: Opening, need: Need) -> None:
    session = last_session(asked.starts_on)
    if asked.declared.diploma is None or asked.declared.session is None:
        raise Refused(
            "cycle_not_finished",
            "L’élève doit avoir achevé un cycle de bac pro, BMA, DTMS ou CAP, quel que soit son résultat.",
            "Indiquez le diplôme préparé et l’année de la session.",
            need.basis,
        )
    if asked.declared.session != session:
        remedy = "Pour un élève d’une autre session, la mission locale ou le droit au retour sont les voies ouvertes."
        if asked.declared.session > session:
            remedy = "Corrigez l’année de la session, ou choisissez un début à partir de la rentrée qui la suit."
        raise Refused(
            "not_the_last_session",
            f"L’élève doit avoir achevé son cycle à la dernière session, celle de {session}.",
            remedy,
            need.basis,
        )


def _no_job(asked: Opening, need: Need) -> None:
    if asked.declared.in_job:
        raise Refused("in_job", "L’élève occupe un emploi.", "Le parcours s’ouvre à qui est sans emploi.", need.basis)


def _no_training(asked: Opening, need: Need) -> None:
    if asked.declared.in_training:
        raise Refused(
            "in_training",
            "L’élève suit déjà une formation.",
            "Le parcours s’ouvre à qui n’est pas en formation.",
            need.basis,
        )


def _age(asked: Opening, need: Need) -> None:
    if asked.declared.age is None or asked.declared.age < need.least:
        raise Refused(
            "too_young",
            f"L’élève doit avoir {need.least} ans au premier jour du parcours.",
            "Vérifiez sa date de naissance, ou choisissez un début plus tardif.",
            need.basis,
        )


def _gpds(asked: Opening, need: Need) -> None:
    if asked.gpds_on is None or asked.gpds_on > asked.starts_on:
        raise Refused(
            "gpds_missing",
            "La situation doit d’abord être examinée en GPDS.",
            "Indiquez la date du GPDS, au plus tard le premier jour du parcours.",
            need.basis,
        )


_NEEDS: dict[str, Callable[[Opening, Need], None]] = {
    "VOLUNTEER": _volunteer,
    "SOLUTIONS_TRIED": _solutions_tried,
    "LAST_SESSION": _last_session,
    "NO_JOB": _no_job,
    "NO_TRAINING": _no_training,
    "AGE": _age,
    "GPDS": _gpds,
}
