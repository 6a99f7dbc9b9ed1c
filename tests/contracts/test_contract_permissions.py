"""Who may do what on NATS, as the catalogue has it. That the server holds to it: `tests/real/wire`."""

import pytest

from contracts.catalogue import (
    ALERTS,
    DIRECTORY,
    FLOW,
    NOTIFICATIONS,
    PARCOURS,
    REGISTER,
    SERVICES,
    STREAMS,
    buckets_of,
    fed_by,
)
from contracts.permissions import USERS, permissions_of, sender_permissions
from contracts.streams import commands_inbox_of, inbox_of, wake_of


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_its_own_facts_and_no_others(service: str) -> None:
    own = {channel.subject for channel in FLOW if channel.producer == service}
    foreign = {channel.subject for channel in FLOW} - own
    said = set(permissions_of(service).publish)
    assert own <= said
    assert not said & foreign


@pytest.mark.parametrize("user", USERS)
def test_nobody_listens_to_the_answers_of_another(user: str) -> None:
    answers, *rest = permissions_of(user).subscribe
    assert answers == f"{inbox_of(user)}.>"
    assert all(subject.startswith(("commands.", "$KV.")) for subject in rest)


def test_only_who_keeps_the_directory_in_memory_hears_of_its_changes() -> None:
    hearing = {user for user in USERS if f"$KV.{DIRECTORY.name}.>" in permissions_of(user).subscribe}
    assert hearing == {*(service for service in SERVICES if DIRECTORY in buckets_of(service)), "operations"}


@pytest.mark.parametrize("user", USERS)
def test_streams_are_made_and_changed_by_provisioning_alone(user: str) -> None:
    allowed = [s.split(".") for s in permissions_of(user).publish if s.startswith("$JS.API.STREAM.")]
    acts = {act for _, _, _, act, *_ in allowed}
    assert bool(acts & {"CREATE", "UPDATE"}) == (user == "provisioning")
    deleted = {name for _, _, _, act, name, *_ in allowed if act == "DELETE"}
    assert deleted == ({stream.name for stream in STREAMS if stream.replayable} if user == "provisioning" else set())


def test_who_pupils_are_is_read_by_the_pages_and_by_those_who_make_and_look_after_them() -> None:
    readers = {user for user in USERS if f"$JS.API.CONSUMER.CREATE.{REGISTER.name}" in permissions_of(user).publish}
    assert readers == {"projections", "provisioning", "operations"}


def test_what_is_public_nowhere_is_read_only_by_those_who_need_it() -> None:
    def readers(stream: str) -> set[str]:
        return {user for user in SERVICES if f"$JS.API.CONSUMER.CREATE.{stream}" in permissions_of(user).publish}

    assert {spec.name: readers(spec.name) for spec in (ALERTS, PARCOURS, NOTIFICATIONS)} == {
        "ALERTS": {"notifications", "projections"},
        "PARCOURS": {"alerts", "notifications", "projections"},
        "NOTIFICATIONS": {"projections"},
    }


def _answers(user: str) -> list[str]:
    return [subject for subject in permissions_of(user).publish if subject.startswith("_INBOX")]


def test_those_who_obey_answer_whoever_asked_and_can_forge_no_other_answer() -> None:
    foreign = {user: [each for each in _answers(user) if not each.startswith(inbox_of(user))] for user in USERS}
    answering = [f"{commands_inbox_of('projections')}.>"]
    assert {user: said for user, said in foreign.items() if said} == {"alerts": answering, "parcours": answering}


@pytest.mark.parametrize("user", USERS)
def test_replicas_tell_each_other_of_more_to_publish_and_of_nothing_else(user: str) -> None:
    own = [subject for subject in _answers(user) if subject.startswith(inbox_of(user))]
    fed = fed_by(user) if user in SERVICES else ()
    assert own == [wake_of(inbox_of(user), stream.name) for stream in fed]


def test_operations_see_every_stream_and_say_nothing() -> None:
    publish = permissions_of("operations").publish
    assert {f"$JS.API.CONSUMER.CREATE.{stream.name}" for stream in STREAMS} <= set(publish)
    assert all(subject.startswith("$JS.API.") for subject in publish)


def test_a_sender_speaks_under_its_own_name_and_reads_its_own_refusals() -> None:
    permissions = sender_permissions("vie-scolaire")
    assert [subject for subject in permissions.publish if not subject.startswith("$JS")] == ["intake.raw.vie-scolaire"]
    assert all("vie-scolaire" in subject for subject in (*permissions.publish, *permissions.subscribe))


def test_nobody_is_nobody() -> None:
    with pytest.raises(KeyError):
        permissions_of("somebody")
