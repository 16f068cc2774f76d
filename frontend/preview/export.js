// A menu in the strip: the tab's prompts for Midjourney, or as a workflow for ComfyUI.
import { element, plainButton } from "../core/elements.js";
import { readForm } from "../core/form.js";
import { find } from "../core/host.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";

const WORKFLOW = "lora-neg-workflow.json";

/** The menu of one tab; `say` tells what came of it, and `fail` what went wrong. */
export function exportMenu(tab, say, fail) {
    const menu = element("details", "lora-neg-export");
    const head = element("summary", "lora-neg-tool", "⇪");
    head.title = translate("Export");
    head.setAttribute("aria-label", head.title);
    const list = element("div", "lora-neg-export-list");
    const entry = (text, act) => plainButton("lora-neg-tool", text, () => {
        menu.open = false;
        act(tab).then(say, fail);
    });
    list.append(
        entry("Workflow for ComfyUI", saveWorkflow),
        entry("Prompt for Midjourney", copyForMidjourney),
    );
    menu.append(head, list);
    menu.addEventListener("toggle", () => {
        if (menu.open) placeBelow(list, head);
    });
    window.addEventListener("scroll", () => {
        menu.open = false;
    }, { capture: true, passive: true });
    menu.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !menu.open) return;
        menu.open = false;
        head.focus();
    });
    menu.addEventListener("focusout", (event) => {
        if (!menu.contains(event.relatedTarget)) menu.open = false;
    });
    return menu;
}

// The strip is one line that hides what is beyond it: the list is placed in the window.
function placeBelow(list, head) {
    const { left, right, bottom } = head.getBoundingClientRect();
    const start = getComputedStyle(head).direction === "rtl" ? left : right - list.offsetWidth;
    list.style.left = `${Math.max(8, start)}px`;
    list.style.top = `${bottom + 3}px`;
}

async function saveWorkflow(tab) {
    const body = { ...readForm(tab), to: "comfyui" };
    const infotext = infotextShown(tab);
    const { workflow, findings } = await ask("export", infotext ? { ...body, infotext } : body);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(workflow, null, 1)], { type: "application/json" }));
    link.download = WORKFLOW;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    const from = infotext
        ? translate("Saved the shown picture as {file}", { file: WORKFLOW })
        : translate("Saved the prompts as {file}; with a picture shown, its seed and sampler go along", { file: WORKFLOW });
    return findings.length ? `${from} · ${translate("Notes stand in the workflow")}` : from;
}

async function copyForMidjourney(tab) {
    const { text } = await ask("export", { ...readForm(tab), to: "midjourney" });
    await copy(text);
    return translate("Copied for Midjourney: {text}", { text });
}

/** The infotext of the picture that the tab shows; empty where there is none. */
function infotextShown(tab) {
    const info = find(`#html_info_${tab}`);
    const text = info ? info.innerText.trim() : "";
    return /\bSteps: \d/.test(text) ? text : "";
}

async function copy(text) {
    // Pages that are not served over HTTPS have no clipboard of their own.
    if (navigator.clipboard && window.isSecureContext) {
        await navigator.clipboard.writeText(text);
        return;
    }
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
}
