"""template.yaml and the templates nested in it, as CloudFormation sees them: translated, their conditions decided.

Not a program: what `template.py` and `deploy.py` look at. Needs aws-sam-cli from PyPI, with the translator that AWS
itself runs.
"""

import copy
import logging
import pathlib
import posixpath
import re

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

logging.getLogger("samtranslator").setLevel(logging.ERROR)

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGIONS = {
    "us-east-1": {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"},
    "ap-southeast-1": {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"},
    "cn-north-1": {"AWS::Partition": "aws-cn", "AWS::URLSuffix": "amazonaws.com.cn"},
}
# What has no default, as somebody could choose it.
REQUIRED = {
    "MiniAppid": "wx0000000000000001",
    "OaAppid": "wx0000000000000002",
    "MiniSecret": "0123456789abcdef0123456789abcdef",
    "OaSecret": "fedcba9876543210fedcba9876543210",
    "CallbackToken": "token",
    "CallbackAesKey": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}
# What a resource is, is never the same in two stacks.
OF_THE_STACK = {"Ref": "AWS::StackId"}
# The property in which a resource says where its template stands.
NESTED = {"AWS::Serverless::Application": "Location", "AWS::CloudFormation::Stack": "TemplateURL"}


def read(path):
    """A template file, its tags in their long form."""
    return yaml_parse((ROOT / path).read_text())


def choices(template):
    """What can be chosen at a deploy: each way out, once with nothing else and once with all that is optional."""
    parameters = template["Parameters"]
    everything = {
        name: parameter["AllowedValues"][-1] if parameter.get("AllowedValues") else "sample"
        for name, parameter in parameters.items()
        if parameter.get("Default") == "" or parameter.get("AllowedValues")
    }
    for egress in parameters.get("Egress", {}).get("AllowedValues", [None]):
        chosen = {} if egress is None else {"Egress": egress}
        yield f"Egress={egress}", {**REQUIRED, **chosen}
        yield f"Egress={egress} and everything", {**REQUIRED, **everything, **chosen}


def translate(template, parameters, region):
    """The template without a serverless resource; where code is does not matter to what is made of it."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and not str(properties["CodeUri"]).startswith("s3://"):
            properties["CodeUri"] = "s3://code/" + properties["CodeUri"]
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=region))
    # What SAM works out by itself reads the parameters, and adds its own to them.
    return translator.translate(template, dict(parameters), get_managed_policy_map=dict)


def references(node):
    """Every name that a value asks for, with the attribute, if it is one."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "Ref":
            yield value, ""
        elif key == "Fn::GetAtt":
            name, _, attribute = (value if isinstance(value, str) else ".".join(value)).partition(".")
            yield name, attribute
        elif key == "Fn::Sub":
            text, own = value if isinstance(value, list) else (value, {})
            for name in re.findall(r"\$\{([^!}]+)\}", text):
                name, _, attribute = name.partition(".")
                if name not in own:
                    yield name, attribute
            yield from references(own)
        else:
            yield from references(value)


class Stack:
    """A template as one stack has it: in a region, with these parameters, what its conditions leave out gone."""

    def __init__(self, template, region, given, path="template.yaml"):
        declared = template.get("Parameters", {})
        self.path, self.region, self.given = path, region, given
        self.missing = [name for name, one in declared.items() if "Default" not in one and name not in given]
        self.unknown = [name for name in given if name not in declared]
        values = {name: given.get(name, one.get("Default", "")) for name, one in declared.items()}
        self.values = {**values, "AWS::Region": region, "AWS::AccountId": "123456789012", **REGIONS[region]}
        self.template = translate(template, values, region)
        self.conditions = self.template.get("Conditions", {})
        self.resources = self._those_that_are("Resources")
        self.outputs = self._those_that_are("Outputs")
        self.nested = {name: self._nested(one) for name, one in self.resources.items() if one["Type"] in NESTED}

    def _those_that_are(self, section):
        every = self.template.get(section, {}).items()
        return {name: self.decided(one) for name, one in every if self.holds(one.get("Condition"))}

    def _nested(self, resource):
        properties = resource["Properties"]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), properties[NESTED[resource["Type"]]]))
        given = {
            name: OF_THE_STACK if any(references(value)) else value
            for name, value in properties.get("Parameters", {}).items()
        }
        return Stack(read(path), self.region, given, path)

    def family(self):
        """This stack and all that are nested in it."""
        yield self
        for nested in self.nested.values():
            yield from nested.family()

    def holds(self, condition):
        """Whether a condition is met, by its name or as it is written; none always is."""
        if condition is None:
            return True
        if isinstance(condition, str):
            return self.holds(self.conditions[condition])
        [(kind, value)] = condition.items()
        if kind == "Condition":
            return self.holds(value)
        if kind == "Fn::Not":
            return not self.holds(value[0])
        if kind in ("Fn::And", "Fn::Or"):
            return (all if kind == "Fn::And" else any)(map(self.holds, value))
        first, second = map(self.decided, value)
        return first == second if isinstance(first, dict) or isinstance(second, dict) else str(first) == str(second)

    def decided(self, node):
        """A value with its parameters put in and its conditions decided; what only a resource knows stays."""
        if isinstance(node, list):
            return [item for item in map(self.decided, node) if item != {"Ref": "AWS::NoValue"}]
        if not isinstance(node, dict):
            return node
        if "Fn::If" in node:
            condition, then, otherwise = node["Fn::If"]
            return self.decided(then if self.holds(condition) else otherwise)
        if "Ref" in node:
            return self.values.get(node["Ref"], node)
        if "Fn::Sub" in node:
            return self._filled(node["Fn::Sub"])
        decided = {key: self.decided(value) for key, value in node.items()}
        return {key: value for key, value in decided.items() if value != {"Ref": "AWS::NoValue"}}

    def _filled(self, value):
        text, own = value if isinstance(value, list) else (value, {})
        values = {name: "${AWS::StackId}" if one == OF_THE_STACK else str(one) for name, one in self.values.items()}
        values = {name: one for name, one in values.items() if name not in own}
        text = re.sub(r"\$\{([^!}]+)\}", lambda found: values.get(found[1], found[0]), text)
        if own:
            return {"Fn::Sub": [text, self.decided(own)]}
        return {"Fn::Sub": text} if "${" in text else text
