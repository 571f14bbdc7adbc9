// The drawer of one step: what went in and out, what went wrong and what to do, its attempts and events.
import { executionPath, get } from './api.js';
import { badge, button, dialog, errorView, h, replace, valueView } from './dom.js';
import { bytes, clock, duration } from './format.js';
import { poll } from './live.js';

const kEventPage = 1000;
const kMaxEvents = 20000;

export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));
}

/** The ledger from after `from` to its end, in pages; `keep` is called with each event. */
export async function readEvents(execId, from, keep, signal) {
  let after = from;
  for (let read = 0; read < kMaxEvents; read += kEventPage) {
    const page = await get(`${executionPath(execId)}/events`, { after_seq: after, limit: kEventPage }, signal);
    for (const event of page.items) keep(event);
    if (page.items.length === 0) return after;
    after = page.items.at(-1).seq;
    if (page.items.length < kEventPage) return after;
  }
  return after;
}

export function eventRows(events) {
  return h('ol', { class: 'events' }, events.map((event) => h('li', null,
    h('span', { class: 'seq number' }, event.seq),
    h('time', { datetime: event.at, title: clock(event.at) }, new Date(event.at).toLocaleTimeString()),
    h('span', { class: 'type' }, event.type),
    event.step ? h('code', null, event.step) : h('span'),
    h('span', { class: 'hint data' }, summary(event)))));
}

function summary(event) {
  const data = event.data || {};
  const parts = [];
  if (event.attempt > 1) parts.push(`try ${event.attempt}`);
  if (data.error) parts.push(`${data.error.category}/${data.error.code}: ${data.error.message}`);
  for (const name of ['reason', 'signal', 'decision', 'comment', 'worker', 'at', 'until', 'delay_ms']) {
    if (data[name] !== undefined && data[name] !== null && data[name] !== '') parts.push(`${name} ${data[name]}`);
  }
  return parts.join(' \u00b7 ');
}

function attemptsView(step, events) {
  const failed = events.filter((event) => event.type === 'step.attempt_failed');
  if (failed.length === 0) return null;
  return [h('h3', null, `Attempts (${step.attempt} of ${step.max_attempts})`),
    h('ol', { class: 'attempts' }, failed.map((event) => {
      const error = (event.data && event.data.error) || {};
      return h('li', null, h('strong', null, `Try ${event.attempt}`), ' ',
        h('code', null, [error.category, error.code].filter(Boolean).join('/')), ' ', error.message || '');
    }))];
}

function resourcesView(step) {
  const used = step.resources;
  if (!used || !Object.values(used).some(Boolean)) return null;
  return `${duration(used.cpu_ms)} CPU, ${bytes(used.max_rss_bytes)} memory, ${bytes(used.bytes_in)} in, ${bytes(used.bytes_out)} out`;
}

function stepView(step, events, actions) {
  return [
    h('p', null, badge(step.status), ' ', step.critical === false ? h('span', { class: 'tag' }, 'not critical') : null,
      step.optional ? h('span', { class: 'tag' }, 'optional') : null),
    h('div', { class: 'buttons' }, actions),
    step.error ? errorView(step.error, 'Error') : null,
    facts([
      ['Path', h('code', null, step.path)], ['Kind', step.tool ? `${step.kind}: ${step.tool}` : step.kind],
      ['Started', step.started_at ? clock(step.started_at) : null],
      ['Ended', step.finished_at ? clock(step.finished_at) : null],
      ['Took', step.duration_ms === null ? null : duration(step.duration_ms)],
      ['Attempt', `${step.attempt} of ${step.max_attempts}`], ['Worker', step.worker], ['Used', resourcesView(step)],
    ]),
    attemptsView(step, events),
    h('h3', null, 'Input'), valueView(step.input, 'input'),
    h('h3', null, 'Output'), valueView(step.output, 'output'),
    h('h3', null, `Events (${events.length})`), events.length ? eventRows(events) : h('p', { class: 'hint' }, 'none yet'),
  ];
}

/** Opens the drawer and keeps it fresh. `actionsFor(step, close)` gives the buttons. */
export async function openStep(execId, path, actionsFor) {
  const body = h('div', null, h('p', { class: 'hint' }, 'Reading\u2026'));
  const events = [];
  let after = 0;
  let last = '';
  let live;
  await dialog(path, (close) => {
    live = poll(async (signal) => {
      const step = await get(`${executionPath(execId)}/steps/${encodeURIComponent(path)}`, {}, signal);
      after = await readEvents(execId, after, (event) => event.step === path && events.push(event), signal);
      const now = JSON.stringify([step, events.length]);
      if (now === last) return;
      last = now;
      replace(body, stepView(step, events, actionsFor(step, close)));
    }, (error) => replace(body, errorView(error), button('Close', () => close())));
    return body;
  }, 'drawer');
  live.stop();
}
