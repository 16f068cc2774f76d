// Texts in the page's language.

/** A sentence in the page's language, for what the host does not translate by itself. */
export function translate(template, fields = {}) {
    const known = typeof globalThis.localization === "object" && globalThis.localization;
    const text = (known && known[template]) || template;
    return text.replace(/\{(\w+)\}/g, (field, name) => (name in fields ? String(fields[name]) : field));
}
