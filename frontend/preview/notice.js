// The notice of the first run: what the guard does. It stays until it is answered, here or elsewhere.
import { element, plainButton } from "../core/elements.js";
import { ask } from "../core/server.js";
import { refreshNotice } from "../panel/panel.js";

/** The notice and its answers. */
export class Notice {
    /** `onAnswered` follows an answer that was kept, `onFailed` gets the error of one that was not. */
    constructor(onAnswered, onFailed) {
        this.onAnswered = onAnswered;
        this.onFailed = onFailed;
        this.root = element("div", "lora-neg-notice");
        this.root.hidden = true;
        this.root.setAttribute("role", "group");
    }

    /** Shows a notice as the server tells it; nothing for null. */
    show(notice) {
        this.root.hidden = !notice;
        if (!notice) {
            this.root.replaceChildren();
            return;
        }
        if (this.root.childElementCount) return;
        const answers = element("div", "lora-neg-answers");
        answers.append(...notice.answers.map(({ label, mode }, index) =>
            plainButton(`lora-neg-action${index ? "" : " lora-neg-first"}`, label, () => this.answer(mode))));
        this.root.setAttribute("aria-label", notice.title);
        this.root.append(element("strong", "", notice.title), " ", element("span", "", notice.text), answers);
    }

    async answer(mode) {
        try {
            await ask("notice", { mode });
            refreshNotice();
            this.onAnswered();
        } catch (error) {
            this.onFailed(error);
        }
    }
}
