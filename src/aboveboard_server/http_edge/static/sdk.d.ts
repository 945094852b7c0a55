/** What `init` takes: who sends, and how. Only the first three are required. */
export interface Options {
  /** The product that sends, at most 128 bytes. */
  solution: string;
  /** The company's globally unique identifier, at most 128 bytes. */
  companyId: string;
  /** Identifies the deployment within the company, at most 128 bytes. */
  deploymentId: string;
  /** The company's name, at most 256 bytes. */
  companyName?: string;
  /** The deployment's name, at most 256 bytes. */
  deploymentName?: string;
  /** The user's identifier, pseudonymised BEFORE it comes here; at most 128 bytes. */
  userId?: string;
  /** The product's version, at most 64 bytes. */
  version?: string;
  /** The service's address. Default: where this module was loaded from. Required where it is bundled. */
  endpoint?: string;
  /** The product's write key, where the service asks for one. */
  writeKey?: string;
  /**
   * Whether `navigator.doNotTrack` is obeyed. Default: true. `navigator.globalPrivacyControl` is obeyed
   * always: where it is set, nothing is queued, kept or sent.
   */
  respectDoNotTrack?: boolean;
  /**
   * Milliseconds between two sendings, at least 1000. Default: 5000, which holds as well where something else is given;
   * the console says so.
   */
  flushInterval?: number;
  /** Whether to tell on the console (at level debug) what became of events that were not accepted. */
  debug?: boolean;
}

/** Whether an event tells of use or of technology. */
export type Category = 'INTERACTION' | 'TECHNICAL';

/** For whom a preference is set. Never inferred. */
export type Scope = 'USER' | 'DEPLOYMENT';

/** What the service tells a source, as ProtoJSON of aboveboard.telemetry.v1.CollectionStatus. */
export interface CollectionStatus {
  state: 'STATE_ENABLED' | 'STATE_DISABLED';
  categories?: string[];
  pingInterval?: string;
  serverTime?: string;
  /** A short text from the vendor to whoever runs the product. It is text: never put it in as HTML. */
  notice?: string;
}

/**
 * Say who sends, and begin: ask the service whether to collect. Call it again where that changes, as after
 * a login; what is queued keeps the source it was made under. A page that the browser renders ahead begins, and pings,
 * when it is shown. Where there is neither a page nor a worker, as in Node, nothing begins.
 */
export function init(options: Options): void;

/**
 * Tell that something happened. It is queued, numbered and sent within `flushInterval`, or when the page is
 * hidden or left. Ignored before `init` and wherever collection is off.
 *
 * @param event What happened, at most 128 bytes.
 * @param payload What only this event has: at most 64 keys, 4 levels, 8 KiB; no personal data.
 * @param category Default: 'INTERACTION'.
 */
export function ping(event: string, payload?: Record<string, unknown>, category?: Category): void;

/**
 * Send what waits now. Resolves when it has been tried; what failed stays queued, and is not tried again within a second
 * or before the service's `Retry-After`, however often this is called.
 */
export function flush(): Promise<void>;

/**
 * Switch collection off: the "Disable Telemetry" tick box. In this tab at once: its queue is emptied, and requests under
 * way are aborted. Before `init` as well: false then, and told once `init` says whose wish it is.
 *
 * @returns true once the service keeps it; false where it could not be told: then it holds in this browser, and
 * is told as soon as the service can be reached. The token that lifts it lies in the origin's localStorage from
 * then on; where nothing can be kept there, it holds in this tab, and only the vendor can lift it.
 */
export function disable(scope: Scope): Promise<boolean>;

/**
 * Take back what `disable` set at the same scope in this browser, never what somebody else or an administrator has set.
 *
 * @returns true once the service has taken it; false where it could not be reached, or where what is refused was not
 * set here: then it stays off, and only the vendor can lift it.
 */
export function enable(scope: Scope): Promise<boolean>;

/** Whether pings are taken: the browser does not object, and nobody has switched it off. */
export function collecting(): boolean;

/** What the service told last; null until it has. */
export function collectionStatus(): CollectionStatus | null;
