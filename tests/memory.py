#!/usr/bin/env python3
"""Sends the release bootstraps the largest requests that they take and that they refuse, and reads how much memory
each needed at most: 80 % of its MemorySize is the bound. Python's standard library only.

  python3 tests/memory.py [--program target/debug/queqiao] [--bootstraps target/lambda]
"""

import argparse
import json
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

MB = 1024 * 1024
# A template's value has 20 characters at most, so more data than this is refused.
FIELDS = {
    "applicant": "张三",
    "kind": "年假",
    "submitted_at": "2026-11-22 09:30",
    "content": "一二三四五六七八九十一二三四五六七八九十",
    "id": "A-42",
}


def call(method, url, body=None, token=None):
    """One request; gives the status, and the JSON where there is some."""
    request = urllib.request.Request(url, method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    data = body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text.startswith((b"{", b"[")) else None
    except urllib.error.HTTPError as error:
        return error.code, None


def peaks(bootstraps):
    """The most memory that a process of each function has had so far, in MB."""
    most = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            program = pathlib.Path(process.joinpath("exe").readlink())
            if program.name == "bootstrap" and bootstraps in program.parents:
                status = process.joinpath("status").read_text()
                peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
                most[program.parent.name] = max(most.get(program.parent.name, 0), peak)
        except OSError:
            continue
    return most


def sizes():
    """Each function's MemorySize in template.yaml, in MB."""
    template = pathlib.Path("template.yaml").read_text()
    common = int(re.search(r"^    MemorySize: (\d+)$", template, re.MULTILINE)[1])
    own = {}
    for function in re.split(r"\n(?=  \w+:\n)", template):
        if name := re.search(r"CodeUri: target/lambda/(\w+)/", function):
            size = re.search(r"^      MemorySize: (\d+)$", function, re.MULTILINE)
            own[name[1]] = int(size[1]) if size else common
    return own


def settled(gateway, key, batch):
    """Waits until no message of a batch is on its way."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        counts = call("GET", f"{gateway}/send/{batch}", token=key)[1]["counts"]
        if not set(counts) & {"queued", "retrying"}:
            return
        time.sleep(1)
    sys.exit("a batch is not done after five minutes")


def expect(what, status, wanted):
    """Tells what was answered, or ends the program."""
    if status not in wanted:
        sys.exit(f"{what}: {status}, and not one of {wanted}")
    print(f"{what}: {status}", flush=True)


def refused(gateway, key, session):
    """As much as an event of Lambda's holds, to every route that takes a body."""
    bodies = {
        "a text": b'"' + b"A" * (5 * MB) + b'"',
        "a list of objects": b'{"notification":"approval_submitted","to":[' + b",".join([b"{}"] * (MB * 3 // 2)) + b"]}",
        "a list of lists": b"[" * (2 * MB) + b"]" * (2 * MB),
        "many names": b"{" + b",".join(b'"%d":1' % n for n in range(400_000)) + b"}",
    }
    for path in ["login", "logout", "decrypt", "send", "send/x/replay", "sync", "forget", "events"]:
        for what, body in bodies.items():
            for token in [key, session]:
                status = call("POST", f"{gateway}/{path}", body, token)[0]
                if status not in (400, 401, 403, 404, 413):
                    sys.exit(f"/{path}, {what}: {status}")
    print("5 MB of each kind to every route: refused", flush=True)


def largest(gateway, wechat, key, session):
    """The largest requests that are taken."""
    users = call("GET", f"{wechat}/_sim/users?from=0&n=10000")[1]
    to = [{"openid": user["mini_openid"], "data": FIELDS} for user in users]
    expect("10,000 recipients by openid", *send(gateway, key, {"notification": "approval_submitted", "to": to}))
    body = {"notification": "approval_submitted", "to": [{"openid": f"nobody{n}"} for n in range(10_000)], "data": FIELDS}
    began = time.monotonic()
    expect("10,000 openids that nobody has", *send(gateway, key, body))
    print(f"  answered after {time.monotonic() - began:.1f} s", flush=True)
    own = {"unionid": users[0]["unionid"], "data": FIELDS | {"content": "一" * 20, "applicant": "二" * 20, "kind": "三" * 20}}
    # As it stands in an event, where a quote has two bytes.
    fit = 4 * MB * 98 // 100 // len(json.dumps(json.dumps(own, ensure_ascii=False), ensure_ascii=False).encode())
    to = [own | {"unionid": user["unionid"]} for user in users[:fit]]
    status, batch = call("POST", f"{gateway}/send", {"notification": "approval_submitted", "to": to}, key)
    expect(f"{len(to)} recipients with data of their own", status, [202])
    settled(gateway, key, batch["id"])
    expect("its status", call("GET", f"{gateway}/send/{batch['id']}", token=key)[0], [200])
    expect("its replay", call("POST", f"{gateway}/send/{batch['id']}/replay", {}, key)[0], [202])
    sealed = call("POST", f"{wechat}/_sim/users/0/sealed", {"nickName": "a" * 20_000})[1]
    expect("60 KB of sealed data", call("POST", f"{gateway}/decrypt", sealed, session)[0], [200])
    status, begun = call("POST", f"{gateway}/forget", {"unionid": users[0]["unionid"]}, key)
    expect("a user who is forgotten", status, [202])
    while call("GET", f"{gateway}/forget/{begun['id']}", token=key)[1]["state"] != "done":
        time.sleep(1)


def send(gateway, key, body):
    """POST /send, and what it is to answer."""
    return call("POST", f"{gateway}/send", body, key)[0], [202]


def main():
    """Starts the stack, sends, measures, ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/debug/queqiao")
    parser.add_argument("--bootstraps", default="target/lambda")
    parser.add_argument("--json", action="store_true", help="print each figure as a line of JSON, as bench does")
    arguments = parser.parse_args()
    bootstraps = pathlib.Path(arguments.bootstraps).resolve()
    command = [arguments.program, "--ephemeral", "--port", "0", "--simulator-port", "0", "--followers", "10000"]
    command += ["--bootstraps", arguments.bootstraps]
    stack = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = json.loads(stack.stdout.readline())
        gateway, wechat, key = ready["gateway"], ready["wechat"], ready["service_key"]
        idle = peaks(bootstraps)
        while call("POST", f"{gateway}/sync", token=key)[1]["state"] != "done":
            pass
        code = call("POST", f"{wechat}/_sim/users/0/code")[1]["code"]
        session = call("POST", f"{gateway}/login", {"code": code})[1]["token"]
        for user in range(1, 100):
            call("POST", f"{gateway}/login", {"code": call("POST", f"{wechat}/_sim/users/{user}/code")[1]["code"]})
        refused(gateway, key, session)
        after_refusals = peaks(bootstraps)
        largest(gateway, wechat, key, session)
        after_all = peaks(bootstraps)
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=60)
    if not arguments.json:
        print("\n| function | MemorySize | at rest | after refusals | at most | share |\n|---|---|---|---|---|---|")
    for name, size in sizes().items():
        rest, refusals, peak = idle.get(name, 0), after_refusals.get(name, 0), after_all.get(name, 0)
        if arguments.json:
            print(json.dumps({
                "job": "memory",
                "what": f"{name}: at most",
                "figure": peak,
                "unit": "MB",
                "bound": size,
                "held_against": "MemorySize",
                "ratio": peak / size,
                "beside": {"MB at rest": rest, "MB after refusals": refusals},
            }))
        else:
            print(f"| `{name}` | {size} MB | {rest:.0f} MB | {refusals:.0f} MB | {peak:.0f} MB | {peak / size:.0%} |")
    over = [name for name, size in sizes().items() if not 0 < after_all.get(name, 0) <= 0.8 * size]
    if over:
        sys.exit(f"not measured, or over 80 % of MemorySize: {', '.join(over)}")


if __name__ == "__main__":
    main()
