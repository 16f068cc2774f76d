import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = ["core", "panel", "preview", "cards", "library", "scan"];

const builder = await import("../../frontend/build.mjs").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || process.env.CI) throw error;
    return null;
});
const skip = builder ? false : "esbuild is not installed: npm ci";
const made = builder ? await builder.bundles() : [];
const imports = new Map(made.flatMap(({ inputs }) => Object.entries(inputs))
    .map(([file, input]) => [file, input.imports.map(({ path }) => path)]));

test("what is committed is what the sources make", { skip }, () => {
    assert.deepEqual(made.map(({ path }) => path), ["javascript/lora_neg.js", "style.css"]);
    for (const { path, text } of made) {
        assert.ok(readFileSync(new URL(path, ROOT), "utf-8") === text, `${path} is old: npm run build`);
    }
});

test("hosts find one script, in the folder where they look", () => {
    assert.deepEqual(readdirSync(new URL("javascript/", ROOT)), ["lora_neg.js"]);
});

test("every source is part of it", { skip }, () => {
    const sources = readdirSync(new URL("frontend/", ROOT), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(js|css)$/.test(entry.name))
        .map(({ parentPath, name }) => new URL(name, `file://${parentPath.replace(/\/?$/, "/")}`).href.slice(ROOT.href.length));
    assert.deepEqual(sources.sort(), [...imports.keys()].sort());
});

test("a folder imports from itself and from those before it", { skip }, () => {
    const floor = (file) => {
        const [, folder, inside] = file.split("/");
        return inside ? FOLDERS.indexOf(folder) : FOLDERS.length;
    };
    const upward = [];
    for (const [file, used] of imports) {
        assert.notEqual(floor(file), -1, `${file}: a folder that this test does not know`);
        if (file.endsWith(".js")) upward.push(...used.filter((other) => floor(other) > floor(file)).map((other) => `${file} → ${other}`));
    }
    assert.deepEqual(upward, []);
});

test("no module imports itself by way of others", { skip }, () => {
    const done = new Set();
    const visit = (file, path) => {
        assert.ok(!path.includes(file), [...path, file].join(" → "));
        if (done.has(file)) return;
        for (const other of imports.get(file)) visit(other, [...path, file]);
        done.add(file);
    };
    for (const file of imports.keys()) visit(file, []);
});

test("nothing is needed of the page to be loaded, and one name is added to it", () => {
    const page = vm.createContext({});
    page.window = page;
    const before = Object.keys(page);
    vm.runInContext(readFileSync(new URL("javascript/lora_neg.js", ROOT), "utf-8"), page);
    assert.deepEqual(Object.keys(page).filter((name) => !before.includes(name)), ["loraNeg"]);
});

test("a second copy of the extension starts nothing", () => {
    let started = 0;
    const page = vm.createContext({ onUiLoaded: () => { started += 1; } });
    page.window = page;
    const script = readFileSync(new URL("javascript/lora_neg.js", ROOT), "utf-8");
    vm.runInContext(script, page);
    const once = started;
    assert.ok(once > 0);
    vm.runInContext(script, page);
    assert.equal(started, once);
});
