#!/usr/bin/env python3
"""Holds an update of a stack to rules: who gets a new version, and that nothing goes that holds something.

  python3 tests/updates.py

Changes one parameter after the other, and the code of one function after the other, and compares what CloudFormation
makes of the template before and after. Then it breaks a copy of the template in each way that a rule is there for, and
the rule has to say so. Needs aws-sam-cli from PyPI; asks nobody over the network.
"""

import copy
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from translated import REQUIRED, Stack, choices, read

REGION = "us-east-1"
# What of a function's configuration no version has: it holds for all of them.
NOT_OF_A_VERSION = {"ReservedConcurrentExecutions", "RecursiveLoop", "Tags"}
# What is lost with a resource when another takes its place: rows, messages, secrets, subscriptions, an address, logs.
HOLDING = {
    *("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::SNS::Topic"),
    *("AWS::ApiGatewayV2::Api", "AWS::Logs::LogGroup"),
}
# What may go all the same, and why.
MAY_GO = {
    "EgressProxyValue": "the proxy's URL, when nobody goes by the proxy any more",
    "MiniCallbackTokenValue": "the token, when the mini-program's callbacks are not taken any more",
    "MiniCallbackAesKeyValue": "the key, with the token",
}


def others(parameter, value):
    """What a parameter could be instead."""
    if "AllowedValues" in parameter:
        return [one for one in parameter["AllowedValues"] if one != value]
    return [value + 1] if parameter["Type"] == "Number" else ["another"]


def configurations(stack):
    """What each function is and is told, as far as a version keeps it."""
    functions = {name: one for name, one in stack.resources.items() if one["Type"] == "AWS::Lambda::Function"}
    return {
        name: {key: value for key, value in one["Properties"].items() if key not in NOT_OF_A_VERSION}
        for name, one in functions.items()
    }


def versions(stack):
    """Each function's version: CloudFormation publishes a new one under another id, or of other properties."""
    found = {name: one["Properties"] for name, one in stack.resources.items() if one["Type"] == "AWS::Lambda::Version"}
    return {one["FunctionName"]["Ref"]: (name, one) for name, one in found.items()}


def differing(before, after):
    """What is not the same in both, or only in one."""
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def wrong_versions(before, after, secret):
    """Functions that have changed and go on as before; and those that have not, and Lambda publishes nothing."""
    changed = differing(configurations(before), configurations(after))
    anew = differing(versions(before), versions(after))
    for name in sorted(anew - changed):
        told = "gets a new version though nothing has changed, and Lambda publishes none"
        yield f"{name} {told}; take it out of its VersionDescription"
    for name in sorted(anew):
        if secret and secret in str(versions(after)[name]):
            yield f"{name} names a secret in its VersionDescription, which everybody may read"
    for name in sorted(changed - anew):
        yield f"{name} has changed and gets no new version; put it into its VersionDescription"


def left_behind(before, after):
    """Versions that stay when another takes their place: AWS deletes no network that one of them is in."""
    for name, (version, _) in versions(before).items():
        policy = "UpdateReplacePolicy" if version in after.resources else "DeletionPolicy"
        if before.resources[version].get(policy, "Delete") != "Delete":
            yield f"{name}'s version stays for ever; give it VersionDeletionPolicy: Delete"


def holding(stack):
    """Every resource that holds something, in whichever stack."""
    for one in stack.family():
        yield from ((name, resource) for name, resource in one.resources.items() if resource["Type"] in HOLDING)


def replaced(before, after):
    """Resources that hold something and go, or whose place another takes."""
    left = dict(holding(after))
    for name, old in holding(before):
        fixed = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, old["Type"]).schema["createOnlyProperties"]
        new = left.get(name)
        changed = differing(old.get("Properties", {}), new.get("Properties", {})) if new else set()
        if new is None and name in MAY_GO:
            continue
        if new is None or any(f"/properties/{key}" in fixed for key in changed):
            yield f"{name} is deleted with all that is in it; leave {sorted(changed) or 'its condition'} as it was"


def update_findings(before, after, secret=None):
    """What is wrong with an update from one to the other."""
    yield from wrong_versions(before, after, secret)
    yield from left_behind(before, after)
    yield from replaced(before, after)


