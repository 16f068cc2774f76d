// Numbers and seeds as they stand in the form.

/** As many different seeds of 32 bits, as they stand in the box. */
export function randomSeeds(count, random = Math.random) {
    const seeds = new Set();
    while (seeds.size < count) seeds.add(Math.floor(random() * 4294967296));
    return [...seeds].join(", ");
}

/** How many seeds a text names, as far as it can be read. */
export function seedCount(text) {
    let count = 0;
    for (const part of text.split(",").map((item) => item.trim()).filter(Boolean)) {
        const span = part.match(/^(\d+)\s*-\s*(\d+)$/);
        count += span ? Math.max(1, Number(span[2]) - Number(span[1]) + 1) : 1;
    }
    return Math.max(1, Math.min(100, count));
}

/** A number as it stands in a box; what is none is sent as it is, so that it can be refused. */
export function numberIn(text) {
    const trimmed = String(text).trim();
    if (trimmed === "") return null;
    const number = Number(trimmed);
    return Number.isFinite(number) ? number : trimmed;
}
