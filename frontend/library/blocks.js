// The mask of blocks of one LoRA: written, chosen from presets, or block by block.
import { input, select } from "../core/controls.js";
import { element } from "../core/elements.js";
import { translate } from "../core/translate.js";

const ITEM = /([+-])([A-Za-z]+)([0-9]*)/g;
const WHOLE = /^(?:[+-][A-Za-z]{1,8}[0-9]{0,3})+$/;
const KINDS = { IN: "IN", OUT: "OUT", MID: "MID", M: "MID", D: "D", S: "S", DOUBLE: "D", SINGLE: "S" };

const range = (kind, from, to) => Array.from({ length: to - from + 1 }, (_, index) => `${kind}${from + index}`);

// As in prompts/blocks.py, which decides; here they only show in the buttons.
const PRESETS = { FACE: ["S7", "S20"], NEGATE: [...range("D", 14, 18), ...range("S", 23, 37)] };

/** The kind of a block: what stands before its number. */
export function kindOf(name) {
    return name.match(/^[^0-9]*/)[0];
}

/** The names among `names` in which a mask lets a LoRA act; null for a text that is no mask. */
export function keptBy(mask, names) {
    const text = mask.trim();
    if (!text) return new Set(names);
    if (!WHOLE.test(text)) return null;
    const only = new Set();
    const without = new Set();
    for (const [, sign, letters, number] of text.matchAll(ITEM)) {
        const name = letters.toUpperCase();
        const into = sign === "+" ? only : without;
        if (PRESETS[name] && !number) PRESETS[name].forEach((block) => into.add(block));
        else if (KINDS[name]) into.add(KINDS[name] === "MID" || !number ? KINDS[name] : `${KINDS[name]}${Number(number)}`);
        else return null;
    }
    const has = (set, name) => set.has(name) || set.has(kindOf(name));
    return new Set(names.filter((name) => (!only.size || has(only, name)) && !has(without, name)));
}

/** The mask that keeps a LoRA to `kept` of `names`: what is left out, whole kinds by one word. */
export function maskOf(kept, names) {
    const kinds = [...new Set(names.map(kindOf))];
    return kinds.map((kind) => {
        const own = names.filter((name) => kindOf(name) === kind);
        const left = own.filter((name) => !kept.has(name));
        return left.length === own.length ? `-${kind}` : left.map((name) => `-${name}`).join("");
    }).join("");
}

/** The field of the form: a text, presets, and a button for each block. */
export class BlockPicker {
    constructor({ names, presets }) {
        this.names = names;
        this.input = input("text", "Blocks it acts in", { placeholder: "all blocks", spellcheck: "false", maxlength: "400" });
        this.input.dir = "ltr";
        this.input.addEventListener("input", () => this.showKept());
        this.presets = select("Presets", [["", "Presets …"], ...presets.map(({ value, label }) => [value, label])]);
        presets.forEach(({ value, source }, index) => {
            this.presets.options[index + 1].title = source ? `${value}: ${source}` : value;
        });
        this.presets.addEventListener("change", () => {
            if (this.presets.value) this.write(this.presets.value);
            this.presets.value = "";
        });
        const row = element("div", "lora-neg-field-row");
        row.append(element("span", "lora-neg-field-label", translate("Blocks")), this.input, this.presets);
        this.note = element("span", "lora-neg-below lora-neg-blocks-note");
        this.root = element("div", "lora-neg-blocks");
        this.root.append(row, this.note);
        this.buttons = new Map();
        if (names.length) this.root.append(this.chooser());
    }

    chooser() {
        const made = element("details", "lora-neg-blocks-chooser");
        made.append(element("summary", "", translate("Choose block by block")));
        for (const kind of new Set(this.names.map(kindOf))) {
            const group = element("div", "lora-neg-blocks-kind");
            group.setAttribute("role", "group");
            group.setAttribute("aria-label", kind);
            for (const name of this.names.filter((block) => kindOf(block) === kind)) {
                const button = element("button", "lora-neg-block", name);
                button.type = "button";
                button.addEventListener("click", () => this.toggle(name));
                this.buttons.set(name, button);
                group.append(button);
            }
            made.append(group);
        }
        return made;
    }

    fill(mask) {
        this.input.value = mask;
        this.showKept();
    }

    // As if it was typed, so that the form notices.
    write(mask) {
        this.input.value = mask;
        this.input.dispatchEvent(new Event("input", { bubbles: true }));
    }

    toggle(name) {
        const kept = keptBy(this.input.value, this.names) || new Set(this.names);
        if (!kept.delete(name)) kept.add(name);
        this.write(maskOf(kept, this.names));
    }

    showKept() {
        const kept = keptBy(this.input.value, this.names);
        for (const [name, button] of this.buttons) {
            button.setAttribute("aria-pressed", String(!kept || kept.has(name)));
        }
        this.input.setAttribute("aria-invalid", String(!kept));
        if (!kept) this.note.textContent = translate("Write -S7-S20 (all but these) or +IN+MID (these alone).");
        else if (!this.input.value.trim()) this.note.textContent = "";
        else if (this.names.length) {
            this.note.textContent = translate("Acts in {count} of {total} blocks.", { count: kept.size, total: this.names.length });
        } else this.note.textContent = "";
    }
}
