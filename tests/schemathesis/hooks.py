"""What schemathesis cannot make up: who calls, and what only WeChat gives. `run.py` tells where the stack is."""

import hashlib
import itertools
import json
import os
import random
import re
import time
import urllib.request
from xml.sax.saxutils import escape

import schemathesis
from schemathesis import GenerationMode
from wechatpy.crypto import WeChatCrypto

GATEWAY, WECHAT, SERVICE_KEY = (os.environ[name] for name in ("GATEWAY", "WECHAT", "SERVICE_KEY"))
USERS = 200
# How often a session is used: /subscriptions takes 60 calls an hour of one, and others have their limits, too.
USES = 25
# The address has 20 refused codes a minute; beyond these they are real ones.
MADE_UP_CODES = 15
# The simulator's accounts by the path of their callbacks: token, EncodingAESKey, appid.
ACCOUNTS = {
    "/events": ("queqiaoCallback7", "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ", "wx6e2f8b41c07d935a"),
    "/events/mini": ("queqiaoMini4Callback", "r7GdWq2YbK5mXc9TzN4hLsJ8fPvA1eUoE3tRiC6BwMk", "wx1c94a7d3e05b28f6"),
}
DATA = {"applicant": "张三", "kind": "年假", "submitted_at": "2026-11-22 09:30", "content": "回家", "id": "A-42"}


def call(method, url, body=None):
    """One request to the gateway or the simulator."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=40) as answer:
        return json.load(answer)


def code(user):
    """What wx.login gives this user."""
    return call("POST", f"{WECHAT}/_sim/users/{user}/code")["code"]


class Sessions:
    """Sessions of users in turn, each for a while."""

    def __init__(self):
        self.users = itertools.cycle(range(USERS))
        self.left = 0
        self.of = {}

    def token(self):
        """The session in use, or a new one."""
        if not self.left:
            self.user, self.left = next(self.users), USES
            self.in_use = call("POST", f"{GATEWAY}/login", {"code": code(self.user)})["token"]
            self.of[self.in_use] = self.user
        self.left -= 1
        return self.in_use

    def end(self):
        """The one in use has ended."""
        self.left = 0


sessions = Sessions()
openids = [user["mini_openid"] for user in call("GET", f"{WECHAT}/_sim/users?from=0&n={USERS}")]
made_up, batches = [], []
# The same ones each time, so that a seed makes the same run.
chance = random.Random(0)


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """A session on users' routes, the service key on the others, either where both may call."""

    def get(self, case, context):
        schemes = [name for scheme in context.operation.definition.raw["security"] for name in scheme]
        if not schemes:
            return None
        return sessions.token() if chance.choice(schemes) == "session" else SERVICE_KEY

    def set(self, case, token, context):
        case.headers["Authorization"] = f"Bearer {token}"


def login(case):
    """A code that serves, but for so many made-up ones as WeChat may refuse."""
    now = time.monotonic()
    made_up[:] = [then for then in made_up if now - then < 60]
    if chance.random() < 0.5 and len(made_up) < MADE_UP_CODES:
        made_up.append(now)
    else:
        case.body = {**case.body, "code": code(0)}


def decrypt(case):
    """Data that WeChat sealed for the caller."""
    token = case.headers.get("Authorization", "").removeprefix("Bearer ")
    if token in sessions.of and chance.random() < 0.5:
        case.body = call("POST", f"{WECHAT}/_sim/users/{sessions.of[token]}/sealed", {"nickName": "Band"})


def send(case):
    """An entry of the catalog; every other time somebody who is there, and the data that it needs."""
    case.body = {**case.body, "notification": "approval_submitted"}
    if chance.random() < 0.5:
        case.body |= {"to": [{"openid": chance.choice(openids)}], "data": DATA}


def status(case):
    """A batch that is there."""
    if batches and chance.random() < 0.5:
        case.path_parameters["id"] = chance.choice(batches)


def replay(case):
    """JSON Schema's integers may have a point, 7.0; the service takes 7."""
    status(case)
    if isinstance(case.body.get("n"), float):
        case.body = {"n": int(case.body["n"])}


def verify(case):
    """WeChat's signature."""
    case.query["timestamp"] = str(int(time.time()))
    token, _, _ = ACCOUNTS[case.operation.path]
    signed = sorted([token, case.query["timestamp"], case.query["nonce"]])
    case.query["signature"] = hashlib.sha1("".join(signed).encode()).hexdigest()


def callback(case):
    """An event that WeChat has sealed; a part of it was made up."""
    verify(case)
    head = {"MsgType": "event", "FromUserName": chance.choice(openids), "CreateTime": case.query["timestamp"]}
    if case.operation.path == "/events":
        fields = {**head, "Event": "subscribe", "FromUserName": escape(str(case.body))}
        event = "<xml>" + "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()) + "</xml>"
    else:
        told = {"TemplateId": str(case.body), "SubscribeStatusString": "accept"}
        event = json.dumps({**head, "Event": "subscribe_msg_popup_event", "List": [told]})
    crypto = WeChatCrypto(*ACCOUNTS[case.operation.path])
    sealed = crypto.encrypt_message(event, case.query["nonce"], case.query["timestamp"])
    encrypt, signature = re.findall(r"<(?:Encrypt|MsgSignature)><!\[CDATA\[([^\]]+)", sealed)
    case.query["msg_signature"] = signature
    case.body = {"Encrypt": encrypt} if case.media_type == "application/json" else sealed


REAL = {
    "POST /login": login,
    "POST /decrypt": decrypt,
    "POST /send": send,
    "GET /send/{id}": status,
    "POST /send/{id}/replay": replay,
    "GET /events": verify,
    "GET /events/mini": verify,
    "POST /events": callback,
    "POST /events/mini": callback,
}


@schemathesis.serializer("text/xml", "application/xml")
def xml(context, text):
    """The contract has XML as a text, and it goes as it is."""
    return str(text).encode(errors="replace")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts what is real into cases that keep to the contract."""
    if case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE:
        REAL.get(case.operation.label, lambda case: None)(case)


@schemathesis.hook
def after_call(context, case, response):
    """A session that was ended is used no more; a batch that was accepted, from now on."""
    if case.operation.label == "POST /logout":
        sessions.end()
    if case.operation.label == "POST /send" and response.status_code == 202:
        batches.append(response.json()["id"])
