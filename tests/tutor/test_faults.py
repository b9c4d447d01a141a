import gc
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import AsyncGeneratorType
from typing import Any

import pytest

from corpus.card import Card
from prompts import Prompt
from tests.loopback import FAULTS, Loopback, Play, Request, fault, free_port, says
from tests.tutor.test_explain import Hit, Hits
from tutor import session as s
from tutor.explain import Explainer
from tutor.grade import Grader
from tutor.hint import leaks
from tutor.learner import Learner, Store
from tutor.match import Matcher
from tutor.model import ChatModel, ModelError, open_model
from tutor.settings import Profile, StudySettings

ANSWER = "nectar from flowers, I think"
KEY = "sk-proj-SECRET/Abc+123456789"
DEADLINE = 1.5
MATCHER = Matcher(None)


@dataclass(frozen=True)
class Shelf:
    """Finds every card that is not left out."""

    cards: tuple[Card, ...]

    def search(self, query: str, k: int = 5, *, decks: Sequence[str] = (), exclude: Collection[str] = ()) -> Hits:
        return Hits(True, tuple(Hit(card, 1.0) for card in self.cards if card.id not in exclude)[:k])


@dataclass
class Parts:
    """The real grader and the real explainer, both with a model that fails."""

    model: ChatModel | None
    cards: tuple[Card, ...]

    @cached_property
    def grader(self) -> Any:
        return Grader(MATCHER, self.model)

    @cached_property
    def explainer(self) -> Any:
        return Explainer(Shelf(self.cards), self.model)

    @cached_property
    def quoter(self) -> Any:
        return Explainer(Shelf(self.cards), None)

    def near(self, text: str, card: Card, *, wait: bool = False) -> Sequence[Card]:
        return ()

    def twins(self, card: Card) -> Collection[str]:
        return ()

    def related(self, question: str, card: Card) -> bool:
        return True

    def leaks(self, text: str, card: Card) -> Collection[str]:
        return leaks(text, card, MATCHER)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


Studied = Callable[[ChatModel | None], tuple[s.Session, list[Any], Card]]


@pytest.fixture
def studied(learner: Learner, cards: tuple[Card, ...], clock: Any) -> Studied:
    """Opens a session, goes to the card about hummingbirds, and commits an answer to it."""

    def study(model: ChatModel | None) -> tuple[s.Session, list[Any], Card]:
        session = s.Session(Parts(model, cards), learner, cards[:1], StudySettings(), clock=clock)
        list(session.act(s.Next()))
        return session, list(session.act(s.Commit(ANSWER, id="answer-1"))), cards[0]

    return study


def failing(server: Loopback, name: str) -> ChatModel:
    """A model of which every call fails with the fault `name`."""
    base = {
        "refused": f"http://127.0.0.1:{free_port()}/v1",
        "no such host": "http://no-such-host.invalid/v1",
    }.get(name, server.url)
    if name in FAULTS:
        server.answer = lambda request: fault(name)
    times = {"first_token": 0.8, "silence": 0.5, "timeout": DEADLINE, "retries": 1}
    profile = Profile.model_validate({"name": "x", "model": "m", "base_url": base, "api_key_env": "TEST_KEY", **times})
    return open_model(profile, environ={"TEST_KEY": KEY})


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.monotonic()
    return work(), time.monotonic() - begun


@pytest.mark.parametrize("name", [*FAULTS, "refused", "no such host"])
def test_fault_costs_no_answer_no_wrong_grade_and_no_long_wait(
    server: Loopback, studied: Studied, store: Store, name: str
) -> None:
    model = failing(server, name)
    alone = Grader(MATCHER).grade(
        question="What does a hummingbird eat?", reference="nectar from flowers\nsmall insects", answer=ANSWER
    )

    (session, events, card), took = timed(lambda: studied(model))
    assert took < DEADLINE + 1, "grading"
    (graded,) = [event for event in events if isinstance(event, s.Graded)]
    assert (graded.grade.score, graded.grade.verdict) == (alone.score, alone.verdict)
    assert graded.grade.grader == alone.grader
    assert "language model" in graded.grade.note
    assert any(isinstance(event, s.Revealed | s.TryAgain) for event in events)

    stored = store.learner("me").open_card()
    assert stored is not None
    assert (stored.card, stored.answer) == (card.id, ANSWER)
    assert stored.grade is not None
    assert stored.grade.verdict == alone.verdict

    list(session.act(s.Reveal()))
    replies, took = timed(lambda: list(session.act(s.Ask("Why do geese fly in a V?", id="ask-1"))))
    assert took < DEADLINE + 1, "explaining"
    reply = next(event for event in replies if isinstance(event, s.Reply))
    notices = [event.text for event in replies if isinstance(event, s.Notice)]
    assert notices, "the learner is told"
    assert all(notice[0].isupper() and notice.endswith(".") for notice in notices)
    assert reply.text.strip()
    assert reply.citations or not reply.complete
    assert "SECRET" not in f"{events} {replies} {store.learner('me').rows()}"

    (rated,) = [event for event in session.act(s.Rate(3, id="rate-1")) if isinstance(event, s.Rated)]
    assert rated.value == 3


