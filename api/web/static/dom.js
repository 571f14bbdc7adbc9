// Building the page. Text from the server becomes text nodes and nothing else: no function here takes markup.

function append(node, child) {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) {
    for (const one of child) append(node, one);
  } else {
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

function assign(node, properties) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'vars') for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'indeterminate') node[name] = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
}

/** An element: h('a', {class: 'x', href: '#/'}, 'text', [more, nodes]). `vars` sets CSS custom properties. */
export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  append(node, children);
  assign(node, properties);
  return node;
}

/** The same for SVG. */
export function s(tag, properties, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  append(node, children);
  assign(node, properties);
  return node;
}

/** New children for `node`; what had the focus and bears a data-key has it again afterwards. */
export function replace(node, ...children) {
  const active = document.activeElement;
  const key = active && node.contains(active) ? active.dataset.key : undefined;
  const fresh = document.createDocumentFragment();
  append(fresh, children);
  node.replaceChildren(fresh);
  if (key === undefined) return;
  for (const one of node.querySelectorAll('[data-key]')) {
    if (one.dataset.key === key) return one.focus({ preventScroll: true });
  }
}

/** Draws only when what is drawn has changed, so that a poll disturbs neither focus nor selection. */
export function whenChanged(node, draw) {
  let last;
  return (state) => {
    const now = JSON.stringify(state);
    if (now === last) return;
    last = now;
    replace(node, draw(state));
  };
}

const kSigns = {
  pending: '\u25cb', running: '\u25b6', waiting: '\u29d6', paused: '\u23f8', retrying: '\u21bb', completed: '\u2713',
  failed: '\u2715', cancelled: '\u2298', timed_out: '\u23f1', skipped: '\u2192',
};

/** A status with its sign: never told by colour alone. */
export function badge(status) {
  const text = String(status);
  return h('span', { class: `badge is-${text.replace(/[^a-z_]/g, '')}` },
    h('span', { 'aria-hidden': 'true' }, `${kSigns[text] || '\u00b7'}\ufe0e `), text.replaceAll('_', ' '));
}

export function field(label, control, hint) {
  return h('label', { class: 'field' }, h('span', { class: 'label' }, label), control,
    hint ? h('span', { class: 'hint' }, hint) : null);
}

export function button(label, onclick, properties) {
  return h('button', { type: 'button', onclick, ...properties }, label);
}

export function empty(text, ...more) {
  return h('p', { class: 'empty' }, text, more);
}

/** A value as indented JSON, or as the plain text that it is. */
export function valueView(value, name) {
  if (value === null || value === undefined) return h('p', { class: 'hint' }, 'none');
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return h('div', { class: 'value' },
    button('Copy', () => navigator.clipboard.writeText(text).then(() => note('Copied')),
      { class: 'quiet copy', 'aria-label': `Copy ${name}` }),
    h('pre', { tabindex: '0', 'aria-label': name }, text));
}

/** A short message at the foot of the page; `bad` ones stay longer. */
export function note(text, bad) {
  const line = h('p', { class: bad ? 'bad' : '' }, text);
  document.getElementById('notes').append(line);
  setTimeout(() => line.remove(), bad ? 9000 : 3500);
}

/** An error as the API tells it: what is wrong, where, and what to do. */
export function errorView(error, title) {
  const faults = error.errors || [];
  return h('div', { class: 'error', role: 'alert' },
    h('p', null, h('strong', null, title || 'That did not work'), ': ', error.message,
      error.code ? [' ', h('code', null, [error.category, error.code].filter(Boolean).join('/'))] : null),
    error.suggestion ? h('p', { class: 'suggestion' }, h('strong', null, 'Try: '), error.suggestion) : null,
    faults.length
      ? h('ul', null, faults.map((fault) => h('li', null, h('code', null, fault.pointer || '/'), ' ', fault.message)))
      : null);
}

/** A modal. `fill(close)` gives its nodes; resolves with what close() was given, or undefined. */
export function dialog(title, fill, kind) {
  return new Promise((resolve) => {
    const back = document.activeElement;
    const box = h('dialog', { class: kind || 'box', 'aria-label': title });
    const close = (result) => {
      box.close();
      box.remove();
      if (back && back.isConnected) back.focus({ preventScroll: true });
      resolve(result);
    };
    box.addEventListener('cancel', (event) => {
      event.preventDefault();
      close(undefined);
    });
    box.addEventListener('click', (event) => {
      if (event.target === box) close(undefined);
    });
    append(box, [
      h('div', { class: 'dialog-head' }, h('h2', null, title),
        button('\u2715', () => close(undefined), { class: 'quiet', 'aria-label': 'Close' })),
      h('div', { class: 'dialog-body' }, fill(close)),
    ]);
    document.body.append(box);
    box.showModal();
  });
}

/** Asks before something is done; true when it was agreed to. */
export function ask(title, body, action) {
  return dialog(title, (close) => [
    body,
    h('div', { class: 'buttons' },
      button('Back', () => close(false), { class: 'quiet' }),
      button(action, () => close(true), { class: 'danger', autofocus: true })),
  ]);
}
