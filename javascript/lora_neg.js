// Shows the findings of a generation when it has ended: presses the panel's own button,
// so that everything goes over the page's own connection and login.
(() => {
    const TABS = ["txt2img", "img2img"];
    const shown = {};

    function refresh(tab) {
        const info = gradioApp().querySelector(`#html_info_${tab}`);
        const button = gradioApp().querySelector(`[id^="script_${tab}_"][id$="lora_negative_guard_refresh"]`);
        if (!info || !button) return;
        const text = info.textContent;
        if (shown[tab] === undefined || shown[tab] === text) {
            shown[tab] = text;
            return;
        }
        shown[tab] = text;
        button.click();
    }

    onAfterUiUpdate(() => TABS.forEach(refresh));
})();
