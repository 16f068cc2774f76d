// What A1111's own scripts offer to extensions, for the page without a WebUI, and the little that
// only this page has: cards that insert a LoRA, a picture dropped on the prompt, shortcuts.
const opts = { extra_networks_add_text_separator: " ", lora_neg_card_badges: true };

const pageCallbacks = { loaded: [], updated: [], options: [], tab: [] };

function gradioApp() {
    return document;
}

function onUiLoaded(callback) {
    pageCallbacks.loaded.push(callback);
}

function onAfterUiUpdate(callback) {
    pageCallbacks.updated.push(callback);
}

function onOptionsChanged(callback) {
    pageCallbacks.options.push(callback);
}

function onUiTabChange(callback) {
    pageCallbacks.tab.push(callback);
}

function updateInput(target) {
    target.dispatchEvent(new Event("input", { bubbles: true }));
}

// A card adds its text, and takes it out again if it stands there word for word.
function tryToRemoveExtraNetworkFromPrompt(textarea, text) {
    if (!textarea.value.includes(text)) return false;
    textarea.value = textarea.value.replace(text, "").trim();
    return true;
}

function switch_to_txt2img() {
    const tab = document.getElementById("tab_txt2img-button");
    if (tab) tab.click();
}

(() => {
    const TABS = ["txt2img", "img2img"];
    const PAUSE_MS = 200;

    const shownTab = () => TABS.find((tab) => {
        const panel = document.getElementById(`tab_${tab}`);
        return panel && panel.offsetParent !== null;
    });

    function press(id) {
        const element = document.getElementById(id);
        if (element && element.offsetParent !== null && !element.disabled) element.click();
    }

    function onCard(event) {
        const card = event.target instanceof Element && event.target.closest(".lora-neg-page-cards .card");
        if (!card || event.target.closest(".lora-neg-badge, .card-button") || event.altKey) return;
        const tab = TABS.find((name) => card.closest(`#${name}_lora_cards`));
        const textarea = document.querySelector(`#${tab}_prompt textarea`);
        const text = card.dataset.insert;
        if (!window.tryToRemoveExtraNetworkFromPrompt(textarea, text)) {
            textarea.value = textarea.value ? `${textarea.value} ${text}` : text;
        }
        updateInput(textarea);
    }

    function onFilter(event) {
        const input = event.target;
        if (!(input instanceof Element) || !input.matches(".lora-neg-page-filter")) return;
        const wanted = input.value.trim().toLowerCase();
        for (const card of input.closest(".lora-neg-page-lora").querySelectorAll(".card")) {
            card.hidden = !card.dataset.search.includes(wanted);
        }
    }

    function onShortcut(event) {
        const tab = shownTab();
        if (!tab) return;
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            press(`${tab}_generate`);
        } else if (event.key === "Escape" && !event.defaultPrevented) {
            press(`${tab}_interrupt`);
        }
    }

    // A picture dropped on the prompts goes to the box that restores its settings.
    function promptsAt(event) {
        if (!(event.target instanceof Element) || !event.dataTransfer) return null;
        const row = event.target.closest("[id$='_prompt_container']");
        return row && [...event.dataTransfer.types].includes("Files") ? row.id.split("_")[0] : null;
    }

    function onDragOver(event) {
        if (promptsAt(event)) event.preventDefault();
    }

    function onDrop(event) {
        const tab = promptsAt(event);
        const file = tab && [...event.dataTransfer.files].find(({ type }) => type.startsWith("image/"));
        // gradio puts the input of an upload button beside it.
        const button = file && document.getElementById(`${tab}_picture`);
        const input = button && button.parentElement.querySelector("input[type=file]");
        if (!input) return;
        event.preventDefault();
        event.stopPropagation();
        const carrier = new DataTransfer();
        carrier.items.add(file);
        input.files = carrier.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    // gradio's gallery takes the focus when pictures arrive, which scrolls the page down to them and
    // ends somebody's typing: it may have it only from somebody who is in the gallery already.
    function keepFocusAndPlace() {
        const focus = HTMLElement.prototype.focus;
        HTMLElement.prototype.focus = function focusUnlessStolen(...options) {
            const gallery = this.closest(".thumbnails") && this.closest("[id$='_gallery']");
            if (!gallery || gallery.contains(document.activeElement)) focus.apply(this, options);
        };
    }

    // Each pixel of a small picture becomes a square of whole pixels of the screen.
    function enlargeWholly() {
        for (const image of document.querySelectorAll(".lora-neg-page-small .preview img")) {
            const frame = image.closest(".media-button, .preview");
            const natural = [image.naturalWidth, image.naturalHeight];
            if (!frame || !natural[0] || image.closest(".thumbnails")) continue;
            const dots = window.devicePixelRatio || 1;
            const room = [frame.clientWidth * dots / natural[0], frame.clientHeight * dots / natural[1]];
            const times = Math.floor(Math.min(...room));
            if (times < 1) {
                image.style.removeProperty("width");
                image.style.removeProperty("height");
                delete image.dataset.whole;
                continue;
            }
            const [width, height] = natural.map((side) => `${side * times / dots}px`);
            if (image.style.width === width && image.style.height === height) continue;
            image.dataset.whole = times;
            image.style.width = width;
            image.style.height = height;
        }
    }

    function onTab(event) {
        const button = event.target instanceof Element && event.target.closest("button[role=tab]");
        if (button) setTimeout(() => pageCallbacks.tab.forEach((callback) => callback()), 50);
    }

    function watch() {
        let timer = 0;
        let loaded = false;
        const look = () => {
            if (!loaded && document.querySelector("#txt2img_prompt textarea")) {
                loaded = true;
                pageCallbacks.loaded.forEach((callback) => callback());
            }
            clearTimeout(timer);
            timer = setTimeout(() => pageCallbacks.updated.forEach((callback) => callback()), PAUSE_MS);
        };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
        look();
    }

    keepFocusAndPlace();
    onAfterUiUpdate(enlargeWholly);
    window.addEventListener("resize", enlargeWholly);
    // A picture that arrives later than its frame.
    document.addEventListener("load", enlargeWholly, true);
    document.addEventListener("click", onCard);
    document.addEventListener("click", onTab);
    document.addEventListener("keydown", onShortcut);
    document.addEventListener("input", onFilter);
    document.addEventListener("dragover", onDragOver, true);
    document.addEventListener("drop", onDrop, true);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
    else watch();
})();
