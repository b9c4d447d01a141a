"""The tutor with a real local model server, llama.cpp's. Not among the default tests: run `make test-local-model`."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from prompts import Prompt
from tests.local_model.build import cached_server
from tests.local_model.tiny import write_tiny_model
from tests.loopback import Loopback, free_port, says
from tutor.assemble import open_tutor
from tutor.config import load_settings
from tutor.doctor import examine
from tutor.errors import ModelLimitError, ModelLongError
from tutor.explain import Reply, Said
from tutor.model import complete, open_model
from tutor.session import Ask, AskHint, Commit, DontKnow, End, Graded, Next, Rate, Rated
from tutor.settings import Profile

SAYS = "The cards say so [1]."


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running llama-server with a context of 2048 tokens."""
    model = write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")
    port = free_port()
    command = [str(cached_server()), "--model", str(model), "--port", str(port), "--host", "127.0.0.1"]
    more = [
        "--ctx-size",
        "2048",
        "--parallel",
        "1",
        "--no-jinja",
        "--alias",
        "tiny",
        "--temp",
        "0",
        "--threads",
        "2",
        "--no-warmup",
    ]
    with subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and server.poll() is None:
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                    break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
        server.terminate()


@pytest.fixture
def double() -> Iterator[Loopback]:
    with Loopback(lambda request: says(SAYS)) as running:
        yield running


def profile(url: str, **changes: object) -> Profile:
    given: dict[str, object] = {
        "name": "local",
        "model": "tiny",
        "base_url": url,
        "context": 2048,
        "max_tokens": 100,
        "stream_usage": True,
    }
    return Profile.model_validate({**given, **changes})


def prompt(text: str) -> Prompt:
    return Prompt(name="test", text=text, fingerprint="")


def test_reply_is_streamed_and_counted_by_the_server(url: str) -> None:
    model = open_model(profile(url))
    pieces = [piece for piece in model.stream(prompt("What pumps blood?")) if isinstance(piece, str) and piece]
    assert len(pieces) >= 3
    done = complete(model, prompt("What pumps blood?"))
    assert done.text == SAYS
    assert not done.usage.estimated
    assert done.usage.input_tokens > 10


def test_limit_of_tokens_and_context_are_told(url: str) -> None:
    with pytest.raises(ModelLimitError, match="limit of tokens"):
        complete(open_model(profile(url)), prompt("Hello"), max_tokens=2)
    with pytest.raises(ModelLongError, match="longer than the model's context"):
        complete(open_model(profile(url, context=16_000)), prompt("blood " * 3000))
    with pytest.raises(ModelLongError, match="do not fit into context = 2048"):
        complete(open_model(profile(url)), prompt("blood " * 3000))


def test_doctor_finds_the_server_able(url: str, home: Path) -> None:
    (home / "tutor.toml").write_text(toml(url))
    found = {check.name: check for check in examine(load_settings()) if check.area == "model local"}
    for name in ("key", "server", "model", "stream", "usage", "max_tokens", "JSON schema"):
        assert found[name].state == "ok", found[name]
    assert found["JSON schema"].said == "followed"
    assert found["verdicts"].state == "warn"


def toml(url: str) -> str:
    return f"""
        [model]
        use = "local"
        [models.local]
        model = "tiny"
        base_url = "{url}"
        context = 2048
        max_tokens = 100
        temperature = 0.0
        """


def test_tutor_studies_with_it_and_fits_its_prompts_into_the_context(url: str, home: Path) -> None:
    (home / "tutor.toml").write_text(toml(url))
    with open_tutor(load_settings()) as tutor:
        events = list(tutor.ask("What is dropout?"))
        reply = events[-1]
        assert isinstance(reply, Reply)
        assert reply.text == "".join(event.text for event in events if isinstance(event, Said)).strip() == SAYS
        assert (reply.model, len(reply.citations)) == ("tiny", 1)
        assert reply.usage is not None
        assert reply.usage.input_tokens < 2048
        session = tutor.session()
        list(session.act(Next()))
        graded = [event for event in session.act(Commit("it has to do with neurons")) if isinstance(event, Graded)]
        assert graded[0].grade.verdict in ("correct", "partial", "wrong")
        assert [event for event in session.act(Rate(3)) if isinstance(event, Rated)]


MOVES = (
    Next(),
    AskHint(),
    Ask("What is dropout?"),
    Commit("it has to do with neurons"),
    Ask("Why would one use it?"),
    Rate(3),
    Next(),
    DontKnow(),
    Rate(1),
    End(),
)


def lived(name: str) -> list[object]:
    """What became of the same session with the profile `name`: all but the words."""
    run: list[object] = []
    with open_tutor(load_settings(model=name)) as tutor:
        session = tutor.session(name)
        for move in MOVES:
            kinds = [type(event).__name__ for event in session.act(move)]
            told = [kind for kind in kinds if kind not in ("Said", "Notice")]
            run.append((type(move).__name__, told, session.phase, sorted(each.__name__ for each in session.allowed)))
        rows = tutor.learner(name).rows()
        run.append([row.kind for row in rows])
        grades = [row.body["grade"] for row in rows if row.kind == "grade"]
        run.append([(grade["verdict"], grade["score"]) for grade in grades])
        run.append({key: value for key, value in tutor.due(name).items() if key != "next_due"})
    return run


def test_swapping_the_model_between_none_a_double_and_llama_changes_nothing_but_words(
    url: str, double: Loopback, home: Path
) -> None:
    profiles = {"double": double.url, "llama": url}
    text = "".join(
        f'[models.{name}]\nmodel = "tiny"\nbase_url = "{base}"\ncontext = 2048\nmax_tokens = 100\ntemperature = 0.0\n'
        for name, base in profiles.items()
    )
    (home / "tutor.toml").write_text(text)
    without = lived("none")
    assert lived("double") == without
    assert lived("llama") == without
    assert double.chats
