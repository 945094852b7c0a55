// What the browser keeps of a refusal: beside its token, in localStorage.

import { attempt, random } from './tools.js';

export const KEY = 'aboveboard';
export const DAY = 86_400_000; // ms

/** @type {Record<string, string>} What localStorage cannot keep. */
const unkept = {};

export function wished(scope, { companyId, deploymentId, userId }) {
  const key = KEY + JSON.stringify([scope, companyId, deploymentId, scope === 'USER' ? userId : null]);
  const [kept, at] = read(key);
  // Nobody waits for longer than a day: a clock was set back since.
  return { scope, key, kept, at: at > Date.now() + DAY ? 1 : Number(at) };
}

/*
 * What lifts a refusal: 32 random bytes, kept for the pages of this origin from the refusal until it is lifted.
 * A few more follow, new with each refusal: lifting one does not forget what another tab refuses meanwhile.
 * Until the service is told, `!` and when that may be.
 */
export function renew(wish) {
  const drawn = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
  keep(wish.key, `${tokenIn(wish.kept) || drawn}${random(4)}!${Date.now()}`);
  [wish.kept] = read(wish.key);
}

export const tokenIn = (kept) => /^[\w+/]{43}=/.exec(kept)?.[0] ?? '';

function read(key) {
  return (unkept[key] ?? attempt(() => localStorage.getItem(key)) ?? '').split('!');
}

/** Keep a text of a wish: not where it was refused, or lifted, again meanwhile. */
export function note({ key, kept }, text) {
  if (read(key)[0] === kept) keep(key, text);
}

function keep(key, text) {
  delete unkept[key];
  const done = attempt(() => (text ? localStorage.setItem(key, text) : localStorage.removeItem(key), true));
  // Without a token that would be lost with the page.
  if (!done) unkept[key] = text.replace(tokenIn(text), '');
}
