// The grid of a scan: a column per weight, a row per prompt and seed, filled as pictures arrive.
import { button, input } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { fileAddress } from "../core/server.js";
import { translate } from "../core/translate.js";
import { fittingWidth, gridMove, isDamaged, thumbnailSide } from "./cells.js";
import { ScanPicture } from "./picture.js";

/** The grid of one scan's pictures. */
export class ScanGrid {
    constructor(scan) {
        this.scan = scan;
        this.root = element("div", "lora-neg-scan-grid");
        this.dialog = new ScanPicture(scan, this);
        this.active = { row: 0, column: 0 };
    }

    show(data) {
        const same = this.data && this.data.scan === data.scan;
        this.data = data;
        this.buttons = new Map();
        if (!same) this.active = { row: 0, column: 0 };
        const scrolled = same && this.frame ? this.frame.scrollLeft : 0;
        this.table = element("table", "lora-neg-scan-table");
        this.table.setAttribute("aria-label", translate("Pictures of {name}: a column per weight, a row per prompt and seed", data));
        this.table.append(this.head(), this.body());
        this.table.addEventListener("click", (event) => this.onClick(event));
        this.table.addEventListener("keydown", (event) => this.onKey(event));
        this.frame = element("div", "lora-neg-scan-frame");
        this.frame.append(this.table);
        this.root.replaceChildren(this.tools(same), this.frame);
        for (const cell of data.cells) this.put(cell);
        this.rove();
        this.frame.scrollLeft = scrolled;
    }

    tools(same) {
        const line = element("div", "lora-neg-scan-line lora-neg-scan-zoom");
        const label = element("label", "", `${translate("Size of the pictures")} `);
        this.zoom = input("range", "Size of the pictures", { min: "48", max: "400", step: "4" });
        this.zoom.value = String((same && this.width) || fittingWidth(this.room(), this.data.columns.length));
        this.zoom.addEventListener("input", () => this.resize());
        this.zoom.addEventListener("change", () => this.sharpen());
        label.append(this.zoom);
        line.append(label);
        if (this.data.verdict && (this.data.verdict.damaged_to !== null || this.data.verdict.damaged_from !== null)) {
            line.append(element("span", "lora-neg-scan-key", translate("damaged")));
        }
        this.resize();
        return line;
    }

    room() {
        return (this.root.parentNode && this.root.clientWidth) || 800;
    }

    resize() {
        this.width = Number(this.zoom.value);
        this.root.style.setProperty("--cell", `${this.width}px`);
        this.root.style.setProperty("--shape", `${this.data.width} / ${this.data.height}`);
    }

    // Larger cells ask for larger thumbnails.
    sharpen() {
        for (const [id, { made }] of this.buttons) {
            const image = made.querySelector("img");
            if (image) image.src = this.address(id);
        }
    }

    address(id) {
        const side = thumbnailSide(this.width, window.devicePixelRatio || 1);
        return fileAddress("scan-picture", { scan: this.data.scan, cell: id, side });
    }

    head() {
        const head = element("thead");
        const line = element("tr");
        line.append(element("td", "lora-neg-scan-corner"));
        for (const { weight, text } of this.data.columns) {
            const cell = element("th", "", text);
            cell.scope = "col";
            cell.dir = "ltr";
            cell.classList.toggle("lora-neg-scan-zero", weight === 0);
            if (isDamaged(weight, this.data.verdict)) {
                cell.classList.add("lora-neg-scan-damaged");
                cell.append(element("span", "lora-neg-sr", `, ${translate("damaged")}`));
            }
            line.append(cell);
        }
        head.append(line);
        return head;
    }

    body() {
        const body = element("tbody");
        this.data.rows.forEach((row, index) => {
            const line = element("tr");
            const label = element("th", "lora-neg-scan-row");
            label.scope = "row";
            const text = userText("lora-neg-scan-prompt", row.text);
            text.title = row.text;
            const seed = translate("seed {seed}", row) + (row.subject ? "" : ` · ${translate("unrelated")}`);
            label.append(text, element("span", "lora-neg-below", seed));
            line.append(label);
            this.data.columns.forEach(({ weight, text: shown }, column) => {
                const cell = element("td");
                const made = button("lora-neg-scan-cell", "");
                const spoken = translate("weight {weight}, {text}, seed {seed}", { ...row, weight: shown });
                made.setAttribute("aria-label", translate("{cell}: not made yet", { cell: spoken }));
                made.setAttribute("aria-disabled", "true");
                made.dataset.row = String(index);
                made.dataset.column = String(column);
                made.tabIndex = -1;
                this.buttons.set(this.key(weight, row), { made, label: spoken });
                cell.append(made);
                line.append(cell);
            });
            body.append(line);
        });
        return body;
    }

    key(weight, { prompt, seed }) {
        return `w${weight.toFixed(4)}_p${String(prompt).padStart(2, "0")}_s${seed}`;
    }

    // A cell has become finished, or has failed.
    put({ id, error }) {
        const found = this.buttons && this.buttons.get(id);
        if (!found || found.made.dataset.cell) return;
        const { made, label } = found;
        if (error) {
            made.replaceChildren(element("span", "lora-neg-scan-fault", "⚠"));
            made.title = error;
            made.setAttribute("aria-label", translate("{cell}: failed, {why}", { cell: label, why: error }));
            return;
        }
        const image = element("img");
        image.loading = "lazy";
        image.alt = "";
        image.src = this.address(id);
        image.addEventListener("error", () => {
            made.replaceChildren(element("span", "lora-neg-scan-fault", "⚠"));
            made.title = translate("The picture is missing or damaged");
        });
        made.replaceChildren(image);
        made.dataset.cell = id;
        made.removeAttribute("aria-disabled");
        made.setAttribute("aria-label", label);
    }

    // What is still open of a scan that has ended.
    at(row, column) {
        const { weight } = this.data.columns[column] || {};
        const found = weight === undefined ? null : this.buttons.get(this.key(weight, this.data.rows[row]));
        return found ? found.made : null;
    }

    rove(focus = false) {
        for (const { made } of this.buttons.values()) made.tabIndex = -1;
        const made = this.at(this.active.row, this.active.column);
        if (!made) return;
        made.tabIndex = 0;
        if (focus) made.focus();
    }

    onClick(event) {
        const made = event.target.closest(".lora-neg-scan-cell");
        if (!made) return;
        this.active = { row: Number(made.dataset.row), column: Number(made.dataset.column) };
        this.rove();
        if (made.dataset.cell) this.dialog.open(made.dataset.cell, made);
    }

    onKey(event) {
        const to = gridMove(this.active, event.key, this.data.rows.length, this.data.columns.length);
        if (!to || !event.target.closest(".lora-neg-scan-cell")) return;
        event.preventDefault();
        this.active = to;
        this.rove(true);
    }

    // The next finished picture in a direction, for the enlarged one.
    beside(step) {
        let { row, column } = this.active;
        for (;;) {
            column += step[0];
            row += step[1];
            if (row < 0 || column < 0 || row >= this.data.rows.length || column >= this.data.columns.length) return null;
            const made = this.at(row, column);
            if (made && made.dataset.cell) {
                this.active = { row, column };
                this.rove();
                return made.dataset.cell;
            }
        }
    }
}
