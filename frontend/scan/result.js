// One scan: its verdict and what to do with it, its pictures, its curves, its numbers.
import { button } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { ask, fileAddress } from "../core/server.js";
import { translate } from "../core/translate.js";
import { ScanGrid } from "./grid.js";

const KINDS = { scan: "Weight scan", quick: "Quick scan", compare: "A/B picture" };

/** One scan as it stands; welcomes where there is none. */
export class ScanResult {
    constructor(scan) {
        this.scan = scan;
        this.root = element("div", "lora-neg-scan-result");
        this.grid = new ScanGrid(scan);
        this.root.append(this.grid.dialog.root);
        this.verdict = element("div", "lora-neg-scan-verdict");
        this.head = element("header", "lora-neg-scan-head");
        this.below = element("div", "lora-neg-scan-below");
        this.content = element("div", "lora-neg-scan-content");
        this.content.append(this.head, this.verdict, this.grid.root, this.below);
        this.root.append(this.content);
        this.empty();
    }

    get name() {
        return this.data ? this.data.scan : null;
    }

    empty() {
        this.data = null;
        this.content.hidden = true;
        if (!this.welcome) {
            this.welcome = element("div", "lora-neg-scan-welcome");
            this.welcome.append(
                element("p", "lora-neg-empty-head", translate("Measure the safe range of a LoRA")),
                element("p", "", "A scan makes the same pictures at many weights, with raw weights and the guard aside. It tells what the LoRA does at negative weights and where damage begins, and saves both to the LoRA, so that the guard obeys them."),
                element("p", "", "Choose a LoRA, look at the cost, and start."),
            );
            this.root.append(this.welcome);
        }
        this.welcome.hidden = false;
    }

    show(data) {
        this.data = data;
        this.content.hidden = false;
        this.welcome.hidden = true;
        this.drawHead();
        this.drawVerdict();
        this.grid.root.hidden = data.kind === "quick";
        if (data.kind !== "quick") this.grid.show(data);
        this.drawBelow();
    }

    drawHead() {
        const { data } = this;
        const title = element("h3");
        title.append(`${translate(KINDS[data.kind])} · `, userText("", data.name));
        title.title = data.name;
        const when = data.started ? new Date(data.started * 1000).toLocaleString() : "";
        // While it runs, the line above counts.
        const count = data.kind === "quick" || data.running ? "" : translate("{done} of {total} pictures", { done: data.finished, total: data.total });
        const facts = [when, count, data.checkpoint && translate("on {checkpoint}", { checkpoint: this.scan.checkpointName(data.checkpoint) }),
            data.locked && !data.running && translate("another process is working on it")].filter(Boolean).join(" · ");
        const titles = element("div", "lora-neg-details-titles");
        titles.append(title, element("span", "lora-neg-below", facts));
        const tools = element("div", "lora-neg-library-tools");
        const add = (text, hint, onClick) => {
            const made = button("", text, onClick);
            made.title = translate(hint);
            tools.append(made);
        };
        if (data.unfinished && !data.locked && !this.scan.offersToGoOn(data.scan)) add("Go on", "Make the pictures that are missing", () => this.scan.resume(data.scan));
        add("Use again", "Put these settings into the form", () => this.scan.form.fill(data.form));
        const judged = data.verdict || data.comparison;
        if (judged && data.kind !== "quick") {
            tools.append(this.download("scan-report", "Report", "One HTML file with everything in it"));
        }
        if (judged) tools.append(this.download("scan-json", "JSON", "All numbers, for programs"));
        // Only where the page has scripts to choose from, a plot among them.
        if (this.scan.sends && data.kind !== "quick" && gradioApp().querySelector("#script_list")) {
            add("Send to XYZ plot", "Set up the same grid in txt2img's XYZ plot", () => this.sendGrid());
        }
        if (!data.running && !data.locked) add("Delete", "Delete this scan and its pictures", () => this.scan.remove(data));
        this.head.replaceChildren(titles, tools);
    }

    download(route, text, hint) {
        const link = element("a", "lora-neg-button", translate(text));
        link.href = fileAddress(route, { scan: this.data.scan });
        link.download = "";
        link.title = translate(hint);
        return link;
    }

