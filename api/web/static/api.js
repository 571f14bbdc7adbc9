// The API of Pawl as the dashboard calls it. The key lives in sessionStorage: it ends with the tab and is in no URL.

const kBase = '/api/v0';
const kKeyName = 'pawl.key';
const kTimeoutMs = 35000;

export const session = {
  key: () => sessionStorage.getItem(kKeyName),
  open: (key) => sessionStorage.setItem(kKeyName, key),
  close: () => sessionStorage.removeItem(kKeyName),
};

export class ApiError extends Error {
  constructor(status, code, message, more) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = (more && more.errors) || [];
    this.suggestion = more && more.details && more.details.suggestion;
  }
}

function url(path, query) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query || {})) {
    if (value !== undefined && value !== null && value !== '') parts.set(name, value);
  }
  const text = parts.toString();
  return kBase + path + (text ? `?${text}` : '');
}

function headers(more, key = session.key()) {
  return { Authorization: `Bearer ${key || ''}`, ...more };
}

async function failure(response, trying) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // Not ours: a proxy's page. Its status says enough.
  }
  const error = body.error || {};
  if (response.status === 401 && !trying) dispatchEvent(new CustomEvent('pawl:signed-out', { detail: body.message }));
  return new ApiError(response.status, error.code || `http_${response.status}`,
    error.message || body.message || `the server answered ${response.status}`, error);
}

/**
 * One call; gives the `data` of the answer. Throws ApiError; code "unreachable" when nobody answered.
 * With `key` that one is tried instead of the session's, and its refusal ends no session.
 */
export async function call(method, path, { query, body, signal, key } = {}) {
  const limit = AbortSignal.timeout(kTimeoutMs);
  let response;
  try {
    response = await fetch(url(path, query), {
      method,
      headers: headers(body === undefined ? {} : { 'Content-Type': 'application/json' }, key),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    if (signal && signal.aborted) throw error;
    throw new ApiError(0, 'unreachable', 'the API does not answer');
  }
  if (!response.ok) throw await failure(response, key !== undefined);
  if (response.status === 204) return null;
  return (await response.json()).data;
}

export const get = (path, query, signal) => call('GET', path, { query, signal });
export const post = (path, body = {}, query) => call('POST', path, { body, query });

export const executionPath = (id) => `/executions/tasks/${encodeURIComponent(id)}`;
export const taskPath = (id) => `/tasks/${encodeURIComponent(id)}`;

function eventOf(block) {
  let data = '';
  for (const line of block.split('\n')) {
    if (line.startsWith('data:')) data += line.slice(5).trimStart();
  }
  return data ? JSON.parse(data) : null;
}

/**
 * The events of one execution after `afterSeq`, as they come; ends with the terminal one or the connection.
 * By fetch, because EventSource can't send the key. Throws ApiError when the server refuses.
 */
export async function* stream(execId, afterSeq, signal) {
  const response = await fetch(url(`${executionPath(execId)}/stream`, { after_seq: afterSeq }), {
    headers: headers({ Accept: 'text/event-stream' }), signal, credentials: 'omit', cache: 'no-store',
  });
  if (!response.ok) throw await failure(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value.replaceAll('\r', '');
    let end;
    while ((end = buffer.indexOf('\n\n')) >= 0) {
      const event = eventOf(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
      if (event) yield event;
    }
  }
}
