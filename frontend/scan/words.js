// Words for the cost of a scan, its progress and times.
import { translate } from "../core/translate.js";

/** A time for people, rounded as one says it. */
export function duration(seconds) {
    if (seconds < 50) return translate("{count} s", { count: Math.max(1, Math.round(seconds)) });
    if (seconds < 3570) return translate("{count} min", { count: Math.max(1, Math.round(seconds / 60)) });
    const hours = Math.floor(seconds / 3600 + 1 / 120);
    const minutes = Math.max(0, Math.round((seconds - hours * 3600) / 60));
    return minutes ? translate("{hours} h {minutes} min", { hours, minutes }) : translate("{hours} h", { hours });
}

function counted(count, one, many) {
    return translate(count === 1 ? one : many, { count: count.toLocaleString("en") });
}

/** What a plan takes, in a sentence. */
export function costText(cost, kind) {
    const time = cost.seconds === null
        ? translate("how long is told once the first are made")
        : translate("about {time}", { time: duration(cost.seconds) });
    let evaluations = counted(cost.evaluations, "{count} evaluation", "{count} evaluations");
    if (cost.asked) {
        const share = `${Math.round((100 * cost.asked) / cost.evaluations)} %`;
        evaluations = translate("{evaluations} and {share} more to ask the model", { evaluations, share });
    }
    if (kind === "quick") return translate("No pictures, {evaluations} of the model: {time}.", { evaluations, time });
    const prompts = counted(cost.prompts, "{count} prompt", "{count} prompts");
    const pairs = `${prompts} × ${counted(cost.seeds, "{count} seed", "{count} seeds")}`;
    const shape = kind === "compare"
        ? translate("{pairs}, with and without", { pairs }) : translate("{count} weights × {pairs}", { count: cost.weights, pairs });
    const pictures = counted(cost.pictures, "{count} picture", "{count} pictures");
    return translate("{pictures} ({shape}), {evaluations}: {time}.", { pictures, shape, evaluations, time });
}

/** What of a scan is on the disk, whatever becomes of the server. */
export function safeText(job) {
    return counted(Math.max(0, job.done - job.failed), "{count} picture is safe.", "{count} pictures are safe.");
}

/** Where a job is, in a sentence. */
export function progressText(job) {
    const { done, total } = job;
    const made = job.quick ? translate("{done} of {total} weights", { done, total }) : translate("{done} of {total} pictures", { done, total });
    const count = job.failed ? translate("{made}, {count} failed", { made, count: job.failed }) : made;
    if (job.state === "done") return `${translate("Finished: {count}.", { count })}${job.note ? ` ${job.note}` : ""}`;
    if (job.state === "stopped") return translate("Stopped at {count}.", { count });
    if (job.state === "failed") return translate("Failed at {count}: {why}", { count: made, why: job.error });
    if (job.state === "lost") return job.quick ? translate("The server was started anew, and the scan is lost: start it again.") : translate("The server was started anew. {safe}", { safe: safeText(job) });
    if (job.state === "concluding") return translate("Judging and drawing the curves …");
    if (job.stopping) return translate("Stopping after this picture: {count}", { count: made });
    if (job.state === "waiting" && !job.done) return translate("Waiting for its turn; a generation is running or queued");
    if (job.seconds_left === null) return count;
    return `${count} · ${translate("about {time} left", { time: duration(job.seconds_left) })}`;
}

/** What is said aloud: less than what is shown, a tenth of the way at a time. */
export function spokenStep(job) {
    if (!job) return "";
    if (job.over || job.state === "concluding" || job.stopping) return `${job.state}${job.stopping}`;
    return `${job.state === "waiting" && !job.done ? "waiting" : "running"} ${Math.floor((10 * job.done) / (job.total || 1))}`;
}
