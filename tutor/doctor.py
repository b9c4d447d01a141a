"""Examines an installation: folders, database, index, embedder, models, and every host that would be contacted.

Gives plain rows and repairs nothing. What a model's server can do is found out in `tutor.probe`.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from corpus.errors import EmbeddingError
from corpus.tokens import MARGIN, has_vocabulary, keep_in, vocabulary_of
from tutor.backup import listed
from tutor.database import look_at
from tutor.errors import StoreError
from tutor.model import TRACING
from tutor.probe import Check, State, probe
from tutor.settings import NONE, OPENAI, Profile, Settings, place

__all__ = ["Check", "examine", "hosts", "in_use", "worst"]

_ROOM = 200_000_000  # bytes that should be free in the data folder
_SAFE_SQLITE = (3, 51, 3)
_PACKAGES = ("flashcard-tutor", "chromadb", "langchain-openai", "openai", "gradio", "onnxruntime", "fsrs")


def examine(
    settings: Settings, *, profiles: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Check]:
    """Every check, yielded when it is done.

    Args:
        settings: what is examined.
        profiles: names of profiles to ask; without it those in use. Only these are contacted.
        environ: instead of the process's environment.
    """
    environ = os.environ if environ is None else environ
    yield from _versions()
    yield from _folders(settings)
    yield from _database(settings)
    yield _index(settings)
    yield from _embedder(settings, environ)
    chosen = in_use(settings) if profiles is None else [settings.models[name] for name in profiles]
    if not chosen:
        yield Check(area="model", name="use", state="ok", said="none: the tutor quotes and matches cards")
    for profile in chosen:
        yield from probe(profile, environ)
        yield _counting(settings, profile)
    yield from _leaving(settings, environ)


def worst(checks: Sequence[Check]) -> int:
    """The exit code: 3 where a model, an embedder or the database fails, else 1 where anything does, else 0."""
    failed = [check for check in checks if check.state == "fail"]
    if any(check.area.startswith(("model", "embeddings", "database")) for check in failed):
        return 3
    return 1 if failed else 0


def in_use(settings: Settings) -> list[Profile]:
    """The profiles that some job names, each once."""
    chosen = settings.model
    names = dict.fromkeys((chosen.use, chosen.grade, chosen.judge, *chosen.fallback))
    return [settings.models[name] for name in names if name and name != NONE]


def hosts(settings: Settings) -> dict[str, str]:
    """Every host that the tutor would contact as configured, with what is sent there; loopback hosts too."""
    found: dict[str, str] = {}
    for profile in in_use(settings):
        named = profile.provider in ("openai", "azure") or profile.base_url
        host = urlsplit(profile.url).netloc if named else f"the servers of {profile.provider}"
        found[host] = "questions, answers and the cards they are about"
        if settings.index.queries and profile == settings.profile:
            found[host] = "the text of all cards, questions and answers"
    if settings.embeddings.use == "openai":
        found.setdefault(
            urlsplit(settings.embeddings.base_url or OPENAI).netloc, "the text of all cards, and questions"
        )
    if settings.index.url:
        found.setdefault(urlsplit(settings.index.url).netloc, "vectors of all cards and questions, no text,")
    if host := urlsplit(settings.store.url).netloc:
        found.setdefault(host.rpartition("@")[2], "the learners' history")
    if settings.model.tracing:
        found["LangSmith"] = "every prompt and reply, if its own variables ask for it"
    return found


def _counting(settings: Settings, profile: Profile) -> Check:
    """How the tokens of a profile's prompts are counted before its server says it."""
    keep_in(settings.cache_dir / "tiktoken")
    name = vocabulary_of(profile.model)
    if not name:
        said = f"estimated with a margin of {MARGIN - 1:.0%}; tiktoken has no vocabulary for this model"
    elif has_vocabulary(profile.model):
        said = f"counted with {name}"
    else:
        said = f"estimated with a margin of {MARGIN - 1:.0%}; `tutor doctor --vocabulary` fetches {name}"
    return Check(area=f"model {profile.name}", name="counting", state="ok", said=said)


def _versions() -> Iterator[Check]:
    import platform

    parts = []
    for name in _PACKAGES:
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            fix = "Run make chat, or pip install the tutor again."
            yield Check(area="install", name=name, state="fail", said="not installed", fix=fix)
    python = f"Python {platform.python_version()} on {platform.system()}"
    yield Check(area="install", name="versions", state="ok", said=", ".join([python, *parts]))


def _folders(settings: Settings) -> Iterator[Check]:
    source = str(settings.source) if settings.source else "none; the defaults and TUTOR_ variables are used"
    yield Check(area="install", name="configuration", state="ok", said=source)
    for name, folder in (("data folder", settings.data_dir), ("cache folder", settings.cache_dir)):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(there, os.W_OK):
            fix = "Change its rights, or set data_dir and cache_dir in tutor.toml."
            yield Check(area="folders", name=name, state="fail", said=f"{folder} cannot be written", fix=fix)
            continue
        free = shutil.disk_usage(there).free
        state: State = "ok" if free > _ROOM else "warn"
        yield Check(area="folders", name=name, state=state, said=f"{folder}, {free / 1e9:.1f} GB free")


