"""The text of a config, formatted once: mmengine formats it for the log, each checkpoint and each file."""

from mmengine.config import Config

_KEPT = 4  # texts
_TEXTS: dict[str, str] = {}
#: Attributes of a config that its text does not show.
_ORIGIN = ('_filename', '_text')


def text_of(config: Config) -> str:
    """``config.pretty_text``; equal configs are formatted once, and the last few texts are kept."""
    state = repr({name: value for name, value in vars(config).items() if name not in _ORIGIN})
    if state not in _TEXTS:
        text = Config.pretty_text.fget(config)
        while len(_TEXTS) >= _KEPT:
            del _TEXTS[next(iter(_TEXTS))]
        _TEXTS[state] = text
    return _TEXTS[state]


class FormattedConfig(Config):
    """A config whose ``pretty_text`` is formatted once for each of its states."""

    @classmethod
    def of(cls, config: Config) -> 'FormattedConfig':
        """The same config; both share their values."""
        formatted = cls.__new__(cls)
        formatted.__dict__.update(vars(config))
        return formatted

    @property
    def pretty_text(self) -> str:
        """The config as a program in Python."""
        return text_of(self)
