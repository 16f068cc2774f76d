// The strip under the prompt boxes of one tab: chips that say what the guard would do, with a
// popover that explains a chip and offers actions. Chips take one line, however many they are, so nothing jumps.
import { element, plainButton, userText } from "../core/elements.js";
import { inputOf, readForm, setValue, valueOf } from "../core/form.js";
import { History } from "../core/history.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { showBudget } from "../panel/budget.js";
import { showPanel } from "../panel/panel.js";
import { AnswerCache } from "./answers.js";
import { ChipRow } from "./chip_row.js";
import { exportMenu } from "./export.js";
import { chipKey, summaryText, tokenCount } from "./chips.js";
import { Notice } from "./notice.js";
import { Popover } from "./popover.js";
import { weightSweep } from "./weight_sweep.js";

const PAUSE_MS = 150;
const RETRY_MS = 2000;
const MOST_RETRIES = 5;

/** The strip of one tab: asks, shows, acts. */
export class Strip {
    /** `recheckAll` lets the strips of all tabs look again, `openInScan` shows a LoRA in the scan tab. */
    constructor(tab, recheckAll, openInScan) {
        this.tab = tab;
        this.openInScan = openInScan;
        this.history = new History();
        this.cache = new AnswerCache();
        this.asked = null;
        this.timer = 0;
        this.failures = 0;
        this.running = null;
        this.get = (name) => valueOf(tab, name);
        this.set = (name, value) => setValue(tab, name, value);
        this.root = element("div", "lora-neg-preview");
        this.root.id = `lora_neg_preview_${tab}`;
        this.popover = new Popover(this.root, (action) => this.act(action));
        this.row = new ChipRow(this.root, this.popover);
        this.tools = element("div", "lora-neg-tools");
        // Beside the tools, which are made anew at every look: an open menu stays open.
        this.row.root.append(this.tools, exportMenu(
            tab, (text) => this.tell(text), (error) => this.tell(String(error.message)),
        ));
        this.live = element("span", "lora-neg-sr");
        this.live.setAttribute("role", "status");
        this.notice = new Notice(() => {
            this.acted = true;
            recheckAll();
        }, (error) => this.fail(error));
        this.root.addEventListener("focusout", (event) => this.onFocusOut(event));
        this.root.append(this.notice.root, this.row.root, this.popover.root, this.live);
    }

    /** Puts the strip under the negative prompt; again after gradio has built that anew. */
    place() {
        const textarea = inputOf(this.tab, "negative_prompt");
        const row = textarea && (textarea.closest(".prompt-row") || textarea.closest(".block"));
        if (!row || this.root.previousElementSibling === row) return Boolean(row);
        row.after(this.root);
        return true;
    }

    /** Draws in the panel what could not be drawn before that was there. */
    catchUp() {
        if (this.budget && !this.budgetShown) this.showBudget(this.budget);
    }

    // ---- asking ----

