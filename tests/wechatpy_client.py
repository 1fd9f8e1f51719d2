#!/usr/bin/env python3
"""Drives the simulator with wechatpy 1.8.18, a client written against the real WeChat.

  python3 tests/wechatpy_client.py [--program target/debug/wechat-simulator]

Needs wechatpy from PyPI; starts the simulator itself and ends it.
"""

import argparse
import json
import signal
import subprocess
import sys
import urllib.request

from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

NEVER_FOLLOWED = 4_000_000_000


class SimulatedClient(WeChatClient):
    """The real client; only the address of WeChat is another."""

    def __init__(self, wechat, appid, secret):
        self.wechat = wechat
        self.API_BASE_URL = f"{wechat}/cgi-bin/"
        super().__init__(appid, secret, timeout=10)

    def fetch_access_token(self):
        return self._fetch_access_token(
            url=f"{self.wechat}/cgi-bin/token",
            params={"grant_type": "client_credential", "appid": self.appid, "secret": self.secret},
        )


def check(holds, claim):
    if not holds:
        sys.exit(f"FAILED: {claim}")
    print(f"ok: {claim}", flush=True)


def check_errcode(errcode, claim, call):
    try:
        answer = call()
    except WeChatClientException as error:
        check(error.errcode == errcode, f"{claim} answers {errcode} (it was {error.errcode}: {error.errmsg})")
    else:
        sys.exit(f"FAILED: {claim} answers {errcode} (it was {answer})")


def simulator(wechat, path, method="GET", body=None):
    """One of the simulator's own routes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(wechat + path, data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def fields(**changed):
    values = {
        "thing1": "王小明",
        "thing2": "请假",
        "time3": "2026-03-01 09:30",
        "thing4": "年假三天",
        "character_string5": "QJ-20260301-0007",
    }
    return {key: {"value": value} for key, value in (values | changed).items()}


def reads_followers(client):
    total = client.user.get_followers()["total"]
    followers = list(client.user.iter_followers())
    check(len(followers) == len(set(followers)) == total, f"iter_followers yields all {total} followers once")
    hundred = client.user.get_batch(followers[:100])
    check([user["openid"] for user in hundred] == followers[:100], "batchget answers for the 100 asked about")
    check(all(user["subscribe"] == 1 and user["unionid"] for user in hundred), "each of them has a unionid")
    check_errcode(40032, "batchget of 101", lambda: client.user.get_batch(followers[:101]))
    check_errcode(40032, "batchget of none", lambda: client.user.get_batch([]))


def sends_messages(client, wechat, template_id):
    user = simulator(wechat, "/_sim/users?from=7&n=1")[0]
    stranger = simulator(wechat, f"/_sim/users?from={NEVER_FOLLOWED}&n=1")[0]

    def send(openid, template_id=template_id, **changed):
        return client.message.send_template(openid, template_id, fields(**changed))

    sent = send(user["oa_openid"])
    check(sent["errcode"] == 0 and sent["msgid"] > 2**53, "a template message is accepted")
    newest = simulator(wechat, "/_sim/messages?user=7&n=1")[0]
    check(newest["msgid"] == sent["msgid"] and newest["data"]["thing1"] == "王小明", "it arrives in the inbox")
    check_errcode(40003, "sending to a mini-program openid", lambda: send(user["mini_openid"]))
    check_errcode(43004, "sending to someone who does not follow", lambda: send(stranger["oa_openid"]))
    check_errcode(40037, "sending an unknown template", lambda: send(user["oa_openid"], "x" * 43))
    check_errcode(47003, "a thing of 21 characters", lambda: send(user["oa_openid"], thing4="长" * 21))


def recovers_from_a_rotation(client, wechat):
    before = client.access_token
    simulator(wechat, "/_sim/rotate", "POST", {"times": 2})
    failed = errors(wechat, "/cgi-bin/user/get", "40001")
    check(client.user.get_followers()["count"] > 0, "a call after two rotations by a third party succeeds")
    check(errors(wechat, "/cgi-bin/user/get", "40001") == failed + 1, "after exactly one 40001")
    check(client.access_token != before, "with a new token")


def errors(wechat, endpoint, errcode):
    return simulator(wechat, "/_sim/stats")["endpoints"][endpoint]["errors"].get(errcode, 0)


def drive(wechat, oa_appid, oa_secret, template_id, **_):
    client = SimulatedClient(wechat, oa_appid, oa_secret)
    token = client.fetch_access_token()
    check(token["expires_in"] == 7200 and len(token["access_token"]) > 100, "a token is fetched")
    reads_followers(client)
    sends_messages(client, wechat, template_id)
    recovers_from_a_rotation(client, wechat)
    templates = client.get("template/get_all_private_template")["template_list"]
    check(template_id in [template["template_id"] for template in templates], "the template is listed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/debug/wechat-simulator")
    command = [parser.parse_args().program, "--port", "0", "--followers", "25050"]
    simulated = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        drive(**json.loads(simulated.stdout.readline()))
    finally:
        simulated.send_signal(signal.SIGINT)
        simulated.wait(timeout=30)


if __name__ == "__main__":
    try:
        main()
    except (WeChatClientException, OSError) as error:
        sys.exit(f"FAILED: {error}")
