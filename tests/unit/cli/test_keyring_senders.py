"""Which systems may send on NATS is kept beside the keys, and stays there whatever is done with those."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chassis.credentials import new_seed, public_key
from cli import keys
from cli.errors import CliError
from cli.keyring import AUTHORIZATION_FILE, SENDERS_FILE, Keyring


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    ring = Keyring(tmp_path / "keys")
    ring.make()
    return ring


def a_key() -> str:
    return public_key(new_seed())


def told(ring: Keyring) -> str:
    return (ring.directory / AUTHORIZATION_FILE).read_text()


def run(command: str, ring: Keyring, *arguments: str) -> Result:
    return CliRunner().invoke(keys.app, [command, str(ring.directory), *arguments])


def refusal(command: str, ring: Keyring, *arguments: str) -> str:
    error = run(command, ring, *arguments).exception
    assert isinstance(error, CliError)
    return str(error)


def test_a_sender_stays_when_other_keys_are_made_replaced_and_switched(ring: Keyring) -> None:
    key = a_key()
    assert run("sender", ring, "vie-scolaire", key).exit_code == 0
    for command in (["make"], ["next", "alerts"], ["switch", "alerts"]):
        assert run(command[0], ring, *command[1:]).exit_code == 0
        assert f"nkey: {key}" in told(ring)
    assert '"intake.raw.vie-scolaire"' in told(ring)


def test_a_sender_replaces_its_key_without_a_gap(ring: Keyring) -> None:
    former, new = a_key(), a_key()
    for key in (former, new):
        run("sender", ring, "vie-scolaire", key)
    assert former in told(ring)
    assert new in told(ring)
    assert run("dismiss", ring, "vie-scolaire", former).exit_code == 0
    assert former not in told(ring)
    assert new in told(ring)


def test_who_is_dismissed_sends_no_more_and_others_do(ring: Keyring) -> None:
    theirs, others = [a_key(), a_key()], a_key()
    for key in theirs:
        run("sender", ring, "vie-scolaire", key)
    run("sender", ring, "autre", others)
    assert run("dismiss", ring, "vie-scolaire").exit_code == 0
    assert ring.senders() == [("autre", others)]
    assert not any(key in told(ring) for key in theirs)


def test_an_open_door_stays_open(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys")
    ring.make(open_door=True)
    run("sender", ring, "vie-scolaire", a_key())
    assert "no_auth_user" in told(ring)


def everything(ring: Keyring) -> dict[str, str]:
    return {path.name: path.read_text() for path in ring.directory.iterdir()}


def test_what_is_no_sender_is_refused_and_changes_nothing(ring: Keyring) -> None:
    before, key = everything(ring), a_key()
    mistyped = key[:-1] + ("A" if key[-1] != "A" else "B")
    ours = public_key(ring.seed_file("alerts").read_text().strip())
    assert "no sender's name" in refusal("sender", ring, "a.b", key)
    for other in (new_seed(), mistyped, "", key[1:]):
        assert "no public key" in refusal("sender", ring, "vie-scolaire", other)
        assert "no public key" in refusal("dismiss", ring, "vie-scolaire", other)
    assert "no such key" in refusal("dismiss", ring, "vie-scolaire")
    assert "somebody else" in refusal("sender", ring, "vie-scolaire", ours)
    assert everything(ring) == before
    run("sender", ring, "vie-scolaire", key)
    assert "somebody else" in refusal("sender", ring, "autre", key)


def test_who_was_interrupted_does_it_again(ring: Keyring) -> None:
    key = a_key()
    (ring.directory / SENDERS_FILE).write_text(f"vie-scolaire {key}\n")  # and no more
    assert run("sender", ring, "vie-scolaire", key).exit_code == 0
    assert told(ring).count(key) == 1


def test_keys_of_services_are_not_touched(ring: Keyring) -> None:
    before = everything(ring)
    run("sender", ring, "vie-scolaire", a_key())
    changed = {name for name, text in everything(ring).items() if before.get(name) != text}
    assert changed == {SENDERS_FILE, AUTHORIZATION_FILE}


def test_a_damaged_list_is_told_by_its_line_and_not_lost(ring: Keyring) -> None:
    run("sender", ring, "vie-scolaire", a_key())
    damaged = ring.directory / SENDERS_FILE
    damaged.write_text(damaged.read_text() + "\nsomebody\n")
    assert "line 3" in refusal("sender", ring, "autre", a_key())
    assert damaged.read_text().endswith("somebody\n")
