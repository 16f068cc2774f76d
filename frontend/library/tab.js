// The library's tab in the page.
import { onTabChanged, onUpdated, showTab } from "../core/host.js";
import { translate } from "../core/translate.js";
import { Library } from "./library.js";

let library = null;

// The tab asks for nothing before somebody looks at it.
function lookAfter() {
    const root = gradioApp().querySelector(".lora-neg-library");
    if (!root || root.offsetParent === null || root.dataset.ready) return;
    root.dataset.ready = "true";
    library = new Library(root);
    library.start();
}

/** Opens the tab and shows the details of a LoRA. */
export function openInLibrary(name) {
    if (!showTab("lora_neg_library", "LoRA Library", translate("LoRA Library"))) return;
    let tries = 40;
    const wait = setInterval(() => {
        if (library && library.details && library.total) {
            clearInterval(wait);
            library.details.show(name, true);
        } else if (--tries < 0) clearInterval(wait);
    }, 100);
}

/** Asks for the rows anew, if the tab has been looked at. */
export function reloadLibrary() {
    if (library) library.reload();
}

/** Starts the tab when somebody looks at it. */
export function startLibrary() {
    onUpdated(lookAfter);
    onTabChanged(() => setTimeout(lookAfter, 0));
}
