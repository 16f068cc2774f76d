// What the popover says about a chip.
import { bleedingCurve } from "../core/curve.js";
import { element, plainButton, userText } from "../core/elements.js";
import { hasTab } from "../core/host.js";
import { budgetBar } from "../panel/budget.js";
import { translate } from "../core/translate.js";

const MOST_FACTS = 6;

// What one click may do at once; leave to do as one likes is never the first thing offered.
const OFFERED_FIRST = new Set(["fix", "apply", "cfg"]);

const FIGURES = { budget: (data) => budgetBar(data), curve: bleedingCurve };

function figure({ kind, data }) {
    return FIGURES[kind] ? FIGURES[kind](data) : null;
}

/** What the popover says about a chip; `act` does one of its actions, `whole` repeats what it cuts. */
export function explanation(chip, act, whole = false) {
    const head = element("div", "lora-neg-head");
    head.append(element("strong", "", chip.title), element("span", "lora-neg-rule", chip.rule));
    const effect = chip.tone === "change" ? "will be changed" : chip.tone === "advice" ? "advice" : "note";
    head.append(element("span", `lora-neg-tone lora-neg-${chip.tone}`, effect));
    const made = [head];
    if (whole) {
        const names = [chip.lead, chip.before, chip.after, chip.subject].filter(Boolean).join(" ");
        const line = element("p", "lora-neg-whole");
        line.append(userText("", names));
        made.push(line);
    }
    made.push(element("p", "lora-neg-reason", chip.reason));
    if (chip.used) made.push(element("p", "lora-neg-used", chip.used));
    const drawn = chip.figure && figure(chip.figure);
    // A curve is for whoever wants to know more: what can be done stays in view.
    const below = chip.figure && chip.figure.kind === "curve";
    if (drawn && !below) made.push(drawn);
    if (chip.evidence.length) {
        const list = element("ul", "lora-neg-evidence");
        list.append(...chip.evidence.slice(0, MOST_FACTS).map((fact) => element("li", "", fact)));
        made.push(list);
    }
    if (chip.source) {
        const source = element("p", "lora-neg-source");
        source.append(element("span", "", "Source:"), " ", userText("", chip.source));
        made.push(source);
    }
    // A host may have no scan tab.
    const canScan = hasTab("lora_neg_scan", "LoRA Scan", translate("LoRA Scan"));
    const offered = chip.actions.filter(({ kind }) => kind !== "scan" || canScan);
    if (offered.length) {
        const row = element("div", "lora-neg-actions");
        row.append(...offered.map((action, index) => {
            const kind = index || !OFFERED_FIRST.has(action.kind) ? "" : " lora-neg-first";
            return plainButton(`lora-neg-action${kind}`, action.label, () => act(action));
        }));
        made.push(row);
    }
    if (drawn && below) made.push(drawn);
    return made;
}
