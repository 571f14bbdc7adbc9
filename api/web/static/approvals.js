// What waits for a person's word: every pending approval of the executions that wait, and the form to decide one.
import { executionPath, get, post } from './api.js';
import { button, empty, errorView, field, h, note, replace, whenChanged } from './dom.js';
import { ago, clock } from './format.js';
import { formOf } from './forms.js';
import { poll } from './live.js';

const kMostExecutions = 200;
const kAtOnce = 6;

function card(execId, approval, decided) {
  const form = approval.form && approval.form.properties ? formOf(approval.form) : null;
  const comment = h('input', { type: 'text', maxlength: 1000, 'data-key': `comment-${execId}-${approval.path}` });
  const trouble = h('div');
  const votes = (approval.decisions || []).length;
  const decide = async (decision) => {
    try {
      const body = { decision };
      if (comment.value) body.comment = comment.value;
      if (form && decision === 'approve') body.form = form.value();
      await post(`${executionPath(execId)}/approvals/${encodeURIComponent(approval.path)}`, body);
      note(decision === 'approve' ? 'Approved' : 'Rejected');
      decided();
    } catch (error) {
      replace(trouble, errorView(error));
    }
  };
  return h('section', { class: 'card approval' },
    h('h2', null, approval.message || approval.path,
      approval.risk ? h('span', { class: `tag risk-${String(approval.risk).replace(/[^a-z]/g, '')}` }, `${approval.risk} risk`) : null),
    h('p', { class: 'hint' }, h('a', { href: `#/executions/${execId}` }, execId), ' \u00b7 ', h('code', null, approval.path),
      ` \u00b7 asked ${ago(approval.requested_at)}`,
      approval.expires_at ? h('span', { title: clock(approval.expires_at) }, ` \u00b7 expires ${ago(approval.expires_at)}`) : null,
      approval.quorum > 1 ? ` \u00b7 ${votes} of ${approval.quorum} have agreed` : null),
    form ? form.element : null,
    field('Comment', comment),
    trouble,
    h('div', { class: 'buttons' },
      button('Reject', () => decide('reject'), { class: 'danger', 'data-key': `reject-${execId}-${approval.path}` }),
      button('Approve', () => decide('approve'), { class: 'primary', 'data-key': `approve-${execId}-${approval.path}` })));
}

/** A card for each approval of one execution; `decided()` is called after a decision. */
export function approvalCards(execId, approvals, decided) {
  return approvals.map((approval) => card(execId, approval, decided));
}

function waitsForPerson(execution) {
  const reasons = execution.waiting_for;
  return !Array.isArray(reasons) || reasons.some((reason) => reason.for === 'approval');
}

async function readAll(signal) {
  const { items } = await get('/executions', { status: 'waiting', limit: kMostExecutions }, signal);
  const queue = items.filter(waitsForPerson).map((execution) => execution.exec_id);
  const found = new Map();
  const work = async () => {
    for (let id = queue.shift(); id; id = queue.shift()) {
      const list = await get(`${executionPath(id)}/approvals`, {}, signal);
      const pending = list.items.filter((approval) => approval.status === 'pending');
      if (pending.length) found.set(id, pending);
    }
  };
  await Promise.all(Array.from({ length: kAtOnce }, work));
  const shown = items.map((execution) => execution.exec_id).filter((id) => found.has(id));
  return { groups: shown.map((id) => [id, found.get(id)]), more: items.length === kMostExecutions };
}

export function show(root) {
  const list = h('div');
  const trouble = h('div');
  replace(root, h('h1', null, 'Approvals'), trouble, list);
  const draw = whenChanged(list, ({ groups, more }) => [
    groups.length ? groups.map(([id, approvals]) => approvalCards(id, approvals, () => live.now())) : empty('Nobody waits for an approval.'),
    more ? h('p', { class: 'hint' }, `Only the newest ${kMostExecutions} waiting executions were looked at.`) : null]);
  const live = poll(async (signal) => {
    const state = await readAll(signal);
    trouble.replaceChildren();
    draw(state);
  }, (error) => replace(trouble, errorView(error)));
  return () => live.stop();
}
