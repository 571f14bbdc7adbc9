// One task: its versions, its plan drawn and as text, checking and storing a change, and a form that runs it.
import { call, get, post, taskPath } from './api.js';
import { button, errorView, field, h, note, replace, valueView } from './dom.js';
import { facts } from './drawer.js';
import { clock, duration } from './format.js';
import { formOf } from './forms.js';
import { planGraph } from './graph.js';

const kExample = {
  id: 'hello', description: 'Says hello, then again', input_schema: {
    type: 'object', required: ['name'], properties: { name: { type: 'string', description: 'who is greeted' } } },
  steps: [
    { id: 'hello', tool: 'echo', with: { text: 'hello ${{ input.name }}' } },
    { id: 'again', tool: 'echo', with: { text: '${{ steps.hello.output.text }}, again' } }],
  output: '${{ steps.again.output }}',
};

function graphCard(task) {
  const chosen = h('div', { 'aria-live': 'polite' }, h('p', { class: 'hint' }, 'Choose a step to see it.'));
  const graph = planGraph(task, (path, step) => replace(chosen, h('h3', null, path), valueView(step, path)));
  return h('section', { class: 'card' }, h('h2', null, 'Plan'), h('div', { class: 'scroll graph-box' }, graph), chosen);
}

function limitsOf(steps) {
  return h('div', { class: 'scroll' }, h('table', { class: 'list' },
    h('thead', null, h('tr', null, ['Step', 'Kind', 'Timeout', 'Attempts', 'Delivery'].map((title) => h('th', { scope: 'col' }, title)))),
    h('tbody', null, steps.map((step) => h('tr', null,
      h('td', { 'data-label': 'Step' }, h('code', null, step.path)), h('td', { 'data-label': 'Kind' }, step.kind),
      h('td', { 'data-label': 'Timeout' }, step.timeout ?? '\u2013'),
      h('td', { 'data-label': 'Attempts', class: 'number' }, (step.retry && step.retry.max_attempts) ?? '\u2013'),
      h('td', { 'data-label': 'Delivery' }, step.delivery || '\u2013'))))));
}

function verdict(result) {
  const estimate = result.estimate || {};
  return h('div', { class: 'good', role: 'status' },
    h('p', null, h('strong', null, 'The plan is valid.'), estimate.p50_ms !== undefined
      ? ` It will take about ${duration(estimate.p50_ms)} (${duration(estimate.p10_ms)} \u2013 ${duration(estimate.p90_ms)}).` : ''),
    (result.warnings || []).length ? h('ul', null, result.warnings.map((one) => h('li', null, h('code', null, one.pointer || ''), ' ', one.message))) : null,
    h('details', null, h('summary', null, 'Policy of each step'), limitsOf(result.steps || [])));
}

/** The text of a task with Validate and Store; `stored(task)` is called after it was stored. */
function editCard(document_, stored) {
  const text = h('textarea', { class: 'mono editor', spellcheck: 'false', rows: 18, 'aria-label': 'The task as JSON',
    value: JSON.stringify(document_, null, 2) });
  const answer = h('div');
  const parsed = () => {
    try {
      return JSON.parse(text.value);
    } catch (error) {
      replace(answer, errorView({ message: error.message, code: 'malformed_json' }, 'This is no JSON'));
      return null;
    }
  };
  const run = async (work) => {
    const task = parsed();
    if (!task) return;
    try {
      await work(task);
    } catch (error) {
      replace(answer, errorView(error, 'The plan is not valid'));
    }
  };
  const validate = () => run(async (task) => replace(answer, verdict(await post('/tasks/validate', task))));
  const store = () => run(async (task) => {
    if (!task.id) throw new Error('the task needs an "id"');
    const put = await call('PUT', taskPath(task.id), { body: task });
    note(`Stored as version ${put.version}`);
    stored(put);
  });
  return h('div', null, text, answer, h('div', { class: 'buttons' },
    button('Validate', validate), button('Store a new version', store, { class: 'primary' })));
}

function labelsOf(text) {
  const labels = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at > 0) labels[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return labels;
}

function runCard(task) {
  const input = formOf(task.input_schema);
  const lane = h('input', { type: 'text', placeholder: task.lane || 'default' });
  const priority = h('input', { type: 'number', min: 0, max: 9, step: 1, placeholder: String(task.priority ?? 5) });
  const labels = h('input', { type: 'text', placeholder: 'team=billing, env=live' });
  const trouble = h('div');
  const form = h('form', null, input.element,
    h('details', null, h('summary', null, 'Lane, priority, labels'),
      h('div', { class: 'form' }, field('Lane', lane), field('Priority', priority, '0 to 9; 7 and more go first'), field('Labels', labels))),
    trouble, h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Run')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const body = { with: input.value() };
      if (lane.value) body.lane = lane.value;
      if (priority.value !== '') body.priority = Number(priority.value);
      if (labels.value) body.labels = labelsOf(labels.value);
      const made = await post(`${taskPath(task.id)}/executions/async`, body);
      location.hash = `#/executions/${made.exec_id}`;
    } catch (error) {
      replace(trouble, errorView(error, 'Not started'));
    }
  });
  return h('section', { class: 'card' }, h('h2', null, 'Run'), form);
}

function versionsView(id, versions, current, choose) {
  const select = h('select', { 'aria-label': 'Version', onchange: () => choose(Number(select.value)) }, versions.map((one) =>
    h('option', { value: one.version }, `version ${one.version}, ${clock(one.created_at)}`)));
  select.value = String(current);
  return select;
}

export function show(root, [id]) {
  let gone = false;
  if (id === '+new') {
    replace(root, h('h1', null, 'New task'), h('section', { class: 'card' },
      editCard(kExample, (put) => { location.hash = `#/tasks/${encodeURIComponent(put.id)}`; })));
    return undefined;
  }
  async function load(version) {
    try {
      const [one, versions] = await Promise.all([
        get(taskPath(id), version ? { version } : {}), get(`${taskPath(id)}/versions`)]);
      if (!gone) draw(one, versions.items);
    } catch (error) {
      if (!gone) replace(root, errorView(error, error.status === 404 ? 'There is no such task' : undefined));
    }
  }
  function draw(one, versions) {
    const { task } = one;
    const newest = Math.max(...versions.map((version) => version.version));
    replace(root,
      h('div', { class: 'head' },
        h('div', null, h('p', { class: 'crumbs' }, h('a', { href: '#/tasks' }, 'Tasks'), ' / '), h('h1', null, one.id)),
        versionsView(id, versions, one.version, load)),
      task.description ? h('p', null, task.description) : null,
      facts([['Version', `${one.version} of ${newest}`], ['Stored', clock(one.created_at)], ['Lane', task.lane || 'default'],
        ['Hash', h('code', null, String(one.hash).slice(0, 16))],
        ['Executions', h('a', { href: `#/executions?task_id=${encodeURIComponent(one.id)}` }, 'show them')]]),
      one.version === newest ? runCard(task) : h('p', { class: 'hint' }, 'Only the newest version can be run.'),
      graphCard(task),
      h('details', { class: 'card' }, h('summary', null, 'Definition'), editCard(task, () => load())));
  }
  load();
  return () => { gone = true; };
}