    schedule(delay = PAUSE_MS) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.timer = 0;
            this.check();
        }, delay);
    }

    /** Asks what the guard would do with the form; `anew` also if nothing in it has changed. */
    async check(anew = false) {
        const body = readForm(this.tab);
        if (!body) return;
        const sweep = weightSweep(body);
        const key = JSON.stringify(sweep ? [body, sweep] : body);
        if (!anew && key === this.asked) return;
        this.asked = key;
        if (this.running) this.running.abort();
        if (sweep) {
            this.standAside(sweep);
            return;
        }
        if (anew) this.cache.clear();
        const known = this.cache.get(key);
        if (known) {
            this.show(known, body);
            return;
        }
        const running = new AbortController();
        this.running = running;
        try {
            const view = await ask("check", body, running.signal);
            this.failures = 0;
            this.cache.set(key, view);
            if (this.running === running) this.show(view, body);
        } catch (error) {
            if (error.name === "AbortError") return;
            this.fail(error);
            this.askAgain();
        }
    }

    // After a reload of the host's page, our routes may come later than the page.
    askAgain() {
        if (this.failures >= MOST_RETRIES) return;
        this.schedule(RETRY_MS * 2 ** this.failures);
        this.failures += 1;
    }

    fail(error) {
        this.asked = null;
        this.empty(
            element("span", "lora-neg-quiet", "The preview is not available"),
            userText("lora-neg-quiet", String(error.message)),
        );
        this.announce(translate("The preview is not available"));
    }

    // Nothing is promised for a job that varies weights on purpose.
    standAside(axis) {
        const text = translate("As typed, without the guard: {axis} varies LoRA weights", { axis });
        const note = element("span", "lora-neg-quiet lora-neg-sweep", text);
        // A narrow window has room for its first words only.
        note.title = text;
        this.empty(note);
        this.announce(text);
    }

    empty(...notes) {
        this.showBudget(null);
        this.popover.close();
        this.row.empty(...notes);
        this.tools.replaceChildren();
    }

    // ---- showing ----

    show(view, body) {
        const focused = this.acted || this.row.chips.contains(document.activeElement)
            || this.popover.root.contains(document.activeElement);
        this.acted = false;
        const openKey = this.popover.chip && chipKey(this.popover.chip);
        if (this.body && (this.body.mode !== body.mode || this.body.enabled !== body.enabled)) this.flash();
        this.body = body;
        this.root.dataset.mode = view.mode.toLowerCase();
        this.notice.show(view.notice);
        this.showBudget(view.budget);
        this.row.show(view, this.quiet(view));
        this.tools.replaceChildren(...this.toolButtons(view));
        const again = view.chips.findIndex((chip) => chipKey(chip) === openKey);
        if (openKey && again >= 0) this.popover.show(view.chips[again], this.row.buttons[again]);
        else this.popover.close();
        if (focused && hasNoFocus()) this.focusSomewhere();
        this.announce(summaryText(view));
        this.row.measure();
    }

    // The panel may be built later than the first answer is there.
    showBudget(budget) {
        this.budget = budget;
        this.budgetShown = showBudget(this.tab, budget, (action) => this.act(action));
    }

    // A pasted infotext may have switched the guard: show where to look.
    flash() {
        this.root.classList.remove("lora-neg-flash");
        void this.root.offsetWidth;
        this.root.classList.add("lora-neg-flash");
    }

    quiet(view) {
        if (view.mode === "Off") return element("span", "lora-neg-quiet", "The guard is off in this tab");
        if (view.mode === "Advise") return element("span", "lora-neg-quiet", "Nothing for the guard to advise");
        return element("span", "lora-neg-quiet", "Nothing for the guard to change");
    }

    toolButtons(view) {
        const made = [];
        const step = this.history.last(this.get);
        if (step) {
            const undo = plainButton("lora-neg-tool lora-neg-undo", "Undo", () => this.undo());
            undo.title = step.label;
            made.push(undo);
        }
        if (Object.keys(view.everything).length && view.changes > 1) {
            const all = { label: "Apply all", writes: view.everything };
            made.push(plainButton("lora-neg-tool lora-neg-all", "Apply all", () => this.act(all)));
        }
        const tokens = view.tokens && tokenCount(view.tokens);
        if (tokens) made.push(tokens);
        const panel = plainButton("lora-neg-tool lora-neg-to-panel", "⚙", () => showPanel(this.tab));
        panel.title = translate("Go to the guard's panel");
        panel.setAttribute("aria-label", panel.title);
        made.push(panel);
        return made;
    }

    announce(text) {
        if (this.live.textContent !== text) this.live.textContent = text;
    }

    /** Says a sentence that has no chip; shows it, too, where something was refused. */
    say(text, refused) {
        this.announce(text);
        if (refused) this.row.note(element("span", "lora-neg-quiet lora-neg-refused", text));
    }

    /** Shows a sentence in place of the chips until the strip looks again. */
    tell(text) {
        this.announce(text);
        const shown = userText("lora-neg-quiet lora-neg-told", text);
        shown.title = text;
        this.row.chips.replaceChildren(shown);
    }

    focusSomewhere() {
        const next = this.tools.querySelector(".lora-neg-undo") || this.row.buttons[0] || inputOf(this.tab, "negative_prompt");
        if (next) next.focus();
    }

    // ---- acting ----

    act(action) {
        const now = JSON.stringify(readForm(this.tab));
        // The form changed since this action was worked out: look again first.
        if (now !== JSON.stringify(this.body)) {
            this.check();
            return;
        }
        if (action.kind === "scan") {
            this.popover.close();
            this.openInScan(action.lora);
        } else if (action.lora) this.allowAlways(action);
        else this.perform(action);
    }

    // A decision about a LoRA, kept by the server; the library shows and changes it, too.
    async allowAlways(action) {
        this.popover.close();
        try {
            const result = await ask("library-edit", { names: [action.lora], set: { guard_off: true } });
            if (result.failed || !result.saved) throw new Error(result.notes[0] || "nothing was saved");
            // The library's own history: it knows whether anybody has decided anew since.
            const takeBack = () => ask("library-undo", { step: result.step });
            this.history.remember(action.label, () => takeBack().then(() => this.check(true), (error) => this.fail(error)));
            this.acted = true;
            this.announce(translate("Done: {what}", { what: action.label }));
            this.check(true);
        } catch (error) {
            this.fail(error);
        }
    }

    /** Writes what an action changes into the form. */
    perform(action) {
        this.acted = this.root.contains(document.activeElement);
        this.popover.close();
        const changes = this.history.apply(action.label, action.writes, this.get, this.set);
        if (changes) this.announce(translate("Done: {what}", { what: action.label }));
        this.check();
    }

    undo() {
        this.acted = true;
        const step = this.history.undo(this.get, this.set);
        if (step) this.announce(translate("Undone: {what}", { what: step.label }));
        this.check();
    }

    onFocusOut(event) {
        if (this.root.contains(event.relatedTarget)) return;
        if (event.relatedTarget === null && this.root.matches(":hover")) return;
        this.popover.close();
    }
}

function hasNoFocus() {
    const at = document.activeElement;
    return !at || at === document.body || !at.isConnected || at.offsetParent === null;
}
