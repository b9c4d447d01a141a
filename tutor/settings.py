"""What can be set: the sections of tutor.toml as frozen values, and Profile, a named model on a named server.

Reads no file and no variable (that is `tutor.config`), and holds no secret: a key is named by what holds it.
"""

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "EmbeddingSettings",
    "EvalSettings",
    "IndexSettings",
    "ModelSettings",
    "Profile",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "StudySettings",
    "place",
]

NONE = "none"
OPENAI = "https://api.openai.com/v1"

_LOOPBACK = re.compile(r"^(localhost|127(\.\d+){3}|::1)$")
_PRIVATE = re.compile(
    r"^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|f[cd][0-9a-f]{2}:|[^.:]+$|.*\.(local|lan|home|internal)$)"
)


def place(url: str) -> str:
    """Where `url` leads, in plain words: `on this machine (localhost:11434)` or `at api.openai.com`."""
    parts = urlsplit(url)
    host = (parts.hostname or url).lower()
    address = f"{host}:{parts.port}" if parts.port else host
    if _LOOPBACK.match(host):
        return f"on this machine ({address})"
    return f"on your network ({address})" if _PRIVATE.match(host) else f"at {address}"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class ModelSettings(_Section):
    """[model]: which profile does which job, what may be spent, and whether calls are traced."""

    use: str = Field(default=NONE, description="the profile that tutors; none studies without a model")
    grade: str = Field(default="", description="the profile that grades; empty: the one in use")
    judge: str = Field(default="", description="the profile that judges in evals; empty: nobody does")
    fallback: tuple[str, ...] = Field(
        default=(), description="profiles tried in order where the one in use gives nothing"
    )
    cap_turn: float | None = Field(
        default=None, ge=0, description="the most one call may cost, in the currency of the prices"
    )
    cap_day: float | None = Field(default=None, ge=0, description="the most a day may cost")
    cap_total: float | None = Field(default=None, ge=0, description="the most all calls together may cost")
    cache: bool = Field(
        default=False, description="keep explanations and give them again for the same question and cards"
    )
    tracing: bool = Field(
        default=False, description="let LangSmith tracing upload prompts, if its own variables ask for it"
    )


