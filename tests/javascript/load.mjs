// Runs the extension's scripts as the host does, one after the other in one global scope, with
// as much of a page as a test asks for.
import { readFileSync } from "node:fs";
import vm from "node:vm";

export function load(names, globals = {}) {
    const window = { ...globals };
    window.window = window;
    Object.assign(window, { AbortController, console, JSON, Map, Set, URL, setTimeout, clearTimeout, ...globals });
    const context = vm.createContext(window);
    for (const name of names) {
        const file = new URL(`../../javascript/${name}`, import.meta.url);
        vm.runInContext(readFileSync(file, "utf-8"), context, { filename: name });
    }
    return window.loraNeg;
}
