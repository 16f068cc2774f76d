// The library tab: a virtual list of all LoRAs, sorted and filtered by the server, with search,
// filters, selection and bulk edit. The details of one LoRA are in lora_neg_library_detail.js.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const ROW_HEIGHT = 44;
    const PAGE = 100;
    const OVERSCAN = 8;
    const POLL_MS = 700;
    const PAUSE_MS = 200;
    const COLUMNS = [
        { id: "name", label: "Name" },
        { id: "type", label: "Type" },
        { id: "family", label: "Family" },
        { id: "range", label: "Range", hint: "The range in force, and where it is from" },
        { id: "triggers", label: "Triggers" },
        { id: "evidence", label: "Evidence" },
        { id: "problems", label: "Problems" },
    ];
    const FLAGS = [
        { id: "unknown_only", label: "Unknown only", hint: "Type unknown, or too unsure to act on" },
        { id: "with_problems", label: "With problems", hint: "Something is wrong with the file" },
        { id: "decided", label: "Decided by me", hint: "You chose its type, triggers or range" },
    ];

    // ---- small helpers, shared with the details and the badges ---------------------------

    function element(tag, className, text) {
        const made = document.createElement(tag);
        if (className) made.className = className;
        if (text !== undefined && text !== "") made.textContent = text;
        return made;
    }

    // A piece of somebody's text: keeps its own direction inside a right-to-left page.
    function quoted(className, text) {
        const made = element("bdi", className, text);
        made.dir = "auto";
        return made;
    }

    function button(className, text, onClick) {
        const made = element("button", `lora-neg-button ${className}`, text);
        made.type = "button";
        if (onClick) made.addEventListener("click", onClick);
        return made;
    }

    function select(label, options) {
        const made = element("select", "lora-neg-select");
        made.setAttribute("aria-label", label);
        for (const [value, text] of options) made.append(new Option(text, value));
        return made;
    }

    function input(type, label, attributes = {}) {
        const made = element("input", "lora-neg-input");
        made.type = type;
        made.setAttribute("aria-label", label);
        Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
        return made;
    }

    function percent(share) {
        return `${Math.round(share * 100)}%`;
    }

    function typeMark(kind, letter) {
        const made = element("span", "lora-neg-type-mark", letter);
        made.dataset.type = kind;
        made.setAttribute("aria-hidden", "true");
        return made;
    }

    // ---- what needs no page, for the tests ------------------------------------------------

    // The rows to draw for a scroll position.
    function windowOf(scrollTop, height, count, rowHeight = ROW_HEIGHT, overscan = OVERSCAN) {
        const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
        const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + overscan);
        return { first: Math.min(first, last), last };
    }

    // Rows of one query, in pages as the server sent them.
    class Pages {
        constructor(size = PAGE) {
            this.size = size;
            this.clear();
        }

        clear() {
            this.pages = new Map();
        }

        put(offset, rows) {
            this.pages.set(Math.floor(offset / this.size), rows);
        }

        row(index) {
            const page = this.pages.get(Math.floor(index / this.size));
            return page ? page[index % this.size] : undefined;
        }

        // Offsets of the pages that the rows from `first` to before `last` still need.
        missing(first, last) {
            const offsets = [];
            if (last <= first) return offsets;
            for (let at = Math.floor(first / this.size); at <= Math.floor((last - 1) / this.size); at++) {
                if (!this.pages.has(at)) offsets.push(at * this.size);
            }
            return offsets;
        }

        indexOf(name) {
            for (const [at, rows] of this.pages) {
                const found = rows.findIndex((row) => row.name === name);
                if (found >= 0) return at * this.size + found;
            }
            return -1;
        }
    }

    // Where a key leads from row `index` of `count`, or null.
    function moved(index, count, key, page) {
        if (!count) return null;
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
        if (key === "Home") return 0;
        if (key === "End") return count - 1;
        if (!(key in steps)) return null;
        if (index < 0) return steps[key] > 0 ? 0 : count - 1;
        return Math.max(0, Math.min(count - 1, index + steps[key]));
    }

    // What the bulk bar asks for; null while it asks for nothing. Throws what to tell the user.
    function bulkChange({ type, floor, ceiling, guard }) {
        const set = {};
        if (type === "inferred") set.type = null;
        else if (type) set.type = type;
        if (floor !== "" || ceiling !== "") {
            const range = {
                floor: floor === "" ? null : Number(floor),
                ceiling: ceiling === "" ? null : Number(ceiling),
            };
            if (Number.isNaN(range.floor) || Number.isNaN(range.ceiling)) {
                throw new Error("The range must be numbers.");
            }
            if (range.floor > 0) throw new Error("The lowest weight must be 0 or below.");
            if (range.ceiling < 0) throw new Error("The highest weight must be 0 or above.");
            set.range = range;
        }
        if (guard) set.guard_off = guard === "off";
        return Object.keys(set).length ? set : null;
    }

    // What an edit did, in a sentence.
    function outcome(result) {
        const parts = [`${result.saved} saved`];
        if (result.failed) parts.push(`${result.failed} not saved`);
        if (result.unknown) parts.push(`${result.unknown} unknown`);
        if (result.unchanged) parts.push(`${result.unchanged} unchanged`);
        const notes = [...(result.notes || [])];
        if (result.more_notes) notes.push(`and ${result.more_notes} more`);
        return `${parts.join(", ")}.${notes.length ? ` ${notes.join("; ")}` : ""}`;
    }

    // ---- the tab ---------------------------------------------------------------------------

    class Library {
        constructor(root) {
            this.root = root;
            this.pages = new Pages();
            this.query = { search: "", type: "", family: "", sort: "name", descending: false };
            this.selected = new Set();
            this.anchor = -1;
            this.active = -1;
            this.matched = 0;
            this.total = 0;
            this.asked = 0;
            this.pending = new Set();
            this.words = { types: [], evidence: {}, grades: [] };
        }

        async start() {
            this.build();
            this.say("Loading …");
            try {
                this.words = await loraNeg.ask("library-words", {});
                this.fillTypes();
                this.say("");
                await this.reload();
            } catch (error) {
                this.fail(error);
            }
        }

        build() {
            this.root.replaceChildren();
            this.status = element("p", "lora-neg-library-status");
            this.status.setAttribute("role", "status");
            this.status.dir = "auto";
            this.details = new loraNeg.LibraryDetails(this);
            const table = element("div", "lora-neg-library-main");
            table.append(this.buildGrid(), this.buildOverlay());
            const columns = element("div", "lora-neg-library-columns");
            columns.append(table, this.details.root);
            this.root.append(
                this.buildToolbar(), this.buildBulk(), this.status, this.buildProgress(), columns,
            );
        }

        buildToolbar() {
            const bar = element("div", "lora-neg-library-toolbar");
            bar.setAttribute("role", "search");
            this.search = input("search", "Search names, titles, folders and triggers", {
                placeholder: "Search names, titles, folders, triggers", maxlength: "200",
            });
            this.search.addEventListener("input", () => {
                clearTimeout(this.timer);
                this.timer = setTimeout(() => this.ask({ search: this.search.value }), PAUSE_MS);
            });
            this.search.addEventListener("keydown", (event) => {
                if (event.key === "ArrowDown") {
                    event.preventDefault();
                    this.grid.focus();
                    this.activate(Math.max(0, this.active));
                }
            });
            this.typeFilter = select("Type", [["", "All types"]]);
            this.familyFilter = select("Model family", [["", "All families"]]);
            this.typeFilter.addEventListener("change", () => this.ask({ type: this.typeFilter.value }));
            this.familyFilter.addEventListener("change", () => this.ask({ family: this.familyFilter.value }));
            this.flags = FLAGS.map(({ id, label, hint }) => {
                const toggle = button("lora-neg-toggle", "", () => this.ask({ [id]: !this.query[id] }));
                toggle.title = hint;
                toggle.append(label, element("span", "lora-neg-count"));
                return { id, toggle };
            });
            this.undoButton = button("lora-neg-undo", "Undo", () => this.undo());
            this.undoButton.hidden = true;
            this.file = input("file", "File with decisions", { accept: ".json,application/json" });
            this.file.hidden = true;
            this.file.addEventListener("change", () => this.importFile());
            const spacer = element("span", "lora-neg-spacer");
            const tools = element("div", "lora-neg-library-tools");
            tools.append(
                this.undoButton,
                this.tool("Refresh", "Look for new and changed files", () => this.refresh()),
                this.tool("Export", "Save all decisions as one JSON file", () => this.exportFile()),
                this.tool("Import", "Take over decisions from such a file", () => this.file.click()),
                this.file,
            );
            bar.append(
                this.search, this.typeFilter, this.familyFilter,
                ...this.flags.map(({ toggle }) => toggle), spacer, tools,
            );
            return bar;
        }

        tool(text, hint, onClick) {
            const made = button("", text, onClick);
            made.title = hint;
            return made;
        }

        buildBulk() {
            this.bulk = element("div", "lora-neg-library-bulk");
            this.bulk.setAttribute("role", "group");
            this.bulk.setAttribute("aria-label", "Change all selected LoRAs");
            this.bulkCount = element("strong", "lora-neg-bulk-count");
            this.selectAll = button("lora-neg-link", "", () => this.selectMatching());
            this.bulkType = select("Type for all selected", [["", "Type: leave"]]);
            const weight = { step: "0.05", min: "-20", max: "20" };
            this.bulkFloor = input("number", "Lowest weight for all selected", { ...weight, placeholder: "lowest" });
            this.bulkCeiling = input("number", "Highest weight for all selected", { ...weight, placeholder: "highest" });
            this.bulkGuard = select("Guard for all selected", [
                ["", "Guard: leave"], ["off", "Guard: off"], ["on", "Guard: on"],
            ]);
            this.bulkApply = button("lora-neg-primary", "Apply", () => this.applyBulk());
            const range = element("span", "lora-neg-range-inputs");
            range.append("Range ", this.bulkFloor, " to ", this.bulkCeiling);
            this.bulk.append(
                this.bulkCount, this.selectAll, this.bulkType, range, this.bulkGuard, this.bulkApply,
                button("", "Clear my decisions", () => this.edit([...this.selected], { clear: true })),
                button("lora-neg-link", "Deselect", () => this.deselect()),
            );
            this.bulk.hidden = true;
            return this.bulk;
        }

        buildProgress() {
            this.progress = element("div", "lora-neg-library-progress");
            this.bar = element("progress");
            this.bar.setAttribute("aria-label", "Reading LoRA files");
            this.progressText = element("span");
            this.progress.append(this.bar, this.progressText);
            this.progress.hidden = true;
            return this.progress;
        }

        buildGrid() {
            this.grid = element("div", "lora-neg-grid");
            this.grid.id = "lora_neg_library_grid";
            this.grid.tabIndex = 0;
            this.grid.setAttribute("role", "grid");
            this.grid.setAttribute("aria-label", "LoRAs");
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
                if (hint) cell.title = hint;
                cell.append(button("lora-neg-sort", label, () => this.sort(id)));
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

        fillTypes() {
            for (const { id, name } of this.words.types) {
                this.typeFilter.append(new Option(name, id));
                this.bulkType.append(new Option(`Type: ${name}`, id));
            }
            this.bulkType.append(new Option("Type: as inferred", "inferred"));
        }

        // ---- asking the server ------------------------------------------------------------

        ask(change) {
            Object.assign(this.query, change);
            this.grid.scrollTop = 0;
            this.active = -1;
            this.anchor = -1;
            this.say("");
            return this.reload();
        }

        sort(id) {
            const descending = this.query.sort === id && !this.query.descending;
            this.ask({ sort: id, descending });
        }

        // Asks for the visible rows anew; what is drawn stays until the answer is there.
        async reload() {
            const turn = ++this.asked;
            const { first } = this.window();
            try {
                const answer = await loraNeg.ask("library-rows", {
                    ...this.query, offset: Math.floor(first / PAGE) * PAGE, limit: PAGE,
                });
                if (turn !== this.asked) return;
                this.pages.clear();
                this.pending.clear();
                this.take(answer);
            } catch (error) {
                if (turn === this.asked) this.fail(error);
            }
        }

        async fetchPage(offset) {
            if (this.pending.has(offset)) return;
            this.pending.add(offset);
            const turn = this.asked;
            try {
                const answer = await loraNeg.ask("library-rows", { ...this.query, offset, limit: PAGE });
                if (turn === this.asked) this.take(answer);
            } catch (error) {
                if (turn === this.asked) this.fail(error);
            } finally {
                if (turn === this.asked) this.pending.delete(offset);
            }
        }

        take(answer) {
            this.pages.put(answer.offset, answer.rows);
            this.matched = answer.matched;
            this.total = answer.total;
            this.active = Math.min(this.active, this.matched - 1);
            this.showCounts(answer);
            this.showUndo(answer.undo);
            this.showProgress(answer);
            this.draw();
        }

        showCounts({ counts }) {
            for (const { id, toggle } of this.flags) {
                toggle.setAttribute("aria-pressed", String(Boolean(this.query[id])));
                toggle.lastChild.textContent = String(counts[id]);
            }
            for (const option of this.typeFilter.options) {
                const type = this.words.types.find(({ id }) => id === option.value);
                if (type) option.textContent = `${type.name} (${counts.types[type.id] || 0})`;
            }
            const families = Object.entries(counts.families);
            const known = [...this.familyFilter.options].map(({ text }) => text).join();
            const options = [["", "All families"], ...families.map(([id, n]) => [id, `${id} (${n})`])];
            if (known !== options.map(([, text]) => text).join()) {
                this.familyFilter.replaceChildren(...options.map(([id, text]) => new Option(text, id)));
                this.familyFilter.value = this.query.family;
            }
            for (const { id, cell } of this.heads) {
                const order = this.query.descending ? "descending" : "ascending";
                cell.setAttribute("aria-sort", this.query.sort === id ? order : "none");
            }
            const filtered = this.matched !== this.total;
            this.grid.setAttribute("aria-rowcount", String(this.matched + 1));
            this.countText = filtered ? `${this.matched} of ${this.total} LoRAs` : `${this.total} LoRAs`;
            if (!this.message) this.status.textContent = this.countText;
        }

        showUndo(label) {
            this.undoButton.hidden = !label;
            this.undoButton.textContent = label ? `Undo change of ${label}` : "Undo";
        }

        showProgress({ progress, problems }) {
            const { running, done, total, waiting, failure } = progress;
            this.progress.hidden = !running && !failure && !problems.length;
            this.progress.classList.toggle("lora-neg-failed", !running && Boolean(failure));
            this.bar.hidden = !running;
            this.bar.max = total || 1;
            if (total) this.bar.value = done;
            else this.bar.removeAttribute("value");
            const reading = total ? `Reading LoRA files: ${done} of ${total}` : "Looking for LoRA files …";
            const text = waiting ? `${reading}; waiting for the generation to end` : reading;
            const faults = [failure && `Reading stopped: ${failure}`, ...problems].filter(Boolean);
            this.progressText.textContent = running ? text : faults.join(" · ");
            if (running && !this.polling) this.poll();
        }

        async poll() {
            this.polling = true;
            let answer = { progress: { running: true } };
            while (answer.progress.running) {
                await new Promise((resolve) => setTimeout(resolve, POLL_MS));
                if (!this.root.isConnected) return;
                if (this.root.offsetParent === null) continue;
                try {
                    answer = await loraNeg.ask("library-status", {});
                } catch (error) {
                    this.polling = false;
                    this.fail(error);
                    return;
                }
                this.showProgress(answer);
            }
            this.polling = false;
            await this.reload();
            this.details.reload();
            if (loraNeg.badges) loraNeg.badges.renew();
        }

        // ---- drawing ------------------------------------------------------------------------

        window() {
            return windowOf(this.grid.scrollTop, this.grid.clientHeight, this.matched || PAGE);
        }

        draw() {
            this.space.style.height = `${this.matched * ROW_HEIGHT}px`;
            const { first, last } = windowOf(this.grid.scrollTop, this.grid.clientHeight, this.matched);
            this.pages.missing(first, last).forEach((offset) => this.fetchPage(offset));
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
            const row = element("div", "lora-neg-grid-row");
            row.id = this.rowId(index);
            row.setAttribute("role", "row");
            row.setAttribute("aria-rowindex", String(index + 2));
            row.dataset.index = String(index);
            row.classList.toggle("lora-neg-active", index === this.active);
            if (!data) {
                row.append(element("div", "lora-neg-cell lora-neg-cell-name lora-neg-pale", "…"));
                return row;
            }
            const selected = this.selected.has(data.name);
            row.setAttribute("aria-selected", String(selected));
            row.classList.toggle("lora-neg-open", this.details.name === data.name);
            const box = input("checkbox", `Select ${data.name}`);
            box.checked = selected;
            box.tabIndex = -1;
            row.append(this.cell("box", box), this.cell("name", ...this.nameParts(data)));
            if (!data.read) {
                row.append(this.cell("type", element("span", "lora-neg-pale", "not read yet")));
                return row;
            }
            row.append(
                this.cell("type", ...this.typeParts(data)),
                this.cell("family", data.family),
                this.cell("range", ...this.rangeParts(data)),
                this.cell("triggers", ...this.triggerParts(data)),
                this.cell("evidence", ...this.evidenceParts(data)),
                this.cell("problems", ...this.problemParts(data)),
            );
            return row;
        }

        cell(id, ...content) {
            const made = element("div", `lora-neg-cell lora-neg-cell-${id}`);
            made.setAttribute("role", "gridcell");
            made.append(...content);
            return made;
        }

        nameParts(data) {
            const name = quoted("lora-neg-name", data.name);
            name.title = data.name;
            const below = [data.folder, data.title].filter(Boolean).join(" · ");
            return below ? [name, quoted("lora-neg-below", below)] : [name];
        }

        typeParts(data) {
            const type = this.words.types.find(({ id }) => id === data.type) || { letter: "?" };
            const text = element("span", "lora-neg-type-name", data.type_name);
            const sure = data.confidence && data.type !== "unknown" ? percent(data.confidence) : "";
            const below = element("span", "lora-neg-below", data.sure || !sure ? sure : `${sure}, unsure`);
            below.dir = "auto";
            const both = element("span", "lora-neg-stack");
            both.append(text, below);
            return [typeMark(data.type, type.letter), both];
        }

        rangeParts(data) {
            if (data.guard_off) return [element("span", "lora-neg-off", "guard off")];
            const known = data.range !== "not known";
            const text = element("bdi", known ? "lora-neg-range" : "lora-neg-pale", data.range);
            if (known) text.dir = "ltr";
            return known ? [text, element("span", "lora-neg-below", data.range_source)] : [text];
        }

        triggerParts(data) {
            const words = data.triggers.map((text) => {
                const word = quoted("lora-neg-word", text);
                word.title = text;
                return word;
            });
            if (data.more_triggers) words.push(element("span", "lora-neg-below", `+${data.more_triggers}`));
            return words;
        }

        evidenceParts(data) {
            return data.evidence.map((key) => {
                const made = element("span", "lora-neg-evidence", key);
                made.dataset.evidence = key;
                made.title = this.words.evidence[key] || "";
                return made;
            });
        }

        problemParts(data) {
            if (!data.problems) return [];
            const text = `${data.problems} ${data.problems === 1 ? "problem" : "problems"}`;
            return [element("span", "lora-neg-problem", `⚠ ${text}`)];
        }

        showEmpty() {
            this.empty.hidden = this.matched > 0 || !this.asked;
            if (this.empty.hidden) return;
            this.empty.replaceChildren();
            if (!this.total) {
                this.empty.append(
                    element("p", "lora-neg-empty-head", "No LoRAs here yet"),
                    element("p", "", "Put LoRA files into the WebUI's LoRA folder and press Refresh."),
                );
                return;
            }
            this.empty.append(
                element("p", "lora-neg-empty-head", "No LoRA matches"),
                button("", "Show all", () => this.showAll()),
            );
        }

        showAll() {
            this.search.value = this.typeFilter.value = this.familyFilter.value = "";
            const off = Object.fromEntries(FLAGS.map(({ id }) => [id, false]));
            return this.ask({ search: "", type: "", family: "", ...off });
        }

        // ---- selection and keys -------------------------------------------------------------

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
            const to = moved(this.active, this.matched, event.key, page);
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
            if (this.details.name) this.details.close();
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
            if (this.details.name) {
                clearTimeout(this.follow);
                this.follow = setTimeout(() => this.open(this.active), PAUSE_MS);
            }
        }

        open(index, focus = false) {
            const data = this.pages.row(index);
            this.anchor = index;
            if (data) this.details.show(data.name, focus);
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
                const { names } = await loraNeg.ask("library-names", this.query).catch(() => ({ names: [] }));
                names.slice(first, last + 1).forEach((name) => this.selected.add(name));
            } else {
                for (let index = first; index <= last; index++) this.selected.add(this.pages.row(index).name);
            }
            this.draw();
        }

        async selectMatching() {
            try {
                const { names } = await loraNeg.ask("library-names", this.query);
                names.forEach((name) => this.selected.add(name));
                this.draw();
            } catch (error) {
                this.fail(error);
            }
        }

        deselect() {
            this.selected.clear();
            this.draw();
        }

        showSelection() {
            const count = this.selected.size;
            this.bulk.hidden = !count;
            this.bulkCount.textContent = `${count} selected`;
            this.selectAll.hidden = count >= this.matched;
            this.selectAll.textContent = `Select all ${this.matched}`;
            this.allBox.checked = count > 0 && count >= this.matched;
            this.allBox.indeterminate = count > 0 && count < this.matched;
        }

        // ---- changes -------------------------------------------------------------------------

        async applyBulk() {
            try {
                const set = bulkChange({
                    type: this.bulkType.value,
                    floor: this.bulkFloor.value,
                    ceiling: this.bulkCeiling.value,
                    guard: this.bulkGuard.value,
                });
                if (!set) {
                    this.say("Choose a type, a range or the guard first.", true);
                    return;
                }
                if (await this.edit([...this.selected], { set })) {
                    this.deselect();
                    this.bulkType.value = this.bulkGuard.value = "";
                    this.bulkFloor.value = this.bulkCeiling.value = "";
                }
            } catch (error) {
                this.fail(error);
            }
        }

        // Keeps a change of some LoRAs; returns whether it was kept.
        edit(names, change) {
            this.say(names.length > 1 ? `Saving ${names.length} …` : "Saving …");
            return this.change("library-edit", { names, ...change });
        }

        undo() {
            this.say("Taking back …");
            return this.change("library-undo", {});
        }

        async change(route, body) {
            try {
                const result = await loraNeg.ask(route, body);
                await this.reload();
                this.say(outcome(result), result.failed > 0 || result.unknown > 0);
                this.details.changed(result.names);
                if (loraNeg.badges) loraNeg.badges.renew(result.names);
                return !result.failed;
            } catch (error) {
                this.fail(error);
                return false;
            }
        }

        async refresh() {
            try {
                this.showProgress(await loraNeg.ask("library-refresh", {}));
                await this.reload();
            } catch (error) {
                this.fail(error);
            }
        }

        async exportFile() {
            try {
                const decisions = await loraNeg.ask("library-export", {});
                const link = element("a");
                const text = JSON.stringify(decisions, null, 2);
                link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
                link.download = "lora-neg-decisions.json";
                link.click();
                setTimeout(() => URL.revokeObjectURL(link.href), 10000);
                this.say("Decisions exported.");
            } catch (error) {
                this.fail(error);
            }
        }

        async importFile() {
            const file = this.file.files[0];
            this.file.value = "";
            if (!file) return;
            let decisions = null;
            try {
                decisions = JSON.parse(await file.text());
            } catch {
                this.say(`${file.name} is not a JSON file.`, true);
                return;
            }
            await this.change("library-import", { decisions });
        }

        say(text, bad = false) {
            this.message = text;
            this.status.textContent = text || this.countText || "";
            this.status.classList.toggle("lora-neg-failed", bad);
        }

        fail(error) {
            this.say(`That did not work: ${error.message}`, true);
        }
    }

    Object.assign(loraNeg, {
        libraryParts: { element, quoted, button, select, input, percent, typeMark },
        libraryLogic: { Pages, windowOf, moved, bulkChange, outcome },
    });

    // The tab asks for nothing before somebody looks at it.
    function lookAfter() {
        const root = gradioApp().querySelector(".lora-neg-library");
        if (!root || root.offsetParent === null || root.dataset.ready) return;
        root.dataset.ready = "true";
        loraNeg.library = new Library(root);
        loraNeg.library.start();
    }

    if (typeof onAfterUiUpdate === "function") onAfterUiUpdate(lookAfter);
    if (typeof onUiTabChange === "function") onUiTabChange(() => setTimeout(lookAfter, 0));
})();
