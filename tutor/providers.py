"""A Profile -> the LangChain chat model behind it: OpenAI-compatible servers, Azure, any provider that is installed.

Takes no address or organisation from stray variables, follows no redirect, and checks that what comes is a stream.
Imported where a model is opened, because LangChain takes two seconds to import.
"""

import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from openai import AsyncOpenAI, AsyncStream
from pydantic import SecretStr

from tutor.attempt import Piece
from tutor.diagnose import GarbageError, scrub
from tutor.errors import ConfigError
from tutor.settings import Profile

__all__ = ["Connection", "connect"]

_API_VERSION = "2024-10-21"


# The talk so far, as pairs of role ("assistant" or "user") and text.
Talk = Sequence[tuple[str, str]]
Closes = Callable[[], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A profile's chat model, what streams from it, and what closes its connections."""

    chat: BaseChatModel
    pieces: Callable[[Talk, int], AsyncGenerator[Piece, None]]
    close: Closes


def connect(profile: Profile, key: str, *, tracing: bool = False) -> Connection:
    """The chat model of `profile`. Contacts nobody yet.

    LangChain makes the model and its request. A reply of Chat Completions is read from the openai client's own stream,
    since callbacks and messages cost more a token than all else; the rest, and what is traced, goes through LangChain.

    Raises:
        ConfigError: the provider is unknown, or its package is not installed.
    """
    if profile.provider not in ("openai", "azure"):
        other = _other(profile, key)
        return Connection(chat=other, pieces=_read_chunks(other, profile), close=_nothing)
    chat, close = _openai(profile, key)
    read = _read_chunks if tracing or profile.responses_api else _read_events
    return Connection(chat=chat, pieces=read(chat, profile), close=close)


def _openai(profile: Profile, key: str) -> "tuple[_OpenAI | _Azure, Closes]":
    client = httpx2.AsyncClient(
        timeout=httpx2.Timeout(
            None, connect=min(10.0, profile.first_token)
        ),  # the other deadlines are kept by the caller
        verify=_certificates(),
        follow_redirects=False,  # a key goes only where the profile says
        trust_env=not profile.local,  # no proxy between us and this machine
        event_hooks={"request": [_Plain(profile)], "response": [_expect_stream]},
    )
    shared: dict[str, Any] = {
        "model": profile.model,
        "api_key": SecretStr(key or "none"),
        "temperature": profile.temperature,
        "timeout": None,
        "max_retries": 0,
        "stream_usage": not profile.compatible if profile.stream_usage is None else profile.stream_usage,
        "stream_chunk_timeout": None,
        "use_responses_api": profile.responses_api,
        "openai_proxy": "",
        "http_async_client": client,
    }
    if profile.provider == "azure":
        version = profile.api_version or _API_VERSION
        return _Azure(azure_endpoint=profile.base_url, api_version=version, **shared), client.aclose
    return _OpenAI(base_url=profile.url, **shared), client.aclose


@cache
def _certificates() -> ssl.SSLContext:
    """The authorities to trust, read once: it takes 20 ms."""
    return httpx2.create_ssl_context()


def _limits(profile: Profile, max_tokens: int) -> dict[str, Any]:
    """What keeps the reply under `max_tokens`, as this server understands it."""
    new = profile.max_completion_tokens
    if profile.responses_api or new or (new is None and not profile.compatible):
        return {"max_completion_tokens": max_tokens}
    return {"max_tokens": max_tokens}  # older servers know no other name


def _read_events(chat: BaseChatOpenAI, profile: Profile) -> Callable[[Talk, int], AsyncGenerator[Piece, None]]:
    """Streams the plain events of Chat Completions, in the request that the chat model makes."""
    fixed = chat._get_request_payload([], stream=True)
    if chat.stream_usage:
        fixed["stream_options"] = {"include_usage": True}
    client: AsyncOpenAI = chat.root_async_client

    async def pieces(talk: Talk, max_tokens: int) -> AsyncGenerator[Piece, None]:
        messages = [{"role": role, "content": text} for role, text in talk]
        body = {**fixed, "messages": messages, **_limits(profile, max_tokens), **profile.extra_body}
        async with await client.post(
            "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=_Events
        ) as events:  # no model of pydantic's is made of an event
            async for event in events:
                yield _of_event(event)

    return pieces


class _Events(AsyncStream[object]):
    """The client's own stream, which closes all that it reads through, from the outside in, where reading stops early.

    The client closes the connection alone: its generators then live on in the traceback of an error, suspended, until
    the garbage collector closes them in an order of its own.
    """

    _lines: AsyncGenerator[Any, None] | None = None

    def __aiter__(self) -> AsyncIterator[object]:
        return self._iterator

    def _iter_events(self) -> AsyncIterator[Any]:
        self._lines = self._read_lines()
        return self._lines

    async def _read_lines(self) -> AsyncGenerator[Any, None]:
        async with contextlib.aclosing(self.response.aiter_bytes()) as read:
            async with contextlib.aclosing(self._decoder.aiter_bytes(read)) as lines:  # type: ignore[type-var]
                async for line in lines:
                    yield line

    async def close(self) -> None:
        for reading in (self._iterator, self._lines):
            if isinstance(reading, AsyncGenerator):
                await reading.aclose()
        await super().close()


def _of_event(event: Any) -> Piece:  # noqa: ANN401 (whatever JSON the server sent)
    used, choices = event.get("usage"), event.get("choices")
    usage = (int(used.get("prompt_tokens") or 0), int(used.get("completion_tokens") or 0)) if used else None
    if not choices:
        return Piece(usage=usage)
    delta, finish = choices[0].get("delta") or {}, str(choices[0].get("finish_reason") or "")
    refusal = str(delta.get("refusal") or "")
    text, thought, refused = _said(delta.get("content") or "")
    thought = thought or bool(delta.get("reasoning_content") or delta.get("reasoning"))
    return Piece(
        text=text,
        finish=finish,
        refusal=refusal or refused,
        thought=thought,
        alive=bool(text or thought or refusal or refused),
        usage=usage,
    )


def _said(content: str | list[Any]) -> tuple[str, bool, str]:
    """Text, whether there is thinking, and a refusal, of content that may come in typed blocks."""
    if isinstance(content, str):
        return content, False, ""
    blocks = [block for block in content if isinstance(block, dict)]
    kinds = {block.get("type") for block in blocks}
    text = "".join(block if isinstance(block, str) else str(block.get("text") or "") for block in content)
    return text, bool(kinds & {"reasoning", "thinking"}), "refusal" if "refusal" in kinds else ""


def _read_chunks(chat: BaseChatModel, profile: Profile) -> Callable[[Talk, int], AsyncGenerator[Piece, None]]:
    """Streams whatever chat model through LangChain, callbacks and tracing included."""

    async def pieces(talk: Talk, max_tokens: int) -> AsyncGenerator[Piece, None]:
        messages = [AIMessage(text) if role == "assistant" else HumanMessage(text) for role, text in talk]
        given: dict[str, Any] = {}
        if isinstance(chat, _Extras):
            limits = _limits(profile, max_tokens)
            new = {name: limits.pop(name) for name in ("max_completion_tokens",) if name in limits}
            given = {**new, "extra_body": {**limits, **profile.extra_body} or None}
        chunks = chat.astream(messages, **given)
        async with contextlib.aclosing(chunks):  # type: ignore[type-var]
            async for chunk in chunks:
                yield _of_chunk(chunk)

    return pieces


def _of_chunk(chunk: AIMessageChunk) -> Piece:
    metadata, extra, used = chunk.response_metadata, chunk.additional_kwargs, chunk.usage_metadata
    names = ("finish_reason", "stop_reason", "done_reason", "status")
    finish = next((str(metadata[name]) for name in reversed(names) if metadata.get(name)), "")
    finish = str((metadata.get("incomplete_details") or {}).get("reason") or finish)
    _, thought, refused = _said(chunk.content)
    return Piece(
        text=str(chunk.text),
        finish=finish,
        refusal=str(extra.get("refusal") or refused),
        thought=thought or bool(extra.get("reasoning")),
        alive=bool(chunk.content or extra),
        usage=(int(used["input_tokens"]), int(used["output_tokens"])) if used else None,
    )


async def _nothing() -> None:
    """Clients of other providers close themselves."""


def _other(profile: Profile, key: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    given: dict[str, Any] = {"max_tokens": profile.reply_limit, "timeout": profile.timeout, "max_retries": 0}
    given |= {"temperature": profile.temperature} if profile.temperature is not None else {}
    given |= {"base_url": profile.base_url} if profile.base_url else {}
    given |= {"api_key": key} if key else {}
    try:
        made: BaseChatModel = init_chat_model(profile.model, model_provider=profile.provider, **given)
    except ImportError as error:
        package = getattr(error, "name", None) or f"langchain-{profile.provider}"
        raise ConfigError(
            f"[models.{profile.name}] wants the provider {profile.provider!r}, whose package is not installed. "
            f"Run: pip install {package.replace('_', '-')}"
        ) from None
    except ValueError as error:
        raise ConfigError(f"[models.{profile.name}]: {scrub(str(error), key)}") from None
    return made


class _Extras(BaseChatOpenAI):
    """Keeps what LangChain drops from a chunk and the tutor needs: a refusal, and that the model is thinking."""

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or []
        delta = (choices[0].get("delta") or {}) if choices else {}
        if made is not None and isinstance(made.message, BaseMessageChunk):
            for name, value in (
                ("refusal", delta.get("refusal")),
                ("reasoning", bool(delta.get("reasoning_content") or delta.get("reasoning"))),
            ):
                if value:
                    made.message.additional_kwargs[name] = value
        return made


class _OpenAI(_Extras, ChatOpenAI):
    pass


class _Azure(_Extras, AzureChatOpenAI):
    pass


class _Plain:
    """Takes off what stray variables and the client add: organisation, project, facts about this machine."""

    def __init__(self, profile: Profile) -> None:
        self._own = not profile.base_url
        self._key = bool(profile.key_variable or profile.api_key_file)

    async def __call__(self, request: httpx2.Request) -> None:
        for name in list(request.headers):
            lower = name.lower()
            if lower.startswith("x-stainless") or (not self._own and lower.startswith("openai-")):
                del request.headers[name]
        if not self._key:
            request.headers.pop("Authorization", None)


async def _expect_stream(response: httpx2.Response) -> None:
    """Refuse a good status with something other than a stream in it."""
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if response.status_code != 200 or kind not in ("text/html", "application/json"):
        return
    text = (await response.aread()).decode("utf-8", errors="replace")
    if kind == "text/html":
        raise GarbageError("html", kind)
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    error = content.get("error") if isinstance(content, dict) else None
    if error:
        raise GarbageError("error", str(error.get("message", error) if isinstance(error, dict) else error))
    raise GarbageError("whole", "it came in one piece; the server does not stream")
