import assert from "node:assert/strict";
import { test } from "node:test";

import { fileAddress, isGone } from "../../frontend/core/server.js";
import { fittingWidth, gridMove, isDamaged, thumbnailSide } from "../../frontend/scan/cells.js";
import { numberIn, randomSeeds, seedCount } from "../../frontend/scan/seeds.js";
import { costText, duration, progressText, safeText, spokenStep } from "../../frontend/scan/words.js";

for (const [seconds, text] of [
    [0, "1 s"], [7.4, "7 s"], [49, "49 s"], [55, "1 min"], [90, "2 min"], [3500, "58 min"],
    [3599, "1 h"], [3600, "1 h"], [5400, "1 h 30 min"], [7180, "2 h"], [36000, "10 h"],
]) {
    test(`${seconds} seconds are ${text}`, () => assert.equal(duration(seconds), text));
}

const COST = { pictures: 40, weights: 5, prompts: 4, seeds: 2, evaluations: 1600, seconds: 240 };
for (const [cost, kind, text] of [
    [COST, "scan", "40 pictures (5 weights × 4 prompts × 2 seeds), 1,600 evaluations: about 4 min."],
    [{ ...COST, seconds: null }, "scan", "40 pictures (5 weights × 4 prompts × 2 seeds), 1,600 evaluations: how long is told once the first are made."],
    [{ ...COST, pictures: 0, evaluations: 40 }, "quick", "No pictures, 40 evaluations of the model: about 4 min."],
    [{ ...COST, pictures: 2, prompts: 1, seeds: 1, evaluations: 80 }, "compare", "2 pictures (1 prompt × 1 seed, with and without), 80 evaluations: about 4 min."],
]) {
    test(`a cost is told: ${text}`, () => assert.equal(costText(cost, kind), text));
}

const JOB = { state: "running", done: 12, total: 40, failed: 0, seconds_left: 130, quick: false, stopping: false, error: "", over: false };
for (const [change, text] of [
    [{}, "12 of 40 pictures · about 2 min left"],
    [{ seconds_left: null, done: 0 }, "0 of 40 pictures"],
    [{ failed: 2 }, "12 of 40 pictures, 2 failed · about 2 min left"],
    [{ state: "waiting", done: 0 }, "Waiting for its turn; a generation is running or queued"],
    [{ state: "waiting" }, "12 of 40 pictures · about 2 min left"],
    [{ stopping: true }, "Stopping after this picture: 12 of 40 pictures"],
    [{ state: "concluding" }, "Judging and drawing the curves …"],
    [{ state: "done", done: 40, failed: 1 }, "Finished: 40 of 40 pictures, 1 failed."],
    [{ state: "stopped" }, "Stopped at 12 of 40 pictures."],
    [{ state: "failed", error: "out of memory" }, "Failed at 12 of 40 pictures: out of memory"],
    [{ state: "lost", failed: 1 }, "The server was started anew. 11 pictures are safe."],
    [{ state: "lost", done: 1 }, "The server was started anew. 1 picture is safe."],
    [{ state: "lost", quick: true }, "The server was started anew, and the scan is lost: start it again."],
    [{ quick: true, total: 9, done: 3, seconds_left: 4 }, "3 of 9 weights · about 4 s left"],
]) {
    test(`a job is told: ${text}`, () => assert.equal(progressText({ ...JOB, ...change }), text));
}

test("aloud only every tenth of the way is said, and how it ends", () => {
    const steps = Array.from({ length: 40 }, (_, done) => spokenStep({ ...JOB, done }));
    assert.equal(new Set(steps).size, 10);
    assert.equal(spokenStep({ ...JOB, state: "waiting" }), spokenStep(JOB));
    assert.notEqual(spokenStep({ ...JOB, state: "done", over: true }), spokenStep({ ...JOB, state: "failed", over: true }));
    assert.equal(spokenStep(null), "");
});

for (const [key, to] of [
    ["ArrowLeft", { row: 1, column: 1 }], ["ArrowRight", { row: 1, column: 3 }],
    ["ArrowUp", { row: 0, column: 2 }], ["ArrowDown", { row: 2, column: 2 }],
    ["Home", { row: 1, column: 0 }], ["End", { row: 1, column: 4 }], ["x", null],
]) {
    test(`${key} leads in the grid`, () => assert.deepEqual(gridMove({ row: 1, column: 2 }, key, 3, 5), to));
}

test("a key does not lead out of the grid", () => {
    assert.equal(gridMove({ row: 0, column: 0 }, "ArrowUp", 3, 5), null);
    assert.equal(gridMove({ row: 2, column: 4 }, "ArrowRight", 3, 5), null);
});

test("thumbnails are as large as the cells on this screen, and no larger than need be", () => {
    assert.equal(thumbnailSide(80), 96);
    assert.equal(thumbnailSide(80, 2), 192);
    assert.equal(thumbnailSide(400, 2), 384);
});

test("columns fit the room, within bounds", () => {
    assert.equal(fittingWidth(1000, 5), 156);
    assert.equal(fittingWidth(1000, 21), 64);
    assert.equal(fittingWidth(3000, 2), 260);
});

test("an address carries any name", () => {
    assert.equal(fileAddress("scan-json", { scan: "a&b=c#" }), "./lora-neg/page/scan-json?scan=a%26b%3Dc%23");
});

test("damage is beyond the onsets, and nowhere without a verdict", () => {
    const verdict = { damaged_to: -0.6, damaged_from: 1 };
    const damaged = [-1, -0.6, -0.5, 0, 0.5, 1].filter((weight) => isDamaged(weight, verdict));
    assert.deepEqual(damaged, [-1, -0.6, 1]);
    assert.equal(isDamaged(-1, { damaged_to: null, damaged_from: null }), false);
    assert.equal(isDamaged(-1, null), false);
});

test("new seeds are as many and different ones", () => {
    let at = 0;
    const drawn = [0.5, 0.5, 0.25];
    assert.equal(randomSeeds(2, () => drawn[at++]), "2147483648, 1073741824");
    assert.equal(seedCount("1, 5-7,"), 4);
    assert.equal(seedCount(""), 1);
    assert.equal(seedCount("1-9999"), 100);
});

test("a number in a box is a number, or what stands there", () => {
    assert.equal(numberIn(" 7.5 "), 7.5);
    assert.equal(numberIn(""), null);
    assert.equal(numberIn("1e999"), "1e999");
    assert.equal(numberIn("seven"), "seven");
});

test("a server that is gone is told from one that refuses", () => {
    assert.ok(isGone(new TypeError("Failed to fetch")));
    assert.ok(isGone(new Error("502 Bad Gateway")));
    assert.ok(!isGone(new Error("500 Internal Server Error")));
    assert.ok(!isGone(new Error("choose a LoRA")));
    assert.equal(safeText({ done: 0, failed: 0 }), "0 pictures are safe.");
});
