// The dashboard in a real browser against a stack that runs: PAWL_URL and PAWL_API_KEY say where (DIR/env of deploy/local).
// Each screen is opened at two widths, pictures of it go to PAWL_SCREENSHOTS (when set), hostile names must stay inert.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser } from './browser.mjs';

const base = process.env.PAWL_URL;
const key = process.env.PAWL_API_KEY;
if (!base || !key) throw new Error('PAWL_URL and PAWL_API_KEY must say where the stack is: run `set -a; . .pawl/env` first');
const kHostile = '<img src=x onerror="window.hacked=1">';
let browser;

async function api(method, path, body) {
  const answer = await fetch(`${base}/api/v0${path}`, {
    method, headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return (await answer.json()).data;
}

async function ended(id) {
  for (;;) {
    const one = await api('GET', `/executions/tasks/${id}?wait=10s`);
    if (['completed', 'failed', 'cancelled', 'timed_out'].includes(one.status)) return one;
  }
}

const plan = {
  description: `Fans out, ${kHostile}`,
  input_schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, times: { type: 'integer', default: 2 } } },
  steps: [
    { id: 'begin', name: kHostile, tool: 'echo', with: { text: '${{ input.name }}' } },
    { id: 'fan', parallel: { steps: [{ id: 'left', tool: 'sleep', with: { duration: '300ms' } },
      { id: 'right', tool: 'sleep', with: { duration: '700ms' } }] } },
    { id: 'each', for_each: { items: [1, 2, 3], step: { id: 'one', tool: 'echo', with: { n: '${{ row }}' } } } },
    { id: 'end', tool: 'echo', with: { text: 'done' } }],
  output: '${{ steps.end.output }}',
};

async function picture(name) {
  if (process.env.PAWL_SCREENSHOTS) await browser.screenshot(`${process.env.PAWL_SCREENSHOTS}/${name}.png`);
}

async function open(hash, what, ready) {
  await browser.run(`location.hash = ${JSON.stringify(hash)}`);
  await browser.until(what, ready);
}

before(async () => {
  await api('PUT', '/tasks/web-fan', plan);
  browser = await openBrowser();
  await browser.size(1280, 860);
});
after(async () => browser && browser.close());

test('signs in with a key that is good, and with no other', async () => {
  await browser.goto(`${base}/ui/`);
  const enter = (text) => browser.run(`(() => { const input = document.querySelector('input[name=key]'); input.value = '${text}';
    input.form.requestSubmit(); })()`);
  await browser.until('the form', `!!document.querySelector('input[name=key]')`);
  await enter('wrong');
  await browser.until('the refusal', `!!document.querySelector('.error')`);
  await picture('signin');
  await enter(key);
  await browser.until('the executions', `document.querySelector('h1')?.textContent === 'Executions'`);
  assert.equal(await browser.run('localStorage.length'), 0);
});

test('shows an execution in time to its end', async () => {
  const { exec_id: id } = await api('POST', '/tasks/web-fan/executions/async', { with: { name: kHostile }, labels: { team: 'web' } });
  await open(`#/executions/${id}`, 'all steps', `document.querySelectorAll('[data-step]').length >= 8`);
  await browser.until('its end', `document.querySelector('.state .badge')?.textContent.includes('completed')`);
  await picture('execution');
  await browser.run(`document.querySelector('[data-key="step-fan.left"]').click()`);
  await browser.until('the drawer', `!!document.querySelector('dialog.drawer .facts')`);
  await picture('step');
  await browser.run(`document.querySelector('dialog .dialog-head button').click()`);
});

test('tells what failed and what to do', async () => {
  const { exec_id: id } = await api('POST', '/executions', { plan: { steps: [{ id: 'bad', tool: 'nonesuch', with: {} }] } });
  assert.equal((await ended(id)).status, 'failed');
  await open(`#/executions/${id}`, 'the error', `!!document.querySelector('.error code') && document.body.innerText.includes('unknown_tool')`);
  await picture('failed');
});

test('filters the list, and cancels what was selected after a preview', async () => {
  const { exec_id: id } = await api('POST', '/executions', { plan: { steps: [{ id: 'long', tool: 'sleep', with: { duration: '10m' } }] }, labels: { run: 'cancel' } });
  await open('#/executions?label.run=cancel', 'the row', `!!document.querySelector('[data-key="box-${id}"]')`);
  await browser.run(`document.querySelector('[data-key="box-${id}"]').click()`);
  await browser.run(`document.querySelector('[data-key=cancel-selected]').click()`);
  await browser.until('the preview', `!!document.querySelector('dialog .preview li')`);
  await picture('bulk');
  await browser.run(`document.querySelector('dialog .danger').click()`);
  assert.equal((await ended(id)).status, 'cancelled');
});

test('draws a task and runs it from its form', async () => {
  await open('#/tasks', 'the list', `!!document.querySelector('[data-key=web-fan]')`);
  await picture('tasks');
  await open('#/tasks/web-fan', 'the graph', `document.querySelectorAll('svg .node').length === 5`);
  await picture('task');
  await browser.run(`(() => { const form = document.querySelector('main form'); form.querySelector('input').value = 'Ada'; form.requestSubmit(); })()`);
  await browser.until('the new execution', `location.hash.startsWith('#/executions/')`);
});

test('every screen fits 375 px, in the dark too, and nothing hostile ran', async () => {
  await open('#/lanes', 'the lanes', `!!document.querySelector('.tile')`);
  await picture('lanes');
  await open('#/approvals', 'the approvals', `document.querySelector('h1')?.textContent === 'Approvals' && !!document.querySelector('.empty, .approval')`);
  await picture('approvals');
  await browser.size(375, 780);
  await browser.dark(true);
  const { items } = await api('GET', '/executions?task_id=web-fan&limit=1');
  for (const [name, hash] of [['executions', '#/executions'], ['execution', `#/executions/${items[0].exec_id}`], ['tasks', '#/tasks'],
    ['task', '#/tasks/web-fan'], ['lanes', '#/lanes'], ['approvals', '#/approvals']]) {
    await open(hash, name, `!!document.querySelector('main h1') && !!document.querySelector('td, .row, .tile, .empty, .approval, svg')`);
    await picture(`narrow-${name}`);
    assert.ok(await browser.run('document.documentElement.scrollWidth <= 375'), `${name} is wider than 375 px`);
  }
  assert.equal(await browser.run('window.hacked'), undefined);
  assert.equal(await browser.run(`document.querySelectorAll('main img').length`), 0);
  assert.deepEqual(browser.problems, []);
});
