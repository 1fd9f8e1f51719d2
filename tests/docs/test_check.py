#!/usr/bin/env python3
"""Whether the check of the handbook finds what it is for: each mistake is planted, and has to be told.

  python3 -m unittest discover -s tests/docs
"""

import subprocess
import tempfile
import unittest
from pathlib import Path

import answers
import clients
import commands
import dry
import links
import pages
import shell
import stack
import twins

ENGLISH = """# A page
[简体中文](zh/a.md)

## What is promised?

See [the other](b.md#two-words) and ![a picture](images/a.png).

| errcode | after | seconds |
|---|---|---|
| 40001 | 3 tries | 1,000 |

```sh
queqiao sync --stack <StackName>   # a comment
```
"""
CHINESE = """# 一页
[English](../a.md)

## 承诺什么？

见[另一页](b.md#两个-词)和![图](../images/a.png)。

| 错误码 | 之后 | 秒 |
|---|---|---|
| 40001 | 试三次 | 1000 |

```sh
queqiao sync --stack <堆栈名>   # 注释
```
"""
OTHER = {"docs/b.md": "# B\n[简体中文](zh/b.md)\n\n## Two `words`\n", "docs/zh/b.md": "# B\n[English](../b.md)\n\n## 两个 词\n"}


def findings(english=ENGLISH, chinese=CHINESE, **others):
    """What is found in two pages that are each other's twin."""
    with tempfile.TemporaryDirectory() as root:
        files = {"docs/a.md": english, "docs/zh/a.md": chinese, **OTHER, **others, "docs/images/a.png": ""}
        for name, text in files.items():
            if text is not None:
                (Path(root) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(root) / name).write_text(text, "utf-8")
        found = pages.pages(root)
        return links.findings(root, found) + twins.findings(found)


def told(block, name="docs/a.md"):
    """What is found in a block of shell that runs nothing."""
    page = pages.read(name, f"# A\n\n```sh\n{block}\n```\n")
    tally, later = commands.Tally(), []
    kinds = [commands.classify(page, one, tally, later) for one in shell.statements(page.blocks[0])]
    return tally, later, kinds


class Links(unittest.TestCase):
    def test_pages_without_a_mistake_have_no_findings(self):
        self.assertEqual(findings(), [])

    def test_a_link_to_nothing(self):
        self.assertIn("c.md#two-words is not there", findings(ENGLISH.replace("b.md#", "c.md#"))[0])

    def test_a_picture_that_is_gone(self):
        self.assertIn("images/b.png is not there", findings(ENGLISH.replace("a.png", "b.png"))[0])

    def test_an_anchor_of_no_heading(self):
        self.assertIn("no heading of that anchor", findings(ENGLISH.replace("#two-words", "#two"))[0])
        self.assertIn("no heading of that anchor", findings(chinese=CHINESE.replace("#两个-词", "#两个词"))[0])

    def test_an_address_that_is_none(self):
        self.assertIn("is no address", findings(ENGLISH.replace("b.md#two-words", "https://"))[0])

    def test_a_way_out_of_the_repository(self):
        self.assertIn("is not there", findings(ENGLISH.replace("b.md#two-words", "../../b.md"))[0])

    def test_a_chinese_page_that_leads_to_an_english_one(self):
        self.assertIn("is in the other language", findings(chinese=CHINESE.replace("b.md#两个-词", "../b.md"))[0])

    def test_what_is_in_code_is_no_link(self):
        self.assertEqual(findings(ENGLISH.replace("See", "See `[x](y.md)`")), [])