def parameter_findings(template, name, before):
    """What is wrong when one parameter gets another value."""
    parameter = template["Parameters"][name]
    for value in others(parameter, before.values[name]):
        after = Stack(template, REGION, {**before.given, name: value})
        for told in update_findings(before, after, value if parameter.get("NoEcho") else None):
            yield f"{name} becomes {value}: {told}"


def code_findings(template, name, before):
    """What is wrong when one function gets other code."""
    changed = copy.deepcopy(template)
    changed["Resources"][name]["Properties"]["CodeUri"] = "s3://code/another"
    after = Stack(changed, REGION, before.given)
    for told in update_findings(before, after):
        yield f"new code of {name}: {told}"


def findings(template, given):
    """What is wrong with updates of a stack that was deployed with these parameters."""
    before = Stack(template, REGION, given)
    for name in template["Parameters"]:
        yield from parameter_findings(template, name, before)
    for name in configurations(before):
        yield from code_findings(template, name, before)


# ---- the rules themselves ------------------------------------------------------------------------


def described(function, text):
    """Gives a function's version this description."""
    return lambda template: template["Resources"][function]["Properties"].update(VersionDescription={"Fn::Sub": text})


def hashed(template):
    """Has SAM name a version by this, and not by the code."""
    template["Resources"]["SendFunction"]["Properties"]["AutoPublishCodeSha256"] = "0" * 64


def kept(template):
    """Has the versions of a function stay."""
    template["Resources"]["EventsFunction"]["Properties"]["VersionDeletionPolicy"] = "Retain"


def named_by_mode(template):
    """Gives a queue a name that a parameter is in."""
    name = {"Fn::Sub": "${AWS::StackName}-${TokenMode}"}
    template["Resources"]["EventsQueue"]["Properties"]["QueueName"] = name


def there_by_mode(template):
    """Makes a table that is there with classic tokens alone."""
    template["Conditions"]["Classic"] = {"Fn::Equals": [{"Ref": "TokenMode"}, "classic"]}
    template["Resources"]["TokensTable"]["Condition"] = "Classic"


# What is done to a copy of the template, what changes then, and what has to be said of it.
CONTROLS = [
    ("told in vain", described("DeliverFunction", "${Revision}"), "SendsPerSecond", "DeliverFunction has changed"),
    ("named in vain", described("SendFunction", "${TokenMode}"), "TokenMode", "SendFunction gets a new version"),
    ("a secret", described("LoginFunction", "${MiniSecret}"), "MiniSecret", "LoginFunction gets a new version"),
    ("a secret's text", described("LoginFunction", "${MiniSecret}"), "MiniSecret", "LoginFunction names a secret"),
    ("callbacks in vain", described("CallbackFunction", ""), "MiniCallbackToken", "CallbackFunction has changed"),
    ("code by another name", hashed, "SendFunction", "SendFunction has changed"),
    ("old versions", kept, "EventsFunction", "EventsFunction's version stays"),
    ("a queue's name", named_by_mode, "TokenMode", "EventsQueue is deleted"),
    ("a table's condition", there_by_mode, "TokenMode", "TokensTable is deleted"),
]


def prove(template):
    """Ends the program when a rule does not see what it is there for."""
    for what, change, name, expected in CONTROLS:
        broken = copy.deepcopy(template)
        change(broken)
        findings_of = parameter_findings if name in broken["Parameters"] else code_findings
        told = list(findings_of(broken, name, Stack(broken, REGION, REQUIRED)))
        if not any(expected in one for one in told):
            sys.exit(f"tests/updates.py: {what}: expected {expected!r}, got {told}")
    print(f"the rules see {len(CONTROLS)} of {len(CONTROLS)} changes as they should")


def main():
    """Holds updates of the template to the rules, then the rules to their controls."""
    template = read("template.yaml")
    wrong = {}
    plain, *_, full = choices(template)
    for choice, given in (plain, full):
        for told in findings(template, given):
            wrong.setdefault(told, choice)
        print(f"{choice}: {len(template['Parameters'])} parameters, and code, each changed alone")
    for told, where in wrong.items():
        print(f"{told} [first seen with {where}]", file=sys.stderr)
    if wrong:
        sys.exit(1)
    prove(template)


if __name__ == "__main__":
    main()
