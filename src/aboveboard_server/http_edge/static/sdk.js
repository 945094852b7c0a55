/**
 * Aboveboard in the browser: an ES module without dependencies. Types and every option: sdk.d.ts.
 *
 * What waits stays in one queue until the service has answered for it. A beacon gets no answer, so what it
 * carried stays as well, and goes again by fetch if the tab lives on: the event's id lets it count once.
 * Nothing here ever throws into the page. No cookie is read or set. localStorage holds the token of a refusal,
 * from the refusal on; nothing before.
 */
import { DAY, KEY, note, renew, tokenIn, wished } from './refusals.js';
import {
  SECOND, asObject, attempt, clock, encode, hidden, inBrowser, interval, later, random, size, untilShown, uuid7,
} from './tools.js';

// The service takes 64 KiB, and a page may have as much in beacons under way. A kilobyte goes to what is
// around source and events: names, time, write key.
const ROOM = 60_000 - 1_000;
const QUEUE_EVENTS = 1_000; // Beyond it the oldest go: a page must not fill up while the service is away.
const BATCH_EVENTS = 500;
const SLOWEST_RETRY = 300_000; // ms
const TIMEOUT = 30_000; // ms
const SCOPES = ['USER', 'DEPLOYMENT'];

/** @type {any} The options of `init`; null before. */
let options = null;
let source = ''; // The Source as JSON: who sends what is queued from now on.
let tab = { id: '', sequence: 0, refused: false };
/** @type {{json: string, bytes: number, source: string, category: string, beaconed: boolean, left: boolean}[]} */
let queue = [];
/** @type {any} The last CollectionStatus; null until the service has told. */
let status = null;
let party = 0; // Counts who sends: an answer about an earlier one tells nothing.
let behind = false; // Whether an event of this page was refused as older than an erasure.
let ahead = 0; // By how many ms the service's clock is ahead then.
let wishes = 0; // How many preferences were set in this page.
/** @type {[string, boolean][]} What was wished before `init`, when nobody knew whose wish it is. */
const early = [];
/** @type {Set<AbortController>} The requests that a refusal aborts. */
const underWay = new Set();
/** @type {Promise<any>} The preferences that are being told, one after the other. */
let telling = Promise.resolve();
let busy = false;
let leaving = false;
let failures = 0;
let retryAt = 0; // By `clock`; 0 where nothing has failed.
let soonest = 0; // Until then not even `flush` tries again.
let most = BATCH_EVENTS;
/** @type {any} */
let timer = null;
/** @type {any} */
let again = null; // As timer, for `retell`.

