// What needs no state: times, ids, JSON, storage that may be forbidden.

export const SECOND = 1_000; // ms
const USUAL = 5 * SECOND;

/** How many ms have passed: whoever sets the time of day changes nothing. */
export const clock = () => performance.now();

/** As setTimeout, which takes what is longer for nothing. */
export const later = (action, ms) => setTimeout(action, Math.min(Math.max(ms, 0), 2 ** 31 - 1));

/** The interval to send at; what is none is refused aloud, for the page's author to see. */
export function interval(given) {
  const usable = Number.isFinite(given) && given >= SECOND;
  if (!usable && given != null) {
    console.warn(`aboveboard: flushInterval must be a number of ms, at least ${SECOND}; ${USUAL} is used`);
  }
  return usable ? given : USUAL;
}

/** Whether there is a page, or a worker of one: elsewhere, as in Node, nothing is taken and nothing runs. */
export const inBrowser = () => Boolean(globalThis.document ?? globalThis.WorkerGlobalScope);

/** Whether nobody sees the page; a worker has none. */
export const hidden = () => globalThis.document?.visibilityState === 'hidden';

/** Whether the page is rendered ahead, and may never be shown: then it is done when it is. */
export function untilShown(action) {
  const { document } = globalThis;
  if (!document?.prerendering) return false;
  document.addEventListener('prerenderingchange', action, { once: true });
  return true;
}

/** Do what storage may forbid, or be too full for: null then. */
export function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export function uuid7() {
  const time = Date.now().toString(16).padStart(12, '0');
  const chance = random(10);
  const variant = '89ab'[parseInt(chance[3], 16) & 3];
  return [
    time.slice(0, 8), time.slice(8), '7' + chance.slice(0, 3), variant + chance.slice(4, 7), chance.slice(7, 19),
  ].join('-');
}

export function random(bytes) {
  const drawn = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(drawn, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** As JSON; half a surrogate pair and U+0000, which nobody can store, are replaced. */
export function encode(value) {
  const json = JSON.stringify(value);
  return json.replace(/\\\\|\\u(0000|d[89a-f]..)/g, (found, bad) => (bad ? '\ufffd' : found));
}

/** A payload as the plain object the service takes; a value alone gets a name. */
export function asObject(payload) {
  const text = JSON.stringify(payload);
  const plain = text && JSON.parse(text);
  return plain === undefined || /^{/.test(text) ? plain : { value: plain };
}

export const size = (text) => new TextEncoder().encode(text).length;
