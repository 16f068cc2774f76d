// Labelled fields of a form, each with a note for what is wrong in it.
import { element } from "../core/elements.js";
import { translate } from "../core/translate.js";

/** Makes the fields of one form and keeps their notes. */
export class Fields {
    /** `id` keeps the ids of several forms in one page apart. */
    constructor(id) {
        this.id = id;
        this.notes = {};
    }

    field(name, label, ...content) {
        const made = element("div", "lora-neg-scan-field");
        const head = element("div", "lora-neg-scan-label", translate(label));
        const note = element("p", "lora-neg-note lora-neg-failed");
        note.id = `${this.id}_${name}_note`;
        note.hidden = true;
        this.notes[name] = note;
        made.append(head, ...content, note);
        made.dataset.field = name;
        return made;
    }

    /** Connects a control with the note of a field. */
    described(control, name) {
        control.setAttribute("aria-describedby", `${this.id}_${name}_note`);
        return control;
    }

    /** Radio buttons side by side, of `[value, text, hint]`: their group, and the inputs. */
    choices(name, label, options, onChange) {
        const group = element("div", "lora-neg-choices");
        group.setAttribute("role", "radiogroup");
        group.setAttribute("aria-label", translate(label));
        const radios = options.map(([value, text, hint]) => {
            const choice = element("label", "lora-neg-choice");
            const radio = element("input");
            Object.assign(radio, { type: "radio", name: `${this.id}_${name}`, value });
            radio.addEventListener("change", () => onChange(value));
            if (hint) choice.title = translate(hint);
            choice.append(radio, element("span", "", translate(text)));
            group.append(choice);
            return radio;
        });
        return { group, radios };
    }

    /** Shows errors by field; `unasked` names fields in which nobody has done anything wrong yet. */
    showErrors(errors, unasked = []) {
        for (const [name, note] of Object.entries(this.notes)) {
            note.textContent = unasked.includes(name) ? "" : errors[name] || "";
            note.hidden = !note.textContent;
            note.parentNode.classList.toggle("lora-neg-at-fault", !note.hidden);
        }
    }
}
