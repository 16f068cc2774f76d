import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../frontend/core/history.js";
import { ask } from "../../frontend/core/server.js";
import { translate } from "../../frontend/core/translate.js";

function boxes(values) {
    return {
        values,
        get: (name) => (name in values ? values[name] : null),
        set: (name, value) => { values[name] = value; },
    };
}

test("an action is taken back box by box", () => {
    const page = boxes({ prompt: "a", cfg_scale: 7 });
    const history = new History();
    assert.ok(history.apply("both", { prompt: "b", cfg_scale: 6 }, page.get, page.set));
    assert.deepEqual(page.values, { prompt: "b", cfg_scale: 6 });
    assert.equal(history.undo(page.get, page.set).label, "both");
    assert.deepEqual(page.values, { prompt: "a", cfg_scale: 7 });
    assert.equal(history.undo(page.get, page.set), null);
});

test("several actions are taken back in turn", () => {
    const page = boxes({ prompt: "a" });
    const history = new History();
    history.apply("1", { prompt: "b" }, page.get, page.set);
    history.apply("2", { prompt: "c" }, page.get, page.set);
    history.undo(page.get, page.set);
    assert.equal(page.values.prompt, "b");
    history.undo(page.get, page.set);
    assert.equal(page.values.prompt, "a");
});

test("what the person has typed since is never overwritten", () => {
    const page = boxes({ prompt: "a" });
    const history = new History();
    history.apply("1", { prompt: "b" }, page.get, page.set);
    page.values.prompt = "b and more";
    assert.equal(history.last(page.get), null);
    assert.equal(history.undo(page.get, page.set), null);
    assert.equal(page.values.prompt, "b and more");
});

test("a box that is not there, or has the value already, is left alone", () => {
    const page = boxes({ prompt: "a" });
    const history = new History();
    assert.equal(history.apply("1", { prompt: "a", hr_prompt: "x" }, page.get, page.set), null);
    assert.deepEqual(page.values, { prompt: "a" });
});

test("the history is bounded", () => {
    const page = boxes({ prompt: "0" });
    const history = new History(3);
    for (let step = 1; step <= 9; step += 1) {
        history.apply(String(step), { prompt: String(step) }, page.get, page.set);
    }
    while (history.undo(page.get, page.set));
    assert.equal(page.values.prompt, "6");
});

// An answer whose headers have come before the question is given up, and its body has not.
function answering(context, readBody) {
    const answer = { ok: true, status: 200, statusText: "OK", json: readBody };
    context.mock.method(globalThis, "fetch", async() => answer);
    return ask("check", {}, undefined);
}

test("a question that is given up while its answer arrives counts as given up, not as failed", async(context) => {
    const body = async() => {
        throw new DOMException("The user aborted a request.", "AbortError");
    };
    await assert.rejects(answering(context, body), { name: "AbortError" });
});

test("an answer that is no JSON is told by its status", async(context) => {
    const body = async() => JSON.parse("<html>");
    await assert.rejects(answering(context, body), { message: "200 OK" });
});

test("a text is said in the page's language, with its fields", (context) => {
    assert.equal(translate("{count} saved", { count: 3 }), "3 saved");
    globalThis.localization = { "{count} saved": "{count} gespeichert" };
    context.after(() => delete globalThis.localization);
    assert.equal(translate("{count} saved", { count: 3 }), "3 gespeichert");
    assert.equal(translate("Undo {what}", { other: 1 }), "Undo {what}");
});
