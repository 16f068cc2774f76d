// The details of one LoRA in the library: why it is what it is, its captions as bars, its ranges.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const { said } = loraNeg;
    const FIRST_TAGS = 20;

    class LibraryDetails {
        constructor(library) {
            Object.assign(this, loraNeg.libraryParts);
            this.library = library;
            this.name = null;
            this.form = new loraNeg.LibraryForm(this);
            this.root = this.element("aside", "lora-neg-details");
            this.root.setAttribute("aria-label", said("Details"));
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
                const data = await loraNeg.ask("library-detail", { name });
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
                this.section("Triggers", this.triggers(data)),
                this.section("Captions", this.captions(data)),
                this.section("File", this.facts(data)),
                this.section("More evidence", this.library.lookup.detailPart(data)),
            );
            this.root.scrollTop = scrolled;
        }

        head(data) {
            const head = this.element("header", "lora-neg-details-head");
            const titles = this.element("div", "lora-neg-details-titles");
            const name = this.element("h3", "");
            name.append(this.quoted("", data.name));
            titles.append(name);
            const below = [data.title !== data.name && data.title, data.alias && said("also {name}", { name: data.alias })];
            const text = below.filter(Boolean).join(" · ");
            if (text) titles.append(this.quoted("lora-neg-below", text));
            const close = this.button("lora-neg-close", "×", () => this.close());
            close.setAttribute("aria-label", said("Close details"));
            head.append(titles, close);
            return head;
        }

        section(title, ...content) {
            const made = this.element("section", "lora-neg-details-section");
            made.append(this.element("h4", "", said(title)), ...content);
            return made;
        }

        note(text, bad = false) {
            return this.quoted(bad ? "lora-neg-note lora-neg-failed" : "lora-neg-note", text);
        }

        list(texts) {
            const made = this.element("ul", "lora-neg-list");
            for (const text of texts) {
                const item = this.element("li");
                item.append(this.quoted("", text));
                made.append(item);
            }
            return made;
        }

        problems(data) {
            const made = this.element("div", "lora-neg-problems");
            if (data.problems.length) made.append(this.element("strong", "", `⚠ ${said("Problems")}`), this.list(data.problems));
            made.hidden = !data.problems.length;
            return made;
        }

        typePart(data) {
            const line = this.element("p", "lora-neg-type-line");
            const type = this.library.words.types.find(({ id }) => id === data.type) || { letter: "?" };
            line.append(this.typeMark(data.type, type.letter), this.element("strong", "", data.type_name));
            if (data.type !== "unknown" && data.confidence) {
                const meter = this.element("meter");
                Object.assign(meter, { min: 0, max: 1, value: data.confidence });
                meter.setAttribute("aria-label", said("Confidence"));
                line.append(meter, this.element("span", "", said("{share} sure", { share: this.percent(data.confidence) })));
            }
            return this.section("Type", line, this.note(data.verdict), this.list(data.reasons));
        }

        ranges(data) {
            if (!data.ranges.length) {
                return this.note(said("Nobody stated a range, and nothing is known for its type and family."));
            }
            const made = this.element("ul", "lora-neg-ranges");
            for (const range of data.ranges) {
                const item = this.element("li", range.in_force ? "lora-neg-in-force" : "");
                const head = this.element("div", "lora-neg-range-head");
                const text = this.element("strong", "", range.text);
                text.dir = "ltr";
                head.append(
                    text,
                    this.element("span", "lora-neg-evidence", range.source),
                );
                if (range.in_force) head.append(this.element("span", "lora-neg-force", said("in force")));
                const spot = range.sweet_spot ? `${said("Works best at {range}.", { range: range.sweet_spot })} ` : "";
                const { why } = range;
                const holds = range.in_force ? said("In force: {why}.", { why }) : said("Not in force: {why}.", { why });
                item.append(head, this.note(spot + holds));
                if (range.reference) item.append(this.quoted("lora-neg-below", `${said("Source:")} ${range.reference}`));
                made.append(item);
            }
            return made;
        }

        triggers(data) {
            if (!data.triggers.length) return this.note(said("None known."));
            const made = this.element("ul", "lora-neg-trigger-list");
            for (const trigger of data.triggers) {
                const item = this.element("li");
                item.append(
                    this.quoted("lora-neg-word", trigger.text),
                    this.element("span", "lora-neg-below", `${trigger.source}, ${this.percent(trigger.confidence)}`),
                );
                made.append(item);
            }
            if (data.more_triggers) made.append(this.element("li", "lora-neg-below", said("and {count} more", { count: data.more_triggers })));
            return made;
        }

        captions(data) {
            const { tags } = data;
            const made = this.element("div", "lora-neg-captions");
            if (tags.note) made.append(this.note(tags.note));
            if (!tags.rows.length) return made;
            made.append(this.legend(), this.bars(tags, FIRST_TAGS));
            return made;
        }

        legend() {
            const made = this.element("ul", "lora-neg-legend");
            for (const grade of this.library.words.grades) {
                const item = this.element("li");
                const mark = this.element("span", "lora-neg-bar-mark");
                mark.dataset.grade = grade.id;
                item.append(mark, grade.name);
                item.title = grade.meaning;
                made.append(item);
            }
            return made;
        }

        bars(tags, count) {
            const names = Object.fromEntries(this.library.words.grades.map(({ id, name }) => [id, name]));
            const made = this.element("div");
            const list = this.element("ol", "lora-neg-bars");
            for (const { tag, share, grade } of tags.rows.slice(0, count)) {
                const item = this.element("li");
                const label = this.quoted("lora-neg-bar-label", tag);
                label.title = tag;
                const bar = this.element("span", "lora-neg-bar");
                bar.dataset.grade = grade;
                bar.style.setProperty("--share", `${Math.max(0.5, Math.min(100, share * 100))}%`);
                const text = this.element("span", "lora-neg-bar-share", this.percent(share));
                const spoken = this.element("span", "lora-neg-sr", `, ${names[grade]}`);
                item.title = `${tag}: ${this.percent(share)}, ${names[grade]}`;
                item.append(label, bar, text, spoken);
                list.append(item);
            }
            made.append(list);
            const shown = Math.min(count, tags.rows.length);
            const facts = this.element("p", "lora-neg-note", `${said("{shown} of {total} tags, {captions} captions.", {
                shown, total: tags.total, captions: tags.captions,
            })} `);
            if (shown < tags.rows.length) {
                facts.append(this.button("lora-neg-link", "Show more", () => {
                    made.replaceWith(this.bars(tags, tags.rows.length));
                }));
            }
            made.append(facts);
            return made;
        }

        facts(data) {
            const made = this.element("dl", "lora-neg-facts");
            const rows = [["Path", data.location], ...data.copies.map((copy) => ["Same name", copy]),
                ["Family", data.family], ...data.facts];
            for (const [label, text] of rows) {
                const value = this.element("dd");
                value.append(this.quoted("", text));
                made.append(this.element("dt", "", said(label)), value);
            }
            return made;
        }

    }

    loraNeg.LibraryDetails = LibraryDetails;
})();
