"""What went wrong with a model: any exception of the clients below -> one ModelError that says where and what to do.

Contacts nobody. No text it makes holds the key, whole, encoded or in part.
"""

import base64
import re
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from tutor.errors import (
    ModelBusyError,
    ModelCutError,
    ModelEmptyError,
    ModelError,
    ModelKeyError,
    ModelLongError,
    ModelNotFoundError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelUnreachableError,
)
from tutor.settings import Profile

__all__ = ["GarbageError", "diagnose", "no_key", "scrub", "transient"]

_PART = 6  # so many characters of a key in a row are taken for a leak
_MASKED = re.compile(r"\S*\*{2,}\S*")  # servers mask keys themselves, and leave their first and last signs
_OVERFLOW = re.compile(r"context.{0,20}(length|window|size|overflow|exceed)|too many tokens|prompt is too long", re.I)
_QUOTA = re.compile(r"quota|billing|credit|balance|payment", re.I)
_FILTER = re.compile(r"content.?(filter|policy|management)|safety|moderation", re.I)
_DNS = ("getaddrinfo", "name resolution", "name or service", "nodename", "no address associated")


class GarbageError(Exception):
    """The server answered with something that is no model's reply; `kind` is what it looks like."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


def scrub(text: str, key: str) -> str:
    """`text` on one line, at most 200 characters, with any trace of `key` starred out: whole, encoded or in part."""
    text = " ".join(text.split())
    if len(key) >= _PART:
        for form in _forms(key):
            windows = {form[at : at + _PART] for at in range(len(form) - _PART + 1)}
            hits = [at for at in range(len(text) - _PART + 1) if text[at : at + _PART] in windows]
            for at in hits:
                text = text[:at] + "*" * _PART + text[at + _PART :]
    return _MASKED.sub("***", text)[:200]


def _forms(key: str) -> list[str]:
    """The key as servers and gateways may give it back: plain, in a URL, in hex, and in base64 with anything before."""
    raw = key.encode()
    forms = [key, quote(key, safe=""), raw.hex(), raw.hex().upper()]
    for shift, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = base64.b64encode(b"x" * shift + raw).decode()
        forms.append(whole[skipped : (shift + len(raw)) // 3 * 4])
    return forms


def no_key(profile: Profile) -> ModelKeyError:
    """The error for a profile whose key is not there."""
    if profile.api_key_file:
        return ModelKeyError(
            f"[models.{profile.name}] takes its key from {profile.api_key_file}, which cannot be read, is empty "
            "or holds more than a key. Put the key there, and nothing else."
        )
    return ModelKeyError(
        f"[models.{profile.name}] needs a key {profile.where}, and {profile.key_variable} is not set, or holds "
        f"no key. Run: export {profile.key_variable}=... (or name another variable in api_key_env)."
    )


def transient(error: ModelError) -> bool:
    """Whether the same call may do better a moment later."""
    if isinstance(error, ModelBusyError):
        return error.retry_after is not None or "quota" not in str(error)
    return isinstance(error, ModelUnreachableError) and "no such host" not in str(error)


def diagnose(error: BaseException, profile: Profile, *, key: str = "", text: str = "") -> ModelError:
    """The ModelError for `error`; `text` is what the learner has seen of the reply so far."""
    if isinstance(error, ModelError):
        return error
    at = f"{profile.model} {profile.where}"
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ModelError):
            return cause
        if isinstance(cause, GarbageError):
            return _garbage(cause, profile, at, key)
        status = getattr(cause, "status_code", getattr(getattr(cause, "response", None), "status_code", None))
        if isinstance(status, int):
            return _status(cause, status, profile, at, key)
    said = scrub(next((m for c in reversed(causes) if (m := _message(c))), ""), key)
    if text.strip():
        return ModelCutError(f"{at}: the reply was cut: {said or type(error).__name__}.", text=text)
    if any("Timeout" in type(cause).__name__ or isinstance(cause, TimeoutError) for cause in causes):
        return ModelTimeoutError(f"{at}: no connection in time. Check that the server runs.")
    if isinstance(getattr(causes[0], "body", None), Mapping | str):
        return _told(said, at) or ModelUnreachableError(f"{at}: the server reports: {said}.")
    return _connection(causes, profile, at, said)


def _connection(causes: list[BaseException], profile: Profile, at: str, said: str) -> ModelError:
    words = " ".join(f"{type(cause).__name__} {cause}" for cause in causes).lower()
    if "gaierror" in words or any(sign in words for sign in _DNS):
        return ModelUnreachableError(f"{at}: there is no such host. Check base_url in [models.{profile.name}].")
    if "refused" in words or "connect call failed" in words or "connection attempts failed" in words:
        return ModelUnreachableError(f"{at}: nobody listens there. Start the server, or check base_url.")
    if "certificate" in words or "ssl" in words:
        return ModelUnreachableError(f"{at}: no safe connection: {said}. Is it http:// rather than https://?")
    if any(isinstance(cause, ValueError | TypeError | KeyError | AttributeError) for cause in causes):
        return ModelEmptyError(f"{at}: the reply cannot be read: {said or type(causes[0]).__name__}.")
    return ModelUnreachableError(f"{at}: the connection broke before anything was said: {said}.")


def _garbage(cause: GarbageError, profile: Profile, at: str, key: str) -> ModelError:
    detail = scrub(cause.detail, key)
    if cause.kind == "html":
        return ModelNotFoundError(
            f"{at}: a web page came back, no reply ({detail}). Is base_url right in {profile.name!r}? Most end in /v1."
        )
    if cause.kind == "error":
        return _told(detail, at) or ModelUnreachableError(f"{at}: the server reports: {detail}.")
    return ModelEmptyError(f"{at}: the reply is no stream of chat chunks ({detail}).")


def _told(said: str, at: str) -> ModelError | None:
    """The error that the server's own words name."""
    if _OVERFLOW.search(said):
        return ModelLongError(
            f"{at}: the prompt is longer than the model's context ({said}). Lower context in the profile."
        )
    if _FILTER.search(said):
        return ModelRefusedError(f"{at}: the server's filter declined ({said}).")
    return None


