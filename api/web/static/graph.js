// A plan as a picture: steps from top to bottom in the order they run, children of a group side by side.
import { s } from './dom.js';

const kBox = { width: 168, height: 46 };
const kGap = 26;
const kBeside = 18;
const kPad = 14;
const kTitle = 24;
const kMaxText = 19;

const cut = (text) => (text.length > kMaxText ? `${text.slice(0, kMaxText - 1)}\u2026` : text);

function kindOf(step) {
  for (const kind of ['tool', 'parallel', 'for_each', 'sequence', 'task', 'choose', 'wait', 'approval']) {
    if (kind in step && !(kind === 'approval' && 'tool' in step)) return kind;
  }
  return 'step';
}

function subtitle(step, kind) {
  const body = step[kind];
  if (kind === 'tool') return step.tool + (step.approval ? ' (asks first)' : '');
  if (kind === 'task') return `task ${body}`;
  if (kind === 'wait') return body.signal ? `signal ${body.signal}` : `wait ${body.for || body.until || ''}`;
  return kind.replace('_', ' ');
}

function arrow(x, y1, y2) {
  return s('path', { class: 'edge', d: `M${x} ${y1}V${y2 - 5}`, 'marker-end': 'url(#tip)' });
}

/** Every layout is {width, height, draw(x, y) gives nodes}. */
function leaf(step, path, pick) {
  const kind = kindOf(step);
  const marks = [step.when ? 'if' : '', step.retry ? 'retry' : '', step.fallback ? 'fallback' : '', step.compensate ? 'undo' : '']
    .filter(Boolean).join(' \u00b7 ');
  return {
    ...kBox,
    draw: (x, y) => s('g', {
      class: `node kind-${kind}`, tabindex: '0', role: 'button', 'aria-label': `${path}, ${subtitle(step, kind)}`,
      onclick: () => pick(path, step),
      onkeydown: (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        pick(path, step);
      },
    },
    s('rect', { x, y, width: kBox.width, height: kBox.height, rx: 8 }),
    s('text', { x: x + 12, y: y + 19, class: 'name' }, cut(step.name || step.id || '?')),
    s('text', { x: x + 12, y: y + 36, class: 'sub' }, cut(subtitle(step, kind) + (marks ? ` \u00b7 ${marks}` : '')))),
  };
}

function column(layouts) {
  const width = Math.max(kBox.width, ...layouts.map((one) => one.width));
  const height = layouts.reduce((sum, one) => sum + one.height, 0) + kGap * Math.max(0, layouts.length - 1);
  return {
    width, height,
    draw(x, y) {
      const nodes = [];
      let at = y;
      layouts.forEach((one, i) => {
        nodes.push(one.draw(x + (width - one.width) / 2, at));
        at += one.height;
        if (i < layouts.length - 1) nodes.push(arrow(x + width / 2, at, at + kGap));
        at += kGap;
      });
      return nodes;
    },
  };
}

function row(layouts) {
  const width = layouts.reduce((sum, one) => sum + one.width, 0) + kBeside * Math.max(0, layouts.length - 1);
  return {
    width: Math.max(kBox.width, width), height: Math.max(0, ...layouts.map((one) => one.height)),
    draw(x, y) {
      let at = x;
      return layouts.map((one) => {
        const nodes = one.draw(at, y);
        at += one.width + kBeside;
        return nodes;
      });
    },
  };
}

function frame(label, inner, className, picked) {
  const width = Math.max(inner.width, label.length * 6.6) + 2 * kPad;
  const height = inner.height + 2 * kPad + kTitle;
  return {
    width, height,
    draw: (x, y) => s('g', { class: `group ${className}` },
      s('rect', { x, y, width, height, rx: 12, onclick: picked }),
      s('text', { x: x + kPad, y: y + 20, class: 'sub' }, label),
      inner.draw(x + (width - inner.width) / 2, y + kPad + kTitle)),
  };
}

function branchLabel(branch) {
  const when = typeof branch.when === 'string' ? branch.when.replace(/^\$\{\{\s*|\s*\}\}$/g, '') : branch.when;
  return 'else' in branch ? 'else' : cut(`if ${when}`);
}

function one(step, prefix, pick) {
  const path = prefix + (step.id || '?');
  const kind = kindOf(step);
  const body = step[kind];
  const inside = (steps) => (steps || []).map((child) => one(child, `${path}.`, pick));
  const picked = () => pick(path, step);
  if (kind === 'parallel') {
    const limit = body.max_parallel ? `, ${body.max_parallel} at once` : '';
    return frame(`${step.id}: parallel, ${body.strategy || 'wait_all'}${limit}`, row(inside(body.steps)), 'parallel', picked);
  }
  if (kind === 'sequence') return frame(`${step.id}: sequence`, column(inside(body.steps)), 'sequence', picked);
  if (kind === 'for_each') {
    return frame(`${step.id}: for each ${body.as || 'row'}`, one(body.step || {}, `${path}[].`, pick), 'for-each', picked);
  }
  if (kind === 'choose') {
    const branches = (body || []).map((branch) => frame(branchLabel(branch), column(inside(branch.steps || branch.else)), 'branch', picked));
    return frame(`${step.id}: choose`, row(branches), 'choose', picked);
  }
  return leaf(step, path, pick);
}

/** The SVG of a task's plan. `pick(path, step)` is called when a step is chosen. */
export function planGraph(task, pick) {
  const parts = (task.steps || []).map((step) => one(step, '', pick));
  if (task.on_failure && task.on_failure.length) {
    parts.push(frame('on failure', column(task.on_failure.map((step) => one(step, '', pick))), 'on-failure', null));
  }
  const whole = column(parts);
  const margin = 8;
  const [width, height] = [whole.width + 2 * margin, whole.height + 2 * margin];
  const tip = s('marker', { id: 'tip', viewBox: '0 0 8 8', refX: 4, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
    s('path', { class: 'tip', d: 'M0 0L8 4L0 8z' }));
  return s('svg', { class: 'graph', width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': 'The plan as a graph' },
    s('defs', null, tip), whole.draw(margin, margin));
}
