#!/usr/bin/env python3
"""Walks from login to the message on the phone, over HTTP, against `cargo run` as it stands.

  python3 tests/walk.py [--bootstraps DIR] [--program target/debug/queqiao]

With --bootstraps the functions are the programs that would be deployed, each in its own processes
under a Lambda Runtime API. Needs nothing but Python 3; exits with 1 and a sentence when a step fails.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

DATA = {
    "applicant": "张三",
    "kind": "年假",
    "submitted_at": "2026-11-22 09:30",
    "content": "回家探亲",
    "id": "A-42",
}
# Each function and a metric that the walk has it write; `callback` counts only what goes wrong.
FUNCTIONS = {
    "login": "LoggedIn",
    "decrypt": "Decrypted",
    "send": "Accepted",
    "deliver": "Sent",
    "sync": "Advanced",
    "refresh": "TokenRefreshed",
    "events": "Receipt",
    "forget": "Forgotten",
    "doctor": "Examined",
}


def call(method, url, body=None, token=None):
    """One request; gives the status and the decoded JSON."""
    request = urllib.request.Request(url, method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=40) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def expect(step, condition, seen):
    """Prints the step, or ends the walk."""
    if not condition:
        sys.exit(f"{step}: not as it should be: {seen}")
    print(f"{step}: {json.dumps(seen, ensure_ascii=False)[:160]}")


def until(step, look, good, seconds=30):
    """Looks again until it is good."""
    deadline = time.monotonic() + seconds
    seen = look()
    while not good(seen) and time.monotonic() < deadline:
        time.sleep(0.05)
        seen = look()
    expect(step, good(seen), seen)
    return seen


def walk(gateway, wechat, service_key):
    """Login, sync, decrypt, send, status, a token that a third party has rotated away, the doctor, and a user who is forgotten."""
    user = call("GET", f"{wechat}/_sim/users?from=0&n=1")[1][0]
    code = call("POST", f"{wechat}/_sim/users/0/code")[1]["code"]
    status, session = call("POST", f"{gateway}/login", {"code": code})
    expect("login", status == 200 and session["openid"] == user["mini_openid"], session["openid"])

    until("sync", lambda: call("POST", f"{gateway}/sync", token=service_key)[1], lambda run: run["state"] == "done")

    sealed = call("POST", f"{wechat}/_sim/users/0/sealed", {"nickName": "Band"})[1]
    status, opened = call("POST", f"{gateway}/decrypt", sealed, session["token"])
    expect("decrypt", status == 200 and opened["unionid"] == user["unionid"], opened)

    for attempt in ("send", "send after a third party took the token"):
        batch = {"notification": "approval_submitted", "to": [{"openid": user["mini_openid"]}], "data": DATA}
        status, accepted = call("POST", f"{gateway}/send", batch, service_key)
        expect(attempt, status == 202 and accepted["accepted"] == 1, accepted)
        until(
            "status",
            lambda: call("GET", f"{gateway}/send/{accepted['id']}", token=service_key)[1],
            lambda batch: batch["counts"] == {"delivered": 1},
        )
        call("POST", f"{wechat}/_sim/rotate", {"times": 2})

    messages = call("GET", f"{wechat}/_sim/messages?user=0")[1]
    expect("messages", len(messages) == 2 and messages[0]["data"]["thing1"] == "张三", messages)

    status, diagnosis = call("GET", f"{gateway}/doctor", token=service_key)
    tokens = [check["state"] for check in diagnosis["checks"] if check["check"] == "token"]
    expect("doctor", status == 200 and tokens == ["ok", "ok"], diagnosis)

    status, begun = call("POST", f"{gateway}/forget", {"openid": user["mini_openid"]}, service_key)
    expect("forget", status == 202 and begun["deleted"]["identities"] == 2, begun)
    forgotten = until(
        "forgotten",
        lambda: call("GET", f"{gateway}/forget/{begun['id']}", token=service_key)[1],
        lambda forgotten: forgotten["state"] == "done",
    )
    expect("messages of whoever is forgotten", forgotten["deleted"]["messages"] == 2, forgotten["deleted"])


def metrics(log):
    """The names of the metrics that were written in CloudWatch's embedded format."""
    counted = set()
    for line in log:
        if '"_aws"' in line:
            directives = json.loads(line)["_aws"]["CloudWatchMetrics"]
            counted.update(metric["Name"] for of in directives for metric in of["Metrics"])
    return counted


def main():
    """Starts the stack, walks, ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/debug/queqiao")
    parser.add_argument("--bootstraps")
    arguments = parser.parse_args()
    command = [arguments.program, "--ephemeral", "--port", "0", "--simulator-port", "0", "--followers", "250"]
    if arguments.bootstraps:
        command += ["--bootstraps", arguments.bootstraps]
    log = tempfile.TemporaryFile("w+")
    stack = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        ready = stack.stdout.readline()
        if not ready:
            log.seek(0)
            sys.exit("the stack did not start: " + log.read()[-2000:])
        ready = json.loads(ready)
        walk(ready["gateway"], ready["wechat"], ready["service_key"])
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=30)
    expect("end", stack.returncode == 0, stack.returncode)
    if arguments.bootstraps:
        log.seek(0)
        counted = metrics(log)
        missing = [function for function, metric in FUNCTIONS.items() if metric not in counted]
        expect("metrics of every function", not missing, missing or sorted(counted))


if __name__ == "__main__":
    main()
