// The details of one LoRA in the library: why it is what it is, its captions as bars, its ranges.
import { button, percent, typeMark } from "../core/controls.js";
import { bleedingCurve } from "../core/curve.js";
import { element, userText } from "../core/elements.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { LibraryForm } from "./form.js";

const FIRST_TAGS = 20;

/** The details beside the list, of one LoRA at a time. */
export class LibraryDetails {
    constructor(library) {
        this.library = library;
        this.name = null;
        this.form = new LibraryForm(this);
        this.root = element("aside", "lora-neg-details");
        this.root.setAttribute("aria-label", translate("Details"));
        this.root.tabIndex = -1;
        this.root.hidden = true;
        this.root.addEventListener("keydown", (event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            this.close();
        });
    }

    async show(name, focus = false) {
        this.form.keep();
        this.name = name;
        this.root.hidden = false;
        this.library.root.classList.add("lora-neg-with-details");
        this.library.grid.draw();
        try {
            const data = await ask("library-detail", { name });
            if (this.name !== name) return;
            this.draw(data);
        } catch (error) {
            if (this.name !== name) return;
            this.form.forget();
            this.root.replaceChildren(this.head({ name }), this.note(error.message, true));
        }
        if (focus) this.root.focus();
    }

    reload() {
        if (this.name) this.show(this.name);
    }

    // Decisions about some LoRAs were kept: what stood in their forms is no draft any more.
    changed(names = []) {
        names.forEach((name) => this.form.drop(name));
        if (names.includes(this.name)) {
            this.form.forget();
            this.reload();
        }
    }

    close() {
        this.form.keep();
        this.name = null;
        this.form.forget();
        this.root.hidden = true;
        this.library.root.classList.remove("lora-neg-with-details");
        this.library.grid.draw();
        this.library.grid.focus();
    }

    // ---- drawing ------------------------------------------------------------------------

    draw(data) {
        const scrolled = this.data && this.data.name === data.name ? this.root.scrollTop : 0;
        this.data = data;
        this.root.replaceChildren(
            this.head(data),
            this.problems(data),
            this.typePart(data),
            this.section("Your decision", this.form.build(data)),
            this.section("Ranges", this.ranges(data)),
            this.bleeding(data),
            this.section("Triggers", this.triggers(data)),
            this.section("Captions", this.captions(data)),
            this.section("File", this.facts(data)),
            this.section("More evidence", this.library.lookup.detailPart(data)),
        );
        this.root.scrollTop = scrolled;
    }

    head(data) {
        const head = element("header", "lora-neg-details-head");
        const titles = element("div", "lora-neg-details-titles");
        const name = element("h3", "");
        name.append(userText("", data.name));
        titles.append(name);
        const below = [data.title !== data.name && data.title, data.alias && translate("also {name}", { name: data.alias })];
        const text = below.filter(Boolean).join(" · ");
        if (text) titles.append(userText("lora-neg-below", text));
        const close = button("lora-neg-close", "×", () => this.close());
        close.setAttribute("aria-label", translate("Close details"));
        head.append(titles, close);
        return head;
    }

    section(title, ...content) {
        const made = element("section", "lora-neg-details-section");
        made.append(element("h4", "", translate(title)), ...content);
        return made;
    }

    note(text, bad = false) {
        return userText(bad ? "lora-neg-note lora-neg-failed" : "lora-neg-note", text);
    }

    list(texts) {
        const made = element("ul", "lora-neg-list");
        for (const text of texts) {
            const item = element("li");
            item.append(userText("", text));
            made.append(item);
        }
        return made;
    }

    problems(data) {
        const made = element("div", "lora-neg-problems");
        if (data.problems.length) made.append(element("strong", "", `⚠ ${translate("Problems")}`), this.list(data.problems));
        made.hidden = !data.problems.length;
        return made;
    }

    typePart(data) {
        const line = element("p", "lora-neg-type-line");
        const type = this.library.words.types.find(({ id }) => id === data.type) || { letter: "?" };
        line.append(typeMark(data.type, type.letter), element("strong", "", data.type_name));
        if (data.type !== "unknown" && data.confidence) {
            const meter = element("meter");
            Object.assign(meter, { min: 0, max: 1, value: data.confidence });
            meter.setAttribute("aria-label", translate("Confidence"));
            line.append(meter, element("span", "", translate("{share} sure", { share: percent(data.confidence) })));
        }
        return this.section("Type", line, this.note(data.verdict), this.list(data.reasons));
    }