def _database(settings: Settings) -> Iterator[Check]:
    url = settings.store.url
    if not url.startswith("sqlite"):
        yield Check(area="database", name="place", state="ok", said=urlsplit(url).netloc.rpartition("@")[2])
        yield _server_backups()
    else:
        number = tuple(int(part) for part in sqlite3.sqlite_version.split("."))
        old = (
            "" if number >= _SAFE_SQLITE else "; before 3.51.3 two writers at a time are unsafe, the tutor keeps to one"
        )
        yield Check(area="database", name="SQLite", state="ok", said=f"{sqlite3.sqlite_version}{old}")
        path = Path(url.partition(":///")[2])
        if not path.exists():
            yield Check(area="database", name="history", state="ok", said=f"{path} is not there yet; nothing is stored")
            return
        yield _integrity(path)
        yield _backups(path)
    yield _history(url)


def _server_backups() -> Check:
    there = shutil.which("pg_dump")
    said = (
        f"are the server's own: {there} makes one" if there else "are the server's own; pg_dump is not installed here"
    )
    fix = "Have the server make one every day; the tutor copies SQLite files only."
    return Check(area="database", name="backups", state="ok" if there else "warn", said=said, fix="" if there else fix)


def _backups(path: Path) -> Check:
    made = listed(path.parent / "backups")
    if not made:
        return Check(area="database", name="backups", state="warn", said="there is none", fix="Say tutor backup.")
    newest, at = made[0]
    try:
        look_at(newest)
    except StoreError as error:
        return Check(area="database", name="backups", state="warn", said=str(error), fix="Say tutor backup.")
    said = f"{len(made)}, the newest of {at.astimezone():%Y-%m-%d %H:%M}, and it opens"
    return Check(area="database", name="backups", state="ok", said=said)


def _integrity(path: Path) -> Check:
    fix = "Say tutor doctor --repair, or restore a backup with tutor restore."
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        return Check(area="database", name="integrity", state="fail", said=f"{path}: {error}", fix=fix)
    if said != ["ok"]:
        return Check(area="database", name="integrity", state="fail", said=f"{path}: {said[0]}", fix=fix)
    return Check(area="database", name="integrity", state="ok", said=f"{path}, {path.stat().st_size / 1e6:.1f} MB")


def _history(url: str) -> Check:
    from tutor.learner import Store

    try:
        with Store.open(url, read_only=True) as store:
            faults, learners = store.check(), store.learners()
    except StoreError as error:
        return Check(area="database", name="history", state="fail", said=str(error))
    if faults:
        fix = "Say tutor doctor --repair to see what can be saved, or restore a backup with tutor restore."
        return Check(area="database", name="history", state="fail", said=faults[0], fix=fix)
    return Check(
        area="database", name="history", state="ok", said=f"{len(learners)} learners, every row as it was written"
    )


def _index(settings: Settings) -> Check:
    if url := settings.index.url:
        from corpus.collection import reachable

        if reachable(url):
            return Check(area="index", name="server", state="ok", said=f"a Chroma server {place(url)} answers")
        said = f"no Chroma server answers {place(url)}; searches go over the vectors kept here"
        return Check(area="index", name="server", state="warn", said=said, fix="Start it, or look at [index] url.")
    folder = settings.data_dir / "index"
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if not files:
        return Check(area="index", name="cache", state="ok", said="not made yet; made at the first search")
    size = sum(path.stat().st_size for path in files) / 1e6
    return Check(area="index", name="cache", state="ok", said=f"{folder}, {size:.1f} MB; may be deleted at any time")


def _embedder(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    chosen = settings.embeddings
    if chosen.use == "none":
        yield Check(area="embeddings", name="use", state="ok", said="none: search goes by words alone")
        return
    begun = time.monotonic()
    try:
        if chosen.use == "minilm":
            from corpus.minilm import MiniLM

            vectors = MiniLM.load(settings.cache_dir).embed(["The heart pumps blood."])
        else:
            from corpus.embed import OpenAIEmbedder

            key = environ.get(chosen.api_key_env, "") if chosen.api_key_env else ""
            address = chosen.base_url or OPENAI
            vectors = OpenAIEmbedder(chosen.model, address, key, timeout=chosen.timeout).embed(
                ["The heart pumps blood."]
            )
    except EmbeddingError as error:
        # The tutor goes on without its own embedder; a server that was asked for by name is another matter.
        state: State = "warn" if chosen.use == "minilm" else "fail"
        yield Check(area="embeddings", name=chosen.use, state=state, said=str(error))
        return
    took = time.monotonic() - begun
    said = f"{vectors.shape[1]} dimensions, {took:.2f} s to open and embed one text"
    yield Check(area="embeddings", name=chosen.use, state="ok", said=said)


def _leaving(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    contacted = hosts(settings)
    for host, what in contacted.items():
        local = place(f"http://{host}").startswith("on this machine")
        said = "stays on this machine" if local else f"{what} are sent there"
        yield Check(area="privacy", name=host, state="ok", said=said)
    if not contacted:
        yield Check(area="privacy", name="hosts", state="ok", said="no host is contacted; nothing leaves this machine")
    asked = [name for name in TRACING if environ.get(name, "").lower() in ("1", "true")]
    if settings.model.tracing:
        yield Check(area="privacy", name="tracing", state="warn", said="LangSmith may be sent prompts, as configured")
    else:
        said = f"off; {', '.join(asked)} is set and is not obeyed" if asked else "off"
        yield Check(area="privacy", name="tracing", state="ok", said=said)
