"""What can go wrong while tutoring; `str(error)` is for whoever runs the tutor, `error.plain` for the learner.

TutorError
├── ConfigError            tutor.toml, an environment variable or an option is wrong (exit code 2)
├── NotFoundError          a card, deck or learner that was named does not exist (exit code 2)
├── StoreError             the learner's database cannot be opened, read or written (exit code 3)
│   └── NewerStoreError         a newer version wrote it
└── ModelError             the language model gave no usable reply (exit code 3)
    ├── ModelKeyError           no key, or a key that the server refuses
    ├── ModelUnreachableError   refused, no such host, cut before anything was said
    ├── ModelNotFoundError      the server has no such model or path
    ├── ModelBusyError          rate limit, quota or overload; `retry_after` in seconds where the server said so
    ├── ModelTimeoutError       too slow: first token, silence between tokens, or the whole
    ├── ModelLongError          prompt and reply do not fit into the model's context together
    ├── ModelCutError           the reply ended before it was complete; `text` holds what came
    │   └── ModelLimitError         it reached its limit of tokens
    ├── ModelEmptyError         an empty reply, or nothing but thinking
    └── ModelRefusedError       the server or a filter declined to answer
"""


class TutorError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 3

    @property
    def plain(self) -> str:
        """One sentence for the learner."""
        return str(self)


def plain(error: Exception) -> str:
    """One sentence for the learner on any known fault, of this package or of `corpus`."""
    return error.plain if isinstance(error, TutorError) else str(error)


class ConfigError(TutorError):
    """The configuration or an option is wrong."""

    exit_code = 2


class NotFoundError(TutorError):
    """A card, deck or learner that was named does not exist."""

    exit_code = 2


class StoreError(TutorError):
    """The learner's database cannot be opened, read or written."""


class NewerStoreError(StoreError):
    """A newer version wrote the database, which is left as it is."""


class ModelError(TutorError):
    """The language model gave no usable reply."""

    sentence = "The language model gave no usable reply."

    @property
    def plain(self) -> str:
        """One sentence for the learner; details stay in `str(error)`."""
        return self.sentence


class ModelKeyError(ModelError):
    """No key, or one that the server refuses."""

    sentence = "The language model did not accept the key. The tutor goes on without it."


class ModelUnreachableError(ModelError):
    """Nobody answers at the model's address."""

    sentence = "The language model cannot be reached. The tutor goes on without it."


class ModelNotFoundError(ModelError):
    """The server is there but has no such model or path."""

    sentence = "The server does not have the language model that was asked for. The tutor goes on without it."


class ModelBusyError(ModelError):
    """Rate limit, quota or overload."""

    sentence = "The language model is busy. Try again in a moment; the tutor goes on without it."

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelTimeoutError(ModelError):
    """A deadline passed: first token, silence between tokens, or the whole reply."""

    sentence = "The language model took too long. The tutor goes on without it."


class ModelCutError(ModelError):
    """The reply ended before it was complete; `text` holds what came."""

    sentence = "The language model's reply was cut off."

    def __init__(self, message: str, *, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class ModelLimitError(ModelCutError):
    """The reply reached its limit of tokens."""

    sentence = "The language model's reply was cut off where it reached its longest length."


class ModelLongError(ModelError):
    """Prompt and reply do not fit into the model's context together."""

    sentence = "The text is too long for the language model. The tutor goes on without it."


class ModelEmptyError(ModelError):
    """The reply was empty, or held nothing but thinking."""

    sentence = "The language model said nothing. The tutor goes on without it."


class ModelRefusedError(ModelError):
    """The server or a filter declined to answer."""

    sentence = "The language model declined to answer. The tutor goes on without it."
