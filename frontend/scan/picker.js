// Choosing a LoRA for the scan: a box to search in and the list of what it finds, with badges.
import { button, input, typeMark } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { rowAfterKey } from "../core/keys.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";

const PAUSE_MS = 150;
let made = 0;

/** An ARIA combobox over the LoRAs that the server finds. */
export class ScanPicker {
    constructor(onChoose, onError) {
        this.onChoose = onChoose;
        this.onError = onError;
        this.rows = [];
        this.active = -1;
        this.turn = 0;
        this.id = `lora_neg_scan_picker_${++made}`;
        this.root = element("div", "lora-neg-picker");
        this.box = input("text", "LoRA", {
            placeholder: "Search a LoRA by name, folder or trigger", maxlength: "200",
            role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list",
            "aria-controls": this.id, autocomplete: "off", spellcheck: "false",
        });
        this.box.dir = "auto";
        this.list = element("ul", "lora-neg-picker-list");
        this.list.id = this.id;
        this.list.setAttribute("role", "listbox");
        this.list.setAttribute("aria-label", translate("LoRAs"));
        this.list.hidden = true;
        this.note = element("p", "lora-neg-note");
        this.note.hidden = true;
        const clear = button("lora-neg-close", "×", () => {
            this.box.value = "";
            this.box.focus();
            this.search();
        });
        clear.setAttribute("aria-label", translate("Search again"));
        const line = element("div", "lora-neg-picker-line");
        line.append(this.box, clear);
        this.root.append(line, this.list, this.note);
        this.box.addEventListener("input", () => {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.search(), PAUSE_MS);
        });
        this.box.addEventListener("focus", () => this.box.select());
        this.box.addEventListener("click", () => this.list.hidden && this.search());
        this.box.addEventListener("keydown", (event) => this.onKey(event));
        this.box.addEventListener("blur", () => setTimeout(() => this.leave(), 150));
        this.list.addEventListener("mousedown", (event) => event.preventDefault());
        this.list.addEventListener("click", (event) => {
            const item = event.target.closest("[data-index]");
            if (item) this.choose(Number(item.dataset.index));
        });
    }

    show(name) {
        this.name = name;
        this.box.value = name;
    }

    async search() {
        const turn = ++this.turn;
        const text = this.box.value === this.name ? "" : this.box.value;
        try {
            const { rows, matched } = await ask("scan-loras", { search: text });
            if (turn === this.turn) this.open(rows, matched);
        } catch (error) {
            this.onError(error);
        }
    }

    open(rows, matched) {
        this.rows = rows;
        this.active = rows.length ? Math.max(0, rows.findIndex(({ name }) => name === this.name)) : -1;
        this.list.replaceChildren(...rows.map((row, index) => this.item(row, index)));
        this.list.hidden = !rows.length;
        const more = matched - rows.length;
        this.note.textContent = rows.length
            ? more > 0 ? translate("and {count} more; search to narrow them down", { count: more }) : ""
            : translate("No LoRA matches.");
        this.note.hidden = !this.note.textContent;
        this.box.setAttribute("aria-expanded", String(!this.list.hidden));
        this.mark();
    }

    item(row, index) {
        const made = element("li", "lora-neg-picker-item");
        made.id = `${this.id}_${index}`;
        made.setAttribute("role", "option");
        made.dataset.index = String(index);
        made.classList.toggle("lora-neg-pale", !row.fits);
        const texts = element("span", "lora-neg-stack");
        const name = userText("lora-neg-name", row.name);
        name.title = row.name;
        const facts = row.read === false ? [translate("not read yet")] : [
            row.type_name, row.range_source && row.range, row.family !== "unknown" && row.family,
            !row.fits && translate("not for this checkpoint"),
        ];
        const below = element("bdi", "lora-neg-below", facts.filter(Boolean).join(" · "));
        below.dir = "ltr";
        texts.append(name, below);
        made.append(typeMark(row.type || "unknown", row.letter), texts);
        return made;
    }

    mark() {
        [...this.list.children].forEach((item, index) => {
            item.setAttribute("aria-selected", String(index === this.active));
            if (index === this.active) item.scrollIntoView({ block: "nearest" });
        });
        if (this.active >= 0) this.box.setAttribute("aria-activedescendant", `${this.id}_${this.active}`);
        else this.box.removeAttribute("aria-activedescendant");
    }

    onKey(event) {
        const to = rowAfterKey(this.active, this.rows.length, event.key, 6);
        if (event.key === "Escape" && !this.list.hidden) this.close();
        else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) this.choose(this.active);
        else if (event.key === "ArrowDown" && this.list.hidden) this.search();
        else if (to !== null && !this.list.hidden && event.key !== "Home" && event.key !== "End") {
            this.active = to;
            this.mark();
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    choose(index) {
        const row = this.rows[index];
        this.close();
        if (!row) return;
        this.show(row.name);
        this.onChoose(row.name);
    }

    close() {
        clearTimeout(this.timer); // a search that is still to begin would open the list again
        this.turn++;
        this.list.hidden = true;
        this.note.hidden = true;
        this.box.setAttribute("aria-expanded", "false");
        this.box.removeAttribute("aria-activedescendant");
    }

    // Somebody went elsewhere without choosing: what was chosen before stands there again.
    leave() {
        if (this.root.contains(document.activeElement)) return;
        this.close();
        if (this.name) this.box.value = this.name;
    }
}
