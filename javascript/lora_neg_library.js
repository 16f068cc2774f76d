// The library tab: a virtual list of all LoRAs, sorted and filtered by the server, with search,
// filters and bulk edit. The list is in lora_neg_library_grid.js, the details of one LoRA are in
// lora_neg_library_detail.js.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const { PAGE, bulkChange, joined, outcome } = loraNeg.libraryLogic;
    const { element, button, select, input } = loraNeg.libraryParts;
    const AT_ONCE = 200;
    const POLL_MS = 700;
    const PAUSE_MS = 200;
    const FLAGS = [
        { id: "unknown_only", label: "Unknown only", hint: "Type unknown, or too unsure to act on" },
        { id: "with_problems", label: "With problems", hint: "Something is wrong with the file" },
        { id: "decided", label: "Decided by me", hint: "You chose its type, triggers or range" },
    ];

    // ---- the tab ---------------------------------------------------------------------------

    class Library {
        constructor(root) {
            this.root = root;
            this.query = { search: "", type: "", family: "", sort: "name", descending: false };
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
            this.grid = new loraNeg.LibraryGrid(this);
            const columns = element("div", "lora-neg-library-columns");
            columns.append(this.grid.root, this.details.root);
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
            this.selectAll = button("lora-neg-link", "", () => this.grid.selectMatching());
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
                button("", "Clear my decisions", () => this.clearSelected()),
                button("lora-neg-link", "Deselect", () => this.grid.deselect()),
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
            this.grid.toTop();
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
            const offset = this.grid.pageInView;
            try {
                const answer = await loraNeg.ask("library-rows", { ...this.query, offset, limit: PAGE });
                if (turn !== this.asked) return;
                this.grid.pages.clear();
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
            this.matched = answer.matched;
            this.total = answer.total;
            this.grid.put(answer.offset, answer.rows);
            this.showCounts(answer);
            this.showUndo(answer.undo);
            this.showProgress(answer);
            this.grid.draw();
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
            this.grid.showSort(this.query);
            const filtered = this.matched !== this.total;
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

        showAll() {
            this.search.value = this.typeFilter.value = this.familyFilter.value = "";
            const off = Object.fromEntries(FLAGS.map(({ id }) => [id, false]));
            return this.ask({ search: "", type: "", family: "", ...off });
        }

        showSelection(count) {
            this.bulk.hidden = !count;
            this.bulkCount.textContent = `${count} selected`;
            this.selectAll.hidden = count >= this.matched;
            this.selectAll.textContent = `Select all ${this.matched}`;
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
                if (await this.edit([...this.grid.selected], { set })) {
                    this.grid.deselect();
                    this.bulkType.value = this.bulkGuard.value = "";
                    this.bulkFloor.value = this.bulkCeiling.value = "";
                }
            } catch (error) {
                this.fail(error);
            }
        }

        async clearSelected() {
            if (await this.edit([...this.grid.selected], { clear: true })) this.grid.deselect();
        }

        // Keeps a change of some LoRAs; returns whether it was kept.
        edit(names, change) {
            return this.change(async () => {
                let result = null;
                for (let at = 0; at < names.length; at += AT_ONCE) {
                    this.say(names.length > 1 ? `Saving ${at} of ${names.length} …` : "Saving …");
                    const part = { names: names.slice(at, at + AT_ONCE), continued: at > 0 };
                    result = joined(result, await loraNeg.ask("library-edit", { ...part, ...change }));
                }
                return result;
            });
        }

        undo() {
            this.say("Taking back …");
            return this.change(() => loraNeg.ask("library-undo", {}));
        }

        // Shows what became of decisions that `work` keeps; returns whether all were kept.
        async change(work) {
            try {
                const result = await work();
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
            await this.change(() => loraNeg.ask("library-import", { decisions }));
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
