// One execution: where it stands, its steps in time, what it waits for, and what can be done to it.
import { executionPath, get, post } from './api.js';
import { approvalCards } from './approvals.js';
import { ask, badge, button, dialog, errorView, h, note, replace, valueView, whenChanged } from './dom.js';
import { eventRows, facts, openStep, readEvents } from './drawer.js';
import { progressBar } from './executions.js';
import { ago, clock, duration, isFinal, remaining } from './format.js';
import { follow, poll } from './live.js';
import { makeTimeline } from './timeline.js';

const kShownEvents = 200;
const kCalmMs = 150;

async function act(what, work, after) {
  try {
    await work();
    note(what);
  } catch (error) {
    await dialog('That was refused', () => errorView(error));
  }
  after();
}

async function retry(id, from) {
  const title = from ? `Retry from ${from}?` : 'Retry this execution?';
  const agreed = await ask(title, h('p', null, from
    ? 'A new execution starts. It keeps the outputs of the steps before this one; this step and all after it run again.'
    : 'A new execution starts. It keeps what was committed and runs the failed step and all after it again.'), 'Retry');
  if (!agreed) return;
  try {
    const made = await post(`${executionPath(id)}/retry`, from ? { from } : {});
    location.hash = `#/executions/${made.exec_id}`;
  } catch (error) {
    await dialog('That was refused', () => errorView(error));
  }
}

function controls(execution, after) {
  const id = execution.exec_id;
  const path = executionPath(id);
  const { status } = execution;
  if (isFinal(status)) {
    return status === 'completed' ? null : button('Retry', () => retry(id), { class: 'primary', 'data-key': 'retry' });
  }
  const cancelling = execution.cancel_requested;
  return [
    status === 'paused' || execution.pause_requested
      ? button('Resume', () => act('Resumed', () => post(`${path}/resume`), after), { class: 'primary', 'data-key': 'resume', disabled: cancelling })
      : button('Pause', () => act('Pause accepted', () => post(`${path}/pause`), after), { 'data-key': 'pause', disabled: cancelling }),
    button('Cancel', async () => {
      const agreed = await ask('Cancel this execution?',
        h('p', null, 'Running processes are ended; what was done is compensated where the plan says how.'), 'Cancel it');
      if (agreed) act('Cancel accepted', () => post(`${path}/cancel`, {}), after);
    }, { class: 'danger', 'data-key': 'cancel', disabled: cancelling }),
  ];
}

function headView(execution, after) {
  const end = execution.finished_at ? Date.parse(execution.finished_at) : Date.now();
  const requested = execution.cancel_requested ? 'cancel requested' : execution.pause_requested ? 'pause requested' : null;
  return [
    h('div', { class: 'head' },
      h('div', null, h('p', { class: 'crumbs' }, h('a', { href: '#/executions' }, 'Executions'), ' / '),
        h('h1', { class: 'mono' }, execution.exec_id)),
      h('div', { class: 'buttons' }, controls(execution, after))),
    h('p', { class: 'state' }, badge(execution.status), requested ? h('span', { class: 'tag' }, requested) : null,
      progressBar(execution.progress), h('span', { class: 'hint' }, isFinal(execution.status) ? '' : remaining(execution.progress.remaining))),
    execution.error ? errorView(execution.error, execution.error.step ? `Failed at ${execution.error.step}` : 'Failed') : null,
    facts([
      ['Task', execution.task_id
        ? h('a', { href: `#/tasks/${encodeURIComponent(execution.task_id)}` }, `${execution.task_id} v${execution.task_version}`)
        : 'inline plan'],
      ['Lane', execution.lane], ['Priority', execution.priority],
      ['Created', h('span', { title: clock(execution.created_at) }, ago(execution.created_at))],
      ['Waited', execution.started_at ? duration(Date.parse(execution.started_at) - Date.parse(execution.created_at)) : null],
      ['Took', execution.started_at ? duration(end - Date.parse(execution.started_at)) : null],
      ['Current', isFinal(execution.status) ? null : (execution.progress.current || []).join(', ')],
      ['Retry of', execution.retry_of ? h('a', { href: `#/executions/${execution.retry_of}` }, execution.retry_of) : null],
      ['Session', execution.session_id],
      ['Labels', Object.entries(execution.labels || {}).map(([name, value]) => h('span', { class: 'tag' }, `${name}=${value}`))],
    ].filter(([, value]) => !(Array.isArray(value) && value.length === 0))),
  ];
}

