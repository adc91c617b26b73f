"use strict";
// Everything that models or people wrote goes into the page as text, never as markup.
const run = JSON.parse(document.getElementById("data").textContent);
const PORTION = 100;
const MOST_WORDS = 1200;
const WORDS = ["error", "not run", "lost", "failed", "fell", "repaired", "rose", "passed"];
const TONES = { error: "doubt", "not run": "doubt", lost: "bad", failed: "bad", fell: "bad",
  repaired: "good", rose: "good", passed: "good" };
const list = document.getElementById("samples");
const more = document.getElementById("more");
const count = document.getElementById("count");
const form = document.getElementById("filters");
let chosen = [];
let shown = 0;

function make(name, text, kind) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function options(id, values) {
  const select = document.getElementById(id);
  for (const [value, label] of values) {
    const option = make("option", label);
    option.value = value;
    select.append(option);
  }
  select.parentElement.hidden = values.length < 2;
}

function share(part) {
  return part === null ? "none" : `${Math.round(part * 1000) / 10}%`;
}

function summarize(sample) {
  const summary = make("summary");
  const word = WORDS[sample.w];
  summary.append(make("span", word, `word ${TONES[word]}`), " ", sample.n);
  const parts = [];
  if (run.runs.length > 1) parts.push(run.runs[sample.r]);
  parts.push(sample.b === null ? `passes ${share(sample.a)}`
    : `passes ${share(sample.b)} before, ${share(sample.a)} after`);
  if (sample.g.length) parts.push(sample.g.map((tag) => run.tags[tag]).join(", "));
  if (sample.c) parts.push(`${(sample.c / 1e6).toFixed(6)} USD`);
  summary.append(" ", make("span", parts.join(" · "), "quiet"));
  return summary;
}

function split(text) {
  return text.match(/\s+|[\p{L}\p{N}_'\u2019-]+|./gsu) || [];
}

// The longest common subsequence of words, after what both begin and end with.
function compare(before, after) {
  const a = split(before), b = split(after);
  let start = 0, end = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  while (end < a.length - start && end < b.length - start
    && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const x = a.slice(start, a.length - end), y = b.slice(start, b.length - end);
  const common = (side) => [[0, a.slice(0, start).join("")], ...side,
    [0, a.slice(a.length - end).join("")]];
  if (x.length > MOST_WORDS || y.length > MOST_WORDS) {
    return [common([[1, x.join("")]]), common([[1, y.join("")]])];
  }
  const width = y.length + 1;
  const longest = new Uint16Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      longest[i * width + j] = x[i] === y[j] ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const left = [], right = [];
  let i = 0, j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      left.push([0, x[i++]]);
      right.push([0, y[j++]]);
    } else if (j >= y.length
      || (i < x.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      left.push([1, x[i++]]);
    } else {
      right.push([1, y[j++]]);
    }
  }
  return [common(left), common(right)];
}

function write(box, pieces, name) {
  let kind = null, target = box;
  for (const [isOther, text] of pieces) {
    if (!text) continue;
    if (isOther !== kind) {
      target = isOther ? box.appendChild(document.createElement(name)) : box;
      kind = isOther;
    }
    target.append(text);
  }
}

function answerOf(trial) {
  return trial.t === null ? null : run.texts[trial.t];
}

function side(title, trial, pieces, name) {
  const part = make("div");
  part.append(make("h3", title));
  const outcome = `${run.outcomes[trial.o]}${trial.s === null ? "" : `, score ${trial.s}`}`
    + `${trial.p ? ", replayed" : ""}`;
  part.append(make("p", outcome, "quiet"));
  if (trial.e !== null) part.append(make("p", run.texts[trial.e], "doubt"));
  const box = make("div", undefined, "answer");
  if (pieces) write(box, pieces, name);
  else box.textContent = answerOf(trial) ?? (trial.l ? "The answer was left out to keep this file"
    + " small; the JSON result has it." : "There is no answer.");
  part.append(box);
  if (trial.k.length) {
    const checks = make("ul", undefined, "checks");
    for (const [label, score, isMet, reason] of trial.k) {
      const said = isMet ? "met" : score === null ? "not asked" : "not met";
      const item = make("li");
      item.append(make("strong", run.texts[label]), ": ", make("span", said, isMet ? "good" : "bad"));
      if (score !== null && score !== 0 && score !== 1) item.append(` (${score})`);
      if (run.texts[reason]) item.append(`, ${run.texts[reason]}`);
      checks.append(item);
    }
    part.append(checks);
  }
  return part;
}

function fill(place, sample) {
  if (sample.i.length) {
    const inputs = make("dl", undefined, "inputs");
    for (const [name, value] of sample.i) {
      inputs.append(make("dt", run.texts[name]), make("dd", value === null ? "left out to keep this file small" : run.texts[value]));
    }
    place.append(inputs);
  }
  const trials = Math.max(sample.before.length, sample.after.length);
  for (let i = 0; i < trials; i++) {
    const before = sample.before[i], after = sample.after[i];
    const sides = make("div", undefined, "sides");
    const of = trials > 1 ? `, trial ${i + 1}` : "";
    const both = before && after && answerOf(before) !== null && answerOf(after) !== null;
    const [left, right] = both ? compare(answerOf(before), answerOf(after)) : [null, null];
    if (before) sides.append(side(`Before${of}`, before, left, "del"));
    if (after) sides.append(side(`After${of}`, after, right, "ins"));
    place.append(sides);
  }
}

function item(sample) {
  const row = make("li");
  const details = make("details");
  details.append(summarize(sample));
  details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.filled) return;
    details.dataset.filled = "yes";
    fill(details, sample);
  });
  row.append(details);
  return row;
}

