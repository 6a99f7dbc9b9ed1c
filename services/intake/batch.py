"""One batch at the door: who each event is about, whether it is new, what is kept of it.

Decisions are taken in memory, between one query for each table and one write for each table.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from chassis.database import Transaction
from contracts.envelope import Envelope, Payload
from contracts.incoming import EnrolStudent
from services.intake import ledger, opaque, register
from services.intake.codes import Code
from services.intake.drafts import Draft
from services.intake.ledger import Entry
from services.intake.pupils import Pupil
from services.intake.reading import Read
from services.intake.rules import Rules
from services.intake.senders import Sender
from services.intake.translation import fact_of
from services.intake.verdicts import Refusal, Verdict

Said = tuple[Sender, Read]
"""An event and who sent it."""

TICK = timedelta(microseconds=1)
"""Between the moments of two facts: none is recorded at the same moment as another."""
_HASH_BYTES = 16


@dataclass(slots=True)
class Earlier:
    """What a dry run has seen so far, as nothing of it is written."""

    keys: set[bytes] = field(default_factory=set)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(_HASH_BYTES), repr=False)

    def salt(self, ine: str) -> bytes:
        """The salt an unknown pupil has for as long as the dry run lasts."""
        return hashlib.blake2b(ine.encode(), key=self.secret, digest_size=_HASH_BYTES).digest()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An event that nothing speaks against but what is in the ledger."""

    index: int
    sender: str
    id: str
    key: bytes
    body: bytes
    draft: Draft
    pupil: Pupil

    def says(self, body: bytes | None, time: datetime | None) -> bool:
        """Whether it says what is kept under its id, with this hash of its content and this `time`.

        Without a `time` of its own, only its content is compared. Were it refused, it would come back under another
        id, as said only now, and win over what has corrected it since.
        """
        if body in (self.body, None):
            return True
        return self.draft.time is None and time is not None and body == _hash_of(self.draft, time, self.pupil.salt)


class Batch:
    """Events in the order they came, to be judged and kept together."""

    def __init__(self, rules: Rules, said: Sequence[Said]) -> None:
        self._rules = rules
        self._said = said
        self._objections = [rules.objection(s, e) if isinstance(e, Draft) else e for s, e in said]
        self._verdicts: list[Verdict | None] = [None] * len(said)

    def accept(self, tx: Transaction) -> list[Verdict]:
        """Keep what is new; the answers, in the order of the events."""
        position, moment = ledger.hold_door(tx)
        moment = max(moment, self._rules.now - TICK)
        candidates = self._candidates(tx, lambda _: secrets.token_bytes(_HASH_BYTES))
        fresh = self._fresh(tx, candidates, ledger.known(tx, [c.key for c in candidates]))
        entries, changed = [], {}
        for candidate in fresh:
            position, moment = position + 1, moment + TICK
            if _learn(candidate, moment):
                changed[candidate.pupil.ine] = candidate.pupil
            entries.append(_entry(candidate, position, moment))
        register.save(tx, list(changed.values()), moment)
        ledger.append(tx, entries)
        return self._answers()

    def preview(self, tx: Transaction, earlier: Earlier) -> list[Verdict]:
        """The same answers, nothing kept but in `earlier`."""
        candidates = self._candidates(tx, earlier.salt)
        known = ledger.known(tx, [c.key for c in candidates])
        known |= {c.key: c.body for c in candidates if c.key in earlier.keys}
        earlier.keys |= {c.key for c in self._fresh(tx, candidates, known)}
        return self._answers()

    def _answers(self) -> list[Verdict]:
        return [verdict for verdict in self._verdicts if verdict is not None]

    def _refuse(self, index: int, refusal: Refusal) -> None:
        self._verdicts[index] = Verdict(index, "refused", refusal.id, refusal)

    def _candidates(self, tx: Transaction, salt: Callable[[str], bytes]) -> list[_Candidate]:
        """The events that may be kept; the others have their answer."""
        drafts = [event for _, event in self._said if isinstance(event, Draft)]
        pupils = register.by_ine(tx, {draft.data.ine for draft in drafts})
        told = {draft.data.ine: draft.data for draft in drafts if isinstance(draft.data, EnrolStudent)}
        candidates = []
        for index, (sender, event) in enumerate(self._said):
            if isinstance(event, Refusal):
                self._refuse(index, event)
                continue
            ine = event.data.ine
            pupil = pupils.get(ine) or pupils.setdefault(ine, Pupil.unknown(ine, salt(ine)))
            refusal = self._tells(event, pupil, told.get(ine)) or self._objections[index]
            if refusal is None:
                candidates.append(_candidate(index, sender.name, event, pupil))
            elif refusal.code is Code.NOT_OPAQUE:
                self._refuse(index, refusal)
            else:
                self._refuse(index, replace(refusal, id=event.id, source=event.source))
        return candidates

    def _tells(self, draft: Draft, pupil: Pupil, told: EnrolStudent | None) -> Refusal | None:
        """Whether the id or the source tells who the pupil is, as the register or this very batch knows."""
        if draft.id is None:
            return None
        names: tuple[str | None, ...] = pupil.names
        if told is not None:
            names = (*names, told.last_name, told.first_name)
        school = self._rules.schools.get(draft.data.uai)
        school_name = school.name if school else ""
        for where, text in (("id", draft.id), ("source", draft.source)):
            if opaque.holds_an_ine(text) or opaque.names_pupil(text, pupil.ine, names, school_name):
                return Refusal(where, Code.NOT_OPAQUE)
        return None

    def _fresh(
        self, tx: Transaction, candidates: Sequence[_Candidate], known: dict[bytes, bytes | None]
    ) -> list[_Candidate]:
        """Those never seen before, here or in the ledger."""
        doubtful = [c.key for c in candidates if c.draft.time is None and known.get(c.key, c.body) != c.body]
        times: dict[bytes, datetime | None] = dict(ledger.times(tx, doubtful))
        fresh = []
        for candidate in candidates:
            index, event_id = candidate.index, candidate.id
            if candidate.key not in known:
                known[candidate.key] = candidate.body
                times[candidate.key] = candidate.draft.time
                fresh.append(candidate)
                self._verdicts[index] = Verdict(index, "accepted", event_id)
            elif candidate.says(known[candidate.key], times.get(candidate.key)):
                self._verdicts[index] = Verdict(index, "duplicate", event_id)
            else:
                source = candidate.draft.source
                self._refuse(index, Refusal("id", Code.ID_REUSED, id=event_id, source=source))
        return fresh


