// What was changed by a click, so that it can be taken back.

/** Every change by a click can be taken back while its boxes still hold what was written. */
export class History {
    constructor(limit = 50) {
        this.limit = limit;
        this.steps = [];
    }

    // Applies `writes`; returns what really changed, or null.
    apply(label, writes, get, set) {
        const changes = [];
        for (const [name, after] of Object.entries(writes)) {
            const before = get(name);
            if (before === null || before === after) continue;
            set(name, after);
            changes.push({ name, before, after });
        }
        if (!changes.length) return null;
        this.steps.push({ label, changes });
        if (this.steps.length > this.limit) this.steps.shift();
        return changes;
    }

    // Remembers what was done outside the boxes, with what takes it back.
    remember(label, takeBack) {
        this.steps.push({ label, changes: [], takeBack });
        if (this.steps.length > this.limit) this.steps.shift();
    }

    // The last step, if nobody has changed its boxes since.
    last(get) {
        const step = this.steps[this.steps.length - 1];
        if (!step) return null;
        return step.changes.every(({ name, after }) => get(name) === after) ? step : null;
    }

    undo(get, set) {
        const step = this.last(get);
        if (!step) return null;
        this.steps.pop();
        for (const { name, before } of step.changes) set(name, before);
        if (step.takeBack) step.takeBack();
        return step;
    }
}
