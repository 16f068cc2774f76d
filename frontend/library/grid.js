// The library's list: only the rows in view are drawn; arrow keys, selection, sorting.
import { button, input } from "../core/controls.js";
import { element } from "../core/elements.js";
import { rowAfterKey } from "../core/keys.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { PAGE, Pages, ROW_HEIGHT, windowOf } from "./pages.js";
import { row } from "./row.js";

const FOLLOW_MS = 200;

const COLUMNS = [
    { id: "name", label: "Name" },
    { id: "type", label: "Type" },
    { id: "family", label: "Family" },
    { id: "range", label: "Range", hint: "The range in force, and where it is from" },
    { id: "triggers", label: "Triggers" },
    { id: "evidence", label: "Evidence" },
    { id: "problems", label: "Problems" },
];

/** The list as an ARIA grid with one stop of Tab. */
export class LibraryGrid {
    constructor(library) {
        this.library = library;
        this.pages = new Pages();
        this.selected = new Set();
        this.anchor = -1;
        this.active = -1;
        this.root = element("div", "lora-neg-library-main");
        this.root.append(this.buildGrid(), this.buildOverlay());
    }

    // Forgets what is active; the selection stays.
    toTop() {
        this.grid.scrollTop = 0;
        this.active = this.anchor = -1;
    }

    // Takes rows of the current query.
    put(offset, rows) {
        this.pages.put(offset, rows);
        this.active = Math.min(this.active, this.library.matched - 1);
    }

    // Offset of the page at the upper edge.
    get pageInView() {
        const count = this.library.matched || PAGE;
        const { first } = windowOf(this.grid.scrollTop, this.grid.clientHeight, count);
        return Math.floor(first / PAGE) * PAGE;
    }

    showSort({ sort, descending }) {
        for (const { id, cell } of this.heads) {
            const order = descending ? "descending" : "ascending";
            cell.setAttribute("aria-sort", sort === id ? order : "none");
        }
        this.grid.setAttribute("aria-rowcount", String(this.library.matched + 1));
    }

    focus() {
        this.grid.focus();
        this.activate(Math.max(0, this.active));
    }

    showSelection() {
        const count = this.selected.size;
        const { matched } = this.library;
        this.allBox.checked = count > 0 && count >= matched;
        this.allBox.indeterminate = count > 0 && count < matched;
        this.library.showSelection(count);
    }

    buildGrid() {
        this.grid = element("div", "lora-neg-grid");
        this.grid.id = "lora_neg_library_grid";
        this.grid.tabIndex = 0;
        this.grid.setAttribute("role", "grid");
        this.grid.setAttribute("aria-label", translate("LoRAs"));
        this.grid.setAttribute("aria-multiselectable", "true");
        this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
        this.grid.addEventListener("keydown", (event) => this.onKey(event));
        this.grid.addEventListener("click", (event) => this.onClick(event));
        const head = element("div", "lora-neg-grid-row lora-neg-grid-head");
        head.setAttribute("role", "row");
        head.setAttribute("aria-rowindex", "1");
        this.allBox = input("checkbox", "Select all matching LoRAs");
        this.allBox.tabIndex = -1;
        this.allBox.addEventListener("change", () => {
            if (this.allBox.checked) this.selectMatching();
            else this.deselect();
        });
        const boxCell = element("div", "lora-neg-cell lora-neg-cell-box");
        boxCell.setAttribute("role", "columnheader");
        boxCell.append(this.allBox);
        head.append(boxCell);
        this.heads = COLUMNS.map(({ id, label, hint }) => {
            const cell = element("div", `lora-neg-cell lora-neg-cell-${id}`);
            cell.setAttribute("role", "columnheader");
            if (hint) cell.title = translate(hint);
            cell.append(button("lora-neg-sort", label, () => this.library.sort(id)));
            head.append(cell);
            return { id, cell };
        });
        this.space = element("div", "lora-neg-grid-space");
        this.space.setAttribute("role", "rowgroup");
        this.rows = element("div", "lora-neg-grid-rows");
        this.rows.setAttribute("role", "presentation");
        this.space.append(this.rows);
        this.grid.append(head, this.space);
        if (typeof ResizeObserver === "function") new ResizeObserver(() => this.draw()).observe(this.grid);
        return this.grid;
    }

    buildOverlay() {
        this.empty = element("div", "lora-neg-library-empty");
        this.empty.hidden = true;
        return this.empty;
    }

