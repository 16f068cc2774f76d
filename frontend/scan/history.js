// Past scans: of the chosen LoRA or all, on this checkpoint or all; unfinished ones are offered.
import { button, select } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";

const KINDS = { scan: "Scan", quick: "Quick scan", compare: "A/B picture" };

/** The list of past scans. */
export class ScanHistory {
    constructor(scan) {
        this.scan = scan;
        this.turn = 0;
        this.root = element("section", "lora-neg-scan-history");
        this.root.setAttribute("aria-label", translate("Past scans"));
        this.which = select("Which LoRAs", [["", "All LoRAs"], ["lora", "This LoRA"]]);
        this.where = select("Which checkpoints", [["", "All checkpoints"], ["here", "This checkpoint"]]);
        this.which.addEventListener("change", () => this.reload());
        this.where.addEventListener("change", () => this.reload());
        const head = element("div", "lora-neg-scan-line");
        head.append(element("h4", "", translate("Past scans")), this.which, this.where);
        this.list = element("ul", "lora-neg-scan-entries");
        this.note = element("p", "lora-neg-note");
        this.root.append(head, this.list, this.note);
    }

    // A LoRA was chosen: those of its own are meant, if somebody looks at one LoRA only.
    async reload(lora) {
        if (lora !== undefined) this.lora = lora;
        const turn = ++this.turn;
        const { checkpoint } = this.scan.overview;
        const asked = {
            lora: this.which.value ? this.lora || "" : "",
            checkpoint: this.where.value && checkpoint ? checkpoint.digest : "",
        };
        try {
            const { entries, total } = await ask("scan-history", asked);
            if (turn !== this.turn) return;
            this.entries = entries;
            this.list.replaceChildren(...entries.map((entry) => this.item(entry)));
            const more = total - entries.length;
            this.note.textContent = total ? (more ? translate("and {count} older ones", { count: more }) : "") : translate("None yet.");
            this.note.hidden = !this.note.textContent;
            this.scan.offer(entries.find((entry) => entry.unfinished && entry.finished));
        } catch (error) {
            if (turn === this.turn) this.scan.fail(error);
        }
    }

    mark() {
        for (const item of this.list.children) {
            const open = item.dataset.scan === this.scan.result.name;
            item.classList.toggle("lora-neg-open", open);
            item.querySelector("button").setAttribute("aria-pressed", String(open));
        }
    }

    item(entry) {
        const made = element("li", "lora-neg-scan-entry");
        made.dataset.scan = entry.scan;
        const open = button("lora-neg-scan-open", "", () => this.scan.open(entry.scan));
        const name = userText("lora-neg-name", entry.name);
        name.title = entry.name;
        const day = entry.started ? new Date(entry.started * 1000).toLocaleDateString() : "";
        const count = entry.kind === "quick" ? "" : entry.running || entry.unfinished
            ? translate("{count} of {total}", { count: entry.finished, total: entry.total })
            : translate("{count} pictures", { count: entry.total });
        const state = entry.running ? translate("running") : entry.unfinished ? translate("unfinished") : "";
        const facts = [translate(KINDS[entry.kind]), entry.weights, count, day, this.scan.checkpointName(entry.checkpoint)].filter(Boolean).join(" · ");
        const below = element("span", "lora-neg-below", facts);
        below.dir = "ltr";
        open.append(name, below);
        if (state) open.append(element("span", "lora-neg-evidence", state));
        if (entry.sentence) open.append(userText("lora-neg-below lora-neg-scan-said", entry.sentence));
        made.append(open);
        const isOpen = entry.scan === this.scan.result.name;
        open.setAttribute("aria-pressed", String(isOpen));
        made.classList.toggle("lora-neg-open", isOpen);
        return made;
    }
}
