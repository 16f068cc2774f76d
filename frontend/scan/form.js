// The scan's form: what to scan, how, and what it will cost before it starts.
import { button, input, select, typeMark } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { Fields } from "./fields.js";
import { ScanPicker } from "./picker.js";
import { ScanPrompts } from "./prompts.js";
import { ScanSampling } from "./sampling.js";
import { numberIn, randomSeeds, seedCount } from "./seeds.js";
import { ScanWeights } from "./weights.js";
import { costText } from "./words.js";

const PAUSE_MS = 250;
const MEMORY = "lora_neg_scan_form";

const KINDS = [
    ["scan", "Weight scan", "Pictures over the weights, measured and judged"],
    ["quick", "Quick scan", "The same two numbers from a few evaluations of the model, without pictures"],
    ["compare", "A/B picture", "With and without the LoRA at the same seeds, side by side"],
];

const PARTS = [["both", "Unet and text encoder"], ["unet", "Unet only"], ["text_encoder", "Text encoder only"]];
let made = 0;

/** The form; what stands in it is remembered in the browser. */
export class ScanForm {
    constructor(scan) {
        this.scan = scan;
        this.turn = 0;
        this.kind = "scan";
        this.lora = null;
        this.id = `lora_neg_scan_form_${++made}`;
        this.root = element("form", "lora-neg-scan-form");
        this.root.noValidate = true;
        this.root.setAttribute("aria-label", translate("What to scan"));
        this.root.addEventListener("input", () => this.changed());
        this.root.addEventListener("change", () => this.changed());
        this.root.addEventListener("submit", (event) => {
            event.preventDefault();
            this.submit();
        });
    }

    // Builds the form anew, with what stood in it or what stood in it last time.
    build(overview, kept = null) {
        this.overview = overview;
        this.fields = new Fields(this.id);
        const list = this.weights && this.weights.list;
        this.weights = new ScanWeights(this.fields, overview.presets, () => this.changed());
        this.weights.list = list;
        this.picker = new ScanPicker((name) => this.choose(name), (error) => this.scan.fail(error));
        this.about = element("div", "lora-neg-scan-about");
        this.about.hidden = true;
        this.root.replaceChildren(
            this.checkpointLine(),
            this.fields.field("lora", "LoRA", this.picker.root, this.about),
            this.kindField(),
            this.weights.root,
            this.partField(),
            this.promptsField(),
            this.textField("negative_prompt", "Negative prompt", overview.form.negative_prompt),
            this.seedsField(),
            this.samplingField(),
            this.criticField(),
            this.footer(),
        );
        this.recall(kept);
        this.showKind();
        this.check();
    }

    // ---- pieces -------------------------------------------------------------------------

    checkpointLine() {
        const { checkpoint } = this.overview;
        const made = this.fields.field("checkpoint", "Checkpoint");
        const text = checkpoint ? `${checkpoint.title}` : translate("none chosen");
        const line = userText("lora-neg-scan-checkpoint", text);
        line.title = checkpoint ? `${checkpoint.title} · ${checkpoint.digest}` : "";
        made.insertBefore(line, made.lastChild);
        return made;
    }

    kindField() {
        const { group, radios } = this.fields.choices("kind", "What to make", KINDS, (kind) => {
            this.kind = kind;
            this.showKind(true);
        });
        this.kinds = radios;
        this.kindNote = element("p", "lora-neg-note");
        return this.fields.field("kind", "What to make", group, this.kindNote);
    }

    partField() {
        this.part = this.fields.described(select("Part that takes the weight", PARTS), "part");
        this.held = input("number", "Weight of the other part", { step: "0.05", min: "-10", max: "10", value: "0" });
        this.heldLabel = element("label", "lora-neg-scan-held", `${translate("the other part stays at")} `);
        this.heldLabel.append(this.held);
        const line = element("div", "lora-neg-scan-line");
        line.append(this.part, this.heldLabel);
        this.heldLabel.hidden = true;
        return this.fields.field("part", "Part that takes the weight", line);
    }

    promptsField() {
        this.prompts = new ScanPrompts(`${this.id}_prompts_note`, () => this.changed());
        return this.fields.field("prompts", "Prompts", this.prompts.root);
    }

