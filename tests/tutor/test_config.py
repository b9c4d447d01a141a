from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest
from pydantic import BaseModel

from tutor.config import load_settings
from tutor.errors import ConfigError
from tutor.settings import Profile

LOCAL = '[models.local]\nmodel = "llama3.2"\nbase_url = "http://localhost:11434/v1"\n'


Write = Callable[[str], Path]


@pytest.fixture
def write(home: Path) -> Write:
    def write(text: str) -> Path:
        path = home / "given.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_without_a_file_no_model_is_used_and_data_lie_in_the_user_folders(home: Path) -> None:
    settings = load_settings()
    assert settings.model.use == "none"
    assert settings.profile is None
    assert settings.data_dir == home / "data" / "flashcard-tutor"
    assert settings.cache_dir == home / "cache" / "flashcard-tutor"
    assert settings.store.url == f"sqlite:///{home / 'data' / 'flashcard-tutor' / 'tutor.db'}"
    assert (settings.study.new_per_day, settings.study.retention) == (20, 0.9)
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 7860)


def test_tutor_toml_in_the_working_folder_is_read(home: Path) -> None:
    (home / "tutor.toml").write_text('[model]\nuse = "local"\n' + LOCAL)
    settings = load_settings()
    assert settings.profile is not None
    assert settings.profile.model == "llama3.2"
    assert settings.profile.name == "local"
    assert settings.source == Path("tutor.toml")


def test_environment_beats_the_file_and_the_option_beats_both(write: Write) -> None:
    path = write('[model]\nuse = "none"\n' + LOCAL + '[models.big]\nmodel = "b"\n')
    assert load_settings(path, environ={"TUTOR_MODEL__USE": "local"}).model.use == "local"
    assert load_settings(path, model="big", environ={"TUTOR_MODEL__USE": "local"}).model.use == "big"
    assert load_settings(path, model="none", environ={"TUTOR_MODEL__USE": "local"}).profile is None


def test_variables_reach_every_section_and_profiles_with_dashes(write: Write) -> None:
    path = write(LOCAL.replace("models.local", "models.my-local"))
    environ = {
        "TUTOR_SERVER__PORT": "9000",
        "TUTOR_MODELS__MY_LOCAL__TEMPERATURE": "0.5",
        "TUTOR_MODEL__FALLBACK": "my-local, none",
        "TUTOR_SERVER__ALLOWED_HOSTS": '["a.example", "b.example"]',
        "TUTOR_DATA_DIR": "kept",
        "TUTOR_ROOT": "another program's",
    }
    settings = load_settings(path, environ=environ)
    assert settings.server.port == 9000
    assert settings.models["my-local"].temperature == 0.5
    assert settings.model.fallback == ("my-local", "none")
    assert settings.server.allowed_hosts == ("a.example", "b.example")
    assert settings.data_dir == path.parent / "kept"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[model]\nusse = "x"\n', "line 2: [model] has no key 'usse'. Did you mean 'use'?"),
        ('[model]\nuse = "locl"\n' + LOCAL, "line 2: there is no model profile 'locl'. Did you mean 'local'?"),
        ('[model]\nuse = "gpt"\n', "There is only none"),
        ("[stduy]\n", "line 1: the file has no key 'stduy'. Did you mean 'study'?"),
        ('[models.a]\nmodle = "x"\n', "Did you mean 'model'?"),
        ('[models.a]\nbase_url = "http://x/v1"\n', "[models.a] lacks 'model'"),
        ('[server]\nport = "abc"\n', "line 2: server.port: input should be a valid integer"),
        ("[study]\nretention = 1.5\n", "line 2: study.retention: input should be less than or equal to 0.99"),
        ('[models]\na = "x"\n', "Write [models.a] and its keys below"),
        ('model = "x"\n', "Write [model] and its keys below"),
        ('[models.none]\nmodel = "x"\n', "cannot be called none"),
        ('[models.a]\nmodel = "x"\nname = "y"\n', "named by its heading"),
        ('[models.a]\nmodel = "x"\nbase_url = "localhost:11434"\n', "must begin with http:// or https://"),
        ('[models.a]\nmodel = "x"\nbase_url = "http://[bad"\n', "must begin with http:// or https://"),
        ('[models.a]\nmodel = "x"\nprovider = "azure"\n', "Azure needs base_url"),
        ('[embeddings]\nuse = "opnai"\n', "'minilm', 'openai' or 'none'"),
        ('[embeddings]\nuse = "openai"\n', "need a model"),
        ('[model]\nfallback = "a"\n', "valid list"),
        ('source = "x"\n', "no key 'source'"),
        ("x =\n", "is not TOML"),
    ],
)
def test_fault_in_the_file_is_told_in_one_line(write: Write, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(text), environ={})
    assert said in str(caught.value)
    assert "given.toml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_all_faults_of_a_file_are_told_at_once(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(write('[model]\nusse = 1\n[server]\nport = "x"\n[study]\nretention = 2\n'), environ={})
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"TUTOR_MODEL_USE": "a"}, "Set TUTOR_MODEL__USE"),
        ({"TUTOR_MODEL__USEE": "a"}, "TUTOR_MODEL__USEE: [model] has no key 'usee'"),
        ({"TUTOR_SERVER__PORT": "x"}, "TUTOR_SERVER__PORT: server.port"),
        ({"TUTOR_MODEL__USE": "gpt"}, "TUTOR_MODEL__USE: there is no model profile 'gpt'"),
    ],
)
def test_fault_in_a_variable_names_the_variable(home: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match="TUTOR") as caught:
        load_settings(environ=environ)
    assert said in str(caught.value)


