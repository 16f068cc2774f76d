// Badges on the host's own LoRA cards: type in two letters and range, with the reasons on hover
// and focus. Only cards that come into view are asked for and drawn.
import { onLoaded, onOptionsSaved, onUpdated, option, TABS } from "../core/host.js";
import { ask } from "../core/server.js";
import { hideTooltip, showTooltip } from "./tooltip.js";

const BATCH = 200;
const WAIT_MS = 60;
const AGAIN_MS = 1500;
const OPTION = "lora_neg_card_badges";
const known = new Map();
const containers = new Map();
const waiting = new Map();
let timer = 0;

/** The badge that an arrow key leads to, so that a thousand badges are one stop of Tab. */
export function nextBadge(badges, current, key) {
    const at = badges.indexOf(current);
    if (at < 0) return null;
    if (key === "ArrowRight" || key === "ArrowDown") return badges[at + 1] || null;
    if (key === "ArrowLeft" || key === "ArrowUp") return badges[at - 1] || null;
    if (key === "Home") return badges[0];
    if (key === "End") return badges[badges.length - 1];
    return null;
}

/** What a screen reader says of a badge. */
export function badgeLabel(name, badge) {
    return `${name}: ${badge.lines.join(". ")}`;
}

function isOn() {
    return option(OPTION) !== false;
}

// ---- asking ------------------------------------------------------------------------------

function want(card) {
    const name = card.dataset.name;
    if (!name) return;
    if (known.has(name)) {
        draw(card, known.get(name));
        return;
    }
    if (!waiting.has(name)) waiting.set(name, new Set());
    waiting.get(name).add(card);
    if (!timer) timer = setTimeout(askForBadges, WAIT_MS);
}

async function askForBadges() {
    timer = 0;
    const names = [...waiting.keys()].slice(0, BATCH);
    if (!names.length || !isOn()) return;
    const cards = new Map(names.map((name) => [name, waiting.get(name)]));
    names.forEach((name) => waiting.delete(name));
    let later = 0;
    try {
        const answer = await ask("library-badges", { names });
        for (const [name, badge] of Object.entries(answer.badges)) {
            if (badge) known.set(name, badge);
            for (const card of cards.get(name) || []) {
                if (badge) draw(card, badge);
                else if (!answer.complete && card.isConnected) {
                    waiting.set(name, (waiting.get(name) || new Set()).add(card));
                    later = AGAIN_MS;
                }
            }
        }
    } catch {
        // The page's other parts say that the server is gone; cards do without badges.
        return;
    }
    if (waiting.size && !timer) timer = setTimeout(askForBadges, later || WAIT_MS);
}

// ---- drawing -----------------------------------------------------------------------------

function draw(card, data) {
    const old = card.querySelector(".lora-neg-badge");
    const badge = document.createElement("button");
    badge.type = "button";
    badge.className = "lora-neg-badge";
    badge.dataset.type = data.type;
    badge.classList.toggle("lora-neg-unsure", !data.sure);
    badge.setAttribute("aria-label", badgeLabel(card.dataset.name, data));
    const container = card.parentElement;
    const first = !container || !container.querySelector('.lora-neg-badge[tabindex="0"]');
    badge.tabIndex = (old ? old.tabIndex === 0 : first) ? 0 : -1;
    const letter = document.createElement("span");
    letter.className = "lora-neg-type-mark";
    letter.dataset.type = data.type;
    letter.textContent = data.letter;
    badge.append(letter);
    if (data.range) badge.append(Object.assign(document.createElement("span"), { textContent: data.range }));
    badge.loraNegLines = data.lines;
    if (old) old.replaceWith(badge);
    else (card.querySelector(".actions") || card).prepend(badge);
}

function badgeOf(event) {
    return event.target instanceof Element ? event.target.closest(".lora-neg-badge") : null;
}

// ---- the host's cards --------------------------------------------------------------------

const seen = typeof IntersectionObserver === "function"
    ? new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
            if (!isIntersecting) continue;
            seen.unobserve(target);
            want(target);
        }
    }, { rootMargin: "200px" })
    : null;

function watch(container) {
    const cards = container.querySelectorAll(":scope > .card[data-name]");
    for (const card of cards) if (!card.querySelector(".lora-neg-badge")) seen.observe(card);
}

// The host makes the lists anew when it refreshes; each is watched for new cards.
function lookAfter() {
    for (const tab of TABS) {
        const container = document.getElementById(`${tab}_lora_cards`)
            || gradioApp().querySelector(`#${tab}_lora_cards`);
        const old = containers.get(tab);
        if (old && old.container === container) continue;
        if (old) old.observer.disconnect();
        containers.delete(tab);
        if (!container || !isOn()) continue;
        const observer = new MutationObserver(() => watch(container));
        observer.observe(container, { childList: true });
        containers.set(tab, { container, observer });
        watch(container);
    }
}

/** Decisions about some LoRAs changed (no names: anything may have): their badges are old. */
export function renewBadges(names) {
    for (const name of names || [...known.keys()]) known.delete(name);
    const only = names ? new Set(names) : null;
    for (const { container } of containers.values()) {
        if (!container.isConnected) continue;
        for (const badge of container.querySelectorAll(".lora-neg-badge")) {
            const card = badge.closest(".card");
            if (only && !only.has(card.dataset.name)) continue;
            seen.observe(card);
        }
    }
}

function switchOff() {
    for (const { container, observer } of containers.values()) {
        observer.disconnect();
        container.querySelectorAll(".lora-neg-badge").forEach((badge) => badge.remove());
    }
    containers.clear();
    waiting.clear();
    hideTooltip();
}

function onPointerOrFocus(event) {
    const badge = badgeOf(event);
    if (badge) showTooltip(badge);
    else hideTooltip();
}

function onKey(event) {
    const badge = badgeOf(event);
    if (!badge) return;
    if (event.key === "Escape") hideTooltip();
    const list = [...badge.closest("[id$='_lora_cards']").querySelectorAll(".card .lora-neg-badge")]
        .filter((other) => other.offsetParent !== null);
    const next = nextBadge(list, badge, event.key);
    if (!next) return;
    event.preventDefault();
    badge.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
}

/** Starts it; `open` shows a LoRA in the library. */
export function startBadges(open) {
    if (!seen) return;
    onLoaded(() => {
        const app = gradioApp();
        app.addEventListener("pointerover", onPointerOrFocus);
        app.addEventListener("focusin", onPointerOrFocus);
        app.addEventListener("scroll", hideTooltip, { capture: true, passive: true });
        app.addEventListener("click", (event) => {
            const badge = badgeOf(event);
            if (!badge || event.altKey) return;
            event.preventDefault();
            event.stopPropagation();
            hideTooltip();
            open(badge.closest(".card").dataset.name);
        }, true);
        app.addEventListener("keydown", onKey);
    });
    onUpdated(lookAfter);
    onOptionsSaved(() => (isOn() ? lookAfter() : switchOff()));
}
