// The strips of all tabs: they follow what changes in the page.
import { onLoaded, onOptionsSaved, TABS } from "../core/host.js";
import { Strip } from "./strip.js";

const WATCH_MS = 500;
const strips = {};
let openInScan = () => {};

function stripOf(tab) {
    if (!strips[tab]) strips[tab] = new Strip(tab, () => recheck(), (name) => openInScan(name));
    return strips[tab];
}

function tabOf(target) {
    return TABS.find((tab) => target.closest && target.closest(`#tab_${tab}`)) || null;
}

function onInput(event) {
    const tab = tabOf(event.target);
    if (tab) stripOf(tab).schedule();
}

// Somebody is elsewhere in the page: a popover is in the way there. Not every browser gives a button
// the focus when it is clicked, so that it does not lose it either.
function onElsewhere(event) {
    for (const strip of Object.values(strips)) {
        if (!strip.root.contains(event.target)) strip.popover.close();
    }
}

// What changes without an event: styles, a pasted infotext, another tab.
function watch() {
    if (document.hidden) return;
    for (const tab of TABS) {
        const strip = stripOf(tab);
        strip.catchUp();
        if (strip.place() && !strip.timer) strip.check();
    }
}

/** Lets the strip of a tab, or of all, ask anew. */
export function recheck(tab) {
    for (const name of tab ? [tab] : TABS) stripOf(name).check(true);
}

/** A sentence in the strip, for what has no chip; `refused` shows it, too. */
export function say(tab, text, refused) {
    stripOf(tab).say(text, refused);
}

/** Does an action in the strip of a tab. */
export function perform(tab, action) {
    stripOf(tab).perform(action);
}

/** Starts the strips once the page is built; `open` shows a LoRA in the scan's tab. */
export function startPreview(open) {
    openInScan = open;
    onLoaded(() => {
        gradioApp().addEventListener("input", onInput, true);
        gradioApp().addEventListener("change", onInput, true);
        document.addEventListener("pointerdown", onElsewhere, true);
        document.addEventListener("focusin", onElsewhere, true);
        setInterval(watch, WATCH_MS);
        watch();
    });
    onOptionsSaved(() => recheck());
}