class Twins(unittest.TestCase):
    def test_a_page_without_its_twin(self):
        self.assertIn("docs/zh/b.md is not there", "\n".join(findings(**{"docs/zh/b.md": None})))

    def test_a_second_line_that_leads_elsewhere(self):
        self.assertIn("docs/zh/a.md:2", findings(chinese=CHINESE.replace("[English](../a.md)", "[English](../b.md)"))[-1])

    def test_another_level_of_a_heading(self):
        self.assertIn("the headings part at ### 承诺什么？", findings(chinese=CHINESE.replace("## 承诺", "### 承诺"))[0])

    def test_another_command(self):
        self.assertIn("'queqiao sink", findings(chinese=CHINESE.replace("queqiao sync", "queqiao sink"))[0])

    def test_a_block_too_few(self):
        self.assertIn("has 0 blocks of code", findings(chinese=CHINESE.partition("```")[0])[0])

    def test_another_number_in_a_table(self):
        for right, wrong in [("40001", "40002"), ("1000", "100"), ("三", "四")]:
            self.assertIn("the table is not that", findings(chinese=CHINESE.replace(right, wrong))[0])

    def test_a_row_too_many(self):
        self.assertIn("4 rows and 3", findings(chinese=CHINESE.replace("| 1000 |", "| 1000 |\n| 1 | 1 | 1 |"))[0])


