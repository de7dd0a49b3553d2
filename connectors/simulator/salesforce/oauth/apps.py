"""The client apps that orgs know (Connected Apps or External Client Apps): key, secret, callbacks, certificate."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from connectors.simulator.world import World

_KEY = "salesforce:apps"


@dataclass(slots=True)
class App:
    """One app. Without `callbacks` any redirect address is taken: the portal's own is not known beforehand."""

    client_id: str
    client_secret: str
    name: str = "Ledgerbridge"
    callbacks: list[str] = field(default_factory=list)
    scopes: str = "api refresh_token id openid"
    #: PEM of the certificate (or public key) that signs JWT bearer assertions.
    certificate: str = ""
    #: Users are admin pre-authorised: JWT bearer works without consent.
    preauthorised: bool = True
    #: The org whose run-as user client credentials act for (0: not enabled).
    client_credentials_org: int = 1
    #: False: the app is not installed into orgs, consent fails.
    installed: bool = True


class Apps:
    """All apps, by client id."""

    def __init__(self, world: World) -> None:
        self._world = world

    def all(self) -> list[App]:
        return [App(**saved) for saved in self._world.store.value(_KEY) or []]

    def find(self, client_id: str) -> App | None:
        return next((app for app in self.all() if app.client_id == client_id), None)

    @property
    def default(self) -> App:
        return self.all()[0]

    def put(self, app: App) -> None:
        """Add the app, or replace the one with its client id."""
        kept = self.all()
        places = [index for index, one in enumerate(kept) if one.client_id == app.client_id]
        if places:
            kept[places[0]] = app
        else:
            kept.append(app)
        self._world.store.set_value(_KEY, [asdict(one) for one in kept])

    def seed(self) -> None:
        """The app that `GET /_sim/credentials` hands out."""
        client_id = "3MVG9" + self._world.fixed("salesforce client id", 80)
        self.put(App(client_id, self._world.fixed("salesforce client secret", 64).upper()))

    def clear(self) -> None:
        self._world.store.set_value(_KEY, None)
