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
    judge: str = Field(default="", description="the profile that judges in evals; empty: the one in use")
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
    stream_usage: bool = Field(default=True, description="ask for token counts; false for servers that choke on it")
    extra_body: dict[str, Any] = Field(
        default={}, description="further fields of the request, as this server wants them"
    )

    @property
    def url(self) -> str:
        """The server's address; never taken from anywhere but the configuration."""
        return self.base_url or OPENAI

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
        default=0.8,
        ge=0.5,
        le=1,
        description="how sure the grader must be; below, the learner ticks the points herself",
    )
    hints: int = Field(default=5, ge=0, le=5, description="how many hints a card may give")


class ServerSettings(_Section):
    """[server]: where the page is served."""

    host: str = Field(default="127.0.0.1", description="the address to listen on; 0.0.0.0 lets other machines in")
    port: int = Field(default=7860, ge=0, le=65535, description="the port; 0 takes any free one")
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="names the page may be asked for by, besides its own"
    )
    concurrency: int = Field(default=20, ge=1, description="how many turns run at the same time")


class EvalSettings(_Section):
    """[evals]: how the harness runs."""

    runs: str = Field(default="runs", description="the folder for logs and reports")
    concurrency: int = Field(default=4, ge=1, description="how many cases run at the same time")
    seed: int = Field(default=0, description="the seed of every draw")


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
    def judge_profile(self) -> Profile | None:
        """The profile that judges in evals."""
        return self.models.get(self.model.judge or self.model.use)

    @property
    def fallbacks(self) -> tuple[Profile, ...]:
        """The profiles tried after the one in use, in order."""
        return tuple(self.models[name] for name in self.model.fallback if name != NONE)
