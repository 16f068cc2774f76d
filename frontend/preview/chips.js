// What a chip shows, and what is told about all of them.
import { element, userText } from "../core/elements.js";
import { translate } from "../core/translate.js";

/** What stays of a chip while its numbers change. */
export function chipKey(chip) {
    return [chip.rule, chip.field, chip.lead, chip.subject].join("|");
}

/** What a screen reader hears when the preview has changed. */
export function summaryText(view) {
    if (view.mode === "Off") return translate("LoRA Negative Guard is off");
    if (!view.changes && !view.advice) return translate("LoRA Negative Guard: nothing to change");
    const counts = { changes: view.changes, advice: view.advice };
    return translate("LoRA Negative Guard: {changes} to change, {advice} to consider", counts);
}

/** What the strip has no room for, by kind. */
export function leftOutText(changes, advice) {
    const parts = [];
    if (changes) parts.push(translate("+{changes} to change", { changes }));
    if (advice) parts.push(translate("+{advice} to consider", { advice }));
    return parts.join(" ");
}

/** Whether a name or a text of others does not fit into its chip. */
export function isShortened(chip) {
    return [...chip.querySelectorAll("bdi")].some((piece) => piece.scrollWidth > piece.clientWidth);
}

/** Whether the last words of a chip, which are ours, do not fit. */
export function isCut(chip) {
    return chip.scrollWidth > chip.clientWidth || [...chip.querySelectorAll(".lora-neg-tail")]
        .some((piece) => piece.scrollWidth > piece.clientWidth);
}

/** The neighbour that an arrow key leads to among `count` chips, or null. */
export function nextChip(index, count, key, rightToLeft) {
    const forward = rightToLeft ? "ArrowLeft" : "ArrowRight";
    const back = rightToLeft ? "ArrowRight" : "ArrowLeft";
    if (key === forward) return (index + 1) % count;
    if (key === back) return (index - 1 + count) % count;
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    return null;
}

/** The pieces of a chip, one element each, so that a localization finds whole words. */
export function chipParts(chip) {
    const made = [userText("lora-neg-lead", chip.lead)];
    if (chip.before) made.push(userText("lora-neg-before", chip.before));
    if (chip.after) {
        const arrow = element("span", "lora-neg-arrow", "→");
        arrow.setAttribute("role", "img");
        arrow.setAttribute("aria-label", translate("becomes"));
        made.push(arrow, userText("lora-neg-after", chip.after));
    }
    if (chip.done) made.push(element("span", "lora-neg-done", chip.done));
    if (chip.tail) made.push(element("span", "lora-neg-tail", chip.tail));
    if (chip.subject) made.push(userText("lora-neg-tail", chip.subject));
    return made;
}

/**
 * Tokens of the negative prompt, where the guard changes their number; the host counts them, too.
 */
export function tokenCount({ before, after }) {
    if (before[0] === after[0]) return null;
    const made = element("span", "lora-neg-tokens");
    made.append(element("span", "", "tokens"), ` ${before[0]} → ${after[0]}/${after[1]}`);
    made.title = translate("Tokens of the negative prompt before and after the guard, and what its chunks of 75 hold");
    return made;
}
