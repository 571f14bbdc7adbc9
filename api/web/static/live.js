// Keeping a screen fresh: a poll that waits for its own answer, and the stream of one execution over it.
import { stream } from './api.js';

const kPollMs = 2000;
const kSlowestMs = 15000;

const listeners = new Set();
let reachable = true;

/** Tells `listener(reachable)` when the API stops or begins to answer. */
export function onConnection(listener) {
  listeners.add(listener);
  listener(reachable);
}

function reached(now) {
  if (now === reachable) return;
  reachable = now;
  for (const listener of listeners) listener(now);
}

/**
 * Calls `load(signal)` now and `every` ms after each answer; slower while the API is away, not at all while the page is
 * hidden. Gives {stop, now}: `now()` calls at once. An error other than "unreachable" goes to `failed`.
 */
export function poll(load, failed, every = kPollMs) {
  const ending = new AbortController();
  let timer = 0;
  let busy = false;
  let again = false;
  let delay = every;

  async function turn() {
    clearTimeout(timer);
    if (ending.signal.aborted) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    try {
      await load(ending.signal);
      delay = every;
      reached(true);
    } catch (error) {
      if (ending.signal.aborted) return;
      delay = Math.min(delay * 1.5, kSlowestMs);
      if (error.code === 'unreachable') reached(false);
      else failed(error);
    } finally {
      busy = false;
    }
    if (again) turn();
    else if (!document.hidden) timer = setTimeout(turn, delay);
  }

  const seen = () => {
    if (!document.hidden) turn();
  };
  document.addEventListener('visibilitychange', seen);
  turn();
  return {
    now: turn,
    stop() {
      ending.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    },
  };
}

/**
 * Follows the stream of an execution and calls `arrived(event)` for each event, over any number of connections. Where the
 * server offers no stream nothing happens: the poll goes on alone. Gives a function that stops it.
 */
export function follow(execId, afterSeq, arrived) {
  const ending = new AbortController();
  (async () => {
    let last = afterSeq;
    let delay = 500;
    while (!ending.signal.aborted) {
      try {
        for await (const event of stream(execId, last, ending.signal)) {
          delay = 500;
          if (event.seq) last = event.seq;
          arrived(event);
          if (/^execution\.(completed|failed|cancelled|timed_out)$/.test(event.type)) return;
        }
      } catch (error) {
        // Refused for good: there is no such route here, or the key may not.
        if (error.status >= 400 && error.status < 500 && error.status !== 429) return;
      }
      await new Promise((resume) => setTimeout(resume, delay));
      delay = Math.min(delay * 2, kSlowestMs);
    }
  })();
  return () => ending.abort();
}
