import type { Event } from "../../schemas/event.ts";
import { type DetectorContext, type Evidence, evidenceOf } from "../detector.ts";
import { isPrivate, isSignIn } from "../network.ts";
import { hash32 } from "../stats/hash.ts";
import type { BaselineParams } from "./params.ts";
import { commonMode, type Knowledge, rarityBucket, SCALE } from "./knowledge.ts";
import {
  type BaselineState,
  EVIDENCE,
  Field,
  FIELDS,
  LABELS,
  Model,
  NEWS,
  type Window,
} from "./layout.ts";
import { daysSeen, findSlot, touchSlot } from "./slots.ts";
import { noteHour, noveltyRate } from "./surprise.ts";
import { bytesOf, valuesOf } from "./values.ts";

type Context = DetectorContext<BaselineParams>;

/** Everything about one event that several features look at. */
interface Look {
  readonly state: BaselineState;
  readonly window: Window;
  readonly event: Event;
  readonly context: Context;
  readonly know: Knowledge;
  readonly values: readonly (string | undefined)[];
  /** 0 where there is no value. */
  readonly hashes: Uint32Array;
  /** Slot of each value, −1 when it is not known. */
  readonly slots: Int32Array;
}

/** Room for what is read of one event; the next one overwrites it. */
export type Scratch = ReturnType<typeof createScratch>;

export const createScratch = () => ({
  values: Array.from({ length: FIELDS }, (): string | undefined => undefined),
  hashes: new Uint32Array(FIELDS),
  slots: new Int32Array(FIELDS),
});

