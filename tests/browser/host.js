// What the WebUI's own scripts offer to extensions, as far as the test page needs it.
const opts = { extra_networks_add_text_separator: " " };
const hostCallbacks = { loaded: [], updated: [], options: [] };

function gradioApp() {
    return document.getElementsByTagName("gradio-app")[0] || document;
}

function onUiLoaded(callback) {
    hostCallbacks.loaded.push(callback);
}

function onAfterUiUpdate(callback) {
    hostCallbacks.updated.push(callback);
}

function onOptionsChanged(callback) {
    hostCallbacks.options.push(callback);
}

function updateInput(target) {
    target.dispatchEvent(new Event("input", { bubbles: true }));
}

// A card adds its tag, and takes it out again if it stands there word for word.
function tryToRemoveExtraNetworkFromPrompt(textarea, text) {
    if (!textarea.value.includes(text)) return false;
    textarea.value = textarea.value.replace(text, "").trim();
    return true;
}

function cardClicked(tab, text) {
    const textarea = gradioApp().querySelector(`#${tab}_prompt textarea`);
    if (!tryToRemoveExtraNetworkFromPrompt(textarea, text)) {
        textarea.value = `${textarea.value} ${text}`.trim();
    }
    updateInput(textarea);
}

document.addEventListener("DOMContentLoaded", () => {
    let timer = 0;
    let loaded = false;
    new MutationObserver(() => {
        if (!loaded && gradioApp().querySelector("#txt2img_prompt")) {
            loaded = true;
            hostCallbacks.loaded.forEach((callback) => callback());
        }
        clearTimeout(timer);
        timer = setTimeout(() => hostCallbacks.updated.forEach((callback) => callback()), 200);
    }).observe(document.body, { childList: true, subtree: true });
});
