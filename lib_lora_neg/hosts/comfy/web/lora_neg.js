/**
 * LoRA Negative Guard in ComfyUI's page: findings on the node's face, settings in the dialog.
 * All foreign text goes in as text, never as markup.
 */

import { app } from "../../scripts/app.js";
import { api } from "../../scripts/api.js";

const PACK = "LoRANegativeGuard";
const OURS = new Set([
    "NegGuardPrompts",
    "NegGuardLoraLoader",
    "NegGuardLoraStack",
    "NegGuardLoraCard",
    "NegGuardWeightScan",
]);
const FACE = "lora_neg_report";
const LEAST = 120;
const TALLEST = 320;
const STYLE = `
.lora-neg-face { box-sizing: border-box; height: 100%; overflow: auto; padding: 6px 8px;
  font: 12px/1.45 system-ui, sans-serif; color: var(--input-text, #ddd);
  background: var(--comfy-input-bg, #222); border-radius: 6px; overflow-wrap: anywhere; }
.lora-neg-face p { margin: 0 0 5px; }
.lora-neg-face .lora-neg-fact { color: var(--descrip-text, #999); }
.lora-neg-face .lora-neg-failure { color: #ff7a7a; font-weight: 600; }
.lora-neg-face .lora-neg-finding { border-left: 3px solid #e0a030; padding-left: 6px; }
.lora-neg-face .lora-neg-enforced { border-left-color: #35a36a; }
.lora-neg-face b { font-weight: 600; }
.lora-neg-face del { opacity: .75; }
.lora-neg-face ins { text-decoration: none; font-weight: 600; }
`;

function styled() {
    if (document.getElementById("lora-neg-style")) return;
    const style = document.createElement("style");
    style.id = "lora-neg-style";
    style.textContent = STYLE;
    document.head.append(style);
}

function part(name, text, className = "") {
    const element = document.createElement(name);
    element.textContent = text;
    if (className) element.className = className;
    return element;
}

/** One finding: what it changed, and below it why. */
function findingPart(finding) {
    const enforced = finding.effect === "enforced";
    const box = part("p", "", `lora-neg-finding${enforced ? " lora-neg-enforced" : ""}`);
    const head = [finding.rule, enforced ? "enforced" : "advised", finding.lora].filter(Boolean);
    box.append(part("b", head.join(" · ")), " ");
    if (finding.before !== finding.after) {
        if (finding.before) box.append(part("del", finding.before), " ");
        box.append("→ ", part("ins", finding.after || "(removed)"));
    } else if (finding.before) {
        box.append(finding.before);
    }
    box.append(document.createElement("br"), finding.reason);
    if (finding.source) box.title = finding.source;
    return box;
}

function filled(face, report) {
    face.replaceChildren();
    if (!report) {
        face.append(part("p", "Runs with the workflow; findings are shown here.", "lora-neg-fact"));
        return;
    }
    if (report.mode) face.append(part("p", `Guard: ${report.mode}`, "lora-neg-fact"));
    if (report.failure) {
        face.append(part("p", `NOT GUARDED: ${report.failure}`, "lora-neg-failure"));
    }
    for (const finding of report.findings) face.append(findingPart(finding));
    if (report.more) face.append(part("p", `and ${report.more} more`, "lora-neg-fact"));
    if (!report.failure && report.mode && report.mode !== "Off" && !report.findings.length) {
        face.append(part("p", "nothing to change, nothing to say"));
    }
    for (const fact of report.facts) face.append(part("p", fact, "lora-neg-fact"));
}

/** Give a node its face, once. */
function faceOf(node) {
    if (node.loraNegFace) return node.loraNegFace;
    styled();
    const face = document.createElement("div");
    face.className = "lora-neg-face";
    filled(face, null);
    const widget = node.addDOMWidget(FACE, "customtext", face, {
        serialize: false,
        hideOnZoom: false,
        getMinHeight: () => LEAST,
    });
    widget.serialize = false;
    node.loraNegFace = face;
    return face;
}

/** Let a node grow until its findings are seen, within reason; it never shrinks by itself. */
function grown(node, face) {
    const wanted = Math.min(face.scrollHeight, TALLEST);
    const missing = wanted - face.clientHeight;
    if (missing > 0) node.setSize?.([node.size[0], node.size[1] + missing]);
}

async function registered() {
    const answer = await api.fetchApi("/lora-neg/comfy/settings");
    if (!answer.ok) return [];
    return answer.json();
}

app.registerExtension({
    name: PACK,
    settings: await registered().catch(() => []),

    async nodeCreated(node) {
        if (!OURS.has(node.comfyClass)) return;
        faceOf(node);
        const [width, height] = node.size;
        node.setSize?.([Math.max(width, 340), Math.max(height, node.computeSize()[1] + 60)]);
    },

    async beforeRegisterNodeDef(nodeType, nodeData) {
        if (!OURS.has(nodeData.name)) return;
        const before = nodeType.prototype.onExecuted;
        nodeType.prototype.onExecuted = function (output) {
            before?.apply(this, arguments);
            const report = output?.lora_neg?.[0];
            if (!report) return;
            const face = faceOf(this);
            filled(face, report);
            requestAnimationFrame(() => grown(this, face));
        };
    },
});
