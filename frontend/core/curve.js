// The bleeding curve of a LoRA: damage over its negative weight, 1 is where damage is seen.
import { element, userText } from "./elements.js";
import { translate } from "./translate.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 360;
const HEIGHT = 150;
const FRAME = { left: 34, right: 10, top: 10, bottom: 22 };
const HIGHEST = 4; // a curve that goes on to 40 would hide where it begins
const LEAST_APART = 34; // pixels between two labels under the axis

/** A weight with the minus sign that people read. */
export function weightText(weight) {
    return String(Math.round(weight * 100) / 100).replace("-", "−");
}

/** Where a weight and a damage lie in the drawing. */
export function scaleOf({ points, at, onset, floor }) {
    const lowest = Math.min(-0.1, ...points.map(([weight]) => weight), ...[at, onset, floor].filter((weight) => weight < 0));
    const highest = Math.min(HIGHEST, Math.max(1.25, ...points.map(([, damage]) => damage)));
    const width = WIDTH - FRAME.left - FRAME.right;
    const height = HEIGHT - FRAME.top - FRAME.bottom;
    return {
        lowest,
        highest,
        x: (weight) => FRAME.left + (weight - lowest) / -lowest * width,
        y: (damage) => FRAME.top + (1 - Math.min(damage, highest) / highest) * height,
    };
}

/** The damage at a weight on the line between the curve's points; null outside of them. */
export function damageAt(points, weight) {
    for (let index = 1; index < points.length; index += 1) {
        const [[left, low], [right, high]] = [points[index - 1], points[index]];
        if (weight >= left && weight <= right) {
            return right === left ? low : low + (high - low) * (weight - left) / (right - left);
        }
    }
    return null;
}

/** The labels under the axis that have room, the important ones first. */
export function labelsOf(curve, scale) {
    const wanted = [0, curve.at, curve.to, curve.onset, curve.floor, scale.lowest]
        .filter((weight) => typeof weight === "number" && weight >= scale.lowest);
    const shown = [];
    for (const weight of wanted) {
        if (shown.every((other) => Math.abs(scale.x(other) - scale.x(weight)) >= LEAST_APART)) shown.push(weight);
    }
    return shown;
}

/** The figure with its sentence; only the sentence where there are no points. */
export function bleedingCurve(curve) {
    const root = element("figure", "lora-neg-curve");
    const caption = element("figcaption", "lora-neg-curve-text");
    caption.append(userText("", curve.text));
    if (curve.points.length > 1) root.append(drawing(curve));
    root.append(caption, userText("lora-neg-curve-source", curve.source));
    return root;
}

function drawing(curve) {
    const scale = scaleOf(curve);
    const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: `lora-neg-curve-${curve.basis}` });
    svg.setAttribute("aria-label", curve.text);
    const [bottom, left, right] = [scale.y(0), scale.x(scale.lowest), scale.x(0)];
    if (curve.band) {
        const [near, far] = curve.band.map((weight) => scale.x(Math.max(weight, scale.lowest)));
        svg.append(node("rect", {
            class: "lora-neg-curve-band", x: far, y: FRAME.top, width: Math.max(1, near - far), height: bottom - FRAME.top,
        }));
    }
    svg.append(
        node("line", { class: "lora-neg-curve-axis", x1: left, y1: bottom, x2: right, y2: bottom }),
        node("line", { class: "lora-neg-curve-seen", x1: left, y1: scale.y(1), x2: right, y2: scale.y(1) }),
        // Near weight 0, where the curve lies below it.
        label(right, scale.y(1) - 3, translate("damage is seen"), "end"),
        label(left - 4, bottom, "0", "end"),
        label(left - 4, scale.y(1) + 3, "1", "end"),
    );
    if (curve.floor < 0 && curve.floor >= scale.lowest) {
        const x = scale.x(curve.floor);
        svg.append(titled(
            node("line", { class: "lora-neg-curve-floor", x1: x, y1: FRAME.top, x2: x, y2: bottom }),
            translate("Lowest allowed weight: {weight}", { weight: weightText(curve.floor) }),
        ));
    }
    const line = curve.points.map(([weight, damage]) => `${scale.x(weight).toFixed(1)},${scale.y(damage).toFixed(1)}`);
    svg.append(node("polyline", { class: "lora-neg-curve-line", points: line.join(" ") }));
    if (curve.basis === "measured") {
        for (const [weight, damage] of curve.points) {
            svg.append(titled(
                node("circle", { class: "lora-neg-curve-point", cx: scale.x(weight), cy: scale.y(damage), r: 2.5 }),
                `${weightText(weight)}: ${Math.round(damage * 100) / 100}`,
            ));
        }
    }
    for (const [weight, kind] of [[curve.at, "at"], [curve.to, "to"]]) {
        const damage = typeof weight === "number" ? damageAt(curve.points, weight) : null;
        if (damage === null) continue;
        svg.append(titled(
            node("circle", { class: `lora-neg-curve-${kind}`, cx: scale.x(weight), cy: scale.y(damage), r: 4.5 }),
            kind === "at" ? translate("In the prompt: {weight}", { weight: weightText(weight) })
                : translate("With the guard: {weight}", { weight: weightText(weight) }),
        ));
    }
    for (const weight of labelsOf(curve, scale)) {
        svg.append(label(scale.x(weight), bottom + 14, weightText(weight), weight === 0 ? "end" : "middle"));
    }
    return svg;
}

function node(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
}

function titled(made, text) {
    const title = node("title", {});
    title.textContent = text;
    made.append(title);
    return made;
}

function label(x, y, text, anchor) {
    const made = node("text", { class: "lora-neg-curve-label", x, y, "text-anchor": anchor });
    made.textContent = text;
    return made;
}
