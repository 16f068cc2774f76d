// The stacking budget of a prompt: one bar, a piece for each LoRA, the limit marked on it.
import { element, plainButton, userText } from "../core/elements.js";
import { find, panelPart } from "../core/host.js";
import { translate } from "../core/translate.js";
import { conflictFinder } from "./conflicts.js";

const HUES = 6;

/** How far the bar reaches: beyond the sum from which pictures degrade, and beyond the sum itself. */
export function reachOf({ total, degraded, limit }) {
    return Math.max(total, degraded, limit) * 1.05;
}

/** The places of the pieces on the bar, in per cent of it; what is not counted has none. */
export function piecesOf(budget) {
    const reach = reachOf(budget);
    let start = 0;
    return budget.loras.filter(({ share }) => share > 0).map(({ name, share }) => {
        const piece = { name, start: start / reach * 100, width: share / reach * 100 };
        start += share;
        return piece;
    });
}

/** The bar with its sentence, its LoRAs and its button; `act` does what the button says. */
export function budgetBar(budget, act) {
    const root = element("div", "lora-neg-budget-figure");
    const line = element("p", "lora-neg-budget-line");
    line.append(element("strong", budget.exceeded ? "lora-neg-budget-over" : "", budget.text));
    if (budget.note) line.append(" ", element("span", "lora-neg-budget-note", `(${budget.note})`));
    root.append(line, bar(budget), names(budget));
    if (budget.action && act) {
        const row = element("div", "lora-neg-actions");
        row.append(plainButton("lora-neg-action lora-neg-first", budget.action.label, () => act(budget.action)));
        root.append(row);
    }
    if (act) root.append(conflictFinder(budget));
    return root;
}

function bar(budget) {
    const made = element("div", "lora-neg-budget-bar");
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", budget.text);
    piecesOf(budget).forEach(({ name, start, width }, index) => {
        const piece = element("span", "lora-neg-budget-piece");
        piece.dataset.hue = String(index % HUES);
        piece.style.insetInlineStart = `${start}%`;
        piece.style.width = `${width}%`;
        piece.title = name;
        made.append(piece);
    });
    for (const [kind, at] of [["limit", budget.limit], ["degraded", budget.degraded]]) {
        const mark = element("span", `lora-neg-budget-mark lora-neg-budget-${kind}`);
        mark.style.insetInlineStart = `${at / reachOf(budget) * 100}%`;
        mark.title = kind === "limit"
            ? translate("Limit: {weight}", { weight: at }) : translate("Degraded from {weight}", { weight: at });
        made.append(mark);
    }
    return made;
}

function names(budget) {
    const list = element("ul", "lora-neg-budget-names");
    let hue = 0;
    for (const { name, weight, share, note, counted } of budget.loras) {
        const item = element("li", counted ? "" : "lora-neg-budget-left");
        const mark = element("span", "lora-neg-budget-swatch");
        if (share > 0) {
            mark.dataset.hue = String(hue % HUES);
            hue += 1;
        }
        item.append(mark, userText("lora-neg-budget-name", name), " ", element("span", "lora-neg-budget-weight", weight));
        if (note) item.append(" ", element("span", "lora-neg-budget-note", note));
        list.append(item);
    }
    if (budget.more) list.append(element("li", "lora-neg-budget-note", budget.more));
    return list;
}

/** Draws the bar into the panel of a tab; nothing for null. Says whether there is a place for it. */
export function showBudget(tab, budget, act) {
    const place = find(`${panelPart(tab, "budget")} .lora-neg-budget`);
    if (!place) return false;
    // What has the focus in it stays while nothing changes.
    const drawn = JSON.stringify(budget);
    if (place.dataset.drawn === drawn) return true;
    place.dataset.drawn = drawn;
    place.hidden = !budget;
    place.replaceChildren(...(budget ? [budgetBar(budget, act)] : []));
    return true;
}
