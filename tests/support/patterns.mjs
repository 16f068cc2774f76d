// Times regular expressions of the browser's scripts on hard texts, which come as JSON on the
// standard input: `[{source, flags, seeds: [[before, again, after], …]}, …]`. Prints what is not
// linear as `[[index, seed], …]`. Times are CPU times of this process.
import { readFileSync } from "node:fs";

// Tried in turn: what doubles with every character never ends at a long one.
const LENGTHS = [16, 20, 24, 48, 96, 192, 384, 768, 1536, 3072, 8192];
const LONGEST = LENGTHS[LENGTHS.length - 1];
// Milliseconds from which the growth is looked at.
const SLOW = 6;

function grown([before, again, after], length) {
    return before + again.repeat(Math.max(1, Math.floor(length / again.length))) + after;
}

function milliseconds(pattern, text) {
    pattern.lastIndex = 0;
    const start = process.cpuUsage();
    if (pattern.global) for (const match of text.matchAll(pattern)) void match;
    else pattern.exec(text);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
}

function isLinear(pattern, seed) {
    const time = (length) => milliseconds(pattern, grown(seed, length));
    if (!LENGTHS.some((length) => time(length) > SLOW)) return true;
    const length = LENGTHS.find((tried) => tried === LONGEST || time(tried) > 1);
    if (length < 192) return false;
    const best = (tried) => Math.min(time(tried), time(tried), time(tried));
    const [one, four] = [best(length), best(4 * length)];
    return four < SLOW || four < 8 * one;
}

const bad = [];
JSON.parse(readFileSync(0, "utf-8")).forEach(({ source, flags, seeds }, index) => {
    const pattern = new RegExp(source, flags);
    const seed = seeds.find((tried) => !isLinear(pattern, tried));
    if (seed) bad.push([index, seed]);
});
console.log(JSON.stringify(bad));
