"""Handing one e-mail to the relay (RFC 5321), and what can truly be said of how it ended.

Until the content is written the relay cannot have taken it: a loss is a "not this time". Once it is written,
a lost answer leaves a doubt that nothing can lift.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import SMTPProtocol

from services.notifications.mime import one_line
from services.notifications.rendering import Letter

_GO_AHEAD = 354
_CLOSING = 421
_TOO_LARGE = 552
NOT_US = frozenset({530, 534, 535, 538})  # authentication: says nothing of the recipient
_ANSWER_PATIENCE = 5  # a relay may scan the content before it answers: RFC 5321 says minutes
_WAITS_TO_CONNECT = 9  # the connection, greeting, EHLO, STARTTLS, the handshake, EHLO, three of AUTH
_WAITS_TO_ANNOUNCE = 3  # MAIL, RCPT, DATA
_LETTERS_PER_CONNECTION = 200
_LONGEST_ANSWER = 160
_ADDRESS = re.compile(r"\S+@\S+")
_LINE_START_DOT = re.compile(rb"(?m)^\.")


class PasswordUnread(Exception):
    """The file of our password cannot be read, or is empty."""


class Ending(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The ending, the relay's code and words. `relay_away`: no fault of this letter, others would fare the same.

    `no_password`: we did not even ask the relay, for want of a password to give.
    """

    ending: Ending
    code: int | None = None
    answer: str = ""
    relay_away: bool = False
    no_password: bool = False


def _no_password() -> Sequence[str]:
    return ("",)


@dataclass(frozen=True, slots=True)
class MailRelay:
    """Where the relay is and how to speak to it. `timeout_s` bounds each wait; the last one has five times that.

    `passwords` is asked at each connection for those to try in turn; it raises ValueError when it has none.
    """

    host: str
    port: int
    sender: str
    tls: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    passwords: Callable[[], Sequence[str]] = _no_password
    hello: str = "localhost"
    timeout_s: float = 60.0

    @property
    def longest_s(self) -> float:
        """How long one letter can take if every answer comes at the last moment, on a kept connection that is lost."""
        return (_WAITS_TO_ANNOUNCE + _WAITS_TO_CONNECT + _WAITS_TO_ANNOUNCE + _ANSWER_PATIENCE) * self.timeout_s


