"""An e-mail as the bytes that are handed to the relay. The same e-mail renders to the same bytes each time.

It says which school, days and counts; never who the pupil is: nothing here knows it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from hashlib import sha256
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from chassis.clock import PARIS
from contracts.directory import Actor, School
from contracts.identifiers import file_number
from services.notifications.events import About
from services.notifications.facts import DelayApproaching, DelayReached, Fact, ThresholdReached
from services.notifications.mime import assemble, mailbox, one_line, phrase
from services.notifications.wording import alerts, delays, parcours
from services.notifications.wording.common import NO_PAGE, ROLES, Wording


@dataclass(frozen=True, slots=True)
class Identity:
    """What all our e-mails have in common."""

    sender: str
    sender_name: str
    reply_to: str
    domain: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered e-mail: for whom, its Message-ID, its bytes, and their SHA-256 as the proof of what was said."""

    address: str
    message_id: str
    content: bytes
    rendered_hash: str


def message_id_of(mail_id: UUID, domain: str) -> str:
    """The Message-ID of an e-mail, the same at each attempt."""
    return f"<{mail_id}@{domain}>"


class Renderer:
    """Writes e-mails. Thread-safe."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._templates = Environment(
            loader=PackageLoader("services.notifications"),
            autoescape=select_autoescape(["html.j2"]),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(
        self,
        mail_id: UUID,
        about: About,
        fact: Fact,
        written_at: datetime,
        actor: Actor,
        school: School | None,
    ) -> Letter:
        """The e-mail `mail_id` for `actor`; a school the directory does not have is named by its UAI."""
        written_at = written_at.astimezone(PARIS)
        wording = wording_of(fact, about.role, written_at.date())
        words = self._words(about, wording, school)
        text = self._templates.get_template(f"{about.template}.txt.j2").render(words)
        html = self._templates.get_template(f"{about.template}.html.j2").render(words)
        message_id = message_id_of(mail_id, self._identity.domain)
        thread = f"<{wording.thread}.{about.about_id}@{self._identity.domain}>"
        headers = self._headers(message_id, thread, written_at, actor, str(words["subject"]))
        content = assemble(headers, text.rstrip() + "\n", html, boundary=f"=_{mail_id.hex}")
        return Letter(actor.email, message_id, content, sha256(content).hexdigest())

    def _headers(
        self, message_id: str, thread: str, written_at: datetime, actor: Actor, subject: str
    ) -> dict[str, str]:
        us = self._identity
        return {
            "From": mailbox(us.sender_name, us.sender),
            "To": mailbox(actor.name, actor.email),
            **({"Reply-To": us.reply_to} if us.reply_to else {}),
            "Subject": phrase(subject),
            "Date": format_datetime(written_at),
            "Message-ID": message_id,
            "In-Reply-To": thread,
            "References": thread,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": "fr",
        }

    def _link(self, path: str, about_id: UUID) -> str:
        return f"{self._identity.public_url.rstrip('/')}/{path}/{about_id}"

    def _words(self, about: About, wording: Wording, school: School | None) -> dict[str, object]:
        name = one_line(school.name) if school else f"établissement {about.uai}"
        number = file_number(about.about_id)
        return {
            "subject": f"{wording.headline} : dossier {number}, {name}",
            "school": name,
            "uai": about.uai,
            "file_number": number,
            "role": ROLES[about.role],
            "link": None if about.role in NO_PAGE else self._link(wording.path, about.about_id),
            "may_reply": bool(self._identity.reply_to),
            "details": [("Dossier", number), ("Établissement", f"{name} ({about.uai})"), *wording.details],
            "next_step": wording.next_step,
            "choices": wording.choices,
            "why": wording.why,
            **wording.words,
        }


def wording_of(fact: Fact, role: str, day: date) -> Wording:
    """What an e-mail of `fact`, written on `day`, says to somebody in `role`."""
    match fact:
        case ThresholdReached():
            return alerts.wording(fact, role)
        case DelayApproaching() | DelayReached():
            return delays.wording(fact, role, day)
        case _:
            return parcours.wording(fact, role, day)
