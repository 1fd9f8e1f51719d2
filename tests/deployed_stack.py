#!/usr/bin/env python3
"""Has `queqiao` work on a deployed stack's tables and queues: keys, the catalog, an import, dead letters. CloudFormation,
DynamoDB and SQS are moto's.

  python3 tests/deployed_stack.py [--program target/debug/queqiao]

The program has to be built with the feature `aws`; needs moto's server from PyPI, and the boto3 that comes with it.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile

import boto3
from moto.core.common_models import CloudFormationModel
from moto.server import ThreadedMotoServer

import cbor_cloudwatch

STACK = "queqiao-prod"
def table(*key):
    """A table of the template, by its key."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in key],
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, ["HASH", "RANGE"])],
        },
    }


IDENTITIES = table("unionid", "account")
IDENTITIES["Properties"]["AttributeDefinitions"].append({"AttributeName": "openid", "AttributeType": "S"})
IDENTITIES["Properties"]["GlobalSecondaryIndexes"] = [
    {
        "IndexName": "by_openid",
        "KeySchema": [
            {"AttributeName": "openid", "KeyType": "HASH"},
            {"AttributeName": "account", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
]
TEMPLATE = {
    "Parameters": {"MiniAppid": {"Type": "String"}, "OaAppid": {"Type": "String"}},
    "Resources": {"KeysTable": table("id"), "StateTable": table("key"), "IdentitiesTable": IDENTITIES},
    "Outputs": {
        "KeysTableName": {"Value": {"Ref": "KeysTable"}},
        "StateTableName": {"Value": {"Ref": "StateTable"}},
        "IdentitiesTableName": {"Value": {"Ref": "IdentitiesTable"}},
        "Gateway": {"Value": "http://127.0.0.1:1"},
    },
}
PARAMETERS = [
    {"ParameterKey": "MiniAppid", "ParameterValue": "wxmini"},
    {"ParameterKey": "OaAppid", "ParameterValue": "wxoa"},
]


def queue(dead_letters=None):
    """A queue of the template, and where its messages end that nobody could work off."""
    policy = {"deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]}, "maxReceiveCount": 10}
    return {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": policy} if dead_letters else {}}


class Alarm(CloudFormationModel):
    """An alarm of a stack, which moto's CloudFormation lacks: its name, and CloudWatch's own alarm."""

    # moto takes the name of a service out of it.
    __module__ = "tests.cloudwatch"

    def __init__(self, name, properties):
        self.physical_resource_id = name
        named = {key: properties[key] for key in ["AlarmDescription", "Namespace", "MetricName", "Statistic"]}
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=name, **named, ComparisonOperator=properties["ComparisonOperator"], Threshold=0, Period=60,
            EvaluationPeriods=1,
        )

    @staticmethod
    def cloudformation_name_type():
        """CloudFormation's name of the name."""
        return "AlarmName"

    @staticmethod
    def cloudformation_type():
        """CloudFormation's name of the type."""
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_kwargs):
        """Makes one."""
        return cls(resource_name, cloudformation_json["Properties"])


def alarm(description):
    """An alarm of the template."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description, "Namespace": "Queqiao", "MetricName": "Waits", "Statistic": "Maximum",
            "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0, "Period": 60, "EvaluationPeriods": 1,
        },
    }


TEMPLATE["Resources"] |= {"Topic": {"Type": "AWS::SNS::Topic"}, "Waits": alarm("Messages wait."), "Fails": alarm("It fails.")}
TEMPLATE["Outputs"]["AlarmTopic"] = {"Value": {"Ref": "Topic"}}
for one in ["Deliver", "Events"]:
    TEMPLATE["Resources"][f"{one}DeadLetters"] = queue()
    TEMPLATE["Resources"][f"{one}Queue"] = queue(f"{one}DeadLetters")


def expect(step, holds, seen):
    """Prints the step, or ends the program."""
    if not holds:
        sys.exit(f"{step}: not as it should be: {seen}")
    print(f"{step}: {seen[:160].strip()}", flush=True)


def main():
    """Deploys the tables, works on them with the program, looks at them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/debug/queqiao")
    program = parser.parse_args().program
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://{host}:{port}", AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", QUEQIAO_KEY="qk_of_nobody",
    )

    environment = os.environ | {"AWS_ENDPOINT_URL_CLOUDWATCH": cbor_cloudwatch.serve()}

    def queqiao(*arguments):
        line = [program, *arguments, "--stack", STACK]
        return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60)

    unknown = queqiao("keys", "list")
    expect("a stack that is not there", unknown.returncode == 1 and STACK in unknown.stderr, unknown.stderr)
    boto3.client("cloudformation").create_stack(
        StackName=STACK, TemplateBody=json.dumps(TEMPLATE), Parameters=PARAMETERS
    )
    keys(queqiao)
    catalog(queqiao)
    users(queqiao)
    dead_letters(queqiao)
    doctor(queqiao)
    server.stop()


def rows(output):
    """All of the table that the stack calls so."""
    outputs = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    name = next(one["OutputValue"] for one in outputs if one["OutputKey"] == output)
    return boto3.client("dynamodb").scan(TableName=name)["Items"]


def keys(queqiao):
    """Makes, lists and revokes a service key."""
    made = queqiao("keys", "create", "backend", "--scope", "send", "--days", "1", "--json")
    expect("create", made.returncode == 0, made.stdout + made.stderr)
    kept = rows("KeysTableName")
    expect("its row", len(kept) == 1 and kept[0]["name"]["S"] == "backend", json.dumps(kept))
    expect("which holds no key", json.loads(made.stdout)["key"] not in json.dumps(kept), "it does not")
    listed = queqiao("keys", "list")
    expect("list", listed.returncode == 0 and "backend" in listed.stdout, listed.stdout + listed.stderr)
    status = queqiao("status", "x")
    expect("the gateway is the stack's", "http://127.0.0.1:1 does not answer" in status.stderr, status.stderr)
    revoked = queqiao("keys", "revoke", "backend")
    expect("revoke", revoked.returncode == 0 and rows("KeysTableName") == [], revoked.stderr)


def catalog(queqiao):
    """Pushes the catalog that is built in, and another; takes that back."""
    built_in = open("notifications.toml", encoding="utf-8").read()
    pushed = queqiao("catalog", "push", "notifications.toml")
    expect("push", pushed.returncode == 0 and "Version 1 is in force" in pushed.stdout, pushed.stdout + pushed.stderr)
    shown = queqiao("catalog", "show")
    expect("show", shown.stdout == built_in and "version 1, pushed" in shown.stderr, shown.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as other:
        other.write(built_in.replace("approval_copied", "approval_forwarded"))
        other.flush()
        pushed = queqiao("catalog", "push", other.name, "--onto", "1")
        expect("push another", "Version 2 is in force" in pushed.stdout, pushed.stdout + pushed.stderr)
        late = queqiao("catalog", "push", "notifications.toml", "--onto", "1")
        expect("who is late is told", late.returncode == 1 and "Version 2 is in force" in late.stderr, late.stderr)
    back = queqiao("catalog", "rollback")
    expect("rollback", "it is version 1 again" in back.stdout, back.stdout + back.stderr)
    kept = {row["key"]["S"]: row for row in rows("StateTableName")}
    expect("its rows", sorted(kept) == ["catalog", "catalog#1", "catalog#2", "catalog#3"], ", ".join(sorted(kept)))
    in_force = kept["catalog"]["version"]["N"], kept["catalog#3"]["text"]["S"] == built_in
    expect("which one is in force", in_force == ("3", True), str(in_force))


def users(queqiao):
    """Imports users, twice."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as pairs:
        pairs.write("openid,unionid\n" + "".join(f"o{n},u{n}\n" for n in range(300)))
        pairs.flush()
        for counts in ["300 written, 0 unchanged", "0 written, 300 unchanged"]:
            imported = queqiao("import", pairs.name)
            expect("import", imported.stdout.startswith(counts), imported.stdout + imported.stderr)
    kept = rows("IdentitiesTableName")
    is_right = all(row["account"]["S"] == "wxmini" and row["openid"]["S"][1:] == row["unionid"]["S"][1:] for row in kept)
    expect("the map", len(kept) == 300 and is_right, str(len(kept)))


def url(name):
    """The URL of the queue that the template calls so."""
    resources = boto3.client("cloudformation").describe_stack_resources(StackName=STACK, LogicalResourceId=name)
    return resources["StackResources"][0]["PhysicalResourceId"]


def received(name):
    """All that is on the queue, which is seen by nobody else for a while."""
    sqs, messages = boto3.client("sqs"), []
    while True:
        some = sqs.receive_message(QueueUrl=url(name), MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        if not some.get("Messages"):
            return messages
        messages += some["Messages"]


def dead_letters(queqiao):
    """Looks at dead letters, which stay; sends them back, with their attributes, and those of the other queue not."""
    sqs = boto3.client("sqs")
    attributes = {"trace": {"DataType": "String", "StringValue": "t-1"}}
    message = {"n": 1, "oa_openid": "o-secret", "data": {}}
    for n in range(25):
        job = {"batch": f"b{n % 2}", "template_id": "t", "accepted_at": 1, "messages": [message] * 20}
        sqs.send_message(QueueUrl=url("DeliverDeadLetters"), MessageBody=json.dumps(job), MessageAttributes=attributes)
    event = json.dumps({"event": "follows", "openid": "o-secret", "at": 1})
    sqs.send_message(QueueUrl=url("EventsDeadLetters"), MessageBody=event)
    for _ in range(2):
        shown = queqiao("dead-letters", "show", "--json")
        expect("dead letters", shown.returncode == 0 and "o-secret" not in shown.stdout, shown.stdout + shown.stderr)
        deliver, events = json.loads(shown.stdout)
        expect("their kinds", deliver["kinds"] == {"job": 25} and events["kinds"] == {"followed": 1}, str(deliver))
        batches = {"b0": {"jobs": 13, "messages": 260}, "b1": {"jobs": 12, "messages": 240}}
        expect("their batches", deliver["batches"] == batches, str(deliver["batches"]))
    unasked = queqiao("dead-letters", "redrive")
    expect("nobody says yes", unasked.returncode == 1 and "--yes" in unasked.stderr, unasked.stderr)
    redriven = queqiao("dead-letters", "redrive", "--queue", "DeliverQueue", "--yes")
    told = "DeliverDeadLetters: 25 sent back to DeliverQueue\n"
    expect("redrive", redriven.returncode == 0 and redriven.stdout == told, redriven.stdout + redriven.stderr)
    back = received("DeliverQueue")
    is_whole = all(one["MessageAttributes"]["trace"]["StringValue"] == "t-1" for one in back)
    bodies = sum(len(json.loads(one["Body"])["messages"]) for one in back)
    expect("what came back", (len(back), bodies, is_whole) == (25, 500, True), str((len(back), bodies, is_whole)))
    left = [len(received(name)) for name in ["DeliverDeadLetters", "EventsDeadLetters"]]
    expect("what is left", left == [0, 1], str(left))


def doctor(queqiao):
    """Looks at what AWS knows, also where the gateway does not answer: whose alarms have gone off, who is told."""

    def told(check):
        output = queqiao("doctor", "--json")
        expect("a gateway that does not answer", output.returncode == 1, output.stdout + output.stderr)
        found = [one for one in json.loads(output.stdout)["checks"] if one["check"] == check]
        return [(one["state"], one["detail"]) for one in found]

    expect("no alarm", told("alarms") == [("ok", "None of the 2 alarms has gone off.")], str(told("alarms")))
    resources = boto3.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    name = next(one["PhysicalResourceId"] for one in resources if one["LogicalResourceId"] == "Waits")
    boto3.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="it does")
    expect("an alarm", told("alarms") == [("problem", "Messages wait.")], str(told("alarms")))
    nobody = told("alarm_address")
    expect("nobody is told", nobody[0][0] == "problem" and nobody[0][1].startswith("Nobody is told"), str(nobody))
    topic = next(one["PhysicalResourceId"] for one in resources if one["LogicalResourceId"] == "Topic")
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
    somebody = told("alarm_address")
    expect("somebody is told", somebody == [("ok", "Confirmed addresses: 1.")], str(somebody))
    domain = told("domain")
    expect("its domain", [one[0] for one in domain] == ["ok"] and "127.0.0.1:1" in domain[0][1], str(domain))


if __name__ == "__main__":
    main()
