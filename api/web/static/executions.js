// The list of executions: counts, filters, search by id, pages, and bulk actions that show first what they would do.
import { executionPath, get, post } from './api.js';
import { ask, badge, button, dialog, empty, errorView, field, h, note, replace, whenChanged } from './dom.js';
import { ago, clock, count, duration, isFinal, isUuid, kStatuses, remaining, shortId } from './format.js';
import { poll } from './live.js';

const kPage = 50;
const kBulkAtOnce = 4;

/** The filter as it stands in the address: status is a comma list, labels are label.k=v. */
function filterOf(query) {
  const filter = { status: query.get('status') || '', task_id: query.get('task_id') || '', labels: {} };
  for (const [name, value] of query) if (name.startsWith('label.')) filter.labels[name.slice(6)] = value;
  return filter;
}

function queryOf(filter) {
  const query = { status: filter.status, task_id: filter.task_id };
  for (const [name, value] of Object.entries(filter.labels)) query[`label.${name}`] = value;
  return query;
}

function goTo(filter) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(queryOf(filter))) if (value) parts.set(name, value);
  const text = parts.toString();
  location.hash = `#/executions${text ? `?${text}` : ''}`;
}

/** The same filter as the bodies of the bulk routes have it. */
function bulkFilter(filter) {
  const body = {};
  if (filter.status) body.status = filter.status.split(',');
  if (filter.task_id) body.task_id = filter.task_id;
  if (Object.keys(filter.labels).length) body.labels = filter.labels;
  return body;
}

function toggled(statuses, one) {
  const set = new Set(statuses ? statuses.split(',') : []);
  if (!set.delete(one)) set.add(one);
  return kStatuses.filter((status) => set.has(status)).join(',');
}

function countsView(filter, stats) {
  const chosen = filter.status ? filter.status.split(',') : [];
  return kStatuses.map((status) => h('button', {
    type: 'button', class: `count is-${status}`, 'data-key': `count-${status}`,
    'aria-pressed': String(chosen.includes(status)),
    onclick: () => goTo({ ...filter, status: toggled(filter.status, status) }),
  }, h('b', null, count(stats.by_status[status])), h('span', null, status.replace('_', ' '))));
}

function filterForm(filter) {
  const search = h('input', { type: 'search', placeholder: 'Execution id', 'aria-label': 'Find an execution by its id' });
  const task = h('input', { type: 'text', placeholder: 'any', value: filter.task_id });
  const labels = h('input', {
    type: 'text', placeholder: 'team=billing, env=live',
    value: Object.entries(filter.labels).map(([name, value]) => `${name}=${value}`).join(', '),
  });
  const form = h('form', { class: 'filters', role: 'search' },
    field('Search', search), field('Task', task), field('Labels', labels),
    h('button', { type: 'submit', class: 'primary' }, 'Apply'),
    button('Clear', () => goTo({ status: '', task_id: '', labels: {} }), { class: 'quiet' }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const id = search.value.trim();
    if (id) {
      if (isUuid(id)) location.hash = `#/executions/${id}`;
      else note('An execution id looks like 019f9db9-6e00-7000-8000-3c35b2710815', true);
      return;
    }
    const wanted = {};
    for (const part of labels.value.split(',')) {
      const at = part.indexOf('=');
      if (at > 0) wanted[part.slice(0, at).trim()] = part.slice(at + 1).trim();
    }
    goTo({ status: filter.status, task_id: task.value.trim(), labels: wanted });
  });
  return form;
}

function tookMs(item) {
  if (!item.started_at) return null;
  return (item.finished_at ? Date.parse(item.finished_at) : Date.now()) - Date.parse(item.started_at);
}

export function progressBar(progress) {
  const percent = progress.percent || 0;
  return h('span', {
    class: 'progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': percent,
    'aria-label': `${progress.completed} of ${progress.total} steps`, vars: { '--done': `${percent}%` },
  }, h('span', { class: 'fill' }), h('span', { class: 'text' }, `${progress.completed}/${progress.total}`));
}

