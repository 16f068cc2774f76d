// The guard's panel in a tab, as others of our scripts use it.
import { find, panelPart, TABS } from "../core/host.js";

/** Lets the panels of all tabs show what was answered to the notice of the first run. */
export function refreshNotice() {
    for (const tab of TABS) {
        const button = find(panelPart(tab, "follow"));
        if (button) button.click();
    }
}

/** Opens the panel of a tab, which some hosts put far below the prompt, and goes there. */
export function showPanel(tab) {
    const panel = find(panelPart(tab, "enabled"));
    const label = panel && panel.querySelector(".label-wrap");
    if (!label) return;
    if (!label.classList.contains("open")) label.click();
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    panel.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
    const first = find(`${panelPart(tab, "enabled-checkbox")} input`);
    if (first) first.focus({ preventScroll: true });
}
