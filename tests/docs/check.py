#!/usr/bin/env python3
"""Holds the handbook to what is so: links, twins in English and Chinese, commands, and the clients of docs/clients.md.

  python3 tests/docs/check.py [--programs target/debug] [--only links,twins,commands,clients]

Starts local stacks on the ports that the pages name, 9000 to 9002. The programs are `queqiao`, built with the feature
`aws`, and `wechat-simulator`. Needs botocore (moto brings it), curl, jq, Node, Java and Go.
"""

import argparse
import sys
import time

import pages
import stack


def main():
    """Tells every finding; exits with 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", default="target/debug")
    parser.add_argument("--only", default="links,twins,commands,clients")
    arguments = parser.parse_args()
    handbook = pages.pages(stack.ROOT)
    found = []
    for part in arguments.only.split(","):
        since = time.monotonic()
        said, wrong = PARTS[part](handbook, stack.Programs(arguments.programs))
        print(f"{part}: {said} ({time.monotonic() - since:.1f} s)", flush=True)
        found += wrong
    for finding in found:
        print(finding, file=sys.stderr)
    sys.exit(f"{len(found)} findings" if found else 0)


def of_links(handbook, _):
    import links
    count = sum(len(page.links) for page in handbook.values())
    return f"{count} in {len(handbook)} pages", links.findings(stack.ROOT, handbook)


def of_twins(handbook, _):
    import twins
    pairs = [page for page in handbook.values() if twins.is_chinese(page.name)]
    rows = sum(len(rows) for page in pairs for _, rows in page.tables)
    blocks = sum(len(page.blocks) for page in pairs)
    return f"{len(pairs)} pairs, {blocks} blocks, {rows} rows of tables", twins.findings(handbook)


def of_commands(handbook, programs):
    import commands
    in_use()
    tally = commands.check(handbook, programs)
    for skipped in tally.skipped:
        print(f"  skipped {skipped}")
    said = (f"{tally.ran} run, {tally.parsed} parsed ({tally.started} of them start something), "
            f"{tally.in_twin} as in their twin, {len(tally.skipped)} skipped")
    return said, tally.wrong


def of_clients(handbook, programs):
    import clients
    in_use()
    return clients.check(handbook["docs/clients.md"], programs)


def in_use():
    """The pages name ports; nothing else can be there."""
    if not stack.ports_are_free():
        sys.exit(f"one of the ports {', '.join(map(str, stack.PORTS))} is taken; the pages name them")


PARTS = {"links": of_links, "twins": of_twins, "commands": of_commands, "clients": of_clients}

if __name__ == "__main__":
    main()
