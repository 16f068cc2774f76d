import assert from "node:assert/strict";
import { test } from "node:test";

import { toggled, withoutTag } from "../../frontend/cards/tags.js";

const removed = [
    // the prompt, what the card inserts, the prompt afterwards
    ["a cat <lora:x:-0.5>", "<lora:x:1>", "a cat"],
    ["a cat <lora:x:-0.5> dog", "<lora:x:1>", "a cat dog"],
    ["a cat <lora:x:0.5:-0.3>", "<lora:x:1>", "a cat"],
    ["a cat <lora:x:-0.5:guard=off>", "<lora:x:1>", "a cat"],
    ["a cat <lora:x:-.5> inkwash, art", "<lora:x:0.8> inkwash, art", "a cat"],
    ["<lora:x:-0.5>", "<lora:x:-0.6>", ""],
    ["<lora:x:-0.5> a <lora:x:0.2>", "<lora:x:1>", " a"],
    ["a <lyco:x:-1>", "<lora:x:1>", "a"],
    ["a <lora:x (v1.0)+:-1>", "<lora:x (v1.0)+:1>", "a"],
];

for (const [prompt, inserted, after] of removed) {
    test(`${inserted} takes its tag out of ${prompt}`, () => {
        assert.equal(withoutTag(prompt, inserted, " "), after);
    });
}

const left = [
    // the host does it by itself, or there is nothing to remove
    ["a cat <lora:x:0.5>", "<lora:x:1>"],
    ["a cat", "<lora:x:1>"],
    ["a cat <lora:xy:-1>", "<lora:x:1>"],
    ["a cat <lora:x:-1>", "<hypernet:x:1>"],
    ["(bad:1.2)", "easynegative"],
];

for (const [prompt, inserted] of left) {
    test(`${inserted} is left to the host in ${prompt}`, () => {
        assert.equal(withoutTag(prompt, inserted, " "), null);
    });
}

test("the control adds its tag and takes it out again", () => {
    assert.equal(toggled("a cat", "<lora:x:0.5:-0.3>", " "), "a cat <lora:x:0.5:-0.3>");
    assert.equal(toggled("", "<lora:x:-0.3>", " "), "<lora:x:-0.3>");
    assert.equal(toggled("a cat <lora:x:0.5:-0.3>", "<lora:x:0.5:-0.3>", " "), "a cat");
    assert.equal(toggled("a cat <lora:x:1>", "<lora:x:-0.3>", " "), "a cat");
});
