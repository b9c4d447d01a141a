"""Step 1: learners and their append-only log. Each row's `chain` hashes the row and the chain of the row before it."""

_LEARNERS = """CREATE TABLE learners (
    id {key},
    name TEXT NOT NULL UNIQUE,
    made TEXT NOT NULL
)"""

_LOG = """CREATE TABLE log (
    seq {key},
    learner INTEGER NOT NULL REFERENCES learners (id),
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    card TEXT NOT NULL,
    ask TEXT NOT NULL,
    body TEXT NOT NULL,
    chain TEXT NOT NULL,
    UNIQUE (learner, id)
)"""

_PLACES = (
    "CREATE INDEX log_by_seq ON log (learner, seq)",
    "CREATE INDEX log_by_ask ON log (learner, ask, seq)",
)


def _tables(key: str) -> tuple[str, ...]:
    return (_LEARNERS.format(key=key), _LOG.format(key=key), *_PLACES)


STATEMENTS: dict[str, tuple[str, ...]] = {
    "sqlite": _tables("INTEGER PRIMARY KEY AUTOINCREMENT"),
    "postgresql": _tables("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
}
