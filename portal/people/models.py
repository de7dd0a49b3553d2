"""People who sign in, the companies they belong to, and invitations. One login, any number of companies."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from syncapp.models import VendorSide
from syncapp.tenancy import TenantModel

INVITATION_LIFE = timedelta(days=7)


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address; there are no user names."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a person who can sign in with `email`. Without a password no password works.

        Raises ValueError when the address is empty.
        """
        if not email:
            raise ValueError("A person needs an e-mail address.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an operator of this installation: sees the operators' site, belongs to no company by that."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email=(email or "").lower())


class User(AbstractUser):
    """A person, known by e-mail address. Addresses are kept in lower case: two spellings are one person.

    The name people give at sign-up is one text (`first_name`): names are not ours to split.
    """

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()  # type: ignore[misc,assignment]

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="people_user_email_lower"),)

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    OPERATOR = "operator", "Operator"
    VIEWER = "viewer", "Viewer"


class Membership(TenantModel):
    """A person belongs to a company in a role. What a role may do: `portal.people.access`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OPERATOR)
    connects = models.CharField(
        "may connect", max_length=3, choices=VendorSide.choices, blank=True, editable=False
    )
    """The side this person was asked to connect, whatever the role; emptied when it is connected."""
    created_at = models.DateTimeField("member since", auto_now_add=True)

    class Meta:
        verbose_name = "member"
        constraints = [models.UniqueConstraint(fields=["company", "user"], name="one_membership_per_person")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return str(self.user)


class Invitation(TenantModel):
    """Asks one e-mail address to join a company: works once, ends after seven days; the token is kept as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OPERATOR)
    connects = models.CharField("asked to connect", max_length=3, choices=VendorSide.choices, blank=True)
    note = models.CharField("note to them", max_length=500, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField("sent", auto_now_add=True)
    expires_at = models.DateTimeField("ends", editable=False)
    accepted_at = models.DateTimeField("accepted", null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField("withdrawn", null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["company", "-created_at"], name="invitation_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def renew(self, now: datetime) -> str:
        """Give this invitation a new token and seven more days; returns the token, which is stored nowhere."""
        token = secrets.token_urlsafe(32)
        self.token_hash = hash_token(token)
        self.expires_at = now + INVITATION_LIFE
        return token

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at


class ApiKey(TenantModel):
    """Lets a program act for a company in a role. Of its text `lb_<public>_<secret>` the secret is kept as a hash."""

    public = models.CharField(max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    name = models.CharField("what it is for", max_length=80)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField("made", auto_now_add=True)
    last_used_at = models.DateTimeField("last used", null=True, editable=False)
    revoked_at = models.DateTimeField("ended", null=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["company", "-id"], name="api_key_company")]
        base_manager_name = "all_companies"

    def __str__(self) -> str:
        return self.name


def hash_token(token: str) -> str:
    """What of an invitation's token or a key's secret is stored: both are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
