// The rows of the list: which are in view, which are here.

/** Pixels; as in the style sheet. */
export const ROW_HEIGHT = 44;

/** Rows that are asked for at once. */
export const PAGE = 100;

const OVERSCAN = 8;

/** The rows to draw for a scroll position. */
export function windowOf(scrollTop, height, count, rowHeight = ROW_HEIGHT, overscan = OVERSCAN) {
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
    const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + overscan);
    return { first: Math.min(first, last), last };
}

/** Rows of one query, in pages as the server sent them. */
export class Pages {
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