function show() {
  const rows = document.createDocumentFragment();
  const end = Math.min(shown + PORTION, chosen.length);
  const first = shown;
  for (; shown < end; shown++) rows.append(item(chosen[shown]));
  list.append(rows);
  more.hidden = shown >= chosen.length;
  more.textContent = `Show ${Math.min(PORTION, chosen.length - shown)} more`;
  count.textContent = `${chosen.length} of ${run.samples.length} samples, ${shown} shown`;
  return list.children[first];
}

function choose() {
  const text = form.elements.text.value.trim().toLowerCase();
  const word = form.elements.outcome.value, tag = form.elements.tag.value;
  const of = form.elements.run.value;
  chosen = run.samples.filter((sample) => (word === "" || sample.w === Number(word))
    && (tag === "" || sample.g.includes(Number(tag)))
    && (of === "" || sample.r === Number(of))
    && (text === "" || sample.n.toLowerCase().includes(text)));
  list.replaceChildren();
  shown = 0;
  show();
}

const present = new Map();
for (const sample of run.samples) present.set(sample.w, (present.get(sample.w) || 0) + 1);
options("outcome", [["", "all"], ...[...present].sort((a, b) => a[0] - b[0])
  .map(([word, number]) => [word, `${WORDS[word]} (${number})`])]);
options("tag", [["", "all"], ...run.tags.map((tag, i) => [i, tag])]);
options("run", [["", "all"], ...run.runs.map((name, i) => [i, name])]);
form.addEventListener("input", choose);
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => show()?.querySelector("summary").focus());
// On paper nothing can be opened.
window.addEventListener("beforeprint", () => {
  for (const one of list.querySelectorAll("details")) {
    if (!one.open) { one.open = true; one.dataset.printed = "yes"; }
    if (!one.dataset.filled) { one.dataset.filled = "yes"; fill(one, chosen[[...list.children].indexOf(one.parentElement)]); }
  }
});
window.addEventListener("afterprint", () => {
  for (const one of list.querySelectorAll("[data-printed]")) { one.open = false; delete one.dataset.printed; }
});
document.getElementById("interactive").hidden = false;
choose();
