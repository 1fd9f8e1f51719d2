"""The commands of the pages: run as they are written where that harms nobody, and held against their program elsewhere."""

import itertools
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import answers
import dry
import shell
import stack
import twins

# Programs that may be run as they stand: they speak to the local stack, or to nobody.
RUN = {"curl", "cut", "echo", "grep", "jq", "sleep", "cat", "export", "read", "printf", "sed", "head", "tail", "rm", "true"}
# What `cargo run` alone or with options of its own starts; a verb is one of the operator's.
VERBS = {"keys", "catalog", "import", "send", "status", "replay", "templates", "sync", "doctor", "forget", "dead-letters", "cost"}
# Other names of what is `sh`; a whole program may have one, on the page that has the clients.
ALSO_SHELL = {"bash", "shell", "console", "zsh", "shell-session"}
# How clap ends a program whose command line it does not understand.
USAGE = 2
# What a route says that has understood the call, and has nothing of that id, or nothing to be done about it.
ELSEWHERE = ("not_found", "conflict")


@dataclass
class Tally:
    """What became of the commands."""

    ran: int = 0
    parsed: int = 0
    started: int = 0
    in_twin: int = 0
    skipped: list = field(default_factory=list)
    wrong: list = field(default_factory=list)


def check(pages, programs):
    """Every command of every page."""
    tally, done, later = Tally(), {}, []
    for page in sorted(pages.values(), key=lambda page: (twins.is_chinese(page.name), page.name)):
        tally.wrong += [f"{page.name}:{block.line}: write ```sh for ```{block.language}, so that it is checked"
                        for block in page.blocks if block.language in ALSO_SHELL and not page.name.endswith("clients.md")]
        try:
            script = [(block, statement) for block in page.blocks if block.language in ("sh", "json")
                      for statement in (shell.statements(block) if block.language == "sh" else [None])]
        except ValueError as error:
            tally.wrong.append(f"{page.name}: {error}")
            continue
        told = done.setdefault(min(page.name, twins.of(page.name) or page.name), set())
        live = []
        for block, statement in script:
            if statement is None:
                live.append((block, None))
                continue
            known = shell.uncommented(statement.filled).strip()
            is_known, _ = known in told, told.add(known)
            if is_known and twins.is_chinese(page.name):
                tally.in_twin += 1
                continue
            kind = classify(page, statement, tally, later)
            if kind == "run":
                live.append((block, statement))
        if any(statement for _, statement in live) and not page.name.endswith("clients.md"):
            run(page, live, programs, tally)
        later += spoken_of(page)
    parse(later, programs, tally)
    return tally


def spoken_of(page):
    """What a sentence calls the operator's program with. It need not be a whole command: `--help` makes it one."""
    found = []
    for line, text in page.spans:
        start = re.match(r"(?:queqiao|cargo run(?: --quiet)? --) ([^|]*)$", text)
        if start:
            words = [word for word in shell.fill(start[1]).split() if word != "--help"]
            found.append((f"{page.name}:{line}", "queqiao", [*words, "--help"]))
    return found


def classify(page, statement, tally, later):
    """Says whether a statement is run; one that is not is noted to be parsed, or looked at here."""
    functions = {name for name in re.findall(r"(?m)^(\w+)\(\)", "\n".join(page.lines))} | statement.functions
    folder, kinds = page.name.rpartition("/")[0] if page.name.startswith("miniprogram/") else "", set()
    where = f"{page.name}:{statement.line}"
    for words in statement.commands:
        program = words[0]
        if program == "cd":
            folder = os.path.normpath(os.path.join(folder, words[1])) if words[1] != ".." else os.path.dirname(folder)
            kinds.add("parse")
        elif program == "queqiao" or words[:2] == ["cargo", "run"]:
            kinds.add(operator(where, words, tally, later))
        elif program in dry.SKIPPED:
            tally.skipped.append(f"{where}: {program}: {dry.SKIPPED[program]}")
            kinds.add("skip")
        elif program in dry.PROGRAMS:
            why = dry.wrong(words, folder)
            tally.parsed += 1
            tally.wrong += [f"{where}: {' '.join(words)[:100]}: {why}"] if why else []
            kinds.add("parse")
        elif page.name.endswith("clients.md") and words[-1].startswith("A-"):
            kinds.add("run")  # by the check of the clients
        elif program == "python3" and (program, words[1]) == ("python3", "-c") or program in RUN | functions:
            kinds.add("run")
        else:
            tally.wrong.append(f"{where}: nobody knows how to check `{program}`")
            kinds.add("skip")
    return "run" if kinds <= {"run"} else "not"