def _candidate(index: int, sender: str, draft: Draft, pupil: Pupil) -> _Candidate:
    body = _hash_of(draft, draft.time, pupil.salt)
    # A row of a file has no id: the same row has the same content, hence the same id.
    event_id = draft.id or f"row-{body.hex()}"
    return _Candidate(index, sender, event_id, ledger.event_key(draft.source, event_id), body, draft, pupil)


def _hash_of(draft: Draft, time: datetime | None, salt: bytes) -> bytes:
    """What is kept to see whether an event says the same as before."""
    # Defaults are left out: a field added to a contract later must not make old events look changed.
    data = draft.data.model_dump_json(exclude_defaults=True)
    content = f"{draft.data.TYPE}\n{time.isoformat() if time else ''}\n{data}".encode()
    return hashlib.blake2b(content, key=salt, digest_size=_HASH_BYTES).digest()


def _learn(candidate: _Candidate, moment: datetime) -> bool:
    """What the register learns of an accepted event; whether it must be saved."""
    draft, pupil = candidate.draft, candidate.pupil
    if isinstance(draft.data, EnrolStudent):
        changed = pupil.learn(draft.data, draft.time or moment, candidate.id, draft.source)
    else:
        changed = pupil.learn_school(draft.data.uai)
    first = not pupil.known
    pupil.known = True
    return changed or first


def _entry(candidate: _Candidate, position: int, moment: datetime) -> Entry:
    draft, student_id = candidate.draft, candidate.pupil.student_id
    contract, fields = fact_of(draft.data, student_id)
    envelope = envelope_of(contract).model_validate(
        {
            "id": candidate.id,
            "source": draft.source,
            "type": contract.TYPE,
            "subject": str(student_id),
            "time": draft.time or moment,
            "correlationid": UUID(bytes=candidate.key),
            "recordedtime": moment,
            "data": fields,
        }
    )
    return Entry(
        position,
        candidate.key,
        candidate.body,
        moment,
        student_id,
        contract.FACT,
        candidate.sender,
        envelope.to_json(),
    )


@cache
def envelope_of(contract: type[Payload]) -> type[Envelope[Any]]:
    """The envelope class of a fact class."""
    return Envelope[contract]  # type: ignore[valid-type]  # a class known at run time only
