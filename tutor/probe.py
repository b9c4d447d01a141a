"""What a profile's server can do, found out by asking it: reach, key, models, stream, limits, context, formats, speed.

Changes nothing, sends no card, and sends a long prompt only where that costs nothing.
"""

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

import httpx2

from corpus.card import KeyPoint
from corpus.tokens import count_tokens
from prompts import Prompt
from tutor.diagnose import diagnose, scrub
from tutor.errors import ConfigError, ModelCutError, ModelError, ModelLimitError, ModelTimeoutError
from tutor.model import Completion, OpenModel, complete, open_model, read_key
from tutor.settings import Profile
from tutor.verdicts import ask

__all__ = ["Check", "State", "probe"]

State = Literal["ok", "warn", "fail", "skip"]

_REACH = 5.0  # seconds for the list of models
_LONGEST = 30.0  # seconds for any one call
_PROBED_CONTEXT = 6000  # so many tokens of the profile's context are tried at most
_CODE = "BLUEHERON42"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One row of the doctor's table. `said` is what was found; `fix` what to do, where there is something to do."""

    area: str
    name: str
    state: State
    said: str
    fix: str = ""


def probe(profile: Profile, environ: Mapping[str, str]) -> Iterator[Check]:
    """The checks of one profile, each yielded when it is done; what makes no sense after a failure is left out."""
    area = f"model {profile.name}"

    def row(name: str, state: State, said: str, fix: str = "") -> Check:
        return Check(area=area, name=name, state=state, said=said, fix=fix)

    hurried = profile.model_copy(
        update={
            "first_token": min(profile.first_token, _LONGEST),
            "timeout": min(profile.timeout, _LONGEST),
            "retries": 0,
        }
    )
    try:
        key = read_key(profile, environ)
        model = open_model(hurried, environ=environ)
    except (ModelError, ConfigError) as error:
        yield row("key" if isinstance(error, ModelError) else "provider", "fail", str(error))
        return
    named = profile.key_variable or profile.api_key_file
    yield row("key", "ok", f"there, from {named}" if named else "none needed")
    with closing(model):
        listed = yield from _reached(profile, key, row)
        if listed is None:
            return
        spoke = yield from _speaks(model, row)
        if spoke:
            yield _limit(model, row)
            yield _context(model, key, row, _listed_context(listed))
            yield _verdicts(model, row)
            yield _schema(profile, key, row)


Row = Callable[..., Check]


def _reached(profile: Profile, key: str, row: Row) -> Generator[Check, None, dict[str, Any] | None]:
    """Rows on the server and on its list of models; returns what is listed of this one, None where it ends here."""
    if profile.provider != "openai":
        yield row("server", "skip", f"not listed by {profile.provider}")
        return {}
    begun = time.monotonic()
    try:
        got = httpx2.get(
            f"{profile.url.rstrip('/')}/models",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=_REACH,
            trust_env=not profile.local,
        )
    except httpx2.HTTPError as error:
        yield row("server", "fail", str(diagnose(error, profile, key=key)))
        return None
    took = f"{1000 * (time.monotonic() - begun):.0f} ms"
    if got.status_code in (401, 403):
        yield row("server", "fail", f"does not accept the key (HTTP {got.status_code})", "Check the key itself.")
        return None
    yield row("server", "ok", f"answers {profile.where} in {took}")
    models = _listed(got)
    names = list(models)
    if not names:
        yield row("model", "skip", f"the server lists no models (HTTP {got.status_code})")
    elif profile.model in names or f"{profile.model}:latest" in names:
        yield row("model", "ok", f"{profile.model} is there, one of {len(names)}")
    else:
        near = get_close_matches(profile.model, names, n=3, cutoff=0.4) or names[:3]
        fix = f"Set model to one of: {', '.join(near)}."
        # Some servers list one name and answer to any.
        yield row("model", "warn", f"{profile.model} is not among the {len(names)} that the server lists", fix)
    return models.get(profile.model, {})


