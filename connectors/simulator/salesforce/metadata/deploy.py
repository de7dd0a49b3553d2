"""A deployment: every component is checked, then (unless it only checks) stored and put into effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.definitions import field_to_json, object_to_json
from connectors.simulator.salesforce.metadata import effects, xmltree
from connectors.simulator.salesforce.metadata.archive import Archive, Component
from connectors.simulator.salesforce.metadata.customfields import BadComponent, event_of, field_of, object_of
from connectors.simulator.salesforce.metadata.kinds import INSIDE, INSIDE_WORKFLOW

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from connectors.simulator.salesforce.metadata.components import Components
    from connectors.simulator.salesforce.objects.fields import Field
    from connectors.simulator.salesforce.orgs import Org
    from connectors.simulator.salesforce.records import Records


@dataclass(slots=True)
class Message:
    """What came of one component. Failures carry the problem and where it is."""

    type: str
    name: str
    file: str
    success: bool = True
    created: bool = False
    changed: bool = False
    deleted: bool = False
    problem: str = ""
    line: int = 0


@dataclass(slots=True)
class Outcome:
    """All messages of a deployment."""

    messages: list[Message] = field(default_factory=list)

    @property
    def failures(self) -> list[Message]:
        return [one for one in self.messages if not one.success]

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(one) for one in self.messages]


@dataclass(slots=True)
class Deployment:
    """Runs one archive against one org."""

    org: Org
    records: Records
    components: Components
    archive: Archive
    outcome: Outcome = field(default_factory=Outcome)
    #: What to do once all is known to be well.
    effects: list[Callable[[], None]] = field(default_factory=list)
    new_objects: set[str] = field(default_factory=set)
    _prefixes: int = 0

    def check(self) -> None:
        """Look at every component and plan its effects; nothing changes yet."""
        for component in sorted(self.archive.components, key=lambda one: one.kind.name != "CustomObject"):
            self._guard(component.kind.name, component.name, component.file, component, self._component)
        self._check_manifest()
        for kind, names in self.archive.removals.items():
            for name in names:
                self._removal(kind, name)

    def apply(self) -> None:
        """Put everything that passed into effect."""
        for effect in self.effects:
            effect()
        self.org.facts["metadata_changed"] = effects.now(self.org)
        self.org.changed()
        effects.list_definitions(self.org)

    # -- components -----------------------------------------------------------------------------------------

    def _guard(
        self, kind: str, name: str, file: str, subject: Any, work: Callable[[Any, Message], None]
    ) -> None:
        message = Message(kind, name, file)
        try:
            work(subject, message)
        except (BadComponent, xmltree.BadXml) as error:
            message.success, message.problem = False, str(error)
            if isinstance(error, xmltree.BadXml):
                message.problem = f"Error parsing file: {error}"
        self.outcome.messages.append(message)

    def _component(self, component: Component, message: Message) -> None:
        kind = component.kind.name
        if kind == "CustomObject":
            self._object(component, message)
            return
        if not self.archive.wants(kind, component.name):
            raise BadComponent("Not in package.xml")
        message.created = not self.components.has(kind, component.name)
        message.changed = True
        plan = effects.PLANS.get(kind)
        if plan is not None:
            planned = plan(self.org, self.records, component, self.new_objects)
            self.effects.append(planned)
        elif component.body and not component.kind.meta_file:
            xmltree.parse(component.body)
        self._store(kind, component.name, component.file, component.body or b"")
        if kind == "Workflow":
            self._inside(component, xmltree.parse(component.body), INSIDE_WORKFLOW)

    def _store(self, kind: str, name: str, file: str, body: bytes) -> None:
        self.effects.append(lambda: self.components.put(kind, name, file, body))

    def _object(self, component: Component, message: Message) -> None:
        """A custom object, or additions to an object there is."""
        root = xmltree.parse(component.body)
        name = component.name
        entity = self.org.catalog.find(name)
        if entity is None and not name.endswith(("__c", "__e")):
            raise BadComponent(f"Entity of type 'CustomObject' named '{name}' cannot be found")
        named = self.archive.wants("CustomObject", name)
        if named and name.endswith(("__c", "__e")):
            self._custom_object(name, root, component, entity is None)
        elif entity is None:
            raise BadComponent(f"Entity of type 'CustomObject' named '{name}' cannot be found")
        message.created, message.changed = entity is None, named
        for element in xmltree.children(root, "fields"):
            full_name = f"{name}.{xmltree.text(element, 'fullName')}"
            self._guard("CustomField", full_name, component.file, (name, element, component), self._field)
        self._inside(component, root, {one: tag for one, tag in INSIDE.items() if one != "CustomField"})

    def _custom_object(self, name: str, root: Element, component: Component, new: bool) -> None:
        old = self.org.catalog.find(name)
        if name.endswith("__e"):
            made = event_of(root, name, old.object.prefix if old else self._free_prefix("e"))
        else:
            made = object_of(root, name, old.object.prefix if old else self._free_prefix("a"))
        if new:
            self.new_objects.add(name)
        self.effects.append(lambda: self.org.add_custom_object(object_to_json(made)))
        self._store("CustomObject", name, component.file, component.body)

    def _free_prefix(self, first: str) -> str:
        self._prefixes += 1
        return self.org.free_prefixes(self._prefixes, first)[-1]

    def _field(self, subject: tuple[str, Element, Component], message: Message) -> None:
        object_name, element, component = subject
        made = field_of(element)
        full_name = f"{object_name}.{made.name}"
        if not self.archive.wants("CustomField", full_name) and object_name not in self.new_objects:
            raise BadComponent("Not in package.xml")
        for target in made.references:
            if self.org.catalog.find(target) is None and target not in self.new_objects:
                raise BadComponent(
                    f"referenceTo value of '{target}' does not resolve to a valid sObject type"
                )
        entity = self.org.catalog.find(object_name)
        old = entity.fields.get(made.name.lower()) if entity else None
        if old is not None and old.type != made.type:
            raise BadComponent(f"Cannot change field type from {old.type} to {made.type}")
        message.created, message.changed = old is None, True
        self.effects.append(lambda: self._add_field(object_name, made, new=old is None))
        self._store("CustomField", full_name, component.file, b"")

    def _add_field(self, object_name: str, made: Field, *, new: bool) -> None:
        self.org.add_custom_fields(object_name, [field_to_json(made)])
        if new and made.permissionable and not object_name.endswith("__e"):
            self.org.guard_field(f"{object_name}.{made.name}")

    def _inside(self, component: Component, root: Element, kinds: dict[str, str]) -> None:
        """Components inside another one's file: validation rules, outbound messages ..."""
        for kind, tag in kinds.items():
            for element in xmltree.children(root, tag):
                name = f"{component.name}.{xmltree.text(element, 'fullName')}"
                subject = (kind, name, component, element)
                self._guard(kind, name, component.file, subject, self._inner)

    def _inner(self, subject: tuple[str, str, Component, Element], message: Message) -> None:
        kind, name, component, element = subject
        message.created, message.changed = not self.components.has(kind, name), True
        plan = effects.INNER_PLANS.get(kind)
        if plan is not None:
            self.effects.append(plan(self.org, component.name, element))
        self._store(kind, name, component.file, b"")

    # -- the manifest ---------------------------------------------------------------------------------------

    def _check_manifest(self) -> None:
        """Whatever package.xml names must be there."""
        found = {(one.type, one.name) for one in self.outcome.messages}
        for kind, names in self.archive.members.items():
            for name in names:
                if name != "*" and (kind, name) not in found:
                    self._named_only(kind, name)

    def _named_only(self, kind: str, name: str) -> None:
        problem = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
        self.outcome.messages.append(Message(kind, name, "package.xml", success=False, problem=problem))

    def _there(self, kind: str, name: str) -> bool:
        """Whether the org has this component; objects and fields may be older than any deployment."""
        objects = {
            one.name: {item.name for item in one.fields if item.custom} for one in self.org.defined_objects()
        }
        if kind == "CustomObject":
            return name in objects
        if kind == "CustomField":
            object_name, _, field_name = name.partition(".")
            return field_name in objects.get(object_name, ())
        return self.components.has(kind, name)

    def _removal(self, kind: str, name: str) -> None:
        message = Message(kind, name, "destructiveChanges.xml", deleted=True)
        object_name, _, field_name = name.partition(".")
        if not self._there(kind, name):
            message.success, message.deleted = False, False
            message.problem = f"No {kind} named: {name} found"
        elif kind in ("CustomField", "CustomObject"):
            self.effects.append(lambda: self.org.remove_custom(object_name, field_name))
        self.effects.append(lambda: effects.withdraw(self.org, kind, name))
        self.effects.append(lambda: self.components.drop(kind, name))
        self.outcome.messages.append(message)
