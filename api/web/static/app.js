// The frame: navigation, which screen is shown, signing in and out. Screens are loaded when they are first needed.
import { session } from './api.js';
import { button, errorView, h, replace } from './dom.js';
import { onConnection } from './live.js';

const kScreens = [
  { pattern: /^\/executions$/, load: () => import('./executions.js'), title: 'Executions' },
  { pattern: /^\/executions\/([^/]+)$/, load: () => import('./execution.js'), title: 'Execution' },
  { pattern: /^\/tasks$/, load: () => import('./tasks.js'), title: 'Tasks' },
  { pattern: /^\/tasks\/([^/]+)$/, load: () => import('./task.js'), title: 'Task' },
  { pattern: /^\/approvals$/, load: () => import('./approvals.js'), title: 'Approvals' },
  { pattern: /^\/lanes$/, load: () => import('./lanes.js'), title: 'Lanes and workers' },
];
const kLinks = [['executions', 'Executions'], ['tasks', 'Tasks'], ['approvals', 'Approvals'], ['lanes', 'Lanes']];

const main = document.getElementById('main');
const nav = document.getElementById('nav');
const signOut = document.getElementById('sign-out');
let leave = () => {};
let turn = 0;

function place() {
  const [path, query] = location.hash.replace(/^#/, '').split('?');
  return { path: path || '/executions', query: new URLSearchParams(query || '') };
}

function drawNav(path) {
  nav.hidden = signOut.hidden = !session.key();
  replace(nav, kLinks.map(([id, label]) => h('a', {
    href: `#/${id}`, 'data-key': id, 'aria-current': path.startsWith(`/${id}`) ? 'page' : null,
  }, label)));
}

async function show(reason) {
  const mine = ++turn;
  leave();
  leave = () => {};
  const { path, query } = place();
  drawNav(path);
  document.title = 'Pawl';
  if (!session.key()) {
    import('./signin.js').then(({ showSignIn }) => mine === turn && showSignIn(main, () => show(), reason));
    return;
  }
  const screen = kScreens.find(({ pattern }) => pattern.test(path));
  if (!screen) {
    replace(main, h('h1', null, 'Nothing here'), h('p', null, h('a', { href: '#/executions' }, 'To the executions')));
    return;
  }
  document.title = `${screen.title} \u2013 Pawl`;
  try {
    const parts = screen.pattern.exec(path).slice(1).map(decodeURIComponent);
    const module = await screen.load();
    if (mine !== turn) return;
    main.replaceChildren();
    leave = module.show(main, parts, query) || (() => {});
  } catch (error) {
    if (mine === turn) replace(main, errorView(error, 'This screen could not be loaded'), button('Again', () => show()));
  }
}

addEventListener('hashchange', () => {
  // The skip link is a hash too, but no screen.
  if (location.hash === '#main') return main.focus();
  show();
  main.focus({ preventScroll: true });
});
addEventListener('pawl:signed-out', (event) => {
  if (!session.key()) return;
  session.close();
  show(event.detail ? `Signed out: ${event.detail}` : 'Signed out.');
});
addEventListener('keydown', (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
  const search = main.querySelector('input[type=search]');
  if (!search) return;
  event.preventDefault();
  search.focus();
});
signOut.addEventListener('click', () => {
  session.close();
  show();
});
onConnection((reachable) => {
  const sign = document.getElementById('connection');
  sign.textContent = reachable ? '' : 'The API does not answer. Trying again\u2026';
});
show();
