// The steps of an execution as a tree beside a timeline: one row a step, its bar where it ran.
import { badge, button, h } from './dom.js';
import { duration, isFinal, parseDuration } from './format.js';

const kRowsAtOnce = 400;
const kFoldFrom = 24;

/** "each[3].fetch" is below "each[3]", that below "each"; '' is the top. */
export function parentOf(path) {
  if (path.endsWith(']')) return path.slice(0, path.lastIndexOf('['));
  const dot = path.lastIndexOf('.');
  return dot < 0 ? '' : path.slice(0, dot);
}

/** The steps with their depth and number of direct children; an ancestor without a row of its own is left out. */
function treeOf(steps) {
  const known = new Map(steps.map((step) => [step.path, { step, depth: 0, children: 0 }]));
  for (const node of known.values()) {
    let above = parentOf(node.step.path);
    while (above && !known.has(above)) above = parentOf(above);
    node.parent = above;
    if (!above) continue;
    node.depth = known.get(above).depth + 1;
    known.get(above).children += 1;
  }
  return [...known.values()];
}

function span(execution, now) {
  const from = Date.parse(execution.started_at || execution.created_at);
  const to = execution.finished_at ? Date.parse(execution.finished_at) : now;
  const band = isFinal(execution.status) ? null : execution.progress.remaining;
  const low = band ? parseDuration(band.p10) : null;
  const high = band ? parseDuration(band.p90) : null;
  const end = Math.max(to + (high || 0), from + 1);
  const percent = (at) => `${Math.min(100, Math.max(0, ((at - from) / (end - from)) * 100)).toFixed(3)}%`;
  return { from, to, end, low, high, percent };
}

function bar(step, scale, now) {
  if (!step.started_at) return null;
  const from = Date.parse(step.started_at);
  const to = step.finished_at ? Date.parse(step.finished_at) : now;
  const width = (to - from) / (scale.end - scale.from);
  return h('span', {
    class: `span is-${step.status}`,
    vars: { '--from': scale.percent(from), '--width': `${Math.min(100, Math.max(0, width * 100)).toFixed(3)}%` },
  });
}

function axis(scale) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => h('span', {
    class: 'tick', vars: { '--from': `${part * 100}%` },
  }, duration((scale.end - scale.from) * part)));
  const band = scale.high === null ? null : h('span', {
    class: 'band', title: 'When it will probably end (10 to 90 of 100 runs)',
    vars: { '--from': scale.percent(scale.to + (scale.low || 0)), '--to': scale.percent(scale.to + scale.high) },
  });
  return h('div', { class: 'row axis', 'aria-hidden': 'true' }, h('span', { class: 'name' }, 'Step'),
    h('span', { class: 'track' }, ticks, band), h('span', { class: 'took' }, 'Took'));
}

function tries(step) {
  return step.attempt > 1 ? h('span', { class: 'tag' }, `try ${step.attempt}/${step.max_attempts}`) : null;
}

/** Remembers what is folded over redraws; one for each execution shown. */
export function makeTimeline(open, changed) {
  const folds = new Map();
  let shown = kRowsAtOnce;

  const isFolded = (node) => folds.get(node.step.path) ?? node.children >= kFoldFrom;

  function row(node, scale, now) {
    const { step } = node;
    const to = step.finished_at ? Date.parse(step.finished_at) : now;
    const took = step.duration_ms ?? (step.started_at ? to - Date.parse(step.started_at) : null);
    const fold = node.children
      ? button(isFolded(node) ? '\u25b8' : '\u25be', () => {
        folds.set(step.path, !isFolded(node));
        changed();
      }, { class: 'fold', 'aria-expanded': String(!isFolded(node)), 'data-key': `fold-${step.path}`,
        'aria-label': `${step.path}: ${node.children} steps` })
      : h('span', { class: 'fold' });
    return h('li', { class: 'row' },
      h('span', { class: 'name', vars: { '--depth': String(Math.min(node.depth, 8)) } }, fold,
        h('button', { type: 'button', class: 'step', 'data-key': `step-${step.path}`, 'data-step': '', title: step.path,
          onclick: () => open(step.path) },
        h('span', { class: 'title' }, titleOf(step)),
        h('span', { class: 'hint' }, step.tool || step.kind || ''), tries(step)),
        badge(step.status)),
      h('span', { class: 'track' }, bar(step, scale, now)),
      h('span', { class: 'took number' }, duration(took)));
  }

  return function draw(execution, steps) {
    const now = Date.now();
    const scale = span(execution, now);
    const hidden = new Set();
    const rows = [];
    for (const node of treeOf(steps)) {
      if (hidden.has(node.parent)) {
        hidden.add(node.step.path);
        continue;
      }
      if (node.children && isFolded(node)) hidden.add(node.step.path);
      rows.push(node);
    }
    const list = h('ol', { class: 'steps' }, rows.slice(0, shown).map((node) => row(node, scale, now)));
    list.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      const stops = [...list.querySelectorAll('[data-step]')];
      const at = stops.indexOf(document.activeElement);
      const next = stops[at + (event.key === 'ArrowDown' ? 1 : -1)];
      if (at < 0 || !next) return;
      event.preventDefault();
      next.focus();
    });
    return h('div', { class: 'timeline' }, axis(scale), list, rows.length > shown
      ? button(`Show ${Math.min(kRowsAtOnce, rows.length - shown)} more of ${rows.length}`, () => {
        shown += kRowsAtOnce;
        changed();
      }, { class: 'quiet' })
      : null);
  };
}

/** Items of a for_each bear their number; their ids are all the same. */
function titleOf(step) {
  const item = /(\[\d+\])\.[^.[]+$/.exec(step.path);
  const name = step.name || lastPart(step.path);
  return item ? `${item[1]} ${name}` : name;
}

function lastPart(path) {
  const parent = parentOf(path);
  return parent ? path.slice(parent.length).replace(/^\./, '') : path;
}
