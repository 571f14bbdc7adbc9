// The tasks: find one, or write a new one.
import { get } from './api.js';
import { empty, errorView, field, h, replace, whenChanged } from './dom.js';
import { ago, clock } from './format.js';
import { poll } from './live.js';

const kPage = 50;
const kCalmMs = 250;
const kPollMs = 10000;

function rowView(item) {
  return h('tr', null,
    h('td', { 'data-label': 'Task' }, h('a', { href: `#/tasks/${encodeURIComponent(item.id)}`, 'data-key': item.id }, item.id)),
    h('td', { 'data-label': 'Description' }, item.task.description || h('span', { class: 'hint' }, '\u2013')),
    h('td', { 'data-label': 'Version', class: 'number' }, item.version),
    h('td', { 'data-label': 'Steps', class: 'number' }, (item.task.steps || []).length),
    h('td', { 'data-label': 'Stored' }, h('time', { datetime: item.created_at, title: clock(item.created_at) }, ago(item.created_at))));
}

export function show(root) {
  let cursor = '';
  let next = null;
  const cursors = [''];
  const search = h('input', { type: 'search', placeholder: 'part of the id' });
  const body = h('tbody');
  const trouble = h('div');
  const newer = h('button', { type: 'button', onclick: () => move(-1) }, 'Newer');
  const older = h('button', { type: 'button', onclick: () => move(1) }, 'Older');
  replace(root,
    h('div', { class: 'head' }, h('h1', null, 'Tasks'), h('a', { class: 'button primary', href: '#/tasks/+new' }, 'New task')),
    h('form', { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() }, field('Search', search)),
    trouble,
    h('div', { class: 'scroll' }, h('table', { class: 'list' },
      h('thead', null, h('tr', null, ['Task', 'Description', 'Version', 'Steps', 'Stored'].map((title) => h('th', { scope: 'col' }, title)))), body)),
    h('div', { class: 'pager' }, newer, older));
  const draw = whenChanged(body, (items) => (items.length ? items.map(rowView)
    : h('tr', null, h('td', { colspan: 5 }, empty(search.value ? 'No task has this in its id.' : 'No task is stored yet.')))));

  function move(by) {
    if (by > 0) cursors.push(next);
    else cursors.pop();
    cursor = cursors.at(-1);
    live.now();
  }
  let soon = 0;
  search.addEventListener('input', () => {
    clearTimeout(soon);
    soon = setTimeout(() => {
      cursors.length = 1;
      cursor = '';
      live.now();
    }, kCalmMs);
  });
  const live = poll(async (signal) => {
    const list = await get('/tasks', { q: search.value.trim(), limit: kPage, cursor }, signal);
    next = list.next_cursor;
    newer.disabled = cursors.length === 1;
    older.disabled = !next;
    trouble.replaceChildren();
    draw(list.items);
  }, (error) => replace(trouble, errorView(error)), kPollMs);
  return () => {
    clearTimeout(soon);
    live.stop();
  };
}
