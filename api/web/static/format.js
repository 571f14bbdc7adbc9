// Times, durations, sizes and ids as people read them. Pure.

/** Milliseconds as "820 ms", "12.4 s", "3 m 05 s", "2 h 10 m", "3 d 4 h". */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '\u2013';
  if (ms < 0) return '0 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  const two = (n) => String(n).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

const kUnits = { ms: 1, s: 1000, m: 60000, h: 3600000, d: 86400000 };

/** Milliseconds of "1m30s", "250ms" or a number of seconds; null for anything else. */
export function parseDuration(text) {
  if (typeof text === 'number') return text * 1000;
  if (typeof text !== 'string') return null;
  let sum = 0;
  let rest = text;
  while (rest) {
    const part = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)/.exec(rest);
    if (!part) return null;
    sum += Number(part[1]) * kUnits[part[2]];
    rest = rest.slice(part[0].length);
  }
  return text ? sum : null;
}

export function ago(iso, now = Date.now()) {
  if (!iso) return '\u2013';
  const ms = now - Date.parse(iso);
  if (ms < 0) return `in ${coarse(-ms)}`;
  return ms < 5000 ? 'now' : `${coarse(ms)} ago`;
}

function coarse(ms) {
  for (const [unit, size] of [['d', 86400000], ['h', 3600000], ['m', 60000]]) {
    if (ms >= size) return `${Math.floor(ms / size)} ${unit}`;
  }
  return `${Math.floor(ms / 1000)} s`;
}

export function clock(iso) {
  return iso ? new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }) : '\u2013';
}

export function bytes(count) {
  if (!count) return '0 B';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return `${(count / 1024 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

export function count(n) {
  return Number(n || 0).toLocaleString();
}

/** The end of an id is what differs between ids of one moment. */
export function shortId(id) {
  const text = String(id);
  return text.length > 20 ? `${text.slice(0, 8)}\u2026${text.slice(-6)}` : text;
}

/** The band of what is left: "8 s - 21 s left", or an empty text when nobody knows. */
export function remaining(band) {
  if (!band) return '';
  const [low, middle, high] = [band.p10, band.p50, band.p90].map(parseDuration);
  if (low !== null && high !== null && low !== high) return `${duration(low)} \u2013 ${duration(high)} left`;
  return middle !== null ? `about ${duration(middle)} left` : '';
}

export function isUuid(text) {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

export const kFinal = ['completed', 'failed', 'cancelled', 'timed_out'];
export const kStatuses = ['pending', 'running', 'waiting', 'paused', ...kFinal];
export const isFinal = (status) => kFinal.includes(status);
