import assert from "node:assert/strict";
import { test } from "node:test";

import { AnswerCache } from "../../frontend/preview/answers.js";
import { chipKey, nextChip, summaryText } from "../../frontend/preview/chips.js";

test("arrow keys go round, in reading direction", () => {
    assert.equal(nextChip(0, 3, "ArrowRight", false), 1);
    assert.equal(nextChip(2, 3, "ArrowRight", false), 0);
    assert.equal(nextChip(0, 3, "ArrowLeft", false), 2);
    assert.equal(nextChip(0, 3, "ArrowLeft", true), 1);
    assert.equal(nextChip(1, 3, "Home", false), 0);
    assert.equal(nextChip(1, 3, "End", false), 2);
    assert.equal(nextChip(1, 3, "a", false), null);
});

test("the summary counts in words", () => {
    assert.equal(summaryText({ mode: "Off" }), "LoRA Negative Guard is off");
    assert.equal(summaryText({ mode: "Enforce", changes: 0, advice: 0 }), "LoRA Negative Guard: nothing to change");
    assert.equal(summaryText({ mode: "Enforce", changes: 1, advice: 2 }), "LoRA Negative Guard: 1 to change, 2 to consider");
});

test("the cache forgets by age and by number", () => {
    let now = 0;
    const cache = new AnswerCache(2, 100, () => now);
    cache.set("a", 1);
    cache.set("b", 2);
    cache.set("c", 3);
    assert.equal(cache.get("a"), undefined);
    assert.equal(cache.get("b"), 2);
    now = 101;
    assert.equal(cache.get("c"), undefined);
});

test("a chip keeps its identity while its numbers change", () => {
    const chip = { rule: "R1", field: "prompt", lead: "x", subject: "", before: "-0.9" };
    assert.equal(chipKey(chip), chipKey({ ...chip, before: "-0.8" }));
    assert.notEqual(chipKey(chip), chipKey({ ...chip, lead: "y" }));
});
