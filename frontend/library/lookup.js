// More evidence on demand: a LoRA's page on Civitai, and what its weights show.
import { renewBadges } from "../cards/badges.js";
import { button, percent } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { hasOption, option } from "../core/host.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";

const POLL_MS = 800;
const MOST_SHOWN = 8;
const OPTION = "lora_neg_civitai_lookup";
const OFF = "Off. Allow look-ups in Settings, LoRA Negative Guard: they send the file's SHA-256 to civitai.com, and nothing else.";

function isOffered() {
    return hasOption(OPTION);
}

function isAllowed() {
    return option(OPTION) === true;
}

/** What a look-up changed, in words. */
export function lookupText({ outcome, note, before, after }) {
    if (outcome !== "found") return note || translate("not known on Civitai");
    const typed = ({ type, confidence }) => (confidence ? `${type} ${percent(confidence)}` : type);
    const [old, now] = [typed(before), typed(after)];
    const changed = old === now
        ? translate("page found, type stays {type}", { type: now }) : translate("page found: {before} → {after}", { before: old, after: now });
    return note ? `${changed}; ${note}` : changed;
}

/** The look-up on Civitai and its progress, and the measuring of weights. */
export class LibraryLookup {
    constructor(library) {
        this.library = library;
        this.button = button("", "Look up unknown", () => this.lookUpUnknown());
        this.button.title = translate(isAllowed() ? "Look all LoRAs of unknown type up on Civitai" : OFF);
        this.button.disabled = !isAllowed();
        // Without a setting for it there is nothing here that looks anything up.
        this.button.hidden = !isOffered();
        this.root = element("div", "lora-neg-library-lookup");
        this.root.setAttribute("role", "status");
        this.root.hidden = true;
    }

    async lookUpUnknown() {
        try {
            const { names } = await ask("library-names", { unknown_only: true });
            if (!names.length) {
                this.library.say("No LoRA is of unknown type.");
                return;
            }
            await this.start(names);
        } catch (error) {
            this.library.fail(error);
        }
    }

    async start(names) {
        try {
            this.show(await ask("library-lookup", { names }));
            await this.follow();
        } catch (error) {
            this.library.fail(error);
        }
    }

    async follow() {
        let state = { running: true };
        while (state.running) {
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
            if (!this.root.isConnected) return;
            state = await ask("library-lookup-state", {});
            this.show(state);
        }
        await this.library.reload();
        this.library.details.reload();
        renewBadges();
    }

    show(state) {
        const { running, done, total, stopped, results } = state;
        const head = element("div", "lora-neg-lookup-head");
        const found = results.filter(({ outcome }) => outcome === "found").length;
        const text = running
            ? translate("Looking up on Civitai: {done} of {total}", { done, total })
            : translate("Looked up {done} of {total}, {found} found", { done, total, found });
        head.append(element("strong", "", text));
        if (running) {
            const bar = Object.assign(element("progress"), { max: total || 1, value: done });
            bar.setAttribute("aria-label", text);
            head.append(bar, button("", "Cancel", () => ask("library-lookup-cancel", {})));
        } else {
            head.append(button("", "Close", () => {
                this.root.hidden = true;
            }));
        }
        const list = element("ul", "lora-neg-list");
        for (const result of results.slice(-MOST_SHOWN).reverse()) {
            const item = element("li");
            item.append(userText("lora-neg-word", result.name), ` ${lookupText(result)}`);
            list.append(item);
        }
        const parts = [head, list];
        if (stopped) parts.splice(1, 0, element("p", "lora-neg-failed", translate("Stopped: {why}", { why: stopped })));
        this.root.replaceChildren(...parts);
        this.root.hidden = false;
    }

    // ---- in the details of one LoRA ---------------------------------------------------------

    detailPart(data) {
        const made = element("div", "lora-neg-more-evidence");
        const answer = element("div", "");
        answer.setAttribute("role", "status");
        const page = button("", "Look up on Civitai", () => this.start([data.name]));
        page.disabled = !isAllowed();
        page.hidden = !isOffered();
        page.title = translate(isAllowed() ? "Asks for its model page by the file's SHA-256" : OFF);
        const measure = button("", "Measure weights", async () => {
            measure.disabled = true;
            answer.replaceChildren(element("p", "lora-neg-note", translate("Measuring …")));
            try {
                answer.replaceChildren(...this.measured(await ask("library-weights", { name: data.name })));
            } catch (error) {
                answer.replaceChildren(element("p", "lora-neg-note lora-neg-failed", error.message));
            }
            measure.disabled = false;
        });
        measure.title = translate("Reads the whole file: how many directions it uses, and where it acts");
        const buttons = element("div", "lora-neg-form-buttons");
        buttons.append(page, measure);
        made.append(buttons);
        if (isOffered() && !isAllowed()) made.append(element("p", "lora-neg-note", `Civitai: ${translate(OFF)}`));
        made.append(answer);
        return made;
    }

    measured(facts) {
        const uses = translate("Uses {used} of {rank} directions in {layers} layers.", {
            used: facts.effective_rank, rank: facts.rank, layers: facts.layers,
        });
        const rank = facts.passed_over
            ? `${uses} ${translate("{count} matrices could not be measured.", { count: facts.passed_over })}` : uses;
        const leaning = facts.leans_to
            ? translate("Leans to {type} ({share}): {reason}. Weak evidence: the guard does not act on it.", {
                type: facts.leans_to, share: percent(facts.confidence), reason: facts.reason,
            })
            : translate("Its weights lean to no type.");
        const list = element("ol", "lora-neg-bars");
        for (const [block, share] of facts.energy) {
            const item = element("li");
            const bar = element("span", "lora-neg-bar");
            bar.style.setProperty("--share", `${Math.max(0.5, share * 100)}%`);
            item.append(
                element("span", "lora-neg-bar-label", block), bar,
                element("span", "lora-neg-bar-share", percent(share)),
            );
            list.append(item);
        }
        const more = facts.more_blocks ? [element("p", "lora-neg-note", translate("and {count} more blocks", { count: facts.more_blocks }))] : [];
        return [
            element("p", "lora-neg-note", rank), element("p", "lora-neg-note", leaning),
            element("p", "lora-neg-below", translate("Share of its strength by block:")), list, ...more,
        ];
    }
}
