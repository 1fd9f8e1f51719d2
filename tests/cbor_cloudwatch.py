"""CloudWatch as the SDK for Rust speaks to it, by Smithy's RPC in CBOR, in front of moto's, which speaks AWS's older protocol.

No more of CBOR (RFC 8949) than DescribeAlarms needs: maps, lists, texts.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

TEXT, LIST, MAP = 3, 4, 5
OPEN, BREAK = 31, 0xFF


def encoded(value):
    """A value in CBOR."""
    if isinstance(value, dict):
        return head(MAP, len(value)) + b"".join(encoded(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return head(LIST, len(value)) + b"".join(map(encoded, value))
    text = value.encode()
    return head(TEXT, len(text)) + text


def head(kind, size):
    """How a value of so many parts begins."""
    return bytes([kind << 5 | size]) if size < 24 else bytes([kind << 5 | 25]) + size.to_bytes(2, "big")


def decoded(data, at=0):
    """A value of CBOR, and where the next one begins."""
    kind, size = data[at] >> 5, data[at] & 31
    at += 1
    if 24 <= size < OPEN:
        width = 1 << size - 24
        size, at = int.from_bytes(data[at : at + width], "big"), at + width
    if kind == TEXT:
        return data[at : at + size].decode(), at + size
    parts, want = [], None if size == OPEN else size * (2 if kind == MAP else 1)
    while data[at] != BREAK if want is None else len(parts) < want:
        part, at = decoded(data, at)
        parts.append(part)
    value = dict(zip(parts[::2], parts[1::2])) if kind == MAP else parts
    return value, at + (want is None)


class Handler(BaseHTTPRequestHandler):
    """Answers DescribeAlarms."""

    def do_POST(self):
        """Asks moto, and says it in CBOR."""
        asked, _ = decoded(self.rfile.read(int(self.headers["content-length"])))
        alarms = boto3.client("cloudwatch").describe_alarms(**asked)["MetricAlarms"]
        shown = [{name: alarm[name] for name in ["AlarmName", "AlarmDescription", "StateValue"]} for alarm in alarms]
        body = encoded({"MetricAlarms": shown})
        self.send_response(200)
        for name, value in [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")]:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """Says nothing."""


def serve():
    """Its address, for as long as the program runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://{}:{}".format(*server.server_address)
