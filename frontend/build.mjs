// Makes javascript/lora_neg.js and style.css, which the hosts load, of the modules and styles here.
//
//     npm run build
//
// Hosts put every file of javascript/ into the page by itself and add its time to its address, but
// not to what it imports: after an update a browser would mix old modules from its cache with new
// ones. So one file each is made, and both are committed: nobody needs Node.js to use the extension.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const NOTE = "Made by `npm run build` of the files in frontend/: change those, not this file.";

/** What is made: its path from the project's folder, its source, and how it is bundled. */
const MADE = [
    { path: "javascript/lora_neg.js", source: "frontend/main.js", banner: { js: `// ${NOTE}` }, format: "iife" },
    { path: "style.css", source: "frontend/main.css", banner: { css: `/* ${NOTE} */` } },
];

/** The made files as `{ path, text, inputs }`; `inputs` is esbuild's record of imports. */
export async function bundles() {
    return Promise.all(MADE.map(async({ path, source, ...options }) => {
        const { outputFiles: [file], metafile } = await build({
            absWorkingDir: ROOT,
            entryPoints: [source],
            outfile: path,
            bundle: true,
            charset: "utf8",
            legalComments: "none",
            logLevel: "silent",
            metafile: true,
            target: "es2022",
            write: false,
            ...options,
        });
        return { path, text: file.text, inputs: metafile.inputs };
    }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    for (const { path, text } of await bundles()) {
        await writeFile(new URL(`../${path}`, import.meta.url), text);
        console.log(`${path}: ${text.length} characters`);
    }
}
