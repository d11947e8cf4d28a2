import { evidenceOf } from "../../detector.ts";
import { hash32 } from "../../stats/hash.ts";
import { addEvidence } from "../evidence.ts";
import type { Feature, Look } from "../feature.ts";
import { Field } from "../fields.ts";
import { SESSION, SESSIONS } from "../model.ts";
import { strangeness } from "../strangeness.ts";

const SECONDS = 1000;
const parts = [Field.network, Field.agent, Field.device] as const;
const THERE = [1, 2, 2] as const;

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

/** Surprise of an event that differs from how its session began. */
function moved(look: Look, at: number): number {
  const { sessions } = look.state;
  let x = 0;
  parts.forEach((field, index) => {
    const now = look.hashes[field] as number;
    const began = sessions[at + 2 + index] as number;
    if (now === 0 || began === 0 || now === began) return;
    x += (THERE[index] as number) + strangeness(look, field);
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

/** A session that goes on from another network, program or device than it began with. */
export const session: Feature = {
  name: "session binding",
  stream: "sign-in context",
  memory: 0,
  sums: 1,
  note(look, { sums }) {
    const id = look.event["session.id"];
    if (id === undefined || look.failed) return false;
    const hash = hash32(id);
    const { at, known } = sessionAt(look, hash);
    if (!known) {
      begin(look, at, hash);
      return false;
    }
    const x = moved(look, at);
    // The earlier one began it, whichever came first.
    if (Math.floor(look.context.at / SECONDS) < (look.state.sessions[at + 1] as number)) {
      begin(look, at, hash);
    }
    const score = Math.round(100 * x);
    const before = look.window.sums[sums] as number;
    if (score <= before) return false;
    look.window.sums[sums] = score;
    addEvidence(look.window, x, evidenceOf(look.event));
    return score > before + 50;
  },
  surprise: (day, { sums }) => (day.window.sums[sums] as number) / 100,
  describe: () => ({
    observed: "a session that moved to another network, program or device",
    expected: "the one it began with",
  }),
};
