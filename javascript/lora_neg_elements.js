// What the library's scripts share: pieces of a page, and what can be decided without one.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const ROW_HEIGHT = 44;
    const PAGE = 100;
    const OVERSCAN = 8;

    // ---- pieces of a page ------------------------------------------------------------------

    const { said } = loraNeg;
    const { element, quoted } = loraNeg.parts;

    function button(className, text, onClick) {
        return loraNeg.parts.button(`lora-neg-button ${className}`, said(text), onClick);
    }

    function select(label, options) {
        const made = element("select", "lora-neg-select");
        made.setAttribute("aria-label", said(label));
        for (const [value, text] of options) made.append(new Option(said(text), value));
        return made;
    }

    function input(type, label, attributes = {}) {
        const made = element("input", "lora-neg-input");
        made.type = type;
        made.setAttribute("aria-label", said(label));
        Object.entries(attributes).forEach(([name, value]) => {
            made.setAttribute(name, name === "placeholder" ? said(value) : value);
        });
        return made;
    }

    function percent(share) {
        return `${Math.round(share * 100)}%`;
    }

    function typeMark(kind, letter) {
        const made = element("span", "lora-neg-type-mark", letter);
        made.dataset.type = kind;
        made.setAttribute("aria-hidden", "true");
        return made;
    }

    // ---- what needs no page ------------------------------------------------------------------

    // The rows to draw for a scroll position.
    function windowOf(scrollTop, height, count, rowHeight = ROW_HEIGHT, overscan = OVERSCAN) {
        const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
        const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + overscan);
        return { first: Math.min(first, last), last };
    }

    // Rows of one query, in pages as the server sent them.
    class Pages {
        constructor(size = PAGE) {
            this.size = size;
            this.clear();
        }

        clear() {
            this.pages = new Map();
        }

        put(offset, rows) {
            this.pages.set(Math.floor(offset / this.size), rows);
        }

        row(index) {
            const page = this.pages.get(Math.floor(index / this.size));
            return page ? page[index % this.size] : undefined;
        }

        // Offsets of the pages that the rows from `first` to before `last` still need.
        missing(first, last) {
            const offsets = [];
            if (last <= first) return offsets;
            for (let at = Math.floor(first / this.size); at <= Math.floor((last - 1) / this.size); at++) {
                if (!this.pages.has(at)) offsets.push(at * this.size);
            }
            return offsets;
        }

        indexOf(name) {
            for (const [at, rows] of this.pages) {
                const found = rows.findIndex((row) => row.name === name);
                if (found >= 0) return at * this.size + found;
            }
            return -1;
        }
    }

    // Where a key leads from row `index` of `count`, or null.
    function moved(index, count, key, page) {
        if (!count) return null;
        const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
        if (key === "Home") return 0;
        if (key === "End") return count - 1;
        if (!(key in steps)) return null;
        if (index < 0) return steps[key] > 0 ? 0 : count - 1;
        return Math.max(0, Math.min(count - 1, index + steps[key]));
    }

    // What the bulk bar asks for; null while it asks for nothing. Throws what to tell the user.
    function bulkChange({ type, floor, ceiling, guard }) {
        const set = {};
        if (type === "inferred") set.type = null;
        else if (type) set.type = type;
        if (floor !== "" || ceiling !== "") {
            const range = {
                floor: floor === "" ? null : Number(floor),
                ceiling: ceiling === "" ? null : Number(ceiling),
            };
            if (Number.isNaN(range.floor) || Number.isNaN(range.ceiling)) {
                throw new Error(said("The range must be numbers."));
            }
            if (range.floor > 0) throw new Error(said("The lowest weight must be 0 or below."));
            if (range.ceiling < 0) throw new Error(said("The highest weight must be 0 or above."));
            set.range = range;
        }
        if (guard) set.guard_off = guard === "off";
        return Object.keys(set).length ? set : null;
    }

    // What an edit did, in a sentence.
    function outcome(result) {
        const parts = [said("{count} saved", { count: result.saved })];
        if (result.failed) parts.push(said("{count} not saved", { count: result.failed }));
        if (result.unknown) parts.push(said("{count} unknown", { count: result.unknown }));
        if (result.unchanged) parts.push(said("{count} unchanged", { count: result.unchanged }));
        const notes = [...(result.notes || [])];
        if (result.more_notes) notes.push(said("and {count} more", { count: result.more_notes }));
        return `${parts.join(", ")}.${notes.length ? ` ${notes.join("; ")}` : ""}`;
    }

    // The outcome of two parts of one edit.
    function joined(first, second) {
        if (!first) return second;
        const sum = {};
        for (const key of ["saved", "failed", "unknown", "unchanged", "more_notes"]) {
            sum[key] = (first[key] || 0) + (second[key] || 0);
        }
        const notes = [...new Set([...first.notes, ...second.notes])];
        return { ...sum, notes, names: [...first.names, ...second.names], undo: second.undo };
    }

    Object.assign(loraNeg, {
        libraryParts: { element, quoted, button, select, input, percent, typeMark },
        libraryLogic: { PAGE, ROW_HEIGHT, Pages, windowOf, moved, bulkChange, joined, outcome },
    });
})();
