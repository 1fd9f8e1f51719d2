"""What commands answer, beside what the pages show of it: the same fields; what differs from run to run may differ."""

import json
import re

# Objects whose fields are data of that run and not of the contract.
COUNTS = {"counts", "calls", "credits", "data", "repairs"}
# A value that is an id, an openid or a token.
LONG = 16


def wrong(code, output, errors, expected):
    """What is wrong with a statement's end, by what the page says beside it."""
    fields = set(re.findall(r'"(\w+)":', expected)) if expected.startswith("{") else set()
    if code != 0 and "error" not in fields:
        return [f"exit code {code}: {(output + errors).strip()[:300]}"]
    missing = sorted(field for field in fields if f'"{field}":' not in output)
    return [f"the page shows {missing}, which the answer has not: {output.strip()[:300]}"] if missing else []


def in_comment(page, statement):
    """What a comment behind a statement, or in the next line, says that it answers."""
    last = statement.line - 1 + statement.text.count("\n")
    behind = re.search(r"\s# (\{.*)$", page.lines[last])
    below = re.match(r"\s*# (\{.*)$", page.lines[last + 1]) if last + 1 < len(page.lines) else None
    found = behind or below
    return found[1] if found else ""


class Shown:
    """The answers of one page."""

    def __init__(self, page):
        self.page, self.answers, self.block, self.replaced = page, [], None, {}

    def note(self, block, output):
        """Keeps what a statement printed until the page shows it."""
        self.answers = self.answers if self.block is block else []
        self.block = block
        for line in output.split("\n"):
            try:
                self.answers += [json.loads(line)] if line[:1] in ("{", "[") else []
            except ValueError:
                continue

    def as_given(self, text):
        """With the ids of this run, where a reader would put theirs."""
        for shown, given in self.replaced.items():
            text = text.replace(shown, given)
        return text

    def compare(self, block):
        """Holds a block of JSON against the answers before it."""
        where = f"{self.page}:{block.line}"
        try:
            lines = [json.loads(line) for line in block.text.split("\n") if line.strip()]
        except ValueError:
            return []
        if self.block is None or not self.answers:
            return []
        found, answered = [], self.answers
        self.answers = []
        if len(lines) != len(answered):
            return [f"{where}: shows {len(lines)} answers; there are {len(answered)}"]
        for one, other in zip(lines, answered):
            found += [f"{where}: {what}" for what in self.differs(one, other, "")]
        return found

    def differs(self, shown, given, path):
        """Fields that one of the two has not."""
        if isinstance(shown, dict) and isinstance(given, dict):
            if path.rpartition(".")[2] in COUNTS:
                return []
            less, more = given.keys() - shown.keys(), shown.keys() - given.keys()
            found = [f"does not show {path}.{name}" for name in sorted(less)]
            found += [f"shows {path}.{name}, which is not answered" for name in sorted(more)]
            return found + [one for name in shown.keys() & given.keys()
                            for one in self.differs(shown[name], given[name], f"{path}.{name}")]
        if isinstance(shown, list) and isinstance(given, list):
            return [one for a, b in zip(shown, given) for one in self.differs(a, b, f"{path}[]")]
        if isinstance(shown, str) and isinstance(given, str) and shown != given and len(shown) >= LONG:
            self.replaced[shown] = given
        return []
