"""JSON without spaces, by encoders that are kept: json.dumps makes one for each call. What is encoded must not contain itself."""

import json
from collections.abc import Callable
from typing import Any, Final

# With every character but those of ASCII escaped.
in_ascii: Final[Callable[[Any], str]] = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
# With every character as it is, but for those that JSON has escaped.
text: Final[Callable[[Any], str]] = json.JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=False).encode
