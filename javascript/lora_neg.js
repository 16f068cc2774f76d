// Made by `npm run build` of the files in frontend/: change those, not this file.
(() => {
  // frontend/core/host.js
  var TABS = ["txt2img", "img2img"];
  var PANEL = "lora_negative_guard";
  function find(selector) {
    return selector ? gradioApp().querySelector(selector) : null;
  }
  function panelPart(tab, part) {
    return `[id^="script_${tab}_"][id$="${PANEL}_${part}"]`;
  }
  function option(name) {
    return typeof opts === "object" && opts ? opts[name] : void 0;
  }
  function hasOption(name) {
    return typeof opts !== "object" || name in opts;
  }
  function register(hook, callback) {
    if (typeof globalThis[hook] === "function") globalThis[hook](callback);
  }
  function tabButton(id, labels) {
    return document.getElementById(`tab_${id}-button`) || [...gradioApp().querySelectorAll("#tabs > .tab-nav > button")].find((candidate) => labels.includes(candidate.textContent.trim()));
  }
  function hasTab(id, ...labels) {
    return Boolean(tabButton(id, labels));
  }
  function showTab(id, ...labels) {
    const button2 = tabButton(id, labels);
    if (button2) button2.click();
    return Boolean(button2);
  }
  function onLoaded(callback) {
    register("onUiLoaded", callback);
  }
  function onUpdated(callback) {
    register("onAfterUiUpdate", callback);
  }
  function onTabChanged(callback) {
    register("onUiTabChange", callback);
  }
  function onOptionsSaved(callback) {
    register("onOptionsChanged", callback);
  }

  // frontend/core/server.js
  async function ask(name, body, signal) {
    const response = await fetch(`./lora-neg/page/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal
    });
    const answer = await response.json().catch((error) => {
      if (error.name === "AbortError") throw error;
      return null;
    });
    if (response.ok && answer) return answer;
    const known2 = answer && answer.error;
    throw new Error(known2 ? known2.message : `${response.status} ${response.statusText}`);
  }
  function fileAddress(name, values) {
    return `./lora-neg/page/${name}?${new URLSearchParams(values)}`;
  }
  function isGone(error) {
    return error.name === "TypeError" || /^50[234]\b/.test(error.message);
  }

  // frontend/cards/tooltip.js
  var tooltip = null;
  function showTooltip(badge) {
    if (!tooltip) {
      tooltip = document.createElement("div");
      tooltip.className = "lora-neg-tooltip";
      tooltip.id = "lora_neg_tooltip";
      tooltip.setAttribute("role", "tooltip");
      document.body.append(tooltip);
    }
    const lines = (badge.loraNegLines || []).map((text, at) => {
      const line = document.createElement(at < 2 ? "strong" : "span");
      line.dir = "auto";
      line.textContent = text;
      return line;
    });
    tooltip.replaceChildren(...lines);
    tooltip.hidden = false;
    const place = badge.getBoundingClientRect();
    const left = Math.min(place.left, window.innerWidth - tooltip.offsetWidth - 8);
    const above = place.bottom + tooltip.offsetHeight + 8 > window.innerHeight;
    tooltip.style.left = `${Math.max(8, left)}px`;
    tooltip.style.top = `${above ? place.top - tooltip.offsetHeight - 4 : place.bottom + 4}px`;
  }
  function hideTooltip() {
    if (tooltip) tooltip.hidden = true;
  }

  // frontend/cards/badges.js
  var BATCH = 200;
  var WAIT_MS = 60;
  var AGAIN_MS = 1500;
  var OPTION = "lora_neg_card_badges";
  var known = /* @__PURE__ */ new Map();
  var containers = /* @__PURE__ */ new Map();
  var waiting = /* @__PURE__ */ new Map();
  var timer = 0;
  function nextBadge(badges, current, key) {
    const at = badges.indexOf(current);
    if (at < 0) return null;
    if (key === "ArrowRight" || key === "ArrowDown") return badges[at + 1] || null;
    if (key === "ArrowLeft" || key === "ArrowUp") return badges[at - 1] || null;
    if (key === "Home") return badges[0];
    if (key === "End") return badges[badges.length - 1];
    return null;
  }
  function badgeLabel(name, badge) {
    return `${name}: ${badge.lines.join(". ")}`;
  }
  function isOn() {
    return option(OPTION) !== false;
  }
  function want(card) {
    const name = card.dataset.name;
    if (!name) return;
    if (known.has(name)) {
      draw(card, known.get(name));
      return;
    }
    if (!waiting.has(name)) waiting.set(name, /* @__PURE__ */ new Set());
    waiting.get(name).add(card);
    if (!timer) timer = setTimeout(askForBadges, WAIT_MS);
  }
  async function askForBadges() {
    timer = 0;
    const names2 = [...waiting.keys()].slice(0, BATCH);
    if (!names2.length || !isOn()) return;
    const cards = new Map(names2.map((name) => [name, waiting.get(name)]));
    names2.forEach((name) => waiting.delete(name));
    let later = 0;
    try {
      const answer = await ask("library-badges", { names: names2 });
      for (const [name, badge] of Object.entries(answer.badges)) {
        if (badge) known.set(name, badge);
        for (const card of cards.get(name) || []) {
          if (badge) draw(card, badge);
          else if (!answer.complete && card.isConnected) {
            waiting.set(name, (waiting.get(name) || /* @__PURE__ */ new Set()).add(card));
            later = AGAIN_MS;
          }
        }
      }
    } catch {
      return;
    }
    if (waiting.size && !timer) timer = setTimeout(askForBadges, later || WAIT_MS);
  }
  function draw(card, data) {
    const old = card.querySelector(".lora-neg-badge");
    const badge = document.createElement("button");
    badge.type = "button";
    badge.className = "lora-neg-badge";
    badge.dataset.type = data.type;
    badge.classList.toggle("lora-neg-unsure", !data.sure);
    badge.setAttribute("aria-label", badgeLabel(card.dataset.name, data));
    const container = card.parentElement;
    const first = !container || !container.querySelector('.lora-neg-badge[tabindex="0"]');
    badge.tabIndex = (old ? old.tabIndex === 0 : first) ? 0 : -1;
    const letter = document.createElement("span");
    letter.className = "lora-neg-type-mark";
    letter.dataset.type = data.type;
    letter.textContent = data.letter;
    badge.append(letter);
    if (data.range) badge.append(Object.assign(document.createElement("span"), { textContent: data.range }));
    badge.loraNegLines = data.lines;
    if (old) old.replaceWith(badge);
    else (card.querySelector(".actions") || card).prepend(badge);
  }
  function badgeOf(event) {
    return event.target instanceof Element ? event.target.closest(".lora-neg-badge") : null;
  }
  var seen = typeof IntersectionObserver === "function" ? new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      want(target);
    }
  }, { rootMargin: "200px" }) : null;
  function watch(container) {
    const cards = container.querySelectorAll(":scope > .card[data-name]");
    for (const card of cards) if (!card.querySelector(".lora-neg-badge")) seen.observe(card);
  }
  function lookAfter() {
    for (const tab of TABS) {
      const container = document.getElementById(`${tab}_lora_cards`) || gradioApp().querySelector(`#${tab}_lora_cards`);
      const old = containers.get(tab);
      if (old && old.container === container) continue;
      if (old) old.observer.disconnect();
      containers.delete(tab);
      if (!container || !isOn()) continue;
      const observer = new MutationObserver(() => watch(container));
      observer.observe(container, { childList: true });
      containers.set(tab, { container, observer });
      watch(container);
    }
  }
  function renewBadges(names2) {
    for (const name of names2 || [...known.keys()]) known.delete(name);
    const only = names2 ? new Set(names2) : null;
    for (const { container } of containers.values()) {
      if (!container.isConnected) continue;
      for (const badge of container.querySelectorAll(".lora-neg-badge")) {
        const card = badge.closest(".card");
        if (only && !only.has(card.dataset.name)) continue;
        seen.observe(card);
      }
    }
  }
  function switchOff() {
    for (const { container, observer } of containers.values()) {
      observer.disconnect();
      container.querySelectorAll(".lora-neg-badge").forEach((badge) => badge.remove());
    }
    containers.clear();
    waiting.clear();
    hideTooltip();
  }
  function onPointerOrFocus(event) {
    const badge = badgeOf(event);
    if (badge) showTooltip(badge);
    else hideTooltip();
  }
  function onKey(event) {
    const badge = badgeOf(event);
    if (!badge) return;
    if (event.key === "Escape") hideTooltip();
    const list = [...badge.closest("[id$='_lora_cards']").querySelectorAll(".card .lora-neg-badge")].filter((other) => other.offsetParent !== null);
    const next = nextBadge(list, badge, event.key);
    if (!next) return;
    event.preventDefault();
    badge.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
  function startBadges(open) {
    if (!seen) return;
    onLoaded(() => {
      const app = gradioApp();
      app.addEventListener("pointerover", onPointerOrFocus);
      app.addEventListener("focusin", onPointerOrFocus);
      app.addEventListener("scroll", hideTooltip, { capture: true, passive: true });
      app.addEventListener("click", (event) => {
        const badge = badgeOf(event);
        if (!badge || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        hideTooltip();
        open(badge.closest(".card").dataset.name);
      }, true);
      app.addEventListener("keydown", onKey);
    });
    onUpdated(lookAfter);
    onOptionsSaved(() => isOn() ? lookAfter() : switchOff());
  }

  // frontend/core/form.js
  var SELECTORS = {
    prompt: (tab) => `#${tab}_prompt textarea`,
    negative_prompt: (tab) => `#${tab}_neg_prompt textarea`,
    cfg_scale: (tab) => `#${tab}_cfg_scale input[type=number]`,
    hr_prompt: (tab) => tab === "txt2img" ? "#hires_prompt textarea" : null,
    hr_negative_prompt: (tab) => tab === "txt2img" ? "#hires_neg_prompt textarea" : null,
    hr_cfg: (tab) => `#${tab}_hr_cfg input[type=number]`
  };
  var NUMBERS = /* @__PURE__ */ new Set(["cfg_scale", "hr_cfg"]);
  function inputOf(tab, name) {
    return find(SELECTORS[name](tab));
  }
  function valueOf(tab, name) {
    const element2 = inputOf(tab, name);
    if (!element2) return null;
    if (!NUMBERS.has(name)) return element2.value;
    const number = parseFloat(element2.value);
    return Number.isFinite(number) ? number : null;
  }
  function setValue(tab, name, value) {
    const element2 = inputOf(tab, name);
    if (!element2) return false;
    element2.value = String(value);
    updateInput(element2);
    return true;
  }
  var SWITCH_CLASS = "lora-neg-switch-";
  function switchStates(group) {
    const ids = [...group.classList].filter((name) => name.startsWith(SWITCH_CLASS)).map((name) => name.slice(SWITCH_CLASS.length));
    const inputs = group.querySelectorAll("input[type=checkbox]");
    return Object.fromEntries(ids.map((id, place) => [id, Boolean(inputs[place]?.checked)]));
  }
  function readForm(tab) {
    const prompt = inputOf(tab, "prompt");
    if (!prompt || prompt.offsetParent === null) return null;
    const body = { tab };
    for (const name of Object.keys(SELECTORS)) {
      const value = valueOf(tab, name);
      if (value !== null) body[name] = value;
    }
    const hires = find(`#${tab}_hr-checkbox input`);
    body.hires = Boolean(hires && hires.checked);
    body.styles = [...gradioApp().querySelectorAll(`#${tab}_styles .token > span`)].map((token) => token.textContent.trim()).filter(Boolean);
    const enabled = find(`${panelPart(tab, "enabled-checkbox")} input`);
    if (enabled) body.enabled = enabled.checked;
    const mode = find(`${panelPart(tab, "mode")} input:checked`);
    if (mode) body.mode = mode.value;
    const switches = find(panelPart(tab, "rules"));
    if (switches) body.switches = switchStates(switches);
    const guidance = find(`${panelPart(tab, "guidance")} input:checked`);
    if (guidance) body.guidance = guidance.value;
    const tools = (cfgTools[tab] || []).filter(isOn2).map(({ name }) => name);
    if (tools.length) body.tools = tools;
    return body;
  }
  var cfgTools = {};
  function isOn2({ id, least }) {
    if (!id) return true;
    const kind = typeof least === "number" ? "number" : "checkbox";
    const holder = document.getElementById(id);
    const input2 = holder && (holder.matches("input") ? holder : holder.querySelector(`input[type=${kind}]`));
    if (!input2) return false;
    return kind === "number" ? Number(input2.value) >= least : input2.checked;
  }
  function cfgToolsOf(tab) {
    return cfgTools[tab] || [];
  }
  function setCfgTools(tab, tools) {
    cfgTools[tab] = tools;
  }

  // frontend/core/elements.js
  function element(tag, className, text) {
    const made3 = document.createElement(tag);
    if (className) made3.className = className;
    if (text !== void 0 && text !== "") made3.textContent = text;
    return made3;
  }
  function userText(className, text) {
    const made3 = element("bdi", className, text);
    made3.dir = "auto";
    return made3;
  }
  function plainButton(className, text, onClick2) {
    const made3 = element("button", className, text);
    made3.type = "button";
    if (onClick2) made3.addEventListener("click", onClick2);
    return made3;
  }

  // frontend/core/history.js
  var History = class {
    constructor(limit = 50) {
      this.limit = limit;
      this.steps = [];
    }
    // Applies `writes`; returns what really changed, or null.
    apply(label2, writes, get, set) {
      const changes = [];
      for (const [name, after] of Object.entries(writes)) {
        const before = get(name);
        if (before === null || before === after) continue;
        set(name, after);
        changes.push({ name, before, after });
      }
      if (!changes.length) return null;
      this.steps.push({ label: label2, changes });
      if (this.steps.length > this.limit) this.steps.shift();
      return changes;
    }
    // Remembers what was done outside the boxes, with what takes it back.
    remember(label2, takeBack) {
      this.steps.push({ label: label2, changes: [], takeBack });
      if (this.steps.length > this.limit) this.steps.shift();
    }
    // The last step, if nobody has changed its boxes since.
    last(get) {
      const step = this.steps[this.steps.length - 1];
      if (!step) return null;
      return step.changes.every(({ name, after }) => get(name) === after) ? step : null;
    }
    undo(get, set) {
      const step = this.last(get);
      if (!step) return null;
      this.steps.pop();
      for (const { name, before } of step.changes) set(name, before);
      if (step.takeBack) step.takeBack();
      return step;
    }
  };

  // frontend/core/translate.js
  function translate(template, fields = {}) {
    const known2 = typeof globalThis.localization === "object" && globalThis.localization;
    const text = known2 && known2[template] || template;
    return text.replace(/\{(\w+)\}/g, (field, name) => name in fields ? String(fields[name]) : field);
  }

  // frontend/panel/conflicts.js
  var MOST_LORAS = 6;
  function pairsOf(loras) {
    const files = /* @__PURE__ */ new Map();
    for (const lora of loras) {
      if (lora.file && lora.unet && !files.has(lora.file)) files.set(lora.file, { name: lora.file, weight: lora.unet, share: lora.share });
    }
    const stack = [...files.values()].sort((one, other) => other.share - one.share).slice(0, MOST_LORAS).map(({ name, weight }) => ({ name, weight }));
    return stack.flatMap((one, index) => stack.slice(index + 1).map((other) => [one, other]));
  }
  function conflictFinder(budget) {
    const root = element("div", "lora-neg-conflicts");
    const pairs = pairsOf(budget.loras);
    if (!pairs.length) {
      root.hidden = true;
      return root;
    }
    const status = element("p", "lora-neg-budget-note");
    status.setAttribute("role", "status");
    const list = element("div", "lora-neg-conflict-list");
    const start = plainButton("lora-neg-action", translate("Do they pull against each other?"), async () => {
      start.disabled = true;
      list.replaceChildren();
      await look(pairs, list, status, () => root.isConnected);
      start.disabled = false;
    });
    const row2 = element("div", "lora-neg-actions");
    row2.append(start);
    root.append(row2, status, list);
    return root;
  }
  async function look(pairs, list, status, wanted) {
    let note = "";
    for (const [index, loras] of pairs.entries()) {
      if (!wanted()) return;
      status.textContent = translate("Reading pair {done} of {total} …", { done: index + 1, total: pairs.length });
      try {
        const found = await ask("library-conflict", { loras });
        note = found.note;
        list.append(told(found));
      } catch (error) {
        const names2 = loras.map(({ name }) => name).join(", ");
        list.append(userText("lora-neg-conflict lora-neg-conflict-failed", `${names2}: ${error.message}`));
      }
    }
    status.textContent = note;
  }
  function told(found) {
    const made3 = element("details", "lora-neg-conflict");
    const head = element("summary", found.opposed ? "lora-neg-conflict-opposed" : "");
    head.append(userText("", found.text));
    made3.append(head, element("p", "lora-neg-budget-note", found.length));
    if (!found.layers.length) return made3;
    const layers = element("ul", "lora-neg-conflict-layers");
    for (const { module, block, cosine } of found.layers) {
      const item = element("li");
      item.append(userText("", module), ` (${block}): ${String(cosine).replace("-", "−")}`);
      layers.append(item);
    }
    if (found.more) layers.append(element("li", "", translate("and {count} more", { count: found.more })));
    made3.append(layers);
    return made3;
  }

  // frontend/panel/budget.js
  var HUES = 6;
  function reachOf({ total, degraded, limit }) {
    return Math.max(total, degraded, limit) * 1.05;
  }
  function piecesOf(budget) {
    const reach = reachOf(budget);
    let start = 0;
    return budget.loras.filter(({ share }) => share > 0).map(({ name, share }) => {
      const piece = { name, start: start / reach * 100, width: share / reach * 100 };
      start += share;
      return piece;
    });
  }
  function budgetBar(budget, act) {
    const root = element("div", "lora-neg-budget-figure");
    const line = element("p", "lora-neg-budget-line");
    line.append(element("strong", budget.exceeded ? "lora-neg-budget-over" : "", budget.text));
    if (budget.note) line.append(" ", element("span", "lora-neg-budget-note", `(${budget.note})`));
    root.append(line, bar(budget), names(budget));
    if (budget.action && act) {
      const row2 = element("div", "lora-neg-actions");
      row2.append(plainButton("lora-neg-action lora-neg-first", budget.action.label, () => act(budget.action)));
      root.append(row2);
    }
    if (act) root.append(conflictFinder(budget));
    return root;
  }
  function bar(budget) {
    const made3 = element("div", "lora-neg-budget-bar");
    made3.setAttribute("role", "img");
    made3.setAttribute("aria-label", budget.text);
    piecesOf(budget).forEach(({ name, start, width }, index) => {
      const piece = element("span", "lora-neg-budget-piece");
      piece.dataset.hue = String(index % HUES);
      piece.style.insetInlineStart = `${start}%`;
      piece.style.width = `${width}%`;
      piece.title = name;
      made3.append(piece);
    });
    for (const [kind, at] of [["limit", budget.limit], ["degraded", budget.degraded]]) {
      const mark = element("span", `lora-neg-budget-mark lora-neg-budget-${kind}`);
      mark.style.insetInlineStart = `${at / reachOf(budget) * 100}%`;
      mark.title = kind === "limit" ? translate("Limit: {weight}", { weight: at }) : translate("Degraded from {weight}", { weight: at });
      made3.append(mark);
    }
    return made3;
  }
  function names(budget) {
    const list = element("ul", "lora-neg-budget-names");
    let hue = 0;
    for (const { name, weight, share, note, counted: counted2 } of budget.loras) {
      const item = element("li", counted2 ? "" : "lora-neg-budget-left");
      const mark = element("span", "lora-neg-budget-swatch");
      if (share > 0) {
        mark.dataset.hue = String(hue % HUES);
        hue += 1;
      }
      item.append(mark, userText("lora-neg-budget-name", name), " ", element("span", "lora-neg-budget-weight", weight));
      if (note) item.append(" ", element("span", "lora-neg-budget-note", note));
      list.append(item);
    }
    if (budget.more) list.append(element("li", "lora-neg-budget-note", budget.more));
    return list;
  }
  function showBudget(tab, budget, act) {
    const place = find(`${panelPart(tab, "budget")} .lora-neg-budget`);
    if (!place) return false;
    const drawn = JSON.stringify(budget);
    if (place.dataset.drawn === drawn) return true;
    place.dataset.drawn = drawn;
    place.hidden = !budget;
    place.replaceChildren(...budget ? [budgetBar(budget, act)] : []);
    return true;
  }

  // frontend/panel/panel.js
  function refreshNotice() {
    for (const tab of TABS) {
      const button2 = find(panelPart(tab, "follow"));
      if (button2) button2.click();
    }
  }
  function showPanel(tab) {
    const panel = find(panelPart(tab, "enabled"));
    const label2 = panel && panel.querySelector(".label-wrap");
    if (!label2) return;
    if (!label2.classList.contains("open")) label2.click();
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    panel.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "center" });
    const first = find(`${panelPart(tab, "enabled-checkbox")} input`);
    if (first) first.focus({ preventScroll: true });
  }

  // frontend/preview/answers.js
  var CACHE_MS = 5e3;
  var CACHE_SIZE = 40;
  var AnswerCache = class {
    constructor(size = CACHE_SIZE, age = CACHE_MS, now = () => Date.now()) {
      Object.assign(this, { size, age, now, entries: /* @__PURE__ */ new Map() });
    }
    get(key) {
      const entry = this.entries.get(key);
      if (!entry || this.now() - entry.at > this.age) return void 0;
      return entry.value;
    }
    set(key, value) {
      this.entries.delete(key);
      this.entries.set(key, { value, at: this.now() });
      if (this.entries.size > this.size) this.entries.delete(this.entries.keys().next().value);
    }
    clear() {
      this.entries.clear();
    }
  };

  // frontend/preview/chips.js
  function chipKey(chip) {
    return [chip.rule, chip.field, chip.lead, chip.subject].join("|");
  }
  function summaryText(view) {
    if (view.mode === "Off") return translate("LoRA Negative Guard is off");
    if (!view.changes && !view.advice) return translate("LoRA Negative Guard: nothing to change");
    const counts = { changes: view.changes, advice: view.advice };
    return translate("LoRA Negative Guard: {changes} to change, {advice} to consider", counts);
  }
  function leftOutText(changes, advice) {
    const parts = [];
    if (changes) parts.push(translate("+{changes} to change", { changes }));
    if (advice) parts.push(translate("+{advice} to consider", { advice }));
    return parts.join(" ");
  }
  function isShortened(chip) {
    return [...chip.querySelectorAll("bdi")].some((piece) => piece.scrollWidth > piece.clientWidth);
  }
  function isCut(chip) {
    return chip.scrollWidth > chip.clientWidth || [...chip.querySelectorAll(".lora-neg-tail")].some((piece) => piece.scrollWidth > piece.clientWidth);
  }
  function nextChip(index, count, key, rightToLeft) {
    const forward = rightToLeft ? "ArrowLeft" : "ArrowRight";
    const back = rightToLeft ? "ArrowRight" : "ArrowLeft";
    if (key === forward) return (index + 1) % count;
    if (key === back) return (index - 1 + count) % count;
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    return null;
  }
  function chipParts(chip) {
    const made3 = [userText("lora-neg-lead", chip.lead)];
    if (chip.before) made3.push(userText("lora-neg-before", chip.before));
    if (chip.after) {
      const arrow = element("span", "lora-neg-arrow", "→");
      arrow.setAttribute("role", "img");
      arrow.setAttribute("aria-label", translate("becomes"));
      made3.push(arrow, userText("lora-neg-after", chip.after));
    }
    if (chip.done) made3.push(element("span", "lora-neg-done", chip.done));
    if (chip.tail) made3.push(element("span", "lora-neg-tail", chip.tail));
    if (chip.subject) made3.push(userText("lora-neg-tail", chip.subject));
    return made3;
  }
  function tokenCount({ before, after }) {
    if (before[0] === after[0]) return null;
    const made3 = element("span", "lora-neg-tokens");
    made3.append(element("span", "", "tokens"), ` ${before[0]} → ${after[0]}/${after[1]}`);
    made3.title = translate("Tokens of the negative prompt before and after the guard, and what its chunks of 75 hold");
    return made3;
  }

  // frontend/preview/chip_row.js
  var SAME_LINE = 8;
  var ChipRow = class {
    /** `frame` is the strip, which carries the class of an opened line; `popover` explains a chip. */
    constructor(frame, popover) {
      this.frame = frame;
      this.popover = popover;
      this.view = null;
      this.buttons = [];
      this.chips = element("div", "lora-neg-chips");
      this.chips.setAttribute("role", "group");
      this.chips.setAttribute("aria-label", translate("What the guard would do"));
      this.chips.addEventListener("keydown", (event) => this.onKey(event));
      this.more = plainButton("lora-neg-tool lora-neg-overflow", "", () => this.expand(!this.isOpen));
      this.more.setAttribute("aria-expanded", "false");
      this.more.hidden = true;
      this.root = element("div", "lora-neg-line");
      this.root.addEventListener("scroll", () => {
        if (!this.isOpen) this.root.scrollTop = 0;
      });
      this.root.append(this.chips, this.more);
      if (typeof ResizeObserver === "function") {
        new ResizeObserver(() => this.measure()).observe(this.root);
      }
    }
    get isOpen() {
      return this.frame.classList.contains("lora-neg-open");
    }
    /** Shows the chips of a view, or `quiet` where there are none; to be measured when all is in place. */
    show(view, quiet) {
      this.view = view;
      this.buttons = view.chips.map((chip) => this.button(chip));
      if (this.buttons.length) this.buttons[0].tabIndex = 0;
      this.chips.replaceChildren(...this.buttons.length ? this.buttons : [quiet]);
      this.frame.classList.remove("lora-neg-notes");
    }
    /** Shows notes and no chips. */
    empty(...notes) {
      this.view = null;
      this.buttons = [];
      this.note(...notes);
      this.more.hidden = true;
    }
    /** Shows notes in place of the chips, until there is another view. */
    note(...notes) {
      this.chips.replaceChildren(...notes);
      this.frame.classList.add("lora-neg-notes");
    }
    button(chip) {
      const made3 = plainButton(`lora-neg-chip lora-neg-${chip.tone}`, "", () => this.popover.toggle(chip, made3));
      made3.tabIndex = -1;
      made3.dataset.rule = chip.rule;
      made3.setAttribute("aria-expanded", "false");
      made3.append(...chipParts(chip));
      made3.addEventListener("pointerenter", () => this.popover.hoverBegins(chip, made3));
      made3.addEventListener("pointerleave", () => this.popover.hoverEnds());
      return made3;
    }
    measure() {
      if (!this.view || this.isOpen) return;
      for (const chip of this.buttons) {
        chip.classList.remove("lora-neg-short");
        chip.classList.toggle("lora-neg-short", isCut(chip));
      }
      this.count();
      if (!this.more.hidden) this.count();
    }
    isBelow(button2) {
      return button2.offsetTop > this.chips.offsetTop + SAME_LINE;
    }
    count() {
      const { chips, changes, left_out: leftOut } = this.view;
      const fits = chips.filter((_, index) => !this.isBelow(this.buttons[index]));
      const hiddenChanges = changes - fits.filter(({ tone }) => tone === "change").length;
      const all = chips.length + leftOut - fits.length;
      this.more.hidden = all === 0;
      this.more.textContent = leftOutText(hiddenChanges, all - hiddenChanges);
      this.more.removeAttribute("aria-label");
      this.more.title = translate("Show {count} more", { count: all });
    }
    expand(open) {
      this.popover.close();
      this.frame.classList.toggle("lora-neg-open", open);
      this.more.setAttribute("aria-expanded", String(open));
      if (open) {
        this.more.textContent = "−";
        this.more.setAttribute("aria-label", translate("Show one line"));
      } else {
        this.measure();
      }
    }
    onKey(event) {
      const at = event.target.closest(".lora-neg-chip");
      const index = this.buttons.indexOf(at);
      if (index < 0) return;
      if (event.key === "ArrowDown") {
        this.popover.show(this.view.chips[index], at, true);
        this.popover.focusFirst();
        event.preventDefault();
        return;
      }
      if (event.key === "Escape") {
        this.popover.escape(event);
        return;
      }
      const rightToLeft = getComputedStyle(this.frame).direction === "rtl";
      const next = nextChip(index, this.buttons.length, event.key, rightToLeft);
      if (next === null) return;
      event.preventDefault();
      at.tabIndex = -1;
      const chip = this.buttons[next];
      chip.tabIndex = 0;
      if (this.isBelow(chip)) this.expand(true);
      chip.focus();
      this.popover.show(this.view.chips[next], chip, true);
    }
  };

  // frontend/preview/export.js
  var WORKFLOW = "lora-neg-workflow.json";
  function exportMenu(tab, say2, fail) {
    const menu = element("details", "lora-neg-export");
    const head = element("summary", "lora-neg-tool", "⇪");
    head.title = translate("Export");
    head.setAttribute("aria-label", head.title);
    const list = element("div", "lora-neg-export-list");
    const entry = (text, act) => plainButton("lora-neg-tool", text, () => {
      menu.open = false;
      act(tab).then(say2, fail);
    });
    list.append(
      entry("Workflow for ComfyUI", saveWorkflow),
      entry("Prompt for Midjourney", copyForMidjourney)
    );
    menu.append(head, list);
    menu.addEventListener("toggle", () => {
      if (menu.open) placeBelow(list, head);
    });
    window.addEventListener("scroll", () => {
      menu.open = false;
    }, { capture: true, passive: true });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      head.focus();
    });
    menu.addEventListener("focusout", (event) => {
      if (!menu.contains(event.relatedTarget)) menu.open = false;
    });
    return menu;
  }
  function placeBelow(list, head) {
    const { left, right, bottom } = head.getBoundingClientRect();
    const start = getComputedStyle(head).direction === "rtl" ? left : right - list.offsetWidth;
    list.style.left = `${Math.max(8, start)}px`;
    list.style.top = `${bottom + 3}px`;
  }
  async function saveWorkflow(tab) {
    const body = { ...readForm(tab), to: "comfyui" };
    const infotext = infotextShown(tab);
    const { workflow, findings } = await ask("export", infotext ? { ...body, infotext } : body);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(workflow, null, 1)], { type: "application/json" }));
    link.download = WORKFLOW;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1e3);
    const from = infotext ? translate("Saved the shown picture as {file}", { file: WORKFLOW }) : translate("Saved the prompts as {file}; with a picture shown, its seed and sampler go along", { file: WORKFLOW });
    return findings.length ? `${from} · ${translate("Notes stand in the workflow")}` : from;
  }
  async function copyForMidjourney(tab) {
    const { text } = await ask("export", { ...readForm(tab), to: "midjourney" });
    await copy(text);
    return translate("Copied for Midjourney: {text}", { text });
  }
  function infotextShown(tab) {
    const info = find(`#html_info_${tab}`);
    const text = info ? info.innerText.trim() : "";
    return /\bSteps: \d/.test(text) ? text : "";
  }
  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }

  // frontend/preview/notice.js
  var Notice = class {
    /** `onAnswered` follows an answer that was kept, `onFailed` gets the error of one that was not. */
    constructor(onAnswered, onFailed) {
      this.onAnswered = onAnswered;
      this.onFailed = onFailed;
      this.root = element("div", "lora-neg-notice");
      this.root.hidden = true;
      this.root.setAttribute("role", "group");
    }
    /** Shows a notice as the server tells it; nothing for null. */
    show(notice) {
      this.root.hidden = !notice;
      if (!notice) {
        this.root.replaceChildren();
        return;
      }
      if (this.root.childElementCount) return;
      const answers = element("div", "lora-neg-answers");
      answers.append(...notice.answers.map(({ label: label2, mode }, index) => plainButton(`lora-neg-action${index ? "" : " lora-neg-first"}`, label2, () => this.answer(mode))));
      this.root.setAttribute("aria-label", notice.title);
      this.root.append(element("strong", "", notice.title), " ", element("span", "", notice.text), answers);
    }
    async answer(mode) {
      try {
        await ask("notice", { mode });
        refreshNotice();
        this.onAnswered();
      } catch (error) {
        this.onFailed(error);
      }
    }
  };

  // frontend/core/curve.js
  var SVG = "http://www.w3.org/2000/svg";
  var WIDTH = 360;
  var HEIGHT = 150;
  var FRAME = { left: 34, right: 10, top: 10, bottom: 22 };
  var HIGHEST = 4;
  var LEAST_APART = 34;
  function weightText(weight) {
    return String(Math.round(weight * 100) / 100).replace("-", "−");
  }
  function scaleOf({ points, at, onset, floor }) {
    const lowest = Math.min(-0.1, ...points.map(([weight]) => weight), ...[at, onset, floor].filter((weight) => weight < 0));
    const highest = Math.min(HIGHEST, Math.max(1.25, ...points.map(([, damage]) => damage)));
    const width = WIDTH - FRAME.left - FRAME.right;
    const height = HEIGHT - FRAME.top - FRAME.bottom;
    return {
      lowest,
      highest,
      x: (weight) => FRAME.left + (weight - lowest) / -lowest * width,
      y: (damage) => FRAME.top + (1 - Math.min(damage, highest) / highest) * height
    };
  }
  function damageAt(points, weight) {
    for (let index = 1; index < points.length; index += 1) {
      const [[left, low], [right, high]] = [points[index - 1], points[index]];
      if (weight >= left && weight <= right) {
        return right === left ? low : low + (high - low) * (weight - left) / (right - left);
      }
    }
    return null;
  }
  function labelsOf(curve, scale) {
    const wanted = [0, curve.at, curve.to, curve.onset, curve.floor, scale.lowest].filter((weight) => typeof weight === "number" && weight >= scale.lowest);
    const shown2 = [];
    for (const weight of wanted) {
      if (shown2.every((other) => Math.abs(scale.x(other) - scale.x(weight)) >= LEAST_APART)) shown2.push(weight);
    }
    return shown2;
  }
  function bleedingCurve(curve) {
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
        class: "lora-neg-curve-band",
        x: far,
        y: FRAME.top,
        width: Math.max(1, near - far),
        height: bottom - FRAME.top
      }));
    }
    svg.append(
      node("line", { class: "lora-neg-curve-axis", x1: left, y1: bottom, x2: right, y2: bottom }),
      node("line", { class: "lora-neg-curve-seen", x1: left, y1: scale.y(1), x2: right, y2: scale.y(1) }),
      // Near weight 0, where the curve lies below it.
      label(right, scale.y(1) - 3, translate("damage is seen"), "end"),
      label(left - 4, bottom, "0", "end"),
      label(left - 4, scale.y(1) + 3, "1", "end")
    );
    if (curve.floor < 0 && curve.floor >= scale.lowest) {
      const x = scale.x(curve.floor);
      svg.append(titled(
        node("line", { class: "lora-neg-curve-floor", x1: x, y1: FRAME.top, x2: x, y2: bottom }),
        translate("Lowest allowed weight: {weight}", { weight: weightText(curve.floor) })
      ));
    }
    const line = curve.points.map(([weight, damage]) => `${scale.x(weight).toFixed(1)},${scale.y(damage).toFixed(1)}`);
    svg.append(node("polyline", { class: "lora-neg-curve-line", points: line.join(" ") }));
    if (curve.basis === "measured") {
      for (const [weight, damage] of curve.points) {
        svg.append(titled(
          node("circle", { class: "lora-neg-curve-point", cx: scale.x(weight), cy: scale.y(damage), r: 2.5 }),
          `${weightText(weight)}: ${Math.round(damage * 100) / 100}`
        ));
      }
    }
    for (const [weight, kind] of [[curve.at, "at"], [curve.to, "to"]]) {
      const damage = typeof weight === "number" ? damageAt(curve.points, weight) : null;
      if (damage === null) continue;
      svg.append(titled(
        node("circle", { class: `lora-neg-curve-${kind}`, cx: scale.x(weight), cy: scale.y(damage), r: 4.5 }),
        kind === "at" ? translate("In the prompt: {weight}", { weight: weightText(weight) }) : translate("With the guard: {weight}", { weight: weightText(weight) })
      ));
    }
    for (const weight of labelsOf(curve, scale)) {
      svg.append(label(scale.x(weight), bottom + 14, weightText(weight), weight === 0 ? "end" : "middle"));
    }
    return svg;
  }
  function node(name, attributes) {
    const made3 = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made3.setAttribute(key, String(value));
    return made3;
  }
  function titled(made3, text) {
    const title = node("title", {});
    title.textContent = text;
    made3.append(title);
    return made3;
  }
  function label(x, y, text, anchor) {
    const made3 = node("text", { class: "lora-neg-curve-label", x, y, "text-anchor": anchor });
    made3.textContent = text;
    return made3;
  }

  // frontend/preview/explanation.js
  var MOST_FACTS = 6;
  var OFFERED_FIRST = /* @__PURE__ */ new Set(["fix", "apply", "cfg"]);
  var FIGURES = { budget: (data) => budgetBar(data), curve: bleedingCurve };
  function figure({ kind, data }) {
    return FIGURES[kind] ? FIGURES[kind](data) : null;
  }
  function explanation(chip, act, whole = false) {
    const head = element("div", "lora-neg-head");
    head.append(element("strong", "", chip.title), element("span", "lora-neg-rule", chip.rule));
    const effect = chip.tone === "change" ? "will be changed" : chip.tone === "advice" ? "advice" : "note";
    head.append(element("span", `lora-neg-tone lora-neg-${chip.tone}`, effect));
    const made3 = [head];
    if (whole) {
      const names2 = [chip.lead, chip.before, chip.after, chip.subject].filter(Boolean).join(" ");
      const line = element("p", "lora-neg-whole");
      line.append(userText("", names2));
      made3.push(line);
    }
    made3.push(element("p", "lora-neg-reason", chip.reason));
    if (chip.used) made3.push(element("p", "lora-neg-used", chip.used));
    const drawn = chip.figure && figure(chip.figure);
    const below = chip.figure && chip.figure.kind === "curve";
    if (drawn && !below) made3.push(drawn);
    if (chip.evidence.length) {
      const list = element("ul", "lora-neg-evidence");
      list.append(...chip.evidence.slice(0, MOST_FACTS).map((fact) => element("li", "", fact)));
      made3.push(list);
    }
    if (chip.source) {
      const source = element("p", "lora-neg-source");
      source.append(element("span", "", "Source:"), " ", userText("", chip.source));
      made3.push(source);
    }
    const canScan = hasTab("lora_neg_scan", "LoRA Scan", translate("LoRA Scan"));
    const offered = chip.actions.filter(({ kind }) => kind !== "scan" || canScan);
    if (offered.length) {
      const row2 = element("div", "lora-neg-actions");
      row2.append(...offered.map((action, index) => {
        const kind = index || !OFFERED_FIRST.has(action.kind) ? "" : " lora-neg-first";
        return plainButton(`lora-neg-action${kind}`, action.label, () => act(action));
      }));
      made3.push(row2);
    }
    if (drawn && below) made3.push(drawn);
    return made3;
  }

  // frontend/preview/popover.js
  var HOVER_MS = 150;
  var Popover = class {
    // `act` does one of the actions that a chip offers.
    constructor(frame, act) {
      this.frame = frame;
      this.act = act;
      this.open = null;
      this.timer = 0;
      this.root = element("div", "lora-neg-popover");
      this.root.id = `${frame.id}_popover`;
      this.root.hidden = true;
      this.root.setAttribute("role", "group");
      this.root.addEventListener("keydown", (event) => this.onKey(event));
      this.root.addEventListener("pointerenter", () => clearTimeout(this.timer));
      this.root.addEventListener("pointerleave", () => this.hoverEnds());
    }
    get chip() {
      return this.open ? this.open.chip : null;
    }
    toggle(chip, at) {
      if (this.open && this.open.at === at && this.open.pinned) this.close();
      else this.show(chip, at, true);
    }
    show(chip, at, pinned = Boolean(this.open && this.open.pinned)) {
      this.close();
      this.open = { chip, at, pinned };
      at.setAttribute("aria-expanded", "true");
      at.setAttribute("aria-controls", this.root.id);
      this.root.setAttribute("aria-label", chip.title);
      this.root.replaceChildren(...explanation(chip, this.act, isShortened(at)));
      this.root.hidden = false;
      this.putBelow(at);
    }
    putBelow(at) {
      const frame = this.frame.getBoundingClientRect();
      const chip = at.getBoundingClientRect();
      const room = Math.max(0, frame.width - this.root.offsetWidth);
      const rightToLeft = getComputedStyle(this.frame).direction === "rtl";
      const start = rightToLeft ? frame.right - chip.right : chip.left - frame.left;
      this.root.style.insetInlineStart = `${Math.min(Math.max(0, start), room)}px`;
      this.root.style.top = `${chip.bottom - frame.top + 4}px`;
    }
    close() {
      clearTimeout(this.timer);
      if (!this.open) return;
      this.open.at.setAttribute("aria-expanded", "false");
      this.open.at.removeAttribute("aria-controls");
      this.open = null;
      this.root.hidden = true;
    }
    hoverBegins(chip, at) {
      clearTimeout(this.timer);
      if (this.open && this.open.pinned) return;
      this.timer = setTimeout(() => this.show(chip, at), HOVER_MS);
    }
    hoverEnds() {
      clearTimeout(this.timer);
      if (this.open && !this.open.pinned) this.timer = setTimeout(() => this.close(), 2 * HOVER_MS);
    }
    focusFirst() {
      const first = this.root.querySelector("button");
      if (first) first.focus();
    }
    onKey(event) {
      if (event.key === "Escape") this.escape(event);
    }
    // Escape also interrupts a generation in the host: it must not when it closes a popover.
    escape(event) {
      if (!this.open) return;
      const at = this.open.at;
      this.close();
      at.focus();
      event.preventDefault();
      event.stopPropagation();
    }
  };

  // frontend/preview/weight_sweep.js
  var PLOT = "X/Y/Z plot";
  var RAW = /* @__PURE__ */ new Set(["[LoRA Neg] Weight", "[LoRA Neg] Text-encoder weight"]);
  var GUARDED = /* @__PURE__ */ new Set(["[LoRA Neg] Guard mode", "[LoRA Neg] Setting"]);
  var REPLACED = "Prompt S/R";
  var MOST = 200;
  function axisValues(text) {
    const values = [];
    const pattern = /\s*(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/y;
    while (pattern.lastIndex < text.length && values.length < MOST) {
      const found = pattern.exec(text);
      if (!found) break;
      const value = found[1] === void 0 ? found[2] : found[1].replace(/""/g, '"');
      values.push(value.trim());
    }
    return values;
  }
  function weightsIn(prompt) {
    const found = /* @__PURE__ */ new Map();
    for (const [, name, weights] of prompt.matchAll(/<lora:([^:<>]{1,300}):([^<>]{1,300})>/gi)) {
      found.set(name, `${found.get(name) || ""}|${weights}`);
    }
    return found;
  }
  function varies(prompts) {
    const first = /* @__PURE__ */ new Map();
    for (const prompt of prompts) {
      for (const [name, weights] of weightsIn(prompt)) {
        if (!first.has(name)) first.set(name, weights);
        else if (first.get(name) !== weights) return true;
      }
    }
    return false;
  }
  function sweepOf(axes, prompt) {
    if (axes.some(({ type }) => GUARDED.has(type))) return null;
    const found = axes.find(({ type, values }) => {
      if (RAW.has(type)) return Boolean(values.trim());
      if (type !== REPLACED) return false;
      const [search, ...others] = axisValues(values);
      if (!search || !prompt.includes(search)) return false;
      return varies([prompt, ...others.map((other) => prompt.split(search).join(other))]);
    });
    return found ? found.type : null;
  }
  function axesOf(tab) {
    const script = find(`#${tab}_script_container #script_list input`);
    if (!script || script.value.trim() !== PLOT) return [];
    return [..."xyz"].map((axis) => {
      const part = (name) => find(`#script_${tab}_xyz_plot_${axis}_${name}`);
      const type = part("type") && part("type").querySelector("input");
      const values = part("values") && part("values").querySelector("textarea, input");
      return { type: type ? type.value.trim() : "", values: values ? values.value : "" };
    });
  }
  function weightSweep(body) {
    if (body.enabled === false || body.mode === "Off") return null;
    if (option("lora_neg_guard_sweeps")) return null;
    return sweepOf(axesOf(body.tab), body.prompt || "");
  }

  // frontend/preview/strip.js
  var PAUSE_MS = 150;
  var RETRY_MS = 2e3;
  var MOST_RETRIES = 5;
  var Strip = class {
    /** `recheckAll` lets the strips of all tabs look again, `openInScan` shows a LoRA in the scan tab. */
    constructor(tab, recheckAll, openInScan3) {
      this.tab = tab;
      this.openInScan = openInScan3;
      this.history = new History();
      this.cache = new AnswerCache();
      this.asked = null;
      this.timer = 0;
      this.failures = 0;
      this.running = null;
      this.get = (name) => valueOf(tab, name);
      this.set = (name, value) => setValue(tab, name, value);
      this.root = element("div", "lora-neg-preview");
      this.root.id = `lora_neg_preview_${tab}`;
      this.popover = new Popover(this.root, (action) => this.act(action));
      this.row = new ChipRow(this.root, this.popover);
      this.tools = element("div", "lora-neg-tools");
      this.row.root.append(this.tools, exportMenu(
        tab,
        (text) => this.tell(text),
        (error) => this.tell(String(error.message))
      ));
      this.live = element("span", "lora-neg-sr");
      this.live.setAttribute("role", "status");
      this.notice = new Notice(() => {
        this.acted = true;
        recheckAll();
      }, (error) => this.fail(error));
      this.root.addEventListener("focusout", (event) => this.onFocusOut(event));
      this.root.append(this.notice.root, this.row.root, this.popover.root, this.live);
    }
    /** Puts the strip under the negative prompt; again after gradio has built that anew. */
    place() {
      const textarea = inputOf(this.tab, "negative_prompt");
      const row2 = textarea && (textarea.closest(".prompt-row") || textarea.closest(".block"));
      if (!row2 || this.root.previousElementSibling === row2) return Boolean(row2);
      row2.after(this.root);
      return true;
    }
    /** Draws in the panel what could not be drawn before that was there. */
    catchUp() {
      if (this.budget && !this.budgetShown) this.showBudget(this.budget);
    }
    // ---- asking ----
    schedule(delay = PAUSE_MS) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.check();
      }, delay);
    }
    /** Asks what the guard would do with the form; `anew` also if nothing in it has changed. */
    async check(anew = false) {
      const body = readForm(this.tab);
      if (!body) return;
      const sweep = weightSweep(body);
      const key = JSON.stringify(sweep ? [body, sweep] : body);
      if (!anew && key === this.asked) return;
      this.asked = key;
      if (this.running) this.running.abort();
      if (sweep) {
        this.standAside(sweep);
        return;
      }
      if (anew) this.cache.clear();
      const known2 = this.cache.get(key);
      if (known2) {
        this.show(known2, body);
        return;
      }
      const running = new AbortController();
      this.running = running;
      try {
        const view = await ask("check", body, running.signal);
        this.failures = 0;
        this.cache.set(key, view);
        if (this.running === running) this.show(view, body);
      } catch (error) {
        if (error.name === "AbortError") return;
        this.fail(error);
        this.askAgain();
      }
    }
    // After a reload of the host's page, our routes may come later than the page.
    askAgain() {
      if (this.failures >= MOST_RETRIES) return;
      this.schedule(RETRY_MS * 2 ** this.failures);
      this.failures += 1;
    }
    fail(error) {
      this.asked = null;
      this.empty(
        element("span", "lora-neg-quiet", "The preview is not available"),
        userText("lora-neg-quiet", String(error.message))
      );
      this.announce(translate("The preview is not available"));
    }
    // Nothing is promised for a job that varies weights on purpose.
    standAside(axis) {
      const text = translate("As typed, without the guard: {axis} varies LoRA weights", { axis });
      const note = element("span", "lora-neg-quiet lora-neg-sweep", text);
      note.title = text;
      this.empty(note);
      this.announce(text);
    }
    empty(...notes) {
      this.showBudget(null);
      this.popover.close();
      this.row.empty(...notes);
      this.tools.replaceChildren();
    }
    // ---- showing ----
    show(view, body) {
      const focused = this.acted || this.row.chips.contains(document.activeElement) || this.popover.root.contains(document.activeElement);
      this.acted = false;
      const openKey = this.popover.chip && chipKey(this.popover.chip);
      if (this.body && (this.body.mode !== body.mode || this.body.enabled !== body.enabled)) this.flash();
      this.body = body;
      this.root.dataset.mode = view.mode.toLowerCase();
      this.notice.show(view.notice);
      this.showBudget(view.budget);
      this.row.show(view, this.quiet(view));
      this.tools.replaceChildren(...this.toolButtons(view));
      const again = view.chips.findIndex((chip) => chipKey(chip) === openKey);
      if (openKey && again >= 0) this.popover.show(view.chips[again], this.row.buttons[again]);
      else this.popover.close();
      if (focused && hasNoFocus()) this.focusSomewhere();
      this.announce(summaryText(view));
      this.row.measure();
    }
    // The panel may be built later than the first answer is there.
    showBudget(budget) {
      this.budget = budget;
      this.budgetShown = showBudget(this.tab, budget, (action) => this.act(action));
    }
    // A pasted infotext may have switched the guard: show where to look.
    flash() {
      this.root.classList.remove("lora-neg-flash");
      void this.root.offsetWidth;
      this.root.classList.add("lora-neg-flash");
    }
    quiet(view) {
      if (view.mode === "Off") return element("span", "lora-neg-quiet", "The guard is off in this tab");
      if (view.mode === "Advise") return element("span", "lora-neg-quiet", "Nothing for the guard to advise");
      return element("span", "lora-neg-quiet", "Nothing for the guard to change");
    }
    toolButtons(view) {
      const made3 = [];
      const step = this.history.last(this.get);
      if (step) {
        const undo = plainButton("lora-neg-tool lora-neg-undo", "Undo", () => this.undo());
        undo.title = step.label;
        made3.push(undo);
      }
      if (Object.keys(view.everything).length && view.changes > 1) {
        const all = { label: "Apply all", writes: view.everything };
        made3.push(plainButton("lora-neg-tool lora-neg-all", "Apply all", () => this.act(all)));
      }
      const tokens = view.tokens && tokenCount(view.tokens);
      if (tokens) made3.push(tokens);
      const panel = plainButton("lora-neg-tool lora-neg-to-panel", "⚙", () => showPanel(this.tab));
      panel.title = translate("Go to the guard's panel");
      panel.setAttribute("aria-label", panel.title);
      made3.push(panel);
      return made3;
    }
    announce(text) {
      if (this.live.textContent !== text) this.live.textContent = text;
    }
    /** Says a sentence that has no chip; shows it, too, where something was refused. */
    say(text, refused) {
      this.announce(text);
      if (refused) this.row.note(element("span", "lora-neg-quiet lora-neg-refused", text));
    }
    /** Shows a sentence in place of the chips until the strip looks again. */
    tell(text) {
      this.announce(text);
      const shown2 = userText("lora-neg-quiet lora-neg-told", text);
      shown2.title = text;
      this.row.chips.replaceChildren(shown2);
    }
    focusSomewhere() {
      const next = this.tools.querySelector(".lora-neg-undo") || this.row.buttons[0] || inputOf(this.tab, "negative_prompt");
      if (next) next.focus();
    }
    // ---- acting ----
    act(action) {
      const now = JSON.stringify(readForm(this.tab));
      if (now !== JSON.stringify(this.body)) {
        this.check();
        return;
      }
      if (action.kind === "scan") {
        this.popover.close();
        this.openInScan(action.lora);
      } else if (action.lora) this.allowAlways(action);
      else this.perform(action);
    }
    // A decision about a LoRA, kept by the server; the library shows and changes it, too.
    async allowAlways(action) {
      this.popover.close();
      try {
        const result = await ask("library-edit", { names: [action.lora], set: { guard_off: true } });
        if (result.failed || !result.saved) throw new Error(result.notes[0] || "nothing was saved");
        const takeBack = () => ask("library-undo", { step: result.step });
        this.history.remember(action.label, () => takeBack().then(() => this.check(true), (error) => this.fail(error)));
        this.acted = true;
        this.announce(translate("Done: {what}", { what: action.label }));
        this.check(true);
      } catch (error) {
        this.fail(error);
      }
    }
    /** Writes what an action changes into the form. */
    perform(action) {
      this.acted = this.root.contains(document.activeElement);
      this.popover.close();
      const changes = this.history.apply(action.label, action.writes, this.get, this.set);
      if (changes) this.announce(translate("Done: {what}", { what: action.label }));
      this.check();
    }
    undo() {
      this.acted = true;
      const step = this.history.undo(this.get, this.set);
      if (step) this.announce(translate("Undone: {what}", { what: step.label }));
      this.check();
    }
    onFocusOut(event) {
      if (this.root.contains(event.relatedTarget)) return;
      if (event.relatedTarget === null && this.root.matches(":hover")) return;
      this.popover.close();
    }
  };
  function hasNoFocus() {
    const at = document.activeElement;
    return !at || at === document.body || !at.isConnected || at.offsetParent === null;
  }

  // frontend/preview/preview.js
  var WATCH_MS = 500;
  var strips = {};
  var openInScan = () => {
  };
  function stripOf(tab) {
    if (!strips[tab]) strips[tab] = new Strip(tab, () => recheck(), (name) => openInScan(name));
    return strips[tab];
  }
  function tabOf(target) {
    return TABS.find((tab) => target.closest && target.closest(`#tab_${tab}`)) || null;
  }
  function onInput(event) {
    const tab = tabOf(event.target);
    if (tab) stripOf(tab).schedule();
  }
  function onElsewhere(event) {
    for (const strip of Object.values(strips)) {
      if (!strip.root.contains(event.target)) strip.popover.close();
    }
  }
  function watch2() {
    if (document.hidden) return;
    for (const tab of TABS) {
      const strip = stripOf(tab);
      strip.catchUp();
      if (strip.place() && !strip.timer) strip.check();
    }
  }
  function recheck(tab) {
    for (const name of tab ? [tab] : TABS) stripOf(name).check(true);
  }
  function say(tab, text, refused) {
    stripOf(tab).say(text, refused);
  }
  function perform(tab, action) {
    stripOf(tab).perform(action);
  }
  function startPreview(open) {
    openInScan = open;
    onLoaded(() => {
      gradioApp().addEventListener("input", onInput, true);
      gradioApp().addEventListener("change", onInput, true);
      document.addEventListener("pointerdown", onElsewhere, true);
      document.addEventListener("focusin", onElsewhere, true);
      setInterval(watch2, WATCH_MS);
      watch2();
    });
    onOptionsSaved(() => recheck());
  }

  // frontend/cards/tags.js
  var TAG = /^<(lora|lyco):([^:<>]+)((?::[^:<>]*)*)>/;
  function escapeRegExp(text) {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  }
  function withoutTag(text, inserted, between) {
    const own = TAG.exec(inserted);
    if (!own) return null;
    const name = escapeRegExp(own[2]);
    const plain = new RegExp(`<${own[1]}:${name}:[\\d.]+>`);
    const any = new RegExp(`<(?:lora|lyco):${name}(?::[^<>]*)?>`, "g");
    const found = [...text.matchAll(any)].map((match) => ({ at: match.index, tag: match[0] }));
    const hostDoes = plain.test(inserted) && found.some(({ tag }) => plain.test(tag));
    if (!found.length || hostDoes && found.length === 1) return null;
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
  function toggled(text, tag, between) {
    const own = TAG.exec(tag);
    const any = own && new RegExp(`<(?:lora|lyco):${escapeRegExp(own[2])}(?::[^<>]*)?>`);
    if (any && any.test(text)) {
      const removed = withoutTag(text, `${own[0].replace(/:[^:]*>$/, ":x>")}`, between);
      if (removed !== null) return removed;
    }
    return text ? text + between + tag : tag;
  }

  // frontend/cards/cards.js
  function separator() {
    return option("extra_networks_add_text_separator") || " ";
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
    const tab = TABS.find((name) => card.closest(`#${name}_lora_cards`));
    return tab ? { card, tab, name: card.dataset.name } : null;
  }
  async function insertNegative({ card, tab, name }) {
    const textarea = inputOf(tab, "prompt");
    if (!textarea) return;
    try {
      const answer = await ask("negative-tag", { lora: name });
      if (!answer.tag) {
        say(tab, answer.reason, true);
        return;
      }
      const text = toggled(textarea.value, answer.tag, separator());
      perform(tab, { label: answer.tag, writes: { prompt: text } });
      say(tab, answer.reason, false);
    } catch (error) {
      say(tab, String(error.message), true);
    }
    card.blur();
  }
  function onClick(event) {
    const button2 = event.target instanceof Element && event.target.closest(".lora-neg-card-button");
    if (!button2 && !event.altKey) return;
    const found = cardOf(event.target);
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    insertNegative(found);
  }
  function onPointerOver(event) {
    const found = cardOf(event.target);
    const row2 = found && found.card.querySelector(".button-row");
    if (!row2 || row2.querySelector(".lora-neg-card-button")) return;
    const button2 = document.createElement("div");
    button2.className = "card-button lora-neg-card-button";
    button2.title = "Insert at the recommended negative weight (Alt + click on the card)";
    row2.prepend(button2);
  }
  function startCards() {
    onLoaded(() => {
      wrapHost();
      gradioApp().addEventListener("click", onClick, true);
      gradioApp().addEventListener("pointerover", onPointerOver);
    });
  }

  // frontend/core/controls.js
  function button(className, text, onClick2) {
    return plainButton(`lora-neg-button ${className}`, translate(text), onClick2);
  }
  function select(label2, options) {
    const made3 = element("select", "lora-neg-select");
    made3.setAttribute("aria-label", translate(label2));
    for (const [value, text] of options) made3.append(new Option(translate(text), value));
    return made3;
  }
  function input(type, label2, attributes = {}) {
    const made3 = element("input", "lora-neg-input");
    made3.type = type;
    made3.setAttribute("aria-label", translate(label2));
    Object.entries(attributes).forEach(([name, value]) => {
      made3.setAttribute(name, name === "placeholder" ? translate(value) : value);
    });
    return made3;
  }
  function percent(share) {
    return `${Math.round(share * 100)}%`;
  }
  function typeMark(kind, letter) {
    const made3 = element("span", "lora-neg-type-mark", letter);
    made3.dataset.type = kind;
    made3.setAttribute("aria-hidden", "true");
    return made3;
  }

  // frontend/library/edits.js
  function bulkChange({ type, floor, ceiling, guard }) {
    const set = {};
    if (type === "inferred") set.type = null;
    else if (type) set.type = type;
    if (floor !== "" || ceiling !== "") {
      const range2 = {
        floor: floor === "" ? null : Number(floor),
        ceiling: ceiling === "" ? null : Number(ceiling)
      };
      if (Number.isNaN(range2.floor) || Number.isNaN(range2.ceiling)) {
        throw new Error(translate("The range must be numbers."));
      }
      if (range2.floor > 0) throw new Error(translate("The lowest weight must be 0 or below."));
      if (range2.ceiling < 0) throw new Error(translate("The highest weight must be 0 or above."));
      set.range = range2;
    }
    if (guard) set.guard_off = guard === "off";
    return Object.keys(set).length ? set : null;
  }
  function outcomeText(result) {
    const parts = [translate("{count} saved", { count: result.saved })];
    if (result.failed) parts.push(translate("{count} not saved", { count: result.failed }));
    if (result.unknown) parts.push(translate("{count} unknown", { count: result.unknown }));
    if (result.unchanged) parts.push(translate("{count} unchanged", { count: result.unchanged }));
    const notes = [...result.notes || []];
    if (result.more_notes) notes.push(translate("and {count} more", { count: result.more_notes }));
    return `${parts.join(", ")}.${notes.length ? ` ${notes.join("; ")}` : ""}`;
  }
  function joinedOutcomes(first, second) {
    if (!first) return second;
    const sum = {};
    for (const key of ["saved", "failed", "unknown", "unchanged", "more_notes"]) {
      sum[key] = (first[key] || 0) + (second[key] || 0);
    }
    const notes = [.../* @__PURE__ */ new Set([...first.notes, ...second.notes])];
    return { ...sum, notes, names: [...first.names, ...second.names], undo: second.undo };
  }
  function decisionChange(form, decided) {
    const set = {};
    const type = form.type || null;
    if (type !== (decided.type || null)) set.type = type;
    const triggers = form.ownTriggers ? form.triggers.split("\n").map((t) => t.trim()).filter(Boolean) : null;
    if (JSON.stringify(triggers) !== JSON.stringify(decided.triggers || null)) set.triggers = triggers;
    const number = (text) => text === "" ? null : Number(text);
    const range2 = form.floor === "" && form.ceiling === "" ? null : { floor: number(form.floor), ceiling: number(form.ceiling) };
    const before = decided.range || null;
    const same = range2 === null || before === null ? range2 === before : range2.floor === (before.floor ?? null) && range2.ceiling === (before.ceiling ?? null);
    if (!same) set.range = range2;
    const blocks = (form.blocks || "").trim();
    if (blocks !== (decided.blocks || "")) set.blocks = blocks || null;
    if (form.guardOff !== Boolean(decided.guard_off)) set.guard_off = form.guardOff;
    return Object.keys(set).length ? set : null;
  }

  // frontend/library/decisions.js
  var AT_ONCE = 200;
  var LibraryDecisions = class {
    constructor(library2) {
      this.library = library2;
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
        ["", "Guard: leave"],
        ["off", "Guard: off"],
        ["on", "Guard: on"]
      ]);
      this.bulkApply = button("lora-neg-primary", "Apply", () => this.applyBulk());
      const range2 = element("span", "lora-neg-range-inputs");
      range2.append(`${translate("Range")} `, this.bulkFloor, ` ${translate("to")} `, this.bulkCeiling);
      this.bulk.append(
        this.bulkCount,
        this.selectAll,
        this.bulkType,
        range2,
        this.bulkGuard,
        this.bulkApply,
        button("", "Clear my decisions", () => this.clearSelected()),
        button("lora-neg-link", "Deselect", () => this.library.grid.deselect())
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
    showUndo(label2) {
      this.undoButton.hidden = !label2;
      this.undoButton.textContent = label2 ? translate("Undo change of {what}", { what: label2 }) : translate("Undo");
    }
    async applyBulk() {
      try {
        const set = bulkChange({
          type: this.bulkType.value,
          floor: this.bulkFloor.value,
          ceiling: this.bulkCeiling.value,
          guard: this.bulkGuard.value
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
    edit(names2, change) {
      return this.change(async () => {
        let result = null;
        for (let at = 0; at < names2.length; at += AT_ONCE) {
          this.library.say(names2.length > 1 ? translate("Saving {done} of {total} …", { done: at, total: names2.length }) : translate("Saving …"));
          const part = { names: names2.slice(at, at + AT_ONCE), continued: at > 0 };
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
        setTimeout(() => URL.revokeObjectURL(link.href), 1e4);
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
  };

  // frontend/library/blocks.js
  var ITEM = /([+-])([A-Za-z]+)([0-9]*)/g;
  var WHOLE = /^(?:[+-][A-Za-z]{1,8}[0-9]{0,3})+$/;
  var KINDS = { IN: "IN", OUT: "OUT", MID: "MID", M: "MID", D: "D", S: "S", DOUBLE: "D", SINGLE: "S" };
  var range = (kind, from, to) => Array.from({ length: to - from + 1 }, (_, index) => `${kind}${from + index}`);
  var PRESETS = { FACE: ["S7", "S20"], NEGATE: [...range("D", 14, 18), ...range("S", 23, 37)] };
  function kindOf(name) {
    return name.match(/^[^0-9]*/)[0];
  }
  function keptBy(mask, names2) {
    const text = mask.trim();
    if (!text) return new Set(names2);
    if (!WHOLE.test(text)) return null;
    const only = /* @__PURE__ */ new Set();
    const without = /* @__PURE__ */ new Set();
    for (const [, sign, letters, number] of text.matchAll(ITEM)) {
      const name = letters.toUpperCase();
      const into = sign === "+" ? only : without;
      if (PRESETS[name] && !number) PRESETS[name].forEach((block) => into.add(block));
      else if (KINDS[name]) into.add(KINDS[name] === "MID" || !number ? KINDS[name] : `${KINDS[name]}${Number(number)}`);
      else return null;
    }
    const has = (set, name) => set.has(name) || set.has(kindOf(name));
    return new Set(names2.filter((name) => (!only.size || has(only, name)) && !has(without, name)));
  }
  function maskOf(kept, names2) {
    const kinds = [...new Set(names2.map(kindOf))];
    return kinds.map((kind) => {
      const own = names2.filter((name) => kindOf(name) === kind);
      const left = own.filter((name) => !kept.has(name));
      return left.length === own.length ? `-${kind}` : left.map((name) => `-${name}`).join("");
    }).join("");
  }
  var BlockPicker = class {
    constructor({ names: names2, presets }) {
      this.names = names2;
      this.input = input("text", "Blocks it acts in", { placeholder: "all blocks", spellcheck: "false", maxlength: "400" });
      this.input.dir = "ltr";
      this.input.addEventListener("input", () => this.showKept());
      this.presets = select("Presets", [["", "Presets …"], ...presets.map(({ value, label: label2 }) => [value, label2])]);
      presets.forEach(({ value, source }, index) => {
        this.presets.options[index + 1].title = source ? `${value}: ${source}` : value;
      });
      this.presets.addEventListener("change", () => {
        if (this.presets.value) this.write(this.presets.value);
        this.presets.value = "";
      });
      const row2 = element("div", "lora-neg-field-row");
      row2.append(element("span", "lora-neg-field-label", translate("Blocks")), this.input, this.presets);
      this.note = element("span", "lora-neg-below lora-neg-blocks-note");
      this.root = element("div", "lora-neg-blocks");
      this.root.append(row2, this.note);
      this.buttons = /* @__PURE__ */ new Map();
      if (names2.length) this.root.append(this.chooser());
    }
    chooser() {
      const made3 = element("details", "lora-neg-blocks-chooser");
      made3.append(element("summary", "", translate("Choose block by block")));
      for (const kind of new Set(this.names.map(kindOf))) {
        const group = element("div", "lora-neg-blocks-kind");
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", kind);
        for (const name of this.names.filter((block) => kindOf(block) === kind)) {
          const button2 = element("button", "lora-neg-block", name);
          button2.type = "button";
          button2.addEventListener("click", () => this.toggle(name));
          this.buttons.set(name, button2);
          group.append(button2);
        }
        made3.append(group);
      }
      return made3;
    }
    fill(mask) {
      this.input.value = mask;
      this.showKept();
    }
    // As if it was typed, so that the form notices.
    write(mask) {
      this.input.value = mask;
      this.input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    toggle(name) {
      const kept = keptBy(this.input.value, this.names) || new Set(this.names);
      if (!kept.delete(name)) kept.add(name);
      this.write(maskOf(kept, this.names));
    }
    showKept() {
      const kept = keptBy(this.input.value, this.names);
      for (const [name, button2] of this.buttons) {
        button2.setAttribute("aria-pressed", String(!kept || kept.has(name)));
      }
      this.input.setAttribute("aria-invalid", String(!kept));
      if (!kept) this.note.textContent = translate("Write -S7-S20 (all but these) or +IN+MID (these alone).");
      else if (!this.input.value.trim()) this.note.textContent = "";
      else if (this.names.length) {
        this.note.textContent = translate("Acts in {count} of {total} blocks.", { count: kept.size, total: this.names.length });
      } else this.note.textContent = "";
    }
  };

  // frontend/library/form.js
  var LibraryForm = class {
    constructor(details) {
      this.library = details.library;
      this.drafts = /* @__PURE__ */ new Map();
      this.boxes = null;
    }
    // The form goes away: keeps what was not saved.
    keep() {
      if (!this.boxes) return;
      const values = this.values();
      if (decisionChange(values, this.data.decision)) this.drafts.set(this.data.name, values);
      else this.drafts.delete(this.data.name);
    }
    forget() {
      this.boxes = null;
    }
    drop(name) {
      this.drafts.delete(name);
    }
    build(data) {
      this.data = data;
      const form = element("form", "lora-neg-form");
      form.noValidate = true;
      const draft = this.drafts.get(data.name);
      const { decision } = data;
      const range2 = decision.range || {};
      const type = select("Type", [
        ["", "As inferred"],
        ...this.library.words.types.map(({ id, name }) => [id, name])
      ]);
      const own = input("checkbox", "My own triggers");
      const triggers = element("textarea", "lora-neg-input");
      triggers.setAttribute("aria-label", translate("My own triggers, one per line"));
      triggers.rows = 3;
      triggers.dir = "auto";
      const inForce = data.ranges.find((item) => item.in_force) || {};
      const hint = (value) => value === null || value === void 0 ? "none" : String(value);
      const floor = input("number", "Lowest weight", {
        step: "0.05",
        min: "-20",
        max: "0",
        placeholder: hint(inForce.floor)
      });
      const ceiling = input("number", "Highest weight", {
        step: "0.05",
        min: "0",
        max: "20",
        placeholder: hint(inForce.ceiling)
      });
      const off = input("checkbox", "Guard off");
      this.blocks = new BlockPicker(data.blocks);
      this.boxes = { type, own, triggers, floor, ceiling, off, blocks: this.blocks.input };
      this.fill(draft || {
        type: decision.type || "",
        ownTriggers: decision.triggers !== null && decision.triggers !== void 0,
        triggers: (decision.triggers || data.triggers.map((trigger) => trigger.text)).join("\n"),
        floor: range2.floor ?? "",
        ceiling: range2.ceiling ?? "",
        guardOff: decision.guard_off,
        blocks: decision.blocks || ""
      });
      this.save = element("button", "lora-neg-button lora-neg-primary", translate("Save"));
      this.save.type = "submit";
      const clear = button("", "Clear my decisions", () => {
        this.drafts.delete(data.name);
        this.forget();
        this.library.edit([data.name], { clear: true });
      });
      clear.hidden = !data.decided;
      this.unsaved = element("span", "lora-neg-below", translate("not saved yet"));
      const buttons = element("div", "lora-neg-form-buttons");
      buttons.append(this.save, clear, this.unsaved);
      form.append(
        this.field("Type", type),
        this.field("Range", floor, translate("to"), ceiling),
        this.labelled(own, "My own triggers, one per line"),
        triggers,
        this.blocks.root,
        this.labelled(off, "Guard off: no rule applies to this LoRA"),
        buttons
      );
      form.addEventListener("input", () => this.check());
      form.addEventListener("change", () => this.check());
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit();
      });
      this.check();
      return form;
    }
    field(label2, ...content) {
      const made3 = element("div", "lora-neg-field-row");
      made3.append(element("span", "lora-neg-field-label", translate(label2)), ...content);
      return made3;
    }
    labelled(box, text) {
      const made3 = element("label", "lora-neg-check");
      made3.append(box, element("span", "", translate(text)));
      return made3;
    }
    fill(values) {
      this.boxes.type.value = values.type;
      this.boxes.own.checked = values.ownTriggers;
      this.boxes.triggers.value = values.triggers;
      this.boxes.floor.value = values.floor;
      this.boxes.ceiling.value = values.ceiling;
      this.boxes.off.checked = values.guardOff;
      this.blocks.fill(values.blocks || "");
    }
    values() {
      const { type, own, triggers, floor, ceiling, off, blocks } = this.boxes;
      return {
        type: type.value,
        ownTriggers: own.checked,
        triggers: triggers.value,
        floor: floor.value,
        ceiling: ceiling.value,
        guardOff: off.checked,
        blocks: blocks.value
      };
    }
    check() {
      this.boxes.triggers.hidden = !this.boxes.own.checked;
      const change = decisionChange(this.values(), this.data.decision);
      this.save.disabled = !change;
      this.unsaved.hidden = !change;
    }
    async submit() {
      const { name, decision } = this.data;
      const set = decisionChange(this.values(), decision);
      if (!set) return;
      this.save.disabled = true;
      const kept = await this.library.edit([name], { set });
      if (!kept && this.boxes && this.data.name === name) this.check();
    }
  };

  // frontend/library/details.js
  var FIRST_TAGS = 20;
  var LibraryDetails = class {
    constructor(library2) {
      this.library = library2;
      this.name = null;
      this.form = new LibraryForm(this);
      this.root = element("aside", "lora-neg-details");
      this.root.setAttribute("aria-label", translate("Details"));
      this.root.tabIndex = -1;
      this.root.hidden = true;
      this.root.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.close();
      });
    }
    async show(name, focus = false) {
      this.form.keep();
      this.name = name;
      this.root.hidden = false;
      this.library.root.classList.add("lora-neg-with-details");
      this.library.grid.draw();
      try {
        const data = await ask("library-detail", { name });
        if (this.name !== name) return;
        this.draw(data);
      } catch (error) {
        if (this.name !== name) return;
        this.form.forget();
        this.root.replaceChildren(this.head({ name }), this.note(error.message, true));
      }
      if (focus) this.root.focus();
    }
    reload() {
      if (this.name) this.show(this.name);
    }
    // Decisions about some LoRAs were kept: what stood in their forms is no draft any more.
    changed(names2 = []) {
      names2.forEach((name) => this.form.drop(name));
      if (names2.includes(this.name)) {
        this.form.forget();
        this.reload();
      }
    }
    close() {
      this.form.keep();
      this.name = null;
      this.form.forget();
      this.root.hidden = true;
      this.library.root.classList.remove("lora-neg-with-details");
      this.library.grid.draw();
      this.library.grid.focus();
    }
    // ---- drawing ------------------------------------------------------------------------
    draw(data) {
      const scrolled = this.data && this.data.name === data.name ? this.root.scrollTop : 0;
      this.data = data;
      this.root.replaceChildren(
        this.head(data),
        this.problems(data),
        this.typePart(data),
        this.section("Your decision", this.form.build(data)),
        this.section("Ranges", this.ranges(data)),
        this.bleeding(data),
        this.section("Triggers", this.triggers(data)),
        this.section("Captions", this.captions(data)),
        this.section("File", this.facts(data)),
        this.section("More evidence", this.library.lookup.detailPart(data))
      );
      this.root.scrollTop = scrolled;
    }
    head(data) {
      const head = element("header", "lora-neg-details-head");
      const titles = element("div", "lora-neg-details-titles");
      const name = element("h3", "");
      name.append(userText("", data.name));
      titles.append(name);
      const below = [data.title !== data.name && data.title, data.alias && translate("also {name}", { name: data.alias })];
      const text = below.filter(Boolean).join(" · ");
      if (text) titles.append(userText("lora-neg-below", text));
      const close = button("lora-neg-close", "×", () => this.close());
      close.setAttribute("aria-label", translate("Close details"));
      head.append(titles, close);
      return head;
    }
    section(title, ...content) {
      const made3 = element("section", "lora-neg-details-section");
      made3.append(element("h4", "", translate(title)), ...content);
      return made3;
    }
    note(text, bad = false) {
      return userText(bad ? "lora-neg-note lora-neg-failed" : "lora-neg-note", text);
    }
    list(texts) {
      const made3 = element("ul", "lora-neg-list");
      for (const text of texts) {
        const item = element("li");
        item.append(userText("", text));
        made3.append(item);
      }
      return made3;
    }
    problems(data) {
      const made3 = element("div", "lora-neg-problems");
      if (data.problems.length) made3.append(element("strong", "", `⚠ ${translate("Problems")}`), this.list(data.problems));
      made3.hidden = !data.problems.length;
      return made3;
    }
    typePart(data) {
      const line = element("p", "lora-neg-type-line");
      const type = this.library.words.types.find(({ id }) => id === data.type) || { letter: "?" };
      line.append(typeMark(data.type, type.letter), element("strong", "", data.type_name));
      if (data.type !== "unknown" && data.confidence) {
        const meter = element("meter");
        Object.assign(meter, { min: 0, max: 1, value: data.confidence });
        meter.setAttribute("aria-label", translate("Confidence"));
        line.append(meter, element("span", "", translate("{share} sure", { share: percent(data.confidence) })));
      }
      return this.section("Type", line, this.note(data.verdict), this.list(data.reasons));
    }
    ranges(data) {
      if (!data.ranges.length) {
        return this.note(translate("Nobody stated a range, and nothing is known for its type and family."));
      }
      const made3 = element("ul", "lora-neg-ranges");
      for (const range2 of data.ranges) {
        const item = element("li", range2.in_force ? "lora-neg-in-force" : "");
        const head = element("div", "lora-neg-range-head");
        const text = element("strong", "", range2.text);
        text.dir = "ltr";
        head.append(
          text,
          element("span", "lora-neg-evidence", range2.source)
        );
        if (range2.in_force) head.append(element("span", "lora-neg-force", translate("in force")));
        const spot = range2.sweet_spot ? `${translate("Works best at {range}.", { range: range2.sweet_spot })} ` : "";
        const { why } = range2;
        const holds = range2.in_force ? translate("In force: {why}.", { why }) : translate("Not in force: {why}.", { why });
        item.append(head, this.note(spot + holds));
        if (range2.reference) item.append(userText("lora-neg-below", `${translate("Source:")} ${range2.reference}`));
        made3.append(item);
      }
      return made3;
    }
    bleeding(data) {
      const made3 = data.curve ? this.section("Concept bleeding", bleedingCurve(data.curve)) : element("section");
      made3.hidden = !data.curve;
      return made3;
    }
    triggers(data) {
      if (!data.triggers.length) return this.note(translate("None known."));
      const made3 = element("ul", "lora-neg-trigger-list");
      for (const trigger of data.triggers) {
        const item = element("li");
        item.append(
          userText("lora-neg-word", trigger.text),
          element("span", "lora-neg-below", `${trigger.source}, ${percent(trigger.confidence)}`)
        );
        made3.append(item);
      }
      if (data.more_triggers) made3.append(element("li", "lora-neg-below", translate("and {count} more", { count: data.more_triggers })));
      return made3;
    }
    captions(data) {
      const { tags } = data;
      const made3 = element("div", "lora-neg-captions");
      if (tags.note) made3.append(this.note(tags.note));
      if (!tags.rows.length) return made3;
      made3.append(this.legend(), this.bars(tags, FIRST_TAGS));
      return made3;
    }
    legend() {
      const made3 = element("ul", "lora-neg-legend");
      for (const grade of this.library.words.grades) {
        const item = element("li");
        const mark = element("span", "lora-neg-bar-mark");
        mark.dataset.grade = grade.id;
        item.append(mark, grade.name);
        item.title = grade.meaning;
        made3.append(item);
      }
      return made3;
    }
    bars(tags, count) {
      const names2 = Object.fromEntries(this.library.words.grades.map(({ id, name }) => [id, name]));
      const made3 = element("div");
      const list = element("ol", "lora-neg-bars");
      for (const { tag, share, grade } of tags.rows.slice(0, count)) {
        const item = element("li");
        const label2 = userText("lora-neg-bar-label", tag);
        label2.title = tag;
        const bar2 = element("span", "lora-neg-bar");
        bar2.dataset.grade = grade;
        bar2.style.setProperty("--share", `${Math.max(0.5, Math.min(100, share * 100))}%`);
        const text = element("span", "lora-neg-bar-share", percent(share));
        const spoken = element("span", "lora-neg-sr", `, ${names2[grade]}`);
        item.title = `${tag}: ${percent(share)}, ${names2[grade]}`;
        item.append(label2, bar2, text, spoken);
        list.append(item);
      }
      made3.append(list);
      const shown2 = Math.min(count, tags.rows.length);
      const facts = element("p", "lora-neg-note", `${translate("{shown} of {total} tags, {captions} captions.", {
        shown: shown2,
        total: tags.total,
        captions: tags.captions
      })} `);
      if (shown2 < tags.rows.length) {
        facts.append(button("lora-neg-link", "Show more", () => {
          made3.replaceWith(this.bars(tags, tags.rows.length));
        }));
      }
      made3.append(facts);
      return made3;
    }
    facts(data) {
      const made3 = element("dl", "lora-neg-facts");
      const rows = [
        ["Path", data.location],
        ...data.copies.map((copy2) => ["Same name", copy2]),
        ["Family", data.family],
        ...data.facts
      ];
      for (const [label2, text] of rows) {
        const value = element("dd");
        value.append(userText("", text));
        made3.append(element("dt", "", translate(label2)), value);
      }
      return made3;
    }
  };

  // frontend/core/keys.js
  function rowAfterKey(index, count, key, page) {
    if (!count) return null;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    if (!(key in steps)) return null;
    if (index < 0) return steps[key] > 0 ? 0 : count - 1;
    return Math.max(0, Math.min(count - 1, index + steps[key]));
  }

  // frontend/library/pages.js
  var ROW_HEIGHT = 44;
  var PAGE = 100;
  var OVERSCAN = 8;
  function windowOf(scrollTop, height, count, rowHeight = ROW_HEIGHT, overscan = OVERSCAN) {
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
    const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + overscan);
    return { first: Math.min(first, last), last };
  }
  var Pages = class {
    constructor(size = PAGE) {
      this.size = size;
      this.clear();
    }
    clear() {
      this.pages = /* @__PURE__ */ new Map();
    }
    put(offset, rows) {
      this.pages.set(Math.floor(offset / this.size), rows);
    }
    row(index) {
      const page = this.pages.get(Math.floor(index / this.size));
      return page ? page[index % this.size] : void 0;
    }
    // Offsets of the pages that the rows from `first` to before `last` still need.
    missing(first, last) {
      const offsets = [];
      if (last <= first) return offsets;
      for (let at = Math.floor(first / this.size); at <= Math.floor((last - 1) / this.size); at++) {
        if (!this.pages.has(at)) offsets.push(at * this.size);
      }
      return offsets;
    }
    indexOf(name) {
      for (const [at, rows] of this.pages) {
        const found = rows.findIndex((row2) => row2.name === name);
        if (found >= 0) return at * this.size + found;
      }
      return -1;
    }
  };

  // frontend/library/row.js
  function row(data, id, index, { selected, open, words }) {
    const made3 = element("div", "lora-neg-grid-row");
    made3.id = id;
    made3.setAttribute("role", "row");
    made3.setAttribute("aria-rowindex", String(index + 2));
    made3.dataset.index = String(index);
    if (!data) {
      made3.append(element("div", "lora-neg-cell lora-neg-cell-name lora-neg-pale", "…"));
      return made3;
    }
    made3.setAttribute("aria-selected", String(selected));
    made3.classList.toggle("lora-neg-open", open);
    const box = input("checkbox", translate("Select {name}", { name: data.name }));
    box.checked = selected;
    box.tabIndex = -1;
    made3.append(cell("box", box), cell("name", ...nameParts(data)));
    if (!data.read) {
      made3.append(cell("type", element("span", "lora-neg-pale", translate("not read yet"))));
      return made3;
    }
    made3.append(
      cell("type", ...typeParts(data, words)),
      cell("family", data.family),
      cell("range", ...rangeParts(data)),
      cell("triggers", ...triggerParts(data)),
      cell("evidence", ...evidenceParts(data, words)),
      cell("problems", ...problemParts(data))
    );
    return made3;
  }
  function cell(id, ...content) {
    const made3 = element("div", `lora-neg-cell lora-neg-cell-${id}`);
    made3.setAttribute("role", "gridcell");
    made3.append(...content);
    return made3;
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
    const known2 = Boolean(data.range_source);
    const text = element("bdi", known2 ? "lora-neg-range" : "lora-neg-pale", data.range);
    if (known2) text.dir = "ltr";
    return known2 ? [text, element("span", "lora-neg-below", data.range_source)] : [text];
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
      const made3 = element("span", "lora-neg-evidence", translate(key));
      made3.dataset.evidence = key;
      made3.title = words.evidence[key] || "";
      return made3;
    });
  }
  function problemParts(data) {
    if (!data.problems) return [];
    const text = data.problems === 1 ? translate("1 problem") : translate("{count} problems", { count: data.problems });
    return [element("span", "lora-neg-problem", `⚠ ${text}`)];
  }

  // frontend/library/grid.js
  var FOLLOW_MS = 200;
  var COLUMNS = [
    { id: "name", label: "Name" },
    { id: "type", label: "Type" },
    { id: "family", label: "Family" },
    { id: "range", label: "Range", hint: "The range in force, and where it is from" },
    { id: "triggers", label: "Triggers" },
    { id: "evidence", label: "Evidence" },
    { id: "problems", label: "Problems" }
  ];
  var LibraryGrid = class {
    constructor(library2) {
      this.library = library2;
      this.pages = new Pages();
      this.selected = /* @__PURE__ */ new Set();
      this.anchor = -1;
      this.active = -1;
      this.root = element("div", "lora-neg-library-main");
      this.root.append(this.buildGrid(), this.buildOverlay());
    }
    // Forgets what is active; the selection stays.
    toTop() {
      this.grid.scrollTop = 0;
      this.active = this.anchor = -1;
    }
    // Takes rows of the current query.
    put(offset, rows) {
      this.pages.put(offset, rows);
      this.active = Math.min(this.active, this.library.matched - 1);
    }
    // Offset of the page at the upper edge.
    get pageInView() {
      const count = this.library.matched || PAGE;
      const { first } = windowOf(this.grid.scrollTop, this.grid.clientHeight, count);
      return Math.floor(first / PAGE) * PAGE;
    }
    showSort({ sort, descending }) {
      for (const { id, cell: cell2 } of this.heads) {
        const order = descending ? "descending" : "ascending";
        cell2.setAttribute("aria-sort", sort === id ? order : "none");
      }
      this.grid.setAttribute("aria-rowcount", String(this.library.matched + 1));
    }
    focus() {
      this.grid.focus();
      this.activate(Math.max(0, this.active));
    }
    showSelection() {
      const count = this.selected.size;
      const { matched } = this.library;
      this.allBox.checked = count > 0 && count >= matched;
      this.allBox.indeterminate = count > 0 && count < matched;
      this.library.showSelection(count);
    }
    buildGrid() {
      this.grid = element("div", "lora-neg-grid");
      this.grid.id = "lora_neg_library_grid";
      this.grid.tabIndex = 0;
      this.grid.setAttribute("role", "grid");
      this.grid.setAttribute("aria-label", translate("LoRAs"));
      this.grid.setAttribute("aria-multiselectable", "true");
      this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
      this.grid.addEventListener("keydown", (event) => this.onKey(event));
      this.grid.addEventListener("click", (event) => this.onClick(event));
      const head = element("div", "lora-neg-grid-row lora-neg-grid-head");
      head.setAttribute("role", "row");
      head.setAttribute("aria-rowindex", "1");
      this.allBox = input("checkbox", "Select all matching LoRAs");
      this.allBox.tabIndex = -1;
      this.allBox.addEventListener("change", () => {
        if (this.allBox.checked) this.selectMatching();
        else this.deselect();
      });
      const boxCell = element("div", "lora-neg-cell lora-neg-cell-box");
      boxCell.setAttribute("role", "columnheader");
      boxCell.append(this.allBox);
      head.append(boxCell);
      this.heads = COLUMNS.map(({ id, label: label2, hint }) => {
        const cell2 = element("div", `lora-neg-cell lora-neg-cell-${id}`);
        cell2.setAttribute("role", "columnheader");
        if (hint) cell2.title = translate(hint);
        cell2.append(button("lora-neg-sort", label2, () => this.library.sort(id)));
        head.append(cell2);
        return { id, cell: cell2 };
      });
      this.space = element("div", "lora-neg-grid-space");
      this.space.setAttribute("role", "rowgroup");
      this.rows = element("div", "lora-neg-grid-rows");
      this.rows.setAttribute("role", "presentation");
      this.space.append(this.rows);
      this.grid.append(head, this.space);
      if (typeof ResizeObserver === "function") new ResizeObserver(() => this.draw()).observe(this.grid);
      return this.grid;
    }
    buildOverlay() {
      this.empty = element("div", "lora-neg-library-empty");
      this.empty.hidden = true;
      return this.empty;
    }
    draw() {
      this.space.style.height = `${this.library.matched * ROW_HEIGHT}px`;
      const { first, last } = windowOf(this.grid.scrollTop, this.grid.clientHeight, this.library.matched);
      this.pages.missing(first, last).forEach((offset) => this.library.fetchPage(offset));
      this.rows.style.transform = `translateY(${first * ROW_HEIGHT}px)`;
      const drawn = [];
      for (let index = first; index < last; index++) drawn.push(this.drawRow(index));
      this.rows.replaceChildren(...drawn);
      if (this.active >= first && this.active < last) {
        this.grid.setAttribute("aria-activedescendant", this.rowId(this.active));
      } else this.grid.removeAttribute("aria-activedescendant");
      this.showSelection();
      this.showEmpty();
    }
    rowId(index) {
      return `lora_neg_library_row_${index}`;
    }
    drawRow(index) {
      const data = this.pages.row(index);
      const made3 = row(data, this.rowId(index), index, {
        selected: Boolean(data) && this.selected.has(data.name),
        open: Boolean(data) && this.library.details.name === data.name,
        words: this.library.words
      });
      made3.classList.toggle("lora-neg-active", index === this.active);
      return made3;
    }
    showEmpty() {
      this.empty.hidden = this.library.matched > 0 || !this.library.asked;
      if (this.empty.hidden) return;
      this.empty.replaceChildren();
      if (!this.library.total) {
        this.empty.append(
          element("p", "lora-neg-empty-head", translate("No LoRAs here yet")),
          element("p", "", translate("Put LoRA files into the WebUI's LoRA folder and press Refresh."))
        );
        return;
      }
      this.empty.append(
        element("p", "lora-neg-empty-head", translate("No LoRA matches")),
        button("", "Show all", () => this.library.showAll())
      );
    }
    onClick(event) {
      const row2 = event.target.closest(".lora-neg-grid-row[data-index]");
      if (!row2) return;
      const index = Number(row2.dataset.index);
      const box = event.target.closest("input[type=checkbox], .lora-neg-cell-box");
      this.active = index;
      if (event.shiftKey && this.anchor >= 0) this.selectRange(this.anchor, index);
      else if (box || event.ctrlKey || event.metaKey) this.toggle(index);
      else this.open(index);
      this.draw();
    }
    onKey(event) {
      if (event.target !== this.grid) return;
      const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW_HEIGHT) - 2);
      const to = rowAfterKey(this.active, this.library.matched, event.key, page);
      if (to !== null) {
        if (event.shiftKey) this.selectRange(this.anchor >= 0 ? this.anchor : this.active, to);
        this.activate(to, event.shiftKey);
      } else if (event.key === " ") this.toggle(this.active);
      else if (event.key === "Enter") this.open(this.active, true);
      else if (event.key === "Escape") this.escape();
      else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) this.selectMatching();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    escape() {
      if (this.library.details.name) this.library.details.close();
      else this.deselect();
    }
    activate(index, keepAnchor = false) {
      this.active = index;
      if (!keepAnchor) this.anchor = index;
      const top = index * ROW_HEIGHT;
      const head = this.grid.firstChild.offsetHeight;
      const visible = this.grid.clientHeight - head;
      if (top < this.grid.scrollTop) this.grid.scrollTop = top;
      else if (top + ROW_HEIGHT > this.grid.scrollTop + visible) {
        this.grid.scrollTop = top + ROW_HEIGHT - visible;
      }
      this.draw();
      if (this.library.details.name) {
        clearTimeout(this.follow);
        this.follow = setTimeout(() => this.open(this.active), FOLLOW_MS);
      }
    }
    open(index, focus = false) {
      const data = this.pages.row(index);
      this.anchor = index;
      if (data) this.library.details.show(data.name, focus);
    }
    toggle(index) {
      const data = this.pages.row(index);
      if (!data) return;
      if (!this.selected.delete(data.name)) this.selected.add(data.name);
      this.anchor = index;
      this.draw();
    }
    async selectRange(from, to) {
      const [first, last] = from < to ? [from, to] : [to, from];
      if (this.pages.missing(first, last + 1).length) {
        const { names: names2 } = await ask("library-names", this.library.query).catch(() => ({ names: [] }));
        names2.slice(first, last + 1).forEach((name) => this.selected.add(name));
      } else {
        for (let index = first; index <= last; index++) this.selected.add(this.pages.row(index).name);
      }
      this.draw();
    }
    async selectMatching() {
      try {
        const { names: names2 } = await ask("library-names", this.library.query);
        names2.forEach((name) => this.selected.add(name));
        this.draw();
      } catch (error) {
        this.library.fail(error);
      }
    }
    deselect() {
      this.selected.clear();
      this.draw();
    }
  };

  // frontend/library/lookup.js
  var POLL_MS = 800;
  var MOST_SHOWN = 8;
  var OPTION2 = "lora_neg_civitai_lookup";
  var OFF = "Off. Allow look-ups in Settings, LoRA Negative Guard: they send the file's SHA-256 to civitai.com, and nothing else.";
  function isOffered() {
    return hasOption(OPTION2);
  }
  function isAllowed() {
    return option(OPTION2) === true;
  }
  function lookupText({ outcome, note, before, after }) {
    if (outcome !== "found") return note || translate("not known on Civitai");
    const typed = ({ type, confidence }) => confidence ? `${type} ${percent(confidence)}` : type;
    const [old, now] = [typed(before), typed(after)];
    const changed = old === now ? translate("page found, type stays {type}", { type: now }) : translate("page found: {before} → {after}", { before: old, after: now });
    return note ? `${changed}; ${note}` : changed;
  }
  var LibraryLookup = class {
    constructor(library2) {
      this.library = library2;
      this.button = button("", "Look up unknown", () => this.lookUpUnknown());
      this.button.title = translate(isAllowed() ? "Look all LoRAs of unknown type up on Civitai" : OFF);
      this.button.disabled = !isAllowed();
      this.button.hidden = !isOffered();
      this.root = element("div", "lora-neg-library-lookup");
      this.root.setAttribute("role", "status");
      this.root.hidden = true;
    }
    async lookUpUnknown() {
      try {
        const { names: names2 } = await ask("library-names", { unknown_only: true });
        if (!names2.length) {
          this.library.say("No LoRA is of unknown type.");
          return;
        }
        await this.start(names2);
      } catch (error) {
        this.library.fail(error);
      }
    }
    async start(names2) {
      try {
        this.show(await ask("library-lookup", { names: names2 }));
        await this.follow();
      } catch (error) {
        this.library.fail(error);
      }
    }
    async follow() {
      let state = { running: true };
      while (state.running) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        if (!this.root.isConnected) return;
        state = await ask("library-lookup-state", {});
        this.show(state);
      }
      await this.library.reload();
      this.library.details.reload();
      renewBadges();
    }
    show(state) {
      const { running, done, total, stopped, results } = state;
      const head = element("div", "lora-neg-lookup-head");
      const found = results.filter(({ outcome }) => outcome === "found").length;
      const text = running ? translate("Looking up on Civitai: {done} of {total}", { done, total }) : translate("Looked up {done} of {total}, {found} found", { done, total, found });
      head.append(element("strong", "", text));
      if (running) {
        const bar2 = Object.assign(element("progress"), { max: total || 1, value: done });
        bar2.setAttribute("aria-label", text);
        head.append(bar2, button("", "Cancel", () => ask("library-lookup-cancel", {})));
      } else {
        head.append(button("", "Close", () => {
          this.root.hidden = true;
        }));
      }
      const list = element("ul", "lora-neg-list");
      for (const result of results.slice(-MOST_SHOWN).reverse()) {
        const item = element("li");
        item.append(userText("lora-neg-word", result.name), ` ${lookupText(result)}`);
        list.append(item);
      }
      const parts = [head, list];
      if (stopped) parts.splice(1, 0, element("p", "lora-neg-failed", translate("Stopped: {why}", { why: stopped })));
      this.root.replaceChildren(...parts);
      this.root.hidden = false;
    }
    // ---- in the details of one LoRA ---------------------------------------------------------
    detailPart(data) {
      const made3 = element("div", "lora-neg-more-evidence");
      const answer = element("div", "");
      answer.setAttribute("role", "status");
      const page = button("", "Look up on Civitai", () => this.start([data.name]));
      page.disabled = !isAllowed();
      page.hidden = !isOffered();
      page.title = translate(isAllowed() ? "Asks for its model page by the file's SHA-256" : OFF);
      const measure = button("", "Measure weights", async () => {
        measure.disabled = true;
        answer.replaceChildren(element("p", "lora-neg-note", translate("Measuring …")));
        try {
          answer.replaceChildren(...this.measured(await ask("library-weights", { name: data.name })));
        } catch (error) {
          answer.replaceChildren(element("p", "lora-neg-note lora-neg-failed", error.message));
        }
        measure.disabled = false;
      });
      measure.title = translate("Reads the whole file: how many directions it uses, and where it acts");
      const buttons = element("div", "lora-neg-form-buttons");
      buttons.append(page, measure);
      made3.append(buttons);
      if (isOffered() && !isAllowed()) made3.append(element("p", "lora-neg-note", `Civitai: ${translate(OFF)}`));
      made3.append(answer);
      return made3;
    }
    measured(facts) {
      const uses = translate("Uses {used} of {rank} directions in {layers} layers.", {
        used: facts.effective_rank,
        rank: facts.rank,
        layers: facts.layers
      });
      const rank = facts.passed_over ? `${uses} ${translate("{count} matrices could not be measured.", { count: facts.passed_over })}` : uses;
      const leaning = facts.leans_to ? translate("Leans to {type} ({share}): {reason}. Weak evidence: the guard does not act on it.", {
        type: facts.leans_to,
        share: percent(facts.confidence),
        reason: facts.reason
      }) : translate("Its weights lean to no type.");
      const list = element("ol", "lora-neg-bars");
      for (const [block, share] of facts.energy) {
        const item = element("li");
        const bar2 = element("span", "lora-neg-bar");
        bar2.style.setProperty("--share", `${Math.max(0.5, share * 100)}%`);
        item.append(
          element("span", "lora-neg-bar-label", block),
          bar2,
          element("span", "lora-neg-bar-share", percent(share))
        );
        list.append(item);
      }
      const more = facts.more_blocks ? [element("p", "lora-neg-note", translate("and {count} more blocks", { count: facts.more_blocks }))] : [];
      return [
        element("p", "lora-neg-note", rank),
        element("p", "lora-neg-note", leaning),
        element("p", "lora-neg-below", translate("Share of its strength by block:")),
        list,
        ...more
      ];
    }
  };

  // frontend/library/library.js
  var POLL_MS2 = 700;
  var RELOAD_EVERY = 3;
  var PAUSE_MS2 = 200;
  var FLAGS = [
    { id: "unknown_only", label: "Unknown only", hint: "Type unknown, or too unsure to act on" },
    { id: "with_problems", label: "With problems", hint: "Something is wrong with the file" },
    { id: "decided", label: "Decided by me", hint: "You chose its type, triggers or range" }
  ];
  var Library = class {
    constructor(root) {
      this.root = root;
      this.query = { search: "", type: "", family: "", sort: "name", descending: false };
      this.matched = 0;
      this.total = 0;
      this.asked = 0;
      this.pending = /* @__PURE__ */ new Set();
      this.words = { types: [], evidence: {}, grades: [] };
    }
    async start() {
      this.build();
      this.say("Loading …");
      try {
        this.words = await ask("library-words", {});
        this.fillTypes();
        this.say("");
        await this.reload();
      } catch (error) {
        this.fail(error);
      }
    }
    build() {
      this.root.replaceChildren();
      this.status = element("p", "lora-neg-library-status");
      this.status.setAttribute("role", "status");
      this.status.dir = "auto";
      this.decisions = new LibraryDecisions(this);
      this.lookup = new LibraryLookup(this);
      this.details = new LibraryDetails(this);
      this.grid = new LibraryGrid(this);
      const columns = element("div", "lora-neg-library-columns");
      columns.append(this.grid.root, this.details.root);
      this.root.append(
        this.buildToolbar(),
        this.decisions.root,
        this.status,
        this.buildProgress(),
        this.lookup.root,
        columns
      );
    }
    buildToolbar() {
      const bar2 = element("div", "lora-neg-library-toolbar");
      bar2.setAttribute("role", "search");
      this.search = input("search", "Search names, titles, folders and triggers", {
        placeholder: "Search names, titles, folders, triggers",
        maxlength: "200"
      });
      this.search.addEventListener("input", () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask({ search: this.search.value }), PAUSE_MS2);
      });
      this.search.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown") {
          event.preventDefault();
          this.grid.focus();
        }
      });
      this.typeFilter = select("Type", [["", "All types"]]);
      this.familyFilter = select("Model family", [["", "All families"]]);
      this.typeFilter.addEventListener("change", () => this.ask({ type: this.typeFilter.value }));
      this.familyFilter.addEventListener("change", () => this.ask({ family: this.familyFilter.value }));
      this.flags = FLAGS.map(({ id, label: label2, hint }) => {
        const toggle = button("lora-neg-toggle", "", () => this.ask({ [id]: !this.query[id] }));
        toggle.title = translate(hint);
        toggle.append(translate(label2), element("span", "lora-neg-count"));
        return { id, toggle };
      });
      const { undoButton, file } = this.decisions;
      const spacer = element("span", "lora-neg-spacer");
      const tools = element("div", "lora-neg-library-tools");
      tools.append(
        undoButton,
        this.lookup.button,
        this.tool("Refresh", "Look for new and changed files", () => this.refresh()),
        this.tool("Export", "Save all decisions as one JSON file", () => this.decisions.exportFile()),
        this.tool("Import", "Take over decisions from such a file", () => file.click()),
        file
      );
      bar2.append(
        this.search,
        this.typeFilter,
        this.familyFilter,
        ...this.flags.map(({ toggle }) => toggle),
        spacer,
        tools
      );
      return bar2;
    }
    tool(text, hint, onClick2) {
      const made3 = button("", text, onClick2);
      made3.title = translate(hint);
      return made3;
    }
    buildProgress() {
      this.progress = element("div", "lora-neg-library-progress");
      this.bar = element("progress");
      this.bar.setAttribute("aria-label", translate("Reading LoRA files"));
      this.progressText = element("span");
      this.progress.append(this.bar, this.progressText);
      this.progress.hidden = true;
      return this.progress;
    }
    fillTypes() {
      for (const { id, name } of this.words.types) {
        this.typeFilter.append(new Option(name, id));
      }
      this.decisions.fillTypes(this.words.types);
    }
    // ---- asking the server ------------------------------------------------------------
    ask(change) {
      Object.assign(this.query, change);
      this.grid.toTop();
      this.say("");
      return this.reload();
    }
    sort(id) {
      const descending = this.query.sort === id && !this.query.descending;
      this.ask({ sort: id, descending });
    }
    // Asks for the visible rows anew; what is drawn stays until the answer is there.
    async reload() {
      const turn = ++this.asked;
      const offset = this.grid.pageInView;
      try {
        const answer = await ask("library-rows", { ...this.query, offset, limit: PAGE });
        if (turn !== this.asked) return;
        this.grid.pages.clear();
        this.pending.clear();
        this.take(answer);
      } catch (error) {
        if (turn === this.asked) this.fail(error);
      }
    }
    async fetchPage(offset) {
      if (this.pending.has(offset)) return;
      this.pending.add(offset);
      const turn = this.asked;
      try {
        const answer = await ask("library-rows", { ...this.query, offset, limit: PAGE });
        if (turn === this.asked) this.take(answer);
      } catch (error) {
        if (turn === this.asked) this.fail(error);
      } finally {
        if (turn === this.asked) this.pending.delete(offset);
      }
    }
    take(answer) {
      this.matched = answer.matched;
      this.total = answer.total;
      this.grid.put(answer.offset, answer.rows);
      this.showCounts(answer);
      this.decisions.showUndo(answer.undo);
      this.showProgress(answer);
      this.grid.draw();
    }
    showCounts({ counts }) {
      for (const { id, toggle } of this.flags) {
        toggle.setAttribute("aria-pressed", String(Boolean(this.query[id])));
        toggle.lastChild.textContent = String(counts[id]);
      }
      for (const option2 of this.typeFilter.options) {
        const type = this.words.types.find(({ id }) => id === option2.value);
        if (type) option2.textContent = `${type.name} (${counts.types[type.id] || 0})`;
      }
      const families = Object.entries(counts.families);
      const known2 = [...this.familyFilter.options].map(({ text }) => text).join();
      const options = [["", translate("All families")], ...families.map(([id, n]) => [id, `${id} (${n})`])];
      if (known2 !== options.map(([, text]) => text).join()) {
        this.familyFilter.replaceChildren(...options.map(([id, text]) => new Option(text, id)));
        this.familyFilter.value = this.query.family;
      }
      this.grid.showSort(this.query);
      const filtered = this.matched !== this.total;
      this.countText = filtered ? translate("{count} of {total} LoRAs", { count: this.matched, total: this.total }) : translate("{count} LoRAs", { count: this.total });
      if (!this.message) this.status.textContent = this.countText;
    }
    showProgress({ progress, problems }) {
      const { running, done, total, waiting: waiting2, failure } = progress;
      this.progress.hidden = !running && !failure && !problems.length;
      this.progress.classList.toggle("lora-neg-failed", !running && Boolean(failure));
      this.bar.hidden = !running;
      this.bar.max = total || 1;
      if (total) this.bar.value = done;
      else this.bar.removeAttribute("value");
      const reading = total ? translate("Reading LoRA files: {done} of {total}", { done, total }) : translate("Looking for LoRA files …");
      const text = waiting2 ? translate("{reading}; waiting for the generation to end", { reading }) : reading;
      const faults = [failure && translate("Reading stopped: {why}", { why: failure }), ...problems].filter(Boolean);
      this.progressText.textContent = running ? text : faults.join(" · ");
      if (running && !this.polling) this.poll();
    }
    async poll() {
      this.polling = true;
      let answer = { progress: { running: true } };
      let polls = 0;
      while (answer.progress.running) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS2));
        if (!this.root.isConnected) return;
        if (this.root.offsetParent === null) continue;
        try {
          answer = await ask("library-status", {});
        } catch (error) {
          this.polling = false;
          this.fail(error);
          return;
        }
        this.showProgress(answer);
        if (answer.progress.running && ++polls % RELOAD_EVERY === 0) await this.reload();
      }
      this.polling = false;
      await this.reload();
      this.details.reload();
      renewBadges();
    }
    showAll() {
      this.search.value = this.typeFilter.value = this.familyFilter.value = "";
      const off = Object.fromEntries(FLAGS.map(({ id }) => [id, false]));
      return this.ask({ search: "", type: "", family: "", ...off });
    }
    showSelection(count) {
      this.decisions.showSelection(count);
    }
    // Keeps a change of some LoRAs; returns whether it was kept.
    edit(names2, change) {
      return this.decisions.edit(names2, change);
    }
    async refresh() {
      try {
        this.showProgress(await ask("library-refresh", {}));
        await this.reload();
      } catch (error) {
        this.fail(error);
      }
    }
    say(text, bad = false) {
      this.message = translate(text);
      this.status.textContent = this.message || this.countText || "";
      this.status.classList.toggle("lora-neg-failed", bad);
    }
    fail(error) {
      this.say(translate("That did not work: {why}", { why: error.message }), true);
    }
  };

  // frontend/library/tab.js
  var library = null;
  function lookAfter2() {
    const root = gradioApp().querySelector(".lora-neg-library");
    if (!root || root.offsetParent === null || root.dataset.ready) return;
    root.dataset.ready = "true";
    library = new Library(root);
    library.start();
  }
  function openInLibrary(name) {
    if (!showTab("lora_neg_library", "LoRA Library", translate("LoRA Library"))) return;
    let tries = 40;
    const wait = setInterval(() => {
      if (library && library.details && library.total) {
        clearInterval(wait);
        library.details.show(name, true);
      } else if (--tries < 0) clearInterval(wait);
    }, 100);
  }
  function reloadLibrary() {
    if (library) library.reload();
  }
  function startLibrary() {
    onUpdated(lookAfter2);
    onTabChanged(() => setTimeout(lookAfter2, 0));
  }

  // frontend/panel/findings.js
  var shown = {};
  var infoOf = (tab) => find(`#html_info_${tab}`);
  function noteInfo(tab) {
    const info = infoOf(tab);
    if (info) shown[tab] = info.textContent;
  }
  function refreshFindings(tab, recheck2) {
    const info = infoOf(tab);
    const button2 = find(panelPart(tab, "refresh"));
    if (!info || !button2) return;
    const text = info.textContent;
    const before = shown[tab];
    shown[tab] = text;
    if (before === void 0 || before === text) return;
    button2.dataset.loraNegKey = reportKey(tab, info);
    button2.click();
    recheck2(tab);
  }
  var tasks = {};
  function reportKey(tab, info) {
    const answer = info.querySelector("[data-lora-neg-report]");
    return answer ? answer.dataset.loraNegReport : tasks[tab] || "*";
  }
  function watchTasks() {
    const askProgress = window.requestProgress;
    if (typeof askProgress !== "function") return;
    window.requestProgress = function watchedProgress(task, container, ...rest) {
      const tab = TABS.find((name) => container && String(container.id).startsWith(`${name}_`));
      if (tab) tasks[tab] = String(task);
      return askProgress.call(this, task, container, ...rest);
    };
  }
  async function onReset(event, recheck2) {
    const button2 = event.target instanceof Element && event.target.closest("#lora_neg_reset");
    const note = button2 && find("#lora_neg_reset_note");
    if (!note || !window.confirm(`${button2.textContent}?`)) return;
    try {
      const { changed } = await ask("reset-settings", {});
      note.textContent = changed ? "Done. This page shows it after Reload UI." : "All of them had their defaults.";
      recheck2();
    } catch (error) {
      note.textContent = String(error.message);
    }
  }
  function unlockNegative(tab) {
    const negative = inputOf(tab, "negative_prompt");
    const guidance = find(`${panelPart(tab, "guidance")} input:checked`);
    if (negative && negative.disabled && guidance && guidance.value !== "Off") negative.disabled = false;
  }
  var asked = /* @__PURE__ */ new Set();
  function askForTools(tab) {
    if (asked.has(tab) || !find(panelPart(tab, "enabled"))) return;
    asked.add(tab);
    ask("tools", { tab }).then(({ tools }) => setCfgTools(tab, tools), () => {
    });
  }
  function startPanel(recheck2) {
    onUpdated(() => TABS.forEach((tab) => {
      refreshFindings(tab, recheck2);
      unlockNegative(tab);
      askForTools(tab);
    }));
    onLoaded(() => {
      watchTasks();
      gradioApp().addEventListener("click", (event) => onReset(event, recheck2));
      TABS.forEach(noteInfo);
      TABS.forEach(askForTools);
    });
  }

  // frontend/scan/fields.js
  var Fields = class {
    /** `id` keeps the ids of several forms in one page apart. */
    constructor(id) {
      this.id = id;
      this.notes = {};
    }
    field(name, label2, ...content) {
      const made3 = element("div", "lora-neg-scan-field");
      const head = element("div", "lora-neg-scan-label", translate(label2));
      const note = element("p", "lora-neg-note lora-neg-failed");
      note.id = `${this.id}_${name}_note`;
      note.hidden = true;
      this.notes[name] = note;
      made3.append(head, ...content, note);
      made3.dataset.field = name;
      return made3;
    }
    /** Connects a control with the note of a field. */
    described(control, name) {
      control.setAttribute("aria-describedby", `${this.id}_${name}_note`);
      return control;
    }
    /** Radio buttons side by side, of `[value, text, hint]`: their group, and the inputs. */
    choices(name, label2, options, onChange) {
      const group = element("div", "lora-neg-choices");
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-label", translate(label2));
      const radios = options.map(([value, text, hint]) => {
        const choice = element("label", "lora-neg-choice");
        const radio = element("input");
        Object.assign(radio, { type: "radio", name: `${this.id}_${name}`, value });
        radio.addEventListener("change", () => onChange(value));
        if (hint) choice.title = translate(hint);
        choice.append(radio, element("span", "", translate(text)));
        group.append(choice);
        return radio;
      });
      return { group, radios };
    }
    /** Shows errors by field; `unasked` names fields in which nobody has done anything wrong yet. */
    showErrors(errors, unasked = []) {
      for (const [name, note] of Object.entries(this.notes)) {
        note.textContent = unasked.includes(name) ? "" : errors[name] || "";
        note.hidden = !note.textContent;
        note.parentNode.classList.toggle("lora-neg-at-fault", !note.hidden);
      }
    }
  };

  // frontend/scan/picker.js
  var PAUSE_MS3 = 150;
  var made = 0;
  var ScanPicker = class {
    constructor(onChoose, onError) {
      this.onChoose = onChoose;
      this.onError = onError;
      this.rows = [];
      this.active = -1;
      this.turn = 0;
      this.id = `lora_neg_scan_picker_${++made}`;
      this.root = element("div", "lora-neg-picker");
      this.box = input("text", "LoRA", {
        placeholder: "Search a LoRA by name, folder or trigger",
        maxlength: "200",
        role: "combobox",
        "aria-expanded": "false",
        "aria-autocomplete": "list",
        "aria-controls": this.id,
        autocomplete: "off",
        spellcheck: "false"
      });
      this.box.dir = "auto";
      this.list = element("ul", "lora-neg-picker-list");
      this.list.id = this.id;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", translate("LoRAs"));
      this.list.hidden = true;
      this.note = element("p", "lora-neg-note");
      this.note.hidden = true;
      const clear = button("lora-neg-close", "×", () => {
        this.box.value = "";
        this.box.focus();
        this.search();
      });
      clear.setAttribute("aria-label", translate("Search again"));
      const line = element("div", "lora-neg-picker-line");
      line.append(this.box, clear);
      this.root.append(line, this.list, this.note);
      this.box.addEventListener("input", () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.search(), PAUSE_MS3);
      });
      this.box.addEventListener("focus", () => this.box.select());
      this.box.addEventListener("click", () => this.list.hidden && this.search());
      this.box.addEventListener("keydown", (event) => this.onKey(event));
      this.box.addEventListener("blur", () => setTimeout(() => this.leave(), 150));
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const item = event.target.closest("[data-index]");
        if (item) this.choose(Number(item.dataset.index));
      });
    }
    show(name) {
      this.name = name;
      this.box.value = name;
    }
    async search() {
      const turn = ++this.turn;
      const text = this.box.value === this.name ? "" : this.box.value;
      try {
        const { rows, matched } = await ask("scan-loras", { search: text });
        if (turn === this.turn) this.open(rows, matched);
      } catch (error) {
        this.onError(error);
      }
    }
    open(rows, matched) {
      this.rows = rows;
      this.active = rows.length ? Math.max(0, rows.findIndex(({ name }) => name === this.name)) : -1;
      this.list.replaceChildren(...rows.map((row2, index) => this.item(row2, index)));
      this.list.hidden = !rows.length;
      const more = matched - rows.length;
      this.note.textContent = rows.length ? more > 0 ? translate("and {count} more; search to narrow them down", { count: more }) : "" : translate("No LoRA matches.");
      this.note.hidden = !this.note.textContent;
      this.box.setAttribute("aria-expanded", String(!this.list.hidden));
      this.mark();
    }
    item(row2, index) {
      const made3 = element("li", "lora-neg-picker-item");
      made3.id = `${this.id}_${index}`;
      made3.setAttribute("role", "option");
      made3.dataset.index = String(index);
      made3.classList.toggle("lora-neg-pale", !row2.fits);
      const texts = element("span", "lora-neg-stack");
      const name = userText("lora-neg-name", row2.name);
      name.title = row2.name;
      const facts = row2.read === false ? [translate("not read yet")] : [
        row2.type_name,
        row2.range_source && row2.range,
        row2.family !== "unknown" && row2.family,
        !row2.fits && translate("not for this checkpoint")
      ];
      const below = element("bdi", "lora-neg-below", facts.filter(Boolean).join(" · "));
      below.dir = "ltr";
      texts.append(name, below);
      made3.append(typeMark(row2.type || "unknown", row2.letter), texts);
      return made3;
    }
    mark() {
      [...this.list.children].forEach((item, index) => {
        item.setAttribute("aria-selected", String(index === this.active));
        if (index === this.active) item.scrollIntoView({ block: "nearest" });
      });
      if (this.active >= 0) this.box.setAttribute("aria-activedescendant", `${this.id}_${this.active}`);
      else this.box.removeAttribute("aria-activedescendant");
    }
    onKey(event) {
      const to = rowAfterKey(this.active, this.rows.length, event.key, 6);
      if (event.key === "Escape" && !this.list.hidden) this.close();
      else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) this.choose(this.active);
      else if (event.key === "ArrowDown" && this.list.hidden) this.search();
      else if (to !== null && !this.list.hidden && event.key !== "Home" && event.key !== "End") {
        this.active = to;
        this.mark();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    }
    choose(index) {
      const row2 = this.rows[index];
      this.close();
      if (!row2) return;
      this.show(row2.name);
      this.onChoose(row2.name);
    }
    close() {
      clearTimeout(this.timer);
      this.turn++;
      this.list.hidden = true;
      this.note.hidden = true;
      this.box.setAttribute("aria-expanded", "false");
      this.box.removeAttribute("aria-activedescendant");
    }
    // Somebody went elsewhere without choosing: what was chosen before stands there again.
    leave() {
      if (this.root.contains(document.activeElement)) return;
      this.close();
      if (this.name) this.box.value = this.name;
    }
  };

  // frontend/scan/prompts.js
  var HELP = "Tick those that ask for what the LoRA was trained on; the others show what it does to everything else.";
  var ScanPrompts = class {
    constructor(noteId, onChange) {
      this.noteId = noteId;
      this.onChange = onChange;
      this.suggestions = [];
      this.suggested = "[]";
      this.root = element("div", "lora-neg-scan-field");
      this.list = element("ul", "lora-neg-prompts");
      this.suggest = button("", "Suggest", () => this.useSuggestions());
      this.suggest.title = translate("Prompts from its tags, and some that have nothing to do with it");
      this.suggest.disabled = true;
      const tools = element("div", "lora-neg-scan-line");
      tools.append(button("", "Add a prompt", () => this.add({ text: "", subject: true }, true)), this.suggest);
      this.root.append(this.list, tools, element("p", "lora-neg-note", translate(HELP)));
    }
    add({ text, subject }, focus = false) {
      const item = element("li", "lora-neg-prompt");
      const box = element("textarea", "lora-neg-input");
      box.rows = 2;
      box.dir = "auto";
      box.maxLength = 4e3;
      box.value = text;
      box.setAttribute("aria-label", translate("Prompt"));
      box.setAttribute("aria-describedby", this.noteId);
      const tick = input("checkbox", "Asks for its subject");
      tick.checked = subject;
      const label2 = element("label", "lora-neg-check");
      label2.append(tick, element("span", "", translate("its subject")));
      const remove = button("lora-neg-close", "×", () => this.remove(item));
      remove.setAttribute("aria-label", translate("Remove this prompt"));
      const line = element("div", "lora-neg-scan-line");
      line.append(label2, remove);
      item.append(box, line);
      this.list.append(item);
      if (focus) box.focus();
    }
    remove(item) {
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      (next ? next.querySelector("textarea") : this.suggest).focus();
      this.onChange();
    }
    read() {
      return [...this.list.children].map((item) => ({
        text: item.querySelector("textarea").value,
        subject: item.querySelector("input").checked
      }));
    }
    fill(prompts) {
      this.list.replaceChildren();
      prompts.forEach((prompt) => this.add(prompt));
    }
    // Suggestions for another LoRA; they replace what nobody has written.
    offer(prompts, use) {
      const here = this.read();
      const untouched = !here.some(({ text }) => text.trim()) || JSON.stringify(here) === this.suggested;
      this.suggestions = prompts;
      if (JSON.stringify(here) === JSON.stringify(prompts)) this.suggested = JSON.stringify(here);
      this.suggest.disabled = !prompts.length;
      if (use && untouched) this.useSuggestions();
    }
    useSuggestions() {
      this.fill(this.suggestions);
      this.suggested = JSON.stringify(this.read());
      this.onChange();
    }
  };

  // frontend/scan/seeds.js
  function randomSeeds(count, random = Math.random) {
    const seeds = /* @__PURE__ */ new Set();
    while (seeds.size < count) seeds.add(Math.floor(random() * 4294967296));
    return [...seeds].join(", ");
  }
  function seedCount(text) {
    let count = 0;
    for (const part of text.split(",").map((item) => item.trim()).filter(Boolean)) {
      const span = part.match(/^(\d+)\s*-\s*(\d+)$/);
      count += span ? Math.max(1, Number(span[2]) - Number(span[1]) + 1) : 1;
    }
    return Math.max(1, Math.min(100, count));
  }
  function numberIn(text) {
    const trimmed = String(text).trim();
    if (trimmed === "") return null;
    const number = Number(trimmed);
    return Number.isFinite(number) ? number : trimmed;
  }

  // frontend/scan/sampling.js
  var NUMBERS2 = [
    ["cfg", "CFG scale", "0.5"],
    ["steps", "Steps", "1"],
    ["width", "Width", "64"],
    ["height", "Height", "64"],
    ["distilled_cfg", "Distilled CFG", "0.5"]
  ];
  var LISTS = [["sampler", "Sampler"], ["scheduler", "Schedule"]];
  var ScanSampling = class {
    constructor(fields, overview) {
      const usual = overview.form;
      this.root = element("div", "lora-neg-scan-numbers");
      this.numbers = {};
      this.lists = {};
      for (const [name, label2, step] of NUMBERS2) {
        if (usual[name] === null || usual[name] === void 0) continue;
        const box = fields.described(input("number", label2, { step, min: "0" }), name);
        box.value = String(usual[name]);
        this.numbers[name] = box;
        this.root.append(fields.field(name, label2, box));
      }
      for (const [name, label2] of LISTS) {
        const names2 = overview[`${name}s`];
        if (!names2.length) continue;
        const list = fields.described(select(label2, names2.map((text) => [text, text])), name);
        list.value = usual[name] || names2[0];
        this.lists[name] = list;
        this.root.append(fields.field(name, label2, list));
      }
    }
    read() {
      const values = {};
      for (const [name, box] of Object.entries(this.numbers)) values[name] = numberIn(box.value);
      for (const [name, list] of Object.entries(this.lists)) values[name] = list.value;
      return values;
    }
    fill(values) {
      for (const [name, box] of Object.entries({ ...this.numbers, ...this.lists })) {
        if (values[name] !== null && values[name] !== void 0) box.value = String(values[name]);
      }
    }
  };

  // frontend/scan/weights.js
  var ONE_NUMBER = /^\s*-?[\d.]+\s*$/;
  var ScanWeights = class {
    /** `presets` are the host's, the first for a scan, the second for a quick one. */
    constructor(fields, presets, onChange) {
      this.presets = presets;
      this.row = element("div", "lora-neg-presets");
      for (const { id, name, weights } of presets) {
        const preset = button("lora-neg-toggle", name, () => {
          this.box.value = weights;
          onChange();
        });
        preset.dataset.weights = weights;
        preset.dataset.preset = id;
        preset.title = weights;
        this.row.append(preset);
      }
      this.box = fields.described(input("text", "Weights", { spellcheck: "false", maxlength: "2000" }), "weights");
      this.box.dir = "ltr";
      this.box.value = presets[0].weights;
      this.word = input("text", "Word added to the negative prompt with the LoRA", {
        placeholder: "word added to the negative, if it has one",
        maxlength: "4000"
      });
      this.word.dir = "auto";
      this.hint = element("p", "lora-neg-note", translate("A list, or a range: -1 - 1 [9], -0.9--0.3 (+0.3). 0 is always made."));
      this.wordField = fields.field("negative_word", "Added to the negative prompt with the LoRA", this.word);
      this.root = element("div", "lora-neg-scan-stacked");
      this.root.append(fields.field("weights", "Weights", this.row, this.box, this.hint), this.wordField);
    }
    read() {
      return { weights: this.box.value, negative_word: this.word.value };
    }
    fill(form) {
      this.box.value = form.weights;
      this.word.value = form.negative_word || "";
    }
    /** The weight and the word at which a LoRA is compared with and without. */
    fillComparison({ weight, word }) {
      this.box.value = String(weight);
      this.word.value = word;
    }
    /** Shows what the kind of scan needs. */
    showKind(kind) {
      this.row.hidden = this.hint.hidden = kind === "compare";
      this.wordField.hidden = kind !== "compare";
    }
    /** Puts weights of the kind that was just chosen into the box, as far as those there are none of it. */
    changeKind(kind, comparison) {
      const [few, more] = this.presets;
      if (kind === "compare") {
        if (/[,[]/.test(this.box.value)) this.list = this.box.value;
        if (comparison) this.fillComparison(comparison);
      } else if (this.list || ONE_NUMBER.test(this.box.value)) {
        this.box.value = this.list || (kind === "quick" ? more : few).weights;
      }
      if (kind === "quick" && this.box.value === few.weights) this.box.value = more.weights;
    }
    /** Marks the preset that stands in the box. */
    markPreset() {
      for (const preset of this.row.children) {
        preset.setAttribute("aria-pressed", String(preset.dataset.weights === this.box.value));
      }
    }
  };

  // frontend/scan/words.js
  function duration(seconds) {
    if (seconds < 50) return translate("{count} s", { count: Math.max(1, Math.round(seconds)) });
    if (seconds < 3570) return translate("{count} min", { count: Math.max(1, Math.round(seconds / 60)) });
    const hours = Math.floor(seconds / 3600 + 1 / 120);
    const minutes = Math.max(0, Math.round((seconds - hours * 3600) / 60));
    return minutes ? translate("{hours} h {minutes} min", { hours, minutes }) : translate("{hours} h", { hours });
  }
  function counted(count, one, many) {
    return translate(count === 1 ? one : many, { count: count.toLocaleString("en") });
  }
  function costText(cost, kind) {
    const time = cost.seconds === null ? translate("how long is told once the first are made") : translate("about {time}", { time: duration(cost.seconds) });
    let evaluations = counted(cost.evaluations, "{count} evaluation", "{count} evaluations");
    if (cost.asked) {
      const share = `${Math.round(100 * cost.asked / cost.evaluations)} %`;
      evaluations = translate("{evaluations} and {share} more to ask the model", { evaluations, share });
    }
    if (kind === "quick") return translate("No pictures, {evaluations} of the model: {time}.", { evaluations, time });
    const prompts = counted(cost.prompts, "{count} prompt", "{count} prompts");
    const pairs = `${prompts} × ${counted(cost.seeds, "{count} seed", "{count} seeds")}`;
    const shape = kind === "compare" ? translate("{pairs}, with and without", { pairs }) : translate("{count} weights × {pairs}", { count: cost.weights, pairs });
    const pictures = counted(cost.pictures, "{count} picture", "{count} pictures");
    return translate("{pictures} ({shape}), {evaluations}: {time}.", { pictures, shape, evaluations, time });
  }
  function safeText(job) {
    return counted(Math.max(0, job.done - job.failed), "{count} picture is safe.", "{count} pictures are safe.");
  }
  function progressText(job) {
    const { done, total } = job;
    const made3 = job.quick ? translate("{done} of {total} weights", { done, total }) : translate("{done} of {total} pictures", { done, total });
    const count = job.failed ? translate("{made}, {count} failed", { made: made3, count: job.failed }) : made3;
    if (job.state === "done") return `${translate("Finished: {count}.", { count })}${job.note ? ` ${job.note}` : ""}`;
    if (job.state === "stopped") return translate("Stopped at {count}.", { count });
    if (job.state === "failed") return translate("Failed at {count}: {why}", { count: made3, why: job.error });
    if (job.state === "lost") return job.quick ? translate("The server was started anew, and the scan is lost: start it again.") : translate("The server was started anew. {safe}", { safe: safeText(job) });
    if (job.state === "concluding") return translate("Judging and drawing the curves …");
    if (job.stopping) return translate("Stopping after this picture: {count}", { count: made3 });
    if (job.state === "waiting" && !job.done) return translate("Waiting for its turn; a generation is running or queued");
    if (job.seconds_left === null) return count;
    return `${count} · ${translate("about {time} left", { time: duration(job.seconds_left) })}`;
  }
  function spokenStep(job) {
    if (!job) return "";
    if (job.over || job.state === "concluding" || job.stopping) return `${job.state}${job.stopping}`;
    return `${job.state === "waiting" && !job.done ? "waiting" : "running"} ${Math.floor(10 * job.done / (job.total || 1))}`;
  }

  // frontend/scan/form.js
  var PAUSE_MS4 = 250;
  var MEMORY = "lora_neg_scan_form";
  var KINDS2 = [
    ["scan", "Weight scan", "Pictures over the weights, measured and judged"],
    ["quick", "Quick scan", "The same two numbers from a few evaluations of the model, without pictures"],
    ["compare", "A/B picture", "With and without the LoRA at the same seeds, side by side"]
  ];
  var PARTS = [["both", "Unet and text encoder"], ["unet", "Unet only"], ["text_encoder", "Text encoder only"]];
  var made2 = 0;
  var ScanForm = class {
    constructor(scan2) {
      this.scan = scan2;
      this.turn = 0;
      this.kind = "scan";
      this.lora = null;
      this.id = `lora_neg_scan_form_${++made2}`;
      this.root = element("form", "lora-neg-scan-form");
      this.root.noValidate = true;
      this.root.setAttribute("aria-label", translate("What to scan"));
      this.root.addEventListener("input", () => this.changed());
      this.root.addEventListener("change", () => this.changed());
      this.root.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit();
      });
    }
    // Builds the form anew, with what stood in it or what stood in it last time.
    build(overview, kept = null) {
      this.overview = overview;
      this.fields = new Fields(this.id);
      const list = this.weights && this.weights.list;
      this.weights = new ScanWeights(this.fields, overview.presets, () => this.changed());
      this.weights.list = list;
      this.picker = new ScanPicker((name) => this.choose(name), (error) => this.scan.fail(error));
      this.about = element("div", "lora-neg-scan-about");
      this.about.hidden = true;
      this.root.replaceChildren(
        this.checkpointLine(),
        this.fields.field("lora", "LoRA", this.picker.root, this.about),
        this.kindField(),
        this.weights.root,
        this.partField(),
        this.promptsField(),
        this.textField("negative_prompt", "Negative prompt", overview.form.negative_prompt),
        this.seedsField(),
        this.samplingField(),
        this.criticField(),
        this.footer()
      );
      this.recall(kept);
      this.showKind();
      this.check();
    }
    // ---- pieces -------------------------------------------------------------------------
    checkpointLine() {
      const { checkpoint } = this.overview;
      const made3 = this.fields.field("checkpoint", "Checkpoint");
      const text = checkpoint ? `${checkpoint.title}` : translate("none chosen");
      const line = userText("lora-neg-scan-checkpoint", text);
      line.title = checkpoint ? `${checkpoint.title} · ${checkpoint.digest}` : "";
      made3.insertBefore(line, made3.lastChild);
      return made3;
    }
    kindField() {
      const { group, radios } = this.fields.choices("kind", "What to make", KINDS2, (kind) => {
        this.kind = kind;
        this.showKind(true);
      });
      this.kinds = radios;
      this.kindNote = element("p", "lora-neg-note");
      return this.fields.field("kind", "What to make", group, this.kindNote);
    }
    partField() {
      this.part = this.fields.described(select("Part that takes the weight", PARTS), "part");
      this.held = input("number", "Weight of the other part", { step: "0.05", min: "-10", max: "10", value: "0" });
      this.heldLabel = element("label", "lora-neg-scan-held", `${translate("the other part stays at")} `);
      this.heldLabel.append(this.held);
      const line = element("div", "lora-neg-scan-line");
      line.append(this.part, this.heldLabel);
      this.heldLabel.hidden = true;
      return this.fields.field("part", "Part that takes the weight", line);
    }
    promptsField() {
      this.prompts = new ScanPrompts(`${this.id}_prompts_note`, () => this.changed());
      return this.fields.field("prompts", "Prompts", this.prompts.root);
    }
    textField(name, label2, value) {
      const box = element("textarea", "lora-neg-input");
      box.rows = 2;
      box.dir = "auto";
      box.maxLength = 4e3;
      box.value = value;
      box.setAttribute("aria-label", translate(label2));
      this[name] = this.fields.described(box, name);
      return this.fields.field(name, label2, box);
    }
    seedsField() {
      this.seeds = this.fields.described(input("text", "Seeds", { spellcheck: "false", maxlength: "2000", value: "1, 2" }), "seeds");
      const line = element("div", "lora-neg-scan-line");
      line.append(this.seeds, button("", "New seeds", () => {
        this.seeds.value = randomSeeds(seedCount(this.seeds.value));
        this.changed();
      }));
      return this.fields.field("seeds", "Seeds", line);
    }
    samplingField() {
      this.sampling = new ScanSampling(this.fields, this.overview);
      return this.sampling.root;
    }
    criticField() {
      this.critic = input("checkbox", "Let the model judge, too");
      const label2 = element("label", "lora-neg-check");
      label2.append(this.critic, element("span", "", translate("Let the model judge, too")));
      const note = element("p", "lora-neg-note", translate("It also sees smeared, misplaced, doubled and missing parts."));
      this.criticLine = this.fields.field("critic", "The model's own judgement", label2, note);
      return this.criticLine;
    }
    footer() {
      const made3 = this.fields.field("plan", "");
      made3.classList.add("lora-neg-scan-footer");
      made3.firstChild.remove();
      this.cost = element("p", "lora-neg-scan-cost");
      this.cost.setAttribute("role", "status");
      this.start = element("button", "lora-neg-button lora-neg-primary", translate("Start"));
      this.start.type = "submit";
      this.start.disabled = true;
      made3.prepend(this.cost);
      made3.append(this.start);
      return made3;
    }
    // ---- what stands in it --------------------------------------------------------------
    body() {
      return {
        kind: this.kind,
        lora: this.lora ? this.lora.name : "",
        ...this.weights.read(),
        part: this.part.value,
        held: numberIn(this.held.value),
        prompts: this.prompts.read(),
        negative_prompt: this.negative_prompt.value,
        seeds: this.seeds.value,
        critic: this.critic.checked,
        ...this.sampling.read()
      };
    }
    // Fills the form with what asked for a scan.
    async fill(form) {
      this.kind = form.kind;
      this.prompts.fill(form.prompts);
      for (const name of ["part", "seeds", "negative_prompt"]) this[name].value = form[name];
      this.weights.fill(form);
      this.held.value = String(form.held || 0);
      this.critic.checked = form.critic === true;
      this.sampling.fill(form);
      this.showKind();
      await this.choose(form.lora, true);
    }
    recall(kept) {
      if (kept) {
        this.fill(kept);
        return;
      }
      try {
        const before = JSON.parse(localStorage.getItem(MEMORY));
        const known2 = before && Array.isArray(before.prompts) && KINDS2.some(([kind]) => kind === before.kind);
        if (known2) this.fill(before);
      } catch {
        localStorage.removeItem(MEMORY);
      }
    }
    choose(name, keep = false) {
      if (!name) return null;
      const choosing = this.load(name, keep);
      this.choosing = choosing;
      return choosing;
    }
    async load(name, keep) {
      try {
        const lora = await ask("scan-lora", { name });
        this.lora = lora;
        this.picker.show(name);
        this.showLora();
        this.prompts.offer(lora.prompts, !keep);
        if (!keep && this.kind === "compare") this.weights.fillComparison(lora.compare);
        this.scan.history.reload(name);
      } catch (error) {
        if (!keep) this.scan.fail(error);
      }
      this.changed();
    }
    showLora() {
      const { lora } = this;
      const line = element("p", "lora-neg-type-line");
      line.append(typeMark(lora.type, lora.letter), element("strong", "", lora.type_name || translate("not read yet")));
      if (lora.range && lora.range_source) {
        const range2 = element("bdi", "lora-neg-range", lora.range);
        range2.dir = "ltr";
        line.append(range2, element("span", "lora-neg-below", lora.range_source));
      }
      this.about.replaceChildren(line);
      if (lora.saved) this.about.append(userText("lora-neg-note", lora.saved));
      if (lora.blocks) this.about.append(userText("lora-neg-note", lora.blocks));
      if (lora.type === "trigger_negative" || lora.type === "dedicated_negative") {
        const hint = element("p", "lora-neg-note", `${translate("Made to be loaded as a negative: an A/B picture shows best what it does.")} `);
        if (this.kind !== "compare") hint.append(button("lora-neg-link", "A/B picture", () => this.setKind("compare")));
        this.about.append(hint);
      }
      this.about.hidden = false;
    }
    setKind(kind) {
      this.kind = kind;
      this.showKind(true);
      this.changed();
    }
    // Shows the fields of the chosen kind; `moved`: somebody has just chosen it.
    showKind(moved = false) {
      const { kind } = this;
      this.kinds.forEach((radio) => radio.checked = radio.value === kind);
      this.kinds.find(({ value }) => value === "quick").disabled = !this.overview.quick;
      this.weights.showKind(kind);
      this.criticLine.hidden = !this.overview.critic || kind === "quick";
      this.kindNote.textContent = this.overview.quick || kind !== "scan" ? translate(KINDS2.find(([id]) => id === kind)[2]) : `${translate(KINDS2[0][2])}. ${translate("This host has no quick scan.")}`;
      if (!moved) return;
      this.weights.changeKind(kind, this.lora && this.lora.compare);
      if (this.lora) this.showLora();
    }
    changed() {
      this.stale = true;
      this.turn += 1;
      if (this.start && this.lora && !this.scan.isRunning) this.start.disabled = false;
      this.heldLabel.hidden = this.part.value === "both";
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.check(), PAUSE_MS4);
    }
    // Starts, or shows, what stands in the form now: a click counts however long the answer to
    // the last change takes, and never for what stood there before.
    async submit() {
      if (this.submitting || this.scan.isRunning) return;
      this.submitting = true;
      this.start.setAttribute("aria-busy", "true");
      try {
        await this.choosing;
        while (this.stale) {
          clearTimeout(this.timer);
          if (!await this.check()) return;
        }
        if (!this.ready || this.scan.isRunning) return;
        if (this.complete) await this.scan.open(this.complete);
        else await this.scan.start(this.body());
      } finally {
        this.submitting = false;
        this.start.removeAttribute("aria-busy");
      }
    }
    // Asks what it would cost, or what is wrong; says whether there was an answer.
    async check() {
      const turn = ++this.turn;
      const body = this.body();
      try {
        const answer = await ask("scan-plan", body);
        if (turn !== this.turn) return true;
        this.show(answer);
        localStorage.setItem(MEMORY, JSON.stringify(body));
        return true;
      } catch (error) {
        if (turn === this.turn) this.scan.fail(error);
        return false;
      }
    }
    show({ errors, cost, existing }) {
      this.stale = false;
      const untouched = !this.lora;
      this.fields.showErrors(errors, untouched ? ["lora", "prompts"] : []);
      this.weights.markPreset();
      const quick = this.kind === "quick";
      const there = cost && existing && (quick ? existing.sentence : existing.finished);
      this.cost.textContent = cost ? costText(cost, this.kind) : untouched ? translate("Choose a LoRA to see what a scan costs.") : translate("Something above needs a look first.");
      const missing = there && !quick ? existing.total - existing.finished : 0;
      const unread = Boolean(there && !missing && existing.unread);
      if (there) {
        this.cost.textContent += missing ? ` ${translate("{count} of them are there already.", { count: existing.finished })}` : ` ${translate("It was made before.")}`;
        if (unread) this.cost.textContent += ` ${translate("The model is still to be asked about it.")}`;
      }
      this.complete = there && !missing && !unread ? existing.scan : "";
      this.ready = Boolean(cost);
      this.showBusy(this.scan.isRunning);
    }
    showBusy(busy) {
      if (!this.start) return;
      this.start.disabled = !this.ready || busy;
      this.start.textContent = busy ? translate("A scan is running") : this.complete ? translate("Show it") : translate("Start");
    }
  };

  // frontend/scan/history.js
  var KINDS3 = { scan: "Scan", quick: "Quick scan", compare: "A/B picture" };
  var ScanHistory = class {
    constructor(scan2) {
      this.scan = scan2;
      this.turn = 0;
      this.root = element("section", "lora-neg-scan-history");
      this.root.setAttribute("aria-label", translate("Past scans"));
      this.which = select("Which LoRAs", [["", "All LoRAs"], ["lora", "This LoRA"]]);
      this.where = select("Which checkpoints", [["", "All checkpoints"], ["here", "This checkpoint"]]);
      this.which.addEventListener("change", () => this.reload());
      this.where.addEventListener("change", () => this.reload());
      const head = element("div", "lora-neg-scan-line");
      head.append(element("h4", "", translate("Past scans")), this.which, this.where);
      this.list = element("ul", "lora-neg-scan-entries");
      this.note = element("p", "lora-neg-note");
      this.root.append(head, this.list, this.note);
    }
    // A LoRA was chosen: those of its own are meant, if somebody looks at one LoRA only.
    async reload(lora) {
      if (lora !== void 0) this.lora = lora;
      const turn = ++this.turn;
      const { checkpoint } = this.scan.overview;
      const asked2 = {
        lora: this.which.value ? this.lora || "" : "",
        checkpoint: this.where.value && checkpoint ? checkpoint.digest : ""
      };
      try {
        const { entries, total } = await ask("scan-history", asked2);
        if (turn !== this.turn) return;
        this.entries = entries;
        this.list.replaceChildren(...entries.map((entry) => this.item(entry)));
        const more = total - entries.length;
        this.note.textContent = total ? more ? translate("and {count} older ones", { count: more }) : "" : translate("None yet.");
        this.note.hidden = !this.note.textContent;
        this.scan.offer(entries.find((entry) => entry.unfinished && entry.finished));
      } catch (error) {
        if (turn === this.turn) this.scan.fail(error);
      }
    }
    mark() {
      for (const item of this.list.children) {
        const open = item.dataset.scan === this.scan.result.name;
        item.classList.toggle("lora-neg-open", open);
        item.querySelector("button").setAttribute("aria-pressed", String(open));
      }
    }
    item(entry) {
      const made3 = element("li", "lora-neg-scan-entry");
      made3.dataset.scan = entry.scan;
      const open = button("lora-neg-scan-open", "", () => this.scan.open(entry.scan));
      const name = userText("lora-neg-name", entry.name);
      name.title = entry.name;
      const day = entry.started ? new Date(entry.started * 1e3).toLocaleDateString() : "";
      const count = entry.kind === "quick" ? "" : entry.running || entry.unfinished ? translate("{count} of {total}", { count: entry.finished, total: entry.total }) : translate("{count} pictures", { count: entry.total });
      const state = entry.running ? translate("running") : entry.unfinished ? translate("unfinished") : "";
      const facts = [translate(KINDS3[entry.kind]), entry.weights, count, day, this.scan.checkpointName(entry.checkpoint)].filter(Boolean).join(" · ");
      const below = element("span", "lora-neg-below", facts);
      below.dir = "ltr";
      open.append(name, below);
      if (state) open.append(element("span", "lora-neg-evidence", state));
      if (entry.sentence) open.append(userText("lora-neg-below lora-neg-scan-said", entry.sentence));
      made3.append(open);
      const isOpen = entry.scan === this.scan.result.name;
      open.setAttribute("aria-pressed", String(isOpen));
      made3.classList.toggle("lora-neg-open", isOpen);
      return made3;
    }
  };

  // frontend/scan/job_line.js
  var JobLine = class {
    /** `acts`: what its buttons do, `stop`, and `open` and `resume` with a scan's name. */
    constructor(acts) {
      this.spoken = element("p", "lora-neg-sr");
      this.spoken.setAttribute("aria-live", "polite");
      this.bar = element("progress");
      this.bar.setAttribute("aria-label", translate("Scan"));
      this.text = element("span", "lora-neg-scan-progress-text");
      this.text.dir = "auto";
      this.stop = button("", "Stop", () => acts.stop());
      this.showIt = button("lora-neg-link", "Show it", () => acts.open(this.job.scan));
      this.goOn = button("lora-neg-primary", "Go on", () => acts.resume(this.job.scan));
      this.root = element("div", "lora-neg-scan-progress");
      this.root.hidden = true;
      this.root.append(this.bar, this.text, this.showIt, this.goOn, this.stop);
    }
    /** Shows a job, none for null; `shown` is the scan that the page shows. */
    show(job, shown2) {
      const step = spokenStep(job);
      this.job = job;
      this.root.hidden = !job;
      if (!job) return;
      const text = progressText(job);
      const name = userText("lora-neg-scan-short", job.name);
      name.title = job.name;
      this.text.replaceChildren(name, ` · ${text}`);
      if (step !== this.step) this.spoken.textContent = `${job.name}: ${text}`;
      this.step = step;
      this.bar.max = job.total || 1;
      if (job.state === "concluding" || job.state === "waiting" && !job.done) this.bar.removeAttribute("value");
      else this.bar.value = job.done;
      this.bar.hidden = job.over;
      const failed = job.state === "failed" || job.state === "lost";
      this.root.classList.toggle("lora-neg-failed", failed);
      this.stop.hidden = job.over;
      this.stop.disabled = job.stopping || job.state === "concluding";
      this.goOn.hidden = job.quick || !(job.state === "stopped" || failed && job.done);
      this.showIt.hidden = shown2 === job.scan || !job.done;
    }
    /** Whether it has a button to go on with this scan. */
    offersToGoOn(scan2) {
      return Boolean(this.job && this.job.scan === scan2 && !this.goOn.hidden);
    }
  };
  var OfferLine = class {
    /** `acts`: `open` and `resume` with a scan's name. */
    constructor(acts) {
      this.acts = acts;
      this.root = element("div", "lora-neg-scan-offer");
      this.root.hidden = true;
    }
    hide() {
      this.root.hidden = true;
    }
    /** Offers an unfinished scan of earlier, unless somebody has declined it. */
    show(entry) {
      if (entry.scan === this.declined) {
        this.hide();
        return;
      }
      const text = element("span");
      const counts = { done: entry.finished, total: entry.total };
      text.append(
        userText("lora-neg-scan-short", entry.name),
        " ",
        translate("was not finished: {done} of {total} pictures.", counts)
      );
      this.root.replaceChildren(
        text,
        button("lora-neg-primary", "Go on", () => this.acts.resume(entry.scan)),
        button("", "Show", () => this.acts.open(entry.scan)),
        button("lora-neg-link", "Not now", () => {
          this.declined = entry.scan;
          this.hide();
        })
      );
      this.root.hidden = false;
    }
  };

  // frontend/scan/cells.js
  var THUMBNAILS = [96, 192, 384];
  function gridMove({ row: row2, column }, key, rows, columns) {
    const moves = {
      ArrowLeft: [row2, column - 1],
      ArrowRight: [row2, column + 1],
      ArrowUp: [row2 - 1, column],
      ArrowDown: [row2 + 1, column],
      Home: [row2, 0],
      End: [row2, columns - 1]
    };
    if (!(key in moves)) return null;
    const [toRow, toColumn] = moves[key];
    if (toRow < 0 || toRow >= rows || toColumn < 0 || toColumn >= columns) return null;
    return { row: toRow, column: toColumn };
  }
  function thumbnailSide(width, ratio = 1) {
    return THUMBNAILS.find((side) => side >= width * ratio) || THUMBNAILS[THUMBNAILS.length - 1];
  }
  function fittingWidth(room, columns, labels = 190, gap = 6) {
    return Math.max(64, Math.min(260, Math.floor((room - labels) / columns) - gap));
  }
  function isDamaged(weight, verdict) {
    if (!verdict) return false;
    const { damaged_to: below, damaged_from: above } = verdict;
    return below !== null && weight < 0 && weight <= below + 1e-9 || above !== null && weight > 0 && weight >= above - 1e-9;
  }

  // frontend/scan/picture.js
  var STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function unlikelyText({ unlikely, balks }) {
    const times = (2 ** unlikely).toFixed(1);
    if (balks) return translate("The model balks at it: far less likely than at weight 0 (error × {times}).", { times });
    return unlikely < 0.1 ? translate("To the model it is as likely as at weight 0.") : translate("To the model it is less likely than at weight 0 (error × {times}), no more than the change explains.", { times });
  }
  var ScanPicture = class {
    constructor(scan2, grid) {
      this.scan = scan2;
      this.grid = grid;
      this.root = element("dialog", "lora-neg-scan-dialog");
      this.root.setAttribute("aria-label", translate("Picture"));
      this.root.addEventListener("keydown", (event) => this.onKey(event));
      this.root.addEventListener("click", (event) => event.target === this.root && this.root.close());
      this.root.addEventListener("close", () => this.opener && this.opener.focus());
      this.title = element("h3");
      this.pictures = element("div", "lora-neg-scan-pictures");
      this.text = userText("lora-neg-scan-infotext", "");
      this.note = element("p", "lora-neg-note");
      this.note.setAttribute("role", "status");
      this.tick = input("checkbox", "Beside weight 0");
      this.tick.addEventListener("change", () => this.draw());
      const label2 = element("label", "lora-neg-check");
      label2.append(this.tick, element("span", "", translate("Beside weight 0")));
      this.heatTick = input("checkbox", "Where the model balks");
      this.heatTick.addEventListener("change", () => this.draw());
      this.heatLabel = element("label", "lora-neg-check");
      this.heatLabel.append(this.heatTick, element("span", "", translate("Where the model balks")));
      this.heatLabel.hidden = true;
      this.sendButton = button("", "Send to txt2img", () => this.scan.paste(this.cell.send));
      const close = button("lora-neg-close", "×", () => this.root.close());
      close.setAttribute("aria-label", translate("Close"));
      const head = element("div", "lora-neg-scan-line");
      head.append(this.title, label2, this.heatLabel, this.sendButton, close);
      this.root.append(head, this.pictures, this.note, this.text);
    }
    async open(id, opener) {
      this.opener = opener;
      const { data } = this.grid;
      if (!this.root.open) this.tick.checked = data.kind === "compare";
      this.cell = { id };
      this.text.textContent = this.note.textContent = "";
      this.sendButton.hidden = this.heatLabel.hidden = true;
      this.draw();
      if (!this.root.open) this.root.showModal();
      try {
        const cell2 = await ask("scan-cell", { scan: data.scan, cell: id });
        if (this.cell.id !== id) return;
        this.cell = cell2;
        this.text.textContent = cell2.infotext || cell2.text;
        this.sendButton.hidden = !cell2.send;
        this.heatLabel.hidden = cell2.unlikely === null;
        if (this.heatTick.checked) this.draw();
        this.note.textContent = cell2.effect === null || cell2.weight === 0 ? "" : translate("Differs from weight 0 by {effect} (0 is the same, 1 another picture).", { effect: cell2.effect.toFixed(2) });
        if (cell2.unlikely !== null) this.note.textContent += ` ${unlikelyText(cell2)}`;
        if (cell2.lost) this.note.textContent += ` ${translate("Its prompt explains less of it: some of what was asked for may be gone.")}`;
      } catch (error) {
        this.note.textContent = error.message;
      }
    }
    draw() {
      const { data, active } = this.grid;
      const column = data.columns[active.column];
      const row2 = data.rows[active.row];
      this.title.textContent = translate("Weight {weight}, seed {seed}", { weight: column.text, seed: row2.seed });
      const heat = this.heatTick.checked && this.cell.unlikely !== void 0 && this.cell.unlikely !== null;
      const figures = [this.figure(this.cell.id, translate("weight {weight}", { weight: column.text }), heat ? "scan-heat" : "scan-picture")];
      const zero = this.grid.key(0, row2);
      const there = this.grid.buttons.get(zero);
      if (this.tick.checked && column.weight !== 0 && there && there.made.dataset.cell) {
        figures.unshift(this.figure(zero, data.kind === "compare" ? translate("without the LoRA") : translate("weight 0")));
      }
      this.pictures.replaceChildren(...figures);
    }
    figure(id, caption, file = "scan-picture") {
      const made3 = element("figure");
      const image = element("img");
      image.alt = caption;
      image.src = fileAddress(file, { scan: this.grid.data.scan, cell: id });
      made3.append(image, element("figcaption", "", caption));
      return made3;
    }
    onKey(event) {
      if (!(event.key in STEPS)) return;
      event.preventDefault();
      const id = this.grid.beside(STEPS[event.key]);
      if (id) this.open(id, this.grid.at(this.grid.active.row, this.grid.active.column));
    }
  };

  // frontend/scan/grid.js
  var ScanGrid = class {
    constructor(scan2) {
      this.scan = scan2;
      this.root = element("div", "lora-neg-scan-grid");
      this.dialog = new ScanPicture(scan2, this);
      this.active = { row: 0, column: 0 };
    }
    show(data) {
      const same = this.data && this.data.scan === data.scan;
      this.data = data;
      this.buttons = /* @__PURE__ */ new Map();
      if (!same) this.active = { row: 0, column: 0 };
      const scrolled = same && this.frame ? this.frame.scrollLeft : 0;
      this.table = element("table", "lora-neg-scan-table");
      this.table.setAttribute("aria-label", translate("Pictures of {name}: a column per weight, a row per prompt and seed", data));
      this.table.append(this.head(), this.body());
      this.table.addEventListener("click", (event) => this.onClick(event));
      this.table.addEventListener("keydown", (event) => this.onKey(event));
      this.frame = element("div", "lora-neg-scan-frame");
      this.frame.append(this.table);
      this.root.replaceChildren(this.tools(same), this.frame);
      for (const cell2 of data.cells) this.put(cell2);
      this.rove();
      this.frame.scrollLeft = scrolled;
    }
    tools(same) {
      const line = element("div", "lora-neg-scan-line lora-neg-scan-zoom");
      const label2 = element("label", "", `${translate("Size of the pictures")} `);
      this.zoom = input("range", "Size of the pictures", { min: "48", max: "400", step: "4" });
      this.zoom.value = String(same && this.width || fittingWidth(this.room(), this.data.columns.length));
      this.zoom.addEventListener("input", () => this.resize());
      this.zoom.addEventListener("change", () => this.sharpen());
      label2.append(this.zoom);
      line.append(label2);
      if (this.data.verdict && (this.data.verdict.damaged_to !== null || this.data.verdict.damaged_from !== null)) {
        line.append(element("span", "lora-neg-scan-key", translate("damaged")));
      }
      this.resize();
      return line;
    }
    room() {
      return this.root.parentNode && this.root.clientWidth || 800;
    }
    resize() {
      this.width = Number(this.zoom.value);
      this.root.style.setProperty("--cell", `${this.width}px`);
      this.root.style.setProperty("--shape", `${this.data.width} / ${this.data.height}`);
    }
    // Larger cells ask for larger thumbnails.
    sharpen() {
      for (const [id, { made: made3 }] of this.buttons) {
        const image = made3.querySelector("img");
        if (image) image.src = this.address(id);
      }
    }
    address(id) {
      const side = thumbnailSide(this.width, window.devicePixelRatio || 1);
      return fileAddress("scan-picture", { scan: this.data.scan, cell: id, side });
    }
    head() {
      const head = element("thead");
      const line = element("tr");
      line.append(element("td", "lora-neg-scan-corner"));
      for (const { weight, text } of this.data.columns) {
        const cell2 = element("th", "", text);
        cell2.scope = "col";
        cell2.dir = "ltr";
        cell2.classList.toggle("lora-neg-scan-zero", weight === 0);
        if (isDamaged(weight, this.data.verdict)) {
          cell2.classList.add("lora-neg-scan-damaged");
          cell2.append(element("span", "lora-neg-sr", `, ${translate("damaged")}`));
        }
        line.append(cell2);
      }
      head.append(line);
      return head;
    }
    body() {
      const body = element("tbody");
      this.data.rows.forEach((row2, index) => {
        const line = element("tr");
        const label2 = element("th", "lora-neg-scan-row");
        label2.scope = "row";
        const text = userText("lora-neg-scan-prompt", row2.text);
        text.title = row2.text;
        const seed = translate("seed {seed}", row2) + (row2.subject ? "" : ` · ${translate("unrelated")}`);
        label2.append(text, element("span", "lora-neg-below", seed));
        line.append(label2);
        this.data.columns.forEach(({ weight, text: shown2 }, column) => {
          const cell2 = element("td");
          const made3 = button("lora-neg-scan-cell", "");
          const spoken = translate("weight {weight}, {text}, seed {seed}", { ...row2, weight: shown2 });
          made3.setAttribute("aria-label", translate("{cell}: not made yet", { cell: spoken }));
          made3.setAttribute("aria-disabled", "true");
          made3.dataset.row = String(index);
          made3.dataset.column = String(column);
          made3.tabIndex = -1;
          this.buttons.set(this.key(weight, row2), { made: made3, label: spoken });
          cell2.append(made3);
          line.append(cell2);
        });
        body.append(line);
      });
      return body;
    }
    key(weight, { prompt, seed }) {
      return `w${weight.toFixed(4)}_p${String(prompt).padStart(2, "0")}_s${seed}`;
    }
    // A cell has become finished, or has failed.
    put({ id, error }) {
      const found = this.buttons && this.buttons.get(id);
      if (!found || found.made.dataset.cell) return;
      const { made: made3, label: label2 } = found;
      if (error) {
        made3.replaceChildren(element("span", "lora-neg-scan-fault", "⚠"));
        made3.title = error;
        made3.setAttribute("aria-label", translate("{cell}: failed, {why}", { cell: label2, why: error }));
        return;
      }
      const image = element("img");
      image.loading = "lazy";
      image.alt = "";
      image.src = this.address(id);
      image.addEventListener("error", () => {
        made3.replaceChildren(element("span", "lora-neg-scan-fault", "⚠"));
        made3.title = translate("The picture is missing or damaged");
      });
      made3.replaceChildren(image);
      made3.dataset.cell = id;
      made3.removeAttribute("aria-disabled");
      made3.setAttribute("aria-label", label2);
    }
    // What is still open of a scan that has ended.
    at(row2, column) {
      const { weight } = this.data.columns[column] || {};
      const found = weight === void 0 ? null : this.buttons.get(this.key(weight, this.data.rows[row2]));
      return found ? found.made : null;
    }
    rove(focus = false) {
      for (const { made: made4 } of this.buttons.values()) made4.tabIndex = -1;
      const made3 = this.at(this.active.row, this.active.column);
      if (!made3) return;
      made3.tabIndex = 0;
      if (focus) made3.focus();
    }
    onClick(event) {
      const made3 = event.target.closest(".lora-neg-scan-cell");
      if (!made3) return;
      this.active = { row: Number(made3.dataset.row), column: Number(made3.dataset.column) };
      this.rove();
      if (made3.dataset.cell) this.dialog.open(made3.dataset.cell, made3);
    }
    onKey(event) {
      const to = gridMove(this.active, event.key, this.data.rows.length, this.data.columns.length);
      if (!to || !event.target.closest(".lora-neg-scan-cell")) return;
      event.preventDefault();
      this.active = to;
      this.rove(true);
    }
    // The next finished picture in a direction, for the enlarged one.
    beside(step) {
      let { row: row2, column } = this.active;
      for (; ; ) {
        column += step[0];
        row2 += step[1];
        if (row2 < 0 || column < 0 || row2 >= this.data.rows.length || column >= this.data.columns.length) return null;
        const made3 = this.at(row2, column);
        if (made3 && made3.dataset.cell) {
          this.active = { row: row2, column };
          this.rove();
          return made3.dataset.cell;
        }
      }
    }
  };

  // frontend/scan/result.js
  var KINDS4 = { scan: "Weight scan", quick: "Quick scan", compare: "A/B picture" };
  var ScanResult = class {
    constructor(scan2) {
      this.scan = scan2;
      this.root = element("div", "lora-neg-scan-result");
      this.grid = new ScanGrid(scan2);
      this.root.append(this.grid.dialog.root);
      this.verdict = element("div", "lora-neg-scan-verdict");
      this.head = element("header", "lora-neg-scan-head");
      this.below = element("div", "lora-neg-scan-below");
      this.content = element("div", "lora-neg-scan-content");
      this.content.append(this.head, this.verdict, this.grid.root, this.below);
      this.root.append(this.content);
      this.empty();
    }
    get name() {
      return this.data ? this.data.scan : null;
    }
    empty() {
      this.data = null;
      this.content.hidden = true;
      if (!this.welcome) {
        this.welcome = element("div", "lora-neg-scan-welcome");
        this.welcome.append(
          element("p", "lora-neg-empty-head", translate("Measure the safe range of a LoRA")),
          element("p", "", "A scan makes the same pictures at many weights, with raw weights and the guard aside. It tells what the LoRA does at negative weights and where damage begins, and saves both to the LoRA, so that the guard obeys them."),
          element("p", "", "Choose a LoRA, look at the cost, and start.")
        );
        this.root.append(this.welcome);
      }
      this.welcome.hidden = false;
    }
    show(data) {
      this.data = data;
      this.content.hidden = false;
      this.welcome.hidden = true;
      this.drawHead();
      this.drawVerdict();
      this.grid.root.hidden = data.kind === "quick";
      if (data.kind !== "quick") this.grid.show(data);
      this.drawBelow();
    }
    drawHead() {
      const { data } = this;
      const title = element("h3");
      title.append(`${translate(KINDS4[data.kind])} · `, userText("", data.name));
      title.title = data.name;
      const when = data.started ? new Date(data.started * 1e3).toLocaleString() : "";
      const count = data.kind === "quick" || data.running ? "" : translate("{done} of {total} pictures", { done: data.finished, total: data.total });
      const facts = [
        when,
        count,
        data.checkpoint && translate("on {checkpoint}", { checkpoint: this.scan.checkpointName(data.checkpoint) }),
        data.locked && !data.running && translate("another process is working on it")
      ].filter(Boolean).join(" · ");
      const titles = element("div", "lora-neg-details-titles");
      titles.append(title, element("span", "lora-neg-below", facts));
      const tools = element("div", "lora-neg-library-tools");
      const add = (text, hint, onClick2) => {
        const made3 = button("", text, onClick2);
        made3.title = translate(hint);
        tools.append(made3);
      };
      if (data.unfinished && !data.locked && !this.scan.offersToGoOn(data.scan)) add("Go on", "Make the pictures that are missing", () => this.scan.resume(data.scan));
      add("Use again", "Put these settings into the form", () => this.scan.form.fill(data.form));
      const judged = data.verdict || data.comparison;
      if (judged && data.kind !== "quick") {
        tools.append(this.download("scan-report", "Report", "One HTML file with everything in it"));
      }
      if (judged) tools.append(this.download("scan-json", "JSON", "All numbers, for programs"));
      if (this.scan.sends && data.kind !== "quick" && gradioApp().querySelector("#script_list")) {
        add("Send to XYZ plot", "Set up the same grid in txt2img's XYZ plot", () => this.sendGrid());
      }
      if (!data.running && !data.locked) add("Delete", "Delete this scan and its pictures", () => this.scan.remove(data));
      this.head.replaceChildren(titles, tools);
    }
    download(route, text, hint) {
      const link = element("a", "lora-neg-button", translate(text));
      link.href = fileAddress(route, { scan: this.data.scan });
      link.download = "";
      link.title = translate(hint);
      return link;
    }
    drawVerdict() {
      const { data } = this;
      const found = data.verdict || data.comparison;
      this.verdict.hidden = !found;
      if (!found) return;
      const parts = [userText("lora-neg-scan-sentence", found.sentence)];
      if (found.notes.length) {
        const list = element("ul", "lora-neg-list");
        for (const note of found.notes) list.append(element("li", "", note));
        parts.push(list);
      }
      if (data.save.possible) parts.push(this.saving(data.save));
      else for (const note of data.save.notes) parts.push(element("p", "lora-neg-note", note));
      this.verdict.replaceChildren(...parts);
    }
    saving({ lines, saved, notes, trusted }) {
      const made3 = element("div", "lora-neg-scan-saving");
      const title = saved ? translate("Saved to this LoRA; the guard obeys it") : translate("What would be saved to this LoRA");
      made3.append(element("h4", "", title));
      const list = element("ul", "lora-neg-scan-lines");
      for (const line of lines) {
        const item = element("li");
        item.append(element("bdi", "", line));
        list.append(item);
      }
      made3.append(list);
      for (const note of notes) made3.append(element("p", "lora-neg-note", note));
      const act = saved ? button("", "Take back", () => this.scan.keep("scan-take-back", this.data.scan)) : button(trusted ? "lora-neg-primary" : "", "Save to this LoRA", () => this.scan.keep("scan-save", this.data.scan));
      act.classList.add("lora-neg-scan-save");
      made3.append(act);
      return made3;
    }
    drawBelow() {
      const { data } = this;
      const parts = [];
      const points = data.verdict ? data.verdict.points : [];
      if (points.length > 1) {
        this.curves = element("img", "lora-neg-scan-curves");
        this.curves.alt = translate("Curves over the weight. {sentence} The numbers stand in the table below.", data.verdict);
        this.curves.addEventListener("error", () => this.curves.hidden = true);
        this.drawCurves();
        parts.push(this.curves, this.numbers(points));
      } else this.curves = null;
      parts.push(this.facts());
      this.below.replaceChildren(...parts);
    }
    // In the colours of the page, which may change at any time.
    drawCurves() {
      if (!this.curves) return;
      const theme = document.body.classList.contains("dark") ? "dark" : "light";
      const { scan: scan2, finished } = this.data;
      const address = fileAddress("scan-curves", { scan: scan2, theme, of: finished });
      if (this.curves.getAttribute("src") !== address) this.curves.src = address;
    }
    numbers(points) {
      const quick = this.data.kind === "quick";
      const heads = quick ? [["weight", "Weight"], ["effect", "Effect"], ["unrelated", "On unrelated prompts"], ["departure", "Departure"]] : [["weight", "Weight"], ["effect", "Effect"], ["damage", "Damage"], ["outside", "Damaged pictures"]];
      const table = element("table", "lora-neg-scan-points");
      const line = element("tr");
      for (const [, text] of heads) {
        const cell2 = element("th", "", translate(text));
        cell2.scope = "col";
        line.append(cell2);
      }
      const head = element("thead");
      head.append(line);
      const body = element("tbody");
      for (const point of points) {
        const row2 = element("tr");
        for (const [key] of heads) row2.append(element("td", "", this.number(point, key)));
        body.append(row2);
      }
      table.append(head, body);
      const frame = element("div", "lora-neg-scan-frame");
      frame.append(table);
      return this.folded("Numbers", frame);
    }
    number(point, key) {
      const value = point[key];
      if (value === null || value === void 0) return "–";
      if (key === "weight") return String(value).replace("-", "−");
      if (key === "outside") return translate("{count} of {total}", { count: Math.round(value * point.pairs), total: point.pairs });
      return value.toFixed(2);
    }
    facts() {
      const list = element("dl", "lora-neg-facts");
      for (const [label2, text] of this.data.facts) {
        const value = element("dd");
        value.append(userText("", text));
        list.append(element("dt", "", translate(label2)), value);
      }
      return this.folded("How it was made", list);
    }
    folded(title, content) {
      const made3 = element("details", "lora-neg-scan-folded");
      made3.append(element("summary", "", translate(title)), content);
      return made3;
    }
    async sendGrid() {
      try {
        const { text } = await ask("scan-grid-text", { scan: this.data.scan });
        if (text) this.scan.paste(text);
        else this.scan.say("This host has no XYZ plot with a weight axis.", true);
      } catch (error) {
        this.scan.fail(error);
      }
    }
  };

  // frontend/scan/scan.js
  var POLL_MS3 = 700;
  var AGAIN_MS2 = [1e3, 2e3, 4e3, 8e3];
  var PASTE_MS = 300;
  var PASTE_BUTTONS = ["#txt2img_tools #paste", "#txt2img_paste", "#paste"];
  var Scan = class {
    constructor(root) {
      this.root = root;
      this.after = 0;
      this.job = null;
      this.failures = [];
    }
    get isRunning() {
      return Boolean(this.job && !this.job.over);
    }
    get sends() {
      return this.overview.sends;
    }
    /** The name of the checkpoint that a scan was made on, if it is the loaded one, else its hash. */
    checkpointName(digest) {
      const { checkpoint } = this.overview;
      return checkpoint && checkpoint.digest === digest ? checkpoint.title : digest;
    }
    async begin() {
      this.build();
      this.say("Loading …");
      try {
        this.overview = await ask("scan-overview", {});
        this.job = this.overview.job;
        this.form.build(this.overview);
        this.say(this.overview.loras ? "" : "No LoRAs here yet: put LoRA files into the host's LoRA folder.");
        await this.history.reload();
        if (this.job) await this.follow(this.job);
      } catch (error) {
        this.fail(error);
        if (isGone(error)) setTimeout(() => this.root.isConnected && this.begin(), AGAIN_MS2[1]);
      }
    }
    build() {
      this.status = element("p", "lora-neg-library-status");
      this.status.setAttribute("role", "status");
      this.status.dir = "auto";
      this.form = new ScanForm(this);
      this.result = new ScanResult(this);
      this.history = new ScanHistory(this);
      const acts = {
        stop: () => this.interrupt(),
        open: (scan2) => this.open(scan2),
        resume: (scan2) => this.resume(scan2)
      };
      this.jobLine = new JobLine(acts);
      this.offered = new OfferLine(acts);
      const side = element("div", "lora-neg-scan-side");
      side.append(this.form.root, this.history.root);
      const main = element("div", "lora-neg-scan-main");
      main.append(this.offered.root, this.jobLine.root, this.result.root);
      const columns = element("div", "lora-neg-scan-columns");
      columns.append(side, main);
      this.root.replaceChildren(this.status, this.jobLine.spoken, columns);
      new IntersectionObserver(([seen2]) => {
        if (seen2.isIntersecting) this.refresh();
      }).observe(this.root);
      new MutationObserver(() => this.result.drawCurves()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    }
    // The tab is looked at again: the checkpoint may be another one by now.
    async refresh() {
      if (!this.overview || this.refreshing) return;
      this.refreshing = true;
      try {
        const { job, ...overview } = await ask("scan-overview", {});
        const { job: before, ...known2 } = this.overview;
        if (JSON.stringify(overview) !== JSON.stringify(known2)) {
          this.overview = { ...overview, job: before };
          this.form.build(this.overview, this.form.body());
        } else this.form.check();
        if (job && !job.over && !this.isRunning) await this.follow(job);
      } catch (error) {
        this.fail(error);
      } finally {
        this.refreshing = false;
      }
    }
    // ---- the job ------------------------------------------------------------------------
    async start(body) {
      this.form.showBusy(true);
      this.say("");
      try {
        const { job } = await ask("scan-start", body);
        await this.follow(job);
        this.jobLine.root.scrollIntoView({ block: "nearest" });
        this.history.reload();
      } catch (error) {
        this.fail(error);
      } finally {
        this.form.showBusy(this.isRunning);
      }
    }
    async resume(scan2) {
      this.say("");
      try {
        const { job } = await ask("scan-resume", { scan: scan2 });
        await this.follow(job);
        this.history.reload();
      } catch (error) {
        this.fail(error);
      }
    }
    async interrupt() {
      try {
        const { job } = await ask("scan-stop", {});
        this.showProgress(job);
      } catch (error) {
        this.fail(error);
      }
    }
    // Shows a job, and its scan as it fills.
    async follow(job) {
      this.showProgress(job);
      this.result.data = null;
      const { news, after } = await ask("scan-state", { after: 0 });
      this.after = after;
      this.failures = news.filter(({ error }) => error);
      await this.open(job.scan, true);
      if (!job.over) this.poll();
    }
    async poll() {
      if (this.polling) return;
      this.polling = true;
      let failed = 0;
      while (this.isRunning) {
        const pause = failed ? AGAIN_MS2[Math.min(failed, AGAIN_MS2.length) - 1] : POLL_MS3;
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (!this.root.isConnected) return;
        if (this.root.offsetParent === null) continue;
        try {
          const { job, news, after } = await ask("scan-state", { after: this.after });
          if (failed) this.say(translate("The server answers again."));
          failed = 0;
          if (!job || job.scan !== this.job.scan) {
            this.lose(job);
            continue;
          }
          this.after = after;
          this.showProgress(job);
          this.take(job, news);
        } catch (error) {
          failed += 1;
          this.sayGone(error);
        }
      }
      this.polling = false;
      if (!this.job) return;
      this.form.check();
      if (this.result.name === this.job.scan || !this.result.name) await this.open(this.job.scan, true);
      this.history.reload();
    }
    // The server is not there: nothing that was made is lost, and it is asked again.
    sayGone(error) {
      if (!isGone(error)) {
        this.say(translate("No answer from the host: {why}", { why: error.message }), true);
        return;
      }
      const { job } = this;
      const safe = job.quick ? "" : `${safeText(job)} `;
      this.say(`${translate("The server does not answer.")} ${safe}${translate("Trying again …")}`, true);
    }
    // The server is back without this page's job: it was started anew, perhaps with another job.
    lose(job) {
      if (job && !job.over) {
        this.after = 0;
        this.failures = [];
        this.showProgress(job);
        this.open(job.scan, true);
        return;
      }
      const lost = this.job;
      this.showProgress({ ...lost, state: "lost", over: true, stopping: false, seconds_left: null });
    }
    take(job, news) {
      this.failures.push(...news.filter(({ error }) => error));
      if (this.result.name === job.scan) news.forEach((cell2) => this.result.grid.put(cell2));
      else if (!this.result.name && news.length) this.open(job.scan, true);
    }
    // Whether the line of the job has a button to go on with this scan.
    offersToGoOn(scan2) {
      return this.jobLine.offersToGoOn(scan2);
    }
    showProgress(job) {
      this.job = job;
      this.jobLine.show(job, this.result.name);
      if (!job) return;
      this.form.showBusy(this.isRunning);
      if (this.isRunning) this.offered.hide();
    }
    // An unfinished scan of earlier, while nothing runs.
    offer(entry) {
      const own = this.job && entry && this.job.scan === entry.scan;
      if (!entry || this.isRunning || own) this.offered.hide();
      else this.offered.show(entry);
    }
    // ---- results ------------------------------------------------------------------------
    async open(scan2, quietly = false) {
      if (!quietly) this.say("");
      this.opening = scan2;
      try {
        const data = await ask("scan-open", { scan: scan2, quiet: quietly });
        if (this.opening !== scan2) return;
        if (!data.scan) {
          if (!this.isRunning) this.result.empty();
          return;
        }
        this.result.show(data);
        if (this.job && this.job.scan === scan2) this.failures.forEach((cell2) => this.result.grid.put(cell2));
        if (this.job) this.showProgress(this.job);
        this.history.mark();
        if (!quietly) this.result.root.scrollIntoView({ block: "nearest" });
      } catch (error) {
        if (!quietly) this.fail(error);
        else if (!this.isRunning) this.result.empty();
      }
    }
    async keep(route, scan2) {
      try {
        const { scan: data, result } = await ask(route, { scan: scan2 });
        this.result.data = data;
        this.result.drawVerdict();
        const notes = result.notes.length ? ` ${result.notes.join("; ")}` : "";
        const { name } = data;
        const done = route === "scan-save" ? translate("Saved to {name}.", { name }) : translate("Taken back from {name}.", { name });
        this.say(done + notes);
        if (this.form.lora && this.form.lora.name === data.name) this.form.choose(data.name, true);
        renewBadges([data.name]);
        reloadLibrary();
        const button2 = this.result.verdict.querySelector(".lora-neg-scan-save");
        if (button2) button2.focus();
      } catch (error) {
        this.fail(error);
      }
    }
    async remove(data) {
      const question = data.finished ? translate("Delete this scan and its {count} pictures?", { count: data.finished }) : translate("Delete this scan?");
      if (!window.confirm(question)) return;
      try {
        await ask("scan-delete", { scan: data.scan });
        if (this.job && this.job.scan === data.scan) this.showProgress(null);
        this.result.empty();
        this.say("Deleted.");
        await this.history.reload();
        this.form.check();
      } catch (error) {
        this.fail(error);
      }
    }
    // Lets the host's own paste button understand a text in txt2img.
    paste(text) {
      const box = inputOf("txt2img", "prompt");
      const found = PASTE_BUTTONS.map((selector) => gradioApp().querySelector(selector)).find(Boolean);
      if (!box || !found) {
        this.say("This page has no txt2img to send to.", true);
        return;
      }
      if (this.result.grid.dialog.root.open) this.result.grid.dialog.root.close();
      if (typeof window.switch_to_txt2img === "function") window.switch_to_txt2img();
      setValue("txt2img", "prompt", text);
      setTimeout(() => found.click(), PASTE_MS);
      this.say("Sent to txt2img.");
    }
    say(text, bad = false) {
      this.status.textContent = translate(text);
      this.status.classList.toggle("lora-neg-failed", bad);
    }
    fail(error) {
      if (isGone(error)) this.say(translate("The server does not answer. Is it running?"), true);
      else this.say(translate("That did not work: {why}", { why: error.message }), true);
    }
  };

  // frontend/scan/tab.js
  var scan = null;
  function lookAfter3() {
    const root = gradioApp().querySelector(".lora-neg-scan");
    if (!root || root.offsetParent === null || root.dataset.ready) return;
    root.dataset.ready = "true";
    scan = new Scan(root);
    scan.begin();
  }
  function openInScan2(name) {
    if (!showTab("lora_neg_scan", "LoRA Scan", translate("LoRA Scan"))) return;
    let tries = 40;
    const wait = setInterval(() => {
      if (scan && scan.overview && scan.form.picker) {
        clearInterval(wait);
        scan.form.choose(name);
      } else if (--tries < 0) clearInterval(wait);
    }, 100);
  }
  function startScan() {
    onUpdated(lookAfter3);
    onTabChanged(() => setTimeout(lookAfter3, 0));
  }

  // frontend/main.js
  if (!window.loraNeg) {
    window.loraNeg = Object.freeze({ cfgToolsOf, readForm });
    startBadges(openInLibrary);
    startCards();
    startLibrary();
    startPanel(recheck);
    startPreview(openInScan2);
    startScan();
  }
})();
