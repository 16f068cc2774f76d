// The weights of a scan: presets, the text of the list, and for an A/B picture one weight and a word.
import { button, input } from "../core/controls.js";
import { element } from "../core/elements.js";
import { translate } from "../core/translate.js";

const ONE_NUMBER = /^\s*-?[\d.]+\s*$/;

/** The field of the weights. */
export class ScanWeights {
    /** `presets` are the host's, the first for a scan, the second for a quick one. */
    constructor(fields, presets, onChange) {
        this.presets = presets;
        this.row = element("div", "lora-neg-presets");
        for (const { id, name, weights } of presets) {
            const preset = button("lora-neg-toggle", name, () => {
                this.box.value = weights;
                onChange();
            });
            preset.dataset.weights = weights;
            preset.dataset.preset = id;
            preset.title = weights;
            this.row.append(preset);
        }
        this.box = fields.described(input("text", "Weights", { spellcheck: "false", maxlength: "2000" }), "weights");
        this.box.dir = "ltr";
        this.box.value = presets[0].weights;
        this.word = input("text", "Word added to the negative prompt with the LoRA", {
            placeholder: "word added to the negative, if it has one", maxlength: "4000",
        });
        this.word.dir = "auto";
        this.hint = element("p", "lora-neg-note", translate("A list, or a range: -1 - 1 [9], -0.9--0.3 (+0.3). 0 is always made."));
        this.wordField = fields.field("negative_word", "Added to the negative prompt with the LoRA", this.word);
        this.root = element("div", "lora-neg-scan-stacked");
        this.root.append(fields.field("weights", "Weights", this.row, this.box, this.hint), this.wordField);
    }

    read() {
        return { weights: this.box.value, negative_word: this.word.value };
    }

    fill(form) {
        this.box.value = form.weights;
        this.word.value = form.negative_word || "";
    }

    /** The weight and the word at which a LoRA is compared with and without. */
    fillComparison({ weight, word }) {
        this.box.value = String(weight);
        this.word.value = word;
    }

    /** Shows what the kind of scan needs. */
    showKind(kind) {
        this.row.hidden = this.hint.hidden = kind === "compare";
        this.wordField.hidden = kind !== "compare";
    }

    /** Puts weights of the kind that was just chosen into the box, as far as those there are none of it. */
    changeKind(kind, comparison) {
        const [few, more] = this.presets;
        if (kind === "compare") {
            if (/[,[]/.test(this.box.value)) this.list = this.box.value;
            if (comparison) this.fillComparison(comparison);
        } else if (this.list || ONE_NUMBER.test(this.box.value)) {
            this.box.value = this.list || (kind === "quick" ? more : few).weights;
        }
        if (kind === "quick" && this.box.value === few.weights) this.box.value = more.weights;
    }

    /** Marks the preset that stands in the box. */
    markPreset() {
        for (const preset of this.row.children) {
            preset.setAttribute("aria-pressed", String(preset.dataset.weights === this.box.value));
        }
    }
}
