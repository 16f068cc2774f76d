import assert from "node:assert/strict";
import { test } from "node:test";

import { badgeLabel, nextBadge } from "../../frontend/cards/badges.js";
import { keptBy, kindOf, maskOf } from "../../frontend/library/blocks.js";
import { rowAfterKey } from "../../frontend/core/keys.js";
import { bulkChange, decisionChange, joinedOutcomes, outcomeText } from "../../frontend/library/edits.js";
import { lookupText } from "../../frontend/library/lookup.js";
import { Pages, windowOf } from "../../frontend/library/pages.js";

test("a window has the rows in view and some around them", () => {
    assert.deepEqual(windowOf(0, 440, 5000, 44, 2), { first: 0, last: 12 });
    assert.deepEqual(windowOf(4400, 440, 5000, 44, 2), { first: 98, last: 112 });
    assert.deepEqual(windowOf(44 * 4995, 440, 5000, 44, 2), { first: 4993, last: 5000 });
    assert.deepEqual(windowOf(0, 440, 3, 44, 2), { first: 0, last: 3 });
    assert.deepEqual(windowOf(0, 440, 0, 44, 2), { first: 0, last: 0 });
    assert.deepEqual(windowOf(99999, 440, 3, 44, 2), { first: 3, last: 3 });
});

test("pages know which rows are missing", () => {
    const pages = new Pages(100);
    assert.deepEqual(pages.missing(0, 12), [0]);
    assert.deepEqual(pages.missing(95, 205), [0, 100, 200]);
    assert.deepEqual(pages.missing(7, 7), []);
    pages.put(100, [{ name: "a" }, { name: "b" }]);
    assert.deepEqual(pages.missing(95, 205), [0, 200]);
    assert.equal(pages.row(101).name, "b");
    assert.equal(pages.row(5), undefined);
    assert.equal(pages.indexOf("b"), 101);
    assert.equal(pages.indexOf("c"), -1);
    pages.clear();
    assert.equal(pages.row(101), undefined);
});

for (const [index, count, key, to] of [
    [-1, 10, "ArrowDown", 0],
    [-1, 10, "ArrowUp", 9],
    [0, 10, "ArrowUp", 0],
    [9, 10, "ArrowDown", 9],
    [3, 10, "PageDown", 8],
    [3, 10, "PageUp", 0],
    [3, 10, "Home", 0],
    [3, 10, "End", 9],
    [3, 10, "x", null],
    [0, 0, "ArrowDown", null],
]) {
    test(`${key} leads from ${index} of ${count} to ${to}`, () => {
        assert.equal(rowAfterKey(index, count, key, 5), to);
    });
}

const nothing = { type: "", floor: "", ceiling: "", guard: "" };

for (const [given, expected] of [
    [{}, null],
    [{ type: "style" }, { type: "style" }],
    [{ type: "inferred" }, { type: null }],
    [{ floor: "-0.5" }, { range: { floor: -0.5, ceiling: null } }],
    [{ floor: "0", ceiling: "1" }, { range: { floor: 0, ceiling: 1 } }],
    [{ guard: "off" }, { guard_off: true }],
    [{ guard: "on", type: "slider" }, { type: "slider", guard_off: false }],
]) {
    test(`the bulk bar makes ${JSON.stringify(expected)} of ${JSON.stringify(given)}`, () => {
        assert.deepEqual(bulkChange({ ...nothing, ...given }), expected);
    });
}

for (const given of [{ floor: "0.5" }, { ceiling: "-1" }, { floor: "x" }]) {
    test(`the bulk bar refuses ${JSON.stringify(given)}`, () => {
        assert.throws(() => bulkChange({ ...nothing, ...given }));
    });
}

test("an outcome is one sentence, with the notes", () => {
    assert.equal(outcomeText({ saved: 3, failed: 0, unknown: 0, unchanged: 0, notes: [] }), "3 saved.");
    assert.equal(
        outcomeText({ saved: 0, failed: 2, unknown: 1, unchanged: 4, notes: ["read-only"], more_notes: 2 }),
        "0 saved, 2 not saved, 1 unknown, 4 unchanged. read-only; and 2 more",
    );
});

test("parts of one edit are told as one", () => {
    const part = { saved: 2, failed: 1, unknown: 0, unchanged: 1, notes: ["x"], names: ["a"], undo: "a" };
    const whole = joinedOutcomes(joinedOutcomes(null, part), { ...part, undo: "2 LoRAs" });
    assert.equal(outcomeText(whole), "4 saved, 2 not saved, 2 unchanged. x");
    assert.deepEqual([whole.names, whole.undo], [["a", "a"], "2 LoRAs"]);
});

const form = {
    type: "", ownTriggers: false, triggers: "", floor: "", ceiling: "", guardOff: false,
};
const decided = { type: null, triggers: null, range: null, guard_off: false };

