"""The one exception of the local installation."""


class LocalProblem(Exception):
    """Something on this machine is in the way; the text is a sentence for the person at the terminal."""
