// On demand: which LoRAs of a stack pull the same layers in opposite directions.
import { element, plainButton, userText } from "../core/elements.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";

const MOST_LORAS = 6; // fifteen pairs; each is read from the files once

/** The pairs of a stack, the LoRAs with the largest shares first, each file once. */
export function pairsOf(loras) {
    const files = new Map();
    for (const lora of loras) {
        if (lora.file && lora.unet && !files.has(lora.file)) files.set(lora.file, { name: lora.file, weight: lora.unet, share: lora.share });
    }
    const stack = [...files.values()].sort((one, other) => other.share - one.share).slice(0, MOST_LORAS)
        .map(({ name, weight }) => ({ name, weight }));
    return stack.flatMap((one, index) => stack.slice(index + 1).map((other) => [one, other]));
}

/** The button, and below it what was found out; nothing where there is no pair. */
export function conflictFinder(budget) {
    const root = element("div", "lora-neg-conflicts");
    const pairs = pairsOf(budget.loras);
    if (!pairs.length) {
        root.hidden = true;
        return root;
    }
    const status = element("p", "lora-neg-budget-note");
    status.setAttribute("role", "status");
    const list = element("div", "lora-neg-conflict-list");
    const start = plainButton("lora-neg-action", translate("Do they pull against each other?"), async () => {
        start.disabled = true;
        list.replaceChildren();
        await look(pairs, list, status, () => root.isConnected);
        start.disabled = false;
    });
    const row = element("div", "lora-neg-actions");
    row.append(start);
    root.append(row, status, list);
    return root;
}

async function look(pairs, list, status, wanted) {
    let note = "";
    for (const [index, loras] of pairs.entries()) {
        if (!wanted()) return;
        status.textContent = translate("Reading pair {done} of {total} …", { done: index + 1, total: pairs.length });
        try {
            const found = await ask("library-conflict", { loras });
            note = found.note;
            list.append(told(found));
        } catch (error) {
            const names = loras.map(({ name }) => name).join(", ");
            list.append(userText("lora-neg-conflict lora-neg-conflict-failed", `${names}: ${error.message}`));
        }
    }
    status.textContent = note;
}

function told(found) {
    const made = element("details", "lora-neg-conflict");
    const head = element("summary", found.opposed ? "lora-neg-conflict-opposed" : "");
    head.append(userText("", found.text));
    made.append(head, element("p", "lora-neg-budget-note", found.length));
    if (!found.layers.length) return made;
    const layers = element("ul", "lora-neg-conflict-layers");
    for (const { module, block, cosine } of found.layers) {
        const item = element("li");
        item.append(userText("", module), ` (${block}): ${String(cosine).replace("-", "−")}`);
        layers.append(item);
    }
    if (found.more) layers.append(element("li", "", translate("and {count} more", { count: found.more })));
    made.append(layers);
    return made;
}