    ranges(data) {
        if (!data.ranges.length) {
            return this.note(translate("Nobody stated a range, and nothing is known for its type and family."));
        }
        const made = element("ul", "lora-neg-ranges");
        for (const range of data.ranges) {
            const item = element("li", range.in_force ? "lora-neg-in-force" : "");
            const head = element("div", "lora-neg-range-head");
            const text = element("strong", "", range.text);
            text.dir = "ltr";
            head.append(
                text,
                element("span", "lora-neg-evidence", range.source),
            );
            if (range.in_force) head.append(element("span", "lora-neg-force", translate("in force")));
            const spot = range.sweet_spot ? `${translate("Works best at {range}.", { range: range.sweet_spot })} ` : "";
            const { why } = range;
            const holds = range.in_force ? translate("In force: {why}.", { why }) : translate("Not in force: {why}.", { why });
            item.append(head, this.note(spot + holds));
            if (range.reference) item.append(userText("lora-neg-below", `${translate("Source:")} ${range.reference}`));
            made.append(item);
        }
        return made;
    }

    bleeding(data) {
        const made = data.curve ? this.section("Concept bleeding", bleedingCurve(data.curve)) : element("section");
        made.hidden = !data.curve;
        return made;
    }

    triggers(data) {
        if (!data.triggers.length) return this.note(translate("None known."));
        const made = element("ul", "lora-neg-trigger-list");
        for (const trigger of data.triggers) {
            const item = element("li");
            item.append(
                userText("lora-neg-word", trigger.text),
                element("span", "lora-neg-below", `${trigger.source}, ${percent(trigger.confidence)}`),
            );
            made.append(item);
        }
        if (data.more_triggers) made.append(element("li", "lora-neg-below", translate("and {count} more", { count: data.more_triggers })));
        return made;
    }

    captions(data) {
        const { tags } = data;
        const made = element("div", "lora-neg-captions");
        if (tags.note) made.append(this.note(tags.note));
        if (!tags.rows.length) return made;
        made.append(this.legend(), this.bars(tags, FIRST_TAGS));
        return made;
    }

    legend() {
        const made = element("ul", "lora-neg-legend");
        for (const grade of this.library.words.grades) {
            const item = element("li");
            const mark = element("span", "lora-neg-bar-mark");
            mark.dataset.grade = grade.id;
            item.append(mark, grade.name);
            item.title = grade.meaning;
            made.append(item);
        }
        return made;
    }

    bars(tags, count) {
        const names = Object.fromEntries(this.library.words.grades.map(({ id, name }) => [id, name]));
        const made = element("div");
        const list = element("ol", "lora-neg-bars");
        for (const { tag, share, grade } of tags.rows.slice(0, count)) {
            const item = element("li");
            const label = userText("lora-neg-bar-label", tag);
            label.title = tag;
            const bar = element("span", "lora-neg-bar");
            bar.dataset.grade = grade;
            bar.style.setProperty("--share", `${Math.max(0.5, Math.min(100, share * 100))}%`);
            const text = element("span", "lora-neg-bar-share", percent(share));
            const spoken = element("span", "lora-neg-sr", `, ${names[grade]}`);
            item.title = `${tag}: ${percent(share)}, ${names[grade]}`;
            item.append(label, bar, text, spoken);
            list.append(item);
        }
        made.append(list);
        const shown = Math.min(count, tags.rows.length);
        const facts = element("p", "lora-neg-note", `${translate("{shown} of {total} tags, {captions} captions.", {
            shown, total: tags.total, captions: tags.captions,
        })} `);
        if (shown < tags.rows.length) {
            facts.append(button("lora-neg-link", "Show more", () => {
                made.replaceWith(this.bars(tags, tags.rows.length));
            }));
        }
        made.append(facts);
        return made;
    }

    facts(data) {
        const made = element("dl", "lora-neg-facts");
        const rows = [["Path", data.location], ...data.copies.map((copy) => ["Same name", copy]),
            ["Family", data.family], ...data.facts];
        for (const [label, text] of rows) {
            const value = element("dd");
            value.append(userText("", text));
            made.append(element("dt", "", translate(label)), value);
        }
        return made;
    }
}
