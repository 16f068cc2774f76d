// Extra-network cards: a click removes a tag that stands at a negative weight, too (the host's
// own pattern knows no minus sign and would add a second tag), and a control on the card, or
// Alt + click, inserts the LoRA at the weight recommended for a negative.
(() => {
    const loraNeg = (window.loraNeg = window.loraNeg || {});
    const TAG = /^<(lora|lyco):([^:<>]+)((?::[^:<>]*)*)>/;

    function separator() {
        return (typeof opts === "object" && opts && opts.extra_networks_add_text_separator) || " ";
    }

    function escaped(text) {
        return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    }

    // Takes the tags of the LoRA that `inserted` names out of `text`, with the words that a card
    // adds behind its tag; null where the host does it by itself, or there is none.
    function withoutTag(text, inserted, between) {
        const own = TAG.exec(inserted);
        if (!own) return null;
        const name = escaped(own[2]);
        const plain = new RegExp(`<${own[1]}:${name}:[\\d.]+>`);
        const any = new RegExp(`<(?:lora|lyco):${name}(?::[^<>]*)?>`, "g");
        const found = [...text.matchAll(any)].map((match) => ({ at: match.index, tag: match[0] }));
        const hostDoes = plain.test(inserted) && found.some(({ tag }) => plain.test(tag));
        if (!found.length || (hostDoes && found.length === 1)) return null;
        const words = inserted.slice(own[0].length);
        let result = text;
        for (const { at, tag } of found.reverse()) {
            let start = at;
            let end = at + tag.length;
            if (words && result.startsWith(words, end)) end += words.length;
            if (between && start && result.endsWith(between, start)) {
                if (result.slice(start - between.length, start) === between) start -= between.length;
            }
            result = result.slice(0, start) + result.slice(end);
        }
        return result;
    }

    // Puts `tag` at the end of `text`, or takes the LoRA's tag out if it is there.
    function toggled(text, tag, between) {
        const own = TAG.exec(tag);
        const any = own && new RegExp(`<(?:lora|lyco):${escaped(own[2])}(?::[^<>]*)?>`);
        if (any && any.test(text)) {
            const removed = withoutTag(text, `${own[0].replace(/:[^:]*>$/, ":x>")}`, between);
            if (removed !== null) return removed;
        }
        return text ? text + between + tag : tag;
    }

    function wrapHost() {
        const host = window.tryToRemoveExtraNetworkFromPrompt;
        if (typeof host !== "function" || host.loraNeg) return;
        const wrapped = function(textarea, text, isNegative) {
            const without = isNegative ? null : withoutTag(textarea.value, text, separator());
            if (without === null) return host.apply(this, arguments);
            textarea.value = without;
            return true;
        };
        wrapped.loraNeg = true;
        window.tryToRemoveExtraNetworkFromPrompt = wrapped;
    }

    function cardOf(target) {
        const card = target instanceof Element ? target.closest("[id$='_lora_cards'] .card") : null;
        if (!card) return null;
        const tab = loraNeg.TABS.find((name) => card.closest(`#${name}_lora_cards`));
        return tab ? { card, tab, name: card.dataset.name } : null;
    }

    async function insertNegative({ card, tab, name }) {
        const textarea = loraNeg.box(tab, "prompt");
        if (!textarea) return;
        try {
            const answer = await loraNeg.ask("negative-tag", { lora: name });
            if (!answer.tag) {
                loraNeg.preview.say(tab, answer.reason, true);
                return;
            }
            const text = toggled(textarea.value, answer.tag, separator());
            loraNeg.preview.perform(tab, { label: answer.tag, writes: { prompt: text } });
            loraNeg.preview.say(tab, answer.reason, false);
        } catch (error) {
            loraNeg.preview.say(tab, String(error.message), true);
        }
        card.blur();
    }

    function onClick(event) {
        const button = event.target instanceof Element && event.target.closest(".lora-neg-card-button");
        if (!button && !event.altKey) return;
        const found = cardOf(event.target);
        if (!found) return;
        event.preventDefault();
        event.stopPropagation();
        insertNegative(found);
    }

    // The control is added when the pointer first enters a card: there may be thousands.
    function onPointerOver(event) {
        const found = cardOf(event.target);
        const row = found && found.card.querySelector(".button-row");
        if (!row || row.querySelector(".lora-neg-card-button")) return;
        const button = document.createElement("div");
        button.className = "card-button lora-neg-card-button";
        button.title = "Insert at the recommended negative weight (Alt + click on the card)";
        row.prepend(button);
    }

    loraNeg.cards = { toggled, withoutTag };

    if (typeof onUiLoaded === "function") {
        onUiLoaded(() => {
            wrapHost();
            gradioApp().addEventListener("click", onClick, true);
            gradioApp().addEventListener("pointerover", onPointerOver);
        });
    }
})();
