"""What goes wrong in the end, with canaries in it: what schools send, what people ask, what nobody can read, files."""

import json
import os
import signal
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx

from chassis.clock import PARIS
from chassis.nats import connect_once
from tests.real.cli.running import perseverance
from tests.real.eventually import eventually
from tests.real.sight.school import (
    BORN,
    ELSEWHERE,
    FIRST,
    FREE,
    INE,
    NAME,
    UAI,
    Watched,
    absences,
    log_of,
)


async def what_schools_get_wrong(watched: Watched) -> list[httpx.Response]:
    """Canaries where they should not be, by HTTP and by NATS."""
    good = absences("w", 1)[0]
    wrong = [
        good | {"id": f"abs-{INE}"},
        good | {"id": NAME},
        good | {"id": "w-2", "source": FIRST},
        good | {"id": "w-3", "data": good["data"] | {"motif": FREE}},
        good | {"id": "w-4", "data": good["data"] | {"date": ELSEWHERE}},
        good | {"id": "w-5", "data": good["data"] | {"uai": ELSEWHERE}},
        good | {"id": "w-6", "data": good["data"] | {"ine": ELSEWHERE}},
        good | {"id": "w-7", "type": ELSEWHERE},
        good | {"id": "w-8", "data": good["data"] | {FREE: ELSEWHERE}},
        good | {"id": "w-9", "comment": FREE, "data": good["data"] | {"date": "2025-10-12"}},
        good | {"id": "w-10", "traceparent": f"00-{FREE}", "data": good["data"] | {"date": "2025-10-12"}},
        good | {"id": "w-11", "traceparent": [NAME]},
    ]
    answers = [await watched.send(wrong, traceparent=FREE), await watched.send([good], key=ELSEWHERE)]
    client = await connect_once(watched.found.nats_url, "a system of a school")
    for each in wrong:
        await client.jetstream().publish("intake.raw.vs", json.dumps(each).encode())
        await client.jetstream().publish("intake.raw.nobody", json.dumps(each).encode()[:-20])
    await client.close()
    bodies = (f'[{{"{FREE}": ', f'"{NAME}"', json.dumps({"last_name": NAME}))
    known = {"authorization": f"Bearer {watched.key}"}
    answers += [await watched.http.post("/events", content=body, headers=known) for body in bodies]
    assert {answer.status_code for answer in answers} >= {202, 401, 415}
    return answers


async def what_people_get_wrong(watched: Watched, alert_id: str) -> list[httpx.Response]:
    """Requests without a right, without sense, of the wrong form, and one to a service that is away."""
    alerts = watched.suite.pid_of("alerts")
    os.kill(alerts, signal.SIGSTOP)
    try:
        away = await watched.api("POST", f"/alerts/{alert_id}/close", json={"motive": "OTHER"})
    finally:
        os.kill(alerts, signal.SIGCONT)
    answers = [
        away,
        await watched.http.get("/api/v1/alerts", headers={"authorization": f"Bearer {ELSEWHERE}"}),
        await watched.api("GET", f"/alerts/{ELSEWHERE}"),
        await watched.api("GET", "/alerts", params={"cursor": FREE}),
        await watched.api("POST", f"/alerts/{alert_id}/close", json={"motive": FREE}),
        await watched.api(
            "POST", f"/alerts/{alert_id}/follow-ups", json={"kind": "INTERVIEW", "on": ELSEWHERE, FREE: 1}
        ),
        await watched.api("POST", f"/alerts/{alert_id}/acknowledge"),
    ]
    assert {answer.status_code for answer in answers} >= {400, 401, 404, 409, 422, 503}
    return answers


async def a_parcours(watched: Watched, student_id: str) -> list[httpx.Response]:
    """Opened for the pupil, so that letters go out; then asked for in wrong words, and refused."""
    today = datetime.now(PARIS).date()
    body = {
        "student_id": student_id,
        "uai": UAI,
        "scheme": "TDO",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(30)).isoformat(),
        "declared": {"volunteer": True, "solutions_tried": True},
    }
    opened = await watched.api("POST", "/parcours", json=body)
    assert opened.is_success, opened.text
    of_it = f"/parcours/{opened.json()['parcours_id']}"
    wrong = [
        await watched.api("POST", "/parcours", json=body | {"declared": {FREE: NAME}}),
        await watched.api("POST", "/parcours", json=body | {"scheme": ELSEWHERE}),
        await watched.api("POST", "/parcours", json=body | {"student_id": None, "ine": ELSEWHERE}),
        await watched.api("POST", "/parcours", json=body),
        await watched.api("POST", f"{of_it}/referent", json={"referent_id": FREE}),
        await watched.api("POST", f"{of_it}/close", json={"outcome": ELSEWHERE}),
        await watched.api("POST", f"{of_it}/extend", json={"ends_on": "9999-12-31"}),
    ]
    assert {answer.status_code for answer in wrong} >= {409, 422}, [answer.text for answer in wrong]
    assert all(answer.status_code >= 400 for answer in wrong)
    return wrong  # what was opened names the pupil, to who is in charge


async def a_message_nobody_can_read(watched: Watched) -> None:
    """Something else than a fact, on SCHOOL for a moment: alerts puts it aside."""
    data = {"id": "x", "source": "x", "subject": str(uuid4()), "data": {"half_day": ELSEWHERE, "uai": FREE}}
    async with watched.acting_as("intake") as intake:
        ack = await intake.jetstream().publish("school.0.0.1.1.absence_reported", json.dumps(data).encode())

    async def aside() -> bool:
        return any(line["event"] == "reader.quarantined" for line in log_of(watched, "alerts"))

    await eventually(aside)
    await watched.nats.js.delete_msg("SCHOOL", ack.seq)


async def a_stream_ahead_of_its_log(watched: Watched) -> None:
    """As if alerts had said something that its log, set back, does not know."""
    data = {"id": "x", "source": "x", "subject": str(uuid4()), "data": {"level": ELSEWHERE, "uai": FREE}}
    async with watched.acting_as("alerts") as alerts:
        await alerts.jetstream().publish(
            "alerts.0.0.1.1.absence_threshold_reached", json.dumps(data).encode(), headers={"Nats-Msg-Id": "999999"}
        )


def import_files(watched: Watched, directory: Path) -> str:
    """Files with rows that are refused; what is printed, and the lists of what was refused."""
    students = (f"{INE};{UAI};{NAME};{FIRST};{BORN};2DE3;;", f"{ELSEWHERE};{UAI};{NAME};{FIRST};{ELSEWHERE};;;")
    absences_ = (f"{INE};{UAI};{ELSEWHERE};M;N;{FREE}", f"{ELSEWHERE};{UAI};06/10/2025;{FREE};{FREE};{FREE}")
    return _import(watched, directory, "students", "ine;uai;nom;prenom;date_naissance;classe;mef;statut", *students) + (
        _import(watched, directory, "absences", "ine;uai;date;demi_journee;justifiee;motif", *absences_)
    )


def _import(watched: Watched, directory: Path, kind: str, *lines: str) -> str:
    file = directory / f"{kind}.csv"
    file.write_text("\n".join(lines) + "\n")
    answer = perseverance(watched.suite.data, "import", kind, str(file))
    assert answer.returncode == 3, answer.stderr
    return answer.stdout + answer.stderr + file.with_name(f"{kind}.csv.refused.csv").read_text(encoding="utf-8-sig")
