"""Links that lead nowhere. Those with a scheme are looked at for their form alone: nothing is fetched."""

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import twins


def findings(root, pages):
    """A sentence for each."""
    return [f"{page.name}:{line}: {what}" for page in pages.values() for line, target in page.links
            for what in wrong(Path(root), pages, page, line, target)]


def wrong(root, pages, page, line, target):
    """What is wrong with one link."""
    if "://" in target or target.startswith("mailto:"):
        try:
            parts = urlsplit(target)
            host = parts.hostname or ""
            is_one = parts.scheme == "mailto" or parts.scheme in ("http", "https") and ("." in host or host == "localhost")
        except ValueError:
            is_one = False
        return [] if is_one else [f"{target} is no address"]
    path, _, anchor = target.partition("#")
    if path.startswith("/"):
        return [f"{target} begins with a slash, which leads out of the repository"]
    name = normal(PurePosixPath(page.name).parent / unquote(path)) if path else page.name
    if name is None or not (root / name).exists():
        return [f"{target} is not there"]
    if not anchor:
        return by_language(pages, page, line, name)
    if name in pages and unquote(anchor) not in pages[name].anchors:
        return [f"{target}: {name} has no heading of that anchor"]
    return by_language(pages, page, line, name)


def by_language(pages, page, line, name):
    """Whoever reads Chinese is led to Chinese pages where there are some, and the other way round."""
    other = twins.of(name)
    leads_astray = other in pages and twins.is_chinese(page.name) != twins.is_chinese(name)
    # Pages without a twin serve the readers of both.
    is_in_both = twins.of(page.name) in pages and line > 2
    return [f"{name} is in the other language; this page's is {other}"] if leads_astray and is_in_both else []


def normal(path):
    """The path without `..`, or nothing where it leads out of the repository."""
    parts = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."