    textField(name, label, value) {
        const box = element("textarea", "lora-neg-input");
        box.rows = 2;
        box.dir = "auto";
        box.maxLength = 4000;
        box.value = value;
        box.setAttribute("aria-label", translate(label));
        this[name] = this.fields.described(box, name);
        return this.fields.field(name, label, box);
    }

    seedsField() {
        this.seeds = this.fields.described(input("text", "Seeds", { spellcheck: "false", maxlength: "2000", value: "1, 2" }), "seeds");
        const line = element("div", "lora-neg-scan-line");
        line.append(this.seeds, button("", "New seeds", () => {
            this.seeds.value = randomSeeds(seedCount(this.seeds.value));
            this.changed();
        }));
        return this.fields.field("seeds", "Seeds", line);
    }

    samplingField() {
        this.sampling = new ScanSampling(this.fields, this.overview);
        return this.sampling.root;
    }

    criticField() {
        this.critic = input("checkbox", "Let the model judge, too");
        const label = element("label", "lora-neg-check");
        label.append(this.critic, element("span", "", translate("Let the model judge, too")));
        const note = element("p", "lora-neg-note", translate("It also sees smeared, misplaced, doubled and missing parts."));
        this.criticLine = this.fields.field("critic", "The model's own judgement", label, note);
        return this.criticLine;
    }

    footer() {
        const made = this.fields.field("plan", "");
        made.classList.add("lora-neg-scan-footer");
        made.firstChild.remove();
        this.cost = element("p", "lora-neg-scan-cost");
        this.cost.setAttribute("role", "status");
        this.start = element("button", "lora-neg-button lora-neg-primary", translate("Start"));
        this.start.type = "submit";
        this.start.disabled = true;
        made.prepend(this.cost);
        made.append(this.start);
        return made;
    }

    // ---- what stands in it --------------------------------------------------------------

    body() {
        return {
            kind: this.kind,
            lora: this.lora ? this.lora.name : "",
            ...this.weights.read(),
            part: this.part.value,
            held: numberIn(this.held.value),
            prompts: this.prompts.read(),
            negative_prompt: this.negative_prompt.value,
            seeds: this.seeds.value,
            critic: this.critic.checked,
            ...this.sampling.read(),
        };
    }

    // Fills the form with what asked for a scan.
    async fill(form) {
        this.kind = form.kind;
        this.prompts.fill(form.prompts);
        for (const name of ["part", "seeds", "negative_prompt"]) this[name].value = form[name];
        this.weights.fill(form);
        this.held.value = String(form.held || 0);
        this.critic.checked = form.critic === true;
        this.sampling.fill(form);
        this.showKind();
        await this.choose(form.lora, true);
    }

    recall(kept) {
        if (kept) {
            this.fill(kept);
            return;
        }
        try {
            const before = JSON.parse(localStorage.getItem(MEMORY));
            const known = before && Array.isArray(before.prompts) && KINDS.some(([kind]) => kind === before.kind);
            if (known) this.fill(before);
        } catch {
            localStorage.removeItem(MEMORY);
        }
    }

    choose(name, keep = false) {
        if (!name) return null;
        const choosing = this.load(name, keep);
        this.choosing = choosing;
        return choosing;
    }

    async load(name, keep) {
        try {
            const lora = await ask("scan-lora", { name });
            this.lora = lora;
            this.picker.show(name);
            this.showLora();
            this.prompts.offer(lora.prompts, !keep);
            if (!keep && this.kind === "compare") this.weights.fillComparison(lora.compare);
            this.scan.history.reload(name);
        } catch (error) {
            if (!keep) this.scan.fail(error);
        }
        this.changed();
    }

