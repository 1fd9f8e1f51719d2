#!/usr/bin/env python3
"""Holds what CloudFormation makes of template.yaml to rules: for each region, each way out and all that is optional.

  python3 tests/template.py

Then it breaks a copy of the template in each way that a rule is there for, and the rule has to say so. Needs
aws-sam-cli from PyPI; asks nobody over the network.
"""

import copy
import json
import re
import sys
import tempfile

from translated import OF_THE_STACK, REGIONS, REQUIRED, Stack, choices, read, references

# Properties called Name that name nothing of the account's, and why.
NO_NAMES = {
    ("AWS::Lambda::Alias", "Name"): "it is the function's",
    ("AWS::ApiGatewayV2::Stage", "StageName"): "it is the API's",
    ("AWS::ApiGatewayV2::DomainName", "DomainName"): "a domain is given to one stack",
    ("AWS::ApiGatewayV2::ApiMapping", "DomainName"): "the same",
    ("AWS::CloudWatch::Alarm", "MetricName"): "what is measured; whose it is stands in the dimensions",
    ("AWS::CodeDeploy::DeploymentGroup", "DeploymentConfigName"): "it is AWS's",
    ("AWS::EC2::VPCEndpoint", "ServiceName"): "it is AWS's",
    ("AWS::IAM::Policy", "PolicyName"): "it is the role's",
    ("AWS::Route53::RecordSet", "Name"): "a domain is given to one stack",
}
# Policies by name, and why they may be there; AWS's name no resource.
MANAGED = {
    "AWSLambdaBasicExecutionRole": "SAM gives it to each function: it writes logs, and nothing else",
    "AWSLambdaVPCAccessExecutionRole": "a network interface has no name before it is there",
    "AWSCodeDeployRoleForLambda": "SAM gives it to CodeDeploy, not to a function",
    "AWSCodeDeployRoleForLambdaLimited": "the same",
    "CatalogIsTheOperators": "the template's own, and it only denies",
}
# What AWS China does not have: properties of a resource, kinds of resources, and metrics.
NOT_IN_CHINA = {
    *("RecursiveLoop", "TracingConfig", "MetricsConfig", "AWS::Lambda::Url"),
    *("RecursiveInvocationsDropped", "AsyncEventAge", "AsyncEventsDropped", "AsyncEventsReceived"),
}


def fixed_names(stack):
    """A name that a second stack in the same account would want, too."""
    for name, resource in stack.resources.items():
        for key, value in resource.get("Properties", {}).items():
            is_name = key.endswith("Name") and (resource["Type"], key) not in NO_NAMES
            if is_name and not depends(stack, value):
                told = f"{key} is {json.dumps(value)} in every stack; leave it out, or put ${{AWS::StackName}} into it"
                yield name, f"{resource['Type']}: {told} (ScheduleV2: OmitName: true)"


def depends(stack, value):
    """Whether a value differs from stack to stack."""
    own = {"AWS::StackName", "AWS::StackId", *stack.resources}
    return any(target in own for target, _ in references(value))


def loose_ends(stack):
    """What is referred to and is not there, in a stack whose conditions are decided."""
    for name, one in [*stack.resources.items(), *stack.outputs.items()]:
        after = one.get("DependsOn", [])
        after = [(target, "") for target in (after if isinstance(after, list) else [after])]
        for target, attribute in [*references(one), *after]:
            nested = stack.nested.get(target)
            if target not in stack.resources and not target.startswith("AWS::"):
                yield name, f"refers to {target}, which is not there; give both the same condition"
            elif nested and attribute and attribute.removeprefix("Outputs.") not in nested.outputs:
                yield name, f"refers to {target}.{attribute}, and {nested.path} has no such output now"
    for name in stack.missing:
        yield name, "a parameter without a default and without a value; for the root's, see tests/translated.py"
    for name in stack.unknown:
        yield name, "a parameter that is given and not declared"


def granted(node):
    """Every statement that allows something, however deep."""
    if isinstance(node, list):
        for item in node:
            yield from granted(item)
    elif isinstance(node, dict):
        if node.get("Effect") == "Allow":
            yield node
        for value in node.values():
            yield from granted(value)


