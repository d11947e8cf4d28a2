import type { CaseworkObserved } from "../../../schemas/casework.ts";
import type { Action } from "../../../schemas/action.ts";
import type { Casework } from "../../../schemas/casework.ts";
import { jobId } from "../../../schemas/ids.ts";
import { createLogger } from "../../../platform/logger.ts";
import type { Responder } from "../../../responders/responder.ts";
import { type TriageConfig, triageConfig } from "../../../responders/runtime/config.ts";
import { createTriage, type Triage } from "../../../responders/runtime/triage.ts";
import { createWorker } from "../../../responders/runtime/worker.ts";
import { found, LIVE, request, scim, T0, takeover, tick, travel } from "./make.ts";

/**
 * A seeded world around the real triage and the real worker: virtual time, a scheduler that decides
 * when each I/O happens, crashes, lost and repeated jobs, answers that come late or never, a second
 * triage owner, an operator. A mutant leaves one rule out; a violation is returned as a sentence.
 */
export type Mutant =
  | "none"
  | "no-claim"
  | "last-prior"
  | "no-grace"
  | "late-answer"
  | "failed-without-undo"
  | "own-order"
  | "two-leases"
  | "stale-job"
  | "stop-blocks-undo";

const REQUEST_MS = 3_000;
const USERS = ["alice", "bob", "cid"];

interface Owner {
  triages: Triage[];
  position: number;
  /** Cells and position of its last checkpoint, of each triage. */
  cut: { cells: Map<string, Uint8Array>[]; position: number };
}

