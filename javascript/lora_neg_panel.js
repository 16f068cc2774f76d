// What the panel's own components cannot do: findings that follow a generation, an answer that
// counts for both tabs, the reset button of the settings page, the way to the panel.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const { TABS, ask, box, find, panelPart } = loraNeg;
    const HANDED_ON_MS = 50;

    // Shows the findings of a generation when it has ended: presses the panel's own button,
    // so that everything goes over the page's own connection and login.
    const shown = {};
    function refreshFindings(tab) {
        const info = find(`#html_info_${tab}`);
        const button = find(panelPart(tab, "refresh"));
        if (!info || !button) return;
        const text = info.textContent;
        const known = shown[tab];
        shown[tab] = text;
        if (known === undefined || known === text) return;
        const key = find(`${panelPart(tab, "key")} textarea, ${panelPart(tab, "key")} input`);
        if (key) {
            key.value = keyOf(tab, info);
            updateInput(key);
        }
        // gradio hands the text on before it takes the click.
        setTimeout(() => button.click(), HANDED_ON_MS);
        if (loraNeg.preview) loraNeg.preview.recheck(tab);
    }

    // Which generation this browser has made: the page says it beside the picture, or the host asks
    // for its progress by the id of the task. Where neither is known it is the tab's last one.
    const tasks = {};
    function keyOf(tab, info) {
        const said = info.querySelector("[data-lora-neg-report]");
        return said ? said.dataset.loraNegReport : tasks[tab] || "*";
    }

    function watchTasks() {
        const askProgress = window.requestProgress;
        if (typeof askProgress !== "function") return;
        window.requestProgress = function watchedProgress(task, container, ...rest) {
            const tab = TABS.find((name) => container && String(container.id).startsWith(`${name}_`));
            if (tab) tasks[tab] = String(task);
            return askProgress.call(this, task, container, ...rest);
        };
    }

    // The button at the end of our settings page.
    async function onReset(event) {
        const button = event.target instanceof Element && event.target.closest("#lora_neg_reset");
        const note = button && find("#lora_neg_reset_note");
        if (!note || !window.confirm(`${button.textContent}?`)) return;
        try {
            const { changed } = await ask("reset-settings", {});
            note.textContent = changed ? "Done. This page shows it after Reload UI." : "All of them had their defaults.";
            if (loraNeg.preview) loraNeg.preview.recheck();
        } catch (error) {
            note.textContent = String(error.message);
        }
    }

    // Lets the panels of all tabs show what was answered to the notice of the first run.
    function follow() {
        for (const tab of TABS) {
            const button = find(panelPart(tab, "follow"));
            if (button) button.click();
        }
    }

    // Opens the panel of a tab, which some hosts put far below the prompt, and goes there.
    function show(tab) {
        const panel = find(panelPart(tab, "enabled"));
        const label = panel && panel.querySelector(".label-wrap");
        if (!label) return;
        if (!label.classList.contains("open")) label.click();
        const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
        panel.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
        const first = find(`${panelPart(tab, "enabled-checkbox")} input`);
        if (first) first.focus({ preventScroll: true });
    }

    // Neo locks the negative prompt at CFG 1, where the host ignores it; negative guidance does not.
    function unlockNegative(tab) {
        const negative = box(tab, "negative_prompt");
        const guidance = find(`${panelPart(tab, "guidance")} input:checked`);
        if (negative && negative.disabled && guidance && guidance.value !== "Off") negative.disabled = false;
    }

    async function askForTools(tab) {
        const { tools } = await ask("tools", { tab });
        loraNeg.watched[tab] = tools;
    }

    loraNeg.panel = { follow, show };

    if (typeof onAfterUiUpdate === "function") {
        onAfterUiUpdate(() => TABS.forEach((tab) => {
            refreshFindings(tab);
            unlockNegative(tab);
        }));
        onUiLoaded(() => {
            watchTasks();
            gradioApp().addEventListener("click", onReset);
            // The preview is right without them, but for the CFG of a tool that changes it.
            TABS.forEach((tab) => askForTools(tab).catch(() => {}));
        });
    }
})();
