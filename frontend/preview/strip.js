// The strip under the prompt boxes of one tab: chips that say what the guard would do, with a
// popover that explains a chip and offers actions. One line high whatever it shows, so nothing jumps.
import { element, plainButton, userText } from "../core/elements.js";
import { inputOf, readForm, setValue, valueOf } from "../core/form.js";
import { History } from "../core/history.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { refreshNotice, showPanel } from "../panel/panel.js";
import { AnswerCache } from "./answers.js";
import { chipKey, chipParts, isCut, leftOutText, nextChip, summaryText, tokenCount } from "./chips.js";
import { Popover } from "./popover.js";
import { weightSweep } from "./weight_sweep.js";

const PAUSE_MS = 150;

export class Strip {
    constructor(tab, onAnswered) {
        this.tab = tab;
        this.onAnswered = onAnswered;
        this.history = new History();
        this.cache = new AnswerCache();
        this.asked = null;
        this.view = null;
        this.timer = 0;
        this.running = null;
        this.get = (name) => valueOf(tab, name);
        this.set = (name, value) => setValue(tab, name, value);
        this.build();
    }

    build() {
        this.root = element("div", "lora-neg-preview");
        this.root.id = `lora_neg_preview_${this.tab}`;
        this.line = element("div", "lora-neg-line");
        this.chips = element("div", "lora-neg-chips");
        this.chips.setAttribute("role", "group");
        this.chips.setAttribute("aria-label", translate("What the guard would do"));
        this.chips.addEventListener("keydown", (event) => this.onChipKey(event));
        this.more = plainButton("lora-neg-tool lora-neg-overflow", "", () => this.expand());
        this.more.setAttribute("aria-expanded", "false");
        this.more.hidden = true;
        this.tools = element("div", "lora-neg-tools");
        this.live = element("span", "lora-neg-sr");
        this.live.setAttribute("role", "status");
        this.popover = new Popover(this.root, (action) => this.act(action));
        // One line means its first one, whatever has the focus.
        this.line.addEventListener("scroll", () => {
            if (!this.root.classList.contains("lora-neg-open")) this.line.scrollTop = 0;
        });
        this.root.addEventListener("focusout", (event) => this.onFocusOut(event));
        this.line.append(this.chips, this.more, this.tools);
        this.notice = element("div", "lora-neg-notice");
        this.notice.hidden = true;
        this.notice.setAttribute("role", "group");
        this.root.append(this.notice, this.line, this.popover.root, this.live);
        if (typeof ResizeObserver === "function") {
            new ResizeObserver(() => this.measure()).observe(this.line);
        }
    }

    // Puts the strip under the negative prompt; again after gradio has built that anew.
    place() {
        const textarea = inputOf(this.tab, "negative_prompt");
        const row = textarea && (textarea.closest(".prompt-row") || textarea.closest(".block"));
        if (!row || this.root.previousElementSibling === row) return Boolean(row);
        row.after(this.root);
        return true;
    }

    // ---- asking ----

