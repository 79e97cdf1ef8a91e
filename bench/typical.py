"""What a function of the usual kind takes to be ready: a client of boto3, Powertools with its validating resolver, PyJWT; no tracer."""

import os
import statistics
import subprocess
import sys

_PROGRAM = """
import time
started = time.process_time()
import boto3, jwt, pydantic
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
boto3.client("dynamodb")
APIGatewayHttpResolver(enable_validation=True)
print((time.process_time() - started) * 1000)
"""


def measure(starts: int) -> float:
    """Processor milliseconds above the bare interpreter until it could make its first call: the median of so many processes."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", "-c", _PROGRAM]
    runs = [subprocess.run(command, env=environment, capture_output=True, text=True, check=True) for _ in range(starts)]
    return statistics.median(float(run.stdout) for run in runs)
