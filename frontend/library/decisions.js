// What the user decides in the library: bulk edit, undo, export and import.
import { renewBadges } from "../cards/badges.js";
import { button, input, select } from "../core/controls.js";
import { element } from "../core/elements.js";
import { ask } from "../core/server.js";
import { translate } from "../core/translate.js";
import { bulkChange, joinedOutcomes, outcomeText } from "./edits.js";

const AT_ONCE = 200;

/** The bar for all selected LoRAs, and what keeps, undoes and moves decisions. */
export class LibraryDecisions {
    constructor(library) {
        this.library = library;
        this.undoButton = button("lora-neg-undo", "Undo", () => this.undo());
        this.undoButton.hidden = true;
        this.file = input("file", "File with decisions", { accept: ".json,application/json" });
        this.file.hidden = true;
        this.file.addEventListener("change", () => this.importFile());
        this.root = this.buildBar();
    }

    buildBar() {
        this.bulk = element("div", "lora-neg-library-bulk");
        this.bulk.setAttribute("role", "group");
        this.bulk.setAttribute("aria-label", translate("Change all selected LoRAs"));
        this.bulkCount = element("strong", "lora-neg-bulk-count");
        this.selectAll = button("lora-neg-link", "", () => this.library.grid.selectMatching());
        this.bulkType = select("Type for all selected", [["", "Type: leave"]]);
        const weight = { step: "0.05", min: "-20", max: "20" };
        this.bulkFloor = input("number", "Lowest weight for all selected", { ...weight, placeholder: "lowest" });
        this.bulkCeiling = input("number", "Highest weight for all selected", { ...weight, placeholder: "highest" });
        this.bulkGuard = select("Guard for all selected", [
            ["", "Guard: leave"], ["off", "Guard: off"], ["on", "Guard: on"],
        ]);
        this.bulkApply = button("lora-neg-primary", "Apply", () => this.applyBulk());
        const range = element("span", "lora-neg-range-inputs");
        range.append(`${translate("Range")} `, this.bulkFloor, ` ${translate("to")} `, this.bulkCeiling);
        this.bulk.append(
            this.bulkCount, this.selectAll, this.bulkType, range, this.bulkGuard, this.bulkApply,
            button("", "Clear my decisions", () => this.clearSelected()),
            button("lora-neg-link", "Deselect", () => this.library.grid.deselect()),
        );
        this.bulk.hidden = true;
        return this.bulk;
    }

    showSelection(count) {
        this.bulk.hidden = !count;
        this.bulkCount.textContent = translate("{count} selected", { count });
        this.selectAll.hidden = count >= this.library.matched;
        this.selectAll.textContent = translate("Select all {count}", { count: this.library.matched });
    }

    fillTypes(types) {
        for (const { id, name } of types) this.bulkType.append(new Option(translate("Type: {type}", { type: name }), id));
        this.bulkType.append(new Option(translate("Type: as inferred"), "inferred"));
    }

    showUndo(label) {
        this.undoButton.hidden = !label;
        this.undoButton.textContent = label ? translate("Undo change of {what}", { what: label }) : translate("Undo");
    }

    async applyBulk() {
        try {
            const set = bulkChange({
                type: this.bulkType.value,
                floor: this.bulkFloor.value,
                ceiling: this.bulkCeiling.value,
                guard: this.bulkGuard.value,
            });
            if (!set) {
                this.library.say("Choose a type, a range or the guard first.", true);
                return;
            }
            if (await this.edit([...this.library.grid.selected], { set })) {
                this.library.grid.deselect();
                this.bulkType.value = this.bulkGuard.value = "";
                this.bulkFloor.value = this.bulkCeiling.value = "";
            }
        } catch (error) {
            this.library.fail(error);
        }
    }

    async clearSelected() {
        if (await this.edit([...this.library.grid.selected], { clear: true })) this.library.grid.deselect();
    }

    // Keeps a change of some LoRAs; returns whether it was kept.
    edit(names, change) {
        return this.change(async () => {
            let result = null;
            for (let at = 0; at < names.length; at += AT_ONCE) {
                this.library.say(names.length > 1
                    ? translate("Saving {done} of {total} …", { done: at, total: names.length }) : translate("Saving …"));
                const part = { names: names.slice(at, at + AT_ONCE), continued: at > 0 };
                result = joinedOutcomes(result, await ask("library-edit", { ...part, ...change }));
            }
            return result;
        });
    }

    undo() {
        this.library.say("Taking back …");
        return this.change(() => ask("library-undo", {}));
    }

    // Shows what became of decisions that `work` keeps; returns whether all were kept.
    async change(work) {
        try {
            const result = await work();
            await this.library.reload();
            this.library.say(outcomeText(result), result.failed > 0 || result.unknown > 0);
            this.library.details.changed(result.names);
            renewBadges(result.names);
            return !result.failed;
        } catch (error) {
            this.library.fail(error);
            return false;
        }
    }

    async exportFile() {
        try {
            const decisions = await ask("library-export", {});
            const link = element("a");
            const text = JSON.stringify(decisions, null, 2);
            link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
            link.download = "lora-neg-decisions.json";
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 10000);
            this.library.say("Decisions exported.");
        } catch (error) {
            this.library.fail(error);
        }
    }

    async importFile() {
        const file = this.file.files[0];
        this.file.value = "";
        if (!file) return;
        let decisions = null;
        try {
            decisions = JSON.parse(await file.text());
        } catch {
            this.library.say(translate("{file} is not a JSON file.", { file: file.name }), true);
            return;
        }
        await this.change(() => ask("library-import", { decisions }));
    }
}
