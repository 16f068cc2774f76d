// One picture of a scan enlarged, beside the one at weight 0 if wanted.
import { button, input } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { ask, fileAddress } from "../core/server.js";
import { translate } from "../core/translate.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// How much further off the model's own prediction is than at weight 0, in words.
function unlikelyText({ unlikely, balks }) {
    const times = (2 ** unlikely).toFixed(1);
    if (balks) return translate("The model balks at it: far less likely than at weight 0 (error × {times}).", { times });
    return unlikely < 0.1 ? translate("To the model it is as likely as at weight 0.")
        : translate("To the model it is less likely than at weight 0 (error × {times}), no more than the change explains.", { times });
}

/** A dialog with one picture; arrow keys lead to its neighbours in the grid. */
export class ScanPicture {
    constructor(scan, grid) {
        this.scan = scan;
        this.grid = grid;
        this.root = element("dialog", "lora-neg-scan-dialog");
        this.root.setAttribute("aria-label", translate("Picture"));
        this.root.addEventListener("keydown", (event) => this.onKey(event));
        this.root.addEventListener("click", (event) => event.target === this.root && this.root.close());
        this.root.addEventListener("close", () => this.opener && this.opener.focus());
        this.title = element("h3");
        this.pictures = element("div", "lora-neg-scan-pictures");
        this.text = userText("lora-neg-scan-infotext", "");
        this.note = element("p", "lora-neg-note");
        this.note.setAttribute("role", "status");
        this.tick = input("checkbox", "Beside weight 0");
        this.tick.addEventListener("change", () => this.draw());
        const label = element("label", "lora-neg-check");
        label.append(this.tick, element("span", "", translate("Beside weight 0")));
        this.heatTick = input("checkbox", "Where the model balks");
        this.heatTick.addEventListener("change", () => this.draw());
        this.heatLabel = element("label", "lora-neg-check");
        this.heatLabel.append(this.heatTick, element("span", "", translate("Where the model balks")));
        this.heatLabel.hidden = true;
        this.sendButton = button("", "Send to txt2img", () => this.scan.paste(this.cell.send));
        const close = button("lora-neg-close", "×", () => this.root.close());
        close.setAttribute("aria-label", translate("Close"));
        const head = element("div", "lora-neg-scan-line");
        head.append(this.title, label, this.heatLabel, this.sendButton, close);
        this.root.append(head, this.pictures, this.note, this.text);
    }

    async open(id, opener) {
        this.opener = opener;
        const { data } = this.grid;
        if (!this.root.open) this.tick.checked = data.kind === "compare";
        this.cell = { id };
        this.text.textContent = this.note.textContent = "";
        this.sendButton.hidden = this.heatLabel.hidden = true;
        this.draw();
        if (!this.root.open) this.root.showModal();
        try {
            const cell = await ask("scan-cell", { scan: data.scan, cell: id });
            if (this.cell.id !== id) return;
            this.cell = cell;
            this.text.textContent = cell.infotext || cell.text;
            this.sendButton.hidden = !cell.send;
            this.heatLabel.hidden = cell.unlikely === null;
            if (this.heatTick.checked) this.draw();
            this.note.textContent = cell.effect === null || cell.weight === 0
                ? "" : translate("Differs from weight 0 by {effect} (0 is the same, 1 another picture).", { effect: cell.effect.toFixed(2) });
            if (cell.unlikely !== null) this.note.textContent += ` ${unlikelyText(cell)}`;
            if (cell.lost) this.note.textContent += ` ${translate("Its prompt explains less of it: some of what was asked for may be gone.")}`;
        } catch (error) {
            this.note.textContent = error.message;
        }
    }

    draw() {
        const { data, active } = this.grid;
        const column = data.columns[active.column];
        const row = data.rows[active.row];
        this.title.textContent = translate("Weight {weight}, seed {seed}", { weight: column.text, seed: row.seed });
        const heat = this.heatTick.checked && this.cell.unlikely !== undefined && this.cell.unlikely !== null;
        const figures = [this.figure(this.cell.id, translate("weight {weight}", { weight: column.text }), heat ? "scan-heat" : "scan-picture")];
        const zero = this.grid.key(0, row);
        const there = this.grid.buttons.get(zero);
        if (this.tick.checked && column.weight !== 0 && there && there.made.dataset.cell) {
            figures.unshift(this.figure(zero, data.kind === "compare" ? translate("without the LoRA") : translate("weight 0")));
        }
        this.pictures.replaceChildren(...figures);
    }

    figure(id, caption, file = "scan-picture") {
        const made = element("figure");
        const image = element("img");
        image.alt = caption;
        image.src = fileAddress(file, { scan: this.grid.data.scan, cell: id });
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
