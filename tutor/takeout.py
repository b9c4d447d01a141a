"""Everything the tutor knows, in open formats, in one folder: cards, log, reviews, conversations, settings.

Reads only; writes the whole folder or nothing.
"""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from corpus.write import write_deck
from tutor.assemble import Tutor
from tutor.errors import StoreError
from tutor.history import Kind
from tutor.learner import Learner
from tutor.schedule import Memory, Review
from tutor.settings import Settings

__all__ = ["takeout"]

_REVLOG = ("id", "cid", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type", "learner", "card")
_READ_ME = """What is in this folder. Every .jsonl file holds one JSON object a line, in UTF-8.

decks/           the cards, a file a deck: every field, key points included. `tutor import` reads them.
log.jsonl        every row of every learner's log as it lies in the database. `chain` is the SHA-256 of the row and of
                 the chain before it.
reviews.jsonl    the ratings that stand, with the memory that came of each.
revlog.csv       the same as Anki keeps them: the columns of its table `revlog` (id in milliseconds, ease 1 to 4, ivl
                 and lastIvl in days, or in seconds below 0, factor as FSRS writes it: 100 for easy to 1100 for hard,
                 time in milliseconds, type 0 learning, 1 review, 2 relearning, 3 practice), then learner and card.
conversations.jsonl   what was said beside the cards.
accepted.jsonl   the wordings that won an appeal.
settings.json    the configuration; it names where keys are kept and holds none.
usage.jsonl      calls, tokens and costs, where a model was in use.
"""


def takeout(tutor: Tutor, folder: Path) -> tuple[Path, ...]:
    """Write everything into `folder`, which must not be there or be empty; the files written.

    Raises:
        StoreError: the folder holds something, or cannot be written.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise StoreError(f"{folder} is not empty. Name a folder that is not there yet.")
        shutil.rmtree(part, ignore_errors=True)
        (part / "decks").mkdir(parents=True)
        _write(tutor, part)
        if folder.is_dir():
            folder.rmdir()
        part.replace(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}. Choose another place.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))


def _write(tutor: Tutor, part: Path) -> None:
    names = dict[str, int]()
    for deck in tutor.decks:
        stem = Path(deck.path).stem
        names[stem] = names.get(stem, 0) + 1
        write_deck(deck, part / "decks" / f"{stem}{f'-{names[stem]}' if names[stem] > 1 else ''}.jsonl")
    learners = [tutor.learner(name) for name in tutor.store.learners()]
    _lines(part / "log.jsonl", _log(tutor, learners))
    _lines(part / "reviews.jsonl", (_review(*one) for one in _reviews(learners)))
    _revlog(part / "revlog.csv", learners)
    _lines(part / "conversations.jsonl", _bodies(learners, "said"))
    _lines(part / "accepted.jsonl", _bodies(learners, "accepted"))
    settings = json.dumps(_settings(tutor.settings, tutor.store.place), ensure_ascii=False, indent=2)
    (part / "settings.json").write_text(settings + "\n", encoding="utf-8")
    usage = tutor.settings.data_dir / "usage.jsonl"
    if usage.is_file():
        shutil.copyfile(usage, part / "usage.jsonl")
    (part / "READ_ME.txt").write_text(_READ_ME, encoding="utf-8")


def _lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _log(tutor: Tutor, learners: Iterable[Learner]) -> Iterator[dict[str, Any]]:
    for learner in learners:
        for row, _ in tutor.store.chained(learner.name):
            yield {"learner": learner.name, **row, "body": json.loads(row["body"])}


def _bodies(learners: Iterable[Learner], kind: Kind) -> Iterator[dict[str, Any]]:
    for learner in learners:
        for row in learner.rows(kinds=(kind,)):
            yield {"learner": learner.name, "at": row.at.isoformat(), "card": row.card, "ask": row.ask, **row.body}


def _reviews(learners: Iterable[Learner]) -> Iterator[tuple[Learner, Memory, Review, Memory]]:
    """Every rating that stands between the memory it met and the one it left, practice too, in the order of time."""
    found = []
    for learner in learners:
        history = learner.history
        for card in dict.fromkeys(review.card for review in history.reviews()):
            found += [(learner, memory, review) for memory, review in history.steps(card)]
        practice = (review for review in history.reviews(crammed=True) if review.cram)
        found += [(learner, history.memory(review.card), review) for review in practice]
    for learner, before, review in sorted(found, key=lambda one: (one[2].at, one[2].id)):
        yield learner, before, review, before if review.cram else learner.history.scheduler.after(before, review)


def _review(learner: Learner, _: Memory, review: Review, after: Memory) -> dict[str, Any]:
    told = {name: getattr(review, name) for name in Review.__slots__}
    due = {"due": after.due.isoformat(), "stability": after.stability, "difficulty": after.difficulty}
    return {"learner": learner.name, **told, "at": review.at.isoformat(), **due}


def _revlog(path: Path, learners: Iterable[Learner]) -> None:
    taken = set[int]()
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_REVLOG)
        for learner, before, review, after in _reviews(learners):
            moment = int(review.at.timestamp() * 1000)
            while moment in taken:  # it is the key of Anki's table
                moment += 1
            taken.add(moment)
            kind = 3 if review.cram else 1 if before.state == "review" else 2 if before.relearning else 0
            table.writerow([
                moment, _number(review.card), -1, review.fsrs, _interval(after, after.last_review),
                _interval(before, before.last_review), _factor(after), round(review.seconds * 1000), kind,
                _cell(learner.name), review.card,
            ])  # fmt: skip


def _number(card: str) -> int:
    """A card's id as the number that Anki wants."""
    return int(card[:12], 16) if all(one in "0123456789abcdef" for one in card[:12]) and card else 0


def _interval(memory: Memory, since: datetime | None) -> int:
    if since is None:
        return 0
    seconds = max(0.0, (memory.due - since).total_seconds())
    return round(seconds / 86400) if seconds >= 86400 else -round(seconds)


def _factor(memory: Memory) -> int:
    return round((memory.difficulty - 1) / 9 * 1000 + 100) if memory.difficulty else 0


def _cell(text: str) -> str:
    """Text that a spreadsheet will not run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _settings(settings: Settings, place: str) -> dict[str, Any]:
    """The settings without what could be secret: a profile's further request fields; `place` names the database."""
    told = settings.model_dump(mode="json")
    for profile in told["models"].values():
        profile.pop("extra_body", None)
    told["store"]["url"] = place
    return told
