import json
from typing import Any

import pytest

from chassis.messages import Message, Unprocessable
from contracts.catalogue import FLOW
from contracts.examples import EXAMPLES
from services.projections import wire

CONSUMED = [channel.contract for channel in FLOW if "projections" in channel.consumers]
CANARY = "ZZCANARY"


def lying(document: Any, subject: str = "alerts.0.0.1.1.whatever") -> Message:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Message(1, 3, subject, data)


def plain(value: Any) -> Any:
    """A wire structure as JSON says it."""
    if isinstance(value, wire.Data):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, wire.Raw):
        return json.loads(bytes(value))
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def holds(known: Any, read: Any) -> bool:
    """Whether everything in `read` is in `known`, with the same value (an absent one is None or the default)."""
    if isinstance(read, dict) and isinstance(known, dict):
        return all(holds(known[name], value) for name, value in read.items() if name in known)
    return bool(known == read)


@pytest.mark.parametrize("contract", CONSUMED, ids=lambda contract: contract.FACT)
def test_every_contract_this_service_consumes_is_read_as_it_was_written(contract: Any) -> None:
    document = EXAMPLES[contract]
    fact = wire.read(lying(document, f"x.3.{contract.FACT}"))
    assert (fact.id, fact.type) == (document["id"], contract.TYPE)
    said = plain(fact.data)
    assert said
    assert holds(document["data"], said)
    required = {name for name, field in contract.model_fields.items() if field.is_required()}
    dropped = {"student_id", "month"}  # said again by the alert itself
    assert set(said) >= required - dropped


def test_the_envelope_is_right_where_the_subject_says_something_else() -> None:
    contract = next(each for each in CONSUMED if each.FACT == "pupil_identified")
    document = EXAMPLES[contract]
    fact = wire.read(lying(document, f"register.0.0.1.1.{document['subject']}"))
    assert isinstance(fact.data, wire.Identified)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not json " + CANARY.encode(),
        b"\xff\xfe" + CANARY.encode(),
        b"[" * 50_000,
        b'{"type": "fr.perseverance.alerts.alert_closed.v1", "id": "1", "time": "\xe9", "data": {}}',
        b'{"type": "fr.perseverance.alerts.alert_closed.v1", "id": "1", "time": "x", "data": {"alert_id": "\xe9"}}',
        b'{"type": "' + CANARY.encode() + b'\\ud800"}',
        {"type": f"fr.perseverance.{CANARY}.v1"},
        {"type": 3},
        [CANARY],
        {"id": "1", "type": "fr.perseverance.alerts.alert_closed.v1", "time": "x", "data": {"alert_id": [CANARY]}},
        {"id": "1", "type": "fr.perseverance.alerts.alert_closed.v1", "time": "x", "data": CANARY},
        {
            "id": "1",
            "type": "fr.perseverance.notifications.mail_failed.v1",
            "time": "x",
            "data": {
                **dict.fromkeys(("mail_id", "alert_id", "student_id", "uai", "role", "template"), "x"),
                "outcome": CANARY,
            },
        },
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason_that_repeats_nothing(document: Any) -> None:
    with pytest.raises(Unprocessable) as refused:
        wire.read(lying(document))
    assert refused.value.reason
    assert CANARY not in refused.value.reason
