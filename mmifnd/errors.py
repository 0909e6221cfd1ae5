"""What every part may raise for input that cannot be used."""


class UserError(ValueError):
    """Input that cannot be used; the message is one line with value, limit and remedy. Ends a run without a traceback."""
