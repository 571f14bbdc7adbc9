// Signing in: the key is tried before it is kept.
import { call, session } from './api.js';
import { errorView, field, h, replace } from './dom.js';

export function showSignIn(root, done, reason) {
  const key = h('input', { type: 'password', name: 'key', required: true, autocomplete: 'off', spellcheck: 'false' });
  const trouble = h('div', null, reason ? h('p', { class: 'hint' }, reason) : null);
  const enter = h('button', { type: 'submit', class: 'primary' }, 'Sign in');
  const form = h('form', { class: 'signin card' },
    h('h1', null, 'Sign in'),
    field('API key', key, 'Kept for this tab only. The first key is printed once, when the API starts for the first time.'),
    trouble, enter);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    enter.disabled = true;
    try {
      await call('GET', '/executions/stats', { key: key.value.trim() });
      session.open(key.value.trim());
      done();
    } catch (error) {
      enter.disabled = false;
      replace(trouble, errorView(error, 'Not signed in'));
      key.focus();
    }
  });
  replace(root, form);
  key.focus();
}