def _status(cause: BaseException, status: int, profile: Profile, at: str, key: str) -> ModelError:
    response = getattr(cause, "response", None)
    headers: Mapping[str, str] = getattr(response, "headers", {})
    said = scrub(_message(cause), key).replace("Error code: ", "HTTP ")
    if "text/html" in headers.get("content-type", ""):
        said = "a web page"
    if status in (401, 403):
        named = profile.key_variable or profile.api_key_file or "api_key_env (none is named)"
        return ModelKeyError(f"{at}: the server does not accept the key from {named} (HTTP {status}).")
    if status == 404:
        return ModelNotFoundError(f"{at}: not found: {said}. Check model and base_url in [models.{profile.name}].")
    if status in (402, 429, 503, 529):
        return _busy(status, said, headers, at)
    if status in (408, 504):
        return ModelTimeoutError(f"{at}: the server gave up waiting (HTTP {status}).")
    if 300 <= status < 400:
        target = scrub(headers.get("location", "elsewhere"), key)
        return ModelNotFoundError(
            f"{at}: the server sends us on to {target}; write that address in base_url if you trust it."
        )
    if status >= 500:
        return _told(said, at) or ModelUnreachableError(f"{at}: the server failed (HTTP {status}): {said}.")
    return _told(said, at) or ModelError(f"{at}: the server refuses the request (HTTP {status}): {said}.")


def _busy(status: int, said: str, headers: Mapping[str, str], at: str) -> ModelBusyError:
    wait = _seconds(headers.get("retry-after", ""))
    if status == 402 or (_QUOTA.search(said) and wait is None):
        return ModelBusyError(f"{at}: the quota is used up: {said}. Check the account, or use another profile.")
    then = f"Try again in {wait:.0f} s." if wait is not None else "Try again in a moment."
    return ModelBusyError(f"{at}: busy (HTTP {status}): {said}. {then}", retry_after=wait)


def _seconds(header: str) -> float | None:
    """A Retry-After header in seconds from now; it may be a number or a date."""
    if re.fullmatch(r"\d+(\.\d+)?", header.strip()):
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _message(error: BaseException) -> str:
    """The server's own message where there is one, else the exception's."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        said = inner.get("message") if isinstance(inner, Mapping) else inner
        code = inner.get("code") if isinstance(inner, Mapping) else None
        said = str(said or "").rstrip(".")
        return f"{said} [{code}]" if code and str(code) not in said else said
    return str(error).rstrip(".")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = current.__cause__ or current.__context__