def operator(where, words, tally, later):
    """`queqiao …` and `cargo run …`."""
    package = words[words.index("-p") + 1] if "-p" in words else "cli"
    arguments = words[1:]
    if words[0] == "cargo":
        arguments = words[words.index("--") + 1:] if "--" in words else []
    if package == "cli" and arguments and arguments[0] in VERBS:
        if "--stack" not in arguments:
            return "run"
        later.append((where, "queqiao", arguments))
        return "parse"
    if package not in ("cli", "simulator"):
        tally.wrong.append(f"{where}: nobody knows how to check `{' '.join(words)}`")
        return "skip"
    # It would not end by itself; `--help` behind the rest has the rest read. One such is what all of this runs on.
    tally.started += 1
    later.append((where, "queqiao" if package == "cli" else "wechat-simulator", [*arguments, "--help"]))
    return "parse"


def parse(later, programs, tally):
    """Has the programs read their command lines."""
    unique = {(program, *arguments): where for where, program, arguments in reversed(later)}
    with stack.nowhere() as variables, ThreadPoolExecutor(4) as pool:
        def one(command):
            words = [re.sub(r"\$\{?(\w+)\}?", lambda name: variables.get(name[1], "x"), word) for word in command[1:]]
            return subprocess.run([programs.folder / command[0], *words], env={**os.environ, **variables}, cwd=stack.ROOT,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        for (command, where), ended in zip(unique.items(), pool.map(one, unique)):
            # An option may be spoken of without its value.
            is_part = command[-1] == "--help" and "a value is required" in ended.stderr
            if ended.returncode == USAGE and not is_part:
                tally.wrong.append(f"{where}: {' '.join(command)}: {ended.stderr.strip().splitlines()[0]}")
    tally.parsed += len(later)


def run(page, live, programs, tally):
    """Runs a page's statements, in order, on a stack of its own; holds what they print against what the page shows."""
    place = stack.wechat if page.name.startswith("simulator/") else stack.local
    with place(programs) as (folder, ready):
        session = stack.Session(folder, programs, ready)
        text = "\n".join(statement.text for _, statement in live if statement)
        if "$ID" in text and "ID=" not in text:
            session.set("ID", stack.walk(ready))
        shown = answers.Shown(page.name)
        try:
            for block, group in itertools.groupby(live, key=lambda one: one[0]):
                if block.language == "json":
                    tally.wrong += shown.compare(block)
                    continue
                for _, statement in group:
                    # Nobody sends what is waited for there.
                    given = shown.as_given(statement.filled).replace("wait=10s", "wait=1s")
                    ran = re.sub(r"\bcargo run( --quiet| -q)? -- ", "queqiao ", given)
                    code, output, errors = session.run(ran)
                    tally.ran += 1
                    shown.note(block, output)
                    # What the walk sent need not be in the state that the page speaks of.
                    is_elsewhere = "$ID" in statement.text and any(f'"code":"{word}"' in output for word in ELSEWHERE)
                    expected = answers.in_comment(page, statement)
                    why = [] if is_elsewhere else answers.wrong(code, output, errors, expected)
                    tally.wrong += [f"{page.name}:{statement.line}: {one}" for one in why]
        finally:
            session.end()
