"""The Metadata API over SOAP: deploy, checkDeployStatus, describeMetadata, listMetadata (reference 7.1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.metadata import xmltree
from connectors.simulator.salesforce.metadata.components import Components
from connectors.simulator.salesforce.metadata.deploys import OPTIONS
from connectors.simulator.salesforce.metadata.kinds import BY_NAME, INSIDE, KINDS
from connectors.simulator.salesforce.rest.engine import NEWEST_VERSION, OLDEST_VERSION
from connectors.simulator.wire import Request, Response

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.salesforce.standin import Salesforce

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:sf="http://soap.sforce.com/2006/04/metadata" xmlns="http://soap.sforce.com/2006/04/metadata">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
_TYPE = "text/xml;charset=UTF-8"


class Soap:
    """Answers `/services/Soap/m/{version}`, below which clients add paths of their own."""

    def __init__(self, standin: Salesforce) -> None:
        self.standin = standin

    def add_routes(self) -> None:
        for tail in ("", "/{org}", "/{org}/{rest}"):
            self.standin.router.add("POST", f"/services/Soap/m/{{version}}{tail}", self.answer)

    def answer(self, request: Request) -> Response:
        try:
            root = xmltree.parse(request.body)
            org, user = self._caller(root)
            self._check_version(request.params["version"])
            body = xmltree.find(root, "Body")
            operation = next(iter(body), None) if body is not None else None
            return self._run(org, user, operation)
        except xmltree.BadXml as error:
            return _fault("soapenv:Client", f"The message is not XML: {error}")
        except Refused as error:
            return _fault(f"sf:{error.code}", f"{error.code}: {error.message}")

    @staticmethod
    def _check_version(text: str) -> None:
        number = text.partition(".")[0]
        if not number.isdigit() or not OLDEST_VERSION <= int(number) <= NEWEST_VERSION:
            raise Refused("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {text}")

    def _caller(self, root: Element) -> tuple[Org, str]:
        header = xmltree.find(root, "SessionHeader")
        token = xmltree.text(header, "sessionId") if header is not None else ""
        session = self.standin.sessions.peek(token)
        org = self.standin.orgs.by_number.get(session.org) if session else None
        if session is None or org is None:
            raise Refused("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        if self.standin.sessions.use(token, org.settings.session_minutes * 60) is None:
            raise Refused("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
        self.standin.usage.count(org)
        return org, session.user

    def _run(self, org: Org, user: str, operation: Element | None) -> Response:
        if operation is None:
            raise Refused("UNKNOWN_EXCEPTION", "No operation in the SOAP body")
        name = xmltree.name_of(operation)
        known: dict[str, Callable[[Org, str, Element], str]] = {
            "deploy": self._deploy,
            "checkDeployStatus": self._status,
            "describeMetadata": self._describe,
            "listMetadata": self._list,
        }
        if name not in known:
            raise Refused("INVALID_OPERATION", f"The operation {name} is not offered")
        inside = known[name](org, user, operation)
        response = Response(
            200, _ENVELOPE.format(body=f"<{name}Response>{inside}</{name}Response>").encode(), _TYPE
        )
        response.endpoint = f"/services/Soap/m/{{version}} {name}"
        return response

    def _deploy(self, org: Org, user: str, operation: Element) -> str:
        try:
            raw = base64.b64decode(xmltree.text(operation, "ZipFile"), validate=False)
        except (binascii.Error, ValueError):
            raise Refused("INVALID_INPUT", "The ZipFile is not base64") from None
        options = xmltree.child(operation, "DeployOptions")
        asked: dict[str, Any] = {}
        if options is not None:
            asked = {name: xmltree.flag(options, name, default) for name, default in OPTIONS.items()}
            asked["testLevel"] = xmltree.text(options, "testLevel")
        run = self.standin.engine.deploys.start(org, self.standin.engine.records_of(org), user, raw, asked)
        return f"<result><done>false</done><id>{run.id}</id><state>Queued</state></result>"

    def _status(self, org: Org, _: str, operation: Element) -> str:
        deploys = self.standin.engine.deploys
        run = deploys.find(org, xmltree.text(operation, "asyncProcessId"))
        if run is None:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        details = xmltree.flag(operation, "includeDetails")
        return _element("result", deploys.result(org, run, details=details))

    @staticmethod
    def _describe(org: Org, _: str, __: Element) -> str:
        kinds = [
            {
                "childXmlNames": list(INSIDE) if kind.name == "CustomObject" else [],
                "directoryName": kind.folder,
                "inFolder": False,
                "metaFile": kind.meta_file,
                "suffix": kind.suffix,
                "xmlName": kind.name,
            }
            for kind in KINDS
        ]
        result = {
            "metadataObjects": kinds, "organizationNamespace": "", "partialSaveAllowed": org.kind == "sandbox",
            "testRequired": org.kind == "production",
        }  # fmt: skip
        return _element("result", result)

    @staticmethod
    def _list(org: Org, _: str, operation: Element) -> str:
        shown = ""
        for query in xmltree.children(operation, "queries"):
            kind = xmltree.text(query, "type")
            if kind not in BY_NAME and kind not in INSIDE:
                raise Refused("INVALID_TYPE", f"Unknown type:{kind}")
            for name, file in _listed(org, kind):
                shown += _element("result", {
                    "createdById": org.user_id, "createdByName": "Integration User", "fileName": file,
                    "fullName": name, "id": "", "lastModifiedById": org.user_id,
                    "lastModifiedByName": "Integration User", "manageableState": "unmanaged", "type": kind,
                })  # fmt: skip
        return shown


def _listed(org: Org, kind: str) -> list[tuple[str, str]]:
    """(full name, file) of what there is of a type, standard objects included."""
    objects = [one for one in org.defined_objects() if not one.tooling]
    if kind == "CustomObject":
        return [(one.name, f"objects/{one.name}.object") for one in objects if one.layoutable]
    if kind == "CustomField":
        return [
            (f"{one.name}.{item.name}", f"objects/{one.name}.object")
            for one in objects
            for item in one.fields
            if item.custom
        ]
    return Components(org).listed(kind)


def _element(name: str, value: Any) -> str:
    """A value as XML: members in order, lists repeated."""
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, inner) for key, inner in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_element(name, inner) for inner in value)
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def _fault(code: str, text: str) -> Response:
    told = f'<faultcode xmlns="">{escape(code)}</faultcode><faultstring xmlns="">{escape(text)}</faultstring>'
    return Response(500, _ENVELOPE.format(body=f"<soapenv:Fault>{told}</soapenv:Fault>").encode(), _TYPE)
