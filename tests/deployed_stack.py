#!/usr/bin/env python3
"""Has `queqiao` make, list and revoke a service key of a deployed stack: CloudFormation and DynamoDB are moto's.

  python3 tests/deployed_stack.py [--program target/debug/queqiao]

The program has to be built with the feature `aws`; needs moto's server from PyPI, and the boto3 that comes with it.
"""

import argparse
import json
import logging
import os
import subprocess
import sys

import boto3
from moto.server import ThreadedMotoServer

STACK = "queqiao-prod"
TEMPLATE = {
    "Resources": {
        "KeysTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
        }
    },
    "Outputs": {"KeysTableName": {"Value": {"Ref": "KeysTable"}}, "Gateway": {"Value": "http://127.0.0.1:1"}},
}


def expect(step, holds, seen):
    """Prints the step, or ends the program."""
    if not holds:
        sys.exit(f"{step}: not as it should be: {seen}")
    print(f"{step}: {seen[:160].strip()}", flush=True)


def main():
    """Deploys the table, works on it with the program, looks at it."""
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

    def queqiao(*arguments):
        return subprocess.run([program, *arguments, "--stack", STACK], capture_output=True, text=True, timeout=60)

    unknown = queqiao("keys", "list")
    expect("a stack that is not there", unknown.returncode == 1 and STACK in unknown.stderr, unknown.stderr)
    boto3.client("cloudformation").create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
    outputs = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    table = next(output["OutputValue"] for output in outputs if output["OutputKey"] == "KeysTableName")
    made = queqiao("keys", "create", "backend", "--scope", "send", "--days", "1", "--json")
    expect("create", made.returncode == 0, made.stdout + made.stderr)
    rows = boto3.client("dynamodb").scan(TableName=table)["Items"]
    expect("its row", len(rows) == 1 and rows[0]["name"]["S"] == "backend", json.dumps(rows))
    expect("which holds no key", json.loads(made.stdout)["key"] not in json.dumps(rows), "it does not")
    listed = queqiao("keys", "list")
    expect("list", listed.returncode == 0 and "backend" in listed.stdout, listed.stdout + listed.stderr)
    status = queqiao("status", "x")
    expect("the gateway is the stack's", "http://127.0.0.1:1 does not answer" in status.stderr, status.stderr)
    revoked = queqiao("keys", "revoke", "backend")
    rows = boto3.client("dynamodb").scan(TableName=table)["Items"]
    expect("revoke", revoked.returncode == 0 and rows == [], revoked.stderr)
    server.stop()


if __name__ == "__main__":
    main()