    showLora() {
        const { lora } = this;
        const line = element("p", "lora-neg-type-line");
        line.append(typeMark(lora.type, lora.letter), element("strong", "", lora.type_name || translate("not read yet")));
        if (lora.range && lora.range_source) {
            const range = element("bdi", "lora-neg-range", lora.range);
            range.dir = "ltr";
            line.append(range, element("span", "lora-neg-below", lora.range_source));
        }
        this.about.replaceChildren(line);
        if (lora.saved) this.about.append(userText("lora-neg-note", lora.saved));
        if (lora.blocks) this.about.append(userText("lora-neg-note", lora.blocks));
        if (lora.type === "trigger_negative" || lora.type === "dedicated_negative") {
            const hint = element("p", "lora-neg-note", `${translate("Made to be loaded as a negative: an A/B picture shows best what it does.")} `);
            if (this.kind !== "compare") hint.append(button("lora-neg-link", "A/B picture", () => this.setKind("compare")));
            this.about.append(hint);
        }
        this.about.hidden = false;
    }

    setKind(kind) {
        this.kind = kind;
        this.showKind(true);
        this.changed();
    }

    // Shows the fields of the chosen kind; `moved`: somebody has just chosen it.
    showKind(moved = false) {
        const { kind } = this;
        this.kinds.forEach((radio) => (radio.checked = radio.value === kind));
        this.kinds.find(({ value }) => value === "quick").disabled = !this.overview.quick;
        this.weights.showKind(kind);
        this.criticLine.hidden = !this.overview.critic || kind === "quick";
        this.kindNote.textContent = this.overview.quick || kind !== "scan"
            ? translate(KINDS.find(([id]) => id === kind)[2]) : `${translate(KINDS[0][2])}. ${translate("This host has no quick scan.")}`;
        if (!moved) return;
        this.weights.changeKind(kind, this.lora && this.lora.compare);
        if (this.lora) this.showLora();
    }

    changed() {
        this.stale = true;
        this.turn += 1; // what was asked before is no answer any more
        // A click on Start waits for the next answer, so it must be possible before that.
        if (this.start && this.lora && !this.scan.isRunning) this.start.disabled = false;
        this.heldLabel.hidden = this.part.value === "both";
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.check(), PAUSE_MS);
    }

    // Starts, or shows, what stands in the form now: a click counts however long the answer to
    // the last change takes, and never for what stood there before.
    async submit() {
        if (this.submitting || this.scan.isRunning) return;
        this.submitting = true;
        this.start.setAttribute("aria-busy", "true");
        try {
            await this.choosing;
            while (this.stale) {
                clearTimeout(this.timer);
                if (!await this.check()) return;
            }
            if (!this.ready || this.scan.isRunning) return;
            if (this.complete) await this.scan.open(this.complete);
            else await this.scan.start(this.body());
        } finally {
            this.submitting = false;
            this.start.removeAttribute("aria-busy");
        }
    }

    // Asks what it would cost, or what is wrong; says whether there was an answer.
    async check() {
        const turn = ++this.turn;
        const body = this.body();
        try {
            const answer = await ask("scan-plan", body);
            if (turn !== this.turn) return true;
            this.show(answer);
            localStorage.setItem(MEMORY, JSON.stringify(body));
            return true;
        } catch (error) {
            if (turn === this.turn) this.scan.fail(error);
            return false;
        }
    }

    show({ errors, cost, existing }) {
        this.stale = false;
        const untouched = !this.lora;
        this.fields.showErrors(errors, untouched ? ["lora", "prompts"] : []);
        this.weights.markPreset();
        const quick = this.kind === "quick";
        const there = cost && existing && (quick ? existing.sentence : existing.finished);
        this.cost.textContent = cost
            ? costText(cost, this.kind)
            : untouched ? translate("Choose a LoRA to see what a scan costs.") : translate("Something above needs a look first.");
        const missing = there && !quick ? existing.total - existing.finished : 0;
        const unread = Boolean(there && !missing && existing.unread);
        if (there) {
            this.cost.textContent += missing
                ? ` ${translate("{count} of them are there already.", { count: existing.finished })}` : ` ${translate("It was made before.")}`;
            if (unread) this.cost.textContent += ` ${translate("The model is still to be asked about it.")}`;
        }
        this.complete = there && !missing && !unread ? existing.scan : "";
        this.ready = Boolean(cost);
        this.showBusy(this.scan.isRunning);
    }

    showBusy(busy) {
        if (!this.start) return;
        this.start.disabled = !this.ready || busy;
        this.start.textContent = busy ? translate("A scan is running") : this.complete ? translate("Show it") : translate("Start");
    }
}
