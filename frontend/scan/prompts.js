// The prompts of a scan: as many as wanted, each with the LoRA's subject or without it.
import { button, input } from "../core/controls.js";
import { element } from "../core/elements.js";
import { translate } from "../core/translate.js";

const HELP = "Tick those that ask for what the LoRA was trained on; the others show what it does to everything else.";

/** The list of prompts, and suggestions for it. */
export class ScanPrompts {
    constructor(noteId, onChange) {
        this.noteId = noteId;
        this.onChange = onChange;
        this.suggestions = [];
        this.suggested = "[]";
        this.root = element("div", "lora-neg-scan-field");
        this.list = element("ul", "lora-neg-prompts");
        this.suggest = button("", "Suggest", () => this.useSuggestions());
        this.suggest.title = translate("Prompts from its tags, and some that have nothing to do with it");
        this.suggest.disabled = true;
        const tools = element("div", "lora-neg-scan-line");
        tools.append(button("", "Add a prompt", () => this.add({ text: "", subject: true }, true)), this.suggest);
        this.root.append(this.list, tools, element("p", "lora-neg-note", translate(HELP)));
    }

    add({ text, subject }, focus = false) {
        const item = element("li", "lora-neg-prompt");
        const box = element("textarea", "lora-neg-input");
        box.rows = 2;
        box.dir = "auto";
        box.maxLength = 4000;
        box.value = text;
        box.setAttribute("aria-label", translate("Prompt"));
        box.setAttribute("aria-describedby", this.noteId);
        const tick = input("checkbox", "Asks for its subject");
        tick.checked = subject;
        const label = element("label", "lora-neg-check");
        label.append(tick, element("span", "", translate("its subject")));
        const remove = button("lora-neg-close", "×", () => this.remove(item));
        remove.setAttribute("aria-label", translate("Remove this prompt"));
        const line = element("div", "lora-neg-scan-line");
        line.append(label, remove);
        item.append(box, line);
        this.list.append(item);
        if (focus) box.focus();
    }

    remove(item) {
        const next = item.nextElementSibling || item.previousElementSibling;
        item.remove();
        (next ? next.querySelector("textarea") : this.suggest).focus();
        this.onChange();
    }

    read() {
        return [...this.list.children].map((item) => ({
            text: item.querySelector("textarea").value,
            subject: item.querySelector("input").checked,
        }));
    }

    fill(prompts) {
        this.list.replaceChildren();
        prompts.forEach((prompt) => this.add(prompt));
    }

    // Suggestions for another LoRA; they replace what nobody has written.
    offer(prompts, use) {
        const here = this.read();
        const untouched = !here.some(({ text }) => text.trim()) || JSON.stringify(here) === this.suggested;
        this.suggestions = prompts;
        // As they were suggested before the page was loaded anew.
        if (JSON.stringify(here) === JSON.stringify(prompts)) this.suggested = JSON.stringify(here);
        this.suggest.disabled = !prompts.length;
        if (use && untouched) this.useSuggestions();
    }

    useSuggestions() {
        this.fill(this.suggestions);
        this.suggested = JSON.stringify(this.read());
        this.onChange();
    }
}
