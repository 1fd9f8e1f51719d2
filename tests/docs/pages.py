"""The pages of the handbook, taken apart: headings, blocks of code, tables, links."""

import re
from dataclasses import dataclass, field
from pathlib import Path

# Where pages are; what is in the folders of the tools is not ours.
WHERE = ["README*.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/**/*.md", "miniprogram/README*.md",
         "simulator/README*.md", "vectors/README.md"]
FENCE = re.compile(r"^( *)(`{3,}|~{3,}) *(\S*)")
# The address may have one pair of parentheses in it.
LINK = re.compile(r"\]\(\s*<?([^()\s<>]*(?:\([^()]*\)[^()\s<>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s*(\S+)")
ATTRIBUTE = re.compile(r"\b(?:href|src)=\"([^\"]*)\"")
BARE = re.compile(r"<?(https?://[^\s<>)\]|（），。；：、」]+)")
ANCHOR = re.compile(r"\b(?:id|name)=\"([^\"]+)\"")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


@dataclass
class Block:
    """A fenced block of code."""

    line: int
    language: str
    text: str


@dataclass
class Page:
    """A page; `name` is its path from the root."""

    name: str
    lines: list
    headings: list = field(default_factory=list)  # (line, level, text)
    blocks: list = field(default_factory=list)
    tables: list = field(default_factory=list)  # (line, rows), each row a list of cells
    links: list = field(default_factory=list)  # (line, target)
    spans: list = field(default_factory=list)  # (line, text), each a piece of code within a sentence
    anchors: set = field(default_factory=set)


def pages(root):
    """Every page below the folder, by its name."""
    root = Path(root)
    files = sorted({file for pattern in WHERE for file in root.glob(pattern) if "node_modules" not in file.parts})
    return {name: read(name, (root / name).read_text("utf-8")) for name in (str(file.relative_to(root)) for file in files)}


def read(name, text):
    """Takes a page apart."""
    page = Page(name, text.split("\n"))
    prose = outside_of_blocks(page)
    rows = []
    for number, line in prose:
        heading = re.match(r"^(#{1,6})\s+(.*?)\s*#*$", line)
        if heading:
            page.headings.append((number, len(heading[1]), heading[2]))
        is_row = line.lstrip().startswith("|")
        if is_row:
            rows.append((number, cells(line)))
        elif rows:
            page.tables.append((rows[0][0], [row for _, row in rows]))
            rows = []
        page.spans += [(number, code[0].strip("` ")) for code in CODE.finditer(line)]
        plain = CODE.sub("", line)
        found = LINK.findall(plain) + DEFINITION.findall(plain) + ATTRIBUTE.findall(plain)
        known = set(found)
        found += [url.rstrip(".,;:") for url in BARE.findall(plain) if not any(url in one or one in url for one in known)]
        page.links += [(number, target) for target in found]
        page.anchors.update(ANCHOR.findall(line))
    if rows:
        page.tables.append((rows[0][0], [row for _, row in rows]))
    page.anchors |= slugs(text for _, _, text in page.headings)
    return page


def outside_of_blocks(page):
    """The lines that are no code, with their numbers; fills in the blocks."""
    prose, opened = [], None
    for number, line in enumerate(page.lines, 1):
        fence = FENCE.match(line)
        if opened is None and fence:
            opened = (number, fence, [])
        elif opened is None:
            prose.append((number, line))
        elif fence and fence[2].startswith(opened[1][2]) and not fence[3]:
            start, head, body = opened
            indent = len(head[1])
            text = "\n".join(one[min(indent, len(one) - len(one.lstrip(" "))):] for one in body)
            page.blocks.append(Block(start, head[3], text))
            opened = None
        else:
            opened[2].append(line)
    return prose


def cells(line):
    """The cells of a table's row; a bar behind a backslash, or in code, is none's end."""
    guarded = CODE.sub(lambda code: code[0].replace("|", "\0"), line.strip().replace("\\|", "\0"))
    return [cell.strip().replace("\0", "|") for cell in guarded.strip("|").split("|")]


def slugs(headings):
    """The anchors that GitHub makes of headings: letters of any script, digits, `-` and `_`."""
    made, seen = set(), {}
    for heading in headings:
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        again = seen.get(slug, 0)
        seen[slug] = again + 1
        made.add(f"{slug}-{again}" if again else slug)
    return made
