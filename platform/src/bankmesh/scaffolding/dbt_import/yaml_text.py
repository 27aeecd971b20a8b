"""YAML that people edit: keys in order, no anchors, and a comment behind each value that is proposed."""

from __future__ import annotations

import re
from typing import Any

import yaml

_MARK = "\u2063review\u2063"
_MARKED = re.compile(rf"(?P<quote>['\"]?)(?P<value>[^'\"\n{{}},]*?){_MARK}(?P<why>[^'\"\n]*?){_MARK}(?P=quote)")


class _ReviewedDumper(yaml.SafeDumper):
    """Writes every value where it is, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - the signature of PyYAML
        """Return True: the contract's reader refuses aliases."""
        return True


def proposed(value: str, why: str) -> str:
    """Return a value that `write_yaml` writes with the comment `# review: why`."""
    return f"{value}{_MARK}{why}{_MARK}"


def write_yaml(document: Any, header: str = "") -> str:  # noqa: ANN401 - any YAML value
    """Return a document as YAML, in block style, with the comments of proposed values."""
    text = yaml.dump(document, Dumper=_ReviewedDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return header + _MARKED.sub(_comment, text)


def _comment(found: re.Match[str]) -> str:
    return f"{found['value']}  # review: {found['why']}"
