// Controls of our own tabs, labelled in the page's language.
import { element, plainButton } from "./elements.js";
import { translate } from "./translate.js";

/** A button of our tabs; `text` is translated. */
export function button(className, text, onClick) {
    return plainButton(`lora-neg-button ${className}`, translate(text), onClick);
}

/** A list of `[value, text]`; label and texts are translated. */
export function select(label, options) {
    const made = element("select", "lora-neg-select");
    made.setAttribute("aria-label", translate(label));
    for (const [value, text] of options) made.append(new Option(translate(text), value));
    return made;
}

/** An input with a translated label; `attributes` are set as they are, a placeholder translated. */
export function input(type, label, attributes = {}) {
    const made = element("input", "lora-neg-input");
    made.type = type;
    made.setAttribute("aria-label", translate(label));
    Object.entries(attributes).forEach(([name, value]) => {
        made.setAttribute(name, name === "placeholder" ? translate(value) : value);
    });
    return made;
}

/** A share of 1 in whole per cent. */
export function percent(share) {
    return `${Math.round(share * 100)}%`;
}

/** The mark of a LoRA's type: two letters on its colour. */
export function typeMark(kind, letter) {
    const made = element("span", "lora-neg-type-mark", letter);
    made.dataset.type = kind;
    made.setAttribute("aria-hidden", "true");
    return made;
}
