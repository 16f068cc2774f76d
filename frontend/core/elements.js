// Pieces of a page.

/** An element with a class and a text. */
export function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined && text !== "") made.textContent = text;
    return made;
}

/** A piece of somebody's text: keeps its own direction inside a right-to-left page. */
export function userText(className, text) {
    const made = element("bdi", className, text);
    made.dir = "auto";
    return made;
}

/** A button that submits nothing. */
export function plainButton(className, text, onClick) {
    const made = element("button", className, text);
    made.type = "button";
    if (onClick) made.addEventListener("click", onClick);
    return made;
}
