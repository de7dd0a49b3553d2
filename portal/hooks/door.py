"""The way in for vendors' notices: past everything that is there for people with browsers.

Intuit may send hundreds a second, each signed: sessions, sign-in, messages, the language of the page and its content
policy concern none of them and cost more than storing a notice does.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

PREFIX = "/hooks/"
ADDRESSES = "portal.hooks.urls"


class VendorsDoor:
    """Answers what is below /hooks/ itself; the middleware after it never sees these requests.

    Their views bring their own transactions: nothing here opens one around the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        request.get_host()  # a name that is none of ours is refused here too (400)
        try:
            view, args, kwargs = resolve("/" + request.path_info.removeprefix(PREFIX), ADDRESSES)
        except Resolver404:
            return self.get_response(request)
        answer: HttpResponseBase = view(request, *args, **kwargs)
        return answer
