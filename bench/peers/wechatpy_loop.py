#!/usr/bin/env python3
"""What wechatpy 1.8.18 takes for what Queqiao does, at the same simulated WeChat: messages in a loop, as its examples have
it, blobs opened, callbacks verified and opened. Prints a line of JSON a figure, as bench does.

  python3 bench/peers/wechatpy_loop.py [--program target/release/wechat-simulator] [--messages 200]

Needs wechatpy and cryptography from PyPI; starts the simulator itself and ends it.
"""

import argparse
import base64
import json
import pathlib
import signal
import subprocess
import sys
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto, WeChatWxaCrypto

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from wechatpy_client import SimulatedClient, fields, simulator  # noqa: E402

LATENCY_MS = 50
TIMES = 2_000
APPID = "wx4f4bc4dec97d474b"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
RECEIPT = (
    "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]>"
    "</FromUserName><CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType><Event>"
    "<![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>200163836</MsgID><Status><![CDATA[success]]></Status></xml>"
)


def tell(what, figure, unit="/s", **more):
    print(json.dumps({"job": "wechatpy", "what": what, "figure": figure, "unit": unit} | more), flush=True)


def per_second(work, times=TIMES):
    started = time.perf_counter()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - started)


def messages(wechat, ready, count):
    """One after the other; what each computes is this process's own time."""
    client = SimulatedClient(wechat, ready["oa_appid"], ready["oa_secret"])
    users = simulator(wechat, f"/_sim/users?from=0&n={count}")
    client.access_token
    simulator(wechat, "/_sim/faults", "POST", {"endpoint": "/cgi-bin/message/template/send", "latency_ms": LATENCY_MS})
    started, computed = time.perf_counter(), time.process_time()
    for user in users:
        client.message.send_template(user["oa_openid"], ready["template_id"], fields())
    took, computed = time.perf_counter() - started, time.process_time() - computed
    bound = 1000 / LATENCY_MS
    tell(
        f"{count} messages in a loop", count / took, bound=bound, ratio=count / took / bound,
        held_against=f"one at a time of {LATENCY_MS} ms each", beside={"ms CPU a message": computed / count * 1000},
    )


def sealed_data():
    """400 bytes as wx.getUserInfo seals them."""
    key, iv = b"0123456789abcdef", b"fedcba9876543210"
    data = {"openId": "oGZUI0egBJY1zhBYw2KhdUfwVJJE", "avatarUrl": "", "watermark": {"timestamp": 1477314187, "appid": APPID}}
    data["avatarUrl"] = "h" * (399 - len(json.dumps(data)))
    plain = json.dumps(data).encode() + b"\x01"
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()
    crypto = WeChatWxaCrypto(base64.b64encode(key).decode(), base64.b64encode(iv).decode(), APPID)
    tell("encryptedData of 400 bytes opened", per_second(lambda: crypto.decrypt_message(sealed)))


def callbacks():
    crypto = WeChatCrypto("token", AES_KEY, APPID)
    sealed = crypto.encrypt_message(RECEIPT, "n0nce", "1395658920")
    signature = sealed.split("<MsgSignature><![CDATA[")[1].split("]]")[0]
    read = lambda: parse_message(crypto.decrypt_message(sealed, signature, "1395658920", "n0nce"))
    tell("an encrypted receipt verified, opened and read", per_second(read))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="target/release/wechat-simulator")
    parser.add_argument("--messages", type=int, default=200)
    arguments = parser.parse_args()
    command = [arguments.program, "--port", "0", "--followers", str(arguments.messages)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = json.loads(running.stdout.readline())
        messages(ready["wechat"], ready, arguments.messages)
        sealed_data()
        callbacks()
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(timeout=30)


if __name__ == "__main__":
    main()
