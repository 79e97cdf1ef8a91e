"""How fast this machine is just now: what the measured times are multiples of."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_BATCHES = 15
_STARTS = 10
_CLAIMS = {
    "iss": "https://id.example.com",
    "sub": "gatehouse|aB3dE5fG7hI9jK1lM3nO5p",
    "aud": ["https://orders.example.com", "https://id.example.com"],
    "client_id": "aB3dE5fG7hI9jK1lM3nO5p",
    "sid": "AAAAAQAAAAAAAAAAAAAAAAAAAAA",
    "scope": "openid profile email",
    "iat": 1_795_251_600,
    "exp": 1_795_252_200,
    "auth_time": 1_795_251_000,
    "amr": ["pwd"],
    "jti": "0123456789abcdef",
}


@dataclass(frozen=True, slots=True)
class Calibration:
    """Processor milliseconds; interpreter_wall is elapsed time."""

    rs256_sign: float
    es256_sign: float
    json_round_trip: float
    argon2id: float
    interpreter: float
    interpreter_wall: float


def calibrate() -> Calibration:
    """Measure the yardsticks, medians of batches."""
    message = b"x" * 400
    rsa_key, padded = rsa.generate_private_key(public_exponent=65537, key_size=2048), padding.PKCS1v15()
    ec_key, digest = ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    starts = [_start() for _ in range(_STARTS)]
    return Calibration(
        rs256_sign=_milliseconds(lambda: rsa_key.sign(message, padded, digest), 20),
        es256_sign=_milliseconds(lambda: ec_key.sign(message, ec.ECDSA(digest)), 200),
        json_round_trip=_milliseconds(lambda: json.loads(json.dumps(_CLAIMS)), 500),
        argon2id=_milliseconds(lambda: hash_secret_raw(b"password", b"x" * 16, 2, 19 * 1024, 1, 32, Type.ID), 1),
        interpreter=statistics.median(cpu for cpu, _ in starts),
        interpreter_wall=statistics.median(wall for _, wall in starts),
    )


def _milliseconds(work: Callable[[], object], times: int) -> float:
    batches = []
    for _ in range(_BATCHES):
        started = time.process_time_ns()
        for _ in range(times):
            work()
        batches.append((time.process_time_ns() - started) / times / 1e6)
    return statistics.median(batches)


def _start() -> tuple[float, float]:
    """Processor and elapsed milliseconds of an interpreter that does nothing."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (used.ru_utime + used.ru_stime) * 1000, (time.perf_counter() - started) * 1000
