#!/usr/bin/env python3
"""Starts each release bootstrap again and again under a Lambda Runtime API, beside a program that does nothing, and
reads how long it takes until it asks for its first event, and has answered it: 1.5 times the empty program's time to
the first is the bound, and 3 MB for what is uploaded. Python's standard library only.

  python3 tests/cold_start.py [--runs 40] [--bootstraps target/lambda] [--empty target/release/examples/empty]
"""

import argparse
import json
import pathlib
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

MOST_TIMES_EMPTY = 1.5
MOST_ZIPPED = 3_000_000
# What a variable is set to; any other to a name. Secrets are plain, so that nobody is asked for them.
VALUES = {
    "CALLBACK_AES_KEY": "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ",
    "CALLBACK_MODE": "safe",
    "EGRESS_PROXY": "none",
    "FORWARD_URL": "",
    "LOGIN_ENDS_OLDER_SESSIONS": "false",
    "MINI_CALLBACK_AES_KEY": "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ",
    "RECEIPTS": "true",
    "SENDS_PER_SECOND": "0",
    "SUBSCRIPTION_SOURCE": "client",
    "SYNC_MOST_REMOVED_PERCENT": "20",
    "TOKEN_MODE": "classic",
    "WECHAT_API_BASE": "https://api.weixin.qq.com",
}
LAMBDA = {
    "AWS_ACCESS_KEY_ID": "AKIAEMPTY",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_FUNCTION_NAME": "measured",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "secret",
}
# Events that are answered without a call to anybody: one without a token, and no messages.
HTTP = {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "cold_start"}
REQUEST = {
    "version": "2.0",
    "routeKey": "GET /",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {},
    "requestContext": {"http": HTTP, "stage": "$default", "timeEpoch": 0},
    "isBase64Encoded": False,
}
NO_MESSAGES = {"Records": []}
NEXT = b"\r\n".join([
    b"HTTP/1.1 200 OK",
    b"Content-Type: application/json",
    b"Lambda-Runtime-Aws-Request-Id: 1",
    b"Lambda-Runtime-Deadline-Ms: 9999999999999",
    b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:measured",
])


def functions():
    """Each function of template.yaml: the event that it is handed, and its variables."""
    found, template = {}, pathlib.Path("template.yaml").read_text()
    # Those of `Globals` stand less deep than a function's own.
    common = re.findall(r"^        ([A-Z_]+):", template, re.MULTILINE)
    for function in re.split(r"\n(?=  \w+:\n)", template):
        if name := re.search(r"CodeUri: target/lambda/(\w+)/", function):
            names = common + re.findall(r"^          ([A-Z_]+):", function, re.MULTILINE)
            names = [name.removesuffix("_ARN") for name in names]
            event = REQUEST if "Type: HttpApi" in function else NO_MESSAGES
            found[name[1]] = event, {name: VALUES.get(name, name.lower()) for name in names}
    return found


def request(server, connections):
    """Waits for the next request on any connection; gives its first line, when its head was there, the connection."""
    while True:
        for ready in select.select([server, *connections], [], [], 20)[0] or [None]:
            if ready is None:
                return "nothing for 20 s", 0, None
            if ready is server:
                connections.append(server.accept()[0])
                continue
            head = ready.recv(65536)
            if not head:
                connections.remove(ready)
                continue
            return head.split(b"\r\n", 1)[0].decode(), time.perf_counter(), ready


def start(program, event, variables):
    """One cold start: seconds to the first poll, and to the first answer."""
    event = json.dumps(event).encode()
    answer = b"%b\r\nContent-Length: %d\r\n\r\n%b" % (NEXT, len(event), event)
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryFile() as said:
        api = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.getsockname()[1]}
        connections = []
        began = time.perf_counter()
        process = subprocess.Popen([program], env=LAMBDA | variables | api, stdout=said, stderr=said)
        try:
            asked, polled_at, connection = request(server, connections)
            if not asked.endswith("/invocation/next HTTP/1.1"):
                said.seek(0)
                sys.exit(f"{program}: {asked}, and no poll: {said.read().decode()}")
            connection.sendall(answer)
            told, answered_at, _ = request(server, connections)
            if "/invocation/1/response" not in told:
                sys.exit(f"{program}: {told}, and no answer")
        finally:
            process.kill()
            process.wait()
            for connection in connections:
                connection.close()
    return polled_at - began, answered_at - began


def zipped(program):
    """How many bytes of it are uploaded."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.write(program, "bootstrap")
        return file.tell()


def main():
    """Measures, prints the table, and ends with an error where a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--bootstraps", default="target/lambda")
    parser.add_argument("--empty", default="target/release/examples/empty")
    parser.add_argument("--json", action="store_true", help="print each figure as a line of JSON, as bench does")
    arguments = parser.parse_args()
    programs = {"(empty)": (pathlib.Path(arguments.empty), NO_MESSAGES, {})}
    for name, (event, variables) in functions().items():
        programs[name] = pathlib.Path(arguments.bootstraps) / name / "bootstrap", event, variables
    times = {name: [] for name in programs}
    # By turns, so that what else the machine does slows down each alike; the first round fills its caches.
    for run in range(arguments.runs + 1):
        for name, (program, event, variables) in programs.items():
            took = start(program, event, variables)
            if run:
                times[name].append(took)
    # The lower quartile: whatever else the machine does only adds.
    quartile = lambda of, which: statistics.quantiles((took[which] for took in of), n=4)[0] * 1000
    polled = {name: quartile(of, 0) for name, of in times.items()}
    answered = {name: quartile(of, 1) for name, of in times.items()}
    if not arguments.json:
        print("| function | first poll | times the empty | first answer | bootstrap | zipped |\n|---|---|---|---|---|---|")
    broken = []
    for name, (program, _, _) in programs.items():
        ratio, size, upload = polled[name] / polled["(empty)"], program.stat().st_size, zipped(program)
        if arguments.json:
            print(json.dumps({
                "job": "cold-start",
                "what": f"{name}: exec to the first poll",
                "figure": polled[name],
                "unit": "ms",
                "bound": polled["(empty)"],
                "held_against": "a program that does nothing",
                "ratio": ratio,
                "beside": {"ms to the first answer": answered[name], "MB": size / 1e6, "MB zipped": upload / 1e6},
            }))
        else:
            print(
                f"| `{name}` | {polled[name]:.1f} ms | {ratio:.2f} | {answered[name]:.1f} ms "
                f"| {size / 1e6:.1f} MB | {upload / 1e6:.1f} MB |"
            )
        if ratio > MOST_TIMES_EMPTY or upload > MOST_ZIPPED:
            broken.append(name)
    if broken:
        sys.exit(f"over {MOST_TIMES_EMPTY} times the empty program, or over 3 MB: {', '.join(broken)}")


if __name__ == "__main__":
    main()
