from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.contracts import Operation, Write
from syncapp.engine.dependencies import in_order, mapping_graph, ring_words, sort_levels
from syncapp.engine.mapping import OnConflict, ValueType
from syncapp.engine.plan import PlannedWrite, plan
from syncapp.recipes import Template, get, prepare
from tests.engine.builders import row, spec


def test_parents_come_before_children():
    levels = sort_levels({"child": ["parent"], "parent": [], "other": ["elsewhere"], "grandchild": ["child"]})
    assert levels.levels == (("parent", "other"), ("child",), ("grandchild",))


def test_a_circle_is_named_and_does_not_stop_the_others():
    levels = sort_levels({"a": ["b"], "b": ["a"], "below": ["a"], "free": []})
    assert (levels.levels, levels.rings, levels.behind_rings) == ((("free",),), (("a", "b"),), ("below",))
    assert ring_words(levels.rings[0]) == "a → b → a"


def test_a_record_that_is_its_own_parent_is_a_circle():
    assert sort_levels({"a": ["a"]}).rings == (("a",),)


def test_the_graph_of_mappings_comes_from_their_references():
    customers = prepare(get("account_customer"), Template.BIDIRECTIONAL, OnConflict.SF).spec
    invoices = spec(row("customer", type=ValueType.REFERENCE, refers_to="account_customer"))
    graph = mapping_graph([customers]) | {"invoices": mapping_graph([invoices])["account_customer"]}
    assert graph == {"account_customer": {"account_customer"}, "invoices": {"account_customer"}}
    assert in_order(graph).levels == (("account_customer",), ("invoices",))


GRAPHS = st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=3), max_size=12)


@given(GRAPHS)
def test_every_node_is_levelled_once_after_all_it_needs_or_stuck(needs):
    found = sort_levels(needs)
    placed = [node for level in found.levels for node in level]
    stuck = [node for ring in found.rings for node in ring] + list(found.behind_rings)
    assert sorted([*placed, *stuck]) == sorted(needs)
    seen: set[int] = set()
    for level in found.levels:
        assert all(need in seen or need not in needs for node in level for need in needs[node])
        seen.update(level)
    for ring in found.rings:
        assert all(ring[(index + 1) % len(ring)] in needs[node] for index, node in enumerate(ring))


def write(link: str, *needs: str, id: str = "", parent: str = "", external: str = "") -> PlannedWrite:
    made = Write(
        link,
        Operation.UPDATE if id else Operation.CREATE,
        "Customer",
        {},
        id=id,
        external_field="Q__c" if external else "",
        external_value=external,
    )
    return PlannedWrite(link, made, frozenset(needs), parent)


def links(batches) -> list[list[str]]:
    return [[item.link for item in batch] for batch in batches]


def test_a_batch_holds_one_level_only():
    made = plan([write("child", "parent"), write("parent"), write("other")], 30)
    assert [links(level) for level in made.levels] == [[["parent", "other"]], [["child"]]]
    assert made.calls == 2


def test_no_record_is_written_twice_in_one_batch():
    made = plan([write("a", id="7"), write("b", id="7"), write("c", id="8")], 30)
    assert links(made.levels[0]) == [["a", "c"], ["b"]]
    twins = plan([write("a", external="99:Customer:1"), write("b", external="99:Customer:1")], 30)
    assert links(twins.levels[0]) == [["a"], ["b"]]


def test_siblings_stay_together():
    made = plan([write("a", parent="1"), write("b", parent="2"), write("c", parent="1")], 2)
    assert links(made.levels[0]) == [["a", "c"], ["b"]]


def test_writes_in_a_circle_are_set_apart():
    made = plan([write("a", "b"), write("b", "a"), write("c")], 30)
    assert links(made.levels[0]) == [["c"]]
    assert [item.link for item in made.circular] == ["a", "b"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=80), st.integers(1, 7))
def test_batches_are_full_and_complete(pairs, size):
    writes = [write(f"l{index}", id=str(record)) for index, (record, _) in enumerate(pairs)]
    made = plan(writes, size)
    batched = [item for level in made.levels for batch in level for item in batch]
    assert sorted(item.link for item in batched) == sorted(item.link for item in writes)
    for batch in (batch for level in made.levels for batch in level):
        assert len(batch) <= size
        assert len({item.write.id for item in batch}) == len(batch)
