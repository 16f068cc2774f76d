// What the WebUI offers its extensions: the page's root, its hooks, its options.

/** The tabs that generate. */
export const TABS = ["txt2img", "img2img"];

const PANEL = "lora_negative_guard";

/** The first element that a selector finds; null without a selector. */
export function find(selector) {
    return selector ? gradioApp().querySelector(selector) : null;
}

/** The selector of a part of our panel in a tab. */
export function panelPart(tab, part) {
    return `[id^="script_${tab}_"][id$="${PANEL}_${part}"]`;
}

/** An option of the host's settings; undefined while the host has not sent it. */
export function option(name) {
    return typeof opts === "object" && opts ? opts[name] : undefined;
}

/** Whether the host's settings have this option; true where a page has no settings at all. */
export function hasOption(name) {
    return typeof opts !== "object" || name in opts;
}

// A host, or a page of our tests, may lack a hook: what needs it does without.
function register(hook, callback) {
    if (typeof globalThis[hook] === "function") globalThis[hook](callback);
}

function tabButton(id, labels) {
    return document.getElementById(`tab_${id}-button`)
        || [...gradioApp().querySelectorAll("#tabs > .tab-nav > button")]
            .find((candidate) => labels.includes(candidate.textContent.trim()));
}

/** Whether the host has a tab, by its id in gradio or its label; hidden ones have no content yet. */
export function hasTab(id, ...labels) {
    return Boolean(tabButton(id, labels));
}

/** Shows a tab; false where there is none. */
export function showTab(id, ...labels) {
    const button = tabButton(id, labels);
    if (button) button.click();
    return Boolean(button);
}

/** Calls back once the page is built. */
export function onLoaded(callback) {
    register("onUiLoaded", callback);
}

/** Calls back a moment after anything in the page has changed. */
export function onUpdated(callback) {
    register("onAfterUiUpdate", callback);
}

/** Calls back when another tab is shown. */
export function onTabChanged(callback) {
    register("onUiTabChange", callback);
}

/** Calls back when the user has saved other settings. */
export function onOptionsSaved(callback) {
    register("onOptionsChanged", callback);
}