def widely_granted(stack):
    """Rights on more than what is the stack's own, and rights to do anything."""
    for name, resource in stack.resources.items():
        for statement in granted(resource):
            actions, targets = json.dumps(statement.get("Action")), statement.get("Resource", [])
            if "NotAction" in statement or "NotResource" in statement:
                yield name, "grants by exception; name what it may"
            if "*" in actions:
                yield name, f"may {actions}; name each action"
            for target in targets if isinstance(targets, list) else [targets]:
                if "*" in json.dumps(target) and not depends(stack, target):
                    yield name, f"may {actions} on {json.dumps(target)}; name a resource of the stack"
        for policy in resource.get("Properties", {}).get("ManagedPolicyArns", []):
            if re.findall(r"\w+", json.dumps(policy))[-1] not in MANAGED:
                yield name, f"has the policy {json.dumps(policy)}; write statements, or its reason into MANAGED"


def absent_in_china(stack):
    """What AWS China does not know, and names that are only right elsewhere."""
    if not stack.region.startswith("cn-"):
        return
    for name, one in [*stack.resources.items(), *stack.outputs.items()]:
        text = json.dumps(one)
        for word in sorted(word for word in NOT_IN_CHINA if re.search(rf"\b{word}\b", text)):
            yield name, f"has {word}, which AWS China has not; leave it out where AWS::Partition is aws-cn"
        for elsewhere in re.findall(r"arn:aws:[\w:*/-]*|https://[^\s\"]*amazonaws\.com(?!\.cn)", text):
            yield name, f"has {elsewhere}; write ${{AWS::Partition}} and ${{AWS::URLSuffix}}"


RULES = [fixed_names, loose_ends, widely_granted, absent_in_china]


def findings(template, region, given):
    """What is wrong with the stack and those that are nested in it, and where."""
    for stack in Stack(template, region, given).family():
        for rule in RULES:
            for name, told in rule(stack):
                yield f"{stack.path}: {name}: {told}"


# ---- the rules themselves ------------------------------------------------------------------------


def first(template, kind):
    """The properties of the first resource of a type."""
    return next(one["Properties"] for one in template["Resources"].values() if one["Type"] == kind)


def named(kind, key, value):
    """Gives a resource of that type this name."""
    return lambda template: first(template, kind).update({key: value})


def holding(policy):
    """Gives a function this policy, too."""
    return lambda template: first(template, FUNCTION)["Policies"].append(policy)


def granting(**statement):
    """Grants this to a function, too."""
    return holding({"Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", **statement}]})


def linking(address):
    """Puts out this address, too."""
    return lambda template: template["Outputs"].update(Link={"Value": address})


def scheduled_by_name(template):
    """Takes OmitName from every schedule."""
    for resource in template["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "ScheduleV2":
                event["Properties"].pop("OmitName", None)


def used_where_it_is_not(template):
    """Makes a queue conditional, and leaves those who use it as they are."""
    template["Conditions"]["Never"] = {"Fn::Equals": ["a", "b"]}
    queue = next(one for one in template["Resources"].values() if one["Type"] == "AWS::SQS::Queue")
    queue["Condition"] = "Never"


def nesting(text, parameters=None):
    """Nests a template of this text, and puts out its output Address."""

    def change(template):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=SCRATCH.name, delete=False) as file:
            file.write(text)
        properties = {"TemplateURL": file.name, "Parameters": parameters or {}}
        template["Resources"]["Nested"] = {"Type": "AWS::CloudFormation::Stack", "Properties": properties}
        template["Outputs"]["Nested"] = {"Value": {"Fn::GetAtt": ["Nested", "Outputs.Address"]}}

    return change


