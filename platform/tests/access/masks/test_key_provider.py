"""Providers of keys: what they accept, that anything else refuses the read, and rotation."""

import json
import sys

import pytest

from bankmesh.access.masks.key_provider import KEY_FILE, create_keys, key_provider, parse_keys, rotate_keys
from bankmesh.access.masks.pseudonyms import KeyUnavailable

ONE, TWO = "ab" * 32, "cd" * 32
DOCUMENT = json.dumps({"current": 2, "keys": {"1": ONE, "2": TWO}})


@pytest.fixture(autouse=True)
def _no_keys_of_the_machine(monkeypatch):
    monkeypatch.delenv("BANKMESH_PSEUDONYM_KEYS", raising=False)
    monkeypatch.delenv("BANKMESH_PSEUDONYM_KEYS_COMMAND", raising=False)


def refusal(provider):
    with pytest.raises(KeyUnavailable) as refused:
        provider.current_key()
    assert refused.value.__cause__ is None
    return str(refused.value)


def test_a_home_without_keys_gives_none_and_gets_none_by_reading(tmp_path):
    assert "does not exist" in refusal(key_provider(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_keys_are_created_once_for_their_owner_alone(tmp_path):
    assert create_keys(tmp_path) is True
    first = key_provider(tmp_path).current_key()
    assert create_keys(tmp_path) is False
    assert key_provider(tmp_path).current_key() == first
    assert (first.version, len(first.secret)) == (1, 32)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_rotation_adds_a_version_and_keeps_the_others(tmp_path):
    create_keys(tmp_path)
    first = key_provider(tmp_path).current_key()
    assert rotate_keys(tmp_path) == 2
    second = key_provider(tmp_path).current_key()
    assert second.version == 2
    assert second.secret != first.secret
    assert parse_keys((tmp_path / KEY_FILE).read_text())[0] == {1: first.secret, 2: second.secret}
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_rotation_refuses_a_document_that_it_cannot_read(tmp_path):
    create_keys(tmp_path)
    (tmp_path / KEY_FILE).write_text("{}")
    with pytest.raises(KeyUnavailable):
        rotate_keys(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == "{}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_reach_is_refused(tmp_path, mode):
    create_keys(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    assert "can be read by other users" in refusal(key_provider(tmp_path))


def test_a_link_or_a_folder_is_refused(tmp_path):
    create_keys(tmp_path)
    file = tmp_path / KEY_FILE
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert "cannot be opened" in refusal(key_provider(tmp_path))
    file.unlink()
    file.mkdir()
    assert "not a file of this user" in refusal(key_provider(tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        ONE,
        '{"current": 1}',
        '{"current": 1, "keys": []}',
        json.dumps({"current": 1, "keys": {}}),
        json.dumps({"current": 2, "keys": {"1": ONE}}),
        json.dumps({"current": True, "keys": {"1": ONE}}),
        json.dumps({"current": "1", "keys": {"1": ONE}}),
        json.dumps({"current": 1, "keys": {"1": ONE[:62]}}),
        json.dumps({"current": 1, "keys": {"1": ONE + "a"}}),
        json.dumps({"current": 1, "keys": {"1": ONE.upper()}}),
        json.dumps({"current": 1, "keys": {"1": 5}}),
        json.dumps({"current": 1, "keys": {"01": ONE}}),
        json.dumps({"current": 1, "keys": {"1": ONE, "2": ONE}}),
        json.dumps({"current": 1, "keys": {"1": ONE}, "note": "x"}),
        f'{{"current": 1, "keys": {{"1": "{ONE}", "1": "{TWO}"}}}}',
        "[" * 100_000,
    ],
)
def test_any_other_document_is_refused_without_quoting_it(text, monkeypatch, tmp_path):
    with pytest.raises(KeyUnavailable) as refused:
        parse_keys(text)
    assert ONE[:8] not in str(refused.value)
    assert refused.value.__cause__ is None
    monkeypatch.setenv("BANKMESH_PSEUDONYM_KEYS", text or " ")
    refusal(key_provider(tmp_path))


def test_the_environment_and_a_command_come_before_the_file(tmp_path, monkeypatch):
    create_keys(tmp_path)
    monkeypatch.setenv("BANKMESH_PSEUDONYM_KEYS", DOCUMENT)
    found = key_provider(tmp_path).current_key()
    assert (found.version, found.secret.hex()) == (2, TWO)
    script = f"import json; print(json.dumps({{'current': 1, 'keys': {{'1': '{ONE}'}}}}))"
    monkeypatch.setenv("BANKMESH_PSEUDONYM_KEYS_COMMAND", f'{sys.executable} -c "{script}"')
    found = key_provider(tmp_path).current_key()
    assert (found.version, found.secret.hex()) == (1, ONE)


@pytest.mark.parametrize(
    "command", ["/no/such/command", "false", "'", f"echo {ONE}", f"sh -c 'echo {ONE} >&2; exit 3'"]
)
def test_a_command_that_fails_never_falls_back(tmp_path, monkeypatch, command):
    create_keys(tmp_path)
    monkeypatch.setenv("BANKMESH_PSEUDONYM_KEYS", DOCUMENT)
    monkeypatch.setenv("BANKMESH_PSEUDONYM_KEYS_COMMAND", command)
    assert ONE not in refusal(key_provider(tmp_path))
