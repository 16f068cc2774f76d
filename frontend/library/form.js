// The form in which the user decides about one LoRA; what is not saved yet is kept as a draft.
import { button, input, select } from "../core/controls.js";
import { element } from "../core/elements.js";
import { translate } from "../core/translate.js";
import { BlockPicker } from "./blocks.js";
import { decisionChange } from "./edits.js";

/** The form in the details; drafts stay until they are saved or dropped. */
export class LibraryForm {
    constructor(details) {
        this.library = details.library;
        this.drafts = new Map();
        this.boxes = null;
    }

    // The form goes away: keeps what was not saved.
    keep() {
        if (!this.boxes) return;
        const values = this.values();
        if (decisionChange(values, this.data.decision)) this.drafts.set(this.data.name, values);
        else this.drafts.delete(this.data.name);
    }

    forget() {
        this.boxes = null;
    }

    drop(name) {
        this.drafts.delete(name);
    }

    build(data) {
        this.data = data;
        const form = element("form", "lora-neg-form");
        form.noValidate = true;
        const draft = this.drafts.get(data.name);
        const { decision } = data;
        const range = decision.range || {};
        const type = select("Type", [
            ["", "As inferred"], ...this.library.words.types.map(({ id, name }) => [id, name]),
        ]);
        const own = input("checkbox", "My own triggers");
        const triggers = element("textarea", "lora-neg-input");
        triggers.setAttribute("aria-label", translate("My own triggers, one per line"));
        triggers.rows = 3;
        triggers.dir = "auto";
        const inForce = data.ranges.find((item) => item.in_force) || {};
        const hint = (value) => (value === null || value === undefined ? "none" : String(value));
        const floor = input("number", "Lowest weight", {
            step: "0.05", min: "-20", max: "0", placeholder: hint(inForce.floor),
        });
        const ceiling = input("number", "Highest weight", {
            step: "0.05", min: "0", max: "20", placeholder: hint(inForce.ceiling),
        });
        const off = input("checkbox", "Guard off");
        this.blocks = new BlockPicker(data.blocks);
        this.boxes = { type, own, triggers, floor, ceiling, off, blocks: this.blocks.input };
        this.fill(draft || {
            type: decision.type || "",
            ownTriggers: decision.triggers !== null && decision.triggers !== undefined,
            triggers: (decision.triggers || data.triggers.map((trigger) => trigger.text)).join("\n"),
            floor: range.floor ?? "",
            ceiling: range.ceiling ?? "",
            guardOff: decision.guard_off,
            blocks: decision.blocks || "",
        });
        this.save = element("button", "lora-neg-button lora-neg-primary", translate("Save"));
        this.save.type = "submit";
        const clear = button("", "Clear my decisions", () => {
            this.drafts.delete(data.name);
            this.forget();
            this.library.edit([data.name], { clear: true });
        });
        clear.hidden = !data.decided;
        this.unsaved = element("span", "lora-neg-below", translate("not saved yet"));
        const buttons = element("div", "lora-neg-form-buttons");
        buttons.append(this.save, clear, this.unsaved);
        form.append(
            this.field("Type", type),
            this.field("Range", floor, translate("to"), ceiling),
            this.labelled(own, "My own triggers, one per line"),
            triggers,
            this.blocks.root,
            this.labelled(off, "Guard off: no rule applies to this LoRA"),
            buttons,
        );
        form.addEventListener("input", () => this.check());
        form.addEventListener("change", () => this.check());
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.submit();
        });
        this.check();
        return form;
    }

    field(label, ...content) {
        const made = element("div", "lora-neg-field-row");
        made.append(element("span", "lora-neg-field-label", translate(label)), ...content);
        return made;
    }

    labelled(box, text) {
        const made = element("label", "lora-neg-check");
        made.append(box, element("span", "", translate(text)));
        return made;
    }

    fill(values) {
        this.boxes.type.value = values.type;
        this.boxes.own.checked = values.ownTriggers;
        this.boxes.triggers.value = values.triggers;
        this.boxes.floor.value = values.floor;
        this.boxes.ceiling.value = values.ceiling;
        this.boxes.off.checked = values.guardOff;
        this.blocks.fill(values.blocks || "");
    }

    values() {
        const { type, own, triggers, floor, ceiling, off, blocks } = this.boxes;
        return {
            type: type.value,
            ownTriggers: own.checked,
            triggers: triggers.value,
            floor: floor.value,
            ceiling: ceiling.value,
            guardOff: off.checked,
            blocks: blocks.value,
        };
    }

    check() {
        this.boxes.triggers.hidden = !this.boxes.own.checked;
        const change = decisionChange(this.values(), this.data.decision);
        this.save.disabled = !change;
        this.unsaved.hidden = !change;
    }

    async submit() {
        const { name, decision } = this.data;
        const set = decisionChange(this.values(), decision);
        if (!set) return;
        this.save.disabled = true;
        const kept = await this.library.edit([name], { set });
        if (!kept && this.boxes && this.data.name === name) this.check();
    }
}
