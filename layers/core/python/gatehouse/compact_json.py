"""JSON without spaces, by encoders that are kept: json.dumps makes one for each call. What is encoded must not contain itself."""

from collections.abc import Callable
from json import JSONEncoder, encoder
from typing import Any, Final


def kept(*, ensure_ascii: bool) -> Callable[[Any], str]:
    """An encoder. ensure_ascii: as json.dumps."""
    usual = JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=ensure_ascii)
    # What JSONEncoder.encode makes anew for each value, which takes as long as encoding a small one. Other Pythons have no such thing.
    make: Any = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return usual.encode
    as_text = encoder.encode_basestring_ascii if ensure_ascii else encoder.encode_basestring
    parts = make(None, usual.default, as_text, None, ":", ",", False, False, True)
    return lambda value: "".join(parts(value, 0))


# With every character but those of ASCII escaped.
in_ascii: Final = kept(ensure_ascii=True)
# With every character as it is, but for those that JSON has escaped.
text: Final = kept(ensure_ascii=False)
