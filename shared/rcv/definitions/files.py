"""Reads a definition, YAML or JSON, and knows on which line each part of it stands.

YAML is read as its version 1.2 has it: only true and false are truth values, so a candidate may be called No. References (&, *)
are refused: a few lines of them can stand for more than fits in memory.
"""

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from shared.contract.elections import Election
from shared.contract.mistakes import Mistake, find_mistakes
from shared.rcv.trial import objection

MAX_BYTES: Final = 1_000_000


class Read(NamedTuple):
    """A definition that was read: its value, the lines of its parts by path, and what is wrong with its spelling."""

    value: Any
    lines: dict[tuple[str | int, ...], int]
    misspelt: list[Mistake]


class Found(NamedTuple):
    """A mistake and the line it is on; 0 where none is known."""

    line: int
    mistake: Mistake


class _Loader(yaml.SafeLoader):
    """PyYAML's loader with the scalars of YAML 1.2, and without references."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own class attribute

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it open
            raise yaml.MarkedYAMLError(problem="references (*) are not read", problem_mark=mark)
        return super().compose_node(parent, index)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$"), list("-0123456789")
)


def check_file(file: Path, *, tried: bool = False) -> tuple[Any, list[Found]]:
    """Return a definition's value and every mistake in it, in the order of their lines. Raises OSError, ValueError.

    With `tried`, one without mistakes is counted with made-up ballots, as the operator does before it is frozen.
    """
    return _checked(read_definition(file), tried=tried)


def check_text(text: str, name: str, *, tried: bool = False) -> tuple[Any, list[Found]]:
    """Return the value of a definition that is text and every mistake in it, as `check_file`. Raises ValueError if it cannot be read."""
    return _checked(_read_text(text, name), tried=tried)


def _checked(read: Read, *, tried: bool) -> tuple[Any, list[Found]]:
    mistakes = [*read.misspelt, *find_mistakes(read.value)]
    if tried and not mistakes and (why := objection(Election.model_validate(read.value))) is not None:
        mistakes = [why]
    found = [Found(_line(read.lines, of.path), of) for of in mistakes]
    return read.value, sorted(found, key=lambda of: of.line)


def read_definition(file: Path) -> Read:
    """Return what a file holds. Raises OSError; ValueError with the line if it is neither YAML nor JSON."""
    content = file.read_bytes()
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"{file}: expected a definition of at most {MAX_BYTES:,} bytes, found {len(content):,}"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ValueError(f"{file}: expected UTF-8; byte {fault.start} is none") from fault
    return _read_text(text, str(file))


def _read_text(text: str, file: str) -> Read:
    try:
        return _read(text)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = 0 if mark is None else mark.line + 1
        raise ValueError(f"{file}:{line}: cannot be read: {fault.problem or fault.context}") from fault
    except (yaml.YAMLError, RecursionError) as fault:
        raise ValueError(f"{file}: cannot be read: {fault}") from fault


def _read(text: str) -> Read:
    is_json, value = _json(text)
    lines: dict[tuple[str | int, ...], int] = {}
    misspelt: list[Mistake] = []
    # JSON's strings hold no tabs as such, and YAML has none between its words.
    loader = _Loader(text.replace("\t", " ") if is_json else text)
    try:
        node = loader.get_single_node()
        found = None if node is None else _walk(loader, node, (), lines, misspelt)
    except yaml.YAMLError:
        if not is_json:
            raise
        return Read(value, {}, [])  # escapes that only JSON has: its lines are not known
    finally:
        loader.dispose()
    return Read(value if is_json else found, lines, misspelt)


def _json(text: str) -> tuple[bool, Any]:
    try:
        return True, json.loads(text)
    except ValueError:
        return False, None


def _walk(
    loader: _Loader,
    node: yaml.Node,
    path: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    misspelt: list[Mistake],
) -> Any:
    """Return a node's value; note the lines of its parts, and fields that stand twice."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_walk(loader, of, (*path, place), lines, misspelt) for place, of in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    found: dict[str, Any] = {}
    for key, of in node.value:
        name = str(key.value)
        here = (*path, name)
        if name in found:
            misspelt.append(
                Mistake(here, f"expected this field once, found it again on line {key.start_mark.line + 1}")
            )
        lines[here] = key.start_mark.line + 1
        found[name] = _walk(loader, of, here, lines, misspelt)
    return found


def _line(lines: dict[tuple[str | int, ...], int], path: tuple[str | int, ...]) -> int:
    """Return the line of a part, or of the nearest one around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)
