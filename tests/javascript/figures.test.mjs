import assert from "node:assert/strict";
import { test } from "node:test";

import { damageAt, labelsOf, scaleOf, weightText } from "../../frontend/core/curve.js";
import { pairsOf } from "../../frontend/panel/conflicts.js";
import { piecesOf, reachOf } from "../../frontend/panel/budget.js";

const share = (name, value) => ({ name, share: value });

test("the pieces of the budget follow each other, and the limit lies on the bar", () => {
    const budget = { total: 1.5, limit: 2.5, degraded: 3, loras: [share("a", 1), share("slider", 0), share("b", 0.5)] };
    const pieces = piecesOf(budget);
    assert.deepEqual(pieces.map(({ name }) => name), ["a", "b"]);
    assert.equal(pieces[0].start, 0);
    assert.ok(Math.abs(pieces[1].start - pieces[0].width) < 1e-9);
    assert.ok(reachOf(budget) > 3);
});

test("a sum far beyond the budget still fits on the bar", () => {
    const budget = { total: 12, limit: 2.5, degraded: 3, loras: [share("a", 12)] };
    const [{ start, width }] = piecesOf(budget);
    assert.ok(start + width < 100);
});

const curve = { points: [[-1, 4], [-0.5, 1], [0, 0]], at: -0.75, to: -0.5, onset: -0.5, floor: -0.5 };

test("damage between two weights lies on the line", () => {
    assert.equal(damageAt(curve.points, -0.75), 2.5);
    assert.equal(damageAt(curve.points, 0), 0);
    assert.equal(damageAt(curve.points, -1.5), null);
});

test("the scale holds every weight, and cuts what would hide the beginning", () => {
    const scale = scaleOf({ ...curve, points: [[-1, 90], [0, 0]], at: -1.4 });
    assert.equal(scale.lowest, -1.4);
    assert.equal(scale.y(90), scale.y(4));
    assert.ok(scale.x(-1) < scale.x(-0.5));
    assert.ok(scale.y(1) < scale.y(0));
});

test("labels leave room for each other", () => {
    const close = { ...curve, at: -0.52, onset: -0.51 };
    assert.deepEqual(labelsOf(close, scaleOf(close)), [0, -0.52, -1]);
});

test("weights have a real minus sign", () => {
    assert.equal(weightText(-0.45), "−0.45");
});

test("the pairs of a stack are those of its largest LoRAs, each file once", () => {
    const lora = (file, unet, size = Math.abs(unet)) => ({ file, unet, share: size });
    const pairs = pairsOf([lora("a", 0.5), lora("", 2), lora("b", -1), lora("a", 0.2), lora("c", 0), lora("d", null, 0)]);
    assert.deepEqual(pairs, [[{ name: "b", weight: -1 }, { name: "a", weight: 0.5 }]]);
    assert.equal(pairsOf(Array.from({ length: 20 }, (_, index) => lora(`l${index}`, 1))).length, 15);
});
