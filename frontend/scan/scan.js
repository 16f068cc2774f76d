// The scan tab: the form on one side, the job and its result on the other, past scans below. The
// server does the work in the background; a page that is loaded anew finds it where it is.
import { renewBadges } from "../cards/badges.js";
import { element } from "../core/elements.js";
import { inputOf, setValue } from "../core/form.js";
import { ask, isGone } from "../core/server.js";
import { translate } from "../core/translate.js";
import { reloadLibrary } from "../library/tab.js";
import { ScanForm } from "./form.js";
import { ScanHistory } from "./history.js";
import { JobLine, OfferLine } from "./job_line.js";
import { ScanResult } from "./result.js";
import { safeText } from "./words.js";

const POLL_MS = 700;
const AGAIN_MS = [1000, 2000, 4000, 8000]; // between tries while the server does not answer
const PASTE_MS = 300;
const PASTE_BUTTONS = ["#txt2img_tools #paste", "#txt2img_paste", "#paste"];

/** The tab as a whole: the job, its polls, and what its parts share. */
export class Scan {
    constructor(root) {
        this.root = root;
        this.after = 0;
        this.job = null;
        this.failures = [];
    }

    get isRunning() {
        return Boolean(this.job && !this.job.over);
    }

    get sends() {
        return this.overview.sends;
    }

    /** The name of the checkpoint that a scan was made on, if it is the loaded one, else its hash. */
    checkpointName(digest) {
        const { checkpoint } = this.overview;
        return checkpoint && checkpoint.digest === digest ? checkpoint.title : digest;
    }

    async begin() {
        this.build();
        this.say("Loading …");
        try {
            this.overview = await ask("scan-overview", {});
            this.job = this.overview.job;
            this.form.build(this.overview);
            this.say(this.overview.loras ? "" : "No LoRAs here yet: put LoRA files into the host's LoRA folder.");
            await this.history.reload();
            if (this.job) await this.follow(this.job);
        } catch (error) {
            this.fail(error);
            if (isGone(error)) setTimeout(() => this.root.isConnected && this.begin(), AGAIN_MS[1]);
        }
    }

    build() {
        this.status = element("p", "lora-neg-library-status");
        this.status.setAttribute("role", "status");
        this.status.dir = "auto";
        this.form = new ScanForm(this);
        this.result = new ScanResult(this);
        this.history = new ScanHistory(this);
        const acts = {
            stop: () => this.interrupt(), open: (scan) => this.open(scan), resume: (scan) => this.resume(scan),
        };
        this.jobLine = new JobLine(acts);
        this.offered = new OfferLine(acts);
        const side = element("div", "lora-neg-scan-side");
        side.append(this.form.root, this.history.root);
        const main = element("div", "lora-neg-scan-main");
        main.append(this.offered.root, this.jobLine.root, this.result.root);
        const columns = element("div", "lora-neg-scan-columns");
        columns.append(side, main);
        this.root.replaceChildren(this.status, this.jobLine.spoken, columns);
        new IntersectionObserver(([seen]) => {
            if (seen.isIntersecting) this.refresh();
        }).observe(this.root);
        // A theme that is changed while the page is open.
        new MutationObserver(() => this.result.drawCurves())
            .observe(document.body, { attributes: true, attributeFilter: ["class"] });
    }

    // The tab is looked at again: the checkpoint may be another one by now.
    async refresh() {
        if (!this.overview || this.refreshing) return;
        this.refreshing = true;
        try {
            const { job, ...overview } = await ask("scan-overview", {});
            const { job: before, ...known } = this.overview;
            if (JSON.stringify(overview) !== JSON.stringify(known)) {
                this.overview = { ...overview, job: before };
                this.form.build(this.overview, this.form.body());
            } else this.form.check();
            if (job && !job.over && !this.isRunning) await this.follow(job);
        } catch (error) {
            this.fail(error);
        } finally {
            this.refreshing = false;
        }
    }

    // ---- the job ------------------------------------------------------------------------

    async start(body) {
        this.form.showBusy(true);
        this.say("");
        try {
            const { job } = await ask("scan-start", body);
            await this.follow(job);
            this.jobLine.root.scrollIntoView({ block: "nearest" });
            this.history.reload();
        } catch (error) {
            this.fail(error);
        } finally {
            this.form.showBusy(this.isRunning);
        }
    }

    async resume(scan) {
        this.say("");
        try {
            const { job } = await ask("scan-resume", { scan });
            await this.follow(job);
            this.history.reload();
        } catch (error) {
            this.fail(error);
        }
    }

    async interrupt() {
        try {
            const { job } = await ask("scan-stop", {});
            this.showProgress(job);
        } catch (error) {
            this.fail(error);
        }
    }

    // Shows a job, and its scan as it fills.
    async follow(job) {
        this.showProgress(job);
        this.result.data = null;
        const { news, after } = await ask("scan-state", { after: 0 });
        this.after = after;
        this.failures = news.filter(({ error }) => error);
        await this.open(job.scan, true);
        if (!job.over) this.poll();
    }

