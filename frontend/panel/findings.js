// What the panel's own components cannot do: findings that follow a generation, the reset button of
// the settings page, and two things of the tab that the preview depends on.
import { inputOf, setCfgTools } from "../core/form.js";
import { find, onLoaded, onUpdated, panelPart, TABS } from "../core/host.js";
import { ask } from "../core/server.js";

// Shows the findings of a generation when it has ended: presses the panel's own button,
// so that everything goes over the page's own connection and login.
const shown = {};

const infoOf = (tab) => find(`#html_info_${tab}`);

// What is said before the first generation. Updates come when the page is at rest, which may be
// after the first picture.
function noteInfo(tab) {
    const info = infoOf(tab);
    if (info) shown[tab] = info.textContent;
}

function refreshFindings(tab, recheck) {
    const info = infoOf(tab);
    const button = find(panelPart(tab, "refresh"));
    if (!info || !button) return;
    const text = info.textContent;
    const before = shown[tab];
    shown[tab] = text;
    if (before === undefined || before === text) return;
    // The click's own script takes it along: a text box is handed on only after a while.
    button.dataset.loraNegKey = reportKey(tab, info);
    button.click();
    recheck(tab);
}

// Which generation this browser has made: the page says it beside the picture, or the host asks
// for its progress by the id of the task. Where neither is known it is the tab's last one.
const tasks = {};

function reportKey(tab, info) {
    const answer = info.querySelector("[data-lora-neg-report]");
    return answer ? answer.dataset.loraNegReport : tasks[tab] || "*";
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
async function onReset(event, recheck) {
    const button = event.target instanceof Element && event.target.closest("#lora_neg_reset");
    const note = button && find("#lora_neg_reset_note");
    if (!note || !window.confirm(`${button.textContent}?`)) return;
    try {
        const { changed } = await ask("reset-settings", {});
        note.textContent = changed ? "Done. This page shows it after Reload UI." : "All of them had their defaults.";
        recheck();
    } catch (error) {
        note.textContent = String(error.message);
    }
}

// Neo locks the negative prompt at CFG 1, where the host ignores it; negative guidance does not.
function unlockNegative(tab) {
    const negative = inputOf(tab, "negative_prompt");
    const guidance = find(`${panelPart(tab, "guidance")} input:checked`);
    if (negative && negative.disabled && guidance && guidance.value !== "Off") negative.disabled = false;
}

// The preview is right without them, but for the CFG of a tool that changes it.
const asked = new Set();

function askForTools(tab) {
    if (asked.has(tab) || !find(panelPart(tab, "enabled"))) return;
    asked.add(tab);
    ask("tools", { tab }).then(({ tools }) => setCfgTools(tab, tools), () => {});
}

/** Starts it; `recheck` lets the preview of a tab, or of all, look again. */
export function startPanel(recheck) {
    onUpdated(() => TABS.forEach((tab) => {
        refreshFindings(tab, recheck);
        unlockNegative(tab);
        askForTools(tab);
    }));
    onLoaded(() => {
        watchTasks();
        gradioApp().addEventListener("click", (event) => onReset(event, recheck));
        TABS.forEach(noteInfo);
        TABS.forEach(askForTools);
    });
}
