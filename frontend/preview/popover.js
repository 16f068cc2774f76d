// The popover of the strip: explains one chip, shown by hovering, or to stay by a click or a key.
import { element } from "../core/elements.js";
import { isShortened } from "./chips.js";
import { explanation } from "./explanation.js";

const HOVER_MS = 150;

/** One popover, of one chip at a time. */
export class Popover {
    // `act` does one of the actions that a chip offers.
    constructor(frame, act) {
        this.frame = frame;
        this.act = act;
        this.open = null;
        this.timer = 0;
        this.root = element("div", "lora-neg-popover");
        this.root.id = `${frame.id}_popover`;
        this.root.hidden = true;
        this.root.setAttribute("role", "group");
        this.root.addEventListener("keydown", (event) => this.onKey(event));
        this.root.addEventListener("pointerenter", () => clearTimeout(this.timer));
        this.root.addEventListener("pointerleave", () => this.hoverEnds());
    }

    get chip() {
        return this.open ? this.open.chip : null;
    }

    toggle(chip, at) {
        if (this.open && this.open.at === at && this.open.pinned) this.close();
        else this.show(chip, at, true);
    }

    show(chip, at, pinned = Boolean(this.open && this.open.pinned)) {
        this.close();
        this.open = { chip, at, pinned };
        at.setAttribute("aria-expanded", "true");
        at.setAttribute("aria-controls", this.root.id);
        this.root.setAttribute("aria-label", chip.title);
        this.root.replaceChildren(...explanation(chip, this.act, isShortened(at)));
        this.root.hidden = false;
        this.putBelow(at);
    }

    putBelow(at) {
        const frame = this.frame.getBoundingClientRect();
        const chip = at.getBoundingClientRect();
        const room = Math.max(0, frame.width - this.root.offsetWidth);
        const rightToLeft = getComputedStyle(this.frame).direction === "rtl";
        const start = rightToLeft ? frame.right - chip.right : chip.left - frame.left;
        this.root.style.insetInlineStart = `${Math.min(Math.max(0, start), room)}px`;
        this.root.style.top = `${chip.bottom - frame.top + 4}px`;
    }

    close() {
        clearTimeout(this.timer);
        if (!this.open) return;
        this.open.at.setAttribute("aria-expanded", "false");
        this.open.at.removeAttribute("aria-controls");
        this.open = null;
        this.root.hidden = true;
    }

    hoverBegins(chip, at) {
        clearTimeout(this.timer);
        if (this.open && this.open.pinned) return;
        this.timer = setTimeout(() => this.show(chip, at), HOVER_MS);
    }

    hoverEnds() {
        clearTimeout(this.timer);
        if (this.open && !this.open.pinned) this.timer = setTimeout(() => this.close(), 2 * HOVER_MS);
    }

    focusFirst() {
        const first = this.root.querySelector("button");
        if (first) first.focus();
    }

    onKey(event) {
        if (event.key === "Escape") this.escape(event);
    }

    // Escape also interrupts a generation in the host: it must not when it closes a popover.
    escape(event) {
        if (!this.open) return;
        const at = this.open.at;
        this.close();
        at.focus();
        event.preventDefault();
        event.stopPropagation();
    }
}