/** Say who sends, and begin. Once more where it changes, as after a login: what is queued keeps its source. */
export const init = quietly((given) => {
  if (!inBrowser() || untilShown(() => init(given))) return;
  const first = !options;
  options = { ...given, flushInterval: interval(given.flushInterval) };
  options.endpoint = (given.endpoint ?? new URL('.', import.meta.url).href).replace(/\/*$/, '/');
  if (first && !objects()) claim();
  describe();
  status = null;
  party += 1;
  if (first) {
    addEventListener('visibilitychange', () => hidden() && beacon(), true);
    addEventListener('pagehide', leave);
    addEventListener('pageshow', (event) => event.persisted && comeBack());
  }
  for (const [scope, disabled] of early.splice(0)) prefer(scope, disabled);
  retell();
  void work();
});

/** Tell that something happened. `payload` is a small object; `kind` 'INTERACTION' or 'TECHNICAL'. */
export const ping = quietly((event, payload, kind) => {
  const plain = asObject(payload);
  if (untilShown(() => ping(event, plain, kind))) return;
  const category = `CATEGORY_${kind === 'TECHNICAL' ? kind : 'INTERACTION'}`;
  if (!collecting() || !allows(category)) return;
  const json = encode({
    eventId: uuid7(),
    occurredAt: now(),
    sequence: tab.sequence + 1,
    ping: { eventName: String(event), payload: plain, category },
  });
  const bytes = size(json) + 1;
  if (bytes + size(source) > ROOM) return log('too large to be sent', event);
  tab.sequence += 1;
  queue.push({ json, bytes, source, category, beaconed: false, left: false });
  if (queue.length > QUEUE_EVENTS) queue.shift(); // Its number is gone: the loss shows as a gap.
  // A hidden tab is ended without notice.
  if (leaving) queueMicrotask(leave);
  else if (status && hidden()) queueMicrotask(beacon);
  schedule();
});

/** Send what waits now, rather than when the timer says. */
export const flush = quietly(async () => {
  retryAt = Math.min(retryAt, soonest);
  await work();
});

/** Switch collection off for this 'USER' or 'DEPLOYMENT'. At once here; true once the service keeps it. */
export const disable = quietly((scope) => prefer(scope, true), Promise.resolve(false));

/** Take back what `disable` set at the same scope. True once the service has taken it. */
export const enable = quietly((scope) => prefer(scope, false), Promise.resolve(false));

/** Whether pings are taken: the browser does not object, nobody has switched it off. */
export const collecting = quietly(
  () => Boolean(options) && !objects() && !tab.refused && status?.state !== 'STATE_DISABLED' && !untold().length,
  false,
);

/** What the service told last: state, categories, `notice`. Null until it has. */
export const collectionStatus = () => status;

/** Whether the browser asks not to be watched. */
function objects() {
  const { globalPrivacyControl, doNotTrack } = /** @type {any} */ (navigator);
  return globalPrivacyControl === true || (options.respectDoNotTrack !== false && doNotTrack === '1');
}

const allows = (category) => !status?.categories?.length || status.categories.includes(category);

function describe() {
  const names = ['solution', 'companyId', 'companyName', 'deploymentId', 'deploymentName', 'userId', 'version'];
  const deployment = { instanceId: tab.id };
  for (const name of names) if (options[name]) deployment[name] = String(options[name]);
  source = encode({ deployment });
}

/*
 * One id per tab, which outlives a reload and the way to the next page: a ping lost while the page was left
 * then shows as a gap. It lies in sessionStorage only between two pages, so that a duplicated tab, which
 * gets a copy of the storage, does not count on under the same id. What no beacon took lies there with it.
 */
function claim() {
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(KEY) ?? 'null'));
  attempt(() => sessionStorage.removeItem(KEY));
  const refused = kept ? Boolean(kept.refused) : tab.refused;
  const { id = random(16), sequence = 0, waiting = [] } = (!refused && kept) || {};
  tab = { id, sequence, refused };
  if (refused) queue = [];
  // A page that comes back may have them still.
  const known = new Set(queue.map(({ json }) => json));
  for (const event of waiting) if (!known.has(event.json)) queue.push({ ...event, beaconed: false, left: false });
}

/** Keep what the next page of the tab needs: the refusal alone where there is one. */
function store() {
  attempt(() => sessionStorage.removeItem(KEY));
  const write = (what) => attempt(() => (sessionStorage.setItem(KEY, JSON.stringify(what)), true));
  if (tab.refused) return write({ refused: true });
  if (!mayHandOver()) return null;
  // All or nothing of what waits: there is room for some megabytes.
  const waiting = queue.filter(({ left }) => left);
  return (waiting.length && write({ ...tab, waiting })) || write(tab);
}

function leave() {
  leaving = true;
  beacon();
  store();
}

/** The page returns from the back-forward cache: the pages since may have counted on. */
function comeBack() {
  leaving = false;
  claim();
  describe();
  void work();
}

/** Do what is due, one thing at a time: ask whether to collect, then send. */
async function work() {
  if (queue.length && untold().length) forget(); // Another tab has refused.
  if (busy || !options || objects() || clock() < retryAt) return schedule();
  busy = true;
  try {
    if (!status && !tab.refused) await ask();
    let wait = 0;
    while (!wait && status && collecting() && queue.length) wait = await deliver(batch());
    failures = 0;
    retryAt = soonest = wait && clock() + wait;
  } catch (error) {
    // Not where a refusal has aborted it.
    if (collecting()) {
      soonest = clock() + Math.max(SECOND, retryAfter(error));
      retryAt = clock() + pause(error);
      log('will try again', error);
    }
  }
  busy = false;
  schedule();
}

function schedule() {
  if (timer || busy || !collecting() || (status && !queue.length)) return;
  const wake = () => ((timer = null), void work());
  timer = later(wake, retryAt ? retryAt - clock() : options.flushInterval);
}

/** Count a failure, and return how many ms to wait; no less than the service asks for. */
function pause(error) {
  const longest = Math.min(options.flushInterval * 2 ** (failures += 1), SLOWEST_RETRY);
  return Math.max(longest * (0.5 + Math.random() / 2), SECOND, retryAfter(error));
}

const retryAfter = (error) => Math.min(error.retryAfter ?? 0, DAY);

async function ask() {
  const asking = party;
  const told = await post('v1/status', `{"source":${source}${writeKey()}}`);
  // Who has come meanwhile asks for himself.
  if (asking === party) obey(told.collectionStatus);
}

/** Send them, and return for how many ms to pause before the next ones. */
async function deliver(events) {
  const told = await post('v1/events', body(events)).catch((error) => {
    if (error.status !== 400 && error.status !== 413) throw error;
    return null;
  });
  if (!told && events.length > 1) {
    // One of them makes the whole unreadable: halve until it stands alone.
    most = Math.ceil(events.length / 2);
    return SECOND;
  }
  // Where one was refused the next may be, as by something between that takes nothing at all.
  if (told) most = Math.min(most * 2, BATCH_EVENTS);
  const done = new Set(events);
  queue = queue.filter((event) => !done.has(event));
  if (!told) {
    log('refused', events[0].json);
    return SECOND;
  }
  for (const verdict of told.verdicts ?? []) {
    log(verdict.outcome, verdict);
    behind ||= verdict.outcome === 'OUTCOME_SUBJECT_ERASED';
  }
  if (events[0].source === source) obey(told.collectionStatus);
  return 0;
}

function obey(told) {
  if (!told?.state) return;
  status = told;
  if (behind) ahead = Math.max(Date.parse(told.serverTime) - Date.now(), 0) || 0;
  if (status.state === 'STATE_DISABLED') forget();
  else queue = queue.filter((event) => allows(event.category));
}

/** Empty the queue, and call back what is under way. It was not lost: what comes later counts anew, under another id. */
function forget() {
  queue = [];
  for (const request of underWay) request.abort();
  tab = { ...tab, id: random(16), sequence: 0 };
  if (options) describe();
}

/** Tell a preference, one after the other: the later one must not arrive first. */
function prefer(scope, disabled) {
  if (!inBrowser()) return Promise.resolve(false);
  if (disabled) {
    tab.refused = true;
    forget();
    store();
  }
  if (!options) {
    early.push([scope, disabled]);
    return Promise.resolve(false);
  }
  wishes += 1;
  const wish = wishOf(scope);
  if (disabled) renew(wish); else wish.lifts = wishes;
  return (telling = telling.then(() => tell(wish)));
}

async function tell(wish) {
  const { scope, lifts, kept } = wish;
  try {
    const said = `"scope":"SCOPE_${scope}","preference":"PREFERENCE_${lifts ? 'ENABLED' : 'DISABLED'}"`;
    const token = `"preferenceToken":"${tokenIn(kept)}"`;
    const told = await post('v1/preference', `{"source":${wish.source},${said},${token}${writeKey()}}`);
    note(wish, lifts ? '' : kept);
    if (lifts === wishes) {
      tab.refused = false;
      attempt(() => sessionStorage.removeItem(KEY));
    }
    if (wish.party === party) obey(told.collectionStatus);
    schedule();
    return true;
  } catch (error) {
    log('the preference was not kept', error);
    if (!lifts) note(wish, `${kept}!${Date.now() + pause(error)}`);
    return false;
  } finally {
    retell();
  }
}

/** Tell what could not be told, once that may be: one at a time. */
function retell() {
  clearTimeout(again);
  const [first] = untold();
  if (!first) return;
  const next = () => (untold()[0]?.at <= Date.now() ? tell(untold()[0]) : retell());
  again = later(() => (telling = telling.then(next)), Math.min(first.at - Date.now(), SLOWEST_RETRY));
}

/** The refusals that the service does not know, the first to be told first. */
function untold() {
  return SCOPES.map(wishOf).filter(({ at }) => at).sort((one, other) => one.at - other.at);
}

const wishOf = (scope) => ({ ...wished(scope, options), source, party });

/** Hand over what no beacon has carried yet, for the page may end now. */
function beacon() {
  if (!mayHandOver()) return;
  let events;
  while ((events = batch((event) => !event.beaconed)).length) {
    for (const event of events) event.beaconed = true;
    const text = body(events);
    if (navigator.sendBeacon?.(options.endpoint + 'v1/events', text)) continue;
    // Nobody may be there any more to hear whether this goes: the next page sends it again.
    for (const event of events) event.left = true;
    post('v1/events', text, true).catch(log);
  }
}

/** Where this browser has refused, not before the service has told that the vendor lifted it. */
const mayHandOver = () => collecting() && (status || !SCOPES.some((scope) => wishOf(scope).kept));

/** The first of what waits: one source, at most 60 KB. */
function batch(wanted = (_event) => true) {
  const waiting = queue.filter(wanted);
  const of = waiting[0]?.source ?? '';
  let room = ROOM - size(of);
  const end = waiting.findIndex((event, n) => n >= most || event.source !== of || (room -= event.bytes) < 0);
  return end < 0 ? waiting : waiting.slice(0, end);
}

function body(events) {
  const list = events.map((event) => event.json).join();
  return `{"source":${events[0].source}${writeKey()},"sentAt":"${now()}","events":[${list}]}`;
}

const writeKey = () => options.writeKey ? `,"writeKey":${encode(options.writeKey)}` : '';

/** Post a text, and return what is answered: as text/plain, which needs no preflight. */
async function post(path, text, keepalive = false) {
  const request = new AbortController();
  const late = later(() => request.abort(), TIMEOUT);
  if (path !== 'v1/preference') underWay.add(request);
  try {
    const answer = await fetch(options.endpoint + path, {
      method: 'POST',
      body: text,
      headers: { Accept: 'application/json' },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      keepalive,
      signal: request.signal,
    });
    if (answer.ok) {
      const told = await answer.json();
      // The service always tells it: whoever answers without, as the portal of a network, has taken nothing.
      if (!told?.collectionStatus) throw new Error(`${path}: this is not the service`);
      return told;
    }
    const retryAfter = Number(answer.headers.get('Retry-After')) * 1_000 || 0;
    // Names the field and the rule where the source is refused; never the value.
    const why = (await answer.text().catch(() => '')).slice(0, 500);
    throw Object.assign(new Error(`${path}: ${answer.status} ${why}`), { status: answer.status, retryAfter });
  } finally {
    clearTimeout(late);
    underWay.delete(request);
  }
}

/** The time of events and requests, by one clock: the service corrects the one by the other. */
const now = () => new Date(Date.now() + ahead).toISOString();

function log(...what) {
  if (options?.debug) console.debug('aboveboard:', ...what);
}

/** Wrap what the page calls: an error is logged, not thrown. */
function quietly(action, otherwise) {
  return (...given) => {
    try {
      const done = action(...given);
      return done?.catch ? done.catch((error) => (log(error), otherwise)) : done;
    } catch (error) {
      log(error);
      return otherwise;
    }
  };
}