    drawVerdict() {
        const { data } = this;
        const found = data.verdict || data.comparison;
        this.verdict.hidden = !found;
        if (!found) return;
        const parts = [userText("lora-neg-scan-sentence", found.sentence)];
        if (found.notes.length) {
            const list = element("ul", "lora-neg-list");
            for (const note of found.notes) list.append(element("li", "", note));
            parts.push(list);
        }
        if (data.save.possible) parts.push(this.saving(data.save));
        else for (const note of data.save.notes) parts.push(element("p", "lora-neg-note", note));
        this.verdict.replaceChildren(...parts);
    }

    saving({ lines, saved, notes, trusted }) {
        const made = element("div", "lora-neg-scan-saving");
        const title = saved ? translate("Saved to this LoRA; the guard obeys it") : translate("What would be saved to this LoRA");
        made.append(element("h4", "", title));
        const list = element("ul", "lora-neg-scan-lines");
        for (const line of lines) {
            const item = element("li");
            item.append(element("bdi", "", line));
            list.append(item);
        }
        made.append(list);
        for (const note of notes) made.append(element("p", "lora-neg-note", note));
        const act = saved
            ? button("", "Take back", () => this.scan.keep("scan-take-back", this.data.scan))
            : button(trusted ? "lora-neg-primary" : "", "Save to this LoRA", () => this.scan.keep("scan-save", this.data.scan));
        act.classList.add("lora-neg-scan-save");
        made.append(act);
        return made;
    }

    drawBelow() {
        const { data } = this;
        const parts = [];
        const points = data.verdict ? data.verdict.points : [];
        if (points.length > 1) {
            this.curves = element("img", "lora-neg-scan-curves");
            this.curves.alt = translate("Curves over the weight. {sentence} The numbers stand in the table below.", data.verdict);
            this.curves.addEventListener("error", () => (this.curves.hidden = true));
            this.drawCurves();
            parts.push(this.curves, this.numbers(points));
        } else this.curves = null;
        parts.push(this.facts());
        this.below.replaceChildren(...parts);
    }

    // In the colours of the page, which may change at any time.
    drawCurves() {
        if (!this.curves) return;
        const theme = document.body.classList.contains("dark") ? "dark" : "light";
        const { scan, finished } = this.data;
        const address = fileAddress("scan-curves", { scan, theme, of: finished });
        if (this.curves.getAttribute("src") !== address) this.curves.src = address;
    }

    numbers(points) {
        const quick = this.data.kind === "quick";
        const heads = quick
            ? [["weight", "Weight"], ["effect", "Effect"], ["unrelated", "On unrelated prompts"], ["departure", "Departure"]]
            : [["weight", "Weight"], ["effect", "Effect"], ["damage", "Damage"], ["outside", "Damaged pictures"]];
        const table = element("table", "lora-neg-scan-points");
        const line = element("tr");
        for (const [, text] of heads) {
            const cell = element("th", "", translate(text));
            cell.scope = "col";
            line.append(cell);
        }
        const head = element("thead");
        head.append(line);
        const body = element("tbody");
        for (const point of points) {
            const row = element("tr");
            for (const [key] of heads) row.append(element("td", "", this.number(point, key)));
            body.append(row);
        }
        table.append(head, body);
        const frame = element("div", "lora-neg-scan-frame");
        frame.append(table);
        return this.folded("Numbers", frame);
    }

    number(point, key) {
        const value = point[key];
        if (value === null || value === undefined) return "–";
        if (key === "weight") return String(value).replace("-", "−");
        if (key === "outside") return translate("{count} of {total}", { count: Math.round(value * point.pairs), total: point.pairs });
        return value.toFixed(2);
    }

    facts() {
        const list = element("dl", "lora-neg-facts");
        for (const [label, text] of this.data.facts) {
            const value = element("dd");
            value.append(userText("", text));
            list.append(element("dt", "", translate(label)), value);
        }
        return this.folded("How it was made", list);
    }

    folded(title, content) {
        const made = element("details", "lora-neg-scan-folded");
        made.append(element("summary", "", translate(title)), content);
        return made;
    }

    async sendGrid() {
        try {
            const { text } = await ask("scan-grid-text", { scan: this.data.scan });
            if (text) this.scan.paste(text);
            else this.scan.say("This host has no XYZ plot with a weight axis.", true);
        } catch (error) {
            this.scan.fail(error);
        }
    }
}
