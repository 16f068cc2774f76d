// Extra-network cards: a click removes a tag that stands at a negative weight, too (the host's
// own pattern knows no minus sign and would add a second tag), and a control on the card, or
// Alt + click, inserts the LoRA at the weight recommended for a negative.
import { inputOf } from "../core/form.js";
import { onLoaded, option, TABS } from "../core/host.js";
import { ask } from "../core/server.js";
import { perform, say } from "../preview/preview.js";
import { toggled, withoutTag } from "./tags.js";

function separator() {
    return option("extra_networks_add_text_separator") || " ";
}

function wrapHost() {
    const host = window.tryToRemoveExtraNetworkFromPrompt;
    if (typeof host !== "function" || host.loraNeg) return;
    const wrapped = function(textarea, text, isNegative) {
        const without = isNegative ? null : withoutTag(textarea.value, text, separator());
        if (without === null) return host.apply(this, arguments);
        textarea.value = without;
        return true;
    };
    wrapped.loraNeg = true;
    window.tryToRemoveExtraNetworkFromPrompt = wrapped;
}

function cardOf(target) {
    const card = target instanceof Element ? target.closest("[id$='_lora_cards'] .card") : null;
    if (!card) return null;
    const tab = TABS.find((name) => card.closest(`#${name}_lora_cards`));
    return tab ? { card, tab, name: card.dataset.name } : null;
}

async function insertNegative({ card, tab, name }) {
    const textarea = inputOf(tab, "prompt");
    if (!textarea) return;
    try {
        const answer = await ask("negative-tag", { lora: name });
        if (!answer.tag) {
            say(tab, answer.reason, true);
            return;
        }
        const text = toggled(textarea.value, answer.tag, separator());
        perform(tab, { label: answer.tag, writes: { prompt: text } });
        say(tab, answer.reason, false);
    } catch (error) {
        say(tab, String(error.message), true);
    }
    card.blur();
}

function onClick(event) {
    const button = event.target instanceof Element && event.target.closest(".lora-neg-card-button");
    if (!button && !event.altKey) return;
    const found = cardOf(event.target);
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    insertNegative(found);
}

// The control is added when the pointer first enters a card: there may be thousands.
function onPointerOver(event) {
    const found = cardOf(event.target);
    const row = found && found.card.querySelector(".button-row");
    if (!row || row.querySelector(".lora-neg-card-button")) return;
    const button = document.createElement("div");
    button.className = "card-button lora-neg-card-button";
    button.title = "Insert at the recommended negative weight (Alt + click on the card)";
    row.prepend(button);
}

/** Starts it once the page is built. */
export function startCards() {
    onLoaded(() => {
        wrapHost();
        gradioApp().addEventListener("click", onClick, true);
        gradioApp().addEventListener("pointerover", onPointerOver);
    });
}
