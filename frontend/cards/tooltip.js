// The tooltip of a badge.

let tooltip = null;

/** Shows why a badge says what it says, beside it and inside the window. */
export function showTooltip(badge) {
    if (!tooltip) {
        tooltip = document.createElement("div");
        tooltip.className = "lora-neg-tooltip";
        tooltip.id = "lora_neg_tooltip";
        tooltip.setAttribute("role", "tooltip");
        document.body.append(tooltip);
    }
    const lines = (badge.loraNegLines || []).map((text, at) => {
        const line = document.createElement(at < 2 ? "strong" : "span");
        line.dir = "auto";
        line.textContent = text;
        return line;
    });
    tooltip.replaceChildren(...lines);
    tooltip.hidden = false;
    const place = badge.getBoundingClientRect();
    const left = Math.min(place.left, window.innerWidth - tooltip.offsetWidth - 8);
    const above = place.bottom + tooltip.offsetHeight + 8 > window.innerHeight;
    tooltip.style.left = `${Math.max(8, left)}px`;
    tooltip.style.top = `${above ? place.top - tooltip.offsetHeight - 4 : place.bottom + 4}px`;
}

/** Hides it. */
export function hideTooltip() {
    if (tooltip) tooltip.hidden = true;
}