class Profile(_Section):
    """[models.NAME]: one model on one server. `base_url` empty means OpenAI."""

    name: str = Field(default="", exclude=True)
    model: str = Field(description="the model's name as its server knows it")
    provider: str = Field(
        default="openai", description="openai (any compatible server), azure, or a LangChain provider"
    )
    base_url: str = Field(default="", description="the server's address, with /v1; empty for OpenAI itself")
    api_key_env: str = Field(default="", description="the environment variable that holds the key")
    api_key_file: str = Field(default="", description="a file that holds the key and nothing else")
    api_version: str = Field(default="", description="Azure's API version")
    temperature: float | None = Field(default=None, ge=0, le=2, description="left to the server when not set")
    max_tokens: int = Field(default=1024, ge=1, description="the longest reply")
    context: int = Field(default=8192, ge=256, description="how many tokens prompt and reply may have together")
    timeout: float = Field(default=120.0, gt=0, description="seconds for a whole reply")
    first_token: float = Field(default=60.0, gt=0, description="seconds until the first word")
    silence: float = Field(default=30.0, gt=0, description="seconds of silence between two words")
    retries: int = Field(default=2, ge=0, le=10, description="further tries where nothing was shown yet")
    price_in: float = Field(default=0.0, ge=0, description="price of a million prompt tokens")
    price_out: float = Field(default=0.0, ge=0, description="price of a million reply tokens")
    stream_usage: bool | None = Field(
        default=None, description="ask for token counts in the stream; by default only OpenAI and Azure are asked"
    )
    max_completion_tokens: bool | None = Field(
        default=None, description="limit replies by that name; by default only for OpenAI and Azure"
    )
    responses_api: bool = Field(default=False, description="talk to /responses, where the server has no other way")
    extra_body: dict[str, Any] = Field(
        default={}, description="further fields of the request, as this server wants them"
    )

    @property
    def url(self) -> str:
        """The server's address; never taken from anywhere but the configuration."""
        return self.base_url or OPENAI

    @property
    def reply_limit(self) -> int:
        """The longest reply in tokens: `max_tokens`, and never more than half of the context."""
        return min(self.max_tokens, self.context // 2)

    @property
    def compatible(self) -> bool:
        """Whether the server only resembles OpenAI's, and may choke on fields that are not needed."""
        return self.provider == "openai" and bool(self.base_url)

    @property
    def where(self) -> str:
        """Plain words: `on this machine (localhost:11434)` or `at api.openai.com`."""
        if self.provider not in ("openai", "azure") and not self.base_url:
            return f"at {self.provider}"
        return place(self.url)

    @property
    def local(self) -> bool:
        """Whether the server runs on this machine."""
        return self.where.startswith("on this machine")

    @property
    def key_variable(self) -> str:
        """The variable the key is read from; empty where no key is needed or a file holds it."""
        if self.api_key_env or self.api_key_file:
            return self.api_key_env
        return {"openai": "" if self.base_url else "OPENAI_API_KEY", "azure": "AZURE_OPENAI_API_KEY"}.get(
            self.provider, ""
        )


class EmbeddingSettings(_Section):
    """[embeddings]: what turns cards into vectors."""

    use: Literal["minilm", "openai", "none"] = Field(
        default="minilm", description="built in, a server, or lexical search alone"
    )
    model: str = Field(default="", description="the embedding model on that server")
    base_url: str = Field(default="", description="the server's address; empty for OpenAI itself")
    api_key_env: str = Field(default="", description="the environment variable that holds the key")
    timeout: float = Field(default=30.0, gt=0, description="seconds for one batch")


class IndexSettings(_Section):
    """[index]: where the rebuildable cache of vectors lies."""

    url: str = Field(default="", description="a Chroma server; empty keeps the index in the data folder")
    queries: bool = Field(
        default=False, description="have the model in use write learners' questions for each card, once, for search"
    )


class StoreSettings(_Section):
    """[store]: the learners' database."""

    url: str = Field(default="", description="any SQLAlchemy address; empty is SQLite in the data folder")


class StudySettings(_Section):
    """[study]: how much, and how well, a learner wants to remember."""

    new_per_day: int = Field(default=20, ge=0, description="how many new cards a day")
    retention: float = Field(
        default=0.9, ge=0.7, le=0.99, description="the share of cards to be remembered when they come due"
    )
    settle: float = Field(
        default=0.75,
        ge=0.5,
        le=1,
        description="how sure the grader must be; below, the learner ticks the points herself",
    )
    hints: int = Field(default=5, ge=0, le=5, description="how many hints a card may give")
    cards_a_sitting: int = Field(default=0, ge=0, description="how many cards a sitting takes; 0 for no limit")
    minutes_a_sitting: int = Field(default=0, ge=0, description="how many minutes a sitting takes; 0 for no limit")
    language: Literal["en", "de"] = Field(default="en", description="the language of the page and the session")


class ServerSettings(_Section):
    """[server]: where the page is served."""

    host: str = Field(default="127.0.0.1", description="the address to listen on; 0.0.0.0 lets other machines in")
    port: int = Field(default=7860, ge=0, le=65535, description="the port; 0 takes any free one")
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="names the page may be asked for by, besides its own"
    )
    concurrency: int = Field(default=20, ge=1, description="how many turns run at the same time")
    queue: int = Field(default=200, ge=1, description="how many turns may wait; more are told that the tutor is busy")
    rate: int = Field(default=240, ge=1, description="how many requests a minute a learner may make")
    auth: str = Field(
        default="", description="the file of names and password hashes; needed to listen beyond this machine"
    )
    idle_minutes: int = Field(default=120, ge=1, description="minutes of silence that end a session")
    session_hours: int = Field(default=24, ge=1, description="hours after which one has to sign in again")
    certificate: str = Field(default="", description="a TLS certificate with its chain; empty: plain HTTP")
    certificate_key: str = Field(default="", description="the certificate's private key")
    behind_proxy: bool = Field(
        default=False, description="believe X-Forwarded-For and -Proto of a proxy on this machine"
    )
    metrics: bool = Field(default=False, description="counters for Prometheus at /metrics, open to all who can connect")
    log: Literal["plain", "json"] = Field(default="plain", description="plain: warnings; json: a line a request")
    log_texts: bool = Field(default=False, description="let answers, and what faults quote, into the log")


class EvalSettings(_Section):
    """[evals]: how the harness runs."""

    runs: str = Field(default="runs", description="the folder for logs and reports")
    concurrency: int = Field(default=4, ge=1, description="how many cases run at the same time")
    seed: int = Field(default=0, description="the seed of every draw")
    batch: bool = Field(default=False, description="send calls by the Batch API of an OpenAI-compatible server")
    batch_seconds: float = Field(default=30.0, gt=0, description="seconds between two looks at a batch")
    cache: bool = Field(default=False, description="give kept replies again where the same is asked, repeat by repeat")
    case_seconds: float | None = Field(default=None, gt=0, description="the longest a case may take")
    case_tokens: int | None = Field(default=None, ge=1, description="the most tokens a case may use")
    cap: float | None = Field(default=None, gt=0, description="the most a run may cost, in the currency of the prices")


class Settings(_Section):
    """Everything the tutor was told, complete and checked."""

    model: ModelSettings = ModelSettings()
    models: dict[str, Profile] = {}
    embeddings: EmbeddingSettings = EmbeddingSettings()
    index: IndexSettings = IndexSettings()
    store: StoreSettings = StoreSettings()
    study: StudySettings = StudySettings()
    server: ServerSettings = ServerSettings()
    evals: EvalSettings = EvalSettings()
    data_dir: Path = Field(default=Path(), description="where decks, index and database lie")
    cache_dir: Path = Field(default=Path(), description="what can be made again")
    source: Path | None = Field(default=None, exclude=True)

    @property
    def profile(self) -> Profile | None:
        """The profile that tutors; None to study without a model."""
        return self.models.get(self.model.use)

    @property
    def grade_profile(self) -> Profile | None:
        """The profile that grades."""
        return self.models.get(self.model.grade or self.model.use)

    @property
    def fallbacks(self) -> tuple[Profile, ...]:
        """The profiles tried after the one in use, in order."""
        return tuple(self.models[name] for name in self.model.fallback if name != NONE)