function whyView(why) {
  return h('div', { class: 'card why' }, h('h2', null, 'Why it is not running'),
    h('ul', null, (why.reasons || []).map((reason) => h('li', null, reason.message,
      reason.until ? h('span', { class: 'hint' }, ` until ${clock(reason.until)}`) : null))),
    why.predicted_start ? h('p', { class: 'hint' }, `Expected to go on ${ago(why.predicted_start)}`) : null);
}

/** What goes with `status` and is read only then. A route that is not there is no fault of the page. */
async function besides(id, status, signal) {
  const quiet = (error) => {
    if (error.status === 403 || error.status === 404 || error.status === 405) return null;
    throw error;
  };
  const stands = ['pending', 'waiting', 'paused'].includes(status);
  const [why, approvals] = await Promise.all([
    stands ? get(`${executionPath(id)}/why`, {}, signal).catch(quiet) : null,
    status === 'waiting' ? get(`${executionPath(id)}/approvals`, {}, signal).catch(quiet) : null,
  ]);
  return { why, approvals: ((approvals && approvals.items) || []).filter((one) => one.status === 'pending') };
}

export function show(root, [id]) {
  const [head, waits, asks, steps, trouble] = Array.from({ length: 5 }, () => h('div'));
  const [input, output] = [h('div'), h('div')];
  const eventList = h('div');
  const eventCount = h('span', { class: 'hint' });
  replace(root, head, trouble, asks, waits,
    h('section', { class: 'card' }, h('h2', null, 'Steps'), steps),
    h('details', { class: 'card', open: true }, h('summary', null, 'Output'), output),
    h('details', { class: 'card' }, h('summary', null, 'Input'), input),
    h('details', { class: 'card' }, h('summary', null, 'Events ', eventCount), eventList));

  let execution = null;
  let stepItems = [];
  const events = [];
  let afterSeq = 0;
  let unfollow = null;

  const again = () => live.now();
  const timeline = makeTimeline((path) => openStep(id, path, stepActions), () => drawSteps());
  const drawHead = whenChanged(head, ({ execution: one }) => headView(one, again));
  const drawWhy = whenChanged(waits, (why) => why && whyView(why));
  const drawAsks = whenChanged(asks, (list) => approvalCards(id, list, again));
  const drawOutput = whenChanged(output, (value) => valueView(value, 'output'));
  const drawInput = whenChanged(input, (value) => valueView(value, 'input'));
  const drawEvents = whenChanged(eventList, () => [
    events.length > kShownEvents ? h('p', { class: 'hint' }, `The last ${kShownEvents} of ${events.length}`) : null,
    eventRows(events.slice(-kShownEvents))]);
  const drawSteps = () => replace(steps, timeline(execution, stepItems));

  function stepActions(step, close) {
    if (!isFinal(execution.status) || step.status === 'pending') return [];
    return [button('Retry from here', () => {
      close();
      retry(id, step.path);
    }, { 'data-key': 'retry-from' })];
  }

  let lastSteps = '';
  const live = poll(async (signal) => {
    if (execution && isFinal(execution.status) && lastSteps) {
      drawHead({ execution, moment: Math.floor(Date.now() / 30000) });
      return;
    }
    execution = await get(executionPath(id), {}, signal);
    const [list, beside] = await Promise.all([
      get(`${executionPath(id)}/steps`, {}, signal), besides(id, execution.status, signal)]);
    afterSeq = await readEvents(id, afterSeq, (event) => events.push(event), signal);
    if (!unfollow && !isFinal(execution.status)) unfollow = follow(id, afterSeq, onEvent);
    stepItems = list.items;
    trouble.replaceChildren();
    drawHead({ execution, moment: Math.floor(Date.now() / 1000) });
    drawWhy(beside.why);
    drawAsks(beside.approvals);
    drawOutput(execution.output);
    drawInput(execution.input);
    eventCount.textContent = `(${events.length})`;
    drawEvents(events.length);
    const now = JSON.stringify([stepItems, isFinal(execution.status) || Date.now()]);
    if (now !== lastSteps) drawSteps();
    lastSteps = now;
  }, (error) => replace(trouble, errorView(error, error.status === 404 ? 'There is no such execution' : undefined)));

  // Events come in bursts; one reading answers all of a burst.
  let soon = 0;
  function onEvent() {
    clearTimeout(soon);
    soon = setTimeout(again, kCalmMs);
  }
  return () => {
    clearTimeout(soon);
    live.stop();
    if (unfollow) unfollow();
  };
}
