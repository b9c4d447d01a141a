import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.loopback import Loopback, Play, Request, fault, free_port, says, vectors_fault
from tutor.config import load_settings
from tutor.doctor import Check, examine, hosts, worst
from tutor.learner import Store
from tutor.settings import Settings

KEY = "sk-proj-SECRET-123456789"


def able(request: Request) -> Play:
    """A server that does all that is asked of it."""
    text, limit = request.text, request.json.get("max_tokens", 1000)
    if "verdict" in text:
        ids = re.findall(r"^([0-9a-f]{6}): (.*)", text, re.MULTILINE)
        lines = [
            f'POINT {id}: made | "pumps blood"' if "pumps blood" in point else f'POINT {id}: missed | ""'
            for id, point in ids
        ]
        return says("\n".join(lines))
    if "spider" in text:
        return says(json.dumps({"n": 8}))
    if word := re.search(r"code word is (\w+)", text):
        return says(f"It is {word[1]}.")
    words = " ".join(["one"] * 20).split()
    return says(" ".join(words[:limit]), finish="length" if limit < 20 else "stop")


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(able) as running:
        yield running


@pytest.fixture
def configured(home: Path, server: Loopback) -> Callable[..., Settings]:
    def configure(more: str = "", **keys: str) -> Settings:
        lines = {"model": '"test-model"', "base_url": f'"{server.url}"', **keys}
        profile = "\n".join(f"{key} = {value}" for key, value in lines.items())
        text = f'[model]\nuse = "local"\n[models.local]\n{profile}\n[embeddings]\nuse = "none"\n{more}'
        (home / "tutor.toml").write_text(text)
        return load_settings(environ=os.environ)

    return configure


def rows(settings: Settings, **environ: str) -> dict[str, Check]:
    return {check.name: check for check in examine(settings, environ={"TEST_KEY": KEY, **environ})}


def test_good_server_passes_every_check_in_seconds(configured: Callable[..., Settings], server: Loopback) -> None:
    begun = time.monotonic()
    found = rows(configured(api_key_env='"TEST_KEY"'))
    assert {name: check.state for name, check in found.items() if check.area == "model local"} == {
        "key": "ok",
        "server": "ok",
        "model": "ok",
        "stream": "ok",
        "speed": "ok",
        "usage": "ok",
        "max_tokens": "ok",
        "context": "ok",
        "verdicts": "ok",
        "JSON schema": "ok",
        "counting": "ok",
    }
    assert worst(list(found.values())) == 0
    assert "SECRET" not in repr(found)
    assert found["JSON schema"].said == "followed"
    assert found[f"127.0.0.1:{server.port}"].said == "stays on this machine"
    assert time.monotonic() - begun < 20


def test_model_that_the_server_does_not_have_is_told_with_the_nearest_names(
    configured: Callable[..., Settings], server: Loopback
) -> None:
    server.models = ("llama3.2", "qwen3", "test-model-2")
    found = rows(configured())
    assert found["model"].state == "warn"
    assert "test-model-2" in found["model"].fix


def test_server_that_cuts_long_prompts_silently_is_found_out(
    configured: Callable[..., Settings], server: Loopback
) -> None:
    server.answer = lambda request: (
        says("What word?", usage=(2048, 2)) if "code word" in request.text else able(request)
    )
    found = rows(configured())
    assert found["context"].state == "fail"
    assert "2048 were read" in found["context"].said
    assert worst(list(found.values())) == 3


def test_server_that_refuses_long_prompts_or_ignores_limits_is_found_out(
    configured: Callable[..., Settings], server: Loopback
) -> None:
    server.answer = lambda request: fault("context overflow") if "code word" in request.text else says("one " * 50)
    found = rows(configured())
    assert found["context"].state == "fail"
    assert (found["max_tokens"].state, found["verdicts"].state) == ("warn", "warn")
    assert "8 were asked for" in found["max_tokens"].said


def test_long_prompt_is_not_tried_where_it_costs_money(configured: Callable[..., Settings], server: Loopback) -> None:
    assert rows(configured(price_in="1.0"))["context"].state == "skip"
    assert not [request for request in server.chats if "code word" in request.text]


@pytest.mark.parametrize(
    ("name", "keys", "words"),
    [
        ("server", {"base_url": f'"http://127.0.0.1:{free_port()}/v1"'}, "nobody listens there"),
        ("key", {"api_key_env": '"NO_SUCH_KEY"'}, "NO_SUCH_KEY is not set"),
        ("provider", {"provider": '"anthropic"', "api_key_env": '"TEST_KEY"'}, "pip install langchain-anthropic"),
    ],
)
def test_profile_that_cannot_work_is_told_at_once(
    configured: Callable[..., Settings], name: str, keys: dict[str, str], words: str
) -> None:
    begun = time.monotonic()
    found = rows(configured(**keys))
    assert found[name].state == "fail"
    assert words in found[name].said
    assert "stream" not in found
    assert worst(list(found.values())) == 3
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("name", ["bad key", "cut", "empty", "html with 200"])
def test_server_that_does_not_speak_is_told(configured: Callable[..., Settings], server: Loopback, name: str) -> None:
    server.answer = lambda request: fault(name)
    found = rows(configured())
    assert found["stream"].state == "fail"
    assert "context" not in found


