"""A Profile -> the LangChain chat model behind it: OpenAI-compatible servers, Azure, any provider that is installed.

Takes no address or organisation from stray variables, follows no redirect, and checks that what comes is a stream.
Imported where a model is opened, because LangChain takes two seconds to import.
"""

import json
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import httpx2
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from tutor.diagnose import GarbageError, scrub
from tutor.errors import ConfigError
from tutor.settings import Profile

__all__ = ["connect", "limits"]

_API_VERSION = "2024-10-21"


def connect(profile: Profile, key: str) -> tuple[BaseChatModel, Callable[[], Awaitable[object]]]:
    """The chat model, and what closes its connections."""
    if profile.provider not in ("openai", "azure"):
        return _other(profile, key), _nothing
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


def limits(profile: Profile, max_tokens: int) -> dict[str, Any]:
    """The arguments of one call that keep the reply under `max_tokens`, as this server understands them."""
    if profile.provider not in ("openai", "azure"):
        return {}
    new = profile.max_completion_tokens
    if profile.responses_api or new or (new is None and not profile.compatible):
        return {"max_completion_tokens": max_tokens, "extra_body": profile.extra_body or None}
    return {"extra_body": {"max_tokens": max_tokens, **profile.extra_body}}  # older servers know no other name


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