class Courier:
    """One connection to the relay, kept open from one letter to the next. One letter at a time."""

    def __init__(self, relay: MailRelay) -> None:
        self._relay = relay
        self._client: SMTP | None = None
        self._carried = 0

    async def deliver(self, letter: Letter) -> Outcome:
        """Hand over a letter. Never raises for what a relay or a network can do."""
        try:
            if self._client is not None and self._carried < _LETTERS_PER_CONNECTION:
                outcome = await self._hand_over(self._client, letter)
                if outcome is not None:
                    return outcome
            # Relays close connections that were idle, or used enough: that is no failure of this letter.
            await self.close()
            client = await self._connect()
        except (SMTPException, OSError, ValueError, PasswordUnread) as error:
            return _away(error)
        return await self._hand_over(client, letter) or Outcome(Ending.DEFERRED, None, "connection lost")

    async def close(self) -> None:
        """Say goodbye, if the relay still listens."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            if client.is_connected:
                await client.quit(timeout=1)
        except (SMTPException, OSError):
            pass  # it closed first
        finally:
            client.close()

    async def _connect(self) -> SMTP:
        """A new connection, signed in with the first password that is taken.

        All of them together have the time of one: a mail must not take longer than `longest_s`.
        """
        failure: Exception = PasswordUnread()
        async with asyncio.timeout(_WAITS_TO_CONNECT * self._relay.timeout_s):
            for password in self._passwords():
                try:
                    self._client, self._carried = await self._sign_in(password), 0
                except (SMTPException, OSError) as error:  # a relay may hang up on a wrong password
                    failure = error
                else:
                    return self._client
        raise failure

    def _passwords(self) -> Sequence[str]:
        try:
            return self._relay.passwords()
        except ValueError:
            raise PasswordUnread from None

    async def _sign_in(self, password: str) -> SMTP:
        relay = self._relay
        client = SMTP(
            hostname=relay.host,
            port=relay.port,
            local_hostname=relay.hello,
            timeout=relay.timeout_s,
            use_tls=relay.tls == "tls",
            start_tls=relay.tls == "starttls",
            username=relay.user or None,
            password=password or None,
        )
        await client.connect()
        return client

    async def _hand_over(self, client: SMTP, letter: Letter) -> Outcome | None:
        """The outcome, or None if the connection was lost before the content was written."""
        self._carried += 1
        try:
            refused = await self._announce(client, letter)
            if refused is not None:
                return await self._after(client, refused)
            protocol = _open(client)
            protocol.write(_LINE_START_DOT.sub(b"..", letter.content) + b".\r\n")
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError):
            self._drop()
            return None
        return await self._answer(protocol)

    async def _announce(self, client: SMTP, letter: Letter) -> Outcome | None:
        """MAIL, RCPT, DATA; the outcome if one of them was not granted."""
        try:
            await client.mail(self._relay.sender, options=_size(client, letter))
            await client.rcpt(letter.address)
        except SMTPRecipientRefused as error:
            return _refusal(error.code, error.message)
        except SMTPResponseException as error:
            about_its_size = error.code == _TOO_LARGE and client.supports_extension("size")
            return _refusal(error.code, error.message) if about_its_size else _away(error)
        try:
            granted = await client.execute_command(b"DATA")
        except SMTPResponseException as error:
            self._drop()  # it may wait for content, to which anything we say next would belong
            return _away(error)
        return None if granted.code == _GO_AHEAD else _refusal(granted.code, granted.message)

    async def _answer(self, protocol: SMTPProtocol) -> Outcome:
        try:
            code, words = await protocol.read_response(self._relay.timeout_s * _ANSWER_PATIENCE)
        except (SMTPException, OSError):
            self._drop()
            return Outcome(Ending.UNCERTAIN)
        if 200 <= code < 300:
            return Outcome(Ending.ACCEPTED, code, _safe(words))
        if 400 <= code < 600:
            if code == _CLOSING:
                self._drop()
            return _refusal(code, words)
        self._drop()
        return Outcome(Ending.UNCERTAIN, code)

    async def _after(self, client: SMTP, refused: Outcome) -> Outcome | None:
        """Make the connection ready for the next letter."""
        if self._client is None:
            return refused
        if refused.code == _CLOSING:
            self._drop()
            return None if self._carried > 1 else refused  # it may only have had enough of this connection
        try:
            await client.rset()
        except (SMTPException, OSError):
            self._drop()
        return refused

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def _open(client: SMTP) -> SMTPProtocol:
    if client.protocol is None:
        raise SMTPServerDisconnected("closed")
    return client.protocol


def _size(client: SMTP, letter: Letter) -> Iterator[str]:
    """What a relay that asks for it is told with MAIL (RFC 1870). Lazy: before MAIL, it may not have been asked yet."""
    if client.supports_extension("size"):
        yield f"SIZE={len(letter.content)}"


def _refusal(code: int, words: str) -> Outcome:
    """What a 4xx or 5xx answer about this letter means; anything else before the content was written means nothing."""
    final = 500 <= code < 600 and code not in NOT_US
    return Outcome(Ending.REFUSED if final else Ending.DEFERRED, code, _safe(words), relay_away=code in NOT_US)


def _away(error: Exception) -> Outcome:
    """The relay is not there, or will not speak to us at all: no fault of the letter, even with a 5xx."""
    if isinstance(error, SMTPResponseException):
        return Outcome(Ending.DEFERRED, error.code, _safe(error.message), relay_away=True)
    no_password = isinstance(error, PasswordUnread)
    return Outcome(Ending.DEFERRED, None, type(error).__name__, relay_away=True, no_password=no_password)


def _safe(words: str) -> str:
    """A relay's words without addresses, on one line: they are kept as proof, and must hold nobody's data."""
    return _ADDRESS.sub("<address>", one_line(words))[:_LONGEST_ANSWER]
