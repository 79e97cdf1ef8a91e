"""Published prices, us-east-1, first tier, free tiers left out: each with where it was read and when that was."""

from collections.abc import Mapping
from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """dollars: per `per`. read: when the source is from, as far as it says so. first_hand: the words of whoever sells it."""

    what: str
    dollars: float
    per: str
    source: str
    read: str
    first_hand: bool


_TRANSCRIBED = "as transcribed by API Evangelist"
_GIST = "gist.github.com/allenheltondev, AWS Serverless Cost Breakdown"
_LAMBDA = "git.mcrn.ar/mariano, lambda-13-cost.md"
_COGNITO = f"aws.amazon.com/cognito/pricing, {_TRANSCRIBED}"
_AUTH0 = f"auth0.com/pricing, {_TRANSCRIBED}"
_LOGTO = f"logto.io/pricing, {_TRANSCRIBED}"
_GATEWAY = f"aws.amazon.com/api-gateway/pricing, {_TRANSCRIBED}"
_DYNAMODB = "airbyte.com, Amazon DynamoDB Pricing"

PRICES: Mapping[str, Price] = {
    "http_api": Price("API Gateway, HTTP API", 1.00, "million requests", _GATEWAY, "2026-09-20", True),
    "rest_api": Price("API Gateway, REST API", 3.50, "million requests", _GATEWAY, "2026-09-20", True),
    "lambda_requests": Price("Lambda, requests", 0.20, "million requests", _LAMBDA, "2026-05-11", False),
    "lambda_gb_seconds": Price("Lambda, duration on arm64", 0.0000133334, "GB-second", _LAMBDA, "2026-05-11", False),
    "wru": Price("DynamoDB on demand, write", 0.625, "million WRU", _DYNAMODB, "2025-07-21", False),
    "rru": Price("DynamoDB on demand, read", 0.125, "million RRU", _DYNAMODB, "2025-07-21", False),
    "storage": Price("DynamoDB, storage", 0.25, "GB and month", _GIST, "2020-03-11", False),
    "recovery": Price("DynamoDB, point-in-time recovery", 0.20, "GB and month", _GIST, "2020-03-11", False),
    "kms_key": Price("KMS, a key", 1.00, "key and month", "gist.github.com/dasgoll, KMS Pricing example", "2019-10-30", False),
    "kms_requests": Price("KMS, requests", 0.03, "10 000 requests", "gist.github.com/dasgoll, KMS Pricing example", "2019-10-30", False),
    "logs": Price("CloudWatch Logs, ingestion", 0.50, "GB", "go-cloud.io, AWS API Gateway Pricing", "2026", False),
    "alarm": Price("CloudWatch, an alarm", 0.10, "alarm and month", "c3x.dev, aws_cloudwatch_metric_alarm", "", False),
    "sqs": Price("SQS, standard queue", 0.40, "million requests", _GIST, "2020-03-11", False),
    "sqs_fifo": Price("SQS, FIFO queue", 0.50, "million requests", "from memory, found nowhere", "", False),
    "egress": Price("transfer to the internet", 0.09, "GB", "apigatewaycost.com/aws", "", False),
    "cognito_lite": Price("Cognito Lite", 0.0055, "active user and month", _COGNITO, "2026-09-20", True),
    "cognito_essentials": Price("Cognito Essentials", 0.015, "active user and month", _COGNITO, "2026-09-20", True),
    "cognito_plus": Price("Cognito Plus", 0.020, "active user and month", _COGNITO, "2026-09-20", True),
    "cognito_m2m": Price("Cognito, tokens for machines", 2.25, "1000 tokens", "Vantage, CUPM2MTokenRequestsFull", "2025-04-27", False),
    "logto_pro": Price("Logto Cloud Pro, 50 000 tokens included", 24.00, "month", _LOGTO, "2026-09-20", True),
    "logto_tokens": Price("Logto Cloud Pro, further tokens", 0.08, "100 tokens", _LOGTO, "2026-09-20", True),
    "auth0_essentials": Price("Auth0 Essentials B2C, up to 500 active users", 35.00, "month", _AUTH0, "2026-09-20", True),
    "auth0_professional": Price("Auth0 Professional B2C, up to 500 active users", 240.00, "month", _AUTH0, "2026-09-20", True),
}

# What several prices are measured in.
_UNITS = {"million": MILLION, "10 000": 10_000, "1000": 1000, "100": 100}


def each(name: str) -> float:
    """Dollars for one of what is priced: one request, one unit, one GB, one token."""
    price = PRICES[name]
    counted = next((amount for words, amount in _UNITS.items() if price.per.startswith(f"{words} ")), 1)
    return price.dollars / counted