class Commands(unittest.TestCase):
    def test_a_program_that_nobody_knows(self):
        self.assertIn("nobody knows how to check `kubectl`", told("kubectl get pods")[0].wrong[0])
        self.assertIn("nobody knows how to check `kubectl`", told('X="$(kubectl get pods | cut -c1)"')[0].wrong[0])

    def test_an_option_that_is_none(self):
        for command, why in [
            ("aws sqs start-message-move-task --source-arm <ARN>", "no option --source-arm"),
            ("aws sqs start-message-moving --source-arn <ARN>", "no operation"),
            ("aws sqs list-message-move-tasks", "--source-arn is missing"),
            ("aws dynamodb list-backups --backup-type OURS", "is none of"),
            ("aws dynamodb update-time-to-live --table-name <T> --time-to-live-specification On=1", "has no On"),
            ("sam deploy --guide", "no option --guide"),
            ("cargo lambda build --arm65", "no option --arm65"),
            ("cargo test -p nobody", "no package nobody"),
            ("cargo install --path cli --features gcp", "no feature gcp"),
            ("npm run nothing", "no script nothing"),
            ("pip install left-pad", "has no left-pad"),
            ("rustup target add z80", "no target z80"),
        ]:
            name = "miniprogram/README.md" if command.startswith("npm") else "docs/a.md"
            self.assertIn(why, "\n".join(told(command, name)[0].wrong), command)

    def test_what_is_right_is_not_told(self):
        for command in ["sam deploy --guided --config-env prod", "cargo fmt --all --check", "rustup target add wasm32-wasip1",
                        "aws dynamodb update-table --table-name <T> --no-deletion-protection-enabled",
                        "aws lambda invoke --function-name <F> --payload '{}' answer.json"]:
            self.assertEqual(told(command)[0].wrong, [])

    def test_what_is_run_and_what_is_not(self):
        _, later, kinds = told("curl -s $GATEWAY/sync\nqueqiao sync --stack <StackName> > x\ncargo run -- --port 0\ncargo run -- sync")
        self.assertEqual(kinds, ["run", "not", "not", "run"])
        self.assertEqual([command for _, _, command in later], [["sync", "--stack", "queqiao-prod"], ["--port", "0", "--help"]])

    def test_what_a_sentence_speaks_of(self):
        page = pages.read("docs/a.md", "Say `queqiao keys revoke` or `cargo run -- keys list`, not `queqiao catalog show|push` or `queqiao`.")
        found = [" ".join(words) for _, _, words in commands.spoken_of(page)]
        self.assertEqual(found, ["keys revoke --help", "keys list --help"])

    def test_a_command_line_that_the_program_does_not_understand(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "queqiao"
            program.write_text('#!/bin/sh\ncase "$*" in *--stock*) echo "error: unexpected argument" >&2; exit 2;; esac\nexit 1\n')
            program.chmod(0o700)
            tally, later, _ = told("queqiao sync --stack <StackName>\nqueqiao sync --stock 1 --stack <StackName>")
            commands.parse(later, stack.Programs(folder), tally)
        self.assertEqual(tally.wrong, ["docs/a.md:5: queqiao sync --stock 1 --stack queqiao-prod: error: unexpected argument"])

    def test_statements_are_those_of_bash(self):
        block = pages.Block(1, "sh", "A=$(b 'c d' |\n  e) # f; g\ncat <<'X'\nh; i\nX\nj \\\n  --k && (l; m)\nn() { o; }")
        found = [one.commands for one in shell.statements(block)]
        self.assertEqual(found, [[["b", "c d"], ["e"]], [["cat"]], [["j", "--k"], ["l"], ["m"]], [["o"]]])

    def test_what_bash_does_not_read(self):
        with self.assertRaises(ValueError):
            shell.statements(pages.Block(1, "sh", "echo 'never closed"))

    def test_an_answer_that_is_not_the_one_shown(self):
        self.assertEqual(answers.wrong(0, '{"now":1}', "", '{"now":2}'), [])
        self.assertIn("the page shows ['then']", answers.wrong(0, '{"now":1}', "", '{"then":2}')[0])
        self.assertIn("exit code 22", answers.wrong(22, "", "404", "")[0])
        block, shown = pages.Block(1, "sh", ""), answers.Shown("a.md")
        shown.note(block, '{"id":"given-given-given","n":1}\n')
        found = shown.compare(pages.Block(2, "json", '{"id":"shown-shown-shown","m":1}'))
        self.assertEqual(found, ["a.md:2: does not show .n", "a.md:2: shows .m, which is not answered"])
        self.assertEqual(shown.as_given("curl /send/shown-shown-shown"), "curl /send/given-given-given")

    def test_every_program_is_looked_at_in_one_way(self):
        self.assertFalse(commands.RUN & dry.PROGRAMS.keys())


class Clients(unittest.TestCase):
    SAMPLE, LINE = "1 taken", "python3 notify.py A-1"

    def found(self, code=0, said="never_logged_in\nA-1: 1 taken\n", calls=(b"x", b"x", b"x"), key="approval-A-1"):
        """What is found in a run."""
        clients.Gateway.sent = {key: list(calls)}
        return "".join(clients.outcome(self.LINE, subprocess.CompletedProcess("", code, said, "why"), self.SAMPLE))

    def test_a_client_that_does_what_the_page_says(self):
        self.assertEqual(self.found(), "")

    def test_another_last_line(self):
        self.assertIn("ends with 'A-1: 2 taken'", self.found(said="never_logged_in\nA-1: 2 taken"))
        self.assertIn("exit code 1", self.found(code=1))

    def test_a_client_that_gives_up_or_changes_what_it_sends(self):
        self.assertIn("made 1 calls", self.found(calls=[b"x"]))
        self.assertIn("with 2 bodies", self.found(calls=[b"x", b"x", b"y"]))
        self.assertIn("made 0 calls", self.found(key=None))

    def test_whoever_tries_what_cannot_help(self):
        clients.Gateway.sent = {"approval-X-1": [b"x", b"x"]}
        ended = subprocess.CompletedProcess("", 1, "", "internal 500")
        self.assertIn("tries `internal` 2 times", clients.gave_up("go run notify.go X-1", ended)[0])
        self.assertIn("tells no failure", clients.gave_up("go run notify.go X-1", subprocess.CompletedProcess("", 0, "", ""))[0])

    def test_a_program_that_is_not_there_or_too_long(self):
        page = pages.read("docs/clients.md", "```go\n" + "x\n" * 61 + "```\n")
        self.assertIn("61 lines", clients.too_long(page)[0])
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(clients.write(page, Path(folder)), ["bash", "java", "js", "python"])


if __name__ == "__main__":
    unittest.main()
