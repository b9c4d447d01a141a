"""Step 2: the database itself refuses to change or delete a row of the log, and keeps each learner's name twice.

A damaged name would give a learner an empty history without a word; the second one shows that it was damaged.
"""

_NAMES = (
    "ALTER TABLE learners ADD COLUMN again TEXT NOT NULL DEFAULT ''",
    "UPDATE learners SET again = name",
)
_SAID = "a row of the log is never changed or deleted"

# Erasing a learner takes this away and puts it back within its own transaction.
GUARD: dict[str, tuple[str, ...]] = {
    "sqlite": tuple(
        f"CREATE TRIGGER log_kept_from_{what} BEFORE {what.upper()} ON log BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        for what in ("update", "delete")
    ),
    "postgresql": (
        "CREATE TRIGGER log_kept BEFORE UPDATE OR DELETE ON log FOR EACH STATEMENT EXECUTE FUNCTION log_kept()",
    ),
}
UNGUARD: dict[str, tuple[str, ...]] = {
    "sqlite": ("DROP TRIGGER IF EXISTS log_kept_from_update", "DROP TRIGGER IF EXISTS log_kept_from_delete"),
    "postgresql": ("DROP TRIGGER IF EXISTS log_kept ON log",),
}
_FUNCTION = f"CREATE FUNCTION log_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_SAID}'; END $$"

STATEMENTS: dict[str, tuple[str, ...]] = {
    "sqlite": (*_NAMES, *GUARD["sqlite"]),
    "postgresql": (*_NAMES, _FUNCTION, *GUARD["postgresql"]),
}
