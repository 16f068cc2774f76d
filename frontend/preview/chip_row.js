// The chips of a strip in one line. What does not fit is counted by kind; the count opens the line
// downwards. One stop of Tab, arrow keys lead from chip to chip.
import { element, plainButton } from "../core/elements.js";
import { translate } from "../core/translate.js";
import { chipParts, isCut, leftOutText, nextChip } from "./chips.js";

const SAME_LINE = 8; // pixels that chips of one line differ in height at most

/** The line of chips and the count of those it has no room for. */
export class ChipRow {
    /** `frame` is the strip, which carries the class of an opened line; `popover` explains a chip. */
    constructor(frame, popover) {
        this.frame = frame;
        this.popover = popover;
        this.view = null;
        this.buttons = [];
        this.chips = element("div", "lora-neg-chips");
        this.chips.setAttribute("role", "group");
        this.chips.setAttribute("aria-label", translate("What the guard would do"));
        this.chips.addEventListener("keydown", (event) => this.onKey(event));
        this.more = plainButton("lora-neg-tool lora-neg-overflow", "", () => this.expand(!this.isOpen));
        this.more.setAttribute("aria-expanded", "false");
        this.more.hidden = true;
        this.root = element("div", "lora-neg-line");
        // One line means its first one, whatever has the focus.
        this.root.addEventListener("scroll", () => {
            if (!this.isOpen) this.root.scrollTop = 0;
        });
        this.root.append(this.chips, this.more);
        if (typeof ResizeObserver === "function") {
            new ResizeObserver(() => this.measure()).observe(this.root);
        }
    }

    get isOpen() {
        return this.frame.classList.contains("lora-neg-open");
    }

    /** Shows the chips of a view, or `quiet` where there are none; to be measured when all is in place. */
    show(view, quiet) {
        this.view = view;
        this.buttons = view.chips.map((chip) => this.button(chip));
        if (this.buttons.length) this.buttons[0].tabIndex = 0;
        this.chips.replaceChildren(...(this.buttons.length ? this.buttons : [quiet]));
        this.frame.classList.remove("lora-neg-notes");
    }

    /** Shows notes and no chips. */
    empty(...notes) {
        this.view = null;
        this.buttons = [];
        this.note(...notes);
        this.more.hidden = true;
    }

    /** Shows notes in place of the chips, until there is another view. */
    note(...notes) {
        this.chips.replaceChildren(...notes);
        this.frame.classList.add("lora-neg-notes");
    }

    button(chip) {
        const made = plainButton(`lora-neg-chip lora-neg-${chip.tone}`, "", () => this.popover.toggle(chip, made));
        made.tabIndex = -1;
        made.dataset.rule = chip.rule;
        made.setAttribute("aria-expanded", "false");
        made.append(...chipParts(chip));
        made.addEventListener("pointerenter", () => this.popover.hoverBegins(chip, made));
        made.addEventListener("pointerleave", () => this.popover.hoverEnds());
        return made;
    }

    measure() {
        if (!this.view || this.isOpen) return;
        // A chip wider than the line loses its last words as a whole, not half of one.
        for (const chip of this.buttons) {
            chip.classList.remove("lora-neg-short");
            chip.classList.toggle("lora-neg-short", isCut(chip));
        }
        // The count itself takes room, so what fits is looked at once more.
        this.count();
        if (!this.more.hidden) this.count();
    }

    isBelow(button) {
        return button.offsetTop > this.chips.offsetTop + SAME_LINE;
    }

    count() {
        const { chips, changes, left_out: leftOut } = this.view;
        const fits = chips.filter((_, index) => !this.isBelow(this.buttons[index]));
        const hiddenChanges = changes - fits.filter(({ tone }) => tone === "change").length;
        const all = chips.length + leftOut - fits.length;
        this.more.hidden = all === 0;
        this.more.textContent = leftOutText(hiddenChanges, all - hiddenChanges);
        this.more.removeAttribute("aria-label");
        this.more.title = translate("Show {count} more", { count: all });
    }

    expand(open) {
        this.popover.close();
        this.frame.classList.toggle("lora-neg-open", open);
        this.more.setAttribute("aria-expanded", String(open));
        if (open) {
            this.more.textContent = "−";
            this.more.setAttribute("aria-label", translate("Show one line"));
        } else {
            this.measure();
        }
    }

    onKey(event) {
        const at = event.target.closest(".lora-neg-chip");
        const index = this.buttons.indexOf(at);
        if (index < 0) return;
        if (event.key === "ArrowDown") {
            this.popover.show(this.view.chips[index], at, true);
            this.popover.focusFirst();
            event.preventDefault();
            return;
        }
        if (event.key === "Escape") {
            this.popover.escape(event);
            return;
        }
        const rightToLeft = getComputedStyle(this.frame).direction === "rtl";
        const next = nextChip(index, this.buttons.length, event.key, rightToLeft);
        if (next === null) return;
        event.preventDefault();
        at.tabIndex = -1;
        const chip = this.buttons[next];
        chip.tabIndex = 0;
        if (this.isBelow(chip)) this.expand(true);
        chip.focus();
        this.popover.show(this.view.chips[next], chip, true);
    }
}
