// How the pictures of a scan are made: the numbers, and the lists that the host offers.
import { input, select } from "../core/controls.js";
import { element } from "../core/elements.js";
import { numberIn } from "./seeds.js";

const NUMBERS = [
    ["cfg", "CFG scale", "0.5"], ["steps", "Steps", "1"], ["width", "Width", "64"],
    ["height", "Height", "64"], ["distilled_cfg", "Distilled CFG", "0.5"],
];

const LISTS = [["sampler", "Sampler"], ["scheduler", "Schedule"]];

/** The fields for sampling that this host and model take. */
export class ScanSampling {
    constructor(fields, overview) {
        const usual = overview.form;
        this.root = element("div", "lora-neg-scan-numbers");
        this.numbers = {};
        this.lists = {};
        for (const [name, label, step] of NUMBERS) {
            // What the chosen model does not take is not asked for.
            if (usual[name] === null || usual[name] === undefined) continue;
            const box = fields.described(input("number", label, { step, min: "0" }), name);
            box.value = String(usual[name]);
            this.numbers[name] = box;
            this.root.append(fields.field(name, label, box));
        }
        for (const [name, label] of LISTS) {
            const names = overview[`${name}s`];
            if (!names.length) continue;
            const list = fields.described(select(label, names.map((text) => [text, text])), name);
            list.value = usual[name] || names[0];
            this.lists[name] = list;
            this.root.append(fields.field(name, label, list));
        }
    }

    read() {
        const values = {};
        for (const [name, box] of Object.entries(this.numbers)) values[name] = numberIn(box.value);
        for (const [name, list] of Object.entries(this.lists)) values[name] = list.value;
        return values;
    }

    fill(values) {
        for (const [name, box] of Object.entries({ ...this.numbers, ...this.lists })) {
            if (values[name] !== null && values[name] !== undefined) box.value = String(values[name]);
        }
    }
}
