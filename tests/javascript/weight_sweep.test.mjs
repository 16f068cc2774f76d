import assert from "node:assert/strict";
import { test } from "node:test";

import { axisValues, sweepOf, weightSweep } from "../../frontend/preview/weight_sweep.js";

const PROMPT = "a cat <lora:ink:-0.9>";
const axes = (...given) => given.map(([type, values]) => ({ type, values }));

test("values are taken apart as the host does it", () => {
    assert.deepEqual([...axisValues('a, "b, c",d')], ["a", "b, c", "d"]);
    assert.deepEqual([...axisValues('"say ""x""", y')], ['say "x"', "y"]);
    assert.deepEqual([...axisValues("")], []);
});

for (const [name, given, expected] of [
    ["our axis of raw weights", axes(["Steps", "1,2"], ["[LoRA Neg] Weight", "-1, 0"]), "[LoRA Neg] Weight"],
    ["our axis without values yet", axes(["[LoRA Neg] Weight", " "]), null],
    ["a search that changes a weight", axes(["Prompt S/R", "ink:-0.9, ink:-0.5"]), "Prompt S/R"],
    ["a search for the whole tag", axes(["Prompt S/R", "<lora:ink:-0.9>, <lora:ink:1>"]), "Prompt S/R"],
    ["a search that changes words", axes(["Prompt S/R", "cat, dog"]), null],
    ["a search that swaps LoRAs", axes(["Prompt S/R", "ink, wash"]), null],
    ["a search that is not in the prompt", axes(["Prompt S/R", "ink:-0.8, ink:-0.5"]), null],
    ["with and without the LoRA", axes(["Prompt S/R", '<lora:ink:-0.9>, ""']), null],
    ["another axis", axes(["CFG Scale", "5, 7"]), null],
    ["an axis that sets the guard", axes(["[LoRA Neg] Weight", "-1"], ["[LoRA Neg] Guard mode", "Enforce"]), null],
]) {
    test(name, () => assert.equal(sweepOf(given, PROMPT), expected));
}

test("long values take no time", () => {
    assert.equal(sweepOf(axes(["Prompt S/R", `"${'""'.repeat(20000)}`]), PROMPT), null);
});

function sweepIn(fields, body, opts = {}) {
    const input = (value) => ({ value, querySelector: () => ({ value }) });
    const gradioApp = () => ({
        querySelector: (selector) => (selector in fields ? input(fields[selector]) : null),
    });
    Object.assign(globalThis, { gradioApp, opts });
    return weightSweep(body);
}

const CHOSEN = {
    "#txt2img_script_container #script_list input": "X/Y/Z plot",
    "#script_txt2img_xyz_plot_y_type": "[LoRA Neg] Weight",
    "#script_txt2img_xyz_plot_y_values": "-1, 0",
};
const BODY = { tab: "txt2img", prompt: PROMPT, enabled: true, mode: "Enforce" };

test("what is chosen in the page is read, in its own tab", () => {
    assert.equal(sweepIn(CHOSEN, BODY), "[LoRA Neg] Weight");
    assert.equal(sweepIn(CHOSEN, { ...BODY, tab: "img2img" }), null);
    assert.equal(sweepIn({}, BODY), null);
    const another = { ...CHOSEN, "#txt2img_script_container #script_list input": "Prompt matrix" };
    assert.equal(sweepIn(another, BODY), null);
});

test("nothing is said of sweeps where the guard is off, or guards them all the same", () => {
    assert.equal(sweepIn(CHOSEN, { ...BODY, mode: "Off" }), null);
    assert.equal(sweepIn(CHOSEN, { ...BODY, enabled: false }), null);
    assert.equal(sweepIn(CHOSEN, BODY, { lora_neg_guard_sweeps: true }), null);
});
