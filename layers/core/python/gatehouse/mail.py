"""Mail to people, through SES. The only module that knows it."""

from functools import cache
from typing import TYPE_CHECKING

from gatehouse import observe
from gatehouse.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


@cache
def ses() -> "SESV2Client":
    # Imported on first use, here and below: whoever only looks at a page would wait 200 ms for it.
    import boto3
    from botocore.config import Config

    return boto3.client("sesv2", config=Config(connect_timeout=0.5, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}))


def send(recipient: str, subject: str, text: str, html: str) -> bool:
    """Send one mail to one canonical address; False if the provider did not take it. Callers answer the same either way."""
    from botocore.exceptions import BotoCoreError, ClientError

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
