import gc
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prompts import Prompt
from tests.loopback import FAULTS, Loopback, Play, echoed, fault, free_port, says
from tutor.errors import (
    ConfigError,
    ModelBusyError,
    ModelCutError,
    ModelEmptyError,
    ModelError,
    ModelKeyError,
    ModelLimitError,
    ModelLongError,
    ModelNotFoundError,
    ModelRefusedError,
    ModelTimeoutError,
    ModelUnreachableError,
)
from tutor.model import Completion, Fallback, OpenModel, complete, open_model
from tutor.settings import Profile

PROMPT = Prompt(name="test", text="What pumps blood?", fingerprint="0" * 12)
KEY = "sk-proj-SECRET/Abc+123456789"
FIRST, SILENCE, WHOLE = 0.8, 0.5, 1.5


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def opened(server: Loopback, **changes: object) -> OpenModel:
    given: dict[str, object] = {
        "name": "local",
        "model": "test-model",
        "base_url": server.url,
        "first_token": FIRST,
        "silence": SILENCE,
        "timeout": WHOLE,
        "retries": 1,
    }
    return open_model(Profile.model_validate({**given, **changes}), environ={"TEST_KEY": KEY})


def pieces(model: OpenModel) -> tuple[str, Completion | None, ModelError | None]:
    """What was shown, the end, or the error."""
    shown = ""
    try:
        for piece in model.stream(PROMPT):
            if isinstance(piece, Completion):
                return shown, piece, None
            shown += piece
    except ModelError as error:
        return shown, None, error
    return shown, None, None


def test_reply_is_streamed_in_pieces_and_ends_with_a_completion(server: Loopback) -> None:
    server.play(says("The heart [1].", usage=(11, 3)))
    *words, end = [piece for piece in opened(server, stream_usage=True).stream(PROMPT) if piece]
    assert words == ["The", " heart", " [1]."]
    assert isinstance(end, Completion)
    assert (end.text, end.finish) == ("The heart [1].", "stop")
    assert (end.usage.input_tokens, end.usage.output_tokens, end.usage.estimated) == (11, 3, False)
    assert 0 < end.first_token_seconds <= end.seconds < 1


NOT_UNLESS_ASKED = (
    "stream_options",
    "parallel_tool_calls",
    "max_completion_tokens",
    "response_format",
    "tools",
    "store",
    "n",
    "reasoning",
)


def test_request_is_a_plain_chat_completion_that_local_servers_take(server: Loopback) -> None:
    model = opened(server, temperature=0.2, max_tokens=77, extra_body={"top_k": 5})
    list(model.stream(PROMPT, history=[("learner", "Hello"), ("tutor", "Hi")]))
    request = server.chats[0]
    assert request.path == "/v1/chat/completions"
    assert request.json == {
        "model": "test-model",
        "messages": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "What pumps blood?"},
        ],
        "temperature": 0.2,
        "max_tokens": 77,
        "top_k": 5,
        "stream": True,
    }
    assert not set(NOT_UNLESS_ASKED) & set(request.json)


def test_one_call_may_ask_for_a_shorter_reply(server: Loopback) -> None:
    complete(opened(server), PROMPT, max_tokens=9)
    assert server.chats[0].json["max_tokens"] == 9


def test_each_field_that_servers_choke_on_is_sent_where_the_profile_asks_for_it(server: Loopback) -> None:
    extra = {"parallel_tool_calls": False, "response_format": {"type": "json_schema", "json_schema": {"strict": True}}}
    asks = {"stream_usage": True, "max_completion_tokens": True, "extra_body": extra, "max_tokens": 50}
    complete(opened(server, **asks), PROMPT)
    sent = server.chats[0].json
    assert (sent["stream_options"], sent["max_completion_tokens"]) == ({"include_usage": True}, 50)
    assert "max_tokens" not in sent
    assert {name: sent[name] for name in extra} == extra


