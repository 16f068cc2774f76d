// What an edit asks for, and what it did.
import { translate } from "../core/translate.js";

/** What the bulk bar asks for; null while it asks for nothing. Throws what to tell the user. */
export function bulkChange({ type, floor, ceiling, guard }) {
    const set = {};
    if (type === "inferred") set.type = null;
    else if (type) set.type = type;
    if (floor !== "" || ceiling !== "") {
        const range = {
            floor: floor === "" ? null : Number(floor),
            ceiling: ceiling === "" ? null : Number(ceiling),
        };
        if (Number.isNaN(range.floor) || Number.isNaN(range.ceiling)) {
            throw new Error(translate("The range must be numbers."));
        }
        if (range.floor > 0) throw new Error(translate("The lowest weight must be 0 or below."));
        if (range.ceiling < 0) throw new Error(translate("The highest weight must be 0 or above."));
        set.range = range;
    }
    if (guard) set.guard_off = guard === "off";
    return Object.keys(set).length ? set : null;
}

/** What an edit did, in a sentence. */
export function outcomeText(result) {
    const parts = [translate("{count} saved", { count: result.saved })];
    if (result.failed) parts.push(translate("{count} not saved", { count: result.failed }));
    if (result.unknown) parts.push(translate("{count} unknown", { count: result.unknown }));
    if (result.unchanged) parts.push(translate("{count} unchanged", { count: result.unchanged }));
    const notes = [...(result.notes || [])];
    if (result.more_notes) notes.push(translate("and {count} more", { count: result.more_notes }));
    return `${parts.join(", ")}.${notes.length ? ` ${notes.join("; ")}` : ""}`;
}

/** The outcome of two parts of one edit. */
export function joinedOutcomes(first, second) {
    if (!first) return second;
    const sum = {};
    for (const key of ["saved", "failed", "unknown", "unchanged", "more_notes"]) {
        sum[key] = (first[key] || 0) + (second[key] || 0);
    }
    const notes = [...new Set([...first.notes, ...second.notes])];
    return { ...sum, notes, names: [...first.names, ...second.names], undo: second.undo };
}

/** What the form would change against what was decided; null if nothing. */
export function decisionChange(form, decided) {
    const set = {};
    const type = form.type || null;
    if (type !== (decided.type || null)) set.type = type;
    const triggers = form.ownTriggers ? form.triggers.split("\n").map((t) => t.trim()).filter(Boolean) : null;
    if (JSON.stringify(triggers) !== JSON.stringify(decided.triggers || null)) set.triggers = triggers;
    const number = (text) => (text === "" ? null : Number(text));
    const range = form.floor === "" && form.ceiling === ""
        ? null : { floor: number(form.floor), ceiling: number(form.ceiling) };
    const before = decided.range || null;
    const same = range === null || before === null
        ? range === before
        : range.floor === (before.floor ?? null) && range.ceiling === (before.ceiling ?? null);
    if (!same) set.range = range;
    const blocks = (form.blocks || "").trim();
    if (blocks !== (decided.blocks || "")) set.blocks = blocks || null;
    if (form.guardOff !== Boolean(decided.guard_off)) set.guard_off = form.guardOff;
    return Object.keys(set).length ? set : null;
}
