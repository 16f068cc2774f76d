"""A running WebUI keeps the contract of all hosts: tests/contract."""

from __future__ import annotations

import pytest

from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Mode
from tests.contract.cases import CASES, Case
from tests.contract.hosts import webui as on_standins
from tests.host.support.client import ADVISE, OFF, ON, Webui, assert_same

GUARD = {Mode.ENFORCE: ON, Mode.ADVISE: ADVISE, Mode.OFF: OFF}
REAL = [case for case in CASES if case.family is ModelFamily.SD1]


@pytest.mark.parametrize("case", REAL, ids=lambda case: case.name)
def test_a_request_becomes_what_the_contract_says(webui: Webui, case: Case) -> None:
    with pytest.MonkeyPatch.context() as patched:
        keys = on_standins(case, patched).keys

    given = webui.txt2img(case.prompt, case.negative, guard=GUARD[case.mode], cfg_scale=case.cfg)

    said = parse_infotext(given.infotext)
    assert (said.prompt, said.negative_prompt, said.cfg_scale) == case.result
    assert given.own_keys == keys
    if case.enforced:
        prompt, negative, cfg = case.result
        assert_same(given, webui.txt2img(prompt, negative, guard=OFF, cfg_scale=cfg))
