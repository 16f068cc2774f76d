// The scan's tab in the page.
import { onTabChanged, onUpdated, showTab } from "../core/host.js";
import { translate } from "../core/translate.js";
import { Scan } from "./scan.js";

let scan = null;

// The tab asks for nothing before somebody looks at it.
function lookAfter() {
    const root = gradioApp().querySelector(".lora-neg-scan");
    if (!root || root.offsetParent === null || root.dataset.ready) return;
    root.dataset.ready = "true";
    scan = new Scan(root);
    scan.begin();
}

/** Opens the tab with a LoRA chosen; what is scanned how is left to the user. */
export function openInScan(name) {
    if (!showTab("lora_neg_scan", "LoRA Scan", translate("LoRA Scan"))) return;
    let tries = 40;
    const wait = setInterval(() => {
        if (scan && scan.overview && scan.form.picker) {
            clearInterval(wait);
            scan.form.choose(name);
        } else if (--tries < 0) clearInterval(wait);
    }, 100);
}

/** Starts the tab when somebody looks at it. */
export function startScan() {
    onUpdated(lookAfter);
    onTabChanged(() => setTimeout(lookAfter, 0));
}