def test_azure_and_openai_themselves_are_asked_in_their_own_way(server: Loopback) -> None:
    base = server.url.removesuffix("/v1")
    azure = {"provider": "azure", "model": "d", "base_url": base, "api_key_env": "TEST_KEY", "max_tokens": 50}
    complete(opened(server, **azure), PROMPT)
    assert set(server.chats[0].json) == {"model", "messages", "max_completion_tokens", "stream", "stream_options"}
    complete(opened(server, **azure, stream_usage=False, max_completion_tokens=False), PROMPT)
    assert set(server.chats[1].json) == {"model", "messages", "max_tokens", "stream"}


def test_token_counts_are_estimated_where_they_are_not_asked_for(server: Loopback) -> None:
    end = complete(opened(server), PROMPT)
    assert "stream_options" not in server.chats[0].json
    assert end.usage.estimated
    assert end.usage.input_tokens > 0
    assert end.usage.output_tokens > 0


def test_stray_variables_neither_redirect_nor_reveal(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "org-SECRET")
    complete(opened(server), PROMPT)
    assert "SECRET" not in repr(server.requests)
    assert not [name for name in server.chats[0].headers if name.lower().startswith(("x-stainless", "authorization"))]


def test_key_is_sent_to_its_server_alone_and_taken_from_variable_or_file(server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    complete(opened(server, api_key_env="TEST_KEY"), PROMPT)
    complete(opened(server, api_key_file=str(tmp_path / "key")), PROMPT)
    sent = [{name.lower(): value for name, value in request.headers.items()} for request in server.chats]
    assert [headers["authorization"] for headers in sent] == [f"Bearer {KEY}", "Bearer from-a-file"]


def test_key_that_is_not_there_is_told_with_its_name_before_anything_is_sent(server: Loopback, tmp_path: Path) -> None:
    with pytest.raises(ModelKeyError, match="NO_SUCH_KEY is not set"):
        opened(server, api_key_env="NO_SUCH_KEY")
    with pytest.raises(ModelKeyError, match="OPENAI_API_KEY is not set"):
        opened(server, base_url="")
    with pytest.raises(ModelKeyError, match="cannot be read, is empty"):
        opened(server, api_key_file=str(tmp_path / "none"))
    assert server.requests == []


def test_provider_that_is_not_installed_or_not_known_is_told_with_its_package(server: Loopback) -> None:
    with pytest.raises(ConfigError, match="pip install langchain-anthropic"):
        opened(server, provider="anthropic", api_key_env="TEST_KEY")
    with pytest.raises(ConfigError, match=r"\[models.local\]"):
        opened(server, provider="nonesuch")


def test_azure_is_asked_at_its_own_path_with_its_own_header(server: Loopback) -> None:
    base = server.url.removesuffix("/v1")
    model = opened(server, provider="azure", model="my-deployment", base_url=base, api_key_env="TEST_KEY")
    assert complete(model, PROMPT).text == "The cards say so [1]."
    request = server.chats[0]
    assert request.path.startswith("/openai/deployments/my-deployment/chat/completions?api-version=")
    assert {name.lower(): value for name, value in request.headers.items()}["api-key"] == KEY


def test_any_provider_that_langchain_knows_is_held_to_the_same(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url.removesuffix("/v1"))
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    model = opened(server, provider="azure_openai", base_url="", api_key_env="TEST_KEY")
    assert model.where == "at azure_openai"
    assert complete(model, PROMPT).text == "The cards say so [1]."
    for name, kind in (("bad key", ModelKeyError), ("cut", ModelCutError), ("silence", ModelTimeoutError)):
        server.play(fault(name))
        assert type(pieces(model)[2]) is kind
    with pytest.raises(ConfigError, match=r"\[models.local\]") as caught:
        opened(server, provider="azure_openai", base_url="http://elsewhere/v1", api_key_env="TEST_KEY")
    assert KEY not in str(caught.value)


EXPECTED: dict[str, tuple[type[ModelError], str]] = {
    "bad key": (ModelKeyError, "does not accept the key from TEST_KEY"),
    "key echoed": (ModelKeyError, "does not accept the key"),
    "key encoded": (ModelUnreachableError, "Upstream sent"),
    "key in part": (ModelError, "Unknown key"),
    "forbidden": (ModelKeyError, "HTTP 403"),
    "no such model": (ModelNotFoundError, "`x` does not exist"),
    "no such path": (ModelNotFoundError, "Check model and base_url"),
    "bad request": (ModelError, "Unsupported parameter"),
    "context overflow": (ModelLongError, "longer than the model's context"),
    "busy 5 s": (ModelBusyError, "Try again in 5 s"),
    "busy an hour": (ModelBusyError, "Try again in 3600 s"),
    "busy until": (ModelBusyError, "Try again in"),
    "no quota": (ModelBusyError, "quota is used up"),
    "server error": (ModelUnreachableError, "HTTP 500"),
    "bad gateway": (ModelUnreachableError, "a web page"),
    "overloaded": (ModelBusyError, "HTTP 503"),
    "html with 200": (ModelNotFoundError, "web page"),
    "error with 200": (ModelUnreachableError, "model runner has stopped"),
    "error in stream": (ModelCutError, "out of memory"),
    "error first": (ModelUnreachableError, "out of memory"),
    "no choices": (ModelEmptyError, "empty reply"),
    "not json": (ModelCutError, "cut"),
    "bad utf-8": (ModelCutError, "utf-8"),
    "json without stream": (ModelEmptyError, "does not stream"),
    "cut cleanly": (ModelCutError, "without a finish reason"),
    "done without finish": (ModelCutError, "without a finish reason"),
    "cut": (ModelCutError, "incomplete"),
    "reset": (ModelCutError, "reset"),
    "reset at once": (ModelUnreachableError, "before anything was said"),
    "silence": (ModelTimeoutError, "no word within 0.8 s"),
    "silence after headers": (ModelTimeoutError, "no word within 0.8 s"),
    "silence midway": (ModelTimeoutError, "silent for 0.5 s"),
    "keep-alive only": (ModelTimeoutError, "no word within 0.8 s"),
    "keep-alive midway": (ModelTimeoutError, "silent for 0.5 s"),
    "drip": (ModelTimeoutError, "not complete after 1.5 s"),
    "length": (ModelLimitError, "Raise max_tokens"),
    "filter": (ModelRefusedError, "filter"),
    "filter at once": (ModelRefusedError, "filter"),
    "refusal": (ModelRefusedError, "declined"),
    "empty": (ModelEmptyError, "empty reply"),
    "blank": (ModelEmptyError, "empty reply"),
    "thinking only": (ModelEmptyError, "nothing but thinking"),
    "thinking closed": (ModelEmptyError, "nothing but thinking"),
    "reasoning only": (ModelEmptyError, "nothing but thinking"),
    "tool call": (ModelEmptyError, "empty reply"),
    "redirect": (ModelNotFoundError, "sends us on to"),
}


def test_every_fault_that_the_double_plays_is_expected() -> None:
    assert set(EXPECTED) == set(FAULTS)
    assert len(FAULTS) >= 36


@pytest.mark.parametrize("name", list(FAULTS))
def test_fault_becomes_one_typed_error_in_time_and_without_the_key(server: Loopback, name: str) -> None:
    kind, words = EXPECTED[name]
    server.play(fault(name), fault(name))
    begun = time.monotonic()
    shown, end, error = pieces(opened(server, api_key_env="TEST_KEY"))
    took = time.monotonic() - begun
    assert end is None
    assert type(error) is kind
    assert words in str(error)
    assert "test-model on this machine" in str(error)
    assert took < WHOLE + 1
    assert error.plain.endswith(".")
    assert error.__cause__ is error.__context__ is None
    for secret in (*echoed(KEY).values(), "SECRET"):
        assert secret not in f"{error!s} {error!r} {error.plain}"
    if isinstance(error, ModelCutError):
        assert error.text == shown


def test_server_that_is_not_there_is_told_at_once(server: Loopback) -> None:
    begun = time.monotonic()
    _, _, error = pieces(opened(server, base_url=f"http://127.0.0.1:{free_port()}/v1"))
    assert type(error) is ModelUnreachableError
    assert "nobody listens there" in str(error)
    assert time.monotonic() - begun < 1.5


def test_host_that_does_not_exist_is_told(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, error = pieces(opened(server, base_url="http://no-such-host.invalid/v1", first_token=5, timeout=6))
    assert type(error) is ModelUnreachableError
    assert "no such host" in str(error)


def test_server_that_accepts_and_never_speaks_is_given_up(server: Loopback) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        _, _, error = pieces(opened(server, base_url=f"http://127.0.0.1:{mute.getsockname()[1]}/v1"))
    assert type(error) is ModelTimeoutError


def test_https_to_a_plain_server_is_told(server: Loopback) -> None:
    _, _, error = pieces(opened(server, base_url=server.url.replace("http:", "https:")))
    assert type(error) is ModelUnreachableError
    assert "http:// rather than https://" in str(error)


@pytest.mark.parametrize("name", ["server error", "overloaded", "reset at once", "error first"])
def test_passing_fault_is_tried_again_where_nothing_was_shown(server: Loopback, name: str) -> None:
    server.play(fault(name), "Better now.")
    assert complete(opened(server, timeout=5), PROMPT).text == "Better now."
    assert len(server.chats) == 2


@pytest.mark.parametrize("name", ["reset", "bad key", "no such model", "no quota", "length", "empty", "busy 5 s"])
def test_lasting_fault_or_one_after_the_first_word_is_not_tried_again(server: Loopback, name: str) -> None:
    server.play(fault(name))
    assert pieces(opened(server, timeout=5))[2] is not None
    assert len(server.chats) == 1


def test_pause_that_the_server_asks_for_is_kept_and_counted_down(server: Loopback) -> None:
    server.play(fault("busy 5 s"))
    model = opened(server)
    pieces(model)
    time.sleep(0.1)
    _, _, error = pieces(model)
    assert isinstance(error, ModelBusyError)
    assert error.retry_after is not None
    assert 4 < error.retry_after < 5
    assert len(server.chats) == 1


def test_short_pause_is_waited_out_and_a_longer_one_by_whoever_has_patience(server: Loopback) -> None:
    short = fault("busy 5 s", headers={"Retry-After": "0.2"})
    server.play(short, "After the pause.")
    begun = time.monotonic()
    assert complete(opened(server, timeout=5), PROMPT).text == "After the pause."
    assert time.monotonic() - begun >= 0.2
    server.play(fault("busy 5 s", headers={"Retry-After": "2.1"}), "After the long pause.")
    assert complete(opened(server), PROMPT, patience=5).text == "After the long pause."


def test_error_after_a_complete_reply_does_not_spoil_it(server: Loopback) -> None:
    done = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    for end in ("cut", "reset", "hang", "undone"):
        server.play(Play(pieces=("All is said.", done), finish=None, end=end))
        assert complete(opened(server), PROMPT).text == "All is said."


@pytest.mark.parametrize(
    "parts",
    [
        ("<think>blood, hearts</think>The heart.",),
        ("<thi", "nk>blood", "</th", "ink>", "\n\nThe", " heart."),
        ("  <THINK>a < b</THINK> The heart.",),
        ({"reasoning_content": "blood"}, "The heart."),
        ({"reasoning": "blood"}, "The heart."),
    ],
)
def test_thinking_is_kept_out_of_the_reply(server: Loopback, parts: tuple[str, ...]) -> None:
    server.play(Play(pieces=parts))
    shown, end, _ = pieces(opened(server))
    assert shown == "The heart."
    assert end is not None
    assert end.text == "The heart."


def test_thinking_that_was_never_opened_is_cut_from_the_completion(server: Loopback) -> None:
    server.play(Play(pieces=("blood and hearts", "</think>", "The heart.")))
    assert complete(opened(server), PROMPT).text == "The heart."


def test_less_than_signs_and_unfinished_tags_are_text(server: Loopback) -> None:
    server.play(
        Play(
            pieces=(
                "a <",
                " b and <thi",
            )
        )
    )
    assert complete(opened(server), PROMPT).text == "a < b and <thi"


def test_thinking_counts_as_a_sign_of_life(server: Loopback) -> None:
    thoughts = tuple({"reasoning_content": f"{number}"} for number in range(6))
    server.play(Play(pieces=(*thoughts, "Done."), gap=0.15))
    assert complete(opened(server, timeout=5), PROMPT).text == "Done."


@pytest.mark.parametrize("play", [says("word " * 100, gap=0.05), fault("silence"), fault("silence midway")])
def test_closing_the_stream_closes_the_request_within_a_second(server: Loopback, play: Play) -> None:
    server.play(play)
    stream = opened(server, first_token=20, silence=20, timeout=20).stream(PROMPT)
    next(stream)
    begun = time.monotonic()
    stream.close()
    assert list(stream) == []
    while not server.gone and time.monotonic() - begun < 1:
        time.sleep(0.01)
    assert server.gone
    assert server.gone[0] - begun < 0.5


def test_stream_that_nobody_reads_any_more_is_closed_too(server: Loopback) -> None:
    server.play(says("word " * 100, gap=0.05))
    stream = opened(server, timeout=20).stream(PROMPT)
    next(stream)
    del stream
    gc.collect()
    begun = time.monotonic()
    while not server.gone and time.monotonic() - begun < 1:
        time.sleep(0.01)
    assert server.gone


def test_streams_run_side_by_side(server: Loopback) -> None:
    server.answer = lambda request: says(f"You said: {request.text}", first=0.2)
    model = opened(server, timeout=5)
    replies: list[str] = []

    def ask(number: int) -> None:
        replies.append(complete(model, Prompt(name="t", text=f"number {number}", fingerprint="")).text)

    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [f"You said: number {number}" for number in range(8)]
    assert time.monotonic() - begun < 1.2


def test_next_model_is_asked_where_the_first_one_fails_before_a_word(server: Loopback) -> None:
    dead = opened(server, base_url=f"http://127.0.0.1:{free_port()}/v1", model="dead", retries=0)
    both = Fallback([dead, opened(server)])
    assert both.name == "dead"
    assert complete(both, PROMPT).text == "The cards say so [1]."
    assert both.name == "test-model"
    server.play(fault("reset"))
    with pytest.raises(ModelCutError):
        complete(Fallback([opened(server), opened(server)]), PROMPT)
    assert len(server.chats) == 2
    with pytest.raises(ModelUnreachableError, match="dead"):
        complete(Fallback([dead, dead]), PROMPT)


def test_tracing_is_off_whatever_stray_variables_ask_for(server: Loopback) -> None:
    program = (
        "import sys\nfrom prompts import Prompt\nfrom tutor.model import complete, open_model\n"
        "from tutor.settings import Profile\n"
        "profile = Profile(name='a', model='m', base_url=sys.argv[1])\n"
        "print(complete(open_model(profile), Prompt(name='p', text='t', fingerprint='')).text)\n"
    )
    base = server.url.removesuffix("/v1")
    stray = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": base, "LANGSMITH_API_KEY": "x"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, server.url],
        env={**os.environ, **stray, "LANGCHAIN_TRACING_V2": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "The cards say so [1].\n"
    assert done.stderr == ""
    assert {request.path for request in server.requests} == {"/v1/chat/completions"}


def test_model_shows_no_key(server: Loopback) -> None:
    model = opened(server, api_key_env="TEST_KEY")
    assert KEY not in f"{model!r} {model.profile!r} {vars(model.profile)} {model.chat!r}"
    model.close()


@pytest.mark.parametrize("name", ["a prompt", "the talk before"])
def test_what_does_not_fit_into_the_context_is_refused_and_never_sent(server: Loopback, name: str) -> None:
    model = opened(server, context=400, max_tokens=100)
    long = "word " * 400
    prompt = Prompt(name="test", text=long if name == "a prompt" else "Short.", fingerprint="")
    with pytest.raises(ModelLongError, match=r"context = 400 of \[models.local\]") as caught:
        list(model.stream(prompt, history=[("learner", long if name == "the talk before" else "Hello")]))
    assert caught.value.plain == "The text is too long for the language model. The tutor goes on without it."
    assert server.requests == []


def test_reply_takes_at_most_half_of_a_small_context(server: Loopback) -> None:
    complete(opened(server, context=512), PROMPT)
    complete(opened(server, context=512), PROMPT, max_tokens=400)
    assert [request.json["max_tokens"] for request in server.chats] == [256, 256]


def test_responses_api_is_spoken_where_the_profile_asks_and_held_to_the_same(server: Loopback) -> None:
    model = opened(server, responses_api=True, max_tokens=60)
    server.play(says("The heart [1]."))
    shown, end, _ = pieces(model)
    assert end is not None
    assert (shown, end.text, end.finish, end.usage.input_tokens) == ("The heart [1].", "The heart [1].", "completed", 7)
    request = server.requests[0]
    assert request.path == "/v1/responses"
    assert request.json["max_output_tokens"] == 60
    assert not {"max_tokens", "max_completion_tokens", "stream_options", "messages"} & set(request.json)
    for play, kind in ((fault("length"), ModelLimitError), (fault("cut cleanly"), ModelCutError)):
        server.play(play)
        assert type(pieces(model)[2]) is kind
    server.play(fault("bad key"))
    assert type(pieces(model)[2]) is ModelKeyError


def test_typed_blocks_of_content_are_told_apart(server: Loopback) -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]}
    server.play(Play(pieces=({"content": [thinking]}, {"content": [{"type": "text", "text": "The heart."}]}, " Yes.")))
    assert pieces(opened(server))[0] == "The heart. Yes."
    server.play(Play(pieces=({"content": [thinking]},)))
    assert "nothing but thinking" in str(pieces(opened(server))[2])
    server.play(Play(pieces=({"content": [{"type": "refusal", "refusal": "No."}]},)))
    assert type(pieces(opened(server))[2]) is ModelRefusedError


@pytest.mark.parametrize("raw", [b"data: []\n\n", b"data: 7\n\n", b"data: null\n\n", b'data: {"choices": [1]}\n\n'])
def test_event_of_another_shape_is_no_reply(server: Loopback, raw: bytes) -> None:
    server.play(Play(pieces=(raw,)))
    assert type(pieces(opened(server))[2]) is ModelEmptyError


@pytest.mark.parametrize("name", ["bad key", "refusal", "reasoning only", "cut cleanly", "length", "silence midway"])
def test_what_is_traced_goes_through_langchain_and_is_held_to_the_same(server: Loopback, name: str) -> None:
    profile = opened(server, api_key_env="TEST_KEY").profile
    model = open_model(profile, tracing=True, environ={"TEST_KEY": KEY})
    assert complete(model, PROMPT).text == complete(opened(server, api_key_env="TEST_KEY"), PROMPT).text
    traced, plain = (request.json for request in server.chats)
    assert traced == plain
    server.play(fault(name))
    kind, words = EXPECTED[name]
    error = pieces(model)[2]
    assert (type(error), words in str(error)) == (kind, True)


def test_tracing_is_left_as_it_is_where_the_config_asks_for_it(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    open_model(Profile(name="a", model="m", base_url=server.url), tracing=True)
    assert os.environ["LANGSMITH_TRACING"] == "true"
    open_model(Profile(name="a", model="m", base_url=server.url))
    assert os.environ["LANGSMITH_TRACING"] == "false"
