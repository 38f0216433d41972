"""Values of Python as JSON, and settings as the Python engine gives them to classes."""

import json
import re
import sys

_MAX_SAFE = 2**53 - 1
_LONG_NUMBER = re.compile(r"\d{16}")

_dumps = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode
_dumps_ascii = json.JSONEncoder(separators=(",", ":")).encode


class NotSendable(Exception):
    """A value that cannot be sent. The message says what it is and what to return."""


def to_bytes(plain):
    """JSON of a message that we made ourselves. Half surrogate pairs, which UTF-8 does not have, are escaped."""
    try:
        return _dumps(plain).encode()
    except (UnicodeEncodeError, ValueError):
        return _dumps_ascii(plain).encode()


def result_of(value, with_text):
    """The body of a RESULT, and its attachments.

    with_text: add what Python's str() makes of the value, where that differs from JSON.
    Raises NotSendable.
    """
    kind = type(value)
    if kind is str:
        return b'{"value":%b}' % to_bytes(value), ()
    if value is None:
        return (b'{"text":"None"}' if with_text else b"{}"), ()
    attachments = []
    number = _number(value) if isinstance(value, (int, float)) and kind is not bool else None
    if number is not None:
        text = str(value) if with_text else None
        return to_bytes({"number": number, **({} if text is None else {"text": text})}), ()
    body = _fast(value)
    if body is None:
        try:
            body = to_bytes(_plain(value, (), attachments, set()))
        except RecursionError:
            raise NotSendable("it returned a value that is nested too deeply") from None
    listed = b""
    if attachments:
        listed = b',"bytes":' + to_bytes([{"at": list(at), "size": len(data)} for at, data in attachments])
    elif with_text and kind is not dict:
        text = _text(value)
        listed = b"" if text is None else b',"text":' + to_bytes(text)
    return b'{"value":%b%b}' % (body, listed), [data for _, data in attachments]


def json_of(value):
    """A value as JSON bytes for log data and the like: what cannot be sent is described."""
    try:
        return to_bytes(_plain(value, (), None, set()))
    except (NotSendable, RecursionError):
        return to_bytes(repr(type(value)))


def plain_of(value):
    """A value with nothing in it but what JSON has. Raises NotSendable, also for bytes."""
    return _plain(value, (), None, set())


def _fast(value):
    """JSON of a value that has only what JSON has; None: something in it needs a closer look."""
    try:
        text = _dumps(value)
        return None if _LONG_NUMBER.search(text) else text.encode()
    except (TypeError, ValueError, RecursionError):
        return None


def _number(value):
    """What JSON numbers cannot hold, as text; None: they can hold it."""
    if isinstance(value, int):
        return None if -_MAX_SAFE <= value <= _MAX_SAFE else int.__repr__(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def _text(value):
    """What the engine makes of the value for the return type text; None: the same as we do."""
    if isinstance(value, (str, dict)) or (isinstance(value, int) and not isinstance(value, bool)):
        return None
    if _members(value) is not None:
        return None
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        return _text(value.value)
    if _is_iterator(value):
        return None
    return str(value)


def _plain(value, path, attachments, seen):
    """A copy with nothing in it but what JSON has. `attachments` gets bytes with their paths; None: they are refused."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value) if -_MAX_SAFE <= value <= _MAX_SAFE else int.__repr__(value)
    if isinstance(value, float):
        return float(value) if value - value == 0 else None  # as JSON.stringify does
    if isinstance(value, (bytes, bytearray, memoryview)):
        if attachments is None:
            raise NotSendable("it has bytes where only JSON can be sent")
        attachments.append((path, bytes(value)))
        return None
    if id(value) in seen:
        raise NotSendable("it returned a value that contains itself")
    seen.add(id(value))
    try:
        converted = _converted(value)
        if isinstance(converted, dict):
            return {
                _key(key): _plain(member, (*path, _key(key)), attachments, seen) for key, member in converted.items()
            }
        if isinstance(converted, list):
            return [_plain(member, (*path, index), attachments, seen) for index, member in enumerate(converted)]
        return _plain(converted, path, attachments, seen)
    finally:
        seen.discard(id(value))


def _key(key):
    """A key of a dict as JSON has it."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, (bool, float)):
        return json.dumps(key)
    value = getattr(key, "value", key) if _is_a(key, "enum", "Enum") else key
    return str(value)


def _is_a(value, module, name):
    """Whether a value is of a class of a module that may not be loaded: then it is not."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))


def _is_iterator(value):
    return hasattr(type(value), "__next__")


def _members(value):
    """The fields of a dataclass, an attrs class or a Pydantic model as a dict; None: it is none."""
    cls = type(value)
    fields = getattr(cls, "__dataclass_fields__", None)
    if fields is not None:
        names = [name for name, field in fields.items() if getattr(field._field_type, "name", "") == "_FIELD"]
        return {name: getattr(value, name) for name in names}
    if hasattr(cls, "__attrs_attrs__"):
        return {each.name: getattr(value, each.name) for each in cls.__attrs_attrs__}
    if callable(getattr(cls, "model_dump", None)):
        # The types of the MCP SDK: a member that is None is one that is not there.
        return value.model_dump(by_alias=True, exclude_none=cls.__module__.split(".")[0] == "mcp")
    return None


def _converted(value):
    """One value, made into a dict, a list, or something simpler."""
    if isinstance(value, dict):
        return value
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return list(value)
    members = _members(value)
    if members is not None:
        return members
    if _is_a(value, "enum", "Enum"):
        return value.value
    if _is_a(value, "decimal", "Decimal"):
        if not value.is_finite():
            return float(value)
        return int(value) if value == value.to_integral_value() else float(value)
    if _is_a(value, "datetime", "date") or _is_a(value, "datetime", "time"):
        return value.isoformat()
    if _is_a(value, "datetime", "timedelta"):
        return value.total_seconds()
    if isinstance(value, BaseException):
        raise NotSendable("it returned an exception: raise it, so that the client sees a failure")
    if callable(value) or isinstance(value, type(sys)):
        raise NotSendable("it returned a %s" % type(value).__name__)
    for name in ("tolist", "item"):  # arrays and numbers of NumPy
        if callable(getattr(value, name, None)):
            return getattr(value, name)()
    if callable(getattr(value, "items", None)) and callable(getattr(value, "keys", None)):
        return dict(value.items())
    if hasattr(type(value), "__iter__") and not hasattr(value, "read"):
        return list(value)
    cls = type(value)
    if cls.__str__ is object.__str__ and cls.__repr__ is object.__repr__ or hasattr(value, "read"):
        raise NotSendable("it returned a %s: return a dict, a list, a text, a number or bytes" % cls.__name__)
    return str(value)


_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


def setting_of(value):
    """A setting as the Python engine gives it to a class: numbers are Decimals, ISO dates are datetimes in UTC without a zone."""
    if isinstance(value, dict):
        return {key: setting_of(member) for key, member in value.items()}
    if isinstance(value, list):
        return [setting_of(member) for member in value]
    if isinstance(value, str):
        return (_datetime(value) or value) if _DATE.fullmatch(value) else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        from decimal import Decimal

        return Decimal(str(value))
    return value


def _datetime(text):
    """None: it only looks like a date."""
    from datetime import datetime, timezone

    whole = re.sub(r"\.(\d+)", lambda found: "." + found[1][:6].ljust(6, "0"), text).replace("Z", "+00:00")
    whole = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", whole) if len(whole) > 10 else whole
    try:
        found = datetime.fromisoformat(whole)
    except ValueError:
        return None
    return found if found.tzinfo is None else found.astimezone(timezone.utc).replace(tzinfo=None)
