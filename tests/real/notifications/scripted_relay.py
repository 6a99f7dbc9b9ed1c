"""A mail relay that does as it is told: accept, defer, refuse, hang up at any point, dawdle, be away."""

import asyncio
import contextlib
from collections import Counter, defaultdict, deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

CUT = "cut"
CUT_AFTER_TAKING = "cut after taking"
SILENT = "silent"

_USUAL = {
    "GREETING": "220 relay",
    "EHLO": "250 relay",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "CONTENT": "250 2.0.0 kept",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class ScriptedRelay:
    """Answers as usual, unless told otherwise; `taken` is what it answers for, in order."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.verbs: Counter[str] = Counter()
        self.port = 0
        self.delay_s = 0.0
        self._always: dict[str, str] = {}
        self._next: dict[str, deque[str]] = defaultdict(deque)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def always(self, verb: str, answer: str = "") -> None:
        """From now on answer `verb` so; as usual without an answer."""
        self._always[verb] = answer or _USUAL[verb]

    def next(self, verb: str, *answers: str) -> None:
        """Answer the next ones so, then as usual again."""
        self._next[verb].extend(answers)

    def messages(self) -> list[EmailMessage]:
        """What was taken, parsed."""
        parsed = [message_from_bytes(content, policy=default) for content in self.taken]
        return [message for message in parsed if isinstance(message, EmailMessage)]

    def message_ids(self) -> list[str]:
        """The Message-ID of each, as often as it was taken."""
        return [str(message["Message-ID"]) for message in self.messages()]

    async def start(self) -> None:
        """Be there (again), on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be away: refuse connections, drop those that are open."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            self._server = None

    def _answer(self, verb: str) -> str:
        self.verbs[verb] += 1
        if self._next[verb]:
            return self._next[verb].popleft()
        return self._always.get(verb, _USUAL.get(verb, "500 what?"))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if await self._say(writer, self._answer("GREETING")):
                while (line := await reader.readline()) and await self._command(line, reader, writer):
                    pass
        self._open.discard(writer)
        writer.close()

    async def _command(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        verb = line.decode().strip().split(" ")[0].split(":")[0].upper()
        answer = self._answer(verb)
        if not await self._say(writer, answer) or verb == "QUIT" or answer.startswith("421"):
            return False
        return await self._content(reader, writer) if answer.startswith("354") else True

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        content = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        answer = self._answer("CONTENT")
        await asyncio.sleep(self.delay_s)
        if answer.startswith("2") or answer == CUT_AFTER_TAKING:
            self.taken.append(content)
        return await self._say(writer, answer)

    async def _say(self, writer: asyncio.StreamWriter, answer: str) -> bool:
        if answer == SILENT:
            await asyncio.sleep(3600)
        if answer in (CUT, CUT_AFTER_TAKING):
            writer.transport.abort()
            return False
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()
        return True
