"""Write the table of the rules into docs/user-guide.md: `python bench/rule_table.py`.

The table is made of what the rules say of themselves; `tests/policy/test_rules.py` holds the
document against it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lib_lora_neg.policy import BY_ID  # noqa: E402

GUIDE = ROOT / "docs" / "user-guide.md"
BEGIN, END = "<!-- rules, by bench/rule_table.py -->", "<!-- end of the rules -->"


def rule_table() -> str:
    """Return the rules as a Markdown table."""
    rows = ["| rule | about | does | by default |", "|---|---|---|---|"]
    for rule in BY_ID.values():
        default = f"{rule.default.value}, nothing else" if rule.advise_only else rule.default.value
        about = rule.setting_label.removeprefix(f"{rule.id}: ")
        rows.append(f"| {rule.id} | {about} | {rule.help} | {default} |")
    return "\n".join(rows)


def with_table(document: str) -> str:
    """Return a document with the table as it is now between its marks."""
    marked = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    made, found = marked.subn(lambda _: f"{BEGIN}\n{rule_table()}\n{END}", document)
    if found != 1:
        raise SystemExit(f"{GUIDE.name} holds the marks {found} times instead of once")
    return made


if __name__ == "__main__":
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
