// The values of the host's form: the prompts, CFG and the guard's own panel, as a tab shows them.
import { find, panelPart } from "./host.js";

// Where each box is; the hires boxes exist in txt2img only, a CFG of their own on Forge only.
const SELECTORS = {
    prompt: (tab) => `#${tab}_prompt textarea`,
    negative_prompt: (tab) => `#${tab}_neg_prompt textarea`,
    cfg_scale: (tab) => `#${tab}_cfg_scale input[type=number]`,
    hr_prompt: (tab) => (tab === "txt2img" ? "#hires_prompt textarea" : null),
    hr_negative_prompt: (tab) => (tab === "txt2img" ? "#hires_neg_prompt textarea" : null),
    hr_cfg: (tab) => `#${tab}_hr_cfg input[type=number]`,
};

const NUMBERS = new Set(["cfg_scale", "hr_cfg"]);

/** The element of a value in a tab; null where this page has none. */
export function inputOf(tab, name) {
    return find(SELECTORS[name](tab));
}

/** A value of a tab's form, numbers as numbers; null where there is none. */
export function valueOf(tab, name) {
    const element = inputOf(tab, name);
    if (!element) return null;
    if (!NUMBERS.has(name)) return element.value;
    const number = parseFloat(element.value);
    return Number.isFinite(number) ? number : null;
}

/** Writes a value into the form as if it was typed; says whether it could. */
export function setValue(tab, name, value) {
    const element = inputOf(tab, name);
    if (!element) return false;
    element.value = String(value);
    updateInput(element);
    return true;
}

const SWITCH_CLASS = "lora-neg-switch-";

/** The state of each quick switch by its id. The ids stand in the group's classes, in the order of
 * the switches: their labels may have been translated. */
function switchStates(group) {
    const ids = [...group.classList].filter((name) => name.startsWith(SWITCH_CLASS))
        .map((name) => name.slice(SWITCH_CLASS.length));
    const inputs = group.querySelectorAll("input[type=checkbox]");
    return Object.fromEntries(ids.map((id, place) => [id, Boolean(inputs[place]?.checked)]));
}

/** What the guard looks at in a tab, as the routes take it; null while the tab is not shown. */
export function readForm(tab) {
    const prompt = inputOf(tab, "prompt");
    if (!prompt || prompt.offsetParent === null) return null;
    const body = { tab };
    for (const name of Object.keys(SELECTORS)) {
        const value = valueOf(tab, name);
        if (value !== null) body[name] = value;
    }
    const hires = find(`#${tab}_hr-checkbox input`);
    body.hires = Boolean(hires && hires.checked);
    body.styles = [...gradioApp().querySelectorAll(`#${tab}_styles .token > span`)]
        .map((token) => token.textContent.trim()).filter(Boolean);
    const enabled = find(`${panelPart(tab, "enabled-checkbox")} input`);
    if (enabled) body.enabled = enabled.checked;
    const mode = find(`${panelPart(tab, "mode")} input:checked`);
    if (mode) body.mode = mode.value;
    const switches = find(panelPart(tab, "rules"));
    if (switches) body.switches = switchStates(switches);
    const guidance = find(`${panelPart(tab, "guidance")} input:checked`);
    if (guidance) body.guidance = guidance.value;
    const tools = (cfgTools[tab] || []).filter(isOn).map(({ name }) => name);
    if (tools.length) body.tools = tools;
    return body;
}

// Other extensions that change CFG or the meaning of prompts, by tab: their names, and the
// id of the input that switches each on; without one it is always on. The input is a
// checkbox, or a number that counts from `least` on.
const cfgTools = {};

function isOn({ id, least }) {
    if (!id) return true;
    const kind = typeof least === "number" ? "number" : "checkbox";
    const holder = document.getElementById(id);
    const input = holder && (holder.matches("input") ? holder : holder.querySelector(`input[type=${kind}]`));
    if (!input) return false;
    return kind === "number" ? Number(input.value) >= least : input.checked;
}

/** The CFG tools that the page knows of in a tab. */
export function cfgToolsOf(tab) {
    return cfgTools[tab] || [];
}

/** Sets the CFG tools of a tab, as the server tells them. */
export function setCfgTools(tab, tools) {
    cfgTools[tab] = tools;
}