/** Characters that JSON writes as six: an attacker would choose them to swell the state. */
// oxlint-disable-next-line no-control-regex
const UNQUOTABLE = /[\u0000-\u001f"\\\ud800-\udfff]/g;
const ACTIVITY: ReadonlySet<number> = new Set<number>([Field.host, Field.program, Field.share]);
const CONTEXT: ReadonlySet<number> = new Set<number>([
  Field.device,
  Field.network,
  Field.agent,
  Field.action,
  Field.service,
]);

export const groupOf = (event: Event, kind: string): string =>
  (event["user.group.name"] ?? (kind === "service" ? "(services)" : ""))
    .slice(0, 40)
    .replaceAll(UNQUOTABLE, "?");

export function addEvidence(window: Window, weight: number, evidence: Evidence): void {
  const size = evidence.id.length + evidence.dataset.length;
  if (size > 96 || window.evidence.some((entry) => entry[1].id === evidence.id)) return;
  window.evidence.push([Math.round(weight * 100), evidence]);
  window.evidence.sort((left, right) => left[0] - right[0]);
  let total = window.evidence.reduce(
    (sum, [, { id, dataset }]) => sum + id.length + dataset.length,
    0,
  );
  while (window.evidence.length > EVIDENCE || total > 440) {
    const dropped = window.evidence.shift();
    if (dropped === undefined) break;
    total -= dropped[1].id.length + dropped[1].dataset.length;
  }
}

function addEpisode(look: Look, part: 1 | 2, surprise: number): void {
  const { window, context } = look;
  const local = context.at + window.offset;
  const bucket = Math.floor(local / 1_800_000) % 48;
  let entry = window.episodes.find((other) => other[0] === bucket);
  if (entry === undefined) {
    if (window.episodes.length >= 12) return;
    entry = [bucket, 0, 0];
    window.episodes.push(entry);
  }
  entry[part] = Math.min(9999, entry[part] + Math.round(100 * surprise));
}

/** Takes the group's day so far into the window; it only ever makes the day more ordinary. */
export function noteCommon(
  state: BaselineState,
  window: Window,
  of: { readonly field: number; readonly context: Context; readonly know: Knowledge },
): void {
  const rate = of.know.rates(state.group).novelty[of.field] as number;
  const factor = commonMode(of.context, { group: state.group, field: of.field, rate });
  const before = window.common[of.field] ?? 1;
  if (factor <= before) return;
  for (let field = window.common.length; field < FIELDS; field++) window.common.push(1);
  window.common[of.field] = Math.round(100 * factor) / 100;
}

function isNews(window: Window, field: number, hash: number): boolean {
  for (const entry of window.news) if (entry[0] === field && entry[1] === hash) return true;
  return false;
}

/** A value this entity has never shown before today. Rarity is taken before its own vote. */
function meet(look: Look, field: number): boolean {
  const { state, window, context, know } = look;
  const hash = look.hashes[field] as number;
  if (window.news.length >= NEWS) return false;
  const peersTable = context.shared("baseline.peers");
  const key = hash.toString(36);
  const peers = peersTable.get(`${field}|${state.group}|${key}`);
  const others = peersTable.get(`${field}|*|${key}`);
  const bucket = rarityBucket(peers, others);
  const rarity = know.rarity(field, bucket);
  if (window.news.filter((entry) => entry[0] === field).length < 3) {
    context.contribute("baseline.today", `${state.group}|${field}`, SCALE);
  }
  window.news.push([field, hash, bucket]);
  noteCommon(state, window, { field, context, know });
  context.contribute("baseline.peers", `${field}|${state.group}|${key}`, 1);
  context.contribute("baseline.peers", `${field}|*|${key}`, 1);
  const text = (look.values[field] as string).slice(0, 24).replaceAll(UNQUOTABLE, "?");
  window.labels.push([field, text, bucket, peers, others]);
  window.labels.sort((left, right) => left[2] - right[2]);
  if (window.labels.length > LABELS) window.labels.pop();
  const usual = noveltyRate(state, field, know) * (window.common[field] ?? 1);
  const surprise = -Math.log(Math.min(1, (usual * rarity) / 8));
  if (surprise > 0) {
    if (ACTIVITY.has(field)) addEpisode(look, 1, surprise);
    if (CONTEXT.has(field)) addEpisode(look, 2, surprise);
  }
  addEvidence(window, surprise, evidenceOf(look.event));
  return true;
}

/** How unusual a value is for this entity, in nats: share of its days, or rate × rarity when new today. */
function strangeness(look: Look, field: number): number {
  if (look.values[field] === undefined) return 0;
  const { state, window, know } = look;
  const slot = look.slots[field] as number;
  if (slot >= 0) {
    const seen = daysSeen(state, slot, window.day);
    const active = Math.min(31, state.models[Model.age] as number);
    return Math.max(0, -Math.log((seen + 0.5) / (1.5 * active + 1)));
  }
  const hash = look.hashes[field] as number;
  const news = window.news.find((entry) => entry[0] === field && entry[1] === hash);
  const rarity = news === undefined ? 1 : know.rarity(field, news[2]);
  return Math.max(0, -Math.log(Math.min(1, noveltyRate(state, field, know) * rarity)));
}

const isNew = (look: Look, field: number): boolean =>
  look.values[field] !== undefined && (look.slots[field] as number) < 0;

/** Place and thing of one successful sign-in together: a trip is place only, a new laptop thing only. */
function loginContext(look: Look): boolean {
  const { window, event, context, state, know } = look;
  const abroad = isNew(look, Field.country)
    ? -Math.log(noveltyRate(state, Field.country, know) / noveltyRate(state, Field.network, know))
    : 0;
  const place = Math.min(5, strangeness(look, Field.network)) + Math.max(0, Math.min(1.5, abroad));
  const thing = Math.min(6, strangeness(look, Field.device) + strangeness(look, Field.agent) / 2);
  let x = place + thing;
  if (place > 2 && thing > 1) {
    if (isNew(look, Field.service)) x += 0.7 * strangeness(look, Field.service);
    x += Math.min(4, strangeness(look, Field.action));
    x += Math.min(5, -Math.log(window.rarestHour / 1e6)) / 2;
  }
  const ip = event["source.ip"] ?? "";
  if (context.shared("login.spraying").get(ip) >= 500) x += 4;
  const score = Math.round(100 * x);
  if (score <= window.login) return false;
  window.login = score;
  window.place = Math.round(100 * place);
  window.thing = Math.round(100 * thing);
  window.sourceIp = ip.slice(0, 45);
  if (x > 2) addEvidence(window, x, evidenceOf(event));
  return true;
}

/** A session that moves to another network or program than it began with. */
function sessionBinding(look: Look): boolean {
  const { state, window, event } = look;
  const id = event["session.id"];
  if (id === undefined) return false;
  const hash = hash32(id);
  const network = look.hashes[Field.network] ?? 0;
  const agent = look.hashes[Field.agent] ?? 0;
  const known = state.sessions.find((entry) => entry[0] === hash);
  if (known === undefined) {
    state.sessions.push([hash, network, agent]);
    if (state.sessions.length > 5) state.sessions.shift();
    return false;
  }
  const moved = network !== 0 && known[1] !== 0 && network !== known[1];
  const changed = agent !== 0 && known[2] !== 0 && agent !== known[2];
  if (!moved && !changed) return false;
  const x =
    (moved ? 1 + strangeness(look, Field.network) : 0) +
    (changed ? 2 + strangeness(look, Field.agent) : 0);
  const score = Math.round(100 * x);
  if (score <= window.session) return false;
  window.session = score;
  addEvidence(window, x, evidenceOf(event));
  return true;
}

function fail(look: Look, weight: number): void {
  const { window, event, context } = look;
  window.failures += weight;
  const device = look.values[Field.device];
  const unknown =
    (look.values[Field.network] !== undefined && (look.slots[Field.network] as number) < 0) ||
    (device !== undefined && device !== "(none)" && (look.slots[Field.device] as number) < 0);
  // A failure from an address that sprays is the address's anomaly, not the account's.
  const ip = event["source.ip"] ?? "";
  if (!unknown || context.shared("login.spraying").get(ip) >= 500) return;
  window.strange += weight;
  addEvidence(window, 1, evidenceOf(event));
}

/**
 * Takes one event into its day. Returns whether anything happened that could make the day much odder,
 * so that scoring runs for few events only.
 */
export function observe(
  state: BaselineState,
  window: Window,
  of: {
    readonly event: Event;
    readonly context: Context;
    readonly know: Knowledge;
    readonly scratch: Scratch;
  },
): boolean {
  const { event, context, know } = of;
  const { values, hashes, slots } = of.scratch;
  valuesOf(event, values);
  for (let field = 0; field < FIELDS; field++) {
    const value = values[field];
    const hash = value === undefined ? 0 : hash32(value, field);
    hashes[field] = hash;
    slots[field] = hash === 0 ? -1 : findSlot(state, field, hash);
  }
  const look: Look = { state, window, event, context, know, values, hashes, slots };
  const weight = Math.max(1, Math.min(100_000, Math.floor(event["event.repeat_count"] ?? 1)));
  window.count += weight;
  const local = Math.floor((context.at + window.offset) / 3_600_000) % 24;
  let material = noteHour(state, window, local, know.rates(state.group));
  if (event["event.outcome"] === "failure") {
    fail(look, weight);
    return true;
  }
  for (let field = 0; field < FIELDS; field++) {
    if (hashes[field] === 0) continue;
    const slot = slots[field] as number;
    if (slot >= 0) touchSlot(state, slot, window.day);
    else if (!isNews(window, field, hashes[field] as number)) {
      material = meet(look, field) || material;
    }
  }
  window.bytes += bytesOf(event);
  const ip = event["source.ip"];
  if (
    ip !== undefined &&
    !isPrivate(ip) &&
    event["event.outcome"] === "success" &&
    isSignIn(event)
  ) {
    material = loginContext(look) || material;
  }
  material = sessionBinding(look) || material;
  return material || window.count >= 1.65 * window.scoredAt + 1;
}
