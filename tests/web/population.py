"""Invented schools, people and pupils, and what happened to them."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID, uuid5

from contracts.alerts import FollowUp
from contracts.directory import Actor, Role, School
from contracts.envelope import Envelope
from contracts.examples import (
    alert_acknowledged,
    alert_closed,
    alert_lifted,
    evidence_changed,
    follow_up_recorded,
    mail_failed,
    mail_requested,
    mail_sent,
    pupil_identified,
    student_enrolled,
    threshold_approached,
    threshold_reached,
)
from contracts.examples.common import half_days
from contracts.examples.people import actor, school
from tests.unit.projections.places import uai

_SPACE = UUID(int=2025)
START = datetime(2025, 10, 10, 8, tzinfo=UTC)
TILLEULS, CYPRES, AUTAN = uai(310001), uai(310002), uai(810001)
SCHOOLS: list[School] = [
    school(uai=TILLEULS, name="Lycée des Tilleuls"),
    school(uai=CYPRES, name="Collège des Cyprès"),
    school(uai=AUTAN, name="Lycée d’Autan", network="FOQUALE-81-1").model_copy(update={"department": "81"}),
]
ACTORS: list[Actor] = [
    actor(id="chef-tilleuls", role=Role.CHEF_ETAB, territory=TILLEULS, name="Dominique Exemple"),
    actor(id="cpe-tilleuls", role=Role.CPE, territory=TILLEULS, name="Claude Modèle"),
    actor(id="chef-autan", role=Role.CHEF_ETAB, territory=AUTAN, name="Alix Ailleurs"),
    actor(id="mlds-31", role=Role.COORD_MLDS, territory="FOQUALE-31-1", name="Maxime Réseau"),
    actor(id="dasen-31", role=Role.DASEN, territory="31", name="Camille Département"),
    actor(id="recteur", role=Role.RECTEUR, territory="16", name="Andréa Académie"),
    actor(id="draio-81", role=Role.DRAIO, territory="81", name="Lou Région"),
    actor(id="mission", role=Role.MISSION_LOCALE, territory="ML-31", name="Sacha Mission"),
    actor(id="chef-vide", role=Role.CHEF_ETAB, territory=uai(310009), name="Ange Nouveau"),
    actor(id="ancien", role=Role.CHEF_ETAB, territory=TILLEULS, name="Dany Ancien", until=date(2020, 1, 1)),
]


def pupil(name: str) -> UUID:
    """The pseudonymous id of an invented pupil."""
    return uuid5(_SPACE, name)


def alert(name: str, level: int = 1) -> UUID:
    """The alert of that pupil at this level."""
    return uuid5(pupil(name), str(level))


PUPILS = [
    ("Éloïse", "ÂGÉNOR", "2GT1"), ("Zoé", "BÊTA", "2GT1"), ("Noël", "ÇELIK", "2GT2"), ("Anaïs", "DUPRÉ", "2GT2"),
    ("Léa", "ÉVRARD", "1MELEC2"), ("Théo", "FABRE", "1MELEC2"), ("Maëlle", "GOÑI", "1MELEC2"),
    ("Loïc", "HÉRAULT", "TMELEC1"),
]  # fmt: skip


def raised(name: str, uai: str, level: Literal[1, 2] = 1, day: int = 0) -> Envelope[Any]:
    """An alert is raised for this pupil."""
    return threshold_reached(
        student_id=pupil(name),
        alert_id=alert(name, level),
        attendance_id=uuid5(pupil(name), "2025"),
        uai=uai,
        level=level,
        time=START + timedelta(days=day),
    )


def about(name: str) -> dict[str, Any]:
    """The ids of the alert of this pupil."""
    return {"student_id": pupil(name), "alert_id": alert(name)}


def identity(name: str, last: str, class_name: str, uai: str, number: int) -> list[Envelope[Any]]:
    """Who a pupil is, and where on the roll."""
    return [
        pupil_identified(
            student_id=pupil(name),
            ine=f"{990000100 + number:09d}AB",
            uai=uai,
            last_name=last,
            first_name=name,
            class_name=class_name,
        ),
        student_enrolled(student_id=pupil(name), uai=uai, class_name=class_name),
    ]


_uncertain = partial(mail_failed, outcome="uncertain")


def told() -> Iterator[Envelope[Any]]:
    """What happened to them, in order."""
    yield threshold_approached(student_id=pupil("Théo"), uai=TILLEULS)  # reaches it below: not shown
    for number, (first, last, class_name) in enumerate(PUPILS):
        yield from identity(first, last, class_name, TILLEULS, number)
        yield raised(first, TILLEULS, day=number)
    yield raised("Loïc", TILLEULS, level=2, day=9)
    yield alert_acknowledged(by="cpe-tilleuls", **about("Zoé"))
    yield follow_up_recorded(by="cpe-tilleuls", kind=FollowUp.GPDS, **about("Noël"))
    yield alert_lifted(**about("Anaïs"))
    yield alert_closed(by="chef-tilleuls", **about("Léa"))
    for count in (5, 6):
        later = START + timedelta(days=8, hours=count)
        changed = {"student_id": pupil("Maëlle"), "alert_ids": (alert("Maëlle"),)}
        yield evidence_changed(**changed, counted=half_days(count), time=later)
    yield threshold_approached(student_id=pupil("Maëlle"), level=2, uai=TILLEULS, counted=half_days(9))
    yield from identity("Iris", "LOINTAIN", "3A", AUTAN, 50)
    yield raised("Iris", AUTAN)
    yield from identity("Jules", "VOISIN", "4B", CYPRES, 51)
    yield raised("Jules", CYPRES)
    yield raised("Inconnu", CYPRES, day=1)  # the register has not told who it is
    for number in range(30):  # enough for more than a page
        yield raised(f"foule {number}", TILLEULS, day=-number - 1)
    mail: dict[str, Any] = {"uai": TILLEULS, **about("Éloïse")}
    outcomes: dict[str, list[Callable[..., Envelope[Any]]]] = {
        "sent": [mail_sent],
        "doubt": [_uncertain, partial(mail_sent, doubtful=True)],
        "uncertain": [_uncertain, mail_failed],
        "refused": [partial(mail_failed, outcome="refused")],
        "waiting": [],
    }
    for name, steps in outcomes.items():
        said = mail | {"mail_id": uuid5(_SPACE, name), "actor_id": "chef-tilleuls"}
        yield mail_requested(**said)
        for step in steps:
            yield step(**said)
    yield mail_requested(mail_id=uuid5(_SPACE, "elsewhere"), uai=AUTAN, actor_id="chef-autan", **about("Iris"))
