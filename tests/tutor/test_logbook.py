"""The log is inert: no escape reaches a terminal, no text of a card or an answer gets in unasked."""

import json
import logging
import sys

from tutor.errors import ModelKeyError
from tutor.logbook import Lines, Plain


def record(message: str, *args: object, fault: BaseException | None = None, **more: object) -> logging.LogRecord:
    caught = (type(fault), fault, fault.__traceback__) if fault is not None else None
    made = logging.LogRecord("tutor", logging.WARNING, __file__, 1, message, args, caught)
    made.__dict__.update(more)
    return made


def test_escapes_and_new_lines_become_visible() -> None:
    line = Plain(texts=False).format(record("refused %s", "/x\x1b[31m\nerror: all is lost\u202e\x9b"))
    assert line == "warning: refused /x\\u001b[31m\\u000aerror: all is lost\\u202e\\u009b"


def test_what_a_fault_quotes_stays_out_unless_asked_for() -> None:
    error = ModelKeyError("the server said: bad prompt 'the mitochondrion is'")
    assert "mitochondrion" not in Plain(texts=False).format(record("a move failed: %s", error))
    assert "ModelKeyError" in Plain(texts=False).format(record("a move failed: %s", error))
    assert "mitochondrion" in Plain(texts=True).format(record("a move failed: %s", error))


def test_traceback_tells_places_and_no_text() -> None:
    try:
        json.loads("the mitochondrion is")
    except ValueError:
        error = sys.exc_info()[1]
        raised = ValueError("the mitochondrion is")
        raised.__traceback__ = error.__traceback__ if error else None
    told = json.loads(Lines(texts=False).format(record("a move failed", fault=raised)))
    assert told["places"][-1] == "ValueError"
    assert "mitochondrion" not in json.dumps(told)


def test_answer_is_in_the_log_only_where_texts_are() -> None:
    made = record("moved", text="my answer", learner=7, surprise="other")
    assert "my answer" not in Lines(texts=False).format(made)
    told = json.loads(Lines(texts=True).format(made))
    assert (told["text"], told["learner"]) == ("my answer", 7)
    assert "surprise" not in told
