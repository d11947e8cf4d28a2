import { LAG_MS } from "../../../schemas/event-time.ts";
import { evidenceOf } from "../../detector.ts";
import { hash32 } from "../../stats/hash.ts";
import { KEEP } from "../counts.ts";
import { addEvidence } from "../evidence.ts";
import type { Feature, Look } from "../feature.ts";
import { Field } from "../fields.ts";
import { SESSION, SESSIONS } from "../model.ts";
import { countryTerm, strangeness } from "../strangeness.ts";

const NAME = "session binding";
const SECONDS = 1000;
/** Seconds in which the session's first event may still come after another one of it. */
const LAG = LAG_MS / SECONDS;
const parts = [Field.network, Field.agent, Field.device] as const;
/** Learned: sessions, and of them those that changed network, agent, device. */
const MEMORY = 1 + parts.length;
/** Of the day: greatest surprise in 1/100, sessions begun, changes of each part. */
const SUMS = 2 + parts.length;
/** Sessions that the peers' shares of changes are worth, and what is assumed of those. */
const PEER_SESSIONS = 20;
const ASSUMED = { rate: 0.1, worth: 20, per: "n" } as const;
const CHANGED = parts.map((_, index) => `${NAME} ${index}`);

/** Index of the session's numbers, a free place or the one that began first. */
function sessionAt(
  { state }: Look,
  hash: number,
): { readonly at: number; readonly known: boolean } {
  const { sessions } = state;
  let oldest = 0;
  for (let index = 0; index < SESSIONS; index++) {
    const at = index * SESSION;
    if (sessions[at] === hash) return { at, known: true };
    if ((sessions[at + 1] as number) < (sessions[oldest + 1] as number)) oldest = at;
  }
  return { at: oldest, known: false };
}

/** Share of the entity's sessions in which this part changes, shrunk to its peers'. */
function changeShare(look: Look, memory: number, index: number): number {
  const { models } = look.state;
  const peers = look.know.peers(look.state.group);
  const sessions = peers.count(NAME, { ...ASSUMED, rate: 1 }).rate;
  const changes = peers.count(CHANGED[index] as string, ASSUMED).rate;
  const share = Math.min(1, changes / Math.max(0.05, sessions));
  const own = models[memory + 1 + index] as number;
  return Math.min(1, (own + PEER_SESSIONS * share) / ((models[memory] as number) + PEER_SESSIONS));
}

/** Surprise of an event that differs from how its session began; counts the changes. */
function moved(look: Look, at: number, own: { memory: number; sums: number }): number {
  const { sessions } = look.state;
  let x = 0;
  parts.forEach((field, index) => {
    const now = look.hashes[field] as number;
    const began = sessions[at + 2 + index] as number;
    if (now === 0 || began === 0 || now === began) return;
    x -= Math.log(changeShare(look, own.memory, index));
    if (field === Field.network) x += strangeness(look, field) + countryTerm(look);
    else x += strangeness(look, field) / 2;
    const counted = own.sums + 2 + index;
    look.window.sums[counted] = (look.window.sums[counted] as number) + 1;
  });
  return x;
}

function begin(look: Look, at: number, hash: number): void {
  const { sessions } = look.state;
  sessions[at] = hash;
  sessions[at + 1] = Math.floor(look.context.at / SECONDS);
  parts.forEach((field, index) => {
    sessions[at + 2 + index] = look.hashes[field] as number;
  });
}

/** Whether the event comes before the one that the session is held to have begun with. */
function isBefore({ context, state, hashes }: Look, at: number): boolean {
  const { sessions } = state;
  const second = Math.floor(context.at / SECONDS);
  if (second !== sessions[at + 1]) return second < (sessions[at + 1] as number);
  for (let index = 0; index < parts.length; index++) {
    const now = hashes[parts[index] as number] as number;
    const began = sessions[at + 2 + index] as number;
    if (now !== began) return now < began;
  }
  return false;
}

/**
 * A session that goes on from another network, program or device than it began with. What differs
 * within the lag of its first event is no move, for either may come first.
 */
export const session: Feature = {
  name: NAME,
  stream: "sign-in context",
  memory: MEMORY,
  sums: SUMS,
  judge(look, own) {
    const { sums } = own;
    const id = look.event["session.id"];
    if (id === undefined || look.failed) return false;
    const hash = hash32(id);
    const { at, known } = sessionAt(look, hash);
    if (!known) {
      begin(look, at, hash);
      look.window.sums[sums + 1] = (look.window.sums[sums + 1] as number) + 1;
      return false;
    }
    if (isBefore(look, at)) begin(look, at, hash);
    const since = Math.floor(look.context.at / SECONDS) - (look.state.sessions[at + 1] as number);
    if (since <= LAG) return false;
    const x = moved(look, at, own);
    const score = Math.round(100 * x);
    const before = look.window.sums[sums] as number;
    if (score <= before) return false;
    look.window.sums[sums] = score;
    addEvidence(look.window, x, evidenceOf(look.event));
    return score > before + 50;
  },
  surprise: (day, { sums }) => (day.window.sums[sums] as number) / 100,
  learn(day, { memory, sums }, weight) {
    const { models } = day.state;
    const begun = day.window.sums[sums + 1] as number;
    models[memory] = (models[memory] as number) * KEEP + weight * begun;
    for (let index = 0; index < parts.length; index++) {
      const at = memory + 1 + index;
      const changes = Math.min(begun, day.window.sums[sums + 2 + index] as number);
      models[at] = (models[at] as number) * KEEP + weight * changes;
    }
  },
  teach(day, { sums }, teach) {
    const begun = Math.min(20, day.window.sums[sums + 1] as number);
    teach(`${NAME}|x`, begun);
    for (let index = 0; index < parts.length; index++) {
      const changes = Math.min(begun, day.window.sums[sums + 2 + index] as number);
      teach(`${CHANGED[index]}|x`, changes);
    }
  },
  describe: () => ({
    observed: "a session that moved to another network, program or device",
    expected: "the one it began with",
  }),
};
