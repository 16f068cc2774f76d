// The one global object of LoRA Negative Guard: reads and writes the page's boxes, remembers
// what it wrote so that it can be undone, asks the page's own routes, makes pieces of a page.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const TABS = ["txt2img", "img2img"];
    const PANEL = "lora_negative_guard";

    // Where each box is; the hires boxes exist in txt2img only, a CFG of their own on Forge only.
    const BOXES = {
        prompt: (tab) => `#${tab}_prompt textarea`,
        negative_prompt: (tab) => `#${tab}_neg_prompt textarea`,
        cfg_scale: (tab) => `#${tab}_cfg_scale input[type=number]`,
        hr_prompt: (tab) => (tab === "txt2img" ? "#hires_prompt textarea" : null),
        hr_negative_prompt: (tab) => (tab === "txt2img" ? "#hires_neg_prompt textarea" : null),
        hr_cfg: (tab) => `#${tab}_hr_cfg input[type=number]`,
    };
    const NUMBERS = new Set(["cfg_scale", "hr_cfg"]);

    const find = (selector) => (selector ? gradioApp().querySelector(selector) : null);
    const panelPart = (tab, part) => `[id^="script_${tab}_"][id$="${PANEL}_${part}"]`;

    function box(tab, name) {
        return find(BOXES[name](tab));
    }

    function valueOf(tab, name) {
        const element = box(tab, name);
        if (!element) return null;
        if (!NUMBERS.has(name)) return element.value;
        const number = parseFloat(element.value);
        return Number.isFinite(number) ? number : null;
    }

    function write(tab, name, value) {
        const element = box(tab, name);
        if (!element) return false;
        element.value = String(value);
        updateInput(element);
        return true;
    }

    // What the guard looks at in a tab, as the routes take it; null while the tab is not shown.
    function read(tab) {
        const prompt = box(tab, "prompt");
        if (!prompt || prompt.offsetParent === null) return null;
        const body = { tab };
        for (const name of Object.keys(BOXES)) {
            const value = valueOf(tab, name);
            if (value !== null) body[name] = value;
        }
        const hires = find(`#${tab}_hr-checkbox input`);
        body.hires = Boolean(hires && hires.checked);
        body.styles = [...gradioApp().querySelectorAll(`#${tab}_styles .token > span`)]
            .map((token) => token.textContent.trim()).filter(Boolean);
        const enabled = find(`${panelPart(tab, "enabled-checkbox")} input`);
        if (enabled) body.enabled = enabled.checked;
        const mode = find(`${panelPart(tab, "mode")} input:checked`);
        if (mode) body.mode = mode.value;
        const switches = gradioApp().querySelectorAll(`${panelPart(tab, "rules")} input[type=checkbox]`);
        // By position: a localization may have changed the labels.
        if (switches.length) body.switches = [...switches].map((input) => input.checked);
        const guidance = find(`${panelPart(tab, "guidance")} input:checked`);
        if (guidance) body.guidance = guidance.value;
        const tools = (watched[tab] || []).filter(isOn).map(({ name }) => name);
        if (tools.length) body.tools = tools;
        return body;
    }

    // Other extensions that change CFG or the meaning of prompts, by tab: their names, and the
    // id of the input that switches each on; without one it is always on. The input is a
    // checkbox, or a number that counts from `least` on.
    const watched = {};

    function isOn({ id, least }) {
        if (!id) return true;
        const kind = typeof least === "number" ? "number" : "checkbox";
        const holder = document.getElementById(id);
        const input = holder && (holder.matches("input") ? holder : holder.querySelector(`input[type=${kind}]`));
        if (!input) return false;
        return kind === "number" ? Number(input.value) >= least : input.checked;
    }

    // Asks a route of the page; the page's login goes along by itself.
    async function ask(name, body, signal) {
        const response = await fetch(`./lora-neg/page/${name}`, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body),
            signal,
        });
        const answer = await response.json().catch((error) => {
            if (error.name === "AbortError") throw error;
            return null;
        });
        if (response.ok && answer) return answer;
        const known = answer && answer.error;
        throw new Error(known ? known.message : `${response.status} ${response.statusText}`);
    }

    // Every change by a click can be taken back while its boxes still hold what was written.
    class History {
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

    // A sentence in the page's language, for what the host does not translate by itself.
    function said(template, fields = {}) {
        const known = typeof window.localization === "object" && window.localization;
        const text = (known && known[template]) || template;
        return text.replace(/\{(\w+)\}/g, (field, name) => (name in fields ? String(fields[name]) : field));
    }

    // ---- pieces of a page, for all of our scripts ----

    function element(tag, className, text) {
        const made = document.createElement(tag);
        if (className) made.className = className;
        if (text !== undefined && text !== "") made.textContent = text;
        return made;
    }

    // A piece of somebody's text: keeps its own direction inside a right-to-left page.
    function quoted(className, text) {
        const made = element("bdi", className, text);
        made.dir = "auto";
        return made;
    }

    function button(className, text, onClick) {
        const made = element("button", className, text);
        made.type = "button";
        if (onClick) made.addEventListener("click", onClick);
        return made;
    }

    Object.assign(loraNeg, {
        TABS, History, ask, box, find, panelPart, parts: { element, quoted, button }, read, said, valueOf, watched, write,
    });
})();