def test_fault_in_the_option_names_the_option(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--model: there is no model profile 'gpt'"):
        load_settings(model="gpt", environ={})


def test_missing_unreadable_and_binary_files_are_told(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not exist\. Copy tutor.example.toml"):
        load_settings(home / "none.toml", environ={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(home, environ={})
    (home / "latin.toml").write_bytes(b"# \xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(home / "latin.toml", environ={})


@pytest.mark.parametrize(
    "text",
    [
        '[models.a]\nmodel = "x"\napi_key = "sk-SECRET-1234"\n',
        '[models.a]\nmodel = "x"\napi_key_env = "sk-SECRET-1234"\n',
        '[models.a]\nmodel = "x"\nbase_url = "https://me:sk-SECRET-1234@host/v1"\n',
        '[store]\nurl = "postgresql://me:sk-SECRET-1234@host/db"\n',
    ],
)
def test_secret_written_down_is_refused_and_not_repeated(write: Write, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(text), environ={})
    assert "SECRET" not in str(caught.value)


def test_settings_show_no_secret_and_cannot_be_changed(write: Write) -> None:
    environ = {"MY_KEY": "sk-SECRET-1234", "TUTOR_MODEL__USE": "a"}
    settings = load_settings(write('[models.a]\nmodel = "x"\napi_key_env = "MY_KEY"\n'), environ=environ)
    assert "SECRET" not in f"{settings!r} {settings} {settings.model_dump()} {settings.profile!r}"
    with pytest.raises(ValueError, match="frozen"):
        settings.model.use = "none"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://localhost:11434/v1", "on this machine (localhost:11434)"),
        ("http://127.0.0.1:8080/v1", "on this machine (127.0.0.1:8080)"),
        ("http://[::1]:8080/v1", "on this machine (::1:8080)"),
        ("http://192.168.1.5:8080/v1", "on your network (192.168.1.5:8080)"),
        ("http://gpu-box/v1", "on your network (gpu-box)"),
        ("https://openrouter.example/api/v1", "at openrouter.example"),
        ("", "at api.openai.com"),
    ],
)
def test_profile_says_in_plain_words_where_it_runs(write: Write, url: str, where: str) -> None:
    settings = load_settings(write(f'[models.a]\nmodel = "x"\nbase_url = "{url}"\n'), environ={})
    assert settings.models["a"].where == where


def test_jobs_fall_back_to_the_profile_in_use(write: Write) -> None:
    text = '[model]\nuse = "local"\njudge = "big"\nfallback = ["big"]\n' + LOCAL + '[models.big]\nmodel = "b"\n'
    settings = load_settings(write(text), environ={})
    assert settings.grade_profile == settings.profile
    assert settings.fallbacks == (settings.models["big"],)


def test_example_file_is_valid_and_sets_every_key(home: Path) -> None:
    example = Path(__file__).parents[2] / "tutor.example.toml"
    text = example.read_text(encoding="utf-8")
    assert load_settings(example, environ={}).model.use == "none"
    shown = text.replace("# ", "").replace("#", "")
    for name, section in load_settings(example, environ={}):
        if isinstance(section, BaseModel):
            assert f"[{name}]" in text, name
            for key in type(section).model_fields:
                assert f"{key} = " in shown, f"{name}.{key}"
    for key in set(Profile.model_fields) - {"name"}:
        assert f"{key} = " in shown, key


def test_reading_takes_little_time(home: Path) -> None:
    (home / "tutor.toml").write_text(LOCAL)
    begun = process_time()
    load_settings()
    assert process_time() - begun < 0.05