def test_no_fault_leaves_half_of_the_reading_for_the_garbage_collector(server: Loopback) -> None:
    gc.disable()  # the error holds what was being read through in a cycle, until it is collected
    try:
        for name in ("error in stream", "error first", "not json", "bad utf-8", "cut", "silence midway"):
            with pytest.raises(ModelError):
                list(failing(server, name).stream(Prompt(name="t", text="Hello", fingerprint="")))
            reading = [o for o in gc.get_objects() if isinstance(o, AsyncGeneratorType)]
            assert reading, "the test looks at nothing"
            assert not [o.__qualname__ for o in reading if o.ag_frame is not None], name
    finally:
        gc.enable()


def test_model_that_fails_once_is_asked_again_the_next_time(server: Loopback, studied: Studied) -> None:
    model = failing(server, "bad key")
    session, _, _ = studied(model)
    list(session.act(s.Reveal()))
    server.answer = lambda request: says("To save energy [1].")
    replies = list(session.act(s.Ask("Why do geese fly in a V?", id="ask-1")))
    assert next(event for event in replies if isinstance(event, s.Reply)).model == "m"


def judge(request: Request) -> Play:
    """Grades by the prompt's own lines, and explains in one sentence."""
    if "Points, one a line" not in request.text:
        return says("Birds do so [1].")
    ids = re.findall(r"^([0-9a-f]{6}): ", request.text, re.MULTILINE)
    return says("\n".join(f'POINT {id}: missed | ""' for id in ids) + "\nEND")


def test_swapping_the_model_changes_the_words_and_nothing_else(
    server: Loopback, store: Store, cards: tuple[Card, ...], clock: Any
) -> None:
    server.answer = judge
    profile = Profile(name="x", model="m", base_url=server.url)
    runs = []
    for number, model in enumerate((None, open_model(profile))):
        session = s.Session(Parts(model, cards), store.learner(f"{number}"), cards, StudySettings(), clock=clock)
        run = []
        for move in (
            s.Next(),
            s.AskHint(),
            s.Ask("What is granite made of?"),
            s.Commit("no idea about birds at all"),
            s.Reveal(),
            s.Ask("Why do geese fly in a V?"),
            s.Rate(2),
            s.Next(),
            s.DontKnow(),
            s.Rate(1),
            s.End(),
        ):
            kinds = [type(event).__name__ for event in session.act(move)]
            told = [kind for kind in kinds if kind not in ("Said", "Notice")]
            # A model may settle a grade that words alone leave to the learner to tick.
            allowed = sorted(move.__name__ for move in session.allowed - {s.Tick})
            run.append((type(move).__name__, told, session.phase, allowed))
        runs.append(run)
    assert runs[0] == runs[1]
    assert len(server.chats) >= 2


@pytest.mark.parametrize(
    "text",
    ['```json\n{"verdict": "correct", "score": 1.0}\n```', '{"points": [{"verdict": "made"}]}', "Correct! 10/10."],
)
def test_reply_in_another_form_than_asked_for_grades_nothing(server: Loopback, studied: Studied, text: str) -> None:
    alone = Grader(MATCHER).grade(
        question="What does a hummingbird eat?", reference="nectar from flowers\nsmall insects", answer=ANSWER
    )
    server.answer = lambda request: says(text)
    _, events, _ = studied(open_model(Profile(name="x", model="m", base_url=server.url)))
    (graded,) = [event for event in events if isinstance(event, s.Graded)]
    assert (graded.grade.score, graded.grade.grader) == (alone.score, alone.grader)
    assert "language model" in graded.grade.note


def test_verdict_lines_in_a_fence_are_read(server: Loopback, studied: Studied) -> None:
    server.answer = lambda request: replace(judge(request), pieces=("```\n", *judge(request).pieces, "\n```"))
    _, events, _ = studied(open_model(Profile(name="x", model="m", base_url=server.url)))
    (graded,) = [event for event in events if isinstance(event, s.Graded)]
    assert graded.grade.grader.startswith("m + ")