def _listed(got: httpx2.Response) -> dict[str, dict[str, Any]]:
    try:
        return {str(one["id"]): dict(one) for one in got.json()["data"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _listed_context(model: Mapping[str, Any]) -> int:
    """The context that the server's list gives, as vLLM, llama.cpp, LM Studio and gateways name it; 0 where none."""
    found = {**model, **(model["meta"] if isinstance(model.get("meta"), dict) else {})}
    for name in ("max_model_len", "n_ctx", "loaded_context_length", "context_length", "context_window"):
        if isinstance(found.get(name), int):
            return int(found[name])
    return 0


def _prompt(text: str) -> Prompt:
    return Prompt(name="probe", text=text, fingerprint="")


def _speaks(model: OpenModel, row: Row) -> Generator[Check, None, bool]:
    """A row on streaming and one on speed; returns whether it spoke."""
    pieces, first, done = 0, 0.0, None
    begun = time.monotonic()
    try:
        for piece in model.stream(_prompt("Count from one to twenty in words."), max_tokens=80):
            if isinstance(piece, Completion):
                done = piece
            elif piece:
                pieces += 1
                first = first or time.monotonic() - begun
    except ModelLimitError:
        pass
    except ModelError as error:
        yield row("stream", "fail", str(error))
        return False
    whole = time.monotonic() - begun
    if pieces < 3:
        yield row("stream", "warn", f"the reply came in {pieces} pieces", "Look for a proxy that buffers.")
    else:
        yield row("stream", "ok", f"{pieces} pieces")
    speed = (done.usage.output_tokens if done else pieces) / max(0.001, whole - first)
    slow = first > 10 or speed < 5
    yield row("speed", "warn" if slow else "ok", f"first word after {first:.2f} s, then {speed:.0f} tokens a second")
    usage = "the server counts tokens" if done and not done.usage.estimated else "estimated"
    if usage == "estimated" and model.profile.compatible and model.profile.stream_usage is None:
        usage = "estimated; stream_usage = true asks the server for its own figures"
    yield row("usage", "ok", usage)
    return True


def _limit(model: OpenModel, row: Row) -> Check:
    try:
        said = complete(model, _prompt("Write a long story about a river."), max_tokens=8)
    except ModelCutError:
        return row("max_tokens", "ok", "is kept")
    except ModelError as error:
        return row("max_tokens", "warn", str(error))
    if said.usage.output_tokens <= (20 if said.usage.estimated else 10):
        return row("max_tokens", "ok", "is kept, though the server does not say that the reply was cut")
    fix = "Long replies cost time and money here; look for the server's own name of the limit and use extra_body."
    return row("max_tokens", "warn", f"8 were asked for, {said.usage.output_tokens} came", fix)


def _context(model: OpenModel, key: str, row: Row, listed: int) -> Check:
    """Whether the context is as long as the profile says: some servers cut a long prompt and say nothing."""
    profile = model.profile
    fix = f"Set context in [models.{profile.name}] to what the server has, or give the server more."
    if 0 < listed < profile.context:
        return row("context", "fail", f"the profile says {profile.context}, the server {listed}", fix)
    if profile.price_in > 0:
        return row("context", "skip", "not tried, since a long prompt costs money here")
    size = min(profile.context - profile.reply_limit, _PROBED_CONTEXT) - 100
    line = "The river runs past the mill and on to the sea. "
    text = f"The code word is {_CODE}.\n{line * (size // count_tokens(line, profile.model))}\nWhat is the code word?"
    sent = count_tokens(text, profile.model)
    try:
        said, read = _whole(model, key, text)
    except (ModelTimeoutError, httpx2.TimeoutException):
        return row("context", "skip", f"a prompt of about {sent} tokens takes longer than {_LONGEST:g} s here")
    except ModelLimitError:
        return row("context", "ok", f"takes a prompt of about {sent} tokens")
    except (ModelError, httpx2.HTTPError) as error:
        return row("context", "fail", str(diagnose(error, profile, key=key)), fix)
    # Estimates run high by design, so only a large gap means that something was cut.
    if 0 < read < 0.5 * sent:
        found = f"about {sent} tokens were sent and {read} were read: the server cuts prompts silently"
        return row("context", "fail", found, fix)
    if _CODE not in said:
        return row("context", "warn", f"the beginning of a prompt of about {sent} tokens was not remembered", fix)
    return row("context", "ok", f"a prompt of about {sent} tokens is read from beginning to end")


def _whole(model: OpenModel, key: str, text: str) -> tuple[str, int]:
    """A reply in one piece with the tokens that were read, which servers count there unasked; 0 where unknown."""
    profile = model.profile
    if profile.provider != "openai":
        done = complete(model, _prompt(text), max_tokens=40)
        return done.text, 0 if done.usage.estimated else done.usage.input_tokens
    got = _post(profile, key, text, 40)
    if got.status_code != 200:
        raise diagnose(httpx2.HTTPStatusError(got.text, request=got.request, response=got), profile, key=key)
    try:
        content = got.json()
        return str(content["choices"][0]["message"]["content"]), int((content.get("usage") or {})["prompt_tokens"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return got.text, 0


def _post(profile: Profile, key: str, text: str, limit: int, **more: object) -> httpx2.Response:
    """A plain request, without a stream."""
    name = "max_tokens" if profile.compatible and not profile.max_completion_tokens else "max_completion_tokens"
    messages = [{"role": "user", "content": text}]
    return httpx2.post(
        f"{profile.url.rstrip('/')}/chat/completions",
        json={"model": profile.model, "messages": messages, name: limit, **profile.extra_body, **more},
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=_LONGEST,
        trust_env=not profile.local,
    )


def _verdicts(model: OpenModel, row: Row) -> Check:
    points = (KeyPoint(id="aaa111", text="It pumps blood"), KeyPoint(id="bbb222", text="It has four chambers"))
    fix = "The tutor grades by words alone where the model does not do this; a larger model may."
    try:
        spoken = ask(
            model, "What does the heart do?", "It pumps blood. It has four chambers.", points, "it pumps blood"
        )
    except ModelError as error:
        return row("verdicts", "warn", str(error), fix)
    right = spoken["aaa111"].verdict == "made" and spoken["bbb222"].verdict == "missed"
    if not right:
        return row("verdicts", "warn", "written as asked, but wrong on a plain case", fix)
    return row("verdicts", "ok", "written as asked, and right on a plain case")


def _schema(profile: Profile, key: str, row: Row) -> Check:
    """Whether a JSON schema is followed; the tutor does without, other tools may not."""
    if profile.provider != "openai":
        return row("JSON schema", "skip", f"not tried with {profile.provider}")
    shape = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    asked = {"type": "json_schema", "json_schema": {"name": "legs", "schema": shape, "strict": True}}
    try:
        got = _post(profile, key, "How many legs has a spider? Reply in JSON.", 60, response_format=asked)
        content = got.json()["choices"][0]["message"]["content"]
        followed = isinstance(json.loads(content).get("n"), int)
    except httpx2.HTTPError as error:
        return row("JSON schema", "warn", scrub(str(error), key))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        followed = False
    return row("JSON schema", "ok", "followed" if followed else "not followed; the tutor does not need it")
