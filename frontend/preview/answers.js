// Answers of the preview that are still fresh.

const CACHE_MS = 5000;
const CACHE_SIZE = 40;

/** Answers of the last seconds, so that undoing and retyping ask nothing. */
export class AnswerCache {
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
