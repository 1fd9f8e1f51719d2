#!/usr/bin/env python3
"""Has schemathesis call every route as openapi.yaml says, and as it does not say, against `cargo run` as it stands.

  python3 tests/schemathesis/run.py [--program target/debug/queqiao] [--contract openapi.yaml] [--seed N]

Nothing may be answered that the contract does not have, and nothing by a mistake of ours: no 5xx. Needs schemathesis
(.ci/requirements.in). What it finds is told with the call that shows it; --seed makes a run again.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
# How many cases a run has at least, and how many are made for each route by chance.
LEAST = 3000
BY_CHANCE = 250


def catalog(folder):
    """The catalog of the repository, with an entry that users may send, too."""
    entry = "[approval_submitted]\n"
    catalog = (HERE.parent.parent / "notifications.toml").read_text()
    file = folder / "notifications.toml"
    file.write_text(catalog.replace(entry, entry + 'allow = "anyone"\nper_day = 100000\n'))
    return file


def start(program, folder):
    """Starts a stack; gives it with its addresses."""
    command = [program, "--ephemeral", "--port", "0", "--simulator-port", "0", "--followers", "250"]
    log = open(folder / "log", "w+")
    stack = subprocess.Popen([*command, "--catalog", catalog(folder)], stdout=subprocess.PIPE, stderr=log, text=True)
    ready = stack.stdout.readline()
    if not ready:
        log.seek(0)
        sys.exit("the stack did not start: " + log.read()[-2000:])
    return stack, json.loads(ready)


def test(contract, seed, addresses, report):
    """Runs schemathesis; gives its exit code, and what it counted."""
    command = ["schemathesis", "--config-file", HERE / "schemathesis.toml", "run", contract, "--no-color"]
    command += ["--url", addresses["gateway"], "--seed", str(seed), "--max-examples", str(BY_CHANCE)]
    command += ["--report", "json", "--report-json-path", report]
    told = {name.upper(): value for name, value in addresses.items()}
    code = subprocess.call(command, env={**os.environ, **told, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")})
    if not report.exists():
        sys.exit("schemathesis did not run; it says why above")
    return code, json.loads(report.read_text())


def main():
    """Starts the stack, has it called, ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/debug/queqiao")
    parser.add_argument("--contract", default="openapi.yaml")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        stack, addresses = start(arguments.program, folder)
        began = time.monotonic()
        try:
            code, run = test(arguments.contract, arguments.seed, addresses, folder / "report.json")
        finally:
            stack.send_signal(signal.SIGINT)
            stack.wait(timeout=30)
        if code:
            errors = [line for line in open(folder / "log") if '"level":"ERROR"' in line]
            print("the stack's last errors:", *errors[-10:] or ["none"], sep="\n")
    cases = run["test_cases"]
    checked = cases["generated"] - cases["without_checks"]
    took = time.monotonic() - began
    print(f"schemathesis: {checked} cases, {cases['with_failures']} failures, seed {run['seed']}, {took:.0f} s")
    if code or cases["with_failures"] or cases["errored"]:
        sys.exit("schemathesis is not content; it says why above")
    if checked < LEAST:
        sys.exit(f"too few cases: {checked}, not {LEAST}")


if __name__ == "__main__":
    main()