    schedule(delay = PAUSE_MS) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.timer = 0;
            this.check();
        }, delay);
    }

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
            this.cache.set(key, view);
            if (this.running === running) this.show(view, body);
        } catch (error) {
            if (error.name !== "AbortError") this.fail(error);
        }
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
        const text = translate("{axis} varies LoRA weights: this job is made as typed, without the guard", { axis });
        this.empty(element("span", "lora-neg-quiet lora-neg-sweep", text));
        this.announce(text);
    }

    // Shows notes and no chips.
    empty(...notes) {
        this.view = null;
        this.buttons = [];
        this.popover.close();
        this.chips.replaceChildren(...notes);
        this.tools.replaceChildren();
        this.more.hidden = true;
    }

    // ---- showing ----

    show(view, body) {
        const focused = this.acted || this.chips.contains(document.activeElement) || this.popover.root.contains(document.activeElement);
        this.acted = false;
        const openKey = this.popover.chip && chipKey(this.popover.chip);
        if (this.body && (this.body.mode !== body.mode || this.body.enabled !== body.enabled)) this.flash();
        this.view = view;
        this.body = body;
        this.root.dataset.mode = view.mode.toLowerCase();
        this.showNotice(view.notice);
        this.buttons = view.chips.map((chip) => this.chipButton(chip));
        if (this.buttons.length) this.buttons[0].tabIndex = 0;
        this.chips.replaceChildren(...(this.buttons.length ? this.buttons : [this.quiet(view)]));
        this.tools.replaceChildren(...this.toolButtons(view));
        const again = view.chips.findIndex((chip) => chipKey(chip) === openKey);
        if (openKey && again >= 0) this.popover.show(view.chips[again], this.buttons[again]);
        else this.popover.close();
        if (focused && hasNoFocus()) this.focusSomewhere();
        this.announce(summaryText(view));
        this.measure();
    }

    // What the guard does, at the first run: it stays until it is answered, here or elsewhere.
    showNotice(notice) {
        this.notice.hidden = !notice;
        if (!notice) {
            this.notice.replaceChildren();
            return;
        }
        if (this.notice.childElementCount) return;
        const answers = element("div", "lora-neg-answers");
        answers.append(...notice.answers.map(({ label, mode }, index) =>
            plainButton(`lora-neg-action${index ? "" : " lora-neg-first"}`, label, () => this.answer(mode))));
        this.notice.setAttribute("aria-label", notice.title);
        this.notice.append(element("strong", "", notice.title), " ", element("span", "", notice.text), answers);
    }

    async answer(mode) {
        try {
            await ask("notice", { mode });
            this.acted = true;
            refreshNotice();
            this.onAnswered();
        } catch (error) {
            this.fail(error);
        }
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

    chipButton(chip) {
        const made = plainButton(`lora-neg-chip lora-neg-${chip.tone}`, "", () => this.popover.toggle(chip, made));
        made.tabIndex = -1;
        made.dataset.rule = chip.rule;
        made.setAttribute("aria-expanded", "false");
        made.append(...chipParts(chip));
        made.addEventListener("pointerenter", () => this.popover.hoverBegins(chip, made));
        made.addEventListener("pointerleave", () => this.popover.hoverEnds());
        return made;
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

    // Chips that do not fit into the line are counted by kind; the count opens the line downwards.
    measure() {
        if (!this.buttons || !this.view || this.root.classList.contains("lora-neg-open")) return;
        // A chip wider than the line loses its last words as a whole, not half of one.
        for (const chip of this.buttons) {
            chip.classList.remove("lora-neg-short");
            chip.classList.toggle("lora-neg-short", isCut(chip));
        }
        // The count itself takes room, so what fits is looked at once more.
        this.count();
        if (!this.more.hidden) this.count();
    }

    count() {
        const fits = this.view.chips.filter((_, index) => this.buttons[index].offsetTop <= this.chips.offsetTop + 8);
        const changes = this.view.changes - fits.filter(({ tone }) => tone === "change").length;
        const all = this.view.chips.length + this.view.left_out - fits.length;
        this.more.hidden = all === 0;
        this.more.textContent = leftOutText(changes, all - changes);
        this.more.removeAttribute("aria-label");
        this.more.title = translate("Show {count} more", { count: all });
    }

    expand(open = !this.root.classList.contains("lora-neg-open")) {
        this.popover.close();
        this.root.classList.toggle("lora-neg-open", open);
        this.more.setAttribute("aria-expanded", String(open));
        if (open) {
            this.more.textContent = "−";
            this.more.setAttribute("aria-label", translate("Show one line"));
        } else {
            this.measure();
        }
    }

    announce(text) {
        if (this.live.textContent !== text) this.live.textContent = text;
    }

    focusSomewhere() {
        const next = this.tools.querySelector(".lora-neg-undo") || this.buttons[0] || inputOf(this.tab, "negative_prompt");
        if (next) next.focus();
    }

    // ---- acting ----

    act(action) {
        const now = JSON.stringify(readForm(this.tab));
        // The boxes changed since this action was worked out: look again first.
        if (now !== JSON.stringify(this.body)) {
            this.check();
            return;
        }
        if (action.lora) this.allowAlways(action);
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

    // ---- keys ----

    onChipKey(event) {
        const at = event.target.closest(".lora-neg-chip");
        const index = this.buttons ? this.buttons.indexOf(at) : -1;
        if (index < 0) return;
        if (event.key === "ArrowDown") {
            this.popover.show(this.view.chips[index], at, true);
            this.popover.focusFirst();
            event.preventDefault();
            return;
        }
        if (event.key === "Escape") {
            this.popover.escape(event);
            return;
        }
        const rightToLeft = getComputedStyle(this.root).direction === "rtl";
        const next = nextChip(index, this.buttons.length, event.key, rightToLeft);
        if (next === null) return;
        event.preventDefault();
        at.tabIndex = -1;
        const chip = this.buttons[next];
        chip.tabIndex = 0;
        if (chip.offsetTop > this.chips.offsetTop + 8) this.expand(true);
        chip.focus();
        this.popover.show(this.view.chips[next], chip, true);
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