function rowView(item, selected, toggle) {
  const id = item.exec_id;
  const box = h('input', {
    type: 'checkbox', checked: selected.has(id), 'data-key': `box-${id}`, 'aria-label': `Select ${shortId(id)}`,
    onchange: (event) => toggle(id, event.target.checked),
  });
  const labels = Object.entries(item.labels || {});
  return h('tr', null,
    h('td', { class: 'pick' }, box),
    h('td', { 'data-label': 'Execution' }, h('a', { href: `#/executions/${id}`, 'data-key': id, title: id, class: 'mono' },
      shortId(id)), labels.map(([name, value]) => [' ', h('span', { class: 'tag' }, `${name}=${value}`)])),
    h('td', { 'data-label': 'Task' }, item.task_id
      ? h('a', { href: `#/tasks/${encodeURIComponent(item.task_id)}` }, item.task_id)
      : h('span', { class: 'hint' }, 'inline plan')),
    h('td', { 'data-label': 'Status' }, badge(item.status)),
    h('td', { 'data-label': 'Progress' }, progressBar(item.progress),
      isFinal(item.status) ? null : h('span', { class: 'hint' }, ` ${remaining(item.progress.remaining)}`)),
    h('td', { 'data-label': 'Lane' }, item.lane),
    h('td', { 'data-label': 'Created' }, h('time', { datetime: item.created_at, title: clock(item.created_at) }, ago(item.created_at))),
    h('td', { 'data-label': 'Took', class: 'number' }, duration(tookMs(item))));
}

