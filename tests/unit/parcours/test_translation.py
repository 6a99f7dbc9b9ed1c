"""What happened becomes what is told: every field of every contract, and nothing about a person by name."""

import json
from datetime import date
from uuid import UUID, uuid4

import pytest

from chassis.events import Recorded, decode, encode
from contracts import parcours as contracts
from contracts.catalogue import FLOW, PARCOURS
from contracts.delays import DelayKind
from contracts.envelope import envelope_class
from contracts.parcours import Outcome, Partner, Scheme
from services.parcours import events, translation
from services.parcours.delay import Delay
from services.parcours.domain import Parcours
from services.parcours.eligibility import Opening
from services.parcours.translation import translate
from tests.unit.parcours.given import AFTER_EXAM, PUPIL, REGULATION, SCHOOL, act, day, of, on, open_parcours, ring_until


def everything() -> list[Recorded]:
    """A parcours, a proposal and two delays to which all has happened."""
    recorded: list[Recorded] = []
    proposed = Parcours(uuid4())
    proposed.propose(of(Scheme.TDO), REGULATION, act(), UUID(int=3), date(2025, 9, 2))
    proposed.appoint_referent("cpe-1", act())
    proposed.turn_down(act())
    life = open_parcours("01/09/2025", "29/11/2025")
    opened = Parcours(life.id)
    opened.open(of(Scheme.AMBITION_EMPLOI), _asked(), REGULATION, act(on("01/09/2025")), UUID(int=3))
    one = UUID(int=1)
    opened.sign_convention(Partner.CFA, day("01/09/2025"), day("08/09/2025"), REGULATION, act(on("01/09/2025")))
    opened.plan(one, (day("08/09/2025"), day("20/09/2025")), REGULATION, act(on("01/09/2025")))
    opened.plan(one, (day("09/09/2025"), day("20/09/2025")), REGULATION, act(on("01/09/2025")))
    opened.cancel(one, REGULATION, act(on("01/09/2025")))
    opened.hold_review(day("20/09/2025"), REGULATION, act(on("20/09/2025")))
    opened.suspend(day("22/09/2025"), act(on("20/09/2025")))
    opened.resume(day("29/09/2025"), act(on("20/09/2025")))
    opened.extend(day("31/12/2025"), REGULATION, act(on("20/09/2025")))
    ring_until(opened, on("10/01/2026"))
    opened.close(Outcome.JOB, day("10/01/2026"), act(on("10/01/2026")))
    delay = Delay(uuid4())
    delay.start(PUPIL, SCHOOL, DelayKind.OF_SUMMONS, day("31/01/2026"), REGULATION, act(on("31/01/2026")))
    for kind, due in sorted(delay.deadlines().items(), key=lambda item: item[1]):
        delay.fire(kind, due, due)
    delay.end(act(on("02/04/2026")), done=True)
    for aggregate in (proposed, opened, delay):
        recorded += aggregate.collect()
    return recorded


def _asked() -> Opening:
    return Opening(Scheme.AMBITION_EMPLOI, day("01/09/2025"), day("29/11/2025"), AFTER_EXAM)


ALL = everything()


def test_every_contract_of_the_stream_is_told() -> None:
    told = {json.loads(said[1])["type"] for each in ALL if (said := translate(each))}
    assert told == {channel.contract.TYPE for channel in FLOW if channel.stream is PARCOURS}


@pytest.mark.parametrize("recorded", ALL, ids=lambda each: type(each.event).__name__)
def test_what_is_told_is_its_contract_and_survives_the_store(recorded: Recorded) -> None:
    stored = Recorded(
        recorded.originator_id, recorded.originator_version, decode(recorded.event.TOPIC, encode(recorded.event))
    )
    assert stored == recorded
    said = translate(stored)
    assert said == translate(recorded)
    assert said
    subject, data = said
    contract = next(c.contract for c in FLOW if json.loads(data)["type"] == c.contract.TYPE)
    envelope = envelope_class(contract).model_validate_json(data)
    assert envelope.to_json() == data
    assert subject.endswith(contract.FACT)
    assert envelope.subject == str(PUPIL)
    own = set(type(recorded.event).__struct_fields__) - translation.AROUND
    assert own <= set(contract.model_fields), "no field is lost on the way"


def test_what_the_clock_brought_happened_when_it_was_due() -> None:
    late = open_parcours("01/09/2025", "29/11/2025")
    due = late.deadlines()["expiry"]
    late.fire("expiry", due, on("10/12/2025"))
    said = translate(late.collect()[0])
    assert said
    envelope = envelope_class(contracts.StatusExpired).model_validate_json(said[1])
    assert (envelope.time, envelope.recordedtime) == (due, on("10/12/2025"))


def test_what_concerns_the_pupil_alone_is_not_told() -> None:
    for event in (events.PupilTaken, events.PupilFree, events.PupilErased, events.Forgotten):
        assert event.TOPIC not in translation.TOPICS
