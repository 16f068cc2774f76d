"""Findings and health as HTML: what was done stands first, and nothing of others is markup."""

from __future__ import annotations

import re

from lib_lora_neg.hosts.reporting import ANY_BROWSER, MAX_REPORTS, HealthItem, Report, Reports
from lib_lora_neg.policy import Effect, Field, Finding, Mode
from lib_lora_neg.sentences import Translator, say
from lib_lora_neg.ui.panel.findings_html import findings_html, report_html
from lib_lora_neg.ui.panel.health import health_html


def finding(**changes: object) -> Finding:
    values = {
        "rule": "R1",
        "effect": Effect.ENFORCED,
        "field": Field.PROMPT,
        "lora": "x",
        "before": "<lora:x:-0.9>",
        "after": "<lora:x:-0.5>",
        "reason": say("trigger of {lora}", lora="x"),
        "evidence": ("made for a test",),
        "source": "a page",
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


def text(html: str) -> str:
    plain = re.sub(r"<[^>]+>", " ", html)
    return " ".join(plain.replace("&lt;", "<").replace("&gt;", ">").split())


def test_what_was_changed_stands_before_advice() -> None:
    html = findings_html([finding(effect=Effect.ADVISED, rule="R6"), finding()])
    assert html.index("lora-neg-enforced") < html.index("lora-neg-advised")
    assert "Changed <lora:x:-0.9> → <lora:x:-0.5> trigger of x" in text(html)


def test_a_source_leads_to_where_it_can_be_read() -> None:
    html = findings_html([finding(source="<b>x</b>, koboldcpp #2029: and more")])
    assert '<a href="https://github.com/LostRuins/koboldcpp/pull/2029"' in html
    assert "<b>" not in html
    assert "Source: <b>x</b>, koboldcpp #2029 : and more" in text(html)
    assert "<a " not in findings_html([finding()])


def test_what_all_share_is_said_once() -> None:
    shared = {"rule": "R5", "reason": say("in all {total}", total="3.5")}
    html = findings_html([finding(**shared), finding(**shared, lora="y", before="<lora:y:2>")])
    assert text(html).count("in all 3.5") == 1
    assert "<lora:y:2>" in text(html)


def test_reports_are_found_by_their_browser_s_key() -> None:
    reports = Reports()
    mine, theirs = (Report(Mode.ENFORCE, (finding(lora=name),), ()) for name in "ab")
    reports.keep("txt2img", "one", mine)
    reports.keep("txt2img", "two", theirs)
    assert reports.find("txt2img", "one") is mine
    assert reports.find("txt2img", ANY_BROWSER) is theirs
    assert reports.find("img2img", "one") is None
    assert reports.find("txt2img", "three") is None
    for number in range(MAX_REPORTS):
        reports.keep("img2img", str(number), mine)
    assert reports.find("txt2img", "one") is None


def test_done_and_to_do_are_told_apart() -> None:
    removed = finding(field=Field.NEGATIVE, before="oil", after="")
    assert "oil removed" in text(findings_html([removed]))
    advised = finding(effect=Effect.ADVISED, field=Field.NEGATIVE, before="oil", after="")
    assert "oil to remove" in text(findings_html([advised]))
    added = finding(field=Field.NEGATIVE, before="", after="oil")
    assert "oil added" in text(findings_html([added]))


def test_numbers_are_no_code() -> None:
    html = findings_html([finding(rule="R3", field=Field.CFG, before="7", after="6")])
    assert "<code" not in html
    assert "7 → 6" in text(html)


def test_text_of_others_is_text() -> None:
    html = findings_html([finding(before="<img src=x>", evidence=("<b>",), source="<i>")], ("<u>",))
    assert not re.search(r"<(img|b|i|u)\b", html)


def test_a_failure_is_said_first_and_nothing_is_said_too() -> None:
    html = report_html(Report(Mode.ENFORCE, (finding(),), ("ValueError: no",)))
    assert html.index("ValueError: no") < html.index("trigger of x")
    assert "Nothing generated yet" in report_html(None)
    assert "Nothing to change" in report_html(Report(Mode.ENFORCE, (), ()))


def test_it_is_said_in_the_language_of_the_page() -> None:
    words = Translator({"Changed": "変更", "trigger of {lora}": "{lora} のトリガー", "Why": "理由"})
    said = text(findings_html([finding()], (), words))
    assert "変更" in said
    assert "x のトリガー" in said
    assert "Changed" not in said


def test_health_names_what_is_limited() -> None:
    items = [HealthItem("hook", True, "fine"), HealthItem("list", False, "not <loaded>")]
    html = health_html(items, Translator({"Limited: {names}.": "制限 {names}。", "list": "一覧"}))
    assert "制限 一覧。" in html
    assert "<loaded>" not in html
    assert "All 1 checks passed" in health_html(items[:1])
