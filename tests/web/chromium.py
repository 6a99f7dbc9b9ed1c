"""A page in a real browser: Chromium, where the machine has one, spoken to through two pipes."""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.projections import tokens
from tests.real.eventually import eventually
from tests.web.conftest import SECRET, House

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
_QUIET = ("gpu", "quic", "background-networking", "component-update", "sync")
_FLAGS = ["--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-pipe"]
_FLAGS += [f"--disable-{each}" for each in _QUIET]
_LISTENING = """
window.EventSource = class extends EventSource {
  constructor(address) { super(address); this.addEventListener("ouvert", () => { window.listening = true; }); }
};
"""
# Chromium reads commands from its descriptor 3 and answers on its 4.
_ON_3_AND_4 = 'exec "$@" 3<&"$READ" 4>&"$WRITE" 2>/dev/null'


class Tab:
    """One page, as somebody has it before them."""

    def __init__(self, house: House, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._house = house
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)
        self._session: str | None = None

    async def say(self, method: str, **params: Any) -> Any:
        """One command of the DevTools protocol, and its answer."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        self._writer.write(json.dumps(command).encode() + b"\0")
        while True:
            heard = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return heard["result"]

    async def begin(self) -> None:
        """Have a page to speak to."""
        target = (await self.say("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.say("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        await self.say("Page.enable")
        await self.say("Page.addScriptToEvaluateOnNewDocument", source=_LISTENING)

    async def beside(self) -> "Tab":
        """Another tab of the same browser. Speak to one at a time."""
        other = Tab(self._house, self._reader, self._writer)
        other._numbers = self._numbers
        await other.begin()
        return other

    async def sign_in(self, actor_id: str) -> None:
        """Be somebody."""
        token = tokens.issue(SECRET.encode(), actor_id)
        await self.say("Network.setCookie", name="perseverance_session", value=token, url=self._house.url)

    async def forget(self) -> None:
        """Be nobody any more: what a session that expired comes to, for all but the open stream of changes."""
        await self.say("Network.clearBrowserCookies")

    def address(self, path: str) -> str:
        """Where a page of the service is."""
        return self._house.url + path

    async def open(self, path: str) -> None:
        """Go to a page, and wait until it hears of changes, if it has a live part."""
        await self.say("Page.navigate", url=self.address(path))
        await self.until("document.readyState === 'complete'")
        if await self.run("Boolean(document.getElementById('vivant'))"):
            await self.until("window.listening")

    async def run(self, script: str) -> Any:
        """What an expression is worth in the page."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = await self.say("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, script: str) -> Any:
        """Wait until an expression holds."""
        return await eventually(lambda: self.run(script))

    async def focused(self) -> str:
        """The id of what has the focus, or its tag."""
        return str(await self.run("document.activeElement.id || document.activeElement.tagName"))

    async def announced(self) -> str:
        """What a screen reader was told last."""
        return str(await self.run("document.getElementById('annonce').textContent"))


@contextlib.asynccontextmanager
async def browsing(house: House) -> AsyncIterator[Tab]:
    """A browser of its own, with one page."""
    ours, theirs = os.pipe(), os.pipe()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        command = ["bash", "-c", _ON_3_AND_4, "chromium", str(CHROMIUM), *_FLAGS, f"--user-data-dir={folder}"]
        process = await asyncio.create_subprocess_exec(
            *command,
            pass_fds=(ours[0], theirs[1]),
            env=os.environ | {"READ": str(ours[0]), "WRITE": str(theirs[1])},
            start_new_session=True,
        )
        os.close(ours[0])
        os.close(theirs[1])
        receiving, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(theirs[0], "rb", 0)
        )
        sending, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(ours[1], "wb", 0))
        tab = Tab(house, reader, asyncio.StreamWriter(sending, protocol, None, loop))
        try:
            async with asyncio.timeout(60):
                await tab.begin()
            yield tab
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            receiving.close()
            sending.close()
