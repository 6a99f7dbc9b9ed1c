"""What became of some of the invented pupils: parcours at every stage of their life, and delays."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid5

from chassis.clock import SystemClock, today
from contracts import parcours as said
from contracts.delays import DelayApproaching, DelayEnded, DelayKind, DelayReached, DelayStarted
from contracts.directory import Role
from contracts.envelope import Envelope, Payload
from contracts.examples import mail_requested, mail_sent, parcours_event
from contracts.notifications import MailTemplate
from contracts.parcours import Caution, Gauge, Outcome, Partner, Scheme, SchemeRule, Span, Why
from tests.web.population import AUTAN, CYPRES, TILLEULS, alert, pupil

TODAY = today(SystemClock())
P = TypeVar("P", bound=Payload)
TDO_RULE = SchemeRule(id="TDO-06", version=date(2023, 7, 20), source="Circulaire du 18 juillet 2023 (MENE2315401C)")
OUR_RULE = SchemeRule(id="AE-21", version=date(2025, 12, 10), source="Arrêté du 28 novembre 2025 : quatre mois au plus")


def parcours(name: str) -> UUID:
    """The parcours of that pupil."""
    return uuid5(pupil(name), "parcours")


def delay(name: str) -> UUID:
    """The delay of that pupil."""
    return uuid5(pupil(name), "delay")


def placement(name: str, number: int = 1) -> UUID:
    """A period in a company of that pupil."""
    return uuid5(pupil(name), f"placement {number}")


def days(number: int) -> date:
    """So many days from today."""
    return TODAY + timedelta(days=number)


class Life:
    """Facts of one parcours, one after the other: each is said a day after the one before."""

    def __init__(
        self, name: str, uai: str = TILLEULS, scheme: Scheme = Scheme.TDO, *, from_alert: bool = False
    ) -> None:
        self.name = name
        self._of = {"parcours_id": parcours(name), "student_id": pupil(name), "uai": uai, "scheme": scheme}
        self._alert = alert(name) if from_alert else None
        self._at = datetime.combine(days(-200), time(9), UTC)

    def then(self, contract: type[P], **differently: Any) -> Envelope[P]:
        """The next thing that happened."""
        self._at += timedelta(days=1)
        command = {"by": "mlds-31", "command_id": uuid5(self._of["parcours_id"], f"{contract.FACT} {self._at}")}  # type: ignore[arg-type]
        acted = command if "command_id" in contract.model_fields else {}
        return parcours_event(contract, {"time": self._at}, **(self._of | acted | differently))

    def proposed(self) -> Envelope[said.ParcoursProposed]:
        """Thought of."""
        return self.then(said.ParcoursProposed, alert_id=self._alert)

    def opened(self, start: int, end: int, **differently: Any) -> Envelope[said.ParcoursOpened]:
        """It runs from so many days from today to so many."""
        length = end - start + 1
        usual = {
            "starts_on": days(start),
            "ends_on": days(end),
            "last_day": None,
            "next_review_on": days(10),
            "alert_id": self._alert,
            "rule": TDO_RULE,
            "gauge": Gauge(placement_days=0, parcours_days=length, most=None),
        }
        return self.then(said.ParcoursOpened, **(usual | differently))


def span(first: int, last: int) -> Span:
    """From so many days from today to so many."""
    return Span(first=days(first), last=days(last))


def _under_way() -> Iterator[Envelope[Any]]:
    one = Life("Éloïse", from_alert=True)
    yield one.proposed()
    yield one.opened(-20, 70)
    yield one.then(said.ConventionSigned, partner=Partner.E2C, signed_on=days(-20), since=days(-15))
    yield one.then(said.ConventionSigned, partner=Partner.MISSION_LOCALE, signed_on=days(-18), since=days(-15))
    yield one.then(said.ReferentAppointed, referent_id="cpe-tilleuls", why=Why.GPDS_DECIDED)
    yield one.then(said.ReviewHeld, held_on=days(-5), next_review_on=days(25))

    one = Life("Zoé", scheme=Scheme.AVENIR_PRO_PLUS)
    gauge = Gauge(placement_days=28, parcours_days=115, most=76)
    yield one.opened(-91, 23, last_day=days(30), next_review_on=days(-3), rule=OUR_RULE, gauge=gauge)
    period = {"placement_id": placement("Zoé"), "gauge": gauge}
    yield one.then(said.PlacementPlanned, period=span(-60, -33), **period)
    yield one.then(said.PlacementPlanned, placement_id=placement("Zoé", 2), period=span(-10, 3), gauge=gauge)
    yield one.then(said.PlacementChanged, period=span(-53, -26), why=Why.PARTNER_ASKED, **period)
    yield one.then(said.PlacementCancelled, placement_id=placement("Zoé", 2), why=Why.HEALTH, gauge=gauge)
    yield one.then(said.ReviewOverdue, review_on=days(-3))
    yield one.then(said.StatusExpiring, days=30, ends_on=days(23), gauge=gauge)

    one = Life("Noël")
    yield one.opened(-40, 12)
    yield one.then(said.ParcoursSuspended, since=days(-30), why=Why.HEALTH)
    yield one.then(said.ParcoursResumed, since=days(-20))
    yield one.then(said.ParcoursSuspended, since=days(-6), why=Why.FAMILY_ASKED)

    one = Life("Jules", CYPRES, Scheme.PAFI)
    yield one.opened(14, 120, last_day=days(378))
    yield one.then(
        said.ParcoursExtended,
        ends_on=days(150),
        ended_on=days(120),
        gauge=Gauge(placement_days=0, parcours_days=137, most=None),
        cautions=(Caution.ENDS_AFTER_DECEMBER,),
    )
    yield Life("Iris", AUTAN).opened(-3, 60)


def _over() -> Iterator[Envelope[Any]]:
    one = Life("Anaïs")
    yield one.opened(-100, -9)
    yield one.then(said.StatusExpired, ends_on=days(-9))
    yield one.then(said.OutcomeMissing, weeks=1, ends_on=days(-9))
    one = Life("Léa", scheme=Scheme.AMBITION_EMPLOI)
    yield one.opened(-150, -60, last_day=days(-30))
    yield one.then(said.ParcoursClosed, outcome=Outcome.APPRENTICESHIP, closed_on=days(-62))
    yield Life("Théo", from_alert=True).proposed()
    one = Life("Maëlle")
    yield one.proposed()
    yield one.then(said.ParcoursRefused, why=Why.PUPIL_ASKED)


def _delays() -> Iterator[Envelope[Any]]:
    for name, kind, since, until, then in (
        ("Éloïse", DelayKind.OF_SUMMONS, -40, 21, DelayApproaching),
        ("Zoé", DelayKind.RETURN_INTERVIEW, -19, -4, DelayReached),
        ("Noël", DelayKind.APPRENTICE_AFTER_RUPTURE, -60, 120, DelayEnded),
        ("Iris", DelayKind.APPRENTICE_WITHOUT_CONTRACT, -2, 88, None),
    ):
        of = {"delay_id": delay(name), "student_id": pupil(name), "kind": kind}
        of |= {"uai": AUTAN if name == "Iris" else TILLEULS, "since": days(since), "until": days(until)}
        at = datetime.combine(days(since), time(10), UTC)
        yield parcours_event(DelayStarted, {"time": at}, by="chef-tilleuls", why=Why.OTHER, **of)
        if then:
            yield parcours_event(then, {"time": at + timedelta(days=1)}, **of)


def _mails() -> Iterator[Envelope[Any]]:
    mail: dict[str, Any] = {
        "mail_id": uuid5(parcours("Zoé"), "mail"),
        "about_id": parcours("Zoé"),
        "alert_id": None,
        "student_id": pupil("Zoé"),
        "uai": TILLEULS,
        "role": Role.CHEF_ETAB,
        "actor_id": "chef-tilleuls",
        "template": MailTemplate.STATUS_EXPIRING,
    }
    yield mail_requested(**mail)
    yield mail_sent(**mail)


def parcours_told() -> Iterator[Envelope[Any]]:
    """All of it, in order."""
    yield from _under_way()
    yield from _over()
    yield from _delays()
    yield from _mails()
