"""Allauth's forms in our words: a label says what a field is, nothing says it twice."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, SignupForm

EMAIL = "Work e-mail"
PASSWORD_RULE = (
    "At least 10 characters. Not only digits, not like your name or address, and not a common one."  # noqa: S105
)


class SignUp(SignupForm):
    """Name, e-mail and password twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)
        self.fields["email"].label = EMAIL
        self.fields["password1"].help_text = PASSWORD_RULE
        self.fields["password2"].label = "Password again"


class SignIn(LoginForm):
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)


def _without_placeholders(form: Any) -> None:
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
