"""The catalogue and the subjects that follow from it."""

import re
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from contracts.catalogue import COMMANDS, FLOW, INCOMING, REGISTER, STREAMS, consumed_by, filters_of
from contracts.envelope import Payload
from contracts.schema import CONTRACTS, name_of
from contracts.streams import EVERY_PLACE, PARTITIONS, PLACES, partition_of, register_subject, subject_of

SERVICES = {"intake", "alerts", "parcours", "notifications", "projections"}


def test_no_two_facts_share_a_subject() -> None:
    subjects = [channel.subject for channel in FLOW if channel.stream is not REGISTER]
    assert len(set(subjects)) == len(subjects)


def test_what_is_said_of_an_identity_replaces_what_was_said_before() -> None:
    """The message that forgets a pupil takes the place of the one that named the pupil."""
    assert REGISTER.per_subject == 1
    assert {channel.subject for channel in FLOW if channel.stream is REGISTER} == {f"register.{EVERY_PLACE}.*"}
    assert register_subject(UUID(int=0)) == "register.1.0.0.1.00000000-0000-0000-0000-000000000000"


def test_no_two_contracts_share_a_name() -> None:
    names = [name_of(contract) for contract in CONTRACTS]
    assert len(set(names)) == len(names)


def test_every_fact_that_exists_is_in_the_flow() -> None:
    declared = {kind for kind in _subclasses(Payload) if "TYPE" in vars(kind)}
    assert {channel.contract for channel in FLOW} == {k for k in declared if k.__module__.startswith("contracts.")}


def test_producers_and_consumers_are_services_and_nobody_listens_to_itself() -> None:
    for channel in FLOW:
        assert channel.producer in SERVICES
        assert set(channel.consumers) <= SERVICES - {channel.producer}
        assert channel.stream in STREAMS
    assert set(COMMANDS.values()) <= SERVICES


def test_a_subject_belongs_to_the_stream_of_its_fact() -> None:
    for channel in FLOW:
        subject = subject_of(channel.subject.split(".")[0], uuid4(), channel.contract.FACT)
        if channel.stream is REGISTER:
            subject = register_subject(uuid4())
        assert _matches(channel.subject, subject)
        assert [s for s in STREAMS if any(_matches(f, subject) for f in s.subjects)] == [channel.stream]


def test_no_two_streams_take_the_same_subject() -> None:
    roots = [subject.split(".*")[0] for stream in STREAMS for subject in stream.subjects]
    assert len(set(roots)) == len(roots)


def test_only_the_stream_that_outsiders_write_to_is_not_fenced() -> None:
    """A relay publishes in atomic batches, which the server refuses on a stream that is not fenced."""
    assert [stream.name for stream in STREAMS if not stream.fenced] == ["INTAKE"]


def test_a_service_reads_the_facts_it_consumes_and_no_other() -> None:
    for stream in STREAMS:
        for service in SERVICES:
            facts = filters_of(service, stream)
            assert facts == tuple(c.contract.FACT for c in consumed_by(service, stream))
            assert len(set(facts)) == len(facts)


def test_types_say_their_context_and_version() -> None:
    for name in (*(c.contract.TYPE for c in FLOW), *(c.TYPE for c in INCOMING)):
        assert re.fullmatch(r"fr\.perseverance\.[a-z]+\.[a-z_]+\.v[1-9]", name)


def test_partitions_never_change() -> None:
    """Changing one would send the facts of a pupil to two readers at once."""
    vectors = {
        "00000000-0000-0000-0000-000000000000": 9,
        "5f0c1e9e-3a52-4c0b-9f6e-0d6a3b1c7a01": 8,
        "b8a4d0c2-7d1f-4a63-8a57-2f9d5e6c7b02": 11,
        "ffffffff-ffff-ffff-ffff-ffffffffffff": 15,
        "": 0,
    }
    assert {key: partition_of(key) for key in vectors} == vectors


@given(st.uuids())
def test_everything_about_a_pupil_goes_through_one_partition(student: UUID) -> None:
    subjects = [*(subject_of(root, student, "fact") for root in ("school", "alerts")), register_subject(student)]
    places = {".".join(subject.split(".")[1:-1]) for subject in subjects}
    assert places == {PLACES[partition_of(str(student))]}
    assert int(places.pop().replace(".", ""), 2) == partition_of(str(student))


def test_pupils_spread_over_all_partitions() -> None:
    counts = [0] * PARTITIONS
    for number in range(16_000):
        counts[partition_of(str(UUID(int=number * 2**64 + number, version=4)))] += 1
    assert min(counts) > 800
    assert max(counts) < 1200


def _matches(pattern: str, subject: str) -> bool:
    wanted, given_ = pattern.split("."), subject.split(".")
    return len(wanted) == len(given_) and all(w in ("*", g) for w, g in zip(wanted, given_, strict=True))


def _subclasses(kind: type[Payload]) -> set[type[Payload]]:
    return {kind} | {found for child in kind.__subclasses__() for found in _subclasses(child)}
