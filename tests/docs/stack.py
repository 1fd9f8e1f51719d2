"""Something to run commands against: a local stack, or the simulated WeChat alone, on the ports that the pages name."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PORTS = (9000, 9001, 9002)
MARK = "--8<--"
# What a sleep longer than this is for passes on the stack's clock instead.
LONGEST_SLEEP = 5


class Programs:
    """Where `queqiao` and the simulator were built."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.queqiao, self.simulator = self.folder / "queqiao", self.folder / "wechat-simulator"


def ports_are_free():
    """Whether nobody else is at the ports that the pages name."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


@contextlib.contextmanager
def started(command, folder):
    """Runs a program that says in one line of JSON where it is, until it is no longer needed."""
    with open(folder / "log", "w+", encoding="utf-8") as log:
        program = subprocess.Popen([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            line = program.stdout.readline()
            if not line:
                log.seek(0)
                raise RuntimeError(f"{command[0]} did not start: {log.read()[-2000:]}")
            yield json.loads(line)
        finally:
            program.send_signal(signal.SIGINT)
            program.wait(timeout=30)
            program.stdout.close()


class Nowhere(BaseHTTPRequestHandler):
    """An account in AWS in which no stack is: whatever comes of a command on one, its words were understood."""

    def do_POST(self):
        """Answers as CloudFormation does about a stack that it does not know."""
        body = (b"<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>"
                b"<Message>Stack does not exist</Message></Error></ErrorResponse>")
        self.send_response(400)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def nowhere():
    """Such an account; gives the variables with which programs find it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Nowhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_REGION": "us-east-1",
           "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "QUEQIAO_KEY": "qk_none", "ID": "x-1"}
    server.shutdown()
    server.server_close()


class Session:
    """A reader at a terminal: one bash, whose variables and functions stay from one statement to the next."""

    def __init__(self, folder, programs, ready):
        self.folder = folder
        (folder / ".curlrc").write_text("fail-with-body\nmax-time = 30\nno-progress-meter\n", "utf-8")
        variables = {
            "CURL_HOME": str(folder), "HOME": str(folder), "PATH": f"{programs.folder}:{os.environ['PATH']}",
            "LANG": "C.UTF-8", "WECHAT": ready["wechat"], "GATEWAY": ready.get("gateway", ""),
            "KEY": ready.get("service_key", ""), "no_proxy": "127.0.0.1",
        }
        self.errors = open(folder / "errors", "w+", encoding="utf-8")
        self.bash = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=folder, env=variables, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.run(f'sleep() {{ if [ "$1" -gt {LONGEST_SLEEP} ]; then '
                 'curl -s "$WECHAT/_sim/clock" -d "{\\"advance\\":$1}" >/dev/null; command sleep 1; '
                 'else command sleep "$1"; fi; }')

    def run(self, text):
        """Runs a statement; gives its exit code, and what it printed to either side."""
        (self.folder / "statement").write_text(text + "\n", "utf-8")
        self.errors.seek(0)
        self.errors.truncate()
        self.bash.stdin.write(f'. ./statement </dev/null; printf "\\n{MARK} %s\\n" $?\n')
        self.bash.stdin.flush()
        output = []
        for line in self.bash.stdout:
            if line.startswith(MARK):
                self.errors.seek(0)
                return int(line.split()[1]), "".join(output), self.errors.read()
            output.append(line)
        raise RuntimeError(f"bash ended at: {text}")

    def set(self, name, value):
        """Sets a variable that pages take for granted."""
        self.run(f"{name}='{value}'")

    def end(self):
        """Ends it."""
        self.bash.stdin.close()
        self.bash.wait(timeout=10)
        self.errors.close()


@contextlib.contextmanager
def local(programs):
    """A fresh local stack, kept in a folder of its own that has what a clone has; gives that and where the stack is."""
    with tempfile.TemporaryDirectory(prefix="handbook-") as folder:
        folder = Path(folder)
        for file in ("notifications.toml", "notifications.schema.json"):
            shutil.copy(ROOT / file, folder)
        (folder / "users.csv").write_text("openid,unionid\no1,u1\n", "utf-8")
        with started([programs.queqiao, "local"], folder) as ready:
            yield folder, ready


@contextlib.contextmanager
def wechat(programs):
    """The same of the simulated WeChat alone."""
    with tempfile.TemporaryDirectory(prefix="handbook-") as folder:
        with started([programs.simulator], Path(folder)) as ready:
            yield Path(folder), ready


def call(method, url, body=None, key=None):
    """One request; gives the decoded JSON."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        return json.load(answer)


def walk(ready):
    """A user logs in, the followers come in, and something is sent: what pages take for granted. Gives the batch."""
    code = call("POST", f"{ready['wechat']}/_sim/users/0/code")["code"]
    openid = call("POST", f"{ready['gateway']}/login", {"code": code})["openid"]
    call("POST", f"{ready['gateway']}/sync", key=ready["service_key"])
    data = {"applicant": "张三", "kind": "年假", "submitted_at": "2026-11-22 09:30", "content": "回家探亲", "id": "A-1"}
    batch = {"notification": "approval_submitted", "to": [{"openid": openid}], "data": data}
    return call("POST", f"{ready['gateway']}/send", batch, ready["service_key"])["id"]
