#!/usr/bin/env python3
"""Deploys two stacks into one account with `sam deploy`, as samconfig.toml says: in each region, by each way out.

  python3 tests/deploy.py

CloudFormation and what it makes are moto's, what becomes of serverless resources is AWS's own program; what moto does
not know is made in name alone. A template with a fixed name has to fail. Needs aws-sam-cli and moto's server from
PyPI, and no bootstraps.
"""

import io
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import warnings
import zipfile

import boto3
from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import ValidationError
from moto.server import ThreadedMotoServer

from template import NO_NAMES
from translated import REGIONS, REQUIRED, ROOT, read, translate

# Where sam keeps what it uploads; it would make this stack itself, by a change set that moto does not carry out whole.
BUCKET = {
    "StackName": "aws-sam-cli-managed-default",
    "Tags": [{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
    "TemplateBody": json.dumps({
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {"SourceBucket": {"Value": {"Ref": "Bucket"}}},
    }),
}


class Translating(parsing.ResourceMap):
    """The resources of a stack in moto: translated as AWS does it first, and in the region's own partition."""

    def __init__(self, stack_id, stack_name, parameters, tags, *, template, region_name, **rest):
        self.translated = lambda one: translate(one, parameters, region_name) if "Transform" in one else one
        rest |= {"template": self.translated(template), "region_name": region_name}
        super().__init__(stack_id, stack_name, parameters, tags, **rest)
        self._parsed_resources.update(REGIONS[region_name])

    def create(self, template):
        """Makes what stands in a template."""
        return super().create(self.translated(template))

    def update(self, template, parameters=None):
        """Makes what a change set adds; whatever fails is told in the words of CloudFormation."""
        try:
            super().update(self.translated(template), parameters)
        except ValidationError:
            raise
        except Exception as error:
            raise ValidationError(message=f"{type(error).__name__}: {error}") from error


class InName:
    """A resource of a type that moto does not make: it has an id, and a name that nobody else may have."""

    taken = set()

    def __init__(self, physical_resource_id):
        self.physical_resource_id = physical_resource_id

    @classmethod
    def create_from_cloudformation_json(cls, name, described, account_id, region_name, **kwargs):
        """Takes its name, or fails as AWS does."""
        kind = kwargs["ResourceType"]
        for key in ("Name", kind.rpartition(":")[2] + "Name"):
            if key in described["Properties"] and (kind, key) not in NO_NAMES:
                name = described["Properties"][key]
                if (account_id, region_name, kind, name) in cls.taken:
                    raise ValidationError(message=f"{kind}: {name} already exists")
                cls.taken.add((account_id, region_name, kind, name))
        return cls(name)

    @classmethod
    def has_cfn_attr(cls, _attribute):
        """Whatever is asked for."""
        return True

    def is_created(self):
        """At once."""
        return True

    def get_cfn_attribute(self, attribute):
        """Something that can be handed on."""
        return f"{self.physical_resource_id}.{attribute}"


def made_by(kind):
    """moto's class for a type of resource, if it has one that can be referred to."""
    known = parsing.get_model_map().get(kind)
    return known if hasattr(known, "get_cfn_attribute") else InName


def nested_output(stack, attribute):
    """What a stack gets of one that is nested in it."""
    return stack.output_map[attribute.removeprefix("Outputs.")].value


def account():
    """Starts moto, and has everybody who speaks to AWS speak to it."""
    warnings.simplefilter("ignore")
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    models.Stack.get_cfn_attribute = nested_output
    models.ResourceMap, parsing.resource_class_from_type = Translating, made_by
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    # By this name: of another one, moto takes the first word for a bucket's.
    os.environ["AWS_ENDPOINT_URL"] = f"http://localhost:{server.get_host_and_port()[1]}"
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    os.environ.update(SAM_CLI_TELEMETRY="0", SAM_CLI_POLL_DELAY="0.1")
    return server


def lay_out(folder):
    """Lays what a deploy needs into a folder, with a bootstrap for each function."""
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder)
    if (ROOT / "template").is_dir():
        shutil.copytree(ROOT / "template", folder / "template")
    for resource in read("template.yaml")["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            bootstrap = folder / resource["Properties"]["CodeUri"] / "bootstrap"
            bootstrap.parent.mkdir(parents=True)
            bootstrap.write_text(f"#!/bin/sh\necho {bootstrap.parent.name}\n")
            bootstrap.chmod(0o755)


def overrides(folder, stage):
    """The parameters that samconfig.toml gives to a stage."""
    stages = tomllib.loads((folder / "samconfig.toml").read_text())
    return dict(one.split("=") for one in stages[stage]["deploy"]["parameters"]["parameter_overrides"].split())


def deploy(folder, stage, region, more):
    """Deploys a stage as an operator does, with values for what has no default."""
    given = {**overrides(folder, stage), **REQUIRED, **more}
    command = ["sam", "deploy", "--config-env", stage, "--region", region, "--no-confirm-changeset"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def two_stacks(folder, region, more):
    """Deploys dev and prod into an empty account; gives the stacks that are done, and what sam said of others."""
    InName.taken.clear()
    reset = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=10).close()
    os.environ["AWS_DEFAULT_REGION"] = region
    formation = boto3.client("cloudformation")
    formation.create_stack(**BUCKET)
    said = [deploy(folder, stage, region, more) for stage in ("dev", "prod")]
    done = [one for one in formation.describe_stacks()["Stacks"] if one["StackStatus"] == "CREATE_COMPLETE"]
    failed = "".join(one.stdout[-2000:] + one.stderr[-2000:] for one in said if one.returncode)
    return {one["StackName"]: one for one in done}, failed


def uploaded():
    """What is in each zip that sam has uploaded, and with which mode."""
    storage = boto3.client("s3")
    [bucket] = storage.list_buckets()["Buckets"]
    for item in storage.list_objects_v2(Bucket=bucket["Name"])["Contents"]:
        if not item["Key"].endswith(".template"):
            body = storage.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
            for one in zipfile.ZipFile(io.BytesIO(body)).infolist():
                yield one.filename, oct(one.external_attr >> 16 & 0o777)


def expect(what, holds, seen):
    """Prints what was to hold, or ends the program."""
    if not holds:
        sys.exit(f"tests/deploy.py: {what}: not as it should be: {seen}")
    print(f"{what}: {seen}", flush=True)


def is_allowed(name, value):
    """Whether the template has the parameter; sam leaves out one that it does not know."""
    declared = read("template.yaml")["Parameters"].get(name)
    return declared is not None and value in map(str, declared.get("AllowedValues", [value]))


def deploys(folder):
    """Every way out in one region, and the first in the others."""
    for stage in ("dev", "prod"):
        given = overrides(folder, stage)
        expect(f"what samconfig.toml gives to {stage}", all(is_allowed(*one) for one in given.items()), given)
    egress = read("template.yaml")["Parameters"].get("Egress", {}).get("AllowedValues", [None])
    for region in REGIONS:
        for one in egress if region == next(iter(REGIONS)) else egress[:1]:
            done, failed = two_stacks(folder, region, {"Egress": one} if one else {})
            both = {"queqiao-dev", "queqiao-prod"} <= set(done) and not failed
            complete = f"{len(done) - 1} complete, nested ones with them"
            expect(f"two stacks in {region}, Egress={one}", both, failed or complete)
    stages = [{tag["Key"]: tag["Value"] for tag in done[f"queqiao-{stage}"]["Tags"]} for stage in ("dev", "prod")]
    expect("their tags", [one.get("stage") for one in stages] == ["dev", "prod"], stages)
    zipped = set(uploaded())
    expect("the code that sam uploaded", zipped == {("bootstrap", "0o755")}, zipped)


def does_not_deploy_twice(folder, what, found, instead):
    """Deploys the template with a fixed name in it, which only the first stack can have."""
    template = folder / "template.yaml"
    as_it_is = template.read_text()
    template.write_text(as_it_is.replace(found, instead, 1))
    done, failed = two_stacks(folder, next(iter(REGIONS)), {})
    template.write_text(as_it_is)
    only_one = "queqiao-dev" in done and "queqiao-prod" not in done
    expect(f"a second stack with {what}", only_one and "already exists" in failed, failed.strip()[-160:])


def main():
    """Deploys what is there, and what must not come to two stacks."""
    server = account()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lay_out(folder)
        deploys(folder)
        does_not_deploy_twice(folder, "schedules' fixed names", "OmitName: true", "OmitName: false")
        named = "      TableName: x\n      BillingMode:"
        does_not_deploy_twice(folder, "a table's fixed name", "      BillingMode:", named)
    server.stop()


if __name__ == "__main__":
    main()
