// What the scan's scripts share and what needs no page: words for cost, progress and time, where a
// key leads in the grid, which pictures to ask for.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const { said } = loraNeg;
    const THUMBNAILS = [96, 192, 384];

    // A time for people, rounded as one says it.
    function duration(seconds) {
        if (seconds < 50) return said("{count} s", { count: Math.max(1, Math.round(seconds)) });
        if (seconds < 3570) return said("{count} min", { count: Math.max(1, Math.round(seconds / 60)) });
        const hours = Math.floor(seconds / 3600 + 1 / 120);
        const minutes = Math.max(0, Math.round((seconds - hours * 3600) / 60));
        return minutes ? said("{hours} h {minutes} min", { hours, minutes }) : said("{hours} h", { hours });
    }

    function counted(count, one, many) {
        return said(count === 1 ? one : many, { count: count.toLocaleString("en") });
    }

    // What a plan takes, in a sentence.
    function costText(cost, kind) {
        const time = cost.seconds === null
            ? said("how long is told once the first are made")
            : said("about {time}", { time: duration(cost.seconds) });
        const evaluations = counted(cost.evaluations, "{count} evaluation", "{count} evaluations");
        if (kind === "quick") return said("No pictures, {evaluations} of the model: {time}.", { evaluations, time });
        const prompts = counted(cost.prompts, "{count} prompt", "{count} prompts");
        const pairs = `${prompts} × ${counted(cost.seeds, "{count} seed", "{count} seeds")}`;
        const shape = kind === "compare"
            ? said("{pairs}, with and without", { pairs }) : said("{count} weights × {pairs}", { count: cost.weights, pairs });
        const pictures = counted(cost.pictures, "{count} picture", "{count} pictures");
        return said("{pictures} ({shape}), {evaluations}: {time}.", { pictures, shape, evaluations, time });
    }

    // What of a scan is on the disk, whatever becomes of the server.
    function safeText(job) {
        return counted(Math.max(0, job.done - job.failed), "{count} picture is safe.", "{count} pictures are safe.");
    }

    // Whether an error says that no server answered, rather than that one refused.
    function isGone(error) {
        return error.name === "TypeError" || /^50[234]\b/.test(error.message);
    }

    // Where a job is, in a sentence.
    function progressText(job) {
        const { done, total } = job;
        const made = job.quick ? said("{done} of {total} weights", { done, total }) : said("{done} of {total} pictures", { done, total });
        const count = job.failed ? said("{made}, {count} failed", { made, count: job.failed }) : made;
        if (job.state === "done") return said("Finished: {count}.", { count });
        if (job.state === "stopped") return said("Stopped at {count}.", { count });
        if (job.state === "failed") return said("Failed at {count}: {why}", { count: made, why: job.error });
        if (job.state === "lost") return job.quick ? said("The server was started anew, and the scan is lost: start it again.") : said("The server was started anew. {safe}", { safe: safeText(job) });
        if (job.state === "concluding") return said("Judging and drawing the curves …");
        if (job.stopping) return said("Stopping after this picture: {count}", { count: made });
        if (job.state === "waiting" && !job.done) return said("Waiting for its turn; a generation is running or queued");
        if (job.seconds_left === null) return count;
        return `${count} · ${said("about {time} left", { time: duration(job.seconds_left) })}`;
    }

    // What is said aloud: less than what is shown, a tenth of the way at a time.
    function spokenStep(job) {
        if (!job) return "";
        if (job.over || job.state === "concluding" || job.stopping) return `${job.state}${job.stopping}`;
        return `${job.state === "waiting" && !job.done ? "waiting" : "running"} ${Math.floor((10 * job.done) / (job.total || 1))}`;
    }

    // Where a key leads from a cell of the grid, or null.
    function gridMove({ row, column }, key, rows, columns) {
        const moves = {
            ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
            ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
            Home: [row, 0], End: [row, columns - 1],
        };
        if (!(key in moves)) return null;
        const [toRow, toColumn] = moves[key];
        if (toRow < 0 || toRow >= rows || toColumn < 0 || toColumn >= columns) return null;
        return { row: toRow, column: toColumn };
    }

    // The side of the thumbnails for cells of some width on this screen.
    function thumbnailSide(width, ratio = 1) {
        return THUMBNAILS.find((side) => side >= width * ratio) || THUMBNAILS[THUMBNAILS.length - 1];
    }

    // The width at which all columns fit beside their labels, within bounds.
    function fittingWidth(room, columns, labels = 190, gap = 6) {
        return Math.max(64, Math.min(260, Math.floor((room - labels) / columns) - gap));
    }

    function fileAddress(name, values) {
        return `./lora-neg/page/${name}?${new URLSearchParams(values)}`;
    }

    // Whether a weight lies where the verdict found damage.
    function isDamaged(weight, verdict) {
        if (!verdict) return false;
        const { damaged_to: below, damaged_from: above } = verdict;
        return (below !== null && weight < 0 && weight <= below + 1e-9)
            || (above !== null && weight > 0 && weight >= above - 1e-9);
    }

    function randomSeeds(count, random = Math.random) {
        const seeds = new Set();
        while (seeds.size < count) seeds.add(Math.floor(random() * 4294967296));
        return [...seeds].join(", ");
    }

    // How many seeds a text names, as far as it can be read.
    function seedCount(text) {
        let count = 0;
        for (const part of text.split(",").map((item) => item.trim()).filter(Boolean)) {
            const span = part.match(/^(\d+)\s*-\s*(\d+)$/);
            count += span ? Math.max(1, Number(span[2]) - Number(span[1]) + 1) : 1;
        }
        return Math.max(1, Math.min(100, count));
    }

    // A number as it stands in a box; what is none is sent as it is, so that it can be refused.
    function numberIn(text) {
        const trimmed = String(text).trim();
        if (trimmed === "") return null;
        const number = Number(trimmed);
        return Number.isFinite(number) ? number : trimmed;
    }

    loraNeg.scanLogic = {
        duration, counted, costText, progressText, spokenStep, gridMove, thumbnailSide, fittingWidth,
        fileAddress, isDamaged, randomSeeds, seedCount, numberIn,
        safeText, isGone,
    };
})();
