// What the public API tells of the machinery: lanes, workers, and the tools they offer. Depths of the broker and breakers
// are on the operations port, which a browser does not see.
import { get } from './api.js';
import { empty, errorView, h, replace, whenChanged } from './dom.js';
import { count } from './format.js';
import { poll } from './live.js';

function share(queued, running) {
  const all = queued + running;
  return h('span', { class: 'progress', 'aria-hidden': 'true', vars: { '--done': all ? `${(running / all) * 100}%` : '0%' } },
    h('span', { class: 'fill' }), h('span', { class: 'text' }));
}

function lanesView({ lanes, workers, by_status: by }) {
  const rows = Object.entries(lanes).sort(([a], [b]) => a.localeCompare(b));
  const unfinished = ['pending', 'running', 'waiting', 'paused'].reduce((sum, status) => sum + (by[status] || 0), 0);
  return [
    h('div', { class: 'tiles' },
      h('div', { class: 'tile' }, h('b', null, count(workers)), workers === 1 ? 'worker' : 'workers'),
      h('div', { class: 'tile' }, h('b', null, count(by.running)), 'running'),
      h('div', { class: 'tile' }, h('b', null, count(by.pending)), 'queued'),
      h('div', { class: 'tile' }, h('b', null, count(unfinished)), 'unfinished')),
    workers ? null : h('div', { class: 'error', role: 'alert' }, h('p', null, h('strong', null, 'No worker is alive.'),
      ' What is accepted is kept and runs when one comes.')),
    h('div', { class: 'scroll' }, h('table', { class: 'list' },
      h('thead', null, h('tr', null, ['Lane', 'Queued', 'Running', 'Share running'].map((title) => h('th', { scope: 'col' }, title)))),
      h('tbody', null, rows.map(([lane, numbers]) => h('tr', null,
        h('td', { 'data-label': 'Lane' }, h('strong', null, lane)),
        h('td', { 'data-label': 'Queued', class: 'number' }, count(numbers.queued)),
        h('td', { 'data-label': 'Running', class: 'number' }, count(numbers.running)),
        h('td', { 'data-label': 'Share running' }, share(numbers.queued, numbers.running))))))),
  ];
}

function toolsView(tools) {
  if (tools.length === 0) return empty('No worker offers a tool now.');
  return h('ul', { class: 'cards' }, tools.map((tool) => h('li', { class: 'card' },
    h('h3', null, tool.name, ' ', h('span', { class: 'tag' }, `${tool.workers} ${tool.workers === 1 ? 'worker' : 'workers'}`)),
    h('p', { class: 'hint' }, tool.description || tool.summary || ''),
    h('details', null, h('summary', null, 'Description in full'), h('pre', { tabindex: '0' }, JSON.stringify(tool, null, 2))))));
}

export function show(root) {
  const [lanes, tools, trouble] = [h('div'), h('div'), h('div')];
  replace(root, h('h1', null, 'Lanes and workers'), trouble, lanes, h('h2', null, 'Tools on offer'), tools);
  const drawLanes = whenChanged(lanes, lanesView);
  const drawTools = whenChanged(tools, toolsView);
  const live = poll(async (signal) => {
    const [stats, offered] = await Promise.all([get('/executions/stats', {}, signal), get('/tools', {}, signal)]);
    trouble.replaceChildren();
    drawLanes(stats);
    drawTools(offered.items);
  }, (error) => replace(trouble, errorView(error)));
  return () => live.stop();
}