def test_without_a_model_nothing_is_contacted_and_nothing_leaves(home: Path, server: Loopback) -> None:
    (home / "tutor.toml").write_text(
        f'[models.local]\nmodel = "m"\nbase_url = "{server.url}"\n[embeddings]\nuse="none"\n'
    )
    found = rows(load_settings())
    assert found["hosts"].said == "no host is contacted; nothing leaves this machine"
    assert server.requests == []
    assert worst(list(found.values())) == 0


def test_embedding_server_is_tried(configured: Callable[..., Settings], server: Loopback, home: Path) -> None:
    text = f'[embeddings]\nuse = "openai"\nmodel = "e"\nbase_url = "{server.url}"\n'
    (home / "tutor.toml").write_text(text)
    good = rows(load_settings())["openai"]
    assert (good.state, good.said[:12]) == ("ok", "8 dimensions")
    server.vectors = vectors_fault("nan")
    bad = rows(load_settings())
    assert bad["openai"].state == "fail"
    assert worst(list(bad.values())) == 3


def test_history_is_checked_and_damage_is_found(home: Path) -> None:
    (home / "tutor.toml").write_text('[embeddings]\nuse = "none"\n')
    settings = load_settings()
    path = settings.data_dir / "tutor.db"
    assert "not there yet" in rows(settings)["history"].said
    Store.open(settings.store.url).close()
    found = rows(settings)
    assert found["history"].state == found["integrity"].state == "ok"
    path.write_bytes(b"no database at all, " * 400)
    found = rows(settings)
    assert found["integrity"].state == "fail"
    assert worst(list(found.values())) == 3
    assert sqlite3.sqlite_version in found["SQLite"].said


def test_every_host_of_every_job_is_listed(home: Path) -> None:
    (home / "tutor.toml").write_text(
        '[model]\nuse = "a"\njudge = "b"\nfallback = ["c", "none"]\ntracing = true\n'
        '[models.a]\nmodel = "m"\n[models.b]\nmodel = "m"\nbase_url = "https://b.example/v1"\n'
        '[models.c]\nmodel = "m"\nprovider = "anthropic"\n[models.unused]\nmodel = "m"\nbase_url = "http://never/v1"\n'
        '[embeddings]\nuse = "openai"\nmodel = "e"\nbase_url = "http://e.example:8000/v1"\n'
        '[store]\nurl = "postgresql://me@db.example/tutor"\n'
    )
    assert set(hosts(load_settings(environ={}))) == {
        "api.openai.com",
        "b.example",
        "the servers of anthropic",
        "e.example:8000",
        "db.example",
        "LangSmith",
    }


def test_stray_tracing_variables_are_told_and_not_obeyed(home: Path) -> None:
    (home / "tutor.toml").write_text('[embeddings]\nuse = "none"\n')
    assert rows(load_settings())["tracing"].said == "off"
    assert (
        "LANGSMITH_TRACING is set and is not obeyed" in rows(load_settings(), LANGSMITH_TRACING="true")["tracing"].said
    )


def test_context_that_the_server_lists_is_held_against_the_profile(
    configured: Callable[..., Settings], server: Loopback
) -> None:
    server.listed = {"max_model_len": 4096}
    found = rows(configured(context="16384"))
    assert found["context"].state == "fail"
    assert found["context"].said == "the profile says 16384, the server 4096"
    assert rows(configured(context="4096"))["context"].state == "ok"


def test_silent_cut_is_found_without_asking_for_token_counts_in_streams(
    configured: Callable[..., Settings], server: Loopback
) -> None:
    """As Ollama does it: the oldest part of the prompt is dropped, the reply comes with status 200."""

    def ollama(request: Request) -> Play:
        kept = request.text.split()[-1500:]
        if "code word" not in request.text:
            return able(request)
        return says("I was told no code word.", usage=(len(kept), 6))

    server.answer = ollama
    found = rows(configured(context="8192"))
    assert found["context"].state == "fail"
    assert "1500 were read: the server cuts prompts silently" in found["context"].said
    assert not [request for request in server.chats if "stream_options" in request.json]
    assert "stream_usage = true asks" in found["usage"].said


def test_chroma_server_that_is_not_there_is_told_and_no_failure(home: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    (home / "tutor.toml").write_text(f'[embeddings]\nuse = "none"\n[index]\nurl = "{url}"\n')
    found = rows(load_settings())
    assert (found["server"].state, found["server"].said[:27]) == ("warn", "no Chroma server answers on")
    assert worst(list(found.values())) == 0
