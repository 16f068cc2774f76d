// The grid of a scan: a column per weight, a row per prompt and seed, filled as pictures arrive;
// and one picture enlarged, beside the one at weight 0 if wanted.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const { said } = loraNeg;
    const { element, quoted, button, input } = loraNeg.libraryParts;
    const { fileAddress, fittingWidth, gridMove, isDamaged, thumbnailSide } = loraNeg.scanLogic;

    class ScanGrid {
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
            this.table.setAttribute("aria-label", said("Pictures of {name}: a column per weight, a row per prompt and seed", data));
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
            const label = element("label", "", `${said("Size of the pictures")} `);
            this.zoom = input("range", "Size of the pictures", { min: "48", max: "400", step: "4" });
            this.zoom.value = String((same && this.width) || fittingWidth(this.room(), this.data.columns.length));
            this.zoom.addEventListener("input", () => this.resize());
            this.zoom.addEventListener("change", () => this.sharpen());
            label.append(this.zoom);
            line.append(label);
            if (this.data.verdict && (this.data.verdict.damaged_to !== null || this.data.verdict.damaged_from !== null)) {
                line.append(element("span", "lora-neg-scan-key", said("damaged")));
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
                    cell.append(element("span", "lora-neg-sr", `, ${said("damaged")}`));
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
                const text = quoted("lora-neg-scan-prompt", row.text);
                text.title = row.text;
                const seed = said("seed {seed}", row) + (row.subject ? "" : ` · ${said("unrelated")}`);
                label.append(text, element("span", "lora-neg-below", seed));
                line.append(label);
                this.data.columns.forEach(({ weight, text: shown }, column) => {
                    const cell = element("td");
                    const made = button("lora-neg-scan-cell", "");
                    const spoken = said("weight {weight}, {text}, seed {seed}", { ...row, weight: shown });
                    made.setAttribute("aria-label", said("{cell}: not made yet", { cell: spoken }));
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
                made.setAttribute("aria-label", said("{cell}: failed, {why}", { cell: label, why: error }));
                return;
            }
            const image = element("img");
            image.loading = "lazy";
            image.alt = "";
            image.src = this.address(id);
            image.addEventListener("error", () => {
                made.replaceChildren(element("span", "lora-neg-scan-fault", "⚠"));
                made.title = said("The picture is missing or damaged");
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

    const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

    class ScanPicture {
        constructor(scan, grid) {
            this.scan = scan;
            this.grid = grid;
            this.root = element("dialog", "lora-neg-scan-dialog");
            this.root.setAttribute("aria-label", said("Picture"));
            this.root.addEventListener("keydown", (event) => this.onKey(event));
            this.root.addEventListener("click", (event) => event.target === this.root && this.root.close());
            this.root.addEventListener("close", () => this.opener && this.opener.focus());
            this.title = element("h3");
            this.pictures = element("div", "lora-neg-scan-pictures");
            this.text = quoted("lora-neg-scan-infotext", "");
            this.note = element("p", "lora-neg-note");
            this.note.setAttribute("role", "status");
            this.tick = input("checkbox", "Beside weight 0");
            this.tick.addEventListener("change", () => this.draw());
            const label = element("label", "lora-neg-check");
            label.append(this.tick, element("span", "", said("Beside weight 0")));
            this.sendButton = button("", "Send to txt2img", () => this.scan.paste(this.cell.send));
            const close = button("lora-neg-close", "×", () => this.root.close());
            close.setAttribute("aria-label", said("Close"));
            const head = element("div", "lora-neg-scan-line");
            head.append(this.title, label, this.sendButton, close);
            this.root.append(head, this.pictures, this.note, this.text);
        }

        async open(id, opener) {
            this.opener = opener;
            const { data } = this.grid;
            if (!this.root.open) this.tick.checked = data.kind === "compare";
            this.cell = { id };
            this.text.textContent = this.note.textContent = "";
            this.sendButton.hidden = true;
            this.draw();
            if (!this.root.open) this.root.showModal();
            try {
                const cell = await loraNeg.ask("scan-cell", { scan: data.scan, cell: id });
                if (this.cell.id !== id) return;
                this.cell = cell;
                this.text.textContent = cell.infotext || cell.text;
                this.sendButton.hidden = !cell.send;
                this.note.textContent = cell.effect === null || cell.weight === 0
                    ? "" : said("Differs from weight 0 by {effect} (0 is the same, 1 another picture).", { effect: cell.effect.toFixed(2) });
            } catch (error) {
                this.note.textContent = error.message;
            }
        }

        draw() {
            const { data, active } = this.grid;
            const column = data.columns[active.column];
            const row = data.rows[active.row];
            this.title.textContent = said("Weight {weight}, seed {seed}", { weight: column.text, seed: row.seed });
            const figures = [this.figure(this.cell.id, said("weight {weight}", { weight: column.text }))];
            const zero = this.grid.key(0, row);
            const there = this.grid.buttons.get(zero);
            if (this.tick.checked && column.weight !== 0 && there && there.made.dataset.cell) {
                figures.unshift(this.figure(zero, data.kind === "compare" ? said("without the LoRA") : said("weight 0")));
            }
            this.pictures.replaceChildren(...figures);
        }

        figure(id, caption) {
            const made = element("figure");
            const image = element("img");
            image.alt = caption;
            image.src = fileAddress("scan-picture", { scan: this.grid.data.scan, cell: id });
            made.append(image, element("figcaption", "", caption));
            return made;
        }

        onKey(event) {
            if (!(event.key in STEPS)) return;
            event.preventDefault();
            const id = this.grid.beside(STEPS[event.key]);
            if (id) this.open(id, this.grid.at(this.grid.active.row, this.grid.active.column));
        }
    }

    loraNeg.ScanGrid = ScanGrid;
})();
