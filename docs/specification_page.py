"""Writes the generated parts of specification.md: `python docs/specification_page.py`."""

import json
import re
import textwrap
from pathlib import Path

from ceprop.common.files import write_aside
from ceprop.specification import Specification
from ceprop.specification.field_tables import page

PAGE = Path(__file__).with_name("specification.md")


def filled(text: str) -> str:
    """The page with its generated parts as the code has them now."""
    fields = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    if fields is None:
        raise ValueError("specification.md has no example")
    return _between(_between(text, "fields", page()), "example", _example(fields[1]))


def _example(toml: str) -> str:
    import tomllib

    specification = Specification.from_mapping(tomllib.loads(toml))
    canonical = json.dumps(specification.canonical_fields, sort_keys=True, separators=(",", ":"))
    folded = textwrap.fill(canonical.replace(",", ", "), 100, break_long_words=False).replace(", ", ",")
    digests = f"learning_digest {specification.learning_digest}\nbuild_digest    {specification.build_digest}"
    return f"```\n{folded}\n```\n\nIts digests are:\n\n```\n{digests}\n```"


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, rest = text.split(begin)
    return f"{before}{begin}\n{content.strip()}\n\n{end}{rest.split(end)[1]}"


if __name__ == "__main__":
    write_aside(PAGE, filled(PAGE.read_text(encoding="utf-8")).encode())