export async function simulate(seed: number, mutant: Mutant): Promise<string | undefined> {
  const random = generator(seed);
  const chance = (p: number) => random() < p;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

  const config = configOf(mutant);
  let clock = T0;
  const casework: Casework[] = [];
  const actions: Action[] = [];
  const recorded = new Map<string, string>();
  const queue: string[] = [];
  const known = new Set<string>();
  const pending: (() => void)[] = [];
  const limits: { at: number; controller: AbortController }[] = [];
  const landings: { at: number; land: () => void }[] = [];
  const applied = new Map<string, number>();
  let violation: string | undefined;
  const violated = (what: string) => {
    violation ??= what;
  };
  let calm = false;

  const original: Record<string, string> = {
    alice: "active",
    bob: "active",
    cid: "disabled by HR",
  };
  const target: Record<string, string> = { ...original };

  const gate = () => new Promise<void>((resolve) => pending.push(resolve));
  /** A request that reaches the target some time before the hard limit, answered or not. */
  const send = async (signal: AbortSignal, effect: () => void) => {
    const longest = mutant === "no-grace" ? 40_000 : REQUEST_MS;
    const at = clock + Math.floor(random() * (calm ? 10 : longest));
    landings.push({ at, land: effect });
    await gate();
    if (signal.aborted) throw new Error("aborted");
    if (!calm && chance(0.15)) await new Promise<void>(() => undefined);
    if (clock < at) throw new Error("no answer");
  };

  const responder: Responder = {
    ...shell,
    async observe(plan) {
      await gate();
      return { status: "found", state: { value: target[plan.account] ?? "" } };
    },
    async apply(plan, action, { signal }) {
      const window = `${action["action.id"]} ${action["action.step"]} ${action["action.attempt"]}`;
      applied.set(window, (applied.get(window) ?? 0) + 1);
      if ((applied.get(window) ?? 0) > 1) violated(`two effects in ${window}`);
      await send(signal, () => {
        target[plan.account] = "locked";
      });
      return { status: "done", receipt: "locked" };
    },
    async undo(plan, prior, { signal }) {
      await send(signal, () => {
        target[plan.account] = String(prior["value"]);
      });
      return { status: "done", receipt: "restored" };
    },
    async verify(plan, wanted, prior) {
      await gate();
      const expected = wanted === "applied" ? "locked" : prior["value"];
      return target[plan.account] === expected
        ? { status: "done", receipt: "read back" }
        : { status: "retry", reason: "not yet" };
    },
  };

  const observations = (): CaseworkObserved[] =>
    casework.filter((record) => record.kind === "observed");
  const newestOf = (id: string, upTo = actions.length): Action | undefined => {
    let newest: Action | undefined;
    for (const action of actions.slice(0, upTo)) {
      if (action["action.id"] !== id) continue;
      if (newest === undefined || action["action.revision"] > newest["action.revision"]) {
        newest = action;
      }
    }
    return newest;
  };
  const stopped = () => {
    const last = casework.findLast(
      (record) => record.kind === "request" && record.request !== "undo",
    );
    return last?.kind === "request" && last.request === "stop";
  };
  let nonce = 0;

  const handle = createWorker({
    logger: createLogger({ level: "silent" }),
    now: () => clock,
    nonce: () => `n${nonce++}`,
    stopped,
    responder: () => ({ name: "scim", responder, params: {}, native_datasets: [] }),
    timeLimit() {
      const controller = new AbortController();
      limits.push({ at: clock + REQUEST_MS, controller });
      return controller.signal;
    },
    async newest(id, step, attempt) {
      await gate();
      const reached = actions.findIndex(
        (a) => a["action.id"] === id && a["action.step"] === step && a["action.attempt"] >= attempt,
      );
      const behind = calm ? 0 : Math.floor(random() * 3);
      const action = newestOf(id, Math.max(reached + 1, actions.length - behind));
      if (mutant === "stale-job" && action !== undefined) {
        const asked = { "action.step": step as "apply" | "undo", "action.attempt": attempt };
        const never = new Date(clock + 1).toISOString();
        return { ...action, ...asked, "action.status": "attempting", "action.deadline": never };
      }
      if (mutant === "stop-blocks-undo" && stopped() && step === "undo") return undefined;
      return action;
    },
    async claim(record) {
      await gate();
      casework.push(record);
      await gate();
      if (mutant === "no-claim") return true;
      const first = observations().find(
        (other) =>
          other.action === record.action &&
          other.step === record.step &&
          other.attempt === record.attempt,
      );
      return first?.nonce === record.nonce;
    },
    prior(id) {
      const seen = observations().filter((record) => record.action === id);
      return (mutant === "last-prior" ? seen.at(-1) : seen[0])?.prior;
    },
    async conclude(record) {
      await gate();
      const now = newestOf(record.action);
      if (mutant === "late-answer" && now !== undefined && record.status === "confirmed") {
        const claim = observations().find(
          (other) =>
            other.action === record.action &&
            other.step === now["action.step"] &&
            other.attempt === now["action.attempt"],
        );
        const current = { step: now["action.step"], attempt: now["action.attempt"] };
        const seen = { kind: "observed", at: clock, action: record.action, prior: {} } as const;
        if (claim === undefined) casework.push({ ...seen, ...current, nonce: record.nonce });
        casework.push({ ...record, ...current, nonce: claim?.nonce ?? record.nonce });
      } else casework.push(record);
    },
  });

  const createOwner = (): Owner => {
    const triages =
      mutant === "two-leases"
        ? [createTriage(config), createTriage(config)]
        : [createTriage(config)];
    return {
      triages,
      position: 0,
      cut: { cells: triages.map((t) => new Map(t.encode())), position: 0 },
    };
  };
  const owners = [createOwner()];

  const read = (owner: Owner, count: number, index: number) => {
    const records = casework.slice(owner.position, owner.position + count);
    if (mutant === "own-order" && index === 1) records.reverse();
    owner.position += records.length;
    for (const record of records) {
      if (mutant === "failed-without-undo" && record.kind === "observed") continue;
      const half = record.kind === "anomaly" && mutant === "two-leases" ? record.at % 2 : undefined;
      for (const [place, triage] of owner.triages.entries()) {
        if (half !== undefined && half !== place) continue;
        const salt = place === 0 ? "" : "f";
        for (const made of triage.apply(unsalted(record, salt)).actions)
          record_(salted(made, salt));
      }
    }
    for (const [place, triage] of owner.triages.entries()) {
      for (const action of triage.openActions()) enqueue(salted(action, place === 0 ? "" : "f"));
    }
  };
  const record_ = (action: Action) => {
    const key = `${action["action.id"]} ${action["action.revision"]}`;
    const text = JSON.stringify(action);
    const before = recorded.get(key);
    if (before !== undefined && before !== text) violated(`two owners disagree about ${key}`);
    recorded.set(key, text);
    actions.push(action);
  };
  const enqueue = (action: Action) => {
    if (action["action.status"] !== "attempting") return;
    const id = jobId(action["action.id"], action["action.step"], action["action.attempt"]);
    if (known.has(id)) return;
    known.add(id);
    queue.push(id);
  };
  const open = () => owners.flatMap((owner) => owner.triages.flatMap((t) => t.openActions()));
  const check = () => {
    for (const triage of mutant === "two-leases" ? [] : owners.flatMap((owner) => owner.triages)) {
      const targets = triage.openActions().map((a) => `${a["action.type"]} ${a["target.id"]}`);
      if (new Set(targets).size < targets.length) violated("two open actions on one target");
    }
    const locked = new Set(
      actions.filter((a) => a["action.status"] === "authorised").map((a) => a["action.id"]),
    );
    // One without effect gave its place back.
    for (const action of actions) {
      if (action["action.status"] === "failed") locked.delete(action["action.id"]);
    }
    if (locked.size > 4 && mutant !== "two-leases") violated(`${locked.size} locks, the cap is 4`);
  };
  const pass = (ms: number) => {
    clock += ms;
    for (const landing of landings.splice(0)) {
      if (landing.at <= clock) landing.land();
      else landings.push(landing);
    }
    for (const limit of limits) if (limit.at <= clock) limit.controller.abort();
  };

  let tickedAt = clock;
  const step = async () => {
    pass(calm ? 200 : Math.floor((chance(0.05) ? 20_000 : 400) * random()));
    if (clock - tickedAt >= 1_000 && open().length > 0) {
      tickedAt = clock;
      casework.push(tick(clock));
    }
    const dice = random();
    if (calm) {
      for (const resolve of pending.splice(0)) resolve();
      for (const job of queue.splice(0)) void handle(job);
    }
    if (pending.length > 0 && dice < 0.5) {
      pending.splice(Math.floor(random() * pending.length), 1)[0]?.();
    }
    if (queue.length > 0 && dice > 0.7) {
      const job = queue.splice(Math.floor(random() * queue.length), 1)[0] ?? "";
      if (chance(0.3)) queue.push(job);
      void handle(job);
    }
    for (const [index, owner] of owners.entries()) {
      if (calm || chance(0.6)) read(owner, calm ? 1_000 : 1 + Math.floor(random() * 4), index);
    }
    if (!calm) disturb();
    check();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const disturb = () => {
    const user = pick(USERS);
    if (chance(0.06)) for (const one of takeover(clock, user)) casework.push(found(one, clock));
    if (chance(0.03)) casework.push(found(travel(clock + 1, { "entity.id": user }), clock + 1));
    if (chance(0.02)) casework.push(pick(casework.length > 0 ? casework : [tick(clock)]));
    if (chance(0.04)) pending.splice(Math.floor(random() * pending.length), 1);
    if (chance(0.03)) {
      queue.length = 0;
      known.clear();
    }
    if (chance(0.03)) known.clear();
    if (chance(0.04)) {
      const one = pick(actions.length > 0 ? actions : [undefined]);
      if (one !== undefined) casework.push(request("undo", clock, [one["action.id"]]));
    }
    if (chance(0.01)) casework.push(request(chance(0.5) ? "stop" : "resume", clock));
    const owner = pick(owners);
    if (chance(0.1)) {
      owner.cut = {
        cells: owner.triages.map((t) => new Map(t.encode())),
        position: owner.position,
      };
    }
    if (chance(0.04)) {
      for (const [place, triage] of owner.triages.entries()) {
        triage.restore(owner.cut.cells[place] ?? new Map());
      }
      owner.position = owner.cut.position;
    }
    if (owners.length < 2 && chance(0.05)) owners.push(createOwner());
  };

  for (let round = 0; round < 220 && violation === undefined; round++) await step();
  calm = true;
  if (mutant !== "stop-blocks-undo") casework.push(request("resume", clock));
  else casework.push(request("stop", clock));
  // A lease of an hour ends, then everything must come to rest.
  for (let round = 0; round < 60; round++) await step();
  pass(3_700_000);
  for (let round = 0; round < 1_500 && violation === undefined; round++) {
    if (round % 50 === 0) known.clear();
    await step();
    const rest = open().length === 0 && landings.length === 0;
    if (rest && owners.every((owner) => owner.position === casework.length)) break;
  }
  const left = open()[0];
  if (left !== undefined)
    violated(`not ended: ${left["target.id"]} ${left["action.status"]} ${left["action.step"]}`);
  for (const user of USERS) {
    if (target[user] !== original[user]) violated(`${user} stays ${target[user]}`);
  }
  return violation;
}

function configOf(mutant: Mutant): TriageConfig {
  const attempts = { attempt_seconds: 5, grace_seconds: 4, request_seconds: 3, max_attempts: 3 };
  const caps = {
    hour_min: 4,
    hour_share: 0,
    day_min: 4,
    day_share: 0,
    source_hour: 99,
    detector_hour: 99,
  };
  const config = triageConfig({ ...LIVE, attempts, caps }, { responders: [scim] });
  return mutant === "no-grace"
    ? { ...config, attempts: { ...attempts, attempt_seconds: 2, grace_seconds: 0 } }
    : config;
}

/** Actions of the second triage of a mutant carry another id, as another incident's would. */
const salted = (action: Action, salt: string): Action =>
  salt === "" ? action : { ...action, "action.id": `${action["action.id"]}${salt}` };

function unsalted(record: Casework, salt: string): Casework {
  if (salt === "") return record;
  const cut = (id: string) => (id.length === 33 ? id.slice(0, 32) : `other-${id}`);
  if (record.kind === "observed" || record.kind === "outcome") {
    return { ...record, action: cut(record.action) };
  }
  return record.kind === "request" ? { ...record, actions: record.actions.map(cut) } : record;
}

const shell = {
  name: "scim",
  title: "Fake target",
  effect: "contain" as const,
  needs: "",
  params: {} as Responder["params"],
  actions: ["lock_account" as const],
  verification: "read_back" as const,
  plan: (action: Action) => ({
    type: action["action.type"],
    account: action["target.account"] ?? "",
    summary: "",
  }),
};

/** mulberry32: small, seeded, good enough to choose schedules. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
