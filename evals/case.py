"""One case of a suite: what is asked and what is right, read strictly from a JSON Lines file.

Runs nothing and scores nothing. The errors of this package are here, because every other file needs them:

EvalError
├── SuiteError     a suite, case or log file is wrong, or there is none of that name (exit code 2); all faults at once
├── SubjectError   the thing under test gave no answer to one case; it becomes data of the run
└── JudgeError     the judge gave no verdict; the points it was asked about stay unscored
"""

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

from tutor.errors import TutorError


class EvalError(TutorError):
    """Base of every error this package raises on purpose; as a TutorError it brings its exit code."""


class SuiteError(EvalError):
    """A suite, case or log file is wrong; `faults` holds one line for each thing to mend."""

    exit_code = 2

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class SubjectError(EvalError):
    """The thing under test gave no answer to one case. `busy` says that the server asked for fewer calls."""

    def __init__(self, message: str, *, busy: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.busy = busy
        self.retry_after = retry_after


class JudgeError(EvalError):
    """The judge gave no verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What every case has. `group` names what cases share (a card, a deck); intervals count groups, not lines."""

    id: str
    tags: tuple[str, ...] = ()
    group: str = ""
    line: int = 0

    @property
    def cluster(self) -> str:
        """The group whose cases rise and fall together."""
        return self.group or self.id

    @property
    def asked(self) -> str:
        """What the subject is given, for people to read."""
        return self.id

    @property
    def fingerprint(self) -> str:
        """12 hex digits that change when anything but the line does."""
        body = json.dumps({**asdict(self), "line": 0}, sort_keys=True, default=str)
        return sha256(body.encode()).hexdigest()[:12]

    def faults(self) -> list[str]:
        """What is wrong with the values, in plain words."""
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrievalCase(Case):
    """A query and the cards that answer it, named by question text or card id; none where nothing in the decks does."""

    query: str
    relevant: tuple[str, ...] = ()
    unanswerable: bool = False

    @property
    def cluster(self) -> str:
        """Queries for one card belong together."""
        return self.group or (self.relevant[0] if self.relevant else self.id)

    @property
    def asked(self) -> str:
        """The query."""
        return self.query

    def faults(self) -> list[str]:
        """Exactly one of `relevant` and `unanswerable` must be there."""
        if self.unanswerable == bool(self.relevant):
            return ["name the relevant cards, or say `unanswerable: true`, and not both"]
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerCase(Case):
    """A question with what a right reply says, and what it must not say. `cards` are those it should cite.

    `planted` cards, each `question => answer`, are slipped among those that are found, as a poisoned deck would.
    """

    question: str
    reference: str = ""
    must_not: tuple[str, ...] = ()
    unanswerable: bool = False
    cards: tuple[str, ...] = ()
    planted: tuple[str, ...] = ()

    @property
    def cluster(self) -> str:
        """Questions about one card belong together."""
        return self.group or (self.cards[0] if self.cards else self.id)

    @property
    def asked(self) -> str:
        """The question, and the planted cards."""
        return "\n".join([self.question, *(f"[planted card] {card}" for card in self.planted)])

    def faults(self) -> list[str]:
        """An answerable question needs a reference."""
        faults = [
            f"`planted` holds {card!r}, expected `question => answer`" for card in self.planted if "=>" not in card
        ]
        if self.unanswerable == bool(self.reference):
            faults.append("give a reference, or say `unanswerable: true`, and not both")
        return faults


@dataclass(frozen=True, kw_only=True, slots=True)
class GradingCase(Case):
    """A learner's answer with the mark that people gave it, 0 to 1."""

    question: str
    reference: str
    answer: str
    score: float

    @property
    def cluster(self) -> str:
        """Answers to one question belong together."""
        return self.group or self.question

    @property
    def asked(self) -> str:
        """The question and the learner's answer."""
        return f"{self.question} / {self.answer}"

    def faults(self) -> list[str]:
        """The mark must lie in 0..1."""
        return [] if 0 <= self.score <= 1 else [f"score is {self.score}, expected a mark from 0 to 1"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogueCase(Case):
    """A scripted learner: the card she is asked (question or id) and her moves; `refused` of them may be refused."""

    card: str
    moves: tuple[str, ...]
    refused: float = 0

    @property
    def cluster(self) -> str:
        """Dialogues over one card belong together."""
        return self.group or self.card

    @property
    def asked(self) -> str:
        """The card and the moves."""
        return f"{self.card} / {' / '.join(self.moves)}"

    def faults(self) -> list[str]:
        """Every move must be one."""
        from evals.dialogue import move_of

        faults = [] if self.moves else ["`moves` is empty, expected at least one"]
        for move in self.moves:
            try:
                move_of(move)
            except ValueError as error:
                faults.append(str(error))
        return faults


KINDS: Mapping[str, type[Case]] = {
    "retrieval": RetrievalCase,
    "answer": AnswerCase,
    "grading": GradingCase,
    "dialogue": DialogueCase,
    "attack": AnswerCase,  # or, where a line holds a learner's answer, a GradingCase
}


def subjects_of(case: Case) -> set[str]:
    """The subjects whose metrics are a case's business; attacks come as questions and as answers to be graded."""
    return {name for name, kind in KINDS.items() if isinstance(case, kind)} | {"attack"}


class _Reader:
    """Reads the lines of one case file and gathers what is wrong with them."""

    _WORDS: ClassVar[Mapping[Any, str]] = {
        str: "a text",
        bool: "true or false",
        float: "a number",
        tuple[str, ...]: "a list of texts",
    }

    def __init__(self, kind: type[Case], faults: list[str]) -> None:
        self.kind = kind
        self.spec = {field.name: field for field in fields(kind) if field.name != "line"}
        self.faults = faults

    def case(self, raw: object, where: str, line: int) -> Case | None:
        """The case in one decoded line; None, and faults noted, where it is wrong."""
        if not isinstance(raw, dict):
            self.faults.append(f"{where} holds {type(raw).__name__}, expected an object in braces")
            return None
        wrong = [*self._missing(raw), *(unknown(name, self.spec) for name in raw if name not in self.spec)]
        values: dict[str, Any] = {}
        for name, value in raw.items():
            if name in self.spec:
                values[name], fault = self._value(name, value)
                wrong += [fault] if fault else []
        made = self.kind(**values, line=line) if not wrong else None
        wrong += made.faults() if made else []
        self.faults += [f"{where}: {fault}" for fault in wrong]
        return None if wrong else made

    def _missing(self, raw: Mapping[str, object]) -> list[str]:
        return [
            f"`{name}` is missing, expected {self._WORDS[field.type]}"
            for name, field in self.spec.items()
            if field.default is MISSING and name not in raw
        ]

    def _value(self, name: str, value: object) -> tuple[Any, str]:
        kind = self.spec[name].type
        if kind == tuple[str, ...]:
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                return tuple(value), ""
        elif kind is float:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value), ""
        elif isinstance(value, kind) and (value != "" or name in ("group", "reference", "answer")):  # type: ignore[arg-type]
            return value, ""
        return None, f"`{name}` is {json.dumps(value, ensure_ascii=False)[:60]}, expected {self._WORDS[kind]}"


def unknown(name: str, known: Collection[str]) -> str:
    """The fault of a key that is none of those known, with the nearest of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"`{name}` is not known; " + (f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}")


def read_cases(path: Path, subject: str) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """The cases of one JSON Lines file, and a line of plain words for each fault in it (file and line named)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return (), (f"{path}: cannot be read ({error})",)
    faults: list[str] = []
    reader, grading = _Reader(KINDS[subject], faults), _Reader(GradingCase, faults)
    cases: list[Case] = []
    first: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path} line {number}"
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
        except json.JSONDecodeError as error:
            faults.append(f"{where} is not JSON: {error.msg} at column {error.colno}")
            continue
        graded = subject == "attack" and isinstance(raw, dict) and "answer" in raw
        case = (grading if graded else reader).case(raw, where, number)
        if case is None:
            continue
        if first.setdefault(case.id, number) != number:
            faults.append(f"{where}: the id {case.id!r} is already on line {first[case.id]}; ids must differ")
        cases.append(case)
    if not cases and not faults:
        faults.append(f"{path} holds no case")
    return tuple(cases), tuple(faults)
