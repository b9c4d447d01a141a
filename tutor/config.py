"""Reads Settings: built-in defaults, then tutor.toml, then TUTOR_ variables, then `--model`; refuses what is wrong.

What can be set stands in `tutor.settings`. Reads no secret and opens nothing but the configuration file.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from tutor.errors import ConfigError
from tutor.settings import NONE, Profile, Settings, StoreSettings

__all__ = ["Profile", "Settings", "load_settings"]

APP = "flashcard-tutor"

_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*["']?([\w.-]+?)["']?\s*=""")
_UNLISTED = ("name", "source")  # fields of ours that no file may set
_LISTS = ("fallback", "allowed_hosts")
_FILES = ("auth", "certificate", "certificate_key")  # of [server], from the file's folder on
_SECRETS = ("api_key", "key", "token", "secret", "password")


def load_settings(
    path: Path | None = None, *, model: str | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from defaults, the file, the environment and `--model`, in rising order.

    Args:
        path: the file; without it `./tutor.toml` where there is one.
        model: what `--model` said: a profile's name, or `none`.
        environ: instead of the process's environment.

    Raises:
        ConfigError: every fault found, one line each, with the file and line or the variable.
    """
    environ = os.environ if environ is None else environ
    source = path if path is not None else (Path("tutor.toml") if Path("tutor.toml").exists() else None)
    text = _read(source) if source else ""
    tree, origin = _parse(text, source), _Origin(source, text)
    _overlay(tree, environ, origin)
    if model is not None:
        _put(tree, ("model", "use"), model)
        origin.note(("model", "use"), "--model")
    try:
        settings = Settings.model_validate(_named(tree, origin))
    except ValidationError as error:
        raise ConfigError("\n".join(origin.explain(fault) for fault in _telling(error.errors()))) from None
    if faults := [*_odd_names(settings, origin), *_odd_addresses(settings, origin)]:
        raise ConfigError("\n".join(faults))
    return _placed(settings, source, environ)


def _read(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"{source} does not exist. Copy tutor.example.toml there, or leave --config out to use the defaults."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        what = str(error.strerror).lower() if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{source} cannot be read: {what}.") from None


def _parse(text: str, source: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML: {error}. Write key = value, with text in quotes.") from None


def _put(tree: dict[str, Any], keys: Sequence[str], value: object) -> None:
    """Set `tree[k0][k1]... = value`, making tables on the way."""
    for key in keys[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            return  # the file is wrong there, and is told so
        tree = below
    tree[keys[-1]] = value


def _known(keys: Sequence[str]) -> list[str]:
    """The keys that may stand in the table at `keys`."""
    shape: object = Settings
    if keys:
        shape = Profile if keys[0] == "models" else Settings.model_fields[keys[0]].annotation
    fields = shape.model_fields if isinstance(shape, type) and issubclass(shape, BaseModel) else {}
    return [key for key in fields if key not in _UNLISTED]


def _overlay(tree: dict[str, Any], environ: Mapping[str, str], origin: "_Origin") -> None:
    """Lay `TUTOR_MODEL__USE=local` and its like over the file."""
    single = {f"TUTOR_{s}_{key}".upper(): f"TUTOR_{s}__{key}".upper() for s in _known(()) for key in _known((s,))}
    for name in sorted(name for name in environ if name.startswith("TUTOR_")):
        keys = name.removeprefix("TUTOR_").lower().split("__")
        if name in single and not name.startswith("TUTOR_MODELS_"):
            raise ConfigError(f"{name} is not read: two underscores part section and key. Set {single[name]}.")
        if len(keys) == 1 and keys[0] not in ("data_dir", "cache_dir"):
            continue  # other programs have variables that begin with TUTOR_, too
        if keys[0] == "models" and len(keys) > 1:
            keys[1] = next((n for n in tree.get("models", {}) if n.lower().replace("-", "_") == keys[1]), keys[1])
        origin.note(tuple(keys), name)
        _put(tree, keys, _value(environ[name], keys[-1]))


def _value(text: str, key: str) -> object:
    """A variable's value: lists and tables are written as in TOML, or with commas; the rest is read by its type."""
    if text.startswith(("[", "{")):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return [part.strip() for part in text.split(",") if part.strip()] if key in _LISTS else text


def _named(tree: dict[str, Any], origin: "_Origin") -> dict[str, Any]:
    """The tree with every profile told its own name."""
    if "source" in tree:
        raise ConfigError(f"{origin.where(('source',))}: the file has no key 'source'.")
    models = tree.get("models")
    if not isinstance(models, dict):
        return tree
    for name, profile in models.items():
        if isinstance(profile, dict) and "name" in profile:
            at = origin.where(("models", name, "name"))
            raise ConfigError(
                f"{at}: a profile is named by its heading, [models.{name}]. Take name out; perhaps model?"
            )
    return {**tree, "models": {n: {**p, "name": n} if isinstance(p, dict) else p for n, p in models.items()}}


def _telling(faults: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The faults without a missing key that is there under a misspelt name."""
    extra = {fault["loc"] for fault in faults if fault["type"] == "extra_forbidden"}

    def misspelt(loc: tuple[str, ...]) -> bool:
        beside = [str(other[-1]) for other in extra if other[:-1] == loc[:-1]]
        return bool(get_close_matches(str(loc[-1]), beside, n=1, cutoff=0.6))

    return [fault for fault in faults if not (fault["type"] == "missing" and misspelt(fault["loc"]))]


def _odd_names(settings: Settings, origin: "_Origin") -> Iterator[str]:
    """Names of profiles that are none."""
    chosen = settings.model
    profiles = [NONE, *settings.models]
    there = f"There are {', '.join(profiles)}" if settings.models else "There is only none; set up [models.NAME]"
    for key, names in (
        ("use", [chosen.use]),
        ("grade", [chosen.grade]),
        ("judge", [chosen.judge]),
        ("fallback", chosen.fallback),
    ):
        for name in names:
            if name not in profiles and (name or key == "use"):
                at = origin.where(("model", key))
                yield f"{at}: there is no model profile {name!r}{_nearest(name, profiles)} {there}."
    if NONE in settings.models:
        at = origin.where(("models", NONE))
        yield f"{at}: a profile cannot be called none; that name means studying without a model."


def _odd_addresses(settings: Settings, origin: "_Origin") -> Iterator[str]:
    """Addresses that are none, and secrets where the names of variables belong."""
    for name, profile in settings.models.items():
        at = ("models", name)
        yield from _odd_server(profile.base_url, profile.api_key_env, at, origin)
        if profile.provider == "azure" and not profile.base_url:
            yield f"{origin.where(at)}: Azure needs base_url, such as https://NAME.openai.azure.com."
    embeddings = settings.embeddings
    yield from _odd_server(embeddings.base_url, embeddings.api_key_env, ("embeddings",), origin)
    if embeddings.use == "openai" and not embeddings.model:
        at_use = origin.where(("embeddings", "use"))
        yield f'{at_use}: embeddings by a server need a model, such as model = "text-embedding-3-small".'
    yield from _odd_server(settings.index.url, "", ("index",), origin, "url")
    if urlsplit(settings.store.url).password:
        at_url = origin.where(("store", "url"))
        yield f"{at_url}: the address holds a password. Leave it out; the driver reads PGPASSWORD or ~/.pgpass."


def _odd_server(
    url: str, variable: str, at: tuple[str, ...], origin: "_Origin", key: str = "base_url"
) -> Iterator[str]:
    where = origin.where((*at, key))
    try:
        parts = urlsplit(url)
        plain = not url or (parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0)
        if parts.username or parts.password:
            yield f"{where}: the address holds a user or a password. Name a variable in api_key_env instead."
    except ValueError:
        plain = False
    if not plain:
        yield f"{where}: {key} must begin with http:// or https:// and name a host, such as http://localhost:11434/v1."
    if variable and not _VARIABLE.match(variable):
        where = origin.where((*at, "api_key_env"))
        yield f'{where}: api_key_env takes a variable\'s name, not a key. Write "MY_KEY" and set MY_KEY in your shell.'


def _placed(settings: Settings, source: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings with their folders: as the file says (from the file's folder on), else the platform's."""
    start = source.resolve().parent if source else Path.cwd()
    folders: dict[str, Path] = {}
    for field, variable in (("data_dir", "XDG_DATA_HOME"), ("cache_dir", "XDG_CACHE_HOME")):
        said: Path = getattr(settings, field)
        if said != Path():
            folders[field] = start / said.expanduser()
        elif xdg := environ.get(variable, "").strip():
            folders[field] = Path(xdg) / APP
        else:
            import platformdirs

            find = platformdirs.user_data_path if field == "data_dir" else platformdirs.user_cache_path
            folders[field] = find(APP, appauthor=False)
    files = {key: str(start / Path(said).expanduser()) for key in _FILES if (said := getattr(settings.server, key))}
    server = settings.server.model_copy(update=files)
    store = settings.store if settings.store.url else StoreSettings(url=f"sqlite:///{folders['data_dir'] / 'tutor.db'}")
    return settings.model_copy(update={**folders, "server": server, "store": store, "source": source})


def _nearest(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f". Did you mean {near[0]!r}?" if near else "."


class _Origin:
    """Where each value came from: a line of the file, a variable, or an option."""

    def __init__(self, source: Path | None, text: str) -> None:
        self._source = source
        self._set: dict[tuple[str, ...], str] = {}
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                table = tuple(part.strip(" \"'") for part in header[1].split("."))
                self._lines.setdefault(table, number)
            elif key := _KEY.match(line):
                self._lines.setdefault((*table, *key[1].split(".")), number)

    def note(self, keys: tuple[str, ...], by: str) -> None:
        """Remember that `by` (a variable or an option) set the value at `keys`."""
        self._set[keys] = by

    def where(self, keys: tuple[str, ...]) -> str:
        """The variable, option, or file and line that set the value at `keys`, else its table."""
        for length in range(len(keys), 0, -1):
            if by := self._set.get(keys[:length]):
                return by
            if line := self._lines.get(keys[:length]):
                return f"{self._source} line {line}"
        return str(self._source or "tutor.toml")

    def explain(self, fault: Mapping[str, Any]) -> str:
        """One line for one fault that pydantic found; the value is left out, since it could be a key."""
        keys = tuple(str(part) for part in fault["loc"])
        where, key = self.where(keys), keys[-1]
        inside = f"[{'.'.join(keys[:-1])}]" if keys[:-1] else "the file"
        if fault["type"] == "extra_forbidden" and key in _SECRETS:
            return f"{where}: a key is never written here. Set api_key_env to the name of the variable that holds it."
        if fault["type"] == "extra_forbidden":
            known = _known(keys[:-1])
            return f"{where}: {inside} has no key {key!r}{_nearest(key, known)} It takes {', '.join(known)}."
        if fault["type"] == "missing":
            return f'{where}: {inside} lacks {key!r}; every profile needs one, such as {key} = "llama3.2".'
        if fault["type"] in ("model_type", "dict_type", "model_attributes_type"):
            return f"{where}: {key} is a table. Write [{'.'.join(keys)}] and its keys below that line."
        said = str(fault["msg"]).replace("tuple", "list")
        return f"{where}: {'.'.join(keys)}: {said[:1].lower()}{said[1:]}."
