"""The gate before JSON and YAML: bounded in size and depth, and YAML without anchors, aliases and tags."""

import json
from pathlib import Path
from typing import Any

import yaml

from qrexplore.data.errors import file_error, quote, reading
from qrexplore.data.gate import MAX_TEXT, load

MAX_DEPTH = 64
# an action is a few lines; the parser is slow, so a large one would hold the session up
MAX_YAML = 64 * 2**10


def read_json(path: Path) -> Any:
    """Read a JSON file; NaN and infinities are read as Python's ``json`` does.

    Raises
    ------
    DatasetError
        If it is too large, nested too deep, or no JSON.
    """
    content = load(path, MAX_TEXT)
    with reading(path, "the JSON text"):
        text = content.decode("utf-8")
        _check_depth(path, text)
        return json.loads(text)


def read_yaml(path: Path) -> Any:
    """Read a YAML file of plain values.

    Raises
    ------
    DatasetError
        If it is too large, nested too deep, uses anchors or aliases, or is no YAML.
    """
    content = load(path, MAX_YAML)
    with reading(path, "the YAML text"):
        text = content.decode("utf-8")
        depth = 0
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                raise file_error(
                    path, f"line {token.start_mark.line + 1} uses {quote(type(token).__name__)}.", _YAML_ADVICE
                )
            depth += isinstance(token, _OPENING)
            depth -= isinstance(token, _CLOSING)
            if depth > MAX_DEPTH:
                raise file_error(path, f"it is nested deeper than {MAX_DEPTH} levels.", _YAML_ADVICE)
        return yaml.safe_load(text)


_YAML_ADVICE = "Write it out in plain values, without anchors, aliases and tags."
_OPENING = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


def _check_depth(path: Path, text: str) -> None:
    depth, quoted, escaped = 0, False, False
    for letter in text:
        if quoted:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                quoted = False
        elif letter == '"':
            quoted = True
        elif letter in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise file_error(path, f"it is nested deeper than {MAX_DEPTH} levels.", "Write it flatter.")
        elif letter in "]}":
            depth -= 1
