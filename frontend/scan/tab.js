// The scan's tab in the page.
import { onTabChanged, onUpdated } from "../core/host.js";
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

/** Starts the tab when somebody looks at it. */
export function startScan() {
    onUpdated(lookAfter);
    onTabChanged(() => setTimeout(lookAfter, 0));
}
