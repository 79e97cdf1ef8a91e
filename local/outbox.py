"""Mails that the stack sent, for a person at the keyboard: printed, or on a page with links that work."""

import html
import json
import re
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

from local.gateway.events import Answer, Received
from local.instance import Instance

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Outbox ({count})</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
article {{ border: 1px solid #8888; border-radius: .5rem; padding: 1rem 1.25rem; margin: 1rem 0; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.1rem; margin: 0; }}
header p {{ margin: .1rem 0 0; opacity: .75; font-size: .9rem; }}
pre {{ font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: .75rem 0 0; }}
</style></head><body>
<h1>Outbox</h1>
<p>What the local stack would have mailed, newest first. <a href="">Reload</a></p>
{mails}
</body></html>
"""
_MAIL = "<article><header><h2>{subject}</h2><p>to {to} at {time}</p></header><pre>{text}</pre></article>"


def messages(instance: Instance) -> list[dict[str, Any]]:
    """All mails, newest first, with the emulator's names: To, Subject, BodyText, BodyHtml, Timestamp."""
    with urllib.request.urlopen(f"{instance.endpoint}/_ministack/ses/messages", timeout=10) as answer:
        accounts = json.loads(answer.read())["messages"]
    mails = [mail for account in accounts.values() for mail in account]
    return sorted(mails, key=lambda mail: float(mail["Timestamp"]), reverse=True)


def as_text(mail: Mapping[str, Any]) -> str:
    """One mail for a terminal."""
    head = f"{_sent_at(mail)}  to {', '.join(mail['To'])}\n{mail['Subject']}"
    return f"{head}\n\n{mail['BodyText'].strip()}\n"


def page(mails: list[dict[str, Any]]) -> str:
    """The HTML page; everything in a mail is text of somebody, so all of it is escaped."""
    articles = [
        _MAIL.format(
            subject=html.escape(mail["Subject"]),
            to=html.escape(", ".join(mail["To"])),
            time=_sent_at(mail),
            text=_with_links(mail["BodyText"].strip()),
        )
        for mail in mails
    ]
    return _PAGE.format(count=len(mails), mails="\n".join(articles) or "<p>No mail yet.</p>")


def serve(instance: Instance, received: Received) -> Answer:
    """The listener's answer: the page at /, nothing elsewhere."""
    if received.raw_path != "/":
        return Answer(404, (("content-type", "text/plain"),), b"not found\n")
    headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
    )
    return Answer(200, headers, page(messages(instance)).encode())


def _with_links(text: str) -> str:
    pieces, end = [], 0
    for link in _LINK.finditer(text):
        url = html.escape(link[0])
        pieces += [html.escape(text[end : link.start()]), f'<a href="{url}">{url}</a>']
        end = link.end()
    return "".join([*pieces, html.escape(text[end:])])


def _sent_at(mail: Mapping[str, Any]) -> str:
    return time.strftime("%H:%M:%S", time.localtime(float(mail["Timestamp"])))
