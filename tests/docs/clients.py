"""The clients of docs/clients.md: each is run as the page says, against a gateway that first loses an answer."""

import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import shell
import stack

# What a program's block is called on the page, and how it is kept in a file.
FILES = {"bash": "notify.sh", "python": "notify.py", "js": "notify.mjs", "java": "Notify.java", "go": "notify.go"}
LONGEST = 60
# Go fetches nothing.
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
INTERNAL = {"type": "urn:queqiao:error:internal", "title": "Internal Server Error", "status": 500, "code": "internal", "detail": "x"}


class Gateway(BaseHTTPRequestHandler):
    """The stack's gateway, with a bad line before it: of each notification the first answer is lost once it was taken,
    the second call is answered 503, and the third comes through. For approvals X-… it answers `internal`."""

    protocol_version = "HTTP/1.1"
    behind, sent, lock = "", {}, threading.Lock()

    def do_POST(self):
        """A notification."""
        body, key = self.rfile.read(int(self.headers["Content-Length"])), self.headers["Idempotency-Key"]
        with self.lock:
            calls = self.sent.setdefault(key, [])
            calls.append(body)
        if key and key.startswith("approval-X-"):
            self.answer(500, json.dumps(INTERNAL).encode(), "application/problem+json")
        elif len(calls) == 1:
            self.ask(body)
            self.close_connection = True
        elif len(calls) == 2:
            self.answer(503, b'{"message": "Service Unavailable"}', "application/json")
        else:
            self.answer(*self.ask(body))

    def do_GET(self):
        """What became of it."""
        self.answer(*self.ask(None))

    def ask(self, body):
        """Asks the gateway behind."""
        headers = {name: self.headers[name] for name in ("Authorization", "Idempotency-Key", "Content-Type") if self.headers[name]}
        request = urllib.request.Request(self.behind + self.path, body, headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers["Content-Type"]

    def answer(self, status, body, kind):
        """Answers."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def check(page, programs):
    """Runs each of them; gives what was done, and what is wrong."""
    with stack.local(programs) as (folder, ready):
        wrong = [f"{page.name}: has no block of {language}" for language in write(page, folder)]
        lines = commands(page)
        wrong += [f"{page.name}: does not say how to run {file}" for file in FILES.values() if not any(file in line for line in lines)]
        wrong += too_long(page)
        stack.walk(ready)
        Gateway.behind, Gateway.sent = ready["gateway"], {}
        server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {**os.environ, **OFFLINE, "QUEQIAO_GATEWAY": f"http://127.0.0.1:{server.server_port}",
                       "QUEQIAO_KEY": ready["service_key"]}

        def run(line):
            return subprocess.run(line, shell=True, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=90)
        hopeless = [line.replace(" A-", " X-") for line in lines]
        with ThreadPoolExecutor(len(lines) or 1) as pool:
            ended = list(pool.map(run, lines))
            refused = list(pool.map(run, hopeless))
        server.shutdown()
        server.server_close()
        sample = next((block.text for block in page.blocks if not block.language), "").partition(": ")[2]
        for line, one in zip(lines, ended):
            wrong += [f"{page.name}: `{line}`: {why}" for why in outcome(line, one, sample)]
        for line, one in zip(hopeless, refused):
            wrong += [f"{page.name}: `{line}`: {why}" for why in gave_up(line, one)]
    return f"{len(lines)} run, each through a lost answer and a 503 to {sample!r}", wrong


def write(page, folder):
    """Puts the programs into files; gives the languages of which there is none."""
    found = {block.language: block.text for block in page.blocks if block.language in FILES}
    for language, text in found.items():
        (folder / FILES[language]).write_text(text + "\n", "utf-8")
    return sorted(FILES.keys() - found.keys())


def commands(page):
    """The lines that run them."""
    statements = [one for block in page.blocks if block.language == "sh" for one in shell.statements(block)]
    return [shell.uncommented(one.text).strip() for one in statements if one.commands[0][-1].startswith("A-")]


def too_long(page):
    """A program that nobody reads to its end."""
    lengths = {block.line: sum(1 for line in block.text.split("\n") if line.strip())
               for block in page.blocks if block.language in FILES}
    return [f"{page.name}:{line}: {length} lines" for line, length in lengths.items() if length > LONGEST]


def outcome(line, ended, sample):
    """What is wrong with a run that was to come to its end."""
    approval = line.split()[-1]
    last = (ended.stdout.strip().splitlines() or ["nothing"])[-1]
    calls = Gateway.sent.get(f"approval-{approval}", [])
    found = []
    if ended.returncode != 0 or last != f"{approval}: {sample.strip()}":
        found.append(f"exit code {ended.returncode}, ends with {last!r}: {ended.stderr.strip()[-500:]}")
    if "never_logged_in" not in ended.stdout:
        found.append("does not say why somebody is rejected")
    if len(calls) != 3 or len(set(calls)) != 1:
        found.append(f"made {len(calls)} calls with its Idempotency-Key, with {len(set(calls))} bodies; 3 with the same were to be")
    return found


def gave_up(line, ended):
    """What is wrong with a run that was answered `internal`."""
    calls = Gateway.sent.get(f"approval-{line.split()[-1]}", [])
    found = [] if ended.returncode != 0 and "internal" in ended.stderr else [f"tells no failure: {ended.stderr.strip()[-300:]}"]
    return found + ([f"tries `internal` {len(calls)} times"] if len(calls) != 1 else [])
