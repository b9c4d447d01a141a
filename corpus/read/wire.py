"""Protocol buffers on the wire: the fields of a message as numbers and bytes; knows no schema."""

from collections.abc import Iterator


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number and value; fixed-width values come as bytes.

    Raises:
        ValueError: the bytes are no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"field of kind {kind}")
        if at + size > len(message):
            raise ValueError("field longer than its message")
        yield key >> 3, message[at : at + size]
        at += size


def text(message: bytes, number: int) -> str:
    """The last string in field `number`, empty if there is none."""
    found = [value for field, value in fields(message) if field == number and isinstance(value, bytes)]
    return found[-1].decode("utf-8", "replace") if found else ""


def number(message: bytes, field: int) -> int:
    """The last number in a field, 0 if there is none."""
    found = [value for at, value in fields(message) if at == field and isinstance(value, int)]
    return found[-1] if found else 0


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("number cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("number too long")
