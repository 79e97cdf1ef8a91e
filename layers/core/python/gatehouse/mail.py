"""Mail to people, through SES. The only module that knows it."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatehouse import observe
from gatehouse.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


@cache
def ses() -> "SESV2Client":
    return boto3.client("sesv2", config=Config(connect_timeout=0.5, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}))


def send(recipient: str, subject: str, text: str, html: str) -> bool:
    """Send one mail to one canonical address; False if the provider did not take it. Callers answer the same either way."""
    body = {"Text": {"Data": text, "Charset": "UTF-8"}, "Html": {"Data": html, "Charset": "UTF-8"}}
    try:
        ses().send_email(
            FromEmailAddress=settings().mail_from,
            Destination={"ToAddresses": [recipient]},
            Content={"Simple": {"Subject": {"Data": subject, "Charset": "UTF-8"}, "Body": body}},  # type: ignore[typeddict-item]
        )
    except (ClientError, BotoCoreError) as error:
        observe.event("MailNotSent", reason=type(error).__name__)
        return False
    return True