    draw() {
        this.space.style.height = `${this.library.matched * ROW_HEIGHT}px`;
        const { first, last } = windowOf(this.grid.scrollTop, this.grid.clientHeight, this.library.matched);
        this.pages.missing(first, last).forEach((offset) => this.library.fetchPage(offset));
        this.rows.style.transform = `translateY(${first * ROW_HEIGHT}px)`;
        const drawn = [];
        for (let index = first; index < last; index++) drawn.push(this.drawRow(index));
        this.rows.replaceChildren(...drawn);
        if (this.active >= first && this.active < last) {
            this.grid.setAttribute("aria-activedescendant", this.rowId(this.active));
        } else this.grid.removeAttribute("aria-activedescendant");
        this.showSelection();
        this.showEmpty();
    }

    rowId(index) {
        return `lora_neg_library_row_${index}`;
    }

    drawRow(index) {
        const data = this.pages.row(index);
        const made = row(data, this.rowId(index), index, {
            selected: Boolean(data) && this.selected.has(data.name),
            open: Boolean(data) && this.library.details.name === data.name,
            words: this.library.words,
        });
        made.classList.toggle("lora-neg-active", index === this.active);
        return made;
    }

    showEmpty() {
        this.empty.hidden = this.library.matched > 0 || !this.library.asked;
        if (this.empty.hidden) return;
        this.empty.replaceChildren();
        if (!this.library.total) {
            this.empty.append(
                element("p", "lora-neg-empty-head", translate("No LoRAs here yet")),
                element("p", "", translate("Put LoRA files into the WebUI's LoRA folder and press Refresh.")),
            );
            return;
        }
        this.empty.append(
            element("p", "lora-neg-empty-head", translate("No LoRA matches")),
            button("", "Show all", () => this.library.showAll()),
        );
    }

    onClick(event) {
        const row = event.target.closest(".lora-neg-grid-row[data-index]");
        if (!row) return;
        const index = Number(row.dataset.index);
        const box = event.target.closest("input[type=checkbox], .lora-neg-cell-box");
        this.active = index;
        if (event.shiftKey && this.anchor >= 0) this.selectRange(this.anchor, index);
        else if (box || event.ctrlKey || event.metaKey) this.toggle(index);
        else this.open(index);
        this.draw();
    }

    onKey(event) {
        if (event.target !== this.grid) return;
        const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW_HEIGHT) - 2);
        const to = rowAfterKey(this.active, this.library.matched, event.key, page);
        if (to !== null) {
            if (event.shiftKey) this.selectRange(this.anchor >= 0 ? this.anchor : this.active, to);
            this.activate(to, event.shiftKey);
        } else if (event.key === " ") this.toggle(this.active);
        else if (event.key === "Enter") this.open(this.active, true);
        else if (event.key === "Escape") this.escape();
        else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) this.selectMatching();
        else return;
        event.preventDefault();
        event.stopPropagation();
    }

    escape() {
        if (this.library.details.name) this.library.details.close();
        else this.deselect();
    }

    activate(index, keepAnchor = false) {
        this.active = index;
        if (!keepAnchor) this.anchor = index;
        const top = index * ROW_HEIGHT;
        const head = this.grid.firstChild.offsetHeight;
        const visible = this.grid.clientHeight - head;
        if (top < this.grid.scrollTop) this.grid.scrollTop = top;
        else if (top + ROW_HEIGHT > this.grid.scrollTop + visible) {
            this.grid.scrollTop = top + ROW_HEIGHT - visible;
        }
        this.draw();
        if (this.library.details.name) {
            clearTimeout(this.follow);
            this.follow = setTimeout(() => this.open(this.active), FOLLOW_MS);
        }
    }

    open(index, focus = false) {
        const data = this.pages.row(index);
        this.anchor = index;
        if (data) this.library.details.show(data.name, focus);
    }

    toggle(index) {
        const data = this.pages.row(index);
        if (!data) return;
        if (!this.selected.delete(data.name)) this.selected.add(data.name);
        this.anchor = index;
        this.draw();
    }

    async selectRange(from, to) {
        const [first, last] = from < to ? [from, to] : [to, from];
        if (this.pages.missing(first, last + 1).length) {
            const { names } = await ask("library-names", this.library.query).catch(() => ({ names: [] }));
            names.slice(first, last + 1).forEach((name) => this.selected.add(name));
        } else {
            for (let index = first; index <= last; index++) this.selected.add(this.pages.row(index).name);
        }
        this.draw();
    }

    async selectMatching() {
        try {
            const { names } = await ask("library-names", this.library.query);
            names.forEach((name) => this.selected.add(name));
            this.draw();
        } catch (error) {
            this.library.fail(error);
        }
    }

    deselect() {
        this.selected.clear();
        this.draw();
    }
}
