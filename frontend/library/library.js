// The library tab: a virtual list of all LoRAs, sorted and filtered by the server, with search,
// filters and bulk edit.
import { renewBadges } from "../cards/badges.js";
import { button, input, select } from "../core/controls.js";
import { element } from "../core/elements.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { LibraryDecisions } from "./decisions.js";
import { LibraryDetails } from "./details.js";
import { LibraryGrid } from "./grid.js";
import { LibraryLookup } from "./lookup.js";
import { PAGE } from "./pages.js";

const POLL_MS = 700;

// Polls after which the rows that were read meanwhile are shown.
const RELOAD_EVERY = 3;
const PAUSE_MS = 200;

const FLAGS = [
    { id: "unknown_only", label: "Unknown only", hint: "Type unknown, or too unsure to act on" },
    { id: "with_problems", label: "With problems", hint: "Something is wrong with the file" },
    { id: "decided", label: "Decided by me", hint: "You chose its type, triggers or range" },
];

/** The tab as a whole: asks the server and hands answers to its parts. */
export class Library {
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
            this.words = await ask("library-words", {});
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
        this.decisions = new LibraryDecisions(this);
        this.lookup = new LibraryLookup(this);
        this.details = new LibraryDetails(this);
        this.grid = new LibraryGrid(this);
        const columns = element("div", "lora-neg-library-columns");
        columns.append(this.grid.root, this.details.root);
        this.root.append(
            this.buildToolbar(), this.decisions.root, this.status, this.buildProgress(),
            this.lookup.root, columns,
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
            toggle.title = translate(hint);
            toggle.append(translate(label), element("span", "lora-neg-count"));
            return { id, toggle };
        });
        const { undoButton, file } = this.decisions;
        const spacer = element("span", "lora-neg-spacer");
        const tools = element("div", "lora-neg-library-tools");
        tools.append(
            undoButton,
            this.lookup.button,
            this.tool("Refresh", "Look for new and changed files", () => this.refresh()),
            this.tool("Export", "Save all decisions as one JSON file", () => this.decisions.exportFile()),
            this.tool("Import", "Take over decisions from such a file", () => file.click()),
            file,
        );
        bar.append(
            this.search, this.typeFilter, this.familyFilter,
            ...this.flags.map(({ toggle }) => toggle), spacer, tools,
        );
        return bar;
    }

    tool(text, hint, onClick) {
        const made = button("", text, onClick);
        made.title = translate(hint);
        return made;
    }

    buildProgress() {
        this.progress = element("div", "lora-neg-library-progress");
        this.bar = element("progress");
        this.bar.setAttribute("aria-label", translate("Reading LoRA files"));
        this.progressText = element("span");
        this.progress.append(this.bar, this.progressText);
        this.progress.hidden = true;
        return this.progress;
    }

    fillTypes() {
        for (const { id, name } of this.words.types) {
            this.typeFilter.append(new Option(name, id));
        }
        this.decisions.fillTypes(this.words.types);
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
            const answer = await ask("library-rows", { ...this.query, offset, limit: PAGE });
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
            const answer = await ask("library-rows", { ...this.query, offset, limit: PAGE });
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
        this.decisions.showUndo(answer.undo);
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
        const options = [["", translate("All families")], ...families.map(([id, n]) => [id, `${id} (${n})`])];
        if (known !== options.map(([, text]) => text).join()) {
            this.familyFilter.replaceChildren(...options.map(([id, text]) => new Option(text, id)));
            this.familyFilter.value = this.query.family;
        }
        this.grid.showSort(this.query);
        const filtered = this.matched !== this.total;
        this.countText = filtered
            ? translate("{count} of {total} LoRAs", { count: this.matched, total: this.total })
            : translate("{count} LoRAs", { count: this.total });
        if (!this.message) this.status.textContent = this.countText;
    }

    showProgress({ progress, problems }) {
        const { running, done, total, waiting, failure } = progress;
        this.progress.hidden = !running && !failure && !problems.length;
        this.progress.classList.toggle("lora-neg-failed", !running && Boolean(failure));
        this.bar.hidden = !running;
        this.bar.max = total || 1;
        if (total) this.bar.value = done;
        else this.bar.removeAttribute("value");
        const reading = total
            ? translate("Reading LoRA files: {done} of {total}", { done, total }) : translate("Looking for LoRA files …");
        const text = waiting ? translate("{reading}; waiting for the generation to end", { reading }) : reading;
        const faults = [failure && translate("Reading stopped: {why}", { why: failure }), ...problems].filter(Boolean);
        this.progressText.textContent = running ? text : faults.join(" · ");
        if (running && !this.polling) this.poll();
    }

    async poll() {
        this.polling = true;
        let answer = { progress: { running: true } };
        let polls = 0;
        while (answer.progress.running) {
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
            if (!this.root.isConnected) return;
            if (this.root.offsetParent === null) continue;
            try {
                answer = await ask("library-status", {});
            } catch (error) {
                this.polling = false;
                this.fail(error);
                return;
            }
            this.showProgress(answer);
            if (answer.progress.running && ++polls % RELOAD_EVERY === 0) await this.reload();
        }
        this.polling = false;
        await this.reload();
        this.details.reload();
        renewBadges();
    }

    showAll() {
        this.search.value = this.typeFilter.value = this.familyFilter.value = "";
        const off = Object.fromEntries(FLAGS.map(({ id }) => [id, false]));
        return this.ask({ search: "", type: "", family: "", ...off });
    }

    showSelection(count) {
        this.decisions.showSelection(count);
    }

    // Keeps a change of some LoRAs; returns whether it was kept.
    edit(names, change) {
        return this.decisions.edit(names, change);
    }

    async refresh() {
        try {
            this.showProgress(await ask("library-refresh", {}));
            await this.reload();
        } catch (error) {
            this.fail(error);
        }
    }

    say(text, bad = false) {
        this.message = translate(text);
        this.status.textContent = this.message || this.countText || "";
        this.status.classList.toggle("lora-neg-failed", bad);
    }

    fail(error) {
        this.say(translate("That did not work: {why}", { why: error.message }), true);
    }
}
