// Questions to the server.

/** Asks a route of the page; the page's login goes along by itself. */
export async function ask(name, body, signal) {
    const response = await fetch(`./lora-neg/page/${name}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        signal,
    });
    const answer = await response.json().catch((error) => {
        if (error.name === "AbortError") throw error;
        return null;
    });
    if (response.ok && answer) return answer;
    const known = answer && answer.error;
    throw new Error(known ? known.message : `${response.status} ${response.statusText}`);
}

/** The address of a file that a route makes. */
export function fileAddress(name, values) {
    return `./lora-neg/page/${name}?${new URLSearchParams(values)}`;
}

/** Whether an error says that no server answered, rather than that one refused. */
export function isGone(error) {
    return error.name === "TypeError" || /^50[234]\b/.test(error.message);
}