SCRATCH = tempfile.TemporaryDirectory()
TABLE, QUEUE, FUNCTION = "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Serverless::Function"
OURS = "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref AWS::StackName}}}\n"
FIXED = OURS.replace("!Ref AWS::StackName", "alarms")
ADDRESS = "Outputs: {Address: {Value: 192.0.2.1}}\n"
MODE = "Parameters: {Mode: {Type: String}}\n"
# What is done to a copy of the template, where, and what has to be said of it: nothing, where it is right.
CONTROLS = [
    ("schedules without OmitName", "us-east-1", scheduled_by_name, "AWS::Scheduler::Schedule: Name is"),
    ("a table's name", "us-east-1", named(TABLE, "TableName", "identities"), 'TableName is "identities"'),
    ("a region's queue", "us-east-1", named(QUEUE, "QueueName", {"Fn::Sub": "q-${AWS::Region}"}), "q-us-east-1"),
    ("a parameter's name", "us-east-1", named(FUNCTION, "FunctionName", {"Ref": "TokenMode"}), '"classic" in every'),
    ("a stack's queue", "us-east-1", named(QUEUE, "QueueName", {"Fn::Sub": "${AWS::StackName}-q"}), None),
    ("nested, a topic's name", "us-east-1", nesting(FIXED + ADDRESS), 'TopicName is "alarms"'),
    ("nested, a stack's topic", "us-east-1", nesting(OURS + ADDRESS), None),
    ("nested, no output", "us-east-1", nesting(OURS), "no such output"),
    ("nested, nothing given", "us-east-1", nesting(OURS + ADDRESS + MODE), "Mode: a parameter without a default"),
    ("nested, given in vain", "us-east-1", nesting(OURS + ADDRESS, {"Mode": "x"}), "Mode: a parameter that is given"),
    ("a conditional queue", "us-east-1", used_where_it_is_not, "which is not there"),
    ("rights on everything", "us-east-1", granting(Resource="*"), "name a resource of the stack"),
    ("rights on each queue", "us-east-1", granting(Resource={"Fn::Sub": "arn:${AWS::Partition}:sqs:*:*:*"}), "name a"),
    ("rights on each table", "us-east-1", granting(Resource="arn:aws:dynamodb:*:*:table/queqiao-*"), "name a resource"),
    ("rights on an index", "us-east-1", granting(Resource={"Fn::Sub": "${StateTable.Arn}/index/*"}), None),
    ("rights to do anything", "us-east-1", granting(Action="sqs:*", Resource=OF_THE_STACK), "name each action"),
    ("rights by exception", "us-east-1", granting(NotResource="x"), "grants by exception"),
    ("a policy of AWS's", "us-east-1", holding("arn:aws:iam::aws:policy/AmazonSQSFullAccess"), "its reason into"),
    ("a loop in China", "cn-north-1", named(FUNCTION, "RecursiveLoop", "Allow"), "has RecursiveLoop"),
    ("a loop elsewhere", "ap-southeast-1", named(FUNCTION, "RecursiveLoop", "Allow"), None),
    ("an ARN in China", "cn-north-1", granting(Resource="arn:aws:sqs:cn-north-1:1:q"), "write ${AWS::Partition}"),
    ("an address in China", "cn-north-1", linking("https://q.amazonaws.com/q"), "write ${AWS::Partition}"),
    ("an address of China", "cn-north-1", linking("https://q.amazonaws.com.cn/q"), None),
]


def prove(template):
    """Ends the program when a rule does not see what it is there for, or sees what is right."""
    as_it_is = {region: set(findings(template, region, REQUIRED)) for region in REGIONS}
    for what, region, change, expected in CONTROLS:
        broken = copy.deepcopy(template)
        change(broken)
        told = set(findings(broken, region, REQUIRED)) - as_it_is[region]
        as_expected = any(expected in one for one in told) if expected else not told
        if not as_expected:
            sys.exit(f"tests/template.py: {what}: expected {expected!r}, got {sorted(told)}")
    print(f"the rules see {len(CONTROLS)} of {len(CONTROLS)} changes as they should")


def main():
    """Holds the template to the rules, then the rules to their controls."""
    template = read("template.yaml")
    wrong = {}
    for region in REGIONS:
        for choice, given in choices(template):
            for told in findings(template, region, given):
                wrong.setdefault(told, f"{region}, {choice}")
            seen = sum(len(stack.resources) for stack in Stack(template, region, given).family())
            print(f"{region}, {choice}: {seen} resources")
    for told, where in wrong.items():
        print(f"{told} [first seen in {where}]", file=sys.stderr)
    if wrong:
        sys.exit(1)
    prove(template)


if __name__ == "__main__":
    main()
