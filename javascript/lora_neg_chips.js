// What a chip and its popover look like, and small things that need no page.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const CACHE_MS = 5000;
    const CACHE_SIZE = 40;
    const MOST_FACTS = 6;

    // What one click may do at once; leave to do as one likes is never the first thing offered.
    const OFFERED_FIRST = new Set(["fix", "apply", "cfg"]);
    const { button, element, quoted } = loraNeg.parts;
    const { said } = loraNeg;

    function keyOf(chip) {
        return [chip.rule, chip.field, chip.lead, chip.subject].join("|");
    }

    // What a screen reader hears when the preview has changed.
    function summary(view) {
        if (view.mode === "Off") return said("LoRA Negative Guard is off");
        if (!view.changes && !view.advice) return said("LoRA Negative Guard: nothing to change");
        const counts = { changes: view.changes, advice: view.advice };
        return said("LoRA Negative Guard: {changes} to change, {advice} to consider", counts);
    }

    // What the strip has no room for, by kind.
    function leftOut(changes, advice) {
        const parts = [];
        if (changes) parts.push(said("+{changes} to change", { changes }));
        if (advice) parts.push(said("+{advice} to consider", { advice }));
        return parts.join(" ");
    }

    function isCut(chip) {
        return chip.scrollWidth > chip.clientWidth || [...chip.querySelectorAll(".lora-neg-tail")]
            .some((piece) => piece.scrollWidth > piece.clientWidth);
    }

    // The neighbour that an arrow key leads to among `count` chips, or null.
    function neighbour(index, count, key, rightToLeft) {
        const forward = rightToLeft ? "ArrowLeft" : "ArrowRight";
        const back = rightToLeft ? "ArrowRight" : "ArrowLeft";
        if (key === forward) return (index + 1) % count;
        if (key === back) return (index - 1 + count) % count;
        if (key === "Home") return 0;
        if (key === "End") return count - 1;
        return null;
    }

    // Answers of the last seconds, so that undoing and retyping ask nothing.
    class Cache {
        constructor(size = CACHE_SIZE, age = CACHE_MS, now = () => Date.now()) {
            Object.assign(this, { size, age, now, entries: new Map() });
        }

        get(key) {
            const entry = this.entries.get(key);
            if (!entry || this.now() - entry.at > this.age) return undefined;
            return entry.value;
        }

        set(key, value) {
            this.entries.delete(key);
            this.entries.set(key, { value, at: this.now() });
            if (this.entries.size > this.size) this.entries.delete(this.entries.keys().next().value);
        }

        clear() {
            this.entries.clear();
        }
    }

    // What the popover says about a chip; `act` does one of its actions.
    function explanation(chip, act) {
        const head = element("div", "lora-neg-head");
        head.append(element("strong", "", chip.title), element("span", "lora-neg-rule", chip.rule));
        const effect = chip.tone === "change" ? "will be changed" : chip.tone === "advice" ? "advice" : "note";
        head.append(element("span", `lora-neg-tone lora-neg-${chip.tone}`, effect));
        const made = [head, element("p", "lora-neg-reason", chip.reason)];
        if (chip.used) made.push(element("p", "lora-neg-used", chip.used));
        if (chip.evidence.length) {
            const list = element("ul", "lora-neg-evidence");
            list.append(...chip.evidence.slice(0, MOST_FACTS).map((fact) => element("li", "", fact)));
            made.push(list);
        }
        if (chip.source) {
            const source = element("p", "lora-neg-source");
            source.append(element("span", "", "Source:"), " ", quoted("", chip.source));
            made.push(source);
        }
        if (chip.actions.length) {
            const row = element("div", "lora-neg-actions");
            row.append(...chip.actions.map((action, index) => {
                const kind = index || !OFFERED_FIRST.has(action.kind) ? "" : " lora-neg-first";
                return button(`lora-neg-action${kind}`, action.label, () => act(action));
            }));
            made.push(row);
        }
        return made;
    }

    // The pieces of a chip, one element each, so that a localization finds whole words.
    function pieces(chip) {
        const made = [quoted("lora-neg-lead", chip.lead)];
        if (chip.before) made.push(quoted("lora-neg-before", chip.before));
        if (chip.after) {
            const arrow = element("span", "lora-neg-arrow", "→");
            arrow.setAttribute("role", "img");
            arrow.setAttribute("aria-label", said("becomes"));
            made.push(arrow, quoted("lora-neg-after", chip.after));
        }
        if (chip.done) made.push(element("span", "lora-neg-done", chip.done));
        if (chip.tail) made.push(element("span", "lora-neg-tail", chip.tail));
        if (chip.subject) made.push(quoted("lora-neg-tail", chip.subject));
        return made;
    }

    // Tokens of the negative prompt, where the guard changes their number; the host counts them, too.
    function tokenCount({ before, after }) {
        if (before[0] === after[0]) return null;
        const made = element("span", "lora-neg-tokens");
        made.append(element("span", "", "tokens"), ` ${before[0]} → ${after[0]}/${after[1]}`);
        made.title = said("Tokens of the negative prompt before and after the guard, and what its chunks of 75 hold");
        return made;
    }

    loraNeg.chips = { Cache, explanation, isCut, keyOf, leftOut, neighbour, pieces, summary, tokenCount };
})();
