"""Traces whose ids are worked out, so that nothing has to carry or store them.

The trace is the correlation id that every event has: all that follows from one fact or command is one trace, and
whoever reads a correlation id in a log can look the trace up. A span is named by who did something and about which
event; what led to it is the event's own `causationid` and `source`. Spans are made after the fact, for sampled traces
only. Without `OTEL_EXPORTER_OTLP_ENDPOINT` there is nothing here but a look at whether there is.
"""

import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from chassis.messages import Message

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_MARK = b'"correlationid":"'
_UUID = 36
_DRAWN = 12  # hexadecimal digits at the end of a trace id that are as good as drawn, whatever the kind of UUID
_RANDOM = 16**_DRAWN
_STOP_S = 3.0

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

Attributes = Mapping[str, str | int]


class Elsewhere(NamedTuple):
    """A span that somebody else made, by its trace and its own id; `flags`: whether they keep it."""

    trace: int
    span: int
    flags: int


class _Caused(msgspec.Struct):
    """What an envelope says of where it comes from."""

    id: str
    source: str
    causationid: str | None = None


_caused = msgspec.json.Decoder(_Caused)


class _Exports(Protocol):
    """Where spans go, and of which traces."""

    bound: int

    def span(
        self,
        name: str,
        trace: int,
        span: int,
        parent: int | None,
        started: int,
        ended: int,
        *,
        attributes: Attributes,
        after: Elsewhere | None,
    ) -> None:
        """Export one span, linked to the one it comes `after`; times in nanoseconds."""
        ...

    def stop(self) -> None:
        """Send what is left."""
        ...


_exports: _Exports | None = None


def configure(service: str, version: str, environment: Mapping[str, str] = os.environ) -> None:
    """Trace if the standard variables say where to: call it once, before anything is done."""
    global _exports
    wanted = any(environment.get(name) for name in _ENDPOINTS)
    if wanted and environment.get("OTEL_SDK_DISABLED", "").lower() != "true":
        _exports = _OpenTelemetry(service, version, _bound(environment))


def active() -> bool:
    """Whether spans are exported."""
    return _exports is not None


def stop() -> None:
    """Send what is left, for a few seconds at most, and trace no more."""
    global _exports
    if _exports is not None:
        # A collector that does not answer must not hold up the end of the process.
        sending = threading.Thread(target=_exports.stop, daemon=True)
        sending.start()
        sending.join(_STOP_S)
    _exports = None


def correlation_in(data: bytes) -> UUID | None:
    """The correlation id an envelope carries, found without reading the rest of it."""
    start = data.find(_MARK) + len(_MARK)
    if start < len(_MARK):
        return None
    try:
        return UUID(bytes=bytes.fromhex(data[start : start + _UUID].decode().replace("-", "")))
    except ValueError:
        return None


def elsewhere(traceparent: object) -> Elsewhere | None:
    """The span a `traceparent` of W3C Trace Context (version 00) names; None for anything else, whatever it is."""
    found = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    named = Elsewhere(*(int(part, 16) for part in found.groups())) if found else None
    return named if named and named.trace and named.span else None


def began(
    name: str, correlation: UUID, started_ns: int, attributes: Attributes, after: Elsewhere | None = None
) -> None:
    """A span for what a trace begins with; it ends now. `after`: what led to it elsewhere, in a trace of its own."""
    trace = correlation.int
    _export(name, trace, _beginning(trace), None, started_ns, attributes, after=after)


def did(
    name: str,
    correlation: UUID | None,
    about: str,
    started_ns: int,
    attributes: Attributes,
    cause: tuple[str, str] | None = None,
    first: bool = False,
) -> None:
    """A span for what the service in `name` did about the event or command `about`; it ends now.

    `cause`: which service's work led to it, about which event; without it, it is what the trace began with. `first`:
    nothing led to it.
    """
    if _exports is not None and correlation is not None:
        trace = correlation.int
        parent = None if first else _act(*cause) if cause else _beginning(trace)
        _export(name, trace, _act(name.partition(".")[0], about), parent, started_ns, attributes)


