// Tags of LoRAs in a prompt, as cards add and remove them.

const TAG = /^<(lora|lyco):([^:<>]+)((?::[^:<>]*)*)>/;

function escapeRegExp(text) {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/**
 * Takes the tags of the LoRA that `inserted` names out of `text`, with the words that a card
 * adds behind its tag; null where the host does it by itself, or there is none.
 */
export function withoutTag(text, inserted, between) {
    const own = TAG.exec(inserted);
    if (!own) return null;
    const name = escapeRegExp(own[2]);
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

/** Puts `tag` at the end of `text`, or takes the LoRA's tag out if it is there. */
export function toggled(text, tag, between) {
    const own = TAG.exec(tag);
    const any = own && new RegExp(`<(?:lora|lyco):${escapeRegExp(own[2])}(?::[^<>]*)?>`);
    if (any && any.test(text)) {
        const removed = withoutTag(text, `${own[0].replace(/:[^:]*>$/, ":x>")}`, between);
        if (removed !== null) return removed;
    }
    return text ? text + between + tag : tag;
}
