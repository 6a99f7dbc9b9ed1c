"""Examples of what schools send: complete CloudEvents, as JSON documents."""

from typing import Any

from contracts.examples.common import INE, NOW, SENDER, UAI, digest
from contracts.incoming import (
    CancelAbsence,
    EnrolStudent,
    Incoming,
    JustifyAbsence,
    Refusal,
    ReportAbsence,
    StrikeOffStudent,
)

SAID: dict[type[Incoming], dict[str, Any]] = {
    EnrolStudent: {
        "last_name": "MARTIN-EXEMPLE",
        "first_name": "Camille",
        "birth_date": "2009-05-17",
        "class_name": "1MELEC2",
        "mef": "24725521331",
        "status": "STUDENT",
        "since": "2025-09-01",
    },
    StrikeOffStudent: {"on": "2025-10-10"},
    ReportAbsence: {"date": "2025-10-06", "period": "MORNING", "justified": False, "category": "FAMILY"},
    JustifyAbsence: {"date": "2025-10-06", "period": "MORNING", "category": "HEALTH"},
    CancelAbsence: {"date": "2025-10-06", "period": "MORNING"},
}


def sent(contract: type[Incoming], /, **changes: Any) -> dict[str, Any]:
    """A CloudEvent of this kind as a school system writes it.

    `id`, `source`, `time` and `type` change the envelope, any other name the data. Values go in as
    they are, right or wrong, so that refusals can be tested too. The default `id` is a digest of
    the rest, as in the other examples.
    """
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "",
        "source": changes.pop("source", SENDER),
        "type": changes.pop("type", contract.TYPE),
        "time": changes.pop("time", "2025-10-10T10:05:00+02:00"),
        "datacontenttype": "application/json",
    }
    chosen = changes.pop("id", None)
    event["data"] = {"ine": INE, "uai": UAI, **SAID[contract], **changes}
    event["id"] = chosen if chosen is not None else digest(repr(event))
    return event


REFUSAL = Refusal(
    id="abs-2025-10-06-0042",
    source=SENDER,
    field="data.uai",
    code="uai_check_letter",
    reason="the check letter of this UAI is wrong",
    time=NOW,
)
