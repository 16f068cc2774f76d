// Whether the host's X/Y/Z plot is chosen with an axis that varies the weight of a LoRA: the guard
// stands aside for such a job, so the strip must not promise what it would do.
import { find, option } from "../core/host.js";

const PLOT = "X/Y/Z plot";
const RAW = new Set(["[LoRA Neg] Weight", "[LoRA Neg] Text-encoder weight"]);

// Axes that say themselves how the cells are guarded.
const GUARDED = new Set(["[LoRA Neg] Guard mode", "[LoRA Neg] Setting"]);
const REPLACED = "Prompt S/R";
const MOST = 200;

/**
 * The values of an axis as the host takes them apart: commas between, quotes around, doubled inside.
 */
export function axisValues(text) {
    const values = [];
    const pattern = /\s*(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/y;
    while (pattern.lastIndex < text.length && values.length < MOST) {
        const found = pattern.exec(text);
        if (!found) break;
        const value = found[1] === undefined ? found[2] : found[1].replace(/""/g, '"');
        values.push(value.trim());
    }
    return values;
}

// Each LoRA's weights in a prompt.
function weightsIn(prompt) {
    const found = new Map();
    for (const [, name, weights] of prompt.matchAll(/<lora:([^:<>]{1,300}):([^<>]{1,300})>/gi)) {
        found.set(name, `${found.get(name) || ""}|${weights}`);
    }
    return found;
}

// Whether these prompts give one LoRA two weights; without the LoRA is no weight of it.
function varies(prompts) {
    const first = new Map();
    for (const prompt of prompts) {
        for (const [name, weights] of weightsIn(prompt)) {
            if (!first.has(name)) first.set(name, weights);
            else if (first.get(name) !== weights) return true;
        }
    }
    return false;
}

/**
 * The axis that varies weights on purpose, or null. `axes` are types with their values as typed.
 */
export function sweepOf(axes, prompt) {
    if (axes.some(({ type }) => GUARDED.has(type))) return null;
    const found = axes.find(({ type, values }) => {
        if (RAW.has(type)) return Boolean(values.trim());
        if (type !== REPLACED) return false;
        const [search, ...others] = axisValues(values);
        if (!search || !prompt.includes(search)) return false;
        return varies([prompt, ...others.map((other) => prompt.split(search).join(other))]);
    });
    return found ? found.type : null;
}

// What is chosen in a tab's plot; none while another script is.
function axesOf(tab) {
    const script = find(`#${tab}_script_container #script_list input`);
    if (!script || script.value.trim() !== PLOT) return [];
    return [..."xyz"].map((axis) => {
        const part = (name) => find(`#script_${tab}_xyz_plot_${axis}_${name}`);
        const type = part("type") && part("type").querySelector("input");
        const values = part("values") && part("values").querySelector("textarea, input");
        return { type: type ? type.value.trim() : "", values: values ? values.value : "" };
    });
}

/** The plot's axis that varies weights in a job of this form; null where the guard acts as always. */
export function weightSweep(body) {
    if (body.enabled === false || body.mode === "Off") return null;
    if (option("lora_neg_guard_sweeps")) return null;
    return sweepOf(axesOf(body.tab), body.prompt || "");
}
