"""An OpenTelemetry collector that keeps what it is sent: OTLP over HTTP, protobuf."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span as it arrived."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    started: int
    ended: int
    attributes: dict[str, str]
    links: list[str]
    """The traces of others that it is linked to."""


@dataclass
class Collector:
    """What was received: the raw requests, and the spans in them. The same span sent again counts once."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    spans: dict[tuple[str, str], Seen] = field(default_factory=dict)

    def trace(self, correlation: object) -> list[Seen]:
        """The spans of a trace, in the order in which they began."""
        wanted = str(correlation).replace("-", "")
        return sorted((each for each in list(self.spans.values()) if each.trace == wanted), key=lambda s: s.started)

    def named(self, name: str, **about: str) -> list[Seen]:
        """The spans of a name that say this of themselves, in the order in which they began."""
        wanted = {f"perseverance.{key}": value for key, value in about.items()}.items()
        found = (each for each in list(self.spans.values()) if each.name == name and wanted <= each.attributes.items())
        return sorted(found, key=lambda s: s.started)

    def take(self, body: bytes) -> None:
        """Keep a request."""
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {each.key: each.value.string_value for each in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                said = {each.key: each.value.string_value for each in span.attributes}
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                times = (span.start_time_unix_nano, span.end_time_unix_nano)
                links = [each.trace_id.hex() for each in span.links]
                self.spans[ids[:2]] = Seen(about["service.name"], span.name, *ids, *times, said, links)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens while the block runs."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            collector.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
