import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./load.mjs";

const { chips } = load(["lora_neg.js", "lora_neg_chips.js"]);

test("arrow keys go round, in reading direction", () => {
    assert.equal(chips.neighbour(0, 3, "ArrowRight", false), 1);
    assert.equal(chips.neighbour(2, 3, "ArrowRight", false), 0);
    assert.equal(chips.neighbour(0, 3, "ArrowLeft", false), 2);
    assert.equal(chips.neighbour(0, 3, "ArrowLeft", true), 1);
    assert.equal(chips.neighbour(1, 3, "Home", false), 0);
    assert.equal(chips.neighbour(1, 3, "End", false), 2);
    assert.equal(chips.neighbour(1, 3, "a", false), null);
});

test("the summary counts in words", () => {
    assert.equal(chips.summary({ mode: "Off" }), "LoRA Negative Guard is off");
    assert.equal(chips.summary({ mode: "Enforce", changes: 0, advice: 0 }), "LoRA Negative Guard: nothing to change");
    assert.equal(chips.summary({ mode: "Enforce", changes: 1, advice: 2 }), "LoRA Negative Guard: 1 to change, 2 to consider");
});

test("the cache forgets by age and by number", () => {
    let now = 0;
    const cache = new chips.Cache(2, 100, () => now);
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
    assert.equal(chips.keyOf(chip), chips.keyOf({ ...chip, before: "-0.8" }));
    assert.notEqual(chips.keyOf(chip), chips.keyOf({ ...chip, lead: "y" }));
});
