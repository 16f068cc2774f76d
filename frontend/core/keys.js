// Where keys lead.

/** Where a key leads from row `index` of `count`, or null. */
export function rowAfterKey(index, count, key, page) {
    if (!count) return null;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    if (!(key in steps)) return null;
    if (index < 0) return steps[key] > 0 ? 0 : count - 1;
    return Math.max(0, Math.min(count - 1, index + steps[key]));
}