def handled(
    name: str, stream: str, messages: Iterable[tuple[Message, object]], seconds: float
) -> dict[str, str] | None:
    """A span for each message of a batch that was just committed; the exemplar of the batch, if it has one."""
    if _exports is None or not name:
        return None
    ended = time.time_ns()
    started, traced = ended - int(seconds * 1e9), None
    for message, _ in messages:
        trace = _sampled(message.data)
        if trace is not None and _one(name, stream, message, trace, started, ended):
            traced = traced or trace
    return {"trace_id": f"{traced:032x}"} if traced else None


def _sampled(data: bytes) -> int | None:
    """The trace of a message, when it is one that is sampled."""
    start = data.find(_MARK) + len(_MARK)
    if start < len(_MARK) or _exports is None:
        return None
    end = start + _UUID
    try:
        if int(data[end - _DRAWN : end], 16) >= _exports.bound:
            return None
        return int(data[start:end].replace(b"-", b""), 16)
    except ValueError:
        return None


def _one(name: str, stream: str, message: Message, trace: int, started: int, ended: int) -> bool:
    try:
        caused = _caused.decode(message.data)
    except msgspec.DecodeError:
        return False  # it is in quarantine
    who = caused.source.removeprefix("/services/")
    parent = _act(who, caused.causationid) if caused.causationid else _beginning(trace)
    attributes = {
        "messaging.system": "nats",
        "messaging.destination.name": stream,
        "messaging.destination.partition.id": str(message.partition),
        "messaging.message.id": str(message.seq),
        "perseverance.fact": message.fact,
    }
    _export(name, trace, _act(name.partition(".")[0], caused.id), parent, started, attributes, ended)
    return True


def _export(
    name: str,
    trace: int,
    span: int,
    parent: int | None,
    started: int,
    attributes: Attributes,
    ended: int | None = None,
    after: Elsewhere | None = None,
) -> None:
    exports = _exports
    if exports is not None and trace % _RANDOM < exports.bound:
        more = {"perseverance.correlation_id": str(UUID(int=trace)), **attributes}
        exports.span(name, trace, span, parent, started, ended or time.time_ns(), attributes=more, after=after)


def _act(who: str, about: str) -> int:
    """The id of the span for what a service did about an event: the same for whoever works it out."""
    return int.from_bytes(blake2b(f"{who}\n{about}".encode(), digest_size=8).digest()) or 1


def _beginning(trace: int) -> int:
    return _act("", f"{trace:032x}")


def _bound(environment: Mapping[str, str]) -> int:
    """Below what a trace is sampled: by its last bits, so that every service samples the same traces."""
    sampler = environment.get("OTEL_TRACES_SAMPLER", "")
    if sampler.endswith("always_off"):
        return 0
    ratio = float(environment.get("OTEL_TRACES_SAMPLER_ARG") or 1.0) if sampler.endswith("traceidratio") else 1.0
    return int(min(1.0, max(0.0, ratio)) * _RANDOM)


class _OpenTelemetry:
    """The SDK, given the ids it would otherwise draw."""

    def __init__(self, service: str, version: str, bound: int) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import IdGenerator
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        given = threading.local()

        class Given(IdGenerator):
            def generate_trace_id(self) -> int:
                trace: int = given.trace
                return trace

            def generate_span_id(self) -> int:
                span: int = given.span
                return span

        resource = Resource.create({"service.name": service, "service.version": version})
        provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False, id_generator=Given())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.bound = bound
        self._given = given
        self._provider = provider
        self._tracer = provider.get_tracer("perseverance", version)

    def span(
        self,
        name: str,
        trace: int,
        span: int,
        parent: int | None,
        started: int,
        ended: int,
        *,
        attributes: Attributes,
        after: Elsewhere | None,
    ) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

        context = Context()
        if parent is not None:
            above = SpanContext(trace, parent, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            context = set_span_in_context(NonRecordingSpan(above), context)
        links = [Link(SpanContext(after.trace, after.span, True, TraceFlags(after.flags)))] if after else None
        self._given.trace, self._given.span = trace, span
        self._tracer.start_span(name, context, attributes=attributes, links=links, start_time=started).end(ended)

    def stop(self) -> None:
        self._provider.shutdown()
