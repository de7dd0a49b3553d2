"""What a service refuses to do, said by code; the words are `syncapp.messages`' (DESIGN rule 7)."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A person asked for something that cannot be done now; nothing was changed.

    `code` is a key of `syncapp.messages`, `values` what its sentences name.
    """

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
