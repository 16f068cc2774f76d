// One row of the library's list.
import { input, percent, typeMark } from "../core/controls.js";
import { element, userText } from "../core/elements.js";
import { translate } from "../core/translate.js";

/**
 * A row of the grid; a placeholder without `data`, while its page is on its way.
 * `words` are the names of types and evidence as the server says them.
 */
export function row(data, id, index, { selected, open, words }) {
    const made = element("div", "lora-neg-grid-row");
    made.id = id;
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", String(index + 2));
    made.dataset.index = String(index);
    if (!data) {
        made.append(element("div", "lora-neg-cell lora-neg-cell-name lora-neg-pale", "…"));
        return made;
    }
    made.setAttribute("aria-selected", String(selected));
    made.classList.toggle("lora-neg-open", open);
    const box = input("checkbox", translate("Select {name}", { name: data.name }));
    box.checked = selected;
    box.tabIndex = -1;
    made.append(cell("box", box), cell("name", ...nameParts(data)));
    if (!data.read) {
        made.append(cell("type", element("span", "lora-neg-pale", translate("not read yet"))));
        return made;
    }
    made.append(
        cell("type", ...typeParts(data, words)),
        cell("family", data.family),
        cell("range", ...rangeParts(data)),
        cell("triggers", ...triggerParts(data)),
        cell("evidence", ...evidenceParts(data, words)),
        cell("problems", ...problemParts(data)),
    );
    return made;
}

function cell(id, ...content) {
    const made = element("div", `lora-neg-cell lora-neg-cell-${id}`);
    made.setAttribute("role", "gridcell");
    made.append(...content);
    return made;
}

function nameParts(data) {
    const name = userText("lora-neg-name", data.name);
    name.title = data.name;
    const below = [data.folder, data.title].filter(Boolean).join(" · ");
    return below ? [name, userText("lora-neg-below", below)] : [name];
}

function typeParts(data, words) {
    const type = words.types.find(({ id }) => id === data.type) || { letter: "?" };
    const text = element("span", "lora-neg-type-name", data.type_name);
    const sure = data.confidence && data.type !== "unknown" ? percent(data.confidence) : "";
    const below = element("span", "lora-neg-below", data.sure || !sure ? sure : translate("{share}, unsure", { share: sure }));
    below.dir = "auto";
    const both = element("span", "lora-neg-stack");
    both.append(text, below);
    return [typeMark(data.type, type.letter), both];
}

function rangeParts(data) {
    if (data.guard_off) return [element("span", "lora-neg-off", translate("guard off"))];
    const known = Boolean(data.range_source);
    const text = element("bdi", known ? "lora-neg-range" : "lora-neg-pale", data.range);
    if (known) text.dir = "ltr";
    return known ? [text, element("span", "lora-neg-below", data.range_source)] : [text];
}

function triggerParts(data) {
    const words = data.triggers.map((text) => {
        const word = userText("lora-neg-word", text);
        word.title = text;
        return word;
    });
    if (data.more_triggers) words.push(element("span", "lora-neg-below", `+${data.more_triggers}`));
    return words;
}

function evidenceParts(data, words) {
    return data.evidence.map((key) => {
        const made = element("span", "lora-neg-evidence", translate(key));
        made.dataset.evidence = key;
        made.title = words.evidence[key] || "";
        return made;
    });
}

function problemParts(data) {
    if (!data.problems) return [];
    const text = data.problems === 1 ? translate("1 problem") : translate("{count} problems", { count: data.problems });
    return [element("span", "lora-neg-problem", `⚠ ${text}`)];
}
