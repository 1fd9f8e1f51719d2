"""Commands that are not run here, because they build, install or deploy: whether their program would take them."""

import functools
import json
import re
import subprocess
import tomllib
from pathlib import Path

import awscli

ROOT = Path(__file__).resolve().parents[2]
# Subcommands whose help leaves the rest to another's.
MORE_HELP = {("cargo", "clippy"): ("cargo", "check"), ("npm", "test"): ("npm", "run")}


@functools.cache
def help_of(*command):
    """What a program says of itself."""
    said = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60, cwd=ROOT)
    return said.stdout + said.stderr if said.returncode == 0 else ""


def wrong(words, folder):
    """What is wrong with a command of one of these programs, in this folder; nothing where all is right."""
    return PROGRAMS[words[0]](words, folder)


def wrong_options(command, words):
    """The subcommand, and each option of it, is in its help."""
    said = help_of(*command)
    if not said:
        return f"there is no `{' '.join(command)}`"
    more = MORE_HELP.get(tuple(command))
    said += help_of(*more) if more else ""
    options = [word.partition("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)]
    unknown = [option for option in options if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", said)]
    return f"`{' '.join(command)}` has no option {unknown[0]}" if unknown else ""


@functools.cache
def members():
    """The workspace's packages, each with its manifest."""
    listed = subprocess.run(["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"],
                            capture_output=True, text=True, cwd=ROOT, check=True)
    return {package["name"]: package for package in json.loads(listed.stdout)["packages"]}


def cargo(words, folder):
    """`cargo test`, `cargo lambda build`, …; packages, paths and features are there."""
    depth = 3 if words[1] == "lambda" or words[1:3] == ["deny", "check"] else 2
    options = words[:words.index("--")] if "--" in words else words
    why = wrong_options(words[:depth], options[depth:])
    named = dict(zip(options, options[1:]))
    packages = [after for before, after in zip(options, options[1:]) if before in ("-p", "--package")]
    strangers = [one for one in packages if one not in members()]
    if why or strangers:
        return why or f"the workspace has no package {strangers[0]}"
    if "--path" in named:
        manifest = ROOT / folder / named["--path"] / "Cargo.toml"
        if not manifest.is_file():
            return f"there is no package in {named['--path']}"
        features = tomllib.loads(manifest.read_text("utf-8")).get("features", {})
        asked = [one for one in named.get("--features", "").split(",") if one and one not in features]
        return f"{named['--path']} has no feature {asked[0]}" if asked else ""
    return ""


def npm(words, folder):
    """`npm ci`, `npm run build`, …; scripts are in the folder's package.json."""
    why = wrong_options(words[:2], words[2:])
    script = {"test": "test"}.get(words[1], words[2] if words[1] in ("run", "run-script") and len(words) > 2 else None)
    if why or script is None:
        return why
    package = ROOT / folder / "package.json"
    scripts = json.loads(package.read_text("utf-8"))["scripts"] if package.is_file() else {}
    return "" if script in scripts else f"{folder or 'the folder'} has no script {script}"


def pip(words, folder):
    """`pip install …` of what this project takes from there."""
    wanted = (ROOT / ".ci/requirements.in").read_text("utf-8")
    packages = [word for word in words[2:] if not word.startswith("-")]
    strangers = [one for one in packages if not re.search(rf"(?m)^{re.escape(one)}(\[|==)", wanted)]
    return wrong_options(words[:2], words[2:]) or (f".ci/requirements.in has no {strangers[0]}" if strangers else "")


def rustup(words, folder):
    """`rustup target add …` of a target that there is."""
    depth = 3 if words[1] in ("target", "toolchain", "component") else 2
    why = wrong_options(words[:depth], words[depth:])
    if why or words[1] != "target":
        return why
    targets = subprocess.run(["rustc", "--print", "target-list"], capture_output=True, text=True, check=True).stdout.split()
    strangers = [one for one in words[3:] if not one.startswith("-") and one not in targets]
    return f"there is no target {strangers[0]}" if strangers else ""


def sam(words, folder):
    """`sam deploy …`, with parameters that the template has, for a stack of samconfig.toml."""
    why = wrong_options(words[:2], words[2:])
    named = dict(zip(words, words[1:]))
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    if not why and named.get("--config-env", "prod") not in environments:
        why = f"samconfig.toml has no {named['--config-env']}"
    template = (ROOT / "template.yaml").read_text("utf-8")
    given = words[words.index("--parameter-overrides") + 1:] if "--parameter-overrides" in words else []
    for parameter in (word.partition("=")[0] for word in given if "=" in word):
        if not why and not re.search(rf"(?m)^  {re.escape(parameter)}:$", template):
            why = f"template.yaml has no parameter {parameter}"
    return why


def aws(words, folder):
    """`aws …`."""
    return awscli.wrong(words)


def python3(words, folder):
    """A program of this repository."""
    return "" if (ROOT / folder / words[1]).is_file() else f"there is no {words[1]}"


PROGRAMS = {"cargo": cargo, "npm": npm, "pip": pip, "rustup": rustup, "sam": sam, "aws": aws}
# Whose programs are not among the tools, so that nobody can tell.
SKIPPED = {"uv": "uv is none of the tools that .ci/run installs"}
