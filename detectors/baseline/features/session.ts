import { evidenceOf } from "../../detector.ts";
import { hash32 } from "../../stats/hash.ts";
import { KEEP } from "../counts.ts";
import { addEvidence } from "../evidence.ts";
import type { Feature, Look } from "../feature.ts";
import { Field } from "../fields.ts";
import { enterSession, isSettled, parts } from "../sessions.ts";
import { countryTerm, strangeness } from "../strangeness.ts";

const NAME = "session binding";
/** Learned: sessions, and of them those that changed network, agent, device. */
const MEMORY = 1 + parts.length;
/** Of the day: greatest surprise in 1/100, sessions begun, changes of each part. */
const SUMS = 2 + parts.length;
/** Sessions that the peers' shares of changes are worth, and what is assumed of those. */
const PEER_SESSIONS = 20;
const ASSUMED = { rate: 0.1, worth: 20, per: "n" } as const;
const CHANGED = parts.map((_, index) => `${NAME} ${index}`);

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
    const { at, begun } = enterSession(look, hash32(id) || 1);
    look.window.sums[sums + 1] = (look.window.sums[sums + 1] as number) + begun;
    if (at < 0 || !isSettled(look, at)) return false;
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
