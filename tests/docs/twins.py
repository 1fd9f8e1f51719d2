"""Pages that are there in English and Chinese: whether one has what the other has."""

import itertools
import re

# The languages of blocks that are pictures or text, whose words are translated, too.
PROSE = {"", "text"}
COMMENT = re.compile(r"/\*.*?\*/|<!--.*?-->|(?:^|(?<=\s))(?:#(?!\d).*|//.*)$", re.M)
DOCSTRING = re.compile(r'^\s*"""[^"]*"""$', re.M)
PLACEHOLDER = re.compile(r"<[^<>\n]+>")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
IN_WORDS = {word: str(number) for number, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve".split())}
IN_WORDS |= {"once": "1", "twice": "2", "first": "1", "second": "2", "third": "3", "twenty": "20", "thirty": "30", "half": "2",
             "fifty": "50", "sixty": "60", "hundred": "100", "thousand": "1000", "a": "1", "an": "1"}
CHINESE_DIGITS = {digit: str(number) for number, digit in enumerate("零一二三四五六七八九十")} | {"两": "2", "百": "100", "千": "1000"}


def is_chinese(name):
    """Whether a page is one of those in Chinese."""
    return name.startswith("docs/zh/") or name.endswith(".zh-CN.md")


def of(name):
    """The other page's name; nothing for those that are there in one language."""
    if name.startswith("docs/zh/"):
        return "docs/" + name.removeprefix("docs/zh/")
    if name.startswith("docs/"):
        return "docs/zh/" + name.removeprefix("docs/")
    if name.endswith(".zh-CN.md"):
        return name.removesuffix(".zh-CN.md") + ".md"
    if name in ("README.md", "miniprogram/README.md"):
        return name.removesuffix(".md") + ".zh-CN.md"
    return None


def findings(pages):
    """A sentence for each difference, at the line of the Chinese page where there is one."""
    found = []
    for name, page in pages.items():
        other = of(name)
        if other is None:
            continue
        if other not in pages:
            found.append(f"{name}: its twin {other} is not there")
            continue
        found += introduced(page, other)
        if is_chinese(name):
            english = pages[other]
            found += [f"{name}{what}" for what in (*headings(english, page), *blocks(english, page), *tables(english, page))]
    return found


def introduced(page, other):
    """The second line leads to the twin."""
    up = "../" * (page.name.count("/") - (1 if other.startswith("docs/") and page.name.startswith("docs/") else 0))
    where = other.removeprefix("docs/") if page.name.startswith("docs/") else other.rpartition("/")[2]
    wanted = f"[{'English' if is_chinese(page.name) else '简体中文'}]({(up if page.name.startswith('docs/') else '') + where})"
    second = page.lines[1] if len(page.lines) > 1 else ""
    return [] if second.strip() == wanted else [f"{page.name}:2: is not {wanted}"]


def headings(english, chinese):
    """The same levels in the same order."""
    for one, other in itertools.zip_longest(english.headings, chinese.headings):
        if one is None or other is None or one[1] != other[1]:
            said = [f"{'#' * at[1]} {at[2]} (line {at[0]})" if at else "nothing" for at in (one, other)]
            return [f": the headings part at {said[1]}, where {english.name} has {said[0]}"]
    return []


def blocks(english, chinese):
    """The same code, but for comments and placeholders; of pictures the same number of lines."""
    if len(english.blocks) != len(chinese.blocks):
        return [f": has {len(chinese.blocks)} blocks of code, and {english.name} {len(english.blocks)}"]
    found = []
    for one, other in zip(english.blocks, chinese.blocks):
        where = f":{other.line}: the block is not that of {english.name}:{one.line}"
        if one.language != other.language:
            found.append(f"{where}: ```{other.language} and ```{one.language}")
        elif one.language in PROSE:
            if one.text.count("\n") != other.text.count("\n"):
                found.append(f"{where}: another number of lines")
        else:
            pairs = itertools.zip_longest(bare(one.text), bare(other.text), fillvalue="nothing")
            found += [f"{where}: {theirs!r} and {ours!r}" for ours, theirs in pairs if ours != theirs][:1]
    return found


def bare(code):
    """The lines of code without comments, and placeholders without their names."""
    code = DOCSTRING.sub("", COMMENT.sub("", code))
    lines = (" ".join(PLACEHOLDER.sub("<>", line).split()) for line in code.split("\n"))
    return [line for line in lines if line]


def tables(english, chinese):
    """As many tables, rows and cells, and the same numbers in each row."""
    if len(english.tables) != len(chinese.tables):
        return [f": has {len(chinese.tables)} tables, and {english.name} {len(english.tables)}"]
    found = []
    for (line, rows), (there, others) in zip(english.tables, chinese.tables):
        where = f"the table is not that of {english.name}:{line}"
        if [len(row) for row in rows] != [len(row) for row in others]:
            found.append(f":{there}: {where}: {len(others)} rows and {len(rows)}, or another number of cells")
            continue
        for at, (row, other) in enumerate(zip(rows, others)):
            less, more = numbers(row, other)
            if less or more:
                found.append(f":{there + at}: {where}: without {sorted(less)}, with {sorted(more)}")
    return found


def numbers(english, chinese):
    """The numbers of an English row that the Chinese one lacks, and the other way round. Either may write them as words."""
    ours, theirs = (set(NUMBER.findall(" ".join(row).replace(",", ""))) for row in (english, chinese))
    words = {IN_WORDS[word] for word in re.findall(r"[a-z]+", " ".join(english).lower()) if word in IN_WORDS}
    digits = {CHINESE_DIGITS[digit] for digit in "".join(chinese) if digit in CHINESE_DIGITS}
    return ours - theirs - digits, theirs - ours - words
