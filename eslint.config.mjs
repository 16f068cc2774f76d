import js from "@eslint/js";
import globals from "globals";

// What the WebUI's own scripts define for every extension.
const webui = {
    gradioApp: "readonly",
    get_uiCurrentTabContent: "readonly",
    onAfterUiUpdate: "readonly",
    onOptionsAvailable: "readonly",
    onOptionsChanged: "readonly",
    onUiLoaded: "readonly",
    onUiTabChange: "readonly",
    onUiUpdate: "readonly",
    opts: "readonly",
    randomId: "readonly",
    requestProgress: "readonly",
    create_submit_args: "readonly",
    updateInput: "readonly",
};

export default [
    js.configs.recommended,
    {
        files: ["javascript/**/*.js"],
        languageOptions: {
            ecmaVersion: 2022,
            sourceType: "script",
            globals: { ...globals.browser, ...webui },
        },
        rules: {
            "no-var": "error",
            "prefer-const": "error",
            eqeqeq: "error",
            // The host loads every file into one global scope and calls some functions by name.
            "no-unused-vars": ["error", { args: "after-used", vars: "local" }],
        },
    },
    {
        // Stands in for what the WebUI's own scripts define.
        files: ["lib_lora_neg/page/assets/*.js"],
        languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: globals.browser },
        rules: {
            "no-var": "error",
            "prefer-const": "error",
            eqeqeq: "error",
            "no-unused-vars": ["error", { args: "after-used", vars: "local" }],
        },
    },
];