for (const [name, values, before, expected] of [
    ["nothing", {}, {}, null],
    ["a type", { type: "style" }, {}, { type: "style" }],
    ["a type taken back", {}, { type: "style" }, { type: null }],
    ["the same type", { type: "style" }, { type: "style" }, null],
    ["triggers", { ownTriggers: true, triggers: " a \n\nb" }, {}, { triggers: ["a", "b"] }],
    ["no triggers at all", { ownTriggers: true }, {}, { triggers: [] }],
    ["triggers taken back", {}, { triggers: ["a"] }, { triggers: null }],
    ["a range", { floor: "-0.5" }, {}, { range: { floor: -0.5, ceiling: null } }],
    ["the same range", { floor: "-0.5" }, { range: { floor: -0.5, ceiling: null } }, null],
    ["a range without a ceiling", { floor: "-0.5" }, { range: { floor: -0.5 } }, null],
    ["a range taken back", {}, { range: { floor: -0.5 } }, { range: null }],
    ["the guard", { guardOff: true }, {}, { guard_off: true }],
]) {
    test(`the form changes ${name}`, () => {
        assert.deepEqual(decisionChange({ ...form, ...values }, { ...decided, ...before }), expected);
    });
}

test("arrow keys walk from badge to badge", () => {
    const list = ["a", "b", "c"];
    assert.equal(nextBadge(list, "a", "ArrowRight"), "b");
    assert.equal(nextBadge(list, "a", "ArrowLeft"), null);
    assert.equal(nextBadge(list, "a", "End"), "c");
    assert.equal(nextBadge(list, "c", "Home"), "a");
    assert.equal(nextBadge(list, "x", "Home"), null);
    assert.equal(nextBadge(list, "a", "x"), null);
});

test("a badge says its name, type and range to a screen reader", () => {
    assert.equal(
        badgeLabel("ink", { lines: ["Type: style", "Range: ≥ −0.5"] }),
        "ink: Type: style. Range: ≥ −0.5",
    );
});

for (const [result, words] of [
    [{ outcome: "unknown", note: "Civitai does not know this file" }, "Civitai does not know this file"],
    [{ outcome: "found", note: "", before: ["unknown", 0], after: ["style", 0.93] }, "page found: unknown → style 93%"],
    [{ outcome: "found", note: "", before: ["style", 0.93], after: ["style", 0.93] }, "page found, type stays style 93%"],
    [{ outcome: "found", note: "kept", before: ["unknown", 0], after: ["unknown", 0] }, "page found, type stays unknown; kept"],
]) {
    test(`a look-up says: ${words}`, () => {
        const said = ([type, confidence]) => ({ type, confidence });
        const { before = ["unknown", 0], after = ["unknown", 0] } = result;
        assert.equal(lookupText({ ...result, before: said(before), after: said(after) }), words);
    });
}

const flux = [...Array(19).keys()].map((n) => `D${n}`).concat([...Array(38).keys()].map((n) => `S${n}`));

for (const [mask, left] of [
    ["", []],
    ["-S7-S20", ["S7", "S20"]],
    ["-face", ["S7", "S20"]],
    ["+D", flux.filter((name) => name.startsWith("S"))],
    ["+D-D3", ["D3", ...flux.filter((name) => name.startsWith("S"))]],
    ["-SINGLE07", ["S7"]],
]) {
    test(`the mask ${mask} leaves out ${left.length} blocks`, () => {
        const kept = keptBy(mask, flux);
        assert.deepEqual(flux.filter((name) => !kept.has(name)).sort(), [...left].sort());
    });
}

for (const mask of ["S7", "-X1", "-S7 -S8", "-FACE3"]) {
    test(`${mask} is no mask`, () => assert.equal(keptBy(mask, flux), null));
}

test("a mask of chosen blocks says what was chosen", () => {
    for (const left of [[], ["S7"], ["D0", "S37"], flux.slice(1), flux.filter((name) => kindOf(name) === "S")]) {
        const kept = new Set(flux.filter((name) => !left.includes(name)));
        const mask = maskOf(kept, flux);
        assert.deepEqual([...keptBy(mask, flux)], [...kept]);
        assert.ok(mask.length <= 400);
    }
});

test("the form changes the mask alone", () => {
    const decided = { type: null, triggers: null, range: null, guard_off: false, blocks: "-S7" };
    const form = { type: "", ownTriggers: false, triggers: "", floor: "", ceiling: "", guardOff: false };
    assert.equal(decisionChange({ ...form, blocks: "-S7" }, decided), null);
    assert.deepEqual(decisionChange({ ...form, blocks: "-S8" }, decided), { blocks: "-S8" });
    assert.deepEqual(decisionChange({ ...form, blocks: " " }, decided), { blocks: null });
});