/** Cancels one after the other, a few at once; tells how it went. */
async function cancelAll(ids) {
  const queue = [...ids];
  const failures = [];
  const work = async () => {
    for (let id = queue.shift(); id; id = queue.shift()) {
      try {
        await post(`${executionPath(id)}/cancel`, {});
      } catch (error) {
        failures.push(`${shortId(id)}: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: kBulkAtOnce }, work));
  const done = ids.length - failures.length;
  note(`${count(done)} cancelled${failures.length ? `, ${failures.length} not: ${failures[0]}` : ''}`, failures.length > 0);
}

async function cancelSelected(items, after) {
  const open = items.filter((item) => !isFinal(item.status));
  if (open.length === 0) return note('All of the selected have ended already.');
  const agreed = await ask(`Cancel ${open.length} ${open.length === 1 ? 'execution' : 'executions'}?`, [
    h('p', null, 'Their running processes are ended and what was done is compensated where the plan says how.'),
    h('ul', { class: 'preview' }, open.map((item) => h('li', null, h('code', null, shortId(item.exec_id)), ' ',
      item.task_id || 'inline plan', ' ', badge(item.status)))),
    items.length > open.length ? h('p', { class: 'hint' }, `${items.length - open.length} have ended already and stay as they are.`) : null,
  ], 'Cancel them');
  if (!agreed) return;
  await cancelAll(open.map((item) => item.exec_id));
  after();
}

/** Bulk by filter: the server counts first (dry_run), the person decides, then it is done. */
async function bulk(kind, filter, after) {
  const path = `/executions/${kind}`;
  const body = { filter: bulkFilter(filter) };
  const word = kind === 'cancel' ? 'Cancel' : 'Retry';
  try {
    const preview = await post(path, { ...body, dry_run: true });
    const matches = preview.matched ?? preview.count ?? 0;
    if (!matches) return note('Nothing matches this filter.');
    const agreed = await ask(`${word} ${count(matches)}${preview.more ? ' or more' : ''} executions?`, [
      h('p', null, 'All that match the filter, on every page:'),
      h('pre', null, JSON.stringify(body.filter, null, 2)),
    ], `${word} all`);
    if (!agreed) return;
    const result = await post(path, { ...body, dry_run: false });
    note(`Done: ${count(result.changed ?? result.count ?? result.matched ?? matches)}${result.failed ? `, ${result.failed} failed` : ''}`);
    after();
  } catch (error) {
    await dialog(`${word} by filter`, () => errorView(error));
  }
}

export function show(root, parts, query) {
  const filter = filterOf(query);
  const selected = new Set();
  const cursors = [''];
  let items = [];
  const counts = h('div', { class: 'counts', role: 'group', 'aria-label': 'Filter by status' });
  const trouble = h('div');
  const bulkBar = h('div', { class: 'bulk' });
  const body = h('tbody');
  const pager = h('div', { class: 'pager' });
  const all = h('input', { type: 'checkbox', 'aria-label': 'Select all on this page', onchange: (event) => {
    selected.clear();
    if (event.target.checked) for (const item of items) selected.add(item.exec_id);
    redraw();
  } });
  const titles = ['Execution', 'Task', 'Status', 'Progress', 'Lane', 'Created', 'Took'];
  replace(root, h('h1', null, 'Executions'), counts, filterForm(filter), trouble, bulkBar,
    h('div', { class: 'scroll' }, h('table', { class: 'list' },
      h('thead', null, h('tr', null, h('th', { class: 'pick' }, all), titles.map((title) => h('th', { scope: 'col' }, title)))), body)),
    pager);

  const drawCounts = whenChanged(counts, (stats) => countsView(filter, stats));
  // The minute is part of what is drawn, so that "2 m ago" moves.
  const drawBody = whenChanged(body, (state) => state.items.length
    ? state.items.map((item) => rowView(item, selected, toggle))
    : h('tr', null, h('td', { colspan: 8 }, empty('No execution matches. '), h('a', { href: '#/tasks' }, 'Run a task'))));
  const drawPager = whenChanged(pager, ({ page, next }) => [
    button('Newer', () => { cursors.pop(); selected.clear(); live.now(); }, { disabled: page === 0, 'data-key': 'newer' }),
    h('span', { class: 'hint' }, `Page ${page + 1}`),
    button('Older', () => { cursors.push(next); selected.clear(); live.now(); }, { disabled: !next, 'data-key': 'older' }),
  ]);
  const drawBulk = whenChanged(bulkBar, ({ chosen, status, any }) => [
    button(chosen ? `Cancel ${chosen} selected` : 'Cancel selected', () =>
      cancelSelected(items.filter((item) => selected.has(item.exec_id)), again), { disabled: !chosen, 'data-key': 'cancel-selected' }),
    button('Cancel all that match\u2026', () => bulk('cancel', filter, again), {
      class: 'quiet', 'data-key': 'cancel-all', disabled: !any || status.split(',').some(isFinal) }),
    button('Retry all that match\u2026', () => bulk('retry', filter, again), {
      class: 'quiet', 'data-key': 'retry-all', disabled: !any || !status || !status.split(',').every(isFinal) || status.includes('completed') }),
  ]);

  function toggle(id, on) {
    if (on) selected.add(id);
    else selected.delete(id);
    redraw();
  }
  let next = null;
  function redraw() {
    const ids = new Set(items.map((item) => item.exec_id));
    for (const id of selected) if (!ids.has(id)) selected.delete(id);
    all.checked = items.length > 0 && selected.size === items.length;
    all.indeterminate = selected.size > 0 && !all.checked;
    drawBody({ items, chosen: [...selected], moment: Math.floor(Date.now() / (items.some((item) => !isFinal(item.status)) ? 1000 : 30000)) });
    drawPager({ page: cursors.length - 1, next });
    drawBulk({ chosen: selected.size, status: filter.status, any: items.length > 0 });
  }
  function again() {
    selected.clear();
    live.now();
  }
  const live = poll(async (signal) => {
    const page = cursors.length;
    const [stats, list] = await Promise.all([
      get('/executions/stats', {}, signal),
      get('/executions', { ...queryOf(filter), limit: kPage, cursor: cursors[page - 1] }, signal),
    ]);
    if (page !== cursors.length) return;
    items = list.items;
    next = list.next_cursor;
    trouble.replaceChildren();
    drawCounts(stats);
    redraw();
  }, (error) => replace(trouble, errorView(error)));
  return () => live.stop();
}