    async poll() {
        if (this.polling) return;
        this.polling = true;
        let failed = 0;
        while (this.isRunning) {
            const pause = failed ? AGAIN_MS[Math.min(failed, AGAIN_MS.length) - 1] : POLL_MS;
            await new Promise((resolve) => setTimeout(resolve, pause));
            if (!this.root.isConnected) return;
            if (this.root.offsetParent === null) continue;
            try {
                const { job, news, after } = await ask("scan-state", { after: this.after });
                if (failed) this.say(translate("The server answers again."));
                failed = 0;
                if (!job || job.scan !== this.job.scan) {
                    this.lose(job);
                    continue;
                }
                this.after = after;
                this.showProgress(job);
                this.take(job, news);
            } catch (error) {
                failed += 1;
                this.sayGone(error);
            }
        }
        this.polling = false;
        if (!this.job) return;
        this.form.check();
        if (this.result.name === this.job.scan || !this.result.name) await this.open(this.job.scan, true);
        this.history.reload();
    }

    // The server is not there: nothing that was made is lost, and it is asked again.
    sayGone(error) {
        if (!isGone(error)) {
            this.say(translate("No answer from the host: {why}", { why: error.message }), true);
            return;
        }
        const { job } = this;
        const safe = job.quick ? "" : `${safeText(job)} `;
        this.say(`${translate("The server does not answer.")} ${safe}${translate("Trying again …")}`, true);
    }

    // The server is back without this page's job: it was started anew, perhaps with another job.
    lose(job) {
        if (job && !job.over) {
            this.after = 0;
            this.failures = [];
            this.showProgress(job);
            this.open(job.scan, true);
            return;
        }
        const lost = this.job;
        this.showProgress({ ...lost, state: "lost", over: true, stopping: false, seconds_left: null });
    }

    take(job, news) {
        this.failures.push(...news.filter(({ error }) => error));
        if (this.result.name === job.scan) news.forEach((cell) => this.result.grid.put(cell));
        else if (!this.result.name && news.length) this.open(job.scan, true);
    }

    // Whether the line of the job has a button to go on with this scan.
    offersToGoOn(scan) {
        return this.jobLine.offersToGoOn(scan);
    }

    showProgress(job) {
        this.job = job;
        this.jobLine.show(job, this.result.name);
        if (!job) return;
        this.form.showBusy(this.isRunning);
        if (this.isRunning) this.offered.hide();
    }

    // An unfinished scan of earlier, while nothing runs.
    offer(entry) {
        const own = this.job && entry && this.job.scan === entry.scan;
        if (!entry || this.isRunning || own) this.offered.hide();
        else this.offered.show(entry);
    }

    // ---- results ------------------------------------------------------------------------

    async open(scan, quietly = false) {
        if (!quietly) this.say("");
        this.opening = scan;
        try {
            const data = await ask("scan-open", { scan, quiet: quietly });
            if (this.opening !== scan) return;
            if (!data.scan) {
                // A job that failed before its first picture has nothing to show.
                if (!this.isRunning) this.result.empty();
                return;
            }
            this.result.show(data);
            if (this.job && this.job.scan === scan) this.failures.forEach((cell) => this.result.grid.put(cell));
            if (this.job) this.showProgress(this.job);
            this.history.mark();
            if (!quietly) this.result.root.scrollIntoView({ block: "nearest" });
        } catch (error) {
            if (!quietly) this.fail(error);
            else if (!this.isRunning) this.result.empty();
        }
    }

    async keep(route, scan) {
        try {
            const { scan: data, result } = await ask(route, { scan });
            this.result.data = data;
            this.result.drawVerdict();
            const notes = result.notes.length ? ` ${result.notes.join("; ")}` : "";
            const { name } = data;
            const done = route === "scan-save" ? translate("Saved to {name}.", { name }) : translate("Taken back from {name}.", { name });
            this.say(done + notes);
            if (this.form.lora && this.form.lora.name === data.name) this.form.choose(data.name, true);
            renewBadges([data.name]);
            reloadLibrary();
            const button = this.result.verdict.querySelector(".lora-neg-scan-save");
            if (button) button.focus();
        } catch (error) {
            this.fail(error);
        }
    }

    async remove(data) {
        const question = data.finished
            ? translate("Delete this scan and its {count} pictures?", { count: data.finished }) : translate("Delete this scan?");
        if (!window.confirm(question)) return;
        try {
            await ask("scan-delete", { scan: data.scan });
            if (this.job && this.job.scan === data.scan) this.showProgress(null);
            this.result.empty();
            this.say("Deleted.");
            await this.history.reload();
            this.form.check();
        } catch (error) {
            this.fail(error);
        }
    }

    // Lets the host's own paste button understand a text in txt2img.
    paste(text) {
        const box = inputOf("txt2img", "prompt");
        const found = PASTE_BUTTONS.map((selector) => gradioApp().querySelector(selector)).find(Boolean);
        if (!box || !found) {
            this.say("This page has no txt2img to send to.", true);
            return;
        }
        if (this.result.grid.dialog.root.open) this.result.grid.dialog.root.close();
        if (typeof window.switch_to_txt2img === "function") window.switch_to_txt2img();
        setValue("txt2img", "prompt", text);
        setTimeout(() => found.click(), PASTE_MS);
        this.say("Sent to txt2img.");
    }

    say(text, bad = false) {
        this.status.textContent = translate(text);
        this.status.classList.toggle("lora-neg-failed", bad);
    }

    fail(error) {
        if (isGone(error)) this.say(translate("The server does not answer. Is it running?"), true);
        else this.say(translate("That did not work: {why}", { why: error.message }), true);
    }
}
