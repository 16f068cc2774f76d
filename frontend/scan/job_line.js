// The line of the job that runs or ran last, and the line that offers to go on with an earlier scan.
import { button } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { translate } from "../core/translate.js";
import { progressText, spokenStep } from "./words.js";

/** The progress of one job, in a line and aloud. */
export class JobLine {
    /** `acts`: what its buttons do, `stop`, and `open` and `resume` with a scan's name. */
    constructor(acts) {
        this.spoken = element("p", "lora-neg-sr");
        this.spoken.setAttribute("aria-live", "polite");
        this.bar = element("progress");
        this.bar.setAttribute("aria-label", translate("Scan"));
        this.text = element("span", "lora-neg-scan-progress-text");
        this.text.dir = "auto";
        this.stop = button("", "Stop", () => acts.stop());
        this.showIt = button("lora-neg-link", "Show it", () => acts.open(this.job.scan));
        this.goOn = button("lora-neg-primary", "Go on", () => acts.resume(this.job.scan));
        this.root = element("div", "lora-neg-scan-progress");
        this.root.hidden = true;
        this.root.append(this.bar, this.text, this.showIt, this.goOn, this.stop);
    }

    /** Shows a job, none for null; `shown` is the scan that the page shows. */
    show(job, shown) {
        const step = spokenStep(job);
        this.job = job;
        this.root.hidden = !job;
        if (!job) return;
        const text = progressText(job);
        const name = userText("lora-neg-scan-short", job.name);
        name.title = job.name;
        this.text.replaceChildren(name, ` · ${text}`);
        if (step !== this.step) this.spoken.textContent = `${job.name}: ${text}`;
        this.step = step;
        this.bar.max = job.total || 1;
        if (job.state === "concluding" || (job.state === "waiting" && !job.done)) this.bar.removeAttribute("value");
        else this.bar.value = job.done;
        this.bar.hidden = job.over;
        const failed = job.state === "failed" || job.state === "lost";
        this.root.classList.toggle("lora-neg-failed", failed);
        this.stop.hidden = job.over;
        this.stop.disabled = job.stopping || job.state === "concluding";
        this.goOn.hidden = job.quick || !(job.state === "stopped" || (failed && job.done));
        this.showIt.hidden = shown === job.scan || !job.done;
    }

    /** Whether it has a button to go on with this scan. */
    offersToGoOn(scan) {
        return Boolean(this.job && this.job.scan === scan && !this.goOn.hidden);
    }
}

/** The offer of one unfinished scan. */
export class OfferLine {
    /** `acts`: `open` and `resume` with a scan's name. */
    constructor(acts) {
        this.acts = acts;
        this.root = element("div", "lora-neg-scan-offer");
        this.root.hidden = true;
    }

    hide() {
        this.root.hidden = true;
    }

    /** Offers an unfinished scan of earlier, unless somebody has declined it. */
    show(entry) {
        if (entry.scan === this.declined) {
            this.hide();
            return;
        }
        const text = element("span");
        const counts = { done: entry.finished, total: entry.total };
        text.append(
            userText("lora-neg-scan-short", entry.name), " ",
            translate("was not finished: {done} of {total} pictures.", counts),
        );
        this.root.replaceChildren(
            text,
            button("lora-neg-primary", "Go on", () => this.acts.resume(entry.scan)),
            button("", "Show", () => this.acts.open(entry.scan)),
            button("lora-neg-link", "Not now", () => {
                this.declined = entry.scan;
                this.hide();
            }),
        );
        this.root.hidden = false;
    }
}
