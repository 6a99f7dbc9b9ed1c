"""`POST /events` on the real service: each bad input gets a clear answer, and the rest goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.nats import Nats
from cli.directory_bucket import load_directory
from contracts.directory import School, SchoolType
from contracts.incoming import ReportAbsence
from services.intake import senders
from tests.real.intake.conftest import Running
from tests.unit.intake.given import OTHER_UAI, SCHOOLS, UAI, absence, absence_data, as_bytes, enrolment, event

MB = 1_000_000


@pytest.fixture
def running(shared: Running) -> Running:
    return shared


async def refused(running: Running, sent: Any) -> tuple[str, str]:
    answer = await running.post(sent if isinstance(sent, bytes) else as_bytes(sent))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    (verdict,) = answer.json()["verdicts"]
    assert verdict["status"] == "refused"
    assert verdict["reason"]
    return verdict["field"], verdict["code"]


async def test_an_event_is_accepted_then_a_duplicate(running: Running):
    first, second = await running.post(as_bytes(absence())), await running.post(as_bytes(absence()))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == {
        "verdicts": [{"index": 0, "id": "vs-0001", "status": "accepted", "field": None, "code": None, "reason": None}]
    }
    assert second.json()["verdicts"][0]["status"] == "duplicate"


async def test_a_batch_gets_one_verdict_an_event(running: Running):
    sent = [absence(), absence(uai="0310000A"), absence(), event(id="vs-2")]
    verdicts = await running.batch(as_bytes(sent))
    assert [v["index"] for v in verdicts] == [0, 1, 2, 3]
    assert [v["status"] for v in verdicts] == ["accepted", "refused", "duplicate", "accepted"]
    assert (verdicts[1]["field"], verdicts[1]["code"]) == ("data.uai", "uai_check_letter")


async def test_it_works_before_any_pupil_was_imported(running: Running):
    assert (await running.post(as_bytes(absence()))).status_code == 202


async def test_a_wrong_uai_letter(running: Running):
    assert await refused(running, absence(uai="0310000A")) == ("data.uai", "uai_check_letter")


async def test_an_unknown_school(running: Running):
    assert await refused(running, absence(uai="0319999A")) == ("data.uai", "unknown_school")


async def test_an_ine_in_no_format(running: Running):
    assert await refused(running, absence(ine="1234")) == ("data.ine", "bad_ine")


async def test_a_date_outside_the_school_year(running: Running):
    assert await refused(running, absence(date="2025-07-20")) == ("data.date", "sunday")
    assert await refused(running, absence(date="2025-07-21")) == ("data.date", "outside_school_year")
    assert await refused(running, absence(date="2020-10-05")) == ("data.date", "too_old")


async def test_a_date_in_the_future(running: Running):
    assert await refused(running, absence(date="2025-11-17")) == ("data.date", "date_in_future")


async def test_a_half_day_on_a_sunday(running: Running):
    assert await refused(running, absence(date="2025-10-12")) == ("data.date", "sunday")


async def test_a_half_day_in_the_holidays(running: Running):
    assert await refused(running, absence(date="2025-10-22")) == ("data.date", "school_holidays")
    assert await refused(running, absence(date="2025-11-11")) == ("data.date", "public_holiday")


async def test_an_unknown_event_type(running: Running):
    assert await refused(running, event(type="fr.example.rien.v1")) == ("type", "unknown_type")


async def test_an_unknown_version(running: Running):
    assert await refused(running, event(type=ReportAbsence.TYPE.replace("v1", "v2"))) == ("type", "unknown_version")


async def test_a_duplicate_id_with_another_body(running: Running):
    await running.post(as_bytes(absence()))
    assert await refused(running, absence(period="AFTERNOON")) == ("id", "id_reused")


async def test_a_nul_character(running: Running):
    assert await refused(running, enrolment(last_name="A\0B")) == ("data.last_name", "nul")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"absent", "not_json"),
        (b'{"id": 1', "not_json"),
        (as_bytes(event()).replace(b'"vs-0001"', b"NaN"), "not_finite"),
        (as_bytes(event()).replace(b'"vs-0001"', b"Infinity"), "not_finite"),
        (as_bytes(event()).replace(b"vs-0001", b"\\ud800"), "bad_text"),
        (as_bytes(event()).replace(b"vs-0001", b"\xff"), "bad_text"),
        (b"[" * 50_000 + b"]" * 50_000, "too_deep"),
        (b'{"data":' * 50_000 + b"1" + b"}" * 50_000, "too_deep"),
    ],
)
async def test_a_body_that_is_not_json(running: Running, body: bytes, code: str):
    answer = await running.post(body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == code
    assert "column" in answer.json()["detail"]


@pytest.mark.parametrize("broken", [b"NaN", b'{"id": "\\udfff"}', b"[" * 50_000 + b"]" * 50_000, b'{"a": tru}'])
async def test_one_broken_event_in_a_batch(running: Running, broken: bytes):
    one, two = as_bytes(event()), as_bytes(event(id="vs-2"))
    verdicts = await running.batch(b"[" + one + b"," + broken + b"," + two + b"]")
    assert [v["status"] for v in verdicts] == ["accepted", "refused", "accepted"]


async def test_a_batch_that_is_no_array(running: Running):
    answer = await running.post(as_bytes(event()), "application/cloudevents-batch+json")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")


async def flood(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // MB):
        yield b" " * MB


async def test_a_body_of_100_mb(running: Running):
    announced = await running.post(b" " * (100 * MB))
    assert (announced.status_code, announced.json()["code"]) == (413, "body_too_large")
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/cloudevents+json"}
    streamed = await running.http.post("/events", content=flood(100 * MB), headers=headers)
    assert (streamed.status_code, streamed.json()["code"]) == (413, "body_too_large")
    assert (await running.post(as_bytes(absence()))).status_code == 202


async def test_a_batch_of_1001_events(running: Running):
    answer = await running.post(as_bytes([event()] * 1001), "application/cloudevents-batch+json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")


@pytest.mark.parametrize(
    "media", ["text/plain", "application/xml", "", "application/cloudevents+json; charset=latin-1"]
)
async def test_a_wrong_content_type(running: Running, media: str):
    answer = await running.post(as_bytes(event()), media)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "cloudevents" in answer.headers["accept-post"]


@pytest.mark.parametrize("media", ["application/json", "application/json; charset=utf-8"])
async def test_plain_json_is_one_event_or_a_batch_as_it_shows(running: Running, media: str):
    one = await running.post(as_bytes(event(id="p-1")), media)
    assert (one.status_code, one.json()["verdicts"][0]["status"]) == (202, "accepted")
    several = await running.post(b" \n" + as_bytes([event(id="p-2"), event(id="p-1")]), media)
    assert [v["status"] for v in several.json()["verdicts"]] == ["accepted", "duplicate"]
    refused = await running.post(as_bytes(event(id="p-3", data=absence_data(uai="0310025B"))), media)
    assert (refused.status_code, refused.json()["verdicts"][0]["field"]) == (422, "data.uai")
    assert (await running.post(b"absence", media)).json()["code"] == "not_json"


async def test_a_compressed_body(running: Running):
    assert (await running.post(as_bytes(event()), **{"Content-Encoding": "gzip"})).status_code == 415


async def test_binary_mode(running: Running):
    headers = {"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "vs%2F1", "ce-type": ReportAbsence.TYPE}
    answer = await running.post(as_bytes(absence_data()), "application/json", **headers)
    assert (answer.status_code, answer.json()["verdicts"][0]["id"]) == (202, "b-1")
    late = headers | {"ce-id": "b-2", "ce-time": "2025-10-06T09:00:00"}
    answer = await running.post(as_bytes(absence_data()), "application/json", **late)
    assert (answer.status_code, answer.json()["code"]) == (422, "time_without_offset")


async def test_binary_mode_cannot_break_out_of_its_data(running: Running):
    headers = {"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "x", "ce-type": ReportAbsence.TYPE}
    answer = await running.post(b'{}, "id": "other"', "application/json", **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer no"}, {"Authorization": "Basic eDp5"}, {"X-Api-Key": "no"}]
)
async def test_without_a_key_nothing_is_taken(running: Running, headers: dict[str, str]):
    media = {"Content-Type": "application/cloudevents+json"}
    answer = await running.http.post("/events", content=as_bytes(event()), headers=media | headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_may_also_come_in_its_own_header(running: Running):
    headers = {"Content-Type": "application/cloudevents+json", "X-Api-Key": running.key}
    assert (await running.http.post("/events", content=as_bytes(event()), headers=headers)).status_code == 202


async def test_a_revoked_key(running: Running, shared_database):
    with shared_database.transaction() as tx:
        senders.revoke(tx, "vs")
    answer = await running.post(as_bytes(event()))
    assert (answer.status_code, answer.json()["code"]) == (403, "revoked_key")
    with shared_database.transaction() as tx:
        senders.add(tx, "vs", None)
    answer = await running.post(as_bytes(event()))
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")


async def test_a_key_is_bound_to_its_schools(running: Running, shared_database):
    with shared_database.transaction() as tx:
        running.key = senders.add(tx, "one-school", [OTHER_UAI])
    assert await refused(running, absence(uai=UAI)) == ("data.uai", "school_not_allowed")
    assert (await running.post(as_bytes(absence(uai=OTHER_UAI)))).status_code == 202


async def test_a_school_loaded_a_moment_ago_is_known(running: Running, shared_service):
    new = School(uai="0319999A", name="Collège neuf", type=SchoolType.CLG, department="031")
    assert await refused(running, absence(uai=new.uai)) == ("data.uai", "unknown_school")
    _, server = shared_service
    client = Nats(server.url, "test", fatal=lambda: None)
    await client.connect()
    await load_directory(client.js, [*SCHOOLS.values(), new], [])
    await client.close()
    assert (await running.post(as_bytes(absence(uai=new.uai)))).status_code == 202


async def test_other_paths_and_methods_are_problems_too(running: Running):
    assert (await running.http.get("/nothing")).headers["content-type"] == "application/problem+json"
    answer = await running.http.get("/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_it_describes_itself(running: Running):
    document = (await running.http.get("/openapi.json")).json()
    body = document["paths"]["/events"]["post"]["requestBody"]["content"]
    assert set(body) == {
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json",
    }
    assert "ReportAbsence" in document["components"]["schemas"]
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert references <= set(document["components"]["schemas"])


async def test_many_at_once_are_all_answered(running: Running):
    posts = [running.post(as_bytes(event(id=f"m-{i}"))) for i in range(60)]
    assert {answer.status_code for answer in await asyncio.gather(*posts)} == {202}


ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
        max_leaves=15,
    ).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(
        st.sampled_from(["id", "source", "type", "time", "specversion", "data"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=20), st.just(absence_data())),
    ).map(lambda fields: as_bytes(event(**{"data": absence_data()} | fields))),
    st.dictionaries(
        st.sampled_from(["ine", "uai", "date", "period", "justified", "category", "x"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=20), st.dates().map(str)),
    ).map(lambda data: as_bytes(absence(**data))),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=ANYTHING, batch=st.booleans())
async def test_no_bytes_whatever_make_it_fail(running: Running, body: bytes, batch: bool):
    media = "application/cloudevents-batch+json" if batch else "application/cloudevents+json"
    answer = await running.post(b"[" + body + b"]" if batch else body, media)
    assert answer.status_code in (202, 400, 422), answer.text
