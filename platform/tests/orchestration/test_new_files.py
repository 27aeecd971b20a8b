"""Which legacy files a sensor takes, and when: decided over what it saw, and told by a sensor over real files."""

import os

from shop_workspace import SALES, Sale, write_exports
from two_domains import LANDINGS, SUPPLIER

from bankmesh.errors import LegacyFileError
from bankmesh.orchestration.automation import file_sensor
from bankmesh.orchestration.automation.file_changes import (
    ABSENT,
    SensorMemory,
    mark_processed,
    observe_files,
    run_key,
    settled_objects,
    unsettled_objects,
)
from bankmesh.sources import fingerprint

TILL, HOUR, CARD = "till.sale", "till.hour", "cards.card"


def _seen(*looks, memory=None):
    """The memory after these (time, signatures)."""
    memory = memory or SensorMemory()
    for now, signatures in looks:
        memory = observe_files(memory, signatures, now)
    return memory


def test_a_file_is_taken_once_it_is_quiet():
    memory = _seen((0, {TILL: "a"}))
    assert settled_objects(memory, 29, 30) == []
    assert unsettled_objects(memory, 29, 30) == [TILL]
    assert settled_objects(memory, 30, 30) == [TILL]


def test_a_file_that_somebody_still_writes_is_not_taken():
    memory = _seen((0, {TILL: "a"}), (20, {TILL: "b"}), (40, {TILL: "c"}))
    assert settled_objects(memory, 60, 30) == []
    assert settled_objects(memory, 70, 30) == [TILL]


def test_the_objects_of_a_system_wait_for_one_another_and_other_systems_do_not():
    memory = _seen((0, {TILL: "a", HOUR: "a", CARD: "a"}), (20, {TILL: "a", HOUR: "b", CARD: "a"}))
    assert settled_objects(memory, 35, 30) == [CARD]
    assert settled_objects(memory, 50, 30) == [CARD, HOUR, TILL]


def test_what_was_taken_is_not_taken_again_until_it_changes():
    memory = mark_processed(_seen((0, {TILL: "a"})), [TILL], requested=True)
    assert settled_objects(_seen((100, {TILL: "a"}), memory=memory), 200, 30) == []
    assert settled_objects(_seen((100, {TILL: "b"}), memory=memory), 200, 30) == [TILL]


def test_an_object_without_files_is_not_taken_and_comes_back_as_new():
    memory = mark_processed(_seen((0, {TILL: "a"})), [TILL], requested=True)
    memory = _seen((100, {TILL: ABSENT}), memory=memory)
    assert settled_objects(memory, 200, 30) == []
    assert settled_objects(_seen((300, {TILL: "a"}), memory=memory), 400, 30) == [TILL]


def test_the_cursor_keeps_everything_and_an_unreadable_one_forgets():
    memory = mark_processed(_seen((0.5, {TILL: "a", HOUR: "b"})), [TILL], requested=True)
    assert SensorMemory.from_cursor(memory.to_cursor()) == memory
    for text in (None, "", "nonsense", "[]", '{"objects": {"a": 1}}'):
        assert SensorMemory.from_cursor(text) == SensorMemory()


def test_a_repeated_tick_has_the_same_run_key_and_a_later_request_another():
    memory = _seen((0, {TILL: "a"}))
    assert run_key(memory, {TILL: "x"}) == run_key(memory, {TILL: "x"})
    assert run_key(memory, {TILL: "x"}) != run_key(memory, {TILL: "y"})
    assert run_key(memory, {TILL: "x"}) != run_key(mark_processed(memory, [TILL], requested=True), {TILL: "x"})


def _tick(trading):
    return trading.tick(SUPPLIER, "new_files")


def test_the_sensor_asks_for_one_run_of_landings_and_lands_nothing_twice(untouched):
    [request] = _tick(untouched).run_requests
    assert sorted(key.to_user_string() for key in request.asset_selection) == sorted(LANDINGS)
    assert request.run_key
    told = _tick(untouched)
    assert not told.run_requests
    assert told.skip_message == "no file is new or changed"


def test_what_mesh_run_has_landed_the_sensor_does_not_land_again(trading):
    assert not _tick(trading).run_requests


def test_a_file_that_was_touched_and_has_not_changed_is_not_landed(trading):
    _tick(trading)
    [sales] = trading.settings.exports.rglob("sale.csv*")
    os.utime(sales, (1, 1))
    assert not _tick(trading).run_requests


def test_a_changed_file_is_landed_and_so_is_its_return_to_what_it_was(trading):
    _tick(trading)
    write_exports(trading.settings.exports, (*SALES, Sale(5, 2, "2024-04-02", "7.00")))
    [changed] = _tick(trading).run_requests
    assert [key.path[-1] for key in changed.asset_selection] == ["till_sale"]
    assert trading.run(SUPPLIER, LANDINGS[:1]).success
    write_exports(trading.settings.exports, SALES)
    [back] = _tick(trading).run_requests
    assert back.run_key != changed.run_key


def test_exports_that_are_not_there_are_no_error(untouched):
    [sales] = untouched.settings.exports.rglob("sale.csv*")
    sales.unlink()
    [request] = _tick(untouched).run_requests
    assert [key.path[-1] for key in request.asset_selection] == ["till_hour"]
    for file in untouched.settings.exports.rglob("*.csv"):
        file.unlink()
    assert not _tick(untouched).run_requests


def test_off_means_off(untouched, monkeypatch):
    monkeypatch.setenv("BANKMESH_AUTOMATION", "off")
    assert _tick(untouched).skip_message.startswith("automation is off")
    monkeypatch.delenv("BANKMESH_AUTOMATION")
    assert _tick(untouched).run_requests


def test_a_file_that_cannot_be_read_is_landed_so_that_its_run_reports_why(untouched, monkeypatch):
    [sales] = untouched.settings.exports.rglob("sale.csv*")

    def unreadable(item, exports):
        if item.name == "sale":
            raise LegacyFileError(sales, "it cannot be read (Input/output error)", "a readable file")
        return fingerprint(item, exports)

    with monkeypatch.context() as patch:
        patch.setattr(file_sensor, "fingerprint", unreadable)
        [request] = _tick(untouched).run_requests
        assert sorted(key.to_user_string() for key in request.asset_selection) == sorted(LANDINGS)
        assert not _tick(untouched).run_requests  # once, not at every tick
    sales.chmod(0o640)
    [again] = _tick(untouched).run_requests
    assert LANDINGS[0] in {key.to_user_string() for key in again.asset_selection}
