import js from "@eslint/js";
import globals from "globals";

// What the WebUI's own scripts define for every extension.
const webui = {
    gradioApp: "readonly",
    opts: "readonly",
    updateInput: "readonly",
};

const ours = {
    "no-var": "error",
    "prefer-const": "error",
    eqeqeq: "error",
    "no-unused-vars": ["error", { args: "after-used" }],
    "no-duplicate-imports": "error",
};

export default [
    js.configs.recommended,
    {
        files: ["frontend/**/*.js"],
        languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: { ...globals.browser, ...webui } },
        rules: ours,
    },
    {
        // Imports what ComfyUI's page gives its extensions.
        files: ["lib_lora_neg/hosts/comfy/web/*.js"],
        languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.browser },
        rules: ours,
    },
    {
        files: ["frontend/*.mjs", "tests/javascript/*.mjs"],
        languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.node },
        rules: ours,
    },
    {
        // Made of frontend/: only that it finds every name.
        files: ["javascript/*.js"],
        languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: { ...globals.browser, ...webui } },
        rules: { "no-unused-vars": "off" },
    },
    {
        // Stands in for what the WebUI's own scripts define: one global scope, called by name.
        files: ["lib_lora_neg/page/assets/*.js"],
        languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: globals.browser },
        rules: { ...ours, "no-unused-vars": ["error", { args: "after-used", vars: "local" }] },
    },
];
