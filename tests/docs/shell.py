"""Commands of a block of shell: its statements, and the programs that each of them starts."""

import re
import subprocess
from dataclasses import dataclass, field

PLACEHOLDER = re.compile(r"<([A-Za-z\u4e00-\u9fff][^<>\n]*)>")
# What a reader would put there, by what the placeholder's name says.
VALUES = [
    (r"^https?://", lambda name: re.sub(r":port$", ":3128", name)),
    (r"(?i)url", lambda name: "https://sqs.us-east-1.amazonaws.com/123456789012/name"),
    (r"(?i)arn", lambda name: "arn:aws:sqs:us-east-1:123456789012:name"),
    (r"(?i)table", lambda name: "queqiao-prod-Table"),
    (r"(?i)stack", lambda name: "queqiao-prod"),
    (r"(?i)openid", lambda name: "oGx4MnA1FHGxwuufitytlkMBvjDA"),
    (r"(?i)key", lambda name: "qk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
]
RESERVED = {"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!", "time"}
# What stands for the rest of the example that the pages go by.
REST = ('"kind": "年假", "submitted_at": "2026-11-22 09:30", "content": "回家探亲", "id": "A-42"')


@dataclass
class Statement:
    """What bash takes at once; `commands` are the words of each program that it starts."""

    line: int
    text: str
    filled: str = ""
    commands: list = field(default_factory=list)
    functions: set = field(default_factory=set)


def fill(text):
    """Puts something plausible where the reader is to put their own."""
    def value(name):
        return next((of(name) for pattern, of in VALUES if re.search(pattern, name)), "x-1")
    text = PLACEHOLDER.sub(lambda found: value(found[1]), text)
    text = text.replace('"…"', '"oGx4MnA1FHGxwuufitytlkMBvjDA"').replace(", …}", f", {REST}}}")
    # A comment may go on with dots; a value is an id then.
    return re.sub(r"(?<=\S)…", "0123456789abcdef", text) if "…" in uncommented(text) else text


def uncommented(text):
    """Without comments, as far as no quote is looked at."""
    return re.sub(r"(?m)(?:^|\s)#.*$", "", text)


def statements(block):
    """The statements of a block, in order. Raises ValueError for what bash does not read to its end."""
    found, pending, start = [], [], 0
    for number, line in enumerate(block.text.split("\n"), block.line + 1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if pending else number
        pending.append(line)
        text = "\n".join(pending)
        filled = fill(text)
        if not is_whole(filled):
            continue
        found.append(Statement(start, text, filled))
        Words(filled, found[-1]).read()
        pending = []
    if pending:
        raise ValueError(f"line {start}: bash does not read it: {pending[0]}")
    return found


def is_whole(text):
    """Whether bash would begin to run it."""
    if text.endswith("\\"):
        return False
    checked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    return checked.returncode == 0 and "here-document" not in checked.stderr


class Words:
    """Reads a statement as bash does, as far as words, quotes, pipes, substitutions and redirections go."""

    def __init__(self, text, statement):
        self.text, self.at, self.statement, self.documents = text, 0, statement, []

    def read(self, end=""):
        """Reads to the end, or to a closing parenthesis."""
        words, word = [], None
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == end and char:
                break
            self.at += 1
            if char == "\\" and self.text.startswith("\n", self.at):
                char = " "
                self.at += 1
            if char in " \t\n;|&()" or char == "#" and word is None:
                if char == "(" and word is not None and self.text.startswith(")", self.at):
                    self.statement.functions.add(word)
                    word, self.at = None, self.at + 1
                    continue
                words += [word] if word is not None else []
                word = None
                if char == "#":
                    self.at = self.line_end()
                elif char not in " \t":
                    self.finish(words)
                    words = []
                if char == "\n":
                    self.skip_documents()
            elif char in "<>":
                word = None if word is not None and word.isdigit() else word
                words += [word] if word is not None else []
                word = None
                self.redirect()
            else:
                word = (word or "") + self.piece(char)
        self.finish(words + ([word] if word is not None else []))

    def piece(self, char):
        """A part of a word."""
        if char == "\\":
            self.at += 1
            return self.text[self.at - 1]
        if char == "'":
            start, self.at = self.at, self.text.index("'", self.at) + 1
            return self.text[start:self.at - 1]
        if char == '"':
            inner = ""
            while self.text[self.at] != '"':
                self.at += 1
                inner += self.piece(self.text[self.at - 1]) if self.text[self.at - 1] in "\\$" else self.text[self.at - 1]
            self.at += 1
            return inner
        if char == "$" and self.text.startswith("(", self.at):
            self.at += 1
            self.read(")")
            self.at += 1
            return "$()"
        if char == "`":
            raise ValueError(f"line {self.statement.line}: write $(…) for a backtick")
        return char

    def redirect(self):
        """Passes over where output goes or input comes from."""
        operator = re.compile(r"[<>]?&?-?\s*").match(self.text, self.at)[0]
        is_document = self.text[self.at - 1] == "<" and operator.startswith("<")
        self.at += len(operator)
        if self.text.startswith("(", self.at):
            self.at += 1
            self.read(")")
            self.at += 1
            return
        target = ""
        while self.at < len(self.text) and self.text[self.at] not in " \t\n;|&()<>":
            self.at += 1
            target += self.piece(self.text[self.at - 1])
        if is_document:
            self.documents.append(target)

    def line_end(self):
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def skip_documents(self):
        for delimiter in self.documents:
            end = re.compile(rf"(?m)^\s*{re.escape(delimiter)}$").search(self.text, self.at)
            self.at = end.end() if end else len(self.text)
        self.documents = []

    def finish(self, words):
        """Notes a program with its arguments; what only sets variables starts none."""
        while words and words[0] in RESERVED:
            words = words[1:]
        while words and re.match(r"^\w+\+?=", words[0]):
            words = words[1:]
        if words and words[0] not in ("for", "case", "esac", "function"):
            self.statement.commands.append(words)
